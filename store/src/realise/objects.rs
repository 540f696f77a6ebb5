//! Objects that come from substituters, each after all that it refers to.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::ObjectId;
use crate::store::Placed;

/// The objects of a run that are or were to come from substituters.
#[derive(Debug, Default)]
pub(super) struct Objects {
    states: BTreeMap<ObjectId, ObjectState>,
}

#[derive(Debug)]
struct ObjectState {
    status: Status,
    /// Objects that refer to it and wait for it.
    users: BTreeSet<ObjectId>,
}

#[derive(Debug)]
enum Status {
    /// It is being fetched.
    Fetching,
    /// It is placed and waits for what it refers to.
    Incomplete { placed: Placed, left: BTreeSet<ObjectId> },
    /// It is there with all that it refers to.
    Complete,
    /// No substituter has it, or something that it refers to.
    Failed,
}

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectStatus {
    /// It was never asked for.
    Unknown,
    /// It is on its way.
    Coming,
    /// It is there with all that it refers to.
    Complete,
    /// It does not come.
    Failed,
}

impl Objects {
    pub(super) fn status(&self, id: &ObjectId) -> ObjectStatus {
        match self.states.get(id).map(|it| &it.status) {
            None => ObjectStatus::Unknown,
            Some(Status::Fetching | Status::Incomplete { .. }) => ObjectStatus::Coming,
            Some(Status::Complete) => ObjectStatus::Complete,
            Some(Status::Failed) => ObjectStatus::Failed,
        }
    }

    /// Notes that an object is being fetched.
    pub(super) fn begin(&mut self, id: ObjectId) {
        let state = ObjectState { status: Status::Fetching, users: BTreeSet::new() };
        self.states.insert(id, state);
    }

    /// Notes that an object is there and complete by other means.
    pub(super) fn note_complete(&mut self, id: ObjectId) {
        let state = ObjectState { status: Status::Complete, users: BTreeSet::new() };
        self.states.entry(id).or_insert(state);
    }

    /// Notes that an object was placed and waits for these others, all of which are coming.
    /// Returns what is complete by that, each after what it refers to.
    pub(super) fn placed(&mut self, placed: Placed, left: BTreeSet<ObjectId>) -> Vec<Placed> {
        let id = placed.id;
        for other in &left {
            if let Some(state) = self.states.get_mut(other) {
                state.users.insert(id);
            }
        }
        let is_complete = left.is_empty();
        if let Some(state) = self.states.get_mut(&id) {
            state.status = Status::Incomplete { placed, left };
        }
        if is_complete { self.complete(id) } else { Vec::new() }
    }

    fn complete(&mut self, id: ObjectId) -> Vec<Placed> {
        let mut complete = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let Some(state) = self.states.get_mut(&id) else { continue };
            let status = std::mem::replace(&mut state.status, Status::Complete);
            if let Status::Incomplete { placed, .. } = status {
                complete.push(placed);
            }
            for user in state.users.clone() {
                if let Some(ObjectState { status: Status::Incomplete { left, .. }, .. }) =
                    self.states.get_mut(&user)
                {
                    left.remove(&id);
                    if left.is_empty() {
                        open.push(user);
                    }
                }
            }
        }
        complete
    }

    /// Notes that an object does not come; neither does what refers to it.
    pub(super) fn fail(&mut self, id: ObjectId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let Some(state) = self.states.get_mut(&id) else { continue };
            if !matches!(state.status, Status::Failed) {
                state.status = Status::Failed;
                open.extend(state.users.clone());
            }
        }
    }

    /// Forgets an object that did not come, so that it is asked for once it is there.
    pub(super) fn forget_failed(&mut self, id: &ObjectId) {
        if self.status(id) == ObjectStatus::Failed {
            self.states.remove(id);
        }
    }
}
