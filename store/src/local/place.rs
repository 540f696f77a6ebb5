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
use crate::digest::{BlobId, ObjectId};
use crate::ingest::{
    Content, Draft, IngestError, Keep, Reader, Resolved, Target, Unresolved, resolve,
};
use crate::local::fault;
use crate::local::session::LocalSession;
use crate::local::verify::compare;
use crate::name::OutputName;
use crate::object::{File, Object};
use crate::path::StorePath;
use crate::scan::Candidates;
use crate::store::{PlaceError, PlaceOutputs, PlaceTree, Placed, StoreError, TreeFrom};
use crate::sys::{Folder, SystemError};
use crate::write::{Source, Sources, WriteError, seal_root, write_object};

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
            let reader = Reader {
                candidates: Some(&candidates),
                uid: Some(request.uid),
                bytes_max: request.bytes_max,
                cancel: request.cancel,
                keep: Keep::Stage(&stage, TREE),
            };
            let draft = read_output(&reader, output, tree)?.ok_or_else(|| {
                let path = request.scratch.get(output).map(StorePath::absolute);
                IngestError::Missing { output: output.to_string(), path: path.unwrap_or_default() }
            })?;
            let name = StorePath::output_name(request.name, output);
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
            TreeFrom::Bytes(bytes) => (Some(Draft::of_bytes(bytes)), "(memory)".to_owned()),
            TreeFrom::Stage(path) | TreeFrom::Path(path) => {
                let (parent, name) = open_parent(path)?;
                let keep = match request.from {
                    TreeFrom::Stage(_) => Keep::InPlace,
                    TreeFrom::Path(_) | TreeFrom::Bytes(_) => Keep::Stage(&stage, TREE),
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
            return Ok(Placed { id, object });
        }
        let mut sources = Contents { contents: contents.into_iter() };
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
        loop {
            let lock = shared.lock_store()?;
            let is_valid = self.hold_locked(&[id])?[0];
            if is_valid || self.placed(&id).is_some() {
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
        self.note_placed(id, &object);
        Ok(Placed { id, object })
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
        let differences = compare(&shared.store, target, object, id, &|| true)?;
        if differences.is_empty() {
            return Ok(true);
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

/// Returns the digests that a build may have left in its outputs, and what each stands for.
fn find_candidates(request: &PlaceOutputs<'_>) -> (Candidates, Vec<Target>) {
    let mut digests = Vec::with_capacity(request.inputs.len() + request.outputs.len());
    let mut targets = Vec::with_capacity(digests.capacity());
    for id in request.inputs {
        digests.push(StorePath::digest_of_object(id));
        targets.push(Target::Object(*id));
    }
    for (at, output) in request.outputs.keys().enumerate() {
        if let Some(path) = request.scratch.get(output) {
            digests.push(path.digest_bytes());
            targets.push(Target::Output(at));
        }
    }
    (Candidates::new(digests), targets)
}

fn read_output(
    reader: &Reader<'_>,
    output: &OutputName,
    tree: &OutputTree,
) -> Result<Option<Draft>, PlaceError> {
    let fd = duplicate(&tree.parent)?;
    let parent = Folder::from_fd(fd, "(the build's outputs)".into());
    Ok(reader.read(&parent, tree.name.as_bytes(), output.as_str())?)
}

fn duplicate(fd: &OwnedFd) -> Result<OwnedFd, SystemError> {
    fd.as_fd()
        .try_clone_to_owned()
        .map_err(|it| SystemError::new("dup", Path::new("(the build's outputs)"), it))
}

/// Opens the folder in which a path lies, and returns the last name.
fn open_parent(path: &Path) -> Result<(Folder, Vec<u8>), StoreError> {
    // A path such as `..` or `dir/.` has no last name of its own.
    let named = match path.file_name() {
        Some(_) => path.to_owned(),
        None => path.canonicalize().map_err(|it| SystemError::new("realpath", path, it))?,
    };
    let name = named.file_name().unwrap_or_else(|| ".".as_ref()).as_bytes().to_vec();
    let parent = match named.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok((Folder::open(parent)?, name))
}

impl Draft {
    /// Makes a draft of one file that cannot be executed.
    fn of_bytes(bytes: &[u8]) -> Self {
        let template = BlobId::of_encoding(bytes);
        let root = crate::ingest::DraftItem::File {
            template,
            bytes: bytes.len() as u64,
            executable: false,
            found: Vec::new(),
        };
        Draft { root, contents: vec![Content::Memory(bytes.to_vec())] }
    }
}

/// The contents of a draft, in the order in which they are written.
struct Contents {
    contents: std::vec::IntoIter<Content>,
}

impl Sources for Contents {
    type Error = PlaceError;

    fn next(
        &mut self,
        _file: &File,
        is_known: bool,
        write: &mut dyn FnMut(Source<'_>) -> Result<(), WriteError>,
    ) -> Result<(), PlaceError> {
        let content = self.contents.next();
        if is_known {
            return Ok(());
        }
        let written = match content {
            Some(Content::Memory(template)) => write(Source::Template(template)),
            // Every name but the first of a file is known.
            Some(Content::Staged | Content::Same) | None => write(Source::InPlace),
        };
        written.map_err(|error| match error {
            WriteError::System(error) => error.into(),
            WriteError::Read(_) | WriteError::WrongTemplate => {
                IngestError::Changed { path: String::new() }.into()
            }
        })
    }
}
