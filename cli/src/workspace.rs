//! From the command line to derivations: the way that most commands begin with.
//!
//! ```text
//! wishes ─setup─▶ layers ─solve─▶ Solution ─derive─▶ Graph
//! ```

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_eval::{Derived, Packages, Setup, SetupRequest, Solution, derive, prepare, setup, solve};
use kiln_lang::module::{ModuleKind, StmtKind};
use kiln_lang::{Database, Diagnostic, FileId};

use crate::args::{Layers, Wishes};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::render;
use crate::spec::canonical;
use crate::terminal::Terminal;
use crate::world::{DiskWorld, STD, Seen};

/// Recipes and layers, read; nothing solved yet.
pub(crate) struct Workspace {
    pub(crate) db: Database,
    pub(crate) request: SetupRequest,
    terminal: Terminal,
    quiet: bool,
    /// What was looked at on the disk.
    seen: Seen,
    was_shown: Cell<bool>,
}

/// What a workspace was solved to.
pub(crate) struct Solved {
    pub(crate) setup: Setup,
    pub(crate) solution: ManuallyDrop<Solution>,
}

impl Workspace {
    /// Finds the recipes and reads the layers.
    pub(crate) fn open(
        layers: &Layers,
        terminal: Terminal,
        quiet: bool,
    ) -> Result<Workspace, Fail> {
        let project = match (&layers.project, layers.no_project) {
            (Some(project), _) => Some(absolute(project)?),
            (None, true) => None,
            (None, false) => find_project(),
        };
        let mut roots = Vec::new();
        for folder in &layers.recipes {
            roots.push(folder_text(folder)?);
        }
        if let Some(project) = &project {
            roots.extend(roots_of_project(project));
        }
        roots.push(STD.to_owned());
        let world = DiskWorld::default();
        let seen = world.seen();
        let db = Database::new(Arc::new(world), roots);
        if let Some((root, error)) = db.root_errors().first() {
            return Err(Fail::Usage(format!("cannot read the recipes in `{root}`: {error}")));
        }
        let mut request = SetupRequest {
            machine: this_machine(),
            target: target(layers)?,
            ..SetupRequest::default()
        };
        request.project = project.map(|it| db.file(&it.display().to_string()));
        for file in &layers.overrides {
            request.overrides.push(db.file(&absolute(file)?.display().to_string()));
        }
        Ok(Workspace { db, request, terminal, quiet, seen, was_shown: Cell::new(false) })
    }

    /// Adds what the command line wants. The project's own wishes count only without.
    pub(crate) fn wish(&mut self, specs: &[String]) -> Result<(), Fail> {
        if !specs.is_empty() {
            self.request.ignore_project_wishes = true;
        }
        for spec in specs {
            let file = self.db.add_spec("command line", &canonical(spec));
            self.request.specs.push(file);
        }
        if specs.is_empty() && self.request.project.is_none() {
            return Err(Fail::Usage(
                "nothing is wanted: name a package, or write a project.kiln with `want …`".into(),
            ));
        }
        Ok(())
    }

    /// Opens a workspace and adds wishes.
    pub(crate) fn with(
        wishes: &Wishes,
        terminal: Terminal,
        quiet: bool,
    ) -> Result<Workspace, Fail> {
        let mut workspace = Workspace::open(&wishes.layers, terminal, quiet)?;
        workspace.wish(&wishes.specs)?;
        Ok(workspace)
    }

    /// What was looked at on the disk to find all this out; nothing if something was said about it,
    /// which has to be said again.
    pub(crate) fn seen(&self) -> Option<Seen> {
        (!self.was_shown.get()).then(|| self.seen.clone())
    }

    /// Shows diagnostics; fails if one is an error.
    pub(crate) fn show(&self, diagnostics: &[Diagnostic]) -> Result<(), Fail> {
        let shown: Vec<Diagnostic> =
            diagnostics.iter().filter(|it| it.is_error() || !self.quiet).cloned().collect();
        if !diagnostics.is_empty() {
            self.was_shown.set(true);
        }
        if !shown.is_empty() {
            eprint!("{}", render::render(&self.db, &shown, &self.terminal));
        }
        if diagnostics.iter().any(Diagnostic::is_error) {
            eprintln!("{}", render::summary(diagnostics));
            return Err(Fail::Shown(Exit::Author));
        }
        Ok(())
    }

    /// Chooses versions and options.
    pub(crate) fn solve(&self) -> Result<Solved, Fail> {
        let packages = Packages::new(&self.db);
        prepare(&packages, &self.request, threads());
        // The process ends soon after, and what is known of thousands of packages takes longer to
        // take apart than to leave.
        self.db.keep_until_exit();
        let (setup, warnings) = match setup(&self.db, &self.request) {
            Ok(done) => done,
            Err(diagnostics) => {
                return Err(self.show(&diagnostics).err().unwrap_or(Fail::Shown(Exit::Author)));
            }
        };
        self.show(&warnings)?;
        if setup.wishes.is_empty() {
            return Err(Fail::Usage(
                "the project wants nothing: add `want …` to it, or name a package".into(),
            ));
        }
        match solve(&packages, &setup) {
            Ok((solution, warnings)) => {
                self.show(&warnings)?;
                Ok(Solved { setup, solution: ManuallyDrop::new(solution) })
            }
            Err(diagnostics) => {
                Err(self.show(&diagnostics).err().unwrap_or(Fail::Shown(Exit::Author)))
            }
        }
    }

    /// Makes derivations.
    pub(crate) fn derive(&self, solved: &Solved) -> Result<Derived, Fail> {
        match derive(&self.db, &solved.setup, &solved.solution, threads()) {
            Ok((derived, warnings)) => {
                self.show(&warnings)?;
                Ok(derived)
            }
            Err(diagnostics) => {
                Err(self.show(&diagnostics).err().unwrap_or(Fail::Shown(Exit::Author)))
            }
        }
    }
}

/// How many threads evaluation may use. They change its speed and nothing else.
fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The machine that this program runs on.
pub(crate) fn this_machine() -> (String, String) {
    (std::env::consts::ARCH.to_owned(), std::env::consts::OS.to_owned())
}

fn target(layers: &Layers) -> Result<Option<(String, String)>, Fail> {
    match &layers.target {
        None => Ok(None),
        Some(text) => match text.split_once('-') {
            Some((cpu, os)) => Ok(Some((cpu.to_owned(), os.to_owned()))),
            None => Err(Fail::Usage(format!(
                "`{text}` is no target: write CPU-OS, such as aarch64-linux"
            ))),
        },
    }
}

/// `project.kiln` in this folder or the nearest one above that has it.
pub(crate) fn find_project() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|it| it.join("project.kiln")).find(|it| it.is_file())
}

/// The folders of recipes that a project names: `use "./recipes"`.
fn roots_of_project(project: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(project) else { return Vec::new() };
    let (module, _, _) = kiln_lang::module::lower(&kiln_lang::syntax::parse(&text));
    if module.kind != Some(ModuleKind::Project) {
        return Vec::new();
    }
    let path = project.display().to_string();
    let stmts = module.root.map(|it| &module.bodies[it].stmts).into_iter().flatten();
    stmts
        .filter_map(|it| match &it.kind {
            // `use "core"` names the standard recipes, which are there anyway.
            StmtKind::Use(it) if it.is_path && it.target.name.contains('/') => {
                Some(kiln_lang::env::resolve(&path, &it.target.name))
            }
            _ => None,
        })
        .collect()
}

fn absolute(path: &Path) -> Result<PathBuf, Fail> {
    std::path::absolute(path)
        .map_err(|source| Fail::Io { what: format!("cannot find {}", path.display()), source })
}

fn folder_text(folder: &Path) -> Result<String, Fail> {
    let absolute = absolute(folder)?;
    match absolute.to_str() {
        Some(text) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err(Fail::Usage(format!("the path `{}` is not UTF-8 text", folder.display()))),
    }
}

/// The files that `kiln check` looks at if none is named.
pub(crate) fn own_files(workspace: &Workspace, with_std: bool) -> Vec<FileId> {
    let mut files: Vec<FileId> = workspace.request.project.into_iter().collect();
    files.extend(&workspace.request.overrides);
    let paths: Vec<String> = workspace.db.root_paths().map(str::to_owned).collect();
    for path in paths {
        if with_std || !path.starts_with(STD) {
            files.push(workspace.db.file(&path));
        }
    }
    files
}
