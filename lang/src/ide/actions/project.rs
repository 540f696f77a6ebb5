//! A setting moves to the project.

use text_size::{TextRange, TextSize};

use super::{Action, ActionKind, remove_line};
use crate::database::{Database, FileId};
use crate::diagnostic::Edit;
use crate::layers::project_of;
use crate::module::{ModuleKind, StmtKind};

/// Moves a setting of an override or an overlay to the project file above it.
pub(super) fn move_to_project(db: &Database, file: FileId, range: TextRange) -> Option<Action> {
    let lowered = db.lowered(file);
    let module = &lowered.module;
    let own = match (module.kind, &module.name) {
        (Some(ModuleKind::Override), Some(name)) => Some(name.name.clone()),
        (Some(ModuleKind::Overlay), _) => None,
        _ => return None,
    };
    let stmts = &module.bodies[module.root?].stmts;
    let setting = stmts.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Setting(it) if db.span(file, it.span).contains_range(range) => Some(it),
        _ => None,
    })?;
    // What holds under a condition does not move without it.
    if setting.guard.is_some() || setting.lenient {
        return None;
    }
    let project = project_of(db, file)?;
    let project_module = &db.lowered(project).module;
    if project_module.kind != Some(ModuleKind::Project) || !db.parse(project).errors().is_empty() {
        return None;
    }
    let text = db.text(file);
    let whole = db.span(file, setting.span);
    let value = &text[db.expr_range(file, setting.value)];
    let names: Vec<&str> = setting.path.iter().map(|it| it.name.as_str()).collect();
    let (package, names) = match &own {
        Some(own) => (own.as_str(), &names[..]),
        None => names.split_first().map(|(first, rest)| (*first, rest))?,
    };
    let of_toolchain = matches!(package, "toolchain" | "facts" | "build" | "providers");
    let said = format!("{} {} {value}", names.join("."), setting.op);
    let line = match (names.is_empty(), of_toolchain) {
        (true, _) => return None,
        (_, true) => format!("{package}.{said}\n"),
        (_, false) => format!("{package} {{ {said} }}\n"),
    };
    let there = db.text(project);
    let separator = if there.ends_with('\n') || there.is_empty() { "" } else { "\n" };
    let end = TextRange::empty(TextSize::of(&*there));
    let path = db.path(project);
    let name = path.rsplit('/').next().unwrap_or(&path);
    Some(Action {
        title: format!("move this setting to {name}"),
        kind: ActionKind::Rewrite,
        edits: vec![
            remove_line(&text, file, whole),
            Edit { file: project, range: end, text: format!("{separator}{line}") },
        ],
        mends: None,
        preferred: false,
    })
}
