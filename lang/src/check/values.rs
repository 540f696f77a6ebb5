//! Bare words and literals where a value of an enum, a version or a number is expected.

use super::{Checker, Res};
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{Expr, ExprId, Unit};
use crate::nearest::{did_you_mean, list, nearest};
use crate::types::{EnumTy, Ranges, Ty, show_duration, show_intervals, show_size};
use crate::version::{Version, VersionBound};

/// How many values an enum may have for all of them to be listed in a message.
const VALUES_LISTED_MAX: usize = 12;

impl Checker<'_> {
    /// The value that a literal, not being a word, stands for where a value of `ty` is expected.
    pub(super) fn literal_value(&mut self, expr: ExprId, ty: &EnumTy) -> Option<u32> {
        let text = match self.expr_ref(expr) {
            Expr::Int(number) => number.to_string(),
            Expr::Version(text) => text.to_string(),
            Expr::Str { shell: false, .. } => {
                crate::schema::plain_text(self.expr_ref(expr))?.into_string()
            }
            _ => return None,
        };
        ty.position(&text)
    }

    /// Reports that `name` is no value of `ty`.
    pub(super) fn unknown_value(&mut self, expr: ExprId, name: &str, ty: &EnumTy) {
        let diagnostic = self.unknown_value_at(self.range(expr), name, ty);
        self.report(diagnostic);
    }

    pub(super) fn unknown_value_at(
        &self,
        range: rowan::TextRange,
        name: &str,
        ty: &EnumTy,
    ) -> Diagnostic {
        let near = nearest(name, ty.values.iter().map(|it| it.as_str()));
        let what = match &ty.name {
            Some(enum_name) => format!("no {enum_name}"),
            None => "no value".to_owned(),
        };
        let message = format!("there is {what} called `{name}`{}", did_you_mean(&near));
        let mut diagnostic = Diagnostic::new(Code::UnknownValue, self.file, range, message);
        let decl = self.db.env(ty.file);
        let place = &decl.module().enums[ty.id];
        diagnostic = diagnostic.label(
            ty.file,
            decl.lowered.map.span(place.span),
            format!("{} values are declared here", ty.values.len()),
        );
        if let Some(group) = ty.groups.iter().find(|it| it.0 == name) {
            let members: Vec<&str> =
                group.1.iter().take(3).map(|it| ty.values[*it as usize].as_str()).collect();
            let more = if group.1.len() > 3 { ", …" } else { "" };
            diagnostic.message = format!("`{name}` is a group of values, not a value");
            return diagnostic
                .help(format!("`..{name}` stands for its values: {}{more}", members.join(", ")))
                .fix(format!("write `{{..{name}}}`"), format!("{{..{name}}}"));
        }
        for near in &near {
            diagnostic = diagnostic.fix(format!("write `{near}`"), *near);
        }
        if near.is_empty() && ty.values.len() <= VALUES_LISTED_MAX {
            diagnostic = diagnostic.help(format!("there are {}", list(&ty.values, "and")));
        } else if ty.values.len() > VALUES_LISTED_MAX {
            // Never the whole list: some enums have hundreds of values.
            diagnostic = diagnostic.help(format!("it has {} values in all", ty.values.len()));
        }
        diagnostic
    }

    /// Checks a constant number against the ranges of the type that is expected of it.
    pub(super) fn in_range(&mut self, expr: ExprId, number: i64, ty: &Ty) {
        let (ranges, show): (&Ranges, fn(i64) -> String) = match ty.without_opt() {
            Ty::Int(ranges) => (ranges, |it| it.to_string()),
            Ty::Size(ranges) => (ranges, show_size),
            Ty::Duration(ranges) => (ranges, show_duration),
            _ => return,
        };
        let Some(intervals) = &ranges.intervals else { return };
        if ranges.contains(number) {
            return;
        }
        let message = format!(
            "{} is not allowed here: it must be {}",
            show(number),
            show_intervals(intervals, show)
        );
        let nearest = intervals
            .iter()
            .flat_map(|it| [it.0, it.1])
            .filter(|it| *it != i64::MIN && *it != i64::MAX)
            .min_by_key(|it| it.abs_diff(number));
        let mut diagnostic = self.at_expr(Code::OutOfRange, expr, message);
        if let Some(nearest) = nearest {
            let text = show(nearest);
            diagnostic = diagnostic.fix(format!("write `{text}`, the nearest"), text);
        }
        self.report(diagnostic);
    }

    /// Checks a constant text against the pattern of the type that is expected of it.
    pub(super) fn in_pattern(&mut self, expr: ExprId, text: &str, pattern: &str) {
        let Ok(compiled) = crate::pattern::Pattern::new(pattern) else { return };
        if !compiled.matches(text) {
            let message = format!("this text does not follow `/{pattern}/`");
            let diagnostic = self
                .at_expr(Code::OutOfRange, expr, message)
                .help("the whole text must follow the pattern");
            self.report(diagnostic);
        }
    }

    /// What a literal or word means where a version is expected.
    pub(super) fn version_value(&self, expr: ExprId) -> Option<VersionBound> {
        match self.expr_ref(expr) {
            Expr::Series(text) => {
                let stem = text.strip_suffix(".*").unwrap_or(text);
                Some(VersionBound::Series(Version::new(stem)))
            }
            // The number as it is written: `007` is not 7.
            Expr::Int(number) if *number >= 0 => {
                let text = self.db.text(self.file);
                Some(VersionBound::Exact(Version::new(&text[self.range(expr)])))
            }
            Expr::Version(text) => Some(VersionBound::Exact(Version::new(text))),
            Expr::Str { shell: false, .. } => {
                let text = crate::schema::plain_text(self.expr_ref(expr))?;
                Some(VersionBound::Exact(Version::new(text)))
            }
            _ => None,
        }
    }

    /// The number of a quantity, in bytes or nanoseconds.
    pub(super) fn quantity(number: i64, unit: Unit) -> (i64, bool) {
        match unit {
            Unit::Bytes(factor) => (number.saturating_mul(factor), true),
            Unit::Nanoseconds(factor) => (number.saturating_mul(factor), false),
        }
    }

    /// Writes down that an expression is a value of an enum.
    pub(super) fn set_value(&mut self, expr: ExprId, ty: &EnumTy, at: u32) -> Ty {
        self.set(expr, Res::Value(ty.clone(), at), Ty::Enum(ty.clone()))
    }
}
