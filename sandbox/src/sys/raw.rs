//! The calls that neither the standard library nor `nix` has in a safe form, and all unsafe code of
//! this crate.
//!
//! Notes on what is not obvious:
//!
//! - **Cloning.** [`clone_into_namespaces`] and [`fork`] copy one thread. They are called by the
//!   helper and by what it cloned, and both have one thread only, so that the copy may allocate,
//!   take locks and run any Rust code. In a threaded process the copy might find a lock taken by a
//!   thread that it does not have.
//! - **Mounts.** The newer calls (`open_tree`, `mount_setattr`, `move_mount`, `fsopen` …) work on
//!   descriptors: no path of the sandbox is looked up twice, and the mount table is never read.
//!
//! Invariants, for whoever adds a call:
//!
//! - A function makes one call, adds no policy, and never prints.
//! - Every descriptor that the kernel returns becomes an `OwnedFd` at once, and closes itself on
//!   `execve`.
//! - A pointer given to the kernel is one to a live value of the type that the call takes, and a
//!   size given with it is that value's.

#![allow(unsafe_code, reason = "this is the one place for it; see the invariants above")]

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::unistd::{ForkResult, Pid};

/// The kernel's answer.
type Answer<T> = Result<T, Errno>;

/// Makes a system call that returns a number.
macro_rules! syscall {
    ($number:expr $(, $arg:expr)* $(,)?) => {
        // SAFETY: every use in this file passes plain numbers, or pointers to live values of the
        // type that the call takes with their sizes.
        Errno::result(unsafe { libc::syscall($number $(, $arg)*) })
    };
}

/// Takes charge of a descriptor that the kernel has just returned.
fn owned(fd: i64) -> OwnedFd {
    // SAFETY: callers pass what a call has just returned as a new descriptor, which nobody else
    // knows.
    unsafe { OwnedFd::from_raw_fd(fd as RawFd) }
}

/// Takes charge of the descriptors of a message that was just received.
pub(super) fn received(fds: Vec<RawFd>) -> impl Iterator<Item = OwnedFd> {
    fds.into_iter().map(|it| owned(i64::from(it)))
}

/// Which of the two processes after a clone this is.
pub(crate) enum Cloned {
    /// The one that called.
    Parent {
        /// The new process, as the parent's namespace numbers it.
        pid: Pid,
        /// A descriptor of it, which polls as readable once it is gone.
        pidfd: OwnedFd,
    },
    /// The new one.
    Child,
}

/// Clones this process, which has one thread only, into new namespaces (`CLONE_NEW…`).
pub(super) fn clone_into_namespaces(flags: libc::c_int) -> Answer<Cloned> {
    let mut pidfd: RawFd = -1;
    // SAFETY: all fields of the structure are numbers, for which zero is "not used".
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags as u64 | libc::CLONE_PIDFD as u64;
    args.pidfd = (&raw mut pidfd) as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    let size = size_of::<libc::clone_args>();
    let mut result = syscall!(libc::SYS_clone3, &raw mut args, size);
    if result == Err(Errno::ENOSYS) {
        // Some outer sandboxes hide `clone3` because they cannot see its flags.
        let flags = flags | libc::CLONE_PIDFD | libc::SIGCHLD;
        result = syscall!(libc::SYS_clone, flags as libc::c_long, 0, &raw mut pidfd, 0, 0);
    }
    Ok(match result? {
        0 => Cloned::Child,
        pid => Cloned::Parent { pid: Pid::from_raw(pid as i32), pidfd: owned(i64::from(pidfd)) },
    })
}

/// Forks this process, which has one thread only.
pub(super) fn fork() -> Answer<ForkResult> {
    // SAFETY: the process has one thread, so the child finds every lock free.
    unsafe { nix::unistd::fork() }
}

/// Ends this process at once: nothing is flushed, no destructor runs.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: always allowed; this is what it is for in a cloned process.
    unsafe { libc::_exit(code) }
}

/// How a signal is taken.
#[derive(Clone, Copy)]
pub(super) enum Disposition {
    /// By the kernel's default.
    Default,
    /// Not at all.
    Ignore,
}

/// Sets how a signal is taken.
pub(super) fn signal(number: libc::c_int, disposition: Disposition) -> Answer<()> {
    let handler = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
    };
    // The kernel's own structure: handler, flags, restorer, mask. By the system call, because the C
    // library refuses to touch the signals that it uses itself, whoever ignored them before.
    let action = [handler as u64, 0, 0, 0];
    let null = std::ptr::null_mut::<u64>();
    let mask_size: libc::size_t = 8;
    syscall!(libc::SYS_rt_sigaction, number, &raw const action, null, mask_size).map(drop)
}

/// Where signals are passed on to; 0 for nowhere.
static PASSED_ON_TO: AtomicI32 = AtomicI32::new(0);

/// The signals that are passed on: those that people send to a program to end it or to tell it
/// something.
const PASSED_ON: &[libc::c_int] =
    &[libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2];

/// How signals were taken before they were passed on; dropping it takes them so again.
pub(crate) struct Passing {
    before: Vec<(libc::c_int, libc::sigaction)>,
}

/// Begins to pass signals on to a child that has not been waited for.
///
/// The caller sees to it that there is one at a time.
pub(crate) fn pass_signals_on(child: u32) -> Passing {
    PASSED_ON_TO.store(child as libc::pid_t, Ordering::SeqCst);
    let mut before = Vec::new();
    for &number in PASSED_ON {
        // SAFETY: all fields of the structure are numbers, for which zero is a value.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = pass_on as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        // SAFETY: as above.
        let mut old: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: both structures live across the call, and the handler is of the form that
        // `SA_SIGINFO` asks for and calls only what is allowed in a handler.
        if unsafe { libc::sigaction(number, &raw const action, &raw mut old) } == 0 {
            before.push((number, old));
        }
    }
    Passing { before }
}

impl Drop for Passing {
    fn drop(&mut self) {
        for (number, old) in &self.before {
            // SAFETY: the structure is one that the kernel gave us for this signal.
            unsafe { libc::sigaction(*number, &raw const *old, std::ptr::null_mut()) };
        }
        PASSED_ON_TO.store(0, Ordering::SeqCst);
    }
}

/// Passes a signal on. What the terminal sends (`SI_KERNEL`) has reached the child already.
extern "C" fn pass_on(number: libc::c_int, info: *const libc::siginfo_t, _: *const libc::c_void) {
    let child = PASSED_ON_TO.load(Ordering::SeqCst);
    // SAFETY: the kernel passes a valid structure to a handler with `SA_SIGINFO`.
    let code = unsafe { (*info).si_code };
    if child > 0 && code <= 0 {
        let errno = Errno::last_raw();
        // SAFETY: `kill` is allowed in a handler. The child has not been waited for, so that its
        // number is its own.
        unsafe { libc::kill(child, number) };
        Errno::set_raw(errno);
    }
}

/// Lets a command pass descriptors on to what it starts, whose numbers become its arguments.
pub(crate) fn pass_on_descriptors(command: &mut Command, fds: [BorrowedFd<'_>; 2]) {
    use std::os::unix::process::CommandExt;
    let raw = fds.map(|it| it.as_raw_fd());
    command.args(raw.map(|it| it.to_string()));
    let keep_open = move || {
        for fd in raw {
            // SAFETY: changes a flag of a descriptor, if there is one of this number.
            Errno::result(unsafe { libc::fcntl(fd, libc::F_SETFD, 0) })?;
        }
        Ok(())
    };
    // SAFETY: it runs in the new process between `fork` and `execve`, and only calls `fcntl`, which
    // is allowed there.
    unsafe { command.pre_exec(keep_open) };
}

/// Takes charge of descriptors that this process was started with, and has them close on `execve`.
/// `None` if one is not open.
pub(crate) fn inherited(fds: [RawFd; 2]) -> Option<[OwnedFd; 2]> {
    for fd in fds {
        // SAFETY: changes a flag of a descriptor, if there is one of this number.
        Errno::result(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }).ok()?;
    }
    (fds[0] != fds[1] && fds.iter().all(|it| *it > 2)).then(|| fds.map(|it| owned(i64::from(it))))
}

/// Returns the size of a terminal: rows, columns, and both in pixels.
pub(super) fn window_size(terminal: BorrowedFd<'_>) -> Answer<[u16; 4]> {
    let mut size = [0_u16; 4];
    let terminal = terminal.as_raw_fd();
    // SAFETY: the request writes a structure of four numbers of 16 bits, which `size` is.
    Errno::result(unsafe { libc::ioctl(terminal, libc::TIOCGWINSZ, &raw mut size) })?;
    Ok(size)
}

/// Sets the size of a terminal.
pub(super) fn set_window_size(terminal: BorrowedFd<'_>, size: [u16; 4]) -> Answer<()> {
    let terminal = terminal.as_raw_fd();
    // SAFETY: the request reads a structure of four numbers of 16 bits, which `size` is.
    Errno::result(unsafe { libc::ioctl(terminal, libc::TIOCSWINSZ, &raw const size) }).map(drop)
}

/// Sets a resource limit.
pub(super) fn setrlimit(resource: u32, soft: u64, hard: u64) -> Answer<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limit` lives across the call, which only reads it.
    Errno::result(unsafe { libc::setrlimit(resource as _, &raw const limit) }).map(drop)
}

/// Reads a resource limit: soft, hard.
pub(super) fn getrlimit(resource: u32) -> Answer<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives across the call, which only writes it.
    Errno::result(unsafe { libc::getrlimit(resource as _, &raw mut limit) })?;
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Calls `prctl` with an option that takes one number, or two.
pub(super) fn prctl(option: libc::c_int, value: u64) -> Answer<()> {
    // SAFETY: callers pass options that take numbers and return nothing by pointer.
    Errno::result(unsafe { libc::prctl(option, value, 0_u64, 0_u64, 0_u64) }).map(drop)
}

/// Gives up the effective, permitted and inheritable capabilities.
pub(super) fn capset_none() -> Answer<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    /// `_LINUX_CAPABILITY_VERSION_3`, whose sets are two words each.
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header { version: VERSION_3, pid: 0 };
    let none = [[0_u32; 3]; 2];
    syscall!(libc::SYS_capset, &raw const header, &raw const none).map(drop)
}

/// Replaces the session keyring by a fresh, empty one.
pub(super) fn join_anonymous_keyring() -> Answer<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    let anonymous = std::ptr::null::<libc::c_char>();
    syscall!(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, anonymous, 0, 0, 0).map(drop)
}

/// Returns which version of Landlock the kernel has.
pub(super) fn landlock_version() -> Answer<i32> {
    const LANDLOCK_CREATE_RULESET_VERSION: libc::c_int = 1;
    let null = std::ptr::null::<u8>();
    let size: libc::size_t = 0;
    syscall!(libc::SYS_landlock_create_ruleset, null, size, LANDLOCK_CREATE_RULESET_VERSION)
        .map(|version| version as i32)
}

/// Returns a descriptor of a process.
pub(super) fn pidfd_open(pid: u32) -> Answer<OwnedFd> {
    syscall!(libc::SYS_pidfd_open, pid as libc::pid_t, 0).map(owned)
}

/// Sends a signal to the process of a descriptor.
pub(super) fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: libc::c_int) -> Answer<()> {
    let null = std::ptr::null::<libc::siginfo_t>();
    syscall!(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, null, 0).map(drop)
}

/// Closes all descriptors from `first` to `last`, both included.
pub(super) fn close_range(first: u32, last: u32) -> Answer<()> {
    syscall!(libc::SYS_close_range, first, last, 0).map(drop)
}

/// Makes a detached mount of what is at `path` below `dir`.
pub(super) fn open_tree(dir: RawFd, path: &CStr, flags: libc::c_int) -> Answer<OwnedFd> {
    syscall!(libc::SYS_open_tree, dir, path.as_ptr(), flags).map(owned)
}

/// Sets flags of the mount of a descriptor.
pub(super) fn mount_setattr(fd: BorrowedFd<'_>, flags: libc::c_int, set: u64) -> Answer<()> {
    #[repr(C)]
    struct Attributes {
        set: u64,
        clear: u64,
        propagation: u64,
        user_namespace: u64,
    }
    let attributes = Attributes { set, clear: 0, propagation: 0, user_namespace: 0 };
    let size = size_of::<Attributes>();
    let fd = fd.as_raw_fd();
    let empty = c"".as_ptr();
    syscall!(libc::SYS_mount_setattr, fd, empty, flags, &raw const attributes, size).map(drop)
}

/// Moves a mount to `name` in `dir`.
pub(super) fn move_mount(
    mount: BorrowedFd<'_>,
    dir: BorrowedFd<'_>,
    name: &CStr,
    flags: libc::c_uint,
) -> Answer<()> {
    let (mount, dir) = (mount.as_raw_fd(), dir.as_raw_fd());
    let empty = c"".as_ptr();
    syscall!(libc::SYS_move_mount, mount, empty, dir, name.as_ptr(), flags).map(drop)
}

/// Begins a new file system.
pub(super) fn fsopen(kind: &CStr) -> Answer<OwnedFd> {
    const FSOPEN_CLOEXEC: libc::c_uint = 1;
    syscall!(libc::SYS_fsopen, kind.as_ptr(), FSOPEN_CLOEXEC).map(owned)
}

/// Sets an option of a file system that was begun.
pub(super) fn fsconfig_set(context: BorrowedFd<'_>, key: &CStr, value: &CStr) -> Answer<()> {
    const FSCONFIG_SET_STRING: libc::c_uint = 1;
    let context = context.as_raw_fd();
    syscall!(libc::SYS_fsconfig, context, FSCONFIG_SET_STRING, key.as_ptr(), value.as_ptr(), 0)
        .map(drop)
}

/// Makes a file system that was begun.
pub(super) fn fsconfig_create(context: BorrowedFd<'_>) -> Answer<()> {
    const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
    let null = std::ptr::null::<libc::c_char>();
    syscall!(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_CMD_CREATE, null, null, 0).map(drop)
}

/// Makes a detached mount of a file system that was made.
pub(super) fn fsmount(context: BorrowedFd<'_>, flags: u64) -> Answer<OwnedFd> {
    const FSMOUNT_CLOEXEC: libc::c_uint = 1;
    let flags = flags as libc::c_uint;
    syscall!(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, flags).map(owned)
}

/// Sets the domain name of this namespace.
pub(super) fn setdomainname(name: &str) -> Answer<()> {
    // SAFETY: the pointer and the length are those of one live string.
    Errno::result(unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) }).map(drop)
}

/// Brings a network interface of this namespace up, by any socket of it.
pub(super) fn interface_up(socket: BorrowedFd<'_>, name: &CStr) -> Answer<()> {
    // SAFETY: all fields of the structure are numbers and arrays of numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays zero.
    let room = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name[..room].iter_mut().zip(name.to_bytes()) {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    let socket = socket.as_raw_fd();
    // SAFETY: `request` is the structure that this request reads, and lives across the call.
    let result = unsafe { libc::ioctl(socket, libc::SIOCSIFFLAGS as _, &raw const request) };
    Errno::result(result).map(drop)
}
