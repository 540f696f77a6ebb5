//! Looking ahead: packages that do not follow from each other are sketched on all cores.
//!
//! Packages of the same height cannot depend on each other, but for those of a ring. While they are
//! settled, one after the other, other threads sketch those that come next. These see nothing of
//! the unit. A sketch is taken only if it is what would be made anew: if it follows from nothing
//! else in the unit, if the package is asked for the same as then, and if nothing has clashed. So
//! this changes how long settling takes, and nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use super::Given;
use super::board::Board;
use super::node::Sketch;
use super::order::Rank;
use super::unit::Need;

/// How many packages there must be for each thread: about as many as take as long as making one.
const BATCH: usize = 32;

/// Packages of the same height, in the order in which they are settled.
pub(super) struct Line<'l, 'a> {
    given: &'l Given<'a>,
    /// A unit of the same kind in which nothing has been settled.
    blank: Board,
    packages: Vec<Package>,
    /// The first package that no thread has begun with.
    next: AtomicUsize,
}

/// The sketches of a line, for the thread that settles its packages.
pub(super) struct Ahead<'l, 'a> {
    line: &'l Line<'l, 'a>,
    /// The first package that has not been asked for.
    at: usize,
}

struct Package {
    rank: Arc<Rank>,
    /// What is asked of it.
    needs: Arc<Vec<Arc<Need>>>,
    /// Whoever works on it has this for itself.
    state: Mutex<State>,
}

enum State {
    Untouched,
    Made(Box<Sketch>),
    /// Its sketch has been taken, or has to be made where the unit is seen.
    Over,
}

/// What is to become of a package.
pub(super) struct Foreseen {
    /// If this is what is asked of it.
    pub(super) needs: Arc<Vec<Arc<Need>>>,
    pub(super) sketch: Box<Sketch>,
}

impl<'l, 'a> Line<'l, 'a> {
    /// The packages that are to be settled next, this one first. There are none in it where other
    /// threads would be of no use.
    pub(super) fn new(given: &'l Given<'a>, board: &Board, first: &Arc<Rank>) -> Self {
        let mut packages = Vec::new();
        if given.threads.get() > 1 && !board.has_clashed() {
            let same = board.dirty.iter().take_while(|it| it.height() == first.height());
            packages = std::iter::once(first)
                .chain(same)
                .map(|rank| Package {
                    rank: rank.clone(),
                    needs: board.needs(&rank.name),
                    state: Mutex::new(State::Untouched),
                })
                .collect();
        }
        let globals = board.drafts.globals.clone();
        let blank = Board::new(board.is_build, globals, board.drafts.fixed.clone());
        Line { given, blank, packages, next: AtomicUsize::new(0) }
    }

    /// Calls `settle` on this thread while others sketch.
    pub(super) fn while_sketching<T>(&self, settle: impl FnOnce(&mut Ahead<'_, 'a>) -> T) -> T {
        let threads = self.given.threads.get().min(self.packages.len() / BATCH + 1);
        let sketch = || while self.sketch_next() {};
        kiln_lang::beside(threads - 1, sketch, || {
            let settled = settle(&mut Ahead { line: self, at: 0 });
            // What is left is of no use to anybody.
            self.next.store(self.packages.len(), Ordering::Relaxed);
            settled
        })
    }

    /// Sketches a package that nobody has begun with; false if there is none.
    fn sketch_next(&self) -> bool {
        let Some(package) = self.packages.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
            return false;
        };
        let mut state = package.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Untouched) {
            *state = self.sketch(package).map_or(State::Over, |it| State::Made(Box::new(it)));
        }
        true
    }

    fn sketch(&self, Package { rank, needs, .. }: &Package) -> Option<Sketch> {
        let package = self.given.packages.get(&rank.name)?;
        if package.is_interface || package.has_parts() || !needs.iter().any(|it| it.present) {
            return None;
        }
        let sketch = self.given.sketch(&self.blank, &package, rank, needs);
        sketch.is_alone().then_some(sketch)
    }
}

impl Ahead<'_, '_> {
    /// Takes the sketch of a package, if another thread has made one. Packages are asked for in the
    /// order of their ranks.
    pub(super) fn take(&mut self, rank: &Arc<Rank>) -> Option<Foreseen> {
        let line = self.line;
        while line.packages.get(self.at).is_some_and(|it| it.rank < *rank) {
            self.at += 1;
        }
        let package = line.packages.get(self.at).filter(|it| it.rank == *rank)?;
        // The thread that makes it is soon done: there are others to be made meanwhile.
        let mut state = loop {
            match package.state.try_lock() {
                Ok(state) => break state,
                Err(TryLockError::Poisoned(state)) => break state.into_inner(),
                Err(TryLockError::WouldBlock) if line.sketch_next() => {}
                Err(TryLockError::WouldBlock) => {
                    break package.state.lock().unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        match std::mem::replace(&mut *state, State::Over) {
            State::Made(sketch) => Some(Foreseen { needs: package.needs.clone(), sketch }),
            State::Untouched | State::Over => None,
        }
    }
}
