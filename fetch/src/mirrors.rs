//! Mirrors: names that stand for lists of places, as specified in `spec/fetch/mirrors.md`.
//!
//! ```text
//! mirror://debian/pool/main/h/hello/hello_2.10.orig.tar.gz
//!          └name┘ └──────────────── path ─────────────────┘
//! ```
//!
//! Bases come from the user's configuration, then from what the machine uses already (apt, pip,
//! cargo, npm), then, for networks of upstream mirrors, from a small built-in table. No public
//! package registry is named here: where it is, the machine's own tools know.

mod cargo;
mod debian;
mod ini;
mod machine;
mod npm;
mod program;
mod public;
mod pypi;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use kiln_store::{Attempt, Cancel, FetchError, FetchHash};
use reqwest::Url;

use crate::place::{Place, is_mirror_name, shown_text};
use crate::web::http::Failure;
pub use machine::Machine;

/// What the user says about mirrors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorConfig {
    /// For each mirror's name its bases, in the order in which they are tried: addresses that
    /// begin with `https:`, `http:` or `file:`.
    pub bases: BTreeMap<String, Vec<String>>,
}

/// Finds the places of `mirror:` addresses, and remembers what it found.
///
/// Nothing is looked up before it is needed, and each thing only once.
pub struct Mirrors {
    config: MirrorConfig,
    machine: Machine,
    bases: Mutex<BTreeMap<String, Arc<Mutex<Known>>>>,
    pages: Mutex<BTreeMap<String, Arc<Page>>>,
}

/// What a mirror's name stands for on this machine, for `kiln doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorReport {
    /// The mirror's name.
    pub name: String,
    /// Its bases, in the order in which they are tried.
    pub bases: Vec<MirrorBase>,
    /// What was looked at in vain, or not understood: sentences.
    pub notes: Vec<String>,
    /// What to set to have other bases.
    pub setting: String,
}

/// One base of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorBase {
    /// Its address, without credentials, or what stands in for one.
    pub url: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a base comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The user's configuration of Kiln.
    Config,
    /// An environment variable.
    Variable(String),
    /// A line of a file, counted from 1; 0 if it is not a line.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// What a program answered.
    Program(String),
    /// Kiln's own table of mirror networks.
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Config => f.write_str("Kiln's configuration"),
            Origin::Variable(name) => write!(f, "the variable {name}"),
            Origin::File { path, line: 0 } => write!(f, "{}", path.display()),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Program(command) => write!(f, "the answer of `{command}`"),
            Origin::BuiltIn => f.write_str("Kiln's own table"),
        }
    }
}

/// One line a base, then the notes.
impl fmt::Display for MirrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bases.is_empty() {
            writeln!(f, "mirror://{}/ has no base; {}", self.name, self.setting)?;
        } else {
            writeln!(f, "mirror://{}/", self.name)?;
        }
        for MirrorBase { url, origin } in &self.bases {
            writeln!(f, "  {url} (from {origin})")?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        Ok(())
    }
}

/// The bases of a mirror, once they were looked for.
type Known = Option<Arc<Bases>>;

/// The bases of one mirror.
#[derive(Debug, Default)]
struct Bases {
    bases: Vec<Base>,
    notes: Vec<String>,
}

/// A base, and how a path becomes places below it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Base {
    origin: Origin,
    rule: Rule,
}

/// How a path becomes places.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// The path is appended.
    Join(Place),
    /// As `Join`, but `pool/…` is below `pool/updates/…`: a security archive of Debian.
    Security(Place),
    /// A simple index of Python projects, which names the address of each file.
    PythonIndex(Place),
    /// `pip` is asked for the address of each file.
    Pip,
    /// A folder of `<crate>-<version>.crate`.
    CrateFolder(PathBuf),
    /// An address with `{crate}` and the like, or without them and then cargo's default.
    CrateTemplate(String),
    /// A sparse index of crates, which says what the template is.
    CrateIndex(Place),
    /// A registry of npm, and the packages that it is asked for.
    Npm { registry: Place, packages: npm::Packages },
}

impl Rule {
    /// What a report shows.
    fn shown(&self) -> String {
        match self {
            Rule::Join(place)
            | Rule::Security(place)
            | Rule::PythonIndex(place)
            | Rule::CrateIndex(place) => place.to_string(),
            Rule::Npm { registry, packages } => match packages {
                npm::Packages::OfScope(scope) => format!("{registry} for {scope}"),
                npm::Packages::Others { .. } => registry.to_string(),
            },
            Rule::CrateTemplate(template) => shown_text(template),
            Rule::CrateFolder(folder) => format!("file://{}", folder.display()),
            Rule::Pip => "what pip downloads".to_owned(),
        }
    }
}

impl Bases {
    fn push(&mut self, origin: Origin, rule: Rule) {
        if !self.bases.iter().any(|it| it.rule == rule) {
            self.bases.push(Base { origin, rule });
        }
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// A page that was read to find places.
pub(crate) struct Page {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: Option<String>,
    /// Its address after redirects, to which links in it are relative.
    pub(crate) url: Url,
}

/// Reads pages; the fetcher does.
pub(crate) trait Pages {
    fn read(&self, place: &Place, accept: &'static str) -> Result<Page, Failure>;
    fn cancel(&self) -> &Cancel;
}

/// What one base of a mirror gives for a path.
pub(crate) struct Resolution {
    pub(crate) found: Found,
    /// How many bases the mirror has.
    pub(crate) bases: usize,
    /// What the user could set to have others.
    pub(crate) setting: String,
}

/// What a base gives for a path.
pub(crate) enum Found {
    /// Places to try, in this order.
    Places(Vec<Place>),
    /// No place, and why.
    Nothing(Attempt),
    /// No place now, but perhaps later.
    NothingYet(Attempt),
}

impl Mirrors {
    /// Makes one that has looked at nothing yet.
    #[must_use]
    pub fn new(config: MirrorConfig, machine: Machine) -> Self {
        Mirrors { config, machine, bases: Mutex::default(), pages: Mutex::default() }
    }

    /// Returns the names of all mirrors, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = self.config.bases.keys().cloned().collect();
        names.extend(["crates", "debian", "npm", "pypi"].map(str::to_owned));
        names.extend(public::names().map(str::to_owned));
        names.into_iter().collect()
    }

    /// Returns what a mirror's name stands for on this machine. Programs may be asked, each for at
    /// most [a minute](Self::PROGRAM_TIMEOUT_S).
    ///
    /// # Errors
    ///
    /// [`FetchError::Cancelled`] if `cancel` was set.
    pub fn describe(&self, name: &str, cancel: &Cancel) -> Result<MirrorReport, FetchError> {
        let found = self.bases(name, &Wanted::Nothing, cancel)?;
        let bases = found
            .bases
            .iter()
            .map(|base| MirrorBase { url: base.rule.shown(), origin: base.origin.clone() })
            .collect();
        Ok(MirrorReport {
            name: name.to_owned(),
            bases,
            notes: found.notes.clone(),
            setting: setting(name),
        })
    }

    /// How long a program may take that is asked where it downloads from, in seconds.
    pub const PROGRAM_TIMEOUT_S: u64 = program::TIMEOUT_S;

    /// Finds the places of `mirror://<name>/<path>` that the base with this number gives.
    pub(crate) fn resolve(
        &self,
        name: &str,
        path: &str,
        hash: FetchHash,
        number: usize,
        pages: &dyn Pages,
    ) -> Result<Resolution, FetchError> {
        let nothing = |url: String, reason: String| Found::Nothing(Attempt { url, reason });
        let address = format!("mirror://{name}/{path}");
        let setting = setting(name);
        let wanted = match Wanted::parse(name, path) {
            Ok(wanted) => wanted,
            Err(reason) => {
                return Ok(Resolution { found: nothing(address, reason), bases: 0, setting });
            }
        };
        let known = self.bases(name, &wanted, pages.cancel())?;
        let bases = known.bases.len();
        let Some(base) = known.bases.get(number) else {
            let notes: String = known.notes.iter().map(|it| format!("; {it}")).collect();
            let others: Vec<String> = self.names().iter().map(|it| format!("`{it}`")).collect();
            let others = match self.names().iter().any(|it| it == name) {
                true => String::new(),
                false => format!("; known are {}", others.join(", ")),
            };
            let reason = format!("no base is known for the mirror `{name}`{others}{notes}");
            return Ok(Resolution { found: nothing(address, reason), bases, setting });
        };
        let found = match self.places(base, path, &wanted, hash, pages) {
            Ok(places) => Found::Places(places),
            Err(Failure::Refused { reason } | Failure::Absent { reason }) => {
                nothing(base.rule.shown(), reason)
            }
            Err(Failure::Passing { reason, .. }) => {
                Found::NothingYet(Attempt { url: base.rule.shown(), reason })
            }
            // Nothing is resumed when a page is read.
            Err(Failure::NotResumed) => Found::Places(Vec::new()),
            Err(Failure::Fatal(error)) => return Err(error),
        };
        Ok(Resolution { found, bases, setting })
    }

    /// The places of a path below one base.
    fn places(
        &self,
        base: &Base,
        path: &str,
        wanted: &Wanted,
        hash: FetchHash,
        pages: &dyn Pages,
    ) -> Result<Vec<Place>, Failure> {
        let refused = |reason: &str| Failure::Refused { reason: reason.to_owned() };
        match (&base.rule, wanted) {
            (Rule::Join(place), _) => Ok(vec![place.join(path)]),
            (Rule::Security(place), _) => match path.strip_prefix("pool/") {
                Some(rest) => Ok(vec![place.join(&format!("pool/updates/{rest}"))]),
                None => Err(refused("a security archive has nothing but `pool/…`")),
            },
            (Rule::PythonIndex(index), Wanted::PythonFile { project, file }) => {
                let place = pypi::page_of(index, project);
                let page = self.page(&place, pypi::ACCEPT, pages)?;
                pypi::find_file(&page, index, file).map(|it| vec![it])
            }
            (Rule::Pip, Wanted::PythonFile { project, file }) => {
                pypi::ask_pip(&self.machine, project, file, pages.cancel()).map(|it| vec![it])
            }
            (Rule::CrateFolder(folder), Wanted::Crate { name, version }) => {
                Ok(cargo::in_folder(&self.machine, folder, name, version))
            }
            (Rule::CrateTemplate(template), Wanted::Crate { name, version }) => {
                cargo::expand(template, name, version, hash).map(|it| vec![it])
            }
            (Rule::CrateIndex(index), Wanted::Crate { name, version }) => {
                let page = self.page(&index.join("config.json"), "*/*", pages)?;
                let template = cargo::template_of(&page.bytes).ok_or_else(|| {
                    refused("its config.json does not say where crates are downloaded from")
                })?;
                cargo::expand(&template, name, version, hash).map(|it| vec![it])
            }
            (Rule::Npm { registry, packages }, Wanted::NpmFile { package, file }) => {
                let asked = packages.contain(package);
                Ok(asked
                    .then(|| registry.join(&format!("{package}/-/{file}")))
                    .into_iter()
                    .collect())
            }
            _ => Err(refused("the path does not fit this base")),
        }
    }

    /// Reads a page, or returns what was read before.
    fn page(
        &self,
        place: &Place,
        accept: &'static str,
        pages: &dyn Pages,
    ) -> Result<Arc<Page>, Failure> {
        let key = place.url().to_string();
        if let Some(page) = locked(&self.pages).get(&key) {
            return Ok(page.clone());
        }
        // Read outside the lock: two threads may read one page, but none waits for another's.
        let page = Arc::new(pages.read(place, accept)?);
        locked(&self.pages).insert(key, page.clone());
        Ok(page)
    }

    /// Finds the bases of a mirror, or returns what was found before.
    fn bases(
        &self,
        name: &str,
        wanted: &Wanted,
        cancel: &Cancel,
    ) -> Result<Arc<Bases>, FetchError> {
        let slot = locked(&self.bases).entry(name.to_owned()).or_default().clone();
        // Held while programs run, so that each is asked once.
        let mut slot = locked(&slot);
        if let Some(bases) = &*slot {
            return Ok(bases.clone());
        }
        let bases = Arc::new(self.find_bases(name, wanted, cancel));
        if cancel.is_set() {
            // A program may have been stopped before it answered.
            return Err(FetchError::Cancelled);
        }
        // A report must not settle that there is nothing: cargo is asked only for a crate.
        if !(bases.bases.is_empty() && matches!(wanted, Wanted::Nothing)) {
            *slot = Some(bases.clone());
        }
        Ok(bases)
    }

    fn find_bases(&self, name: &str, wanted: &Wanted, cancel: &Cancel) -> Bases {
        let mut found = Bases::default();
        if !is_mirror_name(name) {
            found.note(format!("`{}` is no name of a mirror", shown_text(name)));
            return found;
        }
        for base in self.config.bases.get(name).into_iter().flatten() {
            match configured_rule(name, base) {
                Ok(rule) => found.push(Origin::Config, rule),
                Err(reason) => found.note(format!(
                    "the base `{}` of Kiln's configuration is left out: {reason}",
                    shown_text(base)
                )),
            }
        }
        match name {
            "debian" => debian::find(&self.machine, &mut found),
            "pypi" => pypi::find(&self.machine, cancel, &mut found),
            "crates" => cargo::find(&self.machine, wanted, cancel, &mut found),
            "npm" => npm::find(&self.machine, cancel, &mut found),
            _ => public::find(name, &mut found),
        }
        found
    }
}

/// What a path names, for the mirrors whose paths are more than paths.
enum Wanted {
    /// Nothing: a report is made.
    Nothing,
    Path,
    PythonFile {
        project: String,
        file: String,
    },
    Crate {
        name: String,
        version: String,
    },
    NpmFile {
        package: String,
        file: String,
    },
}

impl Wanted {
    /// Reads a path; the error is a phrase.
    fn parse(mirror: &str, path: &str) -> Result<Wanted, String> {
        match mirror {
            "pypi" => match path.split_once('/') {
                Some((project, file)) if !file.contains('/') => Ok(Wanted::PythonFile {
                    project: pypi::normalized(project),
                    file: file.to_owned(),
                }),
                _ => Err("it should be `mirror://pypi/<project>/<file>`".to_owned()),
            },
            "crates" => match cargo::parse_path(path) {
                Some((name, version)) => Ok(Wanted::Crate { name, version }),
                None => Err("it should be `mirror://crates/<name>/<version>`".to_owned()),
            },
            "npm" => match path.rsplit_once('/') {
                Some((package, file))
                    if package.starts_with('@') == package.contains('/')
                        && package.matches('/').count() < 2 =>
                {
                    Ok(Wanted::NpmFile { package: package.to_owned(), file: file.to_owned() })
                }
                _ => Err("it should be `mirror://npm/<package>/<file>`".to_owned()),
            },
            _ => Ok(Wanted::Path),
        }
    }
}

/// How a base of the user's configuration is meant.
fn configured_rule(mirror: &str, base: &str) -> Result<Rule, String> {
    if mirror == "crates" {
        return cargo::configured_rule(base);
    }
    let place = Place::parse(base)?;
    Ok(match mirror {
        "debian" if debian::is_security(place.url().path()) => Rule::Security(place),
        "pypi" => Rule::PythonIndex(place),
        "npm" => Rule::Npm { registry: place, packages: npm::Packages::all() },
        _ => Rule::Join(place),
    })
}

/// What to set so that a mirror has a base.
fn setting(name: &str) -> String {
    if !is_mirror_name(name) {
        return "a mirror's name consists of a-z, 0-9 and `-`".to_owned();
    }
    let variable = name.to_ascii_uppercase().replace('-', "_");
    format!("set KILN_MIRROR_{variable} or `mirrors.{name}` in config.toml to a base of your own")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|it| it.into_inner())
}
