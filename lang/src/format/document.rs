//! Text with places where it may be broken, and the printer that breaks it.
//!
//! A document is a flat list of pieces. Groups may hold each other; a group is printed on one line
//! if it fits, with what follows it up to the next place where a line may end, and is broken at all
//! of its own places otherwise. After Wadler, "A prettier printer" (2003), but without the search:
//! widths are summed up while the document is made, and printing is one pass over it.

use super::{INDENT, WIDTH};

/// A piece of a document.
#[derive(Debug, Clone, Copy)]
enum Piece<'a> {
    /// A piece of a line.
    Text(&'a str),
    /// Text with every space that is in it, maybe of several lines.
    Raw(&'a str),
    /// A comment behind something on its line. However long it is, nothing is broken for it.
    Comment(&'a str),
    /// Text where its group is broken, nothing otherwise.
    IfBroken(&'static str),
    /// Text where its group is on one line, nothing otherwise.
    IfFlat(&'static str),
    /// The end of a line where the group is broken; a space, or nothing, otherwise.
    Line { space: bool },
    /// A space, or the end of a line if what comes before the next place to break does not fit.
    Fill,
    /// A comma and a space, or the end of a line without a comma.
    FillComma,
    /// The end of a line. It breaks the groups that it is in.
    Hard,
    /// The end of a line and an empty one.
    Blank,
    /// The end of a line of a long string. The next line is indented one level deeper than the line
    /// that the string began on, or not at all.
    StringLine { indented: bool },
    /// A long string begins.
    StringStart,
    /// What follows is indented deeper, if the group is broken.
    Indent,
    /// No more.
    Dedent,
    /// A group begins: its width on one line, and where it ends.
    Open { width: u32, end: u32, how: How },
    /// The group that began last ends.
    Close,
}

/// Whether a group is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// If it does not fit.
    IfNeeded,
    /// Whatever its width.
    Always,
    /// Never.
    Never,
}

/// A text with places where it may be broken.
#[derive(Default)]
pub(super) struct Document<'a> {
    pieces: Vec<Piece<'a>>,
    open: Vec<Group>,
    /// The width of all pieces so far, were they on one line.
    width: u32,
    /// How many line ends are forced so far.
    forced: u32,
    /// Whether the pieces are lines of a long string, which fit anywhere.
    in_string: bool,
}

/// A group that has begun.
struct Group {
    at: usize,
    /// The width of all pieces before it.
    width: u32,
    /// How many line ends are forced before it.
    forced: u32,
    /// Whether a line can end in it, and in no group inside it.
    has_line: bool,
}

fn width_of(text: &str) -> u32 {
    let width = if text.is_ascii() { text.len() } else { text.chars().count() };
    u32::try_from(width).unwrap_or(u32::MAX / 2)
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or(text)
}

impl<'a> Document<'a> {
    //------ making

    pub(super) fn text(&mut self, text: &'a str) {
        if !self.in_string {
            self.width = self.width.saturating_add(width_of(text));
        }
        self.pieces.push(Piece::Text(text));
    }

    pub(super) fn raw(&mut self, text: &'a str) {
        if !self.in_string {
            self.width = self.width.saturating_add(width_of(first_line(text)));
        }
        self.pieces.push(Piece::Raw(text));
    }

    pub(super) fn comment(&mut self, text: &'a str) {
        self.pieces.push(Piece::Comment(text));
    }

    pub(super) fn if_broken(&mut self, text: &'static str) {
        self.pieces.push(Piece::IfBroken(text));
    }

    pub(super) fn if_flat(&mut self, text: &'static str) {
        self.width = self.width.saturating_add(width_of(text));
        self.pieces.push(Piece::IfFlat(text));
    }

    fn has_line(&mut self) {
        if let Some(group) = self.open.last_mut() {
            group.has_line = true;
        }
    }

    pub(super) fn line(&mut self, space: bool) {
        self.has_line();
        self.width = self.width.saturating_add(u32::from(space));
        self.pieces.push(Piece::Line { space });
    }

    pub(super) fn fill(&mut self) {
        self.has_line();
        self.width = self.width.saturating_add(1);
        self.pieces.push(Piece::Fill);
    }

    pub(super) fn fill_comma(&mut self) {
        self.has_line();
        self.width = self.width.saturating_add(2);
        self.pieces.push(Piece::FillComma);
    }

    pub(super) fn hard(&mut self, blank: bool) {
        self.forced += 1;
        self.has_line();
        self.pieces.push(if blank { Piece::Blank } else { Piece::Hard });
    }

    /// A string begins; returns what its end wants to know.
    pub(super) fn string_start(&mut self) -> bool {
        self.pieces.push(Piece::StringStart);
        self.in_string
    }

    pub(super) fn string_line(&mut self, indented: bool) {
        self.in_string = true;
        self.pieces.push(Piece::StringLine { indented });
    }

    pub(super) fn string_end(&mut self, outer: bool) {
        self.in_string = outer;
    }

    pub(super) fn indent(&mut self) {
        self.pieces.push(Piece::Indent);
    }

    pub(super) fn dedent(&mut self) {
        self.pieces.push(Piece::Dedent);
    }

    pub(super) fn open(&mut self, how: How) {
        let (at, width, forced) = (self.pieces.len(), self.width, self.forced);
        self.open.push(Group { at, width, forced, has_line: false });
        self.pieces.push(Piece::Open { width: 0, end: 0, how });
    }

    pub(super) fn close(&mut self) {
        let Some(group) = self.open.pop() else { return };
        let forced_inside = self.forced > group.forced;
        let inside = self.width - group.width;
        let its_end = self.pieces.len() as u32;
        if let Piece::Open { width, end, how } = &mut self.pieces[group.at] {
            (*width, *end) = (inside, its_end);
            *how = match *how {
                // Nothing in it could be broken.
                How::IfNeeded if !group.has_line => How::Never,
                How::IfNeeded if forced_inside => How::Always,
                other => other,
            };
        }
        self.pieces.push(Piece::Close);
    }

    //------ printing

    /// For each piece, the width from it to the next place where a line may end.
    fn tails(&self) -> Vec<u32> {
        let mut tails = vec![0_u32; self.pieces.len() + 1];
        for (at, piece) in self.pieces.iter().enumerate().rev() {
            let next = tails[at + 1];
            tails[at] = match piece {
                Piece::Text(text) => next.saturating_add(width_of(text)),
                Piece::Raw(text) if text.contains('\n') => width_of(first_line(text)),
                Piece::Raw(text) => next.saturating_add(width_of(text)),
                Piece::IfBroken(text) => next.saturating_add(width_of(text)),
                Piece::IfFlat(_)
                | Piece::StringStart
                | Piece::Indent
                | Piece::Dedent
                | Piece::Open { .. }
                | Piece::Close => next,
                Piece::Line { .. }
                | Piece::Fill
                | Piece::FillComma
                | Piece::Hard
                | Piece::Blank
                | Piece::Comment(_)
                | Piece::StringLine { .. } => 0,
            };
        }
        tails
    }

    /// Prints the document; the text ends with a line end unless it is empty.
    pub(super) fn print(&self) -> String {
        let tails = self.tails();
        let mut out = Printer::default();
        // Of each group: whether it is broken, and whether it is in one that fits on a line. What is
        // in one that fits is not broken for the lines of a long string, which count nowhere.
        let mut groups: Vec<(bool, bool)> = Vec::new();
        let mut indents: Vec<usize> = vec![0];
        let mut string_indent = 0;
        for (at, piece) in self.pieces.iter().enumerate() {
            let (broken, fits) = groups.last().copied().unwrap_or((true, false));
            let indent = indents.last().copied().unwrap_or(0);
            match *piece {
                Piece::Text(text) => out.text(text),
                Piece::Raw(text) => out.raw(text),
                Piece::Comment(text) => out.comment(text),
                Piece::IfBroken(text) if broken => out.text(text),
                Piece::IfFlat(text) if !broken => out.text(text),
                Piece::IfBroken(_) | Piece::IfFlat(_) => {}
                Piece::Line { .. } if broken => out.line(indent),
                Piece::Line { space } => {
                    if space {
                        out.text(" ");
                    }
                }
                Piece::Fill => {
                    if out.column() + 1 + tails[at + 1] as usize > WIDTH {
                        out.line(indent);
                    } else {
                        out.text(" ");
                    }
                }
                Piece::FillComma => {
                    if out.column() + 2 + tails[at + 1] as usize > WIDTH {
                        out.line(indent);
                    } else {
                        out.text(",");
                        out.text(" ");
                    }
                }
                Piece::Hard => out.line(indent),
                Piece::Blank => {
                    out.line(indent);
                    out.line(indent);
                }
                Piece::StringStart => string_indent = out.indent + INDENT,
                Piece::StringLine { indented } => {
                    out.string_line(if indented { string_indent } else { 0 });
                }
                Piece::Indent => indents.push(indent + if broken { INDENT } else { 0 }),
                Piece::Dedent => {
                    indents.pop();
                }
                Piece::Open { width, end, how } => {
                    let needed = out.column() + (width + tails[end as usize + 1]) as usize;
                    groups.push(match how {
                        How::Always => (true, fits),
                        How::Never => (false, fits),
                        How::IfNeeded if fits || needed <= WIDTH => (false, true),
                        How::IfNeeded => (true, false),
                    });
                }
                Piece::Close => {
                    groups.pop();
                }
            }
        }
        out.finish()
    }
}

/// The text so far. White space at the ends of lines is never written.
#[derive(Default)]
struct Printer {
    out: String,
    /// How deep the current line is indented.
    indent: usize,
    /// How many spaces the next text on this line has before it.
    spaces: usize,
    /// How many characters the line has, without those spaces.
    width: usize,
    /// The comments behind something on the lines up to here: where they begin in the text, and
    /// how many characters come before them.
    comments: Vec<(usize, usize)>,
    /// How deep the lines of those comments are indented.
    comments_indent: usize,
    /// Whether the line ends in such a comment.
    has_comment: bool,
}

impl Printer {
    fn column(&self) -> usize {
        self.width + self.spaces
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if text == " " {
            self.spaces += 1;
            return;
        }
        self.out.extend(std::iter::repeat_n(' ', self.spaces));
        self.width += self.spaces + width_of(text) as usize;
        self.spaces = 0;
        self.out.push_str(text);
    }

    /// A comment behind something. On lines that follow each other, comments stand in a column.
    fn comment(&mut self, text: &str) {
        if self.comments_indent != self.indent {
            self.align();
            self.comments_indent = self.indent;
        }
        self.spaces = 0;
        self.comments.push((self.out.len(), self.width));
        self.has_comment = true;
        self.out.push_str(text);
    }

    /// Puts the comments of the last lines into a column.
    fn align(&mut self) {
        let Some(&(from, _)) = self.comments.first() else { return };
        let column = self.comments.iter().map(|it| it.1).max().unwrap_or(0) + 2;
        let tail = self.out.split_off(from);
        let mut done = from;
        for (at, width) in self.comments.drain(..) {
            self.out.push_str(&tail[done - from..at - from]);
            self.out.extend(std::iter::repeat_n(' ', column - width));
            done = at;
        }
        self.out.push_str(&tail[done - from..]);
    }

    /// A line ends.
    fn end_line(&mut self) {
        if !std::mem::take(&mut self.has_comment) {
            self.align();
        }
        self.out.push('\n');
    }

    fn raw(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.out.extend(std::iter::repeat_n(' ', self.spaces));
        let last = text.rsplit('\n').next().unwrap_or(text);
        let before = if last.len() < text.len() { 0 } else { self.width + self.spaces };
        self.width = before + width_of(last) as usize;
        self.spaces = 0;
        self.out.push_str(text);
    }

    fn line(&mut self, indent: usize) {
        // No text begins with an empty line.
        if self.out.is_empty() {
            return;
        }
        self.end_line();
        (self.indent, self.spaces, self.width) = (indent, indent, 0);
    }

    /// A line of a string, which keeps the indentation that counts for other strings in it.
    fn string_line(&mut self, spaces: usize) {
        self.end_line();
        (self.spaces, self.width) = (spaces, 0);
    }

    fn finish(mut self) -> String {
        self.align();
        while self.out.ends_with('\n') {
            self.out.pop();
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }
}
