//! Things by their numbers: more are added while others are looked at.

use std::ops::Index;
use std::sync::OnceLock;

/// How many places the first row has.
const FIRST: usize = 64;

/// How many rows there can be: enough for every number of a file.
const ROWS: usize = 27;

/// Things by their numbers, from 0 on.
///
/// A thing stays where it is, and nobody waits for a lock to look at it: threads look at files some
/// hundred times for each recipe. Each row has twice as many places as the one before.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    rows: [OnceLock<Box<[OnceLock<T>]>>; ROWS],
}

impl<T> Shelf<T> {
    /// Puts a thing at a place; returns whether nothing was there.
    pub(super) fn put(&self, at: usize, thing: T) -> bool {
        let (row, place) = place_of(at);
        let places = || (0..FIRST << row).map(|_| OnceLock::new()).collect();
        self.rows[row].get_or_init(places)[place].set(thing).is_ok()
    }

    /// Puts a thing in the place of another one, which is there.
    pub(super) fn replace(&mut self, at: usize, thing: T) {
        let (row, place) = place_of(at);
        if let Some(there) = self.rows[row].get_mut().and_then(|it| it[place].get_mut()) {
            *there = thing;
        }
    }

    /// Returns what is at a place.
    pub(super) fn get(&self, at: usize) -> Option<&T> {
        let (row, place) = place_of(at);
        self.rows[row].get()?[place].get()
    }

    /// Returns the things up to the first place that is empty.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let rows = self.rows.iter().map_while(OnceLock::get);
        rows.flatten().map_while(OnceLock::get)
    }
}

/// The row of a place, and the place in it.
fn place_of(at: usize) -> (usize, usize) {
    let row = (at / FIRST + 1).ilog2() as usize;
    (row, at - FIRST * ((1 << row) - 1))
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { rows: [const { OnceLock::new() }; ROWS] }
    }
}

impl<T: Clone> Clone for Shelf<T> {
    fn clone(&self) -> Self {
        Shelf { rows: self.rows.clone() }
    }
}

impl<T> Index<usize> for Shelf<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        match self.get(at) {
            Some(it) => it,
            None => panic!("nothing has the number {at}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut shelf = Shelf::default();
        for at in 0..1_000 {
            assert!(shelf.get(at).is_none());
            assert!(shelf.put(at, at));
            assert!(!shelf.put(at, 0));
        }
        assert!(shelf.iter().copied().eq(0..1_000));
        assert_eq!(shelf[777], 777);
        let before = shelf.clone();
        shelf.replace(777, 1);
        assert_eq!((shelf[777], before[777]), (1, 777));
    }

    #[test]
    fn the_last_number_has_a_place() {
        assert!(place_of(u32::MAX as usize).0 < ROWS);
    }
}
