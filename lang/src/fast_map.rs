//! Maps and sets by names and other small keys.
//!
//! They are looked into some hundred times for each recipe. Their hashes are seeded anew in each
//! process, so that nothing can come to depend on their order.

use std::collections::{HashMap, HashSet};

/// A map by small keys, in no order.
pub type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A set of small keys, in no order.
pub type FastSet<K> = HashSet<K, foldhash::fast::RandomState>;
