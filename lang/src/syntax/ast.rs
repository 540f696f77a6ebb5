//! The typed tree: a view of the syntax tree with an accessor for each child.
//!
//! The nodes are generated from `kiln.ungram`. Every accessor may return nothing: the tree of a
//! text with errors has holes.

mod nodes;
mod tokens;

use std::marker::PhantomData;

use text_size::TextRange;

use super::{SyntaxKind, SyntaxNode, SyntaxNodeChildren, SyntaxToken};

pub use nodes::*;
pub use tokens::{StringStyle, doc};

/// A node of the typed tree.
pub trait AstNode: Sized {
    /// Whether nodes of this kind can be seen as `Self`.
    fn can_cast(kind: SyntaxKind) -> bool;

    /// Returns the node seen as `Self`, if its kind allows.
    fn cast(syntax: SyntaxNode) -> Option<Self>;

    /// Returns the node.
    fn syntax(&self) -> &SyntaxNode;

    /// Returns where the node stands, without the white space and comments before it.
    fn range(&self) -> TextRange {
        super::range_of(self.syntax())
    }
}

/// The children of one type, in order.
#[derive(Debug, Clone)]
pub struct AstChildren<N> {
    inner: SyntaxNodeChildren,
    node: PhantomData<N>,
}

impl<N: AstNode> Iterator for AstChildren<N> {
    type Item = N;

    fn next(&mut self) -> Option<N> {
        self.inner.next_of(N::can_cast).and_then(N::cast)
    }
}

mod support {
    use super::{AstChildren, AstNode, PhantomData, SyntaxKind, SyntaxNode, SyntaxToken};

    pub(super) fn child<N: AstNode>(parent: &SyntaxNode, nth: usize) -> Option<N> {
        parent.child_of(N::can_cast, nth).and_then(N::cast)
    }

    pub(super) fn children<N: AstNode>(parent: &SyntaxNode) -> AstChildren<N> {
        AstChildren { inner: parent.children(), node: PhantomData }
    }

    pub(super) fn token(parent: &SyntaxNode, kinds: &[SyntaxKind]) -> Option<SyntaxToken> {
        parent.token_of(kinds)
    }
}
