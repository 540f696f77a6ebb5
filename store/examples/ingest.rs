//! Takes a file or folder into a store: `ingest STORE PATH`.
//!
//! Prints the store path once that is durable. The benchmarks measure it.

use std::error::Error;
use std::path::Path;
use std::sync::mpsc;

use kiln_store::{Cancel, LocalStore, PlaceTree, Registration, Store as _, StoreName, TreeFrom};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [root, path] = &arguments[..] else { return Err("usage: ingest STORE PATH".into()) };
    let path = Path::new(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = StoreName::new(&name)?;
    let store = LocalStore::open(Path::new(root))?;
    let session = store.session()?;
    let placed = session.place_tree(PlaceTree {
        name: &name,
        from: TreeFrom::Path(path),
        expected: None,
        cancel: &Cancel::new()?,
    })?;
    let path = placed.object.path(&placed.id);
    let (sender, receiver) = mpsc::channel();
    let registration = Registration { objects: vec![placed], ..Registration::default() };
    session.register(registration, Box::new(move |it| drop(sender.send(it))));
    receiver.recv()??;
    println!("{}", path.absolute());
    Ok(())
}
