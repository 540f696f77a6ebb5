//! Expressions, by precedence climbing.

use super::items::{expect_name_ref, name, name_ref};
use text_size::TextRange;

use super::{CompletedMarker, Newlines, Parser, deps, strings};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::error::SyntaxErrorKind;
use crate::syntax::slip::Slip;
use crate::syntax::token_set::TokenSet;

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

const STARTS_EXPR: TokenSet = TokenSet::new(&[
    IDENT,
    INT,
    VERSION,
    SERIES,
    QUANTITY,
    REGEX,
    STRING_OPEN,
    L_PAREN,
    L_BRACE,
    L_BRACKET,
    BANG,
    MINUS,
    DOT,
    DOT_DOT,
    DOT_DOT_EQ,
]);

const RANGED: u8 = 4;
const ADDITIVE: u8 = 5;

/// The operator here, how tightly it binds, and the kind of its token.
fn operator(p: &Parser<'_>) -> Option<(u8, SyntaxKind)> {
    let kind = p.word()?;
    Some(match kind {
        PIPE => (1, PIPE),
        AMP => (2, AMP),
        EQ_EQ | NEQ | LT | LE | GT | GE => (3, kind),
        HAS_KW => (3, HAS_KW),
        // At the end of a line it is what other languages have behind `let`.
        IN_KW if p.newlines_free || !p.newline_before(1) => (3, IN_KW),
        // Not operators, but what other languages write for them.
        EQ if p.in_condition => (3, EQ_EQ),
        IDENT if p.text_of(0) == "and" && word_is_operator(p) => (2, AMP),
        IDENT if p.text_of(0) == "or" && word_is_operator(p) => (1, PIPE),
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
            end_of_range(p);
            lhs = m.complete(p, SyntaxKind::RANGE);
            continue;
        }
        bump_operator(p, kind);
        if kind == HAS_KW && (p.at_word(ANY_KW) || p.at_word(ALL_KW)) && quantifies(p) {
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
    if p.at(QUESTION) && !p.newline_before(0) {
        p.slip(Slip::Ternary);
    }
    Some(lhs)
}

/// What stands behind the dots of a range, which may have no end: words that go on with what is
/// around it are none, wherever the lines are broken.
fn end_of_range(p: &mut Parser<'_>) {
    let goes_on = matches!(p.word(), Some(THEN_KW | ELSE_KW | WHEN_KW));
    // No range ends with a text: it is the message of a rule.
    if starts_expr(p) && !goes_on && !p.at(STRING_OPEN) {
        p.deeper(|p| {
            binary(p, ADDITIVE);
        });
    }
}

/// Consumes an operator, as what it is meant to be.
fn bump_operator(p: &mut Parser<'_>, kind: SyntaxKind) {
    match p.nth(0) {
        Some(EQ) => p.slip(Slip::SingleEquals),
        Some(IDENT) if kind == AMP => p.slip(Slip::Operator { right: "&", wrong: "and" }),
        Some(IDENT) if kind == PIPE => p.slip(Slip::Operator { right: "|", wrong: "or" }),
        Some(AMP | PIPE) if p.nth(1) == Some(kind) && p.adjoins(1) => {
            let range = p.range_of(p.at).cover(p.range_of(p.at + 1));
            let slip = match kind {
                AMP => Slip::Operator { right: "&", wrong: "&&" },
                _ => Slip::Operator { right: "|", wrong: "||" },
            };
            p.error_at(p.at, range, SyntaxErrorKind::Slip(slip));
            p.bump();
        }
        _ => {}
    }
    p.bump_as(kind);
}

/// After `has`, `any` and `all` are quantifiers if a set follows; a set's value may be called so.
fn quantifies(p: &Parser<'_>) -> bool {
    !p.newline_before(1) && matches!(p.nth(1), Some(L_BRACE | L_PAREN | IDENT))
}

fn starts_expr(p: &Parser<'_>) -> bool {
    p.at_any(STARTS_EXPR)
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
        Some(IDENT)
            if p.nth(1) == Some(IDENT)
                && !p.newline_before(1)
                && p.text_of(0) == "not"
                && !matches!(
                    p.text_of(1),
                    "has" | "in" | "and" | "or" | "when" | "else" | "then"
                ) =>
        {
            let m = p.start();
            p.slip(Slip::Operator { right: "!", wrong: "not" });
            p.bump_as(BANG);
            p.deeper(|p| {
                prefix(p);
            });
            Some(m.complete(p, PREFIX))
        }
        // A range without a beginning: `..=8`.
        Some(DOT_DOT | DOT_DOT_EQ) => {
            let m = p.start();
            p.bump();
            end_of_range(p);
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
        match p.nth(0) {
            Some(DOT) => {
                if p.at_line_end() {
                    // A chain of calls may go on in the next line: of what stands on lines, only
                    // arms begin with a dot.
                    if !p.nth_is_name(1) || super::items::at_arm(p) {
                        break;
                    }
                    p.statement_start = p.at;
                }
                let m = lhs.precede(p);
                p.bump();
                expect_name_ref(p);
                lhs = m.complete(p, MEMBER);
            }
            Some(L_PAREN) if !matches!(lhs.kind(), LITERAL | STRING_LIT) && !p.at_line_end() => {
                let m = lhs.precede(p);
                opt_arg_list(p);
                lhs = m.complete(p, CALL);
            }
            _ => break,
        }
    }
    Some(lhs)
}

/// `ArgList?`
pub(super) fn opt_arg_list(p: &mut Parser<'_>) {
    if !p.at(L_PAREN) {
        return;
    }
    let m = p.start();
    p.bracketed(Newlines::MeanNothing, "`,` or `)`", |p| {
        separated(p, starts_expr, argument);
    });
    m.complete(p, ARG_LIST);
}

/// `CallArg = (Name '=')? Expr`
fn argument(p: &mut Parser<'_>) {
    let before = p.at;
    let m = p.start();
    if p.at_name() && matches!(p.nth(1), Some(EQ | COLON)) {
        name(p);
        if p.at(COLON) {
            p.slip(Slip::ColonForEquals);
        }
        p.bump_as(EQ);
    }
    if starts_expr(p) || p.at != before {
        expr(p);
        m.complete(p, CALL_ARG);
    } else {
        m.abandon(p);
        p.expected("an argument or `)`");
    }
}

/// Elements with commas between them, up to the end of the group. Commas that are missing are
/// reported as one mistake.
pub(super) fn separated(
    p: &mut Parser<'_>,
    starts: impl Fn(&Parser<'_>) -> bool,
    element: impl Fn(&mut Parser<'_>),
) {
    let mut first = None;
    let mut places = Vec::new();
    while !p.at_eof() && !p.at_item_on_new_line_in_list() {
        if p.at(COMMA) {
            p.slip(Slip::ExtraComma);
            let m = p.start();
            p.bump();
            m.complete(p, ERROR);
            continue;
        }
        let before = p.at;
        element(p);
        if p.at == before {
            break;
        }
        if p.eat(COMMA) {
            continue;
        }
        if p.at_eof() || !starts(p) || p.at_item_on_new_line_in_list() {
            break;
        }
        first.get_or_insert(p.at);
        places.push(TextRange::empty(p.range_of(p.at - 1).end()));
    }
    if let Some(at) = first {
        let slip = Slip::MissingComma { places };
        p.error_at(at, p.range_of(at), SyntaxErrorKind::Slip(slip));
    }
}

fn primary(p: &mut Parser<'_>) -> Option<CompletedMarker> {
    let Some(token) = p.current_token() else {
        p.expected("an expression");
        return None;
    };
    match token.word {
        kind @ (INT | VERSION | SERIES | QUANTITY | REGEX) => return Some(p.alone(LITERAL, kind)),
        STRING_OPEN => {
            let at = p.events.len() as u32;
            strings::string(p);
            return match p.events.get(at as usize) {
                Some(super::Event::Start { kind, .. }) => Some(CompletedMarker { at, kind: *kind }),
                _ => None,
            };
        }
        _ => {}
    }
    let m = p.start();
    Some(match token.word {
        DOT => {
            p.bump();
            expect_name_ref(p);
            m.complete(p, DOT_NAME)
        }
        L_PAREN if lambda_ahead(p) => lambda(p, m),
        L_PAREN => {
            let in_condition = p.in_condition;
            p.bracketed(Newlines::MeanNothing, "`)`", |p| {
                p.in_condition = in_condition;
                expr(p);
            });
            m.complete(p, PAREN)
        }
        L_BRACE => {
            p.bracketed(Newlines::MeanNothing, "`,` or `}`", elements);
            m.complete(p, SET_LIT)
        }
        L_BRACKET => {
            p.bracketed(Newlines::MeanNothing, "`,` or `]`", elements);
            m.complete(p, LIST_LIT)
        }
        IF_KW if word_is_operator(p) => {
            p.bump_keyword();
            p.condition(expr);
            for word in [THEN_KW, ELSE_KW] {
                // Long choices are written over several lines.
                if p.nth_word(0) == Some(word) {
                    p.statement_start = p.at;
                    p.bump_keyword();
                    if p.at_line_end() && !p.at_item_on_new_line() {
                        p.statement_start = p.at;
                    }
                    expr(p);
                } else {
                    p.expected(word.describe());
                    break;
                }
            }
            m.complete(p, IF)
        }
        MATCH_KW if word_is_operator(p) => match_(p, m),
        WITH_KW if word_is_operator(p) || text_follows(p) => {
            p.bump_keyword();
            deps::spec(p);
            if p.at_word(AS_KW) {
                let m = p.start();
                p.bump_keyword();
                super::items::expect_name(p);
                m.complete(p, AS_TAIL);
            }
            deps::reqs(p);
            m.complete(p, WITH)
        }
        _ if token.kind == IDENT => {
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
    // `if .a then` asks for the value `a`; `if.a` is a member, as it is on two lines.
    let is_member = p.nth(1) == Some(DOT) && p.adjoins(1);
    (p.newlines_free || !p.newline_before(1))
        && !is_member
        && matches!(
            p.nth(1),
            Some(
                IDENT
                    | VERSION
                    | SERIES
                    | INT
                    | QUANTITY
                    | REGEX
                    | STRING_OPEN
                    | L_PAREN
                    | DOT_DOT
                    | DOT_DOT_EQ
                    | BANG
                    | MINUS
                    | DOT
                    | L_BRACE
                    | L_BRACKET
            )
        )
}

/// Whether a text is next in a condition. A message may stand on the next line, and behind `with` it
/// is the same as on one: the name of a package.
fn text_follows(p: &Parser<'_>) -> bool {
    p.in_condition && p.nth(1) == Some(STRING_OPEN)
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
    p.bracketed(Newlines::MeanNothing, "a name or `)`", |p| {
        while p.at(IDENT) {
            let m = p.start();
            name(p);
            m.complete(p, LAMBDA_PARAM);
            if !p.eat(COMMA) {
                break;
            }
        }
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
    if p.at(L_BRACE) {
        p.bracketed(Newlines::EndStatements, "a value or `}`", |p| {
            super::items::lines(p, match_arm);
        });
    } else {
        p.expected("`{`");
    }
    m.complete(p, MATCH)
}

/// `MatchArm = (MatchPattern (',' MatchPattern)* | 'else') '=>' Expr ','?`
fn match_arm(p: &mut Parser<'_>) {
    let m = p.start();
    if p.at_word(ELSE_KW) {
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
    if p.expect(FAT_ARROW) {
        if p.at_line_end() {
            p.expected("an expression");
        } else {
            expr(p);
        }
    }
    p.eat(COMMA);
    m.complete(p, MATCH_ARM);
}

/// `(Element (',' Element)*)?`
fn elements(p: &mut Parser<'_>) {
    separated(p, starts_expr, element);
}

fn element(p: &mut Parser<'_>) {
    let m = p.start();
    match p.word() {
        Some(DOT_DOT) => {
            p.bump();
            operand(p);
            m.complete(p, SPREAD_ELEMENT);
        }
        Some(FOR_KW) if p.nth_is_name(1) => {
            p.bump_keyword();
            name(p);
            if !p.eat_word(IN_KW) {
                p.expected("`in`");
            }
            expr(p);
            if p.eat_word(WHEN_KW) {
                p.condition(expr);
            }
            p.expect(FAT_ARROW);
            p.deeper(element);
            m.complete(p, FOR_ELEMENT);
        }
        Some(WHEN_KW) if word_is_operator(p) => {
            p.bump_keyword();
            p.condition(expr);
            p.expect(FAT_ARROW);
            p.deeper(element);
            m.complete(p, WHEN_ELEMENT);
        }
        _ if !starts_expr(p) => {
            m.abandon(p);
            p.expected("a value");
        }
        _ => {
            expr(p);
            let kind = match p.current() {
                Some(EQ) => {
                    p.slip(Slip::EqualsInMap);
                    p.bump_as(COLON);
                    expr(p);
                    ENTRY_ELEMENT
                }
                Some(COLON) => {
                    p.bump();
                    expr(p);
                    ENTRY_ELEMENT
                }
                _ => EXPR_ELEMENT,
            };
            m.complete(p, kind);
        }
    }
}

impl Parser<'_> {
    /// As `at_item_on_new_line`, but named arguments on lines of their own look like settings.
    fn at_item_on_new_line_in_list(&self) -> bool {
        self.unclosed
            && !self.at_eof()
            && self.newline_before(0)
            && super::items::looks_like_keyword_item(self)
            || self.in_braces && self.at_item_on_new_line()
    }
}
