//! Addresses of clients and paths of the world.

use std::str::FromStr as _;

use lsp_types::Uri;

/// Returns the path that an address names. Files have absolute paths; what is no file keeps its
/// whole address as path, and is known only while it is open.
pub(crate) fn path_of(uri: &Uri) -> String {
    let text = uri.as_str();
    let Some(rest) = text.strip_prefix("file://") else { return text.to_owned() };
    // `file:///a` and `file://localhost/a` are on this machine.
    let path = match rest.find('/') {
        Some(at) => &rest[at..],
        None => rest,
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    normal(&decode(path))
}

/// Returns the address of a path.
pub(crate) fn uri_of(path: &str) -> Option<Uri> {
    if path.starts_with('/') {
        Uri::from_str(&format!("file://{}", encode(path))).ok()
    } else {
        Uri::from_str(path).ok()
    }
}

/// The path without `.`, `..` and empty parts.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Resolves `%20` and the like. What is no escape, or gives no text, stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let byte = digits
            .and_then(|it| std::str::from_utf8(it).ok())
            .filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))
            .and_then(|it| u8::from_str_radix(it, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Returns the folder that a path is in.
pub(crate) fn parent(path: &str) -> Option<&str> {
    let at = path.rfind('/')?;
    Some(if at == 0 { "/" } else { &path[..at] }).filter(|it| *it != path)
}

/// Whether a path is in a folder, or is the folder.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder).is_some_and(|it| it.is_empty() || it.starts_with('/'))
}

/// Returns the last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', ':']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_go_back_and_forth() {
        for path in ["/a/b.kiln", "/a b/ä.kiln", "/", "/a%20b", "/x/[y]#z?.kiln"] {
            let uri = uri_of(path).unwrap();
            assert_eq!(path_of(&uri), path, "{}", uri.as_str());
        }
    }

    #[test]
    fn addresses_of_clients_have_many_forms() {
        let check = |uri: &str, path: &str| {
            assert_eq!(path_of(&Uri::from_str(uri).unwrap()), path, "{uri}");
        };
        check("file:///a/b%20c.kiln", "/a/b c.kiln");
        check("file://localhost/a", "/a");
        check("file:///a/../b/./c", "/b/c");
        check("file:///a%2Fb", "/a/b");
        check("file:///%ff%fe", "/%ff%fe");
        check("untitled:Untitled-1", "untitled:Untitled-1");
    }

    #[test]
    fn folders() {
        assert_eq!(parent("/a/b"), Some("/a"));
        assert_eq!(parent("/a"), Some("/"));
        assert_eq!(parent("/"), None);
        assert!(is_below("/a/b", "/a") && is_below("/a", "/a/") && is_below("/a", "/"));
        assert!(!is_below("/ab", "/a"));
    }
}
