//! The messages between the supervisor, the helper and the build's first process.
//!
//! ```text
//! supervisor ──Order──▶ helper          over the helper's socket, for all builds
//! supervisor ◀─Report── helper, child   over a socket of the build's own
//! ```
//!
//! Steps can see neither socket: both close on `execve`, and the first process is closed to them.

use std::path::PathBuf;

use kiln_store::StepStatus;
use nix::errno::Errno;

use crate::codec::{CodecError, Reader, Writer};
use crate::sys::{Call, MESSAGE_BYTES_MAX, SysError};

/// What the helper says before anything else: it is there and can be given orders.
pub(crate) const READY: &[u8] = b"kiln sandbox helper 1";

/// An order for a build. Its descriptors are the build's socket, the log, the plan, the folder in
/// which most inputs lie, and what is only to be held for as long as the build lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// The user that the build's is outside.
    pub(crate) uid: u32,
    /// The group that the build's is outside.
    pub(crate) gid: u32,
    /// How mounts get their flags.
    pub(crate) mounts: MountCalls,
    /// The path of the folder that comes along, in which most inputs lie.
    pub(crate) inputs_dir: PathBuf,
}

/// How mounts get their flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MountCalls {
    /// By `mount_setattr` where the kernel has it (5.12), else by remounting.
    #[default]
    Auto,
    /// By remounting, as on kernels before 5.12.
    Remount,
}

impl Order {
    /// Writes the order as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.number(u64::from(self.uid));
        w.number(u64::from(self.gid));
        w.number(match self.mounts {
            MountCalls::Auto => 0,
            MountCalls::Remount => 1,
        });
        w.path(&self.inputs_dir);
        w.finish()
    }

    /// Reads an order.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut r = Reader::new(bytes);
        let (uid, gid) = (r.number32()?, r.number32()?);
        let expected = r.expected("a way to mount");
        let mounts = match r.number()? {
            0 => MountCalls::Auto,
            1 => MountCalls::Remount,
            _ => return Err(expected),
        };
        let inputs_dir = r.path()?;
        r.finish()?;
        Ok(Order { uid, gid, mounts, inputs_dir })
    }
}

/// How far a build was when something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Making the namespaces and giving them their user.
    Clone,
    /// Laying out the sandbox.
    Setup,
    /// Copying sources.
    Copy,
    /// Running steps.
    Steps,
}

/// What the helper and the build's first process tell the supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// The first process is there. With its descriptor.
    Cloned,
    /// The sandbox is laid out. With the folder of outputs and the folder of processes.
    Ready,
    /// A call failed that should not; the build ends.
    Failed {
        /// How far it was.
        phase: Phase,
        /// The call.
        error: SysError,
    },
    /// A step begins.
    StepStarted {
        /// Which.
        index: usize,
    },
    /// A step's program cannot be run; the build ends.
    NotRun {
        /// Which.
        index: usize,
        /// Why.
        error: SysError,
    },
    /// A step has ended, and no process of it is left. Any status but code 0 ends the build.
    StepEnded {
        /// Which.
        index: usize,
        /// How.
        status: StepStatus,
    },
    /// All steps have ended well, or a shell has ended.
    Done,
    /// A shell begins. With its terminal's other side.
    ShellStarted,
    /// A shell's program cannot be run.
    ShellNotRun {
        /// Why.
        error: SysError,
    },
    /// A shell has ended.
    ShellEnded {
        /// How.
        status: StepStatus,
    },
}

impl Report {
    /// Writes the report as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        match self {
            Report::Cloned => w.number(0),
            Report::Ready => w.number(1),
            Report::Failed { phase, error } => {
                w.number(2);
                w.number(match phase {
                    Phase::Clone => 0,
                    Phase::Setup => 1,
                    Phase::Copy => 2,
                    Phase::Steps => 3,
                });
                write_error(&mut w, error);
            }
            Report::StepStarted { index } => {
                w.number(3);
                w.number(*index as u64);
            }
            Report::NotRun { index, error } => {
                w.number(4);
                w.number(*index as u64);
                write_error(&mut w, error);
            }
            Report::StepEnded { index, status } => {
                w.number(5);
                w.number(*index as u64);
                write_status(&mut w, *status);
            }
            Report::Done => w.number(6),
            Report::ShellStarted => w.number(7),
            Report::ShellNotRun { error } => {
                w.number(8);
                write_error(&mut w, error);
            }
            Report::ShellEnded { status } => {
                w.number(9);
                write_status(&mut w, *status);
            }
        }
        w.finish()
    }

    /// Reads a report.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut r = Reader::new(bytes);
        let expected = r.expected("a kind of report");
        let report = match r.number()? {
            0 => Report::Cloned,
            1 => Report::Ready,
            2 => {
                let expected = r.expected("a phase");
                let phase = match r.number()? {
                    0 => Phase::Clone,
                    1 => Phase::Setup,
                    2 => Phase::Copy,
                    3 => Phase::Steps,
                    _ => return Err(expected),
                };
                Report::Failed { phase, error: read_error(&mut r)? }
            }
            3 => Report::StepStarted { index: r.count()? },
            4 => Report::NotRun { index: r.count()?, error: read_error(&mut r)? },
            5 => Report::StepEnded { index: r.count()?, status: read_status(&mut r)? },
            6 => Report::Done,
            7 => Report::ShellStarted,
            8 => Report::ShellNotRun { error: read_error(&mut r)? },
            9 => Report::ShellEnded { status: read_status(&mut r)? },
            _ => return Err(expected),
        };
        r.finish()?;
        Ok(report)
    }
}

fn write_status(w: &mut Writer, status: StepStatus) {
    let (kind, number) = match status {
        StepStatus::Code(code) => (0, code),
        StepStatus::Signal(signal) => (1, signal),
    };
    w.number(kind);
    w.number(number as u64);
}

fn read_status(r: &mut Reader<'_>) -> Result<StepStatus, CodecError> {
    let expected = r.expected("a kind of status");
    match (r.number()?, r.number()? as i32) {
        (0, code) => Ok(StepStatus::Code(code)),
        (1, signal) => Ok(StepStatus::Signal(signal)),
        _ => Err(expected),
    }
}

/// Writes a failed call.
pub(crate) fn write_error(w: &mut Writer, error: &SysError) {
    w.number(Call::ALL.iter().position(|it| *it == error.call).unwrap_or(usize::MAX) as u64);
    // What it was called on may be a long path; the message must fit.
    let mut len = error.on.len().min(MESSAGE_BYTES_MAX / 2);
    while !error.on.is_char_boundary(len) {
        len -= 1;
    }
    w.bytes(&error.on.as_bytes()[..len]);
    w.number(error.errno as i32 as u64);
}

/// Reads a failed call.
pub(crate) fn read_error(r: &mut Reader<'_>) -> Result<SysError, CodecError> {
    let expected = r.expected("a system call");
    let call = *Call::ALL.get(r.count()?).ok_or(expected)?;
    Ok(SysError { call, on: r.text()?, errno: Errno::from_raw(r.number()? as i32) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_report() -> impl Strategy<Value = Report> {
        let error = || {
            (0..Call::ALL.len(), ".{0,40}", 1..134_i32).prop_map(|(call, on, errno)| SysError {
                call: Call::ALL[call],
                on,
                errno: Errno::from_raw(errno),
            })
        };
        let phase =
            prop::sample::select(vec![Phase::Clone, Phase::Setup, Phase::Copy, Phase::Steps]);
        let status = || {
            prop_oneof![
                any::<i32>().prop_map(StepStatus::Code),
                any::<i32>().prop_map(StepStatus::Signal)
            ]
        };
        prop_oneof![
            Just(Report::Cloned),
            Just(Report::Ready),
            (phase, error()).prop_map(|(phase, error)| Report::Failed { phase, error }),
            any::<usize>().prop_map(|index| Report::StepStarted { index }),
            (any::<usize>(), error()).prop_map(|(index, error)| Report::NotRun { index, error }),
            Just(Report::ShellStarted),
            error().prop_map(|error| Report::ShellNotRun { error }),
            status().prop_map(|status| Report::ShellEnded { status }),
            (any::<usize>(), status())
                .prop_map(|(index, status)| Report::StepEnded { index, status }),
            Just(Report::Done),
        ]
    }

    proptest! {
        #[test]
        fn a_report_reads_back_as_it_was_written(report in any_report()) {
            prop_assert_eq!(Report::decode(&report.encode()), Ok(report));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
            let _ = Report::decode(&bytes);
            let _ = Order::decode(&bytes);
        }
    }

    #[test]
    fn an_order_reads_back_as_it_was_written() {
        let inputs_dir = "/x".into();
        let order = Order { uid: 872_000, gid: 7, mounts: MountCalls::Remount, inputs_dir };
        assert_eq!(Order::decode(&order.encode()), Ok(order));
    }

    #[test]
    fn a_report_with_an_endless_path_fits_into_a_message() {
        let on = "\u{e4}".repeat(MESSAGE_BYTES_MAX);
        let error = SysError::new(Call::Mkdir, on, Errno::ENAMETOOLONG);
        let bytes = Report::NotRun { index: 0, error }.encode();
        assert!(bytes.len() < MESSAGE_BYTES_MAX);
        assert!(Report::decode(&bytes).is_ok());
    }
}
