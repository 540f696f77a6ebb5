//! Whether a final value follows the refinements of its type: ranges, patterns, predicates, and
//! conditions of values.

use kiln_lang::module::{ExprId, Name};
use kiln_lang::types::{EnumTy, Ranges, Ty, show_duration, show_intervals, show_size};
use kiln_lang::{Database, FileId, Pattern};

use crate::package::Locals;
use crate::value::Value;

/// Who knows what refinements ask for.
pub(crate) trait Refiner {
    /// The condition of a predicate, with what it calls `it`; nothing if it cannot be evaluated,
    /// which has been reported.
    fn predicate(&mut self, file: FileId, cond: ExprId, it: &Locals) -> Option<Value>;

    /// The condition that the value at `at` of an enum is allowed under, as it is written, if it does
    /// not hold.
    fn forbidden(&mut self, of: &EnumTy, at: u32) -> Option<String>;
}

/// Returns what is wrong with the value of an option, or with a part of it.
pub(crate) fn complaint(
    db: &Database,
    option: &Name,
    value: &Value,
    ty: &Ty,
    refiner: &mut impl Refiner,
) -> Option<String> {
    let mut path = Vec::new();
    let wrong = find(db, value, ty, refiner, &mut path)?;
    let mut subject = option.to_string();
    let mut item = String::new();
    for part in path {
        match part {
            Part::Name(name) => subject = format!("{subject}.{name}"),
            Part::Item(at) => item = format!("item {} of ", at + 1),
        }
    }
    Some(format!("{item}`{subject}` {wrong}"))
}

/// What of a value is wrong.
enum Part {
    /// A field of a record, or what a map has under a key.
    Name(String),
    /// An item of a list, by its place.
    Item(usize),
}

fn find(
    db: &Database,
    value: &Value,
    ty: &Ty,
    refiner: &mut impl Refiner,
    path: &mut Vec<Part>,
) -> Option<String> {
    let mut part = |name: Part, value: &Value, ty: &Ty, refiner: &mut _| {
        path.push(name);
        let found = find(db, value, ty, refiner, path);
        if found.is_none() {
            path.pop();
        }
        found
    };
    match (value, ty.without_opt()) {
        (Value::Int(number), Ty::Int(ranges)) => {
            in_ranges(*number, |it| it.to_string(), value, ranges, refiner)
        }
        (Value::Size(number), Ty::Size(ranges)) => {
            in_ranges(*number, show_size, value, ranges, refiner)
        }
        (Value::Duration(number), Ty::Duration(ranges)) => {
            in_ranges(*number, show_duration, value, ranges, refiner)
        }
        (Value::Text(text), Ty::String(Some(pattern))) => {
            let (text, compiled) = (text.as_plain()?, Pattern::new(pattern).ok()?);
            (!compiled.matches(text))
                .then(|| format!("is {text:?}, which does not follow `/{pattern}/`"))
        }
        (Value::Enum(of, at), _) => forbidden(of, *at, refiner),
        (Value::Set(of, bits), _) => bits.iter().find_map(|it| forbidden(of, it, refiner)),
        (Value::List(items), Ty::List(of)) if may_be_refined(of) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(at, it)| part(Part::Item(at), it, of, refiner))
        }
        (Value::Map(map), Ty::Map(of)) if may_be_refined(of) => {
            map.iter().find_map(|(key, it)| part(Part::Name(key.clone()), it, of, refiner))
        }
        (Value::Record(of, fields), Ty::Record(_)) => {
            let env = db.env(of.file);
            let record = &env.records[of.id.index()];
            let mut fields = fields.iter().zip(&record.fields);
            fields.find_map(|(it, field)| {
                part(Part::Name(field.name.to_string()), it, &field.ty, refiner)
            })
        }
        _ => None,
    }
}

/// Whether there may be anything to look at in values of this type.
fn may_be_refined(ty: &Ty) -> bool {
    !matches!(ty, Ty::String(None) | Ty::Path | Ty::Bool | Ty::Version | Ty::Script | Ty::Error)
}

fn in_ranges(
    number: i64,
    show: impl Fn(i64) -> String,
    value: &Value,
    ranges: &Ranges,
    refiner: &mut impl Refiner,
) -> Option<String> {
    if let Some(intervals) = &ranges.intervals
        && !ranges.contains(number)
    {
        return Some(format!(
            "is {}, but must be {}",
            show(number),
            show_intervals(intervals, show)
        ));
    }
    let predicate = ranges.predicate.as_ref()?;
    let it = [(Name::from_static_str("it"), value.clone())].into_iter().collect();
    match refiner.predicate(predicate.file, predicate.cond, &it) {
        Some(Value::Bool(false)) => Some(match predicate.message.strip_prefix("must be ") {
            Some(what) => format!("is {value}, but must be {what}"),
            None => format!("is {value}, which is not allowed: {}", predicate.message),
        }),
        _ => None,
    }
}

fn forbidden(of: &EnumTy, at: u32, refiner: &mut impl Refiner) -> Option<String> {
    let when = refiner.forbidden(of, at)?;
    Some(format!("has the value `{}`, which is allowed only when `{when}`", of.values[at as usize]))
}
