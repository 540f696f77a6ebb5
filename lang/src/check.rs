//! Names resolved, every expression typed, and everything that can be wrong before evaluation.
//!
//! ```text
//! Lowered + Env + Schema (of this file and of those it names) ─check─▶ Checked + diagnostics
//! ```
//!
//! Checking is bidirectional: the type that is expected of an expression flows into it, because it
//! decides what bare words mean (`ibverbs_link = dlopen`). What each word turned out to mean is
//! kept as a [`Res`], so that evaluation looks nothing up again. A mistake has the type `?`, which
//! fits everywhere: one mistake is one message.

mod cascades;
mod collections;
mod conditions;
mod constants;
mod contradictions;
mod cycles;
mod declarations;
mod dropped;
mod effects;
mod exprs;
mod facts;
mod functions;
mod layers;
mod library;
mod loops;
mod lowering;
mod matches;
mod mismatches;
mod names;
mod operators;
mod parts;
mod per_expr;
mod recipes;
mod shell;
mod specs;
mod syntax;
mod twice;
mod values;
mod versions;

use std::borrow::Cow;
use std::sync::Arc;

use text_size::TextRange;
use thin_vec::ThinVec;

use crate::database::{Database, FileId};
use crate::diagnostic::{Code, Diagnostic};
use crate::env::Env;
use crate::fast_map::FastMap;
use crate::module::{
    Expr, ExprId, FunctionId, GuardId, GuardKind, Ident, Module, ModuleKind, Name, SpanId,
};
use crate::pattern::Pattern;
use crate::schema::{BodyRef, OptionTable, Schema};
use crate::types::{EnumTy, Object, RecordTy, Ty};
use crate::version::VersionBound;

pub(crate) use functions::object;
pub use library::{Builtin, Method, members_of};
pub(crate) use names::{fact_in_words, is_reserved_word};
pub(crate) use per_expr::Common;
pub use per_expr::PerExpr;
pub(crate) use recipes::EXPORT_KEYS;

/// A file with every name resolved and every expression typed.
#[derive(Debug)]
pub struct Checked {
    /// The file.
    pub file: FileId,
    /// What it offers.
    pub schema: Arc<Schema>,
    /// What each expression's own word means.
    pub res: PerExpr<Res>,
    /// The type of each expression.
    pub types: PerExpr<Ty>,
    /// Everything that is wrong with the file, by place.
    pub diagnostics: ThinVec<Diagnostic>,
    /// Of a module, which options and lets read which others somewhere in it.
    edges: Box<[(Name, Name)]>,
}

/// What a word, a literal or a callee turned out to mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Res {
    /// The expression means what it says.
    #[default]
    None,
    /// `on`, `off`.
    Bool(bool),
    /// `null`.
    Null,
    /// The value under the current layer.
    Prev,
    /// The recipe's default.
    Default,
    /// Every value of a set.
    All(EnumTy),
    /// A value of an enum.
    Value(EnumTy, u32),
    /// The values of a group.
    Group(EnumTy, u32),
    /// A version, or a series.
    Version(VersionBound),
    /// An option of the package, by the name that is written.
    Option,
    /// A let of a body, by its place.
    Let(BodyRef, u32),
    /// A loop's name, a parameter, or `it`.
    Local(Name),
    /// A function of a file.
    Function(FileId, FunctionId),
    /// A function of the language.
    Builtin(Builtin),
    /// A method of the language.
    Method(Method),
    /// A record is made.
    Record(RecordTy),
    /// `platform`, `dep` and the like.
    Object(Object),
    /// A member of an object, by the name that is written: `platform.cpu`, `dep.openssl`.
    ObjectMember(Object),
    /// A fact that is given of the machine: `isa` of `facts.isa`, `cluster.fabric` with its module.
    GivenFact(Name),
    /// A member of a value: `version.major`.
    Member,
    /// The version of the package, its name, or the path of its default output or source.
    Fact(Fact),
    /// A mistake that has been reported.
    Error,
}

/// Something that a package knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fact {
    /// `version`
    Version,
    /// `name`
    Name,
    /// `out`: where the default output goes.
    Out,
    /// `src`: where the source is unpacked.
    Src,
}

impl Common for Res {
    const ALL: &'static [Res] = &[
        Res::None,
        Res::Error,
        Res::Bool(false),
        Res::Bool(true),
        Res::Null,
        Res::Prev,
        Res::Default,
        Res::Member,
        Res::Fact(Fact::Version),
        Res::Fact(Fact::Name),
        Res::Fact(Fact::Out),
        Res::Fact(Fact::Src),
        Res::Object(Object::Platform),
        Res::Object(Object::Toolchain),
        Res::Object(Object::Dep),
        Res::Option,
        Res::ObjectMember(Object::Dep),
        Res::ObjectMember(Object::Platform),
        Res::ObjectMember(Object::Toolchain),
    ];

    #[inline]
    fn place(&self) -> Option<usize> {
        Some(match self {
            Res::None => 0,
            Res::Error => 1,
            Res::Bool(false) => 2,
            Res::Bool(true) => 3,
            Res::Null => 4,
            Res::Prev => 5,
            Res::Default => 6,
            Res::Member => 7,
            Res::Fact(Fact::Version) => 8,
            Res::Fact(Fact::Name) => 9,
            Res::Fact(Fact::Out) => 10,
            Res::Fact(Fact::Src) => 11,
            Res::Object(Object::Platform) => 12,
            Res::Object(Object::Toolchain) => 13,
            Res::Object(Object::Dep) => 14,
            Res::Option => 15,
            Res::ObjectMember(Object::Dep) => 16,
            Res::ObjectMember(Object::Platform) => 17,
            Res::ObjectMember(Object::Toolchain) => 18,
            _ => return None,
        })
    }
}

impl Checked {
    /// Returns the module.
    #[must_use]
    pub fn module(&self) -> &Module {
        self.schema.env.module()
    }

    /// Returns what the word of an expression means.
    #[must_use]
    pub fn res(&self, expr: ExprId) -> &Res {
        &self.res[expr.index()]
    }

    /// Returns the member of an object that an expression reads, if it reads one.
    #[must_use]
    pub fn object_member(&self, expr: ExprId) -> Option<(Object, &Name)> {
        match self.res(expr) {
            Res::ObjectMember(object) => Some((*object, self.module().word(expr))),
            Res::GivenFact(name) => Some((Object::Facts, name)),
            _ => None,
        }
    }

    /// Whether a value is made from the one before.
    #[must_use]
    pub fn reads_prev(&self, value: ExprId) -> bool {
        reads_prev(self.module(), &self.res, value)
    }

    /// Whether something is wrong that evaluation must not pass over.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Whether a value reads `prev`.
fn reads_prev(module: &Module, res: &PerExpr<Res>, value: ExprId) -> bool {
    let mut found = false;
    module.walk(value, &mut |it| found |= res[it.index()] == Res::Prev);
    found
}

/// Checks a file.
pub(crate) fn compute(db: &Database, file: FileId) -> Checked {
    let schema = db.schema(file);
    let env = schema.env.clone();
    let lowered = env.lowered.clone();
    let count = lowered.module.exprs.len();
    let guards = lowered.module.guards.values();
    let mut checker = Checker {
        db,
        file,
        env: &env,
        schema: &schema,
        res: PerExpr::new(count),
        types: PerExpr::new(count),
        diagnostics: Vec::new(),
        has_loops: guards.iter().any(|it| matches!(it.kind, GuardKind::For { .. })),
        lets: FastMap::default(),
        patterns: FastMap::default(),
        value_of: None,
        edges: Vec::new(),
    };
    checker.syntax(&lowered);
    let parses = checker.diagnostics.iter().all(|it| it.code != Code::MissingHeader);
    checker.diagnostics.extend(env.diagnostics.iter().cloned());
    checker.diagnostics.extend(schema.diagnostics.iter().cloned());
    if parses {
        checker.declarations();
        checker.functions_of_file();
        match lowered.module.kind {
            Some(ModuleKind::Recipe | ModuleKind::Interface | ModuleKind::Module) => {
                checker.recipe()
            }
            Some(ModuleKind::Override | ModuleKind::Overlay | ModuleKind::Project) => {
                checker.layer()
            }
            None => {}
        }
    }
    let Checker { mut res, mut types, diagnostics, edges, .. } = checker;
    res.shrink();
    types.shrink();
    let diagnostics = match diagnostics.is_empty() {
        true => diagnostics,
        false => cascades::without_cascades(file, &db.text(file), diagnostics),
    };
    let edges = match lowered.module.kind {
        Some(ModuleKind::Module) => edges.iter().map(|it| (it.0.clone(), it.1.clone())).collect(),
        // Nobody includes what others say.
        _ => Box::default(),
    };
    Checked { file, schema, res, types, diagnostics: diagnostics.into(), edges }
}

struct Checker<'a> {
    db: &'a Database,
    file: FileId,
    env: &'a Arc<Env>,
    schema: &'a Arc<Schema>,
    res: PerExpr<Res>,
    types: PerExpr<Ty>,
    diagnostics: Vec<Diagnostic>,
    /// Whether something stands in a loop.
    has_loops: bool,
    /// The types of lets; `None` while one is being found.
    lets: FastMap<(BodyRef, u32), Option<Ty>>,
    /// Patterns of types, compiled: many texts follow the same one.
    patterns: FastMap<Arc<str>, Option<Pattern>>,
    /// The option or let whose value, or condition, is being checked.
    value_of: Option<&'a Name>,
    /// Which of them read which others. What a let reads whose type is found may also be here as read
    /// by who asked for that.
    edges: Vec<(&'a Name, &'a Name)>,
}

/// What the names in an expression can mean.
#[derive(Clone)]
struct Scope<'t> {
    /// Names of loops, parameters and `it`, innermost last.
    locals: Vec<(Name, Ty)>,
    /// The options that can be read.
    table: Option<&'t Arc<OptionTable>>,
    /// Whether build expressions' names are here: `out`, `dep`, `deps`.
    building: bool,
    /// In a setting: the type of what is set, which `prev` and `default` have.
    setting: Option<&'t Ty>,
    /// Whether this is a condition of a layer, which is asked before anything is chosen.
    layer: bool,
}

impl<'t> Scope<'t> {
    fn of(table: &'t Arc<OptionTable>) -> Self {
        Scope {
            locals: Vec::new(),
            table: Some(table),
            building: false,
            setting: None,
            layer: false,
        }
    }

    /// No options: the body of a function, conditions of layers.
    fn empty() -> Self {
        Scope { locals: Vec::new(), table: None, building: false, setting: None, layer: false }
    }

    /// A condition of a layer.
    fn layer() -> Self {
        Scope { layer: true, ..Scope::empty() }
    }

    fn with(&self, name: &Name, ty: Ty) -> Self {
        let mut scope = self.clone();
        scope.locals.push((name.clone(), ty));
        scope
    }

    fn building(&self) -> Self {
        Scope { building: true, ..self.clone() }
    }
}

impl<'a> Checker<'a> {
    fn module(&self) -> &'a Module {
        self.env.module()
    }

    fn expr_ref(&self, expr: ExprId) -> &'a Expr {
        &self.env.module().exprs[expr]
    }

    fn range(&self, expr: ExprId) -> TextRange {
        self.env.lowered.map.expr(expr)
    }

    fn span(&self, span: SpanId) -> TextRange {
        self.env.lowered.map.span(span)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn at_expr(&self, code: Code, expr: ExprId, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.file, self.range(expr), message)
    }

    fn at_ident(&self, code: Code, ident: &Ident, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.file, self.span(ident.span), message)
    }

    fn at_span(&self, code: Code, span: SpanId, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.file, self.span(span), message)
    }

    /// Writes down what an expression means and has as type.
    // What is nearly always written down is a few constants, of which only their places are left then.
    #[inline(always)]
    fn set(&mut self, expr: ExprId, res: Res, ty: Ty) -> Ty {
        self.res.put(expr.index(), &res);
        self.types.put(expr.index(), &ty);
        ty
    }

    /// The schema of another package.
    fn package(&self, name: &Name) -> Option<Arc<Schema>> {
        if self.module().kind == Some(ModuleKind::Recipe) && name == self.schema.name() {
            return Some(self.schema.clone());
        }
        self.db.package(name).map(|it| self.db.schema(it))
    }

    /// The scope under a guard: names of the loops around. Most files have none.
    #[inline]
    fn guarded<'s, 't>(
        &mut self,
        guard: Option<GuardId>,
        scope: &'s Scope<'t>,
    ) -> Cow<'s, Scope<'t>> {
        match self.has_loops {
            true => self.in_loops(guard, scope),
            false => Cow::Borrowed(scope),
        }
    }

    fn in_loops<'s, 't>(
        &mut self,
        guard: Option<GuardId>,
        scope: &'s Scope<'t>,
    ) -> Cow<'s, Scope<'t>> {
        let module = self.module();
        let mut loops: Vec<(&Ident, ExprId)> = module
            .guards_of(guard)
            .filter_map(|it| match &it.kind {
                GuardKind::For { name, list } => Some((name, *list)),
                GuardKind::When(_)
                | GuardKind::Unless(_)
                | GuardKind::Feature(_)
                | GuardKind::Arm { .. }
                | GuardKind::ElseArm { .. } => None,
            })
            .collect();
        let mut scope = Cow::Borrowed(scope);
        while let Some((name, list)) = loops.pop() {
            let ty = self.infer(list, &scope);
            let element = self.element_type(list, &ty);
            scope.to_mut().locals.push((name.name.clone(), element));
        }
        scope
    }
}
