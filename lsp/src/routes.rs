//! Which request is answered by which function. This is the table to begin reading at.

use lsp_server::ErrorCode;
use lsp_types::request::{
    CodeActionRequest, CodeLensRequest, CodeLensResolve, Completion, DocumentDiagnosticRequest,
    DocumentHighlightRequest, DocumentLinkRequest, DocumentSymbolRequest, FoldingRangeRequest,
    Formatting, GotoDefinition, GotoTypeDefinition, HoverRequest, InlayHintRequest,
    PrepareRenameRequest, RangeFormatting, References, Rename, Request, SelectionRangeRequest,
    SemanticTokensFullRequest, SemanticTokensRangeRequest, SignatureHelpRequest,
    WorkspaceSymbolRequest,
};
use serde_json::Value;

use crate::handlers::{actions, edits, navigation, reports, structure, words};
use crate::pool::Urgency;
use crate::snapshot::{Refused, Snapshot};

/// How a request is answered.
pub(crate) struct Route {
    /// The function that answers it.
    pub(crate) answer: fn(&Snapshot, Value) -> Result<Value, Refused>,
    /// Whether somebody waits for it while typing.
    pub(crate) urgency: Urgency,
}

macro_rules! routes {
    ($method:expr; $($urgency:ident $request:ty => $handler:path,)*) => {
        match $method {
            $(<$request as Request>::METHOD => Some(Route {
                answer: |snapshot, params| {
                    let params = serde_json::from_value(params).map_err(|error| {
                        Refused::new(ErrorCode::InvalidParams, error.to_string())
                    })?;
                    let result: <$request as Request>::Result = $handler(snapshot, params)?;
                    serde_json::to_value(result).map_err(|error| {
                        Refused::new(ErrorCode::InternalError, error.to_string())
                    })
                },
                urgency: Urgency::$urgency,
            }),)*
            _ => None,
        }
    };
}

/// Returns how a request is answered, if it is.
pub(crate) fn route(method: &str) -> Option<Route> {
    routes! { method;
        Asked Completion => words::completion,
        Asked HoverRequest => words::hover,
        Asked SignatureHelpRequest => words::signature_help,
        Asked GotoDefinition => navigation::definition,
        Asked GotoTypeDefinition => navigation::type_definition,
        Asked References => navigation::references,
        Asked DocumentHighlightRequest => navigation::highlights,
        Asked WorkspaceSymbolRequest => navigation::workspace_symbols,
        Asked DocumentLinkRequest => navigation::links,
        Asked PrepareRenameRequest => edits::prepare_rename,
        Asked Rename => edits::rename,
        Asked Formatting => edits::formatting,
        Asked RangeFormatting => edits::range_formatting,
        Asked CodeActionRequest => actions::actions,
        Asked DocumentSymbolRequest => structure::symbols,
        Asked FoldingRangeRequest => structure::folds,
        Asked SelectionRangeRequest => structure::selections,
        Asked SemanticTokensFullRequest => structure::tokens,
        Asked SemanticTokensRangeRequest => structure::tokens_in_range,
        Asked InlayHintRequest => structure::hints,
        Asked CodeLensRequest => actions::lenses,
        Later CodeLensResolve => actions::resolve_lens,
        Asked DocumentDiagnosticRequest => reports::of_document,
    }
}
