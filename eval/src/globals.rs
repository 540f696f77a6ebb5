//! What is known before anything is chosen: `platform`, `machine`, `facts` and `toolchain`.
//!
//! ```text
//! --target, this machine ─▶ platform, machine ─▶ facts ─▶ toolchain
//!                                layers ───────────┴─────────┘
//! ```
//!
//! Each may read what stands before it. A fact is given by a layer or not at all: nothing here looks
//! at a machine. Rules: `spec/lang/facts.md`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::check::{Fact, Res};
use kiln_lang::module::{ExprId, ModuleKind, Name, SettingOp};
use kiln_lang::schema::{BodyRef, OptionSchema};
use kiln_lang::types::{EnumTy, Object, Ty};
use kiln_lang::{
    Checked, Code, Database, Diagnostic, FastSet, FileId, Version, fact, global_table, list,
};

use crate::condition::{Cond, Facts, WithAtom};
use crate::evaluate::{Evaluation, condition_of};
use crate::interpret::{Failure, Fuel, Interpreter, Reader, as_bits, eval_let};
use crate::layers::{Layer, LayerSetting, Setup, Target};
use crate::package::{Locals, Package, Place};
use crate::solution::Globals;
use crate::text::Text;
use crate::value::{Bits, LocalFile, Value, conform};

/// What is known of packages for the target, or of build tools, and what is wrong in the layers that
/// say it.
pub(crate) fn globals(db: &Database, setup: &Setup, is_build: bool) -> (Globals, Vec<Diagnostic>) {
    let globals = Globals { is_build, ..Globals::default() };
    let mut making = Making { db, setup, is_build, globals, diagnostics: Vec::new() };
    making.platform();
    making.facts();
    making.toolchain();
    making.read_by_layers();
    (making.globals, making.diagnostics)
}

/// Answers conditions that read only what is known before anything is chosen.
pub(crate) struct GlobalFacts<'g>(pub(crate) &'g Globals);

impl Facts for GlobalFacts<'_> {
    fn option(&mut self, _: &Name, _: Option<u32>) -> Option<Cow<'_, Value>> {
        None
    }

    fn version(&mut self) -> Option<Version> {
        None
    }

    fn global(&mut self, object: Object, name: &Name) -> Option<Value> {
        self.0.values.get(&(object, name.clone())).cloned()
    }

    fn with(&mut self, _: &WithAtom) -> Option<bool> {
        None
    }
}

/// Whether a condition can hold on a platform, whatever else is chosen.
pub(crate) fn may_hold(cond: &Cond, globals: &Globals) -> bool {
    cond.holds(&mut GlobalFacts(globals)) != Some(false)
}

/// The first fact that a condition asks for and nobody has given.
pub(crate) fn missing_in(cond: &Cond, globals: &Globals) -> Option<Name> {
    let mut missing = None;
    cond.atoms(&mut |atom| {
        let mut asked = atom.globals().filter(|(object, name)| {
            *object == Object::Facts && !globals.values.contains_key(&(*object, (*name).clone()))
        });
        if let (None, Some((_, name))) = (&missing, asked.next()) {
            missing = Some(name.clone());
        }
    });
    missing
}

/// Says that a fact is not given that `who` needs.
pub(crate) fn missing_fact(
    db: &Database,
    name: &Name,
    is_build: bool,
    who: &str,
    place: Place,
) -> Diagnostic {
    let path = if is_build { format!("build.facts.{name}") } else { format!("facts.{name}") };
    let message = format!("{who} depends on `{path}`, which is not given");
    let mut diagnostic = Diagnostic::new(Code::MissingFact, place.file, place.range(), message)
        .here("it is read here");
    let declared = fact(db, name);
    if let Some(option) = &declared {
        let (file, span) = (option.at.file, db.span(option.at.file, option.span));
        if !Database::is_builtin(file) {
            diagnostic = diagnostic.label(file, span, "declared here");
        }
    }
    if is_build {
        return diagnostic.help(format!(
            "build tools have facts of their own: give it in the project or in an overlay, as in `{path} = {}`",
            example(declared.as_ref())
        ));
    }
    let is_found_out = declared.as_ref().is_some_and(|it| Database::is_builtin(it.at.file));
    if is_found_out {
        diagnostic.help("`kiln facts --write machine.kiln` writes down what this machine is").help(
            "`-f machine.kiln` then gives it, or `overlays [\"./machine.kiln\"]` in the project",
        )
    } else {
        diagnostic.help(format!(
            "give it in the project or in an overlay, as in `{path} = {}`",
            example(declared.as_ref())
        ))
    }
}

/// As [`missing_fact`], of a package that reads it somewhere.
pub(crate) fn missing_fact_of(
    db: &Database,
    package: &Package,
    name: &Name,
    is_build: bool,
) -> Diagnostic {
    let who = format!("`{}`", package.name);
    missing_fact(db, name, is_build, &who, place_in(db, package, name))
}

/// Where a package first reads a fact.
fn place_in(db: &Database, package: &Package, name: &Name) -> Place {
    let wanted = Res::GivenFact(name.clone());
    let own = package.bodies.iter().rev();
    for checked in own {
        let reads = checked.module().exprs.iter().find(|it| *checked.res(it.0) == wanted);
        if let Some((expr, _)) = reads {
            return Place::new(checked.file, db.expr_range(checked.file, expr));
        }
    }
    let env = &package.schema.env;
    let header = env.module().name.as_ref().map(|it| env.lowered.map.span(it.span));
    Place::new(package.file, header.unwrap_or_default())
}

/// The layer that gave a fact, or set something of the toolchain, last: by what it is called, and where.
pub(crate) fn given<'s>(
    setup: &'s Setup,
    globals: &Globals,
    (object, name): &(Object, Name),
) -> Option<(&'s str, Place)> {
    let for_build = globals.is_build;
    let target = match object {
        Object::Facts => Target::Facts { for_build },
        Object::Toolchain => Target::Toolchain { for_build },
        _ => return None,
    };
    let is_this = |it: &&LayerSetting| {
        it.target == target
            && it.path.join(".") == *name
            && it.cond.holds(&mut GlobalFacts(globals)) == Some(true)
    };
    setup.layers.iter().rev().find_map(|layer| {
        let setting = layer.settings.iter().rev().find(is_this)?;
        Some((layer.label.as_str(), setting.place))
    })
}

/// The facts that files read, themselves or by functions and lets of other files.
pub(crate) fn facts_read<'c>(
    db: &Database,
    files: impl Iterator<Item = &'c Checked>,
) -> BTreeSet<Name> {
    let mut found = BTreeSet::new();
    // Of other files, only what is called counts: they may hold much that is never asked for.
    let mut seen: FastSet<(FileId, ExprId)> = FastSet::default();
    let mut open: Vec<(FileId, ExprId)> = Vec::new();
    let mut look = |open: &mut Vec<(FileId, ExprId)>, known: Option<FileId>, res: &Res| {
        let called = match res {
            Res::GivenFact(name) => {
                found.insert(name.clone());
                return;
            }
            Res::Function(file, id) if known != Some(*file) => {
                (*file, db.lowered(*file).module.functions[*id].body)
            }
            Res::Let(at, index) if known != Some(at.file) => {
                let lowered = db.lowered(at.file);
                match lowered.module.bodies[at.body].options[*index as usize].default {
                    Some(value) => (at.file, value),
                    None => return,
                }
            }
            _ => return,
        };
        if seen.insert(called) {
            open.push(called);
        }
    };
    for checked in files {
        // Nearly all words mean something else, which is seen without a look at each.
        let may_read =
            |it: &Res| matches!(it, Res::GivenFact(_) | Res::Function(..) | Res::Let(..));
        if checked.res.values().any(may_read) {
            checked.res.iter().for_each(|it| look(&mut open, Some(checked.file), it));
        }
    }
    while let Some((file, expr)) = open.pop() {
        let checked = db.checked(file);
        checked.module().walk(expr, &mut |it| look(&mut open, None, &checked.res[it.index()]));
    }
    found
}

/// A value that an option could have.
fn example(option: Option<&OptionSchema>) -> String {
    match option.map(|it| it.ty.without_opt()) {
        Some(Ty::Enum(of)) => of.values.first().map_or("…".to_owned(), ToString::to_string),
        Some(Ty::Set(of)) => match of.values.first() {
            Some(first) => format!("{{{first}}}"),
            None => "{}".to_owned(),
        },
        Some(Ty::Bool) => "on".to_owned(),
        Some(Ty::Version) => "1.0".to_owned(),
        _ => "…".to_owned(),
    }
}

struct Making<'a> {
    db: &'a Database,
    setup: &'a Setup,
    is_build: bool,
    globals: Globals,
    diagnostics: Vec<Diagnostic>,
}

impl Making<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    fn platform(&mut self) {
        let platform = if self.is_build { &self.setup.machine } else { &self.setup.platform };
        let values = &mut self.globals.values;
        for (name, value) in platform {
            values.insert((Object::Platform, name.clone()), value.clone());
        }
        for (name, value) in &self.setup.machine {
            values.insert((Object::Machine, name.clone()), value.clone());
        }
    }

    fn facts(&mut self) {
        let setup = self.setup;
        // A condition around a fact cannot ask for another: all see what stands before.
        let before = self.globals.clone();
        for layer in &setup.layers {
            for setting in &layer.settings {
                let Target::Facts { for_build } = setting.target else { continue };
                if for_build != self.is_build {
                    continue;
                }
                let name = Name::from(setting.path.join("."));
                let Some(option) = fact(self.db, &name) else { continue };
                match setting.cond.holds(&mut GlobalFacts(&before)) {
                    Some(true) => {
                        self.set(Object::Facts, name, &option, layer, setting, &before);
                    }
                    Some(false) => {}
                    None => {
                        let place = setting.place;
                        let message =
                            "whether this fact is given depends on more than the platform";
                        let diagnostic = Diagnostic::new(
                            Code::NotACondition,
                            place.file,
                            place.range(),
                            message,
                        )
                        .help("a condition around facts may read `platform` and `machine`");
                        self.report(diagnostic);
                    }
                }
            }
        }
    }

    /// The toolchain: defaults, then the layers in order.
    fn toolchain(&mut self) {
        let (db, setup) = (self.db, self.setup);
        let table = global_table(db, Object::Toolchain);
        let checked = db.checked(Database::TOOLCHAIN);
        for option in &table.options {
            let value = match option.default {
                Some(default) => {
                    let mut evaluation = Evaluation::new(db, &table);
                    evaluation.constant(&checked, default, &Locals::NONE).unwrap_or(Value::Null)
                }
                None => Value::Bool(false),
            };
            let value = conform(value, &option.ty);
            self.globals.values.insert((Object::Toolchain, option.name.clone()), value);
        }
        for layer in &setup.layers {
            for setting in &layer.settings {
                let Target::Toolchain { for_build } = setting.target else { continue };
                let [name] = &setting.path[..] else { continue };
                let Some(option) = table.get(name) else { continue };
                if for_build != self.is_build {
                    continue;
                }
                let before = self.globals.clone();
                match setting.cond.holds(&mut GlobalFacts(&before)) {
                    Some(true) => {
                        let name = name.clone();
                        self.set(Object::Toolchain, name, option, layer, setting, &before);
                    }
                    Some(false) => {}
                    None => self.undecided(&setting.cond, setting.place),
                }
            }
        }
    }

    /// Reports the fact that a condition of a layer needs and has not.
    fn undecided(&mut self, cond: &Cond, place: Place) {
        if let Some(name) = missing_in(cond, &self.globals) {
            let diagnostic = missing_fact(self.db, &name, self.is_build, "this", place);
            self.report(diagnostic.here("its condition reads it"));
        }
    }

    /// Applies a setting of a layer.
    fn set(
        &mut self,
        object: Object,
        name: Name,
        option: &OptionSchema,
        layer: &Layer,
        setting: &LayerSetting,
        before: &Globals,
    ) {
        let mut known = Known {
            db: self.db,
            globals: before,
            is_build: self.is_build,
            object,
            fuel: Fuel::default(),
        };
        let found = Interpreter::new(self.db, &layer.checked, &mut known).eval(setting.value);
        let value = match found {
            Ok(value) => conform(value, &option.ty),
            Err(failure) => {
                // What is wrong with the file itself has been said.
                if !layer.checked.has_errors() {
                    self.report(*failure);
                }
                return;
            }
        };
        if let Some(diagnostic) = self.not_allowed(object, &name, option, &value, setting) {
            self.report(diagnostic);
        }
        let key = (object, name);
        let value = match (setting.op, option.ty.without_opt()) {
            (SettingOp::Add | SettingOp::Remove, Ty::Set(of)) => {
                let there = self.globals.values.get(&key).and_then(as_bits).unwrap_or_default();
                let given = as_bits(&value).unwrap_or_default();
                let bits = match setting.op {
                    SettingOp::Remove => there.difference(&given),
                    _ => there.union(&given),
                };
                Value::Set(of.clone(), bits)
            }
            _ => value,
        };
        self.globals.values.insert(key, value);
    }

    /// What is wrong with a value that is there under a condition only.
    fn not_allowed(
        &self,
        object: Object,
        name: &Name,
        option: &OptionSchema,
        value: &Value,
        setting: &LayerSetting,
    ) -> Option<Diagnostic> {
        // What is taken away may be anything.
        if setting.op == SettingOp::Remove {
            return None;
        }
        let (of, bits): (&EnumTy, Bits) = match value {
            Value::Enum(of, at) => (of, [*at].into_iter().collect()),
            Value::Set(of, bits) => (of, bits.clone()),
            _ => return None,
        };
        let table = global_table(self.db, object);
        let mut wrong: Vec<(&str, ExprId)> = Vec::new();
        for at in bits.iter() {
            let Some((when, cond)) = condition_of(self.db, &table, of, at) else { continue };
            if cond.holds(&mut GlobalFacts(&self.globals)) == Some(false) {
                wrong.push((&of.values[at as usize], when));
            }
        }
        let (_, when) = wrong.first()?;
        let condition = self.db.text(of.file)[self.db.expr_range(of.file, *when)].to_owned();
        let names: Vec<&str> =
            wrong.iter().filter(|it| self.is_same(of.file, it.1, *when)).map(|it| it.0).collect();
        let part = if self.is_build { "build." } else { "" };
        let verb = if names.len() == 1 { "is a value" } else { "are values" };
        let cpu = self.globals.values.get(&(Object::Platform, Name::from_static_str("cpu")));
        let cpu = cpu.map_or_else(String::new, ToString::to_string);
        let message = format!(
            "{} {verb} of `{part}{}.{name}` only when {condition}, and this is for {cpu}",
            list(&names, "and"),
            object.text()
        );
        let place = setting.place;
        let mut diagnostic = Diagnostic::new(Code::OutOfRange, place.file, place.range(), message);
        let declared = option.at.file;
        if !Database::is_builtin(declared) {
            let range = self.db.span(declared, option.span);
            diagnostic = diagnostic.label(declared, range, format!("declared as {}", option.ty));
        }
        Some(diagnostic.help(format!(
            "to say it for such machines only: `when {condition} {{ {} }}`",
            setting.text
        )))
    }

    /// Whether two conditions are written alike.
    fn is_same(&self, file: FileId, a: ExprId, b: ExprId) -> bool {
        let text = self.db.text(file);
        text[self.db.expr_range(file, a)] == text[self.db.expr_range(file, b)]
    }

    /// Notes which facts the layers read, and reports those that conditions read and nobody gives.
    fn read_by_layers(&mut self) {
        let setup = self.setup;
        let mut read = BTreeSet::new();
        for layer in &setup.layers {
            // A preset is a part of its recipe.
            if layer.checked.module().kind == Some(ModuleKind::Recipe) {
                continue;
            }
            read.extend(facts_read(self.db, std::iter::once(&*layer.checked)));
            if self.is_build {
                continue;
            }
            let conds = layer
                .settings
                .iter()
                .filter(|it| matches!(it.target, Target::Package(_) | Target::Having(..)))
                .map(|it| (&it.cond, it.place))
                .chain(layer.unavailable.iter().map(|it| (&it.cond, it.place)));
            for (cond, place) in conds {
                if cond.holds(&mut GlobalFacts(&self.globals)).is_none() {
                    self.undecided(cond, place);
                }
            }
        }
        self.globals.read_by_layers = read;
    }
}

/// Reads what is known of the machines so far.
struct Known<'g> {
    db: &'g Database,
    globals: &'g Globals,
    is_build: bool,
    /// What is being set.
    object: Object,
    fuel: Fuel,
}

impl Known<'_> {
    fn unknown(&self, at: (FileId, ExprId)) -> Failure {
        let range = self.db.expr_range(at.0, at.1);
        let text = &self.db.text(at.0)[range];
        let may = match self.object {
            Object::Facts => "`platform` and `machine`",
            _ => "`platform`, `machine`, `facts` and `toolchain`",
        };
        let message = format!("`{text}` is not known before something is chosen");
        let diagnostic = Diagnostic::new(Code::EvaluationError, at.0, range, message)
            .help(format!("a setting of `{}` may read {may}", self.object.text()));
        Box::new(diagnostic)
    }
}

impl Reader for Known<'_> {
    fn option(&mut self, _: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        eval_let(self.db, &self.db.checked(at.file), (at, index), self)
    }

    fn fact(&mut self, _: Fact, at: (FileId, ExprId)) -> Result<Value, Failure> {
        Err(self.unknown(at))
    }

    fn member(
        &mut self,
        object: Object,
        name: &Name,
        at: (FileId, ExprId),
    ) -> Result<Value, Failure> {
        if let Some(value) = self.globals.values.get(&(object, name.clone())) {
            return Ok(value.clone());
        }
        if object == Object::Facts && self.object != Object::Facts {
            let place = Place::new(at.0, self.db.expr_range(at.0, at.1));
            return Err(Box::new(missing_fact(self.db, name, self.is_build, "this", place)));
        }
        Err(self.unknown(at))
    }

    fn file(&mut self, _: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        Err(self.unknown(at))
    }

    fn fuel(&mut self) -> &mut Fuel {
        &mut self.fuel
    }
}
