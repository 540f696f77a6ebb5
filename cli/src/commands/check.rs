//! `kiln check`: everything that is wrong with recipes and override files, all in one run.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use kiln_lang::{Database, Diagnostic, FileId, on_threads};
use serde_json::json;

use crate::args::{Common, Layers};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::recall::Recall;
use crate::render;
use crate::sarif::to_sarif;
use crate::terminal::{Terminal, print};
use crate::workspace::{Workspace, absolute, own_files, threads, with_folders};

/// How what is wrong is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// As JSON of our own.
    Json,
    /// As SARIF 2.1.0.
    Sarif,
}

impl Form {
    /// Returns what the switches of the command line ask for.
    pub(crate) fn of(json: bool, sarif: bool) -> Form {
        match (json, sarif) {
            (_, true) => Form::Sarif,
            (true, false) => Form::Json,
            (false, false) => Form::Text,
        }
    }
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    files: &[PathBuf],
    with_std: bool,
    layers: &Layers,
    form: Form,
) -> Result<Exit, Fail> {
    let recall = match form {
        Form::Text => Recall::of_question("check", layers, &(files, with_std)),
        Form::Json | Form::Sarif => None,
    };
    if let Some(count) = recall.as_ref().and_then(Recall::answer).and_then(|it| it.parse().ok()) {
        say_nothing_is_wrong(common, count);
        return Ok(Exit::Done);
    }
    let workspace = Workspace::open(&with_folders(layers, files), terminal, common.quiet)?;
    let ids = match files {
        [] => own_files(&workspace, with_std),
        _ => named_files(&workspace.db, files)?,
    };
    if ids.is_empty() {
        return Err(Fail::Usage(
            "nothing to check: name files, or give --recipes, or --std".into(),
        ));
    }
    check_on_all_cores(&workspace.db, &ids);
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for id in &ids {
        diagnostics.extend(workspace.db.diagnostics(*id));
    }
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    match form {
        Form::Json => {
            let all = render::to_json(&workspace.db, &diagnostics);
            print(&format!("{:#}\n", json!({"schema": "kiln-check/1", "diagnostics": all})));
        }
        Form::Sarif => print(&format!("{:#}\n", to_sarif(&workspace.db, &diagnostics))),
        Form::Text if !diagnostics.is_empty() => {
            eprint!("{}", render::render(&workspace.db, &diagnostics, &terminal));
            eprintln!("{} in {}", render::summary(&diagnostics), render::files(ids.len()));
        }
        Form::Text => {
            if let Some(recall) = &recall {
                recall.keep_answer(&workspace, &ids.len().to_string());
            }
            say_nothing_is_wrong(common, ids.len());
        }
    }
    Ok(if failed { Exit::Author } else { Exit::Done })
}

/// The files that paths name, each once: of a folder, the `.kiln` files below it.
fn named_files(db: &Database, paths: &[PathBuf]) -> Result<Vec<FileId>, Fail> {
    let mut ids = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let whole = absolute(path)?;
        let text = whole.display().to_string();
        let mut found = vec![text.clone()];
        if whole.is_dir() {
            let below = db.world().list(&text).map_err(|error| {
                let what = format!("cannot list {}", path.display());
                Fail::Io { what, source: io::Error::other(error.to_string()) }
            })?;
            found = below.iter().map(|it| format!("{}/{it}", text.trim_end_matches('/'))).collect();
            if found.is_empty() {
                let message = format!("there is no .kiln file in {}", path.display());
                return Err(Fail::Usage(message));
            }
        }
        let files = found.iter().map(|it| db.file(it));
        ids.extend(files.filter(|it| seen.insert(*it)));
    }
    Ok(ids)
}

/// Has the database find out what is wrong with each file. What it says of one does not depend on
/// which was asked for first, and is remembered.
fn check_on_all_cores(db: &Database, files: &[FileId]) {
    let next = AtomicUsize::new(0);
    on_threads(threads().min(NonZeroUsize::MIN.saturating_add(files.len() / FILES_MIN)), || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let _ = db.diagnostics(*file);
        }
    });
}

fn say_nothing_is_wrong(common: &Common, count: usize) {
    if !common.quiet {
        eprintln!("nothing is wrong in {}", render::files(count));
    }
}

/// How many files are worth a thread.
const FILES_MIN: usize = 16;
