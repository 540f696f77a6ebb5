//! Data as YAML: block style, one value a line, and quotes around every text that a reader of YAML
//! 1.1 or 1.2 could take for something else.

use std::fmt::Write as _;

use super::Data;

/// How long a key may be for a reader to know it as one; longer ones are marked.
const KEY_CHARS_MAX: usize = 1000;

/// Returns `data` as a document that ends with a line break.
pub(super) fn write(data: &Data) -> String {
    let mut out = String::new();
    match data {
        Data::Map(entries) if !entries.is_empty() => map(&mut out, entries, 0),
        Data::List(items) if !items.is_empty() => list(&mut out, items, 0),
        flat => {
            scalar(&mut out, flat);
            out.push('\n');
        }
    }
    out
}

/// Writes the entries; the first line is indented already.
fn map(out: &mut String, entries: &[(String, Data)], indent: usize) {
    for (index, (key, value)) in entries.iter().enumerate() {
        begin(out, index, indent);
        if key.chars().count() > KEY_CHARS_MAX {
            out.push_str("? ");
            text(out, key);
            out.push('\n');
            begin(out, 1, indent);
            out.push(':');
        } else {
            text(out, key);
            out.push(':');
        }
        match value {
            Data::Map(entries) if !entries.is_empty() => {
                out.push('\n');
                begin(out, 1, indent + 2);
                map(out, entries, indent + 2);
            }
            Data::List(items) if !items.is_empty() => {
                out.push('\n');
                begin(out, 1, indent + 2);
                list(out, items, indent + 2);
            }
            flat => {
                out.push(' ');
                scalar(out, flat);
                out.push('\n');
            }
        }
    }
}

/// Writes the items; the first line is indented already.
fn list(out: &mut String, items: &[Data], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        begin(out, index, indent);
        out.push_str("- ");
        match item {
            Data::Map(entries) if !entries.is_empty() => map(out, entries, indent + 2),
            Data::List(items) if !items.is_empty() => list(out, items, indent + 2),
            flat => {
                scalar(out, flat);
                out.push('\n');
            }
        }
    }
}

fn begin(out: &mut String, index: usize, indent: usize) {
    if index > 0 {
        out.extend(std::iter::repeat_n(' ', indent));
    }
}

fn scalar(out: &mut String, data: &Data) {
    match data {
        Data::Null => out.push_str("null"),
        Data::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        Data::Int(it) => {
            let _ = write!(out, "{it}");
        }
        Data::Text(it) => text(out, it),
        Data::List(_) => out.push_str("[]"),
        Data::Map(_) => out.push_str("{}"),
    }
}

fn text(out: &mut String, text: &str) {
    if is_plain(text) {
        return out.push_str(text);
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Characters that YAML does not take as they are, or takes for line breaks and the like.
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether a text without quotes is nothing but that text, in YAML 1.1 and 1.2.
fn is_plain(text: &str) -> bool {
    // What begins with a digit, a sign or a dot may be a number, a date, or `.inf`.
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_');
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./+@".contains(c);
    begins && text.chars().all(inner) && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// What is no text without quotes.
const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yaml_rust2::{Yaml, YamlLoader};

    use super::*;

    fn read(yaml: &Yaml) -> Data {
        match yaml {
            Yaml::Null => Data::Null,
            Yaml::Boolean(it) => Data::Bool(*it),
            Yaml::Integer(it) => Data::Int(*it),
            Yaml::String(it) => Data::text(it),
            Yaml::Array(items) => Data::List(items.iter().map(read).collect()),
            Yaml::Hash(map) => Data::Map(
                map.iter()
                    .map(|(key, value)| (key.as_str().unwrap().to_owned(), read(value)))
                    .collect(),
            ),
            other => panic!("{other:?} was not written"),
        }
    }

    fn check(data: &Data) {
        let text = write(data);
        let documents =
            YamlLoader::load_from_str(&text).unwrap_or_else(|it| panic!("{it}\n{text}"));
        assert_eq!(documents.len(), 1, "{text}");
        assert_eq!(read(&documents[0]), *data, "{text}");
    }

    #[test]
    fn what_looks_like_something_else_is_quoted() {
        for word in [
            "",
            " ",
            "~",
            "null",
            "NULL",
            "true",
            "True",
            "no",
            "Off",
            "y",
            "1",
            "24.10",
            "1e3",
            "0x1f",
            "0o7",
            "-1",
            "+1",
            ".inf",
            ".5",
            "-.inf",
            "1_000",
            "12:30:45",
            "2024-01-01",
            "a: b",
            "a #b",
            "- a",
            "[a]",
            "{a",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "?",
            "'a'",
            "\"a\"",
            "a,b",
            "<<",
            "=",
            " a",
            "a ",
            "a\nb",
            "\u{85}",
            "---",
            "...",
        ] {
            let mut quoted = String::new();
            text(&mut quoted, word);
            assert!(quoted.starts_with('"'), "{word:?} is written {quoted}");
            check(&Data::text(word));
            check(&Data::Map(vec![(word.to_owned(), Data::text(word))]));
        }
        for word in ["curl", "7zip", "usr/bin", "/usr/bin", "a-b_c.d", "linux@6", "c++"] {
            check(&Data::text(word));
        }
    }

    #[test]
    fn long_keys_and_empty_values_are_read_back() {
        check(&Data::Map(vec![("k".repeat(3000), Data::List(Vec::new()))]));
        check(&Data::Map(vec![("k".repeat(3000), Data::Map(vec![("a".into(), Data::Null)]))]));
        check(&Data::Map(Vec::new()));
        check(&Data::List(vec![Data::List(vec![Data::List(Vec::new())]), Data::Map(Vec::new())]));
    }

    fn data() -> impl Strategy<Value = Data> {
        let leaf = prop_oneof![
            Just(Data::Null),
            any::<bool>().prop_map(Data::Bool),
            any::<i64>().prop_map(Data::Int),
            any::<String>().prop_map(Data::Text),
            "[a-z0-9.:# -]{0,8}".prop_map(Data::Text),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            let key = prop_oneof![any::<String>(), "[a-z0-9.:# -]{0,6}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Data::List),
                prop::collection::btree_map(key, inner, 0..6)
                    .prop_map(|it| Data::Map(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(data in data()) {
            check(&data);
        }
    }
}
