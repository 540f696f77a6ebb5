//! Conditions: the part of the language that the solver understands.
//!
//! ```text
//! cond = feature | knob == value | knob < number | knob in {…} | knob has value | knob has any|all {…}
//!      | version >= 1.2 | platform.cpu == x | toolchain.link == x | with SPEC
//!      | !cond | cond & cond | cond | cond
//! ```
//!
//! One side of a comparison is something that is chosen, the other is written down. Conditions in
//! overlays and projects are asked before anything is solved, so they may read only `platform`,
//! `toolchain`, `machine` and `facts`.

use super::{Checker, Fact, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{BinaryOp, Element, Expr, ExprId, OptionKind};
use crate::types::{Object, Ty};

/// Where a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CondPlace {
    /// In a recipe: about options, versions, other packages.
    Recipe,
    /// In a layer: about the platform and the toolchain only.
    Layer,
    /// In a preset, which is applied as a layer.
    Preset,
}

impl CondPlace {
    /// What is applied where the condition stands, before anything is chosen.
    fn applied(self) -> Option<&'static str> {
        match self {
            CondPlace::Recipe => None,
            CondPlace::Layer => Some("a layer"),
            CondPlace::Preset => Some("a preset"),
        }
    }
}

/// What a side of a comparison is.
#[derive(PartialEq, Eq)]
enum Side {
    /// Written down.
    Constant,
    /// Chosen: an option, the version, the platform.
    Chosen,
    /// Neither.
    Other,
}

impl<'a> Checker<'a> {
    /// Checks a condition.
    pub(super) fn condition(&mut self, expr: ExprId, scope: &Scope, place: CondPlace) {
        let before = self.diagnostics.len();
        self.with_parts(expr, scope);
        self.expect_condition(expr, scope);
        let wrong = self.diagnostics[before..].iter().any(|it| it.is_error());
        if !wrong {
            self.fragment(expr, scope, place);
        }
    }

    /// Checks the `with` parts of a condition and types them, so that the rest can be typed.
    fn with_parts(&mut self, expr: ExprId, scope: &Scope) {
        match self.expr_ref(expr) {
            Expr::With(with) => {
                self.spec(&with.spec, scope, super::specs::SpecPlace::Condition);
                self.reqs(&with.reqs, scope);
                if let Some(interface) = &with.interface {
                    self.interface_name(interface);
                }
                self.set(expr, Res::None, Ty::Bool);
            }
            Expr::Not(of) => self.with_parts(*of, scope),
            Expr::Binary { op: BinaryOp::And | BinaryOp::Or, lhs, rhs } => {
                self.with_parts(*lhs, scope);
                self.with_parts(*rhs, scope);
            }
            _ => {}
        }
    }

    /// Types the parts of a condition that are no `with`.
    fn expect_condition(&mut self, expr: ExprId, scope: &Scope) {
        match self.expr_ref(expr) {
            Expr::With(_) => {}
            Expr::Not(of) => {
                self.expect_condition(*of, scope);
                self.set(expr, Res::None, Ty::Bool);
            }
            Expr::Binary { op: BinaryOp::And | BinaryOp::Or, lhs, rhs } => {
                self.expect_condition(*lhs, scope);
                self.expect_condition(*rhs, scope);
                self.set(expr, Res::None, Ty::Bool);
            }
            _ => {
                self.expect(expr, &Ty::Bool, scope);
            }
        }
    }

    /// Reports what of a condition, which has types, the solver cannot decide at such a place.
    pub(super) fn fragment(&mut self, expr: ExprId, scope: &Scope, place: CondPlace) {
        match self.expr_ref(expr) {
            Expr::With(with) => {
                if let Some(what) = place.applied() {
                    let message =
                        format!("{what} is applied before it is known which packages there are");
                    let diagnostic = self
                        .at_span(Code::NotACondition, with.spec.span, message)
                        .help("conditions here may read `platform`, `toolchain`, `machine` and `facts`; a rule about packages belongs into a recipe");
                    self.report(diagnostic);
                }
            }
            Expr::Not(of) => self.fragment(*of, scope, place),
            Expr::Binary { op: BinaryOp::And | BinaryOp::Or, lhs, rhs } => {
                self.fragment(*lhs, scope, place);
                self.fragment(*rhs, scope, place);
            }
            Expr::Binary { op, lhs, rhs } => {
                let op = *op;
                let (left, right) = (self.side(*lhs), self.side(*rhs));
                for (side, expr) in [(&left, *lhs), (&right, *rhs)] {
                    if *side == Side::Other {
                        self.not_in_fragment(expr);
                        return;
                    }
                    if *side == Side::Chosen {
                        self.readable(expr, scope, place);
                    }
                }
                // What both machines are is known before anything is chosen.
                let known = |expr: ExprId| {
                    matches!(
                        self.res[expr.index()],
                        Res::ObjectMember(Object::Platform | Object::Machine | Object::Toolchain)
                            | Res::GivenFact(_)
                    )
                };
                let both_known = known(*lhs) && known(*rhs);
                if left == Side::Chosen && right == Side::Chosen && !both_known {
                    let diagnostic = self
                        .at_expr(Code::NotACondition, expr, "a condition compares something that is chosen with a value that is written down")
                        .help("both sides of this are chosen; name the values, as in `a == x & b == x`");
                    self.report(diagnostic);
                } else if left == Side::Constant && right == Side::Constant && op != BinaryOp::In {
                    // Loops make such comparisons; they are decided while the loop is unrolled.
                }
            }
            _ => match self.side(expr) {
                Side::Constant => {}
                Side::Chosen => self.readable(expr, scope, place),
                Side::Other => self.not_in_fragment(expr),
            },
        }
    }

    fn side(&self, expr: ExprId) -> Side {
        match &self.res[expr.index()] {
            Res::Bool(_)
            | Res::Null
            | Res::All(_)
            | Res::Value(..)
            | Res::Group(..)
            | Res::Version(_)
            | Res::Local(_)
            | Res::Error => return Side::Constant,
            Res::Option | Res::Fact(Fact::Version) | Res::GivenFact(_) => return Side::Chosen,
            Res::ObjectMember(Object::Platform | Object::Toolchain | Object::Machine) => {
                return Side::Chosen;
            }
            Res::Let(at, index) if at.file == self.file => {
                let decl = &self.module().bodies[at.body].options[*index as usize];
                return match decl.default {
                    Some(value) if self.side(value) == Side::Constant => Side::Constant,
                    _ => Side::Other,
                };
            }
            Res::None => {}
            _ => return Side::Other,
        }
        match self.expr_ref(expr) {
            Expr::Int(_) | Expr::Size(_) | Expr::Duration(_) | Expr::Missing => Side::Constant,
            Expr::Str(_) | Expr::Shell(_)
                if crate::schema::plain_text(self.expr_ref(expr)).is_some() =>
            {
                Side::Constant
            }
            Expr::Neg(of) => self.side(*of),
            Expr::Range { lo, hi, .. } => {
                let constant =
                    [lo, hi].into_iter().flatten().all(|it| self.side(*it) == Side::Constant);
                if constant { Side::Constant } else { Side::Other }
            }
            Expr::Set(elements) | Expr::List(elements) => {
                let constant = elements.iter().all(|it| match it {
                    Element::Expr(expr) | Element::Spread(expr) => {
                        self.side(*expr) == Side::Constant
                    }
                    Element::Entry(..) | Element::For(_) | Element::When(..) => false,
                });
                if constant { Side::Constant } else { Side::Other }
            }
            Expr::Binary {
                op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::And,
                lhs,
                rhs,
            } if self.side(*lhs) == Side::Constant && self.side(*rhs) == Side::Constant => {
                Side::Constant
            }
            _ => Side::Other,
        }
    }

    /// Something chosen must be readable where the condition stands.
    fn readable(&mut self, expr: ExprId, scope: &Scope, place: CondPlace) {
        let own = matches!(self.res[expr.index()], Res::Option | Res::Fact(_));
        if let (Some(what), true) = (place.applied(), own) {
            let source = self.db.text(self.file)[self.range(expr)].to_owned();
            let diagnostic = self
                .at_expr(Code::NotACondition, expr, format!("{what} is applied before `{source}` is chosen"))
                .help("conditions here may read `platform`, `toolchain`, `machine` and `facts`; a rule about options belongs into a recipe");
            self.report(diagnostic);
            return;
        }
        let name = self.module().word(expr);
        if self.res[expr.index()] == Res::Option
            && let Some(option) = scope.table.as_ref().and_then(|it| it.get(name))
            && option.kind == OptionKind::Field
        {
            let (file, span) = (option.at.file, option.span);
            let message = format!("`{name}` is a field: the solver knows only features and knobs");
            let diagnostic = self
                .at_expr(Code::NotACondition, expr, message)
                .label(file, self.db.span(file, span), "declared here")
                .help("declare it as a `knob`, or decide in the steps, with `if` or `match`");
            self.report(diagnostic);
        }
    }

    fn not_in_fragment(&mut self, expr: ExprId) {
        let message = match self.expr_ref(expr) {
            Expr::Binary { .. } | Expr::Neg(_) => "a condition cannot calculate",
            Expr::Call(_) => "a condition cannot call functions or methods",
            Expr::If { .. } | Expr::Match(_) => "a condition cannot choose between values",
            Expr::Str(_) | Expr::Shell(_) => {
                "a condition compares with a text that is known as it is written"
            }
            Expr::Name(_) if matches!(self.res[expr.index()], Res::Let(..)) => {
                "a condition cannot use a `let` that reads options"
            }
            _ => "a condition cannot ask for this",
        };
        let diagnostic = self
            .at_expr(Code::NotACondition, expr, message)
            .help("conditions are made of features, knobs compared with values, `version`, `platform`, `toolchain`, `facts` and `with`, joined by `!`, `&` and `|`");
        self.report(diagnostic);
    }
}
