//! Files and folders beside recipes that become inputs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kiln_lang::{TreeEntryKind, World, WorldError};
use kiln_store::{FileEntry, ImportSource, ObjectId, StoreName};

/// Files and folders beside recipes, by store name and path: each is read once.
#[derive(Default)]
pub(super) struct Imports {
    found: Mutex<HashMap<(StoreName, String), Found>>,
}

/// The object that holds a file or folder, and where its bytes are.
type Found = Result<(ObjectId, ImportSource), ImportMistake>;

/// Why a path cannot be an input.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ImportMistake {
    /// There is nothing that can be read.
    #[error("cannot read `{path}`: {reason}")]
    Unreadable {
        /// The path.
        path: String,
        /// What the world says.
        reason: WorldError,
    },
    /// It is something else.
    #[error("`{path}` is neither a file nor a folder with something in it")]
    Neither {
        /// The path.
        path: String,
    },
    /// Something in it cannot be kept.
    #[error("`{path}` cannot be an input: {reason}")]
    Refused {
        /// The path.
        path: String,
        /// What the store says.
        reason: String,
    },
}

impl Imports {
    /// Returns the object that holds what is at `path`, and where its bytes are.
    pub(super) fn get(&self, world: &dyn World, name: &StoreName, path: &str) -> Found {
        let key = (name.clone(), path.to_owned());
        if let Some(found) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return found.clone();
        }
        // Two threads may both read it, and find the same.
        let read = read(world, name, path);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.entry(key).or_insert(read).clone()
    }
}

fn read(world: &dyn World, name: &StoreName, path: &str) -> Found {
    let entries = world
        .tree(path)
        .map_err(|reason| ImportMistake::Unreadable { path: path.to_owned(), reason })?;
    if let [entry] = &entries[..]
        && entry.path.is_empty()
    {
        return match &entry.kind {
            TreeEntryKind::File { bytes, executable } => Ok((
                ObjectId::of_file(name, bytes, *executable),
                ImportSource::File { bytes: bytes.clone(), executable: *executable },
            )),
            TreeEntryKind::Symlink { .. } | TreeEntryKind::EmptyFolder => {
                Err(ImportMistake::Neither { path: path.to_owned() })
            }
        };
    }
    let listed = entries.iter().map(|it| {
        let entry = match &it.kind {
            TreeEntryKind::File { bytes, executable } => {
                FileEntry::File { bytes, executable: *executable }
            }
            TreeEntryKind::Symlink { target } => FileEntry::Link { target: target.as_bytes() },
            TreeEntryKind::EmptyFolder => FileEntry::Folder,
        };
        (it.path.as_bytes(), entry)
    });
    match ObjectId::of_tree(name, listed) {
        Ok(object) => Ok((object, ImportSource::Path(path.into()))),
        Err(error) => {
            Err(ImportMistake::Refused { path: path.to_owned(), reason: error.to_string() })
        }
    }
}
