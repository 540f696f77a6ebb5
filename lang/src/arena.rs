//! Vectors indexed by ids that cannot be mixed up.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};

use thin_vec::ThinVec;

/// The place of a `T` in its [`Arena`].
pub struct Id<T> {
    /// The place, counted from 1, so that an id that may be absent takes no more room: there are
    /// several in each declaration and statement.
    raw: NonZeroU32,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// Makes the id of the place `index`.
    #[must_use]
    pub fn from_index(index: usize) -> Self {
        Id { raw: NonZeroU32::MIN.saturating_add(index as u32), of: PhantomData }
    }

    /// Returns the place.
    #[must_use]
    pub fn index(self) -> usize {
        self.raw.get() as usize - 1
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.raw.cmp(&other.raw)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.index())
    }
}

/// A vector whose places are [`Id`]s.
#[derive(Clone, PartialEq, Eq)]
pub struct Arena<T> {
    items: Vec<T>,
}

impl<T> Arena<T> {
    /// Makes an empty arena.
    #[must_use]
    pub fn new() -> Self {
        Arena { items: Vec::new() }
    }

    /// Puts `item` at the end and returns its id.
    pub fn alloc(&mut self, item: T) -> Id<T> {
        self.items.push(item);
        Id::from_index(self.items.len() - 1)
    }

    /// Returns how many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the items with their ids, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Id<T>, &T)> {
        self.items.iter().enumerate().map(|(index, item)| (Id::from_index(index), item))
    }

    /// Returns the items in order.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.items
    }

    /// Makes room for that many more items.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.items.reserve_exact(more);
    }

    /// Gives back memory that is not used.
    pub(crate) fn shrink(&mut self) {
        shrink(&mut self.items);
    }
}

/// Gives back memory that a vector does not use. An allocator leaves a vector where it is if more
/// than about half of its block is used, so its items move to a block of their own.
pub(crate) fn shrink<T>(items: &mut Vec<T>) {
    if items.capacity() > items.len() {
        let mut exact = Vec::with_capacity(items.len());
        exact.append(items);
        *items = exact;
    }
}

/// As `shrink`, of a vector in the room of a pointer.
pub fn shrink_thin<T>(items: &mut ThinVec<T>) {
    if items.capacity() > items.len() {
        let mut exact = ThinVec::with_capacity(items.len());
        exact.append(items);
        *items = exact;
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Arena<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.items).finish()
    }
}

impl<T> Index<Id<T>> for Arena<T> {
    type Output = T;

    fn index(&self, id: Id<T>) -> &T {
        &self.items[id.index()]
    }
}

impl<T> IndexMut<Id<T>> for Arena<T> {
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        &mut self.items[id.index()]
    }
}
