//! Fixes of diagnostics, applied to texts in memory until nothing more applies.
//!
//! ```text
//! diagnostics ─trusted?─▶ fixes ─apart?─▶ round of edits ─no new error?─▶ texts, and again
//! ```
//!
//! A round applies fixes whose edits do not touch, and keeps them only if they bring no error that
//! was not there before, and each error among them is gone; those that fail are found by halving the
//! round. A slip may hide another one in its line (`version: '1.2'`): such are mended together or
//! not at all. A fix is applied as a whole or not at all. There are up to [`ROUNDS_MAX`] rounds, so
//! that fixes that undo each other end.

mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kiln_lang::module::{Module, ModuleKind, Name, StmtKind};
use kiln_lang::{Code, Database, Diagnostic, Edit, FileId, TextRange};

use crate::render::line_column;

pub(crate) use trust::{Trust, trust};

/// How many rounds there are: fixes that wait for each other are as many deep.
pub(crate) const ROUNDS_MAX: usize = 32;

/// How many slips in one line hide each other.
const HIDDEN_MAX: usize = 4;

/// What may be applied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// Only of these diagnostics; of all if empty.
    pub(crate) only: Vec<Code>,
    /// Whether guesses count.
    pub(crate) guess: bool,
}

/// What became of the texts.
pub(crate) struct Outcome {
    /// The files with their new texts.
    pub(crate) db: Database,
    /// What was done, round by round.
    pub(crate) applied: Vec<Applied>,
    /// What could have been done.
    pub(crate) left: Vec<Left>,
    /// Whether the last round still changed something.
    pub(crate) endless: bool,
}

/// A fix that was applied.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    /// The file of the diagnostic.
    pub(crate) file: FileId,
    /// The diagnostic.
    pub(crate) code: Code,
    /// What it said.
    pub(crate) message: String,
    /// What the fix does.
    pub(crate) title: String,
    /// Where the diagnostic was when it was fixed, from 1.
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A fix that was not applied.
#[derive(Debug, Clone)]
pub(crate) struct Left {
    /// The diagnostic, as it is in the texts at the end.
    pub(crate) diagnostic: Diagnostic,
    /// Why.
    pub(crate) reason: Reason,
}

/// Why a fix was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It guesses what was meant.
    Guess,
    /// There are several ways.
    Several,
    /// The file would have an error that it has not now.
    NewError(String),
    /// What it removes overrules what another file says.
    OtherLayer(Arc<str>),
}

/// Applies what `rules` allow to `files`.
///
/// `layers` are the files that may say something about the same options: a setting that repeats a
/// default is left where one of them sets the option too.
pub(crate) fn apply(db: Database, files: &[FileId], layers: &[FileId], rules: &Rules) -> Outcome {
    let mut fixing = Fixing {
        db,
        files,
        layers,
        rules,
        refused: BTreeMap::new(),
        left: Vec::new(),
        seen: BTreeSet::new(),
    };
    let mut applied = Vec::new();
    let mut endless = true;
    for _ in 0..ROUNDS_MAX {
        match fixing.round() {
            Some(more) => applied.extend(more),
            None => {
                endless = false;
                break;
            }
        }
    }
    Outcome { db: fixing.db, applied, left: fixing.left, endless }
}

struct Fixing<'a> {
    db: Database,
    files: &'a [FileId],
    layers: &'a [FileId],
    rules: &'a Rules,
    /// What brings new errors, by what it is about, with the first of them.
    refused: BTreeMap<Key, String>,
    left: Vec<Left>,
    /// The texts after each round: once they are as they were, they would go round.
    seen: BTreeSet<Vec<Arc<str>>>,
}

/// What a fix is about: the file, the text of the line, what is said, and what it writes. That is
/// the same when other lines have changed.
type Key = (FileId, String, Code, String, Vec<(FileId, String)>);

struct Candidate {
    diagnostic: Diagnostic,
    title: String,
    edits: Vec<Edit>,
}

impl Candidate {
    fn key(&self, db: &Database) -> Key {
        let edits = self.edits.iter().map(|it| (it.file, it.text.clone())).collect();
        let file = self.diagnostic.primary.file;
        let text = db.text(file);
        let start = usize::from(self.diagnostic.primary.range.start());
        let (before, behind) = text.split_at_checked(start).unwrap_or((&text, ""));
        let head = before.rsplit('\n').next().unwrap_or("");
        let line = format!("{head}{}", behind.split('\n').next().unwrap_or(""));
        let diagnostic = &self.diagnostic;
        (file, line, diagnostic.code, diagnostic.message.clone(), edits)
    }
}

impl Fixing<'_> {
    /// Applies what can be applied at once; `None` if there is nothing.
    fn round(&mut self) -> Option<Vec<Applied>> {
        self.left.clear();
        let candidates = self.candidates();
        let before = errors(&self.db, self.files);
        let mut taken: Vec<&Candidate> = Vec::new();
        for candidate in &candidates {
            if taken.iter().all(|it| apart(&it.edits, &candidate.edits)) {
                taken.push(candidate);
            }
        }
        let mut settled = Settled { accepted: Vec::new(), db: None };
        self.settle(&before, &taken, &mut settled);
        let Settled { accepted, db } = settled;
        let mut applied: Vec<Applied> = accepted.iter().map(|it| applied(&self.db, it)).collect();
        let hidden = || taken.iter().find_map(|it| self.with_hidden(&before, it));
        let db = match db {
            Some(db) => Some(db),
            None => hidden().map(|(db, all)| {
                applied = all;
                db
            }),
        };
        match db {
            Some(db) => {
                self.db = db;
                // What was wrong beside what is done now may be right after it.
                self.refused.clear();
            }
            // What was refused is told with its reason, once nothing else is left.
            None if candidates.is_empty() => return None,
            None => return self.round(),
        }
        let texts: Vec<Arc<str>> = self.files.iter().map(|it| self.db.text(*it)).collect();
        if self.seen.insert(texts) { Some(applied) } else { None }
    }

    /// Accepts of `new` all that brings no new error together with what is accepted.
    fn settle<'c>(&mut self, before: &Errors, new: &[&'c Candidate], settled: &mut Settled<'c>) {
        if new.is_empty() {
            return;
        }
        let all: Vec<&Candidate> = settled.accepted.iter().chain(new).copied().collect();
        let edited = edited(&self.db, &all);
        let mended = all.iter().filter(|it| it.diagnostic.is_error()).count();
        match new_error(before, &errors(&edited, self.files), mended) {
            None => *settled = Settled { accepted: all, db: Some(edited) },
            Some(error) => {
                if let [only] = new {
                    let key = only.key(&self.db);
                    self.refused.insert(key, error);
                    return;
                }
                let (first, second) = new.split_at(new.len() / 2);
                self.settle(before, first, settled);
                self.settle(before, second, settled);
            }
        }
    }

    /// The fixes that are to be applied, by place. The others are put to what is left.
    fn candidates(&mut self) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = Vec::new();
        for file in self.files {
            for diagnostic in self.db.diagnostics(*file) {
                if diagnostic.fixes.is_empty()
                    || !(self.rules.only.is_empty() || self.rules.only.contains(&diagnostic.code))
                {
                    continue;
                }
                match self.candidate(&self.db, &diagnostic) {
                    Some(Ok(candidate)) => {
                        let is_new = candidates.iter().all(|it| it.edits != candidate.edits);
                        if is_new {
                            candidates.push(candidate);
                        }
                    }
                    Some(Err(reason)) => self.left.push(Left { diagnostic, reason }),
                    None => {}
                }
            }
        }
        candidates.sort_by_key(|it| it.edits.first().map(|it| (it.file, it.range.start())));
        candidates
    }

    /// The fix of a diagnostic, or why it is not applied; `None` if that is a person's to decide.
    fn candidate(
        &self,
        db: &Database,
        diagnostic: &Diagnostic,
    ) -> Option<Result<Candidate, Reason>> {
        let guesses = match trust(diagnostic.code) {
            Trust::Sure => false,
            Trust::Guess => true,
            Trust::Never => return None,
        };
        if guesses && !self.rules.guess {
            return Some(Err(Reason::Guess));
        }
        let [fix] = &diagnostic.fixes[..] else { return Some(Err(Reason::Several)) };
        // What a fix changes is a file that was named: no recipe changes because of an override.
        let fits = |edit: &Edit| {
            self.files.contains(&edit.file) && db.text(edit.file).get(range(edit)).is_some()
        };
        if fix.edits.is_empty() || !fix.edits.iter().all(fits) || !each_apart(&fix.edits) {
            return None;
        }
        let mut edits = fix.edits.clone();
        edits.sort_by_key(|it| (it.file, it.range.start()));
        let candidate =
            Candidate { diagnostic: diagnostic.clone(), title: fix.title.clone(), edits };
        if let Some(error) = self.refused.get(&candidate.key(db)) {
            return Some(Err(Reason::NewError(error.clone())));
        }
        if diagnostic.code == Code::RedundantSetting
            && let Some(path) = self.set_elsewhere(db, diagnostic)
        {
            return Some(Err(Reason::OtherLayer(path)));
        }
        Some(Ok(candidate))
    }

    /// Applies a fix of the syntax, and with it what it hides in its line, if that mends them all.
    fn with_hidden(
        &self,
        before: &Errors,
        candidate: &Candidate,
    ) -> Option<(Database, Vec<Applied>)> {
        if candidate.diagnostic.code != Code::UnexpectedToken {
            return None;
        }
        let file = candidate.diagnostic.primary.file;
        let mut db = edited(&self.db, &[candidate]);
        let mut all = vec![applied(&self.db, candidate)];
        for _ in 0..HIDDEN_MAX {
            let line = all[0].line;
            let on_line = |it: &&Diagnostic| {
                let text = db.text(file);
                line_column(&text, it.primary.range.start().into()).0 == line
            };
            let next = db.diagnostics(file).iter().filter(on_line).find_map(|it| {
                match self.candidate(&db, it) {
                    Some(Ok(next)) => Some(next),
                    _ => None,
                }
            })?;
            all.push(applied(&db, &next));
            db = edited(&db, &[&next]);
            if new_error(before, &errors(&db, self.files), 1).is_none() {
                return Some((db, all));
            }
        }
        None
    }

    /// The other layer that says something about the option of a setting that repeats a default.
    fn set_elsewhere(&self, db: &Database, diagnostic: &Diagnostic) -> Option<Arc<str>> {
        let file = diagnostic.primary.file;
        // What is said twice in one file is in the layer still.
        if diagnostic.secondary.iter().any(|it| it.file == file) {
            return None;
        }
        let here = settings(db, file);
        let at = diagnostic.primary.range;
        let (_, package, option) = here.into_iter().find(|it| it.0 == at)?;
        let others = self.layers.iter().chain(self.files).filter(|it| **it != file);
        for other in others {
            let same = settings(db, *other).into_iter().any(|it| {
                it.2 == option && (it.1.is_none() || package.is_none() || it.1 == package)
            });
            if same {
                return Some(db.path(*other));
            }
        }
        None
    }
}

/// The files with the edits of some fixes, which do not touch.
fn edited(db: &Database, fixes: &[&Candidate]) -> Database {
    let mut by_file: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in fixes.iter().flat_map(|it| &it.edits) {
        by_file.entry(edit.file).or_default().push(edit);
    }
    // An edit of no file is a database with the same files.
    let mut edited = db.with_file(&db.path(Database::PACKAGE), Some(&db.text(Database::PACKAGE)));
    for (file, mut edits) in by_file {
        edits.sort_by_key(|it| it.range.start());
        let mut text = db.text(file).to_string();
        for edit in edits.iter().rev() {
            text.replace_range(range(edit), &edit.text);
        }
        edited = edited.with_file(&db.path(file), Some(&text));
    }
    edited
}

fn applied(db: &Database, candidate: &Candidate) -> Applied {
    let diagnostic = &candidate.diagnostic;
    let file = diagnostic.primary.file;
    let start = usize::from(diagnostic.primary.range.start());
    let (line, column) = line_column(&db.text(file), start);
    Applied {
        file,
        code: diagnostic.code,
        message: diagnostic.message.clone(),
        title: candidate.title.clone(),
        line,
        column,
    }
}

/// What a round has accepted so far, and the files with it.
struct Settled<'c> {
    accepted: Vec<&'c Candidate>,
    db: Option<Database>,
}

/// The settings of a layer: where, of which package, and which option. The package of a pattern is
/// not known.
fn settings(db: &Database, file: FileId) -> Vec<(TextRange, Option<Name>, Name)> {
    let lowered = db.lowered(file);
    let module: &Module = &lowered.module;
    let own = match module.kind {
        Some(ModuleKind::Override) => module.name.as_ref().map(|it| it.name.clone()),
        Some(ModuleKind::Overlay | ModuleKind::Project) => None,
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    for stmt in module.root.iter().flat_map(|it| &module.bodies[*it].stmts) {
        match &stmt.kind {
            StmtKind::Setting(setting) => {
                let place = lowered.map.span(setting.span);
                match (&own, &*setting.path) {
                    (Some(own), [option, ..]) => {
                        found.push((place, Some(own.clone()), option.name.clone()));
                    }
                    (None, [package, option, ..]) => {
                        found.push((place, Some(package.name.clone()), option.name.clone()));
                    }
                    _ => {}
                }
            }
            StmtKind::PkgsWhere { option, .. } => {
                found.push((lowered.map.span(stmt.span), None, option.name.clone()));
            }
            // A preset is a layer, too: what it sets is not looked up.
            StmtKind::Include(include) => {
                if let (Some(preset), Some(body)) = (include.path.last(), preset(db, &own, include))
                {
                    let place = lowered.map.span(preset.span);
                    found.extend(body.into_iter().map(|it| (place, it.0, it.1)));
                }
            }
            _ => {}
        }
    }
    found
}

/// The options that a preset sets.
fn preset(
    db: &Database,
    own: &Option<Name>,
    include: &kiln_lang::module::Include,
) -> Option<Vec<(Option<Name>, Name)>> {
    let (package, preset) = match (&*include.path, own) {
        ([preset], Some(own)) => (own.clone(), &preset.name),
        ([package, preset], _) => (package.name.clone(), &preset.name),
        _ => return None,
    };
    let schema = db.schema(db.package(&package)?);
    let body = schema.part(kiln_lang::module::PartKind::Preset, preset)?;
    let stmts = &schema.env.module().bodies[body].stmts;
    let options = stmts.iter().filter_map(|it| match &it.kind {
        StmtKind::Setting(it) => it.path.first().map(|it| it.name.clone()),
        _ => None,
    });
    Some(options.map(|it| (Some(package.clone()), it)).collect())
}

fn range(edit: &Edit) -> std::ops::Range<usize> {
    edit.range.start().into()..edit.range.end().into()
}

/// Whether no edit of `a` touches one of `b`.
fn apart(a: &[Edit], b: &[Edit]) -> bool {
    a.iter().all(|a| b.iter().all(|b| are_apart(a, b)))
}

fn each_apart(edits: &[Edit]) -> bool {
    edits.iter().enumerate().all(|(at, a)| edits[at + 1..].iter().all(|b| are_apart(a, b)))
}

/// Whether it does not matter which of two edits comes first.
fn are_apart(a: &Edit, b: &Edit) -> bool {
    a.file != b.file || a.range.end() < b.range.start() || b.range.end() < a.range.start()
}

//------ errors

/// Errors by file, code and message, with how often each is there.
type Errors = BTreeMap<(Arc<str>, Code, String), usize>;

/// The errors of the files, and of all that lie in the same folders of recipes.
fn errors(db: &Database, files: &[FileId]) -> Errors {
    let own = |it: &&str| !it.starts_with(crate::world::STD);
    let mut all: BTreeSet<FileId> = db.root_paths().filter(own).map(|it| db.file(it)).collect();
    all.extend(files);
    let mut errors = Errors::new();
    for file in all {
        for diagnostic in db.diagnostics(file).into_iter().filter(Diagnostic::is_error) {
            let key = (db.path(file), diagnostic.code, diagnostic.message);
            *errors.entry(key).or_default() += 1;
        }
    }
    errors
}

/// The first error that is in `after` and was not in `before`; or one that is still there, if not
/// as many as `mended` are gone.
fn new_error(before: &Errors, after: &Errors, mended: usize) -> Option<String> {
    let new = after.iter().find(|it| before.get(it.0).is_none_or(|before| before < it.1));
    let count = |errors: &Errors| errors.values().sum::<usize>();
    let still = || (count(after) + mended > count(before)).then(|| after.iter().next()).flatten();
    new.or_else(still).map(|it| format!("error[{}]: {}", it.0.1, it.0.2))
}

#[cfg(test)]
mod tests;
