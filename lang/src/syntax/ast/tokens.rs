//! What the typed tree knows beyond the grammar: names, documentation, the text of strings.

use super::{
    AstNode, Binary, File, Name, NameRef, Node, Path, Place, Prefix, Range, StringChunk, StringLit,
    StringPart,
};
use crate::syntax::strings::{StringPiece, pieces};
use crate::syntax::{Ref, SyntaxKind, SyntaxKind::*};

impl Name {
    /// Returns the name.
    pub fn text(&self) -> String {
        self.ident_token().map(|it| it.text().to_owned()).unwrap_or_default()
    }
}

impl<N: Node> NameRef<N> {
    /// Returns the name.
    pub fn text(&self) -> String {
        self.syntax().borrowed().text().to_owned()
    }
}

impl<N: Node> Path<N> {
    /// Returns the names with dots between them.
    pub fn text(&self) -> String {
        self.name_refs().map(|it| it.text()).collect::<Vec<_>>().join(".")
    }
}

impl<N: Node> Binary<N> {
    /// Returns the operator.
    pub fn op(&self) -> Option<SyntaxKind> {
        self.op_token().map(|it| it.borrowed().kind())
    }
}

impl<N: Node> Prefix<N> {
    /// Returns the operator.
    pub fn op(&self) -> Option<SyntaxKind> {
        self.op_token().map(|it| it.borrowed().kind())
    }
}

impl<N: Node> Range<N> {
    /// Returns the bounds: what stands before and behind the dots.
    pub fn bounds(&self) -> (Option<super::Expr<N>>, Option<super::Expr<N>>) {
        let dots = self.op_token().map(|it| it.borrowed().text_range().start());
        let mut bounds = (None, None);
        for expr in super::support::children::<super::Expr<N>>(self.syntax()) {
            if dots.is_some_and(|it| expr.syntax().borrowed().text_range().start() < it) {
                bounds.0 = Some(expr);
            } else {
                bounds.1 = Some(expr);
            }
        }
        bounds
    }
}

impl<N: Node> File<N> {
    /// Returns the documentation of the file: its `//!` lines and the `///` lines above its header.
    pub fn doc(&self) -> Option<String> {
        let own = doc_of(self.syntax().borrowed(), INNER_DOC);
        own.or_else(|| self.header().and_then(|it| doc_of(it.syntax().borrowed(), DOC)))
    }
}

/// Returns the `///` lines of a node, without marks, or nothing if there are none.
pub fn doc(node: &impl AstNode) -> Option<String> {
    doc_of(node.syntax().borrowed(), DOC)
}

fn doc_of(node: Ref<'_>, kind: SyntaxKind) -> Option<String> {
    let mut lines = DocLines::default();
    node.each_child(|it, child| {
        if it == kind {
            lines.push(child.text());
        }
    });
    lines.0
}

/// Lines of documentation, without marks; nothing if there are none.
#[derive(Default)]
pub(crate) struct DocLines(pub(crate) Option<String>);

impl DocLines {
    /// Adds the text of a doc comment.
    pub(crate) fn push(&mut self, comment: &str) {
        let line = comment[3..].trim_end();
        let line = line.strip_prefix(' ').unwrap_or(line);
        match &mut self.0 {
            None => self.0 = Some(line.to_owned()),
            Some(doc) => {
                doc.push('\n');
                doc.push_str(line);
            }
        }
    }
}

/// How a string is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StringStyle {
    /// `sh"…"`: interpolations are quoted for the shell, and backslashes are the shell's.
    pub shell: bool,
    /// `"""…"""`: several lines, indented as its last line is.
    pub triple: bool,
    /// How many `#` stand around it: backslashes are plain, interpolations are `\#(…)`.
    pub hashes: usize,
}

impl<N: Node> StringLit<N> {
    /// Returns how the string is delimited.
    pub fn style(&self) -> StringStyle {
        let open = self.string_open_token();
        let text = open.as_ref().map_or("", |it| it.borrowed().text());
        if text == "\"" {
            return StringStyle { shell: false, triple: false, hashes: 0 };
        }
        StringStyle {
            shell: text.starts_with("sh"),
            triple: text.ends_with("\"\"\""),
            hashes: text.bytes().filter(|&it| it == b'#').count(),
        }
    }

    /// Returns the text if nothing is interpolated, with escapes and indentation resolved.
    pub fn plain_text(&self) -> Option<String> {
        let mut parts = self.string_parts();
        match (parts.next(), parts.next()) {
            (None, _) => Some(String::new()),
            (Some(StringPart::StringChunk(_)), None) => {
                let mut text = String::new();
                let borrowed = StringLit { syntax: self.syntax().borrowed() };
                pieces(&borrowed, self.style(), |it| {
                    if let StringPiece::Text(it) = it {
                        text = it.into_owned();
                    }
                });
                Some(text)
            }
            _ => None,
        }
    }
}

impl<N: Node> StringChunk<N> {
    /// Returns the text as written.
    pub fn raw_text(&self) -> &str {
        self.syntax().borrowed().text()
    }
}
