//! Exports: what a package brings to those that it is built or linked with.
//!
//! ```text
//! dependent ─build▶ tool      build_to_host, build_to_run     into the dependent's unit
//!                   tool      build_to_build                  beside the tool
//! dependent ─host─▶ library   host_to_host, host_to_run       to the dependent
//! dependent ─host─▶ library   noarch_to_run                   if the dependent compiles nothing
//! ```
//!
//! A dependent takes the exports of what it names and of what was injected by an export, never of
//! what merely came along. Limits bring nothing: they count if the package is there for another
//! reason, in the dependent's host environment or anywhere in its unit.

use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::VersionReq;
use kiln_lang::module::{Name, Role};
use kiln_lang::types::Object;
use lean_string::LeanStr;
use thin_vec::ThinVec;

use super::board::{Asked, Board, Drafts, Source};
use super::interfaces::Meant;
use super::node::{Draft, DraftEdge, DraftInjection, InjectedBy};
use super::options::Options;
use super::parts::{MeantPart, meant_part};
use super::search::Clash;
use super::unit::{Need, ask};
use super::{Given, Solver};
use crate::condition::Cond;
use crate::evaluate::Packages;
use crate::package::{AskDecl, ExportDecl, ExportFrom, ValueDecl};
use crate::value::Value;

/// What a package gets by exports.
#[derive(Default)]
struct Taken {
    edges: ThinVec<DraftEdge>,
    asks: Asked,
    clashes: ThinVec<Clash>,
    /// The interfaces that others are to provide.
    interfaces: BTreeSet<Name>,
}

/// What a package is linked with, named or injected, each once: those that export something. Most
/// packages export nothing, and some have thousands that are linked with them.
#[derive(Default)]
struct Libraries {
    order: Vec<Name>,
    known: BTreeSet<Name>,
}

impl Libraries {
    fn add(&mut self, packages: &Packages<'_>, name: &Name) {
        if packages.brief(name).is_some_and(|it| it.has_exports) && !self.known.contains(name) {
            self.known.insert(name.clone());
            self.order.push(name.clone());
        }
    }
}

impl Solver<'_> {
    /// Gives a package what it gets by exports, in the place of what it got before.
    pub(super) fn take_exports(&mut self, board: &mut Board, name: &Name) {
        let Some(draft) = board.drafts.by_name.get(name) else { return };
        // Most packages get nothing, and got nothing.
        if !draft.needs_exporters && draft.build_units().all(|it| !it.has_exporters) {
            if !board.takers_of_any.contains(name) {
                return;
            }
        } else {
            board.takers_of_any.insert(name.clone());
        }
        let rank = draft.rank.clone();
        let mut taken = Taken::default();
        let mut libraries = Libraries::default();
        for edge in draft.edges.iter().filter(|it| it.role == Role::Host) {
            libraries.add(self.given.packages, &edge.to);
        }
        self.given.exports_of_tools(board, draft, &mut taken, &mut libraries);
        let mut at = 0;
        while let Some(library) = libraries.order.get(at).cloned() {
            self.given.exports_of_library(board, draft, &library, &mut taken, &mut libraries);
            at += 1;
        }
        // A limit on the host environment is no matter of packages that are only needed to run.
        if taken.asks.iter().any(|it| it.1.is_host_limit) {
            if board.injections.get(name) != Some(&taken.edges) {
                board.injections.insert(name.clone(), taken.edges.clone());
            }
            let environment = board.host_environment(name);
            taken.asks.retain(|name, need| !need.is_host_limit || environment.contains(name));
        }
        for library in &libraries.order {
            let takers = board.takers.entry(library.clone()).or_default();
            if !takers.contains(name) {
                takers.insert(name.clone());
            }
        }
        if let Some(draft) = board.drafts.by_name.get_mut(name) {
            draft.export_clashes = taken.clashes;
        }
        if taken.edges.is_empty() {
            board.injections.remove(name);
        } else {
            board.injections.insert(name.clone(), taken.edges);
        }
        board.note_reads(name, &taken.interfaces);
        let changed = board.ask(&Source::exports(&rank), taken.asks);
        self.mark(board, &changed);
    }
}

impl Given<'_> {
    /// What the build tools of a package export into its host and run environments.
    fn exports_of_tools(
        &self,
        board: &Board,
        draft: &Draft,
        taken: &mut Taken,
        libraries: &mut Libraries,
    ) {
        for (unit, root) in
            draft.build_units().flat_map(|it| it.roots.iter().map(move |root| (it, &root.0)))
        {
            let Some(tool) = unit.drafts.by_name.get(root) else { continue };
            for export in &tool.package.exports {
                let key = export.key;
                if key.from == ExportFrom::Host
                    || key.to == Role::Build
                    || draft.is_noarch() != (key.from == ExportFrom::NoArch)
                    || !unit.drafts.holds(root, &export.dep.cond)
                    || !takes(draft, tool, export)
                    || draft.ignores(&board.drafts, root, export)
                {
                    continue;
                }
                let by = format!("{} (export)", tool.title()).into();
                let from = [draft.package.name.clone()].into();
                let injection = DraftInjection {
                    by: InjectedBy::Tool(root.clone()),
                    key,
                    place: export.dep.place,
                };
                let export = (&unit.drafts, &**tool, export);
                self.take((board, draft), export, (by, from, injection), taken, libraries);
            }
        }
    }

    /// What a package that another is linked with exports to it.
    fn exports_of_library(
        &self,
        board: &Board,
        draft: &Draft,
        library: &Name,
        taken: &mut Taken,
        libraries: &mut Libraries,
    ) {
        let Some(exporter) = board.drafts.by_name.get(library) else { return };
        for export in &exporter.package.exports {
            let key = export.key;
            // A library that is linked statically need not be there when the program runs.
            let is_moot = key.from == ExportFrom::Host && key.to == Role::Run && is_static(board);
            if key.from == ExportFrom::Build
                || is_moot
                || draft.is_noarch() != (key.from == ExportFrom::NoArch)
                || !board.drafts.holds(library, &export.dep.cond)
                || !takes(draft, exporter, export)
                || draft.ignores(&board.drafts, library, export)
            {
                continue;
            }
            let by = format!("{} (exported by {library})", draft.title()).into();
            let from = [draft.package.name.clone(), library.clone()].into();
            let injection = DraftInjection {
                by: InjectedBy::Package(library.clone()),
                key,
                place: export.dep.place,
            };
            let export = (&board.drafts, &**exporter, export);
            self.take((board, draft), export, (by, from, injection), taken, libraries);
        }
    }

    /// Takes one export.
    fn take(
        &self,
        (board, draft): (&Board, &Draft),
        (drafts, exporter, export): (&Drafts, &Draft, &ExportDecl),
        (by, from, injection): (LeanStr, Arc<[Name]>, DraftInjection),
        taken: &mut Taken,
        libraries: &mut Libraries,
    ) {
        let is_tool = matches!(injection.by, InjectedBy::Tool(_));
        let (asked, mut need) = match self.export_need(drafts, exporter, export) {
            Ok(it) => it,
            Err(clash) => {
                taken.clashes.push(*clash);
                return;
            }
        };
        let (interface, target) = match asked {
            Meant::Package(name) => (None, name),
            Meant::Interface(name) => {
                let provider = self.provider_in(board, &name).unwrap_or_else(|| name.clone());
                (Some(name), provider)
            }
        };
        // What a library says of its own version is so, as it is the one that says it.
        if !is_tool && target == exporter.package.name && need.req.matches(&exporter.version) {
            need.req = VersionReq::any();
        }
        need.by = by;
        need.from = from;
        if is_tool {
            // The tool is in another unit.
            need.autos = ThinVec::new();
        }
        need.is_host_limit = export.key.limit && export.key.to == Role::Host;
        let asked = interface.as_ref().unwrap_or(&target).clone();
        if let Some(interface) = &interface {
            taken.interfaces.insert(interface.clone());
        }
        let is_there = |edges: &[DraftEdge]| {
            edges.iter().any(|it| {
                it.to == target && it.role == export.key.to && it.output == export.dep.output
            })
        };
        if !export.key.limit && !is_there(&draft.edges) && !is_there(&taken.edges) {
            taken.edges.push(DraftEdge {
                role: export.key.to,
                to: target.clone(),
                interface: interface.map(Box::new),
                name: target.clone(),
                output: export.dep.output.clone(),
                injected: Some(Box::new(injection)),
            });
            if export.key.to == Role::Host {
                libraries.add(self.packages, &target);
            }
        }
        taken.asks.add(asked, need);
    }
}

impl Solver<'_> {
    /// What build tools export into the build environment that they stand in.
    pub(super) fn exports_beside(&mut self, board: &mut Board) {
        if !board.is_build {
            return;
        }
        let mut injected: Vec<(Name, DraftInjection)> = Vec::new();
        let mut asks = Asked::default();
        let mut open: Vec<Name> =
            board.roots.iter().map(|it| board.drafts.named(it).clone()).collect();
        let mut seen: BTreeSet<Name> = open.iter().cloned().collect();
        let mut at = 0;
        while let Some(name) = open.get(at).cloned() {
            at += 1;
            let Some(exporter) = board.drafts.by_name.get(&name) else { continue };
            for export in &exporter.package.exports {
                if export.key.from != ExportFrom::Build
                    || export.key.to != Role::Build
                    || export.output.is_some()
                    || !board.drafts.holds(&name, &export.dep.cond)
                {
                    continue;
                }
                let need = self.given.export_need(&board.drafts, exporter, export);
                let Ok((Meant::Package(asked) | Meant::Interface(asked), need)) = need else {
                    continue;
                };
                let target = board.drafts.named(&asked).clone();
                if !export.key.limit && seen.insert(target.clone()) {
                    let by = InjectedBy::Package(name.clone());
                    let place = export.dep.place;
                    injected.push((target.clone(), DraftInjection { by, key: export.key, place }));
                    open.push(target);
                }
                asks.add(asked, need);
            }
        }
        board.injected_roots = injected;
        let changed = board.ask(&Source::BESIDE, asks);
        self.mark(board, &changed);
    }
}

impl Given<'_> {
    /// The need that an export places on what it exports.
    fn export_need(
        &self,
        drafts: &Drafts,
        exporter: &Draft,
        export: &ExportDecl,
    ) -> Result<(Meant, Need), Box<Clash>> {
        let package = &exporter.package;
        let meant = self
            .meant(&export.dep.package, export.dep.place)
            .map_err(|it| Box::new(Clash::of_draft(exporter, *it)))?;
        let mut req = self.req_for(&export.dep.reqs, package, &exporter.version);
        let mut via = None;
        let (Meant::Package(target) | Meant::Interface(target)) = &meant;
        if matches!(meant, Meant::Package(_)) && *target != export.dep.package {
            // What is asked of the interface's version is no matter of the provider's own.
            req = VersionReq::any();
            via = Some(Box::new(export.dep.package.clone()));
        }
        let of = self.packages.get(target);
        let asks = export
            .dep
            .items
            .iter()
            .filter_map(|it| {
                let value = match &it.ask {
                    AskDecl::Value(_, ValueDecl::Known(value)) => Some(value.clone()),
                    AskDecl::Value(_, ValueDecl::Computed { file, expr, locals }) => {
                        let mut options = Options::of_draft(self.db, self.setup, exporter, drafts);
                        options.evaluate(*file, *expr, locals)
                    }
                    AskDecl::Switch(_) | AskDecl::Has(_) => None,
                };
                ask(of.as_ref()?, it, value)
            })
            .collect();
        let need = Need {
            by: format!("{} (export)", exporter.title()).into(),
            asks,
            req,
            place: export.dep.place,
            text: export.dep.text.clone(),
            from: [package.name.clone()].into(),
            autos: match &export.dep.cond {
                Cond::True => ThinVec::new(),
                _ => exporter.vars().filter(|it| it.option.is_some()).collect(),
            },
            via,
            output: export.dep.output.clone(),
            present: !export.key.limit,
            wish_above: None,
            is_policy: false,
            is_host_limit: false,
        };
        Ok((meant, need))
    }
}

/// Whether a package depends on the output that exports something, if it is not all of them.
fn takes(draft: &Draft, exporter: &Draft, export: &ExportDecl) -> bool {
    let Some(output) = &export.output else { return true };
    let compiles = draft.compiles.iter().flat_map(|it| &it.build_edges);
    let mut edges = draft.edges.iter().chain(&draft.build_edges).chain(compiles);
    edges.any(|it| {
        let part = || meant_part(&exporter.package, it.output.as_deref());
        it.to == exporter.package.name
            && matches!(part(), MeantPart::Output(_, decl) if decl.name == *output)
    })
}

/// Whether what is linked is linked statically.
fn is_static(board: &Board) -> bool {
    let link = (Object::Toolchain, Name::from_static_str("link"));
    matches!(
        board.drafts.globals.values.get(&link),
        Some(Value::Enum(of, at)) if of.values[*at as usize] == "static"
    )
}
