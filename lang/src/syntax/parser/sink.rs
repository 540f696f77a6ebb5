//! Events and tokens to the tree.

use std::sync::Arc;

use super::Event;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::lexer::Token;
use crate::syntax::token_set::TRIVIA;
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

/// Builds the tree; every byte of `text` is in it.
pub(super) fn build(text: &Arc<str>, tokens: &[Token], events: &mut [Event]) -> Tree {
    // A node has two events and a token that carries meaning one; all tokens are in the tree.
    let builder = TreeBuilder::new(events.len() / 2 + tokens.len() + 8);
    let mut sink = Sink { text, tokens, at: 0, builder };
    let mut parents = Vec::new();
    for index in 0..events.len() {
        match events[index] {
            Event::Start { kind, forward_parent: None } => sink.start(kind),
            Event::Start { kind, forward_parent } => {
                parents.push(kind);
                let mut at = index;
                let mut ahead = forward_parent;
                while let Some(steps) = ahead {
                    at += steps.get() as usize;
                    // The parent begins here, and not again where its turn comes.
                    ahead = match std::mem::replace(&mut events[at], Event::Tombstone) {
                        Event::Start { kind, forward_parent } => {
                            parents.push(kind);
                            forward_parent
                        }
                        _ => None,
                    };
                }
                for kind in parents.drain(..).rev() {
                    sink.start(kind);
                }
            }
            Event::Finish => {
                if sink.builder.is_in_root() {
                    sink.trivia();
                }
                sink.builder.finish_node();
            }
            Event::Token { kind } => {
                sink.trivia();
                sink.token(kind);
            }
            Event::Tombstone => {}
        }
    }
    sink.builder.finish(text.clone())
}

struct Sink<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    builder: TreeBuilder,
}

impl Sink<'_> {
    /// Begins a node. Inline, as most begin where no trivia are.
    #[inline]
    fn start(&mut self, kind: SyntaxKind) {
        if self.at_trivia() {
            self.trivia_before(kind);
        }
        self.builder.start_node(kind);
    }

    /// Puts the trivia that come next before the node that begins behind them, but for what is
    /// attached to it. The root has all of its own.
    fn trivia_before(&mut self, kind: SyntaxKind) {
        if self.builder.is_empty() {
            return;
        }
        if !is_documented(kind) {
            return self.trivia();
        }
        let pending = self.tokens[self.at..].iter().take_while(|it| is_trivia(it)).count();
        for _ in 0..pending - self.attached(pending) {
            self.token(self.tokens[self.at].kind);
        }
    }

    /// How many of the last `pending` trivia belong to the node that begins behind them: from the
    /// first doc comment on, as long as no blank line comes between.
    fn attached(&self, pending: usize) -> usize {
        let mut attached = 0;
        let trivia = &self.tokens[self.at..self.at + pending];
        let mut offset =
            self.builder.offset() + trivia.iter().map(|it| it.len as usize).sum::<usize>();
        for (back, token) in (1..).zip(trivia.iter().rev()) {
            offset -= token.len as usize;
            match token.kind {
                WHITESPACE => {
                    let space = &self.text.as_bytes()[offset..offset + token.len as usize];
                    if space.iter().filter(|&&it| it == b'\n').count() > 1 {
                        break;
                    }
                }
                DOC => attached = back,
                _ => {}
            }
        }
        attached
    }

    /// Puts the trivia that come next into the current node.
    fn trivia(&mut self) {
        while self.at_trivia() {
            self.token(self.tokens[self.at].kind);
        }
    }

    fn at_trivia(&self) -> bool {
        self.tokens.get(self.at).is_some_and(is_trivia)
    }

    fn token(&mut self, kind: SyntaxKind) {
        self.builder.token(kind, self.tokens[self.at].len);
        self.at += 1;
    }
}

fn is_trivia(token: &Token) -> bool {
    TRIVIA.contains(token.kind)
}
