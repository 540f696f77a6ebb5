//! Facts: those of the standard vocabulary, and those that modules add to it.

use super::functions::is_shadowed;
use super::{Checker, Res, Scope};
use crate::diagnostic::{Code, Diagnostic};
use crate::globals::{facts_of_module, global_table, is_fact};
use crate::module::{BodyId, Expr, ExprId, Ident, Name};
use crate::nearest::{did_you_mean, list, nearest};
use crate::schema::OptionTable;
use crate::types::{Object, Ty};

impl<'a> Checker<'a> {
    /// `facts.cluster.fabric`: a fact that a module declares. Nothing if it is something else.
    pub(super) fn fact_of_module(
        &mut self,
        expr: ExprId,
        of: ExprId,
        name: &'a Ident,
        scope: &Scope,
    ) -> Option<Ty> {
        let Expr::Member(member) = self.expr_ref(of) else { return None };
        let (object, module) = (&member.of, &member.name);
        let Expr::Name(word) = self.expr_ref(*object) else { return None };
        let is_standard = || global_table(self.db, Object::Facts).get(&module.name).is_some();
        if word != "facts" || is_shadowed(word, scope) || is_standard() {
            return None;
        }
        let (_, table) = facts_of_module(self.db, &module.name)?;
        for inner in [*object, of] {
            self.set(inner, Res::Object(Object::Facts), Ty::Object(Object::Facts));
        }
        if let Some(option) = table.get(&name.name).filter(|it| is_fact(it)) {
            let ty = option.ty.clone();
            let whole = Name::from(format!("{}.{}", module.name, name.name));
            return Some(self.set(expr, Res::GivenFact(whole), ty));
        }
        let owner = Name::from(format!("facts.{}", module.name));
        self.unknown_fact(Code::UnknownMember, name, &owner, &table);
        Some(self.set(expr, Res::Error, Ty::Error))
    }

    /// Reports facts of a mixin that have a default.
    pub(super) fn facts_without_defaults(&mut self, body: BodyId) {
        for decl in &self.module().bodies[body].options {
            let is_fact = decl.kind.is_choice();
            let Some(default) = decl.default.filter(|_| is_fact) else { continue };
            let name = &decl.ident.name;
            let source = self.db.text(self.file)[self.range(default)].to_owned();
            let message = format!("`{name}` is a fact, and a fact has no default");
            let diagnostic = self
                .at_expr(Code::BadDeclaration, default, message)
                .help(format!(
                    "nothing is known of a fact that is not given; who reads it says what holds then: `.or({source})`"
                ));
            self.report(diagnostic);
        }
    }

    /// A fact that nobody declares: `owner` is `facts`, or `facts.MODULE`.
    pub(super) fn unknown_fact(
        &mut self,
        code: Code,
        name: &Ident,
        owner: &Name,
        table: &OptionTable,
    ) {
        let names = fact_names(table);
        let near = nearest(&name.name, names.iter().copied());
        let message = format!("there is no fact `{owner}.{}`{}", name.name, did_you_mean(&near));
        let mut diagnostic = self.at_ident(code, name, message);
        diagnostic = match (&near[..], names.is_empty()) {
            ([near, ..], _) => diagnostic.fix(format!("write `{near}`"), *near),
            ([], true) => diagnostic.help(format!("`{owner}` has no knobs")),
            ([], false) => diagnostic.help(format!("there are {}", list(&names, "and"))),
        };
        if owner == "facts" {
            diagnostic = self.facts_elsewhere(diagnostic, &name.name);
        }
        self.report(diagnostic);
    }

    /// Says where facts may come from that the standard vocabulary has not.
    fn facts_elsewhere(&self, diagnostic: Diagnostic, name: &str) -> Diagnostic {
        match facts_of_module(self.db, name) {
            Some((_, table)) => {
                let names: Vec<String> =
                    fact_names(&table).iter().map(|it| format!("facts.{name}.{it}")).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                diagnostic.help(format!("module `{name}` declares {}", list(&names, "and")))
            }
            None => diagnostic.help(
                "a module adds facts of its own in a `mixin facts { … }`; they are named `facts.MODULE.NAME`",
            ),
        }
    }
}

/// The names of the facts in a table.
pub(super) fn fact_names(table: &OptionTable) -> Vec<&str> {
    table.options.iter().filter(|it| is_fact(it)).map(|it| it.name.as_str()).collect()
}
