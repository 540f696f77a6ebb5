//! How much an archive may ask for, and the meter that is read while it is unpacked.

use std::sync::atomic::{AtomicU64, Ordering};

use kiln_store::Cancel;

use crate::unpack::UnpackError;

/// How much an archive may ask for. See `spec/fetch/unpacking.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpackLimits {
    /// The greatest sum of all unpacked bytes.
    pub bytes_max: u64,
    /// How many unpacked bytes there may be for one byte of the archive, once
    /// [`ratio_bytes_min`](Self::ratio_bytes_min) are exceeded.
    pub ratio_max: u64,
    /// The number of unpacked bytes below which the ratio does not matter.
    pub ratio_bytes_min: u64,
    /// The greatest number of entries, folders that are only implied included.
    pub entries_max: u64,
    /// The greatest number of names in an entry's path.
    pub depth_max: usize,
}

impl UnpackLimits {
    /// 64 GiB: the largest things that people fetch (compiler and GPU tool kits, models of
    /// hardware) unpack to some 20 GiB; a bomb should end before it has filled a disk.
    pub const BYTES_MAX: u64 = 64 << 30;

    /// 400: source code packs to a tenth, logs and generated tables to a hundredth. Deflate cannot
    /// exceed 1032, so that a zip made only of zeros is refused, and xz and zstd bombs all the more.
    pub const RATIO_MAX: u64 = 400;

    /// 256 MiB: below it the ratio does not matter. Test suites of compressors hold small bombs.
    pub const RATIO_BYTES_MIN: u64 = 256 << 20;

    /// 2 million: the largest source trees (browsers, with their test suites) have half a million.
    pub const ENTRIES_MAX: u64 = 2_000_000;

    /// 127: real trees stay below 40. The root is a folder, too, and an object of the store may be
    /// [128 deep](kiln_store::DEPTH_MAX): what is unpacked can always be stored.
    pub const DEPTH_MAX: usize = kiln_store::DEPTH_MAX - 1;

    /// 255: `NAME_MAX` of Linux's file systems.
    pub const COMPONENT_BYTES_MAX: usize = kiln_store::ENTRY_NAME_LEN_MAX;

    /// 4095: `PATH_MAX` less the final NUL, for paths and for targets of symbolic links.
    pub const PATH_BYTES_MAX: usize = 4095;

    /// 1 MiB: the greatest extension header (GNU long name, pax). Names need 4 KiB; the rest is
    /// room for attributes, which are ignored.
    pub const HEADER_BYTES_MAX: u64 = 1 << 20;

    /// 256 MiB: the greatest memory for a dictionary or window. `xz -9` needs 64 MiB, `zstd -22`
    /// 128 MiB; only `--long=29` and the like need more.
    pub const DICTIONARY_BYTES_MAX: u64 = 256 << 20;
}

impl Default for UnpackLimits {
    fn default() -> Self {
        UnpackLimits {
            bytes_max: Self::BYTES_MAX,
            ratio_max: Self::RATIO_MAX,
            ratio_bytes_min: Self::RATIO_BYTES_MIN,
            entries_max: Self::ENTRIES_MAX,
            depth_max: Self::DEPTH_MAX,
        }
    }
}

/// Which limit an archive exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`UnpackLimits::bytes_max`].
    Bytes,
    /// [`UnpackLimits::ratio_max`].
    Ratio,
    /// [`UnpackLimits::entries_max`].
    Entries,
    /// [`UnpackLimits::DICTIONARY_BYTES_MAX`].
    Dictionary,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Limit::Bytes => "unpacked bytes",
            Limit::Ratio => "unpacked bytes for one packed byte",
            Limit::Entries => "entries",
            Limit::Dictionary => "bytes in its dictionary or window",
        })
    }
}

/// Counts what an archive has taken so far; shared by the threads that unpack it.
pub(crate) struct Meter<'a> {
    limits: &'a UnpackLimits,
    cancel: &'a Cancel,
    packed_bytes: u64,
    bytes: AtomicU64,
    entries: AtomicU64,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(limits: &'a UnpackLimits, packed_bytes: u64, cancel: &'a Cancel) -> Self {
        Meter { limits, cancel, packed_bytes, bytes: AtomicU64::new(0), entries: AtomicU64::new(0) }
    }

    pub(crate) fn limits(&self) -> &UnpackLimits {
        self.limits
    }

    /// Counts bytes that came out of the archive, before they are used.
    pub(crate) fn add_bytes(&self, count: u64) -> Result<(), UnpackError> {
        if self.cancel.is_set() {
            return Err(UnpackError::Cancelled);
        }
        let bytes = self.bytes.fetch_add(count, Ordering::Relaxed).saturating_add(count);
        if bytes > self.limits.bytes_max {
            return Err(UnpackError::Limit { limit: Limit::Bytes, max: self.limits.bytes_max });
        }
        let bytes_by_ratio = self.packed_bytes.max(1).saturating_mul(self.limits.ratio_max);
        if bytes > self.limits.ratio_bytes_min && bytes > bytes_by_ratio {
            return Err(UnpackError::Limit { limit: Limit::Ratio, max: self.limits.ratio_max });
        }
        Ok(())
    }

    /// Counts one entry.
    pub(crate) fn add_entry(&self) -> Result<(), UnpackError> {
        if self.cancel.is_set() {
            return Err(UnpackError::Cancelled);
        }
        let entries = self.entries.fetch_add(1, Ordering::Relaxed) + 1;
        if entries > self.limits.entries_max {
            return Err(UnpackError::Limit { limit: Limit::Entries, max: self.limits.entries_max });
        }
        Ok(())
    }
}
