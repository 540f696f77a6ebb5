//! What changes on the disk, for editors that do not tell, or not all of it.
//!
//! Neovim on Linux watches no files, Helix tells of those that it saves itself, and nobody watches a
//! folder of recipes outside of those that are open. One thread looks at the files of all scopes
//! again and again, as seldom as it must to cost nothing that anybody notices.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use kiln_lang::WorldError;
use lsp_types::FileChangeType;

use crate::evaluation::lock_path;
use crate::scope::{Scope, ScopeKey};
use crate::snapshot::Snapshot;

/// How long nothing is looked at between two looks, at least.
const PAUSE: Duration = Duration::from_secs(2);

/// How many times as long as a look the pause behind it is, at least.
const PAUSE_PER_LOOK: u32 = 100;

/// A file that changed, and how.
pub(crate) type Change = (String, FileChangeType);

/// Starts the thread; it looks at the files of the last snapshot that it was given.
pub(crate) fn start(tell: impl Fn(Vec<Change>) + Send + 'static) -> Sender<Snapshot> {
    let (sender, receiver) = channel::<Snapshot>();
    let builder = thread::Builder::new().name("kiln-watch".to_owned());
    let _ = builder.spawn(move || run(&receiver, tell));
    sender
}

fn run(receiver: &Receiver<Snapshot>, tell: impl Fn(Vec<Change>)) {
    let Ok(mut snapshot) = receiver.recv() else { return };
    let mut known = Known::default();
    loop {
        let begin = Instant::now();
        let changes = catch_unwind(AssertUnwindSafe(|| known.look(&snapshot))).unwrap_or_default();
        if !changes.is_empty() {
            tell(changes);
        }
        let end = Instant::now();
        let next = end + PAUSE.max((end - begin) * PAUSE_PER_LOOK);
        loop {
            match receiver.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(newer) => snapshot = newer,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// The files of each scope, and a hash of what was in each at the last look: that says it of those
/// whose text the database does not have, which are locks and what is no text.
#[derive(Default)]
struct Known(BTreeMap<ScopeKey, BTreeMap<String, u64>>);

impl Known {
    /// Returns what has changed since the last look, and is not known by other ways.
    fn look(&mut self, snapshot: &Snapshot) -> Vec<Change> {
        self.0.retain(|key, _| snapshot.scopes.iter().any(|it| it.key == *key));
        let mut changes = BTreeMap::new();
        for scope in &*snapshot.scopes {
            let Some(files) = files(snapshot, scope) else { continue };
            let now: BTreeMap<String, u64> =
                files.iter().map(|(path, bytes)| (path.clone(), hash(bytes))).collect();
            let before = self.0.insert(scope.key.clone(), now);
            let own = scope.own_files(&snapshot.config.std_root);
            let is_own = |path: &str| own.contains(&scope.db.file(path));
            let lock = lock_of(scope);
            let is_lock = |path: &str| lock.as_deref() == Some(path);
            for (path, bytes) in &files {
                // What is open counts, whatever is on disk.
                if snapshot.documents.contains_key(path) {
                    continue;
                }
                let text = scope.db.text_on_disk(path);
                let known = before.as_ref().and_then(|it| it.get(path));
                let kind = match (text, known) {
                    (Some(text), _) if text.as_bytes() != &**bytes => FileChangeType::CHANGED,
                    (None, Some(known)) if *known != hash(bytes) => FileChangeType::CHANGED,
                    (None, None) if is_lock(path) && before.is_some() => FileChangeType::CREATED,
                    (None, None) if !is_lock(path) && !is_own(path) => FileChangeType::CREATED,
                    _ => continue,
                };
                changes.insert(path.clone(), kind);
            }
            for path in before.into_iter().flat_map(BTreeMap::into_keys) {
                if !files.contains_key(&path) && (is_own(&path) || is_lock(&path)) {
                    changes.insert(path, FileChangeType::DELETED);
                }
            }
        }
        changes.into_iter().collect()
    }
}

/// The files that matter to a scope, as they are on the disk; nothing if its folders cannot be
/// listed right now.
fn files(snapshot: &Snapshot, scope: &Scope) -> Option<BTreeMap<String, Arc<[u8]>>> {
    let (world, std_root) = (&snapshot.config.world, &snapshot.config.std_root);
    let mut paths: BTreeSet<String> =
        scope.db.paths_on_disk().iter().map(ToString::to_string).collect();
    paths.extend(lock_of(scope));
    let roots = scope.db.roots().iter().filter(|it| *it != std_root).map(String::as_str);
    for folder in scope.key.folder().into_iter().chain(roots) {
        match world.list(folder) {
            Ok(listed) => {
                let folder = folder.trim_end_matches('/');
                paths.extend(listed.iter().map(|it| format!("{folder}/{it}")));
            }
            Err(WorldError::NotFound) => {}
            Err(_) => return None,
        }
    }
    Some(paths.into_iter().filter_map(|it| world.read(&it).ok().map(|bytes| (it, bytes))).collect())
}

fn lock_of(scope: &Scope) -> Option<String> {
    lock_path(scope.project()?)
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
