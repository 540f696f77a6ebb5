//! Values of enums that are allowed only under a condition: `wincap when platform.os == windows`.

use kiln_lang::module::ExprId;
use kiln_lang::schema::OptionTable;
use kiln_lang::types::EnumTy;
use kiln_lang::{Checked, Database};

use super::Evaluation;
use crate::condition::{Cond, Facts};
use crate::package::Locals;
use crate::value::Bits;

/// Returns the condition of a value, as written and as data; nothing if the value has none. The names
/// in it are options of `table`.
pub(crate) fn condition_of(
    db: &Database,
    table: &OptionTable,
    of: &EnumTy,
    at: u32,
) -> Option<(ExprId, Cond)> {
    let checked = db.checked(of.file);
    let when = condition(&checked, of, at)?;
    Some((when, Evaluation::new(db, table).cond(&checked, when, &Locals::NONE)))
}

/// Returns the values whose conditions do not fail, which is what `all` stands for, and whether that
/// is known of each.
pub(crate) fn allowed(
    db: &Database,
    table: &OptionTable,
    of: &EnumTy,
    facts: &mut impl Facts,
) -> (Bits, bool) {
    let checked = db.checked(of.file);
    let mut is_known = true;
    let mut all = Bits::all(of.values.len());
    for at in 0..of.values.len() as u32 {
        let Some(when) = condition(&checked, of, at) else { continue };
        let holds = Evaluation::new(db, table).cond(&checked, when, &Locals::NONE).holds(facts);
        match holds {
            Some(true) => {}
            Some(false) => all.set(at, false),
            None => is_known = false,
        }
    }
    (all, is_known)
}

/// The condition of a value as written, in the file of the enum.
pub(super) fn condition(checked: &Checked, of: &EnumTy, at: u32) -> Option<ExprId> {
    checked.module().enums[of.id].values[at as usize].when
}
