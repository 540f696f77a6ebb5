//! Registering, counting, and telling; giving jobs to the threads.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::digest::ObjectId;
use crate::name::OutputName;
use crate::realise::crew::{Message, Trade};
use crate::realise::node::End;
use crate::realise::run::Run;
use crate::realise::work::Job;
use crate::realise::{Counts, Event, How};
use crate::store::Registration;
use crate::sys::SystemError;

impl Run<'_, '_> {
    /// Registers; `event` is told and `claim` dropped once that is durable.
    pub(super) fn register(
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

    pub(super) fn finished(
        &self,
        at: usize,
        how: How,
        duration: Duration,
        unchanged: bool,
    ) -> Event {
        let outputs = self.nodes[at].outputs.clone().unwrap_or_default();
        self.finished_with(at, how, duration, unchanged, &outputs)
    }

    pub(super) fn finished_with(
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

    pub(super) fn tell_counts(&mut self) {
        if self.counts != self.told {
            self.told = self.counts;
            (self.context.request.events)(Event::Counts(self.counts));
        }
    }

    pub(super) fn end(&mut self, at: usize, end: End) {
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

    pub(super) fn uncount(&mut self, at: usize) {
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

    pub(super) fn count_queued(&mut self, trade: Trade, more: bool) {
        let field = match trade {
            Trade::Build => &mut self.counts.builds_queued,
            Trade::Fetch => &mut self.counts.fetches_queued,
        };
        *field = if more { *field + 1 } else { *field - 1 };
    }

    pub(super) fn count_running(&mut self, trade: Trade, more: bool) {
        let field = match trade {
            Trade::Build => &mut self.counts.builds_running,
            Trade::Fetch => &mut self.counts.fetches_running,
        };
        *field = if more { *field + 1 } else { *field - 1 };
    }

    pub(super) fn push_job(&mut self, trade: Trade, urgency: u32, job: Job) {
        self.jobs += 1;
        self.count_queued(trade, true);
        let pushed = self.crew.push(self.scope, self.context, &self.sender, trade, urgency, job);
        if let Err(error) = pushed {
            let error = SystemError::new("clone", Path::new("(a thread)"), error);
            self.fail_run(Arc::new(error.into()));
        }
    }

    /// Returns how many derivations are on the longest path from one to what uses it in the end.
    pub(super) fn urgency(&mut self, at: usize) -> u32 {
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
