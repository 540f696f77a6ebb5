//! Which files are layers of a project, and what they set.
//!
//! A layer belongs to the nearest `project.kiln` above it; what that says about overlays tells which
//! settings lie below. Rules: `spec/lang/layers.md`.

use crate::database::{Database, FileId};
use crate::module::{
    Element, Expr, ModuleKind, Name, PackageRef, PartKind, Setting, Stmt, StmtKind,
};
use crate::schema::{Schema, plain_text};

/// The name of project files.
pub const PROJECT_FILE: &str = "project.kiln";

/// How many folders above a file are looked at for its project.
const FOLDERS_MAX: usize = 64;

/// Returns the overlays that a project lists, lowest first; those that are not there are left out.
#[must_use]
pub fn overlays(db: &Database, project: FileId) -> Vec<FileId> {
    let lowered = db.lowered(project);
    let module = &lowered.module;
    let mut files = Vec::new();
    for stmt in stmts(module) {
        let StmtKind::Overlays(list) = &stmt.kind else { continue };
        let Expr::List(elements) = &module.exprs[*list] else { continue };
        for element in elements {
            let Element::Expr(expr) = element else { continue };
            match &module.exprs[*expr] {
                Expr::Name(name) => files.extend(db.find(name, &[ModuleKind::Overlay])),
                other => {
                    if let Some(path) = plain_text(other) {
                        let file = db.file(&crate::env::resolve(&db.path(project), &path));
                        files.extend(db.read_error(file).is_none().then_some(file));
                    }
                }
            }
        }
    }
    files
}

/// Returns the names of the second instances that a project wants, each with its package.
#[must_use]
pub fn aliases(db: &Database, project: FileId) -> Vec<(Name, Name)> {
    let lowered = db.lowered(project);
    let wants = stmts(&lowered.module).iter().filter_map(|it| match &it.kind {
        StmtKind::Want(wants) => Some(wants),
        _ => None,
    });
    let named = wants.flatten().filter_map(|it| match (&it.alias, &it.spec.package) {
        (Some(alias), PackageRef::Named(package)) => {
            Some((alias.name.clone(), package.name.clone()))
        }
        _ => None,
    });
    named.collect()
}

/// Whether a layer below a file sets an option of a package, as far as its project says which
/// layers those are.
pub(crate) fn sets_below(db: &Database, file: FileId, schema: &Schema, option: &str) -> bool {
    let kind = db.lowered(file).module.kind;
    let project = match kind {
        Some(ModuleKind::Project) => Some(file),
        _ => project_of(db, file),
    };
    let mut below = Vec::new();
    if let Some(project) = project {
        below = overlays(db, project);
        if let Some(at) = below.iter().position(|it| *it == file) {
            below.truncate(at);
        } else if kind != Some(ModuleKind::Overlay) {
            below.push(project);
        }
    }
    below.retain(|it| *it != file);
    below.iter().any(|it| sets(db, *it, schema, option))
        || presets(db, file, schema)
            .chain(below.iter().flat_map(|it| presets(db, *it, schema)))
            .any(|preset| {
                let Some(body) = schema.part(PartKind::Preset, &preset) else { return false };
                schema.env.module().bodies[body].stmts.iter().any(|it| match &it.kind {
                    StmtKind::Setting(setting) => names(setting, 0, schema, option),
                    _ => false,
                })
            })
}

/// Returns the nearest project above a file.
pub(crate) fn project_of(db: &Database, file: FileId) -> Option<FileId> {
    let path = db.path(file);
    let mut folder = path.rsplit_once('/').map(|it| it.0);
    for _ in 0..FOLDERS_MAX {
        let at = folder?;
        let project = db.file(&format!("{at}/{PROJECT_FILE}"));
        if db.read_error(project).is_none() {
            return Some(project);
        }
        folder = at.rsplit_once('/').map(|it| it.0);
    }
    None
}

/// Whether a layer sets an option of a package.
fn sets(db: &Database, layer: FileId, schema: &Schema, option: &str) -> bool {
    let lowered = db.lowered(layer);
    let module = &lowered.module;
    let of_this = match (module.kind, &module.name) {
        (Some(ModuleKind::Override), Some(name)) => Some(name.name == schema.name()),
        _ => None,
    };
    stmts(module).iter().any(|stmt| match (&stmt.kind, of_this) {
        (StmtKind::Setting(setting), Some(true)) => names(setting, 0, schema, option),
        (StmtKind::Setting(setting), None) => {
            setting.path.first().is_some_and(|it| it.name == schema.name())
                && names(setting, 1, schema, option)
        }
        (StmtKind::PkgsWhere { settings, .. }, _) => {
            settings.iter().any(|it| names(it, 0, schema, option))
        }
        _ => false,
    })
}

/// Whether what stands at `at` in the path of a setting is an option, by its name or a former one.
fn names(setting: &Setting, at: usize, schema: &Schema, option: &str) -> bool {
    setting.path.get(at).is_some_and(|it| {
        it.name == option
            || schema.table.renamed.iter().any(|was| was.from == it.name && was.to == option)
    })
}

/// The presets of a package that a layer includes.
fn presets(db: &Database, layer: FileId, schema: &Schema) -> impl Iterator<Item = Name> {
    let lowered = db.lowered(layer);
    let module = &lowered.module;
    let own = module.kind == Some(ModuleKind::Override)
        && module.name.as_ref().is_some_and(|it| it.name == schema.name());
    let mut found = Vec::new();
    for stmt in stmts(module) {
        let StmtKind::Include(include) = &stmt.kind else { continue };
        match &*include.path {
            [preset] if own => found.push(preset.name.clone()),
            [package, preset] if package.name == schema.name() => found.push(preset.name.clone()),
            _ => {}
        }
    }
    found.into_iter()
}

/// The statements at the top of a file.
fn stmts(module: &crate::module::Module) -> &[Stmt] {
    match module.root {
        Some(root) => &module.bodies[root].stmts,
        None => &[],
    }
}
