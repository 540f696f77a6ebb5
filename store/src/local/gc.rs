//! Collection: removing objects that nothing keeps, as specified in `spec/store/collection.md`.
//!
//! Kept is what a root names, what a living session holds, what is younger than the grace, and all
//! that any of these refers to. Everything else is dead.
//!
//! A round holds the store lock and the commit lock while it finds what is dead, records that some
//! of it is collected, and moves that to the trash. So no session can begin to rely on an object
//! between the decision and the deed, and none can register something that refers to it. Objects
//! are taken in an order in which no valid object ever refers to one that is not. The record comes
//! before the move: after a crash between the two there is an object that no record knows, never a
//! record of an object that is gone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use crate::digest::ObjectId;
use crate::local::claim::remove_unused;
use crate::local::commit::append;
use crate::local::index::ObjectRow;
use crate::local::links::{AtLink, KeptLink, ReleasedLink};
use crate::local::record::{Record, Root};
use crate::local::session::{bury_dead, read_leases};
use crate::local::trash::{empty_trash, move_to_trash};
use crate::local::verify::digest_text;
use crate::local::{LocalStore, fault, now_s};
use crate::object::escape;
use crate::path::{DIGEST_LEN, StorePath};
use crate::store::{Session, StoreError};
use crate::sys::{Kind, if_there, kind};

/// How many objects are collected before others get the locks again.
const ROUND_MAX: usize = 2048;

/// For how long an unfinished download waits for somebody to go on with it.
const DOWNLOAD_AGE_S_MAX: u64 = 7 * 24 * 60 * 60;

/// With less free space than this, space is given back after every few objects: what the index
/// takes for so many fits into the reserve.
const SHORT_BYTES: u64 = 64 << 20;
const SHORT_ROUND_MAX: usize = 16;

/// What to collect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcOptions {
    /// Objects registered or used so recently are kept, in seconds.
    pub grace_s: u64,
    /// Stop when this many bytes are free on the disk of the store; all that is dead goes if `None`.
    /// Least recently used objects go first. [store.collection.9]
    pub free_bytes_min: Option<u64>,
    /// Remove the roots whose names begin so; none if `None`. [store.collection.10]
    pub roots_forgotten: Option<String>,
    /// Logs older than this go too, in seconds; none if `None`.
    pub log_age_s_max: Option<u64>,
    /// Only say what would be collected.
    pub is_dry_run: bool,
}

impl Default for GcOptions {
    fn default() -> Self {
        GcOptions {
            grace_s: 60 * 60,
            free_bytes_min: None,
            roots_forgotten: None,
            log_age_s_max: Some(90 * 24 * 60 * 60),
            is_dry_run: false,
        }
    }
}

/// An object that was or would be collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// Its id.
    pub id: ObjectId,
    /// Its path.
    pub path: StorePath,
    /// The size of its files, in bytes. Files shared with other objects free nothing.
    pub bytes: u64,
}

/// What a collection did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GcReport {
    /// The objects, in the order of collection.
    pub collected: Vec<Collected>,
    /// How many objects stay.
    pub kept: usize,
    /// Names in the store directory that no record knew, as crashes leave them; escaped.
    pub orphans: Vec<String>,
    /// Roots whose time was over, or that were to be forgotten, and those of links that keep nothing
    /// any more.
    pub expired: Vec<String>,
    /// The links that keep something.
    pub links: Vec<KeptLink>,
    /// The links that keep nothing any more.
    pub released: Vec<ReleasedLink>,
    /// Bytes of logs and unfinished downloads.
    pub other_bytes: u64,
}

/// What keeps an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A root.
    Root(Root),
    /// A session of a living process with this number.
    Session {
        /// The process.
        pid: u32,
    },
    /// It was registered or used less than the grace ago.
    Young {
        /// When, in seconds since 1970.
        used_s: u64,
    },
}

/// One reason why an object is kept: who holds what, and how that refers to the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyAlive {
    /// What holds the first object of the chain.
    pub holder: Holder,
    /// From the object that is held to the one asked for, each referring to the next.
    pub chain: Vec<StorePath>,
}

/// Why an object cannot be made a root or be removed.
#[derive(Debug, thiserror::Error)]
pub enum GcError {
    /// The object is not valid.
    #[error("there is no object {id}")]
    NoObject {
        /// The object.
        id: ObjectId,
    },
    /// There is no root of this name.
    #[error("there is no root `{}`", escape(name.as_bytes()))]
    NoRoot {
        /// The name.
        name: String,
    },
    /// A living session holds the object or something that refers to it.
    #[error("{path} is in use by process {pid}")]
    InUse {
        /// The object that is held.
        path: StorePath,
        /// The process.
        pid: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LocalStore {
    /// Removes what nothing keeps, and returns what it was. Ends early when `go_on` says no; what
    /// was collected by then is in the report.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn gc(
        &self,
        options: &GcOptions,
        go_on: &dyn Fn() -> bool,
    ) -> Result<GcReport, StoreError> {
        let mut report = GcReport::default();
        if options.is_dry_run {
            let graph = self.read_graph(options.grace_s, options.roots_forgotten.as_deref())?;
            let victims = graph.choose(self.bytes_wanted(options)?, usize::MAX);
            report.kept = graph.rows.len() - victims.len();
            report.collected = victims.iter().map(|at| collected(&graph.rows[*at])).collect();
            report.links = graph.kept_links();
            report.expired = graph.expired;
            report.released = graph.released;
            report.orphans = self.find_orphans_to_collect(options.grace_s)?;
            return Ok(report);
        }
        self.shared.check_writable()?;
        // Recording what is collected takes a little space too.
        self.shared.drop_reserve()?;
        // What nobody can use goes before any object: it may be enough.
        self.collect_leftovers(options.grace_s, &mut report)?;
        self.collect_locks()?;
        report.other_bytes += self.collect_downloads()?;
        if let Some(age_s) = options.log_age_s_max {
            report.other_bytes += self.remove_logs_before(now_s().saturating_sub(age_s))?;
        }
        while go_on() {
            let is_short = self.shared.store.free_bytes()? < SHORT_BYTES;
            if is_short || options.free_bytes_min.is_some() {
                self.give_space_back(go_on)?;
            }
            if options.free_bytes_min.is_some() {
                // Some file systems count space as free only once that is written.
                self.shared.store.sync_file_system()?;
            }
            let count_max = if is_short { SHORT_ROUND_MAX } else { ROUND_MAX };
            let wanted = self.bytes_wanted(options)?;
            let is_last = self.collect_round(options, wanted, count_max, &mut report)?;
            if is_last || wanted == Some(0) {
                break;
            }
        }
        self.give_space_back(go_on)?;
        // Without room for it the next collection has to do without.
        let _ = self.shared.make_reserve();
        Ok(report)
    }

    /// Returns everything that keeps an object from being collected: for each holder a shortest
    /// chain of references. Empty if it is dead or not valid.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn why_alive(&self, id: &ObjectId, grace_s: u64) -> Result<Vec<WhyAlive>, StoreError> {
        let graph = self.read_graph(grace_s, None)?;
        let Some(wanted) = graph.by_id.get(id) else { return Ok(Vec::new()) };
        let mut next = BTreeMap::new();
        let mut order = Vec::new();
        let mut open = VecDeque::from([*wanted]);
        let mut seen = BTreeSet::from([*wanted]);
        while let Some(at) = open.pop_front() {
            order.push(at);
            for user in &graph.users[at] {
                if seen.insert(*user) {
                    next.insert(*user, at);
                    open.push_back(*user);
                }
            }
        }
        let mut reasons = Vec::new();
        for at in order {
            for holder in graph.holders.get(&at).into_iter().flatten() {
                let mut chain = vec![graph.path(at)];
                let mut here = at;
                while let Some(then) = next.get(&here) {
                    chain.push(graph.path(*then));
                    here = *then;
                }
                reasons.push(WhyAlive { holder: holder.clone(), chain });
            }
        }
        Ok(reasons)
    }

    /// Makes objects invalid, with everything that refers to them, whatever keeps them, so that they
    /// are substituted or built again when they are needed: for objects that a verification found
    /// damaged. Returns what is no longer valid.
    ///
    /// # Errors
    ///
    /// [`GcError::InUse`] if a living session holds any of it, and
    /// [`GcError::NoObject`] if one is not valid. Nothing is done then.
    pub fn discard(&self, ids: &BTreeSet<ObjectId>) -> Result<Vec<Collected>, GcError> {
        self.shared.check_writable()?;
        let _store_lock = self.shared.lock_store()?;
        let _commit_lock = self.shared.lock_commit()?;
        self.index().catch_up(&self.shared.segments)?;
        let graph = self.read_graph_locked(0, None)?;
        let mut victims = BTreeSet::new();
        let mut open = Vec::new();
        for id in ids {
            open.push(*graph.by_id.get(id).ok_or(GcError::NoObject { id: *id })?);
        }
        while let Some(at) = open.pop() {
            if victims.insert(at) {
                open.extend(&graph.users[at]);
            }
        }
        for at in &victims {
            for holder in graph.holders.get(at).into_iter().flatten() {
                if let Holder::Session { pid } = holder {
                    return Err(GcError::InUse { path: graph.path(*at), pid: *pid });
                }
            }
        }
        let victims: Vec<usize> = victims.into_iter().rev().collect();
        self.take(&graph, &victims)?;
        self.trash.empty(&self.shared);
        Ok(victims.iter().map(|at| collected(&graph.rows[*at])).collect())
    }

    /// Returns how many bytes are to be collected until as many are free as was asked for.
    fn bytes_wanted(&self, options: &GcOptions) -> Result<Option<u64>, StoreError> {
        let Some(min) = options.free_bytes_min else { return Ok(None) };
        Ok(Some(min.saturating_sub(self.shared.store.free_bytes()?)))
    }

    /// Removes what is in the trash, and what only the pool has.
    fn give_space_back(&self, go_on: &dyn Fn() -> bool) -> Result<(), StoreError> {
        // The pool gives up a file only once the last object that had it is really gone.
        empty_trash(&self.shared, go_on)?;
        if let Some(pool) = &self.shared.pool {
            pool.collect(go_on)?;
        }
        Ok(())
    }

    /// Collects some of what is dead; returns whether that was the last of it.
    fn collect_round(
        &self,
        options: &GcOptions,
        wanted: Option<u64>,
        count_max: usize,
        report: &mut GcReport,
    ) -> Result<bool, StoreError> {
        let _store_lock = self.shared.lock_store()?;
        let _commit_lock = self.shared.lock_commit()?;
        self.index().catch_up(&self.shared.segments)?;
        let forgotten = options.roots_forgotten.as_deref();
        let graph = self.read_graph_locked(options.grace_s, forgotten)?;
        if !graph.expired.is_empty() {
            let records =
                graph.expired.iter().map(|it| Record::RootRemoved { name: it.clone() }).collect();
            self.append_locked(records)?;
            report.expired.extend(graph.expired.iter().cloned());
            report.released.extend(graph.released.iter().cloned());
        }
        report.links = graph.kept_links();
        let victims = graph.choose(wanted, count_max);
        self.take(&graph, &victims)?;
        report.kept = graph.rows.len() - victims.len();
        report.collected.extend(victims.iter().map(|at| collected(&graph.rows[*at])));
        Ok(victims.len() == graph.dead().count())
    }

    /// Records that objects are collected and moves them to the trash, under both locks.
    fn take(&self, graph: &Graph, victims: &[usize]) -> Result<(), StoreError> {
        if victims.is_empty() {
            return Ok(());
        }
        let records =
            victims.iter().map(|at| Record::Collected { object: graph.rows[*at].id }).collect();
        self.append_locked(records)?;
        for at in victims {
            let path = graph.path(*at);
            move_to_trash(&self.shared, &self.shared.store, path.as_str().as_bytes())?;
            fault::point("gc: after a move");
        }
        Ok(())
    }

    /// Appends records under the commit lock.
    fn append_locked(&self, records: Vec<Record>) -> Result<(), StoreError> {
        let mut index = self.index();
        let end = index.catch_up(&self.shared.segments)?;
        append(&self.shared, &mut index, end, records)
    }

    /// Makes records durable and waits for that.
    pub(super) fn record(&self, records: Vec<Record>) -> Result<(), StoreError> {
        let _lock = self.shared.lock_commit()?;
        self.append_locked(records)
    }

    fn read_graph(&self, grace_s: u64, forgotten: Option<&str>) -> Result<Graph, StoreError> {
        let _lock = self.shared.lock_store_if_writable()?;
        self.read_graph_locked(grace_s, forgotten)
    }

    fn read_graph_locked(
        &self,
        grace_s: u64,
        forgotten: Option<&str>,
    ) -> Result<Graph, StoreError> {
        let index = self.index();
        let now = now_s();
        let rows = index.objects()?;
        let (expired, all): (Vec<Root>, Vec<Root>) = index.roots()?.into_iter().partition(|it| {
            it.expires_s.is_some_and(|expires_s| expires_s <= now)
                || forgotten.is_some_and(|start| it.name.starts_with(start))
        });
        drop(index);
        let mut expired: Vec<String> = expired.into_iter().map(|it| it.name).collect();
        let (mut roots, mut released) = (Vec::new(), Vec::new());
        for root in all {
            let Some(link) = root.link().map(Path::to_owned) else {
                roots.push(root);
                continue;
            };
            match self.at_link(&link, &root)? {
                AtLink::Object(object) => roots.push(Root { object, ..root }),
                // What cannot be seen may be there.
                AtLink::Unread { .. } => roots.push(root),
                found @ (AtLink::Nothing | AtLink::Elsewhere { .. } | AtLink::NoLink) => {
                    expired.push(root.name);
                    released.push(ReleasedLink { link, found });
                }
            }
        }
        let leases = match self.shared.read_only {
            None => read_leases(&self.shared)?,
            Some(_) => Vec::new(),
        };
        Ok(Graph { expired, released, ..Graph::new(rows, roots, leases, now, grace_s) })
    }

    /// Moves what ended processes left to the trash: their stages, and what lies in the store directory
    /// without a record.
    fn collect_leftovers(&self, grace_s: u64, report: &mut GcReport) -> Result<(), StoreError> {
        let _store_lock = self.shared.lock_store()?;
        let _commit_lock = self.shared.lock_commit()?;
        let var = &self.shared.var;
        bury_dead(&self.shared, &var.folder(b"leases")?, &var.folder(b"stage")?)?;
        self.index().catch_up(&self.shared.segments)?;
        let orphans = self.list_orphans(grace_s)?;
        for name in orphans {
            move_to_trash(&self.shared, &self.shared.store, &name)?;
            report.orphans.push(escape(&name));
        }
        Ok(())
    }

    fn find_orphans_to_collect(&self, grace_s: u64) -> Result<Vec<String>, StoreError> {
        let _lock = self.shared.lock_store_if_writable()?;
        Ok(self.list_orphans(grace_s)?.iter().map(|it| escape(it)).collect())
    }

    /// Returns what lies in the store directory and is neither valid nor held. The caller holds the
    /// store lock, under which this does not change: a session holds what it placed until that is
    /// registered.
    fn list_orphans(&self, grace_s: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let store = &self.shared.store;
        let mut known: BTreeSet<Vec<u8>> =
            self.index().paths()?.into_iter().map(|it| it.digest().as_bytes().to_vec()).collect();
        if self.shared.read_only.is_none() {
            known.extend(
                read_leases(&self.shared)?.iter().map(|(id, _)| digest_text(id).into_bytes()),
            );
        }
        let now = now_s();
        let mut orphans = Vec::new();
        for name in store.names()? {
            if name.get(..DIGEST_LEN).is_some_and(|it| known.contains(it)) {
                continue;
            }
            let Some(stat) = store.stat_if_there(&name)? else { continue };
            // The time of the last change of the inode, as that of the content is always 1.
            if now.saturating_sub(stat.st_ctime.max(0) as u64) >= grace_s {
                orphans.push(name);
            }
        }
        Ok(orphans)
    }

    /// Removes downloads that nobody went on with for long; returns how many bytes that frees.
    fn collect_downloads(&self) -> Result<u64, StoreError> {
        let mut bytes = 0;
        let Some(partial) = if_there(self.shared.var.folder(b"partial"))? else { return Ok(0) };
        let before_s = now_s().saturating_sub(DOWNLOAD_AGE_S_MAX);
        for name in partial.names()? {
            let Some(stat) = partial.stat_if_there(&name)? else { continue };
            let is_old = (stat.st_mtime.max(0) as u64) < before_s;
            // Who downloads holds a lock on the file.
            if kind(&stat) == Kind::File && is_old && remove_unused(&partial, &name)? {
                bytes += stat.st_blocks.max(0) as u64 * 512;
            }
        }
        Ok(bytes)
    }

    /// Removes the lock files of actions whose processes crashed.
    fn collect_locks(&self) -> Result<(), StoreError> {
        let locks = self.shared.var.folder(b"locks")?;
        for name in locks.names()? {
            // The names of the two general locks are shorter.
            if name.len() == 64 {
                remove_unused(&locks, &name)?;
            }
        }
        Ok(())
    }

    pub(super) fn session_of_this(&self) -> Result<impl Session + '_, StoreError> {
        crate::local::session::LocalSession::begin(self)
    }
}

fn collected(row: &ObjectRow) -> Collected {
    Collected {
        id: row.id,
        path: StorePath::of_object(&row.id, &row.name),
        bytes: row.totals.bytes,
    }
}

/// All valid objects, who refers to whom, and what is held.
struct Graph {
    rows: Vec<ObjectRow>,
    by_id: BTreeMap<ObjectId, usize>,
    /// Which objects refer to each.
    users: Vec<Vec<usize>>,
    /// What holds objects directly.
    holders: BTreeMap<usize, Vec<Holder>>,
    is_alive: Vec<bool>,
    expired: Vec<String>,
    released: Vec<ReleasedLink>,
}

impl Graph {
    fn new(
        rows: Vec<ObjectRow>,
        roots: Vec<Root>,
        leases: Vec<(ObjectId, u32)>,
        now: u64,
        grace_s: u64,
    ) -> Self {
        let by_id: BTreeMap<ObjectId, usize> =
            rows.iter().enumerate().map(|(at, it)| (it.id, at)).collect();
        let by_row: BTreeMap<i64, usize> =
            rows.iter().enumerate().map(|(at, it)| (it.row, at)).collect();
        let mut users = vec![Vec::new(); rows.len()];
        for (at, row) in rows.iter().enumerate() {
            for other in &row.refs {
                if let Some(other) = by_row.get(other) {
                    users[*other].push(at);
                }
            }
        }
        let mut holders: BTreeMap<usize, Vec<Holder>> = BTreeMap::new();
        let mut hold = |id: &ObjectId, holder: Holder| {
            if let Some(at) = by_id.get(id) {
                let all = holders.entry(*at).or_default();
                if !all.contains(&holder) {
                    all.push(holder);
                }
            }
        };
        for root in roots {
            hold(&root.object.clone(), Holder::Root(root));
        }
        for (id, pid) in leases {
            hold(&id, Holder::Session { pid });
        }
        for row in &rows {
            let used_s = row.used_s.max(row.registered_s);
            // A clock that was set back makes objects young, never old.
            if now.saturating_sub(used_s) < grace_s {
                hold(&row.id, Holder::Young { used_s });
            }
        }
        let mut is_alive = vec![false; rows.len()];
        let mut open: Vec<usize> = holders.keys().copied().collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut is_alive[at], true) {
                open.extend(rows[at].refs.iter().filter_map(|it| by_row.get(it).copied()));
            }
        }
        let (expired, released) = (Vec::new(), Vec::new());
        Graph { rows, by_id, users, holders, is_alive, expired, released }
    }

    /// The links among what holds objects, by their paths.
    fn kept_links(&self) -> Vec<KeptLink> {
        let mut links = Vec::new();
        for (at, holders) in &self.holders {
            for holder in holders {
                if let Holder::Root(root) = holder
                    && let Some(link) = root.link()
                {
                    links.push(KeptLink { link: link.to_owned(), path: self.path(*at) });
                }
            }
        }
        links.sort_unstable_by(|a, b| a.link.cmp(&b.link));
        links
    }

    fn path(&self, at: usize) -> StorePath {
        StorePath::of_object(&self.rows[at].id, &self.rows[at].name)
    }

    /// Returns the objects that nothing keeps.
    fn dead(&self) -> impl Iterator<Item = usize> {
        (0..self.rows.len()).filter(|at| !self.is_alive[*at])
    }

    /// Returns dead objects, each after all that refer to it: least recently used ones first,
    /// until they have this many bytes or are this many.
    fn choose(&self, wanted: Option<u64>, count_max: usize) -> Vec<usize> {
        let mut dead: Vec<usize> = self.dead().collect();
        if wanted.is_some() {
            dead.sort_by_key(|at| (self.rows[*at].used_s, *at));
        } else {
            // Who refers was registered later.
            dead.reverse();
        }
        let mut chosen = Vec::new();
        let mut is_chosen = vec![false; self.rows.len()];
        let mut bytes = 0_u64;
        for at in dead {
            if wanted.is_some_and(|it| bytes >= it) || chosen.len() >= count_max {
                break;
            }
            // What refers to a dead object is dead. Later objects refer to earlier ones, so that
            // descending order puts users first.
            let mut group = BTreeSet::new();
            let mut open = vec![at];
            while let Some(at) = open.pop() {
                if !is_chosen[at] && group.insert(at) {
                    open.extend(&self.users[at]);
                }
            }
            for at in group.into_iter().rev() {
                is_chosen[at] = true;
                bytes += self.rows[at].totals.bytes;
                chosen.push(at);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::segments::Position;
    use crate::name::StoreName;
    use crate::object::Totals;

    /// Checks what is chosen of four dead objects, of which `app` refers to `lib`.
    fn check(wanted: Option<u64>, count_max: usize, expected: &str) {
        let rows = [("lib", 100, 1), ("app", 10, 9), ("old", 50, 2), ("new", 70, 8)];
        let row = |(at, (name, bytes, used_s)): (usize, &(&str, u64, u64))| ObjectRow {
            row: at as i64,
            id: ObjectId([at as u8; 32]),
            name: StoreName::new(name).unwrap(),
            totals: Totals { files: 1, entries: 1, bytes: *bytes },
            refs: if *name == "app" { vec![0] } else { Vec::new() },
            manifest: (Position::START, 0),
            registered_s: 0,
            used_s: *used_s,
        };
        let rows = rows.iter().enumerate().map(row).collect();
        let graph = Graph::new(rows, Vec::new(), Vec::new(), 100, 0);
        let chosen = graph.choose(wanted, count_max);
        let names: Vec<&str> = chosen.iter().map(|at| graph.rows[*at].name.as_str()).collect();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn the_least_recently_used_go_first_with_all_that_refers_to_them() {
        check(Some(0), 9, "");
        check(Some(1), 9, "app lib");
        check(Some(110), 9, "app lib");
        check(Some(111), 9, "app lib old");
        check(Some(1000), 9, "app lib old new");
        check(Some(1000), 1, "app lib");
        check(None, 9, "new old app lib");
        check(None, 2, "new old");
    }
}
