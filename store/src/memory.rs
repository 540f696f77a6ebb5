//! A store that forgets everything with its process: for tests of what uses stores.
//!
//! What is valid and realised is known in memory only. The files of objects lie in a folder all the
//! same, because builds are shown files.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::archive::read_archive;
use crate::builder::Cancel;
use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::ingest::{
    Contents, Draft, IngestError, Keep, Reader, Resolved, Unresolved, find_candidates, resolve,
};
use crate::name::OutputName;
use crate::object::Object;
use crate::path::StorePath;
use crate::realisation::Realisation;
use crate::store::{
    Attempted, Claim, ClaimGuard, Done, LogFile, Memos, PlaceError, PlaceOutputs, PlaceTree,
    Placed, Refs, Registration, Session, Store, StoreError, TreeFrom,
};
use crate::sys::{Folder, SystemError};
use crate::write::{seal_root, write_object};

/// A store that forgets everything with its process.
///
/// It keeps to the contract of [`Store`] except that nothing survives and nothing is collected.
#[derive(Debug)]
pub struct MemoryStore {
    folder: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    placed: BTreeMap<ObjectId, Arc<Object>>,
    valid: BTreeSet<ObjectId>,
    realisations: BTreeMap<ActionId, Realisation>,
    memos: BTreeMap<DerivationId, ActionId>,
    epoch: u64,
    claimed: BTreeSet<ActionId>,
    attempts: BTreeMap<ActionId, Attempted>,
    staged: u64,
}

impl MemoryStore {
    /// Makes an empty store whose files lie in `folder`, which exists and is empty.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written.
    pub fn new(folder: &Path) -> Result<Self, StoreError> {
        for name in ["store", "stage", "partial", "logs"] {
            let path = folder.join(name);
            fs::create_dir(&path).map_err(|it| SystemError::new("mkdir", &path, it))?;
        }
        Ok(MemoryStore { folder: folder.to_owned(), state: Arc::default() })
    }

    /// Returns how the last attempt at an action ended.
    #[must_use]
    pub fn attempt(&self, action: &ActionId) -> Option<Attempted> {
        self.state().attempts.get(action).cloned()
    }

    /// Returns what the last attempt at an action printed, if it printed anything.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn read_log(&self, action: &ActionId) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.log_path(action);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SystemError::new("read", &path, error).into()),
        }
    }

    fn log_path(&self, action: &ActionId) -> PathBuf {
        self.folder.join("logs").join(action.to_string())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn realisations(&self, actions: &[ActionId]) -> Result<Vec<Option<Realisation>>, StoreError> {
        let state = self.state();
        Ok(actions.iter().map(|it| state.realisations.get(it).cloned()).collect())
    }

    fn memos(&self, derivations: &[DerivationId]) -> Result<Memos, StoreError> {
        let state = self.state();
        let actions = derivations.iter().map(|it| state.memos.get(it).copied()).collect();
        Ok(Memos { actions, epoch: state.epoch })
    }

    fn remember(&self, memos: &[(DerivationId, ActionId)], epoch: u64) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.epoch == epoch {
            state.memos.extend(memos.iter().copied());
        }
        Ok(())
    }

    fn object(&self, id: &ObjectId) -> Result<Option<Arc<Object>>, StoreError> {
        let state = self.state();
        Ok(state.placed.get(id).filter(|_| state.valid.contains(id)).cloned())
    }

    fn refs(&self, id: &ObjectId) -> Result<Option<Refs>, StoreError> {
        let object = self.object(id)?;
        Ok(object.map(|it| Refs { name: it.name.clone(), refs: it.refs.clone() }))
    }

    fn host_path(&self, path: &StorePath) -> PathBuf {
        self.folder.join("store").join(path.as_str())
    }

    fn partial(&self) -> Result<PathBuf, StoreError> {
        Ok(self.folder.join("partial"))
    }

    fn session(&self) -> Result<Arc<dyn Session + '_>, StoreError> {
        Ok(Arc::new(MemorySession { store: self }))
    }
}

struct MemorySession<'a> {
    store: &'a MemoryStore,
}

impl MemorySession<'_> {
    fn new_stage(&self) -> Result<Folder, StoreError> {
        let mut state = self.store.state();
        state.staged += 1;
        let stages = Folder::open(&self.store.folder.join("stage"))?;
        Ok(stages.folder_or_new(state.staged.to_string().as_bytes())?)
    }

    /// Moves a tree to the object's path, unless the object is there.
    fn place_written(
        &self,
        object: Arc<Object>,
        id: ObjectId,
        stage: &Folder,
        name: &[u8],
    ) -> Result<Placed, PlaceError> {
        let mut state = self.store.state();
        let was_valid = state.valid.contains(&id);
        match state.placed.entry(id) {
            Entry::Occupied(_) => {
                stage.remove(name, &|| true)?;
            }
            Entry::Vacant(vacant) => {
                let store = Folder::open(&self.store.folder.join("store"))?;
                let path = object.path(&id);
                stage.rename(name, &store, path.as_str().as_bytes())?;
                seal_root(&store, path.as_str().as_bytes(), &object)?;
                vacant.insert(Arc::clone(&object));
            }
        }
        Ok(Placed { id, object, was_valid })
    }

    fn place_resolved(&self, resolved: Resolved, stage: &Folder) -> Result<Placed, PlaceError> {
        let Resolved { object, id, contents } = resolved;
        write_object(&object, &id, stage, b"tree", None, &mut Contents::new(contents))?;
        self.place_written(Arc::new(object), id, stage, b"tree")
    }
}

impl Session for MemorySession<'_> {
    fn hold(&self, ids: &[ObjectId]) -> Result<Vec<bool>, StoreError> {
        let state = self.store.state();
        Ok(ids.iter().map(|it| state.valid.contains(it)).collect())
    }

    fn stage(&self) -> Result<PathBuf, StoreError> {
        Ok(self.new_stage()?.path_of(b"tree"))
    }

    fn place_outputs(
        &self,
        request: PlaceOutputs<'_>,
    ) -> Result<BTreeMap<OutputName, Placed>, PlaceError> {
        let (candidates, targets) = find_candidates(&request);
        let reader = Reader {
            candidates: Some(&candidates),
            uid: Some(request.uid),
            bytes_max: request.bytes_max,
            cancel: request.cancel,
            keep: Keep::Memory,
        };
        let mut drafts = Vec::with_capacity(request.outputs.len());
        for (output, tree) in request.outputs {
            let fd = tree
                .parent
                .as_fd()
                .try_clone_to_owned()
                .map_err(|it| SystemError::new("dup", Path::new(output.as_str()), it))?;
            let parent = Arc::new(Folder::from_fd(fd, output.as_str().into()));
            let draft = reader.read(&parent, tree.name.as_bytes(), output.as_str())?;
            let draft = draft.ok_or_else(|| IngestError::Missing {
                output: output.to_string(),
                path: request.scratch.get(output).map(StorePath::absolute).unwrap_or_default(),
            })?;
            let name = StorePath::output_name(request.name, output);
            drafts.push(Unresolved { shown: output.to_string(), name, draft });
        }
        let resolved = resolve(drafts, &targets)?;
        let mut placed = BTreeMap::new();
        for (output, resolved) in request.outputs.keys().zip(resolved) {
            placed.insert(output.clone(), self.place_resolved(resolved, &self.new_stage()?)?);
        }
        Ok(placed)
    }

    fn place_tree(&self, request: PlaceTree<'_>) -> Result<Placed, PlaceError> {
        let reader = Reader {
            candidates: None,
            uid: None,
            bytes_max: u64::MAX,
            cancel: request.cancel,
            keep: Keep::Memory,
        };
        let (draft, from) = match request.from {
            TreeFrom::File { bytes, executable } => {
                (Some(Draft::of_file(bytes, executable)), "(memory)".to_owned())
            }
            TreeFrom::Stage(path) | TreeFrom::Path(path) => {
                let (parent, name) = crate::ingest::open_parent(path)?;
                let from = path.display().to_string();
                (reader.read(&parent, &name, &from)?, from)
            }
        };
        let missing =
            || IngestError::Missing { output: request.name.to_string(), path: from.clone() };
        let draft = draft.ok_or_else(missing)?;
        let unresolved = Unresolved { shown: from.clone(), name: request.name.clone(), draft };
        let resolved = resolve(vec![unresolved], &[])?.pop().ok_or_else(missing)?;
        match request.expected {
            Some(expected) if expected != resolved.id => {
                Err(PlaceError::Unexpected { from, expected, found: resolved.id })
            }
            Some(_) | None => {
                let placed = self.place_resolved(resolved, &self.new_stage()?)?;
                if let TreeFrom::Stage(path) = request.from {
                    let (parent, name) = crate::ingest::open_parent(path)?;
                    parent.remove(&name, &|| true)?;
                }
                Ok(placed)
            }
        }
    }

    fn place_archive(
        &self,
        id: &ObjectId,
        archive: &mut dyn Read,
        cancel: &Cancel,
    ) -> Result<Placed, PlaceError> {
        let stage = self.new_stage()?;
        let object = read_archive(archive, id, &stage, b"tree", None, cancel)?;
        self.place_written(Arc::new(object), *id, &stage, b"tree")
    }

    fn register(&self, registration: Registration, done: Done) {
        let result = self.store.state().register(registration);
        done(result.map_err(Arc::new));
    }

    fn claim(&self, action: &ActionId) -> Result<Claim, StoreError> {
        if !self.store.state().claimed.insert(*action) {
            return Ok(Claim::Theirs { pid: Some(std::process::id()) });
        }
        let state = Arc::clone(&self.store.state);
        Ok(Claim::Mine(ClaimGuard::new(MemoryClaim { state, action: *action })))
    }

    fn log(&self, action: &ActionId) -> Result<Box<dyn LogFile>, StoreError> {
        let path = self.store.log_path(action);
        Ok(Box::new(MemoryLog { path, bytes: Vec::new() }))
    }
}

impl State {
    fn register(&mut self, registration: Registration) -> Result<(), StoreError> {
        let mut valid = self.valid.clone();
        for placed in &registration.objects {
            let missing = placed.object.refs.iter().find(|it| !valid.contains(it));
            if let Some(missing) = missing {
                let object = placed.object.path(&placed.id);
                return Err(StoreError::MissingRef { object, missing: *missing });
            }
            valid.insert(placed.id);
        }
        self.valid = valid;
        if let Some((realisation, _)) = registration.realisation {
            let pinned = self.realisations.get(&realisation.action);
            if registration.replaces && pinned.is_some_and(|it| *it != realisation) {
                self.memos.clear();
                self.epoch += 1;
                self.realisations.insert(realisation.action, realisation);
            } else {
                self.realisations.entry(realisation.action).or_insert(realisation);
            }
        }
        if let Some(attempt) = registration.attempt {
            self.attempts.insert(attempt.action, attempt);
        }
        Ok(())
    }
}

struct MemoryClaim {
    state: Arc<Mutex<State>>,
    action: ActionId,
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.claimed.remove(&self.action);
    }
}

struct MemoryLog {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Write for MemoryLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LogFile for MemoryLog {
    fn finish(self: Box<Self>) -> Result<Option<PathBuf>, StoreError> {
        if self.bytes.is_empty() {
            // The log of an earlier attempt would be taken for this one's.
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(SystemError::new("unlink", &self.path, error).into())
                }
                _ => Ok(None),
            };
        }
        fs::write(&self.path, &self.bytes)
            .map_err(|it| SystemError::new("write", &self.path, it))?;
        Ok(Some(self.path))
    }
}
