//! Requests that change files, and those that describe one.

use expect_test::expect;
use serde_json::{Value, json};

use crate::client::{Client, apply, at, document, uri};

const CURL: (&str, &str) = (
    "/w/recipes/curl.kiln",
    "recipe curl
version = 8
// one
// two
feature http2 = on { arg \"--http2\" }
let two = version.up_to(1)
step build = sh\"\"\"
    make \\(two)
    \"\"\"
",
);
const PROJECT: (&str, &str) =
    ("/w/project.kiln", "project\nuse \"./recipes\"\nwant curl[http2]\ncurl { http2 = off }\n");

fn start() -> Client {
    let mut client = Client::start(&[CURL, PROJECT], &["/w"]);
    client.open("/w/recipes/curl.kiln", CURL.1);
    client.wait("/w/recipes/curl.kiln", <[Value]>::is_empty);
    client
}

#[test]
fn a_rename_reaches_files_that_are_not_open() {
    let mut client = start();
    let place = at("/w/recipes/curl.kiln", 4, 9);
    let prepared = client.get("textDocument/prepareRename", place.clone());
    assert_eq!(prepared["placeholder"], "http2");
    let mut params = place;
    params["newName"] = json!("h2");
    let edit = client.get("textDocument/rename", params);
    let changes = edit["changes"].as_object().unwrap();
    assert_eq!(changes.len(), 2, "{edit}");
    let project = changes[&uri("/w/project.kiln")].as_array().unwrap();
    expect![[r#"
        project
        use "./recipes"
        want curl[h2]
        curl { h2 = off }
    "#]]
    .assert_eq(&apply(PROJECT.1, project));
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_rename_that_would_change_a_meaning_is_refused_with_both_places() {
    let text = "override curl\nargs = [for h2 in [\"a\"] => if http2 then h2 else \"b\"]\n";
    let files = [CURL, PROJECT, ("/w/my.kiln", text)];
    let mut client = Client::start(&files, &["/w"]);
    client.open("/w/recipes/curl.kiln", CURL.1);
    let mut params = at("/w/recipes/curl.kiln", 4, 9);
    params["newName"] = json!("h2");
    let refusal = client.ask("textDocument/rename", params).unwrap_err();
    expect!["`h2` at my.kiln:2 would mean the name declared at my.kiln:2, and no longer the feature declared at line 5"]
        .assert_eq(&refusal.1);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn edits_carry_versions_if_the_client_can() {
    let capabilities = json!({"workspace": {"workspaceEdit": {"documentChanges": true}}});
    let mut client = Client::start_with(&[CURL, PROJECT], &["/w"], capabilities, None);
    client.open("/w/recipes/curl.kiln", CURL.1);
    let mut params = at("/w/recipes/curl.kiln", 4, 9);
    params["newName"] = json!("h2");
    let edit = client.get("textDocument/rename", params);
    let changes = edit["documentChanges"].as_array().unwrap();
    let versions: Vec<&Value> = changes.iter().map(|it| &it["textDocument"]["version"]).collect();
    assert!(versions.contains(&&json!(1)) && versions.contains(&&Value::Null), "{edit}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn references_are_found_in_all_files() {
    let mut client = start();
    let mut params = at("/w/recipes/curl.kiln", 4, 9);
    params["context"] = json!({"includeDeclaration": false});
    let found = client.get("textDocument/references", params);
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_fix_is_offered_and_mends() {
    let mut client = start();
    let text = "override curl\nhtpp2 = off\n";
    client.open("/w/my.kiln", text);
    client.wait("/w/my.kiln", |it| it.len() == 1);
    let range = json!({"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 2}});
    let params = json!({
        "textDocument": {"uri": uri("/w/my.kiln")}, "range": range,
        "context": {"diagnostics": []},
    });
    let actions = client.get("textDocument/codeAction", params.clone());
    let action = &actions[0];
    assert_eq!((&action["title"], &action["kind"]), (&json!("write `http2`"), &json!("quickfix")));
    assert_eq!(action["diagnostics"][0]["code"], "unknown-option");
    let edits = action["edit"]["changes"][uri("/w/my.kiln")].as_array().unwrap();
    client.change("/w/my.kiln", 2, &apply(text, edits));
    client.wait("/w/my.kiln", <[Value]>::is_empty);
    // Only what is asked for.
    let mut only = params;
    only["context"]["only"] = json!(["refactor.extract"]);
    assert_eq!(client.get("textDocument/codeAction", only), json!([]));
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_file_is_formatted_by_the_smallest_edits() {
    let mut client = start();
    let text = "override curl\n\n\n\nhttp2   =  off\n";
    client.open("/w/my.kiln", text);
    let mut params = document("/w/my.kiln");
    params["options"] = json!({"tabSize": 4, "insertSpaces": true});
    let edits = client.get("textDocument/formatting", params.clone());
    assert_eq!(apply(text, edits.as_array().unwrap()), "override curl\n\nhttp2 = off\n");
    client.change("/w/my.kiln", 2, "override curl\n\nhttp2 = off\n");
    assert_eq!(client.get("textDocument/formatting", params), json!([]));
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_part_of_a_file_is_formatted_as_all_of_it() {
    let mut client = start();
    let text = "override curl\n\nhttp2   =  off\nargs +=  [\"a\"]\n";
    client.open("/w/my.kiln", text);
    let mut params = document("/w/my.kiln");
    params["options"] = json!({"tabSize": 4, "insertSpaces": true});
    params["range"] =
        json!({"start": {"line": 3, "character": 0}, "end": {"line": 3, "character": 4}});
    let edits = client.get("textDocument/rangeFormatting", params.clone());
    let part = apply(text, edits.as_array().unwrap());
    assert_eq!(part, "override curl\n\nhttp2 = off\nargs += [\"a\"]\n");
    params["range"] =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}});
    assert_eq!(client.get("textDocument/rangeFormatting", params), json!([]));
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_client_that_asks_what_is_wrong_is_not_told_unasked() {
    let capabilities = json!({"textDocument": {"diagnostic": {"dynamicRegistration": false}}});
    let mut client = Client::start_with(&[CURL, PROJECT], &["/w"], capabilities, None);
    client.open("/w/my.kiln", "override curl\nhtpp2 = off\n");
    let report = client.get("textDocument/diagnostic", document("/w/my.kiln"));
    assert_eq!(
        (&report["kind"], &report["items"][0]["code"]),
        (&json!("full"), &json!("unknown-option"))
    );
    // What was said already is not said again.
    let mut again = document("/w/my.kiln");
    again["previousResultId"] = report["resultId"].clone();
    let same = client.get("textDocument/diagnostic", again.clone());
    assert_eq!(same, json!({"kind": "unchanged", "resultId": report["resultId"]}));
    // A file that is fine again is said to be.
    client.change("/w/my.kiln", 2, "override curl\nhttp2 = off\n");
    let report = client.get("textDocument/diagnostic", again.clone());
    assert_eq!((&report["kind"], &report["items"]), (&json!("full"), &json!([])));
    assert!(client.publications.is_empty(), "{:?}", client.publications);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_client_that_asks_is_told_to_ask_again_about_files_that_are_not_edited() {
    let capabilities = json!({
        "textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": true}},
    });
    let mut client = Client::start_with(&[CURL, PROJECT], &["/w"], capabilities, None);
    let needs = ("/w/recipes/needs.kiln", "recipe needs\nversion = 1\nhost curl[new_one]\n");
    client.open(needs.0, needs.1);
    client.open(CURL.0, CURL.1);
    let report = client.get("textDocument/diagnostic", document(needs.0));
    assert_eq!(report["items"][0]["code"], "unknown-option", "{report}");
    // As Neovim does: it asks about what is edited, and about the rest when it is told to.
    client.change(CURL.0, 2, &format!("{}feature new_one = off\n", CURL.1));
    let mut told = 0;
    loop {
        told = client.wait_told("workspace/diagnostic/refresh", told);
        let report = client.get("textDocument/diagnostic", document(needs.0));
        if report["items"] == json!([]) {
            break;
        }
    }
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_client_that_asks_about_open_files_is_told_of_the_others() {
    let capabilities = json!({"textDocument": {"diagnostic": {}}});
    let wrong = ("/w/wrong.kiln", "override curl\nhtpp2 = off\n");
    let mut client = Client::start_with(&[CURL, PROJECT, wrong], &["/w"], capabilities, None);
    assert_eq!(client.capabilities["diagnosticProvider"]["workspaceDiagnostics"], false);
    client.wait("/w/wrong.kiln", |it| it.len() == 1);
    // Once it is open, it is asked about, and what was told is taken back.
    client.open("/w/wrong.kiln", wrong.1);
    client.wait("/w/wrong.kiln", <[Value]>::is_empty);
    let report = client.get("textDocument/diagnostic", document("/w/wrong.kiln"));
    assert_eq!(report["items"].as_array().unwrap().len(), 1);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn what_a_file_is_made_of() {
    let mut client = start();
    let file = "/w/recipes/curl.kiln";
    let symbols = client.get("textDocument/documentSymbol", document(file));
    let names: Vec<&str> =
        symbols.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["version", "http2", "two", "build"]);
    let folds = client.get("textDocument/foldingRange", document(file));
    let lines: Vec<(i64, i64)> = folds
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["startLine"].as_i64().unwrap(), it["endLine"].as_i64().unwrap()))
        .collect();
    assert_eq!(lines, [(6, 7), (2, 3)]);
    let mut params = document(file);
    params["positions"] = json!([{"line": 4, "character": 10}]);
    let selections = client.get("textDocument/selectionRange", params);
    assert_eq!(selections[0]["range"]["start"], json!({"line": 4, "character": 8}));
    assert!(selections[0]["parent"].is_object());
    let highlights = client.get("textDocument/documentHighlight", at(file, 5, 5));
    assert_eq!(highlights.as_array().unwrap().len(), 2, "{highlights}");
    let symbols = client.get("workspace/symbol", json!({"query": "http"}));
    assert_eq!(symbols[0]["name"], "http2");
    let help = client.get("textDocument/signatureHelp", at(file, 5, 25));
    assert_eq!(help["signatures"][0]["label"], "up_to(parts: Int): Version", "{help}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn tokens_do_not_go_over_lines_and_a_part_is_as_the_whole() {
    let mut client = start();
    let file = "/w/recipes/curl.kiln";
    let all = client.get("textDocument/semanticTokens/full", document(file));
    let all = decode(&all["data"]);
    let lines: Vec<&str> = CURL.1.lines().collect();
    for (line, start, length, _) in &all {
        assert!(
            (start + length) as usize <= lines[*line as usize].len(),
            "{line} {start} {length}"
        );
    }
    let text = |it: &(u64, u64, u64, u64)| {
        lines[it.0 as usize][it.1 as usize..(it.1 + it.2) as usize].to_owned()
    };
    let words: Vec<String> = all.iter().map(text).collect();
    assert!(
        words.contains(&"http2".to_owned()) && words.contains(&"    make ".to_owned()),
        "{words:?}"
    );
    let mut params = document(file);
    params["range"] =
        json!({"start": {"line": 4, "character": 0}, "end": {"line": 5, "character": 0}});
    let part = client.get("textDocument/semanticTokens/range", params);
    let part = decode(&part["data"]);
    let same: Vec<_> = all.iter().filter(|it| it.0 == 4).cloned().collect();
    assert_eq!(part, same);
    assert_eq!(client.end(), Ok(()));
}

/// Line, column, length and type of each token.
fn decode(data: &Value) -> Vec<(u64, u64, u64, u64)> {
    let numbers: Vec<u64> =
        data.as_array().unwrap().iter().map(|it| it.as_u64().unwrap()).collect();
    let (mut line, mut start) = (0, 0);
    numbers
        .chunks(5)
        .map(|it| {
            line += it[0];
            start = if it[0] == 0 { start + it[1] } else { it[1] };
            (line, start, it[2], it[3])
        })
        .collect()
}
