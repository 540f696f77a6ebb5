//! A pass that never looks back: the newest version that meets what is asked for so far, defaults,
//! suggested providers, and this again until nothing changes. Roots that it does not get through are
//! the *hard* ones: for them something has to be chosen otherwise, or nothing goes together.
//!
//! All packages are in one graph, as in the source, so a clash of versions of a package that others
//! need only to be built is no reason to call a root hard: environments of build tools are apart.

use std::collections::{BTreeMap, BTreeSet};

use kiln_lang::Version;
use serde_json::Value;

use crate::world::{World, defaults, list, scalar, str, strings};

/// How often the graph is made anew. The source's own pass took at most 22.
const ROUNDS_MAX: usize = 40;

/// The version of the compiler, which is there from the beginning.
const GIVEN: &str = "13.3.0";

/// Why a root is hard, in the order in which reasons are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// No version of a package that is linked with or needed to run is all that is asked for.
    Versions,
    /// A package says that it does not go together like this.
    Conflict,
    /// What a package says it must have is not so.
    Requirement,
    /// An option is asked for that the package has not, as it is.
    Absent,
}

impl Reason {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Reason::Versions => "versions",
            Reason::Conflict => "conflict",
            Reason::Requirement => "requirement",
            Reason::Absent => "absent",
        }
    }
}

/// What became of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Clean,
    /// Only versions of packages that are needed to build others clash.
    Tools,
    Hard(BTreeSet<Reason>),
}

/// The facts of a package, its fragments' included.
struct Facts<'w> {
    given: bool,
    /// The versions as they are tried: preferred ones, then the newest; what is deprecated or moves
    /// comes last.
    versions: Vec<(Version, bool)>,
    variants: Vec<&'w Value>,
    depends: Vec<&'w Value>,
    conflicts: Vec<&'w Value>,
    requires: Vec<&'w Value>,
    systems: Vec<&'w Value>,
}

/// A package in the graph.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    version: Version,
    options: BTreeMap<String, Vec<String>>,
}

/// What is asked of a package.
struct Demand<'w> {
    spec: &'w Value,
    is_tool: bool,
}

type Graph = BTreeMap<String, Node>;

/// The pass, over the packages of a world.
pub(crate) struct Greedy<'w> {
    facts: BTreeMap<&'w str, Facts<'w>>,
    /// The package for each interface.
    providers: BTreeMap<&'w str, &'w str>,
}

impl<'w> Greedy<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        let mut providers = BTreeMap::new();
        for (interface, all) in &world.interfaces {
            let suggested = world.meta["suggested_provider"][interface].as_str();
            if let Some(provider) = suggested.or(all.first().map(String::as_str)) {
                providers.insert(interface.as_str(), provider);
            }
        }
        let mut facts = BTreeMap::new();
        for (name, package) in &world.packages {
            if package["virtual"] == true {
                continue;
            }
            let inherited = strings(&package["inherits"]);
            let bodies: Vec<&Value> = inherited
                .iter()
                .filter_map(|it| world.fragments.get(it))
                .chain([package])
                .collect();
            let all = |key: &str| -> Vec<&'w Value> {
                bodies.iter().flat_map(|it| list(it, key)).collect()
            };
            let mut versions: Vec<(bool, bool, Version)> = all("versions")
                .into_iter()
                .map(|it| {
                    let is_last = it["deprecated"] == true || it["moving"] == true;
                    (is_last, it["preferred"] != true, Version::new(str(it, "v")))
                })
                .collect();
            versions.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(b.2.cmp(&a.2)));
            let mut depends = all("depends");
            depends.extend(all("extends"));
            let is_tested = |it: &&Value| strings(&it["types"]) != ["test"];
            facts.insert(
                name.as_str(),
                Facts {
                    given: world.is_given(name),
                    versions: versions.into_iter().map(|it| (it.2, it.0)).collect(),
                    variants: all("variants"),
                    depends: depends.into_iter().filter(is_tested).collect(),
                    conflicts: all("conflicts"),
                    requires: all("requires"),
                    systems: list(package, "build_system").collect(),
                },
            );
        }
        Greedy { facts, providers }
    }

    /// The packages that have a version.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &'w str> {
        self.facts.iter().filter(|it| !it.1.versions.is_empty()).map(|it| *it.0)
    }

    /// Settles a root, and says how it went.
    pub(crate) fn settle(&self, root: &str) -> Outcome {
        let mut graph = Graph::new();
        let mut demands = BTreeMap::new();
        for _ in 0..ROUNDS_MAX {
            demands = self.demands(root, &graph);
            let next: Graph = demands
                .iter()
                .map(|(name, asked)| ((*name).to_owned(), self.node(name, asked, &graph)))
                .collect();
            if next == graph {
                break;
            }
            graph = next;
        }
        self.judge(&graph, &demands)
    }

    /// What a name stands for.
    fn named(&self, name: &'w str) -> &'w str {
        match self.facts.contains_key(name) {
            true => name,
            false => self.providers.get(name).copied().unwrap_or(name),
        }
    }

    /// What is asked of each package that the root leads to.
    fn demands(&self, root: &str, graph: &Graph) -> BTreeMap<&'w str, Vec<Demand<'w>>> {
        let mut demands: BTreeMap<&'w str, Vec<Demand<'w>>> = BTreeMap::new();
        let Some((root, _)) = self.facts.get_key_value(root) else { return demands };
        demands.insert(root, Vec::new());
        let mut open = vec![*root];
        while let Some(name) = open.pop() {
            let Some(facts) = self.facts.get(name).filter(|it| !it.given) else { continue };
            for dep in &facts.depends {
                if !self.when(dep, name, graph) {
                    continue;
                }
                let target = self.named(str(&dep["spec"], "name"));
                if !self.facts.contains_key(target) || target == name {
                    continue;
                }
                let types = strings(&dep["types"]);
                let is_tool = types.iter().all(|it| it == "build" || it == "test");
                if !demands.contains_key(target) {
                    open.push(target);
                }
                demands.entry(target).or_default().push(Demand { spec: &dep["spec"], is_tool });
            }
        }
        demands
    }

    /// A package as it is asked for.
    fn node(&self, name: &str, asked: &[Demand<'_>], graph: &Graph) -> Node {
        let Some(facts) = self.facts.get(name) else {
            return Node { version: Version::new(GIVEN), options: BTreeMap::new() };
        };
        let fits = |it: &&(Version, bool)| self.are_met(name, &it.0, asked);
        let found = facts.versions.iter().find(fits).or(facts.versions.first());
        let version = match facts.given {
            true => Version::new(GIVEN),
            false => found.map_or_else(|| Version::new(GIVEN), |it| it.0.clone()),
        };
        // Conditions of options see the options of the round before.
        let before = graph.get(name).map(|it| it.options.clone()).unwrap_or_default();
        let seen = Node { version: version.clone(), options: before };
        let lookup = |fact: &Value| self.when_in(fact, name, graph, Some(&seen));
        let mut options = BTreeMap::new();
        for declared in facts.systems.iter().filter(|it| lookup(it)) {
            options.insert("build_system".to_owned(), strings(&declared["default"]));
            if declared["default"].is_string() {
                options.insert("build_system".to_owned(), vec![scalar(&declared["default"])]);
            }
        }
        for variant in facts.variants.iter().filter(|it| lookup(it)) {
            options.insert(str(variant, "name").to_owned(), defaults(variant));
        }
        for demand in asked {
            for (option, wanted) in demand.spec["variants"].as_object().into_iter().flatten() {
                if let Some(value) = options.get_mut(option) {
                    let is_many = facts
                        .variants
                        .iter()
                        .any(|it| str(it, "name") == option && str(it, "kind") == "multi");
                    *value = asked_for(value, wanted, is_many);
                }
            }
        }
        Node { version, options }
    }

    /// Whether a version of a package, which may provide an interface, is all that is asked for.
    fn are_met(&self, name: &str, version: &Version, asked: &[Demand<'_>]) -> bool {
        // What is asked of an interface is no matter of its provider's own version.
        let own = asked.iter().filter(|it| str(it.spec, "name") == name);
        own.map(|it| &it.spec["versions"]).all(|it| matches(it, version))
    }

    fn judge(&self, graph: &Graph, demands: &BTreeMap<&str, Vec<Demand<'_>>>) -> Outcome {
        let mut reasons = BTreeSet::new();
        let mut has_tools = false;
        for (name, asked) in demands {
            let (Some(facts), Some(node)) = (self.facts.get(name), graph.get(*name)) else {
                continue;
            };
            if facts.given {
                continue;
            }
            if !self.are_met(name, &node.version, asked) {
                let linked: Vec<&Demand<'_>> = asked.iter().filter(|it| !it.is_tool).collect();
                match linked.is_empty() {
                    true => has_tools = true,
                    false => drop(reasons.insert(Reason::Versions)),
                }
            }
            for demand in asked {
                let mut wanted = demand.spec["variants"].as_object().into_iter().flatten();
                if wanted.any(|it| !node.options.contains_key(it.0)) {
                    reasons.insert(Reason::Absent);
                }
            }
            // One that names another package is a matter of both, and not judged.
            let is_own = |it: &Value| {
                let named = str(it, "name");
                (named.is_empty() || named == *name) && list(it, "deps").next().is_none()
            };
            for conflict in &facts.conflicts {
                let parts = || list(conflict, "when").chain([&conflict["spec"]]);
                if parts().all(is_own) && parts().all(|it| self.holds(it, name, graph, None)) {
                    reasons.insert(Reason::Conflict);
                }
            }
            for required in facts.requires.iter().filter(|it| self.when(it, name, graph)) {
                let holding =
                    list(required, "specs").filter(|it| self.holds(it, name, graph, None)).count();
                if holding == 0 || str(required, "policy") == "one_of" && holding > 1 {
                    reasons.insert(Reason::Requirement);
                }
            }
        }
        match (reasons.is_empty(), has_tools) {
            (false, _) => Outcome::Hard(reasons),
            (true, true) => Outcome::Tools,
            (true, false) => Outcome::Clean,
        }
    }

    //------ conditions

    fn when(&self, fact: &Value, name: &str, graph: &Graph) -> bool {
        self.when_in(fact, name, graph, None)
    }

    fn when_in(&self, fact: &Value, name: &str, graph: &Graph, own: Option<&Node>) -> bool {
        list(fact, "when").all(|it| self.holds(it, name, graph, own))
    }

    /// Whether a constraint holds for a package; `own` is how it is, if not as in the graph.
    fn holds(&self, spec: &Value, of: &str, graph: &Graph, own: Option<&Node>) -> bool {
        let named = str(spec, "name");
        let name = match named.is_empty() {
            true => of,
            false if self.facts.contains_key(named) => named,
            false => self.providers.get(named).copied().unwrap_or(named),
        };
        let own = own.filter(|_| name == of);
        let Some(node) = own.or_else(|| graph.get(name)) else { return false };
        let is_interface = !named.is_empty() && named != name;
        let version = is_interface || matches(&spec["versions"], &node.version);
        let options = spec["variants"]
            .as_object()
            .into_iter()
            .flatten()
            .all(|(option, wanted)| node.options.get(option).is_some_and(|it| has(it, wanted)));
        let deps = list(spec, "deps").all(|dep| {
            let provides = strings(&dep["virtuals"]).iter().all(|it| {
                self.providers.get(it.as_str()).is_some_and(|it| *it == str(&dep["spec"], "name"))
            });
            provides && self.holds(&dep["spec"], name, graph, None)
        });
        version && options && deps && is_here(spec)
    }
}

/// Whether a constraint holds on Linux on an ordinary x86_64 machine.
fn is_here(spec: &Value) -> bool {
    let any = |key: &str, is_it: &dyn Fn(&str) -> bool| {
        spec[key].is_null() || strings(&spec[key]).iter().any(|it| is_it(it))
    };
    let is_target = |it: &str| match it.split_once(':') {
        Some((lo, hi)) => matches!(lo, "" | "x86_64") && matches!(hi, "" | "x86_64"),
        None => it == "x86_64",
    };
    any("platform", &|it| it == "linux")
        && any("target", &is_target)
        && spec["os"].is_null()
        && spec["arch"].is_null()
        && spec["flags"].is_null()
}

/// Whether a version is in one of the ranges.
fn matches(ranges: &Value, version: &Version) -> bool {
    let Some(ranges) = ranges.as_array() else { return true };
    ranges.iter().any(|range| {
        let Some(ends) = range.as_array() else { return true };
        let end = |at: usize| ends.get(at).and_then(Value::as_str);
        if ends.len() == 1 {
            return end(0).is_some_and(|it| *version == Version::new(it));
        }
        let from = end(0).is_none_or(|it| *version >= Version::new(it));
        from && end(1).is_none_or(|it| *version <= Version::new(it) || version.in_series(it))
    })
}

/// Whether an option is as a spec says.
fn has(value: &[String], wanted: &Value) -> bool {
    match wanted {
        Value::Array(items) => items.iter().map(scalar).all(|it| value.contains(&it) || it == "*"),
        Value::Object(exactly) => {
            let mut exactly = exactly.get("exactly").map(strings).unwrap_or_default();
            let mut value = value.to_vec();
            exactly.sort();
            value.sort();
            value == exactly
        }
        other => value == [scalar(other)],
    }
}

/// An option as a spec asks for it.
fn asked_for(value: &[String], wanted: &Value, is_many: bool) -> Vec<String> {
    match wanted {
        Value::Array(items) => {
            let items = items.iter().map(scalar);
            // Values that stand for "nothing" give way.
            let kept = value.iter().filter(|it| is_many && !matches!(it.as_str(), "none" | "auto"));
            let mut all: Vec<String> = kept.cloned().collect();
            for item in items {
                if !all.contains(&item) {
                    all.push(item);
                }
            }
            all
        }
        Value::Object(exactly) => exactly.get("exactly").map(strings).unwrap_or_default(),
        other => vec![scalar(other)],
    }
}
