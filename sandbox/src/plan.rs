//! The plan of a build: all that the sandbox holds and all that runs in it, as data.
//!
//! ```text
//! BuildRequest ─plan─▶ Plan ─encode─▶ helper ─clone─▶ child: set up, then run the steps
//! ```
//!
//! Making a plan is pure: it reads no file, no clock and no environment, and equal requests give
//! equal plans. A plan is printed by `{}`, compared in tests as text, and then carried out line by
//! line in `child.rs`. What a build process sees of it is specified in `spec/build/`.

mod emulators;
mod encode;
mod environment;
mod file_system;
mod limits;
mod steps;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use kiln_store::{BuildRequest, Label, OutputName, Piece, SANDBOX_ABI, StepName, Template};

pub(crate) use emulators::EMULATORS_DIR;
pub use emulators::Foreign;
pub(crate) use environment::{BUILD_GID, BUILD_UID, SOURCE_TIME_S};
pub(crate) use file_system::{BUILD_DIR, PROC_DIR, SCRATCH, STORE_PLACE, WRITABLE, files_max};
pub(crate) use limits::{Need, bound_above, resource_limits, shm_bytes_max};

/// All that the sandbox holds and all that runs in it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How readily the kernel ends the build when memory is short, at least: 0 to 1000.
    pub memory_score: i32,
    /// What is done before anything of the action runs, in this order.
    pub setup: Vec<Setup>,
    /// The sources copied below `/build`, in this order.
    pub copies: Vec<SourceCopy>,
    /// The resource limits of every process.
    pub resource_limits: Vec<ResourceLimit>,
    /// The whole environment of every step.
    pub env: BTreeMap<String, String>,
    /// What is run, in this order.
    pub steps: Vec<Command>,
    /// What is run behind the steps, also where one fails, with a terminal. No build has it.
    pub shell: Option<Shell>,
}

/// A program that is run with a terminal, for people to look around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    /// The program.
    pub command: Command,
    /// What it has in its environment over that of steps.
    pub env: BTreeMap<String, String>,
}

/// One thing done before anything of the action runs. Paths `at` are absolute, in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setup {
    /// Bring the loopback interface up.
    Loopback,
    /// Name the machine.
    HostName {
        /// The host name.
        host: String,
        /// The domain name.
        domain: String,
    },
    /// Begin an empty file system in memory that is to become the root.
    Root {
        /// Its size in bytes.
        bytes_max: u64,
    },
    /// Make a folder.
    Folder {
        /// Where.
        at: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Make a file.
    File {
        /// Where.
        at: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// Make a symbolic link.
    Link {
        /// Where.
        at: PathBuf,
        /// What it says.
        to: PathBuf,
    },
    /// Show a file or tree of the machine.
    Bind {
        /// Where it lies on the machine; absolute.
        from: PathBuf,
        /// Where it is seen.
        at: PathBuf,
        /// What may be done with it.
        access: Access,
    },
    /// Show a folder of the sandbox at a second place.
    Share {
        /// The folder.
        from: PathBuf,
        /// The second place, an empty folder.
        at: PathBuf,
    },
    /// Mount an empty file system in memory.
    Memory {
        /// Where.
        at: PathBuf,
        /// Its size in bytes.
        bytes_max: u64,
        /// How many files it can hold.
        files_max: u64,
        /// The permission bits of its root.
        mode: u32,
    },
    /// Take a mounted file system away from where it is; it stays where it is shared.
    Detach {
        /// Where.
        at: PathBuf,
    },
    /// Mount the processes of the sandbox.
    Processes {
        /// Where.
        at: PathBuf,
    },
    /// Mount the sandbox's own terminals.
    Terminals {
        /// Where.
        at: PathBuf,
    },
    /// Keep processes of the sandbox from making user namespaces.
    NoUserNamespaces,
    /// Make a file or folder of `/proc` read-only, if this kernel has it.
    Freeze {
        /// Which.
        at: PathBuf,
    },
    /// Cover a file or folder of `/proc` by an empty one, if this kernel has it.
    Hide {
        /// Which.
        at: PathBuf,
    },
    /// Let programs of other instruction sets be run by these programs of the sandbox.
    Emulators {
        /// Where the kernel is told; an empty folder.
        at: PathBuf,
        /// The instruction sets with the programs that are started in their place.
        programs: BTreeMap<Foreign, PathBuf>,
    },
    /// Let nothing run programs of other instruction sets, whatever the machine has for them, if this
    /// kernel can forget it for a sandbox.
    NoEmulators,
    /// Make the new root the root, and let go of the old one.
    EnterRoot,
    /// Give all that was made one time.
    SetTimes {
        /// The time, in seconds since 1970.
        seconds: i64,
    },
    /// Make the root read-only.
    SealRoot,
}

/// What may be done with something that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read and run it: an input.
    ReadOnly,
    /// Use it as the character device with these numbers; its node cannot be changed.
    Device {
        /// The major number.
        major: u32,
        /// The minor number.
        minor: u32,
    },
    /// Read, write and run: a folder made for this build.
    Writable,
}

/// A source copied below `/build`, writable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCopy {
    /// The input, as the sandbox shows it.
    pub from: PathBuf,
    /// Where the copy goes, below `/build`: a relative path of normal components.
    pub to: PathBuf,
}

/// A limit of a resource that a process uses, as `setrlimit` sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceLimit {
    /// The resource.
    pub resource: Resource,
    /// What counts until a process raises it.
    pub soft: u64,
    /// How far a process may raise it.
    pub hard: u64,
}

pub use limits::Resource;

/// A step, ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The step.
    pub name: StepName,
    /// The working directory. Where it is not a folder, `/build` is.
    pub cwd: PathBuf,
    /// The program, an absolute path, and its arguments.
    pub argv: Vec<String>,
}

/// What the plan depends on beside the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Where the folders lie that the build writes to.
    pub scratch: ScratchPlace,
}

/// Where the folders lie that a build writes to: `/build`, `/tmp` and its outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScratchPlace {
    /// In memory.
    Memory {
        /// How many bytes fit.
        bytes_max: u64,
        /// How many files fit.
        files_max: u64,
    },
    /// In this folder of the machine, which has the empty folders `build`, `tmp` and `store`.
    Disk {
        /// The folder; absolute.
        folder: PathBuf,
    },
}

/// Why there is no plan: the action asks for something that no sandbox gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The action is for another kind of machine.
    #[error("its steps run on `{wanted}`, this machine is `{here}`")]
    WrongSystem {
        /// The action's.
        wanted: String,
        /// This machine's.
        here: String,
    },
    /// The action counts on promises of another version.
    #[error("it counts on sandbox version {wanted}, this is version {}", SANDBOX_ABI)]
    WrongAbi {
        /// The action's.
        wanted: u32,
    },
    /// A place names an input that the action does not have.
    #[error("{place} names the input `{label}`, which is not among the inputs that were given")]
    UnknownInput {
        /// What names it.
        place: String,
        /// The input.
        label: Label,
    },
    /// A place names an output that the action does not have.
    #[error("{place} names the output `{output}`, which is not among the outputs")]
    UnknownOutput {
        /// What names it.
        place: String,
        /// The output.
        output: OutputName,
    },
    /// A source would not be below `/build`.
    #[error("the source `{target}` must go to a relative path without `.` and `..`")]
    BadSource {
        /// Where it was to go.
        target: String,
    },
    /// A link is at a place where none may be.
    #[error(
        "the link `{path}` must be `/bin/NAME`, `/usr/bin/NAME`, `/lib/NAME`, `/lib64/NAME` or \
         `/kiln/emulators/CPU`"
    )]
    BadLink {
        /// Where it was to be.
        path: String,
    },
    /// An emulator is for an instruction set that the sandbox does not know.
    #[error("there can be no emulator at `{path}`: those that are known are {known}")]
    UnknownEmulator {
        /// Where it was to be.
        path: String,
        /// The places that are known.
        known: String,
    },
    /// The kernel cannot be told of an emulator.
    #[error(
        "the emulator `{path}` must be an absolute path of at most 127 bytes without `:` and \
         `\\`, not `{program}`"
    )]
    BadEmulator {
        /// The instruction set's place.
        path: String,
        /// The program.
        program: String,
    },
    /// A link points nowhere.
    #[error("the link `{path}` says nothing")]
    EmptyLink {
        /// The link.
        path: String,
    },
    /// A step has nothing to run.
    #[error("step `{step}` names no program")]
    NoProgram {
        /// The step.
        step: StepName,
    },
    /// A step's program is not an absolute path.
    #[error("step `{step}` must name its program by an absolute path, not as `{program}`")]
    RelativeProgram {
        /// The step.
        step: StepName,
        /// Its program.
        program: String,
    },
    /// A text that a program is given has a zero byte in it.
    #[error("{place} has a zero byte in it, which no program can be given")]
    ZeroByte {
        /// What has it.
        place: String,
    },
    /// An output's variable would be another variable.
    #[error("output `{output}` would set the variable `{variable}`, which has another meaning")]
    OutputVariable {
        /// The output.
        output: OutputName,
        /// The variable.
        variable: String,
    },
    /// Two things are to be at one store path.
    #[error("two inputs or outputs are to be at `{path}`")]
    PathTaken {
        /// The path.
        path: String,
    },
    /// An input's place on the machine is not an absolute path.
    #[error("input `{path}` must lie at an absolute path, not at `{host_path}`")]
    RelativeInput {
        /// The store path.
        path: String,
        /// Where it is said to lie.
        host_path: String,
    },
    /// There are more steps or longer texts than a plan can have.
    #[error("{place} is longer than {bytes_max} bytes")]
    TooLong {
        /// What is.
        place: String,
        /// The greatest length.
        bytes_max: usize,
    },
}

/// The greatest size of what a plan puts into files: far above any script, far below memory.
const SCRIPTS_BYTES_MAX: usize = 256 << 20;

/// Lays out the sandbox for an action. Pure; touches nothing.
///
/// # Errors
///
/// As [`PlanError`]: the first thing that the action asks for and no sandbox gives.
pub fn plan(request: &BuildRequest<'_>, layout: &Layout) -> Result<Plan, PlanError> {
    let action = request.action;
    if action.sandbox_abi != SANDBOX_ABI {
        return Err(PlanError::WrongAbi { wanted: action.sandbox_abi });
    }
    let here = this_system();
    if action.system.as_str() != here {
        return Err(PlanError::WrongSystem { wanted: action.system.to_string(), here });
    }
    let scripts = steps::scripts(request)?;
    Ok(Plan {
        memory_score: limits::MEMORY_SCORE,
        setup: file_system::setup(request, layout, &scripts)?,
        copies: file_system::copies(request)?,
        resource_limits: limits::resource_limits(request.limits.processes_max),
        env: environment::environment(request)?,
        steps: steps::commands(request, &scripts)?,
        shell: None,
    })
}

impl Plan {
    /// Lets a shell run behind the first `steps` steps.
    pub(crate) fn with_shell(
        mut self,
        request: &BuildRequest<'_>,
        steps: usize,
        argv: &[Template],
        env: BTreeMap<String, String>,
    ) -> Result<Self, PlanError> {
        self.steps.truncate(steps);
        let command = steps::shell(request, argv)?;
        self.shell = Some(Shell { command, env });
        Ok(self)
    }
}

/// Returns the kind of this machine, such as `x86_64-linux`.
pub(crate) fn this_system() -> String {
    format!("{}-linux", std::env::consts::ARCH)
}

/// Fills a template's places.
fn render(
    request: &BuildRequest<'_>,
    template: &Template,
    place: impl Fn() -> String,
) -> Result<String, PlanError> {
    for piece in template.pieces() {
        match piece {
            Piece::Text(_) => {}
            Piece::Input(label) if !request.input_paths.contains_key(label) => {
                return Err(PlanError::UnknownInput { place: place(), label: label.clone() });
            }
            Piece::Output(output) if !request.scratch.contains_key(output) => {
                return Err(PlanError::UnknownOutput { place: place(), output: output.clone() });
            }
            Piece::Input(_) | Piece::Output(_) => {}
        }
    }
    Ok(template.render(|piece| match piece {
        Piece::Text(text) => text.to_string(),
        Piece::Input(label) => request.input_paths[label].absolute(),
        Piece::Output(output) => request.scratch[output].absolute(),
    }))
}

/// As [`render`], for a text that a program is given.
fn render_for_program(
    request: &BuildRequest<'_>,
    template: &Template,
    place: impl Fn() -> String,
) -> Result<String, PlanError> {
    let text = render(request, template, &place)?;
    if text.contains('\0') {
        return Err(PlanError::ZeroByte { place: place() });
    }
    Ok(text)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "memory score {}", self.memory_score)?;
        for setup in &self.setup {
            writeln!(f, "{setup}")?;
        }
        for copy in &self.copies {
            writeln!(f, "copy {} -> {BUILD_DIR}/{}", copy.from.display(), copy.to.display())?;
        }
        for ResourceLimit { resource, soft, hard } in &self.resource_limits {
            writeln!(f, "limit {resource} {} {}", Amount(*soft), Amount(*hard))?;
        }
        for (name, value) in &self.env {
            writeln!(f, "env {name}={}", value.escape_debug())?;
        }
        for step in &self.steps {
            writeln!(f, "run {step}")?;
        }
        if let Some(shell) = &self.shell {
            for (name, value) in &shell.env {
                writeln!(f, "shell env {name}={}", value.escape_debug())?;
            }
            writeln!(f, "run with a terminal {}", shell.command)?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}:", self.name, self.cwd.display())?;
        self.argv.iter().try_for_each(|it| write!(f, " {it:?}"))
    }
}

/// An amount of a resource; the greatest one is no limit.
struct Amount(u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            u64::MAX => f.write_str("unlimited"),
            amount => write!(f, "{amount}"),
        }
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn mount(f: &mut fmt::Formatter<'_>, what: &str, at: &Path) -> fmt::Result {
            write!(f, "{what} {}", at.display())
        }
        match self {
            Setup::Loopback => write!(f, "loopback"),
            Setup::HostName { host, domain } => write!(f, "host name {host}, domain {domain}"),
            Setup::Root { bytes_max } => write!(f, "root of {bytes_max} bytes"),
            Setup::Folder { at, mode } => write!(f, "folder {mode:04o} {}", at.display()),
            Setup::File { at, mode, bytes } => {
                let text = String::from_utf8_lossy(bytes);
                write!(f, "file {mode:04o} {} {:?}", at.display(), text)
            }
            Setup::Link { at, to } => write!(f, "link {} -> {}", at.display(), to.display()),
            Setup::Bind { from, at, access } => {
                write!(f, "show {} at {}, {access}", from.display(), at.display())
            }
            Setup::Share { from, at } => {
                write!(f, "share {} at {}", from.display(), at.display())
            }
            Setup::Memory { at, bytes_max, files_max, mode } => write!(
                f,
                "memory {mode:04o} {} of {bytes_max} bytes, {files_max} files",
                at.display()
            ),
            Setup::Detach { at } => mount(f, "detach", at),
            Setup::Processes { at } => mount(f, "processes", at),
            Setup::Terminals { at } => mount(f, "terminals", at),
            Setup::NoUserNamespaces => write!(f, "no user namespaces"),
            Setup::Freeze { at } => mount(f, "freeze", at),
            Setup::Hide { at } => mount(f, "hide", at),
            Setup::Emulators { at, programs } => {
                write!(f, "{:<9} {}", "emulators", at.display())?;
                programs.iter().try_for_each(|(cpu, it)| write!(f, " {cpu}={}", it.display()))
            }
            Setup::NoEmulators => write!(f, "no emulators"),
            Setup::EnterRoot => write!(f, "enter root"),
            Setup::SetTimes { seconds } => write!(f, "times {seconds}"),
            Setup::SealRoot => write!(f, "seal root"),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::ReadOnly => write!(f, "read-only"),
            Access::Device { major, minor } => write!(f, "device {major}:{minor}"),
            Access::Writable => write!(f, "writable"),
        }
    }
}

#[cfg(test)]
mod tests;

/// What the specification has in tables.
#[cfg(test)]
pub(crate) mod spec {
    pub(crate) use super::environment::FIXED as VARIABLES;
    pub(crate) use super::file_system::{
        DEVICE_LINKS, DEVICES, FROZEN, HIDDEN, SCRATCH, WRITABLE, etc,
    };
    pub(crate) use super::limits::{FIXED as RESOURCE_LIMITS, MEMORY_SCORE};
}
