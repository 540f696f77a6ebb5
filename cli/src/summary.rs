//! What became of what was wanted: a table of time and size, for who builds a whole set of recipes.
//!
//! ```text
//! package                             how            time      size   closure
//! zlib 1.2.13                         built         4.2 s  412.3 KiB  1.1 MiB
//! curl 7.88.1 [http2, ~ldap]          was there      38 s    2.4 MiB  9.8 MiB
//! jq 1.6                              not built                                needs oniguruma 6.9.8
//! ```
//!
//! The time is that of the package's own build, whenever that was; the size that of its outputs;
//! the closure is with everything that these refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kiln_store::{
    ActionId, Derivation, DerivationId, Event, Failure, Graph, How, LocalStore, ObjectId,
    Store as _, Verdict,
};
use serde_json::json;

use crate::evaluated::Wanted;
use crate::fail::Fail;
use crate::progress::{bytes, seconds};
use crate::terminal::{Style, Terminal, clipped, harmless};

/// Takes notes during a run, for the table in its end.
pub(crate) struct Summary<'a> {
    graph: &'a Graph,
    /// Specs that have no solution.
    unsolved: &'a [String],
    /// How outputs came that were not there.
    came: Mutex<BTreeMap<DerivationId, How>>,
}

/// What became of one package.
struct Row {
    spec: String,
    title: String,
    became: Became,
    /// How long its build took.
    took: Option<Duration>,
    /// The bytes of what was wanted of it, and with all that it refers to.
    sizes: Option<(u64, u64)>,
    object: Option<ObjectId>,
}

enum Became {
    Built,
    Fetched,
    Substituted,
    /// It was there.
    There,
    Failed,
    /// This, which it needs, failed.
    Needs(String),
    /// The run ended before its turn.
    NotReached,
    /// There is no solution for it.
    Unsolved,
}

impl Became {
    fn words(&self) -> &'static str {
        match self {
            Became::Built => "built",
            Became::Fetched => "fetched",
            Became::Substituted => "substituted",
            Became::There => "was there",
            Became::Failed => "failed",
            Became::Needs(_) | Became::NotReached => "not built",
            Became::Unsolved => "no solution",
        }
    }

    /// What failed that it needs.
    fn needs(&self) -> Option<&str> {
        if let Became::Needs(title) = self { Some(title) } else { None }
    }

    fn is_realised(&self) -> bool {
        match self {
            Became::Built | Became::Fetched | Became::Substituted | Became::There => true,
            Became::Failed | Became::Needs(_) | Became::NotReached | Became::Unsolved => false,
        }
    }
}

/// What all of it took together.
#[derive(Default)]
struct Totals {
    /// Builds that are known, those of build tools included, and their time.
    builds: usize,
    took: Duration,
    /// The bytes of everything that was wanted, with all that it refers to, each object once.
    bytes: u64,
}

impl<'a> Summary<'a> {
    pub(crate) fn new(graph: &'a Graph, unsolved: &'a [String]) -> Summary<'a> {
        Summary { graph, unsolved, came: Mutex::default() }
    }

    /// Notes what happened.
    pub(crate) fn note(&self, event: &Event) {
        if let Event::Finished { node, how, .. } = event {
            let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
            came.insert(*node, how.clone());
        }
    }

    /// Draws the table, or with `json` a line for each of its rows.
    pub(crate) fn draw(
        &self,
        store: &LocalStore,
        wanted: &[Wanted],
        failures: &[Failure],
        json: bool,
        terminal: Terminal,
    ) -> Result<String, Fail> {
        let builds = self.builds(store)?;
        let mut rows = wanted
            .iter()
            .map(|it| self.row(store, &builds, it, failures))
            .collect::<Result<Vec<_>, Fail>>()?;
        rows.extend(self.unsolved.iter().map(|spec| Row {
            spec: spec.clone(),
            title: spec.clone(),
            became: Became::Unsolved,
            took: None,
            sizes: None,
            object: None,
        }));
        let totals = totals(store, &builds, &rows)?;
        Ok(if json { lines(&rows, &totals) } else { table(&rows, &totals, terminal) })
    }

    fn row(
        &self,
        store: &LocalStore,
        builds: &BTreeMap<DerivationId, Attempt>,
        wanted: &Wanted,
        failures: &[Failure],
    ) -> Result<Row, Fail> {
        let id = wanted.input.derivation;
        let title =
            self.graph.node(&id).map_or_else(|| wanted.package.clone(), |it| it.title.clone());
        let mut row = Row {
            spec: wanted.spec.clone(),
            title,
            became: Became::NotReached,
            took: None,
            sizes: None,
            object: None,
        };
        if let Some(failure) = failures.iter().find(|it| it.node == id) {
            row.became = Became::Failed;
            row.took = Some(failure.duration);
            return Ok(row);
        }
        if let Some(needed) = self.failed_below(&id, failures) {
            row.became = Became::Needs(needed.title.clone());
            return Ok(row);
        }
        let (action, took) = match self.graph.node(&id).map(|it| &*it.derivation) {
            Some(Derivation::Fetch(fetch)) => (fetch.action_id(), took(store, &fetch.action_id())?),
            _ => match builds.get(&id) {
                Some(build) => (build.action, build.took),
                None => return Ok(row),
            },
        };
        row.took = took;
        let realised = store.realisations(&[action])?.into_iter().flatten().next();
        let object = realised.and_then(|it| it.outputs.get(&wanted.input.output).copied());
        let Some(object) = object else { return Ok(row) };
        let Some(info) = store.info(&object)? else { return Ok(row) };
        row.sizes = Some((info.totals.bytes, closure_bytes(store, &[object])?));
        row.object = Some(object);
        let came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        row.became = match came.get(&id) {
            Some(How::Built | How::Tested | How::ByOther) => Became::Built,
            Some(How::Fetched { .. } | How::Imported) => Became::Fetched,
            Some(How::Substituted) => Became::Substituted,
            None => Became::There,
        };
        Ok(row)
    }

    /// What failed of all that a derivation needs.
    fn failed_below<'f>(&self, id: &DerivationId, failures: &'f [Failure]) -> Option<&'f Failure> {
        let mut open = vec![*id];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop().filter(|_| !failures.is_empty()) {
            if !seen.insert(id) {
                continue;
            }
            if let Some(failure) = failures.iter().find(|it| it.node == id) {
                return Some(failure);
            }
            let build = self.graph.node(&id).and_then(kiln_store::Node::as_build);
            open.extend(build.into_iter().flat_map(|it| &it.inputs).map(|it| it.1.derivation));
        }
        None
    }

    /// The builds of the graph that are known to the store.
    fn builds(&self, store: &LocalStore) -> Result<BTreeMap<DerivationId, Attempt>, Fail> {
        let nodes = self.graph.nodes().iter().zip(self.graph.ids());
        let ids: Vec<DerivationId> =
            nodes.filter(|it| it.0.as_build().is_some()).map(|it| *it.1).collect();
        let actions = store.memos(&ids)?.actions;
        let known = ids.into_iter().zip(actions).filter_map(|(id, action)| Some((id, action?)));
        known
            .map(|(id, action)| Ok((id, Attempt { action, took: took(store, &action)? })))
            .collect()
    }
}

/// A build and how long it took, if it was done here.
struct Attempt {
    action: ActionId,
    took: Option<Duration>,
}

fn totals(
    store: &LocalStore,
    builds: &BTreeMap<DerivationId, Attempt>,
    rows: &[Row],
) -> Result<Totals, Fail> {
    let objects: Vec<ObjectId> = rows.iter().filter_map(|it| it.object).collect();
    let mut totals = Totals { bytes: closure_bytes(store, &objects)?, ..Totals::default() };
    // Two derivations may be one action.
    let attempts: BTreeMap<ActionId, Option<Duration>> =
        builds.values().map(|it| (it.action, it.took)).collect();
    for took in attempts.into_values().flatten() {
        totals.builds += 1;
        totals.took += took;
    }
    Ok(totals)
}

/// How long it took to build something, if that was done here.
fn took(store: &LocalStore, action: &ActionId) -> Result<Option<Duration>, Fail> {
    let attempt = store.attempt(action)?.filter(|it| it.verdict == Verdict::Done);
    Ok(attempt.map(|it| Duration::from_millis(it.duration_ms)))
}

fn closure_bytes(store: &LocalStore, objects: &[ObjectId]) -> Result<u64, Fail> {
    let mut sum = 0;
    for id in store.closure(objects)? {
        sum += store.info(&id)?.map_or(0, |it| it.totals.bytes);
    }
    Ok(sum)
}

/// How many characters of what was asked are in the table. Options of some packages have hundreds of
/// values; for programs, everything is there.
const CALLED_CHARS_MAX: usize = 64;

/// How a row is called: the package with its version, and the beginning of what was asked of it.
fn called(row: &Row) -> String {
    let whole = match row.spec.find('[').filter(|_| row.spec != row.title) {
        Some(at) => format!("{} {}", row.title, &row.spec[at..]),
        None => row.title.clone(),
    };
    clipped(&whole, CALLED_CHARS_MAX)
}

fn table(rows: &[Row], totals: &Totals, terminal: Terminal) -> String {
    let cells = |row: &Row| {
        let (own, closure) = match row.sizes {
            Some((own, closure)) => (bytes(own), bytes(closure)),
            None => Default::default(),
        };
        let note = row.became.needs().map_or(String::new(), |title| format!("  needs {title}"));
        let took = row.took.map_or(String::new(), seconds);
        (harmless(&called(row)), row.became.words(), took, own, closure, harmless(&note))
    };
    let all: Vec<_> = rows.iter().map(cells).collect();
    let width = all.iter().map(|it| it.0.chars().count()).max().unwrap_or(0).max("package".len());
    let head = format!(
        "{:width$}  {:11}  {:>12}  {:>10}  {:>10}",
        "package", "how", "time", "size", "closure"
    );
    let mut text = format!("{}\n", terminal.paint(Style::Bold, &head));
    for (row, (called, how, took, own, closure, note)) in rows.iter().zip(&all) {
        let style = if row.became.is_realised() { Style::Green } else { Style::Red };
        let how = terminal.paint(style, &format!("{how:11}"));
        let line = format!("{called:width$}  {how}  {took:>12}  {own:>10}  {closure:>10}{note}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let realised = rows.iter().filter(|it| it.became.is_realised()).count();
    text.push_str(&format!(
        "{realised} of {} realised: {} together; {} builds, with those of build tools, took {}\n",
        if rows.len() == 1 {
            "1 package is".to_owned()
        } else {
            format!("{} packages are", rows.len())
        },
        bytes(totals.bytes),
        totals.builds,
        seconds(totals.took)
    ));
    text
}

fn lines(rows: &[Row], totals: &Totals) -> String {
    let mut text = String::new();
    for row in rows {
        let line = json!({
            "event": "summary", "spec": row.spec, "title": row.title, "how": row.became.words(),
            "duration_ms": row.took.map(|it| it.as_millis() as u64),
            "bytes": row.sizes.map(|it| it.0), "closure_bytes": row.sizes.map(|it| it.1),
            "object": row.object.map(|it| it.to_string()), "needs": row.became.needs(),
        });
        text.push_str(&format!("{line}\n"));
    }
    let realised = rows.iter().filter(|it| it.became.is_realised()).count();
    let line = json!({
        "event": "totals", "packages": rows.len(), "realised": realised, "builds": totals.builds,
        "duration_ms": totals.took.as_millis() as u64, "bytes": totals.bytes,
    });
    text.push_str(&format!("{line}\n"));
    text
}
