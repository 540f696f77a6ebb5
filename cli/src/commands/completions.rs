//! `kiln completions`: scripts that complete commands and options in shells.

use std::io;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::args::Kiln;
use crate::exit::Exit;
use crate::fail::Fail;

pub(crate) fn run(shell: Shell) -> Result<Exit, Fail> {
    generate(shell, &mut Kiln::command(), "kiln", &mut io::stdout());
    if shell == Shell::Zsh {
        // zsh takes `[…]` of a spec for a pattern of file names.
        println!("alias kiln='noglob kiln'");
    }
    Ok(Exit::Done)
}
