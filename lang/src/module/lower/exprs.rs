//! Expressions and types.

use std::borrow::Cow;

use smol_str::SmolStr;

use super::{LowerErrorKind, Lowerer};
use crate::module::{
    Arg, BinaryOp, Element, EnumDecl, EnumId, Enumerator, Expr, ExprId, Group, Ident, MatchArm,
    PackageRef, Req, SettingOp, Spec, SpecItem, StrPart, TypeId, TypeRef, Unit, With,
};
use crate::syntax::Ref;
use crate::syntax::SyntaxKind::*;
use crate::syntax::ast::{self, AstNode};
use crate::syntax::strings::{StringErrorKind, StringPiece, pieces};

impl Lowerer {
    /// Lowers an expression, or makes a missing one at `near`.
    pub(super) fn expr_or_missing(
        &mut self,
        expr: Option<ast::Expr<Ref<'_>>>,
        near: &impl AstNode,
    ) -> ExprId {
        match expr {
            Some(expr) => self.expr(&expr),
            None => self.alloc(Expr::Missing, near.range()),
        }
    }

    pub(super) fn opt_expr(&mut self, expr: Option<ast::Expr<Ref<'_>>>) -> Option<ExprId> {
        expr.map(|it| self.expr(&it))
    }

    pub(super) fn expr(&mut self, expr: &ast::Expr<Ref<'_>>) -> ExprId {
        let range = expr.range();
        let lowered = match expr {
            ast::Expr::Literal(it) => self.literal(it),
            ast::Expr::StringLit(it) => self.string(it),
            ast::Expr::NameExpr(it) => match it.name_ref() {
                Some(name) => Expr::Name(SmolStr::new(name.syntax().text())),
                None => Expr::Missing,
            },
            ast::Expr::DotName(it) => match it.name_ref() {
                Some(name) => Expr::DotName(SmolStr::new(name.syntax().text())),
                None => Expr::Missing,
            },
            ast::Expr::Member(it) => {
                let of = self.expr_or_missing(it.expr(), it);
                match it.name_ref() {
                    Some(name) => Expr::Member { of, name: Box::new(self.name_ref(&name)) },
                    None => Expr::Missing,
                }
            }
            ast::Expr::Call(it) => {
                let callee = self.expr_or_missing(it.expr(), it);
                let args = it.arg_list().map(|it| self.args(&it)).unwrap_or_default();
                Expr::Call { callee, args }
            }
            ast::Expr::Paren(it) => return self.expr_or_missing(it.expr(), it),
            ast::Expr::Lambda(it) => {
                let params = it
                    .lambda_params()
                    .filter_map(|it| it.name())
                    .map(|it| self.name(&it))
                    .collect();
                let body = self.expr_or_missing(it.expr(), it);
                Expr::Lambda { params, body }
            }
            ast::Expr::Binary(it) => {
                let lhs = self.expr_or_missing(it.lhs(), it);
                let rhs = self.expr_or_missing(it.rhs(), it);
                match binary_op(it) {
                    Some(op) => Expr::Binary { op, lhs, rhs },
                    None => Expr::Missing,
                }
            }
            ast::Expr::Prefix(it) => {
                let of = self.expr_or_missing(it.expr(), it);
                match (it.op(), &self.module.exprs[of]) {
                    (Some(MINUS), Expr::Int(number)) => Expr::Int(number.wrapping_neg()),
                    (Some(MINUS), _) => Expr::Neg(of),
                    _ => Expr::Not(of),
                }
            }
            ast::Expr::Range(it) => {
                let (lo, hi) = it.bounds();
                let lo = self.opt_expr(lo);
                let hi = self.opt_expr(hi);
                let inclusive = it.op_token().is_some_and(|it| it.kind() == DOT_DOT_EQ);
                Expr::Range { lo, hi, inclusive }
            }
            ast::Expr::If(it) => Expr::If {
                cond: self.expr_or_missing(it.cond(), it),
                then: self.expr_or_missing(it.then(), it),
                else_: self.expr_or_missing(it.else_(), it),
            },
            ast::Expr::Match(it) => {
                let of = self.expr_or_missing(it.expr(), it);
                let arms = it
                    .match_arms()
                    .map(|arm| {
                        let patterns = arm.else_token().is_none().then(|| {
                            self.each(arm.match_patterns(), |it, pattern| {
                                Some(it.expr_or_missing(pattern.expr(), &pattern))
                            })
                        });
                        MatchArm { patterns, value: self.expr_or_missing(arm.expr(), &arm) }
                    })
                    .collect();
                Expr::Match { of, arms }
            }
            ast::Expr::SetLit(it) => {
                Expr::Set(self.each(it.elements(), |it, element| it.element(&element)))
            }
            ast::Expr::ListLit(it) => {
                Expr::List(self.each(it.elements(), |it, element| it.element(&element)))
            }
            ast::Expr::With(it) => match it.spec() {
                Some(spec) => Expr::With(Box::new(With {
                    spec: self.spec(&spec),
                    interface: it.as_tail().and_then(|it| it.name()).map(|it| self.name(&it)),
                    reqs: self.reqs(it.reqs()),
                })),
                None => Expr::Missing,
            },
        };
        self.alloc(lowered, range)
    }

    fn literal(&mut self, literal: &ast::Literal<Ref<'_>>) -> Expr {
        let Some(token) = literal.value_token() else { return Expr::Missing };
        let text = token.text();
        match token.kind() {
            INT => match int(text) {
                Some(number) => Expr::Int(number),
                None => {
                    self.error(LowerErrorKind::NumberTooLarge, token.text_range());
                    Expr::Missing
                }
            },
            VERSION => Expr::Version(SmolStr::new(text)),
            SERIES => Expr::Series(SmolStr::new(text)),
            QUANTITY => match quantity(text) {
                Some((number, unit)) => Expr::Quantity { number, unit },
                None => {
                    self.error(LowerErrorKind::NumberTooLarge, token.text_range());
                    Expr::Missing
                }
            },
            REGEX => {
                let body = text.strip_prefix('/').unwrap_or(text);
                Expr::Regex(body.strip_suffix('/').unwrap_or(body).into())
            }
            _ => Expr::Missing,
        }
    }

    fn string(&mut self, string: &ast::StringLit<Ref<'_>>) -> Expr {
        let style = string.style();
        let mut parts = Vec::with_capacity(string.string_parts().count());
        let errors = pieces(string, style, |piece| match piece {
            StringPiece::Text(text) if text.is_empty() => {}
            StringPiece::Text(text) => parts.push(StrPart::Text(text.into())),
            StringPiece::Interpolation(it) => {
                parts.push(StrPart::Expr(self.expr_or_missing(it.expr(), &it)));
            }
        });
        for error in errors {
            let kind = match error.kind {
                StringErrorKind::UnknownEscape(c) => LowerErrorKind::UnknownEscape(c),
                StringErrorKind::BadCodePoint => LowerErrorKind::BadCodePoint,
                StringErrorKind::BadIndent => LowerErrorKind::BadIndent,
            };
            self.error(kind, error.range);
        }
        Expr::Str { parts: parts.into(), shell: style.shell }
    }

    /// Lowers a message: a string.
    pub(super) fn message(&mut self, string: Option<ast::StringLit<Ref<'_>>>) -> Option<ExprId> {
        let string = string?;
        let lowered = self.string(&string);
        Some(self.alloc(lowered, string.range()))
    }

    pub(super) fn args(&mut self, list: &ast::ArgList<Ref<'_>>) -> Box<[Arg]> {
        self.each(list.call_args(), |it, arg| {
            let name = arg.name().map(|name| it.name(&name));
            Some(Arg { name, value: it.expr_or_missing(arg.expr(), &arg) })
        })
    }

    fn element(&mut self, element: &ast::Element<Ref<'_>>) -> Option<Element> {
        Some(match element {
            ast::Element::ExprElement(it) => Element::Expr(self.expr_or_missing(it.expr(), it)),
            ast::Element::SpreadElement(it) => Element::Spread(self.expr_or_missing(it.expr(), it)),
            ast::Element::EntryElement(it) => {
                let key = self.expr_or_missing(it.key(), it);
                let value = self.expr_or_missing(it.value(), it);
                Element::Entry(key, value)
            }
            ast::Element::ForElement(it) => Element::For {
                name: Box::new(self.name(&it.name()?)),
                list: self.expr_or_missing(it.in_(), it),
                when: if it.when_token().is_some() { self.opt_expr(it.when()) } else { None },
                element: Box::new(self.element(&it.element()?)?),
            },
            ast::Element::WhenElement(it) => Element::When(
                self.expr_or_missing(it.when(), it),
                Box::new(self.element(&it.element()?)?),
            ),
        })
    }

    //------ specs

    pub(super) fn spec(&mut self, spec: &ast::Spec<Ref<'_>>) -> Spec {
        let span = self.span_of(spec);
        let (package, output) = if let Some(string) = spec.string_lit() {
            let lowered = self.string(&string);
            (PackageRef::Made(self.alloc(lowered, string.range())), None)
        } else {
            let path = spec.path().map(|it| self.path(&it)).unwrap_or_default();
            let mut names = path.into_vec().into_iter();
            match names.next() {
                Some(first) => (PackageRef::Named(first), names.next()),
                None => (PackageRef::Missing(span), None),
            }
        };
        let items = spec
            .spec_items()
            .map(|items| self.each(items.spec_items(), |it, item| it.spec_item(&item)))
            .unwrap_or_default();
        Spec { package, output, items, span }
    }

    fn spec_item(&mut self, item: &ast::SpecItem<Ref<'_>>) -> Option<SpecItem> {
        let path = self.path(&item.path()?);
        let op = item.op_token().and_then(|it| setting_op(it.kind()));
        let value = op.map(|op| (op, self.expr_or_missing(item.expr(), item)));
        let span = self.span_of(item);
        Some(SpecItem { off: item.tilde_token().is_some(), path, value, span })
    }

    pub(super) fn reqs(&mut self, reqs: ast::AstChildren<ast::Req<Ref<'_>>>) -> Box<[Req]> {
        self.each(reqs, |it, req| it.req(&req))
    }

    pub(super) fn req(&mut self, req: &ast::Req<Ref<'_>>) -> Option<Req> {
        match req {
            ast::Req::VersionReq(req) => {
                let (op, version) = self.version_req(req)?;
                Some(Req::Compare(op, version))
            }
            ast::Req::ReqGroup(group) => Some(Req::Any(self.each(group.req_alts(), |it, alt| {
                Some(it.each(alt.version_reqs(), |it, req| it.version_req(&req)))
            }))),
        }
    }

    fn version_req(&mut self, req: &ast::VersionReq<Ref<'_>>) -> Option<(BinaryOp, ExprId)> {
        let op = compare_op(req.op_token()?.kind())?;
        Some((op, self.expr_or_missing(req.expr(), req)))
    }

    //------ types

    pub(super) fn ty(&mut self, ty: Option<ast::Type<Ref<'_>>>) -> TypeId {
        let lowered = match ty {
            None => TypeRef::Missing,
            Some(ast::Type::OptType(it)) => TypeRef::Opt(self.ty(it.type_())),
            Some(ast::Type::EnumType(it)) => match it.enum_body() {
                Some(body) => {
                    let span = self.span_of(&it);
                    TypeRef::Enum(self.enum_decl(None, None, Vec::new(), &body, span))
                }
                None => TypeRef::Missing,
            },
            Some(ast::Type::NamedType(it)) => {
                let span = self.span_of(&it);
                let path = it.path().map(|it| self.path(&it)).unwrap_or_default();
                let args = it
                    .type_args()
                    .map(|args| self.each(args.types(), |it, ty| Some(it.ty(Some(ty)))))
                    .unwrap_or_default();
                let refinement = it.refinement();
                let where_ = refinement.as_ref().and_then(|it| it.where_()).map(|it| {
                    let cond = self.expr_or_missing(it.expr(), &it);
                    (cond, it.message().and_then(|it| it.plain_text()).map(String::into_boxed_str))
                });
                let refinement = refinement.and_then(|it| it.expr()).map(|it| self.expr(&it));
                TypeRef::Named { path, args, refinement, where_, span }
            }
        };
        self.module.types.alloc(lowered)
    }

    pub(super) fn enum_decl(
        &mut self,
        name: Option<Ident>,
        doc: Option<Box<str>>,
        attrs: Vec<crate::module::Attr>,
        body: &ast::EnumBody<Ref<'_>>,
        span: crate::module::SpanId,
    ) -> EnumId {
        let mut values = Vec::with_capacity(body.enumerators().count());
        let mut groups = Vec::new();
        for value in body.enumerators() {
            let attrs = self.attrs(value.attrs());
            let ident = match (value.name(), value.string_lit()) {
                (Some(name), _) => self.name(&name),
                (None, Some(string)) => self.string_name(&string),
                (None, None) => continue,
            };
            // `"a" = "b"`: the second string is the expression.
            let text = match (value.eq_token(), value.name()) {
                (None, _) => None,
                (Some(_), Some(_)) => self.opt_expr(value.expr()),
                (Some(_), None) => {
                    let second = value.syntax().nodes().filter_map(ast::Expr::cast).nth(1);
                    self.opt_expr(second)
                }
            };
            let when = value.when_tail().and_then(|it| it.expr()).map(|it| self.expr(&it));
            values.push(Enumerator { ident, text, when, doc: doc_of(&value), attrs });
        }
        for group in body.groups() {
            let attrs = self.attrs(group.attrs());
            let Some(name) = group.name() else { continue };
            let ident = self.name(&name);
            let mut members = Vec::new();
            if let Some(body) = group.group_body() {
                for node in body.syntax().nodes() {
                    if let Some(name) = ast::NameRef::cast(node) {
                        members.push(self.name_ref(&name));
                    } else if let Some(string) = ast::StringLit::cast(node) {
                        members.push(self.string_name(&string));
                    }
                }
            }
            groups.push(Group { ident, members, doc: doc_of(&group), attrs });
        }
        self.module.enums.alloc(EnumDecl { name, doc, attrs, values, groups, span })
    }
}

/// Returns the `///` lines of a node.
pub(super) fn doc_of(node: &impl AstNode) -> Option<Box<str>> {
    ast::doc(node).map(String::into_boxed_str)
}

pub(super) fn setting_op(kind: crate::syntax::SyntaxKind) -> Option<SettingOp> {
    match kind {
        EQ => Some(SettingOp::Set),
        PLUS_EQ => Some(SettingOp::Add),
        MINUS_EQ => Some(SettingOp::Remove),
        _ => None,
    }
}

fn compare_op(kind: crate::syntax::SyntaxKind) -> Option<BinaryOp> {
    Some(match kind {
        EQ_EQ => BinaryOp::Eq,
        NEQ => BinaryOp::Ne,
        LT => BinaryOp::Lt,
        LE => BinaryOp::Le,
        GT => BinaryOp::Gt,
        GE => BinaryOp::Ge,
        _ => return None,
    })
}

fn binary_op(binary: &ast::Binary<Ref<'_>>) -> Option<BinaryOp> {
    let op = binary.op()?;
    Some(match op {
        PIPE => BinaryOp::Or,
        AMP => BinaryOp::And,
        HAS_KW => match binary.quantifier_token().map(|it| it.kind()) {
            Some(ANY_KW) => BinaryOp::HasAny,
            Some(ALL_KW) => BinaryOp::HasAll,
            _ => BinaryOp::Has,
        },
        IN_KW => BinaryOp::In,
        PLUS => BinaryOp::Add,
        MINUS => BinaryOp::Sub,
        STAR => BinaryOp::Mul,
        PERCENT => BinaryOp::Rem,
        other => return compare_op(other),
    })
}

fn int(text: &str) -> Option<i64> {
    let mut digits = Cow::Borrowed(text);
    if text.contains('_') {
        digits = text.replace('_', "").into();
    }
    match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

fn quantity(text: &str) -> Option<(i64, Unit)> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number = int(text[..split].trim_end())?;
    let (factor, unit) = match &text[split..] {
        "B" => (1, Unit::Bytes),
        "KiB" => (1 << 10, Unit::Bytes),
        "MiB" => (1 << 20, Unit::Bytes),
        "GiB" => (1 << 30, Unit::Bytes),
        "TiB" => (1 << 40, Unit::Bytes),
        "ns" => (1, Unit::Nanoseconds),
        "us" => (1_000, Unit::Nanoseconds),
        "ms" => (1_000_000, Unit::Nanoseconds),
        "s" => (1_000_000_000, Unit::Nanoseconds),
        "min" => (60_000_000_000, Unit::Nanoseconds),
        "h" => (3_600_000_000_000, Unit::Nanoseconds),
        "d" => (86_400_000_000_000, Unit::Nanoseconds),
        _ => return None,
    };
    Some((number.checked_mul(factor)?, unit))
}
