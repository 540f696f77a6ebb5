//! Opening a store, making it first where there is none.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use nix::errno::Errno;

use crate::local::claim;
use crate::local::commit::Commit;
use crate::local::index::{Access, Index};
use crate::local::segments::Segments;
use crate::local::trash::Trash;
use crate::local::{LocalStore, Shared};
use crate::pool::Pool;
use crate::store::StoreError;
use crate::sys::{Folder, SystemError, if_there};

/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// The file whose only use is the space that it takes.
const RESERVE: &[u8] = b"reserve";

/// How much that is: enough for the records and the index of a few collected objects.
const RESERVE_BYTES: i64 = 1 << 20;

/// Who owns what root makes on a file system of another machine that knows no root of others, and what
/// belongs to nobody in this user namespace.
const NOBODY: u32 = 65534;

/// What the file `format` holds before the number.
const FORMAT_PREFIX: &str = "kiln store ";

/// The folders of `var` that are there from the start, with their modes, but for the one of records.
///
/// What builds left must be out of the reach of others before it is looked at, and nobody else may
/// hold a lock.
const FOLDERS: [(&str, u32); 5] =
    [("leases", 0o700), ("stage", 0o700), ("trash", 0o700), ("locks", 0o700), ("pool", 0o755)];

impl LocalStore {
    /// Opens the store in a folder, or makes one if the folder is empty or does not exist.
    ///
    /// A store that cannot be written is opened all the same; whatever would write then fails with
    /// [`StoreError::ReadOnly`].
    ///
    /// # Errors
    ///
    /// [`StoreError::NotAStore`] if something else is in the folder,
    /// [`NewerFormat`](StoreError::NewerFormat) if a newer program made the store,
    /// [`RecordsLost`](StoreError::RecordsLost) if records that were there are not any more, and
    /// [`System`](StoreError::System) and [`Index`](StoreError::Index) if the kernel or the index
    /// refuse something.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let shared = open_shared(root)?;
        let index = open_index(&shared)?;
        Ok(LocalStore::with(shared, index))
    }

    /// Opens the store in a folder with an index made anew from the records: whatever became of the
    /// one that is there, it is not looked at.
    ///
    /// What only the index knew is lost: which derivation was resolved to which action, and when
    /// objects were used last. Both cost time at most.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but for the index and for lost records: what is left of them counts.
    /// [`StoreError::ReadOnly`] if the store cannot be written.
    pub fn open_rebuilt(root: &Path) -> Result<Self, StoreError> {
        let shared = open_shared(root)?;
        let index = make_index(&shared)?;
        Ok(LocalStore::with(shared, index))
    }

    fn with(shared: Shared, index: Index) -> Self {
        let shared = Arc::new(shared);
        LocalStore {
            commit: Commit::new(Arc::clone(&shared)),
            trash: Trash::default(),
            index: Mutex::new(index),
            shared,
        }
    }

    /// Opens the index again if another process has put a new one in its place.
    pub(super) fn renew_index(&self) -> Result<(), StoreError> {
        if self.index().is_current() {
            return Ok(());
        }
        self.shared.check_place()?;
        // Opening may wait for the commit lock, and who holds that may be about to use the old one.
        let index = open_index(&self.shared)?;
        *self.index() = index;
        Ok(())
    }

    /// Makes the index of an open store anew, as [`open_rebuilt`](Self::open_rebuilt) does, and returns
    /// how many objects it has then.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn rebuild_index(&self) -> Result<usize, StoreError> {
        let index = make_index(&self.shared)?;
        let count = index.objects()?.len();
        *self.index() = index;
        Ok(count)
    }
}

impl Drop for LocalStore {
    fn drop(&mut self) {
        self.commit.close();
        self.trash.stop();
    }
}

/// Opens all of a store but its index, and makes the store first where there is none.
fn open_shared(root: &Path) -> Result<Shared, StoreError> {
    let root = std::path::absolute(root).map_err(|it| SystemError::new("getcwd", root, it))?;
    let var_path = root.join("var");
    if !check_format(&root)? {
        create(&root)?;
    }
    let store = Folder::open(&root.join("store"))?;
    let var = Folder::open(&var_path)?;
    let read_only = find_obstacle(&var)?;
    if read_only.is_none() {
        make_folders(&root)?;
    }
    let segments = Segments::new(var.folder(b"records")?);
    let pool = match var.folder(b"pool") {
        Ok(folder) => Some(Pool::new(folder)),
        Err(error) if error.is(Errno::ENOENT) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Shared { root, store, var, segments, pool, read_only })
}

/// Whether there is a store of a format that this program knows; `false` if one can be made.
fn check_format(root: &Path) -> Result<bool, StoreError> {
    let path = root.join("var/format");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return if is_empty(root)? {
                Ok(false)
            } else {
                Err(StoreError::NotAStore { path: root.to_owned(), missing: path })
            };
        }
        Err(error) => return Err(SystemError::new("read", &path, error).into()),
    };
    let number = text.strip_prefix(FORMAT_PREFIX).map(str::trim);
    match number.and_then(|it| it.parse::<u32>().ok()) {
        Some(FORMAT) => Ok(true),
        Some(found) if found < FORMAT => {
            Err(StoreError::NotAStore { path: root.to_owned(), missing: path })
        }
        Some(_) | None => Err(StoreError::NewerFormat {
            path: root.to_owned(),
            found: number.unwrap_or(&text).escape_debug().take(40).collect(),
            known: FORMAT,
        }),
    }
}

/// Whether a store can be made: there is nothing, or what an interrupted attempt left.
fn is_empty(root: &Path) -> Result<bool, StoreError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(SystemError::new("opendir", root, error).into()),
    };
    for entry in entries {
        let entry = entry.map_err(|it| SystemError::new("readdir", root, it))?;
        let name = entry.file_name();
        let is_begun = (name == "store" && has_no_entries(&entry.path())) || name == "var";
        if !is_begun {
            return Ok(false);
        }
    }
    // Records without a format are a store that lost the file, not one that was never finished.
    Ok(has_no_entries(&root.join("var/records")))
}

fn has_no_entries(path: &Path) -> bool {
    fs::read_dir(path).map_or(true, |mut it| it.next().is_none())
}

fn create(root: &Path) -> Result<(), StoreError> {
    let var_path = root.join("var");
    make_folder(&root.join("store"), 0o755)?;
    make_folder(&var_path.join("records"), 0o755)?;
    make_folders(root)?;
    let var = Folder::open(&var_path)?;
    make_reserve(&var)?;
    // The format is there last, and under its name only once it is whole.
    let _lock = claim::lock(&var, b"commit")?;
    let pending = var_path.join("format.new");
    let write = || -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o644).open(&pending)?;
        file.write_all(format!("{FORMAT_PREFIX}{FORMAT}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&pending, var_path.join("format"))
    };
    write().map_err(|it| SystemError::new("write", &pending, it))?;
    var.sync()?;
    Folder::open(root)?.sync()?;
    Ok(())
}

/// Makes what is missing of the folders that may be empty: programs that copy files leave such out.
fn make_folders(root: &Path) -> Result<(), StoreError> {
    FOLDERS.iter().try_for_each(|(name, mode)| make_folder(&root.join("var").join(name), *mode))
}

/// Makes a folder where there is none, and those above it. Whatever the umask, nobody but the owner
/// puts anything into it.
fn make_folder(path: &Path, mode: u32) -> Result<(), StoreError> {
    let failed = |it| StoreError::from(SystemError::new("mkdir", path, it));
    let make = || match fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    match (make(), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(parent).map_err(failed)?;
            make().map_err(failed)
        }
        (made, _) => made.map_err(failed),
    }
}

impl Shared {
    /// Takes space that a collection gives back when there is no other.
    pub(super) fn make_reserve(&self) -> Result<(), StoreError> {
        make_reserve(&self.var)
    }

    /// Gives the reserve back if there is no other space; returns whether there is more now.
    fn take_reserve(&self) -> Result<bool, StoreError> {
        if self.store.free_bytes()? >= RESERVE_BYTES as u64 {
            return Ok(false);
        }
        Ok(if_there(self.var.unlink(RESERVE))?.is_some())
    }

    /// Gives the reserve back.
    pub(super) fn drop_reserve(&self) -> Result<(), StoreError> {
        if_there(self.var.unlink(RESERVE))?;
        Ok(())
    }
}

fn make_reserve(var: &Folder) -> Result<(), StoreError> {
    match var.create(RESERVE) {
        Ok(file) => nix::fcntl::posix_fallocate(&file, 0, RESERVE_BYTES)
            .map_err(|it| SystemError::new("fallocate", &var.path_of(RESERVE), it).into()),
        Err(error) if error.is(Errno::EEXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Returns why the store cannot be written, if it cannot.
fn find_obstacle(var: &Folder) -> Result<Option<String>, StoreError> {
    use nix::fcntl::AtFlags;
    use nix::unistd::{AccessFlags, faccessat, geteuid};
    let owner = var.own_stat()?.st_uid;
    // What root puts into the store of a user, that user can neither add to nor delete; and root
    // would follow whatever links the user put there.
    if geteuid().is_root() && owner != 0 && owner != NOBODY {
        return Ok(Some(format!("it belongs to user {owner}; run Kiln as that user")));
    }
    Ok(match faccessat(var, ".", AccessFlags::W_OK, AtFlags::AT_EACCESS) {
        Ok(()) => None,
        Err(Errno::EROFS) => Some("its file system is read-only".to_owned()),
        Err(Errno::EACCES) => Some("it belongs to another user".to_owned()),
        Err(errno) => Some(errno.desc().to_owned()),
    })
}

fn open_index(shared: &Shared) -> Result<Index, StoreError> {
    let path = shared.index_path();
    if shared.read_only.is_some() {
        return open_index_for_reading(shared, &path);
    }
    let mut index = match open_and_read(&path) {
        Ok(index) => index,
        Err(error) if is_no_database(&path) => {
            // Whoever comes first makes it anew; the others find it made.
            let _lock = shared.lock_commit()?;
            if !is_no_database(&path) {
                return Err(error);
            }
            remove_index(shared)?;
            open_and_read(&path)?
        }
        // On a full disk there is no room for what the index keeps while it is open.
        Err(error) if shared.take_reserve()? => open_and_read(&path).map_err(|_| error)?,
        Err(error) => return Err(error),
    };
    if !shared.segments.is_end(index.position()?)? {
        // Whoever holds the lock is alive and about to index what it appended; who finds the
        // lock free comes after a crash.
        if let Some(_lock) = claim::try_lock(&shared.var, b"commit")? {
            if let Err(error) = index.catch_up(&shared.segments) {
                if !shared.take_reserve()? {
                    return Err(error);
                }
                index.catch_up(&shared.segments)?;
            }
        } else if index.position()? == crate::local::segments::Position::START {
            // Nothing at all is indexed: this is a rebuild, which is worth waiting for.
            let _lock = shared.lock_commit()?;
            index.catch_up(&shared.segments)?;
        }
    }
    Ok(index)
}

/// Makes the index anew from the records: in place where that can be, so that processes that have it
/// open go on with it. Otherwise it is removed; a session that has it open fails then, and the next
/// one uses the new index.
fn make_index(shared: &Shared) -> Result<Index, StoreError> {
    shared.check_writable()?;
    let path = shared.index_path();
    let rebuild = || -> Result<Index, StoreError> {
        let mut index = Index::open(&path, Access::Write)?;
        index.rebuild(&shared.segments)?;
        Ok(index)
    };
    let _lock = shared.lock_commit()?;
    // New tables in a damaged file may be damaged soon.
    match rebuild().and_then(|it| Ok((it.check()?.is_empty(), it))) {
        Ok((true, index)) => Ok(index),
        Ok((false, _)) | Err(StoreError::Index { .. }) => {
            remove_index(shared)?;
            rebuild()
        }
        Err(error) => Err(error),
    }
}

fn open_and_read(path: &Path) -> Result<Index, StoreError> {
    let index = Index::open(path, Access::Write)?;
    index.position()?;
    Ok(index)
}

/// Opens the index of a store that cannot be written, or reads the records into a new one if the
/// index is older than they are.
fn open_index_for_reading(shared: &Shared, path: &Path) -> Result<Index, StoreError> {
    for access in [Access::Read, Access::ReadFrozen] {
        let Ok(index) = Index::open(path, access) else { continue };
        let Ok(position) = index.position() else { continue };
        if shared.segments.is_end(position).unwrap_or(false) {
            return Ok(index);
        }
    }
    let mut index = Index::in_memory()?;
    index.catch_up(&shared.segments)?;
    Ok(index)
}

/// Whether the file of the index is certainly not one: the header is that of something else.
fn is_no_database(path: &Path) -> bool {
    const HEADER: &[u8; 16] = b"SQLite format 3\0";
    let mut header = [0; 16];
    let mut read = || -> io::Result<()> {
        use std::io::Read as _;
        fs::File::open(path)?.read_exact(&mut header)
    };
    match read() {
        Ok(()) => header != *HEADER,
        Err(error) => error.kind() == io::ErrorKind::UnexpectedEof,
    }
}

fn remove_index(shared: &Shared) -> Result<(), StoreError> {
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let path: PathBuf = shared.var.path_of(name.as_bytes());
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(SystemError::new("unlink", &path, error).into()),
        }
    }
    Ok(())
}
