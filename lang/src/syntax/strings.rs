//! What a string literal says: escapes resolved, indentation of long strings removed.

use std::borrow::Cow;

use text_size::{TextRange, TextSize};

use super::Ref;
use super::SyntaxKind::{INTERPOLATION, STRING_CHUNK};
use super::ast::{AstNode, Interpolation, StringLit, StringPart, StringStyle};

/// A part of a string.
#[derive(Debug, Clone)]
pub(crate) enum StringPiece<'a> {
    /// What stands between interpolations; as it is written, if that is what it says.
    Text(Cow<'a, str>),
    /// What is interpolated.
    Interpolation(Interpolation<Ref<'a>>),
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

/// Calls `take` for each part of a string of this style, in order; returns what is wrong in it.
pub(crate) fn pieces<'a>(
    string: &StringLit<Ref<'a>>,
    style: StringStyle,
    mut take: impl FnMut(StringPiece<'a>),
) -> Vec<StringError> {
    let mut errors = Vec::new();
    let layout = if style.triple { Layout::of(string) } else { None };
    let mut next = 0;
    string.syntax().each_child(|kind, part| {
        let index = next;
        match kind {
            STRING_CHUNK | INTERPOLATION => next += 1,
            _ => return,
        }
        if let Some(it) = Interpolation::cast(part) {
            return take(StringPiece::Interpolation(it));
        }
        let raw = part.text();
        // Most say what they look like.
        if layout.is_none() && !raw.bytes().any(|it| matches!(it, b'\\' | b'\r')) {
            return take(StringPiece::Text(Cow::Borrowed(raw)));
        }
        let range = part.text_range();
        let mut text = Cow::Borrowed(raw);
        if raw.contains('\r') {
            text = raw.replace("\r\n", "\n").into();
        }
        if let Some(layout) = &layout {
            text = layout.unindent(&text, index, range, &mut errors).into();
        }
        if !style.shell && style.hashes == 0 && text.contains('\\') {
            text = unescape(&text, range, &mut errors).into();
        }
        take(StringPiece::Text(text));
    });
    errors
}

/// How a long string is laid out whose text begins with a line break: that is not part of it, nor
/// is the last one with the white space behind it, which all lines begin with.
struct Layout<'a> {
    /// The white space before the closing quotes.
    indent: &'a str,
    /// How many parts the string has.
    count: usize,
}

impl<'a> Layout<'a> {
    fn of(string: &StringLit<Ref<'a>>) -> Option<Self> {
        let text = |part: StringPart<Ref<'a>>| match part {
            StringPart::StringChunk(chunk) => chunk.syntax().text(),
            StringPart::Interpolation(_) => "",
        };
        let first = text(string.string_parts().next()?);
        if !first.trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
            return None;
        }
        let last = text(string.string_parts().last()?);
        let line = last.rsplit('\n').next().unwrap_or("");
        let is_indent = line.trim().is_empty() && last.contains('\n');
        let indent = if is_indent { line } else { "" };
        Some(Layout { indent, count: string.string_parts().count() })
    }

    /// Part `index` without what is there for the layout.
    fn unindent(
        &self,
        mut text: &str,
        index: usize,
        range: TextRange,
        errors: &mut Vec<StringError>,
    ) -> String {
        if index == 0 {
            text = &text.trim_start_matches([' ', '\t', '\r'])[1..];
        }
        if index + 1 == self.count {
            text = text.trim_end_matches([' ', '\t']);
            text = text.strip_suffix('\n').unwrap_or(text);
        }
        let mut out = String::with_capacity(text.len());
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                out.push('\n');
            }
            if number == 0 && index > 0 {
                out.push_str(line);
            } else if let Some(rest) = line.strip_prefix(self.indent) {
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
}

/// Resolves `\n \t \r \" \\ \u{…}`.
fn unescape(text: &str, range: TextRange, errors: &mut Vec<StringError>) -> String {
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
