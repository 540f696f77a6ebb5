//! The path of an entry, checked: it cannot leave the folder that it is joined to.

use crate::unpack::limits::UnpackLimits;
use crate::unpack::{Refusal, UnpackError};

/// The path of an entry below the root of the tree: one or more normal components.
///
/// ```text
/// ./zlib-1.3//src/./inflate.c   as an archive may write it
/// zlib-1.3/src/inflate.c        as it is kept: no `.`, no `..`, no empty component, no NUL
/// ```
///
/// A name is bytes; it need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryName(Box<[u8]>);

impl EntryName {
    /// Checks a path and makes a name of it; `None` is the root itself, as in `./`.
    pub(crate) fn parse(path: &[u8], depth_max: usize) -> Result<Option<Self>, Refusal> {
        if path.is_empty() {
            return Err(Refusal::EmptyName);
        }
        if path.contains(&0) {
            return Err(Refusal::NulInName);
        }
        if path[0] == b'/' {
            return Err(Refusal::AbsoluteName);
        }
        let mut name = Vec::with_capacity(path.len());
        let mut depth = 0;
        for component in path.split(|it| *it == b'/') {
            match component {
                b"" | b"." => continue,
                b".." => return Err(Refusal::ParentInName),
                _ => {}
            }
            if component.len() > UnpackLimits::COMPONENT_BYTES_MAX {
                return Err(Refusal::LongComponent { bytes: component.len() });
            }
            if !name.is_empty() {
                name.push(b'/');
            }
            name.extend_from_slice(component);
            depth += 1;
        }
        if name.len() > UnpackLimits::PATH_BYTES_MAX {
            return Err(Refusal::LongName { bytes: name.len() });
        }
        if depth > depth_max {
            return Err(Refusal::DeepName { depth, depth_max });
        }
        Ok((!name.is_empty()).then(|| EntryName(name.into())))
    }

    /// As [`parse`](Self::parse), with the error that names the entry.
    pub(crate) fn of_entry(path: &[u8], depth_max: usize) -> Result<Option<Self>, UnpackError> {
        Self::parse(path, depth_max).map_err(|refusal| UnpackError::refused(path, refusal))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the folder that holds it, and its last component; `None` is the root.
    pub(crate) fn split(&self) -> (Option<EntryName>, &[u8]) {
        match self.0.iter().rposition(|it| *it == b'/') {
            Some(at) => (Some(EntryName(self.0[..at].into())), &self.0[at + 1..]),
            None => (None, &self.0),
        }
    }

    /// Returns `self/other`.
    pub(crate) fn join(&self, other: &EntryName) -> EntryName {
        EntryName([&*self.0, b"/", &*other.0].concat().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check(path: &[u8], expected: Expect) {
        let actual = match EntryName::parse(path, 4) {
            Ok(Some(name)) => format!("name {}", name.as_bytes().escape_ascii()),
            Ok(None) => "root".to_owned(),
            Err(refusal) => format!("refused: it {refusal}"),
        };
        expected.assert_eq(&actual);
    }

    #[test]
    fn a_name_is_made_of_normal_components() {
        check(b"a/b.c", expect!["name a/b.c"]);
        check(b"./a//b/./c/", expect!["name a/b/c"]);
        check(b"./", expect!["root"]);
        check(b"...", expect!["name ..."]);
        check(b" -\xff\n", expect![[r"name  -\xff\n"]]);
        check(b"", expect!["refused: it has no name"]);
        check(b"/etc/passwd", expect!["refused: it has an absolute name"]);
        check(b"a/../b", expect!["refused: it has `..` in its name"]);
        check(b"..", expect!["refused: it has `..` in its name"]);
        check(b"a\0b", expect!["refused: it has a NUL byte in its name"]);
        check(b"a/b/c/d/e", expect!["refused: it lies 5 folders deep; at most 4 are allowed"]);
        check(
            &[b'x'; 256],
            expect![
                "refused: it has a component of 256 bytes in its name; at most 255 are allowed"
            ],
        );
    }

    proptest! {
        #[test]
        fn a_name_parses_to_itself_and_never_leaves_its_folder(path: Vec<u8>) {
            if let Ok(Some(name)) = EntryName::parse(&path, 128) {
                prop_assert_eq!(EntryName::parse(name.as_bytes(), 128), Ok(Some(name.clone())));
                for component in name.as_bytes().split(|it| *it == b'/') {
                    prop_assert!(!component.is_empty() && component != b"." && component != b"..");
                }
            }
        }
    }
}
