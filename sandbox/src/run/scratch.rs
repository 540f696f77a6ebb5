//! Where builds write, how much, and how it is cleaned up. [build.limits.4]
//!
//! In memory, a build's folders are a file system of its own, which the kernel bounds and throws
//! away when the last descriptor of it is closed.
//!
//! On disk, they are folders inside a folder that only Kiln can enter:
//!
//! ```text
//! FOLDER/                 0700, given in the options
//!   lock                  held shared while a build's folder is made, alone while others are removed
//!   build-XXXXXX/         0700, one for each build
//!     build/ store/ tmp/  the build's own; `store` is locked for as long as somebody reads outputs
//! ```
//!
//! A build's folder is removed as soon as nobody holds the lock of its `store`: not when the build
//! ends, because its outputs are still to be read; and also where the Kiln that made it was killed.

mod sweep;
mod walk;

use std::cell::RefCell;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kiln_store::{BuildError, Limits};
use nix::libc;

use super::watch::Left;
use crate::plan::{SCRATCH, ScratchPlace, bound_above, files_max};
use crate::sys::{self, Open, SysError, SysResult};

/// Where the folders lie that builds write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scratch {
    /// In memory: fast, and gone at once.
    Memory {
        /// The most that one build may use, whatever its own limit says. Half of this machine's
        /// memory, unless given.
        bytes_max: Option<u64>,
    },
    /// In this folder of a disk, for builds that are larger than memory. It belongs to Kiln alone;
    /// made if it is missing.
    Disk {
        /// The folder; absolute.
        folder: PathBuf,
    },
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch::Memory { bytes_max: None }
    }
}

/// Makes the folders of builds, and removes them.
#[derive(Debug)]
pub(super) struct ScratchFolders {
    scratch: Scratch,
    sweeper: Option<sweep::Sweeper>,
}

/// The folders of one build.
#[derive(Debug)]
pub(super) struct ScratchFolder {
    kind: Kind,
    limit: Limit,
}

#[derive(Debug)]
enum Kind {
    Memory,
    Disk {
        folder: PathBuf,
        /// Where the outputs are; locked until the last copy of this descriptor is closed.
        store: OwnedFd,
    },
}

/// How much a build may write.
#[derive(Debug, Clone)]
struct Limit {
    bytes_max: u64,
    files_max: u64,
    /// As errors show it.
    text: String,
}

impl ScratchFolders {
    /// Makes none yet.
    pub(super) fn new(scratch: Scratch) -> Self {
        let sweeper = match &scratch {
            Scratch::Memory { .. } => None,
            Scratch::Disk { folder } => Some(sweep::Sweeper::new(folder.clone())),
        };
        ScratchFolders { scratch, sweeper }
    }

    /// Makes the folders of a build that runs as `uid` and `gid`.
    pub(super) fn begin(
        &self,
        limits: &Limits,
        uid: u32,
        gid: u32,
    ) -> Result<ScratchFolder, BuildError> {
        let limit = self.limit(limits);
        let kind = match &self.scratch {
            Scratch::Memory { .. } => Kind::Memory,
            Scratch::Disk { folder } => {
                let made = make_folder(folder, uid, gid)?;
                if let Some(sweeper) = &self.sweeper {
                    sweeper.wake();
                }
                made
            }
        };
        Ok(ScratchFolder { kind, limit })
    }

    /// Returns the place of a build's folders as a plan shows it that nobody carries out.
    pub(super) fn example(&self, limits: &Limits) -> ScratchPlace {
        match &self.scratch {
            Scratch::Memory { .. } => in_memory(&self.limit(limits)),
            Scratch::Disk { folder } => ScratchPlace::Disk { folder: folder.join("build-XXXXXX") },
        }
    }

    fn limit(&self, limits: &Limits) -> Limit {
        let asked = limits.disk_bytes_max;
        let most = match &self.scratch {
            Scratch::Memory { bytes_max } => bytes_max.unwrap_or_else(half_of_memory),
            Scratch::Disk { .. } => u64::MAX,
        };
        let (bytes_max, text) = if asked <= most {
            (asked, format!("disk_bytes_max = {asked}"))
        } else {
            let text = format!(
                "disk_bytes_max = {most} (the build may use {asked}, but its folders are in \
                 memory, where builds get no more; let them be on disk)"
            );
            (most, text)
        };
        Limit { bytes_max, files_max: files_max(bytes_max), text }
    }
}

impl ScratchFolder {
    /// Returns where the folders lie, for the plan.
    pub(super) fn place(&self) -> ScratchPlace {
        match &self.kind {
            Kind::Memory => in_memory(&self.limit),
            Kind::Disk { folder, .. } => ScratchPlace::Disk { folder: folder.clone() },
        }
    }

    /// Returns what looks at how much is used.
    pub(super) fn usage(&self) -> Usage<'_> {
        let walk = match &self.kind {
            Kind::Memory => None,
            Kind::Disk { folder, .. } => Some(RefCell::new(walk::Walk::new(folder))),
        };
        Usage { limit: &self.limit, walk }
    }

    /// Returns the folder of outputs of a build that ended well.
    pub(super) fn outputs_folder(&self, left: &Left) -> Result<OwnedFd, BuildError> {
        let folder = match &self.kind {
            Kind::Memory => left.store.as_fd(),
            Kind::Disk { store, .. } => store.as_fd(),
        };
        sys::duplicate(folder).map_err(SysError::into_build_error)
    }
}

/// Looks at how much of its limit a build uses.
pub(super) struct Usage<'a> {
    limit: &'a Limit,
    /// On disk, what was found so far.
    walk: Option<RefCell<walk::Walk>>,
}

impl Usage<'_> {
    /// Whether it is more than the limit. `store` is a folder in it.
    pub(super) fn is_over(&self, store: BorrowedFd<'_>) -> SysResult<bool> {
        let (bytes, files) = match &self.walk {
            None => {
                let space = sys::space(store)?;
                (space.bytes_used, space.files_used)
            }
            Some(walk) => walk.borrow_mut().step(),
        };
        Ok(bytes > self.limit.bytes_max || files > self.limit.files_max)
    }

    /// Returns the limit as errors show it.
    pub(super) fn limit(&self) -> String {
        self.limit.text.clone()
    }
}

fn in_memory(limit: &Limit) -> ScratchPlace {
    ScratchPlace::Memory {
        bytes_max: bound_above(limit.bytes_max, 16 << 20),
        files_max: bound_above(limit.files_max, 1 << 10),
    }
}

fn half_of_memory() -> u64 {
    // Where it cannot be seen, the limit of the build stands alone.
    nix::sys::sysinfo::sysinfo().map_or(u64::MAX, |it| it.ram_total() / 2)
}

fn make_folder(folder: &Path, uid: u32, gid: u32) -> Result<Kind, BuildError> {
    if !folder.is_absolute() {
        return Err(BuildError::Unsupported {
            reason: format!(
                "its scratch folder must be an absolute path, not `{}`",
                folder.display()
            ),
        });
    }
    make_private(folder)?;
    let c_folder = sys::c_string(folder.as_os_str().as_bytes(), "the scratch folder")
        .map_err(SysError::into_build_error)?;
    if sys::is_mounted_without_programs(&c_folder) {
        return Err(BuildError::Unsupported {
            reason: format!(
                "its scratch folder `{}` must be where programs can be run; it is mounted `noexec`",
                folder.display()
            ),
        });
    }
    let lock = open_lock(folder)?;
    lock.lock_shared().map_err(|source| system("flock", &folder.join("lock"), source))?;
    let made = nix::unistd::mkdtemp(&folder.join("build-XXXXXX"))
        .map_err(|errno| system("mkdir", folder, errno.into()))?;
    let mut store = None;
    for (name, _at, mode) in SCRATCH {
        let path = made.join(name);
        let make = || -> SysResult<OwnedFd> {
            let parent = sys::open(&made, Open::Folder)?;
            sys::mkdir_at(parent.as_fd(), Path::new(name), 0o700)?;
            let folder = sys::open(&path, Open::Folder)?;
            sys::fchmod(folder.as_fd(), *mode, path.display())?;
            Ok(folder)
        };
        let opened = make().map_err(SysError::into_build_error)?;
        sys::chown(opened.as_fd(), uid, gid, path.display()).map_err(SysError::into_build_error)?;
        if *name == "store" {
            let file = File::from(opened);
            file.lock_shared().map_err(|source| system("flock", &path, source))?;
            store = Some(OwnedFd::from(file));
        }
    }
    let store = store.ok_or_else(|| system("open", &made, io::ErrorKind::NotFound.into()))?;
    Ok(Kind::Disk { folder: made, store })
}

/// Makes a folder that only this user can enter, or makes sure that it is one.
fn make_private(folder: &Path) -> Result<(), BuildError> {
    use std::os::unix::fs::MetadataExt;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| system("mkdir", folder, source))?;
    let found =
        std::fs::symlink_metadata(folder).map_err(|source| system("stat", folder, source))?;
    let me = nix::unistd::geteuid().as_raw();
    if !found.is_dir() || found.uid() != me || found.mode() & 0o077 != 0 {
        return Err(BuildError::Unsupported {
            reason: format!(
                "its scratch folder `{}` must be a folder of user {me} with mode 0700; it belongs \
                 to user {} and has mode {:04o}",
                folder.display(),
                found.uid(),
                found.mode() & 0o7777
            ),
        });
    }
    Ok(())
}

fn open_lock(folder: &Path) -> Result<File, BuildError> {
    let path = folder.join("lock");
    std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path)
        .map_err(|source| system("open", &path, source))
}

fn system(call: &'static str, path: &Path, source: io::Error) -> BuildError {
    BuildError::System { call, on: format!("`{}`", path.display()), source }
}
