//! A [`Lock`] as text: one package a block, one option a line, in an order that depends on nothing
//! but the choices.

use std::fmt::Write as _;

use super::{LOCK_FORMAT, Lock, LockedOption, LockedPackage, LockedValue};

/// How wide a list may be before each of its values gets a line of its own.
const WIDTH: usize = 96;

/// What the last line says, so that a file that was cut off is told from a whole one.
pub(super) const END: &str = "# end";

const HEAD: &str = "\
# Written by `kiln lock`: every choice that was made for this project. Keep it with the project.
# `kiln lock` takes in what has changed, `kiln lock --update PACKAGE` moves a package.
";

impl Lock {
    /// Writes the lock.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{HEAD}format = {LOCK_FORMAT}\n");
        for (table, values) in &self.facts {
            let _ = write!(out, "\n[{}]\n", key(table));
            for (name, value) in values {
                let _ = writeln!(out, "{} = {}", key(name), quoted(value));
            }
        }
        for request in &self.requests {
            let _ = write!(out, "\n[[request]]\nkind = {}\n", quoted(request.kind.word()));
            list(&mut out, "wants", &request.wants);
            for package in &request.packages {
                block(&mut out, "request.package", package);
            }
        }
        for tool in &self.tools {
            block(&mut out, "tool", tool);
        }
        let _ = write!(out, "\n{END}\n");
        out
    }
}

fn block(out: &mut String, table: &str, package: &LockedPackage) {
    let _ = write!(out, "\n[[{table}]]\nname = {}\n", quoted(&package.name));
    if let Some(instance) = &package.instance {
        let _ = writeln!(out, "instance = {}", quoted(instance));
    }
    let _ = writeln!(out, "version = {}", quoted(&package.version));
    if let Some(recipe) = &package.recipe {
        let _ = writeln!(out, "recipe = {}", quoted(recipe));
    }
    if !package.sources.is_empty() {
        list(out, "sources", &package.sources);
    }
    for (role, needs) in &package.needs {
        list(out, &key(role), needs);
    }
    for (interface, provider) in &package.providers {
        let _ = writeln!(out, "provider.{} = {}", key(interface), quoted(provider));
    }
    if !package.exports.is_empty() {
        list(out, "exports", &package.exports);
    }
    for (name, option) in &package.options {
        let name = format!("option.{}", key(name));
        match &option.by {
            None => value(out, &name, &option.value),
            Some(by) => set_by(out, &name, option, by),
        }
    }
}

fn value(out: &mut String, name: &str, value: &LockedValue) {
    match value {
        LockedValue::One(text) => {
            let _ = writeln!(out, "{name} = {}", quoted(text));
        }
        LockedValue::Set(values) => list(out, name, values),
    }
}

/// A value with who set it. The lines of a long set are in the brackets, where any TOML allows them.
fn set_by(out: &mut String, name: &str, option: &LockedOption, by: &str) {
    let by = quoted(by);
    match &option.value {
        LockedValue::One(text) => {
            let _ = writeln!(out, "{name} = {{ value = {}, by = {by} }}", quoted(text));
        }
        LockedValue::Set(values) => {
            let mut set = String::new();
            list(&mut set, "value", values);
            let _ = writeln!(out, "{name} = {{ by = {by}, {} }}", set.trim_end());
        }
    }
}

fn list(out: &mut String, name: &str, values: &[String]) {
    let quoted: Vec<String> = values.iter().map(|it| quoted(it)).collect();
    let line = format!("{name} = [{}]", quoted.join(", "));
    if line.chars().count() <= WIDTH || values.len() < 2 {
        let _ = writeln!(out, "{line}");
        return;
    }
    let _ = writeln!(out, "{name} = [");
    for value in quoted {
        let _ = writeln!(out, "    {value},");
    }
    let _ = writeln!(out, "]");
}

/// A key of TOML, in quotes if it must be.
fn key(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.is_empty() && text.chars().all(is_bare) { text.to_owned() } else { quoted(text) }
}

/// A text of TOML in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
