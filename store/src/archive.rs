//! Objects as one stream, as specified in `spec/store/substitution.md`.
//!
//! ```text
//! zstd( "kiln object v1\n\n", u64 length, manifest,
//!       the template of each file in the order of a walk, but of equal files the first only )
//! ```
//!
//! The manifest says how long each template is and what it must hash to, so that nothing is believed
//! and nothing more is read than the object's id vouches for.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::builder::Cancel;
use crate::digest::ObjectId;
use crate::object::{File, FileKey, Item, Object, escape, escape_names};
use crate::path::StorePath;
use crate::pool::Pool;
use crate::read::read_template;
use crate::store::{ArchiveError, PlaceError, StoreError};
use crate::sys::{Folder, SystemError};
use crate::write::{Source, Sources, WriteError, write_object};

/// What every archive starts with, once it is decompressed.
const HEADER: &[u8; 16] = b"kiln object v1\n\n";

/// The greatest length of a manifest: an object with the most entries and long names.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;

/// How hard archives are compressed; see `spec/store/substitution.md`.
const LEVEL: i32 = 3;

/// Reads the object with this id from an archive and writes it as the entry `name` of `stage`.
pub(crate) fn read_archive(
    archive: &mut dyn Read,
    id: &ObjectId,
    stage: &Folder,
    name: &[u8],
    pool: Option<&Pool>,
    cancel: &Cancel,
) -> Result<Object, PlaceError> {
    let decoder = zstd::Decoder::new(archive).map_err(ArchiveError::Read)?;
    let mut stream = Cancellable { inner: decoder, cancel };
    let object = read_manifest(&mut stream, id).map_err(|it| stopped(it, cancel))?;
    let mut sources = Templates { stream, object: &object, id, seen: BTreeSet::new() };
    write_object(&object, id, stage, name, pool, &mut sources)?;
    let mut rest = [0];
    let stream = &mut sources.stream;
    match stream.read(&mut rest).map_err(|it| stopped(it.into(), cancel))? {
        0 => Ok(object),
        _ => Err(ArchiveError::Leftover { object: object.path(id) }.into()),
    }
}

/// Reads the manifest at the start of an archive.
fn read_manifest(stream: &mut dyn Read, id: &ObjectId) -> Result<Object, ArchiveError> {
    let mut header = [0; HEADER.len()];
    stream.read_exact(&mut header)?;
    if header != *HEADER {
        return Err(ArchiveError::NotAnArchive { found: escape(&header) });
    }
    let mut len = [0; 8];
    stream.read_exact(&mut len)?;
    let bytes = u64::from_le_bytes(len);
    if bytes > MANIFEST_BYTES_MAX {
        return Err(ArchiveError::ManifestTooLong { bytes, bytes_max: MANIFEST_BYTES_MAX });
    }
    let mut manifest = Vec::new();
    // What is claimed is not reserved before it has come.
    stream.take(bytes).read_to_end(&mut manifest)?;
    if (manifest.len() as u64) < bytes {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    let object = Object::decode_manifest(&manifest)?;
    let found = object.id();
    if found != *id {
        return Err(ArchiveError::WrongObject { expected: *id, found });
    }
    Ok(object)
}

fn stopped(error: ArchiveError, cancel: &Cancel) -> ArchiveError {
    if cancel.is_set() { ArchiveError::Cancelled } else { error }
}

/// A stream that ends with an error once it is cancelled.
struct Cancellable<'a, R> {
    inner: R,
    cancel: &'a Cancel,
}

impl<R: Read> Read for Cancellable<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_set() {
            return Err(io::Error::other("stopped"));
        }
        self.inner.read(bytes)
    }
}

struct Templates<'a, R> {
    stream: Cancellable<'a, R>,
    object: &'a Object,
    id: &'a ObjectId,
    seen: BTreeSet<FileKey>,
}

impl<R: Read> Sources for Templates<'_, R> {
    type Error = PlaceError;

    fn next(
        &mut self,
        file: &File,
        is_known: bool,
        write: &mut dyn FnMut(Source<'_>) -> Result<(), WriteError>,
    ) -> Result<(), PlaceError> {
        if !self.seen.insert(file.key()) {
            return Ok(());
        }
        let cancel = self.stream.cancel;
        if is_known {
            let copied = io::copy(&mut (&mut self.stream).take(file.bytes), &mut io::sink())
                .map_err(|it| stopped(it.into(), cancel))?;
            if copied < file.bytes {
                return Err(ArchiveError::Read(io::ErrorKind::UnexpectedEof.into()).into());
            }
            return Ok(());
        }
        write(Source::Stream(&mut self.stream)).map_err(|error| match error {
            WriteError::System(error) => error.into(),
            WriteError::Read(error) => stopped(error.into(), cancel).into(),
            WriteError::WrongTemplate => {
                let object = self.object.path(self.id);
                ArchiveError::WrongFile { object, path: path_of(self.object, file) }.into()
            }
        })
    }
}

/// Returns the first path at which an object has this file, escaped.
fn path_of(object: &Object, wanted: &File) -> String {
    let mut path = String::new();
    let _ = object.walk(|names, item| match item {
        Item::File(file) if file == wanted => {
            path = escape_names(names.iter().copied());
            Err(())
        }
        Item::File(_) | Item::Folder(_) | Item::Link(_) => Ok(()),
    });
    path
}

/// Why an object could not be put into an archive.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The object is not valid.
    #[error("there is no object {id}")]
    NoObject {
        /// The object.
        id: ObjectId,
    },
    /// A file of the object is not what it was.
    #[error("`{path}` of {object} is damaged; verify the store")]
    Damaged {
        /// The object.
        object: StorePath,
        /// The file, escaped.
        path: String,
    },
    /// The archive could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The archive.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel refused something.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes an object, whose files are the entry `name` of `parent`, as an archive.
pub(crate) fn write_archive(
    object: &Object,
    id: &ObjectId,
    parent: &Folder,
    name: &[u8],
    out: &mut dyn Write,
    out_path: &Path,
) -> Result<(), ExportError> {
    let failed = |source| ExportError::Write { path: out_path.to_owned(), source };
    let mut encoder = zstd::Encoder::new(out, LEVEL).map_err(failed)?;
    encoder.include_checksum(true).map_err(failed)?;
    let manifest = object.encode_manifest();
    encoder
        .write_all(HEADER)
        .and_then(|()| encoder.write_all(&(manifest.len() as u64).to_le_bytes()))
        .and_then(|()| encoder.write_all(&manifest))
        .map_err(failed)?;
    let mut writer =
        ArchiveWriter { object, id, seen: BTreeSet::new(), names: Vec::new(), encoder, out_path };
    writer.item(parent, name, &object.root)?;
    writer.encoder.finish().map_err(failed)?;
    Ok(())
}

struct ArchiveWriter<'a, W: Write> {
    object: &'a Object,
    id: &'a ObjectId,
    seen: BTreeSet<FileKey>,
    names: Vec<String>,
    encoder: zstd::Encoder<'static, W>,
    out_path: &'a Path,
}

impl<W: Write> ArchiveWriter<'_, W> {
    /// Writes the files of one entry. Objects are at most `DEPTH_MAX` deep.
    fn item(&mut self, parent: &Folder, name: &[u8], item: &Item) -> Result<(), ExportError> {
        match item {
            Item::Link(_) => Ok(()),
            Item::Folder(tree) => {
                let folder = parent.folder(name)?;
                for entry in tree.entries() {
                    self.names.push(entry.name.to_string());
                    self.item(&folder, entry.name.as_bytes(), &entry.item)?;
                    self.names.pop();
                }
                Ok(())
            }
            Item::File(file) => {
                if !self.seen.insert(file.key()) {
                    return Ok(());
                }
                let mut open = parent.read(name)?;
                let encoder = &mut self.encoder;
                let mut failed = None;
                let read = read_template(&mut open, file, self.object, self.id, &mut |piece| {
                    encoder.write_all(piece).map_err(|it| {
                        failed = Some(it);
                        io::ErrorKind::Other.into()
                    })
                });
                if let Some(source) = failed {
                    return Err(ExportError::Write { path: self.out_path.to_owned(), source });
                }
                let template =
                    read.map_err(|it| SystemError::new("read", &parent.path_of(name), it))?;
                if template.id != file.template || !template.wrong_sites.is_empty() {
                    return Err(ExportError::Damaged {
                        object: self.object.path(self.id),
                        path: self.names.join("/"),
                    });
                }
                Ok(())
            }
        }
    }
}
