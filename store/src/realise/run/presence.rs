//! Getting the objects of outputs whose ids are known: held, substituted, imported, or run.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::derivation::Derivation;
use crate::digest::ObjectId;
use crate::name::OutputName;
use crate::realise::crew::Trade;
use crate::realise::node::{End, Task};
use crate::realise::objects::{ObjectStatus, Objects};
use crate::realise::run::Run;
use crate::realise::work::Job;
use crate::realise::{Activity, How};
use crate::store::{Placed, Registration, StoreError};

impl Run<'_, '_> {
    /// Finds which wanted objects are there, and asks for the others. Returns whether all are.
    pub(super) fn find_objects(&mut self, at: usize) -> Result<bool, StoreError> {
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
    pub(super) fn prepare(&mut self, at: usize) -> Result<(), StoreError> {
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

    /// Asks for objects of a derivation's outputs and all that they refer to.
    pub(super) fn substitute(
        &mut self,
        at: usize,
        ids: BTreeSet<ObjectId>,
    ) -> Result<(), StoreError> {
        self.nodes[at].task = Some(Task::Substituting);
        self.context.tell_start(at, Activity::Substitute, self.nodes[at].action_id);
        for id in &ids {
            self.fetch_object(*id, Some(at))?;
        }
        self.substituting.insert(at, ids);
        self.look_at_substituting();
        Ok(())
    }

    /// Asks for an object unless it is there or coming; returns whether it is there.
    ///
    /// `for_node` is the derivation to which progress is told, if one still waits.
    pub(super) fn fetch_object(
        &mut self,
        id: ObjectId,
        for_node: Option<usize>,
    ) -> Result<bool, StoreError> {
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
        let urgency = for_node.map_or(0, |it| self.urgency(it));
        self.push_job(Trade::Fetch, urgency, Job::Object { id, node: for_node });
        Ok(false)
    }

    pub(super) fn hear_object(
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

    /// Returns a derivation to which progress on an object is told: one that waits for it, or for
    /// another object, which may refer to it. `None` if none waits any more.
    fn waiter(&self, id: &ObjectId) -> Option<usize> {
        let direct = self.substituting.iter().find(|(_, ids)| ids.contains(id));
        direct.or_else(|| self.substituting.iter().next()).map(|(at, _)| *at)
    }

    /// Goes on with derivations whose objects have come, or do not come.
    pub(super) fn look_at_substituting(&mut self) {
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
}
