//! Locks that a process loses when it ends.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::digest::{ActionId, to_hex};
use crate::store::{Claim, ClaimGuard, StoreError};
use crate::sys::{Folder, SystemError, if_there, stat_file};

/// Waits for the lock with this name; dropping the file gives it back.
pub(super) fn lock(var: &Folder, name: &[u8]) -> Result<File, StoreError> {
    let locks = var.folder(b"locks")?;
    let file = open_or_create(&locks, name)?;
    file.lock().map_err(|it| SystemError::new("flock", &locks.path_of(name), it))?;
    Ok(file)
}

/// Takes the lock with this name if it is free.
pub(super) fn try_lock(var: &Folder, name: &[u8]) -> Result<Option<File>, StoreError> {
    let locks = var.folder(b"locks")?;
    let file = open_or_create(&locks, name)?;
    try_lock_file(file, || locks.path_of(name))
}

/// Locks an open file if nobody has.
pub(super) fn try_lock_file(
    file: File,
    path: impl Fn() -> PathBuf,
) -> Result<Option<File>, StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(SystemError::new("flock", &path(), error).into()),
    }
}

fn open_or_create(folder: &Folder, name: &[u8]) -> Result<File, SystemError> {
    loop {
        match folder.read_write(name) {
            Err(error) if error.is(Errno::ENOENT) => {}
            other => return other,
        }
        match folder.create(name) {
            Err(error) if error.is(Errno::EEXIST) => {}
            other => return other,
        }
    }
}

/// Claims an action for this process, if no other has.
///
/// The file of the claim holds the number of the process, and is removed by who had it.
pub(super) fn claim(var: &Folder, action: &ActionId) -> Result<Claim, StoreError> {
    let locks = var.folder(b"locks")?;
    let name = to_hex(&action.0).into_bytes();
    loop {
        let mut file = open_or_create(&locks, &name)?;
        let failed = |call, it| StoreError::from(SystemError::new(call, &locks.path_of(&name), it));
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // What cannot be read is not known; it is only told to people.
                let _ = file.read_to_string(&mut text);
                return Ok(Claim::Theirs { pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => return Err(failed("flock", error)),
        }
        // Whoever had it may have removed the file after it was opened here.
        let opened = file.metadata().map_err(|it| failed("fstat", it))?;
        let is_there = locks
            .stat_if_there(&name)?
            .is_some_and(|it| it.st_ino == opened.ino() && it.st_dev == opened.dev());
        if !is_there {
            continue;
        }
        let pid = format!("{}\n", std::process::id());
        file.rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.write_all(pid.as_bytes()))
            .map_err(|it| failed("write", it))?;
        return Ok(Claim::Mine(ClaimGuard::new(ActionLock { locks, name, _file: file })));
    }
}

/// Removes a file that is locked while it is used, such as that of a claim, if it is not in use.
/// Returns whether it is gone.
pub(super) fn remove_unused(folder: &Folder, name: &[u8]) -> Result<bool, StoreError> {
    let Some(file) = if_there(folder.read_write(name))? else { return Ok(true) };
    let Some(file) = try_lock_file(file, || folder.path_of(name))? else { return Ok(false) };
    // Only the file that is locked here may go: another may have taken its name. While it is
    // locked and has the name, nobody else removes or replaces it.
    let opened = stat_file(&file, &folder.path_of(name))?;
    let named = folder.stat_if_there(name)?;
    let is_same = named.is_some_and(|it| (it.st_dev, it.st_ino) == (opened.st_dev, opened.st_ino));
    if is_same {
        if_there(folder.unlink(name))?;
    }
    Ok(is_same)
}

struct ActionLock {
    locks: Folder,
    name: Vec<u8>,
    /// Locked; closing it after the name is gone gives the claim back.
    _file: File,
}

impl Drop for ActionLock {
    fn drop(&mut self) {
        // A name that stays is taken over by the next to claim.
        let _ = self.locks.unlink(&self.name);
    }
}
