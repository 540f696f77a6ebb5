//! `kiln.lock` beside the project file: reading it, and saying what is otherwise.

use std::path::{Path, PathBuf};

use kiln_eval::{LOCK_FILE, Lock, LockChange, LockChangeKind, LockError};
use kiln_lang::{Code, Database, Diagnostic, FileId, TextRange, WorldError};

use crate::fail::Fail;
use crate::render::shown_path;
use crate::rewrite::{self, FileError};
use crate::workshop::quoted;

/// How many changes one message shows in the lock.
const SHOWN_MAX: usize = 8;

/// The place of a project's lock, whether there is one or not.
#[derive(Debug, Clone)]
pub(crate) struct LockFile {
    /// The lock as a file of the database, so that its lines can be shown and a change of it is seen.
    pub(crate) file: FileId,
    path: PathBuf,
}

impl LockFile {
    /// The lock of a project.
    pub(crate) fn of(db: &Database, project: &Path) -> LockFile {
        let path = project.parent().unwrap_or(Path::new("/")).join(LOCK_FILE);
        LockFile { file: db.file(&path.display().to_string()), path }
    }

    /// The folder of the project.
    pub(crate) fn folder(&self) -> String {
        self.path.parent().unwrap_or(Path::new("/")).display().to_string()
    }

    /// As people know it.
    pub(crate) fn shown(&self) -> String {
        shown_path(&self.path.display().to_string())
    }

    /// Reads the lock; none if there is none.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn read(&self, db: &Database) -> Result<Option<Lock>, Box<Diagnostic>> {
        let bad = |message: String, range: TextRange| {
            Diagnostic::new(Code::BadLock, self.file, range, message)
        };
        match db.read_error(self.file) {
            None => {}
            Some(WorldError::NotFound) => return Ok(None),
            Some(error) => {
                let message = format!("cannot read `{}`: {error}", self.shown());
                return Err(Box::new(bad(message, TextRange::default())));
            }
        }
        let text = db.text(self.file);
        Lock::read(&text).map(Some).map_err(|error| {
            let LockError { message, range, label, help } = error;
            let message = format!("`{}` cannot be used: {message}", self.shown());
            Box::new(bad(message, range_of(&text, range)).here(label).help(help))
        })
    }

    /// Puts a lock in the place of the one that was read, if that is still there as it was.
    pub(crate) fn write(&self, db: &Database, text: &str) -> Result<(), Fail> {
        let shown = PathBuf::from(self.shown());
        let written = if db.read_error(self.file).is_none() {
            // A link stays one: what it leads to is replaced.
            let real = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
            rewrite::read(&real, &shown).and_then(|before| {
                match before.text == *db.text(self.file) {
                    true => rewrite::replace(&real, &shown, &before, text),
                    false => Err(FileError::Changed { path: shown.clone() }),
                }
            })
        } else {
            rewrite::create(&self.path, &shown, text)
        };
        written.map_err(Fail::File)
    }

    /// Says that choices differ from the lock: a warning, or with `--locked` an error. `asked` is what
    /// the command line wants, if it is that and not what the project wants.
    pub(crate) fn differs(
        &self,
        db: &Database,
        changes: &[LockChange],
        asked: &[String],
        locked: bool,
    ) -> Diagnostic {
        let text = db.text(self.file);
        let count = match changes.len() {
            1 => "1 change".to_owned(),
            count => format!("{count} changes"),
        };
        let name = self.shown();
        let (code, message) = if locked {
            (Code::Locked, format!("--locked allows no change of `{name}`, and there is {count}"))
        } else {
            (Code::StaleLock, format!("`{name}` is not what is chosen now: {count}"))
        };
        let message = match changes.len() {
            1 => message,
            _ => message.replace("there is ", "there are "),
        };
        let place = |it: &LockChange| range_of(&text, it.place_in(&text));
        let Some(first) = changes.first() else {
            return Diagnostic::new(code, self.file, TextRange::default(), message);
        };
        let mut diagnostic = Diagnostic::new(code, self.file, place(first), message);
        diagnostic = diagnostic.here(&first.text);
        // What is new has no place of its own.
        let mut likewise: Vec<&str> = Vec::new();
        for change in changes.iter().take(SHOWN_MAX).skip(1) {
            if place(change) == place(first) {
                likewise.push(&change.text);
            } else {
                diagnostic = diagnostic.label(self.file, place(change), &change.text);
            }
        }
        if !likewise.is_empty() {
            diagnostic = diagnostic.help(format!("likewise, {}", likewise.join("; ")));
        }
        if changes.len() > SHOWN_MAX {
            let more = changes.len() - SHOWN_MAX;
            diagnostic =
                diagnostic.help(format!("and {more} more: `kiln eval --diff-lock` lists all"));
        }
        let is_new = |it: &LockChange| it.kind == LockChangeKind::New;
        if changes.iter().any(LockChange::is_elsewhere) {
            diagnostic.help(
                "a lock is for one platform; without --locked its versions are taken for others, too",
            )
        } else if !asked.is_empty() && changes.iter().all(is_new) {
            let words: Vec<String> = asked.iter().map(|it| quoted(it)).collect();
            diagnostic.help(format!(
                "`kiln lock {}` locks this, beside what the project wants",
                words.join(" ")
            ))
        } else {
            diagnostic.help("`kiln lock` takes in what is chosen now")
        }
    }
}

fn range_of(text: &str, range: std::ops::Range<usize>) -> TextRange {
    let at = |it: usize| u32::try_from(it.min(text.len())).unwrap_or(u32::MAX);
    TextRange::new(at(range.start).into(), at(range.end.max(range.start)).into())
}
