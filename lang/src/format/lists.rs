//! Lists between brackets, with commas between their elements.

use super::document::How;
use super::layout::{Layout, Sep, is_trivia, kind, kind_of};
use super::strings::is_long;
use crate::syntax::{Child, Ref, SyntaxKind, SyntaxKind::*};

impl<'a> Layout<'a> {
    /// `[a, b]`, `{a, b}`, `{ k: v }`, `(a, b = c)`, `(a)`
    pub(super) fn list(&mut self, node: Ref<'a>) {
        let parent = kind_of(node);
        let children: Vec<Child<'a>> = node.children().collect();
        let elements = children.iter().filter(|it| is_element(kind(**it))).count();
        let has_comments = children.iter().any(|it| matches!(kind(*it), COMMENT | DOC | INNER_DOC));
        let ends: Vec<&'a str> = children
            .iter()
            .filter(|it| is_bracket(kind(**it)))
            .filter_map(|it| it.into_token().map(Ref::text))
            .collect();
        let [open, close] = ends[..] else { return self.words(node) };
        if elements == 0 && !has_comments {
            self.text(open);
            self.text(close);
            return;
        }
        // A single element that has brackets of its own needs no lines around it.
        if elements == 1 && !has_comments && parent != SET_LIT && is_hugged(parent, &children) {
            self.text(open);
            children.iter().filter(|it| is_element(kind(**it))).for_each(|it| self.child(*it));
            self.text(close);
            return;
        }
        let broken = parent != PAREN && begins_with_line_break(&children);
        let words = matches!(parent, SET_LIT | LIST_LIT) && is_all_words(node);
        let pad = parent == SET_LIT && children.iter().any(|it| has_entry(*it));
        let edge = match (broken, pad) {
            (true, _) => Sep::Hard,
            (false, true) => Sep::Line,
            (false, false) => Sep::Soft,
        };
        let gap = match (broken, words) {
            (_, true) => Sep::Fill,
            (true, false) => Sep::Hard,
            (false, false) => Sep::Line,
        };
        self.open(if broken { How::Always } else { How::IfNeeded });
        self.text(open);
        self.document.indent();
        self.no_blank();
        self.sep(edge);
        let mut done = 0;
        for child in children {
            match kind(child) {
                it if is_trivia(it) => self.child(child),
                it if !is_element(it) => {}
                _ => {
                    if done > 0 && broken && self.is_blank() {
                        self.sep(Sep::Hard);
                    }
                    match child {
                        // Its group is that of the brackets.
                        Child::Node(inner) if parent == PAREN && kind(child) == BINARY => {
                            self.flush();
                            self.operands(inner);
                        }
                        _ => self.child(child),
                    }
                    done += 1;
                    if done < elements {
                        self.document.text(",");
                        self.sep(gap);
                    } else if parent != PAREN && self.flat == 0 {
                        self.document.if_broken(",");
                    }
                }
            }
        }
        self.document.dedent();
        self.no_blank();
        self.sep(edge);
        self.text(close);
        self.close();
    }
}

fn is_bracket(kind: SyntaxKind) -> bool {
    matches!(kind, L_PAREN | R_PAREN | L_BRACKET | R_BRACKET | L_BRACE | R_BRACE)
}

fn is_element(kind: SyntaxKind) -> bool {
    !is_trivia(kind) && !is_bracket(kind) && kind != COMMA
}

fn begins_with_line_break(children: &[Child<'_>]) -> bool {
    children
        .iter()
        .skip(1)
        .take_while(|it| is_trivia(kind(**it)))
        .any(|it| matches!(it, Child::Token(it) if it.text().contains('\n')))
}

fn has_entry(child: Child<'_>) -> bool {
    match child {
        Child::Node(node) => match kind_of(node) {
            ENTRY_ELEMENT => true,
            FOR_ELEMENT | WHEN_ELEMENT => node.children().any(has_entry),
            _ => false,
        },
        Child::Token(_) => false,
    }
}

/// Whether the one element of a list is a list or a long string itself.
fn is_hugged(parent: SyntaxKind, children: &[Child<'_>]) -> bool {
    let Some(Child::Node(mut node)) = children.iter().find(|it| is_element(kind(**it))).copied()
    else {
        return false;
    };
    // `fetch(root = […])` is not.
    if matches!(kind_of(node), CALL_ARG | EXPR_ELEMENT) {
        let mut inside = node.children().filter(|it| !is_trivia(kind(*it)));
        match (inside.next(), inside.next()) {
            (Some(Child::Node(it)), None) => node = it,
            _ => return false,
        }
    }
    match kind_of(node) {
        SET_LIT | LIST_LIT => matches!(parent, ARG_LIST | PAREN),
        STRING_LIT => is_long(node),
        _ => false,
    }
}

/// Whether a list holds only words and numbers, which stand side by side however many there are.
pub(super) fn is_all_words(node: Ref<'_>) -> bool {
    node.children().all(|it| match it {
        Child::Token(_) => true,
        Child::Node(node) => is_word(node),
    })
}

/// Whether a value of an enum is a word and nothing else.
pub(super) fn is_bare(child: Child<'_>) -> bool {
    matches!(child, Child::Node(node) if kind_of(node) == ENUMERATOR && is_word(node))
}

fn is_word(node: Ref<'_>) -> bool {
    match kind_of(node) {
        NAME | NAME_REF | LITERAL => true,
        EXPR_ELEMENT | SPREAD_ELEMENT | ENUMERATOR | NAME_EXPR | DOT_NAME => {
            node.children().all(|it| match it {
                Child::Token(_) => matches!(
                    kind(it),
                    IDENT | INT | VERSION | SERIES | QUANTITY | DOT | DOT_DOT | COMMA | WHITESPACE
                ),
                Child::Node(node) => is_word(node),
            })
        }
        _ => false,
    }
}
