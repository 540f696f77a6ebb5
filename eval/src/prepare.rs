//! Looks ahead, on all cores: what `setup` and `solve` will ask for is there when they do.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use kiln_lang::module::{Expr, Module, Name, StmtKind};
use kiln_lang::{FastSet, FileId, on_threads, with_stack};

use crate::evaluate::Packages;
use crate::layers::SetupRequest;
use crate::package::Package;

/// Reads, checks and evaluates every package that the packages of a request may need, on this many
/// threads.
///
/// It changes nothing but the time that the stages after it take: they find what they ask for
/// already derived, or derive it themselves.
pub fn prepare(packages: &Packages<'_>, request: &SetupRequest, threads: NonZeroUsize) {
    let work = Work::default();
    let files = request.project.iter().chain(&request.overrides).chain(&request.specs);
    for file in files {
        named(packages, *file, &work);
    }
    let evaluate = |task: Task<'_>| {
        if let Some(package) = packages.get(&task.name) {
            task.add(needs(&package));
        }
    };
    with_stack(|| {
        // A thread costs as much as a few packages, and most requests need no more than that.
        let mut first = None;
        while work.is_small() {
            let Some(task) = work.take(0) else { return };
            announce(packages, &task);
            if work.is_small() {
                evaluate(task);
            } else {
                first = Some(task);
            }
        }
        let first = Mutex::new(first);
        let next = AtomicUsize::new(0);
        on_threads(threads, || {
            let task = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            task.into_iter().for_each(evaluate);
            let thread = next.fetch_add(1, Ordering::Relaxed);
            while let Some(task) = work.take(thread) {
                announce(packages, &task);
                evaluate(task);
            }
        });
        packages.end_looking_ahead();
    });
}

/// Adds the packages that a recipe names, before it is checked: that looks at all of these, and while
/// one thread does it for a recipe that names thousands, the others begin with them. They begin with
/// the last, as the check does with the first, so that the two do not wait for each other.
fn announce(packages: &Packages<'_>, task: &Task<'_>) {
    let db = packages.db();
    let Some(file) = db.package(&task.name) else { return };
    let lowered = db.lowered(file);
    let module: &Module = &lowered.module;
    let stmts = module.root.map(|it| &module.bodies[it].stmts).into_iter().flatten();
    task.add(stmts.rev().filter_map(|stmt| match &stmt.kind {
        StmtKind::Dep(dep) => dep.spec.package_name(),
        _ => None,
    }));
}

/// How many packages are worth another thread.
const PACKAGES_MIN: usize = 12;

/// The packages that a layer names: what it wants, and what it sets.
fn named(packages: &Packages<'_>, file: FileId, work: &Work) {
    let lowered = packages.db().lowered(file);
    let module: &Module = &lowered.module;
    for stmt in module.root.map(|it| &module.bodies[it].stmts).into_iter().flatten() {
        match &stmt.kind {
            StmtKind::Want(wants) | StmtKind::Publish(wants) => {
                work.add(0, wants.iter().filter_map(|it| it.spec.package_name()));
            }
            // `providers.mpi = openmpi`
            StmtKind::Setting(setting)
                if setting.path.first().is_some_and(|it| it.name == "providers") =>
            {
                if let Expr::Name(name) = &module.exprs[setting.value] {
                    work.add(0, [name]);
                }
            }
            _ => {}
        }
    }
}

/// The packages that a package may need, whatever is chosen.
fn needs(package: &Package) -> impl Iterator<Item = &Name> {
    let exports = package.exports.iter().map(|it| &it.dep);
    package.all_deps().chain(exports).map(|it| &it.package)
}

/// Names of packages that threads share: each is worked on once.
#[derive(Default)]
struct Work {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// For each thread what the packages that it works on need, the last on top.
    open: Vec<VecDeque<Name>>,
    seen: FastSet<Name>,
    /// How many are being worked on: they may bring more.
    busy: usize,
    /// How many threads wait for a name.
    waiting: usize,
}

impl Work {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds names to what a thread has found.
    fn add<'n>(&self, thread: usize, names: impl IntoIterator<Item = &'n Name>) {
        let mut state = self.state();
        if state.open.len() <= thread {
            state.open.resize_with(thread + 1, VecDeque::new);
        }
        for name in names {
            if !state.seen.contains(name) {
                state.seen.insert(name.clone());
                state.open[thread].push_back(name.clone());
                if state.waiting > 0 {
                    self.changed.notify_one();
                }
            }
        }
    }

    /// Whether one thread does it sooner.
    fn is_small(&self) -> bool {
        self.state().seen.len() < PACKAGES_MIN
    }

    /// Waits for a name; there is none once all are done.
    ///
    /// A thread takes what it found last, whose dependents it has just read. Where it has found
    /// nothing it takes what another found first: far from what that works on, so that the two
    /// rarely wait for each other in the database.
    fn take(&self, thread: usize) -> Option<Task<'_>> {
        let mut state = self.state();
        loop {
            let own = state.open.get_mut(thread).and_then(VecDeque::pop_back);
            let name = own.or_else(|| state.open.iter_mut().find_map(VecDeque::pop_front));
            if let Some(name) = name {
                state.busy += 1;
                return Some(Task { name, work: self, thread });
            }
            if state.busy == 0 {
                return None;
            }
            state.waiting += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }
}

/// A name that a thread works on; it is done when this goes, however that comes about.
struct Task<'w> {
    name: Name,
    work: &'w Work,
    /// The thread that works on it.
    thread: usize,
}

impl Task<'_> {
    fn add<'n>(&self, names: impl IntoIterator<Item = &'n Name>) {
        self.work.add(self.thread, names);
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        let mut state = self.work.state();
        state.busy -= 1;
        if state.busy == 0 {
            self.work.changed.notify_all();
        }
    }
}
