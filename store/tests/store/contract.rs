//! The contract of `Store`, for every implementation.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;

use crate::common::*;
use expect_test::{Expect, expect};
use kiln_store::{
    ActionId, Attempted, Cancel, Claim, LocalStore, MemoryStore, ObjectId, Origin, PlaceError,
    PlaceTree, Realisation, Registration, StepName, Store, StoreError, TreeFrom, Verdict,
};

/// A store whose attempts can be looked at, which is no part of the contract.
trait Tested: Store {
    fn last_attempt(&self, action: &ActionId) -> Option<Attempted>;

    fn last_log(&self, action: &ActionId) -> Option<Vec<u8>>;
}

impl Tested for LocalStore {
    fn last_attempt(&self, action: &ActionId) -> Option<Attempted> {
        self.attempt(action).unwrap()
    }

    fn last_log(&self, action: &ActionId) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_log(action).unwrap()?.read_to_end(&mut bytes).unwrap();
        Some(bytes)
    }
}

impl Tested for MemoryStore {
    fn last_attempt(&self, action: &ActionId) -> Option<Attempted> {
        self.attempt(action)
    }

    fn last_log(&self, action: &ActionId) -> Option<Vec<u8>> {
        self.read_log(action).unwrap()
    }
}

/// Runs a test on each kind of store.
fn on_each(test: impl Fn(&dyn Tested)) {
    let temp = Temp::new();
    for kind in ["local", "memory"] {
        let folder = temp.path().join(kind);
        fs::create_dir(&folder).unwrap();
        println!("on the {kind} store");
        match kind {
            "local" => test(&LocalStore::open(&folder).unwrap()),
            _ => test(&MemoryStore::new(&folder).unwrap()),
        }
    }
}

/// Checks what the error of placing outputs says.
fn check_refused(outputs: &[(&str, &str)], expected: Expect) {
    on_each(|store| {
        let session = store.session().unwrap();
        let error = place(&*session, "hello", outputs, &[]).unwrap_err();
        expected.assert_eq(&format!("{error}\n"));
    });
}

#[test]
fn what_was_built_lies_at_its_path_with_its_references_filled_in() {
    on_each(|store| {
        let session = store.session().unwrap();
        let lib = add(&*session, 1, "lib", &[("out", "lib.a = code")], &[]);
        let lib_path = store.object(&lib).unwrap().unwrap().path(&lib).absolute();
        let text = format!(
            "bin/run * #!{lib_path}/sh\\n@out@/share\nbin/link -> @out@/bin/run\nempty/\nshare/a = {lib_path}"
        );
        let app = add(&*session, 2, "app", &[("out", &text)], &[lib]);
        let object = store.object(&app).unwrap().unwrap();
        let own = object.path(&app).absolute();
        assert_eq!(
            show_tree(&host_path(store, &app)),
            format!(
                "bin/link -> {own}/bin/run\nbin/run * #!{lib_path}/sh\\n{own}/share\nempty/\nshare/a = {lib_path}\n"
            )
        );
        assert_eq!(object.refs, [lib]);
        assert_eq!(store.refs(&app).unwrap().unwrap().refs, [lib]);
    });
}

#[test]
fn modes_and_times_are_those_of_the_store() {
    on_each(|store| {
        let session = store.session().unwrap();
        let id = add(&*session, 1, "app", &[("out", "bin/run * x\nshare/a = a\nlink -> a")], &[]);
        let root = host_path(store, &id);
        let stat = |path: &str| {
            let stat = fs::symlink_metadata(root.join(path)).unwrap();
            format!("{:o} {}", stat.permissions().mode() & 0o7777, stat.mtime())
        };
        assert_eq!(stat(""), "555 1");
        assert_eq!(stat("bin"), "555 1");
        assert_eq!(stat("bin/run"), "555 1");
        assert_eq!(stat("share/a"), "444 1");
        assert_eq!(fs::symlink_metadata(root.join("link")).unwrap().mtime(), 1);
    });
}

#[test]
fn the_same_files_are_the_same_object_wherever_they_were_made() {
    on_each(|store| {
        let session = store.session().unwrap();
        let text = "bin/run * x\nlink -> @out@/bin";
        let first = add(&*session, 1, "app", &[("out", text)], &[]);
        let second = add(&*session, 2, "app", &[("out", text)], &[]);
        assert_eq!(first, second);
        let other = add(&*session, 3, "other", &[("out", text)], &[]);
        assert_ne!(first, other);
    });
}

#[test]
fn outputs_may_refer_to_each_other_but_not_in_a_circle() {
    on_each(|store| {
        let session = store.session().unwrap();
        let outputs = [("dev", "x.pc = @out@/lib"), ("out", "lib = x")];
        let placed = place(&*session, "lib", &outputs, &[]).unwrap();
        assert_eq!(placed[&output("dev")].object.refs, [placed[&output("out")].id]);
        assert_eq!(placed[&output("dev")].object.name, name("lib-dev"));
        assert!(placed[&output("out")].object.refs.is_empty());
    });
    check_refused(
        &[("dev", "lib/x.pc = at @out@"), ("out", "a = a\nlib/so = and @dev@")],
        expect![[r#"
            the outputs refer to each other in a circle: `dev/lib/x.pc` names `out` at byte 15, `out/lib/so` names `dev` at byte 16
        "#]],
    );
}

#[test]
fn what_cannot_be_an_object_is_refused_with_its_place() {
    check_refused(
        &[("out", "")],
        expect![[r#"
            the output `out` was not made: nothing is at /kiln/store/scra7ch0i9rf2d9ikmmhjns6diyr5r7n-hello
        "#]],
    );
    check_refused(
        &[("out", "a/b = see /kiln/store/scra7ch0aaaaaaaaaaaaaaaaaaaaaaaa-other/x")],
        expect![[r#"
            `out/a/b` holds `scra7ch0aaaaaaaaaaaaaaaaaaaaaaaa` at byte 16: the scratch path of another build, which is gone; what the path came from was made inside a build and must be made again or patched
        "#]],
    );
    check_refused(
        &[("out", "a -> /kiln/store/scra7ch0aaaaaaaaaaaaaaaaaaaaaaaa-other/x")],
        expect![[r#"
            `out/a` holds `scra7ch0aaaaaaaaaaaaaaaaaaaaaaaa` at byte 12: the scratch path of another build, which is gone; what the path came from was made inside a build and must be made again or patched
        "#]],
    );
}

#[test]
fn what_is_not_registered_is_not_valid() {
    on_each(|store| {
        let session = store.session().unwrap();
        let placed = place(&*session, "app", &[("out", "a = a")], &[]).unwrap();
        let id = placed[&output("out")].id;
        assert!(store.object(&id).unwrap().is_none());
        assert_eq!(session.hold(&[id]).unwrap(), [false]);
        let path = store.host_path(&placed[&output("out")].object.path(&id));
        assert_eq!(show_tree(&path), "a = a\n");
        register(&*session, registration(1, &placed)).unwrap();
        assert!(store.object(&id).unwrap().is_some());
        assert_eq!(session.hold(&[id]).unwrap(), [true]);
    });
}

#[test]
fn an_object_is_refused_while_what_it_refers_to_is_not_valid() {
    on_each(|store| {
        let session = store.session().unwrap();
        let lib = place(&*session, "lib", &[("out", "a = a")], &[]).unwrap();
        let lib = &lib[&output("out")];
        let text = format!("a = {}", lib.object.path(&lib.id));
        let app = place(&*session, "app", &[("out", &text)], &[lib.id]).unwrap();
        let error = register(&*session, registration(1, &app)).unwrap_err();
        assert!(matches!(&*error, StoreError::MissingRef { missing, .. } if *missing == lib.id));
        assert_eq!(store.realisations(&[action(1)]).unwrap(), [None]);
        // What comes after it in the queue is not held up.
        let objects = vec![lib.clone(), app[&output("out")].clone()];
        register(&*session, Registration { objects, ..registration(1, &app) }).unwrap();
        assert!(store.object(&app[&output("out")].id).unwrap().is_some());
    });
}

#[test]
fn the_first_realisation_stays_until_one_replaces_it() {
    on_each(|store| {
        let session = store.session().unwrap();
        let first = add(&*session, 1, "app", &[("out", "a = 1")], &[]);
        let second = place(&*session, "app", &[("out", "a = 2")], &[]).unwrap();
        register(&*session, registration(1, &second)).unwrap();
        let pinned = |store: &dyn Store| {
            store.realisations(&[action(1)]).unwrap()[0].clone().unwrap().outputs[&output("out")]
        };
        assert_eq!(pinned(store), first);
        let memos = store.memos(&[derivation(9)]).unwrap();
        store.remember(&[(derivation(9), action(1))], memos.epoch).unwrap();
        assert_eq!(store.memos(&[derivation(9)]).unwrap().actions, [Some(action(1))]);

        let replaces = Registration { replaces: true, ..registration(1, &second) };
        register(&*session, replaces).unwrap();
        assert_eq!(pinned(store), second[&output("out")].id);
        // What was resolved by the replaced one may be wrong now.
        assert_eq!(store.memos(&[derivation(9)]).unwrap().actions, [None]);
        store.remember(&[(derivation(9), action(1))], memos.epoch).unwrap();
        assert_eq!(store.memos(&[derivation(9)]).unwrap().actions, [None]);
    });
}

#[test]
fn a_realisation_may_be_known_without_its_objects() {
    on_each(|store| {
        let session = store.session().unwrap();
        let object = ObjectId([7; 32]);
        let realisation =
            Realisation { action: action(1), outputs: [(output("out"), object)].into() };
        let origin = Origin::Substituted { from: "there".to_owned() };
        let registration = Registration {
            realisation: Some((realisation.clone(), origin)),
            ..Registration::default()
        };
        register(&*session, registration).unwrap();
        assert_eq!(store.realisations(&[action(1)]).unwrap(), [Some(realisation)]);
        assert!(store.object(&object).unwrap().is_none());
    });
}

#[test]
fn one_session_at_a_time_works_on_an_action() {
    on_each(|store| {
        let first = store.session().unwrap();
        let second = store.session().unwrap();
        let claim = first.claim(&action(1)).unwrap();
        assert!(matches!(claim, Claim::Mine(_)));
        let own = std::process::id();
        match second.claim(&action(1)).unwrap() {
            Claim::Theirs { pid } => assert_eq!(pid, Some(own)),
            Claim::Mine(_) => panic!("two sessions have claimed one action"),
        }
        assert!(matches!(second.claim(&action(2)).unwrap(), Claim::Mine(_)));
        drop(claim);
        assert!(matches!(second.claim(&action(1)).unwrap(), Claim::Mine(_)));
    });
}

#[test]
fn an_import_is_what_its_id_says_or_is_refused() {
    on_each(|store| {
        let session = store.session().unwrap();
        let temp = Temp::new();
        make_tree(&temp.path().join("src"), "a.c = int\nrun * sh\nto -> a.c\nnone/");
        let cancel = Cancel::new().unwrap();
        let place = |from, expected| {
            let name = &name("src");
            session.place_tree(PlaceTree { name, from, expected, cancel: &cancel })
        };
        let path = temp.path().join("src");
        let placed = place(TreeFrom::Path(&path), None).unwrap();
        let objects = vec![placed.clone()];
        register(&*session, Registration { objects, ..Registration::default() }).unwrap();
        assert_eq!(
            show_tree(&host_path(store, &placed.id)),
            "a.c = int\nnone/\nrun * sh\nto -> a.c\n"
        );
        assert!(place(TreeFrom::Path(&path), Some(placed.id)).is_ok());
        fs::write(path.join("a.c"), "long").unwrap();
        let error = place(TreeFrom::Path(&path), Some(placed.id)).unwrap_err();
        assert!(matches!(error, PlaceError::Unexpected { expected, .. } if expected == placed.id));
        for executable in [false, true] {
            let expected = ObjectId::of_file(&name("src"), b"text", executable);
            let from = TreeFrom::File { bytes: b"text", executable };
            assert_eq!(place(from, Some(expected)).unwrap().id, expected);
        }
    });
}

#[test]
fn a_staged_tree_becomes_the_object_itself() {
    on_each(|store| {
        let session = store.session().unwrap();
        let stage = session.stage().unwrap();
        make_tree(&stage, "src/a.c = see scra7ch0aaaaaaaaaaaaaaaaaaaaaaaa-x\nrun * sh\nto -> run");
        let placed = session
            .place_tree(PlaceTree {
                name: &name("src"),
                from: TreeFrom::Stage(&stage),
                expected: None,
                cancel: &Cancel::new().unwrap(),
            })
            .unwrap();
        assert!(!stage.exists());
        let objects = vec![placed.clone()];
        register(&*session, Registration { objects, ..Registration::default() }).unwrap();
        let root = host_path(store, &placed.id);
        assert_eq!(
            show_tree(&root),
            "run * sh\nsrc/a.c = see scra7ch0aaaaaaaaaaaaaaaaaaaaaaaa-x\nto -> run\n"
        );
        assert_eq!(fs::metadata(root.join("src")).unwrap().mode() & 0o7777, 0o555);
        assert_eq!(fs::metadata(root.join("src/a.c")).unwrap().mtime(), 1);
    });
}

#[test]
fn placing_what_is_there_already_changes_nothing() {
    on_each(|store| {
        let session = store.session().unwrap();
        let id = add(&*session, 1, "app", &[("out", "a = a")], &[]);
        let inode = fs::metadata(host_path(store, &id)).unwrap().ino();
        let again = place(&*session, "app", &[("out", "a = a")], &[]).unwrap();
        assert!(again[&output("out")].was_valid);
        register(&*session, registration(2, &again)).unwrap();
        assert_eq!(fs::metadata(host_path(store, &id)).unwrap().ino(), inode);
        drop(session);
        assert_eq!(show_tree(&host_path(store, &id)), "a = a\n");
    });
}

#[test]
fn a_cancelled_placing_places_nothing() {
    on_each(|store| {
        let session = store.session().unwrap();
        let temp = Temp::new();
        make_tree(&temp.path().join("src"), "a = a");
        let cancel = Cancel::new().unwrap();
        cancel.set();
        let error = session
            .place_tree(PlaceTree {
                name: &name("src"),
                from: TreeFrom::Path(&temp.path().join("src")),
                expected: None,
                cancel: &cancel,
            })
            .unwrap_err();
        assert_eq!(error.to_string(), "stopped");
    });
}

#[test]
fn the_log_and_the_end_of_the_last_attempt_are_kept() {
    on_each(|store| {
        let session = store.session().unwrap();
        let print = |text: &str| {
            let mut log = session.log(&action(1)).unwrap();
            log.write_all(text.as_bytes()).unwrap();
            log.finish().unwrap()
        };
        let attempt = |started_s, verdict| {
            let attempt = Attempted {
                action: action(1),
                derivation: derivation(1),
                title: "hello 1".to_owned(),
                started_s,
                duration_ms: 6,
                verdict,
            };
            let attempt = Some(attempt);
            let registration = Registration { attempt: attempt.clone(), ..Registration::default() };
            register(&*session, registration).unwrap();
            attempt
        };
        assert_eq!(store.last_attempt(&action(1)), None);
        assert_eq!(store.last_log(&action(1)), None);

        let path = print("one\n\x1b[31mtwo").unwrap();
        assert!(path.exists());
        let step = StepName::new("make").unwrap();
        let verdict = Verdict::StepFailed { step, status: "exit code 1".to_owned() };
        let first = attempt(5, verdict);
        assert_eq!(store.last_attempt(&action(1)), first);
        assert_eq!(store.last_log(&action(1)).unwrap(), b"one\n\x1b[31mtwo");

        print("three");
        let second = attempt(7, Verdict::Failed { reason: "no".to_owned() });
        assert_eq!(store.last_attempt(&action(1)), second);
        assert_eq!(store.last_log(&action(1)).unwrap(), b"three");

        // What prints nothing leaves no log, and not that of another attempt either.
        assert_eq!(print(""), None);
        let third = attempt(9, Verdict::Done);
        assert_eq!(store.last_attempt(&action(1)), third);
        assert_eq!(store.last_log(&action(1)), None);
        assert_eq!(store.last_attempt(&action(2)), None);
    });
}

#[test]
fn registrations_are_done_in_their_order() {
    on_each(|store| {
        let session = store.session().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        for number in 0..50 {
            let text = format!("a = {number}");
            let placed = place(&*session, "app", &[("out", &text)], &[]).unwrap();
            let sender = sender.clone();
            let done = move |it: Result<(), Arc<StoreError>>| {
                it.unwrap();
                sender.send(number).unwrap();
            };
            session.register(registration(number, &placed), Box::new(done));
        }
        let order: Vec<u8> = (0..50).map(|_| receiver.recv().unwrap()).collect();
        assert!(order.is_sorted());
    });
}
