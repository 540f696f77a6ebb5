//! Reading the files of an object back as templates.

use std::fs::File as OpenFile;
use std::io::{self, Read};

use crate::digest::{BlobId, ObjectId};
use crate::object::{File, HOLE, Object};
use crate::path::DIGEST_LEN;

/// What was read of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// The template's id.
    pub(crate) id: BlobId,
    /// How many bytes there were.
    pub(crate) bytes: u64,
    /// The sites at which something else stands than the reference, with what does.
    pub(crate) wrong_sites: Vec<(u64, [u8; DIGEST_LEN])>,
}

/// Reads an open file of an object to its end, and gives it to `take` as a template, in pieces.
pub(crate) fn read_template(
    open: &mut OpenFile,
    file: &File,
    object: &Object,
    id: &ObjectId,
    take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Template> {
    let mut hasher = blake3::Hasher::new();
    let mut wrong_sites = Vec::new();
    let mut sites = file.sites.as_slice();
    let mut bytes = 0_u64;
    // A reference that a piece would cut is left for the next one.
    let mut piece = vec![0; (1 << 20).min(file.bytes as usize + 1).max(DIGEST_LEN + 1)];
    let mut kept = 0;
    loop {
        let len = read_full(open, &mut piece[kept..])?;
        let filled = kept + len;
        let is_last = filled < piece.len();
        let mut done = filled;
        while let Some((site, rest)) = sites.split_first() {
            let start = (site.at - bytes) as usize;
            if start + DIGEST_LEN > filled {
                if !is_last {
                    done = done.min(start);
                }
                break;
            }
            let there = &mut piece[start..start + DIGEST_LEN];
            if there != object.digest_of_target(id, site.target) {
                let mut found = HOLE;
                found.copy_from_slice(there);
                wrong_sites.push((site.at, found));
            }
            there.copy_from_slice(&HOLE);
            sites = rest;
        }
        hasher.update(&piece[..done]);
        take(&piece[..done])?;
        bytes += done as u64;
        piece.copy_within(done..filled, 0);
        kept = filled - done;
        if is_last {
            let id = BlobId(*hasher.finalize().as_bytes());
            return Ok(Template { id, bytes, wrong_sites });
        }
    }
}

/// Reads until `bytes` is full or the file ends, and returns how many bytes came.
fn read_full(open: &mut OpenFile, bytes: &mut [u8]) -> io::Result<usize> {
    let len = bytes.len();
    read_to(open, bytes, len)
}

/// Reads until at least `enough` of `bytes` is full or the file ends, and returns how many bytes
/// came.
pub(crate) fn read_to(open: &mut OpenFile, bytes: &mut [u8], enough: usize) -> io::Result<usize> {
    let mut len = 0;
    while len < enough {
        match open.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}
