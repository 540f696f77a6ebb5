//! The program is run here by a small copy of the kernel's filter machine.

use super::*;

/// What the program answers to a call.
fn run(program: &[sock_filter], arch: u32, number: u32, arguments: &[u64]) -> u32 {
    let mut data = [0_u8; 64];
    data[0..4].copy_from_slice(&number.to_le_bytes());
    data[4..8].copy_from_slice(&arch.to_le_bytes());
    for (index, argument) in arguments.iter().enumerate() {
        data[16 + index * 8..][..8].copy_from_slice(&argument.to_le_bytes());
    }
    let mut register = 0_u32;
    let mut at = 0;
    loop {
        let instruction = &program[at];
        let k = instruction.k;
        let holds = match instruction.code {
            LOAD => {
                let bytes = data[k as usize..][..4].try_into().unwrap();
                register = u32::from_le_bytes(bytes);
                at += 1;
                continue;
            }
            JUMP => {
                at += 1 + k as usize;
                continue;
            }
            RETURN => return k,
            JUMP_IF_EQUAL => register == k,
            JUMP_IF_GREATER => register > k,
            JUMP_IF_BITS => register & k != 0,
            code => panic!("instruction {at} has the unknown code {code:#x}"),
        };
        at += 1 + usize::from(if holds { instruction.jt } else { instruction.jf });
    }
}

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

fn refusal(errno: Errno) -> u32 {
    libc::SECCOMP_RET_ERRNO | errno as u32
}

#[test]
fn each_call_is_refused_by_each_entry_exactly_when_the_table_says() {
    for entry in entries() {
        let program = program(&entries());
        for (number, when, answer) in entry.rules.iter().flatten() {
            let refused = |arguments: &[u64]| {
                let answered = run(&program, entry.arch, *number, arguments);
                assert!(answered == ALLOW || answered == refusal(*answer));
                answered != ALLOW
            };
            match *when {
                When::Always => assert!(refused(&[0; 6])),
                When::HasBits { argument, bits } => {
                    let mut arguments = [0; 6];
                    assert!(!refused(&arguments));
                    for bit in (0..32).map(|it| 1_u64 << it) {
                        arguments[usize::from(argument)] = bit;
                        assert_eq!(refused(&arguments), bit & u64::from(bits) != 0, "{number}");
                    }
                }
                When::BothHaveBits { first, second } => {
                    let with = |a: u64, b: u64| {
                        let mut arguments = [0; 6];
                        arguments[usize::from(first.0)] = a;
                        arguments[usize::from(second.0)] = b;
                        refused(&arguments)
                    };
                    let (a, b) = (u64::from(first.1), u64::from(second.1));
                    assert!(!with(0, 0) && !with(a, 0) && !with(0, b) && !with(a, !b));
                    assert!(with(a, b) && with(u64::MAX, u64::MAX));
                }
                When::IsOneOf { argument, values } => {
                    let with = |value: u64| {
                        let mut arguments = [0; 6];
                        arguments[usize::from(argument)] = value;
                        refused(&arguments)
                    };
                    for value in values {
                        assert!(with(u64::from(*value)));
                        // The kernel ignores the high half; so must the filter.
                        assert!(with(u64::from(*value) | 1 << 40));
                        assert!(!with(u64::from(*value) + 1));
                    }
                }
                When::IsOtherSocket => {
                    for family in 0..64 {
                        let known = FAMILIES.iter().find(|it| u64::from(it.0) == family);
                        assert_eq!(refused(&[family, 0, 0]), known.is_none(), "{family}");
                        assert_eq!(refused(&[family | 1 << 40, 0, 0]), known.is_none());
                        for protocol in 0..300_u32 {
                            let arguments = [family, 1, u64::from(protocol)];
                            let expected = match known {
                                None => refusal(*answer),
                                Some((_, it)) if it.is_empty() || it.contains(&protocol) => ALLOW,
                                Some(_) => refusal(OTHER_PROTOCOL),
                            };
                            let answered = run(&program, entry.arch, *number, &arguments);
                            assert_eq!(answered, expected, "{family} {protocol}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_not_in_the_table_is_allowed() {
    let program = program(&entries());
    for entry in entries() {
        let Some(rules) = &entry.rules else { continue };
        for number in (0..=NEWEST).filter(|it| rules.iter().all(|rule| rule.0 != *it)) {
            assert_eq!(run(&program, entry.arch, number, &[u64::MAX; 6]), ALLOW, "{number}");
        }
    }
}

#[test]
fn newer_calls_and_those_of_x32_do_not_exist() {
    let program = program(&entries());
    for entry in entries() {
        for number in [NEWEST + 1, 463, 469, 512, 0x4000_0000, 0x4000_0002, u32::MAX] {
            let answer = run(&program, entry.arch, number, &[]);
            assert_eq!(answer, refusal(Errno::ENOSYS), "{number}");
        }
    }
}

#[test]
fn an_unknown_machine_is_ended() {
    let program = program(&entries());
    assert_eq!(run(&program, 0x1234, 0, &[]), libc::SECCOMP_RET_KILL_PROCESS);
}

#[test]
fn no_call_is_in_the_table_twice() {
    for entry in entries() {
        let mut numbers: Vec<u32> = entry.rules.iter().flatten().map(|it| it.0).collect();
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}

/// Compares the table with the C library's own names, as far as it has them.
#[cfg(target_arch = "x86_64")]
#[test]
fn numbers_are_those_of_the_c_library() {
    let number = |name: &str| CALLS.iter().find(|it| it.name == name).and_then(|it| it.x86_64);
    macro_rules! check {
        ($($constant:ident $name:literal),* $(,)?) => {
            $(assert_eq!(number($name), Some(libc::$constant as u32), $name);)*
        };
    }
    check!(
        SYS_openat "openat", SYS_open "open", SYS_ioctl "ioctl", SYS_clone "clone",
        SYS_clone3 "clone3", SYS_socket "socket", SYS_socketpair "socketpair",
        SYS_fchmodat "fchmodat", SYS_fchmod "fchmod", SYS_chmod "chmod", SYS_fchmodat2 "fchmodat2",
        SYS_creat "creat", SYS_mknod "mknod", SYS_mknodat "mknodat", SYS_openat2 "openat2",
        SYS_setxattr "setxattr", SYS_lsetxattr "lsetxattr", SYS_fsetxattr "fsetxattr",
        SYS_getxattr "getxattr", SYS_lgetxattr "lgetxattr", SYS_fgetxattr "fgetxattr",
        SYS_listxattr "listxattr", SYS_llistxattr "llistxattr", SYS_flistxattr "flistxattr",
        SYS_removexattr "removexattr", SYS_lremovexattr "lremovexattr",
        SYS_fremovexattr "fremovexattr", SYS_io_uring_setup "io_uring_setup",
        SYS_io_uring_enter "io_uring_enter", SYS_io_uring_register "io_uring_register",
        SYS_userfaultfd "userfaultfd", SYS_bpf "bpf", SYS_perf_event_open "perf_event_open",
        SYS_keyctl "keyctl", SYS_add_key "add_key", SYS_request_key "request_key",
        SYS_fanotify_init "fanotify_init", SYS_lookup_dcookie "lookup_dcookie",
        SYS_quotactl "quotactl", SYS_quotactl_fd "quotactl_fd", SYS_kcmp "kcmp",
        SYS_nfsservctl "nfsservctl", SYS_modify_ldt "modify_ldt", SYS_uselib "uselib",
        SYS_unshare "unshare", SYS_setns "setns", SYS_mount "mount", SYS_umount2 "umount2",
        SYS_pivot_root "pivot_root", SYS_chroot "chroot", SYS_open_tree "open_tree",
        SYS_move_mount "move_mount", SYS_mount_setattr "mount_setattr", SYS_fsopen "fsopen",
        SYS_fsconfig "fsconfig", SYS_fsmount "fsmount", SYS_fspick "fspick",
        SYS_kexec_load "kexec_load", SYS_kexec_file_load "kexec_file_load",
        SYS_init_module "init_module", SYS_finit_module "finit_module",
        SYS_delete_module "delete_module", SYS_reboot "reboot", SYS_swapon "swapon",
        SYS_swapoff "swapoff", SYS_settimeofday "settimeofday", SYS_clock_settime "clock_settime",
        SYS_adjtimex "adjtimex", SYS_clock_adjtime "clock_adjtime", SYS_syslog "syslog",
        SYS_acct "acct", SYS_iopl "iopl", SYS_ioperm "ioperm", SYS_sethostname "sethostname",
        SYS_setdomainname "setdomainname", SYS_vhangup "vhangup",
        SYS_open_by_handle_at "open_by_handle_at",
    );
}
