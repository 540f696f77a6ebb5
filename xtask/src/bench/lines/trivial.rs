//! What a build costs that does nothing but write one small file.

use std::path::PathBuf;
use std::process::Command;

use super::{Bench, Contest};
use crate::bench::measure::{Took, time};
use crate::bench::table::{Line, Target};
use crate::bench::tools::Tools;
use crate::bench::trivial;

/// The most that a build may cost.
const BUILD_MS: f64 = 5.0;

/// The most that 500 inputs may add to that.
const INPUTS_MS: f64 = 15.0;

/// How many builds one command runs.
const MANY: usize = 100;
const MANY_WITH_INPUTS: usize = 20;
const INPUTS: usize = 500;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>, String> {
    let builds = Builds {
        tools: bench.tools,
        store: bench.path("store"),
        state: bench.path("nix"),
        folder: bench.folder.clone(),
    };
    builds.realise_inputs()?;
    let nix = bench.tools.nix("nix-build", &builds.state);
    let bwrap = bench.tools.bwrap();
    let limit = Some((bench.machine.exec_ms, "start and end"));
    let line = |what: &str, kiln, peers, target| Line {
        name: "trivial",
        what: what.to_owned(),
        kiln,
        peers,
        target,
        limit,
    };
    let each = Contest::new(|round| builds.kiln_each("many", round, MANY, 0))
        .peer("bwrap", &bwrap, |_| builds.bwrap_each(20, 0))
        .peer("Nix", &nix, |round| builds.nix_each("many", round, MANY, 0));
    let (times, peers) = each.measure(bench.few())?;
    let each =
        line("trivial build, each of 100 in a command", times, peers, Target::Most(BUILD_MS));

    let whole = Contest::new(|round| {
        builds.write("one", round, 1, 0)?;
        time(&mut builds.kiln("one", round, 1))
    })
    .peer("bwrap", &bwrap, |_| builds.bwrap_each(1, 0))
    .peer("Nix", &nix, |round| {
        builds.write("one", round, 1, 0)?;
        time(&mut builds.nix("one", round)?)
    });
    let (times, peers) = whole.measure(bench.runs)?;
    let whole = line("trivial build, a whole command", times, peers, Target::None);

    let added = Contest::new(|round| {
        let without = builds.kiln_each("few", round, MANY_WITH_INPUTS, 0)?;
        Ok(builds.kiln_each("inputs", round, MANY_WITH_INPUTS, INPUTS)? - without)
    })
    .peer("bwrap", &bwrap, |_| Ok(builds.bwrap_each(5, INPUTS)? - builds.bwrap_each(5, 0)?))
    .peer("Nix", &nix, |round| {
        let without = builds.nix_each("few", round, MANY_WITH_INPUTS, 0)?;
        Ok(builds.nix_each("inputs", round, MANY_WITH_INPUTS, INPUTS)? - without)
    });
    let (times, peers) = added.measure(bench.few())?;
    let added = line("  what 500 inputs add", times, peers, Target::Most(INPUTS_MS));
    Ok(vec![each, whole, added])
}

struct Builds<'a> {
    tools: &'a Tools,
    store: PathBuf,
    state: PathBuf,
    folder: PathBuf,
}

impl Builds<'_> {
    fn set(&self, tag: &str, round: usize) -> PathBuf {
        self.folder.join(format!("{tag}-{round}"))
    }

    /// Writes builds that nobody has run.
    fn write(&self, tag: &str, round: usize, count: usize, inputs: usize) -> Result<(), String> {
        let set = self.set(tag, round);
        let shown = set.display().to_string();
        let names = names(tag, round, count);
        trivial::write(&names, inputs, &self.inputs(), &set).map_err(|it| format!("{shown}: {it}"))
    }

    /// What the builds of all sets share: the tool and the inputs.
    fn inputs(&self) -> PathBuf {
        self.folder.join("shared")
    }

    fn realise_inputs(&self) -> Result<(), String> {
        let shared = self.inputs();
        trivial::write_shared(INPUTS, &shared)
            .map_err(|it| format!("{}: {it}", shared.display()))?;
        let mut command = self.tools.kiln(&self.store);
        command.args(["realise", "--quiet", "--no-project", "--recipes"]);
        time(command.arg(shared.join("kiln")).arg("inputs"))?;
        if let Ok(mut command) = self.tools.nix("nix-build", &self.state) {
            command.arg("--no-out-link").arg(shared.join("nix/inputs.nix"));
            time(&mut command)?;
        }
        Ok(())
    }

    fn kiln(&self, tag: &str, round: usize, count: usize) -> Command {
        let mut command = self.tools.kiln(&self.store);
        command.args(["realise", "--quiet", "--builds", "1", "--no-project", "--recipes"]);
        command.arg(self.inputs().join("kiln")).arg("--recipes");
        command.arg(self.set(tag, round).join("kiln")).args(names(tag, round, count));
        command
    }

    fn nix(&self, tag: &str, round: usize) -> Result<Command, String> {
        let mut command = self.tools.nix("nix-build", &self.state)?;
        command.args(["--no-out-link", "--max-jobs", "1"]);
        command.arg(self.set(tag, round).join("default.nix"));
        Ok(command)
    }

    /// What a build costs in a command that runs many: the command, without the same command once
    /// more, when nothing is left to build.
    fn kiln_each(
        &self,
        tag: &str,
        round: usize,
        count: usize,
        inputs: usize,
    ) -> Result<Took, String> {
        self.write(tag, round, count, inputs)?;
        let first = time(&mut self.kiln(tag, round, count))?;
        let again = time(&mut self.kiln(tag, round, count))?;
        Ok((first - again) / count)
    }

    fn nix_each(
        &self,
        tag: &str,
        round: usize,
        count: usize,
        inputs: usize,
    ) -> Result<Took, String> {
        self.write(tag, round, count, inputs)?;
        let first = time(&mut self.nix(tag, round)?)?;
        let again = time(&mut self.nix(tag, round)?)?;
        Ok((first - again) / count)
    }

    /// What it costs to run the program in all the namespaces that there are, without any store.
    fn bwrap_each(&self, count: usize, inputs: usize) -> Result<Took, String> {
        let tool = self.inputs().join("kiln/tool");
        let mut total = Took { wall_ms: 0.0, cpu_ms: 0.0 };
        for _ in 0..count {
            let mut command = self.tools.bwrap()?;
            command.args([
                "--unshare-all",
                "--die-with-parent",
                "--dev",
                "/dev",
                "--proc",
                "/proc",
            ]);
            command.args(["--tmpfs", "/tmp", "--ro-bind"]).arg(&tool).arg("/tool");
            for number in 0..inputs {
                let name = format!("/inputs/{number}");
                command.arg("--ro-bind").arg(&tool).arg(name);
            }
            total = total + time(command.args(["/tool/write", "/tmp/out", "text"]))?;
        }
        Ok(total / count)
    }
}

fn names(tag: &str, round: usize, count: usize) -> Vec<String> {
    (0..count).map(|it| format!("{tag}-{round}-{it}")).collect()
}
