//! One cause, one message: what only follows from something else that is reported is left out.

use text_size::TextSize;

use crate::database::FileId;
use crate::diagnostic::{Code, Diagnostic};

/// Sorts the diagnostics of a file by place, and leaves out those that follow from others:
///
/// - of several complaints of the parser about one line, only the first: it reads on wrongly then;
/// - what is said about the meaning of a line that the parser complains about;
/// - what seems to be missing from a file of which the parser could not read all.
pub(super) fn without_cascades(
    file: FileId,
    text: &str,
    mut diagnostics: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    diagnostics.sort_by(|a, b| {
        (a.primary.file, a.primary.range.start(), rank(a.code), &a.message).cmp(&(
            b.primary.file,
            b.primary.range.start(),
            rank(b.code),
            &b.message,
        ))
    });
    diagnostics.dedup();
    if !diagnostics.iter().any(|it| is_syntax(it.code)) {
        return diagnostics;
    }
    let lines = Lines::new(text);
    let mut broken: Vec<usize> = diagnostics
        .iter()
        .filter(|it| is_syntax(it.code))
        .map(|it| lines.line(it.primary.range.start()))
        .collect();
    broken.dedup();
    let mut last = None;
    diagnostics.retain(|it| {
        if it.primary.file != file {
            return true;
        }
        let line = lines.line(it.primary.range.start());
        if is_syntax(it.code) {
            return last.replace(line) != Some(line);
        }
        match it.code {
            // These are about characters, which nothing before them changes.
            Code::BadEscape | Code::NumberTooLarge | Code::BadIndent | Code::NotPlainText => true,
            Code::MissingValue if it.message.ends_with("has no version") => false,
            _ => {
                let end = lines.line(it.primary.range.end());
                let after = broken.partition_point(|it| *it < line);
                broken.get(after).is_none_or(|it| *it > end)
            }
        }
    });
    diagnostics
}

fn is_syntax(code: Code) -> bool {
    matches!(
        code,
        Code::UnexpectedToken
            | Code::UnclosedBracket
            | Code::UnclosedString
            | Code::UnknownCharacter
            | Code::NestedTooDeep
            | Code::MissingHeader
    )
}

/// Of two complaints about one place, which one says more: what is known of its characters goes
/// before what is expected instead.
fn rank(code: Code) -> (bool, Code) {
    (code == Code::UnexpectedToken, code)
}

/// Where the lines of a text begin.
struct Lines(Vec<TextSize>);

impl Lines {
    fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|it| it.1 == b'\n');
        Lines(ends.map(|it| TextSize::new(it.0 as u32 + 1)).collect())
    }

    fn line(&self, at: TextSize) -> usize {
        self.0.partition_point(|it| *it <= at)
    }
}
