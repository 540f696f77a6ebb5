//! Every word of a file that stands for something, with what it stands for.
//!
//! One walk over the lowered file, in the order of its bodies, with the options that each body can
//! read at hand. Expressions have been resolved by the checker; paths, specs and names of
//! statements are resolved here by the same rules.

mod exprs;
mod stmts;

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use text_size::{TextRange, TextSize};

use super::{FilePosition, Symbol};
use crate::check::Checked;
use crate::database::{Database, FileId, Lowered};
use crate::module::{
    Attr, BodyId, GuardId, GuardKind, Ident, Module, ModuleKind, Name, PartKind, TypeNameKind,
    TypeRef,
};
use crate::schema::{BodyRef, OptionTable};

/// A word of a file, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Where it is written.
    pub range: TextRange,
    /// What it stands for.
    pub symbol: Symbol,
    /// What is done with it.
    pub access: Access,
    /// The package whose option, value or part it is, as it is used here.
    pub owner: Option<Name>,
}

/// What is done with something that a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// It is declared.
    Declare,
    /// It is set.
    Write,
    /// It is read or named.
    Read,
}

/// Returns the words of a file that stand for something, in the order in which they are written.
#[must_use]
pub fn occurrences(db: &Database, file: FileId) -> Vec<Occurrence> {
    let checked = db.checked(file);
    let lowered = checked.schema.env.lowered.clone();
    let text = db.text(file);
    let mut collector =
        Collector { db, file, checked, lowered, text, out: Vec::new(), guards: HashSet::new() };
    collector.file();
    let mut out = collector.out;
    out.sort_by_key(|it| (it.range.start(), it.range.end(), it.access));
    out.dedup_by_key(|it| it.range);
    out
}

/// Returns the word at a position that stands for something; the one behind the position where two
/// touch it.
#[must_use]
pub(super) fn occurrence_at(db: &Database, position: FilePosition) -> Option<Occurrence> {
    let all = occurrences(db, position.file);
    let mut found: Option<Occurrence> = None;
    for occurrence in all.into_iter().filter(|it| it.range.contains_inclusive(position.offset)) {
        let better = found.as_ref().is_none_or(|it| {
            it.range.end() == position.offset || occurrence.range.len() < it.range.len()
        });
        if better {
            found = Some(occurrence);
        }
    }
    found
}

/// What the names of a body can mean.
#[derive(Clone, Default)]
struct Scope {
    table: Option<Arc<OptionTable>>,
    /// The package that the options are of.
    owner: Option<Name>,
}

/// Names that loops, functions and lambdas introduce, innermost first.
type Locals = Option<Rc<Local>>;

struct Local {
    name: Name,
    range: TextRange,
    outer: Locals,
}

struct Collector<'a> {
    db: &'a Database,
    file: FileId,
    checked: Arc<Checked>,
    lowered: Arc<Lowered>,
    text: Arc<str>,
    out: Vec<Occurrence>,
    /// Guards whose conditions have been walked.
    guards: HashSet<GuardId>,
}

impl Collector<'_> {
    fn file(&mut self) {
        let lowered = self.lowered.clone();
        let module = &lowered.module;
        self.header(module);
        self.attrs(&module.attrs);
        let owner = match module.kind {
            Some(ModuleKind::Recipe | ModuleKind::Interface) => {
                module.name.as_ref().map(|it| it.name.clone())
            }
            _ => None,
        };
        let root = match module.kind {
            Some(ModuleKind::Override | ModuleKind::Overlay | ModuleKind::Project) => {
                Scope::default()
            }
            _ => Scope { table: Some(self.checked.schema.table.clone()), owner: owner.clone() },
        };
        self.types(module, &root);
        for (id, function) in module.functions.iter() {
            self.declare(&function.ident, Symbol::Function(self.file, id));
            let mut locals: Locals = None;
            for param in &function.params {
                if let Some(default) = param.default {
                    self.expr(default, &Scope::default(), &None);
                }
                locals = self.local(&param.ident, &locals);
            }
            self.expr(function.body, &Scope::default(), &locals);
        }
        if let Some(body) = module.root {
            self.body(body, &root, PartKind::Mixin);
        }
        // Conditions around nothing.
        for (id, _) in module.guards.iter() {
            self.guard(Some(id), &root);
        }
    }

    fn header(&mut self, module: &Module) {
        let Some(name) = &module.name else { return };
        match module.kind {
            Some(ModuleKind::Recipe | ModuleKind::Interface) => {
                self.declare(name, Symbol::Package(self.file));
            }
            Some(ModuleKind::Module | ModuleKind::Overlay) => {
                self.declare(name, Symbol::File(self.file));
            }
            Some(ModuleKind::Override) => self.package(name),
            Some(ModuleKind::Project) | None => {}
        }
    }

    //------ types

    fn types(&mut self, module: &Module, root: &Scope) {
        for (index, name) in module.type_names.iter().enumerate() {
            self.declare(&name.ident, Symbol::Type(self.file, index as u32));
        }
        for (id, decl) in module.enums.iter() {
            self.attrs(&decl.attrs);
            for (index, value) in decl.values.iter().enumerate() {
                self.declare(&value.ident, Symbol::Value(self.file, id, index as u32));
                self.attrs(&value.attrs);
                for expr in [value.text, value.when].into_iter().flatten() {
                    self.expr(expr, root, &None);
                }
            }
            for (index, group) in decl.groups.iter().enumerate() {
                self.declare(&group.ident, Symbol::Group(self.file, id, index as u32));
                self.attrs(&group.attrs);
                for member in &group.members {
                    let value = decl.values.iter().position(|it| it.ident.name == member.name);
                    let inner = decl.groups.iter().position(|it| it.ident.name == member.name);
                    let symbol = match (value, inner) {
                        (Some(at), _) => Symbol::Value(self.file, id, at as u32),
                        (None, Some(at)) => Symbol::Group(self.file, id, at as u32),
                        (None, None) => continue,
                    };
                    self.read(member, symbol, None);
                }
            }
        }
        for (id, record) in module.records.iter() {
            for (index, field) in record.fields.iter().enumerate() {
                self.declare(&field.ident, Symbol::RecordField(self.file, id, index as u32));
                if let Some(default) = field.default {
                    self.expr(default, &Scope::default(), &None);
                }
            }
        }
        for ty in module.types.values() {
            let TypeRef::Named { path, refinement, where_, .. } = ty else { continue };
            match &**path {
                [name] => {
                    match module.type_names.iter().position(|it| it.ident.name == name.name) {
                        Some(at) => self.read(name, Symbol::Type(self.file, at as u32), None),
                        None if crate::env::TYPE_NAMES.contains(&name.name.as_str()) => {
                            self.read(name, Symbol::BuiltinType(name.name.clone()), None);
                        }
                        None => {}
                    }
                }
                [of, name] => {
                    if let Some(file) = self.module_named(&of.name) {
                        self.read(of, Symbol::File(file), None);
                        let other = self.db.lowered(file);
                        let at = other
                            .module
                            .type_names
                            .iter()
                            .position(|it| it.ident.name == name.name);
                        if let Some(at) = at {
                            self.read(name, Symbol::Type(file, at as u32), None);
                        }
                    }
                }
                _ => {}
            }
            for expr in [*refinement, where_.as_ref().map(|it| it.0)].into_iter().flatten() {
                self.expr(expr, &Scope::default(), &None);
            }
        }
        // Kinds of named things that are declared elsewhere need no more.
        debug_assert!(module.type_names.iter().all(|it| match &it.kind {
            TypeNameKind::Enum(id) => id.index() < module.enums.len(),
            TypeNameKind::Record(id) => id.index() < module.records.len(),
            TypeNameKind::Alias(id) => id.index() < module.types.len(),
        }));
    }

    fn module_named(&self, name: &str) -> Option<FileId> {
        self.checked.schema.env.used(name).or_else(|| self.db.module(name))
    }

    //------ bodies

    fn body(&mut self, id: BodyId, scope: &Scope, kind: PartKind) {
        let lowered = self.lowered.clone();
        let body = &lowered.module.bodies[id];
        let at = BodyRef { file: self.file, body: id };
        for (index, decl) in body.options.iter().enumerate() {
            let locals = self.guard(decl.guard, scope);
            let symbol = Symbol::Option(at, index as u32);
            self.push(&decl.ident, symbol, Access::Declare, scope.owner.clone());
            if let Some(join) = &decl.join {
                self.read(join, Symbol::Join(join.name.clone()), None);
            }
            self.attrs(&decl.attrs);
            for expr in [decl.default, decl.when].into_iter().flatten() {
                self.expr(expr, scope, &locals);
            }
        }
        for (index, step) in body.steps.iter().enumerate() {
            let locals = self.guard(step.guard, scope);
            let symbol = Symbol::Step(at, index as u32);
            self.push(&step.ident, symbol, Access::Declare, scope.owner.clone());
            if let Some((_, place)) = &step.place {
                self.step(place, scope, Access::Read);
            }
            self.expr(step.script, scope, &locals);
        }
        for (index, entry) in body.versions.iter().enumerate() {
            let symbol = Symbol::Version(self.file, index as u32);
            self.push(&entry.version, symbol, Access::Declare, scope.owner.clone());
            self.attrs(&entry.attrs);
            for setting in &entry.settings {
                self.setting(setting, scope, kind);
            }
        }
        for stmt in &body.stmts {
            self.stmt(stmt, scope, kind);
        }
        for part in &body.parts {
            let locals = self.guard(part.guard, scope);
            let symbol = Symbol::Part(self.file, part.body);
            self.push(&part.ident, symbol, Access::Declare, scope.owner.clone());
            self.attrs(&part.attrs);
            if let Some(of) = &part.of {
                let of_kind = match part.kind {
                    PartKind::Output => PartKind::Compile,
                    _ => PartKind::Output,
                };
                if let Some(body) = self.checked.schema.part(of_kind, &of.name) {
                    self.read(of, Symbol::Part(self.file, body), scope.owner.clone());
                }
            }
            for expr in [part.when, part.value].into_iter().flatten() {
                self.expr(expr, scope, &locals);
            }
            let inner = match part.kind {
                PartKind::Mixin => {
                    let schema = self.checked.schema.clone();
                    let table = schema.mixins.iter().find(|it| it.1 == part.body);
                    Scope { table: table.map(|it| it.2.clone()), owner: scope.owner.clone() }
                }
                _ => scope.clone(),
            };
            self.body(part.body, &inner, part.kind);
        }
    }

    fn attrs(&mut self, attrs: &[Attr]) {
        for attr in attrs {
            self.read(&attr.ident, Symbol::Attribute(attr.ident.name.clone()), None);
        }
    }

    /// Walks the conditions around something, each once; returns the names of the loops.
    fn guard(&mut self, guard: Option<GuardId>, scope: &Scope) -> Locals {
        let lowered = self.lowered.clone();
        let module = &lowered.module;
        let mut chain = Vec::new();
        let mut next = guard;
        while let Some(id) = next {
            chain.push(id);
            next = module.guards[id].parent;
        }
        let mut locals: Locals = None;
        for id in chain.into_iter().rev() {
            let is_new = self.guards.insert(id);
            match &module.guards[id].kind {
                GuardKind::When(cond) if is_new => self.expr(*cond, scope, &locals),
                GuardKind::Arm { patterns, .. } if is_new => {
                    for pattern in patterns {
                        self.expr(*pattern, scope, &locals);
                    }
                }
                GuardKind::For { name, list } => {
                    if is_new {
                        self.expr(*list, scope, &locals);
                    }
                    locals = self.local(name, &locals);
                }
                // The other branch has walked the condition of an `else`.
                GuardKind::When(_)
                | GuardKind::Unless(_)
                | GuardKind::Feature(_)
                | GuardKind::Arm { .. }
                | GuardKind::ElseArm { .. } => {}
            }
        }
        locals
    }

    //------ writing down

    fn range(&self, ident: &Ident) -> TextRange {
        self.lowered.map.span(ident.span)
    }

    fn add(&mut self, range: TextRange, symbol: Symbol, access: Access, owner: Option<Name>) {
        if !range.is_empty() && range.end() <= TextSize::of(&*self.text) {
            self.out.push(Occurrence { range, symbol, access, owner });
        }
    }

    fn push(&mut self, ident: &Ident, symbol: Symbol, access: Access, owner: Option<Name>) {
        self.add(self.range(ident), symbol, access, owner);
    }

    fn declare(&mut self, ident: &Ident, symbol: Symbol) {
        self.push(ident, symbol, Access::Declare, None);
    }

    fn read(&mut self, ident: &Ident, symbol: Symbol, owner: Option<Name>) {
        self.push(ident, symbol, Access::Read, owner);
    }

    /// Writes down a name of a package, if there is one.
    fn package(&mut self, ident: &Ident) {
        if let Some(file) = self.db.package(&ident.name) {
            self.read(ident, Symbol::Package(file), None);
        }
    }

    /// Writes down a name that is introduced here, and adds it to those that can be read.
    fn local(&mut self, ident: &Ident, outer: &Locals) -> Locals {
        let range = self.range(ident);
        self.add(range, Symbol::Local(self.file, range), Access::Declare, None);
        Some(Rc::new(Local { name: ident.name.clone(), range, outer: outer.clone() }))
    }

    /// Writes down the name of a step.
    fn step(&mut self, ident: &Ident, scope: &Scope, access: Access) -> bool {
        let step = scope.table.as_ref().and_then(|it| it.step(&ident.name)).cloned();
        if let Some(step) = &step {
            self.push(ident, Symbol::Step(step.at, step.index), access, scope.owner.clone());
        }
        step.is_some()
    }
}

/// The name that is meant, among those introduced around.
fn find_local(locals: &Locals, name: &str) -> Option<TextRange> {
    let mut next = locals.as_ref();
    while let Some(local) = next {
        if local.name == name {
            return Some(local.range);
        }
        next = local.outer.as_ref();
    }
    None
}
