//! Options with a default that is the same whatever is chosen: where nobody says anything about
//! one of them, there is nothing to compute.

use std::sync::Arc;

use kiln_lang::schema::OptionSchema;
use kiln_lang::types::{EnumTy, Ty};
use kiln_lang::{Checked, Database, Pattern};
use thin_vec::ThinVec;

use super::allowed::condition;
use super::readers::Early;
use crate::interpret::{Fuel, Interpreter};
use crate::package::{Package, Place};
use crate::solution::{Influence, Influencer, OptionState, OptionValue, OptionValues, Says};
use crate::value::{Value, conform};

/// Returns the features and knobs of a package that are as declared where nobody says anything
/// about them, by their place in the package's table.
pub(super) fn plain(db: &Database, package: &Package) -> OptionValues {
    let options = package.schema.table.options.iter().enumerate();
    options
        .map(|(at, option)| {
            let is_choice = option.kind.is_choice();
            let is_set = || package.settings.iter().any(|it| it.part_of(at).is_some());
            if !is_choice || is_set() || package.autos.contains_key(&(at as u32)) {
                return None;
            }
            let checked = package.bodies.iter().find(|it| it.file == option.at.file)?;
            let value = match option.default {
                Some(expr) => {
                    let mut fuel = Fuel::default();
                    let mut early = Early { fuel: &mut fuel, db, version: None };
                    // What reads something, and what is wrong, is for the solver.
                    conform(Interpreter::new(db, checked, &mut early).eval(expr).ok()?, &option.ty)
                }
                None if option.ty == Ty::Bool => Value::Bool(false),
                None => return None,
            };
            if !is_allowed(package, option, &value) {
                return None;
            }
            let state = OptionState::Default;
            Some(Arc::new(OptionValue { value, state, history: ThinVec::new() }))
        })
        .collect()
}

/// The word of a declaration, whose default came out as `value`.
pub(crate) fn declared(db: &Database, option: &OptionSchema, value: &Value) -> Influence {
    let file = option.at.file;
    let text = match option.default {
        Some(expr) => db.text(file)[db.expr_range(file, expr)].to_owned(),
        None => value.source(),
    };
    Influence {
        by: Influencer::Default,
        place: Some(Place::new(file, db.span(file, option.span))),
        text: text.into(),
        says: Says::Value(value.clone()),
        overruled: false,
    }
}

/// Whether nothing can be wrong with the value, whatever is chosen.
fn is_allowed(package: &Package, option: &OptionSchema, value: &Value) -> bool {
    match (value, &option.ty) {
        (Value::Bool(_), Ty::Bool) => true,
        (Value::Int(number), Ty::Int(ranges))
        | (Value::Size(number), Ty::Size(ranges))
        | (Value::Duration(number), Ty::Duration(ranges)) => {
            ranges.predicate.is_none() && ranges.contains(*number)
        }
        (Value::Text(_), Ty::String(None)) => true,
        (Value::Text(text), Ty::String(Some(pattern))) => {
            let matches = |text: &str| Pattern::new(pattern).is_ok_and(|it| it.matches(text));
            text.as_plain().is_some_and(matches)
        }
        (Value::Enum(of, at), Ty::Enum(_)) => is_unconditional(package, of, *at),
        (Value::Set(of, bits), Ty::Set(_)) => {
            bits.iter().all(|it| is_unconditional(package, of, it))
        }
        _ => false,
    }
}

/// Whether a value of an enum is allowed under no condition.
fn is_unconditional(package: &Package, of: &EnumTy, at: u32) -> bool {
    let has_it = |it: &&Arc<Checked>| it.file == of.file;
    let checked = package.bodies.iter().find(has_it);
    checked.is_some_and(|it| condition(it, of, at).is_none())
}
