//! The types of expressions.
//!
//! What each kind of expression is checked by stands beside this file: [`names`](super::names),
//! [`operators`](super::operators), [`matches`](super::matches) and
//! [`collections`](super::collections).

use std::sync::Arc;

use super::{Checker, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{Expr, ExprId, StrPart};
use crate::types::Ty;

impl<'a> Checker<'a> {
    /// Checks an expression of which nothing is expected.
    pub(super) fn infer(&mut self, expr: ExprId, scope: &Scope) -> Ty {
        self.ty(expr, None, scope)
    }

    /// Checks an expression of which `expected` is expected; reports it if it is something else.
    pub(super) fn expect(&mut self, expr: ExprId, expected: &Ty, scope: &Scope) -> Ty {
        let found = self.ty(expr, Some(expected), scope);
        if found.fits(expected) {
            if found == Ty::Empty || matches!(found, Ty::Int(_) | Ty::Size(_) | Ty::Duration(_)) {
                self.types.put(expr.index(), expected);
            }
            self.refine(expr, expected);
            return found;
        }
        self.mismatch(expr, &found, expected);
        self.types.put(expr.index(), &Ty::Error);
        Ty::Error
    }

    /// Checks a constant against ranges and patterns.
    fn refine(&mut self, expr: ExprId, expected: &Ty) {
        match (self.expr_ref(expr), expected.without_opt()) {
            (Expr::Int(number), Ty::Int(_)) => self.in_range(expr, *number, expected),
            (Expr::Size(number) | Expr::Duration(number), Ty::Size(_) | Ty::Duration(_)) => {
                self.in_range(expr, *number, expected);
            }
            (Expr::Binary { .. } | Expr::Neg(_), Ty::Int(_) | Ty::Size(_) | Ty::Duration(_)) => {
                if let Some(number) = self.constant_number(expr) {
                    self.in_range(expr, number, expected);
                }
            }
            (Expr::Str(_) | Expr::Shell(_), Ty::String(Some(pattern))) => {
                if let Some(text) = crate::schema::plain_text(self.expr_ref(expr)) {
                    let pattern = pattern.clone();
                    self.in_pattern(expr, &text, &pattern);
                }
            }
            _ => {}
        }
    }

    pub(super) fn ty(&mut self, expr: ExprId, expected: Option<&Ty>, scope: &Scope) -> Ty {
        match self.expr_ref(expr) {
            Expr::Missing => self.set(expr, Res::Error, Ty::Error),
            Expr::Name(name) => self.name(expr, name, expected, scope),
            Expr::DotName(name) => self.dot_name(expr, name, expected),
            Expr::Int(_)
            | Expr::Version(_)
            | Expr::Series(_)
            | Expr::Size(_)
            | Expr::Duration(_)
            | Expr::Regex(_) => self.literal(expr, expected),
            Expr::Str(parts) | Expr::Shell(parts) => self.string(expr, parts, expected, scope),
            Expr::Member(it) => self.member(expr, it.of, &it.name, scope),
            Expr::Call(it) => self.call(expr, it.callee, &it.args, expected, scope),
            Expr::Lambda(_) => {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "a function is no value here")
                    .help("functions are given to methods such as `.map`; to name one, write `fn`");
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
            Expr::Binary { op, lhs, rhs } => self.binary(expr, *op, *lhs, *rhs, expected, scope),
            Expr::Not(of) => {
                self.expect(*of, &Ty::Bool, scope);
                self.set(expr, Res::None, Ty::Bool)
            }
            Expr::Neg(of) => {
                self.expect(*of, &Ty::INT, scope);
                self.set(expr, Res::None, Ty::INT)
            }
            Expr::Range { lo, hi, .. } => {
                for bound in [lo, hi].into_iter().flatten() {
                    self.infer(*bound, scope);
                }
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "a range is no value here")
                    .help("ranges stand in types, as in `Int(1..=8)`, and behind `in`");
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
            Expr::If { cond, then, else_ } => {
                self.expect(*cond, &Ty::Bool, scope);
                let ty = match expected {
                    Some(expected) => {
                        self.expect(*then, expected, scope);
                        self.expect(*else_, expected, scope);
                        expected.clone()
                    }
                    None => {
                        let then = self.infer(*then, scope);
                        self.join_types(then, *else_, scope)
                    }
                };
                self.set(expr, Res::None, ty)
            }
            Expr::Match(it) => self.match_(expr, it.of, &it.arms, expected, scope),
            Expr::Set(elements) => self.set_literal(expr, elements, expected, scope),
            Expr::List(elements) => self.list_literal(expr, elements, expected, scope),
            Expr::With(_) => {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "`with` can be asked only in conditions")
                    .help("it is allowed behind `when`, `require` and `conflict`");
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    /// The type of `other` beside a value of type `first`.
    fn join_types(&mut self, first: Ty, other: ExprId, scope: &Scope) -> Ty {
        match first {
            Ty::Error | Ty::Empty | Ty::Null => {
                let second = self.infer(other, scope);
                match (first, second) {
                    (Ty::Null, Ty::Null) => Ty::Null,
                    (Ty::Null, second @ (Ty::Opt(_) | Ty::Error)) => second,
                    (Ty::Null, second) => Ty::Opt(Arc::new(second)),
                    (_, second) => second,
                }
            }
            first => {
                self.expect(other, &first, scope);
                first
            }
        }
    }

    /// Checks an expression only so that its parts are resolved; what is wrong follows from
    /// something that has been reported.
    pub(super) fn infer_quietly(&mut self, expr: ExprId, scope: &Scope) -> Ty {
        let before = self.diagnostics.len();
        let ty = self.infer(expr, scope);
        self.diagnostics.truncate(before);
        ty
    }

    //------ literals

    fn literal(&mut self, expr: ExprId, expected: Option<&Ty>) -> Ty {
        if let Some(words) = expected.and_then(Ty::words).cloned() {
            if let Some(at) = self.literal_value(expr, &words) {
                return self.set_value(expr, &words, at);
            }
            if matches!(self.expr_ref(expr), Expr::Int(_) | Expr::Version(_))
                && !matches!(expected.map(Ty::without_opt), Some(Ty::List(_)))
            {
                let text = self.db.text(self.file)[self.range(expr)].to_owned();
                // Only where values are numbers is this one that is not there.
                if words.values.iter().all(|it| !it.starts_with(|c: char| c.is_ascii_digit())) {
                    let found = if text.contains('.') { Ty::Version } else { Ty::INT };
                    let wanted = expected.cloned().unwrap_or(Ty::Error);
                    self.mismatch(expr, &found, &wanted);
                    return self.set(expr, Res::Error, Ty::Error);
                }
                self.unknown_value(expr, &text, &words);
                return self.set(expr, Res::Error, Ty::Error);
            }
        }
        if matches!(expected.map(Ty::without_opt), Some(Ty::Version))
            && let Some(bound) = self.version_value(expr)
        {
            return self.set(expr, Res::Version(bound), Ty::Version);
        }
        match self.expr_ref(expr) {
            Expr::Int(_) => self.set(expr, Res::None, Ty::INT),
            Expr::Size(_) => self.set(expr, Res::None, Ty::Size(Default::default())),
            Expr::Duration(_) => self.set(expr, Res::None, Ty::Duration(Default::default())),
            Expr::Version(_) | Expr::Series(_) => match self.version_value(expr) {
                Some(bound) => self.set(expr, Res::Version(bound), Ty::Version),
                None => self.set(expr, Res::Error, Ty::Error),
            },
            _ => {
                let diagnostic =
                    self.at_expr(Code::TypeMismatch, expr, "a pattern is no value here").help(
                        "patterns stand in types, as in `String(/[a-z]+/)`, and in `.matches(/…/)`",
                    );
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    fn string(
        &mut self,
        expr: ExprId,
        parts: &'a [StrPart],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        let shell = matches!(self.expr_ref(expr), Expr::Shell(_));
        for part in parts {
            if let StrPart::Expr(part) = part {
                let ty = self.infer(*part, scope);
                self.interpolated(*part, &ty, shell);
            }
        }
        if shell {
            self.quoted_twice(parts);
            return self.set(expr, Res::None, Ty::Script);
        }
        if let Some(words) = expected.and_then(Ty::words).cloned()
            && !matches!(expected.map(Ty::without_opt), Some(Ty::List(_)))
            && let Some(text) = crate::schema::plain_text(self.expr_ref(expr))
        {
            return match words.position(&text) {
                Some(at) => self.set_value(expr, &words, at),
                None => {
                    self.unknown_value(expr, &text, &words);
                    self.set(expr, Res::Error, Ty::Error)
                }
            };
        }
        match expected.map(Ty::without_opt) {
            Some(Ty::Version) => {
                if let Some(bound) = self.version_value(expr) {
                    return self.set(expr, Res::Version(bound), Ty::Version);
                }
            }
            Some(Ty::Path) => return self.set(expr, Res::None, Ty::Path),
            Some(Ty::Script) => {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "expected shell text, found a plain text")
                    .help("in shell text, what is interpolated is quoted")
                    .fix_at(
                        "write `sh` before it",
                        self.file,
                        text_size::TextRange::empty(self.range(expr).start()),
                        "sh",
                    );
                self.report(diagnostic);
                return self.set(expr, Res::None, Ty::Error);
            }
            _ => {}
        }
        self.set(expr, Res::None, Ty::STRING)
    }
}
