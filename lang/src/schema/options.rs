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
    /// The places of the others, each counted from 1, by the hashes of their names: an option is in
    /// the slot of its hash, or in the next one that was free. At most half of them are taken.
    slots: Box<[u32]>,
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

    /// Adds an option, unless there is one with its name.
    pub(super) fn push(&mut self, option: Arc<OptionSchema>) {
        if self.position(&option.name).is_none() {
            self.slots_for(self.others.len() + 1);
            let slot = self.free_slot(&option.name);
            self.others.push(option);
            self.slots[slot] = self.others.len() as u32;
        }
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.others.shrink_to_fit();
    }

    fn first(&self) -> &[Arc<OptionSchema>] {
        self.first.as_ref().map_or(&[], |it| &it.options.others)
    }

    fn among_others(&self, name: &str, hash: u64) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = hash as usize & mask;
        while let Some(at) = (self.slots[slot] as usize).checked_sub(1) {
            if self.others[at].name == name {
                return Some(at);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// Sees to it that there are slots for so many.
    fn slots_for(&mut self, count: usize) {
        if self.slots.len() >= 2 * count {
            return;
        }
        self.slots = vec![0; (2 * count).next_power_of_two()].into();
        for at in 0..self.others.len() {
            let slot = self.free_slot(&self.others[at].name);
            self.slots[slot] = at as u32 + 1;
        }
    }

    /// The slot for a name that is in none.
    fn free_slot(&self, name: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(name) as usize & mask;
        while self.slots[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.finish()
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
