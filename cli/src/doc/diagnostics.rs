//! The pages of the diagnostics.

use kiln_lang::{Code, Severity};

use super::Site;
use super::markdown::{blocks, inline};
use super::page::{Page, badge, row, table};
use crate::embedded::{self, PAGES};
use crate::html::Html;

pub(super) fn pages(site: &mut Site) {
    for code in Code::ALL {
        site.insert(format!("messages/{}.html", code.slug()), page(*code));
    }
    site.insert("messages/index.html".to_owned(), index());
}

fn text(code: Code) -> String {
    let page = embedded::find(PAGES, &format!("{}.md", code.slug())).unwrap_or_default();
    String::from_utf8_lossy(page).into_owned()
}

fn page(code: Code) -> String {
    let severity = match code.severity() {
        Severity::Error => badge("bad", "error"),
        Severity::Warning => badge("warn", "warning"),
    };
    let heading = Html::tag("h1", Html::code(code.slug()).then(" ").then(severity)).line();
    let main = heading.then(blocks(&text(code), 2, true, &resolve));
    let title = format!("{} · Kiln", code.slug());
    Page { title: &title, description: &first(code), up: "../", main }.document()
}

/// The first paragraph of a page.
fn first(code: Code) -> String {
    let text = text(code);
    let first = text.split("\n\n").find(|it| !it.trim_start().starts_with('#'));
    first.unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Pages of diagnostics name each other as files beside them.
fn resolve(to: &str) -> Option<String> {
    let slug = to.strip_suffix(".md")?;
    Code::from_slug(slug).map(|it| format!("{}.html", it.slug()))
}

fn index() -> String {
    let rows = Code::ALL
        .iter()
        .map(|code| {
            let name = Html::link(&format!("{}.html", code.slug()), Html::code(code.slug()));
            let severity = match code.severity() {
                Severity::Error => badge("bad", "error"),
                Severity::Warning => badge("warn", "warning"),
            };
            row(None, vec![name, severity, inline(&first(*code), &resolve)])
        })
        .collect();
    let main = Html::tag("h1", "Messages")
        .line()
        .then(Html::el("p", &[("class", "lead")], "What Kiln says, by the name in brackets."))
        .then(table("Messages", &["Name", "Kind", "Meaning"], rows));
    let description = "The messages of Kiln, each with what it means.";
    Page { title: "Messages · Kiln", description, up: "../", main }.document()
}
