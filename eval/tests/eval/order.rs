//! Equal inputs give equal results, whatever the order in which things happen.

#[path = "../../../lang/fuzz/reversed.rs"]
mod reversed;

use std::collections::BTreeMap;
use std::sync::Arc;

use kiln_eval::{Packages, derive, setup, solve};
use kiln_lang::{Database, MemoryWorld, TreeEntry, World, WorldError};

use reversed::Reversed;

use crate::common::{Fixture, show_derivations, show_diagnostics, show_edges, show_options};

/// Twelve packages that need each other in many ways.
fn many() -> Fixture {
    let mut text = String::new();
    for number in 0..12 {
        let hosts: String = (number + 1..12)
            .filter(|it| (it * number) % 3 == 1 || it - number == 1)
            .map(|it| format!("host p{it}[x] when a\n"))
            .collect();
        text.push_str(&format!(
            "//- /r/p{number}.kiln
recipe p{number}
version = 1.{number}
include unix
feature a = on
feature x = off
knob n: Int(1..=100) = {number} + 1
{hosts}step build = sh\"\"\"\\(n) \\(deps.link.map((it) -> it.lib).join(\":\"))\"\"\"
"
        ));
    }
    Fixture::new(&text, &["p0", "p3[n = 7]"])
}

#[test]
fn another_order_of_files_changes_nothing() {
    let fixture = many();
    let mut world = MemoryWorld::new();
    for (path, text) in &fixture.files {
        world.insert(path.clone(), text);
    }
    let reversed = fixture.run_in(Arc::new(Reversed(world)));
    let plain = fixture.run();
    assert_eq!(show_options(&plain), show_options(&reversed));
    assert_eq!(show_edges(&plain), show_edges(&reversed));
    assert_eq!(show_derivations(&plain), show_derivations(&reversed));
    assert_eq!(plain.result.unwrap().ids(), reversed.result.unwrap().ids());
}

#[test]
fn files_that_were_looked_at_before_change_nothing() {
    let fixture = many();
    let plain = fixture.run();
    let db = Database::new(fixture.world(), vec!["/r".to_owned()]);
    let mut paths: Vec<String> = db.root_paths().map(str::to_owned).collect();
    paths.reverse();
    for path in paths {
        let _ = db.checked(db.file(&path));
    }
    let packages = Packages::new(&db);
    let (setup, _) = setup(&db, &fixture.request(&db)).unwrap();
    let (solution, _) = solve(&packages, &setup, fixture.threads).unwrap();
    let (derived, _) = derive(&db, &setup, &solution, fixture.threads).unwrap();
    let ids: Vec<_> = solution.roots.iter().map(|it| derived.nodes[&it.node].derivation).collect();
    let done = plain.result.unwrap();
    let plain: Vec<_> =
        done.solution.roots.iter().map(|it| done.derived.nodes[&it.node].derivation).collect();
    assert_eq!(ids, plain);
}

#[test]
fn the_order_of_wishes_changes_no_id() {
    let mut other = many();
    let ids = other.ids();
    other.wishes.reverse();
    assert_eq!(other.ids(), ids);
}

#[test]
fn many_threads_at_once_agree() {
    let fixture = many();
    let expected = fixture.ids();
    let shared = Database::new(fixture.world(), vec!["/r".to_owned()]);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let packages = Packages::new(&shared);
                    let (setup, _) = setup(&shared, &fixture.request(&shared)).unwrap();
                    let (solution, _) = solve(&packages, &setup, fixture.threads).unwrap();
                    let (derived, _) = derive(&shared, &setup, &solution, fixture.threads).unwrap();
                    let ids: BTreeMap<String, _> = solution
                        .roots
                        .iter()
                        .map(|it| {
                            let name = solution.node(it.node).package.name.to_string();
                            (name, derived.nodes[&it.node].derivation)
                        })
                        .collect();
                    ids
                })
            })
            .collect();
        for worker in workers {
            assert_eq!(worker.join().unwrap(), expected);
        }
    });
}

#[test]
fn another_number_of_threads_changes_nothing() {
    let mut fixture = many();
    let expected = fixture.run();
    for threads in [2, 3, 16] {
        fixture.threads = threads.try_into().unwrap();
        for _ in 0..8 {
            let found = fixture.run();
            assert_eq!(show_options(&found), show_options(&expected));
            assert_eq!(show_derivations(&found), show_derivations(&expected));
        }
    }
}

#[test]
fn mistakes_are_told_in_the_same_order_every_time() {
    let mut fixture = many()
        .edit("/r/p1.kiln", "feature a = on", "feature a = onn\nknob q: Int = \"x\"")
        .edit("/r/p5.kiln", "feature a = on", "feature a = no")
        .edit("/r/p11.kiln", "version = 1.11", "version = 1.11\nhost nowhere");
    let first = fixture.mistakes();
    assert!(first.contains("nowhere"), "{first}");
    for threads in [1, 2, 16] {
        fixture.threads = threads.try_into().unwrap();
        for _ in 0..4 {
            assert_eq!(fixture.mistakes(), first);
        }
    }
    // Whoever looked at the files before.
    let db = Database::new(fixture.world(), vec!["/r".to_owned()]);
    let mut paths: Vec<String> = db.root_paths().map(str::to_owned).collect();
    paths.reverse();
    std::thread::scope(|scope| {
        for half in paths.chunks(4) {
            let db = &db;
            scope.spawn(move || {
                for path in half {
                    let _ = db.checked(db.file(path));
                }
            });
        }
    });
    let packages = Packages::new(&db);
    let result =
        setup(&db, &fixture.request(&db)).and_then(|it| solve(&packages, &it.0, fixture.threads));
    let diagnostics = result.err().unwrap();
    assert_eq!(show_diagnostics(&db, &diagnostics), first);
}

#[test]
fn neither_home_nor_time_zone_nor_place_are_seen() {
    // Evaluation has no way to ask: whatever it wants to know goes through `World`. Here is the
    // whole of what it asked, and none of it is about the machine.
    struct Listening(MemoryWorld, std::sync::Mutex<Vec<String>>);
    impl World for Listening {
        fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError> {
            self.1.lock().unwrap().push(path.to_owned());
            self.0.read(path)
        }
        fn list(&self, dir: &str) -> Result<Vec<String>, WorldError> {
            self.1.lock().unwrap().push(dir.to_owned());
            self.0.list(dir)
        }
        fn tree(&self, path: &str) -> Result<Vec<TreeEntry>, WorldError> {
            self.1.lock().unwrap().push(path.to_owned());
            self.0.tree(path)
        }
    }
    let fixture = many();
    let mut world = MemoryWorld::new();
    for (path, text) in &fixture.files {
        world.insert(path.clone(), text);
    }
    let listening = Arc::new(Listening(world, std::sync::Mutex::default()));
    let outcome = fixture.run_in(listening.clone());
    assert!(outcome.result.is_ok());
    let asked = listening.1.lock().unwrap();
    assert!(asked.iter().all(|it| it.starts_with("/r")), "{asked:?}");
}
