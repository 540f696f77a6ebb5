//! What the expressions of a file can name beside options: types, functions, modules, and the
//! types of everything declared.

use std::collections::BTreeMap;
use std::sync::Arc;

use thin_vec::ThinVec;

use crate::database::{Database, FileId, Lowered};
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{
    BinaryOp, EnumDecl, Expr, ExprId, Function, Ident, Module, ModuleKind, Name, StmtKind, TypeId,
    TypeNameKind, TypeRef, Use,
};
use crate::nearest::{did_you_mean, list, nearest};
use crate::syntax::{is_name, quote};
use crate::types::{
    EnumTy, EnumType, Predicate, Ranges, RecordTy, RecordType, RecordTypeField, Ty,
};

/// The types and functions of a file, and what it uses.
#[derive(Debug)]
pub struct Env {
    /// The file.
    pub file: FileId,
    /// The lowered file.
    pub lowered: Arc<Lowered>,
    /// The modules that it uses, by the names they have here.
    pub uses: ThinVec<(Name, FileId)>,
    /// The enums, by their place in the module.
    pub enums: Vec<EnumTy>,
    /// The records, by their place in the module.
    pub records: ThinVec<RecordTy>,
    /// The types as written, by their place in the module.
    pub types: Vec<Ty>,
    /// The functions, by their place in the module.
    pub functions: ThinVec<Signature>,
    /// What is wrong with the types.
    pub diagnostics: ThinVec<Diagnostic>,
    /// Whether something is missing because files use each other in a ring.
    pub(crate) truncated: bool,
}

/// What a function takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The parameters: name, type, and whether there is a default.
    pub params: Vec<(Name, Ty, bool)>,
    /// The type of the result.
    pub result: Ty,
}

/// How many values an enum has at most that are searched one after the other.
const SEARCHED_MAX: usize = 8;

/// The names of the types that are not declared in any file.
pub(crate) const TYPE_NAMES: &[&str] = &[
    "Bool", "Dep", "Duration", "File", "Int", "List", "Map", "Path", "Script", "Set", "Size",
    "Source", "String", "Version",
];

/// What types are called elsewhere.
const FOREIGN_TYPES: &[(&str, &str)] = &[
    ("Array", "List"),
    ("Boolean", "Bool"),
    ("Dict", "Map"),
    ("HashMap", "Map"),
    ("Integer", "Int"),
    ("Listing", "List"),
    ("Mapping", "Map"),
    ("Str", "String"),
    ("Text", "String"),
    ("UInt", "Int"),
    ("Vec", "List"),
];

impl Env {
    /// Returns the module of the file.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.lowered.module
    }

    /// Returns the place of the function with this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<usize> {
        self.module().functions.values().iter().position(|it| it.ident.name == name)
    }

    /// Returns the file of a module by the name it has here.
    #[must_use]
    pub fn used(&self, name: &str) -> Option<FileId> {
        self.uses.iter().find(|it| it.0 == name).map(|it| it.1)
    }

    /// Returns the function with this place.
    #[must_use]
    pub fn function_decl(&self, index: usize) -> &Function {
        &self.module().functions.values()[index]
    }
}

/// Computes the environment of a file; `outer` are the files that wait for it.
pub(crate) fn compute(db: &Database, file: FileId, outer: &[FileId]) -> Env {
    let lowered = db.lowered(file);
    let mut compute = Compute {
        db,
        file,
        lowered: &lowered,
        outer,
        uses: ThinVec::new(),
        used: BTreeMap::new(),
        enums: Vec::new(),
        records: ThinVec::new(),
        types: vec![None; lowered.module.types.len()],
        diagnostics: Vec::new(),
        truncated: false,
    };
    compute.uses();
    compute.enums();
    compute.records();
    for (id, _) in lowered.module.types.iter() {
        compute.ty(id);
    }
    let functions = compute.functions();
    let Compute { uses, enums, records, types, diagnostics, truncated, .. } = compute;
    let types = types.into_iter().map(|it| it.unwrap_or(Ty::Error)).collect();
    let diagnostics = diagnostics.into();
    Env { file, uses, enums, records, types, functions, diagnostics, truncated, lowered }
}

struct Compute<'a> {
    db: &'a Database,
    file: FileId,
    lowered: &'a Lowered,
    /// The files that wait for this one.
    outer: &'a [FileId],
    uses: ThinVec<(Name, FileId)>,
    used: BTreeMap<FileId, Arc<Env>>,
    enums: Vec<EnumTy>,
    records: ThinVec<RecordTy>,
    /// `None` while not computed; a type that is asked for while it is computed is a ring.
    types: Vec<Option<Ty>>,
    diagnostics: Vec<Diagnostic>,
    truncated: bool,
}

impl Compute<'_> {
    fn module(&self) -> &Module {
        &self.lowered.module
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn at(&self, code: Code, ident: &Ident, message: String) -> Diagnostic {
        Diagnostic::new(code, self.file, self.lowered.map.span(ident.span), message)
    }

    //------ modules

    fn uses(&mut self) {
        let lowered = self.lowered;
        for body in lowered.module.bodies.values() {
            for stmt in &body.stmts {
                let StmtKind::Use(use_) = &stmt.kind else { continue };
                // In a project, `use` names sets of recipes, which whoever made the database knows.
                if lowered.module.kind == Some(ModuleKind::Project) {
                    continue;
                }
                if let Some(file) = self.used_file(use_) {
                    let name = match &use_.alias {
                        Some(alias) => alias.name.clone(),
                        None => stem(&use_.target.name),
                    };
                    self.uses.push((name, file));
                }
            }
        }
    }

    fn used_file(&mut self, use_: &Use) -> Option<FileId> {
        if use_.is_path {
            let path = resolve(&self.db.path(self.file), &use_.target.name);
            let found = self.db.file(&path);
            if let Some(error) = self.db.read_error(found) {
                let message = format!("cannot read `{}`: {error}", use_.target.name);
                let here = self.at(Code::UnreadableFile, &use_.target, message);
                self.report(here.here(format!("this is `{path}`")));
                return None;
            }
            return Some(found);
        }
        let found = self.db.module(&use_.target.name);
        if found.is_none() {
            let names = nearest(&use_.target.name, self.db.stems());
            let message =
                format!("there is no module `{}`{}", use_.target.name, did_you_mean(&names));
            let mut diagnostic = self.at(Code::UnknownModule, &use_.target, message);
            if let [name, ..] = names[..] {
                diagnostic = diagnostic.fix(format!("write `{name}`"), name);
            }
            self.report(diagnostic);
        }
        found
    }

    /// The environment of a used module, unless files use each other in a ring.
    fn env_of(&mut self, file: FileId) -> Option<Arc<Env>> {
        if let Some(env) = self.used.get(&file) {
            return Some(env.clone());
        }
        if file == self.file || self.outer.contains(&file) {
            self.truncated = true;
            return None;
        }
        let env = self.db.env_within(file, &[self.outer, &[self.file]].concat());
        self.truncated |= env.truncated;
        self.used.insert(file, env.clone());
        Some(env)
    }

    //------ types

    fn enums(&mut self) {
        for (id, decl) in self.lowered.module.enums.iter() {
            let values: Vec<Name> = decl.values.iter().map(|it| it.ident.name.clone()).collect();
            let mut by_name = ThinVec::new();
            if values.len() > SEARCHED_MAX {
                by_name = (0..values.len() as u32).collect();
                by_name.sort_by(|a, b| (&values[*a as usize], a).cmp(&(&values[*b as usize], b)));
            }
            let mut ty = EnumType {
                file: self.file,
                id,
                name: decl.name.as_ref().map(|it| it.name.clone()),
                values,
                groups: ThinVec::new(),
                ordered: decl.attrs.iter().any(|it| it.ident.name == "ordered"),
                has_history: decl.values.iter().any(|it| !it.attrs.is_empty()),
                by_name,
            };
            ty.groups = self.groups(decl, &ty);
            if decl.values.is_empty() {
                let span = decl.name.as_ref().map_or(decl.span, |it| it.span);
                let place = self.lowered.map.span(span);
                let message = "this enum has no values, so nothing can have one of them";
                let diagnostic = Diagnostic::new(Code::BadDeclaration, self.file, place, message)
                    .help("write them into its braces: `enum { static, shared }`");
                self.report(diagnostic);
            }
            self.duplicates(decl, &ty);
            self.enums.push(EnumTy(Arc::new(ty)));
        }
    }

    fn groups(&mut self, decl: &EnumDecl, ty: &EnumType) -> ThinVec<(Name, Vec<u32>)> {
        let mut groups: ThinVec<(Name, Vec<u32>)> = ThinVec::new();
        for group in &decl.groups {
            let mut members = Vec::new();
            for member in &group.members {
                if let Some(at) = ty.position(&member.name) {
                    members.push(at);
                } else if let Some(other) = groups.iter().find(|it| it.0 == member.name) {
                    members.extend(&other.1);
                } else {
                    let names = nearest(&member.name, ty.values.iter().map(|it| it.as_str()));
                    let suggestion = did_you_mean(&names);
                    let message = format!(
                        "group `{}` names `{}`, which is no value of this enum{suggestion}",
                        group.ident.name, member.name
                    );
                    let mut diagnostic = self.at(Code::UnknownValue, member, message);
                    if let [name, ..] = names[..] {
                        let written = if is_name(name) { name.to_owned() } else { quote(name) };
                        diagnostic = diagnostic.fix(format!("write `{written}`"), written);
                    }
                    diagnostic = diagnostic
                        .help(format!("to make it a value, add `{}` to the enum", member.name));
                    self.report(diagnostic);
                }
            }
            members.sort_unstable();
            members.dedup();
            groups.push((group.ident.name.clone(), members));
        }
        groups
    }

    fn duplicates(&mut self, decl: &EnumDecl, ty: &EnumType) {
        let idents =
            decl.values.iter().map(|it| &it.ident).chain(decl.groups.iter().map(|it| &it.ident));
        // Most enums have few values, and none of them twice.
        let is_again =
            |(at, ident): (usize, &Ident)| idents.clone().take(at).any(|it| it.name == ident.name);
        if decl.values.len() + decl.groups.len() <= SEARCHED_MAX
            && !idents.clone().enumerate().any(is_again)
        {
            return;
        }
        let mut seen: BTreeMap<&str, &Ident> = BTreeMap::new();
        for ident in idents {
            if let Some(first) = seen.insert(&ident.name, ident) {
                let what = if ty.position(&ident.name).is_some() { "value" } else { "group" };
                let diagnostic = self
                    .at(
                        Code::DuplicateDeclaration,
                        ident,
                        format!("this enum has two values or groups called `{}`", ident.name),
                    )
                    .here(format!("this {what}"))
                    .label(self.file, self.lowered.map.span(first.span), "the first one")
                    .help("remove one of them, or give it another name");
                self.report(diagnostic);
                seen.insert(&first.name, first);
            }
        }
    }

    fn records(&mut self) {
        // A record is known by its place, so its fields may name records declared below it.
        for (id, decl) in self.lowered.module.records.iter() {
            let ty = RecordType {
                file: self.file,
                id,
                name: decl.ident.name.clone(),
                fields: Vec::new(),
            };
            self.records.push(RecordTy(Arc::new(ty)));
        }
        for (id, decl) in self.lowered.module.records.iter() {
            let fields = decl
                .fields
                .iter()
                .map(|field| RecordTypeField {
                    name: field.ident.name.clone(),
                    ty: self.ty(field.ty),
                    default: field.default,
                })
                .collect();
            let ty = RecordType { file: self.file, id, name: decl.ident.name.clone(), fields };
            self.records[id.index()] = RecordTy(Arc::new(ty));
        }
        // Types computed on the way hold the records without fields.
        self.types.fill(None);
    }

    fn functions(&mut self) -> ThinVec<Signature> {
        let functions = self.lowered.module.functions.values();
        functions
            .iter()
            .map(|function| Signature {
                params: function
                    .params
                    .iter()
                    .map(|it| (it.ident.name.clone(), self.ty(it.ty), it.default.is_some()))
                    .collect(),
                result: self.ty(function.result),
            })
            .collect()
    }

    fn ty(&mut self, id: TypeId) -> Ty {
        if let Some(ty) = &self.types[id.index()] {
            return ty.clone();
        }
        // While it is computed, the type stands for a mistake: an alias of itself ends here.
        self.types[id.index()] = Some(Ty::Error);
        let lowered = self.lowered;
        let ty = match &lowered.module.types[id] {
            TypeRef::Missing => Ty::Error,
            TypeRef::Opt(of) => match self.ty(*of) {
                Ty::Error => Ty::Error,
                ty @ Ty::Opt(_) => ty,
                ty => Ty::Opt(Arc::new(ty)),
            },
            TypeRef::Enum(id) => Ty::Enum(self.enums[id.index()].clone()),
            TypeRef::Named { path, args, refinement, where_, span } => {
                let args: Vec<Ty> = args.iter().map(|it| self.ty(*it)).collect();
                let range = lowered.map.span(*span);
                let ty = self.named(path, &args, range);
                self.refined(ty, *refinement, where_.as_ref(), range)
            }
        };
        self.types[id.index()] = Some(ty.clone());
        ty
    }

    fn named(&mut self, path: &[Ident], args: &[Ty], range: text_size::TextRange) -> Ty {
        let (module, name) = match path {
            [] => return Ty::Error,
            [name] => (None, name),
            [module, name] => (Some(module), name),
            [first, ..] => {
                let diagnostic = self.at(
                    Code::UnknownType,
                    first,
                    "a type is named by one name, or by a module and a name".to_owned(),
                );
                self.report(diagnostic);
                return Ty::Error;
            }
        };
        if let Some(module) = module {
            return self.foreign(module, name);
        }
        let arity = |wanted: usize| args.len() == wanted;
        let built_in = match name.name.as_str() {
            "Bool" if arity(0) => Some(Ty::Bool),
            "Int" if arity(0) => Some(Ty::INT),
            "Size" if arity(0) => Some(Ty::Size(Ranges::default())),
            "Duration" if arity(0) => Some(Ty::Duration(Ranges::default())),
            "String" if arity(0) => Some(Ty::STRING),
            "Path" if arity(0) => Some(Ty::Path),
            "Version" if arity(0) => Some(Ty::Version),
            "Source" if arity(0) => Some(Ty::Source),
            "File" if arity(0) => Some(Ty::File),
            "Script" if arity(0) => Some(Ty::Script),
            "Dep" if arity(0) => Some(Ty::Dep),
            "List" if arity(1) => Some(Ty::list(args[0].clone())),
            "Map" if arity(1) => Some(Ty::Map(Arc::new(args[0].clone()))),
            "Set" if arity(1) => Some(match &args[0] {
                Ty::Enum(it) => Ty::Set(it.clone()),
                Ty::Error => Ty::Error,
                other => {
                    let message = format!("a set has values of an enum, not {}", other.a());
                    let diagnostic =
                        Diagnostic::new(Code::BadDeclaration, self.file, range, message)
                            .help(format!("for any values, in order, use `List<{other}>`"));
                    self.report(diagnostic);
                    Ty::Error
                }
            }),
            "List" | "Map" | "Set" => {
                let diagnostic = self
                    .at(
                        Code::BadDeclaration,
                        name,
                        format!(
                            "`{}` needs one type in angle brackets, found {}",
                            name.name,
                            args.len()
                        ),
                    )
                    .help(format!("for example `{}<String>`", name.name));
                self.report(diagnostic);
                return Ty::Error;
            }
            _ => None,
        };
        if let Some(ty) = built_in {
            return ty;
        }
        let found = self.module().type_names.iter().find(|it| it.ident.name == name.name);
        match found.map(|it| it.kind.clone()) {
            Some(kind) => self.type_name(&kind),
            None => {
                self.unknown_type(name);
                Ty::Error
            }
        }
    }

    fn type_name(&mut self, kind: &TypeNameKind) -> Ty {
        match kind {
            TypeNameKind::Enum(id) => Ty::Enum(self.enums[id.index()].clone()),
            TypeNameKind::Record(id) => Ty::Record(self.records[id.index()].clone()),
            TypeNameKind::Alias(id) => self.ty(*id),
        }
    }

    fn foreign(&mut self, module: &Ident, name: &Ident) -> Ty {
        let used = self.uses.iter().find(|it| it.0 == module.name).map(|it| it.1);
        let Some(file) = used.or_else(|| self.db.module(&module.name)) else {
            let names: Vec<Name> = self.uses.iter().map(|it| it.0.clone()).collect();
            let near = nearest(&module.name, names.iter().map(|it| it.as_str()));
            let message =
                format!("there is no module `{}` here{}", module.name, did_you_mean(&near));
            let diagnostic = self
                .at(Code::UnknownModule, module, message)
                .help(format!("to use a module, write `use {}` in a line of its own", module.name));
            self.report(diagnostic);
            return Ty::Error;
        };
        let Some(env) = self.env_of(file) else { return Ty::Error };
        let found = env.module().type_names.iter().find(|it| it.ident.name == name.name);
        match found.map(|it| &it.kind) {
            Some(TypeNameKind::Enum(id)) => Ty::Enum(env.enums[id.index()].clone()),
            Some(TypeNameKind::Record(id)) => Ty::Record(env.records[id.index()].clone()),
            Some(TypeNameKind::Alias(id)) => env.types[id.index()].clone(),
            None => {
                let names = env.module().type_names.iter().map(|it| it.ident.name.as_str());
                let near = nearest(&name.name, names);
                let message = format!(
                    "module `{}` has no type `{}`{}",
                    module.name,
                    name.name,
                    did_you_mean(&near)
                );
                let mut diagnostic = self.at(Code::UnknownType, name, message);
                if let [near, ..] = near[..] {
                    diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                } else {
                    let names: Vec<&str> = env
                        .module()
                        .type_names
                        .iter()
                        .map(|it| it.ident.name.as_str())
                        .take(20)
                        .collect();
                    diagnostic = diagnostic.help(match names.len() {
                        0 => format!("`{}` declares no types", module.name),
                        _ => format!("it has {}", list(&names, "and")),
                    });
                }
                self.report(diagnostic);
                Ty::Error
            }
        }
    }

    fn unknown_type(&mut self, name: &Ident) {
        let lowered = self.lowered;
        let own = lowered.module.type_names.iter().map(|it| it.ident.name.as_str());
        let foreign = FOREIGN_TYPES.iter().find(|it| it.0.eq_ignore_ascii_case(&name.name));
        let names = match foreign {
            Some((_, ours)) => vec![*ours],
            None => nearest(&name.name, TYPE_NAMES.iter().copied().chain(own.clone())),
        };
        let message = format!("there is no type `{}`{}", name.name, did_you_mean(&names));
        let mut diagnostic = self.at(Code::UnknownType, name, message);
        if let [near, ..] = names[..] {
            diagnostic = diagnostic.fix(format!("write `{near}`"), near);
        }
        match &*name.name {
            "Float" | "Double" | "Number" | "float" => {
                diagnostic = diagnostic
                    .help("Kiln has no type of fractions, so that version 24.10 can never become 24.1; use `Int`, `Size` or `String(/…/)`");
            }
            "Any" | "any" | "Object" | "unknown" => {
                diagnostic = diagnostic
                    .help("every option says what it can hold, so that a wrong setting is found before anything runs");
            }
            _ if names.is_empty() => {
                let all: Vec<&str> = TYPE_NAMES.iter().copied().chain(own).take(20).collect();
                diagnostic = diagnostic.help(format!("there are {}", list(&all, "and")));
            }
            _ => {}
        }
        self.report(diagnostic);
    }

    //------ refinements

    fn refined(
        &mut self,
        ty: Ty,
        refinement: Option<ExprId>,
        where_: Option<&(ExprId, Option<Box<str>>)>,
        range: text_size::TextRange,
    ) -> Ty {
        let predicate = where_.map(|(cond, message)| {
            Arc::new(Predicate {
                file: self.file,
                cond: *cond,
                message: message.as_deref().unwrap_or("is not allowed here").into(),
            })
        });
        if refinement.is_none() && predicate.is_none() {
            return ty;
        }
        let unit = match ty {
            Ty::Int(_) => None,
            Ty::Size(_) => Some(true),
            Ty::Duration(_) => Some(false),
            Ty::String(_) if predicate.is_none() => {
                return match refinement.map(|it| (it, &self.lowered.module.exprs[it])) {
                    Some((_, Expr::Regex(pattern))) => {
                        let pattern: Arc<str> = Arc::from(pattern.as_str());
                        if let Err(error) = crate::pattern::Pattern::new(&pattern) {
                            let message = format!("`/{pattern}/` is no pattern: {error}");
                            let diagnostic =
                                Diagnostic::new(Code::BadDeclaration, self.file, range, message);
                            self.report(diagnostic);
                            return Ty::STRING;
                        }
                        Ty::String(Some(pattern))
                    }
                    Some((id, expr)) if !matches!(expr, Expr::Missing) => {
                        let place = self.lowered.map.expr(id);
                        let message = "`String` is narrowed by a pattern".to_owned();
                        let diagnostic = Diagnostic::new(
                            Code::BadDeclaration,
                            self.file,
                            place,
                            message,
                        )
                        .help("for example `String(/[a-z]+/)`; for a few fixed texts, use an enum");
                        self.report(diagnostic);
                        Ty::STRING
                    }
                    _ => Ty::STRING,
                };
            }
            Ty::Error => return Ty::Error,
            other => {
                let message = format!(
                    "{other} cannot be narrowed: only `Int`, `Size`, `Duration` and `String` can"
                );
                self.report(Diagnostic::new(Code::BadDeclaration, self.file, range, message));
                return other;
            }
        };
        let intervals = refinement.and_then(|it| {
            let mut intervals = Vec::new();
            self.intervals(it, unit, &mut intervals).then(|| {
                intervals.sort_unstable();
                Arc::from(merge(intervals))
            })
        });
        let ranges = Ranges { intervals, predicate };
        match unit {
            None => Ty::Int(ranges),
            Some(true) => Ty::Size(ranges),
            Some(false) => Ty::Duration(ranges),
        }
    }

    /// Collects the intervals of `1..=8 | 16`; reports what is none.
    fn intervals(&mut self, expr: ExprId, unit: Option<bool>, out: &mut Vec<(i64, i64)>) -> bool {
        let lowered = self.lowered;
        let place = lowered.map.expr(expr);
        match &lowered.module.exprs[expr] {
            Expr::Missing => false,
            Expr::Binary { op: BinaryOp::Or, lhs, rhs } => {
                let lhs = self.intervals(*lhs, unit, out);
                self.intervals(*rhs, unit, out) && lhs
            }
            Expr::Range { lo, hi, .. } if unit.is_some() && self.lacks_units(*lo, *hi) => {
                self.no_units(expr, unit);
                false
            }
            Expr::Range { lo, hi, inclusive } => {
                let lo = match lo {
                    Some(lo) => self.bound(*lo, unit),
                    None => Some(i64::MIN),
                };
                let hi = match hi {
                    Some(hi) => self
                        .bound(*hi, unit)
                        .map(|it| if *inclusive { it } else { it.saturating_sub(1) }),
                    None => Some(i64::MAX),
                };
                let (Some(lo), Some(hi)) = (lo, hi) else { return false };
                if lo > hi {
                    let mut diagnostic = Diagnostic::new(
                        Code::BadDeclaration,
                        self.file,
                        place,
                        "this range has no value in it",
                    );
                    if let Expr::Range { lo: Some(lo), hi: Some(hi), inclusive: true } =
                        &lowered.module.exprs[expr]
                    {
                        let text = self.db.text(self.file);
                        let (lo, hi) = (&text[lowered.map.expr(*lo)], &text[lowered.map.expr(*hi)]);
                        let turned = format!("{hi}..={lo}");
                        diagnostic = diagnostic.fix(format!("write `{turned}`"), turned);
                    }
                    self.report(diagnostic);
                    return false;
                }
                out.push((lo, hi));
                true
            }
            _ => match self.bound(expr, unit) {
                Some(number) => {
                    out.push((number, number));
                    true
                }
                None => false,
            },
        }
    }

    /// Whether both bounds of a range of sizes or durations are plain numbers.
    fn lacks_units(&self, lo: Option<ExprId>, hi: Option<ExprId>) -> bool {
        let exprs = &self.lowered.module.exprs;
        lo.is_some() && [lo, hi].into_iter().flatten().all(|it| matches!(exprs[it], Expr::Int(_)))
    }

    fn no_units(&mut self, expr: ExprId, unit: Option<bool>) {
        let place = self.lowered.map.expr(expr);
        let (what, example, word) = match unit {
            Some(true) => ("sizes", "1 KiB..=1 MiB", "B"),
            _ => ("durations", "1 s..=1 h", "s"),
        };
        let text = self.db.text(self.file);
        let Expr::Range { lo, hi, inclusive } = &self.lowered.module.exprs[expr] else { return };
        let shown = |it: &Option<ExprId>| {
            it.map_or(String::new(), |it| format!("{} {word}", &text[self.lowered.map.expr(it)]))
        };
        let op = if *inclusive { "..=" } else { ".." };
        let fixed = format!("{}{op}{}", shown(lo), shown(hi));
        let message = format!("{what} have units, such as `{example}`");
        let diagnostic = Diagnostic::new(Code::BadDeclaration, self.file, place, message)
            .fix(format!("write `{fixed}`"), fixed);
        self.report(diagnostic);
    }

    fn bound(&mut self, expr: ExprId, unit: Option<bool>) -> Option<i64> {
        let lowered = self.lowered;
        let found = match (&lowered.module.exprs[expr], unit) {
            (Expr::Int(number), None) => Some(*number),
            (Expr::Size(number), Some(true)) | (Expr::Duration(number), Some(false)) => {
                Some(*number)
            }
            (Expr::Missing, _) => return None,
            _ => None,
        };
        if found.is_none() {
            let example = match unit {
                None => "a number or a range of numbers, such as `1..=8`",
                Some(true) => "a size or a range of sizes, such as `1 KiB..=1 MiB`",
                Some(false) => "a duration or a range of them, such as `1 s..=1 h`",
            };
            let place = lowered.map.expr(expr);
            let diagnostic = Diagnostic::new(
                Code::BadDeclaration,
                self.file,
                place,
                format!("expected {example}"),
            );
            self.report(diagnostic);
        }
        found
    }
}

/// Joins intervals that touch; they are sorted.
fn merge(intervals: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (lo, hi) in intervals {
        match merged.last_mut() {
            Some(last) if lo <= last.1.saturating_add(1) => last.1 = last.1.max(hi),
            _ => merged.push((lo, hi)),
        }
    }
    merged
}

/// The name that a path ends in, without `.kiln`.
fn stem(path: &str) -> Name {
    let last = path.rsplit(['/', ':']).next().unwrap_or(path);
    last.strip_suffix(".kiln").unwrap_or(last).into()
}

/// Resolves `relative` against the folder of the file `from`.
pub fn resolve(from: &str, relative: &str) -> String {
    if relative.starts_with('/') {
        return relative.to_owned();
    }
    let (root, folder) = match from.rfind(['/', ':']) {
        Some(at) if from.as_bytes()[at] == b':' => (&from[..=at], ""),
        Some(at) => match from.find(':') {
            Some(colon) if colon < at => (&from[..=colon], &from[colon + 1..at]),
            _ => ("", &from[..at]),
        },
        None => ("", ""),
    };
    let mut parts: Vec<&str> = folder.split('/').collect();
    if folder.is_empty() && !from.starts_with('/') {
        parts.clear();
    }
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            // Above the root there is nothing: the path then names no file.
            ".." if parts.last().is_some_and(|it| !it.is_empty() && *it != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_resolved_in_their_root() {
        assert_eq!(resolve("/home/u/a.kiln", "./b.patch"), "/home/u/b.patch");
        assert_eq!(resolve("/home/u/a.kiln", "../b.patch"), "/home/b.patch");
        assert_eq!(resolve("std:recipes/a.kiln", "b.patch"), "std:recipes/b.patch");
        assert_eq!(resolve("std:a.kiln", "../b.patch"), "std:../b.patch");
        assert_eq!(resolve("a.kiln", "b/c"), "b/c");
    }
}
