//! What a build costs beside its steps: `cargo bench --package kiln-sandbox`.
//!
//! Each line is the median of many builds through [`Builder`], one after the other, in milliseconds.
//! The step is the smallest program there is: a static one that ends at once.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use kiln_sandbox::{MountCalls, Sandbox, SandboxOptions, Scratch, UserRange};
use kiln_store::{
    Action, ActionId, BuildError, BuildKind, BuildRequest, Builder, Built, Cancel, InputObject,
    Inputs, Label, Limits, ObjectId, OutputName, Piece, SANDBOX_ABI, Step, StepName, StoreName,
    StorePath, System, Template,
};

fn main() {
    kiln_sandbox::run_helper_if_asked();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let users = UserRange { locks: folder.path().join("locks"), ..UserRange::default() };
    let options = SandboxOptions { users, ..SandboxOptions::default() };
    let in_memory = Sandbox::new(options.clone());
    let remounting =
        Sandbox::new(SandboxOptions { mounts: MountCalls::Remount, ..options.clone() });
    let scratch = Scratch::Disk { folder: folder.path().join("scratch") };
    let on_disk = Sandbox::new(SandboxOptions { scratch, ..options });

    let store = folder.path().join("store");
    fs::create_dir(&store).expect("a folder for inputs");
    let objects: Vec<InputObject> = (0..501).map(|number| object(&store, number)).collect();
    let pausing = [program(&store, 501, PAUSE)];

    measure("no step", 500, &in_memory, &objects[..1], 0);
    measure("one step", 500, &in_memory, &objects[..1], 1);
    measure("one step, on disk", 500, &on_disk, &objects[..1], 1);
    measure("one step, 50 inputs", 200, &in_memory, &objects[..51], 1);
    measure("one step, 500 inputs", 100, &in_memory, &objects, 1);
    measure("one step, 500 inputs, remounting", 100, &remounting, &objects, 1);
    measure("100 steps", 50, &in_memory, &objects[..1], 100);
    measure_many("one step, 4 at a time", 500, &in_memory, &objects[..1]);
    measure_stopping("from stop to end", 50, &in_memory, &pausing);
}

/// `exit(0)` for x86-64: `mov eax, 60; xor edi, edi; syscall`.
const EXIT: &[u8] = &[0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05];

/// `pause()`: `mov eax, 34; syscall`.
const PAUSE: &[u8] = &[0xb8, 34, 0, 0, 0, 0x0f, 0x05];

/// A static program for x86-64: header, one segment, and its code.
fn smallest_program(code: &[u8]) -> Vec<u8> {
    let (base, header): (u64, u64) = (0x40_0000, 64 + 56);
    let size = header + code.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    for word in [base + header, 64, 0] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    // The segment: loaded, readable and executable, the whole file.
    elf.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0, base, base, size, size, 0x1000] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend(code);
    elf
}

/// Input 0 is the program, the others are folders.
fn object(store: &Path, number: u32) -> InputObject {
    if number == 0 {
        return program(store, number, EXIT);
    }
    let object = empty_object(store, number);
    fs::create_dir(&object.host_path).expect("an input");
    object
}

fn program(store: &Path, number: u32, code: &[u8]) -> InputObject {
    let object = empty_object(store, number);
    fs::write(&object.host_path, smallest_program(code)).expect("the program");
    let mode = fs::Permissions::from_mode(0o555);
    fs::set_permissions(&object.host_path, mode).expect("its mode");
    object
}

fn empty_object(store: &Path, number: u32) -> InputObject {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    let path = StorePath::of_object(&ObjectId(id), &StoreName::new("input").expect("a name"));
    let host_path = store.join(path.as_str());
    InputObject { path, host_path }
}

fn build(sandbox: &Sandbox, objects: &[InputObject], steps: usize) {
    let cancel = Cancel::new().expect("a pipe");
    build_until(sandbox, objects, steps, &cancel, &|| {}).expect("the build");
}

fn build_until(
    sandbox: &Sandbox,
    objects: &[InputObject],
    steps: usize,
    cancel: &Cancel,
    started: &(dyn Fn() + Sync),
) -> Result<Built, BuildError> {
    let label = Label::new("program").expect("a label");
    let output = OutputName::default_output();
    let name = StoreName::new("bench").expect("a name");
    let scratch = [(output.clone(), StorePath::scratch(&name, &output, 0))].into();
    let step = Step {
        name: StepName::new("run").expect("a name"),
        argv: vec![Template::from_pieces([Piece::Input(label.clone())])],
        script: None,
    };
    let action = Action {
        name,
        kind: BuildKind::Build,
        outputs: vec![output],
        system: System::new("x86_64-linux").expect("a system"),
        inputs: Inputs::default(),
        sources: BTreeMap::new(),
        links: BTreeMap::new(),
        env: BTreeMap::new(),
        steps: vec![step; steps],
        sandbox_abi: SANDBOX_ABI,
    };
    sandbox.build(&BuildRequest {
        id: ActionId([0; 32]),
        action: &action,
        inputs: objects,
        input_paths: &[(label, objects[0].path.clone())].into(),
        scratch: &scratch,
        limits: Limits::default(),
        log: &Mutex::new(std::io::sink()),
        progress: &|_| started(),
        cancel,
    })
}

fn measure(what: &str, times: usize, sandbox: &Sandbox, objects: &[InputObject], steps: usize) {
    build(sandbox, objects, steps);
    let took = (0..times)
        .map(|_| {
            let start = Instant::now();
            build(sandbox, objects, steps);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    print(what, took);
}

fn print(what: &str, mut took: Vec<f64>) {
    took.sort_by(f64::total_cmp);
    let (median, best) = (took[took.len() / 2], took[0]);
    println!("{what:36} {median:8.2} ms   best {best:8.2} ms");
}

fn measure_stopping(what: &str, times: usize, sandbox: &Sandbox, objects: &[InputObject]) {
    let took = (0..times)
        .map(|_| {
            let cancel = Cancel::new().expect("a pipe");
            let (sender, receiver) = std::sync::mpsc::channel();
            let stopper = std::thread::spawn({
                let cancel = cancel.clone();
                move || {
                    let () = receiver.recv().expect("a step");
                    std::thread::sleep(std::time::Duration::from_millis(5));
                    cancel.set();
                    Instant::now()
                }
            });
            let started = || sender.send(()).expect("the stopper");
            assert!(build_until(sandbox, objects, 1, &cancel, &started).is_err());
            let end = Instant::now();
            (end - stopper.join().expect("the stopper")).as_secs_f64() * 1e3
        })
        .collect();
    print(what, took);
}

fn measure_many(what: &str, times: usize, sandbox: &Sandbox, objects: &[InputObject]) {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..times / 4).for_each(|_| build(sandbox, objects, 1)));
        }
    });
    let each = start.elapsed().as_secs_f64() * 1e3 / times as f64;
    println!("{what:36} {each:8.2} ms   each");
}
