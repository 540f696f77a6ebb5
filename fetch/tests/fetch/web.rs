//! Fetching from servers that behave, and from those that do not.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use expect_test::{Expect, expect};
use kiln_fetch::{Certificates, Machine, MirrorConfig, Mirrors, Proxies, WebFetcher, WebOptions};
use kiln_store::{
    Attempt, Cancel, Fetch, FetchError, FetchHash, FetchProgress, FetchRequest, Fetched,
    Fetcher as _, StoreName, Unpack, UnpackRoot,
};
use sha2::Digest as _;

use crate::archive::{Tar, compress};
use crate::server::{Reply, Server};
use crate::tree::list;

/// A folder with a target and unfinished downloads, and what the fetcher told.
pub(crate) struct Client {
    _folder: tempfile::TempDir,
    pub(crate) target: PathBuf,
    pub(crate) partial: PathBuf,
    pub(crate) cancel: Cancel,
    pub(crate) told: Mutex<Vec<FetchProgress>>,
    pub(crate) options: WebOptions,
    pub(crate) mirrors: MirrorConfig,
}

impl Client {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = WebOptions {
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(20),
            low_speed_window: Duration::from_secs(10),
            low_speed_bytes: 1,
            pause: Duration::from_millis(1),
            pause_max: Duration::from_millis(2),
            proxies: Proxies::None,
            ..WebOptions::default()
        };
        Client {
            target: folder.path().join("target"),
            partial: folder.path().join("partial"),
            _folder: folder,
            cancel: Cancel::new().unwrap(),
            told: Mutex::default(),
            options,
            mirrors: MirrorConfig::default(),
        }
    }

    pub(crate) fn fetcher(&self) -> WebFetcher {
        let machine = Machine::at(self.partial.join("no-machine"), BTreeMap::new());
        WebFetcher::new(Mirrors::new(self.mirrors.clone(), machine), self.options.clone())
    }

    pub(crate) fn fetch(
        &self,
        hash: FetchHash,
        urls: &[String],
        unpack: Unpack,
    ) -> Result<Fetched, FetchError> {
        self.fetch_by(&self.fetcher(), hash, urls, unpack)
    }

    pub(crate) fn fetch_by(
        &self,
        fetcher: &WebFetcher,
        hash: FetchHash,
        urls: &[String],
        unpack: Unpack,
    ) -> Result<Fetched, FetchError> {
        let fetch = Fetch { name: StoreName::new("source").unwrap(), hash, unpack };
        fetcher.fetch(&FetchRequest {
            fetch: &fetch,
            title: "source",
            urls,
            target: &self.target,
            partial: &self.partial,
            progress: &|progress| self.told.lock().unwrap().push(progress),
            cancel: &self.cancel,
        })
    }

    /// Fetches a file that is expected to have these bytes, and returns what came of it as text.
    pub(crate) fn file(&self, bytes: &[u8], urls: &[String]) -> String {
        let result = self.fetch(sha256(bytes), urls, Unpack::File { executable: false });
        match &result {
            Ok(_) => assert_eq!(std::fs::read(&self.target).unwrap(), bytes),
            Err(_) => assert!(!self.target.exists(), "nothing is left at the target"),
        }
        explained(&result)
    }

    /// The sizes of the files that are left of unfinished downloads.
    pub(crate) fn left(&self) -> Vec<u64> {
        let files = std::fs::read_dir(&self.partial).unwrap().map(|it| it.unwrap());
        let files = files.filter(|it| it.path().extension().is_none_or(|it| it != "from"));
        files.map(|it| it.metadata().unwrap().len()).collect()
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> FetchHash {
    FetchHash::Sha256(sha2::Sha256::digest(bytes).into())
}

/// A result as text, with hashes cut short and the ports of servers left out.
pub(crate) fn explained(result: &Result<Fetched, FetchError>) -> String {
    let list = |attempts: &[Attempt]| -> String {
        attempts.iter().map(|it| format!("  {}: {}\n", it.url, it.reason)).collect()
    };
    let text = match result {
        Ok(Fetched { url, bytes }) => format!("{bytes} bytes from {url}\n"),
        Err(error @ FetchError::HashMismatch { bytes, others, .. }) => {
            format!("error: {error} ({bytes} bytes)\n{}", list(others))
        }
        Err(error @ FetchError::Unreachable { attempts, setting, .. }) => {
            let help = setting.as_ref().map(|it| format!("help: {it}\n")).unwrap_or_default();
            format!("error: {error}\n{}{help}", list(attempts))
        }
        Err(error) => format!("error: {error}\n"),
    };
    simplified(&text)
}

/// Replaces ports by `PORT` and shortens hashes.
pub(crate) fn simplified(text: &str) -> String {
    let mut simple = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("127.0.0.1:").into_iter().chain(rest.find("sha256:")).min() {
        let (before, after) = rest.split_at(at);
        simple.push_str(before);
        if let Some(after) = after.strip_prefix("127.0.0.1:") {
            simple.push_str("127.0.0.1:PORT");
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        } else {
            simple.push_str(&after[..11]);
            rest = after[11..].trim_start_matches(|c: char| c.is_ascii_hexdigit());
        }
    }
    simple + rest
}

/// Fetches `content` from one server that always gives this reply.
fn check_reply(reply: Reply, expected: Expect) {
    let server = Server::replying(vec![reply]);
    let client = Client::new();
    let text = client.file(b"content", &[server.url("x")]);
    assert_eq!(client.left(), [0; 0], "nothing wrong is kept");
    expected.assert_eq(&format!("{text}{} requests\n", server.requests().len()));
}

#[test]
fn a_file_is_fetched_by_either_hash() {
    let server = Server::serving(b"content");
    for (hash, executable) in [
        (sha256(b"content"), false),
        (FetchHash::Blake3(*blake3::hash(b"content").as_bytes()), true),
    ] {
        let client = Client::new();
        let url = server.url("a%20b?c=d");
        let fetched =
            client.fetch(hash, std::slice::from_ref(&url), Unpack::File { executable }).unwrap();
        assert_eq!(fetched, Fetched { url: url.clone(), bytes: 7 });
        let parent = client.target.parent().unwrap();
        std::fs::remove_dir(&client.partial).unwrap();
        let mode = if executable { "rwxr-xr-x" } else { "rw-r--r--" };
        assert_eq!(list(parent), format!("-{mode} target: content\n"));
        let told = client.told.into_inner().unwrap();
        assert_eq!(told[0], FetchProgress::Trying { url });
        let all = FetchProgress::Received { bytes: 7, bytes_total: Some(7) };
        assert_eq!(told.last(), Some(&all));
    }
    let request = &server.requests()[0];
    assert_eq!(request.path, "/a%20b?c=d");
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!(request.header("user-agent"), Some("kiln/0.1.0"));
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn an_archive_is_fetched_and_unpacked() {
    let archive = compress("gz", &Tar::new().file("top/a", b"text").executable("top/b", b"").end());
    let server = Server::serving(&archive);
    let client = Client::new();
    let unpack = Unpack::Tree { root: UnpackRoot::Auto, executables: vec!["a".to_owned()] };
    client.fetch(sha256(&archive), &[server.url("a.tar.gz")], unpack).unwrap();
    assert_eq!(list(&client.target), "-rwxr-xr-x a: text\n-rwxr-xr-x b: \n");
    assert_eq!(client.told.lock().unwrap().last(), Some(&FetchProgress::Unpacking));
    assert_eq!(std::fs::read_dir(&client.partial).unwrap().count(), 0, "the download is removed");
}

#[test]
fn an_archive_that_is_refused_is_not_fetched_again() {
    let archive = Tar::new().file("../x", b"").end();
    let server = Server::serving(&archive);
    let client = Client::new();
    let unpack = Unpack::Tree { root: UnpackRoot::All, executables: Vec::new() };
    let fetch = || {
        let urls = [server.url("a.tar")];
        let text = explained(&client.fetch(sha256(&archive), &urls, unpack.clone()));
        assert!(!client.target.exists());
        text
    };
    expect![[r#"
        error: cannot unpack http://127.0.0.1:PORT/a.tar: the entry `../x` is refused: it has `..` in its name
    "#]].assert_eq(&fetch());
    expect![[r#"
        error: cannot unpack http://127.0.0.1:PORT/a.tar: the entry `../x` is refused: it has `..` in its name
    "#]].assert_eq(&fetch());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn places_are_tried_in_order_and_the_first_good_one_wins() {
    let (missing, wrong) =
        (Server::replying(vec![Reply::status("404 Not Found")]), Server::serving(b"other"));
    let (good, unasked) = (Server::serving(b"content"), Server::serving(b"content"));
    let client = Client::new();
    let urls = [missing.url("1"), wrong.url("2"), good.url("3"), unasked.url("4")];
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/3
    "#]]
    .assert_eq(&client.file(b"content", &urls));
    assert_eq!(unasked.requests().len(), 0);
    // The one that is there is asked before the one that may come back is asked again.
    let failing = Server::replying(vec![Reply::status("503 Service Unavailable")]);
    let client = Client::new();
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/2
    "#]]
    .assert_eq(&client.file(b"content", &[failing.url("1"), good.url("2")]));
    assert_eq!(failing.requests().len(), 1);
}

#[test]
fn an_error_lists_every_place_and_its_reason() {
    let missing = Server::replying(vec![Reply::status("404 Not Found")]);
    let failing = Server::replying(vec![Reply::status("500 Internal Server Error")]);
    let client = Client::new();
    let nobody = DeadPort::new();
    let urls = [
        missing.url("a"),
        failing.url("b"),
        nobody.url(),
        "ftp://127.0.0.1/c".to_owned(),
        "c.tar".to_owned(),
        "file:///nowhere/c".to_owned(),
        "mirror://corp/c".to_owned(),
    ];
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/a: it answered 404: it is not there
          http://127.0.0.1:PORT/b: it answered 500: Internal Server Error
          http://127.0.0.1:PORT/: cannot connect: Connection refused (os error 111)
          ftp://127.0.0.1/c: `ftp:` cannot be fetched; `https:`, `http:`, `file:` and `mirror:` can
          c.tar: it is not an address: relative URL without a base
          file:///nowhere/c: cannot read it: it is not there
          mirror://corp/c: no base is known for the mirror `corp`; known are `crates`, `debian`, `gnu`, `kernel`, `npm`, `pypi`, `savannah`, `sourceforge`
        help: set KILN_MIRROR_CORP or `mirrors.corp` in config.toml to a base of your own
    "#]]
    .assert_eq(&client.file(b"content", &urls));
    assert_eq!(missing.requests().len(), 1, "what is missing stays missing");
    assert_eq!(failing.requests().len(), 4, "what fails may pass");
    expect![[r#"
        error: no place gave sha256:ed70
    "#]]
    .assert_eq(&Client::new().file(b"content", &[]));
}

/// A port that is taken, so that nobody else can begin to listen at it, but at which nobody does:
/// that of the client's side of a connection.
struct DeadPort {
    _listener: TcpListener,
    stream: TcpStream,
}

impl DeadPort {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        DeadPort { _listener: listener, stream }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.stream.local_addr().unwrap())
    }
}

#[test]
fn wrong_bytes_are_named_and_not_kept() {
    check_reply(
        Reply::ok(b"other bytes"),
        expect![[r#"
        error: the bytes from http://127.0.0.1:PORT/x are not the ones that were asked for: expected sha256:ed70, found sha256:a3ea (11 bytes)
        1 requests
    "#]],
    );
    check_reply(
        Reply::ok(b""),
        expect![[r#"
            error: the bytes from http://127.0.0.1:PORT/x are not the ones that were asked for: expected sha256:ed70, found sha256:e3b0 (0 bytes)
              http://127.0.0.1:PORT/x: it is empty
            1 requests
        "#]],
    );
    check_reply(
        Reply::ok(b"<html>not found</html>").header("Content-Type", "text/html; charset=utf-8"),
        expect![[r#"
            error: the bytes from http://127.0.0.1:PORT/x are not the ones that were asked for: expected sha256:ed70, found sha256:23c6 (22 bytes)
              http://127.0.0.1:PORT/x: it is a web page, perhaps one that says what went wrong
            1 requests
        "#]],
    );
    check_reply(
        Reply::ok(&compress("gz", b"content")).header("Content-Encoding", "gzip"),
        expect![[r#"
            error: the bytes from http://127.0.0.1:PORT/x are not the ones that were asked for: expected sha256:ed70, found sha256:4a7d (27 bytes)
              http://127.0.0.1:PORT/x: it was sent with the encoding `gzip`, which is not undone
            1 requests
        "#]],
    );
    // More than one place: the others are told, too.
    let (one, two) = (Server::serving(b"one"), Server::serving(b"three"));
    let missing = Server::replying(vec![Reply::status("410 Gone")]);
    let urls = [missing.url("0"), one.url("1"), two.url("2")];
    expect![[r#"
        error: the bytes from http://127.0.0.1:PORT/1 are not the ones that were asked for: expected sha256:ed70, found sha256:7692 (3 bytes)
          http://127.0.0.1:PORT/0: it answered 410: it is not there
          http://127.0.0.1:PORT/2: it gave other bytes (sha256:8b5b)
    "#]].assert_eq(&Client::new().file(b"content", &urls));
}

#[test]
fn encoded_bytes_are_taken_as_they_are_served() {
    let bytes = compress("gz", b"content");
    let reply = Reply::ok(&bytes).header("Content-Encoding", "gzip");
    let server = Server::replying(vec![reply.header("Content-Type", "application/x-gzip")]);
    expect![[r#"
        27 bytes from http://127.0.0.1:PORT/a.tar.gz
    "#]]
    .assert_eq(&Client::new().file(&bytes, &[server.url("a.tar.gz")]));
}

#[test]
fn a_status_is_explained_and_asked_again_only_if_it_may_pass() {
    check_reply(
        Reply::status("401 Unauthorized"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 401: it wants a user name and password, or others than were given
        1 requests
    "#]],
    );
    check_reply(
        Reply::status("403 Forbidden"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 403: access is forbidden
        1 requests
    "#]],
    );
    check_reply(
        Reply::status("404 Not Found"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 404: it is not there
        1 requests
    "#]],
    );
    check_reply(
        Reply::status("418 I'm a teapot"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 418: I'm a teapot
        1 requests
    "#]],
    );
    check_reply(
        Reply::status("429 Too Many Requests").header("Retry-After", "3600"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 429: there were too many requests
        4 requests
    "#]],
    );
    check_reply(
        Reply::status("502 Bad Gateway"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 502: Bad Gateway
        4 requests
    "#]],
    );
    check_reply(
        Reply::status("206 Partial Content"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 206: Partial Content
        1 requests
    "#]],
    );
    check_reply(
        Reply::status("204 No Content"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 204: No Content
        1 requests
    "#]],
    );
    check_reply(
        Reply::status("304 Not Modified"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 304: Not Modified
        1 requests
    "#]],
    );
    check_reply(
        Reply::status("999 Odd"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 999: a status without a name
        1 requests
    "#]],
    );
}

#[test]
fn what_is_not_http_is_explained() {
    check_reply(
        Reply::raw(b""),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: the connection broke before an answer: connection closed before message completed
        4 requests
    "#]],
    );
    check_reply(
        Reply::raw(b"SSH-2.0-OpenSSH\r\n"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: the connection broke before an answer: invalid HTTP version parsed
        4 requests
    "#]],
    );
    check_reply(
        Reply::raw(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: the connection broke before an answer: invalid content-length parsed
        4 requests
    "#]],
    );
}

#[test]
fn a_body_that_is_shorter_or_longer_than_it_says() {
    let short = || Reply::ok(b"content").header("Content-Length", "100").cut(3);
    let server = Server::start(move |_| short());
    let client = Client::new();
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: the connection broke after 3 of 100 bytes: end of file before message length reached
    "#]].assert_eq(&client.file(b"content", &[server.url("x")]));
    assert_eq!(client.left(), [3], "what arrived is kept, for a later run");
    let long = Reply::ok(b"content and more").header("Content-Length", "7");
    check_reply(
        long,
        expect![[r#"
        7 bytes from http://127.0.0.1:PORT/x
        1 requests
    "#]],
    );
    let no_end = Reply::raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncon");
    let server = Server::replying(vec![no_end]);
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: the connection broke after 3 bytes: unexpected EOF during chunk size line
    "#]].assert_eq(&Client::new().file(b"content", &[server.url("x")]));
    let no_length = Reply::raw(b"HTTP/1.0 200 OK\r\n\r\ncontent");
    check_reply(
        no_length,
        expect![[r#"
        7 bytes from http://127.0.0.1:PORT/x
        1 requests
    "#]],
    );
}

#[test]
fn a_body_without_end_is_left() {
    let server = Server::replying(vec![Reply::ok(&[b'x'; 1 << 16]).endless()]);
    let mut client = Client::new();
    client.options.bytes_max = 1 << 20;
    let large = Server::replying(vec![Reply::ok(b"x").header("Content-Length", "1048577")]);
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it has 1048577 bytes; at most 1048576 are fetched
    "#]]
    .assert_eq(&client.file(b"content", &[large.url("x")]));
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it serves more than 1048576 bytes
    "#]]
    .assert_eq(&client.file(b"content", &[server.url("x")]));
}

#[test]
fn a_server_that_stalls_is_left() {
    let mut client = Client::new();
    client.options.low_speed_window = Duration::from_millis(300);
    client.options.low_speed_bytes = 5;
    client.options.tries_max = 2;
    let head = Server::replying(vec![Reply::ok(b"content").cut(0).stalls()]);
    let body = Server::replying(vec![Reply::ok(b"content").cut(3).stalls()]);
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/1: nothing arrived for 0.3 s
          http://127.0.0.1:PORT/2: only 3 bytes arrived in 0.3 s
    "#]]
    .assert_eq(&client.file(b"content", &[head.url("1"), body.url("2")]));
    let mut client = Client::new();
    client.options.answer_timeout = Duration::from_secs(1);
    client.options.connect_timeout = Duration::from_secs(1);
    let silent = Server::replying(vec![Reply::raw(b"").stalls()]);
    let good = Server::serving(b"content");
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/2
    "#]]
    .assert_eq(&client.file(b"content", &[silent.url("1"), good.url("2")]));
    client.options.answer_timeout = Duration::ZERO;
    client.options.connect_timeout = Duration::from_millis(100);
    client.options.tries_max = 1;
    std::fs::remove_file(&client.target).unwrap();
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/1: no answer within 0.1 s
    "#]]
    .assert_eq(&client.file(b"content", &[silent.url("1")]));
}

#[test]
fn redirects_are_followed_to_the_web_only_and_not_for_ever() {
    let good = Server::serving(b"content");
    let moved = Reply::redirect("302 Found", &good.url("file"));
    check_reply(
        moved,
        expect![[r#"
        7 bytes from http://127.0.0.1:PORT/x
        1 requests
    "#]],
    );
    check_reply(
        Reply::redirect("301 Moved Permanently", "/again"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it redirects more than 10 times
        11 requests
    "#]],
    );
    check_reply(
        Reply::redirect("302 Found", "file:///etc/passwd"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it redirects to `file:///etc/passwd`; only http and https are followed
        1 requests
    "#]],
    );
    check_reply(
        Reply::redirect("302 Found", "mirror://debian/pool/x"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it redirects to `mirror://debian/pool/x`; only http and https are followed
        1 requests
    "#]],
    );
    check_reply(
        Reply::redirect("302 Found", "http://"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it redirects to `http://`, which is not an address
        1 requests
    "#]],
    );
    check_reply(
        Reply::status("302 Found"),
        expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/x: it answered 302 without saying where to go
        1 requests
    "#]],
    );
    // Relative, in several steps.
    let server = Server::start(|request| match request.path.as_str() {
        "/a/b" => Reply::redirect("303 See Other", "../c?d"),
        "/c?d" => {
            let location = format!("//{}/e#top", request.header("host").unwrap());
            Reply::redirect("307 Temporary Redirect", &location)
        }
        "/e" => Reply::redirect("308 Permanent Redirect", "f"),
        "/f" => Reply::ok(b"content"),
        _ => Reply::status("404 Not Found"),
    });
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/a/b
    "#]]
    .assert_eq(&Client::new().file(b"content", &[server.url("a/b")]));
}

#[test]
fn a_certificate_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("authority.pem", &include_bytes!("tls/authority.pem")[..]),
        ("stranger.pem", include_bytes!("tls/stranger.pem")),
        ("none.pem", include_bytes!("tls/server.key")),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let file = |name: &str| Certificates::File(folder.path().join(name));
    let server = Server::start_tls(|_| Reply::ok(b"content"));
    let mut client = Client::new();
    client.options.certificates = file("authority.pem");
    expect![[r#"
        7 bytes from https://127.0.0.1:PORT/x
    "#]]
    .assert_eq(&client.file(b"content", &[server.tls_url("x")]));
    let mut texts = String::new();
    for certificates in ["stranger.pem", "none.pem", "missing.pem"] {
        let mut client = Client::new();
        client.options.certificates = file(certificates);
        texts.push_str(&client.file(b"content", &[server.tls_url("x")]));
    }
    expect![[r#"
        error: no place gave sha256:ed70
          https://127.0.0.1:PORT/x: its certificate is signed by nobody whom this machine trusts; if that is right, set SSL_CERT_FILE to a file with the signer's certificate
        error: no place gave sha256:ed70
          https://127.0.0.1:PORT/x: there are no certificates in /none.pem
        error: no place gave sha256:ed70
          https://127.0.0.1:PORT/x: cannot read the certificates in /missing.pem: I/O error: No such file or directory (os error 2)
    "#]].assert_eq(&texts.replace(&folder.path().display().to_string(), ""));
    // The name must fit, too.
    let mut client = Client::new();
    client.options.certificates = file("authority.pem");
    let url = format!("https://localhost:{}/x", server.port());
    let text = client.file(b"content", &[url]);
    expect![[r#"
        error: no place gave sha256:ed70
          https://localhost:PORT/x: cannot connect: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for IpAddress(127.0.0.1)
    "#]].assert_eq(&text.replace(&server.port().to_string(), "PORT"));
}

#[test]
fn credentials_go_to_their_host_only_and_are_never_shown() {
    let other = Server::serving(b"content");
    let elsewhere = other.url("file?token=secret");
    let server = Server::start(move |request| match request.path.as_str() {
        "/own" => Reply::redirect("302 Found", "/own2"),
        "/own2" => Reply::ok(b"content"),
        "/other" => Reply::redirect("302 Found", &elsewhere),
        _ => Reply::status("404 Not Found"),
    });
    let url = |path: &str| format!("http://user:secret@127.0.0.1:{}/{path}", server.port());
    let mut texts = String::new();
    for path in ["own", "other", "missing?api_key=secret"] {
        let client = Client::new();
        texts.push_str(&client.file(b"content", &[url(path)]));
        let partial = format!("{:?} {:?}", client.told, std::fs::read_dir(&client.partial));
        assert!(!partial.contains("secret"));
    }
    assert!(!texts.contains("secret"), "{texts}");
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/own
        7 bytes from http://127.0.0.1:PORT/other
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/missing?api_key=…: it answered 404: it is not there
    "#]]
    .assert_eq(&texts);
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some("Basic dXNlcjpzZWNyZXQ="));
    }
    for request in other.requests() {
        assert_eq!(request.header("authorization"), None);
    }
    // Nor in what is kept for a later run, nor in what a broken connection says.
    let broken = Server::replying(vec![Reply::ok(b"content").header("Content-Length", "9").cut(1)]);
    let client = Client::new();
    let url = format!("http://user:secret@127.0.0.1:{}/x?sig=secret#secret", broken.port());
    assert!(!client.file(b"content", &[url]).contains("secret"));
    for entry in std::fs::read_dir(&client.partial).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn a_file_of_this_machine_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b.tar");
    std::fs::write(&path, "content").unwrap();
    let url = format!("file://{}/a%20b.tar", folder.path().display());
    let client = Client::new();
    let text = client.file(b"content", std::slice::from_ref(&url));
    assert_eq!(text, format!("7 bytes from {url}\n"));
    assert!(path.exists(), "it is not taken away");
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let urls = ["fifo", "link", "", "missing", "a%20b.tar/x"]
        .map(|it| format!("file://{}/{it}", folder.path().display()));
    let text = Client::new().file(b"content", &urls);
    expect![[r#"
        error: no place gave sha256:ed70
          file:///FOLDER/fifo: it is no regular file
          file:///FOLDER/link: cannot read it: it is not there
          file:///FOLDER/: it is a folder
          file:///FOLDER/missing: cannot read it: it is not there
          file:///FOLDER/a%20b.tar/x: cannot read it: Not a directory (os error 20)
    "#]]
    .assert_eq(&text.replace(&folder.path().display().to_string(), "/FOLDER"));
    let text = Client::new().file(b"other", &[url]);
    expect![[r#"
        error: the bytes from file:///FOLDER/a%20b.tar are not the ones that were asked for: expected sha256:d929, found sha256:ed70 (7 bytes)
    "#]].assert_eq(&text.replace(&folder.path().display().to_string(), "/FOLDER"));
}

#[test]
fn a_target_that_is_there_is_an_error_before_anything_is_fetched() {
    let server = Server::serving(b"content");
    let client = Client::new();
    std::os::unix::fs::symlink("nowhere", &client.target).unwrap();
    let result =
        client.fetch(sha256(b"content"), &[server.url("x")], Unpack::File { executable: false });
    assert!(matches!(result, Err(FetchError::Write { .. })), "{result:?}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_stop_is_obeyed_wherever_the_fetcher_waits() {
    let silent = Server::replying(vec![Reply::raw(b"").stalls()]);
    let stalled = Server::replying(vec![Reply::ok(b"content").cut(3).stalls()]);
    let busy = Server::replying(vec![
        Reply::status("503 Service Unavailable").header("Retry-After", "3600"),
    ]);
    for url in [silent.url("1"), stalled.url("2"), busy.url("3")] {
        let mut client = Client::new();
        // Longer than any test runs: only the stop can end it.
        client.options.answer_timeout = Duration::from_secs(3600);
        client.options.low_speed_window = Duration::from_secs(3600);
        client.options.pause_max = Duration::from_secs(3600);
        let server = [&silent, &stalled, &busy].into_iter().find(|it| url.starts_with(&it.url("")));
        let server = server.unwrap();
        let text = std::thread::scope(|scope| {
            let fetch = scope.spawn(|| client.file(b"content", &[url]));
            while server.requests().is_empty() {
                std::thread::sleep(Duration::from_millis(5));
            }
            client.cancel.set();
            fetch.join().unwrap()
        });
        assert_eq!(text, "error: the download was stopped\n");
    }
}

#[test]
fn a_host_to_which_no_connection_comes_about_is_asked_last() {
    let nobody = DeadPort::new();
    let good = Server::serving(b"content");
    let client = Client::new();
    let fetcher = client.fetcher();
    let urls = [nobody.url(), good.url("x")];
    let tried_first = |count: usize| {
        for _ in 0..count {
            let unpack = Unpack::File { executable: false };
            client.fetch_by(&fetcher, sha256(b"content"), &urls, unpack).unwrap();
            std::fs::remove_file(&client.target).unwrap();
        }
        let told = std::mem::take(&mut *client.told.lock().unwrap());
        told.iter().filter(|it| **it == FetchProgress::Trying { url: urls[0].clone() }).count()
    };
    assert_eq!(tried_first(3), 3);
    assert_eq!(tried_first(2), 0);
    // It is still asked where there is no other.
    let unpack = Unpack::File { executable: false };
    let result = client.fetch_by(&fetcher, sha256(b"content"), &urls[..1], unpack);
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/: cannot connect: Connection refused (os error 111)
    "#]]
    .assert_eq(&explained(&result));
}

#[test]
fn a_stop_while_unpacking_leaves_nothing() {
    let archive = Tar::new().file("a", b"text").end();
    let server = Server::serving(&archive);
    let client = Client::new();
    let fetch = Fetch {
        name: StoreName::new("source").unwrap(),
        hash: sha256(&archive),
        unpack: Unpack::Tree { root: UnpackRoot::All, executables: Vec::new() },
    };
    let result = client.fetcher().fetch(&FetchRequest {
        fetch: &fetch,
        title: "source",
        urls: &[server.url("a.tar")],
        target: &client.target,
        partial: &client.partial,
        progress: &|progress| {
            if progress == FetchProgress::Unpacking {
                client.cancel.set();
            }
        },
        cancel: &client.cancel,
    });
    assert!(matches!(result, Err(FetchError::Cancelled)), "{result:?}");
    let parent = std::fs::read_dir(client.target.parent().unwrap()).unwrap();
    assert_eq!(parent.count(), 1, "only the folder of unfinished downloads");
    assert_eq!(client.left(), [archive.len() as u64]);
}

#[test]
fn a_caller_that_is_itself_asynchronous_is_served() {
    let server = Server::serving(b"content");
    let client = Client::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let text = runtime.block_on(async { client.file(b"content", &[server.url("x")]) });
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/x
    "#]]
    .assert_eq(&text);
}

#[test]
fn many_threads_fetch_at_once() {
    let server = Server::start(|request| Reply::ok(request.path.as_bytes()));
    let fetcher = Client::new().fetcher();
    std::thread::scope(|scope| {
        for number in 0..32 {
            let (server, fetcher) = (&server, &fetcher);
            scope.spawn(move || {
                let client = Client::new();
                let body = format!("/{number}");
                let hash = sha256(body.as_bytes());
                let urls = [server.url(&number.to_string())];
                let unpack = Unpack::File { executable: false };
                client.fetch_by(fetcher, hash, &urls, unpack).unwrap();
                assert_eq!(std::fs::read_to_string(&client.target).unwrap(), body);
            });
        }
    });
}
