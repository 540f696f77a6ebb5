//! What Kiln adds to real builds: the same steps by hand in bwrap, with the same files at the same
//! paths.
//!
//! ```text
//! recipe + a step `seen`  ──kiln realise──▶  OBJECT/seen/{env,steps/…,store,out}
//!                                              │ what every step has before it
//! recipe + a new variable ──kiln realise──▶ measured        bwrap with exactly that ──▶ measured
//! ```
//!
//! The extra step leaves what the others see in the output, so nothing about them is repeated here:
//! their environment, their scripts, the objects that are there. The new variable makes a build that
//! nobody has run, in this run or before.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Bench, Contest, write};
use crate::bench::measure::{remove, time};
use crate::bench::table::{Line, Target};
use crate::bench::tools::Tools;

/// What is built, and the first of its steps.
const PACKAGES: [(&str, &str); 3] =
    [("openssl", "configure"), ("curl", "configure"), ("dpdk", "static")];

/// How much longer than by hand it may take.
const MORE_MAX: f64 = 0.05;

/// The step that leaves what the others see.
const SEEN: &str = r#"
step seen before FIRST = sh"""
    mkdir -p "\(out)/seen/steps"
    cp /kiln/steps/* "\(out)/seen/steps/"
    rm "\(out)/seen/steps/"*-seen
    env -0 > "\(out)/seen/env"
    ls /kiln/store > "\(out)/seen/store"
    printf %s "\(out)" > "\(out)/seen/out"
    printf %s "$(readlink /bin/sh)" > "\(out)/seen/sh"
    """
"#;

/// What runs in bwrap: the source is copied, as it is to be written to, with its times (else makefiles
/// take what is generated for old), and the steps follow.
const BY_HAND: &str = r#"
cp -Rp "$1" /build/src
chmod -R u+w /build/src
cd /build/src
for step in /kiln/steps/*; do
    sh -eu "$step" < /dev/null
done
"#;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    for (package, first_step) in PACKAGES {
        let build =
            Build { tools: bench.tools, store: bench.store(), folder: &bench.folder, package };
        eprintln!("  building {package} for the first time, with what it needs");
        let seen = build.see(first_step)?;
        let bwrap = bench.tools.bwrap();
        let contest = Contest::new(|round| {
            // A store that is there from an earlier run must not have it either.
            let fresh = format!("{}-{round}", began.as_nanos());
            let recipes =
                build.recipe(&round.to_string(), &format!("\nenv.KILN_BENCH = \"{fresh}\"\n"))?;
            time(&mut build.kiln(&recipes))
        })
        .peer("bwrap", &bwrap, |round| {
            let output = bench.path(&format!("{package}-output-{round}"));
            fs::create_dir_all(&output).map_err(|it| cannot("make", &output, &it))?;
            let took = time(&mut build.by_hand(&seen, &output)?);
            // A build that made nothing would be a good time for nothing.
            let is_empty = fs::read_dir(&output).is_ok_and(|mut it| it.next().is_none());
            remove(&output);
            match took {
                Ok(_) if is_empty => Err(format!("{package} by hand has made nothing")),
                took => took,
            }
        });
        let (kiln, peers) = contest.measure((bench.runs / 10).max(1))?;
        let target = Target::PartOf("bwrap", 1.0 + MORE_MAX);
        let what = format!("{package}, from its source to its output");
        lines.push(Line { name: "build", what, kiln, peers, target, limit: None });
    }
    Ok(lines)
}

struct Build<'a> {
    tools: &'a Tools,
    store: PathBuf,
    folder: &'a Path,
    package: &'static str,
}

/// What the steps of a build see.
struct Seen {
    /// Where the object lies that has it.
    folder: PathBuf,
    /// Names of objects.
    store: Vec<String>,
    /// Where the output is made, as the steps see it.
    out: String,
    /// What `/bin/sh` is.
    shell: String,
}

impl Build<'_> {
    /// Writes the standard recipe with something after it, and returns the folder that it is in.
    fn recipe(&self, tag: &str, more: &str) -> Result<PathBuf, String> {
        let file = format!("{}.kiln", self.package);
        let standard =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib-recipes/recipes").join(&file);
        let text = fs::read_to_string(&standard).map_err(|it| cannot("read", &standard, &it))?;
        let folder = self.folder.join(format!("{}-{tag}", self.package));
        write(&folder.join(file), &(text + more))?;
        Ok(folder)
    }

    fn kiln(&self, recipes: &Path) -> Command {
        let mut command = self.tools.kiln(&self.store);
        // An archive of sources and mirrors are the machine's own.
        let is_place = |name: &str| name == "KILN_ARCHIVE" || name.starts_with("KILN_MIRROR_");
        command.envs(std::env::vars().filter(|it| is_place(&it.0)));
        command.args(["realise", "--quiet", "--no-project", "--builds", "1", "--recipes"]);
        command.arg(recipes).arg(self.package);
        command
    }

    /// Builds the package so that it leaves what its steps see.
    fn see(&self, first_step: &str) -> Result<Seen, String> {
        let recipes = self.recipe("seen", &SEEN.replace("FIRST", first_step))?;
        let path = said(&mut self.kiln(&recipes))?;
        let object = self.store.join("store").join(path.rsplit('/').next().unwrap_or(&path));
        let folder = object.join("seen");
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|it| cannot("read", &path, &it))
        };
        let store = read("store")?.lines().map(str::to_owned).collect();
        Ok(Seen { store, out: read("out")?, shell: read("sh")?, folder: folder.clone() })
    }

    /// The steps in bwrap, with the output in a folder of the machine.
    fn by_hand(&self, seen: &Seen, output: &Path) -> Result<Command, String> {
        let mut command = self.tools.bwrap()?;
        command.args(["--unshare-all", "--die-with-parent", "--clearenv"]);
        command.args(["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/build"]);
        let env = seen.folder.join("env");
        let bytes = fs::read(&env).map_err(|it| cannot("read", &env, &it))?;
        for variable in bytes.split(|it| *it == 0).filter(|it| !it.is_empty()) {
            let at = variable.iter().position(|it| *it == b'=').unwrap_or(variable.len());
            let (name, value) = variable.split_at(at);
            let value = value.get(1..).unwrap_or_default();
            command.arg("--setenv").arg(std::ffi::OsStr::from_bytes(name));
            command.arg(std::ffi::OsStr::from_bytes(value));
        }
        let out = seen.out.rsplit('/').next().unwrap_or(&seen.out);
        let mut source = None;
        for name in seen.store.iter().filter(|it| *it != out) {
            let at = format!("/kiln/store/{name}");
            command.arg("--ro-bind").arg(self.store.join("store").join(name)).arg(&at);
            if name.ends_with(&format!("-{}-source", self.package)) {
                source = Some(at);
            }
        }
        let source = source.ok_or_else(|| format!("{} has no source", self.package))?;
        command.arg("--bind").arg(output).arg(&seen.out);
        command.arg("--ro-bind").arg(seen.folder.join("steps")).arg("/kiln/steps");
        command.args(["--symlink", &seen.shell, "/bin/sh"]);
        command.args(["--symlink", &seen.shell.replace("/bin/sh", "/bin/env"), "/usr/bin/env"]);
        command.args(["--chdir", "/build", "/bin/sh", "-euc", BY_HAND, "sh", &source]);
        Ok(command)
    }
}

/// The last line that a command prints.
fn said(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        command.output().map_err(|it| format!("cannot start {command:?}: {it}"))?;
    if !status.success() {
        let said = String::from_utf8_lossy(&stderr);
        return Err(format!("{command:?} ended with {status}:\n{said}"));
    }
    let text = String::from_utf8_lossy(&stdout);
    let line = text.lines().last().map(str::to_owned);
    line.ok_or_else(|| format!("{command:?}: {}", io::Error::from(ErrorKind::UnexpectedEof)))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}
