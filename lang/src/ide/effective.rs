//! What evaluation found out, for whoever shows a file. It may be older than the file.

/// A value as it is in the end, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The value.
    pub value: String,
    /// Everything that had a say, the last word first.
    pub chain: Vec<Origin>,
    /// What was solved: `project.kiln`, `curl`.
    pub of: String,
    /// Whether files have changed since.
    pub stale: bool,
}

/// Something that had a say in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What it says: a value, `on`, `off`.
    pub says: String,
    /// Who it is: `default`, `project`, `needed by git`.
    pub by: String,
    /// Where: `curl.kiln:31`; may be empty.
    pub place: String,
    /// How it is written.
    pub text: String,
    /// Whether something later overruled it.
    pub overruled: bool,
}

/// Answers what evaluation found out. Never evaluates anything itself: what is not known yet is
/// not known.
pub trait Facts {
    /// The value of an option of a package.
    fn option(&self, package: &str, option: &str) -> Option<Effective>;
    /// Whether a value of an enum is chosen, or in a set: the value is `on` or `off`.
    fn element(&self, package: &str, option: &str, value: &str) -> Option<Effective>;
    /// The version of a package.
    fn version(&self, package: &str) -> Option<Effective>;
}

/// Nothing was evaluated.
pub struct NoFacts;

impl Facts for NoFacts {
    fn option(&self, _: &str, _: &str) -> Option<Effective> {
        None
    }

    fn element(&self, _: &str, _: &str, _: &str) -> Option<Effective> {
        None
    }

    fn version(&self, _: &str) -> Option<Effective> {
        None
    }
}

impl Effective {
    /// Returns the value and its chain as Markdown.
    #[must_use]
    pub(super) fn markdown(&self) -> String {
        let stale = if self.stale { ", before the last edits" } else { "" };
        let mut out = format!("**{}** in {}{stale}\n", code(&self.value), self.of);
        for origin in &self.chain {
            let mut line = format!("- {} ", code(&origin.says));
            line.push_str(&origin.by);
            if !origin.place.is_empty() {
                line.push_str(&format!(" ({})", origin.place));
            }
            if !origin.text.is_empty() && origin.text != origin.says {
                line.push_str(&format!(": {}", code(&origin.text)));
            }
            if origin.overruled {
                line.push_str(" *(overruled)*");
            }
            out.push_str(&line);
            out.push('\n');
        }
        out
    }
}

/// A text as code in Markdown, whatever is in it.
pub(super) fn code(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace('\n', " "))
}
