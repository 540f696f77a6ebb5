//! The resource limits of build processes, as specified in `spec/build/limits.md`.

use std::fmt;

use nix::libc;

use super::ResourceLimit;

/// A resource that `setrlimit` limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Bytes of address space.
    AddressSpace,
    /// Bytes of a core file.
    CoreFile,
    /// Seconds of processor time.
    ProcessorTime,
    /// Bytes of data segment.
    Data,
    /// Bytes of one file.
    FileSize,
    /// File locks.
    Locks,
    /// Bytes locked into memory.
    LockedMemory,
    /// Bytes in message queues.
    MessageQueues,
    /// How far niceness can be lowered.
    Nice,
    /// Open descriptors.
    OpenFiles,
    /// Processes and threads of the build.
    Processes,
    /// Bytes in memory; the kernel has not looked at it for long.
    ResidentSet,
    /// Real-time priority.
    RealTimePriority,
    /// Microseconds of processor time at real-time priority.
    RealTime,
    /// Queued signals.
    PendingSignals,
    /// Bytes of stack.
    Stack,
}

/// Whether a machine must be able to give a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Programs look at it and behave accordingly: where it cannot be given, nothing is built.
    Exactly,
    /// Reaching it can only make a build fail: the caller's own lower limit stays.
    AtMost,
}

impl Resource {
    /// Every resource, by its number in a plan.
    pub(crate) const ALL: &[Resource] = &[
        Resource::AddressSpace,
        Resource::CoreFile,
        Resource::ProcessorTime,
        Resource::Data,
        Resource::FileSize,
        Resource::Locks,
        Resource::LockedMemory,
        Resource::MessageQueues,
        Resource::Nice,
        Resource::OpenFiles,
        Resource::Processes,
        Resource::ResidentSet,
        Resource::RealTimePriority,
        Resource::RealTime,
        Resource::PendingSignals,
        Resource::Stack,
    ];

    /// Returns the name, as in the manual page, and the number, as the kernel has it.
    pub(crate) fn name_and_number(self) -> (&'static str, u32) {
        #[allow(clippy::unnecessary_cast, reason = "the C libraries disagree on the type")]
        let it = match self {
            Resource::AddressSpace => ("RLIMIT_AS", libc::RLIMIT_AS as u32),
            Resource::CoreFile => ("RLIMIT_CORE", libc::RLIMIT_CORE as u32),
            Resource::ProcessorTime => ("RLIMIT_CPU", libc::RLIMIT_CPU as u32),
            Resource::Data => ("RLIMIT_DATA", libc::RLIMIT_DATA as u32),
            Resource::FileSize => ("RLIMIT_FSIZE", libc::RLIMIT_FSIZE as u32),
            Resource::Locks => ("RLIMIT_LOCKS", libc::RLIMIT_LOCKS as u32),
            Resource::LockedMemory => ("RLIMIT_MEMLOCK", libc::RLIMIT_MEMLOCK as u32),
            Resource::MessageQueues => ("RLIMIT_MSGQUEUE", libc::RLIMIT_MSGQUEUE as u32),
            Resource::Nice => ("RLIMIT_NICE", libc::RLIMIT_NICE as u32),
            Resource::OpenFiles => ("RLIMIT_NOFILE", libc::RLIMIT_NOFILE as u32),
            Resource::Processes => ("RLIMIT_NPROC", libc::RLIMIT_NPROC as u32),
            Resource::ResidentSet => ("RLIMIT_RSS", libc::RLIMIT_RSS as u32),
            Resource::RealTimePriority => ("RLIMIT_RTPRIO", libc::RLIMIT_RTPRIO as u32),
            Resource::RealTime => ("RLIMIT_RTTIME", libc::RLIMIT_RTTIME as u32),
            Resource::PendingSignals => ("RLIMIT_SIGPENDING", libc::RLIMIT_SIGPENDING as u32),
            Resource::Stack => ("RLIMIT_STACK", libc::RLIMIT_STACK as u32),
        };
        it
    }

    /// Returns whether a machine must be able to give it.
    pub(crate) fn need(self) -> Need {
        match self {
            Resource::AddressSpace
            | Resource::CoreFile
            | Resource::ProcessorTime
            | Resource::Data
            | Resource::FileSize
            | Resource::Processes
            | Resource::ResidentSet
            | Resource::RealTime => Need::AtMost,
            Resource::Locks
            | Resource::LockedMemory
            | Resource::MessageQueues
            | Resource::Nice
            | Resource::OpenFiles
            | Resource::RealTimePriority
            | Resource::PendingSignals
            | Resource::Stack => Need::Exactly,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name_and_number().0)
    }
}

/// The limits that are the same in every build: resource, soft, hard. [build.limits.9]
///
/// Each hard limit is one that an ordinary user has on an ordinary machine, because only root can
/// raise one: 4096 descriptors is what the kernel itself gives the first process.
pub(crate) const FIXED: &[(Resource, u64, u64)] = &[
    (Resource::AddressSpace, u64::MAX, u64::MAX),
    // Not 0, which the kernel does not heed where core dumps go to a program of the machine.
    (Resource::CoreFile, 1, 1),
    (Resource::ProcessorTime, u64::MAX, u64::MAX),
    (Resource::Data, u64::MAX, u64::MAX),
    (Resource::FileSize, u64::MAX, u64::MAX),
    (Resource::Locks, u64::MAX, u64::MAX),
    (Resource::LockedMemory, 64 << 10, 64 << 10),
    (Resource::MessageQueues, 819_200, 819_200),
    (Resource::Nice, 0, 0),
    (Resource::OpenFiles, 4096, 4096),
    (Resource::ResidentSet, u64::MAX, u64::MAX),
    (Resource::RealTimePriority, 0, 0),
    (Resource::RealTime, u64::MAX, u64::MAX),
    (Resource::PendingSignals, 1024, 1024),
    // The compiler driver of GNU raises its own stack to 64 MiB and recurses accordingly.
    (Resource::Stack, 8 << 20, 64 << 20),
];

/// How readily the kernel ends a build when memory is short, from 0 to 1000: before whatever has
/// no score, such as the shell that Kiln was started from, which would take the build along anyway.
/// [build.limits.8]
pub(crate) const MEMORY_SCORE: i32 = 200;

/// How far the kernel's own bound lies above a limit that Kiln watches: while Kiln looks only now
/// and then, a build that goes too far must still find itself stopped, and be seen to.
///
/// ```text
///  0 ─────────────── limit ──────────── kernel's bound
///    the build runs  │ seen: build ends │ calls fail
/// ```
pub(crate) fn bound_above(limit: u64, slack_min: u64) -> u64 {
    limit.saturating_add((limit / 8).max(slack_min))
}

/// Returns all resource limits of a build that may have `processes_max` processes. [build.limits.6]
pub(crate) fn resource_limits(processes_max: u64) -> Vec<ResourceLimit> {
    let processes = bound_above(processes_max.max(1), 64);
    FIXED
        .iter()
        .copied()
        .chain([(Resource::Processes, processes, processes)])
        .map(|(resource, soft, hard)| ResourceLimit { resource, soft, hard })
        .collect()
}

/// Returns the size of `/dev/shm` where a build may write `disk_bytes_max`. [build.limits.5]
pub(crate) fn shm_bytes_max(disk_bytes_max: u64) -> u64 {
    disk_bytes_max.min(1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_has_exactly_one_limit() {
        let limits = resource_limits(10);
        for resource in Resource::ALL {
            assert_eq!(
                limits.iter().filter(|it| it.resource == *resource).count(),
                1,
                "{resource}"
            );
        }
        assert_eq!(limits.len(), Resource::ALL.len());
    }

    #[test]
    fn no_soft_limit_is_above_its_hard_one() {
        assert!(resource_limits(10).iter().all(|it| it.soft <= it.hard));
    }

    #[test]
    fn the_kernels_bound_lies_above_the_limit() {
        for limit in [1, 64, 4096, 1 << 40, u64::MAX - 1] {
            assert!(bound_above(limit, 64) > limit);
        }
    }
}
