//! What nobody asks for as things stand, and somebody would with other choices.
//!
//! An option of which nobody asks anything has its default. So what follows from a default follows
//! from conditions that do *not* hold, too: with another choice one would, and what it brings would
//! ask for another value. What is learned from a conflict speaks of those choices as well; else a way
//! out of it would be overlooked.

use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::FastMap;
use kiln_lang::module::{Name, Role};

use super::Given;
use super::board::Board;
use super::node::{Draft, options_in};
use super::search::{Var, behind};
use crate::package::DepDecl;

/// A dependency that is not there as things stand, or a package that does not provide an interface.
struct Unasked {
    /// The choices that it is for.
    because: BTreeSet<Var>,
    /// Of which packages' options it would ask something, or might lead to it.
    of: Arc<BTreeSet<Name>>,
}

/// Of which packages' options a package asks something, or what it may bring into its unit, under any
/// condition. By the package; filled as it is asked for.
pub(super) type MayAsk = FastMap<Name, Arc<BTreeSet<Name>>>;

impl Given<'_> {
    /// Adds the choices that keep what is given from being asked for something else.
    pub(super) fn add_unasked(
        &self,
        board: &mut Board,
        sources: &mut BTreeSet<Var>,
        settling: Option<&Draft>,
    ) {
        let unasked = self.unasked(board, settling);
        loop {
            let mut names: BTreeSet<Name> = sources.iter().map(|it| it.name.clone()).collect();
            names.extend(behind(&board.drafts, sources).into_iter().map(|it| it.0.name));
            if let Some(draft) = settling.filter(|it| names.contains(&it.package.name)) {
                let shaping = behind(&board.drafts, &draft.shaped_by);
                names.extend(shaping.into_iter().map(|it| it.0.name));
            }
            let before = sources.len();
            for it in unasked.iter().filter(|it| !it.of.is_disjoint(&names)) {
                sources.extend(it.because.iter().cloned());
            }
            if sources.len() == before {
                return;
            }
        }
    }

    fn unasked(&self, board: &mut Board, settling: Option<&Draft>) -> Vec<Unasked> {
        let mut memo = std::mem::take(&mut board.may_ask);
        let mut found = Vec::new();
        let is_settling = |it: &Name| settling.is_some_and(|draft| draft.package.name == *it);
        let others = board.drafts.by_name.iter().filter(|it| !is_settling(it.0));
        for draft in others.map(|it| &**it.1).chain(settling) {
            for dep in draft.package.all_deps() {
                let of = self.may_be_asked(dep, &mut memo);
                if !of.is_empty() && !board.drafts.holds_for(draft, &dep.cond) {
                    let because = draft.vars_read_by(&options_in(&dep.cond)).collect();
                    found.push(Unasked { because, of });
                }
            }
        }
        for (interface, bound) in &board.drafts.bound {
            for name in self.providers_of(interface).iter().filter(|it| **it != bound.provider) {
                let of = self.may_ask(name, &mut memo);
                if !of.is_empty() {
                    found.push(Unasked { because: [Var::of(interface)].into(), of });
                }
            }
        }
        board.may_ask = memo;
        found
    }

    /// Of which packages' options a dependency asks something, itself or by what it may bring.
    fn may_be_asked(&self, dep: &DepDecl, memo: &mut MayAsk) -> Arc<BTreeSet<Name>> {
        if !is_in_unit(dep) {
            return Arc::default();
        }
        let below = self.may_ask(&dep.package, memo);
        let own: BTreeSet<Name> = self.asked_by(dep).collect();
        if own.is_subset(&below) { below } else { Arc::new(&own | &below) }
    }

    fn may_ask(&self, name: &Name, memo: &mut MayAsk) -> Arc<BTreeSet<Name>> {
        if let Some(known) = memo.get(name) {
            return known.clone();
        }
        let mut found = BTreeSet::new();
        let mut seen: BTreeSet<Name> = BTreeSet::new();
        let mut open = vec![name.clone()];
        while let Some(next) = open.pop() {
            if !seen.insert(next.clone()) {
                continue;
            }
            let Some(package) = self.packages.get(&next) else { continue };
            if package.is_interface {
                open.extend(self.providers_of(&next).iter().cloned());
            }
            for dep in package.all_deps().filter(|it| is_in_unit(it)) {
                found.extend(self.asked_by(dep));
                open.push(dep.package.clone());
            }
        }
        let found = Arc::new(found);
        memo.insert(name.clone(), found.clone());
        found
    }

    /// Of which packages' options a dependency itself asks something.
    fn asked_by(&self, dep: &DepDecl) -> impl Iterator<Item = Name> {
        dep.items.iter().flat_map(|it| {
            let of = it.of.as_ref().unwrap_or(&dep.package);
            // Of an interface, whoever provides it is asked.
            let providers = self.providers_of(of);
            providers.iter().cloned().chain([of.clone()]).collect::<Vec<Name>>()
        })
    }
}

/// Whether what a dependency brings is in the unit of who needs it.
fn is_in_unit(dep: &DepDecl) -> bool {
    matches!(dep.role, Role::Host | Role::Run | Role::Extends)
}
