//! Lines and columns, as clients count them, and offsets in bytes.

use std::sync::Arc;

use kiln_lang::{TextRange, TextSize};
use lsp_types::{Position, PositionEncodingKind, Range};

/// How clients count columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// In bytes.
    Utf8,
    /// In units of 16 bits: what all clients can.
    Utf16,
    /// In characters.
    Utf32,
}

impl Encoding {
    /// Chooses among those that a client offers: bytes need no counting.
    pub(crate) fn choose(offered: Option<&[PositionEncodingKind]>) -> Encoding {
        let offered = offered.unwrap_or(&[]);
        if offered.contains(&PositionEncodingKind::UTF8) {
            Encoding::Utf8
        } else if offered.contains(&PositionEncodingKind::UTF32)
            && !offered.contains(&PositionEncodingKind::UTF16)
        {
            Encoding::Utf32
        } else {
            Encoding::Utf16
        }
    }

    /// Returns the name of the protocol.
    pub(crate) fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn units(self, text: &str) -> usize {
        match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16 => text.encode_utf16().count(),
            Encoding::Utf32 => text.chars().count(),
        }
    }
}

/// A text with the beginnings of its lines.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    text: Arc<str>,
    /// Where each line begins, in bytes.
    starts: Arc<[u32]>,
    encoding: Encoding,
}

impl Lines {
    pub(crate) fn new(text: Arc<str>, encoding: Encoding) -> Lines {
        let mut starts = vec![0];
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            // A carriage return ends a line too, alone or before a newline.
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(at as u32 + 1);
            }
        }
        Lines { text, starts: starts.into(), encoding }
    }

    /// Returns the offset of a position. Behind the end of a line is its end; behind the end of the
    /// text, the end of the text.
    pub(crate) fn offset(&self, position: Position) -> TextSize {
        let Some(start) = self.starts.get(position.line as usize) else {
            return TextSize::of(&*self.text);
        };
        let start = *start as usize;
        let end = match self.starts.get(position.line as usize + 1) {
            Some(next) => *next as usize,
            None => self.text.len(),
        };
        let line = self.text[start..end].trim_end_matches(['\n', '\r']);
        let column = position.character as usize;
        let within = match self.encoding {
            Encoding::Utf8 => floor(line, column.min(line.len())),
            // Where all characters have one byte, all ways to count agree.
            _ if line.is_ascii() => column.min(line.len()),
            encoding => {
                let mut units = 0;
                let mut at = line.len();
                for (offset, c) in line.char_indices() {
                    let width = if encoding == Encoding::Utf16 { c.len_utf16() } else { 1 };
                    if units + width > column {
                        at = offset;
                        break;
                    }
                    units += width;
                }
                at
            }
        };
        TextSize::new((start + within) as u32)
    }

    /// Returns the position of an offset.
    pub(crate) fn position(&self, offset: TextSize) -> Position {
        let offset = floor(&self.text, usize::from(offset).min(self.text.len()));
        let line = self.starts.partition_point(|it| *it as usize <= offset) - 1;
        let start = self.starts[line] as usize;
        let character = self.encoding.units(&self.text[start..offset]);
        Position::new(line as u32, character as u32)
    }

    pub(crate) fn range(&self, range: TextRange) -> Range {
        Range::new(self.position(range.start()), self.position(range.end()))
    }

    /// Returns the range of bytes; an upside-down one is empty.
    pub(crate) fn text_range(&self, range: Range) -> TextRange {
        let start = self.offset(range.start);
        TextRange::new(start, self.offset(range.end).max(start))
    }

    /// Returns the parts of a range, each on one line, without the ends of lines.
    pub(crate) fn by_line(&self, range: TextRange) -> Vec<TextRange> {
        let mut parts = Vec::new();
        let mut start = usize::from(range.start());
        let end = usize::from(range.end()).min(self.text.len());
        while start < end {
            let line = self.starts.partition_point(|it| *it as usize <= start) - 1;
            let next = self.starts.get(line + 1).map_or(self.text.len(), |it| *it as usize);
            let stop = next.min(end);
            let part = self.text[start..stop].trim_end_matches(['\n', '\r']);
            if !part.is_empty() {
                let range =
                    TextRange::at(TextSize::new(start as u32), TextSize::new(part.len() as u32));
                parts.push(range);
            }
            start = stop;
        }
        parts
    }

    /// How wide a part of one line is, as the client counts.
    pub(crate) fn width(&self, range: TextRange) -> u32 {
        self.encoding.units(&self.text[std::ops::Range::<usize>::from(range)]) as u32
    }
}

/// The nearest beginning of a character at or before an offset.
fn floor(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(encoding: Encoding, line: u32, character: u32, offset: u32) {
        let lines = Lines::new("ab\r\ncä𐐀d\r\n\u{2028}x".into(), encoding);
        let position = Position::new(line, character);
        assert_eq!(lines.offset(position), TextSize::new(offset), "{encoding:?} {position:?}");
        assert_eq!(lines.position(TextSize::new(offset)), position, "{encoding:?} {offset}");
    }

    #[test]
    fn columns_are_counted_in_each_encoding() {
        check(Encoding::Utf16, 0, 0, 0);
        check(Encoding::Utf16, 1, 2, 7);
        check(Encoding::Utf16, 1, 4, 11);
        check(Encoding::Utf8, 1, 7, 11);
        check(Encoding::Utf32, 1, 3, 11);
        check(Encoding::Utf16, 2, 2, 18);
    }

    #[test]
    fn positions_out_of_range_are_the_nearest_ones() {
        let lines = Lines::new("ab\r\ncä𐐀d".into(), Encoding::Utf16);
        assert_eq!(lines.offset(Position::new(0, 99)), TextSize::new(2));
        assert_eq!(lines.offset(Position::new(9, 9)), TextSize::new(12));
        assert_eq!(lines.offset(Position::new(u32::MAX, u32::MAX)), TextSize::new(12));
        // In the middle of a character.
        assert_eq!(lines.offset(Position::new(1, 3)), TextSize::new(7));
        assert_eq!(lines.position(TextSize::new(6)), Position::new(1, 1));
        assert_eq!(lines.position(TextSize::new(999)), Position::new(1, 5));
        let empty = Lines::new("".into(), Encoding::Utf8);
        assert_eq!(empty.offset(Position::new(3, 3)), TextSize::new(0));
    }

    #[test]
    fn a_range_over_lines_has_a_part_on_each() {
        let lines = Lines::new("ab\n\ncd\r\ne".into(), Encoding::Utf16);
        let parts = lines.by_line(TextRange::new(TextSize::new(1), TextSize::new(9)));
        let texts: Vec<&str> =
            parts.iter().map(|it| &lines.text[std::ops::Range::<usize>::from(*it)]).collect();
        assert_eq!(texts, ["b", "cd", "e"]);
    }
}
