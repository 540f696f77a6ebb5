//! The compilations of a recipe, and the outputs that take files of them.

use std::sync::Arc;

use kiln_lang::Checked;
use kiln_lang::module::{Body, Part, PartKind, StmtKind};

use super::Evaluation;
use crate::condition::Cond;
use crate::package::{CompileDecl, Locals, OutputDecl, Package, Place};

impl Evaluation<'_> {
    /// Adds the `compile` and `output` blocks of a body to its package.
    pub(super) fn parts(
        &mut self,
        package: &mut Package,
        index: usize,
        body: &Body,
        checked: &Arc<Checked>,
    ) {
        // Outputs name compilations, which may be written behind them.
        for part in body.parts.iter().filter(|it| it.kind == PartKind::Compile) {
            self.compile(package, index, part, checked);
        }
        for part in body.parts.iter().filter(|it| it.kind == PartKind::Output) {
            self.output(package, index, part, checked);
        }
    }

    /// What stands in the block is evaluated as if it stood outside, and then taken from there.
    fn compile(
        &mut self,
        package: &mut Package,
        index: usize,
        part: &Part,
        checked: &Arc<Checked>,
    ) {
        let settings = package.settings.len();
        for stmt in &checked.module().bodies[part.body].stmts {
            for locals in self.rounds(checked, stmt.guard).iter() {
                self.stmt(package, index, stmt, checked, locals);
            }
        }
        let cond = self.guard(checked, part.guard, &Locals::NONE);
        package.compiles.push(CompileDecl {
            name: part.ident.name.clone(),
            cond,
            settings: package.settings.split_off(settings),
            place: self.place(checked, part.ident.span),
        });
    }

    fn output(&mut self, package: &mut Package, index: usize, part: &Part, checked: &Arc<Checked>) {
        let compile = match (&part.of, &package.compiles[..]) {
            (Some(of), all) => all.iter().position(|it| it.name == of.name),
            (None, [_]) => Some(0),
            (None, _) => None,
        };
        let none = Locals::NONE;
        let guard = self.guard(checked, part.guard, &none);
        let when = part.when.map_or(Cond::True, |it| self.cond(checked, it, &none));
        let made = compile.map_or(Cond::True, |it| package.compiles[it].cond.clone());
        let (deps, exports) = (package.deps.len(), package.exports.len());
        let mut files = Vec::new();
        for stmt in &checked.module().bodies[part.body].stmts {
            for locals in self.rounds(checked, stmt.guard).iter() {
                match &stmt.kind {
                    StmtKind::Setting(setting) => {
                        let cond = self.guard(checked, setting.guard, locals);
                        files.push((cond, setting.value, locals.clone()));
                    }
                    _ => self.stmt(package, index, stmt, checked, locals),
                }
            }
        }
        for export in &mut package.exports[exports..] {
            export.output = Some(part.ident.name.clone());
        }
        package.outputs.push(OutputDecl {
            name: part.ident.name.clone(),
            compile,
            cond: Cond::all([guard, when, made]),
            when: part.when,
            files,
            deps: package.deps.split_off(deps),
            body: index,
            place: Place::new(checked.file, checked.schema.env.lowered.map.span(part.ident.span)),
        });
    }
}
