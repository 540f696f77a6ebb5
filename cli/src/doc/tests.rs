use std::collections::BTreeSet;
use std::sync::Arc;

use kiln_lang::MemoryWorld;
use proptest::prelude::*;

use super::*;
use crate::world::{DiskWorld, STD};

/// A page as a reader of HTML sees it.
#[derive(Debug, Default)]
struct Read {
    /// Where its links lead.
    links: Vec<String>,
    /// What links may lead to.
    ids: BTreeSet<String>,
    /// Its elements.
    elements: BTreeSet<String>,
    /// Its text.
    text: String,
}

const VOID: &[&str] = &["br", "hr", "input", "link", "meta"];

/// Reads a page, strictly: each element ends, in order; attributes are quoted, each once; there is
/// no `<`, `>` or `"` but those of elements; ids are there once.
fn read(path: &str, page: &str) -> Read {
    let mut out = Read::default();
    let mut open: Vec<String> = Vec::new();
    let mut rest =
        page.strip_prefix("<!doctype html>").unwrap_or_else(|| panic!("{path}: no doctype"));
    while let Some(at) = rest.find(['<', '>']) {
        let text = &rest[..at];
        assert_eq!(&rest[at..=at], "<", "{path}: a bare `>` after {text:?}");
        out.text.push_str(&unescaped(path, text));
        rest = &rest[at + 1..];
        let end =
            rest.find('>').unwrap_or_else(|| panic!("{path}: an element has no `>`: {rest:?}"));
        let (inner, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{path}: </{name}> ends something else");
            continue;
        }
        let (name, attrs) = inner.split_once(' ').unwrap_or((inner, ""));
        assert!(
            !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric()),
            "{path}: <{name}>"
        );
        out.elements.insert(name.to_owned());
        attributes(path, attrs, &mut out);
        if name == "script" || name == "style" {
            let end =
                rest.find(&format!("</{name}>")).unwrap_or_else(|| panic!("{path}: open <{name}>"));
            rest = &rest[end + name.len() + 3..];
        } else if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(rest.trim(), "", "{path}: text after the end");
    assert_eq!(open, Vec::<String>::new(), "{path}: unclosed");
    out
}

fn attributes(path: &str, text: &str, out: &mut Read) {
    let mut rest = text.trim();
    let mut seen = BTreeSet::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{path}: {rest:?}"));
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("{path}: {rest:?}"));
        let name = name.trim();
        assert!(seen.insert(name.to_owned()), "{path}: two attributes {name}");
        assert!(!name.starts_with("on") && name != "style", "{path}: attribute {name}");
        let value = unescaped(path, value);
        match name {
            "href" | "src" => out.links.push(value),
            "id" => {
                assert!(out.ids.insert(value.clone()), "{path}: two elements have the id {value}")
            }
            _ => {}
        }
        rest = after.trim_start();
    }
}

fn unescaped(path: &str, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let known =
            [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
        let found = known.iter().find(|it| rest[at..].starts_with(it.0));
        let (entity, c) = found.unwrap_or_else(|| panic!("{path}: a bare `&` in {text:?}"));
        out.push(*c);
        rest = &rest[at + entity.len()..];
    }
    out + rest
}

/// Reads all pages; every link inside leads to a page, and to a place that it has.
fn check(site: &Site) -> BTreeMap<String, Read> {
    let pages: BTreeMap<String, Read> = site
        .iter()
        .filter(|it| it.0.ends_with(".html"))
        .map(|(path, text)| (path.clone(), read(path, text)))
        .collect();
    for (path, page) in &pages {
        for link in &page.links {
            if link.starts_with("http://") || link.starts_with("https://") {
                continue;
            }
            assert!(!link.contains(':'), "{path} links to {link}");
            let (file, id) = link.split_once('#').unwrap_or((link, ""));
            let folder = path.rsplit_once('/').map_or("", |it| it.0);
            let target = match (file, file.strip_prefix("../")) {
                ("", _) => path.clone(),
                (_, Some(file)) => file.to_owned(),
                (file, None) if folder.is_empty() => file.to_owned(),
                (file, None) => format!("{folder}/{file}"),
            };
            assert!(site.contains_key(&target), "{path} links to {link}, which is not there");
            if !id.is_empty() {
                let has = pages.get(&target).is_some_and(|it| it.ids.contains(id));
                assert!(has, "{path} links to {link}, and {target} has no such place");
            }
        }
    }
    pages
}

fn site_of(files: &[(&str, &str)]) -> Site {
    let mut world = MemoryWorld::new();
    for (path, text) in files {
        world.insert(format!("/set/{path}"), text);
    }
    site(&Database::new(Arc::new(world), vec!["/set".to_owned()]))
}

#[test]
fn the_standard_recipes_have_pages_that_hold_together() {
    let db = || Database::new(Arc::new(DiskWorld::default()), vec![STD.to_owned()]);
    let all = site(&db());
    let pages = check(&all);
    let curl = &pages["packages/curl.html"];
    assert!(curl.links.contains(&"../packages/openssl.html".to_owned()));
    assert!(curl.text.contains("curl[tls = mbedtls]") && curl.text.contains("curl:tls=mbedtls"));
    assert!(pages["modules/autotools.html"].text.contains("./configure"));
    assert!(all["index.html"].contains(MARK));
    assert_eq!(all, site(&db()), "two runs differ");
}

/// Texts that would be something else if one of them were not escaped.
const HOSTILE: &str = "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)> \"'`&amp; [x](javascript:alert(1)) \u{202e}";

/// What pages are made of.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "body",
    "button",
    "caption",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "head",
    "header",
    "html",
    "input",
    "label",
    "li",
    "link",
    "main",
    "meta",
    "nav",
    "p",
    "pre",
    "script",
    "section",
    "span",
    "strong",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
];

#[test]
fn hostile_texts_stay_texts() {
    let plain = HOSTILE.replace('\\', "").replace('"', "'");
    let recipe = format!(
        "//! {HOSTILE}
recipe bad
version = 1.0
homepage = \"javascript:alert('{plain}')\"
license = \"{plain}\"
maintainers = [\"{plain}\"]
enum E {{
    /// {HOSTILE}
    @deprecated(\"{plain}\")
    a = \"{plain}\"
    b
    /// {HOSTILE}
    group g {{ a, b }}
}}
/// {HOSTILE}
@deprecated(\"{plain}\")
knob e: E = a {{
    a => arg \"{plain}\"
}}
/// {HOSTILE}
knob text: String(/<script>.*/) = \"<script>{plain}\"
conflict e == a \"{plain}\"
unavailable when e == b \"{plain}\"
/// {HOSTILE}
preset p {{ e = b }}
/// {HOSTILE}
step x = sh\"\"\"echo {HOSTILE}\"\"\"
test \"{plain}\" = sh\"\"\"{HOSTILE}\"\"\"
"
    );
    let module = format!(
        "//! {HOSTILE}
module bads
/// {HOSTILE}
fn f(x: String = \"{plain}\"): String = x
/// {HOSTILE}
let v = \"{plain}\"
record R {{
    /// {HOSTILE}
    field x: String = \"{plain}\"
}}
/// {HOSTILE}
mixin m {{
    /// {HOSTILE}
    field y: List<String> = [\"{plain}\"]
    /// {HOSTILE}
    step s = sh\"\"\"{HOSTILE}\"\"\"
}}
"
    );
    let site = site_of(&[("bad.kiln", &recipe), ("bads.kiln", &module)]);
    for (path, page) in check(&site) {
        for element in &page.elements {
            assert!(ELEMENTS.contains(&&**element), "{path} has an element <{element}>");
        }
        let scripts = site[&path].matches("<script").count();
        assert_eq!(scripts, 1, "{path} has {scripts} scripts");
    }
    assert!(check(&site)["packages/bad.html"].text.contains("<img src=x onerror=alert(1)>"));
}

#[test]
fn wrong_and_strange_recipes_have_pages_too() {
    let site = site_of(&[
        ("broken.kiln", "recipe broken\nversion = \nhost nothing[x] >= when\nknob a: Nope = (\n"),
        ("empty.kiln", ""),
        ("header.kiln", "recipe other\nversion = 1\n"),
        (
            "loop.kiln",
            "recipe loop\nversion = 1\nhost loop\nfeature a = on { feature b = off }\nknob a: Int = 2\n",
        ),
        ("both.kiln", "interface both\n"),
        (
            "x/both.kiln",
            "module both\nmixin both { include both\nknob k: enum { a } = a }\nmixin two { knob k: enum { a } = a }\n",
        ),
        (
            "user.kiln",
            "recipe user\nversion = 1\nuse both\nsteps both\nprovides both == 2\nhost loop == 1 when version > 2\n",
        ),
    ]);
    check(&site);
    assert!(site.contains_key("packages/broken.html"));
    assert!(site["packages/broken.html"].contains("mistakes"));
}

proptest! {
    /// Whatever a doc comment says, what is made of it is whole elements, and links to the web only.
    #[test]
    fn any_text_makes_whole_elements(
        text in prop_oneof![any::<String>(), "[`*\\[\\]()#|<>&\"' a\n-]{0,60}", "([a-z`*]|\\[x\\]\\(|https://x|javascript:|\\)|\n\\| ?|\n- |\n```| ){0,30}"],
    ) {
        let html = markdown::blocks(&text, 2, false, &|_| None);
        let page = read("text", &crate::html::Html::tag("main", html).document());
        for link in &page.links {
            prop_assert!(markdown::is_web(link), "{link}");
        }
    }
}
