//! The outside world of the language: the disk, and the standard recipes below `std:`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use kiln_lang::{FastMap, TreeEntry, TreeEntryKind, World, WorldError};
use nix::fcntl::OFlag;

use crate::embedded::{self, RECIPES};
use crate::stamp::Stamp;

/// The root of the standard recipes.
pub(crate) const STD: &str = "std:";

/// How many files a folder of the user may have that becomes a source (`spec/lang/files.md`).
const TREE_ENTRIES_MAX: usize = 200_000;

/// How many GiB these may have together, or one file: they are hashed in memory. The sources of the
/// largest projects have less, the kernel's among them; what a compiler left beside them has more.
const TREE_GIB_MAX: u64 = 2;

/// How many files and folders are looked at to find the recipes below a folder: several times those
/// of the largest collections of recipes, and a home directory's worth is still found in a second.
const LIST_ENTRIES_MAX: usize = 100_000;

/// Files of the machine by their paths, and the standard recipes below `std:`.
#[derive(Default)]
pub(crate) struct DiskWorld {
    seen: Seen,
}

/// Everything on the disk that was looked at, by its path, as it was just before.
pub(crate) type Seen = Arc<Mutex<FastMap<OsString, Stamp>>>;

impl DiskWorld {
    /// What is looked at from now on.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// Notes a path, before it is looked at: if it changes meanwhile, the note is out of date.
    fn look(&self, path: &Path) -> Stamp {
        let stamp = Stamp::of(path);
        self.note(path, stamp);
        stamp
    }

    fn note(&self, path: &Path, stamp: Stamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(path.as_os_str().to_owned()).or_insert(stamp);
    }

    /// Reads a file of no more than `bytes_max`.
    fn read_file(&self, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        // Nearly all are files themselves. A path is looked up once for these, and not for the note
        // and for the bytes: that is much of what a file of a large set costs.
        if let Ok((file, metadata)) = open_itself(path) {
            self.note(path, Stamp::of_itself(&metadata));
            return read(file, metadata.len(), bytes_max);
        }
        let stamp = self.look(path);
        // Pipes and devices may have no end.
        if fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
            return Err(io::Error::other("it is neither a file nor a folder"));
        }
        read(File::open(path)?, stamp.size().unwrap_or(0), bytes_max)
    }
}

impl World for DiskWorld {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError> {
        match path.strip_prefix(STD) {
            Some(path) => embedded::find(RECIPES, path).map(Arc::from).ok_or(WorldError::NotFound),
            None => self
                .read_file(Path::new(path), TREE_GIB_MAX << 30)
                .map(Arc::from)
                .map_err(|error| reason(&error)),
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
        paths.sort_unstable();
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
        let mut left = TREE_GIB_MAX << 30;
        self.tree_below(root, String::new(), &mut left, &mut entries)
            .map_err(|error| reason(&error))?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }
}

/// Opens what is a file itself, and no link to one.
fn open_itself(path: &Path) -> io::Result<(File, fs::Metadata)> {
    // Without waiting for somebody to write, should it be a pipe.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok((file, metadata))
}

/// Reads a file of about the size that was just seen, and of no more than `bytes_max`.
fn read(mut file: File, seen: u64, bytes_max: u64) -> io::Result<Vec<u8>> {
    if seen > bytes_max {
        return Err(too_large());
    }
    // One byte more than there should be tells that there is no more.
    let size = seen.min(1 << 30) as usize + 1;
    let mut bytes = vec![0; size];
    let mut len = 0;
    loop {
        match file.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if len as u64 > bytes_max {
            return Err(too_large());
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

/// Why a file is not read.
fn too_large() -> io::Error {
    io::Error::other(format!(
        "it has more than {TREE_GIB_MAX} GiB; what is larger can be fetched, also from this machine: \
         `fetch(\"file:///…\", sha256 = \"…\")`"
    ))
}

/// Reads a file of this size, which may grow meanwhile; nothing if it has more than `bytes_max`.
fn read_at_most(path: &Path, size: u64, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    if size > bytes_max {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(size as usize);
    File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= bytes_max).then_some(bytes))
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

    /// Collects everything below a path, or the file at it; files may have as many bytes as are left.
    fn tree_below(
        &self,
        path: &Path,
        relative: String,
        left: &mut u64,
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
                self.tree_below(&entry.path(), below, left, out)?;
            }
            if is_empty && !relative.is_empty() {
                out.push(TreeEntry { path: relative, kind: TreeEntryKind::EmptyFolder });
            }
        } else if metadata.is_file() {
            let bytes = read_at_most(path, metadata.len(), *left)?.ok_or_else(|| {
                if relative.is_empty() {
                    return too_large();
                }
                io::Error::other(format!(
                    "with `{relative}` it has more than {TREE_GIB_MAX} GiB; sources belong into a folder of \
                     their own, without what was built from them"
                ))
            })?;
            *left -= bytes.len() as u64;
            let bytes = bytes.into();
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
    fn a_source_is_read_up_to_a_number_of_bytes() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("target/a"), "1234").unwrap();
        fs::write(folder.path().join("target/b"), "567").unwrap();
        let tree = |mut left: u64| {
            let mut out = Vec::new();
            let root = folder.path();
            DiskWorld::default()
                .tree_below(root, String::new(), &mut left, &mut out)
                .map(|()| (out.len(), left))
                .map_err(|error| error.to_string())
        };
        assert_eq!(tree(8), Ok((2, 1)));
        assert_eq!(tree(7), Ok((2, 0)));
        let error = tree(3).unwrap_err();
        assert!(error.contains("with `target/") && error.contains("more than 2 GiB"), "{error}");
        // One that has more by now than was seen.
        let path = folder.path().join("target/a");
        assert_eq!(read_at_most(&path, 0, 3).unwrap(), None);
        assert_eq!(read_at_most(&path, 0, 4).unwrap().as_deref(), Some(&b"1234"[..]));
    }

    #[test]
    fn a_file_is_read_up_to_a_number_of_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"1234").unwrap();
        let read = |bytes_max: u64| read(File::open(&path).unwrap(), 4, bytes_max);
        assert_eq!(read(4).unwrap(), b"1234");
        assert!(read(3).unwrap_err().to_string().contains("more than 2 GiB"));
        // One that has more by now than was seen.
        fs::write(&path, b"123456789").unwrap();
        assert_eq!(read(9).unwrap(), b"123456789");
        assert!(read(8).is_err());
    }

    #[test]
    fn what_is_read_is_noted_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "1234").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let world = DiskWorld::default();
        let read =
            |name: &str| world.read_file(&path(name), 1 << 20).map_err(|error| error.to_string());
        assert_eq!(read("file").unwrap(), b"1234");
        assert_eq!(read("link").unwrap(), b"1234");
        assert!(read("none").unwrap_err().contains("No such file"));
        assert!(read(".").unwrap_err().contains("Is a directory"));
        assert!(read("pipe").unwrap_err().contains("neither a file nor a folder"));
        let seen = world.seen.lock().unwrap();
        for name in ["file", "link", "none", ".", "pipe"] {
            let path = path(name);
            assert_eq!(seen.get(path.as_os_str()), Some(&Stamp::of(&path)), "{name}");
        }
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
