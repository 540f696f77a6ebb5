//! Where apt gets Debian's packages from: sources.list(5), both formats.

use std::collections::BTreeMap;
use std::path::Path;

use crate::escape::escape;
use crate::mirrors::machine::Machine;
use crate::mirrors::{Bases, Origin, Rule};
use crate::place::{Place, shown_text};

/// The suites of the Debian archive, with which other repositories are not confused. Code names
/// from 10 on; that of the machine's own release is added when the machine is asked.
const SUITES: &[&str] = &[
    "stable",
    "oldstable",
    "oldoldstable",
    "testing",
    "unstable",
    "experimental",
    "sid",
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
];

/// What may follow a suite's name.
const SUFFIXES: &[&str] = &[
    "",
    "-updates",
    "-security",
    "/updates",
    "-backports",
    "-backports-sloppy",
    "-proposed-updates",
    "-lts",
];

/// One source of apt: a base with its suites.
struct Source {
    uri: String,
    suites: Vec<String>,
    components: Vec<String>,
    /// `Signed-By`, which names Debian's own key ring for Debian's own archives.
    signed_by: String,
    origin: Origin,
}

/// Adds the machine's bases: the main archives in order, then the security archives.
pub(crate) fn find(machine: &Machine, found: &mut Bases) {
    let mut sources = Vec::new();
    let folder = Path::new("/etc/apt/sources.list.d");
    let files = machine.list(folder).into_iter();
    let files = std::iter::once(Path::new("/etc/apt/sources.list").to_owned()).chain(files);
    let mut files_read = 0;
    for path in files {
        let is_stanzas = match path.extension().and_then(|it| it.to_str()) {
            Some("sources") => true,
            Some("list") => false,
            _ => continue,
        };
        match machine.read(&path) {
            Ok(None) => {}
            Ok(Some(text)) => {
                files_read += 1;
                let origin = |line| Origin::File { path: path.clone(), line };
                if is_stanzas {
                    sources.extend(read_stanzas(&text).into_iter().map(|it| it.at(origin)));
                } else {
                    sources.extend(read_lines(&text).into_iter().map(|it| it.at(origin)));
                }
            }
            Err(reason) => found.note(reason),
        }
    }
    let suites = known_suites(machine);
    let (mut main, mut security) = (Vec::new(), Vec::new());
    for source in sources {
        if !source.is_debian(&suites) {
            continue;
        }
        match Place::parse(&source.uri) {
            Ok(place) if source.is_security() => {
                security.push((source.origin, Rule::Security(place)));
            }
            Ok(place) => main.push((source.origin, Rule::Join(place))),
            Err(reason) => found.note(format!(
                "the source `{}` of apt ({}) is left out: {reason}",
                shown_text(&source.uri),
                source.origin
            )),
        }
    }
    if main.is_empty() && security.is_empty() {
        found.note(match files_read {
            0 => "apt has no sources (/etc/apt/sources.list, /etc/apt/sources.list.d)".to_owned(),
            _ => "none of apt's sources is an archive of Debian".to_owned(),
        });
    }
    for (origin, rule) in main.into_iter().chain(security) {
        found.push(origin, rule);
    }
}

/// Whether the last part of a base's path says that it is a security archive.
pub(crate) fn is_security(path: &str) -> bool {
    path.trim_end_matches('/').rsplit('/').next().is_some_and(|it| it.contains("security"))
}

impl Source {
    /// Whether this is an archive of Debian, rather than somebody's own repository for it.
    /// [fetch.mirror.7]
    fn is_debian(&self, suites: &[String]) -> bool {
        if self.signed_by.contains("debian-archive") {
            return true;
        }
        let is_suite = self.suites.iter().any(|suite| {
            suites.iter().any(|known| {
                suite.strip_prefix(known.as_str()).is_some_and(|rest| SUFFIXES.contains(&rest))
            })
        });
        is_suite && self.components.iter().any(|it| it == "main" || it.ends_with("/main"))
    }

    fn is_security(&self) -> bool {
        let path = self.uri.split_once("://").map_or("", |(_, rest)| rest);
        is_security(path)
            || self.suites.iter().all(|it| it.ends_with("-security") || it.ends_with("/updates"))
    }
}

fn known_suites(machine: &Machine) -> Vec<String> {
    let mut suites: Vec<String> = SUITES.iter().map(|it| (*it).to_owned()).collect();
    let text = machine.read(Path::new("/etc/os-release")).ok().flatten().unwrap_or_default();
    let values: BTreeMap<_, _> = text
        .lines()
        .filter_map(|it| it.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim().trim_matches('"')))
        .collect();
    if values.get("ID") == Some(&"debian")
        && let Some(name) = values.get("VERSION_CODENAME").filter(|it| !it.is_empty())
    {
        suites.push((*name).to_owned());
    }
    suites
}

/// A source whose file is not named yet.
struct SourceAt {
    line: usize,
    uri: String,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: String,
}

impl SourceAt {
    fn at(self, origin: impl Fn(usize) -> Origin) -> Source {
        let SourceAt { line, uri, suites, components, signed_by } = self;
        Source { uri, suites, components, signed_by, origin: origin(line) }
    }
}

/// Reads `deb [options] uri suite component…` lines.
fn read_lines(text: &str) -> Vec<SourceAt> {
    let mut sources = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(rest) = line.strip_prefix("deb-src").or_else(|| line.strip_prefix("deb")) else {
            continue;
        };
        if !rest.starts_with([' ', '\t']) {
            continue;
        }
        let rest = rest.trim_start();
        let (options, rest) = match rest.strip_prefix('[').and_then(|it| it.split_once(']')) {
            Some((options, rest)) => (options, rest),
            None => ("", rest),
        };
        let mut words = rest.split_whitespace().map(str::to_owned);
        let (Some(uri), Some(suite)) = (words.next(), words.next()) else { continue };
        let signed_by = options
            .split_whitespace()
            .filter_map(|it| it.strip_prefix("signed-by="))
            .collect::<String>();
        sources.push(SourceAt {
            line: index + 1,
            uri,
            suites: vec![suite],
            components: words.collect(),
            signed_by,
        });
    }
    sources
}

/// Reads stanzas of `Types:`, `URIs:`, `Suites:` and so on.
fn read_stanzas(text: &str) -> Vec<SourceAt> {
    let mut sources = Vec::new();
    // The fields of the stanza: lower-case name to line and value.
    let mut fields: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut last = None;
    for (index, line) in text.lines().chain([""]).enumerate() {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            sources.extend(stanza_sources(&std::mem::take(&mut fields)));
            last = None;
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = last.as_ref().and_then(|it| fields.get_mut(it)) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim().to_ascii_lowercase();
            fields.insert(name.clone(), (index + 1, value.trim().to_owned()));
            last = Some(name);
        }
    }
    sources
}

fn stanza_sources(fields: &BTreeMap<String, (usize, String)>) -> Vec<SourceAt> {
    let field = |name: &str| fields.get(name).map_or("", |(_, value)| value.as_str());
    let words = |name: &str| field(name).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if matches!(field("enabled").to_ascii_lowercase().as_str(), "no" | "false" | "0" | "off") {
        return Vec::new();
    }
    let line = fields.get("uris").map_or(0, |(line, _)| *line);
    words("uris")
        .into_iter()
        .map(|uri| SourceAt {
            line,
            uri,
            suites: words("suites"),
            components: words("components"),
            signed_by: escape(field("signed-by").as_bytes()),
        })
        .collect()
}
