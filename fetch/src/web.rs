//! Fetching from the web and from files, as specified in `spec/fetch/sources.md`.
//!
//! ```text
//! urls ─Address::parse─▶ Place ─Http or local file─▶ Partial ─hash is right─▶ target
//!              └ mirror: ─Mirrors::resolve─▶ Place…
//! ```
//!
//! Places are tried in order. Those whose failure may pass (no connection, a broken one, a server
//! that is overloaded) are tried again in a later round, after the others had their turn.

pub(crate) mod digest;
pub(crate) mod http;
mod local;
pub(crate) mod options;
mod partial;
pub(crate) mod substituter;
mod tls;
pub(crate) mod witness;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;

use kiln_store::{
    Attempt, Cancel, FetchError, FetchHash, FetchProgress, FetchRequest, Fetched, Fetcher, Unpack,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::mirrors::{Found, Mirrors};
use crate::place::{Address, Place, shown_text};
use crate::unpack::{UnpackError, UnpackRequest, unpack};
use crate::web::http::{Answer, Ask, Failure, Http, Sink};
use crate::web::options::WebOptions;
use crate::web::partial::{Origin, Partial, write_error};

/// After so many connections in a row that did not come about, places of a host are tried last.
const STRIKES_MAX: u32 = 3;

/// How often a place is tried to which no connection comes about.
const CONNECTIONS_MAX: u32 = 2;

/// No pause is longer, whatever the options say: it must fit in what the kernel can wait.
const PAUSE_LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Progress is told each time so many bytes arrived.
const PROGRESS_BYTES: u64 = 64 << 10;

/// Fetches `https:`, `http:`, `file:` and `mirror:` sources. Proxies, certificates and time limits
/// are in its [`WebOptions`].
///
/// Making one is cheap and cannot fail; threads are started, certificates are read and mirrors are
/// looked up when the first download needs them.
pub struct WebFetcher {
    mirrors: Mirrors,
    options: WebOptions,
    http: Http,
    /// For each host, how many connections in a row did not come about.
    strikes: Mutex<BTreeMap<String, u32>>,
}

impl WebFetcher {
    /// Makes a fetcher that finds mirrors by `mirrors`.
    #[must_use]
    pub fn new(mirrors: Mirrors, options: WebOptions) -> Self {
        let http = Http::new(options.clone());
        WebFetcher { mirrors, options, http, strikes: Mutex::new(BTreeMap::new()) }
    }

    /// Returns the mirrors, for `kiln doctor`.
    #[must_use]
    pub fn mirrors(&self) -> &Mirrors {
        &self.mirrors
    }
}

impl Fetcher for WebFetcher {
    fn fetch(&self, request: &FetchRequest<'_>) -> Result<Fetched, FetchError> {
        let hash = request.fetch.hash;
        if request.target.symlink_metadata().is_ok() {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(write_error(request.target, source));
        }
        let mut partial = Partial::open(request.partial, hash, request.cancel)?;
        let fetched = if partial.bytes() > 0 && partial.is_whole() {
            // An earlier run was stopped between the last byte and the target.
            let url = match partial.origin() {
                Some(origin) => origin.url.clone(),
                None => format!("file://{}", partial.path().display()),
            };
            Fetched { url, bytes: partial.bytes() }
        } else {
            Download::new(self, request, &mut partial).run()?
        };
        match &request.fetch.unpack {
            Unpack::File { executable } => partial.publish(request.target, *executable)?,
            Unpack::Tree { root, executables } => {
                (request.progress)(FetchProgress::Unpacking);
                let unpacking = UnpackRequest {
                    root,
                    executables,
                    target: request.target,
                    limits: &self.options.unpack,
                    cancel: request.cancel,
                };
                // After an error the download stays: the bytes are right, and a recipe that names
                // another folder of the archive need not fetch them again.
                unpack(partial.file(), &unpacking)
                    .map_err(|error| unpack_error(error, &fetched.url))?;
                partial.remove();
            }
        }
        Ok(fetched)
    }
}

fn unpack_error(error: UnpackError, url: &str) -> FetchError {
    match error {
        UnpackError::Write { path, source } => write_error(&path, source),
        UnpackError::Cancelled => FetchError::Cancelled,
        error @ (UnpackError::Empty
        | UnpackError::UnknownFormat { .. }
        | UnpackError::UnsupportedFormat { .. }
        | UnpackError::NoTar { .. }
        | UnpackError::Refused { .. }
        | UnpackError::Damaged { .. }
        | UnpackError::Limit { .. }
        | UnpackError::NoFolder { .. }
        | UnpackError::NoExecutable { .. }
        | UnpackError::Read { .. }) => {
            FetchError::Unpack { url: url.to_owned(), reason: error.to_string() }
        }
    }
}

/// One download, from the first try to the last.
struct Download<'a> {
    fetcher: &'a WebFetcher,
    request: &'a FetchRequest<'a>,
    partial: &'a mut Partial,
    /// What failed for good, by its place in the order of trying.
    failed: BTreeMap<Order, Attempt>,
    /// The first place that gave other bytes.
    mismatch: Option<Mismatch>,
    /// What the user could set so that there are more places.
    setting: Option<String>,
    /// Every place of a mirror: sources that name the same one do not ask it twice.
    seen: BTreeSet<String>,
    /// Places that gave other bytes, in the order in which they did.
    wrong: Vec<Attempt>,
}

/// A place among all places: the number of the source, and for a mirror those of the base and of
/// what the base gives.
type Order = (usize, usize, usize);

struct Mismatch {
    order: Order,
    url: String,
    found: FetchHash,
    bytes: u64,
    /// What could be the matter.
    hint: Option<String>,
}

/// Something to try.
struct Candidate {
    order: Order,
    address: Address,
    /// How often no connection came about.
    unconnected: u32,
    /// Why it failed last.
    last: Option<Attempt>,
    /// The bases of a mirror that are still to be asked; all of them at first.
    bases: Option<Range<usize>>,
    /// Its host did not answer lately, so that it was put behind the others in this round.
    put_off: bool,
}

/// What became of a try.
enum Outcome {
    Whole(Fetched),
    Mismatch { found: FetchHash, bytes: u64, hint: Option<String> },
}

impl<'a> Download<'a> {
    fn new(
        fetcher: &'a WebFetcher,
        request: &'a FetchRequest<'a>,
        partial: &'a mut Partial,
    ) -> Self {
        Download {
            fetcher,
            request,
            partial,
            failed: BTreeMap::new(),
            mismatch: None,
            setting: None,
            seen: BTreeSet::new(),
            wrong: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Fetched, FetchError> {
        let mut round: VecDeque<Candidate> = VecDeque::new();
        // What lies in an archive is asked of nobody else. [fetch.archive.2]
        let archives = &self.fetcher.options.archives;
        for (index, archive) in archives.iter().enumerate() {
            let place = archive.place(self.request.fetch.hash);
            if self.seen.insert(place.url().to_string()) {
                round.push_back(Candidate::new((index, 0, 0), Address::Place(place)));
            }
        }
        for (index, url) in self.request.urls.iter().enumerate() {
            let index = archives.len() + index;
            match Address::parse(url) {
                Ok(address) => round.push_back(Candidate::new((index, 0, 0), address)),
                Err(reason) => {
                    self.failed.insert((index, 0, 0), Attempt { url: shown_text(url), reason });
                }
            }
        }
        let tries_max = self.fetcher.options.tries_max.max(1);
        for tries in 1..=tries_max {
            let mut wait = Duration::ZERO;
            let mut again = Vec::new();
            while let Some(candidate) = round.pop_front() {
                if let Some(fetched) = self.turn(candidate, &mut round, &mut again, &mut wait)? {
                    // Where all fails, the error says it.
                    for Attempt { url, reason } in self.wrong {
                        (self.request.progress)(FetchProgress::Refused { url, reason });
                    }
                    return Ok(fetched);
                }
            }
            if again.is_empty() || tries == tries_max {
                for candidate in again {
                    self.failed.extend(candidate.last.map(|it| (candidate.order, it)));
                }
                break;
            }
            self.pause(tries, wait)?;
            again.sort_by_key(|it: &Candidate| it.order);
            round = again.into();
        }
        Err(self.into_error())
    }

    /// Tries one candidate once.
    fn turn(
        &mut self,
        mut candidate: Candidate,
        round: &mut VecDeque<Candidate>,
        again: &mut Vec<Candidate>,
        wait: &mut Duration,
    ) -> Result<Option<Fetched>, FetchError> {
        let place = match &candidate.address {
            Address::Place(place) => place.clone(),
            Address::Mirror { .. } => {
                self.expand(candidate, round, again)?;
                return Ok(None);
            }
        };
        if !candidate.put_off && !round.is_empty() && self.fetcher.strikes(&place) >= STRIKES_MAX {
            candidate.put_off = true;
            round.push_back(candidate);
            return Ok(None);
        }
        candidate.put_off = false;
        let outcome = self.attempt(&place);
        let unconnected = matches!(outcome, Err(Failure::Passing { unconnected: true, .. }));
        self.fetcher.count_strike(&place, unconnected);
        let shown = place.to_string();
        match outcome {
            Ok(Outcome::Whole(fetched)) => return Ok(Some(fetched)),
            Ok(Outcome::Mismatch { found, bytes, hint }) => {
                let order = candidate.order;
                let why = hint.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
                let mut reason = format!("it gave other bytes ({found}){why}");
                let is_archive = order.0 < self.fetcher.options.archives.len();
                if is_archive {
                    reason.push_str(": this file of the archive is damaged");
                }
                let attempt = Attempt { url: shown.clone(), reason };
                self.wrong.push(attempt.clone());
                self.failed.insert(order, attempt);
                // A file of an archive is named by the hash: that it has another says nothing of
                // the source.
                if !is_archive && self.mismatch.as_ref().is_none_or(|it| order < it.order) {
                    self.mismatch = Some(Mismatch { order, url: shown, found, bytes, hint });
                }
            }
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Refused { reason } | Failure::Absent { reason }) => {
                self.failed.insert(candidate.order, Attempt { url: shown, reason });
            }
            Err(Failure::NotResumed) => {
                let reason = "it answers as if only a part were asked for".to_owned();
                self.failed.insert(candidate.order, Attempt { url: shown, reason });
            }
            Err(Failure::Passing { reason, wait: asked, unconnected }) => {
                candidate.unconnected += u32::from(unconnected);
                let last = Attempt { url: shown, reason };
                if candidate.unconnected >= CONNECTIONS_MAX {
                    self.failed.insert(candidate.order, last);
                } else {
                    *wait = (*wait).max(asked.unwrap_or_default());
                    candidate.last = Some(last);
                    again.push(candidate);
                }
            }
        }
        Ok(None)
    }

    /// Puts the places of a mirror's next base at the front of the round, and what is left of the
    /// mirror behind them: a base is not looked at before those in front of it were tried.
    fn expand(
        &mut self,
        candidate: Candidate,
        round: &mut VecDeque<Candidate>,
        again: &mut Vec<Candidate>,
    ) -> Result<(), FetchError> {
        let Address::Mirror { name, path } = &candidate.address else { return Ok(()) };
        let pages = Pages { fetcher: self.fetcher, cancel: self.request.cancel };
        let hash = self.request.fetch.hash;
        let base = candidate.bases.as_ref().map_or(0, |it| it.start);
        let resolved = self.fetcher.mirrors.resolve(name, path, hash, base, &pages)?;
        let bases = candidate.bases.clone().unwrap_or(0..resolved.bases);
        self.setting = self.setting.take().or(Some(resolved.setting));
        let source = candidate.order.0;
        let mirror = |bases: Range<usize>, last| Candidate {
            bases: Some(bases),
            last,
            ..Candidate::new((source, base, 0), candidate.address.clone())
        };
        if base + 1 < bases.end {
            round.push_front(mirror(base + 1..bases.end, None));
        }
        match resolved.found {
            Found::Places(places) => {
                for (number, place) in places.into_iter().enumerate().rev() {
                    if self.seen.insert(place.url().to_string()) {
                        let order = (source, base, number);
                        round.push_front(Candidate::new(order, Address::Place(place)));
                    }
                }
            }
            Found::Nothing(attempt) => {
                self.failed.insert((source, base, 0), attempt);
            }
            Found::NothingYet(attempt) => again.push(mirror(base..base + 1, Some(attempt))),
        }
        Ok(())
    }

    /// Downloads from one place, and once more from its beginning if bytes of an earlier run, or
    /// of another place, may be what is wrong.
    fn attempt(&mut self, place: &Place) -> Result<Outcome, Failure> {
        match self.transfer(place) {
            Err(Failure::NotResumed) => {}
            Ok((Outcome::Mismatch { .. }, Start::Resumed)) => {}
            Ok((outcome, _)) => return Ok(outcome),
            Err(failure) => return Err(failure),
        }
        self.partial.clear()?;
        self.transfer(place).map(|(outcome, _)| outcome)
    }

    fn transfer(&mut self, place: &Place) -> Result<(Outcome, Start), Failure> {
        let shown = place.to_string();
        (self.request.progress)(FetchProgress::Trying { url: shown.clone() });
        let have_bytes = self.partial.bytes();
        let validator = match self.partial.origin() {
            Some(origin) if origin.url == shown => origin.validator.clone(),
            _ => None,
        };
        let mut sink = PartialSink {
            partial: &mut *self.partial,
            url: &shown,
            progress: self.request.progress,
            answer: Answer::default(),
            told_bytes: 0,
        };
        if place.url().scheme() == "file" {
            local::read(place, self.fetcher.options.bytes_max, self.request.cancel, &mut sink)?;
        } else {
            let ask = Ask {
                place,
                is_believed: false,
                accept: None,
                have_bytes,
                validator: validator.as_deref(),
            };
            self.fetcher.http.get(&ask, self.request.cancel, &mut sink)?;
        }
        let answer = sink.finish();
        let start = if answer.resumed { Start::Resumed } else { Start::Fresh };
        let bytes = self.partial.bytes();
        if self.partial.is_whole() {
            return Ok((Outcome::Whole(Fetched { url: shown, bytes }), start));
        }
        let found = self.partial.found();
        // Wrong bytes are kept nowhere. [fetch.source.14]
        self.partial.clear()?;
        Ok((Outcome::Mismatch { found, bytes, hint: hint(&answer, bytes) }, start))
    }

    /// Waits before the next round [fetch.source.5]: longer each time, and not in step with other processes.
    fn pause(&self, tries: u32, asked: Duration) -> Result<(), FetchError> {
        let options = &self.fetcher.options;
        let longest = options.pause_max.min(PAUSE_LONGEST);
        let doubled = options.pause_after(tries).min(longest);
        // From the hash, not from a clock: the same in every run, but another for each download.
        let (FetchHash::Sha256(bytes) | FetchHash::Blake3(bytes)) = self.request.fetch.hash;
        let spread = f64::from(bytes[tries as usize % bytes.len()]) / 255.0;
        let pause = doubled.mul_f64(0.75 + spread / 2.0).max(asked).min(longest);
        wait(pause, self.request.cancel)
    }

    fn into_error(mut self) -> FetchError {
        let expected = self.request.fetch.hash.to_string();
        if let Some(mismatch) = self.mismatch {
            // The error says of this place that its bytes are others; left to say is why.
            self.failed.remove(&mismatch.order);
            let hint = mismatch.hint.map(|reason| Attempt { url: mismatch.url.clone(), reason });
            return FetchError::HashMismatch {
                url: mismatch.url,
                expected,
                found: mismatch.found.to_string(),
                bytes: mismatch.bytes,
                others: hint.into_iter().chain(self.failed.into_values()).collect(),
            };
        }
        let attempts = self.failed.into_values().collect();
        FetchError::Unreachable { expected, attempts, setting: self.setting }
    }
}

/// How a transfer began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Fresh,
    /// After bytes that were here already.
    Resumed,
}

impl Candidate {
    fn new(order: Order, address: Address) -> Self {
        Candidate { order, address, unconnected: 0, last: None, bases: None, put_off: false }
    }
}

impl WebFetcher {
    fn strikes(&self, place: &Place) -> u32 {
        let strikes = self.strikes.lock().unwrap_or_else(|it| it.into_inner());
        strikes.get(&place.host()).copied().unwrap_or(0)
    }

    fn count_strike(&self, place: &Place, unconnected: bool) {
        let mut strikes = self.strikes.lock().unwrap_or_else(|it| it.into_inner());
        if unconnected {
            *strikes.entry(place.host()).or_default() += 1;
        } else {
            strikes.remove(&place.host());
        }
    }
}

/// What could be the matter with bytes that are not the right ones.
fn hint(answer: &Answer, bytes: u64) -> Option<String> {
    if bytes == 0 {
        return Some("it is empty".to_owned());
    }
    if answer.media_type.as_deref().is_some_and(|it| it.contains("html")) {
        return Some("it is a web page, perhaps one that says what went wrong".to_owned());
    }
    let encoding = answer.encoding.as_deref()?;
    Some(format!("it was sent with the encoding `{}`, which is not undone", shown_text(encoding)))
}

/// Waits, but not after [`Cancel`] was set.
fn wait(time: Duration, cancel: &Cancel) -> Result<(), FetchError> {
    let mut descriptors = [PollFd::new(cancel.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
    // A signal may end the wait early, which harms nobody.
    let _ = poll(&mut descriptors, timeout);
    if cancel.is_set() { Err(FetchError::Cancelled) } else { Ok(()) }
}

/// Puts the body of an answer into the partial file.
struct PartialSink<'a> {
    partial: &'a mut Partial,
    url: &'a str,
    progress: &'a (dyn Fn(FetchProgress) + Sync),
    answer: Answer,
    /// How many bytes there were when progress was told last.
    told_bytes: u64,
}

impl Sink for PartialSink<'_> {
    fn begin(&mut self, answer: &Answer) -> Result<(), Failure> {
        self.answer = answer.clone();
        if !answer.resumed {
            self.partial.clear()?;
        }
        let validator = answer.validator.clone();
        self.partial.set_origin(Origin { url: self.url.to_owned(), validator });
        self.tell();
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.partial.append(bytes)?;
        if self.partial.bytes() - self.told_bytes >= PROGRESS_BYTES {
            self.tell();
        }
        Ok(())
    }
}

impl PartialSink<'_> {
    fn tell(&mut self) {
        self.told_bytes = self.partial.bytes();
        (self.progress)(FetchProgress::Received {
            bytes: self.told_bytes,
            bytes_total: self.answer.bytes_total,
        });
    }

    fn finish(mut self) -> Answer {
        self.tell();
        self.answer
    }
}

/// Reads the pages in which mirrors look up addresses.
struct Pages<'a> {
    fetcher: &'a WebFetcher,
    cancel: &'a Cancel,
}

impl crate::mirrors::Pages for Pages<'_> {
    fn read(&self, place: &Place, accept: &'static str) -> Result<crate::mirrors::Page, Failure> {
        let mut sink = ShortSink::new("the page", PAGE_BYTES_MAX);
        if place.url().scheme() == "file" {
            local::read(place, PAGE_BYTES_MAX as u64, self.cancel, &mut sink)?;
            return Ok(crate::mirrors::Page {
                bytes: sink.bytes,
                media_type: None,
                url: place.url().clone(),
            });
        }
        let ask =
            Ask { place, is_believed: false, accept: Some(accept), have_bytes: 0, validator: None };
        let answer = self.fetcher.http.get(&ask, self.cancel, &mut sink);
        let unconnected = matches!(answer, Err(Failure::Passing { unconnected: true, .. }));
        self.fetcher.count_strike(place, unconnected);
        let answer = answer?;
        Ok(crate::mirrors::Page {
            bytes: sink.bytes,
            media_type: answer.media_type,
            url: answer.url.unwrap_or_else(|| place.url().clone()),
        })
    }

    fn cancel(&self) -> &Cancel {
        self.cancel
    }
}

/// The largest page that is read: indexes of projects with many releases have some megabytes.
const PAGE_BYTES_MAX: usize = 64 << 20;

/// Keeps a body that is short, and refuses one that is not.
struct ShortSink {
    bytes: Vec<u8>,
    /// What it is, for the message.
    what: &'static str,
    bytes_max: usize,
}

impl ShortSink {
    fn new(what: &'static str, bytes_max: usize) -> Self {
        ShortSink { bytes: Vec::new(), what, bytes_max }
    }
}

impl Sink for ShortSink {
    fn begin(&mut self, _: &Answer) -> Result<(), Failure> {
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            let reason = format!("{} has more than {} bytes", self.what, self.bytes_max);
            return Err(Failure::Refused { reason });
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}
