//! What only the local store does: verifying, collecting, finding, and refusing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use crate::common::*;
use expect_test::{Expect, expect};
use kiln_store::{
    ActionId, Attempted, DerivationId, GcError, GcOptions, GcReport, Holder, LocalStore, ObjectId,
    Registration, Session, Store, StoreError, Verdict,
};

/// A store in a folder that goes.
pub(crate) struct Fixture {
    temp: Temp,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Fixture { temp: Temp::new() }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.temp.path().join("store")
    }

    pub(crate) fn open(&self) -> LocalStore {
        LocalStore::open(&self.root()).unwrap()
    }

    /// Makes a store with a library and a program that uses it.
    pub(crate) fn with_two(&self) -> (LocalStore, ObjectId, ObjectId) {
        let store = self.open();
        let (lib, app) = {
            let session = store.session().unwrap();
            let lib = add(&*session, 1, "lib", &[("out", "lib.a = code\nbin/ar * ar")], &[]);
            let path = store.object(&lib).unwrap().unwrap().path(&lib).absolute();
            let text = format!("app * run {path}/lib.a of @out@\nlink -> {path}/bin/ar\nshare/");
            let app = add(&*session, 2, "app", &[("out", &text)], &[lib]);
            (lib, app)
        };
        (store, lib, app)
    }

    pub(crate) fn only_segment(&self) -> PathBuf {
        self.root().join("var/records/00000001.seg")
    }
}

fn gc_all(store: &LocalStore) -> GcReport {
    let options = GcOptions { grace_s: 0, ..GcOptions::default() };
    store.gc(&options, &|| true).unwrap()
}

/// Collects nothing but what is in the trash.
fn gc_young(store: &LocalStore) {
    store.gc(&GcOptions::default(), &|| true).unwrap();
}

fn make_writable(path: &Path) {
    let parent = path.parent().unwrap();
    for path in [parent, path] {
        if !path.is_symlink() && path.exists() {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

/// Checks what a verification finds after a change to the program's files; paths are shown without
/// digests.
fn check_verify(change: impl Fn(&Path), expected: Expect) {
    let fixture = Fixture::new();
    let (store, _, app) = fixture.with_two();
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
    let root = host_path(&store, &app);
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
    change(&root);
    // What the test itself changed in passing.
    if root.is_dir() {
        fs::set_permissions(&root, fs::Permissions::from_mode(0o555)).unwrap();
        restore_time(&root);
    }
    let report = store.verify(&|_| true).unwrap();
    assert!(!report.is_sound());
    let text: String = report
        .problems
        .iter()
        .map(|it| {
            let line = it.to_string();
            let start = line.find("-app").unwrap_or(0);
            format!("{}\n", &line[start..])
        })
        .collect();
    expected.assert_eq(&text);
}

fn restore_time(path: &Path) {
    let file = fs::File::open(path).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
    file.set_times(fs::FileTimes::new().set_modified(time)).unwrap();
}

fn restore_link_time(path: &Path) {
    use nix::sys::stat::{UtimensatFlags, utimensat};
    let time = nix::sys::time::TimeSpec::new(1, 0);
    utimensat(nix::fcntl::AT_FDCWD, path, &time, &time, UtimensatFlags::NoFollowSymlink).unwrap();
}

fn rewrite(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mode = fs::metadata(path).unwrap().permissions();
    make_writable(path);
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
    restore_time(path);
    fs::set_permissions(path, fs::Permissions::from_mode(mode.mode() & 0o555)).unwrap();
}

#[test]
fn a_verification_names_every_difference() {
    check_verify(
        |root| rewrite(&root.join("app"), |it| it[0] = b'R'),
        expect![[r#"
            -app/app holds other bytes
        "#]],
    );
    check_verify(
        |root| rewrite(&root.join("app"), |it| it[20] = b'.'),
        expect![[r#"
            -app/app has `s6c6.08ygbq843w19c8nb242767ms00d` at byte 16 instead of a reference
        "#]],
    );
    check_verify(
        |root| rewrite(&root.join("app"), |it| it.truncate(10)),
        expect![[r#"
            -app/app has 10 bytes instead of 110
        "#]],
    );
    check_verify(
        |root| fs::remove_file(root.join("app")).unwrap(),
        expect![[r#"
            -app/app is missing
        "#]],
    );
    check_verify(
        |root| {
            fs::remove_file(root.join("link")).unwrap();
            std::os::unix::fs::symlink("elsewhere", root.join("link")).unwrap();
            restore_link_time(&root.join("link"));
        },
        expect![[r#"
            -app/link points to `elsewhere` instead of `/kiln/store/s6c6w08ygbq843w19c8nb242767ms00d-lib/bin/ar`
        "#]],
    );
    check_verify(
        |root| {
            let path = root.join("app");
            fs::set_permissions(path, fs::Permissions::from_mode(0o4755)).unwrap();
        },
        expect![[r#"
            -app/app has mode 4755 instead of 0555
        "#]],
    );
    check_verify(
        |root| {
            fs::set_permissions(root.join("share"), fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(root.join("share/\x1b[31mextra"), "x").unwrap();
            fs::set_permissions(root.join("share"), fs::Permissions::from_mode(0o555)).unwrap();
            restore_time(&root.join("share"));
        },
        expect![[r#"
            -app/share/\u{1b}[31mextra does not belong to the object
        "#]],
    );
    check_verify(
        |root| fs::remove_dir_all(root).unwrap(),
        expect![[r#"
            -app is missing
        "#]],
    );
}

#[test]
fn what_nothing_keeps_is_collected_and_what_is_kept_stays() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    let other = add(&*store.session().unwrap(), 3, "other", &[("out", "a = a")], &[]);
    store.add_root("/home/user/app", &app, "in a test", None).unwrap();
    let options = GcOptions { grace_s: 0, is_dry_run: true, ..GcOptions::default() };
    let dry = store.gc(&options, &|| true).unwrap();
    assert_eq!(dry.collected.iter().map(|it| it.id).collect::<Vec<_>>(), [other]);
    assert!(store.object(&other).unwrap().is_some());

    let path = host_path(&store, &other);
    let report = gc_all(&store);
    assert_eq!((report.collected, report.kept), (dry.collected, 2));
    assert!(!path.exists());
    assert!(store.object(&other).unwrap().is_none());
    assert!(store.object(&lib).unwrap().is_some());
    // What the action gave stays known.
    assert!(store.realisations(&[action(3)]).unwrap()[0].is_some());
    assert!(store.verify(&|_| true).unwrap().problems.is_empty());

    store.remove_root("/home/user/app").unwrap();
    assert_eq!(gc_all(&store).collected.len(), 2);
    assert_eq!(fs::read_dir(fixture.root().join("store")).unwrap().count(), 0);
    assert!(matches!(store.remove_root("gone"), Err(GcError::NoRoot { .. })));
    assert!(matches!(store.add_root("a", &app, "", None), Err(GcError::NoObject { .. })));
    // It can be made again.
    let session = store.session().unwrap();
    let again = add(&*session, 3, "other", &[("out", "a = a")], &[]);
    assert_eq!(again, other);
}

#[test]
fn what_a_session_holds_is_not_collected() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    let other = fixture.open();
    let session = other.session().unwrap();
    assert_eq!(session.hold(&[app]).unwrap(), [true]);
    assert!(gc_all(&store).collected.is_empty());
    let why = store.why_alive(&lib, 0).unwrap();
    assert_eq!(why.len(), 1);
    assert_eq!(why[0].holder, Holder::Session { pid: std::process::id() });
    assert_eq!(why[0].chain.len(), 2);
    drop(session);
    assert_eq!(gc_all(&store).collected.len(), 2);
    let session = other.session().unwrap();
    assert_eq!(session.hold(&[app]).unwrap(), [false]);
}

#[test]
fn what_is_placed_and_not_registered_is_not_collected_under_a_session() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    let placed = place(&*session, "app", &[("out", "a = a")], &[]).unwrap();
    let placed = placed[&output("out")].clone();
    let other = fixture.open();
    let report = gc_all(&other);
    assert!(report.orphans.is_empty());
    let objects = vec![placed.clone()];
    register(&*session, Registration { objects, ..Registration::default() }).unwrap();
    assert!(store.object(&placed.id).unwrap().is_some());
}

#[test]
fn the_young_are_not_collected() {
    let fixture = Fixture::new();
    let (store, lib, _) = fixture.with_two();
    assert!(store.gc(&GcOptions::default(), &|| true).unwrap().collected.is_empty());
    let why = store.why_alive(&lib, 3600).unwrap();
    assert!(why.iter().all(|it| matches!(it.holder, Holder::Young { .. })));
}

#[test]
fn a_root_holds_until_its_time_is_over() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    store.add_root("past", &app, "", Some(1)).unwrap();
    store.add_root("future", &lib, "", Some(u64::MAX >> 1)).unwrap();
    let report = gc_all(&store);
    assert_eq!(report.expired, ["past"]);
    assert_eq!(report.collected.iter().map(|it| it.id).collect::<Vec<_>>(), [app]);
    let roots: Vec<String> = store.roots().unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(roots, ["future"]);
}

#[test]
fn a_collection_stops_when_enough_is_free() {
    let fixture = Fixture::new();
    let store = fixture.open();
    {
        let session = store.session().unwrap();
        for number in 0..5 {
            let text = format!("a = {}", "x".repeat(100 + usize::from(number)));
            add(&*session, number, "app", &[("out", &text)], &[]);
        }
    }
    let check = |free_bytes_min, is_dry_run, expected| {
        let options = GcOptions { grace_s: 0, free_bytes_min, is_dry_run, ..GcOptions::default() };
        let report = store.gc(&options, &|| true).unwrap();
        assert_eq!((report.collected.len(), report.kept), expected);
    };
    for is_dry_run in [true, false] {
        check(Some(1), is_dry_run, (0, 5));
    }
    for is_dry_run in [true, false] {
        check(Some(u64::MAX), is_dry_run, (5, 0));
    }
}

#[test]
fn roots_that_are_forgotten_keep_nothing_in_a_dry_run_either() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    store.add_root("realise app", &app, "", None).unwrap();
    store.add_root("mine", &lib, "", None).unwrap();
    let forget = |is_dry_run| {
        let roots_forgotten = Some("realise ".to_owned());
        let options = GcOptions { grace_s: 0, roots_forgotten, is_dry_run, ..GcOptions::default() };
        store.gc(&options, &|| true).unwrap()
    };
    let dry = forget(true);
    assert_eq!(store.roots().unwrap().len(), 2);
    assert_eq!(dry.collected.iter().map(|it| it.id).collect::<Vec<_>>(), [app]);
    assert_eq!(dry.expired, ["realise app"]);
    let report = forget(false);
    assert_eq!((report.collected, report.expired), (dry.collected, dry.expired));
    let names: Vec<String> = store.roots().unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["mine"]);
}

#[test]
fn leftovers_of_crashes_are_collected() {
    let fixture = Fixture::new();
    let (store, _, app) = fixture.with_two();
    store.add_root("app", &app, "", None).unwrap();
    let root = fixture.root();
    fs::create_dir(root.join("store/00000000000000000000000000000000-left")).unwrap();
    fs::write(root.join("store/junk\x07"), "x").unwrap();
    fs::create_dir_all(root.join("var/stage/1-1-1/d0/tree")).unwrap();
    fs::write(root.join("var/leases/1-1-1"), "").unwrap();
    fs::write(root.join(format!("var/locks/{}", action(9))), "1\n").unwrap();
    assert!(store.verify(&|_| true).unwrap().is_sound());
    let report = gc_all(&store);
    assert_eq!(report.orphans, ["00000000000000000000000000000000-left", "junk\\u{7}"]);
    assert!(store.verify(&|_| true).unwrap().problems.is_empty());
    for (folder, count) in [("store", 2), ("var/stage", 0), ("var/leases", 0), ("var/locks", 2)] {
        assert_eq!(fs::read_dir(root.join(folder)).unwrap().count(), count, "{folder}");
    }
}

#[test]
fn a_panic_in_the_thread_that_registers_keeps_nobody_waiting() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    let (sender, receiver) = mpsc::channel();
    session.register(
        Registration::default(),
        Box::new(move |_| {
            // What comes now waits behind this one.
            receiver.recv().unwrap();
            panic!("a panic that a test wants");
        }),
    );
    let (told, answers) = mpsc::channel();
    let ask = || {
        let told = told.clone();
        session.register(Registration::default(), Box::new(move |it| told.send(it).unwrap()));
    };
    ask();
    sender.send(()).unwrap();
    let check = || {
        let answer = answers.recv_timeout(Duration::from_secs(60)).unwrap();
        let is_closing = answer.is_err_and(|it| matches!(&*it, StoreError::Closing));
        assert!(is_closing);
    };
    check();
    ask();
    check();
    // It waits for all that it registered.
    drop(session);
}

#[test]
fn damaged_objects_are_discarded_with_their_users() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    store.add_root("app", &app, "", None).unwrap();
    rewrite(&host_path(&store, &lib).join("lib.a"), |it| it[0] ^= 1);
    let damaged = store.verify(&|_| true).unwrap().damaged();
    assert_eq!(damaged, BTreeSet::from([lib]));
    {
        let session = store.session().unwrap();
        session.hold(&[app]).unwrap();
        assert!(matches!(store.discard(&damaged), Err(GcError::InUse { .. })));
    }
    let gone: Vec<ObjectId> = store.discard(&damaged).unwrap().iter().map(|it| it.id).collect();
    assert_eq!(gone, [app, lib]);
    assert!(store.verify(&|_| true).unwrap().problems.is_empty());
}

/// The variable that tells a second run of this program which store to verify with few descriptors.
const FEW_DESCRIPTORS_ROOT: &str = "KILN_TEST_FEW_DESCRIPTORS_ROOT";

#[test]
fn what_cannot_be_read_is_told_and_is_no_damage() {
    if let Some(root) = std::env::var_os(FEW_DESCRIPTORS_ROOT) {
        let store = LocalStore::open(Path::new(&root)).unwrap();
        let ids: BTreeSet<ObjectId> = store.ls().unwrap().iter().map(|it| it.id).collect();
        let report = store.verify(&|_| true).unwrap();
        for problem in &report.problems {
            assert!(problem.to_string().contains("/d cannot be read: "), "{problem}");
        }
        assert!(!report.is_sound());
        assert_eq!((report.damaged(), report.unread()), (BTreeSet::new(), ids));
        return;
    }
    let fixture = Fixture::new();
    let deep = format!("{}file = text", "d/".repeat(60));
    add(&*fixture.open().session().unwrap(), 1, "deep", &[("out", &deep)], &[]);
    let status = std::process::Command::new("/bin/sh")
        .args(["-c", "ulimit -n 48 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "local::what_cannot_be_read_is_told_and_is_no_damage"])
        .env(FEW_DESCRIPTORS_ROOT, fixture.root())
        .status()
        .unwrap();
    assert!(status.success(), "the second run says why");
}

#[test]
fn why_one_object_needs_another_is_known_without_reading_files() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    fs::set_permissions(host_path(&store, &app), fs::Permissions::from_mode(0o0)).unwrap();
    let chain = store.why_depends(&app, &lib).unwrap().unwrap();
    assert_eq!(chain.len(), 1);
    assert_eq!(chain[0].sites, [("app".to_owned(), 16), ("link".to_owned(), 12)]);
    assert_eq!(store.why_depends(&lib, &app).unwrap(), None);
    fs::set_permissions(host_path(&store, &app), fs::Permissions::from_mode(0o555)).unwrap();
}

#[test]
fn objects_are_found_by_path_name_and_id() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    let info = store.info(&app).unwrap().unwrap();
    assert_eq!(store.find(&info.path.absolute()).unwrap(), [app]);
    assert_eq!(store.find(info.path.as_str()).unwrap(), [app]);
    assert_eq!(store.find("lib").unwrap(), [lib]);
    assert_eq!(store.find(&app.to_string()).unwrap(), [app]);
    assert_eq!(store.find(&app.to_string()[..7]).unwrap(), [app]);
    assert_eq!(store.find("nothing-of-this-name").unwrap(), []);
    assert_eq!(info.refs, [lib]);
    assert_eq!((info.totals.files, info.totals.entries), (1, 4));
    assert_eq!(store.closure(&[app]).unwrap(), BTreeSet::from([app, lib]));
    assert_eq!(store.ls().unwrap().len(), 2);
}

#[test]
fn a_name_of_hexadecimal_digits_is_found() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let cafe = add(&*store.session().unwrap(), 1, "cafe", &[("out", "a = 1")], &[]);
    assert_eq!(store.find("cafe").unwrap(), [cafe]);
}

#[test]
fn actions_are_found_by_their_first_digits() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    // One is realised, two were attempted.
    add(&*session, 1, "app", &[("out", "app = code")], &[]);
    let short = |last: u8| ActionId([[0xab; 31].as_slice(), &[last]].concat().try_into().unwrap());
    for action in [short(2), short(1)] {
        let attempt = Attempted {
            action,
            derivation: DerivationId([0; 32]),
            title: "app 1".to_owned(),
            started_s: 5,
            duration_ms: 6,
            verdict: Verdict::Failed { reason: "no".to_owned() },
        };
        let registration = Registration { attempt: Some(attempt), ..Registration::default() };
        register(&*session, registration).unwrap();
    }
    let find = |digits: &str| store.actions_beginning(digits).unwrap();
    assert_eq!(find("abab"), [short(1), short(2)]);
    assert_eq!(find(&short(2).to_string()), [short(2)]);
    assert_eq!(find("abac"), []);
    assert_eq!(find("aba"), []);
    assert_eq!(find(&action(1).to_string()[..5]), [action(1)]);
    store.rebuild_index().unwrap();
    assert_eq!(find("abab"), [short(1), short(2)]);
}

#[test]
fn a_store_of_a_newer_format_is_refused() {
    let fixture = Fixture::new();
    fixture.with_two();
    fs::write(fixture.root().join("var/format"), "kiln store 2\n").unwrap();
    let error = LocalStore::open(&fixture.root()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the store at {} has format 2; this program knows formats up to 1: use the newer \
             program, or another store",
            fixture.root().display()
        )
    );
    fs::write(fixture.root().join("var/format"), "something else").unwrap();
    assert!(matches!(LocalStore::open(&fixture.root()), Err(StoreError::NewerFormat { .. })));
}

#[test]
fn a_folder_with_something_else_is_refused() {
    let temp = Temp::new();
    fs::write(temp.path().join("thesis.txt"), "x").unwrap();
    let error = LocalStore::open(temp.path()).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    // A store that lost its format is not made anew either.
    let fixture = Fixture::new();
    fixture.with_two();
    fs::remove_file(fixture.root().join("var/format")).unwrap();
    assert!(matches!(LocalStore::open(&fixture.root()), Err(StoreError::NotAStore { .. })));
}

#[test]
fn an_interrupted_first_opening_is_finished() {
    let fixture = Fixture::new();
    fs::create_dir_all(fixture.root().join("store")).unwrap();
    fs::create_dir_all(fixture.root().join("var/records")).unwrap();
    fs::write(fixture.root().join("var/format.new"), "kil").unwrap();
    let (store, lib, _) = fixture.with_two();
    assert!(store.object(&lib).unwrap().is_some());
}

#[test]
fn a_copy_without_empty_folders_is_a_store() {
    let fixture = Fixture::new();
    let (store, lib, _) = fixture.with_two();
    drop(store);
    for name in ["leases", "locks", "stage", "trash"] {
        fs::remove_dir_all(fixture.root().join("var").join(name)).unwrap();
    }
    let store = fixture.open();
    let session = store.session().unwrap();
    add(&*session, 3, "more", &[("out", "a = a")], &[]);
    assert!(store.object(&lib).unwrap().is_some());
    for name in ["leases", "locks", "stage", "trash"] {
        let mode = fs::metadata(fixture.root().join("var").join(name)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o700, "{name}");
    }
}

#[test]
fn a_store_that_was_replaced_while_it_is_used_is_left_alone() {
    let (old, new) = (Fixture::new(), Fixture::new());
    let (store, _, _) = old.with_two();
    drop(new.with_two());
    let aside = old.temp.path().join("aside");
    let records = fs::read(new.only_segment()).unwrap();
    let session = store.session().unwrap();
    let placed = place(&*session, "more", &[("out", "a = a")], &[]).unwrap();
    fs::rename(old.root(), &aside).unwrap();
    let is_moved = |error: &StoreError| matches!(error, StoreError::Moved { .. });
    // Nothing is in its place, and then another store.
    let error = register(&*session, registration(3, &placed)).unwrap_err();
    assert!(is_moved(&error), "{error}");
    fs::rename(new.root(), old.root()).unwrap();
    let error = register(&*session, registration(3, &placed)).unwrap_err();
    assert!(is_moved(&error), "{error}");
    assert!(store.session().is_err_and(|it| is_moved(&it)));
    drop(session);
    drop(store);
    assert_eq!(fs::read(old.only_segment()).unwrap(), records);
    for root in [old.root(), aside] {
        let store = LocalStore::open(&root).unwrap();
        // What was placed and not registered.
        gc_all(&store);
        assert_eq!(store.verify(&|_| true).unwrap().problems, []);
    }
}

/// The variable that tells a second run of this program which store cannot be written.
const READ_ONLY_ROOT: &str = "KILN_TEST_READ_ONLY_ROOT";

#[test]
fn a_store_that_cannot_be_written_can_be_read() {
    if let Some(root) = std::env::var_os(READ_ONLY_ROOT) {
        check_read_only(Path::new(&root));
        return;
    }
    let fixture = Fixture::new();
    let (store, _, _) = fixture.with_two();
    drop(store);
    let var = fixture.root().join("var");
    if !nix::unistd::geteuid().is_root() {
        fs::set_permissions(&var, fs::Permissions::from_mode(0o555)).unwrap();
        check_read_only(&fixture.root());
        fs::set_permissions(&var, fs::Permissions::from_mode(0o755)).unwrap();
        return;
    }
    // Root may write whatever the modes are, but not to a read-only mount.
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && \
                  exec \"$1\" --exact local::a_store_that_cannot_be_written_can_be_read";
    let status = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .args([fixture.root().as_os_str(), std::env::current_exe().unwrap().as_os_str()])
        .env(READ_ONLY_ROOT, fixture.root())
        .status();
    match status {
        Ok(status) => assert!(status.success(), "the second run says why"),
        Err(error) => println!("skipped: without `unshare` nothing is read-only to root: {error}"),
    }
}

#[test]
fn the_store_of_another_user_can_be_read_while_it_is_in_use() {
    use std::os::unix::process::CommandExt as _;
    if let Some(root) = std::env::var_os(READ_ONLY_ROOT) {
        check_read_only(Path::new(&root));
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return;
    }
    let fixture = Fixture::new();
    fs::set_permissions(fixture.temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (store, lib, _) = fixture.with_two();
    let session = store.session().unwrap();
    session.hold(&[lib]).unwrap();
    for closed in ["stage", "trash", "leases", "locks"] {
        let mode = fs::metadata(fixture.root().join("var").join(closed)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700, "{closed}");
    }
    // The other user must be able to read this program too.
    let program = fixture.temp.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let status = std::process::Command::new(program)
        .args(["--exact", "local::the_store_of_another_user_can_be_read_while_it_is_in_use"])
        .env(READ_ONLY_ROOT, fixture.root())
        .uid(65_534)
        .gid(65_534)
        .status()
        .unwrap();
    assert!(status.success(), "the second run says why");
}

fn check_read_only(root: &Path) {
    let store = LocalStore::open(root).unwrap();
    let all = store.ls().unwrap();
    assert_eq!(all.len(), 2);
    assert!(store.object(&all[1].id).unwrap().is_some());
    assert!(store.verify(&|_| true).unwrap().problems.is_empty());
    assert!(!store.why_alive(&all[0].id, 3600).unwrap().is_empty());
    let error = store.session().err().unwrap();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert!(store.rebuild_index().is_err());
    assert!(store.gc(&GcOptions::default(), &|| true).is_err());
}

#[test]
fn root_does_not_write_to_the_store_of_a_user() {
    // Only root can give a store away.
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let fixture = Fixture::new();
    let (store, lib, _) = fixture.with_two();
    drop(store);
    for (owner, is_refused) in [(1, true), (65534, false), (0, false)] {
        std::os::unix::fs::chown(fixture.root().join("var"), Some(owner), None).unwrap();
        let store = fixture.open();
        assert!(store.object(&lib).unwrap().is_some());
        match store.session().map(drop) {
            Err(error @ StoreError::ReadOnly { .. }) if is_refused => {
                let expected = "it belongs to user 1; run Kiln as that user";
                assert!(error.to_string().ends_with(expected), "{error}");
            }
            result => assert!(result.is_ok() && !is_refused, "{owner}: {result:?}"),
        }
    }
}

#[test]
fn equal_large_files_of_different_objects_are_one() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    let large = "x".repeat(40_000);
    let first = add(&*session, 1, "a", &[("out", &format!("one = {large}\nsmall = s"))], &[]);
    let second = add(&*session, 2, "b", &[("out", &format!("two = {large}\nrun * {large}"))], &[]);
    let inode = |id: &ObjectId, name: &str| {
        let stat = fs::metadata(host_path(&store, id).join(name)).unwrap();
        (stat.ino(), stat.nlink())
    };
    assert_eq!(inode(&first, "one").0, inode(&second, "two").0);
    // Executable or not is a property of the file.
    assert_ne!(inode(&first, "one").0, inode(&second, "run").0);
    assert_eq!(inode(&first, "one").1, 3);
    assert!(store.verify(&|_| true).unwrap().problems.is_empty());
    drop(session);
    let report = gc_all(&store);
    // What is freed is told once, with the objects.
    assert_eq!(report.collected.iter().map(|it| it.bytes).collect::<Vec<_>>(), [80_000, 40_001]);
    assert_eq!(report.other_bytes, 0);
    let pool = fixture.root().join("var/pool");
    let left =
        fs::read_dir(&pool).unwrap().flat_map(|it| fs::read_dir(it.unwrap().path()).unwrap());
    assert_eq!(left.count(), 0);
}

#[test]
fn a_damaged_pool_is_not_spread() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    let large = "x".repeat(40_000);
    let first = add(&*session, 1, "a", &[("out", &format!("one = {large}"))], &[]);
    rewrite(&host_path(&store, &first).join("one"), |it| it[5] = b'y');
    let second = add(&*session, 2, "b", &[("out", &format!("two = {large}"))], &[]);
    let report = store.verify(&|_| true).unwrap();
    assert_eq!(report.damaged(), BTreeSet::from([first]));
    assert_eq!(fs::read_to_string(host_path(&store, &second).join("two")).unwrap(), large);
}

#[test]
fn hard_links_of_a_build_stay_one_file() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    let temp = Temp::new();
    let root = temp.path().join("out");
    let own = kiln_store::StorePath::scratch(&name("git"), &output("out"), 0);
    make_tree(&root, &format!("bin/git * {}", own.absolute()));
    for number in 0..20 {
        fs::hard_link(root.join("bin/git"), root.join(format!("bin/git-{number}"))).unwrap();
    }
    let parent = fs::File::open(temp.path()).unwrap().into();
    let trees = [(output("out"), kiln_store::OutputTree { parent, name: "out".into() })].into();
    let scratch = [(output("out"), own)].into();
    let placed = place_trees(&*session, "git", &trees, &scratch, &[]).unwrap();
    register(&*session, registration(1, &placed)).unwrap();
    let path = host_path(&store, &placed[&output("out")].id).join("bin");
    drop(session);
    gc_young(&store);
    assert_eq!(fs::metadata(path.join("git-7")).unwrap().nlink(), 21);
    assert!(store.verify(&|_| true).unwrap().problems.is_empty());
}

#[test]
fn a_root_that_lasts_long_enough_is_not_written_again() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    let roots = |object| BTreeMap::from([("one".to_owned(), object), ("two".to_owned(), app)]);
    let renew = |object, enough_s, until_s| {
        store.renew_roots(&roots(object), "lately", enough_s, until_s).unwrap();
        fs::metadata(fixture.only_segment()).unwrap().len()
    };
    let ends = || -> Vec<_> { store.roots().unwrap().iter().map(|it| it.expires_s).collect() };
    let first = renew(app, 5_000_000_000, 6_000_000_000);
    assert_eq!(renew(app, 6_000_000_000, 7_000_000_000), first);
    assert_eq!(ends(), [Some(6_000_000_000); 2]);
    // Another object is another root, and one that ends too early is renewed.
    let second = renew(lib, 6_000_000_000, 7_000_000_000);
    assert!(second > first);
    assert_eq!(ends(), [Some(7_000_000_000), Some(6_000_000_000)]);
    assert!(renew(lib, 6_500_000_000, 8_000_000_000) > second);
    assert_eq!(ends(), [Some(7_000_000_000), Some(8_000_000_000)]);
    // One that never ends lasts long enough.
    store.add_root("one", &lib, "for ever", None).unwrap();
    let last = fs::metadata(fixture.only_segment()).unwrap().len();
    assert_eq!(renew(lib, 7_000_000_000, 8_000_000_000), last);
    let gone = ObjectId([7; 32]);
    let error = store.renew_roots(&roots(gone), "", 0, 0).unwrap_err();
    assert!(matches!(error, GcError::NoObject { id } if id == gone));
    assert_eq!(fs::metadata(fixture.only_segment()).unwrap().len(), last);
}

#[test]
fn what_was_never_registered_goes_with_its_session() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    let placed = place(&*session, "app", &[("out", "a = a")], &[]).unwrap();
    let path = store.host_path(&placed[&output("out")].object.path(&placed[&output("out")].id));
    assert!(path.exists());
    drop(session);
    assert!(!path.exists());
}

#[test]
fn what_another_session_placed_too_stays_when_the_first_ends() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.open(), fixture.open());
    let one = first.session().unwrap();
    let two = second.session().unwrap();
    let by_one = place(&*one, "app", &[("out", "a = a")], &[]).unwrap();
    let by_two = place(&*two, "app", &[("out", "a = a")], &[]).unwrap();
    let id = by_one[&output("out")].id;
    drop(one);
    register(&*two, registration(1, &by_two)).unwrap();
    assert_eq!(show_tree(&host_path(&second, &id)), "a = a\n");
    assert_eq!(first.verify(&|_| true).unwrap().problems, []);
}

#[test]
fn a_damaged_leftover_at_an_objects_path_is_put_away() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    let placed = place(&*session, "app", &[("out", "a = a\nb = b")], &[]).unwrap();
    let placed = &placed[&output("out")];
    let path = store.host_path(&placed.object.path(&placed.id));
    drop(session);
    assert!(!path.exists());
    // A power cut may leave the names of files without what they held.
    fs::create_dir(&path).unwrap();
    fs::write(path.join("a"), "").unwrap();
    let session = store.session().unwrap();
    let again = place(&*session, "app", &[("out", "a = a\nb = b")], &[]).unwrap();
    register(&*session, registration(1, &again)).unwrap();
    assert_eq!(show_tree(&path), "a = a\nb = b\n");
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_old() {
    let fixture = Fixture::new();
    let (store, _, app) = fixture.with_two();
    drop(store);
    let index = rusqlite::Connection::open(fixture.root().join("var/index.sqlite")).unwrap();
    index
        .execute("UPDATE objects SET registered_s = 99999999999, used_s = 99999999999", [])
        .unwrap();
    drop(index);
    let store = fixture.open();
    assert!(store.gc(&GcOptions::default(), &|| true).unwrap().collected.is_empty());
    assert!(store.object(&app).unwrap().is_some());
    // No grace is no grace, whatever the clock says.
    assert_eq!(gc_all(&store).collected.len(), 2);
}

fn session_is_sync(_: &(dyn Session + Sync)) {}

#[test]
fn a_session_can_be_used_from_threads() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let session = store.session().unwrap();
    session_is_sync(&*session);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let session = &*session;
            scope.spawn(move || {
                for round in 0..5 {
                    let text = format!("a = {}", (number + round) % 6);
                    add(session, number * 10 + round, "app", &[("out", &text)], &[]);
                }
            });
        }
    });
    assert_eq!(store.ls().unwrap().len(), 6);
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
}

#[test]
fn unfinished_downloads_go_when_nobody_goes_on_with_them() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let partial = store.partial().unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for name in ["old", "old.from", "in-use", "new"] {
        let file = fs::File::create(partial.join(name)).unwrap();
        if name != "new" {
            file.set_times(fs::FileTimes::new().set_modified(old)).unwrap();
        }
    }
    let in_use = fs::File::open(partial.join("in-use")).unwrap();
    in_use.lock().unwrap();
    gc_all(&store);
    let mut left: Vec<_> =
        fs::read_dir(&partial).unwrap().map(|it| it.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["in-use", "new"]);
}

#[test]
fn a_store_can_be_made_by_many_at_once() {
    for _ in 0..10 {
        let fixture = Fixture::new();
        let ids: Vec<ObjectId> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|number| {
                    let fixture = &fixture;
                    scope.spawn(move || {
                        let store = fixture.open();
                        let session = store.session().unwrap();
                        let text = format!("a = {}", number % 3);
                        add(&*session, number, "app", &[("out", &text)], &[])
                    })
                })
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let store = fixture.open();
        assert!(ids.iter().all(|it| store.object(it).unwrap().is_some()));
        assert_eq!(store.verify(&|_| true).unwrap().problems, []);
    }
}
