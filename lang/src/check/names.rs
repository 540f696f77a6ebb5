//! What bare words mean.

use super::functions::object;
use super::{Checker, Fact, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{ExprId, Name};
use crate::nearest::{did_you_mean, list, nearest};
use crate::pattern::Pattern;
use crate::schema::{BodyRef, OptionSchema};
use crate::types::{EnumTy, Ty};
use crate::version::{Version, VersionBound};

impl<'a> Checker<'a> {
    pub(super) fn dot_name(&mut self, expr: ExprId, name: &Name, expected: Option<&Ty>) -> Ty {
        let Some(words) = expected.and_then(Ty::words).cloned() else {
            let message = format!("nothing here says of which enum `.{name}` is a value");
            let diagnostic = self
                .at_expr(Code::AmbiguousName, expr, message)
                .help("give what it is assigned to a type, as in `let x: Driver = .mlx5`");
            self.report(diagnostic);
            return self.set(expr, Res::Error, Ty::Error);
        };
        match words.position(name) {
            Some(at) => self.set_value(expr, &words, at),
            None => {
                self.unknown_value(expr, name, &words);
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    pub(super) fn name(
        &mut self,
        expr: ExprId,
        name: &'a Name,
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        if let Some((_, ty)) = scope.locals.iter().rev().find(|it| it.0 == *name) {
            let ty = ty.clone();
            return self.set(expr, Res::Local(name.clone()), ty);
        }
        if let Some(words) = expected.and_then(Ty::words)
            && let Some(at) = words.position(name)
        {
            let words = words.clone();
            return self.set_value(expr, &words, at);
        }
        if let Some(ty) = self.reserved_word(expr, name, expected, scope) {
            return ty;
        }
        if let Some(table) = &scope.table
            && let Some(option) = table.get(name)
        {
            self.edges.extend(self.value_of.map(|it| (it, name)));
            if option.kind == crate::module::OptionKind::Let {
                let (at, index) = (option.at, option.index);
                if at.file != self.file {
                    return self.let_of_another(expr, option);
                }
                let ty = self.let_type(at, index, scope);
                return self.set(expr, Res::Let(at, index), ty);
            }
            let ty = option.ty.clone();
            return self.set(expr, Res::Option, ty);
        }
        if let Some(ty) = self.module_let(expr, name) {
            return ty;
        }
        if let Some(ty) = self.fact(expr, name, scope) {
            return ty;
        }
        if let Some(object) = object(name) {
            return self.set(expr, Res::Object(object), Ty::Object(object));
        }
        if matches!(expected.map(Ty::without_opt), Some(Ty::Version))
            && Version::new(name).is_branch()
        {
            let bound = VersionBound::Exact(Version::new(name));
            return self.set(expr, Res::Version(bound), Ty::Version);
        }
        if let Some(words) = expected.and_then(Ty::words).cloned()
            && let Some(at) = self.former_value(expr, name, &words)
        {
            return self.set(expr, Res::Value(words.clone(), at), Ty::Enum(words));
        }
        self.unknown_name(expr, name, expected, scope);
        self.set(expr, Res::Error, Ty::Error)
    }

    fn reserved_word(
        &mut self,
        expr: ExprId,
        name: &Name,
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Option<Ty> {
        Some(match name.as_str() {
            "on" | "true" => self.set(expr, Res::Bool(true), Ty::Bool),
            "off" | "false" => self.set(expr, Res::Bool(false), Ty::Bool),
            "null" => self.set(expr, Res::Null, Ty::Null),
            "all" => match expected.map(Ty::without_opt) {
                Some(Ty::Set(of)) => {
                    let of = of.clone();
                    self.set(expr, Res::All(of.clone()), Ty::Set(of))
                }
                Some(Ty::Error) => self.set(expr, Res::Error, Ty::Error),
                _ => {
                    let diagnostic = self.at_expr(
                        Code::TypeMismatch,
                        expr,
                        "`all` stands for all values of a set, but no set is expected here",
                    );
                    self.report(diagnostic);
                    self.set(expr, Res::Error, Ty::Error)
                }
            },
            "prev" | "default" => {
                let res = if name == "prev" { Res::Prev } else { Res::Default };
                match scope.setting {
                    Some(ty) => {
                        let ty = ty.clone();
                        self.set(expr, res, ty)
                    }
                    None => {
                        let what = if name == "prev" {
                            "`prev` is the value under a setting"
                        } else {
                            "`default` is the value that a setting starts from"
                        };
                        let diagnostic = self
                            .at_expr(
                                Code::UnknownName,
                                expr,
                                format!("{what}, and this is no setting"),
                            )
                            .help("it can be used on the right of `=`, `+=` and `-=` of an option");
                        self.report(diagnostic);
                        self.set(expr, Res::Error, Ty::Error)
                    }
                }
            }
            _ => return None,
        })
    }

    fn fact(&mut self, expr: ExprId, name: &str, scope: &Scope) -> Option<Ty> {
        scope.table.as_ref()?;
        let (fact, ty) = match name {
            "version" => (Fact::Version, Ty::Version),
            "name" => (Fact::Name, Ty::STRING),
            "out" if scope.building => (Fact::Out, Ty::Path),
            "src" if scope.building => (Fact::Src, Ty::Path),
            _ => return None,
        };
        Some(self.set(expr, Res::Fact(fact), ty))
    }

    /// A let of a recipe, in a layer that sets something of it.
    fn let_of_another(&mut self, expr: ExprId, option: &OptionSchema) -> Ty {
        let message = format!("`{}` is a `let`, which only its recipe knows", option.name);
        let place = self.db.span(option.at.file, option.span);
        let diagnostic = self
            .at_expr(Code::UnknownName, expr, message)
            .label(option.at.file, place, "declared here")
            .help("write the value itself; a `field` in the recipe is known everywhere");
        self.report(diagnostic);
        self.set(expr, Res::Error, Ty::Error)
    }

    /// A let at the top of this module, seen from functions and mixins.
    fn module_let(&mut self, expr: ExprId, name: &'a Name) -> Option<Ty> {
        let root = self.module().root?;
        let options = &self.module().bodies[root].options;
        let index = options
            .iter()
            .position(|it| it.kind == crate::module::OptionKind::Let && it.ident.name == *name)?;
        self.edges.extend(self.value_of.map(|it| (it, name)));
        let at = BodyRef { file: self.file, body: root };
        let ty = self.let_type(at, index as u32, &Scope::empty());
        Some(self.set(expr, Res::Let(at, index as u32), ty))
    }

    /// The type of a let: as written, or that of its value.
    pub(super) fn let_type(&mut self, at: BodyRef, index: u32, scope: &Scope) -> Ty {
        match self.lets.get(&(at, index)) {
            Some(Some(ty)) => return ty.clone(),
            // Asked for while it is found: the check for rings reports it.
            Some(None) => return Ty::Error,
            None => {}
        }
        let decl = &self.module().bodies[at.body].options[index as usize];
        if let Some(ty) = decl.ty {
            let ty = self.env.types[ty.index()].clone();
            self.lets.insert((at, index), Some(ty.clone()));
            return ty;
        }
        self.lets.insert((at, index), None);
        let own = Scope { locals: Vec::new(), setting: None, ..scope.clone() };
        let before = self.diagnostics.len();
        let ty = match decl.default {
            Some(value) => self.infer(value, &own),
            None => Ty::Error,
        };
        // The value is checked once more where it stands; it reports then.
        self.diagnostics.truncate(before);
        self.lets.insert((at, index), Some(ty.clone()));
        ty
    }

    fn unknown_name(&mut self, expr: ExprId, name: &Name, expected: Option<&Ty>, scope: &Scope) {
        // What the word should mean is a mistake that has been reported.
        if matches!(expected, Some(Ty::Error)) {
            return;
        }
        if let Some(words) = expected.and_then(Ty::words).cloned()
            && !matches!(expected.map(Ty::without_opt), Some(Ty::List(_)))
        {
            return self.unknown_value(expr, name, &words);
        }
        if matches!(name.as_str(), "PATH" | "HOME" | "TMPDIR" | "PWD" | "USER") {
            let message = format!("`{name}` is a variable of the shell, not of Kiln");
            let diagnostic = self
                .at_expr(Code::UnknownName, expr, message)
                .help(format!("in shell text write `${name}`, without `\\( )`; nothing of the user's own environment is there"));
            return self.report(diagnostic);
        }
        if matches!(expected.map(Ty::without_opt), Some(Ty::Bool))
            && let Some(word) = foreign_switch(name)
        {
            let message = format!("`{name}` means nothing here: it is called `{word}`");
            let diagnostic =
                self.at_expr(Code::UnknownName, expr, message).fix(format!("write `{word}`"), word);
            return self.report(diagnostic);
        }
        if scope.layer {
            return self.not_in_layer(expr, name);
        }
        let mut candidates: Vec<&str> = scope.locals.iter().map(|it| it.0.as_str()).collect();
        if let Some(table) = &scope.table {
            candidates.extend(table.options.iter().map(|it| it.name.as_str()));
            candidates.extend(["version", "name"]);
        }
        if scope.building {
            candidates.extend(["out", "src", "dep", "deps", "outputs"]);
        }
        candidates.extend(["platform", "toolchain", "machine", "facts"]);
        if matches!(expected, Some(Ty::Bool)) {
            candidates.extend(["on", "off"]);
        }
        let near = nearest(name, candidates.iter().copied());
        let message = format!("`{name}` means nothing here{}", did_you_mean(&near));
        let mut diagnostic = self.at_expr(Code::UnknownName, expr, message);
        for near in &near {
            diagnostic = diagnostic.fix(format!("write `{near}`"), *near);
        }
        let enums = self.enums_with(name, scope);
        if let [(_, of), ..] = &enums[..] {
            let names: Vec<&str> = enums.iter().map(|it| it.0.as_str()).collect();
            diagnostic = diagnostic.help(format!(
                "it is a value of {}; a bare value stands only where its enum is expected",
                list(&names, "and")
            ));
            if let (Some(of), Some(at)) = (&of.name, self.untyped_let(expr)) {
                diagnostic = diagnostic.fix_at(
                    format!("write the type: `: {of}`"),
                    self.file,
                    text_size::TextRange::empty(at),
                    format!(": {of}"),
                );
            }
        } else if near.is_empty()
            && !matches!(expected.map(Ty::without_opt), Some(Ty::String(_) | Ty::Path))
            && self.untyped_let(expr).is_none()
            && self.package(name).is_some()
        {
            diagnostic = diagnostic
                .help(format!("`{name}` is a package, whose options nobody else reads: `host {name}[…] >= …` says what is needed of it"))
                .help(format!("in a condition, `with {name}[…] >= …` asks how it is; in steps, `dep.{name}` says where"));
        } else if near.is_empty() {
            let quoted = format!("\"{name}\"");
            diagnostic = match expected.map(Ty::without_opt) {
                Some(Ty::String(Some(pattern))) => match Pattern::new(pattern) {
                    Ok(pattern) if pattern.matches(name) => {
                        diagnostic.fix(format!("write `{quoted}`"), quoted)
                    }
                    _ => diagnostic,
                },
                Some(Ty::String(None) | Ty::Path) => {
                    diagnostic.fix(format!("write `{quoted}`"), quoted)
                }
                None => {
                    let diagnostic = diagnostic.help("a bare word is an option, a `let`, a parameter or a value of an enum; texts stand in quotes");
                    match self.untyped_let(expr) {
                        Some(_) => diagnostic.fix(format!("write `{quoted}`"), quoted),
                        None => diagnostic,
                    }
                }
                Some(Ty::Bool) => {
                    diagnostic.help(format!("to make it a feature, add `feature {name} = off`"))
                }
                _ => diagnostic,
            };
        }
        self.report(diagnostic);
    }

    /// A name in a condition of a layer, where only what is known before solving can be read.
    fn not_in_layer(&mut self, expr: ExprId, name: &Name) {
        let near = nearest(name, ["platform", "toolchain", "machine", "facts"]);
        let mut diagnostic = self
            .at_expr(
                Code::NotACondition,
                expr,
                format!("a layer is applied before `{name}` is chosen"),
            )
            .help("conditions here may read `platform`, `toolchain`, `machine` and `facts`; a rule about options belongs into a recipe");
        if let [near, ..] = near[..] {
            diagnostic.code = Code::UnknownName;
            diagnostic.message = format!("`{name}` means nothing here{}", did_you_mean(&[near]));
            diagnostic = diagnostic.fix(format!("write `{near}`"), near);
        }
        self.report(diagnostic);
    }

    /// Where the type of a let goes whose whole value is `expr`.
    fn untyped_let(&self, expr: ExprId) -> Option<text_size::TextSize> {
        let bodies = self.module().bodies.values();
        let decl = bodies
            .iter()
            .flat_map(|it| &it.options)
            .find(|it| it.default == Some(expr) && it.ty.is_none())?;
        (decl.kind == crate::module::OptionKind::Let).then(|| self.span(decl.ident.span).end())
    }

    /// The options whose enum has this value.
    fn enums_with(&self, name: &str, scope: &Scope) -> Vec<(Name, EnumTy)> {
        let options = scope.table.iter().flat_map(|it| &it.options);
        options
            .filter_map(|it| {
                let words = it.ty.words().filter(|it| it.position(name).is_some())?;
                Some((it.name.clone(), words.clone()))
            })
            .collect()
    }
}

/// Whether a name means the same wherever an expression stands.
pub(crate) fn is_reserved_word(name: &str) -> bool {
    matches!(name, "on" | "true" | "off" | "false" | "null" | "all" | "prev" | "default")
}

/// What else a name means that is always there, in words behind "`name` already means something".
pub(super) fn meaning_in_words(name: &str) -> Option<String> {
    match object(name) {
        Some(_) => Some(format!(" else: `{name}.…` is read from it")),
        None => fact_in_words(name).map(|it| format!(": {it}")),
    }
}

/// What a package knows of itself under this name, in words.
pub(crate) fn fact_in_words(name: &str) -> Option<&'static str> {
    match name {
        "version" => Some("the version of the package"),
        "name" => Some("the name of the package"),
        "out" => Some("where the package's files go"),
        "src" => Some("where the source is unpacked"),
        _ => None,
    }
}

/// What a word of another language for yes or no is called here.
fn foreign_switch(word: &str) -> Option<&'static str> {
    match word {
        "True" | "TRUE" | "ON" | "On" | "yes" | "Yes" | "YES" | "enabled" | "y" => Some("on"),
        "False" | "FALSE" | "OFF" | "Off" | "no" | "No" | "NO" | "disabled" | "n" => Some("off"),
        _ => None,
    }
}
