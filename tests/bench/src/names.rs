//! Names of the source as names of the language.

/// Returns `name` if it is a name of the language, and else one that is, and reads alike.
///
/// ```text
/// rdma-core → rdma-core     7zip → _7zip     qt-5compat → qt_5compat
/// ```
pub(crate) fn ident(name: &str) -> String {
    let mut out = String::new();
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let letter_follows = chars.peek().is_some_and(|it| it.is_ascii_alphabetic() || *it == '_');
        match c {
            '0'..='9' if out.is_empty() => {
                out.push('_');
                out.push(c);
            }
            '-' if out.is_empty() || !letter_follows => out.push('_'),
            c if c.is_ascii_alphanumeric() || c == '-' || c == '_' => out.push(c),
            _ => out.push('_'),
        }
    }
    out
}

/// Returns the name of an option: what every package has keeps its names.
pub(crate) fn option(name: &str) -> String {
    let name = ident(name);
    if TAKEN.contains(&&*name) { format!("{name}_") } else { name }
}

/// What bodies of recipes know already.
const TAKEN: &[&str] = &[
    "args",
    "all",
    "default",
    "dep",
    "deps",
    "dir",
    "env",
    "fail",
    "fetch",
    "file",
    "homepage",
    "license",
    "links",
    "machine",
    "maintainers",
    "max",
    "min",
    "null",
    "off",
    "on",
    "out",
    "outputs",
    "patches",
    "platform",
    "prev",
    "sha256",
    "shell",
    "source",
    "sources",
    "src",
    "toolchain",
    "version",
    "true",
    "false",
    "it",
    "providers",
    "steps",
];

/// Whether a text is a name as it is.
pub(crate) fn is_ident(text: &str) -> bool {
    !text.is_empty() && ident(text) == text
}

/// Returns a value of an enum as it is declared.
pub(crate) fn enumerator(value: &str) -> String {
    if is_ident(value) && !WORDS.contains(&value) || is_number(value) {
        value.to_owned()
    } else {
        quoted(value)
    }
}

/// Whether a text is a number as the language would print it: `17`.
fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok_and(|it| it.to_string() == text)
}

/// Words that mean something where a value of an enum may stand.
const WORDS: &[&str] = &[
    "all", "default", "prev", "on", "off", "null", "if", "match", "with", "for", "when", "group",
    "else", "then", "has", "in", "any", "sh", "true", "false",
];

/// Returns a value of an enum as it is used.
pub(crate) fn value(value: &str) -> String {
    if is_ident(value) && !WORDS.contains(&value) {
        format!(".{value}")
    } else if is_number(value) {
        value.to_owned()
    } else {
        quoted(value)
    }
}

/// Returns a text as a literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Returns a version as a literal.
pub(crate) fn version(text: &str) -> String {
    let numeric = text
        .split('.')
        .all(|it| !it.is_empty() && it.len() < 18 && it.bytes().all(|b| b.is_ascii_digit()));
    if numeric { text.to_owned() } else { quoted(text) }
}

/// Returns the series of versions that begin with `text`.
pub(crate) fn series(text: &str) -> String {
    let numeric =
        text.split('.').all(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()));
    if numeric { format!("{text}.*") } else { quoted(&format!("{text}.*")) }
}
