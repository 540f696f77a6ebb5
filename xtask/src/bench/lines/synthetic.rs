//! Evaluating 10,000 packages to derivations, and again after one line was changed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Bench, Contest, write};
use crate::bench::measure::{remove, time};
use crate::bench::synthetic;
use crate::bench::table::{Line, Target};

const COUNT: usize = 10_000;

/// How long a file must have been left alone for Kiln to trust its stamp.
const SETTLED: Duration = Duration::from_millis(1100);

/// The most that all of them may take.
const COLD_MS: f64 = 300.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>, String> {
    let set = bench.path("set");
    synthetic::make(COUNT, &set)?;
    let store = bench.path("store");
    let anew = || bench.tools.kiln_anew(&store);
    let what = "10,000 packages to derivations";
    let cold = line(bench, &set, what, Target::Most(COLD_MS), anew, |_| Ok(()))?;
    // On what few depend: it is one of the last.
    let changed = synthetic::name(COUNT - 10);
    let edit = |round| edit(&set, &changed, round);
    let going_on = || bench.tools.kiln_with_cache(&store, &bench.path("cache"));
    // What was written just now is not trusted to stay.
    std::thread::sleep(SETTLED);
    time(show(&mut going_on(), &set))?;
    let what = "the same after a line was changed";
    let again = line(bench, &set, what, Target::PartOfLast(0.1), going_on, edit)?;
    let write = write_derivations(bench, &set)?;
    Ok(vec![cold, again, write])
}

fn line(
    bench: &Bench<'_>,
    set: &Path,
    what: &str,
    target: Target,
    kiln: impl Fn() -> Command,
    prepare: impl Fn(usize) -> Result<(), String>,
) -> Result<Line, String> {
    let tools = bench.tools;
    let state = bench.path("nix");
    let contest = Contest::new(|round| {
        prepare(round * 3)?;
        time(show(&mut kiln(), set))
    })
    .peer("Nix", &tools.nix("nix-instantiate", &state), |round| {
        prepare(round * 3 + 1)?;
        let mut command = tools.nix("nix-instantiate", &state)?;
        time(command.args(["--eval", "--attr", "world.outPath"]).arg(set.join("nix")))
    })
    .peer("Pkl", &tools.pkl(), |round| {
        prepare(round * 3 + 2)?;
        time(tools.pkl()?.arg("eval").arg(set.join("pkl/world.pkl")))
    });
    let (kiln, peers) = contest.measure(bench.few())?;
    let what = what.to_owned();
    Ok(Line { name: "synthetic", what, kiln, peers, target, limit: None })
}

/// Asks Kiln for the derivation that needs all others.
fn show<'c>(kiln: &'c mut Command, set: &Path) -> &'c mut Command {
    kiln.args(["derivation", "show", "--no-project", "--recipes"]);
    kiln.arg(set.join("kiln/recipes")).arg("-f").arg(set.join("kiln/override.kiln")).arg("world")
}

/// Gives one package another number of jobs.
fn edit(set: &Path, name: &str, round: usize) -> Result<(), String> {
    let jobs = 33 + round % 32;
    for (file, start, end) in [
        (format!("kiln/recipes/{name}.kiln"), "Int(1..=64) = ", "\n"),
        (format!("nix/packages/{name}.nix"), "jobs ? ", " }"),
        (format!("pkl/packages/{name}.pkl"), "Int(isBetween(1, 64)) = ", "\n"),
    ] {
        let path = set.join(file);
        let text = fs::read_to_string(&path).map_err(|it| format!("{}: {it}", path.display()))?;
        let changed = text.split_once(start).and_then(|(before, after)| {
            let (_, after) = after.split_once(end)?;
            Some(format!("{before}{start}{jobs}{end}{after}"))
        });
        let changed = changed.ok_or_else(|| format!("{} has no `{start}`", path.display()))?;
        write(&path, &changed)?;
    }
    Ok(())
}

/// Nix writes derivations as files before it builds them; Kiln has no such step, so that its time is
/// the one of the same command.
fn write_derivations(bench: &Bench<'_>, set: &Path) -> Result<Line, String> {
    let tools = bench.tools;
    let (store, state) = (bench.path("store"), bench.path("nix-written"));
    let contest = Contest::new(|_| {
        let mut command = tools.kiln_anew(&store);
        command.args(["realise", "--dry-run", "--no-project", "--recipes"]);
        command.arg(set.join("kiln/recipes")).arg("-f").arg(set.join("kiln/override.kiln"));
        time(command.arg("world"))
    })
    .peer("Nix", &tools.nix("nix-instantiate", &state), |_| {
        remove(&state);
        let mut command = tools.nix("nix-instantiate", &state)?;
        time(command.args(["--attr", "world"]).arg(set.join("nix")))
    });
    let (kiln, peers) = contest.measure(bench.few())?;
    let what = "the same, ready to be built".to_owned();
    Ok(Line { name: "synthetic", what, kiln, peers, target: Target::None, limit: None })
}
