//! Following a trace where some recipes have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use kiln_lang::module::{ModuleKind, Name, Role};
use kiln_lang::schema::Schema;
use kiln_lang::syntax::parse;
use kiln_lang::{Database, FileId, TextRange, Version, face, in_batches, with_stack};
use kiln_store::{
    Build, Decoder, Derivation, DerivationId, Graph, ImportSource, InputRef, Node as GraphNode,
    OutputName,
};
use thin_vec::ThinVec;

use super::encode::decode_value;
use super::record::{Joined, derivations};
use super::{Resumed, Texts, Trace, TracedDerivation, TracedNode};
use crate::condition::Cond;
use crate::derive::{Context, Derived, Plan, agree, plan_alone, realise_alone};
use crate::evaluate::Packages;
use crate::globals::missing_in;
use crate::layers::Setup;
use crate::package::{OutputDecl, Package, Place};
use crate::solution::{
    Edge, Node, NodeId, NodePart, OptionState, OptionValue, Solution, Unit, UnitId,
};

/// How many recipes may have changed: with more of them it is as fast to evaluate everything.
const RECIPES_MAX: usize = 64;

/// How many derivations a thread decodes at a time.
const BATCH: usize = 256;

/// A recipe that has changed, and says the same to others as before.
struct Changed {
    path: String,
    file: FileId,
    package: Arc<Package>,
    /// The options whose defaults are others than they were.
    defaults: Vec<Name>,
}

impl Trace<'_> {
    /// Returns whether the roots have the files that they had, whatever is in these.
    #[must_use]
    pub fn has_files_of(&self, db: &Database) -> bool {
        db.root_paths().eq(self.files.iter().map(|it| &*it.path))
    }

    /// Returns whether a folder, or something around it, is an input of a build.
    #[must_use]
    pub fn imports(&self, folder: &std::path::Path) -> bool {
        self.derivations.iter().any(|it| match &it.import {
            Some(ImportSource::Path(path)) => folder.starts_with(path),
            Some(ImportSource::File { .. }) | None => false,
        })
    }

    /// Evaluates what the change of the files at `changed` may have made other than it was. All other
    /// files, the layers and the names of the files in the roots must be as they were.
    ///
    /// Nothing if that cannot be told from the trace, or if there is anything to say: then
    /// everything is to be evaluated.
    #[must_use]
    pub fn resume(
        &self,
        packages: &Packages<'_>,
        setup: &Setup,
        changed: &[String],
        texts: &(impl Texts + ?Sized),
        threads: NonZeroUsize,
    ) -> Option<Resumed> {
        with_stack(|| {
            let changed = self.changed(packages, changed, texts)?;
            self.follow(packages.db(), setup, &changed, threads)
        })
    }

    //------ what has changed

    /// The recipes among the files that have another text; nothing if one of them, or another file,
    /// may have changed what is chosen.
    fn changed(
        &self,
        packages: &Packages<'_>,
        paths: &[String],
        texts: &(impl Texts + ?Sized),
    ) -> Option<Vec<Changed>> {
        let db = packages.db();
        let mut all = Vec::new();
        for path in paths {
            let mut known = self.files.iter().chain(&self.layers);
            let traced = known.find(|it| *it.path == **path)?;
            let before = String::from_utf8(texts.read(traced.text.clone()?)?).ok()?;
            let file = db.file(path);
            if db.read_error(file).is_some() {
                return None;
            }
            if *before == *db.text(file) {
                continue;
            }
            if all.len() == RECIPES_MAX {
                return None;
            }
            all.push(self.changed_recipe(packages, path, file, &before)?);
        }
        Some(all)
    }

    fn changed_recipe(
        &self,
        packages: &Packages<'_>,
        path: &str,
        file: FileId,
        before: &str,
    ) -> Option<Changed> {
        let db = packages.db();
        if db.lowered(file).module.kind != Some(ModuleKind::Recipe) {
            return None;
        }
        let schema = db.schema(file);
        let name = Name::from(schema.name());
        if db.package(&name) != Some(file) {
            return None;
        }
        let old = face(&parse(before), &schema.table)?;
        let new = face(&db.parse(file), &schema.table)?;
        let defaults = old.changed_defaults(&new)?;
        if !schema.diagnostics.is_empty() || !db.checked(file).diagnostics.is_empty() {
            return None;
        }
        let package = packages.get(&name)?;
        if !package.mistakes.is_empty() {
            return None;
        }
        let is_read = |it: &Name| new.may_read(it) || old.may_read(it);
        if !defaults.is_empty()
            && (defaults.iter().any(is_read)
                || self.asked_for.contains(&name)
                // Somebody may ask for an interface of it.
                || !package.provides.is_empty())
        {
            return None;
        }
        Some(Changed { path: path.to_owned(), file, package, defaults })
    }

    //------ what follows from it

    fn follow(
        &self,
        db: &Database,
        setup: &Setup,
        changed: &[Changed],
        threads: NonZeroUsize,
    ) -> Option<Resumed> {
        let mut own: BTreeMap<usize, &Changed> = BTreeMap::new();
        for it in changed {
            let nodes = self.nodes.iter().enumerate();
            let of_it = nodes.filter(|(_, node)| node.package == it.package.name);
            own.extend(of_it.map(|(at, _)| (at, it)));
        }
        let outline = self.outline(setup, &own)?;
        let context = Context::new(db, setup, &outline.solution);
        let mut plans: BTreeMap<u32, Vec<Plan>> = BTreeMap::new();
        for node in own.keys() {
            let Some((derivation, _)) = &self.nodes[*node].derivation else { continue };
            let plan = plan_alone(&context, outline.place(*node)?)?;
            plans.entry(*derivation).or_default().push(plan);
        }
        let mut rewriting = Rewriting {
            trace: self,
            derived: Derived::default(),
            moved: BTreeMap::new(),
            left_out: self.own_sources(&plans)?,
            now: Vec::with_capacity(self.derivations.len()),
            lost: Vec::new(),
        };
        rewriting.rewrite(&context, &outline, plans, self.decoded(threads)?)?;
        let Rewriting { derived, now, lost, moved, .. } = rewriting;
        // A lock has what recipes make, and which facts they read.
        let is_as_locked = moved.is_empty()
            && changed.iter().all(|it| it.defaults.is_empty() && it.package.facts_read.is_empty());
        if self.has_lock && !is_as_locked {
            return None;
        }
        let input = |node: u32| -> Option<InputRef> {
            let (at, output) = self.nodes.get(node as usize)?.derivation.as_ref()?;
            Some(InputRef { derivation: *now.get(*at as usize)?, output: output.clone() })
        };
        let wanted: Option<Vec<_>> =
            self.wishes.iter().map(|it| Some((it.clone(), input(it.node)?))).collect();
        let wanted = wanted?;
        let mut graph = derived.graph;
        if !lost.is_empty() {
            graph = needed(graph, wanted.iter().map(|it| it.1.derivation));
            // A file that others have as well is called by the first of them.
            let mut left = lost.iter().filter_map(|it| graph.node(it));
            if left.any(|it| it.import.is_some()) {
                return None;
            }
        }
        let changed = changed.iter().map(|it| (it.path.clone(), it.file)).collect();
        Some(Resumed { graph, wanted, changed, now })
    }

    /// The packages whose builds are planned anew, and those that these builds read.
    fn outline(&self, setup: &Setup, own: &BTreeMap<usize, &Changed>) -> Option<Outline> {
        let mut outline = Outline::default();
        let schema = own.values().next().map(|it| it.package.schema.clone());
        let Some(schema) = schema else { return Some(outline) };
        for is_build in &self.units {
            outline.solution.units.push(Unit {
                is_build: *is_build,
                by_name: BTreeMap::new(),
                outputs: BTreeMap::new(),
                roots: Vec::new(),
                providers: BTreeMap::new(),
                globals: if *is_build { setup.build.clone() } else { setup.host.clone() },
            });
        }
        for place in self.read_by(own.keys().copied())? {
            outline.places.insert(place, NodeId(outline.places.len()));
        }
        let places: Vec<usize> = outline.places.keys().copied().collect();
        for place in places {
            let traced = &self.nodes[place];
            let node = match own.get(&place) {
                Some(changed) => {
                    let unit = outline.solution.units.get(traced.unit as usize)?;
                    if !is_plain(&changed.package, unit) {
                        return None;
                    }
                    let options = options(traced, changed)?;
                    outline.node(traced, changed.package.clone(), options)?
                }
                None => outline.node(traced, Arc::new(stub(traced, &schema)), Vec::new())?,
            };
            outline.solution.nodes.push(node);
        }
        for (place, id) in &outline.places {
            if let Some((derivation, output)) = &self.nodes[*place].derivation {
                outline.inputs.entry(*derivation).or_default().push((*id, output.clone()));
            }
        }
        Some(outline)
    }

    /// The nodes that builds of these read: they themselves, what they need, and all that they are
    /// linked with.
    fn read_by(&self, own: impl Iterator<Item = usize>) -> Option<BTreeSet<usize>> {
        let mut found = BTreeSet::new();
        let mut linked = BTreeSet::new();
        let mut open: Vec<(usize, bool)> = own.map(|it| (it, true)).collect();
        while let Some((at, is_own)) = open.pop() {
            found.insert(at);
            if !linked.insert((at, is_own)) {
                continue;
            }
            let node = self.nodes.get(at)?;
            if let (Some(NodePart::Output { from, .. }), true) = (&node.part, is_own) {
                open.push((from.0, true));
            }
            for edge in &*node.edges {
                match edge.role {
                    Role::Host => open.push((edge.to.0, false)),
                    _ if is_own => {
                        self.nodes.get(edge.to.0)?;
                        found.insert(edge.to.0);
                    }
                    _ => {}
                }
            }
        }
        Some(found)
    }

    /// The sources of the packages that have changed: where they come from may have changed, too.
    fn own_sources(&self, plans: &BTreeMap<u32, Vec<Plan>>) -> Option<BTreeSet<DerivationId>> {
        let mut inputs = BTreeSet::new();
        for at in plans.keys() {
            // What is its own source may be the source of another package.
            let Derivation::Build(build) = self.derivations.get(*at as usize)?.derivation()? else {
                return None;
            };
            inputs.extend(build.inputs.values().map(|it| it.derivation));
        }
        // What is a package is not the source of one.
        for node in &self.nodes {
            if let Some((at, _)) = &node.derivation {
                inputs.remove(&self.derivations.get(*at as usize)?.id);
            }
        }
        let is_download = |it: &&TracedDerivation<'_>| {
            inputs.contains(&it.id) && matches!(it.derivation(), Some(Derivation::Fetch(_)))
        };
        Some(self.derivations.iter().filter(is_download).map(|it| it.id).collect())
    }

    /// The derivations, on several threads: there may be many.
    fn decoded(&self, threads: NonZeroUsize) -> Option<Vec<Derivation>> {
        let all = in_batches(threads, &self.derivations, BATCH, |batch| {
            batch.iter().map(TracedDerivation::derivation).collect::<Option<Vec<_>>>()
        });
        Some(all.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Returns the trace of what came out of following this one, and its texts; nothing if those of
    /// this one cannot be read.
    #[must_use]
    pub fn after<'a>(
        &'a self,
        db: &Database,
        resumed: &'a Resumed,
        texts: &(impl Texts + ?Sized),
    ) -> Option<(Trace<'a>, Vec<Arc<str>>)> {
        let Resumed { graph, changed, now, .. } = resumed;
        let (mut files, mut layers) = (self.files.clone(), self.layers.clone());
        let all = || self.files.iter().chain(&self.layers).filter_map(|it| it.text.as_ref());
        let before = texts.read(0..all().map(|it| it.end).max().unwrap_or_default())?;
        let mut joined = Joined::default();
        for file in files.iter_mut().chain(&mut layers) {
            let Some(range) = file.text.take() else { continue };
            let text = match changed.iter().find(|it| it.0 == file.path) {
                Some((_, changed)) => db.text(*changed),
                None => String::from_utf8(before[..].read(range)?).ok()?.into(),
            };
            file.text = Some(joined.push(text));
        }
        let mut nodes = self.nodes.clone();
        for node in &mut nodes {
            let place = node.derivation.take().and_then(|(at, output)| {
                Some((graph.position(now.get(at as usize)?)? as u32, output))
            });
            node.derivation = place;
        }
        let trace = Trace {
            files,
            layers,
            has_lock: self.has_lock,
            asked_for: self.asked_for.clone(),
            units: self.units.clone(),
            nodes,
            derivations: derivations(graph),
            wishes: self.wishes.clone(),
        };
        Some((trace, joined.all))
    }
}

/// A part of a solution: what some builds read of it.
#[derive(Default)]
struct Outline {
    solution: Solution,
    /// The nodes of the whole solution, and where they are in this.
    places: BTreeMap<usize, NodeId>,
    /// What each derivation was, by its place.
    inputs: BTreeMap<u32, Vec<(NodeId, OutputName)>>,
}

impl Outline {
    fn place(&self, node: usize) -> Option<NodeId> {
        self.places.get(&node).copied()
    }

    fn node(
        &self,
        traced: &TracedNode<'_>,
        package: Arc<Package>,
        options: Vec<Option<Arc<OptionValue>>>,
    ) -> Option<Node> {
        // Edges to what nobody reads are left out.
        let edges = traced
            .edges
            .iter()
            .filter_map(|it| Some(Edge { to: self.place(it.to.0)?, ..it.clone() }));
        let part = match &traced.part {
            Some(NodePart::Output { name, from }) => {
                // What no build of is planned has a name, and that is all.
                let from = self.place(from.0).unwrap_or(NodeId(usize::MAX));
                Some(NodePart::Output { name: name.clone(), from })
            }
            part => part.clone(),
        };
        Some(Node {
            unit: UnitId(traced.unit as usize),
            package,
            part,
            version: Version::new(&traced.version),
            version_history: Arc::default(),
            options: options.into_iter().collect(),
            edges: edges.collect(),
            build_unit: None,
            needed_by: Arc::default(),
        })
    }
}

/// Whether conditions of a package that its build reads ask for nothing that an outline has not.
fn is_plain(package: &Package, unit: &Unit) -> bool {
    let is_known = |it: &Cond| !it.reads_others() && missing_in(it, &unit.globals).is_none();
    let compiles = package.compiles.iter();
    let more = compiles.flat_map(|it| it.settings.iter().map(|it| &it.cond));
    let files = package.outputs.iter().flat_map(|it| it.files.iter().map(|it| &it.0));
    package.conds().chain(more).chain(files).all(is_known)
}

/// The options of a package that has changed, as far as its build reads them.
fn options(traced: &TracedNode<'_>, changed: &Changed) -> Option<Vec<Option<Arc<OptionValue>>>> {
    let package = &changed.package;
    let table = &package.schema.table;
    let mut options: Vec<Option<Arc<OptionValue>>> =
        package.plain.iter().map(|it| it.cloned()).collect();
    let mut decoder = Decoder::part(traced.options.as_ref()?);
    let count = decoder.count(1).ok()?;
    let mut said = BTreeSet::new();
    for _ in 0..count {
        let at = decoder.varint().ok()? as usize;
        let value = decode_value(&mut decoder, &table.options.get(at)?.ty).ok()?;
        let value = OptionValue { value, state: OptionState::Default, history: ThinVec::new() };
        *options.get_mut(at)? = Some(Arc::new(value));
        said.insert(at);
    }
    decoder.finish().ok()?;
    // A default that has changed counts where nobody says anything, whatever is chosen.
    let is_plain = |it: &Name| {
        let at = table.position(it);
        at.is_some_and(|at| !said.contains(&at) && package.plain.get(at).is_some())
    };
    changed.defaults.iter().all(is_plain).then_some(options)
}

/// A package of which builds of others see the name.
fn stub(traced: &TracedNode<'_>, schema: &Arc<Schema>) -> Package {
    let name = &traced.package;
    let place = Place::new(Database::PACKAGE, TextRange::default());
    let output = OutputDecl {
        name: name.clone(),
        compile: None,
        cond: Cond::True,
        when: None,
        files: Vec::new(),
        deps: ThinVec::new(),
        body: 0,
        place,
    };
    let outputs = if traced.has_own_output { [output].into() } else { ThinVec::new() };
    Package { outputs, ..Package::empty(name.clone(), Database::PACKAGE, schema.clone()) }
}

impl TracedDerivation<'_> {
    fn derivation(&self) -> Option<Derivation> {
        Derivation::decode(&self.encoding).ok()
    }
}

//------ derivations

/// The derivations of a trace on the way to those of now.
struct Rewriting<'r, 't> {
    trace: &'r Trace<'t>,
    derived: Derived,
    /// The derivations that are others now.
    moved: BTreeMap<DerivationId, DerivationId>,
    /// Those that come again with the plans, if at all.
    left_out: BTreeSet<DerivationId>,
    /// What each derivation of the trace is now.
    now: Vec<DerivationId>,
    /// The inputs for which something that was planned anew has no use any more.
    lost: Vec<DerivationId>,
}

impl Rewriting<'_, '_> {
    /// Goes through all derivations, inputs first.
    fn rewrite(
        &mut self,
        context: &Context<'_>,
        outline: &Outline,
        mut plans: BTreeMap<u32, Vec<Plan>>,
        all: Vec<Derivation>,
    ) -> Option<()> {
        let trace = self.trace;
        for (place, (traced, derivation)) in trace.derivations.iter().zip(all).enumerate() {
            let now = match plans.remove(&(place as u32)) {
                Some(plans) => self.planned(context, traced, &derivation, plans)?,
                None if self.left_out.contains(&traced.id) => traced.id,
                None => self.rewritten(traced, derivation)?,
            };
            self.now.push(now);
            for (node, output) in outline.inputs.get(&(place as u32)).into_iter().flatten() {
                let input = InputRef { derivation: now, output: output.clone() };
                self.derived.nodes.insert(*node, input);
            }
        }
        Some(())
    }

    /// The derivation of packages that were one before, and are still.
    fn planned(
        &mut self,
        context: &Context<'_>,
        traced: &TracedDerivation<'_>,
        before: &Derivation,
        plans: Vec<Plan>,
    ) -> Option<DerivationId> {
        // Of two that come to the same, the first one in the graph counts, and which that is, is not
        // known.
        if !plans.windows(2).all(|it| agree(&it[0], &it[1])) {
            return None;
        }
        let mut found = None;
        for plan in plans {
            let now = realise_alone(context, &mut self.derived, plan)?.derivation;
            if *found.get_or_insert(now) != now {
                return None;
            }
        }
        let now = found?;
        if now != traced.id {
            self.moved.insert(traced.id, now);
            let Derivation::Build(before) = before else { return None };
            let after = self.derived.graph.node(&now).and_then(GraphNode::as_build)?;
            let had = before.inputs.values().map(|it| it.derivation);
            let had = had.map(|it| self.moved.get(&it).copied().unwrap_or(it));
            let is_lost =
                |it: &DerivationId| after.inputs.values().all(|has| has.derivation != *it);
            self.lost.extend(had.filter(is_lost));
        }
        Some(now)
    }

    /// A derivation with the inputs of now.
    fn rewritten(
        &mut self,
        traced: &TracedDerivation<'_>,
        mut derivation: Derivation,
    ) -> Option<DerivationId> {
        let mut is_moved = false;
        if let Derivation::Build(Build { inputs, .. }) = &mut derivation {
            for input in inputs.values_mut() {
                if let Some(now) = self.moved.get(&input.derivation) {
                    input.derivation = *now;
                    is_moved = true;
                } else if self.left_out.contains(&input.derivation) {
                    return None;
                }
            }
        }
        let node = GraphNode {
            derivation: Arc::new(derivation),
            title: traced.title.to_string(),
            urls: traced.urls.to_vec(),
            import: traced.import.clone(),
            limits: traced.limits,
        };
        if !is_moved {
            self.derived.graph.add_known(traced.id, node);
            return Some(traced.id);
        }
        let now = self.derived.graph.add(node);
        self.moved.insert(traced.id, now);
        Some(now)
    }
}

/// The part of a graph that these need.
fn needed(graph: Graph, wanted: impl Iterator<Item = DerivationId>) -> Graph {
    let mut is_needed = vec![false; graph.nodes().len()];
    for id in wanted {
        if let Some(at) = graph.position(&id) {
            is_needed[at] = true;
        }
    }
    // Users come after their inputs.
    for at in (0..is_needed.len()).rev() {
        let build = graph.nodes()[at].as_build().filter(|_| is_needed[at]);
        for input in build.into_iter().flat_map(|it| it.inputs.values()) {
            if let Some(at) = graph.position(&input.derivation) {
                is_needed[at] = true;
            }
        }
    }
    if is_needed.iter().all(|it| *it) {
        return graph;
    }
    let mut needed = Graph::new();
    for ((node, id), is_needed) in graph.nodes().iter().zip(graph.ids()).zip(is_needed) {
        if is_needed {
            needed.add_known(*id, node.clone());
        }
    }
    needed
}
