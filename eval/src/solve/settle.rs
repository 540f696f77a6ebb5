//! Settling: every package of a unit follows from what is asked of it.
//!
//! ```text
//! needs of a package ─▶ version, options ─▶ its own needs ─▶ packages below it
//!                            ▲                                     │ exports
//!                            └────── conditions on others ◀────────┘
//! ```
//!
//! A package is settled when something that it follows from has changed, dependents first, until
//! nothing is left to do. Without rings each is settled about once, and the result is the only one
//! that there is. In a ring it is the one that is reached; where none is, the ring is reported.
//! What nothing wanted leads to is taken away in between: packages of a ring may hold each other up.

use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::{Code, Diagnostic, in_batches};
use thin_vec::ThinVec;

use super::ahead::{Ahead, Foreseen, Line};
use super::board::{Asked, Board, Drafts, Source};
use super::node::{Draft, DraftInjection};
use super::order::Rank;
use super::search::{Clash, Learned, NOGOODS_MAX, learn};
use super::unit::Settled;
use super::{Given, Solver};

/// How often a package may become another before its ring is said to have no end. Real ones need
/// fewer than ten times.
const ROUNDS_MAX: usize = 64;

/// How many packages a thread looks through at a time: as many as take longer than making a thread.
const BATCH: usize = 512;

impl Solver<'_> {
    /// Settles a unit whose requests are on the board.
    pub(super) fn settle(&mut self, mut board: Board) -> Settled {
        let mut conflicts = self.search(&mut board);
        if !conflicts.is_empty() && board.is_build {
            // Nothing is made of it, and there may be many.
            let mut said: Vec<Diagnostic> = Vec::new();
            for draft in board.drafts.by_name.values() {
                said.extend(draft.package.mistakes.iter().cloned());
            }
            said.extend(conflicts);
            board = Board::new(true, board.drafts.globals, board.drafts.fixed);
            conflicts = said;
        }
        let named = board.roots.iter().map(|it| (board.drafts.named(it).clone(), None));
        let injected = board.injected_roots.iter().map(|it| (it.0.clone(), Some(it.1.clone())));
        let mut roots: Vec<(Name, Option<DraftInjection>)> = Vec::new();
        for root in named.chain(injected) {
            // An interface, and the package that provides it.
            if !roots.iter().any(|it| it.0 == root.0) {
                roots.push(root);
            }
        }
        let none = Drafts::new(board.drafts.globals.clone(), board.drafts.fixed.clone());
        let exports = |it: &Name| self.given.packages.brief(it).is_some_and(|it| it.has_exports);
        let settled = Settled {
            is_build: board.is_build,
            has_exporters: roots.iter().any(|it| exports(&it.0)),
            roots,
            drafts: std::mem::replace(&mut board.drafts, none),
            injections: std::mem::take(&mut board.injections),
            conflicts,
        };
        self.given.leave(board);
        settled
    }

    /// Settles until nothing clashes; returns why that cannot be.
    fn search(&mut self, board: &mut Board) -> Vec<Diagnostic> {
        loop {
            if let Err(ring) = self.propagate(board) {
                return vec![*ring];
            }
            if let Some(causes) = &board.no_solution {
                return board.explain(causes);
            }
            let clashes = self.given.clashes(board);
            if clashes.is_empty() && board.diagnostics.is_empty() {
                return Vec::new();
            }
            if !board.diagnostics.is_empty() || !clashes.iter().all(Clash::may_be_avoided) {
                let mut all = std::mem::take(&mut board.diagnostics);
                all.extend(clashes.into_iter().filter_map(|it| it.diagnostic));
                return all;
            }
            board.rounds.clear();
            let mut has_news = false;
            for clash in clashes {
                match self.learn(board, clash, None) {
                    Learned::News => has_news = true,
                    Learned::Nothing => {}
                    Learned::NoSolution(causes) => return board.explain(&causes),
                }
            }
            board.is_first = false;
            if !has_news || board.nogoods.count > NOGOODS_MAX {
                let mut said = board.explain(&board.first_told);
                if board.nogoods.count > NOGOODS_MAX
                    && let Some(diagnostic) = said.pop()
                {
                    self.has_given_up = true;
                    said.push(diagnostic.help(format!(
                        "{NOGOODS_MAX} other ways to choose were tried without an end; fix the version, or an option with `auto(…)`, of one of these packages"
                    )));
                }
                return said;
            }
        }
    }

    /// Learns from a clash, of a package that is just being settled or of the unit as it is.
    pub(super) fn learn(
        &mut self,
        board: &mut Board,
        mut clash: Clash,
        draft: Option<&Draft>,
    ) -> Learned {
        match &clash.diagnostic {
            Some(diagnostic) => {
                let number = board.tell(diagnostic);
                clash.causes.insert(number);
                // Told are the clashes of the newest versions.
                let is_newest = draft.is_none_or(|it| {
                    let name = it.package.name.clone();
                    let tried = (it.version.clone(), it.autos.clone());
                    *board.first_tried.entry(name).or_insert_with(|| tried.clone()) == tried
                });
                if board.is_first && is_newest && board.first_told.insert(number) {
                    let hint = self.given.hint(board, &clash, draft, diagnostic.clone());
                    board.shown.insert(number, hint.diagnostic.clone());
                    self.hints.push(hint);
                }
            }
            None => board.is_first &= draft.is_none(),
        }
        self.given.add_unasked(board, &mut clash, draft);
        learn(board, &clash, draft)
    }
}

impl Given<'_> {
    /// What is wrong with a unit as it is settled, dependents first.
    fn clashes(&self, board: &Board) -> ThinVec<Clash> {
        let drafts: Vec<&Draft> = board.drafts.by_name.values().map(Box::as_ref).collect();
        let found = in_batches(self.threads, &drafts, BATCH, |batch| {
            let mut found: Vec<(Arc<Rank>, Clash)> = Vec::new();
            for draft in batch {
                let clashes = draft.clashes.iter().chain(&draft.export_clashes);
                found.extend(clashes.map(|it| (draft.rank.clone(), it.clone())));
                let broken = self.broken_rules(&board.drafts, draft, true);
                found.extend(broken.into_iter().map(|it| (draft.rank.clone(), it.0)));
            }
            found
        });
        let mut found = found.concat();
        for (name, clash) in self.unprovided(board) {
            if let Some(rank) = board.drafts.rank(&name) {
                found.push((rank.clone(), clash));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.into_iter().map(|it| it.1).collect()
    }
}

impl Solver<'_> {
    //------ propagation

    /// Settles packages until nothing is left to do.
    fn propagate(&mut self, board: &mut Board) -> Result<(), Box<Diagnostic>> {
        for _ in 0..ROUNDS_MAX {
            while let Some(first) = board.dirty.pop_first() {
                let given = self.given.clone();
                let line = Line::new(&given, board, &first);
                line.while_sketching(|ahead| self.settle_line(board, first, ahead))?;
                if board.is_over() {
                    return Ok(());
                }
            }
            self.take_away(board);
            // The others get nothing.
            let mut names: Vec<Name> = board.takers_of_any.iter().cloned().collect();
            names.sort_unstable();
            for name in &names {
                self.take_exports(board, name);
            }
            self.exports_beside(board);
            self.given.check_interfaces(board);
            if board.dirty.is_empty() {
                return Ok(());
            }
        }
        Err(Box::new(self.given.endless(board)))
    }

    /// Settles a package and all others of its height, until there is no solution.
    fn settle_line(
        &mut self,
        board: &mut Board,
        first: Arc<Rank>,
        ahead: &mut Ahead<'_, '_>,
    ) -> Result<(), Box<Diagnostic>> {
        let height = first.height();
        let mut next = Some(first);
        while let Some(rank) = next {
            let foreseen = ahead.take(&rank);
            self.settle_package(board, &rank, foreseen);
            if board.is_over() {
                return Ok(());
            }
            if board.rounds.get(&rank.name).is_some_and(|it| *it > ROUNDS_MAX) {
                return Err(Box::new(self.given.endless(board)));
            }
            let is_same = board.dirty.first().is_some_and(|it| it.height() == height);
            next = if is_same { board.dirty.pop_first() } else { None };
        }
        Ok(())
    }

    /// Settles one package, and takes what it needs to the others.
    fn settle_package(&mut self, board: &mut Board, rank: &Arc<Rank>, foreseen: Option<Foreseen>) {
        let name = &rank.name;
        let foreseen =
            foreseen.filter(|it| !board.has_clashed() && board.has_needs(name, &it.needs));
        let (needs, sketch) = match foreseen {
            Some(it) => (it.needs, Some(it.sketch)),
            None => (board.needs(name), None),
        };
        if !needs.iter().any(|it| it.present) {
            self.remove(board, name);
            return;
        }
        // That there is such a package was seen to by whoever needs it.
        let Some(package) = self.given.packages.get(name) else { return };
        if package.is_interface {
            self.settle_interface(board, rank, &needs);
            return;
        }
        let mut draft = self.draft(board, &package, rank, &needs, sketch);
        // What is wrong with a version as it is need not be gone into.
        loop {
            let certain: ThinVec<Clash> = draft
                .clashes
                .iter()
                .filter(|it| board.is_certain(it, &draft.rank))
                .cloned()
                .collect();
            let mut is_known = true;
            for clash in certain {
                match self.learn(board, clash, Some(&draft)) {
                    Learned::News => {
                        is_known = false;
                        board.rounds.clear();
                    }
                    Learned::Nothing => {}
                    Learned::NoSolution(causes) => {
                        board.no_solution.get_or_insert_default().extend(causes);
                    }
                }
            }
            let is_enough = board.nogoods.count > NOGOODS_MAX;
            if is_known || is_enough || !board.dirty.remove(rank) {
                // Another package takes an older version now: what clashes from here on is not of
                // the newest ones.
                board.is_first &= is_known;
                break;
            }
            draft = self.draft(board, &package, rank, &needs, None);
        }
        let asks = std::mem::take(&mut draft.asks);
        let mut provides = draft.interface_names();
        let before = board.drafts.by_name.insert(name.clone(), draft);
        let is_same = before.as_ref().is_some_and(|it| it.looks_like(&board.drafts.by_name[name]));
        provides.extend(before.into_iter().flat_map(|it| it.interface_names()));
        let changed = board.ask(&Source::package(rank), asks);
        self.mark(board, &changed);
        self.take_exports(board, name);
        if !is_same {
            self.changed(board, name, &provides);
        }
    }

    /// Takes a package out of a unit, and what it asks for.
    fn remove(&mut self, board: &mut Board, name: &Name) {
        if let Some(before) = board.drafts.bound.remove(name) {
            let changed = board.ask(&Source::package(&before.rank), Asked::default());
            self.mark(board, &changed);
            let watchers = board.nogoods.watchers(name);
            self.mark(board, &watchers);
        }
        let Some(before) = board.drafts.by_name.remove(name) else { return };
        board.injections.remove(name);
        for source in [Source::package(&before.rank), Source::exports(&before.rank)] {
            let changed = board.ask(&source, Asked::default());
            self.mark(board, &changed);
        }
        self.changed(board, name, &before.interface_names());
    }

    /// Takes away what nothing wanted leads to.
    fn take_away(&mut self, board: &mut Board) {
        // What was asked for when it was settled is still asked for, if nobody has let go.
        if !board.is_build && !std::mem::take(&mut board.has_let_go) {
            debug_assert_eq!(board.supported(None).len(), board.count(), "nobody has let go");
            return;
        }
        let supported = board.supported(None);
        let all = board.drafts.by_name.keys().chain(board.drafts.bound.keys());
        let rest: Vec<Name> = all.filter(|it| !supported.contains(*it)).cloned().collect();
        for name in rest {
            self.remove(board, &name);
        }
    }

    /// Sees to all that follows from a package that has become another.
    fn changed(&mut self, board: &mut Board, name: &Name, provides: &[Name]) {
        *board.rounds.entry(name.clone()).or_default() += 1;
        let mut followers: Vec<Name> = board.readers_of(name, provides).into_iter().collect();
        followers.extend(board.nogoods.watchers(name));
        self.mark(board, &followers);
        let takers: Vec<Name> = board
            .takers
            .get(name)
            .into_iter()
            .flatten()
            .filter(|it| *it != name)
            .cloned()
            .collect();
        for taker in takers {
            self.take_exports(board, &taker);
        }
        if board.is_build {
            self.exports_beside(board);
        }
    }

    /// Marks packages as to be settled.
    pub(super) fn mark(&mut self, board: &mut Board, names: &[Name]) {
        for name in names {
            let rank = self.rank(name, board.is_build);
            board.dirty.insert(rank);
            // That a package is needed by its own name speaks for it.
            for interface in board.candidates.get(name).into_iter().flatten() {
                if let Some(bound) = board.drafts.bound.get(interface) {
                    board.dirty.insert(bound.rank.clone());
                }
            }
        }
    }
}

impl Given<'_> {
    /// Says that packages decide each other without end.
    fn endless(&self, board: &Board) -> Diagnostic {
        let most = board.rounds.values().copied().max().unwrap_or_default();
        let mut names: Vec<&Name> =
            board.rounds.iter().filter(|it| *it.1 * 2 > most).map(|it| it.0).collect();
        names.sort();
        let shown: Vec<String> = names.iter().map(|it| format!("`{it}`")).collect();
        let message = format!(
            "these packages decide each other, and no choice satisfies all: {}",
            shown.join(", ")
        );
        let first = |it: &&Name| board.needs(it).first().map(|it| it.place);
        let place = names.iter().find_map(first).unwrap_or(super::NOWHERE);
        self.at(Code::Conflict, place, message)
            .help("set an option of one of them, so that it does not depend on the others")
    }
}

impl Board {
    /// Whether nothing that is settled now would help.
    fn is_over(&self) -> bool {
        self.no_solution.is_some() || self.nogoods.count > NOGOODS_MAX
    }

    /// Notes a clash as it is told; returns its number.
    fn tell(&mut self, diagnostic: &Diagnostic) -> usize {
        match self.told.iter().position(|it| it == diagnostic) {
            Some(at) => at,
            None => {
                self.told.push(diagnostic.clone());
                self.told.len() - 1
            }
        }
    }

    /// The clashes that leave no solution, as they are with the newest versions if they are there
    /// with those.
    fn explain(&self, causes: &BTreeSet<usize>) -> Vec<Diagnostic> {
        let of_first: BTreeSet<usize> = self.first_told.intersection(causes).copied().collect();
        let shown = if of_first.is_empty() { causes } else { &of_first };
        let mut told: Vec<Diagnostic> = shown
            .iter()
            .filter_map(|it| self.shown.get(it).or(self.told.get(*it)))
            .cloned()
            .collect();
        if told.is_empty() {
            told.extend(self.told.first().cloned());
        }
        // Told is what the first of several providers leads to; the others were tried as well.
        for (interface, (of, tried)) in &self.exhausted {
            if let (Some(last), false, [_, _, ..]) =
                (told.last_mut(), of.is_disjoint(causes), &tried[..])
            {
                last.help.push(format!(
                    "nothing that provides `{interface}` will do: {}",
                    tried.join("; ")
                ));
            }
        }
        told
    }
}
