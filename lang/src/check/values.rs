//! Bare words and literals where a value of an enum, a version or a number is expected.

use std::sync::Arc;

use super::constants::holds;
use super::{Checker, Res};
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{Expr, ExprId, Name};
use crate::nearest::{did_you_mean, list, nearest};
use crate::types::{EnumTy, Predicate, Ranges, Ty, show_duration, show_intervals, show_size};
use crate::version::{Version, VersionBound};

/// How many values an enum may have for all of them to be listed in a message.
const VALUES_LISTED_MAX: usize = 12;

impl Checker<'_> {
    /// The value that a literal, not being a word, stands for where a value of `ty` is expected.
    pub(super) fn literal_value(&mut self, expr: ExprId, ty: &EnumTy) -> Option<u32> {
        let text = match self.expr_ref(expr) {
            Expr::Int(number) => number.to_string(),
            Expr::Version(text) => text.to_string(),
            Expr::Str(_) => crate::schema::plain_text(self.expr_ref(expr))?.into_string(),
            _ => return None,
        };
        ty.position(&text)
    }

    /// The value that `name` once was the name of; says so.
    pub(super) fn former_value(&mut self, expr: ExprId, name: &str, ty: &EnumTy) -> Option<u32> {
        if !ty.has_history {
            return None;
        }
        let env = self.db.env(ty.file);
        let module = env.module();
        let (at, since) =
            module.enums[ty.id].values.iter().enumerate().find_map(|(at, value)| {
                value.attrs.iter().filter(|it| it.ident.name == "renamed").find_map(|attr| {
                    let arg = |name: &str| {
                        let arg = attr
                            .args
                            .iter()
                            .find(|it| it.name.as_ref().is_some_and(|it| it.name == name))?;
                        crate::schema::version_text(&module.exprs[arg.value])
                    };
                    (arg("from")? == name).then(|| (at, arg("since")))
                })
            })?;
        let now = ty.values[at].clone();
        let since = since.map_or(String::new(), |it| format!(" since {it}"));
        let decl = env.lowered.map.span(module.enums[ty.id].values[at].ident.span);
        let mut diagnostic = self
            .at_expr(Code::RenamedOption, expr, format!("`{name}` is called `{now}`{since}"))
            .label(ty.file, decl, "declared here");
        // A value that is written `.value` or `"value"` keeps its form.
        if self.db.text(self.file)[self.range(expr)] == *name {
            let now = as_value(&now);
            diagnostic = diagnostic.fix(format!("write `{now}`"), now);
        }
        self.report(diagnostic);
        Some(at as u32)
    }

    /// Says that a value is not to be used any more.
    fn value_history(&mut self, expr: ExprId, ty: &EnumTy, at: u32) {
        // Where it is declared it may still be dealt with.
        if ty.file == self.file {
            return;
        }
        let env = self.db.env(ty.file);
        let module = env.module();
        let value = &module.enums[ty.id].values[at as usize];
        for attr in &value.attrs {
            let why = attr
                .args
                .iter()
                .filter(|it| it.name.is_none())
                .find_map(|it| crate::schema::plain_text(&module.exprs[it.value]));
            let since = attr
                .args
                .iter()
                .find(|it| it.name.as_ref().is_some_and(|it| it.name == "in"))
                .and_then(|it| crate::schema::version_text(&module.exprs[it.value]))
                .map_or(String::new(), |it| format!(" since {it}"));
            let (code, message) = match attr.ident.name.as_str() {
                "deprecated" => (
                    Code::Deprecated,
                    format!(
                        "`{}` should not be used any more: {}",
                        value.ident.name,
                        why.as_deref().unwrap_or("it is going away")
                    ),
                ),
                "removed" => (
                    Code::RemovedOption,
                    format!(
                        "`{}` is gone{since}: {}",
                        value.ident.name,
                        why.as_deref().unwrap_or("it is not supported any more")
                    ),
                ),
                _ => continue,
            };
            let place = env.lowered.map.span(value.ident.span);
            self.report(self.at_expr(code, expr, message).label(ty.file, place, "declared here"));
        }
    }

    /// Reports that `name` is no value of `ty`.
    pub(super) fn unknown_value(&mut self, expr: ExprId, name: &str, ty: &EnumTy) {
        let diagnostic = self.unknown_value_at(self.range(expr), name, ty);
        self.report(diagnostic);
    }

    pub(super) fn unknown_value_at(
        &self,
        range: text_size::TextRange,
        name: &str,
        ty: &EnumTy,
    ) -> Diagnostic {
        let near = nearest(name, ty.values.iter().map(|it| it.as_str()));
        let what = match (&ty.name, self.option_of_enum(ty)) {
            (Some(enum_name), _) => format!("no `{enum_name}` is called `{name}`"),
            (None, Some(option)) => format!("`{option}` has no value `{name}`"),
            (None, None) => format!("there is no value `{name}`"),
        };
        let message = format!("{what}{}", did_you_mean(&near));
        let mut diagnostic = Diagnostic::new(Code::UnknownValue, self.file, range, message);
        let decl = self.db.env(ty.file);
        let place = &decl.module().enums[ty.id];
        let place = place.name.as_ref().map_or(place.span, |it| it.span);
        diagnostic = diagnostic.label(
            ty.file,
            decl.lowered.map.span(place),
            match ty.values.len() {
                0 => "this enum has no values".to_owned(),
                1 => format!("the only value is `{}`", ty.values[0]),
                count => format!("{count} values are declared here"),
            },
        );
        if let Some(group) = ty.groups.iter().find(|it| it.0 == name) {
            let members: Vec<&str> =
                group.1.iter().take(3).map(|it| ty.values[*it as usize].as_str()).collect();
            let more = if group.1.len() > 3 { ", …" } else { "" };
            diagnostic.message = format!("`{name}` is a group of values, not a value");
            diagnostic = diagnostic
                .help(format!("`..{name}` stands for its values: {}{more}", members.join(", ")));
            return match self.spread_of(range, name) {
                Some(text) => diagnostic.fix(format!("write `{text}`"), text),
                None => diagnostic,
            };
        }
        for near in &near {
            let near = as_value(near);
            diagnostic = diagnostic.fix(format!("write `{near}`"), near);
        }
        if near.is_empty() && ty.values.len() <= VALUES_LISTED_MAX {
            diagnostic = diagnostic.help(format!("there are {}", list(&ty.values, "and")));
        }
        // Never the whole list of a large enum: some have hundreds of values.
        diagnostic
    }

    /// How the values of a group are written at a place where its bare name stands.
    fn spread_of(&self, range: text_size::TextRange, name: &str) -> Option<String> {
        let text = self.db.text(self.file);
        let before = text[..usize::from(range.start())].trim_end();
        match before.chars().last()? {
            '{' | ',' => Some(format!("..{name}")),
            '=' | '+' | '-' if !before.ends_with("==") && !before.ends_with("!=") => {
                Some(format!("{{..{name}}}"))
            }
            _ => None,
        }
    }

    /// The option whose type an enum without a name is.
    fn option_of_enum(&self, ty: &EnumTy) -> Option<Name> {
        let schema =
            if ty.file == self.file { self.schema.clone() } else { self.db.schema(ty.file) };
        let tables = std::iter::once(&schema.table).chain(schema.mixins.iter().map(|it| &it.2));
        tables
            .flat_map(|it| &it.options)
            .find(|it| it.ty.words() == Some(ty))
            .map(|it| it.name.clone())
    }

    /// Checks a constant number against the ranges of the type that is expected of it.
    pub(super) fn in_range(&mut self, expr: ExprId, number: i64, ty: &Ty) {
        let (ranges, show): (&Ranges, fn(i64) -> String) = match ty.without_opt() {
            Ty::Int(ranges) => (ranges, |it| it.to_string()),
            Ty::Size(ranges) => (ranges, show_size),
            Ty::Duration(ranges) => (ranges, show_duration),
            _ => return,
        };
        if ranges.contains(number) {
            if let Some(predicate) = &ranges.predicate
                && self.holds(predicate, number) == Some(false)
            {
                let message = match predicate.message.strip_prefix("must be ") {
                    Some(what) => format!("expected {what}, found {}", show(number)),
                    None => format!("{} is not allowed: {}", show(number), predicate.message),
                };
                let place = self.db.expr_range(predicate.file, predicate.cond);
                let diagnostic = self.at_expr(Code::OutOfRange, expr, message).label(
                    predicate.file,
                    place,
                    "this does not hold for it",
                );
                self.report(diagnostic);
            }
            return;
        }
        let Some(intervals) = &ranges.intervals else { return };
        let message =
            format!("expected {}, found {}", show_intervals(intervals, show), show(number));
        let nearest = intervals
            .iter()
            .flat_map(|it| [it.0, it.1])
            .filter(|it| *it != i64::MIN && *it != i64::MAX)
            .min_by_key(|it| it.abs_diff(number));
        let mut diagnostic = self.at_expr(Code::OutOfRange, expr, message);
        // Which of the numbers in range a predicate takes is not known here.
        if let Some(nearest) = nearest.filter(|_| ranges.predicate.is_none()) {
            let text = show(nearest);
            diagnostic = diagnostic.fix(format!("write `{text}`, the nearest"), text);
        }
        self.report(diagnostic);
    }

    /// Whether a predicate holds for a number; `None` if that cannot be said yet.
    fn holds(&self, predicate: &Predicate, number: i64) -> Option<bool> {
        let lowered = self.db.lowered(predicate.file);
        holds(&lowered.module, predicate.cond, number)
    }

    /// Checks a constant text against the pattern of the type that is expected of it.
    pub(super) fn in_pattern(&mut self, expr: ExprId, text: &str, pattern: &Arc<str>) {
        let compiled = self
            .patterns
            .entry(pattern.clone())
            .or_insert_with(|| crate::pattern::Pattern::new(pattern).ok());
        if compiled.as_ref().is_some_and(|it| !it.matches(text)) {
            let message = format!("expected a text like `/{pattern}/`, found {text:?}");
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
            Expr::Version(text) => Some(VersionBound::Exact(Version::new(&**text))),
            Expr::Str(_) => {
                let text = crate::schema::plain_text(self.expr_ref(expr))?;
                // Versions that are no digits with points have series, too.
                Some(match text.strip_suffix(".*").filter(|it| !it.is_empty()) {
                    Some(stem) => VersionBound::Series(Version::new(stem)),
                    None => VersionBound::Exact(Version::new(text)),
                })
            }
            _ => None,
        }
    }

    /// Writes down that an expression is a value of an enum.
    pub(super) fn set_value(&mut self, expr: ExprId, ty: &EnumTy, at: u32) -> Ty {
        if ty.has_history {
            self.value_history(expr, ty, at);
        }
        self.set(expr, Res::Value(ty.clone(), at), Ty::Enum(ty.clone()))
    }
}

/// A value of an enum as files write it: what is no word stands in quotes.
fn as_value(value: &str) -> String {
    let is_word = value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if is_word { value.to_owned() } else { crate::syntax::quote(value) }
}
