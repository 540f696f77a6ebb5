//! Layers, evaluation, solving, and derivations.
//!
//! ```text
//! Module ─evaluate─▶ Package;  Package + layers ─solve─▶ Solution | Conflict ─derive─▶ Derivation
//! ```
//!
//! **Invariants:** nothing here sees a clock, an environment or a network; files come through the
//! database's `World` only; equal inputs give equal results, in an order that is defined.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "an operation is defined for some kinds of values; for all others there is one answer"
)]

mod amend;
mod condition;
mod constants;
mod derive;
mod evaluate;
mod explain;
mod globals;
mod interpret;
mod layers;
mod lock;
mod package;
mod preferences;
mod prepare;
mod refine;
mod solution;
mod solve;
mod text;
mod trace;
mod value;

pub use condition::{Atom, Cond, Facts, WithAtom, WithItem};
pub use constants::{Assume, Constants, Download, Unvalued, downloads};
pub use derive::{Derived, Test, derive, derive_tests, field_value};
pub use evaluate::{KnownPackages, Packages, evaluate};
pub use explain::Fields;
pub use layers::{
    Layer, LayerSetting, LayerUnavailable, Policy, ProjectWishes, Setup, SetupRequest, Target,
    Wish, published, setup,
};
pub use lock::{
    LOCK_FILE, LOCK_FORMAT, Lock, LockChange, LockChangeKind, LockError, LockRecorder,
    LockedOption, LockedPackage, LockedRequest, LockedValue, RequestKind,
};
pub use package::*;
pub use preferences::Preferences;
pub use prepare::prepare;
pub use solution::*;
pub use solve::{Session, solve};
pub use text::Text;
pub use trace::{Resumed, Texts, Trace, TracedWish};
pub use value::{Bits, DepValue, LocalFile, Source, Value};
