//! How fast text becomes a tree: `cargo bench -p kiln-lang --bench parse`.
//!
//! The text is the DPDK-like recipe below, as often as makes two megabytes. Prints the best of
//! several rounds, because other work on the machine only ever makes a round slower.

use std::time::Instant;

const RECIPE: &str = include_str!("dpdk.kiln");

fn main() {
    // The header stands once; the items below it may be there any number of times.
    let (header, items) = RECIPE.split_once('\n').unwrap_or(("", RECIPE));
    let text = format!("{header}\n{}", items.repeat(2_000_000 / items.len() + 1));
    let mut best = f64::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        let parse = kiln_lang::syntax::parse(&text);
        best = best.min(start.elapsed().as_secs_f64());
        std::hint::black_box(parse);
    }
    let megabytes = text.len() as f64 / 1e6;
    println!("parse: {megabytes:.1} MB in {:.1} ms, {:.0} MB/s", best * 1e3, megabytes / best);
}
