//! `kiln eval`: every option with its value and where that comes from, and what would be built; or
//! what one file says, as data.

mod file;

use std::collections::{BTreeMap, BTreeSet};

use kiln_eval::{
    Derived, Fields, Influence, Node, NodeId, NodePart, OptionState, OptionValue, Says, Solution,
    Unit,
};
use kiln_lang::module::{OptionKind, Role};
use serde_json::{Value, json};

use crate::args::{Common, Wishes};
use crate::data::{Data, Format};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::recall::Recall;
use crate::render;
use crate::terminal::{Terminal, clipped, print};
use crate::workspace::{Solved, Workspace};

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    format: Option<Format>,
    all: bool,
) -> Result<Exit, Fail> {
    if let Some(path) = file::named(wishes)? {
        return file::run(common, terminal, wishes, path, format);
    }
    let recall = Recall::of_question("eval", &wishes.layers, &(wishes, format, all));
    if let Some(answer) = recall.as_ref().and_then(Recall::answer) {
        print(&answer);
        return Ok(Exit::Done);
    }
    let workspace = Workspace::with(wishes, terminal, common.quiet)?;
    let solved = workspace.solve()?;
    let derived = workspace.derive(&solved)?;
    let answer = match format {
        Some(format) => Data::from(to_json(&workspace, &solved, &derived)).write(format),
        None => text(&workspace, &solved, &derived, all),
    };
    if let Some(recall) = &recall {
        recall.keep_answer(&workspace, &answer);
    }
    print(&answer);
    Ok(Exit::Done)
}

//------ for people

fn text(workspace: &Workspace, solved: &Solved, derived: &Derived, all: bool) -> String {
    let solution = &solved.solution;
    let mut out = String::new();
    let tools = if all { Vec::new() } else { solution.tools() };
    // What is wanted first, then what it needs.
    let mut order: Vec<NodeId> = solution.roots.iter().map(|it| it.node).collect();
    for unit in solution.units.iter().rev().filter(|it| all || !it.is_build) {
        order.extend(unit.by_name.values());
        order.extend(parts(solution, unit));
    }
    let mut seen = BTreeSet::new();
    order.retain(|it| seen.insert(*it));
    let fields = Fields::new(&workspace.db, &solved.setup, solution);
    for id in order {
        out.push_str(&package(workspace, solution, &fields, derived, id));
        out.push('\n');
    }
    if !tools.is_empty() {
        out.push_str(&format!("build tools: {}\n", tools.join(", ")));
    }
    out
}

/// What packages of a unit have beside what is meant by their names: outputs, and the compilations
/// that these are made by.
fn parts(solution: &Solution, unit: &Unit) -> Vec<NodeId> {
    let outputs = unit.outputs.values().flat_map(BTreeMap::values).copied();
    let all: BTreeSet<NodeId> =
        outputs.flat_map(|it| [it].into_iter().chain(solution.node(it).made_by())).collect();
    let mut all: Vec<NodeId> = all.into_iter().collect();
    all.sort_by_key(|it| solution.node(*it).name());
    all
}

fn package(
    workspace: &Workspace,
    solution: &Solution,
    fields: &Fields<'_>,
    derived: &Derived,
    id: NodeId,
) -> String {
    let node = solution.node(id);
    let mut out = node.title();
    if solution.unit(node.unit).is_build {
        out.push_str("  (build tool)");
    }
    if let Some(input) = derived.nodes.get(&id) {
        out.push_str(&format!("  {}", input.derivation.short()));
    }
    out.push('\n');
    if let Some(from) = node.made_by() {
        out.push_str(&format!("  from: {}\n", solution.node(from).title()));
    }
    // An output is as its compilation, which has a paragraph of its own.
    let of_output = node.made_by().is_some();
    let mut rows: Vec<(String, String, String)> = node
        .named_options()
        .filter(|_| !of_output)
        .map(|(name, option)| {
            (
                name.to_string(),
                clipped(&option.value.to_string(), VALUE_CHARS_MAX),
                origin(workspace, option),
            )
        })
        .collect();
    // What layers say of its build counts as much as what they say of its options.
    for (name, history) in fields.set_by_layers(id).into_iter().filter(|_| !of_output) {
        for influence in history.iter().filter(|it| !it.overruled) {
            let text = clipped(without_name(&influence.text), VALUE_CHARS_MAX);
            rows.push((name.clone(), text, origin_of(workspace, influence)));
        }
    }
    let name_width = rows.iter().map(|it| it.0.chars().count()).max().unwrap_or(0);
    let value_width = rows.iter().map(|it| it.1.chars().count()).max().unwrap_or(0).min(40);
    for (name, value, origin) in rows {
        out.push_str(&format!("  {name:name_width$}  {value:value_width$}  {origin}\n"));
    }
    for role in [Role::Host, Role::Run] {
        let names: Vec<String> = node
            .edges
            .iter()
            .filter(|it| it.role == role)
            .map(|it| {
                let title = solution.node(it.to).title();
                match &it.injected {
                    Some(injection) => format!(
                        "{title} (exported by {})",
                        solution.node(injection.by).package.name
                    ),
                    None => title,
                }
            })
            .collect();
        if !names.is_empty() {
            out.push_str(&format!("  {role}: {}\n", names.join(", ")));
        }
    }
    out
}

/// How many characters of a value are shown. Those of sets can be long; the whole is in the JSON.
const VALUE_CHARS_MAX: usize = 60;

/// A setting without what is set: `+= ["--small"]`.
fn without_name(text: &str) -> &str {
    let path_end = text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'));
    text[path_end.unwrap_or(0)..].trim_start()
}

/// Who decided a value, and where.
fn origin(workspace: &Workspace, option: &OptionValue) -> String {
    let deciding: Vec<&Influence> = option.history.iter().filter(|it| !it.overruled).collect();
    let last = match option.state {
        OptionState::Default => return "default".to_owned(),
        OptionState::Fixed | OptionState::Needed | OptionState::Auto => deciding.last(),
    };
    last.map_or_else(|| "default".to_owned(), |it| origin_of(workspace, it))
}

fn origin_of(workspace: &Workspace, influence: &Influence) -> String {
    let by = influence.by.text();
    let Some(place) = influence.place else { return by };
    let path = workspace.db.path(place.file);
    if &*path == "command line" {
        return by;
    }
    let text = workspace.db.text(place.file);
    let (line, _) = render::line_column(&text, place.start as usize);
    format!("{by}, {}:{line}", render::shown_path(&path))
}

//------ for programs

fn to_json(workspace: &Workspace, solved: &Solved, derived: &Derived) -> Value {
    let solution = &solved.solution;
    let fields = Fields::new(&workspace.db, &solved.setup, solution);
    let packages: Vec<Value> = (0..solution.nodes.len())
        .map(|it| package_json(workspace, solution, &fields, derived, NodeId(it)))
        .collect();
    let derivations: Vec<Value> = derived
        .graph
        .nodes()
        .iter()
        .map(|node| {
            let inputs: BTreeMap<String, String> = node
                .as_build()
                .map(|it| &it.inputs)
                .into_iter()
                .flatten()
                .map(|(label, input)| (label.to_string(), input.derivation.to_string()))
                .collect();
            json!({
                "id": node.derivation.id().to_string(),
                "title": node.title,
                "name": node.derivation.name().to_string(),
                "inputs": inputs,
                "urls": node.urls,
            })
        })
        .collect();
    json!({
        "schema": "kiln-eval/1",
        "roots": solution.roots.iter().map(|it| it.node.0).collect::<Vec<_>>(),
        "packages": packages,
        "derivations": derivations,
    })
}

fn package_json(
    workspace: &Workspace,
    solution: &Solution,
    fields: &Fields<'_>,
    derived: &Derived,
    id: NodeId,
) -> Value {
    let node: &Node = solution.node(id);
    let table = &node.package.schema.table;
    let options: serde_json::Map<String, Value> = node
        .named_options()
        .map(|(name, option)| {
            let declared = table.get(name);
            let kind = declared.map_or(OptionKind::Knob, |it| it.kind);
            let history = declared.map(|it| option.whole_history(&workspace.db, it));
            let value = json!({
                "kind": kind.to_string(),
                "value": value_json(&option.value),
                "state": match option.state {
                    OptionState::Default => "default",
                    OptionState::Fixed => "fixed",
                    OptionState::Needed => "needed",
                    OptionState::Auto => "auto",
                },
                "history": history.unwrap_or_default().iter().map(|it| influence_json(workspace, it)).collect::<Vec<_>>(),
            });
            (name.to_string(), value)
        })
        .collect();
    let fields: serde_json::Map<String, Value> = fields
        .set_by_layers(id)
        .into_iter()
        .map(|(name, history)| {
            let history = history.iter().map(|it| influence_json(workspace, it));
            (name, json!({ "history": history.collect::<Vec<_>>() }))
        })
        .collect();
    let edges: Vec<Value> = node
        .edges
        .iter()
        .map(|it| {
            json!({
                "role": it.role.to_string(),
                "to": it.to.0,
                "name": it.name.as_str(),
                "injected_by": it.injected.as_ref().map(|it| it.by.0),
            })
        })
        .collect();
    let part = match &node.part {
        None => Value::Null,
        Some(NodePart::Compile(name)) => json!({ "compile": name.as_str() }),
        Some(NodePart::Output { name, from }) => json!({ "output": name.as_str(), "from": from.0 }),
    };
    json!({
        "number": id.0,
        "name": node.package.name.as_str(),
        "part": part,
        "version": node.version.as_str(),
        "spec": node.spec(),
        "unit": node.unit.0,
        "is_build_tool": solution.unit(node.unit).is_build,
        "options": options,
        "fields": fields,
        "dependencies": edges,
        "derivation": derived.nodes.get(&id).map(|it| it.derivation.to_string()),
    })
}

fn influence_json(workspace: &Workspace, influence: &Influence) -> Value {
    json!({
        "by": influence.by.text(),
        "text": &*influence.text,
        "place": influence.place.map(|it| render::place(&workspace.db, it.file, it.range())),
        "overruled": influence.overruled,
        "value": match &influence.says {
            Says::Value(value) | Says::Part(value) => value_json(value),
            Says::Elements { .. } | Says::Text => Value::Null,
        },
    })
}

/// A value as JSON, as data has it.
pub(crate) fn value_json(value: &kiln_eval::Value) -> Value {
    json!(Data::from(value))
}
