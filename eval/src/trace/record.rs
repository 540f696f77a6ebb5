//! Making a trace of an evaluation.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::{Database, FastSet};
use kiln_store::{Encoder, Graph};

use super::encode::encode_value;
use super::{Trace, TracedDerivation, TracedFile, TracedNode, TracedWish};
use crate::condition::Atom;
use crate::derive::Derived;
use crate::solution::{Node, NodeId, Solution};

impl<'t> Trace<'t> {
    /// Makes the trace of an evaluation that had nothing to say, and its texts. `wanted` are the
    /// packages that are wanted, and whether each is so only because another needs it when it runs.
    #[must_use]
    pub fn new(
        db: &'t Database,
        solution: &'t Solution,
        derived: &'t Derived,
        wanted: &[(NodeId, bool)],
        has_lock: bool,
    ) -> (Trace<'t>, Vec<Arc<str>>) {
        let mut texts = Joined::default();
        let mut file = |path: Cow<'t, str>| {
            let text = db.text_on_disk(&path).map(|it| texts.push(it));
            TracedFile { path, text }
        };
        let files: Vec<TracedFile<'t>> =
            db.root_paths().map(|it| file(Cow::Borrowed(it))).collect();
        let in_roots: FastSet<&str> = files.iter().map(|it| &*it.path).collect();
        let mut others = db.paths_on_disk();
        others.retain(|it| !in_roots.contains(&**it));
        others.sort_unstable();
        let layers = others.iter().map(|it| file(Cow::Owned(it.to_string()))).collect();
        let wishes = wanted.iter().map(|(id, is_beside)| {
            let node = solution.node(*id);
            TracedWish {
                node: id.0 as u32,
                spec: node.spec(),
                package: node.package.name.clone(),
                name: solution.called(*id),
                is_beside: *is_beside,
            }
        });
        let nodes = solution.nodes.iter().enumerate();
        let trace = Trace {
            files,
            layers,
            has_lock,
            asked_for: asked_for(solution),
            units: solution.units.iter().map(|it| it.is_build).collect(),
            nodes: nodes.map(|(at, node)| traced(NodeId(at), node, derived)).collect(),
            derivations: derivations(&derived.graph),
            wishes: wishes.collect(),
        };
        (trace, texts.all)
    }
}

/// Texts, one behind the other.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) all: Vec<Arc<str>>,
    len: u64,
}

impl Joined {
    /// Adds a text; returns where it is.
    pub(super) fn push(&mut self, text: Arc<str>) -> Range<u64> {
        let start = self.len;
        self.len += text.len() as u64;
        self.all.push(text);
        start..self.len
    }
}

pub(super) fn derivations(graph: &Graph) -> Vec<TracedDerivation<'_>> {
    let all = graph.nodes().iter().zip(graph.ids());
    let traced = all.map(|(node, id)| TracedDerivation {
        id: *id,
        encoding: Cow::Owned(node.derivation.encode()),
        title: Cow::Borrowed(&*node.title),
        urls: Cow::Borrowed(&*node.urls),
        import: node.import.clone(),
        limits: node.limits,
    });
    traced.collect()
}

fn traced<'t>(id: NodeId, node: &'t Node, derived: &Derived) -> TracedNode<'t> {
    let package = &node.package;
    let derivation = derived
        .nodes
        .get(&id)
        .and_then(|it| Some((derived.graph.position(&it.derivation)? as u32, it.output.clone())));
    TracedNode {
        package: package.name.clone(),
        unit: node.unit.0 as u32,
        part: node.part.clone(),
        has_own_output: package.output(&package.name).is_some(),
        version: Cow::Borrowed(node.version.as_str()),
        edges: Cow::Borrowed(&*node.edges),
        options: options(node).map(Cow::Owned),
        derivation,
    }
}

/// The values of the options that are not what the package has where nobody says anything.
fn options(node: &Node) -> Option<Vec<u8>> {
    let mut said = Vec::new();
    for (at, (value, plain)) in node.options.iter().zip(node.package.plain.iter()).enumerate() {
        let Some(value) = value else { continue };
        if !plain.is_some_and(|it| Arc::ptr_eq(it, value)) {
            said.push((at, &value.value));
        }
    }
    let mut encoder = Encoder::part();
    encoder.len(said.len());
    for (at, value) in said {
        encoder.varint(at as u64);
        encode_value(&mut encoder, value)?;
    }
    Some(encoder.finish())
}

/// The packages and interfaces that conditions ask for.
fn asked_for(solution: &Solution) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    for node in &solution.nodes {
        for cond in node.package.conds() {
            cond.atoms(&mut |atom| {
                if let Atom::With(with) = atom {
                    names.insert(with.package.clone());
                    names.extend(with.interface.clone());
                }
            });
        }
    }
    names
}
