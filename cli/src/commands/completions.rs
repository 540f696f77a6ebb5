//! `kiln completions`: scripts that complete commands and options in shells.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::args::Kiln;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::print_bytes;

pub(crate) fn run(shell: Shell) -> Result<Exit, Fail> {
    let mut script = Vec::new();
    generate(shell, &mut Kiln::command(), "kiln", &mut script);
    if shell == Shell::Zsh {
        // zsh takes `[…]` of a spec for a pattern of file names.
        script.extend(b"alias kiln='noglob kiln'\n");
    }
    print_bytes(&script);
    Ok(Exit::Done)
}
