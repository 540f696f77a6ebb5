//! Solves and derives specs against the recipes below a folder, and prints the graph.
//!
//! `cargo run -p kiln-eval --example eval -- ROOT SPEC…`

use std::path::Path;
use std::sync::Arc;

use kiln_eval::{Packages, SetupRequest, derive, setup, solve};
use kiln_lang::{Database, Diagnostic, TreeEntry, TreeEntryKind, World, WorldError};

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

    fn tree(&self, path: &str) -> Result<Vec<TreeEntry>, WorldError> {
        let bytes = self.read(path)?;
        Ok(vec![TreeEntry {
            path: String::new(),
            kind: TreeEntryKind::File { bytes, executable: false },
        }])
    }
}

fn show(db: &Database, diagnostics: &[Diagnostic]) {
    for it in diagnostics {
        let text = db.text(it.primary.file);
        let line = text[..usize::from(it.primary.range.start())].matches('\n').count() + 1;
        println!(
            "{}:{line}: [{}] {} ⟨{}⟩",
            db.path(it.primary.file),
            it.code,
            it.message,
            &text[it.primary.range]
        );
        for label in &it.secondary {
            let text = db.text(label.file);
            let line = text[..usize::from(label.range.start())].matches('\n').count() + 1;
            println!("    {}:{line}: {}", db.path(label.file), label.text);
        }
        for help in &it.help {
            println!("    help: {help}");
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let root = args.next().unwrap_or_default();
    let db = Database::new(Arc::new(Disk), vec![root]);
    let mut request =
        SetupRequest { machine: ("x86_64".into(), "linux".into()), ..SetupRequest::default() };
    for arg in args {
        if arg.ends_with(".kiln") {
            request.overrides.push(db.file(&arg));
        } else {
            request.specs.push(db.add_spec("command line", &arg));
        }
    }
    let packages = Packages::new(&db);
    let (setup, warnings) = match setup(&db, &request) {
        Ok(it) => it,
        Err(diagnostics) => return show(&db, &diagnostics),
    };
    show(&db, &warnings);
    let (solution, warnings) = match solve(&packages, &setup) {
        Ok(it) => it,
        Err(diagnostics) => return show(&db, &diagnostics),
    };
    show(&db, &warnings);
    for (index, unit) in solution.units.iter().enumerate() {
        println!("unit {index}{}", if unit.is_build { " (build)" } else { "" });
        for node in unit.by_name.values() {
            let node = solution.node(*node);
            let edges: Vec<String> = node
                .edges
                .iter()
                .map(|it| {
                    format!(
                        "{}:{}{}",
                        it.role,
                        it.name,
                        if it.injected.is_some() { "*" } else { "" }
                    )
                })
                .collect();
            println!("  {} {} -> {}", node.spec(), node.version, edges.join(" "));
        }
    }
    match derive(&db, &setup, &solution, std::num::NonZeroUsize::MIN) {
        Ok((derived, warnings)) => {
            show(&db, &warnings);
            for node in derived.graph.nodes() {
                println!("{} {}", &node.derivation.id().to_string()[..16], node.title);
                if std::env::var_os("VERBOSE").is_some() {
                    println!("{:#?}", node.derivation);
                }
            }
        }
        Err(diagnostics) => show(&db, &diagnostics),
    }
}
