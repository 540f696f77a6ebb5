//! The main loop: it owns the state, and waits for nothing but messages.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use kiln_eval::LOCK_FILE;
use kiln_lang::{PROJECT_FILE, World, WorldError};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument,
    DidOpenTextDocument, DidSaveTextDocument, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{
    CodeLensRefresh, InlayHintRefreshRequest, RegisterCapability, Request as _,
    WorkspaceDiagnosticRefresh,
};
use lsp_types::{
    DidChangeWatchedFilesRegistrationOptions, FileChangeType, FileSystemWatcher, GlobPattern,
    InitializeParams, InitializeResult, PublishDiagnosticsParams, Registration, RegistrationParams,
    ServerInfo, Uri,
};
use serde::de::DeserializeOwned;

use crate::Config;
use crate::capabilities::{self, Client};
use crate::diagnostics::{self, Found, Seen};
use crate::document::Document;
use crate::evaluation::{self, Evaluations, Told};
use crate::extract::Extract;
use crate::outbox::Outbox;
use crate::paths::path_of;
use crate::pool::{Pool, Urgency};
use crate::routes::route;
use crate::scope::{Scope, ScopeKey};
use crate::snapshot::{Refused, Snapshot};
use crate::watch::{self, Change};
use crate::world::EditorWorld;

/// Why a server ended other than by being told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServeError {
    /// The client went away without saying so.
    Disconnected,
    /// The client ended the session without `shutdown` before `exit`.
    NoShutdown,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ServeError::Disconnected => "the editor went away without ending the session",
            ServeError::NoShutdown => "the editor said `exit` before `shutdown`",
        })
    }
}

impl std::error::Error for ServeError {}

/// The longest document that is looked at, in bytes: offsets have 32 bits, and nobody writes such
/// recipes.
const DOCUMENT_BYTES_MAX: usize = 64 << 20;

/// Serves one session.
///
/// # Errors
///
/// [`ServeError`] if the client ends it in another way than by `shutdown` and `exit`.
pub fn serve(connection: Connection, config: Config) -> Result<(), ServeError> {
    // Whoever edits a file parses it, and texts are nested as their writers like.
    kiln_lang::with_stack(move || session(connection, config))
}

fn session(connection: Connection, config: Config) -> Result<(), ServeError> {
    let outbox = Arc::new(Outbox::new(connection));
    let (events, queue) = channel::<Event>();
    forward(&outbox, events.clone());
    let Some(params) = initialize(&outbox, &queue, &config)? else { return Ok(()) };
    let mut server = Server::new(outbox, events, config, &params);
    server.run(&queue)
}

/// What the main loop waits for.
enum Event {
    Message(Message),
    Disconnected,
    Answered(Response),
    Found(Found),
    Evaluated(Told),
    /// Files have changed on disk, and no client told.
    Changed(Vec<Change>),
    /// A folder of recipes that cannot be listed, and why.
    Unlisted(String),
}

/// Turns messages into events.
fn forward(outbox: &Outbox, events: Sender<Event>) {
    let incoming = outbox.incoming();
    let _ = thread::Builder::new().name("kiln-messages".to_owned()).spawn(move || {
        for message in incoming {
            if events.send(Event::Message(message)).is_err() {
                return;
            }
        }
        let _ = events.send(Event::Disconnected);
    });
}

/// Waits for `initialize`; nothing if the client leaves again.
fn initialize(
    outbox: &Outbox,
    queue: &Receiver<Event>,
    config: &Config,
) -> Result<Option<InitializeParams>, ServeError> {
    loop {
        match queue.recv() {
            Ok(Event::Message(Message::Request(request))) => {
                if request.method != lsp_types::request::Initialize::METHOD {
                    let code = ErrorCode::ServerNotInitialized as i32;
                    let text = format!("`{}` came before `initialize`", request.method);
                    outbox.respond(Response::new_err(request.id, code, text));
                    continue;
                }
                let mut params = request.params;
                // The protocol says `diagnostics`; the crate reads `diagnostic`.
                if let Some(asked) = params.pointer("/capabilities/workspace/diagnostics").cloned()
                {
                    params["capabilities"]["workspace"]["diagnostic"] = asked;
                }
                match serde_json::from_value::<InitializeParams>(params) {
                    Ok(params) => {
                        let client = Client::new(&params.capabilities);
                        let result = InitializeResult {
                            capabilities: capabilities::server(&client),
                            server_info: Some(ServerInfo {
                                name: "kiln".to_owned(),
                                version: Some(config.version.clone()),
                            }),
                        };
                        outbox.respond(Response::new_ok(request.id, result));
                        return Ok(Some(params));
                    }
                    Err(error) => {
                        let code = ErrorCode::InvalidParams as i32;
                        outbox.respond(Response::new_err(request.id, code, error.to_string()));
                    }
                }
            }
            Ok(Event::Message(Message::Notification(it))) if it.method == "exit" => {
                return Ok(None);
            }
            Ok(Event::Disconnected) | Err(_) => return Err(ServeError::Disconnected),
            Ok(_) => {}
        }
    }
}

struct Server {
    outbox: Arc<Outbox>,
    events: Sender<Event>,
    pool: Pool,
    evaluation: Sender<Snapshot>,
    watch: Sender<Snapshot>,
    seen: Arc<Seen>,
    /// The requests that are not answered yet, and whether they were cancelled.
    pending: HashMap<RequestId, Arc<AtomicBool>>,
    /// What was published last, by path.
    published: BTreeMap<String, Published>,
    /// How many searches for what is wrong there have been.
    searches: u64,
    /// The files in which evaluation found something wrong.
    found_by_evaluation: BTreeSet<String>,
    /// The folders of which was told that they cannot be listed.
    told: BTreeSet<String>,
    /// The document that was edited last.
    edited: Option<String>,
    is_shut_down: bool,
    //------ the state
    state: Snapshot,
}

impl Server {
    fn new(
        outbox: Arc<Outbox>,
        events: Sender<Event>,
        config: Config,
        params: &InitializeParams,
    ) -> Server {
        let done = events.clone();
        let evaluation = evaluation::start(move |it| {
            let _ = done.send(Event::Evaluated(it));
        });
        let noticed = events.clone();
        let watch = watch::start(move |it| {
            let _ = noticed.send(Event::Changed(it));
        });
        let world = Arc::new(EditorWorld::new(config.world.clone(), &config.std_root));
        let extract = config.cache.clone().map(|it| Arc::new(Extract::new(it)));
        let state = Snapshot {
            generation: 0,
            current: Arc::new(AtomicU64::new(0)),
            client: Arc::new(Client::new(&params.capabilities)),
            config: Arc::new(config),
            world,
            extract,
            folders: Arc::new(folders(params)),
            documents: Arc::default(),
            scopes: Arc::default(),
            evaluations: Arc::new(Evaluations::default()),
        };
        Server {
            outbox,
            events,
            pool: Pool::new(),
            evaluation,
            watch,
            seen: Arc::default(),
            pending: HashMap::new(),
            published: BTreeMap::new(),
            searches: 0,
            found_by_evaluation: BTreeSet::new(),
            told: BTreeSet::new(),
            edited: None,
            is_shut_down: false,
            state,
        }
    }

    fn run(&mut self, queue: &Receiver<Event>) -> Result<(), ServeError> {
        self.open_scopes();
        self.changed();
        while let Ok(event) = queue.recv() {
            match event {
                Event::Message(Message::Request(request)) => self.request(request),
                Event::Message(Message::Notification(it)) if it.method == "exit" => {
                    return if self.is_shut_down { Ok(()) } else { Err(ServeError::NoShutdown) };
                }
                Event::Message(Message::Notification(it)) => self.guarded_notification(it),
                // What the client says to what it was asked matters to nobody.
                Event::Message(Message::Response(_)) => {}
                Event::Disconnected => break,
                Event::Answered(response) => {
                    self.pending.remove(&response.id);
                    self.outbox.respond(response);
                }
                Event::Found(found) => self.publish(found),
                Event::Evaluated(Told::Done(generation)) => self.evaluated(generation),
                Event::Evaluated(Told::Panicked(what)) => self
                    .outbox
                    .log(&format!("{what} was not evaluated because of a mistake in Kiln")),
                Event::Changed(changes) => self.files_changed(changes),
                Event::Unlisted(what) => self.unlisted(what),
            }
        }
        if self.is_shut_down { Ok(()) } else { Err(ServeError::Disconnected) }
    }

    //------ requests

    fn request(&mut self, request: Request) {
        if self.is_shut_down {
            let code = ErrorCode::InvalidRequest as i32;
            let text = "the server has been shut down".to_owned();
            return self.outbox.respond(Response::new_err(request.id, code, text));
        }
        if request.method == lsp_types::request::Shutdown::METHOD {
            self.is_shut_down = true;
            return self.outbox.respond(Response::new_ok(request.id, ()));
        }
        let Some(route) = route(&request.method) else {
            let code = ErrorCode::MethodNotFound as i32;
            let text = format!("`{}` is not offered", request.method);
            return self.outbox.respond(Response::new_err(request.id, code, text));
        };
        if self.pending.contains_key(&request.id) {
            let code = ErrorCode::InvalidRequest as i32;
            let text = "another request has this id".to_owned();
            return self.outbox.respond(Response::new_err(request.id, code, text));
        }
        let cancelled = Arc::new(AtomicBool::new(false));
        self.pending.insert(request.id.clone(), cancelled.clone());
        let (snapshot, events) = (self.state.clone(), self.events.clone());
        self.pool.spawn(route.urgency, move || {
            let response = answer(&snapshot, request, route.answer, &cancelled);
            let _ = events.send(Event::Answered(response));
        });
    }

    //------ notifications

    /// A notification that cannot be handled changes nothing and ends nothing.
    fn guarded_notification(&mut self, notification: Notification) {
        let method = notification.method.clone();
        let handled = catch_unwind(AssertUnwindSafe(|| self.notification(notification)));
        match handled {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.outbox.log(&format!("`{method}` is not understood: {error}")),
            Err(_) => {
                self.outbox.log(&format!("`{method}` was not handled because of a mistake in Kiln"))
            }
        }
    }

    fn notification(&mut self, notification: Notification) -> Result<(), serde_json::Error> {
        match notification.method.as_str() {
            "initialized" => self.watch_files(),
            "$/cancelRequest" => {
                if let Ok(params) = serde_json::from_value::<CancelParams>(notification.params)
                    && let Some(cancelled) = self.pending.get(&params.id)
                {
                    cancelled.store(true, Ordering::Release);
                }
            }
            DidOpenTextDocument::METHOD => {
                let document = params::<DidOpenTextDocument>(notification)?.text_document;
                let path = self.state.path(&document.uri);
                let text = bounded(document.text);
                let (uri, version) = (document.uri, document.version);
                let document = Document { uri, version, text };
                self.set_document(path, Some(document));
            }
            DidChangeTextDocument::METHOD => {
                let params = params::<DidChangeTextDocument>(notification)?;
                let path = self.state.path(&params.text_document.uri);
                let encoding = self.state.client.encoding;
                let Some(mut document) = self.state.documents.get(&path).cloned() else {
                    self.outbox.log(&format!("{path} is changed, but was not opened"));
                    return Ok(());
                };
                document.apply(params.content_changes, params.text_document.version, encoding);
                document.text = bounded(document.text.to_string());
                self.set_document(path, Some(document));
            }
            DidCloseTextDocument::METHOD => {
                let params = params::<DidCloseTextDocument>(notification)?;
                let path = self.state.path(&params.text_document.uri);
                self.set_document(path, None);
            }
            DidSaveTextDocument::METHOD => {
                // What is open counts: saving changes nothing but what is on disk beside it.
                let _ = params::<DidSaveTextDocument>(notification)?;
                let _ = self.evaluation.send(self.state.clone());
            }
            DidChangeWatchedFiles::METHOD => {
                let params = params::<DidChangeWatchedFiles>(notification)?;
                let changes = params.changes.iter().map(|it| (self.state.path(&it.uri), it.typ));
                self.files_changed(changes.collect());
            }
            DidChangeWorkspaceFolders::METHOD => {
                let event = params::<DidChangeWorkspaceFolders>(notification)?.event;
                let gone: Vec<String> = event.removed.iter().map(|it| path_of(&it.uri)).collect();
                let mut folders: Vec<String> = self.state.folders.to_vec();
                folders.retain(|it| !gone.contains(it));
                folders.extend(event.added.iter().map(|it| path_of(&it.uri)));
                folders.sort();
                folders.dedup();
                self.state.folders = Arc::new(folders);
                self.open_scopes();
                self.changed();
            }
            _ => {}
        }
        Ok(())
    }

    fn watch_files(&self) {
        if !self.state.client.watches_files {
            return;
        }
        let options = DidChangeWatchedFilesRegistrationOptions {
            watchers: ["*.kiln", LOCK_FILE]
                .map(|it| FileSystemWatcher {
                    glob_pattern: GlobPattern::String(format!("**/{it}")),
                    kind: None,
                })
                .into(),
        };
        let registration = Registration {
            id: "kiln-files".to_owned(),
            method: DidChangeWatchedFiles::METHOD.to_owned(),
            register_options: serde_json::to_value(options).ok(),
        };
        self.outbox
            .ask::<RegisterCapability>(RegistrationParams { registrations: vec![registration] });
    }

    //------ the state

    /// Opens, changes or closes a document.
    fn set_document(&mut self, path: String, document: Option<Document>) {
        let is_new = document.is_some() != self.state.documents.contains_key(&path);
        let text = document.as_ref().map(|it| it.text.clone());
        let mut documents = (*self.state.documents).clone();
        match document {
            Some(document) => documents.insert(path.clone(), document),
            None => documents.remove(&path),
        };
        self.state.documents = Arc::new(documents);
        // Files that are part of the program are shown as they are.
        if self.state.is_program(&path) {
            return self.changed();
        }
        // A document of a new file belongs to the folders that are listed.
        let was_known = self.state.world.read(&path).is_ok();
        self.state.world.set(&path, text.clone());
        let comes_or_goes = is_new && was_known != self.state.world.read(&path).is_ok();
        let world = self.state.world.clone();
        let std_root = self.state.config.std_root.clone();
        let scopes = self
            .state
            .scopes
            .iter()
            .map(|it| it.with_file(&path, text.as_deref(), &world, &std_root));
        self.state.scopes = Arc::new(scopes.collect());
        if comes_or_goes {
            self.relist();
        }
        if is_new {
            self.open_scopes();
            self.seen.forget(&path);
            self.forget_foreign(&path);
        }
        self.edited = Some(path);
        self.changed();
    }

    /// Takes back what was published of a document that was closed and belongs to no folder: nobody
    /// looks at its file any more.
    fn forget_foreign(&mut self, path: &str) {
        let is_open = self.state.documents.contains_key(path);
        let key = ScopeKey::of(path, &self.state.folders, &self.state.world);
        if is_open || key != ScopeKey::Loose {
            return;
        }
        if let Some(Published { uri, .. }) = self.published.remove(path) {
            let params = PublishDiagnosticsParams { uri, diagnostics: Vec::new(), version: None };
            self.outbox.notify::<PublishDiagnostics>(params);
        }
    }

    /// Files have changed on disk, not through an editor. What is open counts, whatever is there.
    fn files_changed(&mut self, mut changes: Vec<Change>) {
        changes
            .retain(|(path, _)| !self.state.documents.contains_key(path) && path.starts_with('/'));
        if changes.is_empty() {
            return;
        }
        let world = self.state.world.clone();
        let std_root = self.state.config.std_root.clone();
        let mut come_or_gone = false;
        for (path, kind) in changes {
            come_or_gone |= kind != FileChangeType::CHANGED;
            if kind == FileChangeType::DELETED {
                self.seen.forget(&path);
            }
            let scopes =
                self.state.scopes.iter().map(|it| it.with_file(&path, None, &world, &std_root));
            self.state.scopes = Arc::new(scopes.collect());
            if kind == FileChangeType::DELETED
                && let Some(Published { uri, .. }) = self.published.remove(&path)
            {
                self.outbox.notify::<PublishDiagnostics>(PublishDiagnosticsParams {
                    uri,
                    diagnostics: Vec::new(),
                    version: None,
                });
            }
        }
        if come_or_gone {
            self.relist();
            self.open_scopes();
        }
        self.changed();
        self.refresh_diagnostics();
    }

    fn relist(&mut self) {
        self.state.scopes = Arc::new(self.state.scopes.iter().map(Scope::relisted).collect());
    }

    /// Opens the scopes of all folders and documents, and closes those that nobody needs.
    fn open_scopes(&mut self) {
        let (world, folders) = (self.state.world.clone(), self.state.folders.clone());
        // What a project file in a folder would belong to is what the folder belongs to.
        let of_folders =
            folders.iter().map(|it| format!("{}/{PROJECT_FILE}", it.trim_end_matches('/')));
        let documents = self.state.documents.keys().filter(|it| !self.state.is_program(it));
        let paths = of_folders.chain(documents.cloned());
        let mut keys: Vec<ScopeKey> = paths.map(|it| ScopeKey::of(&it, &folders, &world)).collect();
        keys.sort();
        keys.dedup();
        // What is part of the program is looked at without anything of the user's, too.
        if keys.is_empty() {
            keys.push(ScopeKey::Loose);
        }
        let scopes =
            keys.into_iter().map(|key| match self.state.scopes.iter().find(|it| it.key == key) {
                Some(scope) => scope.clone(),
                None => Scope::open(key, &world, &self.state.config.std_root),
            });
        self.state.scopes = Arc::new(scopes.collect());
    }

    /// Something has changed: what was found before is old, and is found anew.
    fn changed(&mut self) {
        self.state.generation += 1;
        self.state.current.store(self.state.generation, Ordering::Release);
        self.find_diagnostics();
        let _ = self.watch.send(self.state.clone());
        let _ = self.evaluation.send(self.state.clone());
    }

    //------ diagnostics

    fn find_diagnostics(&mut self) {
        self.searches += 1;
        let search = self.searches;
        let (snapshot, events) = (self.state.clone(), self.events.clone());
        let (seen, first) = (self.seen.clone(), self.edited.clone());
        self.pool.spawn(Urgency::Later, move || {
            let found = |found| {
                let _ = events.send(Event::Found(found));
            };
            let unlisted = |root: &str, error: &WorldError| {
                let _ = events.send(Event::Unlisted(format!("{root}: {error}")));
            };
            diagnostics::find(&snapshot, &seen, search, first.as_deref(), found, unlisted);
        });
    }

    /// Has a client that asks what is wrong ask again.
    fn refresh_diagnostics(&self) {
        if self.state.client.pulls_diagnostics && self.state.client.refreshes_diagnostics {
            self.outbox.ask::<WorkspaceDiagnosticRefresh>(());
        }
    }

    /// Tells once that the recipes in a folder are not known.
    fn unlisted(&mut self, what: String) {
        if self.told.insert(what.clone()) {
            self.outbox.warn(&format!("the recipes of this folder are not known: {what}"));
        }
    }

    fn publish(&mut self, found: Found) {
        // Another edit has been made: its own search finds what is true now.
        if found.generation != self.state.generation {
            return;
        }
        let before = self.published.get(&found.path);
        if before.is_some_and(|it| it.search > found.search) {
            return;
        }
        self.seen.publish(&found.path, found.checked);
        let was_told = before.is_some_and(|it| !it.is_open && !it.diagnostics.is_empty());
        // What was never published may have been asked about, before the edit that is looked at now.
        let is_news = before.is_none_or(|it| it.diagnostics != found.diagnostics);
        let is_same = match before {
            // An editor that opens a file is told what is wrong with it, even if it is nothing.
            Some(before) => {
                before.diagnostics == found.diagnostics && before.is_open == found.version.is_some()
            }
            None => found.diagnostics.is_empty() && found.version.is_none(),
        };
        let is_edited = self.edited.as_ref() == Some(&found.path);
        let Found { search, path, uri, diagnostics, version, .. } = found;
        let published = Published {
            search,
            is_open: version.is_some(),
            uri: uri.clone(),
            diagnostics: diagnostics.clone(),
        };
        self.published.insert(path, published);
        // A client that asks about the files that are open would show twice what is wrong with them.
        let asks = self.state.client.pulls_diagnostics && version.is_some();
        if asks && was_told {
            let params = PublishDiagnosticsParams { uri, diagnostics: Vec::new(), version };
            self.outbox.notify::<PublishDiagnostics>(params);
        } else if !is_same && !asks {
            let params = PublishDiagnosticsParams { uri, diagnostics, version };
            self.outbox.notify::<PublishDiagnostics>(params);
        }
        // It asks about the file that it edits, and not all ask about the others then.
        if asks && is_news && !is_edited {
            self.refresh_diagnostics();
        }
    }

    fn evaluated(&mut self, generation: u64) {
        if generation != self.state.generation {
            return;
        }
        // The files that evaluation says something about now, and those that it did before.
        let mut paths = std::mem::take(&mut self.found_by_evaluation);
        for scope in &*self.state.scopes {
            for evaluated in self.state.evaluations.of_scope(&scope.key) {
                for diagnostic in &evaluated.diagnostics {
                    let path = evaluated.db.path(diagnostic.primary.file).to_string();
                    self.found_by_evaluation.insert(path);
                }
            }
        }
        paths.extend(self.found_by_evaluation.iter().cloned());
        for path in &paths {
            self.seen.forget(path);
        }
        if !paths.is_empty() {
            self.find_diagnostics();
            self.refresh_diagnostics();
        }
        if self.state.client.refreshes_hints {
            self.outbox.ask::<InlayHintRefreshRequest>(());
        }
        if self.state.client.refreshes_lenses {
            self.outbox.ask::<CodeLensRefresh>(());
        }
    }
}

/// What was published of a file last.
struct Published {
    search: u64,
    is_open: bool,
    uri: Uri,
    diagnostics: Vec<lsp_types::Diagnostic>,
}

/// Answers a request, unless nobody wants the answer any more.
fn answer(
    snapshot: &Snapshot,
    request: Request,
    answer: fn(&Snapshot, serde_json::Value) -> Result<serde_json::Value, Refused>,
    cancelled: &AtomicBool,
) -> Response {
    let id = request.id;
    let refuse =
        |code: ErrorCode, text: &str| Response::new_err(id.clone(), code as i32, text.to_owned());
    let useless = || {
        if cancelled.load(Ordering::Acquire) {
            Some(refuse(ErrorCode::RequestCanceled, "cancelled"))
        } else if snapshot.is_stale() {
            Some(refuse(ErrorCode::ContentModified, "files have been edited since"))
        } else {
            None
        }
    };
    if let Some(refusal) = useless() {
        return refusal;
    }
    let result = catch_unwind(AssertUnwindSafe(|| answer(snapshot, request.params)));
    if let Some(refusal) = useless() {
        return refusal;
    }
    match result {
        Ok(Ok(value)) => Response::new_ok(id, value),
        Ok(Err(refused)) => Response::new_err(id, refused.code, refused.message),
        Err(_) => refuse(
            ErrorCode::InternalError,
            &format!("a mistake in Kiln: `{}` ended in a panic", request.method),
        ),
    }
}

#[derive(serde::Deserialize)]
struct CancelParams {
    id: RequestId,
}

fn params<N: lsp_types::notification::Notification>(
    notification: Notification,
) -> Result<N::Params, serde_json::Error>
where
    N::Params: DeserializeOwned,
{
    serde_json::from_value(notification.params)
}

/// A text that is not longer than what is looked at.
fn bounded(mut text: String) -> Arc<str> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let mut end = DOCUMENT_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text.into()
}

/// The folders of the workspace.
fn folders(params: &InitializeParams) -> Vec<String> {
    let mut folders: Vec<String> = match &params.workspace_folders {
        Some(folders) if !folders.is_empty() => folders.iter().map(|it| path_of(&it.uri)).collect(),
        _ => {
            #[allow(deprecated, reason = "older clients have nothing else")]
            let root = params.root_uri.as_ref();
            root.map(path_of).into_iter().collect()
        }
    };
    folders.sort();
    folders.dedup();
    folders
}
