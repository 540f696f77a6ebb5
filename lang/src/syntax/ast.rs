//! The typed tree: a view of the syntax tree with an accessor for each child.
//!
//! It is a view of nodes that share their tree, unless something else is said: what only reads a
//! tree once, as lowering does, takes nodes that borrow it ([`Ref`]), and counts no shares.
//!
//! The nodes are generated from `kiln.ungram`. Every accessor may return nothing: the tree of a
//! text with errors has holes.

mod nodes;
mod tokens;

use std::ops;

use text_size::TextRange;

use super::{Ref, SyntaxKind};

pub use nodes::*;
pub use tokens::{StringStyle, doc};

pub(crate) use tokens::DocLines;

pub use super::tree::{Node, Place};

/// A node of the typed tree.
pub trait AstNode: Sized {
    /// What it is a view of.
    type Node: Node;

    /// Whether nodes of this kind can be seen as `Self`.
    fn can_cast(kind: SyntaxKind) -> bool;

    /// Returns the node seen as `Self`, if its kind allows.
    fn cast(syntax: Self::Node) -> Option<Self>;

    /// Returns the node.
    fn syntax(&self) -> &Self::Node;

    /// Returns where the node stands, without the white space and comments before it.
    fn range(&self) -> TextRange {
        self.syntax().borrowed().range_without_trivia()
    }
}

/// The children of one type, in order.
#[derive(Debug, Clone)]
pub struct AstChildren<A: AstNode> {
    /// A node of the same tree.
    of: A::Node,
    rest: ops::Range<u32>,
}

impl<'a, A: AstNode<Node = Ref<'a>>> AstChildren<A> {
    /// Makes a list of one child.
    pub(crate) fn one(child: Ref<'a>) -> Self {
        AstChildren { of: child, rest: child.places() }
    }

    /// Lets the list end with this child, which stands behind all that are in it.
    pub(crate) fn extend_to(&mut self, child: Ref<'a>) {
        self.rest.end = child.places().end;
    }
}

impl<A: AstNode> Iterator for AstChildren<A> {
    type Item = A;

    fn next(&mut self) -> Option<A> {
        let at = self.of.borrowed().next_of(&mut self.rest, A::can_cast)?;
        A::cast(self.of.node(at))
    }
}

mod support {
    use super::{AstChildren, AstNode, Node, Place, SyntaxKind};

    pub(super) fn child<A: AstNode>(parent: &A::Node, nth: usize) -> Option<A> {
        let at = parent.borrowed().child_of(A::can_cast, nth)?;
        A::cast(parent.node(at))
    }

    pub(super) fn children<A: AstNode>(parent: &A::Node) -> AstChildren<A> {
        AstChildren { of: parent.clone(), rest: parent.borrowed().below() }
    }

    pub(super) fn token<N: Node>(parent: &N, kinds: &[SyntaxKind]) -> Option<N::Token> {
        let at = parent.borrowed().child_of(|it| kinds.contains(&it), 0)?;
        Some(parent.token(at))
    }
}
