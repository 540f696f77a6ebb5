//! The `kiln` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Evaluation makes and drops many small pieces of memory on all cores: a seventh of its time is
/// saved by an allocator that is made for that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    kiln_cli::main()
}
