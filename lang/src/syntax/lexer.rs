//! Text to tokens. Every byte ends up in a token, and lexing never fails.
//!
//! logos finds the ordinary tokens. Strings are scanned by hand, because what ends one depends on
//! what began it, and because an interpolation `\(…)` holds ordinary tokens again: a stack
//! remembers the strings that are open. Rules: `spec/lang/lexical.md`.

use logos::Logos;
use text_size::{TextRange, TextSize};

use super::SyntaxKind::{self, *};

/// A token: its kind and its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: SyntaxKind,
    pub(crate) len: u32,
}

/// What is wrong with the text of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LexError {
    pub(crate) kind: LexErrorKind,
    pub(crate) range: TextRange,
}

/// What is wrong with the text of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LexErrorKind {
    /// The string that begins here has no end on its line, or at all if it is a `"""` string.
    UnclosedString,
    /// The pattern that begins here has no end on its line.
    UnclosedPattern,
    /// The interpolation that begins here has no `)`.
    UnclosedInterpolation,
    /// Characters that begin no token.
    UnknownCharacters,
    /// `'text'`: taken for a string.
    SingleQuotes,
    /// `# text`: taken for a comment.
    HashComment,
    /// `/* text */`: taken for a comment.
    BlockComment,
}

/// How deep strings may lie in interpolations of strings. A hand writes two or three levels.
const STRING_DEPTH_MAX: usize = 32;

#[derive(Logos, Debug, Clone, Copy, PartialEq, Eq)]
enum Raw {
    #[regex(r"[ \t\r\n\u{feff}]+")]
    Whitespace,
    #[regex(r"//[^\n]*", allow_greedy = true)]
    Comment,
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*")]
    Ident,
    #[regex(r"[0-9][0-9_]*")]
    #[regex(r"0x[0-9a-fA-F_]+")]
    Int,
    #[regex(r"[0-9]+(\.[0-9A-Za-z_]+)+([-+~][0-9A-Za-z_]+(\.[0-9A-Za-z_]+)*)*")]
    #[regex(
        r"[0-9]+[A-Za-z][0-9A-Za-z_]*(\.[0-9A-Za-z_]+)*([-+~][0-9A-Za-z_]+(\.[0-9A-Za-z_]+)*)*",
        priority = 1
    )]
    Version,
    #[regex(r"[0-9]+(\.[0-9A-Za-z_]+)*\.\*")]
    Series,
    #[regex(r#"(sh)?#*""#)]
    StringOpen,
    #[token("/")]
    Slash,
    #[token("=")]
    Eq,
    #[token("+=")]
    PlusEq,
    #[token("-=")]
    MinusEq,
    #[token("==")]
    EqEq,
    #[token("!=")]
    Neq,
    #[token("<=")]
    Le,
    #[token(">=")]
    Ge,
    #[token("<")]
    Lt,
    #[token(">")]
    Gt,
    #[token("=>")]
    FatArrow,
    #[token("->")]
    Arrow,
    #[token("..")]
    DotDot,
    #[token("..=")]
    DotDotEq,
    #[token(".")]
    Dot,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,
    #[token("(")]
    LParen,
    #[token(")")]
    RParen,
    #[token("[")]
    LBracket,
    #[token("]")]
    RBracket,
    #[token("{")]
    LBrace,
    #[token("}")]
    RBrace,
    #[token("|")]
    Pipe,
    #[token("&")]
    Amp,
    #[token("!")]
    Bang,
    #[token("~")]
    Tilde,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("%")]
    Percent,
    #[token("?")]
    Question,
    #[token("@")]
    At,
}

/// A string that is open while the tokens of an interpolation in it are read.
struct OpenString {
    delimiter: Delimiter,
    /// Where its interpolation began.
    interpolation: usize,
    /// How many `(` inside the interpolation wait for their `)`.
    parens: u32,
    /// How many brackets of other kinds wait for theirs.
    brackets: u32,
}

/// What ends a string, and what begins an interpolation in it.
#[derive(Clone, Copy)]
struct Delimiter {
    start: usize,
    hashes: usize,
    triple: bool,
    /// In shell text a backslash is the shell's, unless it begins an interpolation.
    shell: bool,
    /// How deep the line is indented that it begins on.
    indent: usize,
}

/// Splits `text` into tokens.
///
/// If a long string has no end, the text is read once more with an eye on its layout: there, a long
/// string also ends before a line that is indented no deeper than the line it begins on, and an
/// interpolation with its line. Then one forgotten `"""` costs one string.
pub(crate) fn lex(text: &str) -> (Vec<Token>, Vec<LexError>) {
    let plain = lex_with(text, false);
    if !plain.2 {
        return (plain.0, plain.1);
    }
    let by_layout = lex_with(text, true);
    let better = if by_layout.1.len() <= plain.1.len() { by_layout } else { plain };
    (better.0, better.1)
}

/// Returns tokens, errors, and whether a long string has no end.
fn lex_with(text: &str, by_layout: bool) -> (Vec<Token>, Vec<LexError>, bool) {
    let mut lexer = Lexer {
        by_layout,
        lost: false,
        text,
        raw: Raw::lexer(text),
        // A token of a recipe has three to four bytes, white space counted.
        tokens: Vec::with_capacity(text.len() / 3),
        errors: Vec::new(),
        strings: Vec::new(),
        no_comment_ends: false,
    };
    lexer.run();
    (lexer.tokens, lexer.errors, lexer.lost)
}

struct Lexer<'a> {
    text: &'a str,
    raw: logos::Lexer<'a, Raw>,
    tokens: Vec<Token>,
    errors: Vec<LexError>,
    strings: Vec<OpenString>,
    /// Whether the layout tells where long strings end.
    by_layout: bool,
    /// Whether a long string, or an interpolation in one, has no end.
    lost: bool,
    /// Whether no `*/` comes any more.
    no_comment_ends: bool,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(raw) = self.raw.next() {
            let span = self.raw.span();
            let Ok(raw) = raw else {
                self.other(span.start, span.end);
                continue;
            };
            match raw {
                Raw::StringOpen => self.open_string(span.start),
                Raw::Slash if self.raw.remainder().starts_with('*') => {
                    self.block_comment(span.start)
                }
                Raw::Slash => self.regex(span.start),
                Raw::Int => self.number(),
                // `2GiB` looks like a version with letters in it.
                Raw::Version if is_quantity(self.raw.slice()) => self.push(QUANTITY, span.len()),
                Raw::LParen => {
                    if let Some(string) = self.strings.last_mut() {
                        string.parens += 1;
                    }
                    self.push(L_PAREN, 1);
                }
                Raw::RParen => {
                    self.push(R_PAREN, 1);
                    match self.strings.last_mut() {
                        Some(string) if string.parens > 0 => string.parens -= 1,
                        Some(_) => {
                            if let Some(string) = self.strings.pop() {
                                self.string_text(string.delimiter);
                            }
                        }
                        None => {}
                    }
                }
                Raw::Whitespace if self.ends_open_line() => self.end_strings_at_newline(span.start),
                Raw::Whitespace if self.ends_interpolation() => {
                    self.end_interpolation(span.start);
                }
                Raw::LBracket | Raw::LBrace => {
                    if let Some(string) = self.strings.last_mut() {
                        string.brackets += 1;
                    }
                    self.push(plain(raw), 1);
                }
                Raw::RBracket | Raw::RBrace => {
                    if let Some(string) = self.strings.last_mut() {
                        string.brackets = string.brackets.saturating_sub(1);
                    }
                    self.push(plain(raw), 1);
                }
                Raw::Comment => self.push(comment(self.raw.slice()), span.len()),
                other => self.push(plain(other), span.len()),
            }
        }
        for string in std::mem::take(&mut self.strings) {
            self.lost |= string.delimiter.triple;
            let at = string.interpolation;
            self.error(LexErrorKind::UnclosedInterpolation, at, at + 2 + string.delimiter.hashes);
        }
    }

    /// Whether the white space just read ends the line of a one-line string that is open.
    fn ends_open_line(&self) -> bool {
        self.strings.iter().any(|it| !it.delimiter.triple) && self.raw.slice().contains('\n')
    }

    /// Whether the white space just read ends an interpolation of a long string, by its layout.
    fn ends_interpolation(&self) -> bool {
        self.by_layout
            && self.strings.last().is_some_and(|it| it.parens == 0 && it.brackets == 0)
            && self.raw.slice().contains('\n')
    }

    /// Goes on with the text of a string whose interpolation has no `)` on its line.
    fn end_interpolation(&mut self, start: usize) {
        let Some(string) = self.strings.pop() else { return };
        let at = string.interpolation;
        let end = at + 2 + string.delimiter.hashes;
        self.error(LexErrorKind::UnclosedInterpolation, at, end);
        self.raw = Raw::lexer(self.text);
        self.raw.bump(start);
        self.string_text(string.delimiter);
    }

    /// A one-line string with an unclosed interpolation ends with its line, or the rest of the
    /// file would be read in the wrong state.
    fn end_strings_at_newline(&mut self, start: usize) {
        self.push(WHITESPACE, self.raw.span().end - start);
        while let Some(at) = self.strings.iter().position(|it| !it.delimiter.triple) {
            for string in self.strings.drain(at..).collect::<Vec<_>>() {
                let at = string.interpolation;
                let end = at + 2 + string.delimiter.hashes;
                self.error(LexErrorKind::UnclosedInterpolation, at, end);
            }
        }
    }

    fn push(&mut self, kind: SyntaxKind, len: usize) {
        if len > 0 {
            self.tokens.push(Token { kind, len: len as u32 });
        }
    }

    fn error(&mut self, kind: LexErrorKind, start: usize, end: usize) {
        let end = end.min(self.text.len()).max(start);
        let range = TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32));
        self.errors.push(LexError { kind, range });
    }

    /// What begins no token of Kiln: a token of other languages, or nothing that is known.
    fn other(&mut self, start: usize, end: usize) {
        let text = self.text;
        match text.as_bytes()[start] {
            b'#' if self.strings.is_empty() => {
                let stop = text[start..].find('\n').map_or(text.len(), |it| start + it);
                let stop = start + text[start..stop].trim_end_matches('\r').len();
                self.raw.bump(stop.max(end) - end);
                self.push(COMMENT, stop.max(end) - start);
                self.error(LexErrorKind::HashComment, start, stop.max(end));
            }
            b'\'' => self.single_quotes(start, end),
            _ => self.unknown(start, end),
        }
    }

    /// `'text'`, or over several lines between `''` or `'''`: a string, in all but its quotes.
    fn single_quotes(&mut self, start: usize, end: usize) {
        let rest = &self.text[start..];
        let quotes = rest.bytes().take_while(|&it| it == b'\'').count().min(3);
        let is_long = quotes == 3
            || quotes == 2 && rest[2..].trim_start_matches([' ', '\t', '\r']).starts_with('\n');
        let marks = if is_long { quotes } else { 1 };
        let line = if is_long { rest.len() } else { rest.find('\n').unwrap_or(rest.len()) };
        // An apostrophe has no second one on its line.
        let Some(inner) = rest[marks..line.max(marks)].find(&rest[..marks]) else {
            return self.unknown(start, end);
        };
        let whole = inner + 2 * marks;
        self.raw.bump((start + whole).saturating_sub(end));
        self.push(STRING_OPEN, marks);
        self.push(STRING_TEXT, inner);
        self.push(STRING_CLOSE, marks);
        self.error(LexErrorKind::SingleQuotes, start, start + whole);
    }

    /// `/* text */`: no pattern begins with `*`.
    fn block_comment(&mut self, start: usize) {
        let rest = &self.text[start..];
        let line = rest.find('\n').unwrap_or(rest.len());
        let end = if self.no_comment_ends { None } else { rest[2..].find("*/") };
        // Looked for once: what is not there is not there from further behind either.
        self.no_comment_ends = end.is_none();
        let len = end.map_or(line, |it| it + 4);
        self.raw.bump(len - 1);
        self.push(COMMENT, len);
        self.error(LexErrorKind::BlockComment, start, start + len);
    }

    /// Neighbouring unknown characters become one token and one error.
    fn unknown(&mut self, start: usize, end: usize) {
        let len = (end - start) as u32;
        if let (Some(last), Some(error)) = (self.tokens.last_mut(), self.errors.last_mut())
            && last.kind == ERROR_TOKEN
            && error.range.end() == TextSize::new(start as u32)
        {
            last.len += len;
            error.range = TextRange::new(error.range.start(), TextSize::new(end as u32));
            return;
        }
        self.tokens.push(Token { kind: ERROR_TOKEN, len });
        self.error(LexErrorKind::UnknownCharacters, start, end);
    }

    /// A number, with the unit behind it if there is one: `64 B`, `30 s`.
    fn number(&mut self) {
        let digits = self.raw.slice().len();
        let rest = self.raw.remainder();
        let space = usize::from(rest.starts_with(' '));
        let word = rest[space..]
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
            .unwrap_or(rest.len() - space);
        if is_unit(&rest[space..space + word]) {
            self.raw.bump(space + word);
            self.push(QUANTITY, digits + space + word);
        } else {
            self.push(INT, digits);
        }
    }

    fn regex(&mut self, start: usize) {
        let mut escaped = false;
        for (at, c) in self.raw.remainder().char_indices() {
            match c {
                '\n' => break,
                '/' if !escaped => {
                    self.raw.bump(at + 1);
                    return self.push(REGEX, at + 2);
                }
                _ => escaped = c == '\\' && !escaped,
            }
        }
        let line = self.raw.remainder().find('\n').unwrap_or(self.raw.remainder().len());
        let line = self.raw.remainder()[..line].trim_end_matches('\r').len();
        self.raw.bump(line);
        self.push(REGEX, line + 1);
        self.error(LexErrorKind::UnclosedPattern, start, start + line + 1);
    }

    fn open_string(&mut self, start: usize) {
        let slice = self.raw.slice();
        let shell = slice.starts_with("sh");
        let hashes = slice.bytes().filter(|&it| it == b'#').count();
        let triple = self.raw.remainder().starts_with("\"\"");
        // `""` is an empty string, `"""` opens a long one.
        if triple {
            self.raw.bump(2);
        }
        self.push(STRING_OPEN, slice.len() + if triple { 2 } else { 0 });
        let indent = if self.by_layout && triple { self.indent_at(start) } else { 0 };
        self.string_text(Delimiter { start, hashes, triple, shell, indent });
    }

    /// How deep the line of the byte at `start` is indented.
    fn indent_at(&self, start: usize) -> usize {
        // A line that is longer than this has no layout.
        let from = start.saturating_sub(1000);
        let before = &self.text.as_bytes()[from..start];
        let line = before.iter().rposition(|&it| it == b'\n').map_or(0, |it| it + 1);
        before[line..].iter().take_while(|it| matches!(it, b' ' | b'\t')).count()
    }

    /// Reads the text of a string up to its end or its next interpolation.
    fn string_text(&mut self, delimiter: Delimiter) {
        let rest = self.raw.remainder();
        let bytes = rest.as_bytes();
        let quotes = if delimiter.triple { 3 } else { 1 };
        let closes = |at: usize| {
            let end = at + quotes + delimiter.hashes;
            bytes.len() >= end
                && bytes[at..at + quotes].iter().all(|&it| it == b'"')
                && bytes[at + quotes..end].iter().all(|&it| it == b'#')
        };
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'"' if closes(at) => {
                    // In `"""…""""` the last three quotes close.
                    while delimiter.triple && bytes.get(at + 3) == Some(&b'"') && closes(at + 1) {
                        at += 1;
                    }
                    let close = quotes + delimiter.hashes;
                    self.raw.bump(at + close);
                    self.push(STRING_TEXT, at);
                    return self.push(STRING_CLOSE, close);
                }
                b'\n' if !delimiter.triple => break,
                b'\n' if self.by_layout && leaves(&bytes[at + 1..], delimiter.indent) => break,
                b'\\' => {
                    let after = at + 1 + delimiter.hashes;
                    let hashes =
                        bytes.len() > after && bytes[at + 1..after].iter().all(|&it| it == b'#');
                    if hashes && bytes[after] == b'(' && self.strings.len() < STRING_DEPTH_MAX {
                        let interpolation = self.raw.span().end + at;
                        self.raw.bump(after + 1);
                        self.push(STRING_TEXT, at);
                        self.push(INTERPOLATION_OPEN, after + 1 - at);
                        let open = OpenString { delimiter, interpolation, parens: 0, brackets: 0 };
                        return self.strings.push(open);
                    }
                    // An escaped character is no delimiter; shell text and `#` strings have none.
                    let escapes = !delimiter.shell && delimiter.hashes == 0;
                    at += if escapes && bytes.get(at + 1).is_some_and(|&it| it != b'\n') {
                        2
                    } else {
                        1
                    };
                }
                _ => at += 1,
            }
        }
        let mut end = at.min(bytes.len());
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        if !delimiter.triple {
            // A comma at the end of the line stands behind the string rather than in it.
            let line = rest[..end].trim_end();
            end = line.strip_suffix(',').unwrap_or(&rest[..end]).trim_end_matches('\r').len();
        }
        // What was open inside the interpolation cannot be told any more.
        if let Some(string) = self.strings.last_mut()
            && self.by_layout
        {
            (string.parens, string.brackets) = (0, 0);
        }
        self.raw.bump(end);
        self.push(STRING_TEXT, end);
        self.lost |= delimiter.triple;
        // In an interpolation it is rather the end of the string around, and a `)` is missing.
        if self.strings.last().is_none_or(|it| it.delimiter.triple || delimiter.triple) {
            let marks = quotes + delimiter.hashes + if delimiter.shell { 2 } else { 0 };
            self.error(LexErrorKind::UnclosedString, delimiter.start, delimiter.start + marks);
        }
    }
}

/// Whether the first line of `rest` is indented no deeper than `indent`, and says something other
/// than the end of a long string.
fn leaves(rest: &[u8], indent: usize) -> bool {
    let spaces = rest.iter().take(indent + 1).take_while(|it| matches!(it, b' ' | b'\t')).count();
    let line = &rest[spaces..];
    spaces <= indent
        && !matches!(line.first(), None | Some(b'\n' | b'\r'))
        && !line.starts_with(b"\"\"\"")
}

/// Whether `text` is digits with a unit right behind them.
fn is_quantity(text: &str) -> bool {
    is_unit(text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_'))
}

/// Whether `word` is a unit of size or time.
fn is_unit(word: &str) -> bool {
    matches!(
        word,
        "B" | "KiB" | "MiB" | "GiB" | "TiB" | "ns" | "us" | "ms" | "s" | "min" | "h" | "d"
    )
}

fn comment(slice: &str) -> SyntaxKind {
    if slice.starts_with("//!") {
        INNER_DOC
    } else if slice.starts_with("///") && !slice.starts_with("////") {
        DOC
    } else {
        COMMENT
    }
}

/// What a token is where no text decides it: a table, as nothing here is computed.
fn plain(raw: Raw) -> SyntaxKind {
    match raw {
        Raw::Whitespace => WHITESPACE,
        Raw::Comment => COMMENT,
        Raw::Ident => IDENT,
        Raw::Int => INT,
        Raw::Version => VERSION,
        Raw::Series => SERIES,
        Raw::StringOpen => STRING_OPEN,
        Raw::Slash => REGEX,
        Raw::Eq => EQ,
        Raw::PlusEq => PLUS_EQ,
        Raw::MinusEq => MINUS_EQ,
        Raw::EqEq => EQ_EQ,
        Raw::Neq => NEQ,
        Raw::Le => LE,
        Raw::Ge => GE,
        Raw::Lt => LT,
        Raw::Gt => GT,
        Raw::FatArrow => FAT_ARROW,
        Raw::Arrow => ARROW,
        Raw::DotDot => DOT_DOT,
        Raw::DotDotEq => DOT_DOT_EQ,
        Raw::Dot => DOT,
        Raw::Comma => COMMA,
        Raw::Colon => COLON,
        Raw::Semicolon => SEMICOLON,
        Raw::LParen => L_PAREN,
        Raw::RParen => R_PAREN,
        Raw::LBracket => L_BRACKET,
        Raw::RBracket => R_BRACKET,
        Raw::LBrace => L_BRACE,
        Raw::RBrace => R_BRACE,
        Raw::Pipe => PIPE,
        Raw::Amp => AMP,
        Raw::Bang => BANG,
        Raw::Tilde => TILDE,
        Raw::Plus => PLUS,
        Raw::Minus => MINUS,
        Raw::Star => STAR,
        Raw::Percent => PERCENT,
        Raw::Question => QUESTION,
        Raw::At => AT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let (tokens, errors) = lex(text);
        let mut actual = String::new();
        let mut at = 0;
        for token in &tokens {
            let end = at + token.len as usize;
            if token.kind != WHITESPACE {
                actual += &format!("{:?} {:?}\n", token.kind, &text[at..end]);
            }
            at = end;
        }
        assert_eq!(at, text.len(), "every byte is in a token");
        for error in errors {
            actual += &format!("{:?} {:?}\n", error.kind, &text[error.range]);
        }
        expected.assert_eq(&actual);
    }

    #[test]
    fn names_may_have_hyphens_inside_and_minus_needs_spaces() {
        check(
            "rdma-core a - b a-1 x-= 2",
            expect![[r#"
                IDENT "rdma-core"
                IDENT "a"
                MINUS "-"
                IDENT "b"
                IDENT "a-1"
                IDENT "x"
                MINUS_EQ "-="
                INT "2"
            "#]],
        );
    }

    #[test]
    fn versions_series_quantities_and_ranges_are_told_apart() {
        check(
            "24.10 1.1.1w 3 3.* 1.10.* 64 B 2GiB 30 s 64 Bytes 1..=65536 1.0-rc1 9e 0x1F 7zip",
            expect![[r#"
                VERSION "24.10"
                VERSION "1.1.1w"
                INT "3"
                SERIES "3.*"
                SERIES "1.10.*"
                QUANTITY "64 B"
                QUANTITY "2GiB"
                QUANTITY "30 s"
                INT "64"
                IDENT "Bytes"
                INT "1"
                DOT_DOT_EQ "..="
                INT "65536"
                VERSION "1.0-rc1"
                VERSION "9e"
                INT "0x1F"
                VERSION "7zip"
            "#]],
        );
    }

    #[test]
    fn strings_hold_interpolations_that_hold_strings() {
        check(
            r#""a\(f("x\(y)") + (1))b" c"#,
            expect![[r#"
                STRING_OPEN "\""
                STRING_TEXT "a"
                INTERPOLATION_OPEN "\\("
                IDENT "f"
                L_PAREN "("
                STRING_OPEN "\""
                STRING_TEXT "x"
                INTERPOLATION_OPEN "\\("
                IDENT "y"
                R_PAREN ")"
                STRING_CLOSE "\""
                R_PAREN ")"
                PLUS "+"
                L_PAREN "("
                INT "1"
                R_PAREN ")"
                R_PAREN ")"
                STRING_TEXT "b"
                STRING_CLOSE "\""
                IDENT "c"
            "#]],
        );
    }

    #[test]
    fn shell_text_keeps_backslashes_and_hashes_change_the_interpolation() {
        check(
            "sh\"\"\"sed 's/\\\\(a\\\\)/\"\"/'\"\"\" sh#\"\\(a\\)\\#(x)\"# \"\"",
            expect![[r##"
                STRING_OPEN "sh\"\"\""
                STRING_TEXT "sed 's/\\"
                INTERPOLATION_OPEN "\\("
                IDENT "a"
                ERROR_TOKEN "\\\\"
                R_PAREN ")"
                STRING_TEXT "/\"\"/'"
                STRING_CLOSE "\"\"\""
                STRING_OPEN "sh#\""
                STRING_TEXT "\\(a\\)"
                INTERPOLATION_OPEN "\\#("
                IDENT "x"
                R_PAREN ")"
                STRING_CLOSE "\"#"
                STRING_OPEN "\""
                STRING_CLOSE "\""
                UnknownCharacters "\\\\"
            "##]],
        );
    }

    #[test]
    fn an_unclosed_string_ends_with_its_line() {
        check(
            "a = \"b\nc = \"\\(d\ne = 1",
            expect![[r#"
                IDENT "a"
                EQ "="
                STRING_OPEN "\""
                STRING_TEXT "b"
                IDENT "c"
                EQ "="
                STRING_OPEN "\""
                INTERPOLATION_OPEN "\\("
                IDENT "d"
                IDENT "e"
                EQ "="
                INT "1"
                UnclosedString "\""
                UnclosedInterpolation "\\("
            "#]],
        );
    }

    #[test]
    fn patterns_end_on_their_line() {
        check(
            "/[a-z]\\/+/ /open\nx // comment",
            expect![[r#"
                REGEX "/[a-z]\\/+/"
                REGEX "/open"
                IDENT "x"
                COMMENT "// comment"
                UnclosedPattern "/open"
            "#]],
        );
    }

    #[test]
    fn four_quotes_at_the_end_are_a_quote_and_the_end() {
        check(
            "\"\"\"say \"hi\"\"\"\"",
            expect![[r#"
                STRING_OPEN "\"\"\""
                STRING_TEXT "say \"hi\""
                STRING_CLOSE "\"\"\""
            "#]],
        );
    }
}
