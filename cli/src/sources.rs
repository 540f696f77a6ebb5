//! What a request downloads: of some specs with all that they need, or of all recipes there are.

use kiln_eval::{Assume, downloads, setup};
use kiln_lang::module::ModuleKind;
use kiln_lang::{Diagnostic, FileId};
use kiln_store::{Derivation, Graph};

use crate::args::Wishes;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::Terminal;
use crate::workshop::Again;
use crate::workspace::{Workspace, own_files};

/// The downloads of a request.
pub(crate) struct Requested {
    /// Downloads only, each once.
    pub(crate) graph: Graph,
    /// How the request fares if they are all there: recipes that are wrong have been shown.
    pub(crate) exit: Exit,
    /// What to type to ask for it again.
    pub(crate) again: Again,
}

/// Finds what is to be downloaded: for the wishes, or with `is_all` for every version of every
/// recipe.
pub(crate) fn requested(
    wishes: &Wishes,
    is_all: bool,
    terminal: Terminal,
    quiet: bool,
) -> Result<Requested, Fail> {
    if is_all {
        let workspace = Workspace::with_layers(wishes, terminal, quiet)?;
        let (graph, exit) = of_all(&workspace);
        return Ok(Requested { graph, exit, again: Again::of(wishes, &workspace.db) });
    }
    let workspace = Workspace::with(wishes, terminal, quiet)?;
    let solved = workspace.solve()?;
    let derived = workspace.derive(&solved)?;
    let mut graph = Graph::default();
    for node in derived.graph.nodes() {
        if matches!(&*node.derivation, Derivation::Fetch(_)) {
            graph.add(node.clone());
        }
    }
    Ok(Requested { graph, exit: Exit::Done, again: Again::of(wishes, &workspace.db) })
}

/// What is known of machines when nothing is solved: the values of `platform` and `machine`.
pub(crate) fn machines(workspace: &Workspace) -> Assume {
    let machines = setup(&workspace.db, &workspace.request).ok().map(|it| it.0);
    let (platform, machine) = machines.map(|it| (it.platform, it.machine)).unzip();
    Assume { version: None, defaults: true, platform, machine }
}

fn of_all(workspace: &Workspace) -> (Graph, Exit) {
    let assume = machines(workspace);
    let db = &workspace.db;
    let is_recipe = |it: &FileId| db.lowered(*it).module.kind == Some(ModuleKind::Recipe);
    let mut graph = Graph::default();
    let mut wrong: Vec<Diagnostic> = Vec::new();
    for file in own_files(workspace, true).into_iter().filter(is_recipe) {
        let checked = db.checked(file);
        // One recipe that is wrong must not keep the sources of the others away.
        if checked.has_errors() {
            wrong.extend(checked.diagnostics.iter().filter(|it| it.is_error()).cloned());
            continue;
        }
        let (found, mistakes) = downloads(db, file, &assume);
        wrong.extend(mistakes);
        for it in found {
            graph.add(it.node);
        }
    }
    let exit = match workspace.show(&wrong) {
        Ok(()) => Exit::Done,
        Err(fail) => fail.exit(),
    };
    (graph, exit)
}
