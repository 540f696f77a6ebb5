//! Strings and their interpolations.

use super::{Newlines, Parser, exprs};
use crate::syntax::SyntaxKind::*;

/// The message of a rule, if one is here. It may stand on the next line: of the items, only arms
/// begin with a string.
pub(super) fn opt_message(p: &mut Parser<'_>) {
    if p.nth(0) == Some(STRING_OPEN) && (!p.at_line_end() || !super::items::at_arm(p)) {
        p.statement_start = p.at;
        string(p);
    }
}

/// `StringLit`; the caller has seen that one is here. What is unclosed, the lexer has reported.
pub(super) fn string(p: &mut Parser<'_>) {
    p.deeper(|p| {
        let m = p.start();
        p.bump();
        let outer = std::mem::replace(&mut p.newlines_free, true);
        loop {
            match p.nth(0) {
                Some(STRING_TEXT) => {
                    p.alone(STRING_CHUNK, STRING_TEXT);
                }
                Some(INTERPOLATION_OPEN) => interpolation(p),
                Some(STRING_CLOSE) => {
                    p.bump();
                    break;
                }
                _ => break,
            }
        }
        p.newlines_free = outer;
        m.complete(p, STRING_LIT);
    });
}

fn interpolation(p: &mut Parser<'_>) {
    let m = p.start();
    p.bracketed(Newlines::MeanNothing, "`)`", |p| {
        if p.at_eof() {
            p.expected("an expression");
        } else {
            exprs::expr(p);
        }
    });
    m.complete(p, INTERPOLATION);
}
