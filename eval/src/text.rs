//! Texts, perhaps with places for paths that are known only when building.

use std::cell::Cell;
use std::fmt;

use kiln_store::{Piece, Template};
use lean_string::LeanStr;

/// A text, perhaps with places for paths that are known only when building.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Text {
    /// Just text.
    Plain(LeanStr),
    /// With places.
    Template(Template),
}

impl Text {
    /// Makes a text.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Text::Plain(text.into())
    }

    /// Makes a text of pieces; without places it is plain.
    #[must_use]
    pub fn from_template(template: Template) -> Self {
        match template.as_text() {
            Some(text) => Text::plain(text),
            None => Text::Template(template),
        }
    }

    /// Returns the text if it has no places.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        match self {
            Text::Plain(text) => Some(text),
            Text::Template(_) => None,
        }
    }

    /// Returns it as a template.
    #[must_use]
    pub fn to_template(&self) -> Template {
        match self {
            Text::Plain(text) => Template::from_pieces([Piece::Text(text.clone())]),
            Text::Template(template) => template.clone(),
        }
    }

    /// How much memory its characters take, about.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Text::Plain(text) => text.len(),
            Text::Template(template) => template
                .pieces()
                .iter()
                .map(|it| match it {
                    Piece::Text(text) => text.len(),
                    Piece::Input(_) | Piece::Output(_) => PLACE_BYTES,
                })
                .sum(),
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::Plain(text) => f.write_str(text),
            Text::Template(template) => {
                let shown = template.render(|it| match it {
                    Piece::Input(label) => format!("⟨{label}⟩"),
                    Piece::Output(name) => format!("⟨{name}⟩"),
                    Piece::Text(text) => text.to_string(),
                });
                f.write_str(&shown)
            }
        }
    }
}

/// A text while it is put together.
#[derive(Debug)]
pub(crate) struct TextBuilder {
    /// What is put together, up to the last place.
    begun: Vec<Piece>,
    /// What comes after that.
    text: String,
    /// How long `begun` is, about, in bytes.
    bytes: usize,
}

thread_local! {
    /// The memory of the text that was put together last, for the next one: most are short.
    static SPARE: Cell<(Vec<Piece>, String)> = const { Cell::new((Vec::new(), String::new())) };
}

/// How much memory is kept for the next text, in bytes.
const SPARE_MAX: usize = 4096;

impl Default for TextBuilder {
    fn default() -> Self {
        let (begun, mut text) = SPARE.take();
        // Most texts are no longer, and so do not have to grow.
        text.reserve(64);
        TextBuilder { begun, text, bytes: 0 }
    }
}

impl TextBuilder {
    /// How long the text is, about, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes + self.text.len()
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a place: a piece that is no text.
    pub(crate) fn push_place(&mut self, place: Piece) {
        self.flush();
        self.bytes += PLACE_BYTES;
        self.begun.push(place);
    }

    pub(crate) fn push(&mut self, text: &Text) {
        match text {
            Text::Plain(text) => self.push_str(text),
            Text::Template(template) => {
                for piece in template.pieces() {
                    match piece {
                        Piece::Text(text) => self.push_str(text),
                        place @ (Piece::Input(_) | Piece::Output(_)) => {
                            self.push_place(place.clone());
                        }
                    }
                }
            }
        }
    }

    pub(crate) fn finish(mut self) -> Text {
        let text = if self.begun.is_empty() {
            Text::Plain(self.text.as_str().into())
        } else {
            self.flush();
            Text::Template(Template::take_pieces(&mut self.begun))
        };
        let TextBuilder { begun, text: mut spare, .. } = self;
        if spare.capacity() <= SPARE_MAX && begun.capacity() * size_of::<Piece>() <= SPARE_MAX {
            spare.clear();
            SPARE.set((begun, spare));
        }
        text
    }

    /// Takes the text to what is begun; its memory is for the next one.
    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.bytes += self.text.len();
            self.begun.push(Piece::Text(self.text.as_str().into()));
            self.text.clear();
        }
    }
}

/// What the path of a place takes, about, in bytes.
const PLACE_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_equal_however_they_are_put_together() {
        let place = Text::from_template(Template::from_pieces([Piece::Output(
            kiln_store::OutputName::default_output(),
        )]));
        let mut a = TextBuilder::default();
        a.push_str("x");
        a.push_str("y");
        a.push(&place);
        a.push_str("");
        let mut b = TextBuilder::default();
        b.push(&Text::plain("xy"));
        b.push(&place);
        assert_eq!(a.len(), 66);
        assert_eq!(a.finish(), b.finish());
        assert_eq!(TextBuilder::default().finish(), Text::plain(""));
    }
}
