//! Events and tokens to the tree.

use std::sync::Arc;

use super::Event;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::lexer::{Lexed, Token, Trivia};
use crate::syntax::tree::{Tree, TreeBuilder};

/// Whether doc comments above a node of this kind belong to it.
fn is_documented(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        HEADER
            | FEATURE
            | KNOB
            | FIELD
            | ENUM_DECL
            | RECORD_DECL
            | TYPE_ALIAS
            | FUNCTION
            | LET
            | VERSION_ENTRY
            | ENUMERATOR
            | GROUP
            | DEP
            | PROVIDES
            | RULE
            | STEP
            | MIXIN
            | COMPILE
            | OUTPUT
            | TEST
            | PRESET
            | SETTING
    )
}

/// Builds the tree; all tokens and trivia of `lexed` are in it.
pub(super) fn build(text: &Arc<str>, lexed: &Lexed, events: &mut [Event]) -> Tree {
    let Lexed { tokens, trivia, .. } = lexed;
    // A token has one event, a node two, and a node of a token alone one for both: that evens out.
    let builder = TreeBuilder::new(events.len() + trivia.len());
    let next = tokens.first().map_or(text.len() as u32, |it| it.start);
    let next_trivia = trivia.first().map_or(u32::MAX, |it| it.start);
    let mut sink = Sink { text, tokens, trivia, next, next_trivia, builder };
    let mut parents = Vec::new();
    for index in 0..events.len() {
        match events[index] {
            Event::Start { kind, forward_parent: None } => sink.start(kind),
            Event::Start { .. } => sink.start_with_parents(events, index, &mut parents),
            Event::Alone { node, kind, forward_parent } => {
                if let Some(steps) = forward_parent {
                    sink.start_with_parents(events, index + steps.get() as usize, &mut parents);
                }
                sink.alone(node, kind);
            }
            Event::Finish => sink.builder.finish_node(),
            Event::Token { kind } => sink.token(kind),
            Event::Tombstone => {}
        }
    }
    sink.trivia();
    sink.builder.finish(text.clone())
}

struct Sink<'a> {
    text: &'a str,
    /// What is not in the tree yet.
    tokens: &'a [Token],
    trivia: &'a [Trivia],
    /// Where the next of them begin.
    next: u32,
    next_trivia: u32,
    builder: TreeBuilder,
}

impl Sink<'_> {
    /// Begins a node. Inline, as most begin where no trivia are.
    #[inline]
    fn start(&mut self, kind: SyntaxKind) {
        let mut begin = self.next;
        if self.next_trivia < begin {
            begin = self.trivia_before(kind);
        }
        self.builder.start_node(kind, begin);
    }

    /// Begins the node that begins at `index`, and those around it that begin there too. `kinds` is
    /// empty before and after.
    fn start_with_parents(
        &mut self,
        events: &mut [Event],
        index: usize,
        kinds: &mut Vec<SyntaxKind>,
    ) {
        let mut at = index;
        // A parent begins here, and not again where its turn comes.
        while let Event::Start { kind, forward_parent } =
            std::mem::replace(&mut events[at], Event::Tombstone)
        {
            kinds.push(kind);
            let Some(steps) = forward_parent else { break };
            at += steps.get() as usize;
        }
        while let Some(kind) = kinds.pop() {
            self.start(kind);
        }
    }

    /// Puts the trivia that come next before the node that begins behind them, but for what is
    /// attached to it, and returns where it begins. The root has all of its own.
    #[cold]
    fn trivia_before(&mut self, kind: SyntaxKind) -> u32 {
        if self.builder.is_empty() {
            return 0;
        }
        let attached = if is_documented(kind) { self.attached() } else { None };
        let begin = attached.unwrap_or(self.next);
        self.trivia_up_to(begin);
        begin
    }

    /// Where the trivia that come next begin to belong to the node behind them: at the first doc
    /// comment, as long as no blank line comes between.
    fn attached(&self) -> Option<u32> {
        let mut attached = None;
        let pending = self.trivia.iter().take_while(|it| it.start < self.next).count();
        for &Trivia { kind, start, len } in self.trivia[..pending].iter().rev() {
            match kind {
                WHITESPACE => {
                    let space = &self.text.as_bytes()[start as usize..(start + len) as usize];
                    if space.iter().filter(|&&it| it == b'\n').count() > 1 {
                        break;
                    }
                }
                DOC => attached = Some(start),
                _ => {}
            }
        }
        attached
    }

    /// Puts the trivia that come next into the current node.
    #[cold]
    fn trivia(&mut self) {
        self.trivia_up_to(self.next);
    }

    fn trivia_up_to(&mut self, end: u32) {
        while let Some((next, rest)) = self.trivia.split_first()
            && next.start < end
        {
            self.builder.token(next.kind, next.start, next.len);
            self.next_trivia = rest.first().map_or(u32::MAX, |it| it.start);
            self.trivia = rest;
        }
    }

    /// Puts a node of the next token alone into the current node.
    #[inline]
    fn alone(&mut self, node: SyntaxKind, kind: SyntaxKind) {
        debug_assert!(!is_documented(node), "doc comments would stand in it");
        if self.next_trivia < self.next {
            self.trivia();
        }
        if let Some((start, len)) = self.take() {
            self.builder.leaf(node, kind, start, len);
        }
    }

    /// Puts the next token into the current node, as this kind.
    #[inline]
    fn token(&mut self, kind: SyntaxKind) {
        if self.next_trivia < self.next {
            self.trivia();
        }
        if let Some((start, len)) = self.take() {
            self.builder.token(kind, start, len);
        }
    }

    /// Takes the next token; returns where it begins and how long it is.
    fn take(&mut self) -> Option<(u32, u32)> {
        let (token, rest) = self.tokens.split_first()?;
        self.next = rest.first().map_or(self.text.len() as u32, |it| it.start);
        self.tokens = rest;
        Some((token.start, token.len))
    }
}
