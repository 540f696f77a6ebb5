//! What is said of a symbol: how it is declared, its documentation, its history, what it brings.

use super::brings::{brings, markdown};
use super::effective::code;
use super::{Facts, Symbol};
use crate::check::{Fact, Method};
use crate::database::Database;
use crate::module::{Name, OptionKind, TypeNameKind};
use crate::published::published_specs;
use crate::schema::{History, Join, OptionSchema, OptionTable, Schema};
use crate::types::{Object, Ty};

/// How many packages are named that have an option.
const PACKAGES_SHOWN_MAX: usize = 8;

/// Returns what is said of a symbol as Markdown; nothing if there is nothing to say.
pub(super) fn describe(
    db: &Database,
    symbol: &Symbol,
    owner: Option<&Name>,
    facts: &dyn Facts,
) -> Option<String> {
    let mut out = Text::default();
    match symbol {
        Symbol::Package(file) => package(db, &db.schema(*file), facts, &mut out),
        Symbol::File(file) => {
            let lowered = db.lowered(*file);
            let name = lowered.module.name.as_ref().map_or("", |it| it.name.as_str());
            out.kiln(&format!("{} {name}", symbol.kind(db)));
            out.doc(lowered.module.doc.as_deref());
            out.paragraph(&code(&db.path(*file)));
        }
        Symbol::Option(at, index) => {
            let schema = owner_schema(db, owner).unwrap_or_else(|| db.schema(at.file));
            match find_option(&schema, symbol) {
                Some(option) => self::option(db, &schema, &option, owner, facts, &mut out),
                None => let_(db, *at, *index, &mut out)?,
            }
        }
        Symbol::Value(file, id, index) => value(db, (*file, *id, *index), owner, facts, &mut out)?,
        Symbol::Group(file, id, index) => {
            let env = db.env(*file);
            let of = env.enums.get(id.index())?;
            let (name, members) = of.groups.get(*index as usize)?;
            let members: Vec<&str> =
                members.iter().map(|it| of.values[*it as usize].as_str()).collect();
            out.kiln(&format!("group {name} {{ {} }}", members.join(", ")));
            out.doc(symbol.declaration(db)?.doc.as_deref());
        }
        Symbol::Type(file, index) => {
            let env = db.env(*file);
            let name = env.module().type_names.get(*index as usize)?;
            let head = match &name.kind {
                TypeNameKind::Enum(id) => {
                    let of = &env.enums[id.index()];
                    let shown: Vec<&str> =
                        of.values.iter().take(12).map(|it| it.as_str()).collect();
                    let more = of.values.len().saturating_sub(shown.len());
                    let more = if more > 0 { format!(", … {more} more") } else { String::new() };
                    format!("enum {} {{ {}{more} }}", name.ident.name, shown.join(", "))
                }
                TypeNameKind::Record(id) => {
                    let fields = &env.records[id.index()].fields;
                    let fields: Vec<String> =
                        fields.iter().map(|it| format!("    {}: {}", it.name, it.ty)).collect();
                    format!("record {} {{\n{}\n}}", name.ident.name, fields.join("\n"))
                }
                TypeNameKind::Alias(id) => {
                    format!("type {} = {}", name.ident.name, env.types[id.index()])
                }
            };
            out.kiln(&head);
            out.doc(symbol.declaration(db)?.doc.as_deref());
        }
        Symbol::RecordField(file, id, index) => {
            let env = db.env(*file);
            let record = env.records.get(id.index())?;
            let field = record.fields.get(*index as usize)?;
            out.kiln(&format!("{}: {}", field.name, field.ty));
            out.doc(symbol.declaration(db)?.doc.as_deref());
            out.paragraph(&format!("field of {}", code(&record.name)));
        }
        Symbol::Function(file, id) => {
            let env = db.env(*file);
            out.kiln(&function(&env, id.index())?);
            out.doc(symbol.declaration(db)?.doc.as_deref());
        }
        Symbol::Local(file, range) => {
            let name = symbol.declaration(db)?.name;
            out.kiln(&name);
            // A parameter of a function has a type of its own.
            let lowered = db.lowered(*file);
            let env = db.env(*file);
            for (id, function) in lowered.module.functions.iter() {
                let at =
                    function.params.iter().position(|it| lowered.map.span(it.ident.span) == *range);
                if let Some(at) = at {
                    let (name, ty, _) = env.functions.get(id.index())?.params.get(at)?;
                    out.0.clear();
                    out.kiln(&format!("{name}: {ty}"));
                    out.paragraph(&format!("parameter of {}", code(&function.ident.name)));
                }
            }
        }
        Symbol::OptionOfAll(name, _) => {
            out.kiln(&format!("{} {name}", symbol.kind(db)));
            let packages = symbol.options_of_all(db);
            let shown: Vec<String> =
                packages.iter().take(PACKAGES_SHOWN_MAX).map(|it| code(&it.0)).collect();
            out.paragraph(&match packages.len().saturating_sub(shown.len()) {
                0 if shown.is_empty() => "no package has it".to_owned(),
                0 => format!("of {}", shown.join(", ")),
                more => format!("of {} and {more} more", shown.join(", ")),
            });
        }
        Symbol::Part(file, _) => {
            let declaration = symbol.declaration(db)?;
            out.kiln(&format!("{} {}", symbol.kind(db), declaration.name));
            out.doc(declaration.doc.as_deref());
            let _ = file;
        }
        Symbol::Step(at, index) => {
            let lowered = db.lowered(at.file);
            let body = lowered.module.bodies.values().get(at.body.index())?;
            let step = body.steps.get(*index as usize)?;
            let script = lowered.map.expr(step.script);
            let text = db.text(at.file);
            let script = text.get(std::ops::Range::<usize>::from(script)).unwrap_or("");
            out.kiln(&format!("step {} = {}", step.ident.name, shortened(script)));
            out.doc(step.doc.as_deref());
        }
        Symbol::Version(file, index) => {
            let schema = db.schema(*file);
            let version = schema.versions.iter().find(|it| it.index == Some(*index))?;
            out.kiln(&format!("{} {}", schema.name(), version.version));
            out.doc(symbol.declaration(db)?.doc.as_deref());
            out.history(&version.history);
        }
        Symbol::BuiltinType(name) => {
            let (head, doc) = type_doc(name)?;
            out.kiln(head);
            out.paragraph(doc);
        }
        Symbol::Builtin(builtin) => {
            let (head, doc) = builtin.doc();
            out.kiln(head);
            out.paragraph(doc);
        }
        Symbol::Method(method) => {
            let (head, doc) = method_doc(*method);
            out.kiln(head);
            out.paragraph(doc);
        }
        Symbol::Object(object) => {
            out.kiln(object.text());
            out.paragraph(object_doc(*object));
        }
        Symbol::Member(name) => out.paragraph(member_doc(name)?),
        Symbol::Fact(fact) => {
            let (head, doc) = fact_doc(*fact);
            out.kiln(head);
            out.paragraph(doc);
            if *fact == Fact::Version
                && let Some(effective) = owner.and_then(|it| facts.version(it))
            {
                out.paragraph(&effective.markdown());
            }
        }
        Symbol::Word(word) => out.paragraph(word_doc(word)?),
        Symbol::Attribute(name) => {
            let (head, doc) = attribute_doc(name)?;
            out.kiln(head);
            out.paragraph(doc);
        }
        Symbol::ExportKey(name) => out.paragraph(&export_doc(name)?),
        Symbol::Join(name) => out.paragraph(join_doc(name)?),
    }
    Some(out.0)
}

/// The schema of the package with this name.
pub(super) fn owner_schema(db: &Database, owner: Option<&Name>) -> Option<std::sync::Arc<Schema>> {
    db.package(owner?).map(|it| db.schema(it))
}

/// The option that a symbol is, in what a file offers.
pub(super) fn find_option(
    schema: &Schema,
    symbol: &Symbol,
) -> Option<std::sync::Arc<OptionSchema>> {
    let Symbol::Option(at, index) = symbol else { return None };
    let in_table = |table: &OptionTable| {
        table.options.iter().find(|it| it.at == *at && it.index == *index).cloned()
    };
    in_table(&schema.table)
        .or_else(|| schema.mixins.iter().find_map(|it| in_table(&it.2)))
        .filter(|it| it.kind != OptionKind::Let)
}

/// Returns how an option is declared, in one line.
pub(super) fn option_head(db: &Database, option: &OptionSchema) -> String {
    let mut head = format!("{} {}", option.kind, option.name);
    if option.kind != OptionKind::Feature {
        head.push_str(&format!(": {}", option.ty));
    }
    if let Some(default) = option.default {
        head.push_str(&format!(" = {}", written(db, option.at.file, default)));
    }
    match option.join {
        Join::Max => head.push_str(" join max"),
        Join::Min => head.push_str(" join min"),
        Join::Or | Join::Union | Join::Agree => {}
    }
    if let Some(when) = option.when {
        head.push_str(&format!(" when {}", written(db, option.at.file, when)));
    }
    head
}

/// An expression as it is written, in one line and not too long.
pub(super) fn written(
    db: &Database,
    file: crate::database::FileId,
    expr: crate::module::ExprId,
) -> String {
    let text = db.text(file);
    let range = db.expr_range(file, expr);
    shortened(text.get(std::ops::Range::<usize>::from(range)).unwrap_or(""))
}

/// A text in one line, cut where it is long.
fn shortened(text: &str) -> String {
    /// How many characters of a value are shown.
    const SHOWN_MAX: usize = 120;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// How a function is declared.
pub(super) fn function(env: &crate::env::Env, index: usize) -> Option<String> {
    let signature = env.functions.get(index)?;
    let decl = env.module().functions.values().get(index)?;
    let params: Vec<String> =
        signature.params.iter().map(|it| format!("{}: {}", it.0, it.1)).collect();
    Some(format!("fn {}({}): {}", decl.ident.name, params.join(", "), signature.result))
}

fn package(db: &Database, schema: &Schema, facts: &dyn Facts, out: &mut Text) {
    let module = schema.env.module();
    let kind = module.kind.map_or("recipe".to_owned(), |it| it.to_string());
    out.kiln(&format!("{kind} {}", schema.name()));
    out.doc(module.doc.as_deref());
    let versions: Vec<String> =
        schema.versions.iter().take(6).map(|it| it.version.to_string()).collect();
    if !versions.is_empty() {
        let more = if schema.versions.len() > versions.len() { ", …" } else { "" };
        out.paragraph(&format!("versions: {}{more}", versions.join(", ")));
    }
    let choices: Vec<String> = schema.table.choices().map(|it| code(&it.name)).collect();
    if !choices.is_empty() {
        let shown = choices.iter().take(16).cloned().collect::<Vec<_>>().join(", ");
        let more = if choices.len() > 16 { ", …" } else { "" };
        out.paragraph(&format!("options: {shown}{more}"));
    }
    let published = published_specs(db, schema.file);
    if !published.is_empty() {
        let specs: Vec<String> = published.iter().map(|it| code(it)).collect();
        out.paragraph(&format!("published: {}", specs.join(", ")));
    }
    if let Some(effective) = facts.version(schema.name()) {
        out.paragraph(&effective.markdown());
    }
    out.paragraph(&format!("declared in {}", code(&db.path(schema.file))));
}

fn option(
    db: &Database,
    schema: &Schema,
    option: &OptionSchema,
    owner: Option<&Name>,
    facts: &dyn Facts,
    out: &mut Text,
) {
    out.kiln(&option_head(db, option));
    out.doc(option.doc(db).as_deref());
    if let Some(enumerated) = option.ty.words()
        && enumerated.name.is_some()
    {
        let count = enumerated.values.len();
        out.paragraph(&format!("{count} values"));
    }
    out.paragraph(&markdown(&brings(db, schema, option, None)));
    out.history(&option.history);
    let package = owner.map_or(schema.name(), |it| it.as_str());
    if let Some(effective) = facts.option(package, &option.name) {
        out.paragraph(&effective.markdown());
    }
    let of = db.schema(option.at.file);
    if of.name() != package && !of.name().is_empty() {
        out.paragraph(&format!("declared in {}", code(&db.path(option.at.file))));
    }
}

fn let_(db: &Database, at: crate::schema::BodyRef, index: u32, out: &mut Text) -> Option<()> {
    let checked = db.checked(at.file);
    let module = checked.module();
    let decl = module.bodies.values().get(at.body.index())?.options.get(index as usize)?;
    let ty = match (decl.ty, decl.default) {
        (Some(ty), _) => checked.schema.env.types[ty.index()].clone(),
        (None, Some(value)) => checked.types[value.index()].clone(),
        (None, None) => Ty::Error,
    };
    let value = decl.default.map(|it| format!(" = {}", written(db, at.file, it)));
    let value = value.unwrap_or_default();
    out.kiln(&format!("{} {}: {ty}{value}", decl.kind, decl.ident.name));
    out.doc(decl.doc.as_deref());
    Some(())
}

fn value(
    db: &Database,
    (file, id, index): (crate::database::FileId, crate::module::EnumId, u32),
    owner: Option<&Name>,
    facts: &dyn Facts,
    out: &mut Text,
) -> Option<()> {
    let env = db.env(file);
    let of = env.enums.get(id.index())?;
    let decl = env.module().enums.values().get(id.index())?;
    let value = decl.values.get(index as usize)?;
    let mut head = value.ident.name.to_string();
    if let Some(name) = &of.name {
        head.push_str(&format!(": {name}"));
    }
    if let Some(text) = value.text {
        head.push_str(&format!(" = {}", written(db, file, text)));
    }
    if let Some(when) = value.when {
        head.push_str(&format!(" when {}", written(db, file, when)));
    }
    out.kiln(&head);
    out.doc(value.doc.as_deref());
    let groups: Vec<String> =
        of.groups.iter().filter(|it| it.1.contains(&index)).map(|it| code(&it.0)).collect();
    if !groups.is_empty() {
        out.paragraph(&format!("in group {}", groups.join(", ")));
    }
    let schema = owner_schema(db, owner).unwrap_or_else(|| db.schema(file));
    for option in options_of(&schema, file, id) {
        out.paragraph(&markdown(&brings(db, &schema, &option, Some(index))));
        let name = &value.ident.name;
        let package = owner.map_or(schema.name(), |it| it.as_str());
        if let Some(effective) = facts.element(package, &option.name, name) {
            out.paragraph(&format!("in {}: {}", code(&option.name), effective.markdown()));
        }
    }
    Some(())
}

/// The options whose values are of this enum.
pub(super) fn options_of(
    schema: &Schema,
    file: crate::database::FileId,
    id: crate::module::EnumId,
) -> Vec<OptionSchema> {
    schema
        .table
        .choices()
        .filter(|it| it.ty.words().is_some_and(|it| it.file == file && it.id == id))
        .cloned()
        .collect()
}

/// Markdown that grows by paragraphs.
#[derive(Default)]
struct Text(String);

impl Text {
    fn kiln(&mut self, text: &str) {
        self.paragraph(&format!("```kiln\n{text}\n```"));
    }

    fn doc(&mut self, doc: Option<&str>) {
        self.paragraph(doc.unwrap_or(""));
    }

    fn paragraph(&mut self, text: &str) {
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        if !self.0.is_empty() {
            self.0.push_str("\n\n");
        }
        self.0.push_str(text);
    }

    fn history(&mut self, history: &History) {
        let mut parts = Vec::new();
        if let Some(since) = &history.since {
            parts.push(format!("since {since}"));
        }
        for (from, since) in &history.renamed_from {
            let since = since.as_ref().map_or(String::new(), |it| format!(" until {it}"));
            parts.push(format!("called {} before{since}", code(from)));
        }
        if let Some(why) = &history.deprecated {
            parts.push(format!("**deprecated**: {why}"));
        }
        if let Some((since, why)) = &history.removed {
            let since = since.as_ref().map_or(String::new(), |it| format!(" since {it}"));
            parts.push(format!("**gone**{since}: {why}"));
        }
        self.paragraph(&parts.join(" · "));
    }
}

//------ the language itself

/// Returns a type of the language as it is written, and what it is.
pub(super) fn type_doc(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "Bool" => ("Bool", "`on` or `off`."),
        "Int" => ("Int(1..=65536)", "A whole number, perhaps in ranges."),
        "Size" => ("Size(1 KiB..=1 GiB)", "A number of bytes: `64 B`, `1 MiB`."),
        "Duration" => ("Duration(1 s..=1 h)", "A span of time: `500 ms`, `2 h`."),
        "String" => ("String(/[a-z]+/)", "A text, perhaps following a pattern."),
        "Path" => ("Path", "A text that names a file inside a build."),
        "Version" => ("Version", "A version: `8.18.0`, `24.10`. It is not a number."),
        "Source" => ("Source", "What `fetch` and `dir` give."),
        "File" => ("File", "What `file` gives."),
        "Script" => ("Script", "Shell text: `sh\"make\"`. What is interpolated is quoted."),
        "Dep" => (
            "Dep",
            "A dependency, in steps: it has `.prefix`, `.bin`, `.lib`, `.include`, `.version`.",
        ),
        "List" => ("List<String>", "Values in order."),
        "Map" => ("Map<String>", "Values by text."),
        "Set" => ("Set<Driver>", "Any of the values of an enum, in the order of its declaration."),
        _ => return None,
    })
}

/// Returns how a method is called, and what it does.
pub(super) fn method_doc(method: Method) -> (&'static str, &'static str) {
    match method {
        Method::Map => (
            ".map((it) -> …)",
            "What a function makes of each element; of a map, `(key, value) -> …` of each entry.",
        ),
        Method::Filter => (".filter((it) -> Bool)", "The elements for which the condition holds."),
        Method::Any => (".any((it) -> Bool): Bool", "Whether the condition holds for one element."),
        Method::All => {
            (".all((it) -> Bool): Bool", "Whether the condition holds for all elements.")
        }
        Method::Join => (".join(between: String): String", "The elements in one text."),
        Method::Reversed => (".reversed()", "The elements from last to first."),
        Method::Unique => (".unique()", "The elements, each once, where it is first."),
        Method::Get => (".get(key: String)", "The value of a key, or `null`."),
        Method::Or => (".or(value)", "The value, or another one where it is `null`."),
        Method::Split => (".split(at: String): List<String>", "The parts between a text."),
        Method::Lines => (".lines(): List<String>", "The lines."),
        Method::Replace => (
            ".replace(from: String, to: String): String",
            "The text with a part of it replaced wherever it is.",
        ),
        Method::Trim => (".trim(): String", "The text without white space at both ends."),
        Method::Upper => (".upper(): String", "The text in upper case."),
        Method::Lower => (".lower(): String", "The text in lower case."),
        Method::StartsWith => (".starts_with(text: String): Bool", "Whether the text begins so."),
        Method::EndsWith => (".ends_with(text: String): Bool", "Whether the text ends so."),
        Method::Contains => (".contains(text: String): Bool", "Whether the text has this in it."),
        Method::Matches => {
            (".matches(/pattern/): Bool", "Whether all of the text follows a pattern.")
        }
        Method::UpTo => (
            ".up_to(parts: Int): Version",
            "The first parts of the version: `8.18.0.up_to(2)` is `8.18`.",
        ),
        Method::Pin => (".pin(parts: Int)", "Versions that have the same first parts."),
        Method::Below => (
            ".below(parts: Int): Version",
            "The first version after those that have the same first parts.",
        ),
    }
}

pub(super) fn object_doc(object: Object) -> &'static str {
    match object {
        Object::Platform => "The machine that the package is for: `platform.os`, `platform.cpu`.",
        Object::Machine => "The machine that builds the package: `machine.os`, `machine.cpu`.",
        Object::Toolchain => "How packages are compiled: `toolchain.link`, `toolchain.libc`, …",
        Object::Facts => {
            "What is given of the machine that the package is for: `facts.isa`, `facts.gpus`, …"
        }
        Object::Dep => "The dependencies by name: `dep.openssl` is where openssl is.",
        Object::Deps => {
            "The dependencies by role: `deps.build`, `deps.host`, `deps.link`, `deps.run`."
        }
        Object::Outputs => "Where the outputs go, by name.",
        Object::Steps => "The steps of the build, by name.",
        Object::Sources => "Where further sources lie, by name.",
    }
}

/// Returns what a member of a type of the language is.
pub(super) fn member_doc(name: &str) -> Option<&'static str> {
    Some(match name {
        "prefix" => "Where the dependency is.",
        "bin" => "Its folder of programs.",
        "lib" => "Its folder of libraries.",
        "include" => "Its folder of headers.",
        "name" => "Its name.",
        "version" => "Its version.",
        "major" => "The first part of the version.",
        "minor" => "The second part of the version.",
        "patch" => "The third part of the version.",
        "text" => "The text that it stands for in build steps.",
        "bytes" => "The number of bytes.",
        "seconds" => "The number of seconds.",
        "length" => "How many elements or characters there are.",
        "build" => "The dependencies that run on the machine that builds, nearest first.",
        "host" => "The dependencies that are linked, or have headers.",
        "link" => "The dependencies that are linked, with theirs.",
        "run" => "The dependencies that are there when the package is used.",
        "test" => "The dependencies that are there when the package is tested.",
        "sha256" => "The SHA-256 of what is downloaded, as 64 hexadecimal digits.",
        "blake3" => "The BLAKE3 digest of what is downloaded, as 64 hexadecimal digits.",
        "unpack" => "Whether an archive is unpacked.",
        "root" => "The folder of the archive that is taken.",
        "executables" => "The files that are made executable.",
        _ => return None,
    })
}

pub(super) fn fact_doc(fact: Fact) -> (&'static str, &'static str) {
    match fact {
        Fact::Version => ("version: Version", "The version of the package."),
        Fact::Name => ("name: String", "The name of the package."),
        Fact::Out => ("out: Path", "Where the default output goes."),
        Fact::Src => ("src: Path", "Where the source is unpacked."),
    }
}

/// Returns what a word with one meaning means.
pub(super) fn word_doc(word: &str) -> Option<&'static str> {
    Some(match word {
        "on" | "true" => "The feature is on.",
        "off" | "false" => "The feature is off.",
        "null" => "No value.",
        "all" => "Every value of the set.",
        "prev" => "The value under this setting: what all lower layers say.",
        "default" => "The recipe's default.",
        _ => return None,
    })
}

/// Every attribute: the name, an example, and what it says.
pub(super) const ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("since", "@since(8.10)", "Since which version it is there."),
    ("deprecated", "@deprecated(\"use tls\")", "Using it gives a warning, and why."),
    ("removed", "@removed(\"use tls\", in = 9)", "Using it is an error, and why."),
    (
        "renamed",
        "@renamed(from = gssapi, since = 8.10)",
        "It had another name, which still works, with a warning.",
    ),
    ("ordered", "@ordered", "The values of the enum compare by their order."),
    ("alone", "@alone", "The value cannot be in a set with others."),
    ("preferred", "@preferred", "The version is chosen before newer ones."),
    ("all", "@all", "The arms of the knob must name every value."),
    (
        "noarch",
        "@noarch",
        "The package compiles nothing: it takes `noarch_to_run`, and no other export.",
    ),
];

fn attribute_doc(name: &str) -> Option<(&'static str, &'static str)> {
    ATTRIBUTES.iter().find(|it| it.0 == name).map(|it| (it.1, it.2))
}

/// Returns what an export key means.
pub(super) fn export_doc(key: &str) -> Option<String> {
    let (text, limit) = match key.strip_suffix("_limit") {
        Some(text) => (text, true),
        None => (key, false),
    };
    let (from, to) = text.split_once("_to_")?;
    let from = match from {
        "noarch" => "that compile nothing and depend on this one".to_owned(),
        role => format!("that depend on this one by `{role}`"),
    };
    Some(if limit {
        format!("Packages {from} take this version only, if they have it in `{to}` anyway.")
    } else {
        format!("Packages {from} get this in `{to}`.")
    })
}

/// Returns what a way to join needs means.
pub(super) fn join_doc(name: &str) -> Option<&'static str> {
    Some(match name {
        "max" => "The greatest of what dependents need.",
        "min" => "The smallest of what dependents need.",
        "or" => "On if one dependent needs it.",
        "union" => "All values that dependents need.",
        "agree" => "All dependents must need the same.",
        _ => return None,
    })
}
