//! What must hold of the evaluator for whatever set of files: see `eval/fuzz/properties.rs`.

use std::path::Path;

#[path = "../fuzz/properties.rs"]
mod properties;
#[path = "../../lang/fuzz/sets.rs"]
mod properties_of_sets;

#[test]
fn every_find_of_the_fuzzer_has_the_properties() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/finds");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        properties::evaluator(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        properties::traces(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

#[test]
fn a_set_without_mistakes_is_derived() {
    let set = properties_of_sets::Set::read(
        "//- /w/a.kiln\nrecipe a\nversion = 1\nhost b[x]\nshell = [\"/bin/sh\"]\nstep build = sh\"true\"\n//- /w/b.kiln\nrecipe b\nversion = 2\nfeature x = off\nshell = [\"/bin/sh\"]\nstep build = sh\"true\"\n//? a\n",
    );
    let text = properties::outcome(&set, &set.database(false), std::num::NonZeroUsize::MIN);
    assert!(text.contains("derived") && text.contains("b 2 "), "{text}");
}
