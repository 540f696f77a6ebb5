//! The compilations and outputs of a package that has several.
//!
//! ```text
//! needs of outputs ─▶ outputs ─from─▶ compilations ─▶ options with some pinned ─▶ needs of each
//! ```
//!
//! The package has its version and options as any other, and conditions of others read those. A
//! compilation has the same ones but for what it pins, and what follows from that; what it needs
//! follows from its own. Only compilations are settled whose files somebody asks for.

use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::{Code, Diagnostic};
use lean_string::LeanStr;
use thin_vec::ThinVec;

use super::board::Board;
use super::node::{Draft, DraftEdge, options_in};
use super::options::{Finished, Options};
use super::search::Clash;
use super::unit::{Need, Settled, UnitRequest};
use super::{Given, Solver};
use crate::layers::LayerSetting;
use crate::package::{OutputDecl, Package, Place};
use crate::solution::OptionValues;

/// The name of what is there without `output` blocks: everything that was made.
pub(crate) const WHOLE: &str = "out";

/// A compilation of a draft.
#[derive(Debug)]
pub(super) struct DraftCompile {
    /// Which one, among those of the package.
    pub(super) at: usize,
    pub(super) options: OptionValues,
    pub(super) edges: ThinVec<DraftEdge>,
    pub(super) build_edges: ThinVec<DraftEdge>,
    pub(super) build_unit: Option<Arc<Settled>>,
}

/// An output of a draft.
#[derive(Debug)]
pub(super) struct DraftOutput {
    /// Which one, among those of the package.
    pub(super) at: usize,
    /// The compilation, among those of the package; nothing if it has just one, without a name.
    pub(super) compile: Option<usize>,
    /// What it needs when it runs, outputs of its own package among them.
    pub(super) edges: ThinVec<DraftEdge>,
}

/// Which parts of a package are asked for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Everything that was made.
    pub(super) whole: bool,
    /// Outputs, by their place.
    pub(super) outputs: BTreeSet<usize>,
    /// What is asked for and cannot be meant.
    unclear: Vec<Diagnostic>,
    /// The outputs that are asked for and not there, with where and who asks.
    missing: Vec<(usize, Place, LeanStr)>,
}

/// What is meant by a package where an output may be named.
pub(super) enum MeantPart<'p> {
    /// Everything that was made.
    Whole,
    /// An output.
    Output(usize, &'p OutputDecl),
    /// There is no such output.
    Unknown,
    /// There are several, and none is meant by the package's name.
    Several,
}

/// What is meant by the name of a package with this output, or without one.
pub(super) fn meant_part<'p>(package: &'p Package, output: Option<&Name>) -> MeantPart<'p> {
    let name = output.unwrap_or(&package.name);
    match package.output(name) {
        Some((at, output)) => MeantPart::Output(at, output),
        None if output.is_some_and(|it| *it != WHOLE) => MeantPart::Unknown,
        None if package.compiles.len() > 1 => MeantPart::Several,
        None => MeantPart::Whole,
    }
}

impl Wanted {
    /// The parts that are there because of these needs.
    pub(super) fn of(
        given: &Given<'_>,
        package: &Package,
        needs: &[Arc<Need>],
        options: &mut Options<'_>,
    ) -> Wanted {
        let mut wanted = Wanted::default();
        for need in needs.iter().filter(|it| it.present) {
            wanted.add(given, package, need.output.as_deref(), need, options);
        }
        // Outputs may need others of the same package.
        let mut open: Vec<usize> = wanted.outputs.iter().copied().collect();
        while let Some(at) = open.pop() {
            for dep in package.outputs[at].deps.iter().filter(|it| it.package == package.name) {
                let MeantPart::Output(other, decl) = meant_part(package, dep.output.as_deref())
                else {
                    continue;
                };
                if dep.cond.holds(options) != Some(true) {
                    continue;
                }
                if decl.cond.holds(options) == Some(false) {
                    let by = format!("{}.{}", package.name, package.outputs[at].name).into();
                    wanted.missing.push((other, dep.place, by));
                } else if wanted.outputs.insert(other) {
                    open.push(other);
                }
            }
        }
        wanted
    }

    fn add(
        &mut self,
        given: &Given<'_>,
        package: &Package,
        output: Option<&Name>,
        need: &Need,
        options: &mut Options<'_>,
    ) {
        let name = &package.name;
        let all = || {
            let all: Vec<String> =
                package.outputs.iter().map(|it| format!("`{name}.{}`", it.name)).collect();
            format!("there are {}", all.join(", "))
        };
        let unclear = match meant_part(package, output) {
            MeantPart::Whole => {
                self.whole = true;
                return;
            }
            MeantPart::Output(at, decl) => {
                if decl.cond.holds(options) != Some(false) {
                    self.outputs.insert(at);
                    return;
                }
                self.missing.push((at, need.place, need.by.clone()));
                return;
            }
            MeantPart::Unknown => {
                let message =
                    format!("`{name}` has no output `{}`", output.map_or("", |it| it.as_str()));
                let diagnostic = given.at(Code::UnknownOption, need.place, message);
                if package.outputs.is_empty() { diagnostic } else { diagnostic.help(all()) }
            }
            MeantPart::Several => {
                let message = format!(
                    "`{name}` is compiled in several ways, and none of its outputs is meant by its name"
                );
                given.at(Code::Conflict, need.place, message).help(format!("say which: {}", all()))
            }
        };
        self.unclear.push(unclear);
    }
}

impl Draft {
    /// The build tools of its compilations.
    pub(super) fn build_units(&self) -> impl Iterator<Item = &Arc<Settled>> {
        let compiles = self.compiles.iter().filter_map(|it| it.build_unit.as_ref());
        self.build_unit.iter().chain(compiles)
    }
}

impl Solver<'_> {
    /// Settles the compilations and outputs of a package that are asked for.
    pub(super) fn parts(
        &mut self,
        board: &Board,
        package: &Arc<Package>,
        draft: &mut Draft,
        needs: &[Arc<Need>],
        (layers, wanted, said): (&[(usize, &LayerSetting)], Wanted, &[Diagnostic]),
    ) {
        for diagnostic in wanted.unclear {
            draft.clashes.push(Clash::of_draft(draft, diagnostic));
        }
        for (at, place, by) in &wanted.missing {
            let diagnostic = self.given.missing_output(draft, &package.outputs[*at], *place, by);
            draft.clashes.push(Clash::of_draft(draft, diagnostic));
        }
        let compiles: BTreeSet<Option<usize>> = wanted
            .outputs
            .iter()
            .map(|it| package.outputs[*it].compile)
            .chain(wanted.whole.then(|| (!package.compiles.is_empty()).then_some(0)))
            .collect();
        for compile in compiles {
            let version = draft.version.clone();
            let mut options = Options::new(
                self.given.db,
                self.given.setup,
                package,
                &version,
                &board.drafts,
                layers,
                needs,
            );
            options.learned = Some((&board.nogoods, &board.told));
            let others = std::mem::take(&mut draft.interfaces);
            let (edges, build_edges) = (draft.edges.len(), draft.build_edges.len());
            let mut tools = UnitRequest::default();
            let mut interfaces = BTreeSet::new();
            if let Some(at) = compile {
                let decl = &package.compiles[at];
                options.pinned(decl, &draft.options);
                (tools, interfaces) = self.given.dependencies(
                    board,
                    package,
                    package.deps.iter(),
                    draft,
                    &mut options,
                );
            } else {
                options.values_of(&draft.options);
            }
            let own = ThinVec::from(&draft.edges[edges..]);
            for at in wanted.outputs.iter().copied() {
                let decl = &package.outputs[at];
                if decl.compile != compile {
                    continue;
                }
                let begin = draft.edges.len();
                // An output that needs another one of its own package asks nobody.
                let others = decl.deps.iter().filter(|it| it.package != package.name);
                let (_, needed) =
                    self.given.dependencies(board, package, others, draft, &mut options);
                interfaces.extend(needed);
                let mut all = ThinVec::from(&draft.edges[begin..]);
                for dep in decl.deps.iter().filter(|it| it.package == package.name) {
                    if dep.cond.holds(&mut options) == Some(true) {
                        all.push(DraftEdge {
                            role: Role::Run,
                            to: package.name.clone(),
                            interface: None,
                            name: dep.output.as_deref().unwrap_or(&package.name).clone(),
                            output: dep.output.clone(),
                            injected: None,
                        });
                    }
                }
                draft.outputs.push(DraftOutput { at, compile, edges: all });
            }
            let Finished { values, diagnostics, read, .. } = options.finish();
            for diagnostic in diagnostics.into_iter().filter(|it| !said.contains(it)) {
                if diagnostic.is_error() {
                    draft.clashes.push(Clash::of_draft(draft, diagnostic));
                } else {
                    draft.warnings.push(diagnostic);
                }
            }
            draft.part_reads.extend(read.into_iter().chain(interfaces));
            if let Some(at) = compile {
                let build_edges = draft.build_edges.split_off(build_edges);
                let (build_edges, build_unit) = self.tools(board, draft, needs, tools, build_edges);
                draft.compiles.push(DraftCompile {
                    at,
                    options: values,
                    edges: own,
                    build_edges,
                    build_unit,
                });
            }
            draft.interfaces.splice(0..0, others);
        }
    }
}

impl Given<'_> {
    /// Says that an output is asked for that is not there as the package is configured.
    fn missing_output(
        &self,
        draft: &Draft,
        output: &OutputDecl,
        asked: Place,
        by: &str,
    ) -> Diagnostic {
        let package = &draft.package;
        let message =
            format!("`{}` has no output `{}` as it is configured", package.name, output.name);
        let place = output.place;
        let why = match output.when {
            Some(when) => {
                let text = self.db.text(place.file);
                format!("there is one only when {}", &text[self.db.expr_range(place.file, when)])
            }
            None => "the condition that it stands under does not hold".to_owned(),
        };
        let diagnostic = self
            .at(Code::Conflict, asked, message)
            .here(format!("asked for here: {by}"))
            .label(place.file, place.range(), why);
        self.blame(diagnostic, draft, &options_in(&output.cond))
    }
}
