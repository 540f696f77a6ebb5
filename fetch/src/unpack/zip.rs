//! Zip archives and wheels.
//!
//! Format: APPNOTE.TXT of PKWARE. The `zip` crate reads the directory, compares every local header
//! with it and finds overlaps and unlisted entries; checksums and sizes are verified as entries are
//! read. Entries are independent, so that several threads inflate and write them.

use std::collections::BTreeSet;
use std::io::{Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use zip::CompressionMethod;
use zip::read::{ArchiveOffset, Config, ZipArchive, ZipFile, ZipReadOptions};
use zip::result::ZipError;

use crate::unpack::limits::{Meter, UnpackLimits};
use crate::unpack::name::EntryName;
use crate::unpack::section::Section;
use crate::unpack::tree::{Content, Slot, Tree};
use crate::unpack::{Refusal, UnpackError};

/// How many threads unpack one archive at most. The kernel makes files of one folder one at a
/// time, so that more do not help.
const THREADS_MAX: usize = 4;

/// Files of this size or more are begun first, so that no thread is left alone with one at the end.
const LARGE_BYTES: u64 = 4 << 20;

/// How many files a thread takes at once, at most, as long as they are not large.
const BATCH_FILES_MAX: usize = 64;

/// The length of a header of the central directory, without its name, extra field and comment.
const CENTRAL_HEADER_BYTES: usize = 46;

/// How many bytes are inflated at once.
const CHUNK_BYTES: usize = 128 << 10;

type Archive<'a> = ZipArchive<Section<'a>>;

/// A file to be written.
struct Job {
    index: usize,
    name: EntryName,
    executable: bool,
    bytes: u64,
}

/// Makes the entries of a zip archive.
pub(crate) fn unpack_zip(
    file: Section<'_>,
    tree: &mut Tree<'_>,
    meter: &Meter<'_>,
) -> Result<(), UnpackError> {
    // [fetch.unpack.4] Something in front of the first entry would make this another kind of file.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive =
        ZipArchive::with_config(config, file).map_err(|error| damaged(None, &error))?;
    if let Err(error) = archive.validate_header_consistency() {
        return Err(find_inconsistency(&mut archive).unwrap_or_else(|| damaged(None, &error)));
    }
    let mut jobs = Vec::new();
    for index in 0..archive.len() {
        jobs.extend(begin_entry(&mut archive, index, tree, meter)?);
    }
    jobs.sort_by_key(|job| if job.bytes >= LARGE_BYTES { (0, job.index) } else { (1, job.index) });
    write_files(&archive, &jobs, tree, meter)
}

/// Finds the entry whose two headers disagree, if that is what is wrong.
fn find_inconsistency(archive: &mut Archive<'_>) -> Option<UnpackError> {
    if archive.has_duplicate_names() {
        let path = find_repeated(archive)?;
        return Some(UnpackError::refused(&path, Refusal::Taken { earlier: "a file" }));
    }
    (0..archive.len()).find_map(|index| {
        let path = archive.by_index_data(index).ok()?.name_raw().to_vec();
        let options = ZipReadOptions::new().enforce_header_consistency(true);
        let options = options.ignore_encryption_flag(true);
        match archive.by_index_with_options(index, options) {
            Err(error @ ZipError::InvalidArchive(_)) => Some(damaged(Some(&path), &error)),
            Ok(_) | Err(_) => None,
        }
    })
}

/// Finds a name that the central directory has twice, which the crate only counts.
fn find_repeated(archive: &Archive<'_>) -> Option<Vec<u8>> {
    let mut file = archive.clone().into_inner();
    file.seek(SeekFrom::Start(archive.central_directory_start())).ok()?;
    let mut names = BTreeSet::new();
    loop {
        let mut header = [0; CENTRAL_HEADER_BYTES];
        file.read_exact(&mut header).ok()?;
        if header[..4] != *b"PK\x01\x02" {
            return None;
        }
        let field = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let mut name = vec![0; field(28)];
        file.read_exact(&mut name).ok()?;
        file.seek_relative((field(30) + field(32)) as i64).ok()?;
        if !names.insert(name.clone()) {
            return Some(name);
        }
    }
}

/// Makes a folder or link, or returns what there is to do for a file.
fn begin_entry(
    archive: &mut Archive<'_>,
    index: usize,
    tree: &mut Tree<'_>,
    meter: &Meter<'_>,
) -> Result<Option<Job>, UnpackError> {
    let entry = archive.by_index_raw(index).map_err(|error| damaged(None, &error))?;
    let path = entry.name_raw().to_vec();
    let refused = |refusal| Err(UnpackError::refused(&path, refusal));
    if entry.encrypted() {
        return refused(Refusal::Encrypted);
    }
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return refused(Refusal::Method);
    }
    let bytes = entry.size();
    if entry.compression() == CompressionMethod::Stored && entry.compressed_size() != bytes {
        let packed = entry.compressed_size();
        let reason =
            format!("it is stored as it is, but has {packed} bytes packed and {bytes} not");
        return Err(UnpackError::damaged("zip", Some(&path), reason));
    }
    let mode = entry.unix_mode().unwrap_or(0);
    drop(entry);
    let name = EntryName::of_entry(&path, tree.depth_max())?;
    let file_type = mode & 0o170_000;
    if path.ends_with(b"/") || file_type == 0o040_000 {
        if bytes > 0 {
            return refused(Refusal::UnexpectedContents { kind: "a folder", bytes });
        }
        return name.map_or(Ok(()), |name| tree.add_folder(&name)).map(|()| None);
    }
    let Some(name) = name else { return refused(Refusal::RootIsNoFolder) };
    match file_type {
        // Archivers of other systems write no type.
        0 | 0o100_000 => {}
        0o120_000 => {
            if bytes > UnpackLimits::PATH_BYTES_MAX as u64 {
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                return refused(Refusal::LongTarget { bytes });
            }
            let mut target = Vec::new();
            let mut buffer = [0; UnpackLimits::PATH_BYTES_MAX + 1];
            let mut contents = contents(archive, index, &path, meter, &mut buffer)?;
            loop {
                let piece = contents.next()?;
                if piece.is_empty() {
                    break;
                }
                target.extend_from_slice(piece);
            }
            return tree.add_link(&name, &target).map(|()| None);
        }
        0o020_000 => return refused(Refusal::Special { kind: "a character device" }),
        0o060_000 => return refused(Refusal::Special { kind: "a block device" }),
        0o010_000 => return refused(Refusal::Special { kind: "a FIFO" }),
        0o140_000 => return refused(Refusal::Special { kind: "a socket" }),
        code => return refused(Refusal::UnknownType { code }),
    }
    let executable = mode & 0o100 != 0;
    match tree.reserve_file(&name, executable)? {
        Slot::Fresh => Ok(Some(Job { index, name, executable, bytes })),
        // The directory of a zip is a list of what is there: nothing is there twice.
        Slot::Again => refused(Refusal::Taken { earlier: "a file" }),
    }
}

fn write_files(
    archive: &Archive<'_>,
    jobs: &[Job],
    tree: &Tree<'_>,
    meter: &Meter<'_>,
) -> Result<(), UnpackError> {
    let batches = batches(jobs);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(THREADS_MAX).min(batches.len().max(1));
    let next = AtomicUsize::new(0);
    // The error of the first entry, in the order of the jobs, that has one.
    let failed: Mutex<Option<(usize, UnpackError)>> = Mutex::new(None);
    let work = || {
        let mut archive = archive.clone();
        let mut buffer = vec![0; CHUNK_BYTES];
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            for at in batch.clone() {
                let Job { index, name, executable, .. } = &jobs[at];
                let written = contents(&mut archive, *index, name.as_bytes(), meter, &mut buffer)
                    .and_then(|mut it| tree.fill_file(name, *executable, Slot::Fresh, &mut it));
                if let Err(error) = written {
                    // Nobody begins another batch; those who are at one finish it.
                    next.store(batches.len(), Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(|it| it.into_inner());
                    if failed.as_ref().is_none_or(|(earlier, _)| at < *earlier) {
                        *failed = Some((at, error));
                    }
                    return;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Where no more threads can be had, there is this one.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    match failed.into_inner().unwrap_or_else(|it| it.into_inner()) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

/// Groups neighbours, which lie side by side in the archive and mostly in one folder: a thread then
/// reads on where it is, and seldom waits for another to leave a folder.
fn batches(jobs: &[Job]) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, job) in jobs.iter().enumerate() {
        match batches.last_mut() {
            Some(batch) if bytes + job.bytes <= LARGE_BYTES && batch.len() < BATCH_FILES_MAX => {
                batch.end = at + 1;
                bytes += job.bytes;
            }
            _ => {
                batches.push(at..at + 1);
                bytes = job.bytes;
            }
        }
    }
    batches
}

/// The contents of one entry.
struct Contents<'a, R: Read> {
    reader: R,
    path: &'a [u8],
    buffer: &'a mut [u8],
    size: u64,
    left: u64,
    meter: &'a Meter<'a>,
}

fn contents<'c, 'f>(
    archive: &'c mut Archive<'f>,
    index: usize,
    path: &'c [u8],
    meter: &'c Meter<'c>,
    buffer: &'c mut [u8],
) -> Result<Contents<'c, ZipFile<'c, Section<'f>>>, UnpackError> {
    let reader = archive.by_index(index).map_err(|error| damaged(Some(path), &error))?;
    let size = reader.size();
    Ok(Contents { reader, path, buffer, size, left: size, meter })
}

impl<R: Read> Content for Contents<'_, R> {
    fn next(&mut self) -> Result<&[u8], UnpackError> {
        let mut len = 0;
        while len < self.buffer.len() {
            match self.reader.read(&mut self.buffer[len..]) {
                Ok(0) => break,
                Ok(count) => len += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(UnpackError::damaged("zip", Some(self.path), error)),
            }
        }
        if len as u64 > self.left || (len == 0 && self.left > 0) {
            let size = self.size;
            let reason = format!("the entry should have {size} bytes, but has other than that");
            return Err(UnpackError::damaged("zip", Some(self.path), reason));
        }
        self.left -= len as u64;
        self.meter.add_bytes(len as u64)?;
        Ok(&self.buffer[..len])
    }
}

fn damaged(entry: Option<&[u8]>, error: &ZipError) -> UnpackError {
    let text = error.to_string();
    let text = text.strip_prefix("invalid Zip archive: ").unwrap_or(&text);
    let text = text.strip_prefix("header inconsistency detected: ").unwrap_or(text);
    UnpackError::damaged("zip", entry, text)
}
