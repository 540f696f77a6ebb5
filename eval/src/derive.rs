//! A [`Solution`] to derivations.
//!
//! ```text
//! Solution ─derive─▶ Graph: for each package a build, a download, or an import
//! ```
//!
//! Packages are planned first, each by itself and on all cores: their build expressions read which
//! dependencies there are, never what becomes of those. Then the plans become derivations, inputs
//! first.
//!
//! Build expressions are evaluated here, with everything chosen. What reaches a derivation is the
//! text of the steps, the environment, the inputs and the source; a package that has no steps *is*
//! its source. Maintainers, licences, tests and run-only dependencies are never looked at, so they
//! cannot reach a hash. Tests become derivations of their own when they are asked for
//! ([`derive_tests`]).

mod build;
mod imports;
mod outputs;
mod reader;
mod testing;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use kiln_lang::{Code, Database, Diagnostic, on_threads, with_stack};
use kiln_store::{
    Derivation, DerivationId, Fetch, Graph, Import, ImportSource, InputRef, Label, Limits,
    OutputName, StoreName, Unpack, UnpackRoot,
};

use self::build::{Input, Plan, PlanKind};
use self::imports::Imports;
pub use self::testing::{Test, derive_tests};
use crate::layers::{Setup, Target};
use crate::package::Package;
use crate::solution::{NodeId, Solution};
use crate::value::Source;

/// Derivations, and which package is which.
#[derive(Debug, Default)]
pub struct Derived {
    /// The derivations, inputs first.
    pub graph: Graph,
    /// The derivation of each package that is wanted or needed by one that is, and its output.
    pub nodes: BTreeMap<NodeId, InputRef>,
}

/// Derives the roots of a solution, what they need when they run, and everything that the builds of
/// these need, on this many threads.
///
/// # Errors
///
/// Every mistake that evaluation of the build expressions brings to light.
pub fn derive(
    db: &Database,
    setup: &Setup,
    solution: &Solution,
    threads: NonZeroUsize,
) -> Result<(Derived, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut deriver = Deriver {
        context: Context::new(db, setup, solution),
        derived: Derived::default(),
        diagnostics: Vec::new(),
    };
    let mut roots: Vec<NodeId> = solution.roots.iter().map(|it| it.node).collect();
    roots.extend(solution.run_closure(&roots));
    deriver.derive(&roots, threads);
    let Deriver { derived, diagnostics, .. } = deriver;
    if diagnostics.iter().any(Diagnostic::is_error) {
        Err(diagnostics)
    } else {
        Ok((derived, diagnostics))
    }
}

/// What planning looks at; threads share it.
pub(crate) struct Context<'a> {
    pub(crate) db: &'a Database,
    pub(crate) setup: &'a Setup,
    pub(crate) solution: &'a Solution,
    /// The settings of all layers by package: layer, setting.
    settings: HashMap<&'a str, Vec<(usize, usize)>>,
    /// The settings of packages that have an option.
    patterns: Vec<(usize, usize)>,
    imports: Imports,
    /// What a build may take if its recipe says nothing. Asking the machine takes longer than a plan.
    limits: Limits,
}

impl<'a> Context<'a> {
    fn new(db: &'a Database, setup: &'a Setup, solution: &'a Solution) -> Self {
        let mut settings: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
        let mut patterns = Vec::new();
        for (layer_index, layer) in setup.layers.iter().enumerate() {
            for (index, setting) in layer.settings.iter().enumerate() {
                match &setting.target {
                    Target::Package(name) => {
                        settings.entry(name).or_default().push((layer_index, index));
                    }
                    Target::Having(..) => patterns.push((layer_index, index)),
                    Target::Toolchain { .. } | Target::Facts { .. } | Target::Provider(_) => {}
                }
            }
        }
        let limits = Limits::default();
        Context { db, setup, solution, settings, patterns, imports: Imports::default(), limits }
    }

    /// The settings of a package in all layers, lowest first: layer, setting.
    fn settings_of(&self, package: &Package) -> Vec<(usize, usize)> {
        let mut all = self.settings.get(package.name.as_str()).cloned().unwrap_or_default();
        for (layer, index) in &self.patterns {
            if let Target::Having(option, kind) = &self.setup.layers[*layer].settings[*index].target
                && package.schema.table.get(option).is_some_and(|it| it.kind == *kind)
            {
                all.push((*layer, *index));
            }
        }
        all.sort_unstable();
        all
    }

    /// Plans packages, in any order; returns the plans in the order of `ids`.
    fn plans(
        &self,
        ids: &[NodeId],
        threads: NonZeroUsize,
    ) -> impl Iterator<Item = (Option<Plan>, Vec<Diagnostic>)> + use<> {
        let plans: Vec<OnceLock<(Option<Plan>, Vec<Diagnostic>)>> =
            ids.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let go = || {
            loop {
                let begin = next.fetch_add(BATCH, Ordering::Relaxed);
                let Some(ids) = ids.get(begin..) else { return };
                if ids.is_empty() {
                    return;
                }
                for (id, place) in ids.iter().zip(&plans[begin..]).take(BATCH) {
                    let _ = place.set(build::plan(self, *id));
                }
            }
        };
        // A thread costs more than a few plans.
        let threads = threads.min(NonZeroUsize::MIN.saturating_add(ids.len() / BATCH / 2));
        with_stack(|| on_threads(threads, go));
        plans.into_iter().map(|it| it.into_inner().unwrap_or_default())
    }
}

/// How many packages a thread plans at a time.
const BATCH: usize = 16;

struct Deriver<'a> {
    context: Context<'a>,
    derived: Derived,
    diagnostics: Vec<Diagnostic>,
}

impl Deriver<'_> {
    /// Derives packages, and what their builds need, as far as that has not been done.
    fn derive(&mut self, roots: &[NodeId], threads: NonZeroUsize) {
        let order = self.order(roots);
        for (id, plan) in order.iter().zip(self.context.plans(&order, threads)) {
            let (plan, diagnostics) = plan;
            diagnostics.into_iter().for_each(|it| self.report(it));
            if let Some(input) = plan.and_then(|it| self.realise_plan(it)) {
                self.derived.nodes.insert(*id, input);
            }
        }
    }

    /// The packages that these need and that are not derived yet, each after everything that its
    /// build sees. The stack is explicit: chains of dependencies may be thousands long.
    fn order(&mut self, roots: &[NodeId]) -> Vec<NodeId> {
        let solution = self.context.solution;
        let mut order = Vec::new();
        let mut begun: HashSet<NodeId> = HashSet::new();
        let mut done: HashSet<NodeId> = self.derived.nodes.keys().copied().collect();
        for root in roots {
            if done.contains(root) {
                continue;
            }
            let mut stack: Vec<(NodeId, bool)> = vec![(*root, false)];
            while let Some((id, inputs_done)) = stack.pop() {
                if inputs_done {
                    done.insert(id);
                    order.push(id);
                    continue;
                }
                if !begun.insert(id) {
                    if !done.contains(&id) {
                        let open: Vec<NodeId> =
                            stack.iter().filter(|it| it.1).map(|it| it.0).collect();
                        self.ring(&open, id);
                    }
                    continue;
                }
                stack.push((id, true));
                for node in build::inputs(solution, id).into_iter().rev() {
                    if !done.contains(&node) {
                        stack.push((node, false));
                    }
                }
            }
        }
        order
    }

    /// Packages that are linked with each other in a ring cannot be built.
    fn ring(&mut self, open: &[NodeId], id: NodeId) {
        let begin = open.iter().position(|it| *it == id).unwrap_or(0);
        let mut names: Vec<String> = open[begin..]
            .iter()
            .map(|it| format!("`{}`", self.context.solution.node(*it).package.name))
            .collect();
        names.push(format!("`{}`", self.context.solution.node(id).package.name));
        let package = &self.context.solution.node(id).package;
        let name = package.schema.env.module().name.as_ref();
        let range = name.map(|it| self.context.db.span(package.file, it.span)).unwrap_or_default();
        let message = format!("these packages are inputs of each other: {}", names.join(" → "));
        let diagnostic = Diagnostic::new(Code::DependencyCycle, package.file, range, message)
            .help("switch off a feature of one of them, or make one dependency `run` if it is needed only then");
        self.report(diagnostic);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    //------ plans to derivations

    /// Adds the derivation of a plan, whose inputs are there. There is none if one of them could
    /// not be derived: that was said there.
    fn realise_plan(&mut self, plan: Plan) -> Option<InputRef> {
        let Plan { kind, title, limits, place } = plan;
        let (mut build, inputs) = match kind {
            PlanKind::Source(input) => return self.input(input),
            PlanKind::Build(build, inputs) => (build, inputs),
        };
        let mut found: BTreeMap<Label, InputRef> = BTreeMap::new();
        for (label, input) in inputs {
            found.insert(label, self.input(input)?);
        }
        build.inputs = found;
        let derivation = Derivation::Build(*build);
        if let Err(error) = derivation.check() {
            let name = derivation.name();
            let message = format!("`{name}` cannot be built as its recipe says: {error}");
            let code = Code::EvaluationError;
            self.report(Diagnostic::new(code, place.file, place.range(), message));
            return None;
        }
        Some(self.add(derivation, &title, Vec::new(), None, limits))
    }

    fn input(&mut self, input: Input) -> Option<InputRef> {
        match input {
            Input::Node(node) => self.derived.nodes.get(&node).cloned(),
            Input::Ready(input) => Some(input),
            Input::Import { name, title, object, from } => {
                let derivation = Derivation::Import(Import { object, name });
                let limits = self.context.limits;
                Some(self.add(derivation, &title, Vec::new(), Some(from), limits))
            }
            Input::Fetch { name, title, source } => {
                let Source::Fetch { urls, .. } = &*source else { return None };
                let fetch = Derivation::Fetch(download(name, &source)?);
                let limits = self.context.limits;
                Some(self.add(fetch, &title, urls.clone(), None, limits))
            }
        }
    }

    fn add(
        &mut self,
        derivation: Derivation,
        title: &str,
        urls: Vec<String>,
        import: Option<ImportSource>,
        limits: Limits,
    ) -> InputRef {
        let node = kiln_store::Node {
            derivation: Arc::new(derivation),
            title: title.to_owned(),
            urls,
            import,
            limits,
        };
        let derivation: DerivationId = self.derived.graph.add(node);
        InputRef { derivation, output: OutputName::default_output() }
    }
}

/// What is to be fetched of a source; nothing of a folder.
pub(crate) fn download(name: StoreName, source: &Source) -> Option<Fetch> {
    let Source::Fetch { hash, unpack, root, executables, .. } = source else { return None };
    let unpack = if *unpack {
        let root = match root {
            None => UnpackRoot::Auto,
            Some(root) if root == "." => UnpackRoot::All,
            Some(root) => UnpackRoot::Folder(root.clone()),
        };
        Unpack::Tree { root, executables: executables.clone() }
    } else {
        Unpack::File { executable: executables.iter().any(|it| it == "." || it.is_empty()) }
    };
    Some(Fetch { name, hash: *hash, unpack })
}
