//! Processes: making, becoming, waiting, ending them, and what they may do.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::WaitStatus;
use nix::unistd::{ForkResult, Gid, Pid, Uid};

use super::raw::{self, Cloned, Disposition};
use super::{Call, Named, SysError, SysResult};

/// Clones this process into new namespaces given by `flags` (`CLONE_NEW…`), all in one call, so
/// that the new user namespace owns all the others.
///
/// The caller has one thread only.
pub(crate) fn clone_into_namespaces(flags: libc::c_int) -> SysResult<Cloned> {
    raw::clone_into_namespaces(flags).named(Call::Clone, "new namespaces")
}

/// Forks this process. `None` in the child.
///
/// The caller has one thread only.
pub(crate) fn fork() -> SysResult<Option<Pid>> {
    Ok(match raw::fork().named(Call::Fork, "this process")? {
        ForkResult::Parent { child } => Some(child),
        ForkResult::Child => None,
    })
}

/// Replaces this process by a program. Returns only to say why not.
pub(crate) fn execve(path: &CStr, argv: &[CString], env: &[CString]) -> SysError {
    match nix::unistd::execve(path, argv, env) {
        Err(errno) => SysError::new(
            Call::Execve,
            format_args!("`{}`", path.to_string_lossy().escape_debug()),
            errno,
        ),
        Ok(never) => match never {},
    }
}

/// Replaces this process by a program, which is searched for in `PATH` if it has no `/`. Returns
/// only to say why not.
pub(crate) fn execvp(argv: &[CString]) -> SysError {
    let Some(program) = argv.first() else {
        return SysError::new(Call::Execve, "no program", Errno::EINVAL);
    };
    match nix::unistd::execvp(program, argv) {
        Err(errno) => SysError::new(
            Call::Execve,
            format_args!("`{}`", program.to_string_lossy().escape_debug()),
            errno,
        ),
        Ok(never) => match never {},
    }
}

/// Gives `SIGPIPE`, which Rust programs ignore, its default action again.
pub(crate) fn reset_broken_pipe() -> SysResult<()> {
    raw::signal(libc::SIGPIPE, Disposition::Default).named(Call::Sigaction, "SIGPIPE")
}

/// Waits for any child, or for none being left (`None`).
pub(crate) fn wait_any() -> SysResult<Option<WaitStatus>> {
    loop {
        match nix::sys::wait::waitpid(None, None) {
            Ok(status) => return Ok(Some(status)),
            Err(Errno::ECHILD) => return Ok(None),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(SysError::new(Call::Wait, "children", errno)),
        }
    }
}

/// Waits until a child has ended, and leaves it to be waited for.
pub(crate) fn wait_without_reaping(pid: u32) {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    while waitid(Id::Pid(Pid::from_raw(pid as i32)), flags) == Err(Errno::EINTR) {}
}

/// Kills every process that this one may signal, but itself and the first of its namespace.
pub(crate) fn kill_all_others() {
    // The only possible failure is that there is nobody.
    let _ = nix::sys::signal::kill(Pid::from_raw(-1), nix::sys::signal::Signal::SIGKILL);
}

/// Returns a descriptor of a process that has not been waited for.
pub(crate) fn pidfd_open(pid: u32) -> SysResult<OwnedFd> {
    raw::pidfd_open(pid).named(Call::Open, format_args!("process {pid}"))
}

/// Kills the process of a descriptor. That it is gone already is no error.
pub(crate) fn pidfd_kill(pidfd: BorrowedFd<'_>) {
    let _ = raw::pidfd_send_signal(pidfd, libc::SIGKILL);
}

/// Lets the kernel kill this process when the thread that made it ends.
pub(crate) fn set_death_signal() -> SysResult<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)
        .named(Call::Prctl, "PR_SET_PDEATHSIG")
}

/// Closes `/proc/PID/{environ,exe,fd,mem,root,…}` of this process to everybody, or opens it to its
/// user.
pub(crate) fn set_dumpable(dumpable: bool) -> SysResult<()> {
    nix::sys::prctl::set_dumpable(dumpable).named(Call::Prctl, "PR_SET_DUMPABLE")
}

/// Returns which version of Landlock the kernel has; 0 for none.
pub(crate) fn landlock_version() -> i32 {
    raw::landlock_version().unwrap_or(0)
}

/// Keeps this process and its children from gaining privileges by `execve`.
pub(crate) fn set_no_new_privileges() -> SysResult<()> {
    nix::sys::prctl::set_no_new_privs().named(Call::Prctl, "PR_SET_NO_NEW_PRIVS")
}

/// Replaces the session keyring by a fresh, empty one. Kernels without keys have none to leak.
pub(crate) fn join_fresh_keyring() -> SysResult<()> {
    match raw::join_anonymous_keyring() {
        Ok(()) | Err(Errno::ENOSYS) => Ok(()),
        Err(errno) => Err(SysError::new(Call::Keyctl, "the session keyring", errno)),
    }
}

/// Starts a session without a terminal.
pub(crate) fn setsid() -> SysResult<()> {
    nix::unistd::setsid().named(Call::Setsid, "this process").map(drop)
}

/// Leaves all supplementary groups.
pub(crate) fn drop_groups() -> SysResult<()> {
    nix::unistd::setgroups(&[]).named(Call::Setgroups, "no groups")
}

/// Takes on a user and a group for good, the group first. They are numbers of this namespace.
pub(crate) fn become_user(uid: u32, gid: u32) -> SysResult<()> {
    let g = Gid::from_raw(gid);
    nix::unistd::setresgid(g, g, g).named(Call::Setresgid, gid)?;
    let u = Uid::from_raw(uid);
    nix::unistd::setresuid(u, u, u).named(Call::Setresuid, uid)
}

/// Gives every signal its default action and blocks none.
pub(crate) fn reset_signals() -> SysResult<()> {
    let changeable = |it: &i32| !matches!(*it, libc::SIGKILL | libc::SIGSTOP);
    for number in (1..=64).filter(changeable) {
        raw::signal(number, Disposition::Default).named(Call::Sigaction, number)?;
    }
    nix::sys::signal::SigSet::empty().thread_set_mask().named(Call::Sigaction, "the signal mask")
}

/// Lets children vanish when they end instead of waiting to be waited for.
pub(crate) fn reap_children_by_itself() -> SysResult<()> {
    raw::signal(libc::SIGCHLD, Disposition::Ignore).named(Call::Sigaction, "SIGCHLD")
}

/// Sets a resource limit, soft and hard.
pub(crate) fn set_limit(resource: u32, name: &str, soft: u64, hard: u64) -> SysResult<()> {
    raw::setrlimit(resource, soft, hard)
        .named(Call::Setrlimit, format_args!("{name} = {soft} (soft), {hard} (hard)"))
}

/// Reads a resource limit: soft and hard.
pub(crate) fn limit(resource: u32, name: &str) -> SysResult<(u64, u64)> {
    raw::getrlimit(resource).named(Call::Setrlimit, name)
}

/// Switches address space randomisation off, and every other personality to the default.
pub(crate) fn set_fixed_addresses() -> SysResult<()> {
    use nix::sys::personality::{self, Persona};
    personality::set(Persona::ADDR_NO_RANDOMIZE)
        .named(Call::Personality, "ADDR_NO_RANDOMIZE")
        .map(drop)
}

/// Gives up every capability for good: bounding, ambient, inheritable, permitted and effective.
pub(crate) fn drop_capabilities() -> SysResult<()> {
    // The kernel says which is the last one that it knows.
    for capability in 0..64 {
        match raw::prctl(libc::PR_CAPBSET_DROP, capability) {
            Ok(()) => {}
            Err(Errno::EINVAL) => break,
            Err(errno) => return Err(SysError::new(Call::Prctl, "PR_CAPBSET_DROP", errno)),
        }
    }
    raw::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as u64)
        .named(Call::Prctl, "PR_CAP_AMBIENT")?;
    /// `SECBIT_*` and their locks: nothing is ever regained by becoming user 0.
    const LOCKED_DOWN: u64 = 0b1110_1111;
    raw::prctl(libc::PR_SET_SECUREBITS, LOCKED_DOWN).named(Call::Prctl, "PR_SET_SECUREBITS")?;
    raw::capset_none().named(Call::Capset, "no capabilities")
}

/// Parts this process from the namespaces given by `flags` (`CLONE_NEW…`).
pub(crate) fn unshare(flags: libc::c_int) -> SysResult<()> {
    let flags = nix::sched::CloneFlags::from_bits_truncate(flags);
    nix::sched::unshare(flags).named(Call::Unshare, "new namespaces")
}

/// Sets the host and domain name of this namespace.
pub(crate) fn set_host_name(host: &str, domain: &str) -> SysResult<()> {
    nix::unistd::sethostname(host).named(Call::Sethostname, host)?;
    raw::setdomainname(domain).named(Call::Setdomainname, domain)
}

/// Brings the loopback interface of this network namespace up.
pub(crate) fn bring_loopback_up() -> SysResult<()> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
        .named(Call::Socket, "AF_INET")?;
    raw::interface_up(socket.as_fd(), c"lo").named(Call::Ioctl, "the loopback interface")
}
