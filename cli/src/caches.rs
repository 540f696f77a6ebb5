//! Caches: places that have what was built elsewhere, in folders and on the web.

use std::fmt;
use std::path::PathBuf;

use kiln_fetch::{CacheUrl, WebOptions, WebSubstituter};
use kiln_store::{Cancel, DirectorySubstituter, Substituter};

/// Where a cache is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cache {
    /// A folder that `kiln store export` wrote.
    Folder(PathBuf),
    /// Such a folder as a server gives it out.
    Web(CacheUrl),
}

impl Cache {
    /// Reads the path of a folder, or an address. The error is a phrase.
    pub(crate) fn parse(text: &str) -> Result<Cache, String> {
        match text.split_once("://") {
            None => Ok(Cache::Folder(text.into())),
            Some(("file", path)) => {
                Err(format!("a cache in a folder is named by its path: `{path}`"))
            }
            Some(_) => CacheUrl::parse(text).map(Cache::Web),
        }
    }

    /// Makes what asks it; nothing is asked of the web yet. The error is a sentence.
    fn open(&self, cancel: &Cancel) -> Result<Box<dyn Substituter>, String> {
        Ok(match self {
            Cache::Folder(path) => {
                Box::new(DirectorySubstituter::open(path).map_err(|it| it.to_string())?)
            }
            Cache::Web(url) => {
                Box::new(WebSubstituter::new(url, WebOptions::default(), cancel.clone()))
            }
        })
    }

    /// Why nothing can be had from it, as a sentence; asks it.
    pub(crate) fn what_is_wrong(&self, cancel: &Cancel) -> Option<String> {
        match self.open(cancel).map(|it| it.lookup(&[])) {
            Ok(Ok(_)) => None,
            Ok(Err(miss)) => Some(format!("{}: {}", miss.asked, miss.reason)),
            Err(error) => Some(error),
        }
    }
}

/// The path, or the address without credentials.
impl fmt::Display for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cache::Folder(path) => path.display().fmt(f),
            Cache::Web(url) => url.fmt(f),
        }
    }
}

/// Opens caches, in their order. Those that cannot be used are left out, with a warning: none must keep
/// anybody from building.
pub(crate) fn open_caches(caches: &[Cache], cancel: &Cancel) -> Vec<Box<dyn Substituter>> {
    let open = |cache: &Cache| match cache.open(cancel) {
        Ok(opened) => Some(opened),
        Err(error) => {
            eprintln!("warning: the cache {cache} is left out: {error}");
            None
        }
    };
    caches.iter().filter_map(open).collect()
}
