//! The names that appear in ids, paths and encodings, each checked when it is made.
//!
//! All of them are one path component of a small alphabet, so that no name can leave the
//! directory it is put in, need quoting in a shell, or carry control characters to a terminal.

use std::fmt;
use std::sync::LazyLock;

use lean_string::LeanStr;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a {what} must not be empty")]
    Empty {
        /// What the name was to name, as in the glossary.
        what: &'static str,
    },
    /// The text has more bytes than allowed.
    #[error("`{text}` has {len} bytes; a {what} has at most {len_max}")]
    TooLong {
        /// What the name was to name.
        what: &'static str,
        /// The text, escaped.
        text: String,
        /// Its length in bytes.
        len: usize,
        /// The greatest length allowed.
        len_max: usize,
    },
    /// The text has a character that is not allowed where it stands.
    #[error("`{text}` has `{found}` at byte {at}; a {what} consists of {allowed}")]
    BadCharacter {
        /// What the name was to name.
        what: &'static str,
        /// The text, escaped.
        text: String,
        /// The first character that is not allowed, escaped.
        found: String,
        /// Where it stands, in bytes.
        at: usize,
        /// The allowed characters, in words.
        allowed: &'static str,
    },
}

/// Makes a newtype over a checked text.
macro_rules! name_type {
    (
        $(#[$doc:meta])*
        $name:ident, $what:literal, $len_max:literal bytes, $allowed:literal, |$c:ident, $at:ident| $ok:expr
    ) => {
        $(#[$doc])*
        ///
        /// Copies share the text: a derivation has the same names in many places.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(LeanStr);

        impl $name {
            /// The greatest length, in bytes.
            pub const LEN_MAX: usize = $len_max;

            /// Checks `text` and makes a name of it.
            ///
            /// # Errors
            ///
            /// Returns the first reason why `text` is not such a name.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                let text = text.as_ref();
                if text.is_empty() {
                    return Err(NameError::Empty { what: $what });
                }
                if text.len() > Self::LEN_MAX {
                    return Err(NameError::TooLong {
                        what: $what,
                        text: text.escape_debug().collect(),
                        len: text.len(),
                        len_max: Self::LEN_MAX,
                    });
                }
                // Only characters of one byte are allowed, so that the first other one begins there.
                let bad = text.bytes().enumerate().position(|($at, $c)| !$ok);
                if let Some(at) = bad {
                    return Err(NameError::BadCharacter {
                        what: $what,
                        text: text.escape_debug().collect(),
                        found: text[at..].chars().take(1).flat_map(char::escape_debug).collect(),
                        at,
                        allowed: $allowed,
                    });
                }
                Ok($name(text.into()))
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }
    };
}

/// Whether `c` may stand at byte `at` of a name that becomes part of a path.
#[inline]
fn in_path(c: u8, at: usize) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || (at > 0 && matches!(c, b'-' | b'.' | b'+'))
}

name_type! {
    /// The part of a store path after the digest: package name and, but for `out`, output name.
    ///
    /// It has no version: a release whose output did not change is then the same object.
    StoreName, "store name", 160 bytes,
    "letters, digits and `_`, and after the first also `-`, `.` and `+`",
    |c, at| in_path(c, at)
}

name_type! {
    /// The name of one result of a derivation, such as `out` or `dev`.
    OutputName, "output name", 40 bytes,
    "letters, digits and `_`, and after the first also `-`, `.` and `+`",
    |c, at| in_path(c, at)
}

name_type! {
    /// The name under which a derivation knows one of its inputs, such as `host.openssl`.
    Label, "input label", 200 bytes,
    "letters, digits and `_`, and after the first also `-`, `.` and `+`",
    |c, at| in_path(c, at)
}

name_type! {
    /// The name of an environment variable.
    EnvName, "environment variable's name", 200 bytes,
    "letters, digits and `_`, not beginning with a digit",
    |c, at| c.is_ascii_alphabetic() || c == b'_' || (at > 0 && c.is_ascii_digit())
}

name_type! {
    /// The name of a step of a build, such as `configure`.
    StepName, "step name", 80 bytes,
    "letters, digits and `_`, and after the first also `-`, `.` and `+`",
    |c, at| in_path(c, at)
}

name_type! {
    /// The kind of machine that runs a build's steps, such as `x86_64-linux`.
    System, "system", 40 bytes,
    "letters, digits and `_`, and after the first also `-`, `.` and `+`",
    |c, at| in_path(c, at)
}

impl OutputName {
    /// The output of a derivation that names none: `out`.
    #[must_use]
    pub fn default_output() -> Self {
        static OUT: LazyLock<OutputName> = LazyLock::new(|| OutputName("out".into()));
        OUT.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let actual = match StoreName::new(text) {
            Ok(name) => format!("ok {name}"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&actual);
    }

    #[test]
    fn a_store_name_is_one_harmless_path_component() {
        check("libcurl-dev", expect!["ok libcurl-dev"]);
        check("c++", expect!["ok c++"]);
        check("", expect!["a store name must not be empty"]);
        check(
            ".hidden",
            expect![
                "`.hidden` has `.` at byte 0; a store name consists of letters, digits and `_`, and after the first also `-`, `.` and `+`"
            ],
        );
        check(
            "a/b",
            expect![
                "`a/b` has `/` at byte 1; a store name consists of letters, digits and `_`, and after the first also `-`, `.` and `+`"
            ],
        );
        check(
            "a\u{1b}[31m",
            expect![
                "`a\\u{1b}[31m` has `\\u{1b}` at byte 1; a store name consists of letters, digits and `_`, and after the first also `-`, `.` and `+`"
            ],
        );
    }
}
