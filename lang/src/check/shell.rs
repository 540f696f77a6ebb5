//! Quotes around what shell text quotes already.

use text_size::{TextRange, TextSize};

use super::constants::Const;
use super::{Checker, Res};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::module::{ExprId, StrPart};
use crate::types::Ty;

/// Where in shell text one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    /// Between these quotes, and whether something stands between them so far.
    Quoted(char, bool),
    Comment,
    /// Somewhere that only a shell can tell: a here-document, a command in quotes.
    Unknown,
}

impl<'a> Checker<'a> {
    /// Reports texts that stand between quotes of the shell alone: of a value that needs quotes, those that
    /// Kiln writes would end these, or become a part of the word.
    ///
    /// Beside other text nothing is said, `'s,@name@,\(name),'`: most values need no quotes there.
    pub(super) fn quoted_twice(&mut self, parts: &'a [StrPart]) {
        let mut state = State::Outside;
        for (at, part) in parts.iter().enumerate() {
            match part {
                StrPart::Text(text) => {
                    state = after(state, text, parts.get(at.wrapping_sub(1)).is_some());
                }
                StrPart::Expr(expr) => {
                    if let (State::Quoted(quote, false), Some(StrPart::Text(next))) =
                        (state, parts.get(at + 1))
                        && next.starts_with(quote)
                        && self.may_need_quotes(*expr)
                    {
                        self.quoted_alone(*expr, quote);
                    }
                    if let State::Quoted(_, is_used) = &mut state {
                        *is_used = true;
                    }
                }
            }
        }
    }

    fn quoted_alone(&mut self, expr: ExprId, quote: char) {
        let text = self.db.text(self.file);
        let range = self.range(expr);
        let (before, behind) =
            (&text[..usize::from(range.start())], &text[usize::from(range.end())..]);
        let opened = before.trim_end().trim_end_matches('(').trim_end_matches('#');
        let opened = opened.strip_suffix('\\').filter(|it| it.ends_with(quote));
        let spaces = TextSize::of(behind) - TextSize::of(behind.trim_start());
        let closed = behind.trim_start().strip_prefix(')').filter(|it| it.starts_with(quote));
        // Where it is written in another way than it reads, there is no place to name.
        let (Some(opened), Some(_)) = (opened, closed) else { return };
        let one = TextSize::of(quote);
        let open = TextRange::at(TextSize::of(opened) - one, one);
        let close = TextRange::at(range.end() + spaces + TextSize::of(')'), one);
        let (message, here) = match quote {
            '"' => (
                "its quotes would arrive as a part of the text",
                "a text with spaces arrives as `'two words'`, quotes included",
            ),
            _ => ("its quotes would end these", "a text with spaces arrives as several words"),
        };
        let message = format!("what is put into shell text is quoted already: {message}");
        let range = TextRange::new(open.start(), close.end());
        let diagnostic =
            Diagnostic::new(Code::QuotedTwice, self.file, range, message).here(here).fix_all(
                "remove these quotes",
                [open, close]
                    .map(|range| Edit { file: self.file, range, text: String::new() })
                    .into(),
            );
        self.report(diagnostic);
    }

    /// Whether a value may be a text with characters that mean something to a shell.
    fn may_need_quotes(&self, expr: ExprId) -> bool {
        if self.types[expr.index()] != Ty::STRING {
            return false;
        }
        let value = match &self.res[expr.index()] {
            // The name of the package.
            Res::Fact(_) => return false,
            Res::Let(at, index) if at.file == self.file => {
                self.module().bodies[at.body].options[*index as usize].default
            }
            _ => Some(expr),
        };
        match value.and_then(|it| self.constant(it)) {
            Some(Const::Text(text)) => {
                !text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
            }
            _ => true,
        }
    }
}

/// The state behind a text.
fn after(mut state: State, text: &str, mut in_word: bool) -> State {
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let behind = &text[at..];
        state = match (state, c) {
            (State::Unknown, _) => return State::Unknown,
            (State::Outside, '\\') => {
                rest.next();
                State::Outside
            }
            (State::Outside, '#') if !in_word => State::Comment,
            (State::Comment, _) if c != '\n' => State::Comment,
            (State::Outside, '$') if behind.starts_with("$'") => State::Unknown,
            (State::Outside, '<') if behind.starts_with("<<") => State::Unknown,
            (State::Outside, '\'' | '"') => State::Quoted(c, false),
            (State::Outside | State::Comment, _) => State::Outside,
            (State::Quoted(quote, _), _) if quote == c => State::Outside,
            (State::Quoted('"', _), '`') => State::Unknown,
            (State::Quoted('"', _), '$')
                if behind.starts_with("$(") || behind.starts_with("${") =>
            {
                State::Unknown
            }
            (State::Quoted('"', _), '\\') => {
                rest.next();
                State::Quoted('"', true)
            }
            (State::Quoted(quote, _), _) => State::Quoted(quote, true),
        };
        in_word = !c.is_whitespace() && !";&|(".contains(c);
    }
    state
}
