//! Expressions: values that are expected, names that can be read, members.

use super::super::describe::{self, function, method_doc};
use super::super::expected::{Expected, expected, record_named};
use super::super::{Symbol, brings};
use super::{Completion, CompletionKind, List, Packages, rank};
use crate::check::{Builtin, Method, members_of};
use crate::database::Database;
use crate::globals::{facts_of_module, global_mixin, global_table, is_fact};
use crate::module::{ModuleKind, Name, OptionKind, StmtKind};
use crate::syntax::SyntaxKind::*;
use crate::syntax::ast::{self, AstNode};
use crate::syntax::{SyntaxNode, is_name};
use crate::types::{EnumTy, Object, Ty};

impl List<'_> {
    /// A word where an expression stands.
    pub(super) fn expr(&mut self, node: &SyntaxNode) {
        let expected = expected(self.context, node);
        if expected.overlays {
            return self.overlays();
        }
        if expected.packages {
            return self.packages(Packages::Recipes);
        }
        self.expected_values(&expected, node);
        if node.parent().is_some_and(|it| it.kind() == ARM_PATTERN) {
            return;
        }
        self.readable(&expected, node);
        if let Some(call) = node.parent().filter(|it| it.kind() == CALL_ARG) {
            self.argument_names(&call);
        }
    }

    /// A number where a version stands: `>= 1.`
    pub(super) fn literal(&mut self, literal: &SyntaxNode) {
        let expected = expected(self.context, literal);
        if let Some(package) = &expected.versions_of {
            self.versions(package);
        } else if expected.ty.as_ref().is_some_and(|it| it.words().is_some()) {
            self.expected_values(&expected, literal);
        }
    }

    /// `.name`: a value of the expected enum.
    pub(super) fn dot_name(&mut self, node: &SyntaxNode) {
        let expected = expected(self.context, node);
        if let Some(of) = expected.ty.as_ref().and_then(Ty::words).cloned() {
            for at in 0..of.values.len() {
                let item = self.value(&of, at as u32, expected.owner.as_ref(), rank::EXPECTED);
                self.add(item);
            }
        }
    }

    //------ values

    /// A value of an enum, with what is said of it and what it brings.
    pub(super) fn value(
        &mut self,
        of: &EnumTy,
        at: u32,
        owner: Option<&Name>,
        rank: u8,
    ) -> Completion {
        let db = self.context.db;
        let name = &of.values[at as usize];
        let mut item = self.item(name, CompletionKind::Value, rank);
        let env = db.env(of.file);
        let value = env.module().enums.values().get(of.id.index());
        let value = value.and_then(|it| it.values.get(at as usize));
        item.doc = value.and_then(|it| it.doc.as_deref()).unwrap_or("").to_owned();
        if !is_name(name) {
            item.insert = crate::syntax::quote(name);
        }
        let is_deprecated =
            |it: &crate::module::Attr| matches!(it.ident.name.as_str(), "deprecated" | "removed");
        item.deprecated = value.is_some_and(|it| it.attrs.iter().any(is_deprecated));
        let Some(schema) = owner.and_then(|it| self.context.package(it)) else { return item };
        let mut packages = Vec::new();
        for option in describe::options_of(&schema, of.file, of.id) {
            let brought = self.brought(&schema, &option, Some(at));
            let text = brings::markdown(&brought);
            if !text.is_empty() {
                item.doc = format!("{}\n\n{text}", item.doc).trim_start().to_owned();
            }
            packages.extend(brought.into_iter().filter_map(|it| it.package));
        }
        packages.dedup();
        if !packages.is_empty() {
            let names: Vec<&str> = packages.iter().map(Name::as_str).collect();
            item.detail = format!("brings {}", names.join(", "));
        }
        item
    }

    fn expected_values(&mut self, expected: &Expected, node: &SyntaxNode) {
        if let Some(package) = &expected.versions_of {
            self.versions(&package.clone());
        }
        let Some(ty) = &expected.ty else { return };
        if *ty == Ty::Bool && !expected.condition {
            for (word, doc) in [("on", "The feature is on."), ("off", "The feature is off.")] {
                let item = self.item(word, CompletionKind::Value, rank::EXPECTED);
                self.add(Completion { detail: doc.to_owned(), ..item });
            }
        }
        if let Ty::Record(record) = ty.without_opt()
            && record.file == self.context.file
        {
            let item = self.item(&record.name, CompletionKind::Type, rank::EXPECTED);
            self.add(Completion {
                detail: "a record".to_owned(),
                insert: format!("{}()", record.name),
                snippet: Some(format!("{}($0)", record.name)),
                ..item
            });
        }
        let Some(of) = ty.words().cloned() else { return };
        let written = self.values_written(node, &of);
        let removing = expected.setting.as_ref().is_some_and(|it| it.1 == "-=");
        for at in 0..of.values.len() {
            let mut item = self.value(&of, at as u32, expected.owner.as_ref(), rank::EXPECTED);
            if written.contains(&(at as u32)) {
                Self::mark_done(&mut item, "written here already");
            } else if let (Some((option, sign)), Some(owner)) = (&expected.setting, &expected.owner)
                && matches!(*sign, "+=" | "-=")
                && let Some(effective) = self.facts.element(owner, option, &of.values[at])
            {
                let is_on = effective.value == "on";
                if is_on != removing {
                    let why = if is_on { "on already" } else { "off already" };
                    Self::mark_done(&mut item, why);
                }
            }
            self.add(item);
        }
        let in_set = matches!(ty, Ty::Set(_));
        if expected.groups || in_set {
            for (name, members) in &of.groups {
                let mut item = self.item(name, CompletionKind::Group, rank::FITTING);
                let members: Vec<&str> =
                    members.iter().take(8).map(|it| of.values[*it as usize].as_str()).collect();
                item.detail = format!("group of {}", members.join(", "));
                if in_set && !expected.groups {
                    item.label = format!("{{..{name}}}");
                    item.insert = item.label.clone();
                }
                self.add(item);
            }
        }
        if in_set {
            let item = self.item("all", CompletionKind::Value, rank::FITTING);
            self.add(Completion { detail: "every value".to_owned(), ..item });
            let braces = self.item("{ }", CompletionKind::Snippet, rank::FITTING);
            let snippet = Some("{$0}".to_owned());
            self.add(Completion {
                snippet,
                insert: "{}".to_owned(),
                detail: "a set".to_owned(),
                ..braces
            });
        }
    }

    /// The values that stand in the same statement.
    fn values_written(&self, node: &SyntaxNode, of: &EnumTy) -> Vec<u32> {
        let around = node
            .ancestors()
            .find(|it| matches!(it.kind(), SET_LIT | LIST_LIT | SETTING | SPEC_ITEM | RULE | KNOB));
        let Some(around) = around.filter(|it| matches!(it.kind(), SET_LIT | LIST_LIT)) else {
            return Vec::new();
        };
        around
            .children()
            .filter(|it| {
                it.kind() == EXPR_ELEMENT && !it.text_range().contains_range(node.text_range())
            })
            .filter_map(|it| of.position(it.text().to_string().trim().trim_matches('"')))
            .collect()
    }

    fn versions(&mut self, package: &str) {
        let Some(schema) = self.context.package(package) else { return };
        for (index, version) in schema.versions.iter().enumerate() {
            let label = version.version.to_string();
            let mut item = self.item(&label, CompletionKind::Version, rank::EXPECTED);
            item.detail = match index {
                0 => "the newest".to_owned(),
                _ => format!("version of {package}"),
            };
            item.deprecated = version.history.deprecated.is_some();
            self.add(item);
        }
    }

    fn overlays(&mut self) {
        let db = self.context.db;
        for stem in db.stems() {
            let Some(file) = db.find(stem, &[ModuleKind::Overlay]) else { continue };
            let doc = db.lowered(file).module.doc.as_deref().unwrap_or("").to_owned();
            let item = self.item(stem, CompletionKind::Module, rank::EXPECTED);
            self.add(Completion { detail: "overlay".to_owned(), doc, ..item });
        }
    }

    //------ names

    /// The names that can be read where an expression stands.
    fn readable(&mut self, expected: &Expected, node: &SyntaxNode) {
        let context = self.context;
        self.locals(node);
        let is_layer_condition =
            context.is_layer() && expected.condition && expected.setting.is_none();
        if !is_layer_condition {
            let table = context.table(node);
            for option in table.iter().flat_map(|it| &it.options) {
                let fits = expected.ty.as_ref().is_none_or(|it| option.ty.fits(it));
                let early = expected.condition || expected.choice;
                let known = !early || option.kind != OptionKind::Field;
                // Only its own file knows a let.
                let is_hidden = option.kind == OptionKind::Let && option.at.file != context.file;
                // An option cannot be defined by itself.
                let is_self = expected.setting.as_ref().is_some_and(|it| it.0 == option.name);
                // Where a value of an enum is expected, little else can stand.
                let is_word = expected.ty.as_ref().is_some_and(|it| it.words().is_some());
                if !known || is_hidden || is_self || is_word && !fits {
                    continue;
                }
                let rank = match (fits, Database::is_builtin(option.at.file)) {
                    (true, false) => rank::OPTION,
                    (false, false) => rank::NAME,
                    (_, true) => rank::FAR,
                };
                let schema = context.schema().clone();
                let item = self.option(&schema, option, rank);
                self.add(item);
            }
        }
        if let Some((_, _)) = expected.setting {
            for (word, doc) in
                [("prev", "The value under this setting."), ("default", "The recipe's default.")]
            {
                let item = self.item(word, CompletionKind::Variable, rank::NAME);
                self.add(Completion { detail: doc.to_owned(), ..item });
            }
        }
        for object in [Object::Platform, Object::Toolchain, Object::Machine, Object::Facts] {
            self.object(object, rank::NAME);
        }
        if expected.condition {
            if !context.is_layer() {
                let item = self.item("version", CompletionKind::Variable, rank::NAME);
                self.add(Completion { detail: "Version".to_owned(), ..item });
            }
            self.words(&["has", "in", "with"], "");
            return;
        }
        if expected.choice {
            let version = self.item("version", CompletionKind::Variable, rank::NAME);
            self.add(Completion { detail: "Version".to_owned(), ..version });
            self.words(&["if", "match"], "");
            return;
        }
        if !is_layer_condition {
            for (word, fact) in [
                ("version", crate::check::Fact::Version),
                ("name", crate::check::Fact::Name),
                ("out", crate::check::Fact::Out),
                ("src", crate::check::Fact::Src),
            ] {
                let item = self.item(word, CompletionKind::Variable, rank::NAME);
                let (detail, doc) = describe::fact_doc(fact);
                self.add(Completion { detail: detail.into(), doc: doc.into(), ..item });
            }
            for object in [Object::Dep, Object::Deps, Object::Outputs, Object::Sources] {
                self.object(object, rank::NAME);
            }
        }
        self.functions();
        self.words(&["if", "match"], "");
        if *expected.ty.as_ref().unwrap_or(&Ty::Error) == Ty::Script {
            let item = self.item("sh", CompletionKind::Snippet, rank::EXPECTED);
            let snippet = Some("sh\"\"\"\n    $0\n    \"\"\"".to_owned());
            self.add(Completion {
                snippet,
                insert: "sh\"\"".to_owned(),
                detail: "shell text".to_owned(),
                ..item
            });
        }
    }

    fn object(&mut self, object: Object, rank: u8) {
        let mut item = self.item(object.text(), CompletionKind::Module, rank);
        item.detail = describe::object_doc(object).to_owned();
        self.add(item);
    }

    /// Names of loops, parameters and lambdas around.
    fn locals(&mut self, node: &SyntaxNode) {
        let mut found = Vec::new();
        for outer in node.ancestors() {
            match outer.kind() {
                LAMBDA | FOR_ELEMENT | FOR => {
                    let names = outer.descendants().take(16).filter(|it| {
                        it.kind() == NAME
                            && it
                                .parent()
                                .is_some_and(|it| it == outer || it.kind() == LAMBDA_PARAM)
                    });
                    found.extend(names.map(|it| it.text().to_string()));
                }
                FUNCTION => {
                    let params = ast::Function::cast(outer).and_then(|it| it.param_list());
                    let params = params.into_iter().flat_map(|it| it.params());
                    found.extend(params.filter_map(|it| it.name()).map(|it| it.text()));
                }
                _ => {}
            }
        }
        for name in found {
            let item = self.item(name.trim(), CompletionKind::Variable, rank::FITTING);
            self.add(item);
        }
    }

    fn functions(&mut self) {
        let env = self.context.schema().env.clone();
        for (index, decl) in env.module().functions.values().iter().enumerate() {
            let mut item = self.item(&decl.ident.name, CompletionKind::Function, rank::NAME);
            item.detail = function(&env, index).unwrap_or_default();
            item.doc = decl.doc.as_deref().unwrap_or("").to_owned();
            item.snippet = Some(format!("{}($0)", decl.ident.name));
            self.add(item);
        }
        for (name, builtin) in Builtin::ALL {
            let (head, doc) = builtin.doc();
            let mut item = self.item(name, CompletionKind::Function, rank::FAR);
            item.detail = head.to_owned();
            item.doc = doc.to_owned();
            item.snippet = Some(format!("{name}($0)"));
            self.add(item);
        }
        for (name, _) in &env.uses {
            let mut item = self.item(name, CompletionKind::Module, rank::FAR);
            item.insert = format!("{name}.");
            self.add(item);
        }
    }

    /// The names of the arguments of a call.
    fn argument_names(&mut self, arg: &SyntaxNode) {
        let Some(call) = arg.ancestors().find_map(ast::Call::cast) else { return };
        let Some(callee) = call.expr().map(|it| it.syntax().text().to_string()) else { return };
        let env = self.context.schema().env.clone();
        let callee = callee.trim();
        let mut names: Vec<(String, String)> = Vec::new();
        if callee == "fetch" {
            for name in ["sha256", "blake3", "unpack", "root", "executables"] {
                let doc = describe::member_doc(name).unwrap_or("");
                names.push((name.to_owned(), doc.to_owned()));
            }
        } else if let Some(index) = env.function(callee) {
            let params = &env.functions[index].params;
            names.extend(params.iter().map(|it| (it.0.to_string(), it.1.to_string())));
        } else if let Some(record) = record_named(&env, callee) {
            names.extend(record.fields.iter().map(|it| (it.name.to_string(), it.ty.to_string())));
        }
        let given: Vec<String> = call
            .arg_list()
            .into_iter()
            .flat_map(|it| it.call_args())
            .filter_map(|it| Some(it.name()?.text()))
            .collect();
        names.retain(|it| !given.contains(&it.0));
        for (name, detail) in names {
            let mut item = self.item(&format!("{name} ="), CompletionKind::Field, rank::FITTING);
            item.insert = format!("{name} = ");
            item.detail = detail;
            self.add(item);
        }
    }

    //------ members

    /// A name behind a dot.
    pub(super) fn member(&mut self, node: &SyntaxNode) {
        let Some(of) = ast::Member::cast(node.clone()).and_then(|it| it.expr()) else { return };
        let word = match &of {
            ast::Expr::NameExpr(name) => name.name_ref().map(|it| it.text()),
            // `facts.cluster.…`
            ast::Expr::Member(it) => {
                let text = it.syntax().text().to_string();
                let text = text.trim();
                text.starts_with("facts.").then(|| text.into())
            }
            _ => None,
        };
        if word.is_some_and(|it| self.word_members(&it, node)) {
            return;
        }
        if let Some(ty) = self.receiver(&of) {
            self.members(&ty);
        }
    }

    /// The type of what stands before the dot. The text without the marker may end in the dot, so
    /// the text with the marker is checked.
    fn receiver(&self, of: &ast::Expr) -> Option<Ty> {
        let context = self.context;
        let path = context.db.path(context.file);
        let db = context.db.with_file(&path, Some(&context.marked));
        let file = db.file(&path);
        let checked = db.checked(file);
        let lowered = db.lowered(file);
        let range = of.range();
        let mut found = None;
        for (id, _) in lowered.module.exprs.iter() {
            if lowered.map.expr(id) == range && checked.types[id.index()] != Ty::Error {
                found = Some(checked.types[id.index()].clone());
            }
        }
        found
    }

    /// The members of `platform`, `dep`, modules and the like.
    fn word_members(&mut self, word: &str, node: &SyntaxNode) -> bool {
        let context = self.context;
        if context.table(node).is_some_and(|it| it.get(word).is_some()) {
            return false;
        }
        match word {
            "platform" | "machine" | "toolchain" | "facts" => {
                let object = match word {
                    "toolchain" => Object::Toolchain,
                    "facts" => Object::Facts,
                    _ => Object::Platform,
                };
                let Some((file, _)) = global_mixin(object) else { return true };
                let schema = context.db.schema(file);
                for option in &global_table(context.db, object).options {
                    let item = self.option(&schema, option, rank::EXPECTED);
                    self.add(item);
                }
            }
            _ if word.starts_with("facts.") => {
                let module = word.trim_start_matches("facts.");
                let Some((file, table)) = facts_of_module(context.db, module) else { return false };
                let schema = context.db.schema(file);
                for option in table.options.iter().filter(|it| is_fact(it)) {
                    let item = self.option(&schema, option, rank::EXPECTED);
                    self.add(item);
                }
            }
            "dep" => self.dependencies(),
            "deps" => {
                for role in ["build", "host", "link", "run", "test"] {
                    let mut item = self.item(role, CompletionKind::Member, rank::EXPECTED);
                    item.detail = describe::member_doc(role).unwrap_or("").to_owned();
                    self.add(item);
                }
            }
            "outputs" => {
                let mut item = self.item("out", CompletionKind::Member, rank::EXPECTED);
                item.detail = "Where steps install everything.".to_owned();
                self.add(item);
            }
            "steps" => self.step_names(),
            _ => {
                let env = context.schema().env.clone();
                let Some(file) = env.used(word).or_else(|| context.db.module(word)) else {
                    return false;
                };
                let env = context.db.env(file);
                for (index, decl) in env.module().functions.values().iter().enumerate() {
                    let name = &decl.ident.name;
                    let mut item = self.item(name, CompletionKind::Function, rank::EXPECTED);
                    item.detail = function(&env, index).unwrap_or_default();
                    item.doc = decl.doc.as_deref().unwrap_or("").to_owned();
                    item.snippet = Some(format!("{name}($0)"));
                    self.add(item);
                }
            }
        }
        true
    }

    /// The names that `dep` knows: those of the recipe and of the mixins that it includes.
    fn dependencies(&mut self) {
        let context = self.context;
        let Some(node) = context.token.parent() else { return };
        let Some(table) = context.table(&node) else { return };
        for at in &table.bodies {
            let lowered = context.db.lowered(at.file);
            let Some(body) = lowered.module.bodies.values().get(at.body.index()) else { continue };
            for stmt in &body.stmts {
                let StmtKind::Dep(dep) = &stmt.kind else { continue };
                let alias = dep.alias.as_ref().map(|it| &it.name);
                let Some(name) = alias.or_else(|| dep.spec.package_name()) else { continue };
                let mut item = self.item(name, CompletionKind::Package, rank::EXPECTED);
                item.detail = format!("{} dependency", dep.role);
                self.add(item);
            }
        }
    }

    fn members(&mut self, ty: &Ty) {
        let receiver = ty.without_opt().clone();
        if let Ty::Record(record) = &receiver {
            let env = self.context.db.env(record.file);
            for (at, field) in env.records[record.id.index()].fields.iter().enumerate() {
                let mut item = self.item(&field.name, CompletionKind::Field, rank::EXPECTED);
                item.detail = field.ty.to_string();
                let symbol = Symbol::RecordField(record.file, record.id, at as u32);
                item.doc =
                    symbol.declaration(self.context.db).and_then(|it| it.doc).unwrap_or_default();
                self.add(item);
            }
        }
        for (name, of) in members_of(&receiver) {
            let mut item = self.item(name, CompletionKind::Member, rank::EXPECTED);
            item.detail = of.to_string();
            item.doc = describe::member_doc(name).unwrap_or("").to_owned();
            self.add(item);
        }
        let methods = Method::of(&receiver).iter().chain(match ty {
            Ty::Opt(_) => Method::of(ty),
            _ => &[],
        });
        for (name, method) in methods {
            let (head, doc) = method_doc(*method);
            let mut item = self.item(name, CompletionKind::Function, rank::FITTING);
            item.detail = head.to_owned();
            item.doc = doc.to_owned();
            item.snippet = Some(match method {
                Method::Map if matches!(receiver, Ty::Map(_)) => {
                    format!("{name}((${{1:key}}, ${{2:value}}) -> $0)")
                }
                Method::Map | Method::Filter | Method::Any | Method::All => {
                    format!("{name}((${{1:it}}) -> $0)")
                }
                Method::Reversed
                | Method::Unique
                | Method::Lines
                | Method::Trim
                | Method::Upper
                | Method::Lower => format!("{name}()"),
                _ => format!("{name}($0)"),
            });
            self.add(item);
        }
    }
}
