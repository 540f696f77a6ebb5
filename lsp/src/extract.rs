//! Files that are part of the program, written where editors can open them.
//!
//! ```text
//! std:recipes/curl.kiln  ◀──▶  <cache>/std/recipes/curl.kiln       read-only, written when gone to
//! builtin:package.kiln   ◀──▶  <cache>/builtin/package.kiln
//! ```

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where files that are part of the program are written.
pub(crate) struct Extract {
    folder: PathBuf,
}

/// The roots of what is part of the program, and their folders.
const ROOTS: &[(&str, &str)] = &[("std:", "std/"), ("builtin:", "builtin/"), ("page:", "pages/")];

impl Extract {
    pub(crate) fn new(folder: PathBuf) -> Extract {
        Extract { folder }
    }

    /// Returns the path, in the world, of a file below the folder.
    pub(crate) fn world_path(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(self.folder.to_str()?)?.strip_prefix('/')?;
        ROOTS
            .iter()
            .find_map(|(root, folder)| rest.strip_prefix(folder).map(|it| format!("{root}{it}")))
    }

    /// Writes a text that is part of the program to its file, unless it is there, and returns the
    /// file; nothing for files of the machine, and if it cannot be written.
    pub(crate) fn file(&self, path: &str, text: &str) -> Option<PathBuf> {
        let (folder, rest) = ROOTS
            .iter()
            .find_map(|(root, folder)| path.strip_prefix(root).map(|it| (folder, it)))?;
        if rest.split('/').any(|it| matches!(it, "" | "." | "..")) {
            return None;
        }
        let file = self.folder.join(format!("{folder}{rest}"));
        if fs::read(&file).ok().as_deref() == Some(text.as_bytes()) {
            return Some(file);
        }
        write(&file, text).ok()?;
        Some(file)
    }
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // Another server may read the file right now: it is replaced, not written to.
    let new = file.with_extension(format!("new-{}", std::process::id()));
    fs::write(&new, text)?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o444))?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_found_again() {
        let folder = std::env::temp_dir().join(format!("kiln-extract-{}", std::process::id()));
        let extract = Extract::new(folder.clone());
        let file = extract.file("std:recipes/a.kiln", "recipe a\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "recipe a\n");
        let path = file.to_str().unwrap();
        assert_eq!(extract.world_path(path).as_deref(), Some("std:recipes/a.kiln"));
        // A newer program has another text.
        extract.file("std:recipes/a.kiln", "recipe a // 2\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "recipe a // 2\n");
        assert_eq!(extract.file("std:../../evil", ""), None);
        assert_eq!(extract.file("/etc/passwd", ""), None);
        assert_eq!(extract.world_path("/w/a.kiln"), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
