//! Bytes in which plans and messages cross from one process of the sandbox to another.
//!
//! Both ends are the same program, so that there is one version and no compatibility to keep. A
//! reader still checks everything: bytes that do not make sense are an error, never a panic.
//!
//! ```text
//! number   8 bytes, little endian
//! bytes    number of bytes, bytes
//! list     number of items, items
//! ```

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Bytes that are not what was expected: at which byte, and what was expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {at}")]
pub(crate) struct CodecError {
    /// What was expected.
    pub(crate) expected: &'static str,
    /// At which byte.
    pub(crate) at: usize,
}

/// Writes.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Writes a number.
    pub(crate) fn number(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    /// Writes bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a path.
    pub(crate) fn path(&mut self, path: &Path) {
        self.bytes(path.as_os_str().as_bytes());
    }

    /// Writes a list.
    pub(crate) fn list<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.number(items.len() as u64);
        for item in items {
            each(self, item);
        }
    }

    /// Returns what was written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads what a [`Writer`] wrote.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// Says that something else was expected here.
    pub(crate) fn expected(&self, expected: &'static str) -> CodecError {
        CodecError { expected, at: self.at }
    }

    fn take(&mut self, count: usize, expected: &'static str) -> Result<&'a [u8], CodecError> {
        let end = self.at.checked_add(count).ok_or(self.expected(expected))?;
        let taken = self.bytes.get(self.at..end).ok_or(self.expected(expected))?;
        self.at = end;
        Ok(taken)
    }

    /// Reads a number.
    pub(crate) fn number(&mut self) -> Result<u64, CodecError> {
        let expected = self.expected("a number");
        let bytes = self.take(8, "a number")?;
        Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| expected)?))
    }

    /// Reads a number of at most 32 bits.
    pub(crate) fn number32(&mut self) -> Result<u32, CodecError> {
        let expected = self.expected("a number of 32 bits");
        u32::try_from(self.number()?).map_err(|_| expected)
    }

    /// Reads a number that counts or numbers something in memory.
    pub(crate) fn count(&mut self) -> Result<usize, CodecError> {
        let expected = self.expected("a count");
        usize::try_from(self.number()?).map_err(|_| expected)
    }

    /// Reads bytes.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let count = self.count()?;
        self.take(count, "bytes")
    }

    /// Reads text.
    pub(crate) fn text(&mut self) -> Result<String, CodecError> {
        let expected = self.expected("text");
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| expected)
    }

    /// Reads a path.
    pub(crate) fn path(&mut self) -> Result<PathBuf, CodecError> {
        Ok(OsString::from_vec(self.bytes()?.to_vec()).into())
    }

    /// Reads a list.
    pub(crate) fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        let count = self.count()?;
        // Not allocated beforehand: the count is believed only as far as items follow.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(each(self)?);
        }
        Ok(items)
    }

    /// Makes sure that nothing is left.
    pub(crate) fn finish(self) -> Result<(), CodecError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.expected("the end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_nothing_follows_is_an_error_and_allocates_nothing() {
        let mut writer = Writer::default();
        writer.number(u64::MAX);
        let bytes = writer.finish();
        assert_eq!(
            Reader::new(&bytes).list(|it| it.number()),
            Err(CodecError { expected: "a number", at: 8 })
        );
        assert_eq!(Reader::new(&bytes).bytes(), Err(CodecError { expected: "bytes", at: 8 }));
    }

    #[test]
    fn what_is_left_over_is_an_error() {
        let mut reader = Reader::new(&[0; 9]);
        assert_eq!(reader.number(), Ok(0));
        assert_eq!(reader.finish(), Err(CodecError { expected: "the end", at: 8 }));
    }
}
