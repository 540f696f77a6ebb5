//! What leads to a conflict, and ways out of it.
//!
//! A way out is an item of a spec, such as `petsc[~mpi]`, that changes what somebody asks for; or a
//! setting such as `providers.mpi = mpich`, where a layer names another package. Each is tried before
//! it is offered: the request is solved again with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::Diagnostic;
use kiln_lang::module::{Name, SettingOp};
use kiln_lang::types::{EnumTy, Ty};

use super::board::Board;
use super::node::Draft;
use super::search::Clash;
use super::unit::Need;
use super::{Session, Solver};
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

/// How often packages may be settled to try ways out, about; each takes what the request took.
const DRAFTS_MAX: usize = 20_000;

/// How many packages are looked at for ways out of a conflict.
const INVOLVED_MAX: usize = 24;

/// How many steps up from a conflict are shown.
const STEPS_MAX: usize = 8;

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
}

impl Solver<'_> {
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
                    Atom::Has(name, _, bit) => ways.extend(other_element(draft, name, *bit)),
                    Atom::Version(..)
                    | Atom::Global(..)
                    | Atom::GlobalHas(..)
                    | Atom::Globals(..)
                    | Atom::With(_) => {}
                });
            }
            let needs = board.needs(&draft.package.name);
            for interface in needs.iter().filter_map(|it| it.via.as_ref()) {
                ways.extend(self.other_providers(interface));
            }
            for name in needs.iter().flat_map(|it| it.from.clone()) {
                let above = board.drafts.by_name.get(&name).map(Box::as_ref);
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
        Hint { diagnostic, ways }
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
        let interfaces = needs.iter().filter(|it| it.present).filter_map(|it| it.via.as_ref());
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
            let table = &draft.package.schema.table;
            let Some(Some(value)) = table.position(name).map(|it| draft.options[it].as_ref())
            else {
                return;
            };
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

/// The other values that an option may have: of a number or a text, those that somebody asks for.
fn other_values(draft: &Draft, name: &Name) -> Vec<Way> {
    let table = &draft.package.schema.table;
    let Some(at) = table.position(name) else { return Vec::new() };
    let (Some(value), option) = (&draft.options[at], &table.options[at]) else { return Vec::new() };
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
    let at = draft.package.schema.table.position(name)?;
    let Value::Set(of, bits) = &draft.options[at].as_ref()?.value else { return None };
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

/// Adds to conflicts the ways out of them that work. `drafts` says how large the request is: how often
/// a package was settled for it.
pub(super) fn offer(
    packages: &Packages<'_>,
    setup: &Setup,
    said: Vec<Diagnostic>,
    hints: &[Hint],
    drafts: usize,
) -> Vec<Diagnostic> {
    let tries = (DRAFTS_MAX / drafts.max(1)).clamp(1, TRIED_MAX);
    let mut offered = Vec::new();
    for diagnostic in &said {
        let mut diagnostic = diagnostic.clone();
        let ways = hints.iter().find(|it| it.diagnostic == diagnostic).map(|it| &it.ways);
        let mut found = 0;
        for way in ways.into_iter().flatten().take(tries) {
            if found == OFFERED_MAX {
                break;
            }
            let Some(changed) = way.apply(setup) else { continue };
            let help = match Session::new(packages, &changed).solve(&changed.wishes) {
                Ok(_) => format!("with `{}` there is a solution", way.text),
                // The others are there anyway.
                Err(rest) => {
                    let is_other = |it: &Diagnostic| {
                        it.message != diagnostic.message
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
        let own = setup.wishes.iter_mut().find(|it| it.package == *package && it.alias.is_none());
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
