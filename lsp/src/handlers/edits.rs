//! Changes of files: new names, and the one way to write a file.

use kiln_lang::{TextRange, ide};
use lsp_types::{
    DocumentFormattingParams, DocumentRangeFormattingParams, PrepareRenameResponse, RenameParams,
    TextDocumentPositionParams, TextEdit, WorkspaceEdit,
};

use crate::changes::changes;
use crate::convert;
use crate::snapshot::{Located, Refused, Snapshot, place};

pub(crate) fn prepare_rename(
    snapshot: &Snapshot,
    params: TextDocumentPositionParams,
) -> Result<Option<PrepareRenameResponse>, Refused> {
    let (located, position) = place(snapshot, &params)?;
    let can_edit = |file| snapshot.can_edit(&located.db, file);
    match ide::renameable(&located.db, position, &can_edit) {
        Ok((range, name)) => Ok(Some(PrepareRenameResponse::RangeWithPlaceholder {
            range: located.lines.range(range),
            placeholder: name.to_string(),
        })),
        Err(ide::RenameRefusal::NothingHere) => Ok(None),
        Err(refusal) => Err(because(snapshot, &located, &refusal)),
    }
}

pub(crate) fn rename(
    snapshot: &Snapshot,
    params: RenameParams,
) -> Result<Option<WorkspaceEdit>, Refused> {
    let (located, position) = place(snapshot, &params.text_document_position)?;
    let can_edit = |file| snapshot.can_edit(&located.db, file);
    let files = snapshot.own_files(&located.scope);
    let edits = ide::rename(&located.db, position, &params.new_name, &files, &can_edit)
        .map_err(|refusal| because(snapshot, &located, &refusal))?;
    Ok(convert::workspace_edit(snapshot, &located.db, &edits))
}

/// Says why something cannot be renamed: with lines of the file that was asked about, and with files,
/// as seen from the scope's folder, and lines for others.
fn because(snapshot: &Snapshot, located: &Located, refusal: &ide::RenameRefusal) -> Refused {
    let show = |place: ide::Place| {
        let line = snapshot.lines(&located.db, place.file).range(place.range).start.line + 1;
        if place.file == located.file {
            return format!("line {line}");
        }
        let path = located.db.path(place.file);
        let below = located.scope.key.folder().and_then(|it| path.strip_prefix(it));
        format!("{}:{line}", below.map_or(&*path, |it| it.trim_start_matches('/')))
    };
    Refused::because(refusal.message(&show))
}

pub(crate) fn formatting(
    snapshot: &Snapshot,
    params: DocumentFormattingParams,
) -> Result<Option<Vec<TextEdit>>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    Ok(Some(shown(&located, formatted(snapshot, &located)?)))
}

/// Formats the lines of a part of a file, as formatting all of it would.
pub(crate) fn range_formatting(
    snapshot: &Snapshot,
    params: DocumentRangeFormattingParams,
) -> Result<Option<Vec<TextEdit>>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let range = located.lines.text_range(params.range);
    let mut edits = formatted(snapshot, &located)?;
    edits.retain(|it| it.0.intersect(range).is_some());
    // A change of one line may be of use only with that of another.
    let text = located.db.text(located.file);
    let mut part = text.to_string();
    for (range, new) in edits.iter().rev() {
        part.replace_range(std::ops::Range::<usize>::from(*range), new);
    }
    let mistakes = |text: &str| kiln_lang::syntax::parse(text).errors().len();
    if mistakes(&part) > mistakes(&text) {
        edits.clear();
    }
    Ok(Some(shown(&located, edits)))
}

/// The edits that format a file, in order and apart.
fn formatted(snapshot: &Snapshot, located: &Located) -> Result<Vec<(TextRange, String)>, Refused> {
    if !snapshot.can_edit(&located.db, located.file) {
        return Err(Refused::because(format!("{} cannot be changed", located.path)));
    }
    let text = located.db.text(located.file);
    Ok(changes(&text, &kiln_lang::format(&text).text))
}

fn shown(located: &Located, edits: Vec<(TextRange, String)>) -> Vec<TextEdit> {
    let shown = edits
        .into_iter()
        .map(|(range, new_text)| TextEdit { range: located.lines.range(range), new_text });
    shown.collect()
}
