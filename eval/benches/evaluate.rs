//! How long each stage takes from files to derivations, for sets of synthetic packages in memory.
//!
//! `cargo bench -p kiln-eval --bench evaluate [-- COUNT…]`
//!
//! Each package has features, knobs, a conflict, conditional arguments, and up to four dependencies
//! of lower number; one package at the top needs all that no other needs, and an override changes
//! one on which much depends. The set is a function of the count alone. Times are the best of five
//! runs, each with a database of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kiln_eval::{Packages, SetupRequest, derive, prepare, setup, solve};
use kiln_lang::{Database, MemoryWorld, World};

const RUNS: usize = 5;

fn main() {
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut counts: Vec<usize> =
        std::env::args().skip(1).filter_map(|it| it.parse().ok()).collect();
    if counts.is_empty() {
        counts = vec![100, 1_000, 10_000];
    }
    println!(
        "{:>8} {:>10} {:>10} {:>10} {:>10} {:>10} {:>12}",
        "packages", "prepare", "setup", "solve", "derive", "total", "per package"
    );
    for count in counts {
        let world = world(count);
        let mut best: Option<[Duration; 4]> = None;
        for _ in 0..RUNS {
            let times = run(world.clone(), threads);
            let total = |it: &[Duration; 4]| it.iter().sum::<Duration>();
            if best.as_ref().is_none_or(|it| total(&times) < total(it)) {
                best = Some(times);
            }
        }
        let Some(times) = best else { continue };
        let total: Duration = times.iter().sum();
        let ms = |it: Duration| format!("{:.1} ms", it.as_secs_f64() * 1e3);
        let [prepare, setup, solve, derive] = times.map(ms);
        println!(
            "{count:>8} {prepare:>10} {setup:>10} {solve:>10} {derive:>10} {:>10} {:>9.1} µs",
            ms(total),
            total.as_secs_f64() * 1e6 / count as f64
        );
    }
}

fn run(world: Arc<dyn World>, threads: NonZeroUsize) -> [Duration; 4] {
    let begin = Instant::now();
    let db = Database::new(world, vec!["/r".to_owned()]);
    let request = SetupRequest {
        machine: ("x86_64".into(), "linux".into()),
        overrides: vec![db.file("/override.kiln")],
        specs: vec![db.add_spec("command line", "world")],
        ..SetupRequest::default()
    };
    let packages = Packages::new(&db);
    prepare(&packages, &request, threads);
    let prepared = Instant::now();
    let Ok((setup, _)) = setup(&db, &request) else { panic!("the layers are wrong") };
    let set_up = Instant::now();
    let Ok((solution, _)) = solve(&packages, &setup, threads) else {
        panic!("there is no solution")
    };
    let solved = Instant::now();
    let Ok((derived, _)) = derive(&db, &setup, &solution, threads) else {
        panic!("it cannot be derived")
    };
    let done = Instant::now();
    assert!(derived.graph.nodes().len() > solution.nodes.len() / 2);
    [prepared - begin, set_up - prepared, solved - set_up, done - solved]
}

fn world(count: usize) -> Arc<dyn World> {
    let mut world = MemoryWorld::new();
    world.insert("/r/tool/write", "#!/bin/sh\n");
    world.insert("/r/tool.kiln", "recipe tool\n\nversion = 1.0.0\nsource = dir(\"tool\")\n");
    world.insert("/override.kiln", format!("override {}\n\njobs = 64\n", name(42.min(count))));
    let mut tops: BTreeSet<usize> = (1..=count).collect();
    for number in 1..=count {
        let mut random = Random(number as u64);
        let popular = 2 * count.isqrt() + 1;
        let mut below = BTreeSet::new();
        for _ in 0..random.below(5) {
            let range = if random.below(2) == 0 { popular.min(number - 1) } else { number - 1 };
            if range > 0 {
                below.insert(1 + random.below(range));
            }
        }
        for used in &below {
            tops.remove(used);
        }
        world.insert(format!("/r/{}.kiln", name(number)), recipe(number, below, &mut random));
    }
    let mut text = String::from("recipe world\n\nversion = 1.0.0\n\nbuild tool\n");
    for top in tops {
        let _ = writeln!(text, "host {}", name(top));
    }
    text.push_str("\nshell = [\"\\(dep.tool)/write\", \"\\(out)\"]\nstep build = sh\"\"\"\\(deps.host.map((it) -> \"\\(it)\"))\"\"\"\n");
    world.insert("/r/world.kiln", text);
    Arc::new(world)
}

fn name(number: usize) -> String {
    format!("p{number:05}")
}

fn recipe(number: usize, mut below: BTreeSet<usize>, random: &mut Random) -> String {
    let name = name(number);
    let mut text = format!(
        "//! The synthetic package {name}.\nrecipe {name}\n\nversion = 1.{}.0\nlicense = \"MIT\"\n\nbuild tool\n",
        random.below(20)
    );
    let extra = below.pop_last().map(self::name);
    let mut uses = String::new();
    for host in below {
        let need = if random.below(10) == 0 { "[extra]" } else { "" };
        let host = self::name(host);
        let _ = writeln!(text, "host {host}{need} >= 1");
        let _ = write!(uses, ", \"--use=\\(dep.{host})\"");
    }
    let _ = writeln!(text, "\nargs = [\"--jobs=\\(jobs)\"{uses}]\n\n/// More than most need.");
    let _ = match extra {
        Some(host) => writeln!(
            text,
            "feature extra = on {{\n    host {host} >= 1\n    arg \"--extra=\\(dep.{host})\" else \"--no-extra\"\n}}"
        ),
        None => writeln!(text, "feature extra = on {{ arg \"--extra\" else \"--no-extra\" }}"),
    };
    let _ = write!(
        text,
        r#"
/// Says what it does.
feature verbose = off {{ arg "--verbose" else "--quiet" }}

/// What it is compiled for.
knob mode: enum {{
    /// Speed.
    fast
    /// Size.
    small
    /// Safety.
    safe
}} = fast {{
    fast => arg "-O3"
    small => arg "-Os"
    safe => arg ["-O2", "-fhard"]
}}
/// How much it does at a time.
knob jobs: Int(1..=64) = {}

conflict verbose & mode == small "being verbose needs room"
when mode == safe & extra {{ arg "--check" }}

shell = ["\(dep.tool)/write", "\(out)", "{name} \(version) \(args.join(" "))"]
/// Writes the output.
step build = sh"""\(args)"""
"#,
        1 + random.below(32)
    );
    text
}

/// SplitMix64: numbers that are the same everywhere.
struct Random(u64);

impl Random {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((it ^ (it >> 31)) % end as u64) as usize
    }
}
