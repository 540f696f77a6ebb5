//! Links beside the user's files to what was realised, which keep it, as specified in
//! `spec/store/collection.md`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use kiln_store::{AtLink, LinkError, LocalStore, ObjectId, STORE_DIR, Store as _, StorePath};

use crate::evaluated::Wanted;
use crate::fail::Fail;
use crate::terminal::harmless;

/// The links that are to be made: one, or a folder of them.
pub(crate) struct Links {
    /// The folder, if they are to be in one.
    folder: Option<PathBuf>,
    /// Where each is to be, by the name of what it leads to.
    places: BTreeMap<String, PathBuf>,
}

impl Links {
    /// Says where links are to be: at `path` if one thing is wanted, and else in a folder there. A slash
    /// at the end asks for the folder.
    pub(crate) fn plan(path: &Path, wanted: &[Wanted]) -> Links {
        let names = wanted.iter().filter(|it| !it.is_beside).map(|it| it.name.clone());
        let mut places: BTreeMap<String, PathBuf> = names.map(|it| (it, path.to_owned())).collect();
        let is_folder = places.len() != 1 || path.as_os_str().as_bytes().ends_with(b"/");
        if is_folder {
            places.iter_mut().for_each(|(name, place)| *place = path.join(name));
        }
        Links { folder: is_folder.then(|| path.to_owned()), places }
    }

    /// Finds out whether the links can be made, before hours are spent on what they lead to.
    pub(crate) fn check(&self, store: &LocalStore) -> Result<(), Fail> {
        match &self.folder {
            Some(folder) if is_link(folder) => Err(Fail::Occupied {
                message: format!("{} is a link, and was to be a folder of links", shown(folder)),
                advice: "delete it, or choose another name".into(),
            }),
            // The folder is made when there is something to put into it.
            Some(folder) if !folder.is_dir() => check(store, folder),
            Some(_) | None => self.places.values().try_for_each(|it| check(store, it)),
        }
    }

    /// Makes the links, and says what their user has to know of them.
    pub(crate) fn make(
        &self,
        store: &LocalStore,
        wanted: &[Wanted],
        objects: &[(ObjectId, StorePath)],
        quiet: bool,
    ) -> Result<(), Fail> {
        if let Some(folder) = &self.folder {
            match fs::create_dir(folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    let what = format!("cannot make the folder {}", shown(folder));
                    return Err(Fail::Io { what, source: error });
                }
                Ok(()) | Err(_) => {}
            }
        }
        let mut told = BTreeMap::new();
        for (it, (object, path)) in wanted.iter().zip(objects) {
            let Some(place) = self.place(it).filter(|it| !told.contains_key(*it)) else { continue };
            store.link(place, object).map_err(|error| refused(place, error))?;
            let is_at_its_place = store.host_path(path) == Path::new(&path.absolute());
            let needs = if is_at_its_place { None } else { what_it_refers_to(store, object)? };
            told.insert(place.to_owned(), needs);
        }
        for (place, needs) in told.iter().filter(|_| !quiet) {
            match needs {
                None => eprintln!("linked {}", shown(place)),
                Some(needs) => eprintln!(
                    "linked {}; it refers to {needs} in {STORE_DIR}, which `kiln run` and builds have there",
                    shown(place)
                ),
            }
        }
        Ok(())
    }

    /// Where the link to something that is wanted is.
    pub(crate) fn place(&self, wanted: &Wanted) -> Option<&Path> {
        self.places.get(&wanted.name).filter(|_| !wanted.is_beside).map(PathBuf::as_path)
    }
}

/// The path without a slash at its end, with which a path to a link is what the link leads to.
fn itself(path: &Path) -> &Path {
    path.components().as_path()
}

fn shown(path: &Path) -> String {
    format!("`{}`", harmless(&itself(path).display().to_string()))
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(itself(path)).is_ok_and(|it| it.is_symlink())
}

fn check(store: &LocalStore, place: &Path) -> Result<(), Fail> {
    if let Some(folder) = place.parent().filter(|it| !it.as_os_str().is_empty())
        && !folder.is_dir()
    {
        let (folder, place) = (shown(folder), shown(place));
        return Err(Fail::Usage(format!("there is no folder {folder} for the link {place}")));
    }
    store.check_link(place).map_err(|error| refused(place, error))
}

/// Says why a link cannot be at a place, by the name that the user gave it.
fn refused(place: &Path, error: LinkError) -> Fail {
    let occupied = |what: &str, advice: &str| Fail::Occupied {
        message: format!("{} is {what}, and stays as it is", shown(place)),
        advice: advice.to_owned(),
    };
    match error {
        LinkError::Occupied { found: AtLink::Elsewhere { target }, .. } => occupied(
            &format!("a link to {}, not to an object of this store", shown(&target)),
            "delete it, or choose another name",
        ),
        LinkError::Occupied { .. } if place.is_dir() => {
            occupied("a folder", &format!("`--link {}/` makes the link in it", place.display()))
        }
        LinkError::Occupied { .. } => occupied("a file", "choose another name, or rename the file"),
        error @ (LinkError::NotText { .. } | LinkError::InStore { .. }) => {
            Fail::Usage(error.to_string())
        }
        error => Fail::Link(error),
    }
}

/// What of the store an object reads by its path there, if anything.
fn what_it_refers_to(store: &LocalStore, id: &ObjectId) -> Result<Option<String>, Fail> {
    let is_own = store.object(id)?.is_some_and(|it| it.refers_to_itself());
    let others = match store.closure(&[*id])?.len() {
        0..=1 => None,
        2 => Some("another object".to_owned()),
        count => Some(format!("{} other objects", count - 1)),
    };
    Ok(match (is_own, others) {
        (false, others) => others,
        (true, None) => Some("itself".into()),
        (true, Some(others)) => Some(format!("itself and {others}")),
    })
}
