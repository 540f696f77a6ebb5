//! A shell in the very sandbox of an action, for people to look around.
//!
//! It sees what a step sees: the same files, environment, user, limits and filter, with the first
//! steps of the action run before. What differs is that it has a terminal, of the sandbox's own, and
//! all the time in the world. What it leaves is thrown away.

use std::os::fd::BorrowedFd;

use kiln_store::{BuildError, BuildRequest, EnvName, StepStatus, Template};

use crate::run::Sandbox;

/// What [`Sandbox::shell`] is asked, beside the action.
#[derive(Debug, Clone, Copy)]
pub struct ShellRequest<'a> {
    /// How many of the action's steps are run before. The first that fails is the last.
    pub steps: usize,
    /// The program, an absolute path in the sandbox, and its arguments.
    pub argv: &'a [Template],
    /// Variables that the shell has over those of steps, such as `TERM`.
    pub env: &'a [(EnvName, String)],
    /// The user's terminal. Until the shell ends, every byte is passed on as it comes.
    pub terminal: BorrowedFd<'a>,
}

/// What came of a shell.
#[derive(Debug)]
pub struct ShellEnd {
    /// Why a step before it failed, if one did.
    pub failed: Option<BuildError>,
    /// How the shell ended.
    pub status: StepStatus,
}

impl Sandbox {
    /// Runs the first steps of an action, and then a shell, whether or not one of them failed.
    ///
    /// # Errors
    ///
    /// As [`build`](kiln_store::Builder::build), but that a step that fails is no error. The limits
    /// of time do not hold for the shell; those of space and processes do.
    pub fn shell(
        &self,
        request: &BuildRequest<'_>,
        shell: &ShellRequest<'_>,
    ) -> Result<ShellEnd, BuildError> {
        self.run_shell(request, shell)
    }
}
