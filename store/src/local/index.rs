//! The index: what the records say, in a form that is looked up fast.
//!
//! ```text
//! objects        id, oid, name, totals, refs: packed ids, place of the manifest, times
//! realisations   action → outputs            memos       derivation → action
//! roots          name → object               attempts    action → the last attempt
//! meta           position up to which the records are here; the epoch of the memos
//! ```
//!
//! Nothing here is truth but `memos`, which may be lost, and the times of use. A transaction is not
//! synced: after a power cut the index may be older than the records, and what is missing is read
//! from them when the store is opened next.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::local::record::{Located, Record, Root, decode_batch, encode_batch};
use crate::local::segments::{Frame, Position, Segments};
use crate::name::StoreName;
use crate::object::{Object, Totals};
use crate::path::StorePath;
use crate::realisation::{Origin, Realisation};
use crate::store::{Attempted, Memos, Refs, StoreError};
use crate::sys::SystemError;

/// The version of the tables. An index with another is made anew.
const TABLES_VERSION: i64 = 1;

/// How long to wait for another process's transaction: far longer than any takes.
const BUSY_MAX: Duration = Duration::from_secs(60);

/// The longest write-ahead log, in bytes, that is left when the index is closed: about 60 pages, read
/// in a fraction of a millisecond.
const LOG_LEN_MAX: u64 = 256 << 10;

const TABLES: &str = "
CREATE TABLE objects (
    id INTEGER PRIMARY KEY, oid BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
    files INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL, refs BLOB NOT NULL,
    segment INTEGER NOT NULL, at INTEGER NOT NULL, len INTEGER NOT NULL,
    registered_s INTEGER NOT NULL, used_s INTEGER NOT NULL
);
CREATE INDEX objects_by_name ON objects (name);
CREATE TABLE realisations (
    action BLOB PRIMARY KEY, encoding BLOB NOT NULL, origin BLOB NOT NULL, at_s INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE memos (derivation BLOB PRIMARY KEY, action BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE roots (
    name TEXT PRIMARY KEY, object BLOB NOT NULL, reason TEXT NOT NULL,
    expires_s INTEGER, added_s INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE attempts (action BLOB PRIMARY KEY, batch BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
";

/// A connection to the index.
#[derive(Debug)]
pub(crate) struct Index {
    connection: Connection,
    path: PathBuf,
    /// Device and inode of the file that is open; `None` in memory.
    identity: Option<(u64, u64)>,
}

/// What the index knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectRow {
    /// The number by which rows refer to each other.
    pub(crate) row: i64,
    pub(crate) id: ObjectId,
    pub(crate) name: StoreName,
    pub(crate) totals: Totals,
    /// The numbers of the objects referred to.
    pub(crate) refs: Vec<i64>,
    /// Where the manifest is in the records, and its length.
    pub(crate) manifest: (Position, usize),
    pub(crate) registered_s: u64,
    pub(crate) used_s: u64,
}

/// Whether the tables are emptied before records are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Emptied {
    No,
    Yes,
}

/// How an index is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// For reading and writing; it is made if there is none.
    Write,
    /// For reading, while others may write.
    Read,
    /// For reading, on a disk on which nobody can write.
    ReadFrozen,
}

impl Drop for Index {
    fn drop(&mut self) {
        // The last one to close an index checkpoints it, which waits for the disk twice. A short log
        // is read by whoever opens the index next in less time.
        let len = std::fs::metadata(wal_path(&self.path)).map_or(0, |it| it.len());
        if len <= LOG_LEN_MAX {
            let option = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = self.connection.set_db_config(option, true);
        }
    }
}

impl Index {
    /// Opens the index at a path.
    ///
    /// An index that is new, or has other tables than these, is empty and its position is the start.
    pub(crate) fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let fail = |call, it| failed(call, path, &it);
        let base = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let (flags, target) = match access {
            Access::Write => (
                base | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
                path.to_owned(),
            ),
            Access::Read => (base | OpenFlags::SQLITE_OPEN_READ_ONLY, path.to_owned()),
            Access::ReadFrozen => (
                base | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
                frozen_uri(path),
            ),
        };
        let connection =
            Connection::open_with_flags(target, flags).map_err(|it| fail("open", it))?;
        connection.busy_timeout(BUSY_MAX).map_err(|it| fail("busy_timeout", it))?;
        connection.set_prepared_statement_cache_capacity(64);
        let index = Index { connection, path: path.to_owned(), identity: identity(path) };
        if access == Access::Write {
            index.prepare()?;
        } else if index.tables_version()? != TABLES_VERSION {
            return Err(index.damaged("it has tables of another version".to_owned()));
        }
        Ok(index)
    }

    /// Makes an empty index that is never written to a disk.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from("(in memory)");
        let connection = Connection::open_in_memory().map_err(|it| StoreError::Index {
            call: "open",
            path: path.clone(),
            cause: it.to_string(),
        })?;
        let index = Index { connection, path, identity: None };
        index.create_tables()?;
        Ok(index)
    }

    /// Whether the file that is open still has its name: a rebuild after damage may have put another
    /// in its place.
    pub(crate) fn is_current(&self) -> bool {
        self.identity.is_none() || self.identity == identity(&self.path)
    }

    fn prepare(&self) -> Result<(), StoreError> {
        // WAL lets others read while one writes; a commit waits for no disk.
        self.connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
            .map_err(|it| self.fail("pragma", it))?;
        if self.tables_version()? != TABLES_VERSION {
            self.create_tables()?;
        }
        Ok(())
    }

    fn tables_version(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(|it| self.fail("read the version", it))
    }

    /// Makes the tables anew, all of them empty.
    fn create_tables(&self) -> Result<(), StoreError> {
        let fail = |it| self.fail("create the tables", it);
        let transaction =
            Transaction::new_unchecked(&self.connection, rusqlite::TransactionBehavior::Immediate)
                .map_err(fail)?;
        // Another process may have made them while this one waited.
        let version: i64 =
            transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fail)?;
        if version != TABLES_VERSION {
            clear(&transaction).map_err(fail)?;
        }
        transaction.commit().map_err(fail)
    }

    fn fail(&self, call: &'static str, error: rusqlite::Error) -> StoreError {
        failed(call, &self.path, &error)
    }

    /// Returns up to where the records are in the index.
    pub(crate) fn position(&self) -> Result<Position, StoreError> {
        let segment = self.meta("segment")?;
        let at = self.meta("at")?;
        match (segment, at) {
            (Some(segment), Some(at)) => Ok(Position { segment: segment as u32, at: at as u64 }),
            _ => Ok(Position::START),
        }
    }

    fn meta(&self, key: &str) -> Result<Option<i64>, StoreError> {
        self.query_one("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
    }

    fn query_one<T>(
        &self,
        sql: &'static str,
        params: impl rusqlite::Params,
        map: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut it| it.query_row(params, map).optional())
            .map_err(|it| self.fail("select", it))
    }

    fn query_all<T>(
        &self,
        sql: &'static str,
        params: impl rusqlite::Params,
        map: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut it| it.query_map(params, map)?.collect())
            .map_err(|it| self.fail("select", it))
    }

    /// Reads the records after the index's position into it, and returns their end.
    ///
    /// Only under the commit lock: the place after the last frame is where the next one goes. Others
    /// see all of what is read or nothing of it.
    pub(crate) fn catch_up(&mut self, segments: &Segments) -> Result<Position, StoreError> {
        let position = self.position()?;
        if segments.is_end(position)? {
            return Ok(position);
        }
        self.read_records(segments, Emptied::No)
    }

    /// Makes the index anew from the records, and returns their end. Only under the commit lock.
    pub(crate) fn rebuild(&mut self, segments: &Segments) -> Result<Position, StoreError> {
        self.read_records(segments, Emptied::Yes)
    }

    fn read_records(
        &mut self,
        segments: &Segments,
        emptied: Emptied,
    ) -> Result<Position, StoreError> {
        let mut position = match emptied {
            Emptied::No => self.position()?,
            Emptied::Yes => Position::START,
        };
        let path = self.path.clone();
        let fail = |it| failed("apply records", &path, &it);
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(fail)?;
        if emptied == Emptied::Yes {
            clear(&transaction).map_err(fail)?;
        }
        loop {
            position = match segments.read(position)? {
                Frame::Batch(batch, next) => {
                    let start = Position { at: next.at - batch.len() as u64, ..next };
                    let records = decode_batch(&batch).map_err(|it| StoreError::Record {
                        path: segments.path(start.segment),
                        at: start.at,
                        reason: it.to_string(),
                    })?;
                    apply_batch(&transaction, &records, start).map_err(fail)?;
                    next
                }
                Frame::Damaged { end, more_follows: true, .. } => end,
                // What is left of a frame is cut off by whoever appends next.
                Frame::Damaged { more_follows: false, .. } => break,
                Frame::End(end) => {
                    position = end;
                    break;
                }
            };
        }
        set_position(&transaction, position).map_err(fail)?;
        transaction.commit().map_err(fail)?;
        Ok(position)
    }

    /// Applies a batch that starts at `start` and ends before `next`.
    pub(crate) fn apply(
        &mut self,
        records: &[Located],
        start: Position,
        next: Position,
    ) -> Result<(), StoreError> {
        self.write("apply records", |transaction| {
            apply_batch(transaction, records, start)?;
            set_position(transaction, next)
        })
    }

    /// Returns what the index knows of an object.
    pub(crate) fn object(&self, id: &ObjectId) -> Result<Option<ObjectRow>, StoreError> {
        self.query_one(
            "SELECT id, oid, name, files, entries, bytes, refs, segment, at, len, registered_s, \
             used_s FROM objects WHERE oid = ?1",
            params![id.0],
            object_row,
        )
    }

    /// Returns every object, in the order of registration.
    pub(crate) fn objects(&self) -> Result<Vec<ObjectRow>, StoreError> {
        self.query_all(
            "SELECT id, oid, name, files, entries, bytes, refs, segment, at, len, registered_s, \
             used_s FROM objects ORDER BY id",
            [],
            object_row,
        )
    }

    /// Whether an object is valid.
    pub(crate) fn is_valid(&self, id: &ObjectId) -> Result<bool, StoreError> {
        let found =
            self.query_one("SELECT 1 FROM objects WHERE oid = ?1", params![id.0], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// Whether an object of this name is valid.
    pub(crate) fn has_name(&self, name: &StoreName) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT 1 FROM objects WHERE name = ?1 LIMIT 1",
            params![name.as_str()],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Returns the valid objects of this name, in the order of registration.
    pub(crate) fn objects_by_name(&self, name: &StoreName) -> Result<Vec<ObjectId>, StoreError> {
        self.query_all(
            "SELECT oid FROM objects WHERE name = ?1 ORDER BY id",
            params![name.as_str()],
            |row| Ok(ObjectId(row.get(0)?)),
        )
    }

    /// Returns the objects whose ids are between two, in ascending order.
    pub(crate) fn objects_between(
        &self,
        low: [u8; 32],
        high: [u8; 32],
    ) -> Result<Vec<ObjectId>, StoreError> {
        self.query_all(
            "SELECT oid FROM objects WHERE oid BETWEEN ?1 AND ?2 ORDER BY oid",
            params![low, high],
            |row| Ok(ObjectId(row.get(0)?)),
        )
    }

    /// Returns the objects whose ids begin as a store path says, in ascending order.
    pub(crate) fn objects_of_path(&self, prefix: &[u8; 20]) -> Result<Vec<ObjectId>, StoreError> {
        let (mut low, mut high) = ([0; 32], [0xff; 32]);
        low[..20].copy_from_slice(prefix);
        high[..20].copy_from_slice(prefix);
        self.objects_between(low, high)
    }

    /// Returns the actions that were attempted or are realised and whose ids are between two, in
    /// ascending order.
    pub(crate) fn actions_between(
        &self,
        low: [u8; 32],
        high: [u8; 32],
    ) -> Result<Vec<ActionId>, StoreError> {
        self.query_all(
            "SELECT action FROM attempts WHERE action BETWEEN ?1 AND ?2 UNION \
             SELECT action FROM realisations WHERE action BETWEEN ?1 AND ?2 ORDER BY action",
            params![low, high],
            |row| Ok(ActionId(row.get(0)?)),
        )
    }

    /// Returns what an object refers to.
    pub(crate) fn refs(&self, id: &ObjectId) -> Result<Option<Refs>, StoreError> {
        let Some(row) = self.object(id)? else { return Ok(None) };
        let mut refs = Vec::with_capacity(row.refs.len());
        for other in &row.refs {
            let oid =
                self.query_one("SELECT oid FROM objects WHERE id = ?1", params![other], |row| {
                    Ok(ObjectId(row.get(0)?))
                })?;
            refs.push(oid.ok_or_else(|| StoreError::Index {
                call: "select",
                path: self.path.clone(),
                cause: format!("{id} refers to row {other}, which is not there"),
            })?);
        }
        Ok(Some(Refs { name: row.name, refs }))
    }

    /// Returns the pinned realisation of an action.
    pub(crate) fn realisation(&self, action: &ActionId) -> Result<Option<Realisation>, StoreError> {
        let encoding: Option<Vec<u8>> = self.query_one(
            "SELECT encoding FROM realisations WHERE action = ?1",
            params![action.0],
            |row| row.get(0),
        )?;
        encoding.map(|it| self.decode_realisation(&it)).transpose()
    }

    /// Returns every pinned realisation, where it comes from, and since when it is known.
    pub(crate) fn all_realisations(&self) -> Result<Vec<(Realisation, Origin, u64)>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>, i64)> = self.query_all(
            "SELECT encoding, origin, at_s FROM realisations ORDER BY action",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        rows.into_iter()
            .map(|(encoding, origin, at_s)| {
                let mut decoder = crate::encoding::Decoder::part(&origin);
                let origin =
                    Origin::decode_from(&mut decoder).map_err(|it| self.damaged(it.to_string()))?;
                Ok((self.decode_realisation(&encoding)?, origin, at_s as u64))
            })
            .collect()
    }

    fn decode_realisation(&self, encoding: &[u8]) -> Result<Realisation, StoreError> {
        Realisation::decode(encoding).map_err(|it| self.damaged(it.to_string()))
    }

    fn damaged(&self, cause: String) -> StoreError {
        StoreError::Index { call: "select", path: self.path.clone(), cause }
    }

    /// Returns the memos of derivations, and their epoch.
    pub(crate) fn memos(&self, derivations: &[DerivationId]) -> Result<Memos, StoreError> {
        // Read first: memos that are replaced meanwhile belong to a later epoch.
        let epoch = self.meta("epoch")?.unwrap_or(0) as u64;
        let actions = derivations
            .iter()
            .map(|it| {
                self.query_one(
                    "SELECT action FROM memos WHERE derivation = ?1",
                    params![it.0],
                    |row| Ok(ActionId(row.get(0)?)),
                )
            })
            .collect::<Result<_, _>>()?;
        Ok(Memos { actions, epoch })
    }

    /// Remembers memos of an epoch, unless it is over.
    pub(crate) fn remember(
        &mut self,
        memos: &[(DerivationId, ActionId)],
        epoch: u64,
    ) -> Result<(), StoreError> {
        self.write("remember", |transaction| {
            let now: Option<i64> = transaction
                .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
                .optional()?;
            if now.unwrap_or(0) as u64 != epoch {
                return Ok(());
            }
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO memos (derivation, action) VALUES (?1, ?2)",
            )?;
            for (derivation, action) in memos {
                insert.execute(params![derivation.0, action.0])?;
            }
            Ok(())
        })
    }

    /// Notes that objects are used at this time.
    pub(crate) fn touch(&mut self, ids: &[ObjectId], now_s: u64) -> Result<(), StoreError> {
        self.write("touch", |transaction| {
            let mut update = transaction
                .prepare_cached("UPDATE objects SET used_s = max(used_s, ?2) WHERE oid = ?1")?;
            for id in ids {
                update.execute(params![id.0, now_s as i64])?;
            }
            Ok(())
        })
    }

    fn write(
        &mut self,
        call: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let path = self.path.clone();
        let done = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .and_then(|transaction| {
                change(&transaction)?;
                transaction.commit()
            });
        done.map_err(|it| failed(call, &path, &it))
    }

    /// Returns every root, by name.
    pub(crate) fn roots(&self) -> Result<Vec<Root>, StoreError> {
        self.query_all(
            "SELECT name, object, reason, expires_s, added_s FROM roots ORDER BY name",
            [],
            root_row,
        )
    }

    /// Returns the root of this name.
    pub(crate) fn root(&self, name: &str) -> Result<Option<Root>, StoreError> {
        self.query_one(
            "SELECT name, object, reason, expires_s, added_s FROM roots WHERE name = ?1",
            params![name],
            root_row,
        )
    }

    /// Returns the last attempt at an action.
    pub(crate) fn attempt(&self, action: &ActionId) -> Result<Option<Attempted>, StoreError> {
        let batch: Option<Vec<u8>> = self.query_one(
            "SELECT batch FROM attempts WHERE action = ?1",
            params![action.0],
            |row| row.get(0),
        )?;
        let Some(batch) = batch else { return Ok(None) };
        let records = decode_batch(&batch).map_err(|it| self.damaged(it.to_string()))?;
        Ok(records.into_iter().find_map(|it| match it.record {
            Record::Attempt(attempt) => Some(attempt),
            Record::Object { .. }
            | Record::Realisation { .. }
            | Record::Collected { .. }
            | Record::Root(_)
            | Record::RootRemoved { .. } => None,
        }))
    }

    /// Returns the store paths of all valid objects.
    pub(crate) fn paths(&self) -> Result<BTreeSet<StorePath>, StoreError> {
        let rows = self.objects()?;
        Ok(rows.iter().map(|it| StorePath::of_object(&it.id, &it.name)).collect())
    }

    /// Checks the index's own structure, and returns what is wrong with it.
    pub(crate) fn check(&self) -> Result<Vec<String>, StoreError> {
        let lines: Vec<String> = self.query_all("PRAGMA quick_check", [], |row| row.get(0))?;
        Ok(lines.into_iter().filter(|it| it != "ok").collect())
    }
}

/// Where the database keeps what is not yet in its file.
fn wal_path(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|it| (it.dev(), it.ino()))
}

/// Says what the database said in the words of this crate.
fn failed(call: &'static str, path: &Path, error: &rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
        return SystemError::new("write", path, nix::errno::Errno::ENOSPC).into();
    }
    StoreError::Index { call, path: path.to_owned(), cause: error.to_string() }
}

fn frozen_uri(path: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

fn clear(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let tables: Vec<String> = transaction
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        transaction.execute_batch(&format!("DROP TABLE \"{}\"", table.replace('"', "\"\"")))?;
    }
    transaction.execute_batch(TABLES)?;
    // Memos of an index that is gone must not be taken for memos of this one.
    set_meta(transaction, "epoch", new_epoch())?;
    transaction.pragma_update(None, "user_version", TABLES_VERSION)
}

fn set_position(transaction: &Transaction<'_>, position: Position) -> rusqlite::Result<()> {
    set_meta(transaction, "segment", i64::from(position.segment))?;
    set_meta(transaction, "at", position.at as i64)
}

fn set_meta(transaction: &Transaction<'_>, key: &str, value: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute(params![key, value])
        .map(drop)
}

/// Returns a number that no epoch before had, in all likelihood.
fn new_epoch() -> i64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |it| it.as_nanos());
    let seed = format!("{now} {}", std::process::id());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(seed.as_bytes()).as_bytes()[..8]);
    i64::from_le_bytes(bytes) & i64::MAX
}

fn apply_batch(
    transaction: &Transaction<'_>,
    records: &[Located],
    start: Position,
) -> rusqlite::Result<()> {
    for Located { record, manifest } in records {
        apply_record(transaction, record, *manifest, start)?;
    }
    Ok(())
}

fn apply_record(
    transaction: &Transaction<'_>,
    record: &Record,
    manifest: Option<(usize, usize)>,
    start: Position,
) -> rusqlite::Result<()> {
    match record {
        Record::Object { object, at_s } => {
            apply_object(transaction, object, *at_s, manifest.unwrap_or((0, 0)), start)
        }
        Record::Realisation { realisation, origin, replaces, at_s } => {
            let mut encoder = crate::encoding::Encoder::part();
            origin.encode_into(&mut encoder);
            let sql = if *replaces {
                "INSERT OR REPLACE INTO realisations VALUES (?1, ?2, ?3, ?4)"
            } else {
                "INSERT OR IGNORE INTO realisations VALUES (?1, ?2, ?3, ?4)"
            };
            transaction.prepare_cached(sql)?.execute(params![
                realisation.action.0,
                realisation.encode(),
                encoder.finish(),
                *at_s as i64
            ])?;
            if *replaces {
                transaction.execute("DELETE FROM memos", [])?;
                set_meta(transaction, "epoch", new_epoch())?;
            }
            Ok(())
        }
        Record::Collected { object } => transaction
            .prepare_cached("DELETE FROM objects WHERE oid = ?1")?
            .execute(params![object.0])
            .map(drop),
        Record::Root(root) => transaction
            .prepare_cached("INSERT OR REPLACE INTO roots VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                root.name,
                root.object.0,
                root.reason,
                root.expires_s.map(|it| it as i64),
                root.added_s as i64
            ])
            .map(drop),
        Record::RootRemoved { name } => transaction
            .prepare_cached("DELETE FROM roots WHERE name = ?1")?
            .execute(params![name])
            .map(drop),
        Record::Attempt(attempt) => {
            let (batch, _) = encode_batch(vec![Record::Attempt(attempt.clone())]);
            transaction
                .prepare_cached("INSERT OR REPLACE INTO attempts VALUES (?1, ?2)")?
                .execute(params![attempt.action.0, batch])
                .map(drop)
        }
    }
}

fn apply_object(
    transaction: &Transaction<'_>,
    object: &Object,
    at_s: u64,
    (offset, len): (usize, usize),
    start: Position,
) -> rusqlite::Result<()> {
    let mut refs = Vec::with_capacity(object.refs.len() * 8);
    let mut select = transaction.prepare_cached("SELECT id FROM objects WHERE oid = ?1")?;
    for id in &object.refs {
        let row: Option<i64> = select.query_row(params![id.0], |row| row.get(0)).optional()?;
        match row {
            Some(row) => refs.extend_from_slice(&row.to_le_bytes()),
            // What it refers to is not valid, because its record is damaged: neither is this.
            None => return Ok(()),
        }
    }
    let totals = object.totals();
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO objects (oid, name, files, entries, bytes, refs, segment, at, \
             len, registered_s, used_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
        )?
        .execute(params![
            object.id().0,
            object.name.as_str(),
            totals.files as i64,
            totals.entries as i64,
            totals.bytes as i64,
            refs,
            start.segment,
            (start.at + offset as u64) as i64,
            len as i64,
            at_s as i64
        ])
        .map(drop)
}

fn root_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Root> {
    Ok(Root {
        name: row.get(0)?,
        object: ObjectId(row.get(1)?),
        reason: row.get(2)?,
        expires_s: row.get::<_, Option<i64>>(3)?.map(|it| it as u64),
        added_s: row.get::<_, i64>(4)? as u64,
    })
}

fn object_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<ObjectRow> {
    let name: String = row.get(2)?;
    let name = StoreName::new(&name).map_err(|it| {
        rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(it))
    })?;
    let packed: Vec<u8> = row.get(6)?;
    let refs = packed
        .chunks_exact(8)
        .map(|it| it.iter().rev().fold(0_i64, |row, byte| row << 8 | i64::from(*byte)))
        .collect();
    let position = Position { segment: row.get(7)?, at: row.get::<_, i64>(8)? as u64 };
    Ok(ObjectRow {
        row: row.get(0)?,
        id: ObjectId(row.get(1)?),
        name,
        totals: Totals {
            files: row.get::<_, i64>(3)? as u64,
            entries: row.get::<_, i64>(4)? as u64,
            bytes: row.get::<_, i64>(5)? as u64,
        },
        refs,
        manifest: (position, row.get::<_, i64>(9)? as usize),
        registered_s: row.get::<_, i64>(10)? as u64,
        used_s: row.get::<_, i64>(11)? as u64,
    })
}
