//! `kiln archive`: sources as they were downloaded, by their hash, in one folder.
//!
//! ```text
//! DIR/sha256/<64 digits>
//! DIR/blake3/<64 digits>
//! DIR/.partial/            unfinished downloads; gone when all is done
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use kiln_fetch::{Archive, WebFetcher, WitnessRequest, file_address};
use kiln_store::{
    Cancel, Derivation, Fetch, FetchError, FetchHash, FetchProgress, FetchRequest, Fetcher as _,
    Graph, Unpack,
};
use serde_json::json;

use crate::args::{Common, Wishes};
use crate::config::Config;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::sources::requested;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::workshop::{fetcher, show_fetch_error};

/// How many downloads run at a time: enough for one slow server not to hold up all others.
const DOWNLOADS_MAX: usize = 4;

/// What is asked beside archiving.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// Whether the sources of all recipes are meant.
    pub(crate) all: bool,
    pub(crate) json: bool,
}

/// Bytes that are wanted, whoever wants them.
struct Wanted {
    fetch: Fetch,
    titles: Vec<String>,
    urls: Vec<String>,
}

/// What became of one of them.
enum Done {
    /// It was there.
    There,
    /// It came from this place; in the place of a file with other bytes, if so.
    Fetched {
        url: String,
        bytes: u64,
        is_mended: bool,
    },
    Failed(FetchError),
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    folder: &Path,
    wishes: &Wishes,
    how: How,
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let requested = requested(wishes, how.all, terminal, common.quiet)?;
    let all = by_hash(&requested.graph);
    let partial = folder.join(".partial");
    let cannot =
        |path: &Path, source| Fail::Io { what: format!("cannot make {}", path.display()), source };
    fs::create_dir_all(&partial).map_err(|source| cannot(&partial, source))?;
    let cancel =
        Cancel::new().map_err(|source| Fail::Io { what: "cannot make a pipe".into(), source })?;
    let interrupt = crate::signals::cancel_on_signals(&cancel);
    let work = Work { folder, partial: &partial, fetcher: fetcher(&config), cancel: &cancel };
    let total = all.len();
    let queue: Mutex<VecDeque<(usize, &Wanted)>> = Mutex::new(all.iter().enumerate().collect());
    let done: Mutex<BTreeMap<usize, Done>> = Mutex::default();
    let download = || {
        while !cancel.is_set()
            && let Some((number, wanted)) =
                queue.lock().unwrap_or_else(|it| it.into_inner()).pop_front()
        {
            let result = work.archive(wanted);
            tell(&result, wanted, terminal, how.json, common.quiet);
            done.lock().unwrap_or_else(|it| it.into_inner()).insert(number, result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..DOWNLOADS_MAX.min(total) {
            // Where no more threads can be had, there is this one.
            let _ = std::thread::Builder::new().spawn_scoped(scope, download);
        }
        download();
    });
    drop(interrupt);
    if cancel.is_set() {
        return Err(Fail::Shown(Exit::Stopped));
    }
    // Other runs may have unfinished downloads in it.
    let _ = fs::remove_dir(&partial);
    let done = done.into_inner().unwrap_or_else(|it| it.into_inner());
    let mut failed = 0;
    for (number, result) in &done {
        if let Done::Failed(error) = result {
            failed += 1;
            let title = all[*number].titles.join(", ");
            let head = format!(
                "{} {}",
                terminal.paint(Style::Red, "error:"),
                terminal.paint(Style::Bold, &harmless(&title))
            );
            eprint!("\n{head}: {}\n", harmless(&error.to_string()));
            eprint!("{}", show_fetch_error(error, &title, &terminal, &requested.again));
        }
    }
    if failed > 0 {
        eprintln!("\n{failed} of {total} sources could not be fetched");
        return Err(Fail::Shown(Exit::Operator));
    }
    if !how.json && !common.quiet {
        let sources = if total == 1 { "1 source is" } else { &format!("{total} sources are") };
        eprintln!("{sources} in {}", folder.display());
    }
    Ok(requested.exit)
}

/// The downloads of a graph, those of the same bytes as one.
fn by_hash(graph: &Graph) -> Vec<Wanted> {
    let mut all: BTreeMap<FetchHash, Wanted> = BTreeMap::new();
    for node in graph.nodes() {
        let Derivation::Fetch(fetch) = &*node.derivation else { continue };
        let wanted = all.entry(fetch.hash).or_insert_with(|| Wanted {
            fetch: Fetch { unpack: Unpack::File { executable: false }, ..fetch.clone() },
            titles: Vec::new(),
            urls: Vec::new(),
        });
        if !wanted.titles.contains(&node.title) {
            wanted.titles.push(node.title.clone());
        }
        for url in &node.urls {
            if !wanted.urls.contains(url) {
                wanted.urls.push(url.clone());
            }
        }
    }
    all.into_values().collect()
}

struct Work<'a> {
    folder: &'a Path,
    partial: &'a Path,
    fetcher: WebFetcher,
    cancel: &'a Cancel,
}

impl Work<'_> {
    fn archive(&self, wanted: &Wanted) -> Done {
        self.try_archive(wanted).unwrap_or_else(Done::Failed)
    }

    fn try_archive(&self, wanted: &Wanted) -> Result<Done, FetchError> {
        let hash = wanted.fetch.hash;
        let path = self.folder.join(Archive::file_name(hash));
        let is_there = path.symlink_metadata().is_ok();
        if is_there && self.hash(&path, hash)? == Some(hash) {
            return Ok(Done::There);
        }
        let parent = path.parent().unwrap_or(self.folder);
        fs::create_dir_all(parent).map_err(|source| write_error(parent, source))?;
        // A file under its final name is whole, also for those who read meanwhile.
        let new = self.new_path(hash);
        let _ = fs::remove_file(&new);
        let fetched = self.fetcher.fetch(&FetchRequest {
            fetch: &wanted.fetch,
            title: wanted.titles.first().map_or("", String::as_str),
            urls: &wanted.urls,
            target: &new,
            partial: self.partial,
            progress: &|_: FetchProgress| {},
            cancel: self.cancel,
        })?;
        let placed = File::open(&new)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&new, &path))
            .and_then(|()| File::open(parent)?.sync_all());
        placed.map_err(|source| write_error(&path, source))?;
        Ok(Done::Fetched { url: fetched.url, bytes: fetched.bytes, is_mended: is_there })
    }

    fn new_path(&self, hash: FetchHash) -> PathBuf {
        let digits = hash.to_string().replace(':', "-");
        self.partial.join(format!("{digits}.{}.new", std::process::id()))
    }

    /// The hash of a file; none if it cannot be read.
    fn hash(&self, path: &Path, known: FetchHash) -> Result<Option<FetchHash>, FetchError> {
        let Ok(url) = file_address(path) else { return Ok(None) };
        let witnesses = self.fetcher.witnesses(&WitnessRequest {
            urls: &[url],
            known,
            progress: &|_: FetchProgress| {},
            cancel: self.cancel,
        })?;
        let first = witnesses.into_iter().next();
        Ok(first.and_then(|it| it.found.ok()).map(|it| it.0))
    }
}

fn write_error(path: &Path, source: io::Error) -> FetchError {
    FetchError::Write { path: path.display().to_string(), source }
}

/// Says what became of one download, as soon as it is known.
fn tell(done: &Done, wanted: &Wanted, terminal: Terminal, is_json: bool, is_quiet: bool) {
    let title = harmless(&wanted.titles.join(", "));
    if is_json {
        let hash = wanted.fetch.hash.to_string();
        let event = match done {
            Done::There => json!({"event": "there", "hash": hash, "titles": wanted.titles}),
            Done::Fetched { url, bytes, is_mended } => json!({
                "event": "fetched", "hash": hash, "titles": wanted.titles, "url": url,
                "bytes": bytes, "mended": is_mended,
            }),
            Done::Failed(error) => json!({
                "event": "failed", "hash": hash, "titles": wanted.titles,
                "message": error.to_string(),
            }),
        };
        print(&format!("{event}\n"));
        return;
    }
    match done {
        Done::Fetched { url, bytes, is_mended } if !is_quiet => {
            let size = crate::progress::bytes(*bytes);
            eprintln!(
                "{} {title} ({size}) from {}",
                terminal.paint(Style::Green, "archived"),
                harmless(url)
            );
            if *is_mended {
                eprintln!("  in the place of a file that had other bytes than its name says");
            }
        }
        Done::Failed(_) if !is_quiet => {
            eprintln!("{} {title}", terminal.paint(Style::Red, "failed"));
        }
        Done::Fetched { .. } | Done::There | Done::Failed(_) => {}
    }
}
