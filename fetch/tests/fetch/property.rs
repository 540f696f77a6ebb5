//! Whatever the bytes are: no panic, nothing outside the target, nothing left of what is refused,
//! no more than the limits allow.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use kiln_fetch::UnpackLimits;
use kiln_store::UnpackRoot;
use proptest::prelude::*;

use crate::archive::{Header, Tar, ZipEntry, compress, deb, zip};
use crate::tree::{How, Place, list, unpack_at};

const LIMITS: UnpackLimits = UnpackLimits {
    bytes_max: 1 << 20,
    ratio_max: 100,
    ratio_bytes_min: 1 << 16,
    entries_max: 50,
    depth_max: 8,
};

/// Unpacks bytes, and checks what must hold whatever they are. Returns the tree if there is one.
fn survives(bytes: &[u8]) -> Option<String> {
    let place = Place::new();
    let how = How { root: UnpackRoot::Auto, limits: LIMITS, ..How::default() };
    let result = unpack_at(&place, bytes, &how);
    assert!(place.is_clean(), "nothing but the target is made: {result:?}");
    match result {
        Ok(()) => {
            let (entries, bytes) = count(&place.target);
            assert!(entries <= LIMITS.entries_max && bytes <= LIMITS.bytes_max);
            Some(list(&place.target))
        }
        Err(error) => {
            assert!(!place.target.exists());
            let text = error.to_string();
            assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
            None
        }
    }
}

fn count(folder: &Path) -> (u64, u64) {
    let (mut entries, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        entries += 1;
        if metadata.is_dir() {
            let (more_entries, more_bytes) = count(&path);
            entries += more_entries;
            bytes += more_bytes;
        } else if metadata.is_file() {
            assert_eq!(metadata.nlink(), 1);
            bytes += metadata.len();
        }
    }
    (entries, bytes)
}

/// Archives with a bit of everything, one of each format.
fn samples() -> Vec<Vec<u8>> {
    let tar = Tar::new()
        .pax(b'g', &[("comment", b"0123456789abcdef")])
        .folder("top/")
        .file("top/a", b"text")
        .executable("top/b", &[7; 700])
        .link("top/l", "../../outside")
        .hard_link("top/h", "top/a")
        .gnu_long(b'L', b"top/a/long/name")
        .file("cut", b"")
        .pax(b'x', &[("path", b"top/pax"), ("size", b"3"), ("mtime", b"1")])
        .file("cut", b"pax")
        .gnu_long(b'K', b"target")
        .link("top/m", "cut");
    // Without the file below a file, so that it unpacks as it is.
    let good = Tar::new().folder("top/").file("top/a", b"text").link("top/l", "../..").end();
    let mut samples = vec![tar.clone().end(), tar.cut(), good.clone()];
    samples.extend(["gz", "bz2", "xz", "zst"].map(|it| compress(it, &good)));
    samples.push(deb("data.tar.gz", &compress("gz", &good)));
    samples.push(zip(&[
        ZipEntry::file("top/", b"").mode(0o040_755),
        ZipEntry::file("top/a", &[b'a'; 500]).mode(0o100_755),
        ZipEntry::file("top/l", b"../../outside").mode(0o120_777),
        ZipEntry { deflate: false, ..ZipEntry::file("top/b", b"stored") },
    ]));
    samples
}

/// Where and how to change a sample.
#[derive(Debug, Clone)]
enum Change {
    Byte(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => any::<usize>().prop_map(Change::Cut),
        1 => (any::<usize>(), prop::collection::vec(any::<u8>(), 0..600))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (any::<usize>(), 0_usize..2000).prop_map(|(at, len)| Change::Repeat(at, len)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let at = |at: usize, len: usize| if len == 0 { 0 } else { at % len };
    match change {
        Change::Byte(_, _) if bytes.is_empty() => {}
        Change::Byte(index, byte) => {
            let index = at(*index, bytes.len());
            bytes[index] = *byte;
        }
        Change::Cut(index) => bytes.truncate(at(*index, bytes.len())),
        Change::Insert(index, more) => {
            let index = at(*index, bytes.len());
            bytes.splice(index..index, more.iter().copied());
        }
        Change::Repeat(index, len) => {
            let index = at(*index, bytes.len());
            let more = bytes[index..(index + len).min(bytes.len())].to_vec();
            bytes.splice(index..index, more);
        }
    }
}

/// Puts right checksums into whatever could be a header, so that changes of it are looked at.
fn seal(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512) {
        if block.iter().any(|it| *it != 0) && block[257..262] == *b"ustar" {
            let mut header = Header([0; 512]);
            header.0.copy_from_slice(block);
            block.copy_from_slice(&header.seal());
        }
    }
}

/// An entry with names and types that get in each other's way.
fn entry() -> impl Strategy<Value = (u8, String, String, Vec<u8>)> {
    let part = prop::sample::select(vec!["a", "b", "l", ".", "..", "", "a/b", "precious"]);
    let path = prop::collection::vec(part, 1..4).prop_map(|it| it.join("/"));
    let target = prop::sample::select(vec![
        "a",
        "b",
        "a/b",
        ".",
        "..",
        "../outside",
        "../../outside/precious",
        "/",
        "/etc/passwd",
        "l",
    ]);
    let kind = prop::sample::select(vec![b'0', b'0', b'1', b'2', b'2', b'5']);
    let contents = prop::collection::vec(any::<u8>(), 0..3);
    (kind, path, target, contents).prop_map(|(kind, path, target, contents)| {
        let contents = if kind == b'0' { contents } else { Vec::new() };
        (kind, path, target.to_owned(), contents)
    })
}

#[test]
fn every_sample_is_read_to_its_point() {
    let trees = samples().iter().filter_map(|it| survives(it)).count();
    assert_eq!(trees, 7, "all but the first two, which have a file below a file");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_survived(magic in 0_usize..9, bytes: Vec<u8>) {
        let magics: [&[u8]; 9] = [
            b"", b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04",
            b"PK\x05\x06", b"!<arch>\n", b"\x50\x2a\x4d\x18",
        ];
        survives(&[magics[magic], &bytes].concat());
    }

    #[test]
    fn changed_archives_are_survived(
        sample in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
        sealed: bool,
    ) {
        let samples = samples();
        let mut bytes = sample.get(&samples).clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        if sealed {
            seal(&mut bytes);
        }
        survives(&bytes);
    }

    #[test]
    fn entries_in_each_others_way_are_survived(entries in prop::collection::vec(entry(), 1..8)) {
        let mut tar = Tar::new();
        for (kind, path, target, contents) in &entries {
            let header = Header::new(*kind, path.as_bytes(), contents.len() as u64);
            tar = tar.entry(header.target(target.as_bytes()), contents);
        }
        let tar = tar.end();
        let tree = survives(&tar);
        prop_assert_eq!(&tree, &survives(&compress("gz", &tar)), "packed or not is the same");
        let entries: Vec<_> = entries
            .iter()
            .filter(|(kind, ..)| *kind != b'1')
            .map(|(kind, path, target, contents)| match kind {
                b'2' => ZipEntry::file(path, target.as_bytes()).mode(0o120_777),
                b'5' => ZipEntry::file(&format!("{path}/"), b"").mode(0o040_755),
                _ => ZipEntry::file(path, contents),
            })
            .collect();
        survives(&zip(&entries));
    }
}
