//! Values in shell text: each becomes words that the shell takes as they are.
//!
//! A value cannot become more words than it has elements, and no character of it means anything to
//! the shell. Rules: `spec/lang/lexical.md`.

use kiln_lang::module::ExprId;
use kiln_store::Piece;

use super::{Failure, Interpreter, Reader};
use crate::text::{Text, TextBuilder};
use crate::value::Value;

impl<R: Reader> Interpreter<'_, R> {
    /// Appends a value, quoted: a text is one word, a list one word for each element.
    pub(super) fn shell_value(
        &mut self,
        expr: ExprId,
        value: &Value,
        out: &mut TextBuilder,
    ) -> Result<(), Failure> {
        match value {
            // Shell text in shell text is taken as it is.
            Value::Script(text) => {
                out.push(text);
                Ok(())
            }
            Value::List(items) => {
                let scripts = items.iter().any(|it| matches!(it, Value::Script(_)));
                for (index, item) in items.iter().enumerate() {
                    if index > 0 && !scripts {
                        out.push_str(" ");
                    }
                    self.shell_value(expr, item, out)?;
                    self.fits(expr, out.len())?;
                }
                Ok(())
            }
            Value::Set(of, bits) => {
                for (index, at) in bits.iter().enumerate() {
                    if index > 0 {
                        out.push_str(" ");
                    }
                    self.shell_value(expr, &Value::Enum(of.clone(), at), out)?;
                }
                Ok(())
            }
            Value::Null => Ok(()),
            Value::Text(text) => {
                quote(text, out);
                Ok(())
            }
            other => {
                let mut text = TextBuilder::default();
                self.push_textual(expr, other, &mut text)?;
                quote(&text.finish(), out);
                Ok(())
            }
        }
    }
}

/// Appends a text as one word of the shell.
pub(crate) fn quote(text: &Text, out: &mut TextBuilder) {
    match text {
        Text::Plain(plain) if is_plain_word(plain) => out.push_str(plain),
        Text::Plain(plain) => out.push_str(&format!("'{}'", plain.replace('\'', "'\\''"))),
        Text::Template(template) => {
            // Paths of the store consist of characters that need no quotes.
            let needs = template.pieces().iter().any(|it| match it {
                Piece::Text(text) => !text.bytes().all(is_plain),
                Piece::Input(_) | Piece::Output(_) => false,
            });
            if !needs {
                out.push(text);
                return;
            }
            out.push_str("'");
            for piece in template.pieces() {
                match piece {
                    Piece::Text(text) => out.push_str(&text.replace('\'', "'\\''")),
                    place @ (Piece::Input(_) | Piece::Output(_)) => out.push_place(place.clone()),
                }
            }
            out.push_str("'");
        }
    }
}

fn is_plain_word(text: &str) -> bool {
    // `~` is the shell's at the beginning of a word, `=` there assigns.
    !text.is_empty() && text.bytes().all(is_plain) && !text.starts_with('=')
}

fn is_plain(c: u8) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, b'_' | b'-' | b'.' | b'/' | b'+' | b',' | b':' | b'@' | b'%' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn quoted(text: &str) -> String {
        let mut out = TextBuilder::default();
        quote(&Text::plain(text), &mut out);
        out.finish().as_plain().unwrap().to_owned()
    }

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&quoted(text));
    }

    #[test]
    fn words_are_quoted_where_they_must_be() {
        check("--prefix=/kiln/store/x", expect!["--prefix=/kiln/store/x"]);
        check("a b", expect!["'a b'"]);
        check("", expect!["''"]);
        check("it's $HOME", expect!["'it'\\''s $HOME'"]);
        check("*", expect!["'*'"]);
        check("~root", expect!["'~root'"]);
        check("=x", expect!["'=x'"]);
    }

    proptest! {
        #[test]
        fn the_shell_reads_back_what_was_quoted(text in "[ -~\n\t]{0,24}") {
            let script = format!("printf %s {}", quoted(&text));
            let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
            prop_assert_eq!(String::from_utf8_lossy(&output.stdout), text);
        }
    }
}
