//! Syntax, names, types, diagnostics, formatter and editor features of the Kiln language.
