//! Archives as honest people make them.

use expect_test::{Expect, expect};
use kiln_store::UnpackRoot;

use crate::archive::{Header, Tar, ZipEntry, ar, compress, deb, zip};
use crate::tree::{How, unpacked};

fn check(bytes: &[u8], expected: Expect) {
    expected.assert_eq(&unpacked(bytes, &How::default()));
}

fn check_root(bytes: &[u8], root: UnpackRoot, executables: &[&str], expected: Expect) {
    let executables = executables.iter().map(|it| (*it).to_owned()).collect();
    expected.assert_eq(&unpacked(bytes, &How { root, executables, ..How::default() }));
}

/// Some of everything.
fn release() -> Tar {
    Tar::new()
        .folder("./")
        .folder("./zlib-1.3/")
        .file("./zlib-1.3/inflate.c", b"int inflate;\n")
        .executable("./zlib-1.3/configure", b"#!/bin/sh\n")
        .link("./zlib-1.3/latest", "../zlib-1.3/inflate.c")
        .hard_link("./zlib-1.3/setup", "./zlib-1.3/configure")
        .file("zlib-1.3/doc/a/b.txt", b"")
}

#[test]
fn a_release_is_the_same_tree_however_it_is_packed() {
    let expected = expect![[r#"
        drwxr-xr-x zlib-1.3
        -rwxr-xr-x zlib-1.3/configure: #!/bin/sh\n
        drwxr-xr-x zlib-1.3/doc
        drwxr-xr-x zlib-1.3/doc/a
        -rw-r--r-- zlib-1.3/doc/a/b.txt: 
        -rw-r--r-- zlib-1.3/inflate.c: int inflate;\n
        l zlib-1.3/latest -> ../zlib-1.3/inflate.c
        -rwxr-xr-x zlib-1.3/setup: #!/bin/sh\n
    "#]];
    let tar = release().end();
    for format in ["tar", "gz", "bz2", "xz", "zst"] {
        let packed = compress(format, &tar);
        expected.assert_eq(&unpacked(&packed, &How::default()));
        for member in ["data.tar", "data.tar.xz", "data.tar.zst/"] {
            expected.assert_eq(&unpacked(&deb(member, &packed), &How::default()));
        }
    }
}

#[test]
fn the_single_folder_at_the_top_becomes_the_root_unless_told_otherwise() {
    let tar = release().end();
    check_root(
        &tar,
        UnpackRoot::Auto,
        &["inflate.c"],
        expect![[r#"
            -rwxr-xr-x configure: #!/bin/sh\n
            drwxr-xr-x doc
            drwxr-xr-x doc/a
            -rw-r--r-- doc/a/b.txt: 
            -rwxr-xr-x inflate.c: int inflate;\n
            l latest -> ../zlib-1.3/inflate.c
            -rwxr-xr-x setup: #!/bin/sh\n
        "#]],
    );
    check_root(
        &tar,
        UnpackRoot::Folder("zlib-1.3/doc".to_owned()),
        &["a/b.txt"],
        expect![[r#"
            drwxr-xr-x a
            -rwxr-xr-x a/b.txt: 
        "#]],
    );
    // Two entries at the top, or one that is no folder: all of it.
    let two = Tar::new().file("a/x", b"x").file("b", b"").end();
    check_root(
        &two,
        UnpackRoot::Auto,
        &[],
        expect![[r#"
            drwxr-xr-x a
            -rw-r--r-- a/x: x
            -rw-r--r-- b: 
        "#]],
    );
    check_root(
        &Tar::new().link("a", "b").end(),
        UnpackRoot::Auto,
        &[],
        expect![[r#"
        l a -> b
    "#]],
    );
    check_root(&Tar::new().end(), UnpackRoot::Auto, &[], expect![""]);
}

#[test]
fn a_part_that_is_not_there_is_an_error_that_says_what_is() {
    let tar = release().end();
    check_root(
        &tar,
        UnpackRoot::Folder("zlib-1.2".to_owned()),
        &[],
        expect![[r#"
            error: it has no folder `zlib-1.2`; at its top are `zlib-1.3`
        "#]],
    );
    check_root(
        &tar,
        UnpackRoot::Folder("zlib-1.3/latest".to_owned()),
        &[],
        expect![[r#"
            error: it has no folder `zlib-1.3/latest`; at its top are `zlib-1.3`
        "#]],
    );
    check_root(
        &Tar::new().end(),
        UnpackRoot::Folder("../x".to_owned()),
        &[],
        expect![[r#"
            error: it has no folder `../x`; at its top are no entries
        "#]],
    );
    check_root(
        &tar,
        UnpackRoot::Auto,
        &["confgure"],
        expect![[r#"
            error: `confgure` is to be executable, but it is not in the archive
        "#]],
    );
    check_root(
        &tar,
        UnpackRoot::Auto,
        &["latest"],
        expect![[r#"
            error: `latest` is to be executable, but it is a symbolic link
        "#]],
    );
    check_root(
        &tar,
        UnpackRoot::Auto,
        &["../x"],
        expect![[r#"
            error: `../x` is to be executable, but it is not a path inside the tree
        "#]],
    );
}

#[test]
fn long_names_are_read_as_gnu_and_pax_write_them() {
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(90));
    let target = "t".repeat(150);
    let tar = Tar::new()
        .gnu_long(b'L', long.as_bytes())
        .file("cut", b"gnu")
        .gnu_long(b'K', target.as_bytes())
        .gnu_long(b'L', b"gnu-link")
        .link("cut", "cut")
        .pax(b'g', &[("comment", b"a\n\nb=c")])
        .pax(b'x', &[("mtime", b"1.5"), ("path", "pax/näme\n".as_bytes()), ("size", b"3")])
        .file("cut", b"pax")
        .pax(b'x', &[("linkpath", target.as_bytes()), ("path", b"pax-link")])
        .link("cut", "cut")
        .pax(b'x', &[("linkpath", "pax/näme\n".as_bytes())])
        .hard_link("pax-hard", "cut")
        .end();
    check(
        &tar,
        expect![[r#"
            drwxr-xr-x dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
            -rw-r--r-- dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff: gnu
            l gnu-link -> tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt
            drwxr-xr-x pax
            -rw-r--r-- pax-hard: pax
            l pax-link -> tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt
            -rw-r--r-- pax/n\xc3\xa4me\n: pax
        "#]],
    );
}

#[test]
fn old_archives_have_no_magic_and_mark_folders_by_a_slash() {
    let old = |name: &str, size| {
        let mut header = Header::new(0, name.as_bytes(), size);
        header.put(257, &[0; 8]).put(100, b"   755 \0");
        header
    };
    let tar = Tar::new().entry(old("src/", 0), b"").entry(old("src/x", 3), b"abc").end();
    check(
        &tar,
        expect![[r#"
            drwxr-xr-x src
            -rwxr-xr-x src/x: abc
        "#]],
    );
    // The prefix of ustar; its signed checksum, of an archiver whose bytes were signed.
    let mut header = Header::new(b'0', b"n\xe4me", 0);
    header.put(345, b"prefix/folder");
    let unsigned = header.seal();
    let mut signed = unsigned;
    let sum = i64::from_str_radix(std::str::from_utf8(&unsigned[148..154]).unwrap(), 8).unwrap();
    signed[148..154].copy_from_slice(format!("{:06o}", sum - 256).as_bytes());
    check(
        &Tar::new().raw(&signed).end(),
        expect![[r#"
            drwxr-xr-x prefix
            drwxr-xr-x prefix/folder
            -rw-r--r-- prefix/folder/n\xe4me: 
        "#]],
    );
}

#[test]
fn an_entry_that_is_repeated_as_it_was_is_no_harm() {
    let tar = Tar::new()
        .folder("a")
        .file("a/x", b"same")
        .folder("a/")
        .file("./a/x", b"same")
        .link("l", "x")
        .link("l", "x")
        .hard_link("a/x", "a/x")
        .end();
    check(
        &tar,
        expect![[r#"
            drwxr-xr-x a
            -rw-r--r-- a/x: same
            l l -> x
        "#]],
    );
}

#[test]
fn what_cannot_be_kept_is_left_out_silently() {
    let set_id = Header::new(b'0', b"su", 0).mode(0o6755);
    let owned = {
        let mut header = Header::new(b'0', b"owned", 0);
        header.put(108, b"0001750\0").put(116, b"0001750\0").put(136, b"14000000000\0");
        header
    };
    let label = Header::new(b'V', b"volume", 0);
    let tar = Tar::new()
        .entry(label, b"")
        .entry(set_id, b"")
        .entry(owned, b"")
        .pax(b'x', &[("SCHILY.xattr.user.a", b"b"), ("uid", b"0")])
        .file("with-attribute", b"")
        .entry(Header::new(b'5', b"locked", 0).mode(0), b"")
        .file("locked/x", b"")
        .end();
    check(
        &tar,
        expect![[r#"
            drwxr-xr-x locked
            -rw-r--r-- locked/x: 
            -rw-r--r-- owned: 
            -rwxr-xr-x su: 
            -rw-r--r-- with-attribute: 
        "#]],
    );
}

#[test]
fn padding_after_the_end_is_read_past() {
    let tar = Tar::new().file("x", b"x").raw(&[0; 10240]).raw(b"and not looked at").end();
    check(
        &tar,
        expect![[r#"
        -rw-r--r-- x: x
    "#]],
    );
    // One block of zeros instead of two, as some archivers write it.
    let one = Tar::new().file("x", b"x").raw(&[0; 512]).cut();
    check(
        &one,
        expect![[r#"
        -rw-r--r-- x: x
    "#]],
    );
}

#[test]
fn a_zip_keeps_names_modes_and_links() {
    let stored = ZipEntry { deflate: false, ..ZipEntry::file("stored", b"as it is") };
    let foreign = ZipEntry { mode: None, ..ZipEntry::file("sub/from-elsewhere", b"x") };
    let entries = [
        ZipEntry::file("top/", b"").mode(0o040_700),
        ZipEntry::file("top/run", b"#!/bin/sh\n").mode(0o100_755),
        ZipEntry::file("top/untyped", b"x").mode(0o644),
        ZipEntry::file("link", b"top/../../anything").mode(0o120_777),
        stored,
        foreign,
        ZipEntry::file("empty", b""),
    ];
    check(
        &zip(&entries),
        expect![[r#"
            -rw-r--r-- empty: 
            l link -> top/../../anything
            -rw-r--r-- stored: as it is
            drwxr-xr-x sub
            -rw-r--r-- sub/from-elsewhere: x
            drwxr-xr-x top
            -rwxr-xr-x top/run: #!/bin/sh\n
            -rw-r--r-- top/untyped: x
        "#]],
    );
    check(&zip(&[]), expect![""]);
}

#[test]
fn a_zip_with_sizes_after_the_data_is_read() {
    // What a writer makes that cannot seek.
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    for name in ["a", "b/c"] {
        writer.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut writer, name.repeat(1000).as_bytes()).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    check(
        &bytes,
        expect![[r#"
            -rwxr-xr-x a: 1000 bytes
            drwxr-xr-x b
            -rwxr-xr-x b/c: 3000 bytes
        "#]],
    );
}

#[test]
fn what_is_no_archive_says_what_it_is() {
    check(
        b"<!doctype html><title>404</title>",
        expect![[r#"
            error: it begins with `<!doctype html><`, which is no archive that Kiln knows (tar, also packed by gzip, bzip2, xz or zstd; zip; deb)
        "#]],
    );
    check(
        b"",
        expect![[r#"
        error: it is empty, which no archive is
    "#]],
    );
    check(
        b"7z\xbc\xaf\x27\x1c\0\0",
        expect![[r#"
            error: it is packed by 7-Zip, which Kiln cannot unpack; it can tar (also gzip, bzip2, xz, zstd), zip and deb
        "#]],
    );
    check(
        &compress("gz", b"just a patch\n"),
        expect![[r#"
            error: unpacked by gzip, it begins with `just a patch\n`, which is no tar archive
        "#]],
    );
    check(
        &compress("xz", &[b'x'; 2000]),
        expect![[r#"
            error: unpacked by xz, it begins with `xxxxxxxxxxxxxxxx`, which is no tar archive
        "#]],
    );
}

#[test]
fn a_package_has_one_data_member() {
    let data = compress("gz", &Tar::new().file("./usr/x", b"x").end());
    let first = ("debian-binary", &b"2.0\n"[..]);
    check(
        &ar(&[first]),
        expect![[r#"
            error: the deb data is damaged: it has no member `data.tar`
        "#]],
    );
    check(
        &ar(&[first, ("data.tar.gz", &data), ("data.tar.gz", &data)]),
        expect![[r#"
            error: the deb data is damaged at `data.tar.gz`: it has two data members
        "#]],
    );
    check(
        &ar(&[("data.tar.gz", &data), first]),
        expect![[r#"
            error: the deb data is damaged at `data.tar.gz`: the first member must be `debian-binary`
        "#]],
    );
    check(
        &ar(&[first, ("data.tar.gz", b"PK\x03\x04")]),
        expect![[r#"
            error: the deb data is damaged at `data.tar.gz`: the member is no tar archive, packed or plain
        "#]],
    );
    let whole = deb("data.tar.gz", &data);
    check(
        &whole[..whole.len() - 2],
        expect![[r#"
            error: the deb data is damaged at `data.tar.gz`: the member should have 103 bytes, but the file ends after 102
        "#]],
    );
}
