//! Removes the folders on disk of builds that nobody reads any more.

use std::ffi::CString;
use std::fs::{File, TryLockError};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::errno::Errno;

use super::open_lock;
use crate::sys::{self, Kind, Open, Remove, SysResult};

/// How long it waits before it looks again whether a reader has finished.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A thread that removes folders, so that no build waits for it.
#[derive(Debug)]
pub(super) struct Sweeper {
    folder: PathBuf,
    thread: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    wake: mpsc::Sender<()>,
    handle: JoinHandle<()>,
}

impl Sweeper {
    /// Makes one that has nothing to do yet.
    pub(super) fn new(folder: PathBuf) -> Self {
        Sweeper { folder, thread: Mutex::new(None) }
    }

    /// Tells it that there is or will be something to remove.
    pub(super) fn wake(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (wake, woken) = mpsc::channel();
            let folder = self.folder.clone();
            let spawned = std::thread::Builder::new()
                .name("kiln-sweep".into())
                .spawn(move || run(&folder, &woken));
            // Where no thread can be had, the folders stay until another sweeper comes by.
            *thread = spawned.ok().map(|handle| Running { wake, handle });
        }
        if let Some(running) = &*thread {
            let _ = running.wake.send(());
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { wake, handle }) = thread {
            drop(wake);
            let _ = handle.join();
        }
    }
}

fn run(folder: &Path, woken: &mpsc::Receiver<()>) {
    let mut left = 0;
    loop {
        let message = if left > 0 {
            woken.recv_timeout(LOOK_AGAIN)
        } else {
            woken.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        left = sweep(folder);
        if message == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// Removes what nobody uses. Returns how many are still in use.
fn sweep(folder: &Path) -> usize {
    let Ok(lock) = open_lock(folder) else { return 0 };
    let Ok(dir) = sys::open(folder, Open::Folder) else { return 0 };
    let mut names = Vec::new();
    let listed = sys::open_entry(dir.as_fd(), c".", Open::Folder).and_then(|listed| {
        sys::list(listed, "the scratch folder", |name| {
            if name.to_bytes().starts_with(b"build-") {
                names.push(name.to_owned());
            }
            Ok(())
        })
    });
    if listed.is_err() {
        return 0;
    }
    let mut used = 0;
    for name in names {
        if !is_unused(&lock, dir.as_fd(), &name) {
            used += 1;
        } else if remove_tree(dir.as_fd(), name).is_err() {
            // Another sweeper is at it, or the disk refuses; the next sweep tries again.
            used += 1;
        }
    }
    used
}

fn is_unused(lock: &File, dir: BorrowedFd<'_>, name: &CString) -> bool {
    // While a folder is made it is not locked yet, but this is.
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return false,
    }
    let unused = (|| {
        let folder = sys::open_entry(dir, name, Open::Folder).ok()?;
        let store = match sys::open_entry(folder.as_fd(), c"store", Open::Folder) {
            Ok(store) => File::from(store),
            // Half made, or half removed.
            Err(error) if error.errno == Errno::ENOENT => return Some(true),
            Err(_) => return None,
        };
        Some(store.try_lock().is_ok())
    })();
    let _ = lock.unlock();
    unused.unwrap_or(false)
}

/// A folder that is being emptied.
struct Emptying {
    folder: OwnedFd,
    name: CString,
    left: Vec<CString>,
}

/// Removes a tree whatever its modes and however deep it is: by descriptor, following no link, on
/// the heap. Nothing else changes it, because its build is dead and its parent closed to others.
fn remove_tree(parent: BorrowedFd<'_>, name: CString) -> SysResult<()> {
    let Some(first) = begin(parent, name)? else { return Ok(()) };
    let mut levels = vec![first];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.left.pop() {
            if let Some(deeper) = begin(level.folder.as_fd(), name)? {
                levels.push(deeper);
                flatten(&mut levels)?;
            }
            continue;
        }
        let name = level.name.clone();
        levels.pop();
        let above = levels.last().map_or(parent, |it| it.folder.as_fd());
        sys::unlink_at(above, &name, Remove::Folder)?;
    }
    Ok(())
}

/// How many levels are open at a time. A deeper folder is first moved up to the top level, so that
/// neither descriptors nor the length of paths run out.
const LEVELS_MAX: usize = 256;

fn flatten(levels: &mut Vec<Emptying>) -> SysResult<()> {
    if levels.len() < LEVELS_MAX {
        return Ok(());
    }
    let (Some(deep), Some(above)) = (levels.pop(), levels.last()) else { return Ok(()) };
    let Some(top) = levels.first() else { return Ok(()) };
    // A name that is not there: it is tried until one is free.
    for number in 0_u64.. {
        let name = sys::c_string(format!(".kiln-removed-{number}"), "a name")?;
        if sys::fstat_at(top.folder.as_fd(), &name).is_ok() {
            continue;
        }
        sys::rename(above.folder.as_fd(), &deep.name, top.folder.as_fd(), &name)?;
        levels[0].left.push(name);
        break;
    }
    Ok(())
}

/// Removes an entry, or opens it if it is a folder that must be emptied before.
fn begin(parent: BorrowedFd<'_>, name: CString) -> SysResult<Option<Emptying>> {
    let kind = match sys::fstat_at(parent, &name) {
        Ok(stat) => stat.kind,
        Err(error) if error.errno == Errno::ENOENT => return Ok(None),
        Err(error) => return Err(error),
    };
    if kind != Kind::Folder {
        return sys::unlink_at(parent, &name, Remove::File).map(|()| None);
    }
    if sys::unlink_at(parent, &name, Remove::Folder).is_ok() {
        return Ok(None);
    }
    // Its owner may have closed it, even to itself.
    sys::chmod_at(parent, &name, 0o700)?;
    let folder = sys::open_entry(parent, &name, Open::Folder)?;
    let mut left = Vec::new();
    let listed = sys::open_entry(folder.as_fd(), c".", Open::Folder)?;
    sys::list(listed, "a folder", |name| {
        left.push(name.to_owned());
        Ok(())
    })?;
    Ok(Some(Emptying { folder, name, left }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_tree_is_removed_though_its_folders_are_closed() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("file"), b"x").unwrap();
        std::os::unix::fs::symlink("/", deep.join("link")).unwrap();
        for path in ["a/b/c", "a/b", "a"] {
            let closed = std::fs::Permissions::from_mode(0o000);
            std::fs::set_permissions(folder.path().join(path), closed).unwrap();
        }
        let dir = sys::open(folder.path(), Open::Folder).unwrap();
        remove_tree(dir.as_fd(), c"a".into()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_tree_is_removed_though_no_path_reaches_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let dir = sys::open(folder.path(), Open::Folder).unwrap();
        let mut here = sys::open_entry(dir.as_fd(), c".", Open::Folder).unwrap();
        for _ in 0..3000 {
            sys::mkdir_at(here.as_fd(), Path::new("d"), 0o700).unwrap();
            here = sys::open_entry(here.as_fd(), c"d", Open::Folder).unwrap();
        }
        remove_tree(dir.as_fd(), c"d".into()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_folders_that_nobody_holds_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["build-a", "build-b", "other"] {
            std::fs::create_dir_all(folder.path().join(name).join("store")).unwrap();
        }
        let held = File::open(folder.path().join("build-b/store")).unwrap();
        held.lock_shared().unwrap();
        assert_eq!(sweep(folder.path()), 1);
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["build-b", "lock", "other"]);
        drop(held);
        assert_eq!(sweep(folder.path()), 0);
        assert!(!folder.path().join("build-b").exists());
    }
}
