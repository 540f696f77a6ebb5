//! A world in which files are listed in another order, as another file system might.

use std::sync::Arc;

use kiln_lang::{MemoryWorld, TreeEntry, World, WorldError};

/// A world that lists its files in the other order.
pub(crate) struct Reversed(pub(crate) MemoryWorld);

impl World for Reversed {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError> {
        self.0.read(path)
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, WorldError> {
        let mut paths = self.0.list(dir)?;
        paths.reverse();
        Ok(paths)
    }

    fn tree(&self, path: &str) -> Result<Vec<TreeEntry>, WorldError> {
        self.0.tree(path)
    }
}
