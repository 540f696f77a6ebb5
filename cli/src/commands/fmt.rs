//! `kiln fmt`: files written the way all are written.
//!
//! A file changes as a whole or not at all: the new text goes to a file beside it, which then takes
//! its name. A file with mistakes in its syntax is left alone, and the mistakes are shown.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_lang::{Code, Database, Diagnostic, MemoryWorld};
use kiln_store::Cancel;

use crate::args::Common;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::render;
use crate::rewrite::{self, FILE_BYTES_MAX, FileError, Found, complain, difference};
use crate::signals;
use crate::terminal::{Terminal, harmless, print};

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
    let found = Found::at(files)?;
    let mut tally = Tally { failed: found.errors.len(), ..Tally::default() };
    for error in &found.errors {
        complain(terminal, error);
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

fn conclude(tally: &Tally, how: How, quiet: bool) -> Exit {
    let mut parts = Vec::new();
    match (tally.changed, how.writes()) {
        (0, _) => {}
        (count, true) => parts.push(format!("{} formatted", render::files(count))),
        (count, false) => parts.push(format!("{} not formatted", render::files(count))),
    }
    let as_they_were = tally.all.saturating_sub(tally.changed + tally.wrong + tally.failed);
    if as_they_were > 0 {
        parts.push(format!(
            "{} fine as {}",
            render::files(as_they_were),
            if as_they_were == 1 { "it is" } else { "they are" }
        ));
    }
    if tally.wrong > 0 {
        parts.push(format!("{} left alone because of mistakes", render::files(tally.wrong)));
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

//------ one file

enum Outcome {
    AsItWas,
    Changed,
    /// There are mistakes in its syntax.
    Wrong,
}

fn one(path: &Path, shown: &Path, how: How, terminal: Terminal) -> Result<Outcome, FileError> {
    let original = rewrite::read(path, shown)?;
    let text = &original.text;
    let formatted = kiln_lang::format(text);
    if !formatted.skipped.is_empty() {
        show_mistakes(&path.display().to_string(), text, terminal);
        return Ok(Outcome::Wrong);
    }
    if formatted.text == *text {
        return Ok(Outcome::AsItWas);
    }
    if how.check && !how.diff {
        print(&format!("{}\n", harmless(&shown.display().to_string())));
    }
    if how.diff {
        print(&difference(&shown.display().to_string(), text, &formatted.text));
    }
    if how.writes() {
        rewrite::replace(path, shown, &original, &formatted.text)?;
    }
    Ok(Outcome::Changed)
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
