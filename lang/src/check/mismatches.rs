//! Values of another type than is expected, and values that have no text.

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{Element, Expr, ExprId};
use crate::types::{Ranges, Ty};

impl<'a> Checker<'a> {
    pub(super) fn mismatch(&mut self, expr: ExprId, found: &Ty, expected: &Ty) {
        let source = self.db.text(self.file)[self.range(expr)].to_owned();
        let mut diagnostic = self.at_expr(
            Code::TypeMismatch,
            expr,
            format!("expected {}, found {}", expected.a(), found.a()),
        );
        match (found, expected.without_opt()) {
            (Ty::Opt(of), wanted) if of.fits(wanted) => {
                diagnostic.message = format!("expected {}, found {}", expected.a(), found.a());
                diagnostic = diagnostic.help("say what to take in place of `null`, with `.or(…)`");
            }
            (Ty::Int(_), Ty::Size(ranges)) => {
                diagnostic = diagnostic.help("a size has a unit: B, KiB, MiB, GiB or TiB");
                diagnostic = self.with_unit(diagnostic, expr, ranges, "B", 1);
            }
            (Ty::Int(_), Ty::Duration(ranges)) => {
                diagnostic = diagnostic.help("a duration has a unit: ns, us, ms, s, min, h or d");
                diagnostic = self.with_unit(diagnostic, expr, ranges, "s", 1_000_000_000);
            }
            (Ty::Version, Ty::Size(_)) => {
                diagnostic = diagnostic.help("a size has a unit: B, KiB, MiB, GiB or TiB");
                if let Some(text) = crate::units::meant(&source, true) {
                    diagnostic = diagnostic.fix(format!("write `{text}`"), text);
                }
            }
            (Ty::Version, Ty::Duration(_)) => {
                diagnostic = diagnostic.help("a duration has a unit: ns, us, ms, s, min, h or d");
                if let Some(text) = crate::units::meant(&source, false) {
                    diagnostic = diagnostic.fix(format!("write `{text}`"), text);
                }
            }
            (Ty::Int(_) | Ty::Version | Ty::Bool, Ty::String(_) | Ty::Path) => {
                let quoted = match self.expr_ref(expr) {
                    Expr::Int(_) | Expr::Version(_) => Some(crate::syntax::quote(&source)),
                    // What is on or off has no text of its own.
                    _ if *found == Ty::Bool => None,
                    _ => Some(format!("\"\\({source})\"")),
                };
                if let Some(quoted) = quoted {
                    diagnostic = diagnostic.fix(format!("write `{quoted}`"), quoted);
                }
            }
            (Ty::String(_), Ty::Int(_)) => {
                let number = crate::schema::plain_text(self.expr_ref(expr))
                    .filter(|it| it.parse::<i64>().is_ok());
                if let Some(number) = number {
                    diagnostic = diagnostic
                        .help("numbers stand without quotes")
                        .fix(format!("write `{number}`"), number);
                }
            }
            (Ty::String(_), Ty::Bool) => {
                let text = crate::schema::plain_text(self.expr_ref(expr)).unwrap_or_default();
                let word = match &*text {
                    "off" | "no" | "false" | "0" => Some("off"),
                    "on" | "yes" | "true" | "1" => Some("on"),
                    _ => None,
                };
                if let Some(word) = word {
                    diagnostic = diagnostic.fix(format!("write `{word}`"), word);
                }
            }
            (Ty::Int(_), Ty::Bool) => {
                let word = match self.expr_ref(expr) {
                    Expr::Int(0) => Some("off"),
                    Expr::Int(1) => Some("on"),
                    _ => None,
                };
                diagnostic = match word {
                    Some(word) => diagnostic.fix(format!("write `{word}`"), word),
                    None if matches!(self.expr_ref(expr), Expr::Int(_)) => diagnostic,
                    None => {
                        diagnostic.help(format!("a condition asks something, as in `{source} > 1`"))
                    }
                };
            }
            (Ty::Enum(_) | Ty::Version, Ty::Bool) => {
                diagnostic =
                    diagnostic.help(format!("a condition asks something, as in `{source} == …`"));
            }
            (Ty::Set(_), Ty::Bool) => {
                diagnostic =
                    diagnostic.help(format!("a condition asks something, as in `{source} has …`"));
            }
            (found, Ty::List(of)) if found.fits(of) => {
                diagnostic = diagnostic
                    .help("a list stands in square brackets")
                    .fix(format!("write `[{source}]`"), format!("[{source}]"));
            }
            (Ty::Set(_), Ty::Enum(_)) => {
                diagnostic.message = "expected one value, found a set".to_owned();
                if let Expr::Set(elements) = self.expr_ref(expr) {
                    diagnostic = self.with_only(diagnostic, elements);
                }
            }
            (Ty::String(_), Ty::Source) => {
                diagnostic = diagnostic.help("a source is made by `fetch(\"https://…\", sha256 = \"…\")` or `dir(\"folder\")`");
            }
            (Ty::File, Ty::Source) => {
                diagnostic = diagnostic
                    .help("a source is a folder: `dir(\"folder\")`, or what `fetch(…)` unpacks")
                    .help("a step puts a file where it belongs: `cp \\(file(\"name\")) name`");
            }
            (Ty::String(_), Ty::File) => {
                let text = crate::schema::plain_text(self.expr_ref(expr)).unwrap_or_default();
                let path = crate::env::resolve(&self.db.path(self.file), &text);
                let with_file = format!("file({source})");
                diagnostic = match self.db.world().read(&path) {
                    Ok(_) => diagnostic.fix(format!("write `{with_file}`"), with_file),
                    Err(_) => {
                        diagnostic.help(format!("a file beside this one is named by `{with_file}`"))
                    }
                };
            }
            (Ty::Script, Ty::String(_)) => {
                diagnostic = diagnostic
                    .help("shell text is for steps; a plain text has no `sh` before its quotes");
            }
            _ => {}
        }
        self.report(diagnostic);
    }

    /// Offers the element of a literal that has just one.
    pub(super) fn with_only(&self, diagnostic: Diagnostic, elements: &[Element]) -> Diagnostic {
        let [Element::Expr(only)] = elements else { return diagnostic };
        let only = self.db.text(self.file)[self.range(*only)].to_owned();
        diagnostic.fix(format!("write `{only}`"), only)
    }

    /// Offers a number with a unit, if that is allowed.
    fn with_unit(
        &self,
        diagnostic: Diagnostic,
        expr: ExprId,
        ranges: &Ranges,
        unit: &str,
        factor: i64,
    ) -> Diagnostic {
        match self.expr_ref(expr) {
            Expr::Int(number)
                if number.checked_mul(factor).is_some_and(|it| ranges.contains(it)) =>
            {
                let text = format!("{number} {unit}");
                diagnostic.fix(format!("write `{text}`"), text)
            }
            _ => diagnostic,
        }
    }

    /// Whether a value of `ty` has one obvious text.
    pub(super) fn is_textual(&self, ty: &Ty) -> bool {
        matches!(
            ty,
            Ty::String(_)
                | Ty::Path
                | Ty::Int(_)
                | Ty::Version
                | Ty::Enum(_)
                | Ty::Dep
                | Ty::File
                | Ty::Error
        )
    }

    pub(super) fn interpolated(&mut self, expr: ExprId, ty: &Ty, shell: bool) {
        let ok = match ty {
            Ty::Script => shell,
            Ty::List(of) => shell && (self.is_textual(of) || **of == Ty::Script),
            Ty::Set(_) | Ty::Empty => shell,
            other => self.is_textual(other),
        };
        if ok {
            return;
        }
        let message = format!("{} has no text of its own", ty.a());
        let source = self.db.text(self.file)[self.range(expr)].to_owned();
        let mut diagnostic = self.at_expr(Code::TypeMismatch, expr, message);
        diagnostic = match ty {
            Ty::Opt(_) => diagnostic.help("it may be `null`; say what to take then, with `.or(…)`"),
            Ty::Bool => diagnostic
                .help(format!("say what to write: `if {source} then \"yes\" else \"no\"`")),
            Ty::List(_) | Ty::Set(_) => {
                diagnostic.help(format!("join its elements, as in `{source}.join(\" \")`"))
            }
            Ty::Size(_) => diagnostic.help(format!("say in which unit, as in `{source}.bytes`")),
            Ty::Duration(_) => {
                diagnostic.help(format!("say in which unit, as in `{source}.seconds`"))
            }
            Ty::Script => diagnostic.help("shell text goes into shell text only: `sh\"…\"`"),
            _ => diagnostic,
        };
        self.report(diagnostic);
    }
}
