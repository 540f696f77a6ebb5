//! Tar archives: v7, ustar, GNU long names, pax.
//!
//! Formats: tar(5) of libarchive, and POSIX `pax`. The blocks are walked here; the `tar` crate says
//! where the fields of a header are. Its own reader is not used, because it is lenient where tools
//! differ: it cuts base-256 numbers, ends a pax header at an empty line inside a value, ignores the
//! size field where pax has a size, reads a header of any length into memory, and takes the end of
//! the file for the end of the archive.

use tar::Header;

use crate::escape::escape;
use crate::unpack::format::Compression;
use crate::unpack::limits::{Limit, Meter, UnpackLimits};
use crate::unpack::name::EntryName;
use crate::unpack::pipe::Pipe;
use crate::unpack::tree::{Content, Tree};
use crate::unpack::{Refusal, UnpackError};

/// The size of a header, and what contents are padded to.
const BLOCK_BYTES: usize = 512;

/// Where in a header its type is.
const TYPE_AT: usize = 156;

/// The sizes from here on do not fit in the size field (eleven octal digits), so that pax alone
/// has them.
const FIELD_SIZE_END: u64 = 1 << 33;

/// Makes the entries of a tar archive.
pub(crate) fn unpack_tar(
    pipe: &mut Pipe,
    compression: Compression,
    tree: &mut Tree<'_>,
    meter: &Meter<'_>,
) -> Result<(), UnpackError> {
    let mut blocks = Blocks { pipe, meter, compression, entry: None };
    let mut extension = Extension::default();
    blocks.expect_header()?;
    loop {
        let Some(block) = blocks.block()? else {
            return Err(blocks.damaged("it ends without the end of the archive: was it truncated?"));
        };
        if block.iter().all(|it| *it == 0) {
            break;
        }
        if !has_right_checksum(&block) {
            return Err(blocks.damaged("a header has a wrong checksum"));
        }
        let header = Header::from_byte_slice(&block);
        blocks.entry = Some(header.path_bytes().into_owned());
        if read_extension(&mut blocks, header, &mut extension)? {
            continue;
        }
        unpack_entry(&mut blocks, header, std::mem::take(&mut extension), tree)?;
        blocks.entry = None;
    }
    if !extension.is_empty() {
        return Err(blocks.damaged("it ends after a header that describes a next entry"));
    }
    // [fetch.unpack.3] What follows the end is padding. It is read so that the checksums of the compressed data are
    // seen to be right.
    blocks.skip_rest()
}

/// Whether the checksum of a header block is right: the sum of its bytes, its own field taken as
/// spaces. Old archivers summed signed bytes.
pub(crate) fn has_right_checksum(block: &[u8]) -> bool {
    let Some(field) = block.get(148..156) else { return false };
    let Some(expected) = octal(field) else { return false };
    let bytes = || block[..148].iter().chain(&block[156..BLOCK_BYTES.min(block.len())]);
    let spaces = 8 * u64::from(b' ');
    let unsigned = bytes().map(|it| u64::from(*it)).sum::<u64>() + spaces;
    let signed = bytes().map(|it| i64::from(*it as i8)).sum::<i64>() + spaces as i64;
    expected == unsigned || i64::try_from(expected) == Ok(signed)
}

/// What headers said about the entry after them.
#[derive(Default)]
struct Extension {
    /// From a GNU long name.
    gnu_path: Option<Vec<u8>>,
    /// From a GNU long link name.
    gnu_link: Option<Vec<u8>>,
    /// From a pax header.
    pax: Option<PaxRecords>,
}

impl Extension {
    fn is_empty(&self) -> bool {
        self.gnu_path.is_none() && self.gnu_link.is_none() && self.pax.is_none()
    }
}

/// The records of a pax header that matter here.
#[derive(Default, Debug, PartialEq, Eq)]
struct PaxRecords {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    /// A record says that the file is sparse, in one of the ways of GNU tar.
    sparse: bool,
}

/// Reads a header that describes the next entry or all entries; `false` if this is no such header.
fn read_extension(
    blocks: &mut Blocks<'_, '_>,
    header: &Header,
    extension: &mut Extension,
) -> Result<bool, UnpackError> {
    let (is_path, is_pax, is_global) = match header.as_bytes()[TYPE_AT] {
        b'L' => (true, false, false),
        b'K' => (false, false, false),
        // Solaris wrote pax headers as `X`.
        b'x' | b'X' => (false, true, false),
        b'g' => (false, true, true),
        _ => return Ok(false),
    };
    let size = blocks.size_of(header)?;
    if size > UnpackLimits::HEADER_BYTES_MAX {
        let max = UnpackLimits::HEADER_BYTES_MAX;
        return Err(blocks
            .damaged(format!("an extended header has {size} bytes; at most {max} are allowed")));
    }
    let mut bytes = Vec::new();
    let mut contents = blocks.contents(size);
    loop {
        let piece = contents.next()?;
        if piece.is_empty() {
            break;
        }
        bytes.extend_from_slice(piece);
    }
    contents.finish()?;
    if is_pax {
        let records = pax_records(&bytes).map_err(|reason| blocks.damaged(reason))?;
        if is_global {
            // Git and others put a comment here. A path for all entries is nonsense.
            if records != PaxRecords::default() {
                return Err(blocks.damaged("a global pax header sets a path, link, size or holes"));
            }
        } else if extension.pax.replace(records).is_some() {
            return Err(blocks.damaged("two pax headers describe one entry"));
        }
    } else {
        // The name ends at its first NUL, which GNU tar always writes.
        let len = bytes.iter().position(|it| *it == 0).unwrap_or(bytes.len());
        if bytes[len..].iter().any(|it| *it != 0) {
            return Err(blocks.damaged("a long name goes on after a NUL byte"));
        }
        bytes.truncate(len);
        let name = if is_path { &mut extension.gnu_path } else { &mut extension.gnu_link };
        if name.replace(bytes).is_some() {
            return Err(blocks.damaged("two long names describe one entry"));
        }
    }
    Ok(true)
}

fn unpack_entry(
    blocks: &mut Blocks<'_, '_>,
    header: &Header,
    extension: Extension,
    tree: &mut Tree<'_>,
) -> Result<(), UnpackError> {
    let Extension { gnu_path, gnu_link, pax } = extension;
    let pax = pax.unwrap_or_default();
    let path = match (gnu_path, pax.path) {
        (Some(gnu), Some(pax)) if gnu != pax => {
            return Err(blocks.damaged("a GNU long name and a pax header disagree about the name"));
        }
        (Some(path), _) | (None, Some(path)) => path,
        (None, None) => header.path_bytes().into_owned(),
    };
    blocks.entry = Some(path.clone());
    let link = match (gnu_link, pax.link) {
        (Some(gnu), Some(pax)) if gnu != pax => {
            return Err(blocks.damaged("a GNU long name and a pax header disagree about the link"));
        }
        (Some(link), _) | (None, Some(link)) => link,
        (None, None) => header.link_name_bytes().unwrap_or_default().into_owned(),
    };
    let size = match (blocks.size_of(header)?, pax.size) {
        (size, None) => size,
        (field, Some(size)) if field == size || size >= FIELD_SIZE_END => size,
        (field, Some(size)) => {
            return Err(blocks.damaged(format!(
                "the sizes disagree: the header says {field} bytes, the pax header {size}"
            )));
        }
    };
    let refused = |refusal| Err(UnpackError::refused(&path, refusal));
    if pax.sparse {
        return refused(Refusal::Type { kind: "sparse file" });
    }
    let no_contents = |kind| match size {
        0 => Ok(()),
        bytes => Err(UnpackError::refused(&path, Refusal::UnexpectedContents { kind, bytes })),
    };
    let name = |tree: &Tree<'_>| EntryName::of_entry(&path, tree.depth_max());
    // A path that ends in a slash is a folder in archives older than the type for folders.
    let is_old_folder = path.ends_with(b"/");
    match header.as_bytes()[TYPE_AT] {
        b'0' | b'\0' | b'7' if !is_old_folder => {
            let Some(name) = name(tree)? else { return refused(Refusal::RootIsNoFolder) };
            let executable = octal(&header.as_bytes()[100..108]).unwrap_or(0) & 0o100 != 0;
            let slot = tree.reserve_file(&name, executable)?;
            let mut contents = blocks.contents(size);
            tree.fill_file(&name, executable, slot, &mut contents)?;
            contents.finish()
        }
        b'5' | b'0' | b'\0' | b'7' => {
            no_contents("a folder")?;
            match name(tree)? {
                Some(name) => tree.add_folder(&name),
                // `./`: the root is there already.
                None => Ok(()),
            }
        }
        b'2' => {
            no_contents("a symbolic link")?;
            let Some(name) = name(tree)? else { return refused(Refusal::RootIsNoFolder) };
            tree.add_link(&name, &link)
        }
        b'1' => {
            no_contents("a hard link")?;
            let Some(name) = name(tree)? else { return refused(Refusal::RootIsNoFolder) };
            match EntryName::parse(&link, tree.depth_max()) {
                Ok(Some(earlier)) => tree.add_hard_link(&name, &earlier),
                Ok(None) | Err(_) => refused(Refusal::LinkToNoFile),
            }
        }
        b'3' => refused(Refusal::Special { kind: "a character device" }),
        b'4' => refused(Refusal::Special { kind: "a block device" }),
        b'6' => refused(Refusal::Special { kind: "a FIFO" }),
        b'S' => refused(Refusal::Type { kind: "sparse file" }),
        // The label of the volume, which is no entry.
        b'V' => no_contents("a volume label"),
        b'M' => refused(Refusal::Type { kind: "part of a file on several volumes" }),
        b'D' => refused(Refusal::Type { kind: "folder of an incremental backup" }),
        b'N' => refused(Refusal::Type { kind: "old GNU long name" }),
        code => refused(Refusal::UnknownType { code: code.into() }),
    }
}

/// The archive as blocks of [`BLOCK_BYTES`].
struct Blocks<'a, 'm> {
    pipe: &'a mut Pipe,
    meter: &'a Meter<'m>,
    compression: Compression,
    /// The entry that is being read, for messages.
    entry: Option<Vec<u8>>,
}

impl<'a, 'm> Blocks<'a, 'm> {
    /// Looks whether this is a tar archive at all; nothing is used up.
    fn expect_header(&mut self) -> Result<(), UnpackError> {
        // The first chunk of a pipe is much larger than a block, unless the data ends before.
        if self.is_at_end()? || !super::format::looks_like_tar(self.pipe.chunk()) {
            let first = self.pipe.chunk();
            let first = escape(&first[..first.len().min(16)]);
            return Err(UnpackError::NoTar { format: self.compression.name(), first });
        }
        Ok(())
    }

    /// Reads one block; `None` at the end of the file.
    fn block(&mut self) -> Result<Option<[u8; BLOCK_BYTES]>, UnpackError> {
        let mut block = [0; BLOCK_BYTES];
        let mut len = 0;
        while len < BLOCK_BYTES {
            let piece = self.piece(BLOCK_BYTES - len)?;
            if piece.is_empty() {
                if len == 0 {
                    return Ok(None);
                }
                return Err(self.damaged("it ends inside a header: was it truncated?"));
            }
            let count = piece.len();
            block[len..len + count].copy_from_slice(piece);
            len += count;
        }
        Ok(Some(block))
    }

    /// Returns some of the next bytes, which then count as used; none at the end.
    fn piece(&mut self, bytes_max: usize) -> Result<&[u8], UnpackError> {
        match self.pipe.next(bytes_max) {
            Ok(bytes) => {
                self.meter.add_bytes(bytes.len() as u64)?;
                Ok(bytes)
            }
            Err(error) => Err(broken(self.compression, self.entry.as_deref(), &error)),
        }
    }

    /// Returns a reader of an entry's contents, padding included.
    fn contents(&mut self, size: u64) -> Contents<'_, 'a, 'm> {
        Contents { blocks: self, size, left: size }
    }

    fn skip_rest(&mut self) -> Result<(), UnpackError> {
        while !self.piece(usize::MAX)?.is_empty() {}
        Ok(())
    }

    fn size_of(&self, header: &Header) -> Result<u64, UnpackError> {
        number(&header.as_old().size)
            .ok_or_else(|| self.damaged("the size of an entry is not a number"))
    }

    fn damaged(&self, reason: impl std::fmt::Display) -> UnpackError {
        UnpackError::damaged("tar", self.entry.as_deref(), reason)
    }

    fn is_at_end(&mut self) -> Result<bool, UnpackError> {
        self.pipe
            .is_at_end()
            .map_err(|error| broken(self.compression, self.entry.as_deref(), &error))
    }
}

/// The contents of one entry.
struct Contents<'b, 'a, 'm> {
    blocks: &'b mut Blocks<'a, 'm>,
    size: u64,
    left: u64,
}

impl Content for Contents<'_, '_, '_> {
    fn next(&mut self) -> Result<&[u8], UnpackError> {
        if self.left == 0 {
            return Ok(&[]);
        }
        if self.blocks.is_at_end()? {
            let size = self.size;
            let have = size - self.left;
            return Err(self.blocks.damaged(format!(
                "the entry should have {size} bytes, but the archive ends after {have}: was it truncated?"
            )));
        }
        let bytes_max = usize::try_from(self.left).unwrap_or(usize::MAX);
        let piece = self.blocks.piece(bytes_max)?;
        self.left -= piece.len() as u64;
        Ok(piece)
    }
}

impl Contents<'_, '_, '_> {
    /// Skips the padding.
    fn finish(self) -> Result<(), UnpackError> {
        let blocks = self.blocks;
        let mut left = (BLOCK_BYTES - (self.size % BLOCK_BYTES as u64) as usize) % BLOCK_BYTES;
        while left > 0 {
            match blocks.piece(left)?.len() {
                0 => return Err(blocks.damaged("it ends inside an entry: was it truncated?")),
                count => left -= count,
            }
        }
        Ok(())
    }
}

/// The error of the decompressor.
fn broken(compression: Compression, entry: Option<&[u8]>, error: &std::io::Error) -> UnpackError {
    if compression.is_over_memory(error) {
        let max = UnpackLimits::DICTIONARY_BYTES_MAX;
        return UnpackError::Limit { limit: Limit::Dictionary, max };
    }
    UnpackError::damaged(compression.name(), entry, error)
}

/// Reads a number field: octal digits, or with the highest bit set, base 256.
fn number(field: &[u8]) -> Option<u64> {
    match field.first()? {
        // Base 256; `0xff` would be a negative number.
        0x80 => field[1..].iter().try_fold(0_u64, |number, byte| {
            number.checked_mul(256).map(|it| it | u64::from(*byte))
        }),
        0x81.. => None,
        _ => octal(field),
    }
}

/// Reads octal digits between spaces, up to a NUL. An empty field is zero.
fn octal(field: &[u8]) -> Option<u64> {
    let len = field.iter().position(|it| *it == 0).unwrap_or(field.len());
    field[..len].trim_ascii().iter().try_fold(0_u64, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8).map(|it| it | u64::from(digit - b'0')),
        _ => None,
    })
}

/// Reads the records of a pax header: `<length> <key>=<value>\n`, the length being that of all.
fn pax_records(mut bytes: &[u8]) -> Result<PaxRecords, &'static str> {
    let mut records = PaxRecords::default();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|it| *it == b' ').ok_or("a pax record has no length")?;
        let len = std::str::from_utf8(&bytes[..space])
            .ok()
            .filter(|it| it.bytes().all(|it| it.is_ascii_digit()))
            .and_then(|it| it.parse::<usize>().ok())
            .ok_or("the length of a pax record is not a number")?;
        if len <= space || len > bytes.len() {
            return Err("the length of a pax record is wrong");
        }
        let (record, rest) = bytes.split_at(len);
        bytes = rest;
        let [record @ .., b'\n'] = &record[space + 1..] else {
            return Err("a pax record does not end in a newline");
        };
        let equals = record.iter().position(|it| *it == b'=').ok_or("a pax record has no `=`")?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        let repeated = match key {
            b"path" => records.path.replace(value.to_vec()).is_some(),
            b"linkpath" => records.link.replace(value.to_vec()).is_some(),
            b"size" => {
                let size = std::str::from_utf8(value)
                    .ok()
                    .filter(|it| it.bytes().all(|it| it.is_ascii_digit()))
                    .and_then(|it| it.parse().ok())
                    .ok_or("the size in a pax header is not a number")?;
                records.size.replace(size).is_some()
            }
            _ => {
                records.sparse |= key.starts_with(b"GNU.sparse.");
                false
            }
        };
        if repeated {
            return Err("a pax header sets a key twice");
        }
    }
    Ok(records)
}
