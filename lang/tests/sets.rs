//! What must hold of the checker and the editor features for whatever set of files: see
//! `lang/fuzz/sets.rs`.

use std::path::Path;

#[path = "../fuzz/sets.rs"]
mod sets;

#[test]
fn every_find_of_the_fuzzers_has_the_properties() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/finds");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|it| it != "set") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        sets::checker(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        sets::editor(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

#[test]
fn a_set_says_what_is_done_to_it() {
    let set = sets::Set::read(
        "//- /w/a.kiln\nrecipe a\n//- /w/b.kiln\nrecipe b\n//? a[x]\n//~ /w/a.kiln 6 3 \\nb\\\\\n",
    );
    assert_eq!(set.files.len(), 2);
    assert_eq!(set.wishes, ["a[x]"]);
    let (text, end) = set.edits[0].apply(&set.files["/w/a.kiln"]);
    assert_eq!((text.as_str(), end), ("recipe\nb\\", 9));
    assert_eq!(sets::escaped("\nb\\"), "\\nb\\\\");
}
