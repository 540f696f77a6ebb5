//! Values without a solution: what lets, defaults and fields are worth as far as nothing has to be
//! chosen for it.
//!
//! What may be taken as known is said first ([`Assume`]): nothing at all, the version, the defaults
//! of all options, or a machine. Whatever else an expression reads is [`Unvalued::Unknown`], which
//! is no mistake.

mod sources;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use kiln_lang::check::Fact;
use kiln_lang::module::{ExprId, ModuleKind, Name, OptionKind};
use kiln_lang::schema::{BodyRef, OptionTable};
use kiln_lang::types::{EnumTy, Object, Ty};
use kiln_lang::{Checked, Code, Database, Diagnostic, FileId, Version};

use crate::amend::{Unamended, amend, combine, no_whole, part_of_option};
use crate::condition::{Facts, WithAtom};
use crate::evaluate::{allowed, evaluate};
use crate::interpret::{Failure, Fuel, Interpreter, Reader, eval_let};
use crate::package::{Locals, Package};
use crate::text::Text;
use crate::value::{Bits, LocalFile, Value, conform};

pub use sources::{Download, downloads};

/// What may be taken as known.
#[derive(Debug, Clone, Default)]
pub struct Assume {
    /// The version of the package. If it has just one, that is known anyway.
    pub version: Option<Version>,
    /// Whether options have their defaults.
    pub defaults: bool,
    /// The machine that packages are for: values of `platform`'s knobs by name. The toolchain then
    /// has its defaults.
    pub platform: Option<BTreeMap<Name, Value>>,
    /// The machine that builds.
    pub machine: Option<BTreeMap<Name, Value>>,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq)]
pub enum Unvalued {
    /// It reads what is not known, which the diagnostic is about.
    Unknown(Box<Diagnostic>),
    /// It fails.
    Wrong(Box<Diagnostic>),
}

impl Unvalued {
    /// Returns what there is to say about it.
    #[must_use]
    pub fn into_diagnostic(self) -> Diagnostic {
        match self {
            Unvalued::Unknown(it) | Unvalued::Wrong(it) => *it,
        }
    }
}

/// Evaluates expressions of a file without a solution.
pub struct Constants<'a> {
    db: &'a Database,
    assume: Assume,
    /// The package, if the file is one.
    package: Option<Arc<Package>>,
    table: Arc<OptionTable>,
    fuel: Fuel,
    options: HashMap<Name, Value>,
    lets: HashMap<(BodyRef, u32), Value>,
    /// Options that are being computed; one that is asked for again has no value.
    open: HashSet<Name>,
    /// Whether something was asked for that is not known.
    unknown: bool,
}

impl<'a> Constants<'a> {
    /// Makes one for a recipe or a module. Its mistakes are the caller's to look at before.
    #[must_use]
    pub fn new(db: &'a Database, file: FileId, assume: Assume) -> Self {
        let schema = db.schema(file);
        let is_package =
            matches!(schema.env.module().kind, Some(ModuleKind::Recipe | ModuleKind::Interface));
        Constants {
            db,
            assume,
            package: is_package.then(|| Arc::new(evaluate(db, file))),
            table: schema.table.clone(),
            fuel: Fuel::default(),
            options: HashMap::new(),
            lets: HashMap::new(),
            open: HashSet::new(),
            unknown: false,
        }
    }

    /// Returns the value of an expression of `file`.
    ///
    /// # Errors
    ///
    /// As [`Unvalued`].
    pub fn eval(&mut self, file: FileId, expr: ExprId) -> Result<Value, Unvalued> {
        self.valued(|it| {
            let checked = it.db.checked(file);
            Interpreter::new(it.db, &checked, it).eval(expr)
        })
    }

    /// Returns the value that a let at the top of `file` has, by its name.
    ///
    /// # Errors
    ///
    /// As [`Unvalued`]. A let that is not there is `None`.
    pub fn let_named(&mut self, name: &str) -> Option<Result<Value, Unvalued>> {
        let option = self.table.get(name).filter(|it| it.kind == OptionKind::Let)?;
        let (at, index) = (option.at, option.index);
        Some(self.valued(|it| it.let_(at, index)))
    }

    /// Returns the value of a feature, knob or field: its default, and what the recipe makes of it.
    ///
    /// # Errors
    ///
    /// As [`Unvalued`]. An option that is not there is `None`.
    pub fn option_named(&mut self, name: &str) -> Option<Result<Value, Unvalued>> {
        let name = self.table.get(name).filter(|it| it.kind != OptionKind::Let)?.name.clone();
        Some(self.valued(|it| it.compute(&name)))
    }

    fn valued(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<Value, Failure> + Send,
    ) -> Result<Value, Unvalued> {
        self.unknown = false;
        let result = kiln_lang::with_stack(|| work(self));
        result.map_err(|it| match self.unknown && it.code != Code::EvaluationLimit {
            true => Unvalued::Unknown(it),
            false => Unvalued::Wrong(it),
        })
    }

    fn unknown(&mut self, at: (FileId, ExprId), message: String) -> Failure {
        self.unknown = true;
        let range = self.db.expr_range(at.0, at.1);
        Box::new(Diagnostic::new(Code::EvaluationError, at.0, range, message))
    }

    fn text(&self, (file, expr): (FileId, ExprId)) -> String {
        self.db.text(file)[self.db.expr_range(file, expr)].to_owned()
    }

    //------ options

    /// The value of an option by default, with what the recipe's own bodies say about it.
    fn compute(&mut self, name: &Name) -> Result<Value, Failure> {
        if let Some(value) = self.options.get(name) {
            return Ok(value.clone());
        }
        let table = self.table.clone();
        let Some(option) = table.get(name) else {
            return Err(self.nameless(Database::PACKAGE, format!("there is no option `{name}`")));
        };
        let place = self.db.span(option.at.file, option.span);
        if !self.open.insert(name.clone()) {
            let message = format!("`{name}` is defined by itself");
            return Err(Box::new(Diagnostic::new(
                Code::OptionCycle,
                option.at.file,
                place,
                message,
            )));
        }
        let default = match option.default {
            Some(expr) => {
                let checked = self.db.checked(option.at.file);
                let expr = first_choice(&checked, expr);
                Interpreter::new(self.db, &checked, self).eval(expr)
            }
            None if option.kind == OptionKind::Feature => Ok(Value::Bool(false)),
            None => Ok(Value::Null),
        };
        let value = default.map(|it| conform(it, &option.ty));
        let value = value.and_then(|it| self.settings(name, it, &option.ty));
        self.open.remove(name);
        let value = value?;
        self.options.insert(name.clone(), value.clone());
        Ok(value)
    }

    /// Applies the settings and arguments of the package's bodies by their
    /// [`rank`](crate::package::BodySetting::rank), from the last one that the version has for its own.
    fn settings(&mut self, name: &Name, default: Value, ty: &Ty) -> Result<Value, Failure> {
        match self.package.clone() {
            Some(package) => self.settings_of(&package, name, default, ty),
            None => Ok(default),
        }
    }

    fn settings_of(
        &mut self,
        package: &Package,
        name: &Name,
        default: Value,
        ty: &Ty,
    ) -> Result<Value, Failure> {
        enum Item<'p> {
            /// With what of the option it sets.
            Setting(&'p crate::package::BodySetting, &'p [Name]),
            Arg(&'p crate::package::BodyArg),
        }
        let mut items: Vec<((usize, bool, u32), Item<'_>)> = Vec::new();
        let table = &package.schema.table;
        for setting in &package.settings {
            if let Some(part) = part_of_option(&setting.path, name, table) {
                items.push((setting.rank(), Item::Setting(setting, part)));
            }
        }
        for arg in package.args.iter().filter(|_| name == "args") {
            items.push(((arg.body, false, arg.place.start), Item::Arg(arg)));
        }
        items.sort_by_key(|it| it.0);
        let own = items.iter().rposition(|it| match it.1 {
            Item::Setting(it, _) => it.path.len() == 1 && self.is_own_of_version(package, it),
            Item::Arg(_) => false,
        });
        let mut value = default.clone();
        for ((body, ..), item) in items.into_iter().skip(own.unwrap_or_default()) {
            let checked = &package.bodies[body];
            match item {
                Item::Setting(setting, part) => {
                    let at = (checked.file, setting.value);
                    if !self.decided(&setting.cond, at)? {
                        continue;
                    }
                    let (db, expr, locals) = (self.db, setting.value, &setting.locals);
                    let mut make = |value: Value, default: &Value, ty: &Ty| {
                        let new =
                            self.with_locals(checked, expr, locals, Some((&value, default)))?;
                        Ok(combine(setting.op, value, conform(new, ty)))
                    };
                    value = match amend(db, value, &default, part, ty, &mut make) {
                        Ok(value) => value,
                        Err(Unamended::Failed(failure)) => return Err(failure),
                        Err(Unamended::NoWhole) => {
                            return Err(Box::new(no_whole(name, part, setting.place)));
                        }
                    };
                }
                Item::Arg(arg) => {
                    let at = (checked.file, arg.then);
                    if !self.decided(&arg.outer, at)? {
                        continue;
                    }
                    let chosen =
                        if self.decided(&arg.cond, at)? { Some(arg.then) } else { arg.else_ };
                    let (Some(expr), Value::List(items)) = (chosen, &value) else { continue };
                    let mut items = items.to_vec();
                    match self.with_locals(checked, expr, &arg.locals, None)? {
                        Value::List(more) => items.extend(more.iter().cloned()),
                        one => items.push(one),
                    }
                    value = Value::List(items.into());
                }
            }
        }
        Ok(value)
    }

    /// Whether the version that is meant says this, whatever is said of all versions.
    fn is_own_of_version(
        &mut self,
        package: &Package,
        setting: &crate::package::BodySetting,
    ) -> bool {
        let limited = self.unknown;
        let holds = setting.of_version && setting.cond.holds(self) == Some(true);
        self.unknown = limited;
        holds && setting.is_own_of_version(&package.bodies[setting.body])
    }

    /// Whether a condition holds; a failure if that is not known.
    fn decided(
        &mut self,
        cond: &crate::condition::Cond,
        at: (FileId, ExprId),
    ) -> Result<bool, Failure> {
        let limited = self.unknown;
        let holds = cond.holds(self);
        self.unknown = limited;
        match holds {
            Some(holds) => Ok(holds),
            None => Err(self.unknown(at, "this depends on what is chosen".to_owned())),
        }
    }

    fn with_locals(
        &mut self,
        checked: &Checked,
        expr: ExprId,
        locals: &Locals,
        below: Option<(&Value, &Value)>,
    ) -> Result<Value, Failure> {
        let mut interpreter = Interpreter::new(self.db, checked, self);
        interpreter.locals = locals.clone();
        interpreter.prev = below.map(|it| it.0.clone());
        interpreter.default = below.map(|it| it.1.clone());
        interpreter.eval(expr)
    }

    fn nameless(&mut self, file: FileId, message: String) -> Failure {
        self.unknown = true;
        Box::new(Diagnostic::new(
            Code::EvaluationError,
            file,
            kiln_lang::TextRange::default(),
            message,
        ))
    }

    /// Whether an option is no choice, or its default is taken for it. Fields are none: nothing but
    /// a layer changes them.
    fn is_settled(&self, name: &Name) -> bool {
        let is_field = || self.table.get(name).is_some_and(|it| it.kind == OptionKind::Field);
        self.assume.defaults || is_field()
    }

    /// The version, if it is known.
    fn known_version(&self) -> Option<Version> {
        let only = match self.package.as_ref().map(|it| &it.versions[..]) {
            Some([only]) => Some(only.version.clone()),
            _ => None,
        };
        self.assume.version.clone().or(only)
    }
}

/// The first value of `auto(a, b)`, which is what it is unless something asks for another.
fn first_choice(checked: &Checked, expr: ExprId) -> ExprId {
    checked.module().auto(expr).and_then(|mut it| it.next()).unwrap_or(expr)
}

impl Facts for Constants<'_> {
    fn option(&mut self, name: &Name, _: Option<u32>) -> Option<Cow<'_, Value>> {
        if self.is_settled(name) { self.compute(name).ok().map(Cow::Owned) } else { None }
    }

    fn version(&mut self) -> Option<Version> {
        self.known_version()
    }

    fn global(&mut self, object: Object, name: &Name) -> Option<Value> {
        match object {
            Object::Platform => self.assume.platform.as_ref()?.get(name).cloned(),
            Object::Machine => self.assume.machine.as_ref()?.get(name).cloned(),
            Object::Toolchain => {
                self.assume.platform.as_ref()?;
                let schema = self.db.schema(Database::TOOLCHAIN);
                let option = schema.mixin("toolchain")?.2.get(name)?;
                let checked = self.db.checked(option.at.file);
                let value = match option.default {
                    Some(expr) => Interpreter::new(self.db, &checked, self).eval(expr).ok()?,
                    None => Value::Bool(false),
                };
                Some(conform(value, &option.ty))
            }
            Object::Facts
            | Object::Dep
            | Object::Deps
            | Object::Outputs
            | Object::Steps
            | Object::Sources => None,
        }
    }

    fn with(&mut self, _: &WithAtom) -> Option<bool> {
        None
    }
}

impl Reader for Constants<'_> {
    fn all(&mut self, of: &EnumTy, at: (FileId, ExprId)) -> Result<Bits, Failure> {
        let table = self.table.clone();
        match allowed(self.db, &table, of, self) {
            (all, true) => Ok(all),
            (_, false) => {
                let message =
                    "which values `all` stands for is not known before something is chosen";
                Err(self.unknown(at, message.to_owned()))
            }
        }
    }

    fn option(&mut self, name: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        if self.is_settled(name) {
            return self.compute(name);
        }
        Err(self.unknown(at, format!("`{name}` is not known before something is chosen")))
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        if let Some(value) = self.lets.get(&(at, index)) {
            return Ok(value.clone());
        }
        let value = eval_let(self.db, &self.db.checked(at.file), (at, index), self)?;
        self.lets.insert((at, index), value.clone());
        Ok(value)
    }

    fn fact(&mut self, fact: Fact, at: (FileId, ExprId)) -> Result<Value, Failure> {
        match fact {
            Fact::Version => match self.known_version() {
                Some(version) => Ok(Value::Version(version)),
                None => Err(self.unknown(at, "the version is not chosen here".to_owned())),
            },
            Fact::Name => {
                let name = self.package.as_ref().map(|it| it.name.clone());
                name.map(|it| Value::text(&it))
                    .ok_or_else(|| self.unknown(at, "there is no package here".to_owned()))
            }
            Fact::Out | Fact::Src => {
                let message = format!("`{}` is known only when building", self.text(at));
                Err(self.unknown(at, message))
            }
        }
    }

    fn member(
        &mut self,
        object: Object,
        name: &Name,
        at: (FileId, ExprId),
    ) -> Result<Value, Failure> {
        if let Some(value) = self.global(object, name) {
            return Ok(value);
        }
        let when = match object {
            Object::Platform | Object::Machine | Object::Toolchain | Object::Facts => {
                "before something is chosen for a machine"
            }
            _ => "before something is built",
        };
        let message = format!("`{}` is not known {when}", self.text(at));
        Err(self.unknown(at, message))
    }

    fn file(&mut self, _: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        let message = format!("where `{}` lies is known only when building", self.text(at));
        Err(self.unknown(at, message))
    }

    fn fuel(&mut self) -> &mut Fuel {
        &mut self.fuel
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use kiln_lang::MemoryWorld;

    /// Evaluates each `let` and option of a recipe.
    fn check(assume: &Assume, text: &str, expected: Expect) {
        let mut world = MemoryWorld::new();
        world.insert("/set/it.kiln", text);
        let db = Database::new(Arc::new(world), vec!["/set".to_owned()]);
        let file = db.file("/set/it.kiln");
        assert_eq!(db.diagnostics(file), Vec::new());
        let mut constants = Constants::new(&db, file, assume.clone());
        let mut out = String::new();
        for option in &db.schema(file).table.options {
            if option.at.file != file && !["args", "env", "homepage"].contains(&&*option.name) {
                continue;
            }
            let value = match option.kind {
                OptionKind::Let => constants.let_named(&option.name),
                _ => constants.option_named(&option.name),
            };
            let shown = match value.unwrap() {
                Ok(value) => value.source(),
                Err(Unvalued::Unknown(it)) => format!("unknown: {}", it.message),
                Err(Unvalued::Wrong(it)) => format!("wrong: {}", it.message),
            };
            out.push_str(&format!("{} = {shown}\n", option.name));
        }
        expected.assert_eq(&out);
    }

    const RECIPE: &str = "recipe it

versions { 2.1; 2.0 }
homepage = \"https://example.test\"
/// One.
knob lanes: Int(1..=64) = 4
/// Two.
knob queues: Int(1..=1024) = lanes * 2
/// Three.
knob line: Size = if platform.cpu == aarch64 then 128 B else 64 B
/// Four.
args = [\"--x\"]
feature tools = off {
    arg \"--tools\" else \"--no-tools\"
}
env.V = \"\\(version)\"
let url = \"https://example.test/\\(version)\"
let page = \"\\(homepage.or(name))/index\"
let fixed = 1 + 1
let fails = if fixed == 2 then fail(\"no\") else 1
";

    #[test]
    fn nothing_is_known_without_assumptions() {
        check(
            &Assume::default(),
            RECIPE,
            expect![[r#"
                args = unknown: this depends on what is chosen
                env = unknown: the version is not chosen here
                homepage = "https://example.test"
                lanes = 4
                queues = unknown: `lanes` is not known before something is chosen
                line = unknown: `platform.cpu` is not known before something is chosen for a machine
                tools = off
                url = unknown: the version is not chosen here
                page = "https://example.test/index"
                fixed = 2
                fails = wrong: no
            "#]],
        );
    }

    #[test]
    fn defaults_and_a_machine_can_be_assumed() {
        let assume =
            Assume { version: Some(Version::new("2.1")), defaults: true, ..Assume::default() };
        check(
            &assume,
            RECIPE,
            expect![[r#"
                args = ["--x", "--no-tools"]
                env = {"V": "2.1"}
                homepage = "https://example.test"
                lanes = 4
                queues = 8
                line = unknown: `platform.cpu` is not known before something is chosen for a machine
                tools = off
                url = "https://example.test/2.1"
                page = "https://example.test/index"
                fixed = 2
                fails = wrong: no
            "#]],
        );
    }

    #[test]
    fn a_module_has_lets() {
        check(
            &Assume::default(),
            "module it\n\nenum Cpu { a, b }\nfn f(n: Int): Int = n * 2\nlet x = f(4)\nlet y = [x, 1]\nlet c: Cpu = b\n",
            expect![[r#"
                x = 8
                y = [8, 1]
                c = b
            "#]],
        );
    }
}
