//! A [`Solution`] to derivations.
//!
//! ```text
//! Solution ─derive─▶ Graph: for each package a build, a download, or an import
//! ```
//!
//! Packages are planned each by itself and on all cores: their build expressions read which
//! dependencies there are, never what becomes of those. Plans become derivations as they come in,
//! inputs first.
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

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kiln_lang::module::Role;
use kiln_lang::{Code, Database, Diagnostic, on_threads, with_stack};
use kiln_store::{
    Derivation, DerivationId, Fetch, Graph, Import, ImportSource, InputRef, Limits, OutputName,
    StoreName, System, Unpack, UnpackRoot,
};

pub(crate) use self::build::Plan;
use self::build::{Defaults, Input, PlanKind};
use self::imports::Imports;
pub use self::testing::{Test, derive_tests};
use crate::layers::{SettingsByPackage, Setup};
use crate::package::{DepDecl, Package};
use crate::solution::{NodeId, Solution};
use crate::value::{Source, Value};

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
    pub(crate) solution: &'a Solution,
    settings: SettingsByPackage<'a>,
    imports: Imports,
    /// What a build may take if its recipe says nothing. Asking the machine takes longer than a plan.
    limits: Limits,
    /// The machine that runs the steps: always the one that builds.
    system: System,
}

impl<'a> Context<'a> {
    pub(crate) fn new(db: &'a Database, setup: &'a Setup, solution: &'a Solution) -> Self {
        let settings = SettingsByPackage::new(setup);
        let limits = Limits::default();
        let machine = &setup.machine;
        let part =
            |name: &str| machine.get(name).map_or_else(|| "unknown".to_owned(), Value::to_string);
        let system = System::new(format!("{}-{}", part("cpu"), part("os")))
            .unwrap_or_else(|_| unreachable!("values of the platform are names"));
        Context { db, solution, settings, imports: Imports::default(), limits, system }
    }
}

/// Returns the value that a field of a package has in its build; none if there is no such field, or
/// something is wrong with its value.
#[must_use]
pub fn field_value(
    db: &Database,
    setup: &Setup,
    solution: &Solution,
    id: NodeId,
    name: &str,
) -> Option<Value> {
    let context = Context::new(db, setup, solution);
    build::NodeBuilder::new(&context, id).field(name)
}

/// Plans a package by itself; nothing if there is anything to say about it.
pub(crate) fn plan_alone(context: &Context<'_>, id: NodeId) -> Option<Plan> {
    let (plan, diagnostics) = build::plan(context, id, &mut Defaults::default());
    plan.filter(|_| diagnostics.is_empty())
}

/// Whether two plans say the same of what is part of no id.
pub(crate) fn agree(one: &Plan, other: &Plan) -> bool {
    let sources = |plan: &Plan| -> Vec<Arc<Source>> {
        let PlanKind::Build(_, inputs) = &plan.kind else { return Vec::new() };
        let sources = inputs.values().filter_map(|it| match it {
            Input::Fetch { source, .. } => Some(source.clone()),
            Input::Node(_) | Input::Ready(_) | Input::Import { .. } => None,
        });
        sources.collect()
    };
    one.limits == other.limits && sources(one) == sources(other)
}

/// Adds the derivation of a plan whose inputs are there; nothing if there is anything to say.
pub(crate) fn realise_alone(
    context: &Context<'_>,
    derived: &mut Derived,
    plan: Plan,
) -> Option<InputRef> {
    let mut diagnostics = Vec::new();
    let mut realising = Realising::new(context, derived, &mut diagnostics);
    let input = realising.realise_plan(plan);
    input.filter(|_| diagnostics.is_empty())
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
        let Deriver { context, derived, diagnostics } = self;
        let context: &Context<'_> = context;
        let batches: Vec<Batch<'_>> =
            order.chunks(BATCH).map(|it| (it, Mutex::default())).collect();
        let next = AtomicUsize::new(0);
        let mut realising = Realising::new(context, derived, diagnostics);
        realising.ready = vec![None; context.solution.nodes.len()];
        // Most packages have one, and some a source beside it.
        realising.derived.graph.reserve(order.len());
        let line = Mutex::new(Line { at: 0, realising });
        let go = || {
            // Each thread has its own: to share them would take longer than to evaluate them twice.
            let mut defaults = Defaults::default();
            while let Some((batch, place)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let plans = batch.iter().map(|it| build::plan(context, *it, &mut defaults));
                let plans = plans.collect();
                *locked(place) = Some(plans);
                // One thread takes the plans on; the others go on planning.
                if let Ok(mut line) = line.try_lock() {
                    line.go_on(&batches);
                }
            }
        };
        // A thread costs more than a few plans.
        let threads = threads.min(NonZeroUsize::MIN.saturating_add(order.len() / BATCH / 2));
        with_stack(|| on_threads(threads, go));
        locked(&line).go_on(&batches);
        let Line { mut realising, .. } = line.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ready = std::mem::take(&mut realising.ready).into_iter().enumerate();
        let mut nodes = ready.filter_map(|(at, it)| Some((NodeId(at), it?))).collect();
        realising.derived.nodes.append(&mut nodes);
    }

    /// The packages that these need and that are not derived yet, each after everything that its
    /// build sees. The stack is explicit: chains of dependencies may be thousands long.
    fn order(&mut self, roots: &[NodeId]) -> Vec<NodeId> {
        let solution = self.context.solution;
        let mut order = Vec::new();
        let mut begun = vec![false; solution.nodes.len()];
        let mut done = vec![false; solution.nodes.len()];
        for id in self.derived.nodes.keys() {
            done[id.0] = true;
        }
        for root in roots {
            if done[root.0] {
                continue;
            }
            let mut stack: Vec<(NodeId, bool)> = vec![(*root, false)];
            while let Some((id, inputs_done)) = stack.pop() {
                if inputs_done {
                    done[id.0] = true;
                    order.push(id);
                    continue;
                }
                if std::mem::replace(&mut begun[id.0], true) {
                    if !done[id.0] {
                        let open: Vec<NodeId> =
                            stack.iter().filter(|it| it.1).map(|it| it.0).collect();
                        self.ring(&open, id);
                    }
                    continue;
                }
                stack.push((id, true));
                for node in build::inputs(solution, id).rev() {
                    if !done[node.0] {
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
        let ring: Vec<&Package> = open[begin..]
            .iter()
            .chain([&id])
            .map(|it| &*self.context.solution.node(*it).package)
            .collect();
        let names: Vec<String> = ring.iter().map(|it| format!("`{}`", it.name)).collect();
        let message = format!("these packages are inputs of each other: {}", names.join(" → "));
        // Where each says that it needs the next one; what comes by an export is said elsewhere.
        let mut places = ring.windows(2).filter_map(|pair| {
            let mut deps = pair[0].all_deps();
            let is_next = |it: &&DepDecl| it.package == pair[1].name && it.role != Role::Run;
            let place = deps.find(is_next)?.place;
            Some((place, format!("`{}` needs `{}`", pair[0].name, pair[1].name)))
        });
        let code = Code::DependencyCycle;
        let mut diagnostic = match places.next() {
            Some((place, text)) => {
                Diagnostic::new(code, place.file, place.range(), message).here(text)
            }
            None => {
                let place = ring[0].place;
                Diagnostic::new(code, place.file, place.range(), message)
            }
        };
        for (place, text) in places {
            diagnostic = diagnostic.label(place.file, place.range(), text);
        }
        self.report(diagnostic.help("switch off a feature of one of them, or make one dependency `run` if it is needed only then"));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        report(&mut self.diagnostics, diagnostic);
    }

    /// Adds the derivation of a plan, whose inputs are there.
    fn realise_plan(&mut self, plan: Plan) -> Option<InputRef> {
        let Deriver { context, derived, diagnostics } = self;
        Realising::new(context, derived, diagnostics).realise_plan(plan)
    }
}

/// A package that was planned, and what there is to say about it.
type Planned = (Option<Plan>, Vec<Diagnostic>);

/// Packages that one thread plans, and their plans once they are there.
type Batch<'o> = (&'o [NodeId], Mutex<Option<Vec<Planned>>>);

/// The packages in the order in which they become derivations, as far as they have.
struct Line<'r> {
    /// Which batch is next.
    at: usize,
    realising: Realising<'r>,
}

impl Line<'_> {
    /// Makes derivations of the plans that are next, as far as they are there.
    fn go_on(&mut self, batches: &[Batch<'_>]) {
        for (batch, plans) in &batches[self.at..] {
            let Some(plans) = locked(plans).take() else { return };
            self.at += 1;
            for (id, (plan, diagnostics)) in batch.iter().zip(plans) {
                for diagnostic in diagnostics {
                    report(self.realising.diagnostics, diagnostic);
                }
                let input = plan.and_then(|it| self.realising.realise_plan(it));
                self.realising.ready[id.0] = input;
            }
        }
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn report(all: &mut Vec<Diagnostic>, diagnostic: Diagnostic) {
    if !all.contains(&diagnostic) {
        all.push(diagnostic);
    }
}

/// Where plans become derivations.
struct Realising<'r> {
    limits: Limits,
    derived: &'r mut Derived,
    /// The derivations of packages that are not in `derived` yet, by the places of those.
    ready: Vec<Option<InputRef>>,
    diagnostics: &'r mut Vec<Diagnostic>,
}

impl<'r> Realising<'r> {
    fn new(
        context: &Context<'_>,
        derived: &'r mut Derived,
        diagnostics: &'r mut Vec<Diagnostic>,
    ) -> Self {
        Realising { limits: context.limits, derived, ready: Vec::new(), diagnostics }
    }

    /// Adds the derivation of a plan, whose inputs are there. There is none if one of them could
    /// not be derived: that was said there.
    fn realise_plan(&mut self, plan: Plan) -> Option<InputRef> {
        let Plan { kind, title, limits, place } = plan;
        let (mut build, inputs) = match kind {
            PlanKind::Source(input) => return self.input(input),
            PlanKind::Build(build, inputs) => (build, inputs),
        };
        let mut found = Vec::with_capacity(inputs.len());
        for (label, input) in inputs {
            found.push((label, self.input(input)?));
        }
        build.inputs = found.into_iter().collect();
        let derivation = Derivation::Build(*build);
        if let Err(error) = derivation.check() {
            let name = derivation.name();
            let message = format!("`{name}` cannot be built as its recipe says: {error}");
            let code = Code::EvaluationError;
            report(self.diagnostics, Diagnostic::new(code, place.file, place.range(), message));
            return None;
        }
        Some(self.add(derivation, title, Vec::new(), None, limits))
    }

    fn input(&mut self, input: Input) -> Option<InputRef> {
        match input {
            Input::Node(node) => self.node(node),
            Input::Ready(input) => Some(input),
            Input::Import { name, title, object, from } => {
                let derivation = Derivation::Import(Import { object, name });
                let limits = self.limits;
                Some(self.add(derivation, title, Vec::new(), Some(from), limits))
            }
            Input::Fetch { name, title, source } => {
                let Source::Fetch { urls, .. } = &*source else { return None };
                let fetch = Derivation::Fetch(download(name, &source)?);
                let limits = self.limits;
                Some(self.add(fetch, title, urls.clone(), None, limits))
            }
        }
    }

    /// The derivation of a package, if it has one.
    fn node(&self, node: NodeId) -> Option<InputRef> {
        let ready = self.ready.get(node.0).and_then(Option::as_ref);
        ready.or_else(|| self.derived.nodes.get(&node)).cloned()
    }

    fn add(
        &mut self,
        derivation: Derivation,
        title: String,
        urls: Vec<String>,
        import: Option<ImportSource>,
        limits: Limits,
    ) -> InputRef {
        let node =
            kiln_store::Node { derivation: Arc::new(derivation), title, urls, import, limits };
        // Its inputs were found there.
        let derivation: DerivationId = node.derivation.id();
        self.derived.graph.add_known(derivation, node);
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
