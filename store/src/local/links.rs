//! Links from outside the store that keep what they name, as specified in `spec/store/collection.md`.
//!
//! A link is a root whose name says where it is. What it keeps is read from the link itself by each
//! collection, so that whoever deletes the link, or lets it point elsewhere, has said all there is to
//! say. The record and the link are made under the store lock: no collection finds one without the
//! other.
//!
//! Two questions are asked of a link, and each is answered so that nothing is lost: whether it still
//! names an object, for which the name alone counts, as the store may lie at another path for others;
//! and whether it may be replaced, for which it has to lead into this very store.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::digest::ObjectId;
use crate::local::record::{Record, Root};
use crate::local::{LocalStore, new_name, now_s};
use crate::object::escape;
use crate::path::StorePath;
use crate::store::{Session as _, Store as _, StoreError};
use crate::sys::{Folder, SystemError};

/// The names of roots that are links begin so; the absolute path follows. [store.collection.13]
const NAME_PREFIX: &str = "link ";

/// The reason that is recorded for them.
const REASON: &str = "a link";

/// What is at the path of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtLink {
    /// A link to this object.
    Object(ObjectId),
    /// Nothing.
    Nothing,
    /// A link to something that is no object of the store.
    Elsewhere {
        /// Where it points.
        target: PathBuf,
    },
    /// A file or a folder.
    NoLink,
    /// Nobody can tell.
    Unread {
        /// What the kernel says.
        error: io::ErrorKind,
    },
}

/// A link that keeps an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLink {
    /// Where the link is.
    pub link: PathBuf,
    /// What it keeps.
    pub path: StorePath,
}

/// A link that was one, and keeps nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedLink {
    /// Where it was.
    pub link: PathBuf,
    /// What is there now.
    pub found: AtLink,
}

/// Why a link cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// There is something else, which stays.
    #[error("{} is {}, which is not replaced", shown(path), occupant(found))]
    Occupied {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: AtLink,
    },
    /// The path is none that a root can have.
    #[error("the path {} is not UTF-8 text", shown(path))]
    NotText {
        /// The path.
        path: PathBuf,
    },
    /// The link would be among the objects of the store.
    #[error("{} would be inside the store", shown(path))]
    InStore {
        /// The path.
        path: PathBuf,
    },
    /// The object is not valid.
    #[error("there is no object {id}")]
    NoObject {
        /// The object.
        id: ObjectId,
    },
    /// The kernel refuses the link, or its folder.
    #[error("cannot make a link: {0}")]
    System(#[from] SystemError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn shown(path: &Path) -> String {
    format!("`{}`", escape(path.as_os_str().as_bytes()))
}

fn occupant(found: &AtLink) -> String {
    match found {
        AtLink::Elsewhere { target } => {
            format!("a link to {}, which is not in this store", shown(target))
        }
        AtLink::NoLink => "there and no link".to_owned(),
        AtLink::Unread { error } => format!("there and cannot be read ({error})"),
        AtLink::Object(_) | AtLink::Nothing => "there".to_owned(),
    }
}

impl Root {
    /// Returns where the link is that this root is, if it is one.
    #[must_use]
    pub fn link(&self) -> Option<&Path> {
        self.name.strip_prefix(NAME_PREFIX).map(Path::new).filter(|it| it.is_absolute())
    }
}

/// Where a link is to be.
struct Spot {
    folder: Folder,
    name: Vec<u8>,
    /// The path, with no link in it but perhaps the last one.
    path: PathBuf,
}

impl LocalStore {
    /// Makes a symbolic link to the place of an object on this machine, and keeps the object from
    /// being collected for as long as the link names it. A link into this store is replaced.
    ///
    /// # Errors
    ///
    /// [`LinkError::Occupied`] if anything else is at the path,
    /// [`NoObject`](LinkError::NoObject) if the object is not valid, and as
    /// [`check_link`](Self::check_link).
    pub fn link(&self, path: &Path, object: &ObjectId) -> Result<(), LinkError> {
        let spot = self.spot(path)?;
        let session = self.session_of_this()?;
        session.hold(&[*object])?;
        let Some(info) = self.info(object)? else {
            return Err(LinkError::NoObject { id: *object });
        };
        let target = self.host_path(&info.path);
        let text = spot.path.to_str().ok_or_else(|| not_text(&spot.path))?;
        let name = format!("{NAME_PREFIX}{text}");
        // A collection finds both the record and the link, or neither.
        let _lock = self.shared.lock_store()?;
        let found = self.replaceable(&spot)?;
        let known = self.index().root(&name)?;
        if known.is_none_or(|it| it.object != *object) {
            let root = Root {
                name,
                object: *object,
                reason: REASON.to_owned(),
                expires_s: None,
                added_s: now_s(),
            };
            self.record(vec![Record::Root(root)])?;
        }
        if found.as_deref() != Some(&target) {
            place(&spot, &target, found.is_some())?;
        }
        Ok(())
    }

    /// Finds out whether a link can be made at a path, before anything is built for it.
    ///
    /// # Errors
    ///
    /// [`LinkError::Occupied`] if something else is there, [`NotText`](LinkError::NotText) and
    /// [`InStore`](LinkError::InStore) if a link cannot be there, and
    /// [`System`](LinkError::System) if there is no such folder.
    pub fn check_link(&self, path: &Path) -> Result<(), LinkError> {
        self.replaceable(&self.spot(path)?).map(|_| ())
    }

    /// Finds the folder of a path.
    fn spot(&self, path: &Path) -> Result<Spot, LinkError> {
        let Some(name) = path.file_name() else {
            return Err(LinkError::Occupied { path: path.to_owned(), found: AtLink::NoLink });
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let real =
            fs::canonicalize(parent).map_err(|it| SystemError::new("realpath", parent, it))?;
        let folder = Folder::open(&real)?;
        let spot = Spot { name: name.as_bytes().to_owned(), path: real.join(name), folder };
        if spot.path.to_str().is_none() {
            return Err(not_text(&spot.path));
        }
        if self.is_store_folder(&real) {
            return Err(LinkError::InStore { path: path.to_owned() });
        }
        Ok(spot)
    }

    /// Returns where the link points that is there and can be replaced; `None` if nothing is there.
    fn replaceable(&self, spot: &Spot) -> Result<Option<PathBuf>, LinkError> {
        let found = match read(&spot.path) {
            Ok(target) => {
                let is_ours = store_path(&target).is_some()
                    && spot
                        .folder
                        .path()
                        .join(&target)
                        .parent()
                        .is_some_and(|it| self.is_store_folder(it));
                if is_ours {
                    return Ok(Some(target));
                }
                AtLink::Elsewhere { target }
            }
            Err(AtLink::Nothing) => return Ok(None),
            Err(found) => found,
        };
        Err(LinkError::Occupied { path: spot.path.clone(), found })
    }

    fn is_store_folder(&self, path: &Path) -> bool {
        let (Ok(found), Ok(own)) = (fs::metadata(path), self.shared.store.own_stat()) else {
            return false;
        };
        (found.dev(), found.ino()) == (own.st_dev, own.st_ino)
    }

    /// Returns what is at the path of a link whose root names this object.
    pub(super) fn at_link(&self, link: &Path, root: &Root) -> Result<AtLink, StoreError> {
        let target = match read(link) {
            Ok(target) => target,
            Err(found) => return Ok(found),
        };
        let Some(path) = store_path(&target) else { return Ok(AtLink::Elsewhere { target }) };
        if path.digest_bytes() == StorePath::digest_of_object(&root.object) {
            return Ok(AtLink::Object(root.object));
        }
        // Somebody let it point to another object.
        let found = self.index().objects_of_path(&path.id_prefix())?;
        Ok(found.first().map_or(AtLink::Elsewhere { target }, |it| AtLink::Object(*it)))
    }
}

fn not_text(path: &Path) -> LinkError {
    LinkError::NotText { path: path.to_owned() }
}

/// Returns where a link points, or what is there instead.
fn read(path: &Path) -> Result<PathBuf, AtLink> {
    fs::read_link(path).map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT | Errno::ENOTDIR) => AtLink::Nothing,
        Some(Errno::EINVAL) => AtLink::NoLink,
        _ => AtLink::Unread { error: error.kind() },
    })
}

/// The object that a target names, wherever its store lies.
fn store_path(target: &Path) -> Option<StorePath> {
    StorePath::parse(target.file_name()?.to_str()?).ok()
}

/// Puts a link at its place, whole from the first moment on.
fn place(spot: &Spot, target: &Path, is_there: bool) -> Result<(), LinkError> {
    if !is_there {
        // Fails if something was put there meanwhile.
        symlink(target, &spot.path).map_err(|it| SystemError::new("symlink", &spot.path, it))?;
    } else {
        let mut temporary = b".kiln-link-".to_vec();
        temporary.extend(new_name());
        let path = spot.folder.path_of(&temporary);
        symlink(target, &path).map_err(|it| SystemError::new("symlink", &path, it))?;
        if let Err(error) = spot.folder.rename(&temporary, &spot.folder, &spot.name) {
            // What cannot be removed either is only a link.
            let _ = spot.folder.unlink(&temporary);
            return Err(error.into());
        }
    }
    // Some file systems cannot sync folders: the link is there all the same.
    let _ = spot.folder.sync();
    Ok(())
}
