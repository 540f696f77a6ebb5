//! System calls that are refused, by every way into the kernel.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::errno::Errno;
use nix::libc;

use super::tried;

pub(super) fn run(probe: &str, _arguments: &[String]) -> bool {
    match probe {
        "set-id" => set_id(),
        "attributes" => attributes(),
        "surface" => surface(),
        "namespaces" => namespaces(),
        "privileges" => privileges(),
        "trace" => trace(),
        "second-layer" => second_layer(),
        "terminal" => terminal(),
        #[cfg(target_arch = "x86_64")]
        "other-entries" => other_entries(),
        _ => return false,
    }
    true
}

/// Makes a system call and says what came of it.
fn call(what: &str, number: i64, arguments: [usize; 6]) {
    tried(what, raw(number, arguments));
}

fn raw(number: i64, arguments: [usize; 6]) -> io::Result<i64> {
    let [a, b, c, d, e, f] = arguments;
    let answer = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    Errno::result(answer).map_err(io::Error::from)
}

const HERE: usize = libc::AT_FDCWD as usize;

/// Tries to make a file with set-id bits by every call that sets a mode.
fn set_id() {
    const MODES: [usize; 2] = [0o4755, 0o2755];
    fs::write("/build/there", "x").unwrap();
    let there = CString::new("/build/there").unwrap();
    let there_at = there.as_ptr() as usize;
    let fd = fs::File::open("/build/there").unwrap();
    use std::os::fd::AsRawFd as _;
    let fd = fd.as_raw_fd() as usize;
    let folder = CString::new("/build").unwrap();
    let mut count = 0;
    for mode in MODES {
        let mut fresh = || {
            count += 1;
            CString::new(format!("/build/fresh{count}")).unwrap()
        };
        let create = (libc::O_CREAT | libc::O_WRONLY) as usize;
        let temporary = (libc::O_TMPFILE | libc::O_WRONLY) as usize;
        let regular = libc::S_IFREG as usize | mode;
        call("fchmod", libc::SYS_fchmod, [fd, mode, 0, 0, 0, 0]);
        call("fchmodat", libc::SYS_fchmodat, [HERE, there_at, mode, 0, 0, 0]);
        call("fchmodat2", 452, [HERE, there_at, mode, 0, 0, 0]);
        let path = fresh();
        call("openat", libc::SYS_openat, [HERE, path.as_ptr() as usize, create, mode, 0, 0]);
        let unnamed = folder.as_ptr() as usize;
        call("openat of no name", libc::SYS_openat, [HERE, unnamed, temporary, mode, 0, 0]);
        let path = fresh();
        call("mknodat", libc::SYS_mknodat, [HERE, path.as_ptr() as usize, regular, 0, 0, 0]);
        let path = fresh();
        let how = [create as u64, mode as u64, 0];
        let how_at = how.as_ptr() as usize;
        call("openat2", libc::SYS_openat2, [HERE, path.as_ptr() as usize, how_at, 24, 0, 0]);
        // The kernel takes the bits away by itself.
        let path = fresh();
        call("mkdirat", libc::SYS_mkdirat, [HERE, path.as_ptr() as usize, mode, 0, 0, 0]);
        // Younger machines do not have these calls any more.
        #[cfg(target_arch = "x86_64")]
        {
            call("chmod", libc::SYS_chmod, [there_at, mode, 0, 0, 0, 0]);
            let path = fresh();
            call("open", libc::SYS_open, [path.as_ptr() as usize, create, mode, 0, 0, 0]);
            call("open of no name", libc::SYS_open, [unnamed, temporary, mode, 0, 0, 0]);
            let path = fresh();
            call("creat", libc::SYS_creat, [path.as_ptr() as usize, mode, 0, 0, 0, 0]);
            let path = fresh();
            call("mknod", libc::SYS_mknod, [path.as_ptr() as usize, regular, 0, 0, 0, 0]);
        }
    }
    // A mode without `O_CREAT` is no mode.
    call("openat of what is there", libc::SYS_openat, [HERE, there_at, 0, 0o4755, 0, 0]);
    for entry in fs::read_dir("/build").unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().mode();
        if mode & 0o6000 != 0 {
            println!("{} has mode {mode:o}", entry.path().display());
        }
    }
}

fn attributes() {
    fs::write("/build/file", "x").unwrap();
    let path = c"/build/file".as_ptr() as usize;
    let name = c"user.test".as_ptr() as usize;
    let mut buffer = [0_u8; 64];
    let value = buffer.as_mut_ptr() as usize;
    call("setxattr", libc::SYS_setxattr, [path, name, value, 1, 0, 0]);
    call("getxattr", libc::SYS_getxattr, [path, name, value, 64, 0, 0]);
    call("listxattr", libc::SYS_listxattr, [path, value, 64, 0, 0, 0]);
    call("removexattr", libc::SYS_removexattr, [path, name, 0, 0, 0, 0]);
    for number in 463..=466 {
        call(&format!("call {number}"), number, [HERE, path, 0, name, value, 16]);
    }
}

fn surface() {
    for (what, number) in [
        ("io_uring_setup", libc::SYS_io_uring_setup),
        ("io_uring_enter", libc::SYS_io_uring_enter),
        ("io_uring_register", libc::SYS_io_uring_register),
        ("userfaultfd", libc::SYS_userfaultfd),
        ("bpf", libc::SYS_bpf),
        ("perf_event_open", libc::SYS_perf_event_open),
        ("keyctl", libc::SYS_keyctl),
        ("add_key", libc::SYS_add_key),
        ("request_key", libc::SYS_request_key),
        ("fanotify_init", libc::SYS_fanotify_init),
        ("kcmp", libc::SYS_kcmp),
        ("open_by_handle_at", libc::SYS_open_by_handle_at),
        ("kexec_load", libc::SYS_kexec_load),
        ("init_module", libc::SYS_init_module),
        ("swapon", libc::SYS_swapon),
        ("sethostname", libc::SYS_sethostname),
        ("syslog", libc::SYS_syslog),
        ("acct", libc::SYS_acct),
        ("settimeofday", libc::SYS_settimeofday),
        ("a call of tomorrow", 480),
    ] {
        call(what, number, [0; 6]);
    }
}

fn namespaces() {
    for (what, flags) in [
        ("user", libc::CLONE_NEWUSER),
        ("mount", libc::CLONE_NEWNS),
        ("network", libc::CLONE_NEWNET),
        ("pid", libc::CLONE_NEWPID),
        ("ipc", libc::CLONE_NEWIPC),
        ("uts", libc::CLONE_NEWUTS),
        ("cgroup", libc::CLONE_NEWCGROUP),
        ("time", 0x80),
    ] {
        call(&format!("unshare {what}"), libc::SYS_unshare, [flags as usize, 0, 0, 0, 0, 0]);
        if flags != 0x80 {
            let flags = (flags | libc::SIGCHLD) as usize;
            call(&format!("clone {what}"), libc::SYS_clone, [flags, 0, 0, 0, 0, 0]);
        }
    }
    call("unshare nothing new", libc::SYS_unshare, [libc::CLONE_FILES as usize, 0, 0, 0, 0, 0]);
    call("clone3", libc::SYS_clone3, [0; 6]);
    let root = c"/".as_ptr() as usize;
    let tmpfs = c"tmpfs".as_ptr() as usize;
    call("mount", libc::SYS_mount, [tmpfs, root, tmpfs, 0, 0, 0]);
    call(
        "remount",
        libc::SYS_mount,
        [0, root, 0, (libc::MS_REMOUNT | libc::MS_BIND) as usize, 0, 0],
    );
    call("umount", libc::SYS_umount2, [c"/kiln/store".as_ptr() as usize, 2, 0, 0, 0, 0]);
    call("pivot_root", libc::SYS_pivot_root, [root, root, 0, 0, 0, 0]);
    call("chroot", libc::SYS_chroot, [root, 0, 0, 0, 0, 0]);
    call("setns", libc::SYS_setns, [0; 6]);
    call("open_tree", libc::SYS_open_tree, [HERE, root, 1, 0, 0, 0]);
    call("fsopen", libc::SYS_fsopen, [tmpfs, 0, 0, 0, 0, 0]);
    call("mount_setattr", libc::SYS_mount_setattr, [HERE, root, 0, 0, 0, 0]);
    let limit = fs::read_to_string("/proc/sys/user/max_user_namespaces").unwrap();
    println!("user namespaces allowed: {}", limit.trim());
}

fn privileges() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    for line in status.lines().filter(|it| it.starts_with("Cap") || it.starts_with("NoNewPrivs")) {
        println!("{}", line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    call("setuid 0", libc::SYS_setuid, [0; 6]);
    call("setgid 0", libc::SYS_setgid, [0; 6]);
    call("setuid 1", libc::SYS_setuid, [1, 0, 0, 0, 0, 0]);
    let groups = [100_u32];
    call("setgroups", libc::SYS_setgroups, [1, groups.as_ptr() as usize, 0, 0, 0, 0]);
    call("nice upward", libc::SYS_setpriority, [0, 0, -5_isize as usize, 0, 0, 0]);
    let limit = libc::rlimit { rlim_cur: 8192, rlim_max: 8192 };
    let limit_at = (&raw const limit) as usize;
    let number = libc::RLIMIT_NOFILE as usize;
    call("more descriptors", libc::SYS_setrlimit, [number, limit_at, 0, 0, 0, 0]);
    fs::write("/build/file", "x").unwrap();
    tried("giving a file away", std::os::unix::fs::chown("/build/file", Some(0), Some(0)));
}

fn trace() {
    const PTRACE_SEIZE: usize = 0x4206;
    call("tracing the first process", libc::SYS_ptrace, [PTRACE_SEIZE, 1, 0, 0, 0, 0]);
    let mut buffer = [0_u8; 8];
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: 8 };
    let remote = libc::iovec { iov_base: 0x40_0000 as *mut libc::c_void, iov_len: 8 };
    let (local, remote) = ((&raw const local) as usize, (&raw const remote) as usize);
    call("reading its memory", libc::SYS_process_vm_readv, [1, local, 1, remote, 1, 0]);
    call("writing its memory", libc::SYS_process_vm_writev, [1, local, 1, remote, 1, 0]);
    let pidfd = raw(libc::SYS_pidfd_open, [1, 0, 0, 0, 0, 0]).unwrap() as usize;
    for fd in 3..12 {
        let taken = raw(libc::SYS_pidfd_getfd, [pidfd, fd, 0, 0, 0, 0]);
        let code = taken.map_err(|it| it.raw_os_error());
        assert_eq!(code, Err(Some(libc::EPERM)), "descriptor {fd} of the first process");
    }
    println!("its descriptors: none");
    // Whether the signal is refused or ignored, the first process lives on.
    for signal in [libc::SIGKILL, libc::SIGSTOP, libc::SIGTERM, libc::SIGSEGV] {
        let _ = raw(libc::SYS_kill, [1, signal as usize, 0, 0, 0, 0]);
    }
    println!("the first process is there: {}", Path::new("/proc/1").exists());
    // Tracing one's own children is what debuggers do.
    match unsafe { nix::unistd::fork() }.unwrap() {
        nix::unistd::ForkResult::Child => {
            let traced = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
            std::process::exit(i32::from(traced != 0));
        }
        nix::unistd::ForkResult::Parent { child } => {
            let status = nix::sys::wait::waitpid(child, None).unwrap();
            let done = nix::sys::wait::WaitStatus::Exited(child, 0);
            println!("tracing a child: {}", status == done);
        }
    }
}

/// What only the rules of file access and their scopes refuse, and what they must not refuse.
fn second_layer() {
    call("signalling the first process", libc::SYS_kill, [1, 0, 0, 0, 0, 0]);
    // How a thread is named by another.
    let thread = std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_millis(200)));
    for entry in fs::read_dir("/proc/self/task").unwrap() {
        let path = entry.unwrap().path().join("comm");
        tried("naming a thread", fs::write(path, "named"));
    }
    thread.join().unwrap();
    for path in ["/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/2"] {
        tried(path, fs::File::options().write(true).open(path));
    }
    tried("/dev/stdin", fs::File::open("/dev/stdin"));
    let memory = raw(libc::SYS_memfd_create, [c"x".as_ptr() as usize, 0, 0, 0, 0, 0]).unwrap();
    tried("a file in memory", fs::File::create(format!("/proc/self/fd/{memory}")));
    call("signalling itself", libc::SYS_kill, [std::process::id() as usize, 0, 0, 0, 0, 0]);
}

fn terminal() {
    tried("the terminal", fs::File::open("/dev/tty"));
    let terminal = fs::OpenOptions::new().read(true).write(true).open("/dev/ptmx").unwrap();
    use std::os::fd::AsRawFd as _;
    let fd = terminal.as_raw_fd() as usize;
    let byte = c"x".as_ptr() as usize;
    call("TIOCSTI", libc::SYS_ioctl, [fd, 0x5412, byte, 0, 0, 0]);
    call("TIOCSTI with a high bit", libc::SYS_ioctl, [fd, 0x5412 | 1 << 40, byte, 0, 0, 0]);
    call("TIOCLINUX", libc::SYS_ioctl, [fd, 0x541c, byte, 0, 0, 0]);
    let mut number = 0_i32;
    let number_at = (&raw mut number) as usize;
    call("TIOCGPTN", libc::SYS_ioctl, [fd, libc::TIOCGPTN as usize, number_at, 0, 0, 0]);
    println!("terminal {number}");
}

/// The ways into the kernel of 32-bit programs and of x32.
#[cfg(target_arch = "x86_64")]
fn other_entries() {
    const X32: i64 = 0x4000_0000;
    call("getpid by x32", X32 | libc::SYS_getpid, [0; 6]);
    call("chmod by x32", X32 | libc::SYS_chmod, [0; 6]);
    call("a number that is none", -1, [0; 6]);
    if !has_int_0x80() {
        println!("no int 0x80");
        return;
    }
    // Pointers of 32 bits are needed.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT,
            -1,
            0,
        )
    };
    assert_ne!(page, libc::MAP_FAILED);
    fs::write("/build/there", "x").unwrap();
    let path = |text: &str| {
        let bytes = CString::new(text).unwrap().into_bytes_with_nul();
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), page.cast::<u8>(), bytes.len()) };
        page as usize as u32
    };
    let there = path("/build/there");
    tried("getpid by int 0x80", int_0x80(20, [0; 3]));
    tried("chmod by int 0x80", int_0x80(15, [there, 0o4755, 0]));
    let fresh = path("/build/fresh");
    tried("open by int 0x80", int_0x80(5, [fresh, 0o101, 0o4755]));
    tried("creat by int 0x80", int_0x80(8, [fresh, 0o2755, 0]));
    tried("unshare by int 0x80", int_0x80(310, [libc::CLONE_NEWUSER as u32, 0, 0]));
    tried("socket by int 0x80", int_0x80(359, [40, 1, 0]));
    tried("socketcall by int 0x80", int_0x80(102, [1, fresh, 0]));
    tried("io_uring by int 0x80", int_0x80(425, [1, fresh, 0]));
    for name in ["there", "fresh"] {
        if let Ok(found) = fs::metadata(format!("/build/{name}")) {
            println!("{name} has set-id bits: {}", found.mode() & 0o6000 != 0);
        }
    }
}

/// Whether the machine has the way of 32-bit programs: some kernels are built without.
#[cfg(target_arch = "x86_64")]
fn has_int_0x80() -> bool {
    use nix::sys::wait::{WaitStatus, waitpid};
    match unsafe { nix::unistd::fork() }.unwrap() {
        nix::unistd::ForkResult::Child => {
            let _ = int_0x80(20, [0; 3]);
            std::process::exit(0);
        }
        nix::unistd::ForkResult::Parent { child } => {
            matches!(waitpid(child, None), Ok(WaitStatus::Exited(..)))
        }
    }
}

/// Makes a system call as a 32-bit program does.
#[cfg(target_arch = "x86_64")]
fn int_0x80(number: u32, [b, c, d]: [u32; 3]) -> io::Result<i32> {
    let answer: i32;
    unsafe {
        std::arch::asm!(
            "push rbx",
            "mov ebx, {b:e}",
            "int 0x80",
            "pop rbx",
            b = in(reg) b,
            inlateout("eax") number => answer,
            in("ecx") c,
            in("edx") d,
            lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _,
        );
    }
    if answer < 0 { Err(io::Error::from_raw_os_error(-answer)) } else { Ok(answer) }
}
