//! Case folders: `cases/<stage>/<case>/` with input files, and a `transcript` of commands and what
//! they said.
//!
//! ```text
//! $ kiln check override.kiln
//! error[unknown-option]: …
//! [exit 1]
//! ```
//!
//! Commands run in a copy of the folder, with a home and a store of their own. What they print is
//! compared with the transcript; `BLESS=1` writes it anew. A case that is new has only its
//! commands. Standard output comes first, then what was said on standard error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use similar_asserts::SimpleDiff;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut trials = Vec::new();
    for stage in folders(&root) {
        for case in folders(&stage) {
            let name = format!("{}/{}", file_name(&stage), file_name(&case));
            trials.push(Trial::test(name, move || run(&case)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|it| it.path())
        .filter(|it| it.is_dir())
        .collect();
    folders.sort();
    folders
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn run(case: &Path) -> Result<(), Failed> {
    let path = case.join("transcript");
    let expected = fs::read_to_string(&path).map_err(|error| {
        format!("{}: {error}; a case has a transcript of its commands", path.display())
    })?;
    let commands: Vec<&str> = expected.lines().filter_map(|it| it.strip_prefix("$ ")).collect();
    if commands.is_empty() {
        return Err(format!("{} has no commands", path.display()).into());
    }
    let place = tempfile::tempdir()?;
    let work = place.path().join("work");
    copy(case, &work)?;
    let mut actual = String::new();
    for command in commands {
        actual.push_str(&format!("$ {command}\n"));
        actual.push_str(&execute(command, &work, place.path())?);
    }
    if std::env::var_os("BLESS").is_some() {
        return Ok(fs::write(path, actual)?);
    }
    if actual == expected {
        return Ok(());
    }
    let diff = SimpleDiff::from_str(&expected, &actual, "expected", "actual");
    Err(format!("{}\n{diff}", path.display()).into())
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)?.flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name() != "transcript" {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Runs a command line by the shell, in which `kiln` is the command under test.
fn execute(command: &str, work: &Path, place: &Path) -> Result<String, Failed> {
    let script =
        format!("kiln() {{ \"{}\" \"$@\"; }}\n{command}", env!("CARGO_BIN_EXE_kiln-under-test"));
    let output = Command::new("/bin/sh")
        .args(["-c", &script])
        .current_dir(work)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", place)
        .env("KILN_STORE", place.join("store"))
        .env("COLUMNS", "100")
        .output()?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    // Places that differ from run to run have fixed names.
    let text = text
        .replace(&format!("{}/", work.display()), "")
        .replace(&work.display().to_string(), ".")
        .replace(&place.display().to_string(), "~");
    let mut text = if text.is_empty() || text.ends_with('\n') { text } else { format!("{text}\n") };
    match output.status.code() {
        Some(0) => {}
        Some(code) => text.push_str(&format!("[exit {code}]\n")),
        None => {
            return Err(
                format!("`{command}` was ended by a signal: {}\n{text}", output.status).into()
            );
        }
    }
    Ok(text)
}
