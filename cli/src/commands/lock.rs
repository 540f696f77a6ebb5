//! `kiln lock`: writes the choices that were made for a project; and `kiln eval --diff-lock`, which
//! shows what is chosen otherwise.

use kiln_eval::{
    Influencer, Lock, LockChange, LockRecorder, LockedPackage, Preferences, RequestKind, Setup,
    Solution,
};
use serde_json::{Value, json};

use crate::args::{Common, Layers, Wishes};
use crate::data::{Data, Format};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::lockfile::LockFile;
use crate::terminal::{Terminal, print};
use crate::workspace::{Solved, Workspace};

/// What is asked of `kiln lock`.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    /// Packages to choose anew; an empty name stands for all.
    pub(crate) update: &'a [String],
    pub(crate) only: bool,
    pub(crate) check: bool,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    specs: &[String],
    layers: &Layers,
    how: How<'_>,
) -> Result<Exit, Fail> {
    let workspace = Workspace::open(layers, terminal, common.quiet)?;
    let Some(lock_file) = &workspace.lock_file else {
        return Err(Fail::Usage(
            "a lock stands beside a project, and there is no project.kiln here or above: write one, or \
             name it by --project"
                .into(),
        ));
    };
    let before = workspace.lock()?;
    let prefer = preferences(&workspace, before.as_ref(), how.update)?;
    let solved = requests(&workspace, before.as_ref(), specs, how.only, &prefer)?;
    let mut recorder = LockRecorder::new(&workspace.db, &lock_file.folder());
    for (kind, wants, it) in &solved {
        let derived = workspace.derive_unlocked(it)?;
        recorder.add(*kind, wants.clone(), &it.solution, &derived);
    }
    let now = recorder.finish();
    let changes = before.as_ref().map(|it| it.replaced_by(&now)).unwrap_or_default();
    let text = now.write();
    let is_current = before.is_some() && *workspace.db.text(lock_file.file) == text;
    if !common.quiet || how.check {
        print(&lines(&changes));
        for package in how.update.iter().filter(|it| !it.is_empty()) {
            if let Some(before) = &before {
                print(&unmoved(&workspace, before, &now, &solved, package));
            }
        }
    }
    if !is_current && !how.check {
        lock_file.write(&workspace.db, &text)?;
    }
    say(lock_file, &now, common, is_current, how.check);
    Ok(if is_current || !how.check { Exit::Done } else { Exit::Author })
}

fn say(lock_file: &LockFile, now: &Lock, common: &Common, is_current: bool, check: bool) {
    let name = lock_file.shown();
    let count = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let holds = format!(
        "{}, {}",
        count(now.requests.len(), "request"),
        count(now.packages().count(), "package")
    );
    match (is_current, check) {
        _ if common.quiet => {}
        (true, _) => eprintln!("{name} is up to date: {holds}"),
        (false, true) => eprintln!("{name} would be written: {holds}"),
        (false, false) => eprintln!("wrote {name}: {holds}"),
    }
}

/// What is preferred: all that was locked, but what is to be chosen anew.
fn preferences(
    workspace: &Workspace,
    before: Option<&Lock>,
    update: &[String],
) -> Result<Preferences, Fail> {
    let Some(before) = before else {
        return match update {
            [] => Ok(Preferences::default()),
            _ => Err(workspace.no_lock("--update")),
        };
    };
    let mut prefer = before.preferences();
    for package in update {
        if package.is_empty() {
            return Ok(Preferences::default());
        }
        let mut names: Vec<&str> = before.packages().map(LockedPackage::package).collect();
        if !names.contains(&package.as_str()) {
            names.sort_unstable();
            names.dedup();
            let near = kiln_lang::nearest(package, names.iter().copied());
            return Err(Fail::NotFound {
                message: format!(
                    "no package `{package}` is locked{}",
                    kiln_lang::did_you_mean(&near)
                ),
                advice: workspace
                    .db
                    .package(package)
                    .map(|_| "what is not locked is chosen by `kiln lock` alone".into()),
            });
        }
        prefer.forget(package);
    }
    Ok(prefer)
}

/// Everything to lock, solved.
fn requests(
    workspace: &Workspace,
    before: Option<&Lock>,
    specs: &[String],
    only: bool,
    prefer: &Preferences,
) -> Result<Vec<(RequestKind, Vec<String>, Solved)>, Fail> {
    let setup = Setup { prefer: prefer.clone(), ..workspace.setup()? };
    let mut solved = Vec::new();
    let mut add = |kind: RequestKind, wants: Option<Vec<String>>, setup: Setup| {
        let it = workspace.solve_setup(setup, kind, None).inspect_err(|_| {
            if kind == RequestKind::Published {
                let specs: Vec<String> = wants.iter().flatten().cloned().collect();
                eprintln!("this is of what is published: {}", kiln_lang::list(&specs, "and"));
            }
        })?;
        let wants = wants.unwrap_or_else(|| it.wants());
        solved.push((kind, wants, it));
        Ok::<(), Fail>(())
    };
    if !setup.wishes.is_empty() {
        add(RequestKind::Project, None, setup.clone())?;
    }
    for wish in workspace.published(&setup)? {
        let spec = vec![wish.spec()];
        add(RequestKind::Published, Some(spec), Setup { wishes: vec![wish], ..setup.clone() })?;
    }
    let mut asked: Vec<Vec<String>> = Vec::new();
    let mut earlier_count = 0;
    if let Some(before) = before.filter(|_| !only) {
        let earlier = before.requests.iter().filter(|it| it.kind == RequestKind::Asked);
        asked.extend(earlier.map(|it| it.wants.clone()));
        earlier_count = asked.len();
    }
    let mut now = workspace.canonical(specs);
    now.sort();
    if !now.is_empty() && !asked.contains(&now) {
        asked.push(now);
    }
    for (at, wants) in asked.into_iter().enumerate() {
        let specs = kiln_lang::list(&wants, "and");
        let added = workspace.setup_of(&wants).and_then(|setup| {
            add(RequestKind::Asked, Some(wants), Setup { prefer: prefer.clone(), ..setup })
        });
        if added.is_err() && at < earlier_count {
            eprintln!(
                "this is of {specs}, which an earlier `kiln lock` was asked for; `kiln lock --only` drops that"
            );
        }
        added?;
    }
    if solved.is_empty() {
        return Err(Fail::Usage(
            "there is nothing to lock: add `want …` or `publish …` to the project, or name specs"
                .into(),
        ));
    }
    Ok(solved)
}

/// Why a package that was to be chosen anew is as it was.
fn unmoved(
    workspace: &Workspace,
    before: &Lock,
    now: &Lock,
    solved: &[(RequestKind, Vec<String>, Solved)],
    package: &str,
) -> String {
    let versions = |lock: &Lock| {
        let mut all: Vec<String> = lock
            .packages()
            .filter(|it| it.package() == package)
            .map(|it| it.version.clone())
            .collect();
        all.sort();
        all.dedup();
        all
    };
    let (old, new) = (versions(before), versions(now));
    if old != new || new.is_empty() {
        return String::new();
    }
    let newest = workspace
        .db
        .package(package)
        .and_then(|it| workspace.db.schema(it).versions.first().map(|it| it.version.to_string()));
    let list = kiln_lang::list(&new, "and").replace('`', "");
    if newest.is_some_and(|it| new.contains(&it)) {
        return format!("`{package}` stays at {list}, the newest that its recipe has\n");
    }
    let mut reasons: Vec<String> =
        solved.iter().flat_map(|it| reasons(&it.2.solution, package)).collect();
    reasons.sort();
    reasons.dedup();
    match reasons.is_empty() {
        true => format!("`{package}` stays at {list}\n"),
        false => format!("`{package}` stays at {list}: {}\n", reasons.join("; ")),
    }
}

/// What is asked of the versions of a package.
fn reasons(solution: &Solution, package: &str) -> Vec<String> {
    let nodes = solution.nodes.iter().filter(|it| it.package.name == package);
    nodes
        .flat_map(|it| it.version_history.iter())
        .filter(|it| !it.overruled && it.by != Influencer::Lock)
        .map(|it| format!("{}, `{}`", it.by.text(), it.text))
        .collect()
}

fn lines(changes: &[LockChange]) -> String {
    changes.iter().map(|it| format!("{}\n", it.text)).collect()
}

//------ differences

/// `kiln eval --diff-lock`: what is chosen otherwise than it is locked.
pub(crate) fn difference(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    format: Option<Format>,
) -> Result<Exit, Fail> {
    let workspace = Workspace::with(wishes, terminal, common.quiet)?;
    let Some(lock_file) = &workspace.lock_file else {
        return Err(workspace.no_lock("--diff-lock"));
    };
    if workspace.lock()?.is_none() {
        return Err(workspace.no_lock("--diff-lock"));
    }
    let solved = workspace.solve()?;
    let derived = workspace.derive_unlocked(&solved)?;
    let changes = workspace.changes(&solved, &derived);
    match format {
        Some(format) => {
            let changes: Vec<Value> = changes.iter().map(to_json).collect();
            let value = json!({"schema": "kiln-lock-diff/1", "changes": changes});
            print(&Data::from(value).write(format));
        }
        None if changes.is_empty() => {
            if !common.quiet {
                eprintln!("everything is chosen as {} has it", lock_file.shown());
            }
        }
        None => print(&lines(&changes)),
    }
    let fails = wishes.locking.locked && !changes.is_empty();
    Ok(if fails { Exit::Author } else { Exit::Done })
}

fn to_json(change: &LockChange) -> Value {
    json!({
        "kind": change.kind.word(),
        "package": change.package,
        "is_build_tool": change.is_tool,
        "text": change.text,
    })
}
