//! `kiln doctor`: whether this machine can build, and where downloads come from.

use kiln_sandbox::{Mode, Sandbox, SandboxOptions};
use kiln_store::{BuildError, Cancel};

use crate::args::Common;
use crate::config::{Config, default_path};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::print;
use crate::workshop::{mirrors, open_store};

pub(crate) fn run(common: &Common) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let mut exit = Exit::Done;
    let mut text = String::new();
    match &config.file {
        Some(file) => text.push_str(&format!("configuration  {}\n", file.display())),
        None => match default_path() {
            Some(path) => text.push_str(&format!("configuration  none at {}\n", path.display())),
            None => text.push_str("configuration  none, as no variable says where one would be\n"),
        },
    }
    match open_store(&config.store) {
        Ok(_) => text.push_str(&format!("store          {}\n", config.store.display())),
        Err(fail) => {
            exit = Exit::Operator;
            text.push_str(&format!(
                "store          {} cannot be used: {fail}\n",
                config.store.display()
            ));
        }
    }
    match Sandbox::new(SandboxOptions::default()).probe() {
        Ok(probe) => {
            let who = match probe.mode {
                Mode::Root { uid } => {
                    format!("as root, each build as a user of its own (now {uid})")
                }
                Mode::User { uid } => format!("as user {uid}"),
            };
            let second = match probe.landlock_version {
                0 => "the kernel has no Landlock, the second layer".to_owned(),
                version => format!("Landlock version {version} is the second layer"),
            };
            text.push_str(&format!("sandbox        works, {who}; {second}\n"));
        }
        Err(BuildError::Refused { cause, advice, check }) => {
            exit = Exit::Operator;
            text.push_str(&format!(
                "sandbox        cannot be made: {cause}\n  help: {advice}\n  to check: {check}\n"
            ));
        }
        Err(error) => {
            exit = Exit::Operator;
            text.push_str(&format!("sandbox        cannot be made: {error}\n"));
        }
    }
    for archive in &config.archives {
        let is_missing = archive.folder().is_some_and(|it| !it.is_dir());
        let note = if is_missing { ": there is no such folder" } else { "" };
        text.push_str(&format!("archive        {archive}{note}\n"));
    }
    let cancel =
        Cancel::new().map_err(|source| Fail::Io { what: "cannot make a pipe".into(), source })?;
    for cache in &config.substituters {
        let note = cache.what_is_wrong(&cancel).map(|it| format!(": {it}")).unwrap_or_default();
        text.push_str(&format!("cache          {cache}{note}\n"));
    }
    let mirrors = mirrors(&config);
    for name in mirrors.names() {
        match mirrors.describe(&name, &cancel) {
            Ok(report) => text.push_str(&report.to_string()),
            Err(error) => text.push_str(&format!("mirror://{name}/  {error}\n")),
        }
    }
    print(&text);
    Ok(exit)
}
