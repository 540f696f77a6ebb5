//! The types of expressions.

use super::functions::object;
use super::{Checker, Fact, Res, Scope};
use crate::diagnostic::Code;
use crate::module::{BinaryOp, Element, Expr, ExprId, MatchArm, Name, StrPart};
use crate::nearest::{did_you_mean, list, nearest};
use crate::schema::BodyRef;
use crate::types::{EnumTy, Ty};
use crate::version::{Version, VersionBound};

impl<'a> Checker<'a> {
    /// Checks an expression of which nothing is expected.
    pub(super) fn infer(&mut self, expr: ExprId, scope: &Scope) -> Ty {
        self.ty(expr, None, scope)
    }

    /// Checks an expression of which `expected` is expected; reports it if it is something else.
    pub(super) fn expect(&mut self, expr: ExprId, expected: &Ty, scope: &Scope) -> Ty {
        let found = self.ty(expr, Some(expected), scope);
        if found.fits(expected) {
            if found == Ty::Empty || matches!(found, Ty::Int(_) | Ty::Size(_) | Ty::Duration(_)) {
                self.types[expr.index()] = expected.clone();
            }
            self.refine(expr, expected);
            return found;
        }
        self.mismatch(expr, &found, expected);
        self.types[expr.index()] = Ty::Error;
        Ty::Error
    }

    /// Checks a constant against ranges and patterns.
    fn refine(&mut self, expr: ExprId, expected: &Ty) {
        match (self.expr_ref(expr), expected.without_opt()) {
            (Expr::Int(number), Ty::Int(_)) => self.in_range(expr, *number, expected),
            (Expr::Quantity { number, unit }, Ty::Size(_) | Ty::Duration(_)) => {
                let (number, _) = Self::quantity(*number, *unit);
                self.in_range(expr, number, expected);
            }
            (Expr::Binary { .. } | Expr::Neg(_), Ty::Int(_) | Ty::Size(_) | Ty::Duration(_)) => {
                if let Some(number) = self.constant_number(expr) {
                    self.in_range(expr, number, expected);
                }
            }
            (Expr::Str { .. }, Ty::String(Some(pattern))) => {
                if let Some(text) = crate::schema::plain_text(self.expr_ref(expr)) {
                    let pattern = pattern.clone();
                    self.in_pattern(expr, &text, &pattern);
                }
            }
            _ => {}
        }
    }

    fn mismatch(&mut self, expr: ExprId, found: &Ty, expected: &Ty) {
        let source = self.db.text(self.file)[self.range(expr)].to_owned();
        let mut diagnostic = self
            .at_expr(Code::TypeMismatch, expr, format!("expected {expected}, found {found}"))
            .here(format!("this is a {found}"));
        match (found, expected.without_opt()) {
            (Ty::Opt(of), wanted) if of.fits(wanted) => {
                diagnostic.message = format!("this may be `null`, but a {expected} is needed");
                diagnostic = diagnostic.help("say what to take then, with `.or(…)`");
            }
            (Ty::Int(_), Ty::Size(_)) => {
                diagnostic = diagnostic
                    .help("a size has a unit: B, KiB, MiB, GiB or TiB")
                    .fix(format!("write `{source} B`"), format!("{source} B"));
            }
            (Ty::Int(_), Ty::Duration(_)) => {
                diagnostic = diagnostic
                    .help("a duration has a unit: ns, us, ms, s, min, h or d")
                    .fix(format!("write `{source} s`"), format!("{source} s"));
            }
            (Ty::Int(_) | Ty::Version | Ty::Bool, Ty::String(_) | Ty::Path) => {
                let quoted = match self.expr_ref(expr) {
                    Expr::Int(_) | Expr::Version(_) => crate::syntax::quote(&source),
                    _ => format!("\"\\({source})\""),
                };
                diagnostic = diagnostic.fix(format!("write `{quoted}`"), quoted);
            }
            (Ty::String(_), Ty::Int(_)) => {
                let number = crate::schema::plain_text(self.expr_ref(expr))
                    .filter(|it| it.parse::<i64>().is_ok());
                if let Some(number) = number {
                    diagnostic = diagnostic
                        .help("numbers stand without quotes")
                        .fix(format!("write `{number}`"), number);
                }
            }
            (Ty::String(_), Ty::Bool) => {
                let word = crate::schema::plain_text(self.expr_ref(expr)).unwrap_or_default();
                let word =
                    if matches!(&*word, "off" | "no" | "false" | "0") { "off" } else { "on" };
                diagnostic = diagnostic
                    .help("a feature is `on` or `off`")
                    .fix(format!("write `{word}`"), word);
            }
            (Ty::Int(_), Ty::Bool) => diagnostic = diagnostic.help("a feature is `on` or `off`"),
            (found, Ty::List(of)) if found.fits(of) => {
                diagnostic = diagnostic
                    .help("a list stands in square brackets")
                    .fix(format!("write `[{source}]`"), format!("[{source}]"));
            }
            (Ty::Set(_), Ty::Enum(_)) => {
                diagnostic = diagnostic.help("here only one value can be chosen");
            }
            (Ty::String(_), Ty::Source) => {
                diagnostic = diagnostic.help("a source is made by `fetch(\"https://…\", sha256 = \"…\")` or `dir(\"folder\")`");
            }
            (Ty::String(_), Ty::File) => {
                diagnostic =
                    diagnostic.fix(format!("write `file({source})`"), format!("file({source})"));
            }
            (Ty::Script, Ty::String(_)) => {
                diagnostic = diagnostic
                    .help("shell text is for steps; a plain text has no `sh` before its quotes");
            }
            _ => {}
        }
        self.report(diagnostic);
    }

    fn ty(&mut self, expr: ExprId, expected: Option<&Ty>, scope: &Scope) -> Ty {
        match self.expr_ref(expr) {
            Expr::Missing => self.set(expr, Res::Error, Ty::Error),
            Expr::Name(name) => self.name(expr, name, expected, scope),
            Expr::DotName(name) => self.dot_name(expr, name, expected),
            Expr::Int(_)
            | Expr::Version(_)
            | Expr::Series(_)
            | Expr::Quantity { .. }
            | Expr::Regex(_) => self.literal(expr, expected),
            Expr::Str { parts, shell } => self.string(expr, parts, *shell, expected, scope),
            Expr::Member { of, name } => self.member(expr, *of, name, scope),
            Expr::Call { callee, args } => self.call(expr, *callee, args, expected, scope),
            Expr::Lambda { .. } => {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "a function is no value here")
                    .help("functions are given to methods such as `.map`; to name one, write `fn`");
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
            Expr::Binary { op, lhs, rhs } => self.binary(expr, *op, *lhs, *rhs, expected, scope),
            Expr::Not(of) => {
                self.expect(*of, &Ty::Bool, scope);
                self.set(expr, Res::None, Ty::Bool)
            }
            Expr::Neg(of) => {
                self.expect(*of, &Ty::INT, scope);
                self.set(expr, Res::None, Ty::INT)
            }
            Expr::Range { lo, hi, .. } => {
                for bound in [lo, hi].into_iter().flatten() {
                    self.infer(*bound, scope);
                }
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "a range is no value here")
                    .help("ranges stand in types, as in `Int(1..=8)`, and behind `in`");
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
            Expr::If { cond, then, else_ } => {
                self.expect(*cond, &Ty::Bool, scope);
                let ty = match expected {
                    Some(expected) => {
                        self.expect(*then, expected, scope);
                        self.expect(*else_, expected, scope);
                        expected.clone()
                    }
                    None => {
                        let then = self.infer(*then, scope);
                        self.join_types(then, *else_, scope)
                    }
                };
                self.set(expr, Res::None, ty)
            }
            Expr::Match { of, arms } => self.match_(expr, *of, arms, expected, scope),
            Expr::Set(elements) => self.set_literal(expr, elements, expected, scope),
            Expr::List(elements) => self.list_literal(expr, elements, expected, scope),
            Expr::With(_) => {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "`with` can be asked only in conditions")
                    .help("it is allowed behind `when`, `require` and `conflict`");
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    /// The type of `other` beside a value of type `first`.
    fn join_types(&mut self, first: Ty, other: ExprId, scope: &Scope) -> Ty {
        match first {
            Ty::Error | Ty::Empty | Ty::Null => {
                let second = self.infer(other, scope);
                match (first, second) {
                    (Ty::Null, Ty::Null) => Ty::Null,
                    (Ty::Null, second @ (Ty::Opt(_) | Ty::Error)) => second,
                    (Ty::Null, second) => Ty::Opt(Box::new(second)),
                    (_, second) => second,
                }
            }
            first => {
                self.expect(other, &first, scope);
                first
            }
        }
    }

    //------ literals

    fn literal(&mut self, expr: ExprId, expected: Option<&Ty>) -> Ty {
        if let Some(words) = expected.and_then(Ty::words).cloned() {
            if let Some(at) = self.literal_value(expr, &words) {
                return self.set_value(expr, &words, at);
            }
            if matches!(self.expr_ref(expr), Expr::Int(_) | Expr::Version(_))
                && !matches!(expected.map(Ty::without_opt), Some(Ty::List(_)))
            {
                let text = self.db.text(self.file)[self.range(expr)].to_owned();
                // Only where values are numbers is this one that is not there.
                if words.values.iter().all(|it| !it.starts_with(|c: char| c.is_ascii_digit())) {
                    let found = if text.contains('.') { Ty::Version } else { Ty::INT };
                    let wanted = expected.cloned().unwrap_or(Ty::Error);
                    self.mismatch(expr, &found, &wanted);
                    return self.set(expr, Res::Error, Ty::Error);
                }
                self.unknown_value(expr, &text, &words);
                return self.set(expr, Res::Error, Ty::Error);
            }
        }
        if matches!(expected.map(Ty::without_opt), Some(Ty::Version))
            && let Some(bound) = self.version_value(expr)
        {
            return self.set(expr, Res::Version(bound), Ty::Version);
        }
        match self.expr_ref(expr) {
            Expr::Int(_) => self.set(expr, Res::None, Ty::INT),
            Expr::Quantity { unit: crate::module::Unit::Bytes(_), .. } => {
                self.set(expr, Res::None, Ty::Size(Default::default()))
            }
            Expr::Quantity { .. } => self.set(expr, Res::None, Ty::Duration(Default::default())),
            Expr::Version(_) | Expr::Series(_) => match self.version_value(expr) {
                Some(bound) => self.set(expr, Res::Version(bound), Ty::Version),
                None => self.set(expr, Res::Error, Ty::Error),
            },
            _ => {
                let diagnostic =
                    self.at_expr(Code::TypeMismatch, expr, "a pattern is no value here").help(
                        "patterns stand in types, as in `String(/[a-z]+/)`, and in `.matches(/…/)`",
                    );
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    fn string(
        &mut self,
        expr: ExprId,
        parts: &'a [StrPart],
        shell: bool,
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        for part in parts {
            if let StrPart::Expr(part) = part {
                let ty = self.infer(*part, scope);
                self.interpolated(*part, &ty, shell);
            }
        }
        if shell {
            return self.set(expr, Res::None, Ty::Script);
        }
        if let Some(words) = expected.and_then(Ty::words).cloned()
            && !matches!(expected.map(Ty::without_opt), Some(Ty::List(_)))
            && let Some(text) = crate::schema::plain_text(self.expr_ref(expr))
        {
            return match words.position(&text) {
                Some(at) => self.set_value(expr, &words, at),
                None => {
                    self.unknown_value(expr, &text, &words);
                    self.set(expr, Res::Error, Ty::Error)
                }
            };
        }
        match expected.map(Ty::without_opt) {
            Some(Ty::Version) => {
                if let Some(bound) = self.version_value(expr) {
                    return self.set(expr, Res::Version(bound), Ty::Version);
                }
            }
            Some(Ty::Path) => return self.set(expr, Res::None, Ty::Path),
            Some(Ty::Script) => {
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "expected shell text, found a plain text")
                    .help("in shell text, what is interpolated is quoted")
                    .fix_at(
                        "write `sh` before it",
                        self.file,
                        rowan::TextRange::empty(self.range(expr).start()),
                        "sh",
                    );
                self.report(diagnostic);
                return self.set(expr, Res::None, Ty::Error);
            }
            _ => {}
        }
        self.set(expr, Res::None, Ty::STRING)
    }

    /// Whether a value of `ty` has one obvious text.
    pub(super) fn is_textual(&self, ty: &Ty) -> bool {
        matches!(
            ty,
            Ty::String(_)
                | Ty::Path
                | Ty::Int(_)
                | Ty::Version
                | Ty::Enum(_)
                | Ty::Dep
                | Ty::File
                | Ty::Error
        )
    }

    fn interpolated(&mut self, expr: ExprId, ty: &Ty, shell: bool) {
        let ok = match ty {
            Ty::Script => shell,
            Ty::List(of) => shell && (self.is_textual(of) || **of == Ty::Script),
            Ty::Set(_) | Ty::Empty => shell,
            other => self.is_textual(other),
        };
        if ok {
            return;
        }
        let message = format!("a {ty} has no text of its own");
        let source = self.db.text(self.file)[self.range(expr)].to_owned();
        let mut diagnostic = self.at_expr(Code::TypeMismatch, expr, message);
        diagnostic = match ty {
            Ty::Opt(_) => diagnostic.help("it may be `null`; say what to take then, with `.or(…)`"),
            Ty::Bool => diagnostic
                .help(format!("say what to write: `if {source} then \"yes\" else \"no\"`")),
            Ty::List(_) | Ty::Set(_) => {
                diagnostic.help(format!("join its elements, as in `{source}.join(\" \")`"))
            }
            Ty::Size(_) => diagnostic.help(format!("say in which unit, as in `{source}.bytes`")),
            Ty::Duration(_) => {
                diagnostic.help(format!("say in which unit, as in `{source}.seconds`"))
            }
            Ty::Script => diagnostic.help("shell text goes into shell text only: `sh\"…\"`"),
            _ => diagnostic,
        };
        self.report(diagnostic);
    }

    //------ names

    fn dot_name(&mut self, expr: ExprId, name: &Name, expected: Option<&Ty>) -> Ty {
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

    fn name(&mut self, expr: ExprId, name: &'a Name, expected: Option<&Ty>, scope: &Scope) -> Ty {
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
            if option.kind == crate::module::OptionKind::Let {
                let (at, index) = (option.at, option.index);
                let ty = self.let_type(at, index, scope);
                return self.set(expr, Res::Let(at, index), ty);
            }
            let ty = option.ty.clone();
            return self.set(expr, Res::Option(name.clone()), ty);
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
                match &scope.setting {
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

    /// A let at the top of this module, seen from functions and mixins.
    fn module_let(&mut self, expr: ExprId, name: &str) -> Option<Ty> {
        let root = self.module().root?;
        let options = &self.module().bodies[root].options;
        let index = options
            .iter()
            .position(|it| it.kind == crate::module::OptionKind::Let && it.ident.name == name)?;
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
        let own = Scope { locals: Vec::new(), setting: None, target: None, ..scope.clone() };
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
        if let Some(words) = expected.and_then(Ty::words).cloned()
            && !matches!(expected.map(Ty::without_opt), Some(Ty::List(_)))
        {
            return self.unknown_value(expr, name, &words);
        }
        if scope.building && matches!(name.as_str(), "PATH" | "HOME" | "TMPDIR") {
            let diagnostic = self
                .at_expr(Code::UnknownName, expr, format!("`{name}` is a variable of the shell"))
                .help(format!("in shell text write `${name}`, without `\\( )`"));
            return self.report(diagnostic);
        }
        let mut candidates: Vec<&str> = scope.locals.iter().map(|it| it.0.as_str()).collect();
        if let Some(table) = &scope.table {
            candidates.extend(table.options.iter().map(|it| it.name.as_str()));
            candidates.extend(["version", "name"]);
        }
        if scope.building {
            candidates.extend(["out", "src", "dep", "deps", "outputs"]);
        }
        candidates.extend(["platform", "toolchain", "machine"]);
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
        if !enums.is_empty() {
            diagnostic = diagnostic.help(format!(
                "it is a value of {}; a bare value can stand only where a value of its enum is expected",
                list(&enums, "and")
            ));
        } else if near.is_empty() {
            let hint = if scope.table.is_some() {
                format!("texts stand in quotes: `\"{name}\"`")
            } else {
                "only `platform`, `toolchain` and `machine` can be read here".to_owned()
            };
            diagnostic = diagnostic.help(hint);
        }
        self.report(diagnostic);
    }

    /// The options whose enum has this value.
    fn enums_with(&self, name: &str, scope: &Scope) -> Vec<String> {
        let options = scope.table.iter().flat_map(|it| &it.options);
        options
            .filter(|it| it.ty.words().is_some_and(|it| it.position(name).is_some()))
            .map(|it| it.name.to_string())
            .collect()
    }

    //------ operators

    fn binary(
        &mut self,
        expr: ExprId,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        let ty = match op {
            BinaryOp::Or => {
                self.expect(lhs, &Ty::Bool, scope);
                self.expect(rhs, &Ty::Bool, scope);
                Ty::Bool
            }
            BinaryOp::And => match expected {
                Some(set @ Ty::Set(_)) => {
                    self.expect(lhs, set, scope);
                    self.expect(rhs, set, scope);
                    set.clone()
                }
                _ => {
                    let left = self.ty(lhs, Some(&Ty::Bool), scope);
                    if matches!(left, Ty::Set(_)) {
                        self.expect(rhs, &left, scope);
                        left
                    } else {
                        if !left.fits(&Ty::Bool) {
                            self.mismatch(lhs, &left, &Ty::Bool);
                        }
                        self.expect(rhs, &Ty::Bool, scope);
                        Ty::Bool
                    }
                }
            },
            BinaryOp::Eq | BinaryOp::Ne => {
                self.same_type(lhs, rhs, scope);
                Ty::Bool
            }
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                let ty = self.same_type(lhs, rhs, scope);
                self.has_order(expr, &ty, op);
                Ty::Bool
            }
            BinaryOp::Has | BinaryOp::HasAny | BinaryOp::HasAll => self.has(op, lhs, rhs, scope),
            BinaryOp::In => self.in_(lhs, rhs, scope),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Rem => {
                self.arithmetic(expr, op, lhs, rhs, expected, scope)
            }
        };
        self.set(expr, Res::None, ty)
    }

    /// Checks two sides that must have one type; words on one side take it from the other.
    fn same_type(&mut self, lhs: ExprId, rhs: ExprId, scope: &Scope) -> Ty {
        if self.is_word(lhs, scope) && !self.is_word(rhs, scope) {
            let right = self.infer(rhs, scope);
            self.expect(lhs, right.without_opt(), scope);
            return right;
        }
        let left = self.infer(lhs, scope);
        let wanted = match &left {
            Ty::Opt(_) => left.clone(),
            other => Ty::Opt(Box::new(other.clone())),
        };
        let right = self.ty(rhs, Some(&left), scope);
        if !right.fits(&wanted) && !left.fits(&right) {
            self.mismatch(rhs, &right, &left);
        } else if let (Ty::Int(_), Expr::Int(number)) = (left.without_opt(), self.expr_ref(rhs)) {
            // A comparison with a number outside the range is always true or always false.
            let number = *number;
            if let Ty::Int(ranges) = left.without_opt()
                && ranges.intervals.as_ref().is_some_and(|it| {
                    number < it[0].0.saturating_sub(1)
                        || number > it[it.len() - 1].1.saturating_add(1)
                })
            {
                let left = left.clone();
                self.in_range(rhs, number, &left);
            }
        }
        left
    }

    /// Whether an expression is a bare word that only an expected type could explain.
    fn is_word(&self, expr: ExprId, scope: &Scope) -> bool {
        match self.expr_ref(expr) {
            Expr::DotName(_) => true,
            Expr::Name(name) => {
                !scope.locals.iter().any(|it| it.0 == *name)
                    && scope.table.as_ref().is_none_or(|it| it.get(name).is_none())
                    && !matches!(
                        name.as_str(),
                        "version" | "name" | "on" | "off" | "true" | "false" | "prev" | "default"
                    )
            }
            _ => false,
        }
    }

    fn has_order(&mut self, expr: ExprId, ty: &Ty, op: BinaryOp) {
        let ok = match ty {
            Ty::Int(_) | Ty::Size(_) | Ty::Duration(_) | Ty::Version | Ty::Error => true,
            Ty::Enum(it) => it.ordered,
            _ => false,
        };
        if !ok {
            let mut diagnostic = self.at_expr(
                Code::BadOperator,
                expr,
                format!("a {ty} has no order, so `{}` cannot compare it", op.text()),
            );
            if matches!(ty, Ty::Enum(_)) {
                diagnostic =
                    diagnostic.help("`@ordered` before an enum says that its values are in order");
            }
            if matches!(ty, Ty::String(_)) {
                diagnostic =
                    diagnostic.help("versions are compared without quotes: `version >= 1.2`");
            }
            self.report(diagnostic);
        }
    }

    fn has(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId, scope: &Scope) -> Ty {
        let left = self.infer(lhs, scope);
        match left.without_opt().clone() {
            Ty::Set(of) => {
                let wanted =
                    if op == BinaryOp::Has { Ty::Enum(of.clone()) } else { Ty::Set(of.clone()) };
                if op == BinaryOp::Has && matches!(self.expr_ref(rhs), Expr::Set(_)) {
                    let diagnostic = self
                        .at_expr(Code::TypeMismatch, rhs, "`has` asks for one value")
                        .help("for several, say `has any {…}` or `has all {…}`");
                    self.report(diagnostic);
                    self.ty(rhs, Some(&Ty::Set(of)), scope);
                } else {
                    self.expect(rhs, &wanted, scope);
                }
            }
            Ty::List(of) if op == BinaryOp::Has => {
                self.expect(rhs, &of, scope);
            }
            Ty::Error => {
                self.infer_quietly(rhs, scope);
            }
            other => {
                self.infer_quietly(rhs, scope);
                let message =
                    format!("`{}` asks for the values of a set, and this is a {other}", op.text());
                let mut diagnostic = self.at_expr(Code::BadOperator, lhs, message);
                if matches!(other, Ty::Enum(_)) {
                    diagnostic = diagnostic
                        .help("an enum holds one value: compare it with `==`, or ask `in {…}`");
                }
                self.report(diagnostic);
            }
        }
        Ty::Bool
    }

    /// `x in {a, b}`, `n in 1..=8`, `version in 1.10.*`
    fn in_(&mut self, lhs: ExprId, rhs: ExprId, scope: &Scope) -> Ty {
        let left = self.infer(lhs, scope);
        match (self.expr_ref(rhs), left.without_opt().clone()) {
            (_, Ty::Error) => {
                self.infer_quietly(rhs, scope);
            }
            (
                Expr::Range { lo, hi, .. },
                ty @ (Ty::Int(_) | Ty::Size(_) | Ty::Duration(_) | Ty::Version),
            ) => {
                let plain = match ty {
                    Ty::Int(_) => Ty::INT,
                    Ty::Size(_) => Ty::Size(Default::default()),
                    Ty::Duration(_) => Ty::Duration(Default::default()),
                    other => other,
                };
                for bound in [lo, hi].into_iter().flatten() {
                    self.expect(*bound, &plain, scope);
                }
                self.set(rhs, Res::None, Ty::list(plain));
            }
            (_, Ty::Enum(of)) => {
                self.expect(rhs, &Ty::Set(of), scope);
            }
            (Expr::Series(_), Ty::Version) => {
                self.expect(rhs, &Ty::Version, scope);
            }
            (_, ty) => {
                self.expect(rhs, &Ty::list(ty), scope);
            }
        }
        Ty::Bool
    }

    /// Checks an expression only so that its parts are resolved; what is wrong follows from
    /// something that has been reported.
    pub(super) fn infer_quietly(&mut self, expr: ExprId, scope: &Scope) -> Ty {
        let before = self.diagnostics.len();
        let ty = self.infer(expr, scope);
        self.diagnostics.truncate(before);
        ty
    }

    fn arithmetic(
        &mut self,
        expr: ExprId,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        // What is expected of the whole is expected of the left side, so that words find their enum.
        let hint = match expected.map(Ty::without_opt) {
            Some(ty @ (Ty::Set(_) | Ty::List(_) | Ty::Map(_))) => Some(ty.clone()),
            _ => None,
        };
        let left = self.ty(lhs, hint.as_ref(), scope);
        let may_be_null = matches!(left, Ty::Opt(_)).then(|| left.clone());
        let ty = match (op, left.without_opt()) {
            (_, Ty::Error) => {
                self.infer_quietly(rhs, scope);
                return expected.cloned().unwrap_or(Ty::Error);
            }
            (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Rem, Ty::Int(_)) => {
                self.expect(rhs, &Ty::INT, scope);
                Ty::INT
            }
            (BinaryOp::Mul, Ty::Size(_) | Ty::Duration(_)) => {
                self.expect(rhs, &Ty::INT, scope);
                unbounded(&left)
            }
            (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem, Ty::Size(_) | Ty::Duration(_)) => {
                let plain = unbounded(&left);
                self.expect(rhs, &plain, scope);
                plain
            }
            (BinaryOp::Add, Ty::String(_) | Ty::Path) => {
                self.expect(rhs, &Ty::STRING, scope);
                Ty::STRING
            }
            (BinaryOp::Add, Ty::Script) => {
                self.expect(rhs, &Ty::Script, scope);
                Ty::Script
            }
            (BinaryOp::Add | BinaryOp::Sub, Ty::Set(of)) | (BinaryOp::Add, Ty::Enum(of))
                if !matches!(left, Ty::Enum(_)) || hint.is_some() =>
            {
                let set = Ty::Set(of.clone());
                self.expect(rhs, &set, scope);
                set
            }
            (BinaryOp::Add | BinaryOp::Sub, Ty::List(_)) => {
                self.expect(rhs, &left, scope);
                left
            }
            (BinaryOp::Add, Ty::Map(_)) => {
                self.expect(rhs, &left, scope);
                left
            }
            (BinaryOp::Add | BinaryOp::Sub, Ty::Empty) => {
                let wanted = hint.clone().unwrap_or(Ty::Empty);
                self.ty(rhs, Some(&wanted), scope)
            }
            (_, other) => {
                let message = format!("`{}` does not go with a {other}", op.text());
                let mut diagnostic = self.at_expr(Code::BadOperator, expr, message);
                if matches!(other, Ty::Version) {
                    diagnostic = diagnostic.help("versions are compared, not added; parts of one are had by `.major` or `.up_to(2)`");
                }
                self.infer_quietly(rhs, scope);
                self.report(diagnostic);
                Ty::Error
            }
        };
        if may_be_null.is_some() && ty != Ty::Error {
            self.may_be_null(lhs, &may_be_null.unwrap_or(Ty::Error));
        }
        ty
    }

    //------ match

    fn match_(
        &mut self,
        expr: ExprId,
        of: ExprId,
        arms: &'a [MatchArm],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        let subject = self.infer(of, scope);
        let mut result = expected.cloned();
        let mut seen: Vec<u32> = Vec::new();
        let mut has_else = false;
        for arm in arms {
            match &arm.patterns {
                None => has_else = true,
                Some(patterns) => {
                    for pattern in patterns {
                        self.expect(*pattern, &subject, scope);
                        if let Res::Value(_, at) = self.res[pattern.index()] {
                            if seen.contains(&at) {
                                let diagnostic = self
                                    .at_expr(
                                        Code::BadDeclaration,
                                        *pattern,
                                        "an arm above takes this value",
                                    )
                                    .help("remove it here or there");
                                self.report(diagnostic);
                            }
                            seen.push(at);
                        }
                    }
                }
            }
            result = Some(match &result {
                Some(ty) => {
                    let ty = ty.clone();
                    self.expect(arm.value, &ty, scope);
                    ty
                }
                None => self.infer(arm.value, scope),
            });
        }
        if !has_else {
            self.exhaustive(expr, &subject, &seen, arms);
        }
        self.set(expr, Res::None, result.unwrap_or(Ty::Error))
    }

    fn exhaustive(&mut self, expr: ExprId, subject: &Ty, seen: &[u32], arms: &[MatchArm]) {
        let missing: Vec<String> = match subject {
            Ty::Enum(of) => (0..of.values.len() as u32)
                .filter(|it| !seen.contains(it))
                .map(|it| of.values[it as usize].to_string())
                .collect(),
            Ty::Bool => {
                let has = |wanted: bool| {
                    arms.iter().flat_map(|it| it.patterns.iter().flatten()).any(
                        |it| matches!(self.res[it.index()], Res::Bool(found) if found == wanted),
                    )
                };
                [(true, "on"), (false, "off")]
                    .into_iter()
                    .filter(|it| !has(it.0))
                    .map(|it| it.1.to_owned())
                    .collect()
            }
            Ty::Error => return,
            _ => vec!["else".to_owned()],
        };
        if missing.is_empty() {
            return;
        }
        let shown: Vec<&String> = missing.iter().take(5).collect();
        let more = if missing.len() > 5 {
            format!(" and {} more", missing.len() - 5)
        } else {
            String::new()
        };
        let message = format!("this does not say what happens for {}{more}", list(&shown, "and"));
        let diagnostic = self
            .at_expr(Code::MissingArm, expr, message)
            .help("add an arm for each, or `else => …` for all that are not named");
        self.report(diagnostic);
    }

    //------ collections

    fn set_literal(
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
        match expected.map(Ty::without_opt) {
            Some(Ty::Map(of)) if is_map => {
                let of = (**of).clone();
                self.elements(elements, &Want::Entries(&of), scope);
                return self.set(expr, Res::None, Ty::Map(Box::new(of)));
            }
            Some(Ty::Set(of)) if !is_map => {
                let of = of.clone();
                self.elements(elements, &Want::Values(&of), scope);
                return self.set(expr, Res::None, Ty::Set(of));
            }
            Some(Ty::List(of)) if !is_map => {
                let of = (**of).clone();
                let source = self.db.text(self.file)[self.range(expr)].to_owned();
                let inner = source.trim_start_matches('{').trim_end_matches('}');
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, format!("expected List<{of}>, found a set"))
                    .help("a list, which has an order, stands in square brackets")
                    .fix(format!("write `[{inner}]`"), format!("[{inner}]"));
                self.report(diagnostic);
                return self.set(expr, Res::Error, Ty::Error);
            }
            Some(Ty::Enum(of)) if elements.len() == 1 && !is_map => {
                let of = of.clone();
                self.elements(elements, &Want::Values(&of), scope);
                return self.set(expr, Res::None, Ty::Set(of));
            }
            _ => {}
        }
        // Nothing says what the set is of: its first value does.
        if is_map {
            let of = self.first_type(elements, scope);
            self.elements(elements, &Want::Entries(&of), scope);
            return self.set(expr, Res::None, Ty::Map(Box::new(of)));
        }
        match self.first_type(elements, scope) {
            Ty::Enum(of) | Ty::Set(of) => {
                self.elements(elements, &Want::Values(&of), scope);
                self.set(expr, Res::None, Ty::Set(of))
            }
            Ty::Error => {
                // Words in it may be what a mistake elsewhere has left without explanation.
                if expected.is_none() {
                    let before = self.diagnostics.len();
                    self.elements(elements, &Want::Anything, scope);
                    if self.diagnostics.len() == before {
                        let diagnostic = self
                            .at_expr(Code::AmbiguousName, expr, "nothing here says of which enum this is a set")
                            .help("give what it is assigned to a type, as in `let x: Set<Driver> = {…}`");
                        self.report(diagnostic);
                    }
                }
                self.set(expr, Res::Error, Ty::Error)
            }
            other => {
                let diagnostic = self
                    .at_expr(
                        Code::TypeMismatch,
                        expr,
                        format!("a set has values of an enum, not of {other}"),
                    )
                    .help("a list stands in square brackets: `[…]`");
                self.report(diagnostic);
                self.set(expr, Res::Error, Ty::Error)
            }
        }
    }

    fn list_literal(
        &mut self,
        expr: ExprId,
        elements: &'a [Element],
        expected: Option<&Ty>,
        scope: &Scope,
    ) -> Ty {
        match expected.map(Ty::without_opt) {
            Some(Ty::List(of)) => {
                let of = (**of).clone();
                self.elements(elements, &Want::Items(&of), scope);
                return self.set(expr, Res::None, Ty::list(of));
            }
            Some(Ty::Set(of)) => {
                let of = of.clone();
                let source = self.db.text(self.file)[self.range(expr)].to_owned();
                let inner = source.trim_start_matches('[').trim_end_matches(']');
                let diagnostic = self
                    .at_expr(Code::TypeMismatch, expr, "expected a set, found a list")
                    .help("a set stands in braces")
                    .fix(format!("write `{{{inner}}}`"), format!("{{{inner}}}"));
                self.report(diagnostic);
                self.elements(elements, &Want::Values(&of), scope);
                return self.set(expr, Res::Error, Ty::Error);
            }
            _ => {}
        }
        if elements.is_empty() {
            return self.set(expr, Res::None, Ty::Empty);
        }
        let of = self.first_type(elements, scope);
        let of = match &elements[0] {
            Element::Spread(_) => match of {
                Ty::List(of) => *of,
                Ty::Set(of) => Ty::Enum(of),
                other => other,
            },
            _ => of,
        };
        self.elements(elements, &Want::Items(&of), scope);
        self.set(expr, Res::None, Ty::list(of))
    }

    /// The type of the first element, found quietly.
    fn first_type(&mut self, elements: &'a [Element], scope: &Scope) -> Ty {
        let before = self.diagnostics.len();
        let ty = elements.first().map_or(Ty::Error, |it| self.element_ty(it, scope));
        self.diagnostics.truncate(before);
        ty
    }

    fn element_ty(&mut self, element: &'a Element, scope: &Scope) -> Ty {
        match element {
            Element::Expr(expr) | Element::Spread(expr) | Element::Entry(_, expr) => {
                self.infer(*expr, scope)
            }
            Element::When(_, element) => self.element_ty(element, scope),
            Element::For { name, list, element, .. } => {
                let ty = self.infer(*list, scope);
                let inner = self.element_type(*list, &ty);
                let scope = scope.with(&name.name, inner);
                self.element_ty(element, &scope)
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
                let message = format!("a loop goes through a list or a set, not a {other}");
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

    fn element(&mut self, element: &'a Element, want: &Want<'_>, scope: &Scope) {
        match element {
            Element::Expr(expr) => match want {
                Want::Values(of) => {
                    let found = self.expect(*expr, &Ty::Enum((*of).clone()), scope);
                    let _ = found;
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
                    let map = Ty::Map(Box::new((*of).clone()));
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
            Element::For { name, list, when, element } => {
                let ty = self.infer(*list, scope);
                let inner = self.element_type(*list, &ty);
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
                    diagnostic =
                        diagnostic.help(format!("`{name}` is a value: it stands without dots"));
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

fn is_entry(element: &Element) -> bool {
    match element {
        Element::Entry(..) => true,
        Element::Expr(_) | Element::Spread(_) => false,
        Element::When(_, element) | Element::For { element, .. } => is_entry(element),
    }
}

fn unbounded(ty: &Ty) -> Ty {
    match ty.without_opt() {
        Ty::Size(_) => Ty::Size(Default::default()),
        Ty::Duration(_) => Ty::Duration(Default::default()),
        _ => Ty::INT,
    }
}
