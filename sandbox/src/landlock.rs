//! The second, independent layer of file access: what a step may write, whatever the mounts say.
//!
//! It holds where a mount was made wrongly, but not for inputs: they lie in the folder in which outputs
//! are made, and what a rule gives to a folder it gives to all below. Every right that the running kernel handles is handled;
//! kernels before 5.19 are left without this layer, because theirs would forbid moving and linking
//! files between folders, which builds do. [build.refusals.8]

use std::error::Error;
use std::path::Path;

use ::landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, Scope,
};
use nix::errno::Errno;

use crate::plan::{PROC_DIR, WRITABLE};
use crate::sys::{self, Call, SysError, SysResult};

/// The least version whose rules let files be moved from folder to folder.
const VERSION_MIN: i32 = 2;

/// A set of rules that a step is put under.
pub(crate) struct Fence(Option<RulesetCreated>);

impl Fence {
    /// Makes the rules. Called in the sandbox, by the process that starts the steps.
    pub(crate) fn new() -> SysResult<Self> {
        let version = sys::landlock_version();
        if version < VERSION_MIN {
            return Ok(Fence(None));
        }
        rules(ABI::from(version)).map(Some).map(Fence).map_err(|error| failed(&*error))
    }

    /// Puts this process under the rules, for good, with all that it will start.
    pub(crate) fn close(&self) -> SysResult<()> {
        let Some(rules) = &self.0 else { return Ok(()) };
        let rules = rules.try_clone().map_err(|error| {
            let errno = error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw);
            SysError::new(Call::Fcntl, "the rules", errno)
        })?;
        rules.restrict_self().map(drop).map_err(|error| failed(&error))
    }
}

fn rules(version: ABI) -> Result<RulesetCreated, Box<dyn Error>> {
    let all = AccessFs::from_all(version);
    let read = AccessFs::from_read(version);
    // What a kernel reports it must do: nothing is left out silently.
    let mut rules =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(all)?;
    if version >= ABI::V6 {
        rules = rules.scope(Scope::from_all(version))?;
    }
    let mut rules = rules.create()?;
    for (path, access) in WRITABLE.iter().map(|it| (*it, all)).chain([
        ("/", read),
        // A process names its threads there; what would change the machine is read-only anyway.
        (PROC_DIR, read | (AccessFs::from_file(version) & AccessFs::from_write(version))),
        // Devices and terminals; their nodes cannot be changed, the mount sees to that.
        ("/dev", read | (AccessFs::from_file(version) & AccessFs::from_write(version))),
    ]) {
        let folder = PathFd::new(Path::new(path))?;
        rules = rules.add_rule(PathBeneath::new(folder, access))?;
    }
    Ok(rules)
}

/// Finds the kernel's answer in an error of the library.
fn failed(error: &(dyn Error + 'static)) -> SysError {
    let mut cause = Some(error);
    let mut errno = Errno::EINVAL;
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            errno = io.raw_os_error().map_or(errno, Errno::from_raw);
        }
        cause = inner.source();
    }
    SysError::new(Call::Landlock, error, errno)
}
