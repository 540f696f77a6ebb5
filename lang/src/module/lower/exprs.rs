//! Expressions and types.

use std::borrow::Cow;

use thin_vec::ThinVec;

use super::children::{Has, Head, Many, Slot, split, token_slot};
use super::{LowerErrorKind, Lowerer};
use crate::module::{
    Arg, Attr, BinaryOp, Call, Element, EnumDecl, EnumId, Enumerator, Expr, ExprId, ForElement,
    Group, Ident, Lambda, Match, MatchArm, Member, Name, PackageRef, Req, SettingOp, Spec,
    SpecItem, StrPart, TypeId, TypeRef, With,
};
use crate::syntax::Ref;
use crate::syntax::SyntaxKind::{self, *};
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
                Some(name) => Expr::Name(Name::from(name.syntax().text())),
                None => Expr::Missing,
            },
            ast::Expr::DotName(it) => match it.name_ref() {
                Some(name) => Expr::DotName(Box::new(Name::from(name.syntax().text()))),
                None => Expr::Missing,
            },
            ast::Expr::Member(it) => {
                let (of, name): (_, Option<ast::NameRef<_>>) = split(it);
                let of = self.expr_or_missing(of, it);
                match name {
                    Some(name) => Expr::Member(Box::new(Member { of, name: self.name_ref(&name) })),
                    None => Expr::Missing,
                }
            }
            ast::Expr::Call(it) => {
                let (callee, args): (_, Option<ast::ArgList<_>>) = split(it);
                let callee = self.expr_or_missing(callee, it);
                let args = args.map(|it| self.args(&it)).unwrap_or_default();
                Expr::Call(Box::new(Call { callee, args }))
            }
            ast::Expr::Paren(it) => return self.expr_or_missing(it.expr(), it),
            ast::Expr::Lambda(it) => {
                let params = it
                    .lambda_params()
                    .filter_map(|it| it.name())
                    .map(|it| self.name(&it))
                    .collect();
                let body = self.expr_or_missing(it.expr(), it);
                Expr::Lambda(Box::new(Lambda { params, body }))
            }
            ast::Expr::Binary(it) => {
                let ([lhs, rhs], op) = split(it);
                let lhs = self.expr_or_missing(lhs, it);
                let rhs = self.expr_or_missing(rhs, it);
                match op {
                    Some(BinaryOp::Has) => Expr::Binary { op: has(it), lhs, rhs },
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
                        let (patterns, Has::<{ ELSE_KW as u16 }>(is_else), value) = split(&arm);
                        let patterns = (!is_else).then(|| {
                            self.each(patterns, |it, pattern: ast::MatchPattern<_>| {
                                Some(it.expr_or_missing(pattern.expr(), &pattern))
                            })
                        });
                        MatchArm { patterns, value: self.expr_or_missing(value, &arm) }
                    })
                    .collect();
                Expr::Match(Box::new(Match { of, arms }))
            }
            ast::Expr::SetLit(it) => {
                Expr::Set(self.each(split(it), |it, element| it.element(&element)))
            }
            ast::Expr::ListLit(it) => {
                Expr::List(self.each(split(it), |it, element| it.element(&element)))
            }
            ast::Expr::With(it) => match split(it) {
                (Some(spec), tail, reqs) => Expr::With(Box::new(With {
                    spec: self.spec(&spec),
                    interface: self.alias(tail),
                    reqs: self.reqs(reqs),
                })),
                (None, ..) => Expr::Missing,
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
            VERSION => Expr::Version(Box::new(text.into())),
            SERIES => Expr::Series(Box::new(text.into())),
            QUANTITY => match quantity(text) {
                Some(quantity) => quantity,
                None => {
                    self.error(LowerErrorKind::NumberTooLarge, token.text_range());
                    Expr::Missing
                }
            },
            REGEX => {
                let body = text.strip_prefix('/').unwrap_or(text);
                Expr::Regex(Box::new(body.strip_suffix('/').unwrap_or(body).into()))
            }
            _ => Expr::Missing,
        }
    }

    fn string(&mut self, string: &ast::StringLit<Ref<'_>>) -> Expr {
        let style = string.style();
        let first = self.parts.len();
        let errors = pieces(string, style, |piece| {
            let part = match piece {
                StringPiece::Text(text) if text.is_empty() => return,
                StringPiece::Text(text) => StrPart::Text(text.into()),
                StringPiece::Interpolation(it) => {
                    StrPart::Expr(self.expr_or_missing(it.expr(), &it))
                }
            };
            self.parts.push(part);
        });
        for error in errors {
            let kind = match error.kind {
                StringErrorKind::UnknownEscape(c) => LowerErrorKind::UnknownEscape(c),
                StringErrorKind::BadCodePoint => LowerErrorKind::BadCodePoint,
                StringErrorKind::BadIndent => LowerErrorKind::BadIndent,
            };
            self.error(kind, error.range);
        }
        let parts = self.parts.drain(first..).collect();
        if style.shell { Expr::Shell(parts) } else { Expr::Str(parts) }
    }

    /// Lowers a message: a string.
    pub(super) fn message(&mut self, string: Option<ast::StringLit<Ref<'_>>>) -> Option<ExprId> {
        let string = string?;
        let lowered = self.string(&string);
        Some(self.alloc(lowered, string.range()))
    }

    pub(super) fn args(&mut self, list: &ast::ArgList<Ref<'_>>) -> ThinVec<Arg> {
        self.each(split(list), |it, arg: ast::CallArg<_>| {
            let (name, value): (Option<ast::Name<_>>, _) = split(&arg);
            let name = name.map(|name| it.name(&name));
            Some(Arg { name, value: it.expr_or_missing(value, &arg) })
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
            ast::Element::ForElement(it) => Element::For(Box::new(ForElement {
                name: self.name(&it.name()?),
                list: self.expr_or_missing(it.in_(), it),
                when: if it.when_token().is_some() { self.opt_expr(it.when()) } else { None },
                element: self.element(&it.element()?)?,
            })),
            ast::Element::WhenElement(it) => Element::When(
                self.expr_or_missing(it.when(), it),
                Box::new(self.element(&it.element()?)?),
            ),
        })
    }

    //------ specs

    pub(super) fn spec(&mut self, spec: &ast::Spec<Ref<'_>>) -> Spec {
        let span = self.span_of(spec);
        let (string, path, items): (_, Option<ast::Path<_>>, Option<ast::SpecItems<_>>) =
            split(spec);
        let (package, output) = match (string, path) {
            (Some(string), _) => {
                let lowered = self.string(&string);
                (PackageRef::Made(self.alloc(lowered, string.range())), None)
            }
            (None, Some(path)) => {
                let mut names = path.name_refs().map(|it| self.name_ref(&it));
                let first = names.next();
                let output = names.next();
                // More are not looked at, but have their numbers.
                names.for_each(drop);
                (first.map_or(PackageRef::Missing(span), PackageRef::Named), output.map(Box::new))
            }
            (None, None) => (PackageRef::Missing(span), None),
        };
        let items = items
            .map(|items| {
                let items: Many<ast::SpecItem<_>> = split(&items);
                items.iter().filter_map(|it| self.spec_item(&it)).collect()
            })
            .unwrap_or_default();
        Spec { package, output, items, span }
    }

    /// `as NAME`
    pub(super) fn alias(&mut self, tail: Option<ast::AsTail<Ref<'_>>>) -> Option<Ident> {
        tail.and_then(|it| it.name()).map(|it| self.name(&it))
    }

    fn spec_item(&mut self, item: &ast::SpecItem<Ref<'_>>) -> Option<SpecItem> {
        let (Has::<{ TILDE as u16 }>(off), path, op, value) = split(item);
        let (path, op): (Option<ast::Path<_>>, Option<SettingOp>) = (path, op);
        let path = self.path(&path?);
        let value = op.map(|op| (op, self.expr_or_missing(value, item)));
        let span = self.span_of(item);
        Some(SpecItem { off, path, value, span })
    }

    pub(super) fn reqs<'a>(&mut self, reqs: Many<'a, ast::Req<Ref<'a>>>) -> ThinVec<Req> {
        self.each(reqs, |it, req| it.req(&req))
    }

    pub(super) fn req(&mut self, req: &ast::Req<Ref<'_>>) -> Option<Req> {
        match req {
            ast::Req::VersionReq(req) => {
                let (op, version) = self.version_req(req)?;
                Some(Req::Compare(op, version))
            }
            ast::Req::ReqGroup(group) => {
                Some(Req::Any(self.each(split(group), |it, alt: ast::ReqAlt<_>| {
                    Some(it.each(split(&alt), |it, req| it.version_req(&req)))
                })))
            }
        }
    }

    fn version_req(&mut self, req: &ast::VersionReq<Ref<'_>>) -> Option<(BinaryOp, ExprId)> {
        let (op, version): (Option<BinaryOp>, _) = split(req);
        let op = op.filter(|it| it.comparison().is_some())?;
        Some((op, self.expr_or_missing(version, req)))
    }

    //------ types

    pub(super) fn ty(&mut self, ty: Option<ast::Type<Ref<'_>>>) -> TypeId {
        let lowered = match ty {
            None => TypeRef::Missing,
            Some(ast::Type::OptType(it)) => TypeRef::Opt(self.ty(it.type_())),
            Some(ast::Type::EnumType(it)) => match it.enum_body() {
                Some(body) => {
                    let span = self.span_of(&it);
                    TypeRef::Enum(self.enum_decl(None, None, ThinVec::new(), &body, span))
                }
                None => TypeRef::Missing,
            },
            Some(ast::Type::NamedType(it)) => {
                let span = self.span_of(&it);
                let (path, args, refinement) = split(&it);
                let (path, args): (Option<ast::Path<_>>, Option<ast::TypeArgs<_>>) = (path, args);
                let refinement: Option<ast::Refinement<_>> = refinement;
                let path = path.map(|it| self.path(&it)).unwrap_or_default();
                let args = args
                    .map(|args| self.each(split(&args), |it, ty| Some(it.ty(Some(ty)))))
                    .unwrap_or_default();
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
        attrs: ThinVec<Attr>,
        body: &ast::EnumBody<Ref<'_>>,
        span: crate::module::SpanId,
    ) -> EnumId {
        let (enumerators, named): (Many<ast::Enumerator<_>>, Many<ast::Group<_>>) = split(body);
        let mut values = Vec::with_capacity(enumerators.len());
        let mut groups = Vec::new();
        for value in enumerators.iter() {
            let (head, attrs, name, Has::<{ EQ as u16 }>(is_set), [first, second], when) =
                split(&value);
            let (name, when): (Option<ast::Name<_>>, Option<ast::WhenTail<_>>) = (name, when);
            let attrs = self.attrs(attrs);
            // `"a" = "b"`: the second string is the expression.
            let (ident, text) = match (name, first) {
                (Some(name), text) => (self.name(&name), text),
                (None, Some(ast::Expr::StringLit(string))) => (self.string_name(&string), second),
                (None, _) => continue,
            };
            let text = if is_set { self.opt_expr(text) } else { None };
            let when = when.and_then(|it| it.expr()).map(|it| self.expr(&it));
            values.push(Enumerator { ident, text, when, doc: Head::doc(head), attrs });
        }
        for group in named.iter() {
            let (head, attrs, name, body) = split(&group);
            let (name, body): (Option<ast::Name<_>>, Option<ast::GroupBody<_>>) = (name, body);
            let attrs = self.attrs(attrs);
            let Some(name) = name else { continue };
            let ident = self.name(&name);
            let mut members = Vec::new();
            if let Some(body) = body {
                for node in body.syntax().nodes() {
                    if let Some(name) = ast::NameRef::cast(node) {
                        members.push(self.name_ref(&name));
                    } else if let Some(string) = ast::StringLit::cast(node) {
                        members.push(self.string_name(&string));
                    }
                }
            }
            groups.push(Group { ident, members, doc: Head::doc(head), attrs });
        }
        self.module.enums.alloc(EnumDecl {
            name,
            doc,
            attrs,
            values,
            groups: groups.into_iter().collect(),
            span,
        })
    }
}

token_slot! {
    SettingOp:
    EQ => Set,
    PLUS_EQ => Add,
    MINUS_EQ => Remove,
}

token_slot! {
    BinaryOp:
    EQ_EQ => Eq,
    NEQ => Ne,
    LT => Lt,
    LE => Le,
    GT => Gt,
    GE => Ge,
    PIPE => Or,
    AMP => And,
    HAS_KW => Has,
    IN_KW => In,
    PLUS => Add,
    MINUS => Sub,
    STAR => Mul,
    PERCENT => Rem,
}

/// Returns the `///` lines of a node.
pub(super) fn doc_of(node: &impl AstNode) -> Option<Box<str>> {
    ast::doc(node).map(String::into_boxed_str)
}

/// Which of `has`, `has any` and `has all` an operator is that begins with `has`.
fn has(binary: &ast::Binary<Ref<'_>>) -> BinaryOp {
    match binary.quantifier_token().map(|it| it.kind()) {
        Some(ANY_KW) => BinaryOp::HasAny,
        Some(ALL_KW) => BinaryOp::HasAll,
        _ => BinaryOp::Has,
    }
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

fn quantity(text: &str) -> Option<Expr> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number = int(text[..split].trim_end())?;
    let (factor, unit): (i64, fn(i64) -> Expr) = match &text[split..] {
        "B" => (1, Expr::Size),
        "KiB" => (1 << 10, Expr::Size),
        "MiB" => (1 << 20, Expr::Size),
        "GiB" => (1 << 30, Expr::Size),
        "TiB" => (1 << 40, Expr::Size),
        "ns" => (1, Expr::Duration),
        "us" => (1_000, Expr::Duration),
        "ms" => (1_000_000, Expr::Duration),
        "s" => (1_000_000_000, Expr::Duration),
        "min" => (60_000_000_000, Expr::Duration),
        "h" => (3_600_000_000_000, Expr::Duration),
        "d" => (86_400_000_000_000, Expr::Duration),
        _ => return None,
    };
    Some(unit(number.checked_mul(factor)?))
}
