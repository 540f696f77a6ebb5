//! The children of a node, found in one pass.
//!
//! An accessor of the typed tree goes over the children each time it is asked. Lowering asks for
//! nearly all of them, so where a node has several it says what it expects, as a tuple of
//! [`Slot`]s, and gets what the accessors would give.

use text_size::{TextRange, TextSize};

use crate::syntax::SyntaxKind::{self, DOC};
use crate::syntax::ast::{AstChildren, AstNode, DocLines};
use crate::syntax::{Ref, TRIVIA};

/// Goes over the children of a node once and returns what each slot takes of them.
pub(super) fn split<'a, S: Slot<'a>>(node: &impl AstNode<Node = Ref<'a>>) -> S {
    let mut slot = S::default();
    node.syntax().each_child(|kind, child| slot.offer(kind, child));
    slot
}

/// A place for some of the children of a node.
pub(super) trait Slot<'a>: Default {
    /// Takes a child, if it is one of those.
    fn offer(&mut self, kind: SyntaxKind, child: Ref<'a>);
}

/// The first node of a type.
impl<'a, A: AstNode<Node = Ref<'a>>> Slot<'a> for Option<A> {
    #[inline]
    fn offer(&mut self, kind: SyntaxKind, child: Ref<'a>) {
        if A::can_cast(kind) && self.is_none() {
            *self = A::cast(child);
        }
    }
}

/// The first node of a type, and the second.
impl<'a, A: AstNode<Node = Ref<'a>>> Slot<'a> for [Option<A>; 2] {
    #[inline]
    fn offer(&mut self, kind: SyntaxKind, child: Ref<'a>) {
        if A::can_cast(kind)
            && let Some(free) = self.iter_mut().find(|it| it.is_none())
        {
            *free = A::cast(child);
        }
    }
}

/// All nodes of a type.
pub(super) struct Many<'a, A: AstNode<Node = Ref<'a>>> {
    nodes: Option<AstChildren<A>>,
    count: usize,
}

impl<'a, A: AstNode<Node = Ref<'a>>> Many<'a, A> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Returns them in order.
    pub(super) fn iter(self) -> impl Iterator<Item = A> {
        self.nodes.into_iter().flatten()
    }
}

impl<'a, A: AstNode<Node = Ref<'a>>> Default for Many<'a, A> {
    fn default() -> Self {
        Many { nodes: None, count: 0 }
    }
}

impl<'a, A: AstNode<Node = Ref<'a>>> Slot<'a> for Many<'a, A> {
    #[inline]
    fn offer(&mut self, kind: SyntaxKind, child: Ref<'a>) {
        if A::can_cast(kind) {
            self.count += 1;
            match &mut self.nodes {
                None => self.nodes = Some(AstChildren::one(child)),
                Some(nodes) => nodes.extend_to(child),
            }
        }
    }
}

/// Whether there is a token of this kind.
#[derive(Default)]
pub(super) struct Has<const KIND: u16>(pub(super) bool);

impl<'a, const KIND: u16> Slot<'a> for Has<KIND> {
    #[inline]
    fn offer(&mut self, kind: SyntaxKind, _: Ref<'a>) {
        self.0 |= kind as u16 == KIND;
    }
}

/// Where a node begins, and its documentation.
#[derive(Default)]
pub(super) struct Head {
    start: Option<TextSize>,
    doc: DocLines,
}

impl Head {
    /// Returns where the node stands, without the white space and comments before it.
    pub(super) fn range<'a>(&self, node: &impl AstNode<Node = Ref<'a>>) -> TextRange {
        let end = node.syntax().text_range().end();
        TextRange::new(self.start.unwrap_or(end), end)
    }

    /// Returns the `///` lines of the node.
    pub(super) fn doc(self) -> Option<Box<str>> {
        self.doc.0.map(String::into_boxed_str)
    }
}

impl<'a> Slot<'a> for Head {
    #[inline]
    fn offer(&mut self, kind: SyntaxKind, child: Ref<'a>) {
        if !TRIVIA.contains(kind) {
            if self.start.is_none() {
                self.start = Some(child.text_range().start());
            }
        } else if kind == DOC {
            self.doc.push(child.text());
        }
    }
}

/// A slot for the first token of some kinds, as what it says.
macro_rules! token_slot {
    ($type:ident: $($kind:ident => $value:ident),+ $(,)?) => {
        impl<'a> Slot<'a> for Option<$type> {
            #[inline]
            fn offer(&mut self, kind: SyntaxKind, _: Ref<'a>) {
                let said = match kind {
                    $($kind => $type::$value,)+
                    _ => return,
                };
                self.get_or_insert(said);
            }
        }
    };
}

pub(super) use token_slot;

macro_rules! slots {
    ($($name:ident)+) => {
        impl<'a, $($name: Slot<'a>),+> Slot<'a> for ($($name,)+) {
            #[inline]
            fn offer(&mut self, kind: SyntaxKind, child: Ref<'a>) {
                #[allow(non_snake_case, reason = "the names of the types")]
                let ($($name,)+) = self;
                $($name.offer(kind, child);)+
            }
        }
    };
}

slots!(A B);
slots!(A B C);
slots!(A B C D);
slots!(A B C D E);
slots!(A B C D E F);
slots!(A B C D E F G);
