//! What failed in a run, and everything that helps to find out why.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::builder::BuildError;
use crate::derivation::DerivationError;
use crate::digest::{ActionId, DerivationId};
use crate::fetcher::FetchError;
use crate::name::{Label, OutputName};
use crate::store::{PlaceError, Verdict};

/// A derivation that could not be realised.
#[derive(Debug)]
pub struct Failure {
    /// The derivation.
    pub node: DerivationId,
    /// The action, if it was resolved.
    pub action: Option<ActionId>,
    /// How people know it.
    pub title: String,
    /// What went wrong.
    pub cause: Cause,
    /// How long it took.
    pub duration: Duration,
    /// The last lines that it printed. Bytes that are not UTF-8 are replaced; control characters are
    /// as they came, so that who shows them neutralises them.
    pub log_tail: Vec<String>,
    /// Where all that it printed is.
    pub log: Option<PathBuf>,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The derivation breaks a rule of its format.
    #[error("its derivation is wrong: {0}")]
    Derivation(#[from] DerivationError),
    /// An input names an output that does not exist.
    #[error("its input `{label}` is the output `{output}` of `{title}`, which has no such output")]
    UnknownOutput {
        /// The input.
        label: Label,
        /// The output.
        output: OutputName,
        /// The title of the derivation that does not have it.
        title: String,
    },
    /// A build has a test among its inputs.
    #[error("its input `{label}` is the test `{title}`; tests are never inputs")]
    TestAsInput {
        /// The input.
        label: Label,
        /// The test's title.
        title: String,
    },
    /// The build failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The download failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What was built, downloaded or imported cannot be placed.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The graph does not say where imported files are.
    #[error("it is to be imported, but nothing says where its files are")]
    NoSource,
}

impl Failure {
    /// Returns how the attempt ended, for the record.
    pub(super) fn verdict(&self) -> Verdict {
        if let Cause::Build(BuildError::StepFailed { step, status, .. }) = &self.cause {
            return Verdict::StepFailed { step: step.clone(), status: status.to_string() };
        }
        Verdict::Failed { reason: self.cause.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` failed: {}", self.title, self.cause)
    }
}
