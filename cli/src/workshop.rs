//! Realising what a workspace wants: the store, the sandbox and the fetcher, put together.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kiln_eval::Derived;
use kiln_fetch::{Machine, MirrorConfig, Mirrors, WebFetcher, WebOptions};
use kiln_lang::Database;
use kiln_sandbox::{Sandbox, SandboxOptions, Scratch};
use kiln_store::{
    Attempt, BuildError, Builder, Cancel, Cause, DerivationId, Event, Failure, FetchError, Graph,
    InputRef, LocalStore, ObjectId, OnFailure, Outcome, Prints, RealiseError, RealiseOptions,
    RealiseRequest, Reproduced, Session, Store as _, StorePath, Substituter, realise, reproduce,
};

use crate::args::{Building, Layers, Wishes};
use crate::caches::open_caches;
use crate::config::Config;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::progress::{Progress, seconds};
use crate::render::shown_path;
use crate::spec::{canonical, for_shell};
use crate::terminal::{Style, Terminal, harmless};
use crate::world::STD;

/// How long what was realised is kept though nobody asks for it again.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How much of that may have passed before it is begun anew.
const ENOUGH: Duration = Duration::from_secs(24 * 60 * 60);

/// The names of the roots that `realise` keeps begin like this.
pub(crate) const ROOT_PREFIX: &str = "realise ";

/// Everything that building needs.
pub(crate) struct Workshop {
    pub(crate) store: LocalStore,
    pub(crate) sandbox: Sandbox,
    pub(crate) fetcher: WebFetcher,
    pub(crate) caches: Vec<Box<dyn Substituter>>,
    pub(crate) cancel: Cancel,
    builds_max: Option<NonZeroUsize>,
}

impl Workshop {
    /// Opens the store and gets the tools ready; nothing is started yet.
    pub(crate) fn open(config: &Config) -> Result<Workshop, Fail> {
        let store = open_store(&config.store)?;
        let scratch = if config.scratch_on_disk {
            Scratch::Disk { folder: config.store.join("var/scratch") }
        } else {
            Scratch::default()
        };
        let sandbox = Sandbox::new(SandboxOptions { scratch, ..SandboxOptions::default() });
        let fetcher = fetcher(config);
        let cancel = Cancel::new()
            .map_err(|source| Fail::Io { what: "cannot make a pipe".into(), source })?;
        let caches = open_caches(&config.substituters, &cancel);
        Ok(Workshop { store, sandbox, fetcher, caches, cancel, builds_max: config.builds_max })
    }

    /// Realises outputs, showing what goes on.
    pub(crate) fn realise(
        &self,
        derived: &Derived,
        wanted: &[InputRef],
        building: &Building,
        progress: &Progress,
        terminal: &Terminal,
        again: &Again,
    ) -> Result<Outcome<'_>, Fail> {
        let result = self.try_realise(&derived.graph, wanted, building, &|it| progress.event(it));
        progress.finish();
        result.map_err(|error| show_error(error, terminal, again))
    }

    /// As [`realise`](Self::realise), without a word of what failed.
    pub(crate) fn try_realise(
        &self,
        graph: &Graph,
        wanted: &[InputRef],
        building: &Building,
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<Outcome<'_>, RealiseError> {
        let mut options = RealiseOptions::default();
        if let Some(builds) = building.builds.or(self.builds_max) {
            options.builds_max = builds;
        }
        if building.keep_going {
            options.on_failure = OnFailure::KeepGoing;
        }
        if building.print_logs {
            options.prints = Prints::Told;
        }
        let substituters: Vec<&dyn Substituter> = self.caches.iter().map(|it| &**it).collect();
        let substituters = &*substituters;
        let request =
            RealiseRequest { wanted, substituters, options, events, ..self.request(graph) };
        let interrupt = crate::signals::cancel_on_signals(&self.cancel);
        let result = realise(&self.store, &request);
        drop(interrupt);
        result
    }

    /// Builds a derivation again at other scratch paths, and compares; or has something else done where
    /// it would be built, of which no log is kept. Caches are not asked: they would have the same.
    pub(crate) fn reproduce(
        &self,
        graph: &Graph,
        derivation: &DerivationId,
        instead: Option<&dyn Builder>,
    ) -> Result<Reproduced, RealiseError> {
        let mut request = self.request(graph);
        if let Some(builder) = instead {
            request.builder = builder;
            request.options.prints = Prints::Dropped;
        }
        let interrupt = crate::signals::cancel_on_signals(&self.cancel);
        let result = reproduce(&self.store, &request, derivation, NonZeroU32::MIN);
        drop(interrupt);
        result
    }

    /// What asks for nothing of a graph yet.
    fn request<'a>(&'a self, graph: &'a Graph) -> RealiseRequest<'a> {
        RealiseRequest {
            graph,
            wanted: &[],
            builder: &self.sandbox,
            fetcher: &self.fetcher,
            substituters: &[],
            options: RealiseOptions::default(),
            events: &|_| {},
            cancel: &self.cancel,
        }
    }
}

/// Tells builds how many processors to use, if the user says so.
pub(crate) fn set_cores(derived: &mut Derived, building: &Building) {
    if let Some(cores) = building.cores {
        derived.graph = derived.graph.with_cores(cores.get());
    }
}

/// Shows all that failed.
pub(crate) fn show_error(error: RealiseError, terminal: &Terminal, again: &Again) -> Fail {
    let RealiseError::Failed { failures, skipped } = error else { return Fail::Realise(error) };
    for failure in &failures {
        eprintln!();
        eprint!("{}", show_failure(failure, terminal, again, true));
    }
    if let Some(skipped) = kiln_store::show_skipped(skipped) {
        eprintln!("\n{skipped}");
    }
    Fail::Shown(Exit::Operator)
}

/// Keeps objects from being collected for a while: what was asked for last is likely to be asked for
/// again.
pub(crate) fn keep(store: &LocalStore, kept: &BTreeMap<String, ObjectId>) -> Result<(), Fail> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let roots =
        kept.iter().map(|(spec, object)| (format!("{ROOT_PREFIX}{spec}"), *object)).collect();
    // What is kept for nearly as long is left as it is: then there is nothing to write.
    let (enough, until) = (now + KEPT - ENOUGH, now + KEPT);
    Ok(store.renew_roots(&roots, "realised lately", enough.as_secs(), until.as_secs())?)
}

/// Objects of the store that nothing collects while this lives, with their paths.
pub(crate) struct There<'s> {
    pub(crate) objects: Vec<(ObjectId, StorePath)>,
    _session: Arc<dyn Session + 's>,
}

/// What outputs turned out to be, if all of them are there: then nothing is to be done for them.
pub(crate) fn there<'s>(
    store: &'s LocalStore,
    inputs: &[InputRef],
) -> Result<Option<There<'s>>, Fail> {
    // What cannot be written cannot be held either; the long way says what is wrong.
    let Ok(session) = store.session() else { return Ok(None) };
    let derivations: Vec<_> = inputs.iter().map(|it| it.derivation).collect();
    let actions: Vec<_> = store.memos(&derivations)?.actions.into_iter().flatten().collect();
    if actions.len() < inputs.len() {
        return Ok(None);
    }
    let realised: Vec<_> = store.realisations(&actions)?.into_iter().flatten().collect();
    let ids: Vec<ObjectId> = realised
        .iter()
        .zip(inputs)
        .filter_map(|(it, input)| it.outputs.get(&input.output).copied())
        .collect();
    if ids.len() < inputs.len() || !session.hold(&ids)?.into_iter().all(|it| it) {
        return Ok(None);
    }
    let mut objects = Vec::new();
    for id in ids {
        let Some(info) = store.info(&id)? else { return Ok(None) };
        objects.push((id, info.path));
    }
    Ok(Some(There { objects, _session: session }))
}

/// Opens the store, making it if it is not there.
pub(crate) fn open_store(root: &Path) -> Result<LocalStore, Fail> {
    Ok(LocalStore::open(root)?)
}

/// The fetcher, with archives and mirrors as configured.
pub(crate) fn fetcher(config: &Config) -> WebFetcher {
    for archive in &config.archives {
        // An archive that is not there must not keep anybody from building.
        if archive.folder().is_some_and(|it| !it.is_dir()) {
            eprintln!("warning: the archive {archive} has nothing: there is no such folder");
        }
    }
    let options = WebOptions { archives: config.archives.clone(), ..WebOptions::default() };
    WebFetcher::new(mirrors(config), options)
}

/// The mirrors as configured.
pub(crate) fn mirrors(config: &Config) -> Mirrors {
    Mirrors::new(MirrorConfig { bases: config.mirrors.clone() }, Machine::this())
}

/// Draws a failure: what failed and why, the end of the log, and what to do next, such as to open a
/// shell where it failed, if there is a way to.
pub(crate) fn show_failure(
    failure: &Failure,
    terminal: &Terminal,
    again: &Again,
    has_shell: bool,
) -> String {
    let head = format!(
        "{} {}",
        terminal.paint(Style::Red, "error:"),
        terminal.paint(Style::Bold, &failure.title)
    );
    let what = match &failure.cause {
        // What was expected and found follows, one below the other.
        Cause::Fetch(FetchError::HashMismatch { url, .. }) => {
            format!("{url} gave other bytes than the recipe names")
        }
        cause => cause.to_string(),
    };
    let mut text = format!("{head}: {}\n", harmless(&what));
    match &failure.cause {
        Cause::Fetch(error) => {
            text.push_str(&show_fetch_error(error, &failure.title, terminal, again));
        }
        Cause::Build(BuildError::Refused { advice, check, .. }) => {
            let help = terminal.paint(Style::Cyan, "help:");
            text.push_str(&format!("  {help} {advice}\n  {help} to check: {check}\n"));
        }
        Cause::Build(_)
        | Cause::Place(_)
        | Cause::Derivation(_)
        | Cause::UnknownOutput { .. }
        | Cause::TestAsInput { .. }
        | Cause::NoSource => {}
    }
    if !failure.log_tail.is_empty() {
        let lines = match failure.log_tail.len() {
            1 => "line".to_owned(),
            count => format!("{count} lines"),
        };
        text.push_str(&format!("  the last {lines} that it printed:\n"));
        for line in &failure.log_tail {
            text.push_str(&format!("  {} {}\n", terminal.paint(Style::Dim, "│"), harmless(line)));
        }
    }
    if let Some(action) = &failure.action
        && failure.log.is_some()
    {
        text.push_str(&format!("  it failed after {}; to see more:\n", seconds(failure.duration)));
        let log = format!("kiln log {}", action.short());
        let package = failure.title.split(' ').next().unwrap_or_default();
        let shell = again.shell(package);
        let width = if has_shell { log.len().max(shell.len()) } else { log.len() };
        text.push_str(&format!("    {log:width$}  all that it printed\n"));
        if has_shell {
            text.push_str(&format!("    {shell:width$}  a shell where it failed\n"));
        }
    }
    text
}

/// What was asked for, as words to type again.
pub(crate) struct Again {
    words: String,
    /// Those of them that say where recipes are.
    recipes: String,
    /// Whether it is every package by itself.
    is_each: bool,
    /// The packages with recipes in files of the user, and these files.
    own: BTreeMap<String, String>,
}

impl Again {
    /// The wishes of a command line, and what recipes there are.
    pub(crate) fn of(wishes: &Wishes, db: &Database) -> Again {
        let specs = wishes.specs.iter().map(|it| for_shell(&canonical(it)));
        let mut again = Again::new(specs, &wishes.layers);
        if wishes.locking.locked {
            again.words.push_str(" --locked");
        }
        let stems = db.root_paths().filter(|it| !it.starts_with(STD)).filter_map(|it| {
            let stem = it.rsplit('/').next()?.strip_suffix(".kiln")?;
            Some((stem.to_owned(), it.to_owned()))
        });
        again.own = stems.collect();
        again
    }

    /// The same; with `is_each`, of each package by itself and not of what a project wants.
    pub(crate) fn each(self, is_each: bool) -> Again {
        Again { is_each, ..self }
    }

    /// The command for a shell in the build of a package.
    fn shell(&self, package: &str) -> String {
        let words = match self.is_each {
            true => [package, &self.words].join(" "),
            false => format!("{} --of {package}", self.words),
        };
        format!("kiln shell {}", words.trim())
    }

    fn new(specs: impl Iterator<Item = String>, layers: &Layers) -> Again {
        let mut words: Vec<String> = specs.collect();
        let mut option = |name: &str, value: &str| words.push(format!("{name} {}", quoted(value)));
        layers.overrides.iter().for_each(|it| option("-f", &it.to_string_lossy()));
        layers.recipes.iter().for_each(|it| option("--recipes", &it.to_string_lossy()));
        layers.project.iter().for_each(|it| option("--project", &it.to_string_lossy()));
        layers.target.iter().for_each(|it| option("--target", it));
        if layers.no_project {
            words.push("--no-project".into());
        }
        let named = layers.recipes.iter().map(|it| quoted(&it.to_string_lossy()));
        let recipes = named.map(|it| format!(" --recipes {it}")).collect();
        Again { words: words.join(" "), recipes, is_each: false, own: BTreeMap::new() }
    }

    /// The command that runs one of the tests that were asked for.
    pub(crate) fn test(&self, title: &str) -> String {
        let words = self.words.trim();
        let wishes = if words.is_empty() { "--all" } else { words };
        format!("kiln test {wishes} --only {}", quoted(title))
    }

    /// Where a recipe of the user's own names a hash, or else downloads something: `tree.kiln:5`.
    fn named(&self, package: &str, hash: &str) -> Option<String> {
        let path = self.own.get(package)?;
        let text = std::fs::read_to_string(path).ok()?;
        let digits = hash.rsplit(':').next().unwrap_or(hash);
        let line = |what: &str| text.lines().position(|it| it.contains(what));
        let line = line(digits).or_else(|| line("fetch("))?;
        Some(format!("{}:{}", shown_path(path), line + 1))
    }

    /// What to do about a download of a package that upstream has replaced.
    fn update(&self, package: &str) -> String {
        if self.own.contains_key(package) {
            let recipes = &self.recipes;
            return format!(
                "If upstream has replaced the file on purpose, `kiln update-hash {package}{recipes}` writes its hash into the recipe"
            );
        }
        format!(
            "The recipe is part of this program; if upstream has replaced the file on purpose, `source = fetch(…)` in an override of `{package}` names it with its hash"
        )
    }
}

/// Returns a word that a shell takes as it is.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./:=,+@".contains(it);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", harmless(word).replace('\'', "'\\''"))
    }
}

/// Draws why a download failed, below the line that says that it did.
pub(crate) fn show_fetch_error(
    error: &FetchError,
    title: &str,
    terminal: &Terminal,
    again: &Again,
) -> String {
    let mut text = String::new();
    let help = terminal.paint(Style::Cyan, "help:");
    let list = |text: &mut String, attempts: &[Attempt]| {
        for attempt in attempts {
            text.push_str(&format!(
                "  - {}\n      {}\n",
                harmless(&attempt.url),
                harmless(&attempt.reason)
            ));
        }
    };
    // `source of zlib 1.3.1`, or only `zig 0.15.2`.
    let package = title.rsplit(" of ").next().unwrap_or(title);
    let package = package.split(' ').next().unwrap_or(package);
    let named = |text: &mut String, hash: &str| {
        if let Some(place) = again.named(package, hash) {
            text.push_str(&format!("  {place} names it\n"));
        }
    };
    match error {
        FetchError::HashMismatch { expected, found, bytes, others, .. } => {
            text.push_str(&format!("  expected {expected}\n  found    {found} ({bytes} bytes)\n"));
            list(&mut text, others);
            named(&mut text, expected);
            text.push_str(&format!("  {help} nothing was kept. {}\n", again.update(package)));
        }
        FetchError::Unreachable { attempts, setting, expected } => {
            list(&mut text, attempts);
            named(&mut text, expected);
            if let Some(setting) = setting {
                text.push_str(&format!("  {help} {setting}\n"));
            }
        }
        FetchError::Unpack { .. } | FetchError::Write { .. } | FetchError::Cancelled => {}
    }
    text
}
