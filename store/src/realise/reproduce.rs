//! Building again, at other scratch paths, to see whether that gives the same.
//!
//! What a build writes about its own place is a site and not part of what is compared; but where such
//! a reference is hidden, in compressed data or cut into pieces, another scratch path shows it, as
//! it shows everything that depends on time, order or chance.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::change::{Change, Side, tree_changes};
use crate::derivation::{Derivation, InputRef};
use crate::digest::{DerivationId, ObjectId};
use crate::name::OutputName;
use crate::object::Object;
use crate::realise::failure::Failure;
use crate::realise::work::{Context, Output, WorkCause};
use crate::realise::{Activity, Event, RealiseError, RealiseRequest, realise};
use crate::store::Store;

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

impl Reproduced {
    /// Whether both builds gave the same objects.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.outputs.values().all(|it| it.before == it.now)
    }
}

/// Realises a build, then builds it again at scratch paths made with `salt`, and compares.
///
/// The pinned realisation and its log stay whatever comes of it, and what the second build made or
/// printed is not kept.
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
            let path = |object: &Object, id: &ObjectId| store.host_path(&object.path(id));
            let before = Side { object: &object, at: &path(&object, &known.object) };
            let now = Side { object: &now.object, at: &path(&now.object, &now.id) };
            changes =
                tree_changes(before, now).map_err(|it| RealiseError::Store(Arc::new(it.into())))?;
        }
        let reproduced = ReproducedOutput { before: known.object, now: now.id, changes };
        outputs.insert(output, reproduced);
    }
    Ok(Reproduced { outputs, duration })
}
