//! Types, as the checker and the evaluator see them. Rules: `spec/lang/types.md`.

use std::fmt;
use std::sync::Arc;

use thin_vec::ThinVec;

use crate::check::Common;
use crate::database::FileId;
use crate::module::{EnumId, ExprId, Name, RecordId};

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    /// What a mistake has; fits everywhere, so that one mistake is one message.
    Error,
    /// `null`.
    Null,
    /// `Bool`: `on` or `off`.
    Bool,
    /// `Int`, perhaps of these values only.
    Int(Ranges),
    /// `Size`, in bytes.
    Size(Ranges),
    /// `Duration`, in nanoseconds.
    Duration(Ranges),
    /// `String`, perhaps following a pattern.
    String(Option<Arc<str>>),
    /// `Path`: a text that names a file inside a build.
    Path,
    /// `Version`.
    Version,
    /// An enum.
    Enum(EnumTy),
    /// `Set<E>`.
    Set(EnumTy),
    /// `List<T>`.
    List(Arc<Ty>),
    /// `Map<T>`: texts to values.
    Map(Arc<Ty>),
    /// A record.
    Record(RecordTy),
    /// `T?`.
    Opt(Arc<Ty>),
    /// Shell text: `sh"…"`.
    Script,
    /// `Source`: what `fetch` and `dir` give.
    Source,
    /// `File`: what `file` gives.
    File,
    /// A dependency, in build expressions.
    Dep,
    /// `(a) -> …`, by the type of its result.
    Function(Arc<Ty>),
    /// A set or list literal without elements: fits every collection.
    Empty,
    /// An object of the language, such as `platform`.
    Object(Object),
}

/// Something that has members and is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    /// `platform`: the machine that the package is for.
    Platform,
    /// `machine`: the machine that builds it.
    Machine,
    /// `toolchain`: how it is compiled.
    Toolchain,
    /// `facts`: what is given of the machine that it is for.
    Facts,
    /// `dep`: the dependencies, by name.
    Dep,
    /// `deps`: the dependencies, by role.
    Deps,
    /// `outputs`: the outputs' paths, by name.
    Outputs,
    /// `steps`: the steps, by name.
    Steps,
    /// `sources`: where further sources lie.
    Sources,
}

/// Which numbers are allowed: a union of intervals, or all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranges {
    /// The intervals, both ends included, sorted and apart; `None` allows every number.
    pub intervals: Option<Arc<[(i64, i64)]>>,
    /// A condition on the final value.
    pub predicate: Option<Arc<Predicate>>,
}

/// `where (it % 64 == 0) else "must be a multiple of 64"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// The file that it is written in.
    pub file: FileId,
    /// The condition on `it`.
    pub cond: ExprId,
    /// What to say where it does not hold.
    pub message: Arc<str>,
}

impl Ranges {
    /// Whether `number` lies in the intervals; says nothing of the predicate.
    #[must_use]
    pub fn contains(&self, number: i64) -> bool {
        match &self.intervals {
            None => true,
            Some(intervals) => intervals.iter().any(|&(lo, hi)| lo <= number && number <= hi),
        }
    }
}

/// An enum type, by where it is declared.
#[derive(Clone)]
pub struct EnumTy(pub Arc<EnumType>);

/// An enum type.
#[derive(Debug, PartialEq, Eq)]
pub struct EnumType {
    /// The file that declares it.
    pub file: FileId,
    /// Which of the file's enums it is.
    pub id: EnumId,
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Its values in order.
    pub values: Vec<Name>,
    /// Its groups with the places of their values.
    pub groups: ThinVec<(Name, Vec<u32>)>,
    /// Whether `<` and its like compare values by their order.
    pub ordered: bool,
    /// Whether attributes say something about the life of a value.
    pub has_history: bool,
    /// The values in the order of their names, for look-ups; nothing of an enum that has few.
    pub by_name: ThinVec<u32>,
}

impl EnumType {
    /// Returns the place of a value.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<u32> {
        if self.by_name.is_empty() {
            return self.values.iter().position(|it| it == name).map(|it| it as u32);
        }
        let at = self.by_name.binary_search_by(|it| self.values[*it as usize].as_str().cmp(name));
        at.ok().map(|it| self.by_name[it])
    }

    /// Returns the values of a group.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&[u32]> {
        self.groups.iter().find(|it| it.0 == name).map(|it| &*it.1)
    }
}

impl PartialEq for EnumTy {
    fn eq(&self, other: &Self) -> bool {
        // Nearly always it is the same one, and need not be looked at.
        Arc::ptr_eq(&self.0, &other.0) || self.0.file == other.0.file && self.0.id == other.0.id
    }
}

impl Eq for EnumTy {}

impl fmt::Debug for EnumTy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "enum {:?}", self.0.name)
    }
}

impl std::ops::Deref for EnumTy {
    type Target = EnumType;

    fn deref(&self) -> &EnumType {
        &self.0
    }
}

/// A record type, by where it is declared.
#[derive(Clone)]
pub struct RecordTy(pub Arc<RecordType>);

/// A record type.
#[derive(Debug)]
pub struct RecordType {
    /// The file that declares it.
    pub file: FileId,
    /// Which of the file's records it is.
    pub id: RecordId,
    /// Its name.
    pub name: Name,
    /// Its fields in order.
    pub fields: Vec<RecordTypeField>,
}

/// A field of a record type.
#[derive(Debug, Clone)]
pub struct RecordTypeField {
    /// The name.
    pub name: Name,
    /// The type.
    pub ty: Ty,
    /// The value if none is given.
    pub default: Option<ExprId>,
}

impl PartialEq for RecordTy {
    fn eq(&self, other: &Self) -> bool {
        // Nearly always it is the same one, and need not be looked at.
        Arc::ptr_eq(&self.0, &other.0) || self.0.file == other.0.file && self.0.id == other.0.id
    }
}

impl Eq for RecordTy {}

impl fmt::Debug for RecordTy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}", self.0.name)
    }
}

impl std::ops::Deref for RecordTy {
    type Target = RecordType;

    fn deref(&self) -> &RecordType {
        &self.0
    }
}

impl Common for Ty {
    const ALL: &'static [Ty] = &[
        Ty::Error,
        Ty::Bool,
        Ty::INT,
        Ty::STRING,
        Ty::Version,
        Ty::Path,
        Ty::Script,
        Ty::Source,
        Ty::File,
        Ty::Dep,
        Ty::Null,
        Ty::Empty,
        Ty::Object(Object::Platform),
        Ty::Object(Object::Toolchain),
        Ty::Object(Object::Dep),
    ];

    #[inline]
    fn place(&self) -> Option<usize> {
        Some(match self {
            Ty::Error => 0,
            Ty::Bool => 1,
            Ty::Int(Ranges { intervals: None, predicate: None }) => 2,
            Ty::String(None) => 3,
            Ty::Version => 4,
            Ty::Path => 5,
            Ty::Script => 6,
            Ty::Source => 7,
            Ty::File => 8,
            Ty::Dep => 9,
            Ty::Null => 10,
            Ty::Empty => 11,
            Ty::Object(Object::Platform) => 12,
            Ty::Object(Object::Toolchain) => 13,
            Ty::Object(Object::Dep) => 14,
            _ => return None,
        })
    }
}

impl Ty {
    /// `Int` without bounds.
    pub const INT: Ty = Ty::Int(Ranges { intervals: None, predicate: None });
    /// `String` without a pattern.
    pub const STRING: Ty = Ty::String(None);

    /// `List<T>`.
    #[must_use]
    pub fn list(of: Ty) -> Ty {
        Ty::List(Arc::new(of))
    }

    /// The type without `?`.
    #[must_use]
    pub fn without_opt(&self) -> &Ty {
        match self {
            Ty::Opt(of) => of.without_opt(),
            other => other,
        }
    }

    /// The enum whose values may stand here as bare words: of the type itself, or of its elements.
    #[must_use]
    pub fn words(&self) -> Option<&EnumTy> {
        match self.without_opt() {
            Ty::Enum(it) | Ty::Set(it) => Some(it),
            Ty::List(of) => match &**of {
                Ty::Enum(it) => Some(it),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a value of `self` can stand where `of?` is asked for.
    pub(crate) fn fits_opt(&self, of: &Ty) -> bool {
        match self {
            Ty::Null => true,
            Ty::Opt(inner) => inner.fits(of),
            other => other.fits(of),
        }
    }

    /// Whether a value of `self` can stand where a value of `expected` is asked for. Ranges and
    /// patterns are not compared: they are checked against values.
    #[must_use]
    pub fn fits(&self, expected: &Ty) -> bool {
        match (self, expected) {
            (Ty::Error, _) | (_, Ty::Error) => true,
            (_, Ty::Opt(of)) => self.fits_opt(of),
            (Ty::Null, Ty::Null) => true,
            (Ty::Int(_), Ty::Int(_))
            | (Ty::Size(_), Ty::Size(_))
            | (Ty::Duration(_), Ty::Duration(_))
            | (Ty::Bool, Ty::Bool)
            | (Ty::Version, Ty::Version)
            | (Ty::String(_), Ty::String(_) | Ty::Path | Ty::Script)
            | (Ty::Path, Ty::Path | Ty::String(_))
            | (Ty::Script, Ty::Script)
            | (Ty::Source, Ty::Source)
            | (Ty::File, Ty::File | Ty::Path)
            | (Ty::Dep, Ty::Dep | Ty::Path) => true,
            (Ty::Empty, Ty::Set(_) | Ty::List(_) | Ty::Map(_) | Ty::Empty | Ty::Record(_)) => true,
            (Ty::Enum(a), Ty::Enum(b)) | (Ty::Set(a), Ty::Set(b)) => a == b,
            // A single value is a set of one: `drivers += mlx5`.
            (Ty::Enum(a), Ty::Set(b)) => a == b,
            (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => a.fits(b),
            (Ty::Function(a), Ty::Function(b)) => a.fits(b),
            (Ty::Record(a), Ty::Record(b)) => a == b,
            (Ty::Object(a), Ty::Object(b)) => a == b,
            _ => false,
        }
    }
}

impl Ty {
    /// Returns the type in words, with an article, for sentences: "a number", "a set of `Driver`".
    #[must_use]
    pub fn a(&self) -> String {
        match self {
            Ty::Error => "something".to_owned(),
            Ty::Null => "`null`".to_owned(),
            Ty::Bool => "`on` or `off`".to_owned(),
            Ty::Int(_) => "a number".to_owned(),
            Ty::Size(_) => "a size".to_owned(),
            Ty::Duration(_) => "a duration".to_owned(),
            Ty::String(None) => "a text".to_owned(),
            Ty::String(Some(pattern)) => format!("a text like `/{pattern}/`"),
            Ty::Path => "a path".to_owned(),
            Ty::Version => "a version".to_owned(),
            Ty::Enum(it) => match &it.name {
                Some(name) => format!("{} `{name}`", article(name)),
                None => format!("one of {}", values_in_words(it, "or")),
            },
            Ty::Set(it) => match &it.name {
                Some(name) => format!("a set of `{name}`"),
                None => format!("a set of {}", values_in_words(it, "and")),
            },
            Ty::List(of) => format!("a list of {}", of.plural()),
            Ty::Map(of) => format!("a map of {}", of.plural()),
            Ty::Record(it) => format!("{} `{}`", article(&it.name), it.name),
            Ty::Opt(of) => format!("{} or `null`", of.a()),
            Ty::Script => "shell text".to_owned(),
            Ty::Source => "a source".to_owned(),
            Ty::File => "a file".to_owned(),
            Ty::Dep => "a dependency".to_owned(),
            Ty::Function(_) => "a function".to_owned(),
            Ty::Empty => "an empty set or list".to_owned(),
            Ty::Object(object) => format!("`{}`", object.text()),
        }
    }

    /// Returns the type in words, as of several values: "numbers".
    pub(crate) fn plural(&self) -> String {
        match self {
            Ty::Int(_) => "numbers".to_owned(),
            Ty::Size(_) => "sizes".to_owned(),
            Ty::Duration(_) => "durations".to_owned(),
            Ty::String(_) => "texts".to_owned(),
            Ty::Path => "paths".to_owned(),
            Ty::Version => "versions".to_owned(),
            Ty::Enum(it) => match &it.name {
                Some(name) => format!("`{name}`"),
                None => values_in_words(it, "and"),
            },
            Ty::Record(it) => format!("`{}`", it.name),
            Ty::Source => "sources".to_owned(),
            Ty::File => "files".to_owned(),
            Ty::Dep => "dependencies".to_owned(),
            Ty::Script => "shell texts".to_owned(),
            Ty::Bool => "`on` and `off`".to_owned(),
            other => format!("values, each {}", other.a()),
        }
    }
}

/// The article of a name.
fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn values_in_words(it: &EnumType, word: &str) -> String {
    if it.values.len() > VALUES_SHOWN_MAX {
        let shown: Vec<String> =
            it.values.iter().take(VALUES_SHOWN_MAX / 2).map(|it| format!("`{it}`")).collect();
        return format!("{} and {} more", shown.join(", "), it.values.len() - shown.len());
    }
    crate::nearest::list(&it.values, word)
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Error => f.write_str("?"),
            Ty::Null => f.write_str("null"),
            Ty::Bool => f.write_str("Bool"),
            Ty::Int(ranges) => write!(f, "Int{ranges}"),
            Ty::Size(ranges) => match &ranges.intervals {
                None => f.write_str("Size"),
                Some(intervals) => write!(f, "Size({})", show_intervals(intervals, show_size)),
            },
            Ty::Duration(ranges) => match &ranges.intervals {
                None => f.write_str("Duration"),
                Some(intervals) => {
                    write!(f, "Duration({})", show_intervals(intervals, show_duration))
                }
            },
            Ty::String(None) => f.write_str("String"),
            Ty::String(Some(pattern)) => write!(f, "String(/{pattern}/)"),
            Ty::Path => f.write_str("Path"),
            Ty::Version => f.write_str("Version"),
            Ty::Enum(it) => show_enum(f, it),
            Ty::Set(it) => {
                f.write_str("Set<")?;
                show_enum(f, it)?;
                f.write_str(">")
            }
            Ty::List(of) => write!(f, "List<{of}>"),
            Ty::Map(of) => write!(f, "Map<{of}>"),
            Ty::Record(it) => f.write_str(&it.name),
            Ty::Opt(of) => write!(f, "{of}?"),
            Ty::Script => f.write_str("Script"),
            Ty::Source => f.write_str("Source"),
            Ty::File => f.write_str("File"),
            Ty::Dep => f.write_str("Dep"),
            Ty::Function(result) => write!(f, "(…) -> {result}"),
            Ty::Empty => f.write_str("{}"),
            Ty::Object(object) => f.write_str(object.text()),
        }
    }
}

/// How many values of an enum without a name are shown; some enums have hundreds.
const VALUES_SHOWN_MAX: usize = 8;

fn show_enum(f: &mut fmt::Formatter<'_>, it: &EnumType) -> fmt::Result {
    if let Some(name) = &it.name {
        return f.write_str(name);
    }
    let shown: Vec<&str> = it.values.iter().take(VALUES_SHOWN_MAX).map(|it| it.as_str()).collect();
    let more = if it.values.len() > VALUES_SHOWN_MAX { ", …" } else { "" };
    write!(f, "enum {{ {}{more} }}", shown.join(", "))
}

impl Object {
    /// Returns the name that the object has in expressions.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Object::Platform => "platform",
            Object::Machine => "machine",
            Object::Toolchain => "toolchain",
            Object::Facts => "facts",
            Object::Dep => "dep",
            Object::Deps => "deps",
            Object::Outputs => "outputs",
            Object::Steps => "steps",
            Object::Sources => "sources",
        }
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.intervals {
            None => Ok(()),
            Some(intervals) => write!(f, "({})", show_intervals(intervals, |it| it.to_string())),
        }
    }
}

/// Writes intervals as they are written in types: `1..=8 | 16`.
pub fn show_intervals(intervals: &[(i64, i64)], show: impl Fn(i64) -> String) -> String {
    let texts: Vec<String> = intervals
        .iter()
        .map(|&(lo, hi)| match (lo, hi) {
            (lo, hi) if lo == hi => show(lo),
            (i64::MIN, hi) => format!("..={}", show(hi)),
            (lo, i64::MAX) => format!("{}..", show(lo)),
            (lo, hi) => format!("{}..={}", show(lo), show(hi)),
        })
        .collect();
    texts.join(" | ")
}

/// Writes a size in the largest unit that divides it.
#[must_use]
pub fn show_size(bytes: i64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (unit, shift) in units {
        if bytes != 0 && bytes % (1_i64 << shift) == 0 {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} B")
}

/// Writes a duration in the largest unit that divides it.
#[must_use]
pub fn show_duration(nanoseconds: i64) -> String {
    let units = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("min", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
    ];
    for (unit, size) in units {
        if nanoseconds != 0 && nanoseconds % size == 0 {
            return format!("{} {unit}", nanoseconds / size);
        }
    }
    format!("{nanoseconds} ns")
}
