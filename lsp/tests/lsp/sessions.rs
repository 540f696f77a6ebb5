//! Sessions as editors have them.

use kiln_lang::World as _;
use kiln_lsp::ServeError;
use serde_json::{Value, json};

use crate::client::{Client, PANIC, at, document, shown, uri};

const DPDK: (&str, &str) = (
    "/w/recipes/dpdk.kiln",
    "//! Packets.
recipe dpdk
version = 24.11
enum Driver {
    /// NVIDIA.
    mlx5
    ice
    qat
}
/// What is built.
knob drivers: Set<Driver> = {ice} { mlx5 => host zlib }
feature pcap = off
knob ports: Int(1..=64) = 32
",
);
const PROJECT: (&str, &str) =
    ("/w/project.kiln", "project\nuse \"./recipes\"\nwant dpdk\ndpdk { ports = 16 }\n");
const OVERRIDE: (&str, &str) = ("/w/my.kiln", "override dpdk\ndrivers += mlx5\n");

fn start() -> Client {
    Client::start(&[DPDK, PROJECT, OVERRIDE], &["/w"])
}

#[test]
fn a_session_from_beginning_to_end() {
    let mut client = start();
    assert_eq!(client.capabilities["positionEncoding"], "utf-16");
    client.open("/w/my.kiln", "override dpdk\ndrivers += mlx6\n");
    let found = client.wait("/w/my.kiln", |it| !it.is_empty());
    let words = shown(&found).concat();
    assert!(words.contains("1 unknown-value: ") && words.contains("`mlx6`"), "{words}");
    assert_eq!(found[0]["source"], "kiln");
    assert_eq!(found[0]["severity"], 1);
    let related = &found[0]["relatedInformation"][0];
    assert_eq!(related["location"]["uri"], uri("/w/recipes/dpdk.kiln"));
    assert_eq!(related["location"]["range"]["start"]["line"], 3);
    client.edit("/w/my.kiln", 2, [1, 14, 1, 15], "5");
    client.wait("/w/my.kiln", <[Value]>::is_empty);
    let hover = client.get("textDocument/hover", at("/w/my.kiln", 1, 13));
    assert!(hover["contents"]["value"].as_str().unwrap().contains("NVIDIA."), "{hover}");
    let target = client.get("textDocument/definition", at("/w/my.kiln", 1, 2));
    assert_eq!(target[0]["uri"], uri("/w/recipes/dpdk.kiln"));
    assert_eq!(target[0]["range"]["start"], json!({"line": 10, "character": 5}));
    let items = client.get("textDocument/completion", at("/w/my.kiln", 1, 11));
    let labels: Vec<&str> =
        items["items"].as_array().unwrap().iter().map(|it| it["label"].as_str().unwrap()).collect();
    assert!(labels.starts_with(&["ice", "mlx5", "qat"]), "{labels:?}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn files_are_watched_if_the_client_can() {
    let mut client = start();
    client.open("/w/my.kiln", OVERRIDE.1);
    client.wait("/w/my.kiln", <[Value]>::is_empty);
    let asked = client.told.iter().find(|it| it.0 == "client/registerCapability").unwrap();
    assert_eq!(asked.1["registrations"][0]["method"], "workspace/didChangeWatchedFiles");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn what_is_open_counts_and_what_is_closed_is_read_again() {
    let mut client = start();
    client.open("/w/my.kiln", "override dpdk\nnew_one = on\n");
    client.wait("/w/my.kiln", |it| it.len() == 1);
    // The recipe gets the feature in an editor, not on disk.
    client.open("/w/recipes/dpdk.kiln", &format!("{}feature new_one = off\n", DPDK.1));
    client.wait("/w/my.kiln", <[Value]>::is_empty);
    client.close("/w/recipes/dpdk.kiln");
    client.wait("/w/my.kiln", |it| it.len() == 1);
    // Now on disk.
    client.disk.write("/w/recipes/dpdk.kiln", format!("{}feature new_one = off\n", DPDK.1));
    client.watched(&[("/w/recipes/dpdk.kiln", 2)]);
    client.wait("/w/my.kiln", <[Value]>::is_empty);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn files_come_and_go() {
    let mut client = start();
    client.open("/w/project.kiln", "project\nuse \"./recipes\"\nwant dpdk, curl\n");
    let found = client.wait("/w/project.kiln", |it| !it.is_empty());
    assert!(shown(&found)[0].contains("there is no package `curl`"), "{found:?}");
    client.disk.write("/w/recipes/curl.kiln", "recipe curl\nversion = 8\n");
    client.watched(&[("/w/recipes/curl.kiln", 1)]);
    client.wait("/w/project.kiln", <[Value]>::is_empty);
    client.disk.set(&[DPDK, PROJECT]);
    client.watched(&[("/w/recipes/curl.kiln", 3)]);
    client.wait("/w/project.kiln", |it| !it.is_empty());
    // A document that was never saved is a file, too.
    client.open("/w/recipes/curl.kiln", "recipe curl\nversion = 8\n");
    client.wait("/w/project.kiln", <[Value]>::is_empty);
    client.close("/w/recipes/curl.kiln");
    client.wait("/w/project.kiln", |it| !it.is_empty());
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn files_that_change_on_disk_are_noticed_without_the_editor() {
    let capabilities =
        json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": false}}});
    let mut client = Client::start_with(&[DPDK, PROJECT, OVERRIDE], &["/w"], capabilities, None);
    client.open("/w/my.kiln", "override dpdk\nnew_one = on\n");
    client.wait("/w/my.kiln", |it| it.len() == 1);
    client.disk.write(DPDK.0, format!("{}feature new_one = off\n", DPDK.1));
    client.wait("/w/my.kiln", <[Value]>::is_empty);
    // A recipe comes, and goes.
    client.open("/w/curl.kiln", "override curl\n");
    client.wait("/w/curl.kiln", |it| shown(it).iter().any(|it| it.contains("unknown-package")));
    client.disk.write("/w/recipes/curl.kiln", "recipe curl\nversion = 8\n");
    client.wait("/w/curl.kiln", |it| shown(it).iter().all(|it| !it.contains("unknown-package")));
    client.disk.set(&[DPDK, PROJECT, OVERRIDE]);
    client.wait("/w/curl.kiln", |it| shown(it).iter().any(|it| it.contains("unknown-package")));
    assert!(client.told.iter().all(|it| it.0 != "client/registerCapability"), "{:?}", client.told);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_recipe_that_comes_between_two_listings_is_noticed() {
    let capabilities =
        json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": false}}});
    let mut client = Client::start_with(&[DPDK, PROJECT], &["/w"], capabilities, None);
    client.open("/w/project.kiln", "project\nuse \"./recipes\"\nwant curl\n");
    client.wait("/w/project.kiln", |it| it.len() == 1);
    // The folder of the project, which has the folder of recipes in it, is listed after that.
    let curl = ("/w/recipes/curl.kiln", "recipe curl\nversion = 8\n");
    client.disk.write_behind_list("/w/recipes", curl.0, curl.1);
    client.open("/w/new.kiln", "override dpdk\n");
    client.wait("/w/project.kiln", <[Value]>::is_empty);
    // One that goes between them.
    client.disk.set(&[DPDK, PROJECT]);
    client.wait("/w/project.kiln", |it| it.len() == 1);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_recipe_that_could_not_be_read_is_read_later() {
    let capabilities =
        json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": false}}});
    let mut client = Client::start_with(&[PROJECT], &["/w"], capabilities, None);
    client.disk.write(DPDK.0, b"recipe dpdk # \xff\n");
    client.open("/w/my.kiln", OVERRIDE.1);
    client.wait("/w/my.kiln", |it| !it.is_empty());
    client.disk.write(DPDK.0, DPDK.1);
    client.wait("/w/my.kiln", <[Value]>::is_empty);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn files_that_are_not_open_are_checked_too() {
    let mut client =
        Client::start(&[DPDK, PROJECT, ("/w/b.kiln", "override dpdk\npcp = on\n")], &["/w"]);
    let found = client.wait("/w/b.kiln", |it| !it.is_empty());
    assert!(shown(&found)[0].contains("pcp"), "{found:?}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn each_folder_has_its_own_project() {
    let a = ("/a/project.kiln", "project\nuse \"./r\"\nwant one\n");
    let b = ("/b/project.kiln", "project\nuse \"./r\"\nwant one\n");
    let one = ("/a/r/one.kiln", "recipe one\nversion = 1\n");
    let two = ("/b/r/two.kiln", "recipe two\nversion = 1\n");
    let mut client = Client::start(&[a, b, one, two], &["/a", "/b"]);
    client.open("/a/project.kiln", a.1);
    client.open("/b/project.kiln", b.1);
    client.wait("/a/project.kiln", <[Value]>::is_empty);
    client.wait("/b/project.kiln", |it| it.len() == 1);
    // A folder that is added brings its recipes.
    client.disk.write("/c/three.kiln", "recipe three\nversion = 1\nhost none_such\n");
    let folder = json!({"uri": uri("/c"), "name": "c"});
    client.tell(
        "workspace/didChangeWorkspaceFolders",
        json!({"event": {"added": [folder], "removed": []}}),
    );
    client.wait("/c/three.kiln", |it| it.len() == 1);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn the_standard_recipes_can_be_gone_to() {
    let cache = tempfile::tempdir().unwrap();
    let recipe = ("/w/a.kiln", "recipe a\nversion = 1\nhost zlib[shared]\nsteps tools\n");
    let path = Some(cache.path().to_owned());
    let mut client = Client::start_with(&[recipe], &["/w"], json!({}), path);
    client.open("/w/a.kiln", recipe.1);
    client.wait("/w/a.kiln", <[Value]>::is_empty);
    let target = client.get("textDocument/definition", at("/w/a.kiln", 2, 12));
    let file = target[0]["uri"].as_str().unwrap().to_owned();
    assert!(file.ends_with("/std/zlib.kiln"), "{file}");
    let text = std::fs::read_to_string(file.strip_prefix("file://").unwrap()).unwrap();
    assert!(text.contains("feature shared"));
    // It is looked at like any file, and cannot be changed.
    client.open(&file, &text);
    let hover = client.get("textDocument/hover", at(&file, 4, 10));
    assert!(hover["contents"]["value"].as_str().unwrap().contains("A library."), "{hover}");
    let mut params = at("/w/a.kiln", 2, 12);
    params["newName"] = json!("dynamic");
    let refusal = client.ask("textDocument/rename", params).unwrap_err();
    assert!(refusal.1.contains("cannot be changed"), "{refusal:?}");
    // So can what the language itself declares.
    client.open("/w/project.kiln", "project\ntoolchain.link = static\n");
    let target = client.get("textDocument/definition", at("/w/project.kiln", 1, 12));
    assert!(target[0]["uri"].as_str().unwrap().ends_with("/builtin/toolchain.kiln"), "{target}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_standard_recipe_alone_is_looked_at_like_any_file() {
    // Neovim starts a server without a folder for a file that is in none.
    let cache = tempfile::tempdir().unwrap();
    let mut client = Client::start_with(&[], &[], json!({}), Some(cache.path().to_owned()));
    let found = client.get("workspace/symbol", json!({"query": "zlib"}));
    assert_eq!(found, json!([]), "standard recipes are no symbols of a workspace");
    let zlib = cache.path().join("std/zlib.kiln");
    let text = client.disk.read("std:zlib.kiln").unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    client.open(zlib.to_str().unwrap(), &text);
    let hover = client.get("textDocument/hover", at(zlib.to_str().unwrap(), 4, 10));
    assert!(hover["contents"]["value"].as_str().unwrap().contains("A library."), "{hover}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn diagnostics_link_to_their_page() {
    let cache = tempfile::tempdir().unwrap();
    let files = [DPDK, PROJECT];
    let mut client = Client::start_with(&files, &["/w"], json!({}), Some(cache.path().to_owned()));
    client.open("/w/my.kiln", "override dpdk\npcp = on\n");
    let found = client.wait("/w/my.kiln", |it| !it.is_empty());
    let href = found[0]["codeDescription"]["href"].as_str().unwrap();
    assert!(href.ends_with("/pages/unknown-option.md"), "{href}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn what_does_nothing_is_drawn_so() {
    let mut client = start();
    client.open("/w/my.kiln", "override dpdk\ndrivers += ice\n");
    let found = client.wait("/w/my.kiln", |it| !it.is_empty());
    assert_eq!(found[0]["code"], "redundant-setting", "{found:?}");
    assert_eq!(found[0]["tags"], json!([1]));
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn columns_are_counted_as_agreed() {
    let recipe = ("/w/a.kiln", "recipe a\nversion = 1\nfeature f = on\n");
    let text = "recipe b\nversion = 1\nhomepage = \"ä𐐀\"; host a[nope]\n";
    // The option stands behind 25 units of 16 bits, or 28 bytes.
    for (encodings, column) in [(json!(["utf-16"]), 25), (json!(["utf-8", "utf-16"]), 28)] {
        let capabilities = json!({"general": {"positionEncodings": encodings}});
        let mut client = Client::start_with(&[recipe], &["/w"], capabilities, None);
        client.open("/w/b.kiln", text);
        let found = client.wait("/w/b.kiln", |it| !it.is_empty());
        assert_eq!(found[0]["range"]["start"]["character"], column, "{found:?}");
        client.edit("/w/b.kiln", 2, [2, column, 2, column + 4], "f");
        client.wait("/w/b.kiln", <[Value]>::is_empty);
        assert_eq!(client.end(), Ok(()));
    }
}

#[test]
fn hover_says_what_evaluation_found_and_when_it_is_old() {
    let mut client = start();
    client.open("/w/project.kiln", PROJECT.1);
    let place = at("/w/project.kiln", 3, 9);
    let says = |it: &Value| it["contents"]["value"].as_str().unwrap_or("").to_owned();
    let hover = client.until("textDocument/hover", &place, |it| says(it).contains("**`16`**"));
    let hover = says(&hover);
    assert!(hover.contains("**`16`** in project.kiln\n"), "{hover}");
    assert!(hover.contains("- `16` project (project.kiln:4): `ports = 16`"), "{hover}");
    assert!(hover.contains("- `32` default (dpdk.kiln:13)"), "{hover}");
    // Right after an edit, what is known is old, or not known at all yet.
    client.edit("/w/project.kiln", 2, [3, 15, 3, 17], "8");
    let hover = client.until("textDocument/hover", &place, |it| !says(it).is_empty());
    let hover = says(&hover);
    assert!(hover.contains("before the last edits") || hover.contains("**`8`**"), "{hover}");
    client.until("textDocument/hover", &place, |it| says(it).contains("**`8`** in project.kiln\n"));
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn hover_goes_on_while_a_line_is_written() {
    let mut client = start();
    client.open("/w/project.kiln", PROJECT.1);
    let place = at("/w/project.kiln", 3, 9);
    let says = |it: &Value| it["contents"]["value"].as_str().unwrap_or("").to_owned();
    client.until("textDocument/hover", &place, |it| says(it).contains("**`16`**"));
    // Half of a line: what is solved then has no solution.
    client.edit("/w/project.kiln", 2, [0, 7, 0, 7], "\ndpdk {");
    client.wait("/w/project.kiln", |it| !it.is_empty());
    std::thread::sleep(std::time::Duration::from_millis(600));
    let place = at("/w/project.kiln", 4, 9);
    let hover = says(&client.get("textDocument/hover", place));
    assert!(hover.contains("**`16`** in project.kiln, before the last edits"), "{hover}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn hover_without_markdown_has_no_marks_of_it() {
    let capabilities = json!({"textDocument": {"hover": {"contentFormat": ["plaintext"]}}});
    let mut client = Client::start_with(&[DPDK, PROJECT], &["/w"], capabilities, None);
    client.open("/w/project.kiln", PROJECT.1);
    let says = |it: &Value| it["contents"]["value"].as_str().unwrap_or("").to_owned();
    let place = at("/w/project.kiln", 3, 9);
    let hover = client.until("textDocument/hover", &place, |it| says(it).contains("`16` in"));
    assert_eq!(hover["contents"]["kind"], "plaintext");
    let text = says(&hover);
    assert!(text.starts_with("knob ports: Int(1..=64) = 32\n"), "{text}");
    assert!(text.ends_with("- `32` default (dpdk.kiln:13) (overruled)"), "{text}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn what_is_locked_is_what_is_shown() {
    let files = [
        ("/w/recipes/zlib.kiln", "recipe zlib\nversions { 1.3 {}; 1.2 {} }\nfeature fast = off\n"),
        ("/w/project.kiln", "project\nuse \"./recipes\"\nwant zlib\nzlib { fast = on }\n"),
        (
            "/w/kiln.lock",
            "format = 1\n\n[[request]]\nkind = \"project\"\nwants = [\"zlib\"]\n\n[[request.package]]\nname = \"zlib\"\nversion = \"1.2\"\n\n# end\n",
        ),
    ];
    let hover = |files: &[(&str, &str)], expected: &str| {
        let mut client = Client::start(files, &["/w"]);
        client.open("/w/project.kiln", files[1].1);
        let says = |it: &Value| it["contents"]["value"].as_str().unwrap_or("").to_owned();
        let place = at("/w/project.kiln", 2, 6);
        client.until("textDocument/hover", &place, |it| says(it).contains(expected));
        assert_eq!(client.end(), Ok(()));
    };
    hover(&files, "**`1.2`** in project.kiln");
    hover(&files[..2], "**`1.3`** in project.kiln");
    // One that cannot be read is for `kiln lock` to complain about.
    let bad = [files[0], files[1], ("/w/kiln.lock", "<<<<<<<")];
    hover(&bad, "**`1.3`** in project.kiln");
}

#[test]
fn an_override_is_evaluated_by_itself() {
    let mut client = start();
    client.open("/w/my.kiln", OVERRIDE.1);
    let place = at("/w/my.kiln", 1, 12);
    let says = |it: &Value| it["contents"]["value"].as_str().unwrap_or("").to_owned();
    let hover = client.until("textDocument/hover", &place, |it| says(it).contains("**`on`**"));
    assert!(says(&hover).contains("override dpdk (my.kiln:2)"), "{hover}");
    let hints = json!({
        "textDocument": {"uri": uri("/w/my.kiln")},
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}},
    });
    let hints = client.get("textDocument/inlayHint", hints);
    assert_eq!(hints[0]["label"], "= {mlx5, ice}", "{hints}");
    assert_eq!(client.end(), Ok(()));
}

/// Each of the two is met by a version, and none meets both: only evaluation sees that.
const BETWEEN: &str = "project\nuse \"./recipes\"\nwant dpdk >= 24, dpdk < 24\n";

fn two_versions() -> String {
    DPDK.1.replace("version = 24.11", "versions { 24.11; 23.11 }")
}

#[test]
fn conflicts_are_shown_where_they_come_from() {
    let mut client = start();
    client.open(DPDK.0, &two_versions());
    client.open("/w/project.kiln", BETWEEN);
    let found = client.wait("/w/project.kiln", |it| !it.is_empty());
    assert_eq!(found[0]["range"]["start"]["line"], 2, "{found:?}");
    client.edit("/w/project.kiln", 2, [2, 15, 2, 26], "");
    client.wait("/w/project.kiln", <[Value]>::is_empty);
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn what_was_wrong_before_a_mistake_in_evaluation_is_not_shown_after_it() {
    let mut client = start();
    client.open(DPDK.0, &two_versions());
    client.open("/w/project.kiln", BETWEEN);
    client.wait("/w/project.kiln", |it| !it.is_empty());
    // Evaluation alone reads the lock.
    client.disk.write("/w/kiln.lock", PANIC);
    client.edit(DPDK.0, 2, [2, 11, 2, 16], "24.12");
    client.wait("/w/project.kiln", <[Value]>::is_empty);
    let text = "kiln: project.kiln was not evaluated because of a mistake in Kiln";
    assert!(client.told.iter().any(|it| it.1["message"] == text), "{:?}", client.told);
    // The next edit is evaluated as ever.
    client.disk.write("/w/kiln.lock", "");
    client.edit(DPDK.0, 3, [2, 11, 2, 16], "24.11");
    client.wait("/w/project.kiln", |it| !it.is_empty());
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn lenses_count_options_and_packages() {
    let mut client = start();
    client.open("/w/my.kiln", "override dpdk\nversion = 24.11\nports = 8\n");
    let lenses = client.get("textDocument/codeLens", document("/w/my.kiln"));
    let lens = lenses[0].clone();
    assert!(lens.get("command").is_none_or(Value::is_null), "{lens}");
    let resolved = client.get("codeLens/resolve", lens);
    let title = resolved["command"]["title"].as_str().unwrap();
    assert!(title.starts_with("sets 2 options"), "{title}");
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_cancelled_request_is_answered_once() {
    let mut client = start();
    client.open("/w/my.kiln", OVERRIDE.1);
    let mut ids = Vec::new();
    for _ in 0..50 {
        let id = client.send("textDocument/hover", at("/w/my.kiln", 1, 2));
        client.tell("$/cancelRequest", json!({"id": id.parse::<i32>().unwrap()}));
        ids.push(id);
    }
    for id in ids {
        match client.answer(&id) {
            Ok(_) => {}
            Err((code, _)) => assert_eq!(code, -32800),
        }
    }
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn an_answer_is_never_of_an_older_text() {
    let mut client = start();
    client.open("/w/my.kiln", OVERRIDE.1);
    for version in 2..40 {
        let id = client.send("textDocument/hover", at("/w/my.kiln", 1, 12));
        let word = if version % 2 == 0 { "ice" } else { "mlx5" };
        client.change("/w/my.kiln", version, &format!("override dpdk\ndrivers += {word}\n"));
        match client.answer(&id) {
            Ok(hover) => {
                let before = if version % 2 == 0 { "mlx5" } else { "ice" };
                let text = hover["contents"]["value"].as_str().unwrap();
                assert!(text.starts_with(&format!("```kiln\n{before}")), "{text}");
            }
            Err((code, _)) => assert_eq!(code, -32801),
        }
    }
    assert_eq!(client.end(), Ok(()));
}

#[test]
fn a_session_that_ends_otherwise_says_so() {
    assert_eq!(start().vanish(), Err(ServeError::Disconnected));
    let mut client = start();
    client.tell("exit", Value::Null);
    assert_eq!(client.vanish(), Err(ServeError::NoShutdown));
}

#[test]
fn nothing_is_answered_before_the_greeting_and_after_the_end() {
    let mut client = Client::silent(&[], None);
    assert_eq!(client.ask("textDocument/hover", at("/a", 0, 0)).unwrap_err().0, -32002);
    assert_eq!(client.ask("initialize", json!(7)).unwrap_err().0, -32602);
    let params = json!({"capabilities": {}, "processId": null, "rootUri": null});
    client.ask("initialize", params).unwrap();
    client.ask("shutdown", Value::Null).unwrap();
    assert_eq!(client.ask("textDocument/hover", at("/a", 0, 0)).unwrap_err().0, -32600);
    client.tell("exit", Value::Null);
    assert_eq!(client.vanish(), Ok(()));
}
