//! How builds end: by themselves, by limits, by being stopped, and by murder.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use kiln_sandbox::{Sandbox, SandboxOptions, Scratch};
use kiln_store::{BuildError, Limits};
use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fixture::{Case, fresh_folder, object, options, sandbox, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("background processes end with their step", background),
        trial("a build ends though background processes hold its log", held_log),
        trial("a build that is stopped leaves nothing", cancelled),
        trial("a build that is stopped before it begins does not begin", cancelled_before),
        trial("the time limit is named, even of a stopped step", time_limit),
        trial("the silence limit is named", silence_limit),
        trial("the log limit is named, and the log is cut there", log_limit),
        trial("the process limit is named", process_limit),
        trial("threads count as processes", thread_limit),
        trial("the disk limit is named", disk_limit),
        trial("the disk limit counts files, too", file_limit),
        trial("the disk limit is noticed though it is hidden", hidden_disk_limit),
        trial("sources that are larger than the disk limit are refused", source_limit),
        trial("memory bounds the disk limit, and says so", memory_bound),
        trial("a log that cannot be written ends the build", broken_log),
        trial("a build whose helper is killed fails, and the next one works", helper_killed),
        trial("a supervisor that is killed leaves nothing", supervisor_killed),
        trial("builds leave no descriptor and no process behind", leaks),
        trial("builds outlive the thread that ran the first one", first_thread_ends),
    ]
}

/// A word that no other process has among its arguments.
pub(crate) fn token() -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("token-{}-{count}", std::process::id())
}

/// Returns the processes of the machine with this word among their arguments.
pub(crate) fn alive(token: &str) -> Vec<i32> {
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Ok(pid) = name.parse::<i32>() else { continue };
        let Ok(cmdline) = fs::read(format!("/proc/{name}/cmdline")) else { continue };
        if cmdline.split(|it| *it == 0).any(|it| it == token.as_bytes()) {
            pids.push(pid);
        }
    }
    pids
}

/// Waits until something is so; a minute is for ever.
pub(crate) fn wait_until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not come to that");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn background() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("linger").probe("count");
    let log = case.run();
    let lines: Vec<&str> = log.ok().lines().filter(|it| *it != "still here").collect();
    assert_eq!(lines, ["left behind: 5", "others: 0"]);
    Ok(())
}

fn held_log() -> Result<(), Failed> {
    let token = token();
    let mut case = Case::new();
    case.probe_with("linger", &[&token]);
    case.run().ok();
    assert_eq!(alive(&token), []);
    Ok(())
}

fn cancelled() -> Result<(), Failed> {
    let token = token();
    let mut case = Case::new();
    case.probe_with("sleep", &[&token]);
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until(|| !alive(&token).is_empty());
            case.cancel.set();
        });
        case.run()
    });
    assert_eq!(alive(&token), []);
    assert!(matches!(outcome.result, Err(BuildError::Cancelled)), "{}", outcome.error());
    Ok(())
}

fn cancelled_before() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("hello");
    case.cancel.set();
    let outcome = case.run();
    assert!(matches!(outcome.result, Err(BuildError::Cancelled)));
    assert_eq!(outcome.log, "");
    Ok(())
}

/// Runs a probe under changed limits and compares why it fails.
fn check(probe: &str, arguments: &[&str], change: impl FnOnce(&mut Limits), expected: Expect) {
    let token = token();
    let mut case = Case::new();
    let arguments: Vec<&str> = arguments.iter().copied().chain([&*token]).collect();
    case.probe_with(probe, &arguments);
    change(&mut case.limits);
    let outcome = case.run();
    assert_eq!(alive(&token), []);
    expected.assert_eq(&outcome.error());
    assert!(matches!(outcome.result, Err(BuildError::LimitReached { step: Some(_), .. })));
}

fn time_limit() -> Result<(), Failed> {
    let limit = |it: &mut Limits| it.time_s_max = 1;
    check("sleep-loudly", &[], limit, expect!["the build reached its limit of time_s_max = 1"]);
    check("stop-itself", &[], limit, expect!["the build reached its limit of time_s_max = 1"]);
    check("deaf", &[], limit, expect!["the build reached its limit of time_s_max = 1"]);
    Ok(())
}

fn silence_limit() -> Result<(), Failed> {
    check(
        "sleep",
        &[],
        |it| it.silence_s_max = 1,
        expect!["the build reached its limit of silence_s_max = 1"],
    );
    let mut case = Case::new();
    case.limits.silence_s_max = 2;
    case.limits.time_s_max = 4;
    case.probe("sleep-loudly");
    // One that talks is not silent, however long it runs.
    expect!["the build reached its limit of time_s_max = 4"].assert_eq(&case.run().error());
    Ok(())
}

fn log_limit() -> Result<(), Failed> {
    check(
        "flood",
        &[],
        |it| it.log_bytes_max = 10_000,
        expect!["the build reached its limit of log_bytes_max = 10000"],
    );
    let mut case = Case::new();
    case.limits.log_bytes_max = 10_000;
    case.probe("flood");
    assert_eq!(case.run().log.len(), 10_000);
    case.action.steps.clear();
    case.limits.log_bytes_max = 6;
    case.probe("hello");
    assert_eq!(case.run().ok(), "hello\n", "a limit that is just met is not passed");
    Ok(())
}

fn process_limit() -> Result<(), Failed> {
    check(
        "fork-bomb",
        &[],
        |it| it.processes_max = 50,
        expect!["the build reached its limit of processes_max = 50"],
    );
    Ok(())
}

fn thread_limit() -> Result<(), Failed> {
    check(
        "threads",
        &["90"],
        |it| it.processes_max = 50,
        expect!["the build reached its limit of processes_max = 50"],
    );
    let mut case = Case::new();
    case.limits.processes_max = 50;
    case.probe_with("threads", &["49"]);
    assert_eq!(case.run().ok(), "threads: 49\n");
    Ok(())
}

fn disk_limit() -> Result<(), Failed> {
    let limit = |it: &mut Limits| it.disk_bytes_max = 32 << 20;
    for folder in ["/build", "/tmp", "/kiln/store"] {
        let path = format!("{folder}/big");
        check(
            "fill",
            &[&path, "100000000"],
            limit,
            expect!["the build reached its limit of disk_bytes_max = 33554432"],
        );
    }
    // What is in `/dev/shm` is bounded apart.
    let mut case = Case::new();
    case.limits.disk_bytes_max = 32 << 20;
    case.probe_with("fill", &["/dev/shm/big", "100000000"]);
    let outcome = case.run();
    assert_eq!(outcome.log, "full\n");
    Ok(())
}

fn file_limit() -> Result<(), Failed> {
    check(
        "fill-files",
        &[],
        |it| it.disk_bytes_max = 32 << 20,
        expect!["the build reached its limit of disk_bytes_max = 33554432"],
    );
    Ok(())
}

fn hidden_disk_limit() -> Result<(), Failed> {
    let limit = |it: &mut Limits| it.disk_bytes_max = 32 << 20;
    check(
        "fill-and-hide",
        &["40000000"],
        limit,
        expect!["the build reached its limit of disk_bytes_max = 33554432"],
    );
    Ok(())
}

fn source_limit() -> Result<(), Failed> {
    let source = object("source", |path| fs::write(path, vec![1; 60 << 20]).unwrap());
    let mut case = Case::new();
    case.source("src", &source).probe("hello");
    case.limits.disk_bytes_max = 8 << 20;
    let outcome = case.run();
    expect!["the build reached its limit of disk_bytes_max = 8388608"].assert_eq(&outcome.error());
    assert_eq!(outcome.log, "");
    Ok(())
}

fn memory_bound() -> Result<(), Failed> {
    let scratch = Scratch::Memory { bytes_max: Some(16 << 20) };
    let sandbox = Sandbox::new(SandboxOptions { scratch, ..options() });
    let mut case = Case::new();
    case.probe_with("fill", &["/build/big", "100000000"]);
    expect!["the build reached its limit of disk_bytes_max = 16777216 (the build may use 268435456, but its folders are in memory, where builds get no more; let them be on disk)"].assert_eq(&case.run_in(&sandbox).error());
    Ok(())
}

fn broken_log() -> Result<(), Failed> {
    struct Broken;
    impl std::io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut case = Case::new();
    case.probe("sleep-loudly");
    let result = case.run_logging(sandbox(), &std::sync::Mutex::new(Broken));
    expect!["write failed on the build's log: no storage space"]
        .assert_eq(&result.unwrap_err().to_string());
    Ok(())
}

/// Returns the helpers that this process has started.
fn helpers() -> Vec<i32> {
    let me = format!("PPid:\t{}", std::process::id());
    alive("kiln-sandbox-helper")
        .into_iter()
        .filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/status"))
                .is_ok_and(|it| it.lines().any(|line| line == me))
        })
        .collect()
}

fn helper_killed() -> Result<(), Failed> {
    let token = token();
    let sandbox = Sandbox::new(options());
    let mut case = Case::new();
    case.probe_with("sleep", &[&token]);
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until(|| !alive(&token).is_empty());
            // The parent of the parent of the step: step, first process, helper.
            let parent = |pid: i32| -> i32 {
                let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
                let line = status.lines().find_map(|it| it.strip_prefix("PPid:\t")).unwrap();
                line.parse().unwrap()
            };
            let helper = parent(parent(alive(&token)[0]));
            assert!(helpers().contains(&helper));
            kill(Pid::from_raw(helper), Signal::SIGKILL).unwrap();
        });
        case.run_in(&sandbox)
    });
    assert_eq!(alive(&token), []);
    expect!["something outside of the build ended it, such as the kernel when memory is short"]
        .assert_eq(&outcome.error());
    let mut next = Case::new();
    next.probe("hello");
    assert_eq!(next.run_in(&sandbox).ok(), "hello\n");
    Ok(())
}

/// Starts this program again as a supervisor of a build that sleeps.
fn start_supervisor(token: &str) -> Child {
    Command::new("/proc/self/exe")
        .args(["supervise", token])
        .env("TMPDIR", fresh_folder())
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Supervises a build that sleeps, if this process was started for it.
pub(crate) fn supervise_if_asked() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().is_none_or(|it| it != "supervise") {
        return;
    }
    let mut case = Case::new();
    let step = format!("{}-step", arguments.next().unwrap());
    case.probe("linger").probe_with("sleep", &[&step]);
    case.run().ok();
    std::process::exit(0);
}

fn supervisor_killed() -> Result<(), Failed> {
    let token = token();
    let mut supervisor = start_supervisor(&token);
    let step = format!("{token}-step");
    wait_until(|| !alive(&step).is_empty());
    let namespace = fs::read_link(format!("/proc/{}/ns/pid", alive(&step)[0])).unwrap();
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    wait_until(|| alive(&token).is_empty() && alive(&step).is_empty());
    // Nobody else is in its namespace either.
    let in_namespace = || {
        fs::read_dir("/proc").unwrap().any(|entry| {
            fs::read_link(entry.unwrap().path().join("ns/pid")).is_ok_and(|it| it == namespace)
        })
    };
    wait_until(|| !in_namespace());
    Ok(())
}

/// Builds again and again, and counts what is left, if this process was started for it.
pub(crate) fn count_if_asked() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().is_none_or(|it| it != "count") {
        return;
    }
    let build = |times: usize| {
        for _ in 0..times {
            let mut case = Case::new();
            case.probe("write-output").probe_with("exit", &["1"]);
            case.run().error();
            case.action.steps.pop();
            case.run().ok();
        }
    };
    // The helper may be a moment behind.
    let count = |pid: u32| {
        let count = || fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        let counts = (0..20).map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            count()
        });
        counts.min().unwrap()
    };
    build(2);
    let helper = helpers()[0] as u32;
    let before = [count(std::process::id()), count(helper)];
    build(30);
    let after = [count(std::process::id()), count(helper)];
    let of_helper = |name: &str| {
        let pid = name.parse::<u32>().ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.lines().any(|it| it == format!("PPid:\t{helper}")).then_some(pid)
    };
    let children = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|it| of_helper(it.unwrap().file_name().to_str()?))
        .count();
    assert_eq!((before, children), (after, 0));
    crate::fixture::clean_up();
    std::process::exit(0);
}

fn leaks() -> Result<(), Failed> {
    let status =
        Command::new("/proc/self/exe").arg("count").env("TMPDIR", fresh_folder()).status()?;
    assert!(status.success());
    Ok(())
}

/// The kernel ends a process when the *thread* that started it ends.
fn first_thread_ends() -> Result<(), Failed> {
    let sandbox = Sandbox::new(options());
    let mut case = Case::new();
    case.probe("hello");
    for _ in 0..2 {
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(case.run_in(&sandbox).ok(), "hello\n"));
        });
    }
    Ok(())
}
