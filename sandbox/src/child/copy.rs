//! Copies sources below `/build`, writable. [build.files.3]
//!
//! The trees that are read are store objects and hold only folders, files and links. Both sides are
//! walked by descriptor, on the heap and not on the stack, and no link is followed on either.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;

use crate::plan::{BUILD_DIR, SOURCE_TIME_S, SourceCopy};
use crate::sys::{self, Call, Kind, Open, SysError, SysResult};

/// Copies all sources.
pub(super) fn copy_sources(copies: &[SourceCopy]) -> SysResult<()> {
    if copies.is_empty() {
        return Ok(());
    }
    let build = sys::open(Path::new(BUILD_DIR), Open::Folder)?;
    let mut copier = Copier { buffer: vec![0; BUFFER_BYTES] };
    for copy in copies {
        copier.copy_source(&build, copy).map_err(|error| {
            let on = format!("{}, while copying the source `{}`", error.on, copy.to.display());
            SysError { on, ..error }
        })?;
    }
    // Each source changed the time of the folders that it was put into.
    for copy in copies {
        for folder in copy.to.ancestors().skip(1) {
            let path = sys::c_path(Path::new(BUILD_DIR).join(folder))?;
            sys::set_time_at(build.as_fd(), &path, SOURCE_TIME_S)?;
        }
    }
    Ok(())
}

/// How much of a file is read at once.
const BUFFER_BYTES: usize = 256 << 10;

struct Copier {
    buffer: Vec<u8>,
}

/// A folder whose entries are being copied.
struct OpenFolder {
    /// Where from.
    from: OwnedFd,
    /// Where to.
    to: OwnedFd,
    /// The entries that are left.
    names: Vec<CString>,
}

impl Copier {
    fn copy_source(&mut self, build: &OwnedFd, copy: &SourceCopy) -> SysResult<()> {
        let parent = make_parents(build, &copy.to)?;
        let name = sys::c_path(copy.to.file_name().map_or(Path::new(""), Path::new))?;
        let from_parent = copy.from.parent().unwrap_or(Path::new("/"));
        let from = sys::open(from_parent, Open::Folder)?;
        let from_name = sys::c_path(copy.from.file_name().map_or(Path::new(""), Path::new))?;
        let first = self.copy_entry(from.as_fd(), &from_name, parent.as_fd(), &name)?;
        let mut stack: Vec<OpenFolder> = first.into_iter().collect();
        while let Some(folder) = stack.last_mut() {
            let Some(name) = folder.names.pop() else {
                // Only now, because each entry made in it changed its time.
                sys::set_time(folder.to.as_fd(), SOURCE_TIME_S, "a folder")?;
                stack.pop();
                continue;
            };
            let deeper = self.copy_entry(folder.from.as_fd(), &name, folder.to.as_fd(), &name)?;
            stack.extend(deeper);
        }
        Ok(())
    }

    /// Copies a file or link, or makes a folder and returns it with its entries still to be done.
    fn copy_entry(
        &mut self,
        from: BorrowedFd<'_>,
        name: &CStr,
        to: BorrowedFd<'_>,
        to_name: &CStr,
    ) -> SysResult<Option<OpenFolder>> {
        let stat = sys::fstat_at(from, name)?;
        match stat.kind {
            Kind::Folder => {
                sys::mkdir_at(to, &sys::path_of(to_name), 0o755)?;
                let from = sys::open_entry(from, name, Open::Folder)?;
                let to = sys::open_entry(to, to_name, Open::Folder)?;
                let mut names = Vec::new();
                let listed = sys::open_entry(from.as_fd(), c".", Open::Folder)?;
                sys::list(listed, &name.to_string_lossy(), |name| {
                    names.push(name.to_owned());
                    Ok(())
                })?;
                // In one order on every file system, and the last is taken first.
                names.sort_unstable_by(|a, b| b.cmp(a));
                Ok(Some(OpenFolder { from, to, names }))
            }
            Kind::File => {
                let mode = if stat.mode & 0o111 == 0 { 0o644 } else { 0o755 };
                self.copy_file(from, name, to, to_name, mode).map(|()| None)
            }
            Kind::Link => {
                let target = sys::readlink_at(from, &sys::path_of(name))?;
                sys::symlink_at(Path::new(&target), to, &sys::path_of(to_name))?;
                sys::set_time_at(to, to_name, SOURCE_TIME_S).map(|()| None)
            }
            Kind::Device { .. } | Kind::Other => {
                let on = format!("`{}`, which is no folder, file or link", name.to_string_lossy());
                Err(SysError::new(Call::Open, on, Errno::EINVAL))
            }
        }
    }

    fn copy_file(
        &mut self,
        from: BorrowedFd<'_>,
        name: &CStr,
        to: BorrowedFd<'_>,
        to_name: &CStr,
        mode: u32,
    ) -> SysResult<()> {
        let on = name.to_string_lossy();
        let input = sys::open_entry(from, name, Open::Read)?;
        let output = sys::open_entry(to, to_name, Open::Create(mode))?;
        while let Some(count @ 1..) = sys::read_some(input.as_fd(), &mut self.buffer, &on)? {
            sys::write_all(output.as_fd(), &self.buffer[..count], &on)?;
        }
        sys::set_time(output.as_fd(), SOURCE_TIME_S, on)
    }
}

/// Opens the folder in which a source is put, and makes it where it is missing.
fn make_parents(build: &OwnedFd, to: &Path) -> SysResult<OwnedFd> {
    let mut folder = sys::open_entry(build.as_fd(), c".", Open::Folder)?;
    for component in to.parent().into_iter().flat_map(Path::components) {
        let name = Path::new(component.as_os_str());
        match sys::mkdir_at(folder.as_fd(), name, 0o755) {
            Err(error) if error.errno != Errno::EEXIST => return Err(error),
            _ => {}
        }
        // A source that came before may have put a link here; it is not followed.
        folder = sys::open_entry(folder.as_fd(), &sys::c_path(name)?, Open::Folder)?;
    }
    Ok(folder)
}
