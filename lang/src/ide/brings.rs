//! What a feature or a value brings: the statements that stand under it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::check::{Checked, Res};
use crate::database::Database;
use crate::module::{BodyId, ExprId, GuardId, GuardKind, Name, StmtKind};
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

/// Which statements of a package stand under which option.
pub(super) struct Index {
    /// The bodies of the package, checked.
    bodies: Vec<(BodyId, Arc<Checked>)>,
    /// The statements that may be brought by an option: which body, which statement in it.
    by_option: HashMap<Name, Vec<(usize, usize)>>,
}

/// Returns what an option of a package brings; with a value, what that value of it brings.
pub(super) fn brings(
    db: &Database,
    schema: &Schema,
    option: &OptionSchema,
    value: Option<u32>,
) -> Vec<Brought> {
    Index::new(db, schema).brings(db, option, value)
}

impl Index {
    /// Goes through all statements of a package once.
    pub(super) fn new(db: &Database, schema: &Schema) -> Index {
        let mut index = Index { bodies: Vec::new(), by_option: HashMap::new() };
        for at in schema.table.bodies.iter().filter(|it| !Database::is_builtin(it.file)) {
            let checked = db.checked(at.file);
            let module = checked.module();
            let Some(body) = module.bodies.values().get(at.body.index()) else { continue };
            let number = index.bodies.len();
            for (place, stmt) in body.stmts.iter().enumerate() {
                let Some((_, when)) = brought(&stmt.kind) else { continue };
                let mut names: Vec<Name> = Vec::new();
                let mut add_read = |cond: ExprId| {
                    module.walk(cond, &mut |it| {
                        if *checked.res(it) == Res::Option {
                            names.push(module.word(it).clone());
                        }
                    });
                };
                when.into_iter().for_each(&mut add_read);
                for guard in module.guards_of(stmt.guard) {
                    if let GuardKind::When(cond) = &guard.kind {
                        add_read(*cond);
                    }
                }
                for guard in module.guards_of(stmt.guard) {
                    match &guard.kind {
                        GuardKind::Feature(name) => names.push(name.name.clone()),
                        GuardKind::Arm { knob, .. } => names.push(knob.name.clone()),
                        GuardKind::When(_)
                        | GuardKind::Unless(_)
                        | GuardKind::ElseArm { .. }
                        | GuardKind::For { .. } => {}
                    }
                }
                names.sort();
                names.dedup();
                for name in names {
                    index.by_option.entry(name).or_default().push((number, place));
                }
            }
            index.bodies.push((at.body, checked.clone()));
        }
        index
    }

    /// Returns what an option brings; with a value, what that value of it brings.
    pub(super) fn brings(
        &self,
        db: &Database,
        option: &OptionSchema,
        value: Option<u32>,
    ) -> Vec<Brought> {
        let mut out = Vec::new();
        for (body, place) in self.by_option.get(&option.name).into_iter().flatten() {
            let (body, checked) = &self.bodies[*body];
            let module = checked.module();
            let stmt = &module.bodies[*body].stmts[*place];
            let Some((package, when)) = brought(&stmt.kind) else { continue };
            let asks = |expr: ExprId| asks(checked, expr, &option.name, value);
            let under = module.guards_of(stmt.guard).any(|guard| match &guard.kind {
                GuardKind::Feature(name) => name.name == option.name && value.is_none(),
                GuardKind::Arm { knob, patterns } => {
                    knob.name == option.name
                        && value.is_none_or(|it| names_value(checked, patterns, it))
                }
                GuardKind::When(cond) => asks(*cond),
                GuardKind::Unless(_) | GuardKind::ElseArm { .. } | GuardKind::For { .. } => false,
            });
            if !under && !when.is_some_and(asks) {
                continue;
            }
            let range = db.span(checked.file, stmt.span);
            let text = db.text(checked.file);
            let text = text.get(std::ops::Range::<usize>::from(range)).unwrap_or("");
            let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            // Of a knob, each value brings something else.
            if value.is_none()
                && let Some(values) = arm_of(db, checked, stmt.guard, &option.name)
            {
                line = format!("{values} => {line}");
            }
            if let Some(cond) = outer_condition(db, checked, stmt.guard) {
                line.push_str(&format!(" when {cond}"));
            }
            out.push(Brought { text: line, package });
            if out.len() >= BROUGHT_MAX {
                return out;
            }
        }
        out
    }
}

/// The package that a statement makes a dependency, and its own condition; nothing for statements
/// that bring nothing.
fn brought(kind: &StmtKind) -> Option<(Option<Name>, Option<ExprId>)> {
    Some(match kind {
        StmtKind::Dep(dep) => (dep.spec.package_name().cloned(), dep.when),
        StmtKind::Rule(rule) => (None, rule.when),
        StmtKind::Arg { .. } => (None, None),
        StmtKind::Provides(provides) => (None, provides.when),
        StmtKind::Unavailable { when, .. } => (None, *when),
        _ => return None,
    })
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
        Res::Option => has_option |= checked.module().word(it) == option,
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

/// The values of the arm of a knob that a statement stands in, as they are written.
fn arm_of(
    db: &Database,
    checked: &Checked,
    guard: Option<GuardId>,
    option: &str,
) -> Option<String> {
    let text = db.text(checked.file);
    let patterns = checked.module().guards_of(guard).find_map(|it| match &it.kind {
        GuardKind::Arm { knob, patterns } if knob.name == option => Some(patterns),
        _ => None,
    })?;
    let written = patterns.iter().filter_map(|it| {
        let range = db.expr_range(checked.file, *it);
        text.get(std::ops::Range::<usize>::from(range))
    });
    Some(written.collect::<Vec<_>>().join(", "))
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
