//! Realising, with a builder that needs no sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::common::fake::{Bench, Plan};
use crate::common::*;
use expect_test::{Expect, expect};
use kiln_store::{
    ActionId, BuildError, BuildKind, BuildRequest, Builder, Built, Cause, Derivation, DerivationId,
    DirectorySubstituter, Event, GcOptions, How, ImportSource, LocalStore, MemoryStore, Miss,
    ObjectId, OnFailure, Prints, Realisation, RealiseError, RealiseOptions, RealiseRequest, Store,
    Substituter, Verdict, Warning,
};

/// Runs a test on each kind of store.
fn on_each(test: impl Fn(&dyn Store, &Bench)) {
    let temp = Temp::new();
    for kind in ["local", "memory"] {
        let (folder, builds) = (temp.path().join(kind), temp.path().join(format!("{kind}-builds")));
        fs::create_dir(&folder).unwrap();
        println!("on the {kind} store");
        match kind {
            "local" => test(&LocalStore::open(&folder).unwrap(), &Bench::new(&builds)),
            _ => test(&MemoryStore::new(&folder).unwrap(), &Bench::new(&builds)),
        }
    }
}

/// Collects everything that nothing keeps.
fn collect_all(store: &LocalStore) {
    let options = GcOptions { grace_s: 0, ..GcOptions::default() };
    store.gc(&options, &|| true).unwrap();
}

/// A library, a program that uses it, and a wrapper.
fn three(lib_script: &str) -> Plan {
    let mut plan = Plan::default();
    plan.build("lib 1", &[], lib_script);
    plan.build("app 2", &["lib"], "copy {lib}/lib.a {out}/app\nwrite {out}/uses {lib}");
    plan.build("env 3", &["app"], "link {out}/bin {app}/app");
    plan
}

#[test]
fn what_is_wanted_is_built_once_with_all_that_it_needs() {
    on_each(|store, bench| {
        let plan = three("write {out}/lib.a code");
        let paths = bench.realise(store, &plan, &["env"], &[]).unwrap();
        assert_eq!(bench.builder.take_built(), "app env lib");
        let root = store.host_path(&paths["env"]);
        let target = fs::read_link(root.join("bin")).unwrap();
        let app = target.to_str().unwrap().strip_prefix("/kiln/store/").unwrap();
        let app = app.strip_suffix("/app").unwrap();
        let app = store.host_path(&kiln_store::StorePath::parse(app).unwrap());
        assert_eq!(fs::read_to_string(app.join("app")).unwrap(), "code");

        let again = bench.realise(store, &plan, &["env"], &[]).unwrap();
        assert_eq!(bench.builder.take_built(), "");
        assert_eq!(again, paths);
    });
}

#[test]
fn a_rebuilt_input_that_gives_the_same_stops_the_rebuild_above_it() {
    on_each(|store, bench| {
        let before = three("write {out}/lib.a code");
        let paths = bench.realise(store, &before, &["env"], &[]).unwrap();
        bench.builder.take_built();
        bench.take_events();
        let after = three("print comment\nwrite {out}/lib.a code");
        assert_ne!(before.ids["env"], after.ids["env"]);
        assert_eq!(bench.realise(store, &after, &["env"], &[]).unwrap(), paths);
        assert_eq!(bench.builder.take_built(), "lib");
        let finished = bench.take_events().into_iter().find_map(|it| match it {
            Event::Finished { unchanged, .. } => Some(unchanged),
            _ => None,
        });
        assert_eq!(finished, Some(true));
    });
}

#[test]
fn only_the_wanted_outputs_are_in_the_result() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        plan.build("lib", &[], "write {dev}/x.pc {out}\nwrite {out}/lib.so so");
        plan.build("app", &["lib.dev"], "copy {lib.dev}/x.pc {out}/pc");
        let paths = bench.realise(store, &plan, &["lib.dev", "app"], &[]).unwrap();
        assert_eq!(paths.len(), 2);
        assert_eq!(paths["lib.dev"].name(), "lib-dev");
    });
}

/// Checks the error of realising `top`.
fn check_error(plan: &Plan, expected: Expect) {
    on_each(|store, bench| {
        let error = bench.realise(store, plan, &["top"], &[]).unwrap_err();
        expected.assert_eq(&format!("{error}\n"));
    });
}

#[test]
fn a_failure_says_what_failed_and_what_needs_it() {
    let mut plan = Plan::default();
    plan.build("lib 1", &[], "print one\nfail 2");
    plan.build("mid 1", &["lib"], "write {out}/a a");
    plan.build("top 1", &["mid"], "write {out}/a a");
    check_error(
        &plan,
        expect![[r#"
            `lib 1` failed: step `run` ended with exit code 2
            2 other derivations need what failed
        "#]],
    );
}

#[test]
fn a_broken_derivation_fails_before_anything_runs() {
    let mut plan = Plan::default();
    let mut build = plan.planned("top", &[], "write {out}/a a");
    build.outputs = vec![output("out"), output("dev")];
    plan.add("top", build);
    check_error(
        &plan,
        expect![[r#"
            `top` failed: its derivation is wrong: the outputs of a build are sorted and distinct; `dev` is not after the one before it
        "#]],
    );

    let mut plan = Plan::default();
    let mut test = plan.planned("test", &[], "write {out}/a a");
    test.kind = BuildKind::Test;
    plan.add("test", test);
    plan.build("top", &["test"], "write {out}/a a");
    check_error(
        &plan,
        expect![[r#"
            `top` failed: its input `test` is the test `test`; tests are never inputs
        "#]],
    );

    let mut plan = Plan::default();
    plan.build("lib", &[], "write {out}/a a");
    plan.build("top", &["lib.doc"], "write {out}/a a");
    check_error(
        &plan,
        expect![[r#"
            `top` failed: its input `lib.doc` is the output `doc` of `lib`, which has no such output
        "#]],
    );
}

#[test]
fn a_failure_keeps_the_last_lines_and_the_whole_log() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("store")).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    let lines: String = (0..40).map(|it| format!("print line {it}\n")).collect();
    let mut plan = Plan::default();
    plan.build("top", &[], &format!("{lines}fail 1"));
    let error = bench.realise(&store, &plan, &["top"], &[]).unwrap_err();
    let RealiseError::Failed { failures, skipped: 0 } = error else { panic!("{error}") };
    let failure = &failures[0];
    assert_eq!(failure.log_tail.len(), 25);
    assert_eq!(failure.log_tail[24], "line 39");
    assert!(failure.log.as_ref().unwrap().exists());
    let action = failure.action.unwrap();
    let mut log = String::new();
    std::io::Read::read_to_string(&mut store.read_log(&action).unwrap().unwrap(), &mut log)
        .unwrap();
    assert_eq!(log.lines().count(), 40);
    let attempt = store.attempt(&action).unwrap().unwrap();
    assert_eq!(attempt.title, "top");
    assert!(matches!(attempt.verdict, Verdict::StepFailed { .. }));
    // A failure is no verdict for ever.
    bench.realise(&store, &plan, &["top"], &[]).unwrap_err();
    assert_eq!(bench.builder.take_built(), "top top");
}

#[test]
fn what_does_not_need_what_failed_is_realised_if_asked() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        plan.build("bad", &[], "fail 1");
        plan.build("on-bad", &["bad"], "write {out}/a a");
        plan.build("good", &[], "write {out}/a a");
        plan.build("on-good", &["good"], "write {out}/a b");
        let wanted = ["on-bad", "on-good"];
        let temp = Temp::new();
        let keep_going = Bench { on_failure: OnFailure::KeepGoing, ..Bench::new(temp.path()) };
        let error = keep_going.realise(store, &plan, &wanted, &[]).unwrap_err();
        let RealiseError::Failed { failures, skipped } = error else { panic!("{error}") };
        assert_eq!((failures.len(), skipped), (1, 1));
        assert_eq!(keep_going.builder.take_built(), "bad good on-good");
        // The next run finds it.
        bench.realise(store, &plan, &["on-good"], &[]).unwrap();
        assert_eq!(bench.builder.take_built(), "");
    });
}

#[test]
fn downloads_and_imports_become_inputs() {
    on_each(|store, bench| {
        bench.fetcher.trees.lock().unwrap().insert(1, "src/a.c = int".to_owned());
        let patch = b"--- a\n+++ b\n";
        let mut plan = Plan::default();
        plan.fetch("source", 1, "mirror://debian/source.tar");
        let id = ObjectId::of_file(&name("patch"), patch, false);
        plan.import(
            "patch",
            id,
            ImportSource::File { bytes: patch.as_slice().into(), executable: false },
        );
        let script = "copy {source}/src/a.c {out}/a.c\ncopy {patch} {out}/p";
        plan.build("top", &["source", "patch"], script);
        let paths = bench.realise(store, &plan, &["top"], &[]).unwrap();
        assert_eq!(show_tree(&store.host_path(&paths["top"])), "a.c = int\np = --- a\\n+++ b\\n\n");
        // Another place for the same bytes changes nothing.
        let mut moved = Plan::default();
        moved.fetch("source", 1, "mirror://debian/elsewhere.tar");
        moved.import(
            "patch",
            id,
            ImportSource::File { bytes: patch.as_slice().into(), executable: false },
        );
        moved.build("top", &["source", "patch"], script);
        bench.builder.take_built();
        assert_eq!(bench.realise(store, &moved, &["top"], &[]).unwrap(), paths);
        assert_eq!(bench.builder.take_built(), "");
        assert_eq!(*bench.fetcher.fetched.lock().unwrap(), ["source"]);
    });
}

#[test]
fn imported_files_that_changed_are_an_error() {
    let mut plan = Plan::default();
    let temp = Temp::new();
    let path = temp.path().join("patch");
    fs::write(&path, "new").unwrap();
    let id = ObjectId::of_file(&name("patch"), b"old", false);
    plan.import("patch", id, ImportSource::Path(path.clone()));
    plan.build("top", &["patch"], "copy {patch} {out}/p");
    on_each(|store, bench| {
        let error = bench.realise(store, &plan, &["top"], &[]).unwrap_err();
        let found = ObjectId::of_file(&name("patch"), b"new", false);
        assert_eq!(
            error.to_string(),
            format!(
                "`patch` failed: the files at {} have changed: they were {id}, they are {found}\n\
                 1 other derivation needs what failed",
                path.display()
            )
        );
    });
}

#[test]
fn a_download_that_fails_says_where_it_was_tried() {
    let mut plan = Plan::default();
    plan.fetch("source", 9, "mirror://debian/gone.tar");
    plan.build("top", &["source"], "copy {source}/a {out}/a");
    on_each(|store, bench| {
        let error = bench.realise(store, &plan, &["top"], &[]).unwrap_err();
        let RealiseError::Failed { failures, .. } = error else { panic!("{error}") };
        let Cause::Fetch(kiln_store::FetchError::Unreachable { attempts, .. }) = &failures[0].cause
        else {
            panic!("{failures:?}")
        };
        assert_eq!(attempts[0].url, "mirror://debian/gone.tar");
    });
}

#[test]
fn derivations_with_one_action_are_built_once() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        plan.build("lib one", &[], "print one\nwrite {out}/a a");
        plan.build("other", &["lib"], "write {out}/uses {lib}");
        plan.build("lib two", &[], "print two\nwrite {out}/a a");
        plan.build("same", &["lib"], "write {out}/uses {lib}");
        // Same name, same script, inputs that turn out to be one object.
        let mut other = plan.planned("other", &["lib"], "write {out}/uses {lib}");
        other.name = "other".to_owned();
        plan.add("twin", other);
        let paths = bench.realise(store, &plan, &["other", "twin"], &[]).unwrap();
        assert_eq!(paths["other"], paths["twin"]);
        assert_eq!(bench.builder.take_built(), "lib lib other");
    });
}

#[test]
fn resolving_needs_records_and_not_objects() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("store")).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    let mut plan = Plan::default();
    plan.build("tool", &[], "write {out}/tool t");
    plan.build("lib", &["tool"], "copy {tool}/tool {out}/lib");
    plan.build("top", &["lib"], "copy {lib}/lib {out}/top");
    let paths = bench.realise(&store, &plan, &["top"], &[]).unwrap();
    let top = store.find(paths["top"].as_str()).unwrap()[0];
    store.add_root("top", &top, "test", None).unwrap();
    collect_all(&store);
    assert_eq!(store.ls().unwrap().len(), 1);
    bench.builder.take_built();

    // Nothing below the finished build is needed, even without memos.
    store.rebuild_index().unwrap();
    assert_eq!(bench.realise(&store, &plan, &["top"], &[]).unwrap(), paths);
    assert_eq!(bench.builder.take_built(), "");

    // A new user of `lib` needs its object, and that needs the tool.
    plan.build("new", &["lib"], "copy {lib}/lib {out}/new");
    bench.realise(&store, &plan, &["new"], &[]).unwrap();
    assert_eq!(bench.builder.take_built(), "lib new tool");
    assert_eq!(bench.realise(&store, &plan, &["top"], &[]).unwrap(), paths);
}

#[test]
fn a_rebuild_that_gives_another_object_is_told_and_never_mixed() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("store")).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    let mut plan = Plan::default();
    plan.build("lib", &[], "chance {out}/lib");
    plan.build("one", &["lib"], "copy {lib}/lib {out}/one");
    plan.build("two", &["lib"], "copy {lib}/lib {out}/two");
    let before = bench.realise(&store, &plan, &["one"], &[]).unwrap();
    let one = store.find(before["one"].as_str()).unwrap()[0];
    store.add_root("one", &one, "test", None).unwrap();
    collect_all(&store);
    bench.builder.take_built();
    bench.take_events();

    let paths = bench.realise(&store, &plan, &["one", "two"], &[]).unwrap();
    // `one` could be taken as it is, but was made from another `lib` than `two`.
    assert_eq!(bench.builder.take_built(), "lib one two");
    let read = |name: &str| fs::read_to_string(store.host_path(&paths[name]).join(name)).unwrap();
    assert_eq!(read("one"), read("two"));
    assert_ne!(paths["one"], before["one"]);
    let warnings: Vec<String> = bench
        .take_events()
        .into_iter()
        .filter_map(|it| match it {
            Event::Warning(Warning::NotReproducible { title, output, .. }) => {
                Some(format!("{title} {output}"))
            }
            _ => None,
        })
        .collect();
    assert_eq!(warnings, ["lib out"]);
    assert_eq!(bench.realise(&store, &plan, &["one", "two"], &[]).unwrap(), paths);
    assert_eq!(bench.builder.take_built(), "");
    assert!(store.verify(&|_| true).unwrap().is_sound());
}

/// Builds a plan in a store of its own and exports what was wanted to a cache.
fn make_cache(plan: &Plan, wanted: &[&str], folder: &std::path::Path) -> DirectorySubstituter {
    let store = LocalStore::open(&folder.join("there")).unwrap();
    let bench = Bench::new(&folder.join("there-builds"));
    bench.fetcher.trees.lock().unwrap().insert(1, "src/a.c = int".to_owned());
    bench.realise(&store, plan, wanted, &[]).unwrap();
    let cache = DirectorySubstituter::create(&folder.join("cache")).unwrap();
    let all: Vec<Realisation> =
        store.all_realisations().unwrap().into_iter().map(|it| it.0).collect();
    cache.export(&store, &all, &|_| ()).unwrap();
    cache
}

#[test]
fn what_a_cache_has_is_not_built() {
    let temp = Temp::new();
    let mut plan = Plan::default();
    plan.fetch("source", 1, "mirror://debian/source.tar");
    plan.build("tool", &["source"], "copy {source}/src/a.c {out}/tool");
    plan.build("lib", &["tool"], "copy {tool}/tool {out}/lib");
    plan.build("top", &["lib", "tool"], "write {out}/uses {lib}/lib\nlink {out}/self {out}/uses");
    let cache = make_cache(&plan, &["top"], temp.path());
    on_each(|store, bench| {
        let paths = bench.realise(store, &plan, &["top"], &[&cache]).unwrap();
        assert_eq!(bench.builder.take_built(), "");
        assert!(bench.fetcher.fetched.lock().unwrap().is_empty());
        let root = store.host_path(&paths["top"]);
        let own = fs::read_link(root.join("self")).unwrap();
        assert_eq!(own.to_str().unwrap(), format!("{}/uses", paths["top"].absolute()));
        // What it refers to came too, and nothing else.
        let lib = fs::read_to_string(root.join("uses")).unwrap();
        let lib = lib.strip_prefix("/kiln/store/").unwrap().strip_suffix("/lib").unwrap();
        let lib = store.host_path(&kiln_store::StorePath::parse(lib).unwrap());
        assert_eq!(show_tree(&lib), "lib = int\n");
        // The next run needs no cache.
        assert_eq!(bench.realise(store, &plan, &["top"], &[]).unwrap(), paths);
        assert_eq!(bench.builder.take_built(), "");
    });
}

#[test]
fn a_damaged_cache_costs_time_and_nothing_else() {
    let temp = Temp::new();
    let mut plan = Plan::default();
    plan.build("lib", &[], "write {out}/lib some text that is long enough to be damaged");
    plan.build("top", &["lib"], "write {out}/uses {lib}");
    let cache = make_cache(&plan, &["top"], temp.path());
    let mut damaged = 0;
    for shard in fs::read_dir(temp.path().join("cache/objects")).unwrap() {
        for file in fs::read_dir(shard.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 2);
    on_each(|store, bench| {
        bench.realise(store, &plan, &["top"], &[&cache]).unwrap();
        assert_eq!(bench.builder.take_built(), "lib top");
        let warnings = bench.take_events();
        assert!(warnings.iter().any(|it| matches!(
            it,
            Event::Warning(Warning::SubstituterFailed { is_given_up: false, .. })
        )));
    });
}

/// A substituter that only fails, and counts how often it was asked.
#[derive(Default)]
struct Broken {
    asked: AtomicUsize,
}

impl Substituter for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn lookup(&self, _: &[ActionId]) -> Result<BTreeMap<ActionId, Realisation>, Miss> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Err(Miss { asked: "all".to_owned(), reason: "out of order".to_owned(), is_final: false })
    }

    fn open(&self, _: &ObjectId) -> Result<Option<Box<dyn std::io::Read + Send>>, Miss> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Err(Miss { asked: "one".to_owned(), reason: "out of order".to_owned(), is_final: false })
    }
}

#[test]
fn a_cache_that_fails_three_times_is_not_asked_again() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        let mut names = vec!["b0".to_owned()];
        plan.build("b0", &[], "write {out}/a a");
        for number in 1..10 {
            let (name, before) = (format!("b{number}"), format!("b{}", number - 1));
            plan.build(&name, &[&before], &format!("write {{out}}/a {{{before}}}"));
            names.push(name);
        }
        let broken = Broken::default();
        bench.realise(store, &plan, &["b9"], &[&broken]).unwrap();
        assert_eq!(broken.asked.load(Ordering::SeqCst), 3);
        let given_up = bench.take_events().into_iter().filter(|it| {
            matches!(it, Event::Warning(Warning::SubstituterFailed { is_given_up: true, .. }))
        });
        assert_eq!(given_up.count(), 1);
    });
}

/// A cache that knows realisations and has no objects.
struct RecordsOnly(DirectorySubstituter);

impl Substituter for RecordsOnly {
    fn name(&self) -> &str {
        "records only"
    }

    fn lookup(&self, actions: &[ActionId]) -> Result<BTreeMap<ActionId, Realisation>, Miss> {
        self.0.lookup(actions)
    }

    fn open(&self, _: &ObjectId) -> Result<Option<Box<dyn std::io::Read + Send>>, Miss> {
        Ok(None)
    }
}

#[test]
fn objects_that_no_cache_has_are_built_from_what_is_known() {
    let temp = Temp::new();
    let plan = three("write {out}/lib.a code");
    let cache = RecordsOnly(make_cache(&plan, &["env"], temp.path()));
    on_each(|store, bench| {
        bench.realise(store, &plan, &["env"], &[&cache]).unwrap();
        assert_eq!(bench.builder.take_built(), "app env lib");
        assert!(!bench.take_events().iter().any(|it| matches!(it, Event::Warning(_))));
    });
}

#[test]
fn a_stopped_run_ends_soon_and_keeps_what_is_done() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        plan.build("first", &[], "write {out}/a a");
        plan.build("long", &["first"], "wait");
        plan.build("top", &["long"], "write {out}/a a");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !bench.builder.built.lock().unwrap().contains(&"long".to_owned()) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                bench.cancel.set();
            });
            let error = bench.realise(store, &plan, &["top"], &[]).unwrap_err();
            assert!(matches!(error, RealiseError::Cancelled));
        });
        let temp = Temp::new();
        let next = Bench::new(temp.path());
        next.realise(store, &plan, &["first"], &[]).unwrap();
        assert_eq!(next.builder.take_built(), "");
    });
}

#[test]
fn two_processes_share_the_work_on_one_graph() {
    let temp = Temp::new();
    let root = temp.path().join("store");
    let stores = [LocalStore::open(&root).unwrap(), LocalStore::open(&root).unwrap()];
    let benches =
        [Bench::new(&temp.path().join("builds-0")), Bench::new(&temp.path().join("builds-1"))];
    let mut plan = Plan::default();
    let mut names = Vec::new();
    for number in 0..20 {
        let name = format!("p{number}");
        plan.build(&name, &[], &format!("write {{out}}/a {number}"));
        names.push(name);
    }
    let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
    let script: String = names.iter().map(|it| format!("write {{out}}/{it} {{{it}}}\n")).collect();
    plan.build("top", &inputs, &script);
    let paths = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (store, bench) in stores.iter().zip(&benches) {
            let (plan, paths) = (&plan, &paths);
            scope.spawn(move || {
                let found = bench.realise(store, plan, &["top"], &[]).unwrap();
                paths.lock().unwrap().push(found);
            });
        }
    });
    let paths = paths.into_inner().unwrap();
    assert_eq!(paths[0], paths[1]);
    let mut built: Vec<String> = benches
        .iter()
        .flat_map(|it| std::mem::take(&mut *it.builder.built.lock().unwrap()))
        .collect();
    built.sort();
    names.push("top".to_owned());
    names.sort();
    assert_eq!(built, names);
}

#[test]
fn events_tell_what_happens_in_order() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("store")).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    bench.fetcher.trees.lock().unwrap().insert(1, "src/a.c = int".to_owned());
    let mut plan = Plan::default();
    plan.fetch("source", 1, "mirror://debian/source.tar");
    plan.build("top 1", &["source"], "copy {source}/src/a.c {out}/a");
    bench.realise(&store, &plan, &["top"], &[]).unwrap();
    let titles: BTreeMap<_, _> = plan.ids.iter().map(|(name, id)| (*id, name.clone())).collect();
    let line = |it: &Event| match it {
        Event::Started { node, title, activity, .. } => {
            format!("{}: started as `{title}`: {activity:?}", titles[node])
        }
        Event::Step { node, step, index, count } => {
            format!("{}: step `{step}`, {index} of {count}", titles[node])
        }
        Event::Trying { node, url } => format!("{}: trying {url}", titles[node]),
        Event::Unpacking { node } => format!("{}: unpacking", titles[node]),
        Event::Finished { node, how, unchanged, .. } => {
            format!("{}: finished: {how:?}, unchanged: {unchanged}", titles[node])
        }
        other => format!("{other:?}"),
    };
    let events = bench.take_events();
    // What is durable is told when it is, which may be while the next build runs.
    let (finished, others): (Vec<&Event>, Vec<&Event>) =
        events.iter().partition(|it| matches!(it, Event::Finished { .. }));
    let text: Vec<String> = others.into_iter().chain(finished).map(line).collect();
    expect![[r#"
        source: started as `source`: Fetch
        source: trying mirror://debian/source.tar
        source: unpacking
        top: started as `top 1`: Build
        top: step `run`, 0 of 1
        source: finished: Fetched { url: "mirror://debian/source.tar" }, unchanged: false
        top: finished: Built, unchanged: false
    "#]]
    .assert_eq(&(text.join("\n") + "\n"));
}

#[test]
fn finished_is_told_only_when_another_process_can_find_it() {
    let temp = Temp::new();
    let root = temp.path().join("store");
    let store = LocalStore::open(&root).unwrap();
    let other = LocalStore::open(&root).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    let plan = three("write {out}/lib.a code");
    let found = Mutex::new(Vec::new());
    bench.with_request(&plan, &["env"], &[], |request| {
        let events = |event: Event| {
            if let Event::Finished { outputs, .. } = event {
                for id in outputs.values() {
                    found.lock().unwrap().push(other.object(id).unwrap().is_some());
                }
            }
        };
        let request = kiln_store::RealiseRequest { events: &events, ..*request };
        kiln_store::realise(&store, &request).unwrap();
    });
    assert_eq!(found.into_inner().unwrap(), [true, true, true]);
}

#[test]
fn building_again_shows_what_differs() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        plan.build("lib", &[], "write {out}/lib l");
        let script = "exec {out}/bin/run {out}/share\nlink {out}/l {lib}\n";
        plan.build("same", &["lib"], script);
        plan.build("chance", &["lib"], &format!("{script}chance {{out}}/share/time x"));
        let salt = 1.try_into().unwrap();
        let reproduce = |name: &str| {
            bench.with_request(&plan, &[], &[], |request| {
                kiln_store::reproduce(store, request, &plan.ids[name], salt).unwrap()
            })
        };
        assert!(reproduce("same").is_same());
        let again = reproduce("chance");
        assert!(!again.is_same());
        let changes = &again.outputs[&output("out")].changes;
        let text: Vec<&str> = changes.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(text, ["share/time"]);
        // The pin stays.
        bench.builder.take_built();
        bench.realise(store, &plan, &["chance"], &[]).unwrap();
        assert_eq!(bench.builder.take_built(), "");
    });
}

#[test]
fn building_again_or_a_shell_leaves_the_log_as_it_was() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("store")).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    let mut plan = Plan::default();
    let lib = plan.build("lib", &[], "print first attempt\nwrite {out}/lib l");
    let broken = plan.build("broken", &[], "print why it fails\nfail 3");
    bench.realise(&store, &plan, &["lib"], &[]).unwrap();
    bench.realise(&store, &plan, &["broken"], &[]).unwrap_err();
    let log = |id: &DerivationId| {
        let action = plan.graph.node(id).unwrap().as_build().unwrap().with_inputs([].into()).id();
        let mut text = String::new();
        let log = store.read_log(&action).unwrap();
        std::io::Read::read_to_string(&mut log.expect("there is a log"), &mut text).unwrap();
        text
    };
    let logs = || (log(&lib), log(&broken));
    assert_eq!(logs(), ("first attempt\n".to_owned(), "why it fails\n".to_owned()));
    // A builder that prints nothing or something else, as a shell behind some steps does.
    for script in ["", "print other words"] {
        let other = Printing(script);
        for id in [&lib, &broken] {
            bench.with_request(&plan, &[], &[], |request| {
                let options = RealiseOptions { prints: Prints::Dropped, ..request.options };
                let request = RealiseRequest { builder: &other, options, ..*request };
                kiln_store::reproduce(&store, &request, id, 1.try_into().unwrap()).unwrap_err()
            });
        }
    }
    bench.with_request(&plan, &[], &[], |request| {
        kiln_store::reproduce(&store, request, &lib, 1.try_into().unwrap()).unwrap()
    });
    assert_eq!(logs(), ("first attempt\n".to_owned(), "why it fails\n".to_owned()));
}

/// Prints something and makes nothing.
struct Printing(&'static str);

impl Builder for Printing {
    fn build(&self, request: &BuildRequest<'_>) -> Result<Built, BuildError> {
        request.log.lock().unwrap().write_all(self.0.as_bytes()).unwrap();
        Err(BuildError::Unsupported { reason: "nothing is built here".to_owned() })
    }
}

#[test]
fn a_hidden_reference_to_the_scratch_path_shows_when_built_again() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        // Backwards it is not found, as in a compressed file.
        plan.build("hides", &[], "write {out}/open {out}\nreverse {out}/hidden {out}");
        let salt = 7.try_into().unwrap();
        let again = bench.with_request(&plan, &[], &[], |request| {
            kiln_store::reproduce(store, request, &plan.ids["hides"], salt).unwrap()
        });
        let changes = &again.outputs[&output("out")].changes;
        let text: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["hidden differs from byte 6 on"]);
        let source = plan.fetch("source", 1, "u");
        let error = bench.with_request(&plan, &[], &[], |request| {
            kiln_store::reproduce(store, request, &source, salt).unwrap_err()
        });
        assert_eq!(error.to_string(), "`source` is not a build");
    });
}

#[test]
fn an_unknown_wish_is_named() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        plan.build("lib 1", &[], "write {out}/lib l");
        let error = bench.realise(store, &plan, &["lib.doc"], &[]).unwrap_err();
        assert_eq!(error.to_string(), "`lib 1` has no output `doc`; it has `out`");
    });
}

#[test]
fn an_output_that_was_not_made_is_named_with_its_place() {
    let mut plan = Plan::default();
    let id = plan.build("top", &[], "print nothing {out}");
    let Derivation::Build(_) = &*plan.graph.node(&id).unwrap().derivation else { panic!() };
    check_error(
        &plan,
        expect![[r#"
            `top` failed: the output `out` was not made: nothing is at /kiln/store/scra7ch0nfwa3gwbnb2bmsw33bznk4az-top
        "#]],
    );
}

#[test]
fn a_waiting_run_says_for_whom() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("store")).unwrap();
    let mut bench = Bench::new(&temp.path().join("builds"));
    let mut plan = Plan::default();
    plan.build("top", &[], "write {out}/a a");
    // Found by failing once.
    let action = {
        let session = store.session().unwrap();
        bench.realise(&store, &plan, &["top"], &[]).unwrap();
        drop(session);
        store.all_realisations().unwrap()[0].0.action
    };
    let other = LocalStore::open(&temp.path().join("other")).unwrap();
    let session = other.session().unwrap();
    let claim = Mutex::new(Some(session.claim(&action).unwrap()));
    bench.builder.on_build = Box::new(|_| ());
    let pid = Mutex::new(None);
    bench.with_request(&plan, &["top"], &[], |request| {
        let events = |event: Event| {
            if let Event::Waiting { pid: by, .. } = event {
                *pid.lock().unwrap() = by;
                claim.lock().unwrap().take();
            }
        };
        let request = kiln_store::RealiseRequest { events: &events, ..*request };
        kiln_store::realise(&other, &request).unwrap();
    });
    assert_eq!(pid.into_inner().unwrap(), Some(std::process::id()));
}

#[test]
fn a_finished_event_says_how() {
    on_each(|store, bench| {
        let plan = three("write {out}/lib.a code");
        bench.realise(store, &plan, &["lib"], &[]).unwrap();
        let how = bench.take_events().into_iter().find_map(|it| match it {
            Event::Finished { how, .. } => Some(how),
            _ => None,
        });
        assert_eq!(how, Some(How::Built));
    });
}

#[test]
fn what_a_build_prints_is_told_if_asked() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        plan.build("top", &[], "print one two\nprint three\nwrite {out}/a a");
        bench.with_request(&plan, &["top"], &[], |request| {
            let options = RealiseOptions { prints: Prints::Told, ..request.options };
            let request = kiln_store::RealiseRequest { options, ..*request };
            kiln_store::realise(store, &request).unwrap();
        });
        let printed: Vec<u8> = bench
            .take_events()
            .into_iter()
            .filter_map(|it| match it {
                Event::Printed { bytes, .. } => Some(bytes),
                _ => None,
            })
            .flatten()
            .collect();
        assert_eq!(String::from_utf8_lossy(&printed), "one two\nthree \n");
    });
}

/// A builder that forgets its outputs.
struct Forgetful;

impl kiln_store::Builder for Forgetful {
    fn build(
        &self,
        _: &kiln_store::BuildRequest<'_>,
    ) -> Result<kiln_store::Built, kiln_store::BuildError> {
        Ok(kiln_store::Built { outputs: BTreeMap::new(), uid: 0 })
    }
}

#[test]
fn a_builder_that_forgets_an_output_is_found_out() {
    on_each(|store, bench| {
        let mut plan = Plan::default();
        plan.build("top", &[], "write {out}/a a");
        bench.with_request(&plan, &["top"], &[], |request| {
            let request = kiln_store::RealiseRequest { builder: &Forgetful, ..*request };
            let error = kiln_store::realise(store, &request).unwrap_err();
            assert!(error.to_string().contains("the output `out` was not made"), "{error}");
        });
    });
}

#[test]
fn counts_add_up() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("store")).unwrap();
    let bench = Bench::new(&temp.path().join("builds"));
    let plan = three("write {out}/lib.a code");
    let counts = |wanted: &[&str]| {
        bench.with_request(&plan, wanted, &[], |request| {
            kiln_store::realise(&store, request).unwrap().counts
        })
    };
    let first = counts(&["app"]);
    assert_eq!((first.built, first.reused, first.open, first.failed), (2, 0, 0, 0));
    let second = counts(&["env"]);
    assert_eq!((second.built, second.reused, second.open), (1, 1, 0));
    let third = counts(&["env", "lib"]);
    assert_eq!((third.built, third.reused, third.open), (0, 2, 0));
}
