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
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use kiln_lang::MemoryWorld;

    use super::*;

    /// The properties of each object: the name, whether it must be there, and its type.
    type Structure = BTreeMap<String, BTreeMap<String, (bool, String)>>;

    fn structure() -> Structure {
        let mut structure = Structure::new();
        let mut current = String::new();
        for line in include_str!("sarif/structure.txt").lines() {
            match line.strip_prefix("  ").and_then(|it| it.split_once(": ")) {
                Some((name, ty)) => {
                    let must = !name.ends_with('?');
                    let name = name.trim_end_matches('?').to_owned();
                    structure
                        .entry(current.clone())
                        .or_default()
                        .insert(name, (must, ty.to_owned()));
                }
                None if line.is_empty() || line.starts_with('#') => {}
                None => current = line.to_owned(),
            }
        }
        structure
    }

    /// What is wrong with a value that should have a type, with the way to it.
    fn wrong(structure: &Structure, value: &Value, ty: &str, way: &str, out: &mut Vec<String>) {
        if let Some(of) = ty.strip_suffix("[]") {
            match value.as_array() {
                Some(items) => {
                    for (at, item) in items.iter().enumerate() {
                        wrong(structure, item, of, &format!("{way}[{at}]"), out);
                    }
                }
                None => out.push(format!("{way} is no list")),
            }
            return;
        }
        if let Some(object) = structure.get(ty) {
            let Some(found) = value.as_object() else {
                return out.push(format!("{way} is no {ty}"));
            };
            for (name, (must, _)) in object {
                if *must && !found.contains_key(name) {
                    out.push(format!("{way} lacks {name}"));
                }
            }
            for (name, value) in found {
                match object.get(name) {
                    Some((_, ty)) => wrong(structure, value, ty, &format!("{way}.{name}"), out),
                    None => out.push(format!("{way} has {name}, which no {ty} has")),
                }
            }
            return;
        }
        let fits = match ty {
            "string" => value.is_string(),
            "number" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            "any" => true,
            words => value
                .as_str()
                .is_some_and(|it| words.split(" | ").any(|word| word == format!("{it:?}"))),
        };
        if !fits {
            out.push(format!("{way} is {value}, not {ty}"));
        }
    }

    /// What the schema says beyond the types of properties.
    fn beyond(sarif: &Value, out: &mut Vec<String>) {
        let all = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        for run in all(sarif, "runs") {
            let rules = all(&run["tool"]["driver"], "rules");
            let ids: BTreeSet<&str> = rules.iter().filter_map(|it| it["id"].as_str()).collect();
            if ids.len() != rules.len() {
                out.push("two rules have one id".to_owned());
            }
            for result in all(&run, "results") {
                let index = result["ruleIndex"].as_u64().and_then(|it| usize::try_from(it).ok());
                if index.map(|it| &rules[it]["id"]) != Some(&result["ruleId"]) {
                    out.push(format!("{} has the index of another rule", result["ruleId"]));
                }
                if result["message"]["text"].is_null() && result["message"]["id"].is_null() {
                    out.push("a message says nothing".to_owned());
                }
                for place in
                    all(&result, "locations").iter().chain(&all(&result, "relatedLocations"))
                {
                    let region = &place["physicalLocation"]["region"];
                    for key in ["startLine", "startColumn", "endLine", "endColumn"] {
                        if region[key].as_u64().is_none_or(|it| it < 1) {
                            out.push(format!("{key} is {}", region[key]));
                        }
                    }
                }
                for fix in all(&result, "fixes") {
                    let changes = all(&fix, "artifactChanges");
                    if changes.is_empty()
                        || changes.iter().any(|it| all(it, "replacements").is_empty())
                    {
                        out.push("a fix changes nothing".to_owned());
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_written_follows_the_standard() {
        let mut world = MemoryWorld::new();
        world.insert(
            "/set/a b.kiln",
            "override dpdk\ndrivers += mlx6 // ünïcode\nmax = 70000\nmax = 3\n",
        );
        world.insert(
            "/set/dpdk.kiln",
            "recipe dpdk\nversion = 1\nknob drivers: Set<enum { mlx5 }> = {}\nknob max: Int(1..=9) = 1\n",
        );
        let db = Database::new(Arc::new(world), vec!["/set".to_owned()]);
        let diagnostics = db.diagnostics(db.file("/set/a b.kiln"));
        assert_eq!(diagnostics.len(), 3, "{diagnostics:?}");
        let sarif = to_sarif(&db, &diagnostics);
        let mut found = Vec::new();
        wrong(&structure(), &sarif, "Log", "log", &mut found);
        beyond(&sarif, &mut found);
        assert_eq!(found, Vec::<String>::new());
        let run = &sarif["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(Code::ALL.len()));
        let results = run["results"].as_array().cloned().unwrap_or_default();
        assert_eq!(results.len(), 3);
        assert!(results.iter().any(|it| it["fixes"].is_array()));
        assert!(results.iter().any(|it| it["relatedLocations"].is_array()));
        let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(place["uri"], "file:///set/a%20b.kiln");
    }

    #[test]
    fn what_does_not_follow_the_standard_is_noticed() {
        let bad = json!({
            "version": "2.2",
            "runs": [{"tool": {}, "results": [{"message": {"text": 3}, "lewel": "error"}]}],
        });
        let mut found = Vec::new();
        wrong(&structure(), &bad, "Log", "log", &mut found);
        assert_eq!(
            found,
            [
                "log.runs[0].results[0] has lewel, which no Result has",
                "log.runs[0].results[0].message.text is 3, not string",
                "log.runs[0].tool lacks driver",
                "log.version is \"2.2\", not \"2.1.0\"",
            ]
        );
    }
}
