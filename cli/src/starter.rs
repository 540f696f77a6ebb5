//! What the kernel starts in order to run a file of a package: the loader that a program names, or
//! the program behind `#!` of a script. Where it is missing, all that the kernel says is that there
//! is no such file, and means another one than was asked for.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use kiln_store::{InputObject, STORE_DIR};

use crate::fail::Fail;

/// How much of a file is read, in bytes. Linkers put what is looked for into its first page.
const HEAD_BYTES_MAX: u64 = 1 << 20;

/// The longest chain of links that is followed; the kernel's own bound.
const LINKS_MAX: usize = 40;

/// What the kernel starts in order to run a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Starter {
    /// Loads a program and its libraries: `/lib64/ld-linux-x86-64.so.2`.
    Loader(String),
    /// Reads a script: `/bin/sh`.
    Interpreter(String),
}

impl Starter {
    /// Finds out what the machine lacks to run a program of the store, such as
    /// `/kiln/store/…/bin/hello`, of which `objects` are shown. None if it lacks nothing, or if that
    /// is not known.
    pub(crate) fn missing(program: &Path, objects: &[InputObject]) -> Option<Starter> {
        let mut head = Vec::new();
        let file = File::open(on_disk(program, objects)?).ok()?;
        file.take(HEAD_BYTES_MAX).read_to_end(&mut head).ok()?;
        let starter = Starter::of(&head)?;
        let is_there = on_disk(Path::new(starter.path()), objects).is_some_and(|it| it.exists());
        (!is_there).then_some(starter)
    }

    /// Reads it from the beginning of a file. None for a program that needs no other, and for what
    /// is neither a script nor a program of 64 bits.
    fn of(head: &[u8]) -> Option<Starter> {
        if let Some(line) = head.strip_prefix(b"#!") {
            let line = line.split(|it| *it == b'\n').next()?;
            let path = String::from_utf8_lossy(line).split_whitespace().next()?.to_owned();
            return Some(Starter::Interpreter(path));
        }
        Elf { head }.loader().map(Starter::Loader)
    }

    /// Returns where it is looked for.
    fn path(&self) -> &str {
        match self {
            Starter::Loader(path) | Starter::Interpreter(path) => path,
        }
    }

    /// Says that `program` is not run without it, and what provides it.
    pub(crate) fn into_fail(self, program: &str) -> Fail {
        match self {
            Starter::Loader(path) => Fail::Run {
                message: format!(
                    "`{program}` cannot be started: this machine has no `{path}`, which loads it"
                ),
                advice: Some(advice(&path)),
            },
            Starter::Interpreter(path) => Fail::Run {
                message: format!(
                    "`{program}` cannot be started: it is a script for `{path}`, which this machine \
                     does not have"
                ),
                advice: Some(
                    "a recipe that names an interpreter of the store in its first line \
                     (`#!\\(dep.NAME)/bin/…`) needs none of the machine"
                        .to_owned(),
                ),
            },
        }
    }
}

/// Who provides a loader.
fn advice(loader: &str) -> String {
    let name = loader.rsplit('/').next().unwrap_or(loader);
    if name.starts_with("ld-linux") {
        "it is a part of glibc, which the package `libc6` of Debian and Ubuntu has, and `glibc` of \
         most others; built for musl (`toolchain.libc = musl`) the program needs none"
            .to_owned()
    } else if name.starts_with("ld-musl") {
        "it is a part of musl, which distributions have in a package of this name".to_owned()
    } else {
        "the program was linked for another kind of machine: the recipe says how it is linked"
            .to_owned()
    }
}

/// Where a file lies that programs see at `path`: links of the store lead to objects, which may lie
/// elsewhere on disk. None if it is in an object that is not shown.
fn on_disk(path: &Path, objects: &[InputObject]) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let place = match path.strip_prefix(STORE_DIR) {
            Ok(below) => {
                let mut parts = below.components();
                let name = parts.next()?;
                let object =
                    objects.iter().find(|it| Path::new(it.path.as_str()) == Path::new(&name))?;
                object.host_path.join(parts.as_path())
            }
            Err(_) => path.clone(),
        };
        let Ok(target) = std::fs::read_link(&place) else { return Some(place) };
        path = path.parent()?.join(target);
    }
    None
}

/// The beginning of an ELF file.
struct Elf<'a> {
    head: &'a [u8],
}

/// The type of a program header that says who loads the program.
const PT_INTERP: u64 = 3;

impl Elf<'_> {
    /// Returns the loader that a program of 64 bits names. Offsets are of the ELF specification.
    fn loader(&self) -> Option<String> {
        // Bytes of numbers come least first in all that Kiln builds for.
        if !self.head.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let table = self.number(32, 8)?;
        let size = self.number(54, 2)?;
        let count = self.number(56, 2)?;
        for at in 0..count {
            let header = table.checked_add(at.checked_mul(size)?)?;
            if self.number(header, 4)? == PT_INTERP {
                let start = usize::try_from(self.number(header.checked_add(8)?, 8)?).ok()?;
                let length = usize::try_from(self.number(header.checked_add(32)?, 8)?).ok()?;
                let text = self.head.get(start..start.checked_add(length)?)?;
                let text = text.split(|it| *it == 0).next()?;
                return Some(String::from_utf8_lossy(text).into_owned());
            }
        }
        None
    }

    fn number(&self, at: u64, bytes: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let field = self.head.get(at..at.checked_add(bytes)?)?;
        Some(field.iter().rev().fold(0, |sum, it| sum << 8 | u64::from(*it)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use expect_test::{Expect, expect};
    use kiln_store::StorePath;

    use super::*;

    /// A program of 64 bits whose second program header names a loader.
    fn program(loader: &str) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 2 * 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (bytes[32], bytes[54], bytes[56]) = (64, 56, 2);
        let header = 64 + 56;
        bytes[64] = 6;
        bytes[header] = 3;
        bytes[header + 8] = bytes.len() as u8;
        bytes[header + 32] = loader.len() as u8 + 1;
        bytes.extend(loader.as_bytes());
        bytes.push(0);
        bytes
    }

    fn check(head: &[u8], expected: Expect) {
        expected.assert_eq(&Starter::of(head).map_or("none".to_owned(), |it| format!("{it:?}")));
    }

    #[test]
    fn files_name_what_starts_them() {
        check(&program("/lib/ld.so.1"), expect![[r#"Loader("/lib/ld.so.1")"#]]);
        check(b"#! /usr/bin/env perl\n", expect![[r#"Interpreter("/usr/bin/env")"#]]);
        check(b"#!/bin/sh", expect![[r#"Interpreter("/bin/sh")"#]]);
        check(b"#!\n", expect!["none"]);
        check(b"", expect!["none"]);
    }

    #[test]
    fn broken_files_name_nothing() {
        let whole = program("/lib/ld.so.1");
        for length in 0..whole.len() {
            check(&whole[..length], expect!["none"]);
        }
        for at in 6..64 + 2 * 56 {
            let mut broken = whole.clone();
            broken[at..(at + 8).min(64 + 2 * 56)].fill(0xff);
            // Whatever it says: it ends.
            let _ = Starter::of(&broken);
        }
    }

    fn said(loader: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let name = "00000000000000000000000000000000-hello";
        let host_path = folder.path().join("elsewhere");
        std::fs::create_dir_all(host_path.join("bin")).unwrap();
        std::fs::write(host_path.join("bin/hello-2"), program(loader)).unwrap();
        symlink(format!("{STORE_DIR}/{name}/bin/hello-2"), host_path.join("bin/hello")).unwrap();
        let objects = [InputObject { path: StorePath::parse(name).unwrap(), host_path }];
        let program = Path::new(STORE_DIR).join(name).join("bin/hello");
        match Starter::missing(&program, &objects) {
            Some(starter) => {
                let fail = starter.into_fail("hello");
                format!("{fail}\n  help: {}\n", fail.advice().unwrap_or_default())
            }
            None => "nothing is missing\n".to_owned(),
        }
    }

    #[test]
    fn what_provides_a_loader_is_said() {
        expect![[r"
            `hello` cannot be started: this machine has no `/no/ld-linux-x86-64.so.2`, which loads it
              help: it is a part of glibc, which the package `libc6` of Debian and Ubuntu has, and `glibc` of most others; built for musl (`toolchain.libc = musl`) the program needs none
        "]]
        .assert_eq(&said("/no/ld-linux-x86-64.so.2"));
        expect![[r"
            `hello` cannot be started: this machine has no `/no/ld-musl-x86_64.so.1`, which loads it
              help: it is a part of musl, which distributions have in a package of this name
        "]]
        .assert_eq(&said("/no/ld-musl-x86_64.so.1"));
        expect![[r"
            nothing is missing
        "]]
        .assert_eq(&said("/"));
    }
}
