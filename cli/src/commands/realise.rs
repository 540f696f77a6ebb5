//! `kiln realise`: builds what is wanted, or takes it from the store.

mod check;
mod dry_run;

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use kiln_store::{Event, InputRef, LocalStore, ObjectId, RealiseError, Store as _, StorePath};
use serde_json::json;

use self::check::check;
use self::dry_run::dry_run;
use crate::about::{About, solve};
use crate::args::{Building, Common, Wishes};
use crate::config::Config;
use crate::evaluated::{Evaluated, Wanted, evaluate, evaluate_each};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::links::Links;
use crate::progress::Progress;
use crate::recall::Recall;
use crate::summary::Summary;
use crate::terminal::{Terminal, print, print_bytes};
use crate::workshop::{Again, Workshop, keep, open_store, set_cores, show_error, there};

/// What is asked beside building.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) about: About,
    /// Where a link to what is realised is to be.
    pub(crate) link: Option<&'a Path>,
    pub(crate) check: bool,
    pub(crate) dry_run: bool,
    /// Whether a table comes in the end.
    pub(crate) summary: bool,
    pub(crate) json: bool,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    building: &Building,
    how: How<'_>,
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let is_plain = how.about == About::Wanted && !how.check && !how.dry_run && !how.summary;
    let recall = if is_plain { Recall::of(wishes) } else { None };
    if let Some(known) = recall.as_ref().and_then(Recall::find) {
        let store = open_store(&config.store)?;
        let inputs: Vec<InputRef> = known.iter().map(|it| it.input.clone()).collect();
        if let Some(there) = there(&store, &inputs)? {
            let links = links(&store, &known, how)?;
            return tell(&store, &known, &there.objects, links.as_ref(), how, common.quiet);
        }
    }
    let (evaluated, unsolved) = match how.about {
        About::Wanted => (evaluate(wishes, terminal, common.quiet)?, Vec::new()),
        about => {
            let (workspace, solutions) =
                solve(common, terminal, wishes, about, building.keep_going)?;
            (evaluate_each(workspace, &solutions.solved)?, solutions.unsolved)
        }
    };
    let Evaluated { workspace, mut derived, wanted, beside } = evaluated;
    set_cores(&mut derived, building);
    let workshop = Workshop::open(&config)?;
    if how.dry_run {
        let all: Vec<Wanted> = wanted.into_iter().chain(beside).collect();
        dry_run(&workshop, &derived, &all, how)?;
        return Ok(if unsolved.is_empty() { Exit::Done } else { Exit::Author });
    }
    let links = links(&workshop.store, &wanted, how)?;
    let progress = Progress::new(terminal, how.json, common.quiet);
    let inputs: Vec<InputRef> = wanted.iter().chain(&beside).map(|it| it.input.clone()).collect();
    let is_each = how.about != About::Wanted && wishes.specs.is_empty();
    let again = Again::of(wishes, &workspace.db).each(is_each);
    let summary = how.summary.then(|| Summary::new(&derived.graph, &unsolved));
    let note = |event: Event| {
        if let Some(summary) = &summary {
            summary.note(&event);
        }
        progress.event(event);
    };
    let result = workshop.try_realise(&derived.graph, &inputs, building, &note);
    progress.finish();
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error) => {
            let mut table = String::new();
            if let (Some(summary), RealiseError::Failed { failures, .. }) = (&summary, &error) {
                table = summary.draw(&workshop.store, &wanted, failures, how.json, terminal)?;
            }
            // The table is the end of what is said, so that nobody has to look for it.
            let fail = show_error(error, &terminal, &again);
            print(&table);
            return Err(fail);
        }
    };
    let mut known = Vec::new();
    let mut objects = Vec::new();
    for it in wanted.into_iter().chain(beside) {
        let Some(output) = outcome.object(&it.input.derivation, &it.input.output) else { continue };
        objects.push((output.object, output.path.clone()));
        known.push(it);
    }
    if let Some(recall) = &recall {
        recall.keep(&workspace, &known);
    }
    let mut exit = tell(&workshop.store, &known, &objects, links.as_ref(), how, common.quiet)?;
    known.retain(|it| !it.is_beside);
    if let Some(summary) = &summary {
        print(&summary.draw(&workshop.store, &known, &[], how.json, terminal)?);
    }
    if how.check {
        let inputs: Vec<InputRef> = known.iter().map(|it| it.input.clone()).collect();
        exit = check(&workshop, &derived, &inputs, terminal)?;
    }
    // What cannot be solved is worse than what differs: nothing of it was built.
    Ok(if unsolved.is_empty() { exit } else { Exit::Author })
}

/// The links that are asked for, if they can be made.
fn links(store: &LocalStore, wanted: &[Wanted], how: How<'_>) -> Result<Option<Links>, Fail> {
    let links = how.link.map(|it| Links::plan(it, wanted));
    if let Some(links) = &links {
        links.check(store)?;
    }
    Ok(links)
}

/// Says where what was wanted is, and keeps it.
fn tell(
    store: &LocalStore,
    wanted: &[Wanted],
    objects: &[(ObjectId, StorePath)],
    links: Option<&Links>,
    how: How<'_>,
    quiet: bool,
) -> Result<Exit, Fail> {
    let mut kept = BTreeMap::new();
    let mut lines = Vec::new();
    for (it, (object, path)) in wanted.iter().zip(objects) {
        kept.insert(it.spec.clone(), *object);
        if it.is_beside {
            continue;
        }
        if how.json {
            let event = json!({
                "event": "realised", "spec": it.spec, "path": path.absolute(),
                "host_path": store.host_path(path).display().to_string(),
                "object": object.to_string(), "derivation": it.input.derivation.to_string(),
                "link": links.and_then(|links| links.place(it)).map(|it| it.display().to_string()),
            });
            lines.extend(event.to_string().into_bytes());
        } else {
            // The path on this machine, for the user's own programs. [store.path.6]
            lines.extend(store.host_path(path).as_os_str().as_bytes());
        }
        lines.push(b'\n');
    }
    keep(store, &kept)?;
    if let Some(links) = links {
        links.make(store, wanted, objects, quiet)?;
    }
    // The table of a summary says the same, and is what was asked for.
    if how.json || !how.summary {
        print_bytes(&lines);
    }
    Ok(Exit::Done)
}
