//! What a change must pass: format, lints, docs, tests.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// One thing to run. All are run, so that one look shows everything that is wrong.
struct Check {
    name: &'static str,
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
}

/// The last is the test command of the README.
const CHECKS: &[Check] = &[
    Check { name: "format", arguments: &["fmt", "--all", "--check"], variables: &[] },
    Check {
        name: "lints",
        arguments: &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        variables: &[],
    },
    Check {
        name: "docs",
        arguments: &["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"],
        variables: &[("RUSTDOCFLAGS", "-Dwarnings")],
    },
    Check {
        name: "tests",
        arguments: &["test", "--workspace", "--locked", "--no-fail-fast"],
        variables: &[],
    },
];

/// Whether the kernel gives a process the namespaces that builds need, as another program has it.
fn allows_namespaces() -> bool {
    let words = ["--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "true"];
    let allowed = Command::new("unshare").args(words).output().is_ok_and(|it| it.status.success());
    if !allowed {
        println!("== real builds are not required: `unshare {}` fails", words.join(" "));
    }
    allowed
}

/// Runs all checks below `root`.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let mut failed = Vec::new();
    // Where the kernel allows builds, that Kiln cannot run any is a failure, and not a reason to leave
    // tests out. What is set already stays as it is.
    let is_required = std::env::var_os("KILN_TEST_BUILDS").is_none() && allows_namespaces();
    for check in CHECKS {
        println!("== {}: cargo {}", check.name, check.arguments.join(" "));
        let started = Instant::now();
        let status = Command::new(env!("CARGO"))
            .args(check.arguments)
            .envs(check.variables.iter().copied())
            .envs(is_required.then_some(("KILN_TEST_BUILDS", "required")))
            .current_dir(root)
            .status()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        let word = if status.success() { "passed" } else { "FAILED" };
        println!("== {} {word} after {} s", check.name, started.elapsed().as_secs());
        if !status.success() {
            failed.push(check.name);
        }
    }
    println!("== licences: cargo deny check licenses bans sources");
    match Command::new(env!("CARGO")).args(["deny", "--version"]).output() {
        Ok(output) if output.status.success() => {
            let status = Command::new(env!("CARGO"))
                .args(["deny", "check", "licenses", "bans", "sources"])
                .current_dir(root)
                .status()
                .map_err(|error| format!("cannot run cargo: {error}"))?;
            if !status.success() {
                failed.push("licences");
            }
        }
        _ => println!("== licences not looked at: cargo-deny is not installed"),
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("{} failed", failed.join(", "))) }
}
