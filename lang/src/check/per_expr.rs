//! Something about each expression of a file.

use std::ops::Index;

/// How many of the last different values are compared with a new one.
const COMPARED_MAX: usize = 8;

/// A value for each expression of a file, by its place.
///
/// Most expressions of a file have one of a few types, and mean what they say: values that are equal
/// and near each other are kept once, so that a file of a thousand expressions takes some kilobytes.
#[derive(Debug, Clone)]
pub struct PerExpr<T> {
    values: Vec<T>,
    /// For each expression, the place of its value.
    places: Box<[u32]>,
}

impl<T: PartialEq> PerExpr<T> {
    /// Gives each of `count` expressions the same value.
    pub(super) fn new(count: usize, value: T) -> Self {
        PerExpr { values: vec![value], places: vec![0; count].into() }
    }

    /// Gives an expression another value.
    pub(super) fn put(&mut self, index: usize, value: T) {
        let last = self.values.len().saturating_sub(COMPARED_MAX);
        let known = self.values[last..].iter().rposition(|it| *it == value).map(|it| last + it);
        let place = known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        });
        self.places[index] = place as u32;
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.values.shrink_to_fit();
    }
}

impl<T> PerExpr<T> {
    /// Returns the value of each expression, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().map(|it| &self.values[*it as usize])
    }
}

impl<T> Index<usize> for PerExpr<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.values[self.places[index] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_kept_once() {
        let mut of = PerExpr::new(100, 0);
        for at in 0..100 {
            of.put(at, at % 7);
        }
        assert!((0..100).all(|at| of[at] == at % 7));
        assert_eq!(of.values.len(), 7);
    }

    #[test]
    fn the_last_value_counts() {
        let mut of = PerExpr::new(2, "");
        of.put(1, "a");
        of.put(1, "b");
        assert_eq!((of[0], of[1]), ("", "b"));
    }
}
