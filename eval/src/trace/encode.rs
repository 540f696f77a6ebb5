//! A trace as bytes.
//!
//! The encoding is read by the program that wrote it and by no other, so it has no version. What
//! cannot be read is as if it were not there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::types::Ty;
use kiln_lang::{Database, Version};
use kiln_store::{DecodeError, Decoder, DerivationId, Encoder, ImportSource, Limits, OutputName};

use super::{Trace, TracedDerivation, TracedFile, TracedNode, TracedWish};
use crate::package::{ExportFrom, ExportKey, Place};
use crate::solution::{Edge, Injection, NodeId, NodePart};
use crate::value::{Bits, Value};

/// How many bytes most things in a trace take, without what is encoded elsewhere.
const ABOUT: usize = 256;

const ROLES: [Role; 5] = [Role::Build, Role::Host, Role::Run, Role::Test, Role::Extends];
const FROM: [ExportFrom; 3] = [ExportFrom::Build, ExportFrom::Host, ExportFrom::NoArch];

impl<'t> Trace<'t> {
    /// Returns the trace as bytes; nothing if a path in it is not UTF-8 text.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let Trace { files, layers, has_lock, asked_for, units, nodes, derivations, wishes } = self;
        let derived: usize = derivations.iter().map(|it| it.encoding.len() + ABOUT).sum();
        let len = derived + (files.len() + nodes.len()) * ABOUT;
        let mut encoder = Encoder::with_capacity(len);
        encoder.bool(*has_lock);
        for files in [files, layers] {
            list(&mut encoder, files, |encoder, it| {
                encoder.text(&it.path);
                option(encoder, it.text.as_ref(), |encoder, text| {
                    encoder.u64(text.start);
                    encoder.u64(text.end);
                });
                Some(())
            })?;
        }
        list(&mut encoder, asked_for, |encoder, it| {
            encoder.text(it);
            Some(())
        })?;
        list(&mut encoder, units, |encoder, it| {
            encoder.bool(*it);
            Some(())
        })?;
        list(&mut encoder, nodes, |encoder, it| {
            encode_node(encoder, it);
            Some(())
        })?;
        list(&mut encoder, derivations, encode_derivation)?;
        list(&mut encoder, wishes, |encoder, it| {
            encoder.u32(it.node);
            encoder.text(&it.spec);
            encoder.text(&it.package);
            encoder.text(&it.name);
            encoder.bool(it.is_beside);
            Some(())
        })?;
        Some(encoder.finish())
    }

    /// Reads a trace from bytes that [`encode`](Trace::encode) has made.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`].
    pub fn decode(bytes: &'t [u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::part(bytes);
        let trace = Trace {
            has_lock: decoder.bool("mark of a lock")?,
            files: decoder.list(decode_file)?,
            layers: decoder.list(decode_file)?,
            asked_for: decoder.list(|it| Ok(Name::from(it.text()?)))?.into_iter().collect(),
            units: decoder.list(|it| it.bool("mark of a unit"))?,
            nodes: decoder.list(decode_node)?,
            derivations: decoder.list(decode_derivation)?,
            wishes: decoder.list(|it| {
                Ok(TracedWish {
                    node: it.u32()?,
                    spec: it.text()?.to_owned(),
                    package: Name::from(it.text()?),
                    name: it.text()?.to_owned(),
                    is_beside: it.bool("mark of what is beside")?,
                })
            })?,
        };
        decoder.finish()?;
        Ok(trace)
    }
}

fn decode_file<'t>(decoder: &mut Decoder<'t>) -> Result<TracedFile<'t>, DecodeError> {
    let path = Cow::Borrowed(decoder.text()?);
    let text = match decoder.bool("mark of a text")? {
        true => Some(decoder.u64()?..decoder.u64()?),
        false => None,
    };
    Ok(TracedFile { path, text })
}

fn list<T>(
    encoder: &mut Encoder,
    items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    mut item: impl FnMut(&mut Encoder, T) -> Option<()>,
) -> Option<()> {
    let items = items.into_iter();
    encoder.len(items.len());
    for it in items {
        item(encoder, it)?;
    }
    Some(())
}

fn option<T>(encoder: &mut Encoder, value: Option<T>, some: impl FnOnce(&mut Encoder, T)) {
    encoder.bool(value.is_some());
    if let Some(value) = value {
        some(encoder, value);
    }
}

//------ nodes

fn encode_node(encoder: &mut Encoder, node: &TracedNode<'_>) {
    encoder.text(&node.package);
    encoder.u32(node.unit);
    match &node.part {
        None => encoder.u8(0),
        Some(NodePart::Compile(name)) => {
            encoder.u8(1);
            encoder.text(name);
        }
        Some(NodePart::Output { name, from }) => {
            encoder.u8(2);
            encoder.text(name);
            encoder.varint(from.0 as u64);
        }
    }
    encoder.bool(node.has_own_output);
    encoder.text(&node.version);
    encoder.len(node.edges.len());
    for edge in &*node.edges {
        encoder.u8(ROLES.iter().position(|it| *it == edge.role).unwrap_or_default() as u8);
        encoder.varint(edge.to.0 as u64);
        encoder.text(&edge.name);
        option(encoder, edge.output.as_ref(), |encoder, it| encoder.text(it));
        option(encoder, edge.injected.as_ref(), |encoder, it| {
            encoder.varint(it.by.0 as u64);
            encoder.u8(FROM.iter().position(|from| *from == it.key.from).unwrap_or_default() as u8);
            encoder.u8(ROLES.iter().position(|to| *to == it.key.to).unwrap_or_default() as u8);
            encoder.bool(it.key.limit);
        });
    }
    option(encoder, node.options.as_ref(), |encoder, it| encoder.bytes(it));
    option(encoder, node.derivation.as_ref(), |encoder, (at, output)| {
        encoder.u32(*at);
        encoder.text(output.as_str());
    });
}

fn decode_node<'t>(decoder: &mut Decoder<'t>) -> Result<TracedNode<'t>, DecodeError> {
    let package = Name::from(decoder.text()?);
    let unit = decoder.u32()?;
    let at = decoder.at();
    let part = match decoder.u8()? {
        0 => None,
        1 => Some(NodePart::Compile(Name::from(decoder.text()?))),
        2 => {
            let name = Name::from(decoder.text()?);
            Some(NodePart::Output { name, from: NodeId(decoder.varint()? as usize) })
        }
        found => return Err(DecodeError::BadTag { what: "part of a package", found, at }),
    };
    Ok(TracedNode {
        package,
        unit,
        part,
        has_own_output: decoder.bool("mark of an output")?,
        version: Cow::Borrowed(decoder.text()?),
        edges: Cow::Owned(decoder.list(decode_edge)?),
        options: match decoder.bool("mark of options")? {
            true => Some(Cow::Borrowed(decoder.bytes()?)),
            false => None,
        },
        derivation: match decoder.bool("mark of a derivation")? {
            true => Some((decoder.u32()?, decoder.name(OutputName::new)?)),
            false => None,
        },
    })
}

fn decode_edge(decoder: &mut Decoder<'_>) -> Result<Edge, DecodeError> {
    let role = one_of(decoder, &ROLES, "role")?;
    let to = NodeId(decoder.varint()? as usize);
    let name = Name::from(decoder.text()?);
    let output = match decoder.bool("mark of an output")? {
        true => Some(Box::new(Name::from(decoder.text()?))),
        false => None,
    };
    let injected = match decoder.bool("mark of an export")? {
        true => {
            let by = NodeId(decoder.varint()? as usize);
            let from = one_of(decoder, &FROM, "origin of an export")?;
            let to = one_of(decoder, &ROLES, "role")?;
            let key = ExportKey { from, to, limit: decoder.bool("mark of a limit")? };
            // Builds do not ask where an export is written.
            let place = Place { file: Database::PACKAGE, start: 0, end: 0 };
            Some(Box::new(Injection { by, key, place }))
        }
        false => None,
    };
    Ok(Edge { role, to, name, output, injected })
}

fn one_of<T: Copy>(
    decoder: &mut Decoder<'_>,
    all: &[T],
    what: &'static str,
) -> Result<T, DecodeError> {
    let at = decoder.at();
    let found = decoder.u8()?;
    all.get(found as usize).copied().ok_or(DecodeError::BadTag { what, found, at })
}

//------ derivations

fn encode_derivation(encoder: &mut Encoder, derivation: &TracedDerivation<'_>) -> Option<()> {
    let TracedDerivation { id, encoding, title, urls, import, limits } = derivation;
    encoder.fixed(&id.0);
    encoder.bytes(encoding);
    encoder.text(title);
    encoder.len(urls.len());
    urls.iter().for_each(|it| encoder.text(it));
    match import {
        None => encoder.u8(0),
        Some(ImportSource::File { bytes, executable }) => {
            encoder.u8(1);
            encoder.bytes(bytes);
            encoder.bool(*executable);
        }
        Some(ImportSource::Path(path)) => {
            encoder.u8(2);
            encoder.text(path.to_str()?);
        }
    }
    let Limits {
        time_s_max,
        silence_s_max,
        log_bytes_max,
        disk_bytes_max,
        processes_max,
        cores: _,
    } = limits;
    for limit in [time_s_max, silence_s_max, log_bytes_max, disk_bytes_max, processes_max] {
        encoder.varint(*limit);
    }
    Some(())
}

fn decode_derivation<'t>(decoder: &mut Decoder<'t>) -> Result<TracedDerivation<'t>, DecodeError> {
    let id = DerivationId(decoder.digest()?);
    let encoding = Cow::Borrowed(decoder.bytes()?);
    let title = Cow::Borrowed(decoder.text()?);
    let urls = Cow::Owned(decoder.list(|it| Ok(it.text()?.to_owned()))?);
    let at = decoder.at();
    let import = match decoder.u8()? {
        0 => None,
        1 => Some(ImportSource::File {
            bytes: Arc::from(decoder.bytes()?),
            executable: decoder.bool("whether it can be executed")?,
        }),
        2 => Some(ImportSource::Path(PathBuf::from(decoder.text()?))),
        found => return Err(DecodeError::BadTag { what: "import", found, at }),
    };
    let limits = Limits {
        time_s_max: decoder.varint()?,
        silence_s_max: decoder.varint()?,
        log_bytes_max: decoder.varint()?,
        disk_bytes_max: decoder.varint()?,
        processes_max: decoder.varint()?,
        ..Limits::default()
    };
    Ok(TracedDerivation { id, encoding, title, urls, import, limits })
}

//------ values

/// Writes the value of an option; nothing if it is of a kind that no option has.
pub(super) fn encode_value(encoder: &mut Encoder, value: &Value) -> Option<()> {
    match value {
        Value::Null => encoder.u8(0),
        Value::Bool(value) => {
            encoder.u8(1);
            encoder.bool(*value);
        }
        Value::Int(number) => {
            encoder.u8(2);
            encoder.u64(*number as u64);
        }
        Value::Size(bytes) => {
            encoder.u8(3);
            encoder.u64(*bytes as u64);
        }
        Value::Duration(nanoseconds) => {
            encoder.u8(4);
            encoder.u64(*nanoseconds as u64);
        }
        Value::Text(text) => {
            encoder.u8(5);
            encoder.text(text.as_plain()?);
        }
        Value::Version(version) => {
            encoder.u8(6);
            encoder.text(version.as_str());
        }
        Value::Enum(_, at) => {
            encoder.u8(7);
            encoder.u32(*at);
        }
        Value::Set(_, bits) => {
            encoder.u8(8);
            encoder.len(bits.len());
            bits.iter().for_each(|it| encoder.u32(it));
        }
        Value::List(items) => {
            encoder.u8(9);
            encoder.len(items.len());
            for item in items.iter() {
                encode_value(encoder, item)?;
            }
        }
        Value::Map(map) => {
            encoder.u8(10);
            encoder.len(map.len());
            for (key, value) in map.iter() {
                encoder.text(key);
                encode_value(encoder, value)?;
            }
        }
        _ => return None,
    }
    Some(())
}

/// Reads the value of an option of this type.
pub(super) fn decode_value(decoder: &mut Decoder<'_>, ty: &Ty) -> Result<Value, DecodeError> {
    let at = decoder.at();
    Ok(match (decoder.u8()?, ty.without_opt()) {
        (0, _) => Value::Null,
        (1, Ty::Bool) => Value::Bool(decoder.bool("feature")?),
        (2, Ty::Int(_)) => Value::Int(decoder.u64()? as i64),
        (3, Ty::Size(_)) => Value::Size(decoder.u64()? as i64),
        (4, Ty::Duration(_)) => Value::Duration(decoder.u64()? as i64),
        (5, Ty::String(_) | Ty::Path) => Value::text(decoder.text()?),
        (6, Ty::Version) => Value::Version(Version::new(decoder.text()?)),
        (7, Ty::Enum(of)) => Value::Enum(of.clone(), place_in(decoder, of.values.len())?),
        (8, Ty::Set(of)) => {
            let bits: Bits =
                decoder.list(|it| place_in(it, of.values.len()))?.into_iter().collect();
            Value::Set(of.clone(), bits)
        }
        (9, Ty::List(of)) => Value::List(decoder.list(|it| decode_value(it, of))?.into()),
        (10, Ty::Map(of)) => {
            let entries = decoder.list(|it| Ok((it.text()?.to_owned(), decode_value(it, of)?)))?;
            Value::Map(Arc::new(entries.into_iter().collect::<BTreeMap<_, _>>()))
        }
        (found, _) => return Err(DecodeError::BadTag { what: "value of its type", found, at }),
    })
}

/// Reads the place of a value in an enum of so many.
fn place_in(decoder: &mut Decoder<'_>, count: usize) -> Result<u32, DecodeError> {
    let at = decoder.at();
    let place = decoder.u32()?;
    if (place as usize) < count { Ok(place) } else { Err(DecodeError::BadNumber { at }) }
}
