//! Packages and fragments of the source as recipes, modules and interfaces.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::condition::{Cond, Context, body, set};
use crate::names::{enumerator, ident, option, quoted, value, version};
use crate::tally::Tally;
use crate::world::{Kind, World, defaults, list, options, scalar, str, strings, systems};

/// The module of what the source says of downloads.
pub(crate) const UPSTREAM: &str = "\
//! Where sources come from, as far as the data says.
module upstream

mixin upstream {
    /// The commit of a repository.
    field commit: String? = null
    /// The tag of a repository.
    field tag: String? = null
    /// The branch of a repository.
    field branch: String? = null
    /// The path below the host.
    field path: String? = null
    /// The MD5 sum, where there is nothing better.
    field md5: String? = null
    /// The SHA-512 sum.
    field sha512: String? = null
}
";

/// The module and mixin of a fragment in packages of one build system.
pub(crate) fn fragment_names(fragment: &str, system: &str) -> (String, String) {
    let module = ident(&format!("kit-{}", fragment.to_lowercase().replace('/', "_")));
    (module, ident(&system.to_lowercase()))
}

/// Writes the module of a fragment: a mixin for each build system that it is used with.
pub(crate) fn module(world: &World, name: &str, used_with: &[String], tally: &mut Tally) -> String {
    let fragment = &world.fragments[name];
    let own: BTreeMap<String, Kind> = options(list(fragment, "variants"));
    let (module, _) = fragment_names(name, "");
    let mut out = format!("//! What packages of `{name}` have in common.\nmodule {module}\n");
    for system in used_with {
        let (_, mixin) = fragment_names(name, system);
        let _ = write!(out, "\nmixin {mixin} {{\n");
        let find = |it: &str| own.get(it).cloned();
        let mut context =
            Context { world, package: name, options: &find, system: Some(system), tally, depth: 0 };
        let text = facts(fragment, &own, &mut context);
        for line in text.lines() {
            let _ = writeln!(out, "{}{line}", if line.is_empty() { "" } else { "    " });
        }
        out.push_str("}\n");
    }
    out
}

/// Writes the recipe of a package.
pub(crate) fn recipe(world: &World, name: &str, tally: &mut Tally) -> String {
    let package = &world.packages[name];
    let systems = systems(package);
    let fragments = strings(&package["inherits"]);
    let mut out = format!("recipe {}\n\nuse upstream\n", ident(name));
    // What is declared anew, or counts for some build systems only, is not shared.
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let bodies = fragments.iter().filter_map(|it| world.fragments.get(it)).chain([package]);
    for body in bodies {
        for name in options(list(body, "variants")).into_keys() {
            let name = list(body, "variants").map(|it| str(it, "name")).find(|it| *it == name);
            *times.entry(name.unwrap_or_default()).or_default() += 1;
        }
    }
    let (mut shared, mut inlined) = (Vec::new(), Vec::new());
    for fragment in &fragments {
        let Some(facts) = world.fragments.get(fragment) else {
            tally.add("slip: fragments that are not there", name);
            continue;
        };
        let again = list(facts, "variants").any(|it| times.get(str(it, "name")) > Some(&1));
        let apart = systems.len() > 1 || again || world.is_given(name);
        if apart { inlined.push(facts) } else { shared.push(fragment) }
    }
    for fragment in &shared {
        let _ = writeln!(out, "use {}", fragment_names(fragment, "").0);
    }
    out.push('\n');
    versions(package, &mut out, tally);
    if let Some(license) = list(package, "licenses").next() {
        let _ = writeln!(out, "license = {}", quoted(&scalar(&license["license"])));
    }
    out.push_str("include upstream.upstream\n");
    for fragment in &shared {
        let system = systems.first().map_or("generic", String::as_str);
        let (module, mixin) = fragment_names(fragment, system);
        let _ = writeln!(out, "include {module}.{mixin}");
    }
    out.push('\n');
    let empty = BTreeMap::new();
    let known = world.options.get(name).unwrap_or(&empty);
    let find = |it: &str| known.get(it).cloned();
    let system = if systems.len() > 1 {
        None
    } else {
        systems.first().map(String::as_str).or(Some("generic"))
    };
    let mut context = Context { world, package: name, options: &find, system, tally, depth: 0 };
    if systems.len() > 1 {
        let default = list(package, "build_system")
            .last()
            .map(|it| str(it, "default").to_owned())
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "/// What builds it.\nknob build_system: {} = {}\n",
            body(&systems),
            value(&default)
        );
    }
    let mut all = serde_json::Map::new();
    for key in ["variants", "depends", "extends", "provides", "conflicts", "requires"] {
        let bodies = inlined.iter().copied().chain([package]);
        all.insert(key.to_owned(), bodies.flat_map(|it| list(it, key)).cloned().collect());
    }
    let all = Value::Object(all);
    let own = options(list(&all, "variants"));
    out.push_str(&facts(&all, &own, &mut context));
    for what in ["patches", "resources"] {
        let count = list(package, what).count();
        for _ in 0..count {
            context.tally.add("patches and further sources, whose files are not in the data", name);
        }
    }
    out
}

fn versions(package: &Value, out: &mut String, tally: &mut Tally) {
    let mut lines = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for entry in list(package, "versions") {
        let text = str(entry, "v");
        if !seen.insert(text) {
            tally.add(
                "slip: versions that are there twice",
                format!("{} {text}", str(package, "name")),
            );
            continue;
        }
        if entry["preferred"] == true {
            lines.push_str("    @preferred\n");
        }
        if entry["deprecated"] == true {
            lines.push_str("    @deprecated\n");
        }
        let mut fields = Vec::new();
        for key in ["sha256", "sha512", "md5", "commit", "tag", "branch", "path"] {
            if let Some(text) = entry[key].as_str() {
                fields.push(format!("{key} = {}", quoted(text)));
            }
        }
        let block =
            if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join("; ")) };
        let _ = writeln!(lines, "    {}{block}", version(text));
    }
    if lines.is_empty() {
        out.push_str("version = 0\n");
        tally.add("packages without a version", str(package, "name"));
    } else {
        let _ = write!(out, "versions {{\n{lines}}}\n");
    }
}

/// Options, dependencies and rules: what packages and fragments both have.
fn facts(of: &Value, own: &BTreeMap<String, Kind>, context: &mut Context<'_>) -> String {
    let mut out = String::new();
    for (name, kind) in own {
        let declarations: Vec<&Value> =
            list(of, "variants").filter(|it| str(it, "name") == name).collect();
        out.push_str(&variant(name, kind, &declarations, context));
    }
    for dep in list(of, "depends") {
        out.push_str(&depends(dep, context, None));
    }
    for dep in list(of, "extends") {
        out.push_str(&depends(dep, context, Some("extends")));
    }
    for provide in list(of, "provides") {
        out.push_str(&provides(provide, context));
    }
    for rule in list(of, "conflicts") {
        let spec = context.constraint(&rule["spec"]);
        let when = context.when(rule);
        if let Cond::When(text) = when.and(spec) {
            let _ = writeln!(out, "conflict {text} {}", message(rule));
        }
    }
    for rule in list(of, "requires") {
        out.push_str(&requires(rule, context));
    }
    out
}

/// Why a rule is there; the data does not always say.
fn message(rule: &Value) -> String {
    match str(rule, "msg") {
        "" => quoted("these do not go together"),
        text => quoted(text),
    }
}

/// An option; several declarations of it, each under a condition, are one with the values of all.
fn variant(name: &str, kind: &Kind, declarations: &[&Value], context: &mut Context<'_>) -> String {
    let Some(first) = declarations.first() else { return String::new() };
    let own = option(name);
    let mut out = String::new();
    for line in str(first, "description").lines().take(1).filter(|it| !it.trim().is_empty()) {
        let _ = writeln!(out, "/// {}", line.trim());
    }
    if out.is_empty() {
        out.push_str("/// The data has no words for it.\n");
    }
    let conds: Vec<Cond> = declarations.iter().map(|it| context.when(it)).collect();
    // The last one whose condition holds counts.
    let mut default = default_of(first, kind);
    for (declaration, cond) in declarations.iter().zip(&conds).skip(1) {
        match cond {
            Cond::Always => default = default_of(declaration, kind),
            Cond::Never => {}
            Cond::When(text) => {
                let other = default_of(declaration, kind);
                if other != default {
                    if text.contains("with ") {
                        context.tally.add(
                            "defaults that depend on the rest of the graph",
                            format!("{}.{name}", context.package),
                        );
                    } else {
                        default = format!("if {text} then {other} else {default}");
                    }
                }
            }
        }
    }
    let when = if conds.contains(&Cond::Always) {
        String::new()
    } else {
        let texts: Vec<String> = conds
            .iter()
            .filter_map(|it| match it {
                Cond::When(text) => {
                    Some(if conds.len() > 1 { format!("({text})") } else { text.clone() })
                }
                Cond::Always | Cond::Never => None,
            })
            .collect();
        if texts.is_empty() {
            context.tally.add(
                "options that exist nowhere that can be said",
                format!("{}.{name}", context.package),
            );
            // A mixin leaves out what exists with another build system.
            if first["when"].to_string().contains("build_system") {
                return String::new();
            }
            out.push_str(&declaration(&own, kind, &default, "", declarations, context));
            return out;
        }
        format!(" when {}", texts.join(" | "))
    };
    let sticky = if first["sticky"] == true { " sticky" } else { "" };
    let tail = format!("{when}{sticky}");
    out.push_str(&declaration(&own, kind, &default, &tail, declarations, context));
    let mut rules = String::new();
    for it in declarations {
        let sets: Vec<Vec<String>> = list(it, "sets").map(strings).collect();
        for (at, a) in sets.iter().enumerate() {
            for b in sets.iter().skip(at + 1) {
                let _ = writeln!(
                    rules,
                    "conflict {own} has any {} & {own} has any {} \"these values do not go together\"",
                    set(a),
                    set(b)
                );
            }
        }
    }
    if first["nonempty"] == true
        && let Kind::Many(values) = kind
    {
        let _ =
            writeln!(rules, "require {own} has any {}{when} \"at least one value\"", set(values));
    }
    out.push_str(&rules);
    out
}

fn declaration(
    own: &str,
    kind: &Kind,
    default: &str,
    tail: &str,
    declarations: &[&Value],
    context: &mut Context<'_>,
) -> String {
    match kind {
        Kind::Switch => format!("feature {own} = {default}{tail}\n"),
        Kind::One(values) => {
            let body = enum_body(values, declarations, context);
            format!("knob {own}: {body} = {default}{tail}\n")
        }
        Kind::Many(values) => {
            let body = enum_body(values, declarations, context);
            format!("knob {own}: Set<{body}> = {default}{tail}\n")
        }
        Kind::Text => format!("knob {own}: String = {default}{tail}\n"),
        Kind::Number => format!("knob {own}: Int = {default}{tail}\n"),
    }
}

/// The values of all declarations, each with the conditions that it has.
fn enum_body(values: &[String], declarations: &[&Value], context: &mut Context<'_>) -> String {
    let alone: Vec<String> = declarations.iter().flat_map(|it| strings(&it["alone"])).collect();
    let mut parts = Vec::new();
    for value in values {
        let conditional = declarations
            .iter()
            .flat_map(|it| list(it, "values"))
            .find(|it| it.is_object() && scalar(&it["value"]) == *value);
        let cond = conditional.map_or(Cond::Always, |it| context.when(it));
        let mark = if alone.contains(value) { "@alone " } else { "" };
        parts.push(format!("{mark}{}{}", enumerator(value), cond.tail()));
    }
    if parts.iter().any(|it| it.contains(" when ") || it.starts_with('@')) {
        format!("enum {{\n    {}\n}}", parts.join("\n    "))
    } else {
        format!("enum {{ {} }}", parts.join(", "))
    }
}

fn default_of(variant: &Value, kind: &Kind) -> String {
    let values = defaults(variant);
    let first = values.first().map_or("", String::as_str);
    match kind {
        Kind::Switch => if first == "true" { "on" } else { "off" }.to_owned(),
        Kind::One(all) => value(values.first().or(all.first()).map_or("", String::as_str)),
        Kind::Many(_) => set(&values),
        Kind::Text => quoted(first),
        Kind::Number => first.to_owned(),
    }
}

fn depends(dep: &Value, context: &mut Context<'_>, role: Option<&str>) -> String {
    let name = str(&dep["spec"], "name");
    if context.world.is_given(context.package) {
        context.tally.add("dependencies of the compiler, which is taken as given", context.package);
        return String::new();
    }
    let known =
        context.world.packages.contains_key(name) || context.world.interfaces.contains_key(name);
    if !known {
        context
            .tally
            .add("slip: dependencies that are not there", format!("{} on {name}", context.package));
        return String::new();
    }
    if name == context.package {
        context.tally.add("dependencies on an older self", context.package);
        return String::new();
    }
    let when = context.when(dep);
    if when == Cond::Never {
        return String::new();
    }
    let Some((head, reqs)) = context.spec(&dep["spec"]) else { return String::new() };
    let types = strings(&dep["types"]);
    let has = |it: &str| types.iter().any(|t| t == it);
    let roles: Vec<&str> = match role {
        Some(role) => vec![role],
        None => {
            let mut roles = Vec::new();
            // What is linked with is seen by the build anyway.
            if has("link") {
                roles.push("host");
            } else if has("build") {
                roles.push("build");
            }
            if has("run") {
                roles.push("run");
            }
            if has("test") && roles.is_empty() {
                roles.push("test");
            }
            roles
        }
    };
    roles.iter().map(|role| format!("{role} {head}{reqs}{}\n", when.tail())).collect()
}

fn provides(provide: &Value, context: &mut Context<'_>) -> String {
    let when = context.when(provide);
    if when == Cond::Never {
        return String::new();
    }
    let mut parts = Vec::new();
    for spec in list(provide, "specs") {
        let name = str(spec, "name");
        if !context.world.interfaces.contains_key(name) {
            context.tally.add(
                "slip: interfaces that are not there",
                format!("{} of {}", name, context.package),
            );
            continue;
        }
        let mut alternatives = Vec::new();
        for range in list(spec, "versions") {
            alternatives.push(crate::condition::bounds(range).unwrap_or_default().join(" "));
        }
        let reqs = match &alternatives[..] {
            [] => String::new(),
            _ if alternatives.iter().any(String::is_empty) => String::new(),
            [one] => format!(" {one}"),
            several => format!(" ({})", several.join(" | ")),
        };
        parts.push(format!("{}{reqs}", ident(name)));
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!("provides {}{}\n", parts.join(" with "), when.tail())
    }
}

fn requires(rule: &Value, context: &mut Context<'_>) -> String {
    let when = context.when(rule);
    if when == Cond::Never {
        return String::new();
    }
    let alternatives: Vec<Cond> = list(rule, "specs").map(|it| context.constraint(it)).collect();
    let texts: Vec<String> = alternatives
        .iter()
        .filter_map(|it| match it {
            Cond::When(text) => Some(format!("({text})")),
            Cond::Always | Cond::Never => None,
        })
        .collect();
    if alternatives.contains(&Cond::Always) {
        return String::new();
    }
    if texts.is_empty() {
        // None of the alternatives can be: where the rule counts, nothing is allowed.
        return match when {
            Cond::When(text) => format!("conflict {text} {}\n", message(rule)),
            Cond::Always | Cond::Never => {
                context.tally.add("requirements that cannot be said", context.package);
                String::new()
            }
        };
    }
    let mut out = format!("require {}{} {}\n", texts.join(" | "), when.tail(), message(rule));
    if str(rule, "policy") == "one_of" {
        for (at, a) in texts.iter().enumerate() {
            for b in texts.iter().skip(at + 1) {
                let both = match &when {
                    Cond::When(text) => format!("{text} & {a} & {b}"),
                    Cond::Always | Cond::Never => format!("{a} & {b}"),
                };
                let _ = writeln!(out, "conflict {both} \"only one of these\"");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_no_names_are_texts() {
        assert_eq!(enumerator("17"), "17");
        assert_eq!(value("gfx906:xnack-"), "\"gfx906:xnack-\"");
        assert_eq!(value("openmp"), ".openmp");
        assert_eq!(ident("qt-5compat"), "qt_5compat");
        assert_eq!(version("2021-01-05"), "\"2021-01-05\"");
    }
}
