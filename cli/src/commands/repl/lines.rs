//! Where lines come from: a terminal, with editing and history, or a pipe.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};

use crate::fail::Fail;
use crate::folders::{Purpose, folder};

/// How many lines are kept.
const HISTORY_MAX: usize = 10_000;

/// What a pipe may say in one go, in bytes: 16 MiB.
const LINE_BYTES_MAX: usize = 16 << 20;

/// What was typed.
pub(super) enum Line {
    /// A line, or several that belong together.
    Text(String),
    /// Nothing: the user gave it up.
    Dropped,
    /// There is no more.
    End,
}

pub(super) enum Lines {
    Terminal { editor: Box<Editor<Completion, FileHistory>>, history: Option<PathBuf> },
    Pipe,
}

impl Lines {
    pub(super) fn open() -> Result<Lines, Fail> {
        if !io::stdin().is_terminal() {
            return Ok(Lines::Pipe);
        }
        let failed = |error: ReadlineError| Fail::Io {
            what: "cannot use the terminal".into(),
            source: io::Error::other(error),
        };
        let config = Config::builder().max_history_size(HISTORY_MAX).map_err(failed)?;
        let config = config.auto_add_history(false).history_ignore_space(true).build();
        let mut editor = Editor::with_config(config).map_err(failed)?;
        editor.set_helper(Some(Completion::default()));
        let history = folder(Purpose::State).map(|it| it.join("repl-history"));
        if let Some(path) = &history {
            // The first time there is none.
            let _ = editor.load_history(path);
        }
        Ok(Lines::Terminal { editor: Box::new(editor), history })
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Lines::Terminal { .. })
    }

    /// Says what lines can be completed with.
    pub(super) fn complete_with(&mut self, names: BTreeSet<String>) {
        if let Lines::Terminal { editor, .. } = self
            && let Some(helper) = editor.helper_mut()
        {
            helper.names = names;
        }
    }

    /// Returns the next line, with those after it that belong to it because it is open.
    pub(super) fn next(&mut self, is_open: &dyn Fn(&str) -> bool) -> Result<Line, Fail> {
        let mut text = String::new();
        loop {
            match self.read(text.is_empty())? {
                Line::Text(line) => {
                    // An empty line ends what would never end by itself.
                    let ends = !text.is_empty() && line.trim().is_empty();
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&line);
                    if ends || text.len() > LINE_BYTES_MAX || !is_open(&text) {
                        break;
                    }
                }
                Line::End if !text.is_empty() => break,
                other => return Ok(other),
            }
        }
        if let Lines::Terminal { editor, .. } = self
            && !text.trim().is_empty()
        {
            let _ = editor.add_history_entry(text.trim());
        }
        Ok(Line::Text(text))
    }

    fn read(&mut self, is_first: bool) -> Result<Line, Fail> {
        match self {
            Lines::Pipe => {
                let mut line = Vec::new();
                let read = io::stdin().lock().read_until(b'\n', &mut line);
                match read {
                    Ok(0) => Ok(Line::End),
                    Ok(_) => {
                        let line = String::from_utf8_lossy(&line);
                        Ok(Line::Text(line.trim_end_matches(['\n', '\r']).to_owned()))
                    }
                    Err(source) => {
                        Err(Fail::Io { what: "cannot read standard input".into(), source })
                    }
                }
            }
            Lines::Terminal { editor, .. } => {
                match editor.readline(if is_first { "kiln> " } else { "    > " }) {
                    Ok(line) => Ok(Line::Text(line)),
                    Err(ReadlineError::Interrupted) => Ok(Line::Dropped),
                    Err(ReadlineError::Eof) => Ok(Line::End),
                    Err(error) => Err(Fail::Io {
                        what: "cannot read from the terminal".into(),
                        source: io::Error::other(error),
                    }),
                }
            }
        }
    }

    /// Keeps the history. Without a place for it, there is none the next time.
    pub(super) fn close(&mut self) {
        if let Lines::Terminal { editor, history: Some(path) } = self {
            if let Some(folder) = path.parent() {
                let _ = std::fs::create_dir_all(folder);
            }
            let _ = editor.append_history(path);
        }
    }
}

/// Completes names, and behind `:load` files.
#[derive(Default)]
pub(super) struct Completion {
    names: BTreeSet<String>,
    files: FilenameCompleter,
}

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        if line.starts_with(":l") {
            return self.files.complete(line, at, context);
        }
        let before = line.get(..at).unwrap_or(line);
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let start = before
            .rfind(|c| !is_name(c))
            .map_or(0, |it| it + before[it..].chars().next().map_or(0, char::len_utf8));
        let word = &before[start..];
        let pair = |it: &String| Pair { display: it.clone(), replacement: it.clone() };
        let found = match word.is_empty() {
            true => Vec::new(),
            false => self.names.iter().filter(|it| it.starts_with(word)).map(pair).collect(),
        };
        Ok((start, found))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}

impl Validator for Completion {}

impl Helper for Completion {}
