//! Terminals.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

use super::{Call, Named, SysError, SysResult, raw};

/// Opens a new terminal: the side that its user holds, and the name of the other.
pub(crate) fn open_terminal() -> SysResult<(OwnedFd, PathBuf)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let ours = nix::pty::posix_openpt(flags).named(Call::Open, "`/dev/ptmx`")?;
    nix::pty::unlockpt(&ours).named(Call::Terminal, "a new terminal")?;
    let name = nix::pty::ptsname_r(&ours).named(Call::Terminal, "a new terminal")?;
    Ok((OwnedFd::from(ours), name.into()))
}

/// How a terminal was before.
pub(crate) struct RawMode<'a> {
    terminal: BorrowedFd<'a>,
    /// `None` if it is no terminal.
    before: Option<Termios>,
}

impl<'a> RawMode<'a> {
    /// Lets a terminal pass every byte on as it comes, until this is dropped.
    pub(crate) fn begin(terminal: BorrowedFd<'a>) -> SysResult<Self> {
        let begin = || {
            let before = tcgetattr(terminal)?;
            let mut termios = before.clone();
            cfmakeraw(&mut termios);
            tcsetattr(terminal, SetArg::TCSADRAIN, &termios)?;
            Ok(before)
        };
        match begin() {
            // No terminal, or one that was hung up: reading from it will tell.
            Err(Errno::ENOTTY | Errno::EIO) => Ok(RawMode { terminal, before: None }),
            Ok(before) => Ok(RawMode { terminal, before: Some(before) }),
            Err(errno) => Err(SysError::new(Call::Terminal, "the terminal", errno)),
        }
    }
}

impl Drop for RawMode<'_> {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // If the terminal is gone, so is its mode.
            let _ = tcsetattr(self.terminal, SetArg::TCSADRAIN, before);
        }
    }
}

/// Gives a terminal the size of another, if that is one and it changed.
pub(crate) fn copy_size(from: BorrowedFd<'_>, to: BorrowedFd<'_>, last: &mut Option<[u16; 4]>) {
    let Ok(size) = raw::window_size(from) else { return };
    if *last != Some(size) && raw::set_window_size(to, size).is_ok() {
        *last = Some(size);
    }
}
