//! Something about each expression of a file.

use std::ops::Index;

/// How many of the last different values are compared with a new one.
const COMPARED_MAX: usize = 4;

/// How many expressions have one value of their own together in most files, so that there is room for
/// these values from the first on.
const EXPRS_PER_VALUE: usize = 6;

/// A value for each expression of a file, by its place.
///
/// Most expressions of a file have one of a few types, and mean what they say. Values that are common
/// are kept once for all files, and others that are equal and near each other once in their file, so
/// that a file of a thousand expressions takes some kilobytes.
#[derive(Debug, Clone)]
pub struct PerExpr<T> {
    /// The values of this file that are not common.
    values: Vec<T>,
    /// For each expression, the place of its value: among the common ones, or behind them.
    places: Places,
}

/// The place of a value for each expression; of few files there are more values than a byte can tell.
#[derive(Debug, Clone)]
enum Places {
    Bytes(Box<[u8]>),
    Words(Box<[u32]>),
}

impl Places {
    fn len(&self) -> usize {
        match self {
            Places::Bytes(places) => places.len(),
            Places::Words(places) => places.len(),
        }
    }

    fn get(&self, index: usize) -> usize {
        match self {
            Places::Bytes(places) => places[index].into(),
            Places::Words(places) => places[index] as usize,
        }
    }

    #[inline(always)]
    fn put(&mut self, index: usize, place: usize) {
        match self {
            Places::Bytes(places) if place <= u8::MAX.into() => places[index] = place as u8,
            _ => self.words()[index] = place as u32,
        }
    }

    #[cold]
    fn words(&mut self) -> &mut [u32] {
        if let Places::Bytes(places) = self {
            *self = Places::Words(places.iter().copied().map(u32::from).collect());
        }
        match self {
            Places::Words(places) => places,
            Places::Bytes(_) => &mut [],
        }
    }
}

/// Values some of which are found in most files.
pub trait Common: Clone + PartialEq + 'static {
    /// The common ones. The first is what an expression has that nothing is known of.
    const ALL: &'static [Self];

    /// The place of this value in [`ALL`](Common::ALL), if it is common.
    fn place(&self) -> Option<usize>;
}

impl<T: Common> PerExpr<T> {
    /// Gives each of `count` expressions the first of the common values.
    pub(super) fn new(count: usize) -> Self {
        PerExpr { values: Vec::new(), places: Places::Bytes(vec![0; count].into()) }
    }

    /// Gives an expression another value.
    #[inline(always)]
    pub(super) fn put(&mut self, index: usize, value: &T) {
        let place = value.place().unwrap_or_else(|| self.own(value));
        self.places.put(index, place);
    }

    /// The place of a value that is not common. Apart, so that most values are put with few steps.
    #[inline(never)]
    fn own(&mut self, value: &T) -> usize {
        let last = self.values.len().saturating_sub(COMPARED_MAX);
        let known = self.values[last..].iter().rposition(|it| it == value).map(|it| last + it);
        let place = known.unwrap_or_else(|| {
            if self.values.is_empty() {
                self.values.reserve(self.places.len() / EXPRS_PER_VALUE);
            }
            self.values.push(value.clone());
            self.values.len() - 1
        });
        T::ALL.len() + place
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.values.shrink_to_fit();
    }

    /// Returns the value of each expression, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.places.len()).map(|it| self.at(self.places.get(it)))
    }

    /// Returns the values that expressions have or had, but for the common ones, in no order: they are
    /// few, and what none of them is no expression is.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }

    fn at(&self, place: usize) -> &T {
        T::ALL.get(place).unwrap_or_else(|| &self.values[place - T::ALL.len()])
    }
}

impl<T: Common> Index<usize> for PerExpr<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        self.at(self.places.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Common for usize {
        const ALL: &'static [usize] = &[0, 1, 2];

        fn place(&self) -> Option<usize> {
            (*self < 3).then_some(*self)
        }
    }

    #[test]
    fn equal_values_are_kept_once() {
        let mut of = PerExpr::new(100);
        for at in 0..100 {
            of.put(at, &(at % 7));
        }
        assert!((0..100).all(|at| of[at] == at % 7));
        assert_eq!(of.values, [3, 4, 5, 6]);
    }

    #[test]
    fn the_last_value_counts() {
        let mut of = PerExpr::new(2);
        of.put(1, &1);
        of.put(1, &9);
        assert_eq!((of[0], of[1]), (0, 9));
    }

    #[test]
    fn there_may_be_many_values() {
        let mut of = PerExpr::new(1_000);
        for at in 0..1_000 {
            of.put(at, &(at * 3));
        }
        assert!(of.iter().copied().eq((0..1_000).map(|it| it * 3)));
    }

    #[test]
    fn common_values_are_where_they_say() {
        fn check<T: Common + std::fmt::Debug>() {
            for (at, value) in T::ALL.iter().enumerate() {
                assert_eq!(value.place(), Some(at), "{value:?}");
            }
        }
        check::<crate::types::Ty>();
        check::<crate::check::Res>();
    }
}
