//! The options of a recipe or a mixin: a table of all, and each in full.

use kiln_lang::FileId;
use kiln_lang::module::{Attr, EnumDecl, Enumerator, Expr, OptionKind};
use kiln_lang::schema::{BodyRef, History, Join, OptionSchema, OptionTable, plain_text};
use kiln_lang::types::{EnumTy, Ty};

use super::body::Part;
use super::catalog::Catalog;
use super::markdown::{blocks, inline};
use super::page::{Row, badge, copyable, row, table};
use crate::html::Html;
use crate::spec::for_shell;

/// From so many values on, an enum is folded.
const VALUES_OPEN_MAX: usize = 24;

/// The table of features and knobs, and a part for each. Specs name `package`, if there is one.
///
/// What they bring is looked for in the bodies of `options`. Their ids begin with `prefix`.
pub(super) fn choices(
    catalog: &Catalog<'_>,
    options: &OptionTable,
    choices: &[&OptionSchema],
    package: Option<&str>,
    prefix: &str,
) -> Html {
    let rows = choices.iter().map(|it| summary(catalog, it, prefix)).collect();
    let all = table("Options", &["Name", "Type", "Default", "What it is"], rows);
    let each: Html = choices.iter().map(|it| full(catalog, options, it, package, prefix)).collect();
    all.then(each)
}

/// The fields that recipes and overrides set.
pub(super) fn fields(
    catalog: &Catalog<'_>,
    options: &OptionTable,
    own: &dyn Fn(FileId) -> bool,
) -> Html {
    let fields =
        options.options.iter().filter(|it| it.kind == OptionKind::Field && own(it.at.file));
    let rows = fields.map(|it| summary(catalog, it, "")).collect();
    table("Fields", &["Name", "Type", "Default", "What it is"], rows)
}

fn summary(catalog: &Catalog<'_>, option: &OptionSchema, prefix: &str) -> Row {
    let code = Html::code(&option.name);
    let is_choice = option.kind != OptionKind::Field;
    let name = match is_choice {
        true => Html::link(&format!("#{prefix}{}", option.name), code),
        false => code,
    };
    let mut what = badges(&option.history);
    what.push(inline(first_paragraph(option.doc(catalog.db).as_deref()).as_str(), &|_| None));
    let default = written_default(catalog, option);
    let default = default.map_or_else(Html::new, |it| Html::code(&it));
    row(None, vec![name, Html::code(&type_text(option)), default, what])
}

/// The type of an option; that of features is not written.
fn type_text(option: &OptionSchema) -> String {
    match option.kind {
        OptionKind::Feature => "feature".to_owned(),
        _ => option.ty.to_string(),
    }
}

fn written_default(catalog: &Catalog<'_>, option: &OptionSchema) -> Option<String> {
    match option.default {
        Some(expr) => {
            let range = catalog.db.expr_range(option.at.file, expr);
            Some(catalog.written(option.at.file, range))
        }
        None if option.kind == OptionKind::Feature => Some("off".to_owned()),
        None => None,
    }
}

pub(super) fn first_paragraph(doc: Option<&str>) -> String {
    let lines = doc.unwrap_or("").lines().map(str::trim);
    let first: Vec<&str> =
        lines.skip_while(|it| it.is_empty()).take_while(|it| !it.is_empty()).collect();
    first.join(" ")
}

//------ one option

fn full(
    catalog: &Catalog<'_>,
    options: &OptionTable,
    option: &OptionSchema,
    package: Option<&str>,
    prefix: &str,
) -> Html {
    let part = Part::new(catalog, option.at);
    let heading = Html::el("span", &[("class", "kind")], option.kind.to_string())
        .then(&*option.name)
        .then(badges(&option.history));
    let mut out = Html::tag("h3", heading).line();
    out.push(Html::el("p", &[("class", "type")], type_line(catalog, &part, option)).line());
    out.push(blocks(option.doc(catalog.db).as_deref().unwrap_or(""), 4, false, &|_| None));
    out.push(history(&option.history));
    let specs = package.and_then(|it| Some((it, example(catalog, option)?)));
    if let Some((package, item)) = specs {
        out.push(Html::tag("p", both_spellings(&format!("{package}[{item}]"))).line());
    }
    let brings = brings(catalog, options, option);
    let arms = |value: &str| -> Vec<Html> {
        brings.iter().filter(|it| it.0.as_deref() == Some(value)).map(|it| it.1.clone()).collect()
    };
    let always: Vec<Html> =
        brings.iter().filter(|it| it.0.is_none()).map(|it| it.1.clone()).collect();
    if !always.is_empty() {
        out.push(Html::tag("p", "When it is on:").then(list(always)));
    }
    if let Some(words) = option.ty.words() {
        out.push(values(catalog, words, &arms));
        let rest = arms("else");
        if !rest.is_empty() {
            out.push(Html::tag("p", "With any other value:").then(list(rest)));
        }
    }
    let id = format!("{prefix}{}", option.name);
    Html::el("div", &[("class", "option"), ("id", &id)], out).line()
}

fn list(items: Vec<Html>) -> Html {
    Html::tag("ul", items.into_iter().map(|it| Html::tag("li", it)).collect::<Html>()).line()
}

fn type_line(catalog: &Catalog<'_>, part: &Part<'_>, option: &OptionSchema) -> Html {
    let mut parts: Vec<Html> = Vec::new();
    if option.kind != OptionKind::Feature {
        parts.push(Html::code(&option.ty.to_string()));
    }
    if let Some(default) = written_default(catalog, option) {
        parts.push(Html::text("default ").then(Html::code(&default)));
    }
    let natural = match &option.ty {
        _ if option.kind == OptionKind::Feature => Join::Or,
        Ty::Set(_) => Join::Union,
        _ => Join::Agree,
    };
    if option.join != natural {
        parts.push(Html::text(match option.join {
            Join::Max => "of several needs, the greatest counts",
            Join::Min => "of several needs, the smallest counts",
            Join::Or => "on if anything needs it",
            Join::Union => "several needs are united",
            Join::Agree => "all that need it must need the same",
        }));
    }
    let when = part.when(option.guard, option.when);
    if !when.is_empty() {
        parts.push(Html::text("has an effect when ").then(when));
    }
    if option.split {
        parts.push(Html::text("each value is built by itself"));
    }
    if option.sticky {
        parts.push(Html::text("only a setting changes it, no need"));
    }
    if let Some((module, href)) = catalog.module_of(option.at.file) {
        parts.push(Html::text("from ").then(Html::link(&href, module)));
    }
    Html::join(parts, " · ")
}

/// What the bodies say for the option's values.
fn brings(
    catalog: &Catalog<'_>,
    options: &OptionTable,
    option: &OptionSchema,
) -> Vec<(Option<String>, Html)> {
    let parts = options.bodies.iter().map(|it: &BodyRef| Part::new(catalog, *it));
    parts.flat_map(|it| it.brought_by(&option.name)).collect()
}

//------ values

fn values(catalog: &Catalog<'_>, of: &EnumTy, brings: &dyn Fn(&str) -> Vec<Html>) -> Html {
    let env = catalog.db.env(of.file);
    let decl = &env.module().enums[of.id];
    let rows: Vec<Row> = decl
        .values
        .iter()
        .map(|it| {
            let mut what = value_attrs(catalog, of.file, &it.attrs);
            what.push(blocks(it.doc.as_deref().unwrap_or(""), 4, false, &|_| None));
            what.push(value_notes(catalog, of.file, it));
            let brought = brings(&it.ident.name);
            if !brought.is_empty() {
                what.push(list(brought));
            }
            row(None, vec![Html::code(&it.ident.name), what])
        })
        .collect();
    let count = rows.len();
    let values = table("Values", &["Value", "What it is and brings"], rows).then(groups(decl));
    if count <= VALUES_OPEN_MAX {
        return values;
    }
    let summary = Html::tag("summary", format!("{count} values"));
    Html::tag("details", summary.then(values)).line()
}

fn value_notes(catalog: &Catalog<'_>, file: FileId, value: &Enumerator) -> Html {
    let mut notes: Vec<Html> = Vec::new();
    let written = |expr| catalog.written(file, catalog.db.expr_range(file, expr));
    if let Some(text) = value.text {
        notes.push(Html::text("written ").then(Html::code(&written(text))));
    }
    if let Some(when) = value.when {
        notes.push(Html::text("only when ").then(Html::code(&written(when))));
    }
    if notes.is_empty() {
        return Html::new();
    }
    Html::tag("p", Html::join(notes, " · "))
}

/// What attributes of a value say about its life.
fn value_attrs(catalog: &Catalog<'_>, file: FileId, attrs: &[Attr]) -> Html {
    let mut out = Html::new();
    for attr in attrs {
        let arg = |name: &str| {
            let found =
                attr.args.iter().find(|it| it.name.as_ref().is_some_and(|it| it.name == name));
            found.map(|it| catalog.written(file, catalog.db.expr_range(file, it.value)))
        };
        let text = attr.args.iter().filter(|it| it.name.is_none()).find_map(|it| {
            match &catalog.db.env(file).module().exprs[it.value] {
                expr @ (Expr::Str(_) | Expr::Shell(_)) => {
                    plain_text(expr).filter(|it| !it.is_empty()).map(String::from)
                }
                _ => Some(catalog.written(file, catalog.db.expr_range(file, it.value))),
            }
        });
        match attr.ident.name.as_str() {
            "since" => out.push(badge("since", &format!("since {}", text.unwrap_or_default()))),
            "deprecated" => {
                out.push(badge("warn", "deprecated"));
                out.push(text.unwrap_or_default() + " ");
            }
            "removed" => {
                let since = arg("in").map_or_else(String::new, |it| format!(" in {it}"));
                out.push(badge("bad", &format!("removed{since}")));
                out.push(text.unwrap_or_default() + " ");
            }
            "renamed" => {
                out.push(badge("badge", &format!("formerly {}", arg("from").unwrap_or_default())));
            }
            _ => {}
        }
    }
    out
}

fn groups(decl: &EnumDecl) -> Html {
    let rows: Vec<Row> = decl
        .groups
        .iter()
        .map(|it| {
            let members = it.members.iter().map(|it| Html::code(&it.name));
            let mut what = Html::join(members, " ");
            what.push(blocks(it.doc.as_deref().unwrap_or(""), 4, false, &|_| None));
            row(None, vec![Html::code(&format!("..{}", it.ident.name)), what])
        })
        .collect();
    table("Groups", &["Group", "Values"], rows)
}

//------ types of a file

/// An enum that has a name.
pub(super) fn named_enum(catalog: &Catalog<'_>, of: &EnumTy) -> Html {
    values(catalog, of, &|_| Vec::new())
}

//------ history

fn badges(history: &History) -> Html {
    let mut out = Html::new();
    if let Some(since) = &history.since {
        out.push(badge("since", &format!("since {since}")));
    }
    if history.deprecated.is_some() {
        out.push(badge("warn", "deprecated"));
    }
    if let Some((since, _)) = &history.removed {
        let since = since.as_ref().map_or_else(String::new, |it| format!(" in {it}"));
        out.push(badge("bad", &format!("removed{since}")));
    }
    out
}

fn history(history: &History) -> Html {
    let mut lines: Vec<Html> = Vec::new();
    for (from, since) in &history.renamed_from {
        let since = since.as_ref().map_or_else(String::new, |it| format!(" until {it}"));
        lines.push(Html::text("Was called ").then(Html::code(from)).then(since).then("."));
    }
    if let Some(why) = &history.deprecated {
        lines.push(Html::text("Not to be used any more: ").then(&**why).then("."));
    }
    if let Some((_, why)) = &history.removed {
        lines.push(Html::text("Gone: ").then(&**why).then("."));
    }
    lines.into_iter().map(|it| Html::tag("p", it).line()).collect()
}

//------ specs

/// A spec to copy, as files write it and as every shell takes it.
pub(super) fn both_spellings(spec: &str) -> Html {
    let shell = for_shell(spec);
    let mut out = copyable(spec);
    if shell != spec {
        out.push(copyable(&shell));
    }
    out
}

/// Something other than the default, as an item of a spec.
fn example(catalog: &Catalog<'_>, option: &OptionSchema) -> Option<String> {
    let name = &option.name;
    let default = written_default(catalog, option);
    if option.history.removed.is_some() {
        return None;
    }
    match option.ty.without_opt() {
        Ty::Bool if default.as_deref() == Some("on") => Some(format!("~{name}")),
        Ty::Bool => Some(name.to_string()),
        Ty::Enum(of) => {
            let other = of.values.iter().find(|it| Some(it.as_str()) != default.as_deref())?;
            Some(format!("{name} = {other}"))
        }
        Ty::Set(of) => Some(format!("{name} += {}", of.values.first()?)),
        Ty::Int(_) | Ty::Size(_) | Ty::Duration(_) | Ty::Version => {
            let plain =
                |it: &String| it.chars().all(|it| it.is_ascii_alphanumeric() || " .".contains(it));
            let digits = |it: &String| it.starts_with(|it: char| it.is_ascii_digit());
            Some(format!("{name} = {}", default.filter(plain).filter(digits)?))
        }
        _ => None,
    }
}
