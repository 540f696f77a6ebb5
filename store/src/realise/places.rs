//! The substituters of a run, and which of them have been given up.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::builder::Cancel;
use crate::digest::{ActionId, ObjectId};
use crate::realisation::Realisation;
use crate::realise::{Event, Warning};
use crate::store::{ArchiveError, PlaceError, Placed, Session, StoreError};
use crate::substitute::{ERRORS_MAX, Miss, Substituter};

/// The substituters of a run.
pub(super) struct Places<'a> {
    places: Vec<Place<'a>>,
    events: &'a (dyn Fn(Event) + Sync),
}

struct Place<'a> {
    substituter: &'a dyn Substituter,
    errors: AtomicU32,
}

impl<'a> Places<'a> {
    pub(super) fn new(
        substituters: &[&'a dyn Substituter],
        events: &'a (dyn Fn(Event) + Sync),
    ) -> Self {
        let place =
            |it: &&'a dyn Substituter| Place { substituter: *it, errors: AtomicU32::new(0) };
        Places { places: substituters.iter().map(place).collect(), events }
    }

    /// Whether there is one left to ask.
    pub(super) fn can_be_asked(&self) -> bool {
        self.places.iter().any(Place::is_on)
    }

    /// Returns the realisations of those actions that a place knows, with its name. The first place
    /// that knows one is believed.
    pub(super) fn look_up(
        &self,
        actions: &[ActionId],
        cancel: &Cancel,
    ) -> BTreeMap<ActionId, (Realisation, String)> {
        let mut found: BTreeMap<ActionId, (Realisation, String)> = BTreeMap::new();
        for place in self.places.iter().filter(|it| it.is_on()) {
            let left: Vec<ActionId> =
                actions.iter().filter(|it| !found.contains_key(*it)).copied().collect();
            if left.is_empty() || cancel.is_set() {
                break;
            }
            match place.substituter.lookup(&left) {
                Ok(more) => {
                    for (action, realisation) in more {
                        // An answer to what was not asked is none.
                        if realisation.action == action && left.contains(&action) {
                            let name = place.substituter.name().to_owned();
                            found.entry(action).or_insert((realisation, name));
                        }
                    }
                }
                Err(miss) => self.note(place, miss),
            }
        }
        found
    }

    /// Gets an object from the first place that has it, whole and right.
    ///
    /// # Errors
    ///
    /// Only if the store fails; that no place has it is `None`.
    pub(super) fn fetch(
        &self,
        id: &ObjectId,
        session: &dyn Session,
        cancel: &Cancel,
        received: &dyn Fn(u64),
    ) -> Result<Option<Placed>, StoreError> {
        for place in self.places.iter().filter(|it| it.is_on()) {
            if cancel.is_set() {
                return Ok(None);
            }
            let archive = match place.substituter.open(id) {
                Ok(Some(archive)) => archive,
                Ok(None) => continue,
                Err(miss) => {
                    self.note(place, miss);
                    continue;
                }
            };
            let mut archive = Counted { inner: archive, bytes: 0, told: 0, received };
            match session.place_archive(id, &mut archive, cancel) {
                Ok(placed) => return Ok(Some(placed)),
                Err(PlaceError::Archive(ArchiveError::Cancelled)) => return Ok(None),
                Err(PlaceError::Store(error)) => return Err(error),
                Err(
                    error @ (PlaceError::Archive(_)
                    | PlaceError::Ingest(_)
                    | PlaceError::Unexpected { .. }),
                ) => {
                    let asked = format!("object {id}");
                    self.note(place, Miss { asked, reason: error.to_string(), is_final: false });
                }
            }
        }
        Ok(None)
    }

    fn note(&self, place: &Place<'_>, miss: Miss) {
        let count = if miss.is_final { ERRORS_MAX } else { 1 };
        let errors = place.errors.fetch_add(count, Ordering::Relaxed).saturating_add(count);
        (self.events)(Event::Warning(Warning::SubstituterFailed {
            name: place.substituter.name().to_owned(),
            asked: miss.asked,
            reason: miss.reason,
            is_given_up: errors >= ERRORS_MAX,
        }));
    }
}

impl Place<'_> {
    fn is_on(&self) -> bool {
        self.errors.load(Ordering::Relaxed) < ERRORS_MAX
    }
}

/// After how many bytes a substitution says how far it is.
const TOLD_BYTES: u64 = 256 << 10;

/// A stream that says how much was read from it.
struct Counted<'a> {
    inner: Box<dyn Read + Send>,
    bytes: u64,
    told: u64,
    received: &'a dyn Fn(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let len = self.inner.read(bytes)?;
        self.bytes += len as u64;
        if self.bytes - self.told >= TOLD_BYTES {
            self.told = self.bytes;
            (self.received)(self.bytes);
        }
        Ok(len)
    }
}
