//! What is measured: one file for each thing, one function that gives its lines.

use std::path::{Path, PathBuf};

use super::machine::Machine;
use super::measure::{Take, Times, Took, in_turn};
use super::table::{Line, Peers};
use super::tools::Tools;

mod build;
mod closure;
mod eval;
mod ingest;
mod start;
mod synthetic;
mod trivial;

/// What a benchmark may use.
pub(super) struct Bench<'a> {
    pub(super) tools: &'a Tools,
    pub(super) machine: &'a Machine,
    /// An empty folder of its own.
    pub(super) folder: PathBuf,
    /// How often what takes milliseconds is measured; what takes longer is measured less often.
    pub(super) runs: usize,
    /// A store for real builds, which may have what they need.
    pub(super) real_store: Option<PathBuf>,
}

type Run = fn(&Bench<'_>) -> Result<Vec<Line>, String>;

/// All benchmarks, by name.
pub(super) const ALL: [(&str, Run); 7] = [
    ("start", start::run),
    ("trivial", trivial::run),
    ("closure", closure::run),
    ("eval", eval::run),
    ("synthetic", synthetic::run),
    ("ingest", ingest::run),
    ("build", build::run),
];

/// What is measured only if it is named: it takes long, and downloads.
pub(super) const ONLY_NAMED: &str = "build";

impl Bench<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The store for real builds.
    fn store(&self) -> PathBuf {
        self.real_store.clone().unwrap_or_else(|| self.path("store"))
    }

    /// How often what takes longer is measured.
    fn few(&self) -> usize {
        (self.runs / 4).max(1)
    }
}

/// Kiln and the tools that it is compared with, to be measured in turn.
struct Contest<'a> {
    kiln: Take<'a>,
    peers: Vec<(&'static str, Option<Take<'a>>)>,
}

impl<'a> Contest<'a> {
    fn new(kiln: impl FnMut(usize) -> Result<Took, String> + 'a) -> Self {
        Contest { kiln: Box::new(kiln), peers: Vec::new() }
    }

    /// Adds a tool, which is measured if it is there.
    fn peer<T>(
        mut self,
        name: &'static str,
        tool: &Result<T, String>,
        take: impl FnMut(usize) -> Result<Took, String> + 'a,
    ) -> Self {
        let take: Option<Take<'a>> = if tool.is_ok() { Some(Box::new(take)) } else { None };
        self.peers.push((name, take));
        self
    }

    fn measure(self, runs: usize) -> Result<(Times, Peers), String> {
        let mut takes = vec![self.kiln];
        let mut names = Vec::new();
        for (name, take) in self.peers {
            names.push((name, take.is_some()));
            takes.extend(take);
        }
        let mut times = in_turn(runs, &mut takes)?.into_iter();
        let kiln = times.next().unwrap_or(Times::of(&[]));
        let peers = names
            .into_iter()
            .map(|(name, is_there)| (name, if is_there { times.next() } else { None }));
        Ok((kiln, peers.collect()))
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
