//! The derivation of one package: its fields, steps and inputs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kiln_lang::check::Fact;
use kiln_lang::module::{ExprId, Name, OptionKind, Role, SettingOp};
use kiln_lang::schema::BodyRef;
use kiln_lang::types::{Object, Ty};
use kiln_lang::{Checked, Code, Diagnostic, FileId};
use kiln_store::{
    Build, BuildKind, Derivation, EnvName, InputRef, Label, Limits, OutputName, Piece, SANDBOX_ABI,
    Step, StepName, StoreName, System, Template,
};

use super::Deriver;
use crate::explain::NodeFacts;
use crate::interpret::{Failure, Fuel, Interpreter, Reader, concat};
use crate::layers::{LayerSetting, Target};
use crate::package::{BodyArg, BodySetting, Locals, Package, Place};
use crate::solution::{Edge, NodeId, Solution};
use crate::solve::conform;
use crate::value::{DepValue, LocalFile, Text, Value};

/// Where a source is unpacked in the build directory, if it is not one of `sources`.
const MAIN_SOURCE: &str = "src";

/// The packages whose outputs a build sees, in the order of its recipe.
pub(super) fn visible(solution: &Solution, id: NodeId) -> Vec<NodeId> {
    let mut nodes: Vec<NodeId> = solution
        .node(id)
        .edges
        .iter()
        .filter(|it| matches!(it.role, Role::Build | Role::Host))
        .map(|it| it.to)
        .collect();
    nodes.extend(linked(solution, id));
    let mut seen = std::collections::BTreeSet::new();
    nodes.retain(|it| seen.insert(*it));
    nodes
}

/// The packages that a package is linked with: its host dependencies, theirs, and so on; each
/// before those that it is itself linked with, as linkers want static libraries.
fn linked(solution: &Solution, id: NodeId) -> Vec<NodeId> {
    let mut order: Vec<NodeId> = Vec::new();
    let mut done = std::collections::BTreeSet::new();
    let mut stack: Vec<(NodeId, bool)> = vec![(id, false)];
    while let Some((node, after)) = stack.pop() {
        if after {
            order.push(node);
            continue;
        }
        if !done.insert(node) {
            continue;
        }
        stack.push((node, true));
        for edge in solution.node(node).edges.iter().filter(|it| it.role == Role::Host) {
            stack.push((edge.to, false));
        }
    }
    // Finished last is needed by nobody that is finished before it.
    order.reverse();
    order.retain(|it| *it != id);
    order
}

impl Deriver<'_> {
    /// Adds the derivation of a package whose inputs are there.
    pub(super) fn node(&mut self, id: NodeId) -> Option<InputRef> {
        let node = self.solution.node(id);
        let package = node.package.clone();
        let place = package_place(self, &package);
        let Ok(name) = StoreName::new(&*package.name) else {
            let message = format!("`{}` cannot be part of a path", package.name);
            let diagnostic = self.error(place, message);
            self.report(diagnostic);
            return None;
        };
        let mut builder = NodeBuilder::new(self, id, package.clone());
        let source = builder.field("source");
        let patched =
            !matches!(builder.field("patches"), Some(Value::List(items)) if items.is_empty());
        let steps = builder.steps();
        if steps.is_empty() && !patched {
            // A package without steps is its source.
            let Some(Value::Source(source)) = source else {
                let message = format!(
                    "`{}` has neither steps nor a source: there is nothing to build",
                    package.name
                );
                let diagnostic = self.error(place, message).help(
                    "choose a build system, as in `steps autotools`, or write `source = fetch(…)`",
                );
                self.report(diagnostic);
                return None;
            };
            let title = node.title();
            return self.source(&source, &name, &title, place);
        }
        let derivation = builder.build(&name, source, steps)?;
        let limits = builder.limits();
        let title = node.title();
        Some(self.add(derivation, &title, Vec::new(), None, limits))
    }
}

fn package_place(deriver: &Deriver<'_>, package: &Package) -> Place {
    let name = package.schema.env.module().name.as_ref();
    let range = name.map(|it| deriver.db.span(package.file, it.span)).unwrap_or_default();
    Place::new(package.file, range)
}

/// Evaluates the build expressions of one package.
struct NodeBuilder<'d, 'a> {
    deriver: &'d mut Deriver<'a>,
    id: NodeId,
    package: Arc<Package>,
    layers: Vec<(Arc<Checked>, LayerSetting)>,
    fields: Vec<FieldSlot>,
    lets: HashMap<(BodyRef, u32), Value>,
    inputs: BTreeMap<Label, InputRef>,
    /// The files beside recipes that are inputs, by path.
    files: BTreeMap<String, Label>,
    fuel: Fuel,
}

enum FieldSlot {
    Empty,
    Open,
    Done(Option<Value>),
}

impl<'d, 'a> NodeBuilder<'d, 'a> {
    fn new(deriver: &'d mut Deriver<'a>, id: NodeId, package: Arc<Package>) -> Self {
        let table = &package.schema.table;
        let mut layers = Vec::new();
        for layer in &deriver.setup.layers {
            for setting in &layer.settings {
                let applies = match &setting.target {
                    Target::Package(name) => *name == package.name,
                    Target::Having(option, kind) => {
                        table.get(option).is_some_and(|it| it.kind == *kind)
                    }
                    Target::Toolchain { .. } | Target::Provider(_) => false,
                };
                if applies {
                    layers.push((layer.checked.clone(), setting.clone()));
                }
            }
        }
        let fields = table.options.iter().map(|_| FieldSlot::Empty).collect();
        NodeBuilder {
            deriver,
            id,
            package,
            layers,
            fields,
            lets: HashMap::new(),
            inputs: BTreeMap::new(),
            files: BTreeMap::new(),
            fuel: Fuel::default(),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.deriver.report(diagnostic);
    }

    fn holds(&self, cond: &crate::condition::Cond) -> bool {
        cond.holds(&mut NodeFacts { solution: self.deriver.solution, node: self.id }) == Some(true)
    }

    fn checked(&self, file: FileId) -> Arc<Checked> {
        match self.package.bodies.iter().find(|it| it.file == file) {
            Some(checked) => checked.clone(),
            None => self.deriver.db.checked(file),
        }
    }

    //------ expressions

    fn eval(
        &mut self,
        checked: &Arc<Checked>,
        expr: ExprId,
        locals: &Locals,
        prev: Option<(&Value, &Value)>,
    ) -> Option<Value> {
        let db = self.deriver.db;
        let mut interpreter = Interpreter::new(db, checked.clone(), self);
        interpreter.locals = locals.clone();
        if let Some((prev, default)) = prev {
            interpreter.prev = Some(prev.clone());
            interpreter.default = Some(default.clone());
        }
        match interpreter.eval(expr) {
            Ok(value) => Some(value),
            Err(failure) => {
                self.report(*failure);
                None
            }
        }
    }

    /// The final value of a field of the package, by name.
    fn field(&mut self, name: &str) -> Option<Value> {
        let at = self.package.schema.table.position(name)?;
        self.field_at(at)
    }

    fn field_at(&mut self, at: usize) -> Option<Value> {
        match &self.fields[at] {
            FieldSlot::Done(value) => return value.clone(),
            FieldSlot::Open => return None,
            FieldSlot::Empty => {}
        }
        self.fields[at] = FieldSlot::Open;
        let value = self.compute_field(at);
        self.fields[at] = FieldSlot::Done(value.clone());
        value
    }

    fn compute_field(&mut self, at: usize) -> Option<Value> {
        let package = self.package.clone();
        let option = &package.schema.table.options[at];
        let declaring = self.checked(option.at.file);
        let mut value = match option.default {
            Some(expr) => conform(self.eval(&declaring, expr, &Vec::new(), None)?, &option.ty),
            None => match &option.ty {
                Ty::Opt(_) => Value::Null,
                _ => Value::Null,
            },
        };
        let default = value.clone();
        for item in self.body_items(&option.name) {
            match item {
                BodyItem::Setting(setting) => {
                    let checked = package.bodies[setting.body].clone();
                    value = self.apply(
                        value,
                        &default,
                        &setting.path[1..],
                        setting.op,
                        (&checked, setting.value, &setting.locals),
                        &option.ty,
                    )?;
                }
                BodyItem::Arg(arg) => value = self.arg(value, arg)?,
            }
        }
        let layers = self.layers.clone();
        for (checked, setting) in &layers {
            let Some(first) = setting.path.first() else { continue };
            let in_steps = first == "steps" && setting.path.get(1) == Some(&option.name);
            let rest = match (first == &option.name, in_steps) {
                (true, _) => &setting.path[1..],
                (_, true) => &setting.path[2..],
                _ => continue,
            };
            if !self.holds(&setting.cond) {
                continue;
            }
            value = self.apply(
                value,
                &default,
                rest,
                setting.op,
                (checked, setting.value, &Vec::new()),
                &option.ty,
            )?;
        }
        if value == Value::Null && !matches!(option.ty, Ty::Opt(_) | Ty::Error) {
            let place = self.deriver.db.span(option.at.file, option.span);
            let owner = package_place(self.deriver, &package);
            let message = format!("`{}` of `{}` has no value", option.name, package.name);
            let diagnostic =
                Diagnostic::new(Code::MissingValue, owner.file, owner.range(), message)
                    .label(option.at.file, place, "declared here, without a default")
                    .help(format!("write `{} = …`", option.name));
            self.report(diagnostic);
            return None;
        }
        Some(value)
    }

    /// The settings and arguments of a field in the package's bodies, in the order in which they
    /// apply: lower bodies first, and within a body as they are written.
    fn body_items(&mut self, name: &Name) -> Vec<BodyItem> {
        let package = self.package.clone();
        let mut items: Vec<(usize, u32, BodyItem)> = Vec::new();
        for setting in &package.settings {
            let Some(first) = setting.path.first() else { continue };
            let in_steps = first == "steps"
                && setting.path.get(1) == Some(name)
                && package.schema.table.step(name).is_none();
            if (first == name || in_steps) && self.holds(&setting.cond) {
                let mut setting = setting.clone();
                if in_steps {
                    setting.path.remove(0);
                }
                items.push((setting.body, setting.place.start, BodyItem::Setting(setting)));
            }
        }
        if name == "args" {
            for arg in &package.args {
                if self.holds(&arg.outer) {
                    items.push((arg.body, arg.place.start, BodyItem::Arg(arg.clone())));
                }
            }
        }
        items.sort_by_key(|it| (it.0, it.1));
        items.into_iter().map(|it| it.2).collect()
    }

    fn arg(&mut self, value: Value, arg: BodyArg) -> Option<Value> {
        let chosen = if self.holds(&arg.cond) { Some(arg.then) } else { arg.else_ };
        let Some(expr) = chosen else { return Some(value) };
        let checked = self.package.bodies[arg.body].clone();
        let added = self.eval(&checked, expr, &arg.locals, None)?;
        let Value::List(items) = value else { return Some(value) };
        let mut items = items.to_vec();
        match added {
            Value::List(more) => items.extend(more.iter().cloned()),
            one => items.push(one),
        }
        Some(Value::List(items.into()))
    }

    /// Applies a setting to a value, or to the part of it that `path` names.
    fn apply(
        &mut self,
        value: Value,
        default: &Value,
        path: &[Name],
        op: SettingOp,
        (checked, expr, locals): (&Arc<Checked>, ExprId, &Locals),
        ty: &Ty,
    ) -> Option<Value> {
        if let Some((first, rest)) = path.split_first() {
            match (value, ty.without_opt()) {
                (Value::Map(map), Ty::Map(of)) => {
                    let mut map = (*map).clone();
                    let part = map.get(first.as_str()).cloned().unwrap_or(Value::Null);
                    let part_default = match default {
                        Value::Map(default) => {
                            default.get(first.as_str()).cloned().unwrap_or(Value::Null)
                        }
                        _ => Value::Null,
                    };
                    let part =
                        self.apply(part, &part_default, rest, op, (checked, expr, locals), of)?;
                    map.insert(first.to_string(), part);
                    return Some(Value::Map(Arc::new(map)));
                }
                (Value::Record(of, fields), Ty::Record(_)) => {
                    let env = self.deriver.db.env(of.file);
                    let record = env.records[of.id.index()].clone();
                    let at = record.fields.iter().position(|it| it.name == *first)?;
                    let mut fields = fields.to_vec();
                    let inner = record.fields[at].ty.clone();
                    let part = fields[at].clone();
                    fields[at] =
                        self.apply(part, &Value::Null, rest, op, (checked, expr, locals), &inner)?;
                    return Some(Value::Record(of, fields.into()));
                }
                (other, _) => return Some(other),
            }
        }
        let new = self.eval(checked, expr, locals, Some((&value, default)))?;
        let new = conform(new, ty);
        Some(match (op, value, new) {
            (SettingOp::Set, _, new) => new,
            (SettingOp::Add, Value::List(a), Value::List(b)) => {
                Value::List(a.iter().chain(b.iter()).cloned().collect())
            }
            (SettingOp::Remove, Value::List(a), Value::List(b)) => {
                Value::List(a.iter().filter(|it| !b.contains(it)).cloned().collect())
            }
            (SettingOp::Add, Value::Map(a), Value::Map(b)) => {
                let mut map = (*a).clone();
                map.extend(b.iter().map(|it| (it.0.clone(), it.1.clone())));
                Value::Map(Arc::new(map))
            }
            (SettingOp::Add, Value::Script(a), Value::Script(b)) => Value::Script(lines(&a, &b)),
            (SettingOp::Add, Value::Null, new) => new,
            (_, value, _) => value,
        })
    }

    //------ steps

    /// The steps with their final texts, those without text left out.
    fn steps(&mut self) -> Vec<(Name, Text)> {
        let package = self.package.clone();
        let mut steps = Vec::new();
        for schema in &package.schema.table.steps {
            let checked = self.checked(schema.at.file);
            let decl = &checked.module().bodies[schema.at.body].steps[schema.index as usize];
            let mut evaluation =
                crate::evaluate::Evaluation::new(self.deriver.db, &package.schema.table);
            let guard = evaluation.guard(&checked, decl.guard, &Vec::new());
            if !self.holds(&guard) {
                continue;
            }
            let Some(declared) = self.eval(&checked, decl.script, &Vec::new(), None) else {
                continue;
            };
            let mut value = declared.clone();
            for setting in &package.settings {
                if !is_step(&setting.path, &schema.name) || !self.holds(&setting.cond) {
                    continue;
                }
                let checked = package.bodies[setting.body].clone();
                let place = (&checked, setting.value, &setting.locals);
                let applied =
                    self.apply(value.clone(), &declared, &[], setting.op, place, &Ty::Script);
                value = applied.unwrap_or(value);
            }
            let layers = self.layers.clone();
            for (checked, setting) in &layers {
                if !is_step(&setting.path, &schema.name) || !self.holds(&setting.cond) {
                    continue;
                }
                let place = (checked, setting.value, &Vec::new());
                let applied =
                    self.apply(value.clone(), &declared, &[], setting.op, place, &Ty::Script);
                value = applied.unwrap_or(value);
            }
            if let Value::Script(text) = value
                && !text.as_plain().is_some_and(|it| it.trim().is_empty())
            {
                steps.push((schema.name.clone(), text));
            }
        }
        steps
    }

    //------ the derivation

    fn build(
        &mut self,
        name: &StoreName,
        source: Option<Value>,
        steps: Vec<(Name, Text)>,
    ) -> Option<Derivation> {
        let place = package_place(self.deriver, &self.package.clone());
        let mut sources = BTreeMap::new();
        if let Some(Value::Source(source)) = source {
            let label = self.source_input(&source, MAIN_SOURCE, place)?;
            sources.insert(MAIN_SOURCE.to_owned(), label);
        }
        if let Some(Value::Map(more)) = self.field("sources") {
            for (target, value) in &*more {
                let Value::Source(source) = value else { continue };
                let label = self.source_input(source, target, place)?;
                sources.insert(target.clone(), label);
            }
        }
        let shell = self.texts("shell")?;
        if shell.is_empty() {
            let message =
                format!("nothing says which program runs the steps of `{}`", self.package.name);
            let diagnostic = self
                .deriver
                .error(place, message)
                .help("build systems such as `steps autotools` say it; else write `shell = [\"\\(dep.busybox)/bin/sh\", \"-e\"]`");
            self.report(diagnostic);
            return None;
        }
        let mut env = BTreeMap::new();
        for (key, value) in self.map("env")? {
            match EnvName::new(&key) {
                Ok(key) => {
                    env.insert(key, value);
                }
                Err(error) => {
                    let diagnostic = self
                        .deriver
                        .error(place, format!("`env` of `{}`: {error}", self.package.name));
                    self.report(diagnostic);
                }
            }
        }
        let links = self.map("links")?.into_iter().collect();
        let mut built_steps = Vec::new();
        for (step, text) in steps {
            match StepName::new(&*step) {
                Ok(name) => built_steps.push(Step {
                    name,
                    argv: shell.clone(),
                    script: Some(text.to_template()),
                }),
                Err(error) => {
                    let diagnostic = self.deriver.error(place, error.to_string());
                    self.report(diagnostic);
                }
            }
        }
        self.direct_inputs();
        let system = self.system();
        let build = Build {
            name: name.clone(),
            kind: BuildKind::Build,
            outputs: vec![OutputName::default_output()],
            system,
            inputs: std::mem::take(&mut self.inputs),
            sources,
            links,
            env,
            steps: built_steps,
            sandbox_abi: SANDBOX_ABI,
        };
        let derivation = Derivation::Build(build);
        if let Err(error) = derivation.check() {
            let message =
                format!("`{}` cannot be built as its recipe says: {error}", self.package.name);
            let diagnostic = self.deriver.error(place, message);
            self.report(diagnostic);
            return None;
        }
        Some(derivation)
    }

    /// The machine that runs the steps: always the one that builds.
    fn system(&self) -> System {
        let machine = &self.deriver.setup.machine;
        let part =
            |name: &str| machine.get(name).map_or_else(|| "unknown".to_owned(), Value::to_string);
        let text = format!("{}-{}", part("cpu"), part("os"));
        System::new(text).unwrap_or_else(|_| unreachable!("values of the platform are names"))
    }

    fn limits(&mut self) -> Limits {
        let mut limits = Limits::default();
        if let Some(Value::Duration(nanoseconds)) = self.field("build_time_max") {
            limits.time_s_max = (nanoseconds / 1_000_000_000).max(1) as u64;
        }
        limits
    }

    fn source_input(
        &mut self,
        source: &crate::value::Source,
        target: &str,
        place: Place,
    ) -> Option<Label> {
        let (suffix, label) = match target {
            MAIN_SOURCE => ("source".to_owned(), "source".to_owned()),
            target => (format!("source-{target}"), format!("source.{target}")),
        };
        let name = StoreName::new(format!("{}-{suffix}", self.package.name)).ok()?;
        let title = format!(
            "{} of {}",
            suffix.replace('-', " "),
            self.deriver.solution.node(self.id).title()
        );
        let input = self.deriver.source(source, &name, &title, place)?;
        let label = Label::new(label).ok()?;
        self.inputs.insert(label.clone(), input);
        Some(label)
    }

    /// Every dependency that the recipe declares for building is an input, read or not.
    fn direct_inputs(&mut self) {
        let solution = self.deriver.solution;
        for edge in solution
            .node(self.id)
            .edges
            .iter()
            .filter(|it| matches!(it.role, Role::Build | Role::Host))
        {
            self.edge_label(edge);
        }
    }

    fn edge_label(&mut self, edge: &Edge) -> Option<Label> {
        let role = match edge.role {
            Role::Build => "build",
            _ => "host",
        };
        self.node_label(edge.to, &format!("{role}.{}", edge.name))
    }

    fn node_label(&mut self, node: NodeId, label: &str) -> Option<Label> {
        let label = Label::new(label).ok()?;
        let input = self.deriver.derived.nodes.get(&node)?.clone();
        self.inputs.insert(label.clone(), input);
        Some(label)
    }

    fn dep_value(&mut self, node: NodeId, label: Label) -> Value {
        let node = self.deriver.solution.node(node);
        Value::Dep(Arc::new(DepValue {
            name: node.package.name.to_string(),
            version: node.version.clone(),
            label,
        }))
    }

    /// A field that is a list of texts.
    fn texts(&mut self, name: &str) -> Option<Vec<Template>> {
        match self.field(name)? {
            Value::List(items) => Some(
                items
                    .iter()
                    .filter_map(|it| match it {
                        Value::Text(text) => Some(text.to_template()),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => Some(Vec::new()),
        }
    }

    /// A field that is a map of texts.
    fn map(&mut self, name: &str) -> Option<BTreeMap<String, Template>> {
        match self.field(name)? {
            Value::Map(map) => Some(
                map.iter()
                    .filter_map(|(key, value)| match value {
                        Value::Text(text) => Some((key.clone(), text.to_template())),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => Some(BTreeMap::new()),
        }
    }
}

/// A setting or an argument in a body.
enum BodyItem {
    Setting(BodySetting),
    Arg(BodyArg),
}

fn is_step(path: &[Name], step: &Name) -> bool {
    matches!(path, [first, second] if first == "steps" && second == step)
}

/// Two pieces of shell text, each on lines of its own.
fn lines(a: &Text, b: &Text) -> Text {
    if a.is_empty() {
        return b.clone();
    }
    concat(&concat(a, &Text::plain("\n")), b)
}

impl Reader for NodeBuilder<'_, '_> {
    fn option(&mut self, name: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        let table = &self.package.schema.table;
        let found = match table.position(name) {
            Some(index) if table.options[index].kind == OptionKind::Field => self.field_at(index),
            Some(_) => self.deriver.solution.node(self.id).option(name).map(|it| it.value.clone()),
            None => None,
        };
        found.ok_or_else(|| {
            let range = self.deriver.db.expr_range(at.0, at.1);
            let message = format!("`{name}` has no value here");
            Box::new(Diagnostic::new(Code::EvaluationError, at.0, range, message))
        })
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        if let Some(value) = self.lets.get(&(at, index)) {
            return Ok(value.clone());
        }
        let checked = self.checked(at.file);
        let db = self.deriver.db;
        let value = match checked.module().bodies[at.body].options[index as usize].default {
            Some(expr) => Interpreter::new(db, checked, self).eval(expr)?,
            None => Value::Null,
        };
        self.lets.insert((at, index), value.clone());
        Ok(value)
    }

    fn fact(&mut self, fact: Fact, _: (FileId, ExprId)) -> Result<Value, Failure> {
        Ok(match fact {
            Fact::Version => Value::Version(self.deriver.solution.node(self.id).version.clone()),
            Fact::Name => Value::text(&self.package.name),
            Fact::Out => Value::Text(output_path(OutputName::default_output())),
            Fact::Src => Value::text("/build/src"),
        })
    }

    fn member(
        &mut self,
        object: Object,
        name: &Name,
        at: (FileId, ExprId),
    ) -> Result<Value, Failure> {
        let db = self.deriver.db;
        let fail = |message: String| -> Failure {
            Box::new(Diagnostic::new(
                Code::EvaluationError,
                at.0,
                db.expr_range(at.0, at.1),
                message,
            ))
        };
        let solution = self.deriver.solution;
        let node = solution.node(self.id);
        match object {
            Object::Platform | Object::Machine | Object::Toolchain => {
                let globals = &solution.unit(node.unit).globals;
                globals
                    .values
                    .get(&(object, name.clone()))
                    .cloned()
                    .ok_or_else(|| fail(format!("`{}.{name}` is not known", object.text())))
            }
            Object::Dep => {
                // A package that is both linked with and a tool is meant as the former.
                let edges = || node.edges.iter().filter(|it| it.name == *name);
                let found = edges()
                    .find(|it| it.role == Role::Host)
                    .or_else(|| edges().find(|it| it.role == Role::Build));
                let Some(edge) = found else {
                    let range = db.expr_range(at.0, at.1);
                    let why = if edges().next().is_some() {
                        "it is needed only when the package runs"
                    } else {
                        "it is not needed as the package is configured here"
                    };
                    let message = format!("`{name}` is no dependency of this build: {why}");
                    let diagnostic = Diagnostic::new(Code::EvaluationError, at.0, range, message)
                        .help("read it only where its condition holds: in the block of its feature, or behind `if`");
                    return Err(Box::new(diagnostic));
                };
                let to = edge.to;
                match self.edge_label(&edge.clone()) {
                    Some(label) => Ok(self.dep_value(to, label)),
                    None => Err(fail(format!("`{name}` could not be built"))),
                }
            }
            Object::Deps => {
                let role = match name.as_str() {
                    "build" => Role::Build,
                    "run" => Role::Run,
                    "test" => Role::Test,
                    _ => Role::Host,
                };
                let mut values = Vec::new();
                if name == "link" {
                    for to in linked(solution, self.id) {
                        let direct = node
                            .edges
                            .iter()
                            .find(|it| it.to == to && it.role == Role::Host)
                            .cloned();
                        let label = match direct {
                            Some(edge) => self.edge_label(&edge),
                            None => self.node_label(
                                to,
                                &format!("link.{}", solution.node(to).package.name),
                            ),
                        };
                        if let Some(label) = label {
                            values.push(self.dep_value(to, label));
                        }
                    }
                } else {
                    for edge in node.edges.iter().filter(|it| it.role == role && role != Role::Run)
                    {
                        let edge = edge.clone();
                        if let Some(label) = self.edge_label(&edge) {
                            values.push(self.dep_value(edge.to, label));
                        }
                    }
                }
                Ok(Value::List(values.into()))
            }
            Object::Outputs => match OutputName::new(&**name) {
                Ok(output) if output == OutputName::default_output() => {
                    Ok(Value::Text(output_path(output)))
                }
                _ => Err(fail(format!("this package has no output `{name}`"))),
            },
            Object::Sources => Ok(Value::text(&format!("/build/{name}"))),
            Object::Steps => Err(fail("steps are no values".to_owned())),
        }
    }

    fn file(&mut self, file: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        let label = match self.files.get(&file.path) {
            Some(label) => label.clone(),
            None => {
                let stem = file.path.rsplit('/').next().unwrap_or("file");
                let stem: String = stem
                    .chars()
                    .filter(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_'))
                    .collect();
                let stem = stem.trim_start_matches(['.', '-']);
                let stem = if stem.is_empty() { "file" } else { stem };
                let place = Place::new(at.0, self.deriver.db.expr_range(at.0, at.1));
                let fail = |message: String| -> Failure {
                    Box::new(Diagnostic::new(
                        Code::EvaluationError,
                        place.file,
                        place.range(),
                        message,
                    ))
                };
                let name = StoreName::new(stem).map_err(|error| fail(error.to_string()))?;
                let title = format!("{stem} of {}", self.deriver.solution.node(self.id).title());
                let Some(input) = self.deriver.import(file, &name, &title, place) else {
                    return Err(fail(format!("`{}` cannot be read", file.path)));
                };
                // Two files of one name have labels of their own.
                let mut label = format!("file.{stem}");
                let mut number = 2;
                while let Ok(taken) = Label::new(&label)
                    && self.inputs.contains_key(&taken)
                {
                    label = format!("file.{stem}.{number}");
                    number += 1;
                }
                let label = Label::new(label).map_err(|error| fail(error.to_string()))?;
                self.inputs.insert(label.clone(), input);
                self.files.insert(file.path.clone(), label.clone());
                label
            }
        };
        Ok(Text::from_template(Template::from_pieces([Piece::Input(label)])))
    }

    fn fuel(&mut self) -> &mut Fuel {
        &mut self.fuel
    }
}

fn output_path(output: OutputName) -> Text {
    Text::from_template(Template::from_pieces([Piece::Output(output)]))
}
