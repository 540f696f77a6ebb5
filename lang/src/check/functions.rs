//! Calls and members: of the language's functions and methods, and of what files declare.

use std::sync::Arc;

use super::library::{Builtin, Method, Takes, members_of};
use super::{Checker, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{Arg, Expr, ExprId, FunctionId, Ident, Lambda, Name};
use crate::nearest::{did_you_mean, list, nearest};
use crate::types::{Object, Ty};
use crate::world::WorldError;

impl<'a> Checker<'a> {
    /// Checks the bodies of the functions of this file, that none calls itself, and the defaults of
    /// fields of records.
    pub(super) fn functions_of_file(&mut self) {
        let env = self.env.clone();
        for (id, function) in self.module().functions.iter() {
            let signature = &env.functions[id.index()];
            let mut scope = Scope::empty();
            for (param, (_, ty, _)) in function.params.iter().zip(&signature.params) {
                if let Some(default) = param.default {
                    self.expect(default, ty, &scope.clone());
                }
                self.local_like_a_word(&param.ident, "parameter", &scope);
                scope.locals.push((param.ident.name.clone(), ty.clone()));
            }
            self.expect(function.body, &signature.result, &scope);
        }
        for (id, record) in self.module().records.iter() {
            for (field, ty) in record.fields.iter().zip(&env.records[id.index()].fields) {
                if let Some(default) = field.default {
                    self.expect(default, &ty.ty, &Scope::empty());
                }
            }
        }
        self.recursion();
    }

    pub(super) fn call(
        &mut self,
        expr: ExprId,
        callee: ExprId,
        args: &'a [Arg],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        match self.expr_ref(callee) {
            Expr::Name(name) => self.call_name(expr, callee, name, args, (expected, scope)),
            Expr::Member(it) => {
                self.call_member(expr, callee, it.of, &it.name, args, expected, scope)
            }
            Expr::Missing => {
                self.args_anyway(args, scope);
                self.set(expr, Res::Error, Ty::Error)
            }
            _ => {
                let found = self.infer(callee, scope);
                self.args_anyway(args, scope);
                if found != Ty::Error {
                    let message = format!("{} cannot be called", found.a());
                    self.report(self.at_expr(Code::BadCall, callee, message));
                }
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    fn args_anyway(&mut self, args: &'a [Arg], scope: &Scope) {
        for arg in args {
            if !matches!(self.expr_ref(arg.value), Expr::Lambda(_)) {
                self.infer(arg.value, scope);
            }
        }
    }

    fn call_name(
        &mut self,
        expr: ExprId,
        callee: ExprId,
        name: &'a Name,
        args: &'a [Arg],
        (expected, scope): (Option<&Ty>, &Scope),
    ) -> Ty {
        if let Some(index) = self.env.function(name) {
            let id = FunctionId::from_index(index);
            self.set(callee, Res::Function(self.file, id), Ty::Error);
            let env = self.env.clone();
            return self.call_declared(expr, callee, &env, index, args, scope);
        }
        let record = self.module().type_names.iter().find(|it| it.ident.name == *name);
        if let Some(crate::module::TypeNameKind::Record(id)) = record.map(|it| &it.kind) {
            let ty = Ty::Record(self.env.records[id.index()].clone());
            return self.record(expr, callee, &ty, args, scope);
        }
        // In a layer, a record of the recipe is known by what is expected, as values of enums are.
        if let Some(ty @ Ty::Record(record)) = expected.map(Ty::without_opt)
            && record.name == *name
        {
            return self.record(expr, callee, ty, args, scope);
        }
        if name == "auto" {
            for arg in args {
                self.infer_quietly(arg.value, scope);
            }
            let message = "`auto(…)` is no value: it leaves the choice to the solver";
            let diagnostic = self.at_expr(Code::BadCall, callee, message).help(
                "it stands alone behind the `=` of a knob's declaration, or of `providers.NAME` in a layer; here one value is said",
            );
            self.report(diagnostic);
            return self.set(expr, Res::Error, Ty::Error);
        }
        match Builtin::from_name(name) {
            Some(builtin) => {
                self.set(callee, Res::Builtin(builtin), Ty::Error);
                let ty = self.call_builtin(callee, builtin, args, scope);
                self.set(expr, Res::None, ty)
            }
            None => {
                self.args_anyway(args, scope);
                let own = self.module().functions.values().iter().map(|it| it.ident.name.as_str());
                let records = self.module().records.values().iter().map(|it| &*it.ident.name);
                let expected = match expected.map(Ty::without_opt) {
                    Some(Ty::Record(record)) => Some(record.name.as_str()),
                    _ => None,
                };
                let own = own.chain(records).chain(expected);
                let near = nearest(name, own.chain(Builtin::ALL.iter().map(|it| it.0)));
                let message = format!("there is no function `{name}`{}", did_you_mean(&near));
                let mut diagnostic = self.at_expr(Code::UnknownName, callee, message);
                let is_value = scope.table.as_ref().is_some_and(|it| it.get(name).is_some())
                    || matches!(name.as_str(), "version" | "name");
                if let [near, ..] = near[..] {
                    diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                } else if is_value {
                    diagnostic =
                        diagnostic.help(format!("`{name}` is a value: it stands without brackets"));
                } else if Method::NAMES.contains(&name.as_str()) {
                    diagnostic =
                        diagnostic.help(format!("`{name}` is a method: write `value.{name}(…)`"));
                } else if name.contains("git") {
                    diagnostic = diagnostic.help(
                        "a commit is fetched as the archive that its host makes of it: `fetch(\"https://HOST/PROJECT/archive/COMMIT.tar.gz\", sha256 = \"…\")`",
                    );
                } else {
                    let names: Vec<&str> = Builtin::ALL.iter().map(|it| it.0).collect();
                    diagnostic = diagnostic.help(format!(
                        "there are {} and the functions of this file",
                        names.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
                    ));
                }
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    fn call_declared(
        &mut self,
        expr: ExprId,
        callee: ExprId,
        env: &crate::env::Env,
        index: usize,
        args: &'a [Arg],
        scope: &Scope,
    ) -> Ty {
        let signature = &env.functions[index];
        let decl = env.function_decl(index);
        let place = (env.file, env.lowered.map.span(decl.ident.span));
        let mut given = vec![false; signature.params.len()];
        for (position, arg) in args.iter().enumerate() {
            let at = match &arg.name {
                Some(name) => signature.params.iter().position(|it| it.0 == name.name),
                None => (position < signature.params.len()).then_some(position),
            };
            let Some(at) = at else {
                self.infer(arg.value, scope);
                let names: Vec<&str> = signature.params.iter().map(|it| it.0.as_str()).collect();
                let (range, message) = match &arg.name {
                    Some(name) => (
                        self.span(name.span),
                        format!(
                            "`{}` has no parameter `{}`{}",
                            decl.ident.name,
                            name.name,
                            did_you_mean(&nearest(&name.name, names.iter().copied()))
                        ),
                    ),
                    None => (
                        self.range(arg.value),
                        format!(
                            "`{}` takes {}, found {}",
                            decl.ident.name,
                            count(names.len()),
                            args.len()
                        ),
                    ),
                };
                let mut diagnostic =
                    crate::diagnostic::Diagnostic::new(Code::BadCall, self.file, range, message)
                        .label(place.0, place.1, "declared here");
                if let Some(name) = &arg.name
                    && let [near, ..] = nearest(&name.name, names.iter().copied())[..]
                {
                    diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                }
                self.report(diagnostic);
                continue;
            };
            if std::mem::replace(&mut given[at], true) {
                let message = format!("`{}` is given twice", signature.params[at].0);
                self.report(self.at_expr(Code::BadCall, arg.value, message));
            }
            self.expect(arg.value, &signature.params[at].1, scope);
        }
        let missing: Vec<&str> = signature
            .params
            .iter()
            .zip(&given)
            .filter(|(param, given)| !**given && !param.2)
            .map(|it| it.0.0.as_str())
            .collect();
        if !missing.is_empty() && args.len() <= signature.params.len() {
            let message = format!("`{}` needs {}", decl.ident.name, list(&missing, "and"));
            let diagnostic = self.at_expr(Code::BadCall, callee, message).label(
                place.0,
                place.1,
                "declared here",
            );
            self.report(diagnostic);
        }
        self.set(expr, Res::None, signature.result.clone())
    }

    /// `Knobs(max = 3)`: makes a record.
    fn record(
        &mut self,
        expr: ExprId,
        callee: ExprId,
        ty: &Ty,
        args: &'a [Arg],
        scope: &Scope,
    ) -> Ty {
        let Ty::Record(record) = ty else { return Ty::Error };
        self.set(callee, Res::Record(record.clone()), Ty::Error);
        let env =
            if record.file == self.file { self.env.clone() } else { self.db.env(record.file) };
        let record = env.records[record.id.index()].clone();
        let mut given: Vec<&str> = Vec::new();
        let mut positional = false;
        for (position, arg) in args.iter().enumerate() {
            let Some(name) = &arg.name else {
                positional = true;
                let mut diagnostic = self.at_expr(
                    Code::BadCall,
                    arg.value,
                    "the fields of a record are given by name",
                );
                match record.fields.get(position) {
                    Some(field) if args.iter().all(|it| it.name.is_none()) => {
                        self.infer_quietly(arg.value, scope);
                        let start = text_size::TextRange::empty(self.range(arg.value).start());
                        let name = &field.name;
                        diagnostic = diagnostic.fix_at(
                            format!("write `{name} = ` before it"),
                            self.file,
                            start,
                            format!("{name} = "),
                        );
                    }
                    _ => {
                        self.infer_quietly(arg.value, scope);
                        let names: Vec<&str> =
                            record.fields.iter().map(|it| it.name.as_str()).collect();
                        diagnostic = diagnostic.help(format!(
                            "`{}` has {}",
                            record.name,
                            list(&names, "and")
                        ));
                    }
                }
                self.report(diagnostic);
                continue;
            };
            match record.fields.iter().find(|it| it.name == name.name) {
                Some(field) => {
                    if given.contains(&name.name.as_str()) {
                        let message = format!("`{}` is given twice", name.name);
                        self.report(self.at_ident(Code::BadCall, name, message));
                    }
                    given.push(&name.name);
                    let ty = field.ty.clone();
                    self.expect(arg.value, &ty, scope);
                }
                None => {
                    self.infer(arg.value, scope);
                    let near = nearest(&name.name, record.fields.iter().map(|it| it.name.as_str()));
                    let message = format!(
                        "`{}` has no field `{}`{}",
                        record.name,
                        name.name,
                        did_you_mean(&near)
                    );
                    let mut diagnostic = self.at_ident(Code::UnknownMember, name, message);
                    if let [near, ..] = near[..] {
                        diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                    }
                    self.report(diagnostic);
                }
            }
        }
        let missing: Vec<&str> = record
            .fields
            .iter()
            .filter(|it| it.default.is_none() && !matches!(it.ty, Ty::Opt(_)))
            .map(|it| it.name.as_str())
            .filter(|it| !given.contains(it))
            .collect();
        if !missing.is_empty() && !positional {
            let message = format!("`{}` needs {}", record.name, list(&missing, "and"));
            let decl = &env.module().records[record.id];
            let diagnostic = self.at_expr(Code::BadCall, expr, message).label(
                record.file,
                self.db.span(record.file, decl.ident.span),
                "declared here",
            );
            self.report(diagnostic);
        }
        self.set(expr, Res::None, ty.clone())
    }

    fn call_builtin(
        &mut self,
        callee: ExprId,
        builtin: Builtin,
        args: &'a [Arg],
        scope: &Scope,
    ) -> Ty {
        let named: &[(&str, Ty)] = match builtin {
            Builtin::Fetch => &[
                ("sha256", Ty::Error),
                ("blake3", Ty::Error),
                ("unpack", Ty::Bool),
                ("root", Ty::STRING),
                ("executables", Ty::Error),
            ],
            Builtin::File | Builtin::Dir | Builtin::Min | Builtin::Max | Builtin::Fail => &[],
        };
        let mut plain = Vec::new();
        for arg in args {
            let Some(name) = &arg.name else {
                plain.push(arg.value);
                continue;
            };
            match named.iter().find(|it| it.0 == name.name) {
                Some((name, ty)) => {
                    let ty = match *name {
                        "sha256" | "blake3" => Ty::Opt(Arc::new(Ty::STRING)),
                        "executables" => Ty::list(Ty::STRING),
                        _ => ty.clone(),
                    };
                    self.expect(arg.value, &ty, scope);
                    self.hash_literal(name, arg.value);
                }
                None => {
                    self.infer(arg.value, scope);
                    let near = nearest(&name.name, named.iter().map(|it| it.0));
                    let message =
                        format!("there is no argument `{}` here{}", name.name, did_you_mean(&near));
                    let mut diagnostic = self
                        .at_ident(Code::BadCall, name, message)
                        .help(format!("it is `{}`", builtin.doc().0));
                    if *builtin.name() == *"fetch"
                        && matches!(name.name.as_str(), "url" | "urls" | "mirror" | "mirrors")
                    {
                        diagnostic = diagnostic.help("all places come first, without names: `fetch(\"https://…\", \"mirror://…\", sha256 = …)`");
                    }
                    if let [near, ..] = near[..] {
                        diagnostic = diagnostic.fix(format!("write `{near}`"), near);
                    }
                    self.report(diagnostic);
                }
            }
        }
        match builtin {
            Builtin::Fetch => {
                self.at_least_one(callee, &plain, "where to fetch from", builtin);
                for arg in plain {
                    self.expect(arg, &Ty::STRING, scope);
                    self.fetched_from(arg);
                }
                let hashed = args.iter().any(|it| {
                    it.name
                        .as_ref()
                        .is_some_and(|it| matches!(it.name.as_str(), "sha256" | "blake3"))
                });
                if !hashed {
                    let diagnostic = self
                        .at_expr(
                            Code::MissingValue,
                            callee,
                            "a download needs the hash of its bytes",
                        )
                        .help("add `sha256 = \"…\"`: without it nobody can know what was built")
                        .help(match &self.module().name {
                            Some(name) => format!(
                                "`kiln update-hash {}` downloads it, and writes its hash",
                                name.name
                            ),
                            None => "`kiln update-hash FILE` downloads it, and writes its hash"
                                .to_owned(),
                        });
                    self.report(diagnostic);
                }
                Ty::Source
            }
            Builtin::File | Builtin::Dir => {
                self.exactly_one(callee, &plain, builtin);
                for arg in &plain {
                    self.expect(*arg, &Ty::STRING, scope);
                    self.existing_file(*arg, builtin);
                }
                if builtin == Builtin::File { Ty::File } else { Ty::Source }
            }
            Builtin::Fail => {
                self.exactly_one(callee, &plain, builtin);
                for arg in plain {
                    self.expect(arg, &Ty::STRING, scope);
                }
                Ty::Error
            }
            Builtin::Min | Builtin::Max => {
                self.at_least_one(callee, &plain, "of what", builtin);
                let mut result = Ty::Error;
                for (index, arg) in plain.into_iter().enumerate() {
                    if index == 0 {
                        result = self.infer(arg, scope);
                        if !matches!(
                            result,
                            Ty::Int(_) | Ty::Size(_) | Ty::Duration(_) | Ty::Version | Ty::Error
                        ) {
                            let message = format!("{} has no order", result.a());
                            self.report(self.at_expr(Code::TypeMismatch, arg, message));
                            result = Ty::Error;
                        }
                    } else {
                        self.expect(arg, &result.clone(), scope);
                    }
                }
                match result {
                    Ty::Int(_) => Ty::INT,
                    other => other,
                }
            }
        }
    }

    fn at_least_one(&mut self, callee: ExprId, args: &[ExprId], what: &str, builtin: Builtin) {
        if args.is_empty() {
            let diagnostic = self
                .at_expr(Code::BadCall, callee, format!("`{}` does not say {what}", builtin.name()))
                .help(format!("it is `{}`", builtin.doc().0));
            self.report(diagnostic);
        }
    }

    fn exactly_one(&mut self, callee: ExprId, args: &[ExprId], builtin: Builtin) {
        if args.len() != 1 {
            let message = format!("`{}` takes one argument, found {}", builtin.name(), args.len());
            let diagnostic = self
                .at_expr(Code::BadCall, callee, message)
                .help(format!("it is `{}`", builtin.doc().0));
            self.report(diagnostic);
        }
    }

    /// A hash that is written down is checked for its form at once.
    fn hash_literal(&mut self, name: &str, expr: ExprId) {
        if !matches!(name, "sha256" | "blake3") {
            return;
        }
        let Some(text) = crate::schema::plain_text(self.expr_ref(expr)) else { return };
        let digits = text.chars().all(|it| matches!(it, '0'..='9' | 'a'..='f'));
        if text.len() == 64 && digits {
            return;
        }
        // As other tools write it: in capitals, or with the name before it.
        let bare = text.strip_prefix(&format!("{name}:")).unwrap_or(&text).to_lowercase();
        let is_hash = bare.len() == 64 && bare.chars().all(|it| it.is_ascii_hexdigit());
        let hexadecimal = text.chars().all(|it| it.is_ascii_hexdigit());
        let message = if hexadecimal && text.len() != 64 {
            format!("a {name} hash has 64 hexadecimal digits, found {}", text.chars().count())
        } else if is_hash {
            format!("a {name} hash is written with 0-9 and a-f only")
        } else {
            format!("a {name} hash has 64 hexadecimal digits, found something else")
        };
        let mut diagnostic = self.at_expr(Code::OutOfRange, expr, message);
        if is_hash {
            diagnostic = diagnostic.fix("write its digits", format!("\"{bare}\""));
        } else if text.starts_with("sha256-") {
            diagnostic = diagnostic.help(
                "this is in base 64; the command `sha256sum` prints it in hexadecimal digits",
            );
        } else if text.is_empty() {
            diagnostic = diagnostic.help("the command `sha256sum FILE` prints it");
        }
        self.report(diagnostic);
    }

    /// A file that is named by a plain text is looked for at once.
    /// Reports an address of a kind that nothing is fetched from.
    fn fetched_from(&mut self, expr: ExprId) {
        let text = &self.db.text(self.file)[self.range(expr)];
        let address = text.trim_start_matches('#').trim_start_matches('"');
        let Some((scheme, _)) = address.split_once("://") else { return };
        let is_name = scheme.chars().all(|it| it.is_ascii_alphanumeric());
        if !is_name || matches!(scheme, "https" | "http" | "file" | "mirror") {
            return;
        }
        let message = format!("`{scheme}:` cannot be fetched");
        let diagnostic = self
            .at_expr(Code::BadCall, expr, message)
            .help("`https:`, `http:`, `file:` and `mirror:` can");
        self.report(diagnostic);
    }

    fn existing_file(&mut self, expr: ExprId, builtin: Builtin) {
        let Some(text) = crate::schema::plain_text(self.expr_ref(expr)) else { return };
        if let Some(why) = outside(&text) {
            let diagnostic = self
                .at_expr(Code::UnreadableFile, expr, format!("`{text}` is outside of the folder of this file"))
                .here(why)
                .help("what a recipe reads lies beside it, or in a folder beside it, so that it can be moved and hashed as a whole");
            self.report(diagnostic);
            return;
        }
        let path = crate::env::resolve(&self.db.path(self.file), &text);
        let found = match builtin {
            Builtin::File => self.db.world().read(&path).map(|_| ()),
            _ => self.db.world().tree(&path).map(|_| ()),
        };
        if let Err(error) = found {
            let message = format!("cannot read `{text}`: {error}");
            let mut diagnostic = self.at_expr(Code::UnreadableFile, expr, message);
            // What is there is named rightly, whatever is wrong with it.
            if error == WorldError::NotFound {
                diagnostic = diagnostic
                    .help("the path is relative to the folder of the file that it is written in");
            }
            self.report(diagnostic);
        }
    }

    //------ methods

    #[allow(clippy::too_many_arguments, reason = "a call has these parts")]
    fn call_member(
        &mut self,
        expr: ExprId,
        callee: ExprId,
        of: ExprId,
        name: &'a Ident,
        args: &'a [Arg],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        // `module.function(…)`
        if let Expr::Name(module) = self.expr_ref(of)
            && let Some(file) = self.env.used(module)
            && !scope.locals.iter().any(|it| it.0 == *module)
        {
            let env = self.db.env(file);
            if let Some(index) = env.function(&name.name) {
                self.set(callee, Res::Function(file, FunctionId::from_index(index)), Ty::Error);
                return self.call_declared(expr, callee, &env, index, args, scope);
            }
            let types = &env.module().type_names;
            let record = types.iter().find(|it| it.ident.name == name.name).map(|it| &it.kind);
            if let Some(crate::module::TypeNameKind::Record(id)) = record {
                let ty = Ty::Record(env.records[id.index()].clone());
                return self.record(expr, callee, &ty, args, scope);
            }
            let functions = env.module().functions.values().iter().map(|it| &it.ident);
            let records = env.module().records.values().iter().map(|it| &it.ident);
            let near = nearest(&name.name, functions.chain(records).map(|it| it.name.as_str()));
            let message =
                format!("module `{module}` has no function `{}`{}", name.name, did_you_mean(&near));
            let mut diagnostic = self.at_ident(Code::UnknownName, name, message);
            if let [near, ..] = near[..] {
                diagnostic = diagnostic.fix(format!("write `{near}`"), near);
            }
            self.report(diagnostic);
            self.args_anyway(args, scope);
            return self.set(expr, Res::Error, Ty::Error);
        }
        let mut ty = self.infer(of, scope);
        // What is taken where a fact is not given.
        if name.name == "or"
            && matches!(self.res[of.index()], Res::GivenFact(_))
            && !matches!(ty, Ty::Opt(_) | Ty::Error)
        {
            ty = Ty::Opt(Arc::new(ty));
        }
        let receiver = if matches!(ty, Ty::Opt(_)) && name.name != "or" {
            ty.without_opt().clone()
        } else {
            ty.clone()
        };
        let found = Method::of(&receiver).iter().find(|it| it.0 == name.name);
        let Some((_, method)) = found else {
            self.args_anyway(args, scope);
            if ty != Ty::Error {
                self.unknown_method(name, &receiver);
            }
            return self.set(expr, Res::Error, Ty::Error);
        };
        if matches!(ty, Ty::Opt(_)) && *method != Method::Or {
            self.may_be_null(of, &ty);
        }
        self.set(callee, Res::Method(*method), Ty::Error);
        let result = self.call_method(callee, *method, &ty, args, expected, scope);
        self.set(expr, Res::None, result)
    }

    fn unknown_method(&mut self, name: &Ident, ty: &Ty) {
        let methods = Method::of(ty).iter().map(|it| it.0);
        let near = nearest(&name.name, methods.chain(members_of(ty).iter().map(|it| it.0)));
        let message = format!("{} has no method `{}`{}", ty.a(), name.name, did_you_mean(&near));
        let mut diagnostic = self.at_ident(Code::UnknownMember, name, message);
        if let [near, ..] = near[..] {
            diagnostic = diagnostic.fix(format!("write `{near}`"), near);
            if members_of(ty).iter().any(|it| it.0 == near) {
                diagnostic.fixes.clear();
                diagnostic = diagnostic.help(format!("`{near}` is a member: it has no `()`"));
            }
        } else {
            diagnostic = diagnostic.help(what_there_is(ty));
        }
        self.report(diagnostic);
    }

    pub(super) fn may_be_null(&mut self, expr: ExprId, ty: &Ty) {
        let diagnostic = self
            .at_expr(Code::TypeMismatch, expr, format!("this is {}", ty.a()))
            .help("say what to take then, with `.or(…)`");
        self.report(diagnostic);
    }

    fn call_method(
        &mut self,
        callee: ExprId,
        method: Method,
        of: &Ty,
        args: &'a [Arg],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        let element = match of {
            Ty::List(of) | Ty::Map(of) => (**of).clone(),
            Ty::Set(it) => Ty::Enum(it.clone()),
            _ => Ty::Error,
        };
        let wanted = match method.takes() {
            Takes::Nothing => 0,
            Takes::Types(types) => types.len(),
            Takes::Lambda | Takes::Same => 1,
        };
        if args.len() != wanted {
            let name = Method::of(of).iter().find(|it| it.1 == method).map_or("", |it| it.0);
            let message = format!("`{name}` takes {}, found {}", count(wanted), args.len());
            self.report(self.at_expr(Code::BadCall, callee, message));
            self.args_anyway(args, scope);
            return Ty::Error;
        }
        let mut lambda = Ty::Error;
        match method.takes() {
            Takes::Nothing => {}
            Takes::Types(types) => {
                for (arg, ty) in args.iter().zip(types) {
                    if method == Method::Matches
                        && matches!(self.expr_ref(arg.value), Expr::Regex(_))
                    {
                        self.types.put(arg.value.index(), &Ty::STRING);
                        continue;
                    }
                    self.expect(arg.value, ty, scope);
                }
            }
            Takes::Lambda => {
                let result = match method {
                    Method::Map => match expected {
                        Some(Ty::List(of)) => Some((**of).clone()),
                        _ => None,
                    },
                    _ => Some(Ty::Bool),
                };
                // What is called for the entries of a map is given the key as well.
                let params = match of {
                    Ty::Map(_) => vec![Ty::STRING, element.clone()],
                    _ => vec![element.clone()],
                };
                lambda = self.lambda(args[0].value, &params, result.as_ref(), scope);
            }
            Takes::Same => {
                let inner = of.without_opt().clone();
                self.expect(args[0].value, &inner, scope);
            }
        }
        match method {
            Method::Map => Ty::list(lambda),
            Method::Filter | Method::Reversed | Method::Unique => of.clone(),
            Method::Any
            | Method::All
            | Method::StartsWith
            | Method::EndsWith
            | Method::Contains
            | Method::Matches => Ty::Bool,
            Method::Join => {
                if !self.is_textual(&element) && element != Ty::Error {
                    let message = format!("{} cannot be joined to a text", of.a());
                    let diagnostic = self.at_expr(Code::TypeMismatch, callee, message).help(
                        "turn its elements into texts first, with `.map((it) -> \"\\(it)\")`",
                    );
                    self.report(diagnostic);
                }
                Ty::STRING
            }
            Method::Replace | Method::Trim | Method::Upper | Method::Lower => Ty::STRING,
            Method::Split | Method::Lines => Ty::list(Ty::STRING),
            Method::Get => Ty::Opt(Arc::new(element)),
            Method::Or => of.without_opt().clone(),
            Method::UpTo | Method::Pin | Method::Below => Ty::Version,
        }
    }

    /// Checks `(x) -> body` with the types of its parameters; returns the type of the body.
    fn lambda(&mut self, expr: ExprId, given: &[Ty], result: Option<&Ty>, scope: &Scope) -> Ty {
        let Expr::Lambda(lambda) = self.expr_ref(expr) else {
            if !matches!(self.expr_ref(expr), Expr::Missing) {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "expected a function")
                    .help(match given {
                        [_, _] => "write one as `(key, value) -> …`",
                        _ => "write one as `(it) -> …`",
                    });
                self.report(diagnostic);
            }
            return Ty::Error;
        };
        let Lambda { params, body } = &**lambda;
        if params.len() != given.len() {
            let called = match given {
                [_, _] => "a key and a value",
                _ => "one value",
            };
            let message =
                format!("this function is called with {called}, but has {}", count(params.len()));
            self.report(self.at_expr(Code::BadCall, expr, message));
            return Ty::Error;
        }
        let mut inner = scope.clone();
        for (param, ty) in params.iter().zip(given) {
            self.local_like_a_word(param, "parameter", scope);
            inner = inner.with(&param.name, ty.clone());
        }
        let ty = match result {
            Some(result) => self.expect(*body, result, &inner),
            None => self.infer(*body, &inner),
        };
        self.set(expr, Res::None, Ty::Function(Arc::new(ty.clone())));
        ty
    }

    //------ members

    pub(super) fn member(
        &mut self,
        expr: ExprId,
        of: ExprId,
        name: &'a Ident,
        scope: &Scope,
    ) -> Ty {
        if let Expr::Name(word) = self.expr_ref(of)
            && let Some(ty) = self.object_member(expr, of, word, name, scope)
        {
            return ty;
        }
        if let Some(ty) = self.fact_of_module(expr, of, name, scope) {
            return ty;
        }
        let ty = self.infer(of, scope);
        let receiver = ty.without_opt().clone();
        if let Ty::Record(record) = &receiver {
            let env =
                if record.file == self.file { self.env.clone() } else { self.db.env(record.file) };
            let record = &env.records[record.id.index()];
            if let Some(field) = record.fields.iter().find(|it| it.name == name.name) {
                if matches!(ty, Ty::Opt(_)) {
                    self.may_be_null(of, &ty);
                }
                return self.set(expr, Res::Member, field.ty.clone());
            }
            let near = nearest(&name.name, record.fields.iter().map(|it| it.name.as_str()));
            let message =
                format!("`{}` has no field `{}`{}", record.name, name.name, did_you_mean(&near));
            let mut diagnostic = self.at_ident(Code::UnknownMember, name, message);
            if let [near, ..] = near[..] {
                diagnostic = diagnostic.fix(format!("write `{near}`"), near);
            }
            self.report(diagnostic);
            return self.set(expr, Res::Error, Ty::Error);
        }
        if let Some((_, member)) = members_of(&receiver).iter().find(|it| it.0 == name.name) {
            if matches!(ty, Ty::Opt(_)) {
                self.may_be_null(of, &ty);
            }
            return self.set(expr, Res::Member, member.clone());
        }
        if ty != Ty::Error {
            let members = members_of(&receiver).iter().map(|it| it.0);
            let methods = Method::of(&receiver).iter().map(|it| it.0);
            let near = nearest(&name.name, members.chain(methods));
            let called = Method::of(&receiver).iter().any(|it| it.0 == name.name);
            let message =
                format!("{} has no member `{}`{}", receiver.a(), name.name, did_you_mean(&near));
            let mut diagnostic = self.at_ident(Code::UnknownMember, name, message);
            if called {
                diagnostic.message = format!("`{}` is a method and is not called", name.name);
                diagnostic = diagnostic.help(format!("write `.{}(…)`", name.name));
            } else if let [near, ..] = near[..] {
                let is_method = Method::of(&receiver).iter().any(|it| it.0 == near);
                diagnostic = if is_method {
                    diagnostic.help(format!("`{near}` is a method: write `.{near}(…)`"))
                } else {
                    diagnostic.fix(format!("write `{near}`"), near)
                };
            } else {
                diagnostic = diagnostic.help(what_there_is(&receiver));
            }
            self.report(diagnostic);
        }
        self.set(expr, Res::Error, Ty::Error)
    }

    /// `platform.cpu`, `dep.openssl`: members of the language's objects.
    fn object_member(
        &mut self,
        expr: ExprId,
        of: ExprId,
        word: &Name,
        name: &'a Ident,
        scope: &Scope,
    ) -> Option<Ty> {
        if is_shadowed(word, scope) {
            return None;
        }
        let object = object(word)?;
        let ty = match object {
            Object::Platform | Object::Machine | Object::Toolchain | Object::Facts => {
                let table = crate::globals::global_table(self.db, object);
                match table.get(&name.name) {
                    Some(option) => option.ty.clone(),
                    None if object == Object::Facts => {
                        let owner = Name::from_static_str("facts");
                        self.unknown_fact(Code::UnknownMember, name, &owner, &table);
                        self.set(of, Res::Object(object), Ty::Object(object));
                        return Some(self.set(expr, Res::Error, Ty::Error));
                    }
                    None => {
                        let near = nearest(&name.name, table.names());
                        let message =
                            format!("`{word}` has no `{}`{}", name.name, did_you_mean(&near));
                        let names: Vec<&str> = table.names().collect();
                        let mut diagnostic = self.at_ident(Code::UnknownMember, name, message);
                        diagnostic = match near[..] {
                            [near, ..] => diagnostic.fix(format!("write `{near}`"), near),
                            [] => diagnostic.help(format!("it has {}", list(&names, "and"))),
                        };
                        self.report(diagnostic);
                        self.set(of, Res::Object(object), Ty::Object(object));
                        return Some(self.set(expr, Res::Error, Ty::Error));
                    }
                }
            }
            Object::Dep if scope.building => {
                self.dep_name(name);
                Ty::Dep
            }
            Object::Deps if scope.building => {
                let roles = ["build", "host", "link", "run", "test"];
                if !roles.contains(&name.name.as_str()) {
                    let near = nearest(&name.name, roles);
                    let message = format!("`deps` has no `{}`{}", name.name, did_you_mean(&near));
                    let mut diagnostic = self.at_ident(Code::UnknownMember, name, message);
                    diagnostic = match near[..] {
                        [near, ..] => diagnostic.fix(format!("write `{near}`"), near),
                        [] => diagnostic.help(format!("it has {}", list(&roles, "and"))),
                    };
                    self.report(diagnostic);
                }
                Ty::list(Ty::Dep)
            }
            Object::Outputs if scope.building => {
                // An output takes its files when the steps are through.
                if name.name != "out" {
                    let message = format!("`outputs` has no `{}`", name.name);
                    let diagnostic = self.at_ident(Code::UnknownMember, name, message).help(
                        "steps install everything below `out`, and outputs take their `files` from there",
                    );
                    self.report(diagnostic.fix("write `out`", "out"));
                }
                Ty::Path
            }
            Object::Sources if scope.building => Ty::Path,
            Object::Dep | Object::Deps | Object::Outputs | Object::Sources | Object::Steps => {
                return None;
            }
        };
        self.set(of, Res::Object(object), Ty::Object(object));
        let res = match object {
            Object::Facts => Res::GivenFact(name.name.clone()),
            _ => Res::ObjectMember(object),
        };
        Some(self.set(expr, res, ty))
    }
}

/// Whether an option or a local name hides the object that a word means elsewhere.
pub(super) fn is_shadowed(word: &Name, scope: &Scope) -> bool {
    scope.locals.iter().any(|it| it.0 == *word)
        || scope.table.as_ref().is_some_and(|it| it.get(word).is_some())
}

/// The object that a word means where nothing hides it.
pub(crate) fn object(word: &str) -> Option<Object> {
    Some(match word {
        "platform" => Object::Platform,
        "machine" => Object::Machine,
        "toolchain" => Object::Toolchain,
        "facts" => Object::Facts,
        "dep" => Object::Dep,
        "deps" => Object::Deps,
        "outputs" => Object::Outputs,
        "sources" => Object::Sources,
        _ => return None,
    })
}

/// The members and methods of a type, in a sentence.
fn what_there_is(ty: &Ty) -> String {
    let members: Vec<&str> = members_of(ty).iter().map(|it| it.0).collect();
    let methods: Vec<String> = Method::of(ty).iter().map(|it| format!("{}()", it.0)).collect();
    let all: Vec<&str> = members.into_iter().chain(methods.iter().map(String::as_str)).collect();
    if all.is_empty() {
        return "it has no members and no methods".to_owned();
    }
    format!("it has {}", list(&all, "and"))
}

/// Why a path leads out of the folder that it is relative to, if it does.
fn outside(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        return Some("this path begins at the root");
    }
    let mut depth = 0_i32;
    for part in path.split('/') {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        if depth < 0 {
            return Some("this path leads out by `..`");
        }
    }
    None
}

fn count(number: usize) -> String {
    match number {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        number => format!("{number} arguments"),
    }
}
