//! Why a command did not do what it was asked to.

use std::io;
use std::path::PathBuf;

use kiln_store::{GcError, LinkError, RealiseError, StoreError};

use crate::exit::Exit;
use crate::rewrite::FileError;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fail {
    /// What is wrong has been shown.
    #[error("")]
    Shown(Exit),
    /// The command line asks for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be read.
    #[error("cannot use the configuration {}: {reason}", path.display())]
    Config { path: PathBuf, reason: String },
    /// The user has no home, and no other place for a store.
    #[error(
        "nothing says where the store is: set KILN_STORE, or HOME to an absolute path, or give --store"
    )]
    NoHome,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Something of the user is where something was to be.
    #[error("{message}")]
    Occupied { message: String, advice: String },
    /// A link to an object cannot be made.
    #[error("{0}")]
    Link(LinkError),
    /// A collection failed.
    #[error("{0}")]
    Gc(#[from] GcError),
    /// A cache in a folder cannot be used.
    #[error("{0}")]
    Cache(String),
    /// A program cannot be run.
    #[error("{message}")]
    Run { message: String, advice: Option<String> },
    /// A system call failed.
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    /// A file of the user cannot be rewritten.
    #[error("{0}")]
    File(FileError),
    /// There is nothing like what was asked for.
    #[error("{message}")]
    NotFound { message: String, advice: Option<String> },
    /// Building failed; the parts are shown one by one.
    #[error("{0}")]
    Realise(RealiseError),
}

impl Fail {
    /// Who must act.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Fail::Shown(exit) => *exit,
            Fail::Usage(_) | Fail::Occupied { .. } => Exit::Usage,
            Fail::NotFound { .. } => Exit::Author,
            Fail::Realise(RealiseError::Cancelled) => Exit::Stopped,
            Fail::Realise(_)
            | Fail::Config { .. }
            | Fail::NoHome
            | Fail::Store(_)
            | Fail::Link(_)
            | Fail::Gc(_)
            | Fail::Cache(_)
            | Fail::Run { .. }
            | Fail::File(_)
            | Fail::Io { .. } => Exit::Operator,
        }
    }

    /// What to do, if there is something to say.
    pub(crate) fn advice(&self) -> Option<&str> {
        match self {
            Fail::Run { advice, .. } | Fail::NotFound { advice, .. } => advice.as_deref(),
            Fail::Occupied { advice, .. } => Some(advice),
            Fail::Store(error) => advice_on_space(error),
            Fail::Realise(error) => advice_on_space(error),
            _ => None,
        }
    }
}

/// What to do if what went wrong with the store is that there is no room.
fn advice_on_space(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let chain = std::iter::successors(Some(error), |it| it.source());
    match chain.filter_map(|it| it.downcast_ref::<io::Error>()).last()?.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(
            "`kiln store gc` deletes what nothing holds, and with `--all` what `kiln realise` keeps, \
             too; KILN_STORE puts the store on another disk",
        ),
        io::ErrorKind::FileTooLarge => {
            Some("this process may not write files of that size: raise the limit (`ulimit -f`)")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_full_disk_is_said_with_what_makes_room() {
        let advice = |source: io::Error| {
            let path = PathBuf::from("/s/var");
            let error = kiln_store::SystemError { call: "write", path, source };
            let fail = Fail::Realise(RealiseError::Store(std::sync::Arc::new(error.into())));
            fail.advice().unwrap_or("none").to_owned()
        };
        expect!["`kiln store gc` deletes what nothing holds, and with `--all` what `kiln realise` keeps, too; KILN_STORE puts the store on another disk"]
            .assert_eq(&advice(nix::errno::Errno::ENOSPC.into()));
        assert_eq!(advice(nix::errno::Errno::EIO.into()), "none");
    }
}
