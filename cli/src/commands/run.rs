//! `kiln run`: builds a program and what it needs when it runs, if need be, and runs it with the
//! store at its place.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use kiln_sandbox::{EnterError, EnterRequest, enter};
use kiln_store::{InputObject, InputRef, LocalStore, ObjectId, StepStatus, Store as _, StorePath};

use crate::args::{Building, Common, Wishes};
use crate::config::Config;
use crate::evaluated::{Evaluated, Wanted, evaluate};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::progress::Progress;
use crate::recall::Recall;
use crate::starter::Starter;
use crate::terminal::Terminal;
use crate::workshop::{Again, Workshop, open_store, set_cores, there};

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    bin: Option<&str>,
    building: &Building,
    args: &[OsString],
) -> Result<Exit, Fail> {
    let config = Config::read(common.store.as_deref())?;
    let recall = Recall::of_question("what runs", &wishes.layers, &wishes);
    if let Some(known) = recall.as_ref().and_then(Recall::find)
        && let [wanted, ..] = &known[..]
    {
        let store = open_store(&config.store)?;
        let inputs: Vec<InputRef> = known.iter().map(|it| it.input.clone()).collect();
        if let Some(there) = there(&store, &inputs)? {
            return start(&store, &wanted.package, &there.objects, bin, args);
        }
    }
    let evaluated = evaluate(wishes, terminal, common.quiet)?;
    let Evaluated { workspace, mut derived, wanted, beside } = evaluated;
    set_cores(&mut derived, building);
    let Some(first) = wanted.into_iter().next() else {
        return Err(Fail::Usage(format!("`{}` names no package", wishes.specs.join(" "))));
    };
    let package = first.package.clone();
    let wanted: Vec<Wanted> = std::iter::once(first).chain(beside).collect();
    let workshop = Workshop::open(&config)?;
    let progress = Progress::new(terminal, false, common.quiet);
    let again = Again::of(wishes, &workspace.db);
    let inputs: Vec<InputRef> = wanted.iter().map(|it| it.input.clone()).collect();
    let outcome = workshop.realise(&derived, &inputs, building, &progress, &terminal, &again)?;
    let mut objects = Vec::new();
    for input in &inputs {
        let Some(output) = outcome.object(&input.derivation, &input.output) else {
            let message = format!("`{}` has no output", wishes.specs.join(" "));
            return Err(Fail::NotFound { message, advice: None });
        };
        objects.push((output.object, output.path.clone()));
    }
    if let Some(recall) = &recall {
        recall.keep(&workspace, &wanted);
    }
    start(&workshop.store, &package, &objects, bin, args)
}

/// Runs a program of the first of these objects with the store at its place; the others are what
/// it needs when it runs.
fn start(
    store: &LocalStore,
    package: &str,
    found: &[(ObjectId, StorePath)],
    bin: Option<&str>,
    args: &[OsString],
) -> Result<Exit, Fail> {
    let [(_, own), ..] = found else {
        return Err(Fail::Usage(format!("`{package}` is not there")));
    };
    let name = program(&store.host_path(own), package, bin)?;
    let ids: Vec<ObjectId> = found.iter().map(|it| it.0).collect();
    let mut objects = Vec::new();
    for id in store.closure(&ids)? {
        if let Some(info) = store.info(&id)? {
            let host_path = store.host_path(&info.path);
            objects.push(InputObject { path: info.path, host_path });
        }
    }
    let mut argv: Vec<OsString> = vec![format!("{}/bin/{name}", own.absolute()).into()];
    argv.extend(args.iter().cloned());
    // Programs of one package call each other, and those of what it needs when it runs.
    let folders: Vec<String> = found.iter().map(|it| format!("{}/bin", it.1.absolute())).collect();
    let mut path = OsString::from(folders.join(":"));
    if let Some(outer) = std::env::var_os("PATH") {
        path.push(":");
        path.push(outer);
    }
    let env = [("PATH".into(), path)];
    let request = EnterRequest {
        objects: &objects,
        argv: &argv,
        env: &env,
        helper: Path::new("/proc/self/exe"),
    };
    match enter(&request) {
        Ok(StepStatus::Code(code)) => Ok(Exit::Program(code.clamp(0, 255) as u8)),
        Ok(StepStatus::Signal(signal)) => Ok(Exit::Program((128 + signal).clamp(0, 255) as u8)),
        Err(EnterError::Refused { cause, advice, check }) => Err(Fail::Run {
            message: format!("the store cannot be shown at its place: {cause}"),
            advice: Some(format!("{advice}; to check: {check}")),
        }),
        Err(error) => {
            // The kernel says so of the program, too, where what it needs first is missing.
            let starter = match &error {
                EnterError::NotRun { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                    Starter::missing(Path::new(&argv[0]), &objects)
                }
                _ => None,
            };
            Err(match starter {
                Some(starter) => starter.into_fail(&name),
                None => Fail::Run { message: error.to_string(), advice: None },
            })
        }
    }
}

/// The program to run: the one that is asked for, or that is called as the package, or the only one.
fn program(host: &Path, package: &str, bin: Option<&str>) -> Result<String, Fail> {
    let folder = host.join("bin");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|it| it.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(Fail::NotFound {
            message: format!("`{package}` has no programs: there is nothing in its `bin`"),
            advice: Some("`kiln realise` shows where its files are".into()),
        });
    }
    let found = match bin {
        Some(bin) => names.iter().find(|it| *it == bin),
        None => names.iter().find(|it| *it == package).or(if names.len() == 1 {
            names.first()
        } else {
            None
        }),
    };
    match found {
        Some(name) => Ok(name.clone()),
        None => {
            let wrong = bin.unwrap_or(package);
            let near = kiln_lang::nearest(wrong, names.iter().map(String::as_str));
            let shown: Vec<&String> = names.iter().take(12).collect();
            let more = if names.len() > 12 { ", …" } else { "" };
            Err(Fail::NotFound {
                message: format!(
                    "`{package}` has no program `{wrong}`{}",
                    kiln_lang::did_you_mean(&near)
                ),
                advice: Some(format!(
                    "choose one with --bin: {}{more}",
                    kiln_lang::list(&shown, "or")
                )),
            })
        }
    }
}
