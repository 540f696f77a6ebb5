//! Realising: from derivations to valid objects, by looking up, substituting, fetching and building.
//!
//! ```text
//! wanted output ─▶ derivation ──memo, or the outputs of its inputs──▶ action
//!                                                                      │ pinned? substituters?
//!                              outputs known  ◀────────────────────────┤
//!                                    │ valid? substituted?             │ no
//!                              objects there  ◀── place ── build, once its inputs are there
//! ```
//!
//! **Resolving needs records, not objects.** What a derivation's inputs turned out to be is enough to
//! know its action; the objects themselves are needed only as inputs of builds that run, and as
//! wanted outputs. So an early cut-off needs no rule of its own: if a rebuilt input gives the object
//! that it gave before, everything above has the action that it had before, and is found.
//!
//! **One choice for each action.** The store pins the first realisation of an action, so resolving is a
//! function of the graph and the pins, and a derivation that was resolved once can be remembered. A
//! pin is replaced in one case: its objects are gone, no substituter has them, and building again
//! gave others. That is reported, memos are dropped, and everything in this run that was resolved by
//! the old objects is resolved again, so that a run never mixes the two.
//!
//! **Done means durable.** A dependent starts as soon as its inputs are placed; their registration is
//! in the queue before its own, and a registration whose references are not valid is refused, so a
//! crash can never leave a dependent without its input. What is told to others (the event, the
//! result, the lookup of another process) waits for the registration to be durable. The claim on
//! the action is held until then, so that no other process finds neither the claim nor the result.
//!
//! **Threads.** One coordinates, and alone changes the state of the run; others build, and others
//! again fetch and substitute, so that no build waits for a network. What is on the longest path to a
//! wanted output goes first.

mod crew;
mod event;
mod failure;
mod node;
mod objects;
mod places;
mod reproduce;
mod run;
mod tail;
mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

pub use event::{Activity, Counts, Event, How, Warning};
pub use failure::{Cause, Failure};
pub use reproduce::{Reproduced, ReproducedOutput, reproduce};

use crate::builder::{Builder, Cancel};
use crate::derivation::InputRef;
use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::fetcher::Fetcher;
use crate::graph::Graph;
use crate::name::OutputName;
use crate::path::StorePath;
use crate::store::{Session, Store, StoreError};
use crate::substitute::Substituter;

/// What is to be realised, and with what.
#[derive(Clone, Copy)]
pub struct RealiseRequest<'a> {
    /// The derivations, inputs before their users.
    pub graph: &'a Graph,
    /// The outputs that must be valid in the end.
    pub wanted: &'a [InputRef],
    /// Runs builds.
    pub builder: &'a dyn Builder,
    /// Downloads.
    pub fetcher: &'a dyn Fetcher,
    /// Places that may have what would be built, asked in this order.
    pub substituters: &'a [&'a dyn Substituter],
    /// How to go about it.
    pub options: RealiseOptions,
    /// Is told what happens, from many threads. It must not wait for anything.
    pub events: &'a (dyn Fn(Event) + Sync),
    /// Tells when to stop.
    pub cancel: &'a Cancel,
}

/// How to realise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealiseOptions {
    /// How many builds run at a time.
    pub builds_max: NonZeroUsize,
    /// How many downloads and substitutions run at a time.
    pub fetches_max: NonZeroUsize,
    /// What to do when something fails.
    pub on_failure: OnFailure,
    /// What becomes of what builds print.
    pub prints: Prints,
}

/// What to do when something fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Start nothing more. What runs is finished, as its result is worth keeping.
    Stop,
    /// Realise everything that does not need what failed.
    KeepGoing,
}

/// What becomes of what builds print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prints {
    /// Only the log has it.
    Kept,
    /// Each piece is also an [`Event::Printed`].
    Told,
    /// Nobody has it: the log of an earlier attempt stays. For what runs in place of a build.
    Dropped,
}

impl Default for RealiseOptions {
    fn default() -> Self {
        RealiseOptions {
            builds_max: crate::graph::cores(),
            fetches_max: NonZeroUsize::MIN.saturating_add(7),
            on_failure: OnFailure::Stop,
            prints: Prints::Kept,
        }
    }
}

/// What was realised. While it lives, none of it is collected.
pub struct Outcome<'s> {
    /// Each wanted derivation, with those of its outputs that were wanted.
    pub realised: BTreeMap<DerivationId, Realised>,
    /// How much of what there was.
    pub counts: Counts,
    session: Arc<dyn Session + 's>,
}

/// What a derivation turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realised {
    /// The action that it was resolved to; `None` for an import.
    pub action: Option<ActionId>,
    /// The objects, by output. All are valid.
    pub outputs: BTreeMap<OutputName, RealisedOutput>,
}

/// An output and its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealisedOutput {
    /// The object.
    pub object: ObjectId,
    /// Its path.
    pub path: StorePath,
}

/// Why not everything that was wanted is valid.
#[derive(Debug, thiserror::Error)]
pub enum RealiseError {
    /// A wanted derivation is not in the graph.
    #[error("the derivation {id} is wanted but not in the graph")]
    UnknownDerivation {
        /// The derivation.
        id: DerivationId,
    },
    /// A wanted output does not exist.
    #[error("`{title}` has no output `{output}`; it has {}", show_names(outputs))]
    UnknownOutput {
        /// The derivation's title.
        title: String,
        /// The output that is wanted.
        output: OutputName,
        /// The outputs that there are.
        outputs: Vec<OutputName>,
    },
    /// Only builds can be built again.
    #[error("`{title}` is not a build")]
    NotABuild {
        /// The derivation's title.
        title: String,
    },
    /// Something failed.
    #[error("{}", show_failures(failures, *skipped))]
    Failed {
        /// What failed, in the order in which it did; at least one.
        failures: Vec<Failure>,
        /// How many others need what failed.
        skipped: usize,
    },
    /// [`Cancel`] was set. What was done by then is registered.
    #[error("stopped")]
    Cancelled,
    /// The store failed.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl From<StoreError> for RealiseError {
    fn from(error: StoreError) -> Self {
        RealiseError::Store(Arc::new(error))
    }
}

/// Makes all wanted outputs valid.
///
/// Returns when all of them are, durably. For a graph that was realised before this costs a few
/// lookups for each wanted output, however large the graph is.
///
/// # Errors
///
/// As [`RealiseError`]. What could be realised until then is registered and found the next time.
pub fn realise<'s>(
    store: &'s dyn Store,
    request: &RealiseRequest<'_>,
) -> Result<Outcome<'s>, RealiseError> {
    run::run(store, request)
}

impl Outcome<'_> {
    /// Returns the object of an output.
    #[must_use]
    pub fn object(
        &self,
        derivation: &DerivationId,
        output: &OutputName,
    ) -> Option<&RealisedOutput> {
        self.realised.get(derivation)?.outputs.get(output)
    }

    /// Returns the session that holds what was realised.
    #[must_use]
    pub fn session(&self) -> &dyn Session {
        &*self.session
    }
}

impl fmt::Debug for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("realised", &self.realised)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

fn show_names(outputs: &[OutputName]) -> String {
    outputs.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

fn show_failures(failures: &[Failure], skipped: usize) -> String {
    let mut text = failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    if let Some(skipped) = show_skipped(skipped) {
        text.push('\n');
        text.push_str(&skipped);
    }
    text
}

/// Says in words how many derivations were not realised because of what failed, if there are any.
#[must_use]
pub fn show_skipped(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 other derivation needs what failed".to_owned()),
        _ => Some(format!("{count} other derivations need what failed")),
    }
}
