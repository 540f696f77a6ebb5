//! Building again, at other scratch paths, to see whether that gives the same.
//!
//! What a build writes about its own place is a site and not part of what is compared; but where such
//! a reference is hidden, in compressed data or cut into pieces, another scratch path shows it, as
//! it shows everything that depends on time, order or chance.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File as OpenFile;
use std::io::{BufRead, BufReader};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::derivation::{Derivation, InputRef};
use crate::digest::{DerivationId, ObjectId};
use crate::name::OutputName;
use crate::object::{Entry, File, Item, Object, escape};
use crate::path::DIGEST_LEN;
use crate::realise::failure::Failure;
use crate::realise::work::{Context, Output, WorkCause};
use crate::realise::{Activity, Event, RealiseError, RealiseRequest, realise};
use crate::store::{Placed, Store};
use crate::sys::SystemError;

/// What building again gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reproduced {
    /// Each output: the object that is pinned, the one that came now, and how they differ.
    pub outputs: BTreeMap<OutputName, ReproducedOutput>,
    /// How long the second build took.
    pub duration: Duration,
}

/// An output that was made twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReproducedOutput {
    /// The object that is pinned.
    pub before: ObjectId,
    /// The object that came now.
    pub now: ObjectId,
    /// Where the two differ, in the order of their paths. Empty if they are the same, or differ only
    /// in what another output of the same build is.
    pub changes: Vec<Change>,
}

/// A place at which two trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path in the object, escaped; empty for its root.
    pub path: String,
    /// How it differs.
    pub kind: ChangeKind,
}

/// How an entry of two trees differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// Only the first build made it.
    Gone,
    /// Only the second build made it.
    New,
    /// It is something else: file, link or folder.
    Kind,
    /// It can be executed in one and not in the other.
    Executable,
    /// The sizes of a file differ.
    Size {
        /// The first, in bytes.
        before: u64,
        /// The second, in bytes.
        now: u64,
    },
    /// A file's bytes differ.
    Bytes {
        /// The offset of the first that does.
        at: u64,
    },
    /// References stand at other places, or are others.
    References,
    /// A link points elsewhere.
    Target {
        /// Where the first points, escaped.
        before: String,
        /// Where the second points, escaped.
        now: String,
    },
}

impl Reproduced {
    /// Whether both builds gave the same objects.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.outputs.values().all(|it| it.before == it.now)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(root)" } else { &self.path };
        match &self.kind {
            ChangeKind::Gone => write!(f, "{path} was made by the first build only"),
            ChangeKind::New => write!(f, "{path} was made by the second build only"),
            ChangeKind::Kind => write!(f, "{path} is something else"),
            ChangeKind::Executable => write!(f, "{path} can be executed in one build only"),
            ChangeKind::Size { before, now } => {
                write!(f, "{path} has {now} bytes instead of {before}")
            }
            ChangeKind::Bytes { at } => write!(f, "{path} differs from byte {at} on"),
            ChangeKind::References => write!(f, "{path} refers to others, or elsewhere"),
            ChangeKind::Target { before, now } => {
                write!(f, "{path} points to `{now}` instead of `{before}`")
            }
        }
    }
}

/// Realises a build, then builds it again at scratch paths made with `salt`, and compares.
///
/// The pinned realisation stays whatever comes of it, and what the second build made is not kept.
/// `request.wanted` is not looked at.
///
/// # Errors
///
/// As [`realise`]; that something differs is no error. [`RealiseError::NotABuild`] if the derivation
/// is a download or an import.
pub fn reproduce(
    store: &dyn Store,
    request: &RealiseRequest<'_>,
    derivation: &DerivationId,
    salt: NonZeroU32,
) -> Result<Reproduced, RealiseError> {
    let graph = request.graph;
    let at =
        graph.position(derivation).ok_or(RealiseError::UnknownDerivation { id: *derivation })?;
    let node = &graph.nodes()[at];
    let Derivation::Build(build) = &*node.derivation else {
        return Err(RealiseError::NotABuild { title: node.title.clone() });
    };
    let own: Vec<InputRef> = build
        .outputs
        .iter()
        .map(|output| InputRef { derivation: *derivation, output: output.clone() })
        .collect();
    let before = realise(store, &RealiseRequest { wanted: &own, ..*request })?;
    let wanted: Vec<InputRef> = build.inputs.values().cloned().collect();
    let inputs = realise(store, &RealiseRequest { wanted: &wanted, ..*request })?;
    let input = |it: &InputRef| inputs.object(&it.derivation, &it.output).map(|it| it.object);
    let action = build.with_inputs(
        build.inputs.iter().filter_map(|(label, it)| Some((label.clone(), input(it)?))).collect(),
    );
    let id = action.id();
    let session = store.session()?;
    let context = Context::new(store, &*session, request);
    (request.events)(Event::Started {
        node: *derivation,
        title: node.title.clone(),
        activity: Activity::Build,
        action: Some(id),
    });
    let started = Instant::now();
    let Output { result, log_tail, log } = context.run_build(at, id, &action, salt.get())?;
    let duration = started.elapsed();
    let placed = match result {
        Ok(placed) => placed,
        Err(WorkCause::Cancelled) => return Err(RealiseError::Cancelled),
        Err(WorkCause::Store(error)) => return Err(error.into()),
        Err(WorkCause::Cause(cause)) => {
            let (title, action) = (node.title.clone(), Some(id));
            let node = *derivation;
            let failure = Failure { node, action, title, cause, duration, log_tail, log };
            return Err(RealiseError::Failed { failures: vec![failure], skipped: 0 });
        }
    };
    let mut outputs = BTreeMap::new();
    for (output, now) in placed {
        let Some(known) = before.object(derivation, &output) else { continue };
        let mut changes = Vec::new();
        if known.object != now.id
            && let Some(object) = store.object(&known.object)?
        {
            changes = compare(store, &known.object, &object, &now)?;
        }
        let reproduced = ReproducedOutput { before: known.object, now: now.id, changes };
        outputs.insert(output, reproduced);
    }
    Ok(Reproduced { outputs, duration })
}

fn compare(
    store: &dyn Store,
    id: &ObjectId,
    object: &Arc<Object>,
    now: &Placed,
) -> Result<Vec<Change>, RealiseError> {
    let mut comparison =
        Comparison { before: object, now: &now.object, names: Vec::new(), changes: Vec::new() };
    let before_root = store.host_path(&object.path(id));
    let now_root = store.host_path(&now.object.path(&now.id));
    comparison
        .item(&before_root, &object.root, &now_root, &now.object.root)
        .map_err(|it| RealiseError::Store(Arc::new(it.into())))?;
    Ok(comparison.changes)
}

struct Comparison<'a> {
    before: &'a Object,
    now: &'a Object,
    names: Vec<String>,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn item(
        &mut self,
        before_path: &Path,
        before: &Item,
        now_path: &Path,
        now: &Item,
    ) -> Result<(), SystemError> {
        match (before, now) {
            (Item::Folder(a), Item::Folder(b)) => {
                self.folders(before_path, a.entries(), now_path, b.entries())
            }
            (Item::File(a), Item::File(b)) => self.files(before_path, a, now_path, b),
            (Item::Link(a), Item::Link(b)) => {
                if a.template != b.template {
                    let (before, now) = (escape(&a.template), escape(&b.template));
                    self.report(ChangeKind::Target { before, now });
                } else if self.targets(a.sites.as_slice(), b.sites.as_slice()) {
                    self.report(ChangeKind::References);
                }
                Ok(())
            }
            (Item::Folder(_) | Item::File(_) | Item::Link(_), _) => {
                self.report(ChangeKind::Kind);
                Ok(())
            }
        }
    }

    fn folders(
        &mut self,
        before_path: &Path,
        before: &[Entry],
        now_path: &Path,
        now: &[Entry],
    ) -> Result<(), SystemError> {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let before: BTreeMap<_, _> = before.iter().map(|it| (&it.name, &it.item)).collect();
        let now: BTreeMap<_, _> = now.iter().map(|it| (&it.name, &it.item)).collect();
        let mut names: Vec<_> = before.keys().chain(now.keys()).copied().collect();
        names.sort();
        names.dedup();
        for name in names {
            self.names.push(name.to_string());
            let os_name = OsStr::from_bytes(name.as_bytes());
            match (before.get(name), now.get(name)) {
                (Some(a), Some(b)) => {
                    self.item(&before_path.join(os_name), a, &now_path.join(os_name), b)?;
                }
                (Some(_), None) => self.report(ChangeKind::Gone),
                (None, _) => self.report(ChangeKind::New),
            }
            self.names.pop();
        }
        Ok(())
    }

    fn files(
        &mut self,
        before_path: &Path,
        before: &File,
        now_path: &Path,
        now: &File,
    ) -> Result<(), SystemError> {
        if before.executable != now.executable {
            self.report(ChangeKind::Executable);
        }
        if before.bytes != now.bytes {
            self.report(ChangeKind::Size { before: before.bytes, now: now.bytes });
        }
        if before.template != now.template {
            let at = find_difference(before_path, before, now_path, now)?;
            self.report(ChangeKind::Bytes { at });
        } else if self.targets(before.sites.as_slice(), now.sites.as_slice()) {
            self.report(ChangeKind::References);
        }
        Ok(())
    }

    /// Whether references stand at other places or are to other objects.
    fn targets(&self, before: &[crate::object::Site], now: &[crate::object::Site]) -> bool {
        let target = |object: &Object, number: u32| {
            number.checked_sub(1).and_then(|it| object.refs.get(it as usize).copied())
        };
        before.len() != now.len()
            || before.iter().zip(now).any(|(a, b)| {
                a.at != b.at || target(self.before, a.target) != target(self.now, b.target)
            })
    }

    fn report(&mut self, kind: ChangeKind) {
        self.changes.push(Change { path: self.names.join("/"), kind });
    }
}

/// Returns the offset of the first byte that differs and is not part of a reference in both.
fn find_difference(
    before_path: &Path,
    before: &File,
    now_path: &Path,
    now: &File,
) -> Result<u64, SystemError> {
    let open = |path: &Path| {
        let file = OpenFile::open(path).map_err(|it| SystemError::new("open", path, it))?;
        Ok(BufReader::with_capacity(1 << 16, file))
    };
    let is_site = |file: &File, at: u64| {
        let sites = file.sites.as_slice();
        let next = sites.partition_point(|it| it.at <= at);
        next > 0 && at < sites[next - 1].at + DIGEST_LEN as u64
    };
    let (mut a, mut b): (BufReader<OpenFile>, BufReader<OpenFile>) =
        (open(before_path)?, open(now_path)?);
    let mut at = 0;
    loop {
        let left = a.fill_buf().map_err(|it| SystemError::new("read", before_path, it))?;
        let right = b.fill_buf().map_err(|it| SystemError::new("read", now_path, it))?;
        let len = left.len().min(right.len());
        if len == 0 {
            return Ok(at);
        }
        for (index, (x, y)) in left.iter().zip(right).enumerate() {
            let here = at + index as u64;
            if x != y && !(is_site(before, here) && is_site(now, here)) {
                return Ok(here);
            }
        }
        a.consume(len);
        b.consume(len);
        at += len as u64;
    }
}
