//! What nobody asks for as things stand, and somebody would with other choices.
//!
//! An option of which nobody asks anything has its default. So what follows from a default follows
//! from conditions that do *not* hold, too: with another choice one would, and what it brings would
//! ask for another value. What is learned from a conflict speaks of those choices as well; else a way
//! out of it would be overlooked. It speaks of no others: a choice that cannot matter would be tried
//! in vain, with all combinations of the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::FastMap;
use kiln_lang::module::Name;

use super::Given;
use super::board::Board;
use super::node::{Draft, options_in};
use super::search::{Clash, Var, behind};
use crate::condition::{Atom, Cond};
use crate::package::{DepDecl, is_in_unit};

/// A package and an option of it.
type Asked = (Name, Name);

/// A dependency that is not there as things stand, or a package that does not provide an interface.
struct Unasked {
    /// The choices that it is for.
    because: BTreeSet<Var>,
    /// The options that it is for, of the package whose dependency it is.
    options: Vec<Asked>,
    /// Of what it would ask something, or might lead to it.
    of: Arc<BTreeSet<Asked>>,
}

/// Of what a package asks something, or what it may bring into its unit, under any condition. By the
/// package; filled as it is asked for.
pub(super) type MayAsk = FastMap<Name, Arc<BTreeSet<Asked>>>;

/// The options that a conflict may follow from.
#[derive(Default)]
struct Relevant {
    /// Packages of which any may matter.
    whole: BTreeSet<Name>,
    /// Those of other packages.
    options: BTreeSet<Asked>,
}

impl Relevant {
    fn has_any(&self, of: &BTreeSet<Asked>) -> bool {
        of.iter().any(|it| self.whole.contains(&it.0) || self.options.contains(it))
    }
}

impl Given<'_> {
    /// Adds the choices that keep what a clash follows from from being asked for something else.
    pub(super) fn add_unasked(
        &self,
        board: &mut Board,
        clash: &mut Clash,
        settling: Option<&Draft>,
    ) {
        // What only hands on other clashes says what these were learned to follow from.
        if clash.diagnostic.is_none() {
            return;
        }
        let unasked = self.unasked(board, settling);
        if unasked.is_empty() {
            return;
        }
        // A rule says which options of its package it is about. All else that made the clash may follow
        // from any option.
        let mut relevant = Relevant::default();
        let about = clash.about.as_ref().map(|it| it.0.clone());
        if let Some((name, options)) = &clash.about {
            relevant.options.extend(options.iter().map(|it| (name.clone(), it.clone())));
        }
        let mut size = usize::MAX;
        while size != clash.sources.len() + relevant.options.len() {
            size = clash.sources.len() + relevant.options.len();
            let names = clash.sources.iter().map(|it| it.name.clone());
            let shaping = settling
                .filter(|it| clash.sources.iter().any(|var| var.name == it.package.name))
                .map(|it| behind(&board.drafts, &it.shaped_by));
            let behind = behind(&board.drafts, &clash.sources);
            let behind = behind.into_iter().chain(shaping.into_iter().flatten());
            let all = names.chain(behind.map(|it| it.0.name));
            relevant.whole.extend(all.filter(|it| about.as_ref() != Some(it)));
            for it in unasked.iter().filter(|it| relevant.has_any(&it.of)).collect::<Vec<_>>() {
                clash.sources.extend(it.because.iter().cloned());
                relevant.options.extend(it.options.iter().cloned());
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
                    found.push(Unasked::of(draft, &dep.cond, of));
                }
            }
        }
        for (interface, bound) in &board.drafts.bound {
            for name in self.providers_of(interface).iter().filter(|it| **it != bound.provider) {
                let of = self.may_ask(name, &mut memo);
                if !of.is_empty() {
                    let because = [Var::of(interface)].into();
                    found.push(Unasked { because, options: Vec::new(), of });
                }
            }
        }
        board.may_ask = memo;
        found
    }

    /// Of what a dependency asks something, itself or by what it may bring.
    fn may_be_asked(&self, dep: &DepDecl, memo: &mut MayAsk) -> Arc<BTreeSet<Asked>> {
        if !is_in_unit(dep.role) {
            return Arc::default();
        }
        let below = self.may_ask(&dep.package, memo);
        let own: BTreeSet<Asked> = self.asked_by(dep).collect();
        if own.is_subset(&below) { below } else { Arc::new(&own | &below) }
    }

    fn may_ask(&self, name: &Name, memo: &mut MayAsk) -> Arc<BTreeSet<Asked>> {
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
            if let Some(known) = memo.get(&next) {
                found.extend(known.iter().cloned());
                continue;
            }
            let Some(package) = self.packages.get(&next) else { continue };
            if package.is_interface {
                open.extend(self.providers_of(&next).iter().cloned());
            }
            for dep in package.all_deps().filter(|it| is_in_unit(it.role)) {
                found.extend(self.asked_by(dep));
                open.push(dep.package.clone());
            }
        }
        let found = Arc::new(found);
        memo.insert(name.clone(), found.clone());
        found
    }

    /// Of what a dependency itself asks something.
    fn asked_by(&self, dep: &DepDecl) -> impl Iterator<Item = Asked> {
        dep.items.iter().flat_map(|it| {
            let of = it.of.as_ref().unwrap_or(&dep.package);
            // Of an interface, whoever provides it is asked.
            let providers = self.providers_of(of);
            let all = providers.iter().chain([of]);
            all.map(|name| (name.clone(), it.option.clone())).collect::<Vec<Asked>>()
        })
    }
}

impl Unasked {
    /// A dependency under a condition that does not hold.
    fn of(draft: &Draft, cond: &Cond, of: Arc<BTreeSet<Asked>>) -> Self {
        let name = &draft.package.name;
        let options = options_in(cond);
        let mut because: BTreeSet<Var> = draft.autos_read_by(&options).collect();
        cond.atoms(&mut |atom| {
            if matches!(atom, Atom::Version(..)) {
                because.insert(Var::of(name));
            }
        });
        let options = options.into_iter().map(|it| (name.clone(), it)).collect();
        Unasked { because, options, of }
    }
}
