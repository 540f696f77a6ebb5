//! `kiln log`: what a build printed.

use std::io::{self, Read as _};

use kiln_store::{
    ActionId, Derivation, DerivationId, Graph, Inputs, LocalStore, ObjectId, OutputName,
    Store as _, Verdict,
};

use crate::args::{Common, Layers};
use crate::config::Config;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Terminal, harmless, print, print_bytes};
use crate::workshop::open_store;
use crate::workspace::Workspace;

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    what: &str,
    layers: &Layers,
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let store = open_store(&config.store)?;
    let known = store.actions_beginning(what)?;
    if known.len() > 1 {
        let mut lines = String::new();
        for action in &known {
            let title = store.attempt(action)?.map(|it| it.title).unwrap_or_default();
            lines.push_str(&format!("\n    kiln log {action}  {}", harmless(&title)));
        }
        return Err(Fail::Usage(format!("`{what}` begins several ids:{lines}")));
    }
    let actions: Vec<(ActionId, String)> = if let [action] = known[..] {
        vec![(action, what.to_owned())]
    } else {
        let mut workspace = Workspace::open(layers, terminal, common.quiet)?;
        workspace.wish(&[what.to_owned()])?;
        let solved = workspace.solve()?;
        let derived = workspace.derive(&solved)?;
        let mut actions = Vec::new();
        for root in &solved.solution.roots {
            // What an output takes its files from has printed more than who copied them.
            let compiled = solved.solution.node(root.node).made_by();
            for id in compiled.into_iter().chain([root.node]) {
                let Some(input) = derived.nodes.get(&id) else { continue };
                if let Some(action) = resolve(&store, &derived.graph, &input.derivation)? {
                    actions.push((action, solved.solution.node(id).title()));
                }
            }
        }
        actions
    };
    let Some((action, title)) = actions.first() else { return Err(not_built(what)) };
    let Some(mut log) = store.read_log(action)? else {
        let how = match store.attempt(action)? {
            Some(attempt) => match attempt.verdict {
                Verdict::Done => format!("{} was built and printed nothing", attempt.title),
                Verdict::StepFailed { step, status } => {
                    format!("step `{step}` of {} {status} and printed nothing", attempt.title)
                }
                Verdict::Failed { reason } => format!("{} failed: {reason}", attempt.title),
            },
            None if store.realisations(&[*action])?.iter().any(Option::is_some) => {
                format!("{title} was not built here, but taken from a cache or downloaded")
            }
            None => return Err(not_built(what)),
        };
        eprintln!("{}", harmless(&how));
        return Ok(Exit::Done);
    };
    // To a terminal harmlessly, to a pipe as it is.
    let to_terminal = io::IsTerminal::is_terminal(&io::stdout());
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes)
        .map_err(|source| Fail::Io { what: "cannot read the log".into(), source })?;
    if to_terminal {
        print(&harmless(&String::from_utf8_lossy(&bytes)));
    } else {
        print_bytes(&bytes);
    }
    Ok(Exit::Done)
}

fn not_built(what: &str) -> Fail {
    Fail::NotFound {
        message: format!("there is no log of `{what}`: it was not built here"),
        advice: Some(format!(
            "`kiln realise {what}` builds it; `kiln log ID` takes the id that a failed build shows"
        )),
    }
}

/// The action that a derivation is, if all that it is built from is known: also of one that failed,
/// which no memo knows. Memos are of builds alone: what is downloaded has its action by its hash.
fn resolve(
    store: &LocalStore,
    graph: &Graph,
    derivation: &DerivationId,
) -> Result<Option<ActionId>, Fail> {
    if let Some(action) = store.memos(&[*derivation])?.actions.into_iter().flatten().next() {
        return Ok(Some(action));
    }
    let Some(build) = graph.node(derivation).and_then(|it| it.as_build()) else { return Ok(None) };
    let mut inputs = Inputs::default();
    for (label, input) in &build.inputs {
        let known = match graph.node(&input.derivation).map(|it| &*it.derivation) {
            Some(Derivation::Import(import)) => Some(import.object),
            Some(Derivation::Fetch(fetch)) => output(store, fetch.action_id(), &input.output)?,
            Some(Derivation::Build(_)) | None => {
                let memos = store.memos(&[input.derivation])?;
                match memos.actions.into_iter().flatten().next() {
                    Some(action) => output(store, action, &input.output)?,
                    None => None,
                }
            }
        };
        let Some(object) = known else { return Ok(None) };
        inputs.insert(label.clone(), object);
    }
    Ok(Some(build.with_inputs(inputs).id()))
}

/// The object that an output of an action turned out to be, if it was realised.
fn output(
    store: &LocalStore,
    action: ActionId,
    output: &OutputName,
) -> Result<Option<ObjectId>, Fail> {
    let known = store.realisations(&[action])?.into_iter().flatten().next();
    Ok(known.and_then(|it| it.outputs.get(output).copied()))
}
