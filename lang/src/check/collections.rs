//! Sets, lists and maps, and what stands in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Checker, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{Element, Expr, ExprId, ForElement};
use crate::nearest::{did_you_mean, list, nearest};
use crate::types::{EnumTy, Ty};

impl<'a> Checker<'a> {
    pub(super) fn set_literal(
        &mut self,
        expr: ExprId,
        elements: &'a [Element],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        if elements.is_empty() {
            return self.set(expr, Res::None, Ty::Empty);
        }
        let is_map = elements.iter().any(is_entry);
        if is_map {
            self.distinct_keys(elements);
        }
        match expected.map(Ty::without_opt) {
            Some(map @ Ty::Map(of)) if is_map => {
                self.elements(elements, &Want::Entries(of), scope);
                return self.set(expr, Res::None, map.clone());
            }
            Some(set @ Ty::Set(of)) if !is_map => {
                self.elements(elements, &Want::Values(of), scope);
                return self.set(expr, Res::None, set.clone());
            }
            Some(Ty::List(of)) if !is_map => {
                let of = (**of).clone();
                let message = format!("expected {}, found a set", Ty::list(of.clone()).a());
                let source = self.db.text(self.file)[self.range(expr)].to_owned();
                let mut diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, message)
                    .help("a list, which has an order, stands in square brackets");
                if let Some(list) = in_brackets(&source, '{', '}', "[", "]") {
                    diagnostic = diagnostic.fix(format!("write `{list}`"), list);
                }
                self.report(diagnostic);
                self.elements(elements, &Want::Items(&of), scope);
                return self.set(expr, Res::Error, Ty::Error);
            }
            Some(Ty::Enum(of)) if !is_map => {
                let of = of.clone();
                self.elements(elements, &Want::Values(&of), scope);
                return self.set(expr, Res::None, Ty::Set(of));
            }
            _ => {}
        }
        // Nothing says what the literal is of: its first value does.
        let before = self.diagnostics.len();
        let (first, rest) = (&elements[0], &elements[1..]);
        let of = self.first_element(first, scope);
        if is_map {
            self.elements(rest, &Want::Entries(&of), scope);
            return self.set(expr, Res::None, Ty::Map(Arc::new(of)));
        }
        match of {
            Ty::Enum(of) | Ty::Set(of) => {
                self.elements(rest, &Want::Values(&of), scope);
                self.set(expr, Res::None, Ty::Set(of))
            }
            Ty::Error => {
                self.elements(rest, &Want::Anything, scope);
                // Bare words mean something only where their enum is expected.
                let words = self.diagnostics[before..]
                    .iter()
                    .all(|it| matches!(it.code, Code::UnknownName | Code::AmbiguousName));
                if words && expected.is_none_or(|it| *it != Ty::Error) {
                    self.diagnostics.truncate(before);
                    let diagnostic = self
                        .at_expr(
                            Code::AmbiguousName,
                            expr,
                            "nothing here says of which enum this is a set",
                        )
                        .help(
                            "give what it is assigned to a type, as in `let x: Set<Driver> = {…}`",
                        );
                    self.report(diagnostic);
                }
                self.set(expr, Res::Error, Ty::Error)
            }
            other => {
                self.elements(rest, &Want::Anything, scope);
                let message = format!("a set has values of an enum, not {}", other.plural());
                let source = self.db.text(self.file)[self.range(expr)].to_owned();
                let mut diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, message)
                    .help("a list, of whatever values, stands in square brackets");
                if let Some(list) = in_brackets(&source, '{', '}', "[", "]") {
                    diagnostic = diagnostic.fix(format!("write `{list}`"), list);
                }
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    pub(super) fn list_literal(
        &mut self,
        expr: ExprId,
        elements: &'a [Element],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        match expected.map(Ty::without_opt) {
            Some(list @ Ty::List(of)) => {
                self.elements(elements, &Want::Items(of), scope);
                return self.set(expr, Res::None, list.clone());
            }
            Some(Ty::Set(of)) => {
                let of = of.clone();
                let source = self.db.text(self.file)[self.range(expr)].to_owned();
                let mut diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "expected a set, found a list")
                    .help("a set stands in braces");
                if let Some(set) = in_brackets(&source, '[', ']', "{", "}") {
                    diagnostic = diagnostic.fix(format!("write `{set}`"), set);
                }
                self.report(diagnostic);
                self.elements(elements, &Want::Values(&of), scope);
                return self.set(expr, Res::Error, Ty::Error);
            }
            Some(
                one @ (Ty::Enum(_)
                | Ty::Bool
                | Ty::Int(_)
                | Ty::Version
                | Ty::Size(_)
                | Ty::Duration(_)),
            ) => {
                let message = "expected one value, found a list";
                let diagnostic = self.at_expr(Code::TypeMismatch, expr, message);
                self.report(self.with_only(diagnostic, elements));
                self.elements(elements, &Want::Items(one), scope);
                return self.set(expr, Res::Error, Ty::Error);
            }
            _ => {}
        }
        if elements.is_empty() {
            return self.set(expr, Res::None, Ty::Empty);
        }
        let of = self.first_element(&elements[0], scope);
        let of = match of {
            Ty::List(of) if is_spread(&elements[0]) => Arc::unwrap_or_clone(of),
            Ty::Set(of) if is_spread(&elements[0]) => Ty::Enum(of),
            other => other,
        };
        self.elements(&elements[1..], &Want::Items(&of), scope);
        self.set(expr, Res::None, Ty::list(of))
    }

    /// Checks the first element of a literal of which nothing is expected; returns its type. It is
    /// checked once: literals in literals would else be checked once more for each level.
    fn first_element(&mut self, element: &'a Element, scope: &Scope) -> Ty {
        match element {
            Element::Expr(expr) | Element::Spread(expr) => self.infer(*expr, scope),
            Element::Entry(key, value) => {
                self.expect(*key, &Ty::STRING, scope);
                self.infer(*value, scope)
            }
            Element::When(cond, element) => {
                self.expect(*cond, &Ty::Bool, scope);
                self.first_element(element, scope)
            }
            Element::For(it) => {
                let ForElement { name, list, when, element } = &**it;
                let ty = self.infer(*list, scope);
                let inner = self.element_type(*list, &ty);
                self.local_like_a_word(name, "name of a loop", scope);
                let scope = scope.with(&name.name, inner);
                if let Some(when) = when {
                    self.expect(*when, &Ty::Bool, &scope);
                }
                self.first_element(element, &scope)
            }
        }
    }

    /// The type of what a loop goes through; reports what cannot be gone through.
    pub(super) fn element_type(&mut self, list: ExprId, ty: &Ty) -> Ty {
        match ty {
            Ty::List(of) => (**of).clone(),
            Ty::Set(of) => Ty::Enum(of.clone()),
            Ty::Error | Ty::Empty => Ty::Error,
            other => {
                let message = format!("a loop goes through a list or a set, not {}", other.a());
                self.report(self.at_expr(Code::TypeMismatch, list, message));
                Ty::Error
            }
        }
    }

    fn elements(&mut self, elements: &'a [Element], want: &Want<'_>, scope: &Scope) {
        for element in elements {
            self.element(element, want, scope);
        }
    }

    /// Reports keys of a map that are written twice; what stands under a condition or in a loop, or comes
    /// from another map, may replace what is there.
    fn distinct_keys(&mut self, elements: &'a [Element]) {
        let mut seen: BTreeMap<Box<str>, ExprId> = BTreeMap::new();
        for element in elements {
            let Element::Entry(key, _) = element else { continue };
            let Some(text) = crate::schema::plain_text(self.expr_ref(*key)) else { continue };
            let Some(first) = seen.get(&text) else {
                seen.insert(text, *key);
                continue;
            };
            let diagnostic = self
                .at_expr(Code::DuplicateDeclaration, *key, format!("there are two keys \"{text}\""))
                .second_of(self.file, self.range(*first))
                .help("a map has one value for each key: remove one of them");
            self.report(diagnostic);
        }
    }

    fn element(&mut self, element: &'a Element, want: &Want<'_>, scope: &Scope) {
        match element {
            Element::Expr(expr) => match want {
                Want::Values(of) => {
                    self.expect(*expr, &Ty::Enum((*of).clone()), scope);
                }
                Want::Items(of) => {
                    self.expect(*expr, of, scope);
                }
                Want::Entries(_) => {
                    self.infer_quietly(*expr, scope);
                    let diagnostic = self
                        .at_expr(Code::TypeMismatch, *expr, "expected a key and a value")
                        .help("an entry of a map is `key: value`");
                    self.report(diagnostic);
                }
                Want::Anything => {
                    self.infer(*expr, scope);
                }
            },
            Element::Spread(expr) => match want {
                Want::Values(of) => self.spread(*expr, of, scope),
                Want::Items(of) => {
                    let before = self.diagnostics.len();
                    let list = Ty::list((*of).clone());
                    // A set can be spread into a list of its values.
                    let found = self.ty(*expr, Some(&list), scope);
                    if let (Ty::Set(found), Ty::Enum(of)) = (&found, *of)
                        && found == of
                    {
                        self.diagnostics.truncate(before);
                    } else if !found.fits(&list) {
                        self.mismatch(*expr, &found, &list);
                    }
                }
                Want::Entries(of) => {
                    let map = Ty::Map(Arc::new((*of).clone()));
                    self.expect(*expr, &map, scope);
                }
                Want::Anything => {
                    self.infer(*expr, scope);
                }
            },
            Element::Entry(key, value) => match want {
                Want::Entries(of) => {
                    self.expect(*key, &Ty::STRING, scope);
                    self.expect(*value, of, scope);
                }
                Want::Values(_) | Want::Items(_) | Want::Anything => {
                    self.infer_quietly(*key, scope);
                    self.infer_quietly(*value, scope);
                    let diagnostic = self.at_expr(
                        Code::TypeMismatch,
                        *key,
                        "an entry with a key cannot stand here",
                    );
                    self.report(diagnostic);
                }
            },
            Element::When(cond, element) => {
                self.expect(*cond, &Ty::Bool, scope);
                self.element(element, want, scope);
            }
            Element::For(it) => {
                let ForElement { name, list, when, element } = &**it;
                let ty = self.infer(*list, scope);
                let inner = self.element_type(*list, &ty);
                self.local_like_a_word(name, "name of a loop", scope);
                let scope = scope.with(&name.name, inner);
                if let Some(when) = when {
                    self.expect(*when, &Ty::Bool, &scope);
                }
                self.element(element, want, &scope);
            }
        }
    }

    /// `..nvidia`: the values of a group, or of a set.
    fn spread(&mut self, expr: ExprId, of: &EnumTy, scope: &Scope) {
        if let Expr::Name(name) = self.expr_ref(expr)
            && !scope.locals.iter().any(|it| it.0 == *name)
        {
            if let Some(at) = of.groups.iter().position(|it| it.0 == *name) {
                self.set(expr, Res::Group(of.clone(), at as u32), Ty::Set(of.clone()));
                return;
            }
            let readable = scope.table.as_ref().is_some_and(|it| it.get(name).is_some())
                || matches!(name.as_str(), "all" | "prev" | "default");
            if !readable {
                let near = nearest(name, of.groups.iter().map(|it| it.0.as_str()));
                let message = format!("there is no group called `{name}`{}", did_you_mean(&near));
                let mut diagnostic = self.at_expr(Code::UnknownValue, expr, message);
                if of.position(name).is_some() {
                    diagnostic.message = format!("`{name}` is a value, not a group of values");
                    diagnostic = diagnostic.help("a value stands without dots");
                    let (file, range) = (self.file, self.range(expr));
                    let text = self.db.text(self.file);
                    let before = &text[..usize::from(range.start())];
                    if before.ends_with("..") {
                        let dots = text_size::TextRange::new(
                            range.start() - text_size::TextSize::new(2),
                            range.start(),
                        );
                        diagnostic = diagnostic.fix_at("remove the dots", file, dots, "");
                    }
                    self.report(diagnostic);
                    self.set(expr, Res::Error, Ty::Error);
                    return;
                } else if near.is_empty() && !of.groups.is_empty() {
                    let names: Vec<&str> = of.groups.iter().map(|it| it.0.as_str()).collect();
                    diagnostic = diagnostic.help(format!("there are {}", list(&names, "and")));
                }
                if let [near, ..] = near[..] {
                    diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                }
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error);
                return;
            }
        }
        self.expect(expr, &Ty::Set(of.clone()), scope);
    }
}

/// What is wanted of the elements of a literal.
enum Want<'t> {
    /// Values of an enum.
    Values(&'t EnumTy),
    /// Values of this type, in order.
    Items(&'t Ty),
    /// Entries of a map with values of this type.
    Entries(&'t Ty),
    /// Whatever they are.
    Anything,
}

/// The text of a literal with other brackets.
fn in_brackets(source: &str, open: char, close: char, with: &str, and: &str) -> Option<String> {
    let inner = source.strip_prefix(open)?.strip_suffix(close)?;
    Some(format!("{with}{inner}{and}"))
}

/// Whether an element, or what a loop or condition says of each, puts all of another in.
fn is_spread(element: &Element) -> bool {
    match element {
        Element::Spread(_) => true,
        Element::Expr(_) | Element::Entry(..) => false,
        Element::When(_, element) => is_spread(element),
        Element::For(it) => is_spread(&it.element),
    }
}

fn is_entry(element: &Element) -> bool {
    match element {
        Element::Entry(..) => true,
        Element::Expr(_) | Element::Spread(_) => false,
        Element::When(_, element) => is_entry(element),
        Element::For(it) => is_entry(&it.element),
    }
}
