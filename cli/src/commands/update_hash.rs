//! `kiln update-hash`: the hashes of a recipe's downloads, as their places give them now.
//!
//! Every place of a source is asked, and all that answer must agree: a hash that one of them gave
//! alone would be worth no more than that place. How a hash is found in a file: `hash_slots.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kiln_eval::{Download, downloads};
use kiln_fetch::{WebFetcher, Witness};
use kiln_lang::module::ModuleKind;
use kiln_lang::{Database, FileId};
use kiln_store::{Cancel, FetchError, FetchHash};

use crate::args::{Common, Layers};
use crate::config::Config;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::hash_slots::Slots;
use crate::rewrite::{self, complain};
use crate::signals;
use crate::sources::machines;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::witnesses::{Witnesses, hashes};
use crate::workshop::fetcher;
use crate::workspace::Workspace;
use crate::world::STD;

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    recipes: &[String],
    layers: &Layers,
    dry_run: bool,
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let workspace = Workspace::open(layers, terminal, common.quiet)?;
    let mut files: Vec<FileId> = Vec::new();
    for recipe in recipes {
        let file = find(&workspace, recipe)?;
        if !files.contains(&file) {
            files.push(file);
        }
    }
    let cancel =
        Cancel::new().map_err(|source| Fail::Io { what: "cannot make a pipe".into(), source })?;
    let _interrupt = signals::cancel_on_signals(&cancel);
    let fetcher = fetcher(&config);
    let update = Update {
        workspace: &workspace,
        fetcher: &fetcher,
        cancel: &cancel,
        terminal,
        quiet: common.quiet,
        dry_run,
    };
    let (mut exit, mut changed) = (Exit::Done, 0);
    for file in files {
        let outcome = update.file(file)?;
        changed += outcome.changed;
        // What the operator must act on comes before what the author must.
        if exit != Exit::Operator {
            exit = if outcome.exit == Exit::Done { exit } else { outcome.exit };
        }
    }
    Ok(if exit == Exit::Done && dry_run && changed > 0 { Exit::Author } else { exit })
}

/// The recipe that a word of the command line means: a package, or a file.
fn find(workspace: &Workspace, word: &str) -> Result<FileId, Fail> {
    let db = &workspace.db;
    let is_path = word.contains('/') || word.ends_with(".kiln");
    if !is_path && let Some(file) = db.package(word) {
        if db.path(file).starts_with(STD) {
            return Err(Fail::Usage(format!(
                "the recipe of `{word}` is part of this program and cannot be rewritten: update-hash is for recipes in files of your own (--recipes DIR, or a project that uses their folder)"
            )));
        }
        return Ok(file);
    }
    if !is_path && !Path::new(word).exists() {
        let near = kiln_lang::nearest(word, db.stems());
        return Err(Fail::NotFound {
            message: format!("there is no package `{word}`{}", kiln_lang::did_you_mean(&near)),
            advice: Some("a recipe in a file is named by its path: `./NAME.kiln`".into()),
        });
    }
    let path = std::path::absolute(word)
        .map_err(|source| Fail::Io { what: format!("cannot find {word}"), source })?;
    let real = std::fs::canonicalize(&path)
        .map_err(|source| Fail::Io { what: format!("cannot read {word}"), source })?;
    // A file below a root is known by the root's name for it.
    let known = db
        .root_paths()
        .filter(|it| !it.starts_with(STD))
        .find(|it| std::fs::canonicalize(it).is_ok_and(|it| it == real))
        .map(str::to_owned);
    Ok(db.file(&known.unwrap_or_else(|| path.display().to_string())))
}

struct Update<'a> {
    workspace: &'a Workspace,
    fetcher: &'a WebFetcher,
    cancel: &'a Cancel,
    terminal: Terminal,
    quiet: bool,
    dry_run: bool,
}

/// What became of one file.
struct Outcome {
    exit: Exit,
    changed: usize,
}

/// What reads the hash of one slot.
#[derive(Default)]
struct Readers {
    titles: Vec<String>,
    /// What each of them is downloaded from.
    urls: Vec<Vec<String>>,
    known: Option<FetchHash>,
}

impl Update<'_> {
    fn file(&self, file: FileId) -> Result<Outcome, Fail> {
        let db = &self.workspace.db;
        let path = PathBuf::from(&*db.path(file));
        let shown = self.shown(&path);
        let original = rewrite::read(&path, &shown).map_err(Fail::File)?;
        let named = db.path(file);
        let db = db.with_file(&named, Some(&original.text));
        let kind = db.lowered(file).module.kind;
        if kind != Some(ModuleKind::Recipe) {
            let what = match kind {
                Some(kind) => format!("begins with `{kind}`"),
                None => "does not say what it is".to_owned(),
            };
            return Err(Fail::Usage(format!(
                "{} {what}: only recipes have hashes to update",
                shown.display()
            )));
        }
        let slots = Slots::of(&db, file);
        let found = self.downloads(&db, file, &slots.marked(&original.text))?;
        let (readers, elsewhere) = by_slot(&slots, &found);
        let mut exit = Exit::Done;
        for title in &elsewhere {
            exit = Exit::Author;
            self.error(&format!(
                "the hash of {title} is not written in {}: it is put together, or comes from another file, and must be changed there",
                shown.display()
            ));
        }
        if found.is_empty() && !self.quiet {
            eprintln!("{} downloads nothing", shown.display());
        }
        let mut hashes: BTreeMap<usize, String> = BTreeMap::new();
        let mut agreed = true;
        for (slot, readers) in &readers {
            match self.agreed(readers)? {
                Agreement::Hash(hash) => {
                    let text = hash.to_string();
                    let digits = text.rsplit(':').next().unwrap_or(&text).to_owned();
                    hashes.insert(*slot, digits);
                }
                Agreement::Unreachable => exit = Exit::Operator,
                Agreement::Differ => {
                    exit = Exit::Operator;
                    agreed = false;
                }
            }
        }
        if !agreed {
            eprintln!("  nothing was changed in {}", shown.display());
            return Ok(Outcome { exit, changed: 0 });
        }
        hashes.retain(|slot, new| slots.all()[*slot].old.as_deref() != Some(&**new));
        let text = slots.write(&original.text, |slot| hashes.get(&slot).cloned());
        for (slot, new) in &hashes {
            let line = slots.line(&original.text, *slot);
            let titles = readers.get(slot).map(|it| it.titles.join(", ")).unwrap_or_default();
            let old = slots.all()[*slot].old.as_deref().filter(|it| !it.is_empty());
            print(&harmless(&format!(
                "{}:{line}: {titles}\n    {}\n  → {new}\n",
                shown.display(),
                old.unwrap_or("no hash")
            )));
        }
        // Without a hash there is nothing to read it for.
        let is_changed = !hashes.is_empty() && text != original.text;
        if is_changed
            && !self.dry_run
            && let Err(error) = rewrite::replace(&path, &shown, &original, &text)
        {
            complain(self.terminal, &error);
            return Ok(Outcome { exit: Exit::Operator, changed: 0 });
        }
        if exit == Exit::Done || !hashes.is_empty() {
            self.say(&shown, hashes.len(), readers.len());
        }
        Ok(Outcome { exit, changed: hashes.len() })
    }

    /// What the recipe downloads, with markers for hashes.
    fn downloads(&self, db: &Database, file: FileId, marked: &str) -> Result<Vec<Download>, Fail> {
        let with_marks = db.with_file(&db.path(file), Some(marked));
        let checked = with_marks.checked(file);
        if checked.has_errors() {
            // As the user knows the file, if it is wrong like that, too.
            let own = db.checked(file);
            let wrong = if own.has_errors() { &own } else { &checked };
            let errors: Vec<_> =
                wrong.diagnostics.iter().filter(|it| it.is_error()).cloned().collect();
            return Err(self.workspace.refused(&errors));
        }
        let (found, wrong) = downloads(&with_marks, file, &machines(self.workspace));
        if found.is_empty() {
            self.workspace.show(&wrong)?;
        } else {
            for it in &wrong {
                eprintln!(
                    "{} a source was left out: {}",
                    self.terminal.paint(Style::Yellow, "warning:"),
                    it.message
                );
            }
        }
        Ok(found)
    }

    /// The hash that all places agree on.
    fn agreed(&self, readers: &Readers) -> Result<Agreement, Fail> {
        let (Some(known), title) = (readers.known, readers.titles.join(", ")) else {
            return Ok(Agreement::Unreachable);
        };
        let mut witnesses: Vec<Witness> = Vec::new();
        let places = Witnesses {
            fetcher: self.fetcher,
            cancel: self.cancel,
            terminal: self.terminal,
            quiet: self.quiet,
        };
        for urls in &readers.urls {
            match places.ask(urls, known) {
                Ok(found) => {
                    if !found.iter().any(|it| it.found.is_ok()) {
                        self.error(&format!("no place gives {title}"));
                        self.list(&found);
                        return Ok(Agreement::Unreachable);
                    }
                    witnesses.extend(found);
                }
                Err(FetchError::Cancelled) => return Err(Fail::Shown(Exit::Stopped)),
                Err(error) => {
                    self.error(&format!("{title}: {error}"));
                    return Ok(Agreement::Unreachable);
                }
            }
        }
        let mut hashes = hashes(&witnesses).into_iter();
        match (hashes.next(), hashes.next()) {
            (Some(hash), None) => {
                let silent: Vec<Witness> =
                    witnesses.into_iter().filter(|it| it.found.is_err()).collect();
                if !silent.is_empty() && !self.quiet {
                    let note = self.terminal.paint(Style::Cyan, "note:");
                    eprintln!("{note} not every place gives {}", harmless(&title));
                    self.list(&silent);
                }
                Ok(Agreement::Hash(hash))
            }
            (None, _) => Ok(Agreement::Unreachable),
            (Some(_), Some(_)) => {
                let what = if readers.urls.len() > 1 {
                    format!(
                        "{title} have one hash in the recipe, and their places give different bytes"
                    )
                } else {
                    format!("the places of {title} give different bytes")
                };
                self.error(&what);
                self.list(&witnesses);
                let help = self.terminal.paint(Style::Cyan, "help:");
                let advice = if readers.urls.len() > 1 {
                    "give each version a hash of its own: `versions { 2 { sha256 = \"…\" } … }` and `fetch(…, sha256 = sha256)`"
                } else {
                    "find out which one is right, and take the other out of the recipe, or out of your mirrors"
                };
                eprintln!("  {help} {advice}");
                Ok(Agreement::Differ)
            }
        }
    }

    fn list(&self, witnesses: &[Witness]) {
        for it in witnesses {
            let said = match &it.found {
                Ok((hash, bytes)) => format!("{hash} ({bytes} bytes)"),
                Err(reason) => reason.clone(),
            };
            eprintln!("  - {}\n      {}", harmless(&it.url), harmless(&said));
        }
    }

    fn say(&self, shown: &Path, changed: usize, all: usize) {
        if self.quiet || all == 0 {
            return;
        }
        let same = all - changed;
        let hashes = |count: usize| match count {
            1 => "1 hash".to_owned(),
            count => format!("{count} hashes"),
        };
        let verb = if self.dry_run { "would be rewritten" } else { "rewritten" };
        match changed {
            0 => eprintln!("{}: nothing to rewrite", shown.display()),
            _ if same == 0 => eprintln!("{}: {} {verb}", shown.display(), hashes(changed)),
            _ => eprintln!("{}: {} {verb}, {same} as before", shown.display(), hashes(changed)),
        }
    }

    fn error(&self, message: &str) {
        eprintln!("{} {}", self.terminal.paint(Style::Red, "error:"), harmless(message));
    }

    /// The path relative to where the user is, if it is below.
    fn shown(&self, path: &Path) -> PathBuf {
        let here = std::env::current_dir().ok();
        here.and_then(|it| path.strip_prefix(it).ok())
            .map_or_else(|| path.to_owned(), Path::to_owned)
    }
}

/// What the places of a source agree on.
enum Agreement {
    Hash(FetchHash),
    /// They have been told to give different bytes.
    Differ,
    /// It has been told that none answered.
    Unreachable,
}

/// Who reads each slot, and the titles of downloads whose hash is in none.
fn by_slot(slots: &Slots, found: &[Download]) -> (BTreeMap<usize, Readers>, Vec<String>) {
    let (mut readers, mut elsewhere): (BTreeMap<usize, Readers>, Vec<String>) =
        (BTreeMap::new(), Vec::new());
    for it in found {
        let title = it.node.title.clone();
        let Some(slot) = slots.slot(it.hash) else {
            elsewhere.push(title);
            continue;
        };
        let entry = readers.entry(slot).or_default();
        if !entry.titles.contains(&title) {
            entry.titles.push(title);
        }
        if !entry.urls.contains(&it.node.urls) {
            entry.urls.push(it.node.urls.clone());
        }
        // Mirrors that find files by their hash find them by the one that is written there.
        let old = slots.all()[slot].old.as_deref().and_then(|it| kiln_store::parse_hex(it).ok());
        entry.known = Some(match (it.hash, old) {
            (FetchHash::Sha256(_), Some(old)) => FetchHash::Sha256(old),
            (FetchHash::Blake3(_), Some(old)) => FetchHash::Blake3(old),
            (marker, None) => marker,
        });
    }
    (readers, elsewhere)
}
