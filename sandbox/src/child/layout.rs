//! Carries out the set-up of a plan: mounts, folders, files.
//!
//! Every path of the sandbox is looked up below the descriptor of the new root, by `openat2` that
//! follows no link and cannot leave it; mounts are moved onto descriptors, so that the mount table
//! is never read and an input costs a handful of calls, however many there are.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::opens_outside;
use crate::message::{MountCalls, Order};
use crate::plan::{Access, BUILD_GID, BUILD_UID, PROC_DIR, STORE_PLACE, Setup};
use crate::sys::mount_flag::{NO_DEVICES, NO_EXEC, NO_SET_ID, READ_ONLY};
use crate::sys::{self, Call, Depth, Kind, Open, Remove, SysError, SysResult};

/// What every file system of the sandbox forbids.
const BASE: u64 = NO_SET_ID | NO_DEVICES;

/// The sandbox while it is laid out.
pub(super) struct Layout<'a> {
    /// Where the working directory is, at the beginning: most inputs are opened from there.
    inputs_dir: &'a Path,
    /// How mounts get their flags.
    mounts: MountCalls,
    /// What was made, whose times are still those of the making. The kernel's own file systems keep
    /// their times.
    made: Vec<PathBuf>,
    /// What was opened beforehand, in the order of the plan. Empty where everything is opened when
    /// it is needed.
    opened: VecDeque<OwnedFd>,
    /// The new root, once it has begun.
    root: Option<OwnedFd>,
    /// The folder in which the last thing was made: inputs come in hundreds, all in one.
    parent: Option<(PathBuf, OwnedFd)>,
    /// An empty file and an empty folder to cover others with.
    blanks: Option<(OwnedFd, OwnedFd)>,
}

/// How many terminals a build can have.
const TERMINALS_MAX: u32 = 256;

/// The names of the blanks in the new root, until it is entered.
const BLANK_FILE: &str = ".blank-file";
const BLANK_FOLDER: &str = ".blank-folder";

impl<'a> Layout<'a> {
    /// Begins.
    pub(super) fn new(order: &'a Order) -> Self {
        Layout {
            inputs_dir: &order.inputs_dir,
            mounts: order.mounts,
            made: vec!["/".into()],
            opened: VecDeque::new(),
            root: None,
            parent: None,
            blanks: None,
        }
    }

    /// Opens all that the plan shows of the machine.
    pub(super) fn open_all(&mut self, setup: &[Setup]) -> SysResult<()> {
        for from in setup.iter().filter_map(opens_outside) {
            let tree = self.open_outside(from)?;
            self.opened.push_back(tree);
        }
        Ok(())
    }

    /// Carries out one line of the plan.
    pub(super) fn carry_out(&mut self, setup: &Setup) -> SysResult<()> {
        match setup {
            Setup::Loopback => sys::bring_loopback_up(),
            Setup::HostName { host, domain } => sys::set_host_name(host, domain),
            Setup::Root { bytes_max } => self.begin_root(*bytes_max),
            Setup::Folder { at, mode } => {
                self.made.push(at.clone());
                let (parent, name) = self.place(at)?;
                make_folder(parent, name, *mode)
            }
            Setup::File { at, mode, bytes } => {
                self.made.push(at.clone());
                let (parent, name) = self.place(at)?;
                let file = sys::open_below(parent, name, Open::Create(*mode))?;
                sys::write_all(file.as_fd(), bytes, &at.display().to_string())
            }
            Setup::Link { at, to } => {
                self.made.push(at.clone());
                let (parent, name) = self.place(at)?;
                sys::symlink_at(to, parent, name)
            }
            Setup::Bind { from, at, access } => {
                let tree = match self.opened.pop_front() {
                    Some(tree) => tree,
                    None => self.open_outside(from)?,
                };
                self.bind(&tree, from, at, *access)
            }
            Setup::Share { from, at } => {
                let from = self.look_up(from)?;
                let tree = sys::clone_tree(Some(from.as_fd()), Path::new(""), Depth::One)?;
                self.attach(&tree, at)
            }
            Setup::Memory { at, bytes_max, files_max, mode } => {
                let options = [
                    (c"size", bytes_max.to_string()),
                    (c"nr_inodes", files_max.to_string()),
                    (c"mode", format!("{mode:o}")),
                ];
                let tree = sys::new_mount(c"tmpfs", &options, BASE)?;
                self.attach(&tree, at)
            }
            Setup::Detach { at } => {
                sys::detach_open(self.look_up(at)?.as_fd(), at.display())?;
                self.made.retain(|it| !it.starts_with(at));
                self.parent = None;
                let (parent, name) = self.place(at)?;
                sys::unlink_at(parent, &sys::c_path(name)?, Remove::Folder)
            }
            Setup::Processes { at } => {
                self.made.retain(|it| it != at);
                let tree = sys::new_mount(c"proc", &[], BASE | NO_EXEC)?;
                self.attach(&tree, at)
            }
            Setup::Terminals { at } => {
                let options = [
                    (c"mode", "620".into()),
                    (c"ptmxmode", "666".into()),
                    // All instances share the machine's terminals.
                    (c"max", TERMINALS_MAX.to_string()),
                ];
                self.made.retain(|it| it != at);
                // Its entries are devices.
                let tree = sys::new_mount(c"devpts", &options, NO_SET_ID | NO_EXEC)?;
                self.attach(&tree, at)
            }
            Setup::NoUserNamespaces => {
                let path = "proc/sys/user/max_user_namespaces";
                let file = sys::open_below(self.root()?, Path::new(path), Open::Write)?;
                sys::write_all(file.as_fd(), b"0", path)
            }
            Setup::Freeze { at } => {
                let Some(handle) = self.look_up_if_there(at)? else { return Ok(()) };
                let tree = sys::clone_tree(Some(handle.as_fd()), Path::new(""), Depth::One)?;
                self.attach_with(&tree, at, READ_ONLY | BASE | NO_EXEC)
            }
            Setup::Hide { at } => {
                let Some(handle) = self.look_up_if_there(at)? else { return Ok(()) };
                let kind = sys::fstat(handle.as_fd(), at.display())?.kind;
                let (file, folder) = self.blanks()?;
                let blank = if kind == Kind::Folder { folder } else { file };
                let tree = sys::clone_tree(Some(blank), Path::new(""), Depth::One)?;
                self.attach_with(&tree, at, READ_ONLY | BASE | NO_EXEC)
            }
            Setup::Emulators { at, programs } => {
                self.made.retain(|it| it != at);
                let tree = sys::new_mount(c"binfmt_misc", &[], BASE | NO_EXEC)?;
                self.attach(&tree, at)?;
                // It belongs to root, who is nobody in here, but this process rules over it.
                sys::chown_at(tree.as_fd(), c"register", BUILD_UID, BUILD_GID)?;
                let path = Path::new("register");
                for (cpu, program) in programs {
                    let line = cpu.registration(&program.to_string_lossy());
                    let file = sys::open_below(tree.as_fd(), path, Open::Write)?;
                    let on = format!("an emulator for {cpu}, `{}`", program.display());
                    sys::write_all(file.as_fd(), line.as_bytes(), &on)?;
                }
                self.set_flags(tree.as_fd(), READ_ONLY | BASE | NO_EXEC, at)
            }
            Setup::NoEmulators => match sys::new_mount(c"binfmt_misc", &[], BASE | NO_EXEC) {
                // That it was there once is enough: the user namespace has emulators of its own from
                // then on, which are none.
                Ok(_) => Ok(()),
                // Before Linux 6.7, only the machine as a whole has emulators.
                Err(error) if matches!(error.errno, Errno::ENODEV | Errno::EPERM) => Ok(()),
                Err(error) => Err(error),
            },
            Setup::EnterRoot => {
                if self.blanks.take().is_some() {
                    sys::unlink_at(self.root()?, &sys::c_path(BLANK_FILE)?, Remove::File)?;
                    sys::unlink_at(self.root()?, &sys::c_path(BLANK_FOLDER)?, Remove::Folder)?;
                }
                sys::enter_root(self.root()?)
            }
            Setup::SetTimes { seconds } => self.made.iter().try_for_each(|it| {
                use std::os::unix::ffi::OsStrExt;
                let path = sys::c_string(it.as_os_str().as_bytes(), "a path")?;
                sys::set_time_at(self.root()?, &path, *seconds)
            }),
            Setup::SealRoot => {
                let root = self.root()?;
                self.set_flags(root, READ_ONLY | BASE, Path::new("/"))
            }
        }
    }

    /// Returns the folder of outputs and the folder of processes, for the supervisor.
    pub(super) fn finish(self) -> SysResult<(OwnedFd, OwnedFd)> {
        let root = self.root()?;
        let store = sys::open_below(root, relative(Path::new(STORE_PLACE)), Open::Folder)?;
        let processes = sys::open_below(root, relative(Path::new(PROC_DIR)), Open::Folder)?;
        Ok((store, processes))
    }

    fn root(&self) -> SysResult<BorrowedFd<'_>> {
        self.root.as_ref().map(AsFd::as_fd).ok_or_else(|| {
            SysError::new(Call::Open, "the new root before it is begun", Errno::ENOENT)
        })
    }

    /// Makes a detached mount of something on the machine.
    fn open_outside(&self, from: &Path) -> SysResult<OwnedFd> {
        // Through the working directory, which the helper could enter where this process cannot.
        match from.strip_prefix(self.inputs_dir) {
            Ok(name) if !name.as_os_str().is_empty() && name.components().count() == 1 => {
                sys::clone_tree(None, name, Depth::One)
                    .map_err(|error| SysError { on: format!("`{}`", from.display()), ..error })
            }
            _ => sys::clone_tree(None, from, Depth::One),
        }
    }

    fn begin_root(&mut self, bytes_max: u64) -> SysResult<()> {
        let options = [(c"size", bytes_max.to_string()), (c"mode", "755".into())];
        let tree = sys::new_mount(c"tmpfs", &options, BASE)?;
        // On top of the old root, where it hides nothing: paths still begin at the old root, and
        // the new one is reached by its descriptor only.
        let old = sys::open(Path::new("/"), Open::Handle)?;
        sys::attach(tree.as_fd(), old.as_fd(), Path::new(""))?;
        self.root = Some(tree);
        Ok(())
    }

    /// Shows `tree` at `at`, for which it makes an empty thing of the same kind.
    fn bind(&mut self, tree: &OwnedFd, from: &Path, at: &Path, access: Access) -> SysResult<()> {
        let kind = sys::fstat(tree.as_fd(), from.display())?.kind;
        let refuse = |expected: &str| {
            let on = format!("`{}`: expected {expected}, found {kind}", from.display());
            Err(SysError::new(Call::OpenTree, on, Errno::EINVAL))
        };
        let flags = match access {
            Access::ReadOnly => {
                let (parent, name) = self.place(at)?;
                match kind {
                    Kind::Folder => make_folder(parent, name, 0o555)?,
                    Kind::File => drop(sys::open_below(parent, name, Open::Create(0o444))?),
                    Kind::Link => sys::symlink_at(Path::new("."), parent, name)?,
                    Kind::Device { .. } | Kind::Other => {
                        return refuse("a folder, a file or a symbolic link");
                    }
                }
                READ_ONLY | BASE
            }
            Access::Device { major, minor } => {
                if kind != (Kind::Device { major: major.into(), minor: minor.into() }) {
                    return refuse(&format!("the character device {major}:{minor}"));
                }
                let (parent, name) = self.place(at)?;
                drop(sys::open_below(parent, name, Open::Create(0o444))?);
                READ_ONLY | NO_SET_ID | NO_EXEC
            }
            Access::Writable if kind == Kind::Folder => BASE,
            Access::Writable => return refuse("a folder"),
        };
        self.attach_with(tree, at, flags)
    }

    /// Gives a detached mount its flags and puts it at `at`.
    fn attach_with(&mut self, tree: &OwnedFd, at: &Path, flags: u64) -> SysResult<()> {
        if self.mounts == MountCalls::Auto {
            match sys::set_mount_flags(tree.as_fd(), Depth::One, flags, at.display()) {
                Ok(()) => return self.attach(tree, at),
                Err(error) if error.errno == Errno::ENOSYS => self.mounts = MountCalls::Remount,
                Err(error) => return Err(error),
            }
        }
        // It can be remounted only where it is attached; nothing runs that could use the moment.
        self.attach(tree, at)?;
        sys::set_mount_flags_by_remount(tree.as_fd(), flags, at.display())
    }

    fn set_flags(&self, tree: BorrowedFd<'_>, flags: u64, at: &Path) -> SysResult<()> {
        match self.mounts {
            MountCalls::Auto => sys::set_mount_flags(tree, Depth::One, flags, at.display()),
            MountCalls::Remount => sys::set_mount_flags_by_remount(tree, flags, at.display()),
        }
    }

    fn attach(&mut self, tree: &OwnedFd, at: &Path) -> SysResult<()> {
        let (parent, name) = self.place(at)?;
        sys::attach(tree.as_fd(), parent, name)
            .map_err(|error| SysError { on: format!("`{}`", at.display()), ..error })?;
        // The folder that is remembered may be below what is now covered.
        if self.parent.as_ref().is_some_and(|(path, _)| path.starts_with(relative(at))) {
            self.parent = None;
        }
        Ok(())
    }

    /// Returns the folder in which `at` is or is to be, and its name there.
    fn place<'p>(&mut self, at: &'p Path) -> SysResult<(BorrowedFd<'_>, &'p Path)> {
        let at = relative(at);
        let folder = at.parent().unwrap_or(Path::new(""));
        let name = at.file_name().map_or(Path::new("."), Path::new);
        if self.parent.as_ref().is_none_or(|(path, _)| path != folder) {
            let opened = sys::open_below(self.root()?, folder, Open::Handle)?;
            self.parent = Some((folder.to_owned(), opened));
        }
        match &self.parent {
            Some((_, opened)) => Ok((opened.as_fd(), name)),
            None => Err(SysError::new(Call::Open, at.display(), Errno::ENOENT)),
        }
    }

    fn look_up(&self, at: &Path) -> SysResult<OwnedFd> {
        sys::open_below(self.root()?, relative(at), Open::Handle)
    }

    fn look_up_if_there(&self, at: &Path) -> SysResult<Option<OwnedFd>> {
        match self.look_up(at) {
            Ok(handle) => Ok(Some(handle)),
            Err(error) if error.errno == Errno::ENOENT => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns an empty file and an empty folder of the sandbox's own. Never the machine's
    /// `/dev/null`, whose owner the build may be.
    fn blanks(&mut self) -> SysResult<(BorrowedFd<'_>, BorrowedFd<'_>)> {
        if self.blanks.is_none() {
            let root = self.root()?;
            drop(sys::open_below(root, Path::new(BLANK_FILE), Open::Create(0o444))?);
            sys::mkdir_at(root, Path::new(BLANK_FOLDER), 0o555)?;
            let file = sys::open_below(root, Path::new(BLANK_FILE), Open::Handle)?;
            let folder = sys::open_below(root, Path::new(BLANK_FOLDER), Open::Handle)?;
            self.blanks = Some((file, folder));
        }
        match &self.blanks {
            Some((file, folder)) => Ok((file.as_fd(), folder.as_fd())),
            None => Err(SysError::new(Call::Open, "the blanks", Errno::ENOENT)),
        }
    }
}

/// Makes a folder; one that is there already stays as it is.
fn make_folder(parent: BorrowedFd<'_>, name: &Path, mode: u32) -> SysResult<()> {
    match sys::mkdir_at(parent, name, mode) {
        Err(error) if error.errno == Errno::EEXIST => Ok(()),
        other => other,
    }
}

/// Returns a path of the sandbox as one below its root.
fn relative(at: &Path) -> &Path {
    at.strip_prefix("/").unwrap_or(at)
}
