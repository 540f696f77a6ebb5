//! Values for the tests of encodings: fixed ones for the pages of `spec/store/`, and random ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use crate::derivation::{
    Build, BuildKind, Derivation, Fetch, FetchHash, Import, InputRef, Piece, Step, Template,
    Unpack, UnpackRoot,
};
use crate::digest::{BlobId, DerivationId, ObjectId};
use crate::inputs::Inputs;
use crate::name::{EnvName, Label, OutputName, StepName, StoreName, System};
use crate::object::{Entry, EntryName, File, Item, Link, Object, Site, Sites, Tree};

pub(crate) fn name(text: &str) -> StoreName {
    StoreName::new(text).unwrap()
}

pub(crate) fn output(text: &str) -> OutputName {
    OutputName::new(text).unwrap()
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

/// A build with something in every field.
pub(crate) fn build() -> Build<InputRef> {
    let input =
        |number: u8| InputRef { derivation: DerivationId([number; 32]), output: output("out") };
    Build {
        name: name("hello"),
        kind: BuildKind::Build,
        outputs: vec![output("dev"), output("out")],
        system: System::new("x86_64-linux").unwrap(),
        inputs: Inputs::from([(label("build.zig"), input(0x11)), (label("source"), input(0x22))]),
        sources: BTreeMap::from([("src".to_owned(), label("source"))]),
        links: BTreeMap::from([(
            "/bin/sh".to_owned(),
            Template::from_pieces([
                Piece::Input(label("build.zig")),
                Piece::Text("/bin/sh".into()),
            ]),
        )]),
        env: BTreeMap::from([(EnvName::new("LANG").unwrap(), Template::text("C"))]),
        steps: vec![Step {
            name: StepName::new("build").unwrap(),
            argv: vec![Template::text("/bin/sh"), Template::text("-e")],
            script: Some(Template::from_pieces([
                Piece::Text("make install DESTDIR=".into()),
                Piece::Output(output("out")),
            ])),
        }],
        sandbox_abi: 1,
    }
}

pub(crate) fn fetch() -> Fetch {
    Fetch {
        name: name("hello-source"),
        hash: FetchHash::Sha256([0x33; 32]),
        unpack: Unpack::Tree { root: UnpackRoot::Auto, executables: vec!["configure".to_owned()] },
    }
}

pub(crate) fn import() -> Import {
    Import { object: ObjectId([0x44; 32]), name: name("fix.patch") }
}

/// An object with every kind of entry, a reference to itself and one to another.
pub(crate) fn object() -> Object {
    let text = b"#!00000000000000000000000000000000/sh\n";
    let file = Item::File(File {
        template: BlobId::of_encoding(text),
        bytes: text.len() as u64,
        executable: true,
        sites: Sites::new(vec![Site { at: 2, target: 1 }]).unwrap(),
    });
    let mut target = b"/kiln/store/".to_vec();
    target.extend([b'0'; 32]);
    target.extend(b"-hello/bin");
    let sites = Sites::new(vec![Site { at: 12, target: 0 }]).unwrap();
    let bin = Tree::new(vec![Entry { name: EntryName::new(b"run").unwrap(), item: file }]).unwrap();
    let root = Tree::new(vec![
        Entry { name: EntryName::new(b"bin").unwrap(), item: Item::Folder(Arc::new(bin)) },
        Entry {
            name: EntryName::new(b"link").unwrap(),
            item: Item::Link(Link::new(&target, sites).unwrap()),
        },
    ])
    .unwrap();
    Object::new(name("hello"), vec![ObjectId([0x55; 32])], Item::Folder(Arc::new(root))).unwrap()
}

// Random values.

fn any_name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_][a-zA-Z0-9_.+-]{0,12}"
}

fn any_template(labels: Vec<Label>, outputs: Vec<OutputName>) -> impl Strategy<Value = Template> {
    let mut pieces = vec!["[^\0]{0,6}".prop_map(|it| Piece::Text(it.into())).boxed()];
    if !labels.is_empty() {
        pieces.push(proptest::sample::select(labels).prop_map(Piece::Input).boxed());
    }
    pieces.push(proptest::sample::select(outputs).prop_map(Piece::Output).boxed());
    proptest::collection::vec(proptest::strategy::Union::new(pieces), 0..4)
        .prop_map(Template::from_pieces)
}

fn any_input() -> impl Strategy<Value = InputRef> {
    (any::<[u8; 32]>(), any_name())
        .prop_map(|(id, name)| InputRef { derivation: DerivationId(id), output: output(&name) })
}

pub(crate) fn any_build() -> impl Strategy<Value = Build<InputRef>> {
    let names = (
        any_name(),
        proptest::collection::btree_map(any_name(), any_input(), 0..4),
        proptest::collection::btree_set(any_name(), 1..4),
        0_usize..3,
        any::<u32>(),
    );
    names.prop_flat_map(|(own, inputs, outputs, kind, sandbox_abi)| {
        let inputs: Inputs<InputRef> =
            inputs.into_iter().map(|(key, input)| (label(&key), input)).collect();
        let outputs: Vec<OutputName> = outputs.iter().map(|it| output(it)).collect();
        let labels: Vec<Label> = inputs.keys().cloned().collect();
        let template = || any_template(labels.clone(), outputs.clone());
        let sources = match labels.is_empty() {
            true => Just(BTreeMap::new()).boxed(),
            false => proptest::collection::btree_map(
                "[a-z]{1,4}(/[a-z]{1,4})?",
                proptest::sample::select(labels.clone()),
                0..3,
            )
            .boxed(),
        };
        let step = (
            "[a-z]{1,5}",
            proptest::collection::vec(template(), 0..3),
            proptest::option::of(template()),
        );
        (
            Just((own, kind, sandbox_abi, inputs.clone(), outputs.clone())),
            sources,
            proptest::collection::btree_map("/(bin|lib)/[a-z]{1,5}", template(), 0..3),
            proptest::collection::btree_map("[A-Z_]{1,5}", template(), 0..3),
            proptest::collection::vec(step, 1..3),
        )
            .prop_map(
                |((own, kind, sandbox_abi, inputs, outputs), sources, links, env, steps)| Build {
                    name: name(&own),
                    kind: [BuildKind::Build, BuildKind::Compose, BuildKind::Test][kind],
                    outputs,
                    system: System::new("aarch64-linux").unwrap(),
                    inputs,
                    sources,
                    links,
                    env: env
                        .into_iter()
                        .map(|(key, it)| (EnvName::new(key).unwrap(), it))
                        .collect(),
                    steps: steps
                        .into_iter()
                        .map(|(name, args, script)| Step {
                            name: StepName::new(name).unwrap(),
                            argv: std::iter::once(Template::text("/bin/sh")).chain(args).collect(),
                            script,
                        })
                        .collect(),
                    sandbox_abi,
                },
            )
    })
}

pub(crate) fn any_derivation() -> impl Strategy<Value = Derivation> {
    let hash = prop_oneof![
        any::<[u8; 32]>().prop_map(FetchHash::Sha256),
        any::<[u8; 32]>().prop_map(FetchHash::Blake3),
    ];
    let root = prop_oneof![
        Just(UnpackRoot::Auto),
        Just(UnpackRoot::All),
        "[a-z]{1,4}(/[a-z]{1,4})?".prop_map(UnpackRoot::Folder),
    ];
    let unpack = prop_oneof![
        any::<bool>().prop_map(|executable| Unpack::File { executable }),
        (root, proptest::collection::btree_set("[a-z]{1,4}", 0..3)).prop_map(
            |(root, executables)| {
                Unpack::Tree { root, executables: executables.into_iter().collect() }
            }
        ),
    ];
    prop_oneof![
        any_build().prop_map(Derivation::Build),
        (any_name(), hash, unpack).prop_map(|(own, hash, unpack)| Derivation::Fetch(Fetch {
            name: name(&own),
            hash,
            unpack
        })),
        (any_name(), any::<[u8; 32]>()).prop_map(|(own, id)| {
            Derivation::Import(Import { object: ObjectId(id), name: name(&own) })
        }),
    ]
}

/// What an entry is to become, before its references are numbered.
#[derive(Debug, Clone)]
enum Seed {
    Folder(BTreeMap<Vec<u8>, Seed>),
    File { id: [u8; 32], more: u16, executable: bool, refs: Vec<u8> },
    Link { text: String, refs: Vec<u8> },
}

fn any_seed() -> impl Strategy<Value = Seed> {
    let refs = || proptest::collection::vec(0_u8..6, 0..3);
    let leaf = prop_oneof![
        (any::<[u8; 32]>(), any::<u16>(), any::<bool>(), refs())
            .prop_map(|(id, more, executable, refs)| Seed::File { id, more, executable, refs }),
        ("[^\0]{1,8}", refs()).prop_map(|(text, refs)| Seed::Link { text, refs }),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let entry_name = proptest::collection::vec(
            any::<u8>().prop_filter("not allowed in names", |it| !matches!(it, 0 | b'/')),
            1..6,
        )
        .prop_filter("not a name", |it| it != b"." && it != b"..");
        proptest::collection::btree_map(entry_name, inner, 0..5).prop_map(Seed::Folder)
    })
}

pub(crate) fn any_object() -> impl Strategy<Value = Object> {
    (any_name(), any_seed()).prop_map(|(own, seed)| {
        let mut refs = Vec::new();
        let root = grow(seed, &mut refs);
        let refs = refs.into_iter().map(|it| ObjectId([it; 32])).collect();
        Object::new(name(&own), refs, root).unwrap()
    })
}

fn grow(seed: Seed, refs: &mut Vec<u8>) -> Item {
    match seed {
        Seed::Folder(entries) => {
            let entries = entries
                .into_iter()
                .map(|(name, seed)| Entry {
                    name: EntryName::new(&name).unwrap(),
                    item: grow(seed, refs),
                })
                .collect();
            Item::Folder(Arc::new(Tree::new(entries).unwrap()))
        }
        Seed::File { id, more, executable, refs: wanted } => {
            let (sites, bytes) = sites(wanted, refs);
            let bytes = bytes + u64::from(more);
            Item::File(File { template: BlobId(id), bytes, executable, sites })
        }
        Seed::Link { text, refs: wanted } => {
            let (sites, bytes) = sites(wanted, refs);
            let mut template = vec![b'0'; bytes as usize];
            template.extend(text.as_bytes());
            Item::Link(Link::new(&template, sites).unwrap())
        }
    }
}

/// Puts references at places with gaps, numbered in the order in which they come.
fn sites(wanted: Vec<u8>, refs: &mut Vec<u8>) -> (Sites, u64) {
    let mut at = 0;
    let mut sites = Vec::new();
    for wanted in wanted {
        let target = match wanted {
            0 => 0,
            _ => {
                if !refs.contains(&wanted) {
                    refs.push(wanted);
                }
                refs.iter().position(|it| *it == wanted).unwrap() as u32 + 1
            }
        };
        at += u64::from(wanted) * 50;
        sites.push(Site { at, target });
        at += 32;
    }
    (Sites::new(sites).unwrap(), at)
}
