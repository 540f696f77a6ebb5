//! A shell in the sandbox of an action.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};

use expect_test::expect;
use kiln_sandbox::{ShellEnd, ShellRequest};
use kiln_store::{BuildError, EnvName, Piece, StepStatus, Template};
use libtest_mimic::{Failed, Trial};
use nix::fcntl::OFlag;
use nix::sys::termios::{LocalFlags, tcgetattr};

use crate::ends::{alive, token, wait_until};
use crate::fixture::{Case, label, sandbox, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a shell sees what steps left, and has a terminal", shell),
        trial("a shell runs behind a step that failed", behind_failure),
        trial("a shell is hung up on when the user's terminal is gone", hung_up),
        trial("a shell that cannot be run is named", missing_shell),
    ]
}

/// A terminal: the side of who types and reads, and that of the program.
fn terminal() -> (File, OwnedFd) {
    let ours = nix::pty::posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY).unwrap();
    nix::pty::unlockpt(&ours).unwrap();
    let name = nix::pty::ptsname_r(&ours).unwrap();
    let theirs = File::options().read(true).write(true).open(name).unwrap();
    (File::from(OwnedFd::from(ours)), theirs.into())
}

fn probe(name: &str) -> Vec<Template> {
    let program = [Piece::Input(label("probe")), Piece::Text("/bin/probe".into())];
    vec![Template::from_pieces(program), Template::text("probe"), Template::text(name)]
}

/// Runs a shell, and answers `typed` when it asks. Returns what it printed.
fn run(
    case: &Case,
    steps: usize,
    argv: &[Template],
    typed: &[u8],
) -> (Result<ShellEnd, BuildError>, String) {
    let (mut ours, theirs) = terminal();
    let mut reader = ours.try_clone().unwrap();
    let typed = typed.to_vec();
    let reading = std::thread::spawn(move || {
        let mut printed = Vec::new();
        let mut buffer = [0; 1024];
        // It ends with an error once the program's side is closed.
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            let was_asked = printed.ends_with(b"? ");
            printed.extend_from_slice(&buffer[..count]);
            if !was_asked && printed.ends_with(b"? ") {
                ours.write_all(&typed).unwrap();
            }
        }
        String::from_utf8(printed).unwrap()
    });
    let env = [(EnvName::new("TERM").unwrap(), "vt100".into())];
    let request = ShellRequest { steps, argv, env: &env, terminal: theirs.as_fd() };
    let end = case.with_request(|it| sandbox().shell(it, &request));
    let mode = tcgetattr(&theirs).unwrap().local_flags;
    assert!(mode.contains(LocalFlags::ICANON | LocalFlags::ECHO), "the terminal is as it was");
    drop(theirs);
    (end, reading.join().unwrap())
}

fn shell() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe_with("write", &["/build/left", "by a step"]).probe_with("exit", &["9"]);
    let (end, printed) = run(&case, 1, &probe("shell"), b"typed\n");
    let end = end?;
    assert_eq!(end.status, StepStatus::Code(5));
    assert!(end.failed.is_none());
    expect![[r#"
        terminals: true
        called /dev/pts/0
        controlling: true
        left: by a step
        TERM=vt100 TMPDIR=/tmp
        uid 1000
        ? typed
        read "typed\n"
    "#]]
    .assert_eq(&printed.replace('\r', ""));
    Ok(())
}

fn behind_failure() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe_with("write", &["/build/left", "by a step"])
        .probe_with("exit", &["9"])
        .probe("hello");
    let (end, printed) = run(&case, 3, &probe("shell"), b"\n");
    let end = end?;
    assert_eq!(end.failed.unwrap().to_string(), "step `exit` ended with exit code 9");
    assert!(printed.contains("left: by a step"), "{printed}");
    Ok(())
}

fn hung_up() -> Result<(), Failed> {
    let case = Case::new();
    let (ours, theirs) = terminal();
    let token = token();
    let mut argv = probe("sleep");
    argv.push(Template::text(&token));
    let request = ShellRequest { steps: 0, argv: &argv, env: &[], terminal: theirs.as_fd() };
    let end = std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until(|| !alive(&token).is_empty());
            drop(ours);
        });
        case.with_request(|it| sandbox().shell(it, &request))
    });
    assert_eq!(end?.status, StepStatus::Signal(1));
    Ok(())
}

fn missing_shell() -> Result<(), Failed> {
    let (end, _) = run(&Case::new(), 0, &[Template::text("/bin/none")], b"");
    expect!["execve failed on the shell, `/bin/none`: No such file or directory (os error 2)"]
        .assert_eq(&end.unwrap_err().to_string());
    let (end, _) = run(&Case::new(), 0, &[Template::text("sh")], b"");
    expect!["this builder cannot run the action: step `shell` must name its program by an absolute path, not as `sh`"].assert_eq(&end.unwrap_err().to_string());
    Ok(())
}
