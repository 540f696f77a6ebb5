//! Settings of options that have no effect, as far as that is known before anything is solved: by
//! the defaults of the recipe and the other settings of the same file.

use super::constants::{Const, Facts, as_set};
use super::{Checker, Res};
use crate::diagnostic::Code;
use crate::module::{BinaryOp, Expr, ExprId, Ident, Name, OptionKind, Setting, SettingOp};
use crate::nearest::list;
use crate::schema::{OptionSchema, Schema};

/// How many ways to give an option an effect are offered.
const WAYS_MAX: usize = 2;

/// A setting of a package, without the package's name.
type Placed<'a> = (Name, &'a Setting, Vec<Ident>);

impl<'a> Checker<'a> {
    /// Warns of settings whose option has an effect only under a condition that does not hold.
    pub(super) fn effects(&mut self, settings: &[Placed<'a>]) {
        for (package, setting, path) in settings {
            let [name] = &path[..] else { continue };
            let Some(schema) = self.package(package) else { continue };
            let Some(option) = schema.table.get(&name.name) else { continue };
            let (Some(when), true) = (option.when, setting.guard.is_none()) else { continue };
            let checked = self.db.checked(option.at.file);
            let facts =
                Facts { module: checked.module(), res: &checked.res, types: &checked.types };
            let own: Vec<&Placed<'a>> = settings.iter().filter(|it| it.0 == *package).collect();
            let value = |name: &Name| self.value_here(&schema, name, &own);
            if facts.holds(when, &value) != Some(false) {
                continue;
            }
            self.no_effect(setting, option, when, &schema, &own);
        }
    }

    fn no_effect(
        &mut self,
        setting: &'a Setting,
        option: &OptionSchema,
        when: ExprId,
        schema: &Schema,
        own: &[&Placed<'a>],
    ) {
        let file = option.at.file;
        let range = self.db.expr_range(file, when);
        let condition = self.db.text(file)[range].to_owned();
        let (why, ways) = self.ways(file, when);
        let why = why.unwrap_or_else(|| format!("`{condition}` does not hold"));
        let mut diagnostic = self
            .at_span(
                Code::NoEffect,
                setting.span,
                format!("`{}` has no effect: {why}", option.name),
            )
            .label(file, range, "it has an effect only under this condition")
            .help("that is so by the defaults and this file; another layer may change it");
        let text = self.db.text(self.file);
        let whole = self.span(setting.span);
        let (start, value) = (whole.start(), self.range(setting.value).start());
        let head = &text[text_size::TextRange::new(start, value.max(start))];
        let prefix = head.rfind(option.name.as_str()).map_or("", |it| &head[..it]);
        let line = &text[..usize::from(whole.start())];
        let indent = &line[line.rfind('\n').map_or(0, |it| it + 1)..];
        let separator = if self.is_in_brackets(whole) {
            ", ".to_owned()
        } else if indent.trim().is_empty() {
            format!("\n{indent}")
        } else {
            "; ".to_owned()
        };
        for (name, op, value) in ways.into_iter().take(WAYS_MAX) {
            let is_set_here = own.iter().any(|it| {
                it.2.len() == 1
                    && it.2[0].name == name
                    && (it.1.op == SettingOp::Set
                        || it.1.guard.is_some()
                        // Beside what takes it away, it would contradict that.
                        || it.1.op == SettingOp::Remove && op == SettingOp::Add)
            });
            if is_set_here || schema.table.get(&name).is_none() {
                continue;
            }
            let way = format!("{name} {op} {value}");
            diagnostic = diagnostic.fix_at(
                format!("add `{way}`"),
                self.file,
                text_size::TextRange::empty(whole.end()),
                format!("{separator}{prefix}{way}"),
            );
        }
        self.report(diagnostic);
    }

    /// Why a simple condition does not hold, and settings that would make it hold.
    fn ways(
        &self,
        file: crate::database::FileId,
        when: ExprId,
    ) -> (Option<String>, Vec<(Name, SettingOp, String)>) {
        let checked = self.db.checked(file);
        let module = checked.module();
        let facts = Facts { module, res: &checked.res, types: &checked.types };
        if let Res::Option(name) = checked.res(when) {
            let why = format!("`{name}` is off");
            return (Some(why), vec![(name.clone(), SettingOp::Set, "on".to_owned())]);
        }
        let Expr::Binary { op, lhs, rhs } = &module.exprs[when] else { return (None, Vec::new()) };
        let Res::Option(name) = checked.res(*lhs) else { return (None, Vec::new()) };
        let Some(words) = checked.types[lhs.index()].words().cloned() else {
            return (None, Vec::new());
        };
        let values = facts.constant(*rhs).and_then(as_set).unwrap_or_default();
        let names: Vec<&str> =
            values.iter().map(|it| words.values[*it as usize].as_str()).collect();
        match op {
            BinaryOp::Has | BinaryOp::HasAny if names.len() == 1 => (
                Some(format!("`{name}` does not have `{}`", names[0])),
                vec![(name.clone(), SettingOp::Add, names[0].to_owned())],
            ),
            BinaryOp::HasAny => (
                Some(format!("`{name}` has none of {}", list(&names, "and"))),
                names.iter().map(|it| (name.clone(), SettingOp::Add, (*it).to_owned())).collect(),
            ),
            BinaryOp::Eq if names.len() == 1 => (
                Some(format!("`{name}` is not `{}`", names[0])),
                vec![(name.clone(), SettingOp::Set, names[0].to_owned())],
            ),
            _ => (None, Vec::new()),
        }
    }

    /// The value that an option has by its default and the settings of this file, if it is known.
    fn value_here(&self, schema: &Schema, name: &Name, own: &[&Placed<'a>]) -> Option<Const> {
        let option = schema.table.get(name)?;
        if option.kind == OptionKind::Let {
            return None;
        }
        // What a layer below says is not known here.
        if crate::layers::sets_below(self.db, self.file, schema, name) {
            return None;
        }
        let mut value = self.default_of(option);
        for (_, setting, path) in own {
            if !matches!(&path[..], [first] if first.name == *name) {
                continue;
            }
            if setting.guard.is_some() {
                return None;
            }
            let given = self.constant(setting.value);
            value = match setting.op {
                SettingOp::Set => given,
                SettingOp::Add | SettingOp::Remove => {
                    let (mut values, given) = (as_set(value?)?, as_set(given?)?);
                    if setting.op == SettingOp::Add {
                        values.extend(given);
                    } else {
                        values.retain(|it| !given.contains(it));
                    }
                    Some(Const::Set(values))
                }
            };
        }
        value
    }
}

impl Facts<'_> {
    /// Whether a condition holds under these values of options; `None` if that is not known.
    fn holds(&self, cond: ExprId, value: &dyn Fn(&Name) -> Option<Const>) -> Option<bool> {
        match &self.module.exprs[cond] {
            Expr::Not(of) => self.holds(*of, value).map(|it| !it),
            Expr::Binary { op: BinaryOp::And, lhs, rhs } => {
                match (self.holds(*lhs, value), self.holds(*rhs, value)) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                }
            }
            Expr::Binary { op: BinaryOp::Or, lhs, rhs } => {
                match (self.holds(*lhs, value), self.holds(*rhs, value)) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                }
            }
            Expr::Binary { op, lhs, rhs } => {
                let left = self.given(*lhs, value)?;
                let right = self.given(*rhs, value)?;
                match op {
                    BinaryOp::Eq => Some(left == right),
                    BinaryOp::Ne => Some(left != right),
                    BinaryOp::Has | BinaryOp::HasAll => {
                        let (left, right) = (as_set(left)?, as_set(right)?);
                        Some(right.iter().all(|it| left.contains(it)))
                    }
                    BinaryOp::HasAny => {
                        let (left, right) = (as_set(left)?, as_set(right)?);
                        Some(right.iter().any(|it| left.contains(it)))
                    }
                    BinaryOp::In => match left {
                        Const::Value(at) => Some(as_set(right)?.contains(&at)),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => match self.given(cond, value)? {
                Const::Bool(holds) => Some(holds),
                _ => None,
            },
        }
    }

    /// The value of an option, or of a constant.
    fn given(&self, expr: ExprId, value: &dyn Fn(&Name) -> Option<Const>) -> Option<Const> {
        match &self.res[expr.index()] {
            Res::Option(name) => value(name),
            _ => self.constant(expr),
        }
    }
}
