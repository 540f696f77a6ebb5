//! Links from outside that keep objects: what they are, when they are released, and what they never
//! replace.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::*;
use crate::local::Fixture;
use kiln_store::{
    AtLink, GcOptions, GcReport, Holder, LinkError, LocalStore, ObjectId, ReleasedLink, Store,
};

fn gc(store: &LocalStore) -> GcReport {
    let options = GcOptions { grace_s: 0, ..GcOptions::default() };
    store.gc(&options, &|| true).unwrap()
}

fn is_valid(store: &LocalStore, id: &ObjectId) -> bool {
    store.object(id).unwrap().is_some()
}

/// A folder beside the store, as the kernel names it.
fn beside(temp: &Temp) -> PathBuf {
    fs::canonicalize(temp.path()).unwrap()
}

fn released(link: &Path, found: AtLink) -> Vec<ReleasedLink> {
    vec![ReleasedLink { link: link.to_owned(), found }]
}

#[test]
fn a_link_keeps_what_it_names_until_it_is_gone() {
    let (fixture, temp) = (Fixture::new(), Temp::new());
    let (store, lib, app) = fixture.with_two();
    let link = beside(&temp).join("result");
    store.link(&link, &app).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), host_path(&store, &app));
    let report = gc(&store);
    assert_eq!((report.collected, report.kept), (vec![], 2));
    assert_eq!(report.links.iter().map(|it| &*it.link).collect::<Vec<_>>(), [&*link]);
    let why = store.why_alive(&lib, 0).unwrap();
    assert!(
        matches!(&why[..], [it] if matches!(&it.holder, Holder::Root(root) if root.link() == Some(&*link)))
    );
    // The same once more writes nothing.
    let records = fixture.only_segment().metadata().unwrap().len();
    store.link(&link, &app).unwrap();
    assert_eq!(fixture.only_segment().metadata().unwrap().len(), records);

    fs::remove_file(&link).unwrap();
    let options = GcOptions { grace_s: 0, is_dry_run: true, ..GcOptions::default() };
    let dry = store.gc(&options, &|| true).unwrap();
    let report = gc(&store);
    assert_eq!(report.released, released(&link, AtLink::Nothing));
    assert_eq!((report.released, report.collected.len()), (dry.released, dry.collected.len()));
    assert!(!is_valid(&store, &lib) && !is_valid(&store, &app));
    assert_eq!(store.roots().unwrap(), []);
    assert!(matches!(store.link(&link, &app), Err(LinkError::NoObject { .. })));
    assert!(!link.is_symlink());
}

#[test]
fn a_link_that_another_one_replaces_keeps_what_it_names_now() {
    let (fixture, temp) = (Fixture::new(), Temp::new());
    let (store, lib, app) = fixture.with_two();
    let link = beside(&temp).join("result");
    store.link(&link, &app).unwrap();
    store.link(&link, &lib).unwrap();
    assert_eq!(gc(&store).collected.iter().map(|it| it.id).collect::<Vec<_>>(), [app]);
    assert!(is_valid(&store, &lib));
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
}

#[test]
fn a_link_that_its_user_lets_point_to_another_object_keeps_that() {
    let (fixture, temp) = (Fixture::new(), Temp::new());
    let (store, lib, app) = fixture.with_two();
    let link = beside(&temp).join("result");
    store.link(&link, &app).unwrap();
    fs::remove_file(&link).unwrap();
    // Where the store lies for others need not be where it lies for this process.
    let name = host_path(&store, &lib).file_name().unwrap().to_owned();
    symlink(Path::new("/elsewhere/store").join(name), &link).unwrap();
    assert_eq!(gc(&store).collected.iter().map(|it| it.id).collect::<Vec<_>>(), [app]);
    assert!(is_valid(&store, &lib));
}

#[test]
fn what_is_no_link_to_an_object_any_more_keeps_nothing() {
    let check = |change: &dyn Fn(&Path), found: AtLink| {
        let (fixture, temp) = (Fixture::new(), Temp::new());
        let (store, _, app) = fixture.with_two();
        let folder = beside(&temp).join("folder");
        fs::create_dir(&folder).unwrap();
        let link = folder.join("result");
        store.link(&link, &app).unwrap();
        fs::remove_file(&link).unwrap();
        change(&link);
        let report = gc(&store);
        assert_eq!(report.released, released(&link, found));
        assert_eq!((report.collected.len(), report.links.len()), (2, 0));
    };
    check(&|link| fs::write(link, "mine").unwrap(), AtLink::NoLink);
    check(&|link| fs::create_dir(link).unwrap(), AtLink::NoLink);
    check(&|link| fs::remove_dir(link.parent().unwrap()).unwrap(), AtLink::Nothing);
    let elsewhere = |target: &str| AtLink::Elsewhere { target: target.into() };
    check(&|link| symlink("/usr", link).unwrap(), elsewhere("/usr"));
    let unknown = "/kiln/store/00000000000000000000000000000000-app";
    check(&|link| symlink(unknown, link).unwrap(), elsewhere(unknown));
    let file_for_folder = |link: &Path| {
        fs::remove_dir(link.parent().unwrap()).unwrap();
        fs::write(link.parent().unwrap(), "mine").unwrap();
    };
    check(&file_for_folder, AtLink::Nothing);
}

#[test]
fn a_link_that_cannot_be_looked_at_keeps_what_it_was_made_for() {
    let (fixture, temp) = (Fixture::new(), Temp::new());
    let (store, _, app) = fixture.with_two();
    let folder = beside(&temp).join("folder");
    fs::create_dir(&folder).unwrap();
    store.link(&folder.join("result"), &app).unwrap();
    fs::rename(&folder, temp.path().join("moved")).unwrap();
    symlink("folder", &folder).unwrap();
    let report = gc(&store);
    assert_eq!((report.collected, report.released), (vec![], vec![]));
    assert!(is_valid(&store, &app));
}

#[test]
fn what_is_not_a_link_into_the_store_is_never_replaced() {
    let (fixture, temp, other) = (Fixture::new(), Temp::new(), Fixture::new());
    let (store, lib, app) = fixture.with_two();
    let (other, _, other_app) = other.with_two();
    let folder = beside(&temp);
    let link = |name: &str| folder.join(name);
    fs::write(link("file"), "mine").unwrap();
    fs::create_dir(link("folder")).unwrap();
    symlink("nowhere", link("dangling")).unwrap();
    symlink(host_path(&store, &lib).join("bin"), link("below")).unwrap();
    symlink(host_path(&store, &lib).parent().unwrap(), link("store")).unwrap();
    other.link(&link("other"), &other_app).unwrap();
    let before = show_tree(&folder);
    for name in ["file", "folder", "dangling", "below", "store", "other", "folder/.."] {
        let is_occupied = |it| matches!(it, Err(LinkError::Occupied { .. }));
        assert!(is_occupied(store.check_link(&link(name))), "{name}");
        assert!(is_occupied(store.link(&link(name), &app)), "{name}");
    }
    for name in ["file/link", "nowhere/link"] {
        assert!(matches!(store.link(&link(name), &app), Err(LinkError::System(_))), "{name}");
    }
    let inside = fixture.root().join("store/result");
    assert!(matches!(store.link(&inside, &app), Err(LinkError::InStore { .. })));
    let inside = link("store").join("result");
    assert!(matches!(store.link(&inside, &app), Err(LinkError::InStore { .. })));
    let no_text = folder.join(OsStr::from_bytes(b"\xff"));
    assert!(matches!(store.link(&no_text, &app), Err(LinkError::NotText { .. })));
    assert_eq!(show_tree(&folder), before);
    assert_eq!(store.roots().unwrap(), []);
    // A link into the store may be the user's own.
    symlink(host_path(&store, &lib), link("own")).unwrap();
    store.link(&link("own"), &app).unwrap();
    assert_eq!(fs::read_link(link("own")).unwrap(), host_path(&store, &app));
}

/// Says that a test is over, however that comes about.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_collection_finds_a_link_with_its_record_or_neither() {
    let (fixture, temp) = (Fixture::new(), Temp::new());
    let (store, lib, app) = fixture.with_two();
    let folder = beside(&temp);
    let is_over = AtomicBool::new(false);
    let state = || {
        let roots = store.roots().unwrap().into_iter().map(|it| it.link().unwrap().to_owned());
        let links = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path());
        (roots.collect::<BTreeSet<_>>(), links.collect::<BTreeSet<_>>())
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let store = fixture.open();
            for number in 0_u32.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                // Each path is new once, and replaced once.
                let link = folder.join(format!("link-{}", number / 2));
                store.link(&link, if number % 2 == 0 { &lib } else { &app }).unwrap();
            }
        });
        let _end = AtEnd(&is_over);
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            // As a collection does: what is there while it decides stays as it is.
            let lock = fs::File::open(fixture.root().join("var/locks/store")).unwrap();
            lock.lock().unwrap();
            let (roots, links) = state();
            assert_eq!(roots, links);
            std::thread::sleep(Duration::from_millis(2));
            assert_eq!(state(), (roots, links.clone()));
            seen.extend(links);
        }
        assert!(seen.len() > 1);
    });
    let report = gc(&store);
    assert_eq!((report.collected, report.released), (vec![], vec![]));
}
