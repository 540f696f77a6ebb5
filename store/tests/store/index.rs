//! The records and the index of a local store: what becomes of damage, and of an index that is gone.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use crate::common::*;
use crate::local::Fixture;
use kiln_store::{LocalStore, Problem, Store, StoreError};

#[test]
fn the_index_can_be_made_anew_from_the_records() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    store.add_root("app", &app, "why", Some(u64::MAX >> 1)).unwrap();
    let before = (store.ls().unwrap(), store.roots().unwrap(), store.all_realisations().unwrap());
    assert_eq!(store.rebuild_index().unwrap(), 2);
    let strip = |mut all: Vec<kiln_store::ObjectInfo>| {
        all.iter_mut().for_each(|it| it.used_s = 0);
        all
    };
    assert_eq!(strip(store.ls().unwrap()), strip(before.0));
    assert_eq!((store.roots().unwrap(), store.all_realisations().unwrap()), (before.1, before.2));
    drop(store);
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(fixture.root().join("var").join(name));
    }
    let store = fixture.open();
    assert!(store.object(&lib).unwrap().is_some());
    assert!(store.verify(&|_| true).unwrap().problems.is_empty());
}

#[test]
fn an_index_that_is_no_database_is_made_anew() {
    let fixture = Fixture::new();
    let (store, lib, _) = fixture.with_two();
    drop(store);
    for text in ["", "not a database, but long enough to hold a header"] {
        fs::write(fixture.root().join("var/index.sqlite"), text).unwrap();
        let store = fixture.open();
        assert!(store.object(&lib).unwrap().is_some());
    }
}

#[test]
fn records_cut_off_anywhere_lose_nothing_that_was_whole() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    drop(store);
    let segment = fixture.only_segment();
    let bytes = fs::read(&segment).unwrap();
    let frames = frame_starts(&bytes);
    assert_eq!(frames.len(), 2);
    for len in frames[1]..bytes.len() {
        for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
            let _ = fs::remove_file(fixture.root().join("var").join(name));
        }
        fs::write(&segment, &bytes[..len]).unwrap();
        let store = fixture.open();
        assert!(store.object(&lib).unwrap().is_some(), "at {len}");
        assert!(store.object(&app).unwrap().is_none(), "at {len}");
        assert!(store.verify(&|_| true).unwrap().is_sound(), "at {len}");
        if len % 16 == 0 {
            // What comes next takes the place of what was cut off, and adopts what was placed.
            let session = store.session().unwrap();
            let path = store.object(&lib).unwrap().unwrap().path(&lib).absolute();
            let text = format!("app * run {path}/lib.a of @out@\nlink -> {path}/bin/ar\nshare/");
            assert_eq!(add(&*session, 2, "app", &[("out", &text)], &[lib]), app);
            assert_eq!(store.verify(&|_| true).unwrap().problems, []);
        }
    }
}

/// Returns where frames start.
fn frame_starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 16;
    while at < bytes.len() {
        assert_eq!(&bytes[at..at + 4], b"KREC");
        starts.push(at);
        let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap());
        at += 24 + len as usize;
    }
    starts
}

#[test]
fn a_record_garbled_at_any_byte_is_noticed_and_the_rest_is_read() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    let other = add(&*store.session().unwrap(), 3, "other", &[("out", "a = a")], &[]);
    drop(store);
    let segment = fixture.only_segment();
    let bytes = fs::read(&segment).unwrap();
    let frames = frame_starts(&bytes);
    for at in (frames[1]..frames[2]).step_by(7) {
        let mut garbled = bytes.clone();
        garbled[at] ^= 0x55;
        fs::write(&segment, &garbled).unwrap();
        for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
            let _ = fs::remove_file(fixture.root().join("var").join(name));
        }
        let store = fixture.open();
        assert!(store.object(&lib).unwrap().is_some(), "at {at}");
        assert!(store.object(&app).unwrap().is_none(), "at {at}");
        assert!(store.object(&other).unwrap().is_some(), "at {at}");
        let report = store.verify(&|_| true).unwrap();
        assert!(!report.is_sound(), "at {at}");
        let found = report.problems.iter().any(|it| {
            matches!(it, Problem::Records { at, is_unfinished: false, .. } if *at == frames[1] as u64)
        });
        assert!(found, "at {at}: {:?}", report.problems);
    }
}

#[test]
fn records_that_are_lost_are_not_taken_for_none() {
    let fixture = Fixture::new();
    let (store, _, _) = fixture.with_two();
    drop(store);
    let file = OpenOptions::new().write(true).open(fixture.only_segment()).unwrap();
    file.set_len(20).unwrap();
    let error = LocalStore::open(&fixture.root()).unwrap_err();
    assert!(matches!(error, StoreError::RecordsLost { indexed, bytes: 20, .. } if indexed > 20));
    // Whoever knows that goes on with what is left.
    let store = LocalStore::open_rebuilt(&fixture.root()).unwrap();
    assert_eq!(store.ls().unwrap(), []);
    drop(store);
    let store = fixture.open();
    let id = add(&*store.session().unwrap(), 1, "new", &[("out", "a = a")], &[]);
    assert!(store.object(&id).unwrap().is_some());
}

#[test]
fn an_index_garbled_anywhere_never_gives_wrong_answers_for_long() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    drop(store);
    let path = fixture.root().join("var/index.sqlite");
    // All of it is to be in the file itself.
    let index = rusqlite::Connection::open(&path).unwrap();
    index.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(index);
    let bytes = fs::read(&path).unwrap();
    // Every byte of the header, and some everywhere.
    let mut refused = 0;
    for at in (0..100).chain((100..bytes.len()).step_by(311)) {
        let _ = fs::remove_file(fixture.root().join("var/index.sqlite-wal"));
        let _ = fs::remove_file(fixture.root().join("var/index.sqlite-shm"));
        fs::write(&path, &bytes).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&[bytes[at] ^ 0x55; 1], at as u64).unwrap();
        drop(file);
        // Whatever the damage is, there is an answer or an error, and a rebuild makes it right.
        let store = match LocalStore::open(&fixture.root()) {
            Ok(store) => {
                let _ = store.object(&lib);
                let _ = store.verify(&|_| true);
                store.rebuild_index().unwrap();
                store
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("`kiln store rebuild-index`"), "{error}");
                LocalStore::open_rebuilt(&fixture.root()).unwrap()
            }
        };
        assert!(store.object(&app).unwrap().is_some(), "at {at}");
        assert_eq!(store.verify(&|_| true).unwrap().problems, [], "at {at}");
        drop(store);
        assert!(fixture.open().object(&lib).unwrap().is_some(), "at {at}");
    }
    assert!(refused > 0, "no damage kept the store from being opened");
}

#[test]
fn the_log_of_an_index_garbled_anywhere_costs_time_only() {
    let fixture = Fixture::new();
    let (store, lib, app) = fixture.with_two();
    drop(store);
    let var = fixture.root().join("var");
    let names = ["index.sqlite", "index.sqlite-wal"];
    let [index, log] = names.map(|it| fs::read(var.join(it)).unwrap());
    assert!(log.len() > 4096, "a short log is left when the store is closed");
    for at in (0..log.len()).step_by(467) {
        fs::write(var.join(names[0]), &index).unwrap();
        fs::write(var.join(names[1]), &log).unwrap();
        let _ = fs::remove_file(var.join("index.sqlite-shm"));
        let file = OpenOptions::new().write(true).open(var.join(names[1])).unwrap();
        file.write_all_at(&[log[at] ^ 0x55; 1], at as u64).unwrap();
        drop(file);
        let store = fixture.open();
        assert!(store.object(&lib).unwrap().is_some(), "at {at}");
        assert!(store.object(&app).unwrap().is_some(), "at {at}");
        assert_eq!(store.verify(&|_| true).unwrap().problems, [], "at {at}");
    }
}

#[test]
fn the_log_of_an_index_does_not_grow_for_ever() {
    let fixture = Fixture::new();
    let (store, lib, _) = fixture.with_two();
    drop(store);
    for number in 0..100 {
        fixture.open().add_root(&format!("root {number}"), &lib, "", None).unwrap();
        let len =
            fs::metadata(fixture.root().join("var/index.sqlite-wal")).map_or(0, |it| it.len());
        assert!(len <= 300 << 10, "{len} bytes after {number} times");
    }
}

#[test]
fn who_waits_for_the_commit_lock_to_renew_the_index_keeps_nobody_from_the_index() {
    let fixture = Fixture::new();
    let (store, lib, _) = fixture.with_two();
    let var = fixture.root().join("var");
    let lock = fs::File::open(var.join("locks/commit")).unwrap();
    lock.lock().unwrap();
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(var.join(name));
    }
    std::thread::scope(|scope| {
        let renews = scope.spawn(|| store.session().map(drop));
        while !var.join("index.sqlite-shm").exists() {
            std::thread::yield_now();
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        let store = &store;
        scope.spawn(move || sender.send(store.object(&lib).unwrap().is_some()));
        let answer = receiver.recv_timeout(std::time::Duration::from_secs(30));
        assert!(!renews.is_finished());
        drop(lock);
        renews.join().unwrap().unwrap();
        assert_eq!(answer, Ok(true));
    });
    assert_eq!(store.ls().unwrap().len(), 2);
}

#[test]
fn an_index_that_was_replaced_is_opened_again() {
    let fixture = Fixture::new();
    let (store, lib, _) = fixture.with_two();
    let other = fixture.open();
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(fixture.root().join("var").join(name));
    }
    let third = fixture.open();
    assert_eq!(third.ls().unwrap().len(), 2);
    let session = other.session().unwrap();
    let id = add(&*session, 9, "new", &[("out", "a = a")], &[]);
    assert!(other.object(&id).unwrap().is_some());
    assert!(third.object(&id).unwrap().is_some());
    let session = store.session().unwrap();
    assert_eq!(session.hold(&[lib, id]).unwrap(), [true, true]);
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
}
