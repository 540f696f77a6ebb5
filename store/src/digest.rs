//! Digests and ids, as specified in `spec/store/ids.md`.
//!
//! An id is a BLAKE3-256 digest in a domain of its own, so that the same bytes can never be taken
//! for two kinds of thing. Only a [`BlobId`] is plain BLAKE3: it interoperates with other stores.

use std::fmt;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is not 64 characters long.
    #[error("an id has 64 hexadecimal digits, this has {len} characters")]
    BadLength {
        /// How many characters it has.
        len: usize,
    },
    /// A character is not a lower-case hexadecimal digit.
    #[error("an id consists of the digits 0-9 and a-f; `{found}` stands at {at}")]
    BadDigit {
        /// The first such character, escaped.
        found: String,
        /// Where it stands, in characters.
        at: usize,
    },
}

/// Reads 32 bytes from 64 lower-case hexadecimal digits.
///
/// # Errors
///
/// As [`IdError`].
pub fn parse_hex(text: &str) -> Result<[u8; 32], IdError> {
    let len = text.chars().count();
    if len != 64 {
        return Err(IdError::BadLength { len });
    }
    let mut bytes = [0; 32];
    for (at, c) in text.chars().enumerate() {
        let digit = match c {
            '0'..='9' => c as u8 - b'0',
            'a'..='f' => c as u8 - b'a' + 10,
            _ => return Err(IdError::BadDigit { found: c.escape_debug().collect(), at }),
        };
        bytes[at / 2] = bytes[at / 2] << 4 | digit;
    }
    Ok(bytes)
}

/// How many digits an id must at least be shortened to.
const SHORT_LEN_MIN: usize = 4;

/// Returns the first and the last id that begin with these digits; `None` unless they are 4 to 64
/// lower-case hexadecimal digits.
pub(crate) fn ids_beginning(digits: &str) -> Option<([u8; 32], [u8; 32])> {
    if !(SHORT_LEN_MIN..=64).contains(&digits.len()) {
        return None;
    }
    let low = parse_hex(&format!("{digits:0<64}")).ok()?;
    let high = parse_hex(&format!("{digits:f<64}")).ok()?;
    Some((low, high))
}

/// Writes bytes as lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |it: u8| char::from(DIGITS[usize::from(it)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(bytes.iter().flat_map(|it| [digit(it >> 4), digit(it & 15)]));
    text
}

/// Makes an id type: 32 bytes in a domain of their own.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $domain:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// Returns the id of something by its canonical encoding.
            #[must_use]
            pub fn of_encoding(encoding: &[u8]) -> Self {
                let domain: Option<&str> = $domain;
                match domain {
                    Some(domain) => $name(blake3::derive_key(domain, encoding)),
                    None => $name(*blake3::hash(encoding).as_bytes()),
                }
            }

            /// Returns the first 16 digits, which tell it from others in what people read.
            #[must_use]
            pub fn short(&self) -> String {
                to_hex(&self.0[..8])
            }

            /// Returns the bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &to_hex(&self.0[..6]))
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex(text).map($name)
            }
        }
    };
}

id_type! {
    /// The id of a file's bytes: plain BLAKE3-256.
    BlobId, None
}
id_type! {
    /// The id of a directory's entries.
    TreeId, Some("kiln tree v1")
}
id_type! {
    /// The id of a store object: its tree, its name, and the objects it refers to.
    ObjectId, Some("kiln object v1")
}
id_type! {
    /// The id of a derivation, its inputs named by derivation. Never a cache key.
    DerivationId, Some("kiln derivation v1")
}
id_type! {
    /// The id of an action: a derivation resolved, its inputs named by object. The only cache key.
    ActionId, Some("kiln action v1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = ObjectId::of_encoding(b"x");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn digits_begin_the_ids_between_two() {
        let range = |digits: &str| ids_beginning(digits).map(|(low, high)| (low[2], high[2]));
        assert_eq!(range("ab01"), Some((0, 0xff)));
        assert_eq!(range("ab012"), Some((0x20, 0x2f)));
        assert_eq!(range(&"a".repeat(64)), Some((0xaa, 0xaa)));
        for wrong in ["", "abc", "AB01", "ab0g", "abcü", &"a".repeat(65)] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_same_bytes_have_another_id_in_each_domain() {
        let ids = [
            BlobId::of_encoding(b"x").0,
            TreeId::of_encoding(b"x").0,
            ObjectId::of_encoding(b"x").0,
            DerivationId::of_encoding(b"x").0,
            ActionId::of_encoding(b"x").0,
        ];
        for (i, a) in ids.iter().enumerate() {
            assert!(ids[..i].iter().all(|b| a != b));
        }
    }
}
