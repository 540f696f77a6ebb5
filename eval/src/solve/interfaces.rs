//! Interfaces: names that several packages may stand for, and whether the one that does so will do.

use kiln_lang::module::{Name, Role};
use kiln_lang::{Code, Diagnostic, Version, VersionBound, VersionReq};

use super::Solver;
use super::board::Board;
use super::node::Draft;
use super::search::Clash;
use super::unit::Settled;
use crate::package::Place;

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
    /// The interfaces that packages of this unit were chosen to provide, and do not.
    pub(super) fn unprovided(&self, board: &Board) -> Vec<(Name, Clash)> {
        let mut found = Vec::new();
        for (name, draft) in &board.drafts.by_name {
            for used in draft.interfaces.iter().filter(|it| it.role != Role::Build) {
                let Some(provider) = board.drafts.by_name.get(&used.provider) else { continue };
                if let Some(diagnostic) = self.unprovided_by(draft, used, provider) {
                    let mut clash = Clash::of_draft(draft, diagnostic);
                    clash.sources.insert(used.provider.clone());
                    found.push((name.clone(), clash));
                }
            }
        }
        found
    }

    /// As [`unprovided`](Self::unprovided), of the build tools of a package.
    pub(super) fn unprovided_tools(&self, draft: &Draft, unit: &Settled) -> Vec<Diagnostic> {
        let tools = draft.interfaces.iter().filter(|it| it.role == Role::Build);
        tools
            .filter_map(|used| {
                self.unprovided_by(draft, used, unit.drafts.by_name.get(&used.provider)?)
            })
            .collect()
    }

    fn unprovided_by(
        &self,
        by: &Draft,
        used: &InterfaceUse,
        by_whom: &Draft,
    ) -> Option<Diagnostic> {
        let InterfaceUse { interface, provider, .. } = used;
        let mut offers = by_whom.provides.iter().filter(|it| it.0 == *interface).peekable();
        let message = if offers.peek().is_none() {
            let declares = by_whom
                .package
                .provides
                .iter()
                .any(|it| it.interfaces.iter().any(|it| it.0 == *interface));
            let why = if declares { "not as it is configured here" } else { "it does not" };
            format!("`{provider}` was chosen to provide `{interface}`, but {why}")
        } else {
            let offers: Vec<&VersionReq> = offers.map(|it| &it.1).collect();
            if offers.iter().any(|it| offers_enough(it, &used.req)) {
                return None;
            }
            let offered: Vec<String> = offers.iter().map(|it| it.to_string()).collect();
            format!(
                "{} needs `{interface}` {}, but `{provider}` provides {}",
                by.title(),
                used.req,
                offered.join(" and ")
            )
        };
        let mut diagnostic = self.at(Code::Conflict, used.place, message).here("needed here");
        if let Some(chosen) = self.providers.get(interface) {
            let place = chosen.place;
            diagnostic = diagnostic.label(place.file, place.range(), "chosen here");
        }
        Some(diagnostic.help(self.how_to_provide(interface)))
    }

    /// What to write to choose who provides an interface.
    pub(super) fn how_to_provide(&self, interface: &Name) -> String {
        if let Some(told) = self.how_to_provide.borrow().get(interface) {
            return told.clone();
        }
        let stems: Vec<&str> = self.db.stems().take(FILES_MAX).collect();
        let provides = |it: &&str| {
            self.packages.get(&Name::new(it)).is_some_and(|it| {
                it.provides.iter().any(|it| it.interfaces.iter().any(|it| it.0 == *interface))
            })
        };
        let found: Vec<&str> = stems.into_iter().filter(provides).take(6).collect();
        let choose = format!("choose who provides it in the project: `providers.{interface} = …`");
        let told = if found.is_empty() {
            format!("{choose}; no recipe here says `provides {interface}`")
        } else {
            format!("{choose}; {} can", kiln_lang::list(&found, "and"))
        };
        self.how_to_provide.borrow_mut().insert(interface.clone(), told.clone());
        told
    }
}

/// Whether a version that is provided may be one that is asked for. Who provides an interface without
/// saying which version of it provides all.
fn offers_enough(offered: &VersionReq, asked: &VersionReq) -> bool {
    if asked.is_any() || offered.is_any() || offered == asked {
        return true;
    }
    // Where two ranges meet, one of them ends, or there is no end below.
    let ends = offered.any_of.iter().chain(&asked.any_of).flatten().map(|it| match &it.1 {
        VersionBound::Exact(version) | VersionBound::Series(version) => version.clone(),
    });
    ends.chain([Version::new("0")]).any(|it| offered.matches(&it) && asked.matches(&it))
}
