//! Interfaces: names that several packages may stand for, which one does in a unit, and whether it
//! will do.
//!
//! Where a layer names one package (`providers.mpi = openmpi`), that is it. Elsewhere the packages
//! that provide the interface are tried in an order: first those that are needed by their own names
//! anyway, then those of the lock, then in the order that a layer gives (`auto(openmpi, mpich)`) or
//! else of their names. An interface is settled as a package is: after those that need it, and before
//! those that may provide it, to which it hands on the needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::{Code, Diagnostic, Version, VersionBound, VersionReq};
use lean_string::LeanStr;
use thin_vec::ThinVec;

use super::board::{Board, Source};
use super::node::Draft;
use super::order::Rank;
use super::search::{Clash, Learned, Pick, Var};
use super::unit::{Need, Settled};
use super::{Given, Solver, may_hold};
use crate::package::{Package, Place};
use crate::solution::{Influence, Influencer};

/// How often an interface may get another provider because of what is needed by name. In rings each
/// may take the reason for the other away.
const CHANGES_MAX: usize = 8;

/// How many providers of an interface a message names.
const PROVIDERS_SHOWN: usize = 6;

/// An interface that a package needs another one to provide, which a layer chose.
#[derive(Debug, Clone)]
pub(super) struct InterfaceUse {
    pub(super) role: Role,
    pub(super) interface: Name,
    /// The package that the layer chose for it.
    pub(super) provider: Name,
    /// What is asked of the interface's version.
    pub(super) req: VersionReq,
    /// Who asks.
    pub(super) by: LeanStr,
    pub(super) place: Place,
}

/// Who provides an interface in a unit, where no layer says so.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) rank: Arc<Rank>,
    pub(super) provider: Name,
    /// What is needed by its own name, of all that may provide it.
    named: Vec<Name>,
    /// Why it is this one.
    pub(super) history: Vec<Influence>,
    /// What else could provide it, as far as is known before it is tried.
    pub(super) others: Vec<Name>,
    /// Why none can be taken.
    clash: Option<Clash>,
}

/// What a name stands for.
pub(super) enum Meant {
    /// This package.
    Package(Name),
    /// This interface, which a package is to provide.
    Interface(Name),
}

impl Given<'_> {
    /// The packages that may provide an interface, in the order in which they are tried.
    pub(super) fn providers_of(&self, interface: &Name) -> Arc<[Name]> {
        match self.providers.get(interface) {
            Some(provider) => provider.packages.clone(),
            None => self.packages.providers(interface),
        }
    }

    /// The package that an interface stands for in a unit, if that is settled or likely.
    pub(super) fn provider_in(&self, board: &Board, interface: &Name) -> Option<Name> {
        if let Some(fixed) = self.provider(interface) {
            return Some(fixed);
        }
        if let Some(bound) = board.drafts.bound.get(interface) {
            return Some(bound.provider.clone());
        }
        let globals = &board.drafts.globals;
        let suits = |it: &Name| {
            let package = self.packages.get(it)?;
            Some(package.provides.iter().any(|it| {
                may_hold(&it.cond, globals) && it.interfaces.iter().any(|it| it.0 == *interface)
            }))
        };
        let providers = self.providers_of(interface);
        providers.iter().find(|it| suits(it) == Some(true)).or(providers.first()).cloned()
    }

    /// What a layer says of who provides an interface.
    pub(super) fn chosen_provider(&self, interface: &Name) -> Option<Influence> {
        let chosen = self.providers.get(interface)?;
        let by = Influencer::Layer(chosen.label.clone());
        Some(Influence::told(by, Some(chosen.place), &*chosen.text))
    }
}

impl Solver<'_> {
    /// Settles who provides an interface, and takes what is asked of it to that package.
    pub(super) fn settle_interface(
        &mut self,
        board: &mut Board,
        rank: &Arc<Rank>,
        needs: &[Arc<Need>],
    ) {
        let name = &rank.name;
        let mut bound = self.given.bind(board, rank, needs);
        while let Some(clash) = bound.clash.clone().filter(|it| board.is_certain(it, rank)) {
            match self.learn(board, clash, None) {
                Learned::News => {
                    board.rounds.clear();
                    board.is_first = false;
                }
                Learned::Nothing => {}
                Learned::NoSolution(causes) => {
                    board.no_solution.get_or_insert_default().extend(causes);
                }
            }
            if !board.dirty.remove(rank) {
                break;
            }
            bound = self.given.bind(board, rank, needs);
        }
        let asks = needs.iter().filter(|it| it.present).map(|it| {
            let need = Need {
                asks: ThinVec::new(),
                req: VersionReq::any(),
                via: Some(Box::new(name.clone())),
                ..(**it).clone()
            };
            (bound.provider.clone(), need)
        });
        let asks = asks.collect();
        let provider = bound.provider.clone();
        let before = board.drafts.bound.insert(name.clone(), bound);
        let changed = board.ask(&Source::package(rank), asks);
        self.mark(board, &changed);
        if before.as_ref().is_some_and(|it| it.provider == provider) {
            return;
        }
        // Whoever needs it has another package for it, if this is not the one that was likely.
        let is_other = |it: &Name| {
            let draft = board.drafts.by_name.get(it);
            let named = draft.into_iter().flat_map(|it| &it.edges);
            let mut edges = named.chain(board.injections.get(it).into_iter().flatten());
            before.is_some()
                || edges.any(|it| it.interface.as_deref() == Some(name) && it.to != provider)
        };
        let readers: Vec<Name> =
            board.readers_of(name, &[]).into_iter().filter(|it| is_other(it)).collect();
        self.mark(board, &readers);
        if before.is_some() {
            *board.rounds.entry(name.clone()).or_default() += 1;
        }
        let watchers = board.nogoods.watchers(name);
        self.mark(board, &watchers);
        if board.is_build {
            self.exports_beside(board);
        }
    }
}

impl Given<'_> {
    /// Chooses who provides an interface: the first that suits all needs, and that nothing that was
    /// learned speaks against.
    fn bind(&self, board: &mut Board, rank: &Arc<Rank>, needs: &[Arc<Need>]) -> Bound {
        let interface = &rank.name;
        let var = Var::of(interface);
        let all = self.providers_of(interface);
        for provider in all.iter() {
            let interfaces = board.candidates.entry(provider.clone()).or_default();
            if !interfaces.contains(interface) {
                interfaces.insert(interface.clone());
            }
        }
        let mut history: Vec<Influence> = self.chosen_provider(interface).into_iter().collect();
        let globals = &board.drafts.globals;
        let mut suitable: Vec<(Name, Arc<Package>)> = Vec::new();
        let mut rejecting: BTreeSet<usize> = BTreeSet::new();
        for provider in all.iter() {
            let Some(package) = self.packages.get(provider) else { continue };
            match needs.iter().position(|it| !may_provide(&package, interface, it, globals)) {
                Some(at) => {
                    rejecting.insert(at);
                    history.push(rejected(&package, interface, &needs[at]));
                }
                None => suitable.push((provider.clone(), package)),
            }
        }
        let locked = self.setup.prefer.providers(interface);
        let named = self.needed_by_name(board, interface, &all);
        let by_name = |it: &Name| named.iter().find(|named| named.0 == *it);
        let place = |it: &Name| locked.iter().position(|locked| locked == it);
        // Stable: as they stand otherwise.
        suitable.sort_by_key(|it| (by_name(&it.0).is_none(), place(&it.0).unwrap_or(locked.len())));
        let mut clash = Clash::default();
        let mut tried = Vec::new();
        for (at, (provider, _)) in suitable.iter().enumerate() {
            let pick = Pick::Provider(provider.clone());
            let Some(nogood) = board.nogoods.against(&board.drafts, &[], &var, &pick) else {
                if let Some((_, need)) = by_name(provider) {
                    let text = format!("`{provider}` is needed by its own name");
                    let by = Influencer::Need(need.by.clone());
                    history.push(Influence::told(by, Some(need.place), text));
                } else if locked.contains(provider) {
                    let text = format!("stays `{provider}`");
                    history.push(Influence::told(Influencer::Lock, None, text));
                }
                let others = suitable[at + 1..].iter().map(|it| it.0.clone()).collect();
                return Bound {
                    rank: rank.clone(),
                    provider: provider.clone(),
                    named: named.into_iter().map(|it| it.0).collect(),
                    history,
                    others,
                    clash: None,
                };
            };
            clash.choices.extend(nogood.others.iter().cloned());
            clash.causes.extend(&nogood.causes);
            if let Some(told) = nogood.causes.first().and_then(|it| board.told.get(*it)) {
                tried.push(format!("`{provider}`: {}", told.message));
                history.push(Influence::would_not_do(provider, told));
            }
        }
        for at in rejecting {
            clash.sources.extend(needs[at].sources());
        }
        if suitable.is_empty() {
            clash.diagnostic = Some(self.nobody_provides(interface, &all, needs));
        } else {
            tried.truncate(PROVIDERS_SHOWN);
            board.exhausted.insert(interface.clone(), (clash.causes.clone(), tried));
        }
        // It need not be there, if who needs it were another.
        let present = needs.iter().filter(|it| it.present);
        let is_blamed = |it: &&Arc<Need>| it.sources().all(|it| clash.sources.contains(&it));
        let need = present.clone().find(is_blamed).or_else(|| present.clone().next());
        clash.sources.extend(need.into_iter().flat_map(|it| it.sources()));
        let first = suitable.first().map(|it| &it.0).or(all.first());
        Bound {
            rank: rank.clone(),
            provider: first.unwrap_or(interface).clone(),
            named: named.into_iter().map(|it| it.0).collect(),
            history,
            others: Vec::new(),
            clash: Some(clash),
        }
    }

    /// Those among the packages that may provide an interface that are needed by their own names,
    /// whoever provides it: what only a provider needs by name would be gone with it.
    fn needed_by_name(
        &self,
        board: &Board,
        interface: &Name,
        all: &[Name],
    ) -> Vec<(Name, Arc<Need>)> {
        let is_named = |it: &Arc<Need>| it.present && it.via.is_none();
        let named = all.iter().map(|it| (it, board.needs(it)));
        let named: Vec<(&Name, Vec<Arc<Need>>)> = named
            .map(|(name, needs)| (name, needs.iter().filter(|it| is_named(it)).cloned().collect()))
            .filter(|it: &(_, Vec<_>)| !it.1.is_empty())
            .collect();
        let changes = board.rounds.get(interface).copied().unwrap_or_default();
        if named.is_empty() || changes >= CHANGES_MAX {
            return Vec::new();
        }
        let others = board.supported(Some(interface));
        let is_free = |it: &Arc<Need>| it.from.iter().all(|it| others.contains(it));
        let found = named
            .into_iter()
            .filter_map(|(name, needs)| Some((name.clone(), needs.into_iter().find(is_free)?)));
        found.collect()
    }

    /// Marks the interfaces of which other packages are needed by their own names than they were.
    pub(super) fn check_interfaces(&self, board: &mut Board) {
        let changed = board.drafts.bound.iter().filter(|(interface, bound)| {
            let all = self.providers_of(interface);
            let now = self.needed_by_name(board, interface, &all);
            now.iter().map(|it| &it.0).ne(&bound.named)
        });
        let ranks: Vec<Arc<Rank>> = changed.map(|it| it.1.rank.clone()).collect();
        board.dirty.extend(ranks);
    }

    /// Says that no package provides an interface as it is needed.
    fn nobody_provides(
        &self,
        interface: &Name,
        providers: &[Name],
        needs: &[Arc<Need>],
    ) -> Diagnostic {
        let asking: Vec<&Arc<Need>> = needs.iter().filter(|it| !it.req.is_any()).collect();
        let mut wanted: Vec<String> = asking.iter().map(|it| it.req.to_string()).collect();
        wanted.sort();
        wanted.dedup();
        let place = asking.first().copied().or(needs.first());
        let place = place.map_or(super::NOWHERE, |it| it.place);
        let message = if wanted.is_empty() {
            format!("nothing that provides `{interface}` does so here")
        } else {
            format!("nothing provides `{interface}` {}", wanted.join(" and "))
        };
        let mut diagnostic = self.at(Code::Conflict, place, message).here("needed here");
        for need in asking.iter().filter(|it| it.place != place) {
            diagnostic = diagnostic.label(
                need.place.file,
                need.place.range(),
                format!("{} asks for {}", need.by, need.req),
            );
        }
        if let Some(chosen) = self.providers.get(interface) {
            let place = chosen.place;
            diagnostic = diagnostic.label(place.file, place.range(), "chosen here");
        }
        let offers: Vec<String> = providers
            .iter()
            .take(PROVIDERS_SHOWN)
            .filter_map(|it| {
                let package = self.packages.get(it)?;
                let offered = offers_of(&package, interface);
                (!offered.is_empty()).then(|| format!("`{it}` provides {}", offered.join(" or ")))
            })
            .collect();
        if !offers.is_empty() {
            diagnostic = diagnostic.help(offers.join("; "));
        }
        diagnostic
    }

    //------ whether who was chosen will do

    /// The interfaces that packages of this unit were chosen to provide, and do not.
    pub(super) fn unprovided(&self, board: &Board) -> Vec<(Name, Clash)> {
        let mut found = Vec::new();
        for (name, draft) in &board.drafts.by_name {
            for used in draft.interfaces.iter().filter(|it| it.role != Role::Build) {
                let Some(provider) = board.drafts.by_name.get(&used.provider) else { continue };
                if let Some(diagnostic) = self.unprovided_by(used, provider, true) {
                    let mut clash = Clash::of_draft(draft, diagnostic);
                    clash.sources.extend(provider.vars());
                    found.push((name.clone(), clash));
                }
            }
        }
        for (interface, bound) in &board.drafts.bound {
            if let Some(clash) = &bound.clash {
                found.push((interface.clone(), clash.clone()));
                continue;
            }
            let Some(provider) = board.drafts.by_name.get(&bound.provider) else { continue };
            for need in board.needs(interface).iter().filter(|it| it.present) {
                let used = InterfaceUse {
                    role: Role::Host,
                    interface: interface.clone(),
                    provider: bound.provider.clone(),
                    req: need.req.clone(),
                    by: need.by.clone(),
                    place: need.place,
                };
                if let Some(diagnostic) = self.unprovided_by(&used, provider, false) {
                    let mut clash = Clash { diagnostic: Some(diagnostic), ..Clash::default() };
                    // That it provides nothing of the kind is so whoever needs it.
                    clash.sources.insert(Var::of(interface));
                    clash.sources.extend(provider.vars());
                    if provider.provides.iter().any(|it| it.0 == *interface) {
                        clash.sources.extend(need.sources());
                    }
                    found.push((interface.clone(), clash));
                }
            }
        }
        found
    }

    /// As [`unprovided`](Self::unprovided), of the build tools of a package that layers chose.
    pub(super) fn unprovided_tools(&self, draft: &Draft, unit: &Settled) -> Vec<Diagnostic> {
        let tools = draft.interfaces.iter().filter(|it| it.role == Role::Build);
        tools
            .filter_map(|used| {
                self.unprovided_by(used, unit.drafts.by_name.get(&used.provider)?, true)
            })
            .collect()
    }

    fn unprovided_by(
        &self,
        used: &InterfaceUse,
        by_whom: &Draft,
        is_fixed: bool,
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
            let chosen = if is_fixed { "was chosen to" } else { "could" };
            format!("`{provider}` {chosen} provide `{interface}`, but {why}")
        } else {
            let offers: Vec<&VersionReq> = offers.map(|it| &it.1).collect();
            if offers.iter().any(|it| offers_enough(it, &used.req)) {
                return None;
            }
            let offered: Vec<String> = offers.iter().map(|it| it.to_string()).collect();
            format!(
                "{} needs `{interface}` {}, but `{provider}` provides {}",
                used.by,
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
        let providers = self.packages.providers(interface);
        let found: Vec<&str> =
            providers.iter().take(PROVIDERS_SHOWN).map(|it| it.as_str()).collect();
        let choose = format!("choose who provides it in the project: `providers.{interface} = …`");
        if found.is_empty() {
            format!("{choose}; no recipe here says `provides {interface}`")
        } else {
            format!("{choose}; {} can", kiln_lang::list(&found, "and"))
        }
    }
}

/// Says that a package does not provide an interface as it is needed.
fn rejected(package: &Package, interface: &Name, need: &Need) -> Influence {
    let offers = offers_of(package, interface);
    let text = if offers.is_empty() || need.req.is_any() {
        format!("{} does not provide it here", package.name)
    } else {
        format!("{} provides {}, and not {}", package.name, offers.join(" or "), need.req)
    };
    Influence::told(Influencer::Need(need.by.clone()), Some(need.place), text)
}

/// The versions of an interface that a package may provide; none if it does not say.
fn offers_of(package: &Package, interface: &Name) -> Vec<String> {
    let all = package.provides.iter().flat_map(|it| &it.interfaces);
    let versions = all.filter(|it| it.0 == *interface && !it.1.is_any());
    let offers: BTreeSet<String> = versions.map(|it| it.1.to_string()).collect();
    offers.into_iter().collect()
}

/// Whether a package may provide an interface as it is needed, however it is configured.
fn may_provide(
    package: &Package,
    interface: &Name,
    need: &Need,
    globals: &crate::solution::Globals,
) -> bool {
    package.provides.iter().filter(|it| may_hold(&it.cond, globals)).any(|it| {
        it.interfaces.iter().any(|it| it.0 == *interface && offers_enough(&it.1, &need.req))
    })
}

/// Whether a version that is provided may be one that is asked for. Who provides an interface without
/// saying which version of it provides all.
pub(crate) fn offers_enough(offered: &VersionReq, asked: &VersionReq) -> bool {
    if asked.is_any() || offered.is_any() || offered == asked {
        return true;
    }
    // Where two ranges meet, one of them ends, or there is no end below.
    let ends = offered.any_of().iter().chain(asked.any_of()).flatten().map(|it| match &it.1 {
        VersionBound::Exact(version) | VersionBound::Series(version) => version.clone(),
    });
    ends.chain([Version::new("0")]).any(|it| offered.matches(&it) && asked.matches(&it))
}
