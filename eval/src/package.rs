//! What a recipe evaluates to before anything is chosen: data that the solver works on.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use kiln_lang::module::{ExprId, Name, Role, SettingOp};
use kiln_lang::schema::Schema;
use kiln_lang::{Checked, FileId, TextRange, Version, VersionReq, shrink_thin};
use lean_string::LeanStr;
use thin_vec::ThinVec;

use crate::condition::Cond;
use crate::solution::OptionValues;
use crate::value::Value;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The beginning, in bytes.
    pub start: u32,
    /// The end, in bytes.
    pub end: u32,
}

impl Place {
    /// Returns it as diagnostics name places.
    pub(crate) fn in_file(self) -> (FileId, TextRange) {
        (self.file, self.range())
    }

    /// Makes a place of a range.
    #[must_use]
    pub fn new(file: FileId, range: TextRange) -> Self {
        Place { file, start: range.start().into(), end: range.end().into() }
    }

    /// Returns the range.
    #[must_use]
    pub fn range(self) -> TextRange {
        TextRange::new(self.start.into(), self.end.into())
    }
}

/// A recipe, evaluated as far as possible before anything is chosen.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: Name,
    /// Its file.
    pub file: FileId,
    /// Where its name is written; the beginning of its file if it has none.
    pub place: Place,
    /// What it offers.
    pub schema: Arc<Schema>,
    /// The bodies that make it up, lowest first, in the order of the schema's table.
    pub bodies: ThinVec<Arc<Checked>>,
    /// Whether it is an interface, which other packages provide.
    pub is_interface: bool,
    /// Its versions, newest first.
    pub versions: ThinVec<PackageVersion>,
    /// When options exist and have an effect that do not always, by their place in the table.
    pub effects: BTreeMap<u32, Cond>,
    /// What it depends on.
    pub deps: ThinVec<DepDecl>,
    /// What must and must not hold.
    pub rules: ThinVec<RuleDecl>,
    /// What its dependents get.
    pub exports: ThinVec<ExportDecl>,
    /// What it does not take from its dependencies.
    pub ignores: ThinVec<IgnoreDecl>,
    /// The interfaces that it provides.
    pub provides: ThinVec<ProvideDecl>,
    /// Settings in its bodies, lowest body first.
    pub settings: ThinVec<BodySetting>,
    /// Arguments that it adds, lowest body first.
    pub args: ThinVec<BodyArg>,
    /// Its tests, lowest body first.
    pub tests: ThinVec<TestDecl>,
    /// Its compilations, in the order of the recipe; without any there is one, with nothing pinned.
    pub compiles: ThinVec<CompileDecl>,
    /// Its outputs, in the order of the recipe; without any there is one, with everything in it.
    pub outputs: ThinVec<OutputDecl>,
    /// The options whose default is `auto(…)`, by their place in the table, and its values.
    pub autos: BTreeMap<u32, Vec<ExprId>>,
    /// The facts of the machine that it reads, itself or by functions of modules.
    pub facts_read: BTreeSet<Name>,
    /// The features and knobs that are as declared where nobody says anything about them, by their
    /// place in the table; nothing for those that depend on something, and for fields.
    pub plain: OptionValues,
    /// Whether all features and knobs are in `plain`.
    pub is_plain: bool,
    /// What is wrong with the files that it is made of, and what could not be evaluated, because it
    /// has no end.
    pub mistakes: ThinVec<kiln_lang::Diagnostic>,
}

impl Package {
    /// Whether it is compiled in several ways, or what is made of it is in several outputs.
    pub(crate) fn has_parts(&self) -> bool {
        !self.outputs.is_empty() || !self.compiles.is_empty()
    }

    /// Makes a package that says nothing of itself yet.
    pub(crate) fn empty(name: Name, file: FileId, schema: Arc<Schema>) -> Self {
        Package {
            name,
            file,
            place: Place::new(file, TextRange::default()),
            schema,
            bodies: ThinVec::new(),
            is_interface: false,
            versions: ThinVec::new(),
            effects: BTreeMap::new(),
            deps: ThinVec::new(),
            rules: ThinVec::new(),
            exports: ThinVec::new(),
            ignores: ThinVec::new(),
            provides: ThinVec::new(),
            settings: ThinVec::new(),
            args: ThinVec::new(),
            tests: ThinVec::new(),
            compiles: ThinVec::new(),
            outputs: ThinVec::new(),
            autos: BTreeMap::new(),
            facts_read: BTreeSet::new(),
            plain: OptionValues::default(),
            is_plain: false,
            mistakes: ThinVec::new(),
        }
    }

    /// Gives back memory that is not used.
    pub(crate) fn shrink(&mut self) {
        shrink_thin(&mut self.deps);
        shrink_thin(&mut self.rules);
        shrink_thin(&mut self.exports);
        shrink_thin(&mut self.settings);
        shrink_thin(&mut self.args);
        shrink_thin(&mut self.tests);
    }

    /// Returns what it depends on, and what its outputs do; outputs of its own, which one of them
    /// needs, are not among them.
    pub fn all_deps(&self) -> impl Iterator<Item = &DepDecl> {
        let outputs = self.outputs.iter().flat_map(|it| &it.deps);
        self.deps.iter().chain(outputs.filter(|it| it.package != self.name))
    }

    /// Returns the output with this name, and its place among the outputs.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<(usize, &OutputDecl)> {
        self.outputs.iter().enumerate().find(|it| it.1.name == *name)
    }

    /// Returns the conditions that decide how the package is and what it needs; those of its tests
    /// are not among them.
    pub fn conds(&self) -> impl Iterator<Item = &Cond> {
        let effects = self.effects.values();
        let deps = self.all_deps().filter(|it| it.role != Role::Test).map(|it| &it.cond);
        let rules = self.rules.iter().map(|it| &it.broken);
        let exports = self.exports.iter().map(|it| &it.dep.cond);
        let ignores = self.ignores.iter().map(|it| &it.cond);
        let provides = self.provides.iter().map(|it| &it.cond);
        let settings = self.settings.iter().map(|it| &it.cond);
        let args = self.args.iter().flat_map(|it| [&it.outer, &it.cond]);
        let outputs = self.outputs.iter().map(|it| &it.cond);
        effects
            .chain(deps)
            .chain(rules)
            .chain(exports)
            .chain(ignores)
            .chain(provides)
            .chain(settings)
            .chain(args)
            .chain(outputs)
    }
}

/// A version that a package offers.
#[derive(Debug, Clone)]
pub struct PackageVersion {
    /// The version.
    pub version: Version,
    /// Which entry of `versions { }` it is.
    pub index: Option<u32>,
    /// Whether it is chosen only when asked for: branches, releases to come, deprecated ones.
    pub reluctant: bool,
    /// Whether it is chosen before newer ones.
    pub preferred: bool,
}

/// Names that loops have given a value, innermost last.
///
/// Nearly everything stands in no loop, and so takes no memory for them.
#[derive(Debug, Clone, Default)]
pub struct Locals(Option<Arc<Vec<(Name, Value)>>>);

impl Locals {
    pub(crate) const NONE: Locals = Locals(None);

    pub(crate) fn push(&mut self, name: Name, value: Value) {
        Arc::make_mut(self.0.get_or_insert_default()).push((name, value));
    }

    pub(crate) fn pop(&mut self) {
        if let Some(all) = &mut self.0 {
            Arc::make_mut(all).pop();
        }
    }
}

impl Deref for Locals {
    type Target = [(Name, Value)];

    fn deref(&self) -> &Self::Target {
        self.0.as_ref().map_or(&[], |it| it)
    }
}

impl FromIterator<(Name, Value)> for Locals {
    fn from_iter<I: IntoIterator<Item = (Name, Value)>>(items: I) -> Self {
        let all: Vec<(Name, Value)> = items.into_iter().collect();
        Locals((!all.is_empty()).then(|| Arc::new(all)))
    }
}

/// A dependency. What few have is in a box.
#[derive(Debug, Clone)]
pub struct DepDecl {
    /// Where it is needed.
    pub role: Role,
    /// The package.
    pub package: Name,
    /// The output of it that is meant.
    pub output: Option<Box<Name>>,
    /// Under which name build expressions know it, if that is not the package's.
    pub alias: Option<Box<Name>>,
    /// What is asked of its options.
    pub items: ThinVec<ItemDecl>,
    /// What is asked of its version.
    pub reqs: Reqs,
    /// When it is needed.
    pub cond: Cond,
    /// Where it is written.
    pub place: Place,
    /// How it is written.
    pub text: LeanStr,
}

impl DepDecl {
    /// Returns the name under which build expressions know it.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.alias.as_deref().unwrap_or(&self.package)
    }
}

/// Whether a package is linked with what it needs in this role, or needs it when it runs: that is in
/// its own unit.
pub(crate) fn is_in_unit(role: Role) -> bool {
    matches!(role, Role::Host | Role::Run | Role::Extends)
}

/// A requirement on a version, as far as it is known.
#[derive(Debug, Clone)]
pub enum Reqs {
    /// Known.
    Known(VersionReq),
    /// Reads the version or options of the package that asks.
    Computed(Box<ComputedReqs>),
    /// The version of the package that asks.
    Same,
}

/// A requirement on a version that reads the version or options of the package that asks.
#[derive(Debug, Clone)]
pub struct ComputedReqs {
    /// The file.
    pub file: FileId,
    /// The requirements: alternatives of comparisons.
    pub any_of: Vec<Vec<(kiln_lang::Comparison, ExprId)>>,
    /// Names of loops around.
    pub locals: Locals,
}

/// What is asked of an option of a dependency.
#[derive(Debug, Clone)]
pub struct ItemDecl {
    /// The package whose option it is, if it is not the dependency itself.
    pub of: Option<Name>,
    /// The option.
    pub option: Name,
    /// What is asked.
    pub ask: AskDecl,
    /// Where it is written.
    pub place: Place,
}

/// What is asked of an option.
#[derive(Debug, Clone)]
pub enum AskDecl {
    /// A feature is on or off.
    Switch(bool),
    /// A value of a set is in it.
    Has(u32),
    /// The option is set, added to, or taken from.
    Value(kiln_lang::module::SettingOp, ValueDecl),
}

/// A value, as far as it is known.
#[derive(Debug, Clone)]
pub enum ValueDecl {
    /// Known.
    Known(Value),
    /// Reads options of the package that asks.
    Computed {
        /// The file.
        file: FileId,
        /// The expression.
        expr: ExprId,
        /// Names of loops around.
        locals: Locals,
    },
}

/// Something that must hold, or must not.
#[derive(Debug, Clone)]
pub struct RuleDecl {
    /// What breaks the rule.
    pub broken: Cond,
    /// Whether that reads other packages.
    pub reads_others: bool,
    /// The word that the rule begins with.
    pub word: &'static str,
    /// Why it is there.
    pub message: Option<(FileId, ExprId, Locals)>,
    /// Where it is written.
    pub place: Place,
}

impl RuleDecl {
    pub(crate) fn new(
        broken: Cond,
        word: &'static str,
        message: Option<(FileId, ExprId, Locals)>,
        place: Place,
    ) -> Self {
        RuleDecl { reads_others: broken.reads_others(), broken, word, message, place }
    }
}

/// Something that dependents get.
#[derive(Debug, Clone)]
pub struct ExportDecl {
    /// From where to where.
    pub key: ExportKey,
    /// What.
    pub dep: DepDecl,
    /// The output whose dependents get it; all of the package's if `None`.
    pub output: Option<Name>,
}

/// From which environment of a dependent to which an export goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExportKey {
    /// Where the exporter stands: `build`, `host`, or anywhere if the dependent compiles nothing.
    pub from: ExportFrom,
    /// Where the export goes.
    pub to: Role,
    /// Whether it only limits versions of what is there anyway.
    pub limit: bool,
}

/// Where an exporter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExportFrom {
    /// In the dependent's build environment.
    Build,
    /// In the dependent's host environment.
    Host,
    /// Anywhere, and the dependent compiles nothing.
    NoArch,
}

impl ExportKey {
    /// Reads a key such as `host_to_run_limit`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (text, limit) = match text.strip_suffix("_limit") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (from, to) = text.split_once("_to_")?;
        let from = match from {
            "build" => ExportFrom::Build,
            "host" => ExportFrom::Host,
            "noarch" => ExportFrom::NoArch,
            _ => return None,
        };
        let to = match to {
            "build" => Role::Build,
            "host" => Role::Host,
            "run" => Role::Run,
            _ => return None,
        };
        Some(ExportKey { from, to, limit })
    }
}

/// `ignore exports from zlib to run`
#[derive(Debug, Clone)]
pub struct IgnoreDecl {
    /// Whether what this package exports is ignored; else, who exports this package is.
    pub from: bool,
    /// The package.
    pub package: Name,
    /// Where to; everywhere if `None`.
    pub to: Option<Role>,
    /// When.
    pub cond: Cond,
}

/// An interface that a package provides.
#[derive(Debug, Clone)]
pub struct ProvideDecl {
    /// The interfaces, together or not at all.
    pub interfaces: Vec<(Name, VersionReq)>,
    /// When.
    pub cond: Cond,
    /// Where it is written.
    pub place: Place,
}

/// A setting in a body of a recipe.
#[derive(Debug, Clone)]
pub struct BodySetting {
    /// Which of the package's bodies.
    pub body: usize,
    /// What is set.
    pub path: Box<[Name]>,
    /// The option that the path is of, by its place in the package's table, and how many names of
    /// the path come before what it names of that: each option asks all settings whether they are
    /// of it, and names take long to look up.
    pub of: Option<(u32, u32)>,
    /// How.
    pub op: SettingOp,
    /// To what.
    pub value: ExprId,
    /// When.
    pub cond: Cond,
    /// Names of loops around.
    pub locals: Locals,
    /// Where it is written.
    pub place: Place,
    /// Whether the block of a version says it.
    pub of_version: bool,
}

impl BodySetting {
    /// What it names of the option at a place of the package's table, if it is of that one: nothing
    /// stands for all of it.
    pub(crate) fn part_of(&self, option: usize) -> Option<&[Name]> {
        let (of, names) = self.of?;
        (of as usize == option).then(|| &self.path[names as usize..])
    }

    /// Where it comes among the settings of its package: lower bodies first, and within a body what
    /// is said of all versions before what is said of one, each as it is written.
    pub(crate) fn rank(&self) -> (usize, bool, u32) {
        (self.body, self.of_version, self.place.start)
    }

    /// Whether a version says it whatever is said of all versions, which so need not have a value
    /// for this one. `checked` is the body's file.
    pub(crate) fn is_own_of_version(&self, checked: &Checked) -> bool {
        self.of_version && self.op == SettingOp::Set && !checked.reads_prev(self.value)
    }
}

/// `arg A else B` in a body of a recipe.
#[derive(Debug, Clone)]
pub struct BodyArg {
    /// Which of the package's bodies.
    pub body: usize,
    /// When the first one is taken; `outer` holds there.
    pub cond: Cond,
    /// The conditions around the block that decides: nothing is added where they do not hold.
    pub outer: Cond,
    /// What is added if the condition holds.
    pub then: ExprId,
    /// What is added if not.
    pub else_: Option<ExprId>,
    /// Names of loops around.
    pub locals: Locals,
    /// Where it is written, for its place among settings of `args`.
    pub place: Place,
}

/// `compile NAME { … }`: a compilation, with what is so in it alone.
#[derive(Debug, Clone)]
pub struct CompileDecl {
    /// Its name.
    pub name: Name,
    /// When there is such a compilation.
    pub cond: Cond,
    /// The options that it pins, and the fields and steps that it sets.
    pub settings: ThinVec<BodySetting>,
    /// Its name in the recipe.
    pub place: Place,
}

/// `output NAME from COMPILE { … }`: files of a compilation, as an object of its own.
#[derive(Debug, Clone)]
pub struct OutputDecl {
    /// Its name.
    pub name: Name,
    /// The compilation that makes its files, by its place in [`Package::compiles`]; nothing if the
    /// recipe has no `compile` blocks.
    pub compile: Option<usize>,
    /// When there is such an output.
    pub cond: Cond,
    /// The condition behind its name, as it is written.
    pub when: Option<ExprId>,
    /// Which files it takes, and when; what holds is joined.
    pub files: Vec<(Cond, ExprId, Locals)>,
    /// What it needs when it runs, outputs of its own package among them.
    pub deps: ThinVec<DepDecl>,
    /// Which of the package's bodies it stands in.
    pub body: usize,
    /// Its name in the recipe.
    pub place: Place,
}

/// `test "title" = sh"…"` in a body of a recipe.
#[derive(Debug, Clone)]
pub struct TestDecl {
    /// Which of the package's bodies.
    pub body: usize,
    /// What it shows, in the words of the recipe.
    pub title: String,
    /// The output that it tests; if none is named, the one that is meant by the package's name.
    pub of: Option<Name>,
    /// When there is such a test.
    pub cond: Cond,
    /// What is there for this test only, whatever the role.
    pub deps: ThinVec<DepDecl>,
    /// What it runs, and when; the last that holds counts.
    pub scripts: Vec<(Cond, ExprId)>,
    /// Names of loops around.
    pub locals: Locals,
    /// The title.
    pub place: Place,
}
