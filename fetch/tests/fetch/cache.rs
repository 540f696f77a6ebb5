//! Caches on the web: servers that have what `kiln store export` writes, and servers that do not.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use expect_test::{Expect, expect};
use kiln_fetch::{CacheUrl, WebOptions, WebSubstituter};
use kiln_store::{
    ActionId, CACHE_MARK, CACHE_MARK_TEXT, Cancel, Miss, ObjectId, OutputName, Realisation,
    Substituter as _, cached_object, cached_realisation,
};

use crate::server::{Reply, Request, Server};
use crate::web::Client;

const ACTION: ActionId = ActionId([1; 32]);
const OBJECT: ObjectId = ObjectId([2; 32]);

fn realisation(action: ActionId) -> Realisation {
    let outputs = BTreeMap::from([(OutputName::default_output(), OBJECT)]);
    Realisation { action, outputs }
}

/// A server of these files and of the mark of a cache, in parts if asked to.
fn cache(files: Vec<(String, Vec<u8>)>) -> Server {
    serving(files, Reply::file)
}

/// The same, with another way to answer for files that are there.
fn serving(
    mut files: Vec<(String, Vec<u8>)>,
    reply: impl Fn(&Request, &[u8]) -> Reply + Send + Sync + 'static,
) -> Server {
    files.push((CACHE_MARK.to_owned(), CACHE_MARK_TEXT.into()));
    let files: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
    Server::start(move |request| match files.get(request.path.trim_start_matches("/c/")) {
        Some(body) if request.path == format!("/c/{CACHE_MARK}") => Reply::ok(body),
        Some(body) => reply(request, body),
        None => Reply::status("404 Not Found"),
    })
}

fn substituter(server: &Server) -> WebSubstituter {
    let options: WebOptions = Client::new().options;
    let url = CacheUrl::parse(&server.url("c")).unwrap();
    WebSubstituter::new(&url, options, Cancel::new().unwrap())
}

/// The object as it is read: its bytes, or why it cannot be.
fn read(cache: &WebSubstituter) -> Result<Option<Vec<u8>>, String> {
    let opened = cache.open(&OBJECT).map_err(|it| it.to_string())?;
    let Some(mut body) = opened else { return Ok(None) };
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes).map_err(|it| it.to_string())?;
    Ok(Some(bytes))
}

/// The message without the port of the server.
fn check(server: &Server, message: &str, expected: Expect) {
    expected.assert_eq(&message.replace(&server.port().to_string(), "PORT"));
}

#[test]
fn what_a_server_has_is_found_and_the_rest_is_not_there() {
    let object = vec![7; 300_000];
    let server = cache(vec![
        (cached_realisation(&ACTION), realisation(ACTION).encode()),
        (cached_object(&OBJECT), object.clone()),
    ]);
    let cache = substituter(&server);
    let mut actions: Vec<ActionId> = (10..60).map(|it| ActionId([it; 32])).collect();
    actions.push(ACTION);
    let found = cache.lookup(&actions).unwrap();
    assert_eq!(found, BTreeMap::from([(ACTION, realisation(ACTION))]));
    assert_eq!(read(&cache), Ok(Some(object)));
    assert!(cache.open(&ObjectId([3; 32])).unwrap().is_none());
    let marks = server.requests().iter().filter(|it| it.path.ends_with(CACHE_MARK)).count();
    assert_eq!(marks, 1, "that it is a cache is asked once");
}

#[test]
fn a_server_that_is_no_cache_is_asked_once() {
    let server = Server::start(|_| Reply::status("404 Not Found"));
    let cache = substituter(&server);
    let miss = cache.lookup(&[ACTION]).unwrap_err();
    assert!(miss.is_final);
    assert_eq!(cache.open(&OBJECT).err(), Some(miss.clone()));
    assert_eq!(server.requests().len(), 1);
    check(
        &server,
        &miss.to_string(),
        expect!["http://127.0.0.1:PORT/c/kiln-substituter: it is not there, so this is no cache"],
    );
    let server = Server::serving(b"kiln substituter 2\n");
    let miss = substituter(&server).lookup(&[]).unwrap_err();
    check(
        &server,
        &miss.reason,
        expect!["it says it is `kiln substituter 2`; this program knows `kiln substituter 1`"],
    );
    let server = Server::serving(&[b'<'; 1000]);
    let miss = substituter(&server).lookup(&[]).unwrap_err();
    check(&server, &miss.reason, expect!["it has more than 19 bytes"]);
}

#[test]
fn a_server_that_is_gone_is_connected_to_once() {
    let server = cache(Vec::new());
    let cache = substituter(&server);
    let port = server.port();
    drop(server);
    let miss = cache.lookup(&[ACTION]).unwrap_err();
    assert!(miss.is_final, "{miss}");
    let said = miss.to_string().replace(&port.to_string(), "PORT");
    assert!(said.contains("cannot connect"), "{said}");
    assert_eq!(cache.lookup(&[ACTION]).unwrap_err(), miss);
}

#[test]
fn an_object_goes_on_where_its_connection_broke() {
    let object: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let count = AtomicUsize::new(0);
    let server = serving(vec![(cached_object(&OBJECT), object.clone())], move |request, body| {
        let reply = Reply::file(request, body);
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => reply.cut(100_000),
            1 => Reply::status("503 Service Unavailable"),
            2..8 => reply.cut(50_000),
            _ => reply,
        }
    });
    assert_eq!(read(&substituter(&server)), Ok(Some(object)));
    let ranges: Vec<usize> = server.requests().iter().skip(1).map(Request::range).collect();
    assert_eq!(ranges[..4], [0, 100_000, 100_000, 150_000]);
}

#[test]
fn an_object_that_cannot_go_on_fails_and_is_not_cut_short() {
    let object = vec![9; 100_000];
    let server =
        serving(vec![(cached_object(&OBJECT), object)], |_, body| Reply::ok(body).cut(40_000));
    let said = read(&substituter(&server)).unwrap_err();
    assert!(said.contains("the connection broke after 40000 of 100000 bytes"), "{said}");
}

#[test]
fn answers_that_are_wrong_are_misses() {
    let wrong = |body: Vec<u8>| cache(vec![(cached_realisation(&ACTION), body)]);
    let miss = |server: &Server| -> Miss { substituter(server).lookup(&[ACTION]).unwrap_err() };
    let server = wrong(realisation(ActionId([5; 32])).encode());
    assert!(miss(&server).reason.starts_with("it is for action "), "{}", miss(&server));
    assert!(!miss(&server).is_final);
    let server = wrong(b"<html>sign in</html>".to_vec());
    assert!(!miss(&server).reason.is_empty());
    let server = wrong(vec![0; 2 << 20]);
    check(&server, &miss(&server).reason, expect!["it has more than 1048576 bytes"]);
}

#[test]
fn what_a_server_does_not_give_out_is_not_there_and_what_it_cannot_is_a_miss() {
    let answering = |status: &'static str| {
        let files =
            vec![(cached_realisation(&ACTION), Vec::new()), (cached_object(&OBJECT), Vec::new())];
        serving(files, move |_, _| Reply::status(status))
    };
    for status in ["403 Forbidden", "404 Not Found", "410 Gone"] {
        let server = answering(status);
        let cache = substituter(&server);
        assert_eq!(cache.lookup(&[ACTION]), Ok(BTreeMap::new()), "{status}");
        assert_eq!(read(&cache), Ok(None), "{status}");
    }
    for (status, tries) in [("500 Internal Server Error", 3), ("401 Unauthorized", 1)] {
        let server = answering(status);
        let miss = substituter(&server).lookup(&[ACTION]).unwrap_err();
        assert!(miss.reason.contains(&status[..3]) && !miss.is_final, "{miss}");
        assert_eq!(server.requests().len(), 1 + tries, "{status}");
        assert!(read(&substituter(&server)).unwrap_err().contains(&status[..3]));
    }
}

#[test]
fn what_nobody_reads_any_more_is_not_received() {
    let server = serving(vec![(cached_object(&OBJECT), vec![1; 1 << 20])], |_, body| {
        Reply::ok(body).endless()
    });
    let cache = substituter(&server);
    let mut body = cache.open(&OBJECT).unwrap().unwrap();
    let mut bytes = [0; 10];
    body.read_exact(&mut bytes).unwrap();
    drop(body);
    // The server waits for its connections when it is dropped, and this one ends only if it is closed.
    drop(cache);
    drop(server);
}

#[test]
fn nothing_is_asked_after_it_was_cancelled() {
    let server = cache(Vec::new());
    let cancel = Cancel::new().unwrap();
    let url = CacheUrl::parse(&server.url("c")).unwrap();
    let cache = WebSubstituter::new(&url, Client::new().options, cancel.clone());
    cancel.set();
    assert!(cache.lookup(&[ACTION]).is_err());
}

#[test]
fn an_address_on_which_others_could_answer_is_none_of_a_cache() {
    let refused = |text: &str| CacheUrl::parse(text).unwrap_err();
    let expected = expect![
        "what a cache says is believed, so its address begins with `https:`, or with `http:` on this machine"
    ];
    for text in
        ["http://example.org/c", "http://127.0.0.1.example.org", "file:///c", "http://[::2]"]
    {
        expected.assert_eq(&refused(text));
    }
    for text in
        ["https://example.org/c", "http://127.0.0.1:1/c", "http://[::1]/c", "http://localhost"]
    {
        CacheUrl::parse(text).unwrap();
    }
    expect!["the address of a cache has no `?`: paths are put behind it"]
        .assert_eq(&refused("https://example.org/c?x=1"));
    let url = CacheUrl::parse("https://user:secret@example.org/c").unwrap();
    expect!["https://example.org/c CacheUrl(https://example.org/c)"]
        .assert_eq(&format!("{url} {url:?}"));
}

#[test]
fn a_redirect_to_where_others_could_answer_is_not_followed() {
    let server =
        Server::start(|_| Reply::redirect("302 Found", "http://example.org/c/kiln-substituter"));
    let miss = substituter(&server).lookup(&[ACTION]).unwrap_err();
    check(
        &server,
        &miss.reason,
        expect![
            "it redirects to `http://example.org/c/kiln-substituter`, where anybody on the way could answer"
        ],
    );
}
