//! Writing an object as files: templates with every site filled in.
//!
//! Files of one object with the same template, sites and executability are one file with several
//! names, and a file without sites that the [`Pool`] has is another name of that one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File as OpenFile;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::digest::{BlobId, ObjectId};
use crate::object::{File, FileKey, HOLE, Item, Link, Object, Site, Sites};
use crate::path::DIGEST_LEN;
use crate::pool::Pool;
use crate::sys::{Folder, SystemError, seal_file, write_with_holes};

/// The name of the folder in a stage in which files wait that will get more names.
const SHARED: &[u8] = b"shared";

/// Where the bytes of a file that is to be written come from.
pub(crate) enum Source<'a> {
    /// The template, in memory. It is used up.
    Template(Vec<u8>),
    /// The template, to be read to its end.
    Stream(&'a mut dyn io::Read),
    /// The file as a build left it, with something else at the sites, to be read to its end.
    Original(&'a mut dyn io::Read),
    /// The file is in its place already, but for the sites, which hold something else.
    InPlace,
}

/// Gives the bytes of the files of an object in the order of [`Object::walk`].
pub(crate) trait Sources {
    /// What can go wrong.
    type Error: From<SystemError>;

    /// Calls `write` with the source of the next file of the object, once or not at all.
    ///
    /// `is_known` says that the file is there without it; `write` must not be called then.
    fn next(
        &mut self,
        file: &File,
        is_known: bool,
        write: &mut dyn FnMut(Source<'_>) -> Result<(), WriteError>,
    ) -> Result<(), Self::Error>;
}

/// Why a file could not be written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The kernel refused something.
    System(SystemError),
    /// The source could not be read.
    Read(io::Error),
    /// The source did not have the bytes that the object says.
    WrongTemplate,
}

impl From<SystemError> for WriteError {
    fn from(error: SystemError) -> Self {
        WriteError::System(error)
    }
}

/// Writes `object` as the entry `name` of `stage`, where parts of it may lie already.
///
/// All modes and times are those of the store, but for the mode of a folder that is the root: it
/// stays writable, because its owner could not move it otherwise.
pub(crate) fn write_object<S: Sources>(
    object: &Object,
    id: &ObjectId,
    stage: &Folder,
    name: &[u8],
    pool: Option<&Pool>,
    sources: &mut S,
) -> Result<(), S::Error> {
    let mut writer = Writer {
        object,
        id,
        pool,
        shared: None,
        stage,
        repeated: find_repeated(object),
        written: BTreeMap::new(),
        sources,
    };
    writer.item(stage, name, &object.root, true)
}

fn find_repeated(object: &Object) -> BTreeSet<FileKey> {
    let mut seen = BTreeSet::new();
    let mut repeated = BTreeSet::new();
    let done: Result<(), std::convert::Infallible> = object.walk(|_, item| {
        if let Item::File(file) = item
            && !seen.insert(file.key())
        {
            repeated.insert(file.key());
        }
        Ok(())
    });
    done.unwrap_or_else(|never| match never {});
    repeated
}

struct Writer<'a, S> {
    object: &'a Object,
    id: &'a ObjectId,
    pool: Option<&'a Pool>,
    stage: &'a Folder,
    /// The folder of shared files, made when the first is.
    shared: Option<Folder>,
    repeated: BTreeSet<FileKey>,
    /// The names of shared files.
    written: BTreeMap<FileKey, Vec<u8>>,
    sources: &'a mut S,
}

impl<'a, S: Sources> Writer<'a, S> {
    /// Writes one entry. Objects are at most `DEPTH_MAX` deep.
    fn item(
        &mut self,
        parent: &Folder,
        name: &[u8],
        item: &'a Item,
        is_root: bool,
    ) -> Result<(), S::Error> {
        match item {
            Item::Folder(tree) => {
                let folder = parent.folder_or_new(name)?;
                for entry in tree.entries() {
                    self.item(&folder, entry.name.as_bytes(), &entry.item, false)?;
                }
                folder.set_time()?;
                if !is_root {
                    folder.set_mode(0o555)?;
                }
                Ok(())
            }
            Item::File(file) => self.file(parent, name, file),
            Item::Link(link) => Ok(parent.create_link(name, &self.fill_link(link))?),
        }
    }

    fn file(&mut self, parent: &Folder, name: &[u8], file: &'a File) -> Result<(), S::Error> {
        let pooled = match self.pool {
            Some(pool) => pool.link_to(file, parent, name, self.stage)?,
            None => false,
        };
        let is_known = pooled || self.link_shared(parent, name, file)?;
        let (object, id) = (self.object, self.id);
        self.sources.next(file, is_known, &mut |source| {
            write_file(object, id, parent, name, file, source)
        })?;
        if let Some(pool) = self.pool
            && !is_known
        {
            pool.add(file, parent, name)?;
        }
        Ok(self.share(parent, name, file)?)
    }

    /// Makes the entry another name of a file of this object that is the same, if one is.
    fn link_shared(
        &mut self,
        parent: &Folder,
        name: &[u8],
        file: &'a File,
    ) -> Result<bool, SystemError> {
        let (Some(shared), Some(shared_name)) = (&self.shared, self.written.get(&file.key()))
        else {
            return Ok(false);
        };
        // A copy of the same file may have been staged here already.
        match parent.unlink(name) {
            Ok(()) => {}
            Err(error) if error.is(Errno::ENOENT) => {}
            Err(error) => return Err(error),
        }
        match shared.link(shared_name, parent, name) {
            Ok(()) => Ok(true),
            Err(error) if error.is(Errno::EMLINK) => {
                copy_file(shared, shared_name, parent, name, file.executable)?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps a name of the first of several files that are the same.
    fn share(&mut self, parent: &Folder, name: &[u8], file: &'a File) -> Result<(), SystemError> {
        if self.repeated.is_empty() {
            return Ok(());
        }
        let key = file.key();
        if !self.repeated.contains(&key) || self.written.contains_key(&key) {
            return Ok(());
        }
        if self.shared.is_none() {
            self.shared = Some(self.stage.folder_or_new(SHARED)?);
        }
        let Some(shared) = &self.shared else { return Ok(()) };
        let shared_name = self.written.len().to_string().into_bytes();
        parent.link(name, shared, &shared_name)?;
        self.written.insert(key, shared_name);
        Ok(())
    }

    fn fill_link(&self, link: &Link) -> Vec<u8> {
        let mut target = link.template.to_vec();
        fill(&mut target, 0, &link.sites, self.object, self.id);
        target
    }
}

/// Writes the references into a part of a template that starts at byte `start` of the whole.
pub(crate) fn fill(part: &mut [u8], start: u64, sites: &Sites, object: &Object, id: &ObjectId) {
    replace(part, start, sites, |site| object.digest_of_target(id, site.target));
}

/// Writes something of 32 characters to each site of a part that starts at byte `start`.
fn replace(part: &mut [u8], start: u64, sites: &Sites, with: impl Fn(&Site) -> [u8; DIGEST_LEN]) {
    let end = start + part.len() as u64;
    let sites = sites.as_slice();
    let first = sites.partition_point(|it| it.at + DIGEST_LEN as u64 <= start);
    for site in sites[first..].iter().take_while(|it| it.at < end) {
        let digest = with(site);
        let from = start.max(site.at);
        let to = end.min(site.at + DIGEST_LEN as u64);
        part[(from - start) as usize..(to - start) as usize]
            .copy_from_slice(&digest[(from - site.at) as usize..(to - site.at) as usize]);
    }
}

fn write_file(
    object: &Object,
    id: &ObjectId,
    parent: &Folder,
    name: &[u8],
    file: &File,
    source: Source<'_>,
) -> Result<(), WriteError> {
    let path = || parent.path_of(name);
    let failed = |it: io::Error| SystemError::new("write", &path(), it);
    let filled = |part: &mut [u8], at| fill(part, at, &file.sites, object, id);
    let open = match source {
        Source::Template(mut template) => {
            filled(&mut template, 0);
            let mut open = parent.create(name)?;
            open.write_all(&template).map_err(failed)?;
            open
        }
        Source::Stream(stream) => {
            let open = parent.create(name)?;
            copy_stream(stream, &open, file, &|_, _| (), &filled, &path)?;
            open
        }
        Source::Original(stream) => {
            let open = parent.create(name)?;
            let blank = |part: &mut [u8], at| replace(part, at, &file.sites, |_| HOLE);
            copy_stream(stream, &open, file, &blank, &filled, &path)?;
            open
        }
        Source::InPlace => {
            let open = parent.read_write(name)?;
            for site in file.sites.as_slice() {
                let digest = object.digest_of_target(id, site.target);
                let mut there = [0; DIGEST_LEN];
                open.read_exact_at(&mut there, site.at).map_err(failed)?;
                if there != digest {
                    open.write_all_at(&digest, site.at).map_err(failed)?;
                }
            }
            open
        }
    };
    Ok(seal_file(&open, file.executable, &path())?)
}

/// Changes a part of a file that starts at a byte of the whole.
type Change<'a> = &'a dyn Fn(&mut [u8], u64);

/// Copies exactly the bytes of `file`, which `blank` makes a template and `fill` the file again, and
/// checks the template.
fn copy_stream(
    stream: &mut dyn io::Read,
    open: &OpenFile,
    file: &File,
    blank: Change<'_>,
    fill: Change<'_>,
    path: &dyn Fn() -> PathBuf,
) -> Result<(), WriteError> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; (1 << 20).min(file.bytes as usize)];
    let mut at = 0;
    while at < file.bytes {
        let len = piece.len().min((file.bytes - at) as usize);
        let part = &mut piece[..len];
        stream.read_exact(part).map_err(WriteError::Read)?;
        blank(part, at);
        hasher.update(part);
        fill(part, at);
        write_with_holes(open, part).map_err(|it| SystemError::new("write", &path(), it))?;
        at += len as u64;
    }
    open.set_len(at).map_err(|it| SystemError::new("ftruncate", &path(), it))?;
    if BlobId(*hasher.finalize().as_bytes()) != file.template {
        return Err(WriteError::WrongTemplate);
    }
    Ok(())
}

fn copy_file(
    from: &Folder,
    from_name: &[u8],
    to: &Folder,
    name: &[u8],
    executable: bool,
) -> Result<(), SystemError> {
    let mut source = from.read(from_name)?;
    let mut target = to.create(name)?;
    let path = to.path_of(name);
    io::copy(&mut source, &mut target).map_err(|it| SystemError::new("write", &path, it))?;
    seal_file(&target, executable, &path)
}

/// Closes the folder that is the root of an object in its final place.
pub(crate) fn seal_root(folder: &Folder, name: &[u8], object: &Object) -> Result<(), SystemError> {
    if matches!(object.root, Item::Folder(_)) {
        folder.folder(name)?.set_mode(0o555)?;
    }
    Ok(())
}

/// Opens the folder that is the root of an object again, so that its owner can move it.
pub(crate) fn unseal_root(folder: &Folder, name: &[u8]) -> Result<(), SystemError> {
    match folder.folder(name) {
        Ok(root) => root.set_mode(0o755),
        Err(error) if error.is(Errno::ENOTDIR) || error.is(Errno::ELOOP) => Ok(()),
        Err(error) if error.is(Errno::EACCES) => folder.make_readable(name, 0o755),
        Err(error) => Err(error),
    }
}
