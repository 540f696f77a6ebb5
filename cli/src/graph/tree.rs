//! The graph as a tree of lines. What was shown with all that it needs is not shown so again.

use std::collections::BTreeSet;

use kiln_lang::module::Role;

use super::{Edge, View};

/// How deep the tree goes. Longer chains are no graph that anyone reads, and every line of them is
/// as long as the chain.
const DEPTH_MAX: usize = 64;

/// Draws the graph below the wanted packages.
///
/// ```text
/// curl 8.18 [~http2]
/// ├─ host zlib 1.3
/// ├─ host openssl 3.4 for tls
/// │  └─ host zlib 1.3
/// └─ run certificates 2026 (exported by openssl)
/// ```
pub(crate) fn tree(view: &View) -> String {
    let mut drawing = Drawing { view, done: BTreeSet::new(), again: false, out: String::new() };
    for root in &view.roots {
        drawing.out.push_str(&drawing.line(*root, None));
        drawing.below(*root, "", 0);
    }
    if drawing.again {
        drawing.out.push_str("\n… what it needs stands above\n");
    }
    drawing.out
}

struct Drawing<'a> {
    view: &'a View,
    /// The packages below which everything has been drawn, or is being drawn.
    done: BTreeSet<usize>,
    /// Whether something stands there a second time.
    again: bool,
    out: String,
}

impl Drawing<'_> {
    fn below(&mut self, at: usize, indent: &str, depth: usize) {
        let view = self.view;
        let edges: Vec<&Edge> = in_order(&view.nodes[at].edges);
        if edges.is_empty() {
            return;
        }
        let stands_above = self.done.contains(&at);
        if stands_above || depth >= DEPTH_MAX {
            self.again |= stands_above;
            // Behind the line that is there already.
            self.out.pop();
            self.out.push_str(if stands_above { " …\n" } else { " and more below\n" });
            return;
        }
        self.done.insert(at);
        for (index, edge) in edges.iter().enumerate() {
            let is_last = index + 1 == edges.len();
            let (branch, more) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let line = self.line(edge.to, Some(edge));
            self.out.push_str(&format!("{indent}{branch}{line}"));
            self.below(edge.to, &format!("{indent}{more}"), depth + 1);
        }
    }

    fn line(&self, at: usize, edge: Option<&Edge>) -> String {
        let node = &self.view.nodes[at];
        let mut line = node.title();
        let settings = node.settings();
        if !settings.is_empty() {
            line.push_str(&format!(" {settings}"));
        }
        if let Some(edge) = edge {
            line.insert_str(0, &format!("{} ", edge.role));
            if let Some(interface) = &edge.interface {
                line.push_str(&format!(" for {interface}"));
            }
            if let Some((by, key)) = &edge.export {
                line.push_str(&format!(" (exported by {by}: {key})"));
            }
        }
        line.push('\n');
        line
    }
}

/// What is linked first, then what is needed to run, then tools.
fn in_order(edges: &[Edge]) -> Vec<&Edge> {
    let mut edges: Vec<&Edge> = edges.iter().collect();
    edges.sort_by_key(|it| match it.role {
        Role::Host | Role::Extends => 0,
        Role::Run => 1,
        Role::Build => 2,
        Role::Test => 3,
    });
    edges
}
