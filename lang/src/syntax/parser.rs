//! Tokens to a lossless tree. Parsing never fails: what cannot be parsed becomes an error node.
//!
//! The parser sees only tokens that carry meaning and writes *events*; the sink turns events and
//! all tokens, white space and comments included, into the tree. One function is one production of
//! `kiln.ungram`. A function called `opt_…` may produce nothing; any other produces its node or an
//! error.
//!
//! Statements end at a newline, so the parser knows for each token whether a line break comes
//! before it. Between round and square brackets and in sets, line breaks mean nothing; but a line
//! that begins like a setting ends even an unclosed set, so that one missing `}` costs one line.

mod deps;
mod exprs;
mod items;
mod sink;
mod strings;
mod types;

use rowan::{GreenNode, TextRange, TextSize};

use super::SyntaxKind::{self, *};
use super::error::{SyntaxError, SyntaxErrorKind};
use super::lexer::{self, Token};
use super::token_set::TokenSet;

/// How deep blocks, brackets and operators may nest. The parser and everything after it recurse
/// with the tree; hand-written files stay below 20.
pub(crate) const DEPTH_MAX: u32 = 200;

/// How often the parser may look at a token without consuming one. Reaching it is a bug of ours.
const FUEL: u32 = 4096;

/// Parses a whole file.
pub(crate) fn parse_file(text: &str) -> (GreenNode, Vec<SyntaxError>) {
    parse_with(text, items::file)
}

/// Parses the text of one spec, such as `curl[http2, ~ldap]`.
pub(crate) fn parse_spec(text: &str) -> (GreenNode, Vec<SyntaxError>) {
    parse_with(text, |p| {
        let m = p.start();
        deps::want_spec(p);
        p.rest_is_error();
        m.complete(p, FILE);
    })
}

/// Parses the text of one expression.
pub(crate) fn parse_expr(text: &str) -> (GreenNode, Vec<SyntaxError>) {
    parse_with(text, |p| {
        let m = p.start();
        p.newlines_free(exprs::expr);
        p.rest_is_error();
        m.complete(p, FILE);
    })
}

fn parse_with(
    text: &str,
    production: impl FnOnce(&mut Parser<'_>),
) -> (GreenNode, Vec<SyntaxError>) {
    let (tokens, lex_errors) = lexer::lex(text);
    let mut parser = Parser::new(text, &tokens);
    production(&mut parser);
    let Parser { events, mut errors, .. } = parser;
    errors.extend(lex_errors.into_iter().map(SyntaxError::from));
    errors.sort_by_key(|it| (it.range.start(), it.range.end()));
    (sink::build(text, &tokens, events), errors)
}

/// What the parser writes down.
#[derive(Debug)]
enum Event {
    /// A node begins. `forward_parent` counts events ahead to a node that is to be its parent.
    Start { kind: SyntaxKind, forward_parent: Option<u32> },
    /// The node that began last and has not ended ends.
    Finish,
    /// The next meaningful token, as this kind.
    Token { kind: SyntaxKind },
    /// A start that turned out to be none.
    Tombstone,
}

/// A token that carries meaning.
#[derive(Clone, Copy)]
struct Meaningful {
    kind: SyntaxKind,
    start: u32,
    len: u32,
    /// Whether a line break comes before it.
    after_newline: bool,
}

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Meaningful>,
    at: usize,
    events: Vec<Event>,
    errors: Vec<SyntaxError>,
    /// Whether line breaks mean nothing here.
    newlines_free: bool,
    /// The first token of the current statement: the line break before it does not end it.
    statement_start: usize,
    depth: u32,
    fuel: std::cell::Cell<u32>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, tokens: &[Token]) -> Self {
        let mut meaningful = Vec::with_capacity(tokens.len() / 2 + 1);
        let mut start = 0;
        let mut after_newline = true;
        for token in tokens {
            match token.kind {
                WHITESPACE => {
                    let slice = &text.as_bytes()[start as usize..(start + token.len) as usize];
                    after_newline |= slice.contains(&b'\n');
                }
                COMMENT | DOC | INNER_DOC => {}
                kind => {
                    meaningful.push(Meaningful { kind, start, len: token.len, after_newline });
                    after_newline = false;
                }
            }
            start += token.len;
        }
        Parser {
            text,
            tokens: meaningful,
            at: 0,
            events: Vec::with_capacity(tokens.len() * 2),
            errors: Vec::new(),
            newlines_free: false,
            statement_start: 0,
            depth: 0,
            fuel: std::cell::Cell::new(FUEL),
        }
    }

    //------ looking

    /// The kind of the token `n` places ahead, whatever line it is on.
    fn nth(&self, n: usize) -> Option<SyntaxKind> {
        let fuel = self.fuel.get();
        assert!(fuel > 0, "the parser is stuck at token {} of {}", self.at, self.tokens.len());
        self.fuel.set(fuel - 1);
        self.tokens.get(self.at + n).map(|it| it.kind)
    }

    /// The kind of the current token, unless the statement has ended before it.
    fn current(&self) -> Option<SyntaxKind> {
        if self.at_line_end() { None } else { self.nth(0) }
    }

    fn text_of(&self, n: usize) -> &'t str {
        match self.tokens.get(self.at + n) {
            Some(token) => &self.text[token.start as usize..(token.start + token.len) as usize],
            None => "",
        }
    }

    fn at_eof(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Whether the token `n` places ahead begins a line.
    fn newline_before(&self, n: usize) -> bool {
        self.tokens.get(self.at + n).is_none_or(|it| it.after_newline)
    }

    /// Whether a line break ends the statement before the current token.
    fn at_line_end(&self) -> bool {
        self.at_eof()
            || (!self.newlines_free && self.newline_before(0) && self.at != self.statement_start)
    }

    fn at(&self, kind: SyntaxKind) -> bool {
        self.current() == Some(kind)
    }

    fn at_any(&self, set: TokenSet) -> bool {
        self.current().is_some_and(|it| set.contains(it))
    }

    /// Whether the current token is this word, which is a keyword here.
    fn at_word(&self, word: &str) -> bool {
        self.at(IDENT) && self.text_of(0) == word
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

    /// Whether the tokens from `n` on look like the beginning of a setting: `name =`, `a.b +=`.
    fn looks_like_setting(&self, mut n: usize) -> bool {
        loop {
            if !self.nth_is_name(n) {
                return false;
            }
            match self.nth(n + 1) {
                Some(EQ | PLUS_EQ | MINUS_EQ) => return true,
                Some(DOT) => n += 2,
                _ => return false,
            }
        }
    }

    /// Whether a new line begins here that looks like an item: lists that were not closed end.
    fn at_item_on_new_line(&self) -> bool {
        !self.at_eof()
            && self.newline_before(0)
            && (self.looks_like_setting(0) || items::looks_like_keyword_item(self))
    }

    //------ consuming

    fn bump(&mut self) {
        if let Some(token) = self.tokens.get(self.at) {
            let kind = token.kind;
            self.bump_as(kind);
        }
    }

    fn bump_as(&mut self, kind: SyntaxKind) {
        self.fuel.set(FUEL);
        self.events.push(Event::Token { kind });
        self.at += 1;
    }

    /// Consumes the current word as the keyword that it is.
    fn bump_keyword(&mut self) {
        let kind = SyntaxKind::keyword(self.text_of(0)).unwrap_or(IDENT);
        self.bump_as(kind);
    }

    fn eat(&mut self, kind: SyntaxKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
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

    /// Consumes the closing bracket of what began at token `open`, or reports that it is missing.
    fn expect_close(&mut self, kind: SyntaxKind, open: usize) {
        let free = std::mem::replace(&mut self.newlines_free, true);
        if !self.at_item_on_new_line() && self.at(kind) {
            self.bump();
        } else {
            let opened = self.range_of(open);
            // It belongs behind what came last, not before what begins the next line.
            let range = match self.at.checked_sub(1) {
                Some(last) if self.newline_before(0) => TextRange::empty(self.range_of(last).end()),
                _ => self.here(),
            };
            let close = kind.describe();
            self.errors
                .push(SyntaxError { kind: SyntaxErrorKind::Unclosed { close, opened }, range });
        }
        self.newlines_free = free;
    }

    /// What stands here, in words, for a message.
    fn found(&self) -> String {
        match self.tokens.get(self.at) {
            None => "the end of the file".to_owned(),
            Some(_) if self.at_line_end() => "the end of the line".to_owned(),
            Some(token) if matches!(token.kind, STRING_OPEN | STRING_TEXT | STRING_CLOSE) => {
                "a string".to_owned()
            }
            Some(_) => format!("`{}`", self.text_of(0).escape_debug()),
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
    fn here(&self) -> TextRange {
        if self.at_line_end() && self.at > 0 {
            TextRange::empty(self.range_of(self.at - 1).end())
        } else {
            self.range_of(self.at)
        }
    }

    fn error(&mut self, kind: SyntaxErrorKind) {
        let range = self.here();
        // One mistake, one message: a second complaint about the same place says nothing new.
        if self.errors.last().is_none_or(|it| it.range != range) {
            self.errors.push(SyntaxError { kind, range });
        }
    }

    fn expected(&mut self, what: &'static str) {
        let found = self.found();
        self.error(SyntaxErrorKind::Expected { what, found });
    }

    /// Puts the tokens up to the end of the statement into an error node.
    fn skip_statement(&mut self) {
        if self.at_statement_end() {
            return;
        }
        let m = self.start();
        let mut open = 0_u32;
        loop {
            match self.nth(0) {
                None => break,
                Some(L_PAREN | L_BRACKET | L_BRACE | INTERPOLATION_OPEN) => open += 1,
                Some(R_PAREN | R_BRACKET) => open = open.saturating_sub(1),
                Some(R_BRACE) if open == 0 => break,
                Some(R_BRACE) => open -= 1,
                Some(SEMICOLON) if open == 0 => break,
                Some(_) => {}
            }
            self.bump();
            if self.newline_before(0) && (open == 0 || self.at_item_on_new_line()) {
                break;
            }
        }
        m.complete(self, ERROR);
    }

    fn at_statement_end(&self) -> bool {
        self.at_line_end() || matches!(self.nth(0), Some(SEMICOLON | R_BRACE) | None)
    }

    /// Everything that is left is an error.
    fn rest_is_error(&mut self) {
        if !self.at_eof() {
            self.newlines_free = true;
            self.expected("nothing more");
            let m = self.start();
            while !self.at_eof() {
                self.bump();
            }
            m.complete(self, ERROR);
        }
    }

    //------ state

    /// Runs `production` where line breaks mean nothing.
    fn newlines_free<T>(&mut self, production: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.newlines_free, true);
        let result = production(self);
        self.newlines_free = outer;
        result
    }

    /// Runs `production` where line breaks end statements.
    fn newlines_end<T>(&mut self, production: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.newlines_free, false);
        let result = production(self);
        self.newlines_free = outer;
        result
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
        let m = self.start();
        let mut open = 0_u32;
        while let Some(kind) = self.nth(0) {
            match kind {
                L_PAREN | L_BRACKET | L_BRACE | INTERPOLATION_OPEN => open += 1,
                R_PAREN | R_BRACKET | R_BRACE if open == 0 => break,
                R_PAREN | R_BRACKET | R_BRACE => open -= 1,
                _ => {}
            }
            self.bump();
            if open == 0 {
                break;
            }
        }
        m.complete(self, ERROR);
    }

    //------ nodes

    fn start(&mut self) -> Marker {
        let at = self.events.len() as u32;
        self.events.push(Event::Tombstone);
        Marker { at }
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
        if let Event::Start { forward_parent, .. } = &mut p.events[self.at as usize] {
            *forward_parent = Some(m.at - self.at);
        }
        m
    }

    fn kind(self) -> SyntaxKind {
        self.kind
    }
}
