//! Diagnostics as SARIF 2.1.0, which code hosts show beside the lines they are about.
//!
//! Columns count characters. Paths below the folder where the command runs are relative to it.

use std::collections::BTreeMap;

use kiln_lang::{Code, Database, Diagnostic, FileId, Fix, Label, Severity, TextRange};
use serde_json::{Value, json};

use crate::embedded::{self, PAGES};
use crate::render::{line_column, shown_path};

/// Returns one run with all diagnostics, and every code as a rule.
pub(crate) fn to_sarif(db: &Database, diagnostics: &[Diagnostic]) -> Value {
    let results: Vec<Value> = diagnostics.iter().map(|it| result(db, it)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "kiln",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": Code::ALL.iter().map(|it| rule(*it)).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let page = embedded::find(PAGES, &format!("{}.md", code.slug()));
    let page = page.map(|it| String::from_utf8_lossy(it).into_owned()).unwrap_or_default();
    // Below the heading, the first paragraph says what it means.
    let mut paragraphs = page.split("\n\n").filter(|it| !it.starts_with('#'));
    let short = paragraphs.next().unwrap_or(code.slug()).replace('\n', " ");
    json!({
        "id": code.slug(),
        "shortDescription": {"text": short.trim()},
        "help": {"text": format!("kiln explain {code}"), "markdown": page},
        "defaultConfiguration": {"level": level(code)},
    })
}

fn level(code: Code) -> &'static str {
    match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn result(db: &Database, diagnostic: &Diagnostic) -> Value {
    let mut message = diagnostic.message.clone();
    for help in &diagnostic.help {
        message.push('\n');
        message.push_str(help);
    }
    let index = Code::ALL.iter().position(|it| *it == diagnostic.code).unwrap_or(0);
    let related: Vec<Value> = diagnostic.secondary.iter().map(|it| location(db, it)).collect();
    let fixes: Vec<Value> = diagnostic.fixes.iter().map(|it| fix(db, it)).collect();
    let mut result = json!({
        "ruleId": diagnostic.code.slug(),
        "ruleIndex": index,
        "level": level(diagnostic.code),
        "message": {"text": message},
        "locations": [location(db, &diagnostic.primary)],
    });
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if !fixes.is_empty() {
        result["fixes"] = Value::Array(fixes);
    }
    result
}

fn location(db: &Database, label: &Label) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&db.path(label.file))},
            "region": region(db, label.file, label.range),
        },
    });
    if !label.text.is_empty() {
        location["message"] = json!({"text": label.text});
    }
    location
}

fn fix(db: &Database, fix: &Fix) -> Value {
    let mut changes: BTreeMap<FileId, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        changes.entry(edit.file).or_default().push(json!({
            "deletedRegion": region(db, edit.file, edit.range),
            "insertedContent": {"text": edit.text},
        }));
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(file, replacements)| {
            json!({
                "artifactLocation": {"uri": uri(&db.path(file))},
                "replacements": replacements,
            })
        })
        .collect();
    json!({"description": {"text": fix.title}, "artifactChanges": changes})
}

fn region(db: &Database, file: FileId, range: TextRange) -> Value {
    let text = db.text(file);
    let (line, column) = line_column(&text, usize::from(range.start()));
    let (end_line, end_column) = line_column(&text, usize::from(range.end()));
    json!({
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "byteOffset": u32::from(range.start()),
        "byteLength": u32::from(range.len()),
    })
}

/// A path as a URI: relative if it is below the current folder.
fn uri(path: &str) -> String {
    let shown = shown_path(path);
    // `std:` and `builtin:` are schemes already.
    let (scheme, rest) = match shown.split_once(':') {
        Some((scheme, rest)) if matches!(scheme, "std" | "builtin") => (format!("{scheme}:"), rest),
        _ if shown.starts_with('/') => ("file://".to_owned(), &*shown),
        _ => (String::new(), &*shown),
    };
    let mut uri = scheme;
    for byte in rest.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kiln_lang::MemoryWorld;

    use super::*;

    #[test]
    fn every_result_has_what_the_format_demands() {
        let mut world = MemoryWorld::new();
        world.insert("/set/a b.kiln", "override dpdk\ndrivers += mlx6 // ünïcode\nmax = 70000\n");
        world.insert(
            "/set/dpdk.kiln",
            "recipe dpdk\nversion = 1\nknob drivers: Set<enum { mlx5 }> = {}\nknob max: Int(1..=9) = 1\n",
        );
        let db = Database::new(Arc::new(world), vec!["/set".to_owned()]);
        let diagnostics = db.diagnostics(db.file("/set/a b.kiln"));
        assert_eq!(diagnostics.len(), 2, "{diagnostics:?}");
        let sarif = to_sarif(&db, &diagnostics);
        assert_eq!(sarif["version"], "2.1.0");
        let run = &sarif["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().cloned().unwrap_or_default();
        assert_eq!(rules.len(), Code::ALL.len());
        assert!(
            rules
                .iter()
                .all(|it| it["id"].is_string() && it["shortDescription"]["text"].is_string())
        );
        let results = run["results"].as_array().cloned().unwrap_or_default();
        assert_eq!(results.len(), 2);
        for result in &results {
            let index = result["ruleIndex"].as_u64().and_then(|it| usize::try_from(it).ok());
            let rule = index.map(|it| &rules[it]["id"]);
            assert_eq!(rule, Some(&result["ruleId"]));
            assert!(matches!(result["level"].as_str(), Some("error" | "warning")));
            assert!(result["message"]["text"].is_string());
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "file:///set/a%20b.kiln");
            for key in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert!(place["region"][key].as_u64() >= Some(1), "{place}");
            }
            for related in result["relatedLocations"].as_array().into_iter().flatten() {
                assert!(related["physicalLocation"]["artifactLocation"]["uri"].is_string());
            }
            for fix in result["fixes"].as_array().into_iter().flatten() {
                let change = &fix["artifactChanges"][0];
                assert!(change["artifactLocation"]["uri"].is_string());
                assert!(change["replacements"][0]["deletedRegion"]["startLine"].is_u64());
                assert!(change["replacements"][0]["insertedContent"]["text"].is_string());
            }
        }
        assert!(results.iter().any(|it| it["fixes"].is_array()));
    }
}
