//! What there is to write about, and where its pages are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kiln_lang::module::{Module, ModuleKind, StmtKind};
use kiln_lang::schema::Schema;
use kiln_lang::{Database, Diagnostic, FileId, TextRange};

use crate::world::STD;

/// A file with a page.
pub(super) struct Entry {
    /// Its name.
    pub(super) name: String,
    /// The file.
    pub(super) file: FileId,
    /// What it offers.
    pub(super) schema: Arc<Schema>,
    /// Where its page is, from the first page.
    pub(super) path: String,
    /// Where the file is, as people know it.
    pub(super) source: String,
    /// Whether it comes with the program.
    pub(super) is_standard: bool,
    /// How many mistakes are in the file.
    pub(super) mistakes: usize,
}

/// All files with pages.
pub(super) struct Catalog<'a> {
    pub(super) db: &'a Database,
    pub(super) packages: Vec<Entry>,
    pub(super) modules: Vec<Entry>,
    /// Who depends on a package, in any role and under any condition.
    pub(super) used_by: BTreeMap<String, BTreeSet<String>>,
    /// Who provides an interface.
    pub(super) provided_by: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Catalog<'a> {
    pub(super) fn new(db: &'a Database) -> Catalog<'a> {
        let mut catalog = Catalog {
            db,
            packages: Vec::new(),
            modules: Vec::new(),
            used_by: BTreeMap::new(),
            provided_by: BTreeMap::new(),
        };
        let builtin = [Database::PACKAGE, Database::PLATFORM, Database::TOOLCHAIN, Database::FACTS];
        let stems: Vec<String> = db.stems().map(str::to_owned).collect();
        let modules = stems.iter().filter_map(|it| db.module(it)).chain(builtin);
        let mut modules: Vec<FileId> = modules.collect();
        modules.sort();
        modules.dedup();
        for file in modules {
            catalog.modules.extend(entry(db, file, "modules"));
        }
        for file in stems.iter().filter_map(|it| db.package(it)) {
            catalog.packages.extend(entry(db, file, "packages"));
        }
        catalog.modules.sort_by(|a, b| a.name.cmp(&b.name));
        catalog.packages.sort_by(|a, b| a.name.cmp(&b.name));
        // A file has one page, even if its header is that of another.
        catalog.modules.dedup_by(|a, b| a.name == b.name);
        catalog.packages.dedup_by(|a, b| a.name == b.name);
        catalog.relate();
        catalog
    }

    /// Finds who uses and who provides what.
    fn relate(&mut self) {
        for entry in &self.packages {
            for body in &entry.schema.table.bodies {
                let lowered = self.db.lowered(body.file);
                for stmt in &lowered.module.bodies[body.body].stmts {
                    match &stmt.kind {
                        StmtKind::Dep(dep) => {
                            if let Some(name) = dep.spec.package_name() {
                                let users = self.used_by.entry(name.to_string()).or_default();
                                users.insert(entry.name.clone());
                            }
                        }
                        StmtKind::Provides(it) => {
                            for (name, _) in &it.interfaces {
                                let providers =
                                    self.provided_by.entry(name.name.to_string()).or_default();
                                providers.insert(entry.name.clone());
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// The page of a package, from a page one folder down.
    pub(super) fn package(&self, name: &str) -> Option<String> {
        let at = self.packages.binary_search_by(|it| it.name.as_str().cmp(name)).ok()?;
        Some(format!("../{}", self.packages[at].path))
    }

    /// The page of the module in a file, and its name.
    pub(super) fn module_of(&self, file: FileId) -> Option<(&str, String)> {
        let entry = self.modules.iter().find(|it| it.file == file)?;
        Some((&entry.name, format!("../{}", entry.path)))
    }

    /// What stands at a place, with runs of white space as one.
    pub(super) fn written(&self, file: FileId, range: TextRange) -> String {
        let text = self.db.text(file);
        let text = text.get(usize::from(range.start())..usize::from(range.end())).unwrap_or("");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn entry(db: &Database, file: FileId, folder: &str) -> Option<Entry> {
    let schema = db.schema(file);
    let name = schema.name().to_owned();
    if name.is_empty() {
        return None;
    }
    let path = db.path(file);
    let source = match db.roots().iter().find_map(|it| path.strip_prefix(it.as_str())) {
        Some(rest) if path.starts_with(STD) => format!("{STD}{rest}"),
        // Where the folder of recipes lies is not the reader's.
        Some(rest) => rest.trim_start_matches('/').to_owned(),
        None => path.to_string(),
    };
    Some(Entry {
        path: format!("{folder}/{}.html", file_name(&name)),
        mistakes: db.diagnostics(file).iter().filter(|it| Diagnostic::is_error(it)).count(),
        is_standard: path.starts_with(STD) || Database::is_builtin(file),
        name,
        file,
        schema,
        source,
    })
}

/// A name as the name of a file.
fn file_name(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || "-_+".contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!(".{:x}", c as u32));
        }
    }
    out
}

/// The first paragraph of what a file says about itself.
pub(super) fn summary(module: &Module) -> String {
    let doc = module.doc.as_deref().unwrap_or("");
    let first: Vec<&str> = doc
        .lines()
        .map(str::trim)
        .skip_while(|it| it.is_empty())
        .take_while(|it| !it.is_empty())
        .collect();
    first.join(" ")
}

impl Entry {
    pub(super) fn module(&self) -> &Module {
        self.schema.env.module()
    }

    pub(super) fn is_interface(&self) -> bool {
        self.module().kind == Some(ModuleKind::Interface)
    }
}
