//! Asking for a closure of 1,000 packages that is all there.

use std::process::Command;

use super::{Bench, Contest};
use crate::bench::measure::time;
use crate::bench::synthetic;
use crate::bench::table::{Line, Target};

/// Together with the tool and the world, 1,000 packages.
const COUNT: usize = 998;

/// The most that asking may take.
const NOTHING_TO_DO_MS: f64 = 10.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>, String> {
    let tools = bench.tools;
    let (store, state, set) = (bench.path("store"), bench.path("nix"), bench.path("set"));
    synthetic::make(COUNT, &set)?;
    let kiln = |words: &[&str]| -> Command {
        let mut command = tools.kiln(&store);
        command.args(words).args(["--quiet", "--no-project", "--recipes"]);
        command.arg(set.join("kiln/recipes")).arg("-f").arg(set.join("kiln/override.kiln"));
        command.arg("world");
        command
    };
    let nix_build = || -> Result<Command, String> {
        let mut command = tools.nix("nix-build", &state)?;
        command.args(["--no-out-link", "--attr", "world"]).arg(set.join("nix"));
        Ok(command)
    };
    let limit = Some((bench.machine.exec_ms, "start and end"));
    let first_kiln = time(&mut kiln(&["realise"]))?;
    eprintln!("  built 1,000 packages with Kiln in {:.1} s", first_kiln.wall_ms / 1e3);
    let nix = tools.nix("nix-build", &state);
    let mut derivation = String::new();
    if nix.is_ok() {
        let first_nix = time(&mut nix_build()?)?;
        eprintln!("  built 1,000 packages with Nix in {:.1} s", first_nix.wall_ms / 1e3);
        let output = tools
            .nix("nix-instantiate", &state)?
            .args(["--attr", "world"])
            .arg(set.join("nix"))
            .output()
            .map_err(|error| format!("cannot start nix-instantiate: {error}"))?;
        derivation = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    }
    let whole = Contest::new(|_| time(&mut kiln(&["realise"])))
        .peer("Nix", &nix, |_| time(&mut nix_build()?));
    let (times, peers) = whole.measure(bench.runs)?;
    let line = |what: &str, kiln, peers, target| Line {
        name: "closure",
        what: what.to_owned(),
        kiln,
        peers,
        target,
        limit,
    };
    let most = Target::Most(NOTHING_TO_DO_MS);
    let whole = line("realise 1,000 packages that are there", times, peers, most);
    // What is left of it when nothing is realised: reading, checking, solving, deriving.
    let evaluated =
        Contest::new(|_| time(&mut kiln(&["derivation", "show"]))).peer("Nix", &nix, |_| {
            let mut command = tools.nix("nix-instantiate", &state)?;
            time(command.args(["--eval", "--attr", "world.outPath"]).arg(set.join("nix")))
        });
    let (times, peers) = evaluated.measure(bench.runs)?;
    let evaluated = line("  of which evaluation", times, peers, Target::None);
    // Given the derivation, Nix evaluates nothing. Kiln has no such command: its time is the first.
    let given = Contest::new(|_| time(&mut kiln(&["realise"]))).peer("Nix", &nix, |_| {
        time(tools.nix("nix-store", &state)?.arg("--realise").arg(&derivation))
    });
    let (times, peers) = given.measure(bench.runs)?;
    let given = line("  against `nix-store --realise DERIVATION`", times, peers, Target::None);
    Ok(vec![whole, evaluated, given])
}
