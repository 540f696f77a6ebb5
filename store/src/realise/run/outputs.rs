//! Finding the ids of a derivation's outputs: by memo, by its inputs, by the store, by asking.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::derivation::{Build, BuildKind, Derivation, InputRef};
use crate::digest::{ActionId, ObjectId};
use crate::inputs::Inputs;
use crate::name::OutputName;
use crate::realise::failure::Cause;
use crate::realise::node::{End, Task};
use crate::realise::run::Run;
use crate::realise::work::Failed;
use crate::store::StoreError;

impl Run<'_, '_> {
    /// Finds the ids of a derivation's outputs, or that it must run. Returns whether one of both
    /// is so.
    pub(super) fn find_outputs(&mut self, at: usize) -> Result<bool, StoreError> {
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
        if let Some(outputs) = self.find_pinned(at, action)? {
            self.resolved.push(at);
            self.set_outputs(at, outputs);
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

    pub(super) fn set_outputs(&mut self, at: usize, outputs: BTreeMap<OutputName, ObjectId>) {
        self.nodes[at].outputs = Some(outputs);
        self.look_at_users(at);
    }

    pub(super) fn find_by_memo(&mut self, at: usize) -> Result<bool, StoreError> {
        if self.nodes[at].tried.memo {
            return Ok(false);
        }
        self.nodes[at].tried.memo = true;
        let memos = self.context.store.memos(&[self.context.id(at)])?;
        // The first epoch counts: what was resolved in it may not outlive it.
        self.epoch.get_or_insert(memos.epoch);
        let Some(action) = memos.actions.first().copied().flatten() else { return Ok(false) };
        let Some(outputs) = self.find_pinned(at, action)? else { return Ok(false) };
        self.nodes[at].action_id = Some(action);
        self.set_outputs(at, outputs);
        Ok(true)
    }

    /// Returns what the pinned realisation of an action gives, if it gives all outputs.
    pub(super) fn find_pinned(
        &self,
        at: usize,
        action: ActionId,
    ) -> Result<Option<BTreeMap<OutputName, ObjectId>>, StoreError> {
        let found = self.context.store.realisations(&[action])?.pop().flatten();
        Ok(found.map(|it| it.outputs).filter(|it| self.has_all_outputs(at, it)))
    }

    pub(super) fn has_all_outputs(
        &self,
        at: usize,
        outputs: &BTreeMap<OutputName, ObjectId>,
    ) -> bool {
        self.context.node(at).outputs().iter().all(|it| outputs.contains_key(it))
    }

    /// Checks a derivation's own rules, once.
    pub(super) fn check(&mut self, at: usize) -> bool {
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

    pub(super) fn find_broken_rule(&self, at: usize) -> Option<Cause> {
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
    pub(super) fn resolve(&mut self, at: usize, build: &Build<InputRef>) -> bool {
        let mut inputs = Inputs::default();
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
    pub(super) fn input(&mut self, at: usize, input: &InputRef) -> Option<usize> {
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
    pub(super) fn follow(&mut self, at: usize, leader: usize) {
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

    /// Sets the outputs of a derivation. If they were others before, everything that follows from
    /// those is begun anew.
    pub(super) fn replace_outputs(&mut self, at: usize, outputs: BTreeMap<OutputName, ObjectId>) {
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
    pub(super) fn find_all_users(&self, at: usize) -> Vec<usize> {
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
}
