//! `kiln repl`: expressions and declarations, line by line, and what they are worth.
//!
//! On a terminal lines are edited and kept for the next time; from a pipe they are just read, and
//! the command fails if one of them is wrong.

mod documentation;
mod lines;
mod session;

use std::path::{Path, PathBuf};

use crate::args::{Common, Layers};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Terminal, print};
use crate::workspace::Workspace;

use lines::{Line, Lines};
use session::Session;

const HELP: &str = "\
EXPR             the value of an expression, and its type
let NAME = EXPR  a name for it; fn, enum, type, record and use work, too
:type EXPR       the type of an expression
:load FILE       read a recipe or a module, and stand in it
:doc NAME        what is known of an option, function, type, package, module or message
:reset           forget all that was declared and loaded
:quit            end it
";

/// The words behind a colon.
const COMMANDS: &[&str] = &["doc", "help", "load", "quit", "reset", "type"];

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    file: Option<&Path>,
    recipes: &[PathBuf],
) -> Result<Exit, Fail> {
    let layers = Layers { recipes: recipes.to_vec(), ..Layers::default() };
    let workspace = Workspace::open(&layers, terminal, common.quiet)?;
    let mut session = Session::new(workspace, terminal);
    let mut failed = false;
    if let Some(file) = file {
        failed |= session.load(file).is_err();
    }
    let mut lines = Lines::open()?;
    if lines.is_terminal() && !common.quiet {
        eprintln!("Kiln {}; :help says what there is to type", env!("CARGO_PKG_VERSION"));
    }
    loop {
        lines.complete_with(session.names());
        let line = match lines.next(&|text| session.is_open(text))? {
            Line::Text(line) => line,
            Line::Dropped => continue,
            Line::End => break,
        };
        match answer(&mut session, line.trim()) {
            Answer::Done => {}
            Answer::Wrong => failed = true,
            Answer::Quit => break,
        }
    }
    lines.close();
    Ok(if failed && !lines.is_terminal() { Exit::Author } else { Exit::Done })
}

enum Answer {
    Done,
    Wrong,
    Quit,
}

fn answer(session: &mut Session, line: &str) -> Answer {
    let result = match line.strip_prefix(':') {
        None if line.is_empty() || line.starts_with("//") => Ok(String::new()),
        None => session.line(line),
        Some(command) => {
            let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            let rest = rest.trim();
            match (word, rest) {
                ("quit" | "q", _) => return Answer::Quit,
                ("help" | "h" | "?", _) => Ok(HELP.to_owned()),
                ("reset", _) => {
                    session.reset();
                    Ok(String::new())
                }
                ("type" | "t" | "load" | "l" | "doc" | "d", "") => session
                    .complain(&format!("`:{word}` of what?"), Some("`:help` says what there is")),
                ("type" | "t", expr) => session.type_of(expr),
                ("load" | "l", file) => session.load(Path::new(file)),
                ("doc" | "d", name) => session.documentation(name),
                (other, _) => {
                    let near = kiln_lang::nearest(other, COMMANDS.iter().copied());
                    let message = match near.first() {
                        Some(near) => format!("there is no `:{other}`; did you mean `:{near}`?"),
                        None => format!("there is no `:{other}`"),
                    };
                    session.complain(&message, Some("`:help` says what there is"))
                }
            }
        }
    };
    match result {
        Ok(text) => {
            print(&text);
            Answer::Done
        }
        Err(session::Shown) => Answer::Wrong,
    }
}
