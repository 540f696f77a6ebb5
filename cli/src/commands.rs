//! One file for each command.

pub(crate) mod archive;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod derivation;
pub(crate) mod doc;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod facts;
pub(crate) mod fetch;
pub(crate) mod fix;
pub(crate) mod fmt;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod lsp;
pub(crate) mod realise;
pub(crate) mod repl;
pub(crate) mod run;
pub(crate) mod shell;
pub(crate) mod store;
pub(crate) mod test;
pub(crate) mod update_hash;
pub(crate) mod why;
