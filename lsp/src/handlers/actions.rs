//! What can be done: fixes, rewrites, and notes above lines.

use kiln_lang::ide;
use kiln_lang::ide::actions::{ActionKind, actions as find_actions};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse,
    CodeLens, CodeLensParams, Command,
};
use serde::{Deserialize, Serialize};

use crate::convert;
use crate::evaluation::rebuilt_by;
use crate::snapshot::{Refused, Snapshot};

pub(crate) fn actions(
    snapshot: &Snapshot,
    params: CodeActionParams,
) -> Result<Option<CodeActionResponse>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    // A client without this can only run commands, and there are none.
    if !snapshot.client.action_literals || !snapshot.can_edit(&located.db, located.file) {
        return Ok(None);
    }
    let range = located.lines.text_range(params.range);
    let wanted = |kind: &CodeActionKind| {
        params.context.only.as_ref().is_none_or(|only| {
            only.iter().any(|it| {
                kind.as_str() == it.as_str()
                    || kind.as_str().strip_prefix(it.as_str()).is_some_and(|it| it.starts_with('.'))
            })
        })
    };
    let mut out = Vec::new();
    for action in find_actions(&located.db, located.file, range) {
        let kind = match action.kind {
            ActionKind::Fix => CodeActionKind::QUICKFIX,
            ActionKind::FixAll => CodeActionKind::SOURCE_FIX_ALL,
            ActionKind::Rewrite => CodeActionKind::REFACTOR_REWRITE,
        };
        if !wanted(&kind) {
            continue;
        }
        let Some(edit) = convert::workspace_edit(snapshot, &located.db, &action.edits) else {
            continue;
        };
        let mends = action
            .mends
            .map(|it| vec![convert::diagnostic(snapshot, &located.db, &located.lines, &it)]);
        out.push(CodeActionOrCommand::CodeAction(CodeAction {
            title: action.title,
            kind: Some(kind),
            diagnostics: mends,
            edit: Some(edit),
            is_preferred: action.preferred.then_some(true),
            ..CodeAction::default()
        }));
    }
    Ok(Some(out))
}

/// What a note is about, until it is shown.
#[derive(Debug, Serialize, Deserialize)]
struct LensData {
    path: String,
    package: String,
    options: usize,
}

pub(crate) fn lenses(
    snapshot: &Snapshot,
    params: CodeLensParams,
) -> Result<Option<Vec<CodeLens>>, Refused> {
    let located = snapshot.locate(&params.text_document.uri)?;
    let lenses = ide::lenses(&located.db, located.file).into_iter().map(|it| {
        let data = LensData {
            path: located.path.clone(),
            package: it.package.to_string(),
            options: it.options,
        };
        CodeLens {
            range: located.lines.range(it.range),
            command: None,
            data: serde_json::to_value(data).ok(),
        }
    });
    Ok(Some(lenses.collect()))
}

pub(crate) fn resolve_lens(snapshot: &Snapshot, lens: CodeLens) -> Result<CodeLens, Refused> {
    let data = lens.data.clone().and_then(|it| serde_json::from_value::<LensData>(it).ok());
    let Some(data) = data else {
        return Err(Refused::because("this note is not one of Kiln's"));
    };
    let Some(scope) = snapshot.scope(&data.path) else { return Ok(lens) };
    let options = count(data.options, "option");
    let title = match rebuilt_by(snapshot, scope, &data.path, &data.package) {
        Some(packages) => format!("sets {options}; rebuilds {}", count(packages, "package")),
        None => format!("sets {options}"),
    };
    let command = Some(Command { title, command: String::new(), arguments: None });
    Ok(CodeLens { command, ..lens })
}

fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
