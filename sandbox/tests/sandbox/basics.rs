//! What a build sees and makes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use expect_test::{Expect, expect};
use kiln_sandbox::{Mode, MountCalls, Sandbox, SandboxOptions};
use kiln_store::{
    BuildError, EnvName, Piece, Step, StepName, StepStatus, StorePath, System, Template,
};
use libtest_mimic::{Failed, Trial};

use crate::fixture::{
    Case, Object, is_right_user, is_root, label, object, options, sandbox, tree_path, trial,
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("steps run in order and their outputs are kept", hello),
        trial("an output can be a folder, a file or a link", outputs),
        trial("an output that was not made is not there", no_output),
        trial("outputs can be read when nothing of the build is left", outputs_outlive),
        trial("outputs can be read though the build closed their folder", closed_store),
        trial("hostile outputs are returned as they are", hostile_output),
        trial("a step that fails ends the build", failing_step),
        trial("a step that a signal ends ends the build", signalled_step),
        trial("a program that is missing is named", missing_program),
        trial("a loader that is missing is told apart", missing_loader),
        trial("the environment is what is specified", environment),
        trial("the action's variables replace the fixed ones", replaced_environment),
        trial("a script is in a file outside of the build folder", script),
        trial("sources are copied, writable, with a fixed time", sources),
        trial("a source is not put through a link of another source", source_through_link),
        trial("steps begin in the source if it is a folder", cwd),
        trial("links point where the action says", links),
        trial("actions that no sandbox can run are refused", refused_actions),
        trial("inputs that are missing or no files are refused", bad_inputs),
        trial("inputs come from several stores", several_stores),
        trial("inputs come from a store behind a link", linked_store),
        trial("root reads inputs below folders of another user", foreign_parent),
        trial("many inputs are mounted", many_inputs),
        trial("the same is seen when mounts get their flags by remounting", remounting),
        trial("a probe says how builds run here", probe),
        trial("what a progress callback panics with ends the build", panicking_progress),
        trial("a helper that does not answer is named", unaware_helper),
        trial("builds run at the same time and share nothing", concurrent),
    ]
}

fn hello() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("hello").probe("write-output");
    let outcome = case.run();
    assert_eq!(outcome.ok(), "hello\n");
    assert_eq!(outcome.steps, ["hello", "write-output"]);
    assert_eq!(fs::read_to_string(outcome.output("out"))?, "made\n");
    Ok(())
}

fn outputs() -> Result<(), Failed> {
    let mut case = Case::new();
    case.outputs(&["dev", "doc", "out"]).probe("make-outputs");
    let outcome = case.run();
    assert_eq!(fs::read_to_string(outcome.output("out").join("bin/tool"))?, "tool");
    assert_eq!(fs::read_to_string(outcome.output("doc"))?, "doc");
    assert_eq!(fs::read_link(outcome.output("dev"))?.to_str(), Some("nowhere"));
    Ok(())
}

fn no_output() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("hello");
    assert!(fs::symlink_metadata(case.run().output("out")).is_err());
    Ok(())
}

fn outputs_outlive() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("write-output");
    let sandbox = Sandbox::new(options());
    let outcome = case.run_in(&sandbox);
    // With the helper go the last processes that ever saw the build's namespaces.
    drop(sandbox);
    assert_eq!(fs::read_to_string(outcome.output("out"))?, "made\n");
    let built = outcome.result?;
    let found = fs::metadata(tree_path(built.outputs.values().next().unwrap()))?;
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&found), built.uid);
    assert!(is_right_user(built.uid), "{}", built.uid);
    Ok(())
}

fn closed_store() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("close-store");
    assert_eq!(fs::read_to_string(case.run().output("out"))?, "kept");
    Ok(())
}

fn hostile_output() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("hostile-output");
    let outcome = case.run();
    let mut names: Vec<_> = fs::read_dir(outcome.output("out"))?
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["closed", "deep", "fifo", "link", "socket", "sparse", "up"]);
    Ok(())
}

fn failing_step() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("hello").probe_with("exit", &["3"]).probe("hello");
    let outcome = case.run();
    assert!(matches!(
        &outcome.result,
        Err(BuildError::StepFailed { index: 1, status: StepStatus::Code(3), .. })
    ));
    assert_eq!(outcome.error(), "step `exit` ended with exit code 3");
    assert_eq!(outcome.log, "hello\n");
    assert_eq!(outcome.steps, ["hello", "exit"]);
    Ok(())
}

fn signalled_step() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe_with("signal", &["6"]);
    assert_eq!(case.run().error(), "step `signal` was ended by signal 6 (SIGABRT)");
    Ok(())
}

/// Adds a step that runs a program of an input.
fn program(case: &mut Case, path: &str) {
    let argv = vec![Template::text(path)];
    case.action.steps.push(Step { name: StepName::new("run").unwrap(), argv, script: None });
}

fn missing_program() -> Result<(), Failed> {
    let mut case = Case::bare();
    program(&mut case, "/bin/none");
    expect!["execve failed on the program of step `run`, `/bin/none`: No such file or directory (os error 2)"]
        .assert_eq(&case.run().error());
    Ok(())
}

fn missing_loader() -> Result<(), Failed> {
    let tool = object("tool", |path| {
        fs::write(path, "#!/bin/none\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    });
    let mut case = Case::bare();
    case.input("tool", &tool);
    let path = tool.path.absolute();
    program(&mut case, &path);
    expect!["execve failed on the program of step `run`, `TOOL` (which is there; the loader that it names is not): No such file or directory (os error 2)"]
        .assert_eq(&case.run().error().replace(&path, "TOOL"));
    Ok(())
}

fn environment() -> Result<(), Failed> {
    let mut case = Case::new();
    case.outputs(&["dev", "lib-static", "out"]).probe("env");
    expect![[r#"
        HOME=/homeless
        KILN_CORES=3
        KILN_OUTPUTS=dev lib-static out
        LC_ALL=C
        SOURCE_DATE_EPOCH=315532800
        TMPDIR=/tmp
        TZ=UTC
        dev=/kiln/store/scra7ch0d81z0rrxpif1bgnzh8i2maqg-case-dev
        lib_static=/kiln/store/scra7ch0ig15sii2j2j8i3c0dn5kii34-case-lib-static
        out=/kiln/store/scra7ch07lzhmgdhlvjm02bhvj4y79ig-case
    "#]]
    .assert_eq(case.run().ok());
    Ok(())
}

fn replaced_environment() -> Result<(), Failed> {
    let mut case = Case::new();
    for (name, value) in [("HOME", "/build"), ("PATH", "/x"), ("KILN_CORES", "1")] {
        case.action.env.insert(EnvName::new(name)?, Template::text(value));
    }
    let prefix = Template::from_pieces([
        Piece::Text("--prefix=".into()),
        Piece::Output(kiln_store::OutputName::default_output()),
    ]);
    case.action.env.insert(EnvName::new("FLAGS")?, prefix);
    case.probe("env");
    expect![[r#"
        FLAGS=--prefix=/kiln/store/scra7ch07lzhmgdhlvjm02bhvj4y79ig-case
        HOME=/build
        KILN_CORES=1
        KILN_OUTPUTS=out
        LC_ALL=C
        PATH=/x
        SOURCE_DATE_EPOCH=315532800
        TMPDIR=/tmp
        TZ=UTC
        out=/kiln/store/scra7ch07lzhmgdhlvjm02bhvj4y79ig-case
    "#]]
    .assert_eq(case.run().ok());
    Ok(())
}

fn script() -> Result<(), Failed> {
    let mut case = Case::new();
    // A script's path is the last argument, so that the probe shows the script.
    case.probe("show").probe_with("tree", &["/kiln/steps"]);
    case.action.steps[0].script = Some(Template::from_pieces([
        Piece::Text("line 1\nprobe is at ".into()),
        Piece::Input(label("probe")),
        Piece::Text("\n\0\u{e4}\n".into()),
    ]));
    let outcome = case.run();
    let log = outcome.ok().replace(case.input_paths[&label("probe")].as_str(), "PROBE");
    let log = log.replace('\0', "ZERO");
    expect![[r#"
        line 1
        probe is at /kiln/store/PROBE
        ZEROä
        /kiln/steps 0755 315532800 1000:100 folder
        /kiln/steps/00-show 0444 315532800 1000:100 "line 1\nprobe is at /kiln/store/PROBE\n\0ä\n"
    "#]]
    .assert_eq(&log);
    Ok(())
}

fn source_tree() -> Object {
    object("source", |folder| {
        fs::create_dir_all(folder.join("sub/empty")).unwrap();
        fs::write(folder.join("sub/file"), "text").unwrap();
        fs::write(folder.join("run"), "#!x").unwrap();
        fs::set_permissions(folder.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("sub/file", folder.join("link")).unwrap();
        std::os::unix::fs::symlink("/nowhere", folder.join("dangling")).unwrap();
    })
}

fn sources() -> Result<(), Failed> {
    let patch = object("patch", |path| fs::write(path, "a patch").unwrap());
    let link = object("link", |path| std::os::unix::fs::symlink("there", path).unwrap());
    let mut case = Case::new();
    case.source("src", &source_tree());
    case.source("patches/deep/one.patch", &patch);
    case.source("src/vendor", &patch);
    case.source("as-link", &link);
    case.probe_with("tree", &["/build"]).probe_with("write", &["/build/src/sub/file", "changed"]);
    let outcome = case.run();
    let log = outcome.ok();
    expect![[r##"
        /build 0755 315532800 1000:100 folder
        /build/as-link 0000 315532800 1000:100 -> there
        /build/patches 0755 315532800 1000:100 folder
        /build/patches/deep 0755 315532800 1000:100 folder
        /build/patches/deep/one.patch 0644 315532800 1000:100 "a patch"
        /build/src 0755 315532800 1000:100 folder
        /build/src/dangling 0000 315532800 1000:100 -> /nowhere
        /build/src/link 0000 315532800 1000:100 -> sub/file
        /build/src/run 0755 315532800 1000:100 "#!x"
        /build/src/sub 0755 315532800 1000:100 folder
        /build/src/sub/empty 0755 315532800 1000:100 folder
        /build/src/sub/file 0644 315532800 1000:100 "text"
        /build/src/vendor 0644 315532800 1000:100 "a patch"
    "##]]
    .assert_eq(log);
    Ok(())
}

fn source_through_link() -> Result<(), Failed> {
    let tree = object("tree", |folder| {
        fs::create_dir(folder).unwrap();
        std::os::unix::fs::symlink("/tmp", folder.join("vendor")).unwrap();
    });
    let patch = object("patch", |path| fs::write(path, "a patch").unwrap());
    let check = |target: &str, expected: Expect| {
        let mut case = Case::new();
        case.source("src", &tree).source(target, &patch).probe("hello");
        expected.assert_eq(&case.run().error());
    };
    check(
        "src/vendor/patch",
        expect![
            "open failed on `vendor`, while copying the source `src/vendor/patch`: Not a directory (os error 20)"
        ],
    );
    check(
        "src/vendor",
        expect![
            "open failed on `vendor`, while copying the source `src/vendor`: File exists (os error 17)"
        ],
    );
    Ok(())
}

fn cwd() -> Result<(), Failed> {
    let check = |fill: &dyn Fn(&mut Case), expected: &str| {
        let mut case = Case::new();
        fill(&mut case);
        case.probe("cwd");
        assert_eq!(case.run().ok(), expected);
    };
    let file = object("file", |path| fs::write(path, "x").unwrap());
    check(&|_| {}, "/build\n");
    check(&|case| _ = case.source("src", &source_tree()), "/build/src\n");
    check(&|case| _ = case.source("other", &source_tree()), "/build\n");
    check(&|case| _ = case.source("src/inner", &file), "/build/src\n");
    check(&|case| _ = case.source("src", &file), "/build\n");
    Ok(())
}

fn links() -> Result<(), Failed> {
    let mut case = Case::new();
    case.action.links.insert(
        "/bin/sh".into(),
        Template::from_pieces([Piece::Input(label("probe")), Piece::Text("/bin/probe".into())]),
    );
    case.action.links.insert("/usr/bin/env".into(), Template::text("../../bin/sh"));
    case.probe_with("tree", &["/bin", "/usr"]);
    let argv = ["/usr/bin/env", "probe", "hello"].map(Template::text).to_vec();
    case.action.steps.push(Step { name: StepName::new("env")?, argv, script: None });
    let outcome = case.run();
    let log = outcome.ok().replace(case.input_paths[&label("probe")].as_str(), "PROBE");
    expect![[r#"
        /bin 0755 315532800 1000:100 folder
        /bin/sh 0000 315532800 1000:100 -> /kiln/store/PROBE/bin/probe
        /usr 0755 315532800 1000:100 folder
        /usr/bin 0755 315532800 1000:100 folder
        /usr/bin/env 0000 315532800 1000:100 -> ../../bin/sh
        hello
    "#]]
    .assert_eq(&log);
    Ok(())
}

fn refused_actions() -> Result<(), Failed> {
    let check = |change: &dyn Fn(&mut Case), expected: Expect| {
        let mut case = Case::new();
        case.probe("hello");
        change(&mut case);
        let outcome = case.run();
        assert!(matches!(outcome.result, Err(BuildError::Unsupported { .. })));
        expected.assert_eq(&outcome.error());
    };
    check(
        &|it| it.action.system = System::new("pdp11-linux").unwrap(),
        expect![
            "this builder cannot run the action: its steps run on `pdp11-linux`, this machine is `x86_64-linux`"
        ],
    );
    check(
        &|it| it.action.sandbox_abi = 99,
        expect![
            "this builder cannot run the action: it counts on sandbox version 99, this is version 1"
        ],
    );
    check(
        &|it| it.action.steps[0].argv[0] = Template::text("sh"),
        expect![
            "this builder cannot run the action: step `hello` must name its program by an absolute path, not as `sh`"
        ],
    );
    check(
        &|it| it.action.steps[0].argv.clear(),
        expect!["this builder cannot run the action: step `hello` names no program"],
    );
    check(
        &|it| it.action.steps[0].argv.push(Template::text("a\0b")),
        expect![
            "this builder cannot run the action: argument 3 of step `hello` has a zero byte in it, which no program can be given"
        ],
    );
    check(
        &|it| {
            let path = Template::from_pieces([Piece::Input(label("nobody"))]);
            it.action.steps[0].argv.push(path);
        },
        expect![
            "this builder cannot run the action: argument 3 of step `hello` names the input `nobody`, which is not among the inputs that were given"
        ],
    );
    check(
        &|it| _ = it.source("../up", &source_tree()),
        expect![
            "this builder cannot run the action: the source `../up` must go to a relative path without `.` and `..`"
        ],
    );
    check(
        &|it| _ = it.source("/etc", &source_tree()),
        expect![
            "this builder cannot run the action: the source `/etc` must go to a relative path without `.` and `..`"
        ],
    );
    check(
        &|it| _ = it.source("a/./b", &source_tree()),
        expect![
            "this builder cannot run the action: the source `a/./b` must go to a relative path without `.` and `..`"
        ],
    );
    for path in ["/etc/passwd", "/bin/../etc/x", "/bin/", "/bin/a/b", "/binx", "bin/sh"] {
        check(
            &|it| _ = it.action.links.insert(path.into(), Template::text("/x")),
            expect_link(path),
        );
    }
    check(
        &|it| _ = it.action.links.insert("/bin/x".into(), Template::default()),
        expect!["this builder cannot run the action: the link `/bin/x` says nothing"],
    );
    check(
        &|it| _ = it.outputs(&["HOME"]),
        expect![
            "this builder cannot run the action: output `HOME` would set the variable `HOME`, which has another meaning"
        ],
    );
    check(
        &|it| _ = it.outputs(&["a-b", "a.b"]),
        expect![
            "this builder cannot run the action: output `a.b` would set the variable `a_b`, which has another meaning"
        ],
    );
    check(
        &|it| {
            let path = it.scratch().into_values().next().unwrap();
            it.inputs[0].path = path;
        },
        expect![
            "this builder cannot run the action: two inputs or outputs are to be at `scra7ch07lzhmgdhlvjm02bhvj4y79ig-case`"
        ],
    );
    check(
        &|it| it.inputs[0].host_path = "relative".into(),
        expect![
            "this builder cannot run the action: input `00000080000000000000000000000000-probe` must lie at an absolute path, not at `relative`"
        ],
    );
    Ok(())
}

fn expect_link(path: &str) -> Expect {
    let text = format!(
        "this builder cannot run the action: the link `{path}` must be `/bin/NAME`, \
         `/usr/bin/NAME`, `/lib/NAME`, `/lib64/NAME` or `/kiln/emulators/CPU`"
    );
    Expect { position: expect![""].position, data: Box::leak(text.into_boxed_str()), indent: false }
}

fn bad_inputs() -> Result<(), Failed> {
    let folder = crate::fixture::fresh_folder();
    let socket = folder.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket)?;
    let check = |host_path: &std::path::Path, expected: Expect| {
        let mut case = Case::new();
        let path = StorePath::parse("00000000000000000000000000000000-bad").unwrap();
        case.input("bad", &Object { path, host_path: host_path.to_owned() }).probe("hello");
        let error = case.run().error();
        expected.assert_eq(&error.replace(host_path.to_str().unwrap(), "PATH"));
    };
    check(
        &folder.join("none"),
        expect!["open_tree failed on `PATH`: No such file or directory (os error 2)"],
    );
    check(
        &socket,
        expect![
            "open_tree failed on `PATH`: expected a folder, a file or a symbolic link, found a socket, a FIFO or a block device: Invalid argument (os error 22)"
        ],
    );
    check(
        std::path::Path::new("/dev/null"),
        expect![
            "open_tree failed on `PATH`: expected a folder, a file or a symbolic link, found the character device 1:3: Invalid argument (os error 22)"
        ],
    );
    Ok(())
}

fn several_stores() -> Result<(), Failed> {
    let mut case = Case::new();
    for number in 0..3 {
        let host_path = crate::fixture::fresh_folder().join("object");
        fs::write(&host_path, format!("object {number}\n"))?;
        let path = StorePath::parse(&format!("0000000000000000000000000000000{number}-far"))?;
        let name = format!("far{number}");
        case.input(&name, &Object { path: path.clone(), host_path });
        case.probe_with("show", &[&path.absolute()]);
    }
    assert_eq!(case.run().ok(), "object 0\nobject 1\nobject 2\n");
    Ok(())
}

fn linked_store() -> Result<(), Failed> {
    let folder = crate::fixture::fresh_folder();
    fs::create_dir(folder.join("real"))?;
    std::os::unix::fs::symlink("real", folder.join("store"))?;
    let mut case = Case::new();
    for number in 0..3 {
        let host_path = folder.join(format!("store/object{number}"));
        fs::write(&host_path, format!("object {number}\n"))?;
        let path = StorePath::parse(&format!("0000000000000000000000000000000{number}-far"))?;
        case.input(&format!("far{number}"), &Object { path: path.clone(), host_path });
        case.probe_with("show", &[&path.absolute()]);
    }
    assert_eq!(case.run().ok(), "object 0\nobject 1\nobject 2\n");
    Ok(())
}

/// In a namespace of its own, root is nobody special: it could not pass a folder of another user
/// that is closed to others. `sudo kiln` with the store of a user is such a case.
fn foreign_parent() -> Result<(), Failed> {
    if !is_root() {
        eprintln!("skipped: only root can give a folder to another user");
        return Ok(());
    }
    let home = crate::fixture::fresh_folder();
    let store = home.join("store");
    fs::create_dir(&store)?;
    let mut case = Case::new();
    for number in 0..2 {
        let host_path = store.join(number.to_string());
        fs::write(&host_path, format!("object {number}\n"))?;
        let path = StorePath::parse(&format!("0000000000000000000000000000000{number}-far"))?;
        case.input(&format!("far{number}"), &Object { path: path.clone(), host_path });
        case.probe_with("show", &[&path.absolute()]);
    }
    std::os::unix::fs::chown(&home, Some(12345), Some(12345))?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
    assert_eq!(case.run().ok(), "object 0\nobject 1\n");
    Ok(())
}

fn many_inputs() -> Result<(), Failed> {
    let mut case = Case::new();
    for number in 0..300 {
        let object = object("many", |path| fs::write(path, format!("{number}\n")).unwrap());
        case.input(&format!("many{number}"), &object);
        if number % 100 == 99 {
            case.probe_with("show", &[&object.path.absolute()]);
        }
    }
    assert_eq!(case.run().ok(), "99\n199\n299\n");
    Ok(())
}

fn remounting() -> Result<(), Failed> {
    let newest = sandbox();
    let older = Sandbox::new(SandboxOptions { mounts: MountCalls::Remount, ..options() });
    let input = object("input", |folder| {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("file"), "precious").unwrap();
    });
    let mut case = Case::new();
    case.input("input", &input)
        .probe_with("harm-input", &[&input.path.absolute()])
        .probe("devices")
        .probe("writable")
        .probe("hidden")
        .probe("report");
    assert_eq!(case.run_in(newest).ok(), case.run_in(&older).ok());
    Ok(())
}

fn probe() -> Result<(), Failed> {
    match sandbox().probe()?.mode {
        Mode::Root { uid } | Mode::User { uid } => assert!(is_right_user(uid), "{uid}"),
    }
    Ok(())
}

fn panicking_progress() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("sleep");
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        std::panic::set_hook(Box::new(|_| {}));
        case.run_with(sandbox(), &|_| panic!("on purpose"))
    }));
    let _ = std::panic::take_hook();
    assert!(caught.is_err());
    Ok(())
}

fn unaware_helper() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("hello");
    let check = |helper: &str, expected: Expect| {
        let options = SandboxOptions { helper: helper.into(), ..options() };
        expected.assert_eq(&case.run_in(&Sandbox::new(options)).error());
    };
    check(
        "/bin/true",
        expect![
            "this builder cannot run the action: `/bin/true` was started as the sandbox's helper and did not answer as one: its `main` must begin with `kiln_sandbox::run_helper_if_asked()`, and it is started with an empty environment"
        ],
    );
    check(
        "/bin/none",
        expect![
            "execve failed on `/bin/none`, to start the sandbox's helper: No such file or directory (os error 2)"
        ],
    );
    Ok(())
}

fn concurrent() -> Result<(), Failed> {
    let uids: Vec<u32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                scope.spawn(move || {
                    let mut case = Case::new();
                    let text = format!("{number}");
                    case.probe_with("write", &["/tmp/mine", &text])
                        .probe_with("write", &["/dev/shm/mine", &text])
                        .probe_with("show", &["/tmp/mine"])
                        .probe_with("show", &["/dev/shm/mine"]);
                    let outcome = case.run();
                    assert_eq!(outcome.ok(), format!("{number}{number}"));
                    outcome.result.unwrap().uid
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(uids.into_iter().all(is_right_user));
    Ok(())
}
