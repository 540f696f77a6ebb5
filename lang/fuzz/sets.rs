//! Sets of files, each as one text, and what must hold of the checker and of the editor features
//! for each. The fuzzer and the tests of what it once found both check it.
//!
//! ```text
//! //- /w/a.kiln                a file begins
//! //~ /w/a.kiln 12 3 text\n    an edit: at this byte, this many bytes go and this comes
//! //? a[x]                     a wish
//! ```

// Each of its users needs a part.
#![allow(dead_code, reason = "the checker and the evaluator ask for different parts")]

#[path = "reversed.rs"]
mod reversed;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use kiln_lang::ide::{self, FilePosition, NoFacts};
use kiln_lang::syntax::parse;
use kiln_lang::{Database, Diagnostic, FileId, MemoryWorld, TextRange, TextSize, World};

use reversed::Reversed;

/// The folder with all files of a set.
pub(crate) const ROOT: &str = "/w";

/// How many diagnostics a file may have beyond one for each of its bytes.
const FLOOD_MIN: usize = 8;

/// A set of files, with what is done to them.
pub(crate) struct Set {
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) edits: Vec<Edit>,
    pub(crate) wishes: Vec<String>,
}

/// A change of a file: at a byte, this many go, and a text comes.
pub(crate) struct Edit {
    pub(crate) path: String,
    pub(crate) at: usize,
    pub(crate) gone: usize,
    pub(crate) text: String,
}

impl Set {
    /// Reads a set; what makes no sense in it is left out.
    pub(crate) fn read(text: &str) -> Set {
        let mut set = Set { files: BTreeMap::new(), edits: Vec::new(), wishes: Vec::new() };
        let mut current: Option<String> = None;
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim_end_matches(['\n', '\r']);
            if let Some(path) = trimmed.strip_prefix("//- ") {
                // Only what lies in the folder is a file of the set.
                if !path.starts_with("/w/") || !path.ends_with(".kiln") {
                    current = None;
                    continue;
                }
                set.files.entry(path.to_owned()).or_default();
                current = Some(path.to_owned());
            } else if let Some(wish) = trimmed.strip_prefix("//? ") {
                set.wishes.push(wish.to_owned());
            } else if let Some(edit) = trimmed.strip_prefix("//~ ") {
                let mut words = edit.splitn(4, ' ');
                let path = words.next().unwrap_or_default().to_owned();
                let mut number = || words.next().and_then(|it| it.parse().ok()).unwrap_or(0);
                let (at, gone) = (number(), number());
                let text = unescaped(words.next().unwrap_or_default());
                set.edits.push(Edit { path, at, gone, text });
            } else if let Some(file) = current.as_ref().and_then(|it| set.files.get_mut(it)) {
                file.push_str(line);
            }
        }
        set
    }

    /// Opens the files in their order, or in the other one.
    pub(crate) fn database(&self, reversed: bool) -> Database {
        let mut world = MemoryWorld::new();
        for (path, text) in &self.files {
            world.insert(path.clone(), text);
        }
        let world: Arc<dyn World> =
            if reversed { Arc::new(Reversed(world)) } else { Arc::new(world) };
        Database::new(world, vec![ROOT.to_owned()])
    }
}

impl Edit {
    /// Returns a text after the edit.
    pub(crate) fn apply(&self, text: &str) -> (String, usize) {
        let (mut start, mut end) = (self.at.min(text.len()), self.at.saturating_add(self.gone));
        end = end.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        while !text.is_char_boundary(end) {
            end += 1;
        }
        (format!("{}{}{}", &text[..start], self.text, &text[end..]), start + self.text.len())
    }
}

/// A text on one line.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (c, _) => out.push(c),
        }
    }
    out
}

//------ the checker

/// Checks what must hold of the checker: it says the same in whatever order files are looked at,
/// all its places lie in the texts, it does not flood, and each fix mends something and breaks no
/// syntax.
pub(crate) fn checker(text: &str) -> Result<(), String> {
    let set = Set::read(text);
    let (db, other) = (set.database(false), set.database(true));
    let found = |db: &Database, reversed: bool| {
        let mut paths: Vec<&String> = set.files.keys().collect();
        if reversed {
            paths.reverse();
        }
        let all: BTreeMap<&String, Vec<Diagnostic>> =
            paths.into_iter().map(|it| (it, db.diagnostics(db.file(it)))).collect();
        all
    };
    let (here, there) = (found(&db, false), found(&other, true));
    // What the parser makes of a text with mistakes changes with each of them.
    let all_parse = set.files.values().all(|it| parses(it));
    for (path, diagnostics) in &here {
        let (was, is) = (show(&db, diagnostics), show(&other, &there[path]));
        if was != is {
            return Err(format!("another order: {path} has\n{was}\nand then\n{is}"));
        }
        let bytes = set.files[*path].len();
        if diagnostics.len() > bytes + FLOOD_MIN {
            return Err(format!("flood: {} in {path} of {bytes} bytes", diagnostics.len()));
        }
        for diagnostic in diagnostics {
            places(&db, diagnostic)?;
            if all_parse {
                fixes(&set, &db, path, diagnostic)?;
            }
        }
    }
    Ok(())
}

/// Whether every place of a diagnostic lies in its text.
fn places(db: &Database, diagnostic: &Diagnostic) -> Result<(), String> {
    let labels = diagnostic.secondary.iter().map(|it| (it.file, it.range));
    let edits = diagnostic.fixes.iter().flat_map(|it| &it.edits).map(|it| (it.file, it.range));
    let primary = (diagnostic.primary.file, diagnostic.primary.range);
    for (file, range) in labels.chain(edits).chain([primary]) {
        let range = std::ops::Range::<usize>::from(range);
        if db.text(file).get(range.clone()).is_none() {
            let path = db.path(file);
            return Err(format!("outside: {range:?} of {path}, in {diagnostic:?}"));
        }
    }
    Ok(())
}

fn parses(text: &str) -> bool {
    parse(text).errors().is_empty()
}

/// Whether each fix of a diagnostic, applied, makes something better and no syntax worse.
fn fixes(set: &Set, db: &Database, path: &str, diagnostic: &Diagnostic) -> Result<(), String> {
    for fix in &diagnostic.fixes {
        let mut texts: BTreeMap<FileId, Vec<kiln_lang::Edit>> = BTreeMap::new();
        for edit in &fix.edits {
            texts.entry(edit.file).or_default().push(edit.clone());
        }
        let mut fixed = db.with_file(path, set.files.get(path).map(String::as_str));
        for (file, edits) in &texts {
            let (path, before) = (db.path(*file), db.text(*file));
            let after = ide::actions::apply(&before, edits);
            if !parses(&after) {
                return Err(format!(
                    "breaks {}: `{}`: {}\n{after}",
                    diagnostic.code, fix.title, diagnostic.message
                ));
            }
            if *before == after {
                return Err(format!(
                    "does nothing {}: `{}`: {}",
                    diagnostic.code, fix.title, diagnostic.message
                ));
            }
            fixed = fixed.with_file(&path, Some(&after));
        }
        let file = fixed.file(path);
        let same = |all: &[Diagnostic]| {
            all.iter()
                .filter(|it| it.code == diagnostic.code && it.message == diagnostic.message)
                .count()
        };
        let (before, after) = (db.diagnostics(db.file(path)), fixed.diagnostics(file));
        // What was said of one of two alike may now be said of the other.
        if same(&after) >= same(&before) && after.len() >= before.len() {
            return Err(format!(
                "mends nothing {}: `{}`: {}\n{}",
                diagnostic.code,
                fix.title,
                diagnostic.message,
                fixed.text(file)
            ));
        }
    }
    Ok(())
}

/// Diagnostics with their places, one a line.
pub(crate) fn show(db: &Database, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for it in diagnostics {
        let place = |file: FileId, range: TextRange| format!("{} {range:?}", db.path(file));
        let _ = write!(
            out,
            "{} {} {} {:?}",
            place(it.primary.file, it.primary.range),
            it.code,
            it.message,
            it.help
        );
        for label in &it.secondary {
            let _ = write!(out, " | {} {}", place(label.file, label.range), label.text);
        }
        for fix in &it.fixes {
            let _ = write!(out, " ! {}", fix.title);
            for edit in &fix.edits {
                let _ = write!(out, " {} {:?}", place(edit.file, edit.range), edit.text);
            }
        }
        out.push('\n');
    }
    out
}

//------ the editor features

/// Checks what must hold in an editor: after each edit, what is said of every file, and answered
/// about the place of the edit, is what a database says that begins there.
pub(crate) fn editor(text: &str) -> Result<(), String> {
    let mut set = Set::read(text);
    let mut db = set.database(false);
    for path in set.files.keys() {
        let _ = db.diagnostics(db.file(path));
    }
    let edits = std::mem::take(&mut set.edits);
    for edit in &edits {
        let Some(before) = set.files.get(&edit.path) else { continue };
        let (after, place) = edit.apply(before);
        db = db.with_file(&edit.path, Some(&after));
        set.files.insert(edit.path.clone(), after);
        let fresh = set.database(false);
        for path in set.files.keys() {
            let was = show(&db, &db.diagnostics(db.file(path)));
            let is = show(&fresh, &fresh.diagnostics(fresh.file(path)));
            if was != is {
                return Err(format!("diagnostics: after edits, {path} has\n{was}\nanew\n{is}"));
            }
        }
        let (was, is) = (answers(&set, &db, edit, place), answers(&set, &fresh, edit, place));
        for ((what, was), (_, is)) in was.into_iter().zip(is) {
            if was != is {
                return Err(format!("{what}: after edits\n{was}\nanew\n{is}"));
            }
        }
    }
    Ok(())
}

/// What is answered about a place.
fn answers(set: &Set, db: &Database, edit: &Edit, place: usize) -> Vec<(&'static str, String)> {
    let file = db.file(&edit.path);
    let files: Vec<FileId> = set.files.keys().map(|it| db.file(it)).collect();
    let text = db.text(file);
    let at = |offset: usize| FilePosition { file, offset: TextSize::new(offset as u32) };
    let whole = TextRange::up_to(TextSize::of(&*text));
    let mut out: Vec<(&'static str, String)> = Vec::new();
    for place in [place.saturating_sub(1), place, place + 1, text.len() * 2 / 3] {
        let here = at(place);
        out.push(("completion", format!("{:?}", ide::completions(db, here, &NoFacts))));
        out.push(("hover", format!("{:?}", ide::hover(db, here, &NoFacts))));
        out.push(("definition", format!("{:?}", ide::definition(db, here))));
        out.push(("type definition", format!("{:?}", ide::type_definition(db, here))));
        out.push(("references", format!("{:?}", ide::references(db, here, &files))));
        out.push(("highlights", format!("{:?}", ide::highlights(db, here))));
        out.push(("signature", format!("{:?}", ide::signature(db, here))));
        out.push(("selections", format!("{:?}", ide::selections(db, here))));
        let rename = ide::rename(db, here, "renamed", &files, &|it| files.contains(&it));
        out.push(("rename", format!("{rename:?}")));
        let range = TextRange::empty(here.offset);
        out.push(("actions", format!("{:?}", ide::actions::actions(db, file, range))));
    }
    out.push(("tokens", format!("{:?}", ide::tokens(db, file, None))));
    out.push(("hints", format!("{:?}", ide::hints(db, file, whole, &NoFacts))));
    out.push(("folds", format!("{:?}", ide::folds(db, file))));
    out.push(("lenses", format!("{:?}", ide::lenses(db, file))));
    out.push(("links", format!("{:?}", ide::links(db, file))));
    out.push(("outline", format!("{:?}", ide::outline(db, file))));
    out.push(("symbols", format!("{:?}", ide::workspace_symbols(db, &files, "a"))));
    // Numbers of files outside of the folder are given as they are asked for.
    let paths: Vec<(String, String)> = set
        .files
        .keys()
        .map(|it| (format!("{:?}", db.file(it)), it.clone()))
        .chain(
            [Database::PACKAGE, Database::PLATFORM, Database::TOOLCHAIN]
                .map(|it| (format!("{it:?}"), db.path(it).to_string())),
        )
        .collect();
    out.into_iter().map(|(what, text)| (what, with_paths(&text, &paths))).collect()
}

/// Writes the paths of files for their numbers.
fn with_paths(text: &str, paths: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("FileId(") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(')').map_or(rest.len(), |it| it + 1);
        let path = paths.iter().find(|it| it.0 == rest[..end]);
        out.push_str(path.map_or("another file", |it| &it.1));
        rest = &rest[end..];
    }
    out + rest
}
