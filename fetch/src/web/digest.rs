//! The hash of bytes as they arrive.

use kiln_store::FetchHash;
use sha2::Digest as _;

/// A hash that is not finished.
pub(crate) enum Digest {
    Sha256(sha2::Sha256),
    Blake3(Box<blake3::Hasher>),
}

impl Digest {
    /// Begins a hash in the algorithm of `expected`.
    pub(crate) fn new(expected: FetchHash) -> Self {
        match expected {
            FetchHash::Sha256(_) => Digest::Sha256(sha2::Sha256::new()),
            FetchHash::Blake3(_) => Digest::Blake3(Box::default()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Digest::Sha256(hasher) => hasher.update(bytes),
            Digest::Blake3(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    /// Returns the hash of the bytes so far.
    pub(crate) fn value(&self) -> FetchHash {
        match self {
            Digest::Sha256(hasher) => FetchHash::Sha256(hasher.clone().finalize().into()),
            Digest::Blake3(hasher) => FetchHash::Blake3(*hasher.finalize().as_bytes()),
        }
    }
}
