//! `match`, and whether it says what happens for every value.

use super::{Checker, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{ExprId, MatchArm};
use crate::nearest::list;
use crate::types::Ty;

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
            _ => vec!["else".to_owned()],
        };
        if missing.is_empty() {
            return;
        }
        let shown: Vec<&String> = missing.iter().take(5).collect();
        let more = if missing.len() > 5 {
            format!(" and {} more", missing.len() - 5)
        } else {
            String::new()
        };
        let message = format!("this does not say what happens for {}{more}", list(&shown, "and"));
        let diagnostic = self
            .at_expr(Code::MissingArm, expr, message)
            .help("add an arm for each, or `else => …` for all that are not named");
        self.report(diagnostic);
    }
}
