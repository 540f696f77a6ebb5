//! What is wrong, for clients that ask instead of being told.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use lsp_types::{
    Diagnostic, DocumentDiagnosticParams, DocumentDiagnosticReport, DocumentDiagnosticReportResult,
    FullDocumentDiagnosticReport, RelatedFullDocumentDiagnosticReport,
    RelatedUnchangedDocumentDiagnosticReport, UnchangedDocumentDiagnosticReport, Uri,
    WorkspaceDiagnosticParams, WorkspaceDiagnosticReport, WorkspaceDiagnosticReportResult,
    WorkspaceDocumentDiagnosticReport, WorkspaceFullDocumentDiagnosticReport,
    WorkspaceUnchangedDocumentDiagnosticReport,
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

pub(crate) fn of_workspace(
    snapshot: &Snapshot,
    params: WorkspaceDiagnosticParams,
) -> Result<WorkspaceDiagnosticReportResult, Refused> {
    let before: HashMap<String, String> = params
        .previous_result_ids
        .into_iter()
        .map(|it| (it.uri.as_str().to_owned(), it.value))
        .collect();
    let mut items = Vec::new();
    for scope in &*snapshot.scopes {
        for file in snapshot.own_files(scope) {
            // An answer about texts that are no more is refused anyway.
            if snapshot.is_stale() {
                break;
            }
            let path = scope.db.path(file);
            // A file of two scopes is that of its own.
            let is_mine = snapshot.scope(&path).is_none_or(|it| it.key == scope.key);
            let Some(uri) = snapshot.uri(&scope.db, file).filter(|_| is_mine) else { continue };
            let version = snapshot.documents.get(&*path).map(|it| i64::from(it.version));
            let previous = before.get(uri.as_str()).map(String::as_str);
            let found = of_file(snapshot, scope, file);
            // Of a file that is fine and was not asked about before there is nothing to say.
            if found.is_empty() && previous.is_none() {
                continue;
            }
            items.push(in_workspace(report(found, previous), uri, version));
        }
    }
    Ok(WorkspaceDiagnosticReportResult::Report(WorkspaceDiagnosticReport { items }))
}

fn in_workspace(
    report: Report,
    uri: Uri,
    version: Option<i64>,
) -> WorkspaceDocumentDiagnosticReport {
    match report {
        Report::Same(unchanged_document_diagnostic_report) => {
            WorkspaceDocumentDiagnosticReport::Unchanged(
                WorkspaceUnchangedDocumentDiagnosticReport {
                    uri,
                    version,
                    unchanged_document_diagnostic_report,
                },
            )
        }
        Report::Full(full_document_diagnostic_report) => {
            WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
                uri,
                version,
                full_document_diagnostic_report,
            })
        }
    }
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
