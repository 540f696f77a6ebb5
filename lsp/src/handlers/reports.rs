//! What is wrong, for clients that ask instead of being told.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use lsp_types::{
    Diagnostic, DocumentDiagnosticParams, DocumentDiagnosticReport, DocumentDiagnosticReportResult,
    FullDocumentDiagnosticReport, RelatedFullDocumentDiagnosticReport,
    RelatedUnchangedDocumentDiagnosticReport, UnchangedDocumentDiagnosticReport,
};

use crate::diagnostics::of_file;
use crate::snapshot::{Refused, Snapshot};

pub(crate) fn of_document(
    snapshot: &Snapshot,
    params: DocumentDiagnosticParams,
) -> Result<DocumentDiagnosticReportResult, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let items = of_file(snapshot, &located.scope, located.file);
    let report = match report(items, params.previous_result_id.as_deref()) {
        Report::Same(unchanged_document_diagnostic_report) => {
            DocumentDiagnosticReport::Unchanged(RelatedUnchangedDocumentDiagnosticReport {
                related_documents: None,
                unchanged_document_diagnostic_report,
            })
        }
        Report::Full(full_document_diagnostic_report) => {
            DocumentDiagnosticReport::Full(RelatedFullDocumentDiagnosticReport {
                related_documents: None,
                full_document_diagnostic_report,
            })
        }
    };
    Ok(DocumentDiagnosticReportResult::Report(report))
}

enum Report {
    Same(UnchangedDocumentDiagnosticReport),
    Full(FullDocumentDiagnosticReport),
}

/// What to say of a file, of which was last said what has this id.
fn report(items: Vec<Diagnostic>, previous: Option<&str>) -> Report {
    let id = id(&items);
    if previous == Some(id.as_str()) {
        return Report::Same(UnchangedDocumentDiagnosticReport { result_id: id });
    }
    Report::Full(FullDocumentDiagnosticReport { result_id: Some(id), items })
}

/// A name for what is said: what is equal has the same.
fn id(items: &[Diagnostic]) -> String {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(items).unwrap_or_default().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
