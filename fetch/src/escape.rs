//! Text of unknown origin, made safe to show.

/// How many characters of a text are shown at most; more is cut, and marked by `…`.
const SHOWN_CHARS_MAX: usize = 300;

/// Returns bytes as text without control characters, bad UTF-8 or other surprises for a terminal.
///
/// Printable characters stay; everything else becomes `\n`, `\u{1b}` or `\xff`.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut chars_left = SHOWN_CHARS_MAX;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if chars_left == 0 {
                text.push('…');
                return text;
            }
            chars_left -= 1;
            // Quotes are harmless, and common in messages of servers.
            if matches!(c, '\'' | '"') {
                text.push(c);
            } else {
                text.extend(c.escape_debug());
            }
        }
        for byte in chunk.invalid() {
            if chars_left == 0 {
                text.push('…');
                return text;
            }
            chars_left -= 1;
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(escape(bytes), expected);
    }

    #[test]
    fn what_could_drive_a_terminal_is_spelled_out() {
        check(b"src/main.c", "src/main.c");
        check("naïve 文.txt".as_bytes(), "naïve 文.txt");
        check(b"a\x1b[31mb\nc\x7f", "a\\u{1b}[31mb\\nc\\u{7f}");
        check("\u{9b}31m \u{202e}txt".as_bytes(), "\\u{9b}31m \\u{202e}txt");
        check(b"bad \xff\xc3", "bad \\xff\\xc3");
        check(b"it's \"quoted\" \\", "it's \"quoted\" \\\\");
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = escape(&[b'x'; 10_000]);
        assert_eq!(text.chars().count(), SHOWN_CHARS_MAX + 1);
        assert!(text.ends_with('…'));
    }
}
