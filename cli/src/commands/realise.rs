//! `kiln realise`: builds what is wanted, or takes it from the store.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use kiln_eval::{Derived, RequestKind, Wish};
use kiln_store::{
    Event, InputRef, LocalStore, ObjectId, RealiseError, RealiseOptions, RealiseRequest,
    Store as _, StorePath, reproduce,
};
use serde_json::json;

use crate::args::{Building, Common, Wishes};
use crate::config::Config;
use crate::evaluated::{Evaluated, evaluate, evaluate_each};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::progress::Progress;
use crate::recall::{Recall, Wanted};
use crate::summary::Summary;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::workshop::{Again, Workshop, keep, open_store, show_error, there};
use crate::workspace::{Solutions, Workspace};

/// What is asked beside building.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) about: About,
    pub(crate) check: bool,
    pub(crate) dry_run: bool,
    /// Whether a table comes in the end.
    pub(crate) summary: bool,
    pub(crate) json: bool,
}

/// What a request is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// What is wanted, together.
    Wanted,
    /// What is published, each spec by itself.
    Published,
    /// Every package of one's own recipes, or else of the standard ones, each by itself.
    All,
}

impl About {
    pub(crate) fn of(is_published: bool, is_all: bool) -> About {
        match (is_published, is_all) {
            (true, _) => About::Published,
            (false, true) => About::All,
            (false, false) => About::Wanted,
        }
    }
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    building: &Building,
    how: How,
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let is_plain = how.about == About::Wanted && !how.check && !how.dry_run && !how.summary;
    let recall = if is_plain { Recall::of(wishes) } else { None };
    if let Some(known) = recall.as_ref().and_then(Recall::find) {
        let store = open_store(&config.store)?;
        let inputs: Vec<InputRef> = known.iter().map(|it| it.input.clone()).collect();
        if let Some(there) = there(&store, &inputs)? {
            return tell(&store, &known, &there.objects, how);
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
    let progress = Progress::new(terminal, how.json, common.quiet);
    let inputs: Vec<InputRef> = wanted.iter().chain(&beside).map(|it| it.input.clone()).collect();
    let again = Again::of(wishes, &workspace.db);
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
    let mut exit = tell(&workshop.store, &known, &objects, how)?;
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

/// Solves what is wanted together, or each spec by itself that is published, or is a package. What
/// has no solution is shown, and with `keep_going` the others are solved all the same.
pub(crate) fn solve(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    about: About,
    keep_going: bool,
) -> Result<(Workspace, Solutions), Fail> {
    match about {
        About::Wanted => {
            let workspace = Workspace::with(wishes, terminal, common.quiet)?;
            let solved = vec![workspace.solve()?];
            Ok((workspace, Solutions { solved, unsolved: Vec::new() }))
        }
        About::Published => {
            let (workspace, all) = published(common, terminal, wishes)?;
            let all = workspace.solve_each(all, RequestKind::Published, keep_going)?;
            Ok((workspace, all))
        }
        About::All => {
            let mut workspace = Workspace::with_layers(wishes, terminal, common.quiet)?;
            workspace.wish(&workspace.package_names())?;
            let all = workspace.setup()?.wishes;
            let all = workspace.solve_each(all, RequestKind::Asked, keep_going)?;
            Ok((workspace, all))
        }
    }
}

/// What is published, each by itself: of the packages that are named, or by the project and its
/// recipes.
fn published(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
) -> Result<(Workspace, Vec<Wish>), Fail> {
    let workspace = Workspace::with_layers(wishes, terminal, common.quiet)?;
    let setup = workspace.setup()?;
    let mut all = Vec::new();
    for name in &wishes.specs {
        if workspace.db.package(name).is_none() {
            let near = kiln_lang::nearest(name, workspace.db.stems());
            let is_spec = name.contains([':', '[', '@']);
            return Err(Fail::NotFound {
                message: format!("there is no package `{name}`{}", kiln_lang::did_you_mean(&near)),
                advice: is_spec.then(|| {
                    "--published takes names of packages: what is built of them is what is published"
                        .into()
                }),
            });
        }
        let found = workspace.published_of(&setup, name)?;
        if found.is_empty() {
            return Err(Fail::NotFound {
                message: format!("nothing is published of `{name}`"),
                advice: Some(format!("`publish {name}` in its recipe or in the project does it")),
            });
        }
        all.extend(found);
    }
    if wishes.specs.is_empty() {
        all = workspace.published(&setup)?;
        if all.is_empty() {
            return Err(Fail::NotFound {
                message: "nothing is published by a project here, nor by recipes of its own".into(),
                advice: Some(
                    "add `publish …` to one of them, or name a package whose recipe publishes something"
                        .into(),
                ),
            });
        }
    }
    Ok((workspace, all))
}

/// Says where what was wanted is, and keeps it.
fn tell(
    store: &LocalStore,
    wanted: &[Wanted],
    objects: &[(ObjectId, StorePath)],
    how: How,
) -> Result<Exit, Fail> {
    let mut kept = BTreeMap::new();
    let mut lines = String::new();
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
            });
            lines.push_str(&event.to_string());
        } else {
            lines.push_str(&path.absolute());
        }
        lines.push('\n');
    }
    keep(store, &kept)?;
    // The table of a summary says the same, and is what was asked for.
    if how.json || !how.summary {
        print(&lines);
    }
    Ok(Exit::Done)
}

/// Tells builds how many processors to use, if the user says so.
pub(crate) fn set_cores(derived: &mut Derived, building: &Building) {
    if let Some(cores) = building.cores {
        derived.graph = derived.graph.with_cores(cores.get());
    }
}

/// Says what would be built.
fn dry_run(
    workshop: &Workshop,
    derived: &Derived,
    wanted: &[Wanted],
    how: How,
) -> Result<(), Fail> {
    let ids: Vec<_> = wanted.iter().map(|it| it.input.derivation).collect();
    let known = workshop.store.memos(&ids)?;
    let mut text = String::new();
    for (it, action) in wanted.iter().zip(&known.actions) {
        let node = derived.graph.node(&it.input.derivation);
        // What each is by itself is often one package in several ways.
        let title = node.filter(|_| how.about == About::Wanted).map_or(&it.spec, |it| &it.title);
        let done = match action {
            Some(action) => {
                workshop.store.realisations(&[*action])?.into_iter().flatten().next().is_some()
            }
            None => false,
        };
        let words = if done { "is built" } else { "is to be built, or something below it" };
        text.push_str(&format!("{title} {words}\n"));
    }
    print(&text);
    Ok(())
}

/// Builds once more with another scratch path, and compares.
fn check(
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
        let report =
            workshop.reproduce(graph, &input.derivation, None).map_err(Fail::Realise)?;
        let changes: Vec<String> = report
            .outputs
            .iter()
            .flat_map(|(output, it)| {
                it.changes.iter().map(move |change| format!("{output}: {change}"))
            })
            .collect();
        if changes.is_empty() {
            eprintln!(
                "{} {}: a second build is equal bit for bit",
                terminal.paint(Style::Green, "reproduced"),
                node.title
            );
        } else {
            exit = Exit::Operator;
            eprintln!(
                "{} {}: a second build differs",
                terminal.paint(Style::Red, "differs"),
                node.title
            );
            for change in changes {
                eprintln!("  {}", harmless(&change));
            }
        }
    }
    Ok(exit)
}
