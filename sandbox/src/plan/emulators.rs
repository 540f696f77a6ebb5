//! Programs that run the programs of other instruction sets, as specified in
//! `spec/build/emulators.md`.

use std::fmt;

/// The folder in which an action names emulators. [build.emulators.1]
pub(crate) const EMULATORS_DIR: &str = "/kiln/emulators";

/// An instruction set whose programs the machine cannot run by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Foreign {
    /// 64-bit Arm.
    Aarch64,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit x86.
    X86_64,
}

impl Foreign {
    /// All of them, in the order of their names.
    pub const ALL: &[Foreign] = &[Foreign::Aarch64, Foreign::Riscv64, Foreign::X86_64];

    /// The name, as recipes write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Foreign::Aarch64 => "aarch64",
            Foreign::Riscv64 => "riscv64",
            Foreign::X86_64 => "x86_64",
        }
    }

    /// What the header of an ELF file says in `e_machine`.
    fn machine(self) -> u8 {
        match self {
            Foreign::Aarch64 => 183,
            Foreign::Riscv64 => 243,
            Foreign::X86_64 => 62,
        }
    }

    /// The line by which the kernel is told of a program for it, as `binfmt_misc` reads it.
    ///
    /// The first 20 bytes of a file are compared with the header of a program of the instruction
    /// set: 64 bits, little-endian, a program or a shared object. What names the system is not
    /// looked at.
    pub(crate) fn registration(self, program: &str) -> String {
        let magic: [u8; 20] =
            [0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, self.machine(), 0];
        // A type of 2 or 3 is a program or a shared object.
        let mask: [u8; 20] = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff,
            0xff,
        ];
        format!(":{self}:M::{}:{}:{program}:", escaped(&magic), escaped(&mask))
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Bytes as the kernel reads them.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("\\x{it:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_kernel_is_told_of_a_program() {
        let actual = Foreign::Riscv64.registration("/kiln/store/x/bin/qemu");
        expect![[r#":riscv64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xf3\x00:\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfe\xff\xff\xff:/kiln/store/x/bin/qemu:"#]].assert_eq(&actual);
        assert!(actual.len() < 1920);
    }
}
