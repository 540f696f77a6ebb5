//! The helper: a small process with one thread that clones the builds of a sandbox.
//!
//! ```text
//! supervisor (many threads)
//!   └─ helper           the same program, started once; one thread, empty environment
//!        ├─ child       first process of a build, in namespaces of its own
//!        │    └─ step   one at a time
//!        └─ child …
//! ```
//!
//! After a clone of a process with many threads only a handful of calls are safe; so builds are
//! cloned here, where there is one thread. Starting the program is paid once and not per build.
//!
//! Everything dies downwards: the helper when the supervisor's thread that started it ends (by the
//! kernel, even where the supervisor was killed) or its socket closes, a build's first process when
//! the helper ends, and all its steps with the first process.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::libc;

use crate::child::{self, Inherited, Life};
use crate::codec::Writer;
use crate::message::{Order, Phase, READY, Report, write_error};
use crate::sys::{self, Cloned, Open, Received, SysResult, Wait};
use crate::{enter, plan, privileges};

/// The name under which a program starts itself as the helper.
pub(crate) const HELPER_NAME: &str = "kiln-sandbox-helper";

/// The namespaces of a build. [build.network.1] [build.users.3]
const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// Turns this process into a helper of the sandbox if it was started as one, and then never returns.
///
/// A program that builds calls it first thing in `main`, before it starts a thread or reads an
/// argument: every [`Sandbox`](crate::Sandbox) starts the same program once more as its helper, and
/// so does [`enter`](crate::enter()). In any other start it returns at once and does nothing.
pub fn run_helper_if_asked() {
    let Some(name) = std::env::args_os().next() else { return };
    if name == OsStr::new(HELPER_NAME) {
        let code = i32::from(serve().is_err());
        sys::exit_now(code);
    }
    if name == OsStr::new(enter::ENTER_NAME) {
        enter::become_program();
    }
}

/// Whether this process was started as a helper by a program that does not know it.
pub(crate) fn is_unaware_helper() -> bool {
    std::env::args_os().next().is_some_and(|it| it == OsStr::new(HELPER_NAME))
}

/// Serves orders until the supervisor closes the socket.
fn serve() -> SysResult<()> {
    // The socket came as standard input, because that needs no agreement on a number.
    let socket = sys::duplicate(std::io::stdin().as_fd())?;
    let life = match prepare(&socket) {
        Ok(life) => life,
        Err(error) => {
            let mut w = Writer::default();
            write_error(&mut w, &error);
            return sys::send(socket.as_fd(), &w.finish(), &[]);
        }
    };
    sys::send(socket.as_fd(), READY, &[])?;
    loop {
        match sys::receive(socket.as_fd(), Wait::Forever)? {
            Received::Message { bytes, fds } => {
                let Ok(order) = Order::decode(&bytes) else { continue };
                build(&order, fds, &life);
            }
            Received::Nothing => {}
            Received::End => return Ok(()),
        }
    }
}

/// Makes the helper independent of how its caller was started.
fn prepare(socket: &OwnedFd) -> SysResult<Life> {
    sys::close_all_but(&[socket.as_fd()])?;
    sys::setsid()?;
    sys::set_death_signal()?;
    if sys::is_hung_up(socket.as_fd())? {
        // The supervisor was gone before the line above.
        sys::exit_now(0);
    }
    let null = sys::open(Path::new("/dev/null"), Open::ReadWrite)?;
    sys::set_stdin(null.as_fd())?;
    sys::set_stdout_stderr(null.as_fd())?;
    sys::reset_signals()?;
    sys::reap_children_by_itself()?;
    sys::chdir(Path::new("/"))?;
    // Once for all builds, which cannot reach it: users may have few keyrings.
    sys::join_fresh_keyring()?;
    // A program that its user cannot read is closed to them; but the maps of builds are written
    // through `/proc`.
    sys::set_dumpable(true)?;
    // Ordinary users cannot leave their groups, and neither can the root of a namespace of theirs.
    if nix::unistd::geteuid().is_root() && may_change_groups() {
        sys::drop_groups()?;
    }
    privileges::make_room_for_limits()?;
    privileges::raise_open_files()?;
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    Life::new()
}

fn may_change_groups() -> bool {
    !std::fs::read_to_string("/proc/self/setgroups").is_ok_and(|it| it.trim() == "deny")
}

/// Clones the first process of a build and lets it go.
fn build(order: &Order, fds: Vec<OwnedFd>, life: &Life) {
    let mut fds = fds.into_iter();
    let (Some(control), Some(log), Some(plan), Some(inputs_dir)) =
        (fds.next(), fds.next(), fds.next(), fds.next())
    else {
        return;
    };
    let held: Vec<OwnedFd> = fds.collect();
    let files = Files { control, log, plan, inputs_dir, held };
    if let Err(error) = clone_build(order, &files, life) {
        let report = Report::Failed { phase: Phase::Clone, error }.encode();
        // If the supervisor does not listen any more, nobody needs to know.
        let _ = sys::send(files.control.as_fd(), &report, &[]);
    }
}

/// The descriptors of an order.
struct Files {
    control: OwnedFd,
    log: OwnedFd,
    plan: OwnedFd,
    inputs_dir: OwnedFd,
    held: Vec<OwnedFd>,
}

fn clone_build(order: &Order, files: &Files, life: &Life) -> SysResult<()> {
    let (go_reader, go_writer) = sys::pipe()?;
    // The child begins where this process is. It is the only way to hand it a folder of the
    // machine: what a descriptor from outside of its mount namespace shows, it may not mount.
    sys::fchdir(files.inputs_dir.as_fd(), order.inputs_dir.display())?;
    let cloned = sys::clone_into_namespaces(NAMESPACES);
    if !matches!(cloned, Ok(Cloned::Child)) {
        sys::chdir(Path::new("/"))?;
    }
    match cloned? {
        Cloned::Child => child::run(&Inherited {
            order,
            control: files.control.as_fd(),
            log: files.log.as_fd(),
            plan: files.plan.as_fd(),
            held: &files.held,
            life,
            go: go_reader.as_fd(),
        }),
        Cloned::Parent { pid, pidfd } => {
            drop(go_reader);
            let done = write_maps(pid.as_raw(), order)
                .and_then(|()| {
                    let report = Report::Cloned.encode();
                    sys::send(files.control.as_fd(), &report, &[pidfd.as_fd()])
                })
                .and_then(|()| sys::write_all(go_writer.as_fd(), b"!", "the child's pipe"));
            if done.is_err() {
                sys::pidfd_kill(pidfd.as_fd());
            }
            done
        }
    }
}

/// Gives a user namespace its one user and one group. [build.users.1]
fn write_maps(pid: i32, order: &Order) -> SysResult<()> {
    let (uid, gid) = (plan::BUILD_UID, plan::BUILD_GID);
    // In this order: without privileges, groups are refused until they cannot be changed.
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("gid_map", format!("{gid} {} 1", order.gid)),
        ("uid_map", format!("{uid} {} 1", order.uid)),
    ] {
        let path = format!("/proc/{pid}/{file}");
        let fd = sys::open(Path::new(&path), Open::Write)?;
        sys::write_all(fd.as_fd(), text.as_bytes(), &path)?;
    }
    Ok(())
}
