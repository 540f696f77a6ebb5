//! The search for references in what a build wrote.
//!
//! A reference is the 32 characters of a store path's digest, anywhere: no store directory needs to
//! stand before it, as programs cut paths into pieces. Most 32 bytes of a file hold one that is
//! outside the alphabet of digests, and the search looks at the last byte of a window first; so it
//! reads about every thirtieth byte of a program, and every byte of a long text of letters.
//! A run that is long enough is looked up in a bitmap of the candidates' first eight characters
//! before the exact table.
//!
//! Candidates are what the build could see (the closure of its inputs) and where its own outputs
//! were written. What looks like the scratch path of another build is a [leak](Hit::Leak): no
//! input can hold one, so that path will never exist.

use std::collections::HashMap;

use crate::digest::BlobId;
use crate::object::HOLE;
use crate::path::{ALPHABET, DIGEST_LEN, SCRATCH_PREFIX, StorePath};

/// Bytes from the start of a window that decide what it is: a digest, `-`, and the first character
/// of a name.
const WINDOW_LEN: usize = DIGEST_LEN + 2;

/// The digests that a build could have learnt.
#[derive(Debug)]
pub(crate) struct Candidates {
    exact: HashMap<[u8; DIGEST_LEN], usize>,
    /// Two bits for the first eight characters of each candidate, and of leaks.
    filter: Vec<u64>,
    /// How far a hash is shifted to leave the number of a bit.
    filter_shift: u32,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hit {
    /// The candidate with this number.
    Candidate(usize),
    /// The scratch path of a build that is not this one.
    Leak,
}

/// A hit and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// The offset of the first character, in bytes.
    pub(crate) at: u64,
    /// What stands there.
    pub(crate) hit: Hit,
}

/// A search for references to known objects, wherever their digests stand.
#[derive(Debug)]
pub struct ReferenceSearch {
    paths: Vec<StorePath>,
    candidates: Candidates,
}

impl ReferenceSearch {
    /// Prepares a search for the digests of these paths.
    #[must_use]
    pub fn new(paths: &[StorePath]) -> Self {
        let candidates = Candidates::new(paths.iter().map(StorePath::digest_bytes));
        ReferenceSearch { paths: paths.to_vec(), candidates }
    }

    /// Returns the offset of each reference in `bytes` and what it is to, in ascending order.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Vec<(u64, &StorePath)> {
        let mut found = Vec::new();
        self.candidates.search(bytes, 0, false, &mut found);
        let path = |it: &Found| match it.hit {
            Hit::Candidate(at) => Some((it.at, &self.paths[at])),
            Hit::Leak => None,
        };
        found.iter().filter_map(path).collect()
    }
}

impl Candidates {
    /// Makes a table in which each digest has the number of its place in `digests`.
    pub(crate) fn new(digests: impl IntoIterator<Item = [u8; DIGEST_LEN]>) -> Self {
        let exact: HashMap<_, _> =
            digests.into_iter().enumerate().map(|(at, digest)| (digest, at)).collect();
        // Sixty-four bits for each candidate: one window of a thousand is looked up in vain.
        let bits = (exact.len() * 64).next_power_of_two().clamp(1 << 12, 1 << 21);
        let mut candidates = Candidates {
            filter: vec![0; bits / 64],
            filter_shift: u64::BITS - bits.trailing_zeros(),
            exact: HashMap::new(),
        };
        #[expect(
            clippy::iter_over_hash_type,
            reason = "setting bits gives one result in any order"
        )]
        for digest in exact.keys() {
            candidates.set_filter(digest);
        }
        candidates.set_filter(SCRATCH_PREFIX.as_bytes());
        candidates.exact = exact;
        candidates
    }

    /// Finds all places in `bytes` at which a window starts, in ascending order and not overlapping,
    /// and returns up to where `bytes` was decided: less than all only if more may follow.
    ///
    /// `base` is added to every place.
    pub(crate) fn search(
        &self,
        bytes: &[u8],
        base: u64,
        more_follows: bool,
        found: &mut Vec<Found>,
    ) -> usize {
        let window_len = if more_follows { WINDOW_LEN } else { DIGEST_LEN };
        let mut start = 0;
        while start + window_len <= bytes.len() {
            let window = start..start + DIGEST_LEN;
            if let Some(bad) = window.clone().rev().find(|at| !is_digit(bytes[*at])) {
                start = bad + 1;
                continue;
            }
            // A run of characters of the alphabet: each window in it could be a digest.
            let run = bytes[window.end..].iter().position(|it| !is_digit(*it));
            let run_end = run.map_or(bytes.len(), |it| window.end + it);
            let last = (run_end - DIGEST_LEN).min(bytes.len() - window_len);
            while start <= last {
                match self.look_up(&bytes[start..]) {
                    None => start += 1,
                    Some(hit) => {
                        found.push(Found { at: base + start as u64, hit });
                        start += DIGEST_LEN;
                    }
                }
            }
        }
        if more_follows { start.min(bytes.len()) } else { bytes.len() }
    }

    /// Looks up the window at the start of `bytes`, whose characters are all in the alphabet.
    fn look_up(&self, bytes: &[u8]) -> Option<Hit> {
        let hash = filter_hash(bytes);
        if !self.has_bit(hash) || !self.has_bit(mix(hash)) {
            return None;
        }
        let (window, rest) = bytes.split_at(DIGEST_LEN);
        if let Some(at) = self.exact.get(window) {
            return Some(Hit::Candidate(*at));
        }
        // A path goes on with a name; 32 characters that only begin alike are not one.
        let is_name = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
        let is_leak = window.starts_with(SCRATCH_PREFIX.as_bytes())
            && matches!(rest, [b'-', c, ..] if is_name(*c));
        is_leak.then_some(Hit::Leak)
    }

    fn has_bit(&self, hash: u64) -> bool {
        let bit = (hash >> self.filter_shift) as usize;
        self.filter.get(bit / 64).is_some_and(|it| it & 1 << (bit % 64) != 0)
    }

    fn set_filter(&mut self, start: &[u8]) {
        let hash = filter_hash(start);
        for hash in [hash, mix(hash)] {
            let bit = (hash >> self.filter_shift) as usize;
            self.filter[bit / 64] |= 1 << (bit % 64);
        }
    }
}

/// Hashes the first eight bytes; the highest bits depend on all of them.
fn filter_hash(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(first).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Makes another hash of a hash.
fn mix(hash: u64) -> u64 {
    hash.wrapping_mul(0xd6e8_feb8_6659_fd93)
}

fn is_digit(byte: u8) -> bool {
    const IS_DIGIT: [bool; 256] = {
        let mut table = [false; 256];
        let mut at = 0;
        while at < ALPHABET.len() {
            table[ALPHABET[at] as usize] = true;
            at += 1;
        }
        table
    };
    IS_DIGIT[byte as usize]
}

/// Makes the template of a file from its bytes, in pieces of any size: finds what is referred to
/// and hashes the bytes with every reference replaced.
#[derive(Debug)]
pub(crate) struct Templater<'a> {
    candidates: Option<&'a Candidates>,
    hasher: blake3::Hasher,
    /// Bytes that are not yet decided, and where the first of them is in the file.
    pending: Vec<u8>,
    pending_at: u64,
    found: Vec<Found>,
}

impl<'a> Templater<'a> {
    /// Starts a file. Without candidates nothing is looked for.
    pub(crate) fn new(candidates: Option<&'a Candidates>) -> Self {
        Templater {
            candidates,
            hasher: blake3::Hasher::new(),
            pending: Vec::new(),
            pending_at: 0,
            found: Vec::new(),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.candidates.is_none() {
            self.hasher.update(bytes);
            return;
        }
        self.pending.extend_from_slice(bytes);
        self.decide(true);
    }

    /// Returns the template's id, and what was found where.
    pub(crate) fn finish(mut self) -> (BlobId, Vec<Found>) {
        self.decide(false);
        (BlobId(*self.hasher.finalize().as_bytes()), self.found)
    }

    fn decide(&mut self, more_follows: bool) {
        let Some(candidates) = self.candidates else { return };
        let before = self.found.len();
        let done = candidates.search(&self.pending, self.pending_at, more_follows, &mut self.found);
        for found in &self.found[before..] {
            if matches!(found.hit, Hit::Candidate(_)) {
                let at = (found.at - self.pending_at) as usize;
                self.pending[at..at + DIGEST_LEN].copy_from_slice(&HOLE);
            }
        }
        self.hasher.update(&self.pending[..done]);
        self.pending.drain(..done);
        self.pending_at += done as u64;
    }
}

/// Finds what a whole file refers to, replaces it in `bytes`, and returns the template's id.
pub(crate) fn make_template(
    bytes: &mut [u8],
    candidates: Option<&Candidates>,
) -> (BlobId, Vec<Found>) {
    let mut all = Vec::new();
    if let Some(candidates) = candidates {
        candidates.search(bytes, 0, false, &mut all);
        for found in &all {
            if matches!(found.hit, Hit::Candidate(_)) {
                bytes[found.at as usize..][..DIGEST_LEN].copy_from_slice(&HOLE);
            }
        }
    }
    (BlobId::of_encoding(bytes), all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    const A: &[u8; 32] = b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";
    const OWN: &[u8; 32] = b"scra7ch0000000000000000000000000";

    fn check(text: &str, expected: Expect) {
        let candidates = Candidates::new([*A, *B, *OWN]);
        let mut found = Vec::new();
        candidates.search(text.as_bytes(), 0, false, &mut found);
        let lines = found.iter().map(|it| format!("{} {:?}\n", it.at, it.hit));
        expected.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn a_digest_is_found_wherever_it_stands() {
        check("0123456789abcdfghijklmnpqrsvwxyz", expect![["0 Candidate(1)\n"]]);
        check("x0123456789abcdfghijklmnpqrsvwxyzx", expect![["1 Candidate(1)\n"]]);
        check(
            "/kiln/store/0123456789abcdfghijklmnpqrsvwxyz-zlib/lib:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            expect![["12 Candidate(1)\n54 Candidate(0)\n"]],
        );
        check("0123456789abcdfghijklmnpqrsvwxy", expect![""]);
        check("0123456789abcdeghijklmnpqrsvwxyz", expect![""]);
    }

    #[test]
    fn of_overlapping_digests_the_first_counts() {
        check("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", expect![["0 Candidate(0)\n"]]);
    }

    #[test]
    fn a_foreign_scratch_path_is_a_leak_and_the_own_is_not() {
        check("scra7ch0000000000000000000000000-zlib", expect![["0 Candidate(2)\n"]]);
        check("scra7ch0111111111111111111111111-zlib", expect![["0 Leak\n"]]);
        check("scra7ch0111111111111111111111111-/", expect![""]);
        // The constants of this crate, side by side as a linker may put them.
        check("scra7ch00123456789abcdfghijklmnpqrsvwxyz", expect![["8 Candidate(1)\n"]]);
    }

    /// What the search must find, by the slowest way.
    fn search_slowly(bytes: &[u8], candidates: &[[u8; 32]]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at + 32 <= bytes.len() {
            match candidates.iter().position(|it| it == &bytes[at..at + 32]) {
                Some(candidate) => {
                    found.push((at, candidate));
                    at += 32;
                }
                None => at += 1,
            }
        }
        found
    }

    fn noise() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(A.to_vec()),
            Just(B.to_vec()),
            proptest::collection::vec(proptest::sample::select(ALPHABET.as_slice()), 0..70),
            proptest::collection::vec(any::<u8>(), 0..70),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|it| it.concat())
    }

    proptest! {
        #[test]
        fn the_search_finds_what_the_slowest_way_finds(bytes in noise()) {
            let candidates = Candidates::new([*A, *B]);
            let mut found = Vec::new();
            candidates.search(&bytes, 0, false, &mut found);
            let found: Vec<(usize, usize)> = found
                .iter()
                .filter_map(|it| match it.hit {
                    Hit::Candidate(candidate) => Some((it.at as usize, candidate)),
                    Hit::Leak => None,
                })
                .collect();
            prop_assert_eq!(found, search_slowly(&bytes, &[*A, *B]));
        }

        #[test]
        fn pieces_give_the_template_that_the_whole_gives(bytes in noise(), cuts in proptest::collection::vec(0_usize..600, 0..6)) {
            let candidates = Candidates::new([*A, *B]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|it| it.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut templater = Templater::new(Some(&candidates));
            let mut start = 0;
            for cut in cuts {
                templater.push(&bytes[start..cut]);
                start = cut;
            }
            templater.push(&bytes[start..]);
            let mut whole = bytes.clone();
            prop_assert_eq!(templater.finish(), make_template(&mut whole, Some(&candidates)));
        }
    }
}
