//! The environment of steps and the user they run as, as specified in
//! `spec/build/environment.md` and `spec/build/users.md`.

use std::collections::BTreeMap;

use kiln_store::{BuildRequest, OutputName};

use super::{PlanError, render_for_program};

/// The user id that steps see. [build.users.1]
pub(crate) const BUILD_UID: u32 = 1000;

/// The group id that steps see. [build.users.1]
pub(crate) const BUILD_GID: u32 = 100;

/// The time that copied sources carry, and `SOURCE_DATE_EPOCH`: 1980-01-01, the first day that
/// every archive format can express. [build.env.6]
pub(crate) const SOURCE_TIME_S: i64 = 315_532_800;

/// The variables that are the same in every build. [build.env.2]
///
/// `C` and not `C.UTF-8`: every C library has it built in, so that no tool looks for a file of
/// locales, warns that there is none, or sorts by another order than that of the bytes.
pub(crate) const FIXED: &[(&str, &str)] = &[
    ("HOME", "/homeless"),
    ("LC_ALL", "C"),
    ("SOURCE_DATE_EPOCH", "315532800"),
    ("TMPDIR", "/tmp"),
    ("TZ", "UTC"),
];

/// The variable with the number of processors to use. [build.env.4]
pub(crate) const CORES: &str = "KILN_CORES";

/// The variable with the names of the outputs. [build.env.5]
pub(crate) const OUTPUTS: &str = "KILN_OUTPUTS";

/// Returns the whole environment: what is fixed, then outputs, then the action's own. [build.env.1]
pub(crate) fn environment(
    request: &BuildRequest<'_>,
) -> Result<BTreeMap<String, String>, PlanError> {
    let mut env: BTreeMap<String, String> =
        FIXED.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    env.insert(CORES.into(), request.limits.cores.max(1).to_string());
    env.insert(OUTPUTS.into(), names(request));
    for (output, path) in request.scratch {
        let variable = output_variable(output);
        if let Some(_other) = env.insert(variable.clone(), path.absolute()) {
            return Err(PlanError::OutputVariable { output: output.clone(), variable });
        }
    }
    for (name, template) in &request.action.env {
        let place = || format!("the variable `{name}`");
        env.insert(name.to_string(), render_for_program(request, template, place)?);
    }
    Ok(env)
}

/// Returns the variable that holds the path of an output: its name, with `_` for what a variable's
/// name cannot have. [build.env.5]
fn output_variable(output: &OutputName) -> String {
    output.as_str().replace(['-', '.', '+'], "_")
}

fn names(request: &BuildRequest<'_>) -> String {
    let names: Vec<&str> = request.scratch.keys().map(OutputName::as_str).collect();
    names.join(" ")
}
