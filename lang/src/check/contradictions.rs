//! What one layer or one spec says twice, what it says and takes back, what two wishes contradict each
//! other in, and what says nothing.

use std::collections::BTreeMap;

use text_size::{TextRange, TextSize};

use super::Checker;
use super::constants::{Const, Facts, as_set};
use super::twice::set_to_both;
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{
    ExprId, GuardId, Ident, ModuleKind, Name, OptionKind, PackageRef, PartKind, Setting, SettingOp,
    SpanId, Spec, SpecItem, WantSpec,
};
use crate::schema::{OptionTable, Schema};
use crate::types::{EnumTy, Ty};

/// What a setting, or an item of a spec, says of an option.
struct Claim {
    op: SettingOp,
    /// The value, if it is known as it is written.
    value: Option<Const>,
    /// Where the value is written; a switch such as `~ldap` has none.
    expr: Option<ExprId>,
    /// The enum whose values it names.
    words: Option<EnumTy>,
    /// Where all of it is written.
    span: SpanId,
}

impl<'a> Checker<'a> {
    /// Reports items of a spec that say the same, or opposite things.
    pub(super) fn contradicting_items(&mut self, spec: &'a Spec, package: &Name, schema: &Schema) {
        let mut seen: BTreeMap<(Name, Name), Vec<Claim>> = BTreeMap::new();
        for item in &spec.items {
            let Some((key, claim)) = self.item_claim(item, package, schema) else { continue };
            let before = seen.entry(key.clone()).or_default();
            for other in before.iter() {
                let what = self.contradict(other, &claim);
                let diagnostic = match what {
                    Some(what) => {
                        let of = format!("items about `{}`", key.1);
                        let (first, second) = (self.place(other.span), self.place(claim.span));
                        Diagnostic::contradiction(&of, &what, first, second)
                            .help("in one spec, order means nothing: remove one of them")
                    }
                    None if other.op == claim.op
                        && claim.value.is_some()
                        && other.value == claim.value =>
                    {
                        Diagnostic::said_twice(self.place(other.span), self.place(claim.span))
                            .fix_at("remove it", self.file, self.item_with_comma(claim.span), "")
                    }
                    None => continue,
                };
                self.report(diagnostic);
                break;
            }
            before.push(claim);
        }
    }

    /// Reports two wishes for one instance of a package that contradict each other, and two packages
    /// that are wanted by one name.
    pub(super) fn contradicting_wishes(&mut self, wishes: &[(&'a WantSpec, Option<GuardId>)]) {
        let module = self.module();
        for (at, (want, guard)) in wishes.iter().enumerate() {
            let PackageRef::Named(package) = &want.spec.package else { continue };
            let alias = want.alias.as_ref();
            for (other, other_guard) in &wishes[..at] {
                let PackageRef::Named(other_package) = &other.spec.package else { continue };
                let is_same_name =
                    other.alias.as_ref().map(|it| &it.name) == alias.map(|it| &it.name);
                // Under other conditions they may never be there together.
                let are_together = module.is_within(*other_guard, *guard)
                    || module.is_within(*guard, *other_guard);
                if !is_same_name || !are_together {
                    continue;
                }
                match (alias, &other.alias) {
                    (Some(alias), Some(first)) if package.name != other_package.name => {
                        let packages = [&*other_package.name, &*package.name];
                        let (first, second) = (self.place(first.span), self.place(alias.span));
                        self.report(Diagnostic::wishes_of_one_name(
                            packages,
                            &alias.name,
                            first,
                            second,
                        ));
                    }
                    _ if package.name == other_package.name => {
                        self.contradicting_specs(&other.spec, &want.spec, package, alias);
                    }
                    _ => {}
                }
            }
        }
    }

    fn contradicting_specs(
        &mut self,
        first: &'a Spec,
        second: &'a Spec,
        package: &Ident,
        alias: Option<&Ident>,
    ) {
        let Some(schema) = self.package(&package.name) else { return };
        for item in &second.items {
            let Some((key, claim)) = self.item_claim(item, &package.name, &schema) else {
                continue;
            };
            let other = first.items.iter().find_map(|it| {
                let (other, before) = self.item_claim(it, &package.name, &schema)?;
                (other == key && self.contradict(&before, &claim).is_some()).then_some(before.span)
            });
            let Some(other) = other else { continue };
            let alias = alias.map(|it| &*it.name);
            let wish = self.place(second.span);
            let (first, second) = (self.place(other), self.place(claim.span));
            let name = &package.name;
            let diagnostic =
                Diagnostic::opposite_wishes(self.db, name, alias, Some(wish), first, second);
            self.report(diagnostic);
        }
    }

    /// The option that an item is about, with its package, and what it says of it.
    fn item_claim(
        &self,
        item: &SpecItem,
        package: &Name,
        schema: &Schema,
    ) -> Option<((Name, Name), Claim)> {
        let [first, rest @ ..] = &*item.path else { return None };
        let inner;
        let (package, table, name): (&Name, &OptionTable, &Name) = match rest {
            [] => (package, &schema.table, &first.name),
            [second] if first.name == *package => (package, &schema.table, &second.name),
            [second] if schema.table.get(&first.name).is_none() => {
                inner = self.package(&first.name)?;
                (&first.name, &inner.table, &second.name)
            }
            _ => return None,
        };
        let renamed = table.renamed.iter().find(|it| it.from == *name);
        let name = renamed.map_or(name, |it| &it.to);
        let Some(option) = table.get(name) else {
            // `dpdk[mlx5]`: a value of one of its sets.
            let ([(option, at)], None) = (&table.sets_with(name)[..], &item.value) else {
                return None;
            };
            let op = if item.off { SettingOp::Remove } else { SettingOp::Add };
            let words = option.ty.words().cloned();
            let claim = Claim {
                op,
                value: Some(Const::Set(vec![*at])),
                expr: None,
                words,
                span: item.span,
            };
            return Some(((package.clone(), option.name.clone()), claim));
        };
        let words = option.ty.words().cloned();
        let claim = match item.value {
            None if option.ty == Ty::Bool => Claim {
                op: SettingOp::Set,
                value: Some(Const::Bool(!item.off)),
                expr: None,
                words,
                span: item.span,
            },
            // What `~` with a value should mean has been asked already.
            None | Some(_) if item.off => return None,
            None => return None,
            Some((op, value)) => {
                let constant = self.constant(value);
                let constant = match option.ty.without_opt() {
                    Ty::Set(_) => constant.and_then(as_set).map(Const::Set),
                    _ => constant,
                };
                Claim { op, value: constant, expr: Some(value), words, span: item.span }
            }
        };
        Some(((package.clone(), option.name.clone()), claim))
    }

    /// Whether what stands at a place is an item in the brackets of a spec.
    pub(super) fn is_in_brackets(&self, range: TextRange) -> bool {
        let text = self.db.text(self.file);
        text[usize::from(range.end())..].trim_start().starts_with([',', ']'])
    }

    /// Where an item stands, with the comma behind it, or else before it.
    fn item_with_comma(&self, span: SpanId) -> TextRange {
        let text = self.db.text(self.file);
        let range = self.span(span);
        if let Some(rest) = text[usize::from(range.end())..].trim_start().strip_prefix(',') {
            let end = text.len() - rest.trim_start_matches(' ').len();
            return TextRange::new(range.start(), TextSize::new(end as u32));
        }
        let before = text[..usize::from(range.start())].trim_end();
        let start = before.strip_suffix(',').map_or(usize::from(range.start()), str::len);
        TextRange::new(TextSize::new(start as u32), range.end())
    }

    //------ settings of one layer

    /// Two settings of one layer that say different things, and settings that say nothing.
    pub(super) fn contradictions(&mut self, settings: &[(Name, &'a Setting, Vec<Ident>)]) {
        let mut seen: BTreeMap<(Name, String, Option<GuardId>), Vec<Claim>> = BTreeMap::new();
        for (package, setting, path) in settings {
            let mut names: Vec<&str> = path.iter().map(|it| it.name.as_str()).collect();
            let schema = self.package(package);
            // A block of `steps` stands before options, and before steps.
            if let (["steps", name, ..], Some(schema)) = (&names[..], &schema)
                && schema.table.step(name).is_none()
            {
                names.remove(0);
            }
            // An option under its former name is the same option.
            if let Some(first) = names.first_mut()
                && let Some(schema) = &schema
                && schema.table.get(first).is_none()
                && let Some(renamed) = schema.table.renamed.iter().find(|it| it.from == *first)
            {
                *first = &renamed.to;
            }
            // What is not there has been told already.
            let is_known = |schema: &std::sync::Arc<Schema>| {
                names.first().is_none_or(|it| {
                    matches!(*it, "version" | "steps")
                        || schema.table.get(it).is_some()
                        || schema.part(PartKind::Compile, it).is_some()
                })
            };
            if schema.as_ref().is_some_and(|it| !is_known(it)) {
                continue;
            }
            // What stands under different conditions may hold at different times.
            let key = (package.clone(), names.join("."), setting.guard);
            let claim = self.setting_claim(setting);
            let before = seen.entry(key.clone()).or_default();
            let mut is_new = true;
            for other in before.iter() {
                if let Some(what) = self.contradict(other, &claim) {
                    let of = format!("settings of `{}`", key.1);
                    let (first, second) = (self.place(other.span), self.place(setting.span));
                    let diagnostic = Diagnostic::contradiction(&of, &what, first, second).help(
                        match self.module().kind {
                            Some(ModuleKind::Recipe | ModuleKind::Module) => {
                                "in one preset, order means nothing: remove one of them"
                            }
                            _ => "in one file, order means nothing: remove one of them",
                        },
                    );
                    self.report(diagnostic);
                    is_new = false;
                    break;
                }
                if other.op == claim.op && claim.value.is_some() && other.value == claim.value {
                    let (first, second) = (self.place(other.span), self.place(setting.span));
                    let diagnostic = Diagnostic::said_twice(first, second);
                    let diagnostic = self.with_removal(diagnostic, setting);
                    self.report(diagnostic);
                    is_new = false;
                    break;
                }
            }
            before.push(claim);
            if is_new && setting.guard.is_none() {
                self.redundant(package, path, setting);
            }
        }
    }

    fn setting_claim(&self, setting: &Setting) -> Claim {
        Claim {
            op: setting.op,
            value: self.constant(setting.value),
            expr: Some(setting.value),
            words: self.types[setting.value.index()].words().cloned(),
            span: setting.span,
        }
    }

    /// What is wrong if both are said, if it is.
    fn contradict(&self, a: &Claim, b: &Claim) -> Option<String> {
        let (left, right) = (a.value.clone(), b.value.clone());
        match (a.op, b.op) {
            (SettingOp::Set, SettingOp::Set) => match (left, right) {
                (Some(left), Some(right)) if left == right => None,
                (Some(Const::Bool(_)), Some(Const::Bool(_)))
                    if a.expr.is_none() || b.expr.is_none() =>
                {
                    Some("it is switched on and off".to_owned())
                }
                _ => {
                    let shown =
                        |it: &Claim| it.expr.map_or_else(String::new, |it| self.source_of(it));
                    Some(set_to_both(&shown(a), &shown(b)))
                }
            },
            (SettingOp::Add, SettingOp::Remove) | (SettingOp::Remove, SettingOp::Add) => {
                let (left, right) = (as_set(left?)?, as_set(right?)?);
                let both = left.iter().find(|it| right.contains(it))?;
                let words = a.words.as_ref().or(b.words.as_ref())?;
                Some(format!("`{}` is added and removed", words.values.get(*both as usize)?))
            }
            // `=` says it all; what is added or removed beside it must agree with it.
            (SettingOp::Set, op) => against_set(as_set(left?)?, op, as_set(right?)?),
            (op, SettingOp::Set) => against_set(as_set(right?)?, op, as_set(left?)?),
            _ => None,
        }
    }

    /// A setting that repeats the recipe's default, or of an option that has no effect.
    fn redundant(&mut self, package: &Name, path: &[Ident], setting: &'a Setting) {
        // An overlay is for many sets of packages, and keeps out what one of them leaves out anyway; a
        // preset is for what lies below it, which is not known here.
        if !matches!(self.module().kind, Some(ModuleKind::Override | ModuleKind::Project)) {
            return;
        }
        let ([name], Some(schema)) = (path, self.package(package)) else { return };
        let Some(option) = schema.table.get(&name.name).cloned() else { return };
        if !option.kind.is_choice() {
            return;
        }
        let Some(value) = self.constant(setting.value) else { return };
        let Some(default) = self.default_of(&option) else { return };
        if setting.op != SettingOp::Set && !matches!(option.ty.without_opt(), Ty::Set(_)) {
            return;
        }
        let same = match (setting.op, as_set(value.clone()), as_set(default.clone())) {
            (SettingOp::Set, _, _) => {
                value == default || as_set(value).is_some_and(|it| Some(it) == as_set(default))
            }
            (SettingOp::Add, Some(values), Some(default)) => {
                // `all` is without a value that is not allowed where this is applied.
                values
                    .iter()
                    .all(|it| default.contains(it) && !self.is_conditional(&option.ty, *it))
            }
            (SettingOp::Remove, Some(values), Some(default)) => {
                values.iter().all(|it| !default.contains(it))
            }
            _ => false,
        };
        // `=` fixes what is the default now, which a pin may be meant to do.
        if same
            && setting.op != SettingOp::Set
            && !crate::layers::sets_below(self.db, self.file, &schema, &option.name)
        {
            let count = as_set(self.constant(setting.value).unwrap_or(Const::Null));
            let one = count.is_some_and(|it| it.len() == 1);
            let message = format!(
                "{} {} `{}` by default",
                if one { "this is" } else { "these are" },
                if setting.op == SettingOp::Add { "in" } else { "not in" },
                option.name
            );
            let diagnostic = self
                .at_span(Code::RedundantSetting, setting.span, message)
                .label(option.at.file, self.db.span(option.at.file, option.span), "declared here")
                .help("keep it if the default may change, or if another layer sets the option too");
            let diagnostic = self.with_removal(diagnostic, setting);
            self.report(diagnostic);
        }
    }

    /// Whether a value of an enum is allowed only under a condition.
    fn is_conditional(&self, ty: &Ty, value: u32) -> bool {
        ty.words().is_some_and(|of| {
            let lowered = self.db.lowered(of.file);
            lowered.module.enums[of.id].values[value as usize].when.is_some()
        })
    }

    /// Adds an edit that removes a setting, with its line if it stands alone there, or with a comma
    /// beside it in the brackets of a spec.
    fn with_removal(&self, diagnostic: Diagnostic, setting: &Setting) -> Diagnostic {
        let text = self.db.text(self.file);
        let range = self.span(setting.span);
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        if self.is_in_brackets(range) {
            let removed = self.item_with_comma(setting.span);
            return diagnostic.fix_at("remove it", self.file, removed, "");
        }
        let begin = text[..start].rfind('\n').map_or(0, |it| it + 1);
        let line_end = text[end..].find('\n').map(|it| end + it);
        let alone = text[begin..start].trim().is_empty()
            && text[end..line_end.unwrap_or(text.len())].trim().is_empty();
        let removed = match line_end {
            Some(line_end) if alone => {
                TextRange::new(TextSize::new(begin as u32), TextSize::new(line_end as u32 + 1))
            }
            _ => range,
        };
        diagnostic.fix_at("remove it", self.file, removed, "")
    }

    /// The default of an option, if it is known as it is written.
    pub(super) fn default_of(&self, option: &crate::schema::OptionSchema) -> Option<Const> {
        if option.default.is_none() && option.kind == OptionKind::Feature {
            return Some(Const::Bool(false));
        }
        let default = option.default?;
        if option.at.file == self.file {
            return self.constant(default);
        }
        let checked = self.db.checked(option.at.file);
        let facts = Facts { module: checked.module(), res: &checked.res, types: &checked.types };
        facts.constant(default)
    }
}

/// What is wrong with adding to, or taking from, what `=` says all of.
fn against_set(set: Vec<u32>, op: SettingOp, values: Vec<u32>) -> Option<String> {
    let wrong = match op {
        SettingOp::Add => values.iter().any(|it| !set.contains(it)),
        _ => values.iter().any(|it| set.contains(it)),
    };
    wrong.then(|| match op {
        SettingOp::Add => "`=` says all that is in it, `+=` adds something else".to_owned(),
        _ => "`=` says all that is in it, `-=` takes something of that away".to_owned(),
    })
}
