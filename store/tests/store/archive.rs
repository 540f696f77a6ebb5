//! Objects as archives: what an export writes is read back, and nothing else is.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::common::*;
use expect_test::{Expect, expect};
use kiln_store::{
    Cancel, DirectoryError, DirectorySubstituter, ExportError, LocalStore, ObjectId, PlaceError,
    Realisation, Session, Store, Substituter,
};

/// A store with an object that has everything, and a substituter to which it was exported.
struct Fixture {
    temp: Temp,
    store: LocalStore,
    substituter: DirectorySubstituter,
    id: ObjectId,
}

impl Fixture {
    fn new() -> Self {
        let temp = Temp::new();
        let store = LocalStore::open(&temp.path().join("store")).unwrap();
        let session = store.session().unwrap();
        let lib = add(&*session, 1, "lib", &[("out", "a = a")], &[]);
        let path = store.object(&lib).unwrap().unwrap().path(&lib).absolute();
        let text = format!(
            "bin/one * #!{path} @out@\nbin/two * #!{path} @out@\nshare/same = x\nshare/x = x\n\
             link -> @out@/bin\nempty/\nlarge = {}",
            "0123456789".repeat(4000)
        );
        let id = add(&*session, 2, "app", &[("out", &text)], &[lib]);
        drop(session);
        let substituter = DirectorySubstituter::create(&temp.path().join("cache")).unwrap();
        let fixture = Fixture { temp, store, substituter, id };
        let exported =
            fixture.substituter.export(&fixture.store, &fixture.realisations(), &|_| ()).unwrap();
        assert_eq!((exported.objects, exported.realisations), (2, 2));
        fixture
    }

    fn realisations(&self) -> Vec<Realisation> {
        self.store.all_realisations().unwrap().into_iter().map(|it| it.0).collect()
    }

    /// Returns the archive of the object, as it is stored.
    fn archive(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.substituter.open(&self.id).unwrap().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn plain(&self) -> Vec<u8> {
        zstd::decode_all(&*self.archive()).unwrap()
    }

    fn other(&self) -> LocalStore {
        LocalStore::open(&self.temp.path().join("other")).unwrap()
    }
}

fn place(session: &dyn Session, id: &ObjectId, bytes: &[u8]) -> Result<PathBuf, PlaceError> {
    let cancel = Cancel::new().unwrap();
    let placed = session.place_archive(id, &mut &*bytes, &cancel)?;
    Ok(placed.object.path(&placed.id).as_str().into())
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn an_archive_gives_the_object_back_byte_for_byte() {
    let fixture = Fixture::new();
    let other = fixture.other();
    let session = other.session().unwrap();
    let path = place(&*session, &fixture.id, &fixture.archive()).unwrap();
    let here = fixture.temp.path().join("other/store").join(&path);
    let there = fixture.temp.path().join("store/store").join(&path);
    assert_eq!(show_tree(&here), show_tree(&there));
}

#[test]
fn an_archive_cut_off_anywhere_places_nothing() {
    let fixture = Fixture::new();
    let other = fixture.other();
    let session = other.session().unwrap();
    let archive = fixture.archive();
    for len in 0..archive.len() {
        assert!(place(&*session, &fixture.id, &archive[..len]).is_err(), "at {len}");
    }
    let plain = fixture.plain();
    for len in (0..plain.len()).step_by(97) {
        let cut = compress(&plain[..len]);
        assert!(place(&*session, &fixture.id, &cut).is_err(), "at {len}");
    }
    assert_eq!(fs::read_dir(fixture.temp.path().join("other/store")).unwrap().count(), 0);
}

#[test]
fn an_archive_garbled_anywhere_places_nothing() {
    let fixture = Fixture::new();
    let other = fixture.other();
    let session = other.session().unwrap();
    let plain = fixture.plain();
    for at in (0..plain.len()).step_by(41).chain(0..40) {
        let mut garbled = plain.clone();
        garbled[at] ^= 0x10;
        assert!(place(&*session, &fixture.id, &compress(&garbled)).is_err(), "at {at}");
    }
    assert_eq!(fs::read_dir(fixture.temp.path().join("other/store")).unwrap().count(), 0);
}

/// Checks why an archive made from the right one is refused.
fn check(change: impl Fn(&mut Vec<u8>), expected: Expect) {
    let fixture = Fixture::new();
    let other = fixture.other();
    let session = other.session().unwrap();
    let mut plain = fixture.plain();
    change(&mut plain);
    let error = place(&*session, &fixture.id, &compress(&plain)).unwrap_err();
    expected.assert_eq(&format!("{error}\n"));
}

#[test]
fn a_wrong_archive_is_refused_with_the_reason() {
    check(
        |it| it[0] = b'K',
        expect![[r#"
            this is not an object archive: it begins with `Kiln object v1\n\n`
        "#]],
    );
    check(
        |it| it[16..24].copy_from_slice(&u64::MAX.to_le_bytes()),
        expect![[r#"
            the archive's manifest has 18446744073709551615 bytes; 1073741824 are allowed
        "#]],
    );
    check(
        |it| it.push(0),
        expect![[r#"
            the archive of 5nfyzkdax6wshnaq9fp45h5hb15p5r74-app goes on after its last file
        "#]],
    );
    check(
        |it| {
            let last = it.len() - 1;
            it[last] ^= 1;
        },
        expect![[r#"
            `share/same` in the archive of 5nfyzkdax6wshnaq9fp45h5hb15p5r74-app is damaged
        "#]],
    );
    let fixture = Fixture::new();
    let other = fixture.other();
    let session = other.session().unwrap();
    let wrong = ObjectId([1; 32]);
    let error = place(&*session, &wrong, &fixture.archive()).unwrap_err().to_string();
    assert_eq!(error, format!("the archive holds the object {} instead of {wrong}", fixture.id));
}

#[test]
fn exporting_again_writes_nothing_and_damage_is_not_exported() {
    let fixture = Fixture::new();
    let again =
        fixture.substituter.export(&fixture.store, &fixture.realisations(), &|_| ()).unwrap();
    assert_eq!((again.objects, again.objects_there, again.realisations), (0, 2, 0));
    let path = host_path(&fixture.store, &fixture.id).join("large");
    open_folders(path.parent().unwrap());
    fs::remove_file(&path).unwrap();
    fs::File::create(&path).unwrap().write_all(&[b'0'; 40_000]).unwrap();
    let new = DirectorySubstituter::create(&fixture.temp.path().join("new")).unwrap();
    let error = new.export(&fixture.store, &fixture.realisations(), &|_| ()).unwrap_err();
    assert!(matches!(&error, ExportError::Damaged { path, .. } if path == "large"), "{error}");
    assert!(new.open(&fixture.id).unwrap().is_none());
    assert!(new.lookup(&[action(2)]).unwrap().is_empty());
}

#[test]
fn a_folder_that_is_no_substituter_is_refused() {
    let temp = Temp::new();
    fs::write(temp.path().join("file"), "x").unwrap();
    for open in [DirectorySubstituter::open, DirectorySubstituter::create] {
        let error = open(temp.path()).unwrap_err();
        assert!(matches!(error, DirectoryError::NotASubstituter { .. }), "{error}");
    }
    fs::write(temp.path().join("kiln-substituter"), "kiln substituter 2\n").unwrap();
    let error = DirectorySubstituter::open(temp.path()).unwrap_err();
    assert!(matches!(error, DirectoryError::OtherVersion { .. }), "{error}");
    assert!(DirectorySubstituter::open(Path::new("/nonexistent")).is_err());
}

#[test]
fn a_realisation_under_another_name_is_a_miss() {
    let fixture = Fixture::new();
    let root = fixture.temp.path().join("cache/realisations");
    let place = |number: u8| {
        let hex = action(number).to_string();
        root.join(&hex[..2]).join(&hex[2..])
    };
    fs::copy(place(1), place(2)).unwrap();
    let miss = fixture.substituter.lookup(&[action(2)]).unwrap_err();
    assert!(miss.to_string().contains("it is for action"), "{miss}");
    fs::write(place(1), "garbage").unwrap();
    assert!(fixture.substituter.lookup(&[action(1)]).is_err());
    assert!(fixture.substituter.lookup(&[action(3)]).unwrap().is_empty());
}
