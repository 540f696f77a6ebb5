//! Store objects: immutable trees, stored apart from the references in them.
//!
//! ```text
//! Object   name, refs: [ObjectId], root: Item
//! Item     Folder(Tree) | File { template, bytes, executable, sites } | Link { template, sites }
//! Tree     entries by name, ascending
//! Site     at: offset in bytes, target: 0 = the object itself, n = refs[n - 1]
//! ```
//!
//! A **template** is what a file holds with every reference (the 32 characters of a store path's
//! digest) replaced by 32 times `0`; a **site** says where one was. So a file that changed only
//! because something it refers to did is the same template with the same sites, an object can
//! refer to itself, and "why does A refer to B" is answered without reading a file.
//!
//! Kept of a file are its bytes, its name, and whether it can be executed. Not kept: times, owner,
//! other modes, extended attributes, hard links, holes. Formats and ids: `spec/store/object.md`.

mod encode;
mod list;

use std::fmt;
use std::sync::Arc;

pub use list::{FileEntry, ListError};

use crate::digest::{BlobId, ObjectId, TreeId};
use crate::name::StoreName;
use crate::path::{DIGEST_LEN, StorePath};

/// How deep folders may be nested in an object.
///
/// The deepest of some hundred thousand packages seen elsewhere is below 40; a reader holds one
/// descriptor for each level.
pub const DEPTH_MAX: usize = 128;

/// How many entries an object may have, counting those of shared folders each time.
pub const ENTRIES_MAX: u64 = 1 << 22;

/// The greatest length of an entry's name, in bytes: what Linux file systems have.
pub const ENTRY_NAME_LEN_MAX: usize = 255;

/// The greatest length of a link's target, in bytes: what Linux has.
pub const LINK_LEN_MAX: usize = 4095;

/// What stands in a template in place of each reference.
pub(crate) const HOLE: [u8; DIGEST_LEN] = [b'0'; DIGEST_LEN];

/// An immutable tree in the store, without the bytes of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The store name.
    pub name: StoreName,
    /// The objects referred to, distinct, in the order of their first site in
    /// [`walk`](Object::walk).
    pub refs: Vec<ObjectId>,
    /// The file, link or folder that the object is.
    pub root: Item,
}

/// One entry of an object's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A folder.
    Folder(Arc<Tree>),
    /// A regular file.
    File(File),
    /// A symbolic link.
    Link(Link),
}

/// The entries of a folder. Equal folders of an object may be shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    entries: Vec<Entry>,
    id: TreeId,
    totals: Totals,
    depth: usize,
}

/// A named entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: EntryName,
    /// What has the name.
    pub item: Item,
}

/// The name of an entry: 1 to 255 bytes without `/` and NUL, not `.` and not `..`.
///
/// It is bytes, as builds may use any; it is escaped for display.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName(Box<[u8]>);

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The id of the template.
    pub template: BlobId,
    /// The size in bytes; template and file have the same.
    pub bytes: u64,
    /// Whether the file can be executed.
    pub executable: bool,
    /// Where the references are.
    pub sites: Sites,
}

/// What makes two files of one object the same: an archive has the bytes of such files once, and whoever
/// unpacks it writes them once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileKey {
    template: BlobId,
    executable: bool,
    sites: Sites,
}

/// A symbolic link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The target, its references replaced: 1 to 4095 bytes without NUL.
    pub template: Box<[u8]>,
    /// Where the references are.
    pub sites: Sites,
}

/// Where references stand in a file or a link's target: ascending, not overlapping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Sites(Box<[Site]>);

/// A place where a reference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The offset of its first character, in bytes.
    pub at: u64,
    /// 0 for the object itself, n for the object's `refs[n - 1]`.
    pub target: u32,
}

/// How much is in an object or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Regular files.
    pub files: u64,
    /// Entries of every kind, the root included.
    pub entries: u64,
    /// Bytes of all files together.
    pub bytes: u64,
}

/// Why something cannot be an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// A name of an entry is not allowed.
    #[error(
        "`{name}` cannot be the name of a file: it is empty, `.`, `..`, has a `/` or NUL, or more than {ENTRY_NAME_LEN_MAX} bytes"
    )]
    EntryName {
        /// The name, escaped and cut.
        name: String,
    },
    /// The entries of a folder are not in the order of their names, or two have one name.
    #[error("the entry `{name}` of a folder is not greater than the one before it")]
    EntryOrder {
        /// The first entry out of order.
        name: EntryName,
    },
    /// A link's target is empty, too long, or has a NUL byte.
    #[error("a link's target has 1 to {LINK_LEN_MAX} bytes and no NUL; `{target}` does not")]
    LinkTarget {
        /// The target, escaped and cut.
        target: String,
    },
    /// Sites overlap, are out of order, or reach over the end.
    #[error(
        "the site at byte {at} overlaps the one before it or the end, or its place does not hold `0`s"
    )]
    Site {
        /// The offset of the first site that is wrong.
        at: u64,
    },
    /// A site has a target that the object has no reference for, or the references are not those of
    /// the sites in the order of their first occurrence.
    #[error(
        "the references of the object are not those of its sites in the order of their first occurrence; reference {target} is out of place"
    )]
    RefOrder {
        /// The number of the reference: 1 for the first.
        target: u32,
    },
    /// An object is referred to twice, under two numbers.
    #[error("the object refers to {id} under two numbers")]
    RefTwice {
        /// The object referred to.
        id: ObjectId,
    },
    /// Folders are nested too deep.
    #[error("folders are nested {depth} deep; an object has at most {DEPTH_MAX} levels")]
    TooDeep {
        /// How deep they are, or as deep as was looked.
        depth: usize,
    },
    /// There are too many entries.
    #[error("there are {entries} entries; an object has at most {ENTRIES_MAX}")]
    TooMany {
        /// How many there are, or as many as were counted.
        entries: u64,
    },
}

impl Object {
    /// Makes an object and checks it.
    ///
    /// # Errors
    ///
    /// [`ObjectError::RefOrder`], [`RefTwice`](ObjectError::RefTwice),
    /// [`TooDeep`](ObjectError::TooDeep) and [`TooMany`](ObjectError::TooMany).
    pub fn new(name: StoreName, refs: Vec<ObjectId>, root: Item) -> Result<Self, ObjectError> {
        let object = Object { name, refs, root };
        object.check()?;
        Ok(object)
    }

    /// Returns the id: the digest of the encoding.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        ObjectId::of_encoding(&self.encode())
    }

    /// Returns the name in the store directory of the object with this id.
    #[must_use]
    pub fn path(&self, id: &ObjectId) -> StorePath {
        StorePath::of_object(id, &self.name)
    }

    /// Returns how much is in the object.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.root.totals()
    }

    /// Calls `visit` with every item and the names that lead to it: a folder before its entries,
    /// entries in the order of their names. The root has no name.
    ///
    /// # Errors
    ///
    /// The first that `visit` returns; the walk then ends.
    pub fn walk<'a, E>(
        &'a self,
        mut visit: impl FnMut(&[&'a EntryName], &'a Item) -> Result<(), E>,
    ) -> Result<(), E> {
        walk_item(&self.root, &mut Vec::new(), &mut visit)
    }

    /// Whether the object's own path stands somewhere in it.
    #[must_use]
    pub fn refers_to_itself(&self) -> bool {
        let own = |it: &Sites| it.as_slice().iter().any(|it| it.target == 0);
        let found = self.walk(|_, item| match item {
            Item::File(File { sites, .. }) | Item::Link(Link { sites, .. }) if own(sites) => {
                Err(())
            }
            Item::Folder(_) | Item::File(_) | Item::Link(_) => Ok(()),
        });
        found.is_err()
    }

    /// Returns the 32 characters that stand at sites with this target in the object with this id.
    pub(crate) fn digest_of_target(&self, id: &ObjectId, target: u32) -> [u8; DIGEST_LEN] {
        let id = match target.checked_sub(1) {
            None => id,
            Some(at) => &self.refs[at as usize],
        };
        StorePath::digest_of_object(id)
    }

    /// Checks what is not checked when items and trees are made.
    fn check(&self) -> Result<(), ObjectError> {
        let totals = self.totals();
        if totals.entries > ENTRIES_MAX {
            return Err(ObjectError::TooMany { entries: totals.entries });
        }
        let depth = self.root.depth();
        if depth > DEPTH_MAX {
            return Err(ObjectError::TooDeep { depth });
        }
        let mut seen = std::collections::BTreeSet::new();
        if let Some(id) = self.refs.iter().find(|id| !seen.insert(**id)) {
            return Err(ObjectError::RefTwice { id: *id });
        }
        let count = self.refs.len() as u64;
        let mut seen = 0_u32;
        self.walk(|_, item| {
            let sites: &[Site] = match item {
                Item::Folder(_) => &[],
                Item::File(file) => file.sites.as_slice(),
                Item::Link(link) => link.sites.as_slice(),
            };
            for site in sites {
                if site.target > seen + 1 || u64::from(site.target) > count {
                    return Err(ObjectError::RefOrder { target: site.target });
                }
                seen = seen.max(site.target);
            }
            Ok(())
        })?;
        if u64::from(seen) != count {
            return Err(ObjectError::RefOrder { target: seen + 1 });
        }
        Ok(())
    }
}

fn walk_item<'a, E>(
    item: &'a Item,
    names: &mut Vec<&'a EntryName>,
    visit: &mut impl FnMut(&[&'a EntryName], &'a Item) -> Result<(), E>,
) -> Result<(), E> {
    visit(names, item)?;
    if let Item::Folder(tree) = item {
        for entry in &tree.entries {
            names.push(&entry.name);
            walk_item(&entry.item, names, visit)?;
            names.pop();
        }
    }
    Ok(())
}

impl Item {
    /// Returns how much is in the item, itself included.
    #[must_use]
    pub fn totals(&self) -> Totals {
        match self {
            Item::Folder(tree) => tree.totals,
            Item::File(file) => Totals { files: 1, entries: 1, bytes: file.bytes },
            Item::Link(_) => Totals { files: 0, entries: 1, bytes: 0 },
        }
    }

    /// Returns how many folders are nested in each other, at most.
    fn depth(&self) -> usize {
        match self {
            Item::Folder(tree) => tree.depth,
            Item::File(_) | Item::Link(_) => 0,
        }
    }
}

impl Tree {
    /// Makes a folder of entries in ascending order of their names.
    ///
    /// # Errors
    ///
    /// [`ObjectError::EntryOrder`], [`TooDeep`](ObjectError::TooDeep) and
    /// [`TooMany`](ObjectError::TooMany).
    pub fn new(entries: Vec<Entry>) -> Result<Self, ObjectError> {
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].name >= pair[1].name) {
            return Err(ObjectError::EntryOrder { name: pair[1].name.clone() });
        }
        let depth = 1 + entries.iter().map(|it| it.item.depth()).max().unwrap_or(0);
        if depth > DEPTH_MAX {
            return Err(ObjectError::TooDeep { depth });
        }
        let mut totals = Totals { files: 0, entries: 1, bytes: 0 };
        for entry in &entries {
            // Shared folders count each time, so that a few of them could reach any number.
            let more = entry.item.totals();
            totals.files = totals.files.saturating_add(more.files);
            totals.entries = totals.entries.saturating_add(more.entries);
            totals.bytes = totals.bytes.saturating_add(more.bytes);
        }
        if totals.entries > ENTRIES_MAX {
            return Err(ObjectError::TooMany { entries: totals.entries });
        }
        let id = TreeId::of_encoding(&encode::encode_tree(&entries));
        Ok(Tree { entries, id, totals, depth })
    }

    /// Returns the id: the digest of the encoding.
    #[must_use]
    pub fn id(&self) -> TreeId {
        self.id
    }

    /// Returns the entries, in the order of their names.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl EntryName {
    /// Checks `bytes` and makes a name of them.
    ///
    /// # Errors
    ///
    /// [`ObjectError::EntryName`].
    pub fn new(bytes: &[u8]) -> Result<Self, ObjectError> {
        let is_bad = bytes.is_empty()
            || bytes.len() > ENTRY_NAME_LEN_MAX
            || bytes == b"."
            || bytes == b".."
            || bytes.iter().any(|it| matches!(it, b'/' | 0));
        if is_bad {
            return Err(ObjectError::EntryName { name: escape_start(bytes) });
        }
        Ok(EntryName(bytes.into()))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escape(&self.0))
    }
}

impl fmt::Debug for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl File {
    /// Returns what tells it from the other files of its object.
    pub(crate) fn key(&self) -> FileKey {
        FileKey { template: self.template, executable: self.executable, sites: self.sites.clone() }
    }
}

impl Link {
    /// Makes a link.
    ///
    /// # Errors
    ///
    /// [`ObjectError::LinkTarget`], and [`ObjectError::Site`] if a site is not in the target or
    /// the target does not hold `0`s there.
    pub fn new(template: &[u8], sites: Sites) -> Result<Self, ObjectError> {
        if template.is_empty() || template.len() > LINK_LEN_MAX || template.contains(&0) {
            return Err(ObjectError::LinkTarget { target: escape_start(template) });
        }
        sites.check(template.len() as u64)?;
        for site in sites.as_slice() {
            if template[site.at as usize..][..DIGEST_LEN] != HOLE {
                return Err(ObjectError::Site { at: site.at });
            }
        }
        Ok(Link { template: template.into(), sites })
    }
}

impl Sites {
    /// Makes sites that ascend and do not overlap.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Site`].
    pub fn new(sites: Vec<Site>) -> Result<Self, ObjectError> {
        let sites = Sites(sites.into());
        sites.check(u64::MAX)?;
        Ok(sites)
    }

    /// Returns the sites in the order of their offsets.
    #[must_use]
    pub fn as_slice(&self) -> &[Site] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the order, and that every site ends at byte `len` or before.
    fn check(&self, len: u64) -> Result<(), ObjectError> {
        let mut end = 0;
        for site in &self.0 {
            let site_end = site.at.checked_add(DIGEST_LEN as u64);
            match site_end {
                Some(site_end) if site.at >= end && site_end <= len => end = site_end,
                _ => return Err(ObjectError::Site { at: site.at }),
            }
        }
        Ok(())
    }
}

/// Returns bytes as text that a terminal shows and nothing in it obeys.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Quotes and apostrophes are harmless and common in names.
            if matches!(c, '"' | '\'') {
                text.push(c);
            } else {
                text.extend(c.escape_debug());
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Returns the names that lead to a item as one path, escaped.
pub(crate) fn escape_names<'a>(names: impl IntoIterator<Item = &'a EntryName>) -> String {
    names.into_iter().map(ToString::to_string).collect::<Vec<_>>().join("/")
}

fn escape_start(bytes: &[u8]) -> String {
    let mut text = escape(&bytes[..bytes.len().min(80)]);
    if bytes.len() > 80 {
        text.push('…');
    }
    text
}
