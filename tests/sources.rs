//! Sources, from a server to the store: fetched, archived, and their hashes brought up to date.
//!
//! The recipes have no steps, so that nothing is built: what they realise to is their source. Servers
//! are on the loopback device.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use kiln_tests::Place;

/// SHA-256 of `one\n` and of `two\n`.
const ONE: &str = "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806";
const TWO: &str = "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";

#[test]
fn what_is_archived_is_realised_without_a_network() {
    let server = Server::new([("/one-1", "one\n"), ("/two-1", "two\n")]);
    let here = here();
    recipe(&here, "one", &[&server.url("one")], ONE);
    recipe(&here, "two", &[&server.url("two")], TWO);
    let said = run(&here, "kiln archive sources one two --recipes recipes --no-project", "archive");
    assert!(said.contains("archived one 1"), "{said}");
    assert!(said.contains("archived two 1"), "{said}");
    let folder = here.work().join("sources");
    assert_eq!(fs::read_to_string(folder.join("sha256").join(ONE)).unwrap(), "one\n");
    drop(server);
    let realise = "kiln realise one two --recipes recipes --no-project --store other";
    let said = run(&here, realise, "without an archive");
    assert!(said.contains("cannot connect") && said.contains("[exit 3]"), "{said}");
    let said = run(&here, &format!("KILN_ARCHIVE=sources {realise}"), "with an archive");
    assert!(!said.contains("[exit"), "{said}");
    assert_eq!(said.matches("other/store/").count(), 2, "{said}");
}

#[test]
fn what_another_store_has_comes_from_its_cache_on_the_web() {
    let server = Server::new([("/one-1", "one\n")]);
    let here = here();
    recipe(&here, "one", &[&server.url("one")], ONE);
    let layers = "one --recipes recipes --no-project";
    let script = format!("kiln realise {layers} && kiln store export {layers} --to cache");
    let said = run(&here, &script, "export");
    assert!(!said.contains("[exit"), "{said}");
    drop(server);
    let cache = Server::folder(here.work().join("cache"));
    let url = format!("http://{}/", cache.address);
    let realise = format!("KILN_SUBSTITUTER={url} kiln realise {layers} --store other");
    let said = run(&here, &format!("{realise} --dry-run"), "a forecast");
    assert!(said.contains("one 1 is in a cache"), "{said}");
    let said = run(&here, &realise, "realise");
    assert!(!said.contains("[exit") && said.contains("other/store/"), "{said}");
    assert!(cache.asked().iter().any(|it| it.starts_with("/objects/")), "{:?}", cache.asked());
    let said = run(&here, &format!("KILN_SUBSTITUTER={url} kiln doctor"), "doctor");
    assert!(said.contains(&format!("cache          {url}\n")), "{said}");
    // One that is gone keeps nobody from building, and is told once.
    drop(cache);
    let again = realise.replace("--store other", "--store third");
    let said = run(&here, &again, "no cache");
    assert_eq!(
        said.matches(&format!("warning: the cache {url} did not give")).count(),
        1,
        "{said}"
    );
    assert!(said.contains("it is not asked again"), "{said}");
    assert!(said.contains("error: one 1: no place gave"), "{said}");
    let said = run(&here, &format!("{again} --dry-run"), "a forecast without");
    assert!(
        said.contains("warning: the cache") && said.contains("one 1 is to be fetched"),
        "{said}"
    );
    // It is believed, so nobody on the way may answer.
    let said = run(&here, &again.replace(&url, "http://cache.example/"), "anybody");
    assert!(said.contains("`http://cache.example/`: what a cache says is believed"), "{said}");
    assert!(said.contains("[exit 2]"), "{said}");
}

#[test]
fn what_is_wrong_in_an_archive_is_named_and_fetched_elsewhere() {
    let server = Server::new([("/one-1", "one\n")]);
    let here = here();
    recipe(&here, "one", &[&server.url("one")], ONE);
    let archive = here.work().join("sources/sha256");
    fs::create_dir_all(&archive).unwrap();
    fs::write(archive.join(ONE), "two\n").unwrap();
    let realise = "KILN_ARCHIVE=sources kiln realise one --recipes recipes --no-project";
    let said = run(&here, realise, "a wrong file");
    assert!(!said.contains("[exit"), "{said}");
    assert!(said.contains(&format!("sources/sha256/{ONE} was not used")), "{said}");
    assert!(said.contains(&format!("it gave other bytes (sha256:{TWO})")), "{said}");
    assert_eq!(server.asked(), ["/one-1"]);
    // Archiving again mends it.
    let said = run(&here, "kiln archive sources one --recipes recipes --no-project", "mending");
    assert!(said.contains("in the place of a file that had other bytes"), "{said}");
    assert_eq!(fs::read_to_string(archive.join(ONE)).unwrap(), "one\n");
    let said = run(&here, "kiln archive sources one --recipes recipes --no-project", "again");
    assert_eq!(said, "1 source is in sources\n");
    // Without the server, the error names the file.
    fs::write(archive.join(ONE), "two\n").unwrap();
    drop(server);
    let said = run(&here, &format!("{realise} --store other"), "nothing else");
    assert!(said.contains("this file of the archive is damaged"), "{said}");
    assert!(said.contains("[exit 3]") && !said.contains("update-hash"), "{said}");
}

#[test]
fn all_failures_are_listed_and_the_rest_is_fetched() {
    let server = Server::new([("/one-1", "one\n"), ("/three-1", "three\n")]);
    let here = here();
    recipe(&here, "one", &[&server.url("one")], ONE);
    recipe(&here, "two", &[&server.url("two")], TWO);
    recipe(&here, "three", &[&server.url("three")], ONE);
    let fetch = "kiln fetch one two three --recipes recipes --no-project";
    let said = run(&here, fetch, "fetch");
    assert!(said.contains("error: two 1: no place gave"), "{said}");
    assert!(said.contains("gave other bytes than the recipe names"), "{said}");
    assert!(said.contains("recipes/three.kiln:5 names it"), "{said}");
    assert!(said.contains("2 of 3 sources could not be fetched"), "{said}");
    assert!(said.contains("`kiln update-hash three --recipes recipes`"), "{said}");
    assert!(said.ends_with("[exit 3]\n"), "{said}");
    let said = run(&here, "kiln update-hash three --recipes recipes", "update-hash");
    assert!(said.contains(&format!("recipes/three.kiln:5: three 1\n    {ONE}\n  → ")), "{said}");
    let said = run(&here, "kiln fetch one three --recipes recipes --no-project", "mended");
    assert!(said.ends_with("2 sources are in the store\n"), "{said}");
    let asked = server.asked().len();
    // What is in the store is asked of nobody.
    let said = run(&here, "kiln realise one three --recipes recipes --no-project", "realise");
    assert!(!said.contains("[exit"), "{said}");
    assert_eq!(server.asked().len(), asked, "{said}");
}

#[test]
fn places_that_differ_change_nothing() {
    let (first, second) = (Server::new([("/one-1", "one\n")]), Server::new([("/one-1", "two\n")]));
    let here = here();
    let zeros = "0".repeat(64);
    recipe(&here, "one", &[&first.url("one"), &second.url("one")], &zeros);
    let before = fs::read_to_string(here.work().join("recipes/one.kiln")).unwrap();
    let said = run(&here, "kiln update-hash one --recipes recipes", "two servers");
    assert!(said.contains("error: the places of one 1 give different bytes"), "{said}");
    for (server, hash) in [(&first, ONE), (&second, TWO)] {
        let line = format!(
            "  - {}\n      sha256:{hash} (4 bytes)\n",
            server.url("one").replace("\\(version)", "1")
        );
        assert!(said.contains(&line), "{said}");
    }
    assert!(said.ends_with("nothing was changed in recipes/one.kiln\n[exit 3]\n"), "{said}");
    assert_eq!(fs::read_to_string(here.work().join("recipes/one.kiln")).unwrap(), before);
    // One that is dead is no witness.
    drop(second);
    let said = run(&here, "kiln update-hash one --recipes recipes", "one server");
    assert!(said.contains(&format!("    {zeros}\n  → {ONE}\n")), "{said}");
    assert!(!said.contains("[exit"), "{said}");
}

fn here() -> Place {
    Place::new(env!("CARGO_BIN_EXE_kiln-under-test")).unwrap()
}

fn run(place: &Place, command: &str, what: &str) -> String {
    place.run(command).unwrap_or_else(|error| panic!("{what}: {error}"))
}

fn recipe(place: &Place, name: &str, urls: &[&str], hash: &str) {
    let folder = place.work().join("recipes");
    fs::create_dir_all(&folder).unwrap();
    let urls: String = urls.iter().map(|it| format!("\"{it}\", ")).collect();
    let text = format!(
        "//! A file.\nrecipe {name}\n\nversions {{\n    1 {{ sha256 = \"{hash}\" }}\n}}\n\
         source = fetch({urls}sha256 = sha256, unpack = off)\n"
    );
    fs::write(folder.join(format!("{name}.kiln")), text).unwrap();
}

/// A server on the loopback device, until it is dropped.
/// What a server has, as its path says.
type Files = dyn Fn(&str) -> Option<Vec<u8>> + Send;

struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn new<const N: usize>(files: [(&'static str, &'static str); N]) -> Server {
        let files = BTreeMap::from(files);
        Server::of(Box::new(move |path| files.get(path).map(|it| it.as_bytes().to_vec())))
    }

    /// Gives out what is in a folder.
    fn folder(folder: PathBuf) -> Server {
        Server::of(Box::new(move |path| fs::read(folder.join(path.trim_start_matches('/'))).ok()))
    }

    fn of(files: Box<Files>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stop) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (log, stopped) = (asked.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                // A client that goes away is none of a server's business.
                let _ = answer(stream, &*files, &log);
            }
        });
        Server { address, asked, stop, thread: Some(thread) }
    }

    /// The address of a package's file, as a recipe writes it.
    fn url(&self, name: &str) -> String {
        format!("http://{}/{name}-\\(version)", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, files: &Files, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    asked.lock().unwrap().push(path.to_owned());
    let (status, body) = match files(path) {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", "no such file\n".into()),
    };
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.into_bytes(), body].concat())
}
