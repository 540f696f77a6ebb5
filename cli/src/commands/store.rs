//! `kiln store`: looks at the store and cleans it.

mod compare;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use kiln_eval::Derived;
use kiln_store::{
    ActionId, AtLink, Derivation, DirectorySubstituter, ExportError, GcOptions, Holder, InputRef,
    LocalStore, ObjectInfo, Problem, Realisation, Store as _, StorePath,
};
use serde_json::json;

use crate::about::{About, solve};
use crate::args::{Building, Common, StoreCommand, Wishes};
use crate::config::Config;
use crate::evaluated;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::progress::{Progress, bytes, counted};
use crate::terminal::{Terminal, harmless, print};
use crate::workshop::{Again, ROOT_PREFIX, Workshop, open_store};

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    command: &StoreCommand,
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    if let StoreCommand::Export { to, published, inputs, wishes } = command {
        return export(common, terminal, &config, to, wishes, (*published, *inputs));
    }
    if let StoreCommand::RebuildIndex = command {
        return rebuild_index(&config);
    }
    let store = open_store(&config.store)?;
    match command {
        StoreCommand::Ls { filter, json } => ls(&store, filter.as_deref(), *json),
        StoreCommand::Info { object, json } => info(&store, object, *json),
        StoreCommand::Verify { discard } => verify(&store, *discard, common.quiet),
        StoreCommand::Gc { dry_run, grace, free, all } => {
            let options = GcOptions {
                grace_s: *grace,
                free_bytes_min: free.as_deref().map(size).transpose()?,
                roots_forgotten: all.then(|| ROOT_PREFIX.to_owned()),
                is_dry_run: *dry_run,
                ..GcOptions::default()
            };
            gc(&store, &options)
        }
        StoreCommand::Compare { other, json } => compare::run(&store, other, *json, terminal),
        StoreCommand::WhyDepends { from, to } => why_depends(&store, from, to),
        StoreCommand::Export { .. } | StoreCommand::RebuildIndex => Ok(Exit::Done),
    }
}

/// A store with a damaged index cannot be opened: it is not asked for here.
fn rebuild_index(config: &Config) -> Result<Exit, Fail> {
    let count = LocalStore::open_rebuilt(&config.store)?.ls()?.len();
    print(&format!("the index is new: {}\n", counted(count, "object")));
    Ok(Exit::Done)
}

fn ls(store: &LocalStore, filter: Option<&str>, json: bool) -> Result<Exit, Fail> {
    let mut objects = store.ls()?;
    objects.retain(|it| filter.is_none_or(|filter| it.path.name().contains(filter)));
    objects.sort_by(|a, b| (a.path.name(), &a.path).cmp(&(b.path.name(), &b.path)));
    if json {
        let values: Vec<_> = objects
            .iter()
            .map(|it| {
                json!({
                    "path": it.path.absolute(), "id": it.id.to_string(), "bytes": it.totals.bytes,
                    "files": it.totals.files, "registered_s": it.registered_s, "used_s": it.used_s,
                })
            })
            .collect();
        print(&format!("{:#}\n", json!(values)));
        return Ok(Exit::Done);
    }
    let text: String = objects
        .iter()
        .map(|it| format!("{:>10}  {}\n", bytes(it.totals.bytes), it.path.absolute()))
        .collect();
    print(&text);
    Ok(Exit::Done)
}

/// Finds the one object that is meant.
fn find(store: &LocalStore, text: &str) -> Result<ObjectInfo, Fail> {
    let mut ids = store.find(text)?;
    // As `kiln realise --link` makes it.
    if let Ok(target) = std::fs::read_link(text)
        && let Some(name) = target.file_name().and_then(OsStr::to_str)
        && StorePath::parse(name).is_ok()
        && ids.is_empty()
    {
        ids = store.find(name)?;
    }
    let mut infos = Vec::new();
    for id in &ids {
        infos.extend(store.info(id)?);
    }
    match infos.len() {
        0 => Err(Fail::NotFound {
            message: format!("no object in the store is `{text}`"),
            advice: Some("`kiln store ls` lists all objects".into()),
        }),
        1 => Ok(infos.remove(0)),
        _ => {
            let paths: Vec<String> = infos.iter().map(|it| it.path.to_string()).collect();
            Err(Fail::NotFound {
                message: format!("`{text}` is several objects"),
                advice: Some(format!("say which: {}", kiln_lang::list(&paths, "or"))),
            })
        }
    }
}

fn info(store: &LocalStore, text: &str, json: bool) -> Result<Exit, Fail> {
    let info = find(store, text)?;
    let mut refs = Vec::new();
    for id in &info.refs {
        refs.extend(store.info(id)?);
    }
    let closure = store.closure(&[info.id])?;
    let mut closure_bytes = 0;
    for id in &closure {
        closure_bytes += store.info(id)?.map_or(0, |it| it.totals.bytes);
    }
    let alive = store.why_alive(&info.id, 0)?;
    if json {
        print(&format!(
            "{:#}\n",
            json!({
                "path": info.path.absolute(), "id": info.id.to_string(),
                "on_disk": store.host_path(&info.path).display().to_string(), "bytes": info.totals.bytes, "files": info.totals.files,
                "references": refs.iter().map(|it| it.path.absolute()).collect::<Vec<_>>(),
                "closure_objects": closure.len(), "closure_bytes": closure_bytes,
                "kept_by": alive.iter().map(|it| holder(&it.holder)).collect::<Vec<_>>(),
            })
        ));
        return Ok(Exit::Done);
    }
    let mut out = format!("{}\n", info.path.absolute());
    out.push_str(&format!("  id        {}\n", info.id));
    out.push_str(&format!("  on disk   {}\n", store.host_path(&info.path).display()));
    out.push_str(&format!(
        "  size      {} in {}\n",
        bytes(info.totals.bytes),
        counted(info.totals.files as usize, "file")
    ));
    let objects = counted(closure.len(), "object");
    out.push_str(&format!("  closure   {} in {objects}\n", bytes(closure_bytes)));
    for it in &refs {
        out.push_str(&format!("  refers to {}\n", it.path));
    }
    for it in &alive {
        let chain: Vec<String> = it.chain.iter().map(ToString::to_string).collect();
        let by = if chain.len() > 1 { format!(", by way of {}", chain[0]) } else { String::new() };
        out.push_str(&format!("  kept by   {}{by}\n", holder(&it.holder)));
    }
    if alive.is_empty() {
        out.push_str("  kept by   nothing\n");
    }
    print(&out);
    Ok(Exit::Done)
}

fn holder(holder: &Holder) -> String {
    match holder {
        Holder::Root(root) => match root.link() {
            Some(link) => format!("the link {}", path(link)),
            None => format!("{} ({})", harmless(&root.name), harmless(&root.reason)),
        },
        Holder::Session { pid } => format!("process {pid}"),
        Holder::Young { .. } => "having been used lately".to_owned(),
    }
}

fn path(path: &Path) -> String {
    harmless(&path.display().to_string())
}

/// Says what is not as it was, and discards what is damaged if that is asked for. [store.collection.11]
fn verify(store: &LocalStore, is_discarding: bool, quiet: bool) -> Result<Exit, Fail> {
    let report = store.verify(&|_| true)?;
    let mut out = String::new();
    for problem in &report.problems {
        out.push_str(&format!("{}\n", harmless(&problem.to_string())));
    }
    let (damaged, unread) = (report.damaged(), report.unread());
    let harmless_only = report.is_sound();
    if !quiet || !harmless_only {
        out.push_str(&format!(
            "{} compared, {} read\n",
            counted(report.objects, "object"),
            bytes(report.bytes)
        ));
    }
    print(&out);
    if !unread.is_empty() {
        let objects = counted(unread.len(), "object");
        eprintln!("not read, which says nothing of what is there: {objects}");
    }
    if !damaged.is_empty() {
        eprintln!("damaged: {}", counted(damaged.len(), "object"));
    }
    if !damaged.is_empty() && !is_discarding {
        eprintln!(
            "`kiln store verify --discard` takes them out of the store, with all that refers to them; \
             `kiln realise` makes anew what is needed"
        );
    } else if !damaged.is_empty() {
        let discarded = store.discard(&damaged)?;
        let discarded: String = discarded.iter().map(|it| format!("  {}\n", it.path)).collect();
        eprint!("taken out of the store, and made anew when it is needed:\n{discarded}");
    }
    if report.problems.iter().any(|it| matches!(it, Problem::Index { .. })) {
        eprintln!("`kiln store rebuild-index` makes the index anew from the records");
    }
    Ok(if harmless_only { Exit::Done } else { Exit::Operator })
}

fn gc(store: &LocalStore, options: &GcOptions) -> Result<Exit, Fail> {
    let report = store.gc(options, &|| true)?;
    let freed: u64 = report.collected.iter().map(|it| it.bytes).sum::<u64>() + report.other_bytes;
    let mut out = String::new();
    for it in &report.collected {
        out.push_str(&format!("{:>10}  {}\n", bytes(it.bytes), it.path));
    }
    for it in report.links.iter().filter(|_| options.is_dry_run) {
        out.push_str(&format!("the link {} keeps {}\n", path(&it.link), it.path));
    }
    for it in &report.released {
        let found = match &it.found {
            AtLink::Elsewhere { target } => format!("points to {}", path(target)),
            AtLink::NoLink => "is no link any more".to_owned(),
            _ => "is gone".to_owned(),
        };
        out.push_str(&format!("the link {} {found}: it keeps nothing\n", path(&it.link)));
    }
    let verb = if options.is_dry_run { "would be deleted" } else { "deleted" };
    out.push_str(&format!(
        "{} {verb}, {} freed; {} stay\n",
        counted(report.collected.len(), "object"),
        bytes(freed),
        report.kept
    ));
    if report.collected.is_empty() && report.kept > 0 && options.free_bytes_min.is_none() {
        out.push_str("`kiln store info NAME` says what keeps an object");
        if options.roots_forgotten.is_none() {
            out.push_str("; `kiln store gc --all` forgets what `realise` keeps");
        }
        out.push('\n');
    }
    print(&out);
    Ok(Exit::Done)
}

fn why_depends(store: &LocalStore, from: &str, to: &str) -> Result<Exit, Fail> {
    let (from, to) = (find(store, from)?, find(store, to)?);
    let Some(chain) = store.why_depends(&from.id, &to.id)? else {
        print(&format!("{} does not refer to {}\n", from.path, to.path));
        return Ok(Exit::Done);
    };
    let mut out = String::new();
    for link in &chain {
        out.push_str(&format!("{}\n  refers to {}\n", link.from, link.to));
        for (file, offset) in link.sites.iter().take(5) {
            out.push_str(&format!("    in {} at byte {offset}\n", harmless(file)));
        }
        if link.sites.len() > 5 {
            out.push_str(&format!("    and in {} other places\n", link.sites.len() - 5));
        }
    }
    print(&out);
    Ok(Exit::Done)
}

fn export(
    common: &Common,
    terminal: Terminal,
    config: &Config,
    to: &std::path::Path,
    wishes: &Wishes,
    (is_published, with_inputs): (bool, bool),
) -> Result<Exit, Fail> {
    let about = About::of(is_published, false);
    let (workspace, solutions) = solve(common, terminal, wishes, about, false)?;
    let solved = &solutions.solved;
    let all = workspace.derive_each(solved)?;
    let wanted = solved.iter().zip(&all).flat_map(|it| evaluated::wanted(it.0, it.1));
    let beside = solved.iter().zip(&all).flat_map(|it| evaluated::beside(it.0, it.1));
    let inputs: Vec<InputRef> = wanted.chain(beside).map(|it| it.1).collect();
    let derived = evaluated::together(all.into_iter());
    let workshop = Workshop::open(config)?;
    let progress = Progress::new(terminal, false, common.quiet);
    let again = Again::of(wishes, &workspace.db);
    let outcome =
        workshop.realise(&derived, &inputs, &Building::default(), &progress, &terminal, &again)?;
    let cache = DirectorySubstituter::create(to).map_err(|error| Fail::Cache(error.to_string()))?;
    let actions: BTreeSet<ActionId> =
        outcome.realised.values().filter_map(|it| it.action).collect();
    let mut realisations = Vec::new();
    for action in &actions {
        realisations.extend(workshop.store.realisations(&[*action])?.into_iter().flatten());
    }
    // Whoever asks for these has to know first what their inputs are.
    let known = known_inputs(&workshop.store, &derived)?;
    if with_inputs {
        for it in known.iter().filter(|it| !actions.contains(&it.action)) {
            // What was collected since can be named, and not copied.
            let objects: Vec<_> = it.outputs.values().map(|it| workshop.store.info(it)).collect();
            if objects.into_iter().collect::<Result<Vec<_>, _>>()?.iter().all(Option::is_some) {
                realisations.push(it.clone());
            }
        }
    }
    let failed = |error: ExportError| Fail::Cache(error.to_string());
    let mut exported = cache.export(&workshop.store, &realisations, &|_| {}).map_err(failed)?;
    let without = cache.export_known(&known).map_err(failed)?;
    exported.realisations += without.realisations;
    exported.bytes += without.bytes;
    print(&format!(
        "{} written, {} there already; {}; {}\n",
        counted(exported.objects, "object"),
        exported.objects_there,
        counted(exported.realisations, "realisation"),
        bytes(exported.bytes)
    ));
    Ok(Exit::Done)
}

/// What is known of the derivations of a graph.
fn known_inputs(store: &LocalStore, derived: &Derived) -> Result<Vec<Realisation>, Fail> {
    let ids = derived.graph.ids();
    let mut actions: BTreeSet<ActionId> = store.memos(ids)?.actions.into_iter().flatten().collect();
    for node in derived.graph.nodes() {
        if let Derivation::Fetch(fetch) = &*node.derivation {
            actions.insert(fetch.action_id());
        }
    }
    let actions: Vec<ActionId> = actions.into_iter().collect();
    Ok(store.realisations(&actions)?.into_iter().flatten().collect())
}

/// Reads a size such as `10GiB`.
fn size(text: &str) -> Result<u64, Fail> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0)];
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = text[split..].trim();
    let shift =
        if unit.is_empty() { Some(0) } else { units.iter().find(|it| it.0 == unit).map(|it| it.1) };
    match (text[..split].parse::<u64>(), shift) {
        (Ok(number), Some(shift)) => Ok(number.saturating_mul(1 << shift)),
        _ => Err(Fail::Usage(format!(
            "`{text}` is no size: write a number and B, KiB, MiB, GiB or TiB"
        ))),
    }
}
