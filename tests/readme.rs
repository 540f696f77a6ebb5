//! The README as a test: its `kiln NAME` blocks are files, and its `console` blocks transcripts.
//!
//! Files and commands take their turns as they stand on the page. What builds, and so takes minutes
//! and a network, stands there in `text` blocks and is tested by `builds.rs`. `BLESS=1` writes what
//! the commands said into the page.

use std::fs;
use std::path::Path;

use kiln_tests::{Place, difference};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let trial = Trial::test("the commands of the tour say what the README says", run);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit();
}

fn run() -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let page = fs::read_to_string(&path)?;
    let place = Place::new(env!("CARGO_BIN_EXE_kiln-under-test"))?;
    let mut actual = String::new();
    let mut lines = page.lines();
    let mut commands = 0;
    while let Some(line) = lines.next() {
        actual.push_str(line);
        actual.push('\n');
        let Some(info) = line.strip_prefix("```").filter(|it| !it.is_empty()) else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|it| *it != "```").collect();
        if info == "console" {
            for command in block.iter().filter_map(|it| it.strip_prefix("$ ")) {
                commands += 1;
                actual.push_str(&format!("$ {command}\n"));
                actual.push_str(&place.run(command)?);
            }
        } else {
            let text: String = block.iter().map(|it| format!("{it}\n")).collect();
            if let Some(name) = info.strip_prefix("kiln ") {
                let file = place.work().join(name);
                fs::create_dir_all(file.parent().unwrap_or(&file))?;
                fs::write(file, &text)?;
            }
            actual.push_str(&text);
        }
        actual.push_str("```\n");
    }
    if commands == 0 {
        return Err("the README shows no command".into());
    }
    if std::env::var_os("BLESS").is_some() {
        return Ok(fs::write(path, actual)?);
    }
    if actual == page {
        return Ok(());
    }
    Err(difference(&page, &actual).into())
}
