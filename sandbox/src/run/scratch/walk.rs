//! Adds up what a build's folder on disk takes, a little at a time.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::sys::{self, Kind, Listing, Open, SysResult};

/// How many entries are looked at in one step, so that watching a build stays quick.
const ENTRIES_IN_A_STEP: usize = 2000;

/// How long after a walk the next begins, at least, and for how many times as long as it took.
const REST_MIN: Duration = Duration::from_millis(500);
const REST_TIMES: u32 = 10;

/// How deep it goes: each level holds two descriptors. What lies deeper is not counted. [build.limits.7]
const DEPTH_MAX: usize = 64;

/// A walk through a folder that changes meanwhile. What it adds up is a little late, never exact.
pub(super) struct Walk {
    root: PathBuf,
    began: Instant,
    next: Instant,
    /// The folders that are being read.
    levels: Vec<Level>,
    /// What this walk found so far: bytes, files. A file of several names takes its bytes once, and
    /// counts as a file by each of them, as it does in memory.
    so_far: (u64, u64),
    /// The files of several names that it found. No more than a build may have files.
    linked: BTreeSet<(u64, u64)>,
    /// What the last whole walk found.
    last: (u64, u64),
}

struct Level {
    folder: Rc<OwnedFd>,
    /// What is still to be listed. Never all at once: a build can make millions of entries.
    listing: Listing,
}

impl Walk {
    /// Begins to walk `root`.
    pub(super) fn new(root: &Path) -> Self {
        let now = Instant::now();
        Walk {
            root: root.to_owned(),
            began: now,
            next: now,
            levels: Vec::new(),
            so_far: (0, 0),
            linked: BTreeSet::new(),
            last: (0, 0),
        }
    }

    /// Walks on a little, and returns how many bytes and files there are at least.
    pub(super) fn step(&mut self) -> (u64, u64) {
        if self.levels.is_empty() {
            if Instant::now() < self.next {
                return self.last;
            }
            self.began = Instant::now();
            self.so_far = (0, 0);
            self.linked.clear();
            self.enter(sys::open(&self.root.clone(), Open::Folder));
        }
        for _ in 0..ENTRIES_IN_A_STEP {
            if !self.look_at_one() {
                self.last = self.so_far;
                let rest = REST_MIN.max(self.began.elapsed() * REST_TIMES);
                self.next = Instant::now() + rest;
                break;
            }
        }
        (self.last.0.max(self.so_far.0), self.last.1.max(self.so_far.1))
    }

    /// Looks at the next entry. `false` if there is none.
    fn look_at_one(&mut self) -> bool {
        let Some(level) = self.levels.last_mut() else { return false };
        let Some(name) = level.listing.next_name() else {
            self.levels.pop();
            return !self.levels.is_empty();
        };
        let folder = Rc::clone(&level.folder);
        // The build may have taken it away meanwhile.
        let Ok(stat) = sys::fstat_at(folder.as_fd(), &name) else { return true };
        let is_folder = stat.kind == Kind::Folder;
        // The links of a folder are no further names of it.
        if is_folder || stat.links < 2 || self.linked.insert(stat.identity) {
            self.so_far.0 += stat.allocated;
        }
        self.so_far.1 += 1;
        if is_folder && self.levels.len() < DEPTH_MAX {
            self.enter(sys::open_entry(folder.as_fd(), &name, Open::Folder));
        }
        true
    }

    /// Goes into a folder, if it can be read.
    fn enter(&mut self, folder: SysResult<OwnedFd>) {
        let Ok(folder) = folder else { return };
        let Ok(listed) = sys::open_entry(folder.as_fd(), c".", Open::Folder) else { return };
        let Ok(listing) = Listing::new(listed) else { return };
        self.levels.push(Level { folder: Rc::new(folder), listing });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_adds_up_all_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/a"), vec![1; 100_000]).unwrap();
        std::fs::write(folder.path().join("b"), vec![1; 100_000]).unwrap();
        let mut walk = Walk::new(folder.path());
        let (bytes, files) = walk.step();
        assert!(bytes >= 200_000, "{bytes}");
        assert_eq!(files, 3);
    }

    #[test]
    fn a_file_of_many_names_takes_its_bytes_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, vec![1; 1_000_000]).unwrap();
        for number in 0..100 {
            std::fs::hard_link(&file, folder.path().join(number.to_string())).unwrap();
        }
        let mut walk = Walk::new(folder.path());
        let (bytes, files) = walk.step();
        assert!((1_000_000..2_000_000).contains(&bytes), "{bytes}");
        assert_eq!(files, 101);
        // The next walk finds it anew.
        walk.next = walk.began;
        assert_eq!(walk.step(), (bytes, files));
    }

    #[test]
    fn what_lies_too_deep_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join(["d"; DEPTH_MAX].join("/"));
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("deeper"), vec![1; 1_000_000]).unwrap();
        std::fs::write(deep.with_file_name("not"), vec![1; 1_000_000]).unwrap();
        let (bytes, files) = Walk::new(folder.path()).step();
        assert!((1_000_000..2_000_000).contains(&bytes), "{bytes}");
        assert_eq!(files, DEPTH_MAX as u64 + 1);
    }

    #[test]
    fn a_large_folder_takes_several_steps() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..ENTRIES_IN_A_STEP + 10 {
            std::fs::write(folder.path().join(number.to_string()), b"").unwrap();
        }
        let mut walk = Walk::new(folder.path());
        assert_eq!(walk.step().1, ENTRIES_IN_A_STEP as u64);
        assert_eq!(walk.step().1, ENTRIES_IN_A_STEP as u64 + 10);
    }
}
