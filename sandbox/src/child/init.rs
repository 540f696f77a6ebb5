//! Runs the steps, one after the other, and reaps whatever they leave. [build.steps.5]

use std::collections::BTreeMap;
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use kiln_store::StepStatus;
use nix::errno::Errno;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::open_null;
use crate::codec::{Reader, Writer};
use crate::landlock::Fence;
use crate::message::{Report, read_error, write_error};
use crate::plan::{BUILD_DIR, Command, Plan, Shell};
use crate::sys::{self, Call, Open, SysError, SysResult};

/// The exit code of a process that could not become the step's program; nobody sees it.
const NOT_RUN: i32 = 127;

/// Runs the steps until one fails, and a shell behind them if there is one. Everything is reported;
/// an error is one of this process.
pub(super) fn run_steps(
    plan: &Plan,
    control: BorrowedFd<'_>,
    log: BorrowedFd<'_>,
) -> SysResult<()> {
    let stdin = open_null()?;
    let surroundings = Surroundings { stdin, log, fence: Fence::new()? };
    let env = c_env(&plan.env)?;
    for (index, step) in plan.steps.iter().enumerate() {
        sys::send(control, &Report::StepStarted { index }.encode(), &[])?;
        let report = match run_step(step, &env, Streams::Log, &surroundings)? {
            Ran::Ended(status) => Report::StepEnded { index, status },
            Ran::Not(error) => Report::NotRun { index, error },
        };
        sys::send(control, &report.encode(), &[])?;
        if report != (Report::StepEnded { index, status: StepStatus::Code(0) }) {
            if plan.shell.is_none() {
                return Ok(());
            }
            break;
        }
    }
    if let Some(shell) = &plan.shell {
        run_shell(plan, shell, control, &surroundings)?;
    }
    sys::send(control, &Report::Done.encode(), &[])
}

/// Runs a shell with a terminal of the sandbox's own.
fn run_shell(
    plan: &Plan,
    shell: &Shell,
    control: BorrowedFd<'_>,
    surroundings: &Surroundings<'_>,
) -> SysResult<()> {
    let mut env = plan.env.clone();
    env.extend(shell.env.clone());
    let (ours, name) = sys::open_terminal()?;
    sys::send(control, &Report::ShellStarted.encode(), &[ours.as_fd()])?;
    // Only the supervisor holds the other side: when it lets go, the shell is hung up on.
    drop(ours);
    let streams = Streams::Terminal(&name);
    let report = match run_step(&shell.command, &c_env(&env)?, streams, surroundings)? {
        Ran::Ended(status) => Report::ShellEnded { status },
        Ran::Not(error) => Report::ShellNotRun { error },
    };
    sys::send(control, &report.encode(), &[])
}

/// What every step has.
struct Surroundings<'a> {
    stdin: OwnedFd,
    log: BorrowedFd<'a>,
    fence: Fence,
}

/// Where a program's standard streams lead.
#[derive(Clone, Copy)]
enum Streams<'a> {
    /// From nowhere, into the log.
    Log,
    /// To and from the terminal of this name.
    Terminal(&'a Path),
}

/// What came of a program.
enum Ran {
    /// It ran.
    Ended(StepStatus),
    /// It could not be run.
    Not(SysError),
}

fn c_env(env: &BTreeMap<String, String>) -> SysResult<Vec<CString>> {
    env.iter().map(|(name, value)| sys::c_string(format!("{name}={value}"), name)).collect()
}

/// Runs one program, and ends all its processes.
fn run_step(
    step: &Command,
    env: &[CString],
    streams: Streams<'_>,
    surroundings: &Surroundings<'_>,
) -> SysResult<Ran> {
    let (why_not, why_not_writer) = sys::pipe()?;
    let Some(pid) = sys::fork()? else {
        let error = become_step(step, env, streams, surroundings, why_not_writer.as_fd());
        let mut w = Writer::default();
        write_error(&mut w, &error);
        // If this process has ended, so will the step.
        let _ = sys::write_all(why_not_writer.as_fd(), &w.finish(), "the step's pipe");
        sys::exit_now(NOT_RUN);
    };
    drop(why_not_writer);
    let why_not = read_why_not(why_not.as_fd())?;
    let status = wait_for_step(pid)?;
    // Background processes end with their step: what the next step finds does not depend on how
    // far they came.
    sys::kill_all_others();
    while sys::wait_any()?.is_some() {}
    Ok(why_not.map_or(Ran::Ended(status), Ran::Not))
}

/// Reads why the step's program could not be run. The pipe closes when it is.
fn read_why_not(pipe: BorrowedFd<'_>) -> SysResult<Option<SysError>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while let Some(count @ 1..) = sys::read_some(pipe, &mut buffer, "the step's pipe")? {
        bytes.extend_from_slice(&buffer[..count]);
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let unreadable = |_| SysError::new(Call::Read, "the step's pipe", Errno::EBADMSG);
    read_error(&mut Reader::new(&bytes)).map(Some).map_err(unreadable)
}

/// Waits for the step's own process, reaping all others on the way.
fn wait_for_step(step: Pid) -> SysResult<StepStatus> {
    loop {
        match sys::wait_any()? {
            Some(WaitStatus::Exited(pid, code)) if pid == step => {
                return Ok(StepStatus::Code(code));
            }
            Some(WaitStatus::Signaled(pid, signal, _)) if pid == step => {
                return Ok(StepStatus::Signal(signal as i32));
            }
            Some(_) => {}
            None => {
                return Err(SysError::new(Call::Wait, "a step that is nowhere", Errno::ECHILD));
            }
        }
    }
}

/// Becomes the step's program. Returns only to say why not.
fn become_step(
    step: &Command,
    env: &[CString],
    streams: Streams<'_>,
    surroundings: &Surroundings<'_>,
    why_not: BorrowedFd<'_>,
) -> SysError {
    match prepare_step(step, streams, surroundings, why_not) {
        Ok((program, argv)) => {
            let error = sys::execve(&program, &argv, env);
            with_cause(error, &program)
        }
        Err(error) => error,
    }
}

fn prepare_step(
    step: &Command,
    streams: Streams<'_>,
    surroundings: &Surroundings<'_>,
    why_not: BorrowedFd<'_>,
) -> SysResult<(CString, Vec<CString>)> {
    let mut argv = Vec::new();
    for argument in &step.argv {
        argv.push(sys::c_string(argument.as_bytes(), "an argument")?);
    }
    let program = argv.first().cloned();
    let no_program = || SysError::new(Call::Execve, "a step without a program", Errno::EINVAL);
    let program = program.ok_or_else(no_program)?;
    sys::setsid()?;
    match streams {
        Streams::Log => {
            sys::set_stdin(surroundings.stdin.as_fd())?;
            sys::set_stdout_stderr(surroundings.log)?;
        }
        Streams::Terminal(name) => {
            // The first terminal that the leader of a session opens becomes the session's.
            let terminal = sys::open(name, Open::Terminal)?;
            sys::set_stdin(terminal.as_fd())?;
            sys::set_stdout_stderr(terminal.as_fd())?;
        }
    }
    match sys::chdir(&step.cwd) {
        // The source is a single file, or an earlier step has taken the folder away.
        Err(error) if matches!(error.errno, Errno::ENOTDIR | Errno::ENOENT) => {
            sys::chdir(Path::new(BUILD_DIR))?;
        }
        other => other?,
    }
    sys::set_fixed_addresses()?;
    surroundings.fence.close()?;
    sys::close_all_but(&[why_not])?;
    Ok((program, argv))
}

/// Says more than the kernel does of a program that is there and yet is not found.
fn with_cause(error: SysError, program: &CString) -> SysError {
    use nix::unistd::{AccessFlags, access};
    if error.errno == Errno::EACCES && sys::is_mounted_without_programs(program) {
        let on = format!("{} (no program can be run there: it is mounted `noexec`)", error.on);
        return SysError { on, ..error };
    }
    if error.errno == Errno::ENOENT && access(program.as_c_str(), AccessFlags::F_OK).is_ok() {
        let on = format!("{} (which is there; the loader that it names is not)", error.on);
        return SysError { on, ..error };
    }
    error
}
