//! Questions about what is in the store.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::digest::{ActionId, ObjectId, ids_beginning};
use crate::local::LocalStore;
use crate::local::index::ObjectRow;
use crate::name::StoreName;
use crate::object::{Item, Object, Totals, escape_names};
use crate::path::{DIGEST_LEN, StorePath};
use crate::realisation::{Origin, Realisation};
use crate::store::{Store, StoreError};

/// What is known of a valid object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its id.
    pub id: ObjectId,
    /// Its path.
    pub path: StorePath,
    /// How much is in it.
    pub totals: Totals,
    /// What it refers to.
    pub refs: Vec<ObjectId>,
    /// When it was registered, in seconds since 1970.
    pub registered_s: u64,
    /// When a session last used it, in seconds since 1970.
    pub used_s: u64,
}

/// One reference on the way from one object to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyDepends {
    /// The object that refers.
    pub from: StorePath,
    /// The object referred to.
    pub to: StorePath,
    /// The places: a file or link from the object's root, escaped, and the offset in it in bytes.
    pub sites: Vec<(String, u64)>,
}

impl LocalStore {
    /// Returns every valid object, in the order of registration.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn ls(&self) -> Result<Vec<ObjectInfo>, StoreError> {
        let rows = self.index().objects()?;
        let ids: BTreeMap<i64, ObjectId> = rows.iter().map(|it| (it.row, it.id)).collect();
        Ok(rows.into_iter().map(|it| info(it, &ids)).collect())
    }

    /// Returns what is known of an object, if it is valid.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn info(&self, id: &ObjectId) -> Result<Option<ObjectInfo>, StoreError> {
        let index = self.index();
        let Some(row) = index.object(id)? else { return Ok(None) };
        let refs = index.refs(id)?.map(|it| it.refs).unwrap_or_default();
        Ok(Some(ObjectInfo { refs, ..info(row, &BTreeMap::new()) }))
    }

    /// Returns the valid objects that a text may mean: a store path, its digest, a store name, or at
    /// least four first digits of an id. All of them if there are several.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn find(&self, text: &str) -> Result<Vec<ObjectId>, StoreError> {
        let base = text.rsplit('/').next().unwrap_or(text);
        let path = StorePath::parse(base).or_else(|error| match base.len() {
            DIGEST_LEN => StorePath::parse(&format!("{base}-x")),
            _ => Err(error),
        });
        if let Ok(path) = path {
            return self.index().objects_of_path(&path.id_prefix());
        }
        let mut found = match ids_beginning(text) {
            Some((low, high)) => self.index().objects_between(low, high)?,
            None => Vec::new(),
        };
        // A name may consist of digits, too: `face` or `cafe`.
        if let Ok(name) = StoreName::new(text) {
            found.extend(self.index().objects_by_name(&name)?);
        }
        Ok(found)
    }

    /// Returns the actions that this text may mean: its id, or at least four first digits of it. All
    /// of them if there are several, in ascending order.
    ///
    /// Known are the actions that were attempted in this store, and those that are realised, which
    /// may have been done elsewhere. [`attempt`](Self::attempt) has the titles of the former.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn actions_beginning(&self, digits: &str) -> Result<Vec<ActionId>, StoreError> {
        match ids_beginning(digits) {
            Some((low, high)) => self.index().actions_between(low, high),
            None => Ok(Vec::new()),
        }
    }

    /// Returns valid objects and everything that they refer to, directly or not.
    ///
    /// # Errors
    ///
    /// As [`StoreError`]. Ids that are not valid are left out.
    pub fn closure(&self, ids: &[ObjectId]) -> Result<BTreeSet<ObjectId>, StoreError> {
        let index = self.index();
        let mut closure = BTreeSet::new();
        let mut open: Vec<ObjectId> = ids.to_vec();
        while let Some(id) = open.pop() {
            if closure.contains(&id) {
                continue;
            }
            if let Some(refs) = index.refs(&id)? {
                closure.insert(id);
                open.extend(refs.refs);
            }
        }
        Ok(closure)
    }

    /// Returns a shortest chain of references from one object to another, each with its places.
    /// `None` if there is none.
    ///
    /// Reads no file: the places are part of the objects.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn why_depends(
        &self,
        from: &ObjectId,
        to: &ObjectId,
    ) -> Result<Option<Vec<WhyDepends>>, StoreError> {
        let mut came_from: BTreeMap<ObjectId, ObjectId> = BTreeMap::new();
        let mut seen = BTreeSet::from([*from]);
        let mut open = VecDeque::from([*from]);
        while let Some(id) = open.pop_front() {
            if id == *to {
                break;
            }
            for other in self.refs(&id)?.map(|it| it.refs).unwrap_or_default() {
                if seen.insert(other) {
                    came_from.insert(other, id);
                    open.push_back(other);
                }
            }
        }
        if from == to || !came_from.contains_key(to) {
            return Ok(None);
        }
        let mut chain = Vec::new();
        let mut id = *to;
        while let Some(before) = came_from.get(&id) {
            let (Some(object), Some(refs)) = (self.object(before)?, self.refs(&id)?) else {
                return Ok(None);
            };
            chain.push(WhyDepends {
                from: object.path(before),
                to: StorePath::of_object(&id, &refs.name),
                sites: sites_of(&object, &id),
            });
            id = *before;
        }
        chain.reverse();
        Ok(Some(chain))
    }

    /// Returns every pinned realisation, where it comes from, and since when it is known, in seconds
    /// since 1970.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn all_realisations(&self) -> Result<Vec<(Realisation, Origin, u64)>, StoreError> {
        self.index().all_realisations()
    }

    /// Reads the object of a row from its record.
    pub(super) fn read_manifest(&self, row: &ObjectRow) -> Result<Object, StoreError> {
        let (position, len) = row.manifest;
        let bytes = self.shared.segments.read_bytes(position, len)?;
        let damaged = |reason| StoreError::Record {
            path: self.shared.segments.path(position.segment),
            at: position.at,
            reason,
        };
        let object = Object::decode_manifest(&bytes).map_err(|it| damaged(it.to_string()))?;
        if object.id() != row.id {
            return Err(damaged(format!("it is object {} instead of {}", object.id(), row.id)));
        }
        Ok(object)
    }
}

fn info(row: ObjectRow, ids: &BTreeMap<i64, ObjectId>) -> ObjectInfo {
    ObjectInfo {
        id: row.id,
        path: StorePath::of_object(&row.id, &row.name),
        totals: row.totals,
        refs: row.refs.iter().filter_map(|it| ids.get(it).copied()).collect(),
        registered_s: row.registered_s,
        used_s: row.used_s,
    }
}

/// Returns where an object refers to another.
fn sites_of(object: &Object, to: &ObjectId) -> Vec<(String, u64)> {
    let target = object.refs.iter().position(|it| it == to).map(|it| it as u32 + 1);
    let mut found = Vec::new();
    let done: Result<(), std::convert::Infallible> = object.walk(|names, item| {
        let sites = match item {
            Item::Folder(_) => return Ok(()),
            Item::File(file) => &file.sites,
            Item::Link(link) => &link.sites,
        };
        for site in sites.as_slice().iter().filter(|it| Some(it.target) == target) {
            found.push((escape_names(names.iter().copied()), site.at));
        }
        Ok(())
    });
    done.unwrap_or_else(|never| match never {});
    found
}
