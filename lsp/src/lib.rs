//! The language server: the protocol, and nothing else.
//!
//! ```text
//!  client ─messages─▶ transport ─▶ main loop ─owns─▶ State: documents, scopes, generation
//!                                     │  ├──▶ watching thread ─▶ what changed on the disk
//!                  Snapshot (Arc) ◀───┘  └──▶ evaluation thread ─▶ what `kiln why` says, perhaps old
//!                      │
//!                   pool: handlers ─▶ kiln_lang::ide ─▶ convert ─▶ responses
//! ```
//!
//! A *scope* is a project, or a folder without one, with the database of its recipes. A file belongs
//! to the nearest project above it.
//!
//! **Invariants:**
//! - The main loop alone changes the state; everything else reads a snapshot. It never parses,
//!   checks or evaluates more than the file that was edited.
//! - An edit bumps the generation. What was asked before it and is not done is answered with
//!   "content modified"; what was found before it is not published.
//! - What editors have open counts, whatever is on disk.
//! - Every request is answered exactly once, whatever is in it. A panic answers one request with an
//!   error, and ends nothing else.
//! - Nothing waits for an evaluation. What shows evaluated values says when they are old.
//! - Only this crate knows the protocol, and lines, columns and UTF-16.
//!
//! What is offered is described in `spec/lang/editor.md`.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol has more kinds of everything than are of use here"
)]

mod capabilities;
mod changes;
mod convert;
mod diagnostics;
mod document;
mod evaluation;
mod extract;
mod facts;
mod handlers;
mod lines;
mod outbox;
mod paths;
mod pool;
mod routes;
mod scope;
mod server;
mod snapshot;
mod transport;
mod watch;
mod world;

use std::path::PathBuf;
use std::sync::Arc;

use kiln_lang::World;

pub use lsp_server::Connection;
pub use server::{ServeError, serve};
pub use transport::stdio;

/// What the server knows of the machine that it runs on.
#[derive(Clone)]
pub struct Config {
    /// Where files come from.
    pub world: Arc<dyn World>,
    /// The root of the standard recipes: `std:`.
    pub std_root: String,
    /// The machine that builds, as CPU and operating system.
    pub machine: (String, String),
    /// A folder in which files are put that are part of the program, so that editors can open
    /// them. Without one, they cannot be gone to.
    pub cache: Option<PathBuf>,
    /// The page of a diagnostic, by its slug.
    pub page: fn(&str) -> Option<String>,
    /// What the program is called by clients: its version.
    pub version: String,
}
