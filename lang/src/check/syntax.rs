//! What the parser and lowering complained about, as diagnostics.

use text_size::{TextRange, TextSize};

use super::Checker;
use super::lowering::line_of;
use crate::database::Lowered;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::syntax::SyntaxErrorKind;

impl Checker<'_> {
    pub(super) fn syntax(&mut self, lowered: &Lowered) {
        if let Some(error) = self.db.read_error(self.file) {
            let path = self.db.path(self.file);
            let message = format!("cannot read `{path}`: {error}");
            let here = TextRange::default();
            self.report(Diagnostic::new(Code::UnreadableFile, self.file, here, message));
            return;
        }
        for error in &lowered.syntax_errors {
            let diagnostic = self.syntax_error(&error.kind, error.range);
            self.report(diagnostic);
        }
        for error in &lowered.lower_errors {
            let diagnostic = self.lower_error(&error.kind, error.range);
            self.report(diagnostic);
        }
        self.header(lowered);
    }

    fn syntax_error(&self, kind: &SyntaxErrorKind, range: TextRange) -> Diagnostic {
        let new = |code, message: String| Diagnostic::new(code, self.file, range, message);
        match kind {
            SyntaxErrorKind::Expected { what: "a name", .. } if self.is_header(range) => {
                self.nameless(range)
            }
            SyntaxErrorKind::Expected { what, found } => {
                let diagnostic =
                    new(Code::UnexpectedToken, format!("expected {what}, found {found}"))
                        .here(format!("{what} should stand here"));
                let text = self.db.text(self.file);
                let word = line_of(&text, range).split_whitespace().next().unwrap_or("");
                match *what {
                    "`:`" if word == "knob" || word == "field" => diagnostic.help(format!(
                        "a {word} says what it can hold: `{word} NAME: Int(1..=8) = 4`"
                    )),
                    "a value on the same line" => {
                        diagnostic.help("a setting ends with its line; write the value behind `=`")
                    }
                    "the end of the line" => match list_of_values(&text, range) {
                        Some((values, fixed)) => diagnostic
                            .help("several values stand in braces, several texts in brackets")
                            .fix_at(format!("write `{fixed}`"), self.file, values, fixed),
                        None => diagnostic
                            .help("put each item on a line of its own, or `;` between two"),
                    },
                    _ => diagnostic,
                }
            }
            SyntaxErrorKind::Unclosed { close, opened } => {
                let text = self.db.text(self.file);
                let open = &text[*opened];
                let bracket = close.trim_matches('`').to_owned();
                new(Code::UnclosedBracket, format!("`{open}` has no {close}"))
                    .here(format!("{close} is missing here"))
                    .label(self.file, *opened, "opened here")
                    .fix_at(
                        format!("add {close}"),
                        self.file,
                        text_size::TextRange::empty(range.start()),
                        bracket,
                    )
            }
            SyntaxErrorKind::Slip(slip) => {
                let said = slip.explain(&self.db.text(self.file), range);
                let mut diagnostic = new(Code::UnexpectedToken, said.message).here(said.label);
                diagnostic.help.extend(said.help);
                if let Some((place, words)) = said.other {
                    diagnostic = diagnostic.label(self.file, place, words);
                }
                let edit = |(range, text)| Edit { file: self.file, range, text };
                diagnostic.fixes.extend(said.fix.map(|(title, edits)| Fix {
                    title,
                    edits: edits.into_iter().map(edit).collect(),
                }));
                diagnostic
            }
            SyntaxErrorKind::UnclosedString => {
                let text = self.db.text(self.file);
                let begin = usize::from(range.start());
                let line = text[begin..].lines().next().unwrap_or("").trim_end();
                // The lexer ends such a string before a comma that ends the line.
                let line = line.strip_suffix(',').unwrap_or(line);
                let diagnostic = new(Code::UnclosedString, "this string has no end".to_owned())
                    .here("begins here")
                    .help("close it with the quotes that opened it; a string over several lines begins and ends with `\"\"\"`");
                match line.matches('"').count() {
                    1 if !line.contains(['#', '\\', ',', ')', ']', '}']) => diagnostic.fix_at(
                        "close it at the end of the line",
                        self.file,
                        text_size::TextRange::empty(text_size::TextSize::new(
                            (begin + line.len()) as u32,
                        )),
                        "\"",
                    ),
                    _ => diagnostic,
                }
            }
            SyntaxErrorKind::UnclosedPattern => {
                new(Code::UnclosedString, "this pattern has no end".to_owned())
                    .here("begins here")
                    .help("a pattern ends with `/` on its line; a slash inside it is written `\\/`")
            }
            SyntaxErrorKind::UnclosedInterpolation => new(
                Code::UnclosedString,
                "this interpolation has no end".to_owned(),
            )
            .here("begins here")
            .help("close it with `)`; in a string where `\\(` is meant literally, write `#\"…\"#`"),
            SyntaxErrorKind::UnknownCharacters => {
                let text = self.db.text(self.file);
                let found: String = text[range].escape_debug().collect();
                new(Code::UnknownCharacter, format!("`{found}` begins nothing that Kiln knows"))
                    .help("texts with such characters go into quotes")
            }
            SyntaxErrorKind::TooDeep => {
                new(Code::NestedTooDeep, "this is nested deeper than 200 levels".to_owned())
                    .help("give parts of it names, with `let`")
            }
            SyntaxErrorKind::NoHeader => self.no_header(range),
        }
    }
}

pub(super) fn stem(path: &str) -> String {
    let last = path.rsplit(['/', ':']).next().unwrap_or(path);
    last.strip_suffix(".kiln").unwrap_or(last).to_owned()
}

/// The values of a setting that are written without brackets, with the comma between the first two at
/// `comma`, and how they are written with them: of `libs -= gro, gso`, `gro, gso` and `{gro, gso}`.
fn list_of_values(text: &str, comma: TextRange) -> Option<(TextRange, String)> {
    let comma = usize::from(comma.start());
    let begin = text[..comma].rfind('\n').map_or(0, |it| it + 1);
    let end = text[comma..].find('\n').map_or(text.len(), |it| comma + it);
    let (option, _) = text[begin..comma].split_once('=')?;
    let is_path = |it: &str| {
        let mut names = it.trim().trim_end_matches(['+', '-']).trim_end().split('.');
        names.all(|it| it.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '-')))
    };
    if !text[comma..].starts_with(',') || !is_path(option) {
        return None;
    }
    let behind = begin + option.len() + 1;
    // A comment stays where it is.
    let line = &text[behind..end];
    let values = line.find("//").filter(|_| !line.contains('"')).map_or(line, |it| &line[..it]);
    let values = values.trim();
    let start = behind + text[behind..].find(values)?;
    let is_word = |it: &str| {
        let mut chars = it.trim().chars().peekable();
        chars.peek().is_some_and(|it| it.is_alphabetic())
            && chars.all(|it| it.is_alphanumeric() || matches!(it, '_' | '-'))
    };
    let is_text = |it: &str| {
        let inner = it.trim().strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        inner.is_some_and(|it| !it.contains(['"', '\\']))
    };
    let all = |is: &dyn Fn(&str) -> bool| values.split(',').all(is);
    let fixed = if all(&is_word) {
        format!("{{{values}}}")
    } else if all(&is_text) {
        format!("[{values}]")
    } else {
        return None;
    };
    let range = TextRange::at(TextSize::new(start as u32), TextSize::of(values));
    Some((range, fixed))
}
