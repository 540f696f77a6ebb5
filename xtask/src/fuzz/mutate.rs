//! Changes of a text such as people and accidents make.

use kiln_lang::syntax::parse;

use super::random::Random;

/// Tokens that make trouble.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "\"",
    "\"\"\"",
    "sh\"",
    "sh\"\"\"",
    "#\"",
    "\"#",
    "\\(",
    "\\#(",
    "'",
    "''",
    "#",
    "//",
    "///",
    "//!",
    "/*",
    "*/",
    "/",
    ",",
    ";",
    ":",
    "=",
    "==",
    "+=",
    "-=",
    "=>",
    "->",
    "..",
    "..=",
    ".",
    "|",
    "||",
    "&",
    "&&",
    "!",
    "~",
    "+",
    "-",
    "*",
    "%",
    "?",
    "@",
    "\n",
    "\r\n",
    "\t",
    " ",
    "recipe",
    "feature",
    "knob",
    "enum",
    "host",
    "when",
    "if",
    "then",
    "else",
    "match",
    "with",
    "for",
    "in",
    "has",
    "any",
    "all",
    "not",
    "and",
    "or",
    "let",
    "fn",
    "arg",
    "step",
    "steps",
    "versions",
    "exports",
    "group",
    "unavailable",
    "test",
    "a",
    "1",
    "1.2.3",
    "64 B",
    "1.*",
    "é",
    "\u{feff}",
    "\0",
    "\u{2028}",
];

/// Changes `text` in one to a few places.
pub(crate) fn mutate(text: &str, other: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..1 + random.below(4) {
        text = match random.below(10) {
            0..=4 => tokens(&text, other, random),
            5 | 6 => lines(&text, other, random),
            7 => bytes(&text, random),
            8 => repeat(&text, random),
            _ => splice(&text, other, random),
        };
        if text.len() > 100_000 {
            text.truncate(boundary(&text, 100_000));
        }
    }
    text
}

/// Deletes, doubles, swaps, replaces or inserts tokens.
fn tokens(text: &str, other: &str, random: &mut Random) -> String {
    let mut all = split(text);
    let others = split(other);
    if all.is_empty() {
        return (*random.pick(TOKENS)).to_owned();
    }
    let at = random.below(all.len());
    match random.below(6) {
        0 => {
            all.remove(at);
        }
        1 => all.insert(at, all[at].clone()),
        2 => {
            let with = random.below(all.len());
            all.swap(at, with);
        }
        3 if !others.is_empty() => all[at] = random.pick(&others).clone(),
        4 => all[at] = (*random.pick(TOKENS)).to_owned(),
        _ => all.insert(at, (*random.pick(TOKENS)).to_owned()),
    }
    all.concat()
}

/// The tokens of a text, white space included.
pub(crate) fn split(text: &str) -> Vec<String> {
    parse(text)
        .syntax()
        .descendants_with_tokens()
        .filter_map(|it| it.into_token())
        .map(|it| it.text().to_owned())
        .collect()
}

fn lines(text: &str, other: &str, random: &mut Random) -> String {
    let mut all: Vec<&str> = text.split_inclusive('\n').collect();
    let others: Vec<&str> = other.split_inclusive('\n').collect();
    if all.is_empty() {
        return other.to_owned();
    }
    let at = random.below(all.len());
    let line = all[at];
    let half = &line[..boundary(line, random.below(line.len() + 1))];
    match random.below(5) {
        0 => {
            all.remove(at);
        }
        1 => all.insert(at, line),
        2 => {
            let with = random.below(all.len());
            all.swap(at, with);
        }
        3 if !others.is_empty() => all.insert(at, others[random.below(others.len())]),
        // Half typed.
        _ => {
            let half = if random.one_in(2) { format!("{half}\n") } else { half.to_owned() };
            let before: String = all[..at].concat();
            return before + &half + &all[at + 1..].concat();
        }
    }
    all.concat()
}

fn bytes(text: &str, random: &mut Random) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len() + 1);
        match random.below(3) {
            0 => bytes.insert(at, random.next() as u8),
            1 if at < bytes.len() => bytes[at] = random.next() as u8 & 0x7f,
            _ if at < bytes.len() => {
                bytes.remove(at);
            }
            _ => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One token many times: what a parser must not take the square of.
fn repeat(text: &str, random: &mut Random) -> String {
    let all = split(text);
    let count = 1 << random.below(12);
    let mut piece: String = (*random.pick(TOKENS)).to_owned();
    for _ in 0..random.below(3) {
        if let (false, true) = (all.is_empty(), random.one_in(2)) {
            piece.push_str(&all[random.below(all.len())]);
        } else {
            piece.push_str(TOKENS[random.below(TOKENS.len())]);
        }
    }
    let at = boundary(text, random.below(text.len() + 1));
    format!("{}{}{}", &text[..at], piece.repeat(count), &text[at..])
}

fn splice(text: &str, other: &str, random: &mut Random) -> String {
    let at = boundary(text, random.below(text.len() + 1));
    let from = boundary(other, random.below(other.len() + 1));
    format!("{}{}", &text[..at], &other[from..])
}

/// The character boundary at or before `at`.
pub(crate) fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
