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
pub(super) fn build(text: &Arc<str>, tokens: &[Token], mut events: Vec<Event>) -> Tree {
    // A node has two events and a token that carries meaning one; all tokens are in the tree.
    let builder = TreeBuilder::new(events.len() / 2 + tokens.len() + 8);
    let mut sink = Sink { text, tokens, at: 0, builder };
    let mut parents = Vec::new();
    let mut depth = 0_usize;
    for index in 0..events.len() {
        match std::mem::replace(&mut events[index], Event::Tombstone) {
            Event::Start { kind, forward_parent: None } => {
                sink.start(kind, depth == 0);
                depth += 1;
            }
            Event::Start { kind, forward_parent } => {
                parents.push(kind);
                let mut next = forward_parent.map(|it| index + it as usize);
                while let Some(parent) = next {
                    next = match std::mem::replace(&mut events[parent], Event::Tombstone) {
                        Event::Start { kind, forward_parent } => {
                            parents.push(kind);
                            forward_parent.map(|it| parent + it as usize)
                        }
                        _ => None,
                    };
                }
                for kind in parents.drain(..).rev() {
                    sink.start(kind, depth == 0);
                    depth += 1;
                }
            }
            Event::Finish => {
                depth -= 1;
                if depth == 0 {
                    sink.trivia(usize::MAX);
                }
                sink.builder.finish_node();
            }
            Event::Token { kind } => {
                sink.trivia(usize::MAX);
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
    fn start(&mut self, kind: SyntaxKind, is_root: bool) {
        if !is_root {
            let pending =
                self.tokens[self.at..].iter().take_while(|it| TRIVIA.contains(it.kind)).count();
            let attached = if is_documented(kind) { self.attached(pending) } else { 0 };
            self.trivia(pending - attached);
        }
        self.builder.start_node(kind);
    }

    /// How many of the last `pending` trivia belong to the node that begins behind them: from the
    /// first doc comment on, as long as no blank line comes between.
    fn attached(&self, pending: usize) -> usize {
        let mut attached = 0;
        let mut offset = self.builder.offset()
            + self.tokens[self.at..self.at + pending]
                .iter()
                .map(|it| it.len as usize)
                .sum::<usize>();
        for back in 1..=pending {
            let token = self.tokens[self.at + pending - back];
            offset -= token.len as usize;
            let slice = &self.text[offset..offset + token.len as usize];
            match token.kind {
                WHITESPACE if slice.bytes().filter(|&it| it == b'\n').count() > 1 => break,
                DOC => attached = back,
                _ => {}
            }
        }
        attached
    }

    /// Puts up to `most` trivia into the current node.
    fn trivia(&mut self, most: usize) {
        for _ in 0..most {
            match self.tokens.get(self.at) {
                Some(token) if TRIVIA.contains(token.kind) => self.token(token.kind),
                _ => break,
            }
        }
    }

    fn token(&mut self, kind: SyntaxKind) {
        self.builder.token(kind, self.tokens[self.at].len);
        self.at += 1;
    }
}
