//! The files of a source tree, as far as they are looked at.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// How much of a file is read, in bytes. The largest real `configure` has 2 MB.
const TEXT_BYTES_MAX: u64 = 8 << 20;

/// How many entries are looked at to find out which languages there are.
const ENTRIES_MAX: usize = 20_000;

/// What folders are called whose programs nobody installs.
const EXTRA_FOLDERS: &[&str] =
    &["test", "example", "sample", "bench", "contrib", "doc", "fuzz", "ossfuzz"];

/// A folder with sources.
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// Makes a tree of a folder.
    pub(crate) fn new(root: &Path) -> Tree {
        Tree { root: root.to_owned() }
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.place(path).is_some_and(|it| it.is_file())
    }

    /// The text of a file, if there is one that is not beyond all measure. What is not UTF-8 is
    /// replaced.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let place = self.place(path)?;
        let metadata = fs::metadata(&place).ok()?;
        if !metadata.is_file() || metadata.len() > TEXT_BYTES_MAX {
            return None;
        }
        Some(String::from_utf8_lossy(&fs::read(place).ok()?).into_owned())
    }

    /// The names of the files at the top, in order.
    pub(crate) fn top(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.root)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|it| it.file_type().is_ok_and(|it| it.is_file()))
            .map(|it| it.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The names of the folders in a folder, in order.
    pub(crate) fn folders(&self, path: &str) -> Vec<String> {
        let Some(place) = self.place(path) else { return Vec::new() };
        let mut names: Vec<String> = fs::read_dir(place)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|it| it.file_type().is_ok_and(|it| it.is_dir()))
            .take(ENTRIES_MAX)
            .map(|it| it.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Whether something in it is written in C++, apart from what is not installed.
    pub(crate) fn has_cxx(&self) -> bool {
        let mut folders = vec![self.root.clone()];
        let mut left = ENTRIES_MAX;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                left = match left.checked_sub(1) {
                    Some(left) => left,
                    None => return false,
                };
                let path = entry.path();
                if entry.file_type().is_ok_and(|it| it.is_dir()) {
                    let name = entry.file_name().to_string_lossy().to_lowercase();
                    if !EXTRA_FOLDERS.iter().any(|it| name.starts_with(it)) {
                        folders.push(path);
                    }
                    continue;
                }
                let extension = path.extension().and_then(|it| it.to_str());
                if matches!(extension, Some("cc" | "cpp" | "cxx" | "C" | "hpp")) {
                    return true;
                }
            }
        }
        false
    }

    /// Where a path of the tree is; nowhere if it leads out of it.
    fn place(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        let is_inside =
            path.components().all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
        let place = is_inside.then(|| self.root.join(path))?;
        // A link in somebody else's archive may lead anywhere.
        let real = place.canonicalize().ok()?;
        real.starts_with(self.root.canonicalize().ok()?).then_some(real)
    }
}

/// A text of some of these letters, another one for each seed.
#[cfg(test)]
pub(super) fn noise(seed: u64, letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        letters[(state >> 33) as usize % letters.len()]
    };
    (0..200).map(next).collect()
}
