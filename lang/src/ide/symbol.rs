//! What a word of a file stands for, across files.

use text_size::TextRange;

use crate::check::{Builtin, Fact, Method};
use crate::database::{Database, FileId};
use crate::module::{BodyId, EnumId, FunctionId, ModuleKind, Name, OptionKind, PartKind, RecordId};
use crate::schema::BodyRef;
use crate::types::Object;

/// What a word stands for: equal where it stands for the same thing, whatever the file.
///
/// Symbols are of one database: an edit may give the same thing another symbol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// A recipe or an interface.
    Package(FileId),
    /// A module, an overlay, or a file named by its path.
    File(FileId),
    /// A feature, knob, field or let, by its place in its body.
    Option(BodyRef, u32),
    /// The feature or knob of this name, of every package that has one: `pkgs where has feature lto`.
    OptionOfAll(Name, OptionKind),
    /// A value of an enum.
    Value(FileId, EnumId, u32),
    /// A group of values.
    Group(FileId, EnumId, u32),
    /// An enum, record or alias, by its place among the names of types.
    Type(FileId, u32),
    /// A field of a record.
    RecordField(FileId, RecordId, u32),
    /// A function.
    Function(FileId, FunctionId),
    /// A parameter, a loop's name, or the name of a dependency, by where it is introduced.
    Local(FileId, TextRange),
    /// A mixin, preset, `compile` block, output or test.
    Part(FileId, BodyId),
    /// A step.
    Step(BodyRef, u32),
    /// A version that a recipe offers.
    Version(FileId, u32),
    /// A type of the language.
    BuiltinType(Name),
    /// A function of the language.
    Builtin(Builtin),
    /// A method of the language.
    Method(Method),
    /// `platform`, `dep` and the like.
    Object(Object),
    /// A member that a type of the language has: `version.major`.
    Member(Name),
    /// Something that a package knows of itself.
    Fact(Fact),
    /// A word with one meaning: `on`, `off`, `null`, `all`, `prev`, `default`.
    Word(Name),
    /// An attribute: `since`.
    Attribute(Name),
    /// A key of exports: `host_to_run`.
    ExportKey(Name),
    /// A way to join needs: `max`.
    Join(Name),
}

/// Where a symbol is declared, and what is said of it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The file.
    pub file: FileId,
    /// Its name, there.
    pub name_range: TextRange,
    /// All of the declaration, as far as it is known.
    pub whole: TextRange,
    /// Its name.
    pub name: Name,
    /// Its documentation.
    pub doc: Option<String>,
}

impl Symbol {
    /// Returns where the symbol is declared; nothing for those of the language itself.
    #[must_use]
    pub fn declaration(&self, db: &Database) -> Option<Declaration> {
        let of = |file: FileId, name: Name, name_range, whole, doc: Option<&str>| Declaration {
            file,
            name_range,
            whole,
            name,
            doc: doc.map(str::to_owned),
        };
        match self {
            Symbol::Package(file) | Symbol::File(file) => {
                let lowered = db.lowered(*file);
                let module = &lowered.module;
                let (name, range) = match &module.name {
                    Some(ident) => (ident.name.clone(), lowered.map.span(ident.span)),
                    None => (Name::default(), TextRange::default()),
                };
                let range = if usize::from(range.end()) > db.text(*file).len() {
                    TextRange::default()
                } else {
                    range
                };
                Some(of(*file, name, range, range, module.doc.as_deref()))
            }
            Symbol::Option(at, index) => {
                let lowered = db.lowered(at.file);
                let body = lowered.module.bodies.values().get(at.body.index())?;
                let decl = body.options.get(*index as usize)?;
                let name = lowered.map.span(decl.ident.span);
                let whole = lowered.map.span(decl.span);
                Some(of(at.file, decl.ident.name.clone(), name, whole, decl.doc.as_deref()))
            }
            Symbol::Value(file, id, index) => {
                let lowered = db.lowered(*file);
                let value = lowered.module.enums.values().get(id.index())?;
                let value = value.values.get(*index as usize)?;
                let range = lowered.map.span(value.ident.span);
                Some(of(*file, value.ident.name.clone(), range, range, value.doc.as_deref()))
            }
            Symbol::Group(file, id, index) => {
                let lowered = db.lowered(*file);
                let group = lowered.module.enums.values().get(id.index())?;
                let group = group.groups.get(*index as usize)?;
                let range = lowered.map.span(group.ident.span);
                Some(of(*file, group.ident.name.clone(), range, range, group.doc.as_deref()))
            }
            Symbol::Type(file, index) => {
                let lowered = db.lowered(*file);
                let module = &lowered.module;
                let decl = module.type_names.get(*index as usize)?;
                let name = lowered.map.span(decl.ident.span);
                let (whole, doc) = match &decl.kind {
                    crate::module::TypeNameKind::Enum(id) => {
                        let decl = &module.enums[*id];
                        (lowered.map.span(decl.span), decl.doc.as_deref())
                    }
                    crate::module::TypeNameKind::Record(id) => {
                        (name, module.records[*id].doc.as_deref())
                    }
                    crate::module::TypeNameKind::Alias(_) => (name, None),
                };
                Some(of(*file, decl.ident.name.clone(), name, whole, doc))
            }
            Symbol::RecordField(file, id, index) => {
                let lowered = db.lowered(*file);
                let record = lowered.module.records.values().get(id.index())?;
                let field = record.fields.get(*index as usize)?;
                let range = lowered.map.span(field.ident.span);
                Some(of(*file, field.ident.name.clone(), range, range, field.doc.as_deref()))
            }
            Symbol::Function(file, id) => {
                let lowered = db.lowered(*file);
                let function = lowered.module.functions.values().get(id.index())?;
                let range = lowered.map.span(function.ident.span);
                Some(of(*file, function.ident.name.clone(), range, range, function.doc.as_deref()))
            }
            Symbol::Local(file, range) => {
                let text = db.text(*file);
                let name = text.get(std::ops::Range::<usize>::from(*range))?;
                Some(of(*file, name.into(), *range, *range, None))
            }
            Symbol::Part(file, body) => {
                let lowered = db.lowered(*file);
                let parts = lowered.module.bodies.values().iter().flat_map(|it| &it.parts);
                let part = parts.into_iter().find(|it| it.body == *body)?;
                let range = lowered.map.span(part.ident.span);
                Some(of(*file, part.ident.name.clone(), range, range, part.doc.as_deref()))
            }
            Symbol::Step(at, index) => {
                let lowered = db.lowered(at.file);
                let body = lowered.module.bodies.values().get(at.body.index())?;
                let step = body.steps.get(*index as usize)?;
                let range = lowered.map.span(step.ident.span);
                Some(of(at.file, step.ident.name.clone(), range, range, step.doc.as_deref()))
            }
            Symbol::Version(file, index) => {
                let lowered = db.lowered(*file);
                let root = lowered.module.root?;
                let entry = lowered.module.bodies[root].versions.get(*index as usize)?;
                let range = lowered.map.span(entry.version.span);
                Some(of(*file, entry.version.name.clone(), range, range, entry.doc.as_deref()))
            }
            Symbol::OptionOfAll(..)
            | Symbol::BuiltinType(_)
            | Symbol::Builtin(_)
            | Symbol::Method(_)
            | Symbol::Object(_)
            | Symbol::Member(_)
            | Symbol::Fact(_)
            | Symbol::Word(_)
            | Symbol::Attribute(_)
            | Symbol::ExportKey(_)
            | Symbol::Join(_) => None,
        }
    }

    /// Returns what it is, in words: "feature", "value".
    #[must_use]
    pub fn kind(&self, db: &Database) -> &'static str {
        match self {
            Symbol::Package(_) => "package",
            Symbol::File(file) => match db.lowered(*file).module.kind {
                Some(ModuleKind::Overlay) => "overlay",
                Some(ModuleKind::Override) => "override",
                Some(ModuleKind::Project) => "project",
                Some(ModuleKind::Recipe) => "recipe",
                Some(ModuleKind::Interface) => "interface",
                Some(ModuleKind::Module) => "module",
                None => "file",
            },
            Symbol::Option(at, index) => {
                let lowered = db.lowered(at.file);
                let body = lowered.module.bodies.values().get(at.body.index());
                let decl = body.and_then(|it| it.options.get(*index as usize));
                kind_of_option(decl.map_or(OptionKind::Knob, |it| it.kind))
            }
            Symbol::OptionOfAll(_, kind) => kind_of_option(*kind),
            Symbol::Value(..) => "value",
            Symbol::Group(..) => "group",
            Symbol::Type(..) | Symbol::BuiltinType(_) => "type",
            Symbol::RecordField(..) => "field",
            Symbol::Function(..) | Symbol::Builtin(_) => "function",
            Symbol::Local(..) => "name",
            Symbol::Part(file, body) => {
                let lowered = db.lowered(*file);
                let parts = lowered.module.bodies.values().iter().flat_map(|it| &it.parts);
                match parts.into_iter().find(|it| it.body == *body).map(|it| it.kind) {
                    Some(PartKind::Mixin) => "mixin",
                    Some(PartKind::Preset) => "preset",
                    Some(PartKind::Compile) => "compile block",
                    Some(PartKind::Output) => "output",
                    Some(PartKind::Test) | None => "test",
                }
            }
            Symbol::Step(..) => "step",
            Symbol::Version(..) => "version",
            Symbol::Method(_) => "method",
            Symbol::Object(_) => "object",
            Symbol::Member(_) => "member",
            Symbol::Fact(_) => "fact",
            Symbol::Word(_) => "word",
            Symbol::Attribute(_) => "attribute",
            Symbol::ExportKey(_) => "export",
            Symbol::Join(_) => "join",
        }
    }
    /// Returns the options that an [`OptionOfAll`](Symbol::OptionOfAll) stands for, each with the
    /// package that has it, in the order of their names; nothing for any other symbol. Packages
    /// share the options of the mixins that they include.
    #[must_use]
    pub fn options_of_all(&self, db: &Database) -> Vec<(Name, Symbol)> {
        let Symbol::OptionOfAll(name, kind) = self else { return Vec::new() };
        let mut found = Vec::new();
        for stem in db.stems() {
            let Some(file) = db.package(stem) else { continue };
            let schema = db.schema(file);
            if let Some(option) = schema.table.get(name).filter(|it| it.kind == *kind) {
                found.push((stem.into(), Symbol::Option(option.at, option.index)));
            }
        }
        found
    }
}

fn kind_of_option(kind: OptionKind) -> &'static str {
    match kind {
        OptionKind::Feature => "feature",
        OptionKind::Field => "field",
        OptionKind::Let => "let",
        OptionKind::Knob => "knob",
    }
}
