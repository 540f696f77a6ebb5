//! What comes back from the threads, and what follows from it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::digest::ObjectId;
use crate::name::OutputName;
use crate::realisation::{Origin, Realisation};
use crate::realise::crew::Message;
use crate::realise::failure::Failure;
use crate::realise::node::{End, Task};
use crate::realise::run::Run;
use crate::realise::work::{Failed, Made, Ran, Report, WorkError};
use crate::realise::{Event, How, OnFailure, Warning};
use crate::store::{Attempted, Placed, Registration, StoreError, Verdict};

impl Run<'_, '_> {
    pub(super) fn hear(&mut self, message: Message) {
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

    pub(super) fn hear_report(&mut self, report: Report) -> Result<(), StoreError> {
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
    pub(super) fn take_substituted(&mut self, at: usize, realisation: &Realisation, from: &str) {
        // A realisation without one of the outputs is of no use.
        if !self.has_all_outputs(at, &realisation.outputs) {
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
    pub(super) fn take_known(&mut self, at: usize, realisation: Realisation) {
        self.nodes[at].must_run = false;
        self.resolved.push(at);
        let event =
            self.finished_with(at, How::ByOther, Duration::ZERO, false, &realisation.outputs);
        (self.context.request.events)(event);
        self.replace_outputs(at, realisation.outputs);
        self.look_at(at);
    }

    /// Takes what an action gave, and registers it.
    pub(super) fn take_made(&mut self, at: usize, made: Made, is_current: bool) {
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
            How::Built | How::Tested => End::Built,
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

    pub(super) fn fail(&mut self, at: usize, failed: Failed) {
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
    pub(super) fn skip_users(&mut self, at: usize) {
        let mut open: Vec<usize> = self.nodes[at].users.iter().copied().collect();
        while let Some(user) = open.pop() {
            if !self.nodes[user].has_failed() {
                self.end(user, End::Skipped);
                open.extend(&self.nodes[user].users);
            }
        }
    }

    pub(super) fn attempt(
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

    pub(super) fn wait_for(&mut self, at: usize, pid: Option<u32>) {
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
    pub(super) fn look_at_waiting(&mut self) {
        for at in std::mem::take(&mut self.waiting) {
            self.nodes[at].task = None;
            self.look_at(at);
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
