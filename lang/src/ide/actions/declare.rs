//! What is used and was not declared is declared, as its use says.

use text_size::{TextRange, TextSize};

use super::{Action, ActionKind};
use crate::check::Checked;
use crate::database::{Database, FileId};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::module::{ExprId, ModuleKind, Name, SettingOp, Spec, StmtKind};
use crate::types::Ty;

/// Declares the option that a diagnostic says is not there, in the recipe of its package.
pub(super) fn declare(db: &Database, file: FileId, diagnostic: &Diagnostic) -> Option<Action> {
    let checked = db.checked(file);
    let range = diagnostic.primary.range;
    let text = db.text(file);
    let name = text.get(std::ops::Range::<usize>::from(range))?.trim().to_owned();
    let is_name = |it: &str| {
        it.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && it.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    };
    if !is_name(&name) {
        return None;
    }
    let (recipe, value) = match diagnostic.code {
        Code::UnknownOption => used_option(db, file, &checked, range)?,
        // In a condition, it is a feature.
        Code::UnknownName | Code::NotACondition
            if checked.module().kind == Some(ModuleKind::Recipe)
                && diagnostic.help.iter().any(|it| it.contains("to make it a feature")) =>
        {
            (file, None)
        }
        _ => return None,
    };
    if db.lowered(recipe).module.kind != Some(ModuleKind::Recipe) {
        return None;
    }
    let declaration = match value {
        None => format!("feature {name} = off"),
        Some((op, value)) => {
            let ty = &checked.types[value.index()];
            let said = text[db.expr_range(file, value)].to_owned();
            match ty {
                Ty::Bool => format!("feature {name} = off"),
                Ty::Int(_) | Ty::String(_) | Ty::Size(_) | Ty::Duration(_) | Ty::Version => {
                    let sort = match ty {
                        Ty::Int(_) => "Int",
                        Ty::String(_) => "String",
                        Ty::Size(_) => "Size",
                        Ty::Duration(_) => "Duration",
                        _ => "Version",
                    };
                    if op != SettingOp::Set {
                        return None;
                    }
                    format!("knob {name}: {sort} = {said}")
                }
                _ => return None,
            }
        }
    };
    let edit = insertion(db, recipe, &declaration);
    Some(Action {
        title: format!("declare it: `{declaration}`"),
        kind: ActionKind::Fix,
        edits: vec![edit],
        mends: Some(diagnostic.clone()),
        preferred: false,
    })
}

/// The recipe of the package whose option is named at a place, and what it is given; nothing for a
/// switch such as `[ldap]`.
type Used = (FileId, Option<(SettingOp, ExprId)>);

fn used_option(db: &Database, file: FileId, checked: &Checked, range: TextRange) -> Option<Used> {
    let module = checked.module();
    let own = module.name.as_ref().map(|it| it.name.clone());
    let here = |it: &crate::module::Ident| db.span(file, it.span) == range;
    for stmt in module.bodies.values().iter().flat_map(|it| &it.stmts) {
        let specs: Vec<&Spec> = match &stmt.kind {
            StmtKind::Setting(setting) => {
                let at = setting.path.iter().position(here);
                let package: Option<Name> = match (module.kind, at) {
                    (Some(ModuleKind::Override | ModuleKind::Recipe), Some(0))
                        if setting.path.len() == 1 =>
                    {
                        own.clone()
                    }
                    (Some(ModuleKind::Overlay | ModuleKind::Project), Some(1))
                        if setting.path.len() == 2 =>
                    {
                        Some(setting.path[0].name.clone())
                    }
                    _ => None,
                };
                if let Some(package) = package {
                    return Some((db.package(&package)?, Some((setting.op, setting.value))));
                }
                continue;
            }
            StmtKind::Dep(dep) => vec![&dep.spec],
            StmtKind::Export { dep, .. } => vec![&dep.spec],
            StmtKind::Want(wants) | StmtKind::Publish(wants) => {
                wants.iter().map(|it| &it.spec).collect()
            }
            StmtKind::Policy { spec, .. } => vec![spec],
            _ => continue,
        };
        for spec in specs {
            let Some(package) = spec.package_name() else { continue };
            for item in &spec.items {
                match &*item.path {
                    [option] if here(option) => {
                        return Some((db.package(package)?, item.value));
                    }
                    [inner, option] if here(option) => {
                        return Some((db.package(&inner.name)?, item.value));
                    }
                    _ => {}
                }
            }
        }
    }
    None
}

/// Where a declaration goes: below the last option of the recipe, or at its end.
fn insertion(db: &Database, recipe: FileId, declaration: &str) -> Edit {
    let text = db.text(recipe);
    let module = &db.lowered(recipe).module;
    let last = module.root.and_then(|it| {
        module.bodies[it].options.iter().rev().find(|it| it.guard.is_none() && it.kind.is_choice())
    });
    let after = match last {
        Some(decl) => usize::from(db.span(recipe, decl.span).end()),
        None => text.len(),
    };
    // Whole lines stay whole.
    let at = text[after..].find('\n').map_or(text.len(), |it| after + it + 1);
    let separator = if text[..at].ends_with('\n') || at == 0 { "" } else { "\n" };
    let doc = "/// What it does.";
    Edit {
        file: recipe,
        range: TextRange::empty(TextSize::new(at as u32)),
        text: format!("{separator}{doc}\n{declaration}\n"),
    }
}
