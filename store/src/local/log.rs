//! What builds print: kept compressed, the last attempt of each action.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use nix::errno::Errno;

use crate::digest::{ActionId, to_hex};
use crate::local::{LocalStore, Shared};
use crate::store::{Attempted, LogFile, StoreError};
use crate::sys::{Folder, SystemError, if_there};

/// How hard logs are compressed: a third of their size, at a few hundred megabytes a second.
const LEVEL: i32 = 3;

/// A log that is being written, in the stage of a session.
pub(super) struct LocalLog {
    shared: Arc<Shared>,
    stage: Arc<Folder>,
    stage_name: Vec<u8>,
    action: ActionId,
    /// Made when the first byte comes: most actions of a large graph print nothing.
    encoder: Option<zstd::Encoder<'static, File>>,
}

impl LocalLog {
    pub(super) fn begin(
        shared: Arc<Shared>,
        stage: Arc<Folder>,
        stage_name: Vec<u8>,
        action: ActionId,
    ) -> Self {
        LocalLog { shared, stage, stage_name, action, encoder: None }
    }
}

impl Write for LocalLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.encoder.is_none() {
            let file = self.stage.create(&self.stage_name).map_err(|it| it.source)?;
            self.encoder = Some(zstd::Encoder::new(file, LEVEL)?);
        }
        match &mut self.encoder {
            Some(encoder) => encoder.write(bytes),
            None => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl LogFile for LocalLog {
    fn finish(mut self: Box<Self>) -> Result<Option<PathBuf>, StoreError> {
        let (shard, name) = place(&self.action);
        let logs = self.shared.var.folder_or_new(b"logs")?;
        let Some(encoder) = self.encoder.take() else {
            // The log of an earlier attempt would be taken for this one's.
            return match logs.folder(&shard).and_then(|it| it.unlink(&name)) {
                Ok(()) => Ok(None),
                Err(error) if error.is(Errno::ENOENT) => Ok(None),
                Err(error) => Err(error.into()),
            };
        };
        let path = self.stage.path_of(&self.stage_name);
        encoder.finish().map_err(|it| SystemError::new("write", &path, it))?;
        let shard = logs.folder_or_new(&shard)?;
        self.stage.rename(&self.stage_name, &shard, &name)?;
        Ok(Some(shard.path_of(&name)))
    }
}

fn place(action: &ActionId) -> (Vec<u8>, Vec<u8>) {
    let hex = to_hex(&action.0);
    (hex.as_bytes()[..2].to_vec(), format!("{}.zst", &hex[2..]).into_bytes())
}

impl LocalStore {
    /// Returns how the last attempt at an action ended, if there was one.
    ///
    /// # Errors
    ///
    /// As [`StoreError`].
    pub fn attempt(&self, action: &ActionId) -> Result<Option<Attempted>, StoreError> {
        self.index().attempt(action)
    }

    /// Opens what the last attempt at an action printed: bytes, not text. `None` if it printed
    /// nothing or there was none.
    ///
    /// # Errors
    ///
    /// As [`StoreError`]. Reading fails at its end if a crash cut the log off.
    pub fn read_log(&self, action: &ActionId) -> Result<Option<Box<dyn Read + Send>>, StoreError> {
        let (shard, name) = place(action);
        let open = || {
            self.shared.var.folder(b"logs").and_then(|it| it.folder(&shard)).and_then(|shard| {
                let path = shard.path_of(&name);
                let file = shard.read(&name)?;
                zstd::Decoder::new(file).map_err(|it| SystemError::new("read", &path, it))
            })
        };
        match open() {
            Ok(decoder) => Ok(Some(Box::new(decoder))),
            Err(error) if error.is(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes logs that were last written before this time, in seconds since 1970; returns how
    /// many bytes that frees.
    pub(super) fn remove_logs_before(&self, before_s: u64) -> Result<u64, StoreError> {
        let mut bytes = 0;
        let logs = match self.shared.var.folder(b"logs") {
            Ok(logs) => logs,
            Err(error) if error.is(Errno::ENOENT) => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        for shard in logs.names()? {
            let shard = logs.folder(&shard)?;
            for name in shard.names()? {
                let Some(stat) = shard.stat_if_there(&name)? else { continue };
                if (stat.st_mtime.max(0) as u64) < before_s {
                    if_there(shard.unlink(&name))?;
                    bytes += stat.st_blocks.max(0) as u64 * 512;
                }
            }
        }
        Ok(bytes)
    }
}
