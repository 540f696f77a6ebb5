//! The graph for Graphviz.

use kiln_lang::module::Role;

use super::View;

/// Writes the graph in the language of Graphviz: boxes are packages, those of build tools are gray;
/// a line is solid for `host`, dashed for `run`, dotted for `build`, and red if it was exported.
pub(crate) fn dot(view: &View) -> String {
    let mut out = String::from(
        "digraph kiln {\n    rankdir = LR\n    node [shape = box, style = rounded, fontname = \"sans-serif\"]\n    edge [fontname = \"sans-serif\", fontsize = 10]\n",
    );
    for (at, node) in view.nodes.iter().enumerate() {
        let mut label = node.title();
        let settings = node.settings();
        if !settings.is_empty() {
            label.push_str(&format!("\n{settings}"));
        }
        let mut attrs = format!("label = {}", quoted(&label));
        if node.is_build_tool {
            attrs.push_str(", color = gray50, fontcolor = gray30");
        }
        if view.roots.contains(&at) {
            attrs.push_str(", penwidth = 2");
        }
        out.push_str(&format!("    n{at} [{attrs}]\n"));
    }
    for (at, node) in view.nodes.iter().enumerate() {
        for edge in &node.edges {
            let style = match edge.role {
                Role::Host | Role::Extends => "solid",
                Role::Run => "dashed",
                Role::Build | Role::Test => "dotted",
            };
            let mut label = edge.role.to_string();
            if let Some(interface) = &edge.interface {
                label.push_str(&format!(" for {interface}"));
            }
            let mut attrs = format!("style = {style}");
            if let Some((by, key)) = &edge.export {
                label.push_str(&format!("\nexported by {by}: {key}"));
                attrs.push_str(", color = red3");
            }
            let label = quoted(&label);
            out.push_str(&format!("    n{at} -> n{} [label = {label}, {attrs}]\n", edge.to));
        }
    }
    out.push_str("}\n");
    out
}

/// A text of Graphviz: only quotes, backslashes and lines mean something in it.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}
