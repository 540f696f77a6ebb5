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

use crate::progress::counted;
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
    let count = |number: usize, word: &str| (number > 0).then(|| counted(number, word));
    let parts: Vec<String> =
        [count(errors, "error"), count(warnings, "warning")].into_iter().flatten().collect();
    parts.join(", ")
}

/// Returns `1 file`, or `3 files`.
pub(crate) fn files(count: usize) -> String {
    counted(count, "file")
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
        let wrapped = wrap(help, terminal.width.saturating_sub(8), 8);
        text.push_str(&format!("  {} {wrapped}\n", terminal.paint(Style::Cyan, "help:")));
    }
    for fix in &diagnostic.fixes {
        text.push_str(&format!("  {} {}\n", terminal.paint(Style::Green, "fix:"), fix.title));
    }
    text
}

/// Breaks a sentence at spaces; lines after the first one are indented. Code in backticks is not
/// broken, so that it can be copied.
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for piece in pieces(text) {
        let len = piece.chars().count();
        if column > 0 && column + 1 + len > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(piece);
        column += len;
    }
    out
}

/// The words of a text; what stands in backticks is one.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut in_code) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '`' => in_code = !in_code,
            ' ' if !in_code => {
                pieces.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[begin..]);
    pieces.retain(|it| !it.is_empty());
    pieces
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
    let path = shown_path(&db.path(file));
    let spans: Vec<(usize, usize)> = labels.iter().map(|it| first_line(&text, it)).collect();
    let shown = Shortened::new(&text, &spans, terminal.width.saturating_sub(GUTTER));
    let spans = labels
        .iter()
        .zip(&shown.places)
        .enumerate()
        .map(|(index, (label, &(start, len)))| {
            let words = (!label.text.is_empty()).then(|| label.text.clone());
            if index == 0 {
                LabeledSpan::new_primary_with_span(words, (start, len))
            } else {
                LabeledSpan::new_with_span(words, (start, len))
            }
        })
        .collect();
    let report = Snippet { source: NamedSource::new(&path, shown.text.clone()), spans };
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
    let lines: Vec<&str> = drawn.lines().skip(begin).filter(|it| !it.trim().is_empty()).collect();
    // Lines around those with labels say nothing that the file does not.
    let is_label = |it: &str| it.trim_start().starts_with('·');
    lines
        .iter()
        .enumerate()
        .filter(|(at, it)| {
            !it.contains(" │ ") && !it.trim_end().ends_with(" │")
                || is_label(it)
                || lines.get(at + 1).is_some_and(|it| is_label(it))
        })
        .map(|(_, it)| format!("{}\n", shown.heading(it.trim_end())))
        .collect()
}

/// How many columns stand before the text of a line.
const GUTTER: usize = 9;

/// The first line of a label: over many lines, it would hide what it is about.
fn first_line(text: &str, label: &Label) -> (usize, usize) {
    let start = floor(text, usize::from(label.range.start()));
    let end = floor(text, usize::from(label.range.end()));
    let slice = text.get(start..end).unwrap_or("");
    (start, slice.lines().next().map_or(0, |it| it.trim_end().len()))
}

/// A text in which lines with labels are cut to what fits on the terminal.
struct Shortened {
    text: String,
    /// Where each label is in it: begin and length.
    places: Vec<(usize, usize)>,
    /// Of each line that was cut at its beginning: its number from 1, and how many columns its
    /// characters are further to the left.
    moved: Vec<(usize, usize)>,
}

impl Shortened {
    fn new(text: &str, spans: &[(usize, usize)], width: usize) -> Self {
        let mut new = String::new();
        let mut places = vec![(0, 0); spans.len()];
        let mut moved = Vec::new();
        let mut begin = 0;
        for (index, line) in text.split_inclusive('\n').chain([""]).enumerate() {
            let body = line.trim_end_matches(['\n', '\r']);
            let is_last = begin + line.len() == text.len();
            let on_line = |start: usize| {
                begin <= start && (start < begin + line.len() || is_last && start == text.len())
            };
            let label = spans.iter().find(|it| on_line(it.0));
            let (mut from, mut to) = (0, body.len());
            if let Some(label) = label
                && body.chars().count() > width
            {
                // A third of the room goes to what stands before the label.
                let column = body[..(label.0 - begin).min(body.len())].chars().count();
                let first = match column + label.1.min(width / 2) >= width {
                    true => column.saturating_sub(width / 3),
                    false => 0,
                };
                let mut kept = body.char_indices().skip(first).take(width.saturating_sub(2));
                from = kept.next().map_or(0, |it| it.0);
                to = kept.last().map_or(body.len(), |it| it.0 + it.1.len_utf8());
                if first > 0 {
                    moved.push((index + 1, first - 1));
                }
            }
            let lead = if from > 0 { "…" } else { "" };
            let offset = new.len() + lead.len();
            for (place, span) in places.iter_mut().zip(spans).filter(|it| on_line(it.1.0)) {
                let start = (span.0 - begin).clamp(from, to);
                let end = (span.0 - begin + span.1).clamp(start, to);
                *place = (offset + start - from, end - start);
            }
            new.push_str(lead);
            new.push_str(&body[from..to]);
            new.push_str(if to < body.len() { "…" } else { "" });
            new.push_str(&line[body.len()..]);
            begin += line.len();
        }
        Shortened { text: new, places, moved }
    }

    /// A drawn line, in which the heading `[path:line:column]` says the column of the file.
    fn heading(&self, drawn: &str) -> String {
        let place = drawn.strip_suffix(']').filter(|it| it.contains("─["));
        let parts = place.and_then(|it| it.rsplit_once(':')).and_then(|(rest, column)| {
            let line: usize = rest.rsplit_once(':')?.1.parse().ok()?;
            Some((rest, line, column.parse::<usize>().ok()?))
        });
        let Some((rest, line, column)) = parts else { return drawn.to_owned() };
        match self.moved.iter().find(|it| it.0 == line) {
            Some((_, by)) => format!("{rest}:{}]", column + by),
            None => drawn.to_owned(),
        }
    }
}

/// The path as people know it: relative to where they are, if it is below.
pub(crate) fn shown_path(path: &str) -> String {
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
    let before = &text[..floor(text, at)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// The nearest place at or before `at` that is in the text and between characters.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
