//! A part of a file, read by position, so that threads can share the file.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;

/// How many bytes are read at once. Jumps within them cost nothing, which is what the many small
/// headers of a zip need.
const WINDOW_BYTES: usize = 128 << 10;

/// A part of a file, as a reader with a buffer of its own. A clone begins where this one is.
pub(crate) struct Section<'a> {
    file: &'a File,
    start: u64,
    len: u64,
    /// The next byte to be read, relative to `start`.
    at: u64,
    /// Bytes that were read already, and where they begin, relative to `start`.
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Section<'a> {
    pub(crate) fn new(file: &'a File, start: u64, len: u64) -> Self {
        Section { file, start, len, at: 0, window: Vec::new(), window_at: 0 }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Returns a part of this part.
    pub(crate) fn part(&self, start: u64, len: u64) -> Section<'a> {
        let start = start.min(self.len);
        Section::new(self.file, self.start + start, len.min(self.len - start))
    }
}

impl Clone for Section<'_> {
    fn clone(&self) -> Self {
        let mut clone = Section::new(self.file, self.start, self.len);
        clone.at = self.at;
        clone
    }
}

impl BufRead for Section<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let in_window = self.at.checked_sub(self.window_at).map(|it| it as usize);
        if let Some(skip) = in_window.filter(|it| *it < self.window.len()) {
            return Ok(&self.window[skip..]);
        }
        let want = self.len.saturating_sub(self.at).min(WINDOW_BYTES as u64) as usize;
        self.window.resize(want, 0);
        let count = loop {
            match self.file.read_at(&mut self.window, self.start + self.at) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.window.clear();
                    return Err(error);
                }
            }
        };
        self.window.truncate(count);
        self.window_at = self.at;
        Ok(&self.window)
    }

    fn consume(&mut self, count: usize) {
        self.at += count as u64;
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl Seek for Section<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        // A position that no file can have is refused here, so that sums never overflow.
        match at.filter(|it| *it <= i64::MAX as u64 - self.start) {
            Some(at) => {
                self.at = at;
                Ok(at)
            }
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "a position outside the file")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    proptest! {
        #[test]
        fn a_section_reads_as_the_slice_does(
            start in 0_usize..400_000,
            len in 0_usize..400_000,
            steps in prop::collection::vec((0_u64..500_000, 0_usize..200_000), 1..8),
        ) {
            let bytes: Vec<u8> = (0..400_000_u32).map(|it| (it / 7) as u8).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let slice = &bytes[start..(start + len).min(bytes.len())];
            let mut section = Section::new(&file, start as u64, slice.len() as u64);
            for (at, count) in steps {
                section.seek(SeekFrom::Start(at)).unwrap();
                let mut read = Vec::new();
                section.by_ref().take(count as u64).read_to_end(&mut read).unwrap();
                let from = (at as usize).min(slice.len());
                prop_assert_eq!(&read, &slice[from..(from + count).min(slice.len())]);
            }
        }
    }
}
