//! The store as its users see it: contracts, crashes, damage, and realising with a builder that needs
//! no sandbox.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for what it is about")]

mod archive;
mod common;
mod contract;
mod crash;
mod hostile;
mod index;
mod links;
mod local;
mod realise;
mod stress;
