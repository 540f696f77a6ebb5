//! The processor: its instruction set, its level, and its extensions.

use std::collections::BTreeSet;

use super::{Files, rows};

/// What words of `/proc/cpuinfo` stand for which extensions.
const FLAGS: &str = include_str!("flags.txt");

/// What levels have.
const LEVELS: &str = include_str!("levels.txt");

/// A processor, by what every one of the machine's processors has.
#[derive(Debug)]
pub(crate) struct Cpu {
    /// Its instruction set, by the name of `platform.Cpu`.
    pub(crate) family: &'static str,
    flags: BTreeSet<String>,
}

impl Cpu {
    /// Returns the highest level that the processor has all of.
    pub(crate) fn level(&self) -> Result<String, String> {
        let levels = rows(LEVELS).filter(|it| it[0] == self.family);
        let all = levels.take_while(|it| it[2..].iter().all(|it| self.flags.contains(*it)));
        match all.last() {
            Some(level) => Ok(level[1].to_owned()),
            None => Err("/proc/cpuinfo does not name what the lowest level has".to_owned()),
        }
    }

    /// Returns the extensions that have a name, in the order of the table.
    pub(crate) fn isa(&self) -> Vec<String> {
        rows(FLAGS)
            .filter(|it| it[0] == self.family && self.flags.contains(it[1]))
            .map(|it| it[2].to_owned())
            .collect()
    }
}

/// Reads what the processors have in common. A machine may have several kinds, and a program may run
/// on each.
pub(super) fn find(files: &Files<'_>) -> Result<Cpu, String> {
    let text = files.read("/proc/cpuinfo")?;
    let mut found: Option<Cpu> = None;
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let (family, flags) = match key.trim() {
            "flags" => ("x86_64", words(value)),
            "Features" => ("aarch64", words(value)),
            "isa" => ("riscv64", riscv(value.trim())),
            _ => continue,
        };
        match &mut found {
            None => found = Some(Cpu { family, flags }),
            Some(cpu) if cpu.family == family => cpu.flags.retain(|it| flags.contains(it)),
            Some(_) => {}
        }
    }
    let cpu = found.ok_or("/proc/cpuinfo does not say what the processor has")?;
    // Kernels of 32 bits say the same of processors that could do more.
    let is_wide = match cpu.family {
        "x86_64" => cpu.flags.contains("lm"),
        "aarch64" => cpu.flags.contains("asimd"),
        _ => cpu.flags.contains("rv64"),
    };
    if is_wide { Ok(cpu) } else { Err("the processor has no 64 bits".to_owned()) }
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The parts of `rv64imafdcv_zicsr_zba`: `rv64`, its letters, and the longer ones.
fn riscv(isa: &str) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    for (at, part) in isa.to_lowercase().split('_').enumerate() {
        match part.strip_prefix("rv64") {
            Some(letters) if at == 0 => {
                parts.insert("rv64".to_owned());
                for letter in letters.chars() {
                    // `g` is short for what general programs need.
                    match letter {
                        'g' => parts.extend(["i", "m", "a", "f", "d"].map(str::to_owned)),
                        letter => drop(parts.insert(letter.to_string())),
                    }
                }
            }
            _ => drop(parts.insert(part.to_owned())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_lang::types::Ty;
    use kiln_lang::{Database, MemoryWorld, fact};
    use std::sync::Arc;

    /// The values of a fact's enum, as the vocabulary declares them.
    fn values(name: &str) -> Vec<String> {
        let db = Database::new(Arc::new(MemoryWorld::default()), Vec::new());
        match fact(&db, name).unwrap().ty {
            Ty::Enum(of) | Ty::Set(of) => of.values.iter().map(ToString::to_string).collect(),
            other => panic!("{name} is {other}"),
        }
    }

    #[test]
    fn every_extension_has_a_flag_and_every_flag_an_extension() {
        let known: BTreeSet<String> = rows(FLAGS).map(|it| it[2].to_owned()).collect();
        let declared: BTreeSet<String> = values("isa").into_iter().collect();
        assert_eq!(known, declared);
    }

    #[test]
    fn every_level_of_the_table_is_declared() {
        let declared = values("cpu_level");
        for row in rows(LEVELS) {
            assert!(declared.contains(&row[1].to_owned()), "{row:?}");
        }
    }

    #[test]
    fn parts_of_riscv() {
        let parts: Vec<String> = riscv("rv64imafdcv_zicsr_zba").into_iter().collect();
        assert_eq!(parts.join(" "), "a c d f i m rv64 v zba zicsr");
        assert!(riscv("rv64gc").contains("d"));
        assert!(!riscv("rv32imac").contains("rv64"));
    }
}
