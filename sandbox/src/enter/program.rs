//! The process on its way to the program: makes its view of the machine, then becomes the program.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::libc;
use nix::unistd::{getegid, geteuid};

use super::HERE;
use crate::codec::{CodecError, Reader, Writer};
use crate::message::write_error;
use crate::sys::mount_flag::{NO_DEVICES, NO_SET_ID, READ_ONLY};
use crate::sys::{self, Call, Depth, Kind, Open, SysError, SysResult};

/// Becomes the program that the caller asked for. Called in a process with one thread.
pub(crate) fn become_program() -> ! {
    let mut numbers = std::env::args().skip(1).map(|it| it.parse().ok());
    let inherited = match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(wanted), Some(answer)) => sys::inherited([wanted, answer]),
        _ => None,
    };
    // Started by hand, not by `enter`.
    let Some([wanted, answer]) = inherited else { sys::exit_now(2) };
    let error = match go(&wanted, &answer) {
        Err(error) => error,
        Ok(never) => match never {},
    };
    let mut w = Writer::default();
    write_error(&mut w, &error);
    // If the caller has ended, nobody needs to know.
    let _ = sys::write_all(answer.as_fd(), &w.finish(), "the answer");
    sys::exit_now(1)
}

/// What is to be shown and run.
struct Wanted {
    argv: Vec<CString>,
    objects: Vec<(PathBuf, PathBuf)>,
}

fn decode(bytes: &[u8]) -> Result<Wanted, CodecError> {
    let mut r = Reader::new(bytes);
    let argv = r.list(|r| {
        let expected = r.expected("an argument without a zero byte");
        CString::new(r.bytes()?).map_err(|_| expected)
    })?;
    let objects = r.list(|r| Ok((r.path()?, r.path()?)))?;
    r.finish()?;
    Ok(Wanted { argv, objects })
}

fn go(wanted: &OwnedFd, answer: &OwnedFd) -> SysResult<std::convert::Infallible> {
    sys::write_all(answer.as_fd(), &[HERE], "the answer")?;
    sys::set_death_signal()?;
    if sys::is_hung_up(answer.as_fd())? {
        // The caller ended before the line above.
        sys::exit_now(1);
    }
    let bytes = sys::read_from_start(wanted.as_fd())?;
    let wanted = decode(&bytes).map_err(|error| {
        SysError::new(Call::Read, format_args!("the request: {error}"), Errno::EBADMSG)
    })?;
    // A working directory that was removed is no reason not to run.
    let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    own_mounts()?;
    View::begin()?.show(&wanted.objects)?;
    sys::chdir(&cwd)?;
    sys::reset_broken_pipe()?;
    Err(sys::execvp(&wanted.argv))
}

/// Gets a mount namespace: with root's privileges alone, else in a user namespace in which this
/// user and its group are what they were.
fn own_mounts() -> SysResult<()> {
    let (uid, gid) = (geteuid(), getegid());
    let with_privileges = match uid.is_root() {
        true => sys::unshare(libc::CLONE_NEWNS),
        false => Err(SysError::new(Call::Unshare, "new namespaces", Errno::EPERM)),
    };
    match with_privileges {
        Ok(()) => {}
        Err(error) if error.errno == Errno::EPERM => {
            sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS)
                .map_err(|error| SysError { call: Call::Clone, ..error })?;
            for (file, text) in [
                ("setgroups", "deny".to_owned()),
                ("gid_map", format!("{gid} {gid} 1")),
                ("uid_map", format!("{uid} {uid} 1")),
            ] {
                let path = format!("/proc/self/{file}");
                let fd = sys::open(Path::new(&path), Open::Write)?;
                sys::write_all(fd.as_fd(), text.as_bytes(), &path)?;
            }
        }
        Err(error) => return Err(error),
    }
    sys::make_mounts_follow()
}

/// The root that the program is to see.
struct View {
    /// The machine's.
    old: OwnedFd,
    /// The program's.
    new: OwnedFd,
}

/// The two components of the store directory.
const KILN: &str = "kiln";
const STORE: &str = "store";

impl View {
    fn begin() -> SysResult<Self> {
        let options = [(c"size", "16m".to_owned()), (c"mode", "755".to_owned())];
        let new = sys::new_mount(c"tmpfs", &options, NO_SET_ID | NO_DEVICES)?;
        let old = sys::open(Path::new("/"), Open::Folder)?;
        sys::attach(new.as_fd(), old.as_fd(), Path::new(""))?;
        Ok(View { old, new })
    }

    /// Shows the machine and the objects, and makes the view the root.
    fn show(self, objects: &[(PathBuf, PathBuf)]) -> SysResult<()> {
        self.show_entries(self.old.as_fd(), self.new.as_fd(), KILN, Path::new("/"))?;
        sys::mkdir_at(self.new.as_fd(), Path::new(KILN), 0o755)?;
        let kiln = sys::open_below(self.new.as_fd(), Path::new(KILN), Open::Folder)?;
        // The machine may have other things there, such as root's own store.
        if let Ok(there) = std::fs::File::open(Path::new("/").join(KILN)) {
            self.show_entries(there.as_fd(), kiln.as_fd(), STORE, Path::new("/kiln"))?;
        }
        sys::mkdir_at(kiln.as_fd(), Path::new(STORE), 0o755)?;
        let store = sys::open_below(kiln.as_fd(), Path::new(STORE), Open::Folder)?;
        for (name, host_path) in objects {
            let tree = sys::clone_tree(None, host_path, Depth::One)?;
            let flags = READ_ONLY | NO_SET_ID | NO_DEVICES;
            make_stub(tree.as_fd(), host_path, store.as_fd(), name)?;
            sys::attach(tree.as_fd(), store.as_fd(), name)?;
            set_flags(tree.as_fd(), flags, host_path)?;
        }
        set_flags(self.new.as_fd(), READ_ONLY | NO_SET_ID | NO_DEVICES, Path::new("/"))?;
        sys::enter_root(self.new.as_fd())
    }

    /// Shows every entry of a folder of the machine but one.
    fn show_entries(
        &self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        but: &str,
        on: &Path,
    ) -> SysResult<()> {
        let mut names = Vec::new();
        let listed = sys::open_entry(from, c".", Open::Folder)?;
        sys::list(listed, &on.display().to_string(), |name| {
            names.push(sys::path_of(name));
            Ok(())
        })?;
        for name in names.iter().filter(|it| it.as_os_str() != OsStr::new(but)) {
            let c_name = sys::c_string(name.as_os_str().as_bytes(), "a name")?;
            let kind = match sys::fstat_at(from, &c_name) {
                Ok(stat) => stat.kind,
                // It was there when the folder was listed.
                Err(error) if error.errno == Errno::ENOENT => continue,
                Err(error) => return Err(error),
            };
            if kind == Kind::Link {
                let target = sys::readlink_at(from, name)?;
                sys::symlink_at(Path::new(&target), to, name)?;
                continue;
            }
            let tree = sys::clone_tree(Some(from), name, Depth::All)?;
            make_stub(tree.as_fd(), &on.join(name), to, name)?;
            sys::attach(tree.as_fd(), to, name)?;
        }
        Ok(())
    }
}

/// Sets flags of a mount that is in place, by whichever call the kernel has.
fn set_flags(mount: BorrowedFd<'_>, flags: u64, on: &Path) -> SysResult<()> {
    match sys::set_mount_flags(mount, Depth::One, flags, on.display()) {
        Err(error) if error.errno == Errno::ENOSYS => {
            sys::set_mount_flags_by_remount(mount, flags, on.display())
        }
        other => other,
    }
}

/// Makes an empty thing of the same kind as `tree` to mount it on.
fn make_stub(tree: BorrowedFd<'_>, from: &Path, to: BorrowedFd<'_>, name: &Path) -> SysResult<()> {
    match sys::fstat(tree, from.display())?.kind {
        Kind::Folder => sys::mkdir_at(to, name, 0o555),
        Kind::Link => sys::symlink_at(Path::new("."), to, name),
        Kind::File | Kind::Device { .. } | Kind::Other => {
            sys::open_below(to, name, Open::Create(0o444)).map(drop)
        }
    }
}
