//! Text to syntax tree.
//!
//! The tree holds every byte of the text, white space, comments and mistakes included, so that
//! editors and the formatter lose nothing. It knows nothing of names or types.

pub mod ast;
mod error;
mod kind;
mod lexer;
mod parser;
mod slip;
pub(crate) mod strings;
mod token_set;

use rowan::{GreenNode, TextRange};

pub use error::{SyntaxError, SyntaxErrorKind};
pub use kind::SyntaxKind;
pub use slip::{Slip, SlipText};
pub use strings::quote;

pub(crate) use parser::begins_item;

use ast::AstNode;

/// A node of the syntax tree.
pub type SyntaxNode = rowan::SyntaxNode<KilnLanguage>;
/// A token of the syntax tree.
pub type SyntaxToken = rowan::SyntaxToken<KilnLanguage>;
/// A node or a token of the syntax tree.
pub type SyntaxElement = rowan::SyntaxElement<KilnLanguage>;
/// The nodes below a node.
pub type SyntaxNodeChildren = rowan::SyntaxNodeChildren<KilnLanguage>;

/// The language of the tree, for rowan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KilnLanguage {}

impl rowan::Language for KilnLanguage {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        SyntaxKind::ALL[raw.0 as usize]
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        rowan::SyntaxKind(kind as u16)
    }
}

/// What parsing gave: a tree, always, and what is wrong with the text.
///
/// It can be sent to another thread; the nodes of its tree cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    green: GreenNode,
    errors: Vec<SyntaxError>,
}

impl Parse {
    /// Returns the root of the tree.
    #[must_use]
    pub fn syntax(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.green.clone())
    }

    /// Returns the file that was parsed.
    ///
    /// # Panics
    ///
    /// Never: every parse makes a file node.
    #[must_use]
    pub fn file(&self) -> ast::File {
        let Some(file) = ast::File::cast(self.syntax()) else {
            panic!("the root of every tree is a file")
        };
        file
    }

    /// Returns the tree without positions and parents, which is faster to walk.
    pub(crate) fn green(&self) -> &GreenNode {
        &self.green
    }

    /// Returns what is wrong with the text, by place.
    #[must_use]
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }
}

/// Parses a file. Never fails.
#[must_use]
pub fn parse(text: &str) -> Parse {
    let (green, errors) = parser::parse_file(text);
    Parse { green, errors }
}

/// Returns how many tokens `text` has, and how often the parser looks at one: its cost, in a
/// measure that is the same on every machine.
#[must_use]
pub fn parser_steps(text: &str) -> (usize, u64) {
    parser::steps(text)
}

/// Parses one spec, such as `curl[http2, ~ldap]`, into a file that holds just it.
#[must_use]
pub fn parse_spec(text: &str) -> Parse {
    let (green, errors) = parser::parse_spec(text);
    Parse { green, errors }
}

/// Parses one expression into a file that holds just it.
#[must_use]
pub fn parse_expr(text: &str) -> Parse {
    let (green, errors) = parser::parse_expr(text);
    Parse { green, errors }
}

/// Returns where a node stands, without white space and comments at its beginning.
pub(crate) fn range_of(node: &SyntaxNode) -> TextRange {
    let mut start = node.text_range().start();
    for element in node.children_with_tokens() {
        match element.kind() {
            SyntaxKind::WHITESPACE
            | SyntaxKind::COMMENT
            | SyntaxKind::DOC
            | SyntaxKind::INNER_DOC => {
                start = element.text_range().end();
            }
            _ => break,
        }
    }
    TextRange::new(start.min(node.text_range().end()), node.text_range().end())
}
