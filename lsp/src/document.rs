//! A document that a client has open.

use std::sync::Arc;

use lsp_types::{TextDocumentContentChangeEvent, Uri};

use crate::lines::{Encoding, Lines};

/// A document that a client has open.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Its address, as the client writes it.
    pub(crate) uri: Uri,
    /// Its version, as the client counts.
    pub(crate) version: i32,
    /// Its text.
    pub(crate) text: Arc<str>,
}

impl Document {
    /// Applies changes in their order: each is of the text that the one before it left.
    pub(crate) fn apply(
        &mut self,
        changes: Vec<TextDocumentContentChangeEvent>,
        version: i32,
        encoding: Encoding,
    ) {
        for change in changes {
            match change.range {
                None => self.text = change.text.into(),
                Some(range) => {
                    let lines = Lines::new(self.text.clone(), encoding);
                    let range = std::ops::Range::<usize>::from(lines.text_range(range));
                    let mut text = String::with_capacity(self.text.len() + change.text.len());
                    text.push_str(&self.text[..range.start]);
                    text.push_str(&change.text);
                    text.push_str(&self.text[range.end..]);
                    self.text = text.into();
                }
            }
        }
        self.version = version;
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use lsp_types::{Position, Range};

    use super::*;

    #[test]
    fn changes_are_applied_one_after_the_other() {
        let mut document = Document {
            uri: Uri::from_str("file:///a").unwrap(),
            version: 1,
            text: "äb\ncd\n".into(),
        };
        let change = |a: (u32, u32), b: (u32, u32), text: &str| TextDocumentContentChangeEvent {
            range: Some(Range::new(Position::new(a.0, a.1), Position::new(b.0, b.1))),
            range_length: None,
            text: text.to_owned(),
        };
        let changes = vec![
            change((0, 1), (0, 1), "X"),
            change((0, 2), (1, 1), ""),
            change((99, 0), (99, 9), "end"),
            // Upside down: an insertion.
            change((0, 1), (0, 0), "Y"),
        ];
        document.apply(changes, 2, Encoding::Utf16);
        assert_eq!(&*document.text, "äYXd\nend");
        assert_eq!(document.version, 2);
    }
}
