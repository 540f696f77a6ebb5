//! In which order the packages of a unit are settled: dependents before what they may depend on.

use std::collections::{BTreeMap, BTreeSet};

use kiln_lang::module::{Name, Role};

use super::{Solver, may_hold};
use crate::condition::Atom;
use crate::package::{ExportFrom, Package};
use crate::solution::Globals;

impl Solver<'_> {
    /// Returns the packages that may be in a unit, in groups: a group of more than one may need
    /// each other in a ring.
    pub(super) fn order(
        &self,
        roots: &[Name],
        globals: &Globals,
        is_build: bool,
    ) -> Vec<Vec<Name>> {
        let mut edges: BTreeMap<Name, Vec<Name>> = BTreeMap::new();
        let mut open: Vec<Name> = roots.to_vec();
        // Conditions on other packages: those come first, if they are there at all.
        let mut asks: Vec<(Name, Name)> = Vec::new();
        while let Some(name) = open.pop() {
            if edges.contains_key(&name) {
                continue;
            }
            let mut targets = BTreeSet::new();
            if let Some(package) = self.packages.get(&name) {
                self.may_need(&package, globals, is_build, &mut targets);
                for dep in &package.deps {
                    dep.cond.atoms(&mut |atom| {
                        if let Atom::With(with) = atom {
                            asks.push((with.package.clone(), name.clone()));
                        }
                    });
                }
            }
            targets.remove(&name);
            open.extend(targets.iter().cloned());
            edges.insert(name, targets.into_iter().collect());
        }
        for (asked, asker) in asks {
            if asked != asker
                && edges.contains_key(&asker)
                && let Some(targets) = edges.get_mut(&asked)
                && !targets.contains(&asker)
            {
                targets.push(asker);
            }
        }
        components(&edges, roots)
    }

    /// What a package may bring into its unit.
    fn may_need(
        &self,
        package: &Package,
        globals: &Globals,
        is_build: bool,
        out: &mut BTreeSet<Name>,
    ) {
        for dep in &package.deps {
            if !may_hold(&dep.cond, globals) {
                continue;
            }
            match dep.role {
                Role::Host | Role::Run | Role::Extends => {
                    out.insert(self.provider(&dep.package).unwrap_or_else(|| dep.package.clone()));
                    out.extend(dep.items.iter().filter_map(|it| it.of.clone()));
                }
                Role::Build => {
                    self.may_export(&dep.package, ExportFrom::Build, out, &mut BTreeSet::new())
                }
                Role::Test => {}
            }
        }
        // What a package exports to its host dependents comes into their unit, and what a build tool
        // exports to where it stands itself.
        for export in &package.exports {
            if export.key.from != ExportFrom::Build || is_build && export.key.to == Role::Build {
                out.insert(export.dep.package.clone());
            }
        }
    }

    /// What a build tool, and those that it injects beside itself, may bring into the unit of the
    /// package that it builds.
    fn may_export(
        &self,
        name: &Name,
        from: ExportFrom,
        out: &mut BTreeSet<Name>,
        seen: &mut BTreeSet<Name>,
    ) {
        if !seen.insert(name.clone()) {
            return;
        }
        let Some(package) = self.packages.get(name) else { return };
        for export in package.exports.iter().filter(|it| it.key.from == from) {
            match export.key.to {
                Role::Build => self.may_export(&export.dep.package, from, out, seen),
                _ => {
                    out.insert(export.dep.package.clone());
                }
            }
        }
    }
}

/// The strongly connected components of a graph, dependents first, each sorted by name.
///
/// Tarjan's algorithm with an explicit stack: chains of packages may be thousands long.
fn components(edges: &BTreeMap<Name, Vec<Name>>, roots: &[Name]) -> Vec<Vec<Name>> {
    #[derive(Clone, Copy)]
    struct Mark {
        index: usize,
        low: usize,
        on_stack: bool,
    }
    let mut marks: BTreeMap<&Name, Mark> = BTreeMap::new();
    let mut stack: Vec<&Name> = Vec::new();
    let mut found: Vec<Vec<Name>> = Vec::new();
    let mut starts: Vec<&Name> =
        roots.iter().filter_map(|it| edges.get_key_value(it).map(|it| it.0)).collect();
    starts.sort();
    starts.extend(edges.keys());
    for start in starts {
        if marks.contains_key(start) {
            continue;
        }
        let mut work: Vec<(&Name, usize)> = vec![(start, 0)];
        while let Some((name, next)) = work.pop() {
            if next == 0 {
                let index = marks.len();
                marks.insert(name, Mark { index, low: index, on_stack: true });
                stack.push(name);
            }
            let targets = &edges[name];
            if let Some(target) = targets.get(next) {
                work.push((name, next + 1));
                let Some((target, _)) = edges.get_key_value(target) else { continue };
                match marks.get(target).copied() {
                    None => work.push((target, 0)),
                    Some(mark) if mark.on_stack => {
                        if let Some(own) = marks.get_mut(name) {
                            own.low = own.low.min(mark.index);
                        }
                    }
                    Some(_) => {}
                }
                continue;
            }
            let mark = marks[name];
            if mark.low == mark.index {
                let mut component = Vec::new();
                while let Some(member) = stack.pop() {
                    if let Some(mark) = marks.get_mut(member) {
                        mark.on_stack = false;
                    }
                    component.push(member.clone());
                    if member == name {
                        break;
                    }
                }
                component.sort();
                found.push(component);
            }
            if let Some((parent, _)) = work.last()
                && let Some(own) = marks.get_mut(*parent)
            {
                own.low = own.low.min(mark.low);
            }
        }
    }
    // Components are found dependencies first.
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(graph: &[(&str, &[&str])], roots: &[&str], expected: &str) {
        let edges = graph
            .iter()
            .map(|(name, targets)| (Name::new(name), targets.iter().map(Name::new).collect()))
            .collect();
        let roots: Vec<Name> = roots.iter().map(Name::new).collect();
        let shown: Vec<String> = components(&edges, &roots)
            .iter()
            .map(|it| it.iter().map(|it| it.to_string()).collect::<Vec<_>>().join("+"))
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn dependents_come_first_and_rings_are_together() {
        check(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])], &["a"], "a c b d");
        check(
            &[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &["c"])],
            &["a", "d"],
            "d a b+c",
        );
    }
}
