//! Random packages with interfaces and knobs that the solver chooses, against brute force.
//!
//! A solution is right if it is the one that comes first of all that there are: compared by what is
//! chosen for each package, from those that need others to those that are needed; of each package
//! first by its version, then by its knob.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use crate::common::{self, Fixture, chosen_of};

/// The packages are 0 to 4; the last three may provide the interface, the first two may need it.
const PACKAGES: usize = 5;
const PROVIDERS: std::ops::Range<usize> = 2..PACKAGES;
const VALUES: [&str; 3] = ["a", "b", "c"];

/// A package: its versions are 1 to `versions`.
#[derive(Debug, Clone)]
struct Model {
    versions: u32,
    /// What the knob is by default: the values of `auto(…)`, or just one.
    default: Vec<usize>,
    fixed: Option<usize>,
    deps: Vec<Dep>,
    /// A version and a value that do not go together.
    rule: Option<(u32, usize)>,
    /// Which version of the interface it provides, from which version on, and with which value.
    provides: Option<(u32, u32, Option<usize>)>,
}

/// A dependency on a package of a higher number, or on the interface.
#[derive(Debug, Clone)]
struct Dep {
    to: Option<usize>,
    /// The knob must have this value, and the version be at least this.
    when: (Option<usize>, u32),
    at_least: u32,
    at_most: u32,
    /// The value that is asked for, of a package.
    ask: Option<usize>,
}

/// What a layer says of who provides the interface.
type Chosen = Option<Vec<usize>>;

/// The version and value of each package that is there.
type Found = common::Chosen<usize>;

fn dep() -> impl Strategy<Value = Dep> {
    (
        prop_oneof![2 => (1..PACKAGES).prop_map(Some), 1 => Just(None)],
        (
            prop::option::weighted(0.6, 0..VALUES.len()),
            prop_oneof![3 => Just(0_u32), 1 => 2_u32..4],
        ),
        0_u32..3,
        2_u32..5,
        prop::option::weighted(0.2, 0..VALUES.len()),
    )
        .prop_map(|(to, when, at_least, at_most, ask)| Dep {
            to,
            when,
            at_least,
            at_most,
            ask,
        })
}

fn values() -> impl Strategy<Value = Vec<usize>> {
    (Just((0..VALUES.len()).collect::<Vec<usize>>()).prop_shuffle(), 1..=VALUES.len()).prop_map(
        |(mut all, count)| {
            all.truncate(count);
            all
        },
    )
}

fn models() -> impl Strategy<Value = Vec<Model>> {
    let model = (
        1_u32..4,
        values(),
        prop::option::weighted(0.1, 0..VALUES.len()),
        prop::collection::vec(dep(), 0..5),
        prop::option::weighted(0.5, (1_u32..4, 0..VALUES.len())),
        prop::option::weighted(
            0.7,
            (1_u32..5, 1_u32..3, prop::option::weighted(0.3, 0..VALUES.len())),
        ),
    )
        .prop_map(|(versions, default, fixed, deps, rule, provides)| Model {
            versions,
            default,
            fixed,
            deps,
            rule,
            provides,
        });
    prop::collection::vec(model, PACKAGES).prop_map(|mut models| {
        for (number, model) in models.iter_mut().enumerate() {
            // Dependencies go to higher numbers, so that there are no rings.
            let is_provider = PROVIDERS.contains(&number);
            model.deps.retain(|it| it.to.map_or(!is_provider, |it| it > number));
            model.provides = model.provides.filter(|_| is_provider);
        }
        models
    })
}

fn chosen() -> impl Strategy<Value = Chosen> {
    prop_oneof![
        2 => Just(None),
        1 => PROVIDERS.prop_map(|it| Some(vec![it])),
        1 => (Just(PROVIDERS.collect::<Vec<usize>>()).prop_shuffle(), 2_usize..4).prop_map(
            |(mut all, count)| {
                all.truncate(count);
                Some(all)
            }
        ),
    ]
}

//------ as files

fn fixture(models: &[Model], chosen: &Chosen) -> Fixture {
    let mut files = String::from("\n//- /r/i.kiln\ninterface i\n");
    let mut project = "//- /project.kiln\nproject\n".to_owned();
    if let Some(chosen) = chosen {
        let names: Vec<String> = chosen.iter().map(|it| format!("p{it}")).collect();
        let _ = match &names[..] {
            [one] => writeln!(project, "providers.i = {one}"),
            all => writeln!(project, "providers.i = auto({})", all.join(", ")),
        };
    }
    for (number, model) in models.iter().enumerate() {
        let mut body = String::from("versions {");
        for version in (1..=model.versions).rev() {
            let _ = write!(body, " {version} {{}};");
        }
        let names: Vec<&str> = model.default.iter().map(|it| VALUES[*it]).collect();
        let default = match names[..] {
            [one] => one.to_owned(),
            _ => format!("auto({})", names.join(", ")),
        };
        let _ = writeln!(body, " }}\nknob k: enum {{ a, b, c }} = {default}");
        for it in &model.deps {
            let mut conds = Vec::new();
            conds.extend(it.when.0.map(|it| format!("k == {}", VALUES[it])));
            if it.when.1 > 0 {
                conds.push(format!("version >= {}", it.when.1));
            }
            let when = match conds.is_empty() {
                true => String::new(),
                false => format!(" when {}", conds.join(" & ")),
            };
            let to = match (it.to, it.ask) {
                (None, _) => "i".to_owned(),
                (Some(to), None) => format!("p{to}"),
                (Some(to), Some(value)) => format!("p{to}[k = {}]", VALUES[value]),
            };
            let _ = writeln!(body, "host {to} >= {} <= {}{when}", it.at_least, it.at_most);
        }
        if let Some((version, value)) = model.rule {
            let _ = writeln!(body, "conflict version == {version} & k == {} \"no\"", VALUES[value]);
        }
        if let Some((offered, from, value)) = model.provides {
            let value = value.map(|it| format!(" & k == {}", VALUES[it])).unwrap_or_default();
            let _ = writeln!(body, "provides i == {offered} when version >= {from}{value}");
        }
        let _ = writeln!(
            files,
            "//- /r/p{number}.kiln\nrecipe p{number}\n{body}include unix\nstep build = sh\"true\""
        );
        if let Some(value) = model.fixed {
            let _ = writeln!(project, "p{number}.k = {}", VALUES[value]);
        }
    }
    Fixture::new(&format!("{files}{project}"), &["p0"])
}

//------ brute force

/// What there is to choose, by its place in the order of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Choice {
    Version(usize),
    Value(usize),
    Provider,
}

/// A choice for everything, and what became of it.
struct Case<'m> {
    models: &'m [Model],
    chosen: &'m Chosen,
    candidates: Vec<usize>,
    versions: Vec<u32>,
    /// The place of each knob's value in its default.
    values: Vec<usize>,
    provider: Option<usize>,
    found: Found,
    /// The packages that are needed by their own names, if that matters.
    named: [bool; PACKAGES],
    /// How far from the first each choice is that matters.
    away: BTreeMap<Choice, usize>,
}

impl Case<'_> {
    /// Settles the packages; returns whether they go together.
    fn settle(&mut self) -> bool {
        let mut asked: Vec<Vec<(u32, u32, Option<usize>)>> = vec![Vec::new(); PACKAGES];
        let mut of_interface: Vec<(u32, u32)> = Vec::new();
        let mut named: Vec<(usize, usize)> = Vec::new();
        asked[0].push((0, 9, None));
        for (number, model) in self.models.iter().enumerate() {
            if number == PROVIDERS.start && !of_interface.is_empty() {
                let Some(provider) = self.provider else { return false };
                asked[provider].push((0, 9, None));
            }
            if asked[number].is_empty() {
                continue;
            }
            let version = self.versions[number];
            self.away.insert(Choice::Version(number), (model.versions - version) as usize);
            if asked[number].iter().any(|it| version < it.0 || version > it.1) {
                return false;
            }
            let wanted: Vec<usize> = asked[number].iter().filter_map(|it| it.2).collect();
            let value = match (model.fixed, wanted.first()) {
                (Some(fixed), _) => fixed,
                (None, Some(wanted)) => *wanted,
                (None, None) => {
                    self.away.insert(Choice::Value(number), self.values[number]);
                    model.default[self.values[number]]
                }
            };
            if wanted.iter().any(|it| *it != value) || model.rule == Some((version, value)) {
                return false;
            }
            self.found.insert(number, (version, value));
            for it in &model.deps {
                if it.when.0.is_some_and(|it| it != value) || version < it.when.1 {
                    continue;
                }
                match it.to {
                    Some(to) => {
                        named.push((number, to));
                        asked[to].push((it.at_least, it.at_most, it.ask));
                    }
                    None => of_interface.push((it.at_least, it.at_most)),
                }
            }
            if self.provider == Some(number) && !of_interface.is_empty() {
                let Some((offered, from, with)) = model.provides else { return false };
                let provides = version >= from && with.is_none_or(|it| it == value);
                if !provides || of_interface.iter().any(|it| offered < it.0 || offered > it.1) {
                    return false;
                }
            }
        }
        if let Some(provider) = self.provider.filter(|_| !of_interface.is_empty()) {
            // What is needed by its own name, whoever provides the interface, comes first.
            let mut there = [false; PACKAGES];
            there[0] = true;
            named.sort();
            for (from, to) in named {
                there[to] |= there[from];
            }
            if self.candidates.len() > 1 || self.chosen.is_none() {
                for it in &self.candidates {
                    self.named[*it] = there[*it];
                }
                let mut order = self.candidates.clone();
                order.sort_by_key(|it| !there[*it]);
                let away = order.iter().position(|it| *it == provider).unwrap();
                self.away.insert(Choice::Provider, away);
            }
        }
        true
    }
}

/// The choices in the order of the search: dependents before what they may need.
fn order(models: &[Model], chosen: &Chosen, candidates: &[usize]) -> Vec<Choice> {
    let mut heights = [0; PACKAGES];
    let mut of_interface = 0;
    let fixed = match chosen.as_deref() {
        Some([one]) => Some(*one),
        _ => None,
    };
    for number in (0..PACKAGES).rev() {
        if number + 1 == PROVIDERS.start {
            of_interface = candidates.iter().map(|it| heights[*it] + 1).max().unwrap_or(0);
        }
        let below = models[number].deps.iter().map(|it| match it.to.or(fixed) {
            Some(to) => heights[to],
            None => of_interface,
        });
        heights[number] = below.max().map_or(0, |it| it + 1);
    }
    let mut all: Vec<(std::cmp::Reverse<usize>, String, Choice)> = Vec::new();
    all.push((std::cmp::Reverse(of_interface), "i".to_owned(), Choice::Provider));
    for (number, height) in heights.iter().enumerate() {
        for choice in [Choice::Version(number), Choice::Value(number)] {
            all.push((std::cmp::Reverse(*height), format!("p{number}"), choice));
        }
    }
    all.sort();
    all.into_iter().map(|it| it.2).collect()
}

/// The first solution of all that there are; one for each set of packages that are needed by their own
/// names, as that decides in which order providers are tried.
fn brute_force(models: &[Model], chosen: &Chosen) -> Vec<Found> {
    let declared = PROVIDERS.filter(|it| models[*it].provides.is_some()).collect();
    let candidates: Vec<usize> = chosen.clone().unwrap_or(declared);
    let order = order(models, chosen, &candidates);
    let mut providers: Vec<Option<usize>> = candidates.iter().copied().map(Some).collect();
    if providers.is_empty() {
        providers.push(None);
    }
    let mut sizes: Vec<usize> = models.iter().map(|it| it.versions as usize).collect();
    sizes.extend(models.iter().map(|it| it.default.len()));
    let count: usize = sizes.iter().product();
    let mut best: BTreeMap<[bool; PACKAGES], (Vec<usize>, Found)> = BTreeMap::new();
    for number in 0..count {
        let mut rest = number;
        let mut next = |size: &usize| {
            let it = rest % size;
            rest /= size;
            it
        };
        let places: Vec<usize> = sizes.iter().map(&mut next).collect();
        for provider in &providers {
            let mut case = Case {
                models,
                chosen,
                candidates: candidates.clone(),
                versions: places[..PACKAGES].iter().map(|it| *it as u32 + 1).collect(),
                values: places[PACKAGES..].to_vec(),
                provider: *provider,
                found: Found::new(),
                named: [false; PACKAGES],
                away: BTreeMap::new(),
            };
            if !case.settle() {
                continue;
            }
            let key: Vec<usize> =
                order.iter().map(|it| case.away.get(it).copied().unwrap_or(0)).collect();
            if best.get(&case.named).is_none_or(|it| key < it.0) {
                best.insert(case.named, (key, case.found));
            }
        }
    }
    best.into_values().map(|it| it.1).collect()
}

fn solution_of(fixture: &Fixture) -> (Option<Found>, String) {
    chosen_of(fixture, |node| {
        let value = node.option("k").unwrap().value.source();
        VALUES.iter().position(|it| *it == value).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn providers_and_values_are_the_first_that_brute_force_finds(
        models in models(),
        chosen in chosen(),
    ) {
        let fixture = fixture(&models, &chosen);
        let (found, said) = solution_of(&fixture);
        let expected = brute_force(&models, &chosen);
        let is_one = match &found {
            Some(found) => expected.contains(found),
            None => expected.is_empty(),
        };
        prop_assert!(
            is_one,
            "{:?}, not one of {:?}\n{}{:#?}",
            found,
            expected,
            said,
            fixture.files
        );
    }
}
