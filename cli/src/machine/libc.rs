//! The C library of the machine's own programs.

use super::{Files, version_at};

/// A C library.
#[derive(Debug)]
pub(super) struct Libc {
    /// The value of `toolchain.Libc`.
    pub(super) kind: &'static str,
    /// Its version, or why that is not known.
    pub(super) version: Result<String, String>,
}

/// Where programs for glibc find what loads them, and where that library lies beside.
const GLIBC: &[(&str, &str)] = &[
    ("/lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu"),
    ("/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu"),
    ("/lib/ld-linux-riscv64-lp64d.so.1", "riscv64-linux-gnu"),
];

/// The same for musl, which is one file.
const MUSL: &[&str] =
    &["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1", "/lib/ld-musl-riscv64.so.1"];

/// Finds the library by what loads programs.
pub(super) fn find(files: &Files<'_>) -> Result<Libc, String> {
    // A machine with both has musl for a few programs beside its own.
    if let Some((loader, multiarch)) = GLIBC.iter().find(|it| files.is_there(it.0)) {
        return Ok(Libc { kind: "glibc", version: glibc_version(files, loader, multiarch) });
    }
    if let Some(loader) = MUSL.iter().find(|it| files.is_there(it)) {
        return Ok(Libc { kind: "musl", version: musl_version(files, loader) });
    }
    Err("there is no loader of glibc or musl in /lib or /lib64".to_owned())
}

/// The library says of itself: `GNU C Library (…) stable release version 2.36.`
fn glibc_version(files: &Files<'_>, loader: &str, multiarch: &str) -> Result<String, String> {
    let folder = loader.rsplit_once('/').map_or("", |it| it.0);
    let places = [
        format!("{folder}/libc.so.6"),
        format!("/lib/{multiarch}/libc.so.6"),
        format!("/usr/lib/{multiarch}/libc.so.6"),
        "/usr/lib64/libc.so.6".to_owned(),
        "/usr/lib/libc.so.6".to_owned(),
    ];
    let Some(place) = places.iter().find(|it| files.is_there(it)) else {
        return Err("there is no libc.so.6 where distributions have it".to_owned());
    };
    let bytes = files.read_bytes(place)?;
    let word = b"release version ";
    let at = bytes.windows(word.len()).position(|it| it == word);
    let after = at.map_or(&[][..], |it| &bytes[it + word.len()..]);
    let text = String::from_utf8_lossy(&after[..after.len().min(32)]);
    version_at(&text).ok_or_else(|| format!("{place} does not say its version"))
}

/// The library prints its version, so there is a text that is nothing else.
fn musl_version(files: &Files<'_>, loader: &str) -> Result<String, String> {
    let bytes = files.read_bytes(loader)?;
    let mut found: Vec<String> = bytes
        .split(|it| *it == 0)
        .filter(|it| (5..=12).contains(&it.len()))
        .filter_map(|it| std::str::from_utf8(it).ok())
        .filter(|it| it.starts_with("1.") && it.matches('.').count() == 2)
        .filter(|it| version_at(it).as_deref() == Some(*it))
        .map(str::to_owned)
        .collect();
    found.dedup();
    match &found[..] {
        [version] => Ok(version.clone()),
        _ => Err(format!("{loader} does not say its version")),
    }
}
