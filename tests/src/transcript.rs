//! Command lines and what they say, the way a user sees it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use similar_asserts::SimpleDiff;

/// A temporary folder to run commands in, with a home and a store of its own.
///
/// ```text
/// <temporary>/        HOME
/// <temporary>/store   KILN_STORE
/// <temporary>/work    where commands run
/// ```
#[derive(Debug)]
pub struct Place {
    /// The command that `kiln` stands for.
    kiln: PathBuf,
    folder: tempfile::TempDir,
}

impl Place {
    /// Makes a place in which `kiln` is the program at `kiln`.
    ///
    /// # Errors
    ///
    /// When no temporary folder can be made.
    pub fn new(kiln: impl Into<PathBuf>) -> io::Result<Place> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("work"))?;
        Ok(Place { kiln: kiln.into(), folder })
    }

    /// The folder that commands run in.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The home of the commands.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `command` by the shell and returns what it said: standard output first, then standard
    /// error, then `[exit N]` for an exit code other than 0. Paths that differ from run to run have
    /// fixed names.
    ///
    /// # Errors
    ///
    /// When there is no shell, or the command was ended by a signal.
    pub fn run(&self, command: &str) -> Result<String, String> {
        let (work, home) = (self.work(), self.home());
        let script = format!("kiln() {{ \"{}\" \"$@\"; }}\n{command}", self.kiln.display());
        let output = Command::new("/bin/sh")
            .args(["-c", &script])
            .current_dir(&work)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home)
            .env("KILN_STORE", home.join("store"))
            .env("COLUMNS", "100")
            .output()
            .map_err(|error| format!("cannot run /bin/sh: {error}"))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        let mut text = text
            .replace(&format!("{}/", work.display()), "")
            .replace(&work.display().to_string(), ".")
            .replace(&home.display().to_string(), "~");
        text = without_times(&text);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => text.push_str(&format!("[exit {code}]\n")),
            None => {
                return Err(format!("`{command}` was ended: {}\n{text}", output.status));
            }
        }
        Ok(text)
    }
}

/// How long something took is no part of a transcript: `in 1.2 s` is `in … s`.
fn without_times(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(" in ") {
        let (before, after) = rest.split_at(at + 4);
        out.push_str(before);
        let number =
            after.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(after.len());
        let is_time = number > 0 && after[number..].starts_with(" s\n");
        if is_time {
            out.push('…');
        }
        rest = if is_time { &after[number..] } else { after };
    }
    out + rest
}

/// Shows how `actual` differs from `expected`, for a test's message.
pub fn difference(expected: &str, actual: &str) -> String {
    SimpleDiff::from_str(expected, actual, "expected", "actual").to_string()
}
