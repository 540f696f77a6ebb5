//! Comparing what is on disk with what the records say, byte by byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nix::errno::Errno;

use crate::digest::ObjectId;
use crate::local::LocalStore;
use crate::local::index::Index;
use crate::local::record::decode_batch;
use crate::local::segments::{Frame, Position};
use crate::local::session::read_leases;
use crate::object::{EntryName, File, Item, Link, Object, Tree, escape};
use crate::path::StorePath;
use crate::read::read_template;
use crate::store::StoreError;
use crate::sys::{Folder, Kind, MTIME_S, SystemError, kind, mode};
use crate::write::fill;

/// How an entry on disk differs from the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// There is nothing.
    Missing,
    /// There is something that the object does not have.
    Extra,
    /// There is another kind of thing.
    Kind {
        /// What the object has, in words.
        expected: &'static str,
        /// What is there, in words.
        found: &'static str,
    },
    /// The permission bits are others.
    Mode {
        /// Those of the store.
        expected: u32,
        /// Those found.
        found: u32,
    },
    /// The modification time is not the store's.
    Time {
        /// The time found, in seconds since 1970.
        found_s: i64,
    },
    /// A file has another size.
    Size {
        /// The object's, in bytes.
        expected: u64,
        /// The one found, in bytes.
        found: u64,
    },
    /// Something else stands where a reference should.
    Site {
        /// The offset, in bytes.
        at: u64,
        /// What stands there, escaped.
        found: String,
    },
    /// A file holds other bytes, references apart.
    Content,
    /// A link points elsewhere.
    Target {
        /// Where the object's points, escaped.
        expected: String,
        /// Where the one found points, escaped.
        found: String,
    },
    /// The kernel could not read it, which says nothing of what is there.
    Unreadable {
        /// What the kernel said.
        reason: String,
    },
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A valid object is not what it was.
    Object {
        /// The object.
        id: ObjectId,
        /// Its path.
        path: StorePath,
        /// Where in it, from the object's root; empty for the root itself. Escaped.
        at: String,
        /// What is wrong there.
        difference: Difference,
    },
    /// The record of a valid object is damaged.
    Manifest {
        /// The object.
        id: ObjectId,
        /// What is wrong with it.
        reason: String,
    },
    /// The record of a valid object could not be read, which says nothing of the object.
    Unread {
        /// The object.
        id: ObjectId,
        /// What the kernel said.
        reason: String,
    },
    /// Part of the records cannot be read.
    Records {
        /// The file.
        file: String,
        /// Where, in bytes.
        at: u64,
        /// Why.
        reason: String,
        /// Whether it is at the very end, as a crash leaves it: nothing that was reported is lost.
        is_unfinished: bool,
    },
    /// The index does not say what the records say.
    Index {
        /// What differs, in words.
        reason: String,
    },
    /// Something lies in the store directory that no record knows. A crash may leave it.
    Orphan {
        /// Its name, escaped.
        name: String,
    },
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// How many objects were compared.
    pub objects: usize,
    /// How many bytes of files were read.
    pub bytes: u64,
    /// Whether it was stopped before the end.
    pub is_partial: bool,
}

impl VerifyReport {
    /// Whether everything that is valid is whole. What a crash leaves behind is no damage.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(|it| match it {
            Problem::Orphan { .. } => true,
            Problem::Records { is_unfinished, .. } => *is_unfinished,
            Problem::Object { .. }
            | Problem::Manifest { .. }
            | Problem::Unread { .. }
            | Problem::Index { .. } => false,
        })
    }

    /// Returns the objects that are damaged: those of which something was read that is not as it was.
    /// [store.collection.11]
    #[must_use]
    pub fn damaged(&self) -> BTreeSet<ObjectId> {
        let damaged = self.problems.iter().filter_map(|it| match it {
            Problem::Object { difference: Difference::Unreadable { .. }, .. } => None,
            Problem::Object { id, .. } | Problem::Manifest { id, .. } => Some(*id),
            Problem::Unread { .. }
            | Problem::Records { .. }
            | Problem::Index { .. }
            | Problem::Orphan { .. } => None,
        });
        damaged.collect()
    }

    /// Returns the objects of which something could not be read. They may be damaged or not.
    #[must_use]
    pub fn unread(&self) -> BTreeSet<ObjectId> {
        let unread = self.problems.iter().filter_map(|it| match it {
            Problem::Object { id, difference: Difference::Unreadable { .. }, .. }
            | Problem::Unread { id, .. } => Some(*id),
            Problem::Object { .. }
            | Problem::Manifest { .. }
            | Problem::Records { .. }
            | Problem::Index { .. }
            | Problem::Orphan { .. } => None,
        });
        unread.collect()
    }
}

impl LocalStore {
    /// Compares every valid object with its record, byte by byte, and the index with the records.
    ///
    /// Nothing is changed: [`discard`](Self::discard) is for what turns out to be damaged. `go_on` is called with each object before it is read, and ends the
    /// verification by returning `false`. What others register meanwhile is not looked at.
    ///
    /// # Errors
    ///
    /// As [`StoreError`], if the comparison itself fails; what it finds is in the report.
    pub fn verify(&self, go_on: &dyn Fn(&StorePath) -> bool) -> Result<VerifyReport, StoreError> {
        let mut report = VerifyReport::default();
        let rows = self.index().objects()?;
        self.verify_records(&mut report)?;
        for row in &rows {
            let path = StorePath::of_object(&row.id, &row.name);
            if !go_on(&path) {
                report.is_partial = true;
                return Ok(report);
            }
            let object = match self.read_manifest(row) {
                Ok(object) => object,
                Err(error) => {
                    // Another process may have collected it since.
                    if self.index().is_valid(&row.id)? {
                        let (id, reason) = (row.id, error.to_string());
                        let is_damaged = matches!(error, StoreError::Record { .. });
                        report.problems.push(match is_damaged {
                            true => Problem::Manifest { id, reason },
                            false => Problem::Unread { id, reason },
                        });
                    }
                    continue;
                }
            };
            let store = &self.shared.store;
            let found = compare(store, path.as_str().as_bytes(), &object, &row.id).differences;
            if !found.is_empty() && !self.index().is_valid(&row.id)? {
                continue;
            }
            report.objects += 1;
            report.bytes += row.totals.bytes;
            report.problems.extend(found.into_iter().map(|(at, difference)| {
                let path = path.clone();
                Problem::Object { id: row.id, path, at, difference }
            }));
        }
        self.find_orphans(&mut report)?;
        Ok(report)
    }

    /// Reads all records into a second index, and compares.
    fn verify_records(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        for reason in self.index().check()? {
            report.problems.push(Problem::Index { reason });
        }
        let segments = &self.shared.segments;
        // Without the right to lock, what others do meanwhile may look like a difference.
        let _lock = match self.shared.read_only {
            None => Some(self.shared.lock_commit()?),
            Some(_) => None,
        };
        if self.shared.read_only.is_none() {
            // On a full disk the index stays behind the records; that is no difference.
            let _ = self.index().catch_up(segments);
        }
        let indexed = self.index().position()?;
        let mut replayed = Index::in_memory()?;
        let mut position = Position::START;
        loop {
            match segments.read(position)? {
                Frame::Batch(batch, next) => {
                    let start = Position { at: next.at - batch.len() as u64, ..next };
                    match decode_batch(&batch) {
                        Ok(records) if next <= indexed => replayed.apply(&records, start, next)?,
                        Ok(_) => {}
                        Err(error) => report.problems.push(Problem::Records {
                            file: segments.path(start.segment).display().to_string(),
                            at: start.at,
                            reason: error.to_string(),
                            is_unfinished: false,
                        }),
                    }
                    position = next;
                }
                Frame::Damaged { end, more_follows, reason } => {
                    report.problems.push(Problem::Records {
                        file: segments.path(position.segment).display().to_string(),
                        at: position.at,
                        reason: reason.to_owned(),
                        is_unfinished: !more_follows && indexed <= position,
                    });
                    if !more_follows {
                        break;
                    }
                    position = end;
                }
                Frame::End(_) => break,
            }
        }
        compare_indexes(&self.index(), &replayed, report)
    }

    /// Finds what lies in the store directory and is neither valid nor in use.
    fn find_orphans(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        // What is placed meanwhile would be known to no lease that was read before.
        let _lock = self.shared.lock_store_if_writable()?;
        let names = self.shared.store.names()?;
        let leases = match self.shared.read_only {
            None => read_leases(&self.shared)?,
            Some(_) => Vec::new(),
        };
        let mut in_use: BTreeSet<String> = leases.iter().map(|(id, _)| digest_text(id)).collect();
        in_use.extend(self.index().paths()?.iter().map(|it| it.digest().to_owned()));
        for name in names {
            let digest = name.get(..crate::path::DIGEST_LEN).unwrap_or(&name);
            if !in_use.contains(&*String::from_utf8_lossy(digest)) {
                report.problems.push(Problem::Orphan { name: escape(&name) });
            }
        }
        Ok(())
    }
}

pub(super) fn digest_text(id: &ObjectId) -> String {
    String::from_utf8_lossy(&StorePath::digest_of_object(id)).into_owned()
}

fn compare_indexes(
    index: &Index,
    replayed: &Index,
    report: &mut VerifyReport,
) -> Result<(), StoreError> {
    let mut differ = |reason: String| report.problems.push(Problem::Index { reason });
    let describe = |index: &Index| -> Result<BTreeMap<ObjectId, String>, StoreError> {
        let rows = index.objects()?;
        let ids: BTreeMap<i64, ObjectId> = rows.iter().map(|it| (it.row, it.id)).collect();
        Ok(rows
            .iter()
            .map(|it| {
                let refs: Vec<_> = it.refs.iter().map(|row| ids.get(row)).collect();
                (it.id, format!("{} {:?} {refs:?} {:?}", it.name, it.totals, it.manifest))
            })
            .collect())
    };
    let (here, there) = (describe(index)?, describe(replayed)?);
    for id in here.keys().chain(there.keys()).collect::<BTreeSet<_>>() {
        match (here.get(id), there.get(id)) {
            (Some(a), Some(b)) if a == b => {}
            (Some(_), Some(_)) => differ(format!("the row of object {id} is not what is recorded")),
            (Some(_), None) => differ(format!("object {id} is indexed and not recorded")),
            (None, _) => differ(format!("object {id} is recorded and not indexed")),
        }
    }
    let pinned = |index: &Index| -> Result<BTreeMap<_, _>, StoreError> {
        let all = index.all_realisations()?;
        Ok(all.into_iter().map(|(it, origin, _)| (it.action, (it, origin))).collect())
    };
    let (here, there) = (pinned(index)?, pinned(replayed)?);
    for action in here.keys().chain(there.keys()).collect::<BTreeSet<_>>() {
        if here.get(action) != there.get(action) {
            differ(format!("the realisation of action {action} is not what is recorded"));
        }
    }
    if index.roots()? != replayed.roots()? {
        differ("the roots are not those recorded".to_owned());
    }
    Ok(())
}

/// What a comparison found.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Every difference, with its place in the object, escaped.
    pub(super) differences: Vec<(String, Difference)>,
    /// Why the first thing that could not be read could not be.
    pub(super) unread: Option<SystemError>,
}

impl Compared {
    /// Whether anything that was read is not as in the object.
    pub(super) fn is_different(&self) -> bool {
        self.differences.iter().any(|it| !matches!(it.1, Difference::Unreadable { .. }))
    }
}

/// Compares what lies at a name with an object.
pub(super) fn compare(parent: &Folder, name: &[u8], object: &Object, id: &ObjectId) -> Compared {
    let names = Vec::new();
    let mut comparison = Comparison { object, id, names, found: Compared::default() };
    comparison.item(parent, name, &object.root);
    comparison.found
}

struct Comparison<'a> {
    object: &'a Object,
    id: &'a ObjectId,
    names: Vec<String>,
    found: Compared,
}

impl Comparison<'_> {
    fn item(&mut self, parent: &Folder, name: &[u8], item: &Item) {
        if let Err(error) = self.compare_item(parent, name, item) {
            if error.is(Errno::ENOENT) {
                self.report(Difference::Missing);
            } else {
                self.report(Difference::Unreadable { reason: error.to_string() });
                self.found.unread.get_or_insert(error);
            }
        }
    }

    fn compare_item(
        &mut self,
        parent: &Folder,
        name: &[u8],
        item: &Item,
    ) -> Result<(), SystemError> {
        let stat = parent.stat(name)?;
        let expected = match item {
            Item::Folder(_) => Kind::Folder,
            Item::File(_) => Kind::File,
            Item::Link(_) => Kind::Link,
        };
        if kind(&stat) != expected {
            let (expected, found) = (words(expected), words(kind(&stat)));
            self.report(Difference::Kind { expected, found });
            return Ok(());
        }
        if stat.st_mtime != MTIME_S {
            self.report(Difference::Time { found_s: stat.st_mtime });
        }
        let expected_mode = match item {
            Item::Folder(_) => Some(0o555),
            Item::File(file) => Some(if file.executable { 0o555 } else { 0o444 }),
            Item::Link(_) => None,
        };
        if let Some(expected) = expected_mode
            && mode(&stat) != expected
        {
            self.report(Difference::Mode { expected, found: mode(&stat) });
        }
        match item {
            Item::Folder(tree) => self.folder(&parent.folder(name)?, tree),
            Item::File(file) => self.file(parent, name, file),
            Item::Link(link) => self.link(parent, name, link),
        }
    }

    fn folder(&mut self, folder: &Folder, tree: &Tree) -> Result<(), SystemError> {
        for entry in tree.entries() {
            self.names.push(entry.name.to_string());
            self.item(folder, entry.name.as_bytes(), &entry.item);
            self.names.pop();
        }
        let known: BTreeSet<&[u8]> =
            tree.entries().iter().map(|it| EntryName::as_bytes(&it.name)).collect();
        for name in folder.names()? {
            if !known.contains(name.as_slice()) {
                self.names.push(escape(&name));
                self.report(Difference::Extra);
                self.names.pop();
            }
        }
        Ok(())
    }

    fn file(&mut self, parent: &Folder, name: &[u8], file: &File) -> Result<(), SystemError> {
        let mut open = parent.read(name)?;
        let template = read_template(&mut open, file, self.object, self.id, &mut |_| Ok(()))
            .map_err(|it| SystemError::new("read", &parent.path_of(name), it))?;
        if template.bytes != file.bytes {
            self.report(Difference::Size { expected: file.bytes, found: template.bytes });
        }
        for (at, found) in &template.wrong_sites {
            self.report(Difference::Site { at: *at, found: escape(found) });
        }
        if template.id != file.template && template.bytes == file.bytes {
            self.report(Difference::Content);
        }
        Ok(())
    }

    fn link(&mut self, parent: &Folder, name: &[u8], link: &Link) -> Result<(), SystemError> {
        let mut expected = link.template.to_vec();
        fill(&mut expected, 0, &link.sites, self.object, self.id);
        let found = parent.read_link(name)?;
        if found != expected {
            let (expected, found) = (escape(&expected), escape(&found));
            self.report(Difference::Target { expected, found });
        }
        Ok(())
    }

    fn report(&mut self, difference: Difference) {
        self.found.differences.push((self.names.join("/"), difference));
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Folder => "a folder",
        Kind::File => "a file",
        Kind::Link => "a symbolic link",
        Kind::Special(words) => words,
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Missing => write!(f, "is missing"),
            Difference::Extra => write!(f, "does not belong to the object"),
            Difference::Kind { expected, found } => write!(f, "is {found} instead of {expected}"),
            Difference::Mode { expected, found } => {
                write!(f, "has mode {found:04o} instead of {expected:04o}")
            }
            Difference::Time { found_s } => {
                write!(f, "was modified at second {found_s} instead of {MTIME_S}")
            }
            Difference::Size { expected, found } => {
                write!(f, "has {found} bytes instead of {expected}")
            }
            Difference::Site { at, found } => {
                write!(f, "has `{found}` at byte {at} instead of a reference")
            }
            Difference::Content => write!(f, "holds other bytes"),
            Difference::Target { expected, found } => {
                write!(f, "points to `{found}` instead of `{expected}`")
            }
            Difference::Unreadable { reason } => write!(f, "cannot be read: {reason}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Object { path, at, difference, .. } if at.is_empty() => {
                write!(f, "{path} {difference}")
            }
            Problem::Object { path, at, difference, .. } => write!(f, "{path}/{at} {difference}"),
            Problem::Manifest { id, reason } => write!(f, "object {id}: {reason}"),
            Problem::Unread { id, reason } => {
                write!(f, "the record of object {id} cannot be read: {reason}")
            }
            Problem::Records { file, at, reason, is_unfinished: true } => {
                write!(f, "{file} ends at byte {at} with an unfinished record ({reason}); harmless")
            }
            Problem::Records { file, at, reason, is_unfinished: false } => {
                write!(f, "{file} is damaged at byte {at}: {reason}")
            }
            Problem::Index { reason } => write!(f, "the index is wrong: {reason}"),
            Problem::Orphan { name } => write!(f, "{name} is known to no record; harmless"),
        }
    }
}
