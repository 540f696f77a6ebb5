//! A project, or a folder without one, with the database of its recipes.

use std::sync::{Arc, OnceLock};

use kiln_lang::{Database, FileId, PROJECT_FILE, World};

use crate::paths::{is_below, parent};
use crate::world::EditorWorld;

/// What a scope is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ScopeKey {
    /// The project with this file.
    Project(String),
    /// A folder of the workspace without a project above it.
    Folder(String),
    /// Files outside of all folders and projects, and the standard recipes.
    Loose,
}

/// A project, or a folder without one, with the database of its recipes.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) key: ScopeKey,
    pub(crate) db: Arc<Database>,
    /// The `.kiln` files below the scope's folder, listed when they are first asked for.
    listing: Arc<OnceLock<Vec<String>>>,
}

impl ScopeKey {
    /// Returns what a file belongs to: the nearest project above it, or the folder of the workspace
    /// that it is in.
    pub(crate) fn of(path: &str, folders: &[String], world: &EditorWorld) -> ScopeKey {
        if !path.starts_with('/') {
            return ScopeKey::Loose;
        }
        let mut folder = parent(path);
        while let Some(at) = folder {
            let project = format!("{}/{PROJECT_FILE}", at.trim_end_matches('/'));
            if world.read(&project).is_ok() {
                return ScopeKey::Project(project);
            }
            folder = parent(at);
        }
        let inside = folders.iter().filter(|it| is_below(path, it));
        match inside.max_by_key(|it| it.len()) {
            Some(folder) => ScopeKey::Folder(folder.clone()),
            None => ScopeKey::Loose,
        }
    }

    /// Returns the folder with the scope's files.
    pub(crate) fn folder(&self) -> Option<&str> {
        match self {
            ScopeKey::Project(project) => parent(project),
            ScopeKey::Folder(folder) => Some(folder),
            ScopeKey::Loose => None,
        }
    }

    /// Returns the folders with recipes, the standard ones last.
    fn roots(&self, world: &EditorWorld, std_root: &str) -> Vec<String> {
        let mut roots = match self {
            ScopeKey::Project(project) => roots_of_project(project, world),
            ScopeKey::Folder(folder) => vec![folder.clone()],
            ScopeKey::Loose => Vec::new(),
        };
        roots.push(std_root.to_owned());
        roots
    }
}

impl Scope {
    /// Opens the database of a scope. Nothing is read yet.
    pub(crate) fn open(key: ScopeKey, world: &Arc<EditorWorld>, std_root: &str) -> Scope {
        let roots = key.roots(world, std_root);
        let db = Arc::new(Database::new(world.clone(), roots));
        Scope { key, db, listing: Arc::default() }
    }

    /// Returns the scope after the text of a file has changed. The main loop does nothing that is
    /// slower than this.
    pub(crate) fn with_file(
        &self,
        path: &str,
        text: Option<&str>,
        world: &Arc<EditorWorld>,
        std_root: &str,
    ) -> Scope {
        let is_project = matches!(&self.key, ScopeKey::Project(project) if project == path);
        if is_project && self.key.roots(world, std_root) != self.db.roots() {
            return Scope::open(self.key.clone(), world, std_root);
        }
        Scope { db: Arc::new(self.db.with_file(path, text)), ..self.clone() }
    }

    /// Returns the scope after files have come or gone.
    pub(crate) fn relisted(&self) -> Scope {
        Scope { key: self.key.clone(), db: Arc::new(self.db.relisted()), listing: Arc::default() }
    }

    /// Returns the project file.
    pub(crate) fn project(&self) -> Option<&str> {
        match &self.key {
            ScopeKey::Project(project) => Some(project),
            ScopeKey::Folder(_) | ScopeKey::Loose => None,
        }
    }

    /// Returns all files that the user may change: below the scope's folder, and in its roots.
    pub(crate) fn own_files(&self, std_root: &str) -> Vec<FileId> {
        let paths = self.folder_listing().chain(self.roots_listing(std_root));
        let mut files: Vec<FileId> = paths.map(|it| self.db.file(it)).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// Returns the files below the scope's folder, as they were when they were first asked for.
    pub(crate) fn folder_listing(&self) -> impl Iterator<Item = &str> {
        let listing = self.listing.get_or_init(|| {
            let Some(folder) = self.key.folder() else { return Vec::new() };
            let paths = self.db.world().list(folder).unwrap_or_default();
            let prefix = folder.trim_end_matches('/');
            paths.iter().map(|it| format!("{prefix}/{it}")).collect()
        });
        listing.iter().map(String::as_str)
    }

    /// Returns the files in the roots but the standard one, as they were when they were first asked
    /// for: another moment than that of the folder, though one may lie in the other.
    pub(crate) fn roots_listing(&self, std_root: &str) -> impl Iterator<Item = &str> {
        self.db.root_paths().filter(move |it| !it.starts_with(std_root))
    }
}

/// The folders of recipes that a project names: `use "./recipes"`.
fn roots_of_project(project: &str, world: &EditorWorld) -> Vec<String> {
    let Ok(bytes) = world.read(project) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    kiln_lang::recipe_folders(project, &text)
}
