//! Removing what is no longer needed, without letting anyone wait for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use nix::errno::Errno;

use crate::local::Shared;
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

static COUNT: AtomicU64 = AtomicU64::new(0);

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
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let to_name = format!("{}-{}-{count}", std::process::id(), crate::local::now_s());
        if trash.stat_if_there(to_name.as_bytes())?.is_some() {
            continue;
        }
        return match folder.rename(name, &trash, to_name.as_bytes()) {
            Ok(()) => Ok(()),
            Err(error) if error.is(Errno::ENOENT) => Ok(()),
            Err(error) => Err(error.into()),
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
