//! The smallest program that makes an output: what the builds of the benchmarks run.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes its second argument into a new file that its first one names, and ends with 0.
///
/// ```text
///         mov  rdi, [rsp+16]          argv[1]
///         mov  esi, 0x41              O_WRONLY | O_CREAT
///         mov  edx, 0x1a4             0644
///         mov  eax, 2
///         syscall                     open
///         test eax, eax
///         js   fail
///         mov  edi, eax
///         mov  rsi, [rsp+24]          argv[2]
///         xor  edx, edx
/// count:  cmp  byte ptr [rsi+rdx], 0
///         je   counted
///         inc  edx
///         jmp  count
/// counted: mov eax, 1
///         syscall                     write
///         cmp  eax, edx
///         jne  fail
///         xor  edi, edi
///         jmp  end
/// fail:   mov  edi, 1
/// end:    mov  eax, 60
///         syscall                     exit
/// ```
const CODE: [u8; 72] = [
    0x48, 0x8b, 0x7c, 0x24, 0x10, 0xbe, 0x41, 0x00, 0x00, 0x00, 0xba, 0xa4, 0x01, 0x00, 0x00, 0xb8,
    0x02, 0x00, 0x00, 0x00, 0x0f, 0x05, 0x85, 0xc0, 0x78, 0x22, 0x89, 0xc7, 0x48, 0x8b, 0x74, 0x24,
    0x18, 0x31, 0xd2, 0x80, 0x3c, 0x16, 0x00, 0x74, 0x04, 0xff, 0xc2, 0xeb, 0xf6, 0xb8, 0x01, 0x00,
    0x00, 0x00, 0x0f, 0x05, 0x39, 0xd0, 0x75, 0x04, 0x31, 0xff, 0xeb, 0x05, 0xbf, 0x01, 0x00, 0x00,
    0x00, 0xb8, 0x3c, 0x00, 0x00, 0x00, 0x0f, 0x05,
];

/// Writes the program to `path`: a static one for x86-64, with one header, one segment, its code.
pub(super) fn write_program(path: &Path) -> io::Result<()> {
    let (base, header): (u64, u64) = (0x40_0000, 64 + 56);
    let size = header + CODE.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    for word in [base + header, 64, 0] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    // The segment: loaded, readable and executable, the whole file.
    elf.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0, base, base, size, size, 0x1000] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend(CODE);
    fs::write(path, elf)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
