//! What must hold of the parser and the formatter for whatever text: see `lang/fuzz/properties.rs`.

use std::path::{Path, PathBuf};

use kiln_lang::syntax::{parse, parser_steps};

#[path = "../fuzz/properties.rs"]
mod properties;

fn files(folder: &str, out: &mut Vec<PathBuf>) {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "kiln") {
                out.push(path);
            }
        }
    }
    out.sort();
}

fn texts() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for folder in ["src/builtin", "benches", "fuzz/finds", "../stdlib-recipes", "../tests/cases"] {
        files(folder, &mut paths);
    }
    let read = |path: PathBuf| std::fs::read_to_string(&path).ok().map(|text| (path, text));
    paths.into_iter().filter_map(read).collect()
}

#[test]
fn every_file_and_every_find_of_the_fuzzer_has_the_properties() {
    let texts = texts();
    assert!(texts.len() > 30, "the recipes are there");
    for (path, text) in texts {
        properties::parser(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        properties::formatter(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

#[test]
fn every_beginning_of_a_recipe_has_the_properties() {
    let text = include_str!("../../stdlib-recipes/recipes/curl.kiln");
    for (at, _) in text.char_indices().step_by(7) {
        properties::parser(&text[..at]).unwrap_or_else(|e| panic!("the first {at} bytes: {e}"));
    }
}

#[test]
fn recipes_and_modules_are_formatted() {
    let mut paths = Vec::new();
    for folder in ["src/builtin", "../stdlib-recipes"] {
        files(folder, &mut paths);
    }
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let formatted = kiln_lang::format(&text).text;
        assert!(formatted == text, "{} is not formatted: run `kiln fmt`", path.display());
    }
}

/// Pieces that, many times over, were quadratic or too deep for some parser.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "(", "[", "{", "<", "\"\\(", "a.", "a,\n", "a,", "a.\n", ".a\n", "=> ", "a => ", "?", "!", "- ",
    "a | ", "a.b(", "if a then ", "if ", "match a { ", "with ", "x = {\n", "}\n", ")", "]", "(]",
    "{)", "@a\n", "/// a\n", "// a\n", "\n", "sh\"\"\"\n", "\"\"\"", "\\(", "'", "''\n", "/*", "#",
    "#\"", "/", "1 ", "1.", "1.a-", "\u{e9}", "feature ", "knob a: ", "enum { ", "enum { a, ",
    "group a { ", "versions { ", "exports { when a ", "Set<", "a[", "a[b, ", "fn f(a: ",
    "when a { ", "host a >= ", "(>= 1 | ", "\\", "\"", "a:\n", "a b\n", "arg \"a\"\n",
    "x = [\n\"a\",\n", "let a = 1 in ", "a && ",
];

#[test]
fn the_work_is_in_proportion_to_the_text() {
    for piece in PIECES {
        for around in ["", "recipe a\nx = ", "recipe a\nx = [\n", "recipe a\nf {\n    "] {
            let (few, many) = (piece.repeat(300), piece.repeat(2400));
            let text = format!("{around}{many}");
            properties::parser(&text).unwrap_or_else(|e| panic!("{around:?} {piece:?}: {e}"));
            let (_, less) = parser_steps(&format!("{around}{few}"));
            let (_, more) = parser_steps(&text);
            assert!(more <= 12 * less + 1000, "{around:?} {piece:?}: {less} steps, then {more}");
        }
    }
}

#[test]
fn a_missing_token_costs_one_message() {
    let text = include_str!("../../stdlib-recipes/recipes/curl.kiln");
    let whole = parse(text);
    assert!(whole.errors().is_empty());
    let (mut all, mut more) = (0, 0);
    for token in whole.syntax().descendants_with_tokens().filter_map(|it| it.into_token()) {
        if token.text().trim().is_empty() || token.text().starts_with("//") {
            continue;
        }
        let range = std::ops::Range::<usize>::from(token.text_range());
        let parsed = parse(&format!("{}{}", &text[..range.start], &text[range.end..]));
        all += 1;
        more += usize::from(parsed.errors().len() > 1);
    }
    // Where a bracket or a quote in the middle of a line is gone, there may be two.
    assert!(more * 30 < all, "{more} of {all} deletions cost more than one message");
}
