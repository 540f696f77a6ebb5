//! `kiln store compare`: whether two stores have built the same, bit for bit.

use std::path::Path;

use kiln_store::{Comparison, Differing, LocalStore};
use serde_json::json;

use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::workshop::open_store;

/// How many places of an output that differ are shown.
const CHANGES_SHOWN: usize = 10;

pub(crate) fn run(
    store: &LocalStore,
    other: &Path,
    is_json: bool,
    terminal: Terminal,
) -> Result<Exit, Fail> {
    // To open one that is not there would make it.
    if !other.join("var/format").is_file() {
        return Err(Fail::NotFound {
            message: format!("there is no store at {}", other.display()),
            advice: Some(
                "name the folder that KILN_STORE or --store names where it is used".into(),
            ),
        });
    }
    let same_file = |it: &Path| it.canonicalize().ok();
    if same_file(other) == same_file(store.root()) {
        return Err(Fail::Usage(format!(
            "{} is the store itself: name another to compare it with",
            other.display()
        )));
    }
    let comparison = store.compare(&open_store(other)?)?;
    let is_equal = comparison.differing.is_empty() && comparison.resolved_apart.is_empty();
    let is_nothing = is_equal && comparison.same == 0;
    print(&match is_json {
        true => format!("{:#}\n", to_json(&comparison)),
        false => text(&comparison, terminal),
    });
    // Who compares wants to know, and nothing is known.
    if is_nothing {
        eprintln!("the two stores have done nothing from the same inputs");
    }
    Ok(if is_equal && !is_nothing { Exit::Done } else { Exit::Operator })
}

fn text(comparison: &Comparison, terminal: Terminal) -> String {
    let mut text = String::new();
    for it in &comparison.differing {
        let word = terminal.paint(Style::Red, "differs");
        text.push_str(&format!("{word} {}\n", harmless(&it.title)));
        for line in changes(it) {
            text.push_str(&format!("  {}\n", harmless(&line)));
        }
    }
    for title in &comparison.resolved_apart {
        text.push_str(&format!("made of what differs: {}\n", harmless(title)));
    }
    let both = comparison.same + comparison.differing.len() + comparison.resolved_apart.len();
    text.push_str(&format!(
        "{} of {both} builds and downloads that both did are equal bit for bit",
        comparison.same
    ));
    for (titles, place) in
        [(&comparison.only_here, "this one"), (&comparison.only_there, "the other")]
    {
        if !titles.is_empty() {
            text.push_str(&format!("; {} only {place} has", titles.len()));
        }
    }
    text.push('\n');
    text
}

fn changes(differing: &Differing) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, output) in &differing.outputs {
        lines.extend(output.changes.iter().take(CHANGES_SHOWN).map(|it| format!("{name}: {it}")));
        if let Some(more) = output.changes.len().checked_sub(CHANGES_SHOWN).filter(|it| *it > 0) {
            lines.push(format!("{name}: and {more} other places"));
        }
        if output.changes.is_empty() {
            let why = match (output.here, output.there) {
                (Some(_), Some(_)) => "in what it refers to, or one is not there any more",
                (Some(_), None) => "only this store has it",
                (None, _) => "only the other store has it",
            };
            lines.push(format!("{name}: {why}"));
        }
    }
    lines
}

fn to_json(comparison: &Comparison) -> serde_json::Value {
    let differing: Vec<_> = comparison
        .differing
        .iter()
        .map(|it| {
            let outputs: serde_json::Map<String, serde_json::Value> = it
                .outputs
                .iter()
                .map(|(name, output)| {
                    let id = |it: Option<kiln_store::ObjectId>| it.map(|it| it.to_string());
                    let changes: Vec<String> =
                        output.changes.iter().map(ToString::to_string).collect();
                    let value = json!({
                        "here": id(output.here), "there": id(output.there), "changes": changes,
                    });
                    (name.to_string(), value)
                })
                .collect();
            json!({"title": it.title, "action": it.action.to_string(), "outputs": outputs})
        })
        .collect();
    json!({
        "same": comparison.same, "differing": differing,
        "made_of_what_differs": comparison.resolved_apart,
        "only_here": comparison.only_here, "only_there": comparison.only_there,
    })
}
