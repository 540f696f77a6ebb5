//! A set of token kinds, made at compile time.

use super::SyntaxKind;

/// White space and comments.
pub(crate) const TRIVIA: TokenSet = TokenSet::new(&[
    SyntaxKind::WHITESPACE,
    SyntaxKind::COMMENT,
    SyntaxKind::DOC,
    SyntaxKind::INNER_DOC,
]);

/// A set of token kinds. Kinds of nodes cannot be in it.
#[derive(Clone, Copy)]
pub(crate) struct TokenSet([u64; 3]);

impl TokenSet {
    /// Makes the set of these kinds.
    pub(crate) const fn new(kinds: &[SyntaxKind]) -> TokenSet {
        let mut bits = [0; 3];
        let mut i = 0;
        while i < kinds.len() {
            let kind = kinds[i] as usize;
            bits[kind / 64] |= 1 << (kind % 64);
            i += 1;
        }
        TokenSet(bits)
    }

    /// Whether `kind` is in the set.
    pub(crate) const fn contains(self, kind: SyntaxKind) -> bool {
        let kind = kind as usize;
        kind < 192 && self.0[kind / 64] >> (kind % 64) & 1 == 1
    }
}
