//! What is looked for in a build's outputs, where trees are, and what their files hold.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use crate::ingest::{Content, DraftContents, IngestError, Target};
use crate::object::{File, escape};
use crate::path::StorePath;
use crate::scan::Candidates;
use crate::store::{PlaceError, PlaceOutputs, StoreError};
use crate::sys::{Folder, SystemError};
use crate::write::{Source, Sources, WriteError};

/// Returns the digests that a build may have left in its outputs, and what each stands for.
pub(crate) fn find_candidates(request: &PlaceOutputs<'_>) -> (Candidates, Vec<Target>) {
    let mut digests = Vec::with_capacity(request.inputs.len() + request.outputs.len());
    let mut targets = Vec::with_capacity(digests.capacity());
    for id in request.inputs {
        digests.push(StorePath::digest_of_object(id));
        targets.push(Target::Object(*id));
    }
    for (at, output) in request.outputs.keys().enumerate() {
        if let Some(path) = request.scratch.get(output) {
            digests.push(path.digest_bytes());
            targets.push(Target::Output(at));
        }
    }
    (Candidates::new(digests), targets)
}

/// Opens the folder in which a path lies, and returns the last name.
pub(crate) fn open_parent(path: &Path) -> Result<(Arc<Folder>, Vec<u8>), StoreError> {
    // A path such as `..` or `dir/.` has no last name of its own.
    let named = match path.file_name() {
        Some(_) => path.to_owned(),
        None => path.canonicalize().map_err(|it| SystemError::new("realpath", path, it))?,
    };
    let name = named.file_name().unwrap_or_else(|| ".".as_ref()).as_bytes().to_vec();
    let parent = match named.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok((Arc::new(Folder::open(parent)?), name))
}

/// The contents of a draft, in the order in which they are written.
pub(crate) struct Contents {
    contents: std::vec::IntoIter<Content>,
    origin: Option<(Arc<Folder>, Vec<u8>)>,
}

impl Contents {
    pub(crate) fn new(contents: DraftContents) -> Self {
        Contents { contents: contents.contents.into_iter(), origin: contents.origin }
    }

    /// Opens a file of the tree that was read, as it was when it was read.
    fn open(&self, names: &[Vec<u8>]) -> Result<std::fs::File, SystemError> {
        let Some((parent, root)) = &self.origin else {
            return Err(SystemError::new("openat", Path::new(""), nix::errno::Errno::ENOENT));
        };
        let Some((name, folders)) = names.split_last() else { return parent.read(root) };
        let mut folder = parent.folder(root)?;
        for name in folders {
            folder = folder.folder(name)?;
        }
        folder.read(name)
    }
}

impl Sources for Contents {
    type Error = PlaceError;

    fn next(
        &mut self,
        _file: &File,
        is_known: bool,
        write: &mut dyn FnMut(Source<'_>) -> Result<(), WriteError>,
    ) -> Result<(), PlaceError> {
        let content = self.contents.next();
        if is_known {
            return Ok(());
        }
        let written = match content {
            Some(Content::Memory(template)) => write(Source::Template(template)),
            Some(Content::Original(names)) => {
                let mut file = self.open(&names)?;
                let written = write(Source::Original(&mut file));
                if let Err(WriteError::Read(_) | WriteError::WrongTemplate) = written {
                    let names = names.iter().map(|it| escape(it)).collect::<Vec<_>>();
                    return Err(IngestError::Changed { path: names.join("/") }.into());
                }
                written
            }
            // Every name but the first of a file is known.
            Some(Content::Staged | Content::Same) | None => write(Source::InPlace),
        };
        written.map_err(|error| match error {
            WriteError::System(error) => error.into(),
            WriteError::Read(_) | WriteError::WrongTemplate => {
                IngestError::Changed { path: String::new() }.into()
            }
        })
    }
}
