//! The seam between the store and whatever downloads and unpacks.

use std::path::Path;

use crate::builder::Cancel;
use crate::derivation::Fetch;

/// Something that can make the tree of a [`Fetch`].
///
/// `kiln-fetch` has the real one; tests use a map from hash to files.
///
/// # Contract
///
/// - Nothing is left at `request.target` unless the bytes had the hash that was asked for.
/// - What is made holds only folders, files and symbolic links, none of which was written through
///   a link. The store checks and copies nothing further: it hashes what is there.
/// - `fetch` is called from many threads at once, never twice at the same time for one hash.
pub trait Fetcher: Sync {
    /// Downloads, checks and unpacks.
    ///
    /// # Errors
    ///
    /// As [`FetchError`]. Every place is tried before it is returned.
    fn fetch(&self, request: &FetchRequest<'_>) -> Result<Fetched, FetchError>;
}

/// What a fetcher is asked.
pub struct FetchRequest<'a> {
    /// What to fetch.
    pub fetch: &'a Fetch,
    /// How people know it, for messages.
    pub title: &'a str,
    /// Where from, in this order.
    pub urls: &'a [String],
    /// Where to put the file or tree: does not exist, its parent does, on the store's file system.
    pub target: &'a Path,
    /// A folder for unfinished downloads, shared by all runs.
    pub partial: &'a Path,
    /// Is told how far it is.
    pub progress: &'a (dyn Fn(FetchProgress) + Sync),
    /// Tells when to stop.
    pub cancel: &'a Cancel,
}

/// How far a fetch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchProgress {
    /// This place is tried now.
    Trying {
        /// The place, without credentials.
        url: String,
    },
    /// So many bytes are here.
    Received {
        /// How many.
        bytes: u64,
        /// How many there will be, if the place says so.
        bytes_total: Option<u64>,
    },
    /// All bytes are here and have the right hash; they are being unpacked.
    Unpacking,
    /// This place gave other bytes, and another one the right ones.
    Refused {
        /// The place, without credentials.
        url: String,
        /// What it gave.
        reason: String,
    },
}

/// What a fetch gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The place it came from, without credentials.
    pub url: String,
    /// The size of the download.
    pub bytes: u64,
}

/// Why a fetch gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A place gave other bytes, and no other place the right ones.
    #[error(
        "the bytes from {url} are not the ones that were asked for: expected {expected}, found {found}"
    )]
    HashMismatch {
        /// The place.
        url: String,
        /// The hash asked for.
        expected: String,
        /// The hash found.
        found: String,
        /// How many bytes it gave.
        bytes: u64,
        /// The other places, each with what it said.
        others: Vec<Attempt>,
    },
    /// No place answered with the bytes.
    #[error("no place gave {expected}")]
    Unreachable {
        /// The hash asked for.
        expected: String,
        /// Every place, with what it said.
        attempts: Vec<Attempt>,
        /// A setting that adds a place, if one would help.
        setting: Option<String>,
    },
    /// The bytes are right but cannot be unpacked safely.
    #[error("cannot unpack {url}: {reason}")]
    Unpack {
        /// The place.
        url: String,
        /// What is wrong, naming the entry.
        reason: String,
    },
    /// The disk refused.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The path.
        path: String,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// [`Cancel`] was set.
    #[error("the download was stopped")]
    Cancelled,
}

/// One place and why it did not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The place, without credentials.
    pub url: String,
    /// What it said.
    pub reason: String,
}
