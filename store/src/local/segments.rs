//! The records on disk: files that only grow, as specified in `spec/store/records.md`.
//!
//! ```text
//! records/00000001.seg     "kiln records 1\n\n", then frames
//! frame                    "KREC", u32 length, 16 bytes of checksum, the batch
//! ```
//!
//! One process appends at a time, under the commit lock. A frame whose writing was cut short is no
//! frame: its checksum covers where it stands and all of its bytes. It is cut off before the next
//! is written, unless something valid follows it, which only damage can bring about.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::local::fault;
use crate::store::StoreError;
use crate::sys::{Folder, SystemError};

/// What every segment starts with.
const HEADER: &[u8; 16] = b"kiln records 1\n\n";

/// What every frame starts with.
const MAGIC: &[u8; 4] = b"KREC";

/// The bytes of a frame before its batch: magic, length, checksum.
const FRAME_HEADER_BYTES: u64 = 4 + 4 + 16;

/// A new segment is begun when one has this size.
const SEGMENT_BYTES_MAX: u64 = 256 << 20;

/// The domain of the checksums.
const CHECKSUM_DOMAIN: &str = "kiln record frame v1";

/// A place in the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// The number of the segment, from 1.
    pub(crate) segment: u32,
    /// The offset in it, in bytes.
    pub(crate) at: u64,
}

impl Position {
    /// The place before the first frame.
    pub(crate) const START: Position = Position { segment: 1, at: HEADER.len() as u64 };
}

/// What stands at a place.
#[derive(Debug)]
pub(crate) enum Frame {
    /// A batch, and the place after it.
    Batch(Vec<u8>, Position),
    /// Nothing more: this is where the next frame goes.
    End(Position),
    /// Bytes that are no frame. `next` is the next frame in the segment, if there is one.
    Damaged {
        /// Where they end: at a frame, or at the end of the segment.
        end: Position,
        /// Whether a frame or segment follows.
        more_follows: bool,
        /// Why they are no frame.
        reason: &'static str,
    },
}

/// The files with the records.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: Folder,
    segment_bytes_max: u64,
}

impl Segments {
    pub(crate) fn new(folder: Folder) -> Self {
        Segments { folder, segment_bytes_max: SEGMENT_BYTES_MAX }
    }

    /// Returns the path of a segment.
    pub(crate) fn path(&self, segment: u32) -> PathBuf {
        self.folder.path_of(&name(segment))
    }

    /// Whether no record follows `position`.
    ///
    /// Reads no record; costs two system calls.
    pub(crate) fn is_end(&self, position: Position) -> Result<bool, StoreError> {
        if self.folder.stat_if_there(&name(position.segment + 1))?.is_some() {
            return Ok(false);
        }
        let bytes = self.bytes(position.segment)?;
        let indexed = position.at;
        match bytes {
            None if position == Position::START => Ok(true),
            None => Err(StoreError::RecordsLost {
                path: self.path(position.segment),
                bytes: 0,
                indexed,
            }),
            // A segment whose header was not written in full is as good as none.
            Some(bytes) if bytes < indexed && position == Position::START => Ok(false),
            Some(bytes) if bytes < indexed => {
                Err(StoreError::RecordsLost { path: self.path(position.segment), bytes, indexed })
            }
            Some(bytes) => Ok(bytes == indexed),
        }
    }

    /// Reads what stands at a place.
    pub(crate) fn read(&self, position: Position) -> Result<Frame, StoreError> {
        let Some(file) = self.open(position.segment)? else {
            return Ok(Frame::End(position));
        };
        let path = self.path(position.segment);
        let bytes = file_bytes(&file, &path)?;
        let mut header = [0; HEADER.len()];
        if position.at <= HEADER.len() as u64 {
            if bytes < HEADER.len() as u64 {
                let end = Position { at: HEADER.len() as u64, ..position };
                return self.damaged(position.segment, end, "its header is cut off");
            }
            read_at(&file, &mut header, 0, &path)?;
            if header != *HEADER {
                return Err(StoreError::Record {
                    path,
                    at: 0,
                    reason: format!(
                        "it begins with `{}` instead of `kiln records 1`",
                        crate::object::escape(&header)
                    ),
                });
            }
        }
        if position.at >= bytes {
            let next = Position { segment: position.segment + 1, at: HEADER.len() as u64 };
            return match self.bytes(next.segment)? {
                Some(_) => self.read(next),
                None => Ok(Frame::End(Position { at: position.at.min(bytes), ..position })),
            };
        }
        match read_frame(&file, position, bytes, &path)? {
            Ok(batch) => {
                let at = position.at + FRAME_HEADER_BYTES + batch.len() as u64;
                Ok(Frame::Batch(batch, Position { at, ..position }))
            }
            Err(reason) => {
                let end = self.find_frame(&file, position, bytes, &path)?;
                if end.at < bytes {
                    return Ok(Frame::Damaged { end, more_follows: true, reason });
                }
                self.damaged(position.segment, end, reason)
            }
        }
    }

    fn damaged(
        &self,
        segment: u32,
        end: Position,
        reason: &'static str,
    ) -> Result<Frame, StoreError> {
        let more_follows = self.bytes(segment + 1)?.is_some();
        let end = if more_follows {
            Position { segment: segment + 1, at: HEADER.len() as u64 }
        } else {
            end
        };
        Ok(Frame::Damaged { end, more_follows, reason })
    }

    /// Reads some bytes of a batch.
    pub(crate) fn read_bytes(&self, position: Position, len: usize) -> Result<Vec<u8>, StoreError> {
        let path = self.path(position.segment);
        let lost = || StoreError::Record {
            path: path.clone(),
            at: position.at,
            reason: "it is not there".to_owned(),
        };
        let file = self.open(position.segment)?.ok_or_else(lost)?;
        if file_bytes(&file, &path)? < position.at.saturating_add(len as u64) {
            return Err(lost());
        }
        let mut bytes = vec![0; len];
        read_at(&file, &mut bytes, position.at, &path)?;
        Ok(bytes)
    }

    /// Appends a batch at the end, which the caller knows and holds the lock for, and makes it
    /// durable. Returns where the batch itself starts, and the new end.
    ///
    /// Whatever stands after `end` is cut off. On an error nothing is appended, or something that
    /// is no frame.
    pub(crate) fn append(
        &self,
        end: Position,
        batch: &[u8],
    ) -> Result<(Position, Position), StoreError> {
        let mut end = end;
        if end.at > self.segment_bytes_max {
            end = Position { segment: end.segment + 1, at: HEADER.len() as u64 };
        }
        let path = self.path(end.segment);
        let failed = |call, it: io::Error| SystemError::new(call, &path, it);
        let (file, is_new) = self.open_for_append(end, &path)?;
        let len = u32::try_from(batch.len()).map_err(|_| StoreError::Record {
            path: path.clone(),
            at: end.at,
            reason: format!("a batch of {} bytes is too long", batch.len()),
        })?;
        let frame = frame_of(end, len, batch);
        fault::point("append: before the write");
        let written = write_in_parts(&file, &frame, end.at)
            .map_err(|it| failed("write", it))
            .and_then(|()| {
                fault::point("append: after the write");
                file.sync_data().map_err(|it| failed("fdatasync", it))
            });
        if let Err(error) = written {
            // The next to append finds the end anew if this fails too.
            let _ = file.set_len(end.at);
            return Err(error.into());
        }
        fault::point("append: after the sync");
        if is_new {
            self.folder.sync()?;
        }
        let start = Position { at: end.at + FRAME_HEADER_BYTES, ..end };
        Ok((start, Position { at: end.at + frame.len() as u64, ..end }))
    }

    /// Opens a segment whose end is `end`, or makes it.
    fn open_for_append(&self, end: Position, path: &Path) -> Result<(File, bool), StoreError> {
        let failed = |call, it: io::Error| SystemError::new(call, path, it);
        let name = name(end.segment);
        let file = match self.folder.read_write(&name) {
            Err(error) if error.is(nix::errno::Errno::ENOENT) => self.folder.create(&name)?,
            other => other?,
        };
        let bytes = file_bytes(&file, path)?;
        let is_new = bytes < HEADER.len() as u64;
        if is_new {
            file.write_all_at(HEADER, 0).map_err(|it| failed("write", it))?;
        } else if bytes > end.at {
            file.set_len(end.at).map_err(|it| failed("ftruncate", it))?;
        }
        Ok((file, is_new))
    }

    fn open(&self, segment: u32) -> Result<Option<File>, StoreError> {
        match self.folder.read(&name(segment)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.is(nix::errno::Errno::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn bytes(&self, segment: u32) -> Result<Option<u64>, StoreError> {
        Ok(self.folder.stat_if_there(&name(segment))?.map(|it| it.st_size.max(0) as u64))
    }

    /// Returns where the first frame after `position` in its segment is, or the segment's end.
    fn find_frame(
        &self,
        file: &File,
        position: Position,
        bytes: u64,
        path: &Path,
    ) -> Result<Position, StoreError> {
        let mut piece = vec![0; 1 << 20];
        let mut at = position.at + 1;
        while at + FRAME_HEADER_BYTES <= bytes {
            let len = piece.len().min((bytes - at) as usize);
            read_at(file, &mut piece[..len], at, path)?;
            let found = piece[..len].windows(MAGIC.len()).position(|it| it == MAGIC);
            let Some(found) = found else {
                // The magic may lie across two pieces.
                at += (len - (MAGIC.len() - 1).min(len - 1)) as u64;
                continue;
            };
            let candidate = Position { at: at + found as u64, ..position };
            if read_frame(file, candidate, bytes, path)?.is_ok() {
                return Ok(candidate);
            }
            at = candidate.at + 1;
        }
        Ok(Position { at: bytes, ..position })
    }
}

/// Returns the frame of a batch at a place.
#[cfg(test)]
pub(crate) fn encode_frame(segment: u32, at: u64, batch: &[u8]) -> Vec<u8> {
    frame_of(Position { segment, at }, batch.len() as u32, batch)
}

fn frame_of(position: Position, len: u32, batch: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES as usize + batch.len());
    frame.extend_from_slice(MAGIC);
    frame.extend_from_slice(&len.to_le_bytes());
    frame.extend_from_slice(&checksum(position, batch));
    frame.extend_from_slice(batch);
    frame
}

fn name(segment: u32) -> Vec<u8> {
    format!("{segment:08}.seg").into_bytes()
}

fn file_bytes(file: &File, path: &Path) -> Result<u64, SystemError> {
    Ok(crate::sys::stat_file(file, path)?.st_size.max(0) as u64)
}

fn read_at(file: &File, bytes: &mut [u8], at: u64, path: &Path) -> Result<(), SystemError> {
    file.read_exact_at(bytes, at).map_err(|it| SystemError::new("read", path, it))
}

/// Reads the frame at a place, or says why there is none.
fn read_frame(
    file: &File,
    position: Position,
    bytes: u64,
    path: &Path,
) -> Result<Result<Vec<u8>, &'static str>, SystemError> {
    let left = bytes - position.at;
    if left < FRAME_HEADER_BYTES {
        return Ok(Err("it is cut off"));
    }
    let mut header = [0; FRAME_HEADER_BYTES as usize];
    read_at(file, &mut header, position.at, path)?;
    let (magic, rest) = header.split_at(4);
    let (len, expected) = rest.split_at(4);
    if magic != MAGIC {
        return Ok(Err("it does not begin as a record does"));
    }
    let len = len.iter().rev().fold(0_u64, |len, byte| len << 8 | u64::from(*byte));
    if len > left - FRAME_HEADER_BYTES {
        return Ok(Err("it is cut off"));
    }
    let mut batch = vec![0; len as usize];
    read_at(file, &mut batch, position.at + FRAME_HEADER_BYTES, path)?;
    if checksum(position, &batch) != expected {
        return Ok(Err("its checksum is wrong"));
    }
    Ok(Ok(batch))
}

/// The checksum covers the place, so that a frame is none where it was not written.
fn checksum(position: Position, batch: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key(CHECKSUM_DOMAIN);
    hasher.update(&position.segment.to_le_bytes());
    hasher.update(&position.at.to_le_bytes());
    hasher.update(batch);
    let mut checksum = [0; 16];
    checksum.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    checksum
}

/// Writes a frame; under fault injection in two halves, so that a crash can fall between them.
fn write_in_parts(file: &File, frame: &[u8], at: u64) -> io::Result<()> {
    let half = if fault::is_on() { frame.len() / 2 } else { 0 };
    file.write_all_at(&frame[..half], at)?;
    fault::point("append: in the middle of the write");
    file.write_all_at(&frame[half..], at + half as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Fixture {
        temp: tempfile::TempDir,
        segments: Segments,
    }

    impl Fixture {
        fn new(segment_bytes_max: u64) -> Self {
            let temp = tempfile::tempdir().unwrap();
            let folder = Folder::open(temp.path()).unwrap();
            Fixture { segments: Segments { folder, segment_bytes_max }, temp }
        }

        fn append(&self, end: Position, batch: &str) -> Position {
            self.segments.append(end, batch.as_bytes()).unwrap().1
        }

        /// Shows all that is read, one frame a line.
        fn show(&self) -> String {
            let mut position = Position::START;
            let mut text = String::new();
            loop {
                let next = match self.segments.read(position).unwrap() {
                    Frame::Batch(batch, next) => {
                        text.push_str(&String::from_utf8_lossy(&batch));
                        next
                    }
                    Frame::Damaged { end, more_follows, reason } => {
                        text.push_str(&format!("({reason})"));
                        if !more_follows {
                            return text;
                        }
                        end
                    }
                    Frame::End(end) => {
                        assert!(self.segments.is_end(end).unwrap());
                        return text;
                    }
                };
                text.push(' ');
                position = next;
            }
        }

        fn change(&self, segment: u32, change: impl Fn(&mut Vec<u8>)) {
            let path = self.temp.path().join(format!("{segment:08}.seg"));
            let mut bytes = fs::read(&path).unwrap();
            change(&mut bytes);
            fs::write(&path, bytes).unwrap();
        }
    }

    #[test]
    fn what_is_appended_is_read_back_across_segments() {
        let fixture = Fixture::new(60);
        assert_eq!(fixture.show(), "");
        let mut end = Position::START;
        for batch in ["one", "two", "three", "four", "five"] {
            end = fixture.append(end, batch);
        }
        assert_eq!(fixture.show(), "one two three four five ");
        assert_eq!(end.segment, 3);
    }

    #[test]
    fn a_new_segment_that_was_only_begun_is_used() {
        for len in [0, 5, 16] {
            let fixture = Fixture::new(60);
            let mut end = fixture.append(Position::START, "one");
            end = fixture.append(end, "two");
            fs::write(fixture.temp.path().join("00000002.seg"), &HEADER[..len]).unwrap();
            fixture.append(end, "three");
            assert_eq!(fixture.show(), "one two three ", "with {len} bytes of header");
        }
    }

    #[test]
    fn what_is_cut_off_is_overwritten() {
        let fixture = Fixture::new(1000);
        let end = fixture.append(Position::START, "one");
        fixture.append(end, "a longer frame that is cut off");
        fixture.change(1, |it| it.truncate(60));
        assert_eq!(fixture.show(), "one (it is cut off)");
        fixture.append(end, "two");
        assert_eq!(fixture.show(), "one two ");
    }

    #[test]
    fn damage_in_the_middle_hides_nothing_after_it() {
        let fixture = Fixture::new(60);
        let mut end = Position::START;
        for batch in ["one", "two", "three", "four"] {
            end = fixture.append(end, batch);
        }
        fixture.change(1, |it| it[16 + 24] ^= 1);
        assert_eq!(fixture.show(), "(its checksum is wrong) two three four ");
        // At the end of a segment the next one follows.
        fixture.change(1, |it| {
            it[16 + 24] ^= 1;
            let last = it.len() - 1;
            it[last] ^= 1;
        });
        assert_eq!(fixture.show(), "one (its checksum is wrong) three four ");
    }

    #[test]
    fn a_frame_is_none_where_it_was_not_written() {
        let fixture = Fixture::new(1000);
        let end = fixture.append(Position::START, "one");
        fixture.append(end, "two");
        fixture.change(1, |it| {
            let copy = it[16..].to_vec();
            it.splice(16..16, copy);
        });
        assert_eq!(fixture.show(), "one two (its checksum is wrong)");
    }

    #[test]
    fn frames_are_found_again_far_away_and_across_pieces() {
        for gap in [1, 100, (1 << 20) - 2, (1 << 20) - 1, 1 << 20, 3 << 20] {
            let fixture = Fixture::new(u64::MAX);
            let end = fixture.append(Position::START, "one");
            fs::OpenOptions::new()
                .append(true)
                .open(fixture.segments.path(1))
                .unwrap()
                .set_len(end.at + gap)
                .unwrap();
            let path = fixture.segments.path(1);
            let (file, _) = fixture
                .segments
                .open_for_append(Position { at: end.at + gap, ..end }, &path)
                .unwrap();
            let later = Position { at: end.at + gap, ..end };
            file.write_all_at(&encode_frame(1, later.at, b"two"), later.at).unwrap();
            assert_eq!(fixture.show(), "one (it does not begin as a record does) two ", "{gap}");
        }
    }

    #[test]
    fn another_kind_of_file_is_refused() {
        let fixture = Fixture::new(1000);
        fs::write(fixture.temp.path().join("00000001.seg"), "something else entirely").unwrap();
        let error = fixture.segments.read(Position::START).unwrap_err();
        assert!(error.to_string().contains("instead of `kiln records 1`"), "{error}");
    }
}
