//! The thread that makes registrations durable, all that wait at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::digest::{ActionId, ObjectId};
use crate::local::index::{Access, Index};
use crate::local::record::{Record, encode_batch};
use crate::local::segments::Position;
use crate::local::{Shared, fault, now_s};
use crate::path::StorePath;
use crate::store::{Done, Registration, StoreError};
use crate::sys::SystemError;

/// How many registrations become durable together, at most. A batch is held in memory.
const BATCH_MAX: usize = 256;

/// What waits, and the thread that takes it.
#[derive(Debug)]
pub(super) struct Commit {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    is_closing: bool,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting")
            .field("jobs", &self.jobs.len())
            .field("is_closing", &self.is_closing)
            .finish()
    }
}

/// Something to make durable.
struct Job {
    registration: Registration,
    /// Roots that come or go.
    records: Vec<Record>,
    done: Told,
}

/// Tells how a registration went, once: that the store is closing if nothing else was said.
struct Told(Option<Done>);

impl Told {
    fn tell(mut self, result: Result<(), Arc<StoreError>>) {
        if let Some(done) = self.0.take() {
            done(result);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(Arc::new(StoreError::Closing)));
        }
    }
}

impl Commit {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Commit { shared, queue: Arc::default(), thread: Mutex::new(None) }
    }

    /// Takes a registration and records of roots; `done` is called on the thread.
    pub(super) fn push(&self, registration: Registration, records: Vec<Record>, done: Done) {
        let done = Told(Some(done));
        if let Err(error) = self.start() {
            return done.tell(Err(Arc::new(error)));
        }
        let mut waiting = self.queue.lock();
        if waiting.is_closing {
            drop(waiting);
            return;
        }
        waiting.jobs.push(Job { registration, records, done });
        self.queue.changed.notify_all();
    }

    /// Makes everything durable that waits, then ends the thread.
    pub(super) fn close(&self) {
        self.queue.lock().is_closing = true;
        self.queue.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    fn start(&self) -> Result<(), StoreError> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_some() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let queue = Arc::clone(&self.queue);
        let started = std::thread::Builder::new()
            .name("kiln commit".to_owned())
            .spawn(move || run(&shared, &queue))
            .map_err(|it| SystemError::new("clone", self.shared.var.path(), it))?;
        *thread = Some(started);
        Ok(())
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for jobs; `None` if there will be no more.
    fn take(&self) -> Option<Vec<Job>> {
        let mut waiting = self.lock();
        loop {
            if !waiting.jobs.is_empty() {
                let count = waiting.jobs.len().min(BATCH_MAX);
                return Some(waiting.jobs.drain(..count).collect());
            }
            if waiting.is_closing {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn run(shared: &Shared, queue: &Queue) {
    let _closes = Closes(queue);
    let mut index = None;
    while let Some(jobs) = queue.take() {
        commit(shared, &mut index, jobs);
    }
}

/// Takes no more jobs when dropped, and tells those that wait: without the thread, which a panic may
/// have ended, nobody else would.
struct Closes<'a>(&'a Queue);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_closing = true;
        let jobs = std::mem::take(&mut waiting.jobs);
        drop(waiting);
        drop(jobs);
    }
}

/// Makes jobs durable and tells each how that went.
fn commit(shared: &Shared, index: &mut Option<Index>, jobs: Vec<Job>) {
    let mut batch = Vec::with_capacity(jobs.len());
    let mut dones = Vec::with_capacity(jobs.len());
    for Job { registration, records, done } in jobs {
        batch.push((registration, records));
        dones.push(done);
    }
    match write(shared, index, &batch) {
        Ok(refused) => {
            for (at, done) in dones.into_iter().enumerate() {
                done.tell(match refused.get(&at) {
                    Some(error) => Err(Arc::clone(error)),
                    None => Ok(()),
                });
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            // The index may hold half of a thought; it is opened again for the next batch.
            *index = None;
            dones.into_iter().for_each(|done| done.tell(Err(Arc::clone(&error))));
        }
    }
}

/// Writes a batch, and returns which of its jobs were refused.
fn write(
    shared: &Shared,
    index: &mut Option<Index>,
    batch: &[(Registration, Vec<Record>)],
) -> Result<BTreeMap<usize, Arc<StoreError>>, StoreError> {
    let is_new = |(registration, _): &(Registration, Vec<Record>)| {
        registration.objects.iter().any(|it| !it.was_valid)
    };
    if batch.iter().any(is_new) {
        fault::point("commit: before the data is synced");
        shared.store.sync_file_system()?;
        fault::point("commit: after the data is synced");
    }
    let _lock = shared.lock_commit()?;
    let index = match index {
        Some(index) if index.is_current() => index,
        Some(_) | None => index.insert(Index::open(&shared.index_path(), Access::Write)?),
    };
    let end = index.catch_up(&shared.segments)?;
    let mut writer =
        BatchWriter { index, at_s: now_s(), new: BTreeMap::new(), pinned: BTreeSet::new() };
    let mut records = Vec::new();
    let mut refused = BTreeMap::new();
    for (at, (registration, roots)) in batch.iter().enumerate() {
        let before = records.len();
        match writer.add(registration, &mut records) {
            Ok(()) => records.extend_from_slice(roots),
            Err(error) => {
                for record in records.drain(before..) {
                    writer.forget(&record);
                }
                refused.insert(at, Arc::new(error));
            }
        }
    }
    append(shared, writer.index, end, records)?;
    Ok(refused)
}

/// Appends records to the segments and applies them to the index, under the commit lock.
pub(super) fn append(
    shared: &Shared,
    index: &mut Index,
    end: Position,
    records: Vec<Record>,
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let (batch, records) = encode_batch(records);
    let (start, next) = shared.segments.append(end, &batch)?;
    fault::point("commit: before the index");
    index.apply(&records, start, next)?;
    fault::point("commit: after the index");
    Ok(())
}

struct BatchWriter<'a> {
    index: &'a mut Index,
    at_s: u64,
    /// Objects that this batch makes valid, by id.
    new: BTreeMap<ObjectId, StorePath>,
    /// Actions that this batch pins.
    pinned: BTreeSet<ActionId>,
}

impl BatchWriter<'_> {
    fn add(
        &mut self,
        registration: &Registration,
        records: &mut Vec<Record>,
    ) -> Result<(), StoreError> {
        for placed in &registration.objects {
            if self.is_valid(&placed.id)? {
                continue;
            }
            let path = placed.object.path(&placed.id);
            for id in &placed.object.refs {
                if !self.is_valid(id)? {
                    return Err(StoreError::MissingRef { object: path, missing: *id });
                }
            }
            if let Some(other) = self.other_with_path(&placed.id, &path)? {
                return Err(StoreError::PathTaken { path, other });
            }
            self.new.insert(placed.id, path);
            let object = Box::new((*placed.object).clone());
            records.push(Record::Object { object, at_s: self.at_s });
        }
        if let Some((realisation, origin)) = &registration.realisation {
            let pinned = match self.pinned.contains(&realisation.action) {
                true => None,
                false => self.index.realisation(&realisation.action)?,
            };
            let is_pinned = pinned.is_some() || self.pinned.contains(&realisation.action);
            let is_same = pinned.as_ref() == Some(realisation);
            if !is_pinned || (registration.replaces && !is_same) {
                self.pinned.insert(realisation.action);
                records.push(Record::Realisation {
                    realisation: realisation.clone(),
                    origin: origin.clone(),
                    replaces: registration.replaces,
                    at_s: self.at_s,
                });
            }
        }
        if let Some(attempt) = &registration.attempt {
            records.push(Record::Attempt(attempt.clone()));
        }
        Ok(())
    }

    /// Takes back that a record was added.
    fn forget(&mut self, record: &Record) {
        match record {
            Record::Object { object, .. } => {
                self.new.remove(&object.id());
            }
            Record::Realisation { realisation, .. } => {
                self.pinned.remove(&realisation.action);
            }
            Record::Collected { .. }
            | Record::Root(_)
            | Record::RootRemoved { .. }
            | Record::Attempt(_) => {}
        }
    }

    fn is_valid(&self, id: &ObjectId) -> Result<bool, StoreError> {
        Ok(self.new.contains_key(id) || self.index.is_valid(id)?)
    }

    /// Returns another object with the same path digest: 160 of 256 bits of the id.
    fn other_with_path(
        &self,
        id: &ObjectId,
        path: &StorePath,
    ) -> Result<Option<ObjectId>, StoreError> {
        let known = self.index.objects_of_path(&path.id_prefix())?;
        let new = self.new.iter().filter(|(_, it)| it.digest() == path.digest());
        Ok(known.into_iter().chain(new.map(|(it, _)| *it)).find(|it| it != id))
    }
}
