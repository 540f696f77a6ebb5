//! Where pip gets Python projects from, and where an index says that a file is.
//!
//! Index: the simple repository API (PEP 503 as HTML, PEP 691 as JSON). Which of the two comes is
//! seen from the answer, not from what was asked for.

use std::path::{Path, PathBuf};

use kiln_store::Cancel;
use reqwest::Url;
use serde_json::Value;

use crate::escape::escape;
use crate::mirrors::machine::Machine;
use crate::mirrors::program::ask;
use crate::mirrors::{Bases, Origin, Page, Rule, ini};
use crate::place::{Place, shown_text};
use crate::web::http::Failure;

/// What an index is asked for: JSON, else HTML.
pub(crate) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.5, */*;q=0.1";

/// Adds the machine's indexes: that which pip uses, and its extra ones.
pub(crate) fn find(machine: &Machine, cancel: &Cancel, found: &mut Bases) {
    let configured = !found.bases.is_empty();
    let mut index = None;
    let mut extra = Vec::new();
    for path in config_files(machine) {
        let text = match machine.read(&path) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(reason) => {
                found.note(reason);
                continue;
            }
        };
        for setting in ini::settings(&text) {
            if !matches!(setting.section, "global" | "install" | "download") {
                continue;
            }
            let origin = Origin::File { path: path.clone(), line: setting.line };
            let values = || setting.values.iter().flat_map(|it| it.split_whitespace());
            // A later file overrides an earlier one.
            match setting.key.replace('_', "-").as_str() {
                "index-url" => {
                    index = values().next().map(|it| (origin, it.to_owned())).or(index);
                }
                "extra-index-url" => {
                    extra = values().map(|it| (origin.clone(), it.to_owned())).collect();
                }
                _ => {}
            }
        }
    }
    if let Some(url) = machine.variable("PIP_INDEX_URL") {
        index = Some((Origin::Variable("PIP_INDEX_URL".to_owned()), url.to_owned()));
    }
    if let Some(urls) = machine.variable("PIP_EXTRA_INDEX_URL") {
        let origin = Origin::Variable("PIP_EXTRA_INDEX_URL".to_owned());
        extra = urls.split_whitespace().map(|it| (origin.clone(), it.to_owned())).collect();
    }
    if index.is_none() && !configured {
        index = ask_pip_for_index(machine, cancel, found);
    }
    for (origin, url) in index.into_iter().chain(extra) {
        match Place::parse(&url) {
            Ok(place) => found.push(origin, Rule::PythonIndex(place)),
            Err(reason) => found.note(format!(
                "the index `{}` of pip ({origin}) is left out: {reason}",
                shown_text(&url)
            )),
        }
    }
}

/// The configuration files of pip that apply outside a project, in the order in which later ones
/// override earlier ones.
fn config_files(machine: &Machine) -> Vec<PathBuf> {
    let own = machine.variable("PIP_CONFIG_FILE");
    if own == Some("/dev/null") {
        return Vec::new();
    }
    let mut files = Vec::new();
    for folder in std::env::split_paths(machine.variable("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg")) {
        files.push(folder.join("pip/pip.conf"));
    }
    // The first folder of the variable counts most.
    files.reverse();
    files.push("/etc/pip.conf".into());
    if let Some(home) = machine.home() {
        files.push(home.join(".pip/pip.conf"));
        let config = machine.variable("XDG_CONFIG_HOME").map(PathBuf::from);
        files.push(config.unwrap_or_else(|| home.join(".config")).join("pip/pip.conf"));
    }
    if let Some(environment) = machine.variable("VIRTUAL_ENV") {
        files.push(Path::new(environment).join("pip.conf"));
    }
    files.extend(own.map(PathBuf::from));
    files
}

/// Asks pip for the index that it uses if nobody tells it otherwise.
///
/// The text of `--help` has it, computed from all that pip knows, and nothing is downloaded or run
/// for it. If a future pip does not say it there, pip is asked for each file.
fn ask_pip_for_index(
    machine: &Machine,
    cancel: &Cancel,
    found: &mut Bases,
) -> Option<(Origin, String)> {
    let arguments = ["-m", "pip", "--disable-pip-version-check", "install", "--help"];
    let help = match ask(machine, "python3", &arguments, cancel) {
        Ok(help) => help,
        Err(reason) => {
            found.note(format!("pip names no index, and cannot be asked: {reason}"));
            return None;
        }
    };
    match default_index(&help) {
        Some(url) => {
            let command = "python3 -m pip install --help".to_owned();
            Some((Origin::Program(command), url))
        }
        None => {
            let command = "python3 -m pip install --dry-run --report -".to_owned();
            found.push(Origin::Program(command), Rule::Pip);
            None
        }
    }
}

/// Finds `(default <address>)` in what pip says about `--index-url`.
fn default_index(help: &str) -> Option<String> {
    let (_, about) = help.split_once("--index-url <url>")?;
    let (_, rest) = about.split_once("(default ")?;
    // Other options come later; theirs is not meant.
    let is_own = !about[..about.len() - rest.len()].contains("\n  -");
    let (url, _) = rest.split_once(')')?;
    let url: String = url.split_whitespace().collect();
    (is_own && Url::parse(&url).is_ok()).then_some(url)
}

/// Asks pip for the address of one wheel.
///
/// [fetch.mirror.11] Only of wheels: to say where a source archive is, pip would run code that is in it.
pub(crate) fn ask_pip(
    machine: &Machine,
    project: &str,
    file: &str,
    cancel: &Cancel,
) -> Result<Place, Failure> {
    let refused = |reason: String| Failure::Refused { reason };
    let version = file
        .strip_suffix(".whl")
        .and_then(|it| it.split('-').nth(1))
        .filter(|it| it.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .ok_or_else(|| refused("pip can be asked for wheels only".to_owned()))?;
    let requirement = format!("{project}=={version}");
    let arguments = [
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--dry-run",
        "--quiet",
        "--no-deps",
        "--ignore-installed",
        "--only-binary=:all:",
        "--report",
        "-",
        "--",
        &requirement,
    ];
    let report = ask(machine, "python3", &arguments, cancel).map_err(refused)?;
    let report: Value = serde_json::from_str(&report)
        .map_err(|error| refused(format!("the report of pip is not JSON: {error}")))?;
    let url = report["install"][0]["download_info"]["url"]
        .as_str()
        .ok_or_else(|| refused("the report of pip names no address".to_owned()))?;
    let place = Place::parse(url).map_err(refused)?;
    if file_name(place.url()) == file {
        Ok(place)
    } else {
        Err(refused(format!("pip would download another file: {place}")))
    }
}

/// Returns a project's name as indexes spell it: lower case, and `-` for any of `-`, `_`, `.`.
pub(crate) fn normalized(project: &str) -> String {
    let mut name = String::with_capacity(project.len());
    for c in project.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !name.ends_with('-') {
                name.push('-');
            }
        } else {
            name.push(c.to_ascii_lowercase());
        }
    }
    name
}

/// The page of a project.
pub(crate) fn page_of(index: &Place, project: &str) -> Place {
    index.join(&format!("{project}/"))
}

/// Finds the address of a file in a page of an index.
pub(crate) fn find_file(page: &Page, index: &Place, file: &str) -> Result<Place, Failure> {
    let refused = |reason: String| Failure::Refused { reason };
    let is_json = match page.media_type.as_deref() {
        Some(media_type) => media_type.ends_with("json"),
        None => page.bytes.trim_ascii_start().starts_with(b"{"),
    };
    let url = if is_json { find_in_json(page, file)? } else { find_in_html(page, file) };
    let url = url.ok_or_else(|| {
        refused(format!("its index does not list the file `{}`", escape(file.as_bytes())))
    })?;
    let place = Place::of_url(url).map_err(refused)?;
    // A page from the web must not make Kiln read files of this machine.
    if place.url().scheme() == "file" && page.url.scheme() != "file" {
        return Err(refused("its index points to a file of this machine".to_owned()));
    }
    // Files often lie on the index' own host, behind the same password.
    let same = index.trusts(place.url()) && place.authorization().is_none();
    Ok(if same { index.with_url(place.url().clone()) } else { place })
}

fn find_in_json(page: &Page, file: &str) -> Result<Option<Url>, Failure> {
    let value: Value = serde_json::from_slice(&page.bytes).map_err(|error| Failure::Refused {
        reason: format!("its index says that it is JSON, but is not: {error}"),
    })?;
    let files = value["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let url = files.iter().find(|it| it["filename"] == file).and_then(|it| it["url"].as_str());
    Ok(url.and_then(|it| page.url.join(it).ok()))
}

/// Finds the link whose last part is the file.
fn find_in_html(page: &Page, file: &str) -> Option<Url> {
    let text = String::from_utf8_lossy(&page.bytes);
    let mut rest = &*text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let is_link = rest
            .get(..2)
            .is_some_and(|it| it.eq_ignore_ascii_case("a ") || matches!(it, "a\n" | "a\t" | "a\r"));
        if !is_link {
            continue;
        }
        let tag = &rest[..rest.find('>').unwrap_or(rest.len())];
        let url = href(tag).and_then(|it| page.url.join(&unescape(it)).ok());
        if let Some(url) = url.filter(|it| file_name(it) == file) {
            return Some(url);
        }
    }
    None
}

/// The value of the attribute `href` of a tag.
fn href(tag: &str) -> Option<&str> {
    let lower = tag.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let at = from + lower[from..].find("href")?;
        from = at + 4;
        let before = tag[..at].chars().next_back();
        let value = tag[from..].trim_start().strip_prefix('=').map(str::trim_start);
        let Some(value) = value.filter(|_| before.is_some_and(char::is_whitespace)) else {
            continue;
        };
        return match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split(quote).next(),
            _ => value.split_whitespace().next(),
        };
    }
}

/// Undoes the escapes that appear in addresses.
fn unescape(text: &str) -> String {
    text.replace("&#43;", "+")
        .replace("&#x2B;", "+")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// The last part of an address' path, its escapes undone.
fn file_name(url: &Url) -> String {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    String::from_utf8_lossy(&crate::place::decode(last)).into_owned()
}
