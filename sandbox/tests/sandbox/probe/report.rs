//! All that a build could depend on, in one report.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use nix::libc;

pub(super) fn run(probe: &str, _arguments: &[String]) -> bool {
    match probe {
        "report" => report(),
        _ => return false,
    }
    true
}

fn report() {
    let mut variables: Vec<(String, String)> = std::env::vars().collect();
    variables.sort();
    for (name, value) in variables.iter().filter(|it| it.0 != "LD_LIBRARY_PATH") {
        println!("env {name}={value}");
    }
    println!("cwd {}", std::env::current_dir().unwrap().display());
    let old = nix::sys::stat::umask(nix::sys::stat::Mode::empty());
    println!("umask {:03o}", old.bits());
    let ids = nix::unistd::getresuid().unwrap();
    println!("uid {} {} {}", ids.real, ids.effective, ids.saved);
    let ids = nix::unistd::getresgid().unwrap();
    println!("gid {} {} {}", ids.real, ids.effective, ids.saved);
    println!("groups {:?}", nix::unistd::getgroups().unwrap());
    println!("pid {} parent {}", std::process::id(), nix::unistd::getppid());
    println!("session {}", nix::unistd::getsid(None).unwrap());
    println!("group {}", nix::unistd::getpgrp());
    for (name, resource) in LIMITS {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        unsafe { libc::getrlimit(*resource, &raw mut limit) };
        if *name == "core" {
            // In blocks, as shells show it: 1 byte, which makes the kernel dump nothing, is none.
            limit = libc::rlimit { rlim_cur: limit.rlim_cur / 512, rlim_max: limit.rlim_max / 512 };
        }
        println!("limit {name} {} {}", amount(limit.rlim_cur), amount(limit.rlim_max));
    }
    // Rust itself ignores SIGPIPE (13) and has handlers of its own for 7 and 11.
    let status = fs::read_to_string("/proc/self/status").unwrap();
    for line in status.lines() {
        let name = line.split(':').next().unwrap();
        if matches!(
            name,
            "SigBlk"
                | "SigIgn"
                | "CapInh"
                | "CapPrm"
                | "CapEff"
                | "CapBnd"
                | "CapAmb"
                | "NoNewPrivs"
                | "Seccomp"
                | "NStgid"
        ) {
            println!("status {line}");
        }
    }
    println!("personality {:x}", unsafe { libc::personality(0xffff_ffff) });
    println!("oom {}", fs::read_to_string("/proc/self/oom_score_adj").unwrap().trim());
    println!("host {}", fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim());
    for fd in 0..3 {
        let target = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
        let target = target.to_str().unwrap().split(':').next().unwrap().to_owned();
        println!("descriptor {fd} {target} tty {}", unsafe { libc::isatty(fd) });
    }
    for path in ["/", "/build", "/tmp", "/kiln", "/kiln/store", "/etc", "/etc/passwd", "/dev/shm"] {
        let found = fs::metadata(path).unwrap();
        println!("stat {path} {:o} {}:{}", found.mode(), found.uid(), found.gid());
    }
    let mut mounts: Vec<String> = fs::read_to_string("/proc/self/mounts")
        .unwrap()
        .lines()
        .map(|line| line.split(' ').nth(1).unwrap().to_owned())
        .collect();
    mounts.sort();
    println!("mounts {}", mounts.join(" "));
    let exe = fs::read_to_string("/proc/self/maps").unwrap();
    let stack = exe.lines().find(|it| it.ends_with("[stack]")).unwrap();
    println!("stack ends at {}", stack.split(['-', ' ']).nth(1).unwrap());
}

fn amount(amount: u64) -> String {
    if amount == libc::RLIM_INFINITY { "unlimited".into() } else { amount.to_string() }
}

const LIMITS: &[(&str, libc::__rlimit_resource_t)] = &[
    ("as", libc::RLIMIT_AS),
    ("core", libc::RLIMIT_CORE),
    ("cpu", libc::RLIMIT_CPU),
    ("data", libc::RLIMIT_DATA),
    ("fsize", libc::RLIMIT_FSIZE),
    ("locks", libc::RLIMIT_LOCKS),
    ("memlock", libc::RLIMIT_MEMLOCK),
    ("msgqueue", libc::RLIMIT_MSGQUEUE),
    ("nice", libc::RLIMIT_NICE),
    ("nofile", libc::RLIMIT_NOFILE),
    ("nproc", libc::RLIMIT_NPROC),
    ("rss", libc::RLIMIT_RSS),
    ("rtprio", libc::RLIMIT_RTPRIO),
    ("rttime", libc::RLIMIT_RTTIME),
    ("sigpending", libc::RLIMIT_SIGPENDING),
    ("stack", libc::RLIMIT_STACK),
];
