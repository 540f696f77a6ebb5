//! What must hold of the source tree itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kiln_lang::Code;
use toml::Table;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files of the tree, without what git ignores.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter(|it| root().join(it).is_file()).map(str::to_owned).collect()
}

fn texts() -> Vec<(String, String)> {
    let not_ours = |it: &String| it.ends_with(".lock") || it.ends_with("package-lock.json");
    files()
        .into_iter()
        .filter(|it| !not_ours(it))
        .filter_map(|it| Some((it.clone(), fs::read_to_string(root().join(&it)).ok()?)))
        .collect()
}

/// Who may depend on whom. The picture in `ARCHITECTURE.md`, as a table.
const ARROWS: &[(&str, &[&str])] = &[
    ("lang", &[]),
    ("store", &[]),
    ("eval", &["lang", "store"]),
    ("sandbox", &["store"]),
    ("fetch", &["store"]),
    ("lsp", &["lang", "eval"]),
    ("cli", &["lang", "eval", "store", "sandbox", "fetch", "lsp"]),
];

#[test]
fn crates_depend_only_along_the_arrows() {
    for (krate, allowed) in ARROWS {
        let manifest: Table = read(&format!("{krate}/Cargo.toml")).parse().expect("it is TOML");
        for other in dependencies(&manifest).iter().filter_map(|it| it.strip_prefix("kiln-")) {
            assert!(allowed.contains(&other), "{krate} must not depend on {other}");
        }
    }
}

/// What a manifest depends on, in whatever section and form: for tests and for some machines, too.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (section, content) in manifest.iter().filter_map(|it| Some((it.0, it.1.as_table()?))) {
        if !section.ends_with("dependencies") {
            all.extend(dependencies(content));
            continue;
        }
        for (name, how) in content {
            // One may have another name here.
            let package = how.get("package").and_then(toml::Value::as_str);
            all.insert(package.unwrap_or(name).to_owned());
        }
    }
    all
}

#[test]
fn dependencies_are_found_in_every_form() {
    let manifest = "
        [dependencies]
        kiln-a.workspace = true
        kiln-b = { workspace = true, features = [\"x\"] }
        short = { package = \"kiln-c\", path = \"../c\" }
        [dependencies.kiln-d]
        workspace = true
        [dev-dependencies]
        kiln-e = \"1\"
        [target.'cfg(unix)'.build-dependencies]
        kiln-f = \"1\"
        [package.metadata]
        kiln-g = \"1\"
    ";
    let found = dependencies(&manifest.parse().expect("it is TOML"));
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, ["kiln-a", "kiln-b", "kiln-c", "kiln-d", "kiln-e", "kiln-f"]);
}

/// Libraries that only one place may name.
const NAMED_IN: &[(&str, &str)] = &[
    ("miette", "cli/src/render.rs"),
    ("rusqlite", "store/src/local"),
    ("lsp_types", "lsp/src"),
    ("indicatif", "cli/src/progress.rs"),
];

#[test]
fn a_library_is_named_in_one_place() {
    for (path, text) in
        texts().iter().filter(|it| it.0.ends_with(".rs") && !it.0.contains("tests/"))
    {
        for (library, place) in NAMED_IN {
            let named =
                text.contains(&format!("use {library}")) || text.contains(&format!("{library}::"));
            assert!(
                !named || path.starts_with(place),
                "{path} names {library}, which only {place} may"
            );
        }
    }
}

/// The files of the command that may read variables of the environment.
const READS_VARIABLES: &[&str] = &[
    "cli/src/config.rs",
    "cli/src/folders.rs",
    "cli/src/terminal.rs",
    "cli/src/commands/run.rs",
    "cli/src/commands/shell.rs",
];

#[test]
fn variables_of_the_environment_are_read_in_few_places() {
    for (path, text) in texts().iter().filter(|it| it.0.starts_with("cli/src/")) {
        let reads = text.contains("env::var") || text.contains("env::home_dir");
        assert!(
            !reads || READS_VARIABLES.contains(&&**path),
            "{path} reads variables of the environment: let one of these give it what it needs: \
             {READS_VARIABLES:?}"
        );
    }
}

#[test]
fn generated_code_is_current() {
    let status = Command::new(env!("CARGO"))
        .args(["xtask", "codegen", "--check"])
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(status.success(), "run `cargo xtask codegen`");
}

#[test]
fn every_diagnostic_has_a_page_and_a_case() {
    let mut missing = Vec::new();
    let cases: BTreeSet<String> = files()
        .iter()
        .filter_map(|it| {
            it.strip_prefix("tests/cases/")?.strip_suffix("/transcript").map(str::to_owned)
        })
        .collect();
    for code in Code::ALL {
        let slug = code.slug();
        if !root().join(format!("spec/diagnostics/{slug}.md")).is_file() {
            missing.push(format!("page spec/diagnostics/{slug}.md"));
        }
        if !cases.iter().any(|it| it.ends_with(&format!("/{slug}"))) {
            missing.push(format!("case tests/cases/*/{slug}"));
        }
    }
    assert!(missing.is_empty(), "missing:\n{}", missing.join("\n"));
}

#[test]
fn every_page_of_a_diagnostic_is_of_one_that_exists() {
    for path in files() {
        let slug = path.strip_prefix("spec/diagnostics/").and_then(|it| it.strip_suffix(".md"));
        if let Some(slug) = slug.filter(|it| *it != "README") {
            assert!(
                Code::from_slug(slug).is_some(),
                "{path} explains a diagnostic that does not exist"
            );
        }
    }
}

#[test]
fn every_page_of_the_specification_that_is_cited_exists() {
    for (path, text) in texts() {
        for (at, _) in text.match_indices("spec/") {
            let is_path = |it: char| it.is_ascii_alphanumeric() || "/-_.".contains(it);
            let end = text[at..].find(|it| !is_path(it)).map_or(text.len(), |it| at + it);
            let page = text[at..end].trim_end_matches('.');
            assert!(
                !page.ends_with(".md") || root().join(page).is_file(),
                "{path} cites {page}, which is not there"
            );
        }
    }
}

#[test]
fn a_case_shows_the_diagnostic_that_it_is_called_after() {
    for (path, text) in texts() {
        let Some(case) =
            path.strip_prefix("tests/cases/").and_then(|it| it.strip_suffix("/transcript"))
        else {
            continue;
        };
        let name = case.rsplit('/').next().unwrap_or(case);
        if Code::from_slug(name).is_some() {
            assert!(text.contains(&format!("[{name}]")), "{path} does not show {name}");
        }
    }
}

/// Hosts of public package registries, in pieces, so that this file does not name them.
const REGISTRIES: &[(&str, &str)] = &[
    ("crates", ".io"),
    ("pypi", ".org"),
    ("files.pythonhosted", ".org"),
    ("deb.debian", ".org"),
    ("security.debian", ".org"),
    ("ftp.debian", ".org"),
    ("snapshot.debian", ".org"),
    ("registry.npmjs", ".org"),
    ("npmjs", ".com"),
];

#[test]
fn no_file_names_the_host_of_a_package_registry() {
    for (path, text) in texts() {
        for (name, domain) in REGISTRIES {
            let host = format!("{name}{domain}");
            assert!(
                !text.contains(&host),
                "{path} names {host}; write mirror://… and let the machine resolve it"
            );
        }
    }
}

/// Words that the glossary replaces, where they are unambiguous.
const WORDS: &[(&str, &str)] = &[
    ("use flag", "feature"),
    ("build plan", "derivation"),
    ("hash path", "store path"),
    ("unsat ", "conflict"),
    ("materialize", "realise"),
    ("realize", "realise"),
];

#[test]
fn the_words_are_those_of_the_glossary() {
    let ours = |it: &str| it.ends_with(".md") || it.ends_with(".rs") || it.ends_with(".kiln");
    for (path, text) in texts().iter().filter(|it| ours(&it.0)) {
        if path == "spec/glossary.md" || path == "tests/tidy.rs" {
            continue;
        }
        let lower = text.to_lowercase();
        for (wrong, right) in WORDS {
            assert!(!lower.contains(wrong), "{path} says `{wrong}`; the word is `{right}`");
        }
    }
}

/// How long a source file may be before it is likely several.
const LINES_MAX: usize = 1000;

#[test]
fn no_source_file_is_a_collection() {
    for (path, text) in texts() {
        let generated = path.ends_with("ast/nodes.rs");
        if path.ends_with(".rs") && !generated {
            let lines = text.lines().count();
            assert!(lines <= LINES_MAX, "{path} has {lines} lines: is it one noun or several?");
        }
    }
}

#[test]
fn nothing_is_left_for_later_in_silence() {
    for (path, text) in texts().iter().filter(|it| it.0.ends_with(".rs") && it.0 != "tests/tidy.rs")
    {
        // `XXXXXX` is what `mkdtemp` replaces.
        let text = text.replace("XXXXXX", "");
        for word in ["todo!(", "unimplemented!(", "FIXME", "XXX"] {
            assert!(
                !text.contains(word),
                "{path} says {word}: finish it, or make it a clear error"
            );
        }
    }
}

/// A standard recipe is an example, too: it says what the package is, whose it is and under which
/// terms, who looks after the recipe, and how one sees that the package works.
#[test]
fn every_standard_recipe_says_what_it_is_and_has_a_test() {
    let recipes: Vec<String> = files()
        .into_iter()
        .filter(|it| it.starts_with("stdlib-recipes/recipes/") && it.ends_with(".kiln"))
        .filter(|it| read(it).lines().any(|line| line.starts_with("recipe ")))
        .collect();
    assert!(!recipes.is_empty(), "the standard recipes are not where they were");
    for path in recipes {
        let text = read(&path);
        for begin in ["//! ", "license = ", "homepage = ", "maintainers = ", "test \""] {
            let has = text.lines().any(|it| it.starts_with(begin));
            assert!(has, "{path} has no line that begins with `{begin}`");
        }
    }
}

#[test]
fn the_changelog_and_licences_are_there() {
    for path in [
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
    ] {
        assert!(root().join(path).is_file(), "{path} is missing");
    }
}
