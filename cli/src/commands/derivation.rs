//! `kiln derivation show`: all that a build can observe.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;

use kiln_store::{Derivation, DerivationId, Graph, Node, Piece, Template, Unpack, UnpackRoot};
use serde_json::{Value, json};

use crate::args::{Common, DerivationCommand};
use crate::evaluated::{Evaluated, evaluate};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Terminal, print};

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    command: &DerivationCommand,
) -> Result<Exit, Fail> {
    let DerivationCommand::Show { wishes, all, json } = command;
    // The process ends soon after.
    let evaluated = ManuallyDrop::new(evaluate(wishes, terminal, common.quiet)?);
    let Evaluated { derived, wanted, .. } = &*evaluated;
    let roots: Vec<DerivationId> = wanted.iter().map(|it| it.input.derivation).collect();
    let graph = &derived.graph;
    let nodes: Vec<(&Node, DerivationId)> = graph
        .nodes()
        .iter()
        .zip(graph.ids().iter().copied())
        .filter(|it| *all || roots.contains(&it.1))
        .collect();
    if *json {
        let values: Vec<Value> = nodes.iter().map(to_json).collect();
        print(&format!("{:#}\n", json!({"schema": "kiln-derivation/1", "derivations": values})));
        return Ok(Exit::Done);
    }
    let texts: Vec<String> = nodes.iter().map(|it| text(it, graph)).collect();
    print(&texts.join("\n"));
    Ok(Exit::Done)
}

/// A template as people read it: places in angle brackets.
fn shown(template: &Template) -> String {
    template.render(|it| match it {
        Piece::Input(label) => format!("⟨{label}⟩"),
        Piece::Output(output) => format!("⟨{output}⟩"),
        Piece::Text(text) => text.to_string(),
    })
}

fn text((node, id): &(&Node, DerivationId), graph: &Graph) -> String {
    let mut out = format!("{}  {id}\n", node.title);
    match &*node.derivation {
        Derivation::Fetch(fetch) => {
            out.push_str(&format!("  download {}\n  {}\n", fetch.hash, unpack(&fetch.unpack)));
            for url in &node.urls {
                out.push_str(&format!("  from {url}    (not part of the id)\n"));
            }
        }
        Derivation::Import(import) => out.push_str(&format!("  import {}\n", import.object)),
        Derivation::Build(build) => {
            out.push_str(&format!(
                "  for {}, sandbox {}\n  inputs\n",
                build.system, build.sandbox_abi
            ));
            for (label, input) in &build.inputs {
                let title = graph.node(&input.derivation).map_or("", |it| &it.title);
                out.push_str(&format!("    {label}  {title}  {}\n", input.derivation.short()));
            }
            for (target, label) in &build.sources {
                out.push_str(&format!("  unpacked at /build/{target}: {label}\n"));
            }
            for (place, target) in &build.links {
                out.push_str(&format!("  link {place} → {}\n", shown(target)));
            }
            out.push_str("  environment\n");
            for (name, value) in &build.env {
                out.push_str(&format!("    {name}={}\n", shown(value)));
            }
            for step in &build.steps {
                let argv: Vec<String> = step.argv.iter().map(shown).collect();
                out.push_str(&format!("  step {}: {}\n", step.name, argv.join(" ")));
                for line in step.script.as_ref().map(shown).unwrap_or_default().lines() {
                    out.push_str(&format!("    {line}\n"));
                }
            }
        }
    }
    out
}

fn unpack(unpack: &Unpack) -> String {
    match unpack {
        Unpack::File { executable: true } => "kept as a file that can be executed".to_owned(),
        Unpack::File { executable: false } => "kept as a file".to_owned(),
        Unpack::Tree { root, executables } => {
            let root = match root {
                UnpackRoot::Auto => "unpacked, without the single folder at its top".to_owned(),
                UnpackRoot::All => "unpacked as a whole".to_owned(),
                UnpackRoot::Folder(folder) => format!("unpacked, the folder {folder}"),
            };
            if executables.is_empty() {
                root
            } else {
                format!("{root}; executable: {}", executables.join(", "))
            }
        }
    }
}

fn to_json((node, id): &(&Node, DerivationId)) -> Value {
    let id = id.to_string();
    match &*node.derivation {
        Derivation::Fetch(fetch) => json!({
            "id": id, "title": node.title, "kind": "fetch", "name": fetch.name.to_string(),
            "hash": fetch.hash.to_string(), "unpack": unpack(&fetch.unpack), "urls": node.urls,
        }),
        Derivation::Import(import) => json!({
            "id": id, "title": node.title, "kind": "import", "name": import.name.to_string(),
            "object": import.object.to_string(),
        }),
        Derivation::Build(build) => json!({
            "id": id, "title": node.title, "kind": "build", "name": build.name.to_string(),
            "system": build.system.to_string(),
            "outputs": build.outputs.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "inputs": build.inputs.iter().map(|it| (it.0.to_string(), json!({
                "derivation": it.1.derivation.to_string(), "output": it.1.output.to_string(),
            }))).collect::<BTreeMap<_, _>>(),
            "sources": build.sources.iter().map(|it| (it.0.clone(), it.1.to_string())).collect::<BTreeMap<_, _>>(),
            "links": build.links.iter().map(|it| (it.0.clone(), shown(it.1))).collect::<BTreeMap<_, _>>(),
            "env": build.env.iter().map(|it| (it.0.to_string(), shown(it.1))).collect::<BTreeMap<_, _>>(),
            "steps": build.steps.iter().map(|it| json!({
                "name": it.name.to_string(),
                "argv": it.argv.iter().map(shown).collect::<Vec<_>>(),
                "script": it.script.as_ref().map(shown),
            })).collect::<Vec<_>>(),
            "sandbox_abi": build.sandbox_abi,
        }),
    }
}
