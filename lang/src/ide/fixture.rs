//! Files for tests, written in one text.
//!
//! `//- /path` in a line of its own begins a file; `$0` is the cursor, in the last file if there
//! is none. Files below `/recipes` are those of the root.

use std::sync::Arc;

use text_size::{TextRange, TextSize};

use super::FilePosition;
use crate::database::{Database, FileId};
use crate::world::MemoryWorld;

pub(super) struct Fixture {
    pub(super) db: Database,
    pub(super) files: Vec<FileId>,
    pub(super) cursor: FilePosition,
}

impl Fixture {
    pub(super) fn new(text: &str) -> Fixture {
        let mut world = MemoryWorld::new();
        let mut paths: Vec<(String, Option<u32>)> = Vec::new();
        for part in text.split("//- ").skip(1) {
            let (path, text) = part.split_once('\n').unwrap_or((part, ""));
            let cursor = text.find("$0");
            world.insert(path.trim(), text.replacen("$0", "", 1));
            paths.push((path.trim().to_owned(), cursor.map(|it| it as u32)));
        }
        let db = Database::new(Arc::new(world), vec!["/recipes".to_owned()]);
        let files: Vec<FileId> = paths.iter().map(|it| db.file(&it.0)).collect();
        let at = paths.iter().position(|it| it.1.is_some()).unwrap_or(paths.len() - 1);
        let offset = TextSize::new(paths[at].1.unwrap_or(0));
        let cursor = FilePosition { file: files[at], offset };
        Fixture { db, files, cursor }
    }

    pub(super) fn position(&self) -> FilePosition {
        self.cursor
    }

    pub(super) fn show_text(&self, file: FileId, range: TextRange) -> String {
        self.db.text(file)[range].to_owned()
    }

    /// A place as `path:line` with its text.
    pub(super) fn show(&self, file: FileId, range: TextRange) -> String {
        let text = self.db.text(file);
        let line = text[..usize::from(range.start())].matches('\n').count() + 1;
        format!("{}:{line} `{}`", self.db.path(file), &text[range])
    }
}
