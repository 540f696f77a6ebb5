//! Solutions to a [`Lock`].

use std::collections::{BTreeMap, HashMap};

use kiln_lang::Database;
use kiln_lang::module::Name;
use kiln_lang::types::Object;
use kiln_store::{Derivation, DerivationId, Inputs, ObjectId, to_hex};

use super::{Lock, LockedOption, LockedPackage, LockedRequest, LockedValue, RequestKind};
use crate::derive::Derived;
use crate::solution::{Edge, Influencer, Node, NodeId, OptionState, OptionValue, Solution, Unit};
use crate::value::Value;

/// How many digits a hash of what a recipe makes has: enough that no two are equal by chance.
const RECIPE_DIGITS: usize = 32;

/// Collects solutions into a [`Lock`].
///
/// Build tools that are equal in everything are one, whichever request they are of.
pub struct LockRecorder<'a> {
    db: &'a Database,
    /// The folder of the project, with `/` at its end: files in it are named relative to it.
    folder: String,
    lock: Lock,
    /// The place of each tool in the lock, by what makes two of them the same.
    tools: BTreeMap<(LockedPackage, Option<DerivationId>), usize>,
}

impl<'a> LockRecorder<'a> {
    /// Makes one for a project in this folder.
    #[must_use]
    pub fn new(db: &'a Database, folder: &str) -> Self {
        let folder = format!("{}/", folder.trim_end_matches('/'));
        LockRecorder { db, folder, lock: Lock::default(), tools: BTreeMap::new() }
    }

    /// Adds a request with its solution.
    pub fn add(
        &mut self,
        kind: RequestKind,
        wants: Vec<String>,
        solution: &Solution,
        derived: &Derived,
    ) {
        self.facts(solution);
        let reading = Reading::new(self.db, &self.folder, solution, derived);
        let is_tool = |id: NodeId| solution.unit(solution.node(id).unit).is_build;
        let ids = || (0..solution.nodes.len()).map(NodeId);
        // First every tool gets its place, told apart by what it is and the titles of what it
        // needs; then all that need tools name those places.
        let mut places: HashMap<NodeId, usize> = HashMap::new();
        let mut new = Vec::new();
        for id in ids().filter(|it| is_tool(*it)) {
            let package = reading.package(id, |it| solution.node(it).title());
            let key = (package, reading.derivation(id));
            let next = self.lock.tools.len();
            let place = *self.tools.entry(key).or_insert_with_key(|key| {
                self.lock.tools.push(key.0.clone());
                new.push(id);
                next
            });
            places.insert(id, place);
        }
        let name = |id: NodeId| match places.get(&id) {
            Some(place) => placeholder(*place),
            None => reading.name(id).to_string(),
        };
        for id in new {
            self.lock.tools[places[&id]] = reading.package(id, name);
        }
        let mut packages: Vec<LockedPackage> =
            ids().filter(|it| !is_tool(*it)).map(|it| reading.package(it, name)).collect();
        packages.sort_by(|a, b| (&a.instance, &a.name).cmp(&(&b.instance, &b.name)));
        self.lock.requests.push(LockedRequest { kind, wants, packages });
    }

    /// Returns the lock, with the tools in order and named by what tells them apart.
    #[must_use]
    pub fn finish(self) -> Lock {
        let mut lock = self.lock;
        lock.requests.sort_by_key(|it| it.kind);
        let mut order: Vec<usize> = (0..lock.tools.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (&lock.tools[*a], &lock.tools[*b]);
            (&a.name, &a.version, &a.options, a).cmp(&(&b.name, &b.version, &b.options, b))
        });
        let names = tool_names(&lock.tools, &order);
        let rename = |package: &mut LockedPackage| {
            for needs in package.needs.values_mut() {
                for need in needs.iter_mut() {
                    if let Some(place) = place_of(need) {
                        need.clone_from(&names[place]);
                    }
                }
                needs.sort();
                needs.dedup();
            }
        };
        lock.tools.iter_mut().for_each(rename);
        lock.requests.iter_mut().flat_map(|it| &mut it.packages).for_each(rename);
        let mut tools: Vec<Option<LockedPackage>> = lock.tools.into_iter().map(Some).collect();
        lock.tools = order.iter().filter_map(|it| tools[*it].take()).collect();
        lock
    }

    /// What the solution was made for.
    fn facts(&mut self, solution: &Solution) {
        for unit in &solution.units {
            for ((object, name), value) in &unit.globals.values {
                let table = match (object, unit.is_build) {
                    (Object::Platform, false) => "platform",
                    (Object::Machine, _) => "machine",
                    (Object::Toolchain, false) => "toolchain",
                    (Object::Toolchain, true) => "build-toolchain",
                    (Object::Facts, is_build) if is_read(solution, unit, name) => {
                        if is_build {
                            "build-facts"
                        } else {
                            "facts"
                        }
                    }
                    _ => continue,
                };
                let table = self.lock.facts.entry(table.to_owned()).or_default();
                table.entry(name.to_string()).or_insert_with(|| value.to_string());
            }
        }
    }
}

/// Whether a fact that is given has a say: a package of the unit reads it, or a layer.
fn is_read(solution: &Solution, unit: &Unit, fact: &Name) -> bool {
    unit.globals.read_by_layers.contains(fact)
        || unit.by_name.values().any(|it| solution.node(*it).package.facts_read.contains(fact))
}

/// What stands for a tool until all are known; no package is called so.
fn placeholder(place: usize) -> String {
    format!("#{place}")
}

fn place_of(need: &str) -> Option<usize> {
    need.strip_prefix('#')?.parse().ok()
}

/// The name of each tool: of one that is alone, its own; else with its version, its options, and at
/// last a number.
pub(super) fn tool_names(tools: &[LockedPackage], order: &[usize]) -> Vec<String> {
    type Naming = fn(&LockedPackage) -> String;
    let namings: [Naming; 3] = [
        |it| it.name.to_string(),
        LockedPackage::title,
        |it| {
            let options: Vec<String> = it
                .options
                .iter()
                .map(|(name, option)| format!("{name} = {}", option.value))
                .collect();
            format!("{}[{}] {}", it.name, options.join(", "), it.version)
        },
    ];
    let counts: Vec<BTreeMap<String, usize>> = namings
        .iter()
        .map(|naming| {
            let mut counts = BTreeMap::new();
            for tool in tools {
                *counts.entry(naming(tool)).or_insert(0) += 1;
            }
            counts
        })
        .collect();
    let mut names = vec![String::new(); tools.len()];
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for place in order {
        let tool = &tools[*place];
        let unique = namings
            .iter()
            .zip(&counts)
            .map(|it| (it.0(tool), it.1))
            .find_map(|(name, counts)| (counts.get(&name) == Some(&1)).then_some(name));
        names[*place] = unique.unwrap_or_else(|| {
            let title = tool.title();
            let number = numbers.entry(title.clone()).or_insert(0);
            *number += 1;
            format!("{title} ({number})")
        });
    }
    names
}

/// A solution that is read.
struct Reading<'a> {
    db: &'a Database,
    folder: &'a str,
    solution: &'a Solution,
    derived: &'a Derived,
    /// Titles of packages with their names: who needs something is named without its version, which
    /// stands elsewhere.
    titles: HashMap<String, &'a Name>,
}

impl<'a> Reading<'a> {
    fn new(
        db: &'a Database,
        folder: &'a str,
        solution: &'a Solution,
        derived: &'a Derived,
    ) -> Self {
        let titles = solution
            .nodes
            .iter()
            .map(|it| (format!("{} {}", it.package.name, it.version), &it.package.name))
            .collect();
        Reading { db, folder, solution, derived, titles }
    }

    fn derivation(&self, id: NodeId) -> Option<DerivationId> {
        self.derived.nodes.get(&id).map(|it| it.derivation)
    }

    /// A package, with what it needs named by `name`.
    fn package(&self, id: NodeId, name: impl Fn(NodeId) -> String) -> LockedPackage {
        let node = self.solution.node(id);
        let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for edge in &node.edges {
            needs.entry(edge.role.to_string()).or_default().push(name(edge.to));
        }
        for needs in needs.values_mut() {
            needs.sort();
            needs.dedup();
        }
        let made_by = node.made_by();
        if let Some(compilation) = made_by {
            needs.insert("from".to_owned(), vec![name(compilation)]);
        }
        let (recipe, sources) = self.made(id);
        let mut exports: Vec<String> = node.edges.iter().filter_map(|it| self.export(it)).collect();
        exports.sort();
        exports.dedup();
        LockedPackage {
            name: self.name(id),
            instance: self.instance(id),
            version: node.version.to_string(),
            recipe,
            sources,
            needs,
            providers: self.providers(node),
            exports,
            // Those of an output are those of the compilation that it is from.
            options: node
                .named_options()
                .filter(|_| made_by.is_none())
                .map(|(name, option)| (name.to_string(), self.option(option)))
                .collect(),
        }
    }

    /// The name of a package, or of a part of one: `curl.libcurl`.
    fn name(&self, id: NodeId) -> Name {
        Name::from(self.solution.node(id).name())
    }

    /// The name of the second instance whose unit the package is in.
    fn instance(&self, id: NodeId) -> Option<Name> {
        let unit = self.solution.node(id).unit;
        let mut roots = self.solution.roots.iter();
        roots.find(|it| self.solution.node(it.node).unit == unit)?.alias.clone()
    }

    fn export(&self, edge: &Edge) -> Option<String> {
        let injection = edge.injected.as_ref()?;
        let what = &self.solution.node(edge.to).package.name;
        let by = &self.solution.node(injection.by).package.name;
        Some(format!("{} {what} from {by}", edge.role))
    }

    /// The packages that stand for interfaces: those that the recipe names otherwise.
    fn providers(&self, node: &Node) -> BTreeMap<String, String> {
        let mut providers = BTreeMap::new();
        for edge in node.edges.iter().filter(|it| it.injected.is_none()) {
            let package = &self.solution.node(edge.to).package.name;
            let mut deps = node.package.all_deps();
            let named = deps.find(|it| *it.name() == edge.name);
            if let Some(dep) = named.filter(|it| it.package != *package) {
                providers.insert(dep.package.to_string(), package.to_string());
            }
        }
        providers
    }

    /// What the recipe makes of these choices, as a hash; and the hashes of the sources.
    fn made(&self, id: NodeId) -> (Option<String>, Vec<String>) {
        let Some(input) = self.derived.nodes.get(&id) else { return (None, Vec::new()) };
        let Some(node) = self.derived.graph.node(&input.derivation) else {
            return (None, Vec::new());
        };
        let Some(build) = node.as_build() else {
            return (None, source(&node.derivation).into_iter().collect());
        };
        let packages = || self.solution.node(id).edges.iter().map(|it| self.derivation(it.to));
        let mut sources = Vec::new();
        let mut inputs = Inputs::default();
        for (label, input) in &build.inputs {
            // What is below has blocks of its own, and does not count twice.
            inputs.insert(label.clone(), ObjectId([0; 32]));
            let derivation = self.derived.graph.node(&input.derivation);
            let is_package = packages().any(|it| it == Some(input.derivation));
            if let Some(node) = derivation.filter(|_| !is_package) {
                sources.extend(source(&node.derivation));
            }
        }
        sources.sort();
        sources.dedup();
        let hash = build.with_inputs(inputs).id();
        (Some(to_hex(hash.as_bytes())[..RECIPE_DIGITS].to_owned()), sources)
    }

    //------ options

    fn option(&self, option: &OptionValue) -> LockedOption {
        let value = match &option.value {
            Value::Set(of, bits) => {
                LockedValue::Set(bits.iter().map(|it| of.values[it as usize].to_string()).collect())
            }
            value => LockedValue::One(value.to_string()),
        };
        LockedOption { value, by: self.origin(option) }
    }

    /// Who set an option, in words that stay the same when lines and versions move.
    fn origin(&self, option: &OptionValue) -> Option<String> {
        if option.state == OptionState::Default {
            return None;
        }
        let last = option.history.iter().rfind(|it| !it.overruled)?;
        Some(match &last.by {
            Influencer::Default | Influencer::Recipe => return None,
            Influencer::Need(by) => format!("need of {}", self.nameless(by)),
            Influencer::Layer(label) => {
                let path = last.place.map(|it| self.db.path(it.file));
                match path.and_then(|it| self.file(&it)) {
                    Some(file) if label != "project" => format!("{label} in {file}"),
                    _ => label.clone(),
                }
            }
            it @ (Influencer::Policy | Influencer::Lock | Influencer::Search) => it.text(),
        })
    }

    /// A need's title without the version of the package: `vpp 24.10 (exported by x)`.
    fn nameless(&self, by: &str) -> String {
        let title = by.split_once(" (").map_or(by, |it| it.0);
        match self.titles.get(title) {
            Some(name) => format!("{name}{}", &by[title.len()..]),
            None => by.to_owned(),
        }
    }

    /// A file as it is called wherever the project lies; none for what is no file.
    fn file(&self, path: &str) -> Option<String> {
        if let Some(inside) = path.strip_prefix(self.folder) {
            return Some(inside.to_owned());
        }
        let is_file = path.starts_with('/') || path.starts_with("std:");
        is_file.then(|| path.rsplit('/').next().unwrap_or(path).to_owned())
    }
}

/// The hash of a source, and what it is called.
fn source(derivation: &Derivation) -> Option<String> {
    match derivation {
        Derivation::Fetch(fetch) => Some(format!("{} {}", fetch.hash, fetch.name)),
        Derivation::Import(import) => Some(format!("files:{} {}", import.object, import.name)),
        Derivation::Build(_) => None,
    }
}
