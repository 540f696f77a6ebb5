//! What must hold of the evaluator for every set of files. The fuzzer and the tests of what it once
//! found both check it.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use kiln_eval::{
    NodeId, Packages, ProjectWishes, SetupRequest, Trace, derive, prepare, setup, solve,
};
use kiln_lang::module::ModuleKind;
use kiln_lang::{Database, Diagnostic};
use kiln_store::{Graph, InputRef, Node};

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

/// Checks what must hold of traces: after each edit, what follows from the trace of the evaluation
/// before is what an evaluation of everything gives, and is nothing where that has something to say.
pub(crate) fn traces(text: &str) -> Result<(), String> {
    let mut set = Set::read(text);
    let mut trace: Option<Traced> = traced(&set).map(|it| it.1);
    let edits = std::mem::take(&mut set.edits);
    for edit in &edits {
        let Some(before) = set.files.get(&edit.path) else { continue };
        let (after, _) = edit.apply(before);
        set.files.insert(edit.path.clone(), after);
        let anew = traced(&set);
        let resumed = trace.as_ref().map(|it| resumed(&set, it, &edit.path)).transpose()?.flatten();
        trace = match (resumed, anew) {
            (Some((is, _)), Some((anew, _))) if is != anew => {
                return Err(format!("resumed after {}\n{is}\nanew\n{anew}", edit.path));
            }
            (Some((is, _)), None) => {
                return Err(format!(
                    "resumed after {}, and there is something to say\n{is}",
                    edit.path
                ));
            }
            (Some((_, trace)), Some(_)) | (None, Some((_, trace))) => Some(trace),
            (None, None) => None,
        };
    }
    Ok(())
}

/// A trace and its texts.
type Traced = (Vec<u8>, Vec<u8>);

/// What comes out of a set, and its trace; nothing if there is anything to say.
fn traced(set: &Set) -> Option<(String, Traced)> {
    let db = set.database(false);
    let request = request(set, &db);
    let packages = Packages::new(&db);
    let (setup, warnings) = setup(&db, &request).ok()?;
    let (solution, more) = solve(&packages, &setup, NonZeroUsize::MIN).ok()?;
    let (derived, most) = derive(&db, &setup, &solution, NonZeroUsize::MIN).ok()?;
    if !warnings.is_empty() || !more.is_empty() || !most.is_empty() {
        return None;
    }
    let roots: Vec<NodeId> = solution.roots.iter().map(|it| it.node).collect();
    let beside = solution.run_closure(&roots);
    let wanted: Vec<(NodeId, bool)> = roots
        .into_iter()
        .map(|it| (it, false))
        .chain(beside.into_iter().map(|it| (it, true)))
        .filter(|it| derived.nodes.contains_key(&it.0))
        .collect();
    let inputs: Vec<InputRef> = wanted.iter().map(|it| derived.nodes[&it.0].clone()).collect();
    let (trace, texts) = Trace::new(&db, &solution, &derived, &wanted, false);
    Some((listing(&derived.graph, &inputs), (trace.encode()?, texts.concat().into_bytes())))
}

/// What a trace says of a set in which a file has changed, and the trace of that.
fn resumed(
    set: &Set,
    (trace, texts): &Traced,
    changed: &str,
) -> Result<Option<(String, Traced)>, String> {
    let db = set.database(false);
    let request = request(set, &db);
    let packages = Packages::new(&db);
    let trace = Trace::decode(trace).map_err(|it| format!("a trace cannot be read: {it}"))?;
    let Ok((setup, warnings)) = setup(&db, &request) else { return Ok(None) };
    if !warnings.is_empty() || !trace.has_files_of(&db) {
        return Ok(None);
    }
    let threads = NonZeroUsize::MIN.saturating_add(1);
    let Some(resumed) = trace.resume(&packages, &setup, &[changed.to_owned()], &texts[..], threads)
    else {
        return Ok(None);
    };
    let inputs: Vec<InputRef> = resumed.wanted.iter().map(|it| it.1.clone()).collect();
    let listing = listing(&resumed.graph, &inputs);
    let after = trace.after(&db, &resumed, &texts[..]);
    let trace =
        after.and_then(|(trace, texts)| Some((trace.encode()?, texts.concat().into_bytes())));
    Ok(trace.map(|trace| (listing, trace)))
}

/// A graph, with all that is not in its ids, and what is wanted of it.
fn listing(graph: &Graph, wanted: &[InputRef]) -> String {
    let mut out = String::new();
    for (node, id) in graph.nodes().iter().zip(graph.ids()) {
        let Node { derivation, title, urls, import, limits } = node;
        let own = derivation.id();
        let _ = writeln!(out, "{title} {id} {own} {urls:?} {import:?} {limits:?}");
    }
    let _ = writeln!(out, "wanted {wanted:?}");
    out
}

/// What a set asks for.
fn request(set: &Set, db: &Database) -> SetupRequest {
    let mut request = SetupRequest {
        machine: ("x86_64".into(), "linux".into()),
        project: set.files.contains_key(PROJECT).then(|| db.file(PROJECT)),
        project_wishes: match set.wishes.is_empty() {
            true => ProjectWishes::Wanted,
            false => ProjectWishes::Named,
        },
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
    request
}

/// What comes out of a set, as text.
pub(crate) fn outcome(set: &Set, db: &Database, threads: NonZeroUsize) -> String {
    let request = request(set, db);
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
    let solution = match solve(&packages, &setup, threads) {
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
