//! Expressions to values.
//!
//! A walk over the checked tree. What names mean has been settled by the checker; what options,
//! dependencies and the platform are worth comes from a [`Reader`]. The language is total, so the
//! walk ends; how much it may do on the way is bounded by counts ([`Fuel`]), never by a clock, so
//! that every machine gives the same answer.

mod methods;
mod operators;
mod shell;

use std::collections::BTreeMap;
use std::sync::Arc;

use kiln_lang::check::{Builtin, Fact, Method, Res};
use kiln_lang::module::{Arg, Element, Expr, ExprId, ForElement, FunctionId, Name, StrPart};
use kiln_lang::schema::BodyRef;
use kiln_lang::types::{EnumTy, Object, RecordTy, Ty};
use kiln_lang::{Checked, Code, Database, Diagnostic, FileId, Version, VersionBound};
use kiln_store::{FetchHash, Piece, Template, parse_hex};

use crate::package::Locals;
use crate::text::{Text, TextBuilder};
use crate::value::{Bits, ENTRY_BYTES, LocalFile, Source, Value, conform, empty};

pub(crate) use operators::{as_bits, concat};

/// What went wrong, ready to be shown.
pub(crate) type Failure = Box<Diagnostic>;

/// How many expressions may be evaluated for one package. The heaviest real recipe takes 40,000.
const STEPS_MAX: u64 = 2_000_000;

/// How many expressions may wait for each other, each for one in it or for what it reads. Real ones
/// are less than 60 deep. The stack of [`kiln_lang::with_stack`] is made for this many.
const DEPTH_MAX: u32 = 2_000;

/// How large one value may get, in bytes. The longest real build script has 30,000.
pub(crate) const VALUE_BYTES_MAX: usize = 16 << 20;

/// What a large value costs to make or to look at: one step for this many bytes of it.
const STEP_BYTES: usize = 256;

/// How much of a value a message shows, in characters.
const SHOWN_MAX: usize = 80;

/// What evaluation may still do.
#[derive(Debug)]
pub(crate) struct Fuel {
    steps: u64,
    depth: u32,
}

impl Fuel {
    /// Whether nothing is being evaluated.
    pub(crate) fn is_idle(&self) -> bool {
        self.depth == 0
    }

    /// How many expressions may still be evaluated.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Takes so many of them, if there are so many.
    pub(crate) fn take(&mut self, steps: u64) -> Option<()> {
        self.steps = self.steps.checked_sub(steps)?;
        Some(())
    }
}

impl Default for Fuel {
    fn default() -> Self {
        Fuel { steps: STEPS_MAX, depth: 0 }
    }
}

/// Where an expression's outside comes from.
pub(crate) trait Reader {
    /// The final value of an option of the package.
    fn option(&mut self, name: &Name, at: (FileId, ExprId)) -> Result<Value, Failure>;
    /// The value of a let.
    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure>;
    /// What the package knows of itself.
    fn fact(&mut self, fact: Fact, at: (FileId, ExprId)) -> Result<Value, Failure>;
    /// A member of `platform`, `toolchain`, `dep` and the like.
    fn member(
        &mut self,
        object: Object,
        name: &Name,
        at: (FileId, ExprId),
    ) -> Result<Value, Failure>;
    /// The path at which the build sees a file beside the recipe.
    fn file(&mut self, file: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure>;
    /// All values of an enum: where that is known, without those that are not allowed.
    fn all(&mut self, of: &EnumTy, _: (FileId, ExprId)) -> Result<Bits, Failure> {
        Ok(Bits::all(of.values.len()))
    }
    /// What evaluation may still do.
    fn fuel(&mut self) -> &mut Fuel;
}

/// Evaluates a let of a file, which is null if nothing is said of it.
pub(crate) fn eval_let(
    db: &Database,
    checked: &Checked,
    (at, index): (BodyRef, u32),
    reader: &mut impl Reader,
) -> Result<Value, Failure> {
    match checked.module().bodies[at.body].options[index as usize].default {
        Some(value) => Interpreter::new(db, checked, reader).eval(value),
        None => Ok(Value::Null),
    }
}

/// Evaluates expressions of one file.
pub(crate) struct Interpreter<'a, R> {
    pub(crate) db: &'a Database,
    pub(crate) checked: &'a Checked,
    pub(crate) reader: &'a mut R,
    /// Names of loops and parameters, innermost last.
    pub(crate) locals: Locals,
    /// What `prev` and `default` stand for, in a setting.
    pub(crate) prev: Option<Value>,
    pub(crate) default: Option<Value>,
}

impl<'a, R: Reader> Interpreter<'a, R> {
    pub(crate) fn new(db: &'a Database, checked: &'a Checked, reader: &'a mut R) -> Self {
        Interpreter { db, checked, reader, locals: Locals::NONE, prev: None, default: None }
    }

    fn fail(&self, expr: ExprId, code: Code, message: impl Into<String>) -> Failure {
        let range = self.checked.schema.env.lowered.map.expr(expr);
        Box::new(Diagnostic::new(code, self.checked.file, range, message))
    }

    fn error(&self, expr: ExprId, message: impl Into<String>) -> Failure {
        self.fail(expr, Code::EvaluationError, message)
    }

    fn no_value(&self, expr: ExprId, message: &str) -> Failure {
        let failure = self.fail(expr, Code::MissingValue, message);
        Box::new(failure.help("write a value that needs no other, or give it one there"))
    }

    /// Evaluates an expression.
    pub(crate) fn eval(&mut self, expr: ExprId) -> Result<Value, Failure> {
        self.spend(expr, 1)?;
        let fuel = self.reader.fuel();
        if fuel.depth >= DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} expressions wait for each other here");
            let failure = self.fail(expr, Code::EvaluationLimit, message);
            return Err(Box::new(failure.help(
                "options, lets and functions that read each other make a long chain; a list says the same in one place",
            )));
        }
        fuel.depth += 1;
        let value = self.eval_inner(expr);
        self.reader.fuel().depth -= 1;
        let value = value?;
        if let Value::Text(_)
        | Value::Script(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Record(..) = &value
        {
            let bytes = value.weight(VALUE_BYTES_MAX);
            self.fits(expr, bytes)?;
            self.spend(expr, bytes / STEP_BYTES)?;
        }
        Ok(value)
    }

    /// Takes from what may still be done.
    #[inline]
    pub(crate) fn spend(&mut self, expr: ExprId, steps: usize) -> Result<(), Failure> {
        let fuel = self.reader.fuel();
        match fuel.take(steps as u64) {
            Some(()) => Ok(()),
            None => {
                fuel.steps = 0;
                Err(self.spent(expr))
            }
        }
    }

    #[cold]
    fn spent(&self, expr: ExprId) -> Failure {
        let message = format!("this package takes more than {STEPS_MAX} steps to evaluate");
        let failure = self.fail(expr, Code::EvaluationLimit, message);
        Box::new(failure.help(
            "this expression was evaluated when the limit was reached; loops in loops multiply, and large values cost more",
        ))
    }

    /// Refuses a value that takes too much room: asked before it is made, where that is possible.
    #[inline]
    pub(crate) fn fits(&self, expr: ExprId, bytes: usize) -> Result<(), Failure> {
        if bytes <= VALUE_BYTES_MAX { Ok(()) } else { Err(self.too_large(expr)) }
    }

    #[cold]
    fn too_large(&self, expr: ExprId) -> Failure {
        let message = format!("this value has more than {VALUE_BYTES_MAX} bytes");
        let failure = self.fail(expr, Code::EvaluationLimit, message);
        Box::new(failure.help("what is that large belongs into a file: `file(\"…\")`"))
    }

    fn eval_inner(&mut self, expr: ExprId) -> Result<Value, Failure> {
        let checked = self.checked;
        match checked.res(expr) {
            Res::None | Res::Member => {}
            Res::Bool(value) => return Ok(Value::Bool(*value)),
            Res::Null => return Ok(Value::Null),
            Res::Prev => {
                let found =
                    self.prev.clone().and_then(|it| given(it, &checked.types[expr.index()]));
                return found.ok_or_else(|| {
                    self.no_value(expr, "no layer below gives this a value, so `prev` is none")
                });
            }
            Res::Default => {
                let found =
                    self.default.clone().and_then(|it| given(it, &checked.types[expr.index()]));
                return found.ok_or_else(|| {
                    self.no_value(expr, "the recipe gives this no value, so `default` is none")
                });
            }
            Res::All(of) => {
                let all = self.reader.all(of, (checked.file, expr))?;
                return Ok(Value::Set(of.clone(), all));
            }
            Res::Value(of, at) => return Ok(Value::Enum(of.clone(), *at)),
            Res::Group(of, at) => {
                let bits = of.groups[*at as usize].1.iter().copied().collect();
                return Ok(Value::Set(of.clone(), bits));
            }
            Res::Version(VersionBound::Exact(version)) => {
                return Ok(Value::Version(version.clone()));
            }
            Res::Version(VersionBound::Series(version)) => {
                return Ok(Value::Series(version.clone()));
            }
            Res::Option => {
                return self.reader.option(checked.module().word(expr), (checked.file, expr));
            }
            Res::Let(at, index) => return self.reader.let_(*at, *index),
            Res::Local(name) => {
                let found = self.locals.iter().rev().find(|it| it.0 == *name);
                return match found {
                    Some((_, value)) => Ok(value.clone()),
                    None => Ok(Value::text(name)),
                };
            }
            Res::Fact(fact) => return self.reader.fact(*fact, (checked.file, expr)),
            Res::ObjectMember(object) => {
                let name = checked.module().word(expr);
                return self.reader.member(*object, name, (checked.file, expr));
            }
            Res::GivenFact(name) => {
                return self.reader.member(Object::Facts, name, (checked.file, expr));
            }
            Res::Function(..)
            | Res::Builtin(_)
            | Res::Method(_)
            | Res::Record(_)
            | Res::Object(_) => {
                return Err(self.error(expr, "this has no value of its own"));
            }
            Res::Error => {
                return Err(
                    self.error(expr, "this has no value, because of a mistake that was reported")
                );
            }
        }
        match &checked.module().exprs[expr] {
            // The condition of a refinement, which is no expression of its own: `where it > 0`.
            Expr::Name(name) if self.locals.iter().any(|it| it.0 == *name) => {
                let found = self.locals.iter().rev().find(|it| it.0 == *name);
                Ok(found.map_or(Value::Null, |it| it.1.clone()))
            }
            Expr::Missing | Expr::Name(_) | Expr::DotName(_) | Expr::Lambda(_) | Expr::With(_) => {
                Err(self.error(expr, "this has no value"))
            }
            Expr::Int(number) => Ok(Value::Int(*number)),
            Expr::Version(text) => Ok(Value::Version(Version::new(&**text))),
            Expr::Series(text) => Ok(Value::Series(Version::new(text.trim_end_matches(".*")))),
            Expr::Size(number) => Ok(Value::Size(*number)),
            Expr::Duration(number) => Ok(Value::Duration(*number)),
            Expr::Regex(pattern) => Ok(Value::text(pattern)),
            Expr::Str(parts) => self.string(expr, parts, false),
            Expr::Shell(parts) => self.string(expr, parts, true),
            Expr::Member(it) => {
                let value = self.eval(it.of)?;
                self.member(expr, value, &it.name.name)
            }
            Expr::Call(it) => self.call(expr, it.callee, &it.args),
            Expr::Binary { op, lhs, rhs } => self.binary(expr, *op, *lhs, *rhs),
            Expr::Not(of) => match self.eval(*of)? {
                Value::Bool(value) => Ok(Value::Bool(!value)),
                _ => Err(self.error(expr, "`!` needs `on` or `off`")),
            },
            Expr::Neg(of) => match self.eval(*of)? {
                Value::Int(number) => Ok(Value::Int(self.product(expr, number, -1)?)),
                _ => Err(self.error(expr, "`-` needs a number")),
            },
            Expr::Range { .. } => Err(self.error(expr, "a range is no value")),
            Expr::If { cond, then, else_ } => {
                if self.truth(*cond)? {
                    self.eval(*then)
                } else {
                    self.eval(*else_)
                }
            }
            Expr::Match(it) => {
                let subject = self.eval(it.of)?;
                for arm in &it.arms {
                    let Some(patterns) = &arm.patterns else { return self.eval(arm.value) };
                    for pattern in patterns {
                        if self.eval(*pattern)? == subject {
                            return self.eval(arm.value);
                        }
                    }
                }
                Err(self.error(expr, format!("no arm takes `{}`", shown(&subject))))
            }
            Expr::Set(elements) => self.collection(expr, elements, checked),
            Expr::List(elements) => {
                let mut items = Vec::with_capacity(elements.len());
                for element in elements {
                    self.element(element, &mut |_, value| {
                        items.push(value);
                        items.len()
                    })?;
                }
                Ok(Value::List(items.into()))
            }
        }
    }

    /// Evaluates an expression that is `on` or `off`.
    pub(crate) fn truth(&mut self, expr: ExprId) -> Result<bool, Failure> {
        match self.eval(expr)? {
            Value::Bool(value) => Ok(value),
            other => {
                let message = format!("expected `on` or `off`, found `{}`", shown(&other));
                Err(self.error(expr, message))
            }
        }
    }

    fn string(&mut self, expr: ExprId, parts: &[StrPart], shell: bool) -> Result<Value, Failure> {
        if let [StrPart::Text(text)] = parts {
            let text = Text::plain(text);
            return Ok(if shell { Value::Script(text) } else { Value::Text(text) });
        }
        let mut out = TextBuilder::default();
        for part in parts {
            match part {
                StrPart::Text(text) => out.push_str(text),
                StrPart::Expr(inner) => {
                    let value = self.eval(*inner)?;
                    if shell {
                        self.shell_value(*inner, &value, &mut out)?;
                    } else {
                        self.push_textual(*inner, &value, &mut out)?;
                    }
                }
            }
            self.fits(expr, out.len())?;
        }
        let text = out.finish();
        Ok(if shell { Value::Script(text) } else { Value::Text(text) })
    }

    fn product(&self, expr: ExprId, a: i64, b: i64) -> Result<i64, Failure> {
        a.checked_mul(b).ok_or_else(|| self.error(expr, "this is too large for a number"))
    }

    /// Appends the text of a value in a string.
    pub(crate) fn push_textual(
        &mut self,
        expr: ExprId,
        value: &Value,
        out: &mut TextBuilder,
    ) -> Result<(), Failure> {
        match value {
            Value::Text(text) | Value::Script(text) => out.push(text),
            Value::Int(number) => out.push_str(&number.to_string()),
            Value::Version(version) => out.push_str(version.as_str()),
            Value::Enum(of, at) => out.push(&self.enum_text(of, *at)?),
            Value::Dep(dep) => out.push_place(Piece::Input(dep.label.clone())),
            Value::File(file) => out.push(&self.reader.file(file, (self.checked.file, expr))?),
            other => {
                let message = format!("`{}` has no text of its own", shown(other));
                return Err(self.error(expr, message));
            }
        }
        Ok(())
    }

    /// What a value of an enum stands for in build steps: its text, or else its name.
    pub(crate) fn enum_text(
        &mut self,
        of: &kiln_lang::types::EnumTy,
        at: u32,
    ) -> Result<Text, Failure> {
        let checked = self.db.checked(of.file);
        let decl = &checked.module().enums[of.id].values[at as usize];
        match decl.text {
            None => Ok(Text::plain(&of.values[at as usize])),
            Some(text) => {
                let mut inner = Interpreter::new(self.db, &checked, self.reader);
                match inner.eval(text)? {
                    Value::Text(text) => Ok(text),
                    other => Err(inner.error(text, format!("expected a text, found `{other}`"))),
                }
            }
        }
    }

    fn member(&mut self, expr: ExprId, value: Value, name: &str) -> Result<Value, Failure> {
        Ok(match (&value, name) {
            (Value::Dep(dep), "name") => Value::text(&dep.name),
            (Value::Dep(dep), "version") => Value::Version(dep.version.clone()),
            (Value::Dep(dep), "prefix") => Value::Text(dep_path(dep, "")),
            (Value::Dep(dep), "bin") => Value::Text(dep_path(dep, "/bin")),
            (Value::Dep(dep), "lib") => Value::Text(dep_path(dep, "/lib")),
            (Value::Dep(dep), "include") => Value::Text(dep_path(dep, "/include")),
            (Value::Version(version), "major") => Value::text(version.part(0).unwrap_or("")),
            (Value::Version(version), "minor") => Value::text(version.part(1).unwrap_or("")),
            (Value::Version(version), "patch") => Value::text(version.part(2).unwrap_or("")),
            (Value::Version(version), "text") => Value::text(version.as_str()),
            (Value::Enum(of, at), "name") => Value::text(&of.values[*at as usize]),
            (Value::Enum(of, at), "text") => Value::Text(self.enum_text(of, *at)?),
            (Value::Size(bytes), "bytes") => Value::Int(*bytes),
            (Value::Duration(nanoseconds), "seconds") => Value::Int(nanoseconds / 1_000_000_000),
            (Value::List(items), "length") => Value::Int(items.len() as i64),
            (Value::Set(_, bits), "length") => Value::Int(bits.len() as i64),
            (Value::Text(text), "length") => match text.as_plain() {
                Some(text) => Value::Int(text.chars().count() as i64),
                None => return Err(self.unknown_yet(expr)),
            },
            (Value::Record(of, fields), name) => {
                let env = self.db.env(of.file);
                let record = &env.records[of.id.index()];
                match record.fields.iter().position(|it| it.name == name) {
                    Some(at) => fields[at].clone(),
                    None => return Err(self.error(expr, format!("there is no field `{name}`"))),
                }
            }
            _ => {
                return Err(self.error(expr, format!("`{}` has no member `{name}`", shown(&value))));
            }
        })
    }

    /// A text with the path of a dependency in it is not known before the build.
    fn unknown_yet(&self, expr: ExprId) -> Failure {
        let failure = self.error(
            expr,
            "this text holds the path of a dependency, which is known only when building",
        );
        Box::new(
            failure.help("leave such work to the step itself: in shell text the path is known"),
        )
    }

    //------ calls

    fn call(&mut self, expr: ExprId, callee: ExprId, args: &[Arg]) -> Result<Value, Failure> {
        let checked = self.checked;
        match checked.res(callee) {
            Res::Function(file, id) => {
                let (file, id) = (*file, *id);
                self.call_declared(file, id, args)
            }
            Res::Builtin(builtin) => self.call_builtin(expr, *builtin, args),
            Res::Method(method) => {
                let Expr::Member(member) = &checked.module().exprs[callee] else {
                    return Err(self.error(expr, "this cannot be called"));
                };
                let receiver = match self.eval(member.of) {
                    // `facts.isa.or({})`: what is taken where the fact is not given.
                    Err(failure) if self.is_missing(*method, member.of, &failure) => Value::Null,
                    other => other?,
                };
                self.call_method(expr, *method, receiver, args)
            }
            Res::Record(of) => self.record(of, args),
            _ => Err(self.error(expr, "this cannot be called")),
        }
    }

    fn is_missing(&self, method: Method, of: ExprId, failure: &Failure) -> bool {
        method == Method::Or
            && failure.code == Code::MissingFact
            && matches!(self.checked.res(of), Res::GivenFact(_))
    }

    fn call_declared(
        &mut self,
        file: FileId,
        id: FunctionId,
        args: &[Arg],
    ) -> Result<Value, Failure> {
        let other;
        let target = if file == self.checked.file {
            self.checked
        } else {
            other = self.db.checked(file);
            &*other
        };
        let function = &target.module().functions[id];
        let mut locals = Locals::NONE;
        for (position, param) in function.params.iter().enumerate() {
            let given = args
                .iter()
                .find(|it| it.name.as_ref().is_some_and(|it| it.name == param.ident.name));
            let given = given.or_else(|| args.get(position).filter(|it| it.name.is_none()));
            let value = match (given, param.default) {
                (Some(arg), _) => self.eval(arg.value)?,
                (None, Some(default)) => {
                    let mut inner = Interpreter::new(self.db, target, self.reader);
                    inner.locals = locals.clone();
                    inner.eval(default)?
                }
                (None, None) => Value::Null,
            };
            locals.push(param.ident.name.clone(), value);
        }
        let mut inner = Interpreter::new(self.db, target, self.reader);
        inner.locals = locals;
        inner.eval(function.body)
    }

    fn record(&mut self, of: &RecordTy, args: &[Arg]) -> Result<Value, Failure> {
        let env = self.db.env(of.file);
        let record = &env.records[of.id.index()];
        let mut fields = Vec::new();
        for field in &record.fields {
            let given =
                args.iter().find(|it| it.name.as_ref().is_some_and(|it| it.name == field.name));
            fields.push(match (given, field.default) {
                (Some(arg), _) => conform(self.eval(arg.value)?, &field.ty),
                (None, Some(default)) => {
                    let checked = self.db.checked(of.file);
                    let mut inner = Interpreter::new(self.db, &checked, self.reader);
                    conform(inner.eval(default)?, &field.ty)
                }
                (None, None) => Value::Null,
            });
        }
        Ok(Value::Record(record.clone(), fields.into()))
    }

    fn call_builtin(
        &mut self,
        expr: ExprId,
        builtin: Builtin,
        args: &[Arg],
    ) -> Result<Value, Failure> {
        match builtin {
            Builtin::Fetch => self.fetch(expr, args),
            Builtin::File | Builtin::Dir => {
                let Some(arg) = args.first() else {
                    return Err(self.error(expr, "no path is given"));
                };
                let path = self.plain(arg.value)?;
                let whole = kiln_lang::env::resolve(&self.db.path(self.checked.file), &path);
                let file = LocalFile { path: whole, named_in: self.checked.file };
                Ok(match builtin {
                    Builtin::File => Value::File(Arc::new(file)),
                    _ => Value::Source(Arc::new(Source::Folder(file))),
                })
            }
            Builtin::Min | Builtin::Max => {
                let mut best: Option<Value> = None;
                for arg in args {
                    let value = self.eval(arg.value)?;
                    let better = match &best {
                        None => true,
                        Some(best) => match value.order(best) {
                            Some(order) if builtin == Builtin::Min => order.is_lt(),
                            Some(order) => order.is_gt(),
                            None => return Err(self.error(arg.value, "this cannot be compared")),
                        },
                    };
                    if better {
                        best = Some(value);
                    }
                }
                best.ok_or_else(|| self.error(expr, "there is nothing to choose from"))
            }
            Builtin::Fail => {
                let message = match args.first() {
                    Some(arg) => self.plain(arg.value)?,
                    None => "the recipe says that this cannot be".to_owned(),
                };
                Err(self.error(expr, message))
            }
        }
    }

    fn fetch(&mut self, expr: ExprId, args: &[Arg]) -> Result<Value, Failure> {
        let mut urls = Vec::new();
        let mut hash = None;
        let (mut unpack, mut root, mut executables) = (true, None, Vec::new());
        for arg in args {
            let Some(name) = &arg.name else {
                urls.push(self.plain(arg.value)?);
                continue;
            };
            match name.name.as_str() {
                "unpack" => unpack = self.truth(arg.value)?,
                "root" => root = Some(self.plain(arg.value)?),
                "executables" => {
                    if let Value::List(items) = self.eval(arg.value)? {
                        for item in &*items {
                            if let Value::Text(Text::Plain(text)) = item {
                                executables.push(text.to_string());
                            }
                        }
                    }
                }
                kind => {
                    if let Value::Text(text) = self.eval(arg.value)? {
                        let text =
                            text.as_plain().ok_or_else(|| self.unknown_yet(arg.value))?.to_owned();
                        let bytes = parse_hex(&text).map_err(|error| {
                            self.error(arg.value, format!("`{text}` is no {kind} hash: {error}"))
                        })?;
                        hash = Some(if kind == "sha256" {
                            FetchHash::Sha256(bytes)
                        } else {
                            FetchHash::Blake3(bytes)
                        });
                    }
                }
            }
        }
        executables.sort();
        executables.dedup();
        let Some(hash) = hash else {
            let failure =
                self.error(expr, "the hash of this download is not known for this version");
            let at = (self.checked.file, expr);
            let version = match self.reader.fact(Fact::Version, at) {
                Ok(version) => shown(&version),
                // Where it is not known, neither is how to write it.
                Err(_) => "1.0".to_owned(),
            };
            return Err(Box::new(failure.help(format!(
                "give it in the block of the version: `{version} {{ sha256 = \"…\" }}`"
            ))));
        };
        Ok(Value::Source(Arc::new(Source::Fetch { urls, hash, unpack, root, executables })))
    }

    /// Evaluates an expression to a text that is known now.
    pub(crate) fn plain(&mut self, expr: ExprId) -> Result<String, Failure> {
        match self.eval(expr)? {
            Value::Text(text) => match text.as_plain() {
                Some(text) => Ok(text.to_owned()),
                None => Err(self.unknown_yet(expr)),
            },
            other => Err(self.error(expr, format!("expected a text, found `{}`", shown(&other)))),
        }
    }

    //------ collections

    fn collection(
        &mut self,
        expr: ExprId,
        elements: &[Element],
        checked: &Checked,
    ) -> Result<Value, Failure> {
        match checked.types[expr.index()].without_opt() {
            Ty::Set(of) => {
                let mut bits = Bits::new();
                for element in elements {
                    self.element(element, &mut |_, value| {
                        match value {
                            Value::Enum(_, at) => bits.set(at, true),
                            Value::Set(_, more) => bits = bits.union(&more),
                            _ => {}
                        }
                        0
                    })?;
                }
                Ok(Value::Set(of.clone(), bits))
            }
            Ty::List(_) => Ok(Value::List(Arc::from([]))),
            _ => {
                let mut map = BTreeMap::new();
                for element in elements {
                    self.element(element, &mut |key, value| {
                        if let Some(key) = key {
                            map.insert(key, value);
                        }
                        map.len()
                    })?;
                }
                Ok(Value::Map(Arc::new(map)))
            }
        }
    }

    /// Calls `take` for each value that an element gives, with its key if it has one; it returns how
    /// many it has taken.
    fn element(
        &mut self,
        element: &Element,
        take: &mut dyn FnMut(Option<String>, Value) -> usize,
    ) -> Result<(), Failure> {
        match element {
            Element::Expr(expr) => {
                let value = self.eval(*expr)?;
                self.fits(*expr, take(None, value) * ENTRY_BYTES)
            }
            Element::Spread(expr) => {
                let count = match self.eval(*expr)? {
                    Value::List(items) => {
                        items.iter().map(|it| take(None, it.clone())).last().unwrap_or(0)
                    }
                    Value::Set(of, bits) => bits
                        .iter()
                        .map(|it| take(None, Value::Enum(of.clone(), it)))
                        .last()
                        .unwrap_or(0),
                    Value::Map(map) => map
                        .iter()
                        .map(|it| take(Some(it.0.clone()), it.1.clone()))
                        .last()
                        .unwrap_or(0),
                    Value::Null => 0,
                    other => {
                        let message = format!("`{}` has no elements", shown(&other));
                        return Err(self.error(*expr, message));
                    }
                };
                self.fits(*expr, count * ENTRY_BYTES)
            }
            Element::Entry(key, value) => {
                let key = self.plain(*key)?;
                let value = self.eval(*value)?;
                take(Some(key), value);
                Ok(())
            }
            Element::When(cond, element) => {
                if self.truth(*cond)? {
                    self.element(element, take)
                } else {
                    Ok(())
                }
            }
            Element::For(it) => {
                let ForElement { name, list, when, element } = &**it;
                let values = self.items(*list)?;
                for value in values {
                    self.locals.push(name.name.clone(), value);
                    let result = (|| {
                        if let Some(when) = when
                            && !self.truth(*when)?
                        {
                            return Ok(());
                        }
                        self.element(element, take)
                    })();
                    self.locals.pop();
                    result?;
                }
                Ok(())
            }
        }
    }

    /// The values of a list or a set, in order.
    pub(crate) fn items(&mut self, list: ExprId) -> Result<Vec<Value>, Failure> {
        match self.eval(list)? {
            Value::List(items) => Ok(items.to_vec()),
            Value::Set(of, bits) => Ok(bits.iter().map(|it| Value::Enum(of.clone(), it)).collect()),
            Value::Null => Ok(Vec::new()),
            other => Err(self.error(list, format!("`{}` has no elements", shown(&other)))),
        }
    }
}

/// What stands for a value of a type where none may be given yet: what can be empty is, and of
/// anything else there is none.
fn given(value: Value, ty: &Ty) -> Option<Value> {
    if value != Value::Null {
        return Some(value);
    }
    match ty {
        Ty::Bool
        | Ty::Int(_)
        | Ty::Size(_)
        | Ty::Duration(_)
        | Ty::String(_)
        | Ty::Path
        | Ty::Version
        | Ty::Enum(_)
        | Ty::Record(_) => None,
        // Of what can be null, null is a value.
        _ => Some(empty(ty).unwrap_or(Value::Null)),
    }
}

/// A path below a dependency.
pub(crate) fn dep_path(dep: &crate::value::DepValue, below: &str) -> Text {
    let place = Piece::Input(dep.label.clone());
    Text::from_template(Template::from_pieces([place, Piece::Text(below.into())]))
}

/// A value in a message: cut where it is long.
pub(crate) fn shown(value: &Value) -> String {
    if value.weight(1 << 16) > 1 << 16 {
        return "a value that is too large to show".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
