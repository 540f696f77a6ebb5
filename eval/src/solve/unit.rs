//! A unit: one instance of each package, settled from the wanted ones down.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::{Code, Version, VersionReq};

use super::node::{Draft, DraftEdge, DraftInjection, InjectedBy, Wanted};
use super::{GlobalFacts, Solver};
use crate::condition::{WithAtom, WithItem};
use crate::evaluate::Evaluation;
use crate::layers::{Policy, Wish};
use crate::package::{AskDecl, ExportDecl, ExportFrom, ItemDecl, Package, Place, Reqs, ValueDecl};
use crate::solution::{Edge, Globals, Injection, Node, NodeId, Unit, UnitId, UnitRoot};
use crate::value::{Bits, Value};

/// How often a ring is gone round before it is said to have no end.
const ROUNDS_MAX: usize = 64;

/// How many units of build tools may wait for each other: tools built by tools built by tools.
const UNIT_DEPTH_MAX: usize = 64;

/// What is asked of a package.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Need {
    /// Who asks: `vpp 24.10`, `command line`.
    pub(super) by: String,
    /// What is asked of its options.
    pub(super) asks: Vec<Ask>,
    /// What is asked of its version.
    pub(super) req: VersionReq,
    /// Where it is written.
    pub(super) place: Place,
    /// How it is written.
    pub(super) text: String,
    /// Whether the package must be there; else this counts only if something else needs it.
    pub(super) present: bool,
    /// Whether it is a wish, which fixes options as a layer does.
    pub(super) is_wish: bool,
    /// Whether it is a policy of the project.
    pub(super) is_policy: bool,
}

/// What is asked of an option.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ask {
    pub(super) option: Name,
    pub(super) what: AskWhat,
    pub(super) place: Place,
}

/// What is asked of an option.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AskWhat {
    /// This value.
    Value(Value),
    /// These elements in, those not.
    Elements { on: Bits, off: Bits },
}

/// Something that a unit is asked for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) package: Name,
    pub(super) items: Vec<ItemDecl>,
    pub(super) reqs: Reqs,
    pub(super) place: Place,
    pub(super) need: Option<Need>,
    pub(super) by: String,
    pub(super) text: String,
}

impl Request {
    pub(super) fn of_wish(wish: &Wish) -> Self {
        Request {
            package: wish.package.clone(),
            items: wish.items.clone(),
            reqs: wish.reqs.clone(),
            place: wish.place,
            need: None,
            by: wish.label.clone(),
            text: wish.text.clone(),
        }
    }

    pub(super) fn of_need(package: Name, need: Need) -> Self {
        Request {
            package,
            items: Vec::new(),
            reqs: Reqs::Known(VersionReq::any()),
            place: need.place,
            by: need.by.clone(),
            text: need.text.clone(),
            need: Some(need),
        }
    }
}

/// Who put a need there: it is taken back when that package is settled anew.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Root,
    Package(Name),
}

/// A unit while it is settled.
pub(super) struct Draftboard {
    pub(super) globals: Arc<Globals>,
    pub(super) is_build: bool,
    needs: BTreeMap<Name, Vec<(Source, Arc<Need>)>>,
    pub(super) drafts: BTreeMap<Name, Draft>,
    roots: Vec<(Name, Option<DraftInjection>)>,
    /// The packages that have been settled once: they have said something that may have to be
    /// taken back.
    settled: HashSet<Name>,
    /// Who is linked with a package, or was in an earlier round.
    linked_by: HashMap<Name, BTreeSet<Name>>,
}

impl Draftboard {
    /// Whether another package of the unit is as asked; `None` if it is not settled yet.
    pub(super) fn with(&self, with: &WithAtom) -> Option<bool> {
        let provides = |draft: &Draft, interface: &Name| {
            draft.provides.iter().any(|(name, req)| {
                name == interface && with.req.is_any() | req.is_any() | (req == &with.req)
            })
        };
        let candidates: Vec<&Draft> = match &with.interface {
            Some(interface) => self
                .drafts
                .get(&with.package)
                .into_iter()
                .filter(|it| provides(it, interface))
                .collect(),
            None => self
                .drafts
                .values()
                .filter(|it| {
                    it.package.name == with.package
                        || it.provides.iter().any(|it| it.0 == with.package)
                })
                .collect(),
        };
        Some(candidates.iter().any(|draft| {
            let version = draft.package.name != with.package || with.req.matches(&draft.version);
            version && with.items.iter().all(|it| draft_has(draft, it))
        }))
    }
}

fn draft_has(draft: &Draft, item: &WithItem) -> bool {
    let value = |name: &Name| {
        let at = draft.package.schema.table.position(name)?;
        draft.options[at].as_ref().map(|it| &it.value)
    };
    match item {
        WithItem::Switch(name, on) => {
            matches!(value(name), Some(Value::Bool(found)) if found == on)
        }
        WithItem::Equals(name, wanted) => value(name) == Some(wanted),
        WithItem::Has(name, bit, on) => {
            matches!(value(name), Some(Value::Set(_, bits)) if bits.has(*bit) == *on)
        }
    }
}

impl Solver<'_> {
    /// Solves a unit, or returns the one that was solved for the same requests.
    pub(super) fn unit(
        &mut self,
        is_build: bool,
        requests: Vec<Request>,
        for_whom: &str,
    ) -> UnitId {
        let globals = if is_build { self.build.clone() } else { self.host.clone() };
        let mut board = Draftboard {
            globals: globals.clone(),
            is_build,
            needs: BTreeMap::new(),
            drafts: BTreeMap::new(),
            roots: Vec::new(),
            settled: HashSet::new(),
            linked_by: HashMap::new(),
        };
        let mut names = Vec::new();
        for request in requests {
            let Some(name) = self.named_package(&request.package, request.place) else { continue };
            for (of, need) in self.request_needs(&name, request) {
                board.needs.entry(of).or_default().push((Source::Root, Arc::new(need)));
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for (package, need) in &self.policies {
            board.needs.entry(package.clone()).or_default().push((Source::Root, need.clone()));
        }
        let key = if is_build { key_of(&board) } else { String::new() };
        if is_build {
            if let Some(unit) = self.build_units.get(&key) {
                return *unit;
            }
            if let Some(begin) = self.open.iter().position(|it| it.0 == key) {
                return self.bootstrap_ring(begin, for_whom);
            }
            if self.open.len() >= UNIT_DEPTH_MAX {
                return self.too_deep(for_whom);
            }
        }
        self.open.push((key.clone(), for_whom.to_owned()));
        for name in &names {
            board.roots.push((name.clone(), None));
        }
        for group in self.order(&names, &globals, is_build) {
            self.settle_group(&mut board, &group);
        }
        self.open.pop();
        let unit = self.finish(board);
        if is_build {
            self.build_units.insert(key, unit);
        }
        unit
    }

    /// Reports that build tools are needed to build themselves; makes an empty unit to go on with.
    fn bootstrap_ring(&mut self, begin: usize, for_whom: &str) -> UnitId {
        let mut ring: Vec<String> =
            self.open[begin..].iter().skip(1).map(|it| format!("`{}`", it.1)).collect();
        ring.push(format!("`{for_whom}`"));
        if let Some(first) = ring.first().cloned() {
            ring.push(first);
        }
        let message =
            format!("these packages are needed to build each other: {}", ring.join(" → "));
        let first = self.open.get(begin + 1).map_or(for_whom, |it| &it.1);
        let diagnostic = self
            .at(Code::DependencyCycle, self.recipe_place(first), message)
            .help("build the first of them with tools that need none of the others, as a recipe of its own (a bootstrap stage)");
        self.report(diagnostic);
        self.empty_unit()
    }

    /// Reports that build tools are built by build tools without end.
    fn too_deep(&mut self, for_whom: &str) -> UnitId {
        let message = format!(
            "more than {UNIT_DEPTH_MAX} packages wait for each other as build tools, up to `{for_whom}`"
        );
        let diagnostic = self.at(Code::DependencyCycle, self.recipe_place(for_whom), message).help(
            "what is only linked with is a `host` dependency, and such chains may be of any length",
        );
        self.report(diagnostic);
        self.empty_unit()
    }

    /// The name in the header of a recipe.
    fn recipe_place(&self, name: &str) -> Place {
        let package = self.packages.get(&Name::new(name));
        package.map_or(Place { file: kiln_lang::Database::PACKAGE, start: 0, end: 0 }, |it| {
            let env = &it.schema.env;
            let name = env.module().name.as_ref();
            let range = name.map(|it| env.lowered.map.span(it.span)).unwrap_or_default();
            Place::new(it.file, range)
        })
    }

    fn empty_unit(&mut self) -> UnitId {
        let unit = Unit {
            is_build: true,
            by_name: BTreeMap::new(),
            roots: Vec::new(),
            globals: self.build.clone(),
        };
        self.solution.units.push(unit);
        UnitId(self.solution.units.len() - 1)
    }

    /// The package that a name means: of an interface, the one that provides it.
    fn named_package(&mut self, name: &Name, place: Place) -> Option<Name> {
        let name = self.provider(name).unwrap_or_else(|| name.clone());
        let package = self.packages.get(&name);
        match package {
            None => {
                let near = kiln_lang::nearest(&name, self.db.stems());
                let message =
                    format!("there is no package `{name}`{}", kiln_lang::did_you_mean(&near));
                let diagnostic = self.at(Code::UnknownPackage, place, message);
                self.report(diagnostic);
                None
            }
            Some(package) if package.is_interface => {
                let message = format!(
                    "`{name}` is an interface, and nothing says which package is to provide it"
                );
                let diagnostic =
                    self.at(Code::Conflict, place, message).help(self.how_to_provide(&name));
                self.report(diagnostic);
                None
            }
            Some(_) => Some(name),
        }
    }

    fn request_needs(&mut self, name: &Name, request: Request) -> Vec<(Name, Need)> {
        if let Some(need) = request.need {
            return vec![(name.clone(), need)];
        }
        let req = match &request.reqs {
            Reqs::Known(req) => req.clone(),
            // Wishes are written outside of packages and read nothing.
            Reqs::Computed { .. } | Reqs::Same => VersionReq::any(),
        };
        let mut needs = vec![(
            name.clone(),
            Need {
                by: request.by.clone(),
                asks: Vec::new(),
                req,
                place: request.place,
                text: request.text.clone(),
                present: true,
                is_wish: true,
                is_policy: false,
            },
        )];
        for item in &request.items {
            let Some(ask) = self.known_ask(item.of.as_ref().unwrap_or(name), item) else {
                continue;
            };
            match &item.of {
                None => needs[0].1.asks.push(ask),
                // `vpp[dpdk.max_ethports = 128]`: a need placed on vpp's dpdk.
                Some(of) => needs.push((
                    of.clone(),
                    Need {
                        by: request.by.clone(),
                        asks: vec![ask],
                        req: VersionReq::any(),
                        place: item.place,
                        text: request.text.clone(),
                        present: false,
                        is_wish: false,
                        is_policy: false,
                    },
                )),
            }
        }
        needs
    }

    pub(super) fn policy_need(&self, policy: &Policy) -> Need {
        let req = match &policy.reqs {
            Reqs::Known(req) => req.clone(),
            Reqs::Computed { .. } | Reqs::Same => VersionReq::any(),
        };
        let asks =
            policy.items.iter().filter_map(|it| self.known_ask(&policy.package, it)).collect();
        let text = policy.message.clone().unwrap_or_else(|| "a policy of the project".to_owned());
        Need {
            by: "a policy".to_owned(),
            asks,
            req,
            place: policy.place,
            text,
            present: false,
            is_wish: false,
            is_policy: true,
        }
    }

    fn known_ask(&self, package: &Name, item: &ItemDecl) -> Option<Ask> {
        let value = match &item.ask {
            AskDecl::Value(_, ValueDecl::Known(value)) => Some(value.clone()),
            AskDecl::Value(_, ValueDecl::Computed { .. }) => return None,
            AskDecl::Switch(_) | AskDecl::Has(_) => None,
        };
        let package = self.packages.get(package)?;
        ask(&package, item, value)
    }

    //------ settling

    fn settle_group(&mut self, board: &mut Draftboard, group: &[Name]) {
        if let [name] = group {
            self.settle(board, name);
            return;
        }
        for _ in 0..ROUNDS_MAX {
            let before = snapshot(board, group);
            for name in group {
                self.settle(board, name);
            }
            if snapshot(board, group) == before {
                return;
            }
        }
        let names: Vec<String> = group.iter().map(|it| format!("`{it}`")).collect();
        let place = group
            .iter()
            .find_map(|it| board.needs.get(it).and_then(|it| it.first()))
            .map(|it| it.1.place);
        if let Some(place) = place {
            let message = format!(
                "these packages decide each other, and no choice satisfies all: {}",
                names.join(", ")
            );
            let diagnostic = self
                .at(Code::Conflict, place, message)
                .help("set an option of one of them, so that it does not depend on the others");
            self.report(diagnostic);
        }
    }

    /// Settles one package, and takes what it needs to the packages that come after it.
    fn settle(&mut self, board: &mut Draftboard, name: &Name) {
        let source = Source::Package(name.clone());
        if !board.settled.insert(name.clone()) {
            // What it said before, in an earlier round, no longer counts.
            for needs in board.needs.values_mut() {
                needs.retain(|it| it.0 != source);
            }
            let by = InjectedBy::Package(name.clone());
            for draft in board.drafts.values_mut() {
                draft.edges.retain(|it| !matches!(&it.injected, Some(it) if it.by == by));
            }
        }
        let needs: Vec<Arc<Need>> = board
            .needs
            .get(name)
            .map(|it| it.iter().map(|it| it.1.clone()).collect())
            .unwrap_or_default();
        if !needs.iter().any(|it| it.present) {
            board.drafts.remove(name);
            return;
        }
        let Some(package) = self.packages.get(name) else {
            if let Some(need) = needs.first() {
                self.named_package(name, need.place);
            }
            return;
        };
        let mut draft = self.draft(board, &package, &needs);
        let mut contributed: Vec<(Name, Need)> = Vec::new();
        let wanted = std::mem::take(&mut draft.wanted);
        let mut build_requests = Vec::new();
        for Wanted { role, edge, need, others } in wanted {
            contributed.extend(others);
            match role {
                Role::Build => {
                    build_requests.push(Request::of_need(edge.to.clone(), need));
                    let to = self.provider(&edge.to).unwrap_or_else(|| edge.to.clone());
                    draft.build_edges.push(DraftEdge { to, ..edge });
                }
                Role::Test => {}
                Role::Host | Role::Run | Role::Extends => {
                    let Some(target) = self.named_package(&edge.to, need.place) else { continue };
                    draft.edges.push(DraftEdge { to: target.clone(), ..edge });
                    contributed.push((target, need));
                }
            }
        }
        if !build_requests.is_empty() {
            let unit = self.unit(true, build_requests, &package.name.clone());
            draft.build_unit = Some(unit);
            self.check_tools(&draft, unit);
            self.exports_of_tools(board, &mut draft, unit, &mut contributed);
        }
        for edge in draft.edges.iter().filter(|it| it.role == Role::Host) {
            board.linked_by.entry(edge.to.clone()).or_default().insert(name.clone());
        }
        board.drafts.insert(name.clone(), draft);
        for (target, need) in contributed {
            board.needs.entry(target).or_default().push((source.clone(), Arc::new(need)));
        }
        self.exports_to_dependents(board, name);
        if board.is_build {
            self.exports_beside(board, name);
        }
    }

    /// What the build tools of a package export into its host and run environments.
    fn exports_of_tools(
        &mut self,
        board: &Draftboard,
        draft: &mut Draft,
        unit: UnitId,
        contributed: &mut Vec<(Name, Need)>,
    ) {
        let roots: Vec<NodeId> = self.solution.unit(unit).roots.iter().map(|it| it.node).collect();
        for root in roots {
            let exporter = self.solution.node(root).package.clone();
            for export in &exporter.exports {
                if !matches!(export.key.from, ExportFrom::Build) || export.key.to == Role::Build {
                    continue;
                }
                if draft.is_noarch() || !self.node_holds(root, &export.dep.cond) {
                    continue;
                }
                if draft.ignores(self, board, &exporter.name, export) {
                    continue;
                }
                let Some((target, need)) = self.export_need(&exporter, Some(root), export, board)
                else {
                    continue;
                };
                if !export.key.limit {
                    draft.inject(&target, export, InjectedBy::Tool(root));
                }
                contributed.push((target, need));
            }
        }
    }

    /// What a package exports to those that are linked with it.
    fn exports_to_dependents(&mut self, board: &mut Draftboard, name: &Name) {
        let Some(draft) = board.drafts.get(name) else { return };
        let exporter = draft.package.clone();
        if exporter.exports.is_empty() {
            return;
        }
        // A library that is linked statically need not be there when the program runs.
        let is_static = matches!(
            board.globals.values.get(&(kiln_lang::types::Object::Toolchain, Name::new_static("link"))),
            Some(Value::Enum(of, at)) if of.values[*at as usize] == "static"
        );
        let active: Vec<ExportDecl> = exporter
            .exports
            .iter()
            .filter(|it| {
                it.key.from != ExportFrom::Build && self.draft_holds(board, name, &it.dep.cond)
            })
            .filter(|it| !(is_static && it.key.from == ExportFrom::Host && it.key.to == Role::Run))
            .cloned()
            .collect();
        let is_linked = |dependent: &&Name| {
            board
                .drafts
                .get(*dependent)
                .is_some_and(|it| it.edges.iter().any(|it| it.to == *name && it.role == Role::Host))
        };
        let dependents: Vec<Name> =
            board.linked_by.get(name).into_iter().flatten().filter(is_linked).cloned().collect();
        for export in active {
            let Some((target, need)) = self.export_need(&exporter, None, &export, board) else {
                continue;
            };
            for dependent in &dependents {
                let draft = &board.drafts[dependent];
                if draft.is_noarch() != (export.key.from == ExportFrom::NoArch)
                    || draft.ignores(self, board, &exporter.name, &export)
                {
                    continue;
                }
                if !export.key.limit
                    && let Some(draft) = board.drafts.get_mut(dependent)
                {
                    draft.inject(&target, &export, InjectedBy::Package(name.clone()));
                    if export.key.to == Role::Host {
                        board
                            .linked_by
                            .entry(target.clone())
                            .or_default()
                            .insert(dependent.clone());
                    }
                }
                let need = Need {
                    by: format!("{} (exported by {name})", board.drafts[dependent].title()),
                    ..need.clone()
                };
                let needs = board.needs.entry(target.clone()).or_default();
                needs.push((Source::Package(name.clone()), Arc::new(need)));
            }
        }
    }

    /// What a build tool exports into the build environment that it stands in.
    fn exports_beside(&mut self, board: &mut Draftboard, name: &Name) {
        let is_root = board.roots.iter().any(|it| it.0 == *name);
        let Some(draft) = board.drafts.get(name).filter(|_| is_root) else { return };
        let exporter = draft.package.clone();
        for export in &exporter.exports {
            if export.key.from != ExportFrom::Build
                || export.key.to != Role::Build
                || !self.draft_holds(board, name, &export.dep.cond)
            {
                continue;
            }
            let Some((target, need)) = self.export_need(&exporter, None, export, board) else {
                continue;
            };
            if !export.key.limit && !board.roots.iter().any(|it| it.0 == target) {
                let injection = DraftInjection {
                    by: InjectedBy::Package(name.clone()),
                    key: export.key,
                    place: export.dep.place,
                };
                board.roots.push((target.clone(), Some(injection)));
            }
            let needs = board.needs.entry(target).or_default();
            needs.push((Source::Package(name.clone()), Arc::new(need)));
        }
    }

    /// The need that an export places on what it exports.
    fn export_need(
        &mut self,
        exporter: &Arc<Package>,
        node: Option<NodeId>,
        export: &ExportDecl,
        board: &Draftboard,
    ) -> Option<(Name, Need)> {
        let version = match node {
            Some(node) => self.solution.node(node).version.clone(),
            None => board.drafts.get(&exporter.name)?.version.clone(),
        };
        let target = self.named_package(&export.dep.package, export.dep.place)?;
        let req = self.req_for(&export.dep.reqs, exporter, &version);
        let asks = export.dep.items.iter().filter_map(|it| self.known_ask(&target, it)).collect();
        let need = Need {
            by: format!("{} {version} (export)", exporter.name),
            asks,
            req,
            place: export.dep.place,
            text: export.dep.text.clone(),
            present: !export.key.limit,
            is_wish: false,
            is_policy: false,
        };
        Some((target, need))
    }

    /// A version requirement, with what it reads of the package that says it.
    pub(super) fn req_for(
        &mut self,
        reqs: &Reqs,
        package: &Package,
        version: &Version,
    ) -> VersionReq {
        match reqs {
            Reqs::Known(req) => req.clone(),
            Reqs::Same => VersionReq::exactly(version.clone()),
            Reqs::Computed { file, any_of, locals } => {
                let table = package.schema.table.clone();
                let mut evaluation = Evaluation::new(self.db, &table);
                let checked = self.db.checked(*file);
                evaluation.version_req(&checked, any_of, locals, version)
            }
        }
    }

    //------ finishing

    /// Gives the drafts of a unit their places in the solution, and checks their rules.
    fn finish(&mut self, board: Draftboard) -> UnitId {
        self.check_rules(&board);
        self.check_interfaces(&board);
        let unit_id = UnitId(self.solution.units.len());
        let first = self.solution.nodes.len();
        let by_name: BTreeMap<Name, NodeId> = board
            .drafts
            .keys()
            .enumerate()
            .map(|(at, name)| (name.clone(), NodeId(first + at)))
            .collect();
        let injection = |it: &DraftInjection| {
            let by = match &it.by {
                InjectedBy::Tool(node) => *node,
                InjectedBy::Package(name) => *by_name.get(name)?,
            };
            Some(Injection { by, key: it.key, place: it.place })
        };
        let roots = board
            .roots
            .iter()
            .filter_map(|(name, injected)| {
                Some(UnitRoot {
                    node: *by_name.get(name)?,
                    injected: injected.as_ref().and_then(injection),
                })
            })
            .collect();
        let mut nodes = Vec::new();
        for draft in board.drafts.values() {
            let mut edges: Vec<Edge> = Vec::new();
            for edge in &draft.edges {
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
                    injected: edge.injected.as_ref().and_then(injection),
                });
            }
            if let Some(unit) = draft.build_unit {
                for root in &self.solution.unit(unit).roots {
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
            }
            nodes.push(Node {
                unit: unit_id,
                package: draft.package.clone(),
                version: draft.version.clone(),
                version_history: draft.version_history.clone(),
                options: draft.options.clone(),
                edges,
                build_unit: draft.build_unit,
                needed_by: draft.needed_by.clone(),
            });
        }
        self.solution.nodes.extend(nodes);
        let unit = Unit { is_build: board.is_build, by_name, roots, globals: board.globals };
        self.solution.units.push(unit);
        unit_id
    }

    /// The layers' word on packages that are not available here.
    pub(super) fn unavailable_in_layers(
        &mut self,
        package: &Package,
        globals: &Globals,
        by: &[Arc<Need>],
    ) {
        if !self.has_unavailable {
            return;
        }
        for layer in &self.setup.layers {
            for unavailable in &layer.unavailable {
                if unavailable.package != package.name
                    || unavailable.cond.holds(&mut GlobalFacts(globals)) != Some(true)
                {
                    continue;
                }
                let mut evaluation = Evaluation::new(self.db, &package.schema.table);
                let why = unavailable
                    .message
                    .and_then(|it| evaluation.constant(&layer.checked, it, &Vec::new()))
                    .map_or_else(|| "no reason is given".to_owned(), |it| it.to_string());
                let message = format!("`{}` is not available: {why}", package.name);
                let mut diagnostic = self.at(Code::Unavailable, unavailable.place, message);
                for need in by.iter().filter(|it| it.present) {
                    diagnostic = diagnostic.label(
                        need.place.file,
                        need.place.range(),
                        format!("needed by {}", need.by),
                    );
                }
                self.report(diagnostic);
            }
        }
    }
}

/// What an item asks of an option, given its value.
pub(super) fn ask(package: &Package, item: &ItemDecl, value: Option<Value>) -> Option<Ask> {
    use kiln_lang::module::SettingOp;
    let schema = package.schema.table.get(&item.option)?;
    let bits = value.as_ref().and_then(crate::interpret::as_bits);
    let what = match (&item.ask, bits, schema.ty.without_opt()) {
        (AskDecl::Switch(on), _, _) => AskWhat::Value(Value::Bool(*on)),
        (AskDecl::Has(bit), _, _) => {
            AskWhat::Elements { on: [*bit].into_iter().collect(), off: Bits::new() }
        }
        (AskDecl::Value(SettingOp::Add, _), Some(on), kiln_lang::types::Ty::Set(_)) => {
            AskWhat::Elements { on, off: Bits::new() }
        }
        (AskDecl::Value(SettingOp::Remove, _), Some(off), kiln_lang::types::Ty::Set(_)) => {
            AskWhat::Elements { on: Bits::new(), off }
        }
        (AskDecl::Value(SettingOp::Set, _), Some(on), kiln_lang::types::Ty::Set(of)) => {
            let off = Bits::all(of.values.len()).difference(&on);
            AskWhat::Elements { on, off }
        }
        (AskDecl::Value(..), _, _) => AskWhat::Value(value?),
    };
    Some(Ask { option: item.option.clone(), what, place: item.place })
}

/// A text that is equal for requests that are answered by the same unit.
fn key_of(board: &Draftboard) -> String {
    let mut parts: BTreeSet<String> = BTreeSet::new();
    for (name, needs) in &board.needs {
        for (_, need) in needs {
            let mut asks: Vec<String> = need
                .asks
                .iter()
                .map(|it| match &it.what {
                    AskWhat::Value(value) => format!("{}={}", it.option, value.source()),
                    AskWhat::Elements { on, off } => {
                        let list = |bits: &Bits| {
                            bits.iter().map(|it| it.to_string()).collect::<Vec<_>>().join("+")
                        };
                        format!("{}:{}-{}", it.option, list(on), list(off))
                    }
                })
                .collect();
            asks.sort();
            parts.insert(format!("{name}[{}]{}{}", asks.join(","), need.req, need.present));
        }
    }
    parts.into_iter().collect::<Vec<_>>().join(";")
}

/// What has been settled for a group, to see whether a round changed anything.
fn snapshot(board: &Draftboard, group: &[Name]) -> Vec<String> {
    group
        .iter()
        .map(|name| match board.drafts.get(name) {
            None => String::new(),
            Some(draft) => {
                let options: Vec<String> =
                    draft.options.iter().flatten().map(|it| it.value.source()).collect();
                let edges: Vec<String> =
                    draft.edges.iter().map(|it| format!("{}{}", it.role, it.to)).collect();
                let needs = board.needs.get(name).map_or(0, Vec::len);
                format!("{} {} {} {needs}", draft.version, options.join(","), edges.join(","))
            }
        })
        .collect()
}
