//! Messages over byte streams: a header with the length, a blank line, JSON.
//!
//! Unlike the reader of `lsp_server`, this one goes on after a message that it does not understand:
//! one bad message must not end a session.

use std::io::{self, BufRead, Write};
use std::thread::{self, JoinHandle};

use lsp_server::{Connection, ErrorCode, Message, Notification, RequestId, Response};
use serde_json::{Value, json};

/// The longest message that is read, in bytes: 256 MiB.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// The longest line of a header that is read, in bytes.
const HEADER_BYTES_MAX: u64 = 4096;

/// Connects standard input and output. The thread ends when everything has been written.
#[must_use]
pub fn stdio() -> (Connection, JoinHandle<()>) {
    let (server, client) = Connection::memory();
    let Connection { sender, receiver } = client;
    let answers = server.sender.clone();
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        read_all(&mut input, |it| sender.send(it).is_ok(), |it| drop(answers.send(it)));
    });
    let writer = thread::spawn(move || {
        let mut output = io::stdout().lock();
        for message in receiver {
            if message.write(&mut output).is_err() || output.flush().is_err() {
                // Nobody reads any more.
                break;
            }
        }
    });
    (server, writer)
}

/// Reads messages until the input ends; `refuse` answers what is no message.
fn read_all(
    input: &mut impl BufRead,
    mut deliver: impl FnMut(Message) -> bool,
    mut refuse: impl FnMut(Message),
) {
    loop {
        match read(input) {
            Ok(Some(Read::Message(message))) => {
                // Nothing comes behind this, even if the other end leaves the stream open.
                let is_last = matches!(&*message, Message::Notification(it) if it.method == "exit");
                if !deliver(*message) || is_last {
                    return;
                }
            }
            Ok(Some(Read::Bad(answer))) => refuse(*answer),
            Ok(None) | Err(_) => return,
        }
    }
}

/// What was read.
enum Read {
    Message(Box<Message>),
    /// No message; this is what to say to it.
    Bad(Box<Message>),
}

/// Reads the next message; nothing at the end.
fn read(input: &mut impl BufRead) -> io::Result<Option<Read>> {
    let mut length: Option<usize> = None;
    loop {
        let mut line = Vec::new();
        let count = io::Read::take(&mut *input, HEADER_BYTES_MAX).read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            // A blank line without a length before it is skipped: something is out of step.
            if length.is_some() {
                break;
            }
            continue;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
    let length = length.unwrap_or(0);
    if length > MESSAGE_BYTES_MAX {
        io::copy(&mut io::Read::take(input, length as u64), &mut io::sink())?;
        return Ok(Some(complaint(&format!("a message of {length} bytes is not read"))));
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(Some(understand(&bytes)))
}

fn understand(bytes: &[u8]) -> Read {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return complaint(&format!("a message is no JSON: {error}")),
    };
    let id = value.get("id").and_then(|it| serde_json::from_value::<RequestId>(it.clone()).ok());
    match serde_json::from_value::<Message>(value) {
        Ok(message) => Read::Message(Box::new(message)),
        Err(_) => match id {
            Some(id) => {
                let code = ErrorCode::InvalidRequest as i32;
                let response = Response::new_err(id, code, "this is no request".to_owned());
                Read::Bad(Box::new(response.into()))
            }
            None => complaint("a message is neither a request nor a notification"),
        },
    }
}

/// A message for the client's log.
fn complaint(text: &str) -> Read {
    let params = json!({"type": 2, "message": format!("kiln: {text}")});
    Read::Bad(Box::new(Notification::new("window/logMessage".to_owned(), params).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    }

    #[test]
    fn a_stream_may_end_anywhere() {
        for text in
            ["", "Content-Length: 99\r\n\r\nshort", "Content-Le", "\n\n", "Content-Length: x\n\n"]
        {
            read_all(&mut text.as_bytes(), |_| panic!("no message"), |_| {});
        }
    }

    #[test]
    fn a_bad_message_does_not_end_the_stream() {
        let good = r#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#;
        let stream = [
            "hello\r\n\r\n".to_owned(),
            frame("{nonsense"),
            frame("[]"),
            frame(r#"{"id":7}"#),
            format!("content-type: x\r\n{}", frame(good)),
            frame(r#"{"jsonrpc":"2.0","method":"exit"}"#),
            frame(good),
        ]
        .concat();
        let (mut got, mut refused) = (Vec::new(), Vec::new());
        read_all(
            &mut stream.as_bytes(),
            |it| {
                got.push(it);
                true
            },
            |it| refused.push(serde_json::to_string(&it).unwrap()),
        );
        assert_eq!(got.len(), 2);
        assert!(matches!(&got[0], Message::Request(it) if it.method == "shutdown"));
        assert!(matches!(&got[1], Message::Notification(it) if it.method == "exit"));
        assert_eq!(refused.len(), 3, "{refused:?}");
        assert!(refused[2].contains("\"id\":7"), "{refused:?}");
    }
}
