//! The language server protocol, nothing else.
