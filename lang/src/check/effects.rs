//! Settings of options that have no effect, as far as that is known before anything is solved: by
//! the defaults of the recipe and the other settings of the same file.

use super::constants::{Const, Facts, as_set};
use super::{Checker, Res};
use crate::diagnostic::Code;
use crate::module::{
    BinaryOp, Expr, ExprId, GuardKind, Ident, Name, OptionKind, Setting, SettingOp,
};
use crate::nearest::list;
use crate::schema::{OptionSchema, Schema};

/// How many ways to give an option an effect are offered.
const WAYS_MAX: usize = 2;

/// A setting of a package, without the package's name.
type Placed<'a> = (Name, &'a Setting, Vec<Ident>);

/// A setting that would make a condition hold.
type Way = (Name, SettingOp, String);

/// Why a condition does not hold, and settings of which each would make it hold.
type Ways = (Option<String>, Vec<Way>);

/// What an option has an effect only with.
enum Needed {
    /// A condition behind it, or around it.
    Cond(ExprId),
    /// That the condition does not hold in whose `else` it is declared.
    Not(ExprId),
    /// The feature in whose block it is declared.
    Feature(Ident),
}

impl<'a> Checker<'a> {
    /// Warns of settings whose option has an effect only under a condition that does not hold.
    pub(super) fn effects(&mut self, settings: &[Placed<'a>]) {
        for (package, setting, path) in settings {
            let [name] = &path[..] else { continue };
            let Some(schema) = self.package(package) else { continue };
            let Some(option) = schema.table.get(&name.name) else { continue };
            let is_choice = option.kind.is_choice();
            let is_conditional = option.when.is_some() || option.guard.is_some();
            if !is_choice || !is_conditional || setting.guard.is_some() {
                continue;
            }
            let checked = self.db.checked(option.at.file);
            let facts =
                Facts { module: checked.module(), res: &checked.res, types: &checked.types };
            let own: Vec<&Placed<'a>> = settings.iter().filter(|it| it.0 == *package).collect();
            let value = |name: &Name| self.value_here(&schema, name, &own);
            let is_off = |cond: ExprId| facts.holds(cond, &value) == Some(false);
            let behind = option.when.filter(|it| is_off(*it)).map(Needed::Cond);
            let around = facts.module.guards_of(option.guard).filter_map(|it| match &it.kind {
                GuardKind::When(cond) => is_off(*cond).then_some(Needed::Cond(*cond)),
                GuardKind::Unless(cond) => {
                    (facts.holds(*cond, &value) == Some(true)).then_some(Needed::Not(*cond))
                }
                GuardKind::Feature(name) => (value(&name.name) == Some(Const::Bool(false)))
                    .then(|| Needed::Feature(name.clone())),
                GuardKind::Arm { .. } | GuardKind::ElseArm { .. } | GuardKind::For { .. } => None,
            });
            let needed: Vec<Needed> = behind.into_iter().chain(around).collect();
            self.no_effect(setting, option, &needed, &schema, &own);
        }
    }

    fn no_effect(
        &mut self,
        setting: &'a Setting,
        option: &OptionSchema,
        needed: &[Needed],
        schema: &Schema,
        own: &[&Placed<'a>],
    ) {
        let file = option.at.file;
        let mut reason = None;
        let mut labels = Vec::new();
        let mut ways_of_each = Vec::new();
        for needed in needed {
            let (range, (why, ways)) = match needed {
                Needed::Cond(when) => (self.db.expr_range(file, *when), self.ways(file, *when)),
                Needed::Not(when) => (self.db.expr_range(file, *when), (None, Vec::new())),
                Needed::Feature(name) => (self.db.span(file, name.span), switched_on(&name.name)),
            };
            let (verb, label) = match needed {
                Needed::Not(_) => ("holds", "it has an effect only where this does not hold"),
                Needed::Cond(_) | Needed::Feature(_) => {
                    ("does not hold", "it has an effect only under this condition")
                }
            };
            let why = why.unwrap_or_else(|| {
                let condition = &self.db.text(file)[range];
                format!("`{condition}` {verb}")
            });
            reason.get_or_insert(why);
            labels.push((range, label));
            ways_of_each.push(ways);
        }
        let Some(why) = reason else { return };
        let message = format!("`{}` has no effect: {why}", option.name);
        let mut diagnostic = self.at_span(Code::NoEffect, setting.span, message);
        for (range, label) in labels {
            diagnostic = diagnostic.label(file, range, label);
        }
        diagnostic = diagnostic
            .help("that is so by the defaults and this file; another layer may change it");
        // Of several conditions, all have to hold.
        let ways: Vec<Vec<Way>> = match &ways_of_each[..] {
            [ways] => ways.iter().take(WAYS_MAX).map(|it| vec![it.clone()]).collect(),
            several => {
                let firsts: Option<Vec<Way>> =
                    several.iter().map(|it| it.first().cloned()).collect();
                firsts.into_iter().collect()
            }
        };
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
        for way in ways {
            let is_said = |(name, op, _): &Way| {
                own.iter().any(|it| {
                    it.2.len() == 1
                        && it.2[0].name == *name
                        && (it.1.op == SettingOp::Set
                            || it.1.guard.is_some()
                            // Beside what takes it away, it would contradict that.
                            || it.1.op == SettingOp::Remove && *op == SettingOp::Add)
                })
            };
            if way.iter().any(|it| is_said(it) || schema.table.get(&it.0).is_none()) {
                continue;
            }
            let lines = way.iter().map(|(name, op, value)| format!("{name} {op} {value}"));
            let lines: Vec<String> = lines.collect();
            let text = lines.iter().map(|it| format!("{separator}{prefix}{it}"));
            diagnostic = diagnostic.fix_at(
                format!("add {}", list(&lines, "and")),
                self.file,
                text_size::TextRange::empty(whole.end()),
                text.collect::<String>(),
            );
        }
        self.report(diagnostic);
    }

    /// Why a simple condition does not hold, and settings that would make it hold.
    fn ways(&self, file: crate::database::FileId, when: ExprId) -> Ways {
        let checked = self.db.checked(file);
        let module = checked.module();
        let facts = Facts { module, res: &checked.res, types: &checked.types };
        if *checked.res(when) == Res::Option {
            return switched_on(module.word(when));
        }
        let Expr::Binary { op, lhs, rhs } = &module.exprs[when] else { return (None, Vec::new()) };
        if *checked.res(*lhs) != Res::Option {
            return (None, Vec::new());
        }
        let name = module.word(*lhs);
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

/// A feature that is off.
fn switched_on(name: &Name) -> Ways {
    (Some(format!("`{name}` is off")), vec![(name.clone(), SettingOp::Set, "on".to_owned())])
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
            Res::Option => value(self.module.word(expr)),
            _ => self.constant(expr),
        }
    }
}
