//! Encodings and ids of derivations and actions, as specified in `spec/store/derivation.md`.

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
        // Derivations are encoded by the ten thousand, and few are longer.
        let mut encoder = Encoder::versioned_with_capacity(1 << 10);
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
    encode_map(encoder, inputs.iter(), Label::as_str, |encoder, input| input.encode(encoder));
    encode_map(encoder, sources.iter(), String::as_str, |encoder, label| {
        encoder.text(label.as_str())
    });
    encode_map(encoder, links.iter(), String::as_str, encode_template);
    encode_map(encoder, env.iter(), EnvName::as_str, encode_template);
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

fn encode_map<'a, K: 'a, V: 'a>(
    encoder: &mut Encoder,
    map: impl ExactSizeIterator<Item = (&'a K, &'a V)>,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::samples::{any_derivation, build, fetch, import, name, output};
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn id(change: impl Fn(&mut Build<InputRef>)) -> DerivationId {
        let mut build = build();
        change(&mut build);
        Derivation::Build(build).id()
    }

    #[test]
    fn every_field_of_a_build_reaches_its_id() {
        let label = |text: &str| Label::new(text).unwrap();
        let text = Template::text;
        let ids = [
            id(|_| ()),
            id(|it| it.name = name("hello2")),
            id(|it| it.kind = BuildKind::Compose),
            id(|it| it.kind = BuildKind::Test),
            id(|it| it.outputs = vec![output("out")]),
            id(|it| it.outputs.push(output("z"))),
            id(|it| it.system = System::new("aarch64-linux").unwrap()),
            id(|it| it.sandbox_abi = 2),
            id(|it| {
                it.inputs = it.inputs.clone().into_iter().skip(1).collect();
            }),
            id(|it| {
                let renamed = |(label, input): (Label, InputRef)| match label.as_str() {
                    "source" => (Label::new("sources").unwrap(), input),
                    _ => (label, input),
                };
                it.inputs = it.inputs.clone().into_iter().map(renamed).collect();
            }),
            id(|it| {
                let mut input = it.inputs.get(&label("source")).unwrap().clone();
                input.derivation.0[31] ^= 1;
                it.inputs.insert(label("source"), input);
            }),
            id(|it| {
                let input = it.inputs.get(&label("source")).unwrap().clone();
                it.inputs.insert(label("source"), InputRef { output: output("dev"), ..input });
            }),
            id(|it| it.sources.clear()),
            id(|it| {
                it.sources = BTreeMap::from([("src2".to_owned(), label("source"))]);
            }),
            id(|it| {
                it.sources = BTreeMap::from([("src".to_owned(), label("build.zig"))]);
            }),
            id(|it| it.links.clear()),
            id(|it| {
                it.links = BTreeMap::from([("/bin/sh".to_owned(), text("/bin/sh"))]);
            }),
            id(|it| {
                it.links.insert("/bin/cc".to_owned(), text("x"));
            }),
            id(|it| it.env.clear()),
            id(|it| {
                it.env.insert(EnvName::new("LANG").unwrap(), text("C.UTF-8"));
            }),
            id(|it| {
                it.env.insert(EnvName::new("LANG").unwrap(), Template::default());
            }),
            id(|it| it.steps.push(it.steps[0].clone())),
            id(|it| it.steps[0].name = StepName::new("install").unwrap()),
            id(|it| it.steps[0].argv.push(Template::default())),
            id(|it| it.steps[0].argv[1] = text("-x")),
            id(|it| it.steps[0].script = None),
            id(|it| it.steps[0].script = Some(Template::default())),
            id(|it| {
                // The text that the place would render to is not the place.
                it.steps[0].script = Some(text("make install DESTDIR={out}"));
            }),
            Derivation::Fetch(fetch()).id(),
            Derivation::Fetch(Fetch { name: name("x"), ..fetch() }).id(),
            Derivation::Fetch(Fetch { hash: FetchHash::Blake3([0x33; 32]), ..fetch() }).id(),
            Derivation::Fetch(Fetch { hash: FetchHash::Sha256([0x34; 32]), ..fetch() }).id(),
            Derivation::Fetch(Fetch { unpack: Unpack::File { executable: true }, ..fetch() }).id(),
            Derivation::Fetch(Fetch { unpack: Unpack::File { executable: false }, ..fetch() }).id(),
            Derivation::Import(import()).id(),
            Derivation::Import(Import { name: name("x"), ..import() }).id(),
            Derivation::Import(Import { object: ObjectId([1; 32]), ..import() }).id(),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn a_fetch_and_its_key_are_in_domains_of_their_own() {
        let id = Derivation::Fetch(fetch()).id();
        assert_ne!(id.0, fetch().action_id().0);
    }

    /// Checks why the sample is not accepted after a change of its encoding.
    fn check(change: impl Fn(&mut Vec<u8>), expected: Expect) {
        let mut bytes = Derivation::Import(import()).encode();
        change(&mut bytes);
        let actual =
            Derivation::decode(&bytes).map_or_else(|it| it.to_string(), |_| "ok".to_owned());
        expected.assert_eq(&format!("{actual}\n"));
    }

    #[test]
    fn what_no_derivation_encodes_to_is_refused() {
        check(
            |_| (),
            expect![[r#"
            ok
        "#]],
        );
        check(
            |it| it[0] = 2,
            expect![[r#"
                the encoding has version 2; this program reads version 1
            "#]],
        );
        check(
            |it| it[1] = 9,
            expect![[r#"
                byte 1 is 9, which is no kind of derivation
            "#]],
        );
        check(
            |it| it[2] = 200,
            expect![[r#"
                the encoding ends early: at byte 2 it needs 200 more and has 41
            "#]],
        );
        check(
            |it| it[6] = b'/',
            expect![[r#"
                the name at byte 2 is not allowed: `/ix.patch` has `/` at byte 0; a store name consists of letters, digits and `_`, and after the first also `-`, `.` and `+`
            "#]],
        );
        check(
            |it| it[6] = 0xff,
            expect![[r#"
                the text at byte 2 is not UTF-8
            "#]],
        );
        check(
            |it| it.push(0),
            expect![[r#"
                the encoding ends at byte 47, but bytes follow: 1
            "#]],
        );
        check(
            |it| it.clear(),
            expect![[r#"
                the encoding ends early: at byte 0 it needs 1 more and has 0
            "#]],
        );
    }

    #[test]
    fn texts_that_could_be_joined_are_refused() {
        let mut encoder = Encoder::part();
        encoder.len(2);
        for text in ["a", "b"] {
            encoder.u8(1);
            encoder.text(text);
        }
        let bytes = encoder.finish();
        let error = decode_template(&mut Decoder::part(&bytes)).unwrap_err();
        assert!(matches!(error, DecodeError::NotCanonical { what: "template", .. }));
    }

    proptest! {
        #[test]
        fn a_derivation_reads_back_what_it_wrote(derivation in any_derivation()) {
            let bytes = derivation.encode();
            prop_assert_eq!(Derivation::decode(&bytes), Ok(derivation));
        }

        #[test]
        fn two_derivations_never_share_an_encoding(a in any_derivation(), b in any_derivation()) {
            prop_assert_eq!(a == b, a.encode() == b.encode());
        }

        #[test]
        fn changed_bytes_are_refused_or_another_derivation(
            derivation in any_derivation(),
            at: prop::sample::Index,
            bits in 1_u8..,
        ) {
            let mut bytes = derivation.encode();
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
            if let Ok(other) = Derivation::decode(&bytes) {
                prop_assert_ne!(&other, &derivation);
                prop_assert_eq!(other.encode(), bytes);
            }
        }

        #[test]
        fn a_cut_off_derivation_is_refused(derivation in any_derivation(), at: prop::sample::Index) {
            let bytes = derivation.encode();
            prop_assert!(Derivation::decode(&bytes[..at.index(bytes.len())]).is_err());
        }

        #[test]
        fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(derivation) = Derivation::decode(&bytes) {
                prop_assert_eq!(derivation.encode(), bytes);
            }
        }
    }
}
