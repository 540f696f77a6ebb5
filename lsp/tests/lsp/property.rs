//! After any edits, what the server says is what a new one says of the same texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use kiln_lang::{Database, MemoryWorld};
use proptest::prelude::*;

use crate::client::Client;

const FILES: &[(&str, &str)] = &[
    (
        "/w/a.kiln",
        "recipe a\nversion = 1\nuse m\nsteps m\nhost b[x]\nfeature f = on { arg \"f\" }\nrequire f \"why\"\n",
    ),
    ("/w/b.kiln", "recipe b\nversion = 2\nfeature x = off\nknob k: Set<enum { p, q }> = {p}\n"),
    (
        "/w/m.kiln",
        "module m\nmixin m {\n    field flags: List<String> = []\n    step build = sh\"make\"\n}\nfn two(n: Int): Int = n * 2\n",
    ),
    ("/w/o.kiln", "override b\nx = on\nk += q\n"),
    ("/w/p.kiln", "override a\nf = off\nflags = [\"a\"]\n"),
    (
        "/w/project.kiln",
        "project\nuse \"./\"\nwant a, b[k = {p}]\nb { x = on }\npkgs where has feature x { x = on }\n",
    ),
];

/// Pieces that make and mend mistakes.
const PIECES: &[&str] = &[
    "",
    "x",
    "f",
    "q",
    "b",
    "on",
    "off",
    " ",
    "\n",
    "{",
    "}",
    "\"",
    "[x]",
    " = ",
    "feature x = off\n",
    "host b\n",
    "knob k: Int = 1\n",
    "// c\n",
    "@deprecated(\"no\")\n",
    "recipe b\n",
    "module m\n",
    "flags",
    "renamed",
    "k = {q}\n",
    "sh\"ls\"",
    "\\(out)",
    "3",
    "when x { ",
];

/// An edit: which file, where (of a thousand), how much goes, what comes.
fn edit() -> impl Strategy<Value = (usize, usize, usize, usize)> {
    (0..FILES.len(), 0..1000_usize, prop_oneof![Just(0_usize), 0..12_usize], 0..PIECES.len())
}

fn apply(text: &str, at: usize, len: usize, piece: &str) -> (usize, usize, String) {
    let mut start = text.len() * at / 1000;
    let mut end = (start + len).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end, format!("{}{piece}{}", &text[..start], &text[end..]))
}

fn database(texts: &BTreeMap<String, String>) -> Database {
    let mut world = MemoryWorld::new();
    for (path, text) in texts {
        world.insert(path.clone(), text);
    }
    Database::new(Arc::new(world), vec!["/w".to_owned()])
}

/// What is wrong with every file, in words and places.
fn found(db: &Database, texts: &BTreeMap<String, String>) -> Vec<String> {
    let mut out = Vec::new();
    for path in texts.keys() {
        for it in db.diagnostics(db.file(path)) {
            let places: Vec<String> = it
                .secondary
                .iter()
                .map(|it| format!("{}:{:?} {}", db.path(it.file), it.range, it.text))
                .collect();
            out.push(format!(
                "{path}:{:?} {} {:?} {places:?}",
                it.primary.range, it.message, it.help
            ));
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn an_edited_database_says_what_a_new_one_says(edits in prop::collection::vec((edit(), any::<bool>()), 1..12)) {
        let mut texts: BTreeMap<String, String> =
            FILES.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
        let mut db = database(&texts);
        found(&db, &texts);
        for ((file, at, len, piece), look) in edits {
            let path = FILES[file].0;
            let (_, _, text) = apply(&texts[path], at, len, PIECES[piece]);
            db = db.with_file(path, Some(&text));
            texts.insert(path.to_owned(), text);
            // Sometimes several edits come before anything is looked at.
            if look {
                prop_assert_eq!(found(&db, &texts), found(&database(&texts), &texts));
            }
        }
        prop_assert_eq!(found(&db, &texts), found(&database(&texts), &texts));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn a_session_of_edits_ends_as_one_that_begins_there(edits in prop::collection::vec(edit(), 1..12)) {
        let mut texts: BTreeMap<String, String> =
            FILES.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
        let mut client = Client::start(FILES, &["/w"]);
        for (path, text) in FILES {
            client.open(path, text);
        }
        let mut version = 1;
        for (file, at, len, piece) in edits {
            version += 1;
            let path = FILES[file].0;
            let (start, end, text) = apply(&texts[path], at, len, PIECES[piece]);
            let place = |offset: usize| {
                let before = &texts[path][..offset];
                let line = before.matches('\n').count() as u32;
                let column = before.rsplit('\n').next().unwrap().encode_utf16().count() as u32;
                (line, column)
            };
            let (a, b) = (place(start), place(end));
            client.edit(path, version, [a.0, a.1, b.0, b.1], PIECES[piece]);
            texts.insert(path.to_owned(), text);
        }
        // A mistake at the end of each file that only this version has.
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        for (path, text) in &mut texts {
            version += 1;
            text.push_str(&format!("\nzz_{version} +\n"));
            client.change(path, version, text);
        }
        let last = version;
        let mut fresh = Client::start(
            &texts.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect::<Vec<_>>(),
            &["/w"],
        );
        for (at, path) in texts.keys().enumerate() {
            let wanted = last - (texts.len() - 1 - at) as i64;
            client.wait_version(path, wanted);
        }
        for path in texts.keys() {
            // The evaluation of files with mistakes finds nothing of its own.
            let expected = fresh.wait(path, |it| !it.is_empty());
            let wanted = crate::client::shown(&expected);
            let got = client.wait(path, |it| crate::client::shown(it) == wanted);
            all.push((path.clone(), crate::client::shown(&got)));
        }
        prop_assert_eq!(all.len(), texts.len());
        prop_assert_eq!(client.end(), Ok(()));
        prop_assert_eq!(fresh.end(), Ok(()));
    }
}

/// Typing inside a build step is seen by nobody else, however many there are.
#[test]
fn typing_in_a_step_checks_one_file() {
    let mut texts: BTreeMap<String, String> =
        FILES.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
    for number in 0..50 {
        let text = format!("recipe r{number}\nversion = 1\nuse m\nsteps m\nhost b[x]\n");
        texts.insert(format!("/w/r{number}.kiln"), text);
    }
    let db = database(&texts);
    found(&db, &texts);
    let before = db.checked_count();
    let typed = FILES[2].1.replace("make", "make all");
    let db = db.with_file("/w/m.kiln", Some(&typed));
    assert_eq!(db.checked_count(), before - 1, "only the edited file is to be checked again");
    // A field that is renamed is seen by those who include the mixin, and by nobody else.
    let renamed = FILES[2].1.replace("flags", "options");
    let db = db.with_file("/w/m.kiln", Some(&renamed));
    let left = db.checked_count();
    assert!(left < before - 50 && left >= 2, "{left} of {before} are kept");
}
