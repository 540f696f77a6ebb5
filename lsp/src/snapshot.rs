//! What a handler sees: everything as it was when the request came.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kiln_lang::ide::FilePosition;
use kiln_lang::{Database, FileId};
use lsp_server::ErrorCode;
use lsp_types::{Position, TextDocumentPositionParams, Uri};

use crate::capabilities::Client;
use crate::document::Document;
use crate::evaluation::Evaluations;
use crate::extract::Extract;
use crate::lines::Lines;
use crate::paths::{path_of, uri_of};
use crate::scope::{Scope, ScopeKey};
use crate::world::EditorWorld;
use crate::{Config, facts::KnownFacts};

/// Everything as it was at one moment.
#[derive(Clone)]
pub(crate) struct Snapshot {
    /// How many edits there had been.
    pub(crate) generation: u64,
    /// How many there are now.
    pub(crate) current: Arc<AtomicU64>,
    pub(crate) config: Arc<Config>,
    pub(crate) client: Arc<Client>,
    pub(crate) world: Arc<EditorWorld>,
    pub(crate) extract: Option<Arc<Extract>>,
    pub(crate) folders: Arc<Vec<String>>,
    /// The open documents, by path.
    pub(crate) documents: Arc<BTreeMap<String, Document>>,
    pub(crate) scopes: Arc<Vec<Scope>>,
    pub(crate) evaluations: Arc<Evaluations>,
}

/// A file of a request, in the scope that it belongs to.
pub(crate) struct Located {
    pub(crate) scope: Scope,
    pub(crate) db: Arc<Database>,
    pub(crate) file: FileId,
    pub(crate) path: String,
    pub(crate) lines: Lines,
}

/// Why a request is not answered.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: i32,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Refused {
        Refused { code: code as i32, message: message.into() }
    }

    /// The request cannot be fulfilled, and the user should know why.
    pub(crate) fn because(message: impl Into<String>) -> Refused {
        Refused::new(ErrorCode::RequestFailed, message)
    }
}

impl Snapshot {
    /// Whether files have been edited since.
    pub(crate) fn is_stale(&self) -> bool {
        self.current.load(Ordering::Acquire) != self.generation
    }

    /// Returns the path that an address means, also of files that are part of the program.
    pub(crate) fn path(&self, uri: &Uri) -> String {
        let path = path_of(uri);
        match self.extract.as_ref().and_then(|it| it.world_path(&path)) {
            Some(path) => path,
            None => path,
        }
    }

    /// Returns the address of a file, as the client writes it if it has it open.
    pub(crate) fn uri(&self, db: &Database, file: FileId) -> Option<Uri> {
        let path = db.path(file);
        if let Some(document) = self.documents.get(&*path) {
            return Some(document.uri.clone());
        }
        if path.starts_with('/') {
            return uri_of(&path);
        }
        let written = self.extract.as_ref()?.file(&path, &db.text(file))?;
        uri_of(written.to_str()?)
    }

    /// Whether the user may change a file.
    pub(crate) fn can_edit(&self, db: &Database, file: FileId) -> bool {
        !Database::is_builtin(file) && !db.path(file).starts_with(&self.config.std_root)
    }

    /// Whether a path is that of a file that is part of the program.
    pub(crate) fn is_program(&self, path: &str) -> bool {
        path.starts_with(&self.config.std_root) || path.starts_with("builtin:")
    }

    /// Returns the scope that a path belongs to.
    pub(crate) fn scope(&self, path: &str) -> Option<&Scope> {
        // What is part of the program belongs to all, and is shown as the first one sees it.
        if self.is_program(path) {
            return self.scopes.first();
        }
        let key = ScopeKey::of(path, &self.folders, &self.world);
        self.scopes.iter().find(|it| it.key == key).or_else(|| self.scopes.first())
    }

    /// Finds the file of a request.
    pub(crate) fn locate(&self, uri: &Uri) -> Result<Located, Refused> {
        let path = self.path(uri);
        let Some(scope) = self.scope(&path) else {
            return Err(Refused::because(format!("{} belongs to no folder", uri.as_str())));
        };
        let db = scope.db.clone();
        let file = db.file(&path);
        let lines = self.lines(&db, file);
        Ok(Located { scope: scope.clone(), db, file, path, lines })
    }

    /// Returns the lines of a file.
    pub(crate) fn lines(&self, db: &Database, file: FileId) -> Lines {
        Lines::new(db.text(file), self.client.encoding)
    }

    /// Returns what evaluation knows that matters to a file.
    pub(crate) fn facts(&self, located: &Located) -> KnownFacts {
        self.evaluations.facts(&located.scope.key, &located.path, self.generation)
    }

    /// Returns all files that the user may change, with the scope that each belongs to.
    pub(crate) fn own_files(&self, scope: &Scope) -> Vec<FileId> {
        let mut files = scope.own_files(&self.config.std_root);
        // Documents that are not saved yet.
        for path in self.documents.keys() {
            let mine = ScopeKey::of(path, &self.folders, &self.world) == scope.key;
            if mine && !self.is_program(path) {
                files.push(scope.db.file(path));
            }
        }
        files.sort_unstable();
        files.dedup();
        files
    }
}

impl Located {
    /// Returns the place that a position of the client means.
    pub(crate) fn position(&self, position: Position) -> FilePosition {
        FilePosition { file: self.file, offset: self.lines.offset(position) }
    }
}

/// Finds the place of a request.
pub(crate) fn place(
    snapshot: &Snapshot,
    params: &TextDocumentPositionParams,
) -> Result<(Located, FilePosition), Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let position = located.position(params.position);
    Ok((located, position))
}
