//! What a file is made of: symbols, folds, selections, colors, hints.

use kiln_lang::TextRange;
use kiln_lang::ide::{self, HintKind, OutlineItem};
use lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, FoldingRange, FoldingRangeParams,
    InlayHint, InlayHintKind, InlayHintLabel, InlayHintParams, InlayHintTooltip, Location,
    MarkupContent, MarkupKind, SelectionRange, SelectionRangeParams, SemanticTokens,
    SemanticTokensParams, SemanticTokensRangeParams, SemanticTokensRangeResult,
    SemanticTokensResult, SymbolInformation, SymbolTag,
};

use crate::convert;
use crate::lines::Lines;
use crate::snapshot::{Refused, Snapshot};

pub(crate) fn symbols(
    snapshot: &Snapshot,
    params: DocumentSymbolParams,
) -> Result<Option<DocumentSymbolResponse>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let outline = ide::outline(&located.db, located.file);
    if snapshot.client.nested_symbols {
        let nested = outline.iter().map(|it| symbol(&located.lines, it)).collect();
        return Ok(Some(DocumentSymbolResponse::Nested(nested)));
    }
    let mut flat = Vec::new();
    let mut open: Vec<(&OutlineItem, Option<&str>)> =
        outline.iter().rev().map(|it| (it, None)).collect();
    while let Some((item, container)) = open.pop() {
        #[allow(deprecated, reason = "the field must be given and has a successor")]
        flat.push(SymbolInformation {
            name: item.name.clone(),
            kind: convert::symbol_kind(item.kind),
            tags: tags(item),
            deprecated: None,
            location: Location {
                uri: params.text_document.uri.clone(),
                range: located.lines.range(item.whole),
            },
            container_name: container.map(str::to_owned),
        });
        open.extend(item.children.iter().rev().map(|it| (it, Some(item.name.as_str()))));
    }
    Ok(Some(DocumentSymbolResponse::Flat(flat)))
}

fn tags(item: &OutlineItem) -> Option<Vec<SymbolTag>> {
    item.deprecated.then(|| vec![SymbolTag::DEPRECATED])
}

fn symbol(lines: &Lines, item: &OutlineItem) -> DocumentSymbol {
    #[allow(deprecated, reason = "the field must be given and has a successor")]
    DocumentSymbol {
        name: item.name.clone(),
        detail: (!item.detail.is_empty()).then(|| item.detail.clone()),
        kind: convert::symbol_kind(item.kind),
        tags: tags(item),
        deprecated: None,
        range: lines.range(item.whole),
        selection_range: lines.range(item.name_range),
        children: Some(item.children.iter().map(|it| symbol(lines, it)).collect()),
    }
}

pub(crate) fn folds(
    snapshot: &Snapshot,
    params: FoldingRangeParams,
) -> Result<Option<Vec<FoldingRange>>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let folds = ide::folds(&located.db, located.file).into_iter().filter_map(|it| {
        let range = located.lines.range(it.range);
        // The line with the closing bracket stays.
        let end_line = match it.kind {
            ide::FoldKind::Region => range.end.line.checked_sub(1)?,
            ide::FoldKind::Comment => range.end.line,
        };
        (end_line > range.start.line).then(|| FoldingRange {
            start_line: range.start.line,
            end_line,
            kind: Some(convert::fold_kind(it.kind)),
            ..FoldingRange::default()
        })
    });
    Ok(Some(folds.collect()))
}

pub(crate) fn selections(
    snapshot: &Snapshot,
    params: SelectionRangeParams,
) -> Result<Option<Vec<SelectionRange>>, Refused> {
    /// How many cursors are answered for.
    const CURSORS_MAX: usize = 256;
    let located = snapshot.locate(&params.text_document.uri)?;
    let mut out = Vec::new();
    for position in params.positions.iter().take(CURSORS_MAX) {
        let ranges = ide::selections(&located.db, located.position(*position));
        let mut outer: Option<Box<SelectionRange>> = None;
        for range in ranges.iter().rev() {
            let range = located.lines.range(*range);
            outer = Some(Box::new(SelectionRange { range, parent: outer }));
        }
        let Some(innermost) = outer else { continue };
        out.push(*innermost);
    }
    Ok(Some(out))
}

pub(crate) fn tokens(
    snapshot: &Snapshot,
    params: SemanticTokensParams,
) -> Result<Option<SemanticTokensResult>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let tokens = ide::tokens(&located.db, located.file, None);
    let data = convert::semantic_tokens(&located.lines, &tokens);
    Ok(Some(SemanticTokensResult::Tokens(SemanticTokens { result_id: None, data })))
}

pub(crate) fn tokens_in_range(
    snapshot: &Snapshot,
    params: SemanticTokensRangeParams,
) -> Result<Option<SemanticTokensRangeResult>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let range = located.lines.text_range(params.range);
    let tokens = ide::tokens(&located.db, located.file, Some(range));
    let data = convert::semantic_tokens(&located.lines, &tokens);
    Ok(Some(SemanticTokensRangeResult::Tokens(SemanticTokens { result_id: None, data })))
}

pub(crate) fn hints(
    snapshot: &Snapshot,
    params: InlayHintParams,
) -> Result<Option<Vec<InlayHint>>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let range: TextRange = located.lines.text_range(params.range);
    let facts = snapshot.facts(&located);
    let hints =
        ide::hints(&located.db, located.file, range, &facts).into_iter().map(|it| InlayHint {
            position: located.lines.position(it.offset),
            kind: match it.kind {
                HintKind::Type => Some(InlayHintKind::TYPE),
                HintKind::Value => None,
            },
            padding_left: Some(it.kind == HintKind::Value),
            padding_right: None,
            tooltip: match it.doc {
                doc if doc.is_empty() => None,
                value => Some(InlayHintTooltip::MarkupContent(MarkupContent {
                    kind: MarkupKind::Markdown,
                    value,
                })),
            },
            label: InlayHintLabel::String(it.text.trim_start().to_owned()),
            text_edits: None,
            data: None,
        });
    Ok(Some(hints.collect()))
}
