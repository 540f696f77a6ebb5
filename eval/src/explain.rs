//! Why a solution is as it is.

use kiln_lang::Version;
use kiln_lang::module::Name;
use kiln_lang::types::Object;

use crate::condition::{Facts, WithAtom, WithItem};
use crate::solution::{NodeId, Solution};
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
        let Some(node) = unit.by_name.get(&with.package) else { return Some(false) };
        let node = self.solution.node(*node);
        let items = with.items.iter().all(|it| match it {
            WithItem::Switch(name, on) => {
                matches!(node.option(name).map(|it| &it.value), Some(Value::Bool(found)) if found == on)
            }
            WithItem::Equals(name, value) => node.option(name).is_some_and(|it| it.value == *value),
            WithItem::Has(name, bit, on) => {
                matches!(node.option(name).map(|it| &it.value), Some(Value::Set(_, bits)) if bits.has(*bit) == *on)
            }
        });
        Some(items && with.req.matches(&node.version))
    }
}
