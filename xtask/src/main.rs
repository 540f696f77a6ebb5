//! Generates code and runs what CI runs.
fn main() {}
