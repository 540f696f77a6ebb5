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
            let Some(found) = OnDisk::find(snapshot, scope) else { continue };
            let now: BTreeMap<String, u64> =
                found.files.iter().map(|(path, bytes)| (path.clone(), hash(bytes))).collect();
            let before = self.0.insert(scope.key.clone(), now);
            for (path, bytes) in &found.files {
                let known = before.as_ref().and_then(|it| it.get(path));
                let is_other = match scope.db.text_on_disk(path) {
                    Some(text) => text.as_bytes() != &**bytes,
                    None if scope.db.is_unread(path) && std::str::from_utf8(bytes).is_ok() => true,
                    None => known.is_some_and(|it| *it != hash(bytes)),
                };
                if is_other {
                    changes.insert(path.clone(), FileChangeType::CHANGED);
                }
            }
            if let (Some(lock), Some(before)) = (lock_of(scope), &before) {
                match (before.contains_key(&lock), found.files.contains_key(&lock)) {
                    (false, true) => changes.insert(lock, FileChangeType::CREATED),
                    (true, false) => changes.insert(lock, FileChangeType::DELETED),
                    _ => None,
                };
            }
            // What the scope has listed is of two moments, so that each is compared by itself.
            let std_root = &snapshot.config.std_root;
            let in_folder: BTreeSet<&str> = scope.folder_listing().collect();
            let in_roots: BTreeSet<&str> = scope.roots_listing(std_root).collect();
            for (listed, now) in [(in_folder, &found.in_folder), (in_roots, &found.in_roots)] {
                let come = now.iter().filter(|it| !listed.contains(it.as_str()));
                changes.extend(come.map(|it| (it.clone(), FileChangeType::CREATED)));
                let gone = listed.into_iter().filter(|it| !now.contains(*it));
                changes.extend(gone.map(|it| (it.to_owned(), FileChangeType::DELETED)));
            }
        }
        // What is open counts, whatever is on disk.
        changes.retain(|path, _| !snapshot.documents.contains_key(path));
        changes.into_iter().collect()
    }
}

/// The files that matter to a scope, as they are on the disk.
struct OnDisk {
    in_folder: BTreeSet<String>,
    in_roots: BTreeSet<String>,
    /// What is in those that can be read, and in the others that the scope has read.
    files: BTreeMap<String, Arc<[u8]>>,
}

impl OnDisk {
    /// Nothing if a folder cannot be listed right now.
    fn find(snapshot: &Snapshot, scope: &Scope) -> Option<OnDisk> {
        let (world, std_root) = (&snapshot.config.world, &snapshot.config.std_root);
        let list = |folder: &str| match world.list(folder) {
            Ok(listed) => {
                let folder = folder.trim_end_matches('/');
                Some(listed.iter().map(|it| format!("{folder}/{it}")).collect())
            }
            Err(WorldError::NotFound) => Some(BTreeSet::new()),
            Err(_) => None,
        };
        let in_folder = scope.key.folder().map_or(Some(BTreeSet::new()), list)?;
        let mut in_roots = BTreeSet::new();
        for root in scope.db.roots().iter().filter(|it| *it != std_root) {
            in_roots.extend(list(root)?);
        }
        let mut paths: BTreeSet<String> =
            scope.db.paths_on_disk().iter().map(ToString::to_string).collect();
        paths.extend(lock_of(scope));
        paths.extend(in_folder.iter().chain(&in_roots).cloned());
        let read = |path: String| world.read(&path).ok().map(|bytes| (path, bytes));
        let files = paths.into_iter().filter_map(read).collect();
        Some(OnDisk { in_folder, in_roots, files })
    }
}

fn lock_of(scope: &Scope) -> Option<String> {
    lock_path(scope.project()?)
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
