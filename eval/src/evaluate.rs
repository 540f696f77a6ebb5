//! Recipes to [`Package`]s: conditions become data, loops are unrolled, constants are computed.

mod allowed;
mod conditions;
mod parts;
mod plain;
mod readers;
mod specs;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use kiln_lang::module::{ExprId, GuardId, ModuleKind, Name, Part, PartKind, Role, Stmt, StmtKind};
use kiln_lang::schema::{BodyRef, OptionTable};
use kiln_lang::{
    Checked, Code, Comparison, Database, Diagnostic, FastMap, FileId, VersionBound, VersionReq,
};
use lean_string::LeanStr;
use thin_vec::ThinVec;

pub(crate) use self::allowed::{allowed, condition_of};
pub(crate) use self::plain::declared;
use self::readers::Early;
use crate::amend::place_and_part;
use crate::condition::{Atom, Cond};
use crate::globals::facts_read;
use crate::interpret::{Fuel, Interpreter};
use crate::package::{
    BodyArg, BodySetting, ExportDecl, ExportKey, IgnoreDecl, Locals, Package, PackageVersion,
    Place, ProvideDecl, Reqs, RuleDecl, TestDecl,
};
use crate::value::Value;

/// Packages by name, each evaluated once.
pub struct Packages<'a> {
    db: &'a Database,
    known: Arc<KnownPackages>,
}

/// What was found out about the packages of a database: stages that look at the same ones share it.
///
/// It holds for as long as no file of the database changes.
#[derive(Debug, Default)]
pub struct KnownPackages {
    /// What was found out ahead: it is looked up some dozen times for each package, on all cores, and
    /// nobody waits for a lock then.
    ahead: OnceLock<FastMap<Name, Option<Found>>>,
    /// What was found out since.
    found: RwLock<FastMap<Name, Option<Found>>>,
    /// The packages that provide an interface, sorted.
    providers: OnceLock<HashMap<Name, Arc<[Name]>>>,
}

#[derive(Debug, Clone)]
struct Found {
    package: Arc<Package>,
    brief: Brief,
}

/// What is asked of packages most often, for which they need not be gone to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    pub(crate) is_interface: bool,
    pub(crate) has_exports: bool,
}

impl Found {
    fn new(package: Arc<Package>) -> Found {
        let brief =
            Brief { is_interface: package.is_interface, has_exports: !package.exports.is_empty() };
        Found { package, brief }
    }
}

impl<'a> Packages<'a> {
    /// Makes a set of the packages of a database.
    #[must_use]
    pub fn new(db: &'a Database) -> Self {
        Packages::sharing(db, &Arc::default())
    }

    /// As [`new`](Self::new); what another set has found out is known to this one, and the other way
    /// round. All that share it are of the same database, as it is now.
    #[must_use]
    pub fn sharing(db: &'a Database, known: &Arc<KnownPackages>) -> Self {
        Packages { db, known: known.clone() }
    }

    /// Returns the database.
    #[must_use]
    pub fn db(&self) -> &'a Database {
        self.db
    }

    /// Returns the package with this name.
    pub fn get(&self, name: &Name) -> Option<Arc<Package>> {
        self.find(name, |it| it.package.clone())
    }

    /// Returns what is asked most often of the package with this name.
    pub(crate) fn brief(&self, name: &Name) -> Option<Brief> {
        self.find(name, |it| it.brief)
    }

    /// Takes all that is known by now as found out ahead, if nothing was before.
    pub(crate) fn end_looking_ahead(&self) {
        self.known.ahead.get_or_init(|| {
            let mut found = self.known.found.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *found)
        });
    }

    fn find<T>(&self, name: &Name, take: impl FnOnce(&Found) -> T) -> Option<T> {
        if let Some(package) = self.known.ahead.get().and_then(|it| it.get(name)) {
            return package.as_ref().map(take);
        }
        if let Ok(found) = self.known.found.read()
            && let Some(package) = found.get(name)
        {
            return package.as_ref().map(take);
        }
        let package = self
            .db
            .package(name)
            .map(|file| Found::new(self.db.memo(file, || evaluate(self.db, file))));
        let mut found = self.known.found.write().unwrap_or_else(PoisonError::into_inner);
        found.entry(name.clone()).or_insert(package).as_ref().map(take)
    }

    /// Returns the packages that may provide an interface, sorted by name.
    ///
    /// The first call reads every file; it evaluates those that can have something to do with it.
    pub fn providers(&self, interface: &Name) -> Arc<[Name]> {
        let all = self.known.providers.get_or_init(|| {
            let mut found: HashMap<Name, Vec<Name>> = HashMap::new();
            for name in self.may_provide() {
                let Some(package) = self.get(&name) else { continue };
                for (interface, _) in package.provides.iter().flat_map(|it| &it.interfaces) {
                    let providers = found.entry(interface.clone()).or_default();
                    if providers.last() != Some(&name) {
                        providers.push(name.clone());
                    }
                }
            }
            found.into_iter().map(|(interface, names)| (interface, names.into())).collect()
        });
        all.get(interface).cloned().unwrap_or_default()
    }

    /// The packages whose files say `provides`, or name a module that does, sorted.
    fn may_provide(&self) -> BTreeSet<Name> {
        let mut words = vec!["provides".to_owned()];
        let mut rest: Vec<(&str, FileId, Arc<str>)> = Vec::new();
        for path in self.db.root_paths() {
            let name = path.rsplit('/').next().unwrap_or(path);
            let file = self.db.file(path);
            rest.push((name.strip_suffix(".kiln").unwrap_or(name), file, self.db.text(file)));
        }
        let mut found = BTreeSet::new();
        // A module may have it from another, and a recipe from that.
        loop {
            let count = words.len();
            rest.retain(|(stem, file, text)| {
                if !words.iter().any(|it| text.contains(it.as_str())) {
                    return true;
                }
                if self.db.module(stem) == Some(*file) {
                    words.push((*stem).to_owned());
                } else if self.db.package(stem) == Some(*file) {
                    found.insert(Name::from(*stem));
                }
                false
            });
            if words.len() == count {
                return found;
            }
        }
    }
}

/// Evaluates the recipe in a file.
#[must_use]
pub fn evaluate(db: &Database, file: FileId) -> Package {
    let schema = db.schema(file);
    let table = schema.table.clone();
    let bodies: ThinVec<Arc<Checked>> = table.bodies.iter().map(|it| db.checked(it.file)).collect();
    let mut evaluation = Evaluation { is_own: true, ..Evaluation::new(db, &table) };
    let header = schema.env.module().name.as_ref();
    let header = header.map(|it| schema.env.lowered.map.span(it.span)).unwrap_or_default();
    let mut package = Package {
        place: Place::new(file, header),
        is_interface: schema.env.module().kind == Some(ModuleKind::Interface),
        versions: versions(&schema.versions),
        bodies,
        ..Package::empty(Name::from(schema.name()), file, schema)
    };
    for (at, option) in table.options.iter().enumerate() {
        let is_choice = option.kind.is_choice();
        // Most are fields that all packages have, of which there is nothing to say.
        if !is_choice && option.guard.is_none() && option.when.is_none() {
            continue;
        }
        let Some(checked) = package.bodies.iter().find(|it| it.file == option.at.file) else {
            continue;
        };
        let choices = option.default.and_then(|it| checked.module().auto(it));
        if let Some(choices) = choices.filter(|_| is_choice) {
            package.autos.insert(at as u32, choices.collect());
        }
        let exists = evaluation.guard(checked, option.guard, &Locals::NONE);
        let when = match option.when {
            Some(when) => evaluation.cond(checked, when, &Locals::NONE),
            None => Cond::True,
        };
        let effect = exists.and(when);
        if !matches!(effect, Cond::True) {
            package.effects.insert(at as u32, effect);
        }
    }
    for (index, at) in table.bodies.iter().enumerate() {
        let checked = package.bodies[index].clone();
        evaluation.body(&mut package, index, *at, &checked);
    }
    let has_body = package.bodies.iter().any(|it| it.file == file);
    let own = (!has_body).then(|| db.checked(file));
    let found = package.bodies.iter().chain(&own).flat_map(|it| &it.diagnostics);
    package.mistakes.extend(found.filter(|it| it.is_error()).cloned());
    package.mistakes.extend(evaluation.mistakes);
    package.facts_read = facts_read(db, package.bodies.iter().map(|it| &**it));
    package.plain = plain::plain(db, &package);
    package.is_plain = table.choices().count() == package.plain.iter().flatten().count();
    package.shrink();
    package
}

/// Whether the checker found something wrong at a place.
fn has_mistake(checked: &Checked, place: Place) -> bool {
    checked.diagnostics.iter().any(|it| {
        it.is_error()
            && it.primary.file == place.file
            && place.range().contains_range(it.primary.range)
    })
}

fn versions(schemas: &[kiln_lang::schema::VersionSchema]) -> ThinVec<PackageVersion> {
    let mut versions: ThinVec<PackageVersion> = schemas
        .iter()
        .map(|it| PackageVersion {
            version: it.version.clone(),
            index: it.index,
            reluctant: it.version.is_branch()
                || it.version.is_prerelease()
                || it.history.deprecated.is_some()
                || it.history.removed.is_some(),
            preferred: it.preferred,
        })
        .collect();
    // Written newest first; the order of versions decides, so that a slip changes nothing.
    versions.sort_by(|a, b| b.version.cmp(&a.version));
    versions
}

/// Turns checked expressions into data.
pub(crate) struct Evaluation<'a> {
    db: &'a Database,
    table: &'a OptionTable,
    /// Whether what is evaluated is of the package itself, whose table that is.
    is_own: bool,
    fuel: Fuel,
    /// What has no end.
    mistakes: Vec<Diagnostic>,
    /// The guard that was evaluated last in no loop, and its condition with that of those around it.
    last_guard: Option<((FileId, GuardId), (Cond, Cond))>,
    /// The file whose text was looked at last, and that.
    last_text: Option<(FileId, Arc<str>)>,
}

impl<'a> Evaluation<'a> {
    /// Makes one for bodies whose options are in `table`.
    pub(crate) fn new(db: &'a Database, table: &'a OptionTable) -> Self {
        Evaluation {
            db,
            table,
            is_own: false,
            fuel: Fuel::default(),
            mistakes: Vec::new(),
            last_guard: None,
            last_text: None,
        }
    }

    /// The value of an expression, if it reads nothing that is chosen later.
    pub(crate) fn constant(
        &mut self,
        checked: &Arc<Checked>,
        expr: ExprId,
        locals: &Locals,
    ) -> Option<Value> {
        let mut early = Early { fuel: &mut self.fuel, db: self.db, version: None };
        let mut interpreter = Interpreter::new(self.db, checked, &mut early);
        interpreter.locals = locals.clone();
        match interpreter.eval(expr) {
            Ok(value) => Some(value),
            Err(failure) => {
                // That something is not known yet is no mistake; that it has no end is one.
                if failure.code == Code::EvaluationLimit {
                    self.mistake(*failure);
                }
                None
            }
        }
    }

    fn mistake(&mut self, diagnostic: Diagnostic) {
        if !self.mistakes.contains(&diagnostic) {
            self.mistakes.push(diagnostic);
        }
    }

    fn place(&self, checked: &Checked, span: kiln_lang::module::SpanId) -> Place {
        Place::new(checked.file, checked.schema.env.lowered.map.span(span))
    }

    fn text(&mut self, place: Place) -> LeanStr {
        let (_, text) = match self.last_text.take() {
            Some(last) if last.0 == place.file => self.last_text.insert(last),
            _ => self.last_text.insert((place.file, self.db.text(place.file))),
        };
        let text = &text[place.range()];
        // Most stands on one line, with one space between words.
        let mut last = b' ';
        let is_joined = text.bytes().all(|it| {
            let before = std::mem::replace(&mut last, it);
            it.is_ascii_graphic() || it == b' ' && before != b' '
        });
        if is_joined && last != b' ' {
            return text.into();
        }
        let mut joined = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(word);
        }
        joined.into()
    }

    /// The option that a path is of, as [`BodySetting::of`] has it.
    fn option_of(&self, path: &[Name]) -> Option<(u32, u32)> {
        let (option, part) = place_and_part(path, self.table)?;
        Some((option as u32, (path.len() - part.len()) as u32))
    }

    //------ bodies

    fn body(&mut self, package: &mut Package, index: usize, at: BodyRef, checked: &Arc<Checked>) {
        let body = &checked.module().bodies[at.body];
        let count =
            |is_it: fn(&StmtKind) -> bool| body.stmts.iter().filter(|it| is_it(&it.kind)).count();
        package.deps.reserve_exact(count(|it| matches!(it, StmtKind::Dep(_))));
        package.settings.reserve_exact(count(|it| matches!(it, StmtKind::Setting(_))));
        package.args.reserve_exact(count(|it| matches!(it, StmtKind::Arg { .. })));
        package.rules.reserve_exact(count(|it| matches!(it, StmtKind::Rule(_))));
        for stmt in &body.stmts {
            for locals in self.rounds(checked, stmt.guard).iter() {
                self.stmt(package, index, stmt, checked, locals);
            }
        }
        for test in body.parts.iter().filter(|it| it.kind == PartKind::Test) {
            for locals in self.rounds(checked, test.guard).iter() {
                let test = self.test(index, test, checked, locals.clone());
                package.tests.push(test);
            }
        }
        self.parts(package, index, body, checked);
        for entry in &body.versions {
            let bound = VersionBound::Exact(kiln_lang::Version::new(&entry.version.name));
            for setting in &entry.settings {
                let cond = Cond::is(Atom::Version(Comparison::Equal, bound.clone()));
                let path: Box<[Name]> = setting.path.iter().map(|it| it.name.clone()).collect();
                package.settings.push(BodySetting {
                    body: index,
                    of: self.option_of(&path),
                    path,
                    op: setting.op,
                    value: setting.value,
                    cond,
                    locals: Locals::NONE,
                    place: self.place(checked, setting.span),
                    of_version: true,
                });
            }
        }
    }

    fn test(
        &mut self,
        index: usize,
        test: &Part,
        checked: &Arc<Checked>,
        locals: Locals,
    ) -> TestDecl {
        let guard = self.guard(checked, test.guard, &locals);
        let when = test.when.map_or(Cond::True, |it| self.cond(checked, it, &locals));
        let mut scripts: Vec<(Cond, ExprId)> =
            test.value.into_iter().map(|it| (Cond::True, it)).collect();
        let mut deps = ThinVec::new();
        for stmt in &checked.module().bodies[test.body].stmts {
            let place = self.place(checked, stmt.span);
            for inner in self.rounds(checked, stmt.guard).iter() {
                let locals: Locals = locals.iter().chain(inner.iter()).cloned().collect();
                let guard = self.guard(checked, stmt.guard, &locals);
                match &stmt.kind {
                    StmtKind::Dep(dep) => {
                        deps.extend(self.dep(checked, dep, guard, place, &locals));
                    }
                    StmtKind::Setting(setting) => scripts.push((guard, setting.value)),
                    _ => {}
                }
            }
        }
        let rounds: String = locals.iter().map(|it| format!(" ({})", it.1)).collect();
        TestDecl {
            body: index,
            title: format!("{}{rounds}", test.ident.name),
            of: test.of.as_ref().map(|it| it.name.clone()),
            cond: guard.and(when),
            deps,
            scripts,
            locals,
            place: self.place(checked, test.ident.span),
        }
    }

    fn stmt(
        &mut self,
        package: &mut Package,
        index: usize,
        stmt: &Stmt,
        checked: &Arc<Checked>,
        locals: &Locals,
    ) {
        let place = self.place(checked, stmt.span);
        match &stmt.kind {
            StmtKind::Dep(dep) => {
                let guard = self.guard(checked, stmt.guard, locals);
                if let Some(decl) = self.dep(checked, dep, guard, place, locals) {
                    package.deps.push(decl);
                }
            }
            StmtKind::Provides(provides) => {
                let guard = self.guard(checked, stmt.guard, locals);
                let when = provides.when.map_or(Cond::True, |it| self.cond(checked, it, locals));
                let interfaces = provides
                    .interfaces
                    .iter()
                    .map(|(name, reqs)| {
                        let req = match self.reqs(checked, reqs, locals) {
                            Reqs::Known(req) => req,
                            Reqs::Computed(_) | Reqs::Same => VersionReq::any(),
                        };
                        (name.name.clone(), req)
                    })
                    .collect();
                package.provides.push(ProvideDecl { interfaces, cond: guard.and(when), place });
            }
            // What it would say follows from a mistake that is told already.
            StmtKind::Rule(_) | StmtKind::Unavailable { .. } if has_mistake(checked, place) => {}
            StmtKind::Rule(rule) => {
                let guard = self.guard(checked, stmt.guard, locals);
                let when = rule.when.map_or(Cond::True, |it| self.cond(checked, it, locals));
                let cond = self.cond(checked, rule.cond, locals);
                let broken = guard.and(when).and(if rule.require { cond.negate() } else { cond });
                let word = if rule.require { "require" } else { "conflict" };
                let message = rule.message.map(|it| (checked.file, it, locals.clone()));
                package.rules.push(RuleDecl::new(broken, word, message, place));
            }
            StmtKind::Unavailable { when, message, .. } => {
                let guard = self.guard(checked, stmt.guard, locals);
                let when = when.map_or(Cond::True, |it| self.cond(checked, it, locals));
                let message = message.map(|it| (checked.file, it, locals.clone()));
                let broken = guard.and(when);
                package.rules.push(RuleDecl::new(broken, "unavailable", message, place));
            }
            StmtKind::Arg { then, else_ } => {
                let (cond, outer) = self.guard_and_outer(checked, stmt.guard, locals);
                package.args.push(BodyArg {
                    body: index,
                    cond,
                    outer,
                    then: *then,
                    else_: *else_,
                    locals: locals.clone(),
                    place,
                });
            }
            StmtKind::Export { key, dep } => {
                let guard = self.guard(checked, stmt.guard, locals);
                if let (Some(key), Some(dep)) =
                    (ExportKey::parse(&key.name), self.dep(checked, dep, guard, place, locals))
                {
                    package.exports.push(ExportDecl { key, dep, output: None });
                }
            }
            StmtKind::IgnoreExports(ignore) => {
                let guard = self.guard(checked, stmt.guard, locals);
                let when = ignore.when.map_or(Cond::True, |it| self.cond(checked, it, locals));
                let to = ignore.to.as_ref().and_then(|it| match it.name.as_str() {
                    "build" => Some(Role::Build),
                    "host" => Some(Role::Host),
                    "run" => Some(Role::Run),
                    _ => None,
                });
                package.ignores.push(IgnoreDecl {
                    from: ignore.from,
                    package: ignore.package.name.clone(),
                    to,
                    cond: guard.and(when),
                });
            }
            StmtKind::Setting(setting) => {
                let cond = self.guard(checked, setting.guard, locals);
                let path: Box<[Name]> = setting.path.iter().map(|it| it.name.clone()).collect();
                package.settings.push(BodySetting {
                    body: index,
                    of: self.option_of(&path),
                    path,
                    op: setting.op,
                    value: setting.value,
                    cond,
                    locals: locals.clone(),
                    place,
                    of_version: false,
                });
            }
            StmtKind::Include(_)
            | StmtKind::Use(_)
            | StmtKind::Want(_)
            | StmtKind::Publish(_)
            | StmtKind::Overlays(_)
            | StmtKind::Policy { .. }
            | StmtKind::PkgsWhere { .. } => {}
        }
    }
}
