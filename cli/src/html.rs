//! HTML that is well-formed and escaped because there is no other way to make it.

use std::fmt::Write as _;

/// A piece of a page: text and whole elements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

/// What an attribute is called and what it is.
pub(crate) type Attrs<'a> = &'a [(&'static str, &'a str)];

/// Elements that have no end.
const VOID: &[&str] = &["br", "hr", "input", "link", "meta"];

impl Html {
    /// Nothing.
    pub(crate) fn new() -> Html {
        Html::default()
    }

    /// Makes a text. Whatever stands in it is shown as it is.
    pub(crate) fn text(text: &str) -> Html {
        let mut html = Html::new();
        escape(&mut html.0, text);
        html
    }

    /// Makes an element of what is in it. Void elements leave that out.
    pub(crate) fn el(name: &'static str, attrs: Attrs<'_>, inner: impl Into<Html>) -> Html {
        let mut html = Html::new();
        let _ = write!(html.0, "<{name}");
        for (key, value) in attrs {
            let _ = write!(html.0, " {key}=\"");
            escape(&mut html.0, value);
            html.0.push('"');
        }
        html.0.push('>');
        if !VOID.contains(&name) {
            html.0.push_str(&inner.into().0);
            let _ = write!(html.0, "</{name}>");
        }
        html
    }

    /// Makes an element without attributes.
    pub(crate) fn tag(name: &'static str, inner: impl Into<Html>) -> Html {
        Html::el(name, &[], inner)
    }

    /// Makes code.
    pub(crate) fn code(text: &str) -> Html {
        Html::tag("code", text)
    }

    /// Makes a link.
    pub(crate) fn link(href: &str, inner: impl Into<Html>) -> Html {
        Html::el("a", &[("href", href)], inner)
    }

    /// Makes an element of a text that is the program's own and no HTML: styles and scripts.
    pub(crate) fn embedded(name: &'static str, text: &'static str) -> Html {
        Html(format!("<{name}>\n{text}</{name}>"))
    }

    /// Adds something at the end.
    pub(crate) fn push(&mut self, other: impl Into<Html>) {
        self.0.push_str(&other.into().0);
    }

    /// Adds a line break, for those who read the source.
    pub(crate) fn line(mut self) -> Html {
        self.0.push('\n');
        self
    }

    /// Returns this and then something else.
    pub(crate) fn then(mut self, other: impl Into<Html>) -> Html {
        self.push(other);
        self
    }

    /// Joins pieces with a text between them.
    pub(crate) fn join(pieces: impl IntoIterator<Item = Html>, between: &str) -> Html {
        let mut html = Html::new();
        for (index, piece) in pieces.into_iter().enumerate() {
            if index > 0 {
                html.push(between);
            }
            html.push(piece);
        }
        html
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes a whole document of what stands in it.
    pub(crate) fn document(self) -> String {
        format!("<!doctype html>\n{}\n", self.0)
    }
}

impl From<&str> for Html {
    fn from(text: &str) -> Html {
        Html::text(text)
    }
}

impl From<String> for Html {
    fn from(text: String) -> Html {
        Html::text(&text)
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(pieces: I) -> Html {
        Html::join(pieces, "")
    }
}

/// Writes a text so that it is nothing but text, in elements and in attributes.
///
/// What is not seen, or turns the order of letters, is shown by its number.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\r' => {}
            c if c.is_control() || crate::terminal::is_invisible(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let html =
            Html::el("a", &[("href", "\"><script>"), ("title", "'")], "</a><b>&amp;\u{202e}\0");
        assert_eq!(
            html.document(),
            "<!doctype html>\n<a href=\"&quot;&gt;&lt;script&gt;\" title=\"&#39;\">&lt;/a&gt;&lt;b&gt;&amp;amp;\\u{202e}\\u{0}</a>\n"
        );
    }
}
