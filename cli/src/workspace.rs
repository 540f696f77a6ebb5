//! From the command line to derivations: the way that most commands begin with.
//!
//! ```text
//! wishes ─setup─▶ layers ─solve─▶ Solution ─derive─▶ Graph
//! ```

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use kiln_eval::{
    Derived, KnownPackages, LOCK_FILE, Lock, LockChange, LockRecorder, NodeId, Packages,
    ProjectWishes, RequestKind, Session, Setup, SetupRequest, Solution, Test, Value, Wish, derive,
    derive_tests, prepare, published, setup, solve,
};
use kiln_lang::module::{ModuleKind, Name, Role, StmtKind};
use kiln_lang::{Code, Database, Diagnostic, FileId, PROJECT_FILE, World as _};

use crate::args::{Layers, Locking, Wishes};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::lockfile::LockFile;
use crate::render;
use crate::spec::{canonical, of_instance};
use crate::stamp::Stamp;
use crate::terminal::Terminal;
use crate::world::{DiskWorld, STD, Seen};

/// Recipes and layers, read; nothing solved yet.
pub(crate) struct Workspace {
    pub(crate) db: Database,
    known: Arc<KnownPackages>,
    pub(crate) request: SetupRequest,
    /// Where the project's lock is, if there is a project.
    pub(crate) lock_file: Option<LockFile>,
    locking: Locking,
    terminal: Terminal,
    quiet: bool,
    /// What was looked at on the disk.
    seen: Seen,
    /// What was looked at by an earlier run of the same request, and is as it was.
    seen_before: Cell<Arc<[(&'static str, Stamp)]>>,
    was_shown: Cell<bool>,
}

/// How much of what is wanted is named in a message.
const WANTS_SHOWN: usize = 4;

/// What a workspace was solved to.
pub(crate) struct Solved {
    pub(crate) setup: Setup,
    pub(crate) solution: ManuallyDrop<Solution>,
    /// What asked for it.
    kind: RequestKind,
    /// What the project has locked.
    lock: Option<Lock>,
}

/// What several wishes were solved to, each by itself.
#[derive(Default)]
pub(crate) struct Solutions {
    pub(crate) solved: Vec<Solved>,
    /// Those that have no solution, as they are written; why was shown.
    pub(crate) unsolved: Vec<String>,
}

impl Solutions {
    /// How the request fares if everything else goes well.
    pub(crate) fn exit(&self) -> Exit {
        if self.unsolved.is_empty() { Exit::Done } else { Exit::Author }
    }
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
        let world = DiskWorld::default();
        let mut roots: Vec<String> = Vec::new();
        for folder in &layers.recipes {
            roots.push(folder_text(folder)?);
        }
        if let Some(project) = &project {
            roots.extend(roots_of_project(&world, project));
        }
        roots.push(STD.to_owned());
        // A folder that is named twice is one.
        let mut named = BTreeSet::new();
        roots.retain(|it| named.insert(it.clone()));
        let seen = world.seen();
        let db = Database::new(Arc::new(world), roots);
        if let Some((root, error)) = db.root_errors().first() {
            let named = project.as_ref().and_then(|it| used_at(it, root));
            let named = named.map_or(String::new(), |it| format!("; {it} names this folder"));
            return Err(Fail::Usage(format!(
                "cannot read the recipes in `{root}`: {error}{named}"
            )));
        }
        let mut request = SetupRequest {
            machine: this_machine(),
            target: target(&db, layers)?,
            ..SetupRequest::default()
        };
        let lock_file = project.as_ref().map(|it| LockFile::of(&db, it));
        request.project = project.map(|it| db.file(&it.display().to_string()));
        for file in &layers.overrides {
            request.overrides.push(db.file(&absolute(file)?.display().to_string()));
        }
        let (locking, was_shown) = (Locking::default(), Cell::new(false));
        let (known, seen_before) = (Arc::default(), Cell::default());
        Ok(Workspace {
            db,
            known,
            request,
            lock_file,
            locking,
            terminal,
            quiet,
            seen,
            seen_before,
            was_shown,
        })
    }

    /// Adds what the command line wants. The project's own wishes say how it is wanted, and are wanted
    /// only without. [solve.8]
    pub(crate) fn wish(&mut self, specs: &[String]) -> Result<(), Fail> {
        if !specs.is_empty() {
            self.request.project_wishes = ProjectWishes::Named;
        }
        for spec in self.canonical(specs) {
            let file = self.db.add_spec("command line", &spec);
            self.request.specs.push(file);
        }
        if specs.is_empty() && self.request.project.is_none() {
            return Err(Fail::Usage(
                "nothing is wanted: name a package, or write a project.kiln with `want …`".into(),
            ));
        }
        Ok(())
    }

    /// Specs of the command line in the spelling of files.
    pub(crate) fn canonical(&self, specs: &[String]) -> Vec<String> {
        let project = self.request.project.filter(|_| !specs.is_empty());
        let aliases = project.map_or_else(Vec::new, |it| kiln_lang::aliases(&self.db, it));
        specs.iter().map(|it| of_instance(&canonical(it), &aliases)).collect()
    }

    /// Adds these packages as wishes, each as its recipe and the layers have it, whatever the project
    /// wants.
    pub(crate) fn wish_each(&mut self, packages: &[String]) -> Result<(), Fail> {
        self.wish(packages)?;
        self.request.project_wishes = ProjectWishes::Ignored;
        Ok(())
    }

    /// Opens a workspace and adds wishes.
    pub(crate) fn with(
        wishes: &Wishes,
        terminal: Terminal,
        quiet: bool,
    ) -> Result<Workspace, Fail> {
        let mut workspace = Workspace::with_layers(wishes, terminal, quiet)?;
        workspace.wish(&wishes.specs)?;
        Ok(workspace)
    }

    /// Opens a workspace for wishes that come from elsewhere.
    pub(crate) fn with_layers(
        wishes: &Wishes,
        terminal: Terminal,
        quiet: bool,
    ) -> Result<Workspace, Fail> {
        let mut workspace = Workspace::open(&wishes.layers, terminal, quiet)?;
        workspace.locking = wishes.locking;
        Ok(workspace)
    }

    /// What was looked at on the disk to find all this out; nothing if something was said about it,
    /// which has to be said again.
    pub(crate) fn seen(&self) -> Option<Seen> {
        if self.was_shown.get() {
            return None;
        }
        let mut seen = self.seen.lock().unwrap_or_else(|it| it.into_inner());
        for (path, stamp) in &*self.seen_before.take() {
            seen.entry(path.into()).or_insert(*stamp);
        }
        drop(seen);
        Some(self.seen.clone())
    }

    /// Notes what an earlier run of the same request has looked at, and what is as it was then: this
    /// one looks only at what has changed.
    pub(crate) fn has_seen_before(&self, all: Arc<[(&'static str, Stamp)]>) {
        self.seen_before.set(all);
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

    /// Shows diagnostics that end the command, and says that they do.
    pub(crate) fn refused(&self, diagnostics: &[Diagnostic]) -> Fail {
        self.show(diagnostics).err().unwrap_or(Fail::Shown(Exit::Author))
    }

    /// Chooses versions and options.
    pub(crate) fn solve(&self) -> Result<Solved, Fail> {
        let (setup, lock) = self.setup_with_lock()?;
        if setup.wishes.is_empty() {
            return Err(Fail::Usage(
                "the project wants nothing: add `want …` to it, or name a package".into(),
            ));
        }
        let is_project = self.request.specs.is_empty();
        let kind = if is_project { RequestKind::Project } else { RequestKind::Asked };
        let solved = self.solve_setup(setup, kind, lock)?;
        self.warn_of_unused(std::slice::from_ref(&solved))?;
        Ok(solved)
    }

    /// Chooses versions and options for each of these wishes by itself. What has no solution is shown,
    /// and with `keep_going` left out.
    pub(crate) fn solve_each(
        &self,
        wishes: Vec<Wish>,
        kind: RequestKind,
        keep_going: bool,
    ) -> Result<Solutions, Fail> {
        let (setup, lock) = self.setup_with_lock()?;
        let mut all = Solutions::default();
        for wish in wishes {
            let spec = wish.spec();
            let setup = Setup { wishes: vec![wish], ..setup.clone() };
            match self.solve_setup(setup, kind, lock.clone()) {
                Ok(solved) => all.solved.push(solved),
                Err(_) if keep_going => all.unsolved.push(spec),
                Err(fail) => return Err(fail),
            }
        }
        // What has no solution may need anything.
        if all.unsolved.is_empty() {
            self.warn_of_unused(&all.solved)?;
        }
        Ok(all)
    }

    /// Warns of override files of the command line whose package is in none of these solutions. What
    /// a project includes, and overlays, are for all that may be wanted. [lang.layers.7]
    fn warn_of_unused(&self, all: &[Solved]) -> Result<(), Fail> {
        let mut unused = Vec::new();
        for file in &self.request.overrides {
            let env = self.db.env(*file);
            let module = env.module();
            let Some(own) = module.name.as_ref() else { continue };
            if module.kind != Some(ModuleKind::Override) || self.is_used(&own.name, all) {
                continue;
            }
            let wants: Vec<String> = all.iter().flat_map(Solved::wants).collect();
            let wants = kiln_lang::some_of(&wants, WANTS_SHOWN);
            let message = format!(
                "`{}` is no part of what is wanted: this override changes nothing",
                own.name
            );
            let range = self.db.span(*file, own.span);
            let diagnostic = Diagnostic::new(Code::NoEffect, *file, range, message)
                .help(format!("wanted: {wants}; `kiln graph` shows all that is part of it"));
            unused.push(diagnostic);
        }
        self.show(&unused)
    }

    /// Whether a package is in one of these solutions, or may be in one of what their tests need.
    fn is_used(&self, name: &Name, all: &[Solved]) -> bool {
        let nodes = || all.iter().flat_map(|it| &it.solution.nodes);
        if nodes().any(|it| it.package.name == *name) {
            return true;
        }
        let packages = self.packages();
        let deps = nodes().flat_map(|it| it.package.all_deps());
        let mut open: Vec<Name> =
            deps.filter(|it| it.role == Role::Test).map(|it| it.package.clone()).collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if let Some(package) = packages.get(&next)
                && seen.insert(next)
            {
                open.extend(package.all_deps().map(|it| it.package.clone()));
            }
        }
        seen.contains(name)
    }

    /// The names of all packages that have a recipe in a folder of the user's own; of the standard
    /// ones if there are none.
    pub(crate) fn package_names(&self) -> Vec<String> {
        let recipe = |it: &str| Some((it.to_owned(), self.db.find(it, &[ModuleKind::Recipe])?));
        let all: Vec<(String, FileId)> = self.db.stems().filter_map(recipe).collect();
        let is_own = |it: &FileId| !self.db.path(*it).starts_with(STD);
        let has_own = all.iter().any(|it| is_own(&it.1));
        all.into_iter().filter(|it| !has_own || is_own(&it.1)).map(|it| it.0).collect()
    }

    /// The packages, which all stages share.
    pub(crate) fn packages(&self) -> Packages<'_> {
        Packages::sharing(&self.db, &self.known)
    }

    /// Reads the layers and wishes, and the lock, which is preferred.
    fn setup_with_lock(&self) -> Result<(Setup, Option<Lock>), Fail> {
        let lock = self.lock()?;
        let prefer = lock.as_ref().map(Lock::preferences).unwrap_or_default();
        Ok((Setup { prefer, ..self.setup()? }, lock))
    }

    /// Reads the layers and wishes.
    pub(crate) fn setup(&self) -> Result<Setup, Fail> {
        let packages = self.packages();
        prepare(&packages, &self.request, threads());
        // The process ends soon after, and what is known of thousands of packages takes longer to
        // take apart than to leave.
        self.db.keep_until_exit();
        match setup(&self.db, &self.request) {
            Ok((setup, warnings)) => {
                self.show(&warnings)?;
                Ok(setup)
            }
            Err(diagnostics) => Err(self.refused(&diagnostics)),
        }
    }

    /// Reads the layers and wishes, if there is nothing to say about them, and evaluates no package
    /// ahead.
    pub(crate) fn quiet_setup(&self) -> Option<Setup> {
        let (setup, warnings) = setup(&self.db, &self.request).ok()?;
        warnings.is_empty().then_some(setup)
    }

    /// Reads the layers, with these specs as the only wishes.
    pub(crate) fn setup_of(&self, specs: &[String]) -> Result<Setup, Fail> {
        let mut request = self.request.clone();
        request.project_wishes = ProjectWishes::Named;
        request.specs = specs.iter().map(|it| self.db.add_spec("kiln lock", it)).collect();
        match setup(&self.db, &request) {
            Ok((setup, _)) => Ok(setup),
            Err(diagnostics) => Err(self.refused(&diagnostics)),
        }
    }

    /// Chooses versions and options for a setup that is whole.
    pub(crate) fn solve_setup(
        &self,
        setup: Setup,
        kind: RequestKind,
        lock: Option<Lock>,
    ) -> Result<Solved, Fail> {
        let packages = self.packages();
        match solve(&packages, &setup, threads()) {
            Ok((solution, warnings)) => {
                self.show(&warnings)?;
                Ok(Solved { setup, solution: ManuallyDrop::new(solution), kind, lock })
            }
            Err(diagnostics) => Err(self.refused(&diagnostics)),
        }
    }

    /// What was solved, and with each package that is wanted as a whole those of its outputs that
    /// have tests and are there; nothing if there are none. It is not compared with the lock, which
    /// knows what is wanted.
    pub(crate) fn with_tested_outputs(&self, solved: &Solved) -> Option<Solved> {
        let packages = self.packages();
        let mut session = Session::new(&packages, &solved.setup);
        let mut wishes: Vec<Wish> = solved.setup.wishes.clone();
        let mut whole = None;
        let own = solved.setup.wishes.iter().filter(|it| !it.is_below && it.output.is_none());
        for wish in own {
            let Some(package) = packages.get(&wish.package) else { continue };
            let named = package.tests.iter().filter_map(|it| it.of.clone());
            let mut outputs: Vec<Name> = Vec::new();
            for output in named.filter(|it| *it != package.name) {
                if !outputs.contains(&output) {
                    outputs.push(output);
                }
            }
            for output in outputs {
                // Whether there is such an output follows from the options of the package.
                let mut with = wishes.clone();
                let behind = |it: &Wish| it.place == wish.place;
                let at = with.iter().rposition(behind).map_or(with.len(), |it| it + 1);
                with.insert(at, Wish { output: Some(Box::new(output)), ..wish.clone() });
                if let Ok((solution, _)) = session.solve(&with) {
                    whole = Some(solution);
                    wishes = with;
                }
            }
        }
        let setup = Setup { wishes, ..solved.setup.clone() };
        let kind = solved.kind;
        whole.map(|it| Solved { setup, solution: ManuallyDrop::new(it), kind, lock: None })
    }

    /// Makes derivations, and compares what was chosen with the lock.
    pub(crate) fn derive(&self, solved: &Solved) -> Result<Derived, Fail> {
        Ok(self.derive_each(std::slice::from_ref(solved))?.pop().unwrap_or_default())
    }

    /// As [`derive`](Self::derive), of several solutions; what differs from the lock is said once.
    pub(crate) fn derive_each(&self, solved: &[Solved]) -> Result<Vec<Derived>, Fail> {
        let mut all = Vec::new();
        let mut changes: Vec<LockChange> = Vec::new();
        for it in solved {
            let derived = self.derive_unlocked(it)?;
            for change in self.changes(it, &derived) {
                if !changes.contains(&change) {
                    changes.push(change);
                }
            }
            all.push(derived);
        }
        // What is built for another machine once cannot be as it is locked.
        if !self.locking.locked && changes.iter().any(LockChange::is_elsewhere) {
            changes.clear();
        }
        if let Some(lock_file) = self.lock_file.as_ref().filter(|_| !changes.is_empty()) {
            let asked: Vec<String> = match solved.iter().all(|it| it.kind == RequestKind::Asked) {
                true => solved.iter().flat_map(Solved::wants).collect(),
                false => Vec::new(),
            };
            self.show(&[lock_file.differs(&self.db, &changes, &asked, self.locking.locked)])?;
        }
        Ok(all)
    }

    /// Makes derivations of the tests of these packages, beside those of the packages.
    pub(crate) fn derive_tests(
        &self,
        solved: &Solved,
        derived: Derived,
        packages: &[NodeId],
    ) -> Result<(Derived, Vec<Test>), Fail> {
        let all = self.packages();
        let threads = threads();
        match derive_tests(&all, &solved.setup, &solved.solution, derived, packages, threads) {
            Ok((derived, tests, warnings)) => {
                self.show(&warnings)?;
                Ok((derived, tests))
            }
            Err(diagnostics) => Err(self.refused(&diagnostics)),
        }
    }

    /// Makes derivations, whatever the lock says.
    pub(crate) fn derive_unlocked(&self, solved: &Solved) -> Result<Derived, Fail> {
        match derive(&self.db, &solved.setup, &solved.solution, threads()) {
            Ok((derived, warnings)) => {
                self.show(&warnings)?;
                Ok(derived)
            }
            Err(diagnostics) => Err(self.refused(&diagnostics)),
        }
    }

    //------ the lock

    /// Reads the project's lock; none if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or there must be one.
    pub(crate) fn lock(&self) -> Result<Option<Lock>, Fail> {
        let lock = match &self.lock_file {
            None => None,
            Some(lock_file) => match lock_file.read(&self.db) {
                Ok(lock) => lock,
                Err(bad) => return Err(self.refused(&[*bad])),
            },
        };
        if self.locking.locked && lock.is_none() {
            return Err(self.no_lock("--locked"));
        }
        Ok(lock)
    }

    /// What to say where a lock must be and none is.
    pub(crate) fn no_lock(&self, asked_by: &str) -> Fail {
        Fail::Usage(match &self.lock_file {
            Some(it) => format!(
                "{asked_by} needs a lock, and there is no `{}`: `kiln lock` writes it",
                it.shown()
            ),
            None => format!(
                "{asked_by} needs the {LOCK_FILE} of a project, and there is no project.kiln here or above"
            ),
        })
    }

    /// What is chosen otherwise than the lock has it; nothing without a lock.
    pub(crate) fn changes(&self, solved: &Solved, derived: &Derived) -> Vec<LockChange> {
        let (Some(lock), Some(lock_file)) = (&solved.lock, &self.lock_file) else {
            return Vec::new();
        };
        let mut recorder = LockRecorder::new(&self.db, &lock_file.folder());
        recorder.add(solved.kind, solved.wants(), &solved.solution, derived);
        let mut changes = lock.changes(&recorder.finish());
        changes.retain(LockChange::is_choice);
        changes
    }

    //------ what is published

    /// What the project and the recipes in its own folders publish, each spec once.
    pub(crate) fn published(&self, setup: &Setup) -> Result<Vec<Wish>, Fail> {
        let paths: Vec<String> =
            self.db.root_paths().filter(|it| !it.starts_with(STD)).map(str::to_owned).collect();
        let files: Vec<FileId> = paths.iter().map(|it| self.db.file(it)).collect();
        let wishes = self.published_in(setup, &files)?;
        Ok(each_once(setup.publish.iter().cloned().chain(wishes)))
    }

    /// What is published of a package: by the project, and by its recipe.
    pub(crate) fn published_of(&self, setup: &Setup, package: &str) -> Result<Vec<Wish>, Fail> {
        let recipe: Vec<FileId> = self.db.package(package).into_iter().collect();
        let all = setup.publish.iter().cloned().chain(self.published_in(setup, &recipe)?);
        Ok(each_once(all.filter(|it| it.package == package)))
    }

    /// What recipes publish; fails if one that publishes something is wrong.
    fn published_in(&self, setup: &Setup, files: &[FileId]) -> Result<Vec<Wish>, Fail> {
        let mut wishes = Vec::new();
        let mut diagnostics = Vec::new();
        for file in files {
            let env = self.db.env(*file);
            let module = env.module();
            let mut stmts = module.root.map(|it| &module.bodies[it].stmts).into_iter().flatten();
            if module.kind == Some(ModuleKind::Recipe)
                && stmts.any(|it| matches!(it.kind, StmtKind::Publish(_)))
            {
                let checked = self.db.checked(*file);
                diagnostics.extend(checked.diagnostics.iter().filter(|it| it.is_error()).cloned());
                let (found, wrong) = published(&self.db, setup, *file);
                wishes.extend(found);
                // Of a recipe that is wrong, that says enough.
                if !checked.has_errors() {
                    diagnostics.extend(wrong);
                }
            }
        }
        self.show(&diagnostics)?;
        Ok(wishes)
    }
}

fn each_once(wishes: impl Iterator<Item = Wish>) -> Vec<Wish> {
    let mut all: Vec<Wish> = Vec::new();
    for wish in wishes {
        if !all.iter().any(|it| it.spec() == wish.spec()) {
            all.push(wish);
        }
    }
    all
}

impl Solved {
    /// Whether the project has locked something.
    pub(crate) fn has_lock(&self) -> bool {
        self.lock.is_some()
    }

    /// What was asked for, as it is written.
    pub(crate) fn wants(&self) -> Vec<String> {
        self.setup.wishes.iter().filter(|it| !it.is_below).map(Wish::spec).collect()
    }

    /// What it is built for, and what it is built on, if the latter cannot run the former.
    pub(crate) fn elsewhere(&self) -> Option<(String, String)> {
        let kind = |of: &BTreeMap<Name, Value>| {
            let part = |it: &str| of.get(it).map_or_else(String::new, Value::to_string);
            format!("{}-{}", part("cpu"), part("os"))
        };
        let (platform, machine) = (kind(&self.setup.platform), kind(&self.setup.machine));
        (platform != machine).then_some((platform, machine))
    }
}

/// How many threads evaluation may use. They change its speed and nothing else.
pub(crate) fn threads() -> NonZeroUsize {
    kiln_store::cores()
}

/// The kind of machine that this program is made for, and so runs on.
pub(crate) fn this_machine() -> (String, String) {
    (std::env::consts::ARCH.to_owned(), std::env::consts::OS.to_owned())
}

/// The instruction set and the system that `--target` names.
fn target(db: &Database, layers: &Layers) -> Result<Option<(String, String)>, Fail> {
    let Some(text) = &layers.target else { return Ok(None) };
    let schema = db.schema(Database::PLATFORM);
    let words = |name: &str| -> Vec<&str> {
        let option = schema.mixin("platform").and_then(|it| it.2.get(name));
        let words = option.and_then(|it| it.ty.words());
        words.into_iter().flat_map(|it| it.values.iter().map(Name::as_str)).collect()
    };
    let (cpus, systems) = (words("cpu"), words("os"));
    let (cpu, system) = text.split_once('-').unwrap_or((text, ""));
    // What the parts are called here, if they have other names elsewhere.
    let known = |part: &str, all: &[&str], otherwise: &[(&str, &str)]| {
        let is_other = |it: &&(&str, &str)| part.split('-').any(|word| word == it.0);
        let known = all.iter().find(|it| **it == part).map(|it| (*it).to_owned());
        known.or_else(|| otherwise.iter().find(is_other).map(|it| it.1.to_owned()))
    };
    let found = (known(cpu, &cpus, CPUS_ELSEWHERE), known(system, &systems, SYSTEMS_ELSEWHERE));
    if found == (Some(cpu.to_owned()), Some(system.to_owned())) {
        return Ok(Some((cpu.to_owned(), system.to_owned())));
    }
    let unknown = match &found {
        (None, _) => Some(("cpu", cpu, &cpus)),
        (_, None) if !system.is_empty() => Some(("os", system, &systems)),
        _ => None,
    };
    let message = match (unknown, found) {
        (Some((kind, part, all)), _) => {
            let near = kiln_lang::nearest(part, all.iter().copied());
            let (near, all) = (kiln_lang::did_you_mean(&near), kiln_lang::list(all, "and"));
            format!(
                "`{text}` is no target: there is no {kind} called `{part}`{near}; there are {all}"
            )
        }
        (None, (cpu, system)) => {
            let (cpu, system) = (cpu.unwrap_or_default(), system.unwrap_or("linux".into()));
            let libc = ["gnu", "musl"].into_iter().find(|it| text.ends_with(it));
            let libc = libc.map_or("", |_| "; which C library it has, `toolchain.libc` says");
            format!("`{text}` is no target: write `--target {cpu}-{system}`{libc}")
        }
    };
    Err(Fail::Usage(message))
}

/// What instruction sets are called elsewhere, and here.
const CPUS_ELSEWHERE: &[(&str, &str)] = &[
    ("amd64", "x86_64"),
    ("x64", "x86_64"),
    ("x86", "i686"),
    ("i386", "i686"),
    ("i586", "i686"),
    ("arm64", "aarch64"),
    ("armhf", "armv7"),
    ("armv7l", "armv7"),
    ("ppc64el", "ppc64le"),
    ("powerpc64le", "ppc64le"),
    ("riscv64gc", "riscv64"),
];

/// What systems are called in the names of other tools, and here.
const SYSTEMS_ELSEWHERE: &[(&str, &str)] =
    &[("linux", "linux"), ("darwin", "macos"), ("windows", "windows"), ("win32", "windows")];

/// `project.kiln` in this folder or the nearest one above that has it.
pub(crate) fn find_project() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|it| it.join(PROJECT_FILE)).find(|it| it.is_file())
}

/// Layers with the folders among these paths as folders of recipes, if no project says which are: what
/// lies in one and is looked at together is meant for each other.
pub(crate) fn with_folders(layers: &Layers, paths: &[PathBuf]) -> Layers {
    let mut layers = layers.clone();
    if layers.project.is_none() && (layers.no_project || find_project().is_none()) {
        layers.recipes.extend(paths.iter().filter(|it| it.is_dir()).cloned());
    }
    layers
}

/// The folders of recipes that a project names: `use "./recipes"`.
fn roots_of_project(world: &DiskWorld, project: &Path) -> Vec<String> {
    let path = project.display().to_string();
    let text = world.read(&path).map(|it| String::from_utf8(it.to_vec()));
    let Ok(Ok(text)) = text else { return Vec::new() };
    kiln_lang::recipe_folders(&path, &text)
}

/// Where a project names a folder of recipes: `project.kiln:3`.
fn used_at(project: &Path, folder: &str) -> Option<String> {
    let text = std::fs::read_to_string(project).ok()?;
    let path = project.display().to_string();
    // Each line by itself: a folder is named on one.
    let names = |line: &str| {
        let line = format!("project\n{}\n", line.trim());
        kiln_lang::recipe_folders(&path, &line).iter().any(|it| it == folder)
    };
    let line = text.lines().position(names)?;
    Some(format!("{}:{}", render::shown_path(&path), line + 1))
}

/// The path from the root, the same one for every way to write it: what is above a link is not what
/// its path says.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Fail> {
    let absolute = std::path::absolute(path)
        .map_err(|source| Fail::Io { what: format!("cannot find {}", path.display()), source })?;
    if absolute.components().all(|it| it != Component::ParentDir) {
        return Ok(absolute);
    }
    let parent = absolute.parent().and_then(|it| it.canonicalize().ok());
    Ok(match (parent, absolute.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => absolute.canonicalize().unwrap_or(absolute),
    })
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
    // These may lie among the recipes.
    let named: BTreeSet<FileId> = files.iter().copied().collect();
    let paths: Vec<String> = workspace.db.root_paths().map(str::to_owned).collect();
    for path in paths {
        if with_std || !path.starts_with(STD) {
            let file = workspace.db.file(&path);
            files.extend((!named.contains(&file)).then_some(file));
        }
    }
    files
}
