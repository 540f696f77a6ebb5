//! A synthetic set as modules of Pkl, which knows no derivations: the id of a package is the
//! SHA-256 of all that it is built from, the ids of its dependencies among it.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use super::{Package, Set, name};

pub(super) fn write(set: &Set, folder: &Path) -> io::Result<()> {
    let packages = folder.join("packages");
    fs::create_dir_all(&packages)?;
    fs::write(folder.join("Package.pkl"), BASE)?;
    for package in &set.packages {
        let text = module(package);
        if package.number == set.overridden {
            // Importers say which file they want: an override stands where the package stood.
            fs::write(packages.join(format!("default-{}.pkl", package.name())), text)?;
            let text =
                format!("amends \"default-{}.pkl\"\n\nverbose = true\njobs = 64\n", package.name());
            fs::write(packages.join(format!("{}.pkl", package.name())), text)?;
        } else {
            fs::write(packages.join(format!("{}.pkl", package.name())), text)?;
        }
    }
    fs::write(folder.join("world.pkl"), world(set))
}

const BASE: &str = r#"/// What every package has.
open module Package

/// Its name.
name: String
/// Its version.
version: String(matches(Regex("[0-9]+([.][0-9]+)*")))
/// Its licence.
license: String?
/// What is linked into it.
hidden inputs: List<Module>
/// What its build is told.
hidden args: List<String>
/// What it is built from.
id: String = "\(name) \(version) \(args.join(" ")) \(inputs.map((it) -> it.id).join(" "))".sha256
"#;

fn module(package: &Package) -> String {
    let (name, version) = (package.name(), package.version());
    let hosts: Vec<String> = package.hosts.iter().map(|it| super::name(it.number)).collect();
    let extra = package.extra.map(super::name);
    let verbose = package.verbose.map(super::name);
    let mut text = format!(
        "/// The synthetic package {name}.\nopen module {name}\n\nextends \"../Package.pkl\"\n\n"
    );
    for host in hosts.iter().chain(&extra).chain(&verbose) {
        let _ = writeln!(text, "import \"{host}.pkl\"");
    }
    let jobs = package.jobs;
    let _ = write!(
        text,
        r#"
name = "{name}"
version = "{version}"
license = "MIT"

/// More than most need.
extra: Boolean = true
/// Says what it does.
verbose: Boolean(!this || mode != "small") = false
/// What it is compiled for.
mode: "fast" | "small" | "safe" = "fast"
/// How much it does at a time.
jobs: Int(isBetween(1, 64)) = {jobs}

inputs = List({})"#,
        hosts.join(", ")
    );
    for (option, host) in [("extra", &extra), ("verbose", &verbose)] {
        if let Some(host) = host {
            let _ = write!(text, "\n  + (if ({option}) List({host}) else List())");
        }
    }
    text.push_str("\nargs = List(\"--jobs=\\(jobs)\"");
    for host in &hosts {
        let _ = write!(text, ", \"--use=\\({host}.id)\"");
    }
    text.push(')');
    for (option, host) in [("extra", &extra), ("verbose", &verbose)] {
        let on = host.as_ref().map(|it| format!("=\\({it}.id)")).unwrap_or_default();
        let _ = write!(text, "\n  + List(if ({option}) \"--{option}{on}\" else \"--no-{option}\")");
    }
    text.push_str(
        r#"
  + (if (mode == "fast") List("-O3") else if (mode == "small") List("-Os") else List("-O2", "-fhard"))
  + (if (mode == "safe" && extra) List("--check") else List())
"#,
    );
    text
}

fn world(set: &Set) -> String {
    let tops: Vec<String> = set.tops.iter().map(|it| name(*it)).collect();
    let mut text = String::from(
        "/// Everything that nothing else depends on, and so everything.\nmodule world\n\n",
    );
    for top in &tops {
        let _ = writeln!(text, "import \"packages/{top}.pkl\"");
    }
    let ids: Vec<String> = tops.iter().map(|it| format!("{it}.id")).collect();
    let _ = write!(text, "\nid: String = List({}).join(\" \").sha256\n", ids.join(", "));
    text
}
