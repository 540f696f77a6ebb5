//! Operators between two expressions.

use super::{Checker, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{BinaryOp, Expr, ExprId};
use crate::types::{Ranges, Ty, show_intervals};

impl<'a> Checker<'a> {
    pub(super) fn binary(
        &mut self,
        expr: ExprId,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        let ty = match op {
            BinaryOp::Or => {
                self.expect(lhs, &Ty::Bool, scope);
                self.expect(rhs, &Ty::Bool, scope);
                Ty::Bool
            }
            BinaryOp::And => match expected {
                Some(set @ Ty::Set(_)) => {
                    self.expect(lhs, set, scope);
                    self.expect(rhs, set, scope);
                    set.clone()
                }
                _ => {
                    let left = self.ty(lhs, Some(&Ty::Bool), scope);
                    if matches!(left, Ty::Set(_)) {
                        self.expect(rhs, &left, scope);
                        left
                    } else {
                        if !left.fits(&Ty::Bool) {
                            self.mismatch(lhs, &left, &Ty::Bool);
                        }
                        self.expect(rhs, &Ty::Bool, scope);
                        Ty::Bool
                    }
                }
            },
            BinaryOp::Eq | BinaryOp::Ne => {
                self.same_type(op, lhs, rhs, scope);
                Ty::Bool
            }
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                let ty = self.same_type(op, lhs, rhs, scope);
                self.has_order(expr, &ty, op);
                Ty::Bool
            }
            BinaryOp::Has | BinaryOp::HasAny | BinaryOp::HasAll => self.has(op, lhs, rhs, scope),
            BinaryOp::In => self.in_(lhs, rhs, scope),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Rem => {
                self.arithmetic(expr, op, lhs, rhs, expected, scope)
            }
        };
        self.set(expr, Res::None, ty)
    }

    /// Checks two sides that must have one type; words on one side take it from the other.
    fn same_type(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId, scope: &Scope) -> Ty {
        if self.is_word(lhs, scope) && !self.is_word(rhs, scope) {
            let right = self.infer(rhs, scope);
            self.expect(lhs, right.without_opt(), scope);
            return right;
        }
        let left = self.infer(lhs, scope);
        let right = self.ty(rhs, Some(&left), scope);
        if !right.fits_opt(left.without_opt()) && !left.fits(&right) {
            self.mismatch(rhs, &right, &left);
        } else if let (Ty::Int(_), Expr::Int(number)) = (left.without_opt(), self.expr_ref(rhs)) {
            self.decided(op, lhs, rhs, *number, &left);
        }
        left
    }

    /// Reports a comparison with a number outside the range: it is always true or always false.
    fn decided(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId, number: i64, ty: &Ty) {
        let Ty::Int(Ranges { intervals: Some(intervals), .. }) = ty.without_opt() else { return };
        let (Some(first), Some(last)) = (intervals.first(), intervals.last()) else { return };
        let (below, above) = (number < first.0, number > last.1);
        // `>= 1` of what is at least 1 may be there for the reader.
        let always = match op {
            BinaryOp::Eq if !ty_contains(intervals, number) => false,
            BinaryOp::Ne if !ty_contains(intervals, number) => true,
            BinaryOp::Lt | BinaryOp::Le if below => false,
            BinaryOp::Gt | BinaryOp::Ge if above => false,
            BinaryOp::Lt | BinaryOp::Le if above && number > last.1.saturating_add(1) => true,
            BinaryOp::Gt | BinaryOp::Ge if below && number < first.0.saturating_sub(1) => true,
            _ => return,
        };
        let source = self.db.text(self.file)[self.range(lhs)].to_owned();
        let word = if always { "always" } else { "never" };
        let message = format!(
            "this is {word} so: `{source}` is {}",
            show_intervals(intervals, |it| it.to_string())
        );
        self.report(self.at_expr(Code::OutOfRange, rhs, message));
    }

    /// Whether an expression is a bare word that only an expected type could explain.
    fn is_word(&self, expr: ExprId, scope: &Scope) -> bool {
        match self.expr_ref(expr) {
            Expr::DotName(_) => true,
            Expr::Name(name) => {
                !scope.locals.iter().any(|it| it.0 == *name)
                    && scope.table.as_ref().is_none_or(|it| it.get(name).is_none())
                    && !matches!(
                        name.as_str(),
                        "version" | "name" | "on" | "off" | "true" | "false" | "prev" | "default"
                    )
            }
            _ => false,
        }
    }

    fn has_order(&mut self, expr: ExprId, ty: &Ty, op: BinaryOp) {
        let ok = match ty {
            Ty::Int(_) | Ty::Size(_) | Ty::Duration(_) | Ty::Version | Ty::Error => true,
            Ty::Enum(it) => it.ordered,
            _ => false,
        };
        if !ok {
            let mut diagnostic = self.at_expr(
                Code::BadOperator,
                expr,
                format!("{} has no order, so `{}` cannot compare it", ty.a(), op.text()),
            );
            if matches!(ty, Ty::Enum(_)) {
                diagnostic = diagnostic.help("`@ordered` before the declaration of an enum says that its values are in order; without it, ask `in {…}`");
            }
            if matches!(ty, Ty::String(_)) {
                diagnostic =
                    diagnostic.help("versions are compared without quotes: `version >= 1.2`");
            }
            self.report(diagnostic);
        }
    }

    fn has(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId, scope: &Scope) -> Ty {
        let left = self.infer(lhs, scope);
        match left.without_opt().clone() {
            Ty::Set(of) => {
                let wanted =
                    if op == BinaryOp::Has { Ty::Enum(of.clone()) } else { Ty::Set(of.clone()) };
                if op == BinaryOp::Has && matches!(self.expr_ref(rhs), Expr::Set(_)) {
                    let start = text_size::TextRange::empty(self.range(rhs).start());
                    let diagnostic = self
                        .at_expr(Code::TypeMismatch, rhs, "`has` asks for one value, found a set")
                        .fix_at("write `has any`", self.file, start, "any ")
                        .fix_at("write `has all`", self.file, start, "all ");
                    self.report(diagnostic);
                    self.ty(rhs, Some(&Ty::Set(of)), scope);
                } else {
                    self.expect(rhs, &wanted, scope);
                }
            }
            Ty::List(of) if op == BinaryOp::Has => {
                self.expect(rhs, &of, scope);
            }
            Ty::Error => {
                self.infer_quietly(rhs, scope);
            }
            other => {
                self.infer_quietly(rhs, scope);
                let message = format!(
                    "`{}` asks for the values of a set, and this is {}",
                    op.text(),
                    other.a()
                );
                let mut diagnostic = self.at_expr(Code::BadOperator, lhs, message);
                if matches!(other, Ty::Enum(_)) {
                    diagnostic =
                        diagnostic.help("it holds one value: compare with `==`, or ask `in {…}`");
                    if op == BinaryOp::Has {
                        let text = self.db.text(self.file);
                        let (from, to) = (self.range(lhs).end(), self.range(rhs).start());
                        // What is missing has a place that may be anywhere near.
                        let between = text.get(usize::from(from)..usize::from(to)).unwrap_or("");
                        if between.trim() == "has" {
                            let place = text_size::TextRange::new(from, to);
                            diagnostic = diagnostic.fix_at("write `==`", self.file, place, " == ");
                        }
                    }
                }
                self.report(diagnostic);
            }
        }
        Ty::Bool
    }

    /// `x in {a, b}`, `n in 1..=8`, `version in 1.10.*`
    fn in_(&mut self, lhs: ExprId, rhs: ExprId, scope: &Scope) -> Ty {
        let left = self.infer(lhs, scope);
        match (self.expr_ref(rhs), left.without_opt().clone()) {
            (_, Ty::Error) => {
                self.infer_quietly(rhs, scope);
            }
            (
                Expr::Range { lo, hi, .. },
                ty @ (Ty::Int(_) | Ty::Size(_) | Ty::Duration(_) | Ty::Version),
            ) => {
                let plain = match ty {
                    Ty::Int(_) => Ty::INT,
                    Ty::Size(_) => Ty::Size(Default::default()),
                    Ty::Duration(_) => Ty::Duration(Default::default()),
                    other => other,
                };
                for bound in [lo, hi].into_iter().flatten() {
                    self.expect(*bound, &plain, scope);
                }
                self.set(rhs, Res::None, Ty::list(plain));
            }
            (_, Ty::Enum(of)) => {
                self.expect(rhs, &Ty::Set(of), scope);
            }
            (Expr::Series(_), Ty::Version) => {
                self.expect(rhs, &Ty::Version, scope);
            }
            (_, ty) => {
                self.expect(rhs, &Ty::list(ty), scope);
            }
        }
        Ty::Bool
    }

    fn arithmetic(
        &mut self,
        expr: ExprId,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        // What is expected of the whole is expected of the left side, so that words find their enum.
        let hint = match expected.map(Ty::without_opt) {
            Some(ty @ (Ty::Set(_) | Ty::List(_) | Ty::Map(_))) => Some(ty.clone()),
            _ => None,
        };
        let left = self.ty(lhs, hint.as_ref(), scope);
        let may_be_null = matches!(left, Ty::Opt(_)).then(|| left.clone());
        let ty = match (op, left.without_opt()) {
            (_, Ty::Error) => {
                self.infer_quietly(rhs, scope);
                return expected.cloned().unwrap_or(Ty::Error);
            }
            (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Rem, Ty::Int(_)) => {
                self.expect(rhs, &Ty::INT, scope);
                Ty::INT
            }
            (BinaryOp::Mul, Ty::Size(_) | Ty::Duration(_)) => {
                self.expect(rhs, &Ty::INT, scope);
                unbounded(&left)
            }
            (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem, Ty::Size(_) | Ty::Duration(_)) => {
                let plain = unbounded(&left);
                self.expect(rhs, &plain, scope);
                plain
            }
            (BinaryOp::Add, Ty::String(_) | Ty::Path) => {
                self.expect(rhs, &Ty::STRING, scope);
                Ty::STRING
            }
            (BinaryOp::Add, Ty::Script) => {
                self.expect(rhs, &Ty::Script, scope);
                Ty::Script
            }
            (BinaryOp::Add | BinaryOp::Sub, Ty::Set(of)) | (BinaryOp::Add, Ty::Enum(of))
                if !matches!(left, Ty::Enum(_)) || hint.is_some() =>
            {
                let set = Ty::Set(of.clone());
                self.expect(rhs, &set, scope);
                set
            }
            (BinaryOp::Add | BinaryOp::Sub, Ty::List(_)) => {
                self.expect(rhs, &left, scope);
                left
            }
            (BinaryOp::Add, Ty::Map(_)) => {
                self.expect(rhs, &left, scope);
                left
            }
            (BinaryOp::Add | BinaryOp::Sub, Ty::Empty) => {
                let wanted = hint.clone().unwrap_or(Ty::Empty);
                self.ty(rhs, Some(&wanted), scope)
            }
            (_, other) => {
                let message = format!("`{}` does not go with {}", op.text(), other.a());
                let mut diagnostic = self.at_expr(Code::BadOperator, expr, message);
                if matches!(other, Ty::Bool) {
                    diagnostic = diagnostic.help("conditions are joined by `&` and `|`");
                }
                if matches!(other, Ty::Version) {
                    diagnostic = diagnostic.help("versions are compared, not added; parts of one are had by `.major` or `.up_to(2)`");
                }
                self.infer_quietly(rhs, scope);
                self.report(diagnostic);
                Ty::Error
            }
        };
        if may_be_null.is_some() && ty != Ty::Error {
            self.may_be_null(lhs, &may_be_null.unwrap_or(Ty::Error));
        }
        ty
    }
}

fn ty_contains(intervals: &[(i64, i64)], number: i64) -> bool {
    intervals.iter().any(|&(lo, hi)| lo <= number && number <= hi)
}

fn unbounded(ty: &Ty) -> Ty {
    match ty.without_opt() {
        Ty::Size(_) => Ty::Size(Default::default()),
        Ty::Duration(_) => Ty::Duration(Default::default()),
        _ => Ty::INT,
    }
}
