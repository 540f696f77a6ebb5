//! A solved graph as it is shown: packages, what they need and why.
//!
//! ```text
//! Solution ─View::of─▶ View ─┬─ tree.rs   text
//!                            ├─ dot.rs    Graphviz
//!                            ├─ json      data
//!                            └─ page.rs   one HTML page, placed by layout.rs
//! ```

mod dot;
mod layout;
mod page;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use kiln_eval::{
    ExportFrom, ExportKey, Influencer, NodeId, OptionState, OptionValue, Solution, UnitId,
};
use kiln_lang::module::{Name, Role};
use serde_json::{Value, json};

use crate::commands::eval::value_json;
use crate::terminal::clipped;

pub(crate) use dot::dot;
pub(crate) use page::{MARK, page};
pub(crate) use tree::tree;

/// How many characters of a value a title shows.
const VALUE_WIDTH: usize = 40;

/// A solved graph, or a part of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// The packages, wanted ones first; each after one that needs it.
    pub(crate) nodes: Vec<Node>,
    /// The places of those that are wanted.
    pub(crate) roots: Vec<usize>,
}

/// A package.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Its number in the solution, which `kiln eval --json` uses, too.
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) version: String,
    /// The name of the instance, if there is a second one.
    pub(crate) instance: Option<String>,
    /// Whether it is wanted, and not only needed.
    pub(crate) is_root: bool,
    pub(crate) is_build_tool: bool,
    /// The options that somebody set: name, value as it is written, who.
    pub(crate) set: Vec<(String, String, String)>,
    options: Vec<(String, Value)>,
    /// What it needs, in the order of its recipe.
    pub(crate) edges: Vec<Edge>,
}

/// A dependency.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) role: Role,
    /// The place of what is needed.
    pub(crate) to: usize,
    /// The interface that it stands for.
    pub(crate) interface: Option<String>,
    /// Who exports it, and by which key, if the recipe does not name it.
    pub(crate) export: Option<(String, String)>,
}

impl View {
    /// Looks at a solution: at what is for the target only, or at build tools, too.
    pub(crate) fn of(solution: &Solution, with_tools: bool) -> View {
        let mut order: Vec<NodeId> = Vec::new();
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        let mut next: Vec<NodeId> = Vec::new();
        for root in &solution.roots {
            if seen.insert(root.node) {
                next.push(root.node);
            }
        }
        // Level by level, so that what is near to a wish comes first.
        while !next.is_empty() {
            let mut below = Vec::new();
            for id in next {
                order.push(id);
                for edge in &solution.node(id).edges {
                    let shown = with_tools || edge.role != Role::Build;
                    if shown && seen.insert(edge.to) {
                        below.push(edge.to);
                    }
                }
            }
            next = below;
        }
        let places: BTreeMap<NodeId, usize> =
            order.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let nodes = order.iter().map(|id| node(solution, *id, &places)).collect();
        let mut roots: Vec<usize> =
            solution.roots.iter().filter_map(|it| places.get(&it.node).copied()).collect();
        roots.dedup();
        View { nodes, roots }
    }

    /// The part that leads to packages of a name; none if there is none.
    pub(crate) fn leading_to(&self, name: &str) -> Option<View> {
        let mut kept: BTreeSet<usize> =
            (0..self.nodes.len()).filter(|it| self.nodes[*it].name == name).collect();
        if kept.is_empty() {
            return None;
        }
        loop {
            let before = kept.len();
            // Most packages stand after those that need them, so this way one round is nearly enough.
            for (at, node) in self.nodes.iter().enumerate().rev() {
                if node.edges.iter().any(|it| kept.contains(&it.to)) {
                    kept.insert(at);
                }
            }
            if kept.len() == before {
                break;
            }
        }
        let kept: Vec<usize> = kept.into_iter().collect();
        let moved = |at: usize| kept.binary_search(&at).ok();
        let nodes = kept
            .iter()
            .map(|at| {
                let node = self.nodes[*at].clone();
                let edges = node.edges.iter().filter_map(|it| {
                    // What the target itself needs does not lead to it.
                    let to = moved(it.to).filter(|_| node.name != name)?;
                    Some(Edge { to, ..it.clone() })
                });
                Node { edges: edges.collect(), ..node.clone() }
            })
            .collect();
        let roots = self.roots.iter().filter_map(|it| moved(*it)).collect();
        Some(View { nodes, roots })
    }

    /// As data: `kiln-graph/1`.
    pub(crate) fn to_json(&self) -> Value {
        let nodes: Vec<Value> =
            self.nodes.iter().enumerate().map(|it| it.1.to_json(it.0)).collect();
        let edges: Vec<Value> = self
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(from, node)| node.edges.iter().map(move |it| it.to_json(from)))
            .collect();
        json!({"schema": "kiln-graph/1", "roots": self.roots, "packages": nodes, "edges": edges})
    }
}

impl Node {
    /// `curl 8.18`, `curl 8.18 as curl-h3`, and `zlib 1.3 in curl-h3` of what that needs.
    pub(crate) fn title(&self) -> String {
        let title = format!("{} {}", self.name, self.version);
        match &self.instance {
            Some(instance) if self.is_root => format!("{title} as {instance}"),
            Some(instance) => format!("{title} in {instance}"),
            None => title,
        }
    }

    /// What was set of it: `[~http2, tls = mbedtls]`; nothing if all is as the recipe has it.
    pub(crate) fn settings(&self) -> String {
        let items: Vec<String> = self
            .set
            .iter()
            .map(|(name, value, _)| match value.as_str() {
                "on" => name.clone(),
                "off" => format!("~{name}"),
                value => format!("{name} = {}", clipped(value, VALUE_WIDTH)),
            })
            .collect();
        if items.is_empty() { String::new() } else { format!("[{}]", items.join(", ")) }
    }

    fn to_json(&self, at: usize) -> Value {
        let options: serde_json::Map<String, Value> = self.options.iter().cloned().collect();
        json!({
            "id": at,
            "number": self.number,
            "name": self.name,
            "version": self.version,
            "instance": self.instance,
            "is_build_tool": self.is_build_tool,
            "options": options,
        })
    }
}

impl Edge {
    fn to_json(&self, from: usize) -> Value {
        json!({
            "from": from,
            "to": self.to,
            "role": self.role.to_string(),
            "interface": self.interface,
            "exported_by": self.export.as_ref().map(|it| &it.0),
            "export": self.export.as_ref().map(|it| &it.1),
        })
    }
}

fn node(solution: &Solution, id: NodeId, places: &BTreeMap<NodeId, usize>) -> Node {
    let node = solution.node(id);
    let set = node
        .named_options()
        .filter(|it| it.1.state != OptionState::Default)
        .map(|(name, option)| (name.to_string(), option.value.source(), by(option)))
        .collect();
    let options = node
        .named_options()
        .map(|(name, option)| {
            let value = json!({
                "value": value_json(&option.value),
                "by": by(option),
                "is_default": option.state == OptionState::Default,
            });
            (name.to_string(), value)
        })
        .collect();
    let edges = node
        .edges
        .iter()
        .filter_map(|it| {
            let package = &solution.node(it.to).package.name;
            let injected = it.injected.as_ref();
            let mut deps = node.package.all_deps();
            let named = deps.find(|dep| *dep.name() == it.name);
            let interface = named.filter(|dep| dep.package != *package && injected.is_none());
            Some(Edge {
                role: it.role,
                to: *places.get(&it.to)?,
                interface: interface.map(|dep| dep.package.to_string()),
                export: injected
                    .map(|it| (solution.node(it.by).package.name.to_string(), key_text(it.key))),
            })
        })
        .collect();
    Node {
        number: id.0,
        name: node.name(),
        version: node.version.to_string(),
        is_root: solution.roots.iter().any(|it| it.node == id),
        instance: instance(solution, node.unit).map(ToString::to_string),
        is_build_tool: solution.unit(node.unit).is_build,
        set,
        options,
        edges,
    }
}

fn instance(solution: &Solution, unit: UnitId) -> Option<&Name> {
    let mut roots = solution.roots.iter();
    roots.find(|it| solution.node(it.node).unit == unit)?.alias.as_ref()
}

/// Who decided an option.
fn by(option: &OptionValue) -> String {
    if option.state == OptionState::Default {
        return "default".to_owned();
    }
    let last = option.history.iter().rfind(|it| !it.overruled);
    last.map_or_else(
        || "default".to_owned(),
        |it| match &it.by {
            Influencer::Need(by) => format!("needed by {by}"),
            by => by.text(),
        },
    )
}

/// `host_to_run`
fn key_text(key: ExportKey) -> String {
    let from = match key.from {
        ExportFrom::Build => "build",
        ExportFrom::Host => "host",
        ExportFrom::NoArch => "noarch",
    };
    let limit = if key.limit { "_limit" } else { "" };
    format!("{from}_to_{}{limit}", key.to)
}
