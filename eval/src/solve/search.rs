//! Search: what to try when the newest versions do not go together.
//!
//! Settling is a function of the versions that are taken. When it ends in a conflict, the packages
//! that made it, each at its version, are a *nogood*: no solution has them all. It is kept with the
//! package of the lowest rank among them, which from then on does not take that version while the
//! others stand; it is settled anew, and what follows from it. A package that has no version left
//! hands on what was held against each of them, as a nogood without itself. When nothing is left to
//! hold against, there is no solution.
//!
//! So the packages nearest to what is wanted keep their newest versions, and the solution is the
//! first in the order of ranks: it depends on nothing but the inputs. What a solver of clauses
//! would do by encoding all versions of all packages that may be there is done here with what is
//! there; see `spec/decisions/0010-own-search.md`.

use std::collections::{BTreeMap, BTreeSet};

use kiln_lang::module::Name;
use kiln_lang::{Code, Diagnostic, Version};

use super::board::{Board, Drafts};
use super::node::Draft;

/// How many conflicts are learned from before the search ends. The hardest of 8,900 real packages
/// needs some hundreds.
pub(super) const NOGOODS_MAX: usize = 1_000;

/// A package at a version.
pub(super) type Choice = (Name, Version);

/// Something that cannot be.
#[derive(Debug, Clone, Default)]
pub(super) struct Clash {
    /// How it is told; nothing if it only hands on what other clashes have shown.
    pub(super) diagnostic: Option<Diagnostic>,
    /// The packages of the unit that make it, as they are.
    pub(super) sources: BTreeSet<Name>,
    /// Further packages that make it, at these versions.
    pub(super) choices: BTreeSet<Choice>,
    /// The clashes that it follows from.
    pub(super) causes: BTreeSet<usize>,
}

impl Clash {
    /// Something wrong with a package as it is.
    pub(super) fn of_draft(draft: &Draft, diagnostic: Diagnostic) -> Self {
        Clash { diagnostic: Some(diagnostic), ..Clash::of(draft) }
    }

    /// Something that follows from a package as it is.
    pub(super) fn of(draft: &Draft) -> Self {
        let mut sources = draft.shaped_by.clone();
        sources.insert(draft.package.name.clone());
        Clash { sources, ..Clash::default() }
    }

    /// Whether other versions may avoid it. Where a file is wrong, they would only hide that.
    pub(super) fn may_be_avoided(&self) -> bool {
        match &self.diagnostic {
            Some(it) => matches!(
                it.code,
                Code::Conflict | Code::Unavailable | Code::OutOfRange | Code::DependencyCycle
            ),
            None => true,
        }
    }
}

/// What has been learned about the versions of a unit.
#[derive(Debug, Default)]
pub(super) struct Nogoods {
    by_last: BTreeMap<Name, Vec<Nogood>>,
    /// Whose nogoods speak of a package.
    watchers: BTreeMap<Name, BTreeSet<Name>>,
    /// How many there are.
    pub(super) count: usize,
}

/// Choices that cannot all stand; the last of them is the version of whom it is kept with.
#[derive(Debug, PartialEq)]
pub(super) struct Nogood {
    version: Version,
    pub(super) others: BTreeSet<Choice>,
    pub(super) causes: BTreeSet<usize>,
}

/// What came of a clash.
pub(super) enum Learned {
    /// Something has to be settled anew.
    News,
    /// It was known.
    Nothing,
    /// There is no solution, because of these clashes.
    NoSolution(BTreeSet<usize>),
}

impl Nogoods {
    /// What is held against a version of a package at the moment.
    pub(super) fn against(
        &self,
        drafts: &Drafts,
        name: &Name,
        version: &Version,
    ) -> Option<&Nogood> {
        self.by_last.get(name)?.iter().find(|it| {
            it.version == *version
                && it.others.iter().all(|(name, version)| drafts.version(name) == Some(version))
        })
    }

    /// Whose nogoods speak of a package.
    pub(super) fn watchers(&self, name: &Name) -> Vec<Name> {
        self.watchers.get(name).into_iter().flatten().cloned().collect()
    }
}

/// Learns from a clash, as things stand but for a package that is just being settled.
pub(super) fn learn(board: &mut Board, clash: &Clash, settling: Option<&Draft>) -> Learned {
    let mut sources = clash.sources.clone();
    let mut choices = BTreeSet::new();
    if let Some(draft) = settling
        && sources.remove(&draft.package.name)
    {
        sources.extend(draft.shaped_by.iter().cloned());
        choices.insert((draft.package.name.clone(), draft.version.clone()));
    }
    choices.extend(behind(&board.drafts, &sources));
    if let Some(draft) = settling {
        choices.retain(|it| it.0 != draft.package.name || it.1 == draft.version);
    }
    choices.extend(clash.choices.iter().cloned());
    let rank = |it: &Choice| match settling {
        Some(draft) if draft.package.name == it.0 => Some(draft.rank.clone()),
        _ => board.drafts.by_name.get(&it.0).map(|it| it.rank.clone()),
    };
    let last = choices.iter().filter_map(rank).max();
    let Some(last) = last else { return Learned::NoSolution(clash.causes.clone()) };
    let Some((_, version)) = choices.iter().find(|it| it.0 == last.name).cloned() else {
        return Learned::Nothing;
    };
    let others: BTreeSet<Choice> = choices.into_iter().filter(|it| it.0 != last.name).collect();
    let nogood = Nogood { version, others, causes: clash.causes.clone() };
    let nogoods = &mut board.nogoods;
    let kept = nogoods.by_last.entry(last.name.clone()).or_default();
    let known =
        kept.iter_mut().find(|it| it.version == nogood.version && it.others == nogood.others);
    if let Some(known) = known {
        known.causes.extend(nogood.causes);
        return Learned::Nothing;
    }
    for (name, _) in &nogood.others {
        nogoods.watchers.entry(name.clone()).or_default().insert(last.name.clone());
    }
    kept.push(nogood);
    nogoods.count += 1;
    board.dirty.insert(last);
    Learned::News
}

/// The choices that make packages as they are: their versions, and those of the packages that ask
/// something of their options or are asked for in their conditions, and so on.
pub(super) fn behind(drafts: &Drafts, names: &BTreeSet<Name>) -> BTreeSet<Choice> {
    let mut choices = BTreeSet::new();
    let mut open: Vec<&Name> = names.iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        if let Some(draft) = drafts.by_name.get(name) {
            choices.insert((name.clone(), draft.version.clone()));
            open.extend(&draft.shaped_by);
        }
    }
    choices
}
