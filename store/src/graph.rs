//! The derivation graph that evaluation hands to realisation.
//!
//! What reaches an id is in [`Derivation`]; what must not is in [`Node`] beside it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::derivation::{Build, BuildKind, Derivation, InputRef};
use crate::digest::DerivationId;
use crate::name::OutputName;

/// Derivations with what they need to be realised, inputs before their users.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    ids: Vec<DerivationId>,
    /// Where each derivation is; nobody goes through it.
    index: HashMap<DerivationId, usize, BuildHasherDefault<OfDigest>>,
}

/// Hashes an id, which is a hash itself: its beginning will do.
#[derive(Debug, Default)]
struct OfDigest(u64);

impl Hasher for OfDigest {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// One derivation and what belongs to it outside its hash.
#[derive(Debug, Clone)]
pub struct Node {
    /// The derivation.
    pub derivation: Arc<Derivation>,
    /// How people know it: `curl 8.18.0`, `source of curl 8.18.0`.
    pub title: String,
    /// Places to fetch from, tried in this order. Empty but for a fetch.
    pub urls: Vec<String>,
    /// Where imported files are. `None` but for an import.
    pub import: Option<ImportSource>,
    /// The limits of a build.
    pub limits: Limits,
}

/// Where imported files are.
#[derive(Debug, Clone)]
pub enum ImportSource {
    /// One file.
    File {
        /// What it holds.
        bytes: Arc<[u8]>,
        /// Whether it can be executed.
        executable: bool,
    },
    /// The file or tree at this place on the machine.
    Path(PathBuf),
}

/// Limits of one build. They are not part of any id: reaching one is a failure, never another result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wall time of the whole build.
    pub time_s_max: u64,
    /// Wall time without any output.
    pub silence_s_max: u64,
    /// Bytes of log.
    pub log_bytes_max: u64,
    /// Bytes of the build directory, `/tmp` and outputs together.
    pub disk_bytes_max: u64,
    /// Processes and threads at one time.
    pub processes_max: u64,
    /// Processors that the build is told to use, as `KILN_CORES`.
    pub cores: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            time_s_max: 6 * 60 * 60,
            silence_s_max: 60 * 60,
            log_bytes_max: 256 << 20,
            disk_bytes_max: 32 << 30,
            processes_max: 4096,
            cores: cores().get() as u32,
        }
    }
}

/// Returns how many processors this process may use. To ask reads a dozen files, so it is asked once.
#[must_use]
pub fn cores() -> NonZeroUsize {
    static CORES: OnceLock<NonZeroUsize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
}

impl Graph {
    /// Makes an empty graph.
    #[must_use]
    pub fn new() -> Self {
        Graph::default()
    }

    /// Takes the memory for so many more nodes at once.
    pub fn reserve(&mut self, count: usize) {
        self.nodes.reserve(count);
        self.ids.reserve(count);
        self.index.reserve(count);
    }

    /// Adds a node and returns its id. A derivation that is there already keeps its first node.
    ///
    /// # Panics
    ///
    /// If an input of the node is not in the graph: inputs are added before their users.
    pub fn add(&mut self, node: Node) -> DerivationId {
        if let Derivation::Build(build) = &*node.derivation {
            for (label, input) in &build.inputs {
                assert!(
                    self.index.contains_key(&input.derivation),
                    "input `{label}` of `{}` must be added before it",
                    node.title
                );
            }
        }
        let id = node.derivation.id();
        self.add_known(id, node);
        id
    }

    /// As [`add`](Graph::add), of a node whose id is known from an earlier graph, and whose inputs are
    /// there.
    pub fn add_known(&mut self, id: DerivationId, node: Node) {
        if !self.index.contains_key(&id) {
            self.index.insert(id, self.nodes.len());
            self.ids.push(id);
            self.nodes.push(node);
        }
    }

    /// Returns the graph with every build told to use so many processors. No id changes.
    #[must_use]
    pub fn with_cores(&self, cores: u32) -> Self {
        let mut graph = self.clone();
        for node in &mut graph.nodes {
            node.limits.cores = cores;
        }
        graph
    }

    /// Returns the nodes, inputs before their users.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the ids of the [`nodes`](Graph::nodes), in the same order.
    #[must_use]
    pub fn ids(&self) -> &[DerivationId] {
        &self.ids
    }

    /// Returns the place of a derivation in [`nodes`](Graph::nodes).
    #[must_use]
    pub fn position(&self, id: &DerivationId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// Returns the node of a derivation.
    #[must_use]
    pub fn node(&self, id: &DerivationId) -> Option<&Node> {
        self.position(id).map(|at| &self.nodes[at])
    }
}

impl Node {
    /// Returns the build, if the node is one.
    #[must_use]
    pub fn as_build(&self) -> Option<&Build<InputRef>> {
        match &*self.derivation {
            Derivation::Build(build) => Some(build),
            Derivation::Fetch(_) | Derivation::Import(_) => None,
        }
    }

    /// Returns the outputs of the derivation, sorted.
    #[must_use]
    pub fn outputs(&self) -> Vec<OutputName> {
        match &*self.derivation {
            Derivation::Build(build) => build.outputs.clone(),
            Derivation::Fetch(_) | Derivation::Import(_) => vec![OutputName::default_output()],
        }
    }

    /// Whether the node is a test.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.as_build().is_some_and(|it| it.kind == BuildKind::Test)
    }
}
