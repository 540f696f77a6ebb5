//! Layers, evaluation, solving, and derivations.
//!
//! ```text
//! Module ─evaluate─▶ Package;  Package + layers ─solve─▶ Solution | Conflict ─derive─▶ Derivation
//! ```
//!
//! **Invariants:** nothing here sees a clock, an environment or a network; files come through the
//! database's `World` only; equal inputs give equal results, in an order that is defined.

mod condition;
mod derive;
mod evaluate;
mod explain;
mod interpret;
mod layers;
mod package;
mod solution;
mod solve;
mod value;

pub use condition::{Atom, Cond, Facts, WithAtom, WithItem};
pub use derive::{Derived, derive};
pub use evaluate::{Packages, evaluate};
pub use layers::{
    Layer, LayerSetting, LayerUnavailable, Policy, Setup, SetupRequest, Target, Wish, setup,
};
pub use package::*;
pub use solution::*;
pub use solve::solve;
pub use value::{Bits, DepValue, LocalFile, Source, Text, Value};
