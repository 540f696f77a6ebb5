//! A client: it asks, waits for answers, and keeps what the server tells it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kiln_lang::{MemoryWorld, TreeEntry, World, WorldError};
use kiln_lsp::{Config, Connection, ServeError, serve};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

/// How long anything may take before the test says that it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A disk that tests write to while the server reads it.
#[derive(Default)]
pub(crate) struct Disk {
    files: Mutex<MemoryWorld>,
    /// A folder, and a file that comes as soon as that folder has been listed.
    late: Mutex<Option<(String, String, String)>>,
}

impl Disk {
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        self.files.lock().unwrap().insert(path, text);
    }

    /// Writes a file right after a folder has been listed the next time.
    pub(crate) fn write_behind_list(&self, folder: &str, path: &str, text: &str) {
        *self.late.lock().unwrap() = Some((folder.to_owned(), path.to_owned(), text.to_owned()));
    }

    /// Takes all files away but these.
    pub(crate) fn set(&self, files: &[(&str, &str)]) {
        let mut world = MemoryWorld::new();
        for (path, text) in files {
            world.insert(*path, text);
        }
        *self.files.lock().unwrap() = world;
    }
}

/// A file with this text is a mistake in the server for whoever reads it.
pub(crate) const PANIC: &str = "panic";

impl World for Disk {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, WorldError> {
        let found = self.files.lock().unwrap().read(path);
        assert!(found.as_deref() != Ok(PANIC.as_bytes()), "{path} says so");
        found
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, WorldError> {
        // The standard recipes have a root without a slash behind it.
        if dir == "std:" {
            return Ok(vec!["zlib.kiln".to_owned(), "tools.kiln".to_owned()]);
        }
        let listed = self.files.lock().unwrap().list(dir);
        if let Some((_, path, text)) = self.late.lock().unwrap().take_if(|it| it.0 == dir) {
            self.write(&path, &text);
        }
        listed
    }

    fn tree(&self, path: &str) -> Result<Vec<TreeEntry>, WorldError> {
        self.files.lock().unwrap().tree(path)
    }
}

/// Recipes that are part of the program.
const STD: &[(&str, &str)] = &[
    (
        "std:zlib.kiln",
        "//! Compression.\nrecipe zlib\nversion = 1.3\n/// A library.\nfeature shared = off\n",
    ),
    ("std:tools.kiln", "module tools\nmixin tools { step build = sh\"make\" }\n"),
];

pub(crate) struct Client {
    pub(crate) disk: Arc<Disk>,
    connection: Connection,
    server: Option<JoinHandle<Result<(), ServeError>>>,
    next_id: i32,
    /// What was published last, by address.
    pub(crate) diagnostics: BTreeMap<String, (Option<i64>, Vec<Value>)>,
    /// How often something was published, by address.
    pub(crate) publications: BTreeMap<String, usize>,
    /// Every other notification, and every request of the server.
    pub(crate) told: Vec<(String, Value)>,
    /// Answers that came out of order.
    answers: BTreeMap<String, Result<Value, (i64, String)>>,
    pub(crate) capabilities: Value,
}

impl Client {
    /// Starts a server that sees these files, and ends the greetings.
    pub(crate) fn start(files: &[(&str, &str)], folders: &[&str]) -> Client {
        Client::start_with(files, folders, json!({}), None)
    }

    pub(crate) fn start_with(
        files: &[(&str, &str)],
        folders: &[&str],
        capabilities: Value,
        cache: Option<PathBuf>,
    ) -> Client {
        let mut client = Client::silent(files, cache);
        let folders: Vec<Value> =
            folders.iter().map(|it| json!({"uri": uri(it), "name": it})).collect();
        let mut all = json!({
            "textDocument": {
                "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}},
                "publishDiagnostics": {"relatedInformation": true},
                "documentSymbol": {"hierarchicalDocumentSymbolSupport": true},
            },
            "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}},
        });
        merge(&mut all, capabilities);
        let params = json!({
            "processId": null, "rootUri": null,
            "capabilities": all, "workspaceFolders": folders,
        });
        let result = client.ask("initialize", params).unwrap();
        client.capabilities = result["capabilities"].clone();
        client.tell("initialized", json!({}));
        client
    }

    /// Starts a server and says nothing.
    pub(crate) fn silent(files: &[(&str, &str)], cache: Option<PathBuf>) -> Client {
        let disk = Arc::new(Disk::default());
        for (path, text) in STD.iter().chain(files) {
            disk.write(path, text);
        }
        let (connection, own) = Connection::memory();
        let config = Config {
            world: disk.clone(),
            std_root: "std:".to_owned(),
            machine: ("x86_64".to_owned(), "linux".to_owned()),
            cache,
            page: |slug| Some(format!("# {slug}\n")),
            version: "test".to_owned(),
        };
        let server = std::thread::spawn(move || serve(connection, config));
        Client {
            disk,
            connection: own,
            server: Some(server),
            next_id: 0,
            diagnostics: BTreeMap::new(),
            publications: BTreeMap::new(),
            told: Vec::new(),
            answers: BTreeMap::new(),
            capabilities: Value::Null,
        }
    }

    /// Sends a request and returns its id.
    pub(crate) fn send(&mut self, method: &str, params: Value) -> String {
        self.next_id += 1;
        let id = RequestId::from(self.next_id);
        let key = id.to_string();
        let request = Request { id, method: method.to_owned(), params };
        self.connection.sender.send(request.into()).unwrap();
        key
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value, (i64, String)> {
        let id = self.send(method, params);
        self.answer(&id)
    }

    /// Sends a request until files are not edited while it is answered.
    pub(crate) fn get(&mut self, method: &str, params: Value) -> Value {
        loop {
            match self.ask(method, params.clone()) {
                Ok(value) => return value,
                Err((code, _)) if code == i64::from(ErrorCode::ContentModified as i32) => {}
                Err(error) => panic!("{method}: {error:?}"),
            }
        }
    }

    /// Waits for the answer to a request.
    pub(crate) fn answer(&mut self, id: &str) -> Result<Value, (i64, String)> {
        loop {
            if let Some(answer) = self.answers.remove(id) {
                return answer;
            }
            self.receive(&format!("an answer to request {id}"));
        }
    }

    pub(crate) fn tell(&mut self, method: &str, params: Value) {
        let message = Notification { method: method.to_owned(), params };
        self.connection.sender.send(message.into()).unwrap();
    }

    pub(crate) fn send_raw(&mut self, message: Message) {
        self.connection.sender.send(message).unwrap();
    }

    fn receive(&mut self, what: &str) {
        let message = self.connection.receiver.recv_timeout(PATIENCE);
        let message = message.unwrap_or_else(|error| panic!("waiting for {what}: {error}"));
        self.take(message);
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Response(response) => {
                let Response { id, response_result } = response;
                let answer = response_result.map_err(|it| (i64::from(it.code), it.message));
                let old = self.answers.insert(id.to_string(), answer);
                assert!(old.is_none(), "request {id} was answered twice");
            }
            Message::Notification(it) if it.method == "textDocument/publishDiagnostics" => {
                let uri = it.params["uri"].as_str().unwrap().to_owned();
                let list = it.params["diagnostics"].as_array().unwrap().clone();
                let version = it.params["version"].as_i64();
                *self.publications.entry(uri.clone()).or_default() += 1;
                self.diagnostics.insert(uri, (version, list));
            }
            Message::Notification(it) => self.told.push((it.method, it.params)),
            Message::Request(it) => {
                self.told.push((it.method, it.params));
                let response = Response::new_ok(it.id, Value::Null);
                self.connection.sender.send(response.into()).unwrap();
            }
        }
    }

    /// Takes what has come so far.
    pub(crate) fn drain(&mut self) {
        while let Ok(message) = self.connection.receiver.try_recv() {
            self.take(message);
        }
    }

    /// Waits until what was published of a file is so.
    pub(crate) fn wait(&mut self, path: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let uri = uri(path);
        loop {
            if let Some((_, list)) = self.diagnostics.get(&uri)
                && is_so(list)
            {
                return list.clone();
            }
            self.receive(&format!("diagnostics of {path}; there are {:?}", self.diagnostics));
        }
    }

    /// Waits until diagnostics of this version of a document are published.
    pub(crate) fn wait_version(&mut self, path: &str, version: i64) -> Vec<Value> {
        let uri = uri(path);
        loop {
            if let Some((Some(found), list)) = self.diagnostics.get(&uri)
                && *found == version
            {
                return list.clone();
            }
            self.receive(&format!("diagnostics of version {version} of {path}"));
        }
    }

    /// Waits until the server has told this, behind as many other things as these, and returns how
    /// many it has told then.
    pub(crate) fn wait_told(&mut self, method: &str, behind: usize) -> usize {
        loop {
            if let Some(at) = self.told[behind..].iter().position(|it| it.0 == method) {
                return behind + at + 1;
            }
            self.receive(method);
        }
    }

    /// Asks again and again until the answer is so: for what becomes known in the background.
    pub(crate) fn until(
        &mut self,
        method: &str,
        params: &Value,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let start = Instant::now();
        loop {
            if let Ok(answer) = self.ask(method, params.clone())
                && is_so(&answer)
            {
                return answer;
            }
            assert!(start.elapsed() < PATIENCE, "{method} never says what it should");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    //------ documents

    pub(crate) fn open(&mut self, path: &str, text: &str) {
        self.tell(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": uri(path), "languageId": "kiln", "version": 1, "text": text}}),
        );
    }

    pub(crate) fn change(&mut self, path: &str, version: i64, text: &str) {
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri(path), "version": version}, "contentChanges": [{"text": text}]}),
        );
    }

    /// Replaces a part of a document: lines and columns of its beginning and end.
    pub(crate) fn edit(&mut self, path: &str, version: i64, at: [u32; 4], text: &str) {
        let change = json!({
            "range": {
                "start": {"line": at[0], "character": at[1]},
                "end": {"line": at[2], "character": at[3]},
            },
            "text": text,
        });
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri(path), "version": version}, "contentChanges": [change]}),
        );
    }

    pub(crate) fn close(&mut self, path: &str) {
        self.tell("textDocument/didClose", json!({"textDocument": {"uri": uri(path)}}));
    }

    /// Tells that files have changed on disk: 1 is come, 2 changed, 3 gone.
    pub(crate) fn watched(&mut self, changes: &[(&str, i32)]) {
        let changes: Vec<Value> =
            changes.iter().map(|it| json!({"uri": uri(it.0), "type": it.1})).collect();
        self.tell("workspace/didChangeWatchedFiles", json!({"changes": changes}));
    }

    /// Ends the session, and returns what the server says of it.
    pub(crate) fn end(mut self) -> Result<(), ServeError> {
        self.ask("shutdown", Value::Null).unwrap();
        self.tell("exit", Value::Null);
        self.server.take().unwrap().join().expect("the server does not panic")
    }

    /// Goes away without a word.
    pub(crate) fn vanish(mut self) -> Result<(), ServeError> {
        let server = self.server.take().unwrap();
        drop(self);
        server.join().expect("the server does not panic")
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// The address of a path.
pub(crate) fn uri(path: &str) -> String {
    if path.contains(':') { path.to_owned() } else { format!("file://{path}") }
}

/// A position in a document, as most requests have it.
pub(crate) fn at(path: &str, line: u32, character: u32) -> Value {
    json!({"textDocument": {"uri": uri(path)}, "position": {"line": line, "character": character}})
}

/// A document, as many requests have it.
pub(crate) fn document(path: &str) -> Value {
    json!({"textDocument": {"uri": uri(path)}})
}

/// The messages of diagnostics, with their codes and lines.
pub(crate) fn shown(list: &[Value]) -> Vec<String> {
    list.iter()
        .map(|it| {
            let line = it["range"]["start"]["line"].as_i64().unwrap();
            let message = it["message"].as_str().unwrap().lines().next().unwrap();
            format!("{line} {}: {message}", it["code"].as_str().unwrap())
        })
        .collect()
}

/// Applies the edits of one document, in the encoding of 16-bit units.
pub(crate) fn apply(text: &str, edits: &[Value]) -> String {
    let offset = |position: &Value| -> usize {
        let line = position["line"].as_u64().unwrap() as usize;
        let column = position["character"].as_u64().unwrap() as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = 0;
        for (at, c) in text[start..].char_indices() {
            if units >= column {
                return start + at;
            }
            units += c.len_utf16();
        }
        text.len()
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|it| {
            let range = &it["range"];
            let text = it["newText"].as_str().unwrap();
            (offset(&range["start"]), offset(&range["end"]), text)
        })
        .collect();
    edits.sort_by_key(|it| std::cmp::Reverse(it.0));
    let mut text = text.to_owned();
    for (start, end, new) in edits {
        text.replace_range(start..end, new);
    }
    text
}
