//! `kiln shell`: a shell in the sandbox of a build, to see why it fails.

use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::sync::Mutex;

use kiln_eval::{Derived, NodeId};
use kiln_sandbox::{Sandbox, ShellRequest};
use kiln_store::{
    BuildError, BuildRequest, Builder, Built, EnvName, InputRef, RealiseError, Template,
};

use crate::args::{Building, Common, Wishes};
use crate::config::Config;
use crate::evaluated::wanted;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::progress::Progress;
use crate::terminal::{Terminal, harmless};
use crate::workshop::Workshop;
use crate::workspace::{Solved, Workspace};

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    of: Option<&str>,
    before: Option<&str>,
    building: &Building,
) -> Result<Exit, Fail> {
    if !io::stdin().is_terminal() {
        return Err(Fail::Usage("a shell needs a terminal as its input".into()));
    }
    let workspace = Workspace::with(wishes, terminal, common.quiet)?;
    let solved = workspace.solve()?;
    let derived = workspace.derive(&solved)?;
    let input = choose(&solved, &derived, of)?;
    let Some(node) = derived.graph.node(&input.derivation) else {
        return Err(Fail::NotFound { message: "there is no such build".into(), advice: None });
    };
    let Some(build) = node.as_build() else {
        return Err(Fail::Usage(format!("{} is downloaded and not built", node.title)));
    };
    let names: Vec<&str> = build.steps.iter().map(|it| it.name.as_str()).collect();
    let steps = match before {
        None => names.len(),
        Some(step) => names.iter().position(|it| *it == step).ok_or_else(|| {
            let near = kiln_lang::nearest(step, names.iter().copied());
            Fail::NotFound {
                message: format!(
                    "{} has no step `{step}`{}",
                    node.title,
                    kiln_lang::did_you_mean(&near)
                ),
                advice: Some(format!("its steps are {}", kiln_lang::list(&names, "and"))),
            }
        })?,
    };
    let config = Config::read(common.store.as_deref())?;
    let workshop = Workshop::open(&config)?;
    // What it is built from is made as always; only then comes the shell in place of a build.
    let inputs: Vec<InputRef> = build.inputs.values().cloned().collect();
    let progress = Progress::new(terminal, false, common.quiet);
    let again = crate::workshop::Again::of(wishes, &workspace.db);
    workshop.realise(&derived, &inputs, building, &progress, &terminal, &again)?;
    let builder = Shell { sandbox: &workshop.sandbox, steps, end: Mutex::new(None) };
    eprintln!("a shell in the sandbox of {}; what it changes is thrown away", node.title);
    let result = workshop.reproduce(&derived.graph, &input.derivation, Some(&builder));
    let end = builder.end.into_inner().unwrap_or_else(|it| it.into_inner());
    match (end, result) {
        (Some(Ok(())), _) => Ok(Exit::Done),
        (Some(Err(BuildError::Cancelled)), _) => Err(Fail::Realise(RealiseError::Cancelled)),
        (Some(Err(error)), _) => {
            Err(Fail::Run { message: format!("no shell: {error}"), advice: None })
        }
        (None, Err(RealiseError::Failed { failures, .. })) => {
            let causes: Vec<String> = failures.iter().map(|it| it.cause.to_string()).collect();
            Err(Fail::Run { message: harmless(&causes.join("; ")), advice: None })
        }
        (None, Err(error)) => Err(Fail::Realise(error)),
        (None, Ok(_)) => Ok(Exit::Done),
    }
}

/// The build that is meant: the wanted one, or one that it needs.
fn choose(solved: &Solved, derived: &Derived, of: Option<&str>) -> Result<InputRef, Fail> {
    let Some(of) = of else {
        let wanted: Vec<(NodeId, InputRef)> = wanted(solved, derived);
        return match wanted.into_iter().next() {
            Some((_, input)) => Ok(input),
            None => Err(Fail::Usage("nothing is wanted".into())),
        };
    };
    let node = |it: &NodeId| solved.solution.node(*it);
    let mut all = derived.nodes.iter();
    let by_name = all.clone().find(|it| node(it.0).name() == of);
    if let Some((_, input)) = by_name.or_else(|| all.find(|it| node(it.0).package.name == *of)) {
        return Ok(input.clone());
    }
    let mut names: Vec<String> = derived.nodes.keys().map(|it| node(it).name()).collect();
    names.sort_unstable();
    names.dedup();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = kiln_lang::nearest(of, names.iter().copied());
    Err(Fail::NotFound {
        message: format!("nothing here needs `{of}`{}", kiln_lang::did_you_mean(&near)),
        advice: Some(format!("there are {}", kiln_lang::list(&names, "and"))),
    })
}

/// Gives the user a shell where a build is asked for.
struct Shell<'a> {
    sandbox: &'a Sandbox,
    steps: usize,
    /// How the shell went, once it was there.
    end: Mutex<Option<Result<(), BuildError>>>,
}

impl Builder for Shell<'_> {
    fn build(&self, request: &BuildRequest<'_>) -> Result<Built, BuildError> {
        let result = self.shell(request);
        *self.end.lock().unwrap_or_else(|it| it.into_inner()) = Some(result);
        // What the user did in the shell is nobody's output, and nothing more is to be done.
        request.cancel.set();
        Err(BuildError::Cancelled)
    }
}

impl Shell<'_> {
    fn shell(&self, request: &BuildRequest<'_>) -> Result<(), BuildError> {
        let program = request.action.steps.first().and_then(|it| it.argv.first());
        let argv: Vec<Template> = program.cloned().into_iter().collect();
        let mut env = Vec::new();
        if let (Ok(name), Ok(term)) = (EnvName::new("TERM"), std::env::var("TERM")) {
            env.push((name, term));
        }
        let stdin = io::stdin();
        let shell =
            ShellRequest { steps: self.steps, argv: &argv, env: &env, terminal: stdin.as_fd() };
        let end = self.sandbox.shell(request, &shell)?;
        if let Some(error) = end.failed {
            eprintln!("\r\n{}", harmless(&error.to_string()));
        }
        Ok(())
    }
}
