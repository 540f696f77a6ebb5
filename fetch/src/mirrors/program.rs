//! Asking another program where it downloads from.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use kiln_store::Cancel;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::escape::escape;
use crate::mirrors::machine::Machine;

/// How long a program may take, in seconds. `pip` on a slow disk takes five; one that asks a
/// network that is down would take minutes.
pub(crate) const TIMEOUT_S: u64 = 60;

/// How much of a program's answer is read.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

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
    let mut child = command.spawn().map_err(|error| format!("`{name}` cannot be run: {error}"))?;
    let group = i32::try_from(child.id()).map(Pid::from_raw);
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let (sender, answers) = channel();
    let read = |stream: Option<Box<dyn std::io::Read + Send>>| {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            let _ = stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes);
        }
        bytes
    };
    let errors_reader = std::thread::spawn(move || read(errors.map(|it| Box::new(it) as Box<_>)));
    std::thread::spawn(move || {
        let answer = read(output.map(|it| Box::new(it) as Box<_>));
        // Nobody listens any more if it took too long.
        let _ = sender.send(answer);
    });
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
    // After its answer is complete, it has nothing left to do but to end; its children neither.
    let ended = match &answer {
        Ok(_) => wait(&mut child, deadline, cancel),
        Err(_) => None,
    };
    if ended.is_none() {
        if let Ok(group) = group {
            let _ = killpg(group, Signal::SIGKILL);
        }
        let _ = child.wait();
    }
    let answer = answer?;
    match ended {
        Some(status) if status.success() => Ok(String::from_utf8_lossy(&answer).into_owned()),
        Some(status) => {
            let errors = errors_reader.join().unwrap_or_default();
            let last = errors.split(|it| *it == b'\n').rfind(|it| !it.trim_ascii().is_empty());
            let last = last.map(|it| format!(": {}", escape(it.trim_ascii())));
            Err(format!("`{name}` failed ({status}){}", last.unwrap_or_default()))
        }
        None => Err(format!("`{name}` did not end within {TIMEOUT_S} s")),
    }
}

fn wait(
    child: &mut std::process::Child,
    deadline: Instant,
    cancel: &Cancel,
) -> Option<std::process::ExitStatus> {
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline && !cancel.is_set() => {}
            Ok(None) | Err(_) => return None,
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(POLL);
    }
}
