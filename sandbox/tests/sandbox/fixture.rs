//! Makes actions and their inputs, and runs them.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use kiln_sandbox::{Mode, Sandbox, SandboxOptions, UserRange};
use kiln_store::{
    Action, ActionId, BuildError, BuildKind, BuildProgress, BuildRequest, Builder, Built, Cancel,
    EnvName, InputObject, Inputs, Label, Limits, ObjectId, OutputName, OutputTree, Piece,
    SANDBOX_ABI, Step, StepName, StoreName, StorePath, System, Template,
};
use libtest_mimic::{Failed, Trial};

/// A test with a name.
pub(crate) fn trial(name: &str, run: fn() -> Result<(), Failed>) -> Trial {
    Trial::test(name, run)
}

/// Where all that the tests make lies.
fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("kiln-sandbox-test-{}", std::process::id()));
        fs::create_dir_all(folder.join("store")).unwrap();
        folder
    })
}

/// Removes all that the tests made.
pub(crate) fn clean_up() {
    let _ = fs::remove_dir_all(root());
}

/// Returns a fresh folder.
pub(crate) fn fresh_folder() -> PathBuf {
    static COUNT: Mutex<u32> = Mutex::new(0);
    let mut count = COUNT.lock().unwrap();
    *count += 1;
    let folder = root().join(format!("folder-{count}"));
    fs::create_dir(&folder).unwrap();
    folder
}

/// Whether the tests run as root who has users for builds.
pub(crate) fn is_root() -> bool {
    static IS_ROOT: OnceLock<bool> = OnceLock::new();
    *IS_ROOT.get_or_init(|| matches!(sandbox().probe().unwrap().mode, Mode::Root { .. }))
}

/// Whether a build may have run as this user.
pub(crate) fn is_right_user(uid: u32) -> bool {
    let range = UserRange::default();
    let own = nix::unistd::geteuid().as_raw();
    if is_root() { (range.first..range.first + range.count).contains(&uid) } else { uid == own }
}

/// Returns the options that the tests use.
pub(crate) fn options() -> SandboxOptions {
    SandboxOptions {
        users: UserRange { locks: root().join("locks"), ..UserRange::default() },
        ..SandboxOptions::default()
    }
}

/// The sandbox of most tests.
pub(crate) fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new(options()))
}

/// A store object made for tests.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) path: StorePath,
    pub(crate) host_path: PathBuf,
}

/// Makes an object called `name`, whose contents `fill` makes at the path that it is given.
pub(crate) fn object(name: &str, fill: impl FnOnce(&Path)) -> Object {
    static COUNT: Mutex<u32> = Mutex::new(0);
    let mut count = COUNT.lock().unwrap();
    *count += 1;
    let mut id = [0; 32];
    id[..4].copy_from_slice(&count.to_be_bytes());
    let path = StorePath::of_object(&ObjectId(id), &StoreName::new(name).unwrap());
    let host_path = root().join("store").join(path.as_str());
    fill(&host_path);
    close(&host_path);
    Object { path, host_path }
}

/// Gives an object the modes and times that the store gives.
fn close(path: &Path) {
    let found = fs::symlink_metadata(path).unwrap();
    if found.is_symlink() {
        return;
    }
    let mut mode = if found.permissions().mode() & 0o111 != 0 { 0o555 } else { 0o444 };
    if found.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            close(&entry.unwrap().path());
        }
        mode = 0o555;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// This program as an input: the program, its libraries, and its loader.
struct Program {
    object: Object,
    loader: String,
}

/// Where the program lies in its object.
const PROGRAM: &str = "bin/probe";

fn program() -> &'static Program {
    static PROGRAM_OBJECT: OnceLock<Program> = OnceLock::new();
    PROGRAM_OBJECT.get_or_init(|| {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut libraries: Vec<PathBuf> = maps
            .lines()
            .filter_map(|line| line.split_whitespace().nth(5))
            .filter(|path| path.starts_with('/') && path.contains(".so"))
            .map(PathBuf::from)
            .collect();
        libraries.sort();
        libraries.dedup();
        let exe = fs::read("/proc/self/exe").unwrap();
        let loader = loader(&exe);
        let object = object("probe", |folder| {
            fs::create_dir_all(folder.join("bin")).unwrap();
            fs::create_dir(folder.join("lib")).unwrap();
            fs::write(folder.join(PROGRAM), &exe).unwrap();
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(folder.join(PROGRAM), executable.clone()).unwrap();
            for library in &libraries {
                let copy = folder.join("lib").join(library.file_name().unwrap());
                fs::copy(library, &copy).unwrap();
                fs::set_permissions(&copy, executable.clone()).unwrap();
            }
            // The loader is called by the name that the program has for it.
            let name = Path::new(&loader).file_name().unwrap();
            let copy = folder.join("lib").join(name);
            if !copy.exists() {
                fs::copy(&loader, &copy).unwrap();
                fs::set_permissions(&copy, executable).unwrap();
            }
        });
        Program { object, loader }
    })
}

/// Returns this program as an object.
pub(crate) fn program_object() -> Object {
    program().object.clone()
}

/// Returns where this program looks for its loader.
pub(crate) fn loader_path() -> String {
    program().loader.clone()
}

/// Finds the loader that an ELF program names.
fn loader(exe: &[u8]) -> String {
    let number = |at: usize, len: usize| {
        exe[at..at + len].iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    for header in (0..count).map(|it| table + it * size) {
        const PT_INTERP: usize = 3;
        if number(header, 4) == PT_INTERP {
            let (at, len) = (number(header + 8, 8), number(header + 32, 8));
            return String::from_utf8(exe[at..at + len - 1].to_vec()).unwrap();
        }
    }
    panic!("the test program names no loader");
}

/// A build to be tried.
pub(crate) struct Case {
    pub(crate) action: Action,
    pub(crate) inputs: Vec<InputObject>,
    pub(crate) input_paths: BTreeMap<Label, StorePath>,
    pub(crate) limits: Limits,
    pub(crate) cancel: Cancel,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) result: Result<Built, BuildError>,
    pub(crate) log: String,
    pub(crate) steps: Vec<String>,
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

impl Case {
    /// An action without steps, whose only input is the probe.
    pub(crate) fn new() -> Self {
        let program = program();
        let mut case = Case::bare();
        case.input("probe", &program.object);
        let loader_name = Path::new(&program.loader).file_name().unwrap().to_str().unwrap();
        case.action.links.insert(
            program.loader.clone(),
            Template::from_pieces([
                Piece::Input(label("probe")),
                Piece::Text(format!("/lib/{loader_name}").into()),
            ]),
        );
        case.action.env.insert(
            EnvName::new("LD_LIBRARY_PATH").unwrap(),
            Template::from_pieces([Piece::Input(label("probe")), Piece::Text("/lib".into())]),
        );
        case
    }

    /// An action without steps and inputs.
    pub(crate) fn bare() -> Self {
        let limits = Limits {
            time_s_max: 60,
            silence_s_max: 60,
            log_bytes_max: 1 << 20,
            disk_bytes_max: 256 << 20,
            processes_max: 256,
            cores: 3,
        };
        let action = Action {
            name: StoreName::new("case").unwrap(),
            kind: BuildKind::Build,
            outputs: vec![OutputName::default_output()],
            system: System::new(format!("{}-linux", std::env::consts::ARCH)).unwrap(),
            inputs: Inputs::default(),
            sources: BTreeMap::new(),
            links: BTreeMap::new(),
            env: BTreeMap::new(),
            steps: Vec::new(),
            sandbox_abi: SANDBOX_ABI,
        };
        Case {
            action,
            inputs: Vec::new(),
            input_paths: BTreeMap::new(),
            limits,
            cancel: Cancel::new().unwrap(),
        }
    }

    /// Adds an input.
    pub(crate) fn input(&mut self, name: &str, object: &Object) -> &mut Self {
        let (path, host_path) = (object.path.clone(), object.host_path.clone());
        let input = InputObject { path, host_path };
        if !self.inputs.contains(&input) {
            self.inputs.push(input);
        }
        self.input_paths.insert(label(name), object.path.clone());
        self
    }

    /// Adds an input that is also a source.
    pub(crate) fn source(&mut self, target: &str, object: &Object) -> &mut Self {
        let name = format!("source{}", self.input_paths.len());
        self.input(&name, object);
        self.action.sources.insert(target.into(), label(&name));
        self
    }

    /// Adds a step that runs a probe.
    pub(crate) fn probe(&mut self, probe: &str) -> &mut Self {
        self.probe_with(probe, &[])
    }

    /// Adds a step that runs a probe with arguments.
    pub(crate) fn probe_with(&mut self, probe: &str, arguments: &[&str]) -> &mut Self {
        let program = Template::from_pieces([
            Piece::Input(label("probe")),
            Piece::Text(format!("/{PROGRAM}").into()),
        ]);
        let mut argv = vec![program, Template::text("probe"), Template::text(probe)];
        argv.extend(arguments.iter().map(|it| Template::text(it)));
        let name = StepName::new(probe).unwrap();
        self.action.steps.push(Step { name, argv, script: None });
        self
    }

    /// Names the outputs.
    pub(crate) fn outputs(&mut self, names: &[&str]) -> &mut Self {
        self.action.outputs = names.iter().map(|it| OutputName::new(it).unwrap()).collect();
        self
    }

    /// Returns where an output is written.
    pub(crate) fn scratch(&self) -> BTreeMap<OutputName, StorePath> {
        let path = |it: &OutputName| StorePath::scratch(&self.action.name, it, 0);
        self.action.outputs.iter().map(|it| (it.clone(), path(it))).collect()
    }

    /// Runs it in the sandbox of most tests.
    pub(crate) fn run(&self) -> Outcome {
        self.run_in(sandbox())
    }

    /// Runs it.
    pub(crate) fn run_in(&self, sandbox: &dyn Builder) -> Outcome {
        self.run_with(sandbox, &|_| {})
    }

    /// Runs it, telling of each step.
    pub(crate) fn run_with(
        &self,
        sandbox: &dyn Builder,
        progress: &(dyn Fn(BuildProgress) + Sync),
    ) -> Outcome {
        let log = Mutex::new(Vec::new());
        let steps = Mutex::new(Vec::new());
        let result = self.run_fully(sandbox, &log, &|it: BuildProgress| {
            steps.lock().unwrap().push(it.step.to_string());
            progress(it);
        });
        let log = String::from_utf8_lossy(&log.into_inner().unwrap()).into_owned();
        Outcome { result, log, steps: steps.into_inner().unwrap() }
    }
}

impl Case {
    /// Runs it with another log.
    pub(crate) fn run_logging(
        &self,
        sandbox: &dyn Builder,
        log: &Mutex<dyn std::io::Write + Send>,
    ) -> Result<Built, BuildError> {
        self.run_fully(sandbox, log, &|_| {})
    }

    fn run_fully(
        &self,
        sandbox: &dyn Builder,
        log: &Mutex<dyn std::io::Write + Send>,
        progress: &(dyn Fn(BuildProgress) + Sync),
    ) -> Result<Built, BuildError> {
        self.with_full_request(log, progress, |it| sandbox.build(it))
    }

    /// Makes a request of it that nobody listens to.
    pub(crate) fn with_request<T>(&self, run: impl FnOnce(&BuildRequest<'_>) -> T) -> T {
        self.with_full_request(&Mutex::new(std::io::sink()), &|_| {}, run)
    }

    fn with_full_request<T>(
        &self,
        log: &Mutex<dyn std::io::Write + Send>,
        progress: &(dyn Fn(BuildProgress) + Sync),
        run: impl FnOnce(&BuildRequest<'_>) -> T,
    ) -> T {
        let scratch = self.scratch();
        run(&BuildRequest {
            id: ActionId([0; 32]),
            action: &self.action,
            inputs: &self.inputs,
            input_paths: &self.input_paths,
            scratch: &scratch,
            limits: self.limits,
            log,
            progress,
            cancel: &self.cancel,
        })
    }
}

impl Outcome {
    /// Returns the log of a build that went well.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        match &self.result {
            Ok(_) => &self.log,
            Err(error) => panic!("{error:?}\n{error}\n{}", self.log),
        }
    }

    /// Returns why a build failed.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        match &self.result {
            Ok(_) => panic!("the build went well:\n{}", self.log),
            Err(error) => error.to_string(),
        }
    }

    /// Returns an output's path as this process reaches it.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> PathBuf {
        let Ok(built) = &self.result else { panic!("{}\n{}", self.error(), self.log) };
        tree_path(&built.outputs[&OutputName::new(name).unwrap()])
    }
}

/// Returns the path of an output as this process reaches it.
pub(crate) fn tree_path(tree: &OutputTree) -> PathBuf {
    Path::new(&format!("/proc/self/fd/{}", tree.parent.as_raw_fd())).join(&tree.name)
}
