//! Settled units to a [`Solution`]: each package gets its place in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::{Code, Diagnostic, FastMap, FastSet, in_batches};

use super::Given;
use super::node::{Draft, DraftEdge, DraftInjection, InjectedBy, missing_facts};
use super::parts::{DraftCompile, DraftOutput};
use super::unit::Settled;
use crate::package::is_in_unit;
use crate::solution::{
    Edge, Injection, Node, NodeId, NodePart, OptionValues, Provider, Solution, Unit, UnitId,
    UnitRoot,
};

/// How many packages a thread takes at a time: as many as take longer than making a thread.
const BATCH: usize = 128;

/// A solution while units are put into it.
#[derive(Default)]
pub(super) struct Assembly {
    pub(super) solution: Solution,
    /// What is to be said about it, each once.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The units that have their place, by address. They are kept, so that no other is there.
    pub(super) placed: FastMap<usize, (UnitId, Arc<Settled>)>,
}

impl Assembly {
    /// Puts a unit into the solution, after those of the build tools in it.
    pub(super) fn place(&mut self, given: &Given<'_>, unit: &Arc<Settled>) -> UnitId {
        if let Some((id, _)) = self.placed.get(&Arc::as_ptr(unit).addr()) {
            return *id;
        }
        let drafts = &unit.drafts.by_name;
        let in_order: Vec<(&Name, &Draft)> = drafts.iter().map(|it| (it.0, &**it.1)).collect();
        let survey = in_batches(given.threads, &in_order, BATCH, |batch| {
            self.survey(given, unit, batch.iter().map(|it| it.1))
        });
        for batch in &survey {
            batch.mistakes.iter().for_each(|it| self.report(it.clone()));
        }
        for tool in survey.iter().flat_map(|it| &it.tools) {
            self.place(given, tool);
        }
        for diagnostic in &unit.conflicts {
            self.report(diagnostic.clone());
        }
        for batch in &survey {
            batch.warnings.iter().for_each(|it| self.report(it.clone()));
        }
        let unit_id = UnitId(self.solution.units.len());
        let places = Places::of(drafts, self.solution.nodes.len());
        let by_name = &places.by_name;
        let roots = unit
            .roots
            .iter()
            .filter_map(|(name, injected)| {
                let injected = injected.as_ref().and_then(|it| injection(it, by_name, None));
                Some(UnitRoot { node: *by_name.get(name)?, injected })
            })
            .collect();
        let mut nodes = in_batches(given.threads, &in_order, BATCH, |batch| {
            let nodes = batch.iter().flat_map(|it| self.nodes(unit, *it, unit_id, &places));
            nodes.collect::<Vec<(NodeId, Node)>>()
        });
        if places.has_parts() {
            let mut all: Vec<(NodeId, Node)> = nodes.into_iter().flatten().collect();
            all.sort_by_key(|it| it.0);
            nodes = vec![all];
        }
        self.solution.nodes.reserve(nodes.iter().map(Vec::len).sum());
        self.solution.nodes.extend(nodes.into_iter().flatten().map(|it| it.1));
        let Places { by_name, outputs, .. } = places;
        let providers = providers(unit, &by_name);
        self.solution.units.push(Unit {
            providers,
            is_build: unit.is_build,
            by_name,
            outputs,
            roots,
            globals: unit.drafts.globals.clone(),
        });
        for draft in survey.into_iter().flat_map(|it| it.dependents) {
            for used in &draft.interfaces {
                let units: Vec<UnitId> = match used.role {
                    Role::Build => draft.build_units().filter_map(|it| self.unit_of(it)).collect(),
                    _ => vec![unit_id],
                };
                for unit in units {
                    let unit = &mut self.solution.units[unit.0];
                    let Some(node) = unit.by_name.get(&used.provider).copied() else { continue };
                    unit.providers.entry(used.interface.clone()).or_insert_with(|| Provider {
                        node,
                        history: given.chosen_provider(&used.interface).into_iter().collect(),
                        is_fixed: true,
                        others: Vec::new(),
                    });
                }
            }
        }
        self.placed.insert(Arc::as_ptr(unit).addr(), (unit_id, unit.clone()));
        unit_id
    }

    /// What there is to be seen to about some packages of a unit.
    fn survey<'u>(
        &self,
        given: &Given<'_>,
        unit: &'u Settled,
        drafts: impl Iterator<Item = &'u Draft>,
    ) -> Survey<'u> {
        let mut survey = Survey::default();
        for draft in drafts {
            survey.mistakes.extend(draft.package.mistakes.iter().cloned());
            survey.warnings.extend(draft.warnings.iter().cloned());
            survey.warnings.extend(missing_facts(given.db, &unit.drafts, draft));
            for tool in draft.build_units() {
                if self.unit_of(tool).is_none()
                    && !survey.tools.iter().any(|it| Arc::ptr_eq(it, tool))
                {
                    survey.tools.push(tool);
                }
            }
            if !draft.interfaces.is_empty() {
                survey.dependents.push(draft);
            }
        }
        survey
    }

    /// The place of a unit that has been put into the solution.
    fn unit_of(&self, unit: &Arc<Settled>) -> Option<UnitId> {
        self.placed.get(&Arc::as_ptr(unit).addr()).map(|it| it.0)
    }

    /// The nodes of a package: one, or one for each of its parts.
    fn nodes(
        &self,
        unit: &Settled,
        (name, draft): (&Name, &Draft),
        unit_id: UnitId,
        places: &Places,
    ) -> Vec<(NodeId, Node)> {
        let node = |part, options: &OptionValues, edges, build_unit| Node {
            unit: unit_id,
            package: draft.package.clone(),
            part,
            version: draft.version.clone(),
            version_history: draft.version_history.clone(),
            options: options.clone(),
            edges,
            build_unit,
            needed_by: draft.needed_by.clone(),
        };
        let main = places.by_name[name];
        let mut nodes: Vec<(NodeId, Node)> = Vec::new();
        let injected: Vec<&DraftEdge> = unit.injections.get(name).into_iter().flatten().collect();
        if draft.compiles.is_empty() {
            let tools = draft.build_unit.as_ref().and_then(|it| self.unit_of(it));
            let edges = self.edges(&draft.edges, &injected, &draft.build_edges, tools, places);
            nodes.push((main, node(None, &draft.options, edges.all, tools)));
        }
        for compile in &draft.compiles {
            let tools = compile.build_unit.as_ref().and_then(|it| self.unit_of(it));
            let injected = brought_to(compile, &injected);
            let edges = self.edges(&compile.edges, &injected, &compile.build_edges, tools, places);
            let part = NodePart::Compile(draft.package.compiles[compile.at].name.clone());
            let Some(id) = places.compiles.get(&(name.clone(), compile.at)) else { continue };
            nodes.push((*id, node(Some(part), &compile.options, edges.all, tools)));
        }
        for output in &draft.outputs {
            let decl = &draft.package.outputs[output.at];
            let from = match output.compile {
                Some(at) => places.compiles.get(&(name.clone(), at)),
                None => Some(&main),
            };
            let id = places.outputs.get(name).and_then(|it| it.get(&decl.name));
            let (Some(from), Some(id)) = (from.copied(), id.copied()) else { continue };
            let mut edges = self.edges(&output.edges, &[], &[], None, places);
            // What the compilation is linked with, and needs when it runs, the output may need.
            let made = nodes.iter().find(|it| it.0 == from);
            for edge in made.into_iter().flat_map(|it| &it.1.edges) {
                if is_in_unit(edge.role) && !edges.has(edge.to, edge.role) {
                    edges.push(edge.clone());
                }
            }
            let mut edges = edges.all;
            edges.retain(|it| it.to != id);
            let part = NodePart::Output { name: decl.name.clone(), from };
            nodes.push((id, node(Some(part), &draft.options, edges, None)));
        }
        nodes
    }

    /// The dependencies of a package, those on its build tools last.
    fn edges(
        &self,
        named: &[DraftEdge],
        injected: &[&DraftEdge],
        build_edges: &[DraftEdge],
        tools: Option<UnitId>,
        places: &Places,
    ) -> Edges {
        let by_name = &places.by_name;
        let tools = tools.map(|it| self.solution.unit(it));
        let tool_names = tools.map(|it| &it.by_name);
        // Nearly each of these is an edge, and they are kept.
        let most = named.len() + injected.len() + tools.map_or(0, |it| it.roots.len());
        let mut edges = Edges { all: Vec::with_capacity(most), ..Edges::default() };
        for edge in named.iter().chain(injected.iter().copied()) {
            let Some(to) = part_of(by_name, &places.outputs, &edge.to, edge.output.as_deref())
            else {
                continue;
            };
            // Named and injected, or injected twice: one edge, and the first says why.
            if edges.has(to, edge.role) {
                continue;
            }
            edges.push(Edge {
                role: edge.role,
                to,
                name: edge.name.clone(),
                output: edge.output.clone(),
                injected: edge.injected.as_ref().and_then(|it| injection(it, by_name, tool_names)),
            });
        }
        for (unit, root) in tools.iter().flat_map(|it| it.roots.iter().map(move |root| (it, root)))
        {
            let package = &self.solution.node(root.node).package.name;
            let mut is_named = false;
            for named in build_edges.iter().filter(|it| it.to == *package) {
                let to = part_of(&unit.by_name, &unit.outputs, package, named.output.as_deref());
                let to = to.unwrap_or(root.node);
                if edges.has(to, Role::Build) {
                    continue;
                }
                is_named = true;
                edges.push(Edge {
                    role: Role::Build,
                    to,
                    name: named.name.clone(),
                    output: named.output.clone(),
                    injected: root.injected.clone(),
                });
            }
            if !is_named {
                edges.push(Edge {
                    role: Role::Build,
                    to: root.node,
                    name: package.clone(),
                    output: None,
                    injected: root.injected.clone(),
                });
            }
        }
        edges
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        // That no version is what a file asks for may have been seen in the file already.
        let is_told = |it: &Diagnostic| {
            *it == diagnostic
                || it.code == Code::UnknownVersion
                    && diagnostic.code == Code::Conflict
                    && it.primary.file == diagnostic.primary.file
                    && diagnostic.primary.range.contains_range(it.primary.range)
        };
        if !self.diagnostics.iter().any(is_told) {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// What there is to be seen to about some packages of a unit, in their order.
#[derive(Default)]
struct Survey<'u> {
    /// What is wrong with their files.
    mistakes: Vec<Diagnostic>,
    /// What is to be said about them as they are settled.
    warnings: Vec<Diagnostic>,
    /// The units of their build tools that have no place yet.
    tools: Vec<&'u Arc<Settled>>,
    /// Those that need others to provide interfaces.
    dependents: Vec<&'u Draft>,
}

/// The dependencies of one node, in order.
#[derive(Default)]
struct Edges {
    all: Vec<Edge>,
    /// Where they lead, and how, once they are too many to be looked through.
    known: FastSet<(NodeId, Role)>,
}

impl Edges {
    /// How many are looked through sooner than found by their hash.
    const FEW: usize = 16;

    fn has(&self, to: NodeId, role: Role) -> bool {
        if self.all.len() <= Edges::FEW {
            self.all.iter().any(|it| it.to == to && it.role == role)
        } else {
            self.known.contains(&(to, role))
        }
    }

    fn push(&mut self, edge: Edge) {
        self.all.push(edge);
        if self.all.len() > Edges::FEW {
            let new = if self.known.is_empty() { 0 } else { self.all.len() - 1 };
            self.known.extend(self.all[new..].iter().map(|it| (it.to, it.role)));
        }
    }
}

/// Where the packages of a unit, and their parts, are in the solution.
struct Places {
    by_name: BTreeMap<Name, NodeId>,
    outputs: BTreeMap<Name, BTreeMap<Name, NodeId>>,
    /// Compilations, by their place in the package.
    compiles: BTreeMap<(Name, usize), NodeId>,
}

impl Places {
    /// Whether a package has more than one place, or none by its own name.
    fn has_parts(&self) -> bool {
        !self.outputs.is_empty() || !self.compiles.is_empty()
    }

    /// The places from `first` on: first the packages by name, then what else they have.
    fn of(drafts: &BTreeMap<Name, Box<Draft>>, first: usize) -> Places {
        let by_name: BTreeMap<Name, NodeId> =
            drafts.keys().enumerate().map(|it| (it.1.clone(), NodeId(first + it.0))).collect();
        let mut places = Places { by_name, outputs: BTreeMap::new(), compiles: BTreeMap::new() };
        let mut next = first + drafts.len();
        for (name, draft) in drafts {
            // Without `compile` blocks, the package itself is the compilation.
            let mut own = (!draft.compiles.is_empty()).then(|| places.by_name[name]);
            let mut place = |is_own: bool| match own.take_if(|_| is_own) {
                Some(own) => own,
                None => {
                    next += 1;
                    NodeId(next - 1)
                }
            };
            let named = |it: &DraftOutput| draft.package.outputs[it.at].name == *name;
            let is_meant = draft.outputs.iter().any(named);
            let mut is_first = true;
            let outputs: BTreeMap<Name, NodeId> = draft
                .outputs
                .iter()
                .map(|it| {
                    let is_own = if is_meant { named(it) } else { is_first };
                    is_first = false;
                    (draft.package.outputs[it.at].name.clone(), place(is_own))
                })
                .collect();
            for compile in &draft.compiles {
                places.compiles.insert((name.clone(), compile.at), place(outputs.is_empty()));
            }
            if !outputs.is_empty() {
                places.outputs.insert(name.clone(), outputs);
            }
        }
        places
    }
}

/// The node that is meant by a package with this output, or without one.
pub(super) fn part_of(
    by_name: &BTreeMap<Name, NodeId>,
    outputs: &BTreeMap<Name, BTreeMap<Name, NodeId>>,
    package: &Name,
    output: Option<&Name>,
) -> Option<NodeId> {
    let named = outputs.get(package).and_then(|it| it.get(output.unwrap_or(package)));
    named.or_else(|| by_name.get(package)).copied()
}

/// What comes to a compilation by exports: of what comes to any, what its own dependencies export,
/// and what that exports.
fn brought_to<'e>(compile: &DraftCompile, injected: &[&'e DraftEdge]) -> Vec<&'e DraftEdge> {
    let tools: BTreeSet<&Name> =
        compile.build_unit.iter().flat_map(|it| it.roots.iter().map(|it| &it.0)).collect();
    let mut there: BTreeSet<&Name> = compile.edges.iter().map(|it| &it.to).collect();
    let mut brought: Vec<&DraftEdge> = Vec::new();
    loop {
        let before = brought.len();
        for edge in injected {
            let by = match edge.injected.as_ref().map(|it| &it.by) {
                Some(InjectedBy::Tool(name)) => tools.contains(name),
                Some(InjectedBy::Package(name)) => there.contains(name),
                None => true,
            };
            if by && !brought.iter().any(|it| std::ptr::eq(*it, *edge)) {
                brought.push(edge);
                there.insert(&edge.to);
            }
        }
        if brought.len() == before {
            return brought;
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
) -> Option<Box<Injection>> {
    let by = match &it.by {
        InjectedBy::Tool(name) => *tools?.get(name)?,
        InjectedBy::Package(name) => *by_name.get(name)?,
    };
    Some(Box::new(Injection { by, key: it.key, place: it.place }))
}
