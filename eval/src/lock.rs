//! `kiln.lock`: every choice that was made for a project, to be read in a diff and made again.
//!
//! ```text
//! Solution + Derived ─record─▶ Lock ─write─▶ text
//!                              Lock ◀─read── text
//! Lock ─preferences─▶ Preferences           what the solver tries first
//! Lock + Lock ─changes─▶ sentences          what is otherwise than it was
//! ```
//!
//! A lock says versions, options and who set them, providers, exports that were applied, what each
//! recipe makes of it, and the hashes of sources. It holds no times, no absolute paths and no line
//! numbers, so that it changes when a choice does. Format: `spec/solve/lock.md`.

mod changes;
mod read;
mod record;
mod write;

use std::collections::BTreeMap;

use kiln_lang::Version;
use kiln_lang::module::Name;

pub use changes::{LockChange, LockChangeKind};
pub use read::LockError;
pub use record::LockRecorder;

use crate::preferences::Preferences;

/// The name of a lock, beside its project file.
pub const LOCK_FILE: &str = "kiln.lock";

/// The version of the format of locks that this program reads and writes.
pub const LOCK_FORMAT: u32 = 1;

/// Every choice that was made for what a project asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// What it was made for: tables such as `platform` and `toolchain`, with their values as text.
    pub facts: BTreeMap<String, BTreeMap<String, String>>,
    /// What was asked for, each solved by itself: the project's wishes first.
    pub requests: Vec<LockedRequest>,
    /// The build tools of all requests, by name; several of a name if they differ.
    pub tools: Vec<LockedPackage>,
}

/// Packages that were solved together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRequest {
    /// Who asks.
    pub kind: RequestKind,
    /// The specs, as they are written, in their order.
    pub wants: Vec<String>,
    /// The packages for the target, by instance and name.
    pub packages: Vec<LockedPackage>,
}

/// Who asks for what is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    /// The project wants it.
    Project,
    /// The project or a recipe publishes it.
    Published,
    /// `kiln lock SPEC` asked for it.
    Asked,
}

/// A package with all that was chosen of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedPackage {
    /// Its name.
    pub name: Name,
    /// The name of the instance, if there is a second one: `want curl[http3] as curl-h3`.
    pub instance: Option<Name>,
    /// Its version.
    pub version: String,
    /// A hash of what its recipe makes of these choices: steps, environment, what it is made for;
    /// not of its sources and of what it depends on. None if nothing is built.
    pub recipe: Option<String>,
    /// Hashes and names of its sources, sorted.
    pub sources: Vec<String>,
    /// The packages that it depends on, by role, sorted. A build tool of which there are several is
    /// told apart by its version, and what else differs.
    pub needs: BTreeMap<String, Vec<String>>,
    /// Which package provides each interface that it needs.
    pub providers: BTreeMap<String, String>,
    /// Exports that were applied to it: `run boink from bang`.
    pub exports: Vec<String>,
    /// The values of its features and knobs.
    pub options: BTreeMap<String, LockedOption>,
}

/// A value of an option, and who set it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedOption {
    /// The value.
    pub value: LockedValue,
    /// Who set it; the recipe if `None`.
    pub by: Option<String>,
}

/// A value of an option, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockedValue {
    /// A value.
    One(String),
    /// The elements of a set, in the order of their declaration.
    Set(Vec<String>),
}

impl RequestKind {
    /// Returns the word that stands in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RequestKind::Project => "project",
            RequestKind::Published => "published",
            RequestKind::Asked => "asked",
        }
    }

    /// Returns the kind that a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<RequestKind> {
        [RequestKind::Project, RequestKind::Published, RequestKind::Asked]
            .into_iter()
            .find(|it| it.word() == word)
    }
}

impl Lock {
    /// Returns what the solver is to try first: the versions and providers of this lock. Of several
    /// versions of a package the newest comes first.
    #[must_use]
    pub fn preferences(&self) -> Preferences {
        let mut preferences = Preferences::default();
        let targets = self.requests.iter().flat_map(|it| &it.packages).map(|it| (it, false));
        let tools = self.tools.iter().map(|it| (it, true));
        let mut all: Vec<(&LockedPackage, bool, Version)> = targets
            .chain(tools)
            .map(|(package, is_build)| (package, is_build, Version::new(&package.version)))
            .collect();
        all.sort_by(|a, b| b.2.cmp(&a.2));
        for (package, is_build, version) in all {
            preferences.prefer_version(Name::from(package.package()), is_build, version);
            for (interface, provider) in &package.providers {
                preferences.prefer_provider(Name::from(interface), Name::from(provider));
            }
        }
        preferences
    }

    /// Returns the request with these specs, in any order.
    #[must_use]
    pub fn request(&self, kind: RequestKind, wants: &[String]) -> Option<&LockedRequest> {
        let sorted = |wants: &[String]| {
            let mut wants = wants.to_vec();
            wants.sort();
            wants
        };
        let wanted = sorted(wants);
        self.requests.iter().find(|it| {
            it.kind == kind && (kind == RequestKind::Project || sorted(&it.wants) == wanted)
        })
    }

    /// Returns every package, of requests and build tools.
    pub fn packages(&self) -> impl Iterator<Item = &LockedPackage> {
        self.requests.iter().flat_map(|it| &it.packages).chain(&self.tools)
    }
}

impl LockedPackage {
    /// Returns the name of the package, of which this may be a part: `curl`, of the output
    /// `curl.libcurl` and of the compilation `curl/shared_build`.
    #[must_use]
    pub fn package(&self) -> &str {
        self.name.split(['.', '/']).next().unwrap_or_default()
    }

    /// Returns the name and version: `curl 8.18.0`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

impl std::fmt::Display for LockedValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LockedValue::One(text) => f.write_str(text),
            LockedValue::Set(values) => write!(f, "{{{}}}", values.join(", ")),
        }
    }
}
