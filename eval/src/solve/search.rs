//! Search: what to try when the first choices do not go together.
//!
//! What is chosen is the version of a package, who provides an interface, and the value of an option
//! whose default is `auto(…)`: each is a [`Var`] of its own. Settling is a function of what they are.
//! When it ends in a conflict, the choices that made it are a *nogood*: no solution has them all. It
//! is kept with the variable of the lowest rank among them, which from then on is not that while the
//! others stand; its package is settled anew, and what follows from it. A variable that has nothing
//! left to be hands on what was held against each of its values, as a nogood without itself. When
//! nothing is left to hold against, there is no solution.
//!
//! So the packages nearest to what is wanted keep their first choices, and the solution is the first
//! in the order of ranks: it depends on nothing but the inputs. What a solver of clauses would do by
//! encoding all versions of all packages that may be there is done here with what is there; see
//! `spec/decisions/0010-own-search.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::{Code, Diagnostic, Version};

use super::board::{Board, Drafts};
use super::node::Draft;
use super::order::Rank;

/// How many conflicts are learned from before the search ends. The hardest of 8,900 real packages
/// needs some hundreds.
pub(super) const NOGOODS_MAX: usize = 1_000;

/// Something that is chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Var {
    /// The package or the interface.
    pub(super) name: Name,
    /// The option of the package, by its place in the package's table, if its default is `auto(…)`;
    /// else it is the version of the package, or who provides the interface.
    pub(super) option: Option<u32>,
}

/// What is chosen for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pick {
    /// This version of the package.
    Version(Version),
    /// This package provides the interface.
    Provider(Name),
    /// The option has this one of the values of `auto(…)`.
    Value(u32),
}

/// Something that is chosen, and what.
pub(super) type Choice = (Var, Pick);

impl Var {
    /// The version of a package, or who provides an interface.
    pub(super) fn of(name: &Name) -> Self {
        Var { name: name.clone(), option: None }
    }

    /// An option of a package.
    pub(super) fn auto(name: &Name, option: u32) -> Self {
        Var { name: name.clone(), option: Some(option) }
    }
}

/// Something that cannot be.
#[derive(Debug, Clone, Default)]
pub(super) struct Clash {
    /// How it is told; nothing if it only hands on what other clashes have shown.
    pub(super) diagnostic: Option<Diagnostic>,
    /// What makes it, as it is chosen in the unit.
    pub(super) sources: BTreeSet<Var>,
    /// Further choices that make it.
    pub(super) choices: BTreeSet<Choice>,
    /// If it is about some options of a package, which.
    pub(super) about: Option<(Name, Vec<Name>)>,
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
        sources.extend(draft.vars());
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

/// What has been learned about the choices of a unit.
#[derive(Debug, Default)]
pub(super) struct Nogoods {
    /// By what they are kept with, and what that cannot be.
    by_last: BTreeMap<Var, BTreeMap<Pick, Vec<Nogood>>>,
    /// Whose nogoods speak of a package or an interface.
    watchers: BTreeMap<Name, BTreeSet<Name>>,
    /// How many there are.
    pub(super) count: usize,
}

/// Choices that cannot all stand beside the one that it is kept with.
#[derive(Debug, PartialEq)]
pub(super) struct Nogood {
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
    /// What is held against a choice at the moment. `own` is what is chosen of the same package before
    /// it.
    pub(super) fn against(
        &self,
        drafts: &Drafts,
        own: &[Choice],
        var: &Var,
        pick: &Pick,
    ) -> Option<&Nogood> {
        let stands = |it: &Choice| {
            if it.0.name == var.name { own.contains(it) } else { drafts.has(it) }
        };
        let kept = self.by_last.get(var)?.get(pick)?;
        kept.iter().find(|it| it.others.iter().all(stands))
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
    if let Some(draft) = settling {
        let own: Vec<Var> =
            sources.iter().filter(|it| it.name == draft.package.name).cloned().collect();
        for var in &own {
            sources.remove(var);
            choices.extend(draft.pick(var).map(|it| (var.clone(), it)));
        }
        if !own.is_empty() {
            sources.extend(draft.shaped_by.iter().cloned());
        }
    }
    choices.extend(behind(&board.drafts, &sources));
    if let Some(draft) = settling {
        choices.retain(|it| {
            it.0.name != draft.package.name || draft.pick(&it.0).as_ref() == Some(&it.1)
        });
    }
    choices.extend(clash.choices.iter().cloned());
    let rank = |it: &Choice| -> Option<(Arc<Rank>, Option<u32>)> {
        let rank = match settling {
            Some(draft) if draft.package.name == it.0.name => draft.rank.clone(),
            _ => board.drafts.rank(&it.0.name)?.clone(),
        };
        Some((rank, it.0.option))
    };
    let last = choices.iter().filter_map(rank).max();
    let Some((last, option)) = last else { return Learned::NoSolution(clash.causes.clone()) };
    let var = Var { name: last.name.clone(), option };
    let Some((_, pick)) = choices.iter().find(|it| it.0 == var).cloned() else {
        return Learned::Nothing;
    };
    let others: BTreeSet<Choice> = choices.into_iter().filter(|it| it.0 != var).collect();
    let nogood = Nogood { others, causes: clash.causes.clone() };
    let nogoods = &mut board.nogoods;
    for (other, _) in &nogood.others {
        nogoods.watchers.entry(other.name.clone()).or_default().insert(last.name.clone());
    }
    let kept = nogoods.by_last.entry(var).or_default().entry(pick).or_default();
    if let Some(known) = kept.iter_mut().find(|it| it.others == nogood.others) {
        known.causes.extend(nogood.causes);
        return Learned::Nothing;
    }
    kept.push(nogood);
    nogoods.count += 1;
    board.dirty.insert(last);
    Learned::News
}

/// The choices that make something as it is: what is given, and what the packages among it are shaped
/// by: those that ask something of their options or are asked for in their conditions, and so on.
pub(super) fn behind(drafts: &Drafts, sources: &BTreeSet<Var>) -> BTreeSet<Choice> {
    let mut choices = BTreeSet::new();
    let mut open: Vec<&Var> = sources.iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(var) = open.pop() {
        if !seen.insert(var) {
            continue;
        }
        if let Some(pick) = drafts.pick(var) {
            choices.insert((var.clone(), pick));
        }
        if let Some(draft) = drafts.by_name.get(&var.name) {
            open.extend(&draft.shaped_by);
        }
    }
    choices
}
