//! Builds are the same wherever and however Kiln is started.

use std::fs;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use expect_test::expect;
use libtest_mimic::{Failed, Trial};
use nix::libc;

use crate::fixture::{Case, fresh_folder, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a build sees these conditions, as root and as a user", conditions),
        trial("a build sees the same under other conditions of the caller", other_conditions),
    ]
}

/// Returns the report of a build.
fn report() -> String {
    let mut case = Case::new();
    case.probe("report");
    let path = case.inputs[0].path.clone();
    case.run().ok().replace(path.as_str(), "PROBE")
}

fn conditions() -> Result<(), Failed> {
    // What is covered in `/proc` differs between kernels, and where the stack is between machines.
    let report: String = report()
        .lines()
        .filter(|it| !it.starts_with("stack"))
        .map(|line| {
            let of_proc = |word: &&str| word.starts_with("/proc/");
            let words: Vec<&str> = line.split(' ').filter(|it| !of_proc(it)).collect();
            format!("{}\n", words.join(" "))
        })
        .collect();
    expect![[r#"
        env HOME=/homeless
        env KILN_CORES=3
        env KILN_OUTPUTS=out
        env LC_ALL=C
        env SOURCE_DATE_EPOCH=315532800
        env TMPDIR=/tmp
        env TZ=UTC
        env out=/kiln/store/scra7ch07lzhmgdhlvjm02bhvj4y79ig-case
        cwd /build
        umask 022
        uid 1000 1000 1000
        gid 100 100 100
        groups []
        pid 2 parent 1
        session 2
        group 2
        limit as unlimited unlimited
        limit core 0 0
        limit cpu unlimited unlimited
        limit data unlimited unlimited
        limit fsize unlimited unlimited
        limit locks unlimited unlimited
        limit memlock 65536 65536
        limit msgqueue 819200 819200
        limit nice 0 0
        limit nofile 4096 4096
        limit nproc 320 320
        limit rss unlimited unlimited
        limit rtprio 0 0
        limit rttime unlimited unlimited
        limit sigpending 1024 1024
        limit stack 8388608 67108864
        status NStgid:	2
        status SigBlk:	0000000000000000
        status SigIgn:	0000000000001000
        status CapInh:	0000000000000000
        status CapPrm:	0000000000000000
        status CapEff:	0000000000000000
        status CapBnd:	0000000000000000
        status CapAmb:	0000000000000000
        status NoNewPrivs:	1
        status Seccomp:	2
        personality 40000
        oom 200
        host localhost
        descriptor 0 /dev/null tty 0
        descriptor 1 pipe tty 0
        descriptor 2 pipe tty 0
        stat / 40755 1000:100
        stat /build 40755 1000:100
        stat /tmp 41777 1000:100
        stat /kiln 40755 1000:100
        stat /kiln/store 40755 1000:100
        stat /etc 40755 1000:100
        stat /etc/passwd 100444 1000:100
        stat /dev/shm 41777 1000:100
        mounts / /build /dev/full /dev/null /dev/pts /dev/random /dev/shm /dev/tty /dev/urandom /dev/zero /kiln/store /kiln/store/PROBE /proc /tmp
    "#]].assert_eq(&report);
    Ok(())
}

/// Writes the report into a file, if this process was started for it.
pub(crate) fn report_if_asked() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().is_none_or(|it| it != "report") {
        return;
    }
    fs::write(arguments.next().unwrap(), report()).unwrap();
    std::process::exit(0);
}

fn other_conditions() -> Result<(), Failed> {
    let expected = report();
    let run = |what: &str, change: &dyn Fn(&mut Command)| {
        let folder = fresh_folder();
        let file = folder.join("report");
        let mut command = Command::new("/proc/self/exe");
        command.arg("report").arg(&file).env("TMPDIR", &folder).stdin(Stdio::null());
        change(&mut command);
        let status = command.status().unwrap();
        assert!(status.success(), "{what}: {status}");
        assert_eq!(fs::read_to_string(file).unwrap(), expected, "{what}");
    };
    run("nothing changed", &|_| {});
    run("environment", &|it| _ = it.env("HOME", "/x").env("LC_ALL", "de_DE").env("FOO", "bar"));
    run("working directory", &|it| _ = it.current_dir("/proc"));
    run("umask", &|it| before(it, || _ = unsafe { libc::umask(0o077) }));
    run("niceness", &|it| before(it, || _ = unsafe { libc::nice(7) }));
    run("signals", &|it| {
        before(it, || {
            // By the system call: the C library refuses the signals that it uses itself.
            let ignore = [libc::SIG_IGN, 0, 0, 0];
            for number in 1..=64 {
                let (at, null) = (ignore.as_ptr(), std::ptr::null_mut::<u8>());
                unsafe { libc::syscall(libc::SYS_rt_sigaction, number, at, null, 8_usize) };
            }
            let mut all = std::mem::MaybeUninit::uninit();
            unsafe {
                libc::sigfillset(all.as_mut_ptr());
                libc::sigprocmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut());
            }
        });
    });
    run("limits", &|it| {
        before(it, || {
            for (number, soft) in [
                (libc::RLIMIT_NOFILE, 256),
                (libc::RLIMIT_STACK, 1 << 20),
                (libc::RLIMIT_CORE, 0),
                (libc::RLIMIT_MEMLOCK, 4096),
                (libc::RLIMIT_SIGPENDING, 100),
            ] {
                let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
                unsafe { libc::getrlimit(number, &raw mut limit) };
                limit.rlim_cur = soft;
                if number == libc::RLIMIT_CORE {
                    limit.rlim_max = 0;
                }
                unsafe { libc::setrlimit(number, &raw const limit) };
            }
        });
    });
    run("memory score", &|it| {
        before(it, || {
            let _ = fs::write("/proc/self/oom_score_adj", "100");
        });
    });
    run("personality", &|it| {
        before(it, || _ = unsafe { libc::personality(libc::ADDR_COMPAT_LAYOUT as libc::c_ulong) });
    });
    run("open descriptors", &|it| {
        before(it, || {
            let fd = unsafe { libc::open(c"/".as_ptr(), libc::O_RDONLY) };
            unsafe { libc::dup2(fd, 77) };
        });
    });
    run("no standard streams", &|it| {
        before(it, || {
            for fd in 0..3 {
                unsafe { libc::close(fd) };
            }
        });
    });
    run("a terminal", &|it| with_terminal(it));
    Ok(())
}

/// Does something in the new process before it starts.
fn before(command: &mut Command, mut what: impl FnMut() + Send + Sync + 'static) {
    unsafe {
        command.pre_exec(move || {
            what();
            Ok(())
        });
    }
}

/// Starts the command in a session of its own with a terminal.
fn with_terminal(command: &mut Command) {
    let open = |path: &std::ffi::CStr| {
        let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
        assert!(fd >= 0, "a terminal");
        unsafe { OwnedFd::from_raw_fd(fd) }
    };
    let main = open(c"/dev/ptmx");
    let mut number = 0;
    unsafe { libc::ioctl(main.as_raw_fd(), libc::TIOCSPTLCK, &raw const number) };
    unsafe { libc::ioctl(main.as_raw_fd(), libc::TIOCGPTN, &raw mut number) };
    let path = std::ffi::CString::new(format!("/dev/pts/{number}")).unwrap();
    let terminal = open(&path);
    command.stdin(terminal.try_clone().unwrap());
    command.stdout(terminal.try_clone().unwrap());
    command.stderr(terminal);
    // Held until the tests end, so that the terminal does not hang up.
    std::mem::forget(main);
    before(command, || unsafe {
        libc::setsid();
        libc::ioctl(0, libc::TIOCSCTTY, 0);
    });
}
