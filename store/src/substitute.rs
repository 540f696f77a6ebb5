//! Places that may have what would otherwise be built.

mod directory;
mod layout;

use std::collections::BTreeMap;
use std::io::Read;

pub use directory::{DirectoryError, DirectorySubstituter, Exported};
pub use layout::{
    CACHE_MARK, CACHE_MARK_TEXT, cached_object, cached_realisation, read_cached_realisation,
};

use crate::digest::{ActionId, ObjectId};
use crate::realisation::Realisation;

/// A place that may have realisations and objects.
///
/// # Contract
///
/// - An answer may be late, wrong or missing; none of these fails a build. An error is a miss with a
///   reason, and after [`ERRORS_MAX`] errors, or one that is [final](Miss::is_final), the place is not
///   asked again in the same run.
/// - **Objects are checked**: whatever [`open`](Substituter::open) gives is read as an archive,
///   hashed, and placed only if it is the object asked for, byte for byte.
/// - **Realisations are trusted.** Nobody can check that an action gives an object but by running it.
///   Whoever configures a place says that it may speak for what builds would give.
/// - Everything is called from many threads at once.
pub trait Substituter: Sync {
    /// Returns what the place is called, for messages.
    fn name(&self) -> &str;

    /// Returns the realisations of those actions that the place knows.
    ///
    /// # Errors
    ///
    /// [`Miss`] if it cannot be asked.
    fn lookup(&self, actions: &[ActionId]) -> Result<BTreeMap<ActionId, Realisation>, Miss>;

    /// Opens the archive of an object, as described in `spec/store/substitution.md`; `None` if the
    /// place does not have it.
    ///
    /// # Errors
    ///
    /// [`Miss`] if it cannot be asked.
    fn open(&self, id: &ObjectId) -> Result<Option<Box<dyn Read + Send>>, Miss>;
}

/// After how many errors a place is not asked again in a run.
pub const ERRORS_MAX: u32 = 3;

/// Why a place did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{asked}: {reason}")]
pub struct Miss {
    /// What it was asked: a path or URL.
    pub asked: String,
    /// What it said.
    pub reason: String,
    /// Asking it for something else is of no use either.
    pub is_final: bool,
}
