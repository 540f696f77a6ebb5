//! Ids, encodings, store objects, the local store, and realising derivations.
//!
//! ```text
//! Graph of Derivations ─resolve─▶ Action ─(substitute | build)─▶ Realisation + store objects
//!
//! pure        digest  name  path  encoding  inputs  derivation  graph  object  realisation  scan
//! files       ingest: files → objects     write, read: objects → files     archive: one stream
//! stores      store (trait, contract)  memory  local: records, index, leases, collection
//! realise     the run: what is next, who does it, what is told
//! seams       Builder (sandbox)  Fetcher (fetch)  Substituter (substitute)
//! ```
//!
//! **Invariants:** nothing here knows how anything is built (that is a [`Builder`]), downloaded (a
//! [`Fetcher`]), or written in a recipe; nothing here prints. What is told as done is durable, and
//! what is valid is whole, as is all that it refers to. `spec/store/` describes every format.

mod archive;
mod builder;
mod change;
mod derivation;
mod digest;
mod encoding;
mod fetcher;
mod graph;
mod ingest;
mod inputs;
mod local;
mod memory;
mod name;
mod object;
mod path;
mod pool;
mod read;
mod realisation;
mod realise;
#[cfg(test)]
mod samples;
mod scan;
#[cfg(test)]
mod spec_vectors;
mod store;
mod substitute;
mod sys;
mod write;

pub use archive::ExportError;
pub use builder::{
    BuildError, BuildProgress, BuildRequest, Builder, Built, Cancel, InputObject, OutputTree,
    StepStatus,
};
pub use change::{Change, ChangeKind};
pub use derivation::{
    Action, Build, BuildKind, Derivation, DerivationError, Fetch, FetchHash, Import, InputRef,
    Piece, SANDBOX_ABI, Step, Template, Unpack, UnpackRoot,
};
pub use digest::{ActionId, BlobId, DerivationId, IdError, ObjectId, TreeId, parse_hex, to_hex};
pub use encoding::{DecodeError, Decoder, Encoder};
pub use fetcher::{Attempt, FetchError, FetchProgress, FetchRequest, Fetched, Fetcher};
pub use graph::{Graph, ImportSource, Limits, Node, cores};
pub use ingest::{IngestError, OutputLink};
pub use inputs::Inputs;
pub use local::{
    AtLink, Collected, Comparison, Difference, Differing, DifferingOutput, GcError, GcOptions,
    GcReport, Holder, KeptLink, LinkError, LocalStore, ObjectInfo, Problem, ReleasedLink, Root,
    VerifyReport, WhyAlive, WhyDepends,
};
pub use memory::MemoryStore;
pub use name::{EnvName, Label, NameError, OutputName, StepName, StoreName, System};
pub use object::{
    DEPTH_MAX, ENTRIES_MAX, ENTRY_NAME_LEN_MAX, Entry, EntryName, File, FileEntry, Item,
    LINK_LEN_MAX, Link, ListError, Object, ObjectError, Site, Sites, Totals, Tree,
};
pub use path::{ALPHABET, DIGEST_LEN, SCRATCH_PREFIX, STORE_DIR, StorePath, StorePathError};
pub use realisation::{Origin, Realisation};
pub use realise::{
    Activity, Cause, Counts, Event, Failure, How, OnFailure, Outcome, Prints, RealiseError,
    RealiseOptions, RealiseRequest, Realised, RealisedOutput, Reproduced, ReproducedOutput,
    Warning, realise, reproduce, show_skipped,
};
pub use scan::ReferenceSearch;
pub use store::{
    ArchiveError, Attempted, Claim, ClaimGuard, Done, LogFile, Memos, PlaceError, PlaceOutputs,
    PlaceTree, Placed, Refs, Registration, Session, Store, StoreError, TreeFrom, Verdict,
};
pub use substitute::{
    CACHE_MARK, CACHE_MARK_TEXT, DirectoryError, DirectorySubstituter, ERRORS_MAX, Exported, Miss,
    Substituter, cached_object, cached_realisation, read_cached_realisation,
};
pub use sys::SystemError;
