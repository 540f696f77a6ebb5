//! A download without a hash gets one.

use text_size::TextRange;

use super::{Action, rewrite};
use crate::check::{Builtin, Res};
use crate::database::{Database, FileId};
use crate::module::Expr;

/// Adds the hash that `fetch("…")` lacks: the one that each version names, or zeros, in whose place
/// the first download says what it found.
pub(super) fn pin(db: &Database, file: FileId, range: TextRange) -> Option<Action> {
    let checked = db.checked(file);
    let module = checked.module();
    let (call, args) = module.exprs.iter().find_map(|(id, expr)| match expr {
        Expr::Call(it)
            if *checked.res(it.callee) == Res::Builtin(Builtin::Fetch)
                || *checked.res(id) == Res::Builtin(Builtin::Fetch) =>
        {
            let here = db.expr_range(file, id);
            here.contains_range(range).then_some((id, &it.args))
        }
        _ => None,
    })?;
    let is_hash = |name: &str| matches!(name, "sha256" | "blake3");
    if args.iter().any(|it| it.name.as_ref().is_some_and(|it| is_hash(&it.name))) {
        return None;
    }
    let end = args.last().map(|it| db.expr_range(file, it.value).end())?;
    if !db.expr_range(file, call).contains_inclusive(end) {
        return None;
    }
    let named = module.bodies.values().iter().flat_map(|it| &it.versions).any(|it| {
        it.settings.iter().any(|it| matches!(&*it.path, [name] if name.name == "sha256"))
    });
    let (title, hash) = match named {
        true => ("take the hash of each version: `sha256 = sha256`", "sha256".to_owned()),
        false => ("pin the hash: the first download says it", format!("\"{}\"", "0".repeat(64))),
    };
    Some(rewrite(title.to_owned(), file, TextRange::empty(end), format!(", sha256 = {hash}")))
}
