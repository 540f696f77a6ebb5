//! Asking another program where it downloads from.

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use kiln_store::Cancel;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::escape::escape;
use crate::mirrors::machine::Machine;

/// How long a program may take, in seconds. `pip` on a slow disk takes five; one that asks a
/// network that is down would take minutes.
pub(crate) const TIMEOUT_S: u64 = 60;

/// How much of a program's answer is read.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// How long to wait for what a program that failed has to say, once its group has ended.
const COMPLAINT_TIMEOUT: Duration = Duration::from_secs(1);

/// How often it is looked whether to stop.
const POLL: Duration = Duration::from_millis(50);

/// Runs a program and returns what it printed; the error is a phrase.
///
/// It runs in `/`, so that no file of a folder that Kiln was started in is taken for a part of it
/// or for its configuration, without input, and in a process group that ends with it.
pub(crate) fn ask(
    machine: &Machine,
    name: &str,
    arguments: &[&str],
    cancel: &Cancel,
) -> Result<String, String> {
    let path = machine.program(name).ok_or_else(|| format!("there is no `{name}` in PATH"))?;
    let mut command = Command::new(path);
    command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Some(variables) = machine.variables() {
        command.env_clear().envs(variables);
    }
    // Lines must not be broken to the width of a terminal.
    command.env("COLUMNS", "1000");
    let mut child = start(&mut command, cancel).map_err(|error| {
        format!("`{name}` cannot be run: {}", escape(error.to_string().as_bytes()))
    })?;
    let Ok(pid) = i32::try_from(child.id()).map(Pid::from_raw) else {
        return Err(format!("`{name}` has a number that is none"));
    };
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let answers = read_aside(output);
    let complaints = read_aside(errors);
    let deadline = Instant::now() + Duration::from_secs(TIMEOUT_S);
    let answer = loop {
        match answers.recv_timeout(POLL) {
            Ok(answer) => break Ok(answer),
            Err(RecvTimeoutError::Disconnected) => break Err(format!("`{name}` gave no answer")),
            Err(RecvTimeoutError::Timeout) if cancel.is_set() => break Err("stopped".to_owned()),
            Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => {
                break Err(format!("`{name}` did not answer within {TIMEOUT_S} s"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    // After its answer is complete, it has nothing left to do but to end.
    let ended = answer.is_ok() && ends(pid, deadline, cancel);
    // The group is ended before its leader is reaped: until then its number is nobody else's.
    let _ = killpg(pid, Signal::SIGKILL);
    let status = child.wait();
    let answer = answer?;
    match status {
        Ok(status) if ended && status.success() => {
            Ok(String::from_utf8_lossy(&answer).into_owned())
        }
        Ok(status) if ended => {
            let errors = complaints.recv_timeout(COMPLAINT_TIMEOUT).unwrap_or_default();
            let last = errors.split(|it| *it == b'\n').rfind(|it| !it.trim_ascii().is_empty());
            let last = last.map(|it| format!(": {}", escape(it.trim_ascii())));
            Err(format!("`{name}` failed ({status}){}", last.unwrap_or_default()))
        }
        Ok(_) | Err(_) => Err(format!("`{name}` did not end within {TIMEOUT_S} s")),
    }
}

/// Starts a program; one that somebody is still writing is tried again for a second.
fn start(command: &mut Command, cancel: &Cancel) -> io::Result<Child> {
    let deadline = Instant::now() + Duration::from_secs(1);
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy
                    && Instant::now() < deadline
                    && !cancel.is_set() =>
            {
                std::thread::sleep(POLL);
            }
            result => return result,
        }
    }
}

/// Reads a stream to its end on another thread, which may outlive the question.
fn read_aside(stream: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            let _ = stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes);
        }
        // Nobody listens any more if it took too long.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Waits until a program has ended, without reaping it; `false` if it must be stopped.
fn ends(pid: Pid, deadline: Instant, cancel: &Cancel) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    let mut pause = Duration::from_millis(1);
    loop {
        match waitid(Id::Pid(pid), flags) {
            Ok(WaitStatus::StillAlive) if Instant::now() < deadline && !cancel.is_set() => {}
            Ok(WaitStatus::StillAlive) | Err(_) => return false,
            Ok(_) => return true,
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(POLL);
    }
}
