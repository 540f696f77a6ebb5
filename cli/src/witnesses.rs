//! What the places of a source give, for commands that write hashes into recipes.

use std::collections::BTreeSet;

use kiln_fetch::{WebFetcher, Witness, WitnessRequest};
use kiln_store::{Cancel, FetchError, FetchHash, FetchProgress};

use crate::terminal::{Style, Terminal, harmless};

/// Asks places, and says which.
pub(crate) struct Witnesses<'a> {
    pub(crate) fetcher: &'a WebFetcher,
    pub(crate) cancel: &'a Cancel,
    pub(crate) terminal: Terminal,
    pub(crate) quiet: bool,
}

impl Witnesses<'_> {
    /// Asks every place of a source. Of `known`, the algorithm counts.
    ///
    /// # Errors
    ///
    /// As [`WebFetcher::witnesses`].
    pub(crate) fn ask(
        &self,
        urls: &[String],
        known: FetchHash,
    ) -> Result<Vec<Witness>, FetchError> {
        let (quiet, terminal) = (self.quiet, self.terminal);
        let progress = |it: FetchProgress| {
            if let FetchProgress::Trying { url } = it
                && !quiet
            {
                eprintln!("{} {}", terminal.paint(Style::Dim, "asking"), harmless(&url));
            }
        };
        let request = WitnessRequest { urls, known, progress: &progress, cancel: self.cancel };
        self.fetcher.witnesses(&request)
    }
}

/// The different hashes that places gave: one, if all that answered agree.
pub(crate) fn hashes(witnesses: &[Witness]) -> BTreeSet<FetchHash> {
    witnesses.iter().filter_map(|it| it.found.as_ref().ok()).map(|it| it.0).collect()
}
