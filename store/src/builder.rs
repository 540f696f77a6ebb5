//! The seam between the store and whatever runs an action.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use nix::sys::signal::Signal;

use crate::derivation::Action;
use crate::digest::ActionId;
use crate::graph::Limits;
use crate::name::{OutputName, StepName};
use crate::path::StorePath;

/// Something that can run an action whose inputs are all valid.
///
/// `kiln-sandbox` has the real one; tests use a function from action to files.
///
/// # Contract
///
/// - A builder shows the steps nothing but `request.inputs`, and never runs them outside a sandbox:
///   where it cannot make one, it returns [`BuildError::Refused`].
/// - When `build` returns, whatever the result, no process of the build is alive.
/// - Outputs are returned as they were left, unread and untrusted: the store reads them through the
///   descriptors given, following no link, and copies what it keeps.
/// - `build` is called from many threads at once. Two calls never share a place that steps can see.
/// - A crash of the whole process leaves behind no process of a build, and nothing in the store.
pub trait Builder: Sync {
    /// Runs the steps of `request.action` in order.
    ///
    /// # Errors
    ///
    /// [`BuildError::StepFailed`] if a step ends with anything but exit code 0; the others say
    /// what kept the steps from running or made the builder end them.
    fn build(&self, request: &BuildRequest<'_>) -> Result<Built, BuildError>;
}

/// What a builder is asked.
pub struct BuildRequest<'a> {
    /// The id of the action.
    pub id: ActionId,
    /// What to run.
    pub action: &'a Action,
    /// The closure of the action's inputs: each is seen, read-only, at its store path.
    pub inputs: &'a [InputObject],
    /// Where each input of the action itself is, by label, as [`Piece::Input`] renders.
    ///
    /// [`Piece::Input`]: crate::derivation::Piece::Input
    pub input_paths: &'a BTreeMap<crate::name::Label, StorePath>,
    /// Where each output is to be written, as [`Piece::Output`] renders: a scratch path that
    /// depends on the names of package and output only. Nothing exists there at the start.
    ///
    /// [`Piece::Output`]: crate::derivation::Piece::Output
    pub scratch: &'a BTreeMap<OutputName, StorePath>,
    /// When to give up.
    pub limits: Limits,
    /// Takes what the steps print, as they print it: bytes, not text.
    pub log: &'a Mutex<dyn io::Write + Send>,
    /// Is told which step runs.
    pub progress: &'a (dyn Fn(BuildProgress) + Sync),
    /// Tells when to stop.
    pub cancel: &'a Cancel,
}

/// An object of the closure that a build may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputObject {
    /// The name under which the build sees it, in the store directory.
    pub path: StorePath,
    /// Where it lies on this machine.
    pub host_path: PathBuf,
}

/// Which step of a build runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildProgress {
    /// The step that begins now.
    pub step: StepName,
    /// Its place among the steps, from 0.
    pub index: usize,
}

/// What a build left.
#[derive(Debug)]
pub struct Built {
    /// Every output of the action, by name.
    pub outputs: BTreeMap<OutputName, OutputTree>,
    /// The user id, as this process sees it, that owns what the steps made.
    pub uid: u32,
}

/// An output as the steps left it: the entry `name` of the folder `parent`, or nothing.
///
/// It is hostile: links may point anywhere, modes may forbid reading, special files may block.
/// No process of the build is alive, so it does not change while it is read.
#[derive(Debug)]
pub struct OutputTree {
    /// An open folder that no process of the build can reach any more.
    pub parent: OwnedFd,
    /// The entry in it: one path component.
    pub name: OsString,
}

/// Why a build gave no outputs.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A step ended with anything but exit code 0.
    #[error("step `{step}` {status}")]
    StepFailed {
        /// The step.
        step: StepName,
        /// Its place among the steps, from 0.
        index: usize,
        /// How it ended.
        status: StepStatus,
    },
    /// A limit was reached.
    #[error("the build reached its limit of {limit}")]
    LimitReached {
        /// Which limit, with its value, as in `log_bytes_max = 268435456`.
        limit: String,
        /// The step that was running, if one was.
        step: Option<StepName>,
    },
    /// The kernel or its configuration refuses what the sandbox needs.
    #[error("the sandbox cannot be made: {cause}")]
    Refused {
        /// What was tried and what the kernel said.
        cause: String,
        /// What to change, in the imperative.
        advice: String,
        /// A command that shows whether it is changed.
        check: String,
    },
    /// Something outside of the build ended it.
    #[error("something outside of the build ended it, such as the kernel when memory is short")]
    Ended,
    /// A system call failed that should not.
    #[error("{call} failed on {on}: {source}")]
    System {
        /// The call.
        call: &'static str,
        /// What it was called on.
        on: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The action asks for something that this builder cannot give.
    #[error("this builder cannot run the action: {reason}")]
    Unsupported {
        /// What it asks for, and what is there instead.
        reason: String,
    },
    /// [`Cancel`] was set.
    #[error("the build was stopped")]
    Cancelled,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// It returned this exit code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl std::fmt::Display for StepStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StepStatus::Code(code) => write!(f, "ended with exit code {code}"),
            StepStatus::Signal(signal) => match Signal::try_from(*signal) {
                // Nobody else sends it to a build that goes on.
                Ok(name @ Signal::SIGKILL) => write!(
                    f,
                    "was ended by signal {signal} ({name}), which the kernel sends when memory is short"
                ),
                Ok(name) => write!(f, "was ended by signal {signal} ({name})"),
                Err(_) => write!(f, "was ended by signal {signal}"),
            },
        }
    }
}

/// Tells many threads, some of them waiting for descriptors, to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cancel {
    shared: Arc<CancelShared>,
}

#[derive(Debug)]
struct CancelShared {
    set: AtomicBool,
    /// Dropped when set, which makes `reader` readable (end of file) for ever.
    writer: Mutex<Option<io::PipeWriter>>,
    reader: io::PipeReader,
}

impl Cancel {
    /// Makes one that is not set.
    ///
    /// # Errors
    ///
    /// If the process has no descriptors left.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let shared =
            CancelShared { set: AtomicBool::new(false), writer: Mutex::new(Some(writer)), reader };
        Ok(Cancel { shared: Arc::new(shared) })
    }

    /// Sets it, for good.
    pub fn set(&self) {
        self.shared.set.store(true, Ordering::SeqCst);
        if let Ok(mut writer) = self.shared.writer.lock() {
            *writer = None;
        }
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.shared.set.load(Ordering::SeqCst)
    }

    /// Returns a descriptor that polls as readable or hung up once it is set.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.reader.as_fd()
    }
}
