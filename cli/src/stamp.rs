//! Stamps of files: as long as one is the same, so is the file.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use kiln_store::{DecodeError, Decoder, Encoder};

/// A file that was changed so short a time ago, in nanoseconds, may change again without its stamp
/// showing it: clocks of file systems tick in milliseconds.
const FRESH_NS: i128 = 1_000_000_000;

/// What `stat` says of a path: of itself, and of what it leads to if it is a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    own: Option<Stat>,
    target: Option<Stat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Stat {
    fn of(metadata: &fs::Metadata) -> Stat {
        let ns = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Stat {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Stamp {
    /// The stamp of a path now; also of one where nothing is.
    pub(crate) fn of(path: &Path) -> Stamp {
        let own = fs::symlink_metadata(path).ok();
        let is_link = own.as_ref().is_some_and(fs::Metadata::is_symlink);
        let target = is_link.then(|| fs::metadata(path).ok()).flatten();
        Stamp { own: own.as_ref().map(Stat::of), target: target.as_ref().map(Stat::of) }
    }

    /// The stamp of what is no link, as it was found.
    pub(crate) fn of_itself(metadata: &fs::Metadata) -> Stamp {
        Stamp { own: Some(Stat::of(metadata)), target: None }
    }

    /// How many bytes the file has.
    pub(crate) fn size(&self) -> Option<u64> {
        self.target.or(self.own).map(|it| it.size)
    }

    /// When it was last changed, in nanoseconds since 1970; 0 if nothing is there.
    pub(crate) fn newest_ns(&self) -> i128 {
        let newest = |it: &Stat| it.modified_ns.max(it.changed_ns);
        self.own.iter().chain(&self.target).map(newest).max().unwrap_or(0)
    }

    /// Writes the stamp for [`decode`](Stamp::decode).
    pub(crate) fn encode(&self, encoder: &mut Encoder) {
        for stat in [self.own, self.target] {
            encoder.bool(stat.is_some());
            if let Some(Stat { device, inode, size, modified_ns, changed_ns }) = stat {
                for number in [device, inode, size] {
                    encoder.u64(number);
                }
                encoder.fixed(&modified_ns.to_le_bytes());
                encoder.fixed(&changed_ns.to_le_bytes());
            }
        }
    }

    /// Reads a stamp.
    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Stamp, DecodeError> {
        let mut stat = || -> Result<Option<Stat>, DecodeError> {
            if !decoder.bool("mark of a stamp")? {
                return Ok(None);
            }
            let (device, inode, size) = (decoder.u64()?, decoder.u64()?, decoder.u64()?);
            let mut ns = || -> Result<i128, DecodeError> {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(decoder.fixed(16)?);
                Ok(i128::from_le_bytes(bytes))
            };
            Ok(Some(Stat { device, inode, size, modified_ns: ns()?, changed_ns: ns()? }))
        };
        Ok(Stamp { own: stat()?, target: stat()? })
    }

    /// Writes the stamp as a line of text, to be compared with another.
    pub(crate) fn write(&self, out: &mut String) {
        for stat in [self.own, self.target] {
            match stat {
                Some(it) => {
                    let _ = write!(
                        out,
                        "{} {} {} {} {} ",
                        it.device, it.inode, it.size, it.modified_ns, it.changed_ns
                    );
                }
                None => out.push_str("- "),
            }
        }
    }
}

/// The time by which a file must have been left alone for its stamp to be trusted, in nanoseconds.
pub(crate) fn settled_ns() -> i128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    i128::try_from(now).unwrap_or(i128::MAX) - FRESH_NS
}
