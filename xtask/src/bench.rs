//! The benchmarks of the whole product, against other tools: `cargo xtask bench [NAME…]`.
//!
//! Every number is of whole processes, from before one is started until it was waited for, the
//! median of several. Kiln and the others take turns, so that what else the machine does meets all
//! of them. Nobody's own configuration or store counts: each tool has a store of its own in a
//! folder that goes. How each line is measured is told in `tests/bench/README.md`.
//!
//! ```text
//! start      --version, and an evaluation of next to nothing
//! trivial    a build that writes one small file; with 500 inputs
//! closure    1,000 packages that are all there
//! eval       one overridden package of 1,000
//! synthetic  10,000 packages to derivations, and again after one line was changed
//! ingest     10,000 files of 4 KiB into the store, and again
//! build      openssl, curl and DPDK, against the same steps by hand; only if it is named
//! ```
//!
//! `cargo xtask bench generate synthetic --packages N --out DIR` writes a set of packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

mod lines;
mod machine;
mod measure;
mod program;
mod synthetic;
mod table;
mod tools;
mod trivial;

use lines::{ALL, Bench, ONLY_NAMED};
use measure::Temp;
use table::Line;
use tools::Tools;

const USAGE: &str = "\
usage: cargo xtask bench [NAME…] [--runs N] [--kiln FILE] [--folder DIR] [--store DIR] [--json]
                         [--all]
       cargo xtask bench generate synthetic --packages N --out DIR

NAME is start, trivial, closure, eval, synthetic, ingest or build; all but the last if none is given.
--runs    how often what takes milliseconds is measured (20); what takes longer: a quarter of that,
          and real builds a tenth
--kiln    the program to be measured; one is built if it is not given
--folder  where stores and recipes are made (the folder for temporary files)
--store   the store of `build`, such as one that has compilers and sources (one in the folder)
--json    print JSON
--all     run the benchmarks of the crates, too";

/// The benchmarks that crates have of their own.
const CRATES: [&str; 4] = ["kiln-lang", "kiln-store", "kiln-sandbox", "kiln-fetch"];

struct Options {
    names: Vec<String>,
    runs: usize,
    kiln: Option<PathBuf>,
    folder: PathBuf,
    store: Option<PathBuf>,
    json: bool,
    all: bool,
}

/// Runs what the arguments after `bench` ask for.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    match arguments {
        ["generate", "synthetic", "--packages", count, "--out", folder] => {
            let count = count.parse().ok().filter(|it| (1..100_000).contains(it));
            let count = count.ok_or("--packages: expected a number from 1 to 99999")?;
            synthetic::make(count, Path::new(folder))
        }
        _ => compare(root, &options(arguments)?),
    }
}

fn options(arguments: &[&str]) -> Result<Options, String> {
    let mut options = Options {
        names: Vec::new(),
        runs: 20,
        kiln: None,
        folder: std::env::temp_dir(),
        store: None,
        json: false,
        all: false,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value =
            || arguments.next().ok_or_else(|| format!("{argument}: a value is missing\n{USAGE}"));
        match *argument {
            "--runs" => {
                let value = value()?;
                let number = value.parse().ok().filter(|it| (1..=10_000).contains(it));
                options.runs = number.ok_or("--runs: expected a number from 1 to 10000")?;
            }
            "--kiln" => options.kiln = Some(value()?.into()),
            "--folder" => options.folder = value()?.into(),
            "--store" => {
                let path = std::path::absolute(value()?).map_err(|it| it.to_string())?;
                options.store = Some(path);
            }
            "--json" => options.json = true,
            "--all" => options.all = true,
            name if ALL.iter().any(|it| it.0 == name) => options.names.push(name.to_owned()),
            other => {
                return Err(format!("`{other}` is neither a benchmark nor an option\n{USAGE}"));
            }
        }
    }
    Ok(options)
}

fn compare(root: &Path, options: &Options) -> Result<(), String> {
    let folder = std::path::absolute(&options.folder).map_err(|it| it.to_string())?;
    let temp = Temp::new(&folder)?;
    let is_wanted = |name: &str| match options.names.is_empty() {
        true => name != ONLY_NAMED,
        false => options.names.iter().any(|it| it == name),
    };
    let tools = Tools::find(root, options.kiln.as_deref(), is_wanted("ingest"), temp.path())?;
    let machine = machine::look(temp.path())?;
    let (versions, missing) = (tools.versions(), tools.missing());
    if !options.json {
        for (name, value) in machine.facts.iter().chain(&versions) {
            println!("{name:<36} {value}");
        }
        println!();
    }
    let mut lines: Vec<Line> = Vec::new();
    for (name, bench) in ALL {
        if !is_wanted(name) {
            continue;
        }
        if matches!(name, "trivial" | "closure")
            && !cfg!(all(target_os = "linux", target_arch = "x86_64"))
        {
            eprintln!("{name} is left out: its builds run a program for x86_64 Linux");
            continue;
        }
        eprintln!("measuring {name}");
        let folder = temp.path().join(name);
        fs::create_dir(&folder).map_err(|it| format!("{}: {it}", folder.display()))?;
        let (runs, real_store) = (options.runs, options.store.clone());
        let bench_of =
            Bench { tools: &tools, machine: &machine, folder: folder.clone(), runs, real_store };
        let new = bench(&bench_of)?;
        // Who stops it before its end knows what came until then.
        for line in &new {
            eprintln!("  {}", line.short());
        }
        lines.extend(new);
        measure::remove(&folder);
    }
    if options.json {
        print!("{}", table::json(&machine, &versions, &missing, &lines));
    } else {
        print!("{}", table::text(&lines));
        if machine.is_busy {
            println!("\nThe machine was busy before this began: (cpu) says more than the clock.");
        }
    }
    if options.all {
        for krate in CRATES {
            println!("\n{krate}");
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut command = Command::new(cargo);
            command.args(["bench", "--quiet", "--package", krate, "--benches"]).current_dir(root);
            let status =
                command.status().map_err(|it| format!("cannot start {command:?}: {it}"))?;
            if !status.success() {
                return Err(format!("{command:?} ended with {status}"));
            }
        }
    }
    Ok(())
}
