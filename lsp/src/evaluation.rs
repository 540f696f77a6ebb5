//! Evaluation in the background: what files come to in the end.
//!
//! One thread solves what the open files are about, after every edit that is followed by a moment
//! of quiet. Whoever shows values takes the last ones that there are, and says when they are old.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use kiln_eval::{
    LOCK_FILE, Lock, Packages, Preferences, ProjectWishes, Setup, SetupRequest, Solution, Target,
    derive, setup, solve,
};
use kiln_lang::module::{ModuleKind, Name};
use kiln_lang::{Database, Diagnostic, World as _};

use crate::facts::KnownFacts;
use crate::paths::{file_name, parent};
use crate::scope::{Scope, ScopeKey};
use crate::snapshot::Snapshot;

/// How long nothing must be typed before files are evaluated.
const QUIET: Duration = Duration::from_millis(200);

/// How many open files are evaluated by themselves, at most.
const SUBJECTS_MAX: usize = 12;

/// How many evaluated packages are kept for the next evaluation, at most; of more than that only
/// those of the solution are. They take some 25 kB each, and are made again in less time than a
/// moment of quiet.
const PACKAGES_KEPT_MAX: usize = 2_000;

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// What a project wants.
    Project(String),
    /// The package of an override file, with it, in the layers of a project.
    Override(ScopeKey, String),
    /// A package by itself.
    Package(ScopeKey, String),
}

/// What was found out.
pub(crate) struct Evaluated {
    /// How many edits there had been.
    pub(crate) generation: u64,
    /// What was solved, for people: `project.kiln`.
    pub(crate) label: String,
    pub(crate) db: Database,
    /// Nothing if there is no solution.
    pub(crate) solution: Option<Solution>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Everything that was found out last.
#[derive(Default)]
pub(crate) struct Evaluations {
    by_subject: RwLock<BTreeMap<Subject, Latest>>,
}

/// What was found out about a subject.
#[derive(Clone)]
struct Latest {
    found: Arc<Evaluated>,
    /// The last one with a solution: a line that is being written leaves none.
    solved: Option<Arc<Evaluated>>,
}

impl Evaluations {
    /// Returns what is known that matters to a file.
    pub(crate) fn facts(&self, scope: &ScopeKey, path: &str, generation: u64) -> KnownFacts {
        let all = self.by_subject.read().unwrap_or_else(PoisonError::into_inner);
        // Closest first: the file itself, then the project.
        let subjects = [
            Some(Subject::Override(scope.clone(), path.to_owned())),
            match scope {
                ScopeKey::Project(project) => Some(Subject::Project(project.clone())),
                ScopeKey::Folder(_) | ScopeKey::Loose => None,
            },
        ];
        let mut known: Vec<Arc<Evaluated>> =
            subjects.into_iter().flatten().filter_map(|it| all.get(&it)?.solved.clone()).collect();
        let packages = all.iter().filter_map(|(subject, latest)| match subject {
            Subject::Package(key, _) if key == scope => latest.solved.clone(),
            _ => None,
        });
        known.extend(packages);
        KnownFacts { known, generation }
    }

    /// Returns what is wrong with what was solved, of the subjects of a scope.
    pub(crate) fn of_scope(&self, scope: &ScopeKey) -> Vec<Arc<Evaluated>> {
        let all = self.by_subject.read().unwrap_or_else(PoisonError::into_inner);
        let own = |subject: &Subject| match (subject, scope) {
            (Subject::Project(project), ScopeKey::Project(mine)) => project == mine,
            (Subject::Override(key, _), _) => key == scope,
            _ => false,
        };
        all.iter().filter(|it| own(it.0)).map(|it| it.1.found.clone()).collect()
    }

    fn set(&self, subject: Subject, evaluated: Evaluated) {
        let mut all = self.by_subject.write().unwrap_or_else(PoisonError::into_inner);
        let found = Arc::new(evaluated);
        let solved = match (&found.solution, all.get(&subject)) {
            (Some(_), _) => Some(found.clone()),
            (None, before) => before.and_then(|it| it.solved.clone()),
        };
        all.insert(subject, Latest { found, solved });
    }

    fn keep(&self, subjects: &[Subject]) {
        let mut all = self.by_subject.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|it, _| subjects.contains(it));
    }
}

/// What the thread tells.
pub(crate) enum Told {
    /// Everything was evaluated as it was after so many edits.
    Done(u64),
    /// Evaluating this panicked. Nothing is known of it, until an edit.
    Panicked(String),
}

/// Starts the thread; it evaluates the last snapshot that it was given, and tells of it.
pub(crate) fn start(tell: impl Fn(Told) + Send + 'static) -> Sender<Snapshot> {
    let (sender, receiver) = channel::<Snapshot>();
    let builder = thread::Builder::new().name("kiln-evaluation".to_owned());
    let _ = builder.spawn(move || kiln_lang::with_stack(move || run(receiver, tell)));
    sender
}

fn run(receiver: Receiver<Snapshot>, tell: impl Fn(Told)) {
    while let Ok(mut snapshot) = receiver.recv() {
        loop {
            match receiver.recv_timeout(QUIET) {
                Ok(newer) => snapshot = newer,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let subjects = subjects(&snapshot);
        snapshot.evaluations.keep(&subjects.iter().map(|it| it.1.clone()).collect::<Vec<_>>());
        for (scope, subject) in subjects {
            if snapshot.is_stale() {
                break;
            }
            let evaluated =
                catch_unwind(AssertUnwindSafe(|| evaluate(&snapshot, &scope, &subject)));
            // What was found out last is not true of this text.
            let evaluated = evaluated.unwrap_or_else(|_| {
                let unknown = unknown(&snapshot, &scope, &subject);
                tell(Told::Panicked(unknown.label.clone()));
                unknown
            });
            snapshot.evaluations.set(subject, evaluated);
        }
        if !snapshot.is_stale() {
            tell(Told::Done(snapshot.generation));
        }
    }
}

/// What the open files are about.
fn subjects(snapshot: &Snapshot) -> Vec<(Scope, Subject)> {
    let mut found: Vec<(Scope, Subject)> = Vec::new();
    for scope in &*snapshot.scopes {
        if let Some(project) = scope.project() {
            found.push((scope.clone(), Subject::Project(project.to_owned())));
        }
    }
    for path in snapshot.documents.keys() {
        if found.len() >= SUBJECTS_MAX {
            break;
        }
        let Some(scope) = snapshot.scope(path) else { continue };
        let lowered = scope.db.lowered(scope.db.file(path));
        let name = lowered.module.name.as_ref().map(|it| it.name.to_string());
        let subject = match (lowered.module.kind, name) {
            (Some(ModuleKind::Override), Some(_)) => {
                Subject::Override(scope.key.clone(), path.clone())
            }
            (Some(ModuleKind::Recipe), Some(name)) => Subject::Package(scope.key.clone(), name),
            _ => continue,
        };
        if !found.iter().any(|it| it.1 == subject) {
            found.push((scope.clone(), subject));
        }
    }
    found
}

fn evaluate(snapshot: &Snapshot, scope: &Scope, subject: &Subject) -> Evaluated {
    let (db, request) = request(snapshot, scope, subject);
    let label = label(subject);
    let (solution, diagnostics) = match setup(&db, &request) {
        Err(diagnostics) => (None, diagnostics),
        Ok((setup, mut diagnostics)) => {
            let setup = Setup { prefer: locked(snapshot, subject), ..setup };
            match solve(&Packages::new(&db), &setup, NonZeroUsize::MIN) {
                Ok((solution, warnings)) => {
                    diagnostics.extend(warnings);
                    (Some(solution), diagnostics)
                }
                Err(errors) => {
                    diagnostics.extend(errors);
                    (None, diagnostics)
                }
            }
        }
    };
    db.forget_memos(PACKAGES_KEPT_MAX);
    Evaluated { generation: snapshot.generation, label, db, solution, diagnostics }
}

/// What is said of a subject that nothing is known of.
fn unknown(snapshot: &Snapshot, scope: &Scope, subject: &Subject) -> Evaluated {
    Evaluated {
        generation: snapshot.generation,
        label: label(subject),
        db: scope.db.apart(),
        solution: None,
        diagnostics: Vec::new(),
    }
}

/// A subject, for people.
fn label(subject: &Subject) -> String {
    match subject {
        Subject::Project(path) | Subject::Override(_, path) => file_name(path).to_owned(),
        Subject::Package(_, name) => format!("`{name}` by itself"),
    }
}

/// What is to be solved. Specs are added to a database of its own.
fn request(snapshot: &Snapshot, scope: &Scope, subject: &Subject) -> (Database, SetupRequest) {
    let db = scope.db.apart();
    let mut request =
        SetupRequest { machine: snapshot.config.machine.clone(), ..SetupRequest::default() };
    request.project = scope.project().map(|it| db.file(it));
    match subject {
        Subject::Project(_) => {}
        Subject::Override(_, path) => {
            let file = db.file(path);
            let lowered = db.lowered(file);
            request.overrides.push(file);
            if let Some(name) = &lowered.module.name {
                request.specs.push(db.add_spec("the override's package", &name.name));
            }
            request.project_wishes = ProjectWishes::Ignored;
        }
        Subject::Package(_, name) => {
            request.project = None;
            request.specs.push(db.add_spec("the package", name));
        }
    }
    (db, request)
}

/// What the lock beside the project says, as for every command that solves in it. A lock that cannot be
/// used counts as none: commands say what is wrong with it.
fn locked(snapshot: &Snapshot, subject: &Subject) -> Preferences {
    let (Subject::Project(project) | Subject::Override(ScopeKey::Project(project), _)) = subject
    else {
        return Preferences::default();
    };
    let text = lock_path(project).and_then(|it| snapshot.world.read(&it).ok());
    let lock = text.and_then(|it| Lock::read(&String::from_utf8_lossy(&it)).ok());
    lock.map(|it| it.preferences()).unwrap_or_default()
}

/// Where the lock of a project is.
pub(crate) fn lock_path(project: &str) -> Option<String> {
    Some(format!("{}/{LOCK_FILE}", parent(project)?.trim_end_matches('/')))
}

//------ lenses

/// Returns how many packages are rebuilt because of what a file sets of a package; nothing if that
/// cannot be told.
pub(crate) fn rebuilt_by(
    snapshot: &Snapshot,
    scope: &Scope,
    path: &str,
    package: &str,
) -> Option<usize> {
    let is_project = scope.project() == Some(path);
    let subject = if is_project {
        Subject::Project(path.to_owned())
    } else {
        Subject::Override(scope.key.clone(), path.to_owned())
    };
    let (db, request) = request(snapshot, scope, &subject);
    let (setup, _) = setup(&db, &request).ok()?;
    let setup = Setup { prefer: locked(snapshot, &subject), ..setup };
    let file = db.file(path);
    let target = Target::Package(Name::from(package));
    let mut without = setup.clone();
    for layer in without.layers.iter_mut().filter(|it| it.checked.file == file) {
        layer.settings.retain(|it| it.target != target);
    }
    let with = derivations(&db, &setup)?;
    if snapshot.is_stale() {
        return None;
    }
    let without = derivations(&db, &without)?;
    Some(with.iter().filter(|it| !without.contains(*it)).count())
}

/// The ids of the derivations of everything that is needed.
fn derivations(db: &Database, setup: &Setup) -> Option<std::collections::BTreeSet<String>> {
    let (solution, _) = solve(&Packages::new(db), setup, NonZeroUsize::MIN).ok()?;
    let (derived, _) = derive(db, setup, &solution, NonZeroUsize::MIN).ok()?;
    Some(derived.nodes.values().map(|it| it.derivation.to_string()).collect())
}
