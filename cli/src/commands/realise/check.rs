//! `kiln realise --check`: whether building again gives the same.

use kiln_eval::Derived;
use kiln_store::InputRef;

use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Style, Terminal, harmless};
use crate::workshop::Workshop;

/// Builds once more with another scratch path, and compares.
pub(super) fn check(
    workshop: &Workshop,
    derived: &Derived,
    inputs: &[InputRef],
    terminal: Terminal,
) -> Result<Exit, Fail> {
    let mut exit = Exit::Done;
    for input in inputs {
        let Some(node) = derived.graph.node(&input.derivation) else { continue };
        if node.as_build().is_none() {
            eprintln!("{} is no build: its bytes are known by their hash", node.title);
            continue;
        }
        let graph = &derived.graph;
        let report = workshop.reproduce(graph, &input.derivation, None).map_err(Fail::Realise)?;
        if report.is_same() {
            eprintln!(
                "{} {}: a second build is equal bit for bit",
                terminal.paint(Style::Green, "reproduced"),
                node.title
            );
            continue;
        }
        exit = Exit::Operator;
        eprintln!(
            "{} {}: a second build differs",
            terminal.paint(Style::Red, "differs"),
            node.title
        );
        for (output, it) in report.outputs.iter().filter(|it| it.1.before != it.1.now) {
            for change in &it.changes {
                eprintln!("  {}", harmless(&format!("{output}: {change}")));
            }
            if it.changes.is_empty() {
                eprintln!("  {output}: only what it says of another output");
            }
        }
    }
    Ok(exit)
}
