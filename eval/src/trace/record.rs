//! Making a trace of an evaluation.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use kiln_lang::Database;
use kiln_lang::module::Name;
use kiln_store::{Encoder, Graph};

use super::encode::encode_value;
use super::{Trace, TracedDerivation, TracedFile, TracedNode, TracedWish};
use crate::condition::Atom;
use crate::derive::Derived;
use crate::solution::{Node, NodeId, Solution};

impl Trace<'_> {
    /// Makes the trace of an evaluation that had nothing to say, and its texts. `wanted` are the
    /// packages that are wanted, and whether each is so only because another needs it when it runs.
    #[must_use]
    pub fn new(
        db: &Database,
        solution: &Solution,
        derived: &Derived,
        wanted: &[(NodeId, bool)],
        has_lock: bool,
    ) -> (Trace<'static>, Vec<u8>) {
        let mut texts = Vec::new();
        let mut file = |path: &str| TracedFile {
            path: Cow::Owned(path.to_owned()),
            text: db.text_on_disk(path).map(|it| append(&mut texts, it.as_bytes())),
        };
        let files: Vec<TracedFile<'_>> = db.root_paths().map(&mut file).collect();
        let in_roots: BTreeSet<&str> = files.iter().map(|it| &*it.path).collect();
        let layers = db.paths_on_disk().into_iter().filter(|it| !in_roots.contains(&**it));
        let layers = layers.map(|it| file(&it)).collect();
        let wishes = wanted.iter().map(|(id, is_beside)| {
            let node = solution.node(*id);
            TracedWish {
                node: id.0 as u32,
                spec: node.spec(),
                package: node.package.name.clone(),
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
        (trace, texts)
    }
}

/// Adds a text to others; returns where it is.
pub(super) fn append(texts: &mut Vec<u8>, text: &[u8]) -> Range<u64> {
    let start = texts.len() as u64;
    texts.extend_from_slice(text);
    start..texts.len() as u64
}

pub(super) fn derivations(graph: &Graph) -> Vec<TracedDerivation<'static>> {
    let all = graph.nodes().iter().zip(graph.ids());
    let traced = all.map(|(node, id)| TracedDerivation {
        id: *id,
        encoding: Cow::Owned(node.derivation.encode()),
        title: Cow::Owned(node.title.clone()),
        urls: node.urls.clone(),
        import: node.import.clone(),
        limits: node.limits,
    });
    traced.collect()
}

fn traced(id: NodeId, node: &Node, derived: &Derived) -> TracedNode<'static> {
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
        version: Cow::Owned(node.version.as_str().to_owned()),
        edges: node.edges.clone(),
        options: options(node).map(Cow::Owned),
        derivation,
    }
}

/// The values of the options that are not what the package has where nobody says anything.
fn options(node: &Node) -> Option<Vec<u8>> {
    let mut said = Vec::new();
    for (at, (value, plain)) in node.options.iter().zip(&node.package.plain).enumerate() {
        let Some(value) = value else { continue };
        if !plain.as_ref().is_some_and(|it| Arc::ptr_eq(it, value)) {
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
