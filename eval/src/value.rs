//! Values: what expressions evaluate to.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::types::{EnumTy, RecordTy, Ty, show_duration, show_size};
use kiln_lang::{FileId, Version};
use kiln_store::FetchHash;

use crate::text::Text;

/// What an expression evaluates to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `on`, `off`
    Bool(bool),
    /// A number.
    Int(i64),
    /// A size, in bytes.
    Size(i64),
    /// A duration, in nanoseconds.
    Duration(i64),
    /// A text or a path.
    Text(Text),
    /// A version.
    Version(Version),
    /// A series of versions, without its `.*`.
    Series(Version),
    /// A value of an enum.
    Enum(EnumTy, u32),
    /// Values of an enum.
    Set(EnumTy, Bits),
    /// Values in order.
    List(Arc<[Value]>),
    /// Values by text.
    Map(Arc<BTreeMap<String, Value>>),
    /// A record: its fields in the order of their declarations.
    Record(RecordTy, Arc<[Value]>),
    /// Shell text.
    Script(Text),
    /// Where sources come from.
    Source(Arc<Source>),
    /// A file beside a recipe.
    File(Arc<LocalFile>),
    /// A dependency, known by the label that the derivation has for it.
    Dep(Arc<DepValue>),
}

/// A source as a recipe says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A download.
    Fetch {
        /// Where from.
        urls: Vec<String>,
        /// The hash of the bytes.
        hash: FetchHash,
        /// Whether it is an archive.
        unpack: bool,
        /// Which folder of the archive is taken; `None` takes the single folder at its top.
        root: Option<String>,
        /// Files made executable.
        executables: Vec<String>,
    },
    /// A folder beside the recipe.
    Folder(LocalFile),
}

/// A file or folder beside a recipe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalFile {
    /// The path in the world.
    pub path: String,
    /// The file that names it, for messages.
    pub named_in: FileId,
}

/// A dependency as build expressions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepValue {
    /// The package.
    pub name: Name,
    /// Its version.
    pub version: Version,
    /// The label under which the derivation has it.
    pub label: kiln_store::Label,
}

impl Value {
    /// Makes a text.
    #[must_use]
    pub fn text(text: &str) -> Value {
        Value::Text(Text::plain(text))
    }

    /// Returns whether an element is on in a set, or is the value of an enum, by its position among
    /// the values of the type; nothing for values of other kinds.
    #[must_use]
    pub fn has_element(&self, bit: u32) -> Option<bool> {
        match self {
            Value::Set(_, bits) => Some(bits.has(bit)),
            Value::Enum(_, at) => Some(*at == bit),
            _ => None,
        }
    }

    /// Returns how values of one kind compare, where they have an order.
    #[must_use]
    pub fn order(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Int(a), Value::Int(b))
            | (Value::Size(a), Value::Size(b))
            | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            (Value::Version(a), Value::Version(b)) => Some(a.cmp(b)),
            (Value::Enum(of, a), Value::Enum(_, b)) if of.ordered => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Returns the value as it is written in a recipe or a spec.
    #[must_use]
    pub fn source(&self) -> String {
        match self {
            Value::Text(text) => kiln_lang::syntax::quote(&text.to_string()),
            other => other.to_string(),
        }
    }

    /// Returns how many bytes the value takes, about; of one that takes more than `bytes_max`, some
    /// number above that. Parts that are shared count as often as they can be seen.
    #[must_use]
    pub fn weight(&self, bytes_max: usize) -> usize {
        fn sum<'v>(bytes_max: usize, values: impl Iterator<Item = (usize, &'v Value)>) -> usize {
            let mut bytes = ENTRY_BYTES;
            for (key, value) in values {
                if bytes > bytes_max {
                    break;
                }
                bytes += key + value.weight(bytes_max - bytes);
            }
            bytes
        }
        match self {
            Value::Text(text) | Value::Script(text) => ENTRY_BYTES + text.len(),
            Value::List(items) => sum(bytes_max, items.iter().map(|it| (0, it))),
            Value::Map(map) => sum(bytes_max, map.iter().map(|it| (it.0.len(), it.1))),
            Value::Record(_, fields) => sum(bytes_max, fields.iter().map(|it| (0, it))),
            _ => ENTRY_BYTES,
        }
    }
}

/// What a value takes beside its text, about, in bytes.
pub(crate) const ENTRY_BYTES: usize = 16;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => f.write_str(if *value { "on" } else { "off" }),
            Value::Int(number) => write!(f, "{number}"),
            Value::Size(bytes) => f.write_str(&show_size(*bytes)),
            Value::Duration(nanoseconds) => f.write_str(&show_duration(*nanoseconds)),
            Value::Text(text) | Value::Script(text) => write!(f, "{text}"),
            Value::Version(version) => write!(f, "{version}"),
            Value::Series(version) => write!(f, "{version}.*"),
            Value::Enum(of, at) => f.write_str(&of.values[*at as usize]),
            Value::Set(of, bits) => {
                let names: Vec<&str> =
                    bits.iter().map(|it| of.values[it as usize].as_str()).collect();
                write!(f, "{{{}}}", names.join(", "))
            }
            Value::List(items) => {
                let texts: Vec<String> = items.iter().map(Value::source).collect();
                write!(f, "[{}]", texts.join(", "))
            }
            Value::Map(map) => {
                let texts: Vec<String> = map
                    .iter()
                    .map(|it| format!("{}: {}", kiln_lang::syntax::quote(it.0), it.1.source()))
                    .collect();
                write!(f, "{{{}}}", texts.join(", "))
            }
            Value::Record(of, fields) => {
                let texts: Vec<String> = of
                    .fields
                    .iter()
                    .zip(&**fields)
                    .map(|(field, value)| format!("{} = {}", field.name, value.source()))
                    .collect();
                write!(f, "{}({})", of.name, texts.join(", "))
            }
            Value::Source(source) => match &**source {
                Source::Fetch { urls, .. } => {
                    f.write_str(urls.first().map_or("a download", String::as_str))
                }
                Source::Folder(folder) => f.write_str(&folder.path),
            },
            Value::File(file) => f.write_str(&file.path),
            Value::Dep(dep) => write!(f, "{} {}", dep.name, dep.version),
        }
    }
}

/// A set of the places of an enum's values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bits {
    /// Without zeros at the end, so that equal sets are equal.
    words: Box<[u64]>,
}

impl Bits {
    /// Makes an empty set.
    #[must_use]
    pub fn new() -> Self {
        Bits::default()
    }

    /// Makes the set of all numbers below `count`.
    #[must_use]
    pub fn all(count: usize) -> Self {
        (0..count as u32).collect()
    }

    /// Whether `bit` is in the set.
    #[must_use]
    pub fn has(&self, bit: u32) -> bool {
        self.words.get(bit as usize / 64).is_some_and(|it| it >> (bit % 64) & 1 == 1)
    }

    /// Puts `bit` into the set, or takes it out.
    pub fn set(&mut self, bit: u32, on: bool) {
        let word = bit as usize / 64;
        if on {
            if self.words.len() <= word {
                let mut words = std::mem::take(&mut self.words).into_vec();
                words.resize(word + 1, 0);
                self.words = words.into();
            }
            self.words[word] |= 1 << (bit % 64);
        } else if let Some(word) = self.words.get_mut(word) {
            *word &= !(1 << (bit % 64));
            self.trim();
        }
    }

    /// Returns what is in either.
    #[must_use]
    pub fn union(&self, other: &Bits) -> Bits {
        let len = self.words.len().max(other.words.len());
        let word = |bits: &Bits, at: usize| bits.words.get(at).copied().unwrap_or(0);
        Bits { words: (0..len).map(|at| word(self, at) | word(other, at)).collect() }
    }

    /// Returns what is in both.
    #[must_use]
    pub fn intersection(&self, other: &Bits) -> Bits {
        let mut bits =
            Bits { words: self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect() };
        bits.trim();
        bits
    }

    /// Returns what is in this and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Bits) -> Bits {
        let mut bits = self.clone();
        for (word, other) in bits.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
        bits.trim();
        bits
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns how many are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|it| it.count_ones() as usize).sum()
    }

    /// Returns what is in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at as u32 * 64 + bit)
        })
    }

    fn trim(&mut self) {
        if self.words.last() == Some(&0) {
            let len = self.words.iter().rposition(|it| *it != 0).map_or(0, |it| it + 1);
            self.words = self.words[..len].into();
        }
    }
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(items: I) -> Self {
        let mut bits = Bits::new();
        for item in items {
            bits.set(item, true);
        }
        bits
    }
}

/// A single value where a set is expected is a set of one; an empty literal is what is expected.
pub(crate) fn conform(value: Value, ty: &Ty) -> Value {
    match (value, ty.without_opt()) {
        (Value::Enum(of, at), Ty::Set(_)) => Value::Set(of, [at].into_iter().collect()),
        (Value::Map(map), Ty::Set(of)) if map.is_empty() => Value::Set(of.clone(), Bits::new()),
        (Value::List(items), Ty::Set(of)) if items.is_empty() => {
            Value::Set(of.clone(), Bits::new())
        }
        (Value::Map(map), Ty::List(_)) if map.is_empty() => Value::List(Arc::from([])),
        (Value::List(items), Ty::Map(_)) if items.is_empty() => Value::Map(Arc::default()),
        (value, _) => value,
    }
}

/// The value of a type that can be empty, where none is given yet, such as under a key that a map has
/// not.
pub(crate) fn empty(ty: &Ty) -> Option<Value> {
    match ty {
        Ty::List(_) => Some(Value::List(Arc::from([]))),
        Ty::Map(_) => Some(Value::Map(Arc::default())),
        Ty::Set(of) => Some(Value::Set(of.clone(), Bits::new())),
        Ty::Script => Some(Value::Script(Text::plain(""))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn bits_are_a_set(a in prop::collection::btree_set(0_u32..200, 0..40), b in prop::collection::btree_set(0_u32..200, 0..40)) {
            let (x, y): (Bits, Bits) = (a.iter().copied().collect(), b.iter().copied().collect());
            let back = |bits: Bits| bits.iter().collect::<BTreeSet<u32>>();
            prop_assert_eq!(back(x.union(&y)), a.union(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(back(x.intersection(&y)), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(back(x.difference(&y)), a.difference(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(x.len(), a.len());
            // Equal sets are equal values, whatever was in them once.
            let mut z = x.clone();
            z.set(199, true);
            z.set(199, a.contains(&199));
            prop_assert_eq!(z, x);
        }
    }
}
