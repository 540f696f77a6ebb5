//! Looks ahead, on all cores: what `setup` and `solve` will ask for is there when they do.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use kiln_lang::module::{Expr, Module, Name, PackageRef, StmtKind};
use kiln_lang::{FileId, on_threads, with_stack};

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
    let one = |task: Task<'_>| {
        if let Some(package) = packages.get(&task.name) {
            for name in needs(&package) {
                work.add(name);
            }
        }
    };
    with_stack(|| {
        // A thread costs as much as a few packages, and most requests need no more than that.
        while work.is_small() {
            match work.take() {
                Some(task) => one(task),
                None => return,
            }
        }
        on_threads(threads, || {
            while let Some(task) = work.take() {
                one(task);
            }
        });
    });
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
                for want in wants {
                    if let PackageRef::Named(name) = &want.spec.package {
                        work.add(&name.name);
                    }
                }
            }
            // `providers.mpi = openmpi`
            StmtKind::Setting(setting)
                if setting.path.first().is_some_and(|it| it.name == "providers") =>
            {
                if let Expr::Name(name) = &module.exprs[setting.value] {
                    work.add(name);
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
    open: Vec<Name>,
    seen: HashSet<Name>,
    /// How many are being worked on: they may bring more.
    busy: usize,
}

impl Work {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, name: &Name) {
        let mut state = self.state();
        if !state.seen.contains(name) {
            state.seen.insert(name.clone());
            state.open.push(name.clone());
            self.changed.notify_one();
        }
    }

    /// Whether one thread does it sooner.
    fn is_small(&self) -> bool {
        self.state().seen.len() < PACKAGES_MIN
    }

    /// Waits for a name; there is none once all are done.
    fn take(&self) -> Option<Task<'_>> {
        let mut state = self.state();
        loop {
            if let Some(name) = state.open.pop() {
                state.busy += 1;
                return Some(Task { name, work: self });
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A name that a thread works on; it is done when this goes, however that comes about.
struct Task<'w> {
    name: Name,
    work: &'w Work,
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
