//! Downloads by hash, unpacks safely, and asks caches on the web.
//!
//! ```text
//! Fetch + urls ─WebFetcher─▶ bytes with the right hash ─unpack─▶ tree at the target
//!                 ▲ Mirrors: configuration, apt, pip, cargo, npm
//! action, object id ─WebSubstituter─▶ what was built elsewhere
//! ```
//!
//! **Invariants:** nothing is kept whose hash is wrong; nothing is written outside the target, or
//! through a link; no credentials are shown, or sent to another host; nothing here prints.

mod archive;
mod escape;
mod mirrors;
mod place;
mod unpack;
mod web;

pub use archive::{Archive, file_address};
pub use mirrors::{Machine, MirrorBase, MirrorConfig, MirrorReport, Mirrors, Origin};
pub use unpack::{Limit, Refusal, UnpackError, UnpackLimits, UnpackRequest, unpack};
pub use web::WebFetcher;
pub use web::options::{Certificates, Proxies, WebOptions};
pub use web::substituter::{CacheUrl, WebSubstituter};
pub use web::witness::{Witness, WitnessRequest};
