//! What a feature or a value brings: the statements that stand under it.

use crate::check::{Checked, Res};
use crate::database::Database;
use crate::module::{ExprId, GuardId, GuardKind, Name, PackageRef, Spec, StmtKind};
use crate::schema::{OptionSchema, Schema};
use crate::types::Ty;

/// How many statements are shown at most.
const BROUGHT_MAX: usize = 12;

/// A statement that an option brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Brought {
    /// As it is written, in one line.
    pub(super) text: String,
    /// The package that it makes a dependency, if it does.
    pub(super) package: Option<Name>,
}

/// Returns what an option of a package brings; with a value, what that value of it brings.
pub(super) fn brings(
    db: &Database,
    schema: &Schema,
    option: &OptionSchema,
    value: Option<u32>,
) -> Vec<Brought> {
    let mut out = Vec::new();
    for at in &schema.table.bodies {
        if Database::is_builtin(at.file) {
            continue;
        }
        let checked = db.checked(at.file);
        let module = checked.module();
        let Some(body) = module.bodies.values().get(at.body.index()) else { continue };
        for stmt in &body.stmts {
            let (package, when) = match &stmt.kind {
                StmtKind::Dep(dep) => (package_name(&dep.spec), dep.when),
                StmtKind::Rule(rule) => (None, rule.when),
                StmtKind::Arg { .. } => (None, None),
                StmtKind::Provides(provides) => (None, provides.when),
                StmtKind::Unavailable { when, .. } => (None, *when),
                _ => continue,
            };
            let asks = |expr: ExprId| asks(&checked, expr, &option.name, value);
            let under = module.guards_of(stmt.guard).any(|guard| match &guard.kind {
                GuardKind::Feature(name) => name.name == option.name && value.is_none(),
                GuardKind::Arm { knob, patterns } => {
                    knob.name == option.name
                        && value.is_none_or(|it| names_value(&checked, patterns, it))
                }
                GuardKind::When(cond) => asks(*cond),
                GuardKind::Unless(_) | GuardKind::ElseArm { .. } | GuardKind::For { .. } => false,
            });
            if !under && !when.is_some_and(asks) {
                continue;
            }
            let range = db.span(at.file, stmt.span);
            let text = db.text(at.file);
            let text = text.get(std::ops::Range::<usize>::from(range)).unwrap_or("");
            let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some(cond) = outer_condition(db, &checked, stmt.guard) {
                line.push_str(&format!(" when {cond}"));
            }
            out.push(Brought { text: line, package });
            if out.len() >= BROUGHT_MAX {
                return out;
            }
        }
    }
    out
}

/// Returns what is brought as lines of Markdown.
pub(super) fn markdown(brought: &[Brought]) -> String {
    if brought.is_empty() {
        return String::new();
    }
    let lines: Vec<String> =
        brought.iter().map(|it| format!("- {}\n", super::effective::code(&it.text))).collect();
    format!("brings\n{}", lines.concat())
}

/// Whether a condition asks for the option, or for a value of it.
fn asks(checked: &Checked, expr: ExprId, option: &str, value: Option<u32>) -> bool {
    let (mut has_option, mut has_value) = (false, value.is_none());
    checked.module().walk(expr, &mut |it| match checked.res(it) {
        Res::Option(name) => has_option |= name == option,
        Res::Value(_, at) => has_value |= Some(*at) == value,
        Res::Group(of, at) => {
            let group = of.groups.get(*at as usize);
            has_value |= value.is_some_and(|it| group.is_some_and(|group| group.1.contains(&it)));
        }
        _ => {}
    });
    has_option && has_value
}

fn names_value(checked: &Checked, patterns: &[ExprId], value: u32) -> bool {
    patterns.iter().any(|it| match checked.res(*it) {
        Res::Value(_, at) => *at == value,
        Res::Group(of, at) => of.groups.get(*at as usize).is_some_and(|it| it.1.contains(&value)),
        _ => match &checked.types[it.index()] {
            // `on => …` in the block of a knob that is no enum.
            Ty::Bool => matches!(checked.res(*it), Res::Bool(on) if u32::from(*on) == value),
            _ => false,
        },
    })
}

/// The condition of the `when` around a statement, as it is written.
fn outer_condition(db: &Database, checked: &Checked, guard: Option<GuardId>) -> Option<String> {
    let module = checked.module();
    let cond = module.guards_of(guard).find_map(|it| match it.kind {
        GuardKind::When(cond) => Some(cond),
        _ => None,
    })?;
    let range = db.expr_range(checked.file, cond);
    let text = db.text(checked.file);
    let text = text.get(std::ops::Range::<usize>::from(range))?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn package_name(spec: &Spec) -> Option<Name> {
    match &spec.package {
        PackageRef::Named(ident) => Some(ident.name.clone()),
        PackageRef::Made(_) | PackageRef::Missing(_) => None,
    }
}
