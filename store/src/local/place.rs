//! Placing objects: from files anywhere to their path in the store.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;

use crate::archive::read_archive;
use crate::builder::{Cancel, OutputTree};
use crate::digest::ObjectId;
use crate::ingest::{
    Contents, Draft, IngestError, Keep, Reader, Resolved, Unresolved, find_candidates, open_parent,
    resolve,
};
use crate::local::fault;
use crate::local::session::LocalSession;
use crate::local::verify::compare;
use crate::name::OutputName;
use crate::object::Object;
use crate::path::StorePath;
use crate::store::{PlaceError, PlaceOutputs, PlaceTree, Placed, StoreError, TreeFrom};
use crate::sys::{Folder, SystemError};
use crate::write::{seal_root, write_object};

/// What a tree is called in the folder in which it is staged.
const TREE: &[u8] = b"tree";

impl LocalSession<'_> {
    pub(super) fn place_outputs_of_build(
        &self,
        request: &PlaceOutputs<'_>,
    ) -> Result<BTreeMap<OutputName, Placed>, PlaceError> {
        let (candidates, targets) = find_candidates(request);
        let mut stages = Vec::with_capacity(request.outputs.len());
        let mut drafts = Vec::with_capacity(request.outputs.len());
        for (output, tree) in request.outputs {
            let stage = self.new_stage()?;
            let name = StorePath::output_name(request.name, output);
            // A rebuild often gives what was there; then a copy would be in vain.
            let keep = match self.store.index().has_name(&name)? {
                true => Keep::StageLater,
                false => Keep::Stage(&stage, TREE),
            };
            let reader = Reader {
                candidates: Some(&candidates),
                uid: Some(request.uid),
                bytes_max: request.bytes_max,
                cancel: request.cancel,
                keep,
            };
            let draft = read_output(&reader, output, tree)?.ok_or_else(|| {
                let path = request.scratch.get(output).map(StorePath::absolute);
                IngestError::Missing { output: output.to_string(), path: path.unwrap_or_default() }
            })?;
            drafts.push(Unresolved { shown: output.to_string(), name, draft });
            stages.push(stage);
        }
        let resolved = resolve(drafts, &targets)?;
        let mut placed = BTreeMap::new();
        for ((output, resolved), stage) in request.outputs.keys().zip(resolved).zip(&stages) {
            placed.insert(output.clone(), self.place_resolved(resolved, stage)?);
        }
        Ok(placed)
    }

    pub(super) fn place_one_tree(&self, request: &PlaceTree<'_>) -> Result<Placed, PlaceError> {
        let stage = self.new_stage()?;
        let reader = |keep| Reader {
            candidates: None,
            uid: None,
            bytes_max: u64::MAX,
            cancel: request.cancel,
            keep,
        };
        let (draft, from) = match request.from {
            TreeFrom::File { bytes, executable } => {
                (Some(Draft::of_file(bytes, executable)), "(memory)".to_owned())
            }
            TreeFrom::Stage(path) | TreeFrom::Path(path) => {
                let (parent, name) = open_parent(path)?;
                let keep = match request.from {
                    TreeFrom::Stage(_) => Keep::InPlace,
                    TreeFrom::Path(_) | TreeFrom::File { .. } => Keep::Stage(&stage, TREE),
                };
                (
                    reader(keep).read(&parent, &name, &path.display().to_string())?,
                    path.display().to_string(),
                )
            }
        };
        let draft = draft.ok_or_else(|| IngestError::Missing {
            output: request.name.to_string(),
            path: from.clone(),
        })?;
        let unresolved = Unresolved { shown: from.clone(), name: request.name.clone(), draft };
        let Some(resolved) = resolve(vec![unresolved], &[])?.pop() else {
            return Err(
                IngestError::Missing { output: request.name.to_string(), path: from }.into()
            );
        };
        if let Some(expected) = request.expected
            && expected != resolved.id
        {
            return Err(PlaceError::Unexpected { from, expected, found: resolved.id });
        }
        if let TreeFrom::Stage(path) = request.from {
            let (parent, name) = open_parent(path)?;
            let Resolved { object, id, .. } = resolved;
            return self.place_written(Arc::new(object), id, &parent, &name);
        }
        self.place_resolved(resolved, &stage)
    }

    pub(super) fn place_from_archive(
        &self,
        id: &ObjectId,
        archive: &mut dyn Read,
        cancel: &Cancel,
    ) -> Result<Placed, PlaceError> {
        let stage = self.new_stage()?;
        let pool = self.shared().pool.as_ref();
        let object = read_archive(archive, id, &stage, TREE, pool, cancel)?;
        fault::point("place: after an archive is unpacked");
        self.place_written(Arc::new(object), *id, &stage, TREE)
    }

    /// Places an object whose files are in memory or staged in part, writing them only if the store
    /// does not have it.
    fn place_resolved(&self, resolved: Resolved, stage: &Folder) -> Result<Placed, PlaceError> {
        let Resolved { object, id, contents } = resolved;
        let object = Arc::new(object);
        let is_there = {
            let _lock = self.shared().lock_store()?;
            self.hold_locked(&[id])?[0]
        };
        if is_there || self.placed(&id).is_some() {
            return Ok(Placed { id, object, was_valid: is_there });
        }
        let mut sources = Contents::new(contents);
        let pool = self.shared().pool.as_ref();
        write_object(&object, &id, stage, TREE, pool, &mut sources)?;
        fault::point("place: after the files are written");
        self.place_written(object, id, stage, TREE)
    }

    /// Moves the files of an object to its path, unless they are there.
    fn place_written(
        &self,
        object: Arc<Object>,
        id: ObjectId,
        stage: &Folder,
        name: &[u8],
    ) -> Result<Placed, PlaceError> {
        let shared = self.shared();
        let path = object.path(&id);
        let target = path.as_str().as_bytes();
        let mut was_valid;
        loop {
            let lock = shared.lock_store()?;
            was_valid = self.hold_locked(&[id])?[0];
            if was_valid || self.placed(&id).is_some() {
                drop(lock);
                // The stage goes with the session; a tree elsewhere goes now.
                self.store.trash.put(shared, stage, name)?;
                break;
            }
            if shared.store.stat_if_there(target)?.is_none() {
                stage.rename(name, &shared.store, target)?;
                fault::point("place: after the move");
                seal_root(&shared.store, target, &object)?;
                break;
            }
            drop(lock);
            // Another process placed it and has not registered it yet, or crashed before it did. As
            // it is in this session's lease, no collection takes it while it is compared.
            if self.adopt(&object, &id, target)? {
                self.store.trash.put(shared, stage, name)?;
                break;
            }
        }
        if !was_valid {
            self.note_placed(id, &object);
        }
        Ok(Placed { id, object, was_valid })
    }

    /// Compares what lies at an object's path, and puts it away if it is not the object.
    fn adopt(&self, object: &Object, id: &ObjectId, target: &[u8]) -> Result<bool, StoreError> {
        let shared = self.shared();
        let Some(seen) = shared.store.stat_if_there(target)? else { return Ok(false) };
        // A crash may have come between the move and the last change of modes.
        match seal_root(&shared.store, target, object) {
            Ok(()) => {}
            Err(error) if error.is(Errno::ENOENT) => return Ok(false),
            Err(error) if error.is(Errno::ENOTDIR) || error.is(Errno::ELOOP) => {}
            Err(error) => return Err(error.into()),
        }
        let compared = compare(&shared.store, target, object, id);
        match compared.unread {
            _ if compared.is_different() => {}
            // It may be whole, and who placed it about to register it.
            Some(error) => return Err(error.into()),
            None => return Ok(true),
        }
        let _lock = shared.lock_store()?;
        let now = shared.store.stat_if_there(target)?;
        let is_same = now.is_some_and(|it| (it.st_dev, it.st_ino) == (seen.st_dev, seen.st_ino));
        // Another process may have put it away already, and its own in its place.
        if is_same && !self.store.index().is_valid(id)? {
            self.store.trash.put(shared, &shared.store, target)?;
        }
        Ok(false)
    }
}

fn read_output(
    reader: &Reader<'_>,
    output: &OutputName,
    tree: &OutputTree,
) -> Result<Option<Draft>, PlaceError> {
    let fd = duplicate(&tree.parent)?;
    let parent = Arc::new(Folder::from_fd(fd, "(the build's outputs)".into()));
    Ok(reader.read(&parent, tree.name.as_bytes(), output.as_str())?)
}

fn duplicate(fd: &OwnedFd) -> Result<OwnedFd, SystemError> {
    fd.as_fd()
        .try_clone_to_owned()
        .map_err(|it| SystemError::new("dup", Path::new("(the build's outputs)"), it))
}
