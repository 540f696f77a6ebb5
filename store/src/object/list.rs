//! Objects made of files in memory: what evaluation needs to know the id of what it imports.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::{BlobId, ObjectId};
use crate::name::StoreName;
use crate::object::{Entry, EntryName, File, Item, Link, Object, ObjectError, Sites, Tree, escape};

/// One file, link or folder of a tree given as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEntry<'a> {
    /// A folder. Folders that hold something need not be listed.
    Folder,
    /// A regular file.
    File {
        /// What it holds.
        bytes: &'a [u8],
        /// Whether it can be executed.
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it points.
        target: &'a [u8],
    },
}

/// Why a list of files is no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Two entries have one path, or one lies below a file or link.
    #[error("`{path}` is listed twice, or lies below something that is not a folder")]
    Conflict {
        /// The path, escaped.
        path: String,
    },
    /// The entry cannot be part of an object.
    #[error("`{path}` cannot be part of an object: {source}")]
    Entry {
        /// The path, escaped.
        path: String,
        /// What is wrong with it.
        source: ObjectError,
    },
    /// The whole cannot be an object.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl ObjectId {
    /// Returns the id of the object that is one file with these bytes, without references.
    #[must_use]
    pub fn of_file(name: &StoreName, bytes: &[u8], executable: bool) -> ObjectId {
        let root = Item::File(file_item(bytes, executable));
        Object { name: name.clone(), refs: Vec::new(), root }.id()
    }

    /// Returns the id of the object that is the tree of these files, without references.
    ///
    /// Each path is relative, its components separated by `/`.
    ///
    /// ```
    /// # use kiln_store::{FileEntry, ObjectId, StoreName};
    /// let name = StoreName::new("hello-src")?;
    /// let main = FileEntry::File { bytes: b"int main(void) { return 0; }\n", executable: false };
    /// let id = ObjectId::of_tree(&name, [(b"src/main.c".as_slice(), main)])?;
    /// assert_eq!(
    ///     id.to_string(),
    ///     "9520154748603716f10d6bd3a5e438ce63989b076c8b30d001bc83ae5243c9f7"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ListError`].
    pub fn of_tree<'a>(
        name: &StoreName,
        files: impl IntoIterator<Item = (&'a [u8], FileEntry<'a>)>,
    ) -> Result<ObjectId, ListError> {
        let mut root = Folder::default();
        for (path, entry) in files {
            root.insert(path, entry)?;
        }
        let root = Item::Folder(Arc::new(root.into_tree()?));
        Ok(Object::new(name.clone(), Vec::new(), root)?.id())
    }
}

fn file_item(bytes: &[u8], executable: bool) -> File {
    File {
        template: BlobId::of_encoding(bytes),
        bytes: bytes.len() as u64,
        executable,
        sites: Sites::default(),
    }
}

/// A folder while it is put together.
#[derive(Default)]
struct Folder {
    entries: BTreeMap<EntryName, Part>,
}

enum Part {
    Folder(Folder),
    Other(Item),
}

impl Folder {
    fn insert(&mut self, path: &[u8], entry: FileEntry<'_>) -> Result<(), ListError> {
        let bad = |source| ListError::Entry { path: escape(path), source };
        let conflict = || ListError::Conflict { path: escape(path) };
        let names: Vec<EntryName> = path
            .split(|it| *it == b'/')
            .map(EntryName::new)
            .collect::<Result<_, _>>()
            .map_err(bad)?;
        if names.len() > super::DEPTH_MAX {
            return Err(bad(ObjectError::TooDeep { depth: names.len() }));
        }
        let mut folder = self;
        let last = names.len() - 1;
        for (at, name) in names.into_iter().enumerate() {
            let is_folder = at < last || entry == FileEntry::Folder;
            if !is_folder {
                let item = match entry {
                    FileEntry::File { bytes, executable } => {
                        Item::File(file_item(bytes, executable))
                    }
                    FileEntry::Link { target } => {
                        Item::Link(Link::new(target, Sites::default()).map_err(bad)?)
                    }
                    FileEntry::Folder => return Ok(()),
                };
                return match folder.entries.insert(name, Part::Other(item)) {
                    None => Ok(()),
                    Some(_) => Err(conflict()),
                };
            }
            match folder.entries.entry(name).or_insert_with(|| Part::Folder(Folder::default())) {
                Part::Folder(next) => folder = next,
                Part::Other(_) => return Err(conflict()),
            }
        }
        Ok(())
    }

    /// The depth is bounded by [`insert`](Folder::insert).
    fn into_tree(self) -> Result<Tree, ObjectError> {
        let entries = self
            .entries
            .into_iter()
            .map(|(name, part)| {
                let item = match part {
                    Part::Folder(folder) => Item::Folder(Arc::new(folder.into_tree()?)),
                    Part::Other(item) => item,
                };
                Ok(Entry { name, item })
            })
            .collect::<Result<_, ObjectError>>()?;
        Tree::new(entries)
    }
}
