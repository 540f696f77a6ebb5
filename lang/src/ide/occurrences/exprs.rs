//! Words in expressions.

use text_size::{TextRange, TextSize};

use super::super::Symbol;
use super::{Access, Collector, Locals, Scope, find_local};
use crate::check::Res;
use crate::database::{Database, FileId};
use crate::globals::{fact, facts_of_module, global_table};
use crate::module::{
    Arg, Element, Expr, ExprId, Ident, Name, PackageRef, Req, Spec, StmtKind, StrPart, TypeNameKind,
};
use crate::schema::Schema;
use crate::types::{EnumTy, Object, RecordTy, Ty};

impl Collector<'_> {
    /// Writes down the words of an expression and of all below it.
    pub(super) fn expr(&mut self, expr: ExprId, scope: &Scope, locals: &Locals) {
        let lowered = self.lowered.clone();
        let mut stack: Vec<(ExprId, Locals)> = vec![(expr, locals.clone())];
        while let Some((expr, locals)) = stack.pop() {
            let mut next = |expr: ExprId| stack.push((expr, locals.clone()));
            match &lowered.module.exprs[expr] {
                Expr::Missing | Expr::Size(_) | Expr::Duration(_) | Expr::Regex(_) => {}
                Expr::Int(_) | Expr::Version(_) | Expr::Series(_) => self.value_word(expr),
                Expr::Str(parts) | Expr::Shell(parts) => {
                    self.value_word(expr);
                    for part in parts {
                        if let StrPart::Expr(expr) = part {
                            next(*expr);
                        }
                    }
                }
                Expr::Name(name) => {
                    let range = lowered.map.expr(expr);
                    // `http2` in a spec stands for `on`, which is written nowhere.
                    if self.text.get(std::ops::Range::<usize>::from(range)) == Some(name) {
                        self.name(expr, name, range, scope, &locals);
                    }
                }
                Expr::DotName(name) => {
                    let range = lowered.map.expr(expr);
                    let start = range.end().checked_sub(TextSize::of(name.as_str()));
                    if let Some(start) = start.filter(|it| *it >= range.start()) {
                        let range = TextRange::new(start, range.end());
                        self.name(expr, name, range, scope, &locals);
                    }
                }
                Expr::Member(it) => {
                    self.member(expr, it.of, &it.name, scope);
                    next(it.of);
                }
                Expr::Call(it) => {
                    next(it.callee);
                    self.arg_names(it.callee, &it.args);
                    it.args.iter().for_each(|it| next(it.value));
                }
                Expr::Lambda(it) => {
                    let mut inner = locals.clone();
                    for param in &it.params {
                        inner = self.local(param, &inner);
                    }
                    stack.push((it.body, inner));
                }
                Expr::Binary { lhs, rhs, .. } => [*lhs, *rhs].into_iter().for_each(next),
                Expr::Not(of) | Expr::Neg(of) => next(*of),
                Expr::Range { lo, hi, .. } => [*lo, *hi].into_iter().flatten().for_each(next),
                Expr::If { cond, then, else_ } => {
                    [*cond, *then, *else_].into_iter().for_each(next);
                }
                Expr::Match(it) => {
                    next(it.of);
                    for arm in &it.arms {
                        arm.patterns.iter().flatten().for_each(|it| next(*it));
                        next(arm.value);
                    }
                }
                Expr::Set(elements) | Expr::List(elements) => {
                    for element in elements {
                        self.element(element, &locals, &mut stack);
                    }
                }
                Expr::With(with) => {
                    self.spec(&with.spec, scope, &locals);
                    if let Some(interface) = &with.interface {
                        self.package(interface);
                    }
                    self.reqs(&with.reqs, scope, &locals);
                }
            }
        }
    }

    fn element(&mut self, element: &Element, locals: &Locals, stack: &mut Vec<(ExprId, Locals)>) {
        let mut element = element;
        let mut locals = locals.clone();
        loop {
            match element {
                Element::Expr(expr) | Element::Spread(expr) => {
                    stack.push((*expr, locals));
                    return;
                }
                Element::Entry(key, value) => {
                    stack.push((*key, locals.clone()));
                    stack.push((*value, locals));
                    return;
                }
                Element::When(cond, inner) => {
                    stack.push((*cond, locals.clone()));
                    element = inner;
                }
                Element::For(it) => {
                    stack.push((it.list, locals.clone()));
                    locals = self.local(&it.name, &locals);
                    if let Some(when) = it.when {
                        stack.push((when, locals.clone()));
                    }
                    element = &it.element;
                }
            }
        }
    }

    /// A literal that turned out to be a value of an enum.
    fn value_word(&mut self, expr: ExprId) {
        if let Res::Value(of, at) = self.checked.res(expr) {
            let symbol = Symbol::Value(of.file, of.id, *at);
            self.add(self.lowered.map.expr(expr), symbol, Access::Read, None);
        }
    }

    fn name(
        &mut self,
        expr: ExprId,
        name: &Name,
        range: TextRange,
        scope: &Scope,
        locals: &Locals,
    ) {
        let checked = self.checked.clone();
        let (symbol, owner) = match checked.res(expr) {
            Res::Local(_) => match find_local(locals, name) {
                Some(declared) => (Symbol::Local(self.file, declared), None),
                // `providers.mpi = openmpi`
                None => match self.db.package(name) {
                    Some(file) => (Symbol::Package(file), None),
                    None => return,
                },
            },
            Res::Option => {
                let Some(option) = scope.table.as_ref().and_then(|it| it.get(name)) else { return };
                (Symbol::Option(option.at, option.index), scope.owner.clone())
            }
            Res::Bool(_) | Res::Null | Res::Prev | Res::Default | Res::All(_) => {
                (Symbol::Word(name.clone()), scope.owner.clone())
            }
            Res::Record(record) => match type_of_record(self.db, record) {
                Some(symbol) => (symbol, None),
                None => return,
            },
            res => match simple(res) {
                Some(symbol) => (symbol, scope.owner.clone()),
                None => return,
            },
        };
        self.add(range, symbol, Access::Read, owner);
    }

    fn member(&mut self, expr: ExprId, of: ExprId, name: &Ident, scope: &Scope) {
        let checked = self.checked.clone();
        let lowered = self.lowered.clone();
        let symbol = match checked.res(expr) {
            Res::ObjectMember(object) => self.object_member(*object, &name.name, scope),
            Res::GivenFact(member) => self.object_member(Object::Facts, member, scope),
            Res::Member => match checked.types[of.index()].without_opt() {
                Ty::Record(record) => field(self.db, record, &name.name),
                _ => Some(Symbol::Member(name.name.clone())),
            },
            res => simple(res),
        };
        // `facts.cluster.fabric`: so is the word in the middle.
        if let (Expr::Member(member), Res::GivenFact(_)) =
            (&lowered.module.exprs[of], checked.res(expr))
            && let Some((file, _)) = facts_of_module(self.db, &member.name.name)
        {
            self.read(&member.name, Symbol::File(file), None);
        }
        // `unix.triple(…)`: the word before the dot is a module.
        if let (Expr::Name(word), Some(Symbol::Function(file, _))) =
            (&lowered.module.exprs[of], &symbol)
            && matches!(checked.res(of), Res::None | Res::Error)
            && self.checked.schema.env.used(word).or_else(|| self.db.module(word)) == Some(*file)
        {
            self.add(lowered.map.expr(of), Symbol::File(*file), Access::Read, None);
        }
        if let Some(symbol) = symbol {
            self.read(name, symbol, scope.owner.clone());
        }
    }

    fn object_member(&self, object: Object, name: &Name, scope: &Scope) -> Option<Symbol> {
        match object {
            Object::Platform | Object::Machine | Object::Toolchain => {
                let option = global_table(self.db, object).get(name).cloned()?;
                Some(Symbol::Option(option.at, option.index))
            }
            Object::Facts => {
                let option = fact(self.db, name)?;
                Some(Symbol::Option(option.at, option.index))
            }
            Object::Dep => {
                // The name that the dependency has here, or that of its package.
                let bodies = self.lowered.module.bodies.values().iter();
                let aliases = bodies.flat_map(|it| &it.stmts).filter_map(|it| match &it.kind {
                    StmtKind::Dep(dep) => dep.alias.as_ref(),
                    _ => None,
                });
                let alias = aliases.into_iter().find(|it| it.name == *name);
                match alias {
                    Some(alias) => Some(Symbol::Local(self.file, self.range(alias))),
                    None => self.db.package(name).map(Symbol::Package),
                }
            }
            Object::Steps => {
                let step = scope.table.as_ref()?.step(name)?;
                Some(Symbol::Step(step.at, step.index))
            }
            Object::Deps | Object::Outputs | Object::Sources => Some(Symbol::Member(name.clone())),
        }
    }

    /// The names of arguments: `fetch(…, sha256 = …)`.
    fn arg_names(&mut self, callee: ExprId, args: &[Arg]) {
        let checked = self.checked.clone();
        for arg in args {
            let Some(name) = &arg.name else { continue };
            let symbol = match checked.res(callee) {
                Res::Function(file, id) => {
                    let other = self.db.lowered(*file);
                    let function = &other.module.functions.values().get(id.index());
                    let param = function
                        .and_then(|it| it.params.iter().find(|it| it.ident.name == name.name));
                    param.map(|it| Symbol::Local(*file, other.map.span(it.ident.span)))
                }
                Res::Record(record) => field(self.db, record, &name.name),
                Res::Builtin(_) => Some(Symbol::Member(name.name.clone())),
                _ => None,
            };
            if let Some(symbol) = symbol {
                self.read(name, symbol, None);
            }
        }
    }

    //------ specs

    /// Writes down the words of a spec; its values are read where the spec stands.
    pub(super) fn spec(&mut self, spec: &Spec, scope: &Scope, locals: &Locals) {
        match &spec.package {
            PackageRef::Named(ident) => {
                if let Some(file) = self.db.package(&ident.name) {
                    self.read(ident, Symbol::Package(file), None);
                    let found = self.db.schema(file);
                    if let Some(output) = &spec.output {
                        self.output(output, file, &found, &ident.name);
                    }
                    for item in &spec.items {
                        self.item_path(&item.path, &found, &ident.name);
                    }
                }
            }
            PackageRef::Made(expr) => self.expr(*expr, scope, locals),
            PackageRef::Missing(_) => {}
        }
        for item in &spec.items {
            if let Some((_, value)) = item.value {
                self.expr(value, scope, locals);
            }
        }
    }

    fn output(&mut self, output: &Ident, file: FileId, schema: &Schema, package: &Name) {
        if let Some(body) = schema.part(crate::module::PartKind::Output, &output.name) {
            self.read(output, Symbol::Part(file, body), Some(package.clone()));
        }
    }

    fn item_path(&mut self, path: &[Ident], schema: &Schema, package: &Name) {
        match path {
            [first, second] if schema.table.get(&first.name).is_none() => {
                if let Some(file) = self.db.package(&first.name) {
                    self.read(first, Symbol::Package(file), None);
                    let inner = self.db.schema(file);
                    self.item_path(std::slice::from_ref(second), &inner, &first.name);
                }
            }
            [first, ..] => {
                if self.option(first, &schema.table, Some(package.clone()), Access::Write) {
                    return;
                }
                if let [(option, at)] = schema.table.sets_with(&first.name)[..]
                    && let Some(of) = option.ty.words()
                {
                    let symbol = Symbol::Value(of.file, of.id, at);
                    self.push(first, symbol, Access::Write, Some(package.clone()));
                }
            }
            [] => {}
        }
    }

    pub(super) fn reqs(&mut self, reqs: &[Req], scope: &Scope, locals: &Locals) {
        for req in reqs {
            match req {
                Req::Compare(_, version) => self.expr(*version, scope, locals),
                Req::Any(alternatives) => {
                    for (_, version) in alternatives.iter().flatten() {
                        self.expr(*version, scope, locals);
                    }
                }
            }
        }
    }
}

/// What a word means wherever it stands.
fn simple(res: &Res) -> Option<Symbol> {
    let value = |of: &EnumTy, at: u32| Symbol::Value(of.file, of.id, at);
    Some(match res {
        Res::Value(of, at) => value(of, *at),
        Res::Group(of, at) => Symbol::Group(of.file, of.id, *at),
        Res::Let(at, index) => Symbol::Option(*at, *index),
        Res::Function(file, id) => Symbol::Function(*file, *id),
        Res::Builtin(builtin) => Symbol::Builtin(*builtin),
        Res::Method(method) => Symbol::Method(*method),
        Res::Object(object) => Symbol::Object(*object),
        Res::Fact(fact) => Symbol::Fact(*fact),
        Res::None
        | Res::Bool(_)
        | Res::Null
        | Res::Prev
        | Res::Default
        | Res::All(_)
        | Res::Version(_)
        | Res::Option
        | Res::Local(_)
        | Res::Record(_)
        | Res::ObjectMember(_)
        | Res::GivenFact(_)
        | Res::Member
        | Res::Error => return None,
    })
}

/// The name of a record, which is called to make one.
fn type_of_record(db: &Database, record: &RecordTy) -> Option<Symbol> {
    let lowered = db.lowered(record.file);
    let at = lowered.module.type_names.iter().position(|it| match it.kind {
        TypeNameKind::Record(id) => id == record.id,
        TypeNameKind::Enum(_) | TypeNameKind::Alias(_) => false,
    })?;
    Some(Symbol::Type(record.file, at as u32))
}

fn field(db: &Database, record: &RecordTy, name: &str) -> Option<Symbol> {
    let lowered = db.lowered(record.file);
    let decl = lowered.module.records.values().get(record.id.index())?;
    let at = decl.fields.iter().position(|it| it.ident.name == name)?;
    Some(Symbol::RecordField(record.file, record.id, at as u32))
}
