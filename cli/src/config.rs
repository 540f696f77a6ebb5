//! What the user and the machine have set: where the store is, mirrors, limits.
//!
//! ```toml
//! # ~/.config/kiln/config.toml
//! store = "/data/kiln"                 # KILN_STORE, --store
//! builds_max = 4
//! scratch = "disk"                     # builds write to the disk rather than to memory
//! substituters = ["/mnt/cache"]
//! archives = ["/mnt/sources"]          # KILN_ARCHIVE; sources by hash, as `kiln archive` writes them
//!
//! [mirrors]
//! debian = ["https://mirror.example/debian"]   # KILN_MIRROR_DEBIAN
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kiln_fetch::Archive;
use serde::Deserialize;

use crate::fail::Fail;
use crate::folders::{Purpose, folder};

/// The configuration, from the file and the environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// The folder of the store.
    pub(crate) store: PathBuf,
    /// How many builds run at a time.
    pub(crate) builds_max: Option<usize>,
    /// Whether builds write to the disk.
    pub(crate) scratch_on_disk: bool,
    /// Folders that hold what was built elsewhere.
    pub(crate) substituters: Vec<PathBuf>,
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
    builds_max: Option<usize>,
    scratch: Option<ScratchPlace>,
    #[serde(default)]
    substituters: Vec<PathBuf>,
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
        let path = config_path();
        let mut config = Config::default();
        let mut file = File::default();
        if let Some(path) = path.filter(|it| it.exists()) {
            let text = std::fs::read_to_string(&path).map_err(|source| Fail::Config {
                path: path.clone(),
                reason: source.to_string(),
            })?;
            file = toml::from_str(&text)
                .map_err(|error| Fail::Config { path: path.clone(), reason: error.to_string() })?;
            config.file = Some(path);
        }
        config.builds_max = file.builds_max;
        config.scratch_on_disk = file.scratch == Some(ScratchPlace::Disk);
        config.substituters = file.substituters;
        let (archive, archives) = (std::env::var_os(ARCHIVE), std::mem::take(&mut file.archives));
        if let Some(archive) = archive.filter(|it| !it.is_empty()) {
            let text = archive.to_string_lossy();
            let archive = Archive::parse(&text)
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
        for (name, value) in std::env::vars() {
            if let Some(mirror) = name.strip_prefix("KILN_MIRROR_")
                && !mirror.is_empty()
            {
                let bases = value.split_whitespace().map(str::to_owned).collect();
                config.mirrors.insert(mirror.to_lowercase(), bases);
            }
        }
        let from_env =
            std::env::var_os("KILN_STORE").filter(|it| !it.is_empty()).map(PathBuf::from);
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

/// The variable that names a folder or an address with sources by their hash.
const ARCHIVE: &str = "KILN_ARCHIVE";

/// Where the configuration is: `KILN_CONFIG`, or `kiln/config.toml` in the user's folder of settings.
fn config_path() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("KILN_CONFIG") {
        return Some(path.into());
    }
    Some(folder(Purpose::Config)?.join("config.toml"))
}

/// Where the store is if nobody says: `/kiln` for root, the user's folder of data otherwise.
fn default_store() -> Result<PathBuf, Fail> {
    if nix::unistd::geteuid().is_root() {
        return Ok("/kiln".into());
    }
    folder(Purpose::Data).ok_or(Fail::NoHome)
}
