//! The files that a build sees, as specified in `spec/build/file-system.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use kiln_store::{BuildKind, BuildRequest, STORE_DIR};

use super::steps::{STEPS_DIR, Script};
use super::{
    Access, BUILD_GID, BUILD_UID, EMULATORS_DIR, Foreign, Layout, PlanError, SOURCE_TIME_S,
    ScratchPlace, Setup, SourceCopy, render, render_for_program, shm_bytes_max,
};

/// The folder in which a build works. [build.files.2]
pub(crate) const BUILD_DIR: &str = "/build";

/// The folder of processes. [build.files.5]
pub(crate) const PROC_DIR: &str = "/proc";

/// Where inputs are seen and outputs are made.
pub(crate) const STORE_PLACE: &str = STORE_DIR;

/// The folders that steps can write to. [build.files.2]
pub(crate) const WRITABLE: &[&str] = &[BUILD_DIR, "/tmp", STORE_PLACE, "/dev/shm"];

/// The host name and the domain name. [build.network.3]
pub(crate) const HOST_NAME: (&str, &str) = ("localhost", "(none)");

/// The character devices: name, major, minor. [build.files.4]
pub(crate) const DEVICES: &[(&str, u32, u32)] = &[
    ("full", 1, 7),
    ("null", 1, 3),
    ("random", 1, 8),
    ("tty", 5, 0),
    ("urandom", 1, 9),
    ("zero", 1, 5),
];

/// The links in `/dev`. [build.files.4]
pub(crate) const DEVICE_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("ptmx", "pts/ptmx"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
];

/// What of `/proc` cannot be written. [build.files.5]
pub(crate) const FROZEN: &[&str] = &["bus", "fs", "irq", "sys", "sysrq-trigger"];

/// What of `/proc` is empty, because it tells of the machine and not of the build. [build.files.5]
pub(crate) const HIDDEN: &[&str] = &[
    "acpi",
    "asound",
    "cmdline",
    "config.gz",
    "diskstats",
    "interrupts",
    "iomem",
    "ioports",
    "kallsyms",
    "kcore",
    "key-users",
    "keys",
    "kmsg",
    "kpagecgroup",
    "kpagecount",
    "kpageflags",
    "latency_stats",
    "locks",
    "mdstat",
    "modules",
    "pagetypeinfo",
    "partitions",
    "sched_debug",
    "scsi",
    "slabinfo",
    "swaps",
    "sys/kernel/random/boot_id",
    "timer_list",
    "vmallocinfo",
];

/// The files of `/etc`. [build.users.2] [build.network.3]
pub(crate) fn etc() -> [(&'static str, String); 4] {
    [
        ("group", format!("root:x:0:\nkiln:x:{BUILD_GID}:\nnogroup:x:65534:\n")),
        ("hosts", "127.0.0.1 localhost\n::1 localhost\n".into()),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\n".into()),
        (
            "passwd",
            format!(
                "root:x:0:0:root:/homeless:/noshell\n\
                 kiln:x:{BUILD_UID}:{BUILD_GID}:kiln:/homeless:/noshell\n\
                 nobody:x:65534:65534:nobody:/homeless:/noshell\n"
            ),
        ),
    ]
}

/// The size of the root: a few folders, links and files; the scripts come on top.
const ROOT_BYTES_MAX: u64 = 64 << 20;

/// Where the folders in memory are made before they are shared to their places.
const STAGE: &str = "/kiln/stage";

/// The folders that a build writes to: name in the scratch place, place in the sandbox, mode.
pub(crate) const SCRATCH: &[(&str, &str, u32)] =
    &[("build", BUILD_DIR, 0o755), ("store", STORE_PLACE, 0o755), ("tmp", "/tmp", 0o1777)];

/// Returns what is done before anything of the action runs.
pub(crate) fn setup(
    request: &BuildRequest<'_>,
    layout: &Layout,
    scripts: &[Option<Script>],
) -> Result<Vec<Setup>, PlanError> {
    let mut setup = Vec::new();
    let (host, domain) = HOST_NAME;
    setup.push(Setup::Loopback);
    setup.push(Setup::HostName { host: host.into(), domain: domain.into() });
    let script_bytes: usize = scripts.iter().flatten().map(|it| it.text.len() + 4096).sum();
    setup.push(Setup::Root { bytes_max: ROOT_BYTES_MAX + script_bytes as u64 });
    for at in [
        BUILD_DIR,
        "/dev",
        "/dev/pts",
        "/dev/shm",
        "/etc",
        "/kiln",
        STEPS_DIR,
        STORE_PLACE,
        PROC_DIR,
        "/tmp",
    ] {
        setup.push(Setup::Folder { at: at.into(), mode: 0o755 });
    }
    devices(&mut setup, request.limits.disk_bytes_max);
    for (name, text) in etc() {
        let at = format!("/etc/{name}").into();
        setup.push(Setup::File { at, mode: 0o444, bytes: text.into_bytes() });
    }
    for script in scripts.iter().flatten() {
        let bytes = script.text.clone().into_bytes();
        setup.push(Setup::File { at: script.at.clone().into(), mode: 0o444, bytes });
    }
    scratch(&mut setup, layout);
    inputs(&mut setup, request)?;
    reports(&mut setup, request);
    links(&mut setup, request)?;
    processes(&mut setup);
    emulators(&mut setup, request)?;
    setup.push(Setup::EnterRoot);
    setup.push(Setup::SetTimes { seconds: SOURCE_TIME_S });
    setup.push(Setup::SealRoot);
    Ok(setup)
}

/// Returns the sources to copy.
pub(crate) fn copies(request: &BuildRequest<'_>) -> Result<Vec<SourceCopy>, PlanError> {
    let mut copies = Vec::new();
    for (target, label) in &request.action.sources {
        let to = PathBuf::from(target);
        // Compared as text, because components of a path skip doubled and final slashes and dots.
        let normal = target.split('/').all(|it| !matches!(it, "" | "." | ".."));
        if !normal || target.contains('\0') {
            return Err(PlanError::BadSource { target: target.escape_debug().to_string() });
        }
        let path = request.input_paths.get(label).ok_or_else(|| PlanError::UnknownInput {
            place: format!("the source `{}`", target.escape_debug()),
            label: label.clone(),
        })?;
        copies.push(SourceCopy { from: path.absolute().into(), to });
    }
    Ok(copies)
}

fn devices(setup: &mut Vec<Setup>, disk_bytes_max: u64) {
    for (name, major, minor) in DEVICES {
        let at = PathBuf::from(format!("/dev/{name}"));
        let access = Access::Device { major: *major, minor: *minor };
        setup.push(Setup::Bind { from: at.clone(), at, access });
    }
    for (name, to) in DEVICE_LINKS {
        setup.push(Setup::Link { at: format!("/dev/{name}").into(), to: to.into() });
    }
    setup.push(Setup::Terminals { at: "/dev/pts".into() });
    let bytes_max = shm_bytes_max(disk_bytes_max);
    let files_max = files_max(bytes_max);
    setup.push(Setup::Memory { at: "/dev/shm".into(), bytes_max, files_max, mode: 0o1777 });
}

/// Returns how many files go with a size: enough for any source tree, few enough that empty files
/// do not fill the memory behind the limit's back.
pub(crate) fn files_max(bytes_max: u64) -> u64 {
    (bytes_max / (16 << 10)).max(64 << 10)
}

fn scratch(setup: &mut Vec<Setup>, layout: &Layout) {
    match &layout.scratch {
        ScratchPlace::Memory { bytes_max, files_max } => {
            setup.push(Setup::Folder { at: STAGE.into(), mode: 0o755 });
            setup.push(Setup::Memory {
                at: STAGE.into(),
                bytes_max: *bytes_max,
                files_max: *files_max,
                mode: 0o755,
            });
            for (name, _at, mode) in SCRATCH {
                let at = Path::new(STAGE).join(name);
                setup.push(Setup::Folder { at, mode: *mode });
            }
            for (name, at, _mode) in SCRATCH {
                let from = Path::new(STAGE).join(name);
                setup.push(Setup::Share { from, at: at.into() });
            }
            setup.push(Setup::Detach { at: STAGE.into() });
        }
        ScratchPlace::Disk { folder } => {
            for (name, at, _mode) in SCRATCH {
                let from = folder.join(name);
                setup.push(Setup::Bind { from, at: at.into(), access: Access::Writable });
            }
        }
    }
}

/// Makes the outputs of tests, which most of them leave empty. [build.outputs.5]
fn reports(setup: &mut Vec<Setup>, request: &BuildRequest<'_>) {
    if request.action.kind == BuildKind::Test {
        for path in request.scratch.values() {
            setup.push(Setup::Folder { at: path.absolute().into(), mode: 0o755 });
        }
    }
}

fn inputs(setup: &mut Vec<Setup>, request: &BuildRequest<'_>) -> Result<(), PlanError> {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for path in request.scratch.values() {
        if !taken.insert(path.as_str()) {
            return Err(PlanError::PathTaken { path: path.to_string() });
        }
    }
    for input in request.inputs {
        let path = &input.path;
        if !taken.insert(path.as_str()) {
            return Err(PlanError::PathTaken { path: path.to_string() });
        }
        if !input.host_path.is_absolute() {
            return Err(PlanError::RelativeInput {
                path: path.to_string(),
                host_path: input.host_path.display().to_string(),
            });
        }
        setup.push(Setup::Bind {
            from: input.host_path.clone(),
            at: path.absolute().into(),
            access: Access::ReadOnly,
        });
    }
    Ok(())
}

/// The folders in which an action may have links. [build.files.6]
const LINK_FOLDERS: &[&str] = &["/bin", "/lib", "/lib64", "/usr/bin"];

fn links(setup: &mut Vec<Setup>, request: &BuildRequest<'_>) -> Result<(), PlanError> {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    let mut links = Vec::new();
    for (path, template) in &request.action.links {
        let place = || format!("the link `{}`", path.escape_debug());
        let bad = || PlanError::BadLink { path: path.escape_debug().to_string() };
        if emulator_name(path).is_some() {
            continue;
        }
        let folder = LINK_FOLDERS
            .iter()
            .find(|it| path.strip_prefix(**it).is_some_and(|rest| rest.starts_with('/')))
            .ok_or_else(bad)?;
        let name = &path[folder.len() + 1..];
        if name.contains(['/', '\0']) || matches!(name, "" | "." | "..") || name.len() > 255 {
            return Err(bad());
        }
        let to = render(request, template, place)?;
        if to.is_empty() {
            return Err(PlanError::EmptyLink { path: path.clone() });
        }
        if to.contains('\0') {
            return Err(PlanError::ZeroByte { place: place() });
        }
        folders.extend(ancestors(Path::new(folder)));
        links.push(Setup::Link { at: path.into(), to: to.into() });
    }
    setup.extend(folders.into_iter().map(|at| Setup::Folder { at, mode: 0o755 }));
    setup.extend(links);
    Ok(())
}

/// Registers emulators. [build.emulators.1] [build.emulators.4]
fn emulators(setup: &mut Vec<Setup>, request: &BuildRequest<'_>) -> Result<(), PlanError> {
    let mut programs = BTreeMap::new();
    for (path, template) in &request.action.links {
        let Some(name) = emulator_name(path) else { continue };
        let place = || format!("the emulator `{}`", path.escape_debug());
        let Some(cpu) = Foreign::ALL.iter().copied().find(|it| it.name() == name) else {
            let known = Foreign::ALL.iter().map(|it| format!("`{EMULATORS_DIR}/{it}`"));
            return Err(PlanError::UnknownEmulator {
                path: path.escape_debug().to_string(),
                known: known.collect::<Vec<_>>().join(", "),
            });
        };
        let program = render_for_program(request, template, place)?;
        // The kernel reads fields between colons, and no more than this.
        if !program.starts_with('/') || program.contains([':', '\\', '\n']) || program.len() > 127 {
            return Err(PlanError::BadEmulator { path: path.clone(), program });
        }
        programs.insert(cpu, program.into());
    }
    if programs.is_empty() {
        setup.push(Setup::NoEmulators);
    } else {
        setup.push(Setup::Folder { at: EMULATORS_DIR.into(), mode: 0o755 });
        setup.push(Setup::Emulators { at: EMULATORS_DIR.into(), programs });
    }
    Ok(())
}

/// The instruction set of an emulator, if a link is one.
fn emulator_name(path: &str) -> Option<&str> {
    path.strip_prefix(EMULATORS_DIR)?.strip_prefix('/')
}

/// Returns a folder and those above it but the root.
fn ancestors(folder: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    folder
        .ancestors()
        .filter(|it| it.components().any(|it| matches!(it, Component::Normal(_))))
        .map(Path::to_owned)
}

fn processes(setup: &mut Vec<Setup>) {
    setup.push(Setup::Processes { at: PROC_DIR.into() });
    // While `/proc/sys` can still be written.
    setup.push(Setup::NoUserNamespaces);
    for name in FROZEN {
        setup.push(Setup::Freeze { at: Path::new(PROC_DIR).join(name) });
    }
    for name in HIDDEN {
        setup.push(Setup::Hide { at: Path::new(PROC_DIR).join(name) });
    }
}
