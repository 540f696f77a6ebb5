//! Why a solution is as it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use kiln_lang::module::{ExprId, Name, OptionKind, SettingOp};
use kiln_lang::types::Object;
use kiln_lang::{Checked, Database, Version, VersionReq};

use crate::condition::{Facts, WithAtom, WithItem};
use crate::layers::{Layer, LayerSetting, SettingsByPackage, Setup};
use crate::package::{BodySetting, Place};
use crate::solution::{Influence, Influencer, Node, NodeId, Solution};
use crate::solve::offers_enough;
use crate::value::Value;

/// What recipes and layers say of the fields and steps of the packages of a solution.
pub struct Fields<'a> {
    db: &'a Database,
    solution: &'a Solution,
    settings: SettingsByPackage<'a>,
}

impl<'a> Fields<'a> {
    /// Looks through the layers of a setup.
    #[must_use]
    pub fn new(db: &'a Database, setup: &'a Setup, solution: &'a Solution) -> Self {
        Fields { db, solution, settings: SettingsByPackage::new(setup) }
    }

    /// Returns the fields and steps of a package that layers set, by name (`args`, `env`,
    /// `steps.install`), each with these settings, lowest first.
    #[must_use]
    pub fn set_by_layers(&self, id: NodeId) -> BTreeMap<String, Vec<Influence>> {
        let mut all: BTreeMap<String, Vec<Told>> = BTreeMap::new();
        for (layer, path, setting) in self.of_layers(id) {
            let (name, rest) = field_of(self.solution.node(id), path);
            all.entry(name).or_default().push(Told::by_layer(layer, rest, setting));
        }
        all.into_iter().map(|(name, told)| (name, influences(self.db, told))).collect()
    }

    /// Returns everything that has a say in a field or a step of a package, lowest first: what its
    /// recipe says, and the settings of layers.
    ///
    /// The name is as in [`set_by_layers`](Self::set_by_layers).
    #[must_use]
    pub fn history(&self, id: NodeId, name: &str) -> Vec<Influence> {
        let Fields { db, solution, .. } = *self;
        let node = solution.node(id);
        let package = &node.package;
        let mut all: Vec<Told> = Vec::new();
        if let Some(option) = package.schema.table.get(name).filter(|it| it.default.is_some()) {
            all.push(Told {
                by: Influencer::Default,
                place: Place::new(option.at.file, db.span(option.at.file, option.span)),
                checked: db.checked(option.at.file),
                replaces: option.default,
            });
        }
        let mut own: Vec<(_, Told)> = Vec::new();
        let of_compile =
            node.compile().into_iter().flat_map(|it| &it.settings).map(|it| (true, it));
        for (is_last, setting) in package.settings.iter().map(|it| (false, it)).chain(of_compile) {
            let (field, rest) = field_of(node, &setting.path);
            if field == name
                && setting.cond.holds(&mut NodeFacts { solution, node: id }) == Some(true)
            {
                let told = Told::by_recipe(&package.bodies[setting.body], rest, setting);
                own.push(((is_last, setting.rank()), told));
            }
        }
        if name == "args" {
            for arg in &package.args {
                if arg.outer.holds(&mut NodeFacts { solution, node: id }) == Some(true) {
                    let told = Told {
                        by: Influencer::Recipe,
                        place: arg.place,
                        checked: package.bodies[arg.body].clone(),
                        replaces: None,
                    };
                    own.push(((false, (arg.body, false, arg.place.start)), told));
                }
            }
        }
        own.sort_by_key(|it| it.0);
        all.extend(own.into_iter().map(|it| it.1));
        for (layer, path, setting) in self.of_layers(id) {
            let (field, rest) = field_of(node, path);
            if field == name {
                all.push(Told::by_layer(layer, rest, setting));
            }
        }
        influences(db, all)
    }

    /// The settings of layers for a package that are about its own build, lowest first.
    fn of_layers(&self, id: NodeId) -> Vec<(&'a Layer, &'a [Name], &'a LayerSetting)> {
        let Fields { solution, .. } = *self;
        let node = solution.node(id);
        let table = &node.package.schema.table;
        let mut found = self.settings.of_node(node);
        found.retain(|(_, path, setting)| {
            let is_field = path.first().is_some_and(|first| match table.get(first) {
                Some(option) => option.kind == OptionKind::Field,
                None => first == "steps",
            });
            is_field && setting.cond.holds(&mut NodeFacts { solution, node: id }) == Some(true)
        });
        found
    }
}

/// A setting of a field.
struct Told {
    by: Influencer,
    place: Place,
    checked: Arc<Checked>,
    /// The value that counts instead of all before it, if the setting replaces the whole field.
    replaces: Option<ExprId>,
}

impl Told {
    fn by_layer(layer: &Layer, rest: &[Name], setting: &LayerSetting) -> Told {
        let is_whole = rest.is_empty() && setting.op == SettingOp::Set;
        Told {
            by: Influencer::Layer(layer.label.clone()),
            place: setting.place,
            checked: layer.checked.clone(),
            replaces: is_whole.then_some(setting.value),
        }
    }

    fn by_recipe(checked: &Arc<Checked>, rest: &[Name], setting: &BodySetting) -> Told {
        let is_whole = rest.is_empty() && setting.op == SettingOp::Set;
        Told {
            by: Influencer::Recipe,
            place: setting.place,
            checked: checked.clone(),
            replaces: is_whole.then_some(setting.value),
        }
    }

    /// Whether nothing before it counts.
    fn overrules(&self) -> bool {
        self.replaces.is_some_and(|value| !self.checked.reads_prev(value))
    }
}

fn influences(db: &Database, all: Vec<Told>) -> Vec<Influence> {
    let last = all.iter().rposition(Told::overrules).unwrap_or(0);
    let influence = |(at, it): (usize, Told)| {
        let text = db.text(it.place.file);
        let text = text[it.place.range()].split_whitespace().collect::<Vec<_>>().join(" ");
        let told = Influence::told(it.by, Some(it.place), text);
        Influence { overruled: at < last, ..told }
    };
    all.into_iter().enumerate().map(influence).collect()
}

/// The field or step that a setting is about, and what of it.
fn field_of<'p>(node: &Node, path: &'p [Name]) -> (String, &'p [Name]) {
    match path {
        [steps, name, rest @ ..] if steps == "steps" => {
            // `steps.args` is a field of the build system.
            match node.package.schema.table.step(name) {
                Some(_) => (format!("steps.{name}"), rest),
                None => (name.to_string(), rest),
            }
        }
        [first, rest @ ..] => (first.to_string(), rest),
        [] => (String::new(), path),
    }
}

/// Answers conditions about a package of a solution.
pub(crate) struct NodeFacts<'s> {
    pub(crate) solution: &'s Solution,
    pub(crate) node: NodeId,
}

impl Facts for NodeFacts<'_> {
    fn option(&mut self, name: &Name, at: Option<u32>) -> Option<Cow<'_, Value>> {
        let node = self.solution.node(self.node);
        let at = node.package.schema.table.place(name, at)?;
        node.options.get(at).map(|it| Cow::Borrowed(&it.value))
    }

    fn version(&mut self) -> Option<Version> {
        Some(self.solution.node(self.node).version.clone())
    }

    fn global(&mut self, object: Object, name: &Name) -> Option<Value> {
        let unit = self.solution.unit(self.solution.node(self.node).unit);
        unit.globals.values.get(&(object, name.clone())).cloned()
    }

    fn with(&mut self, with: &WithAtom) -> Option<bool> {
        let unit = self.solution.unit(self.solution.node(self.node).unit);
        let fits = |id: NodeId| {
            let node = self.solution.node(id);
            let version = node.package.name != with.package || with.req.matches(&node.version);
            version && with.items.iter().all(|it| has(node, it))
        };
        let there = unit.by_name.get(&with.package).copied();
        if let Some(interface) = &with.interface {
            let chosen = unit.providers.get(interface).map(|it| it.node);
            return Some(there.is_some_and(|it| {
                chosen.is_none_or(|chosen| chosen == it)
                    && self.provides(it, interface, &VersionReq::any())
                    && fits(it)
            }));
        }
        if let Some(there) = there {
            return Some(fits(there));
        }
        // Of an interface, the version that is provided counts, not the one of the provider.
        let is_so = |it: NodeId| self.provides(it, &with.package, &with.req) && fits(it);
        Some(match unit.providers.get(&with.package) {
            Some(chosen) => is_so(chosen.node),
            None => unit.by_name.values().any(|it| is_so(*it)),
        })
    }
}

impl NodeFacts<'_> {
    /// Whether a package provides an interface as it is configured, in such a version.
    fn provides(&self, node: NodeId, interface: &Name, req: &VersionReq) -> bool {
        let package = &self.solution.node(node).package;
        package.provides.iter().any(|it| {
            let mut offers = it.interfaces.iter().filter(|it| it.0 == *interface);
            offers.any(|it| offers_enough(&it.1, req))
                && it.cond.holds(&mut NodeFacts { solution: self.solution, node }) == Some(true)
        })
    }
}

fn has(node: &Node, item: &WithItem) -> bool {
    let value = |name: &Name| node.option(name).map(|it| &it.value);
    match item {
        WithItem::Switch(name, on) => matches!(value(name), Some(Value::Bool(it)) if it == on),
        WithItem::Equals(name, wanted) => value(name) == Some(wanted),
        WithItem::Has(name, _, bit, on) => {
            matches!(value(name), Some(Value::Set(_, bits)) if bits.has(*bit) == *on)
        }
    }
}
