//! The parent's side: takes a request, has it carried out, and returns what it left.

mod link;
mod relay;
mod scratch;
mod users;
mod watch;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use kiln_store::{BuildError, BuildRequest, Builder, Built, OutputTree};

use crate::doctor;
use crate::message::{MountCalls, Order};
use crate::plan::{Access, Layout, Plan, PlanError, Setup, plan};
use crate::shell::{ShellEnd, ShellRequest};
use crate::sys::{self, Open, SysError};

pub use scratch::Scratch;
pub use users::UserRange;

/// Runs actions, each in a sandbox of its own: the real [`Builder`].
///
/// It works the same as root, where each build gets a user of its own, and as an ordinary user,
/// through unprivileged user namespaces. What a build sees is specified in `spec/build/`.
///
/// The program that makes one calls [`run_helper_if_asked`](crate::run_helper_if_asked) first thing
/// in `main`. The first build starts the helper; dropping the sandbox ends it.
#[derive(Debug)]
pub struct Sandbox {
    options: SandboxOptions,
    link: link::Link,
    scratch: scratch::ScratchFolders,
}

/// How a [`Sandbox`] works. None of it changes what builds see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxOptions {
    /// The program that is started as the helper: one that calls
    /// [`run_helper_if_asked`](crate::run_helper_if_asked). This very program, unless changed.
    pub helper: PathBuf,
    /// Where the folders lie that builds write to.
    pub scratch: Scratch,
    /// The users that builds of root run as.
    pub users: UserRange,
    /// How mounts get their flags.
    pub mounts: MountCalls,
}

impl Default for SandboxOptions {
    /// This program as the helper, and builds in memory.
    fn default() -> Self {
        SandboxOptions {
            helper: "/proc/self/exe".into(),
            scratch: Scratch::default(),
            users: UserRange::default(),
            mounts: MountCalls::default(),
        }
    }
}

impl Sandbox {
    /// Makes one. Nothing is started, checked or written before the first build.
    #[must_use]
    pub fn new(options: SandboxOptions) -> Self {
        Sandbox {
            link: link::Link::new(options.helper.clone()),
            scratch: scratch::ScratchFolders::new(options.scratch.clone()),
            options,
        }
    }

    /// Lays out what [`build`](Builder::build) would run, for people to read.
    ///
    /// # Errors
    ///
    /// As [`PlanError`].
    pub fn plan(&self, request: &BuildRequest<'_>) -> Result<Plan, PlanError> {
        plan(request, &Layout { scratch: self.scratch.example(&request.limits) })
    }
}

impl Builder for Sandbox {
    fn build(&self, request: &BuildRequest<'_>) -> Result<Built, BuildError> {
        if request.cancel.is_set() {
            return Err(BuildError::Cancelled);
        }
        doctor::look_at_proc()?;
        let user = users::take_user(&self.options.users, request.cancel)?;
        let scratch = self.scratch.begin(&request.limits, user.uid, user.gid)?;
        let plan = plan(request, &Layout { scratch: scratch.place() }).map_err(unsupported)?;
        let left = self.run(request, &plan, &user, &scratch, None)?;
        let parent = scratch.outputs_folder(&left)?;
        // A step may have closed it to its owner.
        sys::fchmod(parent.as_fd(), 0o755, "the folder of outputs")
            .map_err(SysError::into_build_error)?;
        let mut outputs = BTreeMap::new();
        for (output, path) in request.scratch {
            let parent = sys::duplicate(parent.as_fd()).map_err(SysError::into_build_error)?;
            let tree = OutputTree { parent, name: OsString::from(path.as_str()) };
            outputs.insert(output.clone(), tree);
        }
        Ok(Built { outputs, uid: user.uid })
    }
}

impl Sandbox {
    /// Runs a shell behind the first steps of an action.
    pub(crate) fn run_shell(
        &self,
        request: &BuildRequest<'_>,
        shell: &ShellRequest<'_>,
    ) -> Result<ShellEnd, BuildError> {
        doctor::look_at_proc()?;
        let user = users::take_user(&self.options.users, request.cancel)?;
        let scratch = self.scratch.begin(&request.limits, user.uid, user.gid)?;
        let env = shell.env.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let plan = plan(request, &Layout { scratch: scratch.place() })
            .and_then(|plan| plan.with_shell(request, shell.steps, shell.argv, env))
            .map_err(unsupported)?;
        let left = self.run(request, &plan, &user, &scratch, Some(shell.terminal))?;
        left.shell.ok_or_else(|| BuildError::System {
            call: "wait",
            on: "the shell, which has not told how it ended".into(),
            source: std::io::ErrorKind::UnexpectedEof.into(),
        })
    }

    /// Has the plan carried out, and watches.
    fn run(
        &self,
        request: &BuildRequest<'_>,
        plan: &Plan,
        user: &users::BuildUser,
        scratch: &scratch::ScratchFolder,
        terminal: Option<BorrowedFd<'_>>,
    ) -> Result<watch::Left, BuildError> {
        let failed = SysError::into_build_error;
        let (control, theirs) = sys::socket_pair().map_err(failed)?;
        let (log, log_writer) = sys::pipe().map_err(failed)?;
        sys::set_nonblocking(log.as_fd()).map_err(failed)?;
        if user.uid != nix::unistd::geteuid().as_raw() {
            // Steps open what they already have once more, as `/dev/stdout`.
            sys::chown(log_writer.as_fd(), user.uid, user.gid, "the log's pipe").map_err(|it| {
                doctor::explain(&it).map_or_else(|| it.into_build_error(), Into::into)
            })?;
        }
        let plan_file = sys::sealed_file(&plan.encode()).map_err(failed)?;
        let inputs_dir = inputs_dir(plan);
        let inputs_dir_fd = sys::open(&inputs_dir, Open::FolderHandle).map_err(failed)?;
        let order = Order { uid: user.uid, gid: user.gid, mounts: self.options.mounts, inputs_dir };
        let mut fds: Vec<BorrowedFd<'_>> =
            vec![theirs.as_fd(), log_writer.as_fd(), plan_file.as_fd(), inputs_dir_fd.as_fd()];
        fds.extend(user.lock_fd());
        let started = std::time::Instant::now();
        self.link.order(&order, &fds)?;
        drop((theirs, log_writer, plan_file, inputs_dir_fd));
        watch::watch(request, scratch, &watch::Ends { control, log, started }, terminal)
    }
}

fn unsupported(error: PlanError) -> BuildError {
    BuildError::Unsupported { reason: error.to_string() }
}

/// Returns the folder in which most of the inputs lie: with one store, that of its objects.
fn inputs_dir(plan: &Plan) -> PathBuf {
    let mut counts: BTreeMap<&Path, usize> = BTreeMap::new();
    for setup in &plan.setup {
        if let Setup::Bind { from, access: Access::ReadOnly, .. } = setup {
            *counts.entry(from.parent().unwrap_or(Path::new("/"))).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(Path::new("/"), |(folder, _)| folder).to_owned()
}

impl SysError {
    /// Says it in the words of the seam.
    pub(crate) fn into_build_error(self) -> BuildError {
        BuildError::System { call: self.call.name(), source: self.source(), on: self.on }
    }
}
