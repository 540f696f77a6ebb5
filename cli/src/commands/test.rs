//! `kiln test`: runs the tests of packages, each in a sandbox of its own.
//!
//! A test that has succeeded is not run again until something that it sees is another one: its
//! verdict is a realisation like all others, and may come from a cache.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use kiln_eval::{Derived, NodeId, Test};
use kiln_lang::Database;
use kiln_store::{DerivationId, Event, Failure, Graph, How as Came, InputRef, RealiseError};
use serde_json::json;

use crate::about::{About, solve};
use crate::args::{Building, Common, Wishes};
use crate::config::Config;
use crate::evaluated::together;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::progress::{Progress, counted, seconds};
use crate::render;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::workshop::{Again, Workshop, set_cores, show_failure};
use crate::workspace::{Solved, Workspace};

/// What is asked beside testing.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    /// Whether what the packages are linked with and need at run time is tested, too.
    pub(crate) deps: bool,
    /// Only tests with this in their titles.
    pub(crate) only: Option<&'a str>,
    /// Whether tests are only named.
    pub(crate) list: bool,
    /// Whether all packages are meant.
    pub(crate) all: bool,
    pub(crate) json: bool,
}

/// How a test ended.
enum Verdict {
    /// It succeeded: now, in this time; or before, with all that it sees the same.
    Ok(Option<Duration>),
    Failed(Duration),
    /// Something that it needs could not be realised.
    NotRun,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    building: &Building,
    how: How<'_>,
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let about = About::of(false, how.all);
    let (workspace, solutions) = solve(common, terminal, wishes, about, building.keep_going)?;
    let outputs: Vec<Option<Solved>> =
        solutions.solved.iter().map(|it| workspace.with_tested_outputs(it)).collect();
    let solved = &solutions.solved;
    let (mut derived, mut tests) = derive(&workspace, solved, &outputs, how.deps)?;
    if let Some(only) = how.only {
        tests.retain(|it| it.test.title.to_lowercase().contains(&only.to_lowercase()));
    }
    set_cores(&mut derived, building);
    if tests.is_empty() {
        return Err(none(solved, how));
    }
    let without_emulator = tests.iter().find_map(|it| {
        let (platform, machine) = it.solved.elsewhere()?;
        let is_without = !has_emulator(&it.test, &derived.graph, &platform);
        is_without.then_some((it, platform, machine))
    });
    if let Some((Found { solved, test }, platform, machine)) = without_emulator {
        let name = &solved.solution.node(test.node).package.name;
        return Err(Fail::Usage(format!(
            "this machine ({machine}) cannot run programs for {platform}, and the tests of {name} \
             name no emulator: `test_links` of the package can, as the standard module `unix` shows"
        )));
    }
    if how.list {
        print(&list(&tests, how.json));
        return Ok(solutions.exit());
    }
    let workshop = Workshop::open(&config)?;
    let progress = Progress::new(terminal, how.json, common.quiet);
    // Every test is run, whatever becomes of the others.
    let building = Building { keep_going: true, ..building.clone() };
    let wanted: Vec<InputRef> = tests.iter().map(|it| it.test.report.clone()).collect();
    let times: Mutex<BTreeMap<DerivationId, Duration>> = Mutex::default();
    let note = |event: Event| {
        if let Event::Finished { node, how: Came::Tested, duration, .. } = &event {
            let mut times = times.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            times.insert(*node, *duration);
        }
        progress.event(event);
    };
    let result = workshop.try_realise(&derived.graph, &wanted, &building, &note);
    progress.finish();
    let failures = match result {
        Ok(_) => Vec::new(),
        Err(RealiseError::Failed { failures, .. }) => failures,
        Err(error) => return Err(Fail::Realise(error)),
    };
    let again = Again::of(wishes, &workspace.db);
    for failure in &failures {
        let is_test = derived.graph.node(&failure.node).is_some_and(kiln_store::Node::is_test);
        eprintln!();
        eprint!("{}", show_failure(failure, &terminal, &again, !is_test));
        let test = tests.iter().find(|it| it.test.report.derivation == failure.node);
        if let Some(Found { test, .. }) = test {
            eprint!("{}", look_at(&workspace.db, test, failure, &again, terminal));
        }
    }
    if !failures.is_empty() && !how.json {
        eprintln!();
    }
    let times = times.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let verdicts: Vec<(&Found<'_>, Verdict)> =
        tests.iter().map(|it| (it, verdict(&it.test, &derived.graph, &failures, &times))).collect();
    print(&tell(&verdicts, terminal, how.json));
    let is_ok = verdicts.iter().all(|it| matches!(it.1, Verdict::Ok(_)));
    Ok(if is_ok { solutions.exit() } else { Exit::Operator })
}

/// Where a test that failed is written, and how to see more of it.
fn look_at(
    db: &Database,
    test: &Test,
    failure: &Failure,
    again: &Again,
    terminal: Terminal,
) -> String {
    let place = test.place;
    let (line, _) = render::line_column(&db.text(place.file), place.start as usize);
    let path = render::shown_path(&db.path(place.file));
    let mut text = format!("  the test is written at {path}:{line}\n");
    let help = terminal.paint(Style::Cyan, "help:");
    let alone = again.test(&test.title);
    if failure.log_tail.is_empty() {
        text.push_str(&format!(
            "  {help} it printed nothing: with `set -x` as its first line it prints each command; `{alone}` runs it alone\n"
        ));
    } else {
        text.push_str(&format!("  {help} `{alone}` runs it alone\n"));
    }
    text
}

/// A test and what its package was solved in.
struct Found<'a> {
    solved: &'a Solved,
    test: Test,
}

/// The tests that are meant, each once, and the derivations of all of them; `outputs` is what was
/// solved with the outputs that have tests, where there are some.
fn derive<'a>(
    workspace: &Workspace,
    solved: &'a [Solved],
    outputs: &'a [Option<Solved>],
    deps: bool,
) -> Result<(Derived, Vec<Found<'a>>), Fail> {
    let mut all = Vec::new();
    let mut tests: Vec<Found<'_>> = Vec::new();
    let mut seen = BTreeSet::new();
    let derived = workspace.derive_each(solved)?;
    for ((solved, outputs), derived) in solved.iter().zip(outputs).zip(derived) {
        let (solved, derived) = match outputs {
            Some(all) => (all, workspace.derive_unlocked(all)?),
            None => (solved, derived),
        };
        let packages = tested(solved, deps);
        let (derived, found) = workspace.derive_tests(solved, derived, &packages)?;
        all.push(derived);
        for test in found {
            if seen.insert(test.report.clone()) {
                tests.push(Found { solved, test });
            }
        }
    }
    Ok((together(all.into_iter()), tests))
}

/// The packages whose tests are meant: what is wanted, and all that they are linked with and need
/// when they run, if that is asked for.
fn tested(solved: &Solved, deps: bool) -> Vec<NodeId> {
    let roots: Vec<NodeId> = solved.solution.roots.iter().map(|it| it.node).collect();
    if deps {
        return solved.solution.runtime_closure(&roots);
    }
    let mut nodes: Vec<NodeId> = Vec::new();
    for root in roots {
        if !nodes.contains(&root) {
            nodes.push(root);
        }
    }
    nodes
}

/// Whether a test says what runs programs for a platform, such as `riscv64-linux`.
fn has_emulator(test: &Test, graph: &Graph, platform: &str) -> bool {
    let cpu = platform.strip_suffix("-linux").unwrap_or_default();
    let build = graph.node(&test.report.derivation).and_then(kiln_store::Node::as_build);
    build.is_some_and(|it| it.links.contains_key(&format!("/kiln/emulators/{cpu}")))
}

/// Says that there is nothing to run.
fn none(solved: &[Solved], how: How<'_>) -> Fail {
    let names = solved.iter().flat_map(|solved| {
        let name = |it: NodeId| solved.solution.node(it).name();
        tested(solved, how.deps).into_iter().map(name)
    });
    let names: Vec<String> = names.take(8).collect();
    let names = kiln_lang::list(&names, "or");
    match how.only {
        Some(only) => Fail::NotFound {
            message: format!("no test of {names} has `{only}` in its title"),
            advice: Some("`kiln test --list` names the tests".into()),
        },
        None => Fail::NotFound {
            message: format!("there is no test of {names}"),
            advice: Some(
                "write one into the recipe: `test \"shows its version\" = sh\"hello --version\"`"
                    .into(),
            ),
        },
    }
}

fn list(tests: &[Found<'_>], is_json: bool) -> String {
    let mut text = String::new();
    for Found { solved, test } in tests {
        let node = solved.solution.node(test.node);
        if is_json {
            let name = &*node.package.name;
            let version = node.version.to_string();
            let line = json!({ "package": name, "version": version, "test": test.title });
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&format!("{}: {}\n", node.title(), test.title));
        }
    }
    text
}

fn verdict(
    test: &Test,
    graph: &Graph,
    failures: &[Failure],
    times: &BTreeMap<DerivationId, Duration>,
) -> Verdict {
    let own = |it: &&Failure| it.node == test.report.derivation;
    if let Some(failure) = failures.iter().find(own) {
        return Verdict::Failed(failure.duration);
    }
    // What needs something that failed was skipped.
    let mut stack = vec![test.report.derivation];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(id) = stack.pop().filter(|_| !failures.is_empty()) {
        if !seen.insert(id) {
            continue;
        }
        if failures.iter().any(|it| it.node == id) {
            // A test that is known needs nothing of what it is made of.
            return Verdict::NotRun;
        }
        let inputs = graph.node(&id).and_then(kiln_store::Node::as_build).map(|it| &it.inputs);
        stack.extend(inputs.into_iter().flatten().map(|it| it.1.derivation));
    }
    Verdict::Ok(times.get(&test.report.derivation).copied())
}

fn tell(verdicts: &[(&Found<'_>, Verdict)], terminal: Terminal, is_json: bool) -> String {
    let mut text = String::new();
    let mut package = None;
    let mut counts = [0usize; 3];
    for (Found { solved, test }, verdict) in verdicts {
        let node = solved.solution.node(test.node);
        let (at, word, style, time) = match verdict {
            Verdict::Ok(time) => (0, "ok", Style::Green, *time),
            Verdict::Failed(time) => (1, "failed", Style::Red, Some(*time)),
            Verdict::NotRun => (2, "not run", Style::Dim, None),
        };
        counts[at] += 1;
        if is_json {
            let line = json!({
                "event": "tested", "package": &*node.package.name,
                "version": node.version.to_string(), "test": test.title, "verdict": word,
                "ran": time.is_some(), "milliseconds": time.map(|it| it.as_millis() as u64),
            });
            text.push_str(&format!("{line}\n"));
            continue;
        }
        let title = node.title();
        if package.as_ref() != Some(&title) {
            package = Some(title.clone());
            text.push_str(&format!("{}\n", terminal.paint(Style::Bold, &title)));
        }
        let note = match (verdict, time) {
            (_, Some(time)) => seconds(time),
            (Verdict::Ok(_), None) => "as before".to_owned(),
            _ => "something that it needs failed".to_owned(),
        };
        let word = terminal.paint(style, &format!("{word:7}"));
        let note = terminal.paint(Style::Dim, &format!("({note})"));
        text.push_str(&format!("  {word}  {} {note}\n", harmless(&test.title)));
    }
    if !is_json && verdicts.len() > 1 {
        let said = ["ok", "failed", "not run"];
        let parts: Vec<String> = counts
            .iter()
            .zip(said)
            .filter(|it| *it.0 > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        text.push_str(&format!("{}: {}\n", counted(verdicts.len(), "test"), parts.join(", ")));
    }
    text
}
