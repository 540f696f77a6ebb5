//! Syntax, names, types, diagnostics, formatter and editor features of the Kiln language.
//!
//! ```text
//! text ─parse─▶ SyntaxNode ─check─▶ Module + diagnostics
//! ```
//!
//! **Invariants:** no file is read and no clock asked here, whatever comes from outside comes
//! through [`World`]; parsing never fails; a diagnostic is data, drawn elsewhere; nothing here
//! knows the language server protocol.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a check looks at the kinds of expressions and types that it knows something about"
)]

mod arena;
pub mod check;
mod contradiction;
mod database;
mod diagnostic;
pub mod env;
mod face;
mod fast_map;
mod format;
mod globals;
pub mod ide;
mod layers;
pub mod module;
mod nearest;
mod pattern;
mod published;
mod recipe_folders;
pub mod schema;
mod stack;
pub mod syntax;
pub mod types;
mod units;
mod version;
mod world;

pub use arena::{Arena, Id, shrink_thin};
pub use check::Checked;
pub use database::{Database, FileId, Lowered};
pub use diagnostic::{Code, Diagnostic, Edit, Fix, Label, Severity};
pub use face::{Face, face};
pub use fast_map::{FastMap, FastSet};
pub use format::{Formatted, format};
pub use globals::{FACTS_MIXIN, fact, facts_of_module, global_mixin, global_table, is_fact};
pub use layers::{PROJECT_FILE, aliases, overlays};
pub use nearest::{did_you_mean, list, nearest, some_of};
pub use pattern::{Pattern, PatternError};
pub use published::published_specs;
pub use recipe_folders::recipe_folders;
pub use stack::{beside, in_batches, on_threads, with_stack};
pub use text_size::{TextRange, TextSize};
pub use version::{AllOf, Comparison, Version, VersionBound, VersionReq};
pub use world::{MemoryWorld, TreeEntry, TreeEntryKind, World, WorldError};
