//! Options in a row, found by their places and by their names.

use std::hash::{BuildHasher, Hasher};
use std::iter::Chain;
use std::ops::Index;
use std::slice::Iter;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::{OptionSchema, OptionTable};

/// Options in the order of their declarations, each name once; those of mixins are shared with all
/// who include them.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The first ones, which are all those of another table: most bodies begin with what every
    /// package has.
    first: Option<Arc<OptionTable>>,
    /// The others.
    others: Vec<Arc<OptionSchema>>,
    /// The others by the hashes of their names: an option is in the slot of its hash, or in the next one
    /// that was free. At most half of them are taken.
    slots: Box<[Slot]>,
}

/// Where an option is: what else its hash says, and its place among the others, counted from 1.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    tag: u32,
    place: u32,
}

impl Options {
    /// All options of a table, for others to be added.
    pub(super) fn after(first: &Arc<OptionTable>) -> Self {
        Options { first: Some(first.clone()), ..Options::default() }
    }

    /// Whether all of them can be the first ones of others: they lie in one row then.
    pub(super) fn can_be_first(&self) -> bool {
        self.first.is_none()
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first().len() + self.others.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the option at a place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Arc<OptionSchema>> {
        let first = self.first();
        first.get(at).or_else(|| self.others.get(at - first.len()))
    }

    /// Returns the options in their order.
    pub fn iter(&self) -> Chain<Iter<'_, Arc<OptionSchema>>, Iter<'_, Arc<OptionSchema>>> {
        self.first().iter().chain(&self.others)
    }

    /// Returns the place of the option with this name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        // Names are looked up some hundred times for each recipe, and in no order.
        let hash = hash(name);
        if let Some(first) = &self.first
            && let Some(at) = first.options.among_others(name, hash)
        {
            return Some(at);
        }
        self.among_others(name, hash).map(|it| self.first().len() + it)
    }

    /// Makes room for some more.
    pub(super) fn reserve(&mut self, count: usize) {
        self.others.reserve_exact(count);
        self.slots_for(self.others.len() + count);
    }

    /// Adds an option, which has another name than all that are there.
    pub(super) fn push(&mut self, option: Arc<OptionSchema>) {
        self.slots_for(self.others.len() + 1);
        self.others.push(option);
        self.put_into_slot(self.others.len() - 1);
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.others.shrink_to_fit();
    }

    fn first(&self) -> &[Arc<OptionSchema>] {
        self.first.as_ref().map_or(&[], |it| &it.options.others)
    }

    #[inline]
    fn among_others(&self, name: &str, hash: u64) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            let place = (slot.place as usize).checked_sub(1)?;
            if slot.tag == tag(hash) && self.others[place].name == name {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }

    /// Sees to it that there are slots for so many.
    fn slots_for(&mut self, count: usize) {
        if self.slots.len() >= 2 * count {
            return;
        }
        self.slots = vec![Slot::default(); (2 * count).next_power_of_two()].into();
        (0..self.others.len()).for_each(|it| self.put_into_slot(it));
    }

    fn put_into_slot(&mut self, place: usize) {
        let hash = hash(&self.others[place].name);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at].place != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = Slot { tag: tag(hash), place: place as u32 + 1 };
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.finish()
}

/// What of a hash is not in the number of a slot.
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl<'o> IntoIterator for &'o Options {
    type Item = &'o Arc<OptionSchema>;
    type IntoIter = Chain<Iter<'o, Arc<OptionSchema>>, Iter<'o, Arc<OptionSchema>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Index<usize> for Options {
    type Output = Arc<OptionSchema>;

    fn index(&self, at: usize) -> &Arc<OptionSchema> {
        let first = self.first();
        first.get(at).unwrap_or_else(|| &self.others[at - first.len()])
    }
}
