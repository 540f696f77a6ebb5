//! The table of refused calls. [build.refusals]
//!
//! Numbers are those of the kernel's tables; a call that a machine does not have has none there.
//! Calls that are used often come first, because the filter looks at them one after the other.

use std::fmt;

use nix::errno::Errno;
use nix::libc;

/// A call, and when it is refused with which answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Its name, as the specification has it.
    #[cfg_attr(not(test), allow(dead_code, reason = "the filter knows numbers only"))]
    pub(crate) name: &'static str,
    /// Its number for 64-bit programs on x86.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "one machine at a time"))]
    pub(crate) x86_64: Option<u32>,
    /// Its number for 32-bit programs on x86.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "one machine at a time"))]
    pub(crate) i386: Option<u32>,
    /// Its number on 64-bit ARM.
    #[cfg_attr(not(target_arch = "aarch64"), allow(dead_code, reason = "one machine at a time"))]
    pub(crate) aarch64: Option<u32>,
    /// When it is refused.
    pub(crate) when: When,
    /// What it answers then.
    pub(crate) answer: Errno,
}

/// When a call is refused. Arguments count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Always.
    Always,
    /// If the argument has one of these bits.
    HasBits {
        /// Which argument.
        argument: u8,
        /// The bits.
        bits: u32,
    },
    /// If both arguments have one of their bits.
    BothHaveBits {
        /// One argument and its bits.
        first: (u8, u32),
        /// Another argument and its bits.
        second: (u8, u32),
    },
    /// If the argument is one of these.
    IsOneOf {
        /// Which argument.
        argument: u8,
        /// The values.
        values: &'static [u32],
    },
    /// If it is for a socket of any family but [`FAMILIES`].
    IsOtherSocket,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Always => write!(f, "always"),
            When::HasBits { argument, bits } if *bits == SET_ID => {
                write!(f, "if argument {argument} has a bit of {bits:#o}")
            }
            When::HasBits { argument, bits } => {
                write!(f, "if argument {argument} has a bit of {bits:#x}")
            }
            When::BothHaveBits { first, second } => write!(
                f,
                "if argument {} has a bit of {:#o} and argument {} one of {:#o}",
                first.0, first.1, second.0, second.1
            ),
            When::IsOneOf { argument, values } => {
                write!(f, "if argument {argument} is")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{} {value:#x}", if index == 0 { "" } else { " or" })?;
                }
                Ok(())
            }
            When::IsOtherSocket => {
                write!(f, "if [build.network.2] does not name the family or protocol")
            }
        }
    }
}

/// The newest call that was looked at: `mseal`, of Linux 6.10. All tables agree on numbers from
/// 424 on. [build.refusals.2]
pub(crate) const NEWEST: u32 = 462;

/// The families that a socket can have, with their protocols; without any, all.
/// [build.network.2]
pub(crate) const FAMILIES: &[(u32, &[u32])] = &[
    (libc::AF_UNIX as u32, &[]),
    (libc::AF_INET as u32, INTERNET),
    (libc::AF_INET6 as u32, INTERNET),
    (libc::AF_NETLINK as u32, &[libc::NETLINK_ROUTE as u32]),
];

/// The default of the kind of socket, TCP and UDP. Asking for another protocol would make the
/// machine load a module, if it has one.
const INTERNET: &[u32] = &[0, libc::IPPROTO_TCP as u32, libc::IPPROTO_UDP as u32];

/// What is answered to another protocol of a family that there is.
pub(crate) const OTHER_PROTOCOL: Errno = Errno::EPROTONOSUPPORT;

/// Not an error but the number 0: the call does nothing and says that it did.
pub(crate) const NOTHING: Errno = Errno::UnknownErrno;

/// Set-user-id and set-group-id.
const SET_ID: u32 = 0o6000;

/// `O_CREAT` and what sets `O_TMPFILE` apart: only with these is there a mode.
const CREATES: u32 = 0o100 | 0o20_000_000;

/// All `CLONE_NEW…` that `clone` takes.
const NEW_NAMESPACE: u32 = 0x7e02_0000;

/// `CLONE_NEWTIME`, which `unshare` takes and `clone` cannot.
const NEW_TIME: u32 = 0x80;

const SET_ID_IN_1: When = When::HasBits { argument: 1, bits: SET_ID };
const SET_ID_IN_2: When = When::HasBits { argument: 2, bits: SET_ID };

/// Writes a row: name, numbers (0 for none), condition, answer.
const fn row(name: &'static str, numbers: (u32, u32, u32), when: When, answer: Errno) -> Row {
    const fn some(number: u32) -> Option<u32> {
        if number == 0 { None } else { Some(number) }
    }
    let (x86_64, i386, aarch64) = numbers;
    Row { name, x86_64: some(x86_64), i386: some(i386), aarch64: some(aarch64), when, answer }
}

/// Every call that is refused, always or sometimes.
#[rustfmt::skip]
pub(crate) const CALLS: &[Row] = &[
    // Files with set-user-id or set-group-id, by every call that gives a file its mode. `mkdir`
    // is not among them because the kernel itself takes these bits away there. [build.refusals.3]
    row("openat", (257, 295, 56), When::BothHaveBits { first: (2, CREATES), second: (3, SET_ID) }, Errno::EPERM),
    row("open", (2, 5, 0), When::BothHaveBits { first: (1, CREATES), second: (2, SET_ID) }, Errno::EPERM),
    row("ioctl", (16, 54, 29), When::IsOneOf { argument: 1, values: &[0x5412, 0x541c] }, Errno::EPERM),
    row("clone", (56, 120, 220), When::HasBits { argument: 0, bits: NEW_NAMESPACE }, Errno::EPERM),
    row("clone3", (435, 435, 435), When::Always, Errno::ENOSYS),
    row("socket", (41, 359, 198), When::IsOtherSocket, Errno::EAFNOSUPPORT),
    row("socketpair", (53, 360, 199), When::IsOtherSocket, Errno::EAFNOSUPPORT),
    // Without root's privileges Kiln cannot leave the groups of its caller. [build.users.1]
    row("getgroups", (115, 205, 158), When::Always, NOTHING),
    row("getgroups16", (0, 80, 0), When::Always, NOTHING),
    row("socketcall", (0, 102, 0), When::Always, Errno::ENOSYS),
    row("fchmodat", (268, 306, 53), SET_ID_IN_2, Errno::EPERM),
    row("fchmod", (91, 94, 52), SET_ID_IN_1, Errno::EPERM),
    row("chmod", (90, 15, 0), SET_ID_IN_1, Errno::EPERM),
    row("fchmodat2", (452, 452, 452), SET_ID_IN_2, Errno::EPERM),
    row("creat", (85, 8, 0), SET_ID_IN_1, Errno::EPERM),
    row("mknod", (133, 14, 0), SET_ID_IN_1, Errno::EPERM),
    row("mknodat", (259, 297, 33), SET_ID_IN_2, Errno::EPERM),
    row("openat2", (437, 437, 437), When::Always, Errno::ENOSYS),
    // Extended attributes and access lists: they would not survive, and tell of the machine.
    // [build.refusals.4]
    row("getxattr", (191, 229, 8), When::Always, Errno::EOPNOTSUPP),
    row("lgetxattr", (192, 230, 9), When::Always, Errno::EOPNOTSUPP),
    row("fgetxattr", (193, 231, 10), When::Always, Errno::EOPNOTSUPP),
    row("listxattr", (194, 232, 11), When::Always, Errno::EOPNOTSUPP),
    row("llistxattr", (195, 233, 12), When::Always, Errno::EOPNOTSUPP),
    row("flistxattr", (196, 234, 13), When::Always, Errno::EOPNOTSUPP),
    row("setxattr", (188, 226, 5), When::Always, Errno::EOPNOTSUPP),
    row("lsetxattr", (189, 227, 6), When::Always, Errno::EOPNOTSUPP),
    row("fsetxattr", (190, 228, 7), When::Always, Errno::EOPNOTSUPP),
    row("removexattr", (197, 235, 14), When::Always, Errno::EOPNOTSUPP),
    row("lremovexattr", (198, 236, 15), When::Always, Errno::EOPNOTSUPP),
    row("fremovexattr", (199, 237, 16), When::Always, Errno::EOPNOTSUPP),
    // Calls made by the kernel on a program's behalf, which no filter sees. [build.refusals.5]
    row("io_uring_setup", (425, 425, 425), When::Always, Errno::ENOSYS),
    row("io_uring_enter", (426, 426, 426), When::Always, Errno::ENOSYS),
    row("io_uring_register", (427, 427, 427), When::Always, Errno::ENOSYS),
    // What no build needs and attackers of the kernel do. [build.refusals.6]
    row("userfaultfd", (323, 374, 282), When::Always, Errno::ENOSYS),
    row("bpf", (321, 357, 280), When::Always, Errno::EPERM),
    row("perf_event_open", (298, 336, 241), When::Always, Errno::EPERM),
    row("keyctl", (250, 288, 219), When::Always, Errno::EPERM),
    row("add_key", (248, 286, 217), When::Always, Errno::EPERM),
    row("request_key", (249, 287, 218), When::Always, Errno::EPERM),
    row("fanotify_init", (300, 338, 262), When::Always, Errno::EPERM),
    row("lookup_dcookie", (212, 253, 18), When::Always, Errno::EPERM),
    row("quotactl", (179, 131, 60), When::Always, Errno::EPERM),
    row("quotactl_fd", (443, 443, 443), When::Always, Errno::ENOSYS),
    row("kcmp", (312, 349, 272), When::Always, Errno::EPERM),
    row("nfsservctl", (180, 169, 42), When::Always, Errno::ENOSYS),
    row("modify_ldt", (154, 123, 0), When::Always, Errno::EPERM),
    row("uselib", (134, 86, 0), When::Always, Errno::ENOSYS),
    row("vm86", (0, 166, 0), When::Always, Errno::ENOSYS),
    row("vm86old", (0, 113, 0), When::Always, Errno::ENOSYS),
    // Mounts and namespaces. [build.refusals.7]
    row("unshare", (272, 310, 97), When::HasBits { argument: 0, bits: NEW_NAMESPACE | NEW_TIME }, Errno::EPERM),
    row("setns", (308, 346, 268), When::Always, Errno::EPERM),
    row("mount", (165, 21, 40), When::Always, Errno::EPERM),
    row("umount", (0, 22, 0), When::Always, Errno::EPERM),
    row("umount2", (166, 52, 39), When::Always, Errno::EPERM),
    row("pivot_root", (155, 217, 41), When::Always, Errno::EPERM),
    row("chroot", (161, 61, 51), When::Always, Errno::EPERM),
    row("open_tree", (428, 428, 428), When::Always, Errno::ENOSYS),
    row("move_mount", (429, 429, 429), When::Always, Errno::ENOSYS),
    row("mount_setattr", (442, 442, 442), When::Always, Errno::ENOSYS),
    row("fsopen", (430, 430, 430), When::Always, Errno::ENOSYS),
    row("fsconfig", (431, 431, 431), When::Always, Errno::ENOSYS),
    row("fsmount", (432, 432, 432), When::Always, Errno::ENOSYS),
    row("fspick", (433, 433, 433), When::Always, Errno::ENOSYS),
    // The machine. [build.refusals.7]
    row("kexec_load", (246, 283, 104), When::Always, Errno::EPERM),
    row("kexec_file_load", (320, 0, 294), When::Always, Errno::EPERM),
    row("init_module", (175, 128, 105), When::Always, Errno::EPERM),
    row("finit_module", (313, 350, 273), When::Always, Errno::EPERM),
    row("delete_module", (176, 129, 106), When::Always, Errno::EPERM),
    row("create_module", (174, 127, 0), When::Always, Errno::ENOSYS),
    row("get_kernel_syms", (177, 130, 0), When::Always, Errno::ENOSYS),
    row("query_module", (178, 167, 0), When::Always, Errno::ENOSYS),
    row("reboot", (169, 88, 142), When::Always, Errno::EPERM),
    row("swapon", (167, 87, 224), When::Always, Errno::EPERM),
    row("swapoff", (168, 115, 225), When::Always, Errno::EPERM),
    row("settimeofday", (164, 79, 170), When::Always, Errno::EPERM),
    row("stime", (0, 25, 0), When::Always, Errno::EPERM),
    row("clock_settime", (227, 264, 112), When::Always, Errno::EPERM),
    row("clock_settime64", (0, 404, 0), When::Always, Errno::EPERM),
    row("adjtimex", (159, 124, 171), When::Always, Errno::EPERM),
    row("clock_adjtime", (305, 343, 266), When::Always, Errno::EPERM),
    row("clock_adjtime64", (0, 405, 0), When::Always, Errno::EPERM),
    row("syslog", (103, 103, 116), When::Always, Errno::EPERM),
    row("acct", (163, 51, 89), When::Always, Errno::EPERM),
    row("iopl", (172, 110, 0), When::Always, Errno::EPERM),
    row("ioperm", (173, 101, 0), When::Always, Errno::EPERM),
    row("sethostname", (170, 74, 161), When::Always, Errno::EPERM),
    row("setdomainname", (171, 121, 162), When::Always, Errno::EPERM),
    row("vhangup", (153, 111, 58), When::Always, Errno::EPERM),
    row("open_by_handle_at", (304, 342, 265), When::Always, Errno::EPERM),
];
