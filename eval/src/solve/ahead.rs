//! Looking ahead: packages that do not follow from each other are sketched on all cores.
//!
//! Packages of the same height cannot depend on each other, but for those of a ring. When the first
//! of them is settled, all that are to be settled are sketched at once. A sketch is taken only if it
//! is what would be made anew: if the package is asked for the same as then, follows from nothing
//! else in its unit, and nothing has clashed. So this changes how long settling takes, and nothing
//! else.

use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::{FastMap, in_batches};

use super::Solver;
use super::board::Board;
use super::node::Sketch;
use super::order::{Height, Rank};
use super::unit::Need;

/// How many packages a thread takes at a time: about as many as take as long as making a thread.
const BATCH: usize = 32;

/// What is to become of packages that are settled soon.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// How high the packages are that were looked at last.
    height: Option<Height>,
    sketches: FastMap<Name, Box<Foreseen>>,
}

/// What is to become of a package.
#[derive(Debug)]
struct Foreseen {
    /// If this is what is asked of it.
    needs: Vec<Arc<Need>>,
    sketch: Sketch,
}

impl Solver<'_> {
    /// Sketches the packages that are to be settled next, this one first.
    pub(super) fn look_ahead(&self, board: &mut Board, first: &Arc<Rank>) {
        let height = first.height();
        if self.threads.get() == 1 || board.ahead.height == Some(height) || board.has_clashed() {
            return;
        }
        let same = board.dirty.iter().take_while(|it| it.height() == height);
        let ranks: Vec<&Arc<Rank>> = std::iter::once(first).chain(same).collect();
        let mut sketches = FastMap::default();
        if ranks.len() > 1 {
            let seen: &Board = board;
            let found = in_batches(self.threads, &ranks, BATCH, |ranks| -> Vec<_> {
                ranks.iter().filter_map(|it| self.sketch_ahead(seen, it)).collect()
            });
            sketches = found.into_iter().flatten().collect();
        }
        board.ahead = Ahead { height: Some(height), sketches };
    }

    fn sketch_ahead(&self, board: &Board, rank: &Arc<Rank>) -> Option<(Name, Box<Foreseen>)> {
        let needs = board.needs(&rank.name);
        let package = self.packages.get(&rank.name)?;
        if package.is_interface || package.has_parts() || !needs.iter().any(|it| it.present) {
            return None;
        }
        let sketch = self.sketch(board, &package, rank, &needs);
        sketch.is_alone().then(|| (rank.name.clone(), Box::new(Foreseen { needs, sketch })))
    }
}

impl Board {
    /// Takes the sketch of a package, if it is there and what it followed from is as it was.
    pub(super) fn take_ahead(&mut self, name: &Name, needs: &[Arc<Need>]) -> Option<Sketch> {
        let foreseen = self.ahead.sketches.remove(name)?;
        let is_same = foreseen.needs.len() == needs.len()
            && foreseen.needs.iter().zip(needs).all(|(then, now)| Arc::ptr_eq(then, now));
        (is_same && !self.has_clashed()).then_some(foreseen.sketch)
    }

    /// Whether anything has gone wrong so far, which may have been learned from.
    fn has_clashed(&self) -> bool {
        self.nogoods.count > 0 || !self.told.is_empty() || !self.impossible.is_empty()
    }
}
