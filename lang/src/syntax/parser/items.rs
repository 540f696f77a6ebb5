//! Files, items and blocks.

use super::{CompletedMarker, Marker, Newlines, Pairing, Parser, deps, exprs, strings, types};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::error::SyntaxErrorKind;
use crate::syntax::slip::{self, Slip};

/// The words that begin a file.
const HEADERS: &[&str] = &["recipe", "override", "overlay", "project", "module", "interface"];

/// The words that begin an item when something other than a setting follows.
const ITEMS: &[&str] = &[
    "arg",
    "build",
    "compile",
    "conflict",
    "enum",
    "exports",
    "extends",
    "feature",
    "field",
    "fn",
    "for",
    "host",
    "ignore",
    "include",
    "knob",
    "let",
    "mixin",
    "output",
    "overlays",
    "pkgs",
    "policy",
    "preset",
    "provides",
    "publish",
    "record",
    "require",
    "run",
    "step",
    "steps",
    "test",
    "type",
    "unavailable",
    "use",
    "versions",
    "want",
    "when",
];

/// Whether `word` begins items where no other name is expected.
pub(crate) fn begins_item(word: &str) -> bool {
    // All of them are keywords, and most words are told to be none by their length.
    SyntaxKind::keyword(word).is_some() && ITEMS.contains(&word)
}

/// Words that are followed by an expression or a brace rather than by a name.
const BEFORE_ANYTHING: &[&str] =
    &["arg", "conflict", "overlays", "require", "when", "versions", "exports", "unavailable"];

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
    let is_project = p.at_word("project");
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
    p.nth(0) == Some(IDENT)
        && begins_item(p.text_of(0))
        && !BEFORE_ANYTHING.contains(&p.text_of(0))
        && !matches!(p.text_of(0), "for" | "type" | "use")
        && p.nth_is_name(1)
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
    let Some(word) = (p.nth(0) == Some(IDENT)).then(|| p.text_of(0)) else {
        return other_item(p, m);
    };
    // Attributes stand on lines of their own; the item goes on below them.
    p.statement_start = p.at;
    if word == "override" && p.nth_is_name(1) && p.nth(2) == Some(L_BRACE) && !p.newline_before(1) {
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
        "feature" => {
            p.bump_keyword();
            expect_name(p);
            opt_default(p);
            tails(p);
            opt_block(p);
            m.complete(p, FEATURE);
        }
        "knob" => {
            p.bump_keyword();
            expect_name(p);
            types::expect_annotation(p);
            opt_default(p);
            tails(p);
            opt_block(p);
            m.complete(p, KNOB);
        }
        "field" => field(p, m),
        "enum" => {
            p.bump_keyword();
            expect_name(p);
            types::enum_body(p);
            m.complete(p, ENUM_DECL);
        }
        "record" => record(p, m),
        "type" => {
            p.bump_keyword();
            expect_name(p);
            p.expect(EQ);
            types::ty(p);
            m.complete(p, TYPE_ALIAS);
        }
        "fn" => function(p, m),
        "let" => {
            p.bump_keyword();
            expect_name(p);
            if p.at(COLON) {
                types::expect_annotation(p);
            }
            expect_default(p);
            if p.at_word("in") {
                p.slip(Slip::LetIn);
                let m = p.start();
                p.bump();
                m.complete(p, ERROR);
            }
            m.complete(p, LET);
        }
        "versions" => versions(p, m),
        "test" if p.nth(1) == Some(STRING_OPEN) => test(p, m),
        "build" | "host" | "run" | "test" | "extends" => {
            p.bump_keyword();
            deps::dep(p);
            m.complete(p, DEP);
        }
        "provides" => {
            p.bump_keyword();
            expect_name_ref(p);
            deps::reqs(p);
            while p.eat_word("with") {
                expect_name_ref(p);
                deps::reqs(p);
            }
            opt_when_tail(p);
            m.complete(p, PROVIDES);
        }
        "require" | "conflict" => {
            p.bump_keyword();
            p.condition(exprs::expr);
            if p.eat_word("when") {
                p.condition(exprs::expr);
            }
            strings::opt_message(p);
            m.complete(p, RULE);
        }
        "unavailable" => {
            unavailable_tail(p);
            m.complete(p, UNAVAILABLE);
        }
        "arg" => {
            p.bump_keyword();
            exprs::expr(p);
            // The off case may stand on the next line.
            let is_arm = p.at_line_end() && p.nth(1) == Some(FAT_ARROW);
            if p.nth(0) == Some(IDENT) && p.text_of(0) == "else" && !is_arm {
                p.statement_start = p.at;
                p.bump_keyword();
                exprs::expr(p);
            }
            m.complete(p, ARG);
        }
        "step" => {
            p.bump_keyword();
            expect_name(p);
            if p.at_word("before") || p.at_word("after") {
                p.bump_keyword();
                expect_name_ref(p);
            }
            expect_default(p);
            m.complete(p, STEP);
        }
        "steps" => {
            p.bump_keyword();
            path(p);
            opt_block(p);
            m.complete(p, STEPS);
        }
        "include" => {
            p.bump_keyword();
            path(p);
            opt_when_tail(p);
            m.complete(p, INCLUDE);
        }
        "use" => use_(p, m),
        "mixin" | "compile" | "preset" => {
            p.bump_keyword();
            expect_name(p);
            expect_block(p);
            m.complete(
                p,
                match word {
                    "mixin" => MIXIN,
                    "compile" => COMPILE,
                    _ => PRESET,
                },
            );
        }
        "output" => {
            p.bump_keyword();
            expect_name(p);
            if p.eat_word("from") {
                expect_name_ref(p);
            }
            opt_when_tail(p);
            opt_block(p);
            m.complete(p, OUTPUT);
        }
        "exports" => {
            p.bump_keyword();
            export_list(p);
            opt_when_tail(p);
            m.complete(p, EXPORTS);
        }
        "ignore" => ignore_exports(p, m),
        "when" => {
            p.bump_keyword();
            p.condition(exprs::expr);
            expect_block(p);
            if p.nth(0) == Some(IDENT) && p.text_of(0) == "else" && p.nth(1) == Some(L_BRACE) {
                p.statement_start = p.at;
                let m = p.start();
                p.bump_keyword();
                block(p);
                m.complete(p, ELSE_BLOCK);
            }
            m.complete(p, WHEN);
        }
        "for" => {
            p.bump_keyword();
            expect_name(p);
            if !p.eat_word("in") {
                p.expected("`in`");
            }
            exprs::expr(p);
            expect_block(p);
            m.complete(p, FOR);
        }
        "want" | "publish" => {
            p.bump_keyword();
            deps::want_spec(p);
            while p.at(COMMA) {
                p.bump();
                // A list of wishes may go on in the next line.
                p.statement_start = p.at;
                deps::want_spec(p);
            }
            m.complete(p, if word == "want" { WANT } else { PUBLISH });
        }
        "overlays" => {
            p.bump_keyword();
            exprs::expr(p);
            m.complete(p, OVERLAYS);
        }
        "policy" => {
            p.bump_keyword();
            deps::spec(p);
            deps::reqs(p);
            strings::opt_message(p);
            m.complete(p, POLICY);
        }
        "pkgs" => {
            p.bump_keyword();
            for word in ["where", "has"] {
                if !p.eat_word(word) {
                    p.expected(if word == "where" { "`where`" } else { "`has`" });
                }
            }
            if p.at_word("feature") || p.at_word("knob") {
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
fn is_keyword(p: &Parser<'_>, word: &str) -> bool {
    if word == "unavailable" {
        return !setting_follows_on_line(p);
    }
    if !begins_item(word) {
        return false;
    }
    // Alone on its line it is an item that is not finished.
    if p.newline_before(1) {
        return true;
    }
    let list_follows = matches!(word, "overlays" | "arg") && p.nth(1) == Some(L_BRACKET)
        // `arg .dlopen` and `when [a] == b`, but not `arg.dlopen = 1` and `when[a]`.
        || BEFORE_ANYTHING.contains(&word)
            && matches!(p.nth(1), Some(DOT | L_BRACKET))
            && !p.adjoins(1);
    (!setting_follows(p, 1) || list_follows)
        && (BEFORE_ANYTHING.contains(&word) || p.nth(1) != Some(L_BRACE))
}

/// `unavailable` has an optional tail; `unavailable = 1` and `unavailable { }` are about a name.
fn setting_follows_on_line(p: &Parser<'_>) -> bool {
    !p.newline_before(1) && (setting_follows(p, 1) || p.nth(1) == Some(L_BRACE))
}

/// Settings, amends, arms and specs: what begins with a name that is no keyword here.
fn other_item(p: &mut Parser<'_>, m: Marker) {
    if p.at_word("else") && p.nth(1) == Some(FAT_ARROW) {
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
        Some(IDENT) if p.at_word("unavailable") => {
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
        && let Some(right) = slip::item_word(word, ITEMS)
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
    if p.at_word("unavailable") {
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
        p.fuel.set(super::FUEL);
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
        p.statement_start = p.at;
        let m = p.start();
        p.bump();
        expect_name(p);
        exprs::opt_arg_list(p);
        m.complete(p, ATTR);
        p.statement_start = p.at;
    }
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
    match p.current() {
        Some(INT | VERSION | SERIES | QUANTITY | STRING_OPEN) => true,
        Some(IDENT) => !matches!(p.text_of(0), "join" | "when" | "split" | "sticky" | "in"),
        _ => false,
    }
}

fn tails(p: &mut Parser<'_>) {
    loop {
        let m = p.start();
        if p.at_word("join") {
            p.bump_keyword();
            expect_name_ref(p);
            m.complete(p, JOIN_TAIL);
        } else if p.at_word("when") {
            m.abandon(p);
            opt_when_tail(p);
        } else if p.at_word("split") {
            p.bump_keyword();
            m.complete(p, SPLIT_TAIL);
        } else if p.at_word("sticky") {
            p.bump_keyword();
            m.complete(p, STICKY_TAIL);
        } else {
            m.abandon(p);
            return;
        }
    }
}

/// `('when' Expr)?`
pub(super) fn opt_when_tail(p: &mut Parser<'_>) -> bool {
    let found = p.at_word("when");
    if found {
        let m = p.start();
        p.bump_keyword();
        p.condition(exprs::expr);
        m.complete(p, WHEN_TAIL);
    }
    found
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
        if p.at_word("field") {
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
            Some(INT | VERSION) => {
                let label = p.start();
                p.bump();
                label.complete(p, LITERAL);
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
    if p.eat_word("in") {
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
    if p.eat_word("as") {
        expect_name(p);
    }
    if p.eat_word("from") {
        expect_name_ref(p);
    }
    m.complete(p, USE);
}

fn export_list(p: &mut Parser<'_>) {
    let list = p.start();
    expect_lines(p, "an export or `}`", |p| {
        let m = p.start();
        if p.at_word("when") {
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
    if !p.eat_word("exports") {
        p.expected("`exports`");
    }
    if p.at_word("from") || p.at_word("of") {
        p.bump_keyword();
        expect_name_ref(p);
    } else {
        p.expected("`from` or `of`");
    }
    if p.eat_word("to") {
        expect_name_ref(p);
    }
    opt_when_tail(p);
    m.complete(p, IGNORE_EXPORTS);
}

//------ names

/// `Name`; the caller has seen that one is here.
pub(super) fn name(p: &mut Parser<'_>) {
    let m = p.start();
    p.bump_as(IDENT);
    m.complete(p, NAME);
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
    let m = p.start();
    p.bump_as(IDENT);
    m.complete(p, NAME_REF)
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
