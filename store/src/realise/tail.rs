//! The last lines of a log, kept while it is written.

use std::collections::VecDeque;

/// How many lines a failure shows.
const LINES_MAX: usize = 25;

/// How many bytes of a line are kept: its first ones.
const LINE_BYTES_MAX: usize = 4096;

/// The last lines of what was printed.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<Vec<u8>>,
    /// Whether the last line has not ended.
    is_open: bool,
}

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|it| *it == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            if !self.is_open {
                if self.lines.len() == LINES_MAX {
                    self.lines.pop_front();
                }
                self.lines.push_back(Vec::new());
            }
            if let Some(line) = self.lines.back_mut() {
                let room = LINE_BYTES_MAX.saturating_sub(line.len());
                line.extend_from_slice(&text[..text.len().min(room)]);
            }
            self.is_open = !ends;
        }
    }

    /// Returns the lines, oldest first.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(pieces: &[&[u8]], expected: Expect) {
        let mut tail = Tail::default();
        pieces.iter().for_each(|it| tail.push(it));
        expected.assert_eq(&format!("{:?}", tail.lines()));
    }

    #[test]
    fn lines_are_joined_across_pieces() {
        check(&[b"a\nb", b"c\n", b"\nd"], expect![[r#"["a", "bc", "", "d"]"#]]);
        check(&[b"\xff\x1b[31m"], expect![[r#"["�\u{1b}[31m"]"#]]);
        check(&[], expect![[r#"[]"#]]);
    }

    #[test]
    fn only_the_last_lines_and_their_starts_are_kept() {
        let mut tail = Tail::default();
        for number in 0..1000 {
            tail.push(format!("{number}\n").as_bytes());
        }
        assert_eq!(tail.lines().len(), LINES_MAX);
        assert_eq!(tail.lines()[0], "975");
        for _ in 0..1000 {
            tail.push(&[b'x'; 1000]);
        }
        assert_eq!(tail.lines()[LINES_MAX - 1].len(), LINE_BYTES_MAX);
    }
}
