//! The hash that each place of a source gives, for a recipe that does not know it, or no longer.
//!
//! Nothing is kept: the bytes go through the hash and are gone. What a hash is worth that comes from
//! the places themselves is for whoever asks to judge, which is why every place is asked.

use std::collections::BTreeSet;

use kiln_store::{Cancel, FetchError, FetchHash, FetchProgress};

use super::{CONNECTIONS_MAX, Pages, WebFetcher, hint, local, wait};
use crate::mirrors::Found;
use crate::place::{Address, Place, shown_text};
use crate::web::digest::Digest;
use crate::web::http::{Answer, Ask, Failure, Sink};

/// What is asked of the places of one source.
pub struct WitnessRequest<'a> {
    /// Addresses as a source names them, mirrors included.
    pub urls: &'a [String],
    /// The hash that was known so far; only its algorithm counts, except for mirrors that find
    /// files by their hash.
    pub known: FetchHash,
    /// Is told how far it is.
    pub progress: &'a (dyn Fn(FetchProgress) + Sync),
    /// Tells when to stop.
    pub cancel: &'a Cancel,
}

/// What one place gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The place, without credentials.
    pub url: String,
    /// The hash and how many bytes it is of; or why there is none, as a phrase.
    pub found: Result<(FetchHash, u64), String>,
}

impl WebFetcher {
    /// Returns what each place of a source gives, in the order in which they would be tried; of
    /// mirrors, each of their places. Empty answers and web pages have no hash: they say that
    /// something is wrong. Archives are not asked.
    ///
    /// # Errors
    ///
    /// [`FetchError::Cancelled`] if `cancel` was set.
    pub fn witnesses(&self, request: &WitnessRequest<'_>) -> Result<Vec<Witness>, FetchError> {
        let mut witnesses = Vec::new();
        let mut seen = BTreeSet::new();
        for url in request.urls {
            match Address::parse(url) {
                Ok(Address::Place(place)) => {
                    if seen.insert(place.url().to_string()) {
                        witnesses.push(self.witness(&place, request)?);
                    }
                }
                Ok(Address::Mirror { name, path }) => {
                    let pages = Pages { fetcher: self, cancel: request.cancel };
                    let mut base = 0;
                    loop {
                        let resolved =
                            self.mirrors.resolve(&name, &path, request.known, base, &pages)?;
                        match resolved.found {
                            Found::Places(places) => {
                                for place in places {
                                    if seen.insert(place.url().to_string()) {
                                        witnesses.push(self.witness(&place, request)?);
                                    }
                                }
                            }
                            Found::Nothing(it) | Found::NothingYet(it) => {
                                witnesses.push(Witness { url: it.url, found: Err(it.reason) });
                            }
                        }
                        base += 1;
                        if base >= resolved.bases {
                            break;
                        }
                    }
                }
                Err(reason) => {
                    witnesses.push(Witness { url: shown_text(url), found: Err(reason) });
                }
            }
        }
        Ok(witnesses)
    }

    fn witness(&self, place: &Place, request: &WitnessRequest<'_>) -> Result<Witness, FetchError> {
        let url = place.to_string();
        let mut unconnected = 0;
        let mut tries = 0;
        loop {
            tries += 1;
            (request.progress)(FetchProgress::Trying { url: url.clone() });
            let mut sink = DigestSink::new(request);
            let done = if place.url().scheme() == "file" {
                local::read(place, self.options.bytes_max, request.cancel, &mut sink)
            } else {
                let ask =
                    Ask { place, is_believed: false, accept: None, have_bytes: 0, validator: None };
                self.http.get(&ask, request.cancel, &mut sink).map(|_| ())
            };
            let found = match done {
                // An encoding is not undone: it is part of the bytes as they are served.
                Ok(()) => match hint(&Answer { encoding: None, ..sink.answer }, sink.bytes) {
                    Some(why) => Err(why),
                    None => Ok((sink.digest.value(), sink.bytes)),
                },
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Refused { reason } | Failure::Absent { reason }) => Err(reason),
                Err(Failure::NotResumed) => {
                    Err("it answers as if only a part were asked for".to_owned())
                }
                Err(Failure::Passing { reason, wait: asked, unconnected: not_reached }) => {
                    unconnected += u32::from(not_reached);
                    if tries < self.options.tries_max && unconnected < CONNECTIONS_MAX {
                        let pause = self.options.pause_after(tries).max(asked.unwrap_or_default());
                        wait(pause.min(self.options.pause_max), request.cancel)?;
                        continue;
                    }
                    Err(reason)
                }
            };
            return Ok(Witness { url, found });
        }
    }
}

/// Hashes the body of an answer.
struct DigestSink<'a> {
    digest: Digest,
    bytes: u64,
    answer: Answer,
    request: &'a WitnessRequest<'a>,
}

impl<'a> DigestSink<'a> {
    fn new(request: &'a WitnessRequest<'a>) -> Self {
        let digest = Digest::new(request.known);
        DigestSink { digest, bytes: 0, answer: Answer::default(), request }
    }
}

impl Sink for DigestSink<'_> {
    fn begin(&mut self, answer: &Answer) -> Result<(), Failure> {
        self.answer = answer.clone();
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        (self.request.progress)(FetchProgress::Received {
            bytes: self.bytes,
            bytes_total: self.answer.bytes_total,
        });
        Ok(())
    }
}
