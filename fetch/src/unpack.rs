//! Unpacking of archives that nobody vouches for, as specified in `spec/fetch/unpacking.md`.
//!
//! ```text
//! file ─Format::of─▶ Compression::reader ─Pipe─▶ tar ─┐
//!                    zip, its entries on two threads ─┴▶ Tree ─▶ target
//! ```
//!
//! The parsers only say what an archive contains; they never touch a file system. Everything is
//! made by [`tree`], below a folder that it made itself, and nothing is ever written through a
//! symbolic link or over something that is already there.

mod deb;
mod format;
mod limits;
mod name;
mod pipe;
mod section;
mod tar;
mod tree;
mod zip;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use kiln_store::{Cancel, UnpackRoot};

use crate::escape::escape;
use format::{Compression, FORMAT_BYTES, Format};
use limits::Meter;
pub use limits::{Limit, UnpackLimits};
use section::Section;
use tree::Tree;

/// Why an archive was not unpacked. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// There are no bytes.
    #[error("it is empty, which no archive is")]
    Empty,
    /// The bytes are no archive.
    #[error(
        "it begins with `{first}`, which is no archive that Kiln knows (tar, also packed by gzip, bzip2, xz or zstd; zip; deb)"
    )]
    UnknownFormat {
        /// The first bytes, escaped.
        first: String,
    },
    /// The archive has a format for which there is no unpacker.
    #[error(
        "it is packed by {format}, which Kiln cannot unpack; it can tar (also gzip, bzip2, xz, zstd), zip and deb"
    )]
    UnsupportedFormat {
        /// The format's name.
        format: &'static str,
    },
    /// What was compressed is no archive, but a single file perhaps.
    #[error("unpacked by {format}, it begins with `{first}`, which is no tar archive")]
    NoTar {
        /// What it was compressed by.
        format: &'static str,
        /// The first bytes, escaped.
        first: String,
    },
    /// An entry is one that no honest archive needs.
    #[error("the entry `{entry}` is refused: it {refusal}")]
    Refused {
        /// The entry's path as the archive has it, escaped.
        entry: String,
        /// Why.
        refusal: Refusal,
    },
    /// The archive contradicts itself, or its end is missing.
    #[error("the {format} data is damaged{}: {reason}", at_entry(entry.as_ref()))]
    Damaged {
        /// The format that is broken: `gzip`, `tar`, ….
        format: &'static str,
        /// The entry at which it shows, escaped, if it is known.
        entry: Option<String>,
        /// What is wrong.
        reason: String,
    },
    /// The archive asks for more than [`UnpackLimits`] allows.
    #[error("it has more than {max} {limit}")]
    Limit {
        /// What there is too much of.
        limit: Limit,
        /// How much is allowed.
        max: u64,
    },
    /// The part of the archive that was asked for is not there.
    #[error("it has no folder `{folder}`; at its top are {}", listed(top))]
    NoFolder {
        /// The folder that was asked for, escaped.
        folder: String,
        /// What is at the top of the archive, escaped.
        top: Vec<String>,
    },
    /// A file that was to be made executable is not there.
    #[error("`{path}` is to be executable, but it is {found}")]
    NoExecutable {
        /// The path, relative to the object's root, escaped.
        path: String,
        /// What is there.
        found: &'static str,
    },
    /// The archive cannot be read from disk.
    #[error("cannot read the archive: {source}")]
    Read {
        /// The kernel's answer.
        source: io::Error,
    },
    /// The disk refused.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// [`Cancel`] was set.
    #[error("unpacking was stopped")]
    Cancelled,
}

/// Why an entry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its path is empty.
    #[error("has no name")]
    EmptyName,
    /// Its path begins with `/`.
    #[error("has an absolute name")]
    AbsoluteName,
    /// Its path has a component `..`.
    #[error("has `..` in its name")]
    ParentInName,
    /// Its path has a NUL byte.
    #[error("has a NUL byte in its name")]
    NulInName,
    /// A component of its path is longer than a file system can store.
    #[error("has a component of {bytes} bytes in its name; at most 255 are allowed")]
    LongComponent {
        /// Its length.
        bytes: usize,
    },
    /// Its path is longer than the kernel accepts.
    #[error("has a name of {bytes} bytes; at most 4095 are allowed")]
    LongName {
        /// Its length.
        bytes: usize,
    },
    /// It has too many folders above it.
    #[error("lies {depth} folders deep; at most {depth_max} are allowed")]
    DeepName {
        /// The number of its components.
        depth: usize,
        /// How many are allowed.
        depth_max: usize,
    },
    /// It would replace the root of the tree.
    #[error("is the root of the archive, but no folder")]
    RootIsNoFolder,
    /// Something on its path is there and is no folder.
    #[error("lies below something that is not a folder")]
    BelowNoFolder,
    /// Its name is taken by something else.
    #[error("has the name of an earlier entry that is {earlier}")]
    Taken {
        /// What has the name.
        earlier: &'static str,
    },
    /// An earlier file has its name, and other bytes or another mode.
    #[error("repeats the name of an earlier file that differs")]
    Differs,
    /// The target of its symbolic link is empty.
    #[error("is a symbolic link to nothing")]
    EmptyTarget,
    /// The target of its symbolic link has a NUL byte.
    #[error("is a symbolic link whose target has a NUL byte")]
    NulInTarget,
    /// The target of its symbolic link is longer than the kernel accepts.
    #[error("is a symbolic link whose target has {bytes} bytes; at most 4095 are allowed")]
    LongTarget {
        /// Its length.
        bytes: usize,
    },
    /// It is a hard link to something that is not an earlier regular file of the archive.
    #[error("is a hard link to something that is not an earlier file of this archive")]
    LinkToNoFile,
    /// It is a link or folder that claims to have contents.
    #[error("is {kind}, but has {bytes} bytes of contents")]
    UnexpectedContents {
        /// What it is.
        kind: &'static str,
        /// How many bytes.
        bytes: u64,
    },
    /// It is a device, a FIFO or a socket.
    #[error("is {kind}")]
    Special {
        /// What it is.
        kind: &'static str,
    },
    /// Its type is one that Kiln does not unpack.
    #[error("has the type {kind}, which Kiln does not unpack")]
    Type {
        /// The type.
        kind: &'static str,
    },
    /// Its type is not one of those that the format knows.
    #[error("has the unknown type {code:#04x}")]
    UnknownType {
        /// The type's number in the format.
        code: u32,
    },
    /// It is encrypted.
    #[error("is encrypted")]
    Encrypted,
    /// It is compressed in a way that Kiln does not unpack.
    #[error("is compressed by a method other than deflate")]
    Method,
}

impl UnpackError {
    pub(crate) fn refused(path: &[u8], refusal: Refusal) -> Self {
        UnpackError::Refused { entry: escape(path), refusal }
    }

    fn damaged(format: &'static str, entry: Option<&[u8]>, reason: impl std::fmt::Display) -> Self {
        UnpackError::Damaged { format, entry: entry.map(escape), reason: reason.to_string() }
    }
}

fn at_entry(entry: Option<&String>) -> String {
    entry.map(|it| format!(" at `{it}`")).unwrap_or_default()
}

fn listed(names: &[String]) -> String {
    const NAMES_SHOWN_MAX: usize = 8;
    if names.is_empty() {
        return "no entries".to_owned();
    }
    let mut text = names
        .iter()
        .take(NAMES_SHOWN_MAX)
        .map(|it| format!("`{it}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMES_SHOWN_MAX {
        text.push_str(&format!(" and {} more", names.len() - NAMES_SHOWN_MAX));
    }
    text
}

/// Which part of an archive to unpack, where to, and how much it may ask for.
pub struct UnpackRequest<'a> {
    /// Which part becomes the tree.
    pub root: &'a UnpackRoot,
    /// Files made executable though the archive does not say so: relative to the tree's root.
    pub executables: &'a [String],
    /// Where to put the tree: does not exist, its parent does.
    pub target: &'a Path,
    /// How much the archive may ask for.
    pub limits: &'a UnpackLimits,
    /// Tells when to stop.
    pub cancel: &'a Cancel,
}

/// Unpacks `archive`, whose format is seen from its first bytes, into a new folder.
///
/// The tree holds only folders (mode 0755), regular files (0755 if the archive lets the owner
/// execute them, else 0644) and symbolic links. Owners, times, set-id bits and extended attributes
/// are not kept. The tree appears at the target whole or not at all; what a killed process leaves
/// behind is a folder beside it whose name begins with `.unpack-`.
///
/// # Errors
///
/// As [`UnpackError`]; then nothing is at the target.
pub fn unpack(archive: &File, request: &UnpackRequest<'_>) -> Result<(), UnpackError> {
    let read_error = |source| UnpackError::Read { source };
    let archive_bytes = archive.metadata().map_err(read_error)?.len();
    let all = Section::new(archive, 0, archive_bytes);
    let meter = Meter::new(request.limits, archive_bytes, request.cancel);
    let first = first_bytes(archive).map_err(read_error)?;
    let mut tree = Tree::create(request.target, &meter)?;
    match Format::of(&first) {
        Format::Tar => unpack_tar(all, Compression::None, &mut tree, &meter)?,
        Format::Compressed(compression) => unpack_tar(all, compression, &mut tree, &meter)?,
        Format::Zip => zip::unpack_zip(all, &mut tree, &meter)?,
        Format::Deb => {
            let (data, compression) = deb::data_member(&all)?;
            unpack_tar(data, compression, &mut tree, &meter)?;
        }
        Format::Unsupported(format) => return Err(UnpackError::UnsupportedFormat { format }),
        Format::Unknown if first.is_empty() => return Err(UnpackError::Empty),
        Format::Unknown => {
            return Err(UnpackError::UnknownFormat {
                first: escape(&first[..first.len().min(16)]),
            });
        }
    }
    tree.finish(request)
}

fn unpack_tar(
    packed: Section<'_>,
    compression: Compression,
    tree: &mut Tree<'_>,
    meter: &Meter<'_>,
) -> Result<(), UnpackError> {
    pipe::Pipe::run(
        move || compression.reader(packed),
        |pipe| tar::unpack_tar(pipe, compression, tree, meter),
    )
}

fn first_bytes(archive: &File) -> io::Result<Vec<u8>> {
    let mut first = vec![0; FORMAT_BYTES];
    let mut len = 0;
    while len < first.len() {
        match archive.read_at(&mut first[len..], len as u64) {
            Ok(0) => break,
            Ok(count) => len += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    first.truncate(len);
    Ok(first)
}
