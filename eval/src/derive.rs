//! A [`Solution`] to derivations.
//!
//! ```text
//! Solution ─derive─▶ Graph: for each package a build, a download, or an import
//! ```
//!
//! Build expressions are evaluated here, with everything chosen. What reaches a derivation is the
//! text of the steps, the environment, the inputs and the source; a package that has no steps *is*
//! its source. Maintainers, licences, tests and run-only dependencies are never looked at, so they
//! cannot reach a hash.

mod build;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kiln_lang::{Code, Database, Diagnostic, TreeEntryKind};
use kiln_store::{
    Derivation, DerivationId, Fetch, FileEntry, Graph, Import, ImportSource, InputRef, Limits,
    ObjectId, OutputName, StoreName, Unpack, UnpackRoot,
};

use crate::layers::Setup;
use crate::package::Place;
use crate::solution::{NodeId, Solution};
use crate::value::{LocalFile, Source};

/// Derivations, and which package is which.
#[derive(Debug, Default)]
pub struct Derived {
    /// The derivations, inputs first.
    pub graph: Graph,
    /// The derivation of each package that is wanted or needed by one that is, and its output.
    pub nodes: BTreeMap<NodeId, InputRef>,
}

/// Derives everything that the roots of a solution need.
///
/// # Errors
///
/// Every mistake that evaluation of the build expressions brings to light.
pub fn derive(
    db: &Database,
    setup: &Setup,
    solution: &Solution,
) -> Result<(Derived, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut deriver = Deriver {
        db,
        setup,
        solution,
        derived: Derived::default(),
        imports: HashMap::new(),
        diagnostics: Vec::new(),
    };
    for root in &solution.roots {
        deriver.with_inputs(root.node);
    }
    let Deriver { derived, diagnostics, .. } = deriver;
    if diagnostics.iter().any(Diagnostic::is_error) {
        Err(diagnostics)
    } else {
        Ok((derived, diagnostics))
    }
}

pub(crate) struct Deriver<'a> {
    pub(crate) db: &'a Database,
    pub(crate) setup: &'a Setup,
    pub(crate) solution: &'a Solution,
    pub(crate) derived: Derived,
    /// Files and folders beside recipes, by store name and path: each is read once.
    imports: HashMap<(String, String), InputRef>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Deriver<'_> {
    /// Derives a node after everything that its build sees. The stack is explicit: chains of
    /// dependencies may be thousands long.
    fn with_inputs(&mut self, root: NodeId) {
        let mut stack: Vec<(NodeId, bool)> = vec![(root, false)];
        let mut open: Vec<NodeId> = Vec::new();
        while let Some((id, inputs_done)) = stack.pop() {
            if self.derived.nodes.contains_key(&id) {
                continue;
            }
            if inputs_done {
                open.retain(|it| *it != id);
                if let Some(input) = self.node(id) {
                    self.derived.nodes.insert(id, input);
                }
                continue;
            }
            if open.contains(&id) {
                self.ring(&open, id);
                continue;
            }
            open.push(id);
            stack.push((id, true));
            for edge in build::visible(self.solution, id).iter().rev() {
                stack.push((*edge, false));
            }
        }
    }

    /// Packages that are linked with each other in a ring cannot be built.
    fn ring(&mut self, open: &[NodeId], id: NodeId) {
        let begin = open.iter().position(|it| *it == id).unwrap_or(0);
        let mut names: Vec<String> = open[begin..]
            .iter()
            .map(|it| format!("`{}`", self.solution.node(*it).package.name))
            .collect();
        names.push(format!("`{}`", self.solution.node(id).package.name));
        let package = &self.solution.node(id).package;
        let name = package.schema.env.module().name.as_ref();
        let range = name.map(|it| self.db.span(package.file, it.span)).unwrap_or_default();
        let message = format!("these packages are inputs of each other: {}", names.join(" → "));
        let diagnostic = Diagnostic::new(Code::DependencyCycle, package.file, range, message)
            .help("switch off a feature of one of them, or make one dependency `run` if it is needed only then");
        self.report(diagnostic);
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(crate) fn error(&mut self, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Code::EvaluationError, place.file, place.range(), message)
    }

    //------ sources

    /// Adds the derivation of a source.
    pub(crate) fn source(
        &mut self,
        source: &Source,
        name: &StoreName,
        title: &str,
        place: Place,
    ) -> Option<InputRef> {
        match source {
            Source::Fetch { urls, hash, unpack, root, executables } => {
                let unpack = if *unpack {
                    let root = match root {
                        None => UnpackRoot::Auto,
                        Some(root) if root == "." => UnpackRoot::All,
                        Some(root) => UnpackRoot::Folder(root.clone()),
                    };
                    Unpack::Tree { root, executables: executables.clone() }
                } else {
                    Unpack::File {
                        executable: executables.iter().any(|it| it == "." || it.is_empty()),
                    }
                };
                let fetch = Fetch { name: name.clone(), hash: *hash, unpack };
                let derivation = Derivation::Fetch(fetch);
                Some(self.add(derivation, title, urls.clone(), None, Limits::default()))
            }
            Source::Folder(folder) => self.import(folder, name, title, place),
        }
    }

    /// Adds the derivation of a file or folder beside a recipe.
    pub(crate) fn import(
        &mut self,
        file: &LocalFile,
        name: &StoreName,
        title: &str,
        place: Place,
    ) -> Option<InputRef> {
        let key = (name.to_string(), file.path.clone());
        if let Some(input) = self.imports.get(&key) {
            return Some(input.clone());
        }
        let entries = match self.db.world().tree(&file.path) {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", file.path);
                let diagnostic = self
                    .error(place, message)
                    .help("the path is relative to the file that it is written in");
                self.report(diagnostic);
                return None;
            }
        };
        let (object, import) = match &entries[..] {
            [entry] if entry.path.is_empty() => match &entry.kind {
                TreeEntryKind::File { bytes, executable } => (
                    ObjectId::of_file(name, bytes, *executable),
                    ImportSource::Bytes(bytes.clone()),
                ),
                TreeEntryKind::Symlink { .. } | TreeEntryKind::EmptyFolder => {
                    let message = format!(
                        "`{}` is neither a file nor a folder with something in it",
                        file.path
                    );
                    let diagnostic = self.error(place, message);
                    self.report(diagnostic);
                    return None;
                }
            },
            entries => {
                let listed = entries.iter().map(|it| {
                    let entry = match &it.kind {
                        TreeEntryKind::File { bytes, executable } => {
                            FileEntry::File { bytes, executable: *executable }
                        }
                        TreeEntryKind::Symlink { target } => {
                            FileEntry::Link { target: target.as_bytes() }
                        }
                        TreeEntryKind::EmptyFolder => FileEntry::Folder,
                    };
                    (it.path.as_bytes(), entry)
                });
                match ObjectId::of_tree(name, listed) {
                    Ok(object) => (object, ImportSource::Path(file.path.clone().into())),
                    Err(error) => {
                        let message = format!("`{}` cannot be an input: {error}", file.path);
                        let diagnostic = self.error(place, message);
                        self.report(diagnostic);
                        return None;
                    }
                }
            }
        };
        let derivation = Derivation::Import(Import { object, name: name.clone() });
        let input = self.add(derivation, title, Vec::new(), Some(import), Limits::default());
        self.imports.insert(key, input.clone());
        Some(input)
    }

    pub(crate) fn add(
        &mut self,
        derivation: Derivation,
        title: &str,
        urls: Vec<String>,
        import: Option<ImportSource>,
        limits: Limits,
    ) -> InputRef {
        let node = kiln_store::Node {
            derivation: Arc::new(derivation),
            title: title.to_owned(),
            urls,
            import,
            limits,
        };
        let derivation: DerivationId = self.derived.graph.add(node);
        InputRef { derivation, output: OutputName::default_output() }
    }
}
