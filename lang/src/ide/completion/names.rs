//! Names that the grammar has in one place only: packages, options in brackets, types, steps.

use super::super::context::names;
use super::super::expected::spec_package;
use super::super::{Symbol, describe};
use super::{Completion, CompletionKind, List, rank};
use crate::check::EXPORT_KEYS;
use crate::database::Database;
use crate::globals::FACTS_MIXIN;
use crate::module::{ModuleKind, OptionKind, PartKind, TypeNameKind};
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;
use crate::syntax::ast::{self, AstNode};
use crate::types::Ty;

/// How many names of one kind are offered at most; the editor asks again when more is typed.
const NAMES_MAX: usize = 1000;

/// Which packages are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packages {
    All,
    Recipes,
    Interfaces,
}

impl List<'_> {
    /// A name in a path.
    pub(super) fn path(&mut self, name: &SyntaxNode, path: &SyntaxNode) {
        let Some(outer) = path.parent() else { return };
        let before: Vec<_> = path
            .children()
            .take_while(|it| it != name)
            .filter_map(ast::NameRef::cast)
            .map(|it| it.text())
            .collect();
        let before: Vec<crate::module::Name> = before.into_iter().map(Into::into).collect();
        match outer.kind() {
            SPEC => {
                if let [package] = &before[..] {
                    return self.outputs(package);
                }
                let wishes = outer.ancestors().any(|it| matches!(it.kind(), WANT | PUBLISH));
                let is_statement = outer.parent().is_some_and(|it| it.kind() == SPEC_STMT);
                if is_statement {
                    self.statement(&before);
                } else {
                    self.packages(if wishes { Packages::Recipes } else { Packages::All });
                }
            }
            SPEC_ITEM => self.spec_item(&outer, &before),
            STEPS | INCLUDE => self.included(outer.kind() == STEPS, &before),
            NAMED_TYPE => self.types(&before),
            USE => self.modules(),
            _ => self.statement(&before),
        }
    }

    //------ packages

    pub(super) fn packages(&mut self, which: Packages) {
        let db = self.context.db;
        let own = self.context.own_package();
        let mut count = 0;
        for stem in db.stems() {
            if count >= NAMES_MAX {
                break;
            }
            // A recipe does not depend on itself.
            if self.context.kind == Some(ModuleKind::Recipe)
                && own.as_ref().is_some_and(|it| it == stem)
            {
                continue;
            }
            // Only what fits to what is typed is read.
            if !fits(stem, &self.context.typed) {
                continue;
            }
            let Some(file) = db.package(stem) else { continue };
            let lowered = db.lowered(file);
            let is_interface = lowered.module.kind == Some(ModuleKind::Interface);
            let fits = match which {
                Packages::All => true,
                Packages::Recipes => !is_interface,
                Packages::Interfaces => is_interface,
            };
            if !fits {
                continue;
            }
            count += 1;
            let doc = lowered.module.doc.as_deref().unwrap_or("").to_owned();
            let item = self.item(stem, CompletionKind::Package, rank::EXPECTED);
            let detail = doc.lines().next().unwrap_or("").to_owned();
            self.add(Completion { detail, doc, ..item });
        }
    }

    fn outputs(&mut self, package: &str) {
        let Some(schema) = self.context.package(package) else { return };
        for name in schema.part_names(PartKind::Output) {
            let item = self.item(name, CompletionKind::Part, rank::EXPECTED);
            self.add(Completion { detail: format!("output of {package}"), ..item });
        }
    }

    /// A package's options and the values of its sets, in brackets.
    fn spec_item(&mut self, item: &SyntaxNode, before: &[crate::module::Name]) {
        let Some(package) = spec_package(item) else { return };
        let of = before.first().cloned().unwrap_or_else(|| package.clone());
        let Some(schema) = self.context.package(&of) else { return };
        let node = ast::SpecItem::cast(item.clone());
        let is_off = node.as_ref().is_some_and(|it| it.tilde_token().is_some());
        let has_value = node.is_some_and(|it| it.op_token().is_some());
        let is_wish = item.ancestors().any(|it| matches!(it.kind(), WANT | PUBLISH | SPEC_STMT));
        let written: Vec<String> = item
            .parent()
            .into_iter()
            .flat_map(|it| it.children())
            .filter(|it| it != item)
            .filter_map(ast::SpecItem::cast)
            .filter_map(|it| Some(names(&it.path()?).join(".")))
            .collect();
        for option in &schema.table.options {
            let fits = match option.kind {
                OptionKind::Let => false,
                OptionKind::Field => is_wish && !is_off,
                OptionKind::Feature => true,
                OptionKind::Knob => !is_off || option.ty == Ty::Bool,
            };
            if !fits {
                continue;
            }
            let far = Database::is_builtin(option.at.file);
            let rank = if far { rank::FAR } else { rank::OPTION };
            let mut item = self.option(&schema, option, rank);
            if option.ty != Ty::Bool && !has_value {
                let sign = if matches!(option.ty, Ty::Set(_)) { "+=" } else { "=" };
                item.insert = format!("{} {sign} ", option.name);
            }
            if written.iter().any(|it| *it == option.name.as_str()) {
                Self::mark_done(&mut item, "asked for already");
            }
            self.add(item);
        }
        // `dpdk[mlx5]`: values of sets, where the name says which set.
        for option in schema.table.choices() {
            let Ty::Set(of) = &option.ty else { continue };
            for (at, value) in of.values.iter().enumerate() {
                if is_off || schema.table.sets_with(value).len() != 1 {
                    continue;
                }
                let mut item = self.value(of, at as u32, Some(&package), rank::FITTING);
                item.detail = format!("in {}", option.name);
                if written.iter().any(|it| *it == value.as_str()) {
                    Self::mark_done(&mut item, "asked for already");
                }
                self.add(item);
            }
        }
    }

    //------ modules, mixins, presets

    fn modules(&mut self) {
        let db = self.context.db;
        for stem in db.stems() {
            if !fits(stem, &self.context.typed) {
                continue;
            }
            let Some(file) = db.module(stem) else { continue };
            let lowered = db.lowered(file);
            let doc = lowered.module.doc.as_deref().unwrap_or("").to_owned();
            let item = self.item(stem, CompletionKind::Module, rank::EXPECTED);
            let detail = doc.lines().next().unwrap_or("").to_owned();
            self.add(Completion { detail, doc, ..item });
        }
    }

    fn included(&mut self, is_steps: bool, before: &[crate::module::Name]) {
        let context = self.context;
        if context.is_layer() {
            match (before, context.own_package()) {
                ([], Some(package)) if context.kind == Some(ModuleKind::Override) => {
                    self.presets(&package);
                }
                ([], _) => self.packages(Packages::Recipes),
                ([package, ..], _) => self.presets(package),
            }
            return;
        }
        let db = context.db;
        let own = context.schema().clone();
        if let [module, ..] = before {
            if let Some(file) = own.env.used(module).or_else(|| db.module(module)) {
                let schema = db.schema(file);
                self.mixins(&schema, "", is_steps);
            }
            return;
        }
        self.mixins(&own, "", is_steps);
        for (name, file) in own.env.uses.clone() {
            let schema = db.schema(file);
            self.mixins(&schema, &name, is_steps);
        }
        for stem in db.stems() {
            if let Some(file) = db.module(stem).filter(|it| *it != own.file) {
                let schema = db.schema(file);
                self.mixins(&schema, stem, is_steps);
            }
        }
    }

    /// The mixins of a module that is called `module` here: the main one by that name alone, which is
    /// also its own, others behind it.
    fn mixins(&mut self, schema: &crate::schema::Schema, module: &str, is_steps: bool) {
        for (name, body, table) in &schema.mixins {
            // That of facts is for the machine.
            if name == FACTS_MIXIN || is_steps && table.steps.is_empty() {
                continue;
            }
            let label = match module {
                "" => name.to_string(),
                module if *name == module => module.to_owned(),
                module => format!("{module}.{name}"),
            };
            let symbol = Symbol::Part(schema.file, *body);
            let doc = symbol.declaration(self.context.db).and_then(|it| it.doc);
            let of_module = schema.env.module().doc.as_deref().filter(|_| name == schema.name());
            let doc = doc.or_else(|| of_module.map(str::to_owned)).unwrap_or_default();
            let steps: Vec<&str> = table.steps.iter().map(|it| it.name.as_str()).collect();
            let detail = if steps.is_empty() {
                "mixin".to_owned()
            } else {
                format!("steps {}", steps.join(", "))
            };
            let item = self.item(&label, CompletionKind::Module, rank::EXPECTED);
            self.add(Completion { detail, doc, ..item });
        }
    }

    fn presets(&mut self, package: &str) {
        let Some(schema) = self.context.package(package) else { return };
        let module = schema.env.module();
        let parts = module.root.map(|it| &module.bodies[it].parts).into_iter().flatten();
        for part in parts.filter(|it| it.kind == PartKind::Preset) {
            let item = self.item(&part.ident.name, CompletionKind::Module, rank::EXPECTED);
            let doc = part.doc.as_deref().unwrap_or("").to_owned();
            self.add(Completion { detail: format!("preset of {package}"), doc, ..item });
        }
    }

    //------ types

    fn types(&mut self, before: &[crate::module::Name]) {
        let context = self.context;
        let env = match before {
            [] => context.schema().env.clone(),
            [module, ..] => {
                let env = &context.schema().env;
                match env.used(module).or_else(|| context.db.module(module)) {
                    Some(file) => context.db.env(file),
                    None => return,
                }
            }
        };
        for name in &env.module().type_names {
            let detail = match name.kind {
                TypeNameKind::Enum(_) => "enum",
                TypeNameKind::Record(_) => "record",
                TypeNameKind::Alias(_) => "type",
            };
            let item = self.item(&name.ident.name, CompletionKind::Type, rank::EXPECTED);
            self.add(Completion { detail: detail.to_owned(), ..item });
        }
        if !before.is_empty() {
            return;
        }
        for name in crate::env::TYPE_NAMES {
            let Some((head, doc)) = describe::type_doc(name) else { continue };
            let mut item = self.item(name, CompletionKind::Type, rank::NAME);
            item.detail = head.to_owned();
            item.doc = doc.to_owned();
            if matches!(*name, "List" | "Map" | "Set") {
                item.snippet = Some(format!("{name}<${{1:String}}>"));
            }
            self.add(item);
        }
        let enum_ = self.item("enum", CompletionKind::Keyword, rank::KEYWORD);
        self.add(Completion {
            insert: "enum { }".to_owned(),
            snippet: Some("enum { $1 }".to_owned()),
            ..enum_
        });
        for (name, _) in &env.uses {
            let item = self.item(name, CompletionKind::Module, rank::FAR);
            self.add(item);
        }
        for name in ["platform", "toolchain", "facts"] {
            let item = self.item(name, CompletionKind::Module, rank::FAR);
            self.add(item);
        }
    }

    //------ words of one place

    pub(super) fn joins(&mut self) {
        for word in ["max", "min", "or", "union", "agree"] {
            let item = self.item(word, CompletionKind::Keyword, rank::EXPECTED);
            let doc = describe::join_doc(word).unwrap_or("").to_owned();
            self.add(Completion { detail: doc, ..item });
        }
    }

    pub(super) fn attributes(&mut self) {
        for (name, example, doc) in describe::ATTRIBUTES {
            let snippet = match *name {
                "since" => Some("since(${1:1.0})"),
                "deprecated" => Some("deprecated(\"$1\")"),
                "removed" => Some("removed(\"$1\", in = ${2:1.0})"),
                "renamed" => Some("renamed(from = $1, since = ${2:1.0})"),
                _ => None,
            };
            let item = self.item(name, CompletionKind::Attribute, rank::EXPECTED);
            self.add(Completion {
                detail: (*example).to_owned(),
                doc: (*doc).to_owned(),
                snippet: snippet.map(str::to_owned),
                ..item
            });
        }
    }

    pub(super) fn step_names(&mut self) {
        let Some(node) = self.context.token.parent() else { return };
        let Some(table) = self.context.table(&node) else { return };
        for step in &table.steps {
            let item = self.item(&step.name, CompletionKind::Step, rank::EXPECTED);
            let doc = Symbol::Step(step.at, step.index).declaration(self.context.db);
            let doc = doc.and_then(|it| it.doc).unwrap_or_default();
            self.add(Completion { detail: "step".to_owned(), doc, ..item });
        }
    }

    pub(super) fn parts(&mut self, kind: PartKind) {
        let schema = self.context.schema().clone();
        for name in schema.part_names(kind) {
            let item = self.item(name, CompletionKind::Part, rank::EXPECTED);
            self.add(item);
        }
    }

    pub(super) fn export_keys(&mut self) {
        for key in EXPORT_KEYS {
            let item = self.item(key, CompletionKind::Keyword, rank::EXPECTED);
            let doc = describe::export_doc(key).unwrap_or_default();
            self.add(Completion { detail: doc, ..item });
        }
        let when = self.item("when", CompletionKind::Keyword, rank::KEYWORD);
        self.add(Completion { snippet: Some("when $1 { $0 }".to_owned()), ..when });
    }

    pub(super) fn ignore_exports(&mut self) {
        let after_to = self.context.before_in_line().is_some_and(|it| it.text() == "to");
        if after_to {
            self.words(&["build", "host", "run"], "where exports go");
        } else {
            self.packages(Packages::All);
        }
    }

    /// The options of all packages, behind `pkgs where has feature`.
    pub(super) fn options_of_all(&mut self) {
        let context = self.context;
        let kind = match context.before_in_line().map(|it| it.kind()) {
            Some(KNOB_KW) => OptionKind::Knob,
            _ => OptionKind::Feature,
        };
        for stem in context.db.stems().take(NAMES_MAX) {
            let Some(file) = context.db.package(stem) else { continue };
            let schema = context.db.schema(file);
            for option in schema.table.choices().filter(|it| it.kind == kind) {
                let of = match kind {
                    OptionKind::Knob => CompletionKind::Knob,
                    _ => CompletionKind::Feature,
                };
                let item = self.item(&option.name, of, rank::EXPECTED);
                self.add(Completion { detail: format!("as {stem} has it"), ..item });
            }
        }
    }

    /// The values of the enum whose group this is.
    pub(super) fn group_members(&mut self, body: &SyntaxNode) {
        let Some(values) = body.ancestors().find_map(ast::EnumBody::cast) else { return };
        let written: Vec<String> =
            body.children().filter_map(ast::NameRef::cast).map(|it| it.text()).collect();
        for value in values.enumerators() {
            let Some(name) = value.name().map(|it| it.text()) else { continue };
            let mut item = self.item(&name, CompletionKind::Value, rank::EXPECTED);
            item.doc = ast::doc(&value).unwrap_or_default();
            if written.contains(&name) {
                Self::mark_done(&mut item, "in the group already");
            }
            self.add(item);
        }
    }

    /// The name in the header of a file.
    pub(super) fn header_name(&mut self, header: &SyntaxNode) {
        let kind = ast::Header::cast(header.clone()).and_then(|it| it.kind_token());
        match kind.map(|it| it.kind()) {
            Some(OVERRIDE_KW) => self.packages(Packages::Recipes),
            Some(_) => {
                let path = self.context.db.path(self.context.file);
                let stem = path.rsplit(['/', ':']).next().unwrap_or("");
                let stem = stem.strip_suffix(".kiln").unwrap_or(stem);
                if !stem.is_empty() {
                    let item = self.item(stem, CompletionKind::Package, rank::EXPECTED);
                    self.add(Completion { detail: "the name of the file".to_owned(), ..item });
                }
            }
            None => {}
        }
    }
}

/// Whether the letters of what is typed are in a name, in their order.
pub(in crate::ide) fn fits(name: &str, typed: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    typed.chars().flat_map(char::to_lowercase).all(|it| letters.any(|letter| letter == it))
}
