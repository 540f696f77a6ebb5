//! `kiln init`: the first recipe of a package, from its source tree; or the file of a project.
//!
//! What build systems and texts say is read (`init.rs`), and nothing is run. The recipe is what a
//! user would have written to begin with: it is theirs from then on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_lang::syntax::is_name;
use kiln_store::{
    Derivation, Fetch, FetchError, FetchHash, Graph, InputRef, Limits, Node, OutputName,
    Store as _, StoreName, Unpack, UnpackRoot, to_hex,
};

use crate::args::{Building, Common, Layers, Wishes};
use crate::config::Config;
use crate::exit::Exit;
use crate::fail::Fail;
use crate::init::{self, DraftSource, Tree};
use crate::progress::Progress;
use crate::rewrite::create;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::witnesses::{Witnesses, hashes};
use crate::workshop::{Again, Workshop, show_error};
use crate::workspace::Workspace;

/// What is asked beside the source.
pub(crate) struct How<'a> {
    /// The name of the package; what its sources call themselves if none is given.
    pub(crate) name: Option<&'a str>,
    /// The file to write.
    pub(crate) out: Option<&'a Path>,
    /// Whether the recipe is printed, and no file is written.
    pub(crate) dry_run: bool,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    what: &str,
    layers: &Layers,
    how: &How<'_>,
) -> Result<Exit, Fail> {
    // Before anything is downloaded.
    how.name.map_or(Ok(()), can_be_a_name)?;
    if let (Some(out), false) = (how.out, how.dry_run) {
        is_free(out)?;
    }
    let workspace = Workspace::open(layers, terminal, common.quiet)?;
    let found = if what.contains("://") {
        downloaded(common, terminal, &workspace, what)?
    } else {
        beside(what, how.out)?
    };
    let (name, version) = called(&found.called);
    let mut draft = init::read(&found.tree, &name, version.as_deref());
    if let Some(name) = how.name {
        draft.name = name.to_owned();
    }
    let recipe = |name: &str| workspace.db.package(name).is_some();
    let text = kiln_lang::format(&draft.write(&found.source, &recipe)).text;
    if how.dry_run {
        print(&text);
        return Ok(Exit::Done);
    }
    let file = match how.out {
        Some(out) => out.to_owned(),
        None => found.folder.join(format!("{}.kiln", draft.name)),
    };
    is_free(&file)?;
    create(&file, &file, &text).map_err(Fail::File)?;
    if !common.quiet {
        eprintln!(
            "{} {}",
            terminal.paint(Style::Green, "wrote"),
            harmless(&file.display().to_string())
        );
        for note in draft.notes() {
            eprintln!("  {} {}", terminal.paint(Style::Cyan, "look:"), harmless(note));
        }
        let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).display();
        eprintln!(
            "  {} kiln realise --recipes {folder} {}",
            terminal.paint(Style::Cyan, "next:"),
            draft.name
        );
    }
    Ok(Exit::Done)
}

/// Writes the file of a project, in this folder if none is named.
pub(crate) fn project(common: &Common, terminal: Terminal, how: &How<'_>) -> Result<Exit, Fail> {
    let file = how.out.unwrap_or(Path::new("project.kiln"));
    if how.dry_run {
        print(PROJECT_TEXT);
        return Ok(Exit::Done);
    }
    is_free(file)?;
    create(file, file, PROJECT_TEXT).map_err(Fail::File)?;
    if !common.quiet {
        let (wrote, next) =
            (terminal.paint(Style::Green, "wrote"), terminal.paint(Style::Cyan, "next:"));
        eprintln!("{wrote} {}", harmless(&file.display().to_string()));
        eprintln!("  {next} kiln realise");
    }
    Ok(Exit::Done)
}

/// A project that wants something small, and what else it can say.
const PROJECT_TEXT: &str = r#"//! What this folder wants: `kiln realise` builds it, `kiln lock` writes down what was chosen.
project

// Recipes of your own: `recipes/NAME.kiln` is the package `NAME`.
// use "./recipes"

want hello

// Packages with features and knobs, and what holds wherever a package is used:
// want curl[http2, ~ldap], zlib >= 1.2
// curl.ssh = on
"#;

/// A source tree, and what a recipe of it says.
struct Found {
    tree: Tree,
    /// The name of the folder, or the URL.
    called: String,
    source: DraftSource,
    /// Where the recipe goes.
    folder: PathBuf,
}

/// The archive at a URL.
fn downloaded(
    common: &Common,
    terminal: Terminal,
    workspace: &Workspace,
    url: &str,
) -> Result<Found, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let workshop = Workshop::open(&config)?;
    let sha256 = sha256(&workshop, common, terminal, url)?;
    let again = Again::of(&Wishes::default(), &workspace.db);
    let hash = FetchHash::Sha256(sha256);
    let folder = unpacked(&workshop, common, terminal, (url, hash), &again)?;
    Ok(Found {
        tree: Tree::new(&folder),
        called: url.to_owned(),
        source: DraftSource::Url { url: url.to_owned(), sha256: to_hex(&sha256) },
        folder: PathBuf::from("."),
    })
}

/// A folder, which the recipe stands beside, or above where its file is named.
fn beside(what: &str, out: Option<&Path>) -> Result<Found, Fail> {
    let folder = Path::new(what).canonicalize().map_err(|source| Fail::Io {
        what: format!("cannot look at {}", harmless(what)),
        source,
    })?;
    if !folder.is_dir() {
        return Err(Fail::Usage(format!(
            "{} is no folder: name the folder of the sources, or the URL of an archive",
            harmless(what)
        )));
    }
    let (Some(parent), Some(own)) = (folder.parent(), folder.file_name()) else {
        return Err(Fail::Usage("a recipe stands beside its source, and `/` has no beside".into()));
    };
    let from = out.and_then(Path::parent).map_or(Ok(parent.to_owned()), absolute)?;
    let Ok(below) = folder.strip_prefix(&from) else {
        return Err(Fail::Usage(format!(
            "a recipe reads what lies below its own folder: {} is not below {}",
            folder.display(),
            from.display()
        )));
    };
    if below.as_os_str().is_empty() {
        return Err(Fail::Usage(
            "a recipe in the folder that it builds would be a part of its own source: write it beside"
                .into(),
        ));
    }
    Ok(Found {
        tree: Tree::new(&folder),
        called: own.to_string_lossy().into_owned(),
        source: DraftSource::Folder(below.to_string_lossy().into_owned()),
        folder: relative(parent),
    })
}

/// Whether nothing is where the recipe is to be written.
fn is_free(file: &Path) -> Result<(), Fail> {
    if file.symlink_metadata().is_ok() {
        return Err(Fail::NotFound {
            message: format!("{} is there already", harmless(&file.display().to_string())),
            advice: Some("`--dry-run` prints the recipe, `--out` names another file".into()),
        });
    }
    Ok(())
}

/// Whether a package can be called what the user wants to call it.
fn can_be_a_name(asked: &str) -> Result<(), Fail> {
    if !is_name(asked) {
        return Err(Fail::Usage(format!(
            "`{}` cannot be the name of a package: letters, digits, `_`, and `-` inside",
            harmless(asked)
        )));
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, Fail> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    path.canonicalize()
        .map_err(|source| Fail::Io { what: format!("cannot look at {}", path.display()), source })
}

/// A folder as seen from the current one, where it lies below it.
fn relative(folder: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|it| it.canonicalize()).unwrap_or_default();
    match folder.strip_prefix(here) {
        Ok(below) => below.to_owned(),
        Err(_) => folder.to_owned(),
    }
}

/// What an archive or a folder is called by: name and version of `hello-2.10.tar.gz`,
/// `hello_2.10.orig.tar.xz`, `…/hello/archive/refs/tags/v2.10.tar.gz`.
fn called(what: &str) -> (String, Option<String>) {
    let path = what.split(['?', '#']).next().unwrap_or(what);
    let mut file = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    for ending in [
        ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".zip", ".whl", ".deb", ".tar",
        ".crate",
    ] {
        file = file.strip_suffix(ending).unwrap_or(file);
    }
    let file = file.strip_suffix(".orig").unwrap_or(file);
    let begins = |at: usize| {
        let rest = file[at..].trim_start_matches(['-', '_', 'v', 'V']);
        rest.starts_with(|it: char| it.is_ascii_digit())
    };
    let at = file.char_indices().map(|it| it.0).find(|at| {
        let is_sign = matches!(file.as_bytes()[*at], b'-' | b'_');
        (is_sign || *at == 0) && begins(*at)
    });
    let Some(at) = at else { return (file.to_owned(), None) };
    let version = file[at..].trim_start_matches(['-', '_', 'v', 'V']).to_owned();
    if at > 0 {
        return (file[..at].to_owned(), Some(version));
    }
    // A tag alone: the project is what the host has it under.
    let folders: Vec<&str> = path.split('/').collect();
    let own = folders.iter().rev().skip(1).find(|it| {
        !matches!(**it, "tags" | "refs" | "archive" | "-" | "releases" | "download" | "")
    });
    (own.map_or_else(|| file.to_owned(), |it| (*it).to_owned()), Some(version))
}

/// The SHA-256 of a download, on which all its places agree.
fn sha256(
    workshop: &Workshop,
    common: &Common,
    terminal: Terminal,
    url: &str,
) -> Result<[u8; 32], Fail> {
    let _interrupt = crate::signals::cancel_on_signals(&workshop.cancel);
    let places = Witnesses {
        fetcher: &workshop.fetcher,
        cancel: &workshop.cancel,
        terminal,
        quiet: common.quiet,
    };
    let witnesses = match places.ask(&[url.to_owned()], FetchHash::Sha256([0; 32])) {
        Ok(witnesses) => witnesses,
        Err(FetchError::Cancelled) => return Err(Fail::Shown(Exit::Stopped)),
        Err(error) => return Err(Fail::Run { message: error.to_string(), advice: None }),
    };
    let mut each = hashes(&witnesses).into_iter();
    match (each.next(), each.next()) {
        (Some(FetchHash::Sha256(digest)), None) => Ok(digest),
        (Some(FetchHash::Blake3(_)), None) => unreachable!("SHA-256 was asked for"),
        (None, _) => {
            let why: Vec<String> = witnesses
                .iter()
                .filter_map(|it| Some(format!("{}: {}", it.url, it.found.as_ref().err()?)))
                .collect();
            let why = if why.is_empty() { url.to_owned() } else { why.join("; ") };
            Err(Fail::Run { message: harmless(&format!("no place gives it: {why}")), advice: None })
        }
        (Some(_), Some(_)) => Err(Fail::Run {
            message: harmless(&format!("the places of {url} give different files")),
            advice: Some("name one of them by its own URL".into()),
        }),
    }
}

/// Downloads and unpacks an archive into the store; returns where it is.
fn unpacked(
    workshop: &Workshop,
    common: &Common,
    terminal: Terminal,
    (url, hash): (&str, FetchHash),
    again: &Again,
) -> Result<PathBuf, Fail> {
    let (name, _) = called(url);
    let name = StoreName::new(format!("{name}-source")).or_else(|_| StoreName::new("source"));
    let Ok(name) = name else { return Err(Fail::Usage("it has no name".into())) };
    let unpack = Unpack::Tree { root: UnpackRoot::Auto, executables: Vec::new() };
    let mut graph = Graph::new();
    let derivation = graph.add(Node {
        derivation: Arc::new(Derivation::Fetch(Fetch { name, hash, unpack })),
        title: format!("source of {}", called(url).0),
        urls: vec![url.to_owned()],
        import: None,
        limits: Limits::default(),
    });
    let output = OutputName::default_output();
    let wanted = [InputRef { derivation, output: output.clone() }];
    let progress = Progress::new(terminal, false, common.quiet);
    let result =
        workshop.try_realise(&graph, &wanted, &Building::default(), &|it| progress.event(it));
    progress.finish();
    let outcome = result.map_err(|error| show_error(error, &terminal, again))?;
    let Some(found) = outcome.object(&derivation, &output) else {
        return Err(Fail::Usage(format!("{} is empty", harmless(url))));
    };
    Ok(workshop.store.host_path(&found.path))
}

#[cfg(test)]
mod tests {
    use super::called;

    #[test]
    fn archives_say_name_and_version() {
        let cases = [
            ("https://example.test/hello-2.10.tar.gz", "hello", Some("2.10")),
            ("mirror://debian/pool/main/h/hello/hello_2.10.orig.tar.xz", "hello", Some("2.10")),
            ("https://example.test/me/hello/archive/refs/tags/v2.10.tar.gz", "hello", Some("2.10")),
            ("https://example.test/lib-a-b-1.0-rc1.tgz?x=1", "lib-a-b", Some("1.0-rc1")),
            ("https://example.test/plain.zip", "plain", None),
            ("mirror://crates/hexyl-0.16.0.crate", "hexyl", Some("0.16.0")),
            ("", "", None),
        ];
        for (what, name, version) in cases {
            let (found, of) = called(what);
            assert_eq!((found.as_str(), of.as_deref()), (name, version), "{what}");
        }
    }
}
