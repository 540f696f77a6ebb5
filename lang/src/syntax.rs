//! Text to syntax tree.
//!
//! The tree holds every byte of the text, white space, comments and mistakes included, so that
//! editors and the formatter lose nothing. Lowering asks for one without white space and plain
//! comments: all else in it is at the same places. It knows nothing of names or types.

pub mod ast;
mod brackets;
mod error;
mod kind;
mod lexer;
mod parser;
mod slip;
pub(crate) mod strings;
mod token_set;
mod tree;

use std::sync::Arc;

use text_size::TextRange;

pub use error::{SyntaxError, SyntaxErrorKind};
pub use kind::SyntaxKind;
pub use slip::{Slip, SlipText};
pub use strings::{is_name, quote};
pub use tree::{Ref, SyntaxElement, SyntaxNode, SyntaxNodeChildren, SyntaxToken, TokenAtOffset};

pub(crate) use parser::begins_item;
pub(crate) use token_set::TRIVIA;
pub(crate) use tree::Child;

use ast::{AstNode, Place};
use lexer::Keep;
use tree::Tree;

/// What parsing gave: a tree, always, and what is wrong with the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    tree: Arc<Tree>,
    errors: Vec<SyntaxError>,
}

impl Parse {
    /// Returns the root of the tree.
    #[must_use]
    pub fn syntax(&self) -> SyntaxNode {
        SyntaxNode::root(self.tree.clone())
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

    /// Returns the file that was parsed, as something that borrows the tree.
    pub(crate) fn file_ref(&self) -> ast::File<Ref<'_>> {
        ast::File { syntax: self.root() }
    }

    /// Returns the root as something that borrows the tree, which is faster to walk.
    pub(crate) fn root(&self) -> Ref<'_> {
        self.tree.root()
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
    parse_shared(&Arc::from(text))
}

/// Parses a file whose text is there already: the tree takes a share in it.
pub(crate) fn parse_shared(text: &Arc<str>) -> Parse {
    let (tree, errors) = parser::parse_file(text, Keep::All);
    Parse { tree: Arc::new(tree), errors }
}

/// Parses a file for what only asks what it means: the tree has no white space and no comments but
/// those that document, which makes it a third smaller. All else is as in that of [`parse_shared`],
/// at the same places.
pub(crate) fn parse_meaning(text: &Arc<str>) -> Parse {
    let (tree, errors) = parser::parse_file(text, Keep::Docs);
    Parse { tree: Arc::new(tree), errors }
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
    let (tree, errors) = parser::parse_spec(&Arc::from(text));
    Parse { tree: Arc::new(tree), errors }
}

/// Parses one expression into a file that holds just it.
#[must_use]
pub fn parse_expr(text: &str) -> Parse {
    let (tree, errors) = parser::parse_expr(&Arc::from(text));
    Parse { tree: Arc::new(tree), errors }
}

/// Returns where a node stands, without white space and comments at its beginning.
pub(crate) fn range_of(node: &SyntaxNode) -> TextRange {
    node.borrowed().range_without_trivia()
}
