//! Types.

use super::items::{attr, lines, name, name_ref, opt_when_tail, path};
use super::{Newlines, Parser, exprs, strings};
use crate::syntax::SyntaxKind::*;
use crate::syntax::error::SyntaxErrorKind;
use crate::syntax::slip::Slip;

/// `':' Type`, where there must be one.
pub(super) fn expect_annotation(p: &mut Parser<'_>) {
    if p.expect(COLON) {
        ty(p);
    }
}

/// `Type`
pub(super) fn ty(p: &mut Parser<'_>) {
    p.deeper(|p| {
        let m = p.start();
        let mut done = if p.at_word(ENUM_KW) {
            p.bump_keyword();
            enum_body(p);
            m.complete(p, ENUM_TYPE)
        } else if p.at_name() {
            path(p);
            if p.at(LT) {
                type_args(p);
            }
            if p.at(L_PAREN) {
                refinement(p);
            }
            m.complete(p, NAMED_TYPE)
        } else {
            p.expected("a type");
            return m.abandon(p);
        };
        let mut chain = 0;
        while p.at(QUESTION) {
            chain += 1;
            if p.depth + chain > super::DEPTH_MAX {
                p.error(SyntaxErrorKind::TooDeep);
                p.skip_statement();
                break;
            }
            let m = done.precede(p);
            p.bump();
            done = m.complete(p, OPT_TYPE);
        }
    });
}

fn type_args(p: &mut Parser<'_>) {
    let open = p.at;
    let m = p.start();
    p.bump();
    let outer = std::mem::replace(&mut p.newlines_free, true);
    {
        while !p.at_eof() && !p.at(GT) && !p.at_item_on_new_line() {
            let before = p.at;
            ty(p);
            if p.at == before || !p.eat(COMMA) {
                break;
            }
        }
    }
    if p.at(GE) {
        // `Set<Driver>=all` is read as a comparison.
        p.slip(Slip::Operator { right: "> =", wrong: ">=" });
        p.bump_as(GT);
    } else if !p.eat(GT) {
        p.unclosed_from(open);
    }
    p.newlines_free = outer;
    m.complete(p, TYPE_ARGS);
}

/// `'(' Expr? Where? ')'`
fn refinement(p: &mut Parser<'_>) {
    let m = p.start();
    p.bracketed(Newlines::MeanNothing, "`)`", |p| {
        if !p.at_word(WHERE_KW) && !p.at_eof() {
            exprs::expr(p);
        }
        if p.at_word(WHERE_KW) {
            let m = p.start();
            p.bump_keyword();
            exprs::expr(p);
            if p.eat_word(ELSE_KW) {
                if p.at(STRING_OPEN) {
                    strings::string(p);
                } else {
                    p.expected("a message");
                }
            } else {
                p.expected("`else` and a message");
            }
            m.complete(p, WHERE);
        }
    });
    m.complete(p, REFINEMENT);
}

/// `'{' (Enumerator | Group)* '}'`
pub(super) fn enum_body(p: &mut Parser<'_>) {
    let m = p.start();
    if p.at(L_BRACE) {
        p.bracketed(Newlines::EndStatements, "a value or `}`", |p| lines(p, enumerator));
    } else {
        p.expected("`{`");
    }
    m.complete(p, ENUM_BODY);
}

fn enumerator(p: &mut Parser<'_>) {
    let m = p.start();
    while p.at(AT) {
        attr(p);
    }
    if at_item_below(p) || !at_value_name(p) {
        p.expected("a value");
        return m.abandon(p);
    }
    if p.at_word(GROUP_KW) && p.nth_is_name(1) && !p.newline_before(1) {
        p.bump_keyword();
        name(p);
        group_body(p);
        p.eat(COMMA);
        m.complete(p, GROUP);
        return;
    }
    if p.at(STRING_OPEN) {
        strings::string(p);
    } else {
        name(p);
    }
    if p.eat(EQ) {
        exprs::operand(p);
    }
    opt_when_tail(p);
    p.eat(COMMA);
    m.complete(p, ENUMERATOR);
}

/// Whether an item of the file begins here, because the `}` is missing. `name = value` is no sign
/// of it: values look like that too.
fn at_item_below(p: &Parser<'_>) -> bool {
    p.unclosed
        && p.newline_before(0)
        && !p.at_word(GROUP_KW)
        && (super::items::looks_like_keyword_item(p)
            || p.looks_like_setting() && p.nth(1) != Some(EQ))
}

/// Enums of numbers and versions exist: `enum { 11, 14, 17 }`, `enum { 9.0, gfx90a }`.
fn at_value_name(p: &Parser<'_>) -> bool {
    matches!(p.current(), Some(IDENT | INT | VERSION | STRING_OPEN))
}

fn group_body(p: &mut Parser<'_>) {
    let m = p.start();
    if p.at(L_BRACE) {
        p.bracketed(Newlines::MeanNothing, "a value or `}`", |p| {
            while at_value_name(p) && !p.at_item_on_new_line() {
                if p.at(STRING_OPEN) {
                    strings::string(p);
                } else {
                    name_ref(p);
                }
                p.eat(COMMA);
            }
        });
    } else {
        p.expected("`{`");
    }
    m.complete(p, GROUP_BODY);
}
