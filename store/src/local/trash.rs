//! Removing what is no longer needed, without letting anyone wait for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use nix::errno::Errno;

use crate::local::{Shared, new_name};
use crate::store::StoreError;
use crate::sys::{Folder, SystemError};
use crate::write::unseal_root;

/// Moves things to `trash`, where a thread removes them. What a crash leaves there goes with the
/// next use.
#[derive(Debug, Default)]
pub(super) struct Trash {
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Trash {
    /// Moves an entry to the trash. Nothing there is not an error.
    pub(super) fn put(
        &self,
        shared: &Arc<Shared>,
        folder: &Folder,
        name: &[u8],
    ) -> Result<(), StoreError> {
        move_to_trash(shared, folder, name)?;
        self.empty(shared);
        Ok(())
    }

    /// Begins to remove what is in the trash.
    pub(super) fn empty(&self, shared: &Arc<Shared>) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.as_ref().is_some_and(|it| !it.is_finished()) {
            return;
        }
        let shared = Arc::clone(shared);
        let stop = Arc::clone(&self.stop);
        // Without a thread the trash stays until the next time.
        *thread = std::thread::Builder::new()
            .name("kiln trash".to_owned())
            .spawn(move || {
                // What cannot be removed stays; a collection says why.
                let _ = empty_trash(&shared, &|| !stop.load(Ordering::Relaxed));
            })
            .ok();
    }

    /// Stops removing; the rest stays for the next time.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Moves an entry to the trash without removing it yet.
pub(super) fn move_to_trash(
    shared: &Shared,
    folder: &Folder,
    name: &[u8],
) -> Result<(), StoreError> {
    match unseal_root(folder, name) {
        Ok(()) => {}
        Err(error) if error.is(Errno::ENOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let trash = shared.var.folder(b"trash")?;
    Ok(rename_to_new(folder, name, &trash, new_name)?)
}

/// Moves an entry to the first name in `trash` that can be had, of those that `new_name` gives. Nothing
/// there is not an error.
fn rename_to_new(
    folder: &Folder,
    name: &[u8],
    trash: &Folder,
    mut new_name: impl FnMut() -> Vec<u8>,
) -> Result<(), SystemError> {
    // A file may take the place of another one, which was to go anyway.
    loop {
        return match folder.rename(name, trash, &new_name()) {
            Err(error) if error.is(Errno::ENOENT) => Ok(()),
            Err(error) if error.is_name_taken() => continue,
            renamed => renamed,
        };
    }
}

/// Removes everything in the trash while `go_on` says so.
pub(super) fn empty_trash(shared: &Shared, go_on: &dyn Fn() -> bool) -> Result<(), SystemError> {
    let trash = shared.var.folder(b"trash")?;
    loop {
        let names = trash.names()?;
        if names.is_empty() {
            return Ok(());
        }
        for name in names {
            if !trash.remove(&name, go_on)? {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Moves what is called `thing` to a trash in which each of `taken` is, under the first free of the
    /// names 0, 1 …, and returns what is in the trash then.
    fn check(thing: &str, taken: &[&str]) -> Vec<String> {
        let temp = tempfile::tempdir().unwrap();
        let make = |folder: &str, name: &str| {
            let path = temp.path().join(folder).join(name.trim_end_matches('/'));
            if name.ends_with('/') {
                fs::create_dir_all(path.join("full")).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
        };
        fs::create_dir(temp.path().join("trash")).unwrap();
        make("store", thing);
        taken.iter().for_each(|it| make("trash", it));
        let [store, trash] =
            ["store", "trash"].map(|it| Folder::open(&temp.path().join(it)).unwrap());
        let mut count = 0;
        let new_name = || {
            count += 1;
            (count - 1).to_string().into_bytes()
        };
        rename_to_new(&store, thing.trim_end_matches('/').as_bytes(), &trash, new_name).unwrap();
        assert_eq!(store.names().unwrap(), Vec::<Vec<u8>>::new());
        let mut names: Vec<String> =
            trash.names().unwrap().into_iter().map(|it| String::from_utf8(it).unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_name_that_another_container_took_in_the_trash_is_left_to_it() {
        assert_eq!(check("folder/", &["0/"]), ["0", "1"]);
        assert_eq!(check("folder/", &["0", "1/"]), ["0", "1", "2"]);
        assert_eq!(check("file", &["0/"]), ["0", "1"]);
        assert_eq!(check("file", &[]), ["0"]);
    }
}
