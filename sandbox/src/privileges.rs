//! The resource limits and the memory score of a build's processes. [build.limits.8] [build.limits.9]

use std::os::fd::AsFd;
use std::path::Path;

use nix::libc;

use crate::plan::{Need, Resource, ResourceLimit, resource_limits};
use crate::sys::{self, Open, SysResult};

/// Sets the limits of this process and all that it will start.
///
/// # Errors
///
/// Where programs look at a limit, this fails if the machine cannot give it: a limit that is lower
/// here than there is another result.
pub(crate) fn set_resource_limits(limits: &[ResourceLimit]) -> SysResult<()> {
    for limit in limits {
        let (name, number) = limit.resource.name_and_number();
        let (mut soft, mut hard) = (infinity(limit.soft), infinity(limit.hard));
        if limit.resource.need() == Need::AtMost {
            let (_, allowed) = sys::limit(number, name)?;
            (soft, hard) = (soft.min(allowed), hard.min(allowed));
        }
        sys::set_limit(number, name, soft, hard)?;
    }
    Ok(())
}

/// Raises the hard limits of this process as far as builds need them, where it may.
///
/// Where it may not, the build that is refused will say which limit it is.
pub(crate) fn make_room_for_limits() -> SysResult<()> {
    for limit in resource_limits(u64::MAX) {
        let (name, number) = limit.resource.name_and_number();
        let (soft, hard) = sys::limit(number, name)?;
        let needed = infinity(limit.hard);
        if limit.resource.need() == Need::Exactly && hard < needed {
            let _ = sys::set_limit(number, name, soft, needed);
        }
    }
    Ok(())
}

/// How many inputs a build can have, where that depends on how many files can be open.
const INPUTS_MAX: u64 = 65_536;

/// Lets this process open as many files as it may: in root mode, all inputs of a build are open at
/// once. Steps get a fixed limit.
pub(crate) fn raise_open_files() -> SysResult<()> {
    let (name, number) = Resource::OpenFiles.name_and_number();
    let (_, hard) = sys::limit(number, name)?;
    // Root may well be allowed more than it was started with.
    if hard < INPUTS_MAX && sys::set_limit(number, name, INPUTS_MAX, INPUTS_MAX).is_ok() {
        return Ok(());
    }
    sys::set_limit(number, name, hard, hard)
}

/// Lets the kernel end this process, before others that were not given a score, when memory is
/// short. A higher score that the caller was given stays.
pub(crate) fn set_memory_score(score: i32) -> SysResult<()> {
    let path = "/proc/self/oom_score_adj";
    let file = sys::open(Path::new(path), Open::Read)?;
    let mut buffer = [0; 16];
    let count = sys::read_some(file.as_fd(), &mut buffer, path)?.unwrap_or(0);
    let text = String::from_utf8_lossy(&buffer[..count]);
    if text.trim().parse().is_ok_and(|inherited: i32| inherited >= score) {
        return Ok(());
    }
    let file = sys::open(Path::new(path), Open::Write)?;
    sys::write_all(file.as_fd(), score.to_string().as_bytes(), path)
}

fn infinity(amount: u64) -> u64 {
    if amount == u64::MAX { libc::RLIM_INFINITY } else { amount }
}
