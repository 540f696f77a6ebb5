//! The worked examples on the pages of `spec/store/`: each is checked from the text of the page.
//!
//! An example is a block that begins with ```` ```vector NAME ````; it shows bytes and what they hash
//! to. `BLESS=1` writes the blocks anew; a change to one is a change of the format.

use std::fs;
use std::path::{Path, PathBuf};

use crate::derivation::{Action, Derivation};
use crate::digest::{ActionId, ObjectId};
use crate::local::{Record, decode_batch, encode_batch, encode_frame};
use crate::object::{Item, Object};
use crate::path::StorePath;
use crate::realisation::{Origin, Realisation};
use crate::samples;

/// Returns the bytes of an example, and the lines below them.
fn example(name: &str) -> (Vec<u8>, Vec<String>) {
    let action = || -> Action {
        let build = samples::build();
        let ids = [ObjectId([0x66; 32]), ObjectId([0x77; 32])];
        build.with_inputs(build.inputs.keys().cloned().zip(ids).collect())
    };
    match name {
        "derivation-build" => {
            let derivation = Derivation::Build(samples::build());
            (derivation.encode(), vec![format!("derivation id {}", derivation.id())])
        }
        "derivation-fetch" => {
            let derivation = Derivation::Fetch(samples::fetch());
            let key = samples::fetch().action_id();
            let lines =
                vec![format!("derivation id {}", derivation.id()), format!("action id {key}")];
            (derivation.encode(), lines)
        }
        "derivation-import" => {
            let derivation = Derivation::Import(samples::import());
            (derivation.encode(), vec![format!("derivation id {}", derivation.id())])
        }
        "action" => (action().encode(), vec![format!("action id {}", action().id())]),
        "object" => {
            let object = samples::object();
            let lines = vec![
                format!("object id {}", object.id()),
                format!("path {}", object.path(&object.id())),
            ];
            (object.encode(), lines)
        }
        "manifest" => (samples::object().encode_manifest(), Vec::new()),
        "tree" => {
            let Item::Folder(tree) = samples::object().root else { panic!("it is a folder") };
            let manifest = samples::object().encode_manifest();
            let start = 4 + samples::object().encode().len() + 4;
            let len = u32::from_le_bytes(manifest[start..start + 4].try_into().unwrap());
            let bytes = manifest[start + 4..start + 4 + len as usize].to_vec();
            (bytes, vec![format!("tree id {}", tree.id())])
        }
        "object-file" => {
            let id = ObjectId::of_file(&samples::name("fix.patch"), b"--- a\n+++ b\n", false);
            let path = StorePath::of_object(&id, &samples::name("fix.patch"));
            let lines = vec![format!("object id {id}"), format!("path {path}")];
            (b"--- a\n+++ b\n".to_vec(), lines)
        }
        "scratch" => {
            let (name, output) = (samples::name("hello"), samples::output("dev"));
            let path = StorePath::scratch(&name, &output, 0);
            (b"hello\0dev".to_vec(), vec![format!("scratch path {path}")])
        }
        "realisation" => (realisation().encode(), Vec::new()),
        "record" => {
            let (batch, _) = encode_batch(vec![record()]);
            (encode_frame(1, 16, &batch), Vec::new())
        }
        other => panic!("there is no example `{other}`"),
    }
}

fn realisation() -> Realisation {
    let outputs = [(samples::output("out"), ObjectId([0x88; 32]))].into();
    Realisation { action: ActionId([0x99; 32]), outputs }
}

fn record() -> Record {
    Record::Realisation {
        realisation: realisation(),
        origin: Origin::Here { duration_ms: 1500 },
        replaces: false,
        at_s: 1_767_225_600,
    }
}

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/store");
    let mut pages: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    pages.sort();
    pages
}

fn render(name: &str) -> String {
    let (bytes, lines) = example(name);
    let mut text = String::new();
    for row in bytes.chunks(16) {
        let hex: String = row.iter().map(|it| format!("{it:02x} ")).collect();
        let shown: String = row
            .iter()
            .map(|it| if it.is_ascii_graphic() { char::from(*it) } else { '.' })
            .collect();
        text.push_str(&format!("{hex:<48} {shown}\n"));
    }
    for line in lines {
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// Returns a page with every example rendered anew, and the names of the examples.
fn rewrite(page: &str) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut names = Vec::new();
    let mut is_inside = false;
    for line in page.split_inclusive('\n') {
        if is_inside && !line.starts_with("```") {
            continue;
        }
        is_inside = false;
        text.push_str(line);
        if let Some(name) = line.strip_prefix("```vector ") {
            text.push_str(&render(name.trim()));
            names.push(name.trim().to_owned());
            is_inside = true;
        }
    }
    (text, names)
}

#[test]
fn the_examples_on_the_pages_are_what_this_program_makes() {
    let mut all = Vec::new();
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        let (expected, names) = rewrite(&page);
        all.extend(names);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &expected).unwrap();
        } else {
            assert_eq!(page, expected, "{}", path.display());
        }
    }
    assert_eq!(all.len(), 11, "{all:?}");
}

#[test]
fn the_bytes_on_the_pages_are_read_back() {
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        for block in page.split("```vector ").skip(1) {
            let (name, rest) = block.split_once('\n').unwrap();
            let bytes: Vec<u8> = rest
                .lines()
                .take_while(|it| *it != "```")
                .filter(|it| it.as_bytes().get(2) == Some(&b' '))
                .flat_map(|it| it[..48.min(it.len())].split_whitespace().collect::<Vec<_>>())
                .map(|it| u8::from_str_radix(it, 16).unwrap())
                .collect();
            let again = match name {
                "action" => Action::decode(&bytes).unwrap().encode(),
                "object" | "tree" | "object-file" | "scratch" => continue,
                "manifest" => Object::decode_manifest(&bytes).unwrap().encode_manifest(),
                "realisation" => Realisation::decode(&bytes).unwrap().encode(),
                "record" => {
                    let records = decode_batch(&bytes[24..]).unwrap();
                    let (batch, _) =
                        encode_batch(records.into_iter().map(|it| it.record).collect());
                    encode_frame(1, 16, &batch)
                }
                _ => Derivation::decode(&bytes).unwrap().encode(),
            };
            assert_eq!(again, bytes, "`{name}` on {}", path.display());
        }
    }
}
