//! What a string literal says: escapes resolved, indentation of long strings removed.

use text_size::{TextRange, TextSize};

use super::ast::{AstNode, Expr, StringLit, StringPart};

/// A part of a string.
#[derive(Debug, Clone)]
pub(crate) struct StringPiece {
    /// The text, or `None` for an interpolation.
    pub(crate) text: Option<String>,
    /// What is interpolated; `None` for text, and for an interpolation that could not be parsed.
    pub(crate) expr: Option<Expr>,
    /// Where it stands.
    pub(crate) range: TextRange,
}

/// Something wrong inside a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StringError {
    pub(crate) kind: StringErrorKind,
    pub(crate) range: TextRange,
}

/// What is wrong inside a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StringErrorKind {
    /// `\x` where `x` begins no escape.
    UnknownEscape(char),
    /// `\u{…}` that is no character.
    BadCodePoint,
    /// A line of a long string begins with less white space than its last line.
    BadIndent,
}

/// Calls `take` for each part of a string, in order; returns what is wrong in the string.
pub(crate) fn pieces(string: &StringLit, mut take: impl FnMut(StringPiece)) -> Vec<StringError> {
    let style = string.style();
    let mut errors = Vec::new();
    let parts: Vec<StringPart> = string.string_parts().collect();
    // A long string whose text begins with a line break is laid out: the first line break is not
    // part of it, nor is the last with the white space behind it, which all lines begin with.
    let first = match parts.first() {
        Some(StringPart::StringChunk(chunk)) => chunk.raw_text(),
        _ => "",
    };
    let laid_out = style.triple && first.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let indent = if laid_out { indent_of(&parts) } else { String::new() };
    let count = parts.len();
    for (index, part) in parts.into_iter().enumerate() {
        match part {
            StringPart::Interpolation(it) => {
                take(StringPiece { text: None, expr: it.expr(), range: it.range() });
            }
            StringPart::StringChunk(chunk) => {
                let range = chunk.syntax().text_range();
                let raw = chunk.raw_text();
                let mut text =
                    if raw.contains('\r') { raw.replace("\r\n", "\n") } else { raw.to_owned() };
                if laid_out {
                    if index == 0 {
                        text = text.trim_start_matches([' ', '\t', '\r'])[1..].to_owned();
                    }
                    if index + 1 == count {
                        let end = text.trim_end_matches([' ', '\t']).len();
                        text.truncate(end);
                        if text.ends_with('\n') {
                            text.pop();
                        }
                    }
                    text = unindent(&text, &indent, index == 0, range, &mut errors);
                }
                if !style.shell && style.hashes == 0 {
                    text = unescape(text, range, &mut errors);
                }
                take(StringPiece { text: Some(text), expr: None, range });
            }
        }
    }
    errors
}

/// The white space before the closing quotes.
fn indent_of(parts: &[StringPart]) -> String {
    match parts.last() {
        Some(StringPart::StringChunk(chunk)) => {
            let raw = chunk.raw_text();
            let line = raw.rsplit('\n').next().unwrap_or("");
            if line.trim().is_empty() && raw.contains('\n') {
                line.to_owned()
            } else {
                String::new()
            }
        }
        _ => String::new(),
    }
}

fn unindent(
    text: &str,
    indent: &str,
    at_line_start: bool,
    range: TextRange,
    errors: &mut Vec<StringError>,
) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        if number == 0 && !at_line_start {
            out.push_str(line);
        } else if let Some(rest) = line.strip_prefix(indent) {
            out.push_str(rest);
        } else if line.trim().is_empty() {
            // A blank line need not be indented.
        } else {
            errors.push(StringError { kind: StringErrorKind::BadIndent, range });
            out.push_str(line.trim_start());
        }
    }
    out
}

/// Resolves `\n \t \r \" \\ \u{…}`.
fn unescape(text: String, range: TextRange, errors: &mut Vec<StringError>) -> String {
    if !text.contains('\\') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let place = |len: usize| {
            let start = (range.start() + TextSize::new(at as u32)).min(range.end());
            TextRange::new(start, (start + TextSize::new(len as u32)).min(range.end()))
        };
        match chars.next() {
            Some((_, 'n')) => out.push('\n'),
            Some((_, 't')) => out.push('\t'),
            Some((_, 'r')) => out.push('\r'),
            Some((_, c @ ('"' | '\\'))) => out.push(c),
            Some((_, 'u')) => {
                let digits = text[at + 2..]
                    .strip_prefix('{')
                    .and_then(|it| it.split_once('}'))
                    .map(|it| it.0)
                    .filter(|it| it.len() <= 8);
                let parsed =
                    digits.and_then(|it| u32::from_str_radix(it, 16).ok()).and_then(char::from_u32);
                match (digits, parsed) {
                    (Some(digits), Some(c)) => {
                        out.push(c);
                        for _ in 0..digits.len() + 2 {
                            chars.next();
                        }
                    }
                    _ => errors
                        .push(StringError { kind: StringErrorKind::BadCodePoint, range: place(2) }),
                }
            }
            Some((_, c)) => {
                errors.push(StringError {
                    kind: StringErrorKind::UnknownEscape(c),
                    range: place(1 + c.len_utf8()),
                });
                out.push(c);
            }
            None => errors
                .push(StringError { kind: StringErrorKind::UnknownEscape('\\'), range: place(1) }),
        }
    }
    out
}

/// Whether a text is a name as recipes write them, and needs no quotes.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '-'))
        && !text.ends_with('-')
}

/// Writes `text` as a string literal: the inverse of reading one.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                out.push_str(&format!("\\u{{{:x}}}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
