//! A substituter in a folder: static files, which any web server could serve as they are.
//!
//! ```text
//! kiln-substituter                           "kiln substituter 1"
//! realisations/<2 digits>/<62 digits>  a realisation, by action id
//! objects/<2 digits>/<62 digits>.zst   an archive, by object id
//! ```
//!
//! A file appears under its name only when it is whole, and never changes. An object is there before
//! what refers to it, and a realisation after its objects; so whoever sees a file can read all that
//! it leads to. See `spec/store/substitution.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::archive::{ExportError, write_archive};
use crate::digest::{ActionId, ObjectId};
use crate::object::Object;
use crate::realisation::Realisation;
use crate::store::Store;
use crate::substitute::{
    CACHE_MARK, CACHE_MARK_TEXT, Miss, Substituter, cached_object, cached_realisation,
    read_cached_realisation,
};
use crate::sys::{Folder, SystemError};

/// A substituter in a folder, and what writes to it.
#[derive(Debug)]
pub struct DirectorySubstituter {
    root: PathBuf,
    name: String,
}

/// Why a folder cannot be used as a substituter.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It is not a substituter.
    #[error("{} is not a substituter: it has no `{CACHE_MARK}`", path.display())]
    NotASubstituter {
        /// The folder.
        path: PathBuf,
    },
    /// It is a substituter of another version.
    #[error("the substituter {} says it is `{found}`; this program knows `kiln substituter 1`", path.display())]
    OtherVersion {
        /// The folder.
        path: PathBuf,
        /// What it says it is, escaped.
        found: String,
    },
    /// The kernel refused something.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Objects that were written.
    pub objects: usize,
    /// Objects that were there already.
    pub objects_there: usize,
    /// Realisations that were written.
    pub realisations: usize,
    /// Bytes of what was written.
    pub bytes: u64,
}

static COUNT: AtomicU64 = AtomicU64::new(0);

impl DirectorySubstituter {
    /// Uses the substituter in a folder.
    ///
    /// # Errors
    ///
    /// As [`DirectoryError`].
    pub fn open(root: &Path) -> Result<Self, DirectoryError> {
        let mark = root.join(CACHE_MARK);
        match fs::read_to_string(&mark) {
            Ok(text) if text == CACHE_MARK_TEXT => {
                let name = root.display().to_string();
                Ok(DirectorySubstituter { root: root.to_owned(), name })
            }
            Ok(text) => Err(DirectoryError::OtherVersion {
                path: root.to_owned(),
                found: text.escape_debug().take(40).collect(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(DirectoryError::NotASubstituter { path: root.to_owned() })
            }
            Err(error) => Err(SystemError::new("read", &mark, error).into()),
        }
    }

    /// Uses the substituter in a folder, or makes one if the folder is empty or does not exist.
    ///
    /// # Errors
    ///
    /// As [`DirectoryError`].
    pub fn create(root: &Path) -> Result<Self, DirectoryError> {
        let failed = |call, it| SystemError::new(call, root, it);
        fs::create_dir_all(root).map_err(|it| failed("mkdir", it))?;
        let is_empty = fs::read_dir(root).map_err(|it| failed("opendir", it))?.next().is_none();
        if is_empty {
            let mark = root.join(CACHE_MARK);
            write_whole(&mark, &mut |file| file.write_all(CACHE_MARK_TEXT.as_bytes()))
                .map_err(|it| SystemError::new("write", &mark, it))?;
        }
        DirectorySubstituter::open(root)
    }

    /// Writes realisations, their objects, and all that these refer to, and makes it durable.
    /// `progress` is called with each object before it is looked at.
    ///
    /// # Errors
    ///
    /// As [`ExportError`]. What is in the folder by then stays and is whole.
    pub fn export(
        &self,
        store: &dyn Store,
        realisations: &[Realisation],
        progress: &dyn Fn(&ObjectId),
    ) -> Result<Exported, ExportError> {
        let mut exported = Exported::default();
        let mut done = BTreeSet::new();
        for realisation in realisations {
            for id in realisation.outputs.values() {
                self.export_closure(store, id, &mut done, &mut exported, progress)?;
            }
            self.export_realisation(realisation, &mut exported)?;
        }
        Folder::open(&self.root)?.sync_file_system()?;
        Ok(exported)
    }

    /// Writes realisations without their objects: what inputs turned out to be, for whoever wants
    /// only what was made of them.
    ///
    /// # Errors
    ///
    /// As [`ExportError`]. What is in the folder by then stays and is whole.
    pub fn export_known(&self, realisations: &[Realisation]) -> Result<Exported, ExportError> {
        let mut exported = Exported::default();
        for realisation in realisations {
            self.export_realisation(realisation, &mut exported)?;
        }
        Folder::open(&self.root)?.sync_file_system()?;
        Ok(exported)
    }

    fn export_realisation(
        &self,
        realisation: &Realisation,
        exported: &mut Exported,
    ) -> Result<(), ExportError> {
        let path = self.realisation_path(&realisation.action);
        if fs::exists(&path).unwrap_or(false) {
            return Ok(());
        }
        let encoding = realisation.encode();
        write_whole(&path, &mut |file| file.write_all(&encoding))
            .map_err(|source| ExportError::Write { path, source })?;
        exported.realisations += 1;
        exported.bytes += encoding.len() as u64;
        Ok(())
    }

    /// Writes an object after all that it refers to.
    fn export_closure(
        &self,
        store: &dyn Store,
        id: &ObjectId,
        done: &mut BTreeSet<ObjectId>,
        exported: &mut Exported,
        progress: &dyn Fn(&ObjectId),
    ) -> Result<(), ExportError> {
        // Each object is on the stack until what it refers to is written; chains of references may
        // be longer than the program's stack.
        let mut open = vec![(*id, false)];
        while let Some((id, refs_done)) = open.pop() {
            if done.contains(&id) {
                continue;
            }
            let object = store.object(&id)?.ok_or(ExportError::NoObject { id })?;
            if refs_done {
                progress(&id);
                self.export_object(store, &id, &object, exported)?;
                done.insert(id);
            } else {
                open.push((id, true));
                open.extend(object.refs.iter().map(|it| (*it, false)));
            }
        }
        Ok(())
    }

    fn export_object(
        &self,
        store: &dyn Store,
        id: &ObjectId,
        object: &Object,
        exported: &mut Exported,
    ) -> Result<(), ExportError> {
        let path = self.object_path(id);
        if fs::exists(&path).unwrap_or(false) {
            exported.objects_there += 1;
            return Ok(());
        }
        let store_path = object.path(id);
        let host_path = store.host_path(&store_path);
        let parent = Folder::open(host_path.parent().unwrap_or(Path::new("/")))?;
        let mut failed = None;
        let written = write_whole(&path, &mut |file| {
            let name = store_path.as_str().as_bytes();
            write_archive(object, id, &parent, name, file, &path).map_err(|it| {
                failed = Some(it);
                io::ErrorKind::Other.into()
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        exported.bytes += written.map_err(|source| ExportError::Write { path, source })?;
        exported.objects += 1;
        Ok(())
    }

    fn realisation_path(&self, action: &ActionId) -> PathBuf {
        self.root.join(cached_realisation(action))
    }

    fn object_path(&self, id: &ObjectId) -> PathBuf {
        self.root.join(cached_object(id))
    }
}

impl Substituter for DirectorySubstituter {
    fn name(&self) -> &str {
        &self.name
    }

    fn lookup(&self, actions: &[ActionId]) -> Result<BTreeMap<ActionId, Realisation>, Miss> {
        let mut found = BTreeMap::new();
        for action in actions {
            let path = self.realisation_path(action);
            let asked = || path.display().to_string();
            let miss = |reason: String| Miss { asked: asked(), reason, is_final: false };
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(miss(error.to_string())),
            };
            found.insert(*action, read_cached_realisation(&bytes, action).map_err(miss)?);
        }
        Ok(found)
    }

    fn open(&self, id: &ObjectId) -> Result<Option<Box<dyn Read + Send>>, Miss> {
        let path = self.object_path(id);
        match File::open(&path) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let asked = path.display().to_string();
                Err(Miss { asked, reason: error.to_string(), is_final: false })
            }
        }
    }
}

/// Writes a file that appears under its name when it is whole, and returns its size.
fn write_whole(
    path: &Path,
    write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> io::Result<u64> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let (pending, file) = create_pending(path)?;
    let attempt = || -> io::Result<u64> {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.flush()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_data()?;
        let bytes = file.metadata()?.len();
        fs::rename(&pending, path)?;
        Ok(bytes)
    };
    attempt().inspect_err(|_| {
        let _ = fs::remove_file(&pending);
    })
}

/// Makes a file beside `path` under a name that no other has: a process of another container may have
/// the same number, and one that was killed may have left what it began.
fn create_pending(path: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let pending = path.with_file_name(format!("new-{}-{count}", std::process::id()));
        match File::create_new(&pending) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return Ok((pending, created?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_of_this_number_began_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let other = |count: u64| temp.path().join(format!("new-{}-{count}", std::process::id()));
        let next = COUNT.load(Ordering::Relaxed);
        for count in next..next + 200 {
            fs::write(other(count), "another's").unwrap();
        }
        let path = temp.path().join("whole");
        assert_eq!(write_whole(&path, &mut |it| it.write_all(b"bytes")).unwrap(), 5);
        assert_eq!(fs::read(path).unwrap(), b"bytes");
        for count in next..next + 200 {
            assert_eq!(fs::read(other(count)).unwrap(), b"another's");
        }
    }
}
