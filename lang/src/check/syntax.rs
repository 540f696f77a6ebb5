//! What the parser and lowering complained about, as diagnostics.

use super::Checker;
use crate::database::Lowered;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::module::{LowerErrorKind, ModuleKind};
use crate::syntax::SyntaxErrorKind;

impl Checker<'_> {
    pub(super) fn syntax(&mut self, lowered: &Lowered) {
        if let Some(error) = self.db.read_error(self.file) {
            let path = self.db.path(self.file);
            let message = format!("cannot read `{path}`: {error}");
            let here = rowan::TextRange::default();
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

    fn syntax_error(&self, kind: &SyntaxErrorKind, range: rowan::TextRange) -> Diagnostic {
        let new = |code, message: String| Diagnostic::new(code, self.file, range, message);
        match kind {
            SyntaxErrorKind::Expected { what, found } => {
                let diagnostic = new(Code::UnexpectedToken, format!("expected {what}, found {found}"))
                    .here(format!("{what} should stand here"));
                match *what {
                    "a value on the same line" => {
                        diagnostic.help("a setting ends with its line; write the value behind `=`")
                    }
                    "the end of the line" => {
                        diagnostic.help("put each item on a line of its own, or `;` between two")
                    }
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
                        rowan::TextRange::empty(range.start()),
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
                diagnostic.fixes.extend(said.fix.map(|(title, edits)| {
                    Fix { title, edits: edits.into_iter().map(edit).collect() }
                }));
                diagnostic
            }
            SyntaxErrorKind::UnclosedString => {
                new(Code::UnclosedString, "this string has no end".to_owned())
                    .here("begins here")
                    .help("close it with the quotes that opened it; a string over several lines begins and ends with `\"\"\"`")
            }
            SyntaxErrorKind::UnclosedPattern => {
                new(Code::UnclosedString, "this pattern has no end".to_owned())
                    .here("begins here")
                    .help("a pattern ends with `/` on its line; a slash inside it is written `\\/`")
            }
            SyntaxErrorKind::UnclosedInterpolation => {
                new(Code::UnclosedString, "this interpolation has no end".to_owned())
                    .here("begins here")
                    .help("close it with `)`; in a string where `\\(` is meant literally, write `#\"…\"#`")
            }
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
            SyntaxErrorKind::NoHeader => {
                let stem = stem(&self.db.path(self.file));
                let empty = self.db.text(self.file).trim().is_empty();
                let message = if empty { "this file is empty" } else { "this file does not say what it is" };
                new(Code::MissingHeader, message.to_owned())
                    .here("the first word should be `recipe`, `override`, `overlay`, `project`, `module` or `interface`")
                    .help(format!("to change a package, begin with `override {stem}`; to describe one, with `recipe {stem}`"))
            }
        }
    }

    fn lower_error(&self, kind: &LowerErrorKind, range: rowan::TextRange) -> Diagnostic {
        let new = |code, message: String| Diagnostic::new(code, self.file, range, message);
        match kind {
            LowerErrorKind::NumberTooLarge => {
                new(Code::NumberTooLarge, "this number is too large".to_owned())
                    .help(format!("numbers go up to {}", i64::MAX))
            }
            LowerErrorKind::UnknownEscape(c) => {
                let c: String = c.escape_debug().collect();
                new(Code::BadEscape, format!("`\\{c}` is no escape"))
                    .help("there are `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\`, `\\u{…}` and `\\(…)`; in `#\"…\"#` a backslash is just that")
            }
            LowerErrorKind::BadCodePoint => {
                new(Code::BadEscape, "this is no character".to_owned())
                    .help("write its number in hexadecimal digits, as in `\\u{e9}`")
            }
            LowerErrorKind::BadIndent => {
                new(Code::BadIndent, "a line of this string is indented less than its end".to_owned())
                    .help("all lines begin with the white space that stands before the closing `\"\"\"`, which is not part of the text")
            }
            LowerErrorKind::NotHere { item, place, belongs } => {
                new(Code::MisplacedItem, format!("{item} cannot stand {place}"))
                    .help(format!("it belongs {belongs}"))
            }
            LowerErrorKind::NotPlain => {
                new(Code::NotPlainText, "this text must be known as it is written".to_owned())
                    .help("take the interpolation out")
            }
            LowerErrorKind::HeaderName { kind, .. } => {
                new(Code::HeaderName, format!("a {kind} has no name")).help("remove it")
            }
        }
    }

    /// The name in the header is that of the file, because that is how the file is found.
    fn header(&mut self, lowered: &Lowered) {
        let module = &lowered.module;
        let (Some(kind), Some(name)) = (module.kind, &module.name) else { return };
        if !matches!(kind, ModuleKind::Recipe | ModuleKind::Module | ModuleKind::Interface) {
            return;
        }
        let path = self.db.path(self.file);
        let stem = stem(&path);
        if path.ends_with(".kiln") && stem != name.name.as_str() && !name.name.is_empty() {
            let diagnostic = self
                .at_ident(
                    Code::HeaderName,
                    name,
                    format!(
                        "{kind} `{}` is in the file `{stem}.kiln`, where nobody will find it",
                        name.name
                    ),
                )
                .help(format!("rename the file to `{}.kiln`, or the {kind} to `{stem}`", name.name))
                .fix(format!("write `{stem}`"), stem);
            self.report(diagnostic);
        }
    }
}

fn stem(path: &str) -> String {
    let last = path.rsplit(['/', ':']).next().unwrap_or(path);
    last.strip_suffix(".kiln").unwrap_or(last).to_owned()
}
