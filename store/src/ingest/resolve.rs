//! From drafts to objects: which object each reference is, and in which order ids can be computed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::ObjectId;
use crate::ingest::draft::DraftItem;
use crate::ingest::{Draft, DraftContents, IngestError, OutputLink};
use crate::name::StoreName;
use crate::object::{Entry, File, Item, Link, Object, ObjectError, Site, Sites, Tree};
use crate::scan::{Found, Hit};

/// What a candidate of the search stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An object.
    Object(ObjectId),
    /// The output at this place among those that are resolved together.
    Output(usize),
}

/// A draft to resolve.
#[derive(Debug)]
pub(crate) struct Unresolved {
    /// What messages call it.
    pub(crate) shown: String,
    /// Its store name.
    pub(crate) name: StoreName,
    /// Its tree.
    pub(crate) draft: Draft,
}

/// A draft whose references are known.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The object.
    pub(crate) object: Object,
    /// Its id.
    pub(crate) id: ObjectId,
    /// What its files hold.
    pub(crate) contents: DraftContents,
}

/// Makes objects of drafts that may refer to each other, and returns them in the order given.
///
/// # Errors
///
/// [`IngestError::Circle`], and [`IngestError::Object`] if a rule of objects is broken.
pub(crate) fn resolve(
    drafts: Vec<Unresolved>,
    targets: &[Target],
) -> Result<Vec<Resolved>, IngestError> {
    let links: Vec<BTreeMap<usize, OutputLink>> = drafts
        .iter()
        .enumerate()
        .map(|(own, it)| find_links(own, &it.draft, targets, &drafts))
        .collect();
    let order = order(&links)?;
    let mut ids: Vec<Option<ObjectId>> = vec![None; drafts.len()];
    let mut drafts: Vec<Option<Unresolved>> = drafts.into_iter().map(Some).collect();
    let mut resolved: Vec<Option<Resolved>> = drafts.iter().map(|_| None).collect();
    for own in order {
        let Some(Unresolved { shown, name, draft }) = drafts[own].take() else { continue };
        let mut resolver =
            Resolver { own, ids: &ids, targets, refs: Vec::new(), numbers: BTreeMap::new() };
        let broken = |source| IngestError::Object { path: shown.clone(), source };
        let root = resolver.item(draft.root).map_err(broken)?;
        let object = Object::new(name, resolver.refs, root).map_err(broken)?;
        let id = object.id();
        ids[own] = Some(id);
        resolved[own] = Some(Resolved { object, id, contents: draft.contents });
    }
    Ok(resolved.into_iter().flatten().collect())
}

/// Returns the first place at which a draft refers to each other output.
fn find_links(
    own: usize,
    draft: &Draft,
    targets: &[Target],
    drafts: &[Unresolved],
) -> BTreeMap<usize, OutputLink> {
    let mut links = BTreeMap::new();
    let mut names = vec![drafts[own].shown.clone()];
    find_links_of(&draft.root, &mut names, &mut |names, found| {
        if let Hit::Candidate(at) = found.hit
            && let Target::Output(other) = targets[at]
            && other != own
        {
            links.entry(other).or_insert_with(|| OutputLink {
                path: names.join("/"),
                at: found.at,
                to: drafts[other].shown.clone(),
            });
        }
    });
    links
}

fn find_links_of(
    item: &DraftItem,
    names: &mut Vec<String>,
    visit: &mut dyn FnMut(&[String], &Found),
) {
    match item {
        DraftItem::Folder(entries) => {
            for (name, item) in entries {
                names.push(name.to_string());
                find_links_of(item, names, visit);
                names.pop();
            }
        }
        DraftItem::File { found, .. } | DraftItem::Link { found, .. } => {
            found.iter().for_each(|it| visit(names, it));
        }
    }
}

/// Returns the outputs so that each comes after those to which it refers.
fn order(links: &[BTreeMap<usize, OutputLink>]) -> Result<Vec<usize>, IngestError> {
    let mut order = Vec::with_capacity(links.len());
    while order.len() < links.len() {
        let ready = (0..links.len()).find(|own| {
            !order.contains(own) && links[*own].keys().all(|other| order.contains(other))
        });
        match ready {
            Some(own) => order.push(own),
            None => return Err(IngestError::Circle { circle: find_circle(links, &order) }),
        }
    }
    Ok(order)
}

/// Follows the links of outputs that are not in `done`, each of which has one to another such,
/// until one comes back.
fn find_circle(links: &[BTreeMap<usize, OutputLink>], done: &[usize]) -> Vec<OutputLink> {
    let mut path: Vec<usize> = Vec::new();
    let mut circle = Vec::new();
    let Some(mut own) = (0..links.len()).find(|it| !done.contains(it)) else { return circle };
    loop {
        if let Some(start) = path.iter().position(|it| *it == own) {
            circle.drain(..start);
            return circle;
        }
        path.push(own);
        let Some((other, link)) = links[own].iter().find(|(other, _)| !done.contains(other)) else {
            return circle;
        };
        circle.push(link.clone());
        own = *other;
    }
}

/// Numbers the references of one object in the order of their first occurrence.
struct Resolver<'a> {
    own: usize,
    ids: &'a [Option<ObjectId>],
    targets: &'a [Target],
    refs: Vec<ObjectId>,
    numbers: BTreeMap<ObjectId, u32>,
}

impl Resolver<'_> {
    fn item(&mut self, item: DraftItem) -> Result<Item, ObjectError> {
        match item {
            DraftItem::Folder(entries) => {
                let entries: Vec<Entry> = entries
                    .into_iter()
                    .map(|(name, item)| Ok(Entry { name, item: self.item(item)? }))
                    .collect::<Result<_, ObjectError>>()?;
                Ok(Item::Folder(Arc::new(Tree::new(entries)?)))
            }
            DraftItem::File { template, bytes, executable, found } => {
                let sites = self.sites(&found)?;
                Ok(Item::File(File { template, bytes, executable, sites }))
            }
            DraftItem::Link { template, found } => {
                let sites = self.sites(&found)?;
                Ok(Item::Link(Link::new(&template, sites)?))
            }
        }
    }

    fn sites(&mut self, found: &[Found]) -> Result<Sites, ObjectError> {
        let mut sites = Vec::with_capacity(found.len());
        for found in found {
            // A leak was refused when the file was read.
            let Hit::Candidate(at) = found.hit else { continue };
            let id = match self.targets[at] {
                Target::Output(other) if other == self.own => None,
                Target::Output(other) => self.ids[other],
                Target::Object(id) => Some(id),
            };
            let target = id.map_or(0, |id| self.number(id));
            sites.push(Site { at: found.at, target });
        }
        Sites::new(sites)
    }

    fn number(&mut self, id: ObjectId) -> u32 {
        let next = self.refs.len() as u32 + 1;
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.refs.push(id);
        }
        number
    }
}
