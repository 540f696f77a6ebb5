//! Archives that nobody makes by accident. Each is refused, naming the entry, and leaves nothing.

use expect_test::{Expect, expect};
use kiln_fetch::UnpackLimits;

use crate::archive::{Header, Tar, ZipEntry, compress, zip};
use crate::tree::{How, Place, list, unpack_at, unpacked};

fn check(bytes: &[u8], expected: Expect) {
    expected.assert_eq(&unpacked(bytes, &How::default()));
}

/// One refusal a line.
fn check_each(archives: impl IntoIterator<Item = Vec<u8>>, expected: Expect) {
    let texts: String = archives.into_iter().map(|it| unpacked(&it, &How::default())).collect();
    expected.assert_eq(&texts);
}

#[test]
fn names_that_lead_outside_are_refused() {
    let long = "x".repeat(256);
    let names = [
        "../x",
        "a/../../x",
        "a/..",
        "/x",
        "//x",
        long.as_str(),
        &"d/".repeat(128),
        &"abcdefg/".repeat(600),
    ];
    let tars = names.iter().map(|it| {
        Tar::new().gnu_long(b'L', it.as_bytes()).entry(Header::new(b'0', b"cut", 0), b"").end()
    });
    check_each(
        tars,
        expect![[r#"
            error: the entry `../x` is refused: it has `..` in its name
            error: the entry `a/../../x` is refused: it has `..` in its name
            error: the entry `a/..` is refused: it has `..` in its name
            error: the entry `/x` is refused: it has an absolute name
            error: the entry `//x` is refused: it has an absolute name
            error: the entry `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` is refused: it has a component of 256 bytes in its name; at most 255 are allowed
            error: the entry `d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/` is refused: it lies 128 folders deep; at most 127 are allowed
            error: the entry `abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcd…` is refused: it has a name of 4799 bytes; at most 4095 are allowed
        "#]],
    );
    let zips = names.iter().map(|it| zip(&[ZipEntry::file(it, b"")]));
    check_each(
        zips,
        expect![[r#"
            error: the entry `../x` is refused: it has `..` in its name
            error: the entry `a/../../x` is refused: it has `..` in its name
            error: the entry `a/..` is refused: it has `..` in its name
            error: the entry `/x` is refused: it has an absolute name
            error: the entry `//x` is refused: it has an absolute name
            error: the entry `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` is refused: it has a component of 256 bytes in its name; at most 255 are allowed
            error: the entry `d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/` is refused: it lies 128 folders deep; at most 127 are allowed
            error: the entry `abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcdefg/abcd…` is refused: it has a name of 4799 bytes; at most 4095 are allowed
        "#]],
    );
    check_each(
        [
            Tar::new().file("", b"x").end(),
            Tar::new().file("./", b"").link(".", "x").end(),
            Tar::new().pax(b'x', &[("path", b"a\0b")]).file("x", b"").end(),
            Tar::new().link("/abs", "x").end(),
            Tar::new().folder("../up").end(),
            zip(&[ZipEntry { name: b"a\0b".to_vec(), ..ZipEntry::file("", b"") }]),
            zip(&[ZipEntry::file("", b"")]),
            // What a terminal would obey is spelled out.
            Tar::new().file("/\x1b]0;owned\x07\u{202e}", b"").end(),
        ],
        expect![[r#"
            error: the entry `` is refused: it has no name
            error: the entry `.` is refused: it is the root of the archive, but no folder
            error: the entry `a\0b` is refused: it has a NUL byte in its name
            error: the entry `/abs` is refused: it has an absolute name
            error: the entry `../up` is refused: it has `..` in its name
            error: the entry `a\0b` is refused: it has a NUL byte in its name
            error: the entry `` is refused: it has no name
            error: the entry `/\u{1b}]0;owned\u{7}\u{202e}` is refused: it has an absolute name
        "#]],
    );
}

#[test]
fn nothing_is_written_through_a_link() {
    let place = Place::new();
    let outside = place.outside.to_str().unwrap();
    let archives = [
        Tar::new().link("out", outside).file("out/precious", b"bad").end(),
        Tar::new().link("out", outside).folder("out").file("out/precious", b"bad").end(),
        Tar::new().link("out", outside).folder("out/new").end(),
        Tar::new().link("out", outside).link("out/new", "x").end(),
        Tar::new().link("a", ".").link("a/b", outside).file("a/b/precious", b"bad").end(),
        Tar::new().link("f", &format!("{outside}/precious")).file("f", b"bad").end(),
        Tar::new().link("f", &format!("{outside}/precious")).executable("./f", b"bad").end(),
        Tar::new().link("f", &format!("{outside}/new")).file("f", b"bad").end(),
        zip(&[
            ZipEntry::file("out", outside.as_bytes()).mode(0o120_777),
            ZipEntry::file("out/precious", b"bad"),
        ]),
        zip(&[
            ZipEntry::file("out/", b""),
            ZipEntry::file("out", outside.as_bytes()).mode(0o120_777),
        ]),
    ];
    let mut texts = String::new();
    for archive in archives {
        let error = unpack_at(&place, &archive, &How::default()).unwrap_err();
        texts.push_str(&format!("{error}\n"));
        assert!(!place.target.exists());
        assert!(place.is_clean());
    }
    expect![[r#"
        the entry `out/precious` is refused: it lies below something that is not a folder
        the entry `out` is refused: it has the name of an earlier entry that is a symbolic link
        the entry `out/new` is refused: it lies below something that is not a folder
        the entry `out/new` is refused: it lies below something that is not a folder
        the entry `a/b` is refused: it lies below something that is not a folder
        the entry `f` is refused: it has the name of an earlier entry that is a symbolic link
        the entry `f` is refused: it has the name of an earlier entry that is a symbolic link
        the entry `f` is refused: it has the name of an earlier entry that is a symbolic link
        the entry `out/precious` is refused: it lies below something that is not a folder
        the entry `out` is refused: it has the name of an earlier entry that is a folder
    "#]]
    .assert_eq(&texts);
}

#[test]
fn a_link_out_of_the_tree_is_kept_and_never_followed() {
    let place = Place::new();
    let outside = place.outside.to_str().unwrap();
    // The link comes last, after the folder's siblings; its mode is that of a set-id file.
    let header = Header::new(b'2', b"out", 0).mode(0o6777).target(outside.as_bytes());
    let archive = Tar::new().file("a", b"").entry(header, b"").end();
    unpack_at(&place, &archive, &How::default()).unwrap();
    assert_eq!(list(&place.target), format!("-rw-r--r-- a: \nl out -> {outside}\n"));
    assert!(place.is_clean());
}

#[test]
fn hard_links_are_copies_of_earlier_files_of_the_archive() {
    check_each(
        [
            Tar::new().hard_link("x", "/etc/hostname").end(),
            Tar::new().hard_link("x", "../outside/precious").end(),
            Tar::new().hard_link("x", "later").file("later", b"").end(),
            Tar::new().folder("d").hard_link("x", "d").end(),
            Tar::new().link("l", "/etc/hostname").hard_link("x", "l").end(),
            Tar::new().link("l", "/etc").hard_link("x", "l/hostname").end(),
            Tar::new().file("f", b"").hard_link("x", "").end(),
            Tar::new().hard_link("x", "x").end(),
        ],
        expect![[r#"
            error: the entry `x` is refused: it is a hard link to something that is not an earlier file of this archive
            error: the entry `x` is refused: it is a hard link to something that is not an earlier file of this archive
            error: the entry `x` is refused: it is a hard link to something that is not an earlier file of this archive
            error: the entry `x` is refused: it is a hard link to something that is not an earlier file of this archive
            error: the entry `x` is refused: it is a hard link to something that is not an earlier file of this archive
            error: the entry `x` is refused: it is a hard link to something that is not an earlier file of this archive
            error: the entry `x` is refused: it is a hard link to something that is not an earlier file of this archive
            error: the entry `x` is refused: it is a hard link to something that is not an earlier file of this archive
        "#]],
    );
}

#[test]
fn devices_and_other_specials_are_refused() {
    let kinds = [b'3', b'4', b'6', b'S', b'M', b'D', b'N', b'Z', 0xff];
    check_each(
        kinds.map(|kind| Tar::new().entry(Header::new(kind, b"dev/x", 0), b"").end()),
        expect![[r#"
            error: the entry `dev/x` is refused: it is a character device
            error: the entry `dev/x` is refused: it is a block device
            error: the entry `dev/x` is refused: it is a FIFO
            error: the entry `dev/x` is refused: it has the type sparse file, which Kiln does not unpack
            error: the entry `dev/x` is refused: it has the type part of a file on several volumes, which Kiln does not unpack
            error: the entry `dev/x` is refused: it has the type folder of an incremental backup, which Kiln does not unpack
            error: the entry `dev/x` is refused: it has the type old GNU long name, which Kiln does not unpack
            error: the entry `dev/x` is refused: it has the unknown type 0x5a
            error: the entry `dev/x` is refused: it has the unknown type 0xff
        "#]],
    );
    let modes = [0o020_644, 0o060_644, 0o010_644, 0o140_644, 0o150_644];
    check_each(
        modes.map(|mode| zip(&[ZipEntry::file("x", b"").mode(mode)])),
        expect![[r#"
        error: the entry `x` is refused: it is a character device
        error: the entry `x` is refused: it is a block device
        error: the entry `x` is refused: it is a FIFO
        error: the entry `x` is refused: it is a socket
        error: the entry `x` is refused: it has the unknown type 0xd000
    "#]],
    );
    check(
        &Tar::new().pax(b'x', &[("GNU.sparse.major", b"1")]).file("x", b"").end(),
        expect![[r#"
        error: the entry `x` is refused: it has the type sparse file, which Kiln does not unpack
    "#]],
    );
}

#[test]
fn a_name_is_taken_once() {
    check_each(
        [
            Tar::new().file("x", b"one").file("x", b"two").end(),
            Tar::new().file("x", b"one").file("x", b"one and more").end(),
            Tar::new().file("x", b"one and more").file("./x", b"one").end(),
            Tar::new().file("x", b"one").executable("x", b"one").end(),
            Tar::new().file("x", b"").folder("x").end(),
            Tar::new().folder("x").file("x", b"").end(),
            Tar::new().file("x", b"").file("x/y", b"").end(),
            Tar::new().file("x/y", b"").link("x", "z").end(),
            Tar::new().link("x", "y").link("x", "z").end(),
            Tar::new().link("x", "y").file("x", b"").end(),
            Tar::new().file("x", b"").file("y", b"z").hard_link("x", "y").end(),
            zip(&[ZipEntry::file("x", b"same"), ZipEntry::file("x", b"same")]),
            zip(&[ZipEntry::file("x", b"same"), ZipEntry::file("./x", b"same")]),
            zip(&[ZipEntry::file("x", b""), ZipEntry::file("x/y", b"")]),
        ],
        expect![[r#"
            error: the entry `x` is refused: it repeats the name of an earlier file that differs
            error: the entry `x` is refused: it repeats the name of an earlier file that differs
            error: the entry `x` is refused: it repeats the name of an earlier file that differs
            error: the entry `x` is refused: it repeats the name of an earlier file that differs
            error: the entry `x` is refused: it has the name of an earlier entry that is a file
            error: the entry `x` is refused: it has the name of an earlier entry that is a folder
            error: the entry `x/y` is refused: it lies below something that is not a folder
            error: the entry `x` is refused: it has the name of an earlier entry that is a folder
            error: the entry `x` is refused: it has the name of an earlier entry that is a symbolic link to something else
            error: the entry `x` is refused: it has the name of an earlier entry that is a symbolic link
            error: the entry `x` is refused: it repeats the name of an earlier file that differs
            error: the entry `x` is refused: it has the name of an earlier entry that is a file
            error: the entry `./x` is refused: it has the name of an earlier entry that is a file
            error: the entry `x/y` is refused: it lies below something that is not a folder
        "#]],
    );
}

#[test]
fn links_and_folders_have_no_contents_and_targets_are_targets() {
    check_each(
        [
            Tar::new().entry(Header::new(b'5', b"d", 3), b"abc").end(),
            Tar::new().entry(Header::new(b'0', b"d/", 3), b"abc").end(),
            Tar::new().entry(Header::new(b'2', b"l", 3).target(b"x"), b"abc").end(),
            Tar::new().file("f", b"").entry(Header::new(b'1', b"l", 3).target(b"f"), b"abc").end(),
            Tar::new().link("l", "").end(),
            Tar::new().pax(b'x', &[("linkpath", b"a\0b")]).link("l", "x").end(),
            Tar::new().gnu_long(b'K', &[b't'; 4096]).link("l", "x").end(),
            zip(&[ZipEntry::file("d/", b"abc")]),
            zip(&[ZipEntry::file("l", b"").mode(0o120_777)]),
            zip(&[ZipEntry::file("l", b"a\0b").mode(0o120_777)]),
            zip(&[ZipEntry::file("l", &[b't'; 5000]).mode(0o120_777)]),
        ],
        expect![[r#"
            error: the entry `d` is refused: it is a folder, but has 3 bytes of contents
            error: the entry `d/` is refused: it is a folder, but has 3 bytes of contents
            error: the entry `l` is refused: it is a symbolic link, but has 3 bytes of contents
            error: the entry `l` is refused: it is a hard link, but has 3 bytes of contents
            error: the entry `l` is refused: it is a symbolic link to nothing
            error: the entry `l` is refused: it is a symbolic link whose target has a NUL byte
            error: the entry `l` is refused: it is a symbolic link whose target has 4096 bytes; at most 4095 are allowed
            error: the entry `d/` is refused: it is a folder, but has 3 bytes of contents
            error: the entry `l` is refused: it is a symbolic link to nothing
            error: the entry `l` is refused: it is a symbolic link whose target has a NUL byte
            error: the entry `l` is refused: it is a symbolic link whose target has 5000 bytes; at most 4095 are allowed
        "#]],
    );
}

#[test]
fn a_tar_that_contradicts_itself_is_damaged() {
    let sealed = Header::new(b'0', b"x", 0).seal();
    let mut wrong = sealed;
    wrong[0] = b'y';
    let size = |field: &[u8]| {
        let mut header = Header::new(b'0', b"x", 0);
        header.put(124, field);
        Tar::new().file("before", b"").entry(header, b"").end()
    };
    check_each(
        [
            Tar::new().raw(&sealed).raw(&wrong).end(),
            Tar::new().raw(&sealed).cut(),
            Tar::new().raw(&sealed).raw(&[0; 100]).cut(),
            Tar::new().raw(&Header::new(b'0', b"x", 1000).seal()).raw(&[1; 600]).cut(),
            Tar::new().raw(&Header::new(b'0', b"x", 600).seal()).raw(&[1; 600]).cut(),
            size(b"0000000000x\0"),
            size(b"+0000000001\0"),
            size(b"-1\0"),
            size(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
            size(b"\x80\0\0\x01\0\0\0\0\0\0\0\0"),
            size(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"),
            Tar::new().pax(b'x', &[("size", b"5")]).file("x", b"abc").end(),
            Tar::new().pax(b'x', &[("size", b"-1")]).file("x", b"abc").end(),
            Tar::new().pax(b'x', &[("path", b"a"), ("path", b"b")]).file("x", b"").end(),
            Tar::new()
                .pax(b'x', &[("path", b"a")])
                .pax(b'x', &[("path", b"b")])
                .file("x", b"")
                .end(),
            Tar::new().pax(b'x', &[("path", b"a")]).gnu_long(b'L', b"b").file("x", b"").end(),
            Tar::new().gnu_long(b'L', b"a").gnu_long(b'L', b"b").file("x", b"").end(),
            Tar::new().gnu_long(b'L', b"a\0b").file("x", b"").end(),
            Tar::new().pax(b'g', &[("path", b"a")]).file("x", b"").end(),
            Tar::new().pax(b'x', &[("path", b"a")]).end(),
            Tar::new().gnu_long(b'L', b"a").end(),
            Tar::new().raw(&Header::new(b'x', b"p", 1 << 30).seal()).cut(),
            Tar::new().entry(Header::new(b'x', b"p", 5), b"9 a=b").end(),
            Tar::new().entry(Header::new(b'x', b"p", 6), b"6 a=bc").end(),
            Tar::new().entry(Header::new(b'x', b"p", 6), b"6 abc\n").end(),
            Tar::new().entry(Header::new(b'x', b"p", 6), b"0 a=b\n").end(),
            Tar::new().entry(Header::new(b'x', b"p", 6), b"+6 a=\n").end(),
            Tar::new().entry(Header::new(b'x', b"p", 4), b"\xff\xff\xff\xff").end(),
        ],
        expect![[r#"
            error: the tar data is damaged: a header has a wrong checksum
            error: the tar data is damaged: it ends without the end of the archive: was it truncated?
            error: the tar data is damaged: it ends inside a header: was it truncated?
            error: the tar data is damaged at `x`: the entry should have 1000 bytes, but the archive ends after 600: was it truncated?
            error: the tar data is damaged at `x`: it ends inside an entry: was it truncated?
            error: the tar data is damaged at `x`: the size of an entry is not a number
            error: the tar data is damaged at `x`: the size of an entry is not a number
            error: the tar data is damaged at `x`: the size of an entry is not a number
            error: the tar data is damaged at `x`: the size of an entry is not a number
            error: the tar data is damaged at `x`: the size of an entry is not a number
            error: the tar data is damaged at `x`: the entry should have 9223372036854775807 bytes, but the archive ends after 1024: was it truncated?
            error: the tar data is damaged at `x`: the sizes disagree: the header says 3 bytes, the pax header 5
            error: the tar data is damaged at `PaxHeaders/x`: the size in a pax header is not a number
            error: the tar data is damaged at `PaxHeaders/x`: a pax header sets a key twice
            error: the tar data is damaged at `PaxHeaders/x`: two pax headers describe one entry
            error: the tar data is damaged at `x`: a GNU long name and a pax header disagree about the name
            error: the tar data is damaged at `././@LongLink`: two long names describe one entry
            error: the tar data is damaged at `././@LongLink`: a long name goes on after a NUL byte
            error: the tar data is damaged at `PaxHeaders/x`: a global pax header sets a path, link, size or holes
            error: the tar data is damaged at `PaxHeaders/x`: it ends after a header that describes a next entry
            error: the tar data is damaged at `././@LongLink`: it ends after a header that describes a next entry
            error: the tar data is damaged at `p`: an extended header has 1073741824 bytes; at most 1048576 are allowed
            error: the tar data is damaged at `p`: the length of a pax record is wrong
            error: the tar data is damaged at `p`: a pax record does not end in a newline
            error: the tar data is damaged at `p`: a pax record has no `=`
            error: the tar data is damaged at `p`: the length of a pax record is wrong
            error: the tar data is damaged at `p`: the length of a pax record is not a number
            error: the tar data is damaged at `p`: a pax record has no length
        "#]],
    );
}

#[test]
fn compressed_data_that_is_cut_or_changed_is_damaged() {
    let tar =
        Tar::new().file("x", &(0..200_000_u32).map(|it| (it / 3) as u8).collect::<Vec<_>>()).end();
    for format in ["gz", "bz2", "xz", "zst"] {
        let packed = compress(format, &tar);
        let cut = unpacked(&packed[..packed.len() - 1], &How::default());
        assert!(cut.starts_with("error: the "), "{format}: {cut}");
        let mut changed = packed.clone();
        let at = packed.len() - 5;
        changed[at] ^= 0x10;
        let changed = unpacked(&changed, &How::default());
        assert!(changed.starts_with("error: the ") || format == "zst", "{format}: {changed}");
    }
}

#[test]
fn a_zip_that_contradicts_itself_is_damaged() {
    let file = ZipEntry::file;
    let two = |second: ZipEntry| zip(&[file("first", b"one"), second]);
    let good = zip(&[file("x", b"xyz")]);
    let mut with_prefix = b"PK\x03\x04 is what this begins with".to_vec();
    with_prefix.extend_from_slice(&good);
    check_each(
        [
            two(ZipEntry { local_name: Some(b"other".to_vec()), ..file("name", b"") }),
            two(ZipEntry { crc: Some(1), ..file("x", b"abc") }),
            two(ZipEntry { size: Some(2), ..file("x", b"abc") }),
            two(ZipEntry { size: Some(4), ..file("x", b"abc") }),
            two(ZipEntry { local_size: Some(4), ..file("x", b"abc") }),
            two(ZipEntry { size: Some(2), deflate: false, ..file("x", b"abc") }),
            two(ZipEntry { offset: Some(0), ..file("first", b"one") }),
            two(ZipEntry { offset: Some(3), ..file("x", b"one") }),
            two(ZipEntry { offset: Some(u32::MAX), ..file("x", b"one") }),
            two(ZipEntry { listed: false, ..file("hidden", b"one") }),
            two(ZipEntry { flags: 1, ..file("secret", b"one") }),
            two(ZipEntry { method: Some(12), ..file("bzip2", b"one") }),
            two(ZipEntry {
                method: Some(8),
                deflate: false,
                ..file("no-deflate", b"\xff\xff\xff")
            }),
            good[..good.len() - 1].to_vec(),
            good[..good.len() - 30].to_vec(),
            with_prefix,
        ],
        expect![[r#"
            error: the zip data is damaged at `name`: Local file header filename mismatch (does not match central directory)
            error: the zip data is damaged at `x`: Invalid checksum
            error: the zip data is damaged at `x`: File is larger than its declared uncompressed size
            error: the zip data is damaged at `x`: the entry should have 4 bytes, but has other than that
            error: the zip data is damaged at `x`: uncompressed size mismatch (does not match central directory)
            error: the zip data is damaged at `x`: it is stored as it is, but has 3 bytes packed and 2 not
            error: the entry `first` is refused: it has the name of an earlier entry that is a file
            error: the zip data is damaged at `x`: Invalid local file header
            error: the zip data is damaged at `x`: Unexpected end of zip::format::blocks::ZipLocalEntryBlock
            error: the zip data is damaged: local file header missing from central directory
            error: the entry `secret` is refused: it is encrypted
            error: the entry `bzip2` is refused: it is compressed by a method other than deflate
            error: the zip data is damaged at `no-deflate`: corrupt deflate stream
            error: the zip data is damaged: Unexpected end of zip::format::blocks::Zip32CDEBlock
            error: the zip data is damaged: Could not find EOCD
            error: the zip data is damaged: No CDFH found
        "#]],
    );
}

#[test]
fn entries_of_a_zip_that_share_bytes_are_refused() {
    // `b` lies in the contents of `a`, header and all; many such would be a bomb.
    let b = ZipEntry { deflate: false, ..ZipEntry::file("b", b"inner") };
    let local = zip(std::slice::from_ref(&b))[..30 + 1 + 5].to_vec();
    let a = ZipEntry { deflate: false, ..ZipEntry::file("a", &local) };
    let inner = ZipEntry { local: false, offset: Some(30 + 1), ..b.clone() };
    // Two names for the same bytes.
    let twin = ZipEntry { local: false, offset: Some(0), ..ZipEntry::file("a", b"same") };
    let other = ZipEntry { name: b"b".to_vec(), ..twin.clone() };
    // Contents that reach into the directory.
    let mut long = zip(&[b]);
    long[18] = 60;
    long[22] = 60;
    let directory = 30 + 1 + 5;
    long[directory + 20] = 60;
    long[directory + 24] = 60;
    check_each(
        [zip(&[a, inner]), zip(&[ZipEntry::file("a", b"same"), other]), long],
        expect![[r#"
        error: the zip data is damaged: archive contains overlapping entries
        error: the zip data is damaged at `b`: Local file header filename mismatch (does not match central directory)
        error: the zip data is damaged: archive contains overlapping entries
    "#]],
    );
}

#[test]
fn bombs_are_stopped_by_the_limits() {
    let how = |bytes_max, ratio_max, entries_max| How {
        limits: UnpackLimits { bytes_max, ratio_max, entries_max, ..UnpackLimits::default() },
        ..How::default()
    };
    let zeros = vec![0; 8 << 20];
    let mut texts = String::new();
    // Too many bytes: of a file, of padding after the end, of copies that hard links make.
    let big = Tar::new().file("zeros", &zeros).end();
    let padded = Tar::new().file("x", b"").raw(&[0; 1024]).raw(&zeros).end();
    let mut links = Tar::new().file("x", &vec![1; 1 << 20]);
    for number in 0..10 {
        links = links.hard_link(&format!("x{number}"), "x");
    }
    for archive in [big, padded, links.end(), zip(&[ZipEntry::file("zeros", &zeros)])] {
        assert!(!unpacked(&archive, &how(100 << 20, 1000, 100)).contains("error"));
        texts.push_str(&unpacked(&archive, &how(4 << 20, 1000, 100)));
    }
    // Too many entries: also folders that are only implied.
    let mut many = Tar::new();
    for number in 0..11 {
        many = many.file(&format!("{number}/x"), b"");
    }
    texts.push_str(&unpacked(&many.end(), &how(1 << 20, 1000, 20)));
    let many: Vec<_> = (0..21).map(|it| ZipEntry::file(&it.to_string(), b"")).collect();
    texts.push_str(&unpacked(&zip(&many), &how(1 << 20, 1000, 20)));
    // Too much memory: a zstd frame with a window of 2 GiB, and nothing in it.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0x01, 0x00, 0x00];
    texts.push_str(&unpacked(&frame, &how(1 << 20, 1000, 20)));
    expect![[r#"
        error: it has more than 4194304 unpacked bytes
        error: it has more than 4194304 unpacked bytes
        error: it has more than 4194304 unpacked bytes
        error: it has more than 4194304 unpacked bytes
        error: it has more than 20 entries
        error: it has more than 20 entries
        error: it has more than 268435456 bytes in its dictionary or window
    "#]]
    .assert_eq(&texts);
}

#[test]
fn a_stream_that_inflates_for_ever_is_stopped_by_its_ratio() {
    let zeros = vec![0; 4 << 20];
    let header = Header::new(b'0', b"zeros", zeros.len() as u64).seal();
    let tar = compress("zst", &[&header[..], &zeros].concat());
    let zip = zip(&[ZipEntry::file("zeros", &zeros)]);
    let how = |ratio_bytes_min| How {
        limits: UnpackLimits { ratio_bytes_min, ..UnpackLimits::default() },
        ..How::default()
    };
    let text = [unpacked(&tar, &how(1 << 20)), unpacked(&zip, &how(1 << 20))].concat();
    expect![[r#"
        error: it has more than 400 unpacked bytes for one packed byte
        error: it has more than 400 unpacked bytes for one packed byte
    "#]]
    .assert_eq(&text);
    // A small bomb is harmless.
    assert_eq!(unpacked(&zip, &how(8 << 20)), "-rw-r--r-- zeros: 4194304 bytes\n");
}
