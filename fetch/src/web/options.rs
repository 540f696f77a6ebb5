//! How patient and how trusting a fetcher is.

use std::path::PathBuf;
use std::time::Duration;

use crate::archive::Archive;
use crate::unpack::UnpackLimits;

/// How patient and how trusting a [`WebFetcher`](crate::WebFetcher) is. The defaults are what
/// `spec/fetch/sources.md` says.
#[derive(Debug, Clone)]
pub struct WebOptions {
    /// How long a connection may take, name look-up and TLS included.
    pub connect_timeout: Duration,
    /// How long the first line of an answer may take once the request is sent.
    pub answer_timeout: Duration,
    /// Within this time of waiting, [`low_speed_bytes`](Self::low_speed_bytes) must arrive.
    pub low_speed_window: Duration,
    /// The least that must arrive in [`low_speed_window`](Self::low_speed_window), in bytes.
    pub low_speed_bytes: u64,
    /// How often a place is tried whose failure may pass. At least 1.
    pub tries_max: u32,
    /// The pause before the second try; it doubles with each further one.
    pub pause: Duration,
    /// The longest pause, also when a server asks for more.
    pub pause_max: Duration,
    /// How many redirects are followed for one request.
    pub redirects_max: u32,
    /// The greatest download, in bytes.
    pub bytes_max: u64,
    /// How much an archive may ask for.
    pub unpack: UnpackLimits,
    /// Whether proxies are used.
    pub proxies: Proxies,
    /// Which certificates are trusted.
    pub certificates: Certificates,
    /// Where downloads are by their hash: asked before all other places, in this order.
    pub archives: Vec<Archive>,
}

impl WebOptions {
    /// The pause after so many tries, the first being 1: each is twice the one before.
    pub(crate) fn pause_after(&self, tries: u32) -> Duration {
        self.pause.saturating_mul(1 << tries.saturating_sub(1).min(16))
    }
}

/// Whether proxies are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxies {
    /// Those that `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` name, in lower or upper case.
    FromEnvironment,
    /// None.
    None,
}

/// Which certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificates {
    /// Those in the file `SSL_CERT_FILE` and the folder `SSL_CERT_DIR`; where neither is set, those
    /// that the machine trusts.
    OfMachine,
    /// Those in this file of PEM blocks.
    File(PathBuf),
}

impl Default for WebOptions {
    fn default() -> Self {
        WebOptions {
            connect_timeout: Duration::from_secs(15),
            answer_timeout: Duration::from_secs(60),
            low_speed_window: Duration::from_secs(30),
            low_speed_bytes: 16 << 10,
            tries_max: 4,
            pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(20),
            redirects_max: 10,
            bytes_max: 32 << 30,
            unpack: UnpackLimits::default(),
            proxies: Proxies::FromEnvironment,
            certificates: Certificates::OfMachine,
            archives: Vec::new(),
        }
    }
}
