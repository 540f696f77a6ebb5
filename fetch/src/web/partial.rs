//! Unfinished downloads, on disk so that any later run can go on with them.
//!
//! ```text
//! <partial>/sha256-<64 digits>         the bytes so far; locked by whoever downloads
//! <partial>/sha256-<64 digits>.from    where they came from: address, and validator for If-Range
//! ```
//!
//! Nothing in these files is trusted: what is there is hashed again from its beginning, and bytes
//! whose hash turns out wrong are thrown away.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kiln_store::{Cancel, FetchError, FetchHash};

use crate::escape::escape;
use crate::web::digest::Digest;

/// How often a locked file is tried again. Whoever holds it is downloading what is wanted.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// How many bytes are hashed at once.
const HASH_BYTES: usize = 1 << 20;

/// Neither follows a link nor waits at a FIFO.
const SAFE_OPEN: i32 = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;

/// The longest `.from` file that is believed.
const ORIGIN_BYTES_MAX: u64 = 16 << 10;

/// An unfinished download that is locked by this process.
pub(crate) struct Partial {
    path: PathBuf,
    file: File,
    hash: FetchHash,
    digest: Digest,
    bytes: u64,
    origin: Option<Origin>,
}

/// Where the bytes of an unfinished download came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The address, without credentials.
    pub(crate) url: String,
    /// What the server calls this version of the file: a strong `ETag`, or `Last-Modified`.
    pub(crate) validator: Option<String>,
}

impl Partial {
    /// Opens the unfinished download of `hash`, or begins one; waits while another process has it.
    pub(crate) fn open(
        folder: &Path,
        hash: FetchHash,
        cancel: &Cancel,
    ) -> Result<Self, FetchError> {
        let path = folder.join(hash.to_string().replace(':', "-"));
        let mut made = std::fs::DirBuilder::new();
        made.recursive(true).mode(0o755);
        made.create(folder).map_err(|source| write_error(folder, source))?;
        let file = lock(&path, cancel)?;
        let mut partial =
            Partial { path, file, hash, digest: Digest::new(hash), bytes: 0, origin: None };
        partial.hash_again(cancel)?;
        partial.origin = partial.read_origin();
        Ok(partial)
    }

    /// Forgets the bytes.
    pub(crate) fn clear(&mut self) -> Result<(), FetchError> {
        self.origin = None;
        let _ = std::fs::remove_file(self.origin_path());
        self.digest = Digest::new(self.hash);
        self.bytes = 0;
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(|source| self.write_error(source))
    }

    /// Remembers where the bytes come from.
    pub(crate) fn set_origin(&mut self, origin: Origin) {
        let text = format!("{}\n{}\n", origin.url, origin.validator.as_deref().unwrap_or(""));
        // Without it a later run asks without `If-Range`, and the hash decides.
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(SAFE_OPEN)
            .open(self.origin_path())
            .and_then(|mut file| file.write_all(text.as_bytes()));
        if written.is_err() {
            let _ = std::fs::remove_file(self.origin_path());
        }
        self.origin = Some(origin);
    }

    /// Appends bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(|source| self.write_error(source))?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes there are.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where they came from.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The hash of the bytes, in the algorithm that was asked for.
    pub(crate) fn found(&self) -> FetchHash {
        self.digest.value()
    }

    /// Whether these are the bytes that were asked for.
    pub(crate) fn is_whole(&self) -> bool {
        self.found() == self.hash
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the download a file of its own.
    pub(crate) fn publish(self, target: &Path, executable: bool) -> Result<(), FetchError> {
        let mode = if executable { 0o755 } else { 0o644 };
        let error = |source| write_error(target, source);
        if target.symlink_metadata().is_ok() {
            return Err(error(io::ErrorKind::AlreadyExists.into()));
        }
        self.file.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(error)?;
        match std::fs::rename(&self.path, target) {
            Ok(()) => {}
            Err(source) if source.kind() == io::ErrorKind::CrossesDevices => {
                let copied = std::fs::copy(&self.path, target);
                if let Err(source) = copied {
                    let _ = std::fs::remove_file(target);
                    return Err(error(source));
                }
                let _ = std::fs::remove_file(&self.path);
            }
            Err(source) => return Err(error(source)),
        }
        let _ = std::fs::remove_file(self.origin_path());
        Ok(())
    }

    /// Removes the download, which is no longer needed.
    pub(crate) fn remove(self) {
        // What stays behind is taken up by the next run, or collected.
        let _ = std::fs::remove_file(self.origin_path());
        let _ = std::fs::remove_file(&self.path);
    }

    fn hash_again(&mut self, cancel: &Cancel) -> Result<(), FetchError> {
        let mut buffer = vec![0; HASH_BYTES];
        self.file.seek(SeekFrom::Start(0)).map_err(|source| self.write_error(source))?;
        loop {
            if cancel.is_set() {
                return Err(FetchError::Cancelled);
            }
            match self.file.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    self.digest.update(&buffer[..count]);
                    self.bytes += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.write_error(source)),
            }
        }
    }

    fn origin_path(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".from");
        path.into()
    }

    fn read_origin(&self) -> Option<Origin> {
        if self.bytes == 0 {
            return None;
        }
        let mut text = String::new();
        let path = self.origin_path();
        let file = OpenOptions::new().read(true).custom_flags(SAFE_OPEN).open(path).ok()?;
        file.take(ORIGIN_BYTES_MAX).read_to_string(&mut text).ok()?;
        let (url, rest) = text.split_once('\n')?;
        let validator = rest.strip_suffix('\n')?;
        let is_header = |it: &str| it.bytes().all(|it| (b' '..=b'~').contains(&it));
        let validator =
            (!validator.is_empty() && is_header(validator)).then(|| validator.to_owned());
        Some(Origin { url: url.to_owned(), validator })
    }

    fn write_error(&self, source: io::Error) -> FetchError {
        write_error(&self.path, source)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // An empty file is of no use to a later run. Whoever waits for the lock makes another.
        if self.bytes == 0 {
            let _ = std::fs::remove_file(self.origin_path());
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

pub(crate) fn write_error(path: &Path, source: io::Error) -> FetchError {
    FetchError::Write { path: escape(path.as_os_str().as_encoded_bytes()), source }
}

/// Opens and locks a file that whoever holds the lock may rename or remove.
fn lock(path: &Path, cancel: &Cancel) -> Result<File, FetchError> {
    let error = |source| write_error(path, source);
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(SAFE_OPEN)
            .open(path)
            .map_err(error)?;
        if !file.metadata().map_err(error)?.is_file() {
            return Err(error(io::Error::other("it is there, and is not a regular file")));
        }
        loop {
            if cancel.is_set() {
                return Err(FetchError::Cancelled);
            }
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_POLL),
                Err(TryLockError::Error(source)) => return Err(error(source)),
            }
        }
        let ours = file.metadata().map_err(error)?;
        match path.symlink_metadata() {
            Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => return Ok(file),
            // Whoever had it finished with it.
            Ok(_) => {}
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(error(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn hash() -> FetchHash {
        FetchHash::Sha256(kiln_store::parse_hex(HELLO).unwrap())
    }

    #[test]
    fn a_download_goes_on_where_an_earlier_one_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let cancel = Cancel::new().unwrap();
        let origin =
            Origin { url: "https://example.org/a".to_owned(), validator: Some("\"1\"".to_owned()) };
        let mut first = Partial::open(folder.path(), hash(), &cancel).unwrap();
        first.set_origin(origin.clone());
        first.append(b"hel").unwrap();
        drop(first);
        let mut second = Partial::open(folder.path(), hash(), &cancel).unwrap();
        assert_eq!(second.bytes(), 3);
        assert_eq!(second.origin(), Some(&origin));
        assert!(!second.is_whole());
        second.append(b"lo").unwrap();
        assert!(second.is_whole());
        let target = folder.path().join("target");
        second.publish(&target, true).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"hello");
        assert_eq!(target.metadata().unwrap().mode() & 0o7777, 0o755);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn two_at_once_wait_for_each_other_and_a_stop_ends_the_wait() {
        let folder = tempfile::tempdir().unwrap();
        let cancel = Cancel::new().unwrap();
        let mut first = Partial::open(folder.path(), hash(), &cancel).unwrap();
        first.append(b"hello").unwrap();
        std::thread::scope(|scope| {
            let second =
                scope.spawn(|| Partial::open(folder.path(), hash(), &cancel).unwrap().bytes());
            std::thread::sleep(Duration::from_millis(20));
            first.remove();
            assert_eq!(second.join().unwrap(), 0, "it does not take the removed file for its own");
        });
        let _held = Partial::open(folder.path(), hash(), &cancel).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| Partial::open(folder.path(), hash(), &cancel).map(|_| ()));
            cancel.set();
            assert!(matches!(waiting.join().unwrap(), Err(FetchError::Cancelled)));
        });
    }

    #[test]
    fn a_link_in_the_folder_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join(format!("sha256-{HELLO}"))).unwrap();
        let cancel = Cancel::new().unwrap();
        assert!(matches!(
            Partial::open(folder.path(), hash(), &cancel),
            Err(FetchError::Write { .. })
        ));
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }
}
