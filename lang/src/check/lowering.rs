//! What follows the grammar and is still wrong: headers, escapes, indentation, places of items.

use text_size::{TextRange, TextSize};

use super::Checker;
use super::syntax::stem;
use crate::database::Lowered;
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::module::{LowerErrorKind, ModuleKind};
use crate::nearest::nearest;

/// The words that a file can begin with.
const HEADERS: [&str; 6] = ["recipe", "override", "overlay", "project", "module", "interface"];

/// What files of other tools begin with, and what is most likely meant.
const FOREIGN_HEADERS: &[(&str, &str)] = &[
    ("amends", "override"),
    ("class", "recipe"),
    ("derivation", "recipe"),
    ("environment", "project"),
    ("formula", "recipe"),
    ("package", "recipe"),
    ("workspace", "project"),
];

impl Checker<'_> {
    pub(super) fn lower_error(&self, kind: &LowerErrorKind, range: TextRange) -> Diagnostic {
        let new = |code, message: String| Diagnostic::new(code, self.file, range, message);
        match kind {
            LowerErrorKind::NumberTooLarge => {
                let text = self.db.text(self.file);
                let most = match text[range].chars().last() {
                    Some('B') => "sizes go up to 8388607 TiB".to_owned(),
                    Some(unit) if unit.is_alphabetic() => "durations go up to 106751 d".to_owned(),
                    _ => format!("numbers go up to {}", i64::MAX),
                };
                new(Code::NumberTooLarge, "this number is too large".to_owned()).help(most)
            }
            LowerErrorKind::UnknownEscape(c) => {
                let c: String = c.escape_debug().collect();
                let after_slash = TextRange::empty(range.start() + TextSize::new(1));
                new(Code::BadEscape, format!("`\\{c}` is no escape"))
                    .help("there are `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\`, `\\u{…}` and `\\(…)`; in `#\"…\"#` a backslash is just that")
                    .fix_at("write two backslashes for one", self.file, after_slash, "\\")
            }
            LowerErrorKind::BadCodePoint => {
                let text = self.db.text(self.file);
                let rest = &text[usize::from(range.start())..];
                let len = rest.lines().next().and_then(|it| it.find('}')).map_or(2, |it| it + 1);
                let whole = TextRange::at(range.start(), TextSize::new(len as u32));
                Diagnostic::new(Code::BadEscape, self.file, whole, "this is no character")
                    .help("write the number of a character in hexadecimal digits, as in `\\u{e9}`; the last one is `\\u{10ffff}`")
            }
            LowerErrorKind::BadIndent => self.bad_indent(range),
            LowerErrorKind::NotHere { item, place, belongs } => {
                let diagnostic = new(Code::MisplacedItem, format!("{item} cannot stand {place}"));
                let text = self.db.text(self.file);
                let is_override = self.module().kind == Some(ModuleKind::Override);
                match text[range].strip_prefix("step ").map(str::trim_start) {
                    // The recipe's own step is what is meant to be another one.
                    Some(step) if is_override && step.contains('=') => {
                        let name = step.split([' ', '=']).next().unwrap_or(step);
                        let head = TextRange::at(range.start(), TextSize::of("step "));
                        diagnostic
                            .help(format!(
                                "`steps.{name} = …` is what this step of the recipe becomes"
                            ))
                            .fix_at(format!("write `steps.{name}`"), self.file, head, "steps.")
                    }
                    _ => diagnostic.help(format!("it belongs {belongs}")),
                }
            }
            LowerErrorKind::NotPlain => new(
                Code::NotPlainText,
                "this is a name, and must be known as it is written".to_owned(),
            )
            .help("take the interpolation out; for several alike, write each"),
            LowerErrorKind::HeaderName { kind, .. } => {
                let with_space = self.with_space_before(range);
                new(Code::HeaderName, format!("{} {kind} has no name", article(*kind)))
                    .help("the word `project` stands alone on its line")
                    .fix_at("remove it", self.file, with_space, "")
            }
        }
    }

    /// The lines of a long string that are indented less than its end.
    fn bad_indent(&self, range: TextRange) -> Diagnostic {
        let text = self.db.text(self.file);
        let begin = usize::from(range.start());
        let end = text[begin..].find("\"\"\"").map_or(text.len(), |it| begin + it);
        let last = text[..end].rfind('\n').map_or(begin, |it| it + 1);
        let indent = &text[last..end];
        let mut wrong: Vec<TextRange> = Vec::new();
        let mut edits = Vec::new();
        let mut at = text[..begin].len();
        for (index, line) in text[begin..last].split_inclusive('\n').enumerate() {
            let (from, body) = (at, line.trim_end());
            at += line.len();
            if index == 0 || body.is_empty() || body.starts_with(indent) {
                continue;
            }
            let white = body.len() - body.trim_start().len();
            let place = TextRange::new(size(from), size(from + white));
            wrong.push(TextRange::new(size(from + white), size(from + body.len())));
            edits.push(Edit { file: self.file, range: place, text: indent.to_owned() });
        }
        let message = "a line of this string is indented less than its end";
        let first = wrong.first().copied().unwrap_or(range);
        let diagnostic = Diagnostic::new(Code::BadIndent, self.file, first, message)
            .label(self.file, TextRange::new(size(last), size(end + 3).min(size(text.len()))), "the end of the string")
            .help("what stands before the closing `\"\"\"` is no part of the lines, so each begins with it");
        if edits.is_empty() {
            diagnostic
        } else {
            diagnostic.fix_all("indent it as the end", edits)
        }
    }

    //------ headers

    /// Whether a place is in the first line that says something.
    pub(super) fn is_header(&self, range: TextRange) -> bool {
        let text = self.db.text(self.file);
        let line = line_of(&text, range);
        HEADERS.iter().any(|it| line.trim() == *it)
    }

    /// `recipe`, and no name.
    pub(super) fn nameless(&self, range: TextRange) -> Diagnostic {
        let text = self.db.text(self.file);
        let kind = line_of(&text, range).trim().to_owned();
        let article = if kind.starts_with('o') || kind.starts_with('i') { "an" } else { "a" };
        let message = match &*kind {
            "override" => "an override says which package it changes".to_owned(),
            _ => format!("{article} {kind} has a name"),
        };
        let diagnostic = Diagnostic::new(Code::HeaderName, self.file, range, message);
        let stem = stem(&self.db.path(self.file));
        match &*kind {
            "override" => {
                diagnostic.here("the name is missing here").help("for example `override dpdk`")
            }
            _ => diagnostic.here("the name is missing here").fix_at(
                format!("write `{kind} {stem}`, as the file is called"),
                self.file,
                TextRange::empty(range.start()),
                format!(" {stem}"),
            ),
        }
    }

    /// A file that does not begin with what it is.
    pub(super) fn no_header(&self, range: TextRange) -> Diagnostic {
        let text = self.db.text(self.file);
        let stem = stem(&self.db.path(self.file));
        if text.trim().is_empty() {
            return Diagnostic::new(Code::MissingHeader, self.file, range, "this file is empty")
                .help(format!("to change a package, begin with `override {stem}`; to describe one, with `recipe {stem}`"));
        }
        let words: Vec<&str> = line_of(&text, range).split_whitespace().collect();
        let diagnostic = Diagnostic::new(
            Code::MissingHeader,
            self.file,
            range,
            "this file does not say what it is",
        );
        // `package curl`, `recipie curl`: a header with another word.
        if let [word, ..] = words[..]
            && words.len() <= 2
            && word.chars().all(char::is_alphabetic)
        {
            let foreign = FOREIGN_HEADERS.iter().find(|it| it.0 == word).map(|it| it.1);
            let near = foreign.or_else(|| nearest(word, HEADERS).first().copied());
            if let Some(near) = near {
                let place = TextRange::at(range.start(), TextSize::of(word));
                return diagnostic
                    .here(format!("`{word}` begins no file; did you mean `{near}`?"))
                    .fix_at(format!("write `{near}`"), self.file, place, near);
            }
        }
        let header = match guessed(&text) {
            ModuleKind::Project => "project".to_owned(),
            kind => format!("{kind} {stem}"),
        };
        diagnostic
            .here("the header stands before this")
            .help("a file begins with `recipe NAME`, `override NAME`, `overlay NAME`, `module NAME`, `interface NAME` or `project`")
            .fix_at(
                format!("begin with `{header}`"),
                self.file,
                TextRange::empty(range.start()),
                format!("{header}\n"),
            )
    }

    /// The name in the header is that of the file, because that is how the file is found.
    pub(super) fn header(&mut self, lowered: &Lowered) {
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

    fn with_space_before(&self, range: TextRange) -> TextRange {
        let text = self.db.text(self.file);
        let before = &text[..usize::from(range.start())];
        TextRange::new(size(before.trim_end_matches(' ').len()), range.end())
    }
}

/// What a file without header most likely is, by what it holds.
fn guessed(text: &str) -> ModuleKind {
    let first = |words: &[&str]| {
        text.lines().any(|line| {
            let word = line.trim_start().split(|c: char| !c.is_alphanumeric()).next();
            word.is_some_and(|it| words.contains(&it))
        })
    };
    if first(&["want", "use", "overlays", "policy"]) {
        ModuleKind::Project
    } else if first(&[
        "versions", "source", "feature", "knob", "host", "build", "run", "steps", "step", "arg",
        "output", "license",
    ]) {
        ModuleKind::Recipe
    } else if first(&["mixin", "fn", "enum"]) {
        ModuleKind::Module
    } else {
        ModuleKind::Override
    }
}

/// The line that a place begins in.
pub(super) fn line_of(text: &str, range: TextRange) -> &str {
    let at = usize::from(range.start()).min(text.len());
    let begin = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let end = text[at..].find('\n').map_or(text.len(), |it| at + it);
    &text[begin..end]
}

fn article(kind: ModuleKind) -> &'static str {
    match kind {
        ModuleKind::Override | ModuleKind::Overlay | ModuleKind::Interface => "an",
        ModuleKind::Recipe | ModuleKind::Project | ModuleKind::Module => "a",
    }
}

fn size(at: usize) -> TextSize {
    TextSize::new(at as u32)
}
