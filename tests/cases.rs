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

use kiln_tests::{Place, difference};
use libtest_mimic::{Arguments, Failed, Trial};

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
    let place = Place::new(env!("CARGO_BIN_EXE_kiln-under-test"))?;
    copy(case, &place.work())?;
    let mut actual = String::new();
    for command in commands {
        actual.push_str(&format!("$ {command}\n"));
        actual.push_str(&place.run(command)?);
    }
    if std::env::var_os("BLESS").is_some() {
        return Ok(fs::write(path, actual)?);
    }
    if actual == expected {
        return Ok(());
    }
    Err(format!("{}\n{}", path.display(), difference(&expected, &actual)).into())
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
