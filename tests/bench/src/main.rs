//! Converts facts about real packages into recipes: a check of what the language can say, and input
//! for benchmarks.
//!
//! ```text
//! convert-world WORLD.jsonl[.zst] DIR      writes DIR/{modules,interfaces,recipes}/…, DIR/project.kiln
//!                                          and DIR/hard.txt, the roots that no greedy pass solves
//! ```
//!
//! What the data says and the language cannot is counted and shown, with the first places.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "JSON has kinds of values that the data has not"
)]

mod condition;
mod greedy;
mod names;
mod recipe;
mod tally;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use crate::greedy::{Greedy, Outcome};
use crate::names::ident;
use crate::tally::Tally;
use crate::world::{World, strings, systems};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = &arguments[..] else {
        eprintln!("usage: convert-world WORLD.jsonl[.zst] DIR");
        return ExitCode::from(2);
    };
    match run(Path::new(from), Path::new(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("convert-world: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(from: &Path, to: &Path) -> Result<(), String> {
    let world = World::read(from)?;
    let mut tally = Tally::default();
    let write = |folder: &str, name: &str, text: &str| -> Result<(), String> {
        let folder = to.join(folder);
        let path = folder.join(format!("{name}.kiln"));
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{}: {error}", path.display()))
    };
    write("modules", "upstream", recipe::UPSTREAM)?;
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in world.packages.values() {
        let mut systems = systems(package);
        if systems.is_empty() {
            systems.push("generic".to_owned());
        }
        for fragment in strings(&package["inherits"]) {
            used.entry(fragment).or_default().extend(systems.iter().cloned());
        }
    }
    for (name, systems) in &used {
        if world.fragments.contains_key(name) {
            let systems: Vec<String> = systems.iter().cloned().collect();
            let text = recipe::module(&world, name, &systems, &mut tally);
            write("modules", &recipe::fragment_names(name, "").0, &text)?;
        }
    }
    let mut interfaces = 0;
    for name in world.interfaces.keys() {
        let is_package = world.packages.get(name).is_some_and(|it| it["virtual"] != true);
        if !is_package {
            interfaces += 1;
            write("interfaces", &ident(name), &format!("interface {}\n", ident(name)))?;
        }
    }
    let mut recipes = 0;
    for (name, package) in &world.packages {
        if ident(name) != *name {
            tally.add("names that the language does not allow", name);
        }
        if package["virtual"] != true {
            recipes += 1;
            write("recipes", &ident(name), &recipe::recipe(&world, name, &mut tally))?;
        }
    }
    let mut project = String::from("project\n\nuse \".\"\n\n");
    if let Some(providers) = world.meta["suggested_provider"].as_object() {
        for (interface, provider) in providers {
            let provider = provider.as_str().unwrap_or_default();
            project.push_str(&format!("providers.{} = {}\n", ident(interface), ident(provider)));
        }
    }
    std::fs::write(to.join("project.kiln"), project)
        .map_err(|error| format!("{}: {error}", to.display()))?;
    println!(
        "{recipes} recipes, {interfaces} interfaces, {} modules in {}",
        used.len() + 1,
        to.display()
    );
    println!("what could not be said:");
    tally.print();
    hard(&world, &to.join("hard.txt"))
}

/// Writes which roots are hard, and why: a name and reasons on each line.
fn hard(world: &World, to: &Path) -> Result<(), String> {
    let greedy = Greedy::new(world);
    let mut text = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for root in greedy.roots() {
        match greedy.settle(root) {
            Outcome::Clean => *counts.entry("clean").or_default() += 1,
            Outcome::Tools => *counts.entry("only versions of build tools").or_default() += 1,
            Outcome::Hard(reasons) => {
                *counts.entry("hard").or_default() += 1;
                for reason in &reasons {
                    *counts.entry(reason.word()).or_default() += 1;
                }
                let reasons: Vec<&str> = reasons.iter().map(|it| it.word()).collect();
                text.push_str(&format!("{} {}\n", ident(root), reasons.join(",")));
            }
        }
    }
    println!("a greedy pass:");
    for (what, count) in &counts {
        println!("{count:>7}  {what}");
    }
    std::fs::write(to, text).map_err(|error| format!("{}: {error}", to.display()))
}
