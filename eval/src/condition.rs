//! Conditions as data: what the solver decides on.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::types::{EnumTy, Object};
use kiln_lang::{Comparison, Version, VersionBound, VersionReq};

use crate::value::Value;

/// A condition on what is chosen for a package.
///
/// Copies share what they are made of: what stands in one block stands under one condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Cond {
    /// Always holds.
    True,
    /// Never holds.
    False,
    /// Holds if the inner one does not.
    Not(Arc<Cond>),
    /// Holds if all do.
    All(Arc<Vec<Cond>>),
    /// Holds if one does.
    Any(Arc<Vec<Cond>>),
    /// Asks one thing.
    Is(Arc<Atom>),
}

/// What a condition asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Atom {
    /// An option compares with a value. Its place in the package's table is there if the condition is
    /// of the package itself.
    Option(Name, Comparison, Value, Option<u32>),
    /// A set has a value of this enum, by its place there; and the place of the option, as above.
    Has(Name, EnumTy, u32, Option<u32>),
    /// The package's version compares with a bound.
    Version(Comparison, VersionBound),
    /// `platform.cpu` and the like compare with a value.
    Global(Object, Name, Comparison, Value),
    /// A set such as `facts.isa` has a value of this enum, by its place there.
    GlobalHas(Object, Name, EnumTy, u32),
    /// Two of them compare with each other: `platform.cpu != machine.cpu`.
    Globals((Object, Name), Comparison, (Object, Name)),
    /// Another package is in the same unit.
    With(Box<WithAtom>),
}

/// `with hdf5[mpi] >= 1.10`, `with openmpi as mpi`
#[derive(Debug, Clone, PartialEq)]
pub struct WithAtom {
    /// The package, or the interface that one provides.
    pub package: Name,
    /// The interface that it provides.
    pub interface: Option<Name>,
    /// What its options are.
    pub items: Vec<WithItem>,
    /// What its version is.
    pub req: VersionReq,
}

/// What an option of another package is.
#[derive(Debug, Clone, PartialEq)]
pub enum WithItem {
    /// A feature, or a value of a set, is on or off.
    Switch(Name, bool),
    /// A knob has this value.
    Equals(Name, Value),
    /// A set has this value of its enum, or has it not.
    Has(Name, EnumTy, u32, bool),
}

/// What a condition can ask for.
pub trait Facts {
    /// The value of an option; `None` if it is not known yet. `at` is its place in the package's table,
    /// if that is known.
    fn option(&mut self, name: &Name, at: Option<u32>) -> Option<Cow<'_, Value>>;
    /// The version of the package; `None` if it is not known yet.
    fn version(&mut self) -> Option<Version>;
    /// A member of `platform`, `machine`, `toolchain` or `facts`; `None` if it is not known.
    fn global(&mut self, object: Object, name: &Name) -> Option<Value>;
    /// Whether another package is there; `None` if it is not known yet.
    fn with(&mut self, with: &WithAtom) -> Option<bool>;
}

impl Cond {
    /// Makes a condition that asks one thing.
    #[must_use]
    pub fn is(atom: Atom) -> Cond {
        Cond::Is(Arc::new(atom))
    }

    /// Returns whether all of `conds` hold, in the simplest form.
    #[must_use]
    pub fn all(conds: impl IntoIterator<Item = Cond>) -> Cond {
        let mut all = Cond::True;
        for cond in conds {
            if matches!(cond, Cond::False) {
                return cond;
            }
            all = all.and(cond);
        }
        all
    }

    /// Returns whether both hold, in the simplest form.
    #[must_use]
    pub fn and(self, other: Cond) -> Cond {
        match (self, other) {
            // Most of what is written stands under no condition.
            (Cond::True, one) | (one, Cond::True) => one,
            (Cond::False, _) | (_, Cond::False) => Cond::False,
            (one, other) => Cond::All(join([one, other], |it| match it {
                Cond::All(parts) => Ok(parts),
                one => Err(one),
            })),
        }
    }

    /// Returns whether one of `conds` holds, in the simplest form.
    #[must_use]
    pub fn any(conds: impl IntoIterator<Item = Cond>) -> Cond {
        let mut any = Cond::False;
        for cond in conds {
            if matches!(cond, Cond::True) {
                return cond;
            }
            any = any.or(cond);
        }
        any
    }

    /// Returns whether one of both holds, in the simplest form.
    #[must_use]
    pub fn or(self, other: Cond) -> Cond {
        match (self, other) {
            (Cond::False, one) | (one, Cond::False) => one,
            (Cond::True, _) | (_, Cond::True) => Cond::True,
            (one, other) => Cond::Any(join([one, other], |it| match it {
                Cond::Any(parts) => Ok(parts),
                one => Err(one),
            })),
        }
    }

    /// Returns the opposite.
    #[must_use]
    pub fn negate(self) -> Cond {
        match self {
            Cond::True => Cond::False,
            Cond::False => Cond::True,
            Cond::Not(inner) => Arc::unwrap_or_clone(inner),
            other => Cond::Not(Arc::new(other)),
        }
    }

    /// Returns whether the condition holds, or `None` if that depends on what is not known yet.
    pub fn holds(&self, facts: &mut dyn Facts) -> Option<bool> {
        match self {
            Cond::True => Some(true),
            Cond::False => Some(false),
            Cond::Not(inner) => inner.holds(facts).map(|it| !it),
            Cond::All(parts) => {
                let mut known = true;
                for part in parts.iter() {
                    match part.holds(facts) {
                        Some(false) => return Some(false),
                        Some(true) => {}
                        None => known = false,
                    }
                }
                known.then_some(true)
            }
            Cond::Any(parts) => {
                let mut known = true;
                for part in parts.iter() {
                    match part.holds(facts) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => known = false,
                    }
                }
                known.then_some(false)
            }
            Cond::Is(atom) => atom.holds(facts),
        }
    }

    /// Whether the condition asks for other packages.
    #[must_use]
    pub fn reads_others(&self) -> bool {
        match self {
            Cond::True | Cond::False => false,
            Cond::Not(inner) => inner.reads_others(),
            Cond::All(parts) | Cond::Any(parts) => parts.iter().any(Cond::reads_others),
            Cond::Is(atom) => matches!(**atom, Atom::With(_)),
        }
    }

    /// Calls `visit` for every atom.
    pub fn atoms(&self, visit: &mut impl FnMut(&Atom)) {
        match self {
            Cond::True | Cond::False => {}
            Cond::Not(inner) => inner.atoms(visit),
            Cond::All(parts) | Cond::Any(parts) => parts.iter().for_each(|it| it.atoms(visit)),
            Cond::Is(atom) => visit(atom),
        }
    }
}

/// The parts of two conditions, one after the other. `parts` takes apart what was joined in the same
/// way.
fn join(
    [one, other]: [Cond; 2],
    parts: impl Fn(Cond) -> Result<Arc<Vec<Cond>>, Cond>,
) -> Arc<Vec<Cond>> {
    let mut joined = parts(one).unwrap_or_else(|one| {
        let mut two = Vec::with_capacity(2);
        two.push(one);
        Arc::new(two)
    });
    let all = Arc::make_mut(&mut joined);
    match parts(other) {
        Ok(more) => all.extend(Arc::unwrap_or_clone(more)),
        Err(one) => all.push(one),
    }
    joined
}

impl Atom {
    /// The members of `platform`, `machine`, `toolchain` and `facts` that it asks for.
    pub(crate) fn globals(&self) -> impl Iterator<Item = (Object, &Name)> {
        let (first, second) = match self {
            Atom::Global(object, name, ..) | Atom::GlobalHas(object, name, ..) => {
                (Some((*object, name)), None)
            }
            Atom::Globals((a, x), _, (b, y)) => (Some((*a, x)), Some((*b, y))),
            Atom::Option(..) | Atom::Has(..) | Atom::Version(..) | Atom::With(_) => (None, None),
        };
        first.into_iter().chain(second)
    }

    fn holds(&self, facts: &mut dyn Facts) -> Option<bool> {
        match self {
            Atom::Option(name, comparison, value, at) => {
                facts.option(name, *at).map(|it| compare(&it, *comparison, value))
            }
            Atom::Has(name, _, bit, at) => match &*facts.option(name, *at)? {
                Value::Set(_, bits) => Some(bits.has(*bit)),
                _ => Some(false),
            },
            Atom::Version(comparison, bound) => {
                facts.version().map(|it| bound.holds(&it, *comparison))
            }
            Atom::Global(object, name, comparison, value) => {
                facts.global(*object, name).map(|it| compare(&it, *comparison, value))
            }
            Atom::GlobalHas(object, name, _, bit) => match facts.global(*object, name)? {
                Value::Set(_, bits) => Some(bits.has(*bit)),
                _ => Some(false),
            },
            Atom::Globals((a, x), comparison, (b, y)) => {
                let (left, right) = (facts.global(*a, x)?, facts.global(*b, y)?);
                Some(compare(&left, *comparison, &right))
            }
            Atom::With(with) => facts.with(with),
        }
    }
}

/// Whether two values compare as asked.
pub(crate) fn compare(left: &Value, comparison: Comparison, right: &Value) -> bool {
    match (left, right, comparison) {
        (Value::Version(version), Value::Series(series), _) => {
            VersionBound::Series(series.clone()).holds(version, comparison)
        }
        (_, _, Comparison::Equal) => left == right,
        (_, _, Comparison::NotEqual) => left != right,
        _ => left.order(right).is_some_and(|it| comparison.holds(it)),
    }
}

impl fmt::Display for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |parts: &[Cond], sign: &str| {
            let texts: Vec<String> = parts
                .iter()
                .map(|it| match it {
                    Cond::All(_) | Cond::Any(_) => format!("({it})"),
                    _ => it.to_string(),
                })
                .collect();
            texts.join(sign)
        };
        match self {
            Cond::True => f.write_str("always"),
            Cond::False => f.write_str("never"),
            Cond::Not(inner) => match &**inner {
                Cond::Is(atom) => match &**atom {
                    Atom::Option(name, Comparison::Equal, Value::Bool(true), _) => {
                        write!(f, "!{name}")
                    }
                    atom => write!(f, "!({atom})"),
                },
                inner => write!(f, "!({inner})"),
            },
            Cond::All(parts) => f.write_str(&join(parts, " & ")),
            Cond::Any(parts) => f.write_str(&join(parts, " | ")),
            Cond::Is(atom) => write!(f, "{atom}"),
        }
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Option(name, Comparison::Equal, Value::Bool(true), _) => write!(f, "{name}"),
            Atom::Option(name, Comparison::Equal, Value::Bool(false), _) => write!(f, "!{name}"),
            Atom::Option(name, comparison, value, _) => {
                write!(f, "{name} {} {}", comparison.text(), value.source())
            }
            Atom::Has(name, of, bit, _) => write!(f, "{name} has {}", word(of, *bit)),
            Atom::Version(comparison, bound) => write!(f, "version {} {bound}", comparison.text()),
            Atom::Global(object, name, comparison, value) => {
                write!(f, "{}.{name} {} {}", object.text(), comparison.text(), value.source())
            }
            Atom::GlobalHas(object, name, of, bit) => {
                write!(f, "{}.{name} has {}", object.text(), word(of, *bit))
            }
            Atom::Globals((a, x), comparison, (b, y)) => {
                write!(f, "{}.{x} {} {}.{y}", a.text(), comparison.text(), b.text())
            }
            Atom::With(with) => write!(f, "{with}"),
        }
    }
}

impl fmt::Display for WithAtom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "with {}", self.package)?;
        let items: Vec<String> = self.items.iter().map(ToString::to_string).collect();
        if !items.is_empty() {
            write!(f, "[{}]", items.join(", "))?;
        }
        if let Some(interface) = &self.interface {
            write!(f, " as {interface}")?;
        }
        if self.req.is_any() { Ok(()) } else { write!(f, " {}", self.req) }
    }
}

impl fmt::Display for WithItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WithItem::Switch(name, true) => write!(f, "{name}"),
            WithItem::Switch(name, false) => write!(f, "~{name}"),
            WithItem::Equals(name, value) => write!(f, "{name} = {}", value.source()),
            WithItem::Has(name, of, bit, on) => {
                write!(f, "{name} {} {}", if *on { "+=" } else { "-=" }, word(of, *bit))
            }
        }
    }
}

/// A value of an enum, as it is written.
fn word(of: &EnumTy, at: u32) -> String {
    Value::Enum(of.clone(), at).source()
}
