//! `kiln fmt`: files written the way all are written.
//!
//! A file changes as a whole or not at all: the new text goes to a file beside it, which then takes
//! its name. A file with mistakes in its syntax is left alone, and the mistakes are shown.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_lang::{Code, Database, Diagnostic, MemoryWorld};
use kiln_store::Cancel;
use similar::TextDiff;

use crate::args::Common;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::render;
use crate::signals;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::workspace::find_project;

/// What is no recipe any more, in bytes: 64 MiB.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// What to do with files that would change.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// List them and fail.
    pub(crate) check: bool,
    /// Show how.
    pub(crate) diff: bool,
}

impl How {
    fn writes(self) -> bool {
        !self.check && !self.diff
    }
}

/// Why one file was not formatted.
#[derive(Debug, thiserror::Error)]
enum FileError {
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
    #[error("{} is read-only", path.display())]
    ReadOnly { path: PathBuf },
    #[error("{} was changed by another program meanwhile: it was left as it is", path.display())]
    Changed { path: PathBuf },
}

/// What became of the files.
#[derive(Default)]
struct Tally {
    all: usize,
    changed: usize,
    /// Files with mistakes in their syntax.
    wrong: usize,
    /// Files that could not be read or written.
    failed: usize,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    files: &[PathBuf],
    how: How,
) -> Result<Exit, Fail> {
    if files.iter().any(|it| it.as_os_str() == "-") {
        if files.len() > 1 {
            return Err(Fail::Usage("`-` stands alone: give it no files besides".into()));
        }
        return standard_input(terminal, how);
    }
    let here = [workspace_folder()?];
    let mut found = Found::default();
    for path in if files.is_empty() { &here } else { files } {
        found.add(path);
    }
    let mut tally = Tally { failed: found.errors.len(), ..Tally::default() };
    for error in &found.errors {
        complain(terminal, error);
    }
    if found.files.is_empty() && found.errors.is_empty() {
        let folders: Vec<String> = if files.is_empty() { &here } else { files }
            .iter()
            .map(|it| it.display().to_string())
            .collect();
        return Err(Fail::Usage(format!("there is no .kiln file in {}", folders.join(", "))));
    }
    let cancel = Cancel::new()
        .map_err(|source| Fail::Io { what: "cannot listen to signals".into(), source })?;
    let _interrupt = how.writes().then(|| signals::cancel_on_signals(&cancel));
    for (path, shown) in &found.files {
        if cancel.is_set() {
            return Err(Fail::Shown(Exit::Stopped));
        }
        tally.all += 1;
        match one(path, shown, how, terminal) {
            Ok(Outcome::AsItWas) => {}
            Ok(Outcome::Changed) => {
                tally.changed += 1;
                if how.writes() && !common.quiet {
                    eprintln!("formatted {}", harmless(&shown.display().to_string()));
                }
            }
            Ok(Outcome::Wrong) => tally.wrong += 1,
            Err(error) => {
                tally.failed += 1;
                complain(terminal, &error);
            }
        }
    }
    Ok(conclude(&tally, how, common.quiet))
}

fn complain(terminal: Terminal, error: &FileError) {
    let text = harmless(&error.to_string());
    eprintln!("{} {text}", terminal.paint(Style::Red, "error:"));
}

fn conclude(tally: &Tally, how: How, quiet: bool) -> Exit {
    let files = |count: usize| if count == 1 { "1 file".into() } else { format!("{count} files") };
    let mut parts = Vec::new();
    match (tally.changed, how.writes()) {
        (0, _) => {}
        (count, true) => parts.push(format!("{} formatted", files(count))),
        (count, false) => parts.push(format!("{} not formatted", files(count))),
    }
    let as_they_were = tally.all.saturating_sub(tally.changed + tally.wrong + tally.failed);
    if as_they_were > 0 {
        parts.push(format!(
            "{} fine as {}",
            files(as_they_were),
            if as_they_were == 1 { "it is" } else { "they are" }
        ));
    }
    if tally.wrong > 0 {
        parts.push(format!("{} left alone because of mistakes", files(tally.wrong)));
    }
    if !quiet && !parts.is_empty() {
        eprintln!("{}", parts.join(", "));
    }
    if tally.failed > 0 {
        Exit::Operator
    } else if tally.wrong > 0 || how.check && tally.changed > 0 {
        Exit::Author
    } else {
        Exit::Done
    }
}

/// The folder of the project, or the current one.
fn workspace_folder() -> Result<PathBuf, Fail> {
    let here = std::env::current_dir()
        .map_err(|source| Fail::Io { what: "cannot find the current folder".into(), source })?;
    Ok(match find_project().and_then(|it| it.parent().map(Path::to_owned)) {
        Some(folder) => folder,
        None => here,
    })
}

//------ finding files

/// The files to look at, each once: where they are, and how they are shown.
#[derive(Default)]
struct Found {
    files: Vec<(PathBuf, PathBuf)>,
    seen: BTreeSet<PathBuf>,
    errors: Vec<FileError>,
}

impl Found {
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
            // What is gone again, or leads nowhere, is nothing to format.
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

enum Outcome {
    AsItWas,
    Changed,
    /// There are mistakes in its syntax.
    Wrong,
}

fn one(path: &Path, shown: &Path, how: How, terminal: Terminal) -> Result<Outcome, FileError> {
    let read = |source| FileError::Read { path: shown.to_owned(), source };
    let mut file = File::open(path).map_err(read)?;
    let before = file.metadata().map_err(read)?;
    if before.len() > FILE_BYTES_MAX {
        return Err(FileError::TooLarge { path: shown.to_owned(), bytes: before.len() });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(read)?;
    let text = String::from_utf8(bytes).map_err(|error| FileError::NotText {
        path: shown.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })?;
    let formatted = kiln_lang::format(&text);
    if !formatted.skipped.is_empty() {
        show_mistakes(&path.display().to_string(), &text, terminal);
        return Ok(Outcome::Wrong);
    }
    if formatted.text == text {
        return Ok(Outcome::AsItWas);
    }
    if how.check && !how.diff {
        print(&format!("{}\n", harmless(&shown.display().to_string())));
    }
    if how.diff {
        print(&difference(&shown.display().to_string(), &text, &formatted.text));
    }
    if how.writes() {
        replace(path, shown, &before, &formatted.text)?;
    }
    Ok(Outcome::Changed)
}

/// The changes as a patch.
fn difference(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}

/// Shows what is wrong with the syntax of a text, and nothing else.
fn show_mistakes(path: &str, text: &str, terminal: Terminal) {
    let mut world = MemoryWorld::new();
    world.insert(path, text);
    let db = Database::new(Arc::new(world), Vec::new());
    let mistakes: Vec<Diagnostic> = db
        .diagnostics(db.file(path))
        .iter()
        .filter(|it| {
            matches!(
                it.code,
                Code::UnexpectedToken
                    | Code::UnclosedBracket
                    | Code::UnclosedString
                    | Code::UnknownCharacter
                    | Code::NestedTooDeep
            )
        })
        .cloned()
        .collect();
    eprint!("{}", render::render(&db, &mistakes, &terminal));
}

/// Puts `text` in the place of the file at `path`, all of it or nothing.
fn replace(path: &Path, shown: &Path, before: &Metadata, text: &str) -> Result<(), FileError> {
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
        fs::rename(&beside, path).map_err(write)
    });
    if result.is_err() {
        let _ = fs::remove_file(&beside);
        return result;
    }
    // The name is on the disk when its folder is; without that, the old file is still whole.
    let _ = File::open(folder).and_then(|it| it.sync_all());
    Ok(())
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

//------ standard input

fn standard_input(terminal: Terminal, how: How) -> Result<Exit, Fail> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|source| Fail::Io { what: "cannot read standard input".into(), source })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Fail::Usage(format!("standard input has more than {FILE_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Fail::Usage(format!("standard input is not UTF-8 text: byte {at} begins no character"))
    })?;
    let formatted = kiln_lang::format(&text);
    if !formatted.skipped.is_empty() {
        show_mistakes("standard input", &text, terminal);
        return Err(Fail::Shown(Exit::Author));
    }
    let differs = formatted.text != text;
    if how.diff {
        print(&difference("standard input", &text, &formatted.text));
    } else if !how.check {
        print(&formatted.text);
    }
    Ok(if how.check && differs { Exit::Author } else { Exit::Done })
}
