//! Specs: packages with what is asked of their options and versions.

use std::sync::Arc;

use super::versions::Needed;
use super::{Checker, Scope};
use crate::database::FileId;
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{
    Dep, Expr, ExprId, Ident, ModuleKind, Name, OptionKind, PackageRef, PartKind, Req, SettingOp,
    SpanId, Spec, SpecItem, StmtKind,
};
use crate::nearest::{did_you_mean, list, nearest};
use crate::schema::{OptionSchema, OptionTable, Schema};
use crate::types::Ty;

/// Where a spec stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpecPlace {
    /// Behind a role, or in an export.
    Need,
    /// Behind `with`.
    Condition,
    /// Behind `want`, `publish` or `policy`.
    Wish,
}

/// Where something is declared, and its type there.
pub(super) type Declared<'c> = (FileId, SpanId, &'c Ty);

/// What an operator stands behind.
pub(super) struct Changed<'c> {
    /// What it is called: an option, or a path.
    pub(super) name: &'c str,
    pub(super) ty: &'c Ty,
    pub(super) declared: Option<Declared<'c>>,
    /// Whether `prev` stands for what it is so far.
    pub(super) has_prev: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn dep(&mut self, dep: &'a Dep, scope: &Scope, needed: Needed) {
        let schema = self.spec(&dep.spec, scope, SpecPlace::Need);
        self.reqs(&dep.reqs, scope);
        if let Some(schema) = schema {
            self.unmet_reqs(&dep.spec, &dep.reqs, needed, &schema);
        }
        if let Some(when) = dep.when {
            self.condition(when, scope, super::conditions::CondPlace::Recipe);
        }
        if dep.exact && !dep.reqs.is_empty() {
            let diagnostic = self
                .at_span(
                    Code::BadDeclaration,
                    dep.spec.span,
                    "`exact` and a comparison of versions cannot both hold",
                )
                .help("`exact` asks for this package's own version; remove one of them");
            self.report(diagnostic);
        }
    }

    /// Checks a spec; returns the schema of its package.
    pub(super) fn spec(
        &mut self,
        spec: &'a Spec,
        scope: &Scope,
        place: SpecPlace,
    ) -> Option<Arc<Schema>> {
        let ident = match &spec.package {
            PackageRef::Named(ident) => ident,
            PackageRef::Made(expr) => {
                self.expect(*expr, &Ty::STRING, scope);
                // Which package it is, and whether there is one, is known when the loop is unrolled.
                for item in &spec.items {
                    if let Some((_, value)) = item.value {
                        self.infer_quietly(value, scope);
                    }
                }
                return None;
            }
            PackageRef::Missing(_) => return None,
        };
        let Some(schema) = self.package(&ident.name) else {
            self.unknown_package(ident, place);
            for item in &spec.items {
                if let Some((_, value)) = item.value {
                    self.infer_quietly(value, scope);
                }
            }
            return None;
        };
        if let Some(output) = &spec.output {
            let names: Vec<&str> = schema.part_names(crate::module::PartKind::Output).collect();
            if !names.contains(&output.name.as_str()) && output.name != "out" {
                let near = nearest(&output.name, names.iter().copied());
                let message = format!(
                    "`{}` has no output `{}`{}",
                    ident.name,
                    output.name,
                    did_you_mean(&near)
                );
                let mut diagnostic = self.at_ident(Code::UnknownOption, output, message);
                diagnostic = match (&near[..], names.len()) {
                    ([near, ..], _) => diagnostic.fix(format!("write `{near}`"), *near),
                    ([], 0) => diagnostic.help("its only output is `out`, which need not be named"),
                    ([], _) => diagnostic.help(format!("it has {}", list(&names, "and"))),
                };
                self.report(diagnostic);
            }
        }
        for item in &spec.items {
            self.spec_item(item, ident, &schema, scope, place);
        }
        if spec.items.len() > 1 {
            self.contradicting_items(spec, &ident.name, &schema);
        }
        Some(schema)
    }

    /// Reports that there is no package of this name.
    pub(super) fn unknown_package(&mut self, ident: &Ident, place: SpecPlace) {
        if ident.name.is_empty() {
            return;
        }
        let is_beside = self.has_beside(&ident.name);
        let mut near: Vec<&str> = nearest(&ident.name, self.db.stems());
        near.retain(|it| !is_beside && self.db.package(it).is_some());
        // `toolchian.opt = size`
        let text = self.db.text(self.file);
        let behind = text[usize::from(self.span(ident.span).end())..].trim_start_matches(' ');
        let has_more = behind.starts_with(['.', '{']);
        if place == SpecPlace::Wish && has_more {
            let objects = nearest(&ident.name, ["toolchain", "facts", "providers"]);
            near.splice(0..0, objects);
        }
        let message = format!("there is no package `{}`{}", ident.name, did_you_mean(&near));
        let mut diagnostic = self.at_ident(Code::UnknownPackage, ident, message);
        for near in &near {
            diagnostic = diagnostic.fix(format!("write `{near}`"), *near);
        }
        if is_beside {
            diagnostic = diagnostic.help(format!(
                "a file for `{}` lies beside this one, in no folder of recipes: name the folder by `--recipes`, or by `use \"./…\"` in the project",
                ident.name
            ));
        } else if near.is_empty() {
            diagnostic = diagnostic.help(match place {
                SpecPlace::Need | SpecPlace::Condition => {
                    format!(
                        "to describe it, write `recipe {0}` in a file `{0}.kiln` beside this one",
                        ident.name
                    )
                }
                SpecPlace::Wish => "`kiln list` shows all packages".to_owned(),
            });
        }
        self.report(diagnostic);
    }

    /// Whether there is a file beside this one, or a folder with one, where a recipe of this name would
    /// be found.
    fn has_beside(&self, name: &str) -> bool {
        let path = self.db.path(self.file);
        let Some((folder, _)) = path.rsplit_once('/') else { return false };
        let is_there = |it: String| self.db.world().read(&it).is_ok();
        is_there(format!("{folder}/{name}.kiln"))
            || is_there(format!("{folder}/{name}/{name}.kiln"))
    }

    pub(super) fn interface_name(&mut self, ident: &Ident) {
        if self.package(&ident.name).is_none() {
            self.unknown_package(ident, SpecPlace::Condition);
        }
    }

    fn spec_item(
        &mut self,
        item: &'a SpecItem,
        package: &Ident,
        schema: &Arc<Schema>,
        scope: &Scope,
        place: SpecPlace,
    ) {
        let [first, rest @ ..] = &*item.path else { return };
        let table = schema.table.clone();
        if let [second] = rest
            && table.get(&first.name).is_none()
            && let Some(inner) = self.package(&first.name)
        {
            // `vpp[dpdk.max_ethports = 128]`: a need placed on vpp's dpdk.
            let inner_table = inner.table.clone();
            self.item_of(item, second, &first.name, &inner_table, scope, place);
            return;
        }
        self.item_of(item, first, &package.name, &table, scope, place);
    }

    fn item_of(
        &mut self,
        item: &'a SpecItem,
        ident: &Ident,
        package: &Name,
        table: &Arc<OptionTable>,
        scope: &Scope,
        place: SpecPlace,
    ) {
        let Some(option) = self.find_option(table, ident, package) else {
            // `dpdk[mlx5]`: a value of one of its sets.
            let sets = table.sets_with(&ident.name);
            match (&sets[..], &item.value) {
                ([_], None) => return,
                ([_, _, ..], None) => {
                    let names: Vec<&str> = sets.iter().map(|it| it.0.name.as_str()).collect();
                    let mut diagnostic = self.at_ident(
                        Code::AmbiguousName,
                        ident,
                        format!(
                            "`{}` is a value of {} of `{package}`",
                            ident.name,
                            list(&names, "and")
                        ),
                    );
                    let op = if item.off { "-=" } else { "+=" };
                    for name in names {
                        let text = format!("{name} {op} {}", ident.name);
                        diagnostic = diagnostic.fix_at(
                            format!("write `{text}`"),
                            self.file,
                            self.span(item.span),
                            text,
                        );
                    }
                    self.report(diagnostic);
                }
                _ => {
                    let whole = match item.value {
                        None => Some((item.span, !item.off)),
                        Some((SettingOp::Set, value)) if !item.off => {
                            self.switch(value).map(|on| (item.span, on))
                        }
                        Some(_) => None,
                    };
                    self.unknown_option(ident, package, table, whole, item.value)
                }
            }
            if let Some((_, value)) = item.value {
                self.infer_quietly(value, scope);
            }
            return;
        };
        if option.kind == OptionKind::Field {
            let message =
                format!("`{}` of `{package}` is a field: only overrides can set it", option.name);
            let diagnostic = self.at_ident(Code::UnknownOption, ident, message).label(
                option.at.file,
                self.db.span(option.at.file, option.span),
                "declared here",
            );
            self.report(match place {
                SpecPlace::Wish => diagnostic.help(format!(
                    "a spec says features, knobs and versions; in the project, or in an override file that `-f` names, write `{package}.{} = …`",
                    option.name
                )),
                SpecPlace::Need | SpecPlace::Condition => {
                    diagnostic.help("dependents can ask for features, knobs and versions")
                }
            });
        }
        match &item.value {
            None if option.ty == Ty::Bool => {}
            None => {
                let sign = if matches!(option.ty, Ty::Set(_)) { "+=" } else { "=" };
                let message = format!(
                    "`{}` is {}, not a feature, and needs a value",
                    option.name,
                    option.ty.a()
                );
                let mut diagnostic = self.at_span(Code::TypeMismatch, item.span, message).label(
                    option.at.file,
                    self.db.span(option.at.file, option.span),
                    "declared here",
                );
                if item.off {
                    diagnostic.message = format!(
                        "`{}` is {}: only a feature is switched off by `~`",
                        option.name,
                        option.ty.a()
                    );
                }
                let sign = if item.off && sign == "+=" { "-=" } else { sign };
                let example = match &option.ty {
                    Ty::Enum(of) | Ty::Set(of) => of.values.first().map(|it| it.to_string()),
                    Ty::Int(ranges) => ranges.intervals.as_ref().map(|it| it[0].0.to_string()),
                    _ => None,
                };
                if let Some(example) = example {
                    diagnostic = diagnostic
                        .help(format!("for example `{package}[{} {sign} {example}]`", option.name));
                }
                self.report(diagnostic);
            }
            Some((op, value)) => {
                if item.off {
                    let whole = self.span(item.span);
                    let mut diagnostic = self.at_span(
                        Code::BadOperator,
                        item.span,
                        "`~` switches a feature off, and stands without a value",
                    );
                    if option.ty == Ty::Bool {
                        let text = format!("~{}", ident.name);
                        diagnostic = diagnostic.fix(format!("write `{text}`"), text);
                    } else if self.db.text(self.file)[whole].starts_with('~') {
                        let tilde =
                            text_size::TextRange::at(whole.start(), text_size::TextSize::new(1));
                        diagnostic = diagnostic.fix_at("remove the `~`", self.file, tilde, "");
                    }
                    self.report(diagnostic);
                }
                if !item.off {
                    self.operator(*op, option, item.span, *value);
                }
                let before = self.diagnostics.len();
                self.expect(*value, behind(*op, &option.ty), scope);
                let declared = (option.at.file, option.span, &option.ty);
                self.beside_declaration(before, *value, &option.name, declared);
            }
        }
    }

    /// Whether an expression is the word `on` or `off`.
    pub(super) fn switch(&self, value: ExprId) -> Option<bool> {
        match self.expr_ref(value) {
            Expr::Name(name) if matches!(name.as_str(), "on" | "true") => Some(true),
            Expr::Name(name) if matches!(name.as_str(), "off" | "false") => Some(false),
            _ => None,
        }
    }

    /// Finds an option by its name or by a former one, and reports what is to be said about it.
    pub(super) fn find_option<'t>(
        &mut self,
        table: &'t OptionTable,
        ident: &Ident,
        package: &Name,
    ) -> Option<&'t OptionSchema> {
        let found = match table.get(&ident.name) {
            Some(option) if option.kind != OptionKind::Let => Some(option),
            _ => {
                let renamed = table.renamed.iter().find(|it| it.from == ident.name)?;
                let since =
                    renamed.since.as_ref().map_or(String::new(), |it| format!(" since {it}"));
                let message =
                    format!("`{}` of `{package}` is called `{}`{since}", ident.name, renamed.to);
                let mut diagnostic = self
                    .at_ident(Code::RenamedOption, ident, message)
                    .fix(format!("write `{}`", renamed.to), renamed.to.to_string());
                let option = table.get(&renamed.to)?;
                diagnostic = diagnostic.label(
                    option.at.file,
                    self.db.span(option.at.file, option.span),
                    "declared here",
                );
                self.report(diagnostic);
                Some(option)
            }
        }?;
        if let Some((since, why)) = &found.history.removed {
            let since = since.as_ref().map_or(String::new(), |it| format!(" since {it}"));
            let message = format!("`{}` of `{package}` is gone{since}: {why}", found.name);
            let diagnostic = self
                .at_ident(Code::RemovedOption, ident, message)
                .here("remove this")
                .label(found.at.file, self.db.span(found.at.file, found.span), "declared here");
            self.report(diagnostic);
        } else if let Some(why) = &found.history.deprecated {
            let message =
                format!("`{}` of `{package}` should not be used any more: {why}", found.name);
            let diagnostic = self.at_ident(Code::Deprecated, ident, message).label(
                found.at.file,
                self.db.span(found.at.file, found.span),
                "declared here",
            );
            self.report(diagnostic);
        }
        Some(found)
    }

    /// Reports that a package has no such option, with near names, also of other packages. `whole`
    /// is the setting or item, if it only switches the name on or off; `value` is what it is given.
    pub(super) fn unknown_option(
        &mut self,
        ident: &Ident,
        package: &Name,
        table: &Arc<OptionTable>,
        whole: Option<(SpanId, bool)>,
        value: Option<(SettingOp, ExprId)>,
    ) {
        let mut near: Vec<String> =
            nearest(&ident.name, present(table)).into_iter().map(str::to_owned).collect();
        // The value says which of them is meant.
        let (fitting, others): (Vec<String>, Vec<String>) =
            near.into_iter().partition(|it| self.would_fit(it, table, value));
        let fits = !fitting.is_empty();
        near = if fits { fitting } else { others };
        let mut values = Vec::new();
        if near.is_empty() {
            for option in table.choices() {
                let words = match &option.ty {
                    Ty::Set(words) | Ty::Enum(words) => words,
                    _ => continue,
                };
                if words.position(&ident.name).is_some() {
                    values.push((option.name.clone(), matches!(option.ty, Ty::Set(_))));
                }
            }
        }
        near.truncate(3);
        let near: Vec<&str> = near.iter().map(String::as_str).collect();
        let message = format!("`{package}` has no option `{}`{}", ident.name, did_you_mean(&near));
        let mut diagnostic = self.at_ident(Code::UnknownOption, ident, message);
        for near in near.iter().filter(|_| fits) {
            diagnostic = diagnostic.fix(format!("write `{near}`"), *near);
        }
        let is_value = !values.is_empty();
        for (option, is_set) in values {
            diagnostic = diagnostic.help(format!("`{}` is a value of `{option}`", ident.name));
            let Some((span, on)) = whole else { continue };
            let sign = match (is_set, on) {
                (true, true) => "+=",
                (true, false) => "-=",
                (false, true) => "=",
                // Which other value it should be instead, nobody said.
                (false, false) => continue,
            };
            let text = format!("{option} {sign} {}", ident.name);
            let range = self.span(span);
            diagnostic = diagnostic.fix_at(format!("write `{text}`"), self.file, range, text);
        }
        let is_let = table.get(&ident.name).is_some_and(|it| it.kind == OptionKind::Let);
        if is_let {
            diagnostic = diagnostic.help(format!(
                "`{}` is a `let`, which only the recipe knows; `field` declares what others may set",
                ident.name
            ));
        } else if self
            .package(package)
            .is_some_and(|it| it.part(PartKind::Preset, &ident.name).is_some())
        {
            let name = &ident.name;
            diagnostic = diagnostic.help(format!(
                "`{name}` is a preset: an override file or a project takes it with `include {package}.{name}`"
            ));
        } else if near.is_empty() && !is_value {
            let others = self.packages_with(&ident.name, package);
            if !others.is_empty() {
                let others: Vec<&str> = others.iter().map(|it| it.as_str()).collect();
                diagnostic = diagnostic.help(format!(
                    "{} {} an option of this name",
                    list(&others, "and"),
                    if others.len() == 1 { "has" } else { "have" }
                ));
            }
            let choices = table.choices().filter(|it| it.history.removed.is_none());
            let names: Vec<&str> = choices.map(|it| it.name.as_str()).take(13).collect();
            diagnostic = match names.len() {
                0 => diagnostic.help(format!("`{package}` has no features and no knobs")),
                13 => diagnostic.help(format!("`kiln eval {package}` shows its options")),
                _ => diagnostic.help(format!("it has {}", list(&names, "and"))),
            };
        }
        let unread = table
            .bodies
            .iter()
            .find(|it| it.file != self.file && !self.db.lowered(it.file).syntax_errors.is_empty());
        if let Some(unread) = unread {
            diagnostic = diagnostic.help(format!(
                "`{}` could not be read to its end, so what it declares may be missing",
                self.db.path(unread.file)
            ));
        }
        self.report(diagnostic);
    }

    /// Whether a setting would be right if it were of this option, and say something new.
    fn would_fit(
        &mut self,
        name: &str,
        table: &Arc<OptionTable>,
        value: Option<(SettingOp, ExprId)>,
    ) -> bool {
        let (Some(option), Some((op, value))) = (table.get(name).cloned(), value) else {
            return true;
        };
        let module = self.module();
        let stmts = module.bodies.values().iter().flat_map(|it| &it.stmts);
        let is_set = |stmt: &crate::module::Stmt| match &stmt.kind {
            StmtKind::Setting(it) => it.path.last().is_some_and(|it| it.name == name),
            _ => false,
        };
        if stmts.clone().any(is_set) && module.kind != Some(ModuleKind::Recipe) {
            return false;
        }
        if op != SettingOp::Set && !matches!(option.ty, Ty::Set(_) | Ty::List(_)) {
            return false;
        }
        let before = self.diagnostics.len();
        let scope = Scope { setting: Some(&option.ty), ..Scope::of(table) }.building();
        self.expect(value, &option.ty, &scope);
        let fits = self.diagnostics[before..].iter().all(|it| !it.is_error());
        self.diagnostics.truncate(before);
        fits
    }

    /// The packages that this file names and that have an option of this name.
    pub(super) fn packages_with(&self, option: &str, but: &str) -> Vec<Name> {
        let module = self.module();
        let mut names: Vec<&Name> = Vec::new();
        for stmt in module.bodies.values().iter().flat_map(|it| &it.stmts) {
            match &stmt.kind {
                StmtKind::Want(wants) | StmtKind::Publish(wants) => {
                    names.extend(wants.iter().filter_map(|it| it.spec.package_name()));
                }
                StmtKind::Dep(dep) => names.extend(dep.spec.package_name()),
                StmtKind::Policy { spec, .. } => names.extend(spec.package_name()),
                StmtKind::Setting(setting) if module.kind != Some(ModuleKind::Recipe) => {
                    names.extend(setting.path.first().map(|it| &it.name));
                }
                _ => {}
            }
        }
        // What the package is built with is what its options are most often mistaken for.
        let other = self.package(&Name::from(but));
        if let Some(other) = &other {
            let of_other = other.env.module();
            for stmt in of_other.bodies.values().iter().flat_map(|it| &it.stmts) {
                if let StmtKind::Dep(dep) = &stmt.kind {
                    names.extend(dep.spec.package_name());
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        names.retain(|it| {
            **it != but
                && self.package(it).is_some_and(|it| it.table.choices().any(|it| it.name == option))
        });
        names.into_iter().take(3).cloned().collect()
    }

    /// Reports an operator that the type of an option does not have.
    pub(super) fn operator(
        &mut self,
        op: SettingOp,
        option: &OptionSchema,
        span: SpanId,
        value: ExprId,
    ) {
        let (name, ty) = (&*option.name, &option.ty);
        let declared = (option.at.file, option.span, ty);
        let changed = Changed { name, ty, declared: Some(declared), has_prev: false };
        self.operator_of(op, &changed, span, value);
    }

    /// As [`operator`](Self::operator), of what need not be an option.
    pub(super) fn operator_of(
        &mut self,
        op: SettingOp,
        changed: &Changed<'_>,
        span: SpanId,
        value: ExprId,
    ) {
        let Changed { name, ty, declared, has_prev } = *changed;
        let ok = matches!(
            (op, ty.without_opt()),
            (SettingOp::Set, _)
                | (_, Ty::Set(_) | Ty::List(_) | Ty::Error)
                | (SettingOp::Add, Ty::Map(_) | Ty::Script)
        );
        if ok {
            return;
        }
        let verb = if op == SettingOp::Add { "added to" } else { "taken from" };
        let message = format!("nothing can be {verb} `{name}`, which is {}", ty.a());
        let mut diagnostic = self.at_span(Code::BadOperator, span, message);
        if let Some((file, span, _)) = declared {
            let range = self.db.span(file, span);
            diagnostic = diagnostic.label(file, range, format!("declared here: {ty}"));
        }
        // The operator stands between the path and the value.
        let start = self.span(span).start();
        let before = text_size::TextRange::new(start, self.range(value).start().max(start));
        let found =
            self.db.text(self.file)[before].rfind(if op == SettingOp::Add { "+=" } else { "-=" });
        let is_switch = *ty == Ty::Bool && op == SettingOp::Remove;
        diagnostic = match found {
            Some(at) if !is_switch => {
                let start = before.start() + text_size::TextSize::new(at as u32);
                let place = text_size::TextRange::at(start, text_size::TextSize::new(2));
                let sign = if op == SettingOp::Add { "+" } else { "-" };
                let is_computed = matches!(
                    (op, ty),
                    (_, Ty::Int(_) | Ty::Size(_) | Ty::Duration(_))
                        | (SettingOp::Add, Ty::String(_))
                );
                if is_computed && has_prev {
                    let text = format!("= prev {sign}");
                    diagnostic.fix_at(format!("write `{text}`"), self.file, place, text)
                } else {
                    diagnostic.fix_at("write `=`", self.file, place, "=")
                }
            }
            _ => diagnostic.help(format!("to give it another value, write `{name} = …`")),
        };
        self.report(diagnostic);
    }

    pub(super) fn reqs(&mut self, reqs: &'a [Req], scope: &Scope) {
        for req in reqs {
            match req {
                Req::Compare(_, version) => self.req(*version, scope),
                Req::Any(alternatives) => {
                    for (_, version) in alternatives.iter().flatten() {
                        self.req(*version, scope);
                    }
                }
            }
        }
    }

    fn req(&mut self, version: ExprId, scope: &Scope) {
        if let Expr::Int(number) = self.expr_ref(version)
            && *number < 0
        {
            self.report(self.at_expr(Code::OutOfRange, version, "a version is not negative"));
            return;
        }
        self.expect(version, &Ty::Version, scope);
    }

    /// `dep.openssl`: the package must be named as a dependency somewhere in the recipe.
    pub(super) fn dep_name(&mut self, name: &Ident) {
        // A mixin may read what the recipes that include it depend on.
        if self.module().kind != Some(ModuleKind::Recipe) {
            return;
        }
        let own = self.module().bodies.values();
        if own.iter().flat_map(|it| dependencies(&it.stmts)).any(|it| *it == name.name) {
            return;
        }
        let lowered: Vec<_> =
            self.schema.table.bodies.iter().map(|it| self.db.lowered(it.file)).collect();
        let bodies = || lowered.iter().flat_map(|it| it.module.bodies.values());
        let known = || bodies().flat_map(|it| dependencies(&it.stmts));
        if known().any(|it| it.is_empty() || *it == name.name) {
            return;
        }
        let near = nearest(&name.name, known().map(|it| it.as_str()));
        let message =
            format!("`{}` is no dependency of this package{}", name.name, did_you_mean(&near));
        let mut diagnostic: Diagnostic = self.at_ident(Code::UnknownMember, name, message);
        if let [near, ..] = near[..] {
            diagnostic = diagnostic.fix(format!("write `{near}`"), near);
        }
        if self.db.package(&name.name).is_some() {
            diagnostic = diagnostic.help(format!("to depend on it, write `host {0}` (linked into the package) or `build {0}` (a tool that runs while building)", name.name));
        }
        self.report(diagnostic);
    }
}

/// The names of the packages that statements depend on; an empty name stands for one made in a loop.
fn dependencies(stmts: &[crate::module::Stmt]) -> impl Iterator<Item = &Name> {
    stmts.iter().filter_map(|it| match &it.kind {
        crate::module::StmtKind::Dep(dep) => Some(match &dep.alias {
            Some(alias) => &alias.name,
            None => dep.spec.package_name().unwrap_or(const { &Name::from_static_str("") }),
        }),
        _ => None,
    })
}

/// What may stand behind an operator of an option: `null` only behind `=`.
pub(super) fn behind(op: SettingOp, ty: &Ty) -> &Ty {
    if op == SettingOp::Set { ty } else { ty.without_opt() }
}

/// The names of the options that are still there.
fn present(table: &OptionTable) -> impl Iterator<Item = &str> {
    table.names().filter(|it| table.get(it).is_none_or(|it| it.history.removed.is_none()))
}
