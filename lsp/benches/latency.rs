//! How long an editor waits: from a keystroke to its diagnostics, and for completion and hover, in
//! a recipe of 5,000 lines.
//!
//! `cargo bench -p kiln-lsp --bench latency [-- FOLDER]`: with a folder, all recipes below it are in
//! the workspace, and the large recipe depends on a hundred of them. The memory is that of the whole
//! process, texts and client included.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kiln_lang::MemoryWorld;
use kiln_lsp::{Config, Connection, serve};
use lsp_server::{Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

/// How many keystrokes and requests are measured.
const ROUNDS: usize = 300;

/// How many lines the recipe has, about.
const LINES: usize = 5_000;

/// A recipe with everything that recipes have, again and again.
fn recipe() -> String {
    let mut text = String::from("//! A large one.\nrecipe large\nversion = 1.0\n\n");
    let mut number = 0;
    while text.lines().count() < LINES {
        number += 1;
        text.push_str(&format!(
            "/// Number {number}.
feature f{number} = off {{
    host zlib >= 1.2
    arg \"--enable-{number}\" else \"--disable-{number}\"
}}
/// Which one of {number}.
knob k{number}: enum {{ a, b, c }} = a when f{number} {{
    a => arg \"--with-a={number}\"
    b => host zlib
}}
require !f{number} | k{number} != c \"c does not go with {number}\"
args += [\"-DN{number}=\\(version.up_to(2))\"]
step s{number} = sh\"\"\"
    make -C dir{number} \\(args)
    \"\"\"

"
        ));
    }
    text
}

fn main() {
    let mut text = recipe();
    let mut world = MemoryWorld::new();
    // Cargo passes `--bench`.
    if let Some(folder) = std::env::args().skip(1).find(|it| !it.starts_with('-')) {
        let mut names = Vec::new();
        let folder = Path::new(&folder);
        load(folder, folder, &mut world, &mut names);
        names.sort();
        println!("{} recipes of {}", names.len(), folder.display());
        for name in names.iter().step_by(names.len() / 100 + 1) {
            text.push_str(&format!("host {name}\n"));
        }
    }
    let lines = text.lines().count();
    world.insert("/w/large.kiln", &text);
    world.insert("/w/zlib.kiln", "recipe zlib\nversion = 1.3\n");
    world.insert("std:none.kiln", "module none\n");
    let (connection, client) = Connection::memory();
    let config = Config {
        world: Arc::new(world),
        std_root: "std:".to_owned(),
        machine: ("x86_64".to_owned(), "linux".to_owned()),
        cache: None,
        page: |_| None,
        version: "bench".to_owned(),
    };
    std::thread::spawn(move || serve(connection, config));
    let folder = json!({"uri": "file:///w", "name": "w"});
    let params = json!({"processId": null, "rootUri": null, "capabilities": {}, "workspaceFolders": [folder]});
    ask(&client, 0, "initialize", params);
    tell(&client, "initialized", json!({}));
    let document =
        json!({"uri": "file:///w/large.kiln", "languageId": "kiln", "version": 1, "text": text});
    tell(&client, "textDocument/didOpen", json!({"textDocument": document}));
    let start = Instant::now();
    published(&client, 1);
    println!("first diagnostics after {:.0} ms, {}", start.elapsed().as_secs_f64() * 1e3, memory());
    // Whatever looks at all files: names that begin like this, and who uses a recipe.
    ask(&client, 1, "workspace/symbol", json!({"query": "zli"}));
    let start = Instant::now();
    ask(&client, 2, "workspace/symbol", json!({"query": "zli"}));
    println!("workspace symbols  {:.0} ms, {}", start.elapsed().as_secs_f64() * 1e3, memory());

    println!("{} lines, {} bytes, {ROUNDS} rounds", lines, text.len());
    // One letter is typed in the middle of the file, and taken away again: each time, another
    // set of diagnostics.
    let middle = lines / 2;
    let line = (middle..)
        .find(|it| text.lines().nth(*it).is_some_and(|it| it.starts_with("args")))
        .unwrap_or(middle);
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let version = round as i64 + 2;
        let (end, letter) = if round % 2 == 0 { (0, "x") } else { (1, "") };
        let range = json!({"start": {"line": line, "character": 0}, "end": {"line": line, "character": end}});
        let start = Instant::now();
        let change = json!({"range": range, "text": letter});
        tell(
            &client,
            "textDocument/didChange",
            json!({
                "textDocument": {"uri": "file:///w/large.kiln", "version": version},
                "contentChanges": [change],
            }),
        );
        published(&client, version);
        times.push(start.elapsed());
    }
    show("keystroke to diagnostics", &mut times);
    for (name, method, character) in
        [("completion", "textDocument/completion", 8), ("hover", "textDocument/hover", 2)]
    {
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let position = json!({"line": line, "character": character});
            let params =
                json!({"textDocument": {"uri": "file:///w/large.kiln"}, "position": position});
            let start = Instant::now();
            ask(&client, 1000 + round as i32, method, params);
            times.push(start.elapsed());
        }
        show(name, &mut times);
    }
    for (name, method) in [
        ("semantic tokens", "textDocument/semanticTokens/full"),
        ("document symbols", "textDocument/documentSymbol"),
    ] {
        let mut times = Vec::new();
        for round in 0..ROUNDS / 10 {
            let params = json!({"textDocument": {"uri": "file:///w/large.kiln"}});
            let start = Instant::now();
            ask(&client, 2000 + round as i32, method, params);
            times.push(start.elapsed());
        }
        show(name, &mut times);
    }
}

/// Takes in all recipes below a folder, and their names.
fn load(top: &Path, folder: &Path, world: &mut MemoryWorld, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            load(top, &path, world, names);
        } else if let (Some(stem), Ok(text)) =
            (path.file_stem().and_then(|it| it.to_str()), std::fs::read_to_string(&path))
            && path.extension().is_some_and(|it| it == "kiln")
            && !matches!(stem, "zlib" | "project")
        {
            let below = path.strip_prefix(top).unwrap_or(&path);
            world.insert(format!("/w/{}", below.display()), &text);
            if text.lines().any(|it| it == format!("recipe {stem}")) {
                names.push(stem.to_owned());
            }
        }
    }
}

/// The memory of this process now and at most, in MB.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| -> u64 {
        let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or_default()
    };
    format!("memory {} MB, at most {} MB", of("VmRSS:") / 1000, of("VmHWM:") / 1000)
}

fn show(name: &str, times: &mut [Duration]) {
    times.sort();
    let at =
        |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "{name:26} p50 {:6.1} ms   p99 {:6.1} ms   max {:6.1} ms   {}",
        at(50),
        at(99),
        at(100),
        memory()
    );
}

fn tell(client: &Connection, method: &str, params: Value) {
    let message = Notification { method: method.to_owned(), params };
    let _ = client.sender.send(message.into());
}

/// Asks until the answer is not "content modified".
fn ask(client: &Connection, id: i32, method: &str, params: Value) -> Value {
    let mut number = id * 100;
    loop {
        let request = Request {
            id: RequestId::from(number),
            method: method.to_owned(),
            params: params.clone(),
        };
        let _ = client.sender.send(request.into());
        let Response { response_result, .. } = loop {
            match client.receiver.recv() {
                Ok(Message::Response(response)) => break response,
                Ok(_) => {}
                Err(_) => panic!("the server is gone"),
            }
        };
        match response_result {
            Ok(value) => return value,
            Err(error) => assert_eq!(error.code, -32801, "{error:?}"),
        }
        number += 1;
    }
}

/// Waits for the diagnostics of a version.
fn published(client: &Connection, version: i64) {
    loop {
        match client.receiver.recv() {
            Ok(Message::Notification(it)) if it.params["version"].as_i64() == Some(version) => {
                return;
            }
            Ok(_) => {}
            Err(_) => panic!("the server is gone"),
        }
    }
}
