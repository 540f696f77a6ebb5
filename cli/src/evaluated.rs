//! What a request comes to: evaluated anew, or from what the last evaluation of it has left.
//!
//! ```text
//! $XDG_CACHE_HOME/kiln/traces/REQUEST
//!     hash and length of what follows
//!     everything that was looked at on the disk, with its stamp; a `Trace`
//!     the texts of the trace
//! ```
//!
//! A request that is the same as before, with a few recipes changed, is answered by the trace, if
//! that can be. As for all that is kept here, nothing fails for what is wrong with it. Decision:
//! `spec/decisions/0019-traces-of-evaluations.md`.

use std::fs::{self, File};
use std::io::Read as _;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_eval::{Derived, NodeId, Resumed, Texts, Trace};
use kiln_lang::in_batches;
use kiln_store::{DecodeError, Decoder, Encoder, InputRef};

use crate::args::Wishes;
use crate::fail::Fail;
use crate::stamp::{Stamp, settled_ns};
use crate::terminal::Terminal;
use crate::user_cache::{place, write};
use crate::workspace::{Solved, Workspace, threads};

#[cfg(test)]
mod tests;

/// How many packages a request must come to for a trace to be kept: fewer are evaluated as fast as
/// a trace is read.
const PACKAGES_MIN: usize = 64;

/// How many traces are kept.
const TRACES_MAX: usize = 16;

/// How large a trace may be that is kept, in bytes: several times that of 10,000 packages.
const TRACE_BYTES_MAX: usize = 128 << 20;

/// How many files may have other stamps than in a trace before it is written anew: that takes longer
/// than planning a few of them once more.
const CHANGED_MAX: usize = 8;

/// The bytes of a hash and a length.
const HEAD_LEN: usize = blake3::OUT_LEN + size_of::<u64>();

/// How many bytes most stamps take, with their paths.
const STAMP_BYTES: usize = 160;

/// How many stamps a thread compares at a time.
const BATCH: usize = 512;

/// A request, evaluated.
pub(crate) struct Evaluated {
    pub(crate) workspace: Workspace,
    /// The derivations; which package is which is known only where everything was evaluated.
    pub(crate) derived: Derived,
    /// What is wanted.
    pub(crate) wanted: Vec<Wanted>,
    /// What has to be there when that runs, beside it.
    pub(crate) beside: Vec<Wanted>,
}

/// Something that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The spec, in full.
    pub(crate) spec: String,
    /// The name of the package.
    pub(crate) package: String,
    /// What it is called among what is wanted: as its wish calls it, or else as the package or output.
    pub(crate) name: String,
    /// The output of the derivation.
    pub(crate) input: InputRef,
    /// Whether it is wanted only because something that is wanted needs it when it runs.
    pub(crate) is_beside: bool,
}

/// Evaluates what is wanted together.
pub(crate) fn evaluate(
    wishes: &Wishes,
    terminal: Terminal,
    quiet: bool,
) -> Result<Evaluated, Fail> {
    let kept = place("traces", "trace", &wishes.layers, &wishes).map(|path| Kept { path });
    evaluate_with(kept.as_ref(), wishes, terminal, quiet)
}

/// As [`evaluate`], with what is kept at this place.
fn evaluate_with(
    kept: Option<&Kept>,
    wishes: &Wishes,
    terminal: Terminal,
    quiet: bool,
) -> Result<Evaluated, Fail> {
    let (workspace, content) = std::thread::scope(|scope| {
        let path = kept.map(|it| &it.path).filter(|it| it.exists());
        let content = path.map(|it| scope.spawn(|| Content::read(it)));
        let workspace = Workspace::with(wishes, terminal, quiet);
        (workspace, content.and_then(|it| it.join().ok().flatten()))
    });
    let (workspace, content) = (workspace?, ManuallyDrop::new(content));
    if let Some((kept, content)) = kept.zip(content.as_ref())
        && let Some((derived, all)) = content.resume(kept, &workspace)
    {
        let (beside, wanted) = all.into_iter().partition(|it| it.is_beside);
        return Ok(Evaluated { workspace, derived, wanted, beside });
    }
    let solved = workspace.solve()?;
    let derived = workspace.derive(&solved)?;
    if let Some(kept) = kept {
        kept.keep(&workspace, &solved, &derived);
    }
    let (wanted, beside) = all_wanted([(&solved, &derived)].into_iter());
    Ok(Evaluated { workspace, derived, wanted, beside })
}

/// Evaluates what is solved each by itself.
pub(crate) fn evaluate_each(workspace: Workspace, solved: &[Solved]) -> Result<Evaluated, Fail> {
    let all = workspace.derive_each(solved)?;
    let (wanted, beside) = all_wanted(solved.iter().zip(&all));
    Ok(Evaluated { workspace, derived: together(all.into_iter()), wanted, beside })
}

/// What is wanted of all these, and what has to be there beside it.
fn all_wanted<'s>(
    all: impl Iterator<Item = (&'s Solved, &'s Derived)> + Clone,
) -> (Vec<Wanted>, Vec<Wanted>) {
    let wanted: Vec<Wanted> =
        all.clone().flat_map(|it| named(it.0, &self::wanted(it.0, it.1))).collect();
    let mut besides: Vec<Wanted> = Vec::new();
    for it in all.flat_map(|it| named(it.0, &beside(it.0, it.1))) {
        if !wanted.iter().chain(&besides).any(|known| known.input == it.input) {
            besides.push(Wanted { is_beside: true, ..it });
        }
    }
    (wanted, besides)
}

/// The derivations of several solutions as one; of one, with its packages.
pub(crate) fn together(all: impl ExactSizeIterator<Item = Derived>) -> Derived {
    let is_alone = all.len() == 1;
    let mut together = Derived::default();
    for derived in all {
        if is_alone {
            return derived;
        }
        for node in derived.graph.nodes() {
            together.graph.add(node.clone());
        }
    }
    together
}

/// The wanted packages by their specs.
pub(crate) fn named(solved: &Solved, wanted: &[(NodeId, InputRef)]) -> Vec<Wanted> {
    let named = |(id, input): &(NodeId, InputRef)| {
        let (id, node) = (*id, solved.solution.node(*id));
        let package = node.package.name.to_string();
        let name = solved.solution.called(id);
        Wanted { spec: node.spec(), package, name, input: input.clone(), is_beside: false }
    };
    wanted.iter().map(named).collect()
}

/// The wanted packages with their derivations.
pub(crate) fn wanted(solved: &Solved, derived: &Derived) -> Vec<(NodeId, InputRef)> {
    let roots = solved.solution.roots.iter();
    roots.filter_map(|it| Some((it.node, derived.nodes.get(&it.node)?.clone()))).collect()
}

/// What has to be there when the wanted packages run, beside them: who has them without it cannot
/// use them.
pub(crate) fn beside(solved: &Solved, derived: &Derived) -> Vec<(NodeId, InputRef)> {
    let roots: Vec<NodeId> = solved.solution.roots.iter().map(|it| it.node).collect();
    let needed = solved.solution.run_closure(&roots).into_iter();
    needed.filter_map(|it| Some((it, derived.nodes.get(&it)?.clone()))).collect()
}

/// The place of the trace of a request.
struct Kept {
    path: PathBuf,
}

/// What is in such a place. The process ends soon after it was read, and does not take it apart.
struct Content {
    file: File,
    /// Where the texts begin in the file.
    texts_at: u64,
    stamps: Arc<[(&'static str, Stamp)]>,
    trace: Trace<'static>,
}

impl Texts for Content {
    fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(range.end.checked_sub(range.start)?).ok()?];
        self.file.read_exact_at(&mut bytes, self.texts_at.checked_add(range.start)?).ok()?;
        Some(bytes)
    }
}

impl Content {
    fn read(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let mut head = [0; HEAD_LEN];
        file.read_exact(&mut head).ok()?;
        let (sum, len) = head.split_at(blake3::OUT_LEN);
        let len = u64::from_le_bytes(len.try_into().ok()?);
        let texts_at = len.checked_add(HEAD_LEN as u64)?;
        if texts_at > file.metadata().ok()?.len() {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(len).ok()?];
        file.read_exact(&mut bytes).ok()?;
        if blake3::hash(&bytes).as_bytes() != sum {
            return None;
        }
        let bytes: &'static [u8] = Vec::leak(bytes);
        let read = || -> Result<_, DecodeError> {
            let mut decoder = Decoder::part(bytes);
            let stamps = decoder.list(|it| Ok((it.text()?, Stamp::decode(it)?)))?;
            let trace = Trace::decode(decoder.bytes()?)?;
            decoder.finish()?;
            Ok((stamps, trace))
        };
        let (stamps, trace) = read().ok()?;
        Some(Content { file, texts_at, stamps: stamps.into(), trace })
    }

    /// What has another stamp now.
    fn changed(&self) -> Vec<&str> {
        let changed = in_batches(threads(), &self.stamps, BATCH, |batch| -> Vec<&str> {
            let other = batch.iter().filter(|it| Stamp::of(Path::new(it.0)) != it.1);
            other.map(|it| it.0).collect()
        });
        changed.concat()
    }

    /// What the request comes to now, as far as the trace tells; nothing if it does not.
    fn resume(&self, kept: &Kept, workspace: &Workspace) -> Option<(Derived, Vec<Wanted>)> {
        let mut files = Vec::new();
        for path in self.changed() {
            if !Path::new(path).is_dir() {
                files.push(path.to_owned());
            } else if self.trace.imports(Path::new(path)) {
                return None;
            }
        }
        if !self.trace.has_files_of(&workspace.db) {
            return None;
        }
        let setup = workspace.quiet_setup()?;
        let packages = workspace.packages();
        let resumed = self.trace.resume(&packages, &setup, &files, self, threads())?;
        workspace.has_seen_before(self.stamps.clone());
        if files.len() > CHANGED_MAX {
            kept.write(workspace, || self.trace.after(&workspace.db, &resumed, self));
        }
        let Resumed { graph, wanted, .. } = resumed;
        let wanted = wanted.into_iter().map(|(it, input)| Wanted {
            spec: it.spec,
            package: it.package.to_string(),
            name: it.name,
            input,
            is_beside: it.is_beside,
        });
        Some((Derived { graph, ..Derived::default() }, wanted.collect()))
    }
}

impl Kept {
    /// Keeps the trace of an evaluation that had nothing to say.
    fn keep(&self, workspace: &Workspace, solved: &Solved, derived: &Derived) {
        let has_place = || self.path.parent().is_some_and(|it| fs::create_dir_all(it).is_ok());
        if solved.solution.nodes.len() < PACKAGES_MIN || !has_place() {
            return;
        }
        let wanted = wanted(solved, derived).into_iter().map(|it| (it, false));
        let beside = beside(solved, derived).into_iter().map(|it| (it, true));
        let all: Vec<(NodeId, bool)> =
            wanted.chain(beside).map(|((node, _), is_beside)| (node, is_beside)).collect();
        self.write(workspace, || {
            let has_lock = solved.has_lock();
            Some(Trace::new(&workspace.db, &solved.solution, derived, &all, has_lock))
        });
    }

    /// Writes a trace, if everything that was looked at has been left alone for long enough.
    fn write<'t>(
        &self,
        workspace: &Workspace,
        trace: impl FnOnce() -> Option<(Trace<'t>, Vec<Arc<str>>)>,
    ) {
        let Some(seen) = workspace.seen() else { return };
        let settled_ns = settled_ns();
        let seen = seen.lock().unwrap_or_else(|it| it.into_inner());
        // The order in which they come is not that in which they are written.
        let stamps: Option<Vec<(&str, Stamp)>> = seen
            .iter()
            .map(|(path, stamp)| {
                path.to_str().map(|it| (it, *stamp)).filter(|_| stamp.newest_ns() <= settled_ns)
            })
            .collect();
        let Some(mut stamps) = stamps else { return };
        stamps.sort_unstable_by_key(|it| it.0);
        let Some((trace, texts)) = trace() else { return };
        let Some(trace) = trace.encode() else { return };
        let mut encoder = Encoder::with_capacity(trace.len() + stamps.len() * STAMP_BYTES);
        encoder.len(stamps.len());
        for (path, stamp) in stamps {
            encoder.text(path);
            stamp.encode(&mut encoder);
        }
        encoder.bytes(&trace);
        let body = encoder.finish();
        let mut head = Encoder::part();
        head.fixed(blake3::hash(&body).as_bytes());
        head.u64(body.len() as u64);
        let head = head.finish();
        let texts = texts.iter().map(|it| it.as_bytes());
        let parts = || [&*head, &*body].into_iter().chain(texts.clone());
        if parts().map(<[u8]>::len).sum::<usize>() <= TRACE_BYTES_MAX {
            write(&self.path, parts(), TRACES_MAX);
        }
    }
}
