//! Files and folders, each opened by descriptor and no link followed but where it is said.

use std::ffi::{CStr, CString, OsString};
use std::fmt;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag};
use nix::libc;
use nix::sys::stat::Mode;

use super::{Call, Named, SysError, SysResult, show};

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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Folder => f.write_str("a folder"),
            Kind::File => f.write_str("a file"),
            Kind::Link => f.write_str("a symbolic link"),
            Kind::Device { major, minor } => write!(f, "the character device {major}:{minor}"),
            Kind::Other => f.write_str("a socket, a FIFO or a block device"),
        }
    }
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
    /// The device and the number there, which all names of one file have.
    pub(crate) identity: (u64, u64),
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
            identity: (stat.st_dev as u64, stat.st_ino as u64),
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
}

/// Returns the space of the file system of `fd`.
pub(crate) fn space(fd: BorrowedFd<'_>) -> SysResult<Space> {
    let stat = nix::sys::statvfs::fstatvfs(fd).named(Call::Fstatvfs, "the scratch folder")?;
    Ok(Space {
        bytes_used: (stat.blocks() - stat.blocks_free()) * stat.fragment_size(),
        files_used: stat.files() - stat.files_free(),
    })
}

/// How a path is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// To be passed to other calls only.
    Handle,
    /// To be passed to other calls only: a folder, or a link to one.
    FolderHandle,
    /// To list it.
    Folder,
    /// To read it.
    Read,
    /// To read and write it: a device.
    ReadWrite,
    /// To write it.
    Write,
    /// To read and write it, and, for the leader of a session without one, to make it the session's
    /// terminal.
    Terminal,
    /// To write it, new and empty, with this mode.
    Create(u32),
}

impl Open {
    fn flags(self) -> (OFlag, Mode) {
        let handle = OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let common = handle | OFlag::O_NOCTTY;
        match self {
            Open::Handle => (handle | OFlag::O_PATH, Mode::empty()),
            Open::FolderHandle => {
                (OFlag::O_CLOEXEC | OFlag::O_PATH | OFlag::O_DIRECTORY, Mode::empty())
            }
            Open::Folder => (common | OFlag::O_DIRECTORY | OFlag::O_RDONLY, Mode::empty()),
            Open::Read => (common | OFlag::O_RDONLY | OFlag::O_NONBLOCK, Mode::empty()),
            Open::ReadWrite => (common | OFlag::O_RDWR, Mode::empty()),
            Open::Terminal => (handle | OFlag::O_RDWR, Mode::empty()),
            Open::Write => (common | OFlag::O_WRONLY, Mode::empty()),
            Open::Create(mode) => (
                common | OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL,
                Mode::from_bits_truncate(mode),
            ),
        }
    }
}

/// Opens a path of this process, following links but, unless it says so, not in its last component.
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

/// Gives an open file to a user and a group.
pub(crate) fn chown(
    fd: BorrowedFd<'_>,
    uid: u32,
    gid: u32,
    on: impl fmt::Display,
) -> SysResult<()> {
    use nix::unistd::{Gid, Uid, fchown};
    fchown(fd, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))).named(Call::Chown, on)
}

/// Gives an entry of a folder, which is no link, to a user and a group.
pub(crate) fn chown_at(dir: BorrowedFd<'_>, name: &CStr, uid: u32, gid: u32) -> SysResult<()> {
    use nix::fcntl::AtFlags;
    use nix::unistd::{Gid, Uid, fchownat};
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    fchownat(dir, name, Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)
        .named(Call::Chown, format_args!("`{}`", name.to_string_lossy().escape_debug()))
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

/// The entries of a folder, one after the other.
pub(crate) struct Listing(nix::dir::OwningIter);

impl Listing {
    /// Begins to list an open folder.
    pub(crate) fn new(folder: OwnedFd) -> SysResult<Self> {
        let dir = nix::dir::Dir::from_fd(folder).named(Call::Getdents, "a folder")?;
        Ok(Listing(dir.into_iter()))
    }

    /// Returns the next name. A listing that fails ends.
    pub(crate) fn next_name(&mut self) -> Option<CString> {
        loop {
            let entry = self.0.next()?.ok()?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                return Some(name.to_owned());
            }
        }
    }
}

/// Makes a C string of bytes that have no zero in them, or says what has one.
pub(crate) fn c_string(bytes: impl Into<Vec<u8>>, on: &str) -> SysResult<CString> {
    CString::new(bytes).map_err(|_| SysError::new(Call::Execve, on, Errno::EINVAL))
}

/// Makes a C string of a path or a name, or says that it has a zero in it.
pub(crate) fn c_path(path: impl AsRef<Path>) -> SysResult<CString> {
    let path = path.as_ref();
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| SysError::new(Call::Open, show(path), Errno::EINVAL))
}

/// Makes a path of a C string.
pub(crate) fn path_of(name: &CStr) -> std::path::PathBuf {
    OsString::from_vec(name.to_bytes().to_vec()).into()
}
