//! The outside world, as the language sees it: files, and nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What evaluation may know of the outside: the text of recipes and the bytes of files beside them.
///
/// No clock, no environment, no network: two worlds with equal files give equal results.
///
/// Paths are texts with `/` between components. What they mean is the implementation's business;
/// the standard recipes are below `std:`, files of the machine have their own absolute paths.
pub trait World: Sync + Send {
    /// Returns the bytes of a file.
    ///
    /// # Errors
    ///
    /// As [`WorldError`].
    fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError>;

    /// Returns the paths, relative to `dir` and sorted, of all `.kiln` files below it.
    ///
    /// # Errors
    ///
    /// As [`WorldError`]; also where there is more to look at than any collection of recipes has.
    /// Folders that begin with a dot are left out.
    fn list(&self, dir: &str) -> Result<Vec<String>, WorldError>;

    /// Returns the entries of the tree at `path`: every file and symbolic link below it, by path
    /// relative to it, sorted. Of a file, one entry with an empty path.
    ///
    /// # Errors
    ///
    /// As [`WorldError`].
    fn tree(&self, path: &str) -> Result<Vec<TreeEntry>, WorldError>;
}

/// A file or link of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// The path relative to the tree's root; empty for the root itself.
    pub path: String,
    /// What it is.
    pub kind: TreeEntryKind,
}

/// What a [`TreeEntry`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeEntryKind {
    /// A file.
    File {
        /// Its bytes.
        bytes: Arc<[u8]>,
        /// Whether it can be executed.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: String,
    },
    /// A folder without entries.
    EmptyFolder,
}

/// Why something of the outside could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldError {
    /// There is nothing at this path.
    NotFound,
    /// There is something, but it cannot be read.
    Unreadable {
        /// What the machine says.
        reason: String,
    },
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorldError::NotFound => f.write_str("there is no such file"),
            WorldError::Unreadable { reason } => f.write_str(reason),
        }
    }
}

/// A world of files in memory, for tests and examples.
#[derive(Debug, Clone, Default)]
pub struct MemoryWorld {
    files: BTreeMap<String, Arc<[u8]>>,
}

impl MemoryWorld {
    /// Makes a world without files.
    #[must_use]
    pub fn new() -> Self {
        MemoryWorld::default()
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: impl Into<String>, text: impl AsRef<[u8]>) {
        self.files.insert(path.into(), text.as_ref().into());
    }
}

impl World for MemoryWorld {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError> {
        self.files.get(path).cloned().ok_or(WorldError::NotFound)
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, WorldError> {
        let prefix = format!("{}/", dir.trim_end_matches('/'));
        let below = self.files.keys().filter_map(|it| it.strip_prefix(&prefix));
        Ok(below.filter(|it| it.ends_with(".kiln")).map(str::to_owned).collect())
    }

    fn tree(&self, path: &str) -> Result<Vec<TreeEntry>, WorldError> {
        let file = |path: &str, bytes: &Arc<[u8]>| TreeEntry {
            path: path.to_owned(),
            kind: TreeEntryKind::File { bytes: bytes.clone(), executable: false },
        };
        if let Some(bytes) = self.files.get(path) {
            return Ok(vec![file("", bytes)]);
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let entries: Vec<TreeEntry> = self
            .files
            .iter()
            .filter_map(|(path, bytes)| path.strip_prefix(&prefix).map(|it| file(it, bytes)))
            .collect();
        if entries.is_empty() { Err(WorldError::NotFound) } else { Ok(entries) }
    }
}
