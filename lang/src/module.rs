//! A file after lowering: declarations, statements and expressions, with the syntax gone.
//!
//! ```text
//! syntax tree ─lower─▶ Module + SourceMap
//! ```
//!
//! Blocks are gone too: a statement remembers under which [`Guard`]s it stands (the feature whose
//! block it is in, the arm of a knob, `when`, `for`), and a setting in nested braces has its whole
//! path. Positions are apart, in the [`SourceMap`], so that an edit of white space or comments
//! leaves the module equal.

mod exprs;
mod lower;
mod source_map;
mod types;
mod walk;

use std::fmt;

use lean_string::LeanStr;
use thin_vec::ThinVec;

use crate::arena::{Arena, Id};

pub use exprs::*;
pub use lower::{LowerError, LowerErrorKind, lower};
pub use source_map::{SourceMap, SpanId};
pub use types::*;

/// A name of the language: of a package, an option, a value, a local.
pub type Name = LeanStr;

/// A name and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: Name,
    /// Where it is written.
    pub span: SpanId,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModuleKind {
    /// `recipe NAME`
    Recipe,
    /// `override NAME`
    Override,
    /// `overlay NAME`
    Overlay,
    /// `project`
    Project,
    /// `module NAME`
    Module,
    /// `interface NAME`
    Interface,
}

impl fmt::Display for ModuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ModuleKind::Recipe => "recipe",
            ModuleKind::Override => "override",
            ModuleKind::Overlay => "overlay",
            ModuleKind::Project => "project",
            ModuleKind::Module => "module",
            ModuleKind::Interface => "interface",
        })
    }
}

/// A lowered file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Module {
    /// What the file is; `None` if it does not say.
    pub kind: Option<ModuleKind>,
    /// The name in its header.
    pub name: Option<Ident>,
    /// The attributes of its header.
    pub attrs: ThinVec<Attr>,
    /// Its `//!` lines.
    pub doc: Option<Box<str>>,
    /// Its expressions.
    pub exprs: Arena<Expr>,
    /// Its enums, named and inline.
    pub enums: Arena<EnumDecl>,
    /// Its types as written.
    pub types: Arena<TypeRef>,
    /// The conditions and loops around its declarations and statements.
    pub guards: Arena<Guard>,
    /// The bodies in it: of the file, and of each mixin, preset, `compile`, output and test.
    pub bodies: Arena<Body>,
    /// The functions.
    pub functions: Arena<Function>,
    /// The records.
    pub records: Arena<Record>,
    /// The names of types: enums, records and aliases.
    pub type_names: Vec<TypeName>,
    /// The body of the file.
    pub root: Option<BodyId>,
}

/// The id of an expression in its module.
pub type ExprId = Id<Expr>;
/// The id of an enum in its module.
pub type EnumId = Id<EnumDecl>;
/// The id of a type as written in its module.
pub type TypeId = Id<TypeRef>;
/// The id of a guard in its module.
pub type GuardId = Id<Guard>;
/// The id of a body in its module.
pub type BodyId = Id<Body>;
/// The id of a function in its module.
pub type FunctionId = Id<Function>;
/// The id of a record in its module.
pub type RecordId = Id<Record>;

//------ bodies

/// The declarations and statements between a pair of braces, or of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// Features, knobs, fields and lets, in order.
    pub options: Vec<OptionDecl>,
    /// Steps, in order.
    pub steps: Vec<StepDecl>,
    /// Everything else, in order.
    pub stmts: Vec<Stmt>,
    /// The versions, newest first.
    pub versions: Vec<VersionEntry>,
    /// Named bodies in it.
    pub parts: Vec<Part>,
}

/// A condition or a loop around declarations and statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The next one outside.
    pub parent: Option<GuardId>,
    /// What it asks.
    pub kind: GuardKind,
}

/// What a guard asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardKind {
    /// The condition holds.
    When(ExprId),
    /// The condition does not hold.
    Unless(ExprId),
    /// The feature is on.
    Feature(Ident),
    /// The knob has, or holds, one of these values.
    Arm {
        /// The knob.
        knob: Ident,
        /// The values.
        patterns: ThinVec<ExprId>,
    },
    /// The knob has none of these values, which all other arms name.
    ElseArm {
        /// The knob.
        knob: Ident,
        /// The values.
        patterns: ThinVec<ExprId>,
    },
    /// For each value of the list; it is known while checking.
    For {
        /// What each value is called.
        name: Ident,
        /// What is gone through.
        list: ExprId,
    },
}

/// What kind of option a declaration makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OptionKind {
    /// `feature`
    Feature,
    /// `knob`
    Knob,
    /// `field`
    Field,
    /// `let`: not an option, but declared in the same place.
    Let,
}

impl OptionKind {
    /// Whether it is chosen for a package: a feature or a knob.
    #[must_use]
    pub fn is_choice(self) -> bool {
        matches!(self, OptionKind::Feature | OptionKind::Knob)
    }
}

impl fmt::Display for OptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OptionKind::Feature => "feature",
            OptionKind::Knob => "knob",
            OptionKind::Field => "field",
            OptionKind::Let => "let",
        })
    }
}

/// A declaration of a feature, knob, field or let.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionDecl {
    /// What it makes.
    pub kind: OptionKind,
    /// The name.
    pub ident: Ident,
    /// The type; features have none, lets may have none.
    pub ty: Option<TypeId>,
    /// The default, or the value of a let.
    pub default: Option<ExprId>,
    /// `join NAME`
    pub join: Option<Box<Ident>>,
    /// `when COND`: when it has an effect.
    pub when: Option<ExprId>,
    /// `split`
    pub split: bool,
    /// `sticky`
    pub sticky: bool,
    /// Under which conditions it exists.
    pub guard: Option<GuardId>,
    /// Its documentation.
    pub doc: Option<Box<str>>,
    /// Its attributes.
    pub attrs: ThinVec<Attr>,
    /// Where all of it is written.
    pub span: SpanId,
}

/// `@name(args)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attr {
    /// The name.
    pub ident: Ident,
    /// The arguments.
    pub args: ThinVec<Arg>,
}

/// A declared step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDecl {
    /// The name.
    pub ident: Ident,
    /// Where among the steps: before or after another one; at the end otherwise.
    pub place: Option<(StepPlace, Ident)>,
    /// What it does.
    pub script: ExprId,
    /// Under which conditions it exists.
    pub guard: Option<GuardId>,
    /// Its documentation.
    pub doc: Option<Box<str>>,
}

/// Where a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepPlace {
    /// Right before another one.
    Before,
    /// Right after another one.
    After,
}

/// A version that a recipe offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionEntry {
    /// The version as written.
    pub version: Ident,
    /// What holds for it only; the guard of its statements is this very version.
    pub settings: Vec<Setting>,
    /// Its documentation.
    pub doc: Option<Box<str>>,
    /// Its attributes.
    pub attrs: ThinVec<Attr>,
}

/// A named body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Its name; of a test, its title.
    pub ident: Ident,
    /// `from NAME` of an output, `in NAME` of a test.
    pub of: Option<Ident>,
    /// When it exists.
    pub when: Option<ExprId>,
    /// Under which conditions it stands.
    pub guard: Option<GuardId>,
    /// `= …` of a test.
    pub value: Option<ExprId>,
    /// What is in it.
    pub body: BodyId,
    /// Its documentation.
    pub doc: Option<Box<str>>,
    /// Its attributes.
    pub attrs: ThinVec<Attr>,
}

/// What a named body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// `mixin NAME { … }`
    Mixin,
    /// `preset NAME { … }`
    Preset,
    /// `compile NAME { … }`
    Compile,
    /// `output NAME { … }`
    Output,
    /// `test "title" { … }`
    Test,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stmt {
    /// What it says.
    pub kind: StmtKind,
    /// Under which conditions it stands.
    pub guard: Option<GuardId>,
    /// Where all of it is written.
    pub span: SpanId,
}

/// What a statement says. What is long and seldom written is in a box, so that none takes more
/// room than a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StmtKind {
    /// `host nghttp2 >= 1.43`
    Dep(Box<Dep>),
    /// `provides mpi == 3.1`
    Provides(Box<Provides>),
    /// `require …`, `conflict …`
    Rule(Rule),
    /// `unavailable when … "…"`; of another package in overlays.
    Unavailable {
        /// The package; this one if `None`.
        package: Option<Box<Ident>>,
        /// When.
        when: Option<ExprId>,
        /// Why.
        message: Option<ExprId>,
        /// Whether there need not be such a package: `?bird unavailable "…"`.
        lenient: bool,
    },
    /// `arg A else B`
    Arg {
        /// What is added if the conditions around hold.
        then: ExprId,
        /// What is added if they do not.
        else_: Option<ExprId>,
    },
    /// `steps autotools`, `include dpdk.minimal`
    Include(Include),
    /// `use "core" from lock`
    Use(Box<Use>),
    /// One line of `exports { … }`
    Export {
        /// The key: `host_to_run`.
        key: Box<Ident>,
        /// What is exported.
        dep: Box<Dep>,
    },
    /// `ignore exports from zlib to run`
    IgnoreExports(Box<IgnoreExports>),
    /// `path op value`
    Setting(Setting),
    /// `want dpdk, curl`
    Want(Vec<WantSpec>),
    /// `publish curl[static]`
    Publish(Vec<WantSpec>),
    /// `overlays [ … ]`
    Overlays(ExprId),
    /// `policy openssl[fips] "…"`
    Policy {
        /// What is demanded.
        spec: Box<Spec>,
        /// Of which version.
        reqs: ThinVec<Req>,
        /// Why.
        message: Option<ExprId>,
    },
    /// `pkgs where has feature lto { … }`
    PkgsWhere {
        /// The option.
        option: Box<Ident>,
        /// Whether a feature of that name is meant, or a knob.
        kind: OptionKind,
        /// What is set, without the package's name.
        settings: ThinVec<Setting>,
    },
}

/// Where a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Runs on the build machine.
    Build,
    /// Is linked into, or has headers for, the target.
    Host,
    /// Is there when the package is used.
    Run,
    /// Is there when the package is tested.
    Test,
    /// Host and run, and the package is a plug-in of it.
    Extends,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Build => "build",
            Role::Host => "host",
            Role::Run => "run",
            Role::Test => "test",
            Role::Extends => "extends",
        })
    }
}

/// A dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dep {
    /// Where it is needed; of an export, where it goes is in the key instead.
    pub role: Role,
    /// What is needed.
    pub spec: Spec,
    /// Of which version.
    pub reqs: ThinVec<Req>,
    /// `exact`: of this package's own version.
    pub exact: bool,
    /// `as NAME`
    pub alias: Option<Box<Ident>>,
    /// `when COND`
    pub when: Option<ExprId>,
}

/// A package with what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The package.
    pub package: PackageRef,
    /// An output of it: `curl.libcurl`.
    pub output: Option<Box<Ident>>,
    /// What is asked of its options.
    pub items: ThinVec<SpecItem>,
    /// Where all of it is written.
    pub span: SpanId,
}

impl Spec {
    /// Returns the package, if it is written down.
    #[must_use]
    pub fn package_name(&self) -> Option<&Name> {
        match &self.package {
            PackageRef::Named(ident) => Some(&ident.name),
            PackageRef::Made(_) | PackageRef::Missing(_) => None,
        }
    }
}

/// A package's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageRef {
    /// As written.
    Named(Ident),
    /// Made in a loop.
    Made(ExprId),
    /// Could not be parsed.
    Missing(SpanId),
}

/// What is asked of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecItem {
    /// Whether it is switched off: `~ldap`.
    pub off: bool,
    /// The option; with a dot, of a dependency: `dpdk.max_ethports`.
    pub path: ThinVec<Ident>,
    /// The operator and the value, if it has one.
    pub value: Option<(SettingOp, ExprId)>,
    /// Where all of it is written.
    pub span: SpanId,
}

/// A requirement on a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Req {
    /// `>= 1.43`
    Compare(BinaryOp, ExprId),
    /// `(>= 1 < 2 | >= 3)`
    Any(ThinVec<Bounds>),
}

/// Comparisons of a version that all hold.
pub type Bounds = ThinVec<(BinaryOp, ExprId)>;

/// `provides mpi == 3.1 with mpi-cxx == 3 when fortran`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provides {
    /// The interfaces, provided together or not at all, with their versions.
    pub interfaces: Vec<(Ident, ThinVec<Req>)>,
    /// When.
    pub when: Option<ExprId>,
}

/// `require …` or `conflict …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whether the condition must hold; it must not otherwise.
    pub require: bool,
    /// The condition.
    pub cond: ExprId,
    /// When it is asked.
    pub when: Option<ExprId>,
    /// Why.
    pub message: Option<ExprId>,
}

/// `steps autotools`, `include dpdk.minimal`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// Whether the word was `steps`.
    pub is_steps: bool,
    /// What is included.
    pub path: ThinVec<Ident>,
    /// When; only what a project includes may say.
    pub when: Option<ExprId>,
}

/// `use "core" from lock`, `use dpdk_drivers as drivers`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The name or path.
    pub target: Ident,
    /// Whether it was a string.
    pub is_path: bool,
    /// `as NAME`
    pub alias: Option<Ident>,
    /// `from NAME`
    pub from: Option<Ident>,
}

/// `ignore exports from zlib to run`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreExports {
    /// Whether what this package exports is ignored; else, who exports this package is.
    pub from: bool,
    /// The package.
    pub package: Ident,
    /// Where to: build, host or run; everywhere if `None`.
    pub to: Option<Ident>,
    /// When.
    pub when: Option<ExprId>,
}

/// `path op value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What is set, the names of blocks around it included.
    pub path: ThinVec<Ident>,
    /// How.
    pub op: SettingOp,
    /// To what.
    pub value: ExprId,
    /// Under which conditions it stands.
    pub guard: Option<GuardId>,
    /// `?name { … }`: nothing is wrong if the package is unknown.
    pub lenient: bool,
    /// Where all of it is written.
    pub span: SpanId,
}

/// How a setting changes what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SettingOp {
    /// `=`: replaces.
    Set,
    /// `+=`: adds.
    Add,
    /// `-=`: removes.
    Remove,
}

impl fmt::Display for SettingOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SettingOp::Set => "=",
            SettingOp::Add => "+=",
            SettingOp::Remove => "-=",
        })
    }
}

/// A wish: `curl[http3] >= 8 as curl-h3`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantSpec {
    /// What is wished.
    pub spec: Spec,
    /// Of which version.
    pub reqs: ThinVec<Req>,
    /// Under which name, if a second instance is meant.
    pub alias: Option<Ident>,
}

impl Module {
    /// Returns the name that an expression says, alone or behind a dot; empty if it says none.
    #[must_use]
    pub fn word(&self, expr: ExprId) -> &Name {
        match &self.exprs[expr] {
            Expr::Name(name) => name,
            Expr::DotName(name) => name,
            Expr::Member(it) => &it.name.name,
            _ => const { &Name::from_static_str("") },
        }
    }

    /// Returns the guards from the innermost outwards.
    pub fn guards_of(&self, guard: Option<GuardId>) -> impl Iterator<Item = &Guard> {
        let mut next = guard;
        std::iter::from_fn(move || {
            let guard = &self.guards[next?];
            next = guard.parent;
            Some(guard)
        })
    }

    /// Returns whether what stands under `inner` stands under all the conditions of `outer`.
    #[must_use]
    pub fn is_within(&self, outer: Option<GuardId>, inner: Option<GuardId>) -> bool {
        let mut next = inner;
        loop {
            if next == outer {
                return true;
            }
            let Some(guard) = next else { return false };
            next = self.guards[guard].parent;
        }
    }

    /// Returns the values of `auto(a, b)`, of which the solver takes the first that leads to no
    /// conflict; nothing if the expression is another.
    pub fn auto(&self, expr: ExprId) -> Option<impl Iterator<Item = ExprId>> {
        let Expr::Call(call) = &self.exprs[expr] else { return None };
        let is_auto = matches!(&self.exprs[call.callee], Expr::Name(name) if name == "auto");
        is_auto.then(|| call.args.iter().map(|it| it.value))
    }
}
