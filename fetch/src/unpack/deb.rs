//! Debian packages: an `ar` archive of `debian-binary`, `control.tar…` and `data.tar…`.
//!
//! Format: deb(5). The outer `ar` is read here rather than by a crate, because the part that a
//! Debian package uses is one fixed header: no name table, no long names, no symbols.

use std::io::{self, Read as _, Seek as _, SeekFrom};

use crate::unpack::UnpackError;
use crate::unpack::format::{Compression, FORMAT_BYTES, Format};
use crate::unpack::section::Section;

/// The bytes with which an `ar` archive begins.
const MAGIC: &[u8] = b"!<arch>\n";

/// The length of a member's header: name 16, time 12, owner 6, group 6, mode 8, size 10, end 2.
const HEADER_BYTES: usize = 60;

/// How many members a package may have: three, and room for those that begin with `_`.
const MEMBERS_MAX: usize = 16;

/// Finds the one data member of a package.
pub(crate) fn data_member<'a>(
    package: &Section<'a>,
) -> Result<(Section<'a>, Compression), UnpackError> {
    let mut at = MAGIC.len() as u64;
    let mut data = None;
    for index in 0.. {
        if at >= package.len() {
            break;
        }
        if index == MEMBERS_MAX {
            return Err(damaged(None, format!("it has more than {MEMBERS_MAX} members")));
        }
        let header = read_header(package, at)?;
        let Header { name, size } = &header;
        let start = at + HEADER_BYTES as u64;
        if *size > package.len() - start {
            let have = package.len() - start;
            return Err(damaged(
                Some(name),
                format!("the member should have {size} bytes, but the file ends after {have}"),
            ));
        }
        if index == 0 && name != b"debian-binary" {
            return Err(damaged(Some(name), "the first member must be `debian-binary`"));
        }
        if name.starts_with(b"data.tar") {
            if data.is_some() {
                return Err(damaged(Some(name), "it has two data members"));
            }
            data = Some((name.clone(), package.part(start, *size)));
        }
        at = start + size + size % 2;
    }
    let Some((name, member)) = data else {
        return Err(damaged(None, "it has no member `data.tar`"));
    };
    let mut first = Vec::new();
    member
        .clone()
        .take(FORMAT_BYTES as u64)
        .read_to_end(&mut first)
        .map_err(|source| UnpackError::Read { source })?;
    match Format::of(&first) {
        Format::Tar => Ok((member, Compression::None)),
        Format::Compressed(compression) => Ok((member, compression)),
        Format::Zip | Format::Deb | Format::Unsupported(_) | Format::Unknown => {
            Err(damaged(Some(&name), "the member is no tar archive, packed or plain"))
        }
    }
}

struct Header {
    name: Vec<u8>,
    size: u64,
}

fn read_header(package: &Section<'_>, at: u64) -> Result<Header, UnpackError> {
    let mut section = package.clone();
    let mut header = [0; HEADER_BYTES];
    section.seek(SeekFrom::Start(at)).and_then(|_| section.read_exact(&mut header)).map_err(
        |source| {
            if source.kind() == io::ErrorKind::UnexpectedEof {
                damaged(None, "a member's header is cut off")
            } else {
                UnpackError::Read { source }
            }
        },
    )?;
    if header[58..] != *b"`\n" {
        return Err(damaged(None, format!("no member's header stands at byte {at}")));
    }
    let name = header[..16].trim_ascii_end();
    // GNU ar ends names by a slash; dpkg reads both.
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let size = header[48..58].trim_ascii_end();
    let size = std::str::from_utf8(size)
        .ok()
        .filter(|it| it.bytes().all(|it| it.is_ascii_digit()))
        .and_then(|it| it.parse().ok())
        .ok_or_else(|| damaged(Some(name), "the member's size is no number"))?;
    Ok(Header { name: name.to_vec(), size })
}

fn damaged(member: Option<&[u8]>, reason: impl std::fmt::Display) -> UnpackError {
    UnpackError::damaged("deb", member, reason)
}
