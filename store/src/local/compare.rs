//! Comparing two stores: whether the same work gave the same in both.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::{Change, Side, tree_changes};
use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::local::LocalStore;
use crate::name::OutputName;
use crate::realisation::{Origin, Realisation};
use crate::store::{Store, StoreError};

/// What two stores have of the same work, by [`LocalStore::compare`].
///
/// Deliberately without what came from a substituter: it says nothing about a build made here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// How many actions both did with the same result.
    pub same: usize,
    /// Actions that both did, each with another result: all that they could see was the same.
    pub differing: Vec<Differing>,
    /// Derivations that both realised, but of other inputs, as one of those above is below them. The
    /// titles, in ascending order.
    pub resolved_apart: Vec<String>,
    /// What only the first has done. The titles, in ascending order.
    pub only_here: Vec<String>,
    /// What only the second has done. The titles, in ascending order.
    pub only_there: Vec<String>,
}

/// An action that gave something else in another store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// The action.
    pub action: ActionId,
    /// How people know it.
    pub title: String,
    /// The outputs that are not the same.
    pub outputs: BTreeMap<OutputName, DifferingOutput>,
}

/// An output that is another object in another store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferingOutput {
    /// The object of the first store; none if it has no such output.
    pub here: Option<ObjectId>,
    /// The object of the second store; none if it has no such output.
    pub there: Option<ObjectId>,
    /// Where the two differ, in the order of their paths; the first store's is the first build. Empty
    /// if one of them is not valid, or they differ only in what another output is.
    pub changes: Vec<Change>,
}

/// What a store has done, by action.
type Work = BTreeMap<ActionId, Realisation>;

impl LocalStore {
    /// Compares what this store and another have built and downloaded, by their records; files are
    /// read only where something differs.
    ///
    /// # Errors
    ///
    /// As [`StoreError`], of either store.
    pub fn compare(&self, other: &LocalStore) -> Result<Comparison, StoreError> {
        let (here, there) = (work(self)?, work(other)?);
        let mut comparison = Comparison::default();
        for (action, first) in &here {
            let Some(second) = there.get(action) else { continue };
            if first.outputs == second.outputs {
                comparison.same += 1;
                continue;
            }
            let (title, _) = known_as(self, first)?;
            let outputs = differing_outputs(self, first, other, second)?;
            comparison.differing.push(Differing { action: *action, title, outputs });
        }
        comparison.differing.sort_by(|a, b| (&a.title, a.action).cmp(&(&b.title, b.action)));
        let (mut only_here, mut only_there) =
            (alone(self, &here, &there)?, alone(other, &there, &here)?);
        let both: BTreeSet<DerivationId> = only_here
            .iter()
            .filter_map(|it| it.1)
            .filter(|id| only_there.iter().any(|it| it.1 == Some(*id)))
            .collect();
        let is_apart =
            |it: &(String, Option<DerivationId>)| it.1.is_some_and(|it| both.contains(&it));
        comparison.resolved_apart =
            only_here.iter().filter(|it| is_apart(it)).map(|it| it.0.clone()).collect();
        only_here.retain(|it| !is_apart(it));
        only_there.retain(|it| !is_apart(it));
        comparison.only_here = only_here.into_iter().map(|it| it.0).collect();
        comparison.only_there = only_there.into_iter().map(|it| it.0).collect();
        Ok(comparison)
    }
}

/// What was done in a store itself.
fn work(store: &LocalStore) -> Result<Work, StoreError> {
    let all = store.all_realisations()?.into_iter();
    Ok(all.filter(|it| matches!(it.1, Origin::Here { .. })).map(|it| (it.0.action, it.0)).collect())
}

/// What one store has done and the other has not, with the derivations if they are known, in the
/// order of the titles.
fn alone(
    store: &LocalStore,
    own: &Work,
    others: &Work,
) -> Result<Vec<(String, Option<DerivationId>)>, StoreError> {
    let alone = own.iter().filter(|it| !others.contains_key(it.0));
    let mut known = alone.map(|it| known_as(store, it.1)).collect::<Result<Vec<_>, _>>()?;
    known.sort();
    Ok(known)
}

/// What people call an action, and its derivation, by the record of the last attempt; by the name of
/// an output if there is none.
fn known_as(
    store: &LocalStore,
    realisation: &Realisation,
) -> Result<(String, Option<DerivationId>), StoreError> {
    if let Some(attempt) = store.attempt(&realisation.action)? {
        return Ok((attempt.title, Some(attempt.derivation)));
    }
    for id in realisation.outputs.values() {
        if let Some(refs) = store.refs(id)? {
            return Ok((refs.name.to_string(), None));
        }
    }
    Ok((realisation.action.to_string(), None))
}

fn differing_outputs(
    store: &LocalStore,
    first: &Realisation,
    other: &LocalStore,
    second: &Realisation,
) -> Result<BTreeMap<OutputName, DifferingOutput>, StoreError> {
    let names: BTreeSet<&OutputName> = first.outputs.keys().chain(second.outputs.keys()).collect();
    let mut outputs = BTreeMap::new();
    for name in names {
        let (here, there) = (first.outputs.get(name).copied(), second.outputs.get(name).copied());
        if here == there {
            continue;
        }
        let mut changes = Vec::new();
        if let (Some(here), Some(there)) = (here, there)
            && let (Some(a), Some(b)) = (store.object(&here)?, other.object(&there)?)
        {
            let before = Side { object: &a, at: &store.host_path(&a.path(&here)) };
            let now = Side { object: &b, at: &other.host_path(&b.path(&there)) };
            changes = tree_changes(before, now)?;
        }
        outputs.insert(name.clone(), DifferingOutput { here, there, changes });
    }
    Ok(outputs)
}
