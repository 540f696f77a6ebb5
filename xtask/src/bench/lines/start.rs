//! How long it takes until a command does anything.

use super::{Bench, Contest, write};
use crate::bench::measure::time;
use crate::bench::table::{Line, Target};

/// The most that a command may take before it does anything.
const START_MS: f64 = 3.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>, String> {
    let tools = bench.tools;
    let (store, state) = (bench.path("store"), bench.path("nix"));
    let recipes = bench.path("recipes");
    write(&recipes.join("one.kiln"), "recipe one\n\nversion = 1.0.0\nsource = dir(\"one\")\n")?;
    write(&recipes.join("one/file"), "")?;
    let module = bench.path("one.pkl");
    write(&module, "version = \"1.0.0\"\n")?;
    let nix = tools.nix("nix-instantiate", &state);
    let limit = Some((bench.machine.exec_ms, "start and end"));

    let version = Contest::new(|_| time(tools.kiln(&store).arg("--version")))
        .peer("Nix", &nix, |_| time(tools.nix("nix-instantiate", &state)?.arg("--version")))
        .peer("Pkl", &tools.pkl(), |_| time(tools.pkl()?.arg("--version")));
    let (kiln, peers) = version.measure(bench.runs)?;
    let what = "kiln --version".to_owned();
    let target = Target::Most(START_MS);
    let version = Line { name: "start", what, kiln, peers, target, limit };

    let eval = Contest::new(|_| {
        time(
            tools
                .kiln_anew(&store)
                .args(["eval", "--no-project", "--recipes"])
                .arg(&recipes)
                .arg("one"),
        )
    })
    .peer("Nix", &nix, |_| {
        let mut command = tools.nix("nix-instantiate", &state)?;
        time(command.args(["--eval", "--expr", "{ version = \"1.0.0\"; }.version"]))
    })
    .peer("Pkl", &tools.pkl(), |_| time(tools.pkl()?.arg("eval").arg(&module)));
    let (kiln, peers) = eval.measure(bench.runs)?;
    let what = "kiln eval of an empty package".to_owned();
    Ok(vec![version, Line { name: "start", what, kiln, peers, target, limit }])
}
