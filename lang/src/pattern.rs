//! Patterns of texts: `String(/[a-z]+/)`.
//!
//! A pattern is matched against the whole text. It has what regular expressions have without
//! captures and look-around, so that matching takes time linear in the text.

use std::fmt;

/// A pattern that can be matched.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: regex_lite::Regex,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    reason: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Pattern {
    /// Makes a pattern of what stands between the slashes; `\/` is a slash.
    ///
    /// # Errors
    ///
    /// If it is no regular expression, or a very large one.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let body = text.replace("\\/", "/");
        let regex = regex_lite::RegexBuilder::new(&format!("^(?:{body})$"))
            .size_limit(1 << 20)
            .build()
            .map_err(|error| PatternError { reason: error.to_string() })?;
        Ok(Pattern { regex })
    }

    /// Whether the whole of `text` follows the pattern.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
