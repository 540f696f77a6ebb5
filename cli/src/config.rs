//! What the user and the machine have set: where the store is, mirrors, limits.
//!
//! ```toml
//! # ~/.config/kiln/config.toml        # KILN_CONFIG
//! store = "/data/kiln"                 # KILN_STORE, --store
//! builds_max = 4
//! scratch = "disk"                     # builds write to the disk rather than to memory
//! substituters = ["/mnt/cache", "https://cache.example/kiln"]   # KILN_SUBSTITUTER
//! archives = ["/mnt/sources"]          # KILN_ARCHIVE; sources by hash, as `kiln archive` writes them
//!
//! [mirrors]
//! debian = ["https://mirror.example/debian"]   # KILN_MIRROR_DEBIAN
//! ```

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use kiln_fetch::Archive;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::caches::Cache;
use crate::fail::Fail;
use crate::folders::{Purpose, folder};

/// The configuration, from the file and the environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// The folder of the store.
    pub(crate) store: PathBuf,
    /// How many builds run at a time.
    pub(crate) builds_max: Option<NonZeroUsize>,
    /// Whether builds write to the disk.
    pub(crate) scratch_on_disk: bool,
    /// What holds what was built elsewhere.
    pub(crate) substituters: Vec<Cache>,
    /// Folders and addresses that have sources by their hash.
    pub(crate) archives: Vec<Archive>,
    /// Bases of mirrors.
    pub(crate) mirrors: BTreeMap<String, Vec<String>>,
    /// The file, if there is one.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    store: Option<PathBuf>,
    #[serde(default, deserialize_with = "builds_max")]
    builds_max: Option<NonZeroUsize>,
    scratch: Option<ScratchPlace>,
    #[serde(default)]
    substituters: Vec<String>,
    #[serde(default)]
    archives: Vec<String>,
    #[serde(default)]
    mirrors: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScratchPlace {
    Memory,
    Disk,
}

impl Config {
    /// Reads the configuration. `store` is what the command line says.
    pub(crate) fn read(store: Option<&Path>) -> Result<Config, Fail> {
        let mut config = Config::default();
        let mut file = File::default();
        if let Some((path, text)) = config_text()? {
            file = toml::from_str(&text).map_err(|error| {
                let reason = error.to_string().trim_end().to_owned();
                Fail::Config { path: path.clone(), reason }
            })?;
            config.file = Some(path);
        }
        config.builds_max = file.builds_max;
        config.scratch_on_disk = file.scratch == Some(ScratchPlace::Disk);
        if let Some(cache) = variable(SUBSTITUTER) {
            let text = text(SUBSTITUTER, &cache)?;
            let cache = Cache::parse(text)
                .map_err(|reason| Fail::Usage(format!("{SUBSTITUTER} is `{text}`: {reason}")))?;
            config.substituters.push(cache);
        }
        for text in &file.substituters {
            let cache = Cache::parse(text).map_err(|reason| Fail::Config {
                path: config.file.clone().unwrap_or_default(),
                reason: format!("of `substituters`, `{text}`: {reason}"),
            })?;
            if !config.substituters.contains(&cache) {
                config.substituters.push(cache);
            }
        }
        let (archive, archives) = (variable(ARCHIVE), std::mem::take(&mut file.archives));
        if let Some(archive) = archive {
            let text = text(ARCHIVE, &archive)?;
            let archive = Archive::parse(text)
                .map_err(|reason| Fail::Usage(format!("{ARCHIVE} is `{text}`: {reason}")))?;
            config.archives.push(archive);
        }
        for text in archives {
            let archive = Archive::parse(&text).map_err(|reason| Fail::Config {
                path: config.file.clone().unwrap_or_default(),
                reason: format!("of `archives`, `{text}`: {reason}"),
            })?;
            if !config.archives.contains(&archive) {
                config.archives.push(archive);
            }
        }
        config.mirrors = file.mirrors;
        for (name, value) in std::env::vars_os() {
            // What is called otherwise is none of ours, whatever it holds.
            let Some(name) = name.to_str() else { continue };
            if let Some(mirror) = name.strip_prefix("KILN_MIRROR_")
                && !mirror.is_empty()
            {
                let bases = text(name, &value)?.split_whitespace().map(str::to_owned).collect();
                config.mirrors.insert(mirror.to_lowercase(), bases);
            }
        }
        let from_env = variable("KILN_STORE").map(PathBuf::from);
        config.store = match store.map(Path::to_owned).or(from_env).or(file.store) {
            Some(store) => std::path::absolute(&store).map_err(|source| Fail::Config {
                path: store.clone(),
                reason: source.to_string(),
            })?,
            None => default_store()?,
        };
        Ok(config)
    }
}

/// Reads how many builds run at a time. None at all would build nothing.
fn builds_max<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NonZeroUsize>, D::Error> {
    let refused =
        "expected 1 or more builds at a time; leave it out for as many as there are processors";
    let number = i64::deserialize(from)?;
    let number = usize::try_from(number).ok().and_then(NonZeroUsize::new);
    number.map(Some).ok_or_else(|| D::Error::custom(refused))
}

/// The variable that names a folder or an address with sources by their hash.
const ARCHIVE: &str = "KILN_ARCHIVE";

/// The variable that names a folder or an address with what was built elsewhere.
const SUBSTITUTER: &str = "KILN_SUBSTITUTER";

/// The variable that names the configuration.
const CONFIG: &str = "KILN_CONFIG";

/// Where the configuration is if `KILN_CONFIG` names none.
pub(crate) fn default_path() -> Option<PathBuf> {
    Some(folder(Purpose::Config)?.join("config.toml"))
}

/// The configuration with its path: what `KILN_CONFIG` names, or else `kiln/config.toml` in the
/// user's folder of settings, which need not be there.
fn config_text() -> Result<Option<(PathBuf, String)>, Fail> {
    let named = variable(CONFIG).map(PathBuf::from);
    let is_named = named.is_some();
    let Some(path) = named.or_else(default_path) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if is_named => Err(Fail::Config {
            path,
            reason: format!("{error}; {CONFIG} names it: correct or unset that"),
        }),
        // A home that is no folder has no settings either.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Fail::Config { path, reason: error.to_string() }),
    }
}

/// The value of a variable of the environment, if it has one.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|it| !it.is_empty())
}

fn text<'v>(name: &str, value: &'v OsStr) -> Result<&'v str, Fail> {
    let found = || format!("{name} is `{}`, which is not UTF-8 text", value.to_string_lossy());
    value.to_str().ok_or_else(|| Fail::Usage(found()))
}

/// Where the store is if nobody says: `/kiln` for root, the user's folder of data otherwise.
fn default_store() -> Result<PathBuf, Fail> {
    if nix::unistd::geteuid().is_root() {
        return Ok("/kiln".into());
    }
    folder(Purpose::Data).ok_or(Fail::NoHome)
}
