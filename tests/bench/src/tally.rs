//! What could not be said, and why, by count.

use std::collections::BTreeMap;

/// Counts with a reason and the first few places.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, (usize, Vec<String>)>,
}

/// How many places are kept for each reason.
const PLACES_MAX: usize = 5;

impl Tally {
    pub(crate) fn add(&mut self, reason: &'static str, place: impl Into<String>) {
        let (count, places) = self.counts.entry(reason).or_default();
        *count += 1;
        if places.len() < PLACES_MAX {
            places.push(place.into());
        }
    }

    pub(crate) fn print(&self) {
        for (reason, (count, places)) in &self.counts {
            println!("{count:>7}  {reason}: {}", places.join("; "));
        }
    }
}
