//! The specification as tests: every ```` ```kiln ```` block of `spec/` is checked, and what pages
//! show of the terminal is what it says.
//!
//! **A block is a file.** One that begins with neither a header (`recipe curl`) nor a path is a
//! piece of a recipe, and is put into one. Behind ```` ```kiln ```` may stand, in this order:
//!
//! ```text
//! dpdk.kiln     the path; blocks of the same section, up to the next heading `## …`, see the file:
//!               of several with one path, the last one above them, or else the first below
//! sample        a mere sample: it is not looked at
//! ```
//!
//! **In a block**, comments at the end of a line assert something about it:
//!
//! ```text
//! drivers += mlx6        // error[unknown-value]     there is this mistake on the line
//! gssapi = on            // warning[renamed-option]
//! let max = 1 + 2        // = 3                      the value is this; of lets, knobs and fields
//! ```
//!
//! A mistake that no comment names, and a comment whose mistake is not there, both fail: a block
//! without comments asserts that nothing is wrong with it. Texts among values are in quotes, sets in
//! braces, lists in brackets. Values are asked of recipes and modules; items with mistakes are left
//! out then.
//!
//! **On pages of diagnostics**, a ```` ```text ```` block of lines `$ kiln …` and what they say is a
//! transcript: its commands run beside the files of the section, without the comments in them.
//! `BLESS=1` writes it anew. Such a page shows its own diagnostic, and at least one block of it is a
//! file.
//!
//! What looks like a block or a comment of these kinds and is none of them fails, so that nothing is
//! silently not tested.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_lang::types::Ty;
use kiln_lang::{Code, Database, FileId, MemoryWorld};
use kiln_tests::{Place, difference};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    let mut pages = Vec::new();
    collect(&root, &mut pages);
    pages.sort();
    let mut trials = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap_or_default();
        let name = page.strip_prefix(&root).unwrap_or(&page).display().to_string();
        let slug = name.strip_prefix("diagnostics/").and_then(|it| it.strip_suffix(".md"));
        let parts = parts(&text);
        for part in parts.clone() {
            let title = format!("{name}:{}", part.line);
            match part.kind {
                Kind::Kiln => trials.push(Trial::test(title, move || check(&part))),
                Kind::Wrong(ref why) => {
                    let why = why.clone();
                    trials.push(Trial::test(title, move || Err(why.clone().into())));
                }
                Kind::Text => {}
            }
        }
        if let Some(slug) = slug.filter(|it| *it != "README").map(str::to_owned) {
            let title = format!("{name} shows what the terminal says");
            let page = page.clone();
            trials.push(Trial::test(title, move || transcripts(&page, &slug, &parts)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), out);
        } else if entry.path().extension().is_some_and(|it| it == "md") {
            out.push(entry.path());
        }
    }
}

/// A block, and the files that its section has before it.
#[derive(Clone)]
struct Part {
    kind: Kind,
    /// The number of the line that opens it, from 1.
    line: usize,
    path: Option<String>,
    text: String,
    others: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq)]
enum Kind {
    /// A file.
    Kiln,
    /// What a terminal shows, perhaps.
    Text,
    /// None that there is, and why.
    Wrong(String),
}

fn parts(page: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut others: BTreeMap<String, String> = BTreeMap::new();
    let mut section: Vec<usize> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.starts_with("## ") {
            others.clear();
            see_below(&mut parts, &section);
            section.clear();
        }
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        // A longer fence holds fences.
        let fence = "`".repeat(3 + info.len() - info.trim_start_matches('`').len());
        let mut text = String::new();
        for (_, line) in lines.by_ref() {
            if line.trim_start().starts_with(&fence) {
                break;
            }
            text.push_str(line);
            text.push('\n');
        }
        let mut words = info.split_whitespace();
        let language = words.next().unwrap_or("");
        let mut path = None;
        let kind = match language {
            "kiln" if line.starts_with("```") => {
                let mut kind = Some(Kind::Kiln);
                for word in words {
                    match word {
                        "sample" => kind = None,
                        word if word.ends_with(".kiln") => path = Some(word.to_owned()),
                        word => kind = Some(Kind::Wrong(format!("a block has no mark `{word}`"))),
                    }
                }
                kind
            }
            "text" => Some(Kind::Text),
            word if word.to_lowercase().starts_with("kiln") => {
                Some(Kind::Wrong("a block of Kiln begins with ```kiln at the margin".to_owned()))
            }
            _ => None,
        };
        let Some(kind) = kind else { continue };
        let before = others.clone();
        if kind == Kind::Kiln {
            let path = path.clone().unwrap_or_else(|| path_of(&text));
            others.insert(path, text.clone());
        }
        section.push(parts.len());
        parts.push(Part { kind, line: number + 1, path, text, others: before });
    }
    see_below(&mut parts, &section);
    parts
}

/// Lets the blocks of a section see the files below them, where none above has the path.
fn see_below(parts: &mut [Part], section: &[usize]) {
    let mut below: BTreeMap<String, String> = BTreeMap::new();
    for at in section.iter().rev() {
        let part = &mut parts[*at];
        let own = part.path.clone().unwrap_or_else(|| path_of(&part.text));
        for (path, text) in below.iter().filter(|it| *it.0 != own) {
            part.others.entry(path.clone()).or_insert_with(|| text.clone());
        }
        if part.kind == Kind::Kiln {
            below.insert(own, part.text.clone());
        }
    }
}

const HEADERS: &[&str] = &["recipe", "override", "overlay", "project", "module", "interface"];

/// The kind and the name in the header of a file.
fn header(text: &str) -> Option<(&str, &str)> {
    let first = text
        .lines()
        .map(str::trim)
        .find(|it| !it.is_empty() && !it.starts_with("//") && !it.starts_with('@'))?;
    let mut words = first.split_whitespace();
    let kind = words.next().filter(|it| HEADERS.contains(it))?;
    Some((kind, words.next().unwrap_or("")))
}

/// The path of a block that does not say it.
fn path_of(text: &str) -> String {
    match header(text) {
        Some(("project", _)) => "project.kiln".to_owned(),
        Some(("recipe" | "module" | "interface", name)) if !name.starts_with("//") => {
            format!("{name}.kiln")
        }
        Some(("override" | "overlay", _)) => "my.kiln".to_owned(),
        _ => "example.kiln".to_owned(),
    }
}

/// A block as a file, and how many lines stand before those of the block.
fn file_of(part: &Part) -> (String, String, usize) {
    match (header(&part.text), &part.path) {
        (None, None) => {
            ("example.kiln".to_owned(), format!("recipe example\nversion = 1\n{}", part.text), 2)
        }
        (_, path) => (path.clone().unwrap_or_else(|| path_of(&part.text)), part.text.clone(), 0),
    }
}

//------ comments

/// What a comment says of its line.
enum Assertion {
    Diagnostic(String),
    Value(String),
}

fn assertions(line: &str) -> Vec<Result<Assertion, String>> {
    line.split("// ")
        .skip(1)
        .filter_map(|comment| {
            let comment = comment.trim();
            if let Some(value) = comment.strip_prefix("= ") {
                return Some(Ok(Assertion::Value(value.to_owned())));
            }
            for word in ["error", "warning"] {
                let Some(rest) = comment.strip_prefix(word) else { continue };
                let slug = rest.strip_prefix('[').and_then(|it| it.split(']').next());
                return match slug.and_then(Code::from_slug) {
                    Some(code) if code.severity().to_string() == word => {
                        Some(Ok(Assertion::Diagnostic(code.slug().to_owned())))
                    }
                    Some(code) => Some(Err(format!("{code} is no {word}"))),
                    // A sentence may begin with the word.
                    None if !rest.starts_with('[') => None,
                    None => Some(Err(format!("there is no diagnostic `{rest}`"))),
                };
            }
            None
        })
        .collect()
}

/// A text without the comments that assert something.
fn without_assertions(text: &str) -> String {
    text.lines()
        .map(|line| {
            let at =
                ["// error[", "// warning[", "// = "].iter().filter_map(|it| line.find(it)).min();
            format!("{}\n", at.map_or(line, |at| line[..at].trim_end()))
        })
        .collect()
}

/// A text without the items that have mistakes: what is right in it can be evaluated.
fn without_mistakes(text: &str) -> String {
    let mut out = String::new();
    let mut open = 0_usize;
    for line in text.lines() {
        let is_wrong = line.contains("// error[");
        if is_wrong || open > 0 {
            let code = line.split("// ").next().unwrap_or("");
            open += code.matches(['(', '[', '{']).count();
            open = open.saturating_sub(code.matches([')', ']', '}']).count());
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn check(part: &Part) -> Result<(), Failed> {
    let (path, text, skipped) = file_of(part);
    let mut world = MemoryWorld::new();
    for (path, text) in &part.others {
        world.insert(format!("/set/{path}"), text);
    }
    world.insert(format!("/set/{path}"), &text);
    standard(&mut world);
    let db = Database::new(Arc::new(world), vec!["/set".to_owned(), "/std".to_owned()]);
    let file = db.file(&format!("/set/{path}"));
    let mut found: Vec<(usize, String, String)> = Vec::new();
    for diagnostic in db.diagnostics(file) {
        let at = usize::from(diagnostic.primary.range.start()).min(text.len());
        let line = text[..at].matches('\n').count() + 1;
        found.push((line, diagnostic.code.slug().to_owned(), diagnostic.message.clone()));
    }
    let mut complaints = Vec::new();
    let mut values: Vec<(usize, String, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let shown = (number + part.line).saturating_sub(skipped);
        for assertion in assertions(line) {
            match assertion {
                Ok(Assertion::Diagnostic(slug)) => {
                    match found.iter().position(|it| it.0 == number && it.1 == slug) {
                        Some(at) => {
                            found.remove(at);
                        }
                        None => complaints
                            .push(format!("line {shown}: expected {slug}, and it is not there")),
                    }
                }
                Ok(Assertion::Value(value)) => match declared(line) {
                    Some(name) => values.push((shown, name.to_owned(), value)),
                    None => complaints
                        .push(format!("line {shown}: a value is asked of a let, knob or field")),
                },
                Err(why) => complaints.push(format!("line {shown}: {why}")),
            }
        }
    }
    for (line, slug, message) in found {
        let shown = (line + part.line).saturating_sub(skipped);
        complaints.push(format!("line {shown}: {slug}: {message}"));
    }
    if complaints.is_empty() && !values.is_empty() {
        complaints.extend(evaluate(part, &db, file, &path, &text, &values)?);
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

/// Puts the standard recipes and modules into a world.
fn standard(world: &mut MemoryWorld) {
    fn add(world: &mut MemoryWorld, folder: &Path, prefix: &str) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                add(world, &entry.path(), &name);
            } else if let Ok(bytes) = fs::read(entry.path()) {
                world.insert(name, bytes);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib-recipes");
    add(world, &root, "/std");
}

//------ values

/// The name that a line declares.
fn declared(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let is_option = matches!(words.next()?, "let" | "knob" | "feature" | "field");
    is_option.then(|| words.next()).flatten().map(|it| it.trim_end_matches(':'))
}

/// Puts the values into the environment of a build, and looks at that.
fn evaluate(
    part: &Part,
    db: &Database,
    file: FileId,
    path: &str,
    text: &str,
    values: &[(usize, String, String)],
) -> Result<Vec<String>, Failed> {
    // A module is evaluated as a recipe, which may declare all that a module declares.
    let (package, path) = match header(text) {
        Some(("recipe", package)) => (package, path.to_owned()),
        Some(("module", _)) => ("shown", "shown.kiln".to_owned()),
        _ => return Ok(vec!["values are asked of recipes and modules".to_owned()]),
    };
    let checked = db.checked(file);
    let mut with_values = without_assertions(&without_mistakes(text));
    if let Some(("module", name)) = header(text) {
        with_values =
            with_values.replacen(&format!("module {name}"), "recipe shown\nversion = 1", 1);
    }
    with_values.push_str("shell = [\"/bin/sh\"]\nstep show_values = sh\"true\"\n");
    for (index, (_, name, _)) in values.iter().enumerate() {
        let Some(option) = checked.schema.table.get(name) else { continue };
        let ty = match (&option.ty, option.default) {
            (Ty::Error, Some(default)) => checked.types[default.index()].clone(),
            (ty, _) => ty.clone(),
        };
        let Some(printed) = printed(name, &ty) else {
            return Ok(vec![format!(
                "the value of `{name}`, which is {}, cannot be shown",
                ty.a()
            )]);
        };
        with_values.push_str(&format!("env.VALUE_{index} = {printed}\n"));
    }
    let place = Place::new(env!("CARGO_BIN_EXE_kiln-under-test"))?;
    for (path, text) in &part.others {
        fs::write(place.work().join(path), text)?;
    }
    fs::write(place.work().join(path), with_values)?;
    let said =
        place.run(&format!("kiln derivation show --no-project --recipes . {package} --json"))?;
    let mut complaints = Vec::new();
    for (index, (line, name, expected)) in values.iter().enumerate() {
        let found = said.lines().find_map(|it| {
            let rest = it.trim().strip_prefix(&format!("\"VALUE_{index}\": \""))?;
            Some(rest.trim_end_matches(',').strip_suffix('"')?.replace("\\\"", "\""))
        });
        match found {
            Some(found) if found == *expected => {}
            Some(found) => complaints.push(format!("line {line}: `{name}` is {found}")),
            None => return Ok(vec![said]),
        }
    }
    Ok(complaints)
}

/// An expression for the text of a value.
fn printed(value: &str, ty: &Ty) -> Option<String> {
    Some(match ty {
        Ty::Int(_) | Ty::Version | Ty::Enum(_) => format!("\"\\({value})\""),
        Ty::String(_) | Ty::Path => format!("\"\\\"\\({value})\\\"\""),
        Ty::Bool => format!("if {value} then \"on\" else \"off\""),
        Ty::Size(_) => format!("\"\\({value}.bytes) B\""),
        Ty::Duration(_) => format!("\"\\({value}.seconds) s\""),
        Ty::Set(_) => format!("\"{{\" + {value}.map((it) -> \"\\(it)\").join(\", \") + \"}}\""),
        Ty::List(of) => {
            let inner = printed("it", of)?;
            format!("\"[\" + {value}.map((it) -> {inner}).join(\", \") + \"]\"")
        }
        _ => return None,
    })
}

//------ terminals

/// Runs the transcripts of a page about a diagnostic, and looks for what such a page must have.
fn transcripts(page: &Path, slug: &str, parts: &[Part]) -> Result<(), Failed> {
    let old = fs::read_to_string(page)?;
    let mut new = old.clone();
    let mut shown = String::new();
    for part in parts.iter().filter(|it| it.kind == Kind::Text && it.text.starts_with("$ ")) {
        let place = Place::new(env!("CARGO_BIN_EXE_kiln-under-test"))?;
        for (path, text) in &part.others {
            fs::write(place.work().join(path), without_assertions(text))?;
        }
        let mut said = String::new();
        for command in part.text.lines().filter_map(|it| it.strip_prefix("$ ")) {
            said.push_str(&format!("$ {command}\n{}", place.run(command)?));
        }
        shown.push_str(&said);
        new =
            new.replacen(&format!("```text\n{}```", part.text), &format!("```text\n{said}```"), 1);
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(page, &new)?;
    } else if new != old {
        return Err(format!("{}\n{}", page.display(), difference(&old, &new)).into());
    }
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    if !parts.iter().any(|it| it.kind == Kind::Kiln) {
        missing.insert("a block ```kiln");
    }
    if !shown.contains(&format!("[{slug}]")) {
        missing.insert("a block ```text that shows the diagnostic");
    }
    if !old.starts_with(&format!("# {slug}\n")) {
        missing.insert("its name as heading");
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("the page lacks {missing:?}").into()) }
}
