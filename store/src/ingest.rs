//! Turning what a build, a download or the user left on disk into objects.
//!
//! ```text
//! OutputTree ─read─▶ Draft: names, templates, what was found where, contents
//!                      │ resolve: outputs in the order of their references to each other
//!                   Object + id ─write─▶ staging, unless the store has the object already
//! ```
//!
//! The tree is hostile: it is read through descriptors only, no link in it is followed, and what
//! is neither file, folder nor link is refused by name. Each byte is read once and written at most
//! once: small files wait in memory until the id of the object is known, and are not written
//! at all if the store has it; large ones are copied while they are hashed.

mod draft;
mod resolve;
mod source;

pub(crate) use draft::{Content, Draft, DraftContents, Keep, Reader};
pub(crate) use resolve::{Resolved, Target, Unresolved, resolve};
pub(crate) use source::{Contents, find_candidates, open_parent};

use crate::object::ObjectError;
use crate::sys::SystemError;

/// Why what is on disk cannot become an object.
///
/// Paths begin with the name of the output, and are escaped.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// An output was not made.
    #[error("the output `{output}` was not made: nothing is at {path}")]
    Missing {
        /// The output.
        output: String,
        /// Where the build was to write it.
        path: String,
    },
    /// There is something that an object cannot hold.
    #[error("`{path}` is {kind}; an object holds files, folders and symbolic links only")]
    Special {
        /// Where it is.
        path: String,
        /// What it is, in words.
        kind: &'static str,
    },
    /// Something belongs to another user than the one that ran the build.
    #[error("`{path}` belongs to user {uid}; what the build made belongs to user {expected}")]
    ForeignOwner {
        /// Where it is.
        path: String,
        /// Whose it is.
        uid: u32,
        /// Whose it must be.
        expected: u32,
    },
    /// There is more than was allowed.
    #[error("`{path}` brings the size to {bytes} bytes; {bytes_max} are allowed")]
    TooLarge {
        /// The file that was too much.
        path: String,
        /// The size so far.
        bytes: u64,
        /// The size allowed.
        bytes_max: u64,
    },
    /// A rule of objects is broken.
    #[error("`{path}`: {source}")]
    Object {
        /// Where.
        path: String,
        /// Which rule.
        source: ObjectError,
    },
    /// A file holds a path at which another build wrote its outputs, and which no longer exists.
    #[error(
        "`{path}` holds `{found}` at byte {at}: the scratch path of another build, which is gone; \
         what the path came from was made inside a build and must be made again or patched"
    )]
    Leak {
        /// The file or link.
        path: String,
        /// The offset in it, in bytes.
        at: u64,
        /// The digest that stands there.
        found: String,
    },
    /// Outputs of one build refer to each other in a circle.
    #[error("the outputs refer to each other in a circle: {}", show_circle(circle))]
    Circle {
        /// Each step of the circle.
        circle: Vec<OutputLink>,
    },
    /// A file changed while it was read.
    #[error("`{path}` changed while it was read")]
    Changed {
        /// The file.
        path: String,
    },
    /// Reading was stopped.
    #[error("stopped")]
    Cancelled,
    /// The kernel refused something.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// One output's reference to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLink {
    /// The file that refers, with its output.
    pub path: String,
    /// The offset in it, in bytes.
    pub at: u64,
    /// The output referred to.
    pub to: String,
}

fn show_circle(circle: &[OutputLink]) -> String {
    let steps =
        circle.iter().map(|it| format!("`{}` names `{}` at byte {}", it.path, it.to, it.at));
    steps.collect::<Vec<_>>().join(", ")
}
