//! Says why a sandbox cannot be made here, what to change, and how to check it.
//!
//! Nothing is foretold from settings: a sandbox is made, and if that fails, the call that failed
//! and what the machine's settings are together give the cause. Each cause has one advice.

use std::path::Path;

use kiln_store::{
    Action, ActionId, BuildError, BuildKind, BuildRequest, Builder as _, Cancel, Limits,
    OutputName, SANDBOX_ABI, StorePath, System,
};
use nix::errno::Errno;

use crate::plan::this_system;
use crate::run::Sandbox;
use crate::sys::{self, Call, SysError};

/// What a sandbox is made of on this machine, found by making one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// As whom builds run.
    pub mode: Mode,
    /// The version of the kernel's file access rules, the second layer; 0 if it has none.
    pub landlock_version: u32,
}

/// As whom builds run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As root: each build as a user of its own; this was the probe's.
    Root {
        /// The user that the probe ran as.
        uid: u32,
    },
    /// As an ordinary user: all builds as that user.
    User {
        /// The user.
        uid: u32,
    },
}

impl Sandbox {
    /// Makes a sandbox that runs nothing, to see whether this machine can.
    ///
    /// # Errors
    ///
    /// [`BuildError::Refused`] with the cause, the advice and the check if it cannot; the others as
    /// in a build.
    pub fn probe(&self) -> Result<Probe, BuildError> {
        let name = |_| BuildError::Unsupported { reason: "the probe has a bad name".into() };
        let store_name = kiln_store::StoreName::new("probe").map_err(name)?;
        let output = OutputName::default_output();
        let scratch = [(output.clone(), StorePath::scratch(&store_name, &output, 0))].into();
        let action = Action {
            name: store_name,
            kind: BuildKind::Build,
            outputs: vec![output],
            system: System::new(this_system()).map_err(name)?,
            inputs: [].into(),
            sources: [].into(),
            links: [].into(),
            env: [].into(),
            steps: Vec::new(),
            sandbox_abi: SANDBOX_ABI,
        };
        let cancel = Cancel::new().map_err(|source| BuildError::System {
            call: "pipe",
            on: "a new pipe".into(),
            source,
        })?;
        let built = self.build(&BuildRequest {
            id: ActionId([0; 32]),
            action: &action,
            inputs: &[],
            input_paths: &[].into(),
            scratch: &scratch,
            limits: Limits::default(),
            log: &std::sync::Mutex::new(std::io::sink()),
            progress: &|_| {},
            cancel: &cancel,
        })?;
        let uid = built.uid;
        let is_own = uid == nix::unistd::geteuid().as_raw();
        Ok(Probe {
            mode: if is_own { Mode::User { uid } } else { Mode::Root { uid } },
            landlock_version: u32::try_from(sys::landlock_version()).unwrap_or(0),
        })
    }
}

/// A cause, what to do about it, and how to see whether it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What was tried, what the kernel said, and what is behind it.
    pub(crate) cause: String,
    /// What to change, in the imperative.
    pub(crate) advice: String,
    /// A command that shows whether it is changed.
    pub(crate) check: String,
}

/// An error if `/proc` does not show this process: what is done to a build by its number there would
/// be done to nobody, or to another process.
pub(crate) fn look_at_proc() -> Result<(), BuildError> {
    let number = std::process::id().to_string();
    match std::fs::read_link("/proc/self") {
        Ok(found) if found.as_os_str() == number.as_str() => Ok(()),
        Ok(_) | Err(_) => Err(BuildError::Refused {
            cause: "/proc is not mounted here, or shows the processes of another namespace".into(),
            advice: "mount it by `mount -t proc proc /proc`; behind `unshare --pid`, by its \
                     `--mount-proc`"
                .into(),
            check: "readlink /proc/self".into(),
        }),
    }
}

/// Explains a call that failed while a sandbox was made, if the machine is to blame.
pub(crate) fn explain(error: &SysError) -> Option<Refusal> {
    explain_with(error, &Machine::look())
}

impl From<Refusal> for BuildError {
    fn from(Refusal { cause, advice, check }: Refusal) -> Self {
        BuildError::Refused { cause, advice, check }
    }
}

/// The settings of a machine that keep sandboxes from being made.
#[derive(Debug, Clone, Default)]
struct Machine {
    /// The kernel has user namespaces.
    user_namespaces: bool,
    /// The first kind of namespace of which there may be none, as its setting is called.
    none_allowed: Option<String>,
    /// `kernel.unprivileged_userns_clone` is 0.
    clone_switched_off: bool,
    /// `kernel.apparmor_restrict_unprivileged_userns` is 1.
    apparmor_restricts: bool,
    /// SELinux is enforcing.
    selinux_enforces: bool,
    /// This process is under a filter of system calls.
    filtered: bool,
    /// This process is root's.
    root: bool,
}

impl Machine {
    fn look() -> Self {
        let says = |path: &str, value: &str| {
            std::fs::read_to_string(path).is_ok_and(|it| it.trim() == value)
        };
        let kinds = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"];
        let settings = kinds.map(|kind| format!("max_{kind}_namespaces"));
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Machine {
            user_namespaces: Path::new("/proc/self/ns/user").exists(),
            none_allowed: settings
                .into_iter()
                .find(|it| says(&format!("/proc/sys/user/{it}"), "0")),
            clone_switched_off: says("/proc/sys/kernel/unprivileged_userns_clone", "0"),
            apparmor_restricts: says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
            selinux_enforces: says("/sys/fs/selinux/enforce", "1"),
            filtered: status.lines().any(|it| it == "Seccomp:\t2"),
            root: nix::unistd::geteuid().is_root(),
        }
    }
}

fn refusal(cause: &str, advice: &str, check: &str) -> Option<Refusal> {
    Some(Refusal { cause: cause.into(), advice: advice.into(), check: check.into() })
}

fn explain_with(error: &SysError, machine: &Machine) -> Option<Refusal> {
    let found = if error.call == Call::Clone {
        explain_clone(error, machine)
    } else if error.call == Call::Setrlimit {
        explain_limit(error)
    } else if matches!(error.call, Call::Fsopen | Call::Fsconfig | Call::Fsmount)
        && error.on.contains("binfmt_misc")
    {
        refusal(
            "programs of other instruction sets run by an emulator of the sandbox's own, which \
             needs Linux 6.7 with `binfmt_misc`",
            "use a newer kernel, or load what it lacks by `modprobe binfmt_misc`",
            "uname -r; grep binfmt_misc /proc/filesystems",
        )
    } else if error.errno == Errno::ENOSYS && !machine.filtered {
        refusal(
            "this kernel is older than Linux 5.10 and lacks the call",
            "use a newer kernel",
            "uname -r",
        )
    } else if matches!(error.call, Call::Fsmount | Call::Fsconfig)
        && error.on.contains("proc")
        && is_denial(error)
    {
        refusal(
            "something is mounted over parts of /proc here, as container engines do, and the \
             kernel then allows no other /proc",
            "start the container with an unmasked /proc: `--security-opt systempaths=unconfined` \
             (docker), `--security-opt unmask=ALL` (podman), `procMount: Unmasked` (Kubernetes)",
            "grep ' /proc/' /proc/self/mountinfo",
        )
    } else if error.call == Call::PivotRoot && error.errno == Errno::EINVAL {
        refusal(
            "the root of this system is the one that the kernel was started with (an initramfs), \
             which cannot be exchanged",
            "mount another file system as root and switch to it before starting Kiln",
            "grep ' / / ' /proc/self/mountinfo",
        )
    } else if error.call == Call::OpenTree && error.errno == Errno::EMFILE {
        refusal(
            "the build has more inputs than this process may open files",
            "raise the hard limit of open files, such as by `LimitNOFILE=` or limits.conf",
            "ulimit -Hn",
        )
    } else if is_denial(error) {
        explain_denial(machine)
    } else {
        None
    };
    found.map(|it| Refusal { cause: format!("{error}; {}", it.cause), ..it })
}

fn is_denial(error: &SysError) -> bool {
    matches!(error.errno, Errno::EPERM | Errno::EACCES | Errno::ENOSYS)
        // A path that cannot be opened is a matter of that path.
        && !matches!(error.call, Call::Chdir | Call::Open | Call::OpenTree)
        || (error.errno == Errno::EPERM && error.on.contains("_map"))
}

fn explain_clone(error: &SysError, machine: &Machine) -> Option<Refusal> {
    if error.errno == Errno::EINVAL {
        return refusal(
            "this kernel lacks one of the namespaces",
            "use a kernel with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_IPC_NS, \
             CONFIG_UTS_NS and CONFIG_CGROUPS",
            "ls /proc/self/ns",
        );
    }
    if matches!(error.errno, Errno::ENOSPC | Errno::EUSERS) {
        return match &machine.none_allowed {
            Some(setting) => refusal(
                &format!("`user.{setting}` is 0"),
                &format!("run `sysctl user.{setting}=65536` as root"),
                &format!("cat /proc/sys/user/{setting}"),
            ),
            None => refusal(
                "all namespaces that this user may have are in use, or they are nested more than \
                 32 deep",
                "run `sysctl user.max_user_namespaces=65536` as root, or leave one of the sandboxes \
                 that this one would be in",
                "head /proc/sys/user/max_*_namespaces",
            ),
        };
    }
    if error.errno == Errno::EAGAIN {
        return refusal(
            "this user has as many processes as it may have",
            "end some, or raise the limit of processes",
            "ulimit -u",
        );
    }
    if !machine.user_namespaces {
        return refusal(
            "this kernel has no user namespaces",
            "use a kernel with CONFIG_USER_NS",
            "ls /proc/self/ns/user",
        );
    }
    if is_denial(error) { explain_denial(machine) } else { None }
}

/// Explains "not permitted" by the setting that is most likely behind it.
fn explain_denial(machine: &Machine) -> Option<Refusal> {
    if machine.clone_switched_off && !machine.root {
        return refusal(
            "`kernel.unprivileged_userns_clone` is 0",
            "run `sysctl kernel.unprivileged_userns_clone=1` as root",
            "cat /proc/sys/kernel/unprivileged_userns_clone",
        );
    }
    if machine.filtered {
        return refusal(
            "this process is under a filter of system calls, as container engines and Kiln's own sandbox \
             set one",
            "start the container with `--security-opt seccomp=unconfined`, and where that is not \
             enough also with `--cap-add SYS_ADMIN`; a build itself cannot build",
            "grep Seccomp /proc/self/status",
        );
    }
    if machine.apparmor_restricts && !machine.root {
        return refusal(
            "AppArmor restricts user namespaces to programs that have a profile for them",
            "give Kiln's program a profile with `userns,` in /etc/apparmor.d, or run `sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0` as root",
            "cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        );
    }
    if machine.selinux_enforces {
        return refusal(
            "SELinux is enforcing and may not allow user namespaces to this domain",
            "add a policy module that allows `user_namespace create`, as `ausearch -m avc | \
             audit2allow` writes it",
            "getenforce",
        );
    }
    if machine.root {
        return refusal(
            "this root lacks a capability, as in a container",
            "start the container with `--privileged`, or run Kiln as an ordinary user",
            "grep CapEff /proc/self/status",
        );
    }
    refusal(
        "the kernel does not say why; user namespaces are not given to a process in a `chroot`, \
         for one",
        "run Kiln outside of a `chroot`",
        "stat -c %i / (2 or 128 outside of a chroot, on most file systems)",
    )
}

fn explain_limit(error: &SysError) -> Option<Refusal> {
    if !matches!(error.errno, Errno::EPERM | Errno::EINVAL) {
        return None;
    }
    refusal(
        "the hard limit that this process was started with is lower, and programs would behave \
         differently under it",
        "raise the hard limit, such as by limits.conf or the service's unit",
        "ulimit -Ha",
    )
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(call: Call, on: &str, errno: Errno, machine: Machine, expected: Expect) {
        let error = SysError::new(call, on, errno);
        let text = match explain_with(&error, &machine) {
            Some(Refusal { cause, advice, check }) => {
                format!("{cause}\n  do: {advice}\n  check: {check}\n")
            }
            None => format!("{error}\n"),
        };
        expected.assert_eq(&text);
    }

    fn ordinary() -> Machine {
        Machine { user_namespaces: true, ..Machine::default() }
    }

    #[test]
    fn each_setting_that_refuses_is_named() {
        check(
            Call::Clone,
            "new namespaces",
            Errno::ENOSPC,
            Machine { none_allowed: Some("max_net_namespaces".into()), ..ordinary() },
            expect![[r"
                clone failed on new namespaces: No space left on device (os error 28); `user.max_net_namespaces` is 0
                  do: run `sysctl user.max_net_namespaces=65536` as root
                  check: cat /proc/sys/user/max_net_namespaces
            "]],
        );
        check(
            Call::Clone,
            "new namespaces",
            Errno::EPERM,
            Machine { clone_switched_off: true, ..ordinary() },
            expect![[r"
                clone failed on new namespaces: Operation not permitted (os error 1); `kernel.unprivileged_userns_clone` is 0
                  do: run `sysctl kernel.unprivileged_userns_clone=1` as root
                  check: cat /proc/sys/kernel/unprivileged_userns_clone
            "]],
        );
        check(
            Call::Ioctl,
            "the loopback interface",
            Errno::EPERM,
            Machine { apparmor_restricts: true, ..ordinary() },
            expect![[r"
                ioctl failed on the loopback interface: Operation not permitted (os error 1); AppArmor restricts user namespaces to programs that have a profile for them
                  do: give Kiln's program a profile with `userns,` in /etc/apparmor.d, or run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root
                  check: cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns
            "]],
        );
        check(
            Call::Clone,
            "new namespaces",
            Errno::EPERM,
            Machine { filtered: true, root: true, ..ordinary() },
            expect![[r#"
                clone failed on new namespaces: Operation not permitted (os error 1); this process is under a filter of system calls, as container engines and Kiln's own sandbox set one
                  do: start the container with `--security-opt seccomp=unconfined`, and where that is not enough also with `--cap-add SYS_ADMIN`; a build itself cannot build
                  check: grep Seccomp /proc/self/status
            "#]],
        );
        check(
            Call::Fsmount,
            "a new proc",
            Errno::EPERM,
            ordinary(),
            expect![[r"
                fsmount failed on a new proc: Operation not permitted (os error 1); something is mounted over parts of /proc here, as container engines do, and the kernel then allows no other /proc
                  do: start the container with an unmasked /proc: `--security-opt systempaths=unconfined` (docker), `--security-opt unmask=ALL` (podman), `procMount: Unmasked` (Kubernetes)
                  check: grep ' /proc/' /proc/self/mountinfo
            "]],
        );
        check(
            Call::Setrlimit,
            "RLIMIT_NOFILE = 4096 (soft), 4096 (hard)",
            Errno::EPERM,
            ordinary(),
            expect![[r"
                setrlimit failed on RLIMIT_NOFILE = 4096 (soft), 4096 (hard): Operation not permitted (os error 1); the hard limit that this process was started with is lower, and programs would behave differently under it
                  do: raise the hard limit, such as by limits.conf or the service's unit
                  check: ulimit -Ha
            "]],
        );
    }

    #[test]
    fn a_missing_input_is_not_blamed_on_the_machine() {
        check(
            Call::OpenTree,
            "`/store/x`",
            Errno::ENOENT,
            Machine { filtered: true, ..ordinary() },
            expect![[r"
                open_tree failed on `/store/x`: No such file or directory (os error 2)
            "]],
        );
        check(
            Call::OpenTree,
            "`/store/x`",
            Errno::EACCES,
            ordinary(),
            expect![[r"
                open_tree failed on `/store/x`: Permission denied (os error 13)
            "]],
        );
    }
}
