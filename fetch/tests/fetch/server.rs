//! A server on the loopback device that says what a test wants it to say, and stops by itself.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A request as the server read it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The first byte that is asked for.
    pub(crate) fn range(&self) -> usize {
        let range =
            self.header("range").and_then(|it| it.strip_prefix("bytes=")?.strip_suffix('-'));
        range.map_or(0, |it| it.parse().unwrap())
    }
}

/// What the server does with a request: bytes to send, and how to end.
#[derive(Clone, Default)]
pub(crate) struct Reply {
    status: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Sent as it is, instead of all of the above.
    raw: Option<Vec<u8>>,
    /// Sends only so many bytes of the body, and closes.
    cut: Option<usize>,
    /// After what it sends it waits, with the connection open, until the server is dropped.
    stalls: bool,
    /// Sends the body again and again until the connection breaks.
    endless: bool,
}

impl Reply {
    pub(crate) fn ok(body: &[u8]) -> Self {
        Reply { status: "200 OK".to_owned(), body: body.to_vec(), ..Reply::default() }
    }

    pub(crate) fn status(status: &str) -> Self {
        let body = format!("<html><body>{status}</body></html>").into_bytes();
        Reply { status: status.to_owned(), body, ..Reply::default() }
    }

    pub(crate) fn redirect(status: &str, location: &str) -> Self {
        Reply::status(status).header("Location", location)
    }

    pub(crate) fn raw(bytes: &[u8]) -> Self {
        Reply { raw: Some(bytes.to_vec()), ..Reply::default() }
    }

    /// The file, or the part of it that is asked for.
    pub(crate) fn file(request: &Request, body: &[u8]) -> Self {
        match request.range() {
            0 => Reply::ok(body),
            from if from >= body.len() => Reply::status("416 Range Not Satisfiable"),
            from => Reply {
                status: "206 Partial Content".to_owned(),
                body: body[from..].to_vec(),
                ..Reply::default()
            }
            .header("Content-Range", &format!("bytes {from}-{}/{}", body.len() - 1, body.len())),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    pub(crate) fn stalls(mut self) -> Self {
        self.stalls = true;
        self
    }

    pub(crate) fn endless(mut self) -> Self {
        self.endless = true;
        self
    }

    fn send(&self, stream: &mut dyn Stream, stop: &Stop) -> std::io::Result<()> {
        if let Some(raw) = &self.raw {
            stream.write_all(raw)?;
        } else {
            let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", self.status);
            let has = |name: &str| self.headers.iter().any(|(it, _)| it == name);
            if !self.endless && !has("Content-Length") && !has("Transfer-Encoding") {
                head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
            }
            for (name, value) in &self.headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            let body = &self.body[..self.cut.unwrap_or(self.body.len())];
            // At once, so that what a client sees first does not depend on how busy the machine is.
            stream.write_all(&[(head + "\r\n").as_bytes(), body].concat())?;
            while self.endless && !stop.is_set() {
                stream.write_all(body)?;
            }
        }
        stream.flush()?;
        if self.stalls {
            stop.wait();
        }
        Ok(())
    }
}

#[derive(Default)]
struct Stop {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn is_set(&self) -> bool {
        *self.set.lock().unwrap()
    }

    fn wait(&self) {
        let mut set = self.set.lock().unwrap();
        while !*set {
            set = self.changed.wait(set).unwrap();
        }
    }

    fn set(&self) {
        *self.set.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

/// A connection, with or without TLS.
trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<Stop>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, handler)
    }

    /// As [`start`](Self::start), with TLS and a certificate for 127.0.0.1.
    pub(crate) fn start_tls(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self::start_with(Some(Arc::new(config)), handler)
    }

    fn start_with(
        tls: Option<Arc<rustls::ServerConfig>>,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(Stop::default());
        let ended = Arc::new(AtomicBool::new(false));
        let handler: Arc<Handler> = Arc::new(handler);
        let thread = std::thread::spawn({
            let (requests, stop, ended) = (requests.clone(), stop.clone(), ended.clone());
            move || {
                std::thread::scope(|scope| {
                    for stream in listener.incoming() {
                        if ended.load(Ordering::SeqCst) {
                            return;
                        }
                        let Ok(stream) = stream else { continue };
                        let (requests, stop, handler) = (&requests, &stop, &handler);
                        let tls = tls.clone();
                        scope.spawn(move || serve(stream, tls, requests, stop, &**handler));
                    }
                });
            }
        });
        Server { address, requests, stop, ended, thread: Some(thread) }
    }

    /// Serves one body at every path, in parts if asked to.
    pub(crate) fn serving(body: &[u8]) -> Self {
        let body = body.to_vec();
        Server::start(move |request| Reply::file(request, &body))
    }

    /// Answers the first requests by these replies, in this order, and all further ones by the last.
    pub(crate) fn replying(replies: Vec<Reply>) -> Self {
        let count = Mutex::new(0);
        Server::start(move |_| {
            let mut count = count.lock().unwrap();
            *count += 1;
            replies[(*count - 1).min(replies.len() - 1)].clone()
        })
    }

    /// The address of a server with TLS.
    pub(crate) fn tls_url(&self, path: &str) -> String {
        format!("https://{}/{path}", self.address)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.set();
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
    requests: &Mutex<Vec<Request>>,
    stop: &Stop,
    handler: &Handler,
) {
    // A client that connects and says nothing must not keep the server from ending.
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut stream: Box<dyn Stream> = match tls {
        None => Box::new(stream),
        Some(config) => {
            let connection = rustls::ServerConnection::new(config).unwrap();
            Box::new(rustls::StreamOwned::new(connection, stream))
        }
    };
    let Some(request) = read_request(&mut *stream) else { return };
    requests.lock().unwrap().push(request.clone());
    // The client may hang up at any time; that is what some tests are about.
    let _ = handler(&request).send(&mut *stream, stop);
}

fn read_request(stream: &mut dyn Stream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Some(Request { path, headers })
}
