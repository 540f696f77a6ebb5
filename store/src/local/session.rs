//! What one run holds, and the staging folder in which it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;

use crate::builder::Cancel;
use crate::digest::{ActionId, ObjectId};
use crate::local::claim::{claim, try_lock_file};
use crate::local::log::LocalLog;
use crate::local::{LocalStore, Shared, fault, new_name, now_s};
use crate::name::OutputName;
use crate::object::Object;
use crate::store::{
    Claim, Done, LogFile, PlaceError, PlaceOutputs, PlaceTree, Placed, Registration, Session,
    StoreError,
};
use crate::sys::{Folder, SystemError, if_there};

/// A session of a local store.
///
/// Its lease is a file with the ids that it holds, 32 bytes each, locked while the process lives.
/// Its stage is a folder with the same name.
pub(super) struct LocalSession<'a> {
    pub(super) store: &'a LocalStore,
    name: Vec<u8>,
    leases: Folder,
    stages: Folder,
    lease: Mutex<Lease>,
    staged: AtomicU64,
    pending: Arc<Pending>,
}

/// How many registrations are not yet done.
#[derive(Default)]
struct Pending {
    count: Mutex<usize>,
    changed: Condvar,
}

/// A registration that is not yet done; it is when this is dropped, however that comes about.
struct Counted(Arc<Pending>);

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.changed.notify_all();
    }
}

impl Pending {
    fn count(pending: &Arc<Pending>) -> Counted {
        *pending.lock() += 1;
        Counted(Arc::clone(pending))
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Lease {
    /// Locked.
    file: File,
    /// Ids in the file.
    held: BTreeSet<ObjectId>,
    /// Those among them that were valid when they were added, and so still are.
    valid: BTreeSet<ObjectId>,
    /// What this session placed.
    placed: BTreeMap<ObjectId, Arc<Object>>,
    stage: Option<Arc<Folder>>,
}

impl<'a> LocalSession<'a> {
    pub(super) fn begin(store: &'a LocalStore) -> Result<Self, StoreError> {
        let shared = &store.shared;
        shared.check_writable()?;
        store.renew_index()?;
        let leases = shared.var.folder(b"leases")?;
        let stages = shared.var.folder(b"stage")?;
        let (name, file) = {
            // A lease is locked from the moment at which others can see it.
            let _lock = shared.lock_store()?;
            bury_dead(shared, &leases, &stages)?;
            let (name, file) = create_lease(&leases, new_name)?;
            file.lock().map_err(|it| SystemError::new("flock", &leases.path_of(&name), it))?;
            (name, file)
        };
        // The trash of processes that ended before it was empty goes too.
        if !shared.var.folder(b"trash")?.names()?.is_empty() {
            store.trash.empty(shared);
        }
        let lease = Lease {
            file,
            held: BTreeSet::new(),
            valid: BTreeSet::new(),
            placed: BTreeMap::new(),
            stage: None,
        };
        Ok(LocalSession {
            store,
            name,
            leases,
            stages,
            lease: Mutex::new(lease),
            staged: AtomicU64::new(0),
            pending: Arc::default(),
        })
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.store.shared
    }

    fn lease(&self) -> MutexGuard<'_, Lease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a new, empty folder in the stage, and its name there.
    pub(super) fn new_stage(&self) -> Result<Folder, StoreError> {
        let stage = self.stage_folder()?;
        let name = self.new_stage_name("d");
        stage.create_folder(&name)?;
        Ok(stage.folder(&name)?)
    }

    fn new_stage_name(&self, prefix: &str) -> Vec<u8> {
        format!("{prefix}{}", self.staged.fetch_add(1, Ordering::Relaxed)).into_bytes()
    }

    /// Returns the stage, made when it is first used.
    fn stage_folder(&self) -> Result<Arc<Folder>, StoreError> {
        let mut lease = self.lease();
        if let Some(stage) = &lease.stage {
            return Ok(Arc::clone(stage));
        }
        let stage = Arc::new(self.stages.folder_or_new(&self.name)?);
        lease.stage = Some(Arc::clone(&stage));
        Ok(stage)
    }

    /// Adds ids to the lease, and returns which are valid. The caller holds the store lock.
    pub(super) fn hold_locked(&self, ids: &[ObjectId]) -> Result<Vec<bool>, StoreError> {
        let mut lease = self.lease();
        let new: Vec<ObjectId> =
            ids.iter().filter(|it| !lease.held.contains(*it)).copied().collect();
        if !new.is_empty() {
            let bytes: Vec<u8> = new.iter().flat_map(|it| it.0).collect();
            lease
                .file
                .write_all(&bytes)
                .map_err(|it| SystemError::new("write", &self.leases.path_of(&self.name), it))?;
            lease.held.extend(new);
        }
        let index = self.store.index();
        let mut valid = Vec::with_capacity(ids.len());
        for id in ids {
            let is_valid = lease.valid.contains(id) || index.is_valid(id)?;
            if is_valid {
                lease.valid.insert(*id);
            }
            valid.push(is_valid);
        }
        Ok(valid)
    }

    /// Moves what was placed and never registered to the trash, unless another session holds it.
    fn put_away_unregistered(&self) -> Result<(), StoreError> {
        let placed = std::mem::take(&mut self.lease().placed);
        let mut left = Vec::new();
        for (id, object) in placed {
            if !self.store.index().is_valid(&id)? {
                left.push((id, object.path(&id)));
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let shared = self.shared();
        let _store_lock = shared.lock_store()?;
        let _commit_lock = shared.lock_commit()?;
        // Another process may have registered the same and crashed before it was indexed.
        self.store.index().catch_up(&shared.segments)?;
        self.leases.unlink(&self.name)?;
        let held: BTreeSet<ObjectId> = read_leases(shared)?.into_iter().map(|it| it.0).collect();
        for (id, path) in left {
            if !held.contains(&id) && !self.store.index().is_valid(&id)? {
                self.store.trash.put(shared, &shared.store, path.as_str().as_bytes())?;
            }
        }
        Ok(())
    }

    /// Returns an object that this session placed.
    pub(super) fn placed(&self, id: &ObjectId) -> Option<Arc<Object>> {
        self.lease().placed.get(id).cloned()
    }

    /// Notes that this session placed an object.
    pub(super) fn note_placed(&self, id: ObjectId, object: &Arc<Object>) {
        self.lease().placed.insert(id, Arc::clone(object));
    }
}

impl Session for LocalSession<'_> {
    fn hold(&self, ids: &[ObjectId]) -> Result<Vec<bool>, StoreError> {
        {
            let lease = self.lease();
            if ids.iter().all(|it| lease.valid.contains(it)) {
                return Ok(vec![true; ids.len()]);
            }
        }
        let valid = {
            let _lock = self.shared().lock_store()?;
            self.hold_locked(ids)?
        };
        Ok(valid)
    }

    fn stage(&self) -> Result<PathBuf, StoreError> {
        Ok(self.new_stage()?.path_of(b"tree"))
    }

    fn place_outputs(
        &self,
        request: PlaceOutputs<'_>,
    ) -> Result<BTreeMap<OutputName, Placed>, PlaceError> {
        self.place_outputs_of_build(&request)
    }

    fn place_tree(&self, request: PlaceTree<'_>) -> Result<Placed, PlaceError> {
        self.place_one_tree(&request)
    }

    fn place_archive(
        &self,
        id: &ObjectId,
        archive: &mut dyn Read,
        cancel: &Cancel,
    ) -> Result<Placed, PlaceError> {
        self.place_from_archive(id, archive, cancel)
    }

    fn register(&self, registration: Registration, done: Done) {
        fault::point("register");
        let counted = Pending::count(&self.pending);
        let done: Done = Box::new(move |result| {
            let _counted = counted;
            done(result);
        });
        self.store.commit.push(registration, Vec::new(), done);
    }

    fn claim(&self, action: &ActionId) -> Result<Claim, StoreError> {
        claim(&self.shared().var, action)
    }

    fn log(&self, action: &ActionId) -> Result<Box<dyn LogFile>, StoreError> {
        let (stage, name) = (self.stage_folder()?, self.new_stage_name("l"));
        Ok(Box::new(LocalLog::begin(Arc::clone(self.shared()), stage, name, *action)))
    }
}

impl Drop for LocalSession<'_> {
    fn drop(&mut self) {
        // Until it is durable, only the lease keeps what is placed.
        let mut pending = self.pending.lock();
        while *pending > 0 {
            pending = self.pending.changed.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
        drop(pending);
        // What cannot be put away now is put away by the next session, as after a crash.
        if self.lease().stage.is_some() {
            let _ = self.store.trash.put(self.shared(), &self.stages, &self.name);
        }
        let used: Vec<ObjectId> = self.lease().valid.iter().copied().collect();
        if !used.is_empty() {
            let _ = self.store.index().touch(&used, now_s());
        }
        let _ = self.put_away_unregistered();
        let _ = self.leases.unlink(&self.name);
    }
}

/// Makes a lease under the first name that no other has, of those that `new_name` gives.
fn create_lease(
    leases: &Folder,
    mut new_name: impl FnMut() -> Vec<u8>,
) -> Result<(Vec<u8>, File), SystemError> {
    loop {
        let name = new_name();
        match leases.create(&name) {
            Err(error) if error.is(Errno::EEXIST) => {}
            created => return Ok((name, created?)),
        }
    }
}

/// Removes the leases of processes that ended, and moves their stages to the trash. The caller
/// holds the store lock.
pub(super) fn bury_dead(
    shared: &Shared,
    leases: &Folder,
    stages: &Folder,
) -> Result<(), StoreError> {
    let mut alive = BTreeSet::new();
    for name in leases.names()? {
        if open_dead(leases, &name)?.is_some() {
            // A session that ends just now may have removed it itself.
            if_there(leases.unlink(&name))?;
        } else {
            alive.insert(name);
        }
    }
    for name in stages.names()? {
        if !alive.contains(&name) {
            crate::local::trash::move_to_trash(shared, stages, &name)?;
        }
    }
    Ok(())
}

/// Returns a lease whose process has ended, locked.
fn open_dead(leases: &Folder, name: &[u8]) -> Result<Option<File>, StoreError> {
    match leases.read_write(name) {
        Ok(file) => try_lock_file(file, || leases.path_of(name)),
        Err(error) if error.is(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns what living processes hold, with the number of the process. The caller holds the store
/// lock.
pub(super) fn read_leases(shared: &Shared) -> Result<Vec<(ObjectId, u32)>, StoreError> {
    let leases = shared.var.folder(b"leases")?;
    let mut held = Vec::new();
    for name in leases.names()? {
        if open_dead(&leases, &name)?.is_some() {
            continue;
        }
        let pid = std::str::from_utf8(&name).ok().and_then(|it| it.split('-').next()?.parse().ok());
        let mut bytes = Vec::new();
        let mut file = match leases.read(&name) {
            Ok(file) => file,
            Err(error) if error.is(Errno::ENOENT) => continue,
            Err(error) => return Err(error.into()),
        };
        file.read_to_end(&mut bytes)
            .map_err(|it| SystemError::new("read", &leases.path_of(&name), it))?;
        for id in bytes.chunks_exact(32) {
            let mut digest = [0; 32];
            digest.copy_from_slice(id);
            held.push((ObjectId(digest), pid.unwrap_or(0)));
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_containers_with_equal_processes_have_two_leases() {
        let temp = tempfile::tempdir().unwrap();
        let leases = Folder::open(temp.path()).unwrap();
        // Each counts from 0, in the same second, and its process is the first of its container.
        let container = || {
            let mut count = 0;
            let next = move || {
                count += 1;
                format!("1-1700000000-{}", count - 1).into_bytes()
            };
            create_lease(&leases, next).unwrap().0
        };
        assert_eq!(container(), b"1-1700000000-0");
        assert_eq!(container(), b"1-1700000000-1");
    }
}
