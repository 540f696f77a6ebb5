//! Runs the steps, one after the other, and reaps whatever they leave. [build.steps.5]

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
use crate::plan::{BUILD_DIR, Command, Plan};
use crate::sys::{self, Call, SysError, SysResult};

/// The exit code of a process that could not become the step's program; nobody sees it.
const NOT_RUN: i32 = 127;

/// Runs the steps until one fails. Everything is reported; an error is one of this process.
pub(super) fn run_steps(
    plan: &Plan,
    control: BorrowedFd<'_>,
    log: BorrowedFd<'_>,
) -> SysResult<()> {
    let stdin = open_null()?;
    let fence = Fence::new()?;
    let mut env = Vec::new();
    for (name, value) in &plan.env {
        env.push(sys::c_string(format!("{name}={value}"), name)?);
    }
    let surroundings = Surroundings { stdin, log, fence, env };
    for (index, step) in plan.steps.iter().enumerate() {
        sys::send(control, &Report::StepStarted { index }.encode(), &[])?;
        let report = run_step(index, step, &surroundings)?;
        sys::send(control, &report.encode(), &[])?;
        if report != (Report::StepEnded { index, status: StepStatus::Code(0) }) {
            return Ok(());
        }
    }
    sys::send(control, &Report::Done.encode(), &[])
}

/// What every step has.
struct Surroundings<'a> {
    stdin: OwnedFd,
    log: BorrowedFd<'a>,
    fence: Fence,
    env: Vec<CString>,
}

/// Runs one step, and ends all its processes.
fn run_step(index: usize, step: &Command, surroundings: &Surroundings<'_>) -> SysResult<Report> {
    let (why_not, why_not_writer) = sys::pipe()?;
    let Some(pid) = sys::fork()? else {
        let error = become_step(step, surroundings, why_not_writer.as_fd());
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
    Ok(match why_not {
        Some(error) => Report::NotRun { index, error },
        None => Report::StepEnded { index, status },
    })
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
    surroundings: &Surroundings<'_>,
    why_not: BorrowedFd<'_>,
) -> SysError {
    match prepare_step(step, surroundings, why_not) {
        Ok((program, argv)) => {
            let error = sys::execve(&program, &argv, &surroundings.env);
            with_cause(error, &program)
        }
        Err(error) => error,
    }
}

fn prepare_step(
    step: &Command,
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
    sys::set_stdin(surroundings.stdin.as_fd())?;
    sys::set_stdout_stderr(surroundings.log)?;
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
    if error.errno == Errno::ENOENT && access(program.as_c_str(), AccessFlags::F_OK).is_ok() {
        let on = format!("{} (which is there; the loader that it names is not)", error.on);
        return SysError { on, ..error };
    }
    error
}
