//! Specs, version requirements and what else follows a dependency.

use super::exprs::separated;
use super::items::{expect_name, opt_when_tail, path};
use super::{Newlines, Parser, exprs, items, strings};
use crate::syntax::SyntaxKind::*;
use crate::syntax::token_set::TokenSet;

const COMPARE: TokenSet = TokenSet::new(&[EQ_EQ, NEQ, GE, LE, GT, LT]);

/// `Spec Req* DepTail*`
pub(super) fn dep(p: &mut Parser<'_>) {
    spec(p);
    reqs(p);
    loop {
        match p.word() {
            Some(EXACT_KW) => {
                let m = p.start();
                p.bump_keyword();
                m.complete(p, EXACT_TAIL);
            }
            Some(AS_KW) => opt_as_tail(p),
            Some(WHEN_KW) => opt_when_tail(p),
            _ => return,
        }
    }
}

/// `(Path | StringLit) SpecItems?`; a string is a name made in a loop.
pub(super) fn spec(p: &mut Parser<'_>) {
    let m = p.start();
    if p.at(STRING_OPEN) {
        strings::string(p);
    } else {
        path(p);
    }
    if p.at(L_BRACKET) {
        spec_items(p);
    }
    m.complete(p, SPEC);
}

/// `Spec Req* AsTail?`
pub(super) fn want_spec(p: &mut Parser<'_>) {
    let m = p.start();
    spec(p);
    reqs(p);
    opt_as_tail(p);
    m.complete(p, WANT_SPEC);
}

fn opt_as_tail(p: &mut Parser<'_>) {
    if p.at_word(AS_KW) {
        let m = p.start();
        p.bump_keyword();
        expect_name(p);
        m.complete(p, AS_TAIL);
    }
}

/// `'[' (SpecItem (',' SpecItem)*)? ']'`
pub(super) fn spec_items(p: &mut Parser<'_>) {
    let m = p.start();
    p.bracketed(Newlines::MeanNothing, "`,` or `]`", |p| {
        separated(p, |it| it.nth_is_name(0) || it.at(TILDE), spec_item);
    });
    m.complete(p, SPEC_ITEMS);
}

fn spec_item(p: &mut Parser<'_>) {
    let m = p.start();
    p.eat(TILDE);
    if !p.at_name() {
        p.expected("a feature or a knob");
        m.complete(p, ERROR);
        return;
    }
    items::path(p);
    if matches!(p.current(), Some(EQ | PLUS_EQ | MINUS_EQ)) {
        p.bump();
        exprs::operand(p);
    }
    m.complete(p, SPEC_ITEM);
}

/// `Req*`
pub(super) fn reqs(p: &mut Parser<'_>) {
    loop {
        match p.current() {
            Some(L_PAREN) => req_group(p),
            Some(kind) if COMPARE.contains(kind) => version_req(p),
            _ => return,
        }
    }
}

fn version_req(p: &mut Parser<'_>) {
    let m = p.start();
    p.bump();
    exprs::postfix(p);
    m.complete(p, VERSION_REQ);
}

/// `'(' ReqAlt ('|' ReqAlt)* ')'`
fn req_group(p: &mut Parser<'_>) {
    let m = p.start();
    p.bracketed(Newlines::MeanNothing, "`|` or `)`", |p| {
        loop {
            let alt = p.start();
            if !p.at_any(COMPARE) {
                p.expected("a comparison such as `>= 1.2`");
            }
            while p.at_any(COMPARE) {
                version_req(p);
            }
            alt.complete(p, REQ_ALT);
            if !p.eat(PIPE) {
                break;
            }
        }
    });
    m.complete(p, REQ_GROUP);
}
