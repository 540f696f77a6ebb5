//! The machine whose tools are already set up to download from somewhere.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The largest configuration file that is read; larger ones are no configuration files.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The files, environment variables and programs of a machine, as far as mirrors need them.
///
/// Tests make one of a temporary folder; nothing outside it is read then.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What stands for `/`.
    root: PathBuf,
    variables: BTreeMap<String, String>,
    /// Programs see the variables of this process as they are, whatever bytes they have.
    inherits: bool,
}

impl Machine {
    /// This machine, with the environment of this process.
    #[must_use]
    pub fn this() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Machine { root: PathBuf::from("/"), variables, inherits: true }
    }

    /// A machine whose files lie below `root`, with these environment variables and no others.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>, variables: BTreeMap<String, String>) -> Self {
        Machine { root: root.into(), variables, inherits: false }
    }

    /// Returns a variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|it| !it.is_empty())
    }

    pub(crate) fn variables(&self) -> Option<&BTreeMap<String, String>> {
        (!self.inherits).then_some(&self.variables)
    }

    /// The user's home folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from)
    }

    /// Where a file of this machine really is.
    pub(crate) fn real(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Reads a file; `None` if there is none. The error is a sentence.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<String>, String> {
        let failed = |error: io::Error| format!("cannot read {}: {error}", path.display());
        let real = self.real(path);
        match real.metadata() {
            // A FIFO or device is not waited for.
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Ok(None),
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        }
        let mut bytes = Vec::new();
        File::open(real)
            .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
            .map_err(failed)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Returns the paths in a folder, sorted; none if it cannot be read.
    pub(crate) fn list(&self, folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.real(folder)) else { return Vec::new() };
        let mut paths: Vec<_> =
            entries.filter_map(|it| Some(folder.join(it.ok()?.file_name()))).collect();
        paths.sort();
        paths
    }

    /// Finds a program in `PATH`.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        use std::os::unix::fs::PermissionsExt as _;
        std::env::split_paths(self.variable("PATH")?)
            // A relative folder would depend on where Kiln is started.
            .filter(|folder| folder.is_absolute())
            .map(|folder| self.real(&folder.join(name)))
            .find(|path| {
                path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
            })
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
