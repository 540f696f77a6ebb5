//! What is wrong, for every file that the user may change.
//!
//! The open files come first, the one that was edited before all others. What has not changed since
//! it was published is not published again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kiln_lang::{Checked, Code, Database, FileId, WorldError};

use crate::convert;
use crate::scope::Scope;
use crate::snapshot::Snapshot;

/// What is wrong with a file.
pub(crate) struct Found {
    /// How many edits there had been.
    pub(crate) generation: u64,
    /// Which search found it: a later one knows more.
    pub(crate) search: u64,
    /// The file.
    pub(crate) path: String,
    /// The file as it was found.
    pub(crate) checked: Arc<Checked>,
    pub(crate) uri: lsp_types::Uri,
    pub(crate) version: Option<i32>,
    pub(crate) diagnostics: Vec<lsp_types::Diagnostic>,
}

/// What each file was when it was published last. What was found and not published is not here, so
/// it is found again.
#[derive(Default)]
pub(crate) struct Seen {
    checked: Mutex<HashMap<String, Arc<Checked>>>,
}

impl Seen {
    /// Whether a file is as it was published.
    fn is_same(&self, path: &str, checked: &Arc<Checked>) -> bool {
        let seen = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(path).is_some_and(|it| Arc::ptr_eq(it, checked))
    }

    /// Remembers how a file is that is published.
    pub(crate) fn publish(&self, path: &str, checked: Arc<Checked>) {
        let mut seen = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(path.to_owned(), checked);
    }

    /// Forgets a file: it will be found anew.
    pub(crate) fn forget(&self, path: &str) {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }
}

/// Finds out what is wrong with every file, `first` before others, until an edit makes it useless;
/// and which folders of recipes cannot be listed.
pub(crate) fn find(
    snapshot: &Snapshot,
    seen: &Seen,
    search: u64,
    first: Option<&str>,
    mut report: impl FnMut(Found),
    mut unlisted: impl FnMut(&str, &WorldError),
) {
    for scope in &*snapshot.scopes {
        for (root, error) in scope.db.root_errors() {
            unlisted(root, error);
        }
    }
    let mut open: Vec<&String> = snapshot.documents.keys().collect();
    open.sort_by_key(|it| first != Some(it.as_str()));
    for path in open {
        let Some(scope) = snapshot.scope(path) else { continue };
        let file = scope.db.file(path);
        if snapshot.is_stale() {
            return;
        }
        one(snapshot, scope, file, (seen, search), &mut report);
    }
    for scope in &*snapshot.scopes {
        for file in snapshot.own_files(scope) {
            if snapshot.is_stale() {
                return;
            }
            // A file of two scopes is that of its own.
            let path = scope.db.path(file);
            let is_mine = snapshot.scope(&path).is_none_or(|it| it.key == scope.key);
            if is_mine && !snapshot.documents.contains_key(&*path) {
                one(snapshot, scope, file, (seen, search), &mut report);
            }
        }
    }
}

/// Finds out what is wrong with a file now.
pub(crate) fn of_file(
    snapshot: &Snapshot,
    scope: &Scope,
    file: FileId,
) -> Vec<lsp_types::Diagnostic> {
    let checked = scope.db.checked(file);
    all(snapshot, scope, &scope.db, file, &checked)
}

fn one(
    snapshot: &Snapshot,
    scope: &Scope,
    file: FileId,
    (seen, search): (&Seen, u64),
    report: &mut impl FnMut(Found),
) {
    let db = &scope.db;
    let path = db.path(file).to_string();
    let checked = db.checked(file);
    if seen.is_same(&path, &checked) {
        return;
    }
    let Some(uri) = snapshot.uri(db, file) else { return };
    let diagnostics = all(snapshot, scope, db, file, &checked);
    let version = snapshot.documents.get(&path).map(|it| it.version);
    let generation = snapshot.generation;
    report(Found { generation, search, path, checked, uri, version, diagnostics });
}

/// What is wrong with a file by itself, and what evaluation found wrong at places in it.
fn all(
    snapshot: &Snapshot,
    scope: &Scope,
    db: &Database,
    file: FileId,
    checked: &Checked,
) -> Vec<lsp_types::Diagnostic> {
    // Of most files nothing is to be said, and there may be thousands.
    let evaluated = snapshot.evaluations.of_scope(&scope.key);
    if checked.diagnostics.is_empty() && evaluated.iter().all(|it| it.diagnostics.is_empty()) {
        return Vec::new();
    }
    let lines = snapshot.lines(db, file);
    let mut out: Vec<lsp_types::Diagnostic> = Vec::new();
    for diagnostic in &checked.diagnostics {
        // That something cannot be read is said where it is named; a document that is not saved
        // yet has nothing to be read.
        if diagnostic.code == Code::UnreadableFile
            && snapshot.documents.contains_key(&*db.path(file))
            && diagnostic.primary.range.is_empty()
        {
            continue;
        }
        out.push(convert::diagnostic(snapshot, db, &lines, diagnostic));
    }
    let path = db.path(file);
    let text = db.text(file);
    for evaluated in snapshot.evaluations.of_scope(&scope.key) {
        let other = evaluated.db.file(&path);
        // Places in an older text mean nothing.
        if evaluated.db.text(other) != text {
            continue;
        }
        for diagnostic in evaluated.diagnostics.iter().filter(|it| it.primary.file == other) {
            let converted = convert::diagnostic(snapshot, &evaluated.db, &lines, diagnostic);
            let known =
                out.iter().any(|it| it.range == converted.range && it.code == converted.code);
            if !known {
                out.push(converted);
            }
        }
    }
    out
}
