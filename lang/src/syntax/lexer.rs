//! Text to tokens. Every byte ends up in a token, or in white space or a comment between tokens, and
//! lexing never fails.
//!
//! The first byte of a token tells what it may be. What ends a string depends on what began it, and
//! an interpolation `\(…)` in it holds ordinary tokens again: a stack remembers the strings that are
//! open. Rules: `spec/lang/lexical.md`.

use text_size::{TextRange, TextSize};

use super::SyntaxKind::{self, *};
use super::brackets::{self, Pairing};

/// A token that carries meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: SyntaxKind,
    /// Of a name, the keyword that it is where the grammar asks for one; else the kind. Found once,
    /// as the parser asks again and again.
    pub(crate) word: SyntaxKind,
    /// Whether a line break comes before it.
    pub(crate) after_newline: bool,
    pub(crate) pairing: Pairing,
    pub(crate) start: u32,
    pub(crate) len: u32,
    /// The line it begins on, counted from 1 and without lines that have no token.
    pub(crate) line: u32,
    /// Of an opening bracket: the token that ends its group. That is its counterpart, or what comes
    /// behind the group if it has none.
    pub(crate) group_end: u32,
}

impl Token {
    pub(crate) fn end(&self) -> u32 {
        self.start + self.len
    }
}

/// White space or a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trivia {
    pub(crate) kind: SyntaxKind,
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// Which white space and comments are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// All of them: for editors and the formatter.
    All,
    /// Doc comments, and the blank lines that part them from what follows: for what asks only what
    /// the text means.
    Docs,
}

/// A text in tokens.
pub(crate) struct Lexed {
    /// What carries meaning, in order, with its brackets paired.
    pub(crate) tokens: Vec<Token>,
    /// What stands between, in order.
    pub(crate) trivia: Vec<Trivia>,
    pub(crate) errors: Vec<LexError>,
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

/// White space that some editors write at the beginning of a file.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How deep strings may lie in interpolations of strings. A hand writes two or three levels.
const STRING_DEPTH_MAX: usize = 32;

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
pub(crate) fn lex(text: &str, keep: Keep) -> Lexed {
    let (mut lexed, lost) = lex_with(text, keep, false);
    if lost {
        let (by_layout, _) = lex_with(text, keep, true);
        if by_layout.errors.len() <= lexed.errors.len() {
            lexed = by_layout;
        }
    }
    brackets::pair(text, &mut lexed.tokens);
    lexed
}

/// Returns the tokens, and whether a long string has no end.
fn lex_with(text: &str, keep: Keep, by_layout: bool) -> (Lexed, bool) {
    // A token of a recipe has three to four bytes, with the white space before it.
    let tokens = Vec::with_capacity(text.len() / 3);
    let mut lexer = Lexer {
        text,
        at: 0,
        lexed: Lexed { tokens, trivia: Vec::new(), errors: Vec::new() },
        keep,
        line: 0,
        after_newline: true,
        strings: Vec::new(),
        by_layout,
        lost: false,
        no_comment_ends: false,
    };
    lexer.run();
    (lexer.lexed, lexer.lost)
}

struct Lexer<'a> {
    text: &'a str,
    /// Where what comes next begins: all before it is in tokens and trivia.
    at: usize,
    lexed: Lexed,
    keep: Keep,
    /// The line of the last token.
    line: u32,
    /// Whether a line break has come since.
    after_newline: bool,
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
        while let Some(&first) = self.text.as_bytes().get(self.at) {
            match first {
                // Most white space is this, and is not kept where only the meaning is asked for.
                b' ' if self.keep == Keep::Docs && self.byte(1).is_some_and(|it| it > b' ') => {
                    self.at += 1;
                }
                b' ' | b'\n' | b'\t' | b'\r' => self.white_space(),
                b'A'..=b'Z' | b'a'..=b'z' | b'_' => self.word(),
                b'0'..=b'9' => self.number(),
                b'"' => self.open_string(0),
                b'#' => self.hash(),
                b'/' => match self.byte(1) {
                    Some(b'/') => self.comment(),
                    Some(b'*') => self.block_comment(),
                    _ => self.regex(),
                },
                b'(' => {
                    if let Some(string) = self.strings.last_mut() {
                        string.parens += 1;
                    }
                    self.push(L_PAREN, 1);
                }
                b')' => self.close_paren(),
                b'[' => self.open_bracket(L_BRACKET),
                b']' => self.close_bracket(R_BRACKET),
                b'{' => self.open_bracket(L_BRACE),
                b'}' => self.close_bracket(R_BRACE),
                b',' => self.push(COMMA, 1),
                b'.' => match (self.byte(1), self.byte(2)) {
                    (Some(b'.'), Some(b'=')) => self.push(DOT_DOT_EQ, 3),
                    (Some(b'.'), _) => self.push(DOT_DOT, 2),
                    _ => self.push(DOT, 1),
                },
                b'=' => match self.byte(1) {
                    Some(b'=') => self.push(EQ_EQ, 2),
                    Some(b'>') => self.push(FAT_ARROW, 2),
                    _ => self.push(EQ, 1),
                },
                b'-' => match self.byte(1) {
                    Some(b'=') => self.push(MINUS_EQ, 2),
                    Some(b'>') => self.push(ARROW, 2),
                    _ => self.push(MINUS, 1),
                },
                b'+' => self.with_equals(PLUS_EQ, PLUS),
                b'!' => self.with_equals(NEQ, BANG),
                b'<' => self.with_equals(LE, LT),
                b'>' => self.with_equals(GE, GT),
                b':' => self.push(COLON, 1),
                b';' => self.push(SEMICOLON, 1),
                b'|' => self.push(PIPE, 1),
                b'&' => self.push(AMP, 1),
                b'~' => self.push(TILDE, 1),
                b'*' => self.push(STAR, 1),
                b'%' => self.push(PERCENT, 1),
                b'?' => self.push(QUESTION, 1),
                b'@' => self.push(AT, 1),
                b'\'' => self.single_quotes(),
                _ if self.text[self.at..].starts_with(BYTE_ORDER_MARK) => self.white_space(),
                _ => self.unknown(),
            }
        }
        for string in std::mem::take(&mut self.strings) {
            self.lost |= string.delimiter.triple;
            self.unclosed_interpolation(&string);
        }
    }

    /// The byte `ahead` of the next one.
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// How many bytes in a row, from `ahead` on, are so.
    fn count(&self, ahead: usize, is: impl Fn(u8) -> bool) -> usize {
        let first = self.at + ahead;
        let mut at = first;
        while self.text.as_bytes().get(at).is_some_and(|&it| is(it)) {
            at += 1;
        }
        at - first
    }

    /// The next `len` bytes are a token.
    fn push(&mut self, kind: SyntaxKind, len: usize) {
        self.push_word(kind, kind, len);
    }

    fn push_word(&mut self, kind: SyntaxKind, word: SyntaxKind, len: usize) {
        if len == 0 {
            return;
        }
        self.line += u32::from(self.after_newline);
        self.lexed.tokens.push(Token {
            kind,
            word,
            after_newline: self.after_newline,
            pairing: Pairing::Fine,
            start: self.at as u32,
            len: len as u32,
            line: self.line,
            group_end: 0,
        });
        self.after_newline = false;
        self.at += len;
    }

    /// The next `len` bytes carry no meaning.
    fn push_trivia(&mut self, kind: SyntaxKind, len: usize) {
        let is_doc = matches!(kind, DOC | INNER_DOC);
        if is_doc || self.keep == Keep::All {
            self.lexed.trivia.push(Trivia { kind, start: self.at as u32, len: len as u32 });
        }
        self.at += len;
    }

    fn error(&mut self, kind: LexErrorKind, start: usize, end: usize) {
        let end = end.min(self.text.len()).max(start);
        let range = TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32));
        self.lexed.errors.push(LexError { kind, range });
    }

    //------ white space and comments

    fn white_space(&mut self) {
        let bytes = &self.text.as_bytes()[self.at..];
        let (mut len, mut lines) = (0, 0);
        loop {
            match bytes.get(len) {
                Some(b' ' | b'\t' | b'\r') => len += 1,
                Some(b'\n') => {
                    len += 1;
                    lines += 1;
                }
                Some(0xef) if bytes[len..].starts_with(BYTE_ORDER_MARK.as_bytes()) => {
                    len += BYTE_ORDER_MARK.len();
                }
                _ => break,
            }
        }
        if lines == 0 {
            return self.push_trivia(WHITESPACE, len);
        }
        let in_one_line = self.strings.iter().position(|it| !it.delimiter.triple);
        if in_one_line.is_none() && self.ends_interpolation() {
            return self.end_interpolation();
        }
        self.after_newline = true;
        if lines > 1 && self.keep == Keep::Docs && self.is_behind_doc() {
            self.lexed.trivia.push(Trivia {
                kind: WHITESPACE,
                start: self.at as u32,
                len: len as u32,
            });
        }
        self.push_trivia(WHITESPACE, len);
        // A one-line string with an unclosed interpolation ends with its line, or the rest of the
        // file would be read in the wrong state.
        if let Some(at) = in_one_line {
            for string in self.strings.split_off(at) {
                self.unclosed_interpolation(&string);
            }
        }
    }

    /// Whether a doc comment has come since the last token.
    fn is_behind_doc(&self) -> bool {
        let token = self.lexed.tokens.last().map_or(0, |it| it.start);
        self.lexed.trivia.last().is_some_and(|it| it.kind != WHITESPACE && it.start >= token)
    }

    /// Whether a line break here ends an interpolation of a long string, by its layout.
    fn ends_interpolation(&self) -> bool {
        self.by_layout && self.strings.last().is_some_and(|it| it.parens == 0 && it.brackets == 0)
    }

    /// Goes on with the text of a string whose interpolation has no `)` on its line.
    fn end_interpolation(&mut self) {
        let Some(string) = self.strings.pop() else { return };
        self.unclosed_interpolation(&string);
        self.string_text(string.delimiter);
    }

    fn unclosed_interpolation(&mut self, string: &OpenString) {
        let at = string.interpolation;
        self.error(LexErrorKind::UnclosedInterpolation, at, at + 2 + string.delimiter.hashes);
    }

    fn comment(&mut self) {
        let len = self.count(2, |it| it != b'\n') + 2;
        let kind = match (self.byte(2), self.byte(3)) {
            (Some(b'!'), _) => INNER_DOC,
            (Some(b'/'), Some(b'/')) => COMMENT,
            (Some(b'/'), _) => DOC,
            _ => COMMENT,
        };
        self.push_trivia(kind, len);
    }

    /// `/* text */`: no pattern begins with `*`.
    fn block_comment(&mut self) {
        let start = self.at;
        let rest = &self.text[start..];
        let line = rest.find('\n').unwrap_or(rest.len());
        let end = if self.no_comment_ends { None } else { rest[2..].find("*/") };
        // Looked for once: what is not there is not there from further behind either.
        self.no_comment_ends = end.is_none();
        let len = end.map_or(line, |it| it + 4);
        self.push_trivia(COMMENT, len);
        self.error(LexErrorKind::BlockComment, start, start + len);
    }

    //------ tokens of other languages

    /// `#` begins a string, or what other languages have for a comment.
    fn hash(&mut self) {
        let hashes = self.count(0, |it| it == b'#');
        if self.byte(hashes) == Some(b'"') {
            return self.open_string(hashes);
        }
        if !self.strings.is_empty() {
            return self.unknown();
        }
        let start = self.at;
        let len = self.count(0, |it| it != b'\n');
        let len = self.text[start..start + len].trim_end_matches('\r').len();
        self.push_trivia(COMMENT, len);
        self.error(LexErrorKind::HashComment, start, start + len);
    }

    /// `'text'`, or over several lines between `''` or `'''`: a string, in all but its quotes.
    fn single_quotes(&mut self) {
        let start = self.at;
        let rest = &self.text[start..];
        let quotes = rest.bytes().take_while(|&it| it == b'\'').count().min(3);
        let is_long = quotes == 3
            || quotes == 2 && rest[2..].trim_start_matches([' ', '\t', '\r']).starts_with('\n');
        let marks = if is_long { quotes } else { 1 };
        let line = if is_long { rest.len() } else { rest.find('\n').unwrap_or(rest.len()) };
        // An apostrophe has no second one on its line.
        let Some(inner) = rest[marks..line.max(marks)].find(&rest[..marks]) else {
            return self.unknown();
        };
        self.push(STRING_OPEN, marks);
        self.push(STRING_TEXT, inner);
        self.push(STRING_CLOSE, marks);
        self.error(LexErrorKind::SingleQuotes, start, self.at);
    }

    /// A character that begins no token. Neighbours become one token and one error.
    fn unknown(&mut self) {
        let start = self.at;
        let len = self.text[start..].chars().next().map_or(1, char::len_utf8);
        if let (Some(last), Some(error)) =
            (self.lexed.tokens.last_mut(), self.lexed.errors.last_mut())
            && last.kind == ERROR_TOKEN
            && last.end() == start as u32
            && error.range.end() == TextSize::new(start as u32)
        {
            last.len += len as u32;
            error.range = TextRange::new(error.range.start(), TextSize::new((start + len) as u32));
            self.at += len;
            return;
        }
        self.push(ERROR_TOKEN, len);
        self.error(LexErrorKind::UnknownCharacters, start, start + len);
    }

    //------ names and numbers

    /// A name: letters, digits and `_`, with hyphens inside. Or `sh` before the quotes of a string.
    fn word(&mut self) {
        let mut len = self.count(1, is_word) + 1;
        while self.byte(len) == Some(b'-') {
            let more = self.count(len + 1, is_word);
            if more == 0 {
                break;
            }
            len += 1 + more;
        }
        let text = &self.text[self.at..self.at + len];
        if text == "sh" {
            let hashes = self.count(2, |it| it == b'#');
            if self.byte(2 + hashes) == Some(b'"') {
                return self.open_string(2 + hashes);
            }
        }
        self.push_word(IDENT, SyntaxKind::keyword(text).unwrap_or(IDENT), len);
    }

    /// What begins with a digit: an integer, a version, a series, or a quantity.
    fn number(&mut self) {
        let digits = self.count(0, |it| it.is_ascii_digit());
        match self.byte(digits) {
            Some(b'_') => self.integer(self.count(0, |it| it.is_ascii_digit() || it == b'_')),
            Some(b'A'..=b'Z' | b'a'..=b'z') => {
                let word = self.count(0, is_word);
                let len = self.suffixes(self.points(word));
                let text = &self.text[self.at..self.at + len];
                if len > word {
                    self.push(VERSION, len);
                } else if is_hexadecimal(text) {
                    self.integer(len);
                } else if is_unit(&text[digits..]) {
                    // `2GiB` looks like a version with letters in it.
                    self.push(QUANTITY, len);
                } else {
                    self.push(VERSION, len);
                }
            }
            _ => {
                let len = self.points(digits);
                if self.byte(len) == Some(b'.') && self.byte(len + 1) == Some(b'*') {
                    self.push(SERIES, len + 2);
                } else if len > digits {
                    self.push(VERSION, self.suffixes(len));
                } else {
                    self.integer(len);
                }
            }
        }
    }

    /// How far a version goes whose first `len` bytes are known, if points and words follow: `.10.1w`.
    fn points(&self, mut len: usize) -> usize {
        while self.byte(len) == Some(b'.') {
            let word = self.count(len + 1, is_word);
            if word == 0 {
                break;
            }
            len += 1 + word;
        }
        len
    }

    /// The same, if what is set apart by a sign follows: `-rc1`, `+git.2`, `~beta`.
    fn suffixes(&self, mut len: usize) -> usize {
        while let Some(b'-' | b'+' | b'~') = self.byte(len) {
            let word = self.count(len + 1, is_word);
            if word == 0 {
                break;
            }
            len = self.points(len + 1 + word);
        }
        len
    }

    /// An integer, with the unit behind it if there is one: `64 B`, `30 s`.
    fn integer(&mut self, digits: usize) {
        let rest = &self.text[self.at + digits..];
        let space = usize::from(rest.starts_with(' '));
        let unit = self.count(digits + space, |it| is_word(it) || it == b'-');
        if is_unit(&rest[space..space + unit]) {
            self.push(QUANTITY, digits + space + unit);
        } else {
            self.push(INT, digits);
        }
    }

    //------ marks

    /// A mark with a `=` behind it, or without.
    fn with_equals(&mut self, with: SyntaxKind, without: SyntaxKind) {
        match self.byte(1) {
            Some(b'=') => self.push(with, 2),
            _ => self.push(without, 1),
        }
    }

    fn open_bracket(&mut self, kind: SyntaxKind) {
        if let Some(string) = self.strings.last_mut() {
            string.brackets += 1;
        }
        self.push(kind, 1);
    }

    fn close_bracket(&mut self, kind: SyntaxKind) {
        if let Some(string) = self.strings.last_mut() {
            string.brackets = string.brackets.saturating_sub(1);
        }
        self.push(kind, 1);
    }

    /// `)`: it may end an interpolation.
    fn close_paren(&mut self) {
        self.push(R_PAREN, 1);
        let Some(string) = self.strings.last_mut() else { return };
        if string.parens > 0 {
            string.parens -= 1;
        } else if let Some(string) = self.strings.pop() {
            self.string_text(string.delimiter);
        }
    }

    //------ patterns and strings

    /// `/pattern/`, on one line.
    fn regex(&mut self) {
        let start = self.at;
        let line = self.count(1, |it| it != b'\n') + 1;
        let line = &self.text[start..start + line];
        let mut escaped = false;
        for (at, byte) in line.bytes().enumerate().skip(1) {
            if byte == b'/' && !escaped {
                return self.push(REGEX, at + 1);
            }
            escaped = byte == b'\\' && !escaped;
        }
        let len = line.trim_end_matches('\r').len();
        self.push(REGEX, len);
        self.error(LexErrorKind::UnclosedPattern, start, start + len);
    }

    /// A string begins, whose quotes stand behind `mark` bytes: `sh`, `#`.
    fn open_string(&mut self, mark: usize) {
        let start = self.at;
        let shell = self.byte(0) == Some(b's');
        let hashes = if shell { mark - 2 } else { mark };
        // `""` is an empty string, `"""` opens a long one.
        let triple = self.text.as_bytes()[start + mark..].starts_with(b"\"\"\"");
        let quotes = if triple { 3 } else { 1 };
        self.push(STRING_OPEN, mark + quotes);
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
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        let quotes = if delimiter.triple { 3 } else { 1 };
        let closes = |at: usize| {
            if quotes + delimiter.hashes == 1 {
                return true;
            }
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
                        let interpolation = self.at + at;
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

/// Whether a byte may be in a name. Looked up, as most bytes of a text are asked.
fn is_word(byte: u8) -> bool {
    const WORD: [bool; 256] = {
        let mut word = [false; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            word[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
            byte += 1;
        }
        word
    };
    WORD[byte as usize]
}

/// Whether `text`, in which letters, digits and `_` stand, is a number such as `0x1F`.
fn is_hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or("");
    !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_hexdigit() || it == b'_')
}

/// Whether `word` is a unit of size or time.
fn is_unit(word: &str) -> bool {
    matches!(
        word,
        "B" | "KiB" | "MiB" | "GiB" | "TiB" | "ns" | "us" | "ms" | "s" | "min" | "h" | "d"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let lexed = lex(text, Keep::All);
        let trivia = lexed.trivia.iter().map(|it| (it.start, it.kind, it.len));
        let tokens = lexed.tokens.iter().map(|it| (it.start, it.kind, it.len));
        let mut all: Vec<_> = tokens.chain(trivia).collect();
        all.sort_unstable_by_key(|it| it.0);
        let mut actual = String::new();
        let mut at = 0;
        for (start, kind, len) in all {
            assert_eq!(start, at, "tokens touch");
            at += len;
            if kind != WHITESPACE {
                actual += &format!("{kind:?} {:?}\n", &text[start as usize..at as usize]);
            }
        }
        assert_eq!(at as usize, text.len(), "every byte is in a token");
        for error in lexed.errors {
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
