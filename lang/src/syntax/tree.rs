//! The lossless tree: one flat list of nodes and tokens, in the order of the text.
//!
//! ```text
//! FILE 0..9             next = 6
//!   HEADER 0..8         next = 5
//!     RECIPE_KW 0..6    …
//! ```
//!
//! A node comes before everything in it and knows where what follows it begins, so that a subtree
//! is a slice of the list, the next sibling is one step away, and a tree is two allocations however
//! large it is. White space and comments may be left out of it; places are those in the text all the
//! same. Trees are never changed. Nodes and tokens are a share in the tree and a place in
//! it; they may be sent to other threads.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::FusedIterator;
use std::ops::Range;
use std::sync::Arc;

use text_size::{TextRange, TextSize};

use super::SyntaxKind;
use super::token_set::TRIVIA;

/// A tree: its text, and its nodes and tokens.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tree {
    text: Arc<str>,
    elements: Vec<Entry>,
}

/// A node or a token in the list of its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    kind: SyntaxKind,
    /// Where its text begins, and where it ends.
    start: u32,
    end: u32,
    /// The place behind everything in it.
    next: u32,
    /// The node that it is in; of the root, its own place.
    parent: u32,
}

impl Entry {
    fn range(self) -> TextRange {
        TextRange::new(TextSize::new(self.start), TextSize::new(self.end))
    }
}

/// Whether what has this kind is a token.
fn is_token(kind: SyntaxKind) -> bool {
    kind < SyntaxKind::ERROR
}

/// Puts a tree together, from the first token to the last.
pub(crate) struct TreeBuilder {
    elements: Vec<Entry>,
    /// The innermost node that is open; the others are those that it is in.
    open: u32,
    /// Where what is there ends.
    offset: u32,
}

impl TreeBuilder {
    /// Begins a tree of about `capacity` nodes and tokens.
    pub(crate) fn new(capacity: usize) -> Self {
        TreeBuilder { elements: Vec::with_capacity(capacity), open: 0, offset: 0 }
    }

    /// Whether nothing has begun yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Begins a node where the next token begins, or white space or a comment that is to be in it.
    #[inline]
    pub(crate) fn start_node(&mut self, kind: SyntaxKind, begin: u32) {
        let at = self.elements.len() as u32;
        self.offset = begin;
        self.push(kind, begin);
        self.open = at;
    }

    /// Adds a token to the innermost node that is open.
    pub(crate) fn token(&mut self, kind: SyntaxKind, start: u32, len: u32) {
        self.offset = start + len;
        self.push(kind, start);
    }

    /// Adds a node with one token in it to the innermost node that is open.
    pub(crate) fn leaf(&mut self, node: SyntaxKind, kind: SyntaxKind, start: u32, len: u32) {
        let at = self.elements.len() as u32;
        self.offset = start + len;
        let token = Entry { kind, start, end: self.offset, next: at + 2, parent: at };
        self.elements.extend([Entry { kind: node, parent: self.open, ..token }, token]);
    }

    /// Ends the innermost node.
    pub(crate) fn finish_node(&mut self) {
        let next = self.elements.len() as u32;
        let node = &mut self.elements[self.open as usize];
        node.end = self.offset;
        node.next = next;
        self.open = node.parent;
    }

    /// Returns the tree, whose tokens are those of `text`. What has been added since its root ended
    /// is in the root too, which has all of the text.
    pub(crate) fn finish(mut self, text: Arc<str>) -> Tree {
        debug_assert!(self.open == 0, "every node has ended");
        let next = self.elements.len() as u32;
        if let Some(root) = self.elements.first_mut() {
            *root = Entry { start: 0, end: text.len() as u32, next, ..*root };
        }
        Tree { text, elements: self.elements }
    }

    fn push(&mut self, kind: SyntaxKind, start: u32) {
        let next = self.elements.len() as u32 + 1;
        let entry = Entry { kind, start, end: self.offset, next, parent: self.open };
        self.elements.push(entry);
    }
}

impl Tree {
    /// Returns the root.
    pub(crate) fn root(&self) -> Ref<'_> {
        Ref { tree: self, at: 0 }
    }

    fn slice(&self, at: u32) -> &str {
        let entry = self.elements[at as usize];
        &self.text[entry.start as usize..entry.end as usize]
    }

    fn entry(&self, at: u32) -> Entry {
        self.elements[at as usize]
    }

    /// The places of the children of a node, in order.
    fn children(&self, node: u32) -> Places<'_> {
        Places { tree: self, at: node + 1, end: self.entry(node).next }
    }
}

/// The places of siblings.
#[derive(Debug, Clone)]
struct Places<'a> {
    tree: &'a Tree,
    at: u32,
    end: u32,
}

impl Iterator for Places<'_> {
    type Item = (u32, Entry);

    fn next(&mut self) -> Option<(u32, Entry)> {
        if self.at >= self.end {
            return None;
        }
        let at = self.at;
        let entry = self.tree.entry(at);
        self.at = entry.next;
        Some((at, entry))
    }
}

//------ what the typed tree is a view of

/// A node or a token, of a tree that it shares or borrows.
pub trait Place: Clone {
    /// Returns its place, for what only reads.
    fn borrowed(&self) -> Ref<'_>;
}

/// A node, of a tree that it shares or borrows.
pub trait Node: Place {
    /// What the tokens are.
    type Token: Place;

    /// Returns the node at a place of the same tree.
    fn node(&self, at: u32) -> Self;

    /// Returns the token at a place of the same tree.
    fn token(&self, at: u32) -> Self::Token;
}

//------ nodes and tokens that borrow their tree

/// A node or a token that borrows its tree: what only reads once walks by these.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Child<'a> {
    Node(Ref<'a>),
    Token(Ref<'a>),
}

/// The place of a node or a token in a tree that is borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Ref<'a> {
    tree: &'a Tree,
    at: u32,
}

impl<'a> Ref<'a> {
    /// Returns what it is.
    pub(crate) fn kind(self) -> SyntaxKind {
        self.tree.entry(self.at).kind
    }

    /// Returns its text.
    pub(crate) fn text(self) -> &'a str {
        self.tree.slice(self.at)
    }

    /// Returns where its text stands.
    pub(crate) fn text_range(self) -> TextRange {
        self.tree.entry(self.at).range()
    }

    /// Returns where its text begins behind white space and comments, to its end.
    pub(crate) fn range_without_trivia(self) -> TextRange {
        let whole = self.tree.entry(self.at);
        // Only the root and what is documented have some at the beginning.
        let below = self.tree.elements.get(self.at as usize + 1);
        if below.is_some_and(|it| it.parent == self.at && !TRIVIA.contains(it.kind)) {
            return whole.range();
        }
        let first = self.tree.children(self.at).find(|it| !TRIVIA.contains(it.1.kind));
        let start = first.map_or(whole.end, |it| it.1.start);
        Entry { start, ..whole }.range()
    }

    /// Whether it is the same place of the same tree.
    pub(crate) fn is(self, other: Ref<'_>) -> bool {
        self.at == other.at && std::ptr::eq(self.tree, other.tree)
    }

    /// Returns the nodes right below it, in order.
    pub(crate) fn nodes(self) -> impl Iterator<Item = Ref<'a>> {
        self.children().filter_map(Child::into_node)
    }

    /// Returns the places of everything below it.
    pub(crate) fn below(self) -> Range<u32> {
        self.at + 1..self.tree.entry(self.at).next
    }

    /// Returns the place of the next sibling in `rest` whose kind `is` of the kind asked for, and
    /// goes on behind it.
    pub(crate) fn next_of(
        self,
        rest: &mut Range<u32>,
        is: impl Fn(SyntaxKind) -> bool,
    ) -> Option<u32> {
        let mut places = Places { tree: self.tree, at: rest.start, end: rest.end };
        let found = places.find(|it| is(it.1.kind));
        rest.start = places.at;
        found.map(|it| it.0)
    }

    /// Returns the place of child number `nth` of those whose kind `is` of the kind asked for.
    pub(crate) fn child_of(self, is: impl Fn(SyntaxKind) -> bool, nth: usize) -> Option<u32> {
        self.tree.children(self.at).filter(|it| is(it.1.kind)).nth(nth).map(|it| it.0)
    }

    /// Returns its place, and the places of everything below it.
    pub(crate) fn places(self) -> Range<u32> {
        self.at..self.tree.entry(self.at).next
    }

    /// Takes what is right below it, in order, with its kind.
    #[inline]
    pub(crate) fn each_child(self, mut take: impl FnMut(SyntaxKind, Ref<'a>)) {
        let tree = self.tree;
        let end = tree.entry(self.at).next;
        let mut at = self.at + 1;
        while at < end {
            let Entry { kind, next, .. } = tree.entry(at);
            take(kind, Ref { tree, at });
            at = next;
        }
    }

    /// Returns the nodes and tokens right below it, in order.
    pub(crate) fn children(self) -> impl Iterator<Item = Child<'a>> + Clone {
        let tree = self.tree;
        tree.children(self.at).map(move |(at, entry)| {
            let it = Ref { tree, at };
            if is_token(entry.kind) { Child::Token(it) } else { Child::Node(it) }
        })
    }
}

impl Place for Ref<'_> {
    fn borrowed(&self) -> Ref<'_> {
        *self
    }
}

impl Node for Ref<'_> {
    type Token = Self;

    fn node(&self, at: u32) -> Self {
        Ref { at, ..*self }
    }

    fn token(&self, at: u32) -> Self {
        Ref { at, ..*self }
    }
}

impl<'a> Child<'a> {
    /// Returns what it is.
    pub(crate) fn kind(self) -> SyntaxKind {
        let (Child::Node(it) | Child::Token(it)) = self;
        it.kind()
    }

    /// Returns where its text stands.
    pub(crate) fn text_range(self) -> TextRange {
        let (Child::Node(it) | Child::Token(it)) = self;
        it.text_range()
    }

    /// Returns the node, if it is one.
    pub(crate) fn into_node(self) -> Option<Ref<'a>> {
        match self {
            Child::Node(it) => Some(it),
            Child::Token(_) => None,
        }
    }

    /// Returns the token, if it is one.
    pub(crate) fn into_token(self) -> Option<Ref<'a>> {
        match self {
            Child::Token(it) => Some(it),
            Child::Node(_) => None,
        }
    }
}

//------ nodes and tokens that share their tree

/// A node of the syntax tree.
#[derive(Clone)]
pub struct SyntaxNode {
    tree: Arc<Tree>,
    at: u32,
}

/// A token of the syntax tree.
#[derive(Clone)]
pub struct SyntaxToken {
    tree: Arc<Tree>,
    at: u32,
}

/// A node or a token of the syntax tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SyntaxElement {
    /// A node.
    Node(SyntaxNode),
    /// A token.
    Token(SyntaxToken),
}

macro_rules! in_a_tree {
    ($name:ident) => {
        impl $name {
            /// Returns what it is.
            #[must_use]
            pub fn kind(&self) -> SyntaxKind {
                self.tree.entry(self.at).kind
            }

            /// Returns its text; of a node, with all white space and comments in it.
            #[must_use]
            pub fn text(&self) -> &str {
                self.tree.slice(self.at)
            }

            /// Returns where its text stands, in bytes of the whole text.
            #[must_use]
            pub fn text_range(&self) -> TextRange {
                self.tree.entry(self.at).range()
            }

            /// Returns the node that it is in; nothing for the root.
            #[must_use]
            pub fn parent(&self) -> Option<SyntaxNode> {
                let parent = self.tree.entry(self.at).parent;
                (parent != self.at).then(|| SyntaxNode { tree: self.tree.clone(), at: parent })
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.at == other.at && Arc::ptr_eq(&self.tree, &other.tree)
            }
        }

        impl Eq for $name {}

        impl Place for $name {
            fn borrowed(&self) -> Ref<'_> {
                Ref { tree: &self.tree, at: self.at }
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.at.hash(state);
            }
        }
    };
}

in_a_tree!(SyntaxNode);
in_a_tree!(SyntaxToken);

impl Node for SyntaxNode {
    type Token = SyntaxToken;

    fn node(&self, at: u32) -> Self {
        SyntaxNode { tree: self.tree.clone(), at }
    }

    fn token(&self, at: u32) -> SyntaxToken {
        SyntaxToken { tree: self.tree.clone(), at }
    }
}

impl SyntaxNode {
    /// Returns the root of a tree.
    pub(crate) fn root(tree: Arc<Tree>) -> Self {
        SyntaxNode { tree, at: 0 }
    }

    /// Returns the nodes right below it, in order.
    #[must_use]
    pub fn children(&self) -> SyntaxNodeChildren {
        let end = self.tree.entry(self.at).next;
        SyntaxNodeChildren { tree: self.tree.clone(), at: self.at + 1, end }
    }

    /// Returns the nodes and tokens right below it, in order.
    pub fn children_with_tokens(&self) -> impl Iterator<Item = SyntaxElement> + use<'_> {
        self.tree.children(self.at).map(|it| self.element(it.0))
    }

    /// Returns it and all nodes below it, in the order of the text.
    pub fn descendants(&self) -> impl Iterator<Item = SyntaxNode> + use<'_> {
        self.below()
            .filter(|&at| !is_token(self.tree.entry(at).kind))
            .map(|at| SyntaxNode { tree: self.tree.clone(), at })
    }

    /// Returns it and all nodes and tokens below it, in the order of the text.
    pub fn descendants_with_tokens(&self) -> impl Iterator<Item = SyntaxElement> + use<'_> {
        self.below().map(|at| self.element(at))
    }

    /// Returns it, the node that it is in, and so on up to the root.
    pub fn ancestors(&self) -> impl Iterator<Item = SyntaxNode> + use<> {
        std::iter::successors(Some(self.clone()), SyntaxNode::parent)
    }

    /// Returns the node before it in the same parent.
    #[must_use]
    pub fn prev_sibling(&self) -> Option<SyntaxNode> {
        let parent = self.tree.entry(self.at).parent;
        let before = self.tree.children(parent).take_while(|it| it.0 < self.at);
        let before = before.filter(|it| !is_token(it.1.kind)).last()?;
        Some(SyntaxNode { tree: self.tree.clone(), at: before.0 })
    }

    /// Returns the tokens at a place: none outside, two where one ends and the next begins.
    #[must_use]
    pub fn token_at_offset(&self, offset: TextSize) -> TokenAtOffset {
        let touches = |it: &Entry| it.range().contains_inclusive(offset);
        let mut found = TokenAtOffset::default();
        let mut at = self.at;
        let end = self.tree.entry(self.at).next;
        while at < end {
            let entry = self.tree.entry(at);
            if !touches(&entry) {
                // What begins behind the place ends the search, as does everything behind it.
                if entry.range().start() > offset {
                    break;
                }
                at = entry.next;
                continue;
            }
            if is_token(entry.kind) && entry.start < entry.end {
                let token = SyntaxToken { tree: self.tree.clone(), at };
                match found.left {
                    None => found.left = Some(token),
                    Some(_) => found.right = Some(token),
                }
            }
            at += 1;
        }
        found
    }

    fn below(&self) -> std::ops::Range<u32> {
        self.at..self.tree.entry(self.at).next
    }

    fn element(&self, at: u32) -> SyntaxElement {
        let tree = self.tree.clone();
        if is_token(tree.entry(at).kind) {
            SyntaxElement::Token(SyntaxToken { tree, at })
        } else {
            SyntaxElement::Node(SyntaxNode { tree, at })
        }
    }
}

impl SyntaxToken {
    /// Returns the node that it is in, the node that that is in, and so on up to the root.
    pub fn parent_ancestors(&self) -> impl Iterator<Item = SyntaxNode> + use<> {
        std::iter::successors(self.parent(), SyntaxNode::parent)
    }

    /// Returns the token before it.
    #[must_use]
    pub fn prev_token(&self) -> Option<SyntaxToken> {
        let mut before = (0..self.at).rev().filter(|&at| is_token(self.tree.entry(at).kind));
        before.next().map(|at| SyntaxToken { tree: self.tree.clone(), at })
    }
}

impl SyntaxElement {
    /// Returns what it is.
    #[must_use]
    pub fn kind(&self) -> SyntaxKind {
        match self {
            SyntaxElement::Node(it) => it.kind(),
            SyntaxElement::Token(it) => it.kind(),
        }
    }

    /// Returns where its text stands, in bytes of the whole text.
    #[must_use]
    pub fn text_range(&self) -> TextRange {
        match self {
            SyntaxElement::Node(it) => it.text_range(),
            SyntaxElement::Token(it) => it.text_range(),
        }
    }

    /// Returns the node, if it is one.
    #[must_use]
    pub fn as_node(&self) -> Option<&SyntaxNode> {
        match self {
            SyntaxElement::Node(it) => Some(it),
            SyntaxElement::Token(_) => None,
        }
    }

    /// Returns the token, if it is one.
    #[must_use]
    pub fn into_token(self) -> Option<SyntaxToken> {
        match self {
            SyntaxElement::Token(it) => Some(it),
            SyntaxElement::Node(_) => None,
        }
    }
}

/// The nodes right below a node.
#[derive(Clone)]
pub struct SyntaxNodeChildren {
    tree: Arc<Tree>,
    at: u32,
    end: u32,
}

impl Iterator for SyntaxNodeChildren {
    type Item = SyntaxNode;

    fn next(&mut self) -> Option<SyntaxNode> {
        let mut places = Places { tree: &self.tree, at: self.at, end: self.end };
        let found = places.find(|it| !is_token(it.1.kind));
        self.at = places.at;
        found.map(|it| SyntaxNode { tree: self.tree.clone(), at: it.0 })
    }
}

impl FusedIterator for SyntaxNodeChildren {}

/// The tokens at a place of the text.
#[derive(Debug, Clone, Default)]
pub struct TokenAtOffset {
    left: Option<SyntaxToken>,
    right: Option<SyntaxToken>,
}

impl TokenAtOffset {
    /// Returns the token behind the place, or the one that the place is in.
    #[must_use]
    pub fn right_biased(self) -> Option<SyntaxToken> {
        self.right.or(self.left)
    }
}

impl Iterator for TokenAtOffset {
    type Item = SyntaxToken;

    fn next(&mut self) -> Option<SyntaxToken> {
        self.left.take().or_else(|| self.right.take())
    }
}

//------ what they look like in tests

impl fmt::Debug for SyntaxNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{:?}@{:?}", self.kind(), self.text_range());
        }
        for at in self.below() {
            let mut depth = 0;
            let mut outer = at;
            while outer != self.at {
                outer = self.tree.entry(outer).parent;
                depth += 1;
            }
            write!(f, "{:1$}", "", depth * 2)?;
            match self.element(at) {
                SyntaxElement::Node(it) => writeln!(f, "{it:?}")?,
                SyntaxElement::Token(it) => writeln!(f, "{it:?}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SyntaxToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}@{:?} ", self.kind(), self.text_range())?;
        let text = self.text();
        if text.len() < 25 {
            return write!(f, "{text:?}");
        }
        let end = (21..25).find(|&it| text.is_char_boundary(it)).unwrap_or(0);
        write!(f, "{:?}", format!("{} ...", &text[..end]))
    }
}

impl fmt::Debug for SyntaxNodeChildren {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
