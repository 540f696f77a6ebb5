//! How two trees differ that were meant to be the same: of one build made twice, here or in two stores.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File as OpenFile;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::object::{Entry, File, Item, Object, Site, escape};
use crate::path::DIGEST_LEN;
use crate::sys::SystemError;

/// A place at which two trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path in the object, escaped; empty for its root.
    pub path: String,
    /// How it differs.
    pub kind: ChangeKind,
}

/// How an entry of two trees differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// Only the first build made it.
    Gone,
    /// Only the second build made it.
    New,
    /// It is something else: file, link or folder.
    Kind,
    /// It can be executed in one and not in the other.
    Executable,
    /// The sizes of a file differ.
    Size {
        /// The first, in bytes.
        before: u64,
        /// The second, in bytes.
        now: u64,
    },
    /// A file's bytes differ.
    Bytes {
        /// The offset of the first that does.
        at: u64,
    },
    /// References stand at other places, or are others.
    References,
    /// A link points elsewhere.
    Target {
        /// Where the first points, escaped.
        before: String,
        /// Where the second points, escaped.
        now: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(root)" } else { &self.path };
        match &self.kind {
            ChangeKind::Gone => write!(f, "{path} was made by the first build only"),
            ChangeKind::New => write!(f, "{path} was made by the second build only"),
            ChangeKind::Kind => write!(f, "{path} is something else"),
            ChangeKind::Executable => write!(f, "{path} can be executed in one build only"),
            ChangeKind::Size { before, now } => {
                write!(f, "{path} has {now} bytes instead of {before}")
            }
            ChangeKind::Bytes { at } => write!(f, "{path} differs from byte {at} on"),
            ChangeKind::References => write!(f, "{path} refers to others, or elsewhere"),
            ChangeKind::Target { before, now } => {
                write!(f, "{path} points to `{now}` instead of `{before}`")
            }
        }
    }
}

/// One of two objects that are compared, and where its files are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) object: &'a Object,
    pub(crate) at: &'a Path,
}

/// Returns where two trees differ, in the order of their paths.
///
/// Empty if they are the same, or differ only in what another output of the same build is.
pub(crate) fn tree_changes(before: Side<'_>, now: Side<'_>) -> Result<Vec<Change>, SystemError> {
    let mut comparison = Comparison {
        before: before.object,
        now: now.object,
        names: Vec::new(),
        changes: Vec::new(),
    };
    comparison.item(before.at, &before.object.root, now.at, &now.object.root)?;
    Ok(comparison.changes)
}

struct Comparison<'a> {
    before: &'a Object,
    now: &'a Object,
    names: Vec<String>,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn item(
        &mut self,
        before_path: &Path,
        before: &Item,
        now_path: &Path,
        now: &Item,
    ) -> Result<(), SystemError> {
        match (before, now) {
            (Item::Folder(a), Item::Folder(b)) => {
                self.folders(before_path, a.entries(), now_path, b.entries())
            }
            (Item::File(a), Item::File(b)) => self.files(before_path, a, now_path, b),
            (Item::Link(a), Item::Link(b)) => {
                if a.template != b.template {
                    let (before, now) = (escape(&a.template), escape(&b.template));
                    self.report(ChangeKind::Target { before, now });
                } else if self.targets(a.sites.as_slice(), b.sites.as_slice()) {
                    self.report(ChangeKind::References);
                }
                Ok(())
            }
            (Item::Folder(_) | Item::File(_) | Item::Link(_), _) => {
                self.report(ChangeKind::Kind);
                Ok(())
            }
        }
    }

    fn folders(
        &mut self,
        before_path: &Path,
        before: &[Entry],
        now_path: &Path,
        now: &[Entry],
    ) -> Result<(), SystemError> {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let before: BTreeMap<_, _> = before.iter().map(|it| (&it.name, &it.item)).collect();
        let now: BTreeMap<_, _> = now.iter().map(|it| (&it.name, &it.item)).collect();
        let mut names: Vec<_> = before.keys().chain(now.keys()).copied().collect();
        names.sort();
        names.dedup();
        for name in names {
            self.names.push(name.to_string());
            let os_name = OsStr::from_bytes(name.as_bytes());
            match (before.get(name), now.get(name)) {
                (Some(a), Some(b)) => {
                    self.item(&before_path.join(os_name), a, &now_path.join(os_name), b)?;
                }
                (Some(_), None) => self.report(ChangeKind::Gone),
                (None, _) => self.report(ChangeKind::New),
            }
            self.names.pop();
        }
        Ok(())
    }

    fn files(
        &mut self,
        before_path: &Path,
        before: &File,
        now_path: &Path,
        now: &File,
    ) -> Result<(), SystemError> {
        if before.executable != now.executable {
            self.report(ChangeKind::Executable);
        }
        if before.bytes != now.bytes {
            self.report(ChangeKind::Size { before: before.bytes, now: now.bytes });
        }
        if before.template != now.template {
            let at = find_difference(before_path, before, now_path, now)?;
            self.report(ChangeKind::Bytes { at });
        } else if self.targets(before.sites.as_slice(), now.sites.as_slice()) {
            self.report(ChangeKind::References);
        }
        Ok(())
    }

    /// Whether references stand at other places or are to other objects.
    fn targets(&self, before: &[Site], now: &[Site]) -> bool {
        let target = |object: &Object, number: u32| {
            number.checked_sub(1).and_then(|it| object.refs.get(it as usize).copied())
        };
        before.len() != now.len()
            || before.iter().zip(now).any(|(a, b)| {
                a.at != b.at || target(self.before, a.target) != target(self.now, b.target)
            })
    }

    fn report(&mut self, kind: ChangeKind) {
        self.changes.push(Change { path: self.names.join("/"), kind });
    }
}

/// Returns the offset of the first byte that differs and is not part of a reference in both.
fn find_difference(
    before_path: &Path,
    before: &File,
    now_path: &Path,
    now: &File,
) -> Result<u64, SystemError> {
    let open = |path: &Path| {
        let file = OpenFile::open(path).map_err(|it| SystemError::new("open", path, it))?;
        Ok(BufReader::with_capacity(1 << 16, file))
    };
    let is_site = |file: &File, at: u64| {
        let sites = file.sites.as_slice();
        let next = sites.partition_point(|it| it.at <= at);
        next > 0 && at < sites[next - 1].at + DIGEST_LEN as u64
    };
    let (mut a, mut b): (BufReader<OpenFile>, BufReader<OpenFile>) =
        (open(before_path)?, open(now_path)?);
    let mut at = 0;
    loop {
        let left = a.fill_buf().map_err(|it| SystemError::new("read", before_path, it))?;
        let right = b.fill_buf().map_err(|it| SystemError::new("read", now_path, it))?;
        let len = left.len().min(right.len());
        if len == 0 {
            return Ok(at);
        }
        for (index, (x, y)) in left.iter().zip(right).enumerate() {
            let here = at + index as u64;
            if x != y && !(is_site(before, here) && is_site(now, here)) {
                return Ok(here);
            }
        }
        a.consume(len);
        b.consume(len);
        at += len as u64;
    }
}
