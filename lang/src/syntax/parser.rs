//! Tokens to a lossless tree. Parsing never fails: what cannot be parsed becomes an error node.
//!
//! The parser sees only tokens that carry meaning and writes *events*; the sink turns events and
//! tokens, and the white space and comments that are kept, into the tree. One function is one production of
//! `kiln.ungram`. A function called `opt_…` may produce nothing; any other produces its node or an
//! error.
//!
//! Statements end at a newline, so the parser knows for each token whether a line break comes
//! before it. Between round and square brackets and in sets, line breaks mean nothing.
//!
//! Where each bracketed group ends is known before parsing ([`brackets`]), and nothing inside looks
//! beyond: a mistake costs at most the rest of its statement and of its innermost group. A line
//! gets one message. No production looks at a token more often than a small constant times, so
//! parsing takes time in proportion to the text, however wrong it is.

mod deps;
mod exprs;
mod items;
mod shadows;
mod sink;
mod strings;
mod types;

use std::num::NonZeroU32;
use std::sync::Arc;

use text_size::{TextRange, TextSize};

use super::SyntaxKind::{self, *};
use super::brackets::{self, Pairing};
use super::error::{SyntaxError, SyntaxErrorKind};
use super::lexer::{self, Keep, Token};
use super::slip::Slip;
use super::token_set::TokenSet;
use super::tree::Tree;

/// How deep blocks, brackets and operators may nest. The parser and everything after it recurse
/// with the tree; hand-written files stay below 20.
pub(crate) const DEPTH_MAX: u32 = 200;

/// How often the parser may look at tokens without consuming one. Reaching it is a bug of ours; the
/// rest of the text is then one error.
const FUEL: u32 = 16_384;

pub(crate) use items::begins_item;

/// Parses a whole file.
pub(crate) fn parse_file(text: &Arc<str>, keep: Keep) -> (Tree, Vec<SyntaxError>) {
    parse_with(text, keep, items::file)
}

/// Parses the text of one spec, such as `curl[http2, ~ldap]`.
pub(crate) fn parse_spec(text: &Arc<str>) -> (Tree, Vec<SyntaxError>) {
    parse_with(text, Keep::All, |p| {
        let m = p.start();
        deps::want_spec(p);
        p.rest_is_error();
        m.complete(p, FILE);
    })
}

/// Parses the text of one expression.
pub(crate) fn parse_expr(text: &Arc<str>) -> (Tree, Vec<SyntaxError>) {
    parse_with(text, Keep::All, |p| {
        let m = p.start();
        p.newlines_free = true;
        exprs::expr(p);
        p.rest_is_error();
        m.complete(p, FILE);
    })
}

/// Returns how many tokens `text` has and how often the parser looked at one: what tests take as
/// its time.
pub(crate) fn steps(text: &str) -> (usize, u64) {
    let lexed = lexer::lex(text, Keep::All);
    let mut parser = Parser::new(text, &lexed.tokens);
    items::file(&mut parser);
    parser.refuel();
    (lexed.tokens.len() + lexed.trivia.len(), parser.steps.get())
}

fn parse_with(
    text: &Arc<str>,
    keep: Keep,
    production: impl FnOnce(&mut Parser<'_>),
) -> (Tree, Vec<SyntaxError>) {
    let mut lexed = lexer::lex(text, keep);
    let lex_errors = std::mem::take(&mut lexed.errors);
    let mut parser = Parser::new(text, &lexed.tokens);
    production(&mut parser);
    let errors = parser.merged(lex_errors);
    (sink::build(text, &lexed, &mut parser.events), errors)
}

/// What the parser writes down.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A node begins. `forward_parent` counts events ahead to a node that is to be its parent.
    Start { kind: SyntaxKind, forward_parent: Option<NonZeroU32> },
    /// The node that began last and has not ended ends.
    Finish,
    /// The next meaningful token, as this kind.
    Token { kind: SyntaxKind },
    /// A node of the next token alone. As `Start`, `Token` and `Finish`, in one: half of all nodes
    /// are names.
    Alone { node: SyntaxKind, kind: SyntaxKind, forward_parent: Option<NonZeroU32> },
    /// A start that turned out to be none.
    Tombstone,
}

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    /// The tokens up to the end of the innermost group: nothing inside it sees those behind.
    group: &'t [Token],
    /// How many tokens have been consumed.
    at: usize,
    events: Vec<Event>,
    errors: Vec<SyntaxError>,
    /// The line of the last error.
    error_line: Option<u32>,
    /// Whether line breaks mean nothing here.
    newlines_free: bool,
    /// Whether the innermost group lacks its end, so that lines that begin like items end lists.
    unclosed: bool,
    /// Whether the innermost group is one of braces or square brackets: named arguments look like
    /// settings, and stand between round ones.
    in_braces: bool,
    /// Whether `=` is a slip for `==` here.
    in_condition: bool,
    /// The first token of the current statement: the line break before it does not end it.
    statement_start: usize,
    depth: u32,
    /// Up to which token the last look for an arm went, and whether there was one.
    arm_seen: std::cell::Cell<(usize, bool)>,
    fuel: std::cell::Cell<u32>,
    /// How often it has looked at tokens that are consumed by now.
    steps: std::cell::Cell<u64>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, tokens: &'t [Token]) -> Self {
        Parser {
            text,
            tokens,
            group: tokens,
            at: 0,
            // Half of the tokens have a node of their own, and stand in others.
            events: Vec::with_capacity(tokens.len() * 2),
            errors: Vec::new(),
            error_line: None,
            newlines_free: false,
            unclosed: false,
            in_braces: false,
            in_condition: false,
            statement_start: 0,
            depth: 0,
            arm_seen: std::cell::Cell::new((0, false)),
            fuel: std::cell::Cell::new(FUEL),
            steps: std::cell::Cell::new(0),
        }
    }

    /// All errors by place, without those that follow from others: see `shadows.rs`.
    fn merged(&mut self, lex_errors: Vec<lexer::LexError>) -> Vec<SyntaxError> {
        let mut errors = std::mem::take(&mut self.errors);
        errors.extend(lex_errors.into_iter().map(SyntaxError::from));
        if errors.len() > 1 {
            errors.sort_by_key(|it| (it.range.start(), it.range.end()));
            shadows::remove(self.text, &mut errors);
        }
        errors
    }

    //------ looking

    /// The kind of the token `n` places ahead, whatever line it is on.
    fn nth(&self, n: usize) -> Option<SyntaxKind> {
        self.look(self.group.get(self.at + n)?).map(|it| it.kind)
    }

    /// The same, but the keyword if a name is one. Whether it is meant as one depends on what is
    /// around it.
    fn nth_word(&self, n: usize) -> Option<SyntaxKind> {
        self.look(self.group.get(self.at + n)?).map(|it| it.word)
    }

    /// The kind of the current token, unless the statement has ended before it.
    fn current(&self) -> Option<SyntaxKind> {
        self.current_token().map(|it| it.kind)
    }

    /// The same, but the keyword if a name is one.
    fn word(&self) -> Option<SyntaxKind> {
        self.current_token().map(|it| it.word)
    }

    fn current_token(&self) -> Option<&'t Token> {
        let token = self.group.get(self.at)?;
        if token.after_newline && !self.newlines_free && self.at != self.statement_start {
            return None;
        }
        self.look(token)
    }

    /// Looks at a token; there is nothing to see where the parser is stuck.
    fn look(&self, token: &'t Token) -> Option<&'t Token> {
        let fuel = self.fuel.get();
        debug_assert!(fuel > 0, "the parser is stuck at token {} of {}", self.at, self.group.len());
        self.fuel.set(fuel.checked_sub(1)?);
        Some(token)
    }

    /// Notes that the parser is not stuck.
    fn refuel(&self) {
        self.steps.set(self.steps.get() + u64::from(FUEL - self.fuel.replace(FUEL)));
    }

    fn text_of(&self, n: usize) -> &'t str {
        match self.tokens.get(self.at + n) {
            Some(token) => &self.text[token.start as usize..token.end() as usize],
            None => "",
        }
    }

    /// Whether the text or the innermost group ends here.
    fn at_eof(&self) -> bool {
        self.at >= self.group.len() || self.fuel.get() == 0
    }

    /// Whether the token `n` places ahead begins a line, or is none of this group.
    fn newline_before(&self, n: usize) -> bool {
        self.group.get(self.at + n).is_none_or(|it| it.after_newline)
    }

    /// Whether a line break ends the statement before the current token.
    fn at_line_end(&self) -> bool {
        self.at_eof()
            || (!self.newlines_free && self.newline_before(0) && self.at != self.statement_start)
    }

    /// Whether the token `n` places ahead follows the one before it without a space.
    fn adjoins(&self, n: usize) -> bool {
        let at = self.at + n;
        at > 0 && self.group.get(at).is_some_and(|it| it.start == self.group[at - 1].end())
    }

    fn at(&self, kind: SyntaxKind) -> bool {
        self.current() == Some(kind)
    }

    fn at_any(&self, set: TokenSet) -> bool {
        self.current().is_some_and(|it| set.contains(it))
    }

    /// Whether the current token is this word, which is a keyword here.
    fn at_word(&self, keyword: SyntaxKind) -> bool {
        self.word() == Some(keyword)
    }

    /// Whether the current token can be a name: a word, or a package name that begins with a digit.
    fn at_name(&self) -> bool {
        self.nth_is_name(0) && !self.at_line_end()
    }

    fn nth_is_name(&self, n: usize) -> bool {
        match self.nth(n) {
            Some(IDENT) => true,
            Some(VERSION) => {
                let text = self.text_of(n);
                !text.contains(['.', '+', '~']) && text.contains(|c: char| c.is_ascii_alphabetic())
            }
            _ => false,
        }
    }

    /// Whether the tokens here look like the beginning of a setting: `name =`, `a.b +=`. A path that
    /// is longer than anybody writes does not.
    fn looks_like_setting(&self) -> bool {
        let mut n = 0;
        while n < 16 && self.nth_is_name(n) && !self.newline_before(n + 1) {
            match self.nth(n + 1) {
                Some(EQ | PLUS_EQ | MINUS_EQ) => return true,
                Some(DOT) => n += 2,
                _ => return false,
            }
        }
        false
    }

    /// Whether a new line begins here that looks like an item. It ends expressions that go on in
    /// the next line, and lists that are not closed; a list that is closed ends there only.
    fn at_item_on_new_line(&self) -> bool {
        (self.unclosed || !self.newlines_free)
            && !self.at_eof()
            && self.newline_before(0)
            && (self.looks_like_setting() || items::looks_like_keyword_item(self))
    }

    //------ consuming

    fn bump(&mut self) {
        if let Some(token) = self.group.get(self.at) {
            self.bump_as(token.kind);
        }
    }

    fn bump_as(&mut self, kind: SyntaxKind) {
        if self.at < self.group.len() {
            self.refuel();
            self.events.push(Event::Token { kind });
            self.at += 1;
        }
    }

    /// Makes a node of the current token alone, which is consumed as `kind`.
    fn alone(&mut self, node: SyntaxKind, kind: SyntaxKind) -> CompletedMarker {
        let at = self.events.len() as u32;
        debug_assert!(self.at < self.group.len(), "the caller has seen a token");
        self.refuel();
        self.events.push(Event::Alone { node, kind, forward_parent: None });
        self.at += 1;
        CompletedMarker { at, kind: node }
    }

    /// Consumes the current word as the keyword that it is.
    fn bump_keyword(&mut self) {
        if let Some(token) = self.group.get(self.at) {
            self.bump_as(token.word);
        }
    }

    fn eat(&mut self, kind: SyntaxKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, keyword: SyntaxKind) -> bool {
        let found = self.at_word(keyword);
        if found {
            self.bump_keyword();
        }
        found
    }

    /// Consumes a token of this kind or reports that it is missing.
    fn expect(&mut self, kind: SyntaxKind) -> bool {
        let found = self.eat(kind);
        if !found {
            self.error(SyntaxErrorKind::Expected { what: kind.describe(), found: self.found() });
        }
        found
    }

    /// Consumes a bracketed group that begins here. `production` parses what is inside and sees
    /// nothing else; `what` says what could stand where it stopped.
    fn bracketed(
        &mut self,
        newlines: Newlines,
        what: &'static str,
        production: impl FnOnce(&mut Self),
    ) {
        let open = self.at;
        let Token { kind, group_end, pairing, .. } = self.tokens[open];
        let limit = self.group.len();
        let end = (group_end as usize).clamp(open + 1, limit.max(open + 1));
        let has_close = end < limit && matches!(pairing, Pairing::Fine | Pairing::WrongClose);
        self.bump();
        let outer_group = std::mem::replace(&mut self.group, &self.tokens[..end.min(limit)]);
        let outer_free =
            std::mem::replace(&mut self.newlines_free, newlines == Newlines::MeanNothing);
        let outer_unclosed = std::mem::replace(&mut self.unclosed, !has_close);
        let outer_braces = std::mem::replace(&mut self.in_braces, kind != L_PAREN);
        let outer_condition = std::mem::replace(&mut self.in_condition, false);
        production(self);
        if self.at < self.group.len() {
            self.rest_of_group_is_error(what);
        }
        self.group = outer_group;
        self.newlines_free = outer_free;
        self.unclosed = outer_unclosed;
        self.in_braces = outer_braces;
        self.in_condition = outer_condition;
        if has_close && self.at == end {
            if pairing == Pairing::WrongClose {
                let slip = Slip::WrongClose { opened: self.range_of(open), close: closing(kind) };
                self.error_at(self.at, self.range_of(self.at), SyntaxErrorKind::Slip(slip));
            }
            self.bump();
        } else {
            self.unclosed_from(open);
        }
    }

    /// Reports that what began at token `open` has no end.
    fn unclosed_from(&mut self, open: usize) {
        let close = closing(self.tokens[open].kind);
        let opened = self.range_of(open);
        // It belongs behind what came last, not before what begins the next line.
        let last = self.at.saturating_sub(1);
        let range = TextRange::empty(self.range_of(last).end());
        let kind = SyntaxErrorKind::Unclosed { close, opened };
        if self.errors.last().is_none_or(|it| it.range != range) {
            self.error_at(last, range, kind);
        }
    }

    /// What is left of a group is an error.
    fn rest_of_group_is_error(&mut self, what: &'static str) {
        if self.at >= self.group.len() {
            return;
        }
        // Nothing is a line end here: the group goes on.
        let free = std::mem::replace(&mut self.newlines_free, true);
        self.expected(what);
        self.newlines_free = free;
        let m = self.start();
        while self.at < self.group.len() {
            self.bump();
        }
        m.complete(self, ERROR);
    }

    /// What stands here, in words, for a message.
    fn found(&self) -> String {
        match self.tokens.get(self.at) {
            None => "the end of the file".to_owned(),
            Some(token) if token.after_newline && self.at_line_end() => {
                "the end of the line".to_owned()
            }
            Some(token) if matches!(token.kind, STRING_OPEN | STRING_TEXT | STRING_CLOSE) => {
                "a string".to_owned()
            }
            Some(token) => {
                let text = &self.text[token.start as usize..token.end() as usize];
                // A whole line of garbage says no more than its beginning.
                let mut shown: String = text.chars().take(40).collect();
                if shown.len() < text.len() {
                    shown.push('…');
                }
                format!("`{}`", shown.escape_debug())
            }
        }
    }

    fn range_of(&self, index: usize) -> TextRange {
        match self.tokens.get(index) {
            Some(token) => TextRange::at(TextSize::new(token.start), TextSize::new(token.len)),
            None => TextRange::empty(TextSize::of(self.text)),
        }
    }

    /// Where an error about the current token belongs: the token, or the place right behind the
    /// last one if the line has ended.
    fn here(&self) -> (usize, TextRange) {
        if self.at_line_end() && self.at > 0 {
            (self.at - 1, TextRange::empty(self.range_of(self.at - 1).end()))
        } else {
            (self.at, self.range_of(self.at))
        }
    }

    fn error(&mut self, kind: SyntaxErrorKind) {
        let (token, range) = self.here();
        self.error_at(token, range, kind);
    }

    /// Reports a slip about the current token.
    fn slip(&mut self, slip: Slip) {
        self.error_at(self.at, self.range_of(self.at), SyntaxErrorKind::Slip(slip));
    }

    /// One mistake, one message: a second complaint about a line seldom says anything new.
    fn error_at(&mut self, token: usize, range: TextRange, kind: SyntaxErrorKind) {
        // What is missing at the beginning of the file is no mistake of its first line.
        if kind == SyntaxErrorKind::NoHeader {
            return self.errors.push(SyntaxError { kind, range });
        }
        let line = self.tokens.get(token).or(self.tokens.last()).map(|it| it.line);
        if self.error_line.is_none() || self.error_line != line {
            self.error_line = line;
            self.errors.push(SyntaxError { kind, range });
        }
    }

    fn expected(&mut self, what: &'static str) {
        if !self.at_line_end() && self.tokens[self.at].pairing == Pairing::Stray {
            return self.stray_close();
        }
        let found = self.found();
        self.error(SyntaxErrorKind::Expected { what, found });
    }

    /// The token here closes something that nothing opened. Often the `{` of the line above the
    /// indented ones is missing.
    fn stray_close(&mut self) {
        let token = self.tokens[self.at];
        let mut header = None;
        let mut since = None;
        if token.after_newline {
            let indent = brackets::column(self.text, token.start as usize);
            let mut end = (token.start as usize - indent).saturating_sub(1);
            let mut deeper = 0;
            for line in self.text[..end].rsplit('\n').take(1000) {
                let start = end - line.len();
                let depth = line.len() - line.trim_start().len();
                if !line.trim().is_empty() && depth <= indent {
                    let text = line.trim();
                    let is_open =
                        text.ends_with(['{', '}', ']', ')', '"']) || text.starts_with("//");
                    if deeper > 0 && depth == indent && !is_open {
                        let at = TextSize::new((start + line.trim_end().len()) as u32);
                        header = Some(TextRange::empty(at)).filter(|_| token.kind == R_BRACE);
                        since = Some(TextSize::new(start as u32));
                    }
                    break;
                }
                deeper += usize::from(!line.trim().is_empty());
                end = start.saturating_sub(1);
            }
        }
        // If something has been said about those lines, this is why.
        let last = self.errors.iter().rev().find(|it| it.kind != SyntaxErrorKind::NoHeader);
        let last = last.map(|it| it.range.start());
        if since.is_none_or(|since| last.is_none_or(|last| last < since)) {
            self.slip(Slip::StrayClose { header });
        }
    }

    /// Puts the tokens up to the end of the statement into an error node.
    fn skip_statement(&mut self) {
        if self.at_statement_end() {
            return;
        }
        let m = self.start();
        loop {
            self.skip_one();
            if self.newline_before(0) || self.nth(0) == Some(SEMICOLON) {
                break;
            }
        }
        m.complete(self, ERROR);
    }

    /// Consumes a token, or a group if it opens one.
    fn skip_one(&mut self) {
        let end = match self.nth(0) {
            Some(L_PAREN | L_BRACKET | L_BRACE | INTERPOLATION_OPEN) => {
                let token = self.tokens[self.at];
                let has_close = matches!(token.pairing, Pairing::Fine | Pairing::WrongClose);
                if !has_close {
                    self.unclosed_from(self.at);
                }
                token.group_end as usize + usize::from(has_close)
            }
            _ => 0,
        };
        self.bump();
        while self.at < end.min(self.group.len()) {
            self.bump();
        }
    }

    fn at_statement_end(&self) -> bool {
        self.at_line_end() || matches!(self.nth(0), Some(SEMICOLON) | None)
    }

    /// Everything that is left is an error.
    fn rest_is_error(&mut self) {
        self.rest_of_group_is_error("nothing more");
    }

    //------ state

    /// Runs `production` where `=` is probably meant as `==`.
    fn condition(&mut self, production: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.in_condition, true);
        production(self);
        self.in_condition = outer;
    }

    /// Runs `production` one level deeper, or skips what is there if that is too deep.
    fn deeper(&mut self, production: impl FnOnce(&mut Self)) {
        if self.depth >= DEPTH_MAX {
            self.error(SyntaxErrorKind::TooDeep);
            self.skip_balanced();
            return;
        }
        self.depth += 1;
        production(self);
        self.depth -= 1;
    }

    /// Puts a bracketed group, or one token, into an error node, without recursion.
    fn skip_balanced(&mut self) {
        if !self.at_eof() {
            let m = self.start();
            self.skip_one();
            m.complete(self, ERROR);
        }
    }

    //------ nodes

    fn start(&mut self) -> Marker {
        let at = self.events.len() as u32;
        self.events.push(Event::Tombstone);
        Marker { at }
    }
}

/// What line breaks mean between two brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Newlines {
    MeanNothing,
    EndStatements,
}

/// What closes a bracket, in words.
fn closing(open: SyntaxKind) -> &'static str {
    match open {
        L_BRACE => "`}`",
        L_BRACKET => "`]`",
        LT => "`>`",
        _ => "`)`",
    }
}

/// A node that has begun.
struct Marker {
    at: u32,
}

impl Marker {
    fn complete(self, p: &mut Parser<'_>, kind: SyntaxKind) -> CompletedMarker {
        p.events[self.at as usize] = Event::Start { kind, forward_parent: None };
        p.events.push(Event::Finish);
        CompletedMarker { at: self.at, kind }
    }

    /// Takes the beginning back; what came after it stays.
    fn abandon(self, p: &mut Parser<'_>) {
        if self.at as usize == p.events.len() - 1 {
            p.events.pop();
        }
    }
}

/// A node that has ended.
#[derive(Clone, Copy)]
struct CompletedMarker {
    at: u32,
    kind: SyntaxKind,
}

impl CompletedMarker {
    /// Begins a node around this one.
    fn precede(self, p: &mut Parser<'_>) -> Marker {
        let m = p.start();
        if let Event::Start { forward_parent, .. } | Event::Alone { forward_parent, .. } =
            &mut p.events[self.at as usize]
        {
            *forward_parent = NonZeroU32::new(m.at - self.at);
        }
        m
    }

    fn kind(self) -> SyntaxKind {
        self.kind
    }
}
