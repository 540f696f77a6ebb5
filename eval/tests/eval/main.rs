//! Evaluation from files to derivations: text in, text out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for what it is about")]

mod barriers;
mod builds;
mod choices;
mod common;
mod interfaces;
mod limits;
mod locks;
mod options;
mod order;
mod parts;
mod property;
mod roles;
mod rules;
mod search;
mod settings;
mod testing;
mod traces;
