//! The first page: every package and module, with a search.

use super::catalog::{Catalog, Entry, summary};
use super::markdown::inline;
use super::page::{Page, badge};
use crate::html::Html;

pub(super) fn page(catalog: &Catalog<'_>) -> String {
    let count = format!(
        "{}, {}",
        words(catalog.packages.len(), "package"),
        words(catalog.modules.len(), "module")
    );
    let input = Html::el(
        "input",
        &[
            ("id", "search"),
            ("type", "search"),
            ("autocomplete", "off"),
            ("placeholder", "Names, descriptions, options…"),
        ],
        "",
    );
    let label = Html::el("label", &[("for", "search"), ("class", "unseen")], "Search");
    let form = Html::el("form", &[("role", "search"), ("hidden", "")], label.then(input)).line();
    let status =
        Html::el("p", &[("id", "count"), ("role", "status"), ("class", "version")], &*count);
    let main = Html::tag("h1", "Packages")
        .line()
        .then(form)
        .then(status.line())
        .then(list("packages", None, &catalog.packages))
        .then(list("modules", Some("Modules"), &catalog.modules));
    let description = format!("Recipes for Kiln: {count}.");
    Page { title: "Packages · Kiln", description: &description, up: "", main }.document()
}

fn list(id: &str, title: Option<&'static str>, entries: &[Entry]) -> Html {
    let items: Html = entries.iter().map(item).collect();
    let list = Html::el("ul", &[("class", "list")], items);
    let heading = title.map_or_else(Html::new, |it| Html::el("h2", &[("id", id)], it).line());
    Html::el("section", &[("data-list", id), ("aria-label", id)], heading.then(list)).line()
}

fn item(entry: &Entry) -> Html {
    let summary = summary(entry.module());
    let options: Vec<&str> = entry.schema.table.choices().map(|it| it.name.as_str()).collect();
    let words = format!("{} {} {}", entry.name, summary, options.join(" ")).to_lowercase();
    let mut head = Html::link(&entry.path, &*entry.name);
    if let Some(newest) = entry.schema.versions.first() {
        head.push(Html::el("span", &[("class", "version")], newest.version.as_str()));
    }
    if entry.is_interface() {
        head.push(" ");
        head.push(badge("badge", "interface"));
    }
    if !entry.is_standard {
        head.push(" ");
        head.push(badge("badge", "own"));
    }
    if entry.mistakes > 0 {
        head.push(" ");
        head.push(badge("bad", "has mistakes"));
    }
    if !summary.is_empty() {
        head.push(Html::tag("p", inline(&summary, &|_| None)));
    }
    Html::el("li", &[("data-words", &words)], head).line()
}

fn words(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
