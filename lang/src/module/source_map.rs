//! Where the parts of a [`Module`](super::Module) are written.

use text_size::TextRange;

use super::{Expr, ExprId};
use crate::arena::Id;

/// A place in a file, by number; equal in two files that differ in white space only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub(super) u32);

/// Where the parts of a module are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    pub(super) spans: Vec<TextRange>,
    pub(super) exprs: Vec<TextRange>,
}

impl SourceMap {
    /// Returns the place with this number.
    #[must_use]
    pub fn span(&self, id: SpanId) -> TextRange {
        self.spans[id.0 as usize]
    }

    /// Returns where an expression is written.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> TextRange {
        self.exprs[id.index()]
    }

    /// Returns the innermost expression at `offset`.
    #[must_use]
    pub fn expr_at(&self, offset: text_size::TextSize) -> Option<ExprId> {
        let mut best: Option<(usize, TextRange)> = None;
        for (index, range) in self.exprs.iter().enumerate() {
            if range.contains_inclusive(offset) && best.is_none_or(|it| range.len() <= it.1.len()) {
                best = Some((index, *range));
            }
        }
        best.map(|it| Id::<Expr>::from_index(it.0))
    }
}
