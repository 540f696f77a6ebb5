//! Which errors follow from others.
//!
//! A line gets one message, and what the lexer says of it comes first: a string without an end
//! explains whatever the parser found strange on that line. And a line that is indented deeper than
//! one with a mistake mostly belongs to it: without the `{` or `"""` above, nothing there makes
//! sense. Unless that line opened a group, its mistake is the only one that is shown.

use crate::syntax::error::{SyntaxError, SyntaxErrorKind};
use crate::syntax::slip::Slip;

/// A line of the text.
struct Line {
    start: usize,
    end: usize,
    indent: usize,
}

/// Takes out of `errors`, which are in order, those that follow from others.
pub(super) fn remove(text: &str, errors: &mut Vec<SyntaxError>) {
    let mut kept: Vec<SyntaxError> = Vec::with_capacity(errors.len());
    let mut line = Line { start: 0, end: 0, indent: 0 };
    // What is indented deeper than this, from the line on where the shadow begins, is in it.
    let mut shadow: Option<usize> = None;
    let mut is_first = true;
    for error in errors.drain(..) {
        if error.kind == SyntaxErrorKind::NoHeader {
            kept.push(error);
            continue;
        }
        let at = usize::from(error.range.start());
        if is_first || at > line.end {
            let next = line_at(text, at);
            // The shadow ends with the first line that is not deeper.
            if let Some(depth) = shadow
                && leaves(text, line.end, next.end, depth)
            {
                shadow = None;
            }
            line = next;
            is_first = false;
        } else if let Some(last) = kept.last_mut()
            && usize::from(last.range.start()) >= line.start
            && last.kind != SyntaxErrorKind::NoHeader
        {
            let both_clear = is_habit(last) && is_habit(&error);
            if both_clear {
                kept.push(error);
            } else if rank(&error.kind) < rank(&last.kind) {
                *last = error;
            }
            continue;
        }
        if shadow.is_some() {
            continue;
        }
        let whole = text[line.start..line.end].trim_end();
        if !whole.ends_with(['{', '[', '(', ',']) {
            shadow = Some(line.indent);
        }
        kept.push(error);
    }
    *errors = kept;
}

/// Mistakes of which a line may have several, each with an edit of its own.
fn is_habit(error: &SyntaxError) -> bool {
    matches!(
        error.kind,
        SyntaxErrorKind::Slip(
            Slip::SingleQuotes
                | Slip::HashComment
                | Slip::BlockComment
                | Slip::Operator { .. }
                | Slip::SingleEquals
        )
    )
}

/// What explains more has a lower rank.
fn rank(kind: &SyntaxErrorKind) -> u8 {
    match kind {
        SyntaxErrorKind::UnclosedInterpolation => 0,
        SyntaxErrorKind::UnclosedString | SyntaxErrorKind::UnclosedPattern => 1,
        SyntaxErrorKind::Slip(Slip::SingleQuotes | Slip::HashComment | Slip::BlockComment) => 2,
        SyntaxErrorKind::UnknownCharacters => 3,
        SyntaxErrorKind::Unclosed { .. }
        | SyntaxErrorKind::Slip(_)
        | SyntaxErrorKind::Expected { .. }
        | SyntaxErrorKind::TooDeep
        | SyntaxErrorKind::NoHeader => 4,
    }
}

fn line_at(text: &str, at: usize) -> Line {
    let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let end = text[at..].find('\n').map_or(text.len(), |it| at + it);
    Line { start, end, indent: indent(&text[start..end]) }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether one of the lines behind `from` up to `to` is indented no deeper than `depth`.
fn leaves(text: &str, from: usize, to: usize, depth: usize) -> bool {
    text[from.min(to)..to]
        .split('\n')
        .skip(1)
        .any(|line| !line.trim().is_empty() && indent(line) <= depth)
}
