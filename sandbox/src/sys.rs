//! One wrapper for each kernel call, and the only place with unsafe code.
//!
//! Each error carries the call and what it was called on. Notes on the calls that are not obvious:
//!
//! - **Cloning.** [`clone_into_namespaces`] and [`fork`] copy one thread. They are called by the
//!   helper and by what it cloned, and both have one thread only, so that the copy may allocate,
//!   take locks and run any Rust code. In a threaded process the copy might find a lock taken by a
//!   thread that it does not have.
//! - **Mounts.** The newer calls (`open_tree`, `mount_setattr`, `move_mount`, `fsopen` …) work on
//!   descriptors: no path of the sandbox is looked up twice, and the mount table is never read.
//!   `mount_setattr` came with Linux 5.12; [`set_mount_flags_by_remount`] stands in before that.
//! - **Descriptors.** Whatever is opened here closes itself on `execve`.
//!
//! Invariants, for whoever adds a call:
//!
//! - A wrapper makes one call, adds no policy, and never prints.
//! - Every descriptor that the kernel returns becomes an `OwnedFd` at once.
//! - A structure given to the kernel is built field by field from zero, and its size is passed.

use std::ffi::{CStr, CString, OsString};
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag};
use nix::libc;
use nix::sys::stat::Mode;
use nix::sys::wait::WaitStatus;
use nix::unistd::{Gid, Pid, Uid};

/// Makes the list of calls that an error can name.
macro_rules! calls {
    ($($variant:ident = $name:literal,)*) => {
        /// A kernel call, as errors name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Call {
            $($variant,)*
        }

        impl Call {
            /// Every call, by its number in a message.
            pub(crate) const ALL: &[Call] = &[$(Call::$variant,)*];

            /// Returns the name of the call.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Call::$variant => $name,)*
                }
            }
        }
    };
}

calls! {
    Capset = "capset",
    Chdir = "chdir",
    Clone = "clone",
    CloseRange = "close_range",
    Dup = "dup",
    Execve = "execve",
    Fchmod = "fchmod",
    Fcntl = "fcntl",
    Fork = "fork",
    Fsconfig = "fsconfig",
    Fsmount = "fsmount",
    Fsopen = "fsopen",
    Fstat = "fstat",
    Fstatvfs = "fstatvfs",
    Getdents = "getdents",
    Ioctl = "ioctl",
    Keyctl = "keyctl",
    Landlock = "landlock",
    Mkdir = "mkdir",
    MoveMount = "move_mount",
    Mount = "mount",
    MountSetattr = "mount_setattr",
    Open = "open",
    OpenTree = "open_tree",
    Personality = "personality",
    PivotRoot = "pivot_root",
    Pipe = "pipe",
    Poll = "poll",
    Prctl = "prctl",
    Read = "read",
    Readlink = "readlink",
    Recvmsg = "recvmsg",
    Rename = "rename",
    Seccomp = "seccomp",
    Sendmsg = "sendmsg",
    Setdomainname = "setdomainname",
    Setgroups = "setgroups",
    Sethostname = "sethostname",
    Setresgid = "setresgid",
    Setresuid = "setresuid",
    Setrlimit = "setrlimit",
    Setsid = "setsid",
    Sigaction = "sigaction",
    Socket = "socket",
    Symlink = "symlink",
    Umount = "umount",
    Unlink = "unlink",
    Unshare = "unshare",
    Utimensat = "utimensat",
    Wait = "wait",
    Write = "write",
}

/// A kernel call that failed: which, on what, and the kernel's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SysError {
    /// The call.
    pub(crate) call: Call,
    /// What it was called on, in words.
    pub(crate) on: String,
    /// The kernel's answer.
    pub(crate) errno: Errno,
}

impl SysError {
    /// Makes one.
    pub(crate) fn new(call: Call, on: impl fmt::Display, errno: Errno) -> Self {
        SysError { call, on: on.to_string(), errno }
    }

    /// Returns the kernel's answer as the standard library has it.
    pub(crate) fn source(&self) -> io::Error {
        io::Error::from_raw_os_error(self.errno as i32)
    }
}

impl fmt::Display for SysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed on {}: {}", self.call.name(), self.on, self.source())
    }
}

/// The result of a wrapper.
pub(crate) type SysResult<T> = Result<T, SysError>;

/// Names the call and its object in a failure.
trait Named<T> {
    fn named(self, call: Call, on: impl fmt::Display) -> SysResult<T>;
}

impl<T> Named<T> for Result<T, Errno> {
    fn named(self, call: Call, on: impl fmt::Display) -> SysResult<T> {
        self.map_err(|errno| SysError::new(call, on, errno))
    }
}

/// Shows a path as errors do.
fn show(path: &Path) -> impl fmt::Display + '_ {
    struct Shown<'a>(&'a Path);
    impl fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "`{}`", self.0.display().to_string().escape_debug())
        }
    }
    Shown(path)
}

/// Makes a system call that returns a number.
macro_rules! syscall {
    ($number:expr $(, $arg:expr)* $(,)?) => {
        // SAFETY: every caller in this file passes pointers to live values of the type that the
        // call takes, with their sizes, or plain numbers.
        Errno::result(unsafe { libc::syscall($number $(, $arg)*) })
    };
}

// ---- processes ----------------------------------------------------------------------------------

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

/// Clones this process into new namespaces given by `flags` (`CLONE_NEW…`), all in one call, so
/// that the new user namespace owns all the others.
///
/// The caller has one thread only.
pub(crate) fn clone_into_namespaces(flags: libc::c_int) -> SysResult<Cloned> {
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
    match result.named(Call::Clone, "new namespaces")? {
        0 => Ok(Cloned::Child),
        pid => {
            // SAFETY: the kernel has just stored this descriptor, and nobody else knows it.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Cloned::Parent { pid: Pid::from_raw(pid as i32), pidfd })
        }
    }
}

/// Forks this process. `None` in the child.
///
/// The caller has one thread only.
pub(crate) fn fork() -> SysResult<Option<Pid>> {
    // SAFETY: the process has one thread, so the child finds every lock free.
    match unsafe { nix::unistd::fork() }.named(Call::Fork, "this process")? {
        nix::unistd::ForkResult::Parent { child } => Ok(Some(child)),
        nix::unistd::ForkResult::Child => Ok(None),
    }
}

/// Ends this process at once: nothing is flushed, no destructor runs.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: always allowed; this is what it is for in a cloned process.
    unsafe { libc::_exit(code) }
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

/// Waits for one child.
pub(crate) fn wait_for(pid: Pid) -> SysResult<WaitStatus> {
    loop {
        match nix::sys::wait::waitpid(pid, None) {
            Ok(status) => return Ok(status),
            Err(Errno::EINTR) => {}
            Err(errno) => {
                return Err(SysError::new(Call::Wait, format_args!("process {pid}"), errno));
            }
        }
    }
}

/// Kills every process that this one may signal, but itself and the first of its namespace.
pub(crate) fn kill_all_others() {
    // The only possible failure is that there is nobody.
    let _ = nix::sys::signal::kill(Pid::from_raw(-1), nix::sys::signal::Signal::SIGKILL);
}

/// Returns a descriptor of a process that has not been waited for.
pub(crate) fn pidfd_open(pid: u32) -> SysResult<OwnedFd> {
    let fd = syscall!(libc::SYS_pidfd_open, pid as libc::pid_t, 0)
        .named(Call::Open, format_args!("process {pid}"))?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Kills the process of a descriptor. That it is gone already is no error.
pub(crate) fn pidfd_kill(pidfd: BorrowedFd<'_>) {
    let null = std::ptr::null::<libc::siginfo_t>();
    let _ = syscall!(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), libc::SIGKILL, null, 0);
}

/// Lets the kernel kill this process when the thread that made it ends.
pub(crate) fn set_death_signal() -> SysResult<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)
        .named(Call::Prctl, "PR_SET_PDEATHSIG")
}

/// Closes `/proc/PID/{environ,exe,fd,mem,root,…}` of this process to everybody, and core dumps.
pub(crate) fn set_not_dumpable() -> SysResult<()> {
    nix::sys::prctl::set_dumpable(false).named(Call::Prctl, "PR_SET_DUMPABLE")
}

/// Returns which version of Landlock the kernel has; 0 for none.
pub(crate) fn landlock_version() -> i32 {
    const LANDLOCK_CREATE_RULESET_VERSION: libc::c_int = 1;
    let null = std::ptr::null::<u8>();
    let size: libc::size_t = 0;
    syscall!(libc::SYS_landlock_create_ruleset, null, size, LANDLOCK_CREATE_RULESET_VERSION)
        .map_or(0, |version| version as i32)
}

/// Keeps this process and its children from gaining privileges by `execve`.
pub(crate) fn set_no_new_privileges() -> SysResult<()> {
    nix::sys::prctl::set_no_new_privs().named(Call::Prctl, "PR_SET_NO_NEW_PRIVS")
}

/// Replaces the session keyring by a fresh, empty one. Kernels without keys have none to leak.
pub(crate) fn join_fresh_keyring() -> SysResult<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    let anonymous = std::ptr::null::<libc::c_char>();
    match syscall!(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, anonymous, 0, 0, 0) {
        Ok(_) | Err(Errno::ENOSYS) => Ok(()),
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
    for number in 1..=64 {
        if number == libc::SIGKILL || number == libc::SIGSTOP {
            continue;
        }
        // SAFETY: the default action runs no code of this process.
        let old = unsafe { libc::signal(number, libc::SIG_DFL) };
        // The C library keeps 32 and 33 (and some keep 34) to itself; their default stands.
        if old == libc::SIG_ERR && !(32..=34).contains(&number) {
            return Err(SysError::new(Call::Sigaction, number, Errno::last()));
        }
    }
    nix::sys::signal::SigSet::empty().thread_set_mask().named(Call::Sigaction, "the signal mask")
}

/// Lets children vanish when they end instead of waiting to be waited for.
pub(crate) fn reap_children_by_itself() -> SysResult<()> {
    // SAFETY: ignoring a signal runs no code of this process.
    let old = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    if old == libc::SIG_ERR {
        return Err(SysError::new(Call::Sigaction, "SIGCHLD", Errno::last()));
    }
    Ok(())
}

/// Sets a resource limit, soft and hard.
pub(crate) fn set_limit(resource: u32, name: &str, soft: u64, hard: u64) -> SysResult<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limit` lives across the call, which only reads it.
    let result = unsafe { libc::setrlimit(resource as _, &raw const limit) };
    Errno::result(result)
        .named(Call::Setrlimit, format_args!("{name} = {soft} (soft), {hard} (hard)"))
        .map(drop)
}

/// Reads a resource limit: soft and hard.
pub(crate) fn limit(resource: u32, name: &str) -> SysResult<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives across the call, which only writes it.
    let result = unsafe { libc::getrlimit(resource as _, &raw mut limit) };
    Errno::result(result).named(Call::Setrlimit, name)?;
    Ok((limit.rlim_cur, limit.rlim_max))
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
        match prctl(libc::PR_CAPBSET_DROP, capability) {
            Ok(()) => {}
            Err(Errno::EINVAL) => break,
            Err(errno) => return Err(SysError::new(Call::Prctl, "PR_CAPBSET_DROP", errno)),
        }
    }
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as u64)
        .named(Call::Prctl, "PR_CAP_AMBIENT")?;
    /// `SECBIT_*` and their locks: nothing is ever regained by becoming user 0.
    const LOCKED_DOWN: u64 = 0b1110_1111;
    prctl(libc::PR_SET_SECUREBITS, LOCKED_DOWN).named(Call::Prctl, "PR_SET_SECUREBITS")?;

    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    /// `_LINUX_CAPABILITY_VERSION_3`, whose sets are two words each.
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header { version: VERSION_3, pid: 0 };
    let none = [[0_u32; 3]; 2];
    syscall!(libc::SYS_capset, &raw const header, &raw const none)
        .named(Call::Capset, "no capabilities")
        .map(drop)
}

/// Calls `prctl` with one number.
fn prctl(option: libc::c_int, value: u64) -> Result<(), Errno> {
    // SAFETY: the options used in this file take numbers and return nothing by pointer.
    Errno::result(unsafe { libc::prctl(option, value, 0_u64, 0_u64, 0_u64) }).map(drop)
}

// ---- descriptors --------------------------------------------------------------------------------

/// Which descriptors from 3 on are closed.
pub(crate) enum Close<'a> {
    /// All at once.
    Now,
    /// All at once but these.
    NowBut(&'a [BorrowedFd<'a>]),
}

/// Closes descriptors from 3 on.
pub(crate) fn close_others(close: &Close<'_>) -> SysResult<()> {
    let mut kept: Vec<u32> = match close {
        Close::Now => Vec::new(),
        Close::NowBut(kept) => kept.iter().map(|it| it.as_raw_fd() as u32).collect(),
    };
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept.into_iter().chain([u32::MAX]) {
        // Before the first kept one, between two of them, and behind the last.
        let last = if fd == u32::MAX { u32::MAX } else { fd.saturating_sub(1) };
        if fd > first {
            syscall!(libc::SYS_close_range, first, last, 0)
                .named(Call::CloseRange, format_args!("{first} to {last}"))?;
        }
        first = fd.saturating_add(1).max(first);
    }
    Ok(())
}

/// Makes `fd` the standard input.
pub(crate) fn set_stdin(fd: BorrowedFd<'_>) -> SysResult<()> {
    nix::unistd::dup2_stdin(fd).named(Call::Dup, "standard input")
}

/// Makes `fd` the standard output and error.
pub(crate) fn set_stdout_stderr(fd: BorrowedFd<'_>) -> SysResult<()> {
    nix::unistd::dup2_stdout(fd).named(Call::Dup, "standard output")?;
    nix::unistd::dup2_stderr(fd).named(Call::Dup, "standard error")
}

/// Copies a descriptor to the lowest free number from 3 on.
pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> SysResult<OwnedFd> {
    use nix::fcntl::{FcntlArg, fcntl};
    let new = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(3)).named(Call::Fcntl, "F_DUPFD_CLOEXEC")?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(new) })
}

/// Makes reads and writes of a descriptor return instead of waiting.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>) -> SysResult<()> {
    use nix::fcntl::{FcntlArg, fcntl};
    fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).named(Call::Fcntl, "O_NONBLOCK").map(drop)
}

/// Makes a pipe: reading end, writing end.
pub(crate) fn pipe() -> SysResult<(OwnedFd, OwnedFd)> {
    nix::unistd::pipe2(OFlag::O_CLOEXEC).named(Call::Pipe, "a new pipe")
}

/// Makes a pair of connected sockets that keep messages apart.
pub(crate) fn socket_pair() -> SysResult<(OwnedFd, OwnedFd)> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
        .named(Call::Socket, "a pair of sockets")
}

/// The greatest number of descriptors in one message.
const FDS_MAX: usize = 8;

/// Sends one message with descriptors. Returns [`Errno::EPIPE`] if nobody can read it any more.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> SysResult<()> {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    debug_assert!(fds.len() <= FDS_MAX, "more descriptors than a receiver makes room for");
    let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    let iov = [io::IoSlice::new(bytes)];
    loop {
        match sendmsg::<()>(socket.as_raw_fd(), &iov, control, MsgFlags::MSG_NOSIGNAL, None) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(SysError::new(Call::Sendmsg, "the sandbox's socket", errno)),
        }
    }
}

/// What a socket gave.
pub(crate) enum Received {
    /// A message.
    Message {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its descriptors, in order.
        fds: Vec<OwnedFd>,
    },
    /// Nothing for now; only where waiting was not asked for.
    Nothing,
    /// Nobody holds the other end any more.
    End,
}

/// Whether to wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Until something is there.
    Forever,
    /// Not at all.
    No,
}

/// The greatest size of a message: the longest names and errors fit many times.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// Receives one message.
pub(crate) fn receive(socket: BorrowedFd<'_>, wait: Wait) -> SysResult<Received> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    let mut control = nix::cmsg_space!([RawFd; FDS_MAX]);
    let mut flags = MsgFlags::MSG_CMSG_CLOEXEC;
    if wait == Wait::No {
        flags |= MsgFlags::MSG_DONTWAIT;
    }
    let (len, fds) = loop {
        let mut iov = [io::IoSliceMut::new(&mut bytes)];
        match recvmsg::<()>(socket.as_raw_fd(), &mut iov, Some(&mut control), flags) {
            Ok(message) => {
                let mut fds = Vec::new();
                for part in message.cmsgs().into_iter().flatten() {
                    if let ControlMessageOwned::ScmRights(raw) = part {
                        // SAFETY: the kernel has just made these descriptors for us.
                        fds.extend(raw.into_iter().map(|it| unsafe { OwnedFd::from_raw_fd(it) }));
                    }
                }
                break (message.bytes, fds);
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if wait == Wait::No => return Ok(Received::Nothing),
            // The other end was closed with messages of ours unread.
            Err(Errno::ECONNRESET) => return Ok(Received::End),
            Err(errno) => return Err(SysError::new(Call::Recvmsg, "the sandbox's socket", errno)),
        }
    };
    if len == 0 {
        return Ok(Received::End);
    }
    bytes.truncate(len);
    Ok(Received::Message { bytes, fds })
}

/// Whether the other end of a pipe or socket is closed.
pub(crate) fn is_hung_up(fd: BorrowedFd<'_>) -> SysResult<bool> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut fds = [PollFd::new(fd, PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO).named(Call::Poll, "a pipe")?;
    Ok(fds[0].revents().is_some_and(|it| it.contains(PollFlags::POLLHUP)))
}

/// Puts bytes into a nameless file in memory that nobody can change any more.
pub(crate) fn sealed_file(bytes: &[u8]) -> SysResult<OwnedFd> {
    use nix::fcntl::{FcntlArg, SealFlag, fcntl};
    use nix::sys::memfd::{MFdFlags, memfd_create};
    let on = "a file in memory";
    let fd = memfd_create("kiln-sandbox", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)
        .named(Call::Open, on)?;
    write_all(fd.as_fd(), bytes, on)?;
    let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK;
    fcntl(&fd, FcntlArg::F_ADD_SEALS(seals | SealFlag::F_SEAL_SEAL)).named(Call::Fcntl, on)?;
    Ok(fd)
}

/// Reads a whole file from its beginning, wherever the descriptor's position is.
pub(crate) fn read_from_start(fd: BorrowedFd<'_>) -> SysResult<Vec<u8>> {
    let on = "a file in memory";
    let size = fstat(fd, on)?.size;
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    let mut done = 0;
    while done < bytes.len() {
        match nix::sys::uio::pread(fd, &mut bytes[done..], done as i64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(SysError::new(Call::Read, on, errno)),
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}

/// Reads some bytes; none at the end. [`Errno::EAGAIN`] is `None`.
pub(crate) fn read_some(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
    on: &str,
) -> SysResult<Option<usize>> {
    loop {
        match nix::unistd::read(fd, buffer) {
            Ok(count) => return Ok(Some(count)),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Ok(None),
            Err(errno) => return Err(SysError::new(Call::Read, on, errno)),
        }
    }
}

/// Writes all bytes.
pub(crate) fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8], on: &str) -> SysResult<()> {
    while !bytes.is_empty() {
        match nix::unistd::write(fd, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(SysError::new(Call::Write, on, errno)),
        }
    }
    Ok(())
}

// ---- files --------------------------------------------------------------------------------------

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A character device with these numbers.
    Device {
        /// The major number.
        major: u64,
        /// The minor number.
        minor: u64,
    },
    /// Anything else.
    Other,
}

/// What the kernel says of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
    /// What it is.
    pub(crate) kind: Kind,
    /// The permission bits.
    pub(crate) mode: u32,
    /// The size in bytes.
    pub(crate) size: u64,
    /// The bytes that it occupies.
    pub(crate) allocated: u64,
    /// The device that it lies on.
    pub(crate) device: u64,
    /// How many names it has; of a folder, in `/proc`, two more than it has folders.
    pub(crate) links: u64,
}

impl Stat {
    fn of(stat: &libc::stat) -> Self {
        let kind = match stat.st_mode & libc::S_IFMT {
            libc::S_IFDIR => Kind::Folder,
            libc::S_IFREG => Kind::File,
            libc::S_IFLNK => Kind::Link,
            libc::S_IFCHR => Kind::Device {
                major: nix::sys::stat::major(stat.st_rdev),
                minor: nix::sys::stat::minor(stat.st_rdev),
            },
            _ => Kind::Other,
        };
        #[allow(clippy::unnecessary_cast, reason = "the widths differ between machines")]
        Stat {
            kind,
            mode: stat.st_mode & 0o7777,
            size: stat.st_size as u64,
            allocated: stat.st_blocks as u64 * 512,
            device: stat.st_dev as u64,
            links: stat.st_nlink as u64,
        }
    }
}

/// Returns what the kernel says of an open file.
pub(crate) fn fstat(fd: BorrowedFd<'_>, on: impl fmt::Display) -> SysResult<Stat> {
    nix::sys::stat::fstat(fd).named(Call::Fstat, on).map(|it| Stat::of(&it))
}

/// Returns what the kernel says of an entry, not following a link.
pub(crate) fn fstat_at(dir: BorrowedFd<'_>, name: &CStr) -> SysResult<Stat> {
    nix::sys::stat::fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW)
        .named(Call::Fstat, format_args!("`{}`", name.to_string_lossy().escape_debug()))
        .map(|it| Stat::of(&it))
}

/// The space of a file system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space {
    /// Bytes in use.
    pub(crate) bytes_used: u64,
    /// Files in use.
    pub(crate) files_used: u64,
    /// Files that there can be.
    pub(crate) files_max: u64,
}

/// Returns the space of the file system of `fd`.
pub(crate) fn space(fd: BorrowedFd<'_>) -> SysResult<Space> {
    let stat = nix::sys::statvfs::fstatvfs(fd).named(Call::Fstatvfs, "the scratch folder")?;
    Ok(Space {
        bytes_used: (stat.blocks() - stat.blocks_free()) * stat.fragment_size(),
        files_used: stat.files() - stat.files_free(),
        files_max: stat.files(),
    })
}

/// How a path is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// To be passed to other calls only.
    Handle,
    /// To list it.
    Folder,
    /// To read it.
    Read,
    /// To read and write it: a device.
    ReadWrite,
    /// To write it.
    Write,
    /// To write it, new and empty, with this mode.
    Create(u32),
}

impl Open {
    fn flags(self) -> (OFlag, Mode) {
        let handle = OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let common = handle | OFlag::O_NOCTTY;
        match self {
            Open::Handle => (handle | OFlag::O_PATH, Mode::empty()),
            Open::Folder => (common | OFlag::O_DIRECTORY | OFlag::O_RDONLY, Mode::empty()),
            Open::Read => (common | OFlag::O_RDONLY | OFlag::O_NONBLOCK, Mode::empty()),
            Open::ReadWrite => (common | OFlag::O_RDWR, Mode::empty()),
            Open::Write => (common | OFlag::O_WRONLY, Mode::empty()),
            Open::Create(mode) => (
                common | OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL,
                Mode::from_bits_truncate(mode),
            ),
        }
    }
}

/// Opens a path of this process, following links but not in its last component.
pub(crate) fn open(path: &Path, how: Open) -> SysResult<OwnedFd> {
    let (flags, mode) = how.flags();
    nix::fcntl::open(path, flags, mode).named(Call::Open, show(path))
}

/// Opens an entry of a folder: one component, not following a link.
pub(crate) fn open_entry(dir: BorrowedFd<'_>, name: &CStr, how: Open) -> SysResult<OwnedFd> {
    let (flags, mode) = how.flags();
    nix::fcntl::openat(dir, name, flags, mode)
        .named(Call::Open, format_args!("`{}`", name.to_string_lossy().escape_debug()))
}

/// Opens a path below a folder, following no link and never leaving the folder.
pub(crate) fn open_below(root: BorrowedFd<'_>, path: &Path, how: Open) -> SysResult<OwnedFd> {
    let (flags, mode) = how.flags();
    let resolve = ResolveFlag::RESOLVE_BENEATH
        | ResolveFlag::RESOLVE_NO_SYMLINKS
        | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let how = OpenHow::new().flags(flags).mode(mode).resolve(resolve);
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    nix::fcntl::openat2(root, path, how).named(Call::Open, show(path))
}

/// Makes a folder.
pub(crate) fn mkdir_at(dir: BorrowedFd<'_>, name: &Path, mode: u32) -> SysResult<()> {
    nix::sys::stat::mkdirat(dir, name, Mode::from_bits_truncate(mode))
        .named(Call::Mkdir, show(name))
}

/// Makes a symbolic link.
pub(crate) fn symlink_at(target: &Path, dir: BorrowedFd<'_>, name: &Path) -> SysResult<()> {
    nix::unistd::symlinkat(target, dir, name).named(Call::Symlink, show(name))
}

/// Reads a symbolic link.
pub(crate) fn readlink_at(dir: BorrowedFd<'_>, name: &Path) -> SysResult<OsString> {
    nix::fcntl::readlinkat(dir, name).named(Call::Readlink, show(name))
}

/// What is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remove {
    /// An empty folder.
    Folder,
    /// Anything else.
    File,
}

/// Removes an entry.
pub(crate) fn unlink_at(dir: BorrowedFd<'_>, name: &CStr, what: Remove) -> SysResult<()> {
    use nix::unistd::{UnlinkatFlags, unlinkat};
    let flags = match what {
        Remove::Folder => UnlinkatFlags::RemoveDir,
        Remove::File => UnlinkatFlags::NoRemoveDir,
    };
    unlinkat(dir, name, flags)
        .named(Call::Unlink, format_args!("`{}`", name.to_string_lossy().escape_debug()))
}

/// Sets the permission bits of an open file.
pub(crate) fn fchmod(fd: BorrowedFd<'_>, mode: u32, on: impl fmt::Display) -> SysResult<()> {
    nix::sys::stat::fchmod(fd, Mode::from_bits_truncate(mode)).named(Call::Fchmod, on)
}

/// Sets the permission bits of an entry that is known not to be a link.
pub(crate) fn chmod_at(dir: BorrowedFd<'_>, name: &CStr, mode: u32) -> SysResult<()> {
    use nix::sys::stat::{FchmodatFlags, fchmodat};
    fchmodat(dir, name, Mode::from_bits_truncate(mode), FchmodatFlags::FollowSymlink)
        .named(Call::Fchmod, format_args!("`{}`", name.to_string_lossy().escape_debug()))
}

/// Moves an entry.
pub(crate) fn rename(
    from: BorrowedFd<'_>,
    name: &CStr,
    to: BorrowedFd<'_>,
    new_name: &CStr,
) -> SysResult<()> {
    nix::fcntl::renameat(from, name, to, new_name)
        .named(Call::Rename, format_args!("`{}`", name.to_string_lossy().escape_debug()))
}

/// Sets both times of an open file, in seconds since 1970.
pub(crate) fn set_time(fd: BorrowedFd<'_>, seconds: i64, on: impl fmt::Display) -> SysResult<()> {
    let time = nix::sys::time::TimeSpec::new(seconds, 0);
    nix::sys::stat::futimens(fd, &time, &time).named(Call::Utimensat, on)
}

/// Sets both times of an entry, not following a link, in seconds since 1970.
pub(crate) fn set_time_at(dir: BorrowedFd<'_>, name: &CStr, seconds: i64) -> SysResult<()> {
    use nix::sys::stat::{UtimensatFlags, utimensat};
    let time = nix::sys::time::TimeSpec::new(seconds, 0);
    utimensat(dir, name, &time, &time, UtimensatFlags::NoFollowSymlink)
        .named(Call::Utimensat, format_args!("`{}`", name.to_string_lossy().escape_debug()))
}

/// Makes `path` the working directory.
pub(crate) fn chdir(path: &Path) -> SysResult<()> {
    nix::unistd::chdir(path).named(Call::Chdir, show(path))
}

/// Makes an open folder the working directory.
pub(crate) fn fchdir(dir: BorrowedFd<'_>, on: impl fmt::Display) -> SysResult<()> {
    nix::unistd::fchdir(dir).named(Call::Chdir, on)
}

// ---- mounts -------------------------------------------------------------------------------------

/// `MOUNT_ATTR_*`: what a mount forbids.
pub(crate) mod mount_flag {
    /// Writing.
    pub(crate) const READ_ONLY: u64 = 0x1;
    /// Gaining privileges by set-id bits.
    pub(crate) const NO_SET_ID: u64 = 0x2;
    /// Using devices.
    pub(crate) const NO_DEVICES: u64 = 0x4;
    /// Running programs.
    pub(crate) const NO_EXEC: u64 = 0x8;
}

/// Keeps mounts made here from reaching any other namespace, and the reverse.
pub(crate) fn make_mounts_private() -> SysResult<()> {
    change_propagation(nix::mount::MsFlags::MS_PRIVATE)
}

/// Keeps mounts made here from reaching any other namespace; those made outside still come in.
pub(crate) fn make_mounts_follow() -> SysResult<()> {
    change_propagation(nix::mount::MsFlags::MS_SLAVE)
}

fn change_propagation(flag: nix::mount::MsFlags) -> SysResult<()> {
    use nix::mount::{MsFlags, mount};
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | flag, none)
        .named(Call::Mount, "`/`, to part it from the outside")
}

/// How much of a mount is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The file or tree alone. Where something else is mounted in it, the kernel refuses.
    One,
    /// All that is mounted in it, too.
    All,
}

/// Makes a detached mount of the file or tree at `path` below `dir`, not following a link.
///
/// A `None` for `dir` is the working directory, which only relative paths use.
pub(crate) fn clone_tree(
    dir: Option<BorrowedFd<'_>>,
    path: &Path,
    depth: Depth,
) -> SysResult<OwnedFd> {
    const OPEN_TREE_CLONE: libc::c_int = 1;
    let mut flags = OPEN_TREE_CLONE
        | libc::O_CLOEXEC
        | libc::AT_SYMLINK_NOFOLLOW
        | libc::AT_EMPTY_PATH
        | libc::AT_NO_AUTOMOUNT;
    if depth == Depth::All {
        flags |= libc::AT_RECURSIVE;
    }
    let dir = dir.map_or(libc::AT_FDCWD, |it| it.as_raw_fd());
    let name = c_path(path)?;
    let fd = syscall!(libc::SYS_open_tree, dir, name.as_ptr(), flags)
        .named(Call::OpenTree, show(path))?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Sets and clears flags of the mount of `fd`.
pub(crate) fn set_mount_flags(
    fd: BorrowedFd<'_>,
    depth: Depth,
    set: u64,
    on: impl fmt::Display,
) -> SysResult<()> {
    #[repr(C)]
    struct Attributes {
        set: u64,
        clear: u64,
        propagation: u64,
        user_namespace: u64,
    }
    let attributes = Attributes { set, clear: 0, propagation: 0, user_namespace: 0 };
    let mut flags = libc::AT_EMPTY_PATH;
    if depth == Depth::All {
        flags |= libc::AT_RECURSIVE;
    }
    let size = size_of::<Attributes>();
    syscall!(
        libc::SYS_mount_setattr,
        fd.as_raw_fd(),
        c"".as_ptr(),
        flags,
        &raw const attributes,
        size
    )
    .named(Call::MountSetattr, on)
    .map(drop)
}

/// As [`set_mount_flags`], for kernels before 5.12: by remounting, once the mount is in place.
pub(crate) fn set_mount_flags_by_remount(
    fd: BorrowedFd<'_>,
    set: u64,
    on: impl fmt::Display,
) -> SysResult<()> {
    use nix::mount::{MsFlags, mount};
    use nix::sys::statvfs::FsFlags;
    // A flag that the outer mount has and this call leaves out would be cleared, which a user
    // namespace may not do.
    let has = nix::sys::statvfs::fstatvfs(fd).named(Call::Fstatvfs, &on)?.flags();
    let mut flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT;
    for (bit, outer, flag) in [
        (mount_flag::READ_ONLY, FsFlags::ST_RDONLY, MsFlags::MS_RDONLY),
        (mount_flag::NO_SET_ID, FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (mount_flag::NO_DEVICES, FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (mount_flag::NO_EXEC, FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (0, FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (0, FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (0, FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ] {
        flags.set(flag, set & bit != 0 || has.contains(outer));
    }
    let none: Option<&str> = None;
    let target = format!("/proc/self/fd/{}", fd.as_raw_fd());
    mount(none, target.as_str(), none, flags, none).named(Call::Mount, on)
}

/// Puts a detached mount at `name` in `dir`.
pub(crate) fn attach(mount: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &Path) -> SysResult<()> {
    const MOVE_MOUNT_F_EMPTY_PATH: libc::c_uint = 0x4;
    const MOVE_MOUNT_T_EMPTY_PATH: libc::c_uint = 0x40;
    let target = c_path(name)?;
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    let source = mount.as_raw_fd();
    syscall!(libc::SYS_move_mount, source, c"".as_ptr(), dir.as_raw_fd(), target.as_ptr(), flags)
        .named(Call::MoveMount, show(name))
        .map(drop)
}

/// Makes a new file system of kind `kind` with these options, as a detached mount.
pub(crate) fn new_mount(
    kind: &CStr,
    options: &[(&CStr, String)],
    flags: u64,
) -> SysResult<OwnedFd> {
    const FSOPEN_CLOEXEC: libc::c_uint = 1;
    const FSCONFIG_SET_STRING: libc::c_uint = 1;
    const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
    const FSMOUNT_CLOEXEC: libc::c_uint = 1;
    let named = format!("a new {}", kind.to_string_lossy());
    let fd =
        syscall!(libc::SYS_fsopen, kind.as_ptr(), FSOPEN_CLOEXEC).named(Call::Fsopen, &named)?;
    // SAFETY: the kernel has just made this descriptor for us.
    let context = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
    let raw = context.as_raw_fd();
    let null = std::ptr::null::<libc::c_char>();
    for (key, value) in options {
        let text = c_path(Path::new(value))?;
        syscall!(libc::SYS_fsconfig, raw, FSCONFIG_SET_STRING, key.as_ptr(), text.as_ptr(), 0)
            .named(Call::Fsconfig, format_args!("{named}, {}={value}", key.to_string_lossy()))?;
    }
    syscall!(libc::SYS_fsconfig, raw, FSCONFIG_CMD_CREATE, null, null, 0)
        .named(Call::Fsconfig, &named)?;
    let fd = syscall!(libc::SYS_fsmount, raw, FSMOUNT_CLOEXEC, flags as libc::c_uint)
        .named(Call::Fsmount, &named)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Detaches what is mounted at a path; it vanishes when nobody has anything open in it.
pub(crate) fn detach(path: &Path) -> SysResult<()> {
    nix::mount::umount2(path, nix::mount::MntFlags::MNT_DETACH).named(Call::Umount, show(path))
}

/// Detaches the mount whose root is open as `fd`.
pub(crate) fn detach_open(fd: BorrowedFd<'_>, on: impl fmt::Display) -> SysResult<()> {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    nix::mount::umount2(path.as_str(), nix::mount::MntFlags::MNT_DETACH).named(Call::Umount, on)
}

/// Makes the folder `dir` the root and the working directory, and detaches the old root.
pub(crate) fn enter_root(dir: BorrowedFd<'_>) -> SysResult<()> {
    fchdir(dir, "the new root")?;
    // With both at one place the old root ends up on top of the new one, from where it is taken.
    nix::unistd::pivot_root(".", ".").named(Call::PivotRoot, "the new root")?;
    detach(Path::new("."))?;
    chdir(Path::new("/"))
}

/// Parts this process from the namespaces given by `flags` (`CLONE_NEW…`).
pub(crate) fn unshare(flags: libc::c_int) -> SysResult<()> {
    let flags = nix::sched::CloneFlags::from_bits_truncate(flags);
    nix::sched::unshare(flags).named(Call::Unshare, "new namespaces")
}

/// Sets the host and domain name of this namespace.
pub(crate) fn set_host_name(host: &str, domain: &str) -> SysResult<()> {
    nix::unistd::sethostname(host).named(Call::Sethostname, host)?;
    // SAFETY: the pointer and the length are those of one live string.
    let result = unsafe { libc::setdomainname(domain.as_ptr().cast(), domain.len()) };
    Errno::result(result).named(Call::Setdomainname, domain).map(drop)
}

/// Brings the loopback interface of this network namespace up.
pub(crate) fn bring_loopback_up() -> SysResult<()> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    let fd = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
        .named(Call::Socket, "AF_INET")?;
    // SAFETY: all fields of the structure are numbers and arrays of numbers.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: `request` is the structure that this request reads, and lives across the call.
    let result =
        unsafe { libc::ioctl(fd.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) };
    Errno::result(result).named(Call::Ioctl, "the loopback interface").map(drop)
}

/// Makes a path of bytes that the kernel takes.
fn c_path(path: &Path) -> SysResult<CString> {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| SysError::new(Call::Open, show(path), Errno::EINVAL))
}

/// Returns the first bytes of a folder's listing as names, until `each` says to stop.
pub(crate) fn list(
    dir: OwnedFd,
    on: &str,
    mut each: impl FnMut(&CStr) -> SysResult<()>,
) -> SysResult<()> {
    let mut dir = nix::dir::Dir::from_fd(dir).named(Call::Getdents, on)?;
    for entry in dir.iter() {
        let entry = entry.named(Call::Getdents, on)?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            each(name)?;
        }
    }
    Ok(())
}

/// Makes a C string of bytes that have no zero in them, or says what has one.
pub(crate) fn c_string(bytes: impl Into<Vec<u8>>, on: &str) -> SysResult<CString> {
    CString::new(bytes).map_err(|_| SysError::new(Call::Execve, on, Errno::EINVAL))
}

/// Makes a path of a C string.
pub(crate) fn path_of(name: &CStr) -> std::path::PathBuf {
    OsString::from_vec(name.to_bytes().to_vec()).into()
}
