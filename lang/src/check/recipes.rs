//! Recipes and modules: bodies, their declarations and statements.

use std::borrow::Cow;
use std::sync::Arc;

use super::conditions::CondPlace;
use super::functions::object;
use super::names::{is_reserved_word, meaning_in_words};
use super::specs::SpecPlace;
use super::versions::Needed;
use super::{Checker, Res, Scope};
use crate::database::Database;
use crate::diagnostic::Code;
use crate::fast_map::FastSet;
use crate::globals::FACTS_MIXIN;
use crate::module::{
    BodyId, Expr, ExprId, GuardKind, Ident, ModuleKind, Name, OptionDecl, OptionKind, PackageRef,
    PartKind, Role, Setting, Spec, Stmt, StmtKind,
};
use crate::nearest::{did_you_mean, list, nearest};
use crate::schema::{OptionSchema, OptionTable};
use crate::types::Ty;

/// The keys of exports.
pub(crate) const EXPORT_KEYS: &[&str] = &[
    "build_to_build",
    "build_to_host",
    "build_to_host_limit",
    "build_to_run",
    "build_to_run_limit",
    "host_to_host",
    "host_to_run",
    "host_to_run_limit",
    "noarch_to_run",
];

impl<'a> Checker<'a> {
    /// Checks a recipe, an interface or a module.
    pub(super) fn recipe(&mut self) {
        let Some(root) = self.module().root else { return };
        let schema: &'a Arc<crate::schema::Schema> = self.schema;
        self.body(root, &schema.table, PartKind::Mixin);
        for (name, body, table) in &schema.mixins {
            self.body(*body, table, PartKind::Mixin);
            if name == FACTS_MIXIN && self.module().kind == Some(ModuleKind::Module) {
                self.facts_without_defaults(*body);
            }
        }
        self.option_cycles();
        if self.module().kind == Some(ModuleKind::Recipe) && schema.versions.is_empty() {
            let name = self.module().name.clone();
            if let Some(name) = name {
                let diagnostic = self
                    .at_ident(Code::MissingValue, &name, format!("recipe `{}` has no version", name.name))
                    .help("write `version = 1.0`, or several in `versions { 1.1 { … } 1.0 { … } }`, newest first");
                self.report(diagnostic);
            }
        }
    }

    /// Checks a body against the options that it can read and set.
    pub(super) fn body(&mut self, id: BodyId, table: &Arc<OptionTable>, kind: PartKind) {
        let scope = Scope::of(table);
        let module = self.module();
        let body = &module.bodies[id];
        let place = if kind == PartKind::Preset { CondPlace::Preset } else { CondPlace::Recipe };
        self.guards_of_body(body, &scope, place);
        for decl in &body.options {
            self.value_of = Some(&decl.ident.name);
            let mut inner = self.guarded(decl.guard, &scope);
            let ty = match decl.kind {
                OptionKind::Feature => Ty::Bool,
                _ => decl.ty.map_or(Ty::Error, |it| self.env.types[it.index()].clone()),
            };
            if matches!(decl.kind, OptionKind::Field | OptionKind::Let) {
                inner = Cow::Owned(inner.building());
            }
            match (decl.kind, decl.default) {
                (OptionKind::Let, Some(value)) if decl.ty.is_none() => {
                    let found = self.infer(value, &inner);
                    let key = body.options.iter().position(|it| std::ptr::eq(it, decl));
                    if let (Some(index), Some(at)) = (key, self.body_ref(body)) {
                        self.lets.insert((at, index as u32), Some(found));
                    }
                }
                (_, Some(value)) => {
                    let choices: Option<Vec<ExprId>> =
                        self.module().auto(value).map(Iterator::collect);
                    if let Some(choices) = choices {
                        self.auto(decl, value, &choices, &ty, &inner);
                    } else {
                        self.expect(value, &ty, &inner);
                        if decl.kind.is_choice() {
                            self.no_fields(value, table);
                        }
                    }
                }
                (OptionKind::Feature, None) => {}
                (OptionKind::Field, None)
                    if matches!(ty, Ty::List(_) | Ty::Map(_) | Ty::Set(_)) =>
                {
                    let empty = if matches!(ty, Ty::List(_)) { "[]" } else { "{}" };
                    let end = decl.ty.map(|it| self.type_end(it)).unwrap_or_default();
                    let mut diagnostic = self.at_ident(
                        Code::MissingValue,
                        &decl.ident,
                        format!("`{}` has no default", decl.ident.name),
                    );
                    if let Some(end) = end {
                        diagnostic = diagnostic.fix_at(
                            format!("write `= {empty}`"),
                            self.file,
                            text_size::TextRange::empty(end),
                            format!(" = {empty}"),
                        );
                    }
                    self.report(diagnostic);
                }
                _ => {}
            }
            match decl.kind {
                OptionKind::Let => self.let_like_something_else(&decl.ident, table),
                OptionKind::Feature | OptionKind::Knob | OptionKind::Field => {
                    self.option_like_a_word(decl);
                }
            }
            if let Some(when) = decl.when {
                self.condition(when, &inner, CondPlace::Recipe);
            }
            self.all_arms(decl, body, &ty);
        }
        self.value_of = None;
        for step in &body.steps {
            let inner = self.guarded(step.guard, &scope).building();
            self.expect(step.script, &Ty::Script, &inner);
        }
        for stmt in &body.stmts {
            self.stmt(stmt, &scope, (id, kind));
        }
        self.dropped_args(body);
        // Presets are looked at as the layers that they are.
        if kind != PartKind::Preset {
            self.said_twice(body);
        }
        for entry in &body.versions {
            for setting in &entry.settings {
                self.recipe_setting(setting, &scope);
            }
        }
        for part in &body.parts {
            self.part(part, &scope);
        }
        // Conditions and texts of enum values.
        if kind == PartKind::Mixin {
            self.enum_values(&scope);
        }
    }

    /// Where a type as written ends.
    fn type_end(&self, id: crate::module::TypeId) -> Option<text_size::TextSize> {
        match &self.module().types[id] {
            crate::module::TypeRef::Named { span, .. } => Some(self.span(*span).end()),
            _ => None,
        }
    }

    fn body_ref(&self, body: &crate::module::Body) -> Option<crate::schema::BodyRef> {
        let (id, _) = self.module().bodies.iter().find(|it| std::ptr::eq(it.1, body))?;
        Some(crate::schema::BodyRef { file: self.file, body: id })
    }

    /// `auto(a, b)`: the solver takes the first that leads to no conflict.
    fn auto(
        &mut self,
        decl: &OptionDecl,
        value: ExprId,
        choices: &[ExprId],
        ty: &Ty,
        scope: &Scope,
    ) {
        if !decl.kind.is_choice() {
            let message = format!("`{}` is not chosen by the solver", decl.ident.name);
            let diagnostic = self
                .at_expr(Code::TypeMismatch, value, message)
                .help("`auto(…)` is for the defaults of features and knobs");
            self.report(diagnostic);
        } else if choices.is_empty() {
            let diagnostic = self
                .at_expr(Code::MissingValue, value, "`auto` has no value to choose")
                .help("name at least one: `auto(a, b)` takes the first that leads to no conflict");
            self.report(diagnostic);
        }
        for choice in choices {
            self.expect(*choice, ty, scope);
        }
    }

    /// An option that is called like a word of the language could be set and never be read, or would hide
    /// what the word means.
    fn option_like_a_word(&mut self, decl: &OptionDecl) {
        let name = decl.ident.name.as_str();
        let kind = decl.kind;
        if Database::is_builtin(self.file) {
            return;
        }
        let message = if is_reserved_word(name) {
            format!("`{name}` is a word of the language: this {kind} could not be read")
        } else if let Some(meaning) = meaning_in_words(name) {
            format!("`{name}` already means something{meaning}")
        } else {
            return;
        };
        let mut diagnostic = self.at_ident(Code::AmbiguousName, &decl.ident, message);
        if name == "version" {
            diagnostic = diagnostic.help(
                "versions are no options: write `version = 1.0`, or several in `versions { 1.1; 1.0 }`",
            );
        }
        self.report(diagnostic.help(format!("give the {kind} another name")));
    }

    /// A name of a loop, or a parameter, that would hide what a word means around it.
    pub(super) fn local_like_a_word(&mut self, ident: &Ident, what: &str, scope: &Scope) {
        let name = ident.name.as_str();
        let message = if is_reserved_word(name) {
            format!("`{name}` is a word of the language")
        } else {
            // Many things have a name, and where no package is, it has no version either.
            let is_free = name == "name" || scope.table.is_none() && object(name).is_none();
            let Some(meaning) = meaning_in_words(name).filter(|_| !is_free) else { return };
            format!("`{name}` already means something{meaning}")
        };
        let diagnostic = self
            .at_ident(Code::AmbiguousName, ident, message)
            .here(format!("this {what} would hide it"))
            .help("give it another name");
        self.report(diagnostic);
    }

    /// A let that is called like something else would change what that word means around it, or would
    /// never be read.
    fn let_like_something_else(&mut self, ident: &Ident, table: &Arc<OptionTable>) {
        let name = ident.name.as_str();
        // That a field of every package is declared anew has been said.
        if table.get(name).is_some_and(|it| it.at.file == Database::PACKAGE) {
            return;
        }
        let value =
            |it: &&Arc<OptionSchema>| it.ty.words().is_some_and(|it| it.position(name).is_some());
        // Constants of a module are for its functions first, which are in no package.
        let is_free = name == "name" && self.module().kind == Some(ModuleKind::Module);
        let package = self.db.schema(Database::PACKAGE);
        let fields = package.mixin("package").map(|it| it.2.clone());
        let diagnostic = if let Some(option) = table.options.iter().find(value) {
            let message = format!("`{name}` is also a value of `{}`", option.name);
            self.at_ident(Code::AmbiguousName, ident, message).label(
                option.at.file,
                self.db.span(option.at.file, option.span),
                "declared here",
            )
        } else if let Some(field) = fields.as_ref().and_then(|it| it.get(name)) {
            let message = format!("every package has a field `{name}`, and mixins would read that");
            let place = self.db.span(field.at.file, field.span);
            let label = "the field of every package";
            self.at_ident(Code::AmbiguousName, ident, message).label(field.at.file, place, label)
        } else if is_reserved_word(name) {
            let message = format!("`{name}` is a word of the language: this let could not be read");
            self.at_ident(Code::AmbiguousName, ident, message)
        } else if let Some(meaning) = meaning_in_words(name)
            && !is_free
        {
            let message = format!("`{name}` already means something{meaning}");
            self.at_ident(Code::AmbiguousName, ident, message)
        } else {
            return;
        };
        self.report(diagnostic.help("give the let another name"));
    }

    /// Defaults of features and knobs are known before anything is built; fields are not.
    fn no_fields(&mut self, expr: ExprId, table: &Arc<OptionTable>) {
        for read in self.reads(expr) {
            let name = self.module().word(read);
            if self.res[read.index()] == Res::Option
                && let Some(option) = table.get(name)
                && option.kind == OptionKind::Field
            {
                let message =
                    format!("`{name}` is a field, and fields are known only when building");
                let diagnostic = self
                    .at_expr(Code::NotACondition, read, message)
                    .label(
                        option.at.file,
                        self.db.span(option.at.file, option.span),
                        "declared here",
                    )
                    .help("declare it as a `knob`");
                self.report(diagnostic);
            }
        }
    }

    fn guards_of_body(&mut self, body: &'a crate::module::Body, scope: &Scope, place: CondPlace) {
        let module = self.module();
        let guards = module.guards.values();
        if guards.is_empty() {
            return;
        }
        let mut seen = vec![false; guards.len()];
        // Both branches of one `when` share the condition; it is checked once. Most have no `else`.
        let has_unless = guards.iter().any(|it| matches!(it.kind, GuardKind::Unless(_)));
        let with_when: FastSet<ExprId> = guards
            .iter()
            .filter_map(|it| match it.kind {
                GuardKind::When(cond) if has_unless => Some(cond),
                _ => None,
            })
            .collect();
        let starts = body
            .options
            .iter()
            .map(|it| it.guard)
            .chain(body.steps.iter().map(|it| it.guard))
            .chain(body.stmts.iter().map(|it| it.guard))
            .chain(body.parts.iter().map(|it| it.guard));
        for start in starts {
            let mut next = start;
            while let Some(id) = next {
                if std::mem::replace(&mut seen[id.index()], true) {
                    break;
                }
                next = module.guards[id].parent;
            }
        }
        for (_, guard) in module.guards.iter().filter(|it| seen[it.0.index()]) {
            let inner = self.guarded(guard.parent, scope);
            match &guard.kind {
                GuardKind::When(cond) | GuardKind::Unless(cond) => {
                    if matches!(guard.kind, GuardKind::When(_)) || !with_when.contains(cond) {
                        self.condition(*cond, &inner, place);
                    }
                }
                GuardKind::Feature(_) => {}
                GuardKind::Arm { knob, patterns } => self.arm(knob, patterns, &inner),
                // The values are those of the other arms.
                GuardKind::ElseArm { .. } => {}
                GuardKind::For { name, list } => {
                    self.local_like_a_word(name, "name of a loop", &inner);
                    let ty = self.infer(*list, &inner);
                    self.element_type(*list, &ty);
                    if self.reads(*list).iter().any(|it| {
                        matches!(
                            self.res[it.index()],
                            Res::Option | Res::ObjectMember(_) | Res::GivenFact(_)
                        )
                    }) {
                        let diagnostic = self
                            .at_expr(
                                Code::NotACondition,
                                *list,
                                "what a loop goes through must be known as it is written",
                            )
                            .help("loop over all values, and put `when` inside");
                        self.report(diagnostic);
                    }
                }
            }
        }
    }

    /// The values of an arm.
    fn arm(&mut self, knob: &Ident, patterns: &'a [ExprId], scope: &Scope) {
        let Some(option) = scope.table.as_ref().and_then(|it| it.get(&knob.name)) else { return };
        let ty = match option.ty.without_opt() {
            Ty::Set(of) => Ty::Enum(of.clone()),
            ty @ (Ty::Enum(_) | Ty::Bool | Ty::Int(_) | Ty::Version | Ty::Error) => ty.clone(),
            other => {
                let message = format!("{} cannot have arms", other.a());
                let diagnostic = self
                    .at_ident(Code::BadDeclaration, knob, message)
                    .help("arms hang on the values of enums, sets, numbers and features; use `when` for others");
                self.report(diagnostic);
                return;
            }
        };
        for pattern in patterns {
            match (self.expr_ref(*pattern), &ty) {
                (Expr::Range { lo, hi, .. }, Ty::Int(_)) => {
                    for bound in [lo, hi].into_iter().flatten() {
                        self.expect(*bound, &Ty::INT, scope);
                    }
                    self.set(*pattern, Res::None, Ty::list(Ty::INT));
                }
                // A group stands for its values: `intel => host …`.
                (Expr::Name(name), Ty::Enum(of))
                    if of.position(name).is_none() && of.group(name).is_some() =>
                {
                    let at = of.groups.iter().position(|it| it.0 == *name).unwrap_or(0);
                    self.set(*pattern, Res::Group(of.clone(), at as u32), Ty::Set(of.clone()));
                }
                _ => {
                    self.expect(*pattern, &ty, scope);
                }
            }
        }
    }

    /// Checks a statement of a body of this kind.
    fn stmt(&mut self, stmt: &'a Stmt, scope: &Scope, (id, kind): (BodyId, PartKind)) {
        let scope = self.guarded(stmt.guard, scope);
        match &stmt.kind {
            StmtKind::Dep(dep) => {
                // What a mixin or an output needs only some need.
                let module = self.module();
                let is_always = module.root == Some(id)
                    && module.kind == Some(ModuleKind::Recipe)
                    && dep.role != Role::Test
                    && stmt.guard.is_none()
                    && dep.when.is_none();
                let needed = if is_always { Needed::Always } else { Needed::Sometimes };
                self.dep(dep, &scope, needed);
                self.packages_in_loops(dep, stmt.guard);
                // Tests see their package as it was built, and what they need is no part of it.
                if kind != PartKind::Output && dep.role != Role::Test {
                    self.own_output(stmt, &dep.spec);
                }
            }
            StmtKind::Provides(provides) => {
                for (interface, reqs) in &provides.interfaces {
                    self.interface_name(interface);
                    self.reqs(reqs, &scope);
                }
                if let Some(when) = provides.when {
                    self.condition(when, &scope, CondPlace::Recipe);
                }
            }
            StmtKind::Rule(rule) => {
                self.condition(rule.cond, &scope, CondPlace::Recipe);
                if let Some(when) = rule.when {
                    self.condition(when, &scope, CondPlace::Recipe);
                }
                self.rule_message(
                    rule.message,
                    stmt,
                    &scope,
                    if rule.require { "require" } else { "conflict" },
                );
            }
            StmtKind::Unavailable { when, message, .. } => {
                if let Some(when) = when {
                    self.condition(*when, &scope, CondPlace::Recipe);
                }
                self.rule_message(*message, stmt, &scope, "unavailable");
            }
            StmtKind::Arg { then, else_ } => {
                let inner = scope.building();
                for expr in [Some(*then), *else_].into_iter().flatten() {
                    // One argument, or several in a list.
                    let found = self.infer(expr, &inner);
                    let ok = match &found {
                        Ty::List(of) => self.is_textual(of),
                        Ty::Empty => true,
                        other => self.is_textual(other),
                    };
                    if !ok {
                        let diagnostic = self.at_expr(
                            Code::TypeMismatch,
                            expr,
                            format!("an argument is a text or a list of texts, not {}", found.a()),
                        );
                        self.report(diagnostic);
                    }
                }
                if let (Some(else_), None) = (else_, stmt.guard) {
                    let diagnostic = self
                        .at_expr(
                            Code::BadDeclaration,
                            *else_,
                            "nothing decides between this and the other one",
                        )
                        .help("`arg … else …` stands in the block of a feature, an arm or `when`");
                    self.report(diagnostic);
                }
            }
            StmtKind::Export { key, dep } => {
                if !EXPORT_KEYS.contains(&key.name.as_str()) {
                    let near = nearest(&key.name, EXPORT_KEYS.iter().copied());
                    let message =
                        format!("there is no export `{}`{}", key.name, did_you_mean(&near));
                    let mut diagnostic = self.at_ident(Code::UnknownKeyword, key, message);
                    for near in &near {
                        diagnostic = diagnostic.fix(format!("write `{near}`"), *near);
                    }
                    if near.is_empty() {
                        diagnostic =
                            diagnostic.help(format!("there are {}", list(EXPORT_KEYS, "and")));
                    }
                    self.report(diagnostic);
                }
                // What is passed on only some need.
                self.dep(dep, &scope, Needed::Sometimes);
                self.packages_in_loops(dep, stmt.guard);
            }
            StmtKind::IgnoreExports(ignore) => {
                self.interface_name(&ignore.package);
                if let Some(to) = &ignore.to
                    && !["build", "host", "run"].contains(&to.name.as_str())
                {
                    let message =
                        format!("exports go to `build`, `host` or `run`, not to `{}`", to.name);
                    let diagnostic = self
                        .at_ident(Code::UnknownKeyword, to, message)
                        .help("without `to`, they are ignored wherever they go");
                    self.report(diagnostic);
                }
                if let Some(when) = ignore.when {
                    self.condition(when, &scope, CondPlace::Recipe);
                }
            }
            StmtKind::Setting(setting) => match kind {
                PartKind::Output => self.part_setting(
                    setting,
                    &scope,
                    &[("files", Ty::list(Ty::STRING))],
                    "an output",
                ),
                PartKind::Test => {
                    self.part_setting(setting, &scope, &[("script", Ty::Script)], "a test")
                }
                PartKind::Mixin | PartKind::Preset | PartKind::Compile => {
                    self.recipe_setting(setting, &scope)
                }
            },
            StmtKind::Publish(wants) => {
                self.publish_guards(stmt);
                // A wish is no part of the package: it can read none of its options.
                let scope = Scope::empty();
                let scope = self.guarded(stmt.guard, &scope);
                for want in wants {
                    self.spec(&want.spec, &scope, SpecPlace::Wish);
                    self.reqs(&want.reqs, &scope);
                    self.unmet_wish(want, stmt.guard);
                }
            }
            // Inclusions are checked with the schema; the rest does not stand in recipes.
            StmtKind::Include(_)
            | StmtKind::Use(_)
            | StmtKind::Want(_)
            | StmtKind::Overlays(_)
            | StmtKind::Policy { .. }
            | StmtKind::PkgsWhere { .. } => {}
        }
    }

    /// Reports a package that needs an output of its own to be compiled.
    fn own_output(&mut self, stmt: &Stmt, spec: &Spec) {
        let (PackageRef::Named(name), Some(output)) = (&spec.package, &spec.output) else { return };
        let own = self.module().name.as_ref();
        if self.module().kind != Some(ModuleKind::Recipe)
            || own.is_none_or(|it| it.name != name.name)
        {
            return;
        }
        let message =
            format!("`{0}` is what makes `{0}.{1}`, so it cannot need it", name.name, output.name);
        let diagnostic = self.at_span(Code::BadDeclaration, stmt.span, message).help(format!(
            "an output may need another one, in its block: `output NAME {{ run {}.{} }}`",
            name.name, output.name
        ));
        self.report(diagnostic);
    }

    /// Reports that what is published is said to depend on what is chosen: each spec chooses for
    /// itself, so there is nothing yet that it could depend on.
    fn publish_guards(&mut self, stmt: &Stmt) {
        let module = self.module();
        let before = self.diagnostics.len();
        let mut is_chosen = false;
        for guard in module.guards_of(stmt.guard) {
            match &guard.kind {
                GuardKind::When(cond) | GuardKind::Unless(cond) => {
                    self.fragment(*cond, &Scope::layer(), super::conditions::CondPlace::Layer);
                }
                GuardKind::Feature(_) | GuardKind::Arm { .. } | GuardKind::ElseArm { .. } => {
                    is_chosen = true;
                }
                GuardKind::For { .. } => {}
            }
        }
        is_chosen |= self.diagnostics[before..].iter().any(|it| it.is_error());
        self.diagnostics.truncate(before);
        if is_chosen {
            let message = "what is published cannot depend on what is chosen";
            let diagnostic = self.at_span(Code::NotACondition, stmt.span, message).help(
                "each spec behind `publish` is built by itself: say in it what is to be chosen, as in `publish curl[http2]`; a condition around may read `platform`",
            );
            self.report(diagnostic);
        }
    }

    fn rule_message(&mut self, message: Option<ExprId>, stmt: &Stmt, scope: &Scope, word: &str) {
        match message {
            Some(message) => {
                self.expect(message, &Ty::STRING, scope);
            }
            None => {
                let diagnostic = self
                    .at_span(
                        Code::MissingMessage,
                        stmt.span,
                        format!("this `{word}` does not say why"),
                    )
                    .help("add a text behind it: users see it when the rule stops them");
                self.report(diagnostic);
            }
        }
    }

    /// A setting in a recipe: of its own options, of its fields, of the steps it includes.
    fn recipe_setting(&mut self, setting: &'a Setting, scope: &Scope) {
        let scope = self.guarded(setting.guard, scope);
        self.value_of = setting.path.first().map(|it| &it.name);
        if let [name] = &*setting.path
            && name.name == "version"
        {
            self.expect(setting.value, &Ty::Version, &scope);
        } else if let Some(table) = scope.table {
            let unnamed = const { &Name::from_static_str("") };
            let package = self.module().name.as_ref().map_or(unnamed, |it| &it.name);
            self.setting(setting, &setting.path, package, table, scope.building());
        }
        self.value_of = None;
    }

    fn part_setting(
        &mut self,
        setting: &'a Setting,
        scope: &Scope,
        known: &[(&str, Ty)],
        what: &str,
    ) {
        let [name] = &*setting.path else { return };
        match known.iter().find(|it| it.0 == name.name) {
            Some((_, ty)) => {
                self.expect(setting.value, ty, &scope.building());
            }
            None => {
                self.infer_quietly(setting.value, &scope.building());
                let names: Vec<&str> = known.iter().map(|it| it.0).collect();
                let message = format!("{what} has no `{}`", name.name);
                let diagnostic = self
                    .at_ident(Code::UnknownOption, name, message)
                    .help(format!("it has {}", list(&names, "and")));
                self.report(diagnostic);
            }
        }
    }

    /// The texts and conditions of enum values.
    fn enum_values(&mut self, scope: &Scope) {
        for decl in self.module().enums.values() {
            for value in &decl.values {
                if let Some(text) = value.text {
                    self.expect(text, &Ty::STRING, scope);
                }
                if let Some(when) = value.when
                    && self.types[when.index()] == Ty::Error
                    && self.res[when.index()] == Res::None
                {
                    self.condition(when, scope, CondPlace::Recipe);
                }
            }
        }
    }
}
