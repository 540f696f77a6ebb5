//! Runs actions in network-off namespaces.
//!
//! ```text
//! BuildRequest ─plan─▶ Plan ─Sandbox─▶ Built
//!                       │
//!      helper ─clone─▶ child: carries the plan out, gives up all privileges, runs the steps
//! ```
//!
//! [`Sandbox`] is the real [`Builder`](kiln_store::Builder). What a build sees is specified in
//! `spec/build/`, as the build process sees it; how it comes about is told file by file:
//!
//! ```text
//! plan.rs       what the sandbox holds and runs, as data
//! run.rs        the parent: starts, watches, holds to limits, cleans up
//! helper.rs     the process with one thread that clones builds
//! child.rs      the first process of a build: carries the plan out, runs the steps
//! seccomp.rs    the filter of system calls        landlock.rs   the second layer of file access
//! doctor.rs     why a sandbox cannot be made here, and what to do
//! shell.rs      a shell in the sandbox of an action
//! enter.rs      running a program of the store outside of any sandbox
//! sys.rs        one wrapper for each kernel call   sys/raw.rs    all unsafe code of Kiln
//! ```
//!
//! **Invariants:** a build never runs outside of a sandbox, and nothing of one is skipped because a
//! call failed; no path that a step can write to is ever looked up by name; only `sys/raw.rs` calls
//! the kernel without the standard library or `nix`; nothing here prints.

mod child;
mod codec;
mod doctor;
mod enter;
mod helper;
mod landlock;
mod message;
mod plan;
mod privileges;
mod run;
mod seccomp;
mod shell;
#[cfg(test)]
mod spec;
mod sys;

pub use doctor::{Mode, Probe};
pub use enter::{EnterError, EnterRequest, enter};
pub use helper::run_helper_if_asked;
pub use message::MountCalls;
pub use plan::{
    Access, Command, Foreign, Layout, Plan, PlanError, Resource, ResourceLimit, ScratchPlace,
    Setup, Shell, SourceCopy, plan,
};
pub use run::{Sandbox, SandboxOptions, Scratch, UserRange};
pub use shell::{ShellEnd, ShellRequest};
