//! What must hold of the evaluator for every set of files. The fuzzer and the tests of what it once
//! found both check it.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use kiln_eval::{Packages, SetupRequest, derive, prepare, setup, solve};
use kiln_lang::module::ModuleKind;
use kiln_lang::{Database, Diagnostic};

use super::properties_of_sets::{Set, show};

/// The project of a set.
const PROJECT: &str = "/w/project.kiln";

/// Checks what must hold of the evaluator: it ends, and says the same whatever the order of files
/// and whatever was looked at before, on one thread and on several.
pub(crate) fn evaluator(text: &str) -> Result<(), String> {
    let set = Set::read(text);
    let plain = outcome(&set, &set.database(false), NonZeroUsize::MIN);
    let other = set.database(true);
    for path in set.files.keys().rev() {
        let _ = other.diagnostics(other.file(path));
    }
    let threads = NonZeroUsize::MIN.saturating_add(2);
    let again = outcome(&set, &other, threads);
    if plain != again {
        let first = plain.lines().zip(again.lines()).find(|it| it.0 != it.1);
        return Err(format!("another order: {first:?}\n{plain}\nand then\n{again}"));
    }
    Ok(())
}

/// What comes out of a set, as text.
pub(crate) fn outcome(set: &Set, db: &Database, threads: NonZeroUsize) -> String {
    let mut request = SetupRequest {
        machine: ("x86_64".into(), "linux".into()),
        project: set.files.contains_key(PROJECT).then(|| db.file(PROJECT)),
        ignore_project_wishes: !set.wishes.is_empty(),
        ..SetupRequest::default()
    };
    for path in set.files.keys().filter(|it| it.as_str() != PROJECT) {
        let file = db.file(path);
        if db.lowered(file).module.kind == Some(ModuleKind::Override) {
            request.overrides.push(file);
        }
    }
    for wish in &set.wishes {
        request.specs.push(db.add_spec("command line", wish));
    }
    let packages = Packages::new(db);
    prepare(&packages, &request, threads);
    let mut out = String::new();
    let mut tell = |what: &str, diagnostics: &[Diagnostic]| {
        let _ = writeln!(out, "{what}\n{}", show(db, diagnostics));
    };
    let setup = match setup(db, &request) {
        Ok((setup, warnings)) => {
            tell("set up", &warnings);
            setup
        }
        Err(errors) => {
            tell("no setup", &errors);
            return out;
        }
    };
    let solution = match solve(&packages, &setup) {
        Ok((solution, warnings)) => {
            tell("solved", &warnings);
            solution
        }
        Err(errors) => {
            tell("no solution", &errors);
            return out;
        }
    };
    match derive(db, &setup, &solution, threads) {
        Ok((derived, warnings)) => {
            tell("derived", &warnings);
            for node in derived.graph.nodes() {
                let _ = writeln!(out, "{} {}", node.title, node.derivation.id());
            }
        }
        Err(errors) => tell("not derived", &errors),
    }
    out
}
