//! Builds whose folders are on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use kiln_sandbox::{Sandbox, SandboxOptions, Scratch};
use libtest_mimic::{Failed, Trial};

use crate::fixture::{Case, fresh_folder, object, options, sandbox, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("on disk, the same is seen as in memory", same),
        trial("on disk, folders are kept while outputs are read, and then removed", removed),
        trial("on disk, what a killed supervisor left is removed", leftovers),
        trial("on disk, the disk limit is named", limit),
        trial("on disk, a folder that others can enter is refused", open_folder),
        trial("on disk, nobody else can enter a build's folder", closed_folder),
    ]
}

fn on_disk(folder: &Path) -> Sandbox {
    let scratch = Scratch::Disk { folder: folder.to_owned() };
    Sandbox::new(SandboxOptions { scratch, ..options() })
}

/// Returns the entries of the scratch folder but its lock.
fn builds(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries.filter(|it| !it.ends_with("lock")).collect()
}

fn same() -> Result<(), Failed> {
    let source = object("source", |folder| {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("file"), "text").unwrap();
    });
    let mut case = Case::new();
    case.source("src", &source).probe_with("tree", &["/build"]).probe("writable").probe("report");
    let folder = fresh_folder().join("scratch");
    let on_disk = on_disk(&folder);
    assert_eq!(case.run_in(&on_disk).ok(), case.run_in(sandbox()).ok());
    Ok(())
}

fn removed() -> Result<(), Failed> {
    let folder = fresh_folder().join("deep/scratch");
    let sandbox = on_disk(&folder);
    let mut case = Case::new();
    case.probe("hostile-output").probe_with("fill", &["/build/file", "1000000"]);
    let outcome = case.run_in(&sandbox);
    assert!(outcome.output("out").join("sparse").exists());
    assert_eq!(builds(&folder).len(), 1);
    drop(outcome);
    drop(sandbox);
    assert_eq!(builds(&folder), Vec::<PathBuf>::new());
    Ok(())
}

fn leftovers() -> Result<(), Failed> {
    let folder = fresh_folder().join("scratch");
    fs::create_dir_all(folder.join("build-killed/store/object"))?;
    fs::create_dir_all(folder.join("build-half-made"))?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    let sandbox = on_disk(&folder);
    let mut case = Case::new();
    case.probe("hello");
    drop(case.run_in(&sandbox));
    drop(sandbox);
    assert_eq!(builds(&folder), Vec::<PathBuf>::new());
    Ok(())
}

fn limit() -> Result<(), Failed> {
    let folder = fresh_folder().join("scratch");
    let sandbox = on_disk(&folder);
    let mut case = Case::new();
    case.limits.disk_bytes_max = 32 << 20;
    case.probe_with("fill", &["/build/big", "60000000"]).probe("sleep");
    expect!["the build reached its limit of disk_bytes_max = 33554432"]
        .assert_eq(&case.run_in(&sandbox).error());
    Ok(())
}

fn open_folder() -> Result<(), Failed> {
    let check = |folder: &Path, expected: Expect| {
        let mut case = Case::new();
        case.probe("hello");
        let error = case.run_in(&on_disk(folder)).error();
        let me = format!("user {}", nix::unistd::geteuid());
        let error = error.replace(folder.to_str().unwrap(), "FOLDER").replace(&me, "user ME");
        expected.assert_eq(&error);
    };
    let folder = fresh_folder();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    check(
        &folder,
        expect![
            "this builder cannot run the action: its scratch folder `FOLDER` must be a folder of user ME with mode 0700; it belongs to user ME and has mode 0755"
        ],
    );
    check(
        Path::new("relative"),
        expect![
            "this builder cannot run the action: its scratch folder must be an absolute path, not `FOLDER`"
        ],
    );
    Ok(())
}

fn closed_folder() -> Result<(), Failed> {
    let folder = fresh_folder().join("scratch");
    let sandbox = on_disk(&folder);
    let mut case = Case::new();
    case.probe("write-output");
    let outcome = case.run_in(&sandbox);
    outcome.ok();
    for path in [&folder, &builds(&folder)[0]] {
        assert_eq!(fs::metadata(path)?.permissions().mode() & 0o777, 0o700);
    }
    Ok(())
}
