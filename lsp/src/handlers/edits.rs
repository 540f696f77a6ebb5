//! Changes of files: new names, and the one way to write a file.

use kiln_lang::ide;
use lsp_types::{
    DocumentFormattingParams, PrepareRenameResponse, RenameParams, TextDocumentPositionParams,
    TextEdit, WorkspaceEdit,
};

use crate::changes::changes;
use crate::convert;
use crate::snapshot::{Refused, Snapshot, place};

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
        Err(refusal) => Err(Refused::because(refusal.to_string())),
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
        .map_err(|refusal| Refused::because(refusal.to_string()))?;
    Ok(convert::workspace_edit(snapshot, &located.db, &edits))
}

pub(crate) fn formatting(
    snapshot: &Snapshot,
    params: DocumentFormattingParams,
) -> Result<Option<Vec<TextEdit>>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    if !snapshot.can_edit(&located.db, located.file) {
        return Err(Refused::because(format!("{} cannot be changed", located.path)));
    }
    let text = located.db.text(located.file);
    let formatted = kiln_lang::format(&text);
    let edits = changes(&text, &formatted.text)
        .into_iter()
        .map(|(range, new_text)| TextEdit { range: located.lines.range(range), new_text });
    Ok(Some(edits.collect()))
}
