//! Why a solution is as it is.

use kiln_lang::module::Name;
use kiln_lang::types::Object;
use kiln_lang::{Version, VersionReq};

use crate::condition::{Facts, WithAtom, WithItem};
use crate::solution::{Node, NodeId, Solution};
use crate::solve::offers_enough;
use crate::value::Value;

/// Answers conditions about a package of a solution.
pub(crate) struct NodeFacts<'s> {
    pub(crate) solution: &'s Solution,
    pub(crate) node: NodeId,
}

impl Facts for NodeFacts<'_> {
    fn option(&mut self, name: &Name) -> Option<Value> {
        self.solution.node(self.node).option(name).map(|it| it.value.clone())
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
