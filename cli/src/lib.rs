//! The `kiln` command.
//!
//! ```text
//! args ─▶ commands/… ─▶ Workspace (recipes, layers) ─solve─▶ ─derive─▶ Workshop (store, sandbox, fetcher)
//! ```
//!
//! **Invariants:** only this crate prints; only `render.rs` knows miette. What is evaluated comes by
//! `world.rs` alone. Variables of the environment are read by `config.rs`, `folders.rs` and
//! `terminal.rs`; `run` and `shell` pass some on. What the machine is, `machine.rs` finds out.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "what is shown of values and events is a choice of some of them"
)]

// The macros in it are for all others.
#[macro_use]
mod terminal;

mod about;
mod args;
mod caches;
mod commands;
mod config;
mod data;
mod doc;
mod embedded;
mod evaluated;
mod exit;
mod fail;
mod fixes;
mod folders;
mod forecast;
mod graph;
mod hash_slots;
mod html;
mod init;
mod links;
mod lockfile;
mod machine;
mod markdown;
mod progress;
mod recall;
mod render;
mod rewrite;
mod sarif;
mod signals;
mod sources;
mod spec;
mod stamp;
mod starter;
mod summary;
mod user_cache;
mod witnesses;
mod workshop;
mod workspace;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Command, Kiln};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Style, Terminal};

/// Runs the command: what it is to do stands in the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    // Builds are cloned by a small copy of this program, which must not do anything else.
    kiln_sandbox::run_helper_if_asked();
    signals::take_file_size_errors();
    let kiln = match Kiln::try_parse() {
        Ok(kiln) => kiln,
        Err(error) => {
            let result = error.print();
            if error.use_stderr() {
                return Exit::Usage.into();
            }
            terminal::written(result);
            return Exit::Done.into();
        }
    };
    let terminal = Terminal::of_stderr(kiln.common.color);
    // Most commands evaluate, which needs a large stack; it is made once.
    let result = kiln_lang::with_stack(|| run(&kiln, terminal));
    match result {
        Ok(exit) => exit.into(),
        Err(fail) => {
            let text = fail.to_string();
            if !text.is_empty() {
                eprintln!("{} {}", terminal.paint(Style::Red, "error:"), terminal::harmless(&text));
            }
            if let Some(advice) = fail.advice() {
                eprintln!("  {} {advice}", terminal.paint(Style::Cyan, "help:"));
            }
            fail.exit().into()
        }
    }
}

fn run(kiln: &Kiln, terminal: Terminal) -> Result<Exit, Fail> {
    let common = &kiln.common;
    match &kiln.command {
        Command::Realise {
            wishes,
            building,
            link,
            check,
            dry_run,
            published,
            all,
            summary,
            json,
        } => {
            let about = about::About::of(*published, *all);
            let (check, dry_run, summary, json) = (*check, *dry_run, *summary, *json);
            let link = link.as_deref();
            let how = commands::realise::How { about, link, check, dry_run, summary, json };
            commands::realise::run(common, terminal, wishes, building, how)
        }
        Command::Test { wishes, building, deps, only, list, all, json } => {
            let (deps, list, all, json) = (*deps, *list, *all, *json);
            let how = commands::test::How { deps, only: only.as_deref(), list, all, json };
            commands::test::run(common, terminal, wishes, building, how)
        }
        Command::Fetch { wishes, all, json } => {
            let how = commands::fetch::How { all: *all, json: *json };
            commands::fetch::run(common, terminal, wishes, how)
        }
        Command::Archive { folder, wishes, all, json } => {
            let how = commands::archive::How { all: *all, json: *json };
            commands::archive::run(common, terminal, folder, wishes, how)
        }
        Command::Init { what, name, out, dry_run, layers } => {
            let (name, out) = (name.as_deref(), out.as_deref());
            let how = commands::init::How { name, out, dry_run: *dry_run };
            match what {
                Some(what) => commands::init::run(common, terminal, what, layers, &how),
                None => commands::init::project(common, terminal, &how),
            }
        }
        Command::UpdateHash { what, dry_run, layers } => {
            commands::update_hash::run(common, terminal, what, layers, *dry_run)
        }
        Command::Run { spec, bin, layers, locking, building, args } => {
            let (specs, layers) = (vec![spec.clone()], layers.clone());
            let wishes = args::Wishes { specs, layers, locking: *locking };
            commands::run::run(common, terminal, &wishes, bin.as_deref(), building, args)
        }
        Command::Eval { wishes, format, json, all, diff_lock } => {
            let format = format.or(json.then_some(data::Format::Json));
            match diff_lock {
                true => commands::lock::difference(common, terminal, wishes, format),
                false => commands::eval::run(common, terminal, wishes, format, *all),
            }
        }
        Command::Graph { wishes, all, to, json, dot, html } => {
            let (to, html) = (to.as_deref(), html.as_deref());
            let how = commands::graph::How { all: *all, to, json: *json, dot: *dot, html };
            commands::graph::run(common, terminal, wishes, &how)
        }
        Command::Lock { specs, update, only, check, layers } => {
            let how = commands::lock::How { update, only: *only, check: *check };
            commands::lock::run(common, terminal, specs, layers, how)
        }
        Command::Fix { files, dry_run, only, guess, layers, json } => {
            let (dry_run, guess, json) = (*dry_run, *guess, *json);
            let how = commands::fix::How { dry_run, only, guess, json };
            commands::fix::run(common, terminal, files, layers, &how)
        }
        Command::Check { files, std, layers, json, sarif } => {
            let form = commands::check::Form::of(*json, *sarif);
            commands::check::run(common, terminal, files, *std, layers, form)
        }
        Command::Fmt { files, check, diff } => {
            let how = commands::fmt::How { check: *check, diff: *diff };
            commands::fmt::run(common, terminal, files, how)
        }
        Command::Why { words, layers } => commands::why::run(common, terminal, words, layers),
        Command::Shell { wishes, of, before, building } => {
            let (of, before) = (of.as_deref(), before.as_deref());
            commands::shell::run(common, terminal, wishes, of, before, building)
        }
        Command::Log { what, layers } => commands::log::run(common, terminal, what, layers),
        Command::List { filter, layers } => {
            commands::list::run(common, terminal, filter.as_deref(), layers)
        }
        Command::Store { command } => commands::store::run(common, terminal, command),
        Command::Derivation { command } => commands::derivation::run(common, terminal, command),
        Command::Doc { out, recipes } => commands::doc::run(common, terminal, out, recipes),
        Command::Repl { file, recipes } => {
            commands::repl::run(common, terminal, file.as_deref(), recipes)
        }
        Command::Explain { slug } => commands::explain::run(slug.as_deref(), terminal),
        Command::Lsp { stdio: _ } => commands::lsp::run(),
        Command::Facts { write, json, root, layers } => {
            let (write, root) = (write.as_deref(), root.as_deref());
            let how = commands::facts::How { json: *json, write, root };
            commands::facts::run(common, terminal, layers, &how)
        }
        Command::Doctor => commands::doctor::run(common),
        Command::Completions { shell } => commands::completions::run(*shell),
    }
}
