//! The `kiln` command under another name, so that the tests of this crate find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    kiln_cli::main()
}
