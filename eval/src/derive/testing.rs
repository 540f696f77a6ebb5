//! The tests of packages, as derivations of their own.
//!
//! A test sees its package as it was built, what the package needs when it runs, and what the test
//! depends on. The latter is a request of its own, solved under the same layers: whatever a test
//! needs, the package that it tests stays as it is.

use std::num::NonZeroUsize;
use std::sync::Arc;

use kiln_lang::Diagnostic;
use kiln_lang::module::{Name, Role};
use kiln_store::{InputRef, Label, OutputName};

use super::build::{self, NodeBuilder};
use super::{Context, Derived, Deriver};
use crate::evaluate::{Evaluation, Packages};
use crate::explain::NodeFacts;
use crate::globals::{missing_fact_of, missing_in};
use crate::layers::{Setup, Wish};
use crate::package::{AskDecl, DepDecl, ItemDecl, Place, Reqs, TestDecl, ValueDecl};
use crate::solution::{NodeId, NodePart, Solution};
use crate::solve::Session;
use crate::value::DepValue;

/// A test of a package, ready to be run.
#[derive(Debug, Clone)]
pub struct Test {
    /// The package.
    pub node: NodeId,
    /// What the test shows, in the words of the recipe.
    pub title: String,
    /// What the test leaves. It can be realised if the test succeeds.
    pub report: InputRef,
    /// Where the recipe says so.
    pub place: Place,
}

/// What a test sees beside what the build of its package sees.
pub(super) struct Testing {
    /// The package, as it was built.
    pub(super) tested: InputRef,
    /// Its name and version.
    pub(super) title: String,
    /// What the test depends on.
    pub(super) deps: Vec<TestDep>,
    /// What is needed when the package runs.
    pub(super) run: Vec<TestDep>,
}

/// A package that a test sees.
pub(super) struct TestDep {
    /// The name that build expressions know it by.
    pub(super) name: Name,
    pub(super) value: Arc<DepValue>,
    pub(super) input: InputRef,
}

/// Derives the tests of these packages, which are added to what was derived for their solution.
///
/// # Errors
///
/// Every mistake that the evaluation of the tests brings to light, and every conflict among what a
/// test depends on.
pub fn derive_tests(
    packages: &Packages<'_>,
    setup: &Setup,
    solution: &Solution,
    derived: Derived,
    nodes: &[NodeId],
    threads: NonZeroUsize,
) -> Result<(Derived, Vec<Test>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let db = packages.db();
    let context = Context::new(db, setup, solution);
    let mut deriver = Deriver { context, derived, diagnostics: Vec::new() };
    let mut session = Session::new(packages, setup);
    let mut tests = Vec::new();
    for node in nodes {
        let package = &solution.node(*node).package;
        let globals = &solution.unit(solution.node(*node).unit).globals;
        // An output has the tests that name it; what is meant by the package's name, all others.
        let output = match &solution.node(*node).part {
            Some(NodePart::Output { name, .. }) => Some(name),
            Some(NodePart::Compile(_)) | None => None,
        };
        let of = output.filter(|it| **it != package.name);
        let mut declared: Vec<&TestDecl> = Vec::new();
        for test in
            package.tests.iter().filter(|it| it.of.as_ref().filter(|it| **it != package.name) == of)
        {
            match test.cond.holds(&mut NodeFacts { solution, node: *node }) {
                Some(true) => declared.push(test),
                Some(false) => {}
                None => {
                    let missing = missing_in(&test.cond, globals);
                    let missing =
                        missing.map(|it| missing_fact_of(db, package, &it, globals.is_build));
                    missing.into_iter().for_each(|it| deriver.report(it));
                }
            }
        }
        if declared.is_empty() {
            continue;
        }
        let run = solution.run_closure(&[*node]);
        deriver.derive(&run, threads);
        // The words of a test are those of the compilation, as the ones of its steps.
        let words = solution.node(*node).made_by().unwrap_or(*node);
        for test in declared {
            let environment = deriver.environment(&mut session, setup, words, test, threads);
            let run = deriver.seen(solution, &run, "run");
            let (Some(deps), Some(run), Some(tested)) =
                (environment, run, deriver.derived.nodes.get(node).cloned())
            else {
                continue;
            };
            let title = solution.node(*node).title();
            let testing = Testing { tested, title, deps, run };
            let (plan, said) = build::plan_test(&deriver.context, words, test, testing);
            said.into_iter().for_each(|it| deriver.report(it));
            let Some(input) = plan.and_then(|it| deriver.realise_plan(it)) else { continue };
            tests.push(Test {
                node: *node,
                title: test.title.clone(),
                report: InputRef { output: report(), ..input },
                place: test.place,
            });
        }
    }
    let Deriver { derived, diagnostics, .. } = deriver;
    if diagnostics.iter().any(Diagnostic::is_error) {
        Err(diagnostics)
    } else {
        Ok((derived, tests, diagnostics))
    }
}

/// What a test may leave: its output, which is an empty folder if it leaves nothing.
pub(super) fn report() -> OutputName {
    OutputName::new("report").unwrap_or_else(|_| unreachable!("the word is a name"))
}

/// The label of the package that a test tests.
pub(super) fn tested() -> Label {
    Label::new("tested").unwrap_or_else(|_| unreachable!("the word is a label"))
}

impl Deriver<'_> {
    /// Solves and derives what a test depends on. There is none if something is wrong.
    fn environment(
        &mut self,
        session: &mut Session<'_>,
        setup: &Setup,
        node: NodeId,
        test: &TestDecl,
        threads: NonZeroUsize,
    ) -> Option<Vec<TestDep>> {
        let (wishes, said) = {
            let mut builder = NodeBuilder::new(&self.context, node);
            let wishes = builder.wishes(test);
            (wishes, builder.into_diagnostics())
        };
        let is_wrong = said.iter().any(Diagnostic::is_error);
        said.into_iter().for_each(|it| self.report(it));
        if is_wrong {
            return None;
        }
        if wishes.is_empty() {
            return Some(Vec::new());
        }
        let plain: Vec<Wish> = wishes.iter().map(|it| it.1.clone()).collect();
        let solution = match session.solve(&plain) {
            Ok((solution, warnings)) => {
                warnings.into_iter().for_each(|it| self.report(it));
                solution
            }
            Err(conflicts) => {
                let shown = format!("needed by the test \"{}\"", test.title);
                for conflict in conflicts {
                    let place = test.place;
                    self.report(conflict.label(place.file, place.range(), shown.clone()));
                }
                return None;
            }
        };
        let roots: Vec<NodeId> = solution.roots.iter().map(|it| it.node).collect();
        let run = solution.run_closure(&roots);
        let context = Context::new(self.context.db, setup, &solution);
        let derived = std::mem::take(&mut self.derived.graph);
        let derived = Derived { graph: derived, ..Derived::default() };
        let mut deriver = Deriver { context, derived, diagnostics: Vec::new() };
        deriver.derive(&roots, threads);
        deriver.derive(&run, threads);
        let all: Vec<NodeId> =
            roots.iter().chain(run.iter().filter(|it| !roots.contains(it))).copied().collect();
        let seen = deriver.seen(&solution, &all, "test");
        let Deriver { derived, diagnostics, .. } = deriver;
        self.derived.graph = derived.graph;
        diagnostics.into_iter().for_each(|it| self.report(it));
        let mut seen = seen?;
        // The recipe may have named them otherwise.
        for (dep, (name, _)) in seen.iter_mut().zip(&wishes) {
            dep.name = name.clone();
        }
        Some(seen)
    }

    /// Packages that were derived, as a test sees them. There are none if one could not be derived,
    /// which was said.
    fn seen(&self, solution: &Solution, nodes: &[NodeId], role: &str) -> Option<Vec<TestDep>> {
        let one = |id: &NodeId| {
            let input = self.derived.nodes.get(id)?.clone();
            let node = solution.node(*id);
            let name = node.package.name.clone();
            let label = Label::new(format!("{role}.{}", node.name())).ok()?;
            let version = node.version.clone();
            let value = DepValue { name: name.clone(), version, label };
            Some(TestDep { name, value: Arc::new(value), input })
        };
        nodes.iter().map(one).collect()
    }
}

impl NodeBuilder<'_> {
    /// What a test depends on, each with its name in build expressions.
    fn wishes(&mut self, test: &TestDecl) -> Vec<(Name, Wish)> {
        let package = self.package;
        let all = package.deps.iter().filter(|it| it.role == Role::Test).chain(&test.deps);
        let mut wishes: Vec<(Name, Wish)> = Vec::new();
        for dep in all {
            if !self.holds(&dep.cond) {
                continue;
            }
            let name = dep.name().clone();
            let wish = self.wish(dep);
            wishes.push((name, wish));
        }
        wishes
    }

    fn wish(&mut self, dep: &DepDecl) -> Wish {
        let items = dep.items.iter().filter_map(|it| self.known_item(it)).collect();
        let version = self.context.solution.node(self.id).version.clone();
        let reqs = match &dep.reqs {
            Reqs::Known(req) => Reqs::Known(req.clone()),
            Reqs::Same => Reqs::Known(kiln_lang::VersionReq::exactly(version)),
            Reqs::Computed(reqs) => {
                let checked = self.checked(reqs.file);
                let table = self.package.schema.table.clone();
                let mut evaluation = Evaluation::new(self.context.db, &table);
                Reqs::Known(evaluation.version_req(&checked, reqs, &version))
            }
        };
        Wish {
            package: dep.package.clone(),
            output: dep.output.clone(),
            items,
            is_below: false,
            layers_below: usize::MAX,
            reqs,
            alias: None,
            cond: crate::condition::Cond::True,
            label: format!("the tests of {}", self.package.name),
            checked: self.checked(dep.place.file),
            place: dep.place,
            text: dep.text.to_string(),
        }
    }

    /// What is asked of an option, with its value, which may follow from options of the package.
    fn known_item(&mut self, item: &ItemDecl) -> Option<ItemDecl> {
        let ask = match &item.ask {
            AskDecl::Value(op, ValueDecl::Computed { file, expr, locals }) => {
                let checked = self.checked(*file);
                let value = self.eval(&checked, *expr, locals, None)?;
                AskDecl::Value(*op, ValueDecl::Known(value))
            }
            known => known.clone(),
        };
        Some(ItemDecl { ask, ..item.clone() })
    }
}
