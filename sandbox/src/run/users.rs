//! The users that builds run as, outside. [build.users.4]
//!
//! As root, each build that runs gets a user of its own from a reserved range, so that what one
//! build leaves belongs to nobody else, and never to user 0, who owns whatever of the machine can
//! be seen. Users are taken by locking a file each, so that several Kilns do not share one; the
//! kernel lets go of a lock when its Kiln dies.
//!
//! As an ordinary user, all builds run as that user: there is no other. The root of a container that
//! an ordinary user started is one, too, unless it was given users for builds.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kiln_store::{BuildError, Cancel};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{getegid, geteuid};

/// The users that builds of root run as. Users of this range need no entry anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRange {
    /// The first user id, which is also the first group id. Not 0.
    pub first: u32,
    /// How many there are: at most so many builds run at a time.
    pub count: u32,
    /// The folder of their locks, which every Kiln of the machine shares. Made if it is missing.
    pub locks: PathBuf,
}

impl Default for UserRange {
    /// 872000 to 872255, locked in `/run/kiln/build-users`.
    fn default() -> Self {
        UserRange { first: 872_000, count: 256, locks: "/run/kiln/build-users".into() }
    }
}

/// The user that a build runs as.
#[derive(Debug)]
pub(crate) struct BuildUser {
    /// Its id, as this process sees it.
    pub(crate) uid: u32,
    /// Its group's.
    pub(crate) gid: u32,
    /// What keeps others from taking it.
    pub(crate) lock: Option<File>,
}

/// Takes a user that no other build has, waiting for one where all are taken.
pub(crate) fn take_user(range: &UserRange, cancel: &Cancel) -> Result<BuildUser, BuildError> {
    if !geteuid().is_root() || !has_range(range)? {
        return Ok(BuildUser { uid: geteuid().as_raw(), gid: getegid().as_raw(), lock: None });
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&range.locks)
        .map_err(|source| system("mkdir", &range.locks, source))?;
    loop {
        for uid in (range.first..).take(range.count as usize) {
            if let Some(lock) = try_lock(&range.locks.join(uid.to_string()))? {
                return Ok(BuildUser { uid, gid: uid, lock: Some(lock) });
            }
        }
        // All taken. Another build's end is not signalled across processes, so look again.
        let mut fds = [PollFd::new(cancel.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut fds, PollTimeout::from(50_u16));
        if cancel.is_set() {
            return Err(BuildError::Cancelled);
        }
    }
}

fn try_lock(path: &Path) -> Result<Option<File>, BuildError> {
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
        .map_err(|source| system("open", path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(system("flock", path, source)),
    }
}

/// Whether root has the users of the range. `false` is root who is an ordinary user outside.
fn has_range(range: &UserRange) -> Result<bool, BuildError> {
    let last = range.first.checked_add(range.count.saturating_sub(1));
    if range.first == 0 || range.count == 0 || last.is_none() {
        return Err(BuildError::Unsupported {
            reason: format!(
                "its users are to be {} from {} on; at least one is needed, and none may be 0",
                range.count, range.first
            ),
        });
    }
    for file in ["/proc/self/uid_map", "/proc/self/gid_map"] {
        let path = Path::new(file);
        let map = std::fs::read_to_string(path).map_err(|source| system("open", path, source))?;
        if !maps(&map, range.first, range.count) {
            if outside_id_of_root(&map).is_some_and(|it| it != 0) {
                return Ok(false);
            }
            let ids = format!("{} to {}", range.first, last.unwrap_or(u32::MAX));
            return Err(BuildError::Refused {
                cause: format!(
                    "builds of root run as the users {ids}, and this user namespace does not have \
                     them all"
                ),
                advice: format!(
                    "set the range of build users to ids that {file} lists, or give this container \
                     more ids"
                ),
                check: format!("cat {file}"),
            });
        }
    }
    Ok(true)
}

/// Returns who root is outside of this namespace.
fn outside_id_of_root(map: &str) -> Option<u64> {
    map.lines().find_map(|line| {
        let numbers: Vec<u64> = line.split_whitespace().flat_map(str::parse).collect();
        (numbers.len() == 3 && numbers[0] == 0).then(|| numbers[1])
    })
}

/// Whether one line of a map has all of `count` ids from `first` on.
fn maps(map: &str, first: u32, count: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(inside)), Some(Ok(_)), Some(Ok(len))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return false;
        };
        let (first, count) = (u64::from(first), u64::from(count));
        inside <= first && first + count <= inside + len
    })
}

fn system(call: &'static str, path: &Path, source: io::Error) -> BuildError {
    BuildError::System { call, on: format!("`{}`", path.display()), source }
}

/// What keeps a user from being taken, for the build's own process to hold as well.
impl BuildUser {
    /// Returns the descriptor of the lock.
    pub(crate) fn lock_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.lock.as_ref().map(AsFd::as_fd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_has_a_range_only_if_one_line_has_all_of_it() {
        let everything = "         0          0 4294967295\n";
        let container = "0 1000 1\n1 100000 65536\n";
        assert!(maps(everything, 872_000, 256));
        assert!(!maps(container, 872_000, 256));
        assert!(maps(container, 60_000, 256));
        assert!(!maps(container, 65_400, 256));
        assert!(!maps("nonsense", 1, 1));
        assert!(!maps("", 1, 1));
    }

    #[test]
    fn roots_number_outside_tells_real_root_apart() {
        assert_eq!(outside_id_of_root("         0          0 4294967295\n"), Some(0));
        assert_eq!(outside_id_of_root("0 1000 1\n1 100000 65536\n"), Some(1000));
        assert_eq!(outside_id_of_root("1 1000 1\n"), None);
        assert_eq!(outside_id_of_root(""), None);
    }

    #[test]
    fn two_cannot_take_one_user() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("872000");
        let first = try_lock(&path).unwrap();
        assert!(first.is_some());
        assert!(try_lock(&path).unwrap().is_none());
        drop(first);
        assert!(try_lock(&path).unwrap().is_some());
    }
}
