//! `kiln doc`: the documentation of all recipes as HTML files.
//!
//! The folder is replaced as a whole: what was written before is there until all of the new is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::args::{Common, Layers};
use crate::doc::{self, Site};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Terminal, harmless};
use crate::workspace::Workspace;

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    out: &Path,
    recipes: &[PathBuf],
) -> Result<Exit, Fail> {
    let layers = Layers { recipes: recipes.to_vec(), ..Layers::default() };
    let workspace = Workspace::open(&layers, terminal, common.quiet)?;
    let shown = harmless(&out.display().to_string());
    match kind(out) {
        Ok(Kind::Free | Kind::Site) => {}
        Ok(Kind::NoFolder) => return Err(Fail::Usage(format!("{shown} is no folder"))),
        Ok(Kind::Other(path)) => {
            return Err(Fail::Usage(format!(
                "{} was not made by kiln doc: name a folder that is empty, new, or holds nothing but what kiln doc wrote",
                harmless(&path.display().to_string())
            )));
        }
        Err(source) => return Err(Fail::Io { what: format!("cannot look at {shown}"), source }),
    }
    let site = doc::site(&workspace.db);
    write(out, &site)
        .map_err(|source| Fail::Io { what: format!("cannot write {shown}"), source })?;
    if !common.quiet {
        let pages = site.keys().filter(|it| it.ends_with(".html")).count();
        eprintln!("wrote {pages} pages to {shown}: open {shown}/index.html");
    }
    Ok(Exit::Done)
}

/// What is where the site goes.
enum Kind {
    /// Nothing, or an empty folder.
    Free,
    /// A site that was made before.
    Site,
    /// Something that is no folder.
    NoFolder,
    /// A folder with something else in it, such as this.
    Other(PathBuf),
}

fn kind(out: &Path) -> io::Result<Kind> {
    let names = match names(out) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kind::Free),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Kind::NoFolder),
        Err(error) => return Err(error),
    };
    let index = fs::read_to_string(out.join("index.html")).unwrap_or_default();
    let is_site = index.contains(doc::MARK);
    for name in &names {
        match name.as_str() {
            "index.html" | "style.css" if is_site => {}
            "packages" | "modules" | "messages" if is_site => {
                let folder = out.join(name);
                if let Some(other) = self::names(&folder)?.iter().find(|it| !it.ends_with(".html"))
                {
                    return Ok(Kind::Other(folder.join(other)));
                }
            }
            _ => return Ok(Kind::Other(out.join(name))),
        }
    }
    Ok(if names.is_empty() { Kind::Free } else { Kind::Site })
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<String> =
        entries.iter().map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Writes the site beside its place, and then puts it there.
fn write(out: &Path, site: &Site) -> io::Result<()> {
    // A link to a folder stays one.
    let out = match fs::canonicalize(out) {
        Ok(real) => real,
        Err(_) => std::path::absolute(out)?,
    };
    let parent = out.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent)?;
    let name = out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = |what: &str| parent.join(format!(".{name}.{}.{what}", std::process::id()));
    let (new, old) = (beside("new"), beside("old"));
    let _ = fs::remove_dir_all(&new);
    let result = fill(&new, site).and_then(|()| {
        let was_there = match fs::rename(&out, &old) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        fs::rename(&new, &out).inspect_err(|_| {
            if was_there {
                let _ = fs::rename(&old, &out);
            }
        })
    });
    let _ = fs::remove_dir_all(&new);
    if result.is_ok() {
        let _ = fs::remove_dir_all(&old);
    }
    result
}

fn fill(folder: &Path, site: &Site) -> io::Result<()> {
    for (path, text) in site {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}
