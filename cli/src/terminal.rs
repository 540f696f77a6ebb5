//! What may be written to a terminal, and how.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use crate::exit::Exit;

/// [`say`] in the place of the standard macro, which panics where its reader went away.
macro_rules! eprint {
    ($($arg:tt)*) => { $crate::terminal::say(format_args!($($arg)*)) };
}

/// As `eprint`, with the end of a line.
macro_rules! eprintln {
    () => { $crate::terminal::say(format_args!("\n")) };
    ($($arg:tt)*) => { $crate::terminal::say(format_args!("{}\n", format_args!($($arg)*))) };
}

/// Whether to color, and for whom lines are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Whether messages are colored.
    pub(crate) color: bool,
    /// Whether messages go to a terminal, which can show progress.
    pub(crate) live: bool,
    /// How many columns lines have.
    pub(crate) width: usize,
}

impl Terminal {
    /// Looks at the standard error, where messages go, and at what the user asked for.
    pub(crate) fn of_stderr(color: Color) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                is_terminal && !dumb && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
            }
        };
        Terminal { color, live: is_terminal && !dumb, width: width() }
    }

    /// Returns `text` between the codes of a style.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Red => "1;31",
            Style::Yellow => "1;33",
            Style::Green => "32",
            Style::Cyan => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// When to color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How text is painted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
    Cyan,
}

fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    let asked = || terminal_size::terminal_size_of(io::stderr()).map(|it| usize::from(it.0.0));
    columns.or_else(asked).unwrap_or(100).clamp(40, 400)
}

/// The beginning of a text, if it has more characters than these.
pub(crate) fn clipped(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let head: String = text.chars().take(chars_max - 2).collect();
    format!("{head} …")
}

/// Makes text of builds and downloads harmless: nothing in it moves the cursor, changes colors, or
/// hides what stands there.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Colors are common in the output of compilers; their whole sequence is dropped.
            '\x1b' => {
                if chars.peek() == Some(&'[') {
                    chars.next();
                    for c in chars.by_ref() {
                        if ('\x40'..='\x7e').contains(&c) {
                            break;
                        }
                    }
                } else {
                    out.push('␛');
                }
            }
            '\t' => out.push_str("    "),
            '\n' => out.push('\n'),
            '\r' => {}
            c if c.is_control() || is_invisible(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// Characters that change the order of what is shown, or are not seen at all.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Writes to the standard output; see [`written`].
pub(crate) fn print(text: &str) {
    print_bytes(text.as_bytes());
}

/// As [`print()`], of what may not be text.
pub(crate) fn print_bytes(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let result = out.write_all(bytes).and_then(|()| out.flush());
    drop(out);
    written(result);
}

/// Ends the process if the standard output could not be written: quietly if its reader went away, such
/// as `head`; or else it says why, as half of an answer looks like a whole one.
pub(crate) fn written(result: io::Result<()>) {
    let Err(error) = result else { return };
    if error.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    let head = Terminal::of_stderr(Color::Auto).paint(Style::Red, "error:");
    eprintln!("{head} cannot write to the standard output: {error}");
    std::process::exit(Exit::Operator.code().into());
}

/// Writes to the standard error. If nobody reads that any more, what was asked for is done all the same,
/// and how it ended is in the exit code.
pub(crate) fn say(text: std::fmt::Arguments<'_>) {
    let mut out = io::stderr().lock();
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&harmless(text));
    }

    #[test]
    fn hostile_text_is_harmless() {
        check("plain ünïcode ✓", expect!["plain ünïcode ✓"]);
        check("\x1b[31mred\x1b[0m", expect!["red"]);
        check("\x1b]0;title\x07", expect!["␛]0;title\\u{7}"]);
        check("a\u{9b}31mb", expect!["a\\u{9b}31mb"]);
        check("safe\rEVIL", expect!["safeEVIL"]);
        check("a\x08\x08b", expect!["a\\u{8}\\u{8}b"]);
        check("\u{202e}txt.exe", expect!["\\u{202e}txt.exe"]);
    }
}
