//! What is known of a name: `:doc`.

use kiln_lang::check::Checked;
use kiln_lang::module::{OptionKind, PartKind, TypeNameKind};
use kiln_lang::schema::{OptionSchema, Schema};
use kiln_lang::{Code, Database, FileId};

use crate::embedded::{self, PAGES};
use crate::markdown;
use crate::terminal::{Style, Terminal, harmless};

/// How many values of an enum are listed.
const VALUES_MAX: usize = 40;

/// Returns what is known of `name`: something in `file`, a package, a module, something of one of
/// these (`curl.tls`), or a message.
pub(super) fn of(db: &Database, file: FileId, name: &str, terminal: &Terminal) -> Option<String> {
    let painted = |(head, doc): (String, String)| {
        let mut text = format!("{}\n", terminal.paint(Style::Bold, &harmless(&head)));
        for line in doc.lines() {
            text.push_str(format!("  {}", harmless(line)).trim_end());
            text.push('\n');
        }
        text
    };
    if let Some(found) = member(db, file, name) {
        return Some(painted(found));
    }
    if let Some((of, member_name)) = name.split_once('.')
        && let Some(found) = file_of(db, file, of).and_then(|it| member(db, it, member_name))
    {
        return Some(painted(found));
    }
    if let Some(found) = file_of(db, file, name) {
        return Some(painted(whole(db, found)));
    }
    Code::from_slug(name)?;
    let page = embedded::find(PAGES, &format!("{name}.md"))?;
    Some(markdown::layout(&String::from_utf8_lossy(page), terminal))
}

/// Every name that there is something to say about.
pub(super) fn names(db: &Database, file: FileId) -> Vec<String> {
    let mut names = own_names(db, file);
    names.extend(db.stems().map(str::to_owned));
    names.extend(Code::ALL.iter().map(|it| it.slug().to_owned()));
    names
}

/// The names of options, lets, functions and types of a file.
pub(super) fn own_names(db: &Database, file: FileId) -> Vec<String> {
    let schema = db.schema(file);
    let module = schema.env.module();
    let options = schema.table.options.iter().map(|it| it.name.to_string());
    let functions = module.functions.values().iter().map(|it| it.ident.name.to_string());
    let types = module.type_names.iter().map(|it| it.ident.name.to_string());
    let uses = schema.env.uses.iter().map(|it| it.0.to_string());
    options.chain(functions).chain(types).chain(uses).collect()
}

/// The file of a package or module, by the name that it has here.
fn file_of(db: &Database, file: FileId, name: &str) -> Option<FileId> {
    db.env(file).used(name).or_else(|| db.package(name)).or_else(|| db.module(name))
}

/// Something of a file: a line that says what it is, and its documentation.
fn member(db: &Database, file: FileId, name: &str) -> Option<(String, String)> {
    let schema = db.schema(file);
    let checked = db.checked(file);
    if let Some(found) = schema.table.get(name) {
        return Some(option(db, &checked, found));
    }
    let module = schema.env.module();
    if let Some(at) = schema.env.function(name) {
        let signature = &schema.env.functions[at];
        let params: Vec<String> =
            signature.params.iter().map(|it| format!("{}: {}", it.0, it.1)).collect();
        let head = format!("fn {name}({}): {}", params.join(", "), signature.result);
        return Some((head, doc(schema.env.function_decl(at).doc.as_deref())));
    }
    if let Some(found) = module.type_names.iter().find(|it| it.ident.name == name) {
        return Some(match &found.kind {
            TypeNameKind::Enum(id) => {
                let of = &schema.env.enums[id.index()];
                let text = doc(module.enums[*id].doc.as_deref());
                (format!("enum {name}"), joined(text, values(db, of)))
            }
            TypeNameKind::Record(id) => {
                let fields: Vec<String> = schema.env.records[id.index()]
                    .fields
                    .iter()
                    .map(|it| format!("{}: {}", it.name, it.ty))
                    .collect();
                let text = doc(module.records[*id].doc.as_deref());
                (format!("record {name}"), joined(text, fields.join("\n")))
            }
            TypeNameKind::Alias(id) => {
                (format!("type {name} = {}", schema.env.types[id.index()]), String::new())
            }
        });
    }
    let root = module.root.map(|it| &module.bodies[it]);
    let part = root.into_iter().flat_map(|it| &it.parts).find(|it| {
        it.ident.name == name && matches!(it.kind, PartKind::Mixin | PartKind::Preset)
    })?;
    match part.kind {
        PartKind::Mixin => {
            let table = schema.mixin(name).map(|it| it.2.clone());
            let own = |it: &&OptionSchema| it.at.file == file && it.kind == OptionKind::Field;
            let fields: Vec<String> = table
                .iter()
                .flat_map(|it| {
                    it.options
                        .iter()
                        .map(|it| &**it)
                        .filter(own)
                        .map(|it| format!("{}: {}", it.name, it.ty))
                })
                .collect();
            Some((format!("mixin {name}"), joined(doc(part.doc.as_deref()), fields.join("\n"))))
        }
        _ => Some((format!("preset {name}"), doc(part.doc.as_deref()))),
    }
}

fn option(db: &Database, checked: &Checked, option: &OptionSchema) -> (String, String) {
    let ty = match (&option.ty, option.default) {
        (kiln_lang::types::Ty::Error, Some(expr)) if option.at.file == checked.file => {
            checked.types[expr.index()].to_string()
        }
        (ty, _) => ty.to_string(),
    };
    let mut head = format!("{} {}", option.kind, option.name);
    if option.kind != OptionKind::Feature {
        head.push_str(&format!(": {ty}"));
    }
    if let Some(default) = option.default {
        let text = db.text(option.at.file);
        let range = db.expr_range(option.at.file, default);
        let written: Vec<&str> = text[range].split_whitespace().collect();
        head.push_str(&format!(" = {}", written.join(" ")));
    }
    let mut text = doc(option.doc(db).as_deref());
    if let Some(of) = option.ty.words() {
        text = joined(text, values(db, of));
    }
    if let Some(why) = &option.history.deprecated {
        text = joined(text, format!("deprecated: {why}"));
    }
    for (from, _) in &option.history.renamed_from {
        text = joined(text, format!("was called {from}"));
    }
    (head, text)
}

/// The values of an enum, a line for each.
fn values(db: &Database, of: &kiln_lang::types::EnumTy) -> String {
    let env = db.env(of.file);
    let decl = &env.module().enums[of.id];
    let mut lines: Vec<String> = decl
        .values
        .iter()
        .take(VALUES_MAX)
        .map(|it| match first_line(it.doc.as_deref()) {
            "" => it.ident.name.to_string(),
            doc => format!("{}: {doc}", it.ident.name),
        })
        .collect();
    if decl.values.len() > VALUES_MAX {
        lines.push(format!("and {} more", decl.values.len() - VALUES_MAX));
    }
    lines.join("\n")
}

/// A package or a module.
fn whole(db: &Database, file: FileId) -> (String, String) {
    let schema: &Schema = &db.schema(file);
    let module = schema.env.module();
    let kind = module.kind.map_or_else(String::new, |it| format!("{it} "));
    let mut head = format!("{kind}{}", schema.name());
    if let Some(newest) = schema.versions.first() {
        head.push_str(&format!(" {}", newest.version));
    }
    let line = |it: &OptionSchema| {
        format!("{} {}: {}", it.kind, it.name, first_line(it.doc(db).as_deref()))
    };
    let options: Vec<String> = schema.table.choices().map(line).collect();
    let mixins: Vec<String> = schema.mixins.iter().map(|it| format!("mixin {}", it.0)).collect();
    let functions: Vec<String> =
        module.functions.values().iter().map(|it| format!("fn {}", it.ident.name)).collect();
    let text = doc(module.doc.as_deref());
    (head, joined(text, [options, mixins, functions].concat().join("\n")))
}

fn doc(doc: Option<&str>) -> String {
    doc.unwrap_or("").lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn first_line(doc: Option<&str>) -> &str {
    doc.unwrap_or("").lines().map(str::trim).find(|it| !it.is_empty()).unwrap_or("")
}

fn joined(a: String, b: String) -> String {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b,
        (_, true) => a,
        _ => format!("{a}\n{b}"),
    }
}
