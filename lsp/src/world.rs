//! The world with what editors have open on top.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use kiln_lang::{TreeEntry, World, WorldError};

/// Files of the machine, and the texts of open documents, which count instead.
pub(crate) struct EditorWorld {
    disk: Arc<dyn World>,
    std_root: String,
    open: RwLock<BTreeMap<String, Arc<str>>>,
}

impl EditorWorld {
    pub(crate) fn new(disk: Arc<dyn World>, std_root: &str) -> EditorWorld {
        EditorWorld { disk, std_root: std_root.to_owned(), open: RwLock::default() }
    }

    /// Lets a text count instead of the file, or the file again.
    pub(crate) fn set(&self, path: &str, text: Option<Arc<str>>) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        match text {
            Some(text) => open.insert(path.to_owned(), text),
            None => open.remove(path),
        };
    }

    fn open(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<str>>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World for EditorWorld {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError> {
        if let Some(text) = self.open().get(path) {
            return Ok(text.as_bytes().into());
        }
        // Documents without a file have addresses for paths.
        if !path.starts_with('/') && !path.starts_with(&self.std_root) {
            return Err(WorldError::NotFound);
        }
        self.disk.read(path)
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, WorldError> {
        let prefix = format!("{}/", dir.trim_end_matches('/'));
        let open = self.open();
        let new = open
            .keys()
            .filter_map(|it| it.strip_prefix(&prefix))
            .filter(|it| it.ends_with(".kiln") && !it.split('/').any(|it| it.starts_with('.')))
            .map(str::to_owned);
        let mut paths = match self.disk.list(dir) {
            Ok(paths) => paths,
            // A folder that is yet to be saved.
            Err(WorldError::NotFound) if new.clone().next().is_some() => Vec::new(),
            Err(error) => return Err(error),
        };
        paths.extend(new);
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    fn tree(&self, path: &str) -> Result<Vec<TreeEntry>, WorldError> {
        self.disk.tree(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_lang::MemoryWorld;

    #[test]
    fn open_documents_count_and_are_listed() {
        let mut disk = MemoryWorld::new();
        disk.insert("/w/a.kiln", "disk");
        let world = EditorWorld::new(Arc::new(disk), "std:");
        world.set("/w/a.kiln", Some("open".into()));
        world.set("/w/sub/new.kiln", Some("new".into()));
        assert_eq!(&*world.read("/w/a.kiln").unwrap(), b"open");
        assert_eq!(world.list("/w").unwrap(), ["a.kiln", "sub/new.kiln"]);
        assert_eq!(world.list("/w/sub").unwrap(), ["new.kiln"]);
        world.set("/w/a.kiln", None);
        assert_eq!(&*world.read("/w/a.kiln").unwrap(), b"disk");
        assert_eq!(world.read("untitled:1"), Err(WorldError::NotFound));
    }
}
