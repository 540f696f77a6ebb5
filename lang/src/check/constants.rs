//! Values that are known as they are written.

use super::{Checker, PerExpr, Res};
use crate::module::{BinaryOp, Element, Expr, ExprId, Module};
use crate::types::Ty;

/// A checked file, as far as constants need it.
pub(super) struct Facts<'b> {
    pub(super) module: &'b Module,
    pub(super) res: &'b PerExpr<Res>,
    pub(super) types: &'b PerExpr<Ty>,
}

/// A value that is known as it is written. Values of enums are places in their enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Const {
    Null,
    Bool(bool),
    /// A number; sizes in bytes, durations in nanoseconds.
    Number(i64),
    Text(Box<str>),
    Version(crate::version::VersionBound),
    Value(u32),
    /// The values in a set, sorted.
    Set(Vec<u32>),
}

impl Checker<'_> {
    fn facts(&self) -> Facts<'_> {
        Facts { module: self.module(), res: &self.res, types: &self.types }
    }

    /// The number that an expression of literals and `+ - * %` stands for.
    pub(super) fn constant_number(&self, expr: ExprId) -> Option<i64> {
        self.facts().constant_number(expr)
    }

    /// The value of a checked expression, if it reads nothing.
    pub(super) fn constant(&self, expr: ExprId) -> Option<Const> {
        self.facts().constant(expr)
    }
}

impl Facts<'_> {
    /// The number that an expression of literals and `+ - * %` stands for.
    fn constant_number(&self, expr: ExprId) -> Option<i64> {
        match &self.module.exprs[expr] {
            Expr::Int(number) => Some(*number),
            Expr::Size(number) | Expr::Duration(number) => Some(*number),
            Expr::Neg(of) => self.constant_number(*of)?.checked_neg(),
            Expr::Binary { op, lhs, rhs } => {
                let (lhs, rhs) = (self.constant_number(*lhs)?, self.constant_number(*rhs)?);
                match op {
                    BinaryOp::Add => lhs.checked_add(rhs),
                    BinaryOp::Sub => lhs.checked_sub(rhs),
                    BinaryOp::Mul => lhs.checked_mul(rhs),
                    BinaryOp::Rem if rhs != 0 => lhs.checked_rem_euclid(rhs),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The value of a checked expression, if it reads nothing.
    pub(super) fn constant(&self, expr: ExprId) -> Option<Const> {
        match &self.res[expr.index()] {
            Res::Bool(value) => return Some(Const::Bool(*value)),
            Res::Null => return Some(Const::Null),
            Res::Value(_, at) => return Some(Const::Value(*at)),
            Res::All(of) => return Some(Const::Set((0..of.values.len() as u32).collect())),
            Res::Group(of, at) => return Some(Const::Set(of.groups[*at as usize].1.clone())),
            Res::Version(bound) => return Some(Const::Version(bound.clone())),
            Res::None => {}
            _ => return None,
        }
        match &self.module.exprs[expr] {
            Expr::Int(_) | Expr::Size(_) | Expr::Duration(_) | Expr::Neg(_) => {
                self.constant_number(expr).map(Const::Number)
            }
            Expr::Str(_) => crate::schema::plain_text(&self.module.exprs[expr]).map(Const::Text),
            Expr::Set(elements) if matches!(self.types[expr.index()], Ty::Set(_) | Ty::Empty) => {
                self.constant_set(elements)
            }
            Expr::Binary { op, lhs, rhs } => match (self.constant(*lhs)?, self.constant(*rhs)?) {
                (Const::Number(_), Const::Number(_)) => {
                    self.constant_number(expr).map(Const::Number)
                }
                (lhs, rhs) => {
                    let (lhs, rhs) = (as_set(lhs)?, as_set(rhs)?);
                    let values = match op {
                        BinaryOp::Add => {
                            let mut all = lhs;
                            all.extend(rhs);
                            all.sort_unstable();
                            all.dedup();
                            all
                        }
                        BinaryOp::Sub => lhs.into_iter().filter(|it| !rhs.contains(it)).collect(),
                        BinaryOp::And => lhs.into_iter().filter(|it| rhs.contains(it)).collect(),
                        _ => return None,
                    };
                    Some(Const::Set(values))
                }
            },
            _ => None,
        }
    }

    fn constant_set(&self, elements: &[Element]) -> Option<Const> {
        let mut values = Vec::new();
        for element in elements {
            match element {
                Element::Expr(expr) => match self.constant(*expr)? {
                    Const::Value(at) => values.push(at),
                    _ => return None,
                },
                Element::Spread(expr) => match self.constant(*expr)? {
                    Const::Set(more) => values.extend(more),
                    _ => return None,
                },
                Element::Entry(..) | Element::For(_) | Element::When(..) => return None,
            }
        }
        values.sort_unstable();
        values.dedup();
        Some(Const::Set(values))
    }
}

/// Whether a condition on the number `it` holds; `None` if it reads anything else.
pub(super) fn holds(module: &Module, cond: ExprId, it: i64) -> Option<bool> {
    match &module.exprs[cond] {
        Expr::Name(name) => match name.as_str() {
            "on" | "true" => Some(true),
            "off" | "false" => Some(false),
            _ => None,
        },
        Expr::Not(of) => Some(!holds(module, *of, it)?),
        Expr::Binary { op: BinaryOp::And, lhs, rhs } => {
            Some(holds(module, *lhs, it)? && holds(module, *rhs, it)?)
        }
        Expr::Binary { op: BinaryOp::Or, lhs, rhs } => {
            Some(holds(module, *lhs, it)? || holds(module, *rhs, it)?)
        }
        Expr::Binary { op, lhs, rhs } => {
            let (lhs, rhs) = (number(module, *lhs, it)?, number(module, *rhs, it)?);
            match op {
                BinaryOp::Eq => Some(lhs == rhs),
                BinaryOp::Ne => Some(lhs != rhs),
                BinaryOp::Lt => Some(lhs < rhs),
                BinaryOp::Le => Some(lhs <= rhs),
                BinaryOp::Gt => Some(lhs > rhs),
                BinaryOp::Ge => Some(lhs >= rhs),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The number that an expression of literals, `it` and arithmetic stands for.
fn number(module: &Module, expr: ExprId, it: i64) -> Option<i64> {
    match &module.exprs[expr] {
        Expr::Name(name) if name == "it" => Some(it),
        Expr::Int(number) => Some(*number),
        Expr::Size(number) | Expr::Duration(number) => Some(*number),
        Expr::Neg(of) => number(module, *of, it)?.checked_neg(),
        Expr::Binary { op, lhs, rhs } => {
            let (lhs, rhs) = (number(module, *lhs, it)?, number(module, *rhs, it)?);
            match op {
                BinaryOp::Add => lhs.checked_add(rhs),
                BinaryOp::Sub => lhs.checked_sub(rhs),
                BinaryOp::Mul => lhs.checked_mul(rhs),
                BinaryOp::Rem if rhs != 0 => lhs.checked_rem_euclid(rhs),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The values of a set, or of a single value as a set of one.
pub(super) fn as_set(value: Const) -> Option<Vec<u32>> {
    match value {
        Const::Set(values) => Some(values),
        Const::Value(value) => Some(vec![value]),
        _ => None,
    }
}
