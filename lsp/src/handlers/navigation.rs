//! Where things are: declarations, references, symbols, links.

use kiln_lang::ide::{self, Access, LinkTarget};
use lsp_types::{
    DocumentHighlight, DocumentHighlightKind, DocumentHighlightParams, DocumentLink,
    DocumentLinkParams, GotoDefinitionParams, GotoDefinitionResponse, Location, ReferenceParams,
    SymbolInformation, WorkspaceSymbolParams, WorkspaceSymbolResponse,
};

use crate::convert;
use crate::paths::uri_of;
use crate::snapshot::{Located, Refused, Snapshot, place};

pub(crate) fn definition(
    snapshot: &Snapshot,
    params: GotoDefinitionParams,
) -> Result<Option<GotoDefinitionResponse>, Refused> {
    let (located, position) = place(snapshot, &params.text_document_position_params)?;
    Ok(targets(snapshot, &located, ide::definition(&located.db, position)))
}

pub(crate) fn type_definition(
    snapshot: &Snapshot,
    params: GotoDefinitionParams,
) -> Result<Option<GotoDefinitionResponse>, Refused> {
    let (located, position) = place(snapshot, &params.text_document_position_params)?;
    Ok(targets(snapshot, &located, ide::type_definition(&located.db, position)))
}

fn targets(
    snapshot: &Snapshot,
    located: &Located,
    found: Option<(kiln_lang::TextRange, Vec<ide::Target>)>,
) -> Option<GotoDefinitionResponse> {
    let (from, targets) = found?;
    if snapshot.client.links_to_declarations {
        let links =
            targets.iter().filter_map(|it| convert::location_link(snapshot, located, from, it));
        return Some(GotoDefinitionResponse::Link(links.collect()));
    }
    let locations = targets.iter().filter_map(|it| convert::location(snapshot, &located.db, it));
    Some(GotoDefinitionResponse::Array(locations.collect()))
}

pub(crate) fn references(
    snapshot: &Snapshot,
    params: ReferenceParams,
) -> Result<Option<Vec<Location>>, Refused> {
    let (located, position) = place(snapshot, &params.text_document_position)?;
    let files = snapshot.own_files(&located.scope);
    let found = ide::references(&located.db, position, &files);
    let wanted = found
        .into_iter()
        .filter(|it| params.context.include_declaration || it.access != Access::Declare);
    let locations = wanted.filter_map(|it| {
        let uri = snapshot.uri(&located.db, it.file)?;
        Some(Location { uri, range: snapshot.lines(&located.db, it.file).range(it.range) })
    });
    Ok(Some(locations.collect()))
}

pub(crate) fn highlights(
    snapshot: &Snapshot,
    params: DocumentHighlightParams,
) -> Result<Option<Vec<DocumentHighlight>>, Refused> {
    let (located, position) = place(snapshot, &params.text_document_position_params)?;
    let found = ide::highlights(&located.db, position);
    let highlights = found.into_iter().map(|it| DocumentHighlight {
        range: located.lines.range(it.range),
        kind: Some(match it.access {
            Access::Declare | Access::Write => DocumentHighlightKind::WRITE,
            Access::Read => DocumentHighlightKind::READ,
        }),
    });
    Ok(Some(highlights.collect()))
}

pub(crate) fn workspace_symbols(
    snapshot: &Snapshot,
    params: WorkspaceSymbolParams,
) -> Result<Option<WorkspaceSymbolResponse>, Refused> {
    let mut symbols = Vec::new();
    for scope in &*snapshot.scopes {
        let files = snapshot.own_files(scope);
        for symbol in ide::workspace_symbols(&scope.db, &files, &params.query) {
            let Some(uri) = snapshot.uri(&scope.db, symbol.file) else { continue };
            let range = snapshot.lines(&scope.db, symbol.file).range(symbol.range);
            #[allow(deprecated, reason = "the field must be given and has a successor")]
            symbols.push(SymbolInformation {
                name: symbol.name,
                kind: convert::symbol_kind(symbol.kind),
                tags: None,
                deprecated: None,
                location: Location { uri, range },
                container_name: (!symbol.container.is_empty()).then_some(symbol.container),
            });
        }
    }
    // A file of two scopes is found in both.
    symbols.dedup_by(|a, b| a.location == b.location && a.name == b.name);
    Ok(Some(WorkspaceSymbolResponse::Flat(symbols)))
}

pub(crate) fn links(
    snapshot: &Snapshot,
    params: DocumentLinkParams,
) -> Result<Option<Vec<DocumentLink>>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let links = ide::links(&located.db, located.file).into_iter().filter_map(|it| {
        let target = match &it.target {
            LinkTarget::Path(path) if path.starts_with('/') => uri_of(path)?,
            LinkTarget::Path(path) => {
                let file = located.db.file(path);
                snapshot.uri(&located.db, file)?
            }
            LinkTarget::Page(page) => page.parse().ok()?,
        };
        Some(DocumentLink {
            range: located.lines.range(it.range),
            target: Some(target),
            tooltip: None,
            data: None,
        })
    });
    Ok(Some(links.collect()))
}
