//! The canonical binary encoding, as specified in `spec/store/encoding.md`.
//!
//! ```text
//! top level   version byte, then the value
//! u32, u64    little-endian                 varint   7 bits a byte, lowest first, shortest form
//! bytes       u32 length, the bytes         text     bytes that are UTF-8
//! list        u32 count, the items          map      list of key and value, keys ascending, distinct
//! choice      one tag byte, then its fields bool     0 or 1
//! ```
//!
//! Two values are equal exactly if their encodings are: decoding accepts nothing that encoding does
//! not make. A length or count is compared with the bytes that are left before anything is
//! allocated, so that a few garbled bytes cost no memory.

use crate::derivation::DerivationError;
use crate::digest::TreeId;
use crate::name::NameError;
use crate::object::ObjectError;

/// The version byte at the start of every encoding.
pub(crate) const VERSION: u8 = 1;

/// Why bytes are not the encoding of the value that was expected.
///
/// Every position is in bytes from the start of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The encoding was made by another version of the format.
    #[error("the encoding has version {found}; this program reads version {expected}")]
    Version {
        /// The version found.
        found: u8,
        /// The version this program reads.
        expected: u8,
    },
    /// The bytes end too early.
    #[error("the encoding ends early: at byte {at} it needs {wanted} more and has {left}")]
    Truncated {
        /// Where bytes are missing.
        at: usize,
        /// How many bytes are needed there, at least.
        wanted: u64,
        /// How many are left.
        left: usize,
    },
    /// Bytes are left after the value.
    #[error("the encoding ends at byte {at}, but bytes follow: {left}")]
    Leftover {
        /// Where the value ends.
        at: usize,
        /// How many bytes follow.
        left: usize,
    },
    /// A tag byte has no meaning.
    #[error("byte {at} is {found}, which is no {what}")]
    BadTag {
        /// What the tag was to choose.
        what: &'static str,
        /// The tag found.
        found: u8,
        /// Where it stands.
        at: usize,
    },
    /// A text is not UTF-8.
    #[error("the text at byte {at} is not UTF-8")]
    NotUtf8 {
        /// Where the text starts.
        at: usize,
    },
    /// A text is not a name of its kind.
    #[error("the name at byte {at} is not allowed: {source}")]
    BadName {
        /// Where the name starts.
        at: usize,
        /// What is wrong with it.
        source: NameError,
    },
    /// The keys of a map or items of a set are not in ascending order, or one occurs twice.
    #[error("the {what} at byte {at} is not greater than the one before it")]
    Order {
        /// What is out of order.
        what: &'static str,
        /// Where it starts.
        at: usize,
    },
    /// A number is not written in its shortest form or too large for its field.
    #[error("the number at byte {at} is not in its shortest form or too large")]
    BadNumber {
        /// Where the number starts.
        at: usize,
    },
    /// A value could have been written in a shorter or more regular way.
    #[error("the {what} at byte {at} is not in its canonical form: {reason}")]
    NotCanonical {
        /// What is not canonical.
        what: &'static str,
        /// Where it starts.
        at: usize,
        /// What the canonical form would have.
        reason: &'static str,
    },
    /// A manifest names a folder that it does not hold.
    #[error("the folder {id} is missing")]
    MissingTree {
        /// The folder.
        id: TreeId,
    },
    /// The value is well-formed and breaks a rule of derivations.
    #[error(transparent)]
    Derivation(#[from] DerivationError),
    /// The value is well-formed and breaks a rule of objects.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Writes an encoding.
#[derive(Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// Starts an encoding with its version byte.
    pub fn versioned() -> Self {
        Encoder { bytes: vec![VERSION] }
    }

    /// As [`versioned`](Encoder::versioned), of about so many bytes.
    pub fn versioned_with_capacity(bytes: usize) -> Self {
        let mut encoder = Encoder::with_capacity(bytes);
        encoder.u8(VERSION);
        encoder
    }

    /// Starts an encoding that is a part of another.
    pub fn part() -> Self {
        Encoder::default()
    }

    /// As [`part`](Encoder::part), of about so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Encoder { bytes: Vec::with_capacity(bytes) }
    }

    /// Returns how many bytes are written.
    pub fn at(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes one byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Writes 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(u8::from(value));
    }

    /// Writes four bytes, the lowest first.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes eight bytes, the lowest first.
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes a length or count.
    ///
    /// # Panics
    ///
    /// From 2^32 on: no single text, file name or list of the encoded types is as large.
    pub fn len(&mut self, len: usize) {
        self.u32(u32::try_from(len).expect("lengths in encodings are below 2^32"));
    }

    /// Writes a number, seven bits a byte, the lowest first.
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// Writes bytes whose number the format fixes.
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a length, and the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a text as its bytes.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
}

/// For how many items memory is taken before they are read: one may be far larger in memory than in
/// the encoding, so that the count alone must not decide.
const COUNT_MAX_AT_ONCE: usize = 1024;

/// Reads an encoding.
#[derive(Debug)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    /// Reads the version byte of an encoding.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn versioned(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::part(bytes);
        match decoder.u8()? {
            VERSION => Ok(decoder),
            found => Err(DecodeError::Version { found, expected: VERSION }),
        }
    }

    /// Reads an encoding that is a part of another and has no version byte.
    pub fn part(bytes: &'a [u8]) -> Self {
        Decoder { bytes, at: 0 }
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.left() {
            0 => Ok(()),
            left => Err(DecodeError::Leftover { at: self.at, left }),
        }
    }

    /// Returns where it reads.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns how many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Reads bytes whose number the format fixes.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn fixed(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        if self.left() < len {
            return Err(DecodeError::Truncated {
                at: self.at,
                wanted: len as u64,
                left: self.left(),
            });
        }
        let bytes = &self.bytes[self.at..self.at + len];
        self.at += len;
        Ok(bytes)
    }

    /// Reads a digest.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn digest(&mut self) -> Result<[u8; 32], DecodeError> {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.fixed(32)?);
        Ok(digest)
    }

    /// Reads one byte.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.fixed(1)?[0])
    }

    /// Reads 0 or 1; `what` it is, for messages.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn bool(&mut self, what: &'static str) -> Result<bool, DecodeError> {
        let at = self.at;
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(DecodeError::BadTag { what, found, at }),
        }
    }

    /// Reads four bytes, the lowest first.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.fixed(4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads eight bytes, the lowest first.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.fixed(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads a number in its shortest form.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let at = self.at;
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            let is_last = byte & 0x80 == 0;
            // The tenth byte holds one bit; a last byte of 0 could have been left out.
            if (shift == 63 && byte > 1) || (is_last && byte == 0 && shift > 0) {
                return Err(DecodeError::BadNumber { at });
            }
            value |= bits << shift;
            if is_last {
                return Ok(value);
            }
        }
        Err(DecodeError::BadNumber { at })
    }

    /// Reads the count of a list whose items have at least `item_len_min` bytes each.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn count(&mut self, item_len_min: usize) -> Result<usize, DecodeError> {
        let at = self.at;
        let count = self.u32()?;
        let wanted = u64::from(count) * item_len_min as u64;
        if wanted > self.left() as u64 {
            return Err(DecodeError::Truncated { at, wanted, left: self.left() });
        }
        Ok(count as usize)
    }

    /// Reads a length, and so many bytes.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.count(1)?;
        self.fixed(len)
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let at = self.at;
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::NotUtf8 { at })
    }

    /// Reads a text and makes a name of it.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn name<T>(
        &mut self,
        make: impl FnOnce(&'a str) -> Result<T, NameError>,
    ) -> Result<T, DecodeError> {
        let at = self.at;
        make(self.text()?).map_err(|source| DecodeError::BadName { at, source })
    }

    /// Reads a map whose keys ascend.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn map<K: Ord, V, M: FromIterator<(K, V)>>(
        &mut self,
        what: &'static str,
        mut entry: impl FnMut(&mut Self) -> Result<(K, V), DecodeError>,
    ) -> Result<M, DecodeError> {
        let count = self.count(1)?;
        let mut map: Vec<(K, V)> = Vec::with_capacity(count.min(COUNT_MAX_AT_ONCE));
        for _ in 0..count {
            let at = self.at;
            let (key, value) = entry(self)?;
            if map.last().is_some_and(|(last, _)| *last >= key) {
                return Err(DecodeError::Order { what, at });
            }
            map.push((key, value));
        }
        Ok(map.into_iter().collect())
    }

    /// Reads a list.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] where the bytes are no such thing.
    pub fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.count(1)?;
        let mut items = Vec::with_capacity(count.min(COUNT_MAX_AT_ONCE));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_count_larger_than_what_is_left_allocates_nothing() {
        let bytes = [VERSION, 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
        let mut decoder = Decoder::versioned(&bytes).unwrap();
        assert_eq!(
            decoder.bytes(),
            Err(DecodeError::Truncated { at: 1, wanted: 0xffff_ffff, left: 3 })
        );
    }

    #[test]
    fn another_version_is_named() {
        let error = Decoder::versioned(&[9]).unwrap_err();
        assert_eq!(error.to_string(), "the encoding has version 9; this program reads version 1");
    }

    proptest! {
        #[test]
        fn a_varint_reads_back_what_it_wrote(value: u64) {
            let mut encoder = Encoder::part();
            encoder.varint(value);
            let bytes = encoder.finish();
            let mut decoder = Decoder::part(&bytes);
            prop_assert_eq!(decoder.varint(), Ok(value));
            prop_assert_eq!(decoder.finish(), Ok(()));
        }

        #[test]
        fn a_varint_has_one_form(bytes in proptest::collection::vec(any::<u8>(), 1..12)) {
            let mut decoder = Decoder::part(&bytes);
            if let Ok(value) = decoder.varint() {
                let mut encoder = Encoder::part();
                encoder.varint(value);
                prop_assert_eq!(encoder.finish(), &bytes[..decoder.at()]);
            }
        }
    }
}
