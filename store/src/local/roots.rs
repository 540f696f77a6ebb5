//! Roots: what keeps objects from being collected for as long as its writer wants.

use std::collections::BTreeMap;

use crate::digest::ObjectId;
use crate::local::record::{Record, Root};
use crate::local::{GcError, LocalStore, now_s};
use crate::store::{Session as _, StoreError};

impl LocalStore {
    /// Returns every root, by name.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn roots(&self) -> Result<Vec<Root>, StoreError> {
        self.index().roots()
    }

    /// Keeps an object, and all that it refers to, from being collected. A root of the same name is
    /// replaced.
    ///
    /// # Errors
    ///
    /// [`GcError::NoObject`] if the object is not valid.
    pub fn add_root(
        &self,
        name: &str,
        object: &ObjectId,
        reason: &str,
        expires_s: Option<u64>,
    ) -> Result<(), GcError> {
        self.add_roots(&[(name, *object)], reason, expires_s)
    }

    /// Keeps objects until `enough_s` at least, in seconds since 1970, each by a root of this name.
    ///
    /// Roots of these names that keep the same objects so long are left alone. The others are
    /// written, all at once, to end at `expires_s`. So what is asked for again and again is written
    /// once in a while, and waiting for the disk is rare.
    ///
    /// # Errors
    ///
    /// [`GcError::NoObject`] if one of the objects is not valid. Nothing is written then.
    pub fn renew_roots(
        &self,
        roots: &BTreeMap<String, ObjectId>,
        reason: &str,
        enough_s: u64,
        expires_s: u64,
    ) -> Result<(), GcError> {
        let mut short = Vec::new();
        {
            let index = self.index();
            for (name, object) in roots {
                let root = index.root(name)?.filter(|it| it.object == *object);
                let is_kept = root.is_some_and(|it| it.expires_s.is_none_or(|it| it >= enough_s));
                if !is_kept || !index.is_valid(object)? {
                    short.push((name.as_str(), *object));
                }
            }
        }
        if short.is_empty() {
            return Ok(());
        }
        self.add_roots(&short, reason, Some(expires_s))
    }

    fn add_roots(
        &self,
        roots: &[(&str, ObjectId)],
        reason: &str,
        expires_s: Option<u64>,
    ) -> Result<(), GcError> {
        let session = self.session_of_this()?;
        let ids: Vec<ObjectId> = roots.iter().map(|it| it.1).collect();
        let valid = session.hold(&ids)?;
        if let Some(at) = valid.iter().position(|is_valid| !is_valid) {
            return Err(GcError::NoObject { id: ids[at] });
        }
        let added_s = now_s();
        let records = roots.iter().map(|(name, object)| {
            Record::Root(Root {
                name: (*name).to_owned(),
                object: *object,
                reason: reason.to_owned(),
                expires_s,
                added_s,
            })
        });
        Ok(self.record(records.collect())?)
    }

    /// Removes a root. What it kept stays until the next collection.
    ///
    /// # Errors
    ///
    /// [`GcError::NoRoot`] if there is none of this name.
    pub fn remove_root(&self, name: &str) -> Result<(), GcError> {
        self.shared.check_writable()?;
        if !self.roots()?.iter().any(|it| it.name == name) {
            return Err(GcError::NoRoot { name: name.to_owned() });
        }
        Ok(self.record(vec![Record::RootRemoved { name: name.to_owned() }])?)
    }
}
