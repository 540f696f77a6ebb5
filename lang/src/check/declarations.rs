//! Declarations by themselves: names that are taken, attributes, predicates of types, and arms that
//! must name every value.

use std::collections::BTreeMap;

use super::{Checker, Scope};
use crate::diagnostic::Code;
use crate::module::{
    Attr, Body, GuardKind, Ident, OptionDecl, OptionKind, Part, PartKind, TypeNameKind, TypeRef,
};
use crate::nearest::{did_you_mean, list, nearest};
use crate::schema::ATTRIBUTES;
use crate::types::Ty;

/// How many values without an arm are named.
const MISSING_SHOWN_MAX: usize = 5;

impl<'a> Checker<'a> {
    /// Checks what the file declares beside options.
    pub(super) fn declarations(&mut self) {
        let module = self.module();
        self.attributes(&module.attrs);
        self.distinct("function", module.functions.values().iter().map(|it| &it.ident));
        let types = module.type_names.iter();
        self.distinct("type", types.clone().map(|it| &it.ident));
        for name in types {
            if crate::env::TYPE_NAMES.contains(&name.ident.name.as_str()) {
                let message = format!("`{}` is a type of the language", name.ident.name);
                let diagnostic = self
                    .at_ident(Code::DuplicateDeclaration, &name.ident, message)
                    .help("give this type another name");
                self.report(diagnostic);
            }
            if matches!(name.kind, TypeNameKind::Alias(_)) {
                self.alias_of_itself(&name.ident, &name.kind);
            }
        }
        for function in module.functions.values() {
            self.distinct("parameter", function.params.iter().map(|it| &it.ident));
        }
        for record in module.records.values() {
            self.distinct("field", record.fields.iter().map(|it| &it.ident));
        }
        for decl in module.enums.values() {
            self.attributes(&decl.attrs);
            for value in &decl.values {
                self.attributes(&value.attrs);
            }
            for group in &decl.groups {
                self.attributes(&group.attrs);
            }
        }
        for body in module.bodies.values().iter().filter(|it| !it.parts.is_empty()) {
            for kind in [
                PartKind::Mixin,
                PartKind::Preset,
                PartKind::Compile,
                PartKind::Output,
                PartKind::Test,
            ] {
                let parts = || body.parts.iter().filter(move |it| it.kind == kind);
                self.distinct(word(kind), parts().map(|it| &it.ident));
                for Part { attrs, .. } in parts() {
                    self.attributes(attrs);
                }
            }
        }
        self.predicates();
    }

    /// Reports names that are declared a second time.
    fn distinct(&mut self, what: &str, idents: impl Iterator<Item = &'a Ident>) {
        let mut seen: BTreeMap<&str, &Ident> = BTreeMap::new();
        for ident in idents {
            let Some(first) = seen.get(ident.name.as_str()) else {
                seen.insert(&ident.name, ident);
                continue;
            };
            if ident.name.is_empty() {
                continue;
            }
            let message = format!("there are two {what}s `{}`", ident.name);
            let diagnostic = self
                .at_ident(Code::DuplicateDeclaration, ident, message)
                .second_of(self.file, self.span(first.span))
                .help("give one of them another name");
            self.report(diagnostic);
        }
    }

    /// `type A = A`, and longer ways round.
    fn alias_of_itself(&mut self, name: &Ident, kind: &TypeNameKind) {
        let module = self.module();
        let mut next = kind;
        // A way that is longer than there are names goes round.
        for _ in 0..=module.type_names.len() {
            let TypeNameKind::Alias(id) = next else { return };
            let mut ty = &module.types[*id];
            while let TypeRef::Opt(of) = ty {
                ty = &module.types[*of];
            }
            let TypeRef::Named { path, .. } = ty else { return };
            let [path] = &**path else { return };
            match module.type_names.iter().find(|it| it.ident.name == path.name) {
                Some(found) => next = &found.kind,
                None => return,
            }
        }
        let message = format!("type `{}` is defined by itself", name.name);
        let diagnostic = self
            .at_ident(Code::BadDeclaration, name, message)
            .help("a type stands for another one, such as `Int(1..=8)` or an enum");
        self.report(diagnostic);
    }

    /// Reports attributes that Kiln does not know. Those of options are checked with the schema.
    fn attributes(&mut self, attrs: &'a [Attr]) {
        for attr in attrs {
            let name = attr.ident.name.as_str();
            if name.is_empty() || ATTRIBUTES.contains(&name) {
                continue;
            }
            let near = nearest(name, ATTRIBUTES.iter().copied());
            let message = format!("there is no attribute `@{name}`{}", did_you_mean(&near));
            let mut diagnostic = self.at_ident(Code::UnknownKeyword, &attr.ident, message);
            diagnostic = match near[..] {
                [near, ..] => diagnostic.fix(format!("write `{near}`"), near),
                [] => diagnostic.help(format!("there are {}", list(ATTRIBUTES, "and"))),
            };
            self.report(diagnostic);
        }
    }

    /// `Int(1..=8 where it % 2 == 0 else "must be even")`: the condition is about `it` alone.
    fn predicates(&mut self) {
        for (id, ty) in self.module().types.iter() {
            let TypeRef::Named { where_: Some((cond, _)), .. } = ty else { continue };
            let of = match &self.env.types[id.index()] {
                Ty::Int(_) => Ty::INT,
                Ty::Size(_) => Ty::Size(Default::default()),
                Ty::Duration(_) => Ty::Duration(Default::default()),
                other => other.clone(),
            };
            let scope = Scope::empty().with(&"it".into(), of);
            self.expect(*cond, &Ty::Bool, &scope);
        }
    }

    /// `@all` on a knob: every value has an arm.
    pub(super) fn all_arms(&mut self, decl: &'a OptionDecl, body: &'a Body, ty: &Ty) {
        let Some(attr) = decl.attrs.iter().find(|it| it.ident.name == "all") else { return };
        let (Ty::Enum(of) | Ty::Set(of)) = ty.without_opt() else {
            if decl.kind == OptionKind::Knob && *ty != Ty::Error {
                let message = format!(
                    "`@all` asks for an arm for each value of an enum, and this is {}",
                    ty.a()
                );
                self.report(self.at_ident(Code::BadDeclaration, &attr.ident, message));
            }
            return;
        };
        let module = self.module();
        let mut named = vec![false; of.values.len()];
        let guards = body
            .stmts
            .iter()
            .map(|it| it.guard)
            .chain(body.steps.iter().map(|it| it.guard))
            .chain(body.options.iter().map(|it| it.guard));
        for guard in guards {
            for guard in module.guards_of(guard) {
                match &guard.kind {
                    GuardKind::Arm { knob, patterns } if knob.name == decl.ident.name => {
                        for pattern in patterns {
                            match &self.res[pattern.index()] {
                                super::Res::Value(_, at) => named[*at as usize] = true,
                                super::Res::Group(of, at) => {
                                    of.groups[*at as usize]
                                        .1
                                        .iter()
                                        .for_each(|it| named[*it as usize] = true);
                                }
                                _ => {}
                            }
                        }
                    }
                    GuardKind::ElseArm { knob, .. } if knob.name == decl.ident.name => return,
                    _ => {}
                }
            }
        }
        let missing: Vec<&str> =
            (0..named.len()).filter(|it| !named[*it]).map(|it| of.values[it].as_str()).collect();
        if !missing.is_empty() {
            let message = format!("`{}` has no arm for {}", decl.ident.name, some(&missing));
            let diagnostic = self
                .at_ident(Code::MissingArm, &decl.ident, message)
                .label(self.file, self.span(attr.ident.span), "this demands one for each value")
                .help("an arm that brings nothing is written `value => { }`; `else => { }` is for all that are not named");
            self.report(diagnostic);
        }
    }
}

/// Names with `and`, the first few of them.
pub(super) fn some(names: &[&str]) -> String {
    match names.len() {
        0..=MISSING_SHOWN_MAX => list(names, "and"),
        count => {
            let shown: Vec<String> =
                names[..MISSING_SHOWN_MAX - 1].iter().map(|it| format!("`{it}`")).collect();
            format!("{} and {} more", shown.join(", "), count - shown.len())
        }
    }
}

fn word(kind: PartKind) -> &'static str {
    match kind {
        PartKind::Mixin => "mixin",
        PartKind::Preset => "preset",
        PartKind::Compile => "`compile` block",
        PartKind::Output => "output",
        PartKind::Test => "test",
    }
}
