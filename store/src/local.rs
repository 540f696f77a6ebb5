//! A store in a folder of this machine, for any user and without a daemon.
//!
//! ```text
//! <root>/store/<digest>-<name>       objects: 0444 and 0555, modified at second 1
//! <root>/var/format                  "kiln store 1"
//!            records/NNNNNNNN.seg    what is valid, realised and kept: the truth
//!            index.sqlite…           the same, to look things up, and its log; can be made anew
//!            leases/                 what running processes hold; locked while they live
//!            stage/                  what is being written, one folder for each session
//!            trash/                  what is being removed
//!            partial/                unfinished downloads
//!            pool/                   files by what they hold
//!            reserve                 space that a collection can use on a full disk
//!            logs/                   what builds printed, compressed
//!            locks/                  store, commit, and one for each action that is worked on
//! ```
//!
//! # How an object becomes valid
//!
//! 1. It is written below `stage`, hashed while it is copied.
//! 2. *placed*: under the store lock its id is added to the session's lease and it is renamed to its
//!    place in `store`. Builds may see it from now on: the kernel shows them the same bytes, whether
//!    these are on the disk or not.
//! 3. The commit thread takes all that is waiting, and makes the disk hold all data and names by one
//!    `syncfs`.
//! 4. Under the commit lock one frame is appended to the records and synced. This is the moment at
//!    which everything in it is valid, and the only one: a frame is there as a whole or not at all.
//! 5. The index gets the same facts. Lookups of all processes see them.
//! 6. Whoever waits is told.
//!
//! After a crash before 4 there may be an object at its path that no record knows. It is never
//! believed: who wants to place the same object compares every byte and adopts it or puts it away,
//! and a collection removes it. After a crash between 4 and 5 the next to open the store reads the
//! records that the index lacks.
//!
//! A build that uses what is placed but not valid is sound: its own registration is in the queue
//! behind that of its inputs, and one that refers to an object that did not become valid is refused.
//!
//! # Locks
//!
//! Those between processes are `flock`s, which the kernel drops when a process ends. The store lock is
//! held for the few system calls in which a lease is extended and an object is moved, so that a
//! collection, which holds it while it decides and moves, never takes what another is about to rely
//! on. The commit lock is held while records are appended.
//!
//! Whoever holds one of these takes only locks to the right of it:
//!
//! ```text
//! store lock ▶ commit lock ▶ a session's lease ▶ the index ▶ the database's own lock
//! ```
//!
//! The first two are files, the others belong to one process; the database's lock is taken for a
//! transaction and given back at its end. The mutexes of the commit queue, of the count of a session's
//! registrations, and of the trash's thread are held for moments in which no other lock is taken. The
//! lock of an action, which its build holds for hours, is only ever tried, as are those of leases.

mod claim;
mod commit;
mod compare;
pub(crate) mod fault;
mod gc;
mod index;
mod links;
mod log;
mod open;
mod place;
mod query;
mod record;
mod roots;
mod segments;
mod session;
mod trash;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub use compare::{Comparison, Differing, DifferingOutput};
pub use gc::{Collected, GcError, GcOptions, GcReport, Holder, WhyAlive};
pub use links::{AtLink, KeptLink, LinkError, ReleasedLink};
pub use query::{ObjectInfo, WhyDepends};
pub use record::Root;
#[cfg(test)]
pub(crate) use record::{Record, decode_batch, encode_batch};
#[cfg(test)]
pub(crate) use segments::encode_frame;
pub use verify::{Difference, Problem, VerifyReport};

use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::local::commit::Commit;
use crate::local::index::Index;
use crate::local::segments::Segments;
use crate::local::session::LocalSession;
use crate::local::trash::Trash;
use crate::object::Object;
use crate::path::StorePath;
use crate::pool::Pool;
use crate::realisation::Realisation;
use crate::store::{Memos, Refs, Session, Store, StoreError};
use crate::sys::{Folder, SystemError};

/// A store in a folder of this machine. See the module's documentation for how it works.
#[derive(Debug)]
pub struct LocalStore {
    shared: Arc<Shared>,
    index: Mutex<Index>,
    commit: Commit,
    trash: Trash,
}

/// What the threads of a store share.
#[derive(Debug)]
struct Shared {
    root: PathBuf,
    store: Folder,
    var: Folder,
    segments: Segments,
    pool: Option<Pool>,
    /// Why the store cannot be written, if it cannot.
    read_only: Option<String>,
}

impl LocalStore {
    /// Returns the folder of the store.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.shared.root
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // A panic while the index was locked leaves no half of a transaction behind.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn check_writable(&self) -> Result<(), StoreError> {
        match &self.read_only {
            None => Ok(()),
            Some(reason) => {
                Err(StoreError::ReadOnly { path: self.root.clone(), reason: reason.clone() })
            }
        }
    }

    fn index_path(&self) -> PathBuf {
        self.var.path_of(b"index.sqlite")
    }

    /// Waits for the store lock; dropping the file gives it back.
    fn lock_store(&self) -> Result<std::fs::File, StoreError> {
        claim::lock(&self.var, b"store")
    }

    /// Waits for the store lock if it can be had; without the right to lock, what others do meanwhile
    /// may be seen in part.
    fn lock_store_if_writable(&self) -> Result<Option<std::fs::File>, StoreError> {
        self.read_only.is_none().then(|| self.lock_store()).transpose()
    }

    /// Waits for the commit lock; dropping the file gives it back.
    ///
    /// Whoever writes records has it, and uses the index by its path: it must be this store's.
    fn lock_commit(&self) -> Result<std::fs::File, StoreError> {
        let lock = claim::lock(&self.var, b"commit");
        self.check_place()?;
        lock
    }

    /// An error if the store is no longer where it was opened.
    fn check_place(&self) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt as _;
        let ours = self.var.own_stat()?;
        match std::fs::metadata(self.root.join("var")) {
            Ok(found) if (found.dev(), found.ino()) == (ours.st_dev, ours.st_ino) => Ok(()),
            Ok(_) => Err(StoreError::Moved { path: self.root.clone() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::Moved { path: self.root.clone() })
            }
            Err(error) => Err(SystemError::new("stat", &self.root, error).into()),
        }
    }
}

impl Store for LocalStore {
    fn realisations(&self, actions: &[ActionId]) -> Result<Vec<Option<Realisation>>, StoreError> {
        let index = self.index();
        actions.iter().map(|it| index.realisation(it)).collect()
    }

    fn memos(&self, derivations: &[DerivationId]) -> Result<Memos, StoreError> {
        self.index().memos(derivations)
    }

    fn remember(&self, memos: &[(DerivationId, ActionId)], epoch: u64) -> Result<(), StoreError> {
        if memos.is_empty() || self.shared.read_only.is_some() {
            return Ok(());
        }
        self.index().remember(memos, epoch)
    }

    fn object(&self, id: &ObjectId) -> Result<Option<Arc<Object>>, StoreError> {
        let row = self.index().object(id)?;
        row.map(|it| self.read_manifest(&it).map(Arc::new)).transpose()
    }

    fn refs(&self, id: &ObjectId) -> Result<Option<Refs>, StoreError> {
        self.index().refs(id)
    }

    fn host_path(&self, path: &StorePath) -> PathBuf {
        self.shared.store.path_of(path.as_str().as_bytes())
    }

    fn partial(&self) -> Result<PathBuf, StoreError> {
        self.shared.check_writable()?;
        Ok(self.shared.var.folder_or_new(b"partial")?.path().to_owned())
    }

    fn session(&self) -> Result<Arc<dyn Session + '_>, StoreError> {
        Ok(Arc::new(LocalSession::begin(self)?))
    }
}

/// Returns a name for a lease, or for something in the trash, that this process has not used.
///
/// A process of another container that shares the store may have the same number in the same second:
/// who makes something under the name takes another if it is there.
fn new_name() -> Vec<u8> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{count}", std::process::id(), now_s()).into_bytes()
}

/// Returns the time in seconds since 1970, or 0 if the clock says it is before.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs())
}
