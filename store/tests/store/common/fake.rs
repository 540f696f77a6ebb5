//! A builder and a fetcher that need no sandbox and no network.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kiln_store::{
    Attempt, Build, BuildError, BuildKind, BuildProgress, BuildRequest, Builder, Built, Cancel,
    Derivation, DerivationId, Event, Fetch, FetchError, FetchHash, FetchProgress, FetchRequest,
    Fetched, Fetcher, Graph, Import, ImportSource, InputRef, Inputs, Label, Limits, Node, ObjectId,
    OnFailure, OutputName, OutputTree, Piece, RealiseError, RealiseOptions, RealiseRequest,
    SANDBOX_ABI, STORE_DIR, Step, StepName, StepStatus, Store, StorePath, Substituter, System,
    Template, Unpack, UnpackRoot,
};

use super::{make_tree, name, output};

/// Runs scripts of one command a line:
///
/// ```text
/// write PATH TEXT      link PATH TARGET     copy FROM PATH     exec PATH TEXT
/// print TEXT           fail CODE            chance PATH        wait
/// reverse PATH TEXT
/// ```
pub(crate) struct FakeBuilder {
    folder: PathBuf,
    /// The names of what was built, in order.
    pub(crate) built: Mutex<Vec<String>>,
    count: AtomicU64,
    /// Called when a build begins.
    pub(crate) on_build: Box<dyn Fn(&str) + Sync + Send>,
}

impl FakeBuilder {
    pub(crate) fn new(folder: &Path) -> Self {
        FakeBuilder {
            folder: folder.to_owned(),
            built: Mutex::default(),
            count: AtomicU64::new(0),
            on_build: Box::new(|_| ()),
        }
    }

    /// Returns the names of what was built since the last call, sorted.
    pub(crate) fn take_built(&self) -> String {
        let mut built = std::mem::take(&mut *self.built.lock().unwrap());
        built.sort();
        built.join(" ")
    }
}

impl Builder for FakeBuilder {
    fn build(&self, request: &BuildRequest<'_>) -> Result<Built, BuildError> {
        self.built.lock().unwrap().push(request.action.name.to_string());
        (self.on_build)(request.action.name.as_str());
        let root = self.folder.join(self.count.fetch_add(1, Ordering::SeqCst).to_string());
        fs::create_dir_all(&root).unwrap();
        let find = |path: &str| -> PathBuf {
            let below = path.strip_prefix(STORE_DIR).unwrap().trim_start_matches('/');
            let (base, rest) = below.split_once('/').unwrap_or((below, ""));
            let known = request.inputs.iter().find(|it| it.path.as_str() == base);
            let host = known.map_or_else(|| root.join(base), |it| it.host_path.clone());
            if rest.is_empty() { host } else { host.join(rest) }
        };
        for (index, step) in request.action.steps.iter().enumerate() {
            (request.progress)(BuildProgress { step: step.name.clone(), index });
            let script = step.script.clone().unwrap_or_default().render(|it| match it {
                Piece::Input(label) => request.input_paths[label].absolute(),
                Piece::Output(output) => request.scratch[output].absolute(),
                Piece::Text(_) => unreachable!(),
            });
            for line in script.lines() {
                if request.cancel.is_set() {
                    return Err(BuildError::Cancelled);
                }
                let mut words = line.trim().splitn(3, ' ');
                let (command, path, text) = (
                    words.next().unwrap_or_default(),
                    words.next().unwrap_or_default(),
                    words.next().unwrap_or_default(),
                );
                let parent = |it: &Path| fs::create_dir_all(it.parent().unwrap()).unwrap();
                match command {
                    "" => {}
                    "write" | "exec" => {
                        let target = find(path);
                        parent(&target);
                        fs::write(&target, text).unwrap();
                        if command == "exec" {
                            use std::os::unix::fs::PermissionsExt as _;
                            fs::set_permissions(&target, fs::Permissions::from_mode(0o755))
                                .unwrap();
                        }
                    }
                    "link" => {
                        let target = find(path);
                        parent(&target);
                        std::os::unix::fs::symlink(text, target).unwrap();
                    }
                    "reverse" => {
                        let target = find(path);
                        parent(&target);
                        fs::write(&target, text.chars().rev().collect::<String>()).unwrap();
                    }
                    "copy" => {
                        let target = find(text);
                        parent(&target);
                        fs::write(&target, fs::read(find(path)).unwrap()).unwrap();
                    }
                    "chance" => {
                        let target = find(path);
                        parent(&target);
                        // Always as long: another length would be one more difference.
                        let time = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
                        fs::write(&target, format!("{time:030} {text}")).unwrap();
                    }
                    "print" => {
                        let line = format!("{path} {text}\n");
                        request.log.lock().unwrap().write_all(line.as_bytes()).unwrap();
                    }
                    "fail" => {
                        return Err(BuildError::StepFailed {
                            step: step.name.clone(),
                            index,
                            status: StepStatus::Code(path.parse().unwrap()),
                        });
                    }
                    "wait" => {
                        while !request.cancel.is_set() {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                        return Err(BuildError::Cancelled);
                    }
                    other => panic!("`{other}` is no command"),
                }
            }
        }
        let outputs = request
            .scratch
            .iter()
            .map(|(output, path)| {
                let parent = OwnedFd::from(fs::File::open(&root).unwrap());
                (output.clone(), OutputTree { parent, name: path.as_str().into() })
            })
            .collect();
        Ok(Built { outputs, uid: nix::unistd::geteuid().as_raw() })
    }
}

/// Gives trees, as texts, by the first byte of their hash.
#[derive(Default)]
pub(crate) struct FakeFetcher {
    pub(crate) trees: Mutex<BTreeMap<u8, String>>,
    pub(crate) fetched: Mutex<Vec<String>>,
}

impl Fetcher for FakeFetcher {
    fn fetch(&self, request: &FetchRequest<'_>) -> Result<Fetched, FetchError> {
        self.fetched.lock().unwrap().push(request.fetch.name.to_string());
        let url = request.urls.first().cloned().unwrap_or_default();
        (request.progress)(FetchProgress::Trying { url: url.clone() });
        let FetchHash::Blake3(hash) = request.fetch.hash else { panic!("only blake3 here") };
        let trees = self.trees.lock().unwrap();
        let Some(tree) = trees.get(&hash[0]) else {
            return Err(FetchError::Unreachable {
                expected: request.fetch.hash.to_string(),
                attempts: vec![Attempt { url, reason: "404".to_owned() }],
                setting: None,
            });
        };
        make_tree(request.target, tree);
        (request.progress)(FetchProgress::Unpacking);
        Ok(Fetched { url, bytes: 5 })
    }
}

/// A graph that is put together by names.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) graph: Graph,
    pub(crate) ids: BTreeMap<String, DerivationId>,
}

/// One build of a plan.
pub(crate) struct PlannedBuild {
    pub(crate) name: String,
    pub(crate) kind: BuildKind,
    pub(crate) outputs: Vec<OutputName>,
    pub(crate) inputs: Inputs<InputRef>,
    pub(crate) script: Template,
}

impl Plan {
    /// Adds a build. Its inputs are named as `name` or `name.output`; in the script, `{out}` is an
    /// output and `{name}` an input.
    pub(crate) fn build(&mut self, title: &str, inputs: &[&str], script: &str) -> DerivationId {
        let build = self.planned(title, inputs, script);
        self.add(title, build)
    }

    pub(crate) fn planned(&self, title: &str, inputs: &[&str], script: &str) -> PlannedBuild {
        let inputs: Inputs<InputRef> = inputs
            .iter()
            .map(|it| {
                let (from, of) = it.split_once('.').unwrap_or((it, "out"));
                let derivation = self.ids[from];
                (Label::new(it).unwrap(), InputRef { derivation, output: output(of) })
            })
            .collect();
        let mut outputs: Vec<OutputName> = ["dev", "out", "doc"]
            .iter()
            .filter(|it| script.contains(&format!("{{{it}}}")))
            .map(|it| output(it))
            .collect();
        if outputs.is_empty() {
            outputs.push(output("out"));
        }
        outputs.sort();
        let script = parse_template(script, &outputs, &inputs);
        PlannedBuild {
            name: title.split(' ').next().unwrap().to_owned(),
            kind: BuildKind::Build,
            outputs,
            inputs,
            script,
        }
    }

    pub(crate) fn add(&mut self, title: &str, build: PlannedBuild) -> DerivationId {
        let PlannedBuild { name: build_name, kind, outputs, inputs, script } = build;
        let derivation = Derivation::Build(Build {
            name: name(&build_name),
            kind,
            outputs,
            system: System::new("x86_64-linux").unwrap(),
            inputs,
            sources: BTreeMap::new(),
            links: BTreeMap::new(),
            env: BTreeMap::new(),
            steps: vec![Step {
                name: StepName::new("run").unwrap(),
                argv: vec![Template::text("/bin/run")],
                script: Some(script),
            }],
            sandbox_abi: SANDBOX_ABI,
        });
        self.add_node(title, derivation, Vec::new(), None)
    }

    pub(crate) fn fetch(&mut self, title: &str, hash: u8, url: &str) -> DerivationId {
        let derivation = Derivation::Fetch(Fetch {
            name: name(title),
            hash: FetchHash::Blake3([hash; 32]),
            unpack: Unpack::Tree { root: UnpackRoot::All, executables: Vec::new() },
        });
        self.add_node(title, derivation, vec![url.to_owned()], None)
    }

    pub(crate) fn import(
        &mut self,
        title: &str,
        object: ObjectId,
        source: ImportSource,
    ) -> DerivationId {
        let derivation = Derivation::Import(Import { object, name: name(title) });
        self.add_node(title, derivation, Vec::new(), Some(source))
    }

    fn add_node(
        &mut self,
        title: &str,
        derivation: Derivation,
        urls: Vec<String>,
        import: Option<ImportSource>,
    ) -> DerivationId {
        let id = self.graph.add(Node {
            derivation: derivation.into(),
            title: title.to_owned(),
            urls,
            import,
            limits: Limits { cores: 1, ..Limits::default() },
        });
        self.ids.insert(title.split(' ').next().unwrap().to_owned(), id);
        id
    }

    pub(crate) fn wanted(&self, names: &[&str]) -> Vec<InputRef> {
        names
            .iter()
            .map(|it| {
                let (from, of) = it.split_once('.').unwrap_or((it, "out"));
                InputRef { derivation: self.ids[from], output: output(of) }
            })
            .collect()
    }
}

fn parse_template(script: &str, outputs: &[OutputName], inputs: &Inputs<InputRef>) -> Template {
    let mut pieces = Vec::new();
    let mut rest = script;
    while let Some(start) = rest.find('{') {
        let end = start + rest[start..].find('}').unwrap();
        pieces.push(Piece::Text(rest[..start].into()));
        let place = &rest[start + 1..end];
        if outputs.iter().any(|it| it.as_str() == place) {
            pieces.push(Piece::Output(output(place)));
        } else {
            let label = Label::new(place).unwrap();
            assert!(inputs.contains_key(&label), "`{place}` is neither output nor input");
            pieces.push(Piece::Input(label));
        }
        rest = &rest[end + 1..];
    }
    pieces.push(Piece::Text(rest.into()));
    Template::from_pieces(pieces)
}

/// All that a run needs, and what it told.
pub(crate) struct Bench {
    pub(crate) builder: FakeBuilder,
    pub(crate) fetcher: FakeFetcher,
    pub(crate) cancel: Cancel,
    pub(crate) events: Mutex<Vec<Event>>,
    pub(crate) on_failure: OnFailure,
    pub(crate) builds_max: usize,
}

impl Bench {
    pub(crate) fn new(folder: &Path) -> Self {
        Bench {
            builder: FakeBuilder::new(folder),
            fetcher: FakeFetcher::default(),
            cancel: Cancel::new().unwrap(),
            events: Mutex::default(),
            on_failure: OnFailure::Stop,
            builds_max: 2,
        }
    }

    pub(crate) fn with_request<T>(
        &self,
        plan: &Plan,
        wanted: &[&str],
        substituters: &[&dyn Substituter],
        run: impl FnOnce(&RealiseRequest<'_>) -> T,
    ) -> T {
        run(&RealiseRequest {
            graph: &plan.graph,
            wanted: &plan.wanted(wanted),
            builder: &self.builder,
            fetcher: &self.fetcher,
            substituters,
            options: RealiseOptions {
                builds_max: self.builds_max.try_into().unwrap(),
                on_failure: self.on_failure,
                ..RealiseOptions::default()
            },
            events: &|it| self.events.lock().unwrap().push(it),
            cancel: &self.cancel,
        })
    }

    /// Realises, and returns the paths of what was wanted, by name.
    pub(crate) fn realise(
        &self,
        store: &dyn Store,
        plan: &Plan,
        wanted: &[&str],
        substituters: &[&dyn Substituter],
    ) -> Result<BTreeMap<String, StorePath>, RealiseError> {
        self.with_request(plan, wanted, substituters, |request| {
            let outcome = kiln_store::realise(store, request)?;
            let paths = wanted.iter().map(|it| {
                let of = plan.wanted(&[it]).remove(0);
                let realised = outcome.object(&of.derivation, &of.output).unwrap();
                assert!(store.object(&realised.object).unwrap().is_some(), "`{it}` is not valid");
                ((*it).to_owned(), realised.path.clone())
            });
            Ok(paths.collect())
        })
    }

    /// Returns the events since the last call, but counts, as text.
    pub(crate) fn take_events(&self) -> Vec<Event> {
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        events.into_iter().filter(|it| !matches!(it, Event::Counts(_))).collect()
    }
}
