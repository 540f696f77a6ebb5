//! Unpacking bytes into a temporary folder, and the result as text.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use kiln_fetch::{UnpackError, UnpackLimits, UnpackRequest, unpack};
use kiln_store::{Cancel, UnpackRoot};

/// A folder with a target in it, and something outside that must not change.
pub(crate) struct Place {
    _folder: tempfile::TempDir,
    pub(crate) parent: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) outside: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parent = folder.path().join("parent");
        let outside = folder.path().join("outside");
        std::fs::create_dir(&parent).unwrap();
        std::fs::create_dir(&outside).unwrap();
        let precious = outside.join("precious");
        std::fs::write(&precious, "precious").unwrap();
        // Whatever the umask is.
        std::fs::set_permissions(&precious, std::fs::Permissions::from_mode(0o644)).unwrap();
        let target = parent.join("target");
        Place { _folder: folder, parent, target, outside }
    }

    /// Whether nothing happened outside the target.
    pub(crate) fn is_clean(&self) -> bool {
        let names: Vec<_> =
            std::fs::read_dir(&self.parent).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.iter().all(|it| it == "target")
            && list(&self.outside) == "-rw-r--r-- precious: precious\n"
    }
}

/// What to unpack, beside the bytes.
pub(crate) struct How {
    pub(crate) root: UnpackRoot,
    pub(crate) executables: Vec<String>,
    pub(crate) limits: UnpackLimits,
}

impl Default for How {
    fn default() -> Self {
        How {
            root: UnpackRoot::All,
            executables: Vec::new(),
            limits: UnpackLimits {
                bytes_max: 64 << 20,
                entries_max: 1000,
                ..UnpackLimits::default()
            },
        }
    }
}

/// Unpacks bytes at a place.
pub(crate) fn unpack_at(place: &Place, bytes: &[u8], how: &How) -> Result<(), UnpackError> {
    let mut archive = tempfile::tempfile().unwrap();
    archive.write_all(bytes).unwrap();
    let cancel = Cancel::new().unwrap();
    let request = UnpackRequest {
        root: &how.root,
        executables: &how.executables,
        target: &place.target,
        limits: &how.limits,
        cancel: &cancel,
    };
    unpack(&archive, &request)
}

/// Unpacks bytes, checks what must hold in any case, and returns the tree or the error as text.
pub(crate) fn unpacked(bytes: &[u8], how: &How) -> String {
    let place = Place::new();
    let result = unpack_at(&place, bytes, how);
    assert!(place.is_clean(), "nothing but the target is made");
    match result {
        Ok(()) => list(&place.target),
        Err(error) => {
            assert!(!place.target.exists(), "nothing is left of what was refused");
            format!("error: {error}\n")
        }
    }
}

/// Lists a tree: type and mode, path, and contents or target; sorted.
pub(crate) fn list(root: &Path) -> String {
    let mut lines = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(root).unwrap();
            let name = name.as_os_str().as_bytes().escape_ascii().to_string();
            let mode = mode_text(metadata.mode());
            let line = if metadata.is_dir() {
                folders.push(path);
                format!("d{mode} {name}")
            } else if metadata.is_symlink() {
                let target = std::fs::read_link(&path).unwrap();
                format!("l {name} -> {}", target.as_os_str().as_bytes().escape_ascii())
            } else if metadata.is_file() {
                format!("-{mode} {name}: {}", contents(&path))
            } else {
                panic!("{name} is neither a folder, nor a file, nor a link")
            };
            // Sorted by path, not by type.
            lines.push((name, line));
        }
    }
    lines.sort();
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

fn contents(path: &Path) -> String {
    let bytes = std::io::read_to_string(File::open(path).unwrap()).unwrap_or_default();
    if bytes.len() <= 40 {
        bytes.escape_debug().to_string()
    } else {
        format!("{} bytes", bytes.len())
    }
}

fn mode_text(mode: u32) -> String {
    assert_eq!(mode & 0o7000, 0, "no set-id and sticky bits");
    let mut text = String::new();
    for shift in [6, 3, 0] {
        for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
            text.push(if mode >> shift & bit != 0 { letter } else { '-' });
        }
    }
    text
}
