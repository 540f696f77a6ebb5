//! Embeds the standard recipes and the pages of diagnostics, so that the command needs no files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut code = String::new();
    embed(&mut code, "RECIPES", &root.join("../stdlib-recipes"), &|_| true);
    embed(&mut code, "PAGES", &root.join("../spec/diagnostics"), &|it| it.ends_with(".md"));
    if let Err(error) = fs::write(out.join("embedded.rs"), code) {
        panic!("cannot write the embedded files: {error}");
    }
}

/// Writes a table of the files below a folder: path from it, contents, whether executable.
fn embed(code: &mut String, name: &str, folder: &Path, wanted: &dyn Fn(&str) -> bool) {
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(folder, String::new(), &mut files);
    files.sort();
    let _ = writeln!(code, "pub(crate) static {name}: &[(&str, &[u8])] = &[");
    for (path, file) in files.iter().filter(|it| wanted(&it.0)) {
        let _ = writeln!(code, "    ({path:?}, include_bytes!({:?})),", file.display().to_string());
    }
    code.push_str("];\n");
}

fn collect(folder: &Path, prefix: String, out: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), format!("{path}/"), out);
        } else if !name.starts_with('.') {
            println!("cargo:rerun-if-changed={}", entry.path().display());
            out.push((path, entry.path()));
        }
    }
}
