//! The user's cache: what requests came to, in folders of files with the names of the requests.
//!
//! Whatever is wrong with it, it is as if it were empty: nothing fails for it.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::args::Layers;
use crate::folders::{self, Purpose};
use crate::stamp::Stamp;
use crate::workspace::find_project;

/// The place in the user's cache, in this folder of it, of what this program is asked in this folder.
pub(crate) fn place(
    folder: &str,
    question: &str,
    layers: &Layers,
    words: &dyn std::fmt::Debug,
) -> Option<PathBuf> {
    let cache = folders::folder(Purpose::Cache)?;
    let here = std::env::current_dir().ok()?;
    let mut program = String::new();
    Stamp::of(&std::env::current_exe().ok()?).write(&mut program);
    let project = if layers.no_project { None } else { find_project() };
    let request = format!("{program} {here:?} {project:?} {question:?} {layers:?} {words:?}");
    let name = blake3::hash(request.as_bytes()).to_hex();
    Some(cache.join(folder).join(&name.as_str()[..32]))
}

/// Puts a file into a folder of the cache, which keeps the last `count_max`. What cannot be written
/// is not.
pub(crate) fn write<'b>(path: &Path, parts: impl IntoIterator<Item = &'b [u8]>, count_max: usize) {
    let Some(folder) = path.parent() else { return };
    let beside = path.with_extension(std::process::id().to_string());
    let write = || {
        let mut file = BufWriter::with_capacity(1 << 17, File::create(&beside)?);
        parts.into_iter().try_for_each(|it| file.write_all(it))?;
        file.flush()
    };
    let written =
        fs::create_dir_all(folder).and_then(|()| write()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    forget_old(folder, count_max);
}

/// Removes the files that were written longest ago, if there are more than `count_max`.
fn forget_old(folder: &Path, count_max: usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut all: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter_map(|it| Some((it.metadata().ok()?.modified().ok()?, it.path())))
        .collect();
    if all.len() > count_max {
        all.sort();
        for (_, path) in all.iter().take(all.len() - count_max / 2) {
            let _ = fs::remove_file(path);
        }
    }
}
