//! What the records say, as specified in `spec/store/records.md`.
//!
//! ```text
//! batch      version, list of record            all of a batch is there, or nothing of it
//! record     1 object | 2 realisation | 3 collected | 4 root | 5 root removed | 6 attempt
//! ```

use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::encoding::{DecodeError, Decoder, Encoder};
use crate::name::StepName;
use crate::object::Object;
use crate::realisation::{Origin, Realisation};
use crate::store::{Attempted, Verdict};

/// One durable fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    /// An object became valid.
    Object {
        /// The object.
        object: Box<Object>,
        /// When, in seconds since 1970.
        at_s: u64,
    },
    /// What an action gave became known.
    Realisation {
        /// It.
        realisation: Realisation,
        /// Where it comes from.
        origin: Origin,
        /// Whether it takes the place of the one that is pinned.
        replaces: bool,
        /// When, in seconds since 1970.
        at_s: u64,
    },
    /// An object is no longer valid.
    Collected {
        /// The object.
        object: ObjectId,
    },
    /// An object is kept.
    Root(Root),
    /// A root is no more.
    RootRemoved {
        /// Its name.
        name: String,
    },
    /// An attempt at an action ended.
    Attempt(Attempted),
}

/// What keeps an object and all that it refers to from being collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its name, by which it is replaced and removed: any text, such as a path.
    pub name: String,
    /// What is kept.
    pub object: ObjectId,
    /// Why, in words, for whoever wants to free space.
    pub reason: String,
    /// Until when, in seconds since 1970; for ever if `None`.
    pub expires_s: Option<u64>,
    /// Since when, in seconds since 1970.
    pub added_s: u64,
}

/// A record of a batch, and where in the batch the manifest of its object is: offset and length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// The record.
    pub(crate) record: Record,
    /// Offset and length in bytes; `None` but for an object.
    pub(crate) manifest: Option<(usize, usize)>,
}

/// Returns the encoding of a batch, and its records with their places in it.
pub(crate) fn encode_batch(records: Vec<Record>) -> (Vec<u8>, Vec<Located>) {
    let mut encoder = Encoder::versioned();
    encoder.len(records.len());
    let mut located = Vec::with_capacity(records.len());
    for record in records {
        let mut manifest = None;
        match &record {
            Record::Object { object, at_s } => {
                encoder.u8(1);
                encoder.u64(*at_s);
                let bytes = object.encode_manifest();
                encoder.bytes(&bytes);
                manifest = Some((encoder.at() - bytes.len(), bytes.len()));
            }
            Record::Realisation { realisation, origin, replaces, at_s } => {
                encoder.u8(2);
                encoder.u64(*at_s);
                encoder.bool(*replaces);
                origin.encode_into(&mut encoder);
                realisation.encode_into(&mut encoder);
            }
            Record::Collected { object } => {
                encoder.u8(3);
                encoder.fixed(&object.0);
            }
            Record::Root(root) => {
                encoder.u8(4);
                encoder.text(&root.name);
                encoder.fixed(&root.object.0);
                encoder.text(&root.reason);
                encoder.bool(root.expires_s.is_some());
                if let Some(expires_s) = root.expires_s {
                    encoder.u64(expires_s);
                }
                encoder.u64(root.added_s);
            }
            Record::RootRemoved { name } => {
                encoder.u8(5);
                encoder.text(name);
            }
            Record::Attempt(attempt) => {
                encoder.u8(6);
                encode_attempt(&mut encoder, attempt);
            }
        }
        located.push(Located { record, manifest });
    }
    (encoder.finish(), located)
}

/// Reads a batch.
pub(crate) fn decode_batch(bytes: &[u8]) -> Result<Vec<Located>, DecodeError> {
    let mut decoder = Decoder::versioned(bytes)?;
    let records = decoder.list(|it| {
        let mut manifest = None;
        let at = it.at();
        let record = match it.u8()? {
            1 => {
                let at_s = it.u64()?;
                let bytes = it.bytes()?;
                manifest = Some((it.at() - bytes.len(), bytes.len()));
                Record::Object { object: Box::new(Object::decode_manifest(bytes)?), at_s }
            }
            2 => {
                let at_s = it.u64()?;
                let replaces = it.bool("mark of a replacement")?;
                let origin = Origin::decode_from(it)?;
                let realisation = Realisation::decode_from(it)?;
                Record::Realisation { realisation, origin, replaces, at_s }
            }
            3 => Record::Collected { object: ObjectId(it.digest()?) },
            4 => Record::Root(Root {
                name: it.text()?.to_owned(),
                object: ObjectId(it.digest()?),
                reason: it.text()?.to_owned(),
                expires_s: if it.bool("mark of an end")? { Some(it.u64()?) } else { None },
                added_s: it.u64()?,
            }),
            5 => Record::RootRemoved { name: it.text()?.to_owned() },
            6 => Record::Attempt(decode_attempt(it)?),
            found => return Err(DecodeError::BadTag { what: "kind of record", found, at }),
        };
        Ok(Located { record, manifest })
    })?;
    decoder.finish()?;
    Ok(records)
}

fn encode_attempt(encoder: &mut Encoder, attempt: &Attempted) {
    let Attempted { action, derivation, title, started_s, duration_ms, verdict } = attempt;
    encoder.fixed(&action.0);
    encoder.fixed(&derivation.0);
    encoder.text(title);
    encoder.u64(*started_s);
    encoder.u64(*duration_ms);
    match verdict {
        Verdict::Done => encoder.u8(1),
        Verdict::StepFailed { step, status } => {
            encoder.u8(2);
            encoder.text(step.as_str());
            encoder.text(status);
        }
        Verdict::Failed { reason } => {
            encoder.u8(3);
            encoder.text(reason);
        }
    }
}

fn decode_attempt(decoder: &mut Decoder<'_>) -> Result<Attempted, DecodeError> {
    let action = ActionId(decoder.digest()?);
    let derivation = DerivationId(decoder.digest()?);
    let title = decoder.text()?.to_owned();
    let started_s = decoder.u64()?;
    let duration_ms = decoder.u64()?;
    let at = decoder.at();
    let verdict = match decoder.u8()? {
        1 => Verdict::Done,
        2 => Verdict::StepFailed {
            step: decoder.name(StepName::new)?,
            status: decoder.text()?.to_owned(),
        },
        3 => Verdict::Failed { reason: decoder.text()?.to_owned() },
        found => return Err(DecodeError::BadTag { what: "verdict", found, at }),
    };
    Ok(Attempted { action, derivation, title, started_s, duration_ms, verdict })
}
