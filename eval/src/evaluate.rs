//! Recipes to [`Package`]s: conditions become data, loops are unrolled, constants are computed.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use kiln_lang::check::{Fact, Res};
use kiln_lang::module::{
    BinaryOp, Dep, Expr, ExprId, GuardId, GuardKind, ModuleKind, Name, PackageRef, Req, Role,
    SettingOp, Spec, Stmt, StmtKind,
};
use kiln_lang::schema::{BodyRef, OptionTable};
use kiln_lang::types::{Object, Ty};
use kiln_lang::{
    Checked, Code, Comparison, Database, Diagnostic, FileId, VersionBound, VersionReq,
};

use crate::condition::{Atom, Cond, WithAtom, WithItem};
use crate::interpret::{Failure, Fuel, Interpreter, Reader};
use crate::interpret::{as_bits, comparison};
use crate::package::{
    AskDecl, BodyArg, BodySetting, DepDecl, ExportDecl, ExportKey, IgnoreDecl, ItemDecl, Locals,
    Package, PackageVersion, Place, ProvideDecl, Reqs, RuleDecl, ValueDecl,
};
use crate::text::Text;
use crate::value::{LocalFile, Value};

/// How often the loops around one statement go round. The longest real list has 160 values.
const ROUNDS_MAX: usize = 10_000;

/// How many alternatives a requirement on a version may have, multiplied out. Real ones have 3.
const ALTERNATIVES_MAX: usize = 1_000;

/// Packages by name, each evaluated once.
pub struct Packages<'a> {
    db: &'a Database,
    found: RwLock<HashMap<Name, Option<Arc<Package>>>>,
}

impl<'a> Packages<'a> {
    /// Makes a set of the packages of a database.
    #[must_use]
    pub fn new(db: &'a Database) -> Self {
        Packages { db, found: RwLock::default() }
    }

    /// Returns the database.
    #[must_use]
    pub fn db(&self) -> &'a Database {
        self.db
    }

    /// Returns the package with this name.
    pub fn get(&self, name: &Name) -> Option<Arc<Package>> {
        if let Ok(found) = self.found.read()
            && let Some(package) = found.get(name)
        {
            return package.clone();
        }
        let package =
            self.db.package(name).map(|file| self.db.memo(file, || evaluate(self.db, file)));
        let mut found = self.found.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        found.entry(name.clone()).or_insert(package).clone()
    }
}

/// Evaluates the recipe in a file.
#[must_use]
pub fn evaluate(db: &Database, file: FileId) -> Package {
    let schema = db.schema(file);
    let table = schema.table.clone();
    let bodies: Vec<Arc<Checked>> = table.bodies.iter().map(|it| db.checked(it.file)).collect();
    let mut evaluation = Evaluation::new(db, &table);
    let mut package = Package {
        name: Name::new(schema.name()),
        file,
        is_interface: schema.env.module().kind == Some(ModuleKind::Interface),
        versions: versions(&schema.versions),
        effects: Vec::new(),
        deps: Vec::new(),
        rules: Vec::new(),
        exports: Vec::new(),
        ignores: Vec::new(),
        provides: Vec::new(),
        settings: Vec::new(),
        args: Vec::new(),
        mistakes: Vec::new(),
        schema,
        bodies,
    };
    for option in &table.options {
        let effect = match package.bodies.iter().find(|it| it.file == option.at.file) {
            Some(checked) => {
                let exists = evaluation.guard(checked, option.guard, &Vec::new());
                let when = match option.when {
                    Some(when) => evaluation.cond(checked, when, &Vec::new()),
                    None => Cond::True,
                };
                Cond::all([exists, when])
            }
            None => Cond::True,
        };
        package.effects.push(effect);
    }
    for (index, at) in table.bodies.iter().enumerate() {
        let checked = package.bodies[index].clone();
        evaluation.body(&mut package, index, *at, &checked);
    }
    package.mistakes = evaluation.mistakes;
    package
}

fn versions(schemas: &[kiln_lang::schema::VersionSchema]) -> Vec<PackageVersion> {
    let mut versions: Vec<PackageVersion> = schemas
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

/// Reads nothing: for what must be known before anything is chosen.
struct Nothing<'f> {
    fuel: &'f mut Fuel,
    db: &'f Database,
}

impl Nothing<'_> {
    fn unknown(&self, at: (FileId, ExprId)) -> Failure {
        let range = self.db.expr_range(at.0, at.1);
        let message = "this is not known before something is chosen";
        Box::new(Diagnostic::new(Code::EvaluationError, at.0, range, message))
    }
}

impl Reader for Nothing<'_> {
    fn option(&mut self, _: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        let checked = self.db.checked(at.file);
        match checked.module().bodies[at.body].options[index as usize].default {
            Some(value) => Interpreter::new(self.db, &checked, self).eval(value),
            None => Ok(Value::Null),
        }
    }

    fn fact(&mut self, _: Fact, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
    }

    fn member(&mut self, _: Object, _: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
    }

    fn file(&mut self, _: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        Err(self.unknown(at))
    }

    fn fuel(&mut self) -> &mut Fuel {
        self.fuel
    }
}

/// Reads the version of a package, and nothing else.
struct OwnVersion<'f> {
    fuel: &'f mut Fuel,
    db: &'f Database,
    version: &'f kiln_lang::Version,
}

impl OwnVersion<'_> {
    fn nothing(&mut self) -> Nothing<'_> {
        Nothing { fuel: self.fuel, db: self.db }
    }
}

impl Reader for OwnVersion<'_> {
    fn option(&mut self, name: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        self.nothing().option(name, at)
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        let checked = self.db.checked(at.file);
        match checked.module().bodies[at.body].options[index as usize].default {
            Some(value) => Interpreter::new(self.db, &checked, self).eval(value),
            None => Ok(Value::Null),
        }
    }

    fn fact(&mut self, fact: Fact, at: (FileId, ExprId)) -> Result<Value, Failure> {
        match fact {
            Fact::Version => Ok(Value::Version(self.version.clone())),
            Fact::Name | Fact::Out | Fact::Src => self.nothing().fact(fact, at),
        }
    }

    fn member(
        &mut self,
        object: Object,
        name: &Name,
        at: (FileId, ExprId),
    ) -> Result<Value, Failure> {
        self.nothing().member(object, name, at)
    }

    fn file(&mut self, file: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        self.nothing().file(file, at)
    }

    fn fuel(&mut self) -> &mut Fuel {
        self.fuel
    }
}

/// Turns checked expressions into data.
pub(crate) struct Evaluation<'a> {
    db: &'a Database,
    table: &'a OptionTable,
    fuel: Fuel,
    /// What has no end.
    mistakes: Vec<Diagnostic>,
}

impl<'a> Evaluation<'a> {
    /// Makes one for bodies whose options are in `table`.
    pub(crate) fn new(db: &'a Database, table: &'a OptionTable) -> Self {
        Evaluation { db, table, fuel: Fuel::default(), mistakes: Vec::new() }
    }

    /// The value of an expression, if it reads nothing that is chosen later.
    pub(crate) fn constant(
        &mut self,
        checked: &Arc<Checked>,
        expr: ExprId,
        locals: &Locals,
    ) -> Option<Value> {
        let mut nothing = Nothing { fuel: &mut self.fuel, db: self.db };
        let mut interpreter = Interpreter::new(self.db, checked, &mut nothing);
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

    fn text(&self, place: Place) -> String {
        let text = self.db.text(place.file);
        text[place.range()].split_whitespace().collect::<Vec<_>>().join(" ")
    }

    //------ conditions

    /// The condition of an expression of the constraint fragment.
    pub(crate) fn cond(&mut self, checked: &Arc<Checked>, expr: ExprId, locals: &Locals) -> Cond {
        match checked.res(expr) {
            Res::Bool(value) => return if *value { Cond::True } else { Cond::False },
            Res::Option(name) => {
                return Cond::Is(Atom::Option(name.clone(), Comparison::Equal, Value::Bool(true)));
            }
            Res::ObjectMember(object, name) => {
                return Cond::Is(Atom::Global(
                    *object,
                    name.clone(),
                    Comparison::Equal,
                    Value::Bool(true),
                ));
            }
            Res::Error => return Cond::False,
            _ => {}
        }
        match &checked.module().exprs[expr] {
            Expr::Not(of) => self.cond(checked, *of, locals).negate(),
            Expr::Binary { op: BinaryOp::And, lhs, rhs } => {
                Cond::all([self.cond(checked, *lhs, locals), self.cond(checked, *rhs, locals)])
            }
            Expr::Binary { op: BinaryOp::Or, lhs, rhs } => {
                Cond::any([self.cond(checked, *lhs, locals), self.cond(checked, *rhs, locals)])
            }
            Expr::Binary { op, lhs, rhs } => self.comparison(checked, *op, *lhs, *rhs, locals),
            Expr::With(with) => {
                let PackageRef::Named(package) = &with.spec.package else { return Cond::False };
                let items = self.with_items(checked, &package.name, &with.spec, locals);
                let req = match self.reqs(checked, &with.reqs, locals) {
                    Reqs::Known(req) => req,
                    Reqs::Computed { .. } | Reqs::Same => VersionReq::any(),
                };
                let interface = with.interface.as_ref().map(|it| it.name.clone());
                Cond::Is(Atom::With(Box::new(WithAtom {
                    package: package.name.clone(),
                    interface,
                    items,
                    req,
                })))
            }
            _ => match self.constant(checked, expr, locals) {
                Some(Value::Bool(true)) => Cond::True,
                _ => Cond::False,
            },
        }
    }

    fn comparison(
        &mut self,
        checked: &Arc<Checked>,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        locals: &Locals,
    ) -> Cond {
        if let (Some(Chosen::Global(a, x)), Some(Chosen::Global(b, y)), Some(comparison)) =
            (chosen(checked, lhs), chosen(checked, rhs), comparison(op))
        {
            return Cond::Is(Atom::Globals((a, x), comparison, (b, y)));
        }
        // Something that is chosen stands on one side, a constant on the other.
        let (chosen, constant, op) = match chosen(checked, lhs) {
            Some(chosen) => (chosen, rhs, op),
            None => match chosen(checked, rhs) {
                Some(chosen) => (chosen, lhs, mirrored(op)),
                None => {
                    // Both are constants: a comparison that a loop has made.
                    return match self.constant_comparison(checked, op, lhs, rhs, locals) {
                        Some(true) => Cond::True,
                        _ => Cond::False,
                    };
                }
            },
        };
        if op == BinaryOp::In {
            return self.in_(checked, &chosen, constant, locals);
        }
        let Some(value) = self.constant(checked, constant, locals) else { return Cond::False };
        if let (Chosen::Option(name), BinaryOp::Has | BinaryOp::HasAny | BinaryOp::HasAll) =
            (&chosen, op)
        {
            let bits = as_bits(&value).unwrap_or_default();
            let atoms = bits.iter().map(|it| Cond::Is(Atom::Has(name.clone(), it)));
            return if op == BinaryOp::HasAny { Cond::any(atoms) } else { Cond::all(atoms) };
        }
        match comparison(op) {
            Some(comparison) => chosen.compare(comparison, value),
            None => Cond::False,
        }
    }

    fn constant_comparison(
        &mut self,
        checked: &Arc<Checked>,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        locals: &Locals,
    ) -> Option<bool> {
        let (left, right) =
            (self.constant(checked, lhs, locals)?, self.constant(checked, rhs, locals)?);
        Some(match op {
            BinaryOp::Has => match (&left, &right) {
                (Value::Set(_, bits), Value::Enum(_, at)) => bits.has(*at),
                (Value::List(items), value) => items.contains(value),
                _ => false,
            },
            BinaryOp::In => match (&left, &right) {
                (Value::Enum(_, at), Value::Set(_, bits)) => bits.has(*at),
                (value, Value::List(items)) => items.contains(value),
                (a, b) => a == b,
            },
            op => crate::condition::compare(&left, comparison(op)?, &right),
        })
    }

    fn in_(
        &mut self,
        checked: &Arc<Checked>,
        chosen: &Chosen,
        rhs: ExprId,
        locals: &Locals,
    ) -> Cond {
        if let Expr::Range { lo, hi, inclusive } = &checked.module().exprs[rhs] {
            let mut parts = Vec::new();
            if let Some(lo) = lo {
                match self.constant(checked, *lo, locals) {
                    Some(lo) => parts.push(chosen.compare(Comparison::GreaterOrEqual, lo)),
                    None => return Cond::False,
                }
            }
            if let Some(hi) = hi {
                let below = if *inclusive { Comparison::LessOrEqual } else { Comparison::Less };
                match self.constant(checked, *hi, locals) {
                    Some(hi) => parts.push(chosen.compare(below, hi)),
                    None => return Cond::False,
                }
            }
            return Cond::all(parts);
        }
        match self.constant(checked, rhs, locals) {
            Some(Value::Set(of, bits)) => Cond::any(
                bits.iter()
                    .map(|it| chosen.compare(Comparison::Equal, Value::Enum(of.clone(), it))),
            ),
            Some(Value::List(items)) => {
                Cond::any(items.iter().map(|it| chosen.compare(Comparison::Equal, it.clone())))
            }
            Some(value) => chosen.compare(Comparison::Equal, value),
            None => Cond::False,
        }
    }

    fn with_items(
        &mut self,
        checked: &Arc<Checked>,
        package: &Name,
        spec: &Spec,
        locals: &Locals,
    ) -> Vec<WithItem> {
        let Some(file) = self.db.package(package) else { return Vec::new() };
        let table = self.db.schema(file).table.clone();
        let mut items = Vec::new();
        for item in self.items(checked, package, &table, spec, locals) {
            match item.ask {
                AskDecl::Switch(on) => items.push(WithItem::Switch(item.option, on)),
                AskDecl::Has(bit) => items.push(WithItem::Has(item.option, bit, true)),
                AskDecl::Value(op, ValueDecl::Known(value)) => match (op, as_bits(&value)) {
                    (SettingOp::Add, Some(bits)) => {
                        items.extend(
                            bits.iter().map(|it| WithItem::Has(item.option.clone(), it, true)),
                        );
                    }
                    (SettingOp::Remove, Some(bits)) => {
                        items.extend(
                            bits.iter().map(|it| WithItem::Has(item.option.clone(), it, false)),
                        );
                    }
                    _ => items.push(WithItem::Equals(item.option, value)),
                },
                AskDecl::Value(_, ValueDecl::Computed { .. }) => {}
            }
        }
        items
    }

    /// The condition of a guard and those around it, loops aside.
    pub(crate) fn guard(
        &mut self,
        checked: &Arc<Checked>,
        guard: Option<GuardId>,
        locals: &Locals,
    ) -> Cond {
        let mut parts = Vec::new();
        let mut next = guard;
        while let Some(id) = next {
            let guard = &checked.module().guards[id];
            parts.push(self.one_guard(checked, &guard.kind, locals));
            next = guard.parent;
        }
        parts.reverse();
        Cond::all(parts)
    }

    fn one_guard(&mut self, checked: &Arc<Checked>, kind: &GuardKind, locals: &Locals) -> Cond {
        match kind {
            GuardKind::When(cond) => self.cond(checked, *cond, locals),
            GuardKind::Unless(cond) => self.cond(checked, *cond, locals).negate(),
            GuardKind::Feature(name) => {
                Cond::Is(Atom::Option(name.name.clone(), Comparison::Equal, Value::Bool(true)))
            }
            GuardKind::Arm { knob, patterns } => self.arm(checked, &knob.name, patterns, locals),
            GuardKind::ElseArm { knob, patterns } => {
                self.arm(checked, &knob.name, patterns, locals).negate()
            }
            GuardKind::For { .. } => Cond::True,
        }
    }

    fn arm(
        &mut self,
        checked: &Arc<Checked>,
        knob: &Name,
        patterns: &[ExprId],
        locals: &Locals,
    ) -> Cond {
        let is_set =
            self.table.get(knob).is_some_and(|it| matches!(it.ty.without_opt(), Ty::Set(_)));
        let mut parts = Vec::new();
        for pattern in patterns {
            if let Expr::Range { .. } = &checked.module().exprs[*pattern] {
                parts.push(self.in_(checked, &Chosen::Option(knob.clone()), *pattern, locals));
                continue;
            }
            match self.constant(checked, *pattern, locals) {
                Some(Value::Enum(_, at)) if is_set => {
                    parts.push(Cond::Is(Atom::Has(knob.clone(), at)))
                }
                Some(Value::Set(_, bits)) if is_set => {
                    parts.extend(bits.iter().map(|it| Cond::Is(Atom::Has(knob.clone(), it))));
                }
                Some(Value::Set(of, bits)) => parts.extend(bits.iter().map(|it| {
                    Cond::Is(Atom::Option(
                        knob.clone(),
                        Comparison::Equal,
                        Value::Enum(of.clone(), it),
                    ))
                })),
                Some(value) => {
                    parts.push(Cond::Is(Atom::Option(knob.clone(), Comparison::Equal, value)));
                }
                None => {}
            }
        }
        Cond::any(parts)
    }

    /// The values that the loops around a guard give to their names, one list for each round.
    fn rounds(&mut self, checked: &Arc<Checked>, guard: Option<GuardId>) -> Vec<Locals> {
        let module = checked.module();
        let mut loops: Vec<(Name, ExprId)> = module
            .guards_of(guard)
            .filter_map(|it| match &it.kind {
                GuardKind::For { name, list } => Some((name.name.clone(), *list)),
                _ => None,
            })
            .collect();
        let mut rounds: Vec<Locals> = vec![Vec::new()];
        while let Some((name, list)) = loops.pop() {
            let mut next = Vec::new();
            for round in &rounds {
                if next.len() > ROUNDS_MAX {
                    let range = checked.schema.env.lowered.map.expr(list);
                    let message = format!("these loops go round more than {ROUNDS_MAX} times");
                    let diagnostic =
                        Diagnostic::new(Code::EvaluationLimit, checked.file, range, message)
                            .help("loops in loops multiply");
                    self.mistake(diagnostic);
                    return Vec::new();
                }
                let values = match self.constant(checked, list, round) {
                    Some(Value::List(items)) => items.to_vec(),
                    Some(Value::Set(of, bits)) => {
                        bits.iter().map(|it| Value::Enum(of.clone(), it)).collect()
                    }
                    _ => Vec::new(),
                };
                for value in values {
                    let mut locals = round.clone();
                    locals.push((name.clone(), value));
                    next.push(locals);
                }
            }
            rounds = next;
        }
        rounds
    }

    //------ bodies

    fn body(&mut self, package: &mut Package, index: usize, at: BodyRef, checked: &Arc<Checked>) {
        let body = &checked.module().bodies[at.body];
        for stmt in &body.stmts {
            for locals in self.rounds(checked, stmt.guard) {
                self.stmt(package, index, stmt, checked, &locals);
            }
        }
        for entry in &body.versions {
            let bound = VersionBound::Exact(kiln_lang::Version::new(&entry.version.name));
            for setting in &entry.settings {
                let cond = Cond::Is(Atom::Version(Comparison::Equal, bound.clone()));
                package.settings.push(BodySetting {
                    body: index,
                    path: setting.path.iter().map(|it| it.name.clone()).collect(),
                    op: setting.op,
                    value: setting.value,
                    cond,
                    locals: Vec::new(),
                    place: self.place(checked, setting.span),
                });
            }
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
                            Reqs::Computed { .. } | Reqs::Same => VersionReq::any(),
                        };
                        (name.name.clone(), req)
                    })
                    .collect();
                package.provides.push(ProvideDecl {
                    interfaces,
                    cond: Cond::all([guard, when]),
                    place,
                });
            }
            StmtKind::Rule(rule) => {
                let guard = self.guard(checked, stmt.guard, locals);
                let when = rule.when.map_or(Cond::True, |it| self.cond(checked, it, locals));
                let cond = self.cond(checked, rule.cond, locals);
                let broken =
                    Cond::all([guard, when, if rule.require { cond.negate() } else { cond }]);
                let word = if rule.require { "require" } else { "conflict" };
                let message = rule.message.map(|it| (checked.file, it, locals.clone()));
                package.rules.push(RuleDecl { broken, word, message, place });
            }
            StmtKind::Unavailable { when, message, .. } => {
                let guard = self.guard(checked, stmt.guard, locals);
                let when = when.map_or(Cond::True, |it| self.cond(checked, it, locals));
                let message = message.map(|it| (checked.file, it, locals.clone()));
                let broken = Cond::all([guard, when]);
                package.rules.push(RuleDecl { broken, word: "unavailable", message, place });
            }
            StmtKind::Arg { then, else_ } => {
                let (cond, outer) = match stmt.guard {
                    None => (Cond::True, Cond::True),
                    Some(id) => {
                        let guard = &checked.module().guards[id];
                        let kind = guard.kind.clone();
                        let parent = guard.parent;
                        (
                            self.one_guard(checked, &kind, locals),
                            self.guard(checked, parent, locals),
                        )
                    }
                };
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
                    package.exports.push(ExportDecl { key, dep });
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
                    cond: Cond::all([guard, when]),
                });
            }
            StmtKind::Setting(setting) => {
                let cond = self.guard(checked, setting.guard, locals);
                package.settings.push(BodySetting {
                    body: index,
                    path: setting.path.iter().map(|it| it.name.clone()).collect(),
                    op: setting.op,
                    value: setting.value,
                    cond,
                    locals: locals.clone(),
                    place,
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

    //------ dependencies

    fn dep(
        &mut self,
        checked: &Arc<Checked>,
        dep: &Dep,
        guard: Cond,
        place: Place,
        locals: &Locals,
    ) -> Option<DepDecl> {
        let package = match &dep.spec.package {
            PackageRef::Named(ident) => ident.name.clone(),
            PackageRef::Made(expr) => match self.constant(checked, *expr, locals) {
                Some(Value::Text(text)) => Name::new(text.as_plain()?),
                _ => return None,
            },
            PackageRef::Missing(_) => return None,
        };
        let when = dep.when.map_or(Cond::True, |it| self.cond(checked, it, locals));
        let items = match self.db.package(&package) {
            Some(file) => {
                let table = self.db.schema(file).table.clone();
                self.items(checked, &package, &table, &dep.spec, locals)
            }
            None => Vec::new(),
        };
        Some(DepDecl {
            role: dep.role,
            package,
            output: dep.spec.output.as_ref().map(|it| it.name.clone()),
            alias: dep.alias.as_ref().map(|it| it.name.clone()),
            items,
            reqs: if dep.exact { Reqs::Same } else { self.reqs(checked, &dep.reqs, locals) },
            cond: Cond::all([guard, when]),
            place,
            text: self.text(place),
        })
    }

    /// What a spec asks of the options of a package.
    pub(crate) fn items(
        &mut self,
        checked: &Arc<Checked>,
        package: &Name,
        table: &OptionTable,
        spec: &Spec,
        locals: &Locals,
    ) -> Vec<ItemDecl> {
        let mut items = Vec::new();
        for item in &spec.items {
            let place = self.place(checked, item.span);
            let (of, option) = match &*item.path {
                [first] => (None, first),
                [first, second, ..]
                    if table.get(&first.name).is_none() && first.name != *package =>
                {
                    (Some(first.name.clone()), second)
                }
                [_, second, ..] => (None, second),
                [] => continue,
            };
            let inner;
            let table = match &of {
                None => table,
                Some(of) => match self.db.package(of) {
                    Some(file) => {
                        inner = self.db.schema(file);
                        &*inner.table
                    }
                    None => continue,
                },
            };
            let renamed = table.renamed.iter().find(|it| it.from == option.name);
            let name = renamed.map_or_else(|| option.name.clone(), |it| it.to.clone());
            let ask = match &item.value {
                Some((op, value)) => {
                    let value = match self.constant(checked, *value, locals) {
                        Some(value) => ValueDecl::Known(value),
                        None => ValueDecl::Computed {
                            file: checked.file,
                            expr: *value,
                            locals: locals.clone(),
                        },
                    };
                    AskDecl::Value(*op, value)
                }
                None if table.get(&name).is_some() => AskDecl::Switch(!item.off),
                // A value of one of its sets.
                None => match &table.sets_with(&name)[..] {
                    [(set, at)] => {
                        let option = set.name.clone();
                        let ask = if item.off {
                            let Ty::Set(ty) = &set.ty else { continue };
                            let bits = [*at].into_iter().collect();
                            AskDecl::Value(
                                SettingOp::Remove,
                                ValueDecl::Known(Value::Set(ty.clone(), bits)),
                            )
                        } else {
                            AskDecl::Has(*at)
                        };
                        items.push(ItemDecl { of, option, ask, place });
                        continue;
                    }
                    _ => continue,
                },
            };
            items.push(ItemDecl { of, option: name, ask, place });
        }
        items
    }

    pub(crate) fn reqs(&mut self, checked: &Arc<Checked>, reqs: &[Req], locals: &Locals) -> Reqs {
        // Requirements one after the other all hold: alternatives are multiplied out.
        let mut any_of: Vec<Vec<(Comparison, ExprId)>> = vec![Vec::new()];
        for req in reqs {
            if any_of.len() > ALTERNATIVES_MAX {
                let range = match req {
                    Req::Compare(_, version) => Some(*version),
                    Req::Any(alternatives) => {
                        alternatives.first().and_then(|it| it.first()).map(|it| it.1)
                    }
                };
                let range = range.map(|it| checked.schema.env.lowered.map.expr(it));
                let message =
                    format!("this requirement has more than {ALTERNATIVES_MAX} alternatives");
                let diagnostic = Diagnostic::new(
                    Code::EvaluationLimit,
                    checked.file,
                    range.unwrap_or_default(),
                    message,
                )
                .help("alternatives one after the other multiply: write them in one group");
                self.mistake(diagnostic);
                return Reqs::Known(VersionReq::any());
            }
            let alternatives: Vec<Vec<(BinaryOp, ExprId)>> = match req {
                Req::Compare(op, version) => vec![vec![(*op, *version)]],
                Req::Any(alternatives) => alternatives.iter().map(|it| it.to_vec()).collect(),
            };
            let mut next = Vec::new();
            for all in &any_of {
                for alternative in &alternatives {
                    let mut all = all.clone();
                    all.extend(
                        alternative.iter().filter_map(|it| comparison(it.0).map(|op| (op, it.1))),
                    );
                    next.push(all);
                }
            }
            any_of = next;
        }
        let mut known = Vec::new();
        for all in &any_of {
            let mut bounds = Vec::new();
            for (op, version) in all {
                match self.constant(checked, *version, locals) {
                    Some(Value::Version(version)) => {
                        bounds.push((*op, VersionBound::Exact(version)))
                    }
                    Some(Value::Series(version)) => {
                        bounds.push((*op, VersionBound::Series(version)))
                    }
                    _ => {
                        return Reqs::Computed {
                            file: checked.file,
                            any_of,
                            locals: locals.clone(),
                        };
                    }
                }
            }
            known.push(bounds);
        }
        Reqs::Known(VersionReq { any_of: known })
    }

    /// A version requirement that reads the version of the package that says it.
    pub(crate) fn version_req(
        &mut self,
        checked: &Arc<Checked>,
        any_of: &[Vec<(Comparison, ExprId)>],
        locals: &Locals,
        version: &kiln_lang::Version,
    ) -> VersionReq {
        let mut reader = OwnVersion { fuel: &mut self.fuel, db: self.db, version };
        let mut alternatives = Vec::new();
        for all in any_of {
            let mut bounds = Vec::new();
            for (op, expr) in all {
                let mut interpreter = Interpreter::new(self.db, checked, &mut reader);
                interpreter.locals = locals.clone();
                match interpreter.eval(*expr) {
                    Ok(Value::Version(version)) => bounds.push((*op, VersionBound::Exact(version))),
                    Ok(Value::Series(version)) => bounds.push((*op, VersionBound::Series(version))),
                    _ => {}
                }
            }
            alternatives.push(bounds);
        }
        VersionReq { any_of: alternatives }
    }
}

/// Something that is chosen, on one side of a comparison.
enum Chosen {
    Option(Name),
    Version,
    Global(Object, Name),
}

impl Chosen {
    fn compare(&self, comparison: Comparison, value: Value) -> Cond {
        Cond::Is(match (self, value) {
            (Chosen::Option(name), value) => Atom::Option(name.clone(), comparison, value),
            (Chosen::Global(object, name), value) => {
                Atom::Global(*object, name.clone(), comparison, value)
            }
            (Chosen::Version, Value::Version(version)) => {
                Atom::Version(comparison, VersionBound::Exact(version))
            }
            (Chosen::Version, Value::Series(version)) => {
                Atom::Version(comparison, VersionBound::Series(version))
            }
            (Chosen::Version, _) => return Cond::False,
        })
    }
}

fn chosen(checked: &Checked, expr: ExprId) -> Option<Chosen> {
    match checked.res(expr) {
        Res::Option(name) => Some(Chosen::Option(name.clone())),
        Res::Fact(Fact::Version) => Some(Chosen::Version),
        Res::ObjectMember(object, name) => Some(Chosen::Global(*object, name.clone())),
        _ => None,
    }
}

/// The operator with its sides swapped.
fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Lt => BinaryOp::Gt,
        BinaryOp::Le => BinaryOp::Ge,
        BinaryOp::Gt => BinaryOp::Lt,
        BinaryOp::Ge => BinaryOp::Le,
        other => other,
    }
}
