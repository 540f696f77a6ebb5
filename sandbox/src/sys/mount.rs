//! Mounts: detached ones of what is there and of new file systems, and putting them into place.

use std::ffi::CStr;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::libc;

use super::{Call, Named, SysResult, c_path, chdir, fchdir, raw, show};

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
    raw::open_tree(dir, &c_path(path)?, flags).named(Call::OpenTree, show(path))
}

/// Sets flags of the mount of `fd`.
pub(crate) fn set_mount_flags(
    fd: BorrowedFd<'_>,
    depth: Depth,
    set: u64,
    on: impl fmt::Display,
) -> SysResult<()> {
    let mut flags = libc::AT_EMPTY_PATH;
    if depth == Depth::All {
        flags |= libc::AT_RECURSIVE;
    }
    raw::mount_setattr(fd, flags, set).named(Call::MountSetattr, on)
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

/// Whether a path is on a mount from which no program can be run.
pub(crate) fn is_mounted_without_programs(path: &CStr) -> bool {
    use nix::sys::statvfs::{FsFlags, statvfs};
    statvfs(path).is_ok_and(|it| it.flags().contains(FsFlags::ST_NOEXEC))
}

/// Puts a detached mount at `name` in `dir`.
pub(crate) fn attach(mount: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &Path) -> SysResult<()> {
    const MOVE_MOUNT_F_EMPTY_PATH: libc::c_uint = 0x4;
    const MOVE_MOUNT_T_EMPTY_PATH: libc::c_uint = 0x40;
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    raw::move_mount(mount, dir, &c_path(name)?, flags).named(Call::MoveMount, show(name))
}

/// Makes a new file system of kind `kind` with these options, as a detached mount.
pub(crate) fn new_mount(
    kind: &CStr,
    options: &[(&CStr, String)],
    flags: u64,
) -> SysResult<OwnedFd> {
    let named = format!("a new {}", kind.to_string_lossy());
    let context = raw::fsopen(kind).named(Call::Fsopen, &named)?;
    for (key, value) in options {
        raw::fsconfig_set(context.as_fd(), key, &c_path(value)?)
            .named(Call::Fsconfig, format_args!("{named}, {}={value}", key.to_string_lossy()))?;
    }
    raw::fsconfig_create(context.as_fd()).named(Call::Fsconfig, &named)?;
    raw::fsmount(context.as_fd(), flags).named(Call::Fsmount, &named)
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
