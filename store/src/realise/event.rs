//! What a run tells while it goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::name::{OutputName, StepName};

/// Something that happened.
///
/// `node` is the derivation it happened to; its title comes with [`Event::Started`] and wherever there
/// may have been no start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The counts have changed.
    Counts(Counts),
    /// Work on a derivation begins.
    Started {
        /// The derivation.
        node: DerivationId,
        /// How people know it.
        title: String,
        /// What is done.
        activity: Activity,
        /// The action; `None` for an import.
        action: Option<ActionId>,
    },
    /// A step of a build begins.
    Step {
        /// The derivation.
        node: DerivationId,
        /// The step.
        step: StepName,
        /// Its place among the steps, from 0.
        index: usize,
        /// How many steps there are.
        count: usize,
    },
    /// A build printed something. Only if asked for.
    Printed {
        /// The derivation.
        node: DerivationId,
        /// What it printed: bytes, not text.
        bytes: Vec<u8>,
    },
    /// A download tries a place.
    Trying {
        /// The derivation.
        node: DerivationId,
        /// The place, without credentials.
        url: String,
    },
    /// A download or substitution has received so much.
    Received {
        /// The derivation.
        node: DerivationId,
        /// How many bytes.
        bytes: u64,
        /// How many there will be, if that is known.
        bytes_total: Option<u64>,
    },
    /// A download is complete and is unpacked.
    Unpacking {
        /// The derivation.
        node: DerivationId,
    },
    /// Another process works on the same action.
    Waiting {
        /// The derivation.
        node: DerivationId,
        /// How people know it.
        title: String,
        /// The process, if it said so.
        pid: Option<u32>,
    },
    /// The outputs of a derivation are valid and durable.
    Finished {
        /// The derivation.
        node: DerivationId,
        /// How people know it.
        title: String,
        /// How they came.
        how: How,
        /// How long it took.
        duration: Duration,
        /// The objects, by output.
        outputs: BTreeMap<OutputName, ObjectId>,
        /// Whether all of them were valid before: nothing above needs to be built because of this.
        unchanged: bool,
    },
    /// Work on a derivation failed. The error of the run has it again, with more.
    Failed {
        /// The derivation.
        node: DerivationId,
        /// How people know it.
        title: String,
        /// What went wrong.
        message: String,
    },
    /// Something that does not stop the run, and that somebody should know.
    Warning(Warning),
}

/// What is done for a derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Its steps run.
    Build,
    /// Its steps run, and it is a test.
    Test,
    /// It is downloaded.
    Fetch,
    /// Files of the user are copied.
    Import,
    /// Its objects come from a substituter.
    Substitute,
}

/// How outputs came to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// The steps ran.
    Built,
    /// The steps ran, and it is a test.
    Tested,
    /// They were downloaded from this place, without credentials.
    Fetched {
        /// The place.
        url: String,
    },
    /// Files of the user were copied.
    Imported,
    /// They came from a substituter.
    Substituted,
    /// Another process made them while this one waited.
    ByOther,
}

/// How much of what there is in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Derivations that were looked at and are not settled: an upper bound of what is still to do.
    pub open: usize,
    /// Builds that wait for a thread.
    pub builds_queued: usize,
    /// Builds that run.
    pub builds_running: usize,
    /// Downloads, imports and substitutions that wait for a thread.
    pub fetches_queued: usize,
    /// Downloads, imports and substitutions that run.
    pub fetches_running: usize,
    /// Derivations that were built.
    pub built: usize,
    /// Derivations that were downloaded.
    pub fetched: usize,
    /// Derivations that were imported.
    pub imported: usize,
    /// Derivations whose objects were substituted.
    pub substituted: usize,
    /// Derivations that needed no work.
    pub reused: usize,
    /// Derivations that failed.
    pub failed: usize,
}

/// Something that does not stop a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Objects that an action once gave were gone, and building it again gave others.
    NotReproducible {
        /// The derivation.
        node: DerivationId,
        /// How people know it.
        title: String,
        /// The output.
        output: OutputName,
        /// The object that it was.
        before: ObjectId,
        /// The object that it is now.
        now: ObjectId,
    },
    /// A substituter did not answer.
    SubstituterFailed {
        /// The substituter.
        name: String,
        /// What it was asked.
        asked: String,
        /// What it said.
        reason: String,
        /// Whether it is not asked again in this run.
        is_given_up: bool,
    },
    /// A place gave other bytes than were asked for; another one gave the right ones.
    PlaceRefused {
        /// What was fetched, as people know it.
        title: String,
        /// The place, without credentials.
        url: String,
        /// What it gave.
        reason: String,
    },
    /// A build's log could not be kept.
    LogLost {
        /// The derivation.
        node: DerivationId,
        /// Why.
        reason: String,
    },
}
