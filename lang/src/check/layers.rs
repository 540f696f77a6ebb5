//! Overrides, overlays and projects: settings of packages, and wishes.

use std::collections::BTreeMap;

use super::conditions::CondPlace;
use super::constants::{Const, Facts, as_set};
use super::specs::{SpecPlace, set_or_same};
use super::{Checker, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{
    Expr, ExprId, GuardKind, Ident, ModuleKind, Name, OptionKind, PartKind, Setting, SettingOp,
    StmtKind,
};
use crate::nearest::{did_you_mean, list, nearest};
use std::sync::Arc;

use crate::schema::{OptionTable, Schema};
use crate::types::{Object, Ty};

impl<'a> Checker<'a> {
    /// Checks an override, an overlay or a project.
    pub(super) fn layer(&mut self) {
        let module = self.module();
        let Some(root) = module.root else { return };
        let body = &module.bodies[root];
        let kind = module.kind.unwrap_or(ModuleKind::Project);
        for guard in module.guards.values() {
            if let GuardKind::When(cond) = guard.kind {
                self.condition(cond, &Scope::empty(), CondPlace::Layer);
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
                        if let Some((package, path)) = self.global_setting(setting) {
                            settings.push((package, setting, path));
                        }
                    }
                },
                StmtKind::Want(wants) | StmtKind::Publish(wants) => {
                    for want in wants {
                        self.spec(&want.spec, &Scope::empty(), SpecPlace::Wish);
                        self.reqs(&want.reqs, &Scope::empty());
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
                StmtKind::Unavailable { package, when, message } => {
                    if let Some(package) = package
                        && self.package(&package.name).is_none()
                    {
                        self.unknown_package(package, SpecPlace::Wish);
                    }
                    if let Some(when) = when {
                        self.condition(*when, &Scope::empty(), CondPlace::Layer);
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
                }
                // Sets of recipes are known to whoever made the database.
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
        self.setting_cycles(&settings);
    }

    /// A setting of a file that names its packages: `dpdk { … }`, `toolchain.link = static`.
    fn global_setting(&mut self, setting: &'a Setting) -> Option<(Name, Vec<Ident>)> {
        let (first, rest) = setting.path.split_first()?;
        let object = match first.name.as_str() {
            "toolchain" => Some(Object::Toolchain),
            "platform" => Some(Object::Platform),
            _ => None,
        };
        if let Some(object) = object {
            self.object_setting(setting, object, first, rest);
            return None;
        }
        if first.name == "build"
            && let [second, rest @ ..] = rest
            && second.name == "toolchain"
        {
            self.object_setting(setting, Object::Toolchain, second, rest);
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
                    self.lone_setting(first);
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
    fn lone_setting(&mut self, name: &Ident) {
        let kind = self.module().kind.unwrap_or(ModuleKind::Project);
        let message = format!("this does not say of which package `{}` is an option", name.name);
        let near = nearest(&name.name, self.db.stems());
        let packages: Vec<&str> =
            near.into_iter().filter(|it| self.db.package(it).is_some()).collect();
        let mut diagnostic = self.at_ident(Code::UnknownPackage, name, message).help(format!(
            "in an {kind} file, settings stand in the block of their package: `dpdk {{ {} = … }}`",
            name.name
        ));
        diagnostic.help[0] =
            diagnostic.help[0].replace("an project", "a project").replace("an recipe", "a recipe");
        if !packages.is_empty() {
            diagnostic = diagnostic.help(format!("there is a package {}", list(&packages, "and")));
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
        let table = self.global_table(object);
        let [name] = rest else {
            self.infer_quietly(setting.value, &Scope::empty());
            let names: Vec<&str> = table.names().collect();
            let diagnostic = self
                .at_span(
                    Code::UnknownOption,
                    setting.span,
                    "this does not say which option of the toolchain",
                )
                .help(format!("there are {}", list(&names, "and")));
            self.report(diagnostic);
            return;
        };
        let toolchain = Name::new_static("toolchain");
        let Some(option) = self.find_option(&table, name, &toolchain).cloned() else {
            self.infer_quietly(setting.value, &Scope::empty());
            self.unknown_option(name, &toolchain, &table);
            return;
        };
        self.operator(setting.op, &option.ty, setting.span, &option.name);
        let scope = Scope { setting: Some(option.ty.clone()), ..Scope::empty() };
        self.expect(setting.value, &option.ty, &scope);
    }

    /// `providers.mpi = openmpi`
    fn provider(&mut self, setting: &'a Setting, rest: &[Ident]) {
        let [interface] = rest else { return };
        if self.package(&interface.name).is_none() {
            self.unknown_package(interface, SpecPlace::Wish);
        }
        match self.expr_ref(setting.value) {
            Expr::Name(name) => {
                if self.package(name).is_none() {
                    let near: Vec<&str> = nearest(name, self.db.stems());
                    let message = format!("there is no package `{name}`{}", did_you_mean(&near));
                    self.report(self.at_expr(Code::UnknownPackage, setting.value, message));
                }
                self.set(setting.value, Res::Local(name.clone()), Ty::STRING);
            }
            Expr::Missing => {}
            _ => {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, setting.value, "expected the name of a package")
                    .help("for example `providers.mpi = openmpi`");
                self.report(diagnostic);
            }
        }
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
            self.expect(setting.value, &Ty::Version, &scope);
            self.known_version(setting.value, package, schema);
            return;
        }
        // `curl { shared_build.http3 = on }`: of one compilation.
        if let [first, second] = path
            && schema.part(PartKind::Compile, &first.name).is_some()
            && schema.table.get(&first.name).is_none()
        {
            let second = std::slice::from_ref(second);
            return self.setting_in(setting, second, package, &schema.table);
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
        let scope = Scope::of(table).building();
        self.setting(setting, path, package, table, &scope);
    }

    /// Checks one setting against the options of a table.
    pub(super) fn setting(
        &mut self,
        setting: &'a Setting,
        path: &[Ident],
        package: &Name,
        table: &Arc<OptionTable>,
        scope: &Scope,
    ) {
        let Some((first, rest)) = path.split_first() else { return };
        if first.name == "steps" {
            self.step_setting(setting, rest, package, table, scope);
            return;
        }
        let Some(option) = self.find_option(table, first, package).cloned() else {
            if !setting.lenient || self.module().kind == Some(ModuleKind::Recipe) {
                self.unknown_option(first, package, table);
            }
            self.infer_quietly(setting.value, scope);
            return;
        };
        let mut ty = option.ty.clone();
        for part in rest {
            ty = match (ty.without_opt().clone(), part) {
                (Ty::Map(of), _) => *of,
                (Ty::Record(record), part) => {
                    let env = self.db.env(record.file);
                    let record = &env.records[record.id.index()];
                    match record.fields.iter().find(|it| it.name == part.name) {
                        Some(field) => field.ty.clone(),
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
                            self.infer_quietly(setting.value, scope);
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
                    self.infer_quietly(setting.value, scope);
                    return;
                }
            };
        }
        self.operator(setting.op, &ty, setting.span, &option.name);
        let wanted = if setting.op == SettingOp::Set { ty.clone() } else { set_or_same(&ty) };
        let mut inner = scope.clone();
        inner.setting = Some(ty.clone());
        inner.target = Some(option.name.clone());
        // What is wrong with the value is easier to see beside the declaration.
        let before = self.diagnostics.len();
        self.expect(setting.value, &wanted, &inner);
        let declared = self.db.span(option.at.file, option.span);
        let text = format!("`{}` is declared here, as {}", option.name, option.ty);
        for diagnostic in &mut self.diagnostics[before..] {
            if matches!(diagnostic.code, Code::TypeMismatch | Code::OutOfRange)
                && diagnostic.secondary.is_empty()
            {
                diagnostic.secondary.push(crate::diagnostic::Label {
                    file: option.at.file,
                    range: declared,
                    text: text.clone(),
                });
            }
        }
        if matches!(option.kind, OptionKind::Feature | OptionKind::Knob) {
            self.no_building_names(setting.value, table);
        }
    }

    /// The values of features and knobs are known before building; paths of dependencies are not.
    fn no_building_names(&mut self, value: ExprId, table: &Arc<OptionTable>) {
        for read in self.reads(value) {
            let wrong = match &self.res[read.index()] {
                Res::ObjectMember(
                    Object::Dep | Object::Deps | Object::Outputs | Object::Sources,
                    _,
                ) => true,
                Res::Fact(super::Fact::Out | super::Fact::Src) => true,
                Res::Option(name) => table.get(name).is_some_and(|it| it.kind == OptionKind::Field),
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
        scope: &Scope,
    ) {
        let [name, inner @ ..] = rest else {
            self.infer_quietly(setting.value, scope);
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
            let mut scope = scope.building();
            scope.setting = Some(Ty::Script);
            self.expect(setting.value, &Ty::Script, &scope);
            return;
        }
        // In the block of `steps`, the fields of the build system are at hand too.
        if table.get(&name.name).is_some() {
            return self.setting(setting, rest, package, table, scope);
        }
        self.infer_quietly(setting.value, &scope.building());
        let names: Vec<&str> = table.steps.iter().map(|it| it.name.as_str()).collect();
        let near = nearest(&name.name, names.iter().copied().chain(table.names()));
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

    fn known_version(&mut self, value: ExprId, package: &Name, schema: &Schema) {
        let Res::Version(crate::version::VersionBound::Exact(version)) = &self.res[value.index()]
        else {
            return;
        };
        if schema.versions.is_empty() || schema.versions.iter().any(|it| it.version == *version) {
            return;
        }
        let versions: Vec<String> =
            schema.versions.iter().take(5).map(|it| it.version.to_string()).collect();
        let more = if schema.versions.len() > 5 { " and more" } else { "" };
        let message = format!("the recipe of `{package}` has no version {version}");
        let diagnostic = self
            .at_expr(Code::UnknownVersion, value, message)
            .help(format!("it has {}{more}", list(&versions, "and")));
        self.report(diagnostic);
    }

    //------ presets, overlays, patterns

    /// `include dpdk.minimal`, or in an override `include minimal`.
    fn include_preset(&mut self, path: &[Ident], target: Option<&Ident>) {
        let (package, preset) = match (path, target) {
            ([preset], Some(target)) => (target, preset),
            ([package, preset], _) => (package, preset),
            ([only], None) => {
                let diagnostic = self
                    .at_ident(
                        Code::UnknownModule,
                        only,
                        "this does not say which preset of which package",
                    )
                    .help(format!("for example `include {}.minimal`", only.name));
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
                Expr::Name(name) => (self.db.find(name, &[ModuleKind::Overlay]), name.to_string()),
                other => match crate::schema::plain_text(other) {
                    Some(path) => {
                        let whole = crate::env::resolve(&self.db.path(self.file), &path);
                        let file = self.db.file(&whole);
                        let readable = self.db.read_error(file).is_none();
                        (readable.then_some(file), path.into_string())
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
                None => {
                    let near = nearest(&shown, self.db.stems());
                    let near: Vec<&str> = near
                        .into_iter()
                        .filter(|it| self.db.find(it, &[ModuleKind::Overlay]).is_some())
                        .collect();
                    let message = format!("there is no overlay `{shown}`{}", did_you_mean(&near));
                    let mut diagnostic = self.at_expr(Code::UnknownModule, *expr, message);
                    if let [near, ..] = near[..] {
                        diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                    }
                    self.report(diagnostic);
                }
                Some(file) => {
                    let kind = self.db.lowered(file).module.kind;
                    if kind != Some(ModuleKind::Overlay) {
                        let found = kind.map_or("nothing".to_owned(), |it| it.to_string());
                        let message = format!("`{shown}` is no overlay: it begins with `{found}`");
                        self.report(self.at_expr(Code::UnknownModule, *expr, message));
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

    //------ settings of one layer against each other

    /// Two settings of one layer that say different things, and settings that say nothing.
    fn contradictions(&mut self, settings: &[(Name, &'a Setting, Vec<Ident>)]) {
        let mut seen: BTreeMap<(Name, String), Vec<&'a Setting>> = BTreeMap::new();
        for (package, setting, path) in settings {
            if setting.guard.is_some() {
                continue;
            }
            let names: Vec<&str> = path.iter().map(|it| it.name.as_str()).collect();
            let key = (package.clone(), names.join("."));
            let before = seen.entry(key.clone()).or_default();
            for other in before.iter() {
                if let Some(what) = self.contradicts(other, setting) {
                    let message =
                        format!("two settings of `{}` contradict each other: {what}", key.1);
                    let diagnostic = self
                        .at_span(Code::ContradictingSettings, setting.span, message)
                        .here("the second one")
                        .label(self.file, self.span(other.span), "the first one")
                        .help("in one file, order means nothing: remove one of them");
                    self.report(diagnostic);
                    break;
                }
            }
            before.push(setting);
            self.redundant(package, path, setting);
        }
    }

    fn contradicts(&self, a: &Setting, b: &Setting) -> Option<String> {
        let (left, right) = (self.constant(a.value), self.constant(b.value));
        match (a.op, b.op) {
            (SettingOp::Set, SettingOp::Set) => match (left, right) {
                (Some(left), Some(right)) if left == right => None,
                _ => Some("both give it a value".to_owned()),
            },
            (SettingOp::Add, SettingOp::Remove) | (SettingOp::Remove, SettingOp::Add) => {
                let (left, right) = (as_set(left?)?, as_set(right?)?);
                let both = left.iter().find(|it| right.contains(it))?;
                let words =
                    self.types[a.value.index()].words().or(self.types[b.value.index()].words())?;
                Some(format!("`{}` is added and removed", words.values[*both as usize]))
            }
            // `=` says it all; what is added or removed beside it must agree with it.
            (SettingOp::Set, op) => self.against_set(as_set(left?)?, op, as_set(right?)?),
            (op, SettingOp::Set) => self.against_set(as_set(right?)?, op, as_set(left?)?),
            _ => None,
        }
    }

    fn against_set(&self, set: Vec<u32>, op: SettingOp, values: Vec<u32>) -> Option<String> {
        let wrong = match op {
            SettingOp::Add => values.iter().any(|it| !set.contains(it)),
            _ => values.iter().any(|it| set.contains(it)),
        };
        wrong.then(|| "one says all of it, the other changes it".to_owned())
    }

    /// A setting that repeats the recipe's default, or of an option that has no effect.
    fn redundant(&mut self, package: &Name, path: &[Ident], setting: &'a Setting) {
        let ([name], Some(schema)) = (path, self.package(package)) else { return };
        let Some(option) = schema.table.get(&name.name).cloned() else { return };
        if !matches!(option.kind, OptionKind::Feature | OptionKind::Knob) {
            return;
        }
        let Some(value) = self.constant(setting.value) else { return };
        let Some(default) = self.default_of(&option) else { return };
        let same = match (setting.op, as_set(value.clone()), as_set(default.clone())) {
            (SettingOp::Set, _, _) => {
                value == default || as_set(value).is_some_and(|it| Some(it) == as_set(default))
            }
            (SettingOp::Add, Some(values), Some(default)) => {
                values.iter().all(|it| default.contains(it))
            }
            (SettingOp::Remove, Some(values), Some(default)) => {
                values.iter().all(|it| !default.contains(it))
            }
            _ => false,
        };
        // `=` fixes what is the default now, which a pin may be meant to do.
        if same && setting.op != SettingOp::Set {
            let diagnostic = self
                .at_span(Code::RedundantSetting, setting.span, "this is so by default")
                .label(option.at.file, self.db.span(option.at.file, option.span), "declared here")
                .help("remove it, or keep it if the default may change");
            self.report(diagnostic);
        }
    }

    /// The default of an option, if it is known as it is written.
    fn default_of(&self, option: &crate::schema::OptionSchema) -> Option<Const> {
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
