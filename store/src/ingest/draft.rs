//! Reading a tree: names, templates, and what was found where.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use nix::sys::stat::FileStat;

use crate::builder::Cancel;
use crate::digest::BlobId;
use crate::ingest::IngestError;
use crate::object::{DEPTH_MAX, ENTRIES_MAX, EntryName, LINK_LEN_MAX, ObjectError, escape};
use crate::path::DIGEST_LEN;
use crate::read::read_to;
use crate::scan::{Candidates, Found, Hit, Templater, make_template};
use crate::sys::{Folder, Kind, SystemError, kind, mode, seal_file, stat_file, write_with_holes};

/// Files up to this size wait in memory.
const SMALL_BYTES_MAX: u64 = 1 << 20;

/// How many bytes of small files wait in memory for one tree; the others are copied at once.
const WAITING_BYTES_MAX: u64 = 64 << 20;

/// How long a path in a message is.
const PATH_CHARS_MAX: usize = 400;

/// How much of a large file is read at a time.
const PIECE_BYTES: usize = 1 << 20;

/// What happens to the bytes that are read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep<'a> {
    /// All of them stay in memory.
    Memory,
    /// Small files wait in memory; the others are copied below this name in this folder, at the
    /// place that they have in the tree.
    Stage(&'a Folder, &'a [u8]),
    /// As `Stage`, but nothing is copied before it is known whether the store has it: the others are
    /// read a second time if it does not.
    StageLater,
    /// The tree is to become the object itself: it gets the modes and times of the store.
    InPlace,
}

/// How a tree is read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    /// What to look for; nothing is if there are none.
    pub(crate) candidates: Option<&'a Candidates>,
    /// Who must own everything.
    pub(crate) uid: Option<u32>,
    /// The greatest size of all files together.
    pub(crate) bytes_max: u64,
    /// Tells when to stop.
    pub(crate) cancel: &'a Cancel,
    /// What happens to the bytes.
    pub(crate) keep: Keep<'a>,
}

/// A tree that was read.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The root.
    pub(crate) root: DraftItem,
    /// What the files hold.
    pub(crate) contents: DraftContents,
}

/// What the files of a tree hold.
#[derive(Debug)]
pub(crate) struct DraftContents {
    /// One for each file, in the order in which a walk meets them.
    pub(crate) contents: Vec<Content>,
    /// The folder and the name in it of the root that was read.
    pub(crate) origin: Option<(Arc<Folder>, Vec<u8>)>,
}

/// An entry of a tree that was read.
#[derive(Debug)]
pub(crate) enum DraftItem {
    Folder(Vec<(EntryName, DraftItem)>),
    File { template: BlobId, bytes: u64, executable: bool, found: Vec<Found> },
    Link { template: Vec<u8>, found: Vec<Found> },
}

/// Where the bytes of a file are.
#[derive(Debug)]
pub(crate) enum Content {
    /// Here, as a template.
    Memory(Vec<u8>),
    /// At their place in the staging folder, as the build left them.
    Staged,
    /// Where they were read, below the root by these names; they were not copied yet.
    Original(Vec<Vec<u8>>),
    /// They are another name of a file that a walk meets before.
    Same,
}

impl Draft {
    /// Makes a draft of one file.
    pub(crate) fn of_file(bytes: &[u8], executable: bool) -> Self {
        let template = BlobId::of_encoding(bytes);
        let root =
            DraftItem::File { template, bytes: bytes.len() as u64, executable, found: Vec::new() };
        let contents =
            DraftContents { contents: vec![Content::Memory(bytes.to_vec())], origin: None };
        Draft { root, contents }
    }
}

impl Reader<'_> {
    /// Whether the tree was made for the store, so that its modes may be changed: files of the user
    /// may not.
    fn is_ours(&self) -> bool {
        self.uid.is_some() || matches!(self.keep, Keep::InPlace)
    }

    /// Reads the entry `name` of `parent`, which messages call `shown`.
    ///
    /// Nothing there is `None`.
    pub(crate) fn read(
        &self,
        parent: &Arc<Folder>,
        name: &[u8],
        shown: &str,
    ) -> Result<Option<Draft>, IngestError> {
        let Some(stat) = parent.stat_if_there(name)? else { return Ok(None) };
        let mut reading = Reading {
            reader: self,
            names: vec![shown.as_bytes().to_vec()],
            staged: Vec::new(),
            contents: Vec::new(),
            waiting_bytes: 0,
            bytes: 0,
            entries: 0,
            by_inode: BTreeMap::new(),
            piece: Vec::new(),
        };
        let root = reading.item(parent, name, &stat)?;
        let origin = Some((Arc::clone(parent), name.to_owned()));
        let contents = DraftContents { contents: reading.contents, origin };
        Ok(Some(Draft { root, contents }))
    }
}

/// A tree while it is read.
struct Reading<'a> {
    reader: &'a Reader<'a>,
    /// The output, then the names that lead to the entry that is read.
    names: Vec<Vec<u8>>,
    /// The folders of the copy that are made already, outermost first.
    staged: Vec<Folder>,
    contents: Vec<Content>,
    waiting_bytes: u64,
    bytes: u64,
    entries: u64,
    /// What was found in files with several names.
    by_inode: BTreeMap<(u64, u64), (BlobId, Vec<Found>)>,
    piece: Vec<u8>,
}

impl Reading<'_> {
    fn item(
        &mut self,
        parent: &Folder,
        name: &[u8],
        stat: &FileStat,
    ) -> Result<DraftItem, IngestError> {
        self.admit(stat)?;
        match kind(stat) {
            Kind::Folder => self.folder(parent, name, stat),
            Kind::File => {
                if mode(stat) & 0o400 == 0 && self.reader.is_ours() {
                    parent.make_readable(name, mode(stat) & 0o777 | 0o400)?;
                }
                let file = parent.read(name)?;
                let opened = stat_file(&file, &parent.path_of(name))?;
                self.expect_same(&opened, stat)?;
                self.file(parent, name, stat, file)
            }
            Kind::Link => self.link(parent, name),
            Kind::Special(kind) => Err(IngestError::Special { path: self.path(), kind }),
        }
    }

    /// Counts an entry, and refuses one that another user owns.
    fn admit(&mut self, stat: &FileStat) -> Result<(), IngestError> {
        self.count(1)?;
        if self.reader.cancel.is_set() {
            return Err(IngestError::Cancelled);
        }
        match self.reader.uid {
            Some(expected) if stat.st_uid != expected => {
                Err(IngestError::ForeignOwner { path: self.path(), uid: stat.st_uid, expected })
            }
            _ => Ok(()),
        }
    }

    /// Opens what was a regular file when its folder was read, which spares a look at it before. What
    /// cannot be opened, or is something else by now, is left to [`item`](Self::item), which knows
    /// what to say.
    fn opened(&self, parent: &Folder, name: &[u8]) -> Option<(File, FileStat)> {
        let file = parent.read(name).ok()?;
        let stat = nix::sys::stat::fstat(&file).ok()?;
        (kind(&stat) == Kind::File).then_some((file, stat))
    }

    fn folder(
        &mut self,
        parent: &Folder,
        name: &[u8],
        stat: &FileStat,
    ) -> Result<DraftItem, IngestError> {
        let depth = self.names.len();
        if depth > DEPTH_MAX {
            return Err(self.broken(ObjectError::TooDeep { depth }));
        }
        if mode(stat) & 0o500 != 0o500 && self.reader.is_ours() {
            parent.make_readable(name, 0o700)?;
        }
        let folder = parent.folder(name)?;
        self.expect_same(&folder.own_stat()?, stat)?;
        let names = folder.names_and_files()?;
        let mut entries = Vec::with_capacity(names.len());
        for (name, is_file) in names {
            let entry_name = EntryName::new(&name).map_err(|it| self.broken(it))?;
            self.names.push(name);
            let item = match is_file.then(|| self.opened(&folder, entry_name.as_bytes())).flatten()
            {
                Some((file, stat)) => {
                    self.admit(&stat)?;
                    self.file(&folder, entry_name.as_bytes(), &stat, file)?
                }
                None => {
                    let stat = folder.stat(entry_name.as_bytes())?;
                    self.item(&folder, entry_name.as_bytes(), &stat)?
                }
            };
            entries.push((entry_name, item));
            self.names.pop();
        }
        self.staged.truncate(depth - 1);
        if matches!(self.reader.keep, Keep::InPlace) {
            // The root stays writable: a folder that is not cannot be moved by its owner.
            folder.set_mode(if depth == 1 { 0o755 } else { 0o555 })?;
            folder.set_time()?;
        }
        Ok(DraftItem::Folder(entries))
    }

    fn link(&mut self, parent: &Folder, name: &[u8]) -> Result<DraftItem, IngestError> {
        let mut template = parent.read_link(name)?;
        if template.is_empty() || template.len() > LINK_LEN_MAX {
            let target = escape(&template);
            return Err(self.broken(ObjectError::LinkTarget { target }));
        }
        let (_, found) = make_template(&mut template, self.reader.candidates);
        self.refuse_leak(&found, |at, digest| {
            digest.copy_from_slice(&template[at as usize..][..DIGEST_LEN]);
            Ok(())
        })?;
        if matches!(self.reader.keep, Keep::InPlace) {
            parent.set_link_time(name)?;
        }
        Ok(DraftItem::Link { template, found })
    }

    fn file(
        &mut self,
        parent: &Folder,
        name: &[u8],
        stat: &FileStat,
        file: File,
    ) -> Result<DraftItem, IngestError> {
        let bytes = stat.st_size.max(0) as u64;
        let executable = mode(stat) & 0o100 != 0;
        let inode = (stat.st_dev, stat.st_ino);
        if let Some((template, found)) = self.by_inode.get(&inode).cloned() {
            self.contents.push(Content::Same);
            return Ok(DraftItem::File { template, bytes, executable, found });
        }
        self.bytes = self.bytes.saturating_add(bytes);
        let bytes_max = self.reader.bytes_max;
        if self.bytes > bytes_max {
            return Err(IngestError::TooLarge { path: self.path(), bytes: self.bytes, bytes_max });
        }
        let waits = match self.reader.keep {
            Keep::Memory => true,
            Keep::Stage(..) | Keep::StageLater => {
                bytes <= SMALL_BYTES_MAX && self.waiting_bytes + bytes <= WAITING_BYTES_MAX
            }
            Keep::InPlace => false,
        };
        let (template, found, content) = if waits {
            self.waiting_bytes += bytes;
            self.read_small(file, bytes)?
        } else {
            self.read_large(file, stat)?
        };
        if matches!(self.reader.keep, Keep::InPlace) {
            seal_file(&parent.read(name)?, executable, &parent.path_of(name))?;
        }
        if stat.st_nlink > 1 {
            self.by_inode.insert(inode, (template, found.clone()));
        }
        self.contents.push(content);
        Ok(DraftItem::File { template, bytes, executable, found })
    }

    /// Reads a file into memory.
    fn read_small(
        &mut self,
        mut file: File,
        bytes: u64,
    ) -> Result<(BlobId, Vec<Found>, Content), IngestError> {
        // Room for one byte more than there should be shows with one call that there is no more. A
        // file that says that it is empty, as those of the kernel do, is asked.
        let mut content = vec![0; bytes as usize + 1];
        let enough = (bytes as usize).max(1);
        let len = read_to(&mut file, &mut content, enough).map_err(|it| self.failed("read", it))?;
        if len as u64 != bytes {
            return Err(IngestError::Changed { path: self.path() });
        }
        content.truncate(len);
        let (template, found) = make_template(&mut content, self.reader.candidates);
        self.refuse_leak(&found, |at, digest| {
            digest.copy_from_slice(&content[at as usize..][..DIGEST_LEN]);
            Ok(())
        })?;
        Ok((template, found, Content::Memory(content)))
    }

    /// Reads a file piece by piece, and copies it unless it is in its place already.
    fn read_large(
        &mut self,
        mut file: File,
        stat: &FileStat,
    ) -> Result<(BlobId, Vec<Found>, Content), IngestError> {
        let mut copy = self.create_copy()?;
        let mut templater = Templater::new(self.reader.candidates);
        let mut piece = std::mem::take(&mut self.piece);
        piece.resize(PIECE_BYTES, 0);
        let mut bytes = 0;
        loop {
            if self.reader.cancel.is_set() {
                return Err(IngestError::Cancelled);
            }
            let len = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.failed("read", error)),
            };
            bytes += len as u64;
            templater.push(&piece[..len]);
            if let Some(copy) = &mut copy {
                write_with_holes(copy, &piece[..len]).map_err(|it| self.failed("write", it))?;
            }
        }
        self.piece = piece;
        if bytes != stat.st_size.max(0) as u64 {
            return Err(IngestError::Changed { path: self.path() });
        }
        if let Some(copy) = copy {
            // A hole at the end is there only once the length says so.
            copy.set_len(bytes).map_err(|it| self.failed("ftruncate", it))?;
        }
        let (template, found) = templater.finish();
        self.refuse_leak(&found, |at, digest| file.read_exact_at(digest, at))?;
        let content = match self.reader.keep {
            Keep::StageLater => Content::Original(self.names[1..].to_vec()),
            Keep::Memory | Keep::Stage(..) | Keep::InPlace => Content::Staged,
        };
        Ok((template, found, content))
    }

    /// Makes the copy of the file that is read, and the folders in which it lies.
    fn create_copy(&mut self) -> Result<Option<File>, IngestError> {
        let (top, top_name) = match self.reader.keep {
            Keep::Stage(top, top_name) => (top, top_name),
            Keep::Memory | Keep::StageLater | Keep::InPlace => return Ok(None),
        };
        let folders = self.names.len() - 1;
        while self.staged.len() < folders {
            let folder = match self.staged.last() {
                None => top.folder_or_new(top_name)?,
                Some(folder) => folder.folder_or_new(&self.names[self.staged.len()])?,
            };
            self.staged.push(folder);
        }
        let copy = match (self.staged.last(), self.names.last()) {
            (Some(folder), Some(name)) => folder.create(name)?,
            _ => top.create(top_name)?,
        };
        Ok(Some(copy))
    }

    /// Refuses the first leak, whose characters `read` gives.
    fn refuse_leak(
        &self,
        found: &[Found],
        read: impl FnOnce(u64, &mut [u8; DIGEST_LEN]) -> std::io::Result<()>,
    ) -> Result<(), IngestError> {
        let Some(leak) = found.iter().find(|it| it.hit == Hit::Leak) else { return Ok(()) };
        let mut digest = [0; DIGEST_LEN];
        read(leak.at, &mut digest).map_err(|it| self.failed("read", it))?;
        Err(IngestError::Leak { path: self.path(), at: leak.at, found: escape(&digest) })
    }

    /// Checks that what was opened is what was looked at before.
    fn expect_same(&self, opened: &FileStat, seen: &FileStat) -> Result<(), IngestError> {
        let identity = |it: &FileStat| (it.st_dev, it.st_ino, kind(it), it.st_size, it.st_uid);
        if identity(opened) == identity(seen) {
            return Ok(());
        }
        Err(IngestError::Changed { path: self.path() })
    }

    fn count(&mut self, more: u64) -> Result<(), IngestError> {
        self.entries += more;
        if self.entries > ENTRIES_MAX {
            return Err(self.broken(ObjectError::TooMany { entries: self.entries }));
        }
        Ok(())
    }

    fn broken(&self, source: ObjectError) -> IngestError {
        IngestError::Object { path: self.path(), source }
    }

    fn failed(&self, call: &'static str, source: std::io::Error) -> IngestError {
        let names: PathBuf = self.names.iter().map(|it| OsStr::from_bytes(it)).collect();
        SystemError::new(call, &names, source).into()
    }

    /// Returns where reading is, escaped. The middle of a path that no message can hold is left out.
    fn path(&self) -> String {
        let path = self.names.iter().map(|it| escape(it)).collect::<Vec<_>>().join("/");
        let chars: Vec<char> = path.chars().collect();
        if chars.len() <= PATH_CHARS_MAX {
            return path;
        }
        let (head, tail) =
            (&chars[..PATH_CHARS_MAX / 2], &chars[chars.len() - PATH_CHARS_MAX / 2..]);
        format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
    }
}
