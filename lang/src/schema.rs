//! What a file offers to others: the options of a recipe with those of its mixins, its versions,
//! steps, outputs and presets.
//!
//! Bodies are put in a row, lowest first: what every package has, the mixins in the order in which
//! they are included (each once, where it is first), the recipe itself. A later body overrules an
//! earlier one.

mod options;

use std::ops::Deref;
use std::sync::Arc;

use thin_vec::ThinVec;

use crate::database::{Database, FileId};
use crate::diagnostic::{Code, Diagnostic};
use crate::env::Env;
use crate::module::{
    Attr, BodyId, Expr, ExprId, GuardId, Ident, Include, ModuleKind, Name, OptionDecl, OptionKind,
    PartKind, SpanId, StmtKind, StrPart,
};
use crate::nearest::{did_you_mean, list, nearest};
use crate::types::Ty;
use crate::version::Version;

pub use options::Options;

/// What a file offers.
#[derive(Debug)]
pub struct Schema {
    /// The file.
    pub file: FileId,
    /// The types and functions of the file.
    pub env: Arc<Env>,
    /// The options of the file's own body with those of its mixins.
    pub table: Arc<OptionTable>,
    /// The options of each mixin that the file declares.
    pub mixins: ThinVec<(Name, BodyId, Arc<OptionTable>)>,
    /// The versions, newest first.
    pub versions: Vec<VersionSchema>,
    /// What is wrong with declarations and inclusions.
    pub diagnostics: ThinVec<Diagnostic>,
    /// Whether something is missing because files include each other in a ring.
    pub(crate) truncated: bool,
}

/// A body by where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BodyRef {
    /// The file.
    pub file: FileId,
    /// The body in it.
    pub body: BodyId,
}

/// Options and steps of several bodies in a row.
#[derive(Debug, Default)]
pub struct OptionTable {
    /// The bodies, lowest first.
    pub bodies: Vec<BodyRef>,
    /// The options, in the order of their declarations.
    pub options: Options,
    /// The steps, in the order in which they run.
    pub steps: ThinVec<StepSchema>,
    /// The names of the options as they once were.
    pub renamed: ThinVec<Renamed>,
}

/// An option as others see it.
#[derive(Debug, Clone)]
pub struct OptionSchema {
    /// What it is.
    pub kind: OptionKind,
    /// Its name.
    pub name: Name,
    /// Its type. That of a let without annotation is found when its value is checked.
    pub ty: Ty,
    /// The body that declares it.
    pub at: BodyRef,
    /// Which of the body's declarations it is.
    pub index: u32,
    /// Its default.
    pub default: Option<ExprId>,
    /// How needs of several dependents are joined.
    pub join: Join,
    /// When it has an effect.
    pub when: Option<ExprId>,
    /// Under which conditions it exists.
    pub guard: Option<GuardId>,
    /// Whether builds are split by it.
    pub split: bool,
    /// Whether only an explicit need may change it.
    pub sticky: bool,
    /// Its history.
    pub history: History,
    /// Where its name is written.
    pub span: SpanId,
}

/// How needs of several dependents are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Join {
    /// On if anyone needs it; of features.
    Or,
    /// All values that anyone needs; of sets.
    Union,
    /// The greatest number.
    Max,
    /// The smallest number.
    Min,
    /// All must need the same.
    Agree,
}

/// What attributes say about the life of an option, value or version; nothing of most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History(Option<Box<Life>>);

/// What attributes say about the life of something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// Since which version it is there.
    pub since: Option<Version>,
    /// Why it should not be used any more.
    pub deprecated: Option<Box<str>>,
    /// Why it cannot be used any more, and since when.
    pub removed: Option<(Option<Version>, Box<str>)>,
    /// Its former names, and since when they are former.
    pub renamed_from: Vec<(Name, Option<Version>)>,
}

impl Deref for History {
    type Target = Life;

    fn deref(&self) -> &Life {
        static NOTHING: Life =
            Life { since: None, deprecated: None, removed: None, renamed_from: Vec::new() };
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

/// A former name of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// The former name.
    pub from: Name,
    /// The name now.
    pub to: Name,
    /// Since when.
    pub since: Option<Version>,
}

/// A step as others see it.
#[derive(Debug, Clone)]
pub struct StepSchema {
    /// Its name.
    pub name: Name,
    /// The body that declares it.
    pub at: BodyRef,
    /// Which of the body's steps it is.
    pub index: u32,
}

/// A version that a recipe offers.
#[derive(Debug, Clone)]
pub struct VersionSchema {
    /// The version.
    pub version: Version,
    /// Which of the versions in the recipe's body it is; `None` for `version = …`.
    pub index: Option<u32>,
    /// Its history.
    pub history: History,
    /// Whether it is chosen before newer ones.
    pub preferred: bool,
    /// Where it is written.
    pub span: SpanId,
}

impl OptionSchema {
    /// Returns its documentation.
    #[must_use]
    pub fn doc(&self, db: &Database) -> Option<Box<str>> {
        let module = &db.lowered(self.at.file).module;
        module.bodies[self.at.body].options[self.index as usize].doc.clone()
    }
}

impl OptionTable {
    /// Returns the option with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OptionSchema> {
        self.position(name).map(|it| &*self.options[it])
    }

    /// Returns the place of the option with this name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.options.position(name)
    }

    /// Returns the place of the option with this name; `at` is it, if that is known.
    #[must_use]
    pub fn place(&self, name: &str, at: Option<u32>) -> Option<usize> {
        debug_assert!(at.is_none_or(|at| self.options[at as usize].name == name));
        at.map(|it| it as usize).or_else(|| self.position(name))
    }

    /// Gives back memory that is not used.
    fn shrink(&mut self) {
        self.bodies.shrink_to_fit();
        self.options.shrink();
        self.steps.shrink_to_fit();
    }

    /// Returns the step with this name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&StepSchema> {
        self.steps.iter().find(|it| it.name == name)
    }

    /// Returns the names that settings and specs may use.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.options.iter().filter(|it| it.kind != OptionKind::Let).map(|it| it.name.as_str())
    }

    /// Returns the features and knobs.
    pub fn choices(&self) -> impl Iterator<Item = &OptionSchema> {
        let options = self.options.iter().map(|it| &**it);
        options.filter(|it| it.kind.is_choice())
    }

    /// Returns the set knobs that have this value, and the place of the value in each.
    pub fn sets_with(&self, value: &str) -> Vec<(&OptionSchema, u32)> {
        self.choices()
            .filter_map(|option| match &option.ty {
                Ty::Set(ty) => ty.position(value).map(|at| (option, at)),
                _ => None,
            })
            .collect()
    }
}

impl Schema {
    /// Returns the name of the package, or of whatever the file is.
    #[must_use]
    pub fn name(&self) -> &str {
        self.env.module().name.as_ref().map_or("", |it| &it.name)
    }

    /// Returns the options of the mixin with this name.
    #[must_use]
    pub fn mixin(&self, name: &str) -> Option<&(Name, BodyId, Arc<OptionTable>)> {
        self.mixins.iter().find(|it| it.0 == name)
    }

    /// Returns the body of a part of the file's own body.
    #[must_use]
    pub fn part(&self, kind: PartKind, name: &str) -> Option<BodyId> {
        let module = self.env.module();
        let root = module.root?;
        let parts = &module.bodies[root].parts;
        parts.iter().find(|it| it.kind == kind && it.ident.name == name).map(|it| it.body)
    }

    /// Returns the names of the parts of one kind.
    pub fn part_names(&self, kind: PartKind) -> impl Iterator<Item = &str> {
        let module = self.env.module();
        let parts = module.root.map(|it| &module.bodies[it].parts);
        parts
            .into_iter()
            .flatten()
            .filter(move |it| it.kind == kind)
            .map(|it| it.ident.name.as_str())
    }
}

/// The attributes of declarations.
pub(crate) const ATTRIBUTES: &[&str] = &[
    "since",
    "deprecated",
    "removed",
    "renamed",
    "ordered",
    "alone",
    "preferred",
    "all",
    "noarch",
];

/// Computes what a file offers; `outer` are the files that wait for it.
pub(crate) fn compute(db: &Database, file: FileId, outer: &[FileId]) -> Schema {
    let env = db.env(file);
    let mut compute = Compute {
        db,
        file,
        env: &env,
        outer,
        diagnostics: Vec::new(),
        truncated: env.truncated,
        open: Vec::new(),
        rings: Vec::new(),
    };
    let module = env.module();
    let mut mixins = ThinVec::new();
    let mut table = OptionTable::default();
    let mut versions = Vec::new();
    if let Some(root) = module.root {
        for part in module.bodies[root].parts.iter().filter(|it| it.kind == PartKind::Mixin) {
            let table = compute.table(part.body, !Database::is_builtin(file));
            mixins.push((part.ident.name.clone(), part.body, Arc::new(table)));
        }
        let is_package =
            matches!(module.kind, Some(ModuleKind::Recipe | ModuleKind::Interface) | None);
        table = compute.table(root, is_package);
        versions = compute.versions(root);
    }
    let Compute { diagnostics, truncated, .. } = compute;
    let diagnostics = diagnostics.into();
    Schema { file, table: Arc::new(table), mixins, versions, diagnostics, truncated, env }
}

struct Compute<'a> {
    db: &'a Database,
    file: FileId,
    env: &'a Env,
    /// The files that wait for this one.
    outer: &'a [FileId],
    diagnostics: Vec<Diagnostic>,
    truncated: bool,
    /// The bodies of this file whose tables are being made.
    open: Vec<BodyId>,
    /// The bodies of rings that were told.
    rings: Vec<BodyId>,
}

impl Compute<'_> {
    fn at(&self, code: Code, span: SpanId, message: String) -> Diagnostic {
        Diagnostic::new(code, self.file, self.env.lowered.map.span(span), message)
    }

    fn table(&mut self, body: BodyId, with_package: bool) -> OptionTable {
        let mut table = OptionTable::default();
        self.open.push(body);
        let module = self.env.module();
        if with_package {
            let package = self.db.schema(Database::PACKAGE);
            if let Some((_, _, base)) = package.mixin("package") {
                self.append(&mut table, base, None);
            }
        }
        // In layers, `include` names presets.
        let includes_mixins = matches!(
            module.kind,
            Some(ModuleKind::Recipe | ModuleKind::Module | ModuleKind::Interface) | None
        );
        for stmt in module.bodies[body].stmts.iter().filter(|_| includes_mixins) {
            let StmtKind::Include(include) = &stmt.kind else { continue };
            if let Some(included) = self.included(include) {
                let last = include.path.last().map(|it| it.span);
                self.append(&mut table, &included, last);
            }
        }
        table.options.reserve(module.bodies[body].options.len());
        self.own(&mut table, body);
        table.shrink();
        self.open.pop();
        table
    }

    /// The table of an included mixin.
    fn included(&mut self, include: &Include) -> Option<Arc<OptionTable>> {
        let (file, name) = self.target(include)?;
        if file == self.file {
            let module = self.env.module();
            let root = module.root?;
            let parts = &module.bodies[root].parts;
            let part =
                parts.iter().find(|it| it.kind == PartKind::Mixin && it.ident.name == name.name)?;
            if let Some(begin) = self.open.iter().position(|it| *it == part.body) {
                // A ring is told once, wherever in it one begins.
                if !self.open[begin..].iter().any(|it| self.rings.contains(it)) {
                    self.rings.extend_from_slice(&self.open[begin..]);
                    self.ring(name);
                }
                return None;
            }
            return Some(Arc::new(self.table(part.body, false)));
        }
        // Asked of the text and not of what is being computed, so that it is said in each file of the
        // ring, whichever of them is asked for first.
        if self.outer.contains(&file) || self.reaches_this(file) {
            self.truncated |= self.outer.contains(&file);
            self.ring(name);
            return None;
        }
        let schema = self.db.schema_within(file, &[self.outer, &[self.file]].concat());
        self.truncated |= schema.truncated;
        if let Some((_, _, table)) = schema.mixin(&name.name) {
            return Some(table.clone());
        }
        let names: Vec<&str> = schema.mixins.iter().map(|it| it.0.as_str()).collect();
        let near = nearest(&name.name, names.iter().copied());
        let message = format!(
            "module `{}` has no mixin `{}`{}",
            schema.name(),
            name.name,
            did_you_mean(&near)
        );
        let mut diagnostic = self.at(Code::UnknownModule, name.span, message);
        diagnostic = match (&near[..], names.len()) {
            ([near, ..], _) => diagnostic.fix(format!("write `{near}`"), *near),
            ([], 0) => diagnostic.help("it has no mixins"),
            ([], _) => diagnostic.help(format!("it has {}", list(&names, "and"))),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn ring(&mut self, name: &Ident) {
        let message = format!("including `{}` here includes it in itself", name.name);
        let diagnostic = self
            .at(Code::OptionCycle, name.span, message)
            .help("move what both need into a mixin that includes neither");
        self.diagnostics.push(diagnostic);
    }

    /// Whether a module includes this file, by way of whatever modules.
    fn reaches_this(&self, from: FileId) -> bool {
        // Only modules can be included.
        if self.env.module().kind != Some(ModuleKind::Module) {
            return false;
        }
        let mut seen = vec![from];
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            let env = self.db.env(file);
            let stmts = env.module().bodies.values().iter().flat_map(|it| &it.stmts);
            for stmt in stmts {
                let StmtKind::Include(include) = &stmt.kind else { continue };
                let Some(of) = include.path.first() else { continue };
                let next = env.used(&of.name).or_else(|| self.db.module(&of.name));
                let Some(next) = next.filter(|it| *it != file) else { continue };
                if next == self.file {
                    return true;
                }
                if !seen.contains(&next) {
                    seen.push(next);
                    open.push(next);
                }
            }
        }
        false
    }

    /// The file and the name of the mixin that an inclusion means.
    fn target<'i>(&mut self, include: &'i Include) -> Option<(FileId, &'i Ident)> {
        let module = self.env.module();
        match &*include.path {
            [name] => {
                let root = module.root?;
                let own = &module.bodies[root].parts;
                if own.iter().any(|it| it.kind == PartKind::Mixin && it.ident.name == name.name) {
                    return Some((self.file, name));
                }
                // A module's main mixin has its name: `steps autotools`.
                match self.env.used(&name.name).or_else(|| self.db.module(&name.name)) {
                    Some(file) => Some((file, name)),
                    None => {
                        self.unknown(name, include.is_steps);
                        None
                    }
                }
            }
            [of, name, ..] => match self.env.used(&of.name).or_else(|| self.db.module(&of.name)) {
                Some(file) => Some((file, name)),
                None => {
                    self.unknown(of, include.is_steps);
                    None
                }
            },
            [] => None,
        }
    }

    fn unknown(&mut self, name: &Ident, is_steps: bool) {
        let module = self.env.module();
        let own = module.root.map(|it| module.bodies[it].parts.iter()).into_iter().flatten();
        let own: Vec<&str> =
            own.filter(|it| it.kind == PartKind::Mixin).map(|it| it.ident.name.as_str()).collect();
        let mut near = nearest(&name.name, own.iter().copied().chain(self.db.stems()));
        near.retain(|it| own.contains(it) || self.db.module(it).is_some());
        let what = if is_steps { "build system" } else { "mixin" };
        let message = format!("there is no {what} `{}`{}", name.name, did_you_mean(&near));
        let mut diagnostic = self.at(Code::UnknownModule, name.span, message);
        if let [near, ..] = near[..] {
            diagnostic = diagnostic.fix(format!("write `{near}`"), near);
        } else if self.db.package(&name.name).is_some() {
            diagnostic = diagnostic.help(format!(
                "`{0}` is a package: to depend on it, write `host {0}` or `build {0}`",
                name.name
            ));
        } else {
            diagnostic = diagnostic.help(format!(
                "to make it, write `module {0}` with `mixin {0} {{ … }}` into a file `{0}.kiln`",
                name.name
            ));
        }
        self.diagnostics.push(diagnostic);
    }

    /// Adds what `other` has and `table` has not.
    fn append(&mut self, table: &mut OptionTable, other: &Arc<OptionTable>, at: Option<SpanId>) {
        // A let is private to its body.
        let is_private = |it: &&Arc<OptionSchema>| it.kind == OptionKind::Let;
        let has_all = table.options.is_empty()
            && other.options.can_be_first()
            && !other.options.iter().any(|it| is_private(&it));
        if has_all {
            table.options = Options::after(other);
        }
        for option in other.options.iter().filter(|it| !has_all && !is_private(it)) {
            if let Some(first) = table.get(&option.name) {
                if first.at != option.at
                    && let Some(at) = at
                {
                    let (a, b) = (first.clone(), option.clone());
                    self.clash(at, &a, &b);
                }
                continue;
            }
            table.options.push(option.clone());
        }
        for step in &other.steps {
            if table.step(&step.name).is_none() {
                table.steps.push(step.clone());
            }
        }
        for body in &other.bodies {
            if !table.bodies.contains(body) {
                table.bodies.push(*body);
            }
        }
        table.renamed.extend(
            other
                .renamed
                .iter()
                .filter(|it| !table.renamed.contains(it))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }

    fn clash(&mut self, at: SpanId, first: &OptionSchema, second: &OptionSchema) {
        let message = format!("two mixins declare `{}`", first.name);
        let diagnostic = self
            .at(Code::DuplicateDeclaration, at, message)
            .here("included here")
            .label(first.at.file, self.db.span(first.at.file, first.span), "declared here")
            .label(second.at.file, self.db.span(second.at.file, second.span), "and here")
            .help("rename one of them, or include only one of the mixins");
        self.diagnostics.push(diagnostic);
    }

    /// Adds the declarations of `body`.
    fn own(&mut self, table: &mut OptionTable, body: BodyId) {
        let module = self.env.module();
        let at = BodyRef { file: self.file, body };
        for (index, decl) in module.bodies[body].options.iter().enumerate() {
            let option = self.option(decl, at, index as u32);
            if let Some(first) = table.get(&option.name) {
                let first = first.clone();
                self.redeclared(&first, &option);
                continue;
            }
            for (from, since) in &option.history.renamed_from {
                let renamed =
                    Renamed { from: from.clone(), to: option.name.clone(), since: since.clone() };
                table.renamed.push(renamed);
            }
            table.options.push(Arc::new(option));
        }
        for (index, decl) in module.bodies[body].steps.iter().enumerate() {
            let step = StepSchema { name: decl.ident.name.clone(), at, index: index as u32 };
            if table.step(&step.name).is_some() {
                let Some(first) = table.step(&step.name).cloned() else { continue };
                let lowered = self.db.lowered(first.at.file);
                let place =
                    lowered.module.bodies[first.at.body].steps[first.index as usize].ident.span;
                let message = format!("there are two steps `{}`", step.name);
                let diagnostic = self
                    .at(Code::DuplicateDeclaration, decl.ident.span, message)
                    .second_of(first.at.file, lowered.map.span(place))
                    .help(if first.at == step.at {
                        "give one of them another name".to_owned()
                    } else {
                        format!("to replace what it does, write `steps.{} = …`", step.name)
                    });
                self.diagnostics.push(diagnostic);
                continue;
            }
            let place = match &decl.place {
                None => Some(table.steps.len()),
                Some((place, of)) => {
                    let found = table.steps.iter().position(|it| it.name == of.name);
                    if found.is_none() {
                        let near = nearest(&of.name, table.steps.iter().map(|it| it.name.as_str()));
                        let message =
                            format!("there is no step `{}`{}", of.name, did_you_mean(&near));
                        let mut diagnostic = self.at(Code::UnknownStep, of.span, message);
                        if let [near, ..] = near[..] {
                            diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                        } else if table.steps.is_empty() {
                            diagnostic = diagnostic
                                .help("there are no steps: choose a build system, as in `steps autotools`");
                        } else {
                            let names: Vec<&str> =
                                table.steps.iter().map(|it| it.name.as_str()).collect();
                            diagnostic =
                                diagnostic.help(format!("there are {}", list(&names, "and")));
                        }
                        self.diagnostics.push(diagnostic);
                    }
                    found.map(|it| it + usize::from(*place == crate::module::StepPlace::After))
                }
            };
            table.steps.insert(place.unwrap_or(table.steps.len()), step);
        }
        table.bodies.push(at);
    }

    fn redeclared(&mut self, first: &OptionSchema, second: &OptionSchema) {
        let message = format!("`{}` is declared twice", second.name);
        let where_ = if first.at.file == Database::PACKAGE {
            "every package has it"
        } else {
            "the first time"
        };
        let diagnostic = self
            .at(Code::DuplicateDeclaration, second.span, message)
            .here("declared again")
            .label(first.at.file, self.db.span(first.at.file, first.span), where_)
            .help(if first.at == second.at {
                "remove one of them; what differs by condition is written in one declaration: `= if version >= 2 then a else b`".to_owned()
            } else {
                format!("to change its value, write `{} = …`", second.name)
            });
        self.diagnostics.push(diagnostic);
    }

    fn option(&mut self, decl: &OptionDecl, at: BodyRef, index: u32) -> OptionSchema {
        let ty = match (decl.kind, decl.ty) {
            (OptionKind::Feature, _) => Ty::Bool,
            (_, Some(id)) => self.env.types[id.index()].clone(),
            (_, None) => Ty::Error,
        };
        let join = self.join(decl, &ty);
        if decl.kind == OptionKind::Knob && !can_be_knob(&ty) {
            let message = format!("a knob cannot be {}", ty.a());
            let diagnostic = self
                .at(Code::BadDeclaration, decl.ident.span, message)
                .help("knobs are enums, sets, numbers, sizes, durations, texts, versions and records; for anything else use `field`");
            self.diagnostics.push(diagnostic);
        }
        OptionSchema {
            kind: decl.kind,
            name: decl.ident.name.clone(),
            ty,
            at,
            index,
            default: decl.default,
            join,
            when: decl.when,
            guard: decl.guard,
            split: decl.split,
            sticky: decl.sticky,
            history: self.history(&decl.attrs),
            span: decl.ident.span,
        }
    }

    fn join(&mut self, decl: &OptionDecl, ty: &Ty) -> Join {
        let natural = match ty {
            Ty::Bool if decl.kind == OptionKind::Feature => Join::Or,
            Ty::Set(_) => Join::Union,
            _ => Join::Agree,
        };
        let Some(word) = &decl.join else { return natural };
        let numeric =
            matches!(ty, Ty::Int(_) | Ty::Size(_) | Ty::Duration(_) | Ty::Version | Ty::Error)
                || matches!(ty, Ty::Enum(it) if it.ordered);
        match word.name.as_str() {
            "max" if numeric => Join::Max,
            "min" if numeric => Join::Min,
            "agree" => Join::Agree,
            "or" if *ty == Ty::Bool => Join::Or,
            "union" if matches!(ty, Ty::Set(_)) => Join::Union,
            "max" | "min" | "or" | "union" => {
                let message = format!("{} cannot be joined by `{}`", ty.a(), word.name);
                let diagnostic = self
                    .at(Code::BadDeclaration, word.span, message)
                    .help("numbers join by `max` or `min`, features by `or`, sets by `union`; everything by `agree`");
                self.diagnostics.push(diagnostic);
                natural
            }
            other => {
                let near = nearest(other, ["max", "min", "agree", "or", "union"]);
                let message = format!("there is no join `{other}`{}", did_you_mean(&near));
                let mut diagnostic = self.at(Code::UnknownKeyword, word.span, message);
                if let [near, ..] = near[..] {
                    diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                } else {
                    diagnostic = diagnostic
                        .help("there are `max` and `min` for numbers, `or` for features, `union` for sets, and `agree`");
                }
                self.diagnostics.push(diagnostic);
                natural
            }
        }
    }

    fn versions(&mut self, body: BodyId) -> Vec<VersionSchema> {
        let module = self.env.module();
        let mut versions: Vec<VersionSchema> =
            Vec::with_capacity(module.bodies[body].versions.len());
        for (index, entry) in module.bodies[body].versions.iter().enumerate() {
            let version = Version::new(&entry.version.name);
            if let Some(first) = versions.iter().find(|it| it.version == version) {
                let diagnostic = self
                    .at(
                        Code::DuplicateDeclaration,
                        entry.version.span,
                        format!("version {version} is listed twice"),
                    )
                    .second_time(self.file, self.env.lowered.map.span(first.span))
                    .help("remove one of them");
                self.diagnostics.push(diagnostic);
                continue;
            }
            versions.push(VersionSchema {
                version,
                index: Some(index as u32),
                history: self.history(&entry.attrs),
                preferred: entry.attrs.iter().any(|it| it.ident.name == "preferred"),
                span: entry.version.span,
            });
        }
        for stmt in &module.bodies[body].stmts {
            let StmtKind::Setting(setting) = &stmt.kind else { continue };
            let [name] = &*setting.path else { continue };
            if name.name == "version"
                && module.kind == Some(ModuleKind::Recipe)
                && let Some(text) = version_text(&module.exprs[setting.value])
                && versions.is_empty()
            {
                versions.reserve_exact(1);
                versions.push(VersionSchema {
                    version: Version::new(text),
                    index: None,
                    history: History::default(),
                    preferred: false,
                    span: name.span,
                });
            }
        }
        versions
    }

    fn history(&mut self, attrs: &[Attr]) -> History {
        if attrs.is_empty() {
            return History::default();
        }
        let mut history = Life::default();
        for attr in attrs {
            let version = |name: &str| {
                let arg =
                    attr.args.iter().find(|it| it.name.as_ref().is_some_and(|it| it.name == name));
                arg.and_then(|it| version_text(&self.env.module().exprs[it.value]))
                    .map(Version::new)
            };
            let text = attr
                .args
                .iter()
                .filter(|it| it.name.is_none())
                .find_map(|it| plain_text(&self.env.module().exprs[it.value]));
            match attr.ident.name.as_str() {
                "since" => {
                    let first = attr.args.first().map(|it| &self.env.module().exprs[it.value]);
                    history.since = first.and_then(version_text).map(Version::new);
                }
                "deprecated" => {
                    history.deprecated = Some(text.unwrap_or_else(|| "it is going away".into()));
                }
                "removed" => {
                    history.removed =
                        Some((version("in"), text.unwrap_or_else(|| "it is gone".into())));
                }
                "renamed" => {
                    let from = attr
                        .args
                        .iter()
                        .find(|it| it.name.as_ref().is_some_and(|it| it.name == "from"));
                    match from.map(|it| &self.env.module().exprs[it.value]) {
                        Some(Expr::Name(name)) => {
                            history.renamed_from.push((name.clone(), version("since")));
                        }
                        Some(expr) if plain_text(expr).is_some() => {
                            let name = plain_text(expr).unwrap_or_default();
                            history.renamed_from.push((name.as_ref().into(), version("since")));
                        }
                        _ => {
                            let diagnostic = self
                                .at(
                                    Code::BadCall,
                                    attr.ident.span,
                                    "`@renamed` needs the former name".to_owned(),
                                )
                                .help("for example `@renamed(from = gssapi, since = 8.10)`");
                            self.diagnostics.push(diagnostic);
                        }
                    }
                }
                "ordered" | "alone" | "preferred" | "all" | "noarch" => {}
                other => {
                    let near = nearest(other, ATTRIBUTES.iter().copied());
                    let message =
                        format!("there is no attribute `@{other}`{}", did_you_mean(&near));
                    let mut diagnostic = self.at(Code::UnknownKeyword, attr.ident.span, message);
                    if let [near, ..] = near[..] {
                        diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                    } else {
                        diagnostic =
                            diagnostic.help(format!("there are {}", list(ATTRIBUTES, "and")));
                    }
                    self.diagnostics.push(diagnostic);
                }
            }
        }
        History((history != Life::default()).then(|| Box::new(history)))
    }
}

fn can_be_knob(ty: &Ty) -> bool {
    matches!(
        ty.without_opt(),
        Ty::Error
            | Ty::Bool
            | Ty::Int(_)
            | Ty::Size(_)
            | Ty::Duration(_)
            | Ty::String(_)
            | Ty::Path
            | Ty::Version
            | Ty::Enum(_)
            | Ty::Set(_)
            | Ty::Record(_)
    )
}

/// The text of an expression that stands for a version.
pub(crate) fn version_text(expr: &Expr) -> Option<Name> {
    match expr {
        Expr::Name(name) => Some(name.clone()),
        Expr::Version(text) => Some(Name::clone(text)),
        Expr::Int(number) => Some(Name::from(number.to_string())),
        Expr::Str(_) | Expr::Shell(_) => plain_text(expr).map(|it| Name::from(it.as_ref())),
        _ => None,
    }
}

/// Returns the text of a string, or of shell text, without interpolations; nothing of anything else.
#[must_use]
pub fn plain_text(expr: &Expr) -> Option<Box<str>> {
    match expr {
        Expr::Str(parts) | Expr::Shell(parts) => match &**parts {
            [] => Some("".into()),
            [StrPart::Text(text)] => Some(text.as_str().into()),
            _ => None,
        },
        _ => None,
    }
}
