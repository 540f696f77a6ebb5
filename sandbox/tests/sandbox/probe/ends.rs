//! Processes that will not end, and builds that use too much.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::{ForkResult, Pid, fork, setsid};

pub(super) fn run(probe: &str, arguments: &[String]) -> bool {
    match probe {
        "sleep" => std::thread::sleep(Duration::from_secs(600)),
        "sleep-loudly" => loop {
            println!("still here");
            std::thread::sleep(Duration::from_millis(50));
        },
        "linger" => linger(),
        "count" => count(),
        "stop-itself" => kill(Pid::this(), Signal::SIGSTOP).unwrap(),
        "deaf" => deaf(),
        "flood" => {
            let line = [b'x'; 4096];
            while std::io::stdout().write_all(&line).is_ok() {}
        }
        "fork-bomb" => fork_bomb(),
        "threads" => threads(arguments[0].parse().unwrap()),
        "fill" => fill(&arguments[0], arguments[1].parse().unwrap()),
        "fill-files" => {
            for number in 0.. {
                if File::create(format!("/build/{number}")).is_err() {
                    std::process::exit(1);
                }
            }
        }
        "fill-and-hide" => {
            // Uses too much for a moment only, and says that all went well.
            fill("/build/big", arguments[0].parse().unwrap());
            std::thread::sleep(Duration::from_millis(1500));
            fs::remove_file("/build/big").unwrap();
        }
        _ => return false,
    }
    true
}

/// Leaves processes behind by every trick, and ends.
#[allow(clippy::zombie_processes, reason = "it is what this is for")]
fn linger() {
    let exe = fs::read_link("/proc/self/exe").unwrap();
    // In the background, holding the log.
    Command::new(&exe).args(["probe", "sleep-loudly"]).spawn().unwrap();
    // In a session of its own, after two forks.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            setsid().unwrap();
            if let ForkResult::Child = unsafe { fork() }.unwrap() {
                std::thread::sleep(Duration::from_secs(600));
            }
            std::process::exit(0);
        }
        ForkResult::Parent { .. } => {}
    }
    // Stopped, and deaf to what can be ignored.
    Command::new(&exe).args(["probe", "stop-itself"]).spawn().unwrap();
    Command::new(&exe).args(["probe", "deaf"]).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    println!("left behind: {}", others());
}

/// Says how many other processes there are but the first.
fn count() {
    println!("others: {}", others());
}

fn others() -> usize {
    let me = std::process::id().to_string();
    fs::read_dir("/proc")
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .filter(|it| it.bytes().all(|it| it.is_ascii_digit()) && *it != "1" && *it != me)
        .count()
}

fn deaf() {
    for number in 1..32 {
        if let Ok(it) = Signal::try_from(number) {
            let _ = unsafe { signal(it, SigHandler::SigIgn) };
        }
    }
    std::thread::sleep(Duration::from_secs(600));
}

fn fork_bomb() {
    loop {
        let _ = unsafe { fork() };
    }
}

fn threads(count: usize) {
    let mut made = Vec::new();
    for _ in 0..count {
        let spawned = std::thread::Builder::new()
            .stack_size(64 << 10)
            .spawn(|| std::thread::sleep(Duration::from_millis(1500)));
        made.extend(spawned.ok());
    }
    println!("threads: {}", made.len());
    made.into_iter().for_each(|it| it.join().unwrap());
}

fn fill(path: &str, bytes: u64) {
    let mut file = File::create(path).unwrap();
    let block = vec![1; 1 << 20];
    let start = Instant::now();
    let mut written = 0;
    while written < bytes {
        if file.write_all(&block).is_err() {
            println!("full");
            std::process::exit(1);
        }
        written += block.len() as u64;
        assert!(start.elapsed() < Duration::from_secs(60));
    }
    unsafe { libc::fsync(std::os::fd::AsRawFd::as_raw_fd(&file)) };
}
