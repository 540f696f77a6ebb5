//! File system calls below an open folder, one method each.
//!
//! Names are single path components, so nothing here resolves a path: what is named lies in the
//! folder whose descriptor is given, and a symbolic link is never followed. Every error names the
//! call and the path.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{
    FileStat, Mode, SFlag, UtimensatFlags, fchmod, fstat, fstatat, futimens, mkdirat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{LinkatFlags, UnlinkatFlags, linkat, symlinkat, unlinkat};

/// The modification time of everything in the store, in seconds: not 0, which some programs take
/// for "no time".
pub(crate) const MTIME_S: i64 = 1;

/// The unit in which holes are made.
const HOLE_BYTES: usize = 64 << 10;

/// Folders below which [`Folder::remove`] moves what is deeper to the top instead of going down.
const REMOVE_DEPTH_MAX: usize = 64;

/// A system call that failed.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed on {}: {source}", crate::object::escape(path.as_os_str().as_bytes()))]
pub struct SystemError {
    /// The call.
    pub call: &'static str,
    /// What it was called on.
    pub path: PathBuf,
    /// The kernel's answer.
    pub source: io::Error,
}

impl SystemError {
    pub(crate) fn new(call: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        SystemError { call, path: path.to_owned(), source: source.into() }
    }

    /// Whether the error is the one with this number.
    pub(crate) fn is(&self, errno: Errno) -> bool {
        self.source.raw_os_error() == Some(errno as i32)
    }

    /// Whether a rename found something at the new name that it could not replace: a folder, or a file
    /// in the place of a folder.
    pub(crate) fn is_name_taken(&self) -> bool {
        const TAKEN: [Errno; 4] = [Errno::EEXIST, Errno::ENOTEMPTY, Errno::EISDIR, Errno::ENOTDIR];
        TAKEN.iter().any(|it| self.is(*it))
    }
}

/// An open folder, with the path under which messages know it.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// What kind of thing an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File,
    Link,
    /// Neither; in words.
    Special(&'static str),
}

/// Returns what kind of thing this is.
pub(crate) fn kind(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFDIR => Kind::Folder,
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFLNK => Kind::Link,
        SFlag::S_IFIFO => Kind::Special("a named pipe"),
        SFlag::S_IFSOCK => Kind::Special("a socket"),
        SFlag::S_IFBLK => Kind::Special("a block device"),
        SFlag::S_IFCHR => Kind::Special("a character device"),
        _ => Kind::Special("of an unknown kind"),
    }
}

/// Returns the permission bits.
pub(crate) fn mode(stat: &FileStat) -> u32 {
    stat.st_mode & 0o7777
}

impl Folder {
    /// Opens the folder at a path that this program was given or made itself.
    pub(crate) fn open(path: &Path) -> Result<Self, SystemError> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = nix::fcntl::open(path, flags, Mode::empty())
            .map_err(|it| SystemError::new("open", path, it))?;
        Ok(Folder { fd, path: path.to_owned() })
    }

    /// Takes an open folder; `path` is for messages only.
    pub(crate) fn from_fd(fd: OwnedFd, path: PathBuf) -> Self {
        Folder { fd, path }
    }

    /// Returns the path for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of an entry for messages.
    pub(crate) fn path_of(&self, name: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(name))
    }

    fn error(&self, call: &'static str, name: &[u8], errno: Errno) -> SystemError {
        SystemError::new(call, &self.path_of(name), errno)
    }

    /// Opens a folder in this one.
    pub(crate) fn folder(&self, name: &[u8]) -> Result<Folder, SystemError> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = openat(&self.fd, name, flags, Mode::empty())
            .map_err(|it| self.error("openat", name, it))?;
        Ok(Folder { fd, path: self.path_of(name) })
    }

    /// Opens a regular file for reading. A pipe put there meanwhile does not block.
    pub(crate) fn read(&self, name: &[u8]) -> Result<File, SystemError> {
        self.file(name, OFlag::O_RDONLY | OFlag::O_NONBLOCK, Mode::empty())
    }

    /// Opens a regular file for reading and writing.
    pub(crate) fn read_write(&self, name: &[u8]) -> Result<File, SystemError> {
        self.file(name, OFlag::O_RDWR, Mode::empty())
    }

    /// Makes a file that does not exist.
    pub(crate) fn create(&self, name: &[u8]) -> Result<File, SystemError> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL;
        self.file(name, flags, Mode::from_bits_truncate(0o644))
    }

    fn file(&self, name: &[u8], flags: OFlag, mode: Mode) -> Result<File, SystemError> {
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        openat(&self.fd, name, flags, mode)
            .map(File::from)
            .map_err(|it| self.error("openat", name, it))
    }

    /// Returns what an entry is.
    pub(crate) fn stat(&self, name: &[u8]) -> Result<FileStat, SystemError> {
        fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(|it| self.error("fstatat", name, it))
    }

    /// Returns what an entry is, if there is one.
    pub(crate) fn stat_if_there(&self, name: &[u8]) -> Result<Option<FileStat>, SystemError> {
        match self.stat(name) {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if error.is(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns what this folder is.
    pub(crate) fn own_stat(&self) -> Result<FileStat, SystemError> {
        fstat(&self.fd).map_err(|it| SystemError::new("fstat", &self.path, it))
    }

    /// Returns the names of all entries in ascending order.
    pub(crate) fn names(&self) -> Result<Vec<Vec<u8>>, SystemError> {
        Ok(self.names_and_files()?.into_iter().map(|it| it.0).collect())
    }

    /// Returns the names of all entries in ascending order, and whether each was a regular file when
    /// the folder was read: `false` is also what a file system says that does not know.
    pub(crate) fn names_and_files(&self) -> Result<Vec<(Vec<u8>, bool)>, SystemError> {
        let failed = |it| SystemError::new("readdir", &self.path, it);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut dir = Dir::openat(&self.fd, ".", flags, Mode::empty()).map_err(failed)?;
        let mut names = Vec::new();
        for entry in dir.iter() {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                let is_file = entry.file_type() == Some(nix::dir::Type::File);
                names.push((name.to_owned(), is_file));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Makes a folder that does not exist.
    pub(crate) fn create_folder(&self, name: &[u8]) -> Result<(), SystemError> {
        mkdirat(&self.fd, name, Mode::from_bits_truncate(0o755))
            .map_err(|it| self.error("mkdirat", name, it))
    }

    /// Opens a folder, making it if there is none.
    pub(crate) fn folder_or_new(&self, name: &[u8]) -> Result<Folder, SystemError> {
        match self.create_folder(name) {
            Ok(()) => {}
            Err(error) if error.is(Errno::EEXIST) => {}
            Err(error) => return Err(error),
        }
        self.folder(name)
    }

    /// Makes a symbolic link with the store's modification time.
    pub(crate) fn create_link(&self, name: &[u8], target: &[u8]) -> Result<(), SystemError> {
        symlinkat(target, &self.fd, name).map_err(|it| self.error("symlinkat", name, it))?;
        self.set_link_time(name)
    }

    /// Sets the store's modification time on a symbolic link.
    pub(crate) fn set_link_time(&self, name: &[u8]) -> Result<(), SystemError> {
        let time = TimeSpec::new(MTIME_S, 0);
        utimensat(&self.fd, name, &time, &time, UtimensatFlags::NoFollowSymlink)
            .map_err(|it| self.error("utimensat", name, it))
    }

    /// Returns the target of a symbolic link.
    pub(crate) fn read_link(&self, name: &[u8]) -> Result<Vec<u8>, SystemError> {
        readlinkat(&self.fd, name)
            .map(OsString::into_vec)
            .map_err(|it| self.error("readlinkat", name, it))
    }

    /// Gives a file another name in `to`; fails if the name is taken.
    pub(crate) fn link(&self, name: &[u8], to: &Folder, to_name: &[u8]) -> Result<(), SystemError> {
        linkat(&self.fd, name, &to.fd, to_name, LinkatFlags::empty())
            .map_err(|it| to.error("linkat", to_name, it))
    }

    /// Moves an entry. What is at the target is replaced where the kernel does so: the caller
    /// makes sure that there is nothing.
    pub(crate) fn rename(
        &self,
        name: &[u8],
        to: &Folder,
        to_name: &[u8],
    ) -> Result<(), SystemError> {
        nix::fcntl::renameat(&self.fd, name, &to.fd, to_name)
            .map_err(|it| to.error("renameat", to_name, it))
    }

    /// Removes a file or link.
    pub(crate) fn unlink(&self, name: &[u8]) -> Result<(), SystemError> {
        unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir)
            .map_err(|it| self.error("unlinkat", name, it))
    }

    /// Sets the permission bits of this folder.
    pub(crate) fn set_mode(&self, mode: u32) -> Result<(), SystemError> {
        fchmod(&self.fd, Mode::from_bits_truncate(mode))
            .map_err(|it| SystemError::new("fchmod", &self.path, it))
    }

    /// Sets the store's modification time on this folder.
    pub(crate) fn set_time(&self) -> Result<(), SystemError> {
        let time = TimeSpec::new(MTIME_S, 0);
        futimens(&self.fd, &time, &time).map_err(|it| SystemError::new("futimens", &self.path, it))
    }

    /// Makes an entry that a build left readable to us, if it is a folder or file that is not.
    ///
    /// The entry is changed through its descriptor, so that a link put there instead is not
    /// followed.
    pub(crate) fn make_readable(&self, name: &[u8], mode: u32) -> Result<(), SystemError> {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = openat(&self.fd, name, flags, Mode::empty())
            .map_err(|it| self.error("openat", name, it))?;
        let stat = fstat(&fd).map_err(|it| self.error("fstat", name, it))?;
        if matches!(kind(&stat), Kind::Link | Kind::Special(_)) {
            return Err(self.error("chmod", name, Errno::ELOOP));
        }
        // A descriptor opened by O_PATH cannot be given to fchmod.
        use std::os::fd::AsRawFd as _;
        let by_fd = PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()));
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(by_fd, permissions)
            .map_err(|it| SystemError::new("chmod", &self.path_of(name), it))
    }

    /// Writes everything on the file system of this folder to its disk.
    pub(crate) fn sync_file_system(&self) -> Result<(), SystemError> {
        nix::unistd::syncfs(&self.fd).map_err(|it| SystemError::new("syncfs", &self.path, it))
    }

    /// Returns how many bytes are free for this user on the file system of this folder.
    pub(crate) fn free_bytes(&self) -> Result<u64, SystemError> {
        let stat = nix::sys::statvfs::fstatvfs(&self.fd)
            .map_err(|it| SystemError::new("fstatvfs", &self.path, it))?;
        Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }

    /// Writes the entries of this folder to its disk.
    pub(crate) fn sync(&self) -> Result<(), SystemError> {
        nix::unistd::fsync(&self.fd).map_err(|it| SystemError::new("fsync", &self.path, it))
    }

    /// Removes an entry and all that is below it, whatever its modes, links and depth, until
    /// `go_on` says no; returns whether all is gone. Nothing there is not an error.
    pub(crate) fn remove(
        &self,
        name: &[u8],
        go_on: &dyn Fn() -> bool,
    ) -> Result<bool, SystemError> {
        let mut deep = Deep { top: self, base: name, moved: 0, names: Vec::new() };
        let mut next = Some(name.to_owned());
        while let Some(name) = next {
            if !deep.remove_below(self, &name, 0, go_on)? {
                return Ok(false);
            }
            next = deep.names.pop();
        }
        Ok(true)
    }
}

/// The removal of a tree of any depth.
struct Deep<'a> {
    top: &'a Folder,
    base: &'a [u8],
    /// How many folders were moved to the top, and the names of those that are still there.
    moved: u64,
    names: Vec<Vec<u8>>,
}

impl Deep<'_> {
    fn remove_below(
        &mut self,
        parent: &Folder,
        name: &[u8],
        depth: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Result<bool, SystemError> {
        if !go_on() {
            return Ok(false);
        }
        let Some(stat) = parent.stat_if_there(name)? else { return Ok(true) };
        if kind(&stat) != Kind::Folder {
            if_there(parent.unlink(name))?;
            return Ok(true);
        }
        if mode(&stat) & 0o700 != 0o700 {
            if_there(parent.make_readable(name, 0o700))?;
        }
        if depth >= REMOVE_DEPTH_MAX {
            loop {
                self.moved += 1;
                let suffix = format!("~{}~{}", std::process::id(), self.moved);
                let to_name = [self.base, suffix.as_bytes()].concat();
                match parent.rename(name, self.top, &to_name) {
                    // A process of another container may have the same number.
                    Err(error) if error.is_name_taken() => continue,
                    renamed => if_there(renamed)?,
                };
                self.names.push(to_name);
                return Ok(true);
            }
        }
        // Another process may remove the same.
        let Some(folder) = if_there(parent.folder(name))? else { return Ok(true) };
        for name in if_there(folder.names())?.unwrap_or_default() {
            if !self.remove_below(&folder, &name, depth + 1, go_on)? {
                return Ok(false);
            }
        }
        drop(folder);
        match unlinkat(&parent.fd, name, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(true),
            Err(errno) => Err(parent.error("unlinkat", name, errno)),
        }
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Turns the error that there is no such entry into `None`.
pub(crate) fn if_there<T>(result: Result<T, SystemError>) -> Result<Option<T>, SystemError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives an open file the store's mode and modification time.
pub(crate) fn seal_file(file: &File, executable: bool, path: &Path) -> Result<(), SystemError> {
    let mode = if executable { 0o555 } else { 0o444 };
    fchmod(file, Mode::from_bits_truncate(mode))
        .map_err(|it| SystemError::new("fchmod", path, it))?;
    let time = TimeSpec::new(MTIME_S, 0);
    futimens(file, &time, &time).map_err(|it| SystemError::new("futimens", path, it))
}

/// Writes a piece of a file, but leaves out what is only zeros: whoever writes the last piece sets
/// the length.
pub(crate) fn write_with_holes(mut file: &File, piece: &[u8]) -> io::Result<()> {
    for part in piece.chunks(HOLE_BYTES) {
        // The first byte tells for almost all.
        if part.iter().all(|it| *it == 0) {
            file.seek(SeekFrom::Current(part.len() as i64))?;
        } else {
            file.write_all(part)?;
        }
    }
    Ok(())
}

/// Returns what an open file is.
pub(crate) fn stat_file(file: &File, path: &Path) -> Result<FileStat, SystemError> {
    fstat(file).map_err(|it| SystemError::new("fstat", path, it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn remove_copes_with_closed_folders_links_and_depth() {
        let temp = tempfile::tempdir().unwrap();
        let top = Folder::open(temp.path()).unwrap();
        top.create_folder(b"tree").unwrap();
        let mut folder = top.folder(b"tree").unwrap();
        for _ in 0..300 {
            folder.create_folder(b"deeper").unwrap();
            folder = folder.folder(b"deeper").unwrap();
        }
        let outside = temp.path().join("outside");
        fs::write(&outside, "stays").unwrap();
        folder.create_link(b"link", b"../outside").unwrap();
        folder.create(b"file").unwrap();
        folder.set_mode(0).unwrap();
        top.folder(b"tree").unwrap().set_mode(0o555).unwrap();
        assert!(top.remove(b"tree", &|| true).unwrap());
        assert_eq!(top.names().unwrap(), vec![b"outside".to_vec()]);
        assert!(top.remove(b"tree", &|| true).unwrap());
    }

    #[test]
    fn a_link_is_not_made_readable() {
        let temp = tempfile::tempdir().unwrap();
        let top = Folder::open(temp.path()).unwrap();
        top.create(b"file").unwrap();
        fs::set_permissions(temp.path().join("file"), fs::Permissions::from_mode(0o640)).unwrap();
        top.create_link(b"link", b"file").unwrap();
        let error = top.make_readable(b"link", 0o777).unwrap_err();
        assert_eq!(error.call, "chmod");
        assert_eq!(mode(&top.stat(b"file").unwrap()), 0o640);
    }
}
