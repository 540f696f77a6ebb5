//! Strings and their interpolations.

use super::{Parser, exprs};
use crate::syntax::SyntaxKind::*;
use crate::syntax::error::SyntaxErrorKind;

/// A string, if one is here.
pub(super) fn opt_string(p: &mut Parser<'_>) {
    if p.at(STRING_OPEN) {
        string(p);
    }
}

/// `StringLit`; the caller has seen that one is here. What is unclosed, the lexer has reported.
pub(super) fn string(p: &mut Parser<'_>) {
    p.deeper(|p| {
        let m = p.start();
        p.bump();
        p.newlines_free(|p| {
            loop {
                match p.nth(0) {
                    Some(STRING_TEXT) => {
                        let m = p.start();
                        p.bump();
                        m.complete(p, STRING_CHUNK);
                    }
                    Some(INTERPOLATION_OPEN) => interpolation(p),
                    Some(STRING_CLOSE) => {
                        p.bump();
                        break;
                    }
                    _ => break,
                }
            }
        });
        m.complete(p, STRING_LIT);
    });
}

fn interpolation(p: &mut Parser<'_>) {
    let m = p.start();
    p.bump();
    if p.at(R_PAREN) {
        p.error(SyntaxErrorKind::Expected { what: "an expression", found: p.found() });
    } else {
        exprs::expr(p);
    }
    if !p.at(R_PAREN) && !p.at_eof() && !p.at_item_on_new_line() {
        p.expected("`)`");
        while !matches!(p.nth(0), Some(R_PAREN | STRING_TEXT | STRING_CLOSE) | None)
            && !p.at_item_on_new_line()
        {
            p.bump();
        }
    }
    p.eat(R_PAREN);
    m.complete(p, INTERPOLATION);
}
