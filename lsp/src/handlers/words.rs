//! What is asked while typing: completion, hover, signatures.

use kiln_lang::ide;
use lsp_types::{
    CompletionItem, CompletionItemTag, CompletionList, CompletionParams, CompletionResponse,
    CompletionTextEdit, Documentation, Hover, HoverContents, HoverParams, InsertTextFormat,
    MarkupContent, MarkupKind, ParameterInformation, ParameterLabel, SignatureHelp,
    SignatureHelpParams, SignatureInformation, TextEdit,
};

use crate::convert::completion_kind;
use crate::snapshot::{Refused, Snapshot, place};

/// How many completions are sent at once; with more, the client asks again as more is typed.
const COMPLETIONS_MAX: usize = 400;

pub(crate) fn completion(
    snapshot: &Snapshot,
    params: CompletionParams,
) -> Result<Option<CompletionResponse>, Refused> {
    let (located, position) = place(snapshot, &params.text_document_position)?;
    let facts = snapshot.facts(&located);
    let found = ide::completions(&located.db, position, &facts);
    let is_incomplete = found.len() > COMPLETIONS_MAX;
    let items = found.into_iter().take(COMPLETIONS_MAX).enumerate().map(|(at, it)| {
        let (text, format) = match it.snippet {
            Some(snippet) if snapshot.client.snippets => (snippet, InsertTextFormat::SNIPPET),
            _ => (it.insert, InsertTextFormat::PLAIN_TEXT),
        };
        CompletionItem {
            kind: Some(completion_kind(it.kind)),
            detail: (!it.detail.is_empty()).then_some(it.detail),
            documentation: (!it.doc.is_empty()).then(|| markup(snapshot, it.doc)),
            tags: it.deprecated.then(|| vec![CompletionItemTag::DEPRECATED]),
            // The order found here, whatever the labels are.
            sort_text: Some(format!("{at:04}")),
            filter_text: Some(it.label.clone()),
            insert_text_format: Some(format),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit {
                range: located.lines.range(it.replace),
                new_text: text,
            })),
            label: it.label,
            ..CompletionItem::default()
        }
    });
    let items = items.collect();
    Ok(Some(CompletionResponse::List(CompletionList { is_incomplete, items })))
}

pub(crate) fn hover(snapshot: &Snapshot, params: HoverParams) -> Result<Option<Hover>, Refused> {
    let (located, position) = place(snapshot, &params.text_document_position_params)?;
    let facts = snapshot.facts(&located);
    let Some(hover) = ide::hover(&located.db, position, &facts) else { return Ok(None) };
    let contents = HoverContents::Markup(markup_content(snapshot, hover.markdown));
    Ok(Some(Hover { contents, range: Some(located.lines.range(hover.range)) }))
}

pub(crate) fn signature_help(
    snapshot: &Snapshot,
    params: SignatureHelpParams,
) -> Result<Option<SignatureHelp>, Refused> {
    let (located, position) = place(snapshot, &params.text_document_position_params)?;
    let Some(help) = ide::signature(&located.db, position) else { return Ok(None) };
    let units = |at: usize| help.label[..at].encode_utf16().count() as u32;
    let parameters = help.params.iter().map(|it| ParameterInformation {
        label: ParameterLabel::LabelOffsets([units(it.start), units(it.end)]),
        documentation: None,
    });
    // A number that no parameter has says that none is active.
    let active = help.active.unwrap_or(help.params.len()) as u32;
    let signature = SignatureInformation {
        parameters: Some(parameters.collect()),
        documentation: (!help.doc.is_empty()).then(|| markup(snapshot, help.doc)),
        active_parameter: Some(active),
        label: help.label,
    };
    Ok(Some(SignatureHelp {
        signatures: vec![signature],
        active_signature: Some(0),
        active_parameter: Some(active),
    }))
}

fn markup(snapshot: &Snapshot, markdown: String) -> Documentation {
    Documentation::MarkupContent(markup_content(snapshot, markdown))
}

fn markup_content(snapshot: &Snapshot, markdown: String) -> MarkupContent {
    if snapshot.client.markdown {
        return MarkupContent { kind: MarkupKind::Markdown, value: markdown };
    }
    // Without the fences and what is emphasized, it reads well as it is.
    let lines = markdown.lines().filter(|it| !it.starts_with("```")).map(without_emphasis);
    let value = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    MarkupContent { kind: MarkupKind::PlainText, value }
}

/// `**value** in project.kiln` and `*(overruled)*`, without the asterisks; what the user has written
/// keeps its own.
fn without_emphasis(line: &str) -> String {
    if let Some((value, rest)) = line.strip_prefix("**").and_then(|it| it.rsplit_once("** in ")) {
        return format!("{value} in {rest}");
    }
    match line.strip_suffix("*(overruled)*") {
        Some(line) => format!("{line}(overruled)"),
        None => line.to_owned(),
    }
}
