//! Builds that go well.

use libtest_mimic::{Failed, Trial};

use crate::fixture::{Case, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("a step runs and its output is kept", hello)]
}

fn hello() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("hello").probe("write-output");
    let outcome = case.run();
    assert_eq!(outcome.ok(), "hello\n");
    assert_eq!(outcome.steps, ["hello", "write-output"]);
    assert_eq!(std::fs::read_to_string(outcome.output("out"))?, "made\n");
    Ok(())
}
