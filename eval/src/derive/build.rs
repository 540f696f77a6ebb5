//! The derivation of one package: its fields, steps and inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use kiln_lang::module::{ExprId, Name, Role, SettingOp};
use kiln_lang::schema::BodyRef;
use kiln_lang::types::{EnumTy, Ty};
use kiln_lang::{Checked, Code, Diagnostic, FastMap, FileId, WorldError};
use kiln_store::{
    Build, BuildKind, EnvName, ImportSource, InputRef, Inputs, Label, Limits, ObjectId, OutputName,
    Piece, SANDBOX_ABI, Step, StepName, StoreName, System, Template,
};

use super::Context;
use super::imports::ImportMistake;
use super::testing::{Testing, report, tested};
use crate::amend::{Unamended, amend, combine, no_whole, place_and_part};
use crate::condition::Cond;
use crate::evaluate::condition_of;
use crate::explain::NodeFacts;
use crate::interpret::{Failure, Fuel, Interpreter, VALUE_BYTES_MAX};
use crate::layers::{Layer, LayerSetting};
use crate::package::{BodyArg, BodySetting, CompileDecl, Locals, Package, Place, TestDecl};
use crate::refine::{Refiner, complaint};
use crate::solution::{Edge, NodeId, NodePart, Solution};
use crate::text::Text;
use crate::value::{DepValue, LocalFile, Source, Value, conform};

/// Where a source is unpacked in the build directory, if it is not one of `sources`.
const MAIN_SOURCE: &str = "src";

/// A package with its build expressions evaluated.
pub(crate) struct Plan {
    pub(super) kind: PlanKind,
    pub(super) title: String,
    pub(super) limits: Limits,
    /// The name of the recipe, for what the store has against it.
    pub(super) place: Place,
}

pub(super) enum PlanKind {
    /// Steps, and what they see; the inputs are not in the build yet.
    Build(Box<Build<InputRef>>, Inputs<Input>),
    /// The package is its source.
    Source(Input),
}

/// Something that a build sees.
#[derive(Clone)]
pub(super) enum Input {
    /// Another package.
    Node(NodeId),
    /// A package that has been derived.
    Ready(InputRef),
    /// A download.
    Fetch { name: StoreName, title: String, source: Arc<Source> },
    /// A file or folder beside the recipe.
    Import { name: StoreName, title: String, object: ObjectId, from: ImportSource },
}

/// The packages that must be derived before this one, in the order of its recipe. What those are
/// linked with is derived before them.
pub(super) fn inputs(
    solution: &Solution,
    id: NodeId,
) -> impl DoubleEndedIterator<Item = NodeId> + '_ {
    let node = solution.node(id);
    let from = node.made_by();
    let edges = if from.is_some() { &[][..] } else { &node.edges };
    let is_input = |it: &&Edge| matches!(it.role, Role::Build | Role::Host);
    from.into_iter().chain(edges.iter().filter(is_input).map(|it| it.to))
}

/// The packages that a package is linked with: its host dependencies, theirs, and so on; each
/// before those that it is itself linked with, as linkers want static libraries.
pub(super) fn linked(solution: &Solution, id: NodeId) -> Vec<NodeId> {
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

/// Evaluates the build expressions of a package. There is no plan if something is wrong.
pub(super) fn plan(
    context: &Context<'_>,
    id: NodeId,
    defaults: &mut Defaults,
) -> (Option<Plan>, Vec<Diagnostic>) {
    let node = context.solution.node(id);
    // What an output takes is said in the words of the compilation.
    let mut builder = NodeBuilder::new(context, node.made_by().unwrap_or(id));
    builder.defaults = std::mem::take(defaults);
    let plan = match &node.part {
        Some(NodePart::Output { name, .. }) => builder.plan_output(id, name),
        Some(NodePart::Compile(_)) | None => builder.plan(),
    };
    *defaults = builder.defaults;
    (plan, builder.diagnostics)
}

/// The defaults of fields that read nothing of the package they are evaluated for, and how many steps
/// that takes: most fields of most packages have one, and it is the same in all that share the
/// declaration.
pub(super) type Defaults = FastMap<(BodyRef, u32), (Value, u64)>;

/// Evaluates a test of a package. There is no plan if something is wrong.
pub(super) fn plan_test(
    context: &Context<'_>,
    id: NodeId,
    test: &TestDecl,
    testing: Testing,
) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut builder = NodeBuilder::new(context, id);
    builder.testing = Some(testing);
    let plan = builder.plan_test(test);
    (plan, builder.diagnostics)
}

/// Evaluates the build expressions of one package.
pub(super) struct NodeBuilder<'c> {
    pub(super) context: &'c Context<'c>,
    pub(super) id: NodeId,
    pub(super) package: &'c Package,
    /// The settings of the layers, lowest first.
    layers: Vec<LayerItem<'c>>,
    fields: Vec<FieldSlot>,
    /// What is known from other packages.
    defaults: Defaults,
    /// Whether an expression has read something of the package.
    pub(super) reads: bool,
    /// Under which label the build sees what the package depends on, by the place of the edge, as far
    /// as that was asked for.
    labels: Vec<Option<Label>>,
    /// Whether one label has stood for two inputs: the one that was asked for last counts.
    has_twins: bool,
    pub(super) lets: FastMap<(BodyRef, u32), Value>,
    pub(super) inputs: Inputs<Input>,
    /// The files beside recipes that are inputs, by path.
    pub(super) files: BTreeMap<String, Label>,
    /// The packages that it is linked with, once asked for.
    pub(super) linked: Option<Vec<NodeId>>,
    /// What a test sees, if one is evaluated and not the build.
    pub(super) testing: Option<Testing>,
    /// Whether the source was asked for.
    pub(super) reads_source: bool,
    pub(super) fuel: Fuel,
    diagnostics: Vec<Diagnostic>,
}

/// A setting of a layer.
#[derive(Clone, Copy)]
struct LayerItem<'c> {
    layer: &'c Layer,
    path: &'c [Name],
    /// The option that the path is of, by its place in the table, and what it names of that.
    of: Option<(usize, &'c [Name])>,
    setting: &'c LayerSetting,
}

enum FieldSlot {
    /// As it is declared: nobody says anything about it.
    Plain,
    /// The package or a layer says something about it.
    Said,
    /// Being computed: asked for again, it would be a ring.
    Open,
    Done(Option<Value>),
}

impl<'c> NodeBuilder<'c> {
    pub(super) fn new(context: &'c Context<'c>, id: NodeId) -> Self {
        let node = context.solution.node(id);
        let package: &'c Package = &node.package;
        let table = &package.schema.table;
        let layers = context.settings.of_node(node).into_iter().map(|(layer, path, setting)| {
            LayerItem { layer, path, of: place_and_part(path, table), setting }
        });
        let layers: Vec<LayerItem<'c>> = layers.collect();
        let mut fields: Vec<FieldSlot> = table.options.iter().map(|_| FieldSlot::Plain).collect();
        let of_package = package.settings.iter().filter_map(|it| Some(it.of?.0 as usize));
        let of_layers = layers.iter().filter_map(|it| Some(it.of?.0));
        let of_compile = node.compile().into_iter().flat_map(|it| &it.settings);
        let of_compile = of_compile.filter_map(|it| table.position(it.path.first()?));
        let args = (!package.args.is_empty()).then(|| table.position("args")).flatten();
        for said in of_package.chain(of_layers).chain(of_compile).chain(args) {
            fields[said] = FieldSlot::Said;
        }
        let labels = vec![None; node.edges.len()];
        NodeBuilder {
            context,
            id,
            package,
            layers,
            fields,
            defaults: Defaults::default(),
            reads: false,
            labels,
            has_twins: false,
            lets: FastMap::default(),
            inputs: Inputs::default(),
            files: BTreeMap::new(),
            linked: None,
            testing: None,
            reads_source: false,
            fuel: Fuel::default(),
            diagnostics: Vec::new(),
        }
    }

    fn plan(&mut self) -> Option<Plan> {
        let node = self.context.solution.node(self.id);
        let place = self.package.place;
        let title = node.title();
        let Ok(name) = StoreName::new(&*self.package.name) else {
            let message = format!("`{}` cannot be part of a path", self.package.name);
            self.error(place, message);
            return None;
        };
        let source = self.field("source");
        let patched =
            !matches!(self.field("patches"), Some(Value::List(items)) if items.is_empty());
        let steps = self.steps();
        if steps.is_empty() && !patched {
            // A package without steps is its source.
            let Some(Value::Source(source)) = source else {
                if self.diagnostics.is_empty() {
                    let message = format!(
                        "`{}` has neither steps nor a source: there is nothing to build",
                        self.package.name
                    );
                    let help = "choose a build system, as in `steps autotools`, or write `source = fetch(…)`";
                    let diagnostic = self.diagnostic(place, message).help(help);
                    self.report(diagnostic);
                }
                return None;
            };
            let input = self.source(&source, &name, &title, place)?;
            let kind = PlanKind::Source(input);
            return Some(Plan { kind, title, limits: self.context.limits, place });
        }
        let build = self.build(&name, source, steps)?;
        let limits = self.limits();
        let inputs = std::mem::take(&mut self.inputs);
        let kind = PlanKind::Build(Box::new(build), inputs);
        Some(Plan { kind, title, limits, place })
    }

    /// What it had to say.
    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    fn plan_test(&mut self, test: &TestDecl) -> Option<Plan> {
        // Evaluated are the words of the compilation; tested may be an output.
        let tested_title = self.testing.as_ref().map(|it| it.title.clone()).unwrap_or_default();
        let title = format!("{tested_title} test \"{}\"", test.title);
        let Ok(name) = StoreName::new(format!("{}-test", self.package.name)) else {
            return None;
        };
        let checked = self.package.bodies[test.body].clone();
        let holds = |it: &&(Cond, ExprId)| self.holds(&it.0);
        let Some((_, script)) = test.scripts.iter().rev().find(holds) else {
            let message = format!("the test \"{}\" does not say what it runs", test.title);
            let diagnostic =
                Diagnostic::new(Code::MissingValue, test.place.file, test.place.range(), message)
                    .help("write `= sh\"…\"` behind the title, or `script = sh\"…\"` in its block");
            self.report(diagnostic);
            return None;
        };
        let Value::Script(script) = self.eval(&checked, *script, &test.locals, None)? else {
            return None;
        };
        let own = self.texts("test_shell")?;
        let shell = if own.is_empty() { self.shell()? } else { own };
        let mut env = self.environment("test_env")?;
        let mut links = self.map("links")?;
        links.extend(self.map("test_links")?);
        // What the script calls `out` in either language is what it tests.
        let out = EnvName::new("out").ok()?;
        env.entry(out).or_insert_with(|| Template::from_pieces([Piece::Input(tested())]));
        let mut sources = BTreeMap::new();
        if self.reads_source
            && let Some(Value::Source(source)) = self.field("source")
        {
            let label = self.source_input(&source, MAIN_SOURCE, test.place)?;
            sources.insert(MAIN_SOURCE.to_owned(), label);
        }
        let step = Step {
            name: StepName::new("test").ok()?,
            argv: shell,
            script: Some(script.to_template()),
        };
        if let Some(testing) = &self.testing {
            let deps = testing.deps.iter().map(|it| (it.value.label.clone(), it.input.clone()));
            let all = deps.chain([(tested(), testing.tested.clone())]);
            for (label, input) in all {
                self.inputs.insert(label, Input::Ready(input));
            }
        }
        let build = Build {
            name,
            kind: BuildKind::Test,
            outputs: vec![report()],
            system: self.system(),
            inputs: Inputs::default(),
            sources,
            links,
            env,
            steps: vec![step],
            sandbox_abi: SANDBOX_ABI,
        };
        let limits = self.limits();
        let inputs = std::mem::take(&mut self.inputs);
        Some(Plan {
            kind: PlanKind::Build(Box::new(build), inputs),
            title,
            limits,
            place: test.place,
        })
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The first mistake that was reported.
    pub(super) fn said(&self) -> Option<&Diagnostic> {
        self.diagnostics.iter().find(|it| it.is_error())
    }

    pub(super) fn diagnostic(&self, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Code::EvaluationError, place.file, place.range(), message)
    }

    pub(super) fn error(&mut self, place: Place, message: impl Into<String>) {
        let diagnostic = self.diagnostic(place, message);
        self.report(diagnostic);
    }

    pub(super) fn holds(&self, cond: &Cond) -> bool {
        matches!(cond, Cond::True)
            || cond.holds(&mut NodeFacts { solution: self.context.solution, node: self.id })
                == Some(true)
    }

    pub(super) fn checked(&self, file: FileId) -> Arc<Checked> {
        match self.package.bodies.iter().find(|it| it.file == file) {
            Some(checked) => checked.clone(),
            None => self.context.db.checked(file),
        }
    }

    //------ expressions

    pub(super) fn eval(
        &mut self,
        checked: &Arc<Checked>,
        expr: ExprId,
        locals: &Locals,
        prev: Option<(&Value, &Value)>,
    ) -> Option<Value> {
        let db = self.context.db;
        let mut interpreter = Interpreter::new(db, checked, self);
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
    pub(super) fn field(&mut self, name: &str) -> Option<Value> {
        let at = self.package.schema.table.position(name)?;
        self.field_at(at)
    }

    pub(super) fn field_at(&mut self, at: usize) -> Option<Value> {
        let is_plain = match &self.fields[at] {
            FieldSlot::Done(value) => return value.clone(),
            FieldSlot::Open => return None,
            FieldSlot::Plain => true,
            FieldSlot::Said => false,
        };
        self.fields[at] = FieldSlot::Open;
        // Evaluated for another expression, it would count against the depth of that.
        let value = if is_plain && self.fuel.is_idle() {
            self.default_at(at)
        } else {
            self.compute_field(at)
        };
        self.fields[at] = FieldSlot::Done(value.clone());
        value
    }

    /// As [`compute_field`](Self::compute_field), of a field that nobody sets.
    fn default_at(&mut self, at: usize) -> Option<Value> {
        let option = &self.package.schema.table.options[at];
        let key = (option.at, option.index);
        if let Some((value, steps)) = self.defaults.get(&key)
            && self.fuel.take(*steps).is_some()
        {
            return Some(value.clone());
        }
        let steps = self.fuel.steps();
        self.reads = false;
        let value = self.compute_field(at)?;
        if !self.reads && self.diagnostics.is_empty() {
            self.defaults.insert(key, (value.clone(), steps - self.fuel.steps()));
        }
        Some(value)
    }

    fn compute_field(&mut self, at: usize) -> Option<Value> {
        let package = self.package;
        let option = &package.schema.table.options[at];
        let db = self.context.db;
        let declaring = self.checked(option.at.file);
        let declared = || Place::new(option.at.file, db.span(option.at.file, option.span));
        // Where the value comes from, if not from the declaration.
        let mut place: Option<Place> = None;
        let mut value = match option.default {
            Some(expr) => conform(self.eval(&declaring, expr, &Locals::NONE, None)?, &option.ty),
            None => Value::Null,
        };
        let default = value.clone();
        let items = self.body_items(at, &option.name);
        let are_args = |a: &BodyItem<'_>, b: &BodyItem<'_>| {
            matches!((a, b), (BodyItem::Arg(_), BodyItem::Arg(_)))
        };
        for items in items.chunk_by(are_args) {
            match items {
                [BodyItem::Setting(setting)] => {
                    let part = setting.part_of(at).unwrap_or_default();
                    value = self.apply(
                        &option.name,
                        (value, &default),
                        (part, setting.op, setting.place),
                        (&package.bodies[setting.body], setting.value, &setting.locals),
                        &option.ty,
                    )?;
                    place = Some(setting.place);
                }
                args => value = self.args(value, args)?,
            }
        }
        for index in 0..self.layers.len() {
            let LayerItem { layer, of, setting, .. } = self.layers[index];
            let Some((_, part)) = of.filter(|it| it.0 == at) else { continue };
            if !self.holds(&setting.cond) {
                continue;
            }
            value = self.apply(
                &option.name,
                (value, &default),
                (part, setting.op, setting.place),
                (&layer.checked, setting.value, &Locals::NONE),
                &option.ty,
            )?;
            place = Some(setting.place);
        }
        if value == Value::Null && !matches!(option.ty, Ty::Opt(_) | Ty::Error) {
            let (owner, declared) = (self.package.place, declared());
            let message = format!("`{}` of `{}` has no value", option.name, package.name);
            let diagnostic =
                Diagnostic::new(Code::MissingValue, owner.file, owner.range(), message)
                    .label(declared.file, declared.range(), "declared here, without a default")
                    .help(format!("write `{} = …`", option.name));
            self.report(diagnostic);
            return None;
        }
        if let Some(message) = complaint(db, &option.name, &value, &option.ty, self) {
            let declared = declared();
            let place = place.unwrap_or(declared);
            let mut diagnostic =
                Diagnostic::new(Code::OutOfRange, place.file, place.range(), message);
            if place != declared {
                let label = format!("declared here, as {}", option.ty);
                diagnostic = diagnostic.label(declared.file, declared.range(), label);
            }
            self.report(diagnostic);
        }
        Some(value)
    }

    /// The compilation that this is, if the package is compiled in several ways.
    fn compile(&self) -> Option<&'c CompileDecl> {
        self.context.solution.node(self.id).compile()
    }

    /// The settings and arguments of a field in the package's bodies, in the order in which they
    /// apply: by [`rank`](BodySetting::rank), from the last one that a version has for its own; those
    /// of the compilation last.
    fn body_items(&mut self, option: usize, name: &Name) -> Vec<BodyItem<'c>> {
        let package = self.package;
        let args = if name == "args" { &package.args[..] } else { &[] };
        let mut items: Vec<((usize, bool, u32), BodyItem<'c>)> = Vec::new();
        for setting in &package.settings {
            if setting.part_of(option).is_some() && self.holds(&setting.cond) {
                items.push((setting.rank(), BodyItem::Setting(setting)));
            }
        }
        items.reserve(args.len());
        for arg in args.iter().filter(|it| self.holds(&it.outer)) {
            items.push(((arg.body, false, arg.place.start), BodyItem::Arg(arg)));
        }
        items.sort_by_key(|it| it.0);
        if let Some(compile) = self.compile() {
            items.extend(self.items_of(compile, name));
        }
        let own = items.iter().rposition(|it| match it.1 {
            BodyItem::Setting(it) if it.path.len() == 1 => {
                it.is_own_of_version(&package.bodies[it.body])
            }
            _ => false,
        });
        items.into_iter().skip(own.unwrap_or_default()).map(|it| it.1).collect()
    }

    /// As [`body_items`](Self::body_items), in the block of a compilation.
    fn items_of(
        &self,
        compile: &'c CompileDecl,
        name: &Name,
    ) -> Vec<((usize, bool, u32), BodyItem<'c>)> {
        let settings = compile
            .settings
            .iter()
            .filter(|it| it.path.first() == Some(name) && self.holds(&it.cond));
        let mut items: Vec<((usize, bool, u32), BodyItem<'c>)> =
            settings.map(|it| (it.rank(), BodyItem::Setting(it))).collect();
        items.sort_by_key(|it| it.0);
        items
    }

    /// Adds arguments to a list, which is made anew once for all of them.
    fn args(&mut self, value: Value, args: &[BodyItem<'c>]) -> Option<Value> {
        let mut bytes = value.weight(VALUE_BYTES_MAX);
        let mut list = match &value {
            Value::List(items) => {
                let mut list = Vec::with_capacity(items.len() + args.len());
                list.extend_from_slice(items);
                Some(list)
            }
            _ => None,
        };
        for item in args {
            let BodyItem::Arg(arg) = item else { continue };
            let chosen = if self.holds(&arg.cond) { Some(arg.then) } else { arg.else_ };
            let Some(expr) = chosen else { continue };
            let checked = &self.package.bodies[arg.body];
            let added = self.eval(checked, expr, &arg.locals, None)?;
            let Some(list) = &mut list else { continue };
            let before = list.len();
            match added {
                Value::List(more) => list.extend_from_slice(&more),
                one => list.push(one),
            }
            bytes += list[before..].iter().map(|it| it.weight(VALUE_BYTES_MAX)).sum::<usize>();
            self.fits(bytes, arg.place)?;
        }
        Some(list.map_or(value, |it| Value::List(it.into())))
    }

    /// Refuses a value that many settings have made too large.
    fn fits(&mut self, bytes: usize, place: Place) -> Option<()> {
        if bytes <= VALUE_BYTES_MAX {
            return Some(());
        }
        let message = format!("with this, the value has more than {VALUE_BYTES_MAX} bytes");
        let diagnostic = Diagnostic::new(Code::EvaluationLimit, place.file, place.range(), message)
            .help("what is that large belongs into a file: `file(\"…\")`");
        self.report(diagnostic);
        None
    }

    /// Applies a setting to a value, or to the part of it that `path` names.
    fn apply(
        &mut self,
        option: &Name,
        (value, default): (Value, &Value),
        (path, op, place): (&[Name], SettingOp, Place),
        (checked, expr, locals): (&Arc<Checked>, ExprId, &Locals),
        ty: &Ty,
    ) -> Option<Value> {
        let db = self.context.db;
        let amended = amend(db, value, default, path, ty, &mut |value, default, ty| {
            let new = self.eval(checked, expr, locals, Some((&value, default))).ok_or(())?;
            Ok(combine(op, value, conform(new, ty)))
        });
        match amended {
            Ok(value) => {
                let place = Place::new(checked.file, checked.schema.env.lowered.map.expr(expr));
                self.fits(value.weight(VALUE_BYTES_MAX), place)?;
                Some(value)
            }
            Err(Unamended::NoWhole) => {
                self.report(no_whole(option, path, place));
                None
            }
            // It has been reported.
            Err(Unamended::Failed(())) => None,
        }
    }

    //------ steps

    /// The steps with their final texts, those without text left out.
    fn steps(&mut self) -> Vec<(Name, Text)> {
        let package = self.package;
        let mut steps = Vec::new();
        for schema in &package.schema.table.steps {
            let checked = self.checked(schema.at.file);
            let decl = &checked.module().bodies[schema.at.body].steps[schema.index as usize];
            let mut evaluation =
                crate::evaluate::Evaluation::new(self.context.db, &package.schema.table);
            let guard = evaluation.guard(&checked, decl.guard, &Locals::NONE);
            if !self.holds(&guard) {
                continue;
            }
            let Some(declared) = self.eval(&checked, decl.script, &Locals::NONE, None) else {
                continue;
            };
            let mut value = declared.clone();
            let of_compile = self.compile().into_iter().flat_map(|it| &it.settings);
            for setting in package.settings.iter().chain(of_compile) {
                if !is_step(&setting.path, &schema.name) || !self.holds(&setting.cond) {
                    continue;
                }
                let place = (&package.bodies[setting.body], setting.value, &setting.locals);
                let (of, change) =
                    ((value.clone(), &declared), (&[][..], setting.op, setting.place));
                let applied = self.apply(&schema.name, of, change, place, &Ty::Script);
                value = applied.unwrap_or(value);
            }
            for at in 0..self.layers.len() {
                let LayerItem { layer, path, setting, .. } = self.layers[at];
                if !is_step(path, &schema.name) || !self.holds(&setting.cond) {
                    continue;
                }
                let place = (&layer.checked, setting.value, &Locals::NONE);
                let (of, change) =
                    ((value.clone(), &declared), (&[][..], setting.op, setting.place));
                let applied = self.apply(&schema.name, of, change, place, &Ty::Script);
                value = applied.unwrap_or(value);
            }
            if let Value::Script(text) = value
                && !text.as_plain().is_some_and(|it| it.trim().is_empty())
            {
                steps.push((schema.name.clone(), text));
            }
        }
        // A package without steps is its source, which nothing made that could be wrong.
        if !steps.is_empty() {
            steps.extend(self.last_step("fixup"));
            steps.extend(self.last_step("audit"));
        }
        steps
    }

    /// What the field of this name runs behind all steps, wherever recipes and what they include put
    /// those.
    fn last_step(&mut self, field: &'static str) -> Option<(Name, Text)> {
        let Value::Script(text) = self.field(field)? else { return None };
        let is_empty = text.as_plain().is_some_and(|it| it.trim().is_empty());
        (!is_empty).then(|| (field.into(), text))
    }

    //------ the derivation

    fn build(
        &mut self,
        name: &StoreName,
        source: Option<Value>,
        steps: Vec<(Name, Text)>,
    ) -> Option<Build<InputRef>> {
        let place = self.package.place;
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
        let shell = self.shell()?;
        let env = self.environment("env")?;
        let links = self.map("links")?;
        let mut built_steps = Vec::with_capacity(steps.len());
        let shells = std::iter::repeat_n(shell, steps.len());
        for ((step, text), argv) in steps.into_iter().zip(shells) {
            match StepName::new(&*step) {
                Ok(name) => {
                    built_steps.push(Step { name, argv, script: Some(text.to_template()) });
                }
                Err(error) => {
                    self.error(place, error.to_string());
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
            inputs: Inputs::default(),
            sources,
            links,
            env,
            steps: built_steps,
            sandbox_abi: SANDBOX_ABI,
        };
        Some(build)
    }

    /// The program that runs steps, with its first arguments.
    pub(super) fn shell(&mut self) -> Option<Vec<Template>> {
        let shell = self.texts("shell")?;
        if shell.is_empty() {
            let message =
                format!("nothing says which program runs the steps of `{}`", self.package.name);
            let diagnostic = self
                .diagnostic(self.package.place, message)
                .help("build systems such as `steps autotools` say it; else write `shell = [\"\\(dep.busybox)/bin/sh\", \"-e\"]`");
            self.report(diagnostic);
            return None;
        }
        Some(shell)
    }

    /// A field that is an environment.
    fn environment(&mut self, field: &str) -> Option<BTreeMap<EnvName, Template>> {
        let mut env = BTreeMap::new();
        for (key, value) in self.map(field)? {
            match EnvName::new(&key) {
                Ok(key) => {
                    env.insert(key, value);
                }
                Err(error) => {
                    let message = format!("`{field}` of `{}`: {error}", self.package.name);
                    self.error(self.package.place, message);
                }
            }
        }
        Some(env)
    }

    /// The machine that runs the steps: always the one that builds.
    pub(super) fn system(&self) -> System {
        self.context.system.clone()
    }

    pub(super) fn limits(&mut self) -> Limits {
        let mut limits = self.context.limits;
        if let Some(Value::Duration(nanoseconds)) = self.field("build_time_max") {
            limits.time_s_max = (nanoseconds / 1_000_000_000).max(1) as u64;
        }
        limits
    }

    fn source_input(&mut self, source: &Arc<Source>, target: &str, place: Place) -> Option<Label> {
        let (suffix, label) = match target {
            MAIN_SOURCE => ("source".to_owned(), "source".to_owned()),
            target => (format!("source-{target}"), format!("source.{target}")),
        };
        let named = StoreName::new(format!("{}-{suffix}", self.package.name))
            .and_then(|name| Ok((name, Label::new(label)?)));
        let (name, label) = match named {
            Ok(named) => named,
            Err(error) => {
                let message = format!(
                    "`sources` of `{}` has the name `{target}`: {error}",
                    self.package.name
                );
                self.error(place, message);
                return None;
            }
        };
        let title = format!(
            "{} of {}",
            suffix.replacen('-', " ", 1),
            self.context.solution.node(self.id).title()
        );
        let input = self.source(source, &name, &title, place)?;
        self.inputs.insert(label.clone(), input);
        Some(label)
    }

    fn source(
        &mut self,
        source: &Arc<Source>,
        name: &StoreName,
        title: &str,
        place: Place,
    ) -> Option<Input> {
        let (name, title) = (name.clone(), title.to_owned());
        match &**source {
            Source::Fetch { .. } => Some(Input::Fetch { name, title, source: source.clone() }),
            Source::Folder(folder) => self
                .import(folder, name, title, place)
                .map_err(|diagnostic| self.report(*diagnostic))
                .ok(),
        }
    }

    pub(super) fn import(
        &self,
        file: &LocalFile,
        name: StoreName,
        title: String,
        place: Place,
    ) -> Result<Input, Failure> {
        match self.context.imports.get(self.context.db.world(), &name, &file.path) {
            Ok((object, from)) => Ok(Input::Import { name, title, object, from }),
            Err(error) => {
                let mut diagnostic = self.diagnostic(place, error.to_string());
                if matches!(error, ImportMistake::Unreadable { reason: WorldError::NotFound, .. }) {
                    diagnostic =
                        diagnostic.help("the path is relative to the file that it is written in");
                }
                Err(Box::new(diagnostic))
            }
        }
    }

    /// Every dependency that the recipe declares for building is an input, read or not.
    fn direct_inputs(&mut self) {
        for (at, edge) in self.context.solution.node(self.id).edges.iter().enumerate() {
            let is_there = self.labels[at].is_some() && !self.has_twins;
            if matches!(edge.role, Role::Build | Role::Host) && !is_there {
                self.edge_label(at);
            }
        }
    }

    /// Makes an edge of the package an input, by its place, and returns the label of that.
    pub(super) fn edge_label(&mut self, at: usize) -> Option<Label> {
        let solution = self.context.solution;
        let edge = &solution.node(self.id).edges[at];
        if let Some(label) = self.labels[at].clone() {
            if self.has_twins {
                self.inputs.insert(label.clone(), Input::Node(edge.to));
            }
            return Some(label);
        }
        let role = match edge.role {
            Role::Build => "build.",
            _ => "host.",
        };
        let mut label = String::with_capacity(role.len() + edge.name.len());
        label.push_str(role);
        label.push_str(&edge.name);
        if let Some(NodePart::Output { name, .. }) = &solution.node(edge.to).part
            && *name != edge.name
        {
            label.push('.');
            label.push_str(name);
        }
        let label = Label::new(label).ok()?;
        self.labels[at] = Some(label.clone());
        self.has_twins |= self.inputs.insert(label.clone(), Input::Node(edge.to)).is_some();
        Some(label)
    }

    pub(super) fn node_label(&mut self, node: NodeId, label: &str) -> Option<Label> {
        let label = Label::new(label).ok()?;
        self.inputs.insert(label.clone(), Input::Node(node));
        Some(label)
    }

    pub(super) fn dep_value(&mut self, node: NodeId, label: Label) -> Value {
        let node = self.context.solution.node(node);
        Value::Dep(Arc::new(DepValue {
            name: node.package.name.clone(),
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
    pub(super) fn map(&mut self, name: &str) -> Option<BTreeMap<String, Template>> {
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
enum BodyItem<'c> {
    Setting(&'c BodySetting),
    Arg(&'c BodyArg),
}

fn is_step(path: &[Name], step: &Name) -> bool {
    matches!(path, [first, second] if first == "steps" && second == step)
}

impl Refiner for NodeBuilder<'_> {
    fn predicate(&mut self, file: FileId, cond: ExprId, it: &Locals) -> Option<Value> {
        let checked = self.checked(file);
        self.eval(&checked, cond, it, None)
    }

    fn forbidden(&mut self, of: &EnumTy, at: u32) -> Option<String> {
        let db = self.context.db;
        let (when, cond) = condition_of(db, &self.package.schema.table, of, at)?;
        self.reads = true;
        let facts = &mut NodeFacts { solution: self.context.solution, node: self.id };
        let fails = cond.holds(facts) == Some(false);
        fails.then(|| db.text(of.file)[db.expr_range(of.file, when)].to_owned())
    }
}
