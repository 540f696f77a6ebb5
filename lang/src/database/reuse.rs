//! Whether an edit of a file changes what other files see of it.

use super::{FileId, Lowered};
use crate::diagnostic::Diagnostic;
use crate::module::{Expr, Module, StrPart};

/// Whether other files see the same after an edit: it changed nothing but comments, white space and
/// shell text.
///
/// Nobody outside reads shell text before evaluation, and it is where most is typed. What is
/// interpolated there must be the same, because expressions are known by their numbers.
pub(super) fn looks_the_same(old: &Lowered, new: &Lowered) -> bool {
    // Others say so if a file that they name has mistakes in its syntax.
    old.syntax_errors.is_empty() == new.syntax_errors.is_empty()
        && same_but_for_shell_text(&old.module, &new.module)
}

fn same_but_for_shell_text(old: &Module, new: &Module) -> bool {
    let Module {
        kind,
        name,
        attrs,
        doc,
        exprs,
        enums,
        types,
        guards,
        bodies,
        functions,
        records,
        type_names,
        root,
    } = old;
    let same_exprs = exprs.len() == new.exprs.len()
        && exprs.values().iter().zip(new.exprs.values()).all(|(a, b)| same_expr(a, b));
    same_exprs
        && *kind == new.kind
        && *name == new.name
        && *attrs == new.attrs
        && *doc == new.doc
        && *enums == new.enums
        && *types == new.types
        && *guards == new.guards
        && *bodies == new.bodies
        && *functions == new.functions
        && *records == new.records
        && *type_names == new.type_names
        && *root == new.root
}

fn same_expr(old: &Expr, new: &Expr) -> bool {
    match (old, new) {
        (Expr::Shell(old), Expr::Shell(new)) => {
            let exprs = |parts: &[StrPart]| -> Vec<_> {
                let exprs = parts.iter().filter_map(|it| match it {
                    StrPart::Expr(expr) => Some(*expr),
                    StrPart::Text(_) => None,
                });
                exprs.collect()
            };
            exprs(old) == exprs(new)
        }
        _ => old == new,
    }
}

/// Whether one of the diagnostics of another file has a place in `file`, which has moved.
pub(super) fn points_into<'a>(
    mut diagnostics: impl Iterator<Item = &'a Diagnostic>,
    file: FileId,
) -> bool {
    diagnostics.any(|it| {
        it.primary.file == file
            || it.secondary.iter().any(|it| it.file == file)
            || it.fixes.iter().flat_map(|it| &it.edits).any(|it| it.file == file)
    })
}
