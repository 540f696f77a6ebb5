//! Generates code: `cargo xtask codegen`, and `cargo xtask codegen --check` to compare only.
//! Looks for texts that break the parser or the formatter: `cargo xtask fuzz`.
//! Compares with other tools: `cargo xtask bench`.
//! Runs what a change must pass: `cargo xtask ci`.

mod bench;
mod ci;
mod codegen;
#[cfg(feature = "fuzz")]
mod fuzz;

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
        ["fuzz", ref rest @ ..] => fuzz(root, rest),
        _ => Err("usage: cargo xtask codegen [--check]\n       cargo xtask ci\n       cargo xtask bench …\n       cargo xtask fuzz …".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "fuzz")]
fn fuzz(root: &Path, words: &[&str]) -> Result<(), String> {
    fuzz::run(root, words)
}

/// Runs this program again, with what fuzzing needs compiled in.
#[cfg(not(feature = "fuzz"))]
fn fuzz(root: &Path, words: &[&str]) -> Result<(), String> {
    let status = std::process::Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "-p", "xtask", "--features", "fuzz", "--", "fuzz"])
        .args(words)
        .current_dir(root)
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err("fuzzing ended with a find".to_owned()) }
}
