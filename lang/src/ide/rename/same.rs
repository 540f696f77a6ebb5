//! Whether every word means after some edits what it means before them.
//!
//! Both texts are looked at in full, so that nothing has to be known here of what hides what.

use std::collections::BTreeMap;

use text_size::{TextRange, TextSize};

use super::super::Symbol;
use super::super::occurrences::{Occurrence, occurrences};
use super::{Meant, Place, RenameRefusal};
use crate::database::{Database, FileId};
use crate::diagnostic::{Diagnostic, Edit};
use crate::module::{Expr, Name, StmtKind};
use crate::types::Ty;

/// The words of a file, by place.
type Words = BTreeMap<(TextSize, TextSize), Occurrence>;

/// What is known of a file before the edits.
struct Before {
    file: FileId,
    /// Nothing where none of `names` is written.
    words: Option<Words>,
    diagnostics: Vec<Diagnostic>,
    /// What each pattern stands for.
    patterns: Vec<(Occurrence, Vec<Symbol>)>,
}

/// Returns the first word in `files`, or in what is edited, that means something else after the
/// edits, or the first mistake that is new. Words can mean something else only in files that have
/// one of `names`.
///
/// The edits do not overlap, and each replaces one word by another one.
pub(super) fn differs(
    db: &Database,
    edits: &[Edit],
    files: &[FileId],
    names: [&str; 2],
) -> Option<RenameRefusal> {
    let mut shifts: BTreeMap<FileId, Shift> = BTreeMap::new();
    for edit in edits {
        shifts.entry(edit.file).or_default().0.push((edit.range, edit.text.clone()));
    }
    shifts.values_mut().for_each(|it| it.0.sort_by_key(|it| it.0.start()));
    let mut all: Vec<FileId> = files.to_vec();
    all.extend(shifts.keys());
    all.sort_unstable();
    all.dedup();
    // All of this first: the other database then knows the same files by the same ids, and shares
    // what the edits do not change.
    let before: Vec<Before> = all.iter().map(|it| Before::new(db, *it, names)).collect();
    let mut after: Option<Database> = None;
    for (file, shift) in &shifts {
        let text = shift.apply(&db.text(*file));
        let edited = after.as_ref().unwrap_or(db).with_file(&db.path(*file), Some(&text));
        after = Some(edited);
    }
    let comparison = Comparison { before: db, after: &after?, shifts };
    let meanings = before.iter().find_map(|it| comparison.words(it));
    meanings.or_else(|| before.iter().find_map(|it| comparison.mistakes(it)))
}

/// Returns the first place where a pattern gives a knob of every package one of `names`, and packages
/// have one whose enum the value is of: which value is meant there, each package says.
pub(super) fn value_in_pattern(
    db: &Database,
    value: &Symbol,
    files: &[FileId],
    names: [&str; 2],
) -> Option<RenameRefusal> {
    let Symbol::Value(of_file, of, _) = value else { return None };
    for file in files {
        if !db.text(*file).contains("pkgs") {
            continue;
        }
        let lowered = db.lowered(*file);
        let module = &lowered.module;
        for stmt in module.root.iter().flat_map(|it| &module.bodies[*it].stmts) {
            let StmtKind::PkgsWhere { option, kind, settings } = &stmt.kind else { continue };
            let mut found = None;
            for setting in settings {
                module.walk(setting.value, &mut |expr| {
                    let word = match &module.exprs[expr] {
                        Expr::Name(name) => Some(name.clone()),
                        Expr::DotName(name) => Some(Name::clone(name)),
                        text => crate::schema::plain_text(text).map(Name::from),
                    };
                    if let Some(word) = word.filter(|it| names.contains(&it.as_str())) {
                        found = found.take().or(Some((expr, word)));
                    }
                });
            }
            let Some((expr, word)) = found else { continue };
            let pattern = Symbol::OptionOfAll(option.name.clone(), *kind);
            let is_of = |it: &Symbol| {
                type_of(db, it).is_some_and(|it| {
                    it.words().is_some_and(|it| it.file == *of_file && it.id == *of)
                })
            };
            if options(db, &pattern).iter().any(is_of) {
                let meant = Some(Meant::new(db, value));
                let (now, then) = if word == names[0] { (meant, None) } else { (None, meant) };
                let at = Place { file: *file, range: lowered.map.expr(expr) };
                return Some(RenameRefusal::Captured { word: word.to_string(), at, now, then });
            }
        }
    }
    None
}

/// The type that an option is declared with.
fn type_of(db: &Database, option: &Symbol) -> Option<Ty> {
    let Symbol::Option(at, index) = option else { return None };
    let env = db.env(at.file);
    let decl = env.module().bodies[at.body].options.get(*index as usize)?;
    Some(env.types[decl.ty?.index()].clone())
}

impl Before {
    fn new(db: &Database, file: FileId, names: [&str; 2]) -> Before {
        let text = db.text(file);
        let words = names.iter().any(|it| text.contains(it)).then(|| words(db, file));
        let patterns = words.iter().flat_map(|it| it.values()).filter_map(|word| {
            let is_pattern = matches!(word.symbol, Symbol::OptionOfAll(..));
            is_pattern.then(|| (word.clone(), options(db, &word.symbol)))
        });
        let patterns = patterns.collect();
        Before { file, words, diagnostics: db.diagnostics(file), patterns }
    }
}

struct Comparison<'a> {
    before: &'a Database,
    after: &'a Database,
    shifts: BTreeMap<FileId, Shift>,
}

impl Comparison<'_> {
    /// The first word of a file that means something else.
    fn words(&self, before: &Before) -> Option<RenameRefusal> {
        let file = before.file;
        let now = before.words.as_ref()?;
        let mut then = Words::new();
        for (_, word) in words(self.after, file) {
            let range = self.back(file, word.range);
            let symbol = self.symbol_back(word.symbol.clone());
            then.insert((range.start(), range.end()), Occurrence { range, symbol, ..word });
        }
        for (key, word) in now {
            let other = then.get(key);
            if other.is_none_or(|it| !self.is_same(word, it)) {
                let meaning = |it: &Occurrence| Meant::new(self.before, &it.symbol);
                return Some(self.captured(
                    file,
                    word.range,
                    Some(meaning(word)),
                    other.map(meaning),
                ));
            }
        }
        for (key, word) in then {
            // What was a mistake may well mean something now: somebody has begun to rename by hand.
            let was_wrong = || {
                let mut all = before.diagnostics.iter();
                all.any(|it| it.primary.file == file && it.primary.range.contains_range(word.range))
            };
            if !now.contains_key(&key) && !was_wrong() {
                let then = Meant::new(self.before, &word.symbol);
                return Some(self.captured(file, word.range, None, Some(then)));
            }
        }
        before.patterns.iter().find_map(|it| self.pattern(file, &it.0, &it.1))
    }

    /// Whether a pattern would stand for other options.
    fn pattern(&self, file: FileId, word: &Occurrence, now: &[Symbol]) -> Option<RenameRefusal> {
        let mut edits = self.shifts.get(&file).into_iter().flat_map(|it| &it.0);
        let symbol = match (edits.find(|it| it.0 == word.range), &word.symbol) {
            (Some((_, text)), Symbol::OptionOfAll(_, kind)) => {
                Symbol::OptionOfAll(text.as_str().into(), *kind)
            }
            (_, symbol) => symbol.clone(),
        };
        let then = options(self.after, &symbol);
        let meant = |it: &Symbol| Some(Meant::new(self.before, it));
        if let Some(lost) = now.iter().find(|it| !then.contains(it)) {
            return Some(self.captured(file, word.range, meant(lost), None));
        }
        let new = then.iter().find(|it| !now.contains(it))?;
        Some(self.captured(file, word.range, None, meant(new)))
    }

    /// The first mistake of a file that is new.
    fn mistakes(&self, before: &Before) -> Option<RenameRefusal> {
        let mut known: Vec<(&Diagnostic, TextRange)> =
            before.diagnostics.iter().map(|it| (it, it.primary.range)).collect();
        let errors = self.after.diagnostics(before.file);
        for error in errors.into_iter().filter(Diagnostic::is_error) {
            let range = self.back(error.primary.file, error.primary.range);
            let same = known.iter().position(|it| {
                it.0.code == error.code && it.0.primary.file == error.primary.file && it.1 == range
            });
            match same {
                Some(at) => drop(known.swap_remove(at)),
                None => {
                    let at = Place { file: error.primary.file, range };
                    let other = error.secondary.into_iter().next().map(|it| {
                        let range = self.back(it.file, it.range);
                        (it.text, Place { file: it.file, range })
                    });
                    return Some(RenameRefusal::Mistake { message: error.message, at, other });
                }
            }
        }
        None
    }

    fn captured(
        &self,
        file: FileId,
        range: TextRange,
        now: Option<Meant>,
        then: Option<Meant>,
    ) -> RenameRefusal {
        let mut edits = self.shifts.get(&file).into_iter().flat_map(|it| &it.0);
        let word = match edits.find(|it| it.0 == range) {
            Some((_, text)) => text.clone(),
            None => self.before.text(file)[range].to_owned(),
        };
        RenameRefusal::Captured { word, at: Place { file, range }, now, then }
    }

    fn is_same(&self, now: &Occurrence, then: &Occurrence) -> bool {
        now.access == then.access
            && match (&now.symbol, &then.symbol) {
                // What it stands for is compared by itself.
                (Symbol::OptionOfAll(..), Symbol::OptionOfAll(..)) => true,
                (now, then) => now == then,
            }
    }

    /// A symbol of the edited files, as it is called in those before.
    fn symbol_back(&self, symbol: Symbol) -> Symbol {
        match symbol {
            Symbol::Local(file, range) => Symbol::Local(file, self.back(file, range)),
            symbol => symbol,
        }
    }

    fn back(&self, file: FileId, range: TextRange) -> TextRange {
        self.shifts.get(&file).map_or(range, |it| it.back(range))
    }
}

/// The edits of one file, in order: what is replaced, and by what.
#[derive(Default)]
struct Shift(Vec<(TextRange, String)>);

impl Shift {
    fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (range, new) in self.0.iter().rev() {
            text.replace_range(std::ops::Range::<usize>::from(*range), new);
        }
        text
    }

    /// Where a place of the edited text is in the text before.
    fn back(&self, range: TextRange) -> TextRange {
        let back = |at: TextSize| {
            // Where the last edit before the place ends, in both texts.
            let (mut old, mut new) = (TextSize::new(0), TextSize::new(0));
            for (replaced, text) in &self.0 {
                let start = new + (replaced.start() - old);
                let end = start + TextSize::of(text.as_str());
                if at <= start {
                    break;
                }
                if at < end {
                    return replaced.start();
                }
                (old, new) = (replaced.end(), end);
            }
            old + (at - new)
        };
        TextRange::new(back(range.start()), back(range.end()))
    }
}

fn words(db: &Database, file: FileId) -> Words {
    let words = occurrences(db, file).into_iter();
    words.map(|it| ((it.range.start(), it.range.end()), it)).collect()
}

/// The options that a pattern stands for, each once.
pub(super) fn options(db: &Database, pattern: &Symbol) -> Vec<Symbol> {
    let mut options = Vec::new();
    for (_, option) in pattern.options_of_all(db) {
        if !options.contains(&option) {
            options.push(option);
        }
    }
    options
}
