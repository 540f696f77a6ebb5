//! Settled units to a [`Solution`]: each package gets its place in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::{Diagnostic, FileId};

use super::Solver;
use super::node::{Draft, DraftInjection, InjectedBy, missing_facts};
use super::unit::Settled;
use crate::solution::{Edge, Injection, Node, NodeId, Provider, Solution, Unit, UnitId, UnitRoot};

/// A solution while units are put into it.
#[derive(Default)]
pub(super) struct Assembly {
    pub(super) solution: Solution,
    /// What is to be said about it, each once.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The units that have their place. They are kept, so that no other is at the same address.
    placed: HashMap<*const Settled, (UnitId, Arc<Settled>)>,
    /// The files whose own mistakes have been reported.
    seen: BTreeSet<FileId>,
}

impl Assembly {
    /// Puts a unit into the solution, after those of the build tools in it.
    pub(super) fn place(&mut self, solver: &Solver<'_>, unit: &Arc<Settled>) -> UnitId {
        if let Some((id, _)) = self.placed.get(&Arc::as_ptr(unit)) {
            return *id;
        }
        let drafts = &unit.drafts.by_name;
        for draft in drafts.values() {
            if self.seen.insert(draft.package.file) {
                for mistake in solver.own_mistakes(&draft.package) {
                    self.report(mistake);
                }
            }
        }
        let mut tools: BTreeMap<&Name, UnitId> = BTreeMap::new();
        for (name, draft) in drafts {
            if let Some(tool) = &draft.build_unit {
                tools.insert(name, self.place(solver, tool));
            }
        }
        for diagnostic in &unit.conflicts {
            self.report(diagnostic.clone());
        }
        for draft in drafts.values() {
            draft.warnings.iter().for_each(|it| self.report(it.clone()));
            for missing in missing_facts(solver.db, &unit.drafts, draft) {
                self.report(missing);
            }
        }
        let unit_id = UnitId(self.solution.units.len());
        let first = self.solution.nodes.len();
        let by_name: BTreeMap<Name, NodeId> = drafts
            .keys()
            .enumerate()
            .map(|(at, name)| (name.clone(), NodeId(first + at)))
            .collect();
        let roots = unit
            .roots
            .iter()
            .filter_map(|(name, injected)| {
                let injected = injected.as_ref().and_then(|it| injection(it, &by_name, None));
                Some(UnitRoot { node: *by_name.get(name)?, injected })
            })
            .collect();
        for (name, draft) in drafts {
            let tools = tools.get(name).copied();
            let node = self.node(unit, draft, unit_id, &by_name, tools);
            self.solution.nodes.push(node);
        }
        let providers = providers(unit, &by_name);
        self.solution.units.push(Unit {
            providers,
            is_build: unit.is_build,
            by_name,
            roots,
            globals: unit.drafts.globals.clone(),
        });
        for (name, draft) in drafts {
            for used in &draft.interfaces {
                let place = match used.role {
                    Role::Build => tools.get(name).copied(),
                    _ => Some(unit_id),
                };
                let Some(place) = place else { continue };
                let unit = &mut self.solution.units[place.0];
                let Some(node) = unit.by_name.get(&used.provider).copied() else { continue };
                unit.providers.entry(used.interface.clone()).or_insert_with(|| Provider {
                    node,
                    history: solver.chosen_provider(&used.interface).into_iter().collect(),
                    is_fixed: true,
                    others: Vec::new(),
                });
            }
        }
        self.placed.insert(Arc::as_ptr(unit), (unit_id, unit.clone()));
        unit_id
    }

    fn node(
        &self,
        unit: &Settled,
        draft: &Draft,
        unit_id: UnitId,
        by_name: &BTreeMap<Name, NodeId>,
        tools: Option<UnitId>,
    ) -> Node {
        let tools = tools.map(|it| (it, self.solution.unit(it)));
        let tool_names = tools.map(|it| &it.1.by_name);
        let mut edges: Vec<Edge> = Vec::new();
        let injected = unit.injections.get(&draft.package.name).into_iter().flatten();
        for edge in draft.edges.iter().chain(injected) {
            let Some(to) = by_name.get(&edge.to) else { continue };
            // Named and injected, or injected twice: one edge, and the first says why.
            if edges.iter().any(|it| it.to == *to && it.role == edge.role) {
                continue;
            }
            edges.push(Edge {
                role: edge.role,
                to: *to,
                name: edge.name.clone(),
                output: edge.output.clone(),
                injected: edge.injected.as_ref().and_then(|it| injection(it, by_name, tool_names)),
            });
        }
        for root in tools.iter().flat_map(|it| &it.1.roots) {
            let package = &self.solution.node(root.node).package.name;
            let named = draft.build_edges.iter().find(|it| it.to == *package);
            edges.push(Edge {
                role: Role::Build,
                to: root.node,
                name: named.map_or_else(|| package.clone(), |it| it.name.clone()),
                output: named.and_then(|it| it.output.clone()),
                injected: root.injected.clone(),
            });
        }
        Node {
            unit: unit_id,
            package: draft.package.clone(),
            version: draft.version.clone(),
            version_history: draft.version_history.clone(),
            options: draft.options.clone(),
            edges,
            build_unit: tools.map(|it| it.0),
            needed_by: draft.needed_by.clone(),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// Who provides the interfaces that are needed in a unit, where no layer says so.
fn providers(unit: &Settled, by_name: &BTreeMap<Name, NodeId>) -> BTreeMap<Name, Provider> {
    let mut found = BTreeMap::new();
    for (interface, bound) in &unit.drafts.bound {
        let Some(node) = by_name.get(&bound.provider) else { continue };
        found.insert(
            interface.clone(),
            Provider {
                node: *node,
                history: bound.history.clone(),
                is_fixed: false,
                others: bound.others.clone(),
            },
        );
    }
    found
}

/// An export that was applied, with the place of who exports.
fn injection(
    it: &DraftInjection,
    by_name: &BTreeMap<Name, NodeId>,
    tools: Option<&BTreeMap<Name, NodeId>>,
) -> Option<Injection> {
    let by = match &it.by {
        InjectedBy::Tool(name) => *tools?.get(name)?,
        InjectedBy::Package(name) => *by_name.get(name)?,
    };
    Some(Injection { by, key: it.key, place: it.place })
}
