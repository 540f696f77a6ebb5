//! Wishes for one package that say opposite things. They are one layer, in which order means
//! nothing, so none of them can win.

use kiln_lang::Diagnostic;
use kiln_lang::module::SettingOp;

use super::{Reading, Wish};
use crate::package::{AskDecl, ItemDecl, Reqs, ValueDecl};
use crate::value::Value;

impl Reading<'_> {
    /// Reports what two wishes for one instance of a package ask that cannot both be.
    pub(super) fn contradicting_wishes(&mut self) {
        let mut found = Vec::new();
        for (at, wish) in self.setup.wishes.iter().enumerate() {
            let earlier = &self.setup.wishes[..at];
            for other in earlier.iter().filter(|it| is_same_instance(it, wish)) {
                let pairs = wish.items.iter().flat_map(|b| other.items.iter().map(move |a| (a, b)));
                for (a, b) in pairs.filter(|it| contradict(it.0, it.1)) {
                    found.push(self.contradicting(wish, a, b));
                }
            }
            let is_other = |it: &&Wish| {
                wish.alias.is_some()
                    && it.alias == wish.alias
                    && it.label == wish.label
                    && it.package != wish.package
            };
            found.extend(earlier.iter().find(is_other).map(|it| one_name(it, wish)));
        }
        // Those of one file were told when it was checked.
        found.retain(|new: &Diagnostic| {
            let is_told = |it: &Diagnostic| it.code == new.code && it.message == new.message;
            !self.diagnostics.iter().any(is_told)
        });
        self.diagnostics.extend(found);
    }

    fn contradicting(&self, wish: &Wish, a: &ItemDecl, b: &ItemDecl) -> Diagnostic {
        let alias = wish.alias.as_deref();
        let can_be_named = wish.label == "project";
        let named = can_be_named.then(|| wish.place.in_file());
        let (first, second) = (a.place.in_file(), b.place.in_file());
        Diagnostic::opposite_wishes(self.db, &wish.package, alias, named, first, second)
    }
}

/// Says that two packages are wanted by one name.
fn one_name(first: &Wish, second: &Wish) -> Diagnostic {
    let alias = second.alias.as_deref().unwrap_or_default();
    let packages = [&*first.package, &*second.package];
    let (first, second) = (first.place.in_file(), second.place.in_file());
    Diagnostic::wishes_of_one_name(packages, alias, first, second)
}

/// What the wishes of a project ask of the instance that a spec names, but for what the spec says
/// otherwise. [solve.8]
pub(super) fn below<'w>(project: &'w [Wish], spec: &'w Wish) -> impl Iterator<Item = Wish> + 'w {
    let same = project.iter().filter(|it| it.package == spec.package && it.alias == spec.alias);
    same.map(|it| {
        let mut below = Wish { output: spec.output.clone(), is_below: true, ..it.clone() };
        below.items.retain(|asked| !spec.items.iter().any(|it| overrules(it, asked)));
        if !matches!(&spec.reqs, Reqs::Known(req) if req.is_any()) {
            below.reqs = spec.reqs.clone();
        }
        below
    })
}

/// Whether nothing of what one item asks of an option is left by another, of a layer above.
fn overrules(item: &ItemDecl, below: &ItemDecl) -> bool {
    let is_whole = matches!(item.ask, AskDecl::Switch(_) | AskDecl::Value(SettingOp::Set, _));
    let is_same = item.of == below.of && item.option == below.option;
    is_same && is_whole || contradict(below, item)
}

fn is_same_instance(a: &Wish, b: &Wish) -> bool {
    a.package == b.package && a.alias == b.alias && a.label == b.label
}

/// Whether two items cannot both be.
fn contradict(a: &ItemDecl, b: &ItemDecl) -> bool {
    if a.of != b.of || a.option != b.option {
        return false;
    }
    let is = |ask: &AskDecl| match ask {
        AskDecl::Switch(on) => Some(Value::Bool(*on)),
        AskDecl::Value(SettingOp::Set, ValueDecl::Known(value)) => Some(value.clone()),
        AskDecl::Has(_) | AskDecl::Value(..) => None,
    };
    if let (Some(a), Some(b)) = (is(&a.ask), is(&b.ask)) {
        return a != b;
    }
    // What the one adds, the other takes away, or leaves out of all that it names.
    adds_what_is_taken(&a.ask, &b.ask) || adds_what_is_taken(&b.ask, &a.ask)
}

fn adds_what_is_taken(adds: &AskDecl, takes: &AskDecl) -> bool {
    let added: Vec<u32> = match adds {
        AskDecl::Has(at) => vec![*at],
        AskDecl::Value(SettingOp::Add, ValueDecl::Known(value)) => elements(value),
        AskDecl::Switch(_) | AskDecl::Value(..) => return false,
    };
    match takes {
        AskDecl::Value(SettingOp::Remove, ValueDecl::Known(value)) => {
            elements(value).iter().any(|it| added.contains(it))
        }
        AskDecl::Value(SettingOp::Set, ValueDecl::Known(value)) => {
            // A value alone is a set of one: nothing can be added to another knob.
            let all = elements(value);
            added.iter().any(|it| !all.contains(it))
        }
        AskDecl::Switch(_) | AskDecl::Has(_) | AskDecl::Value(..) => false,
    }
}

/// The values of a set, or a value as a set of one.
fn elements(value: &Value) -> Vec<u32> {
    match value {
        Value::Set(_, bits) => bits.iter().collect(),
        Value::Enum(_, at) => vec![*at],
        _ => Vec::new(),
    }
}
