//! Words in statements: paths of settings, names of packages, mixins and presets.

use std::sync::Arc;

use super::super::Symbol;
use super::{Access, Collector, Locals, Scope};
use crate::check::Res;
use crate::globals::{facts_of_module, global_table};
use crate::module::{
    Element, Expr, ExprId, Ident, Include, ModuleKind, Name, PartKind, Setting, Stmt, StmtKind,
};
use crate::schema::OptionTable;
use crate::types::{Object, Ty};
use crate::version::VersionBound;

impl Collector<'_> {
    pub(super) fn stmt(&mut self, stmt: &Stmt, scope: &Scope, kind: PartKind) {
        let locals = self.guard(stmt.guard, scope);
        match &stmt.kind {
            StmtKind::Dep(dep) | StmtKind::Export { dep, .. } => {
                if let StmtKind::Export { key, .. } = &stmt.kind {
                    self.read(key, Symbol::ExportKey(key.name.clone()), None);
                }
                self.spec(&dep.spec, scope, &locals);
                self.reqs(&dep.reqs, scope, &locals);
                if let Some(alias) = &dep.alias {
                    let range = self.range(alias);
                    self.add(range, Symbol::Local(self.file, range), Access::Declare, None);
                }
                self.exprs([dep.when], scope, &locals);
            }
            StmtKind::Provides(provides) => {
                for (interface, reqs) in &provides.interfaces {
                    self.package(interface);
                    self.reqs(reqs, scope, &locals);
                }
                self.exprs([provides.when], scope, &locals);
            }
            StmtKind::Rule(rule) => {
                self.exprs([Some(rule.cond), rule.when, rule.message], scope, &locals);
            }
            StmtKind::Unavailable { package, when, message, .. } => {
                if let Some(package) = package {
                    self.package(package);
                }
                self.exprs([*when, *message], scope, &locals);
            }
            StmtKind::Arg { then, else_ } => self.exprs([Some(*then), *else_], scope, &locals),
            StmtKind::Include(include) => {
                self.include(include);
                self.exprs([include.when], scope, &locals);
            }
            StmtKind::Use(use_) => {
                let file = match (use_.is_path, self.lowered.module.kind) {
                    // In a project, these are folders.
                    (_, Some(ModuleKind::Project)) => None,
                    (true, _) => {
                        let path = self.db.path(self.file);
                        let path = crate::env::resolve(&path, &use_.target.name);
                        Some(self.db.file(&path))
                    }
                    (false, _) => self.db.module(&use_.target.name),
                };
                if let Some(file) = file {
                    self.read(&use_.target, Symbol::File(file), None);
                    if let Some(alias) = &use_.alias {
                        self.read(alias, Symbol::File(file), None);
                    }
                }
            }
            StmtKind::IgnoreExports(ignore) => {
                self.package(&ignore.package);
                self.exprs([ignore.when], scope, &locals);
            }
            StmtKind::Setting(setting) => self.setting(setting, scope, kind),
            StmtKind::Want(wants) | StmtKind::Publish(wants) => {
                for want in wants {
                    self.spec(&want.spec, scope, &locals);
                    self.reqs(&want.reqs, scope, &locals);
                    if let Some(alias) = &want.alias {
                        let range = self.range(alias);
                        self.add(range, Symbol::Local(self.file, range), Access::Declare, None);
                    }
                }
            }
            StmtKind::Overlays(list) => self.overlays(*list, scope, &locals),
            StmtKind::Policy { spec, reqs, message } => {
                self.spec(spec, scope, &locals);
                self.reqs(reqs, scope, &locals);
                self.exprs([*message], scope, &locals);
            }
            StmtKind::PkgsWhere { option, kind, settings } => {
                let symbol = Symbol::OptionOfAll(option.name.clone(), *kind);
                self.read(option, symbol.clone(), None);
                for setting in settings {
                    let locals = self.guard(setting.guard, scope);
                    if let Some(first) = setting.path.first().filter(|it| it.name == option.name) {
                        self.push(first, symbol.clone(), Access::Write, None);
                    }
                    self.expr(setting.value, scope, &locals);
                }
            }
        }
    }

    fn exprs(
        &mut self,
        exprs: impl IntoIterator<Item = Option<ExprId>>,
        scope: &Scope,
        locals: &Locals,
    ) {
        for expr in exprs.into_iter().flatten() {
            self.expr(expr, scope, locals);
        }
    }

    /// `overlays [musl_static, "./site.kiln"]`
    fn overlays(&mut self, list: ExprId, scope: &Scope, locals: &Locals) {
        let lowered = self.lowered.clone();
        let Expr::List(elements) = &lowered.module.exprs[list] else {
            return self.expr(list, scope, locals);
        };
        for element in elements {
            let Element::Expr(expr) = element else { continue };
            let file = match &lowered.module.exprs[*expr] {
                Expr::Name(name) => self.db.find(name, &[ModuleKind::Overlay]),
                text => crate::schema::plain_text(text).map(|it| {
                    let path = crate::env::resolve(&self.db.path(self.file), &it);
                    self.db.file(&path)
                }),
            };
            if let Some(file) = file {
                self.add(lowered.map.expr(*expr), Symbol::File(file), Access::Read, None);
            }
        }
    }

    /// `steps autotools`, `include unix`, `include dpdk.minimal`
    fn include(&mut self, include: &Include) {
        let module = &self.lowered.module;
        let is_layer = matches!(
            module.kind,
            Some(ModuleKind::Override | ModuleKind::Overlay | ModuleKind::Project)
        );
        if is_layer {
            let own = module.name.clone().filter(|_| module.kind == Some(ModuleKind::Override));
            let (package, preset) = match (&*include.path, own) {
                ([preset], Some(own)) => (own, preset),
                ([package, preset], _) => {
                    self.package(package);
                    (package.clone(), preset)
                }
                ([package], None) => return self.package(package),
                _ => return,
            };
            let Some(file) = self.db.package(&package.name) else { return };
            if let Some(body) = self.db.schema(file).part(PartKind::Preset, &preset.name) {
                self.read(preset, Symbol::Part(file, body), Some(package.name));
            }
            return;
        }
        let (file, name) = match &*include.path {
            [name] => {
                if let Some((_, body, _)) = self.checked.schema.mixin(&name.name) {
                    let symbol = Symbol::Part(self.file, *body);
                    return self.read(name, symbol, None);
                }
                (self.module_named(&name.name), name)
            }
            [of, name, ..] => {
                let file = self.module_named(&of.name);
                if let Some(file) = file {
                    self.read(of, Symbol::File(file), None);
                }
                (file, name)
            }
            [] => return,
        };
        let Some(file) = file else { return };
        match self.db.schema(file).mixin(&name.name) {
            Some((_, body, _)) => self.read(name, Symbol::Part(file, *body), None),
            None => self.read(name, Symbol::File(file), None),
        }
    }

    //------ settings

    pub(super) fn setting(&mut self, setting: &Setting, scope: &Scope, kind: PartKind) {
        let locals = self.guard(setting.guard, scope);
        let lowered = self.lowered.clone();
        let module = &lowered.module;
        let value_scope = match module.kind {
            Some(ModuleKind::Override) => match &module.name {
                Some(name) => self.package_setting(&name.clone(), &setting.path, setting.value),
                None => Scope::default(),
            },
            Some(ModuleKind::Overlay | ModuleKind::Project) => self.global_setting(setting),
            _ => {
                if !matches!(kind, PartKind::Output | PartKind::Test)
                    && let Some(table) = scope.table.clone()
                {
                    self.path_in(&setting.path, &table, scope.owner.clone());
                }
                scope.clone()
            }
        };
        self.expr(setting.value, &value_scope, &locals);
    }

    /// A setting of a file that names its packages.
    fn global_setting(&mut self, setting: &Setting) -> Scope {
        let Some((first, rest)) = setting.path.split_first() else { return Scope::default() };
        match (first.name.as_str(), rest) {
            ("toolchain" | "platform" | "facts", rest) => self.global_path(first, rest),
            ("build", [second, rest @ ..])
                if matches!(second.name.as_str(), "toolchain" | "facts") =>
            {
                self.global_path(second, rest);
            }
            ("providers", [interface, ..]) => self.package(interface),
            _ => return self.package_setting(first, rest, setting.value),
        }
        Scope::default()
    }

    fn global_path(&mut self, first: &Ident, rest: &[Ident]) {
        let object = match first.name.as_str() {
            "toolchain" => Object::Toolchain,
            "facts" => Object::Facts,
            _ => Object::Platform,
        };
        self.read(first, Symbol::Object(object), None);
        let mut table = global_table(self.db, object);
        let mut rest = rest;
        if let (Object::Facts, [module, inner @ ..]) = (object, rest)
            && table.get(&module.name).is_none()
            && let Some((file, declared)) = facts_of_module(self.db, &module.name)
        {
            self.read(module, Symbol::File(file), None);
            (table, rest) = (declared, inner);
        }
        if let [name, ..] = rest
            && let Some(option) = table.get(&name.name)
        {
            let symbol = Symbol::Option(option.at, option.index);
            self.push(name, symbol, Access::Write, Some(first.name.clone()));
        }
    }

    /// A setting of a package; returns what its value can read.
    fn package_setting(&mut self, package: &Ident, path: &[Ident], value: ExprId) -> Scope {
        let Some(file) = self.db.package(&package.name) else { return Scope::default() };
        self.read(package, Symbol::Package(file), None);
        let schema = self.db.schema(file);
        let owner = Some(package.name.clone());
        let scope = Scope { table: Some(schema.table.clone()), owner: owner.clone() };
        match path {
            [name] if name.name == "version" => {
                self.read(name, Symbol::Fact(crate::check::Fact::Version), owner.clone());
                if let Res::Version(VersionBound::Exact(version)) = self.checked.res(value)
                    && let Some(found) = schema.versions.iter().find(|it| it.version == *version)
                    && let Some(index) = found.index
                {
                    let range = self.lowered.map.expr(value);
                    self.add(range, Symbol::Version(file, index), Access::Read, owner);
                }
            }
            [first, second] if schema.table.get(&first.name).is_none() => {
                match schema.part(PartKind::Compile, &first.name) {
                    Some(body) => {
                        self.read(first, Symbol::Part(file, body), owner.clone());
                        self.path_in(std::slice::from_ref(second), &schema.table, owner);
                    }
                    None => self.path_in(path, &schema.table, owner),
                }
            }
            _ => self.path_in(path, &schema.table, owner),
        }
        scope
    }

    /// The path of a setting, in the options of a package.
    fn path_in(&mut self, path: &[Ident], table: &Arc<OptionTable>, owner: Option<Name>) {
        let Some((first, rest)) = path.split_first() else { return };
        if first.name == "steps" {
            let scope = Scope { table: Some(table.clone()), owner: owner.clone() };
            self.read(first, Symbol::Object(crate::types::Object::Steps), None);
            if let [name, ..] = rest
                && !self.step(name, &scope, Access::Write)
            {
                self.path_in(rest, table, owner);
            }
            return;
        }
        if first.name == "version" && rest.is_empty() {
            return self.push(
                first,
                Symbol::Fact(crate::check::Fact::Version),
                Access::Write,
                owner,
            );
        }
        if !self.option(first, table, owner, Access::Write) {
            return;
        }
        let mut ty = find(table, &first.name).map(|it| it.ty.clone());
        for part in rest {
            let Some(Ty::Record(record)) = ty.as_ref().map(|it| it.without_opt().clone()) else {
                return;
            };
            let env = self.db.env(record.file);
            let fields = &env.records[record.id.index()].fields;
            let Some(at) = fields.iter().position(|it| it.name == part.name) else { return };
            let symbol = Symbol::RecordField(record.file, record.id, at as u32);
            self.push(part, symbol, Access::Write, None);
            ty = Some(fields[at].ty.clone());
        }
    }

    /// Writes down the name of an option, perhaps a former one.
    pub(super) fn option(
        &mut self,
        ident: &Ident,
        table: &Arc<OptionTable>,
        owner: Option<Name>,
        access: Access,
    ) -> bool {
        let Some(option) = find(table, &ident.name) else { return false };
        self.push(ident, Symbol::Option(option.at, option.index), access, owner);
        true
    }
}

/// The option with this name, or with this former name.
fn find<'t>(table: &'t OptionTable, name: &str) -> Option<&'t crate::schema::OptionSchema> {
    table.get(name).or_else(|| {
        let renamed = table.renamed.iter().find(|it| it.from == name)?;
        table.get(&renamed.to)
    })
}
