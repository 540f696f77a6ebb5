//! The filter of system calls, as specified in `spec/build/refusals.md`.
//!
//! ```text
//! CALLS (a table) ─program─▶ instructions for the kernel's filter machine ─install─▶ this process
//! ```
//!
//! Everything is allowed that is not in the table, because builds run anything; namespaces, mounts
//! and lost capabilities are what keeps a build in, and this is a second layer to them. But calls
//! *newer* than the newest that was looked at do not exist here: one such call has walked past the
//! list of every sandbox before, and a build must not find more on a newer kernel.
//!
//! The table becomes one program for all the ways into the kernel that a machine has. On x86-64
//! those are three: the native one, that of 32-bit programs, which has numbers of its own, and x32,
//! which is the native one with a bit set and is refused whole. One program is also what lets the
//! kernel find out beforehand which calls are always allowed and run nothing at all for them.

mod calls;

use nix::errno::Errno;
use nix::libc;
use seccompiler::sock_filter;

#[cfg(test)]
pub(crate) use calls::NOTHING;
pub(crate) use calls::{CALLS, FAMILIES, NEWEST, OTHER_PROTOCOL, When};

use crate::sys::{Call, SysError, SysResult};

/// Puts this process under the filter, for good, with all that it will start.
pub(crate) fn install() -> SysResult<()> {
    let program = program(&entries());
    seccompiler::apply_filter(&program).map_err(|error| {
        let errno = match &error {
            seccompiler::Error::Seccomp(io) | seccompiler::Error::Prctl(io) => {
                io.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw)
            }
            seccompiler::Error::Backend(_)
            | seccompiler::Error::EmptyFilter
            | seccompiler::Error::ThreadSync(_) => Errno::EINVAL,
        };
        SysError::new(Call::Seccomp, "the filter of system calls", errno)
    })
}

/// A way into the kernel: what its numbers mean.
struct Entry {
    /// `AUDIT_ARCH_*`, as the kernel tells the filter.
    arch: u32,
    /// Number and condition of each call. `None` refuses every call.
    rules: Option<Vec<(u32, When, Errno)>>,
}

/// `AUDIT_ARCH_X86_64`.
#[cfg(target_arch = "x86_64")]
const X86_64: u32 = 0xc000_003e;
/// `AUDIT_ARCH_I386`.
#[cfg(target_arch = "x86_64")]
const I386: u32 = 0x4000_0003;
/// `AUDIT_ARCH_AARCH64`.
#[cfg(target_arch = "aarch64")]
const AARCH64: u32 = 0xc000_00b7;
/// `AUDIT_ARCH_ARM`.
#[cfg(target_arch = "aarch64")]
const ARM: u32 = 0x4000_0028;

/// Returns the ways into the kernel of this machine.
#[cfg(target_arch = "x86_64")]
fn entries() -> Vec<Entry> {
    vec![
        Entry { arch: X86_64, rules: Some(rules(|it| it.x86_64)) },
        Entry { arch: I386, rules: Some(rules(|it| it.i386)) },
    ]
}

/// Returns the ways into the kernel of this machine.
#[cfg(target_arch = "aarch64")]
fn entries() -> Vec<Entry> {
    vec![
        Entry { arch: AARCH64, rules: Some(rules(|it| it.aarch64)) },
        // Many of these machines have none; so that all give the same result, no machine has one.
        Entry { arch: ARM, rules: None },
    ]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the filter of system calls knows x86-64 and 64-bit ARM only");

fn rules(number: impl Fn(&calls::Row) -> Option<u32>) -> Vec<(u32, When, Errno)> {
    CALLS.iter().filter_map(|row| Some((number(row)?, row.when, row.answer))).collect()
}

// The filter machine has one register, loads 32 bits at an offset of `struct seccomp_data`, and
// jumps forward only. `struct seccomp_data`: number, arch, instruction pointer, six arguments.

const LOAD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_GREATER: u16 = 0x25;
const JUMP_IF_BITS: u16 = 0x45;
const RETURN: u16 = 0x06;

const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;

/// Where the low half of an argument is. The high half is never looked at: the kernel itself takes
/// these arguments as 32 bits, and comparing 64 would let a set high bit pass.
fn argument_at(argument: u8) -> u32 {
    16 + 8 * u32::from(argument)
}

fn op(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// Goes on with the next instruction if the comparison holds, else skips `count`.
fn else_skip(code: u16, k: u32, count: usize) -> sock_filter {
    // Every block is a few instructions long; a test builds them all.
    sock_filter { code, jt: 0, jf: u8::try_from(count).unwrap_or(u8::MAX), k }
}

/// Skips `count` instructions if the comparison holds.
fn then_skip(code: u16, k: u32, count: usize) -> sock_filter {
    sock_filter { code, jt: u8::try_from(count).unwrap_or(u8::MAX), jf: 0, k }
}

fn refuse(answer: Errno) -> sock_filter {
    op(RETURN, libc::SECCOMP_RET_ERRNO | answer as u32)
}

fn allow() -> sock_filter {
    op(RETURN, libc::SECCOMP_RET_ALLOW)
}

/// Writes the program.
fn program(entries: &[Entry]) -> Vec<sock_filter> {
    let mut program = vec![op(LOAD, ARCH_AT)];
    for entry in entries {
        let section = section(entry);
        // Conditional jumps reach 255 instructions, unconditional ones any number.
        program.push(then_skip(JUMP_IF_EQUAL, entry.arch, 1));
        program.push(op(JUMP, section.len() as u32));
        program.extend(section);
    }
    // No such machine: nothing is known about its numbers.
    program.push(op(RETURN, libc::SECCOMP_RET_KILL_PROCESS));
    program
}

/// Writes the part for one way into the kernel. It always returns.
fn section(entry: &Entry) -> Vec<sock_filter> {
    let Some(rules) = &entry.rules else { return vec![refuse(Errno::ENOSYS)] };
    let mut section = vec![
        op(LOAD, NUMBER_AT),
        // Newer calls, x32, and numbers that are no calls at all.
        else_skip(JUMP_IF_GREATER, NEWEST, 1),
        refuse(Errno::ENOSYS),
    ];
    for (number, when, answer) in rules {
        let block = block(*when, *answer);
        section.push(else_skip(JUMP_IF_EQUAL, *number, block.len()));
        section.extend(block);
    }
    section.push(allow());
    section
}

/// Writes what decides about one call. It always returns.
fn block(when: When, answer: Errno) -> Vec<sock_filter> {
    match when {
        When::Always => vec![refuse(answer)],
        When::HasBits { argument, bits } => vec![
            op(LOAD, argument_at(argument)),
            else_skip(JUMP_IF_BITS, bits, 1),
            refuse(answer),
            allow(),
        ],
        When::BothHaveBits { first: (first, first_bits), second: (second, second_bits) } => vec![
            op(LOAD, argument_at(first)),
            else_skip(JUMP_IF_BITS, first_bits, 3),
            op(LOAD, argument_at(second)),
            else_skip(JUMP_IF_BITS, second_bits, 1),
            refuse(answer),
            allow(),
        ],
        When::IsOneOf { argument, values } => {
            let mut block = vec![op(LOAD, argument_at(argument))];
            for value in values {
                block.push(else_skip(JUMP_IF_EQUAL, *value, 1));
                block.push(refuse(answer));
            }
            block.push(allow());
            block
        }
        When::IsOtherSocket => {
            let mut block = vec![op(LOAD, argument_at(0))];
            for (family, protocols) in FAMILIES {
                if protocols.is_empty() {
                    block.push(else_skip(JUMP_IF_EQUAL, *family, 1));
                    block.push(allow());
                    continue;
                }
                block.push(else_skip(JUMP_IF_EQUAL, *family, 2 + 2 * protocols.len()));
                block.push(op(LOAD, argument_at(2)));
                for protocol in *protocols {
                    block.push(else_skip(JUMP_IF_EQUAL, *protocol, 1));
                    block.push(allow());
                }
                block.push(refuse(OTHER_PROTOCOL));
            }
            block.push(refuse(answer));
            block
        }
    }
}

#[cfg(test)]
mod tests;
