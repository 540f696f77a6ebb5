//! Runs a program of the store on the machine itself, with the store at its place. No sandbox.
//!
//! ```text
//!  /            the machine's own files, as they are
//!  /kiln/store  the objects that were asked for, read-only, and nothing else
//! ```
//!
//! Programs of the store look for each other in `/kiln/store`, wherever a user's store lies on disk.
//! So the program gets a mount namespace of its own: a new root in memory, on which every entry of
//! the machine's root is mounted with all that is mounted in it, and the objects. Nothing on the
//! machine is changed, and `/kiln` need not exist.
//!
//! **What is promised:** the view of the store is exact, and everything else is passed through:
//! user and group, working directory, environment, terminal, standard streams, signals, exit code.
//! **What is not:** isolation of any kind. Without root the program is in a user namespace with its
//! own user alone: programs with set-id bits do not gain anything there. In the root folder itself
//! nothing can be made.

mod program;
mod signals;

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use kiln_store::{InputObject, StepStatus};

use crate::codec::{Reader, Writer};
use crate::doctor::{self, Refusal};
use crate::message::read_error;
use crate::sys::{self, Call, SysError};

pub(crate) use program::become_program;

/// The name under which a program starts itself to become another.
pub(crate) const ENTER_NAME: &str = "kiln-sandbox-enter";

/// What [`enter`] is asked.
#[derive(Debug, Clone)]
pub struct EnterRequest<'a> {
    /// The objects that are seen in the store directory: the closure of the program's.
    pub objects: &'a [InputObject],
    /// The program and its arguments. Without a `/`, the program is searched for in `PATH`.
    pub argv: &'a [OsString],
    /// Variables that are set, over those of this process.
    pub env: &'a [(OsString, OsString)],
    /// The program that is started on the way: one that calls
    /// [`run_helper_if_asked`](crate::run_helper_if_asked). `/proc/self/exe` is this very program.
    pub helper: &'a Path,
}

/// Why a program was not run, or how it ended is not known.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// Nothing was asked to be run.
    #[error("no program is named")]
    NoProgram,
    /// The program cannot be run.
    #[error("cannot run `{program}`: {source}")]
    NotRun {
        /// The program.
        program: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel or its configuration refuses what is needed.
    #[error("the store cannot be shown at its place: {cause}")]
    Refused {
        /// What was tried and what the kernel said.
        cause: String,
        /// What to change, in the imperative.
        advice: String,
        /// A command that shows whether it is changed.
        check: String,
    },
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
    /// The program that was started on the way does not know what to do.
    #[error(
        "`{helper}` was started to show the store and did not answer: its `main` must begin with \
         `kiln_sandbox::run_helper_if_asked()`"
    )]
    Unaware {
        /// The program.
        helper: PathBuf,
    },
}

/// Runs a program of the store on the machine itself and waits for it.
///
/// Signals that are sent to this process meanwhile are passed on to the program; those that come
/// from the terminal reach it anyway. When this process is killed, so is the program.
///
/// # Errors
///
/// As [`EnterError`]. However the program itself ends is no error.
pub fn enter(request: &EnterRequest<'_>) -> Result<StepStatus, EnterError> {
    let Some(program) = request.argv.first() else { return Err(EnterError::NoProgram) };
    let wanted = sys::sealed_file(&encode(request))?;
    let (answer, answer_writer) = sys::pipe()?;
    let mut command = Command::new(request.helper);
    command.arg0(ENTER_NAME).envs(request.env.iter().map(|(name, value)| (name, value)));
    sys::pass_on_descriptors(&mut command, [wanted.as_fd(), answer_writer.as_fd()]);
    let mut child = command.spawn().map_err(|source| EnterError::NotRun {
        program: request.helper.display().to_string(),
        source,
    })?;
    drop((command, wanted, answer_writer));
    let passing_on = signals::pass_on_to(child.id());
    let answered = read_answer(answer.as_fd());
    // Its number is its own until it is waited for, and so long may signals go to it.
    sys::wait_without_reaping(child.id());
    drop(passing_on);
    let status = child.wait().map_err(|source| EnterError::System {
        call: Call::Wait.name(),
        on: format!("`{}`", program.display()),
        source,
    });
    match answered? {
        Answer::Running => Ok(step_status(status?)),
        Answer::Failed(error) => Err(explain(error, program)),
        Answer::None => Err(EnterError::Unaware { helper: request.helper.to_owned() }),
    }
}

/// What the process on its way to the program says.
enum Answer {
    /// It has become the program.
    Running,
    /// It could not.
    Failed(SysError),
    /// Nothing at all.
    None,
}

/// Said as soon as the process knows what it is there for.
pub(crate) const HERE: u8 = b'!';

fn read_answer(pipe: std::os::fd::BorrowedFd<'_>) -> Result<Answer, EnterError> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    // It ends when the process becomes the program, because its end closes then.
    while let Some(count @ 1..) = sys::read_some(pipe, &mut buffer, "the answer")? {
        bytes.extend_from_slice(&buffer[..count]);
    }
    Ok(match bytes.split_first() {
        Some((&HERE, [])) => Answer::Running,
        Some((&HERE, error)) => {
            read_error(&mut Reader::new(error)).map_or(Answer::None, Answer::Failed)
        }
        _ => Answer::None,
    })
}

fn explain(error: SysError, program: &OsString) -> EnterError {
    if error.call == Call::Execve {
        let program = program.display().to_string().escape_debug().to_string();
        return EnterError::NotRun { program, source: error.source() };
    }
    match doctor::explain(&error) {
        Some(Refusal { cause, advice, check }) => EnterError::Refused { cause, advice, check },
        None => error.into(),
    }
}

fn step_status(status: ExitStatus) -> StepStatus {
    match (status.code(), status.signal()) {
        (Some(code), _) => StepStatus::Code(code),
        (None, Some(signal)) => StepStatus::Signal(signal),
        // A process that was waited for has ended by one or the other.
        (None, None) => StepStatus::Code(0),
    }
}

fn encode(request: &EnterRequest<'_>) -> Vec<u8> {
    let mut w = Writer::default();
    w.list(request.argv.iter(), |w, it| w.bytes(it.as_bytes()));
    w.list(request.objects.iter(), |w, it| {
        w.bytes(it.path.as_str().as_bytes());
        w.path(&it.host_path);
    });
    w.finish()
}

impl From<SysError> for EnterError {
    fn from(error: SysError) -> Self {
        EnterError::System { call: error.call.name(), source: error.source(), on: error.on }
    }
}
