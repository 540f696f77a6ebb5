//! Downloads that go on where an earlier one stopped.

use expect_test::expect;
use kiln_store::Unpack;

use crate::server::{Reply, Server};
use crate::web::{Client, explained, sha256};

/// What is fetched: large enough to be cut in the middle.
fn content() -> Vec<u8> {
    (0..100_000_u32).flat_map(|it| it.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn ranges(server: &Server) -> Vec<(Option<String>, Option<String>)> {
    let header = |it: Option<&str>| it.map(str::to_owned);
    let requests = server.requests();
    requests.iter().map(|it| (header(it.header("range")), header(it.header("if-range")))).collect()
}

fn pair(range: Option<&str>, validator: Option<&str>) -> (Option<String>, Option<String>) {
    (range.map(str::to_owned), validator.map(str::to_owned))
}

/// Leaves the first bytes of the content behind, as a run that was killed does.
fn leave(client: &Client, bytes: &[u8]) {
    std::fs::create_dir_all(&client.partial).unwrap();
    let name = sha256(&content()).to_string().replace(':', "-");
    std::fs::write(client.partial.join(name), bytes).unwrap();
}

#[test]
fn a_connection_that_breaks_is_taken_up_where_it_broke() {
    let content = content();
    let body = content.clone();
    let server = Server::start(move |request| {
        let cut = if request.range() == 0 { 150_000 } else { 100_000 };
        let reply = Reply::file(request, &body).header("ETag", "\"v1\"");
        if request.range() < 250_000 { reply.cut(cut) } else { reply }
    });
    let client = Client::new();
    expect![[r#"
        400000 bytes from http://127.0.0.1:PORT/x
    "#]]
    .assert_eq(&client.file(&content, &[server.url("x")]));
    assert_eq!(
        ranges(&server),
        [
            pair(None, None),
            pair(Some("bytes=150000-"), Some("\"v1\"")),
            pair(Some("bytes=250000-"), Some("\"v1\"")),
        ]
    );
    assert_eq!(client.left(), [0; 0]);
}

#[test]
fn a_later_run_goes_on_with_what_an_earlier_one_left() {
    let content = content();
    let mut client = Client::new();
    client.options.tries_max = 1;
    let cut =
        Reply::ok(&content).header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT").cut(5000);
    let mut replies = vec![cut];
    let rest = Reply::file(&request_from(5000), &content);
    replies.push(rest);
    let server = Server::replying(replies);
    let text = client.file(&content, &[server.url("x")]);
    assert!(text.contains("the connection broke after 5000 of 400000 bytes"), "{text}");
    assert_eq!(client.left(), [5000]);
    expect![[r#"
        400000 bytes from http://127.0.0.1:PORT/x
    "#]]
    .assert_eq(&client.file(&content, &[server.url("x")]));
    let date = Some("Thu, 01 Jan 2026 00:00:00 GMT");
    assert_eq!(ranges(&server), [pair(None, None), pair(Some("bytes=5000-"), date)]);
}

fn request_from(first: usize) -> crate::server::Request {
    let headers = [("range".to_owned(), format!("bytes={first}-"))].into();
    crate::server::Request { path: "/".to_owned(), headers }
}

#[test]
fn another_place_goes_on_but_is_not_asked_by_a_name_of_the_first() {
    let content = content();
    let first = Server::replying(vec![Reply::ok(&content).header("ETag", "\"v1\"").cut(7777)]);
    let second = Server::serving(&content);
    let client = Client::new();
    expect![[r#"
        400000 bytes from http://127.0.0.1:PORT/x
    "#]]
    .assert_eq(&client.file(&content, &[first.url("x"), second.url("x")]));
    assert_eq!(ranges(&second), [pair(Some("bytes=7777-"), None)]);
}

#[test]
fn a_weak_validator_is_none() {
    let content = content();
    let reply = Reply::ok(&content).header("ETag", "W/\"v1\"").cut(7777);
    let server = Server::replying(vec![reply, Reply::file(&request_from(7777), &content)]);
    let client = Client::new();
    client.file(&content, &[server.url("x")]);
    assert_eq!(ranges(&server)[1], pair(Some("bytes=7777-"), None));
}

#[test]
fn a_server_that_sends_all_of_it_again_is_understood() {
    let content = content();
    let client = Client::new();
    leave(&client, &content[..1000]);
    // No ranges, or the file changed since: both answer 200.
    let server = Server::replying(vec![Reply::ok(&content)]);
    expect![[r#"
        400000 bytes from http://127.0.0.1:PORT/x
    "#]]
    .assert_eq(&client.file(&content, &[server.url("x")]));
    assert_eq!(ranges(&server), [pair(Some("bytes=1000-"), None)]);
}

#[test]
fn a_part_that_is_not_the_one_asked_for_is_not_taken() {
    let content = content();
    let part = |range: &str| {
        let head = "HTTP/1.1 206 Partial Content\r\nContent-Length: 10";
        Reply::raw(format!("{head}\r\nContent-Range: {range}\r\n\r\nxxxxxxxxxx").as_bytes())
    };
    for range in ["bytes 0-9/10", "bytes 999-1008/400000", "bytes 5000-5009/*", "nonsense", ""] {
        let client = Client::new();
        leave(&client, &content[..1000]);
        let server = Server::replying(vec![part(range), Reply::ok(&content)]);
        let text = client.file(&content, &[server.url("x")]);
        assert!(text.starts_with("400000 bytes"), "{range}: {text}");
        assert_eq!(ranges(&server), [pair(Some("bytes=1000-"), None), pair(None, None)]);
    }
}

#[test]
fn bytes_left_behind_that_are_wrong_are_thrown_away() {
    let content = content();
    let server = Server::serving(&content);
    for left in [&[b'x'; 1000][..], &[b'x'; 400_000], &[b'x'; 500_000]] {
        let client = Client::new();
        leave(&client, left);
        let text = client.file(&content, &[server.url("x")]);
        assert!(text.starts_with("400000 bytes"), "{text}");
    }
    // If the place is wrong, too, it is its own bytes that are reported.
    let wrong = Server::serving(&[b'y'; 2000]);
    let client = Client::new();
    leave(&client, &[b'x'; 1000]);
    let text = client.file(&content, &[wrong.url("x")]);
    expect![[r#"
        error: the bytes from http://127.0.0.1:PORT/x are not the ones that were asked for: expected sha256:6899, found sha256:0871 (2000 bytes)
    "#]].assert_eq(&text);
    assert_eq!(client.left(), [0; 0]);
}

#[test]
fn a_download_that_was_complete_needs_no_network() {
    let content = content();
    let client = Client::new();
    leave(&client, &content);
    let unpack = Unpack::File { executable: false };
    let fetched = client.fetch(sha256(&content), &[], unpack);
    let text = explained(&fetched).replace(&client.partial.display().to_string(), "/PARTIAL");
    expect![[r#"
        400000 bytes from file:///PARTIAL/sha256-6899be7bb4c845a914bb47265b1124653015b95fe6fd02aaa9c2a7241392b9a6
    "#]].assert_eq(&text);
    assert_eq!(std::fs::read(&client.target).unwrap(), content);
}

#[test]
fn two_that_want_the_same_wait_for_each_other() {
    let content = content();
    let server = Server::serving(&content);
    let shared = Client::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::new();
                client.partial = shared.partial.clone();
                let text = client.file(&content, &[server.url("x")]);
                assert!(text.starts_with("400000 bytes"), "{text}");
            });
        }
    });
}
