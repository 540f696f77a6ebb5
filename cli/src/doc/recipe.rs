//! The page of a recipe or an interface.

use std::collections::BTreeMap;

use kiln_eval::{Assume, Constants, Value};
use kiln_lang::module::{self, PartKind, Role, StmtKind};
use kiln_lang::schema::OptionSchema;
use kiln_lang::{FileId, published_specs};

use super::body::Part;
use super::catalog::{Catalog, Entry, summary};
use super::markdown::{blocks, inline, is_web};
use super::options::{choices, fields, first_paragraph};
use super::page::{Page, Row, badge, copyable, row, section, table};
use crate::html::Html;

pub(super) fn page(catalog: &Catalog<'_>, entry: &Entry) -> String {
    let table = &entry.schema.table;
    let parts: Vec<Part<'_>> = table.bodies.iter().map(|it| Part::new(catalog, *it)).collect();
    let resolve = |to: &str| catalog.package(to.trim_end_matches(".html"));
    let mut heading = Html::text(&entry.name);
    if entry.is_interface() {
        heading.push(badge("badge", "interface"));
    }
    if !entry.is_standard {
        heading.push(badge("badge", "own"));
    }
    let doc = blocks(entry.module().doc.as_deref().unwrap_or(""), 2, false, &resolve);
    let all: Vec<&OptionSchema> = table.choices().collect();
    let own = |file: FileId| file != kiln_lang::Database::PACKAGE;
    let main = Html::tag("h1", heading)
        .line()
        .then(Html::el("div", &[("class", "lead")], doc).line())
        .then(mistakes(entry))
        .then(facts(catalog, entry))
        .then(section(
            "options",
            "Options",
            choices(catalog, table, &all, Some(&entry.name), "option-"),
        ))
        .then(presets(catalog, entry))
        .then(outputs(catalog, entry))
        .then(compilations(catalog, entry))
        .then(dependencies(catalog, &parts))
        .then(exports(&parts))
        .then(rules(&parts))
        .then(section("steps", "Steps", steps(catalog, entry)))
        .then(section("fields", "Fields", fields(catalog, table, &own)))
        .then(tests(&parts))
        .then(users(catalog, entry));
    let title = format!("{} · Kiln", entry.name);
    let summary = summary(entry.module());
    Page { title: &title, description: &summary, up: "../", main }.document()
}

fn mistakes(entry: &Entry) -> Html {
    let text = match entry.mistakes {
        0 => return Html::new(),
        1 => "This recipe has a mistake: ".to_owned(),
        count => format!("This recipe has {count} mistakes: "),
    };
    let text = Html::text(&text).then(Html::code("kiln check")).then(" shows it.");
    Html::el("p", &[("class", "notice")], text).line()
}

//------ facts

fn facts(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let mut rows: Vec<(&str, Html)> = Vec::new();
    rows.push(("Spec", copyable(&entry.name)));
    rows.push(("Build it", copyable(&format!("kiln realise {}", entry.name))));
    let versions: Vec<Html> = entry.schema.versions.iter().map(version).collect();
    if !versions.is_empty() {
        rows.push(("Versions", Html::join(versions, ", ")));
    }
    let value = values(catalog, entry);
    if let Some(Value::Text(text)) = value("homepage") {
        let text = text.to_string();
        rows.push((
            "Homepage",
            match is_web(&text) {
                true => Html::el("a", &[("href", &text), ("rel", "noreferrer")], &*text),
                false => Html::text(&text),
            },
        ));
    }
    if let Some(Value::Text(text)) = value("license") {
        rows.push(("Licence", Html::code(&text.to_string())));
    }
    if let Some(Value::List(items)) = value("maintainers")
        && !items.is_empty()
    {
        rows.push((
            "Maintainers",
            Html::join(items.iter().map(|it| Html::text(&it.to_string())), ", "),
        ));
    }
    let provides = provides(catalog, entry);
    if !provides.is_empty() {
        rows.push(("Provides", provides));
    }
    let published = published_specs(catalog.db, entry.file);
    if !published.is_empty() {
        rows.push(("Published", Html::join(published.iter().map(|it| copyable(it)), " ")));
    }
    rows.push(("Recipe", Html::code(&entry.source)));
    let rows: Html = rows
        .into_iter()
        .map(|it| Html::tag("dt", it.0).then(Html::tag("dd", it.1)).line())
        .collect();
    Html::el("dl", &[("class", "facts")], rows).line()
}

/// The values of fields that are the same whatever is chosen.
fn values(catalog: &Catalog<'_>, entry: &Entry) -> impl Fn(&str) -> Option<Value> {
    let mut found = BTreeMap::new();
    if entry.mistakes == 0 {
        let newest = entry.schema.versions.first().map(|it| it.version.clone());
        let assume = Assume { version: newest, ..Assume::default() };
        let mut constants = Constants::new(catalog.db, entry.file, assume);
        for name in ["homepage", "license", "maintainers"] {
            if let Some(Ok(value)) = constants.option_named(name) {
                found.insert(name, value);
            }
        }
    }
    move |name| found.get(name).cloned()
}

fn version(version: &kiln_lang::schema::VersionSchema) -> Html {
    let mut html = Html::code(version.version.as_str());
    if version.preferred {
        html.push(" ");
        html.push(badge("since", "preferred"));
    }
    if let Some(why) = &version.history.deprecated {
        html.push(" ");
        html.push(Html::el("span", &[("class", "warn"), ("title", why)], "deprecated"));
    }
    if version.history.removed.is_some() {
        html.push(" ");
        html.push(badge("bad", "removed"));
    }
    html
}

fn provides(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let mut pieces = Vec::new();
    for at in &entry.schema.table.bodies {
        let part = Part::new(catalog, *at);
        for stmt in &part.body().stmts {
            let StmtKind::Provides(it) = &stmt.kind else { continue };
            let text = part.stmt(stmt);
            let text = text.strip_prefix("provides").unwrap_or(&text).trim();
            let first = it.interfaces.first().map(|it| &it.0.name);
            pieces.push(Html::tag("code", part.with_link(text, first)));
        }
    }
    Html::join(pieces, ", ")
}

//------ dependencies

fn dependencies(catalog: &Catalog<'_>, parts: &[Part<'_>]) -> Html {
    let roles = [
        (Role::Build, "run by the build, on the machine that builds"),
        (Role::Host, "linked into the result, or gives it headers"),
        (Role::Run, "there when the result runs"),
        (Role::Test, "there for the tests"),
        (Role::Extends, "what it is a plug-in of"),
    ];
    let mut rows = Vec::new();
    for (role, meaning) in roles {
        for part in parts {
            for stmt in &part.body().stmts {
                let StmtKind::Dep(dep) = &stmt.kind else { continue };
                if dep.role != role {
                    continue;
                }
                let text = part.stmt(stmt);
                let text = text.strip_prefix(&role.to_string()).unwrap_or(&text).trim();
                // What stands behind `when` has a column of its own.
                let text = match dep.when {
                    Some(_) => text.split(" when ").next().unwrap_or(text),
                    None => text,
                };
                let spec = Html::tag("code", part.with_link(text, dep.spec.package_name()));
                let kind = Html::el("abbr", &[("title", meaning)], role.to_string());
                rows.push(row(
                    None,
                    vec![spec, kind, part.when(stmt.guard, dep.when), origin(catalog, part)],
                ));
            }
        }
    }
    let all = table("Dependencies", &["Package", "Role", "When", "From"], rows);
    section("dependencies", "Dependencies", all)
}

/// The module whose mixin something comes from; nothing for what the recipe itself says.
fn origin(catalog: &Catalog<'_>, part: &Part<'_>) -> Html {
    match catalog.module_of(part.file) {
        Some((name, href)) => Html::link(&href, name),
        None => Html::new(),
    }
}

fn exports(parts: &[Part<'_>]) -> Html {
    let mut rows = Vec::new();
    for part in parts {
        for stmt in &part.body().stmts {
            match &stmt.kind {
                StmtKind::Export { key, dep } => {
                    let text = part.stmt(stmt);
                    let text = text.strip_prefix(key.name.as_str()).unwrap_or(&text).trim();
                    let spec = Html::tag("code", part.with_link(text, dep.spec.package_name()));
                    rows.push(row(
                        None,
                        vec![Html::code(&key.name), spec, part.when(stmt.guard, None)],
                    ));
                }
                StmtKind::IgnoreExports(it) => {
                    let text = part.stmt(stmt);
                    let spec = Html::tag("code", part.with_link(&text, Some(&it.package.name)));
                    rows.push(row(
                        None,
                        vec![Html::code("ignore"), spec, part.when(stmt.guard, None)],
                    ));
                }
                _ => {}
            }
        }
    }
    let all = table("Exports", &["From where to where", "What", "When"], rows);
    section("exports", "Exports", all)
}

//------ rules

fn rules(parts: &[Part<'_>]) -> Html {
    let mut rows = Vec::new();
    for part in parts {
        for stmt in &part.body().stmts {
            let (word, cond, when, message) = match &stmt.kind {
                StmtKind::Rule(it) => {
                    let word = if it.require { "require" } else { "conflict" };
                    (word, Some(it.cond), it.when, it.message)
                }
                StmtKind::Unavailable { when, message, .. } => {
                    ("unavailable", *when, None, *message)
                }
                _ => continue,
            };
            let cond = cond.map_or_else(Html::new, |it| Html::code(&part.expr(it)));
            let message = message.map_or_else(Html::new, |it| {
                let text = part.expr(it);
                let text =
                    text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(&text);
                inline(text, &|_| None)
            });
            rows.push(row(
                None,
                vec![Html::code(word), cond, part.when(stmt.guard, when), message],
            ));
        }
    }
    section("rules", "Rules", table("Rules", &["Rule", "What", "When", "Why"], rows))
}

//------ parts

fn presets(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let rows = part_rows(catalog, entry, PartKind::Preset, |_, preset, settings, doc| {
        let name = format!("{}.{}", entry.name, preset.ident.name);
        vec![copyable(&format!("include {name}")), settings, doc]
    });
    section("presets", "Presets", table("Presets", &["Preset", "Sets", "What it is"], rows))
}

fn outputs(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let rows = part_rows(catalog, entry, PartKind::Output, |part, output, holds, doc| {
        let name = &output.ident.name;
        let spec = match *name == *entry.name {
            true => entry.name.clone(),
            false => format!("{}.{name}", entry.name),
        };
        let from = output.of.as_ref().map_or_else(Html::new, |it| Html::code(&it.name));
        let when = part.when(output.guard, output.when);
        vec![copyable(&spec), when, from, holds, doc]
    });
    let head = ["Output", "When", "From", "Has", "What it is"];
    section("outputs", "Outputs", table("Outputs", &head, rows))
}

fn compilations(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let rows = part_rows(catalog, entry, PartKind::Compile, |_, compile, sets, doc| {
        vec![Html::code(&compile.ident.name), sets, doc]
    });
    let rows = table("Compilations", &["Compilation", "Pins and sets", "What it is"], rows);
    section("compilations", "Compilations", rows)
}

/// A row for each preset, output or compilation: `cells` gets what stands in its block, and what it is.
fn part_rows(
    catalog: &Catalog<'_>,
    entry: &Entry,
    kind: PartKind,
    cells: impl Fn(&Part<'_>, &module::Part, Html, Html) -> Vec<Html>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for at in &entry.schema.table.bodies {
        let body = Part::new(catalog, *at);
        for part in body.body().parts.iter().filter(|it| it.kind == kind) {
            let stmts = body.module().bodies[part.body].stmts.iter();
            let stmts: Vec<Html> = stmts.map(|it| Html::code(&body.stmt(it))).collect();
            let doc = inline(&first_paragraph(part.doc.as_deref()), &|_| None);
            rows.push(row(None, cells(&body, part, Html::join(stmts, " "), doc)));
        }
    }
    rows
}

fn steps(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let rows = entry
        .schema
        .table
        .steps
        .iter()
        .map(|it| {
            let part = Part::new(catalog, it.at);
            let decl = &part.body().steps[it.index as usize];
            let doc = inline(&first_paragraph(decl.doc.as_deref()), &|_| None);
            row(
                None,
                vec![
                    Html::code(&it.name),
                    part.when(decl.guard, None),
                    doc,
                    origin(catalog, &part),
                ],
            )
        })
        .collect();
    table("Steps", &["Step", "When", "What it does", "From"], rows)
}

fn tests(parts: &[Part<'_>]) -> Html {
    let mut rows = Vec::new();
    for part in parts {
        for test in part.body().parts.iter().filter(|it| it.kind == PartKind::Test) {
            let what = test.value.map_or_else(Html::new, |it| Html::code(&part.expr(it)));
            let doc = inline(&first_paragraph(test.doc.as_deref()), &|_| None);
            rows.push(row(
                None,
                vec![
                    Html::text(&test.ident.name),
                    what.then(doc),
                    part.when(test.guard, test.when),
                ],
            ));
        }
    }
    section("tests", "Tests", table("Tests", &["Test", "What it runs", "When"], rows))
}

fn users(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let links = |names: Option<&std::collections::BTreeSet<String>>| {
        let links = names
            .into_iter()
            .flatten()
            .filter_map(|it| catalog.package(it).map(|href| Html::link(&href, Html::code(it))));
        Html::join(links, " ")
    };
    let tag = |html: Html| if html.is_empty() { html } else { Html::tag("p", html) };
    let providers = tag(links(catalog.provided_by.get(&entry.name)));
    let users = tag(links(catalog.used_by.get(&entry.name)));
    section("providers", "Provided by", providers).then(section("used-by", "Used by", users))
}
