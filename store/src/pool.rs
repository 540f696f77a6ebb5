//! The pool: files of objects by what they hold, so that equal files of different objects are one.
//!
//! ```text
//! pool/<2 digits>/<62 digits>      a file that cannot be executed
//! pool/<2 digits>/<62 digits>x     one that can
//! ```
//!
//! Only files without references are here, as only those can be the same in two objects. An entry is
//! another name of a file that some object has; it is a hint and no truth. Before it is linked it is
//! read and hashed through the descriptor that is then compared with what was linked: a file that a
//! power cut or a disk garbled is never spread, and it does not matter whether the object it came from
//! was registered in the end. Reading what is in the page cache costs a tenth of writing it.

use nix::errno::Errno;

use crate::digest::{BlobId, to_hex};
use crate::object::File;
use crate::sys::{Folder, Kind, SystemError, if_there, kind, mode, stat_file};

/// Files below this size are written anew: linking one costs as much as writing it.
pub(crate) const POOL_BYTES_MIN: u64 = 16 << 10;

/// How many names a file may have; ext4 allows 65,000.
const NAMES_MAX: u64 = 60_000;

/// The name in a stage under which a link lies until it is known to be to the right file.
const PENDING: &[u8] = b"pending";

/// The pool of a store.
#[derive(Debug)]
pub(crate) struct Pool {
    folder: Folder,
}

impl Pool {
    pub(crate) fn new(folder: Folder) -> Self {
        Pool { folder }
    }

    /// Makes `name` in `parent` another name of the pool's file, if the pool has it. A copy that
    /// is there already is replaced; `stage` is a folder in which the name [`PENDING`] is free.
    pub(crate) fn link_to(
        &self,
        file: &File,
        parent: &Folder,
        name: &[u8],
        stage: &Folder,
    ) -> Result<bool, SystemError> {
        if !is_pooled(file) {
            return Ok(false);
        }
        let (shard, entry) = place(file);
        let Some(shard) = if_there(self.folder.folder(&shard))? else { return Ok(false) };
        let Some(mut open) = if_there(shard.read(&entry))? else { return Ok(false) };
        let stat = stat_file(&open, &shard.path_of(&entry))?;
        let expected_mode = if file.executable { 0o555 } else { 0o444 };
        let mut hasher = blake3::Hasher::new();
        let is_usable = stat.st_nlink < NAMES_MAX
            && kind(&stat) == Kind::File
            && mode(&stat) == expected_mode
            && stat.st_size as u64 == file.bytes
            && std::io::copy(&mut open, &mut hasher).is_ok()
            && BlobId(*hasher.finalize().as_bytes()) == file.template;
        if !is_usable {
            // The next to write this file offers it again.
            if_there(shard.unlink(&entry))?;
            return Ok(false);
        }
        match shard.link(&entry, stage, PENDING) {
            Ok(()) => {}
            // Another process took the entry away, or the file system has a lower limit.
            Err(error) if error.is(Errno::ENOENT) || error.is(Errno::EMLINK) => return Ok(false),
            Err(error) => return Err(error),
        }
        let linked = stage.stat(PENDING)?;
        if (linked.st_dev, linked.st_ino) != (stat.st_dev, stat.st_ino) {
            stage.unlink(PENDING)?;
            return Ok(false);
        }
        stage.rename(PENDING, parent, name)?;
        Ok(true)
    }

    /// Offers the file `name` of `parent` to objects to come.
    pub(crate) fn add(&self, file: &File, parent: &Folder, name: &[u8]) -> Result<(), SystemError> {
        if !is_pooled(file) {
            return Ok(());
        }
        let (shard, entry) = place(file);
        let shard = self.folder.folder_or_new(&shard)?;
        match parent.link(name, &shard, &entry) {
            Ok(()) => Ok(()),
            Err(error) if error.is(Errno::EEXIST) || error.is(Errno::EMLINK) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes what no object has any more.
    pub(crate) fn collect(&self, go_on: &dyn Fn() -> bool) -> Result<(), SystemError> {
        for shard in self.folder.names()? {
            let shard = self.folder.folder(&shard)?;
            for entry in shard.names()? {
                if !go_on() {
                    return Ok(());
                }
                let Some(stat) = shard.stat_if_there(&entry)? else { continue };
                // One that gets a second name just now loses this one only.
                if stat.st_nlink == 1 {
                    if_there(shard.unlink(&entry))?;
                }
            }
        }
        Ok(())
    }
}

fn is_pooled(file: &File) -> bool {
    file.sites.is_empty() && file.bytes >= POOL_BYTES_MIN
}

fn place(file: &File) -> (Vec<u8>, Vec<u8>) {
    let mut hex = to_hex(&file.template.0).into_bytes();
    let mut entry = hex.split_off(2);
    if file.executable {
        entry.push(b'x');
    }
    (hex, entry)
}
