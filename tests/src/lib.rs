//! What the tests of this crate share: running command lines as a user types them.

mod transcript;

pub use transcript::{Place, difference};
