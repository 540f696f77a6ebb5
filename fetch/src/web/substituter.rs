//! A cache on the web: what `kiln store export` writes, as any web server gives it out.
//!
//! ```text
//! lookup ─GET realisations/…─▶ 200: a realisation   403, 404, 410: it has none   else: a miss
//! open   ─GET objects/…──────▶ thread ─pieces─▶ Body: Read; goes on where a connection broke
//! ```
//!
//! As specified in `spec/store/substitution.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Builder;

use kiln_store::{
    ActionId, CACHE_MARK, CACHE_MARK_TEXT, Cancel, FetchError, Miss, ObjectId, Realisation,
    Substituter, cached_object, cached_realisation, read_cached_realisation,
};

use crate::escape::escape;
use crate::place::{Place, is_private};
use crate::web::http::{Answer, Ask, Failure, Http, Sink};
use crate::web::options::WebOptions;
use crate::web::{ShortSink, wait};

/// How many realisations are asked for at a time: an answer is short, and takes a round trip.
const LOOKUPS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// How often something is asked for whose failure may pass; to a server that cannot be connected to
/// only once, so that one that is gone costs little.
const TRIES_MAX: u32 = 3;

/// The largest realisation, in bytes; one has some hundred.
const REALISATION_BYTES_MAX: usize = 1 << 20;

/// Why a thread sends nothing more that has not said why.
const ENDED: &str = "the thread that receives it has ended";

/// How many pieces of a body wait to be read.
const PIECES_MAX: usize = 16;

/// The address of a cache: `https://…`, or `http://…` of this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct CacheUrl {
    base: Place,
}

impl CacheUrl {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// A phrase that says why nothing can be taken from there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let base = Place::parse(text)?;
        // [store.substitution.9]
        if !is_private(base.url()) {
            return Err(
                "what a cache says is believed, so its address begins with `https:`, or with `http:` on this machine"
                    .to_owned(),
            );
        }
        if base.url().query().is_some() {
            return Err("the address of a cache has no `?`: paths are put behind it".to_owned());
        }
        Ok(CacheUrl { base })
    }
}

/// The address without credentials.
impl fmt::Display for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}

impl fmt::Debug for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheUrl({self})")
    }
}

/// What asks a cache on the web.
///
/// Making one asks nobody. The first question is whether the address is one of a cache; if that fails,
/// nothing else is asked.
pub struct WebSubstituter {
    name: String,
    web: Arc<Web>,
    /// Whether it is a cache.
    mark: OnceLock<Result<(), Miss>>,
}

/// What the threads share that receive objects.
struct Web {
    base: Place,
    http: Http,
    options: WebOptions,
    cancel: Cancel,
}

impl WebSubstituter {
    /// Makes what asks a cache. What is asked ends when `cancel` is set.
    #[must_use]
    pub fn new(cache: &CacheUrl, options: WebOptions, cancel: Cancel) -> Self {
        let web =
            Web { base: cache.base.clone(), http: Http::new(options.clone()), options, cancel };
        WebSubstituter { name: cache.to_string(), web: Arc::new(web), mark: OnceLock::new() }
    }

    /// Whether it is a cache, which is asked once.
    fn mark(&self) -> Result<(), Miss> {
        let ask = || {
            let place = self.web.base.join(CACHE_MARK);
            let reason = match self.web.read(&place, CACHE_MARK_TEXT.len()) {
                Ok(Some(text)) if text == CACHE_MARK_TEXT.as_bytes() => return Ok(()),
                Ok(Some(text)) => {
                    let known = CACHE_MARK_TEXT.trim_end();
                    let found = escape(text.trim_ascii_end());
                    format!("it says it is `{found}`; this program knows `{known}`")
                }
                Ok(None) => "it is not there, so this is no cache".to_owned(),
                Err(reason) => reason,
            };
            Err(Miss { asked: place.to_string(), reason, is_final: true })
        };
        self.mark.get_or_init(ask).clone()
    }
}

impl Substituter for WebSubstituter {
    fn name(&self) -> &str {
        &self.name
    }

    fn lookup(&self, actions: &[ActionId]) -> Result<BTreeMap<ActionId, Realisation>, Miss> {
        self.mark()?;
        let found: Mutex<BTreeMap<ActionId, Realisation>> = Mutex::default();
        let failed: Mutex<Option<Miss>> = Mutex::default();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(action) = actions.get(next.fetch_add(1, Ordering::Relaxed)) {
                match self.web.realisation(action) {
                    Ok(None) => {}
                    Ok(Some(realisation)) => {
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        found.insert(*action, realisation);
                    }
                    Err(miss) => {
                        // Nobody asks for more.
                        next.store(actions.len(), Ordering::Relaxed);
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(miss);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..LOOKUPS.get().min(actions.len()) {
                // Threads that the machine refuses are left out.
                let _ = Builder::new().name("kiln-cache".to_owned()).spawn_scoped(scope, work);
            }
            work();
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(miss) => Err(miss),
            None => Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn open(&self, id: &ObjectId) -> Result<Option<Box<dyn Read + Send>>, Miss> {
        self.mark()?;
        let place = self.web.base.join(&cached_object(id));
        let asked = place.to_string();
        let miss = |reason: String| Miss { asked, reason, is_final: false };
        let (sender, pieces) = sync_channel(PIECES_MAX);
        let web = self.web.clone();
        let spawned = Builder::new()
            .name("kiln-cache".to_owned())
            .spawn(move || web.send(&place, Sending { to: sender, bytes: 0, answer: None }));
        if let Err(error) = spawned {
            return Err(miss(format!("cannot start a thread: {error}")));
        }
        match pieces.recv() {
            Ok(Piece::Begun) => Ok(Some(Box::new(Body { pieces, piece: Vec::new(), at: 0 }))),
            Ok(Piece::Bytes(_) | Piece::End) => Ok(None),
            Ok(Piece::Failed(reason)) => Err(miss(reason)),
            Err(_) => Err(miss(ENDED.to_owned())),
        }
    }
}

impl Web {
    fn realisation(&self, action: &ActionId) -> Result<Option<Realisation>, Miss> {
        let place = self.base.join(&cached_realisation(action));
        let miss = |reason: String| Miss { asked: place.to_string(), reason, is_final: false };
        let bytes = self.read(&place, REALISATION_BYTES_MAX).map_err(miss)?;
        let read = |it: Vec<u8>| read_cached_realisation(&it, action);
        bytes.map(read).transpose().map_err(miss)
    }

    /// Reads a small file; `None` if it is not there. The error is a phrase.
    fn read(&self, place: &Place, bytes_max: usize) -> Result<Option<Vec<u8>>, String> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut sink = ShortSink::new("it", bytes_max);
            let ask =
                Ask { place, is_believed: true, accept: None, have_bytes: 0, validator: None };
            match self.http.get(&ask, &self.cancel, &mut sink) {
                Ok(_) => return Ok(Some(sink.bytes)),
                Err(Failure::Absent { .. }) => return Ok(None),
                Err(failure) => {
                    if let Some(reason) = self.reason(failure, tries) {
                        return Err(reason);
                    }
                }
            }
        }
    }

    /// Sends an object to whoever reads it, piece by piece.
    fn send(&self, place: &Place, mut sending: Sending) {
        let mut tries = 0;
        // What to say where the server cannot go on.
        let mut broke = String::new();
        let last = loop {
            tries += 1;
            let validator = sending.answer.as_ref().and_then(|it| it.validator.clone());
            let have_bytes = sending.bytes;
            let ask = Ask {
                place,
                is_believed: true,
                accept: None,
                have_bytes,
                validator: validator.as_deref(),
            };
            match self.http.get(&ask, &self.cancel, &mut sending) {
                Ok(_) => break Piece::End,
                Err(Failure::Absent { .. }) if have_bytes == 0 => break Piece::End,
                Err(Failure::NotResumed) => break Piece::Failed(broke),
                Err(failure) => {
                    // What has come shows that there is a server.
                    if sending.bytes > have_bytes {
                        tries = 1;
                    }
                    if let Failure::Passing { reason, .. } = &failure {
                        broke.clone_from(reason);
                    }
                    if let Some(reason) = self.reason(failure, tries) {
                        break Piece::Failed(reason);
                    }
                }
            }
        };
        // Nobody may be there any more who reads it.
        let _ = sending.to.send(last);
    }

    /// Why there is nothing, as a phrase; none after a pause, if it is to be tried again.
    fn reason(&self, failure: Failure, tries: u32) -> Option<String> {
        match failure {
            Failure::Passing { wait: asked, unconnected: false, .. } if tries < TRIES_MAX => {
                let pause = self.options.pause_after(tries).max(asked.unwrap_or_default());
                match wait(pause.min(self.options.pause_max), &self.cancel) {
                    Ok(()) => None,
                    Err(error) => Some(error.to_string()),
                }
            }
            Failure::Passing { reason, .. }
            | Failure::Refused { reason }
            | Failure::Absent { reason } => Some(reason),
            Failure::NotResumed => Some("it answers as if only a part were asked for".to_owned()),
            Failure::Fatal(error) => Some(error.to_string()),
        }
    }
}

/// A part of what is received of an object.
enum Piece {
    /// It is there; its bytes follow.
    Begun,
    Bytes(Vec<u8>),
    /// All of it has come, or it is not there.
    End,
    Failed(String),
}

/// Hands what arrives to whoever reads the object.
struct Sending {
    to: SyncSender<Piece>,
    /// How many bytes were sent.
    bytes: u64,
    /// What the first answer said.
    answer: Option<Answer>,
}

impl Sending {
    /// Ends the request if nobody reads any more.
    fn send(&self, piece: Piece) -> Result<(), Failure> {
        self.to.send(piece).map_err(|_| Failure::Fatal(FetchError::Cancelled))
    }
}

impl Sink for Sending {
    fn begin(&mut self, answer: &Answer) -> Result<(), Failure> {
        if self.answer.is_none() {
            self.answer = Some(answer.clone());
            return self.send(Piece::Begun);
        }
        // What was sent cannot be taken back.
        if self.bytes > 0 && !answer.resumed { Err(Failure::NotResumed) } else { Ok(()) }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes += bytes.len() as u64;
        self.send(Piece::Bytes(bytes.to_vec()))
    }
}

/// An object as it arrives.
struct Body {
    pieces: Receiver<Piece>,
    piece: Vec<u8>,
    /// How much of the piece was read.
    at: usize,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.pieces.recv() {
                Ok(Piece::Bytes(bytes)) => (self.piece, self.at) = (bytes, 0),
                Ok(Piece::Failed(reason)) => return Err(io::Error::other(reason)),
                Ok(Piece::Begun) => {}
                Ok(Piece::End) => return Ok(0),
                Err(_) => return Err(io::Error::other(ENDED)),
            }
        }
        let count = into.len().min(self.piece.len() - self.at);
        into[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
