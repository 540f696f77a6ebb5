//! Files, items and blocks.

use super::{CompletedMarker, Marker, Newlines, Pairing, Parser, deps, exprs, strings, types};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::error::SyntaxErrorKind;
use crate::syntax::slip::{self, Slip};
use crate::syntax::token_set::TokenSet;

/// The words that begin a file.
const HEADERS: &[&str] = &["recipe", "override", "overlay", "project", "module", "interface"];

/// The words that begin an item when something other than a setting follows.
const ITEMS: &[SyntaxKind] = &[
    ARG_KW,
    BUILD_KW,
    COMPILE_KW,
    CONFLICT_KW,
    ENUM_KW,
    EXPORTS_KW,
    EXTENDS_KW,
    FEATURE_KW,
    FIELD_KW,
    FN_KW,
    FOR_KW,
    HOST_KW,
    IGNORE_KW,
    INCLUDE_KW,
    KNOB_KW,
    LET_KW,
    MIXIN_KW,
    OUTPUT_KW,
    OVERLAYS_KW,
    PKGS_KW,
    POLICY_KW,
    PRESET_KW,
    PROVIDES_KW,
    PUBLISH_KW,
    RECORD_KW,
    REQUIRE_KW,
    RUN_KW,
    STEP_KW,
    STEPS_KW,
    TEST_KW,
    TYPE_KW,
    UNAVAILABLE_KW,
    USE_KW,
    VERSIONS_KW,
    WANT_KW,
    WHEN_KW,
];

const BEGINS_ITEM: TokenSet = TokenSet::new(ITEMS);

/// Whether `word` begins items where no other name is expected.
pub(crate) fn begins_item(word: &str) -> bool {
    SyntaxKind::keyword(word).is_some_and(|it| BEGINS_ITEM.contains(it))
}

/// Words that are followed by an expression or a brace rather than by a name.
const BEFORE_ANYTHING: TokenSet = TokenSet::new(&[
    ARG_KW,
    CONFLICT_KW,
    OVERLAYS_KW,
    REQUIRE_KW,
    WHEN_KW,
    VERSIONS_KW,
    EXPORTS_KW,
    UNAVAILABLE_KW,
]);

/// Words that begin items, but also what stands in other places.
const SELDOM_ITEMS: TokenSet = TokenSet::new(&[FOR_KW, TYPE_KW, USE_KW]);

/// `File = Header? Item*`
pub(super) fn file(p: &mut Parser<'_>) {
    let m = p.start();
    p.statement_start = p.at;
    let attributes = p.start();
    let before = p.at;
    attrs(p);
    let is_header = HEADERS.contains(&p.text_of(0));
    if p.at_name() && is_header && (p.newline_before(1) || !setting_follows(p, 1)) {
        header(p, attributes);
    } else {
        if p.at == before {
            attributes.abandon(p);
        } else {
            attributes.complete(p, ERROR);
        }
        missing_header(p);
    }
    items(p);
    p.rest_is_error();
    m.complete(p, FILE);
}

fn header(p: &mut Parser<'_>, m: Marker) {
    let is_project = p.at_word(PROJECT_KW);
    p.bump_keyword();
    if p.at_name() {
        name(p);
    } else if !is_project {
        p.expected("a name");
    }
    m.complete(p, HEADER);
    end_of_statement(p);
}

/// The file does not say what it is. A word that looks like one that does is taken for it.
fn missing_header(p: &mut Parser<'_>) {
    let word = if p.at_name() { p.text_of(0) } else { "" };
    let right = match word {
        "package" | "pkg" => Some("recipe"),
        "amends" => Some("override"),
        _ if word.len() > 24 => None,
        _ => crate::nearest(word, HEADERS.iter().copied()).first().copied(),
    };
    // `recipes curl`, but not `recipe-seed = 1`.
    match right {
        Some(right) if p.nth_is_name(1) && !p.newline_before(1) && p.newline_before(2) => {
            p.slip(Slip::Word { found: word.to_owned(), right });
            let m = p.start();
            p.bump_as(SyntaxKind::keyword(right).unwrap_or(IDENT));
            name(p);
            m.complete(p, HEADER);
        }
        _ => {
            p.error(SyntaxErrorKind::NoHeader);
            // A name alone is what is left of a header without its first word.
            if p.at_name() && p.newline_before(1) && !begins_item(word) {
                let m = p.start();
                p.bump();
                m.complete(p, ERROR);
            }
        }
    }
}

fn items(p: &mut Parser<'_>) {
    while !p.at_eof() {
        p.statement_start = p.at;
        if p.nth(0) == Some(SEMICOLON) {
            p.bump();
            continue;
        }
        let before = p.at;
        p.deeper(item);
        if p.at == before {
            not_an_item(p);
        } else {
            end_of_statement(p);
        }
    }
}

/// Skips what begins no item.
fn not_an_item(p: &mut Parser<'_>) {
    if p.tokens[p.at].pairing == Pairing::Stray {
        p.expected("an item");
        let m = p.start();
        p.bump();
        m.complete(p, ERROR);
        return;
    }
    p.expected("an item");
    p.skip_statement();
}

/// A statement has ended: the rest of its line is an error.
fn end_of_statement(p: &mut Parser<'_>) {
    if !p.at_statement_end() {
        p.expected("the end of the line");
        p.skip_statement();
    }
}

/// `'{' Item* '}'`
pub(super) fn block(p: &mut Parser<'_>) {
    let m = p.start();
    p.bracketed(Newlines::EndStatements, "an item or `}`", items);
    m.complete(p, BLOCK);
}

pub(super) fn opt_block(p: &mut Parser<'_>) {
    if p.at(L_BRACE) {
        block(p);
    }
}

fn expect_block(p: &mut Parser<'_>) {
    if p.at(L_BRACE) {
        block(p);
    } else {
        p.expected("`{`");
    }
}

/// Whether what begins `n` tokens ahead makes the word before it the target of a setting, an
/// amend or an arm, and no keyword.
fn setting_follows(p: &Parser<'_>, n: usize) -> bool {
    matches!(p.nth(n), Some(EQ | PLUS_EQ | MINUS_EQ | DOT | FAT_ARROW | COMMA | L_BRACKET) | None)
}

/// Whether the tokens here, at the beginning of a line, are the beginning of a keyword item. Used
/// to end lists that were not closed, so it asks for more than a word.
pub(super) fn looks_like_keyword_item(p: &Parser<'_>) -> bool {
    p.nth_word(0).is_some_and(|it| {
        BEGINS_ITEM.contains(it) && !BEFORE_ANYTHING.contains(it) && !SELDOM_ITEMS.contains(it)
    }) && p.nth_is_name(1)
        && !p.newline_before(1)
}

fn item(p: &mut Parser<'_>) {
    let m = p.start();
    let before = p.at;
    attrs(p);
    if p.at > before && !p.at_name() && !p.at(QUESTION) && !at_arm(p) {
        p.expected("the item that the attribute belongs to");
        m.complete(p, ERROR);
        return;
    }
    let (Some(IDENT), Some(word)) = (p.nth(0), p.nth_word(0)) else {
        return other_item(p, m);
    };
    // Attributes stand on lines of their own; the item goes on below them.
    p.statement_start = p.at;
    if word == OVERRIDE_KW && p.nth_is_name(1) && p.nth(2) == Some(L_BRACE) && !p.newline_before(1)
    {
        p.slip(Slip::OverrideItem);
        let word = p.start();
        p.bump();
        word.complete(p, ERROR);
        return other_item(p, m);
    }
    if !is_keyword(p, word) {
        return other_item(p, m);
    }
    match word {
        FEATURE_KW => {
            p.bump_keyword();
            expect_name(p);
            opt_default(p);
            tails(p);
            opt_block(p);
            m.complete(p, FEATURE);
        }
        KNOB_KW => {
            p.bump_keyword();
            expect_name(p);
            types::expect_annotation(p);
            opt_default(p);
            tails(p);
            opt_block(p);
            m.complete(p, KNOB);
        }
        FIELD_KW => field(p, m),
        ENUM_KW => {
            p.bump_keyword();
            expect_name(p);
            types::enum_body(p);
            m.complete(p, ENUM_DECL);
        }
        RECORD_KW => record(p, m),
        TYPE_KW => {
            p.bump_keyword();
            expect_name(p);
            p.expect(EQ);
            types::ty(p);
            m.complete(p, TYPE_ALIAS);
        }
        FN_KW => function(p, m),
        LET_KW => {
            p.bump_keyword();
            expect_name(p);
            if p.at(COLON) {
                types::expect_annotation(p);
            }
            expect_default(p);
            if p.at_word(IN_KW) {
                p.slip(Slip::LetIn);
                let m = p.start();
                p.bump();
                m.complete(p, ERROR);
            }
            m.complete(p, LET);
        }
        VERSIONS_KW => versions(p, m),
        TEST_KW if p.nth(1) == Some(STRING_OPEN) => test(p, m),
        BUILD_KW | HOST_KW | RUN_KW | TEST_KW | EXTENDS_KW => {
            p.bump_keyword();
            deps::dep(p);
            m.complete(p, DEP);
        }
        PROVIDES_KW => {
            p.bump_keyword();
            expect_name_ref(p);
            deps::reqs(p);
            while p.eat_word(WITH_KW) {
                expect_name_ref(p);
                deps::reqs(p);
            }
            opt_when_tail(p);
            m.complete(p, PROVIDES);
        }
        REQUIRE_KW | CONFLICT_KW => {
            p.bump_keyword();
            p.condition(exprs::expr);
            if p.eat_word(WHEN_KW) {
                p.condition(exprs::expr);
            }
            strings::opt_message(p);
            m.complete(p, RULE);
        }
        UNAVAILABLE_KW => {
            unavailable_tail(p);
            m.complete(p, UNAVAILABLE);
        }
        ARG_KW => {
            p.bump_keyword();
            exprs::expr(p);
            // The off case may stand on the next line.
            let is_arm = p.at_line_end() && p.nth(1) == Some(FAT_ARROW);
            if p.nth_word(0) == Some(ELSE_KW) && !is_arm {
                p.statement_start = p.at;
                p.bump_keyword();
                exprs::expr(p);
            }
            m.complete(p, ARG);
        }
        STEP_KW => {
            p.bump_keyword();
            expect_name(p);
            if p.at_word(BEFORE_KW) || p.at_word(AFTER_KW) {
                p.bump_keyword();
                expect_name_ref(p);
            }
            expect_default(p);
            m.complete(p, STEP);
        }
        STEPS_KW => {
            p.bump_keyword();
            path(p);
            opt_block(p);
            m.complete(p, STEPS);
        }
        INCLUDE_KW => {
            p.bump_keyword();
            path(p);
            opt_when_tail(p);
            m.complete(p, INCLUDE);
        }
        USE_KW => use_(p, m),
        MIXIN_KW | COMPILE_KW | PRESET_KW => {
            p.bump_keyword();
            expect_name(p);
            expect_block(p);
            m.complete(
                p,
                match word {
                    MIXIN_KW => MIXIN,
                    COMPILE_KW => COMPILE,
                    _ => PRESET,
                },
            );
        }
        OUTPUT_KW => {
            p.bump_keyword();
            expect_name(p);
            if p.eat_word(FROM_KW) {
                expect_name_ref(p);
            }
            opt_when_tail(p);
            opt_block(p);
            m.complete(p, OUTPUT);
        }
        EXPORTS_KW => {
            p.bump_keyword();
            export_list(p);
            opt_when_tail(p);
            m.complete(p, EXPORTS);
        }
        IGNORE_KW => ignore_exports(p, m),
        WHEN_KW => {
            p.bump_keyword();
            p.condition(exprs::expr);
            expect_block(p);
            if p.nth_word(0) == Some(ELSE_KW) && p.nth(1) == Some(L_BRACE) {
                p.statement_start = p.at;
                let m = p.start();
                p.bump_keyword();
                block(p);
                m.complete(p, ELSE_BLOCK);
            }
            m.complete(p, WHEN);
        }
        FOR_KW => {
            p.bump_keyword();
            expect_name(p);
            if !p.eat_word(IN_KW) {
                p.expected("`in`");
            }
            exprs::expr(p);
            expect_block(p);
            m.complete(p, FOR);
        }
        WANT_KW | PUBLISH_KW => {
            p.bump_keyword();
            deps::want_spec(p);
            while p.at(COMMA) {
                p.bump();
                // A list of wishes may go on in the next line.
                p.statement_start = p.at;
                deps::want_spec(p);
            }
            m.complete(p, if word == WANT_KW { WANT } else { PUBLISH });
        }
        OVERLAYS_KW => {
            p.bump_keyword();
            exprs::expr(p);
            m.complete(p, OVERLAYS);
        }
        POLICY_KW => {
            p.bump_keyword();
            deps::spec(p);
            deps::reqs(p);
            strings::opt_message(p);
            m.complete(p, POLICY);
        }
        PKGS_KW => {
            p.bump_keyword();
            for word in [WHERE_KW, HAS_KW] {
                if !p.eat_word(word) {
                    p.expected(word.describe());
                }
            }
            if p.at_word(FEATURE_KW) || p.at_word(KNOB_KW) {
                p.bump_keyword();
            } else {
                p.expected("`feature` or `knob`");
            }
            expect_name_ref(p);
            expect_block(p);
            m.complete(p, PKGS_WHERE);
        }
        _ => other_item(p, m),
    }
}

/// Whether `word`, which begins an item here, is a keyword and no name of the user's.
fn is_keyword(p: &Parser<'_>, word: SyntaxKind) -> bool {
    if !BEGINS_ITEM.contains(word) {
        return false;
    }
    if word == UNAVAILABLE_KW {
        return !setting_follows_on_line(p);
    }
    // Alone on its line it is an item that is not finished.
    if p.newline_before(1) {
        return true;
    }
    let list_follows = matches!(word, OVERLAYS_KW | ARG_KW) && p.nth(1) == Some(L_BRACKET)
        // `arg .dlopen` and `when [a] == b`, but not `arg.dlopen = 1` and `when[a]`.
        || BEFORE_ANYTHING.contains(word)
            && matches!(p.nth(1), Some(DOT | L_BRACKET))
            && !p.adjoins(1);
    (!setting_follows(p, 1) || list_follows)
        && (BEFORE_ANYTHING.contains(word) || p.nth(1) != Some(L_BRACE))
}

/// `unavailable` has an optional tail; `unavailable = 1` and `unavailable { }` are about a name.
fn setting_follows_on_line(p: &Parser<'_>) -> bool {
    !p.newline_before(1) && (setting_follows(p, 1) || p.nth(1) == Some(L_BRACE))
}

/// Settings, amends, arms and specs: what begins with a name that is no keyword here.
fn other_item(p: &mut Parser<'_>, m: Marker) {
    if p.at_word(ELSE_KW) && p.nth(1) == Some(FAT_ARROW) {
        p.bump_keyword();
        return arm_body(p, m);
    }
    if p.at(QUESTION) {
        p.bump();
        path(p);
        return amend_body(p, m);
    }
    if at_arm(p) {
        return arm(p, m);
    }
    if !p.at_name() {
        m.abandon(p);
        return;
    }
    // A path is the beginning of all three; what follows tells them apart.
    let first = p.at;
    let spec = p.start();
    path(p);
    match p.current() {
        Some(EQ | PLUS_EQ | MINUS_EQ) => {
            spec.abandon(p);
            p.bump();
            exprs::value(p);
            m.complete(p, SETTING);
        }
        Some(EQ_EQ | COLON) => {
            spec.abandon(p);
            wrong_equals(p);
            exprs::value(p);
            m.complete(p, SETTING);
        }
        Some(INT | VERSION | SERIES | QUANTITY | STRING_OPEN) => {
            spec.abandon(p);
            p.slip(Slip::MissingEquals);
            exprs::value(p);
            m.complete(p, SETTING);
        }
        Some(L_BRACE) => {
            spec.abandon(p);
            amend_body(p, m);
        }
        Some(IDENT) if p.at_word(UNAVAILABLE_KW) => {
            spec.abandon(p);
            amend_body(p, m);
        }
        Some(L_BRACKET) => {
            deps::spec_items(p);
            spec.complete(p, SPEC);
            m.complete(p, SPEC_STMT);
        }
        _ => {
            unknown_item(p, first);
            // Nothing is known about what it says, so that nothing more is said about it.
            spec.abandon(p);
            p.skip_statement();
            m.complete(p, ERROR);
        }
    }
}

/// Complains about the statement whose first word was token `first`.
fn unknown_item(p: &mut Parser<'_>, first: usize) {
    let word = &p.text[std::ops::Range::<usize>::from(p.range_of(first))];
    let is_alone = p.at == first + 1;
    let followed = matches!(p.current(), Some(IDENT | STRING_OPEN | L_PAREN | BANG));
    let range = p.range_of(first);
    if word == "if" && is_alone {
        return p.error_at(first, range, SyntaxErrorKind::Slip(Slip::IfItem));
    }
    if is_alone
        && followed
        && let Some(right) =
            slip::item_word(word, ITEMS.iter().map(|it| it.describe().trim_matches('`')))
    {
        let slip = Slip::Word { found: word.to_owned(), right };
        return p.error_at(first, range, SyntaxErrorKind::Slip(slip));
    }
    let kind = SyntaxErrorKind::Expected { what: "`=`, `+=`, `-=`, `{` or `[`", found: p.found() };
    p.error(kind);
}

/// `:`, `:=` or `==` where `=` should stand.
fn wrong_equals(p: &mut Parser<'_>) {
    let is_colon = p.at(COLON);
    let both = is_colon && p.nth(1) == Some(EQ) && p.adjoins(1);
    let range = if both { p.range_of(p.at).cover(p.range_of(p.at + 1)) } else { p.range_of(p.at) };
    let slip = if is_colon { Slip::ColonForEquals } else { Slip::DoubleEquals };
    p.error_at(p.at, range, SyntaxErrorKind::Slip(slip));
    if both {
        p.bump_as(COLON);
    }
    p.bump_as(EQ);
}

fn amend_body(p: &mut Parser<'_>, m: Marker) {
    if p.at_word(UNAVAILABLE_KW) {
        let m = p.start();
        unavailable_tail(p);
        m.complete(p, UNAVAILABLE);
    } else {
        expect_block(p);
    }
    m.complete(p, AMEND);
}

fn unavailable_tail(p: &mut Parser<'_>) {
    p.bump_keyword();
    opt_when_tail(p);
    strings::opt_message(p);
}

/// Whether an arm begins here: patterns up to `=>` on this line, or on several if the commas are at
/// the ends of lines.
pub(super) fn at_arm(p: &Parser<'_>) -> bool {
    // Looking from further behind ends at the same token with the same answer, so each token is
    // looked at once, however long a list is that turns out to have no `=>`.
    let (until, found) = p.arm_seen.get();
    if p.at < until {
        return found;
    }
    let mut n = 0;
    let found = loop {
        if n > 0 && p.newline_before(n) && p.nth(n - 1) != Some(COMMA) {
            break false;
        }
        match p.nth(n) {
            Some(FAT_ARROW) => break n > 0,
            Some(
                IDENT | VERSION | INT | QUANTITY | COMMA | DOT | DOT_DOT | DOT_DOT_EQ | MINUS
                | SERIES | STRING_OPEN | STRING_TEXT | STRING_CLOSE,
            ) => n += 1,
            _ => break false,
        }
        // Looking consumes nothing, and is no sign of being stuck.
        p.refuel();
    };
    p.arm_seen.set((p.at + n, found));
    found
}

/// `Arm = (ArmPattern (',' ArmPattern)* | 'else') '=>' (Block | Item)`
fn arm(p: &mut Parser<'_>, m: Marker) {
    loop {
        let pattern = p.start();
        exprs::expr(p);
        pattern.complete(p, ARM_PATTERN);
        if !p.eat(COMMA) {
            break;
        }
        p.statement_start = p.at;
    }
    arm_body(p, m);
}

fn arm_body(p: &mut Parser<'_>, m: Marker) {
    p.expect(FAT_ARROW);
    if p.at(L_BRACE) {
        block(p);
    } else if p.at_line_end() {
        p.expected("an item or `{`");
    } else {
        let before = p.at;
        p.deeper(item);
        if p.at == before {
            p.expected("an item or `{`");
        }
    }
    m.complete(p, ARM);
}

fn attrs(p: &mut Parser<'_>) {
    while p.nth(0) == Some(AT) {
        attr(p);
    }
}

/// `'@' Name ArgList?`
pub(super) fn attr(p: &mut Parser<'_>) {
    p.statement_start = p.at;
    let m = p.start();
    p.bump();
    expect_name(p);
    exprs::opt_arg_list(p);
    m.complete(p, ATTR);
    p.statement_start = p.at;
}

/// `('=' Expr)?`
fn opt_default(p: &mut Parser<'_>) {
    if p.eat(EQ) {
        exprs::value(p);
    } else if p.at(EQ_EQ) {
        wrong_equals(p);
        exprs::value(p);
    } else if at_value_without_equals(p) {
        p.slip(Slip::MissingEquals);
        exprs::value(p);
    }
}

fn expect_default(p: &mut Parser<'_>) {
    if p.at(EQ_EQ) || p.at(COLON) {
        wrong_equals(p);
        exprs::value(p);
    } else if at_value_without_equals(p) {
        p.slip(Slip::MissingEquals);
        exprs::value(p);
    } else if p.expect(EQ) {
        exprs::value(p);
    }
}

/// Whether a value stands here that no tail of a declaration begins with.
fn at_value_without_equals(p: &Parser<'_>) -> bool {
    match p.current_token().map(|it| (it.kind, it.word)) {
        Some((INT | VERSION | SERIES | QUANTITY | STRING_OPEN, _)) => true,
        Some((IDENT, word)) => !matches!(word, JOIN_KW | WHEN_KW | SPLIT_KW | STICKY_KW | IN_KW),
        _ => false,
    }
}

fn tails(p: &mut Parser<'_>) {
    while let Some(word @ (JOIN_KW | WHEN_KW | SPLIT_KW | STICKY_KW)) = p.word() {
        let m = p.start();
        p.bump_keyword();
        match word {
            JOIN_KW => {
                expect_name_ref(p);
                m.complete(p, JOIN_TAIL);
            }
            WHEN_KW => {
                p.condition(exprs::expr);
                m.complete(p, WHEN_TAIL);
            }
            SPLIT_KW => {
                m.complete(p, SPLIT_TAIL);
            }
            _ => {
                m.complete(p, STICKY_TAIL);
            }
        }
    }
}

/// `('when' Expr)?`
pub(super) fn opt_when_tail(p: &mut Parser<'_>) {
    if p.at_word(WHEN_KW) {
        let m = p.start();
        p.bump_keyword();
        p.condition(exprs::expr);
        m.complete(p, WHEN_TAIL);
    }
}

fn field(p: &mut Parser<'_>, m: Marker) {
    p.bump_keyword();
    expect_name(p);
    types::expect_annotation(p);
    opt_default(p);
    m.complete(p, FIELD);
}

fn record(p: &mut Parser<'_>, m: Marker) {
    p.bump_keyword();
    expect_name(p);
    let body = p.start();
    expect_lines(p, "`field` or `}`", |p| {
        let m = p.start();
        attrs(p);
        if p.at_word(FIELD_KW) {
            field(p, m);
        } else {
            m.abandon(p);
            p.expected("`field`");
        }
    });
    body.complete(p, RECORD_BODY);
    m.complete(p, RECORD_DECL);
}

/// `'{'`, lines and `'}'`.
fn expect_lines(p: &mut Parser<'_>, what: &'static str, line: impl Fn(&mut Parser<'_>)) {
    if p.at(L_BRACE) {
        p.bracketed(Newlines::EndStatements, what, |p| lines(p, line));
    } else {
        p.expected("`{`");
    }
}

/// Lines up to the end of the group, each parsed by `line`; commas and semicolons may end them too.
pub(super) fn lines(p: &mut Parser<'_>, line: impl Fn(&mut Parser<'_>)) {
    while !p.at_eof() {
        p.statement_start = p.at;
        if matches!(p.nth(0), Some(SEMICOLON | COMMA)) {
            p.bump();
            continue;
        }
        let before = p.at;
        line(p);
        if p.at == before {
            // An item at the beginning of a line: the `}` is missing.
            if p.unclosed && p.at_item_on_new_line() {
                break;
            }
            p.skip_statement();
            if p.at == before {
                p.bump();
            }
        } else if !p.at_statement_end()
            && !p.at_name()
            && p.tokens[p.at - 1].kind != COMMA
            && !matches!(p.nth(0), Some(COMMA | AT | STRING_OPEN | INT | VERSION))
        {
            p.expected("the end of the line");
            p.skip_statement();
        }
    }
}

fn function(p: &mut Parser<'_>, m: Marker) {
    p.bump_keyword();
    expect_name(p);
    let list = p.start();
    if p.at(L_PAREN) {
        p.bracketed(Newlines::MeanNothing, "`,` or `)`", |p| {
            exprs::separated(p, |it| it.nth_is_name(0), param);
        });
    } else {
        p.expected("`(`");
    }
    list.complete(p, PARAM_LIST);
    types::expect_annotation(p);
    expect_default(p);
    m.complete(p, FUNCTION);
}

/// `Param = Name ':' Type ('=' Expr)?`
fn param(p: &mut Parser<'_>) {
    if !p.at_name() {
        return p.expected("a parameter");
    }
    let m = p.start();
    name(p);
    types::expect_annotation(p);
    opt_default(p);
    m.complete(p, PARAM);
}

fn versions(p: &mut Parser<'_>, m: Marker) {
    p.bump_keyword();
    expect_lines(p, "a version or `}`", |p| {
        let m = p.start();
        attrs(p);
        p.statement_start = p.at;
        match p.current() {
            Some(kind @ (INT | VERSION)) => {
                p.alone(LITERAL, kind);
            }
            Some(STRING_OPEN) => strings::string(p),
            Some(IDENT) if !(p.unclosed && p.at_item_on_new_line()) => {
                name_ref(p);
            }
            _ => {
                p.expected("a version");
                m.abandon(p);
                return;
            }
        }
        opt_block(p);
        m.complete(p, VERSION_ENTRY);
    });
    m.complete(p, VERSIONS);
}

fn test(p: &mut Parser<'_>, m: Marker) {
    p.bump_keyword();
    strings::string(p);
    if p.eat_word(IN_KW) {
        expect_name_ref(p);
    }
    opt_default(p);
    opt_when_tail(p);
    opt_block(p);
    m.complete(p, TEST);
}

fn use_(p: &mut Parser<'_>, m: Marker) {
    p.bump_keyword();
    if p.at(STRING_OPEN) {
        strings::string(p);
    } else {
        path(p);
    }
    if p.eat_word(AS_KW) {
        expect_name(p);
    }
    if p.eat_word(FROM_KW) {
        expect_name_ref(p);
    }
    m.complete(p, USE);
}

fn export_list(p: &mut Parser<'_>) {
    let list = p.start();
    expect_lines(p, "an export or `}`", |p| {
        let m = p.start();
        if p.at_word(WHEN_KW) {
            p.bump_keyword();
            p.condition(exprs::expr);
            p.deeper(export_list);
            m.complete(p, EXPORT_WHEN);
        } else if p.at_name() {
            name_ref(p);
            deps::dep(p);
            m.complete(p, EXPORT);
        } else {
            p.expected("an export such as `host_to_run`");
            m.abandon(p);
        }
    });
    list.complete(p, EXPORT_LIST);
}

fn ignore_exports(p: &mut Parser<'_>, m: Marker) {
    p.bump_keyword();
    if !p.eat_word(EXPORTS_KW) {
        p.expected("`exports`");
    }
    if p.at_word(FROM_KW) || p.at_word(OF_KW) {
        p.bump_keyword();
        expect_name_ref(p);
    } else {
        p.expected("`from` or `of`");
    }
    if p.eat_word(TO_KW) {
        expect_name_ref(p);
    }
    opt_when_tail(p);
    m.complete(p, IGNORE_EXPORTS);
}

//------ names

/// `Name`; the caller has seen that one is here.
pub(super) fn name(p: &mut Parser<'_>) {
    p.alone(NAME, IDENT);
}

pub(super) fn expect_name(p: &mut Parser<'_>) {
    if p.at_name() {
        name(p);
    } else {
        p.expected("a name");
    }
}

/// `NameRef`; the caller has seen that one is here.
pub(super) fn name_ref(p: &mut Parser<'_>) -> CompletedMarker {
    p.alone(NAME_REF, IDENT)
}

pub(super) fn expect_name_ref(p: &mut Parser<'_>) {
    if p.at_name() {
        name_ref(p);
    } else {
        p.expected("a name");
    }
}

/// `Path = (NameRef '.')* NameRef`
pub(super) fn path(p: &mut Parser<'_>) {
    let m = p.start();
    expect_name_ref(p);
    while p.at(DOT) {
        p.bump();
        expect_name_ref(p);
    }
    m.complete(p, PATH);
}
