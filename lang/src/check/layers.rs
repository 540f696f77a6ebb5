//! Overrides, overlays and projects: settings of packages, and wishes.

use std::borrow::Cow;
use std::sync::Arc;

use super::conditions::CondPlace;
use super::specs::{Changed, Declared, SpecPlace, behind};
use super::{Checker, Res, Scope};
use crate::diagnostic::{Code, Label};
use crate::module::{
    Expr, ExprId, GuardKind, Ident, ModuleKind, Name, OptionKind, PartKind, Setting, SettingOp,
    StmtKind, Use,
};
use crate::nearest::{did_you_mean, list, nearest};
use crate::recipe_folders::is_folder;
use crate::schema::{OptionTable, Schema};
use crate::types::{Object, Ty};

/// The standard recipes, which are there whether a project says so or not.
const STANDARD_SET: &str = "core";

impl<'a> Checker<'a> {
    /// Checks an override, an overlay or a project.
    pub(super) fn layer(&mut self) {
        let module = self.module();
        let Some(root) = module.root else { return };
        let body = &module.bodies[root];
        let kind = module.kind.unwrap_or(ModuleKind::Project);
        for guard in module.guards.values() {
            if let GuardKind::When(cond) = guard.kind {
                self.condition(cond, &Scope::layer(), CondPlace::Layer);
            }
        }
        let target = match (kind, &module.name) {
            (ModuleKind::Override, Some(name)) => {
                let found = self.package(&name.name);
                if found.is_none() {
                    self.unknown_package(name, SpecPlace::Wish);
                }
                Some((name.clone(), found))
            }
            (ModuleKind::Override, None) => return,
            _ => None,
        };
        let mut settings: Vec<(Name, &'a Setting, Vec<Ident>)> = Vec::new();
        let mut globals = Vec::new();
        let mut patterns = Vec::new();
        let mut wishes = Vec::new();
        for stmt in &body.stmts {
            match &stmt.kind {
                StmtKind::Setting(setting) => match &target {
                    Some((name, Some(schema))) => {
                        let path = setting.path.to_vec();
                        let schema = schema.clone();
                        self.package_setting(setting, &path, &name.name, &schema);
                        settings.push((name.name.clone(), setting, path));
                    }
                    Some((_, None)) => {
                        self.infer_quietly(setting.value, &Scope::empty());
                    }
                    None => {
                        match self.global_setting(setting) {
                            Some((package, path)) => settings.push((package, setting, path)),
                            // Of no package: the toolchain, facts, providers.
                            None => globals.push((Name::default(), setting, setting.path.to_vec())),
                        }
                    }
                },
                StmtKind::Want(wants) | StmtKind::Publish(wants) => {
                    for want in wants {
                        self.spec(&want.spec, &Scope::empty(), SpecPlace::Wish);
                        self.reqs(&want.reqs, &Scope::empty());
                        self.unmet_wish(want, stmt.guard);
                    }
                    // What is published is solved spec by spec.
                    if matches!(stmt.kind, StmtKind::Want(_)) {
                        wishes.extend(wants.iter().map(|it| (it, stmt.guard)));
                    }
                }
                StmtKind::Policy { spec, reqs, message } => {
                    self.spec(spec, &Scope::empty(), SpecPlace::Need);
                    self.reqs(reqs, &Scope::empty());
                    match message {
                        Some(message) => {
                            self.expect(*message, &Ty::STRING, &Scope::empty());
                        }
                        None => {
                            let diagnostic = self
                                .at_span(
                                    Code::MissingMessage,
                                    stmt.span,
                                    "this policy does not say why",
                                )
                                .help(
                                    "add a text behind it: users see it when the policy stops them",
                                );
                            self.report(diagnostic);
                        }
                    }
                }
                StmtKind::Unavailable { package, when, message, lenient } => {
                    if let Some(package) = package
                        && !lenient
                        && self.package(&package.name).is_none()
                    {
                        self.unknown_package(package, SpecPlace::Wish);
                    }
                    if let Some(when) = when {
                        self.condition(*when, &Scope::layer(), CondPlace::Layer);
                    }
                    if let Some(message) = message {
                        self.expect(*message, &Ty::STRING, &Scope::empty());
                    }
                }
                StmtKind::Include(include) => {
                    self.include_preset(&include.path, target.as_ref().map(|it| &it.0))
                }
                StmtKind::Overlays(list) => self.overlay_names(*list),
                StmtKind::PkgsWhere { option, kind, settings } => {
                    self.pkgs_where(option, *kind, settings);
                    let whose = Name::from(format!("pkgs where has {kind}"));
                    // What the pattern is not about has been told.
                    let own = settings
                        .iter()
                        .filter(|it| it.path.first().is_some_and(|it| it.name == option.name));
                    patterns.extend(own.map(|it| (whose.clone(), it, it.path.to_vec())));
                }
                StmtKind::Use(use_) if kind == ModuleKind::Project => self.recipe_set(use_),
                StmtKind::Use(_) => {}
                // Lowering has reported these.
                StmtKind::Dep(_)
                | StmtKind::Provides(_)
                | StmtKind::Rule(_)
                | StmtKind::Arg { .. }
                | StmtKind::Export { .. }
                | StmtKind::IgnoreExports(_) => {}
            }
        }
        self.contradictions(&settings);
        globals.retain(|it: &(Name, &'a Setting, Vec<Ident>)| {
            matches!(it.2[0].name.as_str(), "toolchain" | "facts" | "build")
        });
        self.contradictions(&globals);
        self.contradictions(&patterns);
        self.contradicting_wishes(&wishes);
        self.effects(&settings);
        self.setting_cycles(&settings);
    }

    /// What a project uses. Whoever made the database knows the folders; here is said what is none.
    fn recipe_set(&mut self, use_: &'a Use) {
        let name = use_.target.name.as_str();
        if !(use_.is_path && (is_folder(name) || name == STANDARD_SET)) {
            let message = format!("there is no set of recipes `{name}`");
            let folder = format!("\"./{name}\"");
            let mut diagnostic = self.at_ident(Code::UnknownModule, &use_.target, message);
            if name == STANDARD_SET || !nearest(name, [STANDARD_SET]).is_empty() {
                let set = format!("\"{STANDARD_SET}\"");
                diagnostic = diagnostic.fix(format!("write `{set}`"), set);
            } else {
                diagnostic = diagnostic
                    .help(format!("a project uses folders of recipes, and `\"{STANDARD_SET}\"`, the standard ones"))
                    .fix(format!("write `{folder}`, the folder beside the project"), folder);
            }
            self.report(diagnostic);
        }
        if let Some(from) = use_.from.as_ref().filter(|it| it.name != "lock") {
            let message = format!("there are no sets of recipes in `{}`", from.name);
            let diagnostic = self
                .at_ident(Code::UnknownKeyword, from, message)
                .fix("write `lock`: the versions that the project has locked", "lock");
            self.report(diagnostic);
        }
    }

    /// A setting of a file that names its packages: `dpdk { … }`, `toolchain.link = static`.
    fn global_setting(&mut self, setting: &'a Setting) -> Option<(Name, Vec<Ident>)> {
        let (first, rest) = setting.path.split_first()?;
        let object = match first.name.as_str() {
            "toolchain" => Some(Object::Toolchain),
            "platform" => Some(Object::Platform),
            "facts" => Some(Object::Facts),
            _ => None,
        };
        if let Some(object) = object {
            self.object_setting(setting, object, first, rest);
            return None;
        }
        if first.name == "build"
            && let [second, rest @ ..] = rest
            && let Some(object) = match second.name.as_str() {
                "toolchain" => Some(Object::Toolchain),
                "facts" => Some(Object::Facts),
                _ => None,
            }
        {
            self.object_setting(setting, object, second, rest);
            return None;
        }
        if first.name == "providers" {
            self.provider(setting, rest);
            return None;
        }
        let Some(schema) = self.package(&first.name) else {
            self.infer_quietly(setting.value, &Scope::empty());
            if !setting.lenient {
                if rest.is_empty() {
                    self.lone_setting(first, setting);
                } else {
                    self.unknown_package(first, SpecPlace::Wish);
                }
            }
            return None;
        };
        if rest.is_empty() {
            self.infer_quietly(setting.value, &Scope::empty());
            let message = format!("`{}` is a package, not an option", first.name);
            let diagnostic = self
                .at_ident(Code::UnknownOption, first, message)
                .help(format!("set its options in a block: `{} {{ … }}`", first.name));
            self.report(diagnostic);
            return None;
        }
        self.package_setting(setting, rest, &first.name, &schema);
        Some((first.name.clone(), rest.to_vec()))
    }

    /// `drivers += mlx5` in a project: of which package?
    fn lone_setting(&mut self, name: &Ident, setting: &'a Setting) {
        let kind = self.module().kind.unwrap_or(ModuleKind::Project);
        let message = format!("this does not say of which package `{}` is an option", name.name);
        let near = nearest(&name.name, self.db.stems());
        let packages: Vec<&str> =
            near.into_iter().filter(|it| self.db.package(it).is_some()).collect();
        let article = if kind == ModuleKind::Project { "a" } else { "an" };
        let mut diagnostic = self.at_ident(Code::UnknownPackage, name, message).help(format!(
            "in {article} {kind}, settings stand in the block of their package: `PACKAGE {{ {} = … }}`",
            name.name
        ));
        if !packages.is_empty() {
            diagnostic = diagnostic.help(format!("there is a package {}", list(&packages, "and")));
        }
        for package in self.packages_with(&name.name, "") {
            let whole = self.span(setting.span);
            let text = format!("{package} {{ {} }}", &self.db.text(self.file)[whole]);
            if !text.contains('\n') {
                diagnostic = diagnostic.fix_at(format!("write `{text}`"), self.file, whole, text);
            }
        }
        self.report(diagnostic);
    }

    fn object_setting(
        &mut self,
        setting: &'a Setting,
        object: Object,
        first: &Ident,
        rest: &[Ident],
    ) {
        if object == Object::Platform {
            let diagnostic = self
                .at_ident(Code::UnknownOption, first, "the platform is chosen by `--target`, not by settings")
                .help("to do something on one platform only, write `when platform.cpu == aarch64 { … }`");
            self.report(diagnostic);
            self.infer_quietly(setting.value, &Scope::empty());
            return;
        }
        let mut table = crate::globals::global_table(self.db, object);
        let mut rest = rest;
        let mut owner = Name::from_static_str(object.text());
        // `facts.cluster.fabric`: of the facts that a module declares.
        if let (Object::Facts, [module, inner @ ..]) = (object, rest)
            && table.get(&module.name).is_none()
            && let Some((_, declared)) = crate::globals::facts_of_module(self.db, &module.name)
        {
            owner = Name::from(format!("facts.{}", module.name));
            (table, rest) = (declared, inner);
        }
        let [name] = rest else {
            self.infer_quietly(setting.value, &Scope::empty());
            let (what, names): (&str, Vec<&str>) = match object {
                Object::Facts => {
                    ("this does not say which fact is given", super::facts::fact_names(&table))
                }
                _ => ("this does not say which option of the toolchain", table.names().collect()),
            };
            let diagnostic = self
                .at_span(Code::UnknownOption, setting.span, what)
                .help(format!("there are {}", list(&names, "and")));
            self.report(diagnostic);
            return;
        };
        let is_one = |it: &crate::schema::OptionSchema| {
            object != Object::Facts || crate::globals::is_fact(it)
        };
        let found = self.find_option(&table, name, &owner).filter(|it| is_one(it)).cloned();
        let Some(option) = found else {
            self.infer_quietly(setting.value, &Scope::empty());
            if object == Object::Facts {
                self.unknown_fact(Code::UnknownOption, name, &owner, &table);
            } else {
                self.unknown_option(name, &owner, &table, None, Some((setting.op, setting.value)));
            }
            return;
        };
        self.operator(setting.op, &option, setting.span, setting.value);
        let scope = Scope { setting: Some(&option.ty), ..Scope::empty() };
        self.expect(setting.value, &option.ty, &scope);
    }

    /// `providers.mpi = openmpi`
    fn provider(&mut self, setting: &'a Setting, rest: &[Ident]) {
        let [interface] = rest else { return };
        if self.package(&interface.name).is_none() {
            self.unknown_package(interface, SpecPlace::Wish);
        }
        match self.module().auto(setting.value) {
            Some(choices) => {
                let choices: Vec<ExprId> = choices.collect();
                if choices.is_empty() {
                    self.no_provider(setting.value);
                }
                choices.into_iter().for_each(|it| self.provider_name(it));
            }
            None => self.provider_name(setting.value),
        }
    }

    fn provider_name(&mut self, value: ExprId) {
        match self.expr_ref(value) {
            Expr::Name(name) => {
                if self.package(name).is_none() {
                    let mut near: Vec<&str> = nearest(name, self.db.stems());
                    near.retain(|it| self.db.package(it).is_some());
                    let message = format!("there is no package `{name}`{}", did_you_mean(&near));
                    let mut diagnostic = self.at_expr(Code::UnknownPackage, value, message);
                    if let [near, ..] = near[..] {
                        diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                    }
                    self.report(diagnostic);
                }
                self.set(value, Res::Local(name.clone()), Ty::STRING);
            }
            Expr::Missing => {}
            _ => self.no_provider(value),
        }
    }

    fn no_provider(&mut self, value: ExprId) {
        let diagnostic = self
            .at_expr(Code::TypeMismatch, value, "expected the name of a package")
            .help("for example `providers.mpi = openmpi`, or `auto(openmpi, mpich)`: the first that leads to no conflict");
        self.report(diagnostic);
    }

    /// A setting of one package.
    fn package_setting(
        &mut self,
        setting: &'a Setting,
        path: &[Ident],
        package: &Name,
        schema: &Schema,
    ) {
        let scope = Scope::empty();
        if let [name] = path
            && name.name == "version"
        {
            let version =
                Changed { name: "version", ty: &Ty::Version, declared: None, has_prev: false };
            self.operator_of(setting.op, &version, setting.span, setting.value);
            self.expect(setting.value, &Ty::Version, &scope);
            self.known_version(setting.value, package, schema);
            return;
        }
        // `curl { shared_build.http3 = on }`: of one compilation.
        if let [first, rest @ ..] = path
            && !rest.is_empty()
            && schema.part(PartKind::Compile, &first.name).is_some()
            && schema.table.get(&first.name).is_none()
        {
            return self.setting_in(setting, rest, package, &schema.table);
        }
        self.setting_in(setting, path, package, &schema.table);
    }

    fn setting_in(
        &mut self,
        setting: &'a Setting,
        path: &[Ident],
        package: &Name,
        table: &Arc<OptionTable>,
    ) {
        self.setting(setting, path, package, table, Scope { building: true, ..Scope::of(table) });
    }

    /// Checks one setting against the options of a table.
    pub(super) fn setting(
        &mut self,
        setting: &'a Setting,
        path: &[Ident],
        package: &Name,
        table: &Arc<OptionTable>,
        scope: Scope<'_>,
    ) {
        let Some((first, rest)) = path.split_first() else { return };
        if first.name == "steps" {
            self.step_setting(setting, rest, package, table, scope);
            return;
        }
        let Some(option) = self.find_option(table, first, package) else {
            let switch = (setting.op == SettingOp::Set && rest.is_empty())
                .then(|| self.switch(setting.value))
                .flatten();
            let value = rest.is_empty().then_some((setting.op, setting.value));
            self.unknown_option(first, package, table, switch.map(|it| (setting.span, it)), value);
            self.infer_quietly(setting.value, &scope);
            return;
        };
        let mut ty = option.ty.clone();
        let mut declared = (option.at.file, option.span, option.ty.clone());
        for part in rest {
            ty = match (ty.without_opt().clone(), part) {
                (Ty::Map(of), _) => Arc::unwrap_or_clone(of),
                (Ty::Record(record), part) => {
                    let env = self.db.env(record.file);
                    let record = &env.records[record.id.index()];
                    match record.fields.iter().position(|it| it.name == part.name) {
                        Some(at) => {
                            let ty = record.fields[at].ty.clone();
                            let decl = &env.module().records[record.id].fields[at];
                            declared = (record.file, decl.ident.span, ty.clone());
                            ty
                        }
                        None => {
                            let near = nearest(
                                &part.name,
                                record.fields.iter().map(|it| it.name.as_str()),
                            );
                            let message = format!(
                                "`{}` has no field `{}`{}",
                                record.name,
                                part.name,
                                did_you_mean(&near)
                            );
                            let mut diagnostic = self.at_ident(Code::UnknownOption, part, message);
                            if let [near, ..] = near[..] {
                                diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                            }
                            self.report(diagnostic);
                            self.infer_quietly(setting.value, &scope);
                            return;
                        }
                    }
                }
                (other, part) => {
                    if other != Ty::Error {
                        let message =
                            format!("`{}` is {}, which has no parts", option.name, other.a());
                        let diagnostic = self.at_ident(Code::UnknownOption, part, message).label(
                            option.at.file,
                            self.db.span(option.at.file, option.span),
                            "declared here",
                        );
                        self.report(diagnostic);
                    }
                    self.infer_quietly(setting.value, &scope);
                    return;
                }
            };
        }
        let name = match rest {
            [] => Cow::Borrowed(first.name.as_str()),
            _ => path.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(".").into(),
        };
        let declared = (declared.0, declared.1, &declared.2);
        let changed = Changed { name: &name, ty: &ty, declared: Some(declared), has_prev: true };
        self.operator_of(setting.op, &changed, setting.span, setting.value);
        let scope = Scope { setting: Some(&ty), ..scope };
        let before = self.diagnostics.len();
        self.expect(setting.value, behind(setting.op, &ty), &scope);
        self.beside_declaration(before, setting.value, &name, declared);
        if option.kind.is_choice() {
            self.no_building_names(setting.value, table);
        }
    }

    /// What is wrong with a value is easier to see by the name and the declaration of what it is for.
    pub(super) fn beside_declaration(
        &mut self,
        before: usize,
        value: ExprId,
        name: &str,
        (file, span, ty): Declared<'_>,
    ) {
        if self.diagnostics.len() == before {
            return;
        }
        let text = format!("declared here: {ty}");
        let declared = Label { file, range: self.db.span(file, span), text };
        let range = self.range(value);
        let is_literal = matches!(self.expr_ref(value), Expr::Set(_) | Expr::List(_));
        for diagnostic in &mut self.diagnostics[before..] {
            if !matches!(diagnostic.code, Code::TypeMismatch | Code::OutOfRange) {
                continue;
            }
            let is_whole = diagnostic.primary.range == range;
            if is_whole && let Some(rest) = diagnostic.message.strip_prefix("expected ") {
                let verb = if diagnostic.code == Code::OutOfRange { "must be" } else { "is" };
                diagnostic.message = format!("`{name}` {verb} {rest}");
            }
            if !diagnostic.secondary.is_empty() {
                continue;
            }
            if is_whole || is_literal && range.contains_range(diagnostic.primary.range) {
                diagnostic.secondary.push(declared.clone());
            }
        }
    }

    /// The values of features and knobs are known before building; paths of dependencies are not.
    fn no_building_names(&mut self, value: ExprId, table: &Arc<OptionTable>) {
        for read in self.reads(value) {
            let wrong = match &self.res[read.index()] {
                Res::ObjectMember(
                    Object::Dep | Object::Deps | Object::Outputs | Object::Sources,
                ) => true,
                Res::Fact(super::Fact::Out | super::Fact::Src) => true,
                Res::Option => {
                    let option = table.get(self.module().word(read));
                    option.is_some_and(|it| it.kind == OptionKind::Field)
                }
                _ => false,
            };
            if wrong {
                let source = self.db.text(self.file)[self.range(read)].to_owned();
                let diagnostic = self
                    .at_expr(
                        Code::NotACondition,
                        read,
                        format!("`{source}` is known only when building"),
                    )
                    .help("features and knobs are chosen before; steps and fields may read it");
                self.report(diagnostic);
            }
        }
    }

    fn step_setting(
        &mut self,
        setting: &'a Setting,
        rest: &[Ident],
        package: &Name,
        table: &Arc<OptionTable>,
        mut scope: Scope<'_>,
    ) {
        let [name, inner @ ..] = rest else {
            self.infer_quietly(setting.value, &scope);
            let diagnostic = self
                .at_span(Code::UnknownStep, setting.span, "this does not say which step")
                .help("for example `steps.build = sh\"make all\"`");
            self.report(diagnostic);
            return;
        };
        if table.step(&name.name).is_some() && inner.is_empty() {
            if setting.op == SettingOp::Remove {
                let diagnostic = self
                    .at_span(Code::BadOperator, setting.span, "nothing can be taken from a step")
                    .help(format!("to leave it out, write `steps.{} = sh\"\"`", name.name));
                self.report(diagnostic);
            }
            scope.building = true;
            scope.setting = Some(&Ty::Script);
            self.expect(setting.value, &Ty::Script, &scope);
            return;
        }
        // In the block of `steps`, the fields of the build system are at hand too.
        if table.get(&name.name).is_some() {
            return self.setting(setting, rest, package, table, scope);
        }
        self.infer_quietly(setting.value, &scope.building());
        let names: Vec<&str> = table.steps.iter().map(|it| it.name.as_str()).collect();
        let of_build_system = table.options.iter().filter(|it| {
            it.kind != OptionKind::Let && !crate::database::Database::is_builtin(it.at.file)
        });
        let near = nearest(
            &name.name,
            names.iter().copied().chain(of_build_system.map(|it| it.name.as_str())),
        );
        let message = format!("`{package}` has no step `{}`{}", name.name, did_you_mean(&near));
        let mut diagnostic = self.at_ident(Code::UnknownStep, name, message);
        for near in &near {
            diagnostic = diagnostic.fix(format!("write `{near}`"), *near);
        }
        if near.is_empty() {
            diagnostic = if names.is_empty() {
                diagnostic.help("it has no steps: choose a build system, as in `steps autotools`")
            } else {
                diagnostic.help(format!("it has {}", list(&names, "and")))
            };
        }
        self.report(diagnostic);
    }

    //------ presets, overlays, patterns

    /// `include dpdk.minimal`, or in an override `include minimal`.
    fn include_preset(&mut self, path: &[Ident], target: Option<&Ident>) {
        let (package, preset) = match (path, target) {
            ([preset], Some(target)) => (target, preset),
            ([package, preset], _) => (package, preset),
            ([only], None) => {
                let mut diagnostic = self.at_ident(
                    Code::UnknownModule,
                    only,
                    "this does not say of which package it is a preset",
                );
                let presets = self.package(&only.name).map(|schema| {
                    schema.part_names(PartKind::Preset).map(str::to_owned).collect::<Vec<_>>()
                });
                diagnostic = match presets.as_deref() {
                    Some([]) => diagnostic.help(format!("`{}` has no presets", only.name)),
                    Some(names) => {
                        for name in names {
                            let text = format!("{}.{name}", only.name);
                            diagnostic = diagnostic.fix(format!("write `{text}`"), text);
                        }
                        diagnostic
                    }
                    None => diagnostic.help(format!("write `include PACKAGE.{}`", only.name)),
                };
                self.report(diagnostic);
                return;
            }
            _ => return,
        };
        let Some(schema) = self.package(&package.name) else {
            return self.unknown_package(package, SpecPlace::Wish);
        };
        if schema.part(PartKind::Preset, &preset.name).is_none() {
            let names: Vec<&str> = schema.part_names(PartKind::Preset).collect();
            let near = nearest(&preset.name, names.iter().copied());
            let message = format!(
                "`{}` has no preset `{}`{}",
                package.name,
                preset.name,
                did_you_mean(&near)
            );
            let mut diagnostic = self.at_ident(Code::UnknownModule, preset, message);
            for near in &near {
                diagnostic = diagnostic.fix(format!("write `{near}`"), *near);
            }
            if near.is_empty() {
                diagnostic = if names.is_empty() {
                    diagnostic.help("it has no presets")
                } else {
                    diagnostic.help(format!("it has {}", list(&names, "and")))
                };
            }
            self.report(diagnostic);
        }
    }

    /// `overlays [musl_static, "./site.kiln"]`
    fn overlay_names(&mut self, list: ExprId) {
        let Expr::List(elements) = self.expr_ref(list) else {
            if !matches!(self.expr_ref(list), Expr::Missing) {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, list, "expected a list of overlays")
                    .help("for example `overlays [musl_static, \"./site.kiln\"]`; a later one overrules an earlier one");
                self.report(diagnostic);
            }
            return;
        };
        for element in elements {
            let crate::module::Element::Expr(expr) = element else { continue };
            let (file, shown) = match self.expr_ref(*expr) {
                Expr::Name(name) => {
                    (self.db.find(name, &[ModuleKind::Overlay]).ok_or(None), name.to_string())
                }
                other => match crate::schema::plain_text(other) {
                    Some(path) => {
                        let whole = crate::env::resolve(&self.db.path(self.file), &path);
                        let file = self.db.file(&whole);
                        let error = self.db.read_error(file);
                        (error.map_or(Ok(file), |it| Err(Some(it))), path.into_string())
                    }
                    None => {
                        let diagnostic = self.at_expr(
                            Code::TypeMismatch,
                            *expr,
                            "expected the name or the path of an overlay",
                        );
                        self.report(diagnostic);
                        continue;
                    }
                },
            };
            match file {
                Err(Some(error)) => {
                    let message = format!("cannot read `{shown}`: {error}");
                    let diagnostic = self
                        .at_expr(Code::UnreadableFile, *expr, message)
                        .help("the path is relative to the folder of this file");
                    self.report(diagnostic);
                }
                Err(None) => {
                    let near = nearest(&shown, self.db.stems());
                    let near: Vec<&str> = near
                        .into_iter()
                        .filter(|it| self.db.find(it, &[ModuleKind::Overlay]).is_some())
                        .collect();
                    let message = format!("there is no overlay `{shown}`{}", did_you_mean(&near));
                    let mut diagnostic = self.at_expr(Code::UnknownModule, *expr, message);
                    if let [near, ..] = near[..] {
                        diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                    } else if self.package(&shown.as_str().into()).is_some() {
                        diagnostic = diagnostic.help(format!(
                            "`{shown}` is a package: to build it, write `want {shown}`"
                        ));
                    } else {
                        diagnostic = diagnostic.help(
                            "an overlay of your own is named by its path, as in `\"./site.kiln\"`",
                        );
                    }
                    self.report(diagnostic);
                }
                Ok(file) => {
                    let kind = self.db.lowered(file).module.kind;
                    if kind != Some(ModuleKind::Overlay) {
                        let found = match kind {
                            Some(kind) => format!("begins with `{kind}`"),
                            None => "does not begin with `overlay`".to_owned(),
                        };
                        let message = format!("`{shown}` is no overlay: it {found}");
                        let diagnostic = self
                            .at_expr(Code::UnknownModule, *expr, message)
                            .help("an overlay begins with its name, as in `overlay site`");
                        self.report(diagnostic);
                    }
                }
            }
        }
    }

    fn pkgs_where(&mut self, option: &Ident, kind: OptionKind, settings: &'a [Setting]) {
        for setting in settings {
            // Which packages it is for is known only when they are; what it sets must be the option
            // that it asks for, whose type is then known to exist.
            let scope = Scope::empty();
            let matches = setting.path.first().is_some_and(|it| it.name == option.name);
            if !matches && let Some(first) = setting.path.first() {
                let message = format!(
                    "this pattern is about `{}`, and cannot set `{}`",
                    option.name, first.name
                );
                let diagnostic = self.at_ident(Code::UnknownOption, first, message).help(format!(
                    "write a pattern of its own: `pkgs where has {kind} {0} {{ {0} = … }}`",
                    first.name
                ));
                self.report(diagnostic);
            }
            if kind == OptionKind::Feature {
                self.expect(setting.value, &Ty::Bool, &scope);
            } else {
                self.infer_quietly(setting.value, &scope);
            }
        }
    }
}
