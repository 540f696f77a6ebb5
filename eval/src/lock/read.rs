//! Text to a [`Lock`]. What is not as it was written is refused with its place: a lock that is half
//! understood would change choices in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use kiln_lang::module::Name;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::write::END;
use super::{
    LOCK_FORMAT, Lock, LockedOption, LockedPackage, LockedRequest, LockedValue, RequestKind,
};

/// Why a text is no lock that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LockError {
    /// What is wrong: one sentence, lower case, no full stop.
    pub message: String,
    /// Where, in bytes.
    pub range: Range<usize>,
    /// A phrase about the place; may be empty.
    pub label: String,
    /// What to do.
    pub help: String,
}

/// What helps where a lock was edited or damaged.
const MENDING: &str = "bring back the file as `kiln lock` wrote it, such as from version control; or move it \
away, and `kiln lock` chooses anew";

type Table<'t> = DeTable<'t>;

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: marks that a merge left, a format of another program, text that
    /// is no TOML, keys and values that a lock does not have, packages that stand twice, an end that
    /// is missing.
    pub fn read(text: &str) -> Result<Lock, LockError> {
        no_marks_of_a_merge(text)?;
        known_format(text)?;
        let table = DeTable::parse(text).map_err(|error| {
            let range = error.span().unwrap_or(text.len()..text.len());
            let is_end = range.start >= text.trim_end().len();
            match ended(text).err().filter(|_| is_end) {
                Some(cut_off) => cut_off,
                None => wrong(range, format!("it is no TOML: {}", one_line(error.message()))),
            }
        })?;
        ended(text)?;
        let whole = table.span();
        lock(table.get_ref(), whole)
    }
}

fn wrong(range: Range<usize>, message: impl Into<String>) -> LockError {
    LockError { message: message.into(), range, label: String::new(), help: MENDING.to_owned() }
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("; ")
}

//------ the text as a whole

fn no_marks_of_a_merge(text: &str) -> Result<(), LockError> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let is_mark = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|mark| {
            line.strip_prefix(mark).is_some_and(|it| it.trim() == "" || it.starts_with(' '))
        });
        if is_mark {
            return Err(LockError {
                message: "a merge has left both sides in it".to_owned(),
                range: at..at + line.trim_end().len(),
                label: "a side begins or ends here".to_owned(),
                help: "take either side as a whole, such as by `git checkout --ours kiln.lock`, and then \
                       `kiln lock` adds what the other side needs"
                    .to_owned(),
            });
        }
        at += line.len();
    }
    Ok(())
}

/// The format is looked for before the text is parsed: a later one may be written otherwise.
fn known_format(text: &str) -> Result<(), LockError> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let value = content
            .strip_prefix("format")
            .and_then(|it| it.trim_start().strip_prefix('='))
            .map(str::trim);
        let range = at..at + content.len();
        match value.map(str::parse::<u32>) {
            Some(Ok(format)) if format == LOCK_FORMAT => return Ok(()),
            Some(Ok(format)) if format > LOCK_FORMAT => {
                return Err(LockError {
                    message: format!(
                        "it is of format {format}, and this Kiln knows formats up to {LOCK_FORMAT}"
                    ),
                    range,
                    label: "a later Kiln wrote it".to_owned(),
                    help: "use a Kiln that is as new as the one that wrote it; nothing was changed"
                        .to_owned(),
                });
            }
            Some(_) => {
                return Err(wrong(
                    range,
                    format!(
                        "it has no format that Kiln ever wrote, but `{}`",
                        value.unwrap_or_default()
                    ),
                ));
            }
            None => {}
        }
        // The format stands above all tables.
        if content.starts_with('[') {
            break;
        }
        at += line.len();
    }
    let message = "it does not say its format, so it is no lock that `kiln lock` wrote";
    Err(wrong(0..text.find('\n').unwrap_or(text.len()), message))
}

fn ended(text: &str) -> Result<(), LockError> {
    if text.trim_end().ends_with(&format!("\n{END}")) {
        return Ok(());
    }
    let text = text.trim_end();
    let begin = text.rfind('\n').map_or(0, |it| it + 1);
    Err(LockError {
        label: format!("`{END}` should follow as the last line"),
        ..wrong(begin..text.len(), "its end is missing: it was cut off")
    })
}

//------ tables

fn lock(table: &Table<'_>, whole: Range<usize>) -> Result<Lock, LockError> {
    let mut lock = Lock::default();
    for (key, value) in table {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("format", _) => {}
            ("request", _) => {
                for it in tables(value, "request")? {
                    lock.requests.push(request(it)?);
                }
            }
            ("tool", _) => {
                for it in tables(value, "tool")? {
                    lock.tools.push(package(it)?);
                }
            }
            (
                name @ ("platform" | "machine" | "toolchain" | "build-toolchain" | "facts"
                | "build-facts"),
                DeValue::Table(it),
            ) => {
                let mut values = BTreeMap::new();
                for (key, value) in it {
                    values.insert(key.get_ref().to_string(), text(value, key.get_ref())?);
                }
                lock.facts.insert(name.to_owned(), values);
            }
            (other, _) => return Err(unknown(key, other, "a lock")),
        }
    }
    if lock.requests.is_empty() {
        let message = "it has no `[[request]]`, so nothing is locked by it";
        return Err(wrong(whole.end.saturating_sub(1)..whole.end, message));
    }
    Ok(lock)
}

fn request(table: &Spanned<DeValue<'_>>) -> Result<LockedRequest, LockError> {
    let mut request =
        LockedRequest { kind: RequestKind::Asked, wants: Vec::new(), packages: Vec::new() };
    let mut has_kind = false;
    let mut seen = BTreeSet::new();
    for (key, value) in as_table(table, "request")? {
        match key.get_ref().as_ref() {
            "kind" => {
                let word = text(value, "kind")?;
                has_kind = true;
                request.kind = RequestKind::from_word(&word).ok_or_else(|| {
                    let kinds = "`project`, `published` and `asked`";
                    wrong(
                        value.span(),
                        format!("there is no kind of request `{word}`, only {kinds}"),
                    )
                })?;
            }
            "wants" => request.wants = texts(value, "wants")?,
            "package" => {
                for it in tables(value, "package")? {
                    let package = package(it)?;
                    if !seen.insert((package.instance.clone(), package.name.clone())) {
                        let message = format!(
                            "`{}` stands twice in one request, which has one of each",
                            package.name
                        );
                        return Err(wrong(it.span(), message));
                    }
                    request.packages.push(package);
                }
            }
            other => return Err(unknown(key, other, "a request")),
        }
    }
    if has_kind { Ok(request) } else { Err(missing(table, "kind", "a request")) }
}

fn package(table: &Spanned<DeValue<'_>>) -> Result<LockedPackage, LockError> {
    let mut package = LockedPackage {
        name: Name::from(""),
        instance: None,
        version: String::new(),
        recipe: None,
        sources: Vec::new(),
        needs: BTreeMap::new(),
        providers: BTreeMap::new(),
        exports: Vec::new(),
        options: BTreeMap::new(),
    };
    for (key, value) in as_table(table, "package")? {
        match key.get_ref().as_ref() {
            "name" => package.name = Name::from(text(value, "name")?),
            "instance" => package.instance = Some(Name::from(text(value, "instance")?)),
            "version" => package.version = text(value, "version")?,
            "recipe" => package.recipe = Some(text(value, "recipe")?),
            "sources" => package.sources = texts(value, "sources")?,
            role @ ("build" | "host" | "run" | "test" | "from") => {
                package.needs.insert(role.to_owned(), texts(value, role)?);
            }
            "provider" => {
                for (interface, provider) in as_table(value, "provider")? {
                    let provider = text(provider, interface.get_ref())?;
                    package.providers.insert(interface.get_ref().to_string(), provider);
                }
            }
            "exports" => package.exports = texts(value, "exports")?,
            "option" => {
                for (name, value) in as_table(value, "option")? {
                    package.options.insert(name.get_ref().to_string(), option(value)?);
                }
            }
            other => return Err(unknown(key, other, "a package")),
        }
    }
    for (name, is_there) in
        [("name", !package.name.is_empty()), ("version", !package.version.is_empty())]
    {
        if !is_there {
            return Err(missing(table, name, "a package"));
        }
    }
    Ok(package)
}

fn option(value: &Spanned<DeValue<'_>>) -> Result<LockedOption, LockError> {
    let DeValue::Table(table) = value.get_ref() else {
        return Ok(LockedOption { value: option_value(value)?, by: None });
    };
    let (mut found, mut by) = (None, None);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "value" => found = Some(option_value(value)?),
            "by" => by = Some(text(value, "by")?),
            other => return Err(unknown(key, other, "an option")),
        }
    }
    match found {
        Some(value) => Ok(LockedOption { value, by }),
        None => Err(missing(value, "value", "an option")),
    }
}

fn option_value(value: &Spanned<DeValue<'_>>) -> Result<LockedValue, LockError> {
    match value.get_ref() {
        DeValue::Array(_) => Ok(LockedValue::Set(texts(value, "value")?)),
        _ => Ok(LockedValue::One(text(value, "value")?)),
    }
}

//------ values

fn as_table<'t, 'i>(
    value: &'t Spanned<DeValue<'i>>,
    name: &str,
) -> Result<&'t Table<'i>, LockError> {
    match value.get_ref() {
        DeValue::Table(table) => Ok(table),
        other => Err(mismatch(value, name, "a table", other)),
    }
}

fn tables<'t, 'i>(
    value: &'t Spanned<DeValue<'i>>,
    name: &str,
) -> Result<Vec<&'t Spanned<DeValue<'i>>>, LockError> {
    match value.get_ref() {
        DeValue::Array(items) => Ok(items.iter().collect()),
        other => Err(mismatch(value, name, "tables, each headed by its name in `[[…]]`", other)),
    }
}

fn text(value: &Spanned<DeValue<'_>>, name: &str) -> Result<String, LockError> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        other => Err(mismatch(value, name, "a text in quotes", other)),
    }
}

fn texts(value: &Spanned<DeValue<'_>>, name: &str) -> Result<Vec<String>, LockError> {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().map(|it| text(it, name)).collect(),
        other => Err(mismatch(value, name, "a list of texts", other)),
    }
}

fn mismatch(
    value: &Spanned<DeValue<'_>>,
    name: &str,
    expected: &str,
    found: &DeValue<'_>,
) -> LockError {
    wrong(
        value.span(),
        format!("`{name}` is to be {expected}, and is of type {}", found.type_str()),
    )
}

fn unknown<T>(key: &Spanned<T>, name: &str, of: &str) -> LockError {
    wrong(key.span(), format!("{of} has no `{name}`"))
}

fn missing(table: &Spanned<DeValue<'_>>, name: &str, of: &str) -> LockError {
    wrong(table.span(), format!("this is {of} without its `{name}`"))
}
