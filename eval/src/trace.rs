//! What an evaluation leaves for the next one of the same request, so that a small change costs
//! little: a *trace*.
//!
//! ```text
//! texts that were read, solution in outline, derivations  ─▶ Trace
//!     a recipe has changed: its face is the same?            the solution is, too
//!     ─▶ its build is planned anew, with the outline          a few packages
//!     ─▶ its derivation changes those that have it as input   their ids, nothing else
//! ```
//!
//! What a recipe says to others than its own build is its [`Face`](kiln_lang::Face). As long as the
//! faces of all recipes that have changed are as they were, solving would give what it gave, so
//! only their own builds are planned. In every other case there is no short way, and
//! [`resume`](Trace::resume) says so by giving nothing: then everything is evaluated. A trace
//! changes no result, whether it is there or not. Decision:
//! `spec/decisions/0019-traces-of-evaluations.md`.

mod encode;
mod record;
mod resume;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use kiln_lang::FileId;
use kiln_lang::module::Name;
use kiln_store::{DerivationId, Graph, ImportSource, InputRef, Limits, OutputName};

use crate::solution::{Edge, NodePart};

/// What an evaluation has read, chosen and made; borrowed from its encoding as far as it is read
/// from one.
#[derive(Debug)]
pub struct Trace<'t> {
    /// The files in the roots, in the order of the database.
    files: Vec<TracedFile<'t>>,
    /// Other files that were read: layers.
    layers: Vec<TracedFile<'t>>,
    /// Whether what was chosen was compared with a lock.
    has_lock: bool,
    /// The packages and interfaces that conditions of other packages ask for.
    asked_for: BTreeSet<Name>,
    /// Whether each unit is one of build tools.
    units: Vec<bool>,
    nodes: Vec<TracedNode<'t>>,
    /// In the order of their graph.
    derivations: Vec<TracedDerivation<'t>>,
    wishes: Vec<TracedWish>,
}

/// A file.
#[derive(Debug, Clone)]
struct TracedFile<'t> {
    path: Cow<'t, str>,
    /// Where its text is among [`Texts`], if it was read from the disk.
    text: Option<Range<u64>>,
}

/// The texts of a trace, one behind the other: most of its bytes, of which few are ever read.
pub trait Texts {
    /// Returns the bytes in a range; nothing if they cannot be read.
    fn read(&self, range: Range<u64>) -> Option<Vec<u8>>;
}

impl Texts for [u8] {
    fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let at = |it: u64| usize::try_from(it).ok();
        self.get(at(range.start)?..at(range.end)?).map(<[u8]>::to_vec)
    }
}

/// A package as it was chosen, as far as builds read it.
#[derive(Debug, Clone)]
struct TracedNode<'t> {
    package: Name,
    unit: u32,
    part: Option<NodePart>,
    /// Whether the package has an output of its own name.
    has_own_output: bool,
    version: Cow<'t, str>,
    edges: Cow<'t, [Edge]>,
    /// The values of options about which somebody says something, encoded; nothing if there are
    /// values that have no encoding.
    options: Option<Cow<'t, [u8]>>,
    /// Which derivation it became, and the output of that.
    derivation: Option<(u32, OutputName)>,
}

/// A derivation, and what belongs to it outside its hash.
#[derive(Debug, Clone)]
struct TracedDerivation<'t> {
    id: DerivationId,
    encoding: Cow<'t, [u8]>,
    title: Cow<'t, str>,
    urls: Cow<'t, [String]>,
    import: Option<ImportSource>,
    /// But for the processors, which are those of the machine.
    limits: Limits,
}

/// Something that was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedWish {
    /// Its place among the nodes of the solution.
    node: u32,
    /// The package with what is not as its recipe has it, as a spec.
    pub spec: String,
    /// The name of the package.
    pub package: Name,
    /// What it is called among what is wanted.
    pub name: String,
    /// Whether it is wanted only because something that is wanted needs it when it runs.
    pub is_beside: bool,
}

/// What came out of following a trace.
#[derive(Debug)]
pub struct Resumed {
    /// The derivations.
    pub graph: Graph,
    /// What is wanted, in the order of the trace.
    pub wanted: Vec<(TracedWish, InputRef)>,
    /// The recipes with another text, with their paths.
    changed: Vec<(String, FileId)>,
    /// What each derivation of the trace is now.
    now: Vec<DerivationId>,
}
