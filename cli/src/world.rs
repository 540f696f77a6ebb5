//! The outside world of the language: the disk, and the standard recipes below `std:`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use kiln_lang::{TreeEntry, TreeEntryKind, World, WorldError};

use crate::embedded::{self, RECIPES};
use crate::recall::Stamp;

/// The root of the standard recipes.
pub(crate) const STD: &str = "std:";

/// How many files a folder of the user may have that becomes a source.
const TREE_ENTRIES_MAX: usize = 200_000;

/// How many files and folders are looked at to find the recipes below a folder: several times those
/// of the largest collections of recipes, and a home directory's worth is still found in a second.
const LIST_ENTRIES_MAX: usize = 100_000;

/// Files of the machine by their paths, and the standard recipes below `std:`.
#[derive(Default)]
pub(crate) struct DiskWorld {
    seen: Seen,
}

/// Everything on the disk that was looked at, by its path, as it was just before.
pub(crate) type Seen = Arc<Mutex<HashMap<OsString, Stamp>>>;

impl DiskWorld {
    /// What is looked at from now on.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// Notes a path, before it is looked at: if it changes meanwhile, the note is out of date.
    fn look(&self, path: &Path) -> Stamp {
        let stamp = Stamp::of(path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(path.as_os_str().to_owned()).or_insert(stamp);
        stamp
    }
}

impl World for DiskWorld {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError> {
        match path.strip_prefix(STD) {
            Some(path) => embedded::find(RECIPES, path).map(Arc::from).ok_or(WorldError::NotFound),
            None => {
                let stamp = self.look(Path::new(path));
                read(path, &stamp).map(Arc::from).map_err(|error| reason(&error))
            }
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, WorldError> {
        let mut paths = Vec::new();
        if let Some(prefix) = dir.strip_prefix(STD) {
            for (path, _) in RECIPES {
                if let Some(rest) = path.strip_prefix(prefix)
                    && rest.ends_with(".kiln")
                {
                    paths.push(rest.trim_start_matches('/').to_owned());
                }
            }
            return Ok(paths);
        }
        let mut left = LIST_ENTRIES_MAX;
        self.list_folder(Path::new(dir), "", &mut left, &mut paths)
            .map_err(|error| reason(&error))?;
        paths.sort();
        Ok(paths)
    }

    fn tree(&self, path: &str) -> Result<Vec<TreeEntry>, WorldError> {
        if path.starts_with(STD) {
            let bytes = self.read(path)?;
            let kind = TreeEntryKind::File { bytes, executable: false };
            return Ok(vec![TreeEntry { path: String::new(), kind }]);
        }
        let root = Path::new(path);
        let mut entries = Vec::new();
        self.tree_below(root, String::new(), &mut entries).map_err(|error| reason(&error))?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }
}

/// Reads a file of about the size that was just seen.
fn read(path: &str, stamp: &Stamp) -> io::Result<Vec<u8>> {
    // One byte more than there should be tells that there is no more.
    let size = stamp.size().unwrap_or(0).min(1 << 30) as usize + 1;
    let mut bytes = vec![0; size];
    let mut file = File::open(path)?;
    let mut len = 0;
    loop {
        match file.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        // What is as long as it was is whole: this spares a call for each file of a large set.
        if len + 1 == size && len > 0 {
            break;
        }
        if len == bytes.len() {
            bytes.resize(len * 2, 0);
        }
    }
    bytes.truncate(len);
    Ok(bytes)
}

fn reason(error: &io::Error) -> WorldError {
    match error.kind() {
        io::ErrorKind::NotFound => WorldError::NotFound,
        _ => WorldError::Unreadable { reason: error.to_string() },
    }
}

impl DiskWorld {
    /// Collects the `.kiln` files below a folder; what begins with a dot is left out.
    fn list_folder(
        &self,
        folder: &Path,
        prefix: &str,
        left: &mut usize,
        out: &mut Vec<String>,
    ) -> io::Result<()> {
        self.look(folder);
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            *left = left.checked_sub(1).ok_or_else(|| {
                io::Error::other(format!(
                    "it has more than {LIST_ENTRIES_MAX} files and folders; recipes belong into a folder of their own"
                ))
            })?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|it| !it.starts_with('.')) else { continue };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.list_folder(&entry.path(), &format!("{prefix}{name}/"), left, out)?;
            } else if name.ends_with(".kiln") {
                out.push(format!("{prefix}{name}"));
            }
        }
        Ok(())
    }

    /// Collects everything below a path, or the file at it.
    fn tree_below(
        &self,
        path: &Path,
        relative: String,
        out: &mut Vec<TreeEntry>,
    ) -> io::Result<()> {
        if out.len() >= TREE_ENTRIES_MAX {
            let message = format!("it has more than {TREE_ENTRIES_MAX} files");
            return Err(io::Error::other(message));
        }
        self.look(path);
        let metadata = fs::symlink_metadata(path)?;
        let not_text =
            |what: &str| io::Error::other(format!("the {what} of `{relative}` is not UTF-8 text"));
        if metadata.is_symlink() {
            let target = fs::read_link(path)?;
            let target = target.to_str().ok_or_else(|| not_text("link"))?.to_owned();
            out.push(TreeEntry { path: relative, kind: TreeEntryKind::Symlink { target } });
        } else if metadata.is_dir() {
            let mut is_empty = true;
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                is_empty = false;
                let name = entry.file_name();
                let name = name.to_str().ok_or_else(|| not_text("name of an entry"))?;
                let below = if relative.is_empty() {
                    name.to_owned()
                } else {
                    format!("{relative}/{name}")
                };
                self.tree_below(&entry.path(), below, out)?;
            }
            if is_empty && !relative.is_empty() {
                out.push(TreeEntry { path: relative, kind: TreeEntryKind::EmptyFolder });
            }
        } else if metadata.is_file() {
            let bytes = fs::read(path)?.into();
            let executable = metadata.permissions().mode() & 0o100 != 0;
            out.push(TreeEntry { path: relative, kind: TreeEntryKind::File { bytes, executable } });
        } else {
            return Err(io::Error::other(format!(
                "`{relative}` is neither a file, a folder nor a link"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_with_too_many_files_are_no_folders_of_recipes() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.kiln"), "module a").unwrap();
        for name in ["b", "c"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("d.kiln"), "module d").unwrap();
        }
        let list = |mut left: usize| {
            let mut paths = Vec::new();
            DiskWorld::default()
                .list_folder(folder.path(), "", &mut left, &mut paths)
                .map(|()| paths.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(list(5), Ok(3));
        assert!(list(4).unwrap_err().contains("a folder of their own"));
    }

    #[test]
    fn the_standard_recipes_are_in_the_program() {
        let paths = DiskWorld::default().list(STD).unwrap();
        assert!(paths.contains(&"recipes/curl.kiln".to_owned()));
        let text = DiskWorld::default().read("std:recipes/curl.kiln").unwrap();
        assert!(std::str::from_utf8(&text).unwrap().contains("recipe curl"));
        assert_eq!(DiskWorld::default().read("std:recipes/none.kiln"), Err(WorldError::NotFound));
    }
}
