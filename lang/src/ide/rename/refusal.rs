//! Why something cannot be renamed.

use text_size::TextRange;

use super::super::Symbol;
use crate::database::{Database, FileId};
use crate::module::Name;

/// Why something cannot be renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameRefusal {
    /// There is no word at the place, or it stands for nothing that is known.
    NothingHere,
    /// It is part of the language.
    OfTheLanguage {
        /// What it is.
        kind: &'static str,
    },
    /// It is declared in a file that cannot be changed.
    ReadOnly {
        /// What it is called.
        name: Name,
        /// The file.
        path: String,
    },
    /// It is called after its file.
    NamedAfterFile {
        /// What it is called.
        name: Name,
        /// The file.
        path: String,
    },
    /// The word stands for options of several packages.
    OfSeveral {
        /// What they are called.
        name: Name,
        /// What they are.
        kind: &'static str,
        /// Where they are declared.
        declared: Vec<Place>,
    },
    /// The new name is no name.
    NotAName {
        /// The new name.
        name: String,
    },
    /// The new name means something wherever it stands.
    OfMeaning {
        /// The new name.
        name: String,
        /// What it means, in words.
        meaning: &'static str,
    },
    /// Something else is called so already.
    Taken {
        /// The new name.
        name: String,
        /// What has it.
        by: Meant,
        /// Where what is to be renamed is declared.
        renamed: Place,
    },
    /// A word would mean something else than it does now.
    Captured {
        /// The word, as it would be written.
        word: String,
        /// Where it stands.
        at: Place,
        /// What it means now.
        now: Option<Meant>,
        /// What it would mean.
        then: Option<Meant>,
    },
    /// Something would be a mistake that is none now.
    Mistake {
        /// What would be said of it.
        message: String,
        /// Where it would be.
        at: Place,
        /// Another place that matters, and what is to say about it.
        other: Option<(String, Place)>,
    },
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The place in it.
    pub range: TextRange,
}

/// What a word stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// What it is: "feature", "name".
    pub kind: &'static str,
    /// Where it is declared; nowhere if it is part of the language.
    pub declared: Option<Place>,
}

/// How many places are named where there are more.
const PLACES_SHOWN_MAX: usize = 5;

impl RenameRefusal {
    /// Returns the reason as one sentence, in which `show` writes places, as in "line 3".
    #[must_use]
    pub fn message(&self, show: &dyn Fn(Place) -> String) -> String {
        match self {
            RenameRefusal::NothingHere => "there is no name here that could be changed".to_owned(),
            RenameRefusal::OfTheLanguage { kind } => {
                format!("this {kind} is part of the language, and cannot be renamed")
            }
            RenameRefusal::ReadOnly { name, path } => {
                format!("`{name}` is declared in {path}, which cannot be changed")
            }
            RenameRefusal::NamedAfterFile { name, path } => format!(
                "`{name}` is called after its file {path}: rename the file, then change its header"
            ),
            RenameRefusal::OfSeveral { name, kind, declared } => {
                let shown = declared.iter().take(PLACES_SHOWN_MAX).map(|it| show(*it));
                let shown: Vec<String> = shown.collect();
                let more = match declared.len() - shown.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!(
                    "`{name}` stands here for the {kind} of several packages, declared at {}{more}: rename them by hand, all at once",
                    shown.join(", ")
                )
            }
            RenameRefusal::NotAName { name } => format!(
                "`{name}` is no name: names begin with a letter, and have letters, digits, `_` and inner `-`"
            ),
            RenameRefusal::OfMeaning { name, meaning } => {
                format!("`{name}` means something already: {meaning}")
            }
            RenameRefusal::Taken { name, by, renamed } => {
                let at = by.declared.map(|it| format!(" at {}", show(it))).unwrap_or_default();
                format!(
                    "there is a {} `{name}`{at} already; what is to be renamed is declared at {}",
                    by.kind,
                    show(*renamed)
                )
            }
            RenameRefusal::Captured { word, at, now, then } => {
                let at = show(*at);
                let meant = |it: &Meant| match it.declared {
                    Some(place) => format!("the {} declared at {}", it.kind, show(place)),
                    None => format!("a {} of the language", it.kind),
                };
                match (now, then) {
                    (Some(now), Some(then)) => format!(
                        "`{word}` at {at} would mean {}, and no longer {}",
                        meant(then),
                        meant(now)
                    ),
                    (None, Some(then)) => format!(
                        "`{word}` at {at} would mean {}, which it does not mean now",
                        meant(then)
                    ),
                    (Some(now), None) => {
                        format!("`{word}` at {at} would no longer mean {}", meant(now))
                    }
                    (None, None) => format!("`{word}` at {at} would mean something else"),
                }
            }
            RenameRefusal::Mistake { message, at, other } => {
                let other = other.as_ref().map(|it| format!(" ({}: {})", it.0, show(it.1)));
                let other = other.unwrap_or_default();
                format!("there would be a mistake at {}: {message}{other}", show(*at))
            }
        }
    }
}

impl Place {
    /// Returns where a symbol is declared.
    pub(super) fn of(db: &Database, symbol: &Symbol) -> Option<Place> {
        let declaration = symbol.declaration(db)?;
        Some(Place { file: declaration.file, range: declaration.name_range })
    }
}

impl Meant {
    pub(super) fn new(db: &Database, symbol: &Symbol) -> Meant {
        Meant { kind: symbol.kind(db), declared: Place::of(db, symbol) }
    }
}
