//! Which bracket closes which, found out before anything is parsed.
//!
//! In a text whose brackets all have counterparts, the pairs are found by a stack alone. In any
//! other, the indentation decides: a line that is indented no deeper than the line of a bracket
//! lies outside of it. So one forgotten `}` costs one block, and not the rest of the file. Both
//! passes look at each token once.

use super::SyntaxKind::{self, *};
use super::lexer::Token;

/// How a bracket is paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// No bracket, or one that has its counterpart.
    Fine,
    /// A bracket that is closed by a token of another kind: `[1, 2}`.
    WrongClose,
    /// A bracket that nothing closes.
    Unclosed,
    /// A closing bracket that nothing opened.
    Stray,
}

/// Which kinds of brackets belong together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Round,
    Square,
    Curly,
}

fn opens(kind: SyntaxKind) -> Option<Shape> {
    Some(match kind {
        L_PAREN | INTERPOLATION_OPEN => Shape::Round,
        L_BRACKET => Shape::Square,
        L_BRACE => Shape::Curly,
        _ => return None,
    })
}

fn closes(kind: SyntaxKind) -> Option<Shape> {
    Some(match kind {
        R_PAREN => Shape::Round,
        R_BRACKET => Shape::Square,
        R_BRACE => Shape::Curly,
        _ => return None,
    })
}

/// Pairs the brackets of `tokens`: each opening one learns at which token its group ends.
pub(super) fn pair(text: &str, tokens: &mut [Token]) {
    let mut stack: Vec<(u32, Shape)> = Vec::new();
    for at in 0..tokens.len() {
        let kind = tokens[at].kind;
        if let Some(shape) = opens(kind) {
            stack.push((at as u32, shape));
        } else if let Some(shape) = closes(kind) {
            match stack.pop() {
                Some((open, of)) if of == shape => {
                    tokens[open as usize].group_end = at as u32;
                }
                _ => return pair_by_layout(text, tokens),
            }
        }
    }
    if !stack.is_empty() {
        pair_by_layout(text, tokens);
    }
}

struct Open {
    at: usize,
    shape: Shape,
    line: u32,
    /// How deep the line is indented that it stands on.
    indent: usize,
}

struct Layout<'t> {
    tokens: &'t mut [Token],
    stack: Vec<Open>,
    /// How many of each shape are open.
    open: [usize; 3],
    /// The same, on the current line.
    open_here: [usize; 3],
    /// How many more brackets of each shape are closed than opened, in all of the text.
    excess: [isize; 3],
    line: u32,
}

fn pair_by_layout(text: &str, tokens: &mut [Token]) {
    let count = tokens.len();
    let mut excess = [0; 3];
    for token in tokens.iter() {
        if let Some(shape) = opens(token.kind) {
            excess[shape as usize] -= 1;
        } else if let Some(shape) = closes(token.kind) {
            excess[shape as usize] += 1;
        }
    }
    let (stack, open, open_here) = (Vec::new(), [0; 3], [0; 3]);
    let mut layout = Layout { tokens, stack, open, open_here, excess, line: u32::MAX };
    let mut indent = 0;
    for at in 0..count {
        let Token { kind, start, line, .. } = layout.tokens[at];
        if line != layout.line {
            layout.line = line;
            layout.open_here = [0; 3];
            indent = column(text, start as usize);
            layout.leave(at, indent);
        }
        if let Some(shape) = opens(kind) {
            layout.stack.push(Open { at, shape, line, indent });
            layout.open[shape as usize] += 1;
            layout.open_here[shape as usize] += 1;
        } else if let Some(shape) = closes(kind) {
            layout.close(at, shape, indent);
        }
    }
    while layout.pop(count, Pairing::Unclosed) {}
}

impl Layout<'_> {
    /// A line begins: brackets that it cannot be inside of end before it.
    fn leave(&mut self, at: usize, indent: usize) {
        let is_close = closes(self.tokens[at].kind).is_some();
        while let Some(top) = self.stack.last() {
            let is_outside = if is_close { top.indent > indent } else { top.indent >= indent };
            if top.line == self.line || !is_outside {
                break;
            }
            self.pop(at, Pairing::Unclosed);
        }
    }

    fn close(&mut self, at: usize, shape: Shape, indent: usize) {
        let begins_line = self.tokens[at].after_newline;
        let Some(top) = self.stack.last() else {
            return self.stray(at, shape);
        };
        let is_of_earlier_line = top.line != self.line;
        if top.shape == shape {
            // A `}` at the beginning of a deeper line than that of its `{`, or in the middle of
            // another line while there are too many, closes nothing.
            let is_deeper = begins_line && top.indent < indent;
            let is_too_many = !begins_line && is_of_earlier_line && self.excess[shape as usize] > 0;
            if is_deeper || is_too_many {
                self.stray(at, shape);
            } else {
                self.pop(at, Pairing::Fine);
            }
            return;
        }
        let is_of_outer =
            self.open[shape as usize] > 0 && (begins_line || self.open_here[shape as usize] > 0);
        if is_of_outer {
            while self.stack.last().is_some_and(|it| it.shape != shape) {
                self.pop(at, Pairing::Unclosed);
            }
            self.pop(at, Pairing::Fine);
        } else if begins_line || is_of_earlier_line {
            self.stray(at, shape);
        } else {
            self.pop(at, Pairing::WrongClose);
        }
    }

    fn stray(&mut self, at: usize, shape: Shape) {
        self.tokens[at].pairing = Pairing::Stray;
        self.excess[shape as usize] -= 1;
    }

    /// The group that was opened last ends before token `at`, or with it.
    fn pop(&mut self, at: usize, pairing: Pairing) -> bool {
        let Some(top) = self.stack.pop() else { return false };
        self.open[top.shape as usize] -= 1;
        if top.line == self.line {
            self.open_here[top.shape as usize] -= 1;
        }
        let token = &mut self.tokens[top.at];
        token.group_end = at as u32;
        token.pairing = pairing;
        true
    }
}

/// How many bytes stand before `start` on its line.
pub(super) fn column(text: &str, start: usize) -> usize {
    start - text[..start].rfind('\n').map_or(0, |it| it + 1)
}
