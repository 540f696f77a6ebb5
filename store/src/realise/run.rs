//! The coordinator of a run: decides for each derivation what is next, until all wanted outputs are
//! there or something failed.
//!
//! `advance` looks at one derivation and takes every step that can be taken without waiting. It is
//! called whenever something changed: a user asked, an input became known or present, a thread
//! reported. It may be called once too often, never once too few.

mod outputs;
mod presence;
mod reports;
mod tell;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

use crate::derivation::InputRef;
use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::name::OutputName;
use crate::path::StorePath;
use crate::realise::crew::{Crew, Message, Trade};
use crate::realise::failure::Failure;
use crate::realise::node::{End, NodeState};
use crate::realise::objects::Objects;
use crate::realise::work::{Context, Job};
use crate::realise::{
    Counts, Event, Outcome, RealiseError, RealiseRequest, Realised, RealisedOutput,
};
use crate::store::{Store, StoreError};

/// How often a claim of another process and the wish to stop are looked at.
const TICK: Duration = Duration::from_millis(25);

pub(super) fn run<'s>(
    store: &'s dyn Store,
    request: &RealiseRequest<'_>,
) -> Result<Outcome<'s>, RealiseError> {
    let wanted = check_wanted(request)?;
    let session = store.session()?;
    let result = {
        let context = Context::new(store, &*session, request);
        let options = &request.options;
        let crew = Crew::new(options.builds_max.get(), options.fetches_max.get());
        std::thread::scope(|scope| {
            // However this ends, the threads end too.
            let _close = CloseOnDrop(&crew);
            let (sender, receiver) = channel();
            let mut run = Run::new(scope, &context, &crew, sender);
            run.go(&wanted, &receiver)
        })
    };
    let (realised, counts) = result?;
    Ok(Outcome { realised, counts, session })
}

struct CloseOnDrop<'a>(&'a Crew);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Returns the wanted outputs by the place of their derivation.
fn check_wanted(
    request: &RealiseRequest<'_>,
) -> Result<BTreeMap<usize, BTreeSet<OutputName>>, RealiseError> {
    let mut wanted: BTreeMap<usize, BTreeSet<OutputName>> = BTreeMap::new();
    for InputRef { derivation, output } in request.wanted {
        let at = request
            .graph
            .position(derivation)
            .ok_or(RealiseError::UnknownDerivation { id: *derivation })?;
        let node = &request.graph.nodes()[at];
        let outputs = node.outputs();
        if !outputs.contains(output) {
            let title = node.title.clone();
            return Err(RealiseError::UnknownOutput { title, output: output.clone(), outputs });
        }
        wanted.entry(at).or_default().insert(output.clone());
    }
    Ok(wanted)
}

struct Run<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    context: &'env Context<'env>,
    crew: &'env Crew,
    sender: Sender<Message>,
    nodes: Vec<NodeState>,
    /// Derivations to look at.
    open: VecDeque<usize>,
    is_open: BTreeSet<usize>,
    /// Derivations whose realisations substituters are to be asked for, together.
    to_ask: Vec<usize>,
    /// The first derivation with each action.
    by_action: BTreeMap<ActionId, usize>,
    objects: Objects,
    /// Which derivations wait for objects from substituters, and for which.
    substituting: BTreeMap<usize, BTreeSet<ObjectId>>,
    /// Derivations that another process works on.
    waiting: BTreeSet<usize>,
    /// Those of which that was told.
    told_waiting: BTreeSet<usize>,
    /// Objects that were placed in this run, with all that they refer to.
    placed: BTreeSet<ObjectId>,
    /// What is told once a registration is durable.
    pending: BTreeMap<usize, Event>,
    registrations: usize,
    committing: usize,
    jobs: usize,
    /// How urgent each derivation is, found when the first job comes.
    urgency: Vec<u32>,
    /// Derivations that were resolved in this run, by memo and not.
    resolved: Vec<usize>,
    epoch: Option<u64>,
    counts: Counts,
    told: Counts,
    failures: Vec<Failure>,
    is_stopping: bool,
    /// What ends the run at once.
    fatal: Option<Arc<StoreError>>,
}

impl<'scope, 'env> Run<'scope, 'env> {
    fn new(
        scope: &'scope Scope<'scope, 'env>,
        context: &'env Context<'env>,
        crew: &'env Crew,
        sender: Sender<Message>,
    ) -> Self {
        let count = context.request.graph.nodes().len();
        Run {
            scope,
            context,
            crew,
            sender,
            nodes: std::iter::repeat_with(NodeState::default).take(count).collect(),
            open: VecDeque::new(),
            is_open: BTreeSet::new(),
            to_ask: Vec::new(),
            by_action: BTreeMap::new(),
            objects: Objects::default(),
            substituting: BTreeMap::new(),
            waiting: BTreeSet::new(),
            told_waiting: BTreeSet::new(),
            placed: BTreeSet::new(),
            pending: BTreeMap::new(),
            registrations: 0,
            committing: 0,
            jobs: 0,
            urgency: Vec::new(),
            resolved: Vec::new(),
            epoch: None,
            counts: Counts::default(),
            told: Counts::default(),
            failures: Vec::new(),
            is_stopping: false,
            fatal: None,
        }
    }

    fn go(
        &mut self,
        wanted: &BTreeMap<usize, BTreeSet<OutputName>>,
        receiver: &Receiver<Message>,
    ) -> Result<(BTreeMap<DerivationId, Realised>, Counts), RealiseError> {
        for (at, outputs) in wanted {
            self.want(*at, outputs);
        }
        let mut last_tick = Instant::now();
        loop {
            self.advance_open();
            if self.context.request.cancel.is_set() && !self.is_stopping {
                self.stop();
            }
            self.tell_counts();
            if self.jobs == 0 && self.committing == 0 && self.waiting.is_empty() {
                break;
            }
            match receiver.recv_timeout(TICK) {
                Ok(message) => {
                    self.hear(message);
                    // What came together is looked at together.
                    while let Ok(message) = receiver.try_recv() {
                        self.hear(message);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                // This end holds a sender, so that there always is one.
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if last_tick.elapsed() >= TICK {
                last_tick = Instant::now();
                self.look_at_waiting();
            }
        }
        self.finish(wanted)
    }

    fn finish(
        &mut self,
        wanted: &BTreeMap<usize, BTreeSet<OutputName>>,
    ) -> Result<(BTreeMap<DerivationId, Realised>, Counts), RealiseError> {
        if let Some(error) = self.fatal.take() {
            return Err(RealiseError::Store(error));
        }
        if self.context.request.cancel.is_set() {
            return Err(RealiseError::Cancelled);
        }
        self.remember()?;
        if !self.failures.is_empty() {
            let skipped = self.nodes.iter().filter(|it| it.end == Some(End::Skipped)).count();
            return Err(RealiseError::Failed {
                failures: std::mem::take(&mut self.failures),
                skipped,
            });
        }
        let mut realised = BTreeMap::new();
        for (at, outputs) in wanted {
            let state = &self.nodes[*at];
            assert!(state.is_settled(), "a run ends only when all that is wanted is settled");
            let name = self.context.node(*at).derivation.name();
            let outputs = outputs
                .iter()
                .filter_map(|output| {
                    let object = *state.outputs.as_ref()?.get(output)?;
                    let name = StorePath::output_name(name, output);
                    let path = StorePath::of_object(&object, &name);
                    Some((output.clone(), RealisedOutput { object, path }))
                })
                .collect();
            realised.insert(self.context.id(*at), Realised { action: state.action_id, outputs });
        }
        Ok((realised, self.counts))
    }

    /// Remembers what derivations were resolved to, if all pins are those that this run used.
    fn remember(&mut self) -> Result<(), StoreError> {
        let Some(epoch) = self.epoch else { return Ok(()) };
        let mut memos = Vec::new();
        let mut actions = Vec::new();
        let mut used = Vec::new();
        for at in std::mem::take(&mut self.resolved) {
            let state = &self.nodes[at];
            let (Some(action), Some(outputs)) = (state.action_id, &state.outputs) else { continue };
            if state.has_failed() {
                continue;
            }
            actions.push(action);
            used.push(outputs.clone());
            if self.context.node(at).as_build().is_some() {
                memos.push((self.context.id(at), action));
            }
        }
        let pinned = self.context.store.realisations(&actions)?;
        let are_pinned = pinned
            .iter()
            .zip(&used)
            .all(|(pinned, used)| pinned.as_ref().is_some_and(|it| it.outputs == *used));
        // Another process may have pinned another realisation first. The next run finds the memos.
        if are_pinned {
            self.context.store.remember(&memos, epoch)?;
        }
        Ok(())
    }

    /// Starts nothing more.
    fn stop(&mut self) {
        self.is_stopping = true;
        for job in self.crew.clear() {
            self.jobs -= 1;
            self.count_queued(job.trade(), false);
        }
        self.waiting.clear();
        self.to_ask.clear();
        self.open.clear();
        self.is_open.clear();
    }

    fn fail_run(&mut self, error: Arc<StoreError>) {
        self.fatal.get_or_insert(error);
        if !self.is_stopping {
            self.stop();
        }
    }

    /// Asks for the ids of a derivation's outputs.
    fn want_ids(&mut self, at: usize) {
        if !self.nodes[at].is_wanted {
            self.nodes[at].is_wanted = true;
            self.counts.open += 1;
            self.look_at(at);
        }
    }

    /// Asks for the objects of some of a derivation's outputs.
    fn want(&mut self, at: usize, outputs: &BTreeSet<OutputName>) {
        self.want_ids(at);
        let state = &mut self.nodes[at];
        let before = state.wanted.len();
        state.wanted.extend(outputs.iter().cloned());
        if state.wanted.len() > before {
            // That its ids were known was enough until now.
            if state.end == Some(End::Reused) {
                state.end = None;
                self.counts.reused -= 1;
                self.counts.open += 1;
            }
            self.look_at(at);
        }
    }

    fn look_at(&mut self, at: usize) {
        if self.is_open.insert(at) {
            self.open.push_back(at);
        }
    }

    fn look_at_users(&mut self, at: usize) {
        for user in self.nodes[at].users.clone() {
            self.look_at(user);
        }
    }

    fn advance_open(&mut self) {
        loop {
            while let Some(at) = self.open.pop_front() {
                self.is_open.remove(&at);
                if self.is_stopping {
                    continue;
                }
                if let Err(error) = self.advance(at) {
                    self.fail_run(Arc::new(error));
                }
            }
            if self.to_ask.is_empty() {
                return;
            }
            let nodes = std::mem::take(&mut self.to_ask);
            let urgency = nodes.iter().map(|at| self.urgency(*at)).max().unwrap_or(0);
            let nodes = nodes
                .into_iter()
                .filter_map(|at| Some((at, self.nodes[at].generation, self.nodes[at].action_id?)))
                .collect();
            self.push_job(Trade::Fetch, urgency, Job::LookUp { nodes });
        }
    }

    /// Takes every step for a derivation that can be taken now.
    fn advance(&mut self, at: usize) -> Result<(), StoreError> {
        let state = &self.nodes[at];
        if !state.is_wanted || state.has_failed() || state.task.is_some() {
            return Ok(());
        }
        if state.outputs.is_none() && !state.must_run && !self.find_outputs(at)? {
            return Ok(());
        }
        if let Some(leader) = self.nodes[at].leader {
            self.follow(at, leader);
            return Ok(());
        }
        if !self.nodes[at].must_run && self.find_objects(at)? {
            self.settle(at);
            return Ok(());
        }
        if self.nodes[at].must_run {
            self.prepare(at)?;
        }
        Ok(())
    }

    /// Notes how a derivation of which nothing more is wanted came to be there.
    fn settle(&mut self, at: usize) {
        if self.nodes[at].end.is_none() && self.nodes[at].is_settled() {
            self.end(at, End::Reused);
        }
    }
}
