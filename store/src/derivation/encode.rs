//! Encodings and ids of derivations and actions, as specified in `spec/store/derivation.md`.

use std::collections::BTreeMap;

use crate::derivation::{
    Action, Build, BuildKind, Derivation, Fetch, FetchHash, Import, InputRef, Piece, Step,
    Template, Unpack, UnpackRoot,
};
use crate::digest::{ActionId, DerivationId, ObjectId};
use crate::encoding::{DecodeError, Decoder, Encoder};
use crate::name::{EnvName, Label, OutputName, StepName, StoreName, System};

/// The domain of the keys of downloads, which are looked up like actions.
const FETCH_DOMAIN: &str = "kiln fetch v1";

impl Derivation {
    /// Returns the canonical encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::versioned();
        match self {
            Derivation::Build(build) => {
                encoder.u8(1);
                encode_build(&mut encoder, build);
            }
            Derivation::Fetch(fetch) => {
                encoder.u8(2);
                encode_fetch(&mut encoder, fetch);
            }
            Derivation::Import(import) => {
                encoder.u8(3);
                encoder.text(import.name.as_str());
                encoder.fixed(&import.object.0);
            }
        }
        encoder.finish()
    }

    /// Reads an encoding.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`]: whatever [`encode`](Derivation::encode) does not make from a derivation
    /// that passes [`check`](Derivation::check).
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::versioned(bytes)?;
        let at = decoder.at();
        let derivation = match decoder.u8()? {
            1 => Derivation::Build(decode_build(&mut decoder)?),
            2 => Derivation::Fetch(decode_fetch(&mut decoder)?),
            3 => {
                let name = decoder.name(StoreName::new)?;
                Derivation::Import(Import { object: ObjectId(decoder.digest()?), name })
            }
            found => return Err(DecodeError::BadTag { what: "kind of derivation", found, at }),
        };
        decoder.finish()?;
        derivation.check()?;
        Ok(derivation)
    }

    /// Returns the id: the digest of the encoding. Never a cache key.
    #[must_use]
    pub fn id(&self) -> DerivationId {
        DerivationId::of_encoding(&self.encode())
    }
}

impl Action {
    /// Returns the canonical encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::versioned();
        encode_build(&mut encoder, self);
        encoder.finish()
    }

    /// Reads an encoding.
    ///
    /// # Errors
    ///
    /// As [`Derivation::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::versioned(bytes)?;
        let action = decode_build(&mut decoder)?;
        decoder.finish()?;
        action.check()?;
        Ok(action)
    }

    /// Returns the id: the digest of the encoding. The only cache key of a build.
    #[must_use]
    pub fn id(&self) -> ActionId {
        ActionId::of_encoding(&self.encode())
    }
}

impl Fetch {
    /// Returns the key under which what was fetched is looked up: name, hash and unpacking, in a
    /// domain of its own. Where the bytes come from does not reach it.
    #[must_use]
    pub fn action_id(&self) -> ActionId {
        let mut encoder = Encoder::versioned();
        encode_fetch(&mut encoder, self);
        ActionId(blake3::derive_key(FETCH_DOMAIN, &encoder.finish()))
    }
}

/// What stands for an input in an encoding.
trait Input: Sized {
    fn encode(&self, encoder: &mut Encoder);
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;
}

impl Input for InputRef {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.fixed(&self.derivation.0);
        encoder.text(self.output.as_str());
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let derivation = DerivationId(decoder.digest()?);
        Ok(InputRef { derivation, output: decoder.name(OutputName::new)? })
    }
}

impl Input for ObjectId {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.fixed(&self.0);
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(ObjectId(decoder.digest()?))
    }
}

fn encode_build<I: Input>(encoder: &mut Encoder, build: &Build<I>) {
    let Build { name, kind, outputs, system, inputs, sources, links, env, steps, sandbox_abi } =
        build;
    encoder.text(name.as_str());
    encoder.u8(match kind {
        BuildKind::Build => 1,
        BuildKind::Compose => 2,
        BuildKind::Test => 3,
    });
    encoder.u32(*sandbox_abi);
    encoder.text(system.as_str());
    encoder.len(outputs.len());
    for output in outputs {
        encoder.text(output.as_str());
    }
    encode_map(encoder, inputs, Label::as_str, |encoder, input| input.encode(encoder));
    encode_map(encoder, sources, String::as_str, |encoder, label| encoder.text(label.as_str()));
    encode_map(encoder, links, String::as_str, encode_template);
    encode_map(encoder, env, EnvName::as_str, encode_template);
    encoder.len(steps.len());
    for Step { name, argv, script } in steps {
        encoder.text(name.as_str());
        encoder.len(argv.len());
        for template in argv {
            encode_template(encoder, template);
        }
        encoder.bool(script.is_some());
        if let Some(script) = script {
            encode_template(encoder, script);
        }
    }
}

fn decode_build<I: Input>(decoder: &mut Decoder<'_>) -> Result<Build<I>, DecodeError> {
    let name = decoder.name(StoreName::new)?;
    let at = decoder.at();
    let kind = match decoder.u8()? {
        1 => BuildKind::Build,
        2 => BuildKind::Compose,
        3 => BuildKind::Test,
        found => return Err(DecodeError::BadTag { what: "kind of build", found, at }),
    };
    let sandbox_abi = decoder.u32()?;
    let system = decoder.name(System::new)?;
    let outputs = decoder.list(|it| it.name(OutputName::new))?;
    let inputs = decoder.map("input", |it| Ok((it.name(Label::new)?, I::decode(it)?)))?;
    let sources = decoder.map("source", |it| Ok((it.text()?.to_owned(), it.name(Label::new)?)))?;
    let links = decoder.map("link", |it| Ok((it.text()?.to_owned(), decode_template(it)?)))?;
    let env = decoder
        .map("environment variable", |it| Ok((it.name(EnvName::new)?, decode_template(it)?)))?;
    let steps = decoder.list(|it| {
        let name = it.name(StepName::new)?;
        let argv = it.list(decode_template)?;
        let script = if it.bool("mark of a script")? { Some(decode_template(it)?) } else { None };
        Ok(Step { name, argv, script })
    })?;
    Ok(Build { name, kind, outputs, system, inputs, sources, links, env, steps, sandbox_abi })
}

fn encode_map<K, V>(
    encoder: &mut Encoder,
    map: &BTreeMap<K, V>,
    key: impl Fn(&K) -> &str,
    value: impl Fn(&mut Encoder, &V),
) {
    encoder.len(map.len());
    for (k, v) in map {
        encoder.text(key(k));
        value(encoder, v);
    }
}

fn encode_template(encoder: &mut Encoder, template: &Template) {
    encoder.len(template.pieces().len());
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => {
                encoder.u8(1);
                encoder.text(text);
            }
            Piece::Input(label) => {
                encoder.u8(2);
                encoder.text(label.as_str());
            }
            Piece::Output(output) => {
                encoder.u8(3);
                encoder.text(output.as_str());
            }
        }
    }
}

fn decode_template(decoder: &mut Decoder<'_>) -> Result<Template, DecodeError> {
    let start = decoder.at();
    let pieces = decoder.list(|it| {
        let at = it.at();
        match it.u8()? {
            1 => Ok(Piece::Text(it.text()?.into())),
            2 => Ok(Piece::Input(it.name(Label::new)?)),
            3 => Ok(Piece::Output(it.name(OutputName::new)?)),
            found => Err(DecodeError::BadTag { what: "piece of a template", found, at }),
        }
    })?;
    let count = pieces.len();
    let template = Template::from_pieces(pieces);
    if template.pieces().len() != count {
        return Err(DecodeError::NotCanonical {
            what: "template",
            at: start,
            reason: "neighbouring texts are joined and empty ones left out",
        });
    }
    Ok(template)
}

fn encode_fetch(encoder: &mut Encoder, fetch: &Fetch) {
    let Fetch { name, hash, unpack } = fetch;
    encoder.text(name.as_str());
    match hash {
        FetchHash::Sha256(digest) => {
            encoder.u8(1);
            encoder.fixed(digest);
        }
        FetchHash::Blake3(digest) => {
            encoder.u8(2);
            encoder.fixed(digest);
        }
    }
    match unpack {
        Unpack::File { executable } => {
            encoder.u8(1);
            encoder.bool(*executable);
        }
        Unpack::Tree { root, executables } => {
            encoder.u8(2);
            match root {
                UnpackRoot::Auto => encoder.u8(1),
                UnpackRoot::All => encoder.u8(2),
                UnpackRoot::Folder(folder) => {
                    encoder.u8(3);
                    encoder.text(folder);
                }
            }
            encoder.len(executables.len());
            for path in executables {
                encoder.text(path);
            }
        }
    }
}

fn decode_fetch(decoder: &mut Decoder<'_>) -> Result<Fetch, DecodeError> {
    let name = decoder.name(StoreName::new)?;
    let at = decoder.at();
    let hash = match decoder.u8()? {
        1 => FetchHash::Sha256(decoder.digest()?),
        2 => FetchHash::Blake3(decoder.digest()?),
        found => return Err(DecodeError::BadTag { what: "kind of hash", found, at }),
    };
    let at = decoder.at();
    let unpack = match decoder.u8()? {
        1 => Unpack::File { executable: decoder.bool("mark of an executable")? },
        2 => {
            let at = decoder.at();
            let root = match decoder.u8()? {
                1 => UnpackRoot::Auto,
                2 => UnpackRoot::All,
                3 => UnpackRoot::Folder(decoder.text()?.to_owned()),
                found => {
                    return Err(DecodeError::BadTag { what: "part of an archive", found, at });
                }
            };
            let executables = decoder.list(|it| Ok(it.text()?.to_owned()))?;
            Unpack::Tree { root, executables }
        }
        found => return Err(DecodeError::BadTag { what: "kind of unpacking", found, at }),
    };
    Ok(Fetch { name, hash, unpack })
}
