//! What a build costs beside its steps.

fn main() {}
