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
                if let Some((help, range, fixed)) = written_elsewhere(&text, range, word) {
                    let title = match fixed.trim() {
                        "" => "leave the comma out".to_owned(),
                        "," => "add `,`".to_owned(),
                        fixed => format!("write `{fixed}`"),
                    };
                    return diagnostic.help(help).fix_at(title, self.file, range, fixed);
                }
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
                let text = self.db.text(self.file);
                let said = slip.explain(&text, range);
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
                if let Some((help, range, fixed)) = unit_elsewhere(&text, range) {
                    diagnostic.help = vec![help.to_owned()];
                    diagnostic.fixes = Vec::new();
                    let title = format!("write `{fixed}`");
                    return diagnostic.fix_at(title, self.file, range, fixed);
                }
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
                let diagnostic = new(Code::UnclosedString, "this pattern has no end".to_owned())
                    .here("begins here");
                let text = self.db.text(self.file);
                match before_slash(&text, range) {
                    Some(BeforeSlash::Path(whole)) => {
                        let fixed = crate::syntax::quote(&text[whole]);
                        diagnostic.help("a path stands in quotes").fix_at(
                            format!("write `{fixed}`"),
                            self.file,
                            whole,
                            fixed,
                        )
                    }
                    Some(BeforeSlash::Value) => {
                        diagnostic.help("`/` begins a pattern here: there is no division")
                    }
                    None => diagnostic.help(
                        "a pattern ends with `/` on its line; a slash inside it is written `\\/`",
                    ),
                }
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

/// What stands before a slash that begins no pattern.
enum BeforeSlash {
    /// The beginning of a path, which is at this range.
    Path(TextRange),
    /// A value, as if it were to be divided.
    Value,
}

/// What stands before a slash, if that says what it was meant to be.
fn before_slash(text: &str, slash: TextRange) -> Option<BeforeSlash> {
    let at = usize::from(slash.start());
    let line = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let before = &text[line..at];
    let begin = before.trim_end_matches(['.', '~']).len();
    let is_path = begin < before.len() && !before[..begin].ends_with(|c: char| c.is_alphanumeric());
    let end = text[at..].find(char::is_whitespace).map_or(text.len(), |it| at + it);
    let uses = before.trim().ends_with("use");
    if is_path || uses {
        let begin = if uses { at } else { line + begin };
        let range = TextRange::new(TextSize::new(begin as u32), TextSize::new(end as u32));
        return Some(BeforeSlash::Path(range));
    }
    let is_value = before.trim_end().ends_with(|c: char| c.is_alphanumeric() || c == ')');
    is_value.then_some(BeforeSlash::Value)
}

/// What is written as other tools have it, where something else was expected: what to say, what to
/// replace, and by what. `word` is the first one of the line.
fn written_elsewhere(
    text: &str,
    found: TextRange,
    word: &str,
) -> Option<(&'static str, TextRange, String)> {
    let (start, end) = (usize::from(found.start()), usize::from(found.end()));
    let line_start = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |it| start + it);
    let (before, token, after) =
        (&text[line_start..start], &text[start..end], &text[end..line_end]);
    let range = |from: usize, to: usize| {
        TextRange::new(TextSize::new(from as u32), TextSize::new(to as u32))
    };
    if let Some(unit) = unit_elsewhere(text, found) {
        return Some(unit);
    }
    // A spec of the command line stands alone.
    let wishes = matches!(word, "want" | "publish");
    let is_alone =
        line_start == 0 && line_end == text.len() && !before.contains(char::is_whitespace);
    let version = after.trim_start();
    let version_len = version
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_' | '*'))
        .unwrap_or(version.len());
    let version = &version[..version_len];
    let is_version = version.starts_with(|c: char| c.is_ascii_digit());
    let compares = |it: &str| it.trim_start().starts_with(['<', '>', '=', '!']);
    match token {
        "@" if wishes && is_version => {
            let version_at = end + after.find(version)?;
            let series =
                if version.ends_with('*') { version.to_owned() } else { format!("{version}.*") };
            let help = "a version is asked for by a comparison";
            Some((help, range(start, version_at + version.len()), format!(" == {series}")))
        }
        "=" if (wishes || is_alone) && is_version => {
            Some(("a version is compared by `==`", range(start, end), "==".to_owned()))
        }
        "," if compares(after) => {
            let help = "comparisons of one version stand side by side: `>= 5.3 < 5.4`";
            Some((help, range(start, end), String::new()))
        }
        "<" | "<=" | ">" | ">=" | "==" | "!=" if before.trim_end().ends_with(',') => {
            let comma = line_start + before.trim_end().len() - 1;
            let help = "comparisons of one version stand side by side: `>= 5.3 < 5.4`";
            Some((help, range(comma, start), " ".to_owned()))
        }
        _ if wishes
            && token.starts_with(char::is_alphabetic)
            && !before.trim_end().ends_with(',') =>
        {
            let at = line_start + before.trim_end().len();
            Some(("several wishes have commas between them", range(at, start), ", ".to_owned()))
        }
        _ => None,
    }
}

/// The unit behind a number, if it is called otherwise here: as [`written_elsewhere`].
fn unit_elsewhere(text: &str, found: TextRange) -> Option<(&'static str, TextRange, String)> {
    let (start, end) = (usize::from(found.start()), usize::from(found.end()));
    let number = text[..start].trim_end_matches(' ');
    let digits = number.len() - number.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let from = number.len() - digits;
    let is_name = |c: char| c.is_alphanumeric() || "._-".contains(c);
    if digits == 0 || number[..from].ends_with(is_name) {
        return None;
    }
    let of = [
        (true, "the units of sizes are B, KiB, MiB, GiB and TiB"),
        (false, "the units of durations are ns, us, ms, s, min, h and d"),
    ];
    let range = TextRange::new(TextSize::new(from as u32), found.end());
    of.into_iter().find_map(|(is_size, help)| {
        Some((help, range, crate::units::meant(&text[from..end], is_size)?))
    })
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
