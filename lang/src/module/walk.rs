//! Going through the expressions below an expression.

use super::{Element, Expr, ExprId, Module, PackageRef, Req, Spec, StrPart};

impl Module {
    /// Calls `visit` for `expr` and every expression below it, outer ones first.
    pub fn walk(&self, expr: ExprId, visit: &mut impl FnMut(ExprId)) {
        visit(expr);
        let mut stack = Vec::new();
        self.children(&self.exprs[expr], &mut stack);
        stack.reverse();
        while let Some(expr) = stack.pop() {
            visit(expr);
            let first = stack.len();
            self.children(&self.exprs[expr], &mut stack);
            stack[first..].reverse();
        }
    }

    fn children(&self, expr: &Expr, out: &mut Vec<ExprId>) {
        match expr {
            Expr::Missing
            | Expr::Int(_)
            | Expr::Version(_)
            | Expr::Series(_)
            | Expr::Size(_)
            | Expr::Duration(_)
            | Expr::Regex(_)
            | Expr::Name(_)
            | Expr::DotName(_) => {}
            Expr::Str(parts) | Expr::Shell(parts) => {
                out.extend(parts.iter().filter_map(|it| match it {
                    StrPart::Expr(expr) => Some(*expr),
                    StrPart::Text(_) => None,
                }))
            }
            Expr::Member(it) => out.push(it.of),
            Expr::Not(of) | Expr::Neg(of) => out.push(*of),
            Expr::Call(it) => {
                out.push(it.callee);
                out.extend(it.args.iter().map(|it| it.value));
            }
            Expr::Lambda(it) => out.push(it.body),
            Expr::Binary { lhs, rhs, .. } => out.extend([*lhs, *rhs]),
            Expr::Range { lo, hi, .. } => out.extend([*lo, *hi].into_iter().flatten()),
            Expr::If { cond, then, else_ } => out.extend([*cond, *then, *else_]),
            Expr::Match(it) => {
                out.push(it.of);
                for arm in &it.arms {
                    out.extend(arm.patterns.iter().flatten());
                    out.push(arm.value);
                }
            }
            Expr::Set(elements) | Expr::List(elements) => {
                elements.iter().for_each(|it| element(it, out));
            }
            Expr::With(with) => {
                spec(&with.spec, out);
                reqs(&with.reqs, out);
            }
        }
    }
}

fn element(of: &Element, out: &mut Vec<ExprId>) {
    match of {
        Element::Expr(expr) | Element::Spread(expr) => out.push(*expr),
        Element::Entry(key, value) => out.extend([*key, *value]),
        Element::When(cond, inner) => {
            out.push(*cond);
            element(inner, out);
        }
        Element::For(it) => {
            out.push(it.list);
            out.extend(it.when);
            element(&it.element, out);
        }
    }
}

fn spec(of: &Spec, out: &mut Vec<ExprId>) {
    if let PackageRef::Made(expr) = &of.package {
        out.push(*expr);
    }
    out.extend(of.items.iter().filter_map(|it| it.value.map(|it| it.1)));
}

fn reqs(of: &[Req], out: &mut Vec<ExprId>) {
    for req in of {
        match req {
            Req::Compare(_, version) => out.push(*version),
            Req::Any(alternatives) => out.extend(alternatives.iter().flatten().map(|it| it.1)),
        }
    }
}
