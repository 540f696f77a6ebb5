//! Expressions, by precedence climbing.

use super::items::{expect_name_ref, name, name_ref};
use super::{CompletedMarker, Parser, deps, strings};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::error::SyntaxErrorKind;

/// The value of a setting: an expression that begins on the same line.
///
/// A line break here is an empty value, reported at once: were the next line taken as the value,
/// the message would appear there and the next setting would be lost.
pub(super) fn value(p: &mut Parser<'_>) {
    if p.at_line_end() {
        p.expected("a value on the same line");
    } else {
        expr(p);
    }
}

/// `Expr`
pub(super) fn expr(p: &mut Parser<'_>) {
    p.deeper(|p| {
        binary(p, 0);
    });
}

/// An expression without operators looser than `+`: what follows an operator of a spec.
pub(super) fn operand(p: &mut Parser<'_>) {
    p.deeper(|p| {
        binary(p, ADDITIVE);
    });
}

const RANGED: u8 = 4;
const ADDITIVE: u8 = 5;

/// The operator here, how tightly it binds, and the kind of its token.
fn operator(p: &Parser<'_>) -> Option<(u8, SyntaxKind)> {
    let kind = p.current()?;
    Some(match kind {
        PIPE => (1, PIPE),
        AMP => (2, AMP),
        EQ_EQ | NEQ | LT | LE | GT | GE => (3, kind),
        IDENT if p.at_word("has") => (3, HAS_KW),
        IDENT if p.at_word("in") => (3, IN_KW),
        DOT_DOT | DOT_DOT_EQ => (RANGED, kind),
        PLUS | MINUS => (ADDITIVE, kind),
        STAR | PERCENT => (6, kind),
        _ => return None,
    })
}

fn binary(p: &mut Parser<'_>, least: u8) -> Option<CompletedMarker> {
    let mut lhs = prefix(p)?;
    // Long chains such as `a | b | c …` nest to the left: each operator is one level of the tree.
    let mut chain = 0;
    while let Some((power, kind)) = operator(p) {
        if power < least {
            break;
        }
        chain += 1;
        if p.depth + chain > super::DEPTH_MAX {
            p.error(SyntaxErrorKind::TooDeep);
            p.skip_statement();
            break;
        }
        let m = lhs.precede(p);
        if power == RANGED {
            p.bump();
            if starts_expr(p) {
                p.deeper(|p| {
                    binary(p, ADDITIVE);
                });
            }
            lhs = m.complete(p, SyntaxKind::RANGE);
            continue;
        }
        p.bump_as(kind);
        if kind == HAS_KW && (p.at_word("any") || p.at_word("all")) && quantifies(p) {
            p.bump_keyword();
        }
        // An operator at the end of a line goes on in the next one, unless a setting begins there.
        if p.at_line_end() && !p.at_item_on_new_line() {
            p.statement_start = p.at;
        }
        if starts_expr(p) {
            p.deeper(|p| {
                binary(p, power + 1);
            });
        } else {
            p.expected("an expression");
        }
        lhs = m.complete(p, BINARY);
    }
    Some(lhs)
}

/// After `has`, `any` and `all` are quantifiers if a set follows; a set's value may be called so.
fn quantifies(p: &Parser<'_>) -> bool {
    !p.newline_before(1) && matches!(p.nth(1), Some(L_BRACE | L_PAREN | IDENT))
}

fn starts_expr(p: &Parser<'_>) -> bool {
    matches!(
        p.current(),
        Some(
            IDENT
                | INT
                | VERSION
                | SERIES
                | QUANTITY
                | REGEX
                | STRING_OPEN
                | L_PAREN
                | L_BRACE
                | L_BRACKET
                | BANG
                | MINUS
                | DOT
                | DOT_DOT
                | DOT_DOT_EQ
        )
    )
}

fn prefix(p: &mut Parser<'_>) -> Option<CompletedMarker> {
    match p.current() {
        Some(BANG | MINUS) => {
            let m = p.start();
            p.bump();
            p.deeper(|p| {
                if prefix(p).is_none() {
                    p.expected("an expression");
                }
            });
            Some(m.complete(p, PREFIX))
        }
        // A range without a beginning: `..=8`.
        Some(DOT_DOT | DOT_DOT_EQ) => {
            let m = p.start();
            p.bump();
            p.deeper(|p| {
                binary(p, ADDITIVE);
            });
            Some(m.complete(p, SyntaxKind::RANGE))
        }
        _ => postfix(p),
    }
}

/// A primary expression with `.name` and `(…)` behind it.
pub(super) fn postfix(p: &mut Parser<'_>) -> Option<CompletedMarker> {
    let mut lhs = primary(p)?;
    let mut chain = 0;
    loop {
        chain += 1;
        if p.depth + chain > super::DEPTH_MAX {
            p.error(SyntaxErrorKind::TooDeep);
            p.skip_statement();
            break;
        }
        // A chain of calls may go on in the next line: no item begins with a dot.
        let dot_below = p.at_line_end() && p.nth(0) == Some(DOT) && p.nth_is_name(1);
        if p.at(DOT) || dot_below {
            if dot_below {
                p.statement_start = p.at;
            }
            let m = lhs.precede(p);
            p.bump();
            expect_name_ref(p);
            lhs = m.complete(p, MEMBER);
        } else if p.at(L_PAREN) && lhs.kind() != LITERAL && lhs.kind() != STRING_LIT {
            let m = lhs.precede(p);
            opt_arg_list(p);
            lhs = m.complete(p, CALL);
        } else {
            break;
        }
    }
    Some(lhs)
}

/// `ArgList?`
pub(super) fn opt_arg_list(p: &mut Parser<'_>) {
    if !p.at(L_PAREN) {
        return;
    }
    let open = p.at;
    let m = p.start();
    p.bump();
    p.newlines_free(|p| {
        while !p.at_eof() && !p.at(R_PAREN) && !p.at_item_on_new_line_in_call() {
            let before = p.at;
            let m = p.start();
            if p.at_name() && p.nth(1) == Some(EQ) {
                name(p);
                p.bump();
            }
            expr(p);
            if p.at == before {
                m.abandon(p);
                p.expected("an argument or `)`");
                break;
            }
            m.complete(p, CALL_ARG);
            if !p.eat(COMMA) {
                break;
            }
        }
    });
    p.expect_close(R_PAREN, open);
    m.complete(p, ARG_LIST);
}

fn primary(p: &mut Parser<'_>) -> Option<CompletedMarker> {
    let m = p.start();
    let Some(kind) = p.current() else {
        m.abandon(p);
        p.expected("an expression");
        return None;
    };
    Some(match kind {
        INT | VERSION | SERIES | QUANTITY | REGEX => {
            p.bump();
            m.complete(p, LITERAL)
        }
        STRING_OPEN => {
            m.abandon(p);
            let at = p.events.len() as u32;
            strings::string(p);
            return match p.events.get(at as usize) {
                Some(super::Event::Start { kind, .. }) => Some(CompletedMarker { at, kind: *kind }),
                _ => None,
            };
        }
        DOT => {
            p.bump();
            expect_name_ref(p);
            m.complete(p, DOT_NAME)
        }
        L_PAREN if lambda_ahead(p) => lambda(p, m),
        L_PAREN => {
            let open = p.at;
            p.bump();
            p.newlines_free(expr);
            p.expect_close(R_PAREN, open);
            m.complete(p, PAREN)
        }
        L_BRACE => collection(p, m, R_BRACE, SET_LIT),
        L_BRACKET => collection(p, m, R_BRACKET, LIST_LIT),
        IDENT if p.at_word("if") && word_is_operator(p) => {
            p.bump_keyword();
            expr(p);
            for word in ["then", "else"] {
                // Long choices are written over several lines.
                if p.nth(0) == Some(IDENT) && p.text_of(0) == word {
                    p.statement_start = p.at;
                    p.bump_keyword();
                    if p.at_line_end() && !p.at_item_on_new_line() {
                        p.statement_start = p.at;
                    }
                    expr(p);
                } else {
                    p.expected(if word == "then" { "`then`" } else { "`else`" });
                    break;
                }
            }
            m.complete(p, IF)
        }
        IDENT if p.at_word("match") && word_is_operator(p) => match_(p, m),
        IDENT if p.at_word("with") && word_is_operator(p) => {
            p.bump_keyword();
            deps::spec(p);
            if p.at_word("as") {
                let m = p.start();
                p.bump_keyword();
                super::items::expect_name(p);
                m.complete(p, AS_TAIL);
            }
            deps::reqs(p);
            m.complete(p, WITH)
        }
        IDENT => {
            name_ref(p);
            m.complete(p, NAME_EXPR)
        }
        _ => {
            m.abandon(p);
            p.expected("an expression");
            return None;
        }
    })
}

/// Whether the word here begins `if`, `match` or `with`, and is no name of the user's.
fn word_is_operator(p: &Parser<'_>) -> bool {
    !p.newline_before(1)
        && matches!(
            p.nth(1),
            Some(
                IDENT
                    | VERSION
                    | INT
                    | QUANTITY
                    | STRING_OPEN
                    | L_PAREN
                    | BANG
                    | MINUS
                    | DOT
                    | L_BRACE
                    | L_BRACKET
            )
        )
}

/// Whether `( … ) ->` begins here: parameters are names only, so this looks no further than them.
fn lambda_ahead(p: &Parser<'_>) -> bool {
    let mut n = 1;
    while matches!(p.nth(n), Some(IDENT | COMMA)) {
        n += 1;
        if n > 64 {
            return false;
        }
    }
    p.nth(n) == Some(R_PAREN) && p.nth(n + 1) == Some(ARROW)
}

fn lambda(p: &mut Parser<'_>, m: super::Marker) -> CompletedMarker {
    p.bump();
    p.newlines_free(|p| {
        while p.at(IDENT) {
            let m = p.start();
            name(p);
            m.complete(p, LAMBDA_PARAM);
            if !p.eat(COMMA) {
                break;
            }
        }
        p.expect(R_PAREN);
    });
    p.expect(ARROW);
    if p.at_line_end() {
        p.expected("an expression");
    } else {
        expr(p);
    }
    m.complete(p, LAMBDA)
}

fn match_(p: &mut Parser<'_>, m: super::Marker) -> CompletedMarker {
    p.bump_keyword();
    // Here a brace is the body, so the expression stops before it.
    operand(p);
    let open = p.at;
    if p.expect(L_BRACE) {
        super::items::lines(p, |p| {
            let m = p.start();
            if p.at_word("else") {
                p.bump_keyword();
            } else {
                loop {
                    if !starts_expr(p) {
                        p.expected("a value or `else`");
                        return m.abandon(p);
                    }
                    let pattern = p.start();
                    operand(p);
                    pattern.complete(p, MATCH_PATTERN);
                    if !p.eat(COMMA) {
                        break;
                    }
                    p.statement_start = p.at;
                }
            }
            p.expect(FAT_ARROW);
            if p.at_line_end() {
                p.expected("an expression");
            } else {
                expr(p);
            }
            p.eat(COMMA);
            m.complete(p, MATCH_ARM);
        });
        p.expect_close(R_BRACE, open);
    }
    m.complete(p, MATCH)
}

fn collection(
    p: &mut Parser<'_>,
    m: super::Marker,
    close: SyntaxKind,
    kind: SyntaxKind,
) -> CompletedMarker {
    let open = p.at;
    p.bump();
    p.newlines_free(|p| {
        while !p.at_eof() && !p.at(close) && !p.at_item_on_new_line() {
            let before = p.at;
            element(p);
            if p.at == before {
                break;
            }
            if !p.eat(COMMA) {
                // A missing comma between two elements of a list over several lines.
                if p.newline_before(0) && starts_expr(p) && !p.at_item_on_new_line() {
                    p.error(SyntaxErrorKind::Expected { what: "`,`", found: p.found() });
                    continue;
                }
                break;
            }
        }
    });
    p.expect_close(close, open);
    m.complete(p, kind)
}

fn element(p: &mut Parser<'_>) {
    let m = p.start();
    if p.at(DOT_DOT) {
        p.bump();
        operand(p);
        m.complete(p, SPREAD_ELEMENT);
    } else if p.at_word("for") && p.nth_is_name(1) {
        p.bump_keyword();
        name(p);
        if !p.eat_word("in") {
            p.expected("`in`");
        }
        expr(p);
        if p.eat_word("when") {
            expr(p);
        }
        p.expect(FAT_ARROW);
        p.deeper(element);
        m.complete(p, FOR_ELEMENT);
    } else if p.at_word("when") && word_is_operator(p) {
        p.bump_keyword();
        expr(p);
        p.expect(FAT_ARROW);
        p.deeper(element);
        m.complete(p, WHEN_ELEMENT);
    } else {
        if !starts_expr(p) {
            m.abandon(p);
            p.expected("a value");
            return;
        }
        expr(p);
        if p.eat(COLON) {
            expr(p);
            m.complete(p, ENTRY_ELEMENT);
        } else {
            m.complete(p, EXPR_ELEMENT);
        }
    }
}

impl Parser<'_> {
    /// As `at_item_on_new_line`, but named arguments on lines of their own look like settings.
    fn at_item_on_new_line_in_call(&self) -> bool {
        !self.at_eof()
            && self.newline_before(0)
            && !(self.nth_is_name(0) && self.nth(1) == Some(EQ))
            && super::items::looks_like_keyword_item(self)
    }
}
