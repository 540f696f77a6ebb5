//! Ids, encodings, store objects, the local store, and realising derivations.
//!
//! ```text
//! Graph of Derivations ─resolve─▶ Action ─(substitute | build)─▶ Realisation + store objects
//! ```
//!
//! **Invariants:** nothing here knows how anything is built (that is a [`Builder`]), downloaded (a
//! [`Fetcher`]), or written in a recipe; nothing here prints. `spec/store/` describes every format.

mod builder;
mod derivation;
mod digest;
mod encoding;
mod fetcher;
mod graph;
mod name;
mod path;

pub use builder::{
    BuildError, BuildProgress, BuildRequest, Builder, Built, Cancel, InputObject, OutputTree,
    StepStatus,
};
pub use derivation::{
    Action, Build, BuildKind, Derivation, DerivationError, Fetch, FetchHash, Import, InputRef,
    Piece, SANDBOX_ABI, Step, Template, Unpack, UnpackRoot,
};
pub use digest::{ActionId, BlobId, DerivationId, IdError, ObjectId, TreeId, parse_hex, to_hex};
pub use encoding::DecodeError;
pub use fetcher::{Attempt, FetchError, FetchProgress, FetchRequest, Fetched, Fetcher};
pub use graph::{Graph, ImportSource, Limits, Node};
pub use name::{EnvName, Label, NameError, OutputName, StepName, StoreName, System};
pub use path::{ALPHABET, DIGEST_LEN, SCRATCH_PREFIX, STORE_DIR, StorePath, StorePathError};
