//! Crashes: at every numbered step of the protocol, and at random moments.
//!
//! The program runs itself as a child that realises a graph and is ended by a fault point or a
//! signal. Afterwards the store must open, verify, and have everything that the child reported as
//! done; and the graph must be finished from there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::common::fake::{Bench, Plan};
use crate::common::*;
use kiln_store::{Event, GcOptions, LocalStore, Store, Substituter};

/// Tells a child what to do, and where.
const FOLDER: &str = "KILN_TEST_CRASH_FOLDER";

/// How many random kills there are in a plain run.
const KILLS: u32 = 40;

fn plan() -> Plan {
    let large = "x".repeat(20_000);
    let mut plan = Plan::default();
    plan.fetch("source", 1, "mirror://debian/source.tar");
    plan.build(
        "lib",
        &["source"],
        &format!(
            "write {{out}}/lib.a {large}\nlink {{out}}/own {{out}}/lib.a\nwrite {{dev}}/pc {{out}}"
        ),
    );
    for number in 0..4 {
        let script =
            format!("print building\nwrite {{out}}/a {number} {{lib}}\nwrite {{out}}/b {large}");
        plan.build(&format!("mid{number}"), &["lib", "lib.dev"], &script);
    }
    plan.build(
        "top",
        &["mid0", "mid1", "mid2", "mid3"],
        "write {out}/all {mid0} {mid1} {mid2} {mid3}\n",
    );
    plan
}

/// What the child does: realises, keeps, collects. Each object that is reported as done is printed.
fn child(folder: &Path) {
    let store = LocalStore::open(&folder.join("store")).unwrap();
    let bench = Bench::new(&folder.join(format!("builds-{}", std::process::id())));
    bench.fetcher.trees.lock().unwrap().insert(1, "src/a.c = int".to_owned());
    let plan = plan();
    let cache = fs::exists(folder.join("cache/kiln-substituter"))
        .unwrap()
        .then(|| kiln_store::DirectorySubstituter::open(&folder.join("cache")).unwrap());
    let substituters: Vec<&dyn Substituter> =
        cache.iter().map(|it| it as &dyn Substituter).collect();
    let report = |line: String| {
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).unwrap();
        out.flush().unwrap();
    };
    bench.with_request(&plan, &["top", "lib.dev"], &substituters, |request| {
        let events = |event: Event| {
            if let Event::Finished { outputs, .. } = event {
                outputs.values().for_each(|it| report(format!("\ndone {it}\n")));
            }
        };
        let request = kiln_store::RealiseRequest { events: &events, ..*request };
        let outcome = kiln_store::realise(&store, &request).unwrap();
        let top = outcome.realised[&plan.ids["top"]].outputs[&output("out")].object;
        store.add_root("top", &top, "test", None).unwrap();
        report(format!("\nrooted {top}\n"));
    });
    store.gc(&GcOptions { grace_s: 0, ..GcOptions::default() }, &|| true).unwrap();
    report("\ncollected\n".to_owned());
}

/// The child's entry: a test that does nothing unless it is told to.
#[test]
fn crash_child() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        child(Path::new(&folder));
    }
}

fn spawn(folder: &Path, abort_at: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::crash_child", "--nocapture"])
        .env(FOLDER, folder)
        .env("KILN_STORE_ABORT_AT", abort_at)
        .env("KILN_STORE_ABORT_TRACE", folder.join("trace"))
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(fs::File::create(folder.join("errors")).unwrap())
        .spawn()
        .unwrap()
}

/// Returns what the child reported, as whole lines.
fn read_reports(child: &mut Child) -> Vec<String> {
    let out = BufReader::new(child.stdout.take().unwrap());
    out.lines().map_while(Result::ok).filter(|it| !it.is_empty()).collect()
}

/// Checks a store after a crash, and finishes the graph.
fn check_after_crash(folder: &Path, reports: &[String], context: &str) {
    let store = LocalStore::open(&folder.join("store")).unwrap();
    let report = store.verify(&|_| true).unwrap();
    assert!(report.is_sound(), "{context}: {:?}", report.problems);
    let was_rooted = reports.iter().any(|it| it.starts_with("rooted"));
    // Once something is rooted the rest may be collected.
    if !was_rooted {
        let valid: BTreeSet<String> =
            store.ls().unwrap().iter().map(|it| format!("done {}", it.id)).collect();
        for line in reports.iter().filter(|it| it.starts_with("done")) {
            assert!(valid.contains(line), "{context}: `{line}` was reported and is gone");
        }
    } else {
        let roots = store.roots().unwrap();
        assert_eq!(roots.len(), 1, "{context}");
        assert!(store.object(&roots[0].object).unwrap().is_some(), "{context}");
    }
    drop(store);
    let mut finisher = spawn(folder, "never");
    let reports = read_reports(&mut finisher);
    let is_done = finisher.wait().unwrap().success();
    let errors = fs::read_to_string(folder.join("errors")).unwrap();
    assert!(is_done, "{context}: it cannot be finished: {errors}");
    assert!(reports.iter().any(|it| it == "collected"), "{context}");
    let store = LocalStore::open(&folder.join("store")).unwrap();
    assert_eq!(store.verify(&|_| true).unwrap().problems, [], "{context}");
    for name in ["stage", "leases", "trash"] {
        let left = fs::read_dir(folder.join("store/var").join(name)).unwrap().count();
        assert_eq!(left, 0, "{context}: something is left in `{name}`");
    }
}

fn new_folder(parent: &Path, name: &str, cache: Option<&Path>) -> PathBuf {
    let folder = parent.join(name);
    fs::create_dir(&folder).unwrap();
    if let Some(cache) = cache {
        std::os::unix::fs::symlink(cache, folder.join("cache")).unwrap();
    }
    folder
}

/// Crashes at each fault point in turn, with and without a cache to substitute from.
fn crash_everywhere(cache: Option<&Path>) {
    let temp = Temp::new();
    let folder = new_folder(temp.path(), "count", cache);
    let mut counting = spawn(&folder, "count");
    read_reports(&mut counting);
    assert!(counting.wait().unwrap().success());
    let Ok(trace) = fs::read_to_string(folder.join("trace")) else {
        println!("skipped: this build has no fault points");
        return;
    };
    let points: BTreeSet<&str> =
        trace.lines().filter_map(|it| it.split_once(' ')).map(|it| it.1).collect();
    println!("{} places, {} kinds: {points:?}", trace.lines().count(), points.len());
    assert!(points.len() >= 10, "{points:?}");
    let count = trace.lines().count();
    for at in 1..=count {
        let folder = new_folder(temp.path(), &at.to_string(), cache);
        let mut child = spawn(&folder, &at.to_string());
        let reports = read_reports(&mut child);
        let status = child.wait().unwrap();
        // Threads may come to fewer places in another run.
        let trace = fs::read_to_string(folder.join("trace")).unwrap();
        let last = trace.lines().last().unwrap_or_default().to_owned();
        assert!(!status.success() || trace.lines().count() < at, "place {at} was passed");
        check_after_crash(&folder, &reports, &format!("after {last}"));
        fs::remove_file(folder.join("trace")).unwrap();
    }
}

#[test]
fn a_crash_at_any_step_of_building_loses_nothing() {
    crash_everywhere(None);
}

#[test]
fn a_crash_at_any_step_of_substituting_loses_nothing() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("store")).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    bench.fetcher.trees.lock().unwrap().insert(1, "src/a.c = int".to_owned());
    bench.realise(&store, &plan(), &["top", "lib.dev"], &[]).unwrap();
    let cache = kiln_store::DirectorySubstituter::create(&temp.path().join("cache")).unwrap();
    let all: Vec<_> = store.all_realisations().unwrap().into_iter().map(|it| it.0).collect();
    cache.export(&store, &all, &|_| ()).unwrap();
    crash_everywhere(Some(&temp.path().join("cache")));
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let kills = std::env::var("KILN_TEST_KILLS").ok().and_then(|it| it.parse().ok());
    let temp = Temp::new();
    // A kill leaves what the run before did, so that later kills fall into other states.
    let mut folder = new_folder(temp.path(), "0", None);
    for round in 0..kills.unwrap_or(KILLS) {
        if round % 5 == 0 {
            folder = new_folder(temp.path(), &format!("kill-{round}"), None);
        }
        let mut children: Vec<Child> = (0..2).map(|_| spawn(&folder, "never")).collect();
        let delay = (u64::from(round) * 7919) % 120;
        std::thread::sleep(Duration::from_millis(delay));
        children.iter_mut().for_each(|it| it.kill().unwrap());
        let mut reports: Vec<String> = Vec::new();
        for child in &mut children {
            reports.extend(read_reports(child));
            child.wait().unwrap();
        }
        let store = LocalStore::open(&folder.join("store")).unwrap();
        let report = store.verify(&|_| true).unwrap();
        assert!(report.is_sound(), "round {round}: {:?}", report.problems);
        let is_last = round % 5 == 4;
        drop(store);
        if is_last {
            check_after_crash(&folder, &[], &format!("round {round}"));
        }
    }
}
