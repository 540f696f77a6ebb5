//! One package of a unit: its version, its options, its rules, and what it needs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::types::Object;
use kiln_lang::{Code, Database, Diagnostic, Version, VersionReq, shrink_thin};
use lean_string::LeanStr;
use thin_vec::ThinVec;

use super::board::{Asked, Board, Drafts};
use super::interfaces::InterfaceUse;
use super::interfaces::Meant;
use super::options::{Finished, Options};
use super::order::Rank;
use super::parts::{DraftCompile, DraftOutput, Wanted};
use super::search::{Clash, Pick, Var};
use super::unit::{Need, Request, Settled, UnitRequest, ask};
use super::versions::Picked;
use super::{Given, Solver};
use crate::condition::{Atom, Cond, Facts};
use crate::globals::{given, missing_fact_of, missing_in};
use crate::package::{AskDecl, DepDecl, ExportDecl, ExportKey, Package, Place, ValueDecl};
use crate::solution::{Globals, Influence, Influencer, OptionValue, OptionValues};
use crate::value::Value;

/// A package while its unit is settled.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) package: Arc<Package>,
    pub(super) rank: Arc<Rank>,
    pub(super) version: Version,
    pub(super) version_history: Arc<[Influence]>,
    pub(super) options: OptionValues,
    /// Which of its values each option has whose default is `auto(…)`, by its place in the package's
    /// table; those that somebody decides are not among them.
    pub(super) autos: BTreeMap<u32, u32>,
    /// The options in `autos` that an option reads, itself among them.
    pub(super) read_autos: BTreeMap<Name, BTreeSet<u32>>,
    /// What it depends on; of several compilations, what any of them does.
    pub(super) edges: ThinVec<DraftEdge>,
    /// Whether it is linked with packages that export something.
    pub(super) needs_exporters: bool,
    pub(super) build_edges: ThinVec<DraftEdge>,
    pub(super) build_unit: Option<Arc<Settled>>,
    /// Its compilations, if the recipe has `compile` blocks: those that are asked for.
    pub(super) compiles: ThinVec<DraftCompile>,
    /// Its outputs, if the recipe has some: those that are asked for.
    pub(super) outputs: ThinVec<DraftOutput>,
    /// The packages and interfaces that conditions of its parts ask for.
    pub(super) part_reads: BTreeSet<Name>,
    pub(super) needed_by: Arc<[LeanStr]>,
    /// The interfaces that it provides as it is.
    pub(super) provides: ThinVec<(Name, VersionReq)>,
    /// The interfaces that it needs others to provide.
    pub(super) interfaces: ThinVec<InterfaceUse>,
    /// What it asks of packages of its unit.
    pub(super) asks: Asked,
    /// What, beside its own version, makes it as it is in the unit.
    pub(super) shaped_by: BTreeSet<Var>,
    /// The options that somebody would have otherwise.
    pub(super) contested: BTreeSet<Name>,
    /// Why it cannot be as it is asked to be.
    pub(super) clashes: ThinVec<Clash>,
    /// Why it cannot have what is exported to it.
    pub(super) export_clashes: ThinVec<Clash>,
    /// What is to be said about it, and does not stand in the way.
    pub(super) warnings: ThinVec<Diagnostic>,
}

/// A dependency of a draft, by name. What few have is in a box.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DraftEdge {
    pub(super) role: Role,
    pub(super) to: Name,
    /// The interface that `to` provides, where no layer says who does.
    pub(super) interface: Option<Box<Name>>,
    pub(super) name: Name,
    pub(super) output: Option<Box<Name>>,
    pub(super) injected: Option<Box<DraftInjection>>,
}

/// An export that was applied to a draft.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DraftInjection {
    pub(super) by: InjectedBy,
    pub(super) key: ExportKey,
    pub(super) place: Place,
}

/// Who exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InjectedBy {
    /// A build tool, in the unit of build tools.
    Tool(Name),
    /// A package of the same unit.
    Package(Name),
}

impl Draft {
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.package.name, self.version)
    }

    /// The value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&OptionValue> {
        self.options.named(&self.package.schema.table, name)
    }

    /// What is chosen for a variable of this package.
    pub(super) fn pick(&self, var: &Var) -> Option<Pick> {
        match var.option {
            None => Some(Pick::Version(self.version.clone())),
            Some(option) => self.autos.get(&option).map(|it| Pick::Value(*it)),
        }
    }

    /// All that is chosen of this package.
    pub(super) fn vars(&self) -> impl Iterator<Item = Var> {
        let name = &self.package.name;
        let autos = self.autos.keys().map(|it| Var::auto(name, *it));
        std::iter::once(Var::of(name)).chain(autos)
    }

    /// As [`vars`](Self::vars), of options only those that these read.
    fn vars_read_by(&self, options: &[Name]) -> impl Iterator<Item = Var> {
        std::iter::once(Var::of(&self.package.name)).chain(self.autos_read_by(options))
    }

    /// The options whose default is `auto(…)` that these options read, themselves among them.
    pub(super) fn autos_read_by(&self, options: &[Name]) -> impl Iterator<Item = Var> {
        let read = options.iter().filter_map(|it| self.read_autos.get(it)).flatten();
        read.map(|it| Var::auto(&self.package.name, *it))
    }

    /// Whether the package compiles nothing.
    pub(super) fn is_noarch(&self) -> bool {
        self.package.schema.env.module().attrs.iter().any(|it| it.ident.name == "noarch")
    }

    /// Whether the package does not take an export.
    pub(super) fn ignores(&self, drafts: &Drafts, exporter: &Name, export: &ExportDecl) -> bool {
        self.package.ignores.iter().any(|it| {
            let named =
                if it.from { it.package == *exporter } else { it.package == export.dep.package };
            let to = it.to.is_none_or(|to| to == export.key.to);
            named && to && holds(drafts, self, &it.cond)
        })
    }

    /// Whether others see no difference between this and another state of the same package.
    pub(super) fn looks_like(&self, other: &Draft) -> bool {
        let values = |it: &Draft| -> Vec<Option<Value>> {
            it.options.iter().map(|it| it.map(|it| it.value.clone())).collect()
        };
        self.version == other.version
            && self.autos == other.autos
            && self.provides == other.provides
            && values(self) == values(other)
    }

    /// The names of the interfaces that it provides.
    pub(super) fn interface_names(&self) -> Vec<Name> {
        self.provides.iter().map(|it| it.0.clone()).collect()
    }
}

/// Answers conditions about a draft.
struct DraftFacts<'d> {
    draft: &'d Draft,
    drafts: &'d Drafts,
}

impl Facts for DraftFacts<'_> {
    fn option(&mut self, name: &Name, at: Option<u32>) -> Option<Cow<'_, Value>> {
        let at = self.draft.package.schema.table.place(name, at)?;
        self.draft.options.get(at).map(|it| Cow::Borrowed(&it.value))
    }

    fn version(&mut self) -> Option<Version> {
        Some(self.draft.version.clone())
    }

    fn global(&mut self, object: Object, name: &Name) -> Option<Value> {
        self.drafts.globals.values.get(&(object, name.clone())).cloned()
    }

    fn with(&mut self, with: &crate::condition::WithAtom) -> Option<bool> {
        Some(self.drafts.with(with))
    }
}

/// Whether a condition of a package holds.
pub(super) fn holds(drafts: &Drafts, draft: &Draft, cond: &Cond) -> bool {
    cond.holds(&mut DraftFacts { draft, drafts }) == Some(true)
}

/// The facts that are not given and that decide something about a package as it is settled.
pub(super) fn missing_facts(db: &Database, drafts: &Drafts, draft: &Draft) -> Vec<Diagnostic> {
    let package = &draft.package;
    if package.facts_read.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for cond in package.conds() {
        if cond.holds(&mut DraftFacts { draft, drafts }).is_none()
            && let Some(name) = missing_in(cond, &drafts.globals)
        {
            let diagnostic = missing_fact_of(db, package, &name, drafts.globals.is_build);
            let is_said = |it: &Diagnostic| it.message == diagnostic.message;
            if !found.iter().chain(&draft.warnings).any(is_said) {
                found.push(diagnostic);
            }
        }
    }
    found
}

/// A package as it follows from what is asked of it, before its build tools are settled.
#[derive(Debug)]
pub(super) struct Sketch {
    draft: Box<Draft>,
    /// What it needs of its build tools.
    tools: UnitRequest,
    /// The packages and interfaces that its conditions asked for, and the interfaces that others are
    /// to provide.
    read: BTreeSet<Name>,
    interfaces: BTreeSet<Name>,
    /// The clashes that no version of it can be there for, whatever else there is.
    impossible: Option<BTreeSet<usize>>,
    /// Which parts of it are asked for.
    wanted: Wanted,
    /// What is to be said about its options.
    said: Vec<Diagnostic>,
}

impl Sketch {
    /// Whether it follows from what is asked of the package, and from nothing else in its unit.
    pub(super) fn is_alone(&self) -> bool {
        self.read.is_empty() && self.interfaces.is_empty()
    }
}

impl Solver<'_> {
    /// Chooses version and options of a package from what is asked of it, and settles the unit of
    /// its build tools. It may have been sketched already.
    pub(super) fn draft(
        &mut self,
        board: &mut Board,
        package: &Arc<Package>,
        rank: &Arc<Rank>,
        needs: &[Arc<Need>],
        sketch: Option<Box<Sketch>>,
    ) -> Box<Draft> {
        self.drafts += 1;
        let mut sketch = match sketch {
            Some(sketch) => *sketch,
            None => self.given.sketch(board, package, rank, needs),
        };
        if let Some(causes) = sketch.impossible.take() {
            board.impossible.insert(package.name.clone(), causes);
        }
        if package.has_parts() {
            let layers = self.given.settings_of(package);
            let wanted = std::mem::take(&mut sketch.wanted);
            let given = (&layers[..], wanted, &sketch.said[..]);
            self.parts(board, package, &mut sketch.draft, needs, given);
            self.given.judge(board, &mut sketch, needs);
        }
        let Sketch { mut draft, tools, read, interfaces, .. } = sketch;
        board.note_reads(&package.name, &read);
        board.note_reads(&package.name, &interfaces);
        board.note_reads(&package.name, &draft.part_reads);
        for (target, _) in draft.asks.iter().filter(|it| it.1.present) {
            if let Some(causes) = board.impossible.get(target) {
                let mut clash = Clash::of(&draft);
                clash.causes = causes.clone();
                draft.clashes.push(clash);
            }
        }
        let edges = std::mem::take(&mut draft.build_edges);
        (draft.build_edges, draft.build_unit) = self.tools(board, &mut draft, needs, tools, edges);
        draft
    }
}

impl Given<'_> {
    /// The first part of [`draft`](Solver::draft), which changes nothing in the unit.
    pub(super) fn sketch(
        &self,
        board: &Board,
        package: &Arc<Package>,
        rank: &Arc<Rank>,
        needs: &[Arc<Need>],
    ) -> Sketch {
        let mut unavailable = Vec::new();
        self.unavailable_in_layers(package, &board.drafts.globals, needs, &mut unavailable);
        let Picked { version, history: version_history, clash, is_impossible } =
            self.version(board, package, needs);
        let impossible = match (is_impossible, &clash) {
            (true, Some(clash)) => Some(clash.causes.clone()),
            _ => None,
        };
        let layer_settings = self.settings_of(package);
        let mut options = Options::new(
            self.db,
            self.setup,
            package,
            &version,
            &board.drafts,
            &layer_settings,
            needs,
        );
        options.learned = Some((&board.nogoods, &board.told));
        options.all();
        let provides = package
            .provides
            .iter()
            .filter(|it| it.cond.holds(&mut options) == Some(true))
            .flat_map(|it| it.interfaces.clone())
            .collect();
        let mut draft = Box::new(Draft {
            package: package.clone(),
            rank: rank.clone(),
            version_history: version_history.into(),
            options: OptionValues::default(),
            autos: BTreeMap::new(),
            read_autos: BTreeMap::new(),
            edges: ThinVec::new(),
            needs_exporters: false,
            build_edges: ThinVec::new(),
            build_unit: None,
            compiles: ThinVec::new(),
            outputs: ThinVec::new(),
            part_reads: BTreeSet::new(),
            needed_by: Arc::default(),
            provides,
            interfaces: ThinVec::new(),
            asks: Asked::default(),
            shaped_by: needs
                .iter()
                .filter(|it| !it.asks.is_empty())
                .flat_map(|it| it.sources())
                .collect(),
            contested: BTreeSet::new(),
            clashes: clash.into_iter().collect(),
            export_clashes: ThinVec::new(),
            warnings: ThinVec::new(),
            version: version.clone(),
        });
        let (mut tools, mut interfaces) = (UnitRequest::default(), BTreeSet::new());
        if package.compiles.is_empty() {
            (tools, interfaces) =
                self.dependencies(board, package, package.deps.iter(), &mut draft, &mut options);
            // They are kept until all is solved.
            shrink_thin(&mut draft.edges);
            shrink_thin(&mut draft.build_edges);
        }
        let wanted = Wanted::of(self, package, needs, &mut options);
        let Finished { values, diagnostics, read, contested, autos, read_autos, exhausted } =
            options.finish();
        draft.options = values;
        draft.contested = contested;
        draft.autos = autos;
        draft.read_autos = read_autos;
        draft.clashes.extend(exhausted);
        unavailable.extend(diagnostics);
        let said = unavailable;
        let mut sketch = Sketch { draft, tools, read, interfaces, impossible, wanted, said };
        if !package.has_parts() {
            self.judge(board, &mut sketch, needs);
        }
        sketch
    }

    /// Finds what is wrong with a package as it is sketched, its parts included.
    fn judge(&self, board: &Board, sketch: &mut Sketch, needs: &[Arc<Need>]) {
        let Sketch { draft, read, said, .. } = sketch;
        for name in read.iter().chain(&draft.part_reads) {
            draft.shaped_by.extend(
                standing_for(&board.drafts, name).iter().flat_map(|it| board.drafts.vars_of(it)),
            );
        }
        let package = draft.package.clone();
        draft.shaped_by.retain(|it| it.name != package.name);
        // Where a file is wrong, what evaluation stumbles over follows from that.
        let is_wrong = || package.bodies.iter().any(|it| it.has_errors());
        for diagnostic in said.drain(..) {
            // No other version is the answer to a fact that is not given.
            if !diagnostic.is_error() || diagnostic.code == Code::MissingFact {
                draft.warnings.push(diagnostic);
            } else if diagnostic.code != Code::EvaluationError || !is_wrong() {
                draft.clashes.push(Clash::of_draft(draft, diagnostic));
            }
        }
        let exports = |it: &Name| self.packages.brief(it).is_some_and(|it| it.has_exports);
        draft.needs_exporters =
            draft.edges.iter().any(|it| it.role == Role::Host && exports(&it.to));
        let present = needs.iter().filter(|it| it.present);
        let mut needed_by: Vec<LeanStr> = present.map(|it| it.by.clone()).collect();
        needed_by.sort_unstable();
        needed_by.dedup();
        draft.needed_by = needed_by.into();
        for (clash, names) in self.broken_rules(&board.drafts, draft, false) {
            draft.clashes.push(clash);
            draft.contested.extend(names);
        }
    }
}

impl Solver<'_> {
    /// Settles the unit of the build tools of a package, or of one of its compilations; returns the
    /// dependencies with the packages that provide interfaces in it.
    pub(super) fn tools(
        &mut self,
        board: &Board,
        draft: &mut Draft,
        needs: &[Arc<Need>],
        request: UnitRequest,
        mut edges: ThinVec<DraftEdge>,
    ) -> (ThinVec<DraftEdge>, Option<Arc<Settled>>) {
        if request.is_empty() || !draft.clashes.is_empty() {
            return (edges, None);
        }
        let name = draft.package.name.clone();
        if board.is_build
            && let Some(diagnostic) = self.own_build(&name)
        {
            // It is not for its version that it cannot be there.
            let present = needs.iter().find(|it| it.present);
            draft.clashes.push(Clash {
                diagnostic: Some(diagnostic),
                sources: present.into_iter().flat_map(|it| it.sources()).collect(),
                ..Clash::default()
            });
            return (edges, None);
        }
        let unit = self.unit(request, (&name, board.is_build));
        for diagnostic in unit.conflicts.clone() {
            draft.clashes.push(Clash::of_draft(draft, diagnostic));
        }
        for diagnostic in self.given.unprovided_tools(draft, &unit) {
            draft.clashes.push(Clash::of_draft(draft, diagnostic));
        }
        for edge in &mut edges {
            let bound = edge.interface.as_deref().and_then(|it| unit.drafts.bound.get(it));
            if let Some(bound) = bound {
                edge.to = bound.provider.clone();
            }
        }
        (edges, Some(unit))
    }
}

impl Given<'_> {
    /// What a package needs as it is configured; returns what it needs of its build tools, and the
    /// interfaces that others are to provide.
    pub(super) fn dependencies<'d>(
        &self,
        board: &Board,
        package: &Arc<Package>,
        deps: impl Iterator<Item = &'d DepDecl>,
        draft: &mut Draft,
        options: &mut Options<'_>,
    ) -> (UnitRequest, BTreeSet<Name>) {
        let mut requests = Vec::new();
        let mut interfaces = BTreeSet::new();
        let title: LeanStr = draft.title().into();
        let from: Arc<[Name]> = [package.name.clone()].into();
        for dep in deps {
            options.begin_reading();
            if dep.role == Role::Test || dep.cond.holds(options) != Some(true) {
                options.end_reading();
                continue;
            }
            let mut need = Need {
                by: title.clone(),
                asks: ThinVec::new(),
                req: self.req_for(&dep.reqs, package, &draft.version),
                place: dep.place,
                text: dep.text.clone(),
                from: from.clone(),
                autos: ThinVec::new(),
                via: None,
                output: dep.output.clone(),
                present: true,
                wish_above: None,
                is_policy: false,
                is_host_limit: false,
            };
            // Of an interface, the package that it stands for.
            let meant = self.meant(&dep.package, dep.place);
            let mut interface = None;
            let target = match &meant {
                Ok(Meant::Interface(name)) => {
                    interface = Some(name.clone());
                    self.provider_in(board, name).unwrap_or_else(|| name.clone())
                }
                Ok(Meant::Package(name)) => name.clone(),
                Err(_) => dep.package.clone(),
            };
            if interface.is_none() && target != dep.package {
                // What is asked of the interface's version is no matter of the provider's own.
                draft.interfaces.push(InterfaceUse {
                    role: dep.role,
                    interface: dep.package.clone(),
                    provider: target.clone(),
                    req: std::mem::replace(&mut need.req, VersionReq::any()),
                    by: title.clone(),
                    place: dep.place,
                });
                need.via = Some(Box::new(dep.package.clone()));
            }
            let (mut asks, mut others) = (Vec::new(), Vec::new());
            for item in &dep.items {
                let value = match &item.ask {
                    AskDecl::Value(_, ValueDecl::Known(value)) => Some(value.clone()),
                    AskDecl::Value(_, ValueDecl::Computed { file, expr, locals }) => {
                        options.evaluate(*file, *expr, locals)
                    }
                    AskDecl::Switch(_) | AskDecl::Has(_) => None,
                };
                let of = item.of.as_ref().unwrap_or(&target);
                let Some(of_package) = self.packages.get(of) else { continue };
                let Some(ask) = ask(&of_package, item, value) else { continue };
                match &item.of {
                    None => asks.push(ask),
                    Some(of) => {
                        let placed = Need {
                            asks: [ask].into_iter().collect(),
                            req: VersionReq::any(),
                            present: false,
                            via: None,
                            output: None,
                            ..need.clone()
                        };
                        others.push((of.clone(), placed));
                    }
                }
            }
            need.asks = asks.into_iter().collect();
            let autos = options.end_reading();
            need.autos = autos.into_iter().map(|it| Var::auto(&package.name, it)).collect();
            for (_, other) in &mut others {
                other.autos = need.autos.clone();
            }
            others.into_iter().for_each(|(of, need)| draft.asks.add(of, need));
            let mut edge = DraftEdge {
                role: dep.role,
                to: target,
                name: dep.name().clone(),
                interface: interface.map(Box::new),
                output: dep.output.clone(),
                injected: None,
            };
            let asked = edge.interface.as_deref().unwrap_or(&edge.to).clone();
            if dep.role == Role::Build {
                requests.push(Request::of_need(asked, need));
                draft.build_edges.push(edge);
                continue;
            }
            if let Err(diagnostic) = meant {
                let mut clash = Clash::of_draft(draft, *diagnostic);
                clash.sources.extend(need.autos.iter().cloned());
                draft.clashes.push(clash);
                continue;
            }
            interfaces.extend(edge.interface.as_deref().cloned());
            draft.asks.add(asked, need);
            if dep.role == Role::Extends {
                // A plug-in is built with what it plugs into, and needs it when it runs.
                draft.edges.push(DraftEdge { role: Role::Run, ..edge.clone() });
                edge.role = Role::Host;
            }
            draft.edges.push(edge);
        }
        (self.unit_request(true, requests), interfaces)
    }

    //------ rules

    /// The rules of a package that are broken: those that speak of other packages, or the others.
    pub(super) fn broken_rules(
        &self,
        drafts: &Drafts,
        draft: &Draft,
        of_others: bool,
    ) -> Vec<(Clash, Vec<Name>)> {
        let mut clashes = Vec::new();
        let name = &draft.package.name;
        {
            for rule in &draft.package.rules {
                if rule.reads_others != of_others || !holds(drafts, draft, &rule.broken) {
                    continue;
                }
                let why = match &rule.message {
                    Some((file, expr, locals)) => {
                        let checked = self.db.checked(*file);
                        let mut evaluation =
                            crate::evaluate::Evaluation::new(self.db, &draft.package.schema.table);
                        match evaluation.constant(&checked, *expr, locals) {
                            Some(value) => value.to_string(),
                            None => self.db.text(*file)[self.db.expr_range(*file, *expr)]
                                .trim_matches('"')
                                .to_owned(),
                        }
                    }
                    None => "the recipe does not say why".to_owned(),
                };
                let (code, message) = match rule.word {
                    "unavailable" => {
                        (Code::Unavailable, format!("`{name}` is not available like this: {why}"))
                    }
                    _ => (Code::Conflict, format!("`{name}` cannot be built like this: {why}")),
                };
                let diagnostic = self.at(code, rule.place, message).here("this rule is broken");
                let names = options_in(&rule.broken);
                let diagnostic = self.blame(diagnostic, draft, &names);
                let diagnostic = self.with_globals(diagnostic, &rule.broken, &drafts.globals);
                let about = Some((name.clone(), names.clone()));
                let mut clash = Clash { diagnostic: Some(diagnostic), about, ..Clash::default() };
                clash.sources.extend(draft.shaped_by.iter().cloned());
                clash.sources.extend(draft.vars_read_by(&names));
                rule.broken.atoms(&mut |atom| {
                    if let Atom::With(with) = atom {
                        let interface =
                            with.interface.iter().filter(|it| drafts.bound.contains_key(*it));
                        clash.sources.extend(interface.map(Var::of));
                        for name in standing_for(drafts, &with.package) {
                            clash.sources.extend(drafts.vars_of(&name));
                        }
                    }
                });
                clashes.push((clash, names));
            }
        }
        clashes
    }

    /// Adds the places that gave the facts in a rule, and set what it reads of the toolchain.
    fn with_globals(&self, diagnostic: Diagnostic, cond: &Cond, globals: &Globals) -> Diagnostic {
        let mut names: Vec<(Object, Name)> = Vec::new();
        cond.atoms(&mut |atom| {
            names.extend(atom.globals().map(|it| (it.0, it.1.clone())));
        });
        names.sort();
        names.dedup();
        names.iter().fold(diagnostic, |diagnostic, global| {
            match (globals.values.get(global), given(self.setup, globals, global)) {
                (Some(value), Some((label, place))) => {
                    let (object, name) = (global.0.text(), &global.1);
                    let text = format!("`{object}.{name}` is {}: {label}", value.source());
                    diagnostic.label(place.file, place.range(), text)
                }
                _ => diagnostic,
            }
        })
    }

    /// Adds the places that gave options in a rule their values.
    pub(super) fn blame(
        &self,
        mut diagnostic: Diagnostic,
        draft: &Draft,
        names: &[Name],
    ) -> Diagnostic {
        for name in names {
            let table = &draft.package.schema.table;
            let Some(at) = table.position(name) else { continue };
            let Some(value) = draft.options.get(at) else { continue };
            let last =
                value.history.iter().rev().find(|it| !it.overruled && it.by != Influencer::Default);
            let shown = value.value.source();
            match last.and_then(|it| it.place.map(|place| (it, place))) {
                Some((influence, place)) => {
                    let text = format!("`{name}` is {shown}: {}", influence.by.text());
                    diagnostic = diagnostic.label(place.file, place.range(), text);
                }
                None => {
                    let option = &table.options[at];
                    let place = self.db.span(option.at.file, option.span);
                    diagnostic = diagnostic.label(
                        option.at.file,
                        place,
                        format!("`{name}` is {shown} by default"),
                    );
                }
            }
        }
        // Who wishes for a package knows that it is needed.
        let is_wisher = |by: &str| self.setup.wishes.iter().any(|it| it.label == by);
        if let Some(by) = draft.needed_by.iter().find(|it| !is_wisher(it)) {
            diagnostic = diagnostic.help(format!("`{}` is needed by {by}", draft.package.name));
        }
        diagnostic
    }
}

/// The options that a condition reads.
pub(super) fn options_in(cond: &Cond) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    cond.atoms(&mut |atom| match atom {
        Atom::Option(name, ..) | Atom::Has(name, ..) if !names.contains(name) => {
            names.push(name.clone());
        }
        _ => {}
    });
    names
}

/// The packages and interfaces of a unit that a name in a condition may mean.
fn standing_for(drafts: &Drafts, name: &Name) -> Vec<Name> {
    if drafts.by_name.contains_key(name) {
        return vec![name.clone()];
    }
    let providers = drafts.by_name.values().filter(|it| it.provides.iter().any(|it| it.0 == *name));
    let interface = drafts.bound.get_key_value(name).map(|it| it.0);
    providers.map(|it| &it.package.name).chain(interface).cloned().collect()
}
