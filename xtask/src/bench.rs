//! The benchmarks of the whole product: `cargo xtask bench`.
//!
//! `cargo xtask bench generate synthetic --packages N --out DIR` writes a set of packages.

use std::path::Path;

mod program;
mod synthetic;

const USAGE: &str = "usage: cargo xtask bench generate synthetic --packages N --out DIR";

/// Runs what the arguments after `bench` ask for.
pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    match arguments {
        ["generate", "synthetic", "--packages", count, "--out", folder] => {
            let count = count.parse().ok().filter(|it| (1..100_000).contains(it));
            let count = count.ok_or("--packages: expected a number from 1 to 99999")?;
            let set = synthetic::set(count);
            synthetic::write(&set, Path::new(folder))
                .map_err(|error| format!("cannot write the packages to {folder}: {error}"))
        }
        _ => Err(USAGE.to_owned()),
    }
}
