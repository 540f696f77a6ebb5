//! A synthetic set as recipes.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use super::{Package, Set, name, write_tool};

pub(super) fn write(set: &Set, folder: &Path) -> io::Result<()> {
    let recipes = folder.join("recipes");
    write_tool(&recipes.join("tool"))?;
    fs::write(recipes.join("tool.kiln"), TOOL)?;
    for package in &set.packages {
        fs::write(recipes.join(format!("{}.kiln", package.name())), recipe(package))?;
    }
    fs::write(recipes.join("world.kiln"), world(set))?;
    fs::write(folder.join("override.kiln"), override_of(&name(set.overridden)))
}

const TOOL: &str = r#"//! Writes its second argument into the file that its first one names.
recipe tool

version = 1.0.0
source = dir("tool")
"#;

fn override_of(name: &str) -> String {
    format!("override {name}\n\nverbose = on\njobs = 64\n")
}

fn recipe(package: &Package) -> String {
    let (name, version) = (package.name(), package.version());
    let mut text = String::new();
    let _ = write!(
        text,
        r#"//! The synthetic package {name}.
recipe {name}

version = {version}
license = "MIT"

build tool
"#
    );
    for host in &package.hosts {
        let need = if host.with_extra { "[extra]" } else { "" };
        let _ = writeln!(text, "host {}{need} >= 1", super::name(host.number));
    }
    text.push_str("\nargs = [\"--jobs=\\(jobs)\"");
    for host in &package.hosts {
        let _ = write!(text, ", \"--use=\\(dep.{})\"", super::name(host.number));
    }
    text.push_str("]\n");
    let mut feature = |option: &str, state: &str, doc: &str, host: Option<usize>| {
        let _ = writeln!(text, "\n/// {doc}");
        let _ = match host.map(super::name) {
            Some(host) => write!(
                text,
                "feature {option} = {state} {{\n    host {host} >= 1\n    \
                 arg \"--{option}=\\(dep.{host})\" else \"--no-{option}\"\n}}\n"
            ),
            None => write!(
                text,
                "feature {option} = {state} {{\n    \
                 arg \"--{option}\" else \"--no-{option}\"\n}}\n"
            ),
        };
    };
    feature("extra", "on", "More than most need.", package.extra);
    feature("verbose", "off", "Says what it does.", package.verbose);
    let jobs = package.jobs;
    let _ = write!(
        text,
        r#"
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
knob jobs: Int(1..=64) = {jobs}

conflict verbose & mode == small "being verbose needs room"
when mode == safe & extra {{ arg "--check" }}

shell = ["\(dep.tool)/write", "\(out)", "{name} \(version) \(args.join(" "))"]
/// Writes the output.
step build = sh"""\(args)"""
"#
    );
    text
}

fn world(set: &Set) -> String {
    let mut text = String::from(
        "//! Everything that nothing else depends on, and so everything.\nrecipe world\n\n\
         version = 1.0.0\n\nbuild tool\n",
    );
    for top in &set.tops {
        let _ = writeln!(text, "host {}", name(*top));
    }
    text.push_str(
        r#"
shell = ["\(dep.tool)/write", "\(out)", "world"]
/// Writes the output.
step build = sh"""\(deps.host.map((it) -> "\(it)"))"""
"#,
    );
    text
}
