//! The page of a module: its mixins, types, functions and lets.

use std::collections::BTreeSet;

use kiln_lang::Database;
use kiln_lang::module::{OptionKind, PartKind, StmtKind, TypeNameKind};
use kiln_lang::schema::{BodyRef, OptionSchema};
use kiln_lang::types::Ty;

use super::body::Part;
use super::catalog::{Catalog, Entry, summary};
use super::markdown::{blocks, inline};
use super::options::{choices, fields, first_paragraph, named_enum};
use super::page::{Page, Row, badge, copyable, row, section, table};
use crate::html::Html;

pub(super) fn page(catalog: &Catalog<'_>, entry: &Entry) -> String {
    let mut heading = Html::text(&entry.name).then(badge("badge", "module"));
    if !entry.is_standard {
        heading.push(badge("badge", "own"));
    }
    let doc = blocks(entry.module().doc.as_deref().unwrap_or(""), 2, false, &|_| None);
    let mut main =
        Html::tag("h1", heading).line().then(Html::el("div", &[("class", "lead")], doc).line());
    if entry.mistakes > 0 {
        let text = Html::text("This module has mistakes: ").then(Html::code("kiln check"));
        main.push(Html::el("p", &[("class", "notice")], text.then(" shows them.")).line());
    }
    main.push(facts(entry));
    main.push(section("mixins", "Mixins", mixins(catalog, entry)));
    main.push(section("types", "Types", types(catalog, entry)));
    main.push(section("functions", "Functions", functions(catalog, entry)));
    main.push(section("lets", "Values", lets(catalog, entry)));
    main.push(section("used-by", "Used by", users(catalog, entry)));
    let title = format!("{} · Kiln", entry.name);
    let summary = summary(entry.module());
    Page { title: &title, description: &summary, up: "../", main }.document()
}

fn facts(entry: &Entry) -> Html {
    let mut rows = vec![("Module", Html::code(&entry.source))];
    // What every package has need not be asked for.
    if !Database::is_builtin(entry.file) {
        rows.insert(0, ("Use it", copyable(&format!("use {}", entry.name))));
    }
    let rows: Html = rows
        .into_iter()
        .map(|it| Html::tag("dt", it.0).then(Html::tag("dd", it.1)).line())
        .collect();
    Html::el("dl", &[("class", "facts")], rows).line()
}

//------ mixins

fn mixins(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let module = entry.module();
    let root = module.root.map(|it| &module.bodies[it]);
    let mut out = Html::new();
    let mut seen = BTreeSet::new();
    for part in root.into_iter().flat_map(|it| &it.parts).filter(|it| it.kind == PartKind::Mixin) {
        let name = &part.ident.name;
        // Two of one name are a mistake, which is said above.
        if !seen.insert(name) {
            continue;
        }
        let id = format!("mixin-{name}");
        out.push(Html::el("h3", &[("id", &id)], Html::code(name)).line());
        out.push(blocks(part.doc.as_deref().unwrap_or(""), 4, false, &|_| None));
        let at = BodyRef { file: entry.file, body: part.body };
        let body = Part::new(catalog, at);
        let mut items = Vec::new();
        for stmt in &body.body().stmts {
            if matches!(&stmt.kind, StmtKind::Dep(_) | StmtKind::Include(_) | StmtKind::Rule(_)) {
                let when = body.when(stmt.guard, None);
                let mut item = match &stmt.kind {
                    StmtKind::Include(include) => {
                        included(catalog, entry, &body.stmt(stmt), include)
                    }
                    _ => body.linked(stmt),
                };
                if !when.is_empty() {
                    item.push(" when ");
                    item.push(when);
                }
                items.push(Html::tag("li", item));
            }
        }
        if !items.is_empty() {
            out.push(Html::tag("ul", items.into_iter().collect::<Html>()).line());
        }
        if let Some((_, _, options)) = entry.schema.mixin(name) {
            let own = |file| file == entry.file;
            out.push(fields(catalog, options, &own));
            let own: Vec<&OptionSchema> = options.choices().filter(|it| it.at == at).collect();
            let prefix = format!("mixin-{name}-");
            out.push(choices(catalog, options, &own, None, &prefix));
        }
        let steps: Vec<Row> = body
            .body()
            .steps
            .iter()
            .map(|it| {
                let doc = inline(&first_paragraph(it.doc.as_deref()), &|_| None);
                row(None, vec![Html::code(&it.ident.name), body.when(it.guard, None), doc])
            })
            .collect();
        out.push(table(&format!("Steps of {name}"), &["Step", "When", "What it does"], steps));
    }
    out
}

fn included(
    catalog: &Catalog<'_>,
    entry: &Entry,
    text: &str,
    include: &kiln_lang::module::Include,
) -> Html {
    let target = match &*include.path {
        [name] => entry.schema.env.used(&name.name).map(|it| (it, &name.name)),
        [module, name] => entry.schema.env.used(&module.name).map(|it| (it, &name.name)),
        _ => None,
    };
    let href = target.and_then(|(file, name)| {
        let (_, href) = catalog.module_of(file)?;
        // A mixin that is not there is a mistake of the module, and no place of a page.
        catalog.db.schema(file).mixin(name).map(|_| format!("{href}#mixin-{name}"))
    });
    match href {
        Some(href) => Html::link(&href, Html::code(text)),
        None => Html::code(text),
    }
}

//------ types, functions, values

fn types(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let module = entry.module();
    let env = &entry.schema.env;
    let mut out = Html::new();
    let mut seen = BTreeSet::new();
    for name in module.type_names.iter().filter(|it| seen.insert(&it.ident.name)) {
        let id = format!("type-{}", name.ident.name);
        let heading = |kind: &'static str| {
            let kind = Html::el("span", &[("class", "kind")], kind);
            Html::el("h3", &[("id", &id)], kind.then(Html::code(&name.ident.name))).line()
        };
        match &name.kind {
            TypeNameKind::Enum(id) => {
                out.push(heading("enum"));
                let doc = module.enums[*id].doc.as_deref().unwrap_or("");
                out.push(blocks(doc, 4, false, &|_| None));
                out.push(named_enum(catalog, &env.enums[id.index()]));
            }
            TypeNameKind::Record(id) => {
                out.push(heading("record"));
                let record = &module.records[*id];
                out.push(blocks(record.doc.as_deref().unwrap_or(""), 4, false, &|_| None));
                let fields = record.fields.iter().zip(&env.records[id.index()].fields);
                let rows = fields
                    .map(|(decl, field)| {
                        let default = decl.default.map_or_else(Html::new, |it| {
                            let range = catalog.db.expr_range(entry.file, it);
                            Html::code(&catalog.written(entry.file, range))
                        });
                        let doc = inline(&first_paragraph(decl.doc.as_deref()), &|_| None);
                        row(
                            None,
                            vec![
                                Html::code(&field.name),
                                Html::code(&field.ty.to_string()),
                                default,
                                doc,
                            ],
                        )
                    })
                    .collect();
                out.push(table(
                    &name.ident.name,
                    &["Field", "Type", "Default", "What it is"],
                    rows,
                ));
            }
            TypeNameKind::Alias(id) => {
                out.push(heading("type"));
                let text = format!("type {} = {}", name.ident.name, env.types[id.index()]);
                out.push(Html::tag("p", Html::code(&text)).line());
            }
        }
    }
    out
}

fn functions(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let env = &entry.schema.env;
    let mut seen = BTreeSet::new();
    let rows = entry
        .module()
        .functions
        .iter()
        .filter(|it| seen.insert(&it.1.ident.name))
        .map(|(id, function)| {
            let signature = &env.functions[id.index()];
            let params: Vec<String> = function
                .params
                .iter()
                .zip(&signature.params)
                .map(|(decl, (name, ty, _))| match decl.default {
                    Some(default) => {
                        let range = catalog.db.expr_range(entry.file, default);
                        format!("{name}: {ty} = {}", catalog.written(entry.file, range))
                    }
                    None => format!("{name}: {ty}"),
                })
                .collect();
            let text =
                format!("{}({}): {}", function.ident.name, params.join(", "), signature.result);
            let doc = blocks(function.doc.as_deref().unwrap_or(""), 4, false, &|_| None);
            let id = format!("fn-{}", function.ident.name);
            row(Some(&id), vec![Html::code(&text), doc])
        })
        .collect();
    table("Functions", &["Function", "What it gives"], rows)
}

fn lets(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    let checked = catalog.db.checked(entry.file);
    let lets = entry.schema.table.options.iter().filter(|it| it.kind == OptionKind::Let);
    let rows = lets
        .map(|it| {
            let written = it.default.map_or_else(Html::new, |expr| {
                let range = catalog.db.expr_range(it.at.file, expr);
                Html::code(&catalog.written(it.at.file, range))
            });
            let ty = match (&it.ty, it.default) {
                (Ty::Error, Some(expr)) => checked.types[expr.index()].to_string(),
                (ty, _) => ty.to_string(),
            };
            let doc = inline(&first_paragraph(it.doc(catalog.db).as_deref()), &|_| None);
            row(None, vec![Html::code(&it.name), Html::code(&ty), written, doc])
        })
        .collect();
    table("Values", &["Name", "Type", "Value", "What it is"], rows)
}

/// The packages that have a body of this module in them.
fn users(catalog: &Catalog<'_>, entry: &Entry) -> Html {
    if entry.file == Database::PACKAGE {
        return Html::new();
    }
    let uses = |it: &&Entry| it.schema.table.bodies.iter().any(|it| it.file == entry.file);
    let links: Vec<Html> = catalog
        .packages
        .iter()
        .filter(uses)
        .filter_map(|it| {
            catalog.package(&it.name).map(|href| Html::link(&href, Html::code(&it.name)))
        })
        .collect();
    if links.is_empty() { Html::new() } else { Html::tag("p", Html::join(links, " ")) }
}
