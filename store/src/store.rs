//! What a store can do, whoever keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::builder::{Cancel, OutputTree};
use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::encoding::DecodeError;
use crate::ingest::IngestError;
use crate::name::{OutputName, StepName, StoreName};
use crate::object::Object;
use crate::path::StorePath;
use crate::realisation::{Origin, Realisation};
use crate::sys::SystemError;

/// A place that keeps objects and remembers which action gave which.
///
/// ```text
///            place                       register
/// files ───────────▶ placed object ───────────────────▶ valid object
///                    builds may see it,                 whole, durable, recorded;
///                    gone after a crash                 so is all that it refers to
/// ```
///
/// # Contract
///
/// - An object is **valid** from the moment that its registration is reported as done until a
///   collection takes it. A valid object's references are all valid. Nothing that is valid changes.
/// - A realisation is **pinned**: the first that is registered for an action stays, so that two
///   runs that ask for the same derivation get the same objects. It is replaced only by
///   [`Registration::replaces`], for one whose objects are gone and could not be made again.
///   A realisation may be known while its objects are not valid.
/// - What is reported as done is durable: it is there after a crash of the process, and of the
///   machine if the store is on a disk. What was not reported may be there or not, but never in part.
/// - Everything may be called from many threads, and by many processes on one store.
/// - What a [`Session`] holds, places or registers is not collected until it is dropped. The end of a
///   process, however it comes, drops its sessions.
pub trait Store: Sync {
    /// Returns the pinned realisation of each action, if there is one.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn realisations(&self, actions: &[ActionId]) -> Result<Vec<Option<Realisation>>, StoreError>;

    /// Returns for each derivation the action that it was resolved to, if that is known, and the
    /// epoch of these memos.
    ///
    /// A memo is right as long as realisations are pinned, for a derivation names all that leads to
    /// its inputs. When a pin is replaced, all memos go and the epoch changes.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn memos(&self, derivations: &[DerivationId]) -> Result<Memos, StoreError>;

    /// Remembers what derivations were resolved to, unless the epoch is over. Losing memos costs
    /// time only, so that they need not be durable.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn remember(&self, memos: &[(DerivationId, ActionId)], epoch: u64) -> Result<(), StoreError>;

    /// Returns a valid object, without the bytes of its files.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn object(&self, id: &ObjectId) -> Result<Option<Arc<Object>>, StoreError>;

    /// Returns what a valid object refers to, and its store name.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn refs(&self, id: &ObjectId) -> Result<Option<Refs>, StoreError>;

    /// Returns where an object with this path lies on this machine, once it is placed.
    fn host_path(&self, path: &StorePath) -> PathBuf;

    /// Returns a folder for unfinished downloads, shared by all sessions.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn partial(&self) -> Result<PathBuf, StoreError>;

    /// Begins to hold, place and register objects.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReadOnly`] if the store cannot be written.
    fn session(&self) -> Result<Arc<dyn Session + '_>, StoreError>;
}

/// What one run holds, places and registers. See the contract of [`Store`].
pub trait Session: Send + Sync {
    /// Keeps objects from being collected, and returns which of them are valid.
    ///
    /// An object is held together with everything it refers to.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn hold(&self, ids: &[ObjectId]) -> Result<Vec<bool>, StoreError>;

    /// Returns a path at which nothing is, for a download or an unpacked tree, on the file system
    /// of the store. It goes with the session.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn stage(&self) -> Result<PathBuf, StoreError>;

    /// Makes objects of the outputs of a build and places them.
    ///
    /// # Errors
    ///
    /// As [`PlaceError`]. Nothing is placed then.
    fn place_outputs(
        &self,
        request: PlaceOutputs<'_>,
    ) -> Result<BTreeMap<OutputName, Placed>, PlaceError>;

    /// Makes an object of a file or tree that no build made, without looking for references, and
    /// places it.
    ///
    /// # Errors
    ///
    /// As [`PlaceError`]. Nothing is placed then.
    fn place_tree(&self, request: PlaceTree<'_>) -> Result<Placed, PlaceError>;

    /// Reads an object from an archive, checks that it is the one with this id, and places it.
    /// What it refers to need not be there yet.
    ///
    /// # Errors
    ///
    /// As [`PlaceError`]. Nothing is placed then.
    fn place_archive(
        &self,
        id: &ObjectId,
        archive: &mut dyn io::Read,
        cancel: &Cancel,
    ) -> Result<Placed, PlaceError>;

    /// Records what was placed and realised, and calls `done` once that is durable, in the order in
    /// which registrations were made.
    fn register(&self, registration: Registration, done: Done);

    /// Makes this session the only one anywhere that works on the action, if none does.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn claim(&self, action: &ActionId) -> Result<Claim, StoreError>;

    /// Begins the log of an attempt at an action.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn log(&self, action: &ActionId) -> Result<Box<dyn LogFile>, StoreError>;
}

/// Called once a registration is durable or has failed.
pub type Done = Box<dyn FnOnce(Result<(), Arc<StoreError>>) + Send>;

/// A log that is being written.
pub trait LogFile: io::Write + Send {
    /// Ends it, and returns where it is unless nothing was written. It takes the place of the log
    /// of an earlier attempt. A log of which this is not called is lost.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    fn finish(self: Box<Self>) -> Result<Option<PathBuf>, StoreError>;
}

/// Memos, see [`Store::memos`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memos {
    /// The action of each derivation asked for.
    pub actions: Vec<Option<ActionId>>,
    /// To be given to [`Store::remember`].
    pub epoch: u64,
}

/// What a valid object refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refs {
    /// Its store name.
    pub name: StoreName,
    /// What it refers to, in any order.
    pub refs: Vec<ObjectId>,
}

/// The outputs of a build that are to become objects.
#[derive(Debug)]
pub struct PlaceOutputs<'a> {
    /// The store name of the output `out`.
    pub name: &'a StoreName,
    /// What the build left, by output.
    pub outputs: &'a BTreeMap<OutputName, OutputTree>,
    /// Where it was told to write each output.
    pub scratch: &'a BTreeMap<OutputName, StorePath>,
    /// Who must own everything.
    pub uid: u32,
    /// Every object that the build could see.
    pub inputs: &'a BTreeSet<ObjectId>,
    /// The greatest size of an output, in bytes.
    pub bytes_max: u64,
    /// Tells when to stop.
    pub cancel: &'a Cancel,
}

/// A file or tree that is to become an object.
#[derive(Debug)]
pub struct PlaceTree<'a> {
    /// The store name.
    pub name: &'a StoreName,
    /// Where it is.
    pub from: TreeFrom<'a>,
    /// The id that it must turn out to have, if that is known.
    pub expected: Option<ObjectId>,
    /// Tells when to stop.
    pub cancel: &'a Cancel,
}

/// Where a file or tree is that is to become an object.
#[derive(Debug, Clone, Copy)]
pub enum TreeFrom<'a> {
    /// At a path from [`Session::stage`]: it becomes the object itself.
    Stage(&'a Path),
    /// Anywhere on the machine: it is copied.
    Path(&'a Path),
    /// In memory: one file.
    File {
        /// What it holds.
        bytes: &'a [u8],
        /// Whether it can be executed.
        executable: bool,
    },
}

/// An object that builds may see, but that is not valid before it is registered.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The id.
    pub id: ObjectId,
    /// The object.
    pub object: Arc<Object>,
    /// Whether it was valid before.
    pub was_valid: bool,
}

/// What becomes durable together.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// Objects that were placed in this session. What they refer to is valid, among them, or
    /// registered before in this session.
    pub objects: Vec<Placed>,
    /// What an action gave. It is not recorded if another is pinned, unless `replaces` is set.
    pub realisation: Option<(Realisation, Origin)>,
    /// Whether the realisation takes the place of a pinned one.
    pub replaces: bool,
    /// How an attempt at an action ended.
    pub attempt: Option<Attempted>,
}

/// How an attempt at an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// The action.
    pub action: ActionId,
    /// The derivation that was resolved to it.
    pub derivation: DerivationId,
    /// How people know it.
    pub title: String,
    /// When it began, in seconds since 1970.
    pub started_s: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub verdict: Verdict,
}

/// How an attempt at an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It gave its outputs.
    Done,
    /// A step failed.
    StepFailed {
        /// The step.
        step: StepName,
        /// How it ended, in words.
        status: String,
    },
    /// Something else kept it from giving its outputs.
    Failed {
        /// What, in words.
        reason: String,
    },
}

/// The right to work on an action, or who has it.
pub enum Claim {
    /// It is this session's until it is dropped.
    Mine(ClaimGuard),
    /// Another has it.
    Theirs {
        /// The process that has it, if it said so.
        pid: Option<u32>,
    },
}

/// Ends a claim when dropped.
pub struct ClaimGuard(
    #[expect(dead_code, reason = "kept for its destructor")] Box<dyn Send + Sync>,
);

impl ClaimGuard {
    /// Makes a guard of anything that ends the claim when dropped.
    pub fn new(held: impl Send + Sync + 'static) -> Self {
        ClaimGuard(Box::new(held))
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Claim::Mine(_) => f.write_str("Mine"),
            Claim::Theirs { pid } => write!(f, "Theirs({pid:?})"),
        }
    }
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The kernel refused something.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The folder holds something else than a store.
    #[error("{} is not a store: it is not empty and has no {}", path.display(), missing.display())]
    NotAStore {
        /// The folder.
        path: PathBuf,
        /// What a store would have.
        missing: PathBuf,
    },
    /// The store was made by a newer program.
    #[error(
        "the store at {} has format {found}; this program knows formats up to {known}: use the \
         newer program, or another store",
        path.display()
    )]
    NewerFormat {
        /// The store.
        path: PathBuf,
        /// Its format.
        found: String,
        /// The newest format that this program knows.
        known: u32,
    },
    /// The store can be read but not written.
    #[error("the store at {} cannot be written: {reason}", path.display())]
    ReadOnly {
        /// The store.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Another folder is in the place of the store, or none: what is known of it by its path is not
    /// this store's.
    #[error(
        "the store at {} was moved, replaced or deleted while it was used; nothing was written to what \
         is there now",
        path.display()
    )]
    Moved {
        /// Where it was.
        path: PathBuf,
    },
    /// The index did not answer.
    #[error("{call} failed on the index {}: {cause}; if it is damaged, `kiln store rebuild-index` makes it anew from the records", path.display())]
    Index {
        /// What was asked of it.
        call: &'static str,
        /// The index.
        path: PathBuf,
        /// What it said.
        cause: String,
    },
    /// A record is not what was written.
    #[error("the record at byte {at} of {} is damaged: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Where the record starts.
        at: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The records end before the place up to which they were indexed.
    #[error(
        "{} has {bytes} bytes, but {indexed} were indexed: records are lost; restore the file, or \
         let `kiln store rebuild-index` make the index of what is left",
        path.display()
    )]
    RecordsLost {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The size that the index knows.
        indexed: u64,
    },
    /// An object refers to one that is not valid.
    #[error("{object} cannot be registered: it refers to {missing}, which is not valid")]
    MissingRef {
        /// The object.
        object: StorePath,
        /// What it refers to.
        missing: ObjectId,
    },
    /// Two objects have the same path.
    #[error("{path} cannot be registered: the path belongs to {other} already")]
    PathTaken {
        /// The path.
        path: StorePath,
        /// The object that has it.
        other: ObjectId,
    },
    /// The thread that makes registrations durable has ended.
    #[error("the store is closing")]
    Closing,
}

/// Why files could not be placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The files cannot become an object.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// An archive is damaged or does not hold the object asked for.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The files are not those that were expected.
    #[error("the files at {from} have changed: they were {expected}, they are {found}")]
    Unexpected {
        /// Where they are.
        from: String,
        /// The id expected.
        expected: ObjectId,
        /// The id found.
        found: ObjectId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SystemError> for PlaceError {
    fn from(error: SystemError) -> Self {
        PlaceError::Store(error.into())
    }
}

/// Why an archive did not give an object.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It does not begin as an archive does.
    #[error("this is not an object archive: it begins with `{found}`")]
    NotAnArchive {
        /// How it begins, escaped.
        found: String,
    },
    /// It could not be read to its end.
    #[error("the archive cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Its manifest is longer than any object's.
    #[error("the archive's manifest has {bytes} bytes; {bytes_max} are allowed")]
    ManifestTooLong {
        /// Its length.
        bytes: u64,
        /// The length allowed.
        bytes_max: u64,
    },
    /// Its manifest is damaged.
    #[error("the archive's manifest is damaged: {0}")]
    Manifest(#[from] DecodeError),
    /// It holds another object.
    #[error("the archive holds the object {found} instead of {expected}")]
    WrongObject {
        /// The object asked for.
        expected: ObjectId,
        /// The object that is there.
        found: ObjectId,
    },
    /// A file in it has other bytes than its manifest says.
    #[error("`{path}` in the archive of {object} is damaged")]
    WrongFile {
        /// The object.
        object: StorePath,
        /// The file, escaped.
        path: String,
    },
    /// Something follows the last file.
    #[error("the archive of {object} goes on after its last file")]
    Leftover {
        /// The object.
        object: StorePath,
    },
    /// Reading was stopped.
    #[error("stopped")]
    Cancelled,
}
