//! The parts of a recipe: compilations, outputs, presets and tests.

use std::sync::Arc;

use super::conditions::CondPlace;
use super::{Checker, Scope};
use crate::diagnostic::Code;
use crate::module::{Part, PartKind, Role, Stmt, StmtKind};
use crate::nearest::{did_you_mean, list, nearest};
use crate::schema::OptionTable;
use crate::types::Ty;

impl<'a> Checker<'a> {
    /// Checks a part, against the options that are declared around it.
    pub(super) fn part(&mut self, part: &'a Part, scope: &Scope) {
        if part.kind == PartKind::Mixin {
            return;
        }
        let Some(table) = scope.table else { return };
        let outer = self.guarded(part.guard, scope);
        if let Some(when) = part.when {
            self.condition(when, &outer, CondPlace::Recipe);
        }
        if let Some(value) = part.value {
            self.expect(value, &Ty::Script, &outer.building());
        }
        if let Some(of) = &part.of {
            let (kind, what) = match part.kind {
                PartKind::Output => (PartKind::Compile, "`compile` block"),
                _ => (PartKind::Output, "output"),
            };
            let names: Vec<&str> = self.schema.part_names(kind).collect();
            if !names.contains(&of.name.as_str()) {
                let near = nearest(&of.name, names.iter().copied());
                let message = format!("there is no {what} `{}`{}", of.name, did_you_mean(&near));
                let mut diagnostic = self.at_ident(Code::UnknownName, of, message);
                diagnostic = match (&near[..], names.len()) {
                    ([near, ..], _) => diagnostic.fix(format!("write `{near}`"), *near),
                    ([], 0) if part.kind == PartKind::Output => diagnostic.help(format!(
                        "to make one, write `compile {} {{ … }}` with the options that it pins",
                        of.name
                    )),
                    ([], 0) => {
                        diagnostic.help(format!("to make one, write `output {} {{ … }}`", of.name))
                    }
                    ([], _) => diagnostic.help(format!("there are {}", list(&names, "and"))),
                };
                self.report(diagnostic);
            }
        }
        self.body(part.body, table, part.kind);
        if part.kind == PartKind::Test {
            self.script_of_test(part);
            self.output_of_test(part);
        }
        match part.kind {
            PartKind::Compile => {
                self.unpinned(part, table);
                self.unused_compile(part);
            }
            PartKind::Output => self.output(part),
            PartKind::Preset => self.preset(part),
            PartKind::Mixin | PartKind::Test => {}
        }
    }

    /// A preset is applied as a layer, and must not contradict itself either.
    fn preset(&mut self, preset: &'a Part) {
        let module = self.module();
        let package = module.name.as_ref().map(|it| it.name.clone()).unwrap_or_default();
        let settings = module.bodies[preset.body].stmts.iter().filter_map(|it| match &it.kind {
            StmtKind::Setting(setting) => Some((package.clone(), setting, setting.path.to_vec())),
            _ => None,
        });
        let settings: Vec<_> = settings.collect();
        self.contradictions(&settings);
        self.setting_cycles(&settings);
    }

    /// Reports a test that runs nothing.
    fn script_of_test(&mut self, test: &Part) {
        let stmts = &self.module().bodies[test.body].stmts;
        let says = |it: &Stmt| matches!(&it.kind, StmtKind::Setting(it) if it.path.first().is_some_and(|it| it.name == "script"));
        if test.value.is_some() || stmts.iter().any(says) {
            return;
        }
        let message = format!("the test \"{}\" does not say what it runs", test.ident.name);
        let diagnostic = self.at_ident(Code::MissingValue, &test.ident, message).help(
            "write `= sh\"…\"` behind the title, or `script = sh\"…\"` in its block: it succeeds if every command does",
        );
        self.report(diagnostic);
    }

    /// Reports a test of nothing: of a package that is always compiled in several ways, and of which
    /// no output is meant by its name.
    fn output_of_test(&mut self, test: &Part) {
        let parts = self.parts_of_recipe();
        let is_always =
            |it: &&Part| it.kind == PartKind::Compile && it.when.is_none() && it.guard.is_none();
        let outputs: Vec<&str> = self.schema.part_names(PartKind::Output).collect();
        let package = self.schema.name();
        if test.of.is_some()
            || parts.iter().filter(is_always).count() < 2
            || outputs.is_empty()
            || outputs.contains(&package)
        {
            return;
        }
        let title = &test.ident.name;
        let message = format!("the test \"{title}\" does not say of which output");
        let help = format!(
            "write `test \"{title}\" in {}`: there are {}, and none is meant by `{package}` alone",
            outputs[0],
            list(&outputs, "and")
        );
        let diagnostic = self.at_ident(Code::MissingValue, &test.ident, message).help(help);
        self.report(diagnostic);
    }

    /// Reports the options of which each compilation has its own value, where it does not say which.
    fn unpinned(&mut self, part: &'a Part, table: &Arc<OptionTable>) {
        let module = self.module();
        for option in table.options.iter().filter(|it| it.split) {
            let pins = module.bodies[part.body].stmts.iter().any(|it| match &it.kind {
                StmtKind::Setting(setting) => {
                    setting.path.first().is_some_and(|it| it.name == option.name)
                }
                _ => false,
            });
            if pins {
                continue;
            }
            let message = format!(
                "`compile {}` does not say what `{}` is in it",
                part.ident.name, option.name
            );
            let diagnostic = self
                .at_ident(Code::MissingValue, &part.ident, message)
                .label(
                    option.at.file,
                    self.db.span(option.at.file, option.span),
                    "what is `split` differs between compilations",
                )
                .help(format!("write `{} = …` in its block", option.name));
            self.report(diagnostic);
        }
    }

    /// Reports a compilation of which nothing is ever taken.
    fn unused_compile(&mut self, compile: &Part) {
        let parts = self.parts_of_recipe();
        let is_only = parts.iter().filter(|it| it.kind == PartKind::Compile).count() == 1;
        let outputs = || parts.iter().filter(|it| it.kind == PartKind::Output);
        let takes = |it: &Part| match &it.of {
            Some(of) => of.name == compile.ident.name,
            None => is_only,
        };
        if outputs().any(takes) || (is_only && outputs().next().is_none()) {
            return;
        }
        let name = &compile.ident.name;
        let message = format!("`{name}` is never compiled: no output takes files of it");
        let diagnostic = self.at_ident(Code::NoEffect, &compile.ident, message).help(format!(
            "to have it, write `output NAME from {name} {{ files = [\"lib/**\"] }}`"
        ));
        self.report(diagnostic);
    }

    /// Reports an output of which it is not clear what is in it, and what has no place in one.
    fn output(&mut self, output: &Part) {
        let module = self.module();
        let compiles: Vec<&str> = self
            .parts_of_recipe()
            .iter()
            .filter(|it| it.kind == PartKind::Compile)
            .map(|it| it.ident.name.as_str())
            .collect();
        let name = &output.ident;
        if output.of.is_none() && compiles.len() > 1 {
            let message = format!("the output `{}` does not say of which compilation", name.name);
            let diagnostic = self.at_ident(Code::MissingValue, name, message).help(format!(
                "write `output {} from {}`: there are {}",
                name.name,
                compiles[0],
                list(&compiles, "and")
            ));
            self.report(diagnostic);
        }
        let stmts = &module.bodies[output.body].stmts;
        let is_files = |it: &Stmt| matches!(&it.kind, StmtKind::Setting(it) if it.path.first().is_some_and(|it| it.name == "files"));
        if !stmts.iter().any(is_files) {
            let message = format!("the output `{}` takes no files", name.name);
            let diagnostic = self.at_ident(Code::MissingValue, name, message).help(
                "write `files = [\"bin/**\"]` in its block: patterns of files below where the compilation installs",
            );
            self.report(diagnostic);
        }
        for stmt in stmts {
            let StmtKind::Dep(dep) = &stmt.kind else { continue };
            if dep.role != Role::Run {
                let message =
                    format!("an output compiles nothing, so it has no `{}` dependency", dep.role);
                let diagnostic = self.at_span(Code::BadDeclaration, stmt.span, message).help(
                    "what its files are compiled or linked with stands outside of the block; what it needs when it runs is `run`",
                );
                self.report(diagnostic);
            }
        }
    }

    fn parts_of_recipe(&self) -> &'a [Part] {
        let module = self.module();
        module.root.map_or(&[], |it| &module.bodies[it].parts)
    }
}
