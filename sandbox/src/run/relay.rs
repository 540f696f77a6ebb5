//! Passes bytes between the user's terminal and that of a shell in a sandbox.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::PollFlags;

use crate::sys::{self, RawMode, SysError, SysResult};

/// How much typed ahead is kept.
const PENDING_BYTES_MAX: usize = 64 << 10;

/// The user's terminal and the shell's, tied together until this is dropped.
pub(super) struct Relay<'a> {
    user: BorrowedFd<'a>,
    /// `None` once nobody is at the other end.
    shell: Option<OwnedFd>,
    /// What was typed and the shell's terminal has not taken yet.
    pending: Vec<u8>,
    size: Option<[u16; 4]>,
    /// Nobody has the other end open, which would be announced again and again.
    resting: bool,
    _raw_mode: RawMode<'a>,
}

impl<'a> Relay<'a> {
    /// Ties the terminals together.
    pub(super) fn begin(user: BorrowedFd<'a>, shell: OwnedFd) -> SysResult<Self> {
        sys::set_nonblocking(shell.as_fd())?;
        let mut relay = Relay {
            user,
            shell: Some(shell),
            pending: Vec::new(),
            size: None,
            resting: false,
            _raw_mode: RawMode::begin(user)?,
        };
        relay.copy_size();
        Ok(relay)
    }

    /// Gives the shell's terminal the size of the user's. Called now and then.
    pub(super) fn copy_size(&mut self) {
        self.resting = false;
        if let Some(shell) = &self.shell {
            sys::copy_size(self.user, shell.as_fd(), &mut self.size);
        }
    }

    /// Returns what to wait for: the user's terminal first, if at all, and the shell's.
    pub(super) fn waits(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let Some(shell) = &self.shell else { return Vec::new() };
        let mut waits = Vec::new();
        if self.pending.len() < PENDING_BYTES_MAX {
            waits.push((self.user, PollFlags::POLLIN));
        }
        if !self.resting {
            let mut flags = PollFlags::POLLIN;
            flags.set(PollFlags::POLLOUT, !self.pending.is_empty());
            waits.push((shell.as_fd(), flags));
        }
        waits
    }

    /// Whether a descriptor of [`waits`](Relay::waits) is the user's terminal.
    pub(super) fn is_user(&self, fd: BorrowedFd<'_>) -> bool {
        fd.as_raw_fd() == self.user.as_raw_fd()
    }

    /// Passes on what is there. `user` says whether the user's terminal has something.
    pub(super) fn pass_on(&mut self, user: bool, buffer: &mut [u8]) -> SysResult<()> {
        if user && self.pending.len() < PENDING_BYTES_MAX {
            let room = buffer.len().min(PENDING_BYTES_MAX);
            match sys::read_some(self.user, &mut buffer[..room], "the terminal") {
                Ok(Some(count @ 1..)) => self.pending.extend_from_slice(&buffer[..count]),
                Ok(None) => {}
                // The user is gone; so is, then, the shell's terminal.
                Ok(Some(_)) | Err(_) => self.shell = None,
            }
        }
        let Some(shell) = &self.shell else { return Ok(()) };
        if !self.pending.is_empty() {
            match sys::write_some(shell.as_fd(), &self.pending, "the shell's terminal") {
                Ok(count) => drop(self.pending.drain(..count)),
                // Nobody reads it any more.
                Err(error) if error.errno == Errno::EIO => self.pending.clear(),
                Err(error) => return Err(error),
            }
        }
        match sys::read_some(shell.as_fd(), buffer, "the shell's terminal") {
            Ok(Some(count @ 1..)) => {
                sys::write_all(self.user, &buffer[..count], "the terminal")?;
            }
            Ok(None) => {}
            // Nobody writes to it any more, or not yet: the shell's end is reported apart.
            Ok(Some(_)) => self.shell = None,
            Err(SysError { errno: Errno::EIO, .. }) => self.resting = true,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Passes on all that the shell has printed and that has not been read.
    pub(super) fn finish(&mut self, buffer: &mut [u8]) {
        while let Some(shell) = &self.shell {
            match sys::read_some(shell.as_fd(), buffer, "the shell's terminal") {
                Ok(Some(count @ 1..)) => {
                    if sys::write_all(self.user, &buffer[..count], "the terminal").is_err() {
                        return;
                    }
                }
                Ok(Some(_) | None) | Err(_) => return,
            }
        }
    }
}
