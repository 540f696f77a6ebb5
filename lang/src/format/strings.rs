//! String literals: what they say stays the same to the byte.
//!
//! The lines of a long string are indented one level deeper than the line it begins on, if its last
//! line tells how deep they are indented now; that white space is no part of the value
//! (`crate::syntax::strings` reads it). All other strings stay as they are.

use super::layout::{Layout, is_trivia, kind, kind_of};
use crate::syntax::{Child, Ref, SyntaxKind::*};

impl<'a> Layout<'a> {
    pub(super) fn string(&mut self, node: Ref<'a>) {
        let children: Vec<Child<'a>> = node.children().collect();
        let indent = indent_of(&children);
        self.flush();
        let outer = self.document.string_start();
        let mut is_first = true;
        for child in children {
            match child {
                Child::Node(part) if kind_of(part) == STRING_CHUNK => {
                    for text in part.children().filter_map(|it| it.into_token()) {
                        self.chunk(text.text(), indent, is_first);
                    }
                    is_first = false;
                }
                Child::Node(part) => {
                    self.interpolation(part);
                    is_first = false;
                }
                Child::Token(token) => self.document.raw(token.text()),
            }
        }
        self.document.string_end(outer);
    }

    fn chunk(&mut self, text: &'a str, indent: Option<&str>, is_first: bool) {
        // A line break of two characters says the same as one; a lone `\r` is a character.
        let normal = !text.replace("\r\n", "").contains('\r');
        for (number, line) in text.split('\n').enumerate() {
            let ends = text[line.as_ptr() as usize - text.as_ptr() as usize..].len() > line.len();
            let line = if normal && ends { line.strip_suffix('\r').unwrap_or(line) } else { line };
            if number == 0 {
                // What stands behind the opening quotes of a long string is not part of it.
                let is_white = is_first && indent.is_some();
                self.document.raw(if is_white { line.trim_start() } else { line });
                continue;
            }
            self.document.string_line(indent.is_some());
            match indent {
                Some(indent) => self
                    .document
                    .raw(line.strip_prefix(indent).unwrap_or_else(|| line.trim_start())),
                None => self.document.raw(line),
            }
        }
    }

    /// `\(expr)`, on one line if it was.
    fn interpolation(&mut self, node: Ref<'a>) {
        if has_line_break_or_comment(node) {
            return self.as_it_is(node);
        }
        self.flat += 1;
        for child in node.children().filter(|it| !is_trivia(kind(*it))) {
            self.child(child);
        }
        self.flat -= 1;
    }

    /// A node with all its white space.
    fn as_it_is(&mut self, node: Ref<'a>) {
        for child in node.children() {
            match child {
                Child::Node(node) => self.as_it_is(node),
                Child::Token(token) => self.document.raw(token.text()),
            }
        }
    }
}

/// Whether a node is a string that may have several lines.
pub(super) fn is_long(node: Ref<'_>) -> bool {
    let open = node.children().next().and_then(|it| it.into_token());
    kind_of(node) == STRING_LIT && open.is_some_and(|it| it.text().contains("\"\"\""))
}

fn has_line_break_or_comment(node: Ref<'_>) -> bool {
    node.children().any(|it| match it {
        Child::Node(node) => has_line_break_or_comment(node),
        Child::Token(token) => {
            matches!(kind(it), COMMENT | DOC | INNER_DOC) || token.text().contains('\n')
        }
    })
}

/// The white space that all lines of a long string begin with, if they may be indented anew.
fn indent_of<'a>(children: &[Child<'a>]) -> Option<&'a str> {
    let open = children.first()?.into_token()?;
    if !open.text().ends_with("\"\"\"") {
        return None;
    }
    let parts = children.get(1..children.len().checked_sub(1)?)?;
    let chunk = |it: &Child<'a>| -> Option<&'a str> {
        let node = it.into_node().filter(|it| kind_of(*it) == STRING_CHUNK)?;
        node.children().find_map(|it| it.into_token()).map(|it| it.text())
    };
    let first = chunk(parts.first()?)?;
    let last = chunk(parts.last()?)?;
    let begins = first.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let indent = last.rsplit_once('\n')?.1;
    if !begins || !indent.trim_matches([' ', '\t']).is_empty() {
        return None;
    }
    let fits = |line: &str| line.starts_with(indent) || line.trim().is_empty();
    let all_fit = parts.iter().all(|part| {
        let Some(text) = chunk(part) else { return true };
        text.split('\n').skip(1).all(fits) && !text.replace("\r\n", "").contains('\r')
    });
    all_fit.then_some(indent)
}
