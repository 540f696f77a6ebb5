//! Outputs that were made to harm whoever reads them.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::common::*;
use expect_test::{Expect, expect};
use kiln_store::{
    Cancel, DEPTH_MAX, LocalStore, OutputTree, PlaceError, PlaceOutputs, PlaceTree, Placed,
    Session, Store, StorePath, TreeFrom,
};
use nix::sys::stat::Mode;

/// Places the output `out` that `make` leaves.
fn place_made(
    session: &dyn Session,
    make: impl FnOnce(&Path),
    bytes_max: u64,
) -> Result<Placed, PlaceError> {
    let temp = Temp::new();
    make(&temp.path().join("out"));
    let parent = fs::File::open(temp.path()).unwrap().into();
    let trees = [(output("out"), OutputTree { parent, name: "out".into() })].into();
    let scratch = [(output("out"), StorePath::scratch(&name("x"), &output("out"), 0))].into();
    let placed = session.place_outputs(PlaceOutputs {
        name: &name("x"),
        outputs: &trees,
        scratch: &scratch,
        uid: nix::unistd::geteuid().as_raw(),
        inputs: &Default::default(),
        bytes_max,
        cancel: &Cancel::new().unwrap(),
    });
    placed.map(|mut it| it.remove(&output("out")).unwrap())
}

/// Checks why an output is refused, and that nothing of it is left.
fn check(make: impl FnOnce(&Path), expected: Expect) {
    let temp = Temp::new();
    let store = LocalStore::open(temp.path()).unwrap();
    let session = store.session().unwrap();
    let error = place_made(&*session, make, 1 << 20).unwrap_err();
    expected.assert_eq(&format!("{error}\n"));
    assert_eq!(fs::read_dir(temp.path().join("store")).unwrap().count(), 0);
}

#[test]
fn what_is_neither_file_folder_nor_link_is_refused_by_name() {
    let mkfifo = |path: &Path| nix::unistd::mkfifo(path, Mode::from_bits_truncate(0o644)).unwrap();
    check(
        |out| {
            fs::create_dir(out).unwrap();
            mkfifo(&out.join("pipe\x1b[31m"));
        },
        expect![[r#"
            `out/pipe\u{1b}[31m` is a named pipe; an object holds files, folders and symbolic links only
        "#]],
    );
    check(
        mkfifo,
        expect![[r#"
            `out` is a named pipe; an object holds files, folders and symbolic links only
        "#]],
    );
    check(
        |out| {
            fs::create_dir(out).unwrap();
            std::os::unix::net::UnixListener::bind(out.join("socket")).unwrap();
        },
        expect![[r#"
            `out/socket` is a socket; an object holds files, folders and symbolic links only
        "#]],
    );
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    check(
        |out| {
            fs::create_dir(out).unwrap();
            fs::File::create(out.join("sparse")).unwrap().set_len(1 << 43).unwrap();
        },
        expect![[r#"
            `out/sparse` brings the size to 8796093022208 bytes; 1048576 are allowed
        "#]],
    );
    check(
        |out| {
            let mut path = out.to_owned();
            for _ in 0..=DEPTH_MAX {
                fs::create_dir(&path).unwrap();
                path.push("d");
            }
        },
        expect![[r#"
            `out/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d`: folders are nested 129 deep; an object has at most 128 levels
        "#]],
    );
}

#[test]
fn links_are_kept_and_never_followed() {
    let temp = Temp::new();
    fs::write(temp.path().join("secret"), "secret").unwrap();
    let store = LocalStore::open(&temp.path().join("s")).unwrap();
    let session = store.session().unwrap();
    let secret = temp.path().join("secret");
    let placed = place_made(
        &*session,
        |out| {
            fs::create_dir(out).unwrap();
            symlink(&secret, out.join("absolute")).unwrap();
            symlink("../../../../etc/passwd", out.join("relative")).unwrap();
            symlink(".", out.join("loop")).unwrap();
            symlink("nowhere\n\x1b", out.join("dangling")).unwrap();
        },
        1 << 20,
    )
    .unwrap();
    let path = store.host_path(&placed.object.path(&placed.id));
    assert_eq!(
        show_tree(&path),
        format!(
            "absolute -> {}\ndangling -> nowhere\n\x1b\nloop -> .\nrelative -> ../../../../etc/passwd\n",
            secret.display()
        )
    );
    // A whole output may be a link.
    let placed = place_made(&*session, |out| symlink(&secret, out).unwrap(), 1 << 20).unwrap();
    let path = store.host_path(&placed.object.path(&placed.id));
    assert_eq!(fs::read_link(path).unwrap(), secret);
}

#[test]
fn closed_folders_and_strange_modes_and_names_are_coped_with() {
    let temp = Temp::new();
    let store = LocalStore::open(temp.path()).unwrap();
    let session = store.session().unwrap();
    let placed = place_made(
        &*session,
        |out| {
            make_tree(out, "closed/inner/file = f\nunreadable = u\nsetid * s\n-rf = dash");
            let mode = |path: &str, mode| {
                fs::set_permissions(out.join(path), fs::Permissions::from_mode(mode)).unwrap();
            };
            let strange = std::ffi::OsStr::from_bytes(b"\xff\n\x1b*");
            fs::write(out.join(strange), "strange").unwrap();
            fs::write(out.join("n".repeat(255)), "long").unwrap();
            mode("unreadable", 0o000);
            mode("setid", 0o6777);
            mode("closed/inner", 0o000);
            mode("closed", 0o000);
            fs::set_permissions(out, fs::Permissions::from_mode(0o000)).unwrap();
        },
        1 << 20,
    )
    .unwrap();
    let objects = vec![placed.clone()];
    let registration = kiln_store::Registration { objects, ..Default::default() };
    register(&*session, registration).unwrap();
    let path = host_path(&store, &placed.id);
    assert_eq!(fs::read_to_string(path.join("closed/inner/file")).unwrap(), "f");
    let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("unreadable"), mode("setid"), mode("closed")), (0o444, 0o555, 0o555));
    assert_eq!(fs::read_dir(&path).unwrap().count(), 6);
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
}

#[test]
fn holes_stay_holes() {
    use std::os::unix::fs::{FileExt, MetadataExt};
    let temp = Temp::new();
    let store = LocalStore::open(temp.path()).unwrap();
    let session = store.session().unwrap();
    let placed = place_made(
        &*session,
        |out| {
            let file = fs::File::create(out).unwrap();
            file.set_len(256 << 20).unwrap();
            file.write_all_at(b"x", 128 << 20).unwrap();
        },
        1 << 30,
    )
    .unwrap();
    let path = store.host_path(&placed.object.path(&placed.id));
    let stat = fs::metadata(&path).unwrap();
    assert_eq!(stat.len(), 256 << 20);
    assert!(stat.blocks() * 512 < 1 << 20, "{} blocks", stat.blocks());
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can make files of another user");
        return;
    }
    check(
        |out| {
            make_tree(out, "a = a");
            std::os::unix::fs::chown(out.join("a"), Some(1234), None).unwrap();
        },
        expect![[r#"
            `out/a` belongs to user 1234; what the build made belongs to user 0
        "#]],
    );
}

#[test]
fn references_are_found_in_large_files_and_across_pieces() {
    let temp = Temp::new();
    let store = LocalStore::open(temp.path()).unwrap();
    let session = store.session().unwrap();
    let own = StorePath::scratch(&name("x"), &output("out"), 0);
    let digest = own.digest();
    for at in [0, 1, (1 << 20) - 33, (1 << 20) - 32, (1 << 20) - 5, 1 << 20, (3 << 20) - 31] {
        let placed = place_made(
            &*session,
            |out| {
                let mut bytes = vec![b'#'; (3 << 20) + 1];
                bytes[at..at + 32].copy_from_slice(digest.as_bytes());
                fs::write(out, bytes).unwrap();
            },
            1 << 30,
        )
        .unwrap();
        let path = placed.object.path(&placed.id);
        let bytes = fs::read(store.host_path(&path)).unwrap();
        assert_eq!(&bytes[at..at + 32], path.digest().as_bytes(), "at {at}");
        let objects = vec![placed];
        let registration = kiln_store::Registration { objects, ..Default::default() };
        register(&*session, registration).unwrap();
    }
    assert_eq!(store.verify(&|_| true).unwrap().problems, []);
}

#[test]
fn a_leak_in_a_large_file_is_named_with_its_place() {
    check(
        |out| {
            let mut bytes = vec![b'#'; 900_000];
            let leak = b"scra7ch0aaaaaaaaaaaaaaaaaaaaaaaa-other/lib";
            bytes[700_000..700_000 + leak.len()].copy_from_slice(leak);
            fs::create_dir(out).unwrap();
            fs::write(out.join("a"), bytes).unwrap();
        },
        expect![[r#"
            `out/a` holds `scra7ch0aaaaaaaaaaaaaaaaaaaaaaaa` at byte 700000: the scratch path of another build, which is gone; what the path came from was made inside a build and must be made again or patched
        "#]],
    );
}

#[test]
fn a_tree_of_the_user_may_hold_anything_harmless() {
    let temp = Temp::new();
    let store = LocalStore::open(&temp.path().join("s")).unwrap();
    let session = store.session().unwrap();
    let place = |path: &Path| {
        let cancel = Cancel::new().unwrap();
        let from = TreeFrom::Path(path);
        session.place_tree(PlaceTree { name: &name("src"), from, expected: None, cancel: &cancel })
    };
    let folder = temp.path().join("src");
    make_tree(&folder, "a = a");
    nix::unistd::mkfifo(&folder.join("pipe"), Mode::from_bits_truncate(0o644)).unwrap();
    let error = place(&folder).unwrap_err();
    let place_of_pipe = format!("`{}/pipe` is a named pipe", folder.display());
    assert!(error.to_string().starts_with(&place_of_pipe), "{error}");
    assert!(place(&temp.path().join("nothing")).unwrap_err().to_string().contains("nothing"));
    fs::remove_file(folder.join("pipe")).unwrap();
    place(&folder.join(".")).unwrap();
    place(Path::new("/proc/self/status")).unwrap_err();
    // What the user closed stays closed.
    fs::set_permissions(folder.join("a"), fs::Permissions::from_mode(0o000)).unwrap();
    let result = place(&folder);
    assert_eq!(result.is_ok(), nix::unistd::geteuid().is_root());
    assert_eq!(fs::metadata(folder.join("a")).unwrap().permissions().mode() & 0o777, 0);
}
