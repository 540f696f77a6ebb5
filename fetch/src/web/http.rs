//! One request over HTTP, with a time limit for each thing that can hang.

use std::error::Error as _;
use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::{Duration, Instant};

use kiln_store::{Cancel, FetchError};
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::runtime::Runtime;

use crate::escape::escape;
use crate::place::{Place, is_private, shown};
use crate::web::options::{Proxies, WebOptions};
use crate::web::tls;

/// What Kiln calls itself.
const USER_AGENT: &str = concat!("kiln/", env!("CARGO_PKG_VERSION"));

/// How often it is looked whether to stop while nothing arrives.
const CANCEL_POLL: Duration = Duration::from_millis(50);

/// Why a request gave nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// This place does not have it, or must not be asked again.
    Refused { reason: String },
    /// The server says that there is nothing at this address, or nothing for whoever asks.
    Absent { reason: String },
    /// It may have it later.
    Passing {
        reason: String,
        /// How long the server asks to wait.
        wait: Option<Duration>,
        /// No connection came about.
        unconnected: bool,
    },
    /// The server cannot go on in the middle: ask for all of it.
    NotResumed,
    /// Another place would fail too: the disk is full, or [`Cancel`] was set.
    Fatal(FetchError),
}

impl Failure {
    fn refused(reason: impl Into<String>) -> Self {
        Failure::Refused { reason: reason.into() }
    }

    fn passing(reason: impl Into<String>) -> Self {
        Failure::Passing { reason: reason.into(), wait: None, unconnected: false }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Failure::Fatal(error)
    }
}

/// What a request asks for.
pub(crate) struct Ask<'a> {
    pub(crate) place: &'a Place,
    /// The answer is believed: it must not come by a way on which others could give it.
    pub(crate) is_believed: bool,
    /// What kinds of answers are wanted, if it matters.
    pub(crate) accept: Option<&'static str>,
    /// How many bytes are here already.
    pub(crate) have_bytes: u64,
    /// What the place called the version of the file that those are from.
    pub(crate) validator: Option<&'a str>,
}

/// What an answer says of itself before its body.
#[derive(Debug, Default, Clone)]
pub(crate) struct Answer {
    /// The body goes on after the bytes that are here; else it is all of the file.
    pub(crate) resumed: bool,
    /// The size of the whole file.
    pub(crate) bytes_total: Option<u64>,
    /// What may be sent as `If-Range` to go on with this version of the file.
    pub(crate) validator: Option<String>,
    /// The media type, in lower case, without parameters.
    pub(crate) media_type: Option<String>,
    /// The content encoding, unless there is none.
    pub(crate) encoding: Option<String>,
    /// The address that answered, after redirects.
    pub(crate) url: Option<Url>,
}

/// Takes the body of an answer.
pub(crate) trait Sink {
    /// The answer is good; its body follows.
    fn begin(&mut self, answer: &Answer) -> Result<(), Failure>;
    /// These bytes of the body arrived.
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure>;
}

/// Makes requests; its threads and certificates are set up when the first is made.
pub(crate) struct Http {
    options: WebOptions,
    engine: OnceLock<Result<Engine, String>>,
}

struct Engine {
    /// Dropped without waiting for look-ups of names that hang.
    runtime: Option<Runtime>,
    client: Client,
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Http {
    pub(crate) fn new(options: WebOptions) -> Self {
        Http { options, engine: OnceLock::new() }
    }

    /// Makes one request, follows its redirects, and hands the body to `sink`.
    pub(crate) fn get(
        &self,
        ask: &Ask<'_>,
        cancel: &Cancel,
        sink: &mut (dyn Sink + Send),
    ) -> Result<Answer, Failure> {
        let engine = self.engine.get_or_init(|| start(&self.options));
        let engine = engine.as_ref().map_err(|reason| Failure::refused(reason.clone()))?;
        let Some(runtime) = &engine.runtime else {
            return Err(Failure::refused("the fetcher is shut down"));
        };
        let request = Request { client: &engine.client, options: &self.options, cancel };
        let mut run = || runtime.block_on(request.run(ask, sink));
        // A caller that is itself run by such a runtime must not block its thread in another.
        if tokio::runtime::Handle::try_current().is_err() {
            return run();
        }
        std::thread::scope(|scope| match scope.spawn(run).join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}

/// Starts the threads and reads the certificates; the error is a sentence.
fn start(options: &WebOptions) -> Result<Engine, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("kiln-fetch")
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| format!("cannot start a thread for the network: {error}"))?;
    let mut client = Client::builder()
        .user_agent(USER_AGENT)
        .tls_backend_preconfigured(tls::configure(&options.certificates)?)
        .connect_timeout(options.connect_timeout)
        // They are followed here, where it is known what may be sent where.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false);
    if options.proxies == Proxies::None {
        client = client.no_proxy();
    }
    let client =
        client.build().map_err(|error| format!("cannot set up HTTP: {}", deepest(&error)))?;
    Ok(Engine { runtime: Some(runtime), client })
}

/// Waits for `future`, but not longer than `limit` and not after `cancel` was set.
async fn within<T>(
    limit: Duration,
    cancel: &Cancel,
    future: impl Future<Output = T>,
) -> Result<Option<T>, Failure> {
    let mut future = pin!(future);
    let mut late = pin!(tokio::time::sleep(limit));
    let mut tick = pin!(tokio::time::sleep(CANCEL_POLL));
    std::future::poll_fn(|context| {
        loop {
            if cancel.is_set() {
                return Poll::Ready(Err(Failure::Fatal(FetchError::Cancelled)));
            }
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(Some(value)));
            }
            if late.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(None));
            }
            if tick.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            tick.as_mut().reset(tokio::time::Instant::now() + CANCEL_POLL);
        }
    })
    .await
}

struct Request<'a> {
    client: &'a Client,
    options: &'a WebOptions,
    cancel: &'a Cancel,
}

impl Request<'_> {
    async fn run(&self, ask: &Ask<'_>, sink: &mut (dyn Sink + Send)) -> Result<Answer, Failure> {
        let (response, url) = self.follow(ask).await?;
        let mut answer = read_answer(&response, ask)?;
        let (total, max) = (answer.bytes_total, self.options.bytes_max);
        if let Some(total) = total.filter(|it| *it > max) {
            let reason = format!("it has {total} bytes; at most {max} are fetched");
            return Err(Failure::refused(reason));
        }
        answer.url = Some(url);
        sink.begin(&answer)?;
        let before = if answer.resumed { ask.have_bytes } else { 0 };
        self.read_body(response, &answer, before, sink).await?;
        Ok(answer)
    }

    /// Sends the request, again for each redirect, until an answer is none.
    async fn follow(&self, ask: &Ask<'_>) -> Result<(Response, Url), Failure> {
        let mut url = ask.place.url().clone();
        for _ in 0..=self.options.redirects_max {
            let headers = headers(ask, &url);
            let sent = self.client.get(url.clone()).headers(headers).send();
            // The client has its own limit for the connection, which comes on top.
            let limit = self.options.connect_timeout.saturating_add(self.options.answer_timeout);
            let response = match within(limit, self.cancel, sent).await? {
                Some(Ok(response)) => response,
                Some(Err(error)) => return Err(self.explain(&error)),
                None => {
                    let seconds = limit.as_secs_f32();
                    return Err(Failure::passing(format!("no answer within {seconds} s")));
                }
            };
            match response.status() {
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    url = next_url(&response, &url)?;
                    if ask.is_believed && !is_private(&url) {
                        let next = shown(&url);
                        return Err(Failure::refused(format!(
                            "it redirects to `{next}`, where anybody on the way could answer"
                        )));
                    }
                }
                _ => return Ok((response, url)),
            }
        }
        let redirects = self.options.redirects_max;
        Err(Failure::refused(format!("it redirects more than {redirects} times")))
    }

    async fn read_body(
        &self,
        mut response: Response,
        answer: &Answer,
        before: u64,
        sink: &mut (dyn Sink + Send),
    ) -> Result<(), Failure> {
        let mut bytes = before;
        let mut window = Window::new(self.options);
        loop {
            let asked = Instant::now();
            let chunk = within(window.time_left(), self.cancel, response.chunk()).await?;
            window.waited(asked.elapsed());
            match chunk {
                Some(Ok(Some(chunk))) => {
                    bytes += chunk.len() as u64;
                    if bytes > self.options.bytes_max {
                        let max = self.options.bytes_max;
                        return Err(Failure::refused(format!("it serves more than {max} bytes")));
                    }
                    window.received(chunk.len() as u64);
                    sink.bytes(&chunk)?;
                }
                Some(Ok(None)) => break,
                Some(Err(error)) => {
                    let total = match answer.bytes_total {
                        Some(total) => format!(" of {total}"),
                        None => String::new(),
                    };
                    let reason = deepest(&error);
                    return Err(Failure::passing(format!(
                        "the connection broke after {bytes}{total} bytes: {reason}"
                    )));
                }
                None => {}
            }
            if let Some(reason) = window.verdict() {
                return Err(Failure::passing(reason));
            }
        }
        match answer.bytes_total {
            Some(total) if total != bytes => {
                Err(Failure::passing(format!("it ended after {bytes} of {total} bytes")))
            }
            _ => Ok(()),
        }
    }

    /// Names the variables that may have sent the connection to a proxy.
    fn proxy_hint(&self) -> String {
        const NAMES: [&str; 6] =
            ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
        if self.options.proxies == Proxies::None {
            return String::new();
        }
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
        let names: Vec<_> = NAMES.into_iter().filter(is_set).collect();
        if names.is_empty() {
            return String::new();
        }
        format!(" (perhaps by way of a proxy: {} is set)", names.join(", "))
    }

    /// Says in a phrase why there was no answer.
    fn explain(&self, error: &reqwest::Error) -> Failure {
        let unconnected = error.is_connect();
        let deepest = deepest(error);
        let reason = if unconnected && error.is_timeout() {
            let seconds = self.options.connect_timeout.as_secs_f32();
            format!("no connection within {seconds} s{}", self.proxy_hint())
        } else if deepest.contains("UnknownIssuer") {
            "its certificate is signed by nobody whom this machine trusts; if that is right, set SSL_CERT_FILE to a file with the signer's certificate".to_owned()
        } else if unconnected {
            format!("cannot connect: {deepest}{}", self.proxy_hint())
        } else {
            format!("the connection broke before an answer: {deepest}")
        };
        // A certificate does not become better by trying again.
        if deepest.contains("invalid peer certificate") {
            return Failure::refused(reason);
        }
        Failure::Passing { reason, wait: None, unconnected }
    }
}

fn headers(ask: &Ask<'_>, url: &Url) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // [fetch.source.1] The hash is that of the file, not of a compressed form of it.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(accept) = ask.accept {
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    }
    if let Some(authorization) = ask.place.authorization()
        && ask.place.trusts(url)
    {
        headers.insert(header::AUTHORIZATION, authorization.clone());
    }
    if ask.have_bytes > 0 {
        if let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", ask.have_bytes)) {
            headers.insert(header::RANGE, range);
        }
        if let Some(validator) = ask.validator.and_then(|it| HeaderValue::from_str(it).ok()) {
            headers.insert(header::IF_RANGE, validator);
        }
    }
    headers
}

/// Where an answer redirects to.
fn next_url(response: &Response, url: &Url) -> Result<Url, Failure> {
    let status = response.status().as_u16();
    let Some(location) = response.headers().get(header::LOCATION) else {
        return Err(Failure::refused(format!("it answered {status} without saying where to go")));
    };
    let next = std::str::from_utf8(location.as_bytes()).ok().and_then(|it| url.join(it).ok());
    let Some(mut next) = next else {
        let location = escape(location.as_bytes());
        return Err(Failure::refused(format!(
            "it redirects to `{location}`, which is not an address"
        )));
    };
    if !matches!(next.scheme(), "http" | "https") {
        let next = shown(&next);
        return Err(Failure::refused(format!(
            "it redirects to `{next}`; only http and https are followed"
        )));
    }
    // [fetch.source.9] Nobody but the user says with which credentials to go where.
    let _ = next.set_username("");
    let _ = next.set_password(None);
    next.set_fragment(None);
    Ok(next)
}

/// Reads status and headers; an error if they are not those of the file.
fn read_answer(response: &Response, ask: &Ask<'_>) -> Result<Answer, Failure> {
    let text = |name: header::HeaderName| -> Option<String> {
        response.headers().get(name)?.to_str().ok().map(str::to_owned)
    };
    let media_type = text(header::CONTENT_TYPE)
        .map(|it| it.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let encoding = text(header::CONTENT_ENCODING)
        .map(|it| it.trim().to_ascii_lowercase())
        .filter(|it| !it.is_empty() && it != "identity");
    // RFC 9110, 13.1.5: only a strong validator says that the bytes are the same.
    let validator =
        text(header::ETAG).filter(|it| it.starts_with('"')).or_else(|| text(header::LAST_MODIFIED));
    let mut answer = Answer { media_type, encoding, validator, ..Answer::default() };
    match response.status() {
        StatusCode::OK => {
            answer.bytes_total = response.content_length();
            Ok(answer)
        }
        StatusCode::PARTIAL_CONTENT if ask.have_bytes > 0 => {
            let range = text(header::CONTENT_RANGE).and_then(|it| content_range(&it));
            match range {
                Some((first, total)) if first == ask.have_bytes => {
                    answer.resumed = true;
                    answer.bytes_total = total;
                    Ok(answer)
                }
                _ => Err(Failure::NotResumed),
            }
        }
        StatusCode::RANGE_NOT_SATISFIABLE if ask.have_bytes > 0 => Err(Failure::NotResumed),
        status => Err(explain_status(status, response.headers())),
    }
}

/// Reads `bytes <first>-<last>/<total or *>`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((first.trim().parse().ok()?, total))
}

fn explain_status(status: StatusCode, headers: &HeaderMap) -> Failure {
    let code = status.as_u16();
    let words = match status {
        StatusCode::UNAUTHORIZED => "it wants a user name and password, or others than were given",
        StatusCode::FORBIDDEN => "access is forbidden",
        StatusCode::NOT_FOUND | StatusCode::GONE => "it is not there",
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => "the proxy wants a user name and password",
        StatusCode::TOO_MANY_REQUESTS => "there were too many requests",
        _ => status.canonical_reason().unwrap_or("a status without a name"),
    };
    let reason = format!("it answered {code}: {words}");
    let passes = status.is_server_error()
        || matches!(code, 408 | 425)
        || status == StatusCode::TOO_MANY_REQUESTS;
    if !passes {
        // Some servers answer 403 for whatever is not there.
        return match code {
            403 | 404 | 410 => Failure::Absent { reason },
            _ => Failure::Refused { reason },
        };
    }
    let wait = headers
        .get(header::RETRY_AFTER)
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.trim().parse().ok())
        .map(Duration::from_secs);
    Failure::Passing { reason, wait, unconnected: false }
}

/// Watches that enough arrives. Only time spent waiting for the network counts.
struct Window<'a> {
    options: &'a WebOptions,
    waited: Duration,
    bytes: u64,
}

impl<'a> Window<'a> {
    fn new(options: &'a WebOptions) -> Self {
        Window { options, waited: Duration::ZERO, bytes: 0 }
    }

    fn time_left(&self) -> Duration {
        self.options.low_speed_window.saturating_sub(self.waited)
    }

    fn waited(&mut self, time: Duration) {
        self.waited += time;
    }

    fn received(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// At the end of a window: what is wrong, or nothing, and then another begins.
    fn verdict(&mut self) -> Option<String> {
        if self.waited < self.options.low_speed_window {
            return None;
        }
        let seconds = self.options.low_speed_window.as_secs_f32();
        if self.bytes == 0 {
            return Some(format!("nothing arrived for {seconds} s"));
        }
        if self.bytes < self.options.low_speed_bytes {
            return Some(format!("only {} bytes arrived in {seconds} s", self.bytes));
        }
        *self = Window::new(self.options);
        None
    }
}

/// The innermost reason of an error, which is the one that says what happened.
fn deepest(error: &reqwest::Error) -> String {
    let mut text = None;
    let mut source = error.source();
    while let Some(error) = source {
        text = Some(error.to_string());
        source = error.source();
    }
    // The outermost text may contain the address, and with it a secret of its query.
    let text = text.unwrap_or_else(|| "for no reason that is given".to_owned());
    escape(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_says_where_it_begins_and_how_much_there_is() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("bytes */10"), None);
        assert_eq!(content_range("pages 5-9/10"), None);
        assert_eq!(content_range("bytes 5-9"), None);
        assert_eq!(content_range("bytes 99999999999999999999-/1"), None);
    }

    #[test]
    fn a_slow_server_is_one_that_sends_too_little_in_a_window() {
        let options = WebOptions {
            low_speed_window: Duration::from_secs(10),
            low_speed_bytes: 100,
            ..WebOptions::default()
        };
        let mut window = Window::new(&options);
        window.received(60);
        window.waited(Duration::from_secs(9));
        assert_eq!(window.verdict(), None);
        assert_eq!(window.time_left(), Duration::from_secs(1));
        window.received(60);
        window.waited(Duration::from_secs(1));
        assert_eq!(window.verdict(), None, "120 bytes are enough");
        window.received(99);
        window.waited(Duration::from_secs(10));
        assert_eq!(window.verdict().unwrap(), "only 99 bytes arrived in 10 s");
    }
}
