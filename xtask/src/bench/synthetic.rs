//! Synthetic packages: the same set as recipes of Kiln, as expressions of Nix, as modules of Pkl.
//!
//! ```text
//! DIR/kiln/recipes/p00001.kiln …  tool.kiln  world.kiln     DIR/kiln/override.kiln
//! DIR/nix/packages/p00001.nix …   world.nix                 DIR/nix/default.nix (with the override)
//! DIR/pkl/packages/p00001.pkl …   world.pkl  Package.pkl    (with the override)
//! ```
//!
//! Each package has a version, two features, two knobs, a conflict, arguments that depend on them,
//! and up to four dependencies of lower number, half of them among a few popular ones, one of them
//! only with a feature that is on, and one that is only there with a feature that is off. All are
//! built with one tool. `world` depends on every package that no other depends on. The set is a
//! function of the count alone.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::program::write_program;

mod kiln;
mod nix;
mod pkl;

/// A package of the set.
struct Package {
    /// Counted from 1.
    number: usize,
    version: [u8; 3],
    /// Dependencies that are always there.
    hosts: Vec<Host>,
    /// The dependency of the feature `extra`, which is on.
    extra: Option<usize>,
    /// The dependency of the feature `verbose`, which is off.
    verbose: Option<usize>,
    /// The default of the knob `jobs`.
    jobs: u8,
}

/// A dependency.
struct Host {
    number: usize,
    /// Whether its feature `extra` is needed.
    with_extra: bool,
}

impl Package {
    fn name(&self) -> String {
        name(self.number)
    }

    fn version(&self) -> String {
        let [major, minor, patch] = self.version;
        format!("{major}.{minor}.{patch}")
    }
}

/// The set: its packages by number, those that none depends on, and the one that is overridden.
struct Set {
    packages: Vec<Package>,
    tops: Vec<usize>,
    overridden: usize,
}

fn set(count: usize) -> Set {
    let mut packages = Vec::new();
    let mut tops: BTreeSet<usize> = (1..=count).collect();
    let popular = 2 * count.isqrt() + 1;
    for number in 1..=count {
        let mut random = Random(number as u64);
        let mut below = BTreeSet::new();
        for _ in 0..random.below(5) {
            let range = if random.below(2) == 0 { popular.min(number - 1) } else { number - 1 };
            if range > 0 {
                below.insert(1 + random.below(range));
            }
        }
        let mut below: Vec<usize> = below.into_iter().collect();
        let extra = below.pop();
        let verbose = (number > 1).then(|| 1 + random.below(number - 1));
        let verbose = verbose.filter(|it| Some(*it) != extra && !below.contains(it));
        for used in below.iter().chain(&extra) {
            tops.remove(used);
        }
        let hosts = below
            .into_iter()
            .map(|number| Host { number, with_extra: random.below(10) == 0 })
            .collect();
        let version = [1 + random.below(9), random.below(20), random.below(20)].map(|it| it as u8);
        let jobs = 1 + random.below(32) as u8;
        packages.push(Package { number, version, hosts, extra, verbose, jobs });
    }
    // One on which much depends.
    let overridden = 42.min(count);
    Set { packages, tops: tops.into_iter().collect(), overridden }
}

/// Writes a set of `count` packages, at least 1, below `folder`.
pub(super) fn make(count: usize, folder: &Path) -> Result<(), String> {
    let set = set(count);
    kiln::write(&set, &folder.join("kiln"))
        .and_then(|()| nix::write(&set, &folder.join("nix")))
        .and_then(|()| pkl::write(&set, &folder.join("pkl")))
        .map_err(|error| format!("cannot write packages to {}: {error}", folder.display()))
}

/// The tool that all packages are built with, in a folder of its own.
pub(super) fn write_tool(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    write_program(&folder.join("write"))
}

/// `p00042`.
pub(super) fn name(number: usize) -> String {
    format!("p{number:05}")
}

/// SplitMix64: numbers that are the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
