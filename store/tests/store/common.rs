//! What the tests of the crate share.

pub(crate) mod fake;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use kiln_store::{
    ActionId, Cancel, DerivationId, ObjectId, Origin, OutputName, OutputTree, PlaceError,
    PlaceOutputs, Placed, Realisation, Registration, Session, StoreError, StoreName, StorePath,
};

/// A folder that goes with everything in it, closed folders of a store included.
pub(crate) struct Temp(tempfile::TempDir);

impl Temp {
    pub(crate) fn new() -> Self {
        Temp(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        open_folders(self.path());
    }
}

/// Lets the owner change the folders below a path.
pub(crate) fn open_folders(path: &Path) {
    let Ok(kind) = fs::symlink_metadata(path) else { return };
    if !kind.is_dir() {
        return;
    }
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o755));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        open_folders(&entry.path());
    }
}

/// Makes files from a text: one entry a line, a path and what is there.
///
/// ```text
/// bin/hello = text        a file (`\n` is a newline)
/// bin/hello * text        a file that can be executed
/// lib/x -> target         a link
/// share/                  a folder
/// . = text                the tree itself is a file
/// ```
pub(crate) fn make_tree(root: &Path, text: &str) {
    for line in text.lines().map(str::trim).filter(|it| !it.is_empty()) {
        if let Some(folder) = line.strip_suffix('/') {
            fs::create_dir_all(root.join(folder)).unwrap();
            continue;
        }
        let (name, kind, content) = [" = ", " * ", " -> "]
            .iter()
            .find_map(|it| line.split_once(it).map(|(name, content)| (name, *it, content)))
            .unwrap_or_else(|| panic!("`{line}` is no entry"));
        let path = if name == "." { root.to_owned() } else { root.join(name) };
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if kind == " -> " {
            symlink(content, &path).unwrap();
            continue;
        }
        fs::write(&path, content.replace("\\n", "\n")).unwrap();
        let mode = if kind == " * " { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Returns what is below a path as text, in the form of [`make_tree`].
pub(crate) fn show_tree(root: &Path) -> String {
    let mut text = String::new();
    show_entry(root, ".", &mut text);
    text
}

fn show_entry(path: &Path, name: &str, text: &mut String) {
    let kind = fs::symlink_metadata(path).unwrap();
    if kind.is_symlink() {
        let target = fs::read_link(path).unwrap();
        text.push_str(&format!("{name} -> {}\n", target.display()));
    } else if kind.is_dir() {
        let mut names: Vec<_> =
            fs::read_dir(path).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        if names.is_empty() {
            text.push_str(&format!("{name}/\n"));
        }
        for entry in names {
            let entry = entry.to_string_lossy().into_owned();
            let shown = if name == "." { entry.clone() } else { format!("{name}/{entry}") };
            show_entry(&path.join(&entry), &shown, text);
        }
    } else {
        let bytes = fs::read(path).unwrap();
        let is_executable = kind.permissions().mode() & 0o100 != 0;
        let mark = if is_executable { '*' } else { '=' };
        let content = String::from_utf8_lossy(&bytes).replace('\n', "\\n");
        text.push_str(&format!("{name} {mark} {content}\n"));
    }
}

pub(crate) fn name(text: &str) -> StoreName {
    StoreName::new(text).unwrap()
}

pub(crate) fn output(text: &str) -> OutputName {
    OutputName::new(text).unwrap()
}

pub(crate) fn action(number: u8) -> ActionId {
    ActionId([number; 32])
}

pub(crate) fn derivation(number: u8) -> DerivationId {
    DerivationId([number; 32])
}

/// Places outputs, given as texts, of a build with this name. In a text, `@out@` stands for the
/// scratch path of that output.
pub(crate) fn place(
    session: &dyn Session,
    build: &str,
    outputs: &[(&str, &str)],
    inputs: &[ObjectId],
) -> Result<BTreeMap<OutputName, Placed>, PlaceError> {
    let temp = Temp::new();
    let scratch: BTreeMap<OutputName, StorePath> = outputs
        .iter()
        .map(|(it, _)| (output(it), StorePath::scratch(&name(build), &output(it), 0)))
        .collect();
    let mut trees = BTreeMap::new();
    for (at, text) in outputs {
        let mut text = (*text).to_owned();
        for (other, path) in &scratch {
            text = text.replace(&format!("@{other}@"), &path.absolute());
        }
        let root = temp.path().join(at);
        if !text.is_empty() {
            make_tree(&root, &text);
        }
        let parent = OwnedFd::from(fs::File::open(temp.path()).unwrap());
        trees.insert(output(at), OutputTree { parent, name: (*at).into() });
    }
    place_trees(session, build, &trees, &scratch, inputs)
}

pub(crate) fn place_trees(
    session: &dyn Session,
    build: &str,
    trees: &BTreeMap<OutputName, OutputTree>,
    scratch: &BTreeMap<OutputName, StorePath>,
    inputs: &[ObjectId],
) -> Result<BTreeMap<OutputName, Placed>, PlaceError> {
    session.place_outputs(PlaceOutputs {
        name: &name(build),
        outputs: trees,
        scratch,
        uid: nix::unistd::geteuid().as_raw(),
        inputs: &inputs.iter().copied().collect::<BTreeSet<_>>(),
        bytes_max: 1 << 30,
        cancel: &Cancel::new().unwrap(),
    })
}

/// Registers and waits.
pub(crate) fn register(
    session: &dyn Session,
    registration: Registration,
) -> Result<(), Arc<StoreError>> {
    let (sender, receiver) = mpsc::channel();
    session.register(registration, Box::new(move |it| sender.send(it).unwrap()));
    receiver.recv().unwrap()
}

/// Places and registers the outputs of an action; returns the id of `out`.
pub(crate) fn add(
    session: &dyn Session,
    number: u8,
    build: &str,
    outputs: &[(&str, &str)],
    inputs: &[ObjectId],
) -> ObjectId {
    let placed = place(session, build, outputs, inputs).unwrap();
    register(session, registration(number, &placed)).unwrap();
    placed[&output("out")].id
}

pub(crate) fn registration(number: u8, placed: &BTreeMap<OutputName, Placed>) -> Registration {
    let outputs = placed.iter().map(|(output, it)| (output.clone(), it.id)).collect();
    let realisation = Realisation { action: action(number), outputs };
    // Outputs that others refer to come first.
    let mut objects: Vec<Placed> = placed.values().cloned().collect();
    objects.sort_by_key(|it| {
        placed.values().filter(|other| it.object.refs.contains(&other.id)).count()
    });
    Registration {
        objects,
        realisation: Some((realisation, Origin::Here { duration_ms: 1 })),
        ..Registration::default()
    }
}

pub(crate) fn host_path(store: &dyn kiln_store::Store, id: &ObjectId) -> PathBuf {
    let object = store.object(id).unwrap().unwrap();
    store.host_path(&object.path(id))
}
