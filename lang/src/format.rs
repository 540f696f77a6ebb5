//! The one way to write a text down.
//!
//! ```text
//! text ─parse─▶ syntax tree ─layout─▶ document ─print─▶ text
//! ```
//!
//! Only white space changes, and what separates elements: a list over several lines ends with a
//! comma, items on lines of their own have no `;`. Lines have 100 columns where they can be broken.
//! What the user decides: which blocks and lists are on one line (a list that begins with a line
//! break stays broken), and where blank lines are, though at most one at a time. Comments stay with
//! what they stand beside or above. There are no options.
//!
//! Formatting is idempotent, keeps the meaning of a file down to the bytes of its strings, and takes
//! time in proportion to the text.

mod chains;
mod document;
mod layout;
mod lists;
mod strings;

use text_size::{TextRange, TextSize};

use crate::syntax::{Parse, SyntaxErrorKind, SyntaxKind, parse};

/// The width of lines, in characters.
const WIDTH: usize = 100;
/// How much deeper what is inside a block or list is indented.
const INDENT: usize = 4;

/// A formatted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formatted {
    /// The text.
    pub text: String,
    /// Parts of the text given that follow the grammar badly and were left as they are.
    pub skipped: Vec<TextRange>,
}

/// Formats a text.
///
/// Items with mistakes in their syntax are left as they are. If brackets or strings have no end,
/// nobody knows what belongs to what, and the whole text is left alone.
#[must_use]
pub fn format(text: &str) -> Formatted {
    let parsed = parse(text);
    let whole = TextRange::up_to(TextSize::of(text));
    let unchanged = || Formatted { text: text.to_owned(), skipped: vec![whole] };
    // A piece of a file without its header is formatted as well as any.
    let is_right = |it: &Parse| it.errors().iter().all(|it| it.kind == SyntaxErrorKind::NoHeader);
    if is_right(&parsed) {
        let done = print(&parsed, &[]);
        // A text with a mistake, or that says something else, would be worse than one that is not laid
        // out.
        let again = parse(&done);
        if !is_right(&again) || significant(&parsed) != significant(&again) {
            return unchanged();
        }
        return Formatted { text: done, skipped: Vec::new() };
    }
    if parsed.errors().iter().any(|it| is_far_reaching(&it.kind)) {
        return unchanged();
    }
    let skipped = broken_items(&parsed);
    let done = print(&parsed, &skipped);
    // What a mistake does to the text around it is hard to tell; so it is tried.
    let again = parse(&done);
    let same = |a: &Parse, b: &Parse| {
        let kinds = |it: &Parse| -> Vec<_> {
            it.errors().iter().map(|it| std::mem::discriminant(&it.kind)).collect()
        };
        kinds(a) == kinds(b) && significant(a) == significant(b)
    };
    if same(&parsed, &again) && print(&again, &broken_items(&again)) == done {
        Formatted { text: done, skipped }
    } else {
        unchanged()
    }
}

fn print(parsed: &Parse, skipped: &[TextRange]) -> String {
    let root = parsed.root();
    let document = layout::file(root, skipped);
    document.print()
}

/// Whether a mistake leaves open where things end.
fn is_far_reaching(kind: &SyntaxErrorKind) -> bool {
    use crate::syntax::Slip;
    match kind {
        SyntaxErrorKind::Unclosed { .. }
        | SyntaxErrorKind::UnclosedString
        | SyntaxErrorKind::UnclosedPattern
        | SyntaxErrorKind::UnclosedInterpolation
        | SyntaxErrorKind::TooDeep => true,
        SyntaxErrorKind::Slip(it) => {
            matches!(it, Slip::StrayClose { .. } | Slip::WrongClose { .. } | Slip::BlockComment)
        }
        SyntaxErrorKind::Expected { .. }
        | SyntaxErrorKind::UnknownCharacters
        | SyntaxErrorKind::NoHeader => false,
    }
}

/// The lines of the items at the top of the file that have mistakes.
fn broken_items(parsed: &Parse) -> Vec<TextRange> {
    let text = parsed.syntax().text().to_owned();
    let mut broken: Vec<TextRange> = Vec::new();
    let mut errors = parsed.errors().iter().map(|it| it.range).peekable();
    for item in parsed.syntax().children() {
        let range = crate::syntax::range_of(&item);
        // Whatever stands on lines that it begins or ends on belongs to it.
        let start = text[..range.start().into()].rfind('\n').map_or(0, |it| it + 1);
        let end = usize::from(range.end());
        let end = text[end..].find('\n').map_or(text.len(), |it| end + it);
        let lines = TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32));
        let mut is_broken = item.kind() == SyntaxKind::ERROR;
        while let Some(error) = errors.peek() {
            if error.start() > lines.end() {
                break;
            }
            is_broken |= error.start() >= lines.start();
            errors.next();
        }
        if is_broken {
            match broken.last_mut() {
                Some(last) if last.end() >= lines.start() => *last = last.cover(lines),
                _ => broken.push(lines),
            }
        }
    }
    broken
}

/// The tokens and comments of a text, without what formatting adds and takes away.
fn significant(parsed: &Parse) -> Vec<(SyntaxKind, String)> {
    parsed
        .syntax()
        .descendants_with_tokens()
        .filter_map(crate::syntax::SyntaxElement::into_token)
        .filter(|it| {
            !matches!(it.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMA | SyntaxKind::SEMICOLON)
        })
        .map(|it| (it.kind(), it.text().split_whitespace().collect::<Vec<_>>().join(" ")))
        .filter(|it| !it.1.is_empty())
        .collect()
}
