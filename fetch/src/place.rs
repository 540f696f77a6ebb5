//! Places: addresses that bytes may come from, and how they are shown without their secrets.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::escape::escape;

/// An address as a source names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// It is a place itself.
    Place(Place),
    /// `mirror://<name>/<path>`: any number of places.
    Mirror { name: String, path: String },
}

/// One place: `https://…`, `http://…` or `file://…`.
///
/// A user name and password in the address are kept apart from it, so that they are sent to this
/// host only and never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    url: Url,
    authorization: Option<HeaderValue>,
}

impl Address {
    /// Reads an address; the error is a phrase that says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("mirror://") else {
            return Place::parse(text).map(Address::Place);
        };
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_mirror_name(name) {
            return Err(format!(
                "`{}` is no name of a mirror: it consists of a-z, 0-9 and `-`",
                escape(name.as_bytes())
            ));
        }
        if !path.split('/').all(is_part) {
            return Err(format!(
                "`mirror://{name}/` must be followed by a path without `.`, `..` and empty parts"
            ));
        }
        Ok(Address::Mirror { name: name.to_owned(), path: path.to_owned() })
    }
}

/// Whether a text may be a part of a mirror's path, which stays below a base whatever is made of
/// its escapes.
fn is_part(part: &str) -> bool {
    let decoded = decode(part);
    !matches!(&*decoded, b"" | b"." | b"..")
        && !decoded.iter().any(|it| it.is_ascii_control() || matches!(it, b'/' | b'\\'))
}

/// Whether a text may be the name of a mirror.
pub(crate) fn is_mirror_name(name: &str) -> bool {
    name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

impl Place {
    /// Reads an address; the error is a phrase that says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("it is not an address: {error}"))?;
        Self::of_url(url)
    }

    /// Makes a place of an address.
    pub(crate) fn of_url(mut url: Url) -> Result<Self, String> {
        match url.scheme() {
            "http" | "https" => {}
            "file" => {
                if url.host_str().is_some_and(|it| it != "localhost") {
                    return Err("a `file:` address has three slashes: `file:///…`".to_owned());
                }
            }
            scheme => {
                return Err(format!(
                    "`{}:` cannot be fetched; `https:`, `http:`, `file:` and `mirror:` can",
                    escape(scheme.as_bytes())
                ));
            }
        }
        url.set_fragment(None);
        let authorization = take_credentials(&mut url)?;
        Ok(Place { url, authorization })
    }

    /// Returns this place joined with a path, whatever characters the path has.
    pub(crate) fn join(&self, path: &str) -> Place {
        let mut place = self.clone();
        let mut whole = self.url.path().trim_end_matches('/').to_owned();
        whole.push('/');
        // Escapes that the path has already are kept.
        whole.push_str(&path.replace('?', "%3F").replace('#', "%23"));
        place.url.set_path(&whole);
        place
    }

    /// Returns another address with the credentials of this place, which must
    /// [trust](Self::trusts) it.
    pub(crate) fn with_url(&self, url: Url) -> Place {
        Place { url, authorization: self.authorization.clone() }
    }

    /// The address without credentials, as it is sent.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// What the `Authorization` header says.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Adds a token that is sent as `Authorization: Bearer …`, unless the address has credentials.
    pub(crate) fn with_token(mut self, token: &str) -> Place {
        if self.authorization.is_none()
            && let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}"))
        {
            value.set_sensitive(true);
            self.authorization = Some(value);
        }
        self
    }

    /// Whether credentials for this place may be sent to `url`.
    pub(crate) fn trusts(&self, url: &Url) -> bool {
        self.url.origin() == url.origin()
    }

    /// The host and port, to count failures by.
    pub(crate) fn host(&self) -> String {
        format!(
            "{}:{}",
            self.url.host_str().unwrap_or_default(),
            self.url.port_or_known_default().unwrap_or_default()
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.url))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

/// Whether nobody on the way can answer in the place of an address: it is encrypted, or of the machine
/// that asks.
pub(crate) fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    let is_here = address.map_or(host == "localhost", |it| it.is_loopback());
    url.scheme() == "https" || url.scheme() == "http" && is_here
}

/// Takes user name and password out of an address.
fn take_credentials(url: &mut Url) -> Result<Option<HeaderValue>, String> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let user = decode(url.username());
    let password = decode(url.password().unwrap_or_default());
    let pair = base64([&*user, b":", &*password].concat().as_slice());
    let mut value = HeaderValue::from_str(&format!("Basic {pair}"))
        .map_err(|_| "its user name or password cannot be sent".to_owned())?;
    value.set_sensitive(true);
    // These fail only for addresses that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(Some(value))
}

/// Undoes `%41` and the like.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|it| u8::from_str_radix(it, 16).ok());
        match escaped {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}

/// Encodes by RFC 4648, as the `Basic` scheme wants it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for digit in 0..4 {
            if digit <= group.len() {
                text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// [fetch.source.10] Returns an address without what may be secret: user, password, fragment, and the values of
/// query parameters whose names say that they are keys, tokens or signatures.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if let Some(query) = url.query() {
        let query = query
            .split('&')
            .map(|parameter| match parameter.split_once('=') {
                Some((name, _)) if is_secret(name) => format!("{name}=…"),
                _ => parameter.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("&");
        url.set_query(None);
        return escape(format!("{url}?{query}").as_bytes());
    }
    escape(url.as_str().as_bytes())
}

/// As [`shown`], for a text that may not be an address at all.
pub(crate) fn shown_text(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "file") => shown(&url),
        Ok(_) | Err(_) => {
            // What stands before an `@` could be a password.
            let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            match host.rsplit_once('@') {
                Some((_, host)) => escape(format!("{scheme}://{host}/{path}").as_bytes()),
                None => escape(text.as_bytes()),
            }
        }
    }
}

fn is_secret(name: &str) -> bool {
    const MARKS: [&str; 8] =
        ["token", "key", "secret", "sig", "pass", "auth", "credential", "session"];
    let name = name.to_ascii_lowercase();
    MARKS.iter().any(|it| name.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let actual = match Address::parse(text) {
            Ok(Address::Place(place)) => {
                let authorization =
                    place.authorization().and_then(|it| it.to_str().ok()).unwrap_or("none");
                format!("{place}\nauthorization: {authorization}")
            }
            Ok(Address::Mirror { name, path }) => format!("mirror {name}: {path}"),
            Err(reason) => format!("{}: {reason}", shown_text(text)),
        };
        expected.assert_eq(&actual);
    }

    #[test]
    fn addresses_are_places_or_mirrors() {
        check(
            "https://user:p%40ss@example.org:8443/a%20b?p=x.git&X-Amz-Signature=abc#top",
            expect![[r#"
                https://example.org:8443/a%20b?p=x.git&X-Amz-Signature=…
                authorization: Basic dXNlcjpwQHNz"#]],
        );
        check(
            "file:///srv/mirror/a.tar",
            expect![[r#"
                file:///srv/mirror/a.tar
                authorization: none"#]],
        );
        check(
            "mirror://debian/pool/main/h/hello/hello_2.10.orig.tar.gz",
            expect!["mirror debian: pool/main/h/hello/hello_2.10.orig.tar.gz"],
        );
    }

    #[test]
    fn what_cannot_be_fetched_says_why() {
        check(
            "ftp://example.org/a",
            expect![
                "ftp://example.org/a: `ftp:` cannot be fetched; `https:`, `http:`, `file:` and `mirror:` can"
            ],
        );
        check(
            "file://srv/a",
            expect!["file://srv/a: a `file:` address has three slashes: `file:///…`"],
        );
        check("a.tar", expect!["a.tar: it is not an address: relative URL without a base"]);
        check("https://user:secret@", expect!["https:///: it is not an address: empty host"]);
        check(
            "mirror://debian/../etc",
            expect![
                "mirror://debian/../etc: `mirror://debian/` must be followed by a path without `.`, `..` and empty parts"
            ],
        );
        for path in ["%2e%2E/etc", "a/.%2e", "a%2f..%2fb", "a//b", "a%0a", "a\\b", ""] {
            assert!(Address::parse(&format!("mirror://debian/{path}")).is_err(), "{path}");
        }
        check(
            "mirror://Debian/pool",
            expect![
                "mirror://Debian/pool: `Debian` is no name of a mirror: it consists of a-z, 0-9 and `-`"
            ],
        );
    }

    #[test]
    fn a_path_is_joined_as_it_is() {
        let base = Place::parse("https://example.org/debian/").unwrap();
        let place = base.join("pool/c/c++_1.0~rc1?#%2b.tar");
        assert_eq!(place.url().path(), "/debian/pool/c/c++_1.0~rc1%3F%23%2b.tar");
        assert_eq!(place.url().query(), None);
    }

    #[test]
    fn base64_pads_as_the_rfc_shows() {
        let words = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let encoded = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(words.map(|it| base64(it.as_bytes())), encoded);
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let place = Place::parse("https://u:p@example.org/a").unwrap();
        let trusts = |url: &str| place.trusts(&Url::parse(url).unwrap());
        assert!(trusts("https://example.org:443/b"));
        assert!(!trusts("http://example.org/b"));
        assert!(!trusts("https://example.org:8443/b"));
        assert!(!trusts("https://cdn.example.org/b"));
    }
}
