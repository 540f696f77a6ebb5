//! The steps as commands, as specified in `spec/build/steps.md`.

use std::path::PathBuf;

use kiln_store::{BuildRequest, StepName, Template};

use super::file_system::BUILD_DIR;
use super::{Command, PlanError, SCRIPTS_BYTES_MAX, render, render_for_program};

/// The folder of the steps' scripts. [build.steps.3]
pub(crate) const STEPS_DIR: &str = "/kiln/steps";

/// A step's script.
pub(crate) struct Script {
    /// Where the file is in the sandbox.
    pub(crate) at: String,
    /// What is in it.
    pub(crate) text: String,
}

/// Returns the script of each step, if it has one. [build.steps.3]
pub(crate) fn scripts(request: &BuildRequest<'_>) -> Result<Vec<Option<Script>>, PlanError> {
    let mut scripts = Vec::new();
    let mut bytes = 0;
    for (index, step) in request.action.steps.iter().enumerate() {
        let Some(template) = &step.script else {
            scripts.push(None);
            continue;
        };
        let text = render(request, template, || format!("the script of step `{}`", step.name))?;
        bytes += text.len();
        if bytes > SCRIPTS_BYTES_MAX {
            let place = format!("the script of step `{}`, with those before it,", step.name);
            return Err(PlanError::TooLong { place, bytes_max: SCRIPTS_BYTES_MAX });
        }
        let at = format!("{STEPS_DIR}/{index:02}-{}", step.name);
        scripts.push(Some(Script { at, text }));
    }
    Ok(scripts)
}

/// Returns the commands. [build.steps.1] [build.steps.2]
pub(crate) fn commands(
    request: &BuildRequest<'_>,
    scripts: &[Option<Script>],
) -> Result<Vec<Command>, PlanError> {
    let mut commands = Vec::new();
    for (step, script) in request.action.steps.iter().zip(scripts) {
        let mut command = command(request, &step.name, &step.argv)?;
        command.argv.extend(script.as_ref().map(|it| it.at.clone()));
        commands.push(command);
    }
    Ok(commands)
}

/// Returns the command of a shell.
pub(crate) fn shell(request: &BuildRequest<'_>, argv: &[Template]) -> Result<Command, PlanError> {
    let name = StepName::new("shell").map_err(|_| PlanError::ZeroByte { place: "shell".into() })?;
    command(request, &name, argv)
}

fn command(
    request: &BuildRequest<'_>,
    name: &StepName,
    templates: &[Template],
) -> Result<Command, PlanError> {
    let mut argv = Vec::new();
    for (index, template) in templates.iter().enumerate() {
        let place = || format!("argument {index} of step `{name}`");
        argv.push(render_for_program(request, template, place)?);
    }
    let Some(program) = argv.first() else {
        return Err(PlanError::NoProgram { step: name.clone() });
    };
    if !program.starts_with('/') {
        let program = program.escape_debug().to_string();
        return Err(PlanError::RelativeProgram { step: name.clone(), program });
    }
    Ok(Command { name: name.clone(), cwd: cwd(request), argv })
}

/// Returns where steps begin: `/build/src` if there is such a source, else `/build`.
/// [build.steps.4]
fn cwd(request: &BuildRequest<'_>) -> PathBuf {
    let has_src =
        request.action.sources.keys().any(|target| target == "src" || target.starts_with("src/"));
    PathBuf::from(if has_src { format!("{BUILD_DIR}/src") } else { BUILD_DIR.into() })
}
