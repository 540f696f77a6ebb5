//! Operators.

use std::collections::BTreeMap;
use std::sync::Arc;

use kiln_lang::module::{BinaryOp, Expr, ExprId};
use kiln_lang::{Comparison, VersionBound};

use super::{Failure, Interpreter, Reader, shown};
use crate::text::{Text, TextBuilder};
use crate::value::{Bits, ENTRY_BYTES, Value};

impl<R: Reader> Interpreter<'_, R> {
    pub(super) fn binary(
        &mut self,
        expr: ExprId,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
    ) -> Result<Value, Failure> {
        match op {
            BinaryOp::Or => return Ok(Value::Bool(self.truth(lhs)? || self.truth(rhs)?)),
            BinaryOp::And => {
                return match self.eval(lhs)? {
                    Value::Bool(false) => Ok(Value::Bool(false)),
                    Value::Bool(true) => Ok(Value::Bool(self.truth(rhs)?)),
                    left => {
                        let right = self.eval(rhs)?;
                        self.sets(expr, left, right, Bits::intersection)
                    }
                };
            }
            BinaryOp::In => return self.in_(lhs, rhs),
            _ => {}
        }
        let (left, right) = (self.eval(lhs)?, self.eval(rhs)?);
        if let Some(comparison) = op.comparison() {
            return self.compare(expr, &left, comparison, &right);
        }
        match op {
            BinaryOp::Has => self.has(expr, &left, &right),
            BinaryOp::HasAny => match (as_bits(&left), as_bits(&right)) {
                (Some(left), Some(right)) => Ok(Value::Bool(!left.intersection(&right).is_empty())),
                _ => Err(self.error(expr, "`has any` needs sets")),
            },
            BinaryOp::HasAll => match (as_bits(&left), as_bits(&right)) {
                (Some(left), Some(right)) => Ok(Value::Bool(right.difference(&left).is_empty())),
                _ => Err(self.error(expr, "`has all` needs sets")),
            },
            _ => self.arithmetic(expr, op, left, right),
        }
    }

    fn compare(
        &mut self,
        expr: ExprId,
        left: &Value,
        comparison: Comparison,
        right: &Value,
    ) -> Result<Value, Failure> {
        let holds = match (left, right) {
            (Value::Version(version), Value::Series(series)) => {
                VersionBound::Series(series.clone()).holds(version, comparison)
            }
            _ => match comparison {
                Comparison::Equal => equal(left, right),
                Comparison::NotEqual => !equal(left, right),
                _ => match left.order(right) {
                    Some(order) => comparison.holds(order),
                    None => {
                        let message =
                            format!("`{}` and `{}` have no order", shown(left), shown(right));
                        return Err(self.error(expr, message));
                    }
                },
            },
        };
        Ok(Value::Bool(holds))
    }

    fn has(&mut self, expr: ExprId, left: &Value, right: &Value) -> Result<Value, Failure> {
        match (left, right) {
            (Value::Set(_, bits), Value::Enum(_, at)) => Ok(Value::Bool(bits.has(*at))),
            (Value::List(items), value) => Ok(Value::Bool(items.contains(value))),
            _ => Err(self.error(expr, format!("`{}` is no set", shown(left)))),
        }
    }

    fn in_(&mut self, lhs: ExprId, rhs: ExprId) -> Result<Value, Failure> {
        let left = self.eval(lhs)?;
        let checked = self.checked;
        if let Expr::Range { lo, hi, inclusive } = &checked.module().exprs[rhs] {
            if let Some(lo) = lo {
                let lo = self.eval(*lo)?;
                if left.order(&lo).is_none_or(std::cmp::Ordering::is_lt) {
                    return Ok(Value::Bool(false));
                }
            }
            if let Some(hi) = hi {
                let hi = self.eval(*hi)?;
                let order = left.order(&hi);
                let above = order.is_none_or(|it| it.is_gt() || it.is_eq() && !inclusive);
                return Ok(Value::Bool(!above));
            }
            return Ok(Value::Bool(true));
        }
        let right = self.eval(rhs)?;
        Ok(Value::Bool(match (&left, &right) {
            (Value::Enum(_, at), Value::Set(_, bits)) => bits.has(*at),
            (Value::Version(version), Value::Series(series)) => version.in_series(series.as_str()),
            (value, Value::List(items)) => items.contains(value),
            (a, b) => a == b,
        }))
    }

    /// Sets, or single values as sets of one, joined by `with`.
    fn sets(
        &mut self,
        expr: ExprId,
        left: Value,
        right: Value,
        with: impl Fn(&Bits, &Bits) -> Bits,
    ) -> Result<Value, Failure> {
        let of = match (&left, &right) {
            (Value::Set(of, _) | Value::Enum(of, _), _)
            | (_, Value::Set(of, _) | Value::Enum(of, _)) => of.clone(),
            _ => return Err(self.error(expr, "this needs sets")),
        };
        let empty = |value: &Value| match value {
            Value::Map(map) if map.is_empty() => Some(Bits::new()),
            Value::List(items) if items.is_empty() => Some(Bits::new()),
            value => as_bits(value),
        };
        match (empty(&left), empty(&right)) {
            (Some(left), Some(right)) => Ok(Value::Set(of, with(&left, &right))),
            _ => Err(self.error(expr, "this needs sets")),
        }
    }

    fn arithmetic(
        &mut self,
        expr: ExprId,
        op: BinaryOp,
        left: Value,
        right: Value,
    ) -> Result<Value, Failure> {
        let too_large = |it: &Self| it.error(expr, "the result of this is too large for a number");
        let number = |it: &Self, a: i64, b: i64| {
            let result = match op {
                BinaryOp::Add => a.checked_add(b),
                BinaryOp::Sub => a.checked_sub(b),
                BinaryOp::Mul => a.checked_mul(b),
                _ if b == 0 => return Err(it.error(expr, "this divides by zero")),
                _ => a.checked_rem_euclid(b),
            };
            result.ok_or_else(|| too_large(it))
        };
        Ok(match (left, right) {
            (Value::Int(a), Value::Int(b)) => Value::Int(number(self, a, b)?),
            (Value::Size(a), Value::Size(b) | Value::Int(b)) => Value::Size(number(self, a, b)?),
            (Value::Duration(a), Value::Duration(b) | Value::Int(b)) => {
                Value::Duration(number(self, a, b)?)
            }
            (Value::Text(a), Value::Text(b)) => Value::Text(concat(&a, &b)),
            (Value::Script(a), Value::Script(b)) => Value::Script(concat(&a, &b)),
            (Value::List(a), Value::List(b)) if op == BinaryOp::Add => {
                Value::List(a.iter().chain(b.iter()).cloned().collect())
            }
            (Value::List(a), Value::List(b)) => {
                self.spend(expr, a.len().saturating_mul(b.len()) / ENTRY_BYTES)?;
                Value::List(a.iter().filter(|it| !b.contains(it)).cloned().collect())
            }
            (Value::Map(a), Value::Map(b)) if op == BinaryOp::Add => {
                let mut map: BTreeMap<String, Value> = (*a).clone();
                map.extend(b.iter().map(|it| (it.0.clone(), it.1.clone())));
                Value::Map(Arc::new(map))
            }
            (a, b) => {
                let with = if op == BinaryOp::Add { Bits::union } else { Bits::difference };
                return self.sets(expr, a, b, with);
            }
        })
    }
}

/// Whether two values are the same. `{}` alone is a map, and equals an empty set as well.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Set(_, bits), Value::Map(map)) | (Value::Map(map), Value::Set(_, bits)) => {
            bits.is_empty() && map.is_empty()
        }
        _ => left == right,
    }
}

/// The values of a set, or a single value.
pub(crate) fn as_bits(value: &Value) -> Option<Bits> {
    match value {
        Value::Set(_, bits) => Some(bits.clone()),
        Value::Enum(_, at) => Some([*at].into_iter().collect()),
        _ => None,
    }
}

pub(crate) fn concat(a: &Text, b: &Text) -> Text {
    let mut out = TextBuilder::default();
    out.push(a);
    out.push(b);
    out.finish()
}
