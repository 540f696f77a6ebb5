//! What realising something would do, as far as that is known before anything runs.
//!
//! ```text
//! wanted ─memo, or the outputs of its inputs─▶ action ─store, caches─▶ there | to substitute | to run
//! ```
//!
//! A build whose inputs are still to be built has no action yet: if it was built before, and they turn
//! out to be what they were then, it is not run.

use std::collections::{BTreeMap, BTreeSet};

use kiln_store::{
    ActionId, Derivation, DerivationId, Graph, InputRef, Inputs, LocalStore, Miss, Node, ObjectId,
    OutputName, Store as _, StoreError, Substituter, Warning,
};

/// What would be done for a derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doing {
    /// Nothing: what is needed of it is in the store.
    Nothing,
    /// It is copied from a cache.
    Substitute,
    /// It is downloaded.
    Fetch,
    /// It is built.
    Build,
}

impl Doing {
    /// What it is called for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Doing::Nothing => "nothing",
            Doing::Substitute => "substitute",
            Doing::Fetch => "fetch",
            Doing::Build => "build",
        }
    }
}

/// What would be done for one derivation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) id: DerivationId,
    pub(crate) doing: Doing,
    /// Whether that is sure, or depends on what something below it turns out to be.
    pub(crate) sure: bool,
}

/// What would be done, each derivation once, what others need before them.
pub(crate) struct Forecast {
    pub(crate) steps: Vec<Step>,
    /// The caches that did not answer.
    pub(crate) warnings: Vec<Warning>,
}

impl Forecast {
    /// Looks at what is there for these outputs.
    pub(crate) fn of(
        store: &LocalStore,
        caches: &[Box<dyn Substituter>],
        graph: &Graph,
        wanted: &[InputRef],
    ) -> Result<Forecast, StoreError> {
        let names = store.ls()?.into_iter().map(|it| it.path.name().to_owned()).collect();
        let mut looking = Looking {
            store,
            caches,
            graph,
            names,
            known: BTreeMap::new(),
            seen: BTreeMap::new(),
            steps: Vec::new(),
            misses: BTreeMap::new(),
        };
        for input in wanted {
            looking.need(input, true)?;
        }
        // What was first needed perhaps, and then for sure, is sure.
        let Looking { seen, mut steps, misses, .. } = looking;
        for step in &mut steps {
            step.sure = seen.get(&step.id).copied().unwrap_or(step.sure);
        }
        let warning = |(at, miss): (usize, Miss)| Warning::SubstituterFailed {
            name: caches[at].name().to_owned(),
            asked: miss.asked,
            reason: miss.reason,
            is_given_up: true,
        };
        Ok(Forecast { steps, warnings: misses.into_iter().map(warning).collect() })
    }

    /// What would be done for a derivation.
    pub(crate) fn step(&self, id: &DerivationId) -> Option<&Step> {
        self.steps.iter().find(|it| it.id == *id)
    }

    /// The derivations for which something of this kind would be done.
    pub(crate) fn all(&self, doing: Doing, sure: bool) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |it| it.doing == doing && it.sure == sure)
    }
}

/// The objects that a derivation gives, and whether only a cache knows that.
#[derive(Clone)]
struct Outputs {
    objects: BTreeMap<OutputName, ObjectId>,
    is_elsewhere: bool,
}

struct Looking<'a> {
    store: &'a LocalStore,
    caches: &'a [Box<dyn Substituter>],
    graph: &'a Graph,
    /// What objects in the store are called.
    names: BTreeSet<String>,
    known: BTreeMap<DerivationId, Option<Outputs>>,
    /// What has a step, and whether for sure.
    seen: BTreeMap<DerivationId, bool>,
    steps: Vec<Step>,
    /// What caches said that did not answer, by their place; they are not asked again.
    misses: BTreeMap<usize, Miss>,
}

impl Looking<'_> {
    /// Notes what has to be done so that an output is there.
    fn need(&mut self, input: &InputRef, sure: bool) -> Result<(), StoreError> {
        let id = input.derivation;
        let Some(node) = self.graph.node(&id) else { return Ok(()) };
        let outputs = self.outputs(&id)?;
        let object = outputs.as_ref().and_then(|it| it.objects.get(&input.output));
        let (doing, sure) = match (&*node.derivation, &outputs, object) {
            (_, Some(of), Some(object)) if !of.is_elsewhere && self.has(object)? => {
                (Doing::Nothing, true)
            }
            // What is imported is on this machine.
            (Derivation::Import(_), ..) => (Doing::Nothing, true),
            (_, Some(_), Some(object)) if self.is_in_a_cache(object) => (Doing::Substitute, sure),
            (Derivation::Fetch(_), ..) => (Doing::Fetch, sure),
            (Derivation::Build(_), Some(_), _) => (Doing::Build, sure),
            (Derivation::Build(_), None, _) => (Doing::Build, self.is_sure(node)?),
        };
        match self.seen.get(&id) {
            Some(true) => return Ok(()),
            Some(false) if !sure => return Ok(()),
            _ => {}
        }
        let is_new = self.seen.insert(id, sure).is_none();
        if doing == Doing::Build {
            let inputs = node.as_build().map(|it| it.inputs.values()).into_iter().flatten();
            for input in inputs {
                self.need(input, sure)?;
            }
        }
        if is_new {
            self.steps.push(Step { id, doing, sure });
        }
        Ok(())
    }

    /// The objects that a derivation gives, if that is known.
    fn outputs(&mut self, id: &DerivationId) -> Result<Option<Outputs>, StoreError> {
        if let Some(known) = self.known.get(id) {
            return Ok(known.clone());
        }
        let Some(node) = self.graph.node(id) else { return Ok(None) };
        let found = match &*node.derivation {
            Derivation::Import(import) => Some(Outputs {
                objects: BTreeMap::from([(OutputName::default_output(), import.object)]),
                is_elsewhere: false,
            }),
            Derivation::Fetch(fetch) => self.given(fetch.action_id())?,
            Derivation::Build(build) => {
                let memo = self.store.memos(&[*id])?.actions.into_iter().flatten().next();
                let by_memo = match memo {
                    Some(action) => self.given(action)?,
                    None => None,
                };
                match (by_memo, self.inputs(node)?) {
                    (None, Some(inputs)) => self.given(build.with_inputs(inputs).id())?,
                    (found, _) => found,
                }
            }
        };
        self.known.insert(*id, found.clone());
        Ok(found)
    }

    /// Whether a build whose outputs nobody knows has to run: its action is known, or it was never
    /// built, however its inputs turned out.
    fn is_sure(&mut self, node: &Node) -> Result<bool, StoreError> {
        let was_built = self.names.contains(node.derivation.name().as_str());
        Ok(!was_built && self.caches.is_empty() || self.inputs(node)?.is_some())
    }

    /// The objects that a build sees, by label, if all of them are known.
    fn inputs(&mut self, node: &Node) -> Result<Option<Inputs<ObjectId>>, StoreError> {
        let mut objects = Inputs::default();
        for (label, input) in node.as_build().map(|it| &it.inputs).into_iter().flatten() {
            let outputs = self.outputs(&input.derivation)?;
            let Some(object) = outputs.and_then(|it| it.objects.get(&input.output).copied()) else {
                return Ok(None);
            };
            objects.insert(label.clone(), object);
        }
        Ok(Some(objects))
    }

    /// What an action gave, here or elsewhere.
    fn given(&mut self, action: ActionId) -> Result<Option<Outputs>, StoreError> {
        if let Some(here) = self.store.realisations(&[action])?.into_iter().flatten().next() {
            return Ok(Some(Outputs { objects: here.outputs, is_elsewhere: false }));
        }
        let found = self.in_caches(|it| Ok(it.lookup(&[action])?.remove(&action)));
        Ok(found.map(|it| Outputs { objects: it.outputs, is_elsewhere: true }))
    }

    fn has(&self, object: &ObjectId) -> Result<bool, StoreError> {
        Ok(self.store.refs(object)?.is_some())
    }

    fn is_in_a_cache(&mut self, object: &ObjectId) -> bool {
        self.in_caches(|it| it.open(object)).is_some()
    }

    /// What the first cache has that has it. One that does not answer has nothing.
    fn in_caches<T>(
        &mut self,
        ask: impl Fn(&dyn Substituter) -> Result<Option<T>, Miss>,
    ) -> Option<T> {
        for (at, cache) in self.caches.iter().enumerate() {
            if self.misses.contains_key(&at) {
                continue;
            }
            match ask(&**cache) {
                Ok(Some(found)) => return Some(found),
                Ok(None) => {}
                Err(miss) => {
                    self.misses.insert(at, miss);
                }
            }
        }
        None
    }
}

/// The titles of steps, each once, in order.
pub(crate) fn titles<'s>(graph: &Graph, steps: impl Iterator<Item = &'s Step>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let title = |it: &Step| graph.node(&it.id).map(|it| it.title.clone());
    steps.filter_map(title).filter(|it| seen.insert(it.clone())).collect()
}
