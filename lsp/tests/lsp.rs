//! Whole sessions with the real server, over a connection in memory.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

#[path = "lsp/client.rs"]
mod client;
#[path = "lsp/edits.rs"]
mod edits;
#[path = "lsp/garbage.rs"]
mod garbage;
#[path = "lsp/property.rs"]
mod property;
#[path = "lsp/sessions.rs"]
mod sessions;
