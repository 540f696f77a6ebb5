//! Programs of other instruction sets, and what runs them. The emulator here only says what it is
//! asked to run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use expect_test::{Expect, expect};
use kiln_store::{BuildError, Piece, Step, StepName, Template};
use libtest_mimic::{Failed, Trial};

use crate::fixture::{Case, Object, label, object, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("an emulator runs programs of another instruction set", emulated),
        trial("emulators cannot be changed from inside", sealed),
        trial("emulators that the kernel cannot be told of are refused", refused),
    ]
}

/// The name of programs that the probe is asked to emulate.
pub(crate) const FOREIGN: &str = "bin/foreign";

/// A program for RISC-V as far as its header goes.
fn foreign() -> Object {
    let mut header = [0_u8; 64];
    header[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1]);
    (header[16], header[18]) = (3, 243);
    object("foreign", |folder| {
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::write(folder.join(FOREIGN), header).unwrap();
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join(FOREIGN), executable).unwrap();
    })
}

fn below(input: &str, name: &str) -> Template {
    Template::from_pieces([Piece::Input(label(input)), Piece::Text(format!("/{name}").into())])
}

/// A case in which the probe is an emulator.
fn with_emulator() -> Case {
    let mut case = Case::new();
    let at = "/kiln/emulators/riscv64".to_owned();
    case.action.links.insert(at, below("probe", "bin/probe"));
    case
}

fn emulated() -> Result<(), Failed> {
    let mut case = with_emulator();
    case.input("foreign", &foreign());
    let argv = vec![below("foreign", FOREIGN), Template::text("one"), Template::text("two words")];
    case.action.steps.push(Step { name: StepName::new("foreign").unwrap(), argv, script: None });
    let outcome = case.run();
    if let Err(BuildError::Refused { cause, .. }) = &outcome.result {
        assert!(cause.contains("which needs Linux 6.7 with `binfmt_misc`"), "{cause}");
        return Ok(());
    }
    let log = outcome.ok();
    assert!(log.starts_with("emulates /kiln/store/"), "{log}");
    assert!(log.ends_with("-foreign/bin/foreign with [\"one\", \"two words\"]\n"), "{log}");
    // Without the emulator it does not run, whatever the machine has.
    case.action.links.remove("/kiln/emulators/riscv64");
    let log = case.run().log;
    assert!(!log.contains("emulates"), "{log}");
    Ok(())
}

fn sealed() -> Result<(), Failed> {
    let mut case = with_emulator();
    case.probe_with("try-write", &["/kiln/emulators/register"]);
    let error = match case.run().result {
        Err(BuildError::Refused { .. }) => return Ok(()),
        Err(error) => error.to_string(),
        Ok(_) => panic!("the kernel listened"),
    };
    // EACCES or EROFS: which of two layers says no first differs between kernels.
    assert!(error.ends_with("code 13") || error.ends_with("code 30"), "{error}");
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let check = |at: &str, program: &str, expected: Expect| {
        let mut case = Case::new();
        case.probe("hello");
        case.action.links.insert(at.to_owned(), Template::text(program));
        expected.assert_eq(&case.run().error());
    };
    check(
        "/kiln/emulators/pdp11",
        "/bin/x",
        expect![
            "this builder cannot run the action: there can be no emulator at `/kiln/emulators/pdp11`: those that are known are `/kiln/emulators/aarch64`, `/kiln/emulators/riscv64`, `/kiln/emulators/x86_64`"
        ],
    );
    check(
        "/kiln/emulators/riscv64",
        "bin/x",
        expect![[
            r#"this builder cannot run the action: the emulator `/kiln/emulators/riscv64` must be an absolute path of at most 127 bytes without `:` and `\`, not `bin/x`"#
        ]],
    );
    check(
        "/kiln/emulators/riscv64",
        "/a:b",
        expect![[
            r#"this builder cannot run the action: the emulator `/kiln/emulators/riscv64` must be an absolute path of at most 127 bytes without `:` and `\`, not `/a:b`"#
        ]],
    );
    Ok(())
}
