//! Diagnostics for people and for programs. The only place that knows miette.
//!
//! ```text
//! error[unknown-option]: `curl` has no option `ssl`; did you mean `static`?
//!     ╭─[net/site.kiln:14:5]
//!  14 │     ssl = "openssl"
//!     ·     ─┬─
//!     ·      ╰── set here
//!     ╰────
//!   help: …
//!   fix: write `tls`
//! ```

use kiln_lang::{Database, Diagnostic, FileId, Label, Severity, TextRange};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde_json::{Value, json};

use crate::terminal::{Style, Terminal};

/// How many diagnostics of one kind are drawn; the rest is counted.
const SHOWN_MAX: usize = 200;

/// Draws diagnostics one after the other.
pub(crate) fn render(db: &Database, diagnostics: &[Diagnostic], terminal: &Terminal) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(SHOWN_MAX) {
        text.push_str(&one(db, diagnostic, terminal));
        text.push('\n');
    }
    if diagnostics.len() > SHOWN_MAX {
        text.push_str(&format!("… and {} more\n", diagnostics.len() - SHOWN_MAX));
    }
    text
}

/// Returns `2 errors, 1 warning`.
pub(crate) fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|it| it.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let count = |number: usize, word: &str| match number {
        0 => None,
        1 => Some(format!("1 {word}")),
        number => Some(format!("{number} {word}s")),
    };
    let parts: Vec<String> =
        [count(errors, "error"), count(warnings, "warning")].into_iter().flatten().collect();
    parts.join(", ")
}

fn one(db: &Database, diagnostic: &Diagnostic, terminal: &Terminal) -> String {
    let severity = diagnostic.code.severity();
    let style = if severity == Severity::Error { Style::Red } else { Style::Yellow };
    let head = format!("{severity}[{}]", diagnostic.code);
    let mut text = format!(
        "{}: {}\n",
        terminal.paint(style, &head),
        terminal.paint(Style::Bold, &diagnostic.message)
    );
    let own: Vec<&Label> = std::iter::once(&diagnostic.primary)
        .chain(diagnostic.secondary.iter().filter(|it| it.file == diagnostic.primary.file))
        .collect();
    text.push_str(&snippet(db, diagnostic.primary.file, &own, terminal));
    let mut others: Vec<FileId> = Vec::new();
    for label in &diagnostic.secondary {
        if label.file != diagnostic.primary.file && !others.contains(&label.file) {
            others.push(label.file);
        }
    }
    for file in others {
        let labels: Vec<&Label> =
            diagnostic.secondary.iter().filter(|it| it.file == file).collect();
        text.push_str(&snippet(db, file, &labels, terminal));
    }
    for help in &diagnostic.help {
        text.push_str(&format!("  {} {help}\n", terminal.paint(Style::Cyan, "help:")));
    }
    for fix in &diagnostic.fixes {
        text.push_str(&format!("  {} {}\n", terminal.paint(Style::Green, "fix:"), fix.title));
    }
    text
}

/// Draws the lines of a file that labels stand in.
fn snippet(db: &Database, file: FileId, labels: &[&Label], terminal: &Terminal) -> String {
    let text = db.text(file);
    if text.is_empty()
        || labels
            .iter()
            .all(|it| it.range.is_empty() && it.text.is_empty() && text.trim().is_empty())
    {
        return format!("   ─ {}\n", shown_path(&db.path(file)));
    }
    let spans = labels
        .iter()
        .enumerate()
        .map(|(index, label)| {
            let start = usize::from(label.range.start()).min(text.len());
            let len = usize::from(label.range.len());
            // A label over many lines hides what it is about: its first line is enough.
            let end = (start + len).min(text.len());
            let slice = text.get(start..end).unwrap_or("");
            let len = slice.lines().next().map_or(0, |it| it.trim_end().len());
            let words = (!label.text.is_empty()).then(|| label.text.clone());
            if index == 0 {
                LabeledSpan::new_primary_with_span(words, (start, len))
            } else {
                LabeledSpan::new_with_span(words, (start, len))
            }
        })
        .collect();
    let report =
        Snippet { source: NamedSource::new(shown_path(&db.path(file)), text.to_string()), spans };
    let theme =
        if terminal.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(terminal.width).with_context_lines(1);
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &report).is_err() {
        return String::new();
    }
    // The handler begins with a heading of its own; ours is there already.
    let begin = drawn.lines().position(|it| it.contains('╭')).unwrap_or(0);
    drawn
        .lines()
        .skip(begin)
        .filter(|it| !it.trim().is_empty())
        .map(|it| format!("{it}\n"))
        .collect()
}

/// The path as people know it: relative to where they are, if it is below.
fn shown_path(path: &str) -> String {
    match std::env::current_dir() {
        Ok(here) => match std::path::Path::new(path).strip_prefix(&here) {
            Ok(relative) => relative.display().to_string(),
            Err(_) => path.to_owned(),
        },
        Err(_) => path.to_owned(),
    }
}

#[derive(Debug)]
struct Snippet {
    source: NamedSource<String>,
    spans: Vec<LabeledSpan>,
}

impl std::fmt::Display for Snippet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("snippet")
    }
}

impl std::error::Error for Snippet {}

impl miette::Diagnostic for Snippet {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.spans.iter().cloned()))
    }
}

//------ for programs

/// Returns diagnostics as data: `kiln check --json`.
pub(crate) fn to_json(db: &Database, diagnostics: &[Diagnostic]) -> Value {
    let all: Vec<Value> = diagnostics.iter().map(|it| one_to_json(db, it)).collect();
    Value::Array(all)
}

fn one_to_json(db: &Database, diagnostic: &Diagnostic) -> Value {
    json!({
        "code": diagnostic.code.slug(),
        "severity": diagnostic.code.severity().to_string(),
        "message": diagnostic.message,
        "place": place(db, diagnostic.primary.file, diagnostic.primary.range),
        "label": diagnostic.primary.text,
        "related": diagnostic.secondary.iter().map(|it| json!({
            "place": place(db, it.file, it.range),
            "label": it.text,
        })).collect::<Vec<_>>(),
        "help": diagnostic.help,
        "fixes": diagnostic.fixes.iter().map(|it| json!({
            "title": it.title,
            "edits": it.edits.iter().map(|it| json!({
                "place": place(db, it.file, it.range),
                "text": it.text,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// A place: path, byte offsets, and line and column counted from 1, columns in characters.
pub(crate) fn place(db: &Database, file: FileId, range: TextRange) -> Value {
    let text = db.text(file);
    let (line, column) = line_column(&text, usize::from(range.start()));
    let (end_line, end_column) = line_column(&text, usize::from(range.end()));
    json!({
        "path": &*db.path(file),
        "start": u32::from(range.start()),
        "end": u32::from(range.end()),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    })
}

/// The line and column of a byte, from 1.
pub(crate) fn line_column(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
