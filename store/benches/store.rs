//! How long the store takes for what it does most. `cargo bench -p kiln-store [FILTER]`.
//!
//! Each line is the best of several rounds. Numbers of one machine on one day compare with each
//! other only; what a disk does in between is in all of them.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use kiln_store::{
    ActionId, Build, BuildError, BuildKind, BuildRequest, Builder, Built, Cancel, Derivation,
    DerivationId, FetchError, FetchRequest, Fetched, Fetcher, Graph, InputRef, Inputs, Label,
    Limits, LocalStore, Node, ObjectId, OnFailure, Origin, OutputName, OutputTree, Piece,
    PlaceError, PlaceOutputs, Placed, Realisation, RealiseOptions, RealiseRequest, ReferenceSearch,
    Registration, SANDBOX_ABI, STORE_DIR, Session, Step, StepName, Store, StoreName, StorePath,
    System, Template, realise,
};

/// A benchmark, given an empty folder.
type Bench = fn(&Path);

fn main() {
    let filter = std::env::args().skip(1).find(|it| !it.starts_with('-')).unwrap_or_default();
    let folder =
        std::env::var_os("KILN_BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let benches: [(&str, Bench); 9] = [
        ("encode", encode),
        ("scan", scan),
        ("open", open),
        ("ingest-small", ingest_small),
        ("ingest-large", ingest_large),
        ("register", register),
        ("resolve", resolve),
        ("action", action),
        ("gc", gc),
    ];
    println!("{:<44} {:>12} {:>16}", "", "time", "rate");
    for (name, bench) in benches {
        if name.contains(&filter) {
            let temp = Temp::new(&folder);
            bench(&temp.0);
        }
    }
}

/// A folder that goes with everything in it.
struct Temp(PathBuf);

impl Temp {
    fn new(parent: &Path) -> Self {
        let path = parent.join(format!("kiln-bench-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Temp(path)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        open_folders(&self.0);
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open_folders(path: &Path) {
    if fs::symlink_metadata(path).is_ok_and(|it| it.is_dir()) {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o755));
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            open_folders(&entry.path());
        }
    }
}

/// Prints the best time of several rounds, and how many units a second that is.
fn report(name: &str, rounds: &[Duration], units: f64, unit: &str) {
    let best = rounds.iter().min().unwrap().as_secs_f64();
    let time = match best {
        it if it < 1e-3 => format!("{:.1} µs", it * 1e6),
        it if it < 1.0 => format!("{:.2} ms", it * 1e3),
        it => format!("{it:.3} s"),
    };
    let rate = match units / best {
        it if it >= 1e9 => format!("{:.2} G{unit}/s", it / 1e9),
        it if it >= 1e6 => format!("{:.2} M{unit}/s", it / 1e6),
        it if it >= 1e3 => format!("{:.1} k{unit}/s", it / 1e3),
        it => format!("{it:.1} {unit}/s"),
    };
    println!("{name:<44} {time:>12} {rate:>16}");
}

fn time(rounds: usize, mut run: impl FnMut()) -> Vec<Duration> {
    (0..rounds)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect()
}

fn name(text: &str) -> StoreName {
    StoreName::new(text).unwrap()
}

fn out() -> OutputName {
    OutputName::default_output()
}

/// Bytes that do not repeat.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

fn node(name_text: &str, inputs: Inputs<InputRef>, script: Template) -> Node {
    Node {
        derivation: Derivation::Build(Build {
            name: name(name_text),
            kind: BuildKind::Build,
            outputs: vec![out()],
            system: System::new("x86_64-linux").unwrap(),
            inputs,
            sources: BTreeMap::new(),
            links: BTreeMap::new(),
            env: BTreeMap::new(),
            steps: vec![Step {
                name: StepName::new("build").unwrap(),
                argv: vec![Template::text("/bin/sh")],
                script: Some(script),
            }],
            sandbox_abi: SANDBOX_ABI,
        })
        .into(),
        title: name_text.to_owned(),
        urls: Vec::new(),
        import: None,
        limits: Limits { cores: 1, ..Limits::default() },
    }
}

/// A script that writes something below the output.
fn write(what: &str) -> Template {
    let write = Piece::Text("write ".into());
    Template::from_pieces([write, Piece::Output(out()), Piece::Text(what.into())])
}

/// A graph of so many builds, each with up to ten inputs among those before it.
fn graph(count: usize) -> (Graph, Vec<DerivationId>) {
    let mut graph = Graph::new();
    let mut ids: Vec<DerivationId> = Vec::new();
    for number in 0..count {
        let mut inputs = Inputs::default();
        let script = write(&format!("/file number {number}\n"));
        for back in [1, 2, 3, 5, 8, 13, 21, 34, 55, 89] {
            if let Some(at) = number.checked_sub(back) {
                let label = Label::new(format!("input{back}")).unwrap();
                inputs.insert(label, InputRef { derivation: ids[at], output: out() });
            }
        }
        ids.push(graph.add(node(&format!("p{number}"), inputs, script)));
    }
    (graph, ids)
}

fn encode(_: &Path) {
    let (graph, _) = graph(1000);
    let rounds = time(5, || {
        for node in graph.nodes() {
            std::hint::black_box(node.derivation.id());
        }
    });
    report("encode and hash 1,000 derivations", &rounds, 1000.0, "");
}

fn scan(_: &Path) {
    const BYTES: usize = 256 << 20;
    let ids: Vec<ObjectId> = inputs().into_iter().collect();
    let paths: Vec<StorePath> = ids.iter().map(|it| StorePath::of_object(it, &name("x"))).collect();
    let search = ReferenceSearch::new(&paths);
    let mut program = noise(BYTES, 1);
    // Programs are zeros and short texts rather than noise.
    program.chunks_mut(4096).skip(1).step_by(3).for_each(|it| it.fill(0));
    let digest = paths[7].digest().as_bytes();
    program[1_000_000..1_000_032].copy_from_slice(digest);
    let letters = |bytes: &[u8], of: &[u8]| -> Vec<u8> {
        bytes.iter().map(|it| of[usize::from(*it) % of.len()]).collect()
    };
    let text = letters(
        &program,
        b"the quick brown fox jumps over lazy dogs, 0123456789 times
",
    );
    let hex = letters(&program, b"0123456789abcdef");
    for (kind, bytes, count) in [("programs", &program, 1), ("text", &text, 0), ("hex", &hex, 0)] {
        let rounds = time(3, || assert_eq!(search.find(bytes).len(), count));
        report(&format!("search {kind} for 500 references"), &rounds, BYTES as f64, "B");
    }
}

fn open(folder: &Path) {
    let root = folder.join("store");
    drop(LocalStore::open(&root).unwrap());
    let rounds = time(50, || drop(LocalStore::open(&root).unwrap()));
    report("open a store", &rounds, 1.0, "");
}

/// Makes a tree of files of 4 KiB, a hundred in a folder.
fn small_files(root: &Path, count: u64, seed: u64) {
    for number in 0..count {
        let folder = root.join((number / 100).to_string());
        if number % 100 == 0 {
            fs::create_dir_all(&folder).unwrap();
        }
        fs::write(folder.join(number.to_string()), noise(4096, seed + number)).unwrap();
    }
}

fn place(
    session: &dyn Session,
    build: &str,
    parent: &Path,
    entry: &str,
    inputs: &BTreeSet<ObjectId>,
) -> Result<Placed, PlaceError> {
    let fd = fs::File::open(parent).unwrap().into();
    let outputs = [(out(), OutputTree { parent: fd, name: entry.into() })].into();
    let scratch = [(out(), StorePath::scratch(&name(build), &out(), 0))].into();
    let mut placed = session.place_outputs(PlaceOutputs {
        name: &name(build),
        outputs: &outputs,
        scratch: &scratch,
        uid: nix::unistd::geteuid().as_raw(),
        inputs,
        bytes_max: u64::MAX,
        cancel: &Cancel::new().unwrap(),
    })?;
    Ok(placed.remove(&out()).unwrap())
}

fn register_and_wait(session: &dyn Session, number: u64, placed: &Placed) {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&number.to_le_bytes());
    let outputs = [(out(), placed.id)].into();
    let realisation = Realisation { action: ActionId(id), outputs };
    let registration = Registration {
        objects: vec![placed.clone()],
        realisation: Some((realisation, Origin::Here { duration_ms: 1 })),
        ..Registration::default()
    };
    let (sender, receiver) = mpsc::channel();
    session.register(registration, Box::new(move |it| sender.send(it).unwrap()));
    receiver.recv().unwrap().unwrap();
}

/// Ids of a closure of ordinary size, to be looked for.
fn inputs() -> BTreeSet<ObjectId> {
    (0..500_u32).map(|it| ObjectId(*blake3::hash(&it.to_le_bytes()).as_bytes())).collect()
}

fn ingest_small(folder: &Path) {
    const COUNT: u64 = 10_000;
    let store = LocalStore::open(&folder.join("store")).unwrap();
    let session = store.session().unwrap();
    let inputs = inputs();
    let rounds: Vec<Duration> = (0..3)
        .map(|round| {
            let entry = round.to_string();
            small_files(&folder.join(&entry), COUNT, round * COUNT);
            nix::unistd::sync();
            let start = Instant::now();
            let placed = place(&*session, "small", folder, &entry, &inputs).unwrap();
            register_and_wait(&*session, round, &placed);
            start.elapsed()
        })
        .collect();
    report("ingest 10,000 × 4 KiB, durable", &rounds, COUNT as f64, "file");
    let again = time(5, || {
        let placed = place(&*session, "small", folder, "2", &inputs).unwrap();
        register_and_wait(&*session, 9, &placed);
    });
    report("ingest the same once more", &again, COUNT as f64, "file");
    let ratio =
        rounds.iter().min().unwrap().as_secs_f64() / again.iter().min().unwrap().as_secs_f64();
    println!("{:<44} {ratio:>11.1}×", "  ratio");
    fs::write(folder.join("2/0/one-more"), "x").unwrap();
    let more = time(1, || {
        let placed = place(&*session, "small", folder, "2", &inputs).unwrap();
        register_and_wait(&*session, 10, &placed);
    });
    report("ingest the same and one file more", &more, COUNT as f64, "file");
}

fn ingest_large(folder: &Path) {
    const BYTES: usize = 512 << 20;
    let store = LocalStore::open(&folder.join("store")).unwrap();
    let session = store.session().unwrap();
    fs::create_dir(folder.join("large")).unwrap();
    for number in 0..4 {
        fs::write(folder.join(format!("large/{number}")), noise(BYTES / 4, number)).unwrap();
    }
    nix::unistd::sync();
    let inputs = inputs();
    let first = time(1, || {
        let placed = place(&*session, "large", folder, "large", &inputs).unwrap();
        register_and_wait(&*session, 1, &placed);
    });
    report("ingest 512 MiB in 4 files, durable", &first, BYTES as f64, "B");
    let again = time(2, || {
        place(&*session, "large", folder, "large", &inputs).unwrap();
    });
    report("ingest the same once more", &again, BYTES as f64, "B");
    let text: Vec<u8> =
        noise(BYTES / 4, 9).iter().map(|it| b"0123456789abcdef"[usize::from(it & 15)]).collect();
    fs::create_dir(folder.join("text")).unwrap();
    fs::write(folder.join("text/hex"), text).unwrap();
    let hex = time(1, || {
        place(&*session, "text", folder, "text", &inputs).unwrap();
    });
    report("ingest 128 MiB of hexadecimal digits", &hex, BYTES as f64 / 4.0, "B");
}

fn register(folder: &Path) {
    let store = LocalStore::open(&folder.join("store")).unwrap();
    let session = store.session().unwrap();
    let make = |number: u64| {
        let entry = folder.join(number.to_string());
        fs::write(&entry, number.to_string()).unwrap();
        place(&*session, "tiny", folder, &number.to_string(), &BTreeSet::new()).unwrap()
    };
    let placed: Vec<Placed> = (0..1000).map(make).collect();
    let one = time(1, || register_and_wait(&*session, 0, &placed[0]));
    report("register one object, durable", &one, 1.0, "");
    let (sender, receiver) = mpsc::channel();
    let many = time(1, || {
        for placed in &placed[1..] {
            let registration =
                Registration { objects: vec![placed.clone()], ..Registration::default() };
            let sender = sender.clone();
            session.register(registration, Box::new(move |it| sender.send(it).unwrap()));
        }
        for _ in &placed[1..] {
            receiver.recv().unwrap().unwrap();
        }
    });
    report("register 999 objects, each on its own", &many, 999.0, "");
}

/// Writes `/file` with the last line of the script into each output.
struct Fake {
    folder: PathBuf,
}

impl Builder for Fake {
    fn build(&self, request: &BuildRequest<'_>) -> Result<Built, BuildError> {
        let folder = self.folder.join(request.id.to_string());
        fs::create_dir(&folder).unwrap();
        let script = request.action.steps[0].script.as_ref().unwrap().render(|it| match it {
            Piece::Input(label) => request.input_paths[label].absolute(),
            Piece::Output(output) => request.scratch[output].absolute(),
            Piece::Text(_) => String::new(),
        });
        let (path, text) = script.strip_prefix("write ").unwrap().split_once(' ').unwrap();
        let path = folder.join(path.strip_prefix(STORE_DIR).unwrap().trim_start_matches('/'));
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        let tree = |path: &StorePath| OutputTree {
            parent: fs::File::open(&folder).unwrap().into(),
            name: path.as_str().into(),
        };
        let outputs = request.scratch.iter().map(|(output, path)| (output.clone(), tree(path)));
        Ok(Built { outputs: outputs.collect(), uid: nix::unistd::geteuid().as_raw() })
    }
}

struct NoFetcher;

impl Fetcher for NoFetcher {
    fn fetch(&self, _: &FetchRequest<'_>) -> Result<Fetched, FetchError> {
        Err(FetchError::Cancelled)
    }
}

fn run(store: &dyn Store, folder: &Path, graph: &Graph, wanted: &[DerivationId], builds: usize) {
    let wanted: Vec<InputRef> =
        wanted.iter().map(|it| InputRef { derivation: *it, output: out() }).collect();
    let builder = Fake { folder: folder.to_owned() };
    let request = RealiseRequest {
        graph,
        wanted: &wanted,
        builder: &builder,
        fetcher: &NoFetcher,
        substituters: &[],
        options: RealiseOptions {
            builds_max: NonZeroUsize::new(builds).unwrap(),
            on_failure: OnFailure::Stop,
            ..RealiseOptions::default()
        },
        events: &|_| (),
        cancel: &Cancel::new().unwrap(),
    };
    realise(store, &request).unwrap();
}

fn resolve(folder: &Path) {
    let store = LocalStore::open(&folder.join("store")).unwrap();
    let builds = folder.join("builds");
    fs::create_dir(&builds).unwrap();
    let (graph, ids) = graph(1000);
    let first = time(1, || run(&store, &builds, &graph, &ids[999..], 2));
    report("realise 1,000 trivial builds in a lattice", &first, 1000.0, "");
    let memo = time(20, || run(&store, &builds, &graph, &ids[999..], 2));
    report("the same again: all there", &memo, 1.0, "");
    let all = time(5, || run(&store, &builds, &graph, &ids, 2));
    report("the same, all 1,000 wanted", &all, 1000.0, "");
    let rounds: Vec<Duration> = (0..3)
        .map(|_| {
            store.rebuild_index().unwrap();
            let start = Instant::now();
            run(&store, &builds, &graph, &ids[999..], 2);
            start.elapsed()
        })
        .collect();
    report("the same without memos: 1,000 resolved", &rounds, 1000.0, "");
    let rounds = time(3, || {
        store.rebuild_index().unwrap();
    });
    report("rebuild the index of 1,000 objects", &rounds, 1000.0, "");
    let rounds = time(3, || {
        assert!(store.verify(&|_| true).unwrap().is_sound());
    });
    report("verify 1,000 objects", &rounds, 1000.0, "");
}

fn action(folder: &Path) {
    for (builds, count) in [(1, 300_usize), (2, 300), (8, 300)] {
        let folder = folder.join(builds.to_string());
        fs::create_dir(&folder).unwrap();
        let store = LocalStore::open(&folder.join("store")).unwrap();
        let mut graph = Graph::new();
        let ids: Vec<DerivationId> = (0..count)
            .map(|number| {
                let script = write(&format!("/file number {number}"));
                graph.add(node(&format!("t{number}"), Inputs::default(), script))
            })
            .collect();
        let rounds = time(1, || run(&store, &folder, &graph, &ids, builds));
        let each: Vec<Duration> = rounds.iter().map(|it| *it / count as u32).collect();
        report(&format!("a trivial action, {builds} at a time"), &each, 1.0, "");
    }
}

fn gc(folder: &Path) {
    let store = LocalStore::open(&folder.join("store")).unwrap();
    let builds = folder.join("builds");
    fs::create_dir(&builds).unwrap();
    let (graph, ids) = graph(1000);
    run(&store, &builds, &graph, &ids[999..], 2);
    let options = kiln_store::GcOptions { grace_s: 0, is_dry_run: true, ..Default::default() };
    let rounds = time(5, || {
        store.gc(&options, &|| true).unwrap();
    });
    report("find what is dead among 1,000 objects", &rounds, 1000.0, "");
    let options = kiln_store::GcOptions { is_dry_run: false, ..options };
    let rounds = time(1, || {
        store.gc(&options, &|| true).unwrap();
    });
    report("collect 1,000 objects", &rounds, 1000.0, "");
}
