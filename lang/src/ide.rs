//! Editor features, as functions on data: files, offsets and texts in, plain data out.
//!
//! ```text
//! Database + FileId ─occurrences─▶ which word means which Symbol ─▶ definition, references, rename,
//!                                                                   highlight, tokens, hover
//! Database + offset ─context─▶ what may stand here ─▶ completion
//! ```
//!
//! **Invariants:** nothing here knows the language server protocol, lines and columns, or UTF-16;
//! nothing here changes a database; every function answers for any offset, also one behind the end
//! of the file; files that are wrong are answered for as well as those that are right.

pub mod actions;
mod brings;
mod completion;
mod context;
mod definition;
mod describe;
mod effective;
mod expected;
#[cfg(test)]
mod fixture;
mod folding;
mod hints;
mod hover;
mod keywords;
mod lens;
mod links;
mod occurrences;
mod outline;
mod references;
mod rename;
mod selection;
mod signature;
mod symbol;
mod tokens;

use text_size::{TextRange, TextSize};

use crate::database::{Database, FileId};

pub use completion::{Completion, CompletionKind, completions};
pub use definition::{definition, type_definition};
pub use effective::{Effective, Facts, NoFacts, Origin};
pub use folding::{Fold, FoldKind, folds};
pub use hints::{Hint, HintKind, hints};
pub use hover::{Hover, hover};
pub use lens::{Lens, lenses};
pub use links::{Link, LinkTarget, links};
pub use occurrences::{Access, Occurrence, occurrences};
pub use outline::{OutlineItem, OutlineKind, WorkspaceSymbol, outline, workspace_symbols};
pub use references::{Reference, highlights, references};
pub use rename::{Meant, Place, RenameRefusal, rename, renameable};
pub use selection::selections;
pub use signature::{SignatureHelp, signature};
pub use symbol::{Declaration, Symbol};
pub use tokens::{SemanticToken, TokenKind, TokenMods, tokens};

/// A place in a file between two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePosition {
    /// The file.
    pub file: FileId,
    /// How many bytes of it are before the place.
    pub offset: TextSize,
}

/// Somewhere to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file.
    pub file: FileId,
    /// All of it.
    pub whole: TextRange,
    /// Its name.
    pub name: TextRange,
}

impl FilePosition {
    /// Returns the position, at the end of the file if it lies behind that, and before a character
    /// if it lies within one.
    fn in_text(self, db: &Database) -> FilePosition {
        let text = db.text(self.file);
        let mut offset = usize::from(self.offset).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        FilePosition { offset: TextSize::new(offset as u32), ..self }
    }
}
