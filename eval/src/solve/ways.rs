//! What leads to a conflict, and ways out of it.
//!
//! A way out is an item of a spec, such as `petsc[~mpi]`, that changes what somebody asks for; or a
//! setting such as `providers.mpi = mpich`, where a layer names another package. Each is tried before
//! it is offered: the request is solved again with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kiln_lang::module::{Name, SettingOp};
use kiln_lang::types::{EnumTy, Ty};
use kiln_lang::{Diagnostic, Label};

use super::board::Board;
use super::node::Draft;
use super::search::Clash;
use super::unit::Need;
use super::{Given, Session};
use crate::condition::{Atom, Cond};
use crate::evaluate::Packages;
use crate::layers::Setup;
use crate::package::{AskDecl, DepDecl, ItemDecl, Place, Reqs, ValueDecl};
use crate::solution::{Influencer, OptionState, Says};
use crate::value::{Bits, Value};

/// How many ways out are offered for a conflict.
const OFFERED_MAX: usize = 3;

/// How many ways out are tried for a conflict.
const TRIED_MAX: usize = 10;

/// How often packages may be settled to try ways out of all conflicts of a request, about. One way is
/// tried for each conflict even so.
const DRAFTS_MAX: usize = 20_000;

/// How many packages are looked at for ways out of a conflict.
const INVOLVED_MAX: usize = 24;

/// How many steps up from a conflict are shown.
const STEPS_MAX: usize = 8;

/// How many further places are shown of conflicts that are one matter.
const BESIDE_MAX: usize = 3;

/// How many other values of a knob are tried.
const VALUES_MAX: usize = 4;

/// Something to write that may end a conflict.
#[derive(Debug, Clone)]
pub(super) struct Way {
    what: What,
    /// As it is written: `petsc[~mpi]`.
    pub(super) text: String,
}

/// What is written.
#[derive(Debug, Clone)]
enum What {
    /// An item of a spec.
    Item { package: Name, option: Name, ask: AskDecl },
    /// Another package is to provide an interface.
    Provider { interface: Name, package: Name },
}

/// A conflict with what leads to it and ways out that nobody has tried.
#[derive(Debug)]
pub(super) struct Hint {
    pub(super) diagnostic: Diagnostic,
    pub(super) ways: Vec<Way>,
    /// The package whose options that are `auto(…)` led to it, with those.
    autos: Option<(Name, BTreeSet<Name>)>,
}

impl Given<'_> {
    /// Adds what leads to a clash to how it is told, and finds ways out.
    pub(super) fn hint(
        &self,
        board: &Board,
        clash: &Clash,
        settling: Option<&Draft>,
        mut diagnostic: Diagnostic,
    ) -> Hint {
        let draft = |name: &Name| {
            settling
                .filter(|it| it.package.name == *name)
                .or_else(|| board.drafts.by_name.get(name).map(Box::as_ref))
        };
        let mut names: BTreeSet<&Name> = clash.sources.iter().map(|it| &it.name).collect();
        names.extend(settling.map(|it| &it.package.name));
        let autos = autos_in(clash, draft);
        let mut involved: Vec<&Draft> = names.into_iter().filter_map(draft).collect();
        involved.sort_by(|a, b| a.rank.cmp(&b.rank));
        let mut steps: Vec<(Place, String)> = Vec::new();
        let mut ways: Vec<Way> = Vec::new();
        for draft in &involved {
            // A package whose presence is the matter is told with who brings it.
            for step in self.steps_to(board, &draft.package.name) {
                if !steps.contains(&step) {
                    steps.push(step);
                }
            }
            for step in self.chosen_to_provide(board, &draft.package.name) {
                if !steps.contains(&step) {
                    steps.push(step);
                }
            }
            for dep in self.bringing(board, draft, &involved) {
                self.because(draft, dep, &mut steps);
            }
            for option in &draft.contested {
                ways.extend(other_values(draft, option));
            }
        }
        // The nearest first: what the packages themselves bring, then who brings them, and so on.
        let mut at = 0;
        while at < involved.len() && at < INVOLVED_MAX {
            let draft = involved[at];
            for dep in self.bringing(board, draft, &involved) {
                dep.cond.atoms(&mut |atom| match atom {
                    Atom::Option(name, ..) => ways.extend(other_values(draft, name)),
                    Atom::Has(name, _, bit, _) => ways.extend(other_element(draft, name, *bit)),
                    Atom::Version(..)
                    | Atom::Global(..)
                    | Atom::GlobalHas(..)
                    | Atom::Globals(..)
                    | Atom::With(_) => {}
                });
            }
            let needs = board.needs(&draft.package.name);
            for interface in needs.iter().filter_map(|it| it.via.as_deref()) {
                ways.extend(self.other_providers(interface));
            }
            for name in needs.iter().flat_map(|it| &*it.from) {
                let above = board.drafts.by_name.get(name).map(Box::as_ref);
                let is_new = |it: &&Draft| involved.iter().all(|known| known.rank != it.rank);
                involved.extend(above.filter(is_new));
            }
            at += 1;
        }
        let mut seen = BTreeSet::new();
        ways.retain(|it| seen.insert(it.text.clone()));
        // What a reader has written comes first, and then what follows from it.
        let shown: Vec<Place> = diagnostic
            .secondary
            .iter()
            .map(|it| Place::new(it.file, it.range))
            .chain([Place::new(diagnostic.primary.file, diagnostic.primary.range)])
            .collect();
        let mut labels = Vec::new();
        for (place, text) in steps.into_iter().take(STEPS_MAX) {
            // What is shown of a dependency shows the dependency.
            let has = |it: &Place| {
                it.file == place.file && it.start >= place.start && it.end <= place.end
            };
            if !shown.iter().any(has) {
                labels.push((place, text));
            }
        }
        let rest = std::mem::take(&mut diagnostic.secondary);
        for (place, text) in labels {
            diagnostic = diagnostic.label(place.file, place.range(), text);
        }
        diagnostic.secondary.extend(rest);
        Hint { diagnostic, ways, autos }
    }

    /// The dependencies that a package has under a condition, on packages that are looked at.
    fn bringing<'d>(
        &self,
        board: &Board,
        draft: &'d Draft,
        involved: &[&Draft],
    ) -> Vec<&'d DepDecl> {
        let deps = draft.package.all_deps().filter(|it| it.cond != Cond::True);
        deps.filter(|dep| {
            let provider = self.provider_in(board, &dep.package);
            let target = provider.as_ref().unwrap_or(&dep.package);
            involved.iter().any(|it| it.package.name == *target)
                && board.drafts.holds_for(draft, &dep.cond)
        })
        .collect()
    }

    /// Who brings a package, from what is wanted down; nothing of what is wanted itself.
    fn steps_to(&self, board: &Board, name: &Name) -> Vec<(Place, String)> {
        let mut steps = Vec::new();
        let mut name = name.clone();
        let mut seen = BTreeSet::new();
        while seen.insert(name.clone()) {
            let needs = board.needs(&name);
            let present: Vec<&Arc<Need>> = needs.iter().filter(|it| it.present).collect();
            if present.iter().any(|it| it.from.is_empty()) {
                break;
            }
            let Some(need) = present.first() else { break };
            let text = match &need.via {
                Some(interface) => {
                    format!("{} needs `{interface}`, here from `{name}`", need.by)
                }
                None => format!("{} needs `{name}`", need.by),
            };
            steps.push((need.place, text));
            name = need.from[0].clone();
        }
        steps.reverse();
        steps
    }

    /// Where layers say that a package is to provide something that is needed.
    fn chosen_to_provide(&self, board: &Board, name: &Name) -> Vec<(Place, String)> {
        let needs = board.needs(name);
        let interfaces = needs.iter().filter(|it| it.present).filter_map(|it| it.via.as_deref());
        let chosen = interfaces.filter_map(|it| Some((it, self.providers.get(it)?)));
        chosen
            .map(|(interface, chosen)| {
                let verb = if chosen.packages.len() == 1 { "provides" } else { "may provide" };
                (chosen.place, format!("`{name}` {verb} `{interface}`: {}", chosen.label))
            })
            .collect()
    }

    /// Other packages to provide an interface than the one that a layer names. Where no layer does,
    /// all have been tried.
    fn other_providers(&self, interface: &Name) -> Vec<Way> {
        let Some(fixed) = self.provider(interface) else { return Vec::new() };
        let providers = self.packages.providers(interface);
        let others = providers.iter().filter(|it| **it != fixed).take(VALUES_MAX);
        others
            .map(|package| Way {
                what: What::Provider { interface: interface.clone(), package: package.clone() },
                text: format!("providers.{interface} = {package}"),
            })
            .collect()
    }

    /// The settings and needs that make the condition of a dependency hold.
    fn because(&self, draft: &Draft, dep: &DepDecl, steps: &mut Vec<(Place, String)>) {
        dep.cond.atoms(&mut |atom| {
            let (Atom::Option(name, ..) | Atom::Has(name, ..)) = atom else { return };
            let Some(value) = draft.option(name) else { return };
            let influences = value.history.iter().rev().filter(|it| !it.overruled);
            let set = influences
                .filter(|it| !matches!(it.by, Influencer::Default | Influencer::Recipe))
                .find_map(|it| Some((it, it.place?)));
            if let Some((influence, place)) = set {
                let text = format!(
                    "`{name}` of `{}` is {}: {}",
                    draft.package.name,
                    value.value.source(),
                    influence.by.text()
                );
                let step = (place, text);
                if !steps.contains(&step) {
                    steps.push(step);
                }
            }
        });
    }
}

/// The package whose options with the default `auto(…)` a clash follows from, with those, if it is
/// one package.
fn autos_in<'d>(
    clash: &Clash,
    draft: impl Fn(&Name) -> Option<&'d Draft>,
) -> Option<(Name, BTreeSet<Name>)> {
    let options = clash.sources.iter().filter_map(|it| Some((&it.name, it.option?)));
    let options: Vec<(&Name, u32)> = options.collect();
    let package = options.first()?.0;
    if options.iter().any(|it| it.0 != package) {
        return None;
    }
    let table = &draft(package)?.package.schema.table;
    let names = options.iter().map(|it| table.options[it.1 as usize].name.clone());
    Some((package.clone(), names.collect()))
}

/// The other values that an option may have: of a number or a text, those that somebody asks for.
fn other_values(draft: &Draft, name: &Name) -> Vec<Way> {
    let table = &draft.package.schema.table;
    let Some(at) = table.position(name) else { return Vec::new() };
    let (Some(value), option) = (draft.options.get(at), &table.options[at]) else {
        return Vec::new();
    };
    if !draft.contested.contains(name) && value.state == OptionState::Needed {
        // Whoever needs it so would stand against it.
        return Vec::new();
    }
    let package = &draft.package.name;
    let way = |ask: AskDecl, item: String| Way {
        what: What::Item { package: package.clone(), option: name.clone(), ask },
        text: format!("{package}[{item}]"),
    };
    let set_to = |value: Value| {
        let text = format!("{name} = {}", value.source());
        way(AskDecl::Value(SettingOp::Set, ValueDecl::Known(value)), text)
    };
    match (&value.value, option.ty.without_opt()) {
        (Value::Bool(on), _) => {
            let text = if *on { format!("~{name}") } else { name.to_string() };
            vec![way(AskDecl::Switch(!on), text)]
        }
        (Value::Enum(of, current), _) => {
            let others = (0..of.values.len() as u32).filter(|it| it != current);
            others.take(VALUES_MAX).map(|it| set_to(Value::Enum(of.clone(), it))).collect()
        }
        (Value::Set(_, bits), Ty::Set(_)) => {
            let mut ways = Vec::new();
            for influence in &value.history {
                let Says::Elements { on, off } = &influence.says else { continue };
                for bit in on.iter().chain(off.iter()) {
                    ways.extend(other_element(draft, name, bit));
                }
            }
            if ways.is_empty() {
                ways.extend(
                    bits.iter().take(VALUES_MAX).flat_map(|it| other_element(draft, name, it)),
                );
            }
            ways
        }
        (current, _) => {
            let asked = value.history.iter().filter_map(|it| match &it.says {
                Says::Value(value) if value != current => Some(set_to(value.clone())),
                Says::Value(_) | Says::Elements { .. } | Says::Part(_) | Says::Text => None,
            });
            asked.take(VALUES_MAX).collect()
        }
    }
}

/// An element of a set, out of it if it is in, and in it if not.
fn other_element(draft: &Draft, name: &Name, bit: u32) -> Option<Way> {
    let Value::Set(of, bits) = &draft.option(name)?.value else { return None };
    let of: &EnumTy = of;
    let element = of.values.get(bit as usize)?;
    let (op, sign) = if bits.has(bit) { (SettingOp::Remove, "-=") } else { (SettingOp::Add, "+=") };
    let value = Value::Set(of.clone(), [bit].into_iter().collect::<Bits>());
    Some(Way {
        what: What::Item {
            package: draft.package.name.clone(),
            option: name.clone(),
            ask: AskDecl::Value(op, ValueDecl::Known(value)),
        },
        text: format!("{}[{name} {sign} {element}]", draft.package.name),
    })
}

/// Which ways out are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// None: the search has not come to an end.
    None,
    /// As many as may be beside a request for which packages were settled so often.
    Beside(usize),
}

/// Tells conflicts that are one matter as one, and adds the ways out of them that work.
pub(super) fn offer(
    packages: &Packages<'_>,
    setup: &Setup,
    said: Vec<Diagnostic>,
    hints: &[Hint],
    offer: Offer,
) -> Vec<Diagnostic> {
    let mut spent = 0;
    let mut offered = Vec::new();
    for Matter { mut diagnostic, messages, ways } in matters(&said, hints, offer) {
        let mut found = 0;
        let Offer::Beside(drafts) = offer else {
            offered.push(diagnostic);
            continue;
        };
        for (at, way) in ways.into_iter().take(TRIED_MAX).enumerate() {
            if found == OFFERED_MAX || (at > 0 && spent + drafts > DRAFTS_MAX) {
                break;
            }
            let Some(changed) = way.apply(setup) else { continue };
            let mut session = Session::new(packages, &changed);
            let solved = session.solve(&changed.wishes);
            spent += session.solver.drafts;
            let help = match solved {
                Ok(_) => format!("with `{}` there is a solution", way.text),
                // The others are there anyway.
                Err(rest) => {
                    let is_other = |it: &Diagnostic| {
                        !messages.contains(&it.message)
                            && said.iter().any(|known| known.message == it.message)
                    };
                    if !rest.iter().filter(|it| it.is_error()).all(is_other) {
                        continue;
                    }
                    format!("`{}` ends this conflict", way.text)
                }
            };
            found += 1;
            diagnostic = diagnostic.help(help);
        }
        offered.push(diagnostic);
    }
    offered
}

/// What is told at once: a conflict, or several that no values of the same options avoid.
struct Matter<'h> {
    diagnostic: Diagnostic,
    messages: BTreeSet<String>,
    ways: Vec<&'h Way>,
}

/// Puts together the conflicts that the options of one package led to whose default is `auto(…)`: the
/// search would have avoided each of them alone.
fn matters<'h>(said: &[Diagnostic], hints: &'h [Hint], offer: Offer) -> Vec<Matter<'h>> {
    let mut matters: Vec<Matter<'h>> = Vec::new();
    let mut by_package: BTreeMap<&Name, (usize, BTreeSet<&Name>, usize)> = BTreeMap::new();
    for diagnostic in said {
        // The last of several may have one help more.
        let is_same = |it: &&Hint| {
            let known = &it.diagnostic;
            known.message == diagnostic.message
                && known.primary == diagnostic.primary
                && known.secondary == diagnostic.secondary
        };
        let hint = hints.iter().find(is_same);
        let ways = || hint.into_iter().flat_map(|it| &it.ways);
        if let Some((package, options)) = hint.and_then(|it| it.autos.as_ref()) {
            let next = (matters.len(), BTreeSet::new(), 0);
            let (at, names, count) = by_package.entry(package).or_insert(next);
            names.extend(options);
            *count += 1;
            if let Some(matter) = matters.get_mut(*at) {
                matter.messages.insert(diagnostic.message.clone());
                for way in ways() {
                    if matter.ways.iter().all(|it| it.text != way.text) {
                        matter.ways.push(way);
                    }
                }
                let first = &mut matter.diagnostic;
                for help in &diagnostic.help {
                    if !first.help.contains(help) {
                        first.help.push(help.clone());
                    }
                }
                if *count <= 1 + BESIDE_MAX {
                    let primary = &diagnostic.primary;
                    first
                        .secondary
                        .push(Label { text: "and this one".to_owned(), ..primary.clone() });
                }
                continue;
            }
        }
        matters.push(Matter {
            diagnostic: diagnostic.clone(),
            messages: [diagnostic.message.clone()].into(),
            ways: ways().collect(),
        });
    }
    for (package, (at, options, count)) in by_package.into_iter().filter(|it| it.1.2 > 1) {
        let options: Vec<&Name> = options.into_iter().collect();
        let first = &mut matters[at].diagnostic;
        let more = match count - 1 {
            1 => "one more".to_owned(),
            more => format!("{more} more"),
        };
        let names = kiln_lang::list(&options, "and");
        let text = match offer {
            Offer::None => format!(
                "values of {names} of `{package}` that avoid this conflict and {more} were not found"
            ),
            Offer::Beside(_) => {
                format!("no values of {names} of `{package}` avoid this conflict and {more}")
            }
        };
        first.help.insert(0, text);
    }
    matters
}

impl Way {
    /// The setup with this wished for in addition, in place of what wishes say about the same option.
    fn apply(&self, setup: &Setup) -> Option<Setup> {
        let mut setup = setup.clone();
        let (package, option, ask) = match &self.what {
            What::Item { package, option, ask } => (package, option, ask),
            What::Provider { interface, package } => {
                setup.providers.insert(interface.clone(), package.clone());
                return Some(setup);
            }
        };
        let is_whole = |ask: &AskDecl| {
            !matches!(ask, AskDecl::Value(SettingOp::Add | SettingOp::Remove, _) | AskDecl::Has(_))
        };
        let item = |place| ItemDecl { of: None, option: option.clone(), ask: ask.clone(), place };
        let own = setup
            .wishes
            .iter_mut()
            .find(|it| !it.is_below && it.package == *package && it.alias.is_none());
        if let Some(wish) = own {
            wish.items.retain(|it| it.of.is_some() || it.option != *option || !is_whole(ask));
            wish.items.push(item(wish.place));
            return Some(setup);
        }
        let mut wish = setup.wishes.first()?.clone();
        wish.package = package.clone();
        wish.alias = None;
        wish.reqs = Reqs::Known(kiln_lang::VersionReq::any());
        wish.items = vec![item(wish.place)];
        setup.wishes.push(wish);
        Some(setup)
    }
}
