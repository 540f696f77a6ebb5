//! Can and cannot: what a build sees, what it can do, and what it is kept from.
//!
//! This one program is many: the tests; the helper that each sandbox starts; the program that runs
//! inside (`probe.rs`), which looks around and prints what it finds, and becomes an input of the
//! builds together with its loader and libraries; and other supervisors, to be killed or to be
//! started under odd conditions.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(unsafe_code, reason = "probes call what nothing safe calls")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "probes do what no program should")]

mod basics;
mod cannot;
mod disk;
mod emulators;
mod ends;
mod enter;
mod fixture;
mod probe;
mod realised;
mod sameness;
mod shell;

use libtest_mimic::{Arguments, Trial};

fn main() {
    kiln_sandbox::run_helper_if_asked();
    probe::run_if_asked();
    ends::supervise_if_asked();
    ends::count_if_asked();
    enter::enter_if_asked();
    sameness::report_if_asked();
    if let Err(error @ kiln_store::BuildError::Refused { .. }) = fixture::sandbox().probe() {
        println!("skipped, all of them: {error}");
        // A mistake of the sandbox's own may look like a refusal.
        if std::env::var_os("KILN_TEST_BUILDS").is_some_and(|it| it == "required") {
            println!("KILN_TEST_BUILDS=required: that is a failure");
            std::process::exit(1);
        }
        return;
    }
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(basics::trials());
    trials.extend(cannot::trials());
    trials.extend(disk::trials());
    trials.extend(emulators::trials());
    trials.extend(ends::trials());
    trials.extend(enter::trials());
    trials.extend(realised::trials());
    trials.extend(sameness::trials());
    trials.extend(shell::trials());
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    fixture::clean_up();
    conclusion.exit();
}
