//! What solving gives: a version and a value of every option for every package, and why.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::repeat_n;
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::schema::{OptionSchema, OptionTable};
use kiln_lang::types::Object;
use kiln_lang::{Database, Diagnostic, Version};
use lean_string::LeanStr;
use thin_vec::ThinVec;

use crate::evaluate::declared;
use crate::lock::LOCK_FILE;
use crate::package::{CompileDecl, ExportKey, Package, Place, is_in_unit};
use crate::solve::WHOLE;
use crate::value::{Bits, Value};

/// A version and a value of every option for every package, and why.
#[derive(Debug, Default)]
pub struct Solution {
    /// The units: what is wanted, and build tools; those of a unit come before it.
    pub units: Vec<Unit>,
    /// The packages in the units.
    pub nodes: Vec<Node>,
    /// What was wanted, in the order of the wishes.
    pub roots: Vec<Root>,
}

/// The place of a unit in its solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub usize);

/// The place of a node in its solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// Packages of which there is one instance each.
#[derive(Debug)]
pub struct Unit {
    /// Whether the packages run on the build machine.
    pub is_build: bool,
    /// The packages in it; of one that has several outputs, the one that is meant by its name, or
    /// the first that is needed.
    pub by_name: BTreeMap<Name, NodeId>,
    /// The outputs of packages that have some: those that are needed.
    pub outputs: BTreeMap<Name, BTreeMap<Name, NodeId>>,
    /// What the unit is for: the packages named by whoever asked, and those injected beside them.
    pub roots: Vec<UnitRoot>,
    /// Who provides the interfaces that are needed in it.
    pub providers: BTreeMap<Name, Provider>,
    /// The platform and toolchain that its packages are for.
    pub globals: Arc<Globals>,
}

/// A package that a unit is for.
#[derive(Debug, Clone)]
pub struct UnitRoot {
    /// The package.
    pub node: NodeId,
    /// Who injected it, if nobody named it.
    pub injected: Option<Box<Injection>>,
}

/// The package that provides an interface in a unit, and why.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The package.
    pub node: NodeId,
    /// Everything that had a say.
    pub history: Vec<Influence>,
    /// Whether a layer names it: nothing else is tried.
    pub is_fixed: bool,
    /// What else could provide it, as far as is known before it is tried.
    pub others: Vec<Name>,
}

/// A package that is wanted.
#[derive(Debug, Clone)]
pub struct Root {
    /// The package.
    pub node: NodeId,
    /// The name of the instance, if it has one of its own.
    pub alias: Option<Name>,
}

/// The platform, toolchain and facts of a unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Globals {
    /// The values, by object and name; a fact that is not given has none.
    pub values: BTreeMap<(Object, Name), Value>,
    /// Whether they are those of build tools.
    pub is_build: bool,
    /// The facts that layers read.
    pub read_by_layers: BTreeSet<Name>,
}

/// A package with everything chosen.
#[derive(Debug)]
pub struct Node {
    /// The unit that it is in.
    pub unit: UnitId,
    /// The package.
    pub package: Arc<Package>,
    /// Which part of the package it is, if that is not all of it.
    pub part: Option<NodePart>,
    /// Its version.
    pub version: Version,
    /// Why that version.
    pub version_history: Arc<[Influence]>,
    /// Its features and knobs, by their place in the package's table; nothing for fields.
    pub options: OptionValues,
    /// What it depends on, in the order of its recipe.
    pub edges: Vec<Edge>,
    /// The unit of its build tools.
    pub build_unit: Option<UnitId>,
    /// Who needs it, and why.
    pub needed_by: Arc<[LeanStr]>,
}

/// A part of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodePart {
    /// A compilation: everything that it makes.
    Compile(Name),
    /// An output: some of the files of a compilation.
    Output {
        /// Its name.
        name: Name,
        /// The node of the compilation.
        from: NodeId,
    },
}

/// A dependency between nodes. What few have is in a box.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Where the dependency is needed.
    pub role: Role,
    /// What is depended on.
    pub to: NodeId,
    /// The name that build expressions know it by.
    pub name: Name,
    /// Which output of it is meant.
    pub output: Option<Box<Name>>,
    /// Who injected it, if the recipe does not name it.
    pub injected: Option<Box<Injection>>,
}

/// An export that was applied.
#[derive(Debug, Clone)]
pub struct Injection {
    /// The package that exports.
    pub by: NodeId,
    /// From where to where.
    pub key: ExportKey,
    /// Where the export is written.
    pub place: Place,
}

/// A value of an option, and why it is so.
#[derive(Debug, Clone)]
pub struct OptionValue {
    /// The value.
    pub value: Value,
    /// Who decided it.
    pub state: OptionState,
    /// Everything that had a say, lowest first; nothing where its declaration alone has: that is told
    /// by [`whole_history`](Self::whole_history), as few ask and most values are as declared.
    pub history: ThinVec<Influence>,
}

impl OptionValue {
    /// Returns everything that had a say, lowest first; `option` is what the value is of.
    #[must_use]
    pub fn whole_history(&self, db: &Database, option: &OptionSchema) -> Cow<'_, [Influence]> {
        match &self.history[..] {
            [] => Cow::Owned(vec![declared(db, option, &self.value)]),
            history => Cow::Borrowed(history),
        }
    }
}

/// The values of a package's options, by their places in its table; some options have none. Copies
/// share them.
#[derive(Debug, Clone, Default)]
pub struct OptionValues {
    /// How many options before the others have none: a table begins with the fields that every
    /// package has.
    skipped: usize,
    others: Arc<[Option<Arc<OptionValue>>]>,
}

impl OptionValues {
    /// Returns the value of the option at a place of the table.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Arc<OptionValue>> {
        self.others.get(at.checked_sub(self.skipped)?)?.as_ref()
    }

    /// Returns the value of the option with this name, in the table that the places are of.
    #[must_use]
    pub fn named(&self, table: &OptionTable, name: &str) -> Option<&OptionValue> {
        self.get(table.position(name)?).map(|it| &**it)
    }

    /// Returns the values of all options of the table, in order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&Arc<OptionValue>>> {
        repeat_n(None, self.skipped).chain(self.others.iter().map(Option::as_ref))
    }
}

impl FromIterator<Option<Arc<OptionValue>>> for OptionValues {
    fn from_iter<I: IntoIterator<Item = Option<Arc<OptionValue>>>>(values: I) -> Self {
        let mut values = values.into_iter();
        let mut skipped = 0;
        let first = values.by_ref().find(|it| {
            skipped += usize::from(it.is_none());
            it.is_some()
        });
        OptionValues { skipped, others: first.into_iter().chain(values).collect() }
    }
}

/// Who decided a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OptionState {
    /// The recipe.
    Default,
    /// A layer: nothing else can change it.
    Fixed,
    /// A dependent or a policy.
    Needed,
    /// The search: a later value of `auto(…)`, as the first ones led to conflicts.
    Auto,
}

/// Something that had a say in a value.
#[derive(Debug, Clone)]
pub struct Influence {
    /// Who it is.
    pub by: Influencer,
    /// Where it is written.
    pub place: Option<Place>,
    /// How it is written.
    pub text: LeanStr,
    /// What it says.
    pub says: Says,
    /// Whether something later overruled it.
    pub overruled: bool,
}

impl Influence {
    /// Something that says nothing of a value but what its text says, and that nothing overruled.
    pub(crate) fn told(
        by: Influencer,
        place: Option<Place>,
        text: impl Into<LeanStr>,
    ) -> Influence {
        Influence { by, place, text: text.into(), says: Says::Text, overruled: false }
    }

    /// The search, which did not take something because of a conflict.
    pub(crate) fn would_not_do(what: &str, conflict: &Diagnostic) -> Influence {
        let place = Place::new(conflict.primary.file, conflict.primary.range);
        let text = format!("{what} would not do: {}", conflict.message);
        Influence::told(Influencer::Search, Some(place), text)
    }
}

/// Who had a say in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Influencer {
    /// The declaration of the option.
    Default,
    /// A setting in the recipe, or in a mixin that it includes.
    Recipe,
    /// A layer.
    Layer(String),
    /// A dependent.
    Need(LeanStr),
    /// A policy of the project.
    Policy,
    /// The lock of the project, where nothing else decides.
    Lock,
    /// A conflict that something else would have led to.
    Search,
}

/// What an influence says.
#[derive(Debug, Clone, PartialEq)]
pub enum Says {
    /// The whole value.
    Value(Value),
    /// That these values of a set are in, and those are not.
    Elements {
        /// In.
        on: Bits,
        /// Not in.
        off: Bits,
    },
    /// A part of the value: what the whole is then.
    Part(Value),
    /// Something about a version, in words.
    Text,
}

impl Says {
    /// Returns what it says of a value, in short: of the elements of a set, how many; nothing if it
    /// is about a version.
    #[must_use]
    pub fn short(&self) -> Option<String> {
        match self {
            Says::Value(value) | Says::Part(value) => Some(value.to_string()),
            Says::Elements { on, off } => Some(match (on.is_empty(), off.is_empty()) {
                (false, true) => format!("+{}", on.len()),
                (true, false) => format!("-{}", off.len()),
                _ => format!("={}", on.len()),
            }),
            Says::Text => None,
        }
    }

    /// Returns whether it says that an element is on, by its position among the values of its type;
    /// nothing if it says nothing of that one.
    #[must_use]
    pub fn of_element(&self, bit: u32) -> Option<bool> {
        match self {
            Says::Elements { on, .. } if on.has(bit) => Some(true),
            Says::Elements { off, .. } if off.has(bit) => Some(false),
            Says::Value(value) => value.has_element(bit),
            Says::Elements { .. } | Says::Part(_) | Says::Text => None,
        }
    }
}

impl Influencer {
    /// Returns who it is, in words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Influencer::Default => "default".to_owned(),
            Influencer::Recipe => "recipe".to_owned(),
            Influencer::Layer(label) => label.clone(),
            Influencer::Need(by) => format!("needed by {by}"),
            Influencer::Policy => "policy".to_owned(),
            Influencer::Lock => LOCK_FILE.to_owned(),
            Influencer::Search => "conflict".to_owned(),
        }
    }
}

impl Solution {
    /// Returns a node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Returns a unit.
    #[must_use]
    pub fn unit(&self, id: UnitId) -> &Unit {
        &self.units[id.0]
    }

    /// Returns the package with this name among those that are for the target.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.units.iter().filter(|it| !it.is_build).find_map(|it| it.by_name.get(name).copied())
    }

    /// Returns what a package is called among what is wanted: as the name of its instance says, if it has
    /// one of its own, `curl-h3` or of an output `curl-h3.libcurl`, and else as [`Node::name`] does.
    #[must_use]
    pub fn called(&self, id: NodeId) -> String {
        let (name, package) = (self.node(id).name(), &self.node(id).package.name);
        let root = self.roots.iter().find(|it| it.node == id);
        match root.and_then(|it| it.alias.as_ref()) {
            Some(alias) => format!("{alias}{}", &name[package.len()..]),
            None => name,
        }
    }

    /// Returns the titles of the packages and outputs that are build tools, sorted, each once. What
    /// outputs are taken from is no tool.
    #[must_use]
    pub fn tools(&self) -> Vec<String> {
        let mut titles = BTreeSet::new();
        for unit in self.units.iter().filter(|it| it.is_build) {
            let outputs = unit.outputs.values().flat_map(BTreeMap::values);
            let all: BTreeSet<NodeId> = unit.by_name.values().chain(outputs).copied().collect();
            let made_by: BTreeSet<NodeId> =
                all.iter().filter_map(|it| self.node(*it).made_by()).collect();
            titles.extend(all.difference(&made_by).map(|it| self.node(*it).title()));
        }
        titles.into_iter().collect()
    }

    /// Returns these packages and all that is there when they run: what they are linked with, and
    /// need in `run`, and so on; in the order in which they are named.
    #[must_use]
    pub fn runtime_closure(&self, from: &[NodeId]) -> Vec<NodeId> {
        self.closure(from, |_| {})
    }

    /// Returns the packages that have to be there when these run, beside them: those of their
    /// [closure](Self::runtime_closure) that one of it needs in `run`.
    #[must_use]
    pub fn run_closure(&self, from: &[NodeId]) -> Vec<NodeId> {
        let mut found = OncePerNode::new(self);
        self.closure(from, |edge| {
            let is_run = matches!(edge.role, Role::Run | Role::Extends);
            if is_run && !from.contains(&edge.to) {
                found.add(edge.to);
            }
        });
        found.order
    }

    /// The [runtime closure](Self::runtime_closure) of packages; calls `see` for each dependency of
    /// those in it.
    fn closure(&self, from: &[NodeId], mut see: impl FnMut(&Edge)) -> Vec<NodeId> {
        let mut closure = OncePerNode::new(self);
        for id in from {
            closure.add(*id);
        }
        let mut next = 0;
        while let Some(id) = closure.order.get(next).copied() {
            next += 1;
            for edge in &self.node(id).edges {
                see(edge);
                if is_in_unit(edge.role) {
                    closure.add(edge.to);
                }
            }
        }
        closure.order
    }
}

/// Nodes of a solution in the order in which they are met, each once.
struct OncePerNode {
    order: Vec<NodeId>,
    is_there: Vec<bool>,
}

impl OncePerNode {
    fn new(solution: &Solution) -> Self {
        OncePerNode { order: Vec::new(), is_there: vec![false; solution.nodes.len()] }
    }

    fn add(&mut self, id: NodeId) {
        if !std::mem::replace(&mut self.is_there[id.0], true) {
            self.order.push(id);
        }
    }
}

impl Node {
    /// The compilation that it is, if its package is compiled in several ways.
    pub(crate) fn compile(&self) -> Option<&CompileDecl> {
        match &self.part {
            Some(NodePart::Compile(name)) => {
                self.package.compiles.iter().find(|it| it.name == *name)
            }
            Some(NodePart::Output { .. }) | None => None,
        }
    }

    /// Returns the value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&OptionValue> {
        self.options.named(&self.package.schema.table, name)
    }

    /// Returns the options with their names, in the order of their declarations.
    pub fn named_options(&self) -> impl Iterator<Item = (&Name, &OptionValue)> {
        let table = &self.package.schema.table;
        table
            .options
            .iter()
            .zip(self.options.iter())
            .filter_map(|(schema, value)| Some((&schema.name, &**value?)))
    }

    /// Returns the name as a spec has it: `curl`, of an output `curl.libcurl`, of everything that a
    /// package with an output of its own name installs `curl.out`; of a compilation, which no spec can
    /// name, `curl/shared_build`.
    #[must_use]
    pub fn name(&self) -> String {
        let package = &self.package.name;
        match &self.part {
            Some(NodePart::Compile(part)) => format!("{package}/{part}"),
            Some(NodePart::Output { name, .. }) if name != package => format!("{package}.{name}"),
            // The package's name alone means that output.
            None if self.package.output(package).is_some() => format!("{package}.{WHOLE}"),
            Some(NodePart::Output { .. }) | None => package.to_string(),
        }
    }

    /// Returns the node of the compilation, if this is an output.
    #[must_use]
    pub fn made_by(&self) -> Option<NodeId> {
        match self.part {
            Some(NodePart::Output { from, .. }) => Some(from),
            Some(NodePart::Compile(_)) | None => None,
        }
    }

    /// Returns the name and version: `curl 8.18.0`.
    #[must_use]
    pub fn title(&self) -> String {
        let mut title = self.name();
        let version = self.version.as_str();
        title.reserve_exact(1 + version.len());
        title.push(' ');
        title.push_str(version);
        title
    }

    /// Returns the package as a spec that names what differs from the defaults.
    #[must_use]
    pub fn spec(&self) -> String {
        let items: Vec<String> = self
            .named_options()
            .filter(|it| it.1.state != OptionState::Default)
            .map(|(name, option)| match &option.value {
                Value::Bool(true) => name.to_string(),
                Value::Bool(false) => format!("~{name}"),
                value => format!("{name} = {}", value.source()),
            })
            .collect();
        if items.is_empty() {
            self.name()
        } else {
            format!("{}[{}]", self.name(), items.join(", "))
        }
    }
}
