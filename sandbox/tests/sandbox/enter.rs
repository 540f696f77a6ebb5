//! Programs of the store, run on the machine itself.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use expect_test::expect;
use kiln_sandbox::{EnterError, EnterRequest, enter};
use kiln_store::{InputObject, StepStatus};
use libtest_mimic::{Failed, Trial};

use crate::ends::{alive, token, wait_until};
use crate::fixture::{Object, fresh_folder, object, program_object, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a program of the store runs with the store at its place", view),
        trial("exit code and signal are passed on", status),
        trial("user, folder, environment and streams are passed through", passed_through),
        trial("the store cannot be changed, and the machine is as it is", machine),
        trial("a program that is missing is named, entering", missing),
        trial("an object that is missing is named, entering", missing_object),
        trial("a helper that does not answer is named, entering", unaware),
        trial("a signal is passed on to the program", signal),
        trial("a program ends when who entered is killed", killed),
    ]
}

const HELPER: &str = "/proc/self/exe";

fn input(object: &Object) -> InputObject {
    InputObject { path: object.path.clone(), host_path: object.host_path.clone() }
}

/// Runs a probe, whose output goes into a file, and returns its status and what it printed.
fn run(objects: &[InputObject], probe: &[&str]) -> Result<(StepStatus, String), EnterError> {
    run_with(objects, probe, &[])
}

fn run_with(
    objects: &[InputObject],
    probe: &[&str],
    env: &[(OsString, OsString)],
) -> Result<(StepStatus, String), EnterError> {
    let program = program_object();
    let output = fresh_folder().join("output");
    let mut all = vec![input(&program)];
    all.extend(objects.iter().cloned());
    let path = format!("{}/bin/probe", program.path.absolute());
    let mut argv: Vec<OsString> = vec![path.into(), "probe".into(), "to-file".into()];
    argv.push(output.clone().into());
    argv.extend(probe.iter().map(OsString::from));
    let status =
        enter(&EnterRequest { objects: &all, argv: &argv, env, helper: Path::new(HELPER) })?;
    Ok((status, fs::read_to_string(output).unwrap_or_default()))
}

fn view() -> Result<(), Failed> {
    let folder = object("folder", |path| {
        fs::create_dir(path).unwrap();
        fs::write(path.join("file"), "in the store\n").unwrap();
    });
    let link = object("link", |path| std::os::unix::fs::symlink("folder", path).unwrap());
    let file = format!("{}/file", folder.path.absolute());
    let (_, shown) = run(&[input(&folder), input(&link)], &["show", &file])?;
    assert_eq!(shown, "in the store\n");
    let (_, listed) = run(&[input(&folder), input(&link)], &["list", "/kiln/store", "/kiln"])?;
    let mut names =
        [&program_object(), &folder, &link].map(|it| it.path.as_str().to_owned()).to_vec();
    names.sort();
    // Other things of the machine in `/kiln` stay.
    assert!(listed.starts_with(&format!("/kiln/store: {}\n/kiln: ", names.join(" "))), "{listed}");
    Ok(())
}

fn status() -> Result<(), Failed> {
    assert_eq!(run(&[], &["exit", "7"])?.0, StepStatus::Code(7));
    assert_eq!(run(&[], &["exit", "0"])?.0, StepStatus::Code(0));
    assert_eq!(run(&[], &["signal", "15"])?.0, StepStatus::Signal(15));
    Ok(())
}

fn passed_through() -> Result<(), Failed> {
    let env = [("KILN_TEST".into(), "set".into())];
    let (_, report) = run_with(&[], &["outside-report"], &env)?;
    let expected = format!(
        "uid {}\ngid {}\ncwd {}\nhome {:?}\nset {:?}\nsigpipe ignored false\n",
        nix::unistd::getuid(),
        nix::unistd::getgid(),
        std::env::current_dir()?.display(),
        std::env::var("HOME"),
        Ok::<&str, ()>("set"),
    );
    assert_eq!(report, expected);
    Ok(())
}

fn machine() -> Result<(), Failed> {
    let folder = fresh_folder();
    let file = folder.join("file");
    fs::write(&file, "of the machine")?;
    let (_, shown) = run(&[], &["show", file.to_str().unwrap()])?;
    assert_eq!(shown, "of the machine");
    let written = folder.join("written");
    run(&[], &["write", written.to_str().unwrap(), "x"])?;
    assert_eq!(fs::read_to_string(written)?, "x");
    let store = format!("{}/bin/new", program_object().path.absolute());
    for path in ["/kiln/store/new", "/new", &store] {
        let (status, _) = run(&[], &["try-write", path])?;
        assert_eq!(status, StepStatus::Code(30), "{path}");
        assert!(!Path::new(path).exists());
    }
    let mut here: Vec<_> = fs::read_dir("/")?.map(|it| it.unwrap().file_name()).collect();
    here.retain(|it| it != "kiln");
    here.sort();
    let (_, there) = run(&[], &["list", "/"])?;
    let there: Vec<_> = there.trim_end().split(' ').skip(1).filter(|it| *it != "kiln").collect();
    assert_eq!(there, here.iter().map(|it| it.to_str().unwrap()).collect::<Vec<_>>());
    Ok(())
}

fn enter_argv(argv: &[&str], objects: &[InputObject], helper: &str) -> EnterError {
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    let helper = Path::new(helper);
    let env = [("PATH".into(), "/kiln-none".into())];
    enter(&EnterRequest { objects, argv: &argv, env: &env, helper }).unwrap_err()
}

fn missing() -> Result<(), Failed> {
    expect!["cannot run `/kiln/store/none`: No such file or directory (os error 2)"]
        .assert_eq(&enter_argv(&["/kiln/store/none"], &[], HELPER).to_string());
    expect!["cannot run `kiln-none-such`: No such file or directory (os error 2)"]
        .assert_eq(&enter_argv(&["kiln-none-such"], &[], HELPER).to_string());
    expect!["no program is named"].assert_eq(&enter_argv(&[], &[], HELPER).to_string());
    Ok(())
}

fn missing_object() -> Result<(), Failed> {
    let mut object = input(&program_object());
    object.host_path = "/nowhere/at/all".into();
    expect!["open_tree failed on `/nowhere/at/all`: No such file or directory (os error 2)"]
        .assert_eq(&enter_argv(&["/bin/true"], &[object], HELPER).to_string());
    Ok(())
}

fn unaware() -> Result<(), Failed> {
    expect!["`/bin/true` was started to show the store and did not answer: its `main` must begin with `kiln_sandbox::run_helper_if_asked()`"].assert_eq(&enter_argv(&["/bin/true"], &[], "/bin/true").to_string());
    Ok(())
}

/// Enters a program that sleeps, if this process was started for it.
pub(crate) fn enter_if_asked() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().is_none_or(|it| it != "enter") {
        return;
    }
    let _ = run(&[], &["sleep", &format!("{}-program", arguments.next().unwrap())]);
    std::process::exit(0);
}

fn killed() -> Result<(), Failed> {
    let token = token();
    let program = format!("{token}-program");
    let mut command = std::process::Command::new(HELPER);
    let mut entered =
        command.args(["enter", &token]).env("TMPDIR", fresh_folder()).spawn().unwrap();
    wait_until(|| !alive(&program).is_empty());
    entered.kill().unwrap();
    entered.wait().unwrap();
    wait_until(|| alive(&program).is_empty());
    Ok(())
}

fn signal() -> Result<(), Failed> {
    // To this very process, which passes it on: the program prints that it came, and ends.
    let ready = fresh_folder().join("ready");
    let path = ready.to_str().unwrap().to_owned();
    let (status, printed) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ready.exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::SIGTERM).unwrap();
        });
        run(&[], &["await-signal", &path])
    })?;
    assert_eq!((status, &*printed), (StepStatus::Code(0), "came\n"));
    Ok(())
}
