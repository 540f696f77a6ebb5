//! Loops over values that are written down: which packages the dependencies in them name.

use super::{Checker, Res};
use crate::database::Database;
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{Dep, Element, Expr, ExprId, GuardId, GuardKind, Name, PackageRef, StrPart};
use crate::nearest::{did_you_mean, nearest};
use crate::schema::plain_text;
use crate::types::EnumTy;

/// How many rounds of nested loops are gone through. Real ones have some tens.
const ROUNDS_MAX: usize = 1_000;

/// A value that a loop goes through: as it is in a text, and where it is written.
type Round = (String, ExprId);

impl<'a> Checker<'a> {
    /// Reports packages that a dependency in loops names and that there are not. What else decides
    /// whether the dependency is there must not ask for the values of the loops.
    pub(super) fn packages_in_loops(&mut self, dep: &'a Dep, guard: Option<GuardId>) {
        let PackageRef::Made(expr) = &dep.spec.package else { return };
        let (Expr::Str(parts) | Expr::Shell(parts)) = self.expr_ref(*expr) else { return };
        let module = self.module();
        let mut loops: Vec<(&Name, Vec<Round>)> = Vec::new();
        for guard in module.guards_of(guard) {
            match &guard.kind {
                GuardKind::For { name, list } => {
                    // The innermost one is what a name means.
                    if loops.iter().all(|it| *it.0 != name.name) {
                        let Some(rounds) = self.rounds(*list, 0) else { return };
                        loops.push((&name.name, rounds));
                    }
                }
                GuardKind::When(cond) | GuardKind::Unless(cond) if self.reads_local(*cond) => {
                    return;
                }
                GuardKind::When(_)
                | GuardKind::Unless(_)
                | GuardKind::Feature(_)
                | GuardKind::Arm { .. }
                | GuardKind::ElseArm { .. } => {}
            }
        }
        if dep.when.is_some_and(|it| self.reads_local(it)) {
            return;
        }
        let mut made: Vec<(String, Vec<&Round>)> = vec![(String::new(), Vec::new())];
        for part in parts {
            match part {
                StrPart::Text(text) => made.iter_mut().for_each(|it| it.0.push_str(text)),
                StrPart::Expr(inner) => {
                    let Res::Local(name) = &self.res[inner.index()] else { return };
                    let Some((_, rounds)) = loops.iter().find(|it| it.0 == name) else { return };
                    if made.len() * rounds.len() > ROUNDS_MAX {
                        return;
                    }
                    let mut longer = Vec::new();
                    for (text, from) in &made {
                        for round in rounds {
                            let mut from = from.clone();
                            from.push(round);
                            longer.push((format!("{text}{}", round.0), from));
                        }
                    }
                    made = longer;
                }
            }
        }
        let mut found: Vec<Diagnostic> = Vec::new();
        for (name, from) in &made {
            if self.package(&Name::from(name.as_str())).is_some() {
                continue;
            }
            let mut near = nearest(name, self.db.stems());
            near.retain(|it| self.db.package(it).is_some());
            let message = format!("there is no package `{name}`{}", did_you_mean(&near));
            if found.iter().any(|it| it.message == message) {
                continue;
            }
            let mut diagnostic = self.at_expr(Code::UnknownPackage, *expr, message);
            for (text, at) in from {
                let label = format!("from `{text}`");
                diagnostic = diagnostic.label(self.file, self.range(*at), label);
            }
            // A text that a near name differs in alone is written anew.
            if let ([(text, at)], [near, ..]) = (&from[..], &near[..])
                && plain_text(self.expr_ref(*at)).is_some()
                && let Some((before, after)) = name.split_once(text.as_str())
                && let Some(rest) = near.strip_prefix(before).and_then(|it| it.strip_suffix(after))
            {
                let text = format!("\"{rest}\"");
                diagnostic =
                    diagnostic.fix_at(format!("write `{text}`"), self.file, self.range(*at), text);
            }
            found.push(diagnostic);
        }
        found.into_iter().for_each(|it| self.report(it));
    }

    fn reads_local(&self, cond: ExprId) -> bool {
        let mut found = false;
        self.module().walk(cond, &mut |it| found |= matches!(self.res[it.index()], Res::Local(_)));
        found
    }

    /// The values that a list or a set has, if all of them are written down as texts, numbers, or
    /// values of an enum.
    fn rounds(&self, list: ExprId, depth: u32) -> Option<Vec<Round>> {
        match &self.res[list.index()] {
            Res::Let(at, index) if at.file == self.file && depth < 8 => {
                let decl = &self.module().bodies[at.body].options[*index as usize];
                return self.rounds(decl.default?, depth + 1);
            }
            Res::None => {}
            _ => return None,
        }
        let (Expr::List(elements) | Expr::Set(elements)) = self.expr_ref(list) else { return None };
        let round = |it: &Element| match it {
            Element::Expr(expr) => Some((self.written(*expr)?, *expr)),
            Element::Spread(_) | Element::Entry(..) | Element::For(_) | Element::When(..) => None,
        };
        elements.iter().map(round).collect()
    }

    fn written(&self, expr: ExprId) -> Option<String> {
        match (&self.res[expr.index()], self.expr_ref(expr)) {
            (Res::Value(of, at), _) => word_in_text(self.db, of, *at),
            (Res::None, Expr::Int(number)) => Some(number.to_string()),
            (Res::None, of) => plain_text(of).map(String::from),
            _ => None,
        }
    }
}

/// What a value of an enum is in a text.
fn word_in_text(db: &Database, of: &EnumTy, at: u32) -> Option<String> {
    let module = &db.lowered(of.file).module;
    let value = module.enums[of.id].values.get(at as usize)?;
    match value.text {
        Some(text) => plain_text(&module.exprs[text]).map(String::from),
        None => Some(of.values[at as usize].to_string()),
    }
}
