//! Where the parts of a [`Module`](super::Module) are written.

use text_size::{TextRange, TextSize};

use super::{Expr, ExprId};
use crate::arena::Id;

/// A place in a file, by number; equal in two files that differ in white space only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub(super) u32);

/// Where the parts of a module are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    spans: Ranges,
    exprs: Ranges,
}

/// Ranges of a text. A module has more of these than of anything else, and nearly all texts are
/// short enough for offsets of two bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ranges {
    /// Where they begin, in the lower half, and where they end.
    Short(Box<[u32]>),
    Long(Box<[TextRange]>),
}

impl Default for Ranges {
    fn default() -> Self {
        Ranges::Long(Box::default())
    }
}

impl Ranges {
    /// Keeps these ranges of a text of `len` bytes.
    fn new(ranges: &[TextRange], len: TextSize) -> Self {
        if u32::from(len) > u16::MAX.into() {
            return Ranges::Long(ranges.into());
        }
        let short = |it: &TextRange| u32::from(it.start()) | u32::from(it.end()) << 16;
        Ranges::Short(ranges.iter().map(short).collect())
    }

    fn len(&self) -> usize {
        match self {
            Ranges::Short(ranges) => ranges.len(),
            Ranges::Long(ranges) => ranges.len(),
        }
    }

    fn get(&self, index: usize) -> TextRange {
        match self {
            Ranges::Short(ranges) => {
                let both = ranges[index];
                TextRange::new(TextSize::new(both & 0xffff), TextSize::new(both >> 16))
            }
            Ranges::Long(ranges) => ranges[index],
        }
    }
}

impl SourceMap {
    /// Makes a map of the places in a text of `len` bytes.
    pub(super) fn new(spans: &[TextRange], exprs: &[TextRange], len: TextSize) -> Self {
        SourceMap { spans: Ranges::new(spans, len), exprs: Ranges::new(exprs, len) }
    }

    /// Returns the place with this number.
    #[must_use]
    pub fn span(&self, id: SpanId) -> TextRange {
        self.spans.get(id.0 as usize)
    }

    /// Returns where an expression is written.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> TextRange {
        self.exprs.get(id.index())
    }

    /// Returns the innermost expression at `offset`.
    #[must_use]
    pub fn expr_at(&self, offset: TextSize) -> Option<ExprId> {
        let mut best: Option<(ExprId, TextRange)> = None;
        for index in 0..self.exprs.len() {
            let id = Id::<Expr>::from_index(index);
            let range = self.expr(id);
            if range.contains_inclusive(offset) && best.is_none_or(|it| range.len() <= it.1.len()) {
                best = Some((id, range));
            }
        }
        best.map(|it| it.0)
    }
}
