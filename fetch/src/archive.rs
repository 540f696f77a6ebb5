//! Archives of sources: folders, here or on a server, that have downloads by their hash.
//!
//! ```text
//! <archive>/sha256/<64 digits>
//! <archive>/blake3/<64 digits>
//! ```
//!
//! As specified in `spec/fetch/archives.md`.

use std::fmt;
use std::path::{Path, PathBuf};

use kiln_store::FetchHash;
use reqwest::Url;

use crate::place::Place;

/// Where sources are by their hash, whatever they were called upstream.
#[derive(Clone, PartialEq, Eq)]
pub struct Archive {
    base: Place,
}

impl Archive {
    /// Reads the path of a folder, or an address.
    ///
    /// # Errors
    ///
    /// A phrase that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Archive, String> {
        if let Some((scheme, _)) = text.split_once("://") {
            if !matches!(scheme, "https" | "http" | "file") {
                return Err("an archive is a folder, or an address that begins with `https:`, `http:` or `file:`".to_owned());
            }
            return Ok(Archive { base: Place::parse(text)? });
        }
        let path = std::path::absolute(text).map_err(|error| error.to_string())?;
        let url =
            Url::from_file_path(&path).map_err(|()| "it is no path of a folder".to_owned())?;
        Ok(Archive { base: Place::of_url(url)? })
    }

    /// Returns the path of a download below an archive: `sha256/<64 digits>`.
    #[must_use]
    pub fn file_name(hash: FetchHash) -> PathBuf {
        PathBuf::from(hash.to_string().replace(':', "/"))
    }

    /// Returns the folder, if it is one of this machine.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        match self.base.url().scheme() {
            "file" => self.base.url().to_file_path().ok(),
            _ => None,
        }
    }

    /// The place of a download.
    pub(crate) fn place(&self, hash: FetchHash) -> Place {
        self.base.join(&Self::file_name(hash).display().to_string())
    }
}

/// The address of a file of this machine.
///
/// # Errors
///
/// A phrase that says why it has none.
pub fn file_address(path: &Path) -> Result<String, String> {
    let path = std::path::absolute(path).map_err(|error| error.to_string())?;
    let url = Url::from_file_path(&path).map_err(|()| "it is no path of a file".to_owned())?;
    Ok(url.to_string())
}

/// The folder, or the address without credentials.
impl fmt::Display for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.folder() {
            Some(folder) => write!(f, "{}", folder.display()),
            None => self.base.fmt(f),
        }
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Archive({self})")
    }
}
