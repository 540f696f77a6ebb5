//! What is known and wanted of one derivation while a run goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::derivation::Action;
use crate::digest::{ActionId, ObjectId};
use crate::name::OutputName;

/// The state of one derivation. Only the coordinator has it.
#[derive(Debug, Default)]
pub(super) struct NodeState {
    /// Whether its outputs' ids are wanted.
    pub(super) is_wanted: bool,
    /// Which of its outputs' objects are wanted.
    pub(super) wanted: BTreeSet<OutputName>,
    /// Which of them are there: valid, or placed in this run.
    pub(super) present: BTreeSet<OutputName>,
    /// The action, and for a build what it is. A memo gives the id alone.
    pub(super) action_id: Option<ActionId>,
    pub(super) action: Option<Arc<Action>>,
    /// The outputs' ids.
    pub(super) outputs: Option<BTreeMap<OutputName, ObjectId>>,
    /// What has been tried to find them.
    pub(super) tried: Tried,
    /// Whether nothing is left but to run it.
    pub(super) must_run: bool,
    /// What is being done for it.
    pub(super) task: Option<Task>,
    /// Those that asked for its outputs.
    pub(super) users: BTreeSet<usize>,
    /// Another derivation with the same action, which does the work for both.
    pub(super) leader: Option<usize>,
    /// Counts how often it had to begin anew; what was begun before is not heard.
    pub(super) generation: u32,
    /// How it ended, for the counts.
    pub(super) end: Option<End>,
}

/// What has been tried to find the outputs of a derivation.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tried {
    /// Its own rules were checked.
    pub(super) check: bool,
    /// The memo of the derivation.
    pub(super) memo: bool,
    /// The substituters' realisations.
    pub(super) substituters: bool,
    /// The substituters' objects.
    pub(super) objects: bool,
}

/// What is being done for a derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Substituters are asked for its realisation.
    Asking,
    /// Objects of its outputs come from substituters.
    Substituting,
    /// It waits for a thread or runs.
    Running,
    /// Another process works on it.
    Waiting,
}

/// How a derivation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Its outputs were there.
    Reused,
    Built,
    Fetched,
    Imported,
    Substituted,
    Failed,
    /// Something that it needs failed.
    Skipped,
}

impl NodeState {
    /// Whether it failed or needs something that did.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.end, Some(End::Failed | End::Skipped))
    }

    /// Whether nothing is wanted of it that is not there.
    pub(super) fn is_settled(&self) -> bool {
        self.has_failed()
            || (self.outputs.is_some() && self.wanted.is_subset(&self.present) && !self.must_run)
    }

    /// Forgets what follows from inputs that turned out to be others.
    pub(super) fn begin_anew(&mut self) {
        self.generation += 1;
        self.action_id = None;
        self.action = None;
        self.outputs = None;
        self.present.clear();
        self.must_run = false;
        self.task = None;
        self.leader = None;
        self.end = None;
        // The memo leads to what the old inputs gave.
        self.tried = Tried { check: true, memo: true, ..Tried::default() };
    }
}
