//! Whatever is sent, each request is answered once, and the server goes on.

use lsp_server::{Message, Response};
use serde_json::{Value, json};

use crate::client::{Client, at, uri};

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.next(items.len() as u64) as usize]
    }

    fn path(&mut self) -> &'static str {
        PATHS[self.next(PATHS.len() as u64) as usize]
    }
}

const METHODS: &[&str] = &[
    "textDocument/completion",
    "textDocument/hover",
    "textDocument/signatureHelp",
    "textDocument/definition",
    "textDocument/typeDefinition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/documentLink",
    "textDocument/prepareRename",
    "textDocument/rename",
    "textDocument/formatting",
    "textDocument/rangeFormatting",
    "textDocument/diagnostic",
    "textDocument/codeAction",
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/selectionRange",
    "textDocument/semanticTokens/full",
    "textDocument/semanticTokens/range",
    "textDocument/inlayHint",
    "textDocument/codeLens",
    "codeLens/resolve",
    "workspace/symbol",
    "workspace/executeCommand",
    "no/such/method",
];

const NOTIFICATIONS: &[&str] = &[
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "textDocument/didSave",
    "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders",
    "workspace/didChangeConfiguration",
    "$/cancelRequest",
    "$/setTrace",
    "nonsense",
];

const PATHS: &[&str] = &[
    "/w/a.kiln",
    "/w/b.kiln",
    "/w/none.kiln",
    "/elsewhere/c.kiln",
    "/w/../../x.kiln",
    "untitled:Untitled-1",
    "std:zlib.kiln",
    "builtin:package.kiln",
];

const TEXTS: &[&str] = &[
    "",
    "recipe a\n",
    "override a\nf = on\n",
    "project\nwant a[",
    "recipe a\nversion = 1\nfeature f = on { host b }\nknob k: enum { x, y } = x { x => ",
    "recipe a\nknob k: Set<enum { \"ä𐐀\", b }> = {..all, \"\n",
    "module m\nmixin m { include m }\n",
    "\u{feff}recipe a\r\nversion = 1\r\n",
    "}}}}]]]]))))",
    "recipe a\nlet x = ((((((((((((((((((((1\n",
    "\0\u{1}\u{2028}",
    "versions { 1 { sha256 = \"\\(\"\\(\"",
];

fn params(random: &mut Random) -> Value {
    let number = |random: &mut Random| *random.of(&[0, 1, 2, 3, 7, 40, 4_000_000_000_u64]);
    let position =
        |random: &mut Random| json!({"line": number(random), "character": number(random)});
    let range = |random: &mut Random| json!({"start": position(random), "end": position(random)});
    let mut value = json!({
        "textDocument": {
            "uri": uri(random.path()), "version": number(random) as i32,
            "languageId": "kiln", "text": random.of(TEXTS),
        },
        "position": position(random),
        "positions": [position(random), position(random)],
        "range": range(random),
        "context": {"includeDeclaration": true, "diagnostics": [], "triggerKind": 1},
        "newName": random.of(&["x", "", "a b", "ä", "on", "f"]),
        "query": random.of(&["", "a", "ä", "zz"]),
        "options": {"tabSize": 4, "insertSpaces": true},
        "contentChanges": [{"range": range(random), "text": random.of(TEXTS)}, {"text": random.of(TEXTS)}],
        "changes": [{"uri": uri(random.path()), "type": random.of(&[1, 2, 3, 9])}],
        "event": {"added": [], "removed": []},
        "data": {"path": random.of(PATHS), "package": "a", "options": 1},
        "id": number(random) as i32,
    });
    // Some of it is missing, or is something else.
    if random.next(3) == 0 {
        let keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        let key = random.of(&keys).clone();
        value[key] = random.of(&[json!(null), json!([]), json!("x"), json!(-1), json!({})]).clone();
    }
    match random.next(20) {
        0 => json!(null),
        1 => json!([1, 2]),
        _ => value,
    }
}

#[test]
fn garbage_is_answered_and_ends_nothing() {
    let files = [
        ("/w/a.kiln", "recipe a\nversion = 1\nfeature f = on\n"),
        ("/w/b.kiln", "override a\nf = off\n"),
    ];
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut client = Client::start(&files, &["/w"]);
    let mut open = Vec::new();
    for _ in 0..1500 {
        if random.next(3) == 0 {
            let method = *random.of(NOTIFICATIONS);
            let params = params(&mut random);
            client.tell(method, params);
        } else {
            let method = *random.of(METHODS);
            let params = params(&mut random);
            open.push(client.send(method, params));
        }
        if random.next(50) == 0 {
            let answer = Response::new_ok(77.into(), json!("unasked"));
            client.send_raw(Message::Response(answer));
        }
        if open.len() > 40 {
            for id in open.drain(..) {
                panicked(client.answer(&id));
            }
        }
    }
    for id in open {
        panicked(client.answer(&id));
    }
    // It still works.
    client.close("/w/b.kiln");
    client.open("/w/b.kiln", "override a\nf = off\n");
    let hover = client.until("textDocument/hover", &at("/w/b.kiln", 1, 0), |it| !it.is_null());
    assert!(hover["contents"]["value"].as_str().unwrap().contains("feature f"), "{hover}");
    client.drain();
    let mistakes: Vec<_> =
        client.told.iter().filter(|it| it.1.to_string().contains("a mistake in Kiln")).collect();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(client.end(), Ok(()));
}

/// Refusing is fine; a panic inside is not.
fn panicked(answer: Result<Value, (i64, String)>) {
    if let Err((code, message)) = answer {
        assert_ne!(code, -32603, "{message}");
    }
}

#[test]
fn deep_and_long_texts_are_borne() {
    let mut client = Client::start(&[], &["/w"]);
    let deep = format!("recipe a\nlet x = {}1\n", "(".repeat(5_000));
    let chain = format!("recipe a\nversion = 1\nlet x = 1{}\n", " + 1".repeat(5_000));
    let long = format!("recipe a\nversion = 1\n{}", "feature f = on { host a }\n".repeat(1_000));
    let line = format!("override a\nx = {{{}}}\n", "abc, ".repeat(5_000));
    for (number, text) in [deep, chain, long, line].iter().enumerate() {
        let path = format!("/w/{number}.kiln");
        client.open(&path, text);
        let mut place = at(&path, 2, 10);
        place["context"] = json!({"includeDeclaration": true, "diagnostics": []});
        place["positions"] = json!([{"line": 2, "character": 10}]);
        place["range"] =
            json!({"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 12}});
        place["newName"] = json!("y");
        place["options"] = json!({"tabSize": 4, "insertSpaces": true});
        for method in METHODS {
            panicked(client.ask(method, place.clone()));
        }
    }
    assert_eq!(client.end(), Ok(()));
}
