//! A unit: one instance of each package, for what is wanted or for the build of a package.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::{Code, Diagnostic, Version, VersionReq};
use lean_string::LeanStr;
use thin_vec::ThinVec;

use super::board::{Board, Drafts, Source};
use super::interfaces::Meant;
use super::node::{DraftEdge, DraftInjection};
use super::search::Var;
use super::{Given, GlobalFacts, Solver};
use crate::evaluate::Evaluation;
use crate::layers::{Policy, Wish};
use crate::package::{AskDecl, ItemDecl, Locals, Package, Place, Reqs, ValueDecl};
use crate::solution::Globals;
use crate::value::{Bits, Value};

/// How many units of build tools may wait for each other: tools built by tools built by tools.
const UNIT_DEPTH_MAX: usize = 64;

/// How many units of build tools are settled for one request. The largest of 8,900 real packages
/// needs some hundreds.
const UNITS_MAX: usize = 20_000;

/// What is asked of a package. There is one for nearly every dependency, so what few have is in a box.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Need {
    /// Who asks: `vpp 24.10`, `command line`.
    pub(super) by: LeanStr,
    /// What is asked of its options.
    pub(super) asks: ThinVec<Ask>,
    /// What is asked of its version.
    pub(super) req: VersionReq,
    /// Where it is written.
    pub(super) place: Place,
    /// How it is written.
    pub(super) text: LeanStr,
    /// The packages of the unit that ask; none, if it comes from outside.
    pub(super) from: Arc<[Name]>,
    /// Their options with a default of `auto(…)`, without whose values they would not ask this.
    pub(super) autos: ThinVec<Var>,
    /// The interface that the package was chosen to provide.
    pub(super) via: Option<Box<Name>>,
    /// Which output of it is asked for; the one that is meant by its name if `None`.
    pub(super) output: Option<Box<Name>>,
    /// Whether the package must be there; else this counts only if something else needs it.
    pub(super) present: bool,
    /// If it is a wish, which fixes options as a layer does: how many layers it stands above.
    pub(super) wish_above: Option<usize>,
    /// Whether it is a policy of the project.
    pub(super) is_policy: bool,
    /// Whether it counts only if the package is in the host environment of who asks.
    pub(super) is_host_limit: bool,
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
    pub(super) output: Option<Box<Name>>,
    pub(super) items: Vec<ItemDecl>,
    pub(super) reqs: Reqs,
    pub(super) place: Place,
    pub(super) need: Option<Need>,
    pub(super) layers_below: usize,
    pub(super) by: LeanStr,
    pub(super) text: LeanStr,
}

impl Request {
    pub(super) fn of_wish(wish: &Wish) -> Self {
        Request {
            package: wish.package.clone(),
            output: wish.output.clone(),
            items: wish.items.clone(),
            reqs: wish.reqs.clone(),
            place: wish.place,
            need: None,
            layers_below: wish.layers_below,
            by: wish.label.as_str().into(),
            text: wish.text.as_str().into(),
        }
    }

    pub(super) fn of_need(package: Name, mut need: Need) -> Self {
        // Whoever asks is not in the unit that answers, and is only told.
        need.autos = ThinVec::new();
        need.via = None;
        Request {
            package,
            output: need.output.clone(),
            items: Vec::new(),
            reqs: Reqs::Known(VersionReq::any()),
            place: need.place,
            by: need.by.clone(),
            text: need.text.clone(),
            layers_below: usize::MAX,
            need: Some(need),
        }
    }
}

/// What a unit as a whole is asked for.
#[derive(Debug, Default)]
pub(super) struct UnitRequest {
    is_build: bool,
    /// The packages and interfaces that it is for.
    roots: Vec<Name>,
    /// What is asked of these, and of others.
    needs: Vec<(Name, Need)>,
    /// A text that is equal for requests that are answered by the same unit of build tools.
    key: String,
    /// What is wrong with the request.
    diagnostics: Vec<Diagnostic>,
}

impl UnitRequest {
    /// Whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty() && self.diagnostics.is_empty()
    }
}

impl Need {
    /// What is chosen in the unit that makes it: without, nobody would ask this.
    pub(super) fn sources(&self) -> impl Iterator<Item = Var> + Clone {
        let from = self.from.iter().chain(self.via.as_deref()).map(Var::of);
        from.chain(self.autos.iter().cloned())
    }

    /// Writes a text that is equal for needs that ask the same of a package, whoever asks.
    fn write_key(&self, name: &Name, out: &mut String) {
        out.push_str(name);
        if let Some(output) = &self.output {
            out.extend([".", output]);
        }
        if !self.asks.is_empty() {
            let mut asks: Vec<String> = self.asks.iter().map(Ask::key).collect();
            asks.sort();
            out.extend(["[", &asks.join(","), "]"]);
        }
        if !self.req.is_any() {
            let _ = write!(out, "{}", self.req);
        }
        out.push_str(if self.present { "!" } else { "?" });
    }
}

impl Ask {
    fn key(&self) -> String {
        match &self.what {
            AskWhat::Value(value) => format!("{}={}", self.option, value.source()),
            AskWhat::Elements { on, off } => {
                let list = |bits: &Bits| {
                    bits.iter().map(|it| it.to_string()).collect::<Vec<_>>().join("+")
                };
                format!("{}:{}-{}", self.option, list(on), list(off))
            }
        }
    }
}

/// A unit that has been settled.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) is_build: bool,
    pub(super) drafts: Drafts,
    /// What the unit is for, and who injected it.
    pub(super) roots: Vec<(Name, Option<DraftInjection>)>,
    /// Whether what the unit is for exports something.
    pub(super) has_exporters: bool,
    /// What each package gets by exports.
    pub(super) injections: BTreeMap<Name, ThinVec<DraftEdge>>,
    /// Why there is no solution; empty if there is one.
    pub(super) conflicts: Vec<Diagnostic>,
}

impl Settled {
    fn failed(drafts: Drafts, conflict: Diagnostic) -> Self {
        Settled {
            is_build: true,
            drafts,
            roots: Vec::new(),
            has_exporters: false,
            injections: BTreeMap::new(),
            conflicts: vec![conflict],
        }
    }
}

/// A unit of build tools that is being settled.
pub(super) struct Open {
    /// For which package.
    for_whom: Name,
    /// Whether that package is a build tool itself.
    is_tool: bool,
    met: Met,
}

/// The packages that were met while a unit was settled, in it and in those of its build tools, and
/// that are built by tools themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Met {
    /// Those that may be there.
    others: BTreeSet<Name>,
    /// Those that may not, because the unit is for their own build.
    in_ring: BTreeSet<Name>,
}

/// A unit of build tools that was settled for the same requests.
pub(super) struct Known {
    met: Met,
    unit: Arc<Settled>,
}

impl Solver<'_> {
    /// Settles a unit, or returns the one that was settled for the same requests: a unit of what is
    /// wanted, or of the build tools of a package, which may be a build tool itself.
    pub(super) fn unit(
        &mut self,
        request: UnitRequest,
        (for_whom, is_tool): (&Name, bool),
    ) -> Arc<Settled> {
        let UnitRequest { is_build, roots, needs, key, diagnostics } = request;
        let globals = self.given.globals(is_build).clone();
        let board = |solver: &mut Self| {
            let mut board = Board::new(is_build, globals.clone(), solver.given.fixed.clone());
            (board.roots, board.diagnostics) = (roots, diagnostics);
            for name in board.ask(&Source::ROOT, needs.into_iter().collect()) {
                let rank = solver.rank(&name, is_build);
                board.dirty.insert(rank);
            }
            board
        };
        if !is_build {
            let board = board(self);
            return Arc::new(self.settle(board));
        }
        // What is being built cannot take part in its own build. The unit is another one only if
        // that makes a difference to it.
        let mut building: BTreeSet<Name> =
            self.open.iter().filter(|it| it.is_tool).map(|it| it.for_whom.clone()).collect();
        if is_tool {
            building.insert(for_whom.clone());
        }
        let known =
            self.build_units.get(&key).into_iter().flatten().find(|it| {
                it.met.in_ring.is_subset(&building) && it.met.others.is_disjoint(&building)
            });
        if let Some(known) = known {
            let (met, unit) = (known.met.clone(), known.unit.clone());
            self.note_met(for_whom, met);
            return unit;
        }
        if self.open.len() >= UNIT_DEPTH_MAX || self.units_settled >= UNITS_MAX {
            let drafts = Drafts::new(globals, self.given.fixed.clone());
            return Arc::new(Settled::failed(drafts, self.too_deep(for_whom)));
        }
        self.units_settled += 1;
        self.open.push(Open { for_whom: for_whom.clone(), is_tool, met: Met::default() });
        let board = board(self);
        let unit = Arc::new(self.settle(board));
        let met = self.open.pop().map(|it| it.met).unwrap_or_default();
        let known = Known { met: met.clone(), unit: unit.clone() };
        self.build_units.entry(key).or_default().push(known);
        self.note_met(for_whom, met);
        unit
    }

    /// Notes for the unit that is being settled what was met in one of its build tools.
    fn note_met(&mut self, for_whom: &Name, met: Met) {
        if let Some(open) = self.open.last_mut() {
            open.met.others.extend(met.others);
            // That a package is not in the unit of its own build is so whoever else asks.
            open.met.in_ring.extend(met.in_ring.into_iter().filter(|it| it != for_whom));
        }
    }

    /// Says why a package of a unit of build tools cannot be there: it is being built, and its tools
    /// need it.
    pub(super) fn own_build(&mut self, name: &Name) -> Option<Diagnostic> {
        let begin = self.open.iter().position(|it| it.is_tool && it.for_whom == *name);
        if let Some(open) = self.open.last_mut() {
            let met = &mut open.met;
            let names = if begin.is_some() { &mut met.in_ring } else { &mut met.others };
            names.insert(name.clone());
        }
        begin.map(|it| self.bootstrap_ring(it))
    }

    /// Says that build tools are needed to build themselves.
    fn bootstrap_ring(&self, begin: usize) -> Diagnostic {
        let ring = self.open[begin..].iter().chain(&self.open[begin..=begin]);
        let ring: Vec<String> = ring.map(|it| format!("`{}`", it.for_whom)).collect();
        let message =
            format!("these packages are needed to build each other: {}", ring.join(" → "));
        self.given.at(Code::DependencyCycle, self.given.recipe_place(&self.open[begin].for_whom), message)
            .help("build the first of them with tools that need none of the others, as a recipe of its own (a bootstrap stage)")
    }

    /// Says that build tools are built by build tools without end.
    fn too_deep(&self, for_whom: &Name) -> Diagnostic {
        let message = if self.open.len() < UNIT_DEPTH_MAX {
            format!("more than {UNITS_MAX} environments of build tools, up to that of `{for_whom}`")
        } else {
            format!(
                "more than {UNIT_DEPTH_MAX} packages wait for each other as build tools, up to `{for_whom}`"
            )
        };
        self.given.at(Code::DependencyCycle, self.given.recipe_place(for_whom), message).help(
            "what is only linked with is a `host` dependency, and such chains may be of any length",
        )
    }
}

impl Given<'_> {
    /// What is known of the platform and the toolchain of build tools, or of what is wanted.
    pub(super) fn globals(&self, is_build: bool) -> &Arc<Globals> {
        if is_build { &self.build } else { &self.host }
    }

    /// What requests ask of a unit, of build tools or of what is wanted.
    pub(super) fn unit_request(&self, is_build: bool, requests: Vec<Request>) -> UnitRequest {
        let mut unit = UnitRequest { is_build, ..UnitRequest::default() };
        if requests.is_empty() {
            return unit;
        }
        for request in requests {
            let name = match self.meant(&request.package, request.place) {
                Ok(Meant::Package(name) | Meant::Interface(name)) => name,
                Err(diagnostic) => {
                    unit.diagnostics.push(*diagnostic);
                    continue;
                }
            };
            unit.needs.extend(self.request_needs(&name, request));
            if !unit.roots.contains(&name) {
                unit.roots.push(name);
            }
        }
        unit.needs.extend(self.policies.iter().map(|it| (it.0.clone(), (*it.1).clone())));
        if is_build {
            unit.key = key_of(&unit.needs);
        }
        unit
    }

    /// The name in the header of a recipe.
    fn recipe_place(&self, name: &Name) -> Place {
        let nowhere = Place { file: kiln_lang::Database::PACKAGE, start: 0, end: 0 };
        self.packages.get(name).map_or(nowhere, |it| it.place)
    }

    /// What a name stands for: a package, which for an interface may be one that a layer chose to
    /// provide it; or an interface that one of several packages is to provide.
    pub(super) fn meant(&self, name: &Name, place: Place) -> Result<Meant, Box<Diagnostic>> {
        let name = self.provider(name).unwrap_or_else(|| name.clone());
        match self.packages.brief(&name) {
            None => {
                let near = kiln_lang::nearest(&name, self.db.stems());
                let message =
                    format!("there is no package `{name}`{}", kiln_lang::did_you_mean(&near));
                Err(Box::new(self.at(Code::UnknownPackage, place, message)))
            }
            Some(package) if package.is_interface => {
                if !self.providers_of(&name).is_empty() {
                    return Ok(Meant::Interface(name));
                }
                let message = format!("`{name}` is an interface, and no recipe provides it");
                Err(Box::new(self.at(Code::Conflict, place, message).help(format!(
                    "a recipe does with `provides {name}`; or choose another one in the project: `providers.{name} = …`"
                ))))
            }
            Some(_) => Ok(Meant::Package(name)),
        }
    }

    fn request_needs(&self, name: &Name, request: Request) -> Vec<(Name, Need)> {
        if let Some(need) = request.need {
            return vec![(name.clone(), need)];
        }
        let req = match &request.reqs {
            Reqs::Known(req) => req.clone(),
            // Wishes are written outside of packages and read nothing.
            Reqs::Computed(_) | Reqs::Same => VersionReq::any(),
        };
        let mut needs = vec![(
            name.clone(),
            Need {
                by: request.by.clone(),
                asks: ThinVec::new(),
                req,
                place: request.place,
                text: request.text.clone(),
                from: Arc::default(),
                autos: ThinVec::new(),
                via: None,
                output: request.output.clone(),
                present: true,
                wish_above: Some(request.layers_below),
                is_policy: false,
                is_host_limit: false,
            },
        )];
        let mut asks = Vec::new();
        for item in &request.items {
            let Some(ask) = self.known_ask(item.of.as_ref().unwrap_or(name), item) else {
                continue;
            };
            match &item.of {
                None => asks.push(ask),
                // `vpp[dpdk.max_ethports = 128]`: a need placed on vpp's dpdk.
                Some(of) => needs.push((
                    of.clone(),
                    Need {
                        by: request.by.clone(),
                        asks: [ask].into_iter().collect(),
                        req: VersionReq::any(),
                        place: item.place,
                        text: request.text.clone(),
                        from: Arc::default(),
                        autos: ThinVec::new(),
                        via: None,
                        output: None,
                        present: false,
                        wish_above: None,
                        is_policy: false,
                        is_host_limit: false,
                    },
                )),
            }
        }
        needs[0].1.asks = asks.into_iter().collect();
        needs
    }

    pub(super) fn policy_need(&self, policy: &Policy) -> Need {
        let req = match &policy.reqs {
            Reqs::Known(req) => req.clone(),
            Reqs::Computed(_) | Reqs::Same => VersionReq::any(),
        };
        let asks =
            policy.items.iter().filter_map(|it| self.known_ask(&policy.package, it)).collect();
        let text = policy.message.clone().unwrap_or_else(|| "a policy of the project".to_owned());
        Need {
            by: "a policy".into(),
            asks,
            req,
            place: policy.place,
            text: text.into(),
            from: Arc::default(),
            autos: ThinVec::new(),
            via: None,
            output: None,
            present: false,
            wish_above: None,
            is_policy: true,
            is_host_limit: false,
        }
    }

    pub(super) fn known_ask(&self, package: &Name, item: &ItemDecl) -> Option<Ask> {
        let value = match &item.ask {
            AskDecl::Value(_, ValueDecl::Known(value)) => Some(value.clone()),
            AskDecl::Value(_, ValueDecl::Computed { .. }) => return None,
            AskDecl::Switch(_) | AskDecl::Has(_) => None,
        };
        let package = self.packages.get(package)?;
        ask(&package, item, value)
    }

    /// A version requirement, with what it reads of the package that says it.
    pub(super) fn req_for(&self, reqs: &Reqs, package: &Package, version: &Version) -> VersionReq {
        match reqs {
            Reqs::Known(req) => req.clone(),
            Reqs::Same => VersionReq::exactly(version.clone()),
            Reqs::Computed(reqs) => {
                let table = package.schema.table.clone();
                let mut evaluation = Evaluation::new(self.db, &table);
                let checked = self.db.checked(reqs.file);
                evaluation.version_req(&checked, reqs, version)
            }
        }
    }

    /// The layers' word on packages that are not available here.
    pub(super) fn unavailable_in_layers(
        &self,
        package: &Package,
        globals: &Globals,
        by: &[Arc<Need>],
        out: &mut Vec<Diagnostic>,
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
                    .and_then(|it| evaluation.constant(&layer.checked, it, &Locals::NONE))
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
                out.push(diagnostic);
            }
        }
    }
}

/// A text that is equal for needs that are answered by the same unit.
fn key_of(needs: &[(Name, Need)]) -> String {
    let mut key = String::new();
    if let [(name, need)] = needs {
        need.write_key(name, &mut key);
        return key;
    }
    let part = |(name, need): &(Name, Need)| {
        let mut part = String::new();
        need.write_key(name, &mut part);
        part
    };
    let mut parts: Vec<String> = needs.iter().map(part).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.join(";")
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
