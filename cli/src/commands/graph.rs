//! `kiln graph`: the packages that were chosen, and what needs what.

use std::path::{Path, PathBuf};

use crate::args::{Common, Wishes};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::graph::{MARK, View, dot, page, tree};
use crate::progress::counted;
use crate::rewrite;
use crate::terminal::{Terminal, print};
use crate::workspace::{Solved, Workspace};

/// How the graph is shown, and what of it.
pub(crate) struct How<'a> {
    pub(crate) all: bool,
    pub(crate) to: Option<&'a str>,
    pub(crate) json: bool,
    pub(crate) dot: bool,
    pub(crate) html: Option<&'a Path>,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    how: &How<'_>,
) -> Result<Exit, Fail> {
    let workspace = Workspace::with(wishes, terminal, common.quiet)?;
    let solved = workspace.solve()?;
    if wishes.locking.locked {
        workspace.derive(&solved)?;
    }
    if let Some(path) = how.html {
        return html(common, &solved, how, path);
    }
    let view = view(&solved, how, how.all || how.json)?;
    if how.json {
        print(&format!("{:#}\n", view.to_json()));
    } else if how.dot {
        print(&dot(&view));
    } else {
        print(&tree(&view));
        let tools = solved.solution.tools();
        if !how.all && how.to.is_none() && !tools.is_empty() {
            print(&format!("\nbuild tools (--all shows where): {}\n", tools.join(", ")));
        }
    }
    Ok(Exit::Done)
}

/// The part of the graph that is asked for.
fn view(solved: &Solved, how: &How<'_>, with_tools: bool) -> Result<View, Fail> {
    let view = View::of(&solved.solution, with_tools);
    let Some(name) = how.to else { return Ok(view) };
    if let Some(part) = view.leading_to(name) {
        return Ok(part);
    }
    let whole = View::of(&solved.solution, true);
    if whole.nodes.iter().any(|it| it.name == name) {
        return whole.leading_to(name).ok_or_else(|| not_there(&whole, solved, name));
    }
    Err(not_there(&whole, solved, name))
}

fn not_there(whole: &View, solved: &Solved, name: &str) -> Fail {
    let near = kiln_lang::nearest(name, whole.nodes.iter().map(|it| it.name.as_str()));
    Fail::NotFound {
        message: format!(
            "`{name}` is not part of {}{}",
            kiln_lang::list(&solved.wants(), "and"),
            kiln_lang::did_you_mean(&near)
        ),
        advice: None,
    }
}

/// Writes the page.
fn html(common: &Common, solved: &Solved, how: &How<'_>, path: &Path) -> Result<Exit, Fail> {
    let whole = view(solved, how, true)?;
    // What leads to a build tool leads through build tools.
    let target = match how.to {
        Some(name) => View::of(&solved.solution, false).leading_to(name),
        None => Some(View::of(&solved.solution, false)),
    };
    let target = if how.all { whole.clone() } else { target.unwrap_or_else(|| whole.clone()) };
    let text = page(&solved.wants().join(", "), &target, &whole);
    if path == Path::new("-") {
        print(&text);
        return Ok(Exit::Done);
    }
    let absolute = std::path::absolute(path)
        .map_err(|source| Fail::Io { what: format!("cannot find {}", path.display()), source })?;
    write(&absolute, path, &text)?;
    if !common.quiet {
        let packages = counted(whole.nodes.len(), "package");
        eprintln!("wrote {}: {packages}", path.display());
    }
    Ok(Exit::Done)
}

/// Puts the page where nothing is, or where an earlier one is.
fn write(path: &Path, shown: &Path, text: &str) -> Result<(), Fail> {
    let shown: PathBuf = shown.to_owned();
    if !path.exists() {
        return rewrite::create(path, &shown, text).map_err(Fail::File);
    }
    let before = rewrite::read(path, &shown).map_err(Fail::File)?;
    if !before.text.is_empty() && !before.text.contains(MARK) {
        return Err(Fail::Usage(format!(
            "{} is there and is no page that `kiln graph` wrote: name another file, or remove it",
            shown.display()
        )));
    }
    rewrite::replace(path, &shown, &before, text).map_err(Fail::File)
}
