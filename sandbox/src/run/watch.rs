//! Watches one build: passes its output on, holds it to its limits, and sees it end.
//!
//! One loop waits for whatever comes first: output, a report, the end, [`Cancel`], a deadline, or
//! the moment to look at what cannot be waited for (the space that is used, the processes there
//! are). Whatever ends a build early kills its first process, and with it the kernel kills the
//! rest; the loop then goes on until the kernel says that all are gone.
//!
//! [`Cancel`]: kiln_store::Cancel

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use kiln_store::{BuildError, BuildProgress, BuildRequest, StepName, StepStatus};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::relay::Relay;
use super::scratch::{ScratchFolder, Usage};
use crate::doctor;
use crate::message::{Phase, Report};
use crate::shell::ShellEnd;
use crate::sys::{self, Received, SysError, SysResult, Wait};

/// How often what is used is looked at. The kernel's own bounds lie so far above the limits that
/// little can happen unseen in this time.
const LOOK_MS: u64 = 100;

/// How much output is taken at once.
const LOG_BUFFER_BYTES: usize = 64 << 10;

/// What a build left that ended well.
pub(super) struct Left {
    /// The folder of outputs, as the build itself opened it.
    pub(super) store: OwnedFd,
    /// How the shell ended, if there was to be one.
    pub(super) shell: Option<ShellEnd>,
}

/// Watches a build until nothing of it is alive.
pub(super) fn watch(
    request: &BuildRequest<'_>,
    scratch: &ScratchFolder,
    ends: &Ends,
    terminal: Option<BorrowedFd<'_>>,
) -> Result<Left, BuildError> {
    let Ends { control, log, started } = ends;
    let started = *started;
    let mut watch = Watch {
        request,
        control: Some(control),
        log: Some(log),
        buffer: vec![0; LOG_BUFFER_BYTES],
        usage: scratch.usage(),
        process: None,
        store: None,
        processes: None,
        step: None,
        log_bytes: 0,
        started,
        last_output: started,
        next_look: started + Duration::from_millis(LOOK_MS),
        end: None,
        shell: terminal.map(|terminal| ShellWatch {
            terminal,
            relay: None,
            failed: None,
            status: None,
        }),
    };
    loop {
        match watch.wait() {
            Ok(Waited::More) => watch.check_limits(),
            Ok(Waited::Gone) => break,
            Err(error) => {
                watch.fail(error.into_build_error());
                watch.kill_and_wait();
                break;
            }
        }
    }
    watch.finish()
}

/// Our ends of what leads to a build.
pub(super) struct Ends {
    /// Where reports come from.
    pub(super) control: OwnedFd,
    /// Where output comes from; never waits.
    pub(super) log: OwnedFd,
    /// When the build began.
    pub(super) started: Instant,
}

/// A shell that is to run behind the steps.
struct ShellWatch<'a> {
    /// The user's terminal.
    terminal: BorrowedFd<'a>,
    /// Once it runs.
    relay: Option<Relay<'a>>,
    /// Why a step failed, if one did.
    failed: Option<BuildError>,
    /// How it ended, once it did.
    status: Option<StepStatus>,
}

/// How a build ends.
enum End {
    /// All steps ended well.
    Done,
    /// Something else came first.
    Failed(BuildError),
}

enum Waited {
    /// Something may be alive.
    More,
    /// Nothing is.
    Gone,
}

struct Watch<'a> {
    request: &'a BuildRequest<'a>,
    /// `None` once it ended.
    control: Option<&'a OwnedFd>,
    /// `None` once it ended or is not wanted any more.
    log: Option<&'a OwnedFd>,
    buffer: Vec<u8>,
    usage: Usage<'a>,
    /// The first process, once it is there.
    process: Option<OwnedFd>,
    /// The folder of outputs, once it is there.
    store: Option<OwnedFd>,
    /// The folder of processes, once it is there.
    processes: Option<OwnedFd>,
    /// Which step runs.
    step: Option<usize>,
    log_bytes: u64,
    started: Instant,
    last_output: Instant,
    next_look: Instant,
    /// What is returned; the first reason wins.
    end: Option<End>,
    shell: Option<ShellWatch<'a>>,
}

impl Watch<'_> {
    /// Waits for whatever comes first, and sees to it.
    fn wait(&mut self) -> SysResult<Waited> {
        let timeout = self.timeout();
        let (mut ended, mut cancelled, mut typed) = (false, false, false);
        {
            // Reports and output need no mark: they are looked for whatever comes.
            let (mut reported, mut printed, mut shown) = (false, false, false);
            let (mut fds, mut marks): (Vec<PollFd<'_>>, Vec<&mut bool>) = (Vec::new(), Vec::new());
            if let Some(control) = self.control {
                fds.push(PollFd::new(control.as_fd(), PollFlags::POLLIN));
                marks.push(&mut reported);
            }
            if let Some(process) = &self.process {
                fds.push(PollFd::new(process.as_fd(), PollFlags::POLLIN));
                marks.push(&mut ended);
            }
            if let Some(log) = self.log {
                fds.push(PollFd::new(log.as_fd(), PollFlags::POLLIN));
                marks.push(&mut printed);
            }
            if self.end.is_none() {
                fds.push(PollFd::new(self.request.cancel.as_fd(), PollFlags::POLLIN));
                marks.push(&mut cancelled);
            }
            if let Some(relay) = self.shell.as_ref().and_then(|it| it.relay.as_ref()) {
                let (mut typed, mut shown) = (Some(&mut typed), Some(&mut shown));
                for (fd, flags) in relay.waits() {
                    let mark = if relay.is_user(fd) { typed.take() } else { shown.take() };
                    fds.push(PollFd::new(fd, flags));
                    marks.extend(mark);
                }
            }
            match poll(&mut fds, timeout) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(SysError::new(sys::Call::Poll, "a build", errno)),
            }
            for (fd, mark) in fds.iter().zip(marks) {
                *mark = fd.any().unwrap_or(true);
            }
        }
        if cancelled {
            self.fail(BuildError::Cancelled);
        }
        // Reports first: a step is reported before it prints anything.
        while self.hear()? {}
        let printed = self.pass_output_on()?;
        if let Some(relay) = self.shell.as_mut().and_then(|it| it.relay.as_mut()) {
            relay.pass_on(typed, &mut self.buffer)?;
        }
        if ended {
            // What was printed is there to be read, and nothing more will be.
            if printed {
                while self.pass_output_on()? {}
            }
            return Ok(Waited::Gone);
        }
        if self.control.is_none() && self.process.is_none() {
            // Nobody holds the other end: there never was a first process, or it is gone.
            return Ok(Waited::Gone);
        }
        Ok(Waited::More)
    }

    fn timeout(&self) -> PollTimeout {
        let now = Instant::now();
        let next = match self.end {
            // The kernel is at work; there is nothing to look at.
            Some(_) => now + Duration::from_secs(60),
            None => self.next_look.min(self.time_deadline()).min(self.silence_deadline()),
        };
        // Rounded up, so that the loop does not spin through the last millisecond.
        let ms = next.saturating_duration_since(now).as_millis() + 1;
        PollTimeout::from(u16::try_from(ms).unwrap_or(u16::MAX))
    }

    fn time_deadline(&self) -> Instant {
        later(self.started, self.request.limits.time_s_max)
    }

    fn silence_deadline(&self) -> Instant {
        later(self.last_output, self.request.limits.silence_s_max)
    }

    /// Reads one report and sees to it. `false` if there was none.
    fn hear(&mut self) -> SysResult<bool> {
        let Some(control) = self.control else { return Ok(false) };
        let (bytes, fds) = match sys::receive(control.as_fd(), Wait::No)? {
            Received::Message { bytes, fds } => (bytes, fds),
            Received::Nothing => return Ok(false),
            Received::End => {
                self.control = None;
                return Ok(false);
            }
        };
        let report = Report::decode(&bytes).map_err(|error| {
            SysError::new(sys::Call::Recvmsg, format_args!("a report: {error}"), Errno::EBADMSG)
        })?;
        let mut fds = fds.into_iter();
        match report {
            Report::Cloned => {
                self.process = fds.next();
                if self.end.is_some() {
                    self.kill();
                }
            }
            Report::Ready => (self.store, self.processes) = (fds.next(), fds.next()),
            Report::Failed { phase, error } => self.fail_in(phase, error),
            Report::StepStarted { index } => {
                self.step = Some(index);
                if let Some(step) = self.step_name() {
                    (self.request.progress)(BuildProgress { step, index });
                }
            }
            Report::ShellStarted => {
                if let (Some(shell), Some(ours)) = (&mut self.shell, fds.next()) {
                    shell.relay = Some(Relay::begin(shell.terminal, ours)?);
                }
            }
            Report::ShellNotRun { error } => {
                let on = format!("the shell, {}", error.on);
                self.fail(SysError { on, ..error }.into_build_error());
            }
            Report::ShellEnded { status } => {
                if let Some(shell) = &mut self.shell {
                    shell.status = Some(status);
                    if let Some(relay) = &mut shell.relay {
                        relay.finish(&mut self.buffer);
                    }
                    shell.relay = None;
                }
            }
            Report::NotRun { index, error } => {
                self.step = Some(index);
                let step = self.step_name().map_or_else(String::new, |it| it.to_string());
                let error =
                    SysError { on: format!("the program of step `{step}`, {}", error.on), ..error };
                self.fail_step(error.into_build_error());
            }
            Report::StepEnded { index, status } => {
                self.step = Some(index);
                self.look_at_space();
                if status != StepStatus::Code(0)
                    && let Some(step) = self.step_name()
                {
                    self.fail_step(BuildError::StepFailed { step, index, status });
                }
            }
            Report::Done => self.end = self.end.take().or(Some(End::Done)),
        }
        Ok(true)
    }

    /// Ends the build, or lets the shell follow that is there to look at the failure.
    fn fail_step(&mut self, error: BuildError) {
        match &mut self.shell {
            Some(shell) if self.end.is_none() => shell.failed = Some(error),
            _ => self.fail(error),
        }
    }

    fn fail_in(&mut self, phase: Phase, error: SysError) {
        let no_space = matches!(error.errno, Errno::ENOSPC | Errno::EDQUOT);
        let build_error = match phase {
            Phase::Copy if no_space => self.limit(self.usage.limit()),
            Phase::Clone | Phase::Setup => match doctor::explain(&error) {
                Some(refusal) => refusal.into(),
                None => error.into_build_error(),
            },
            Phase::Copy | Phase::Steps => error.into_build_error(),
        };
        self.fail(build_error);
    }

    /// Passes some output on. `false` if there was none.
    fn pass_output_on(&mut self) -> SysResult<bool> {
        let Some(log) = self.log else { return Ok(false) };
        let count = match sys::read_some(log.as_fd(), &mut self.buffer, "the build's output")? {
            None => return Ok(false),
            Some(0) => {
                self.log = None;
                return Ok(false);
            }
            Some(count) => count,
        };
        self.last_output = Instant::now();
        let room = self.request.limits.log_bytes_max - self.log_bytes;
        let kept = usize::try_from(room).unwrap_or(usize::MAX).min(count);
        self.log_bytes += kept as u64;
        let mut log = self.request.log.lock().unwrap_or_else(PoisonError::into_inner);
        let written = log.write_all(&self.buffer[..kept]);
        drop(log);
        if let Err(source) = written {
            self.log = None;
            self.fail(BuildError::System { call: "write", on: "the build's log".into(), source });
        } else if kept < count {
            self.log = None;
            let limit = format!("log_bytes_max = {}", self.request.limits.log_bytes_max);
            self.fail(self.limit(limit));
        }
        Ok(true)
    }

    /// Ends the build if it has gone too far.
    fn check_limits(&mut self) {
        if self.end.is_some() {
            return;
        }
        let now = Instant::now();
        let limits = &self.request.limits;
        if let Some(relay) = self.shell.as_mut().and_then(|it| it.relay.as_mut()) {
            // People think, and for that there is no limit of time.
            (self.started, self.last_output) = (now, now);
            relay.copy_size();
        }
        if now >= self.time_deadline() {
            self.fail(self.limit(format!("time_s_max = {}", limits.time_s_max)));
        } else if now >= self.silence_deadline() {
            self.fail(self.limit(format!("silence_s_max = {}", limits.silence_s_max)));
        } else if now >= self.next_look {
            self.look_at_space();
            self.look_at_processes();
            self.next_look = Instant::now() + Duration::from_millis(LOOK_MS);
        }
    }

    fn look_at_space(&mut self) {
        let Some(store) = &self.store else { return };
        // If it cannot be seen, the kernel's own bound stands.
        if let Ok(true) = self.usage.is_over(store.as_fd()) {
            self.fail(self.limit(self.usage.limit()));
        }
    }

    fn look_at_processes(&mut self) {
        let Some(processes) = &self.processes else { return };
        let max = self.request.limits.processes_max;
        if let Ok(count) = count_threads(processes.as_fd())
            && count > max
        {
            self.fail(self.limit(format!("processes_max = {max}")));
        }
    }

    fn limit(&self, limit: String) -> BuildError {
        BuildError::LimitReached { limit, step: self.step_name() }
    }

    fn step_name(&self) -> Option<StepName> {
        self.request.action.steps.get(self.step?).map(|it| it.name.clone())
    }

    /// Ends the build. The first reason is the one that is told.
    fn fail(&mut self, error: BuildError) {
        if !matches!(self.end, Some(End::Failed(_))) {
            self.end = Some(End::Failed(error));
        }
        self.kill();
    }

    fn kill(&self) {
        if let Some(process) = &self.process {
            sys::pidfd_kill(process.as_fd());
        }
    }

    /// Ends the build without hearing it out.
    fn kill_and_wait(&mut self) {
        self.kill();
        if let Some(process) = &self.process {
            let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
            while poll(&mut fds, PollTimeout::NONE) == Err(Errno::EINTR) {}
        }
        self.process = None;
    }

    fn finish(mut self) -> Result<Left, BuildError> {
        // Nothing is alive, and the guard has nothing to do.
        self.process = None;
        match (self.end.take(), self.store.take()) {
            (Some(End::Failed(error)), _) => Err(error),
            (Some(End::Done), Some(store)) => {
                let shell = self
                    .shell
                    .take()
                    .and_then(|it| it.status.map(|status| ShellEnd { failed: it.failed, status }));
                Ok(Left { store, shell })
            }
            (Some(End::Done) | None, _) => Err(BuildError::Ended),
        }
    }
}

/// A panic in what the caller gave us must not leave a build running.
impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.kill_and_wait();
    }
}

/// Adds seconds; so many that they cannot be added are a time that does not come.
fn later(start: Instant, seconds: u64) -> Instant {
    let century = Duration::from_secs(100 * 366 * 24 * 60 * 60);
    start + Duration::from_secs(seconds).min(century)
}

/// Counts the threads of all processes of a sandbox but its first, by its folder of processes.
fn count_threads(processes: BorrowedFd<'_>) -> SysResult<u64> {
    let mut count = 0;
    let listed = sys::open_entry(processes, c".", sys::Open::Folder)?;
    sys::list(listed, "/proc", |name| {
        let bytes = name.to_bytes();
        if bytes != b"1" && bytes.iter().all(u8::is_ascii_digit) {
            // A folder's links are itself, its parent, and its folders: one for each thread. A
            // process that is gone by now does not count.
            let tasks = [bytes, b"/task"].concat();
            let tasks = sys::c_string(tasks, "a process")?;
            let links = sys::fstat_at(processes, &tasks).map_or(2, |it| it.links);
            count += links.saturating_sub(2);
        }
        Ok(())
    })?;
    Ok(count)
}
