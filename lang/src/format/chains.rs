//! Expressions that go on and on: operators, calls of calls, `if … else if …`.

use super::document::How;
use super::layout::{Layout, Sep, between, is_trivia, kind, kind_of};
use super::strings::is_long;
use crate::syntax::{Child, Ref, SyntaxKind, SyntaxKind::*, begins_item};

impl<'a> Layout<'a> {
    /// `a | b | c`: operators of one rank stand in one group, broken behind each or none.
    pub(super) fn binary(&mut self, node: Ref<'a>) {
        self.open(How::IfNeeded);
        self.document.indent();
        self.operands(node);
        self.document.dedent();
        self.close();
    }

    pub(super) fn operands(&mut self, node: Ref<'a>) {
        // The chain nests to the left; it is as deep as it is long, and bounded by the parser.
        let rank = rank_of(node);
        let mut is_lhs = true;
        for child in node.children() {
            match child {
                Child::Node(inner) if is_lhs => {
                    is_lhs = false;
                    if kind_of(inner) == BINARY && rank_of(inner) == rank {
                        self.operands(inner);
                    } else {
                        self.node(inner);
                    }
                    self.sep(Sep::Space);
                }
                Child::Node(inner) => {
                    // A line that begins like an item would end the expression.
                    // What has brackets of its own begins beside the operator.
                    let hugs = matches!(kind_of(inner), SET_LIT | LIST_LIT) || is_long(inner);
                    let breaks = rank != 3 && !hugs && !first_word(inner).is_some_and(begins_item);
                    self.breakable(if breaks { Sep::Line } else { Sep::Space });
                    self.node(inner);
                }
                Child::Token(_) => {
                    if !is_trivia(kind(child)) {
                        self.sep(Sep::Space);
                    }
                    self.child(child);
                }
            }
        }
    }

    /// `a.b(c).d(e)`
    pub(super) fn postfix(&mut self, node: Ref<'a>) {
        if calls_of_members(node) < 2 || self.flat > 0 {
            return self.words(node);
        }
        self.open(How::IfNeeded);
        self.document.indent();
        self.links(node, false);
        self.document.dedent();
        self.close();
    }

    fn links(&mut self, node: Ref<'a>, is_called: bool) {
        let parent = kind_of(node);
        let mut before = None;
        for child in node.children() {
            let it = kind(child);
            if let (Some(before), false) = (before, is_trivia(it)) {
                self.sep(between(parent, before, it));
            }
            if it == DOT && is_called {
                self.breakable(Sep::Soft);
            }
            match child {
                Child::Node(inner) if matches!(it, MEMBER | CALL) && before.is_none() => {
                    self.links(inner, parent == CALL);
                }
                _ => self.child(child),
            }
            if !is_trivia(it) {
                before = Some(it);
            }
        }
    }

    /// `if a then b else if c then d else e`: one group.
    pub(super) fn choice(&mut self, node: Ref<'a>) {
        self.open(How::IfNeeded);
        self.document.indent();
        self.branches(node);
        self.document.dedent();
        self.close();
    }

    fn branches(&mut self, node: Ref<'a>) {
        let mut last = None;
        for child in node.children() {
            let it = kind(child);
            match child {
                Child::Node(inner) if it == IF && last == Some(ELSE_KW) => {
                    self.sep(Sep::Space);
                    self.branches(inner);
                }
                _ => {
                    if it == ELSE_KW {
                        self.breakable(Sep::Line);
                    } else if it == THEN_KW {
                        self.breakable(Sep::Fill);
                    } else if last.is_some() && !is_trivia(it) {
                        self.sep(Sep::Space);
                    }
                    self.child(child);
                }
            }
            if !is_trivia(it) {
                last = Some(it);
            }
        }
    }
}

impl<'a> Layout<'a> {
    /// `for a in x => for b in y => c`: one group, broken behind each arrow or none.
    pub(super) fn generator(&mut self, node: Ref<'a>) {
        self.open(How::IfNeeded);
        self.document.indent();
        self.generators(node);
        self.document.dedent();
        self.close();
    }

    fn generators(&mut self, node: Ref<'a>) {
        let parent = kind_of(node);
        let mut before = None;
        for child in node.children() {
            let it = kind(child);
            if let (Some(before), false) = (before, is_trivia(it)) {
                let hugs = matches!(child, Child::Node(it) if has_brackets(it));
                let breaks = before == FAT_ARROW && !hugs;
                self.sep(if breaks { Sep::Line } else { between(parent, before, it) });
            }
            match child {
                Child::Node(inner) if matches!(it, FOR_ELEMENT | WHEN_ELEMENT) => {
                    self.generators(inner);
                }
                _ => self.child(child),
            }
            if !is_trivia(it) {
                before = Some(it);
            }
        }
    }
}

/// Whether an element is a list or a long string, and nothing else.
fn has_brackets(node: Ref<'_>) -> bool {
    if kind_of(node) != EXPR_ELEMENT {
        return false;
    }
    let first = node.children().find(|it| !is_trivia(kind(*it)));
    matches!(first, Some(Child::Node(it)) if matches!(kind_of(it), SET_LIT | LIST_LIT) || is_long(it))
}

/// How tightly an operator binds.
fn rank_of(binary: Ref<'_>) -> u8 {
    binary
        .children()
        .find_map(|it| {
            Some(match kind(it) {
                PIPE => 1,
                AMP => 2,
                PLUS | MINUS => 5,
                STAR | PERCENT => 6,
                EQ_EQ | NEQ | LT | LE | GT | GE | HAS_KW | IN_KW => 3,
                _ => return None,
            })
        })
        .unwrap_or(0)
}

/// How many calls of members a chain has.
fn calls_of_members(node: Ref<'_>) -> usize {
    let mut count = 0;
    let mut node = node;
    let mut is_called = false;
    loop {
        let parent = kind_of(node);
        count += usize::from(parent == MEMBER && is_called);
        is_called = parent == CALL;
        let first: Option<Child<'_>> = node.children().find(|it| !is_trivia(kind(*it)));
        match first {
            Some(Child::Node(inner)) if matches!(kind_of(inner), MEMBER | CALL) => {
                node = inner;
            }
            _ => return count,
        }
    }
}

/// The first token of a node, if it is a word.
fn first_word(node: Ref<'_>) -> Option<&str> {
    let mut node = node;
    loop {
        match node.children().find(|it| !is_trivia(kind(*it)))? {
            Child::Node(inner) => node = inner,
            Child::Token(token) => {
                let is_word = SyntaxKind::keyword(token.text()).is_some();
                return is_word.then(|| token.text());
            }
        }
    }
}
