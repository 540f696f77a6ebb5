//! `match`, and whether it says what happens for every value.

use super::declarations::some;
use super::{Checker, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{ExprId, MatchArm};
use crate::types::{Ranges, Ty};

impl<'a> Checker<'a> {
    pub(super) fn match_(
        &mut self,
        expr: ExprId,
        of: ExprId,
        arms: &'a [MatchArm],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        let subject = self.infer(of, scope);
        let mut result = expected.cloned();
        let mut seen: Vec<u32> = Vec::new();
        let mut has_else = false;
        for arm in arms {
            match &arm.patterns {
                None => has_else = true,
                Some(patterns) => {
                    for pattern in patterns {
                        self.expect(*pattern, &subject, scope);
                        if let Res::Value(_, at) = self.res[pattern.index()] {
                            if seen.contains(&at) {
                                let diagnostic = self
                                    .at_expr(
                                        Code::BadDeclaration,
                                        *pattern,
                                        "an arm above takes this value",
                                    )
                                    .help("remove it here or there");
                                self.report(diagnostic);
                            }
                            seen.push(at);
                        }
                    }
                }
            }
            result = Some(match &result {
                Some(ty) => {
                    let ty = ty.clone();
                    self.expect(arm.value, &ty, scope);
                    ty
                }
                None => self.infer(arm.value, scope),
            });
        }
        if !has_else {
            self.exhaustive(expr, &subject, &seen, arms);
        }
        self.set(expr, Res::None, result.unwrap_or(Ty::Error))
    }

    fn exhaustive(&mut self, expr: ExprId, subject: &Ty, seen: &[u32], arms: &[MatchArm]) {
        let missing: Vec<String> = match subject {
            Ty::Enum(of) => (0..of.values.len() as u32)
                .filter(|it| !seen.contains(it))
                .map(|it| of.values[it as usize].to_string())
                .collect(),
            Ty::Bool => {
                let has = |wanted: bool| {
                    arms.iter().flat_map(|it| it.patterns.iter().flatten()).any(
                        |it| matches!(self.res[it.index()], Res::Bool(found) if found == wanted),
                    )
                };
                [(true, "on"), (false, "off")]
                    .into_iter()
                    .filter(|it| !has(it.0))
                    .map(|it| it.1.to_owned())
                    .collect()
            }
            Ty::Error => return,
            Ty::Int(ranges) => match self.covered(ranges, arms) {
                true => return,
                false => vec!["other numbers".to_owned()],
            },
            other => vec![format!("any other value than these ({})", other.a())],
        };
        if missing.is_empty() {
            return;
        }
        let is_listed = matches!(subject, Ty::Enum(_) | Ty::Bool);
        let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
        let shown = if is_listed { some(&missing) } else { missing.join(", ") };
        let diagnostic = self
            .at_expr(
                Code::MissingArm,
                expr,
                format!("this `match` does not say what happens for {shown}"),
            )
            .help(if is_listed {
                "add an arm for each, or `else => …` for all that are not named"
            } else {
                "add `else => …`"
            });
        self.report(diagnostic);
    }

    /// Whether arms of numbers name every number of a small range.
    fn covered(&self, ranges: &Ranges, arms: &[MatchArm]) -> bool {
        let Some(intervals) = &ranges.intervals else { return false };
        let numbers: Vec<i64> = arms
            .iter()
            .flat_map(|it| it.patterns.iter().flatten())
            .filter_map(|it| self.constant_number(*it))
            .collect();
        let count: i128 = intervals.iter().map(|it| i128::from(it.1) - i128::from(it.0) + 1).sum();
        count <= numbers.len() as i128
            && intervals.iter().all(|&(lo, hi)| (lo..=hi).all(|it| numbers.contains(&it)))
    }
}
