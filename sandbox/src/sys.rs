//! One wrapper for each kernel call. Each error carries the call and what it was called on.
//!
//! ```text
//! sys.rs        the calls by name, and the error
//! process.rs    descriptor.rs    file.rs    mount.rs    terminal.rs   wrappers, by their object
//! raw.rs        what neither the standard library nor `nix` has in a safe form
//! ```
//!
//! **Invariants:** a wrapper adds no policy and never prints; whatever is opened closes itself on
//! `execve`; only `raw.rs` has unsafe code, which a lint refuses everywhere else.

mod descriptor;
mod file;
mod mount;
mod process;
mod raw;
mod terminal;

use std::fmt;
use std::io;
use std::path::Path;

use nix::errno::Errno;

pub(crate) use descriptor::*;
pub(crate) use file::*;
pub(crate) use mount::*;
pub(crate) use process::*;
pub(crate) use raw::{Cloned, Passing, exit_now, inherited, pass_on_descriptors, pass_signals_on};
pub(crate) use terminal::*;

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
    Chown = "chown",
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
    Terminal = "ioctl of a terminal",
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
