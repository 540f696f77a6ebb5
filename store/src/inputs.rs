//! What builds see, by label.

use std::fmt;

use crate::name::Label;

/// What a build may see: labels in ascending order, each once, and what they stand for.
///
/// A list and no tree: builds have some inputs, and a graph holds thousands of builds.
#[derive(Clone, PartialEq, Eq)]
pub struct Inputs<I>(Vec<(Label, I)>);

/// The inputs of a build, in the order of their labels.
type Iter<'a, I> =
    std::iter::Map<std::slice::Iter<'a, (Label, I)>, fn(&'a (Label, I)) -> (&'a Label, &'a I)>;

impl<I> Inputs<I> {
    /// Returns what a label stands for.
    #[must_use]
    pub fn get(&self, label: &Label) -> Option<&I> {
        Some(&self.0[self.position(label).ok()?].1)
    }

    /// Whether there is such a label.
    #[must_use]
    pub fn contains_key(&self, label: &Label) -> bool {
        self.position(label).is_ok()
    }

    /// Lets a label stand for something, and returns what it stood for.
    pub fn insert(&mut self, label: Label, input: I) -> Option<I> {
        match self.position(&label) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, input)),
            Err(at) => {
                self.0.insert(at, (label, input));
                None
            }
        }
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns them in the order of their labels.
    pub fn iter(&self) -> Iter<'_, I> {
        self.0.iter().map(|it| (&it.0, &it.1))
    }

    /// Returns the labels, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Label> {
        self.0.iter().map(|it| &it.0)
    }

    /// Returns what the labels stand for, in the order of those.
    pub fn values(&self) -> impl Iterator<Item = &I> {
        self.0.iter().map(|it| &it.1)
    }

    /// As [`values`](Inputs::values), to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut I> {
        self.0.iter_mut().map(|it| &mut it.1)
    }

    fn position(&self, label: &Label) -> Result<usize, usize> {
        self.0.binary_search_by(|it| it.0.cmp(label))
    }
}

impl<I> Default for Inputs<I> {
    fn default() -> Self {
        Inputs(Vec::new())
    }
}

impl<I: fmt::Debug> fmt::Debug for Inputs<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<I> FromIterator<(Label, I)> for Inputs<I> {
    /// Of what has one label, the last counts.
    fn from_iter<T: IntoIterator<Item = (Label, I)>>(items: T) -> Self {
        let mut all: Vec<(Label, I)> = items.into_iter().collect();
        if !all.is_sorted_by(|a, b| a.0 < b.0) {
            all.reverse();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all.dedup_by(|a, b| a.0 == b.0);
        }
        all.shrink_to_fit();
        Inputs(all)
    }
}

impl<I, const N: usize> From<[(Label, I); N]> for Inputs<I> {
    fn from(items: [(Label, I); N]) -> Self {
        items.into_iter().collect()
    }
}

impl<'a, I> IntoIterator for &'a Inputs<I> {
    type Item = (&'a Label, &'a I);
    type IntoIter = Iter<'a, I>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<I> IntoIterator for Inputs<I> {
    type Item = (Label, I);
    type IntoIter = std::vec::IntoIter<(Label, I)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_has_one_label_the_last_counts() {
        let label = |text: &str| Label::new(text).unwrap();
        let items = [(label("b"), 1), (label("a"), 2), (label("b"), 3)];
        let collected: Inputs<i32> = items.clone().into_iter().collect();
        let mut inserted = Inputs::default();
        for (label, input) in items {
            inserted.insert(label, input);
        }
        assert_eq!(format!("{collected:?}"), r#"{"a": 2, "b": 3}"#);
        assert_eq!(inserted, collected);
        assert_eq!(inserted.get(&label("b")), Some(&3));
        assert!(!inserted.contains_key(&label("c")));
    }
}
