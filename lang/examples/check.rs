//! Checks files against the recipes below a folder, and prints what is wrong in plain lines.
//!
//! `cargo run -p kiln-lang --example check -- ROOT FILE…`

use std::path::Path;
use std::sync::Arc;

use kiln_lang::{Database, TreeEntry, World, WorldError};

struct Disk;

impl World for Disk {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError> {
        std::fs::read(path).map(Arc::from).map_err(|_| WorldError::NotFound)
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, WorldError> {
        fn walk(dir: &Path, prefix: &str, out: &mut Vec<String>) {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    walk(&entry.path(), &format!("{name}/"), out);
                } else if name.ends_with(".kiln") {
                    out.push(name);
                }
            }
        }
        let mut out = Vec::new();
        walk(Path::new(dir), "", &mut out);
        out.sort();
        Ok(out)
    }

    fn tree(&self, _path: &str) -> Result<Vec<TreeEntry>, WorldError> {
        Ok(Vec::new())
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let root = args.next().unwrap_or_default();
    let db = Database::new(Arc::new(Disk), vec![root]);
    let mut files: Vec<String> = args.collect();
    if files.is_empty() {
        files = db.root_paths().map(str::to_owned).collect();
    }
    for path in files {
        let file = db.file(&path);
        for diagnostic in db.diagnostics(file) {
            let text = db.text(diagnostic.primary.file);
            let at = usize::from(diagnostic.primary.range.start());
            let line = text[..at].matches('\n').count() + 1;
            let slice = &text[diagnostic.primary.range];
            println!("{path}:{line}: [{}] {} ⟨{slice}⟩", diagnostic.code, diagnostic.message);
            for label in &diagnostic.secondary {
                let text = db.text(label.file);
                let line = text[..usize::from(label.range.start())].matches('\n').count() + 1;
                println!("    {}:{line}: {}", db.path(label.file), label.text);
            }
            for help in &diagnostic.help {
                println!("    help: {help}");
            }
            for fix in &diagnostic.fixes {
                println!("    fix: {}", fix.title);
            }
        }
    }
}
