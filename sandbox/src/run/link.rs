//! The supervisor's end of the helper: starts it, gives it orders, starts another if it died.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use kiln_store::BuildError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::codec::Reader;
use crate::helper::{HELPER_NAME, is_unaware_helper};
use crate::message::{Order, READY, read_error};
use crate::sys::{self, Received, Wait};

/// How long the helper may take to start. It takes a few milliseconds; a program that is no helper
/// does not answer at all.
const START_MS_MAX: u16 = 20_000;

/// The one helper of a sandbox, started when it is first needed.
#[derive(Debug)]
pub(crate) struct Link {
    program: PathBuf,
    helper: Mutex<Option<Helper>>,
}

/// A helper that answered.
#[derive(Debug)]
struct Helper {
    socket: OwnedFd,
    process: OwnedFd,
    /// The thread that started it and waits for it. The kernel ends the helper when it ends.
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Makes a link to a helper that is yet to be started, as `program`.
    pub(crate) fn new(program: PathBuf) -> Self {
        Link { program, helper: Mutex::new(None) }
    }

    /// Gives the helper an order with its descriptors.
    pub(crate) fn order(&self, order: &Order, fds: &[BorrowedFd<'_>]) -> Result<(), BuildError> {
        let bytes = order.encode();
        let mut helper = self.helper.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*helper {
            match sys::send(running.socket.as_fd(), &bytes, fds) {
                // It died; the builds that it had have been told by the kernel.
                Err(error) if matches!(error.errno, Errno::EPIPE | Errno::ECONNRESET) => {}
                other => return other.map_err(|error| error.into_build_error()),
            }
        }
        let running = helper.insert(self.start()?);
        sys::send(running.socket.as_fd(), &bytes, fds).map_err(|error| error.into_build_error())
    }

    fn start(&self) -> Result<Helper, BuildError> {
        if is_unaware_helper() {
            return Err(unaware(&self.program));
        }
        let (ours, theirs) = sys::socket_pair().map_err(|error| error.into_build_error())?;
        let (sender, receiver) = mpsc::channel();
        let program = self.program.clone();
        let thread = std::thread::Builder::new()
            .name("kiln-sandbox".into())
            .spawn(move || start_and_wait(&program, theirs, &sender))
            .map_err(|source| self.cannot_start("clone", source))?;
        let process = match receiver.recv() {
            Ok(Ok(process)) => process,
            // That of a device that is not there is told as if the program were not.
            Ok(Err(source)) if !Path::new("/dev/null").exists() => {
                let on = "`/dev/null`, to start the sandbox's helper".into();
                return Err(BuildError::System { call: "open", on, source });
            }
            Ok(Err(source)) => return Err(self.cannot_start("execve", source)),
            Err(_) => {
                return Err(self.cannot_start("execve", io::ErrorKind::BrokenPipe.into()));
            }
        };
        // From here on, dropping it ends the process.
        let helper = Helper { socket: ours, process, thread: Some(thread) };
        let mut fds = [PollFd::new(helper.socket.as_fd(), PollFlags::POLLIN)];
        while poll(&mut fds, PollTimeout::from(START_MS_MAX)) == Err(Errno::EINTR) {}
        match sys::receive(helper.socket.as_fd(), Wait::No) {
            Ok(Received::Message { bytes, .. }) if bytes == READY => Ok(helper),
            Ok(Received::Message { bytes, .. }) => match read_error(&mut Reader::new(&bytes)) {
                Ok(error) => Err(error.into_build_error()),
                Err(_) => Err(unaware(&self.program)),
            },
            Ok(Received::Nothing | Received::End) => Err(unaware(&self.program)),
            Err(error) => Err(error.into_build_error()),
        }
    }

    fn cannot_start(&self, call: &'static str, source: io::Error) -> BuildError {
        BuildError::System {
            call,
            on: format!("`{}`, to start the sandbox's helper", self.program.display()),
            source,
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        sys::pidfd_kill(self.process.as_fd());
        if let Some(thread) = self.thread.take() {
            // It only waits for the process that was just killed.
            let _ = thread.join();
        }
    }
}

/// Starts the helper and waits for it to end.
fn start_and_wait(program: &Path, socket: OwnedFd, started: &mpsc::Sender<io::Result<OwnedFd>>) {
    let spawned = Command::new(program)
        .arg0(HELPER_NAME)
        .env_clear()
        .stdin(Stdio::from(socket))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    match sys::pidfd_open(child.id()) {
        Ok(process) => {
            let _ = started.send(Ok(process));
        }
        Err(error) => {
            let _ = child.kill();
            let _ = started.send(Err(error.source()));
        }
    }
    let _ = child.wait();
}

fn unaware(program: &Path) -> BuildError {
    BuildError::Unsupported {
        reason: format!(
            "`{}` was started as the sandbox's helper and did not answer as one: its `main` must \
             begin with `kiln_sandbox::run_helper_if_asked()`, and it is started with an empty \
             environment",
            program.display()
        ),
    }
}
