//! The coordinator of a run: decides for each derivation what is next, until all wanted outputs are
//! there or something failed.
//!
//! `advance` looks at one derivation and takes every step that can be taken without waiting. It is
//! called whenever something changed: a user asked, an input became known or present, a thread
//! reported. It may be called once too often, never once too few.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

use crate::derivation::{Build, BuildKind, Derivation, InputRef};
use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::name::OutputName;
use crate::path::StorePath;
use crate::realisation::{Origin, Realisation};
use crate::realise::crew::{Crew, Message, Trade};
use crate::realise::failure::{Cause, Failure};
use crate::realise::node::{End, NodeState, Task};
use crate::realise::objects::{ObjectStatus, Objects};
use crate::realise::work::{Context, Failed, Job, Made, Ran, Report, WorkError};
use crate::realise::{
    Activity, Counts, Event, How, OnFailure, Outcome, RealiseError, RealiseRequest, Realised,
    RealisedOutput, Warning,
};
use crate::store::{Attempted, Placed, Registration, Store, StoreError, Verdict};

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
            self.count_queued(trade(&job), false);
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

    // Wanting.

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

    // Advancing.

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

    /// Finds the ids of a derivation's outputs, or that it must run. Returns whether one of both
    /// is so.
    fn find_outputs(&mut self, at: usize) -> Result<bool, StoreError> {
        let node = self.context.node(at);
        match &*node.derivation {
            Derivation::Import(import) => {
                let outputs = BTreeMap::from([(OutputName::default_output(), import.object)]);
                self.set_outputs(at, outputs);
                return Ok(true);
            }
            Derivation::Fetch(fetch) => {
                self.nodes[at].action_id = Some(fetch.action_id());
                if !self.check(at) {
                    return Ok(false);
                }
            }
            Derivation::Build(build) => {
                if self.nodes[at].action_id.is_none() {
                    if self.find_by_memo(at)? {
                        return Ok(true);
                    }
                    if !self.check(at) || !self.resolve(at, build) {
                        return Ok(false);
                    }
                }
            }
        }
        let Some(action) = self.nodes[at].action_id else { return Ok(false) };
        let first = self.by_action.get(&action).copied();
        match first.filter(|it| *it != at && self.nodes[*it].action_id == Some(action)) {
            Some(first) => {
                self.nodes[at].leader = Some(first);
                return Ok(true);
            }
            None => {
                self.by_action.insert(action, at);
            }
        }
        if let Some(realisation) = self.context.store.realisations(&[action])?.pop().flatten() {
            self.resolved.push(at);
            self.set_outputs(at, realisation.outputs);
            return Ok(true);
        }
        if !self.nodes[at].tried.substituters {
            self.nodes[at].tried.substituters = true;
            if self.context.places.can_be_asked() {
                self.nodes[at].task = Some(Task::Asking);
                self.to_ask.push(at);
                return Ok(false);
            }
        }
        self.nodes[at].must_run = true;
        Ok(true)
    }

    fn set_outputs(&mut self, at: usize, outputs: BTreeMap<OutputName, ObjectId>) {
        self.nodes[at].outputs = Some(outputs);
        self.look_at_users(at);
    }

    fn find_by_memo(&mut self, at: usize) -> Result<bool, StoreError> {
        if self.nodes[at].tried.memo {
            return Ok(false);
        }
        self.nodes[at].tried.memo = true;
        let memos = self.context.store.memos(&[self.context.id(at)])?;
        // The first epoch counts: what was resolved in it may not outlive it.
        self.epoch.get_or_insert(memos.epoch);
        let Some(action) = memos.actions.first().copied().flatten() else { return Ok(false) };
        let found = self.context.store.realisations(&[action])?.pop().flatten();
        let Some(realisation) = found else { return Ok(false) };
        self.nodes[at].action_id = Some(action);
        self.set_outputs(at, realisation.outputs);
        Ok(true)
    }

    /// Checks a derivation's own rules, once.
    fn check(&mut self, at: usize) -> bool {
        if self.nodes[at].tried.check {
            return true;
        }
        self.nodes[at].tried.check = true;
        match self.find_broken_rule(at) {
            None => true,
            Some(cause) => {
                self.fail(at, Failed::at_once(cause));
                false
            }
        }
    }

    fn find_broken_rule(&self, at: usize) -> Option<Cause> {
        let node = self.context.node(at);
        if let Err(error) = node.derivation.check() {
            return Some(error.into());
        }
        let graph = self.context.request.graph;
        for (label, input) in node.as_build().map(|it| &it.inputs).into_iter().flatten() {
            let of = graph.node(&input.derivation)?;
            let (label, title) = (label.clone(), of.title.clone());
            if !of.outputs().contains(&input.output) {
                let output = input.output.clone();
                return Some(Cause::UnknownOutput { label, output, title });
            }
            if of.as_build().is_some_and(|it| it.kind == BuildKind::Test) {
                return Some(Cause::TestAsInput { label, title });
            }
        }
        None
    }

    /// Makes the action of a build, if the outputs of all its inputs are known.
    fn resolve(&mut self, at: usize, build: &Build<InputRef>) -> bool {
        let mut inputs = BTreeMap::new();
        let mut is_complete = true;
        for (label, input) in &build.inputs {
            let Some(of) = self.input(at, input) else { return false };
            self.want_ids(of);
            match self.nodes[of].outputs.as_ref().and_then(|it| it.get(&input.output)) {
                Some(id) => {
                    inputs.insert(label.clone(), *id);
                }
                None => is_complete = false,
            }
        }
        if !is_complete {
            return false;
        }
        let action = build.with_inputs(inputs);
        self.nodes[at].action_id = Some(action.id());
        self.nodes[at].action = Some(Arc::new(action));
        true
    }

    /// Returns the place of an input and notes its user; `None` if it failed, and then the user
    /// is skipped.
    fn input(&mut self, at: usize, input: &InputRef) -> Option<usize> {
        // The graph has every input of its nodes.
        let of = self.context.request.graph.position(&input.derivation)?;
        self.nodes[of].users.insert(at);
        if self.nodes[of].has_failed() {
            self.end(at, End::Skipped);
            self.look_at_users(at);
            return None;
        }
        Some(of)
    }

    /// Takes over what another derivation with the same action has.
    fn follow(&mut self, at: usize, leader: usize) {
        if self.nodes[leader].action_id != self.nodes[at].action_id {
            // The other had to begin anew with other inputs.
            self.nodes[at].leader = None;
            self.nodes[at].outputs = None;
            self.nodes[at].present.clear();
            self.look_at(at);
            return;
        }
        let (wanted, outputs) = (self.nodes[at].wanted.clone(), self.nodes[leader].outputs.clone());
        self.nodes[leader].users.insert(at);
        if self.nodes[leader].has_failed() {
            self.end(at, End::Skipped);
            self.look_at_users(at);
            return;
        }
        self.want(leader, &wanted);
        let before = (self.nodes[at].outputs.clone(), self.nodes[at].present.clone());
        let present = &self.nodes[leader].present & &wanted;
        self.nodes[at].outputs = outputs;
        self.nodes[at].present = present;
        if (&self.nodes[at].outputs, &self.nodes[at].present) != (&before.0, &before.1) {
            self.look_at_users(at);
        }
        self.settle(at);
    }

    /// Finds which wanted objects are there, and asks for the others. Returns whether all are.
    fn find_objects(&mut self, at: usize) -> Result<bool, StoreError> {
        let state = &self.nodes[at];
        let Some(outputs) = &state.outputs else { return Ok(false) };
        let missing: Vec<(OutputName, ObjectId)> = state
            .wanted
            .difference(&state.present)
            .filter_map(|it| Some((it.clone(), *outputs.get(it)?)))
            .collect();
        if missing.is_empty() {
            return Ok(true);
        }
        let ids: Vec<ObjectId> = missing.iter().map(|it| it.1).collect();
        let valid = self.context.session.hold(&ids)?;
        let mut left = BTreeSet::new();
        for ((output, id), is_valid) in missing.into_iter().zip(valid) {
            let is_complete = self.objects.status(&id) == ObjectStatus::Complete;
            if is_valid || is_complete || self.placed.contains(&id) {
                self.nodes[at].present.insert(output);
            } else {
                left.insert(id);
            }
        }
        self.look_at_users(at);
        if left.is_empty() {
            return Ok(true);
        }
        if matches!(&*self.context.node(at).derivation, Derivation::Import(_)) {
            self.nodes[at].task = Some(Task::Running);
            let (urgency, generation) = (self.urgency(at), self.nodes[at].generation);
            self.push_job(Trade::Fetch, urgency, Job::Import { node: at, generation });
            return Ok(false);
        }
        if !self.nodes[at].tried.objects {
            self.nodes[at].tried.objects = true;
            if self.context.places.can_be_asked() {
                self.substitute(at, left)?;
                return Ok(false);
            }
        }
        self.nodes[at].must_run = true;
        Ok(false)
    }

    /// Makes the action of a derivation run once all its inputs are there.
    fn prepare(&mut self, at: usize) -> Result<(), StoreError> {
        let node = self.context.node(at);
        let generation = self.nodes[at].generation;
        let build = match &*node.derivation {
            Derivation::Import(_) => return Ok(()),
            Derivation::Fetch(_) => {
                let Some(id) = self.nodes[at].action_id else { return Ok(()) };
                self.nodes[at].task = Some(Task::Running);
                let urgency = self.urgency(at);
                self.push_job(Trade::Fetch, urgency, Job::Fetch { node: at, generation, id });
                return Ok(());
            }
            Derivation::Build(build) => build,
        };
        if self.nodes[at].action.is_none() {
            // A memo or another run knew what this gives; what it is made of is needed only now.
            let expected = self.nodes[at].action_id;
            if !self.check(at) || !self.resolve(at, build) {
                return Ok(());
            }
            if self.nodes[at].action_id != expected {
                // A pin was replaced since the memo was made.
                let action = (self.nodes[at].action_id, self.nodes[at].action.take());
                self.nodes[at].begin_anew();
                (self.nodes[at].action_id, self.nodes[at].action) = action;
                self.look_at(at);
                return Ok(());
            }
        }
        let mut is_complete = true;
        for input in build.inputs.values() {
            let Some(of) = self.input(at, input) else { return Ok(()) };
            self.want(of, &BTreeSet::from([input.output.clone()]));
            is_complete &= self.nodes[of].present.contains(&input.output);
        }
        let (true, Some(id), Some(action)) =
            (is_complete, self.nodes[at].action_id, self.nodes[at].action.clone())
        else {
            return Ok(());
        };
        self.nodes[at].task = Some(Task::Running);
        let urgency = self.urgency(at);
        self.push_job(Trade::Build, urgency, Job::Build { node: at, generation, action, id });
        Ok(())
    }

    /// Notes how a derivation of which nothing more is wanted came to be there.
    fn settle(&mut self, at: usize) {
        if self.nodes[at].end.is_none() && self.nodes[at].is_settled() {
            self.end(at, End::Reused);
        }
    }

    fn end(&mut self, at: usize, end: End) {
        let before = self.nodes[at].end.replace(end);
        let count = |counts: &mut Counts, end: End, by: isize| {
            let field = match end {
                End::Reused => &mut counts.reused,
                End::Built => &mut counts.built,
                End::Fetched => &mut counts.fetched,
                End::Imported => &mut counts.imported,
                End::Substituted => &mut counts.substituted,
                End::Failed => &mut counts.failed,
                End::Skipped => return,
            };
            *field = field.saturating_add_signed(by);
        };
        match before {
            Some(before) => count(&mut self.counts, before, -1),
            None => self.counts.open -= 1,
        }
        count(&mut self.counts, end, 1);
    }

    // Substituting.

    /// Asks for objects of a derivation's outputs and all that they refer to.
    fn substitute(&mut self, at: usize, ids: BTreeSet<ObjectId>) -> Result<(), StoreError> {
        self.nodes[at].task = Some(Task::Substituting);
        self.context.tell_start(at, Activity::Substitute, self.nodes[at].action_id);
        for id in &ids {
            self.fetch_object(*id, at)?;
        }
        self.substituting.insert(at, ids);
        self.look_at_substituting();
        Ok(())
    }

    /// Asks for an object unless it is there or coming; returns whether it is there.
    fn fetch_object(&mut self, id: ObjectId, for_node: usize) -> Result<bool, StoreError> {
        match self.objects.status(&id) {
            ObjectStatus::Complete => return Ok(true),
            ObjectStatus::Coming | ObjectStatus::Failed => return Ok(false),
            ObjectStatus::Unknown => {}
        }
        if self.placed.contains(&id) || self.context.session.hold(&[id])? == [true] {
            self.objects.note_complete(id);
            return Ok(true);
        }
        self.objects.begin(id);
        let urgency = self.urgency(for_node);
        self.push_job(Trade::Fetch, urgency, Job::Object { id, node: for_node });
        Ok(false)
    }

    fn hear_object(
        &mut self,
        id: ObjectId,
        result: Result<Option<Placed>, StoreError>,
    ) -> Result<(), StoreError> {
        match result? {
            None => self.objects.fail(id),
            Some(placed) => {
                self.context.note_refs(&placed);
                let mut left = BTreeSet::new();
                let mut fails = false;
                for other in &placed.object.refs {
                    if !self.is_stopping && !self.fetch_object(*other, self.waiter(&id))? {
                        fails |= self.objects.status(other) == ObjectStatus::Failed;
                        left.insert(*other);
                    }
                }
                if fails || self.is_stopping {
                    self.objects.fail(id);
                } else {
                    let complete = self.objects.placed(placed, left);
                    self.placed.extend(complete.iter().map(|it| it.id));
                    if !complete.is_empty() {
                        self.register(
                            Registration { objects: complete, ..Registration::default() },
                            None,
                            None,
                        );
                    }
                }
            }
        }
        self.look_at_substituting();
        Ok(())
    }

    /// Returns a derivation to which progress on an object is told.
    fn waiter(&self, id: &ObjectId) -> usize {
        let direct = self.substituting.iter().find(|(_, ids)| ids.contains(id));
        direct.or_else(|| self.substituting.iter().next()).map_or(0, |(at, _)| *at)
    }

    /// Goes on with derivations whose objects have come, or do not come.
    fn look_at_substituting(&mut self) {
        let statuses = |ids: &BTreeSet<ObjectId>, objects: &Objects| {
            ids.iter().map(|it| objects.status(it)).collect::<Vec<_>>()
        };
        let done: Vec<(usize, bool)> = self
            .substituting
            .iter()
            .filter_map(|(at, ids)| {
                let statuses = statuses(ids, &self.objects);
                let all_there = statuses.iter().all(|it| *it == ObjectStatus::Complete);
                let fails = statuses.contains(&ObjectStatus::Failed);
                (all_there || fails).then_some((*at, all_there))
            })
            .collect();
        for (at, all_there) in done {
            self.substituting.remove(&at);
            self.nodes[at].task = None;
            if all_there {
                self.end(at, End::Substituted);
                // Registrations are done in order: once this one is, the objects are durable.
                let event = self.finished(at, How::Substituted, Duration::ZERO, false);
                self.register(Registration::default(), Some(event), None);
            }
            self.look_at(at);
        }
    }

    // Hearing.

    fn hear(&mut self, message: Message) {
        match message {
            Message::Begun(trade) => {
                self.count_queued(trade, false);
                self.count_running(trade, true);
            }
            Message::Done(trade, report) => {
                self.jobs -= 1;
                self.count_running(trade, false);
                if let Err(error) = self.hear_report(*report) {
                    self.fail_run(Arc::new(error));
                }
            }
            Message::Committed(number, result) => {
                self.committing -= 1;
                let event = self.pending.remove(&number);
                match (result, event) {
                    (Ok(()), Some(event)) => (self.context.request.events)(event),
                    (Ok(()), None) => {}
                    (Err(error), _) => self.fail_run(error),
                }
            }
            Message::Panicked => {
                // The scope hands the panic on once the other threads have ended.
                self.jobs -= 1;
                self.context.request.cancel.set();
            }
        }
    }

    fn hear_report(&mut self, report: Report) -> Result<(), StoreError> {
        match report {
            Report::LookedUp { nodes, found } => {
                for (at, generation, action) in nodes {
                    if self.nodes[at].generation != generation {
                        continue;
                    }
                    self.nodes[at].task = None;
                    if let Some((realisation, from)) = found.get(&action) {
                        self.take_substituted(at, realisation, from);
                    }
                    self.look_at(at);
                }
                Ok(())
            }
            Report::Object { id, result } => self.hear_object(id, result),
            Report::Ran { node, generation, result } => {
                let is_current = self.nodes[node].generation == generation;
                if is_current {
                    self.nodes[node].task = None;
                }
                match result {
                    Ok(Ran::Made(made)) => self.take_made(node, made, is_current),
                    Ok(Ran::Known(realisation)) if is_current => {
                        self.take_known(node, realisation);
                    }
                    Ok(Ran::Busy { pid }) if is_current => self.wait_for(node, pid),
                    Ok(Ran::Known(_) | Ran::Busy { .. }) => {}
                    Err(WorkError::Failed(failed)) if is_current => self.fail(node, *failed),
                    Err(WorkError::Failed(_) | WorkError::Cancelled) => {}
                    Err(WorkError::Store(error)) => return Err(error),
                }
                Ok(())
            }
        }
    }

    /// Believes what a substituter says an action gives, and pins it.
    fn take_substituted(&mut self, at: usize, realisation: &Realisation, from: &str) {
        let outputs = self.context.node(at).outputs();
        // A realisation without one of the outputs is of no use.
        if !outputs.iter().all(|it| realisation.outputs.contains_key(it)) {
            return;
        }
        let origin = Origin::Substituted { from: from.to_owned() };
        let registration = Registration {
            realisation: Some((realisation.clone(), origin)),
            ..Registration::default()
        };
        self.register(registration, None, None);
        self.resolved.push(at);
        self.set_outputs(at, realisation.outputs.clone());
    }

    /// Takes what another process made.
    fn take_known(&mut self, at: usize, realisation: Realisation) {
        self.nodes[at].must_run = false;
        self.resolved.push(at);
        let event =
            self.finished_with(at, How::ByOther, Duration::ZERO, false, &realisation.outputs);
        (self.context.request.events)(event);
        self.replace_outputs(at, realisation.outputs);
        self.look_at(at);
    }

    /// Takes what an action gave, and registers it.
    fn take_made(&mut self, at: usize, made: Made, is_current: bool) {
        let Made { action, placed, claim, how, started_s, duration } = made;
        let outputs: BTreeMap<OutputName, ObjectId> =
            placed.iter().map(|(output, it)| (output.clone(), it.id)).collect();
        for placed in placed.values() {
            self.context.note_refs(placed);
            self.objects.forget_failed(&placed.id);
            self.placed.insert(placed.id);
        }
        let unchanged = placed.values().all(|it| it.was_valid);
        let before = self.nodes[at].outputs.clone().filter(|_| is_current);
        let changed: Vec<Warning> = before
            .iter()
            .flatten()
            .filter_map(|(output, before)| {
                let now = *outputs.get(output)?;
                (now != *before).then(|| Warning::NotReproducible {
                    node: self.context.id(at),
                    title: self.context.node(at).title.clone(),
                    output: output.clone(),
                    before: *before,
                    now,
                })
            })
            .collect();
        let end = match how {
            How::Built => End::Built,
            How::Fetched { .. } => End::Fetched,
            How::Imported => End::Imported,
            How::Substituted | How::ByOther => End::Reused,
        };
        let event = self.finished_with(at, how, duration, unchanged, &outputs);
        let realisation = action.map(|action| {
            let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            let realisation = Realisation { action, outputs: outputs.clone() };
            (realisation, Origin::Here { duration_ms })
        });
        let attempt = self.attempt(at, started_s, duration, Verdict::Done).filter(|_| is_current);
        self.register(
            Registration {
                objects: in_order(placed.into_values().collect()),
                realisation,
                replaces: !changed.is_empty(),
                attempt,
            },
            Some(event),
            claim.map(|it| Box::new(it) as Box<dyn Send>),
        );
        for warning in changed {
            (self.context.request.events)(Event::Warning(warning));
        }
        if is_current {
            self.nodes[at].must_run = false;
            self.end(at, end);
            self.resolved.push(at);
            self.nodes[at].present = outputs.keys().cloned().collect();
            self.replace_outputs(at, outputs);
        }
        self.look_at(at);
    }

    /// Sets the outputs of a derivation. If they were others before, everything that follows from
    /// those is begun anew.
    fn replace_outputs(&mut self, at: usize, outputs: BTreeMap<OutputName, ObjectId>) {
        let before = self.nodes[at].outputs.replace(outputs);
        if before.is_some() && before != self.nodes[at].outputs {
            for user in self.find_all_users(at) {
                let state = &self.nodes[user];
                if !state.is_wanted || state.has_failed() {
                    continue;
                }
                if state.end.is_some() {
                    self.counts.open += 1;
                    self.uncount(user);
                }
                self.waiting.remove(&user);
                self.substituting.remove(&user);
                self.nodes[user].begin_anew();
                self.look_at(user);
            }
        }
        self.look_at_users(at);
    }

    /// Returns the derivations that need one, directly or not, in the order of the graph: those that
    /// were found by a memo never asked for it.
    fn find_all_users(&self, at: usize) -> Vec<usize> {
        let graph = self.context.request.graph;
        let mut is_user = vec![false; graph.nodes().len()];
        is_user[at] = true;
        for (user, node) in graph.nodes().iter().enumerate().skip(at + 1) {
            let mut inputs = node.as_build().into_iter().flat_map(|it| it.inputs.values());
            is_user[user] =
                inputs.any(|it| graph.position(&it.derivation).is_some_and(|input| is_user[input]));
        }
        // Those with the same action follow one of these.
        (at + 1..is_user.len()).filter(|it| is_user[*it]).collect()
    }

    fn uncount(&mut self, at: usize) {
        let field = match self.nodes[at].end {
            Some(End::Reused) => &mut self.counts.reused,
            Some(End::Built) => &mut self.counts.built,
            Some(End::Fetched) => &mut self.counts.fetched,
            Some(End::Imported) => &mut self.counts.imported,
            Some(End::Substituted) => &mut self.counts.substituted,
            Some(End::Failed | End::Skipped) | None => return,
        };
        *field -= 1;
    }

    fn fail(&mut self, at: usize, failed: Failed) {
        let Failed { cause, log_tail, log, started_s, duration } = failed;
        let failure = Failure {
            node: self.context.id(at),
            action: self.nodes[at].action_id,
            title: self.context.node(at).title.clone(),
            cause,
            duration,
            log_tail,
            log,
        };
        (self.context.request.events)(Event::Failed {
            node: failure.node,
            title: failure.title.clone(),
            message: failure.cause.to_string(),
        });
        if let Some(attempt) = self.attempt(at, started_s, duration, failure.verdict()) {
            let registration = Registration { attempt: Some(attempt), ..Registration::default() };
            self.register(registration, None, None);
        }
        self.failures.push(failure);
        self.end(at, End::Failed);
        self.look_at_users(at);
        if self.context.request.options.on_failure == OnFailure::Stop && !self.is_stopping {
            self.skip_users(at);
            self.stop();
        }
    }

    /// Marks what needs a derivation that failed, for the count.
    fn skip_users(&mut self, at: usize) {
        let mut open: Vec<usize> = self.nodes[at].users.iter().copied().collect();
        while let Some(user) = open.pop() {
            if !self.nodes[user].has_failed() {
                self.end(user, End::Skipped);
                open.extend(&self.nodes[user].users);
            }
        }
    }

    fn attempt(
        &self,
        at: usize,
        started_s: u64,
        duration: Duration,
        verdict: Verdict,
    ) -> Option<Attempted> {
        Some(Attempted {
            action: self.nodes[at].action_id?,
            derivation: self.context.id(at),
            title: self.context.node(at).title.clone(),
            started_s,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            verdict,
        })
    }

    fn wait_for(&mut self, at: usize, pid: Option<u32>) {
        if self.is_stopping {
            return;
        }
        self.nodes[at].task = Some(Task::Waiting);
        self.waiting.insert(at);
        if self.told_waiting.insert(at) {
            (self.context.request.events)(Event::Waiting {
                node: self.context.id(at),
                title: self.context.node(at).title.clone(),
                pid,
            });
        }
    }

    /// Tries again what other processes were at.
    fn look_at_waiting(&mut self) {
        for at in std::mem::take(&mut self.waiting) {
            self.nodes[at].task = None;
            self.look_at(at);
        }
    }

    // Registering and telling.

    /// Registers; `event` is told and `claim` dropped once that is durable.
    fn register(
        &mut self,
        registration: Registration,
        event: Option<Event>,
        claim: Option<Box<dyn Send>>,
    ) {
        let number = self.registrations;
        self.registrations += 1;
        self.committing += 1;
        if let Some(event) = event {
            self.pending.insert(number, event);
        }
        let sender = self.sender.clone();
        self.context.session.register(
            registration,
            Box::new(move |result| {
                drop(claim);
                let _ = sender.send(Message::Committed(number, result));
            }),
        );
    }

    fn finished(&self, at: usize, how: How, duration: Duration, unchanged: bool) -> Event {
        let outputs = self.nodes[at].outputs.clone().unwrap_or_default();
        self.finished_with(at, how, duration, unchanged, &outputs)
    }

    fn finished_with(
        &self,
        at: usize,
        how: How,
        duration: Duration,
        unchanged: bool,
        outputs: &BTreeMap<OutputName, ObjectId>,
    ) -> Event {
        Event::Finished {
            node: self.context.id(at),
            title: self.context.node(at).title.clone(),
            how,
            duration,
            outputs: outputs.clone(),
            unchanged,
        }
    }

    fn tell_counts(&mut self) {
        if self.counts != self.told {
            self.told = self.counts;
            (self.context.request.events)(Event::Counts(self.counts));
        }
    }

    // Jobs.

    fn push_job(&mut self, trade: Trade, urgency: u32, job: Job) {
        self.jobs += 1;
        self.count_queued(trade, true);
        self.crew.push(self.scope, self.context, &self.sender, trade, urgency, job);
    }

    fn count_queued(&mut self, trade: Trade, more: bool) {
        let field = match trade {
            Trade::Build => &mut self.counts.builds_queued,
            Trade::Fetch => &mut self.counts.fetches_queued,
        };
        *field = if more { *field + 1 } else { *field - 1 };
    }

    fn count_running(&mut self, trade: Trade, more: bool) {
        let field = match trade {
            Trade::Build => &mut self.counts.builds_running,
            Trade::Fetch => &mut self.counts.fetches_running,
        };
        *field = if more { *field + 1 } else { *field - 1 };
    }

    /// Returns how many derivations are on the longest path from one to what uses it in the end.
    fn urgency(&mut self, at: usize) -> u32 {
        if self.urgency.is_empty() {
            let graph = self.context.request.graph;
            let mut urgency = vec![0; graph.nodes().len()];
            // Inputs stand before their users, so that going backwards meets users first.
            for (at, node) in graph.nodes().iter().enumerate().rev() {
                for input in node.as_build().into_iter().flat_map(|it| it.inputs.values()) {
                    if let Some(of) = graph.position(&input.derivation) {
                        urgency[of] = urgency[of].max(urgency[at] + 1);
                    }
                }
            }
            self.urgency = urgency;
        }
        self.urgency[at]
    }
}

impl Failed {
    /// A failure before anything was tried.
    fn at_once(cause: Cause) -> Self {
        Failed {
            cause,
            log_tail: Vec::new(),
            log: None,
            started_s: crate::local::now_s(),
            duration: Duration::ZERO,
        }
    }
}

fn trade(job: &Job) -> Trade {
    match job {
        Job::Build { .. } => Trade::Build,
        Job::Fetch { .. } | Job::Import { .. } | Job::LookUp { .. } | Job::Object { .. } => {
            Trade::Fetch
        }
    }
}

/// Returns the outputs of one action so that each comes after those to which it refers.
fn in_order(mut placed: Vec<Placed>) -> Vec<Placed> {
    let mut ordered: Vec<Placed> = Vec::with_capacity(placed.len());
    while !placed.is_empty() {
        let is_ready = |it: &Placed, others: &[Placed]| {
            others.iter().all(|other| other.id == it.id || !it.object.refs.contains(&other.id))
        };
        // Objects never refer to each other in a circle: their ids are digests of their references.
        let at = placed.iter().position(|it| is_ready(it, &placed)).unwrap_or(0);
        ordered.push(placed.remove(at));
    }
    ordered
}
