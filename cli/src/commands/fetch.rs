//! `kiln fetch`: puts sources into the store, where builds find them, and builds nothing.

use std::collections::BTreeMap;

use kiln_store::{InputRef, OutputName, RealiseError};
use serde_json::json;

use crate::args::{Building, Common, Wishes};
use crate::config::Config;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::progress::Progress;
use crate::sources::requested;
use crate::terminal::{Terminal, print};
use crate::workshop::{Workshop, keep, show_error};

/// What is asked beside fetching.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// Whether the sources of all recipes are meant.
    pub(crate) all: bool,
    pub(crate) json: bool,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    how: How,
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let requested = requested(wishes, how.all, terminal, common.quiet)?;
    let workshop = Workshop::open(&config)?;
    let progress = Progress::new(terminal, how.json, common.quiet);
    let inputs: Vec<InputRef> = requested
        .graph
        .nodes()
        .iter()
        .map(|it| InputRef { derivation: it.derivation.id(), output: OutputName::default_output() })
        .collect();
    // What can be had is wanted, whatever else cannot: the next run then has less to do.
    let building = Building { keep_going: true, ..Building::default() };
    let mut result =
        workshop.try_realise(&requested.graph, &inputs, &building, &|it| progress.event(it));
    let mut failed = None;
    if let Err(RealiseError::Failed { failures, .. }) = &result {
        let there: Vec<InputRef> = inputs
            .iter()
            .filter(|it| !failures.iter().any(|failure| failure.node == it.derivation))
            .cloned()
            .collect();
        // What is there is to be kept though other things are not; it is not fetched again.
        let rest =
            workshop.try_realise(&requested.graph, &there, &building, &|it| progress.event(it));
        failed =
            std::mem::replace(&mut result, rest).err().map(|it| (it, inputs.len() - there.len()));
    }
    progress.finish();
    let outcome = result.map_err(|error| show_error(error, &terminal, &requested.again))?;
    let mut kept = BTreeMap::new();
    let mut lines = String::new();
    for node in requested.graph.nodes() {
        let id = node.derivation.id();
        let Some(output) = outcome.object(&id, &OutputName::default_output()) else { continue };
        if how.json {
            let event = json!({
                "event": "source", "title": node.title, "path": output.path.absolute(),
                "object": output.object.to_string(), "derivation": id.to_string(),
                "urls": node.urls,
            });
            lines.push_str(&format!("{event}\n"));
        }
        kept.insert(node.title.clone(), output.object);
    }
    keep(&workshop.store, &kept)?;
    print(&lines);
    if let Some((error, count)) = failed {
        let fail = show_error(error, &terminal, &requested.again);
        eprintln!("\n{count} of {} sources could not be fetched", inputs.len());
        return Err(fail);
    }
    if !how.json && !common.quiet {
        let count = inputs.len();
        let sources = if count == 1 { "1 source is" } else { &format!("{count} sources are") };
        eprintln!("{sources} in the store");
    }
    Ok(requested.exit)
}
