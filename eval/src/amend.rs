//! What a setting makes of a value: of all of it, or of the part that its path names.
//!
//! ```text
//! server.port = 91    Server(port = 80, host = "x") ─▶ Server(port = 91, host = "x")
//! drivers += qat      {mlx5}                        ─▶ {mlx5, qat}
//! ```

use std::sync::Arc;

use kiln_lang::module::{Name, SettingOp};
use kiln_lang::schema::OptionTable;
use kiln_lang::types::Ty;
use kiln_lang::{Code, Database, Diagnostic};

use crate::interpret::{as_bits, concat};
use crate::package::Place;
use crate::text::Text;
use crate::value::{Bits, Value, empty};

/// What `path` names of an option, if a setting of this path is of it: nothing stands for all of it.
pub(crate) fn part_of_option<'p>(
    path: &'p [Name],
    option: &Name,
    table: &OptionTable,
) -> Option<&'p [Name]> {
    option_and_part(path, table).filter(|it| it.0 == option).map(|it| it.1)
}

/// The option that `path` is of, by its name now, and what it names of that.
///
/// The option may have an old name there, and a block of `steps` before it.
pub(crate) fn option_and_part<'n, 'p: 'n, 't: 'n>(
    path: &'p [Name],
    table: &'t OptionTable,
) -> Option<(&'n Name, &'p [Name])> {
    let (name, part) = name_and_part(path, table)?;
    let now = if table.get(name).is_none() { renamed(name, table) } else { None };
    Some((now.unwrap_or(name), part))
}

/// As [`option_and_part`], with the place of the option in the table; nothing if there is none.
pub(crate) fn place_and_part<'p>(
    path: &'p [Name],
    table: &OptionTable,
) -> Option<(usize, &'p [Name])> {
    let (name, part) = name_and_part(path, table)?;
    let at = table.position(name).or_else(|| table.position(renamed(name, table)?))?;
    Some((at, part))
}

/// What an option is called now that once had this name.
fn renamed<'t>(name: &Name, table: &'t OptionTable) -> Option<&'t Name> {
    table.renamed.iter().find(|it| it.from == *name).map(|it| &it.to)
}

/// As [`option_and_part`], with the option's name as it is written.
fn name_and_part<'p>(path: &'p [Name], table: &OptionTable) -> Option<(&'p Name, &'p [Name])> {
    match path {
        [steps, name, part @ ..] if steps == "steps" && table.step(name).is_none() => {
            Some((name, part))
        }
        [name, part @ ..] => Some((name, part)),
        [] => None,
    }
}

/// Why a value has not become another.
pub(crate) enum Unamended<E> {
    /// What it should become could not be found out.
    Failed(E),
    /// There is nothing that it is a part of.
    NoWhole,
}

/// Returns `value` with another value for the part that `path` names: what `make` makes of the part
/// as it is, the part of `default`, and the type of the part.
///
/// # Errors
///
/// If `make` fails, or if the part is one of a record that is not there.
pub(crate) fn amend<E>(
    db: &Database,
    value: Value,
    default: &Value,
    path: &[Name],
    ty: &Ty,
    make: &mut dyn FnMut(Value, &Value, &Ty) -> Result<Value, E>,
) -> Result<Value, Unamended<E>> {
    let Some((first, rest)) = path.split_first() else {
        return make(value, default, ty).map_err(Unamended::Failed);
    };
    let none = Value::Null;
    match (value, ty.without_opt()) {
        (Value::Null, Ty::Map(_)) => amend(db, Value::Map(Arc::default()), default, path, ty, make),
        (Value::Map(mut map), Ty::Map(of)) => {
            let none = empty(of).unwrap_or(none);
            let part = map.get(first.as_str()).unwrap_or(&none).clone();
            let of_default = match default {
                Value::Map(default) => default.get(first.as_str()).unwrap_or(&none),
                _ => &none,
            };
            let part = amend(db, part, of_default, rest, of, make)?;
            Arc::make_mut(&mut map).insert(first.to_string(), part);
            Ok(Value::Map(map))
        }
        (Value::Record(of, fields), Ty::Record(_)) => {
            let env = db.env(of.file);
            let record = &env.records[of.id.index()];
            let Some(at) = record.fields.iter().position(|it| it.name == *first) else {
                // The path has been reported.
                return Ok(Value::Record(of, fields));
            };
            let of_default = match default {
                Value::Record(_, default) => &default[at],
                _ => &none,
            };
            let mut fields = fields.to_vec();
            let part = std::mem::replace(&mut fields[at], Value::Null);
            fields[at] = amend(db, part, of_default, rest, &record.fields[at].ty, make)?;
            Ok(Value::Record(of, fields.into()))
        }
        (Value::Null, _) => Err(Unamended::NoWhole),
        (other, _) => Ok(other),
    }
}

/// Returns what an operator makes of a value and another one of the same type.
pub(crate) fn combine(op: SettingOp, before: Value, new: Value) -> Value {
    match (op, before, new) {
        (SettingOp::Set, _, new) | (SettingOp::Add, Value::Null, new) => new,
        (_, Value::Set(of, before), new) => {
            let named = as_bits(&new).unwrap_or_default();
            let bits: Bits = match op {
                SettingOp::Remove => before.difference(&named),
                SettingOp::Set | SettingOp::Add => before.union(&named),
            };
            Value::Set(of, bits)
        }
        (SettingOp::Add, Value::List(a), Value::List(b)) => {
            Value::List(a.iter().chain(b.iter()).cloned().collect())
        }
        (SettingOp::Remove, Value::List(a), Value::List(b)) => {
            Value::List(a.iter().filter(|it| !b.contains(it)).cloned().collect())
        }
        (SettingOp::Add, Value::Map(mut a), Value::Map(b)) => {
            Arc::make_mut(&mut a).extend(b.iter().map(|it| (it.0.clone(), it.1.clone())));
            Value::Map(a)
        }
        (SettingOp::Add, Value::Script(a), Value::Script(b)) => Value::Script(lines(&a, &b)),
        // The checker allows no other operator.
        (_, before, _) => before,
    }
}

/// Two pieces of shell text, each on lines of its own.
fn lines(a: &Text, b: &Text) -> Text {
    if a.is_empty() {
        return b.clone();
    }
    concat(&concat(a, &Text::plain("\n")), b)
}

/// Says that a part is set of an option that is null.
pub(crate) fn no_whole(option: &Name, part: &[Name], place: Place) -> Diagnostic {
    let path: Vec<&str> = std::iter::once(option).chain(part).map(Name::as_str).collect();
    let whole = path[..path.len() - 1].join(".");
    let message = format!("`{whole}` has no value, so `{}` is a part of nothing", path.join("."));
    Diagnostic::new(Code::MissingValue, place.file, place.range(), message)
        .help(format!("set all of it: `{whole} = …`"))
}
