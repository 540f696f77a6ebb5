//! In which order the packages of a unit are settled: dependents before what they may depend on.
//!
//! The *rank* of a package follows from what it may depend on, under any condition, and from nothing
//! else: it is the same whatever is wanted, and in every unit of its kind. Packages that may depend
//! on each other in a ring are in the order that their unconditional dependencies give; those have
//! no rings but for mistakes. The result of settling without rings does not depend on the order; it
//! only makes sure that a package is rarely settled twice.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::{FastMap, in_batches};

use super::{Given, Solver, may_hold};
use crate::condition::Cond;
use crate::package::{ExportFrom, Package};
use crate::solution::Globals;

/// The place of a package among all: dependents are less than what they may depend on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rank {
    /// How long the longest chain of possible dependencies below it is.
    height: Reverse<u32>,
    /// The same within its ring, of dependencies without conditions.
    inner: Reverse<u32>,
    pub(super) name: Name,
}

/// What ranks are compared by first: packages that have it in common depend on each other in a ring,
/// or not at all.
pub(super) type Height = (Reverse<u32>, Reverse<u32>);

impl Rank {
    pub(super) fn height(&self) -> Height {
        (self.height, self.inner)
    }
}

/// How many packages a thread takes at a time: as many as take longer than making a thread.
const BATCH: usize = 256;

/// The ranks that are known, of units of one kind.
#[derive(Default)]
pub(super) struct Ranks {
    known: FastMap<Name, Arc<Rank>>,
}

impl Solver<'_> {
    /// Returns the rank of a package; looks at everything that it may depend on.
    pub(super) fn rank(&mut self, name: &Name, is_build: bool) -> Arc<Rank> {
        if let Some(rank) = self.ranks[usize::from(is_build)].known.get(name) {
            return rank.clone();
        }
        let globals = self.given.globals(is_build).clone();
        let mut ranks = std::mem::take(&mut self.ranks[usize::from(is_build)]);
        self.given.explore(name, &globals, is_build, &mut ranks);
        let rank = ranks.known.get(name).cloned().unwrap_or_else(|| {
            Arc::new(Rank { height: Reverse(0), inner: Reverse(0), name: name.clone() })
        });
        self.ranks[usize::from(is_build)] = ranks;
        rank
    }
}

impl Given<'_> {
    fn explore(&self, start: &Name, globals: &Globals, is_build: bool, ranks: &mut Ranks) {
        // The packages that are new, and their edges among each other; whether each of these is there
        // under any condition; and the greatest height of the others that they may need.
        let mut index: FastMap<Name, usize> = FastMap::default();
        let mut names: Vec<Name> = Vec::new();
        let mut edges = Targets::default();
        let mut is_sure: Vec<bool> = Vec::new();
        let mut below: Vec<Option<u32>> = Vec::new();
        index.insert(start.clone(), 0);
        names.push(start.clone());
        while edges.len() < names.len() {
            let targets_of = |name: &Name| {
                let mut targets = Vec::new();
                if let Some(package) = self.packages.get(name) {
                    self.may_need(&package, globals, is_build, &mut targets);
                }
                targets.retain(|it: &(Name, bool)| it.0 != *name);
                targets.sort_unstable();
                targets.dedup();
                targets
            };
            let found = in_batches(self.threads, &names[edges.len()..], BATCH, |names| {
                names.iter().map(targets_of).collect::<Vec<_>>()
            });
            for targets in found.into_iter().flatten() {
                let mut height = None;
                for (target, is_sure_now) in targets {
                    if let Some(rank) = ranks.known.get(&target) {
                        height = height.max(Some(rank.height.0));
                        continue;
                    }
                    let to = *index.entry(target).or_insert_with_key(|target| {
                        names.push(target.clone());
                        names.len() - 1
                    });
                    edges.all.push(to);
                    is_sure.push(is_sure_now);
                }
                edges.end();
                below.push(height);
            }
        }
        let mut heights = vec![0; names.len()];
        ranks.known.reserve(names.len());
        for group in components(&edges) {
            let height = group
                .iter()
                .flat_map(|it| {
                    let inside = edges.of(*it).iter().filter(|it| !group.contains(it));
                    inside.map(|it| heights[*it]).chain(below[*it])
                })
                .max()
                .map_or(0, |it: u32| it + 1);
            for member in &group {
                heights[*member] = height;
            }
            let inner = inner_heights(&group, &edges, &is_sure);
            for (member, inner) in group.iter().zip(inner) {
                let name = names[*member].clone();
                let rank = Rank { height: Reverse(height), inner: Reverse(inner), name };
                ranks.known.insert(names[*member].clone(), Arc::new(rank));
            }
        }
    }

    /// What a package may bring into its unit, and whether it does so under any condition.
    fn may_need(
        &self,
        package: &Package,
        globals: &Globals,
        is_build: bool,
        out: &mut Vec<(Name, bool)>,
    ) {
        if package.is_interface {
            out.extend(self.providers_of(&package.name).iter().map(|it| (it.clone(), false)));
        }
        for dep in package.all_deps() {
            if !may_hold(&dep.cond, globals) {
                continue;
            }
            let is_sure = dep.cond == Cond::True && package.outputs.is_empty();
            match dep.role {
                Role::Host | Role::Run | Role::Extends => {
                    let target = self.provider(&dep.package);
                    out.push((target.unwrap_or_else(|| dep.package.clone()), is_sure));
                    out.extend(dep.items.iter().filter_map(|it| Some((it.of.clone()?, false))));
                }
                Role::Build => {
                    let target = self.provider(&dep.package).unwrap_or_else(|| dep.package.clone());
                    self.may_export(&target, out, &mut BTreeSet::new());
                }
                Role::Test => {}
            }
        }
        // What a package exports to its host dependents comes into their unit, and what a build tool
        // exports to where it stands itself.
        for export in &package.exports {
            if export.key.from != ExportFrom::Build || is_build && export.key.to == Role::Build {
                out.push((export.dep.package.clone(), false));
            }
        }
    }

    /// What a build tool, and those that it injects beside itself, may bring into the unit of the
    /// package that it builds.
    fn may_export(&self, name: &Name, out: &mut Vec<(Name, bool)>, seen: &mut BTreeSet<Name>) {
        if !seen.insert(name.clone()) {
            return;
        }
        let Some(package) = self.packages.get(name) else { return };
        if package.is_interface {
            for provider in self.providers_of(name).iter() {
                self.may_export(provider, out, seen);
            }
        }
        for export in package.exports.iter().filter(|it| it.key.from != ExportFrom::Host) {
            match export.key.to {
                Role::Build => self.may_export(&export.dep.package, out, seen),
                _ => {
                    out.push((export.dep.package.clone(), false));
                }
            }
        }
    }
}

/// The targets of each node of a graph, one node after the other.
#[derive(Default)]
struct Targets {
    all: Vec<usize>,
    /// Where the targets of each node end.
    ends: Vec<usize>,
}

impl Targets {
    /// How many nodes there are.
    fn len(&self) -> usize {
        self.ends.len()
    }

    /// Ends a node: what is pushed now are targets of the next.
    fn end(&mut self) {
        self.ends.push(self.all.len());
    }

    fn range(&self, node: usize) -> Range<usize> {
        let begin = node.checked_sub(1).map_or(0, |it| self.ends[it]);
        begin..self.ends[node]
    }

    fn of(&self, node: usize) -> &[usize] {
        &self.all[self.range(node)]
    }
}

/// The heights of the packages of a ring among each other, by what they need in any case.
fn inner_heights(group: &[usize], edges: &Targets, is_sure: &[bool]) -> Vec<u32> {
    if group.len() == 1 {
        return vec![0];
    }
    let place: FastMap<usize, usize> = group.iter().enumerate().map(|(at, it)| (*it, at)).collect();
    let mut sure = Targets::default();
    for member in group {
        let range = edges.range(*member).filter(|it| is_sure[*it]);
        sure.all.extend(range.filter_map(|it| place.get(&edges.all[it])));
        sure.end();
    }
    let mut heights = vec![0; group.len()];
    for inner in components(&sure) {
        let below = inner.iter().flat_map(|it| sure.of(*it)).filter(|it| !inner.contains(it));
        let height = below.map(|it| heights[*it]).max().map_or(0, |it: u32| it + 1);
        for member in inner {
            heights[member] = height;
        }
    }
    heights
}

/// The strongly connected components of a graph, dependencies first.
///
/// Tarjan's algorithm with an explicit stack: chains of packages may be thousands long.
fn components(edges: &Targets) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy)]
    struct Mark {
        index: usize,
        low: usize,
        on_stack: bool,
    }
    let mut marks: Vec<Option<Mark>> = vec![None; edges.len()];
    let mut count = 0;
    let mut stack: Vec<usize> = Vec::new();
    let mut found: Vec<Vec<usize>> = Vec::new();
    for start in 0..edges.len() {
        if marks[start].is_some() {
            continue;
        }
        let mut work: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((at, next)) = work.pop() {
            let mut mark = match marks[at] {
                Some(mark) => mark,
                None => {
                    let mark = Mark { index: count, low: count, on_stack: true };
                    count += 1;
                    stack.push(at);
                    mark
                }
            };
            // The target that was gone into has come back.
            if next > 0
                && let Some(done) = marks[edges.of(at)[next - 1]]
                && done.on_stack
            {
                mark.low = mark.low.min(done.low);
            }
            marks[at] = Some(mark);
            let rest = edges.of(at).iter().enumerate().skip(next);
            let mut into = None;
            for (place, target) in rest {
                match marks[*target] {
                    None => {
                        into = Some((place, *target));
                        break;
                    }
                    Some(target) if target.on_stack => mark.low = mark.low.min(target.index),
                    Some(_) => {}
                }
            }
            marks[at] = Some(mark);
            if let Some((place, target)) = into {
                work.push((at, place + 1));
                work.push((target, 0));
                continue;
            }
            if mark.low == mark.index {
                let mut component = Vec::new();
                while let Some(member) = stack.pop() {
                    if let Some(mark) = &mut marks[member] {
                        mark.on_stack = false;
                    }
                    component.push(member);
                    if member == at {
                        break;
                    }
                }
                component.sort_unstable();
                found.push(component);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(graph: &[&[usize]], expected: &str) {
        let mut edges = Targets::default();
        for targets in graph {
            edges.all.extend_from_slice(targets);
            edges.end();
        }
        let shown: Vec<String> = components(&edges)
            .iter()
            .map(|it| it.iter().map(|it| it.to_string()).collect::<Vec<_>>().join("+"))
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn dependencies_come_first_and_rings_are_together() {
        check(&[&[1, 2], &[3], &[3], &[]], "3 1 2 0");
        check(&[&[1], &[2], &[1], &[2]], "1+2 0 3");
        check(&[&[1, 4], &[2], &[0, 3], &[], &[3, 4]], "3 4 0+1+2");
    }
}
