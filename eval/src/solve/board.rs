//! A unit while it is settled: who needs what of whom, and what has become of each package.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::{Diagnostic, FastMap, FastSet, Version, VersionReq};
use thin_vec::ThinVec;

use super::interfaces::{Bound, offers_enough};
use super::node::{Draft, DraftEdge, DraftInjection, holds};
use super::order::Rank;
use super::search::{Choice, Clash, Nogoods, Pick, Var, behind};
use super::unasked::MayAsk;
use super::unit::Need;
use crate::condition::{Cond, WithAtom, WithItem};
use crate::solution::Globals;
use crate::value::Value;

/// The packages of a unit as they are at the moment.
#[derive(Debug)]
pub(super) struct Drafts {
    /// In boxes: what is looked through to find a name is small then.
    pub(super) by_name: BTreeMap<Name, Box<Draft>>,
    /// Who provides the interfaces that are needed, where no layer says so.
    pub(super) bound: BTreeMap<Name, Bound>,
    /// Who provides interfaces because a layer says so.
    pub(super) fixed: Arc<BTreeMap<Name, Name>>,
    pub(super) globals: Arc<Globals>,
}

/// Who put a need there: it is taken back when that package is settled anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Source {
    /// The package; `None` is the unit as a whole.
    pub(super) rank: Option<Arc<Rank>>,
    /// Whether it is what others export to the package.
    pub(super) by_export: bool,
}

impl Source {
    /// Whoever asked for the unit.
    pub(super) const ROOT: Source = Source { rank: None, by_export: false };
    /// Build tools that export to where they stand.
    pub(super) const BESIDE: Source = Source { rank: None, by_export: true };

    pub(super) fn package(rank: &Arc<Rank>) -> Self {
        Source { rank: Some(rank.clone()), by_export: false }
    }

    pub(super) fn exports(rank: &Arc<Rank>) -> Self {
        Source { rank: Some(rank.clone()), by_export: true }
    }
}

/// What a source asks, sorted by whom it asks it of.
#[derive(Debug, Default)]
pub(super) struct Asked(Vec<(Name, Arc<Need>)>);

impl Asked {
    /// Asks something, unless that is asked already.
    pub(super) fn add(&mut self, target: Name, need: Need) {
        let begin = self.0.partition_point(|it| it.0 < target);
        let end = begin + self.0[begin..].iter().take_while(|it| it.0 == target).count();
        if !self.0[begin..end].iter().any(|it| *it.1 == need) {
            self.0.insert(end, (target, Arc::new(need)));
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Name, &Need)> {
        self.0.iter().map(|it| (&it.0, &*it.1))
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(&Name, &Need) -> bool) {
        self.0.retain(|it| is_kept(&it.0, &it.1));
    }

    fn has(&self, target: &Name) -> bool {
        self.0.binary_search_by(|it| it.0.cmp(target)).is_ok()
    }

    /// What is asked of each target.
    fn by_target(&self) -> impl Iterator<Item = &[(Name, Arc<Need>)]> {
        self.0.chunk_by(|a, b| a.0 == b.0)
    }
}

impl FromIterator<(Name, Need)> for Asked {
    fn from_iter<I: IntoIterator<Item = (Name, Need)>>(all: I) -> Asked {
        let mut asked = Asked::default();
        all.into_iter().for_each(|(target, need)| asked.add(target, need));
        asked
    }
}

/// What is asked of a package, in the order of who asks. That is the order in which they are settled,
/// too, so that most is put at the end.
#[derive(Debug, Default)]
struct Needs {
    /// Who asks for each.
    sources: Vec<Source>,
    /// Shared with those who look ahead.
    needs: Arc<Vec<Arc<Need>>>,
}

impl Needs {
    /// Where those of a source are, or would be.
    fn places_of(&self, source: &Source) -> Range<usize> {
        let begin = match self.sources.last() {
            Some(last) if last < source => self.sources.len(),
            _ => self.sources.partition_point(|it| it < source),
        };
        let count = self.sources[begin..].iter().take_while(|it| *it == source).count();
        begin..begin + count
    }

    /// What a source asks.
    fn of(&self, source: &Source) -> &[Arc<Need>] {
        &self.needs[self.places_of(source)]
    }

    /// Puts what a source asks in these places.
    fn put(&mut self, places: Range<usize>, source: &Source, asked: &[(Name, Arc<Need>)]) {
        self.sources.splice(places.clone(), std::iter::repeat_n(source.clone(), asked.len()));
        let needs = Arc::make_mut(&mut self.needs);
        needs.splice(places, asked.iter().map(|it| it.1.clone()));
    }
}

/// A unit while it is settled.
pub(super) struct Board {
    pub(super) is_build: bool,
    pub(super) drafts: Drafts,
    /// What is asked of each package.
    needs: FastMap<Name, Needs>,
    /// Of whom each source asks something, sorted.
    asked: FastMap<Source, Vec<Name>>,
    /// Whether somebody has stopped asking for a package since what nothing wanted leads to was taken
    /// away the last time.
    pub(super) has_let_go: bool,
    /// The packages that the unit is for.
    pub(super) roots: Vec<Name>,
    /// The packages that were injected beside them.
    pub(super) injected_roots: Vec<(Name, DraftInjection)>,
    /// What each package gets by exports.
    pub(super) injections: BTreeMap<Name, ThinVec<DraftEdge>>,
    /// Who takes the exports of a package, or did.
    pub(super) takers: BTreeMap<Name, BTreeSet<Name>>,
    /// Who is or was built by, or linked with, packages that export something.
    pub(super) takers_of_any: FastSet<Name>,
    /// Whose conditions ask for a package or an interface, or did.
    readers: BTreeMap<Name, BTreeSet<Name>>,
    /// The packages that have to be settled, again or for the first time.
    pub(super) dirty: BTreeSet<Arc<Rank>>,
    /// How often each package was settled since the search last learned something.
    pub(super) rounds: FastMap<Name, usize>,
    pub(super) nogoods: Nogoods,
    /// The packages of which no version can be there, and the clashes that it follows from.
    pub(super) impossible: BTreeMap<Name, BTreeSet<usize>>,
    /// The clashes that were found, as they are told.
    pub(super) told: Vec<Diagnostic>,
    /// What is shown of them, with what leads there.
    pub(super) shown: BTreeMap<usize, Diagnostic>,
    /// Those among them that the newest versions lead to.
    pub(super) first_told: BTreeSet<usize>,
    /// Whether nothing but the newest versions was tried.
    pub(super) is_first: bool,
    /// The clashes that leave no solution.
    pub(super) no_solution: Option<BTreeSet<usize>>,
    /// The version of each package that was found wrong first, and its options that are `auto(…)`.
    pub(super) first_tried: BTreeMap<Name, (Version, BTreeMap<u32, u32>)>,
    /// The interfaces of which all providers led to clashes, with these, and why none would do.
    pub(super) exhausted: BTreeMap<Name, (BTreeSet<usize>, Vec<String>)>,
    /// The interfaces that a package may provide, of those that are needed.
    pub(super) candidates: BTreeMap<Name, BTreeSet<Name>>,
    /// What is known of who may ask something of whom.
    pub(super) may_ask: MayAsk,
    /// What is wrong with the requests themselves.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Board {
    pub(super) fn new(
        is_build: bool,
        globals: Arc<Globals>,
        fixed: Arc<BTreeMap<Name, Name>>,
    ) -> Self {
        Board {
            is_build,
            drafts: Drafts::new(globals, fixed),
            needs: FastMap::default(),
            asked: FastMap::default(),
            has_let_go: false,
            roots: Vec::new(),
            injected_roots: Vec::new(),
            injections: BTreeMap::new(),
            takers: BTreeMap::new(),
            takers_of_any: FastSet::default(),
            readers: BTreeMap::new(),
            dirty: BTreeSet::new(),
            rounds: FastMap::default(),
            nogoods: Nogoods::default(),
            impossible: BTreeMap::new(),
            told: Vec::new(),
            shown: BTreeMap::new(),
            first_told: BTreeSet::new(),
            is_first: true,
            no_solution: None,
            first_tried: BTreeMap::new(),
            candidates: BTreeMap::new(),
            exhausted: BTreeMap::new(),
            may_ask: MayAsk::default(),
            diagnostics: Vec::new(),
        }
    }

    /// What is asked of a package, in the order of who asks.
    pub(super) fn needs(&self, name: &Name) -> Arc<Vec<Arc<Need>>> {
        self.needs.get(name).map(|it| it.needs.clone()).unwrap_or_default()
    }

    /// Whether nothing else is asked of a package since [`needs`](Self::needs) gave this.
    pub(super) fn has_needs(&self, name: &Name, needs: &Arc<Vec<Arc<Need>>>) -> bool {
        self.needs.get(name).is_some_and(|it| Arc::ptr_eq(&it.needs, needs))
    }

    /// Whether anything has gone wrong so far, which may have been learned from.
    pub(super) fn has_clashed(&self) -> bool {
        self.nogoods.count > 0 || !self.told.is_empty() || !self.impossible.is_empty()
    }

    /// Puts what a source asks in the place of what it asked before; returns of whom it asks
    /// something else now.
    pub(super) fn ask(&mut self, source: &Source, asked: Asked) -> Vec<Name> {
        let mut changed = Vec::new();
        let before = self.asked.remove(source).unwrap_or_default();
        for target in before.into_iter().filter(|it| !asked.has(it)) {
            if let Some(needs) = self.needs.get_mut(&target) {
                needs.put(needs.places_of(source), source, &[]);
            }
            self.has_let_go = true;
            changed.push(target);
        }
        let targets: Vec<Name> = asked.by_target().map(|it| it[0].0.clone()).collect();
        if !targets.is_empty() {
            self.asked.insert(source.clone(), targets);
        }
        for asked in asked.by_target() {
            let (target, _) = &asked[0];
            let needs = self.needs.entry(target.clone()).or_default();
            let places = needs.places_of(source);
            let before = &needs.needs[places.clone()];
            if before.iter().eq(asked.iter().map(|it| &it.1)) {
                continue;
            }
            self.has_let_go |=
                before.iter().any(|it| it.present) && asked.iter().all(|it| !it.1.present);
            needs.put(places, source, asked);
            changed.push(target.clone());
        }
        changed
    }

    /// Whether a clash of a package that is being settled stays, whatever is settled after it.
    pub(super) fn is_certain(&self, clash: &Clash, rank: &Arc<Rank>) -> bool {
        let choices = behind(&self.drafts, &clash.sources);
        let mut names = choices.iter().chain(&clash.choices).map(|it| &it.0.name);
        clash.may_be_avoided()
            && names.all(|it| {
                let before = self.drafts.rank(it).is_none_or(|it| it < rank);
                before || *it == rank.name
            })
    }

    /// Notes that conditions of a package asked for others.
    pub(super) fn note_reads(&mut self, reader: &Name, read: &BTreeSet<Name>) {
        for name in read {
            let readers = self.readers.entry(name.clone()).or_default();
            if !readers.contains(reader) {
                readers.insert(reader.clone());
            }
        }
    }

    /// Whose conditions asked for a package, or for something that it provides.
    pub(super) fn readers_of(&self, name: &Name, provides: &[Name]) -> BTreeSet<Name> {
        let names = std::iter::once(name).chain(provides);
        names.filter_map(|it| self.readers.get(it)).flatten().cloned().collect()
    }

    /// The packages and interfaces that something wanted leads to. Others may only hold each other up.
    /// `but` is an interface whose provider does not count as needed by it.
    pub(super) fn supported(&self, but: Option<&Name>) -> BTreeSet<Name> {
        let mut supported: BTreeSet<Name> = BTreeSet::new();
        let mut open: Vec<Name> = self.roots.clone();
        open.extend(self.injected_roots.iter().map(|it| it.0.clone()));
        while let Some(name) = open.pop() {
            let Some(rank) = self.drafts.rank(&name).cloned() else { continue };
            let is_out = but == Some(&name);
            if !supported.insert(name) || is_out {
                continue;
            }
            for by_export in [false, true] {
                let source = Source { rank: Some(rank.clone()), by_export };
                for target in self.asked.get(&source).into_iter().flatten() {
                    let needs = self.needs.get(target).map_or(&[][..], |it| it.of(&source));
                    if needs.iter().any(|it| it.present) {
                        open.push(target.clone());
                    }
                }
            }
        }
        supported
    }

    /// How many packages and interfaces there are.
    pub(super) fn count(&self) -> usize {
        self.drafts.by_name.len() + self.drafts.bound.len()
    }

    /// The packages that the build of one sees, or may: what it is linked with, and what that needs.
    pub(super) fn host_environment(&self, name: &Name) -> BTreeSet<Name> {
        use kiln_lang::module::Role;
        let edges = |name: &Name| {
            let named = self.drafts.by_name.get(name).into_iter().flat_map(|it| &it.edges);
            named.chain(self.injections.get(name).into_iter().flatten())
        };
        let mut found: BTreeSet<Name> = BTreeSet::new();
        let mut open: Vec<&Name> =
            edges(name).filter(|it| it.role == Role::Host).map(|it| &it.to).collect();
        while let Some(next) = open.pop() {
            if found.insert(next.clone()) {
                open.extend(edges(next).map(|it| &it.to));
            }
        }
        found
    }
}

impl Drafts {
    pub(super) fn new(globals: Arc<Globals>, fixed: Arc<BTreeMap<Name, Name>>) -> Self {
        Drafts { by_name: BTreeMap::new(), bound: BTreeMap::new(), fixed, globals }
    }

    /// The rank of a package or an interface that is there.
    pub(super) fn rank(&self, name: &Name) -> Option<&Arc<Rank>> {
        let draft = self.by_name.get(name).map(|it| &it.rank);
        draft.or_else(|| self.bound.get(name).map(|it| &it.rank))
    }

    /// What is chosen for a variable.
    pub(super) fn pick(&self, var: &Var) -> Option<Pick> {
        match self.by_name.get(&var.name) {
            Some(draft) => draft.pick(var),
            None => self.bound.get(&var.name).map(|it| Pick::Provider(it.provider.clone())),
        }
    }

    /// Whether this is what is chosen.
    pub(super) fn has(&self, (var, pick): &Choice) -> bool {
        match (pick, self.by_name.get(&var.name)) {
            (Pick::Version(version), Some(draft)) => draft.version == *version,
            (Pick::Value(at), Some(draft)) => {
                var.option.is_some_and(|it| draft.autos.get(&it) == Some(at))
            }
            (Pick::Provider(provider), None) => {
                self.bound.get(&var.name).is_some_and(|it| it.provider == *provider)
            }
            _ => false,
        }
    }

    /// What a name stands for: of an interface, the package that provides it.
    pub(super) fn named<'n>(&'n self, name: &'n Name) -> &'n Name {
        self.bound.get(name).map_or(name, |it| &it.provider)
    }

    /// All that is chosen of a package.
    pub(super) fn vars_of(&self, name: &Name) -> Vec<Var> {
        match self.by_name.get(name) {
            Some(draft) => draft.vars().collect(),
            None => vec![Var::of(name)],
        }
    }

    /// Whether a condition of a package holds.
    pub(super) fn holds(&self, name: &Name, cond: &Cond) -> bool {
        self.by_name.get(name).is_some_and(|draft| holds(self, draft, cond))
    }

    /// Whether a condition of a package that is being settled holds.
    pub(super) fn holds_for(&self, draft: &Draft, cond: &Cond) -> bool {
        holds(self, draft, cond)
    }

    /// Whether another package of the unit is as asked.
    pub(super) fn with(&self, with: &WithAtom) -> bool {
        let fits = |draft: &Draft| {
            let version = draft.package.name != with.package || with.req.matches(&draft.version);
            version && with.items.iter().all(|it| draft_has(draft, it))
        };
        let provides = |draft: &Draft, interface: &Name, req: &VersionReq| {
            let mut offers = draft.provides.iter().filter(|it| it.0 == *interface);
            offers.any(|it| offers_enough(&it.1, req))
        };
        if let Some(interface) = &with.interface {
            let chosen = self.bound.get(interface).map(|it| &it.provider);
            if chosen.or(self.fixed.get(interface)).is_some_and(|it| *it != with.package) {
                return false;
            }
            let draft = self.by_name.get(&with.package);
            return draft.is_some_and(|it| provides(it, interface, &VersionReq::any()) && fits(it));
        }
        if let Some(draft) = self.by_name.get(&with.package) {
            return fits(draft);
        }
        // Of an interface, the version that is provided counts, not the one of the provider.
        let is_so = |it: &Draft| provides(it, &with.package, &with.req) && fits(it);
        match self.bound.get(&with.package).map(|it| &it.provider) {
            Some(provider) => self.by_name.get(provider).is_some_and(|it| is_so(it)),
            None => self.by_name.values().any(|it| is_so(it)),
        }
    }
}

fn draft_has(draft: &Draft, item: &WithItem) -> bool {
    let value = |name: &Name| draft.option(name).map(|it| &it.value);
    match item {
        WithItem::Switch(name, on) => {
            matches!(value(name), Some(Value::Bool(found)) if found == on)
        }
        WithItem::Equals(name, wanted) => value(name) == Some(wanted),
        WithItem::Has(name, _, bit, on) => {
            matches!(value(name), Some(Value::Set(_, bits)) if bits.has(*bit) == *on)
        }
    }
}
