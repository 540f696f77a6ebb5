//! Generates code: `cargo xtask codegen`, and `cargo xtask codegen --check` to compare only.
//! Compares with other tools: `cargo xtask bench`.
//! Runs what a change must pass: `cargo xtask ci`.

mod bench;
mod ci;
mod codegen;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let result = match words[..] {
        ["codegen"] => codegen::run(root, codegen::Mode::Write),
        ["codegen", "--check"] => codegen::run(root, codegen::Mode::Check),
        ["ci"] => ci::run(root),
        ["bench", ref rest @ ..] => bench::run(root, rest),
        _ => Err("usage: cargo xtask codegen [--check]\n       cargo xtask bench …".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
