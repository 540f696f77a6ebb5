//! Many at once on one store, and disks that are full.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::fake::{Bench, Plan};
use crate::common::*;
use kiln_store::{GcOptions, LocalStore, RealiseError, Store, StoreError};

/// A chain of builds whose texts depend on a number, so that some are shared between numbers.
fn chain(number: usize) -> Plan {
    let mut plan = Plan::default();
    plan.build("base", &[], "write {out}/base always the same");
    plan.build("tool", &["base"], &format!("write {{out}}/tool {} {{base}}", number % 2));
    plan.build("lib", &["base", "tool"], &format!("write {{out}}/lib {} {{tool}}", number % 3));
    plan.build("top", &["lib", "tool"], &format!("write {{out}}/top {number} {{lib}} {{tool}}"));
    plan
}

#[test]
fn a_collection_never_takes_what_a_run_relies_on() {
    let rounds = 40;
    let temp = Temp::new();
    let root = temp.path().join("store");
    LocalStore::open(&root).unwrap();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (root, temp, is_done) = (&root, temp.path(), &is_done);
        let runs: Vec<_> = (0..3)
            .map(|runner| {
                scope.spawn(move || {
                    let store = LocalStore::open(root).unwrap();
                    for round in 0..rounds {
                        let bench = Bench::new(&temp.join(format!("builds-{runner}-{round}")));
                        let plan = chain(round + runner);
                        bench.with_request(&plan, &["top", "lib"], &[], |request| {
                            let outcome = kiln_store::realise(&store, request).unwrap();
                            // While the outcome lives, all of it is there, whatever is collected.
                            for realised in outcome.realised.values() {
                                for out in realised.outputs.values() {
                                    for id in store.closure(&[out.object]).unwrap() {
                                        assert!(host_path(&store, &id).exists());
                                    }
                                }
                            }
                        });
                    }
                })
            })
            .collect();
        scope.spawn(move || {
            let store = LocalStore::open(root).unwrap();
            let options = GcOptions { grace_s: 0, ..GcOptions::default() };
            let mut collected = 0;
            while !is_done.load(Ordering::SeqCst) {
                collected += store.gc(&options, &|| true).unwrap().collected.len();
                assert!(store.verify(&|_| true).unwrap().is_sound());
            }
            println!("{collected} objects were collected meanwhile");
        });
        for run in runs {
            let result = run.join();
            if result.is_err() {
                is_done.store(true, Ordering::SeqCst);
            }
            result.unwrap();
        }
        is_done.store(true, Ordering::SeqCst);
    });
    let store = LocalStore::open(&root).unwrap();
    assert!(store.verify(&|_| true).unwrap().is_sound());
    store.gc(&GcOptions { grace_s: 0, ..GcOptions::default() }, &|| true).unwrap();
    assert_eq!(store.ls().unwrap(), []);
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
}

#[test]
fn an_index_that_is_made_anew_misleads_nobody() {
    let temp = Temp::new();
    let root = temp.path().join("store");
    let store = LocalStore::open(&root).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    let plan = chain(1);
    let paths = bench.realise(&store, &plan, &["top"], &[]).unwrap();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let other = LocalStore::open(&root).unwrap();
            while !is_done.load(Ordering::SeqCst) {
                assert_eq!(other.rebuild_index().unwrap(), 4);
            }
        });
        for _ in 0..30 {
            assert_eq!(bench.realise(&store, &plan, &["top"], &[]).unwrap(), paths);
            let report = store.gc(&GcOptions::default(), &|| true).unwrap();
            assert_eq!((report.collected.len(), report.orphans.len()), (0, 0));
        }
        is_done.store(true, Ordering::SeqCst);
    });
    assert_eq!(bench.builder.built.lock().unwrap().len(), 4);
}

/// The variable that tells a second run of this program where a small disk is.
const SMALL_DISK: &str = "KILN_TEST_SMALL_DISK";

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    if let Some(disk) = std::env::var_os(SMALL_DISK) {
        fill_disk(Path::new(&disk));
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can make a small disk");
        return;
    }
    let temp = Temp::new();
    let script = "mount -t tmpfs -o size=5m tmpfs \"$0\" && \
                  exec \"$1\" --exact stress::a_full_disk_is_named_and_loses_nothing --nocapture";
    let status = Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .args([temp.path().as_os_str(), std::env::current_exe().unwrap().as_os_str()])
        .env(SMALL_DISK, temp.path())
        .status();
    match status {
        Ok(status) => assert!(status.success(), "the second run says why"),
        Err(error) => println!("skipped: without `unshare` there is no small disk: {error}"),
    }
}

fn fill_disk(disk: &Path) {
    let root = disk.join("store");
    // What builds write lies elsewhere, as it does under a sandbox.
    let temp = Temp::new();
    let store = LocalStore::open(&root).unwrap();
    let mut plan = Plan::default();
    let mut names = Vec::new();
    for number in 0..60 {
        let text = format!("{number}").repeat(60_000);
        let name = format!("p{number}");
        plan.build(&name, &[], &format!("write {{out}}/file {text}"));
        names.push(name);
    }
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let bench = Bench::new(&temp.path().join("builds"));
    let error = bench.realise(&store, &plan, &wanted, &[]).unwrap_err();
    println!("{error}");
    assert!(matches!(error, RealiseError::Store(_)), "{error}");
    assert!(error.to_string().contains("No space left on device"), "{error}");
    let there = store.ls().unwrap().len();
    assert!(there > 0 && there < 60, "{there}");
    assert!(store.verify(&|_| true).unwrap().is_sound());
    drop(store);

    // The store can be opened, read and collected while the disk is full.
    let filler = disk.join("filler");
    assert!(fs::write(&filler, vec![0; 8 << 20]).is_err());
    let store = LocalStore::open(&root).unwrap();
    // What was recorded when there was no room to index it is indexed now.
    let before = there;
    let there = store.ls().unwrap().len();
    assert!(there >= before, "{there} of {before}");
    assert!(store.verify(&|_| true).unwrap().is_sound());
    let options = GcOptions { grace_s: 0, ..GcOptions::default() };
    assert_eq!(store.gc(&options, &|| true).unwrap().collected.len(), there);
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
    // There is room again.
    bench.realise(&store, &plan, &wanted[..5], &[]).unwrap();
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
}

#[test]
fn a_store_that_is_gone_is_an_error_and_no_panic() {
    let temp = Temp::new();
    let root = temp.path().join("store");
    let store = LocalStore::open(&root).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    open_folders(&root);
    fs::remove_dir_all(&root).unwrap();
    let error = bench.realise(&store, &chain(0), &["top"], &[]).unwrap_err();
    assert!(matches!(error, RealiseError::Store(_)), "{error}");
    let error = store.session().err().unwrap();
    assert!(matches!(error, StoreError::Moved { .. }), "{error}");
}
