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
    // A token has one event, and a node two.
    let nodes = events.len().saturating_sub(tokens.len()) / 2;
    let builder = TreeBuilder::new(nodes + tokens.len() + trivia.len());
    let mut sink = Sink { text, tokens, trivia, builder };
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
            Event::Token { kind } => sink.token(kind),
            Event::Tombstone => {}
        }
    }
    sink.builder.finish(text.clone())
}

struct Sink<'a> {
    text: &'a str,
    /// What is not in the tree yet.
    tokens: &'a [Token],
    trivia: &'a [Trivia],
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
        let end = self.next_token();
        let attached = if is_documented(kind) { self.attached(end) } else { None };
        self.trivia_up_to(attached.unwrap_or(end));
    }

    /// Where the trivia before `end` begin that belong to the node that begins there: from the first
    /// doc comment on, as long as no blank line comes between.
    fn attached(&self, end: u32) -> Option<u32> {
        let mut attached = None;
        let pending = self.trivia.iter().take_while(|it| it.start < end).count();
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
    fn trivia(&mut self) {
        self.trivia_up_to(self.next_token());
    }

    fn trivia_up_to(&mut self, end: u32) {
        while let Some((next, rest)) = self.trivia.split_first()
            && next.start < end
        {
            self.builder.token(next.kind, next.start, next.len);
            self.trivia = rest;
        }
        // Not all of them need be there.
        self.builder.skip_to(end);
    }

    fn at_trivia(&self) -> bool {
        self.builder.offset() != self.next_token()
    }

    /// Where the next token begins.
    fn next_token(&self) -> u32 {
        self.tokens.first().map_or(self.text.len() as u32, |it| it.start)
    }

    /// Puts the next token into the current node, as this kind.
    #[inline]
    fn token(&mut self, kind: SyntaxKind) {
        if self.at_trivia() {
            self.trivia();
        }
        if let Some((token, rest)) = self.tokens.split_first() {
            self.builder.token(kind, token.start, token.len);
            self.tokens = rest;
        }
    }
}
