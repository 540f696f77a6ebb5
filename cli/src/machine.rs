//! What this machine is: the facts of the standard vocabulary, found out of `/proc` and `/sys`.
//!
//! ```text
//! /proc/cpuinfo ─▶ cpu_level, isa      /sys/bus/pci, /sys/class/kfd, /proc/driver/nvidia ─▶ gpus
//! the loader and its library ─▶ libc   /proc/sys/kernel/osrelease ─▶ kernel
//! ```
//!
//! Evaluation never comes here: `kiln facts` writes down what is found, and a user gives the file.
//! Whatever cannot be found out is unknown, with the reason. Rules: `spec/lang/facts.md`.

mod cpu;
mod gpu;
mod libc;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use cpu::Cpu;
pub(crate) use gpu::Gpu;

/// The longest file of `/proc` that is read, in bytes. A machine of 1,000 processors has 2 MiB.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// What was found out of a machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// Its instruction set, by the name of `platform.Cpu`; none if it is not one that is known.
    pub(crate) cpu: Option<Cpu>,
    /// The facts, in the order of the vocabulary.
    pub(crate) facts: Vec<Finding>,
    /// Its GPUs, in the order of their addresses.
    pub(crate) gpus: Vec<Gpu>,
}

/// A fact, by its name in the vocabulary.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Its name, without `facts.`.
    pub(crate) name: &'static str,
    /// What it is, or why that is not known.
    pub(crate) value: Result<FactValue, String>,
}

/// What a fact is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FactValue {
    /// A value of an enum, or a version.
    One(String),
    /// Values of an enum, in the order of its declaration or sorted.
    Set(Vec<String>),
}

impl FactValue {
    /// Returns it as it is written in a file.
    pub(crate) fn source(&self) -> String {
        match self {
            FactValue::One(text) => text.clone(),
            FactValue::Set(values) => format!("{{{}}}", values.join(", ")),
        }
    }
}

/// Finds out what the machine is whose files are below `root`.
pub(crate) fn look(root: &Path) -> Machine {
    let files = Files { root };
    let cpu = cpu::find(&files);
    let libc = libc::find(&files);
    let gpus = gpu::find(&files);
    let one = |value: Result<String, String>| value.map(FactValue::One);
    let names = gpu::architectures(&gpus);
    let facts = vec![
        Finding { name: "cpu_level", value: one(cpu.as_ref().map_or_else(err, |it| it.level())) },
        Finding {
            name: "isa",
            value: cpu.as_ref().map(|it| FactValue::Set(it.isa())).map_err(Clone::clone),
        },
        Finding {
            name: "libc",
            value: one(libc.as_ref().map(|it| it.kind.to_owned()).map_err(Clone::clone)),
        },
        Finding {
            name: "libc_version",
            value: one(libc.as_ref().map_or_else(err, |it| it.version.clone())),
        },
        Finding { name: "kernel", value: one(kernel(&files)) },
        Finding {
            name: "gpus",
            value: if files.is_there("/sys/bus/pci/devices") || !gpus.is_empty() {
                Ok(FactValue::Set(names))
            } else {
                Err("there is no /sys/bus/pci/devices".to_owned())
            },
        },
        Finding { name: "nvidia_driver", value: one(gpu::nvidia_driver(&files)) },
    ];
    Machine { cpu: cpu.ok(), facts, gpus }
}

/// As a function, for where a reason is borrowed.
#[allow(clippy::ptr_arg, reason = "it is given to `map_or_else`, which has the text in its place")]
fn err<T>(why: &String) -> Result<T, String> {
    Err(why.clone())
}

/// `6.1.0-18-amd64` is 6.1.0.
fn kernel(files: &Files<'_>) -> Result<String, String> {
    let path = "/proc/sys/kernel/osrelease";
    let text = files.read(path)?;
    version_at(text.trim()).ok_or_else(|| format!("{path} has no version"))
}

/// The version that a text begins with: digits and dots.
fn version_at(text: &str) -> Option<String> {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let version = text[..end].trim_end_matches('.');
    let is_version = version.starts_with(|it: char| it.is_ascii_digit()) && version.contains('.');
    (is_version && !version.contains("..")).then(|| version.to_owned())
}

/// The files of a machine, as it sees them itself.
struct Files<'r> {
    root: &'r Path,
}

impl Files<'_> {
    fn place(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn is_there(&self, path: &str) -> bool {
        self.place(path).exists()
    }

    /// Reads a file; what is no text in it is replaced.
    fn read(&self, path: &str) -> Result<String, String> {
        self.read_bytes(path).map(|it| String::from_utf8_lossy(&it).into_owned())
    }

    fn read_bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        use std::io::Read as _;
        let cannot = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no {path}"),
            _ => format!("cannot read {path}: {error}"),
        };
        let place = self.place(path);
        // A pipe or a device would be read without end.
        if !fs::metadata(&place).map_err(cannot)?.is_file() {
            return Err(format!("{path} is no file"));
        }
        let file = fs::File::open(&place).map_err(cannot)?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(cannot)?;
        Ok(bytes)
    }

    /// The names in a folder, sorted; none if it cannot be read.
    fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.place(path)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|it| it.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

/// The lines of a table that say something, each in words.
fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = table.lines().filter(|it| !it.starts_with('#') && !it.trim().is_empty());
    lines.map(|it| it.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_end_where_numbers_end() {
        assert_eq!(version_at("6.1.0-18-amd64").as_deref(), Some("6.1.0"));
        assert_eq!(version_at("5.15.167.4-microsoft").as_deref(), Some("5.15.167.4"));
        assert_eq!(version_at("6.12.").as_deref(), Some("6.12"));
        for none in ["", "6", "linux-6.1", "6..1", "."] {
            assert_eq!(version_at(none), None, "{none}");
        }
    }

    #[test]
    fn a_machine_without_files_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let machine = look(folder.path());
        assert!(machine.cpu.is_none());
        assert!(machine.facts.iter().all(|it| it.value.is_err()), "{machine:?}");
    }
}
