//! What the lexer and the parser complain about, before it becomes a diagnostic.

use text_size::TextRange;

use super::lexer::{LexError, LexErrorKind};
use super::slip::Slip;

/// A place where the text does not follow the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where; empty where something is missing.
    pub range: TextRange,
}

/// What is wrong with the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// Something else should stand here.
    Expected {
        /// What should stand here, in words.
        what: &'static str,
        /// What does, in words.
        found: String,
    },
    /// A bracket has no counterpart.
    Unclosed {
        /// The missing bracket, in words.
        close: &'static str,
        /// Where the other one is.
        opened: TextRange,
    },
    /// Something that other languages write differently, or a mistake of which it is clear what
    /// was meant.
    Slip(Slip),
    /// A string has no end.
    UnclosedString,
    /// A pattern `/…/` has no end.
    UnclosedPattern,
    /// An interpolation `\(…)` has no end.
    UnclosedInterpolation,
    /// Characters that begin no token.
    UnknownCharacters,
    /// Nested deeper than the parser goes.
    TooDeep,
    /// A file that does not say what it is.
    NoHeader,
}

impl From<LexError> for SyntaxError {
    fn from(error: LexError) -> Self {
        let kind = match error.kind {
            LexErrorKind::UnclosedString => SyntaxErrorKind::UnclosedString,
            LexErrorKind::UnclosedPattern => SyntaxErrorKind::UnclosedPattern,
            LexErrorKind::UnclosedInterpolation => SyntaxErrorKind::UnclosedInterpolation,
            LexErrorKind::UnknownCharacters => SyntaxErrorKind::UnknownCharacters,
            LexErrorKind::SingleQuotes => SyntaxErrorKind::Slip(Slip::SingleQuotes),
            LexErrorKind::HashComment => SyntaxErrorKind::Slip(Slip::HashComment),
            LexErrorKind::BlockComment => SyntaxErrorKind::Slip(Slip::BlockComment),
        };
        SyntaxError { kind, range: error.range }
    }
}
