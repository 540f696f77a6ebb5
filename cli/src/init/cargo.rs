//! `Cargo.toml` and `Cargo.lock`: the project's own words, its features, and the crates it is built
//! from.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::cmake::tool;
use super::draft::{Draft, DraftOption, OptionKind, Says, System};
use super::tree::Tree;

/// Crates that look for a library or a program by themselves, and what its recipe is called.
const WRAPPERS: &[(&str, &str)] = &[
    ("bzip2-sys", "bzip2"),
    ("curl-sys", "curl"),
    ("libsqlite3-sys", "sqlite3"),
    ("libssh2-sys", "libssh2"),
    ("libz-sys", "zlib"),
    ("lzma-sys", "xz"),
    ("oniguruma", "oniguruma"),
    ("onig_sys", "oniguruma"),
    ("openssl-sys", "openssl"),
    ("pcre2-sys", "pcre2"),
    ("zstd-sys", "zstd"),
];

pub(super) fn read(tree: &Tree, draft: &mut Draft) -> bool {
    // What has both is a package in Python with a part in Rust.
    if !tree.has("Cargo.toml") || tree.has("pyproject.toml") {
        return false;
    }
    draft.system = System::Cargo;
    let root = manifest(tree, ".");
    let folder = folder_of_program(tree, &root, draft);
    let own = if folder == "." { root.clone() } else { manifest(tree, &folder) };
    package(&own, &root, draft);
    let text = tree.text(&join(&folder, "Cargo.toml")).unwrap_or_default();
    features(&own, &text, draft);
    if folder != "." {
        draft.project = Some(folder.clone());
    }
    match ["Cargo.lock".to_owned(), join(&folder, "Cargo.lock")].iter().find_map(|it| tree.text(it))
    {
        Some(text) => lock(&text, draft),
        None => draft.note(
            "There is no Cargo.lock in the source: make one with `cargo generate-lockfile`, run `kiln init` again, and have a step put it there.",
        ),
    }
    true
}

/// What a manifest says; nothing where it cannot be read.
fn manifest(tree: &Tree, folder: &str) -> Table {
    tree.text(&join(folder, "Cargo.toml")).and_then(|it| it.parse().ok()).unwrap_or_default()
}

/// The folder of the package to be built: the root, or the member of the workspace with a program.
fn folder_of_program(tree: &Tree, root: &Table, draft: &mut Draft) -> String {
    if root.contains_key("package") {
        if !has_program(tree, root, ".") {
            draft.note(
                "It has no program: Cargo builds a library for Rust into what uses it, and installs none.",
            );
        }
        return ".".to_owned();
    }
    let of_workspace = |key: &str| -> Vec<String> {
        let list = root.get("workspace").and_then(|it| it.get(key)).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let members = of_workspace("default-members");
    let members = if members.is_empty() { of_workspace("members") } else { members };
    let folders: BTreeSet<String> = members
        .iter()
        .flat_map(|member| match member.strip_suffix("/*") {
            Some(above) => tree.folders(above).iter().map(|it| join(above, it)).collect(),
            None => vec![member.clone()],
        })
        .filter(|it| has_program(tree, &manifest(tree, it), it))
        .collect();
    let mut folders = folders.into_iter();
    let Some(first) = folders.next() else {
        draft.note("No package of the workspace has a program: say which one is meant, by `project = \"…\"`.");
        return ".".to_owned();
    };
    let others: Vec<String> = folders.collect();
    if !others.is_empty() {
        draft.note(&format!(
            "The workspace has programs in {} as well: `project` says which one is built.",
            others.join(", ")
        ));
    }
    first
}

/// Whether a package has something that is run.
fn has_program(tree: &Tree, manifest: &Table, folder: &str) -> bool {
    manifest.get("bin").and_then(Value::as_array).is_some_and(|it| !it.is_empty())
        || tree.has(&join(folder, "src/main.rs"))
        || tree.folders(&join(folder, "src")).iter().any(|it| it == "bin")
}

/// What the project calls itself.
fn package(own: &Table, root: &Table, draft: &mut Draft) {
    let of = |key: &str| -> Option<String> {
        match own.get("package")?.get(key)? {
            Value::String(text) => Some(text.clone()),
            // `version.workspace = true`
            Value::Table(it) if it.contains_key("workspace") => {
                let shared = root.get("workspace")?.get("package")?.get(key)?;
                Some(shared.as_str()?.to_owned())
            }
            _ => None,
        }
    };
    if let Some(version) = of("version") {
        draft.version.get_or_insert(version);
    }
    draft.doc = of("description").map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
    // As it was written before there were expressions.
    draft.license = of("license").map(|it| it.replace('/', " OR "));
    draft.homepage = of("homepage").or_else(|| of("repository"));
}

/// The features that whoever builds it can choose, as far as they have names of their own.
fn features(own: &Table, text: &str, draft: &mut Draft) {
    let Some(table) = own.get("features").and_then(Value::as_table) else { return };
    let defaults: BTreeSet<&str> = table
        .get("default")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let docs = comments(text);
    for name in table.keys() {
        if name == "default" || name.starts_with('_') {
            continue;
        }
        draft.option(DraftOption {
            name: name.clone(),
            doc: docs
                .get(name.as_str())
                .cloned()
                .unwrap_or_else(|| format!("Cargo's feature `{name}`")),
            kind: OptionKind::Switch {
                is_on: defaults.contains(name.as_str()),
                says: Says::Listed,
            },
            is_auto: false,
        });
    }
}

/// The comments above the features of a manifest, up to the end of their first sentence.
fn comments(text: &str) -> BTreeMap<&str, String> {
    let mut found = BTreeMap::new();
    let section = text.lines().skip_while(|it| it.trim() != "[features]").skip(1);
    let mut comment = String::new();
    for line in section.take_while(|it| !it.starts_with('[')).map(str::trim) {
        if let Some(more) = line.strip_prefix('#') {
            comment.push_str(more.trim_start_matches('#'));
            continue;
        }
        if let Some((name, _)) = line.split_once('=') {
            let first = comment.split(". ").next().unwrap_or_default().trim();
            if !first.is_empty() {
                found.insert(name.trim().trim_matches('"'), first.to_owned());
            }
        }
        comment.clear();
    }
    found
}

/// The crates that the project is built from, by their hashes.
fn lock(text: &str, draft: &mut Draft) {
    let Ok(table) = text.parse::<Table>() else {
        draft.note("Cargo.lock cannot be read: write its crates into `crates`.");
        return;
    };
    let of_metadata = table.get("metadata").and_then(Value::as_table);
    let mut registries = BTreeSet::new();
    let mut others = Vec::new();
    for package in table.get("package").and_then(Value::as_array).into_iter().flatten() {
        let of = |key: &str| package.get(key).and_then(Value::as_str);
        let (Some(name), Some(version)) = (of("name"), of("version")) else { continue };
        // What has no source is a part of the project.
        let Some(source) = of("source") else { continue };
        // Older files have all checksums in their end.
        let former = format!("checksum {name} {version} ({source})");
        let checksum = of("checksum").or_else(|| of_metadata?.get(&former)?.as_str());
        match checksum.filter(|it| is_sha256(it)) {
            Some(sha256) if is_plain(name) && is_plain(version) => {
                registries.insert(source.to_owned());
                draft.crates.insert(format!("{name}-{version}"), sha256.to_owned());
            }
            _ => others.push(format!("{name} {version} ({})", short(source))),
        }
        wrapper(name, draft);
    }
    if !others.is_empty() {
        draft.note(&format!(
            "Cargo.lock has no hash of {}: only crates of a registry have one. Replace them, or have a step put them there.",
            others.join(", ")
        ));
    }
    if registries.len() > 1 {
        draft.note(
            "Crates come from several registries: `crates` is for those of Cargo's own, and of mirrors of it.",
        );
    }
}

/// Adds what a crate looks for, if it is one of those that do. Whether its feature is on is not known.
fn wrapper(name: &str, draft: &mut Draft) {
    if name == "pkg-config" {
        draft.need(tool("pkg-config", "Cargo.lock".into()));
    }
    if let Some((_, library)) = WRAPPERS.iter().find(|it| it.0 == name) {
        let mut need = tool(library, format!("{name} in Cargo.lock"));
        (need.is_tool, need.is_required) = (false, false);
        draft.need(need);
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a name or a version has only what those of crates have.
fn is_plain(text: &str) -> bool {
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '+');
    text.chars().all(is_part)
        && text.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_')
}

/// A source without what follows its address: `git+https://example.test/it`.
fn short(source: &str) -> &str {
    source.split(['?', '#']).next().unwrap_or(source)
}

fn join(folder: &str, path: &str) -> String {
    if folder == "." { path.to_owned() } else { format!("{folder}/{path}") }
}

#[cfg(test)]
mod tests {
    use super::super::tree::noise;
    use super::super::{Draft, cargo};

    /// Whatever stands in a lock file and in a manifest, what is written is a recipe's text.
    #[test]
    fn hostile_files_are_read_without_harm() {
        for seed in 0..300 {
            let text = noise(seed, "[]=\"\n #.{},packgenmversiochkud-+0");
            let mut draft = Draft::new("it", None);
            cargo::lock(&text, &mut draft);
            let _ = cargo::comments(&text);
            if let Ok(table) = text.parse() {
                cargo::features(&table, &text, &mut draft);
                cargo::package(&table, &table, &mut draft);
            }
        }
    }

    #[test]
    fn older_lock_files_have_checksums_in_their_end() {
        let sha256 = "8f42a60cbdf9a97f5d2305f08a87dc4e09308d1276d28c869c684d7777685682";
        let source = "registry+https://example.test/index";
        let text = format!(
            "[[package]]\nname = \"itoa\"\nversion = \"1.0.18\"\nsource = \"{source}\"\n\
             [metadata]\n\"checksum itoa 1.0.18 ({source})\" = \"{sha256}\"\n"
        );
        let mut draft = Draft::new("it", None);
        cargo::lock(&text, &mut draft);
        let found: Vec<_> = draft.crates.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
        assert_eq!(found, [("itoa-1.0.18", sha256)]);
    }
}
