//! What is done for each request: find the file, ask `kiln_lang::ide`, convert.

pub(crate) mod actions;
pub(crate) mod edits;
pub(crate) mod navigation;
pub(crate) mod reports;
pub(crate) mod structure;
pub(crate) mod words;
