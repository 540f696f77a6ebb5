//! Files of the user that a command rewrites: how they are found, read and replaced.
//!
//! A file changes as a whole or not at all: the new text goes to a file beside it, which then takes
//! its name. Where the file has several names, so that they go on to be one file, its text is
//! replaced instead; the file beside it stays until that is done. What another program saved
//! meanwhile is left as it is.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::fail::Fail;
use crate::terminal::{Style, Terminal, harmless};
use crate::workspace::find_project;

/// What is no recipe any more, in bytes: 64 MiB.
pub(crate) const FILE_BYTES_MAX: u64 = 64 << 20;

/// Why one file was not rewritten.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot list {}: {source}", path.display())]
    List { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is not UTF-8 text: byte {at} begins no character", path.display())]
    NotText { path: PathBuf, at: usize },
    #[error("{} is neither a file nor a folder", path.display())]
    NotAFile { path: PathBuf },
    #[error("{} has {bytes} bytes; files have up to {FILE_BYTES_MAX}", path.display())]
    TooLarge { path: PathBuf, bytes: u64 },
    #[error("cannot write {}: {source}; the whole new text is in {}", path.display(), kept.display())]
    Halfway { path: PathBuf, kept: PathBuf, source: io::Error },
    #[error("{} is read-only", path.display())]
    ReadOnly { path: PathBuf },
    #[error("{} was changed by another program meanwhile: it was left as it is", path.display())]
    Changed { path: PathBuf },
}

/// Says what became of one file; the others go on.
pub(crate) fn complain(terminal: Terminal, error: &FileError) {
    let text = harmless(&error.to_string());
    eprintln!("{} {text}", terminal.paint(Style::Red, "error:"));
}

/// The folder of the project, or the current one.
pub(crate) fn workspace_folder() -> Result<PathBuf, Fail> {
    let here = std::env::current_dir()
        .map_err(|source| Fail::Io { what: "cannot find the current folder".into(), source })?;
    Ok(match find_project().and_then(|it| it.parent().map(Path::to_owned)) {
        Some(folder) => folder,
        None => here,
    })
}

/// The changes of a file as a patch.
pub(crate) fn difference(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}

//------ finding files

/// The files to look at, each once: where they are, and how they are shown.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<(PathBuf, PathBuf)>,
    pub(crate) errors: Vec<FileError>,
    seen: BTreeSet<PathBuf>,
}

impl Found {
    /// Finds what the paths name: files, whatever they are called, and the `.kiln` files below
    /// folders; below the project's folder, or this one, if there are no paths.
    ///
    /// # Errors
    ///
    /// When there is no file at all. Paths that lead nowhere are in `errors`.
    pub(crate) fn at(paths: &[PathBuf]) -> Result<Found, Fail> {
        let here = [workspace_folder()?];
        let paths = if paths.is_empty() { &here } else { paths };
        let mut found = Found::default();
        for path in paths {
            found.add(path);
        }
        if found.files.is_empty() && found.errors.is_empty() {
            let folders: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
            return Err(Fail::Usage(format!("there is no .kiln file in {}", folders.join(", "))));
        }
        Ok(found)
    }

    /// Adds a file, whatever it is called, or the `.kiln` files below a folder. Links are followed.
    fn add(&mut self, path: &Path) {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(source) => {
                return self.errors.push(FileError::Read { path: path.to_owned(), source });
            }
        };
        if real.is_dir() {
            let shown = if path.is_absolute() { shortened(&real) } else { path.to_owned() };
            self.folder(&real, &real, &shown);
        } else if real.is_file() {
            self.file(real, path.to_owned());
        } else {
            self.errors.push(FileError::NotAFile { path: path.to_owned() });
        }
    }

    fn file(&mut self, real: PathBuf, shown: PathBuf) {
        if self.seen.insert(real.clone()) {
            self.files.push((real, shown));
        }
    }

    /// Adds what is below a folder, in the order of names. Links are followed if they stay below
    /// `root`; what begins with a dot is left out.
    fn folder(&mut self, root: &Path, real: &Path, shown: &Path) {
        if !self.seen.insert(real.to_owned()) {
            return;
        }
        let list = fs::read_dir(real).and_then(|it| it.collect::<io::Result<Vec<_>>>());
        let mut entries = match list {
            Ok(entries) => entries,
            Err(source) => {
                return self.errors.push(FileError::List { path: shown.to_owned(), source });
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // What is gone again, or leads nowhere, is nothing to rewrite.
            let Ok(path) = fs::canonicalize(entry.path()) else { continue };
            if !path.starts_with(root) {
                continue;
            }
            let below =
                if shown == Path::new(".") { PathBuf::from(&name) } else { shown.join(&name) };
            if path.is_dir() {
                self.folder(root, &path, &below);
            } else if path.is_file() && Path::new(&name).extension().is_some_and(|it| it == "kiln")
            {
                self.file(path, below);
            }
        }
    }
}

/// A path as people know it: relative to where they are, if it is below.
fn shortened(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    match here.ok().and_then(|it| path.strip_prefix(it).ok().map(Path::to_owned)) {
        Some(short) if short.as_os_str().is_empty() => PathBuf::from("."),
        Some(short) => short,
        None => path.to_owned(),
    }
}

//------ one file

/// A file as it was when it was read.
pub(crate) struct Original {
    pub(crate) text: String,
    metadata: Metadata,
}

/// Reads the file at `path`, which messages call `shown`.
pub(crate) fn read(path: &Path, shown: &Path) -> Result<Original, FileError> {
    let read = |source| FileError::Read { path: shown.to_owned(), source };
    let mut file = File::open(path).map_err(read)?;
    let metadata = file.metadata().map_err(read)?;
    if metadata.len() > FILE_BYTES_MAX {
        return Err(FileError::TooLarge { path: shown.to_owned(), bytes: metadata.len() });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(read)?;
    let text = String::from_utf8(bytes).map_err(|error| FileError::NotText {
        path: shown.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })?;
    Ok(Original { text, metadata })
}

/// Puts `text` in the place of the file at `path`, all of it or nothing.
pub(crate) fn replace(
    path: &Path,
    shown: &Path,
    before: &Original,
    text: &str,
) -> Result<(), FileError> {
    let before = &before.metadata;
    let write = |source| FileError::Write { path: shown.to_owned(), source };
    if before.permissions().readonly() {
        return Err(FileError::ReadOnly { path: shown.to_owned() });
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let result = write_beside(&beside, before, text).map_err(write).and_then(|()| {
        // Whoever saved the file since it was read meant what they saved.
        let now = fs::metadata(path).map_err(write)?;
        let same = |it: &Metadata| (it.ino(), it.size(), it.mtime(), it.mtime_nsec());
        if same(&now) != same(before) {
            return Err(FileError::Changed { path: shown.to_owned() });
        }
        if now.nlink() > 1 {
            let kept = shown.with_file_name(beside.file_name().unwrap_or_default());
            let halfway = |source| FileError::Halfway { path: shown.to_owned(), kept, source };
            overwrite(path, text).map_err(halfway)?;
            return fs::remove_file(&beside).map_err(write);
        }
        fs::rename(&beside, path).map_err(write)
    });
    if let Err(error) = result {
        if !matches!(error, FileError::Halfway { .. }) {
            let _ = fs::remove_file(&beside);
        }
        return Err(error);
    }
    // The name is on the disk when its folder is; without that, the old file is still whole.
    let _ = File::open(folder).and_then(|it| it.sync_all());
    Ok(())
}

/// Makes a file at `path`, where none is, all of it or nothing.
pub(crate) fn create(path: &Path, shown: &Path, text: &str) -> Result<(), FileError> {
    let write = |source| FileError::Write { path: shown.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let result = create_beside(&beside, text).and_then(|()| match fs::hard_link(&beside, path) {
        // Not every file system has links; there, a file that appeared just now is replaced.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(&beside, path),
        linked => linked,
    });
    let _ = fs::remove_file(&beside);
    match result {
        Ok(()) => {
            let _ = File::open(folder).and_then(|it| it.sync_all());
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(FileError::Changed { path: shown.to_owned() })
        }
        Err(error) => Err(write(error)),
    }
}

fn create_beside(path: &Path, text: &str) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Gives a file another text, whatever its names are.
fn overwrite(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

fn write_beside(path: &Path, like: &Metadata, text: &str) -> io::Result<()> {
    // What an earlier run of the same number left behind is nobody's.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    let mine = file.metadata()?;
    if (mine.uid(), mine.gid()) != (like.uid(), like.gid()) {
        std::os::unix::fs::fchown(&file, Some(like.uid()), Some(like.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(like.mode() & 0o7777))?;
    file.sync_all()
}
