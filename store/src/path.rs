//! Store paths, as specified in `spec/store/path.md`.

use std::fmt;

use crate::digest::ObjectId;
use crate::name::{NameError, OutputName, StoreName};

/// The directory under which programs see every object, wherever it lies on disk.
pub const STORE_DIR: &str = "/kiln/store";

/// The 32 characters of path digests, in the order of their values: no `e`, `o`, `t`, `u`, so
/// that no word appears by accident.
pub const ALPHABET: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// How many characters of a store path are the digest.
pub const DIGEST_LEN: usize = 32;

/// The first characters of every scratch path's digest; all are in [`ALPHABET`].
pub const SCRATCH_PREFIX: &str = "scra7ch0";

/// The name of an object in the store: `<digest>-<name>`.
///
/// ```text
/// 3z5k0q4xv1n8m2w7c9d6f0h1j2l3p4r5-zlib
/// └────────── 32 characters ─────┘ └─ 1..=160 ┘
/// ```
///
/// A `StorePath` never includes the store directory, nor a path below the object; joining those is
/// the business of whoever owns a store directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath {
    base: Box<str>,
}

/// Why a text is not a store path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorePathError {
    /// There are not 32 characters, a hyphen, and a name.
    #[error("a store path is 32 characters, `-` and a name; `{text}` is not")]
    BadShape {
        /// The text, escaped.
        text: String,
    },
    /// A character of the digest is not in the alphabet.
    #[error("`{found}` is not allowed in the digest of a store path")]
    BadDigest {
        /// The character, escaped.
        found: String,
    },
    /// The name is not a store name.
    #[error(transparent)]
    BadName(#[from] NameError),
}

impl StorePath {
    /// Returns the path of an object: the first 160 bits of its id, and its name.
    #[must_use]
    pub fn of_object(id: &ObjectId, name: &StoreName) -> Self {
        StorePath { base: format!("{}-{name}", base32(&id.0[..20])).into() }
    }

    /// Returns the digest of the path of an object.
    pub(crate) fn digest_of_object(id: &ObjectId) -> [u8; DIGEST_LEN] {
        let mut digest = [0; DIGEST_LEN];
        digest.copy_from_slice(base32(&id.0[..20]).as_bytes());
        digest
    }

    /// Returns the bytes with which the id of the object with this path begins.
    pub(crate) fn id_prefix(&self) -> [u8; 20] {
        let mut prefix = [0; 20];
        for (group, five) in
            self.digest().as_bytes().chunks_exact(8).zip(prefix.chunks_exact_mut(5))
        {
            let bits = group.iter().fold(0_u64, |bits, c| {
                bits << 5 | ALPHABET.iter().position(|it| it == c).unwrap_or(0) as u64
            });
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        prefix
    }

    /// Returns the 32 characters before the name, as bytes.
    pub(crate) fn digest_bytes(&self) -> [u8; DIGEST_LEN] {
        let mut digest = [0; DIGEST_LEN];
        digest.copy_from_slice(self.digest().as_bytes());
        digest
    }

    /// Returns the path at which output `output` of a build called `name` is written while the
    /// build runs. It depends on the two names only, and on `salt` when a rebuild is to use another.
    #[must_use]
    pub fn scratch(name: &StoreName, output: &OutputName, salt: u32) -> Self {
        let mut text = format!("{name}\0{output}");
        if salt != 0 {
            text = format!("{text}\0{salt}");
        }
        let digest = blake3::derive_key("kiln scratch path v1", text.as_bytes());
        let object_name = Self::output_name(name, output);
        StorePath {
            base: format!("{SCRATCH_PREFIX}{}-{object_name}", base32(&digest[..15])).into(),
        }
    }

    /// Returns the store name of an output: the build's name, and but for `out` the output's.
    ///
    /// A name that would be too long is cut, so that this always gives a store name.
    #[must_use]
    pub fn output_name(name: &StoreName, output: &OutputName) -> StoreName {
        if *output == OutputName::default_output() {
            return name.clone();
        }
        let room = StoreName::LEN_MAX - output.as_str().len() - 1;
        let head = &name.as_str()[..name.as_str().len().min(room)];
        StoreName::new(format!("{head}-{output}")).unwrap_or_else(|_| name.clone())
    }

    /// Parses `<digest>-<name>`.
    ///
    /// # Errors
    ///
    /// As [`StorePathError`].
    pub fn parse(text: &str) -> Result<Self, StorePathError> {
        let shape = || StorePathError::BadShape { text: text.escape_debug().collect() };
        let digest = text.get(..DIGEST_LEN).ok_or_else(shape)?;
        let name = text[DIGEST_LEN..].strip_prefix('-').ok_or_else(shape)?;
        if let Some(c) =
            digest.chars().find(|&it| !it.is_ascii() || !ALPHABET.contains(&(it as u8)))
        {
            return Err(StorePathError::BadDigest { found: c.escape_debug().collect() });
        }
        StoreName::new(name)?;
        Ok(StorePath { base: text.into() })
    }

    /// Returns `<digest>-<name>`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.base
    }

    /// Returns the 32 characters before the name.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.base[..DIGEST_LEN]
    }

    /// Returns the part after the digest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.base[DIGEST_LEN + 1..]
    }

    /// Returns the path as programs see it: `/kiln/store/<digest>-<name>`.
    #[must_use]
    pub fn absolute(&self) -> String {
        format!("{STORE_DIR}/{}", self.base)
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

impl fmt::Debug for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.base, f)
    }
}

/// Writes bytes, a multiple of five of them, in [`ALPHABET`]: five bits a character, highest first.
fn base32(bytes: &[u8]) -> String {
    debug_assert!(bytes.len().is_multiple_of(5), "base32 takes whole groups of five bytes");
    let mut text = String::with_capacity(bytes.len() / 5 * 8);
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for at in (0..8).rev() {
            text.push(char::from(ALPHABET[(bits >> (at * 5) & 31) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_what_it_prints() {
        let name = StoreName::new("zlib").unwrap();
        let path = StorePath::of_object(&ObjectId([7; 32]), &name);
        assert_eq!(StorePath::parse(path.as_str()), Ok(path.clone()));
        assert_eq!(path.digest().len(), DIGEST_LEN);
        assert_eq!(path.id_prefix(), [7; 20]);
    }

    #[test]
    fn a_scratch_path_depends_on_the_names_only_and_shows_what_it_is() {
        let name = StoreName::new("zlib").unwrap();
        let path = StorePath::scratch(&name, &OutputName::default_output(), 0);
        assert!(path.digest().starts_with(SCRATCH_PREFIX));
        assert_eq!(StorePath::parse(path.as_str()), Ok(path.clone()));
        assert_ne!(path, StorePath::scratch(&name, &OutputName::new("dev").unwrap(), 0));
        assert_ne!(path, StorePath::scratch(&name, &OutputName::default_output(), 1));
    }

    #[test]
    fn digits_follow_the_alphabet() {
        assert_eq!(base32(&[0; 5]), "00000000");
        assert_eq!(base32(&[255; 5]), "zzzzzzzz");
        assert_eq!(base32(&[0, 0, 0, 0, 1]), "00000001");
    }
}
