//! Packages and layers to a [`Solution`].
//!
//! A *unit* holds one instance of each package: what is wanted and what that is linked with and
//! needs when it runs. The build tools of a package are a unit of their own, shared with every
//! package that asks for the same ones.
//!
//! Within a unit each package follows from what is asked of it: its version and options, and with
//! them its own needs. Packages are settled dependents first, and again when something that they
//! follow from has changed, until nothing is left to do (`settle`). Where versions clash, that is
//! learned from, and other versions are taken (`search`).
//!
//! What a layer fixes is never changed: a need against it is a conflict that names both places.
//! Rules: `spec/solve/`.

mod ahead;
mod board;
mod exports;
mod finish;
mod interfaces;
mod node;
mod options;
mod order;
mod parts;
mod search;
mod settle;
mod unasked;
mod unit;
mod versions;
mod ways;

pub(crate) use interfaces::offers_enough;
pub(crate) use parts::WHOLE;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::{Code, Database, Diagnostic};

use self::finish::Assembly;
use crate::evaluate::Packages;
use crate::globals::{GlobalFacts, may_hold};
use crate::layers::{LayerSetting, SettingsByPackage, Setup, Target, Wish, provider_names};
use crate::package::Place;
use crate::solution::{Globals, Root, Solution};

/// Chooses a version and every option for what a setup wants, on this many threads: the solution does
/// not depend on it.
///
/// # Errors
///
/// Every conflict that was found, each with the places that matter. Warnings are in the second
/// part of a success.
pub fn solve(
    packages: &Packages<'_>,
    setup: &Setup,
    threads: NonZeroUsize,
) -> Result<(Solution, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut session = Session { solver: Solver::new(Given::new(packages, setup, threads, true)) };
    let solved = session.solve(&setup.wishes).map_err(|said| {
        let solver = &session.solver;
        // With something else the search would come to its bound, too.
        let offer = match solver.has_given_up {
            true => ways::Offer::None,
            false => ways::Offer::Beside(solver.drafts),
        };
        kiln_lang::with_stack(|| ways::offer(packages, setup, said, &solver.hints, offer))
    });
    packages.db().leave(session);
    solved
}

/// Solves several requests under the same layers, and what they have in common once.
///
/// A request gets the same solution as alone, whatever was solved before.
pub struct Session<'a> {
    solver: Solver<'a>,
}

impl<'a> Session<'a> {
    /// Makes a session under the layers, providers, policies and platforms of a setup.
    #[must_use]
    pub fn new(packages: &'a Packages<'a>, setup: &'a Setup) -> Self {
        let given = Given::new(packages, setup, NonZeroUsize::MIN, false);
        Session { solver: Solver::new(given) }
    }

    /// As [`solve()`], for these wishes.
    ///
    /// # Errors
    ///
    /// As [`solve()`].
    pub fn solve(
        &mut self,
        wishes: &[Wish],
    ) -> Result<(Solution, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (solution, mut diagnostics) = kiln_lang::with_stack(|| self.solver.run(wishes));
        diagnostics.dedup();
        if diagnostics.iter().any(Diagnostic::is_error) {
            Err(diagnostics)
        } else {
            Ok((solution, diagnostics))
        }
    }
}

/// The place of what is written nowhere.
const NOWHERE: Place = Place { file: Database::PACKAGE, start: 0, end: 0 };

/// What the solver is given, and never changes: threads may share it.
struct Given<'a> {
    packages: &'a Packages<'a>,
    db: &'a Database,
    setup: &'a Setup,
    settings: SettingsByPackage<'a>,
    /// Which packages provide an interface, as the highest layer that says so has it.
    providers: BTreeMap<Name, Provider>,
    /// The package that provides an interface, where a layer names just one.
    fixed: Arc<BTreeMap<Name, Name>>,
    /// What the project demands, by package.
    policies: Vec<(Name, Arc<unit::Need>)>,
    /// Whether a layer takes packages away.
    has_unavailable: bool,
    host: Arc<Globals>,
    build: Arc<Globals>,
    /// How many packages are drafted at a time.
    threads: NonZeroUsize,
    /// Whether this is for one request: what a session of many leaves would add up.
    solves_once: bool,
}

/// Settles requests, and keeps what they have in common.
struct Solver<'a> {
    given: Arc<Given<'a>>,
    /// The ranks of packages for the target, and of build tools.
    ranks: [order::Ranks; 2],
    /// The units of build tools by what they were asked for.
    build_units: BTreeMap<String, Vec<unit::Known>>,
    /// How many units of build tools were settled for the request.
    units_settled: usize,
    /// How often a package was settled for the request.
    drafts: usize,
    /// The units of build tools that are being settled, outermost first.
    open: Vec<unit::Open>,
    /// The conflicts that were found with the newest versions, and ways out of them.
    hints: Vec<ways::Hint>,
    /// Whether the search came to its bound.
    has_given_up: bool,
}

/// The packages that a layer chose to provide an interface.
struct Provider {
    /// One, or several of which the first that will do is taken.
    packages: Arc<[Name]>,
    /// Where the layer says so.
    place: Place,
    /// How.
    text: String,
    /// Which layer it is.
    label: String,
}

impl<'a> Given<'a> {
    fn new(
        packages: &'a Packages<'a>,
        setup: &'a Setup,
        threads: NonZeroUsize,
        solves_once: bool,
    ) -> Self {
        let mut providers = BTreeMap::new();
        for layer in &setup.layers {
            for setting in &layer.settings {
                let Target::Provider(interface) = &setting.target else { continue };
                let packages = provider_names(&layer.checked, setting.value);
                if !packages.is_empty() {
                    let provider = Provider {
                        packages: packages.into(),
                        place: setting.place,
                        text: setting.text.clone(),
                        label: layer.label.clone(),
                    };
                    providers.insert(interface.clone(), provider);
                }
            }
        }
        for (interface, package) in &setup.providers {
            let provider = Provider {
                packages: [package.clone()].into(),
                place: NOWHERE,
                text: format!("providers.{interface} = {package}"),
                label: "a way out".to_owned(),
            };
            providers.insert(interface.clone(), provider);
        }
        let fixed = providers
            .iter()
            .filter_map(|(interface, it): (&Name, &Provider)| match &it.packages[..] {
                [one] => Some((interface.clone(), one.clone())),
                _ => None,
            })
            .collect();
        let mut given = Given {
            fixed: Arc::new(fixed),
            packages,
            db: packages.db(),
            setup,
            settings: SettingsByPackage::new(setup),
            providers,
            policies: Vec::new(),
            has_unavailable: setup.layers.iter().any(|it| !it.unavailable.is_empty()),
            host: setup.host.clone(),
            build: setup.build.clone(),
            threads,
            solves_once,
        };
        given.policies = setup
            .policies
            .iter()
            .map(|it| (it.package.clone(), Arc::new(given.policy_need(it))))
            .collect();
        given
    }
}

impl<'a> Solver<'a> {
    fn new(given: Given<'a>) -> Self {
        Solver {
            given: Arc::new(given),
            ranks: Default::default(),
            build_units: BTreeMap::new(),
            units_settled: 0,
            drafts: 0,
            open: Vec::new(),
            hints: Vec::new(),
            has_given_up: false,
        }
    }

    fn run(&mut self, wishes: &[Wish]) -> (Solution, Vec<Diagnostic>) {
        self.units_settled = 0;
        self.drafts = 0;
        self.hints.clear();
        self.has_given_up = false;
        let mut requests = Vec::new();
        for wish in wishes {
            requests.push(unit::Request::of_wish(wish));
        }
        // A second instance has a unit of its own, by its name.
        let (main, aliased): (Vec<_>, Vec<_>) =
            requests.into_iter().zip(wishes).partition(|it| it.1.alias.is_none());
        let mut batches: Vec<(Vec<unit::Request>, Option<Name>)> = Vec::new();
        if !main.is_empty() {
            batches.push((main.into_iter().map(|it| it.0).collect(), None));
        }
        for (request, wish) in aliased {
            match batches.iter_mut().find(|it| it.1 == wish.alias) {
                Some(same) => same.0.push(request),
                None => batches.push((vec![request], wish.alias.clone())),
            }
        }
        let mut assembly = Assembly::default();
        let mut roots: Vec<(Place, Root)> = Vec::new();
        for (requests, alias) in batches {
            let names: Vec<(Place, Name, Option<Box<Name>>)> = requests
                .iter()
                .map(|it| (it.place, it.package.clone(), it.output.clone()))
                .collect();
            let unit = self.unit(
                self.given.unit_request(false, requests),
                (&Name::from_static_str("the wishes"), false),
            );
            let id = assembly.place(&self.given, &unit);
            for (place, name, output) in names {
                let name = self.given.provider(&name).unwrap_or(name);
                let name = unit.drafts.named(&name);
                let unit = assembly.solution.unit(id);
                let node = finish::part_of(&unit.by_name, &unit.outputs, name, output.as_deref());
                if let Some(node) = node {
                    roots.push((place, Root { node, alias: alias.clone() }));
                }
            }
        }
        // In the order of the wishes, whichever unit they are in.
        for wish in wishes.iter().filter(|it| !it.is_below) {
            if let Some(at) = roots.iter().position(|it| it.0 == wish.place) {
                let (_, root) = roots.remove(at);
                assembly.solution.roots.push(root);
            }
        }
        let Assembly { solution, diagnostics, placed, .. } = assembly;
        self.given.leave(placed);
        (solution, diagnostics)
    }
}

impl<'a> Given<'a> {
    /// Drops what a unit was settled with; see [`Database::leave`].
    fn leave<T>(&self, value: T) {
        if self.solves_once {
            self.db.leave(value);
        }
    }

    fn at(&self, code: Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, place.file, place.range(), message)
    }

    /// The package that a layer chose to provide an interface, if it is just one.
    fn provider(&self, name: &Name) -> Option<Name> {
        self.fixed.get(name).cloned()
    }

    /// The settings of a package in all layers, lowest first, with the index of their layer.
    fn settings_of<'s>(
        &'s self,
        package: &'s crate::package::Package,
    ) -> Vec<(usize, &'a LayerSetting)> {
        let all = self.settings.of(package);
        all.into_iter()
            .map(|(layer, index)| (layer, &self.setup.layers[layer].settings[index]))
            .collect()
    }
}
