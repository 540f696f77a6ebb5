//! The texts to begin with: every `.kiln` file of the tree and every block of the specification.

use std::fs;
use std::path::{Path, PathBuf};

/// A text and where it is from.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Collects the texts below `root`, in the order of their paths.
pub(crate) fn collect(root: &Path) -> Vec<Sample> {
    let mut paths = Vec::new();
    for folder in ["lang", "stdlib-recipes", "spec", "tests", "editors"] {
        walk(&root.join(folder), &mut paths);
    }
    paths.sort();
    let mut samples = Vec::new();
    for path in paths {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if name.ends_with(".md") {
            for (line, text) in blocks(&text) {
                samples.push(Sample { name: format!("{name}:{line}"), text });
            }
        } else {
            samples.push(Sample { name, text });
        }
    }
    samples
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "node_modules" {
            walk(&path, out);
        } else if path.extension().is_some_and(|it| it == "kiln" || it == "md") {
            out.push(path);
        }
    }
}

/// The ```` ```kiln ```` blocks of a page, with the lines they begin on.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.starts_with("```kiln") && !line.contains("ignore") {
            let text = lines
                .by_ref()
                .map(|it| it.1)
                .take_while(|it| !it.starts_with("```"))
                .fold(String::new(), |text, line| text + line + "\n");
            blocks.push((number + 1, text));
        }
    }
    blocks
}
