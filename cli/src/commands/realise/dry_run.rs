//! `kiln realise --dry-run`: what would be done for what is wanted, and for all that it needs.

use kiln_eval::Derived;
use kiln_lang::with_stack;
use kiln_store::{Derivation, InputRef};
use serde_json::json;

use super::How;
use crate::about::About;
use crate::evaluated::Wanted;
use crate::fail::Fail;
use crate::forecast::{self, Doing, Forecast};
use crate::progress::warning_text;
use crate::terminal::print;
use crate::workshop::Workshop;

/// Says what would be fetched, substituted and built.
pub(super) fn dry_run(
    workshop: &Workshop,
    derived: &Derived,
    wanted: &[Wanted],
    how: How<'_>,
) -> Result<(), Fail> {
    let inputs: Vec<InputRef> = wanted.iter().map(|it| it.input.clone()).collect();
    let (store, caches) = (&workshop.store, &workshop.caches);
    // Chains of packages may be thousands long.
    let forecast = with_stack(|| Forecast::of(store, caches, &derived.graph, &inputs))?;
    for warning in &forecast.warnings {
        eprintln!("warning: {}", warning_text(warning));
    }
    print(&match how.json {
        true => lines(&forecast, derived, wanted),
        false => text(&forecast, derived, wanted, how),
    });
    Ok(())
}

fn lines(forecast: &Forecast, derived: &Derived, wanted: &[Wanted]) -> String {
    let mut lines = String::new();
    for it in &forecast.steps {
        let Some(node) = derived.graph.node(&it.id) else { continue };
        let wanted = wanted.iter().find(|wanted| wanted.input.derivation == it.id);
        let event = json!({
            "event": "forecast", "derivation": it.id.to_string(), "title": node.title,
            "does": it.doing.word(), "sure": it.sure,
            "spec": wanted.filter(|it| !it.is_beside).map(|it| &it.spec),
        });
        lines.push_str(&format!("{event}\n"));
    }
    lines
}

fn text(forecast: &Forecast, derived: &Derived, wanted: &[Wanted], how: How<'_>) -> String {
    let graph = &derived.graph;
    let mut text = String::new();
    for it in wanted {
        let node = graph.node(&it.input.derivation);
        // What each is by itself is often one package in several ways.
        let title = node.filter(|_| how.about == About::Wanted).map_or(&it.spec, |it| &it.title);
        let words = match forecast.step(&it.input.derivation).map(|it| (it.doing, it.sure)) {
            // What is its source, and nothing else, is on this machine.
            _ if node.is_some_and(|it| matches!(&*it.derivation, Derivation::Import(_))) => {
                "is there"
            }
            None | Some((Doing::Nothing, _)) => "is built",
            Some((Doing::Substitute, _)) => "is in a cache",
            Some((Doing::Fetch, _)) => "is to be fetched",
            Some((Doing::Build, true)) => "is to be built",
            Some((Doing::Build, false)) => "is to be built, or something below it",
        };
        text.push_str(&format!("{title} {words}\n"));
    }
    for (doing, sure, words) in PARTS {
        let titles = forecast::titles(graph, forecast.all(doing, sure));
        if !titles.is_empty() {
            text.push_str(&format!("{words}: {}\n", titles.len()));
            titles.iter().for_each(|it| text.push_str(&format!("  {it}\n")));
        }
    }
    text
}

/// What is listed, with its heading.
const PARTS: [(Doing, bool, &str); 6] = [
    (Doing::Substitute, true, "to be taken from a cache"),
    (Doing::Substitute, false, "to be taken from a cache, if what needs it is built"),
    (Doing::Fetch, true, "to be fetched"),
    (Doing::Fetch, false, "to be fetched, if what needs it is built"),
    (Doing::Build, true, "to be built"),
    (Doing::Build, false, "to be built, unless what they need turns out to be as it was"),
];
