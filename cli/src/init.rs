//! A source tree to the first recipe of it.
//!
//! ```text
//! Tree ─read─▶ Draft ─write─▶ text of a recipe
//! ```
//!
//! What the files of a build system say of the project is read, never run: its name and version, its
//! options, and what it looks for. What cannot be known is a comment that says so.

mod autotools;
mod cargo;
mod cmake;
mod configure;
mod draft;
mod license;
mod meson;
mod python;
mod tree;

pub(crate) use draft::{Draft, DraftSource};
pub(crate) use tree::Tree;

/// Reads what a source tree says of itself. `name` and `version` are what its folder or archive is
/// called by; the build system knows better.
pub(crate) fn read(tree: &Tree, name: &str, version: Option<&str>) -> Draft {
    let mut draft = Draft::new(name, version);
    let readers: [fn(&Tree, &mut Draft) -> bool; 6] =
        [cmake::read, meson::read, autotools::read, cargo::read, python::read, other];
    let is_known = readers.iter().any(|it| it(tree, &mut draft));
    if !is_known {
        draft.note("No build system was found: say what builds it, in steps.");
    }
    if draft.license.is_none() {
        license::read(tree, &mut draft);
    }
    if draft.doc.is_none() {
        draft.doc = first_sentence(tree, name);
    }
    if draft.doc.is_none() {
        draft.note("Say what it is, in the first line.");
    }
    draft
}

/// Build systems of which only their files are known.
fn other(tree: &Tree, draft: &mut Draft) -> bool {
    if tree.has("build.zig") {
        draft.system = draft::System::Zig;
        return true;
    }
    if ["Makefile", "makefile", "GNUmakefile"].iter().any(|it| tree.has(it)) {
        draft.system = draft::System::Make;
        draft.is_cxx = tree.has_cxx();
        return true;
    }
    false
}

/// How long a sentence may be that says what a package is.
const SENTENCE_BYTES_MAX: usize = 240;

/// The sentence of the read-me that says what it is, or the first one of its prose.
fn first_sentence(tree: &Tree, name: &str) -> Option<String> {
    let names = ["README.md", "README", "README.rst", "README.txt", "readme.md"];
    let text = names.iter().find_map(|it| tree.text(it))?;
    let lines = text.lines().map(str::trim);
    // A sentence goes on in the next line; what is underlined is a heading.
    let mut paragraphs = vec![String::new()];
    for line in lines {
        let is_rule = line.len() > 2 && line.chars().all(|it| "=-~#*".contains(it));
        match paragraphs.last_mut() {
            Some(last) if is_rule => last.clear(),
            Some(last) if !line.is_empty() && !line.starts_with('#') => {
                let space = if last.is_empty() { "" } else { " " };
                last.push_str(&format!("{space}{line}"));
            }
            _ => paragraphs.push(String::new()),
        }
    }
    let prose: Vec<String> = paragraphs
        .iter()
        .map(|it| without_links(&it.replace(['`', '*'], "")))
        .map(|it| it.split_once(". ").map_or(it.clone(), |it| it.0.to_owned()))
        .filter(|it| {
            it.len() > 20
                && it.split(' ').count() > 3
                && it.chars().next().is_some_and(char::is_alphabetic)
                && !it.contains("README")
                && !it.contains(" is free software")
                && !it.contains("://")
        })
        .take(40)
        .collect();
    let says =
        |it: &&String| it.to_lowercase().starts_with(&name.to_lowercase()) && it.contains(" is ");
    // Without its name, a sentence may be about anything: only some are about what a thing is.
    let kinds = ["library", "tool", "program", "parser", "implementation", "utility", "client"];
    let is_about = |it: &&String| {
        it.len() < SENTENCE_BYTES_MAX / 2
            && kinds.iter().any(|kind| it.to_lowercase().contains(kind))
    };
    let line = prose.iter().find(says).or_else(|| prose.iter().take(4).find(is_about))?;
    if line.len() > SENTENCE_BYTES_MAX {
        return None;
    }
    // "Foo is a library for bar" is about what it is.
    let about = line.split_once(" is ").map_or(line.as_str(), |it| it.1);
    let article = ["a ", "an ", "the ", "A ", "An ", "The "];
    let about = article.iter().find_map(|it| about.strip_prefix(it)).unwrap_or(about);
    Some(about.replace(['[', ']'], ""))
}

/// `[text](place)` as `text`; pictures are gone.
fn without_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((text, place)) = link.split_once("](") else { break };
        let Some((_, after)) = place.split_once(')') else { break };
        match before.strip_suffix('!') {
            Some(before) => out.push_str(before),
            None => {
                out.push_str(before);
                out.push_str(text);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
