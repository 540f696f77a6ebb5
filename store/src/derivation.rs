//! Derivations and actions: complete, frozen descriptions of how outputs are made.
//!
//! ```text
//! Derivation                 inputs named by derivation and output
//!     │ resolve              each input replaced by the object it turned out to be
//! Action                     inputs named by object id; its id is the only cache key
//!     │ realise
//! Realisation                "this action gave these objects"
//! ```
//!
//! All that a build can observe is here, and nothing else is: no maintainer, licence, URL, time
//! limit, test or run-only dependency has a field. Those travel beside the derivation, in
//! [`crate::graph::Node`]. Encodings and ids: `spec/store/derivation.md`.

mod check;
mod encode;

use std::collections::BTreeMap;
use std::sync::Arc;

use lean_string::LeanStr;

pub use check::DerivationError;

use crate::digest::{DerivationId, ObjectId, to_hex};
use crate::inputs::Inputs;
use crate::name::{EnvName, Label, OutputName, StepName, StoreName, System};

/// The version of the promises of `spec/build/` under which steps run.
///
/// It fixes what a derivation does not say: user, host name, devices, clock variables, limits,
/// system calls. A change of any of those is a new number, and so a new id for every action.
pub const SANDBOX_ABI: u32 = 1;

/// One node of a derivation graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derivation {
    /// Steps run in the sandbox.
    Build(Build<InputRef>),
    /// A download, known by the hash of its bytes.
    Fetch(Fetch),
    /// Files that the evaluation was given, known by what they contain.
    Import(Import),
}

/// An action: a build whose inputs are known objects.
pub type Action = Build<ObjectId>;

/// Steps run in the sandbox, with inputs named by `I`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build<I> {
    /// The store name of the output `out`; other outputs append `-<output>`.
    pub name: StoreName,
    /// What kind of node this is; the kinds share one format and differ in what may use them.
    pub kind: BuildKind,
    /// The results, sorted and distinct, at least one.
    pub outputs: Vec<OutputName>,
    /// The machine that the steps run on.
    pub system: System,
    /// Everything the build may see.
    pub inputs: Inputs<I>,
    /// Inputs that are copied, writable, below `/build` before the first step: target to input.
    ///
    /// The key is a relative path of at least one normal component, such as `src`.
    pub sources: BTreeMap<String, Label>,
    /// Symbolic links made in the sandbox's root, such as `/bin/sh`: path to target.
    ///
    /// Only `/bin/NAME`, `/usr/bin/NAME`, `/lib/NAME`, `/lib64/NAME` and `/kiln/emulators/CPU` may be
    /// named.
    pub links: BTreeMap<String, Template>,
    /// The environment of every step, beside what `spec/build/environment.md` fixes.
    pub env: BTreeMap<EnvName, Template>,
    /// What is run, in this order; the first that fails ends the build.
    pub steps: Vec<Step>,
    /// See [`SANDBOX_ABI`].
    pub sandbox_abi: u32,
}

/// What kind of node a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildKind {
    /// Compiles; its outputs may be inputs of anything.
    Build,
    /// Puts finished outputs together: wrappers, link trees. Run-only dependencies are seen here.
    Compose,
    /// Tries finished outputs. Its verdict is kept; it is never an input of a build.
    Test,
}

/// One command of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the step is called in progress, logs and messages.
    pub name: StepName,
    /// The program and its first arguments; the program is an absolute path.
    pub argv: Vec<Template>,
    /// A text put into a file whose path is appended to `argv`.
    pub script: Option<Template>,
}

/// Text with places for paths that are known only once the build is resolved.
///
/// Pieces are kept apart, never marked inside the text, so that no text can forge a place.
///
/// Copies share the pieces: a program and its first arguments stand in every step.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Template(Arc<[Piece]>);

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// These characters. Templates are made of templates, which share them.
    Text(LeanStr),
    /// The store path of the input with this label.
    Input(Label),
    /// The path at which the build writes this output.
    Output(OutputName),
}

impl Template {
    /// Makes a template of plain text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Template::from_pieces([Piece::Text(text.into())])
    }

    /// Makes a template of pieces: empty texts are dropped and neighbouring texts joined, so that
    /// equal texts are equal templates.
    #[must_use]
    pub fn from_pieces(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Template::take_pieces(&mut pieces.into_iter().collect())
    }

    /// As [`from_pieces`](Template::from_pieces); what is left of the list is its memory.
    #[must_use]
    pub fn take_pieces(pieces: &mut Vec<Piece>) -> Self {
        let is_empty = |it: &Piece| matches!(it, Piece::Text(text) if text.is_empty());
        let are_texts = |pair: &[Piece]| matches!(pair, [Piece::Text(_), Piece::Text(_)]);
        // What puts texts together for a place between them has nothing to drop and to join.
        if pieces.iter().any(is_empty) || pieces.windows(2).any(are_texts) {
            pieces.retain(|it| !is_empty(it));
            pieces.dedup_by(|next, last| match (next, last) {
                (Piece::Text(next), Piece::Text(last)) => {
                    *last = format!("{last}{next}").into();
                    true
                }
                _ => false,
            });
        }
        Template(pieces.drain(..).collect())
    }

    /// Returns the pieces in order; no two texts are neighbours and none is empty.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Returns the text if there are no places in it.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &*self.0 {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the text with every place filled by `path`.
    pub fn render(&self, mut path: impl FnMut(&Piece) -> String) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.to_string(),
                Piece::Input(_) | Piece::Output(_) => path(piece),
            })
            .collect()
    }
}

/// What an input of a derivation is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputRef {
    /// The derivation that makes it.
    pub derivation: DerivationId,
    /// Which of its outputs.
    pub output: OutputName,
}

/// A download, known by the hash of its bytes; its output is `out`.
///
/// Where it comes from is not here: any place that gives these bytes will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The store name of the object.
    pub name: StoreName,
    /// The hash of the bytes as they are served, before unpacking.
    pub hash: FetchHash,
    /// What is made of the bytes.
    pub unpack: Unpack,
}

/// The hash that a download must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FetchHash {
    /// SHA-256.
    Sha256([u8; 32]),
    /// BLAKE3-256.
    Blake3([u8; 32]),
}

impl std::fmt::Display for FetchHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FetchHash::Sha256(bytes) => write!(f, "sha256:{}", to_hex(bytes)),
            FetchHash::Blake3(bytes) => write!(f, "blake3:{}", to_hex(bytes)),
        }
    }
}

/// What is made of downloaded bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpack {
    /// The object is one file with these bytes.
    File {
        /// Whether the file can be executed.
        executable: bool,
    },
    /// The object is the tree in the archive, whose format is seen from its first bytes: tar (plain,
    /// gz, bz2, xz, zst), zip and wheel, deb (its data member).
    Tree {
        /// Which part of the archive becomes the object.
        root: UnpackRoot,
        /// Files made executable though the archive does not say so: relative to the object's
        /// root, sorted and distinct.
        executables: Vec<String>,
    },
}

/// Which part of an archive becomes the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnpackRoot {
    /// The single top folder if there is just one entry at the top and it is a folder; else all.
    Auto,
    /// All of it.
    All,
    /// This folder of it: a relative path of normal components.
    Folder(String),
}

/// Files that the evaluation was given: a patch beside a recipe, a user's own source tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The object that holds them, known beforehand from their contents.
    pub object: ObjectId,
    /// The store name of the object.
    pub name: StoreName,
}

impl Derivation {
    /// Returns the store name of the output `out`.
    #[must_use]
    pub fn name(&self) -> &StoreName {
        match self {
            Derivation::Build(build) => &build.name,
            Derivation::Fetch(fetch) => &fetch.name,
            Derivation::Import(import) => &import.name,
        }
    }
}

impl Build<InputRef> {
    /// Returns the action that the build is when its inputs are these objects, by label.
    #[must_use]
    pub fn with_inputs(&self, inputs: Inputs<ObjectId>) -> Action {
        Build {
            name: self.name.clone(),
            kind: self.kind,
            outputs: self.outputs.clone(),
            system: self.system.clone(),
            inputs,
            sources: self.sources.clone(),
            links: self.links.clone(),
            env: self.env.clone(),
            steps: self.steps.clone(),
            sandbox_abi: self.sandbox_abi,
        }
    }
}
