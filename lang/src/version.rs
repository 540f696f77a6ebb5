//! Versions, their order, and series of versions. Rules: `spec/lang/packages.md`.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use lean_string::LeanStr;

/// A version of a package.
///
/// Two versions are equal if their texts are; their order is that of their parts, which are runs
/// of digits and runs of letters, whatever stands between them:
///
/// ```text
/// 1.0-rc1 < 1.0 < 1.0a < 1.0.1 < 1.0.10 < 1.1 < stable < … < develop
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Version(LeanStr);

/// A part of a version, in the order in which parts of one place sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// `alpha`, `beta`, `pre`, `rc`: before the release.
    Pre(u8),
    /// No more parts.
    End,
    /// Letters.
    Letters(&'a str),
    /// A number: its digits without leading zeros, the longer the greater.
    Number(usize, &'a str),
    /// A branch: after every number.
    Branch(u8),
}

/// Branch names, from the one that sorts first.
const BRANCHES: [&str; 7] = ["stable", "nightly", "trunk", "head", "master", "main", "develop"];

impl Version {
    /// Makes a version of a text; every text is one.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        Version(LeanStr::from(text.as_ref()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first `count` parts, as written: `1.10.7` up to 2 is `1.10`.
    #[must_use]
    pub fn up_to(&self, count: usize) -> Version {
        let mut seen = 0;
        let mut in_part: Option<bool> = None;
        for (at, c) in self.0.char_indices() {
            let class = c.is_alphanumeric().then(|| c.is_ascii_digit());
            if class.is_some() && class != in_part {
                if seen == count {
                    let end = self.0[..at].trim_end_matches(|c: char| !c.is_alphanumeric());
                    return Version::new(end);
                }
                seen += 1;
            }
            in_part = class;
        }
        self.clone()
    }

    /// Returns the part at `index`, if there is one: `8.18.0` has `8`, `18` and `0`.
    #[must_use]
    pub fn part(&self, index: usize) -> Option<&str> {
        texts(&self.0).nth(index)
    }

    /// Returns the least version above all versions that begin with the first `count` parts:
    /// `8.18.0` has `9` for 1 and `8.19` for 2. Nothing if that part is no number.
    #[must_use]
    pub fn bump(&self, count: usize) -> Option<Version> {
        let head = self.up_to(count);
        let last = texts(&head.0).last()?;
        let number: u64 = last.parse().ok()?;
        let stem = &head.0[..head.0.len() - last.len()];
        Some(Version::new(format!("{stem}{}", number.checked_add(1)?)))
    }

    /// Whether this is the name of a branch, which is never chosen unless asked for.
    #[must_use]
    pub fn is_branch(&self) -> bool {
        matches!(parts(&self.0).next(), Some(Part::Branch(_)))
    }

    /// Whether this is a version before a release.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        parts(&self.0).any(|it| matches!(it, Part::Pre(_)))
    }

    /// Whether this version belongs to the series that begins with `series`.
    #[must_use]
    pub fn in_series(&self, series: &str) -> bool {
        let mut own = parts(&self.0);
        parts(series).all(|part| own.next() == Some(part))
    }
}

/// Runs of digits and of letters, as texts.
fn texts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let first = rest.chars().next()?;
        let digit = first.is_ascii_digit();
        let end = rest
            .find(|c: char| !c.is_alphanumeric() || c.is_ascii_digit() != digit)
            .unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    texts(text).enumerate().map(|(index, part)| {
        if part.starts_with(|c: char| c.is_ascii_digit()) {
            let digits = part.trim_start_matches('0');
            return Part::Number(digits.len(), digits);
        }
        if index == 0
            && let Some(rank) = BRANCHES.iter().position(|it| *it == part)
        {
            return Part::Branch(rank as u8);
        }
        match part {
            "alpha" => Part::Pre(0),
            "beta" => Part::Pre(1),
            "pre" => Part::Pre(2),
            "rc" => Part::Pre(3),
            letters => Part::Letters(letters),
        }
    })
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (parts(&self.0), parts(&other.0));
        loop {
            let (x, y) = (a.next().unwrap_or(Part::End), b.next().unwrap_or(Part::End));
            match x.cmp(&y) {
                Ordering::Equal if x == Part::End => break,
                Ordering::Equal => {}
                other => return other,
            }
        }
        // `1.0` and `1-0` are the same place in the order; the text makes the order total.
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a version is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Whether the comparison holds for things in this order.
    #[must_use]
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }

    /// Returns the comparison as written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

/// What a version is compared with: a version, or a series such as `1.10.*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VersionBound {
    /// One version.
    Exact(Version),
    /// All versions that begin like this; without the `.*`.
    Series(Version),
}

impl VersionBound {
    /// Whether `version` compares with the bound as asked.
    ///
    /// A series stands for all its versions: `<= 1.10.*` takes in 1.10.7, `> 1.10.*` begins above.
    #[must_use]
    pub fn holds(&self, version: &Version, comparison: Comparison) -> bool {
        match self {
            VersionBound::Exact(bound) => comparison.holds(version.cmp(bound)),
            VersionBound::Series(series) => {
                let order = if version.in_series(series.as_str()) {
                    Ordering::Equal
                } else {
                    version.cmp(series)
                };
                comparison.holds(order)
            }
        }
    }
}

impl fmt::Display for VersionBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionBound::Exact(version) => write!(f, "{version}"),
            VersionBound::Series(series) => write!(f, "{series}.*"),
        }
    }
}

/// Which versions will do: one of several alternatives, each a conjunction of comparisons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionReq {
    /// The alternatives; every comparison of one of them must hold. Nothing if any version will do.
    /// They are shared: every package that needs another asks for a version of it.
    any_of: Option<Arc<[AllOf]>>,
}

/// One alternative of a requirement.
pub type AllOf = Vec<(Comparison, VersionBound)>;

impl VersionReq {
    /// Any version will do.
    #[must_use]
    pub fn any() -> Self {
        VersionReq { any_of: None }
    }

    /// Requires that every comparison of one of these alternatives holds.
    #[must_use]
    pub fn new(any_of: Vec<AllOf>) -> Self {
        let is_any = any_of.iter().any(Vec::is_empty);
        VersionReq { any_of: (!is_any).then(|| any_of.into()) }
    }

    /// The alternatives; every comparison of one of them must hold.
    #[must_use]
    pub fn any_of(&self) -> &[AllOf] {
        const ANY: &[AllOf] = &[Vec::new()];
        self.any_of.as_deref().unwrap_or(ANY)
    }

    /// Just this version.
    #[must_use]
    pub fn exactly(version: Version) -> Self {
        VersionReq::new(vec![vec![(Comparison::Equal, VersionBound::Exact(version))]])
    }

    /// Whether every version will do.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.any_of.is_none()
    }

    /// Whether `version` will do.
    #[must_use]
    pub fn matches(&self, version: &Version) -> bool {
        self.any_of()
            .iter()
            .any(|all| all.iter().all(|(comparison, bound)| bound.holds(version, *comparison)))
    }

    /// Returns the requirement that asks for both.
    #[must_use]
    pub fn and(&self, other: &VersionReq) -> VersionReq {
        let mut any_of = Vec::new();
        for a in self.any_of() {
            for b in other.any_of() {
                any_of.push(a.iter().chain(b).cloned().collect());
            }
        }
        VersionReq::new(any_of)
    }
}

impl fmt::Display for VersionReq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alternative = |all: &AllOf| {
            all.iter()
                .map(|(comparison, bound)| format!("{} {bound}", comparison.text()))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let texts: Vec<String> = self.any_of().iter().map(alternative).collect();
        if texts.len() == 1 { f.write_str(&texts[0]) } else { write!(f, "({})", texts.join(" | ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(texts: &str, expected: Expect) {
        let mut versions: Vec<Version> = texts.split(' ').map(Version::new).collect();
        versions.sort();
        let texts: Vec<String> = versions.iter().map(Version::to_string).collect();
        expected.assert_eq(&texts.join(" < "));
    }

    #[test]
    fn versions_sort_by_their_parts() {
        check(
            "1.10 1.2 1.1.1w 1.1.1 1.1.1-rc1",
            expect!["1.1.1-rc1 < 1.1.1 < 1.1.1w < 1.2 < 1.10"],
        );
        check(
            "develop 99 main 1.0alpha2 1.0beta1 1.0",
            expect!["1.0alpha2 < 1.0beta1 < 1.0 < 99 < main < develop"],
        );
        check("2024a 2024.1 2024 007 7.1", expect!["007 < 7.1 < 2024 < 2024a < 2024.1"]);
    }

    #[test]
    fn a_series_stands_for_all_its_versions() {
        let bound = VersionBound::Series(Version::new("1.10"));
        let shows = |text: &str| {
            let version = Version::new(text);
            let all =
                [Comparison::Equal, Comparison::Less, Comparison::LessOrEqual, Comparison::Greater];
            all.map(|it| bound.holds(&version, it))
        };
        assert_eq!(shows("1.10.7"), [true, false, true, false]);
        assert_eq!(shows("1.10"), [true, false, true, false]);
        assert_eq!(shows("1.9"), [false, true, true, false]);
        assert_eq!(shows("1.11"), [false, false, false, true]);
        assert_eq!(shows("1.100"), [false, false, false, true]);
    }

    #[test]
    fn parts_are_taken_from_the_front() {
        let version = Version::new("8.18.0-rc2");
        assert_eq!(version.up_to(2).as_str(), "8.18");
        assert_eq!(version.up_to(9).as_str(), "8.18.0-rc2");
        assert_eq!(version.bump(1), Some(Version::new("9")));
        assert_eq!(version.bump(2), Some(Version::new("8.19")));
        assert_eq!(version.part(1), Some("18"));
    }
}
