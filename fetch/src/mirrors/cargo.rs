//! Where cargo gets crates from.
//!
//! Index: the registry index of cargo, whose `config.json` has the template `dl`.

use std::path::{Path, PathBuf};

use kiln_store::{Cancel, FetchHash, to_hex};
use reqwest::Url;

use crate::escape::escape;
use crate::mirrors::machine::Machine;
use crate::mirrors::program::ask;
use crate::mirrors::{Bases, Origin, Rule, Wanted};
use crate::place::{Place, shown_text};
use crate::web::http::Failure;

/// How many times one source may be replaced by another.
const REPLACEMENTS_MAX: usize = 8;

/// Adds what cargo downloads from: its own cache, then the source that replaces the default one,
/// or the indexes that it has used.
pub(crate) fn find(machine: &Machine, wanted: &Wanted, cancel: &Cancel, found: &mut Bases) {
    let configured = !found.bases.is_empty();
    let Some(home) = cargo_home(machine) else {
        found.note("cargo has no folder: neither CARGO_HOME nor HOME is set");
        return;
    };
    add_caches(machine, &home, found);
    let before = found.bases.len();
    add_replacement(machine, &home, found);
    if found.bases.len() == before {
        add_indexes(machine, &home, found);
    }
    if found.bases.len() > before || configured {
        return;
    }
    // It has never downloaded anything: have it look for what is wanted, and it writes its index.
    let Wanted::Crate { name, version } = wanted else {
        found.note("cargo has not downloaded anything yet; it is asked when a crate is wanted");
        return;
    };
    let answer = ask(machine, "cargo", &["info", "--quiet", &format!("{name}@{version}")], cancel);
    // Even if it does not find the crate, it now knows where it looked.
    add_caches(machine, &home, found);
    add_indexes(machine, &home, found);
    if let Err(reason) = answer
        && found.bases.is_empty()
    {
        found.note(format!("cargo names no registry, and cannot be asked: {reason}"));
    }
}

fn cargo_home(machine: &Machine) -> Option<PathBuf> {
    let own = machine.variable("CARGO_HOME").map(PathBuf::from);
    own.or_else(|| machine.home().map(|it| it.join(".cargo")))
}

/// Adds the folders in which cargo keeps the crates that it has downloaded.
fn add_caches(machine: &Machine, home: &Path, found: &mut Bases) {
    for folder in machine.list(&home.join("registry/cache")) {
        let origin = Origin::File { path: folder.clone(), line: 0 };
        found.push(origin, Rule::CrateFolder(folder));
    }
}

/// Adds the source by which cargo's configuration replaces the default one.
fn add_replacement(machine: &Machine, home: &Path, found: &mut Bases) {
    let paths = [home.join("config.toml"), home.join("config")];
    for path in paths {
        let text = match machine.read(&path) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(reason) => {
                found.note(reason);
                continue;
            }
        };
        let config: toml::Table = match text.parse() {
            Ok(config) => config,
            Err(error) => {
                let error: toml::de::Error = error;
                let reason = escape(error.message().as_bytes());
                found.note(format!("{} is not TOML: {reason}", path.display()));
                continue;
            }
        };
        match replacement(&config) {
            Ok(Some((key, rule))) => {
                let line = text.lines().position(|it| it.contains(&key)).map_or(0, |it| it + 1);
                found.push(Origin::File { path, line }, rule);
            }
            Ok(None) => {}
            Err(reason) => found.note(format!("{}: {reason}", path.display())),
        }
        // Cargo reads the second file only if the first is missing.
        return;
    }
}

/// Follows `replace-with` from the default source; returns the table's key to point at, and the
/// rule.
fn replacement(config: &toml::Table) -> Result<Option<(String, Rule)>, String> {
    let text = |table: &toml::Value, key: &str| {
        table.get(key).and_then(toml::Value::as_str).map(str::to_owned)
    };
    let entry = |kind: &str, name: &str| config.get(kind).and_then(|it| it.get(name));
    let mut name = "crates-io".to_owned();
    for _ in 0..REPLACEMENTS_MAX {
        let Some(source) = entry("source", &name) else {
            // A registry of its own can replace a source, too.
            let Some(index) = entry("registries", &name).and_then(|it| text(it, "index")) else {
                return match name.as_str() {
                    "crates-io" => Ok(None),
                    _ => Err(format!("the source `{}` is not defined", escape(name.as_bytes()))),
                };
            };
            return index_rule(&index).map(|rule| Some((index, rule)));
        };
        if let Some(next) = text(source, "replace-with") {
            name = next;
        } else if let Some(index) = text(source, "registry") {
            return index_rule(&index).map(|rule| Some((index, rule)));
        } else if let Some(folder) = text(source, "local-registry") {
            let path = PathBuf::from(&folder);
            if !path.is_absolute() {
                return Err(format!("the folder `{}` is not absolute", escape(folder.as_bytes())));
            }
            return Ok(Some((folder, Rule::CrateFolder(path))));
        } else if name == "crates-io" {
            return Ok(None);
        } else {
            return Err(format!(
                "the source `{}` has no archives of crates",
                escape(name.as_bytes())
            ));
        }
    }
    Err(format!("more than {REPLACEMENTS_MAX} sources replace each other"))
}

/// Adds the indexes that cargo has used: each says where its crates are downloaded from.
fn add_indexes(machine: &Machine, home: &Path, found: &mut Bases) {
    for folder in machine.list(&home.join("registry/index")) {
        let path = folder.join("config.json");
        match machine.read(&path) {
            Ok(Some(text)) => match template_of(text.as_bytes()) {
                Some(template) => {
                    found.push(Origin::File { path, line: 1 }, Rule::CrateTemplate(template));
                }
                None => found.note(format!("{} has no `dl`", path.display())),
            },
            Ok(None) => {}
            Err(reason) => found.note(reason),
        }
    }
}

/// How a base of the user's configuration is meant.
pub(crate) fn configured_rule(base: &str) -> Result<Rule, String> {
    if base.starts_with("sparse+") {
        return index_rule(base);
    }
    // Markers are no part of an address, but what is left must be one.
    Place::parse(&base.replace(['{', '}'], ""))?;
    Ok(Rule::CrateTemplate(base.to_owned()))
}

fn index_rule(index: &str) -> Result<Rule, String> {
    match index.strip_prefix("sparse+") {
        Some(url) => Place::parse(url).map(Rule::CrateIndex),
        None => Err(format!(
            "the index `{}` is a git repository, which cannot be read over HTTP",
            shown_text(index)
        )),
    }
}

/// Reads the template from an index' `config.json`.
pub(crate) fn template_of(config: &[u8]) -> Option<String> {
    let config: serde_json::Value = serde_json::from_slice(config).ok()?;
    Some(config.get("dl")?.as_str()?.to_owned())
}

/// Fills a template as cargo does.
pub(crate) fn expand(
    template: &str,
    name: &str,
    version: &str,
    hash: FetchHash,
) -> Result<Place, Failure> {
    let refused = |reason: String| Failure::Refused { reason };
    const MARKERS: [&str; 5] =
        ["{crate}", "{version}", "{prefix}", "{lowerprefix}", "{sha256-checksum}"];
    if !MARKERS.iter().any(|it| template.contains(it)) {
        let place = Place::parse(template).map_err(refused)?;
        return Ok(place.join(&format!("{name}/{version}/download")));
    }
    let checksum = match hash {
        FetchHash::Sha256(bytes) => to_hex(&bytes),
        FetchHash::Blake3(_) if template.contains("{sha256-checksum}") => {
            return Err(refused(
                "it finds crates by SHA-256, which the source does not give".into(),
            ));
        }
        FetchHash::Blake3(_) => String::new(),
    };
    let url = template
        .replace("{crate}", name)
        .replace("{version}", version)
        .replace("{prefix}", &prefix(name))
        .replace("{lowerprefix}", &prefix(&name.to_ascii_lowercase()))
        .replace("{sha256-checksum}", &checksum);
    Place::parse(&url).map_err(refused)
}

/// The folders of an index in which a crate is: `1`, `2`, `3/a`, `ab/cd`.
fn prefix(name: &str) -> String {
    match name.len() {
        0..=2 => name.len().to_string(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    }
}

/// The file of a crate in a folder, if it is there.
pub(crate) fn in_folder(machine: &Machine, folder: &Path, name: &str, version: &str) -> Vec<Place> {
    let path = machine.real(&folder.join(format!("{name}-{version}.crate")));
    if !path.is_file() {
        return Vec::new();
    }
    let place = Url::from_file_path(path).ok().and_then(|it| Place::of_url(it).ok());
    place.into_iter().collect()
}

/// Reads `<name>/<version>`, `<name>/<name>-<version>.crate` or `<name>-<version>.crate`.
pub(crate) fn parse_path(path: &str) -> Option<(String, String)> {
    let (name, version) = match path.split_once('/') {
        Some((name, rest)) => {
            let file = rest.strip_suffix(".crate");
            let version = file.and_then(|it| it.strip_prefix(name)?.strip_prefix('-'));
            (name, version.unwrap_or(rest))
        }
        None => {
            let file = path.strip_suffix(".crate")?;
            // A version has two dots; a name has none.
            let at = file.match_indices('-').map(|(at, _)| at).find(|at| {
                let rest = &file[at + 1..];
                rest.starts_with(|c: char| c.is_ascii_digit())
                    && rest.split(['-', '+']).next().is_some_and(|it| it.matches('.').count() == 2)
            })?;
            (&file[..at], &file[at + 1..])
        }
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_version = |c: char| is_name(c) || matches!(c, '.' | '+');
    let fits = !name.is_empty()
        && name.chars().all(is_name)
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(is_version);
    fits.then(|| (name.to_owned(), version.to_owned()))
}
