//! The sandbox as the store's builder: outputs become objects, and objects inputs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_sandbox::{Sandbox, SandboxOptions, Scratch};
use kiln_store::{
    Build, BuildKind, Cancel, Derivation, FetchError, FetchRequest, Fetched, Fetcher, FileEntry,
    Graph, Import, ImportSource, InputRef, Limits, LocalStore, Node, ObjectId, OutputName, Piece,
    RealiseOptions, RealiseRequest, SANDBOX_ABI, Step, StepName, Store as _, StoreName, System,
    Template, realise,
};
use libtest_mimic::{Failed, Trial};

use crate::fixture::{fresh_folder, label, options, program_object, sandbox, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a store realises builds, one of which uses the other", in_memory),
        trial("a store realises builds whose folders are on disk", on_disk),
    ]
}

fn in_memory() -> Result<(), Failed> {
    check(sandbox())
}

fn on_disk() -> Result<(), Failed> {
    let scratch = Scratch::Disk { folder: fresh_folder().join("scratch") };
    check(&Sandbox::new(SandboxOptions { scratch, ..options() }))
}

struct NoFetcher;

impl Fetcher for NoFetcher {
    fn fetch(&self, _: &FetchRequest<'_>) -> Result<Fetched, FetchError> {
        panic!("nothing is fetched here")
    }
}

/// Returns the files below a folder, by path.
fn files(folder: &Path, prefix: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            found.extend(files(&entry.path(), &format!("{name}/")));
        } else {
            found.push((name, entry.path()));
        }
    }
    found
}

fn import(graph: &mut Graph, name: &str, folder: &Path) -> InputRef {
    let name = StoreName::new(name).unwrap();
    let files: Vec<(String, Vec<u8>, bool)> = files(folder, "")
        .into_iter()
        .map(|(name, path)| {
            let executable = fs::metadata(&path).unwrap().permissions().mode() & 0o111 != 0;
            (name, fs::read(path).unwrap(), executable)
        })
        .collect();
    let entries = files.iter().map(|(name, bytes, executable)| {
        (name.as_bytes(), FileEntry::File { bytes, executable: *executable })
    });
    let object = ObjectId::of_tree(&name, entries).unwrap();
    let derivation = Derivation::Import(Import { object, name });
    add(graph, derivation, Some(ImportSource::Path(folder.to_owned())))
}

fn add(graph: &mut Graph, derivation: Derivation, import: Option<ImportSource>) -> InputRef {
    let node = Node {
        title: derivation.name().to_string(),
        derivation: Arc::new(derivation),
        urls: Vec::new(),
        import,
        limits: Limits { disk_bytes_max: 64 << 20, ..Limits::default() },
    };
    InputRef { derivation: graph.add(node), output: OutputName::default_output() }
}

fn build(graph: &mut Graph, name: &str, inputs: &[(&str, &InputRef)], probe: &str) -> InputRef {
    let at = |input: &str, below: &str| {
        Template::from_pieces([Piece::Input(label(input)), Piece::Text(below.into())])
    };
    let loader = fs::read_dir(program_object().host_path.join("lib"))
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .find(|it| it.starts_with("ld-"))
        .unwrap();
    let mut argv = vec![at("probe", "/bin/probe"), Template::text("probe"), Template::text(probe)];
    argv.extend(inputs.iter().filter(|it| it.0 != "probe").map(|it| at(it.0, "")));
    let derivation = Derivation::Build(Build {
        name: StoreName::new(name).unwrap(),
        kind: BuildKind::Build,
        outputs: vec![OutputName::default_output()],
        system: System::new(format!("{}-linux", std::env::consts::ARCH)).unwrap(),
        inputs: inputs.iter().map(|(name, input)| (label(name), (*input).clone())).collect(),
        sources: BTreeMap::new(),
        links: [(crate::fixture::loader_path(), at("probe", &format!("/lib/{loader}")))].into(),
        env: [(kiln_store::EnvName::new("LD_LIBRARY_PATH").unwrap(), at("probe", "/lib"))].into(),
        steps: vec![Step { name: StepName::new(probe).unwrap(), argv, script: None }],
        sandbox_abi: SANDBOX_ABI,
    });
    add(graph, derivation, None)
}

fn check(sandbox: &Sandbox) -> Result<(), Failed> {
    let store = LocalStore::open(&fresh_folder().join("kiln"))?;
    let mut graph = Graph::new();
    let probe = import(&mut graph, "probe", &program_object().host_path);
    let first = build(&mut graph, "first", &[("probe", &probe)], "write-output");
    let second =
        build(&mut graph, "second", &[("probe", &probe), ("first", &first)], "copy-to-output");
    let outcome = realise(
        &store,
        &RealiseRequest {
            graph: &graph,
            wanted: std::slice::from_ref(&second),
            builder: sandbox,
            fetcher: &NoFetcher,
            substituters: &[],
            options: RealiseOptions::default(),
            events: &|_| {},
            cancel: &Cancel::new()?,
        },
    )?;
    let output = outcome.object(&second.derivation, &second.output).unwrap();
    let folder = store.host_path(&output.path);
    assert_eq!(fs::read_to_string(folder.join("copy"))?, "made\n");
    Ok(())
}
