//! Interfaces: names that several packages may stand for, and whether the one that does so will do.

use kiln_lang::module::{Name, Role};
use kiln_lang::{Code, Comparison, VersionBound, VersionReq};

use super::Solver;
use super::node::Draft;
use super::unit::Draftboard;
use crate::package::Place;
use crate::solution::UnitId;

/// Of how many files the packages are looked through for a message that names providers.
const FILES_MAX: usize = 2_000;

/// An interface that a package needs another one to provide.
#[derive(Debug, Clone)]
pub(super) struct InterfaceUse {
    pub(super) role: Role,
    pub(super) interface: Name,
    /// The package that a layer chose for it.
    pub(super) provider: Name,
    /// What is asked of the interface's version.
    pub(super) req: VersionReq,
    pub(super) place: Place,
}

impl Solver<'_> {
    /// Reports interfaces that packages of this unit were chosen to provide, and do not.
    pub(super) fn check_interfaces(&mut self, board: &Draftboard) {
        for draft in board.drafts.values() {
            for used in draft.interfaces.iter().filter(|it| it.role != Role::Build) {
                if let Some(provider) = board.drafts.get(&used.provider) {
                    self.check_interface(&draft.title(), used, &provider.provides);
                }
            }
        }
    }

    /// As [`check_interfaces`](Self::check_interfaces), of the build tools of a package.
    pub(super) fn check_tools(&mut self, draft: &Draft, unit: UnitId) {
        for used in draft.interfaces.iter().filter(|it| it.role == Role::Build) {
            let Some(node) = self.solution.unit(unit).by_name.get(&used.provider).copied() else {
                continue;
            };
            let package = self.solution.node(node).package.clone();
            let provides: Vec<(Name, VersionReq)> = package
                .provides
                .iter()
                .filter(|it| self.node_holds(node, &it.cond))
                .flat_map(|it| it.interfaces.clone())
                .collect();
            self.check_interface(&draft.title(), used, &provides);
        }
    }

    fn check_interface(&mut self, by: &str, used: &InterfaceUse, provides: &[(Name, VersionReq)]) {
        let InterfaceUse { interface, provider, .. } = used;
        let mut offers = provides.iter().filter(|it| it.0 == *interface).peekable();
        let message = if offers.peek().is_none() {
            let declares = self.packages.get(provider).is_some_and(|it| {
                it.provides.iter().any(|it| it.interfaces.iter().any(|it| it.0 == *interface))
            });
            let why = if declares { "not as it is configured here" } else { "it does not" };
            format!("`{provider}` was chosen to provide `{interface}`, but {why}")
        } else {
            let offers: Vec<&VersionReq> = offers.map(|it| &it.1).collect();
            if offers.iter().any(|it| offers_enough(it, &used.req)) {
                return;
            }
            let offered: Vec<String> = offers.iter().map(|it| it.to_string()).collect();
            format!(
                "{by} needs `{interface}` {}, but `{provider}` provides {}",
                used.req,
                offered.join(" and ")
            )
        };
        let mut diagnostic = self.at(Code::Conflict, used.place, message).here("needed here");
        if let Some(chosen) = self.providers.get(interface) {
            let place = chosen.place;
            diagnostic = diagnostic.label(place.file, place.range(), "chosen here");
        }
        let diagnostic = diagnostic.help(self.how_to_provide(interface));
        self.report(diagnostic);
    }

    /// What to write to choose who provides an interface.
    pub(super) fn how_to_provide(&self, interface: &Name) -> String {
        let stems: Vec<&str> = self.db.stems().take(FILES_MAX).collect();
        let provides = |it: &&str| {
            self.packages.get(&Name::new(it)).is_some_and(|it| {
                it.provides.iter().any(|it| it.interfaces.iter().any(|it| it.0 == *interface))
            })
        };
        let found: Vec<&str> = stems.into_iter().filter(provides).take(6).collect();
        let choose = format!("choose who provides it in the project: `providers.{interface} = …`");
        if found.is_empty() {
            return format!("{choose}; no recipe here says `provides {interface}`");
        }
        format!("{choose}; {} can", kiln_lang::list(&found, "and"))
    }
}

/// Whether a version that is provided is one that is asked for. Who provides an interface without
/// saying which version of it provides all.
fn offers_enough(offered: &VersionReq, asked: &VersionReq) -> bool {
    if asked.is_any() || offered.is_any() || offered == asked {
        return true;
    }
    offered.any_of.iter().flatten().any(|it| match it {
        (Comparison::Equal, VersionBound::Exact(version)) => asked.matches(version),
        _ => false,
    })
}
