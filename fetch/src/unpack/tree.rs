//! The tree that is being made: the only code of the unpacker that touches the file system.
//!
//! A new folder is made beside the target, readable by nobody else, and every entry is made below
//! that folder's descriptor. Two layers keep entries where they belong:
//!
//! 1. What was made so far is remembered. An entry whose path leads through anything but folders,
//!    or whose name is taken, is refused before the kernel is asked.
//! 2. The kernel resolves every path by `openat2` with `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS`, or
//!    where that is missing, component by component with `O_NOFOLLOW`. Files are made with
//!    `O_CREAT | O_EXCL`: nothing is ever opened for writing twice.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use kiln_store::UnpackRoot;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, fchmod, fchmodat, fstat, mkdirat};
use nix::unistd::symlinkat;

use crate::escape::escape;
use crate::unpack::limits::{Meter, UnpackLimits};
use crate::unpack::name::EntryName;
use crate::unpack::{Refusal, UnpackError, UnpackRequest};

/// The bytes of one file, handed out piece by piece.
pub(crate) trait Content {
    /// Returns the next bytes, which then count as used; none at the end.
    fn next(&mut self) -> Result<&[u8], UnpackError>;
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File { executable: bool },
    Link,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Folder => "a folder",
            Kind::File { .. } => "a file",
            Kind::Link => "a symbolic link",
        }
    }
}

/// What there is to do for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// It is new.
    Fresh,
    /// A file of this name is there; it must have the same bytes.
    Again,
}

/// How the kernel is asked to resolve a path below the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lookup {
    /// By `openat2`, in one call (Linux 5.6 and later).
    Whole,
    /// By `openat` for each component.
    ByComponent,
}

/// A tree that is being made. Unless [`finish`](Self::finish) succeeds, it is removed when dropped.
pub(crate) struct Tree<'a> {
    /// The folder beside the target in which the tree is made.
    staging: PathBuf,
    /// The same, as a descriptor.
    folder: OwnedFd,
    lookup: Lookup,
    entries: BTreeMap<EntryName, Kind>,
    meter: &'a Meter<'a>,
}

impl<'a> Tree<'a> {
    /// Makes the folder in which the tree is made.
    pub(crate) fn create(target: &Path, meter: &'a Meter<'a>) -> Result<Self, UnpackError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let error = |source: io::Error| UnpackError::Write { path: target.to_owned(), source };
        if target.symlink_metadata().is_ok() {
            return Err(error(Errno::EEXIST.into()));
        }
        let parent = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            Some(_) => Path::new("."),
            None => return Err(error(Errno::EEXIST.into())),
        };
        let staging = loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let staging = parent.join(format!(".unpack-{}-{count}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&staging) {
                Ok(()) => break staging,
                // Left behind by a process of the same number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(UnpackError::Write { path: staging, source }),
            }
        };
        let folder = File::open(&staging)
            .map_err(|source| UnpackError::Write { path: staging.clone(), source })?;
        let folder = OwnedFd::from(folder);
        let lookup = Lookup::probe(&folder);
        Ok(Tree { staging, folder, lookup, entries: BTreeMap::new(), meter })
    }

    /// The greatest number of components that a name may have.
    pub(crate) fn depth_max(&self) -> usize {
        self.meter.limits().depth_max
    }

    /// Makes a folder. One that is there already is left as it is.
    pub(crate) fn add_folder(&mut self, name: &EntryName) -> Result<(), UnpackError> {
        match self.entries.get(name) {
            Some(Kind::Folder) => Ok(()),
            Some(earlier @ (Kind::File { .. } | Kind::Link)) => {
                Err(refused(name, Refusal::Taken { earlier: earlier.words() }))
            }
            None => {
                self.add_parents(name)?;
                self.make_folder(name)
            }
        }
    }

    /// Takes the name of a file, and makes the folders above it.
    pub(crate) fn reserve_file(
        &mut self,
        name: &EntryName,
        executable: bool,
    ) -> Result<Slot, UnpackError> {
        match self.entries.get(name) {
            Some(Kind::File { executable: earlier }) if *earlier == executable => Ok(Slot::Again),
            Some(Kind::File { .. }) => Err(refused(name, Refusal::Differs)),
            Some(earlier @ (Kind::Folder | Kind::Link)) => {
                Err(refused(name, Refusal::Taken { earlier: earlier.words() }))
            }
            None => {
                self.add_parents(name)?;
                self.meter.add_entry()?;
                self.entries.insert(name.clone(), Kind::File { executable });
                Ok(Slot::Fresh)
            }
        }
    }

    /// Writes the bytes of a file whose name was taken; several threads may do so.
    pub(crate) fn fill_file(
        &self,
        name: &EntryName,
        executable: bool,
        slot: Slot,
        content: &mut dyn Content,
    ) -> Result<(), UnpackError> {
        if slot == Slot::Again {
            return self.compare_file(name, content);
        }
        let error = |source: io::Error| self.write_error(name, source);
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL;
        let mode = Mode::from_bits_truncate(if executable { 0o755 } else { 0o644 });
        let mut file = self.open(name, flags, mode).map_err(error)?;
        loop {
            let bytes = content.next()?;
            if bytes.is_empty() {
                break;
            }
            file.write_all(bytes).map_err(error)?;
        }
        // The umask, or the parent's default ACL, may have taken bits away. Looking first is worth
        // it: a change of mode costs the file system as much as half of the file's creation.
        let is_right = |stat: FileStat| stat.st_mode & 0o7777 == mode.bits();
        if fstat(&file).is_ok_and(is_right) {
            return Ok(());
        }
        fchmod(&file, mode).map_err(|errno| error(errno.into()))
    }

    /// Makes a symbolic link, whose target may be anything: it is never followed.
    pub(crate) fn add_link(&mut self, name: &EntryName, target: &[u8]) -> Result<(), UnpackError> {
        if target.is_empty() {
            return Err(refused(name, Refusal::EmptyTarget));
        }
        if target.contains(&0) {
            return Err(refused(name, Refusal::NulInTarget));
        }
        if target.len() > UnpackLimits::PATH_BYTES_MAX {
            return Err(refused(name, Refusal::LongTarget { bytes: target.len() }));
        }
        match self.entries.get(name) {
            Some(Kind::Link) => self.compare_link(name, target),
            Some(earlier @ (Kind::Folder | Kind::File { .. })) => {
                Err(refused(name, Refusal::Taken { earlier: earlier.words() }))
            }
            None => {
                self.add_parents(name)?;
                self.meter.add_entry()?;
                let (parent, last) = name.split();
                let parent = self.open_folder(parent.as_ref())?;
                symlinkat(OsStr::from_bytes(target), &parent, OsStr::from_bytes(last))
                    .map_err(|errno| self.write_error(name, errno.into()))?;
                self.entries.insert(name.clone(), Kind::Link);
                Ok(())
            }
        }
    }

    /// Makes a hard link: a copy of an earlier file. [fetch.unpack.6]
    ///
    /// A copy, because two names of one inode cannot be told from two files once the tree is in
    /// the store, and because the copy is counted by the limits.
    pub(crate) fn add_hard_link(
        &mut self,
        name: &EntryName,
        earlier: &EntryName,
    ) -> Result<(), UnpackError> {
        let Some(Kind::File { executable }) = self.entries.get(earlier).copied() else {
            return Err(refused(name, Refusal::LinkToNoFile));
        };
        if name == earlier {
            return Ok(());
        }
        let mut content = FileContent {
            file: self.open_file(earlier)?,
            buffer: vec![0; COPY_BYTES],
            meter: self.meter,
        };
        let slot = self.reserve_file(name, executable)?;
        self.fill_file(name, executable, slot, &mut content)
    }

    /// Puts the wanted part of the tree at its target.
    pub(crate) fn finish(self, request: &UnpackRequest<'_>) -> Result<(), UnpackError> {
        let root = self.root(request.root)?;
        for path in request.executables {
            self.make_executable(root.as_ref(), path)?;
        }
        let source = match &root {
            Some(name) => self.staging.join(OsStr::from_bytes(name.as_bytes())),
            None => {
                fchmod(&self.folder, Mode::from_bits_truncate(0o755)).map_err(|errno| {
                    UnpackError::Write { path: self.staging.clone(), source: errno.into() }
                })?;
                self.staging.clone()
            }
        };
        std::fs::rename(source, request.target)
            .map_err(|source| UnpackError::Write { path: request.target.to_owned(), source })
        // What is left, if only a part was wanted, is removed as `self` is dropped.
    }

    /// Returns the folder that becomes the object [fetch.unpack.8]; `None` is all of the tree.
    fn root(&self, root: &UnpackRoot) -> Result<Option<EntryName>, UnpackError> {
        match root {
            UnpackRoot::All => Ok(None),
            UnpackRoot::Auto => {
                let mut top = self.top();
                match (top.next(), top.next()) {
                    (Some((name, Kind::Folder)), None) => Ok(Some(name.clone())),
                    _ => Ok(None),
                }
            }
            UnpackRoot::Folder(folder) => {
                let name = EntryName::parse(folder.as_bytes(), self.depth_max()).ok().flatten();
                match name {
                    Some(name) if self.entries.get(&name) == Some(&Kind::Folder) => Ok(Some(name)),
                    _ => Err(UnpackError::NoFolder {
                        folder: escape(folder.as_bytes()),
                        top: self.top().map(|(name, _)| escape(name.as_bytes())).collect(),
                    }),
                }
            }
        }
    }

    /// The entries at the top of the tree.
    fn top(&self) -> impl Iterator<Item = (&EntryName, &Kind)> {
        self.entries.iter().filter(|(name, _)| !name.as_bytes().contains(&b'/'))
    }

    fn make_executable(&self, root: Option<&EntryName>, path: &str) -> Result<(), UnpackError> {
        let no_executable =
            |found| UnpackError::NoExecutable { path: escape(path.as_bytes()), found };
        let name = match EntryName::parse(path.as_bytes(), self.depth_max()) {
            Ok(Some(name)) => root.map(|it| it.join(&name)).unwrap_or(name),
            Ok(None) | Err(_) => return Err(no_executable("not a path inside the tree")),
        };
        match self.entries.get(&name) {
            Some(Kind::File { .. }) => {}
            Some(Kind::Folder) => return Err(no_executable("a folder")),
            Some(Kind::Link) => return Err(no_executable("a symbolic link")),
            None => return Err(no_executable("not in the archive")),
        }
        let file = self.open_file(&name)?;
        fchmod(&file, Mode::from_bits_truncate(0o755))
            .map_err(|errno| self.write_error(&name, errno.into()))
    }

    /// Makes the folders above a name that are not there yet.
    fn add_parents(&mut self, name: &EntryName) -> Result<(), UnpackError> {
        // From the nearest folder upwards, because it nearly always exists.
        let mut missing = Vec::new();
        let mut above = name.split().0;
        while let Some(folder) = above {
            match self.entries.get(&folder) {
                Some(Kind::Folder) => break,
                Some(Kind::File { .. } | Kind::Link) => {
                    return Err(refused(name, Refusal::BelowNoFolder));
                }
                None => {
                    above = folder.split().0;
                    missing.push(folder);
                }
            }
        }
        missing.iter().rev().try_for_each(|folder| self.make_folder(folder))
    }

    /// Makes one folder whose parent exists.
    fn make_folder(&mut self, name: &EntryName) -> Result<(), UnpackError> {
        self.meter.add_entry()?;
        let (parent, last) = name.split();
        let parent = self.open_folder(parent.as_ref())?;
        let mode = Mode::from_bits_truncate(0o755);
        let last = OsStr::from_bytes(last);
        // The second call, because the process' umask takes bits away from the first.
        mkdirat(&parent, last, mode)
            .and_then(|()| fchmodat(&parent, last, mode, FchmodatFlags::FollowSymlink))
            .map_err(|errno| self.write_error(name, errno.into()))?;
        self.entries.insert(name.clone(), Kind::Folder);
        Ok(())
    }

    fn compare_file(&self, name: &EntryName, content: &mut dyn Content) -> Result<(), UnpackError> {
        let differs = || refused(name, Refusal::Differs);
        let mut file = self.open_file(name)?;
        let mut earlier = Vec::new();
        loop {
            let bytes = content.next()?;
            earlier.resize(bytes.len().max(1), 0);
            if bytes.is_empty() {
                let rest = io::Read::read(&mut file, &mut earlier)
                    .map_err(|source| self.write_error(name, source))?;
                return if rest == 0 { Ok(()) } else { Err(differs()) };
            }
            match io::Read::read_exact(&mut file, &mut earlier) {
                Ok(()) if earlier == bytes => {}
                Ok(()) => return Err(differs()),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(differs()),
                Err(source) => return Err(self.write_error(name, source)),
            }
        }
    }

    fn compare_link(&self, name: &EntryName, target: &[u8]) -> Result<(), UnpackError> {
        let (parent, last) = name.split();
        let parent = self.open_folder(parent.as_ref())?;
        let earlier = nix::fcntl::readlinkat(&parent, OsStr::from_bytes(last))
            .map_err(|errno| self.write_error(name, errno.into()))?;
        if earlier.as_bytes() == target {
            Ok(())
        } else {
            Err(refused(name, Refusal::Taken { earlier: "a symbolic link to something else" }))
        }
    }

    /// Opens a folder of the tree; `None` is the root.
    fn open_folder(&self, name: Option<&EntryName>) -> Result<OwnedFd, UnpackError> {
        let Some(name) = name else {
            return self
                .folder
                .as_fd()
                .try_clone_to_owned()
                .map_err(|source| UnpackError::Write { path: self.staging.clone(), source });
        };
        self.open(name, OFlag::O_PATH | OFlag::O_DIRECTORY, Mode::empty())
            .map(OwnedFd::from)
            .map_err(|source| self.write_error(name, source))
    }

    /// Opens a file of the tree for reading.
    fn open_file(&self, name: &EntryName) -> Result<File, UnpackError> {
        self.open(name, OFlag::O_RDONLY, Mode::empty())
            .map_err(|source| self.write_error(name, source))
    }

    /// Opens something below the tree's folder without following a link at any component.
    fn open(&self, name: &EntryName, flags: OFlag, mode: Mode) -> io::Result<File> {
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let opened = match self.lookup {
            Lookup::Whole => {
                let how = OpenHow::new().flags(flags).mode(mode).resolve(SAFE_LOOKUP);
                openat2(&self.folder, OsStr::from_bytes(name.as_bytes()), how)?
            }
            Lookup::ByComponent => {
                let (parent, last) = name.split();
                let mut folder = self.folder.as_fd().try_clone_to_owned()?;
                if let Some(parent) = parent {
                    let through =
                        OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
                    for component in parent.as_bytes().split(|it| *it == b'/') {
                        let component = OsStr::from_bytes(component);
                        folder = openat(&folder, component, through, Mode::empty())?;
                    }
                }
                openat(&folder, OsStr::from_bytes(last), flags, mode)?
            }
        };
        Ok(File::from(opened))
    }

    fn write_error(&self, name: &EntryName, source: io::Error) -> UnpackError {
        UnpackError::Write { path: self.staging.join(escape(name.as_bytes())), source }
    }
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        // Gone already if all of it was put at the target. An error leaves a folder whose name
        // says what it was; nobody is waiting for it.
        let _ = std::fs::remove_dir_all(&self.staging);
    }
}

/// How paths are resolved below the tree.
const SAFE_LOOKUP: ResolveFlag =
    ResolveFlag::RESOLVE_BENEATH.union(ResolveFlag::RESOLVE_NO_SYMLINKS);

impl Lookup {
    /// Tries whether the kernel has `openat2`. Old filters of system calls answer `EPERM`.
    fn probe(folder: &OwnedFd) -> Lookup {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let how = OpenHow::new().flags(flags).resolve(SAFE_LOOKUP);
        match openat2(folder, ".", how) {
            Ok(_) => Lookup::Whole,
            Err(_) => Lookup::ByComponent,
        }
    }
}

/// How many bytes are copied at once.
const COPY_BYTES: usize = 128 << 10;

/// The bytes of a file that is in the tree already.
struct FileContent<'a> {
    file: File,
    buffer: Vec<u8>,
    meter: &'a Meter<'a>,
}

impl Content for FileContent<'_> {
    fn next(&mut self) -> Result<&[u8], UnpackError> {
        let count = loop {
            match io::Read::read(&mut self.file, &mut self.buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(UnpackError::Read { source }),
            }
        };
        self.meter.add_bytes(count as u64)?;
        Ok(&self.buffer[..count])
    }
}

fn refused(name: &EntryName, refusal: Refusal) -> UnpackError {
    UnpackError::refused(name.as_bytes(), refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::limits::UnpackLimits;
    use kiln_store::Cancel;

    fn name(text: &str) -> EntryName {
        EntryName::parse(text.as_bytes(), 128).unwrap().unwrap()
    }

    struct Text(&'static [u8]);

    impl Content for Text {
        fn next(&mut self) -> Result<&[u8], UnpackError> {
            Ok(std::mem::take(&mut self.0))
        }
    }

    /// Runs a test with either way of asking the kernel.
    fn with_each_lookup(test: impl Fn(&mut Tree<'_>, &Path)) {
        let cancel = Cancel::new().unwrap();
        let limits = UnpackLimits::default();
        for lookup in [Lookup::Whole, Lookup::ByComponent] {
            let meter = Meter::new(&limits, 1, &cancel);
            let folder = tempfile::tempdir().unwrap();
            let outside = folder.path().join("outside");
            std::fs::create_dir(&outside).unwrap();
            let mut tree = Tree::create(&folder.path().join("target"), &meter).unwrap();
            if tree.lookup == Lookup::ByComponent && lookup == Lookup::Whole {
                println!("skipped: this kernel has no openat2");
                continue;
            }
            tree.lookup = lookup;
            test(&mut tree, &outside);
            assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "{lookup:?}");
        }
    }

    #[test]
    fn entries_are_made_below_the_folder() {
        with_each_lookup(|tree, _| {
            for path in ["x", "a/b/c/x"] {
                let slot = tree.reserve_file(&name(path), true).unwrap();
                tree.fill_file(&name(path), true, slot, &mut Text(b"text")).unwrap();
                assert_eq!(std::fs::read(tree.staging.join(path)).unwrap(), b"text");
            }
            tree.add_link(&name("a/l"), b"b").unwrap();
            assert_eq!(std::fs::read_link(tree.staging.join("a/l")).unwrap(), Path::new("b"));
        });
    }

    #[test]
    fn the_kernel_refuses_a_link_that_the_first_layer_does_not_know() {
        with_each_lookup(|tree, outside| {
            tree.add_folder(&name("a/b")).unwrap();
            // As if the first layer had a hole, or somebody else wrote to the folder.
            std::fs::remove_dir(tree.staging.join("a/b")).unwrap();
            std::os::unix::fs::symlink(outside, tree.staging.join("a/b")).unwrap();
            let slot = tree.reserve_file(&name("a/b/x"), false).unwrap();
            assert!(tree.fill_file(&name("a/b/x"), false, slot, &mut Text(b"bad")).is_err());
            assert!(tree.add_folder(&name("a/b/c")).is_err());
            assert!(tree.add_link(&name("a/b/l"), b"x").is_err());
            // The last component, too.
            let planted = outside.join("planted");
            std::os::unix::fs::symlink(&planted, tree.staging.join("a/x")).unwrap();
            let slot = tree.reserve_file(&name("a/x"), false).unwrap();
            assert!(tree.fill_file(&name("a/x"), false, slot, &mut Text(b"bad")).is_err());
            assert!(tree.open_file(&name("a/x")).is_err());
        });
    }

    #[test]
    fn nothing_is_left_of_a_tree_that_is_not_finished() {
        let cancel = Cancel::new().unwrap();
        let limits = UnpackLimits::default();
        let meter = Meter::new(&limits, 1, &cancel);
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::create(&folder.path().join("target"), &meter).unwrap();
        tree.add_folder(&name("a/b")).unwrap();
        drop(tree);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_target_that_is_there_is_not_replaced() {
        let cancel = Cancel::new().unwrap();
        let limits = UnpackLimits::default();
        let meter = Meter::new(&limits, 1, &cancel);
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        std::os::unix::fs::symlink("nowhere", &target).unwrap();
        let error = Tree::create(&target, &meter).err().unwrap();
        assert!(matches!(error, UnpackError::Write { path, .. } if path == target));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
