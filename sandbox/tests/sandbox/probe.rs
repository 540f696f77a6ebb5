//! The program that runs inside: looks around, tries things, and prints what came of it.

mod calls;
mod ends;
mod files;
mod network;
mod report;

use std::fmt::Display;
use std::io;

use nix::errno::Errno;

use crate::emulators::FOREIGN;

/// Runs a probe and ends, if this process was started for one.
pub(crate) fn run_if_asked() {
    let mut arguments = std::env::args().skip(1);
    if let Some(program) = std::env::args().nth(1).filter(|it| it.ends_with(FOREIGN)) {
        println!("emulates {program} with {:?}", arguments.skip(1).collect::<Vec<_>>());
        std::process::exit(0);
    }
    if arguments.next().is_none_or(|it| it != "probe") {
        return;
    }
    let mut probe = arguments.next().expect("a probe is named");
    if probe == "to-file" {
        let file = std::fs::File::create(arguments.next().unwrap()).unwrap();
        nix::unistd::dup2_stdout(file).unwrap();
        probe = arguments.next().expect("a probe is named");
    }
    let arguments: Vec<String> = arguments.collect();
    let known = basics(&probe, &arguments)
        || calls::run(&probe, &arguments)
        || ends::run(&probe, &arguments)
        || files::run(&probe, &arguments)
        || network::run(&probe, &arguments)
        || report::run(&probe, &arguments);
    assert!(known, "there is no probe `{probe}`");
    std::process::exit(0);
}

fn basics(probe: &str, arguments: &[String]) -> bool {
    let variable = |name: &str| std::env::var(name).unwrap();
    match probe {
        "hello" => println!("hello"),
        "say" => println!("{}", arguments.join(" ")),
        "exit" => std::process::exit(arguments[0].parse().unwrap()),
        "signal" => {
            let signal = nix::sys::signal::Signal::try_from(arguments[0].parse::<i32>().unwrap());
            nix::sys::signal::raise(signal.unwrap()).unwrap();
        }
        "write-output" => std::fs::write(variable("out"), "made\n").unwrap(),
        "write" => std::fs::write(&arguments[0], &arguments[1]).unwrap(),
        "try-write" => {
            let error = std::fs::write(&arguments[0], "x").unwrap_err();
            std::process::exit(error.raw_os_error().unwrap());
        }
        "copy-to-output" => {
            let out = variable("out");
            std::fs::create_dir(&out).unwrap();
            std::fs::copy(&arguments[0], format!("{out}/copy")).unwrap();
        }
        "make-outputs" => {
            std::fs::create_dir_all(format!("{}/bin", variable("out"))).unwrap();
            std::fs::write(format!("{}/bin/tool", variable("out")), "tool").unwrap();
            std::fs::write(variable("doc"), "doc").unwrap();
            std::os::unix::fs::symlink("nowhere", variable("dev")).unwrap();
        }
        "show" => print!("{}", std::fs::read_to_string(&arguments[0]).unwrap()),
        "cwd" => println!("{}", std::env::current_dir().unwrap().display()),
        "shell" => shell(),
        "await-signal" => await_signal(&arguments[0]),
        "outside-report" => {
            println!("uid {}\ngid {}", nix::unistd::getuid(), nix::unistd::getgid());
            println!("cwd {}", std::env::current_dir().unwrap().display());
            println!("home {:?}\nset {:?}", std::env::var("HOME"), std::env::var("KILN_TEST"));
            println!("sigpipe ignored {}", is_ignored_by_caller(13));
        }
        "env" => {
            let mut variables: Vec<(String, String)> = std::env::vars().collect();
            variables.sort();
            for (name, value) in variables.iter().filter(|it| it.0 != "LD_LIBRARY_PATH") {
                println!("{name}={value}");
            }
        }
        _ => return false,
    }
    true
}

/// Behaves as a shell does: has a terminal, and reads lines from it.
fn shell() {
    use std::io::IsTerminal as _;
    println!("terminals: {}", std::io::stdin().is_terminal() && std::io::stderr().is_terminal());
    let device = std::fs::read_link("/proc/self/fd/0").unwrap();
    println!("called {}", device.display());
    let controlling = std::fs::File::open("/dev/tty").is_ok();
    println!("controlling: {controlling}");
    println!("left: {}", std::fs::read_to_string("/build/left").unwrap());
    println!("TERM={} TMPDIR={}", std::env::var("TERM").unwrap(), std::env::var("TMPDIR").unwrap());
    println!("uid {}", nix::unistd::getuid());
    print!("? ");
    std::io::Write::flush(&mut std::io::stdout()).unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    println!("read {line:?}");
    std::process::exit(5);
}

/// Says that it is there, and waits for SIGTERM.
fn await_signal(ready: &str) {
    use nix::sys::signal::{SigSet, Signal};
    let mut set = SigSet::empty();
    set.add(Signal::SIGTERM);
    set.thread_block().unwrap();
    std::fs::write(ready, "").unwrap();
    set.wait().unwrap();
    println!("came");
}

/// Whether a signal was ignored when this program was started. Rust itself ignores SIGPIPE, so a
/// child is asked that Rust starts with what it found.
fn is_ignored_by_caller(signal: u32) -> bool {
    let status = std::process::Command::new("/bin/cat").arg("/proc/self/status").output().unwrap();
    let text = String::from_utf8(status.stdout).unwrap();
    let line = text.lines().find_map(|it| it.strip_prefix("SigIgn:\t")).unwrap();
    u64::from_str_radix(line, 16).unwrap() & 1 << (signal - 1) != 0
}

/// Prints what came of an attempt.
pub(crate) fn tried<T>(what: impl Display, result: io::Result<T>) {
    match result {
        Ok(_) => println!("{what}: done"),
        Err(error) => match error.raw_os_error() {
            Some(code) => println!("{what}: {:?}", Errno::from_raw(code)),
            None => println!("{what}: {error}"),
        },
    }
}

/// As [`tried`], for a change of a file that nobody may make: which of two layers says no first, and
/// so with which of two answers, differs between kernels.
pub(crate) fn written<T>(what: impl Display, result: io::Result<T>) {
    match result.as_ref().map_err(io::Error::raw_os_error) {
        Err(Some(nix::libc::EROFS | nix::libc::EACCES)) => println!("{what}: refused"),
        _ => tried(what, result),
    }
}
