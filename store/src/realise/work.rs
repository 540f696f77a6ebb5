//! What the threads of a run do: build, fetch, import, ask and substitute.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::builder::{BuildError, BuildProgress, BuildRequest, InputObject};
use crate::derivation::{Action, BuildKind, Derivation, Fetch};
use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::fetcher::{FetchError, FetchProgress, FetchRequest};
use crate::graph::{ImportSource, Node};
use crate::ingest::IngestError;
use crate::local::now_s;
use crate::name::{Label, OutputName};
use crate::path::StorePath;
use crate::realisation::Realisation;
use crate::realise::crew::Trade;
use crate::realise::failure::Cause;
use crate::realise::places::Places;
use crate::realise::tail::Tail;
use crate::realise::{Activity, Event, How, Prints, RealiseRequest, Warning};
use crate::store::{
    Claim, ClaimGuard, LogFile, PlaceError, PlaceOutputs, PlaceTree, Placed, Refs, Session, Store,
    StoreError, TreeFrom,
};

/// What all threads of a run share.
pub(super) struct Context<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) session: &'a dyn Session,
    pub(super) request: &'a RealiseRequest<'a>,
    pub(super) places: Places<'a>,
    /// What objects that are held refer to. It does not change while they are.
    refs: Mutex<BTreeMap<ObjectId, Arc<Refs>>>,
}

/// Something for a thread to do. A node's generation says whether the answer is still wanted.
pub(super) enum Job {
    /// Run a build.
    Build { node: usize, generation: u32, action: Arc<Action>, id: ActionId },
    /// Download.
    Fetch { node: usize, generation: u32, id: ActionId },
    /// Copy files of the user.
    Import { node: usize, generation: u32 },
    /// Ask the substituters for realisations.
    LookUp { nodes: Vec<(usize, u32, ActionId)> },
    /// Get an object from a substituter.
    Object { id: ObjectId, node: Option<usize> },
}

/// What came of a job.
pub(super) enum Report {
    /// Of a build, download or import.
    Ran { node: usize, generation: u32, result: Result<Ran, WorkError> },
    /// What substituters know.
    LookedUp {
        nodes: Vec<(usize, u32, ActionId)>,
        found: BTreeMap<ActionId, (Realisation, String)>,
    },
    /// Of getting an object; `None` if no substituter has it.
    Object { id: ObjectId, result: Result<Option<Placed>, StoreError> },
}

/// What came of running an action.
pub(super) enum Ran {
    /// It gave objects.
    Made(Made),
    /// Another process had run it when its turn came.
    Known(Realisation),
    /// Another process is at it.
    Busy { pid: Option<u32> },
}

/// What an action gave.
pub(super) struct Made {
    /// The action; `None` for an import.
    pub(super) action: Option<ActionId>,
    pub(super) placed: BTreeMap<OutputName, Placed>,
    /// Held until the result is durable.
    pub(super) claim: Option<ClaimGuard>,
    pub(super) how: How,
    pub(super) started_s: u64,
    pub(super) duration: Duration,
}

/// Why an action gave nothing.
pub(super) enum WorkError {
    /// It failed.
    Failed(Box<Failed>),
    /// The run was stopped.
    Cancelled,
    /// The store failed, which ends the run.
    Store(StoreError),
}

/// How an action failed.
pub(super) struct Failed {
    pub(super) cause: Cause,
    pub(super) log_tail: Vec<String>,
    pub(super) log: Option<PathBuf>,
    pub(super) started_s: u64,
    pub(super) duration: Duration,
}

impl Failed {
    /// A failure before anything was tried.
    pub(super) fn at_once(cause: Cause) -> Self {
        Failed {
            cause,
            log_tail: Vec::new(),
            log: None,
            started_s: now_s(),
            duration: Duration::ZERO,
        }
    }
}

impl Job {
    /// Returns which threads do it.
    pub(super) fn trade(&self) -> Trade {
        match self {
            Job::Build { .. } => Trade::Build,
            Job::Fetch { .. } | Job::Import { .. } | Job::LookUp { .. } | Job::Object { .. } => {
                Trade::Fetch
            }
        }
    }
}

impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        WorkError::Store(error)
    }
}

/// What a build gave, before it is decided what to do with it.
pub(super) struct Output {
    pub(super) result: Result<BTreeMap<OutputName, Placed>, WorkCause>,
    pub(super) log_tail: Vec<String>,
    pub(super) log: Option<PathBuf>,
}

/// Why files could not be made or placed.
pub(super) enum WorkCause {
    /// Something that the failure tells.
    Cause(Cause),
    /// The run was stopped.
    Cancelled,
    /// The store failed.
    Store(StoreError),
}

impl From<PlaceError> for WorkCause {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Ingest(IngestError::Cancelled) => WorkCause::Cancelled,
            PlaceError::Store(error) => WorkCause::Store(error),
            error @ (PlaceError::Ingest(_)
            | PlaceError::Archive(_)
            | PlaceError::Unexpected { .. }) => WorkCause::Cause(error.into()),
        }
    }
}

impl From<StoreError> for WorkCause {
    fn from(error: StoreError) -> Self {
        WorkCause::Store(error)
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        session: &'a dyn Session,
        request: &'a RealiseRequest<'a>,
    ) -> Self {
        let places = Places::new(request.substituters, request.events);
        Context { store, session, request, places, refs: Mutex::default() }
    }

    pub(super) fn node(&self, at: usize) -> &'a Node {
        &self.request.graph.nodes()[at]
    }

    fn refs(&self) -> MutexGuard<'_, BTreeMap<ObjectId, Arc<Refs>>> {
        self.refs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what an object that was placed refers to.
    pub(super) fn note_refs(&self, placed: &Placed) {
        let refs = Refs { name: placed.object.name.clone(), refs: placed.object.refs.clone() };
        self.refs().insert(placed.id, Arc::new(refs));
    }

    /// Does a job. What it did comes in the report; nothing else of the run is changed.
    pub(super) fn work(&self, job: Job) -> Report {
        match job {
            Job::Build { node, generation, action, id } => {
                let build = || self.build(node, id, &action);
                let is_test = action.kind == BuildKind::Test;
                let activity = if is_test { Activity::Test } else { Activity::Build };
                let result = self.run_claimed(node, id, activity, &build);
                Report::Ran { node, generation, result }
            }
            Job::Fetch { node, generation, id } => {
                let fetch = || self.fetch(node);
                let result = self.run_claimed(node, id, Activity::Fetch, &fetch);
                Report::Ran { node, generation, result }
            }
            Job::Import { node, generation } => {
                Report::Ran { node, generation, result: self.import(node).map(Ran::Made) }
            }
            Job::LookUp { nodes } => {
                let actions: BTreeSet<ActionId> = nodes.iter().map(|it| it.2).collect();
                let actions: Vec<ActionId> = actions.into_iter().collect();
                let found = self.places.look_up(&actions, self.request.cancel);
                Report::LookedUp { nodes, found }
            }
            Job::Object { id, node } => {
                let node = node.map(|it| self.id(it));
                let received = |bytes| {
                    if let Some(node) = node {
                        (self.request.events)(Event::Received { node, bytes, bytes_total: None });
                    }
                };
                let result = self.places.fetch(&id, self.session, self.request.cancel, &received);
                Report::Object { id, result }
            }
        }
    }

    pub(super) fn id(&self, node: usize) -> DerivationId {
        self.request.graph.ids()[node]
    }

    /// Runs something for an action, unless another process is at it or has done it.
    fn run_claimed(
        &self,
        node: usize,
        id: ActionId,
        activity: Activity,
        run: &dyn Fn() -> Result<Made, WorkError>,
    ) -> Result<Ran, WorkError> {
        if self.request.cancel.is_set() {
            return Err(WorkError::Cancelled);
        }
        let claim = match self.session.claim(&id)? {
            Claim::Mine(claim) => claim,
            Claim::Theirs { pid } => return Ok(Ran::Busy { pid }),
        };
        // Who had the claim before may have done it since this was looked up last.
        if let Some(realisation) = self.store.realisations(&[id])?.pop().flatten() {
            let outputs: Vec<ObjectId> = realisation.outputs.values().copied().collect();
            let has_all =
                self.node(node).outputs().iter().all(|it| realisation.outputs.contains_key(it));
            if has_all && self.session.hold(&outputs)?.iter().all(|it| *it) {
                return Ok(Ran::Known(realisation));
            }
        }
        self.tell_start(node, activity, Some(id));
        let made = run()?;
        Ok(Ran::Made(Made { action: Some(id), claim: Some(claim), ..made }))
    }

    pub(super) fn tell_start(&self, node: usize, activity: Activity, action: Option<ActionId>) {
        let (title, node) = (self.node(node).title.clone(), self.id(node));
        (self.request.events)(Event::Started { node, title, activity, action });
    }

    fn build(&self, node: usize, id: ActionId, action: &Action) -> Result<Made, WorkError> {
        let (started_s, started) = (now_s(), Instant::now());
        let output = self.run_build(node, id, action, 0)?;
        let duration = started.elapsed();
        let Output { result, log_tail, log } = output;
        match result {
            Ok(placed) => {
                let is_test = action.kind == BuildKind::Test;
                let how = if is_test { How::Tested } else { How::Built };
                Ok(Made { action: None, placed, claim: None, how, started_s, duration })
            }
            Err(WorkCause::Cancelled) => Err(WorkError::Cancelled),
            Err(WorkCause::Store(error)) => Err(error.into()),
            Err(WorkCause::Cause(cause)) => {
                let failed = Failed { cause, log_tail, log, started_s, duration };
                Err(WorkError::Failed(Box::new(failed)))
            }
        }
    }

    /// Runs the steps of an action and places what they left. With another salt than 0 the outputs
    /// are written at other scratch paths, and what the steps print is no log of the action.
    pub(super) fn run_build(
        &self,
        node: usize,
        id: ActionId,
        action: &Action,
        salt: u32,
    ) -> Result<Output, StoreError> {
        let node_id = self.id(node);
        let limits = self.node(node).limits;
        let closure = self.closure(action.inputs.values())?;
        let path_of = |id: &ObjectId, refs: &Refs| StorePath::of_object(id, &refs.name);
        let inputs: Vec<InputObject> = closure
            .iter()
            .map(|(id, refs)| {
                let path = path_of(id, refs);
                InputObject { host_path: self.store.host_path(&path), path }
            })
            .collect();
        let input_paths: BTreeMap<Label, StorePath> = action
            .inputs
            .iter()
            .filter_map(|(label, id)| Some((label.clone(), path_of(id, closure.get(id)?))))
            .collect();
        let scratch: BTreeMap<OutputName, StorePath> = action
            .outputs
            .iter()
            .map(|it| (it.clone(), StorePath::scratch(&action.name, it, salt)))
            .collect();
        let (told, to_tell) = match self.request.options.prints {
            Prints::Told => Some(channel()).unzip(),
            Prints::Kept | Prints::Dropped => (None, None),
        };
        // To build again is no attempt: the log stays that of the build which is known.
        let is_kept = salt == 0 && self.request.options.prints != Prints::Dropped;
        let file = is_kept.then(|| self.session.log(&id)).transpose()?;
        let log = Mutex::new(BuildLog { file, tail: Tail::default(), lost: None, told });
        let count = action.steps.len();
        let progress = |it: BuildProgress| {
            let BuildProgress { step, index } = it;
            (self.request.events)(Event::Step { node: node_id, step, index, count });
        };
        let built = std::thread::scope(|scope| {
            // The log outlives every borrow as far as a builder can tell, so that it cannot hold
            // the events; a thread hands on what it takes.
            let telling = to_tell.map(|it: Receiver<Vec<u8>>| {
                scope.spawn(move || {
                    it.iter().for_each(|bytes| {
                        (self.request.events)(Event::Printed { node: node_id, bytes });
                    });
                })
            });
            let built = self.request.builder.build(&BuildRequest {
                id,
                action,
                inputs: &inputs,
                input_paths: &input_paths,
                scratch: &scratch,
                limits,
                log: &log,
                progress: &progress,
                cancel: self.request.cancel,
            });
            lock(&log).told = None;
            if let Some(telling) = telling {
                // A panic of the events goes on in the scope.
                let _ = telling.join();
            }
            built
        });
        let result = match built {
            Ok(built) if !action.outputs.iter().all(|it| built.outputs.contains_key(it)) => {
                let missing = action.outputs.iter().find(|it| !built.outputs.contains_key(*it));
                let output = missing.map(ToString::to_string).unwrap_or_default();
                let path = "any place: the builder does not know it".to_owned();
                let error = PlaceError::from(IngestError::Missing { output, path });
                Err(WorkCause::Cause(error.into()))
            }
            Ok(built) => self
                .session
                .place_outputs(PlaceOutputs {
                    name: &action.name,
                    outputs: &built.outputs,
                    scratch: &scratch,
                    uid: built.uid,
                    inputs: &closure.keys().copied().collect(),
                    bytes_max: limits.disk_bytes_max,
                    cancel: self.request.cancel,
                })
                .map_err(WorkCause::from),
            Err(BuildError::Cancelled) => Err(WorkCause::Cancelled),
            Err(error) => Err(WorkCause::Cause(error.into())),
        };
        let log = log.into_inner().unwrap_or_else(PoisonError::into_inner);
        let log_tail = log.tail.lines();
        let log = match log.finish() {
            Ok(path) => path,
            Err(reason) => {
                let warning = Warning::LogLost { node: node_id, reason };
                (self.request.events)(Event::Warning(warning));
                None
            }
        };
        Ok(Output { result, log_tail, log })
    }

    /// Returns objects with all that they refer to, and what each refers to.
    fn closure<'b>(
        &self,
        ids: impl IntoIterator<Item = &'b ObjectId>,
    ) -> Result<BTreeMap<ObjectId, Arc<Refs>>, StoreError> {
        let mut closure = BTreeMap::new();
        let mut open: Vec<ObjectId> = ids.into_iter().copied().collect();
        let mut known = self.refs();
        while let Some(id) = open.pop() {
            if closure.contains_key(&id) {
                continue;
            }
            let refs = match known.get(&id) {
                Some(refs) => Arc::clone(refs),
                None => {
                    let Some(refs) = self.store.refs(&id)? else { continue };
                    Arc::clone(known.entry(id).or_insert(Arc::new(refs)))
                }
            };
            open.extend(&refs.refs);
            closure.insert(id, refs);
        }
        Ok(closure)
    }

    fn fetch(&self, node: usize) -> Result<Made, WorkError> {
        let (started_s, started) = (now_s(), Instant::now());
        let at = self.node(node);
        let Derivation::Fetch(fetch) = &*at.derivation else {
            return Err(self.failed(Cause::NoSource, started_s, started));
        };
        match self.fetch_and_place(node, fetch) {
            Ok((placed, url)) => Ok(Made {
                action: None,
                placed: BTreeMap::from([(OutputName::default_output(), placed)]),
                claim: None,
                how: How::Fetched { url },
                started_s,
                duration: started.elapsed(),
            }),
            Err(WorkCause::Cause(cause)) => Err(self.failed(cause, started_s, started)),
            Err(WorkCause::Cancelled) => Err(WorkError::Cancelled),
            Err(WorkCause::Store(error)) => Err(error.into()),
        }
    }

    fn fetch_and_place(&self, node: usize, fetch: &Fetch) -> Result<(Placed, String), WorkCause> {
        let node_id = self.id(node);
        let target = self.session.stage()?;
        let progress = |it: FetchProgress| {
            (self.request.events)(match it {
                FetchProgress::Trying { url } => Event::Trying { node: node_id, url },
                FetchProgress::Received { bytes, bytes_total } => {
                    Event::Received { node: node_id, bytes, bytes_total }
                }
                FetchProgress::Unpacking => Event::Unpacking { node: node_id },
                FetchProgress::Refused { url, reason } => {
                    let title = self.node(node).title.clone();
                    Event::Warning(Warning::PlaceRefused { title, url, reason })
                }
            });
        };
        let fetched = self.request.fetcher.fetch(&FetchRequest {
            fetch,
            title: &self.node(node).title,
            urls: &self.node(node).urls,
            target: &target,
            partial: &self.store.partial()?,
            progress: &progress,
            cancel: self.request.cancel,
        });
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(FetchError::Cancelled) => return Err(WorkCause::Cancelled),
            Err(error) => return Err(WorkCause::Cause(error.into())),
        };
        let placed = self.session.place_tree(PlaceTree {
            name: &fetch.name,
            from: TreeFrom::Stage(&target),
            expected: None,
            cancel: self.request.cancel,
        })?;
        Ok((placed, fetched.url))
    }

    fn import(&self, node: usize) -> Result<Made, WorkError> {
        if self.request.cancel.is_set() {
            return Err(WorkError::Cancelled);
        }
        self.tell_start(node, Activity::Import, None);
        let (started_s, started) = (now_s(), Instant::now());
        let at = self.node(node);
        let (Derivation::Import(import), Some(source)) = (&*at.derivation, &at.import) else {
            return Err(self.failed(Cause::NoSource, started_s, started));
        };
        let from = match source {
            ImportSource::File { bytes, executable } => {
                TreeFrom::File { bytes, executable: *executable }
            }
            ImportSource::Path(path) => TreeFrom::Path(path),
        };
        let placed = self.session.place_tree(PlaceTree {
            name: &import.name,
            from,
            expected: Some(import.object),
            cancel: self.request.cancel,
        });
        match placed.map_err(WorkCause::from) {
            Ok(placed) => Ok(Made {
                action: None,
                placed: BTreeMap::from([(OutputName::default_output(), placed)]),
                claim: None,
                how: How::Imported,
                started_s,
                duration: started.elapsed(),
            }),
            Err(WorkCause::Cause(cause)) => Err(self.failed(cause, started_s, started)),
            Err(WorkCause::Cancelled) => Err(WorkError::Cancelled),
            Err(WorkCause::Store(error)) => Err(error.into()),
        }
    }

    fn failed(&self, cause: Cause, started_s: u64, started: Instant) -> WorkError {
        let duration = started.elapsed();
        let failed = Failed { cause, log_tail: Vec::new(), log: None, started_s, duration };
        WorkError::Failed(Box::new(failed))
    }
}

/// Takes what a build prints: the whole goes to the store, the end is kept for a failure.
struct BuildLog {
    /// Where the whole goes, if it is kept.
    file: Option<Box<dyn LogFile>>,
    tail: Tail,
    /// Why the file is not whole. A build does not fail because its log cannot be kept.
    lost: Option<io::Error>,
    /// Takes it too, if it is to be told.
    told: Option<Sender<Vec<u8>>>,
}

fn lock(log: &Mutex<BuildLog>) -> MutexGuard<'_, BuildLog> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Write for BuildLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tail.push(bytes);
        if let Some(told) = &self.told {
            let _ = told.send(bytes.to_vec());
        }
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(bytes)
        {
            self.lost = Some(error);
            self.file = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BuildLog {
    fn finish(self) -> Result<Option<PathBuf>, String> {
        match (self.lost, self.file) {
            (Some(error), _) => Err(error.to_string()),
            (None, Some(file)) => file.finish().map_err(|it| it.to_string()),
            (None, None) => Ok(None),
        }
    }
}
