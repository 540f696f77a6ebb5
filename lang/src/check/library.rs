//! The functions, methods and members of the language.

use crate::types::Ty;

/// A function of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Builtin {
    /// `fetch("https://…", sha256 = "…")`: a download.
    Fetch,
    /// `file("fix.patch")`: a file beside this one.
    File,
    /// `dir("src")`: a folder beside this one.
    Dir,
    /// `min(a, b)`
    Min,
    /// `max(a, b)`
    Max,
    /// `fail("…")`: ends evaluation with a message.
    Fail,
}

impl Builtin {
    /// Every function with its name.
    pub const ALL: &'static [(&'static str, Builtin)] = &[
        ("fetch", Builtin::Fetch),
        ("file", Builtin::File),
        ("dir", Builtin::Dir),
        ("min", Builtin::Min),
        ("max", Builtin::Max),
        ("fail", Builtin::Fail),
    ];

    /// Returns the function with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Builtin> {
        Builtin::ALL.iter().find(|it| it.0 == name).map(|it| it.1)
    }

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Builtin::ALL.iter().find(|it| it.1 == self).map_or("", |it| it.0)
    }

    /// Returns how it is called, and what it does.
    #[must_use]
    pub fn doc(self) -> (&'static str, &'static str) {
        match self {
            Builtin::Fetch => (
                "fetch(url…, sha256 = String, blake3 = String, unpack = Bool, root = String, executables = List<String>): Source",
                "A download. The first place that gives bytes with this hash serves; `unpack = off` keeps one file, `root` takes a folder of the archive.",
            ),
            Builtin::File => ("file(path: String): File", "A file beside this one."),
            Builtin::Dir => ("dir(path: String): Source", "A folder beside this one, as a source."),
            Builtin::Min => {
                ("min(a, b…)", "The smallest of numbers, sizes, durations or versions.")
            }
            Builtin::Max => {
                ("max(a, b…)", "The greatest of numbers, sizes, durations or versions.")
            }
            Builtin::Fail => {
                ("fail(message: String)", "Ends evaluation with a message; it has every type.")
            }
        }
    }
}

/// A method of the language: `xs.map(…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// `xs.map((x) -> …)`
    Map,
    /// `xs.filter((x) -> …)`
    Filter,
    /// `xs.any((x) -> …)`
    Any,
    /// `xs.all((x) -> …)`
    All,
    /// `xs.join(", ")`
    Join,
    /// `xs.reversed()`
    Reversed,
    /// `xs.unique()`
    Unique,
    /// `xs.get("key")` of a map.
    Get,
    /// `x.or(default)` of a value that may be `null`.
    Or,
    /// `text.split(",")`
    Split,
    /// `text.lines()`
    Lines,
    /// `text.replace("a", "b")`
    Replace,
    /// `text.trim()`
    Trim,
    /// `text.upper()`
    Upper,
    /// `text.lower()`
    Lower,
    /// `text.starts_with("a")`
    StartsWith,
    /// `text.ends_with("a")`
    EndsWith,
    /// `text.contains("a")`
    Contains,
    /// `text.matches(/a+/)`
    Matches,
    /// `version.up_to(2)`
    UpTo,
    /// `version.pin(2)`
    Pin,
    /// `version.below(1)`: the first version after this one's series.
    Below,
}

/// What a method takes.
pub(super) enum Takes {
    Nothing,
    /// These types, one each.
    Types(&'static [Ty]),
    /// A function of an element.
    Lambda,
    /// A value of the same type as what it is called on.
    Same,
}

const STRING: &[Ty] = &[Ty::STRING];
const TWO_STRINGS: &[Ty] = &[Ty::STRING, Ty::STRING];
const INT: &[Ty] = &[Ty::INT];

impl Method {
    /// Returns the methods of a type by name.
    pub fn of(ty: &Ty) -> &'static [(&'static str, Method)] {
        match ty {
            Ty::List(_) | Ty::Empty => &[
                ("map", Method::Map),
                ("filter", Method::Filter),
                ("any", Method::Any),
                ("all", Method::All),
                ("join", Method::Join),
                ("reversed", Method::Reversed),
                ("unique", Method::Unique),
            ],
            Ty::Set(_) => &[
                ("map", Method::Map),
                ("filter", Method::Filter),
                ("any", Method::Any),
                ("all", Method::All),
                ("join", Method::Join),
            ],
            Ty::Map(_) => &[("get", Method::Get), ("map", Method::Map)],
            Ty::Opt(_) => &[("or", Method::Or)],
            Ty::String(_) | Ty::Path => &[
                ("split", Method::Split),
                ("lines", Method::Lines),
                ("replace", Method::Replace),
                ("trim", Method::Trim),
                ("upper", Method::Upper),
                ("lower", Method::Lower),
                ("starts_with", Method::StartsWith),
                ("ends_with", Method::EndsWith),
                ("contains", Method::Contains),
                ("matches", Method::Matches),
            ],
            Ty::Version => {
                &[("up_to", Method::UpTo), ("pin", Method::Pin), ("below", Method::Below)]
            }
            _ => &[],
        }
    }

    /// The names of all methods.
    pub(super) const NAMES: &'static [&'static str] = &[
        "map",
        "filter",
        "any",
        "all",
        "join",
        "reversed",
        "unique",
        "get",
        "or",
        "split",
        "lines",
        "replace",
        "trim",
        "upper",
        "lower",
        "starts_with",
        "ends_with",
        "contains",
        "matches",
        "up_to",
        "pin",
        "below",
    ];

    pub(super) fn takes(self) -> Takes {
        match self {
            Method::Map | Method::Filter | Method::Any | Method::All => Takes::Lambda,
            Method::Join
            | Method::Split
            | Method::StartsWith
            | Method::EndsWith
            | Method::Contains
            | Method::Matches
            | Method::Get => Takes::Types(STRING),
            Method::Replace => Takes::Types(TWO_STRINGS),
            Method::UpTo | Method::Pin | Method::Below => Takes::Types(INT),
            Method::Or => Takes::Same,
            Method::Reversed
            | Method::Unique
            | Method::Lines
            | Method::Trim
            | Method::Upper
            | Method::Lower => Takes::Nothing,
        }
    }
}

/// Returns the members of a type that are values.
#[must_use]
pub fn members_of(ty: &Ty) -> &'static [(&'static str, Ty)] {
    match ty {
        Ty::Dep => &[
            ("prefix", Ty::Path),
            ("bin", Ty::Path),
            ("lib", Ty::Path),
            ("include", Ty::Path),
            ("name", Ty::STRING),
            ("version", Ty::Version),
        ],
        Ty::Version => &[
            ("major", Ty::STRING),
            ("minor", Ty::STRING),
            ("patch", Ty::STRING),
            ("text", Ty::STRING),
        ],
        Ty::Enum(_) => &[("name", Ty::STRING), ("text", Ty::STRING)],
        Ty::Size(_) => &[("bytes", Ty::INT)],
        Ty::Duration(_) => &[("seconds", Ty::INT)],
        Ty::List(_) | Ty::Set(_) | Ty::Empty => &[("length", Ty::INT)],
        Ty::String(_) => &[("length", Ty::INT)],
        _ => &[],
    }
}
