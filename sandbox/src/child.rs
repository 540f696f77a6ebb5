//! The first process of a build: lays out the sandbox as the plan says, gives up all privileges,
//! and then runs the steps.
//!
//! It begins as a clone of the helper, in namespaces of its own and with every capability in them
//! (and none outside). What it opens on the machine it opens first, as the user who called Kiln; in
//! root mode it then becomes the build's own user, for good.
//!
//! **Invariants:** this process never runs anything of the action itself; it reads no file that a
//! step could have written; before the first step it is without privileges, closed to the steps
//! (`PR_SET_DUMPABLE`), and under the same filter of system calls as they are.

mod copy;
mod init;
mod layout;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::{Mode, umask};

use crate::message::{Order, Phase, Report};
use crate::plan::{BUILD_GID, BUILD_UID, Plan, Setup};
use crate::sys::{self, Call, Open, SysError, SysResult};
use crate::{privileges, seccomp};

/// A pipe whose writing end only the helper holds, so that its end tells that the helper ended.
pub(crate) struct Life {
    reader: OwnedFd,
    _writer: OwnedFd,
}

impl Life {
    /// Makes one for this process.
    pub(crate) fn new() -> SysResult<Self> {
        let (reader, writer) = sys::pipe()?;
        Ok(Life { reader, _writer: writer })
    }
}

/// What the child has from the helper.
pub(crate) struct Inherited<'a> {
    /// The order.
    pub(crate) order: &'a Order,
    /// Where reports go.
    pub(crate) control: BorrowedFd<'a>,
    /// Where the output of steps goes.
    pub(crate) log: BorrowedFd<'a>,
    /// The plan, as bytes.
    pub(crate) plan: BorrowedFd<'a>,
    /// What is held open for as long as the build lives.
    pub(crate) held: &'a [OwnedFd],
    /// Tells that the helper ended.
    pub(crate) life: &'a Life,
    /// Gives a byte when the user namespace has its user.
    pub(crate) go: BorrowedFd<'a>,
}

/// What the first process tells the supervisor, and when it cannot.
struct Failure {
    phase: Phase,
    error: SysError,
}

/// Lives as the first process of a build, and ends.
pub(crate) fn run(inherited: &Inherited<'_>) -> ! {
    // An unwinding panic must not reach the helper's loop, of which this process is a copy.
    let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| live(inherited)));
    let code = match lived {
        Ok(Ok(())) => 0,
        Ok(Err(Failure { phase, error })) => {
            let report = Report::Failed { phase, error }.encode();
            // If the supervisor does not listen any more, nobody needs to know.
            let _ = sys::send(inherited.control, &report, &[]);
            1
        }
        Err(_panic) => 2,
    };
    sys::exit_now(code)
}

fn live(inherited: &Inherited<'_>) -> Result<(), Failure> {
    let in_phase = |phase| move |error| Failure { phase, error };
    start(inherited).map_err(in_phase(Phase::Clone))?;
    let plan = read_plan(inherited).map_err(in_phase(Phase::Setup))?;
    set_up(inherited, &plan).map_err(in_phase(Phase::Setup))?;
    copy::copy_sources(&plan.copies).map_err(in_phase(Phase::Copy))?;
    init::run_steps(&plan, inherited.control, inherited.log).map_err(in_phase(Phase::Steps))
}

/// Ties this process to the helper, and waits until it has a user.
fn start(inherited: &Inherited<'_>) -> SysResult<()> {
    let mut kept = vec![
        inherited.control,
        inherited.log,
        inherited.plan,
        inherited.go,
        inherited.life.reader.as_fd(),
    ];
    kept.extend(inherited.held.iter().map(AsFd::as_fd));
    sys::close_all_but(&kept)?;
    die_with_helper(inherited)?;
    let mut byte = [0];
    if sys::read_some(inherited.go, &mut byte, "the child's pipe")? != Some(1) {
        sys::exit_now(1);
    }
    sys::reset_signals()
}

/// Lets the kernel end this process with the helper. It forgets that with every change of user.
fn die_with_helper(inherited: &Inherited<'_>) -> SysResult<()> {
    sys::set_death_signal()?;
    if sys::is_hung_up(inherited.life.reader.as_fd())? {
        // The helper ended before the line above.
        sys::exit_now(1);
    }
    Ok(())
}

fn read_plan(inherited: &Inherited<'_>) -> SysResult<Plan> {
    let bytes = sys::read_from_start(inherited.plan)?;
    Plan::decode(&bytes).map_err(|error| {
        SysError::new(Call::Read, format_args!("the plan: {error}"), Errno::EBADMSG)
    })
}

/// Lays out the sandbox and gives up all privileges.
fn set_up(inherited: &Inherited<'_>, plan: &Plan) -> SysResult<()> {
    // First, because what it writes to is closed to this process once it has changed its user.
    privileges::set_memory_score(plan.memory_score)?;
    sys::make_mounts_private()?;
    let mut layout = layout::Layout::new(inherited.order);
    if !is_build_user() {
        // What lies on the machine is opened as the user who may open it. In user mode that is the
        // build's own, and everything is opened when it is needed, so that few are open at a time.
        layout.open_all(&plan.setup)?;
        sys::become_user(BUILD_UID, BUILD_GID)?;
        die_with_helper(inherited)?;
    }
    if !is_build_user() {
        let id = nix::unistd::getuid();
        let on = format!("the user of the namespace: expected {BUILD_UID}, found {id}");
        return Err(SysError::new(Call::Setresuid, on, Errno::EINVAL));
    }
    // Modes are as the plan says.
    umask(Mode::empty());
    for setup in &plan.setup {
        layout.carry_out(setup)?;
    }
    umask(Mode::from_bits_truncate(0o022));
    let (store, processes) = layout.finish()?;
    sys::send(inherited.control, &Report::Ready.encode(), &[store.as_fd(), processes.as_fd()])?;
    drop((store, processes));
    privileges::set_resource_limits(&plan.resource_limits)?;
    sys::set_dumpable(false)?;
    sys::set_no_new_privileges()?;
    sys::drop_capabilities()?;
    seccomp::install()
}

fn is_build_user() -> bool {
    nix::unistd::getuid().as_raw() == BUILD_UID && nix::unistd::getgid().as_raw() == BUILD_GID
}

/// Opens `/dev/null` of the sandbox.
fn open_null() -> SysResult<OwnedFd> {
    sys::open(Path::new("/dev/null"), Open::ReadWrite)
}

/// Whether a step of the set-up opens something on the machine.
fn opens_outside(setup: &Setup) -> Option<&Path> {
    match setup {
        Setup::Bind { from, .. } => Some(from),
        Setup::Loopback
        | Setup::HostName { .. }
        | Setup::Root { .. }
        | Setup::Folder { .. }
        | Setup::File { .. }
        | Setup::Link { .. }
        | Setup::Share { .. }
        | Setup::Memory { .. }
        | Setup::Detach { .. }
        | Setup::Processes { .. }
        | Setup::Terminals { .. }
        | Setup::NoUserNamespaces
        | Setup::Freeze { .. }
        | Setup::Hide { .. }
        | Setup::Emulators { .. }
        | Setup::NoEmulators
        | Setup::EnterRoot
        | Setup::SetTimes { .. }
        | Setup::SealRoot => None,
    }
}
