//! `file:` places.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;

use kiln_store::{Cancel, FetchError};

use crate::escape::escape;
use crate::place::Place;
use crate::web::http::{Answer, Failure, Sink};

/// How many bytes are copied at once.
const COPY_BYTES: usize = 1 << 20;

/// Hands a file of this machine to `sink`.
///
/// [fetch.source.15] It is copied before it is hashed: what is unpacked must be what was hashed, even if the file is
/// changed meanwhile.
pub(crate) fn read(
    place: &Place,
    bytes_max: u64,
    cancel: &Cancel,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let refused = |reason: String| Failure::Refused { reason };
    let path = place
        .url()
        .to_file_path()
        .map_err(|()| refused("it is not the path of a file".to_owned()))?;
    let failed = |error: io::Error| refused(format!("cannot read it: {}", describe(&error)));
    // Without O_NONBLOCK, opening a FIFO waits for somebody to write to it.
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(&path)
        .map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() { "a folder" } else { "no regular file" };
        return Err(refused(format!("it is {kind}")));
    }
    sink.begin(&Answer { bytes_total: Some(metadata.len()), ..Answer::default() })?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut bytes = 0;
    loop {
        if cancel.is_set() {
            return Err(Failure::Fatal(FetchError::Cancelled));
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                bytes += count as u64;
                if bytes > bytes_max {
                    return Err(refused(format!("it has more than {bytes_max} bytes")));
                }
                sink.bytes(&buffer[..count])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

/// The kernel's answer in words, without its number.
fn describe(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "it is not there".to_owned();
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return "access is forbidden".to_owned();
    }
    escape(error.to_string().as_bytes())
}
