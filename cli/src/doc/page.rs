//! What all pages have in common.

use crate::html::Html;

/// A page before it is written.
pub(super) struct Page<'a> {
    /// What the window is called.
    pub(super) title: &'a str,
    /// What search engines and previews show.
    pub(super) description: &'a str,
    /// How the first page is reached: nothing, or `../`.
    pub(super) up: &'static str,
    /// The content.
    pub(super) main: Html,
}

impl Page<'_> {
    /// Returns the page as a document.
    pub(super) fn document(self) -> String {
        let up = self.up;
        let home = format!("{up}index.html");
        let messages = format!("{up}messages/index.html");
        let style = format!("{up}style.css");
        let meta = |name, content| Html::el("meta", &[("name", name), ("content", content)], "");
        let head = Html::el("meta", &[("charset", "utf-8")], "")
            .line()
            .then(meta("viewport", "width=device-width, initial-scale=1").line())
            .then(meta("generator", "kiln doc").line())
            .then(meta("color-scheme", "light dark").line())
            .then(meta("description", self.description).line())
            .then(Html::tag("title", self.title).line())
            .then(Html::el("link", &[("rel", "stylesheet"), ("href", &style)], "").line());
        let nav = Html::link(&home, "Packages")
            .then(" ")
            .then(Html::link(&format!("{home}#modules"), "Modules"))
            .then(" ")
            .then(Html::link(&messages, "Messages"));
        let header = Html::el("a", &[("class", "brand"), ("href", &home)], "Kiln").then(Html::el(
            "nav",
            &[("aria-label", "Site")],
            nav,
        ));
        let body = Html::el("a", &[("class", "skip"), ("href", "#main")], "Skip to the content")
            .line()
            .then(Html::tag("header", header).line())
            .then(Html::el("main", &[("id", "main")], self.main.line()).line())
            .then(Html::tag("footer", Html::tag("p", "Made by kiln doc.")).line())
            .then(Html::embedded("script", include_str!("site.js")));
        let html = Html::tag("head", head).line().then(Html::tag("body", body));
        Html::el("html", &[("lang", "en")], html).document()
    }
}

/// A part of a page with a heading that can be linked to; nothing if there is nothing in it.
pub(super) fn section(id: &str, title: &str, inner: Html) -> Html {
    if inner.is_empty() {
        return Html::new();
    }
    let anchor = Html::el(
        "a",
        &[
            ("class", "anchor"),
            ("href", &format!("#{id}")),
            ("aria-label", &format!("Link to {title}")),
        ],
        "#",
    );
    let heading = Html::el("h2", &[("id", id)], Html::text(title).then(" ").then(anchor));
    Html::tag("section", heading.line().then(inner)).line()
}

/// A row of a table: the first cell is what it is about.
pub(super) struct Row {
    id: Option<String>,
    cells: Vec<Html>,
}

/// Makes a row; `id` is what links lead to.
pub(super) fn row(id: Option<&str>, cells: Vec<Html>) -> Row {
    Row { id: id.map(str::to_owned), cells }
}

/// A table that is scrolled if it is wider than the page. Columns with nothing in them are left out.
pub(super) fn table(caption: &str, head: &[&'static str], rows: Vec<Row>) -> Html {
    if rows.is_empty() {
        return Html::new();
    }
    let is_used =
        |at: usize| rows.iter().any(|it| it.cells.get(at).is_some_and(|it| !it.is_empty()));
    let used: Vec<usize> = (0..head.len()).filter(|it| is_used(*it)).collect();
    let head: Html = used.iter().map(|it| Html::el("th", &[("scope", "col")], head[*it])).collect();
    let mut body = Html::new();
    for row in &rows {
        let cells: Html = used
            .iter()
            .filter_map(|at| Some((*at, row.cells.get(*at)?.clone())))
            .map(|(at, cell)| match at {
                0 => Html::el("th", &[("scope", "row")], cell),
                _ => Html::tag("td", cell),
            })
            .collect();
        body.push(match &row.id {
            Some(id) => Html::el("tr", &[("id", id)], cells).line(),
            None => Html::tag("tr", cells).line(),
        });
    }
    let table = Html::el("caption", &[("class", "unseen")], caption)
        .then(Html::tag("thead", Html::tag("tr", head)).line())
        .then(Html::tag("tbody", body));
    let attrs = [("class", "wide"), ("tabindex", "0"), ("role", "region"), ("aria-label", caption)];
    Html::el("div", &attrs, Html::tag("table", table)).line()
}

/// Code with a button that copies it.
pub(super) fn copyable(text: &str) -> Html {
    let label = format!("Copy {text}");
    let attrs = [
        ("type", "button"),
        ("class", "copy"),
        ("data-copy", text),
        ("aria-label", &*label),
        ("hidden", ""),
    ];
    Html::el(
        "span",
        &[("class", "spec")],
        Html::code(text).then(Html::el("button", &attrs, "copy")),
    )
}

/// A small remark such as `deprecated`.
pub(super) fn badge(kind: &'static str, text: &str) -> Html {
    Html::el("span", &[("class", kind)], text)
}
