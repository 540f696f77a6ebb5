//! `kiln fix`: what diagnostics know how to mend, mended in the files.
//!
//! What is applied, and what is not: `fixes.rs`. A file is rewritten as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use kiln_eval::setup;
use kiln_lang::{Code, Database, Diagnostic, FileId};
use kiln_store::Cancel;
use serde_json::{Value, json};

use crate::args::{Common, Layers};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::fixes::{self, Applied, Left, Outcome, Reason, Rules};
use crate::render;
use crate::rewrite::{self, FileError, Found, Original, complain};
use crate::signals;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::workspace::{Workspace, with_folders};
use crate::world::STD;

/// What to do with what was found.
pub(crate) struct How<'a> {
    /// Show the changes, and make none.
    pub(crate) dry_run: bool,
    /// The slugs of the only diagnostics that count; all do if there are none.
    pub(crate) only: &'a [String],
    /// Whether guesses are taken.
    pub(crate) guess: bool,
    /// Print it as JSON.
    pub(crate) json: bool,
}

/// A file that is to be fixed.
struct Target {
    id: FileId,
    path: PathBuf,
    shown: PathBuf,
    original: Original,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    files: &[PathBuf],
    layers: &Layers,
    how: &How<'_>,
) -> Result<Exit, Fail> {
    let rules = Rules { only: codes(how.only)?, guess: how.guess };
    let found = Found::at(files)?;
    let workspace = Workspace::open(&with_folders(layers, files), terminal, common.quiet)?;
    let layer_files = layer_files(&workspace);
    let mut failed = found.errors.len();
    for error in &found.errors {
        complain(terminal, error);
    }
    let known = known_paths(&workspace.db);
    let mut targets: Vec<Target> = Vec::new();
    for (path, shown) in found.files {
        match rewrite::read(&path, &shown) {
            Ok(original) => {
                let name = known.get(&path).cloned().unwrap_or_else(|| path.display().to_string());
                targets.push(Target { id: workspace.db.file(&name), path, shown, original });
            }
            Err(error) => {
                failed += 1;
                complain(terminal, &error);
            }
        }
    }
    // From here on, files are as they were read, whatever others write meanwhile.
    let Workspace { mut db, .. } = workspace;
    for target in &targets {
        db = db.with_file(&db.path(target.id), Some(&target.original.text));
    }
    let ids: Vec<FileId> = targets.iter().map(|it| it.id).collect();
    let outcome = fixes::apply(db, &ids, &layer_files, &rules);
    let changed: Vec<&Target> =
        targets.iter().filter(|it| *outcome.db.text(it.id) != *it.original.text).collect();
    let mut written: Vec<FileId> = Vec::new();
    if !how.dry_run {
        let cancel = Cancel::new()
            .map_err(|source| Fail::Io { what: "cannot listen to signals".into(), source })?;
        let _interrupt = signals::cancel_on_signals(&cancel);
        for target in &changed {
            if cancel.is_set() {
                return Err(Fail::Shown(Exit::Stopped));
            }
            match write(target, &outcome.db) {
                Ok(()) => written.push(target.id),
                Err(error) => {
                    failed += 1;
                    complain(terminal, &error);
                }
            }
        }
    }
    let report =
        Report { targets: &targets, changed: &changed, written: &written, outcome: &outcome, how };
    if how.json {
        print(&format!("{:#}\n", report.json()));
    } else {
        if how.dry_run {
            print(&report.patch());
        }
        if !common.quiet {
            report.say(terminal);
        }
    }
    Ok(if failed > 0 {
        Exit::Operator
    } else if how.dry_run && !changed.is_empty() {
        Exit::Author
    } else {
        Exit::Done
    })
}

fn write(target: &Target, db: &Database) -> Result<(), FileError> {
    rewrite::replace(&target.path, &target.shown, &target.original, &db.text(target.id))
}

/// The diagnostics with these slugs, which may be written as they stand in messages.
fn codes(slugs: &[String]) -> Result<Vec<Code>, Fail> {
    let mut codes = Vec::new();
    for slug in slugs {
        let slug = slug.trim();
        let slug = slug.split_once('[').map_or(slug, |it| it.1).trim_end_matches(']');
        match Code::from_slug(slug) {
            Some(code) => codes.push(code),
            None => {
                let near = kiln_lang::nearest(slug, Code::ALL.iter().map(|it| it.slug()));
                return Err(Fail::Usage(format!(
                    "there is no diagnostic `{slug}`{}",
                    kiln_lang::did_you_mean(&near)
                )));
            }
        }
    }
    Ok(codes)
}

/// The names that the files of the folders of recipes have in the database, by where they are.
fn known_paths(db: &Database) -> BTreeMap<PathBuf, String> {
    db.root_paths()
        .filter(|it| !it.starts_with(STD))
        .filter_map(|it| Some((fs::canonicalize(it).ok()?, it.to_owned())))
        .collect()
}

/// The files of the layers: the project, what it includes, and override files.
fn layer_files(workspace: &Workspace) -> Vec<FileId> {
    let mut files: Vec<FileId> = workspace.request.project.into_iter().collect();
    files.extend(&workspace.request.overrides);
    if let Ok((setup, _)) = setup(&workspace.db, &workspace.request) {
        files.extend(setup.layers.iter().map(|it| it.checked.file));
    }
    files.sort();
    files.dedup();
    files
}

//------ what is said

struct Report<'a> {
    targets: &'a [Target],
    changed: &'a [&'a Target],
    written: &'a [FileId],
    outcome: &'a Outcome,
    how: &'a How<'a>,
}

impl Report<'_> {
    fn patch(&self) -> String {
        let difference = |it: &&Target| {
            let name = harmless(&it.shown.display().to_string());
            rewrite::difference(&name, &it.original.text, &self.outcome.db.text(it.id))
        };
        self.changed.iter().map(difference).collect()
    }

    fn shown(&self, file: FileId) -> String {
        match self.targets.iter().find(|it| it.id == file) {
            Some(target) => harmless(&target.shown.display().to_string()),
            None => render::shown_path(&self.outcome.db.path(file)),
        }
    }

    fn applied_to(&self, file: FileId) -> impl Iterator<Item = &Applied> {
        self.outcome.applied.iter().filter(move |it| it.file == file)
    }

    fn say(&self, terminal: Terminal) {
        let verb = if self.how.dry_run { "would fix" } else { "fixed" };
        for target in self.changed {
            if !self.how.dry_run && !self.written.contains(&target.id) {
                continue;
            }
            eprintln!("{verb} {}", self.shown(target.id));
            let mut fixes: Vec<&Applied> = self.applied_to(target.id).collect();
            fixes.sort_by_key(|it| (it.line, it.column));
            for it in fixes {
                let code = terminal.paint(Style::Dim, &format!("[{}]", it.code));
                eprintln!("  {}:{} {code} {}", it.line, it.column, harmless(&it.message));
                eprintln!("    {}", terminal.paint(Style::Green, &harmless(&it.title)));
            }
        }
        for left in &self.outcome.left {
            if let Some(reason) = said(left) {
                let (line, column) = self.place(&left.diagnostic);
                let path = self.shown(left.diagnostic.primary.file);
                let code = left.diagnostic.code;
                eprintln!(
                    "left {path}:{line}:{column} [{code}] {}",
                    harmless(&left.diagnostic.message)
                );
                eprintln!("    {}", harmless(&reason));
            }
        }
        if self.targets.is_empty() {
            return;
        }
        let mut parts = Vec::new();
        // What could not be written has been said, and is as it was.
        let done: Vec<FileId> = match self.how.dry_run {
            true => self.changed.iter().map(|it| it.id).collect(),
            false => self.written.to_vec(),
        };
        let count = done.iter().map(|it| self.applied_to(*it).count()).sum();
        match count {
            0 if self.changed.is_empty() => parts.push("nothing to fix".to_owned()),
            0 => parts.push("nothing was fixed".to_owned()),
            1 => parts.push(format!("1 fix in {}", render::files(done.len()))),
            count => parts.push(format!("{count} fixes in {}", render::files(done.len()))),
        }
        if done.len() < self.changed.len() {
            return eprintln!("{}", parts.join("; "));
        }
        let rest: Vec<Diagnostic> =
            self.targets.iter().flat_map(|it| self.outcome.db.diagnostics(it.id)).collect();
        if !rest.is_empty() {
            parts.push(format!("{} left: `kiln check` shows them", render::summary(&rest)));
        }
        eprintln!("{}", parts.join("; "));
        let guesses = self.outcome.left.iter().filter(|it| it.reason == Reason::Guess).count();
        if guesses > 0 {
            let more = if guesses == 1 { "1 more".to_owned() } else { format!("{guesses} more") };
            eprintln!(
                "  {} --guess also tries what was probably meant: {more}",
                terminal.paint(Style::Cyan, "help:")
            );
        }
        if self.outcome.endless {
            eprintln!(
                "  {} stopped after {} rounds, and there was still something to do: run it again",
                terminal.paint(Style::Cyan, "help:"),
                fixes::ROUNDS_MAX
            );
        }
    }

    fn place(&self, diagnostic: &Diagnostic) -> (usize, usize) {
        let text = self.outcome.db.text(diagnostic.primary.file);
        render::line_column(&text, diagnostic.primary.range.start().into())
    }

    fn json(&self) -> Value {
        let files: Vec<Value> = self
            .changed
            .iter()
            .map(|target| {
                let fixes: Vec<Value> = self
                    .applied_to(target.id)
                    .map(|it| {
                        json!({
                            "code": it.code.slug(),
                            "message": it.message,
                            "title": it.title,
                            "line": it.line,
                            "column": it.column,
                        })
                    })
                    .collect();
                json!({
                    "path": target.shown.display().to_string(),
                    "written": self.written.contains(&target.id),
                    "fixes": fixes,
                    "difference": rewrite::difference(
                        &target.shown.display().to_string(),
                        &target.original.text,
                        &self.outcome.db.text(target.id),
                    ),
                })
            })
            .collect();
        let left: Vec<Value> = self
            .outcome
            .left
            .iter()
            .map(|it| {
                let (line, column) = self.place(&it.diagnostic);
                json!({
                    "path": self.shown(it.diagnostic.primary.file),
                    "code": it.diagnostic.code.slug(),
                    "message": it.diagnostic.message,
                    "line": line,
                    "column": column,
                    "fixes": it.diagnostic.fixes.iter().map(|it| &it.title).collect::<Vec<_>>(),
                    "reason": word(&it.reason),
                })
            })
            .collect();
        json!({ "schema": "kiln-fix/1", "files": files, "left": left })
    }
}

/// Why a fix was not applied, if that is worth a line of its own.
fn said(left: &Left) -> Option<String> {
    let titles: Vec<&str> = left.diagnostic.fixes.iter().map(|it| it.title.as_str()).collect();
    match &left.reason {
        Reason::Guess => None,
        Reason::Several => Some(format!("there are {} ways: {}", titles.len(), titles.join("; "))),
        Reason::NewError(error) => {
            Some(format!("not done ({}), because then: {error}", titles.join("; ")))
        }
        Reason::OtherLayer(path) => {
            Some(format!("not removed, because {} sets it too", render::shown_path(path)))
        }
    }
}

fn word(reason: &Reason) -> &'static str {
    match reason {
        Reason::Guess => "guess",
        Reason::Several => "several",
        Reason::NewError(_) => "new-error",
        Reason::OtherLayer(_) => "other-layer",
    }
}
