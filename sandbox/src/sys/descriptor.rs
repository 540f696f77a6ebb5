//! Descriptors: pipes, sockets, files in memory, and moving bytes through them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::{Call, Named, SysError, SysResult, fstat, raw};

/// Closes all descriptors from 3 on but these.
pub(crate) fn close_all_but(kept: &[BorrowedFd<'_>]) -> SysResult<()> {
    let mut kept: Vec<u32> = kept.iter().map(|it| it.as_raw_fd() as u32).collect();
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept.into_iter().chain([u32::MAX]) {
        // Before the first kept one, between two of them, and behind the last.
        let last = if fd == u32::MAX { u32::MAX } else { fd.saturating_sub(1) };
        if fd > first {
            raw::close_range(first, last)
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

/// Copies a descriptor to a free number from 3 on.
pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> SysResult<OwnedFd> {
    fd.try_clone_to_owned().map_err(|error| {
        let errno = error.raw_os_error().map_or(Errno::EBADF, Errno::from_raw);
        SysError::new(Call::Fcntl, "F_DUPFD_CLOEXEC", errno)
    })
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
                    if let ControlMessageOwned::ScmRights(received) = part {
                        fds.extend(raw::received(received));
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
    Ok(fds[0].revents().is_some_and(|it| it.intersects(PollFlags::POLLHUP | PollFlags::POLLERR)))
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

/// Writes as many bytes as fit now, perhaps none.
pub(crate) fn write_some(fd: BorrowedFd<'_>, bytes: &[u8], on: &str) -> SysResult<usize> {
    loop {
        match nix::unistd::write(fd, bytes) {
            Ok(count) => return Ok(count),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Ok(0),
            Err(errno) => return Err(SysError::new(Call::Write, on, errno)),
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
