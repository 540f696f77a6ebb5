//! Evaluating one overridden package of a set.

use super::{Bench, Contest};
use crate::bench::measure::time;
use crate::bench::synthetic;
use crate::bench::table::{Line, Target};

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>, String> {
    let tools = bench.tools;
    let (store, state, set) = (bench.path("store"), bench.path("nix"), bench.path("set"));
    synthetic::make(1_000, &set)?;
    let name = "p00042";
    let contest = Contest::new(|_| {
        let mut command = tools.kiln_anew(&store);
        command.args(["eval", "--no-project", "--recipes"]).arg(set.join("kiln/recipes"));
        time(command.arg("-f").arg(set.join("kiln/override.kiln")).arg(name))
    })
    .peer("Nix", &tools.nix("nix-instantiate", &state), |_| {
        let mut command = tools.nix("nix-instantiate", &state)?;
        time(command.args(["--eval", "--attr", &format!("{name}.outPath")]).arg(set.join("nix")))
    })
    .peer("Pkl", &tools.pkl(), |_| {
        time(tools.pkl()?.arg("eval").arg(set.join(format!("pkl/packages/{name}.pkl"))))
    });
    let (kiln, peers) = contest.measure(bench.runs)?;
    Ok(vec![Line {
        name: "eval",
        what: "eval of one overridden package".to_owned(),
        kiln,
        peers,
        target: Target::Below("Pkl"),
        limit: Some((bench.machine.exec_ms, "start and end")),
    }])
}
