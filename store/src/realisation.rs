//! Realisations: "this action gave these objects", as specified in `spec/store/realisation.md`.

use std::collections::BTreeMap;

use crate::digest::{ActionId, ObjectId};
use crate::encoding::{DecodeError, Decoder, Encoder};
use crate::name::OutputName;

/// What an action gave: one object for each of its outputs.
///
/// For a download the action is [`Fetch::action_id`](crate::Fetch::action_id).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realisation {
    /// The action.
    pub action: ActionId,
    /// The object that each output turned out to be; at least one.
    pub outputs: BTreeMap<OutputName, ObjectId>,
}

/// Where a realisation comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was built or downloaded here, in this many milliseconds.
    Here {
        /// How long it took.
        duration_ms: u64,
    },
    /// A substituter gave it.
    Substituted {
        /// What the substituter is called.
        from: String,
    },
}

impl Realisation {
    /// Returns the canonical encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::versioned();
        self.encode_into(&mut encoder);
        encoder.finish()
    }

    /// Reads an encoding.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`]: whatever [`encode`](Realisation::encode) does not make.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::versioned(bytes)?;
        let realisation = Self::decode_from(&mut decoder)?;
        decoder.finish()?;
        Ok(realisation)
    }

    pub(crate) fn encode_into(&self, encoder: &mut Encoder) {
        encoder.fixed(&self.action.0);
        encoder.len(self.outputs.len());
        for (output, object) in &self.outputs {
            encoder.text(output.as_str());
            encoder.fixed(&object.0);
        }
    }

    pub(crate) fn decode_from(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let action = ActionId(decoder.digest()?);
        let at = decoder.at();
        let outputs: BTreeMap<OutputName, ObjectId> =
            decoder.map("output", |it| Ok((it.name(OutputName::new)?, ObjectId(it.digest()?))))?;
        if outputs.is_empty() {
            return Err(DecodeError::NotCanonical {
                what: "realisation",
                at,
                reason: "an action has at least one output",
            });
        }
        Ok(Realisation { action, outputs })
    }
}

impl Origin {
    pub(crate) fn encode_into(&self, encoder: &mut Encoder) {
        match self {
            Origin::Here { duration_ms } => {
                encoder.u8(1);
                encoder.u64(*duration_ms);
            }
            Origin::Substituted { from } => {
                encoder.u8(2);
                encoder.text(from);
            }
        }
    }

    pub(crate) fn decode_from(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let at = decoder.at();
        match decoder.u8()? {
            1 => Ok(Origin::Here { duration_ms: decoder.u64()? }),
            2 => Ok(Origin::Substituted { from: decoder.text()?.to_owned() }),
            found => Err(DecodeError::BadTag { what: "origin of a realisation", found, at }),
        }
    }
}
