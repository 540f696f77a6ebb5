//! How the command ends.

use std::process::ExitCode;

/// How the command ends: by who must act.
///
/// | code | meaning |
/// |---|---|
/// | 0 | done |
/// | 1 | a recipe, an override or a spec is wrong, or what is wanted does not go together |
/// | 2 | the command line is wrong |
/// | 3 | a build, a download, the disk, the kernel or the network failed |
/// | 130 | stopped by the user |
///
/// `kiln run` ends as the program that it ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Author,
    Usage,
    Operator,
    Stopped,
    /// What a program that was run returned.
    Program(u8),
}

impl Exit {
    /// The number that the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Author => 1,
            Exit::Usage => 2,
            Exit::Operator => 3,
            Exit::Stopped => 130,
            Exit::Program(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
