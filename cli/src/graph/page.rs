//! The graph as one HTML page that needs nothing else: no network, and to be seen no script.

use std::collections::BTreeMap;

use super::layout::{BOX_HEIGHT, Layout, layout};
use super::{Edge, Node, View};
use crate::html::Html;

/// What every such page says, by which a file is known to be one.
pub(crate) const MARK: &str = "<meta name=\"generator\" content=\"kiln graph\">";

/// How many characters of settings a box shows.
const SETTINGS_WIDTH: usize = 34;

/// Room around the graph.
const MARGIN: f64 = 24.0;

/// Makes the page. `target` is without build tools and `whole` with them; both are on the page if they
/// differ.
pub(crate) fn page(title: &str, target: &View, whole: &View) -> String {
    let has_tools = target.nodes.len() != whole.nodes.len();
    let ids = numbers(whole);
    let mut views = svg(target, &ids, false);
    if has_tools {
        views.push(svg(whole, &ids, true));
    }
    let head = Html::el("meta", &[("charset", "utf-8")], "")
        .then(Html::el(
            "meta",
            &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")],
            "",
        ))
        .then(Html::el("meta", &[("name", "generator"), ("content", "kiln graph")], ""))
        .line()
        .then(Html::tag("title", format!("{title} · Kiln")))
        .then(Html::embedded("style", include_str!("page.css")));
    let body = header(title, target, whole, has_tools)
        .then(Html::tag("main", views))
        .then(Html::el("aside", &[("hidden", "")], about(whole)))
        .then(Html::embedded("script", include_str!("page.js")));
    Html::el(
        "html",
        &[("lang", "en")],
        Html::tag("head", head).line().then(Html::tag("body", body)),
    )
    .document()
}

/// The numbers of packages in the whole view by those in the solution: both views use them.
fn numbers(whole: &View) -> BTreeMap<usize, usize> {
    whole.nodes.iter().enumerate().map(|(at, node)| (node.number, at)).collect()
}

fn header(title: &str, target: &View, whole: &View, has_tools: bool) -> Html {
    let tools = whole.nodes.len() - target.nodes.len();
    let count = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let mut counts = count(target.nodes.len(), "package");
    if has_tools {
        counts.push_str(&format!(", {}", count(tools, "build tool")));
    }
    let script = |name, attrs: &[(&'static str, &str)], inner: &str| {
        let mut all = vec![("class", "script"), ("hidden", "")];
        all.extend_from_slice(attrs);
        Html::el(name, &all, inner)
    };
    let search = [
        ("id", "search"),
        ("type", "search"),
        ("placeholder", "Find a package or option"),
        ("aria-label", "Find a package or option"),
    ];
    let mut parts = Html::tag("h1", title)
        .then(Html::tag("p", counts))
        .then(script("input", &search, ""))
        .then(Html::el("span", &[("id", "count"), ("role", "status")], ""));
    if has_tools {
        let input = Html::el("input", &[("id", "tools"), ("type", "checkbox")], "");
        let label =
            Html::el("label", &[("class", "script"), ("hidden", "")], input.then("build tools"));
        parts.push(label);
    }
    let buttons = script("button", &[("id", "in"), ("title", "Closer (+)")], "+")
        .then(script("button", &[("id", "out"), ("title", "Further (-)")], "−"))
        .then(script("button", &[("id", "fit"), ("title", "All (0)")], "All"));
    Html::tag("header", parts.then(buttons).then(key(has_tools))).line()
}

/// What lines mean.
fn key(has_tools: bool) -> Html {
    let sample = |class: &str, text: &str| {
        let line = Html::el("path", &[("class", class), ("d", "M0 5 H40")], "");
        let svg = Html::el("svg", &[("viewBox", "0 0 40 10"), ("aria-hidden", "true")], line);
        Html::tag("span", svg.then(text))
    };
    let mut all = sample("host", "host").then(sample("run", "run"));
    if has_tools {
        all.push(sample("build", "build"));
    }
    all.push(sample("exported", "exported"));
    Html::el("span", &[("class", "key")], all)
}

//------ the picture

fn svg(view: &View, ids: &BTreeMap<usize, usize>, is_whole: bool) -> Html {
    let labels: Vec<(String, String)> =
        view.nodes.iter().map(|it| (it.title(), cut(&it.settings()))).collect();
    let chars: Vec<usize> = labels
        .iter()
        .map(|(title, set)| title.chars().count().max(set.chars().count() * 9 / 10))
        .collect();
    let layout = layout(view, &chars);
    let id = |at: usize| ids.get(&view.nodes[at].number).map_or(String::new(), usize::to_string);
    let mut all = Html::new();
    for (from, node) in view.nodes.iter().enumerate() {
        for edge in &node.edges {
            let (from, to) = (from, edge.to);
            let path = curve(&layout, from, to);
            let class = format!(
                "edge {}{}",
                edge.role,
                if edge.export.is_some() { " exported" } else { "" }
            );
            let (data_from, data_to) = (id(from), id(to));
            let attrs: &[(&'static str, &str)] = &[
                ("class", &class),
                ("d", &path),
                ("data-from", &data_from),
                ("data-to", &data_to),
            ];
            all.push(Html::el("path", attrs, Html::tag("title", says(view, node, edge))).line());
        }
    }
    for (at, node) in view.nodes.iter().enumerate() {
        all.push(box_of(view, &layout, at, node, &labels[at], &id(at)).line());
    }
    let (width, height) = (layout.width + 2.0 * MARGIN, layout.height + 2.0 * MARGIN);
    let view_box = format!("0 0 {width} {height}");
    let (width, height) = (width.to_string(), height.to_string());
    let mut attrs: Vec<(&'static str, &str)> = vec![
        ("viewBox", &view_box),
        ("width", &width),
        ("height", &height),
        ("data-width", &width),
        ("data-height", &height),
        ("role", "img"),
        ("aria-label", "The packages, and what they need"),
    ];
    if is_whole {
        attrs.push(("hidden", ""));
    }
    Html::el("svg", &attrs, all).line()
}

fn box_of(
    view: &View,
    layout: &Layout,
    at: usize,
    node: &Node,
    (title, set): &(String, String),
    id: &str,
) -> Html {
    let place = layout.places[at];
    let (x, y) = (place.x + MARGIN, place.y + MARGIN);
    let mut class = "node".to_owned();
    if node.is_build_tool {
        class.push_str(" tool");
    }
    if view.roots.contains(&at) {
        class.push_str(" root");
    }
    let words = format!("{title} {}", node.settings()).to_lowercase();
    let number = |it: f64| it.to_string();
    let (left, top) = (number(x), number(y - BOX_HEIGHT / 2.0));
    let (width, height) = (number(place.width), number(BOX_HEIGHT));
    let text_x = number(x + 10.0);
    let title_y = number(if set.is_empty() { y + 4.5 } else { y - 1.5 });
    let rect =
        Html::el("rect", &[("x", &left), ("y", &top), ("width", &width), ("height", &height)], "");
    let mut inner = Html::tag("title", format!("{title} {}", node.settings()).trim_end())
        .then(rect)
        .then(Html::el("text", &[("x", &text_x), ("y", &title_y)], title.as_str()));
    if !set.is_empty() {
        let y = number(y + 11.5);
        let attrs: &[(&'static str, &str)] = &[("class", "set"), ("x", &text_x), ("y", &y)];
        inner.push(Html::el("text", attrs, set.as_str()));
    }
    let (middle_x, middle_y) = (number(x + place.width / 2.0), number(y));
    let attrs: &[(&'static str, &str)] = &[
        ("class", &class),
        ("data-id", id),
        ("data-words", &words),
        ("data-x", &middle_x),
        ("data-y", &middle_y),
    ];
    Html::el("g", attrs, inner)
}

/// From the right of one box to the left of another.
fn curve(layout: &Layout, from: usize, to: usize) -> String {
    let (a, b) = (layout.places[from], layout.places[to]);
    let (x1, y1) = (a.x + a.width + MARGIN, a.y + MARGIN);
    let (x2, y2) = (b.x + MARGIN, b.y + MARGIN);
    let bend = ((x2 - x1).abs() / 2.0).clamp(24.0, 160.0);
    format!("M{x1} {y1} C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend)
}

/// An edge in words.
fn says(view: &View, node: &Node, edge: &Edge) -> String {
    let mut text = format!("{} · {} · {}", node.name, edge.role, view.nodes[edge.to].name);
    if let Some(interface) = &edge.interface {
        text.push_str(&format!(" for {interface}"));
    }
    if let Some((by, key)) = &edge.export {
        text.push_str(&format!(" (exported by {by}: {key})"));
    }
    text
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SETTINGS_WIDTH {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(SETTINGS_WIDTH - 1).collect::<String>())
}

//------ what is said of each package

fn about(whole: &View) -> Html {
    let mut users: Vec<Vec<(usize, &Edge)>> = vec![Vec::new(); whole.nodes.len()];
    for (from, node) in whole.nodes.iter().enumerate() {
        for edge in &node.edges {
            users[edge.to].push((from, edge));
        }
    }
    let line = |at: usize, edge: &Edge| {
        let node = &whole.nodes[at];
        let id = at.to_string();
        let mut text = Html::text(&format!("{} ", edge.role));
        text.push(Html::el("a", &[("href", "#"), ("data-id", &id)], node.title()));
        if let Some(interface) = &edge.interface {
            text.push(format!(" for {interface}"));
        }
        if let Some((by, key)) = &edge.export {
            text.push(format!(" (exported by {by}: {key})"));
        }
        Html::tag("li", text)
    };
    let mut all = Html::new();
    for (at, node) in whole.nodes.iter().enumerate() {
        let mut inner = Html::tag("h2", node.title());
        if node.is_build_tool {
            inner.push(Html::tag("p", "a build tool"));
        }
        if !node.set.is_empty() {
            let rows: Html = node
                .set
                .iter()
                .map(|(name, value, by)| {
                    let cells = Html::tag("td", Html::code(name))
                        .then(Html::tag("td", Html::code(value)))
                        .then(Html::tag("td", by.as_str()));
                    Html::tag("tr", cells)
                })
                .collect();
            inner.push(Html::tag("h3", "Set by somebody").then(Html::tag("table", rows)));
        }
        let needs: Html = node.edges.iter().map(|it| line(it.to, it)).collect();
        if !needs.is_empty() {
            inner.push(Html::tag("h3", "Needs").then(Html::tag("ul", needs)));
        }
        let by: Html = users[at].iter().map(|(from, edge)| line(*from, edge)).collect();
        if !by.is_empty() {
            inner.push(Html::tag("h3", "Needed by").then(Html::tag("ul", by)));
        }
        let id = format!("about-{at}");
        all.push(Html::el("section", &[("id", &id), ("hidden", "")], inner).line());
    }
    all
}
