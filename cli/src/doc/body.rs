//! The statements of a recipe or a mixin: what they say, and under which conditions.

use std::sync::Arc;

use kiln_lang::module::{Body, ExprId, GuardId, GuardKind, Module, Name, Stmt, StmtKind};
use kiln_lang::schema::BodyRef;
use kiln_lang::{FileId, Lowered};

use super::catalog::Catalog;
use crate::html::Html;

/// A body with the file that it is written in.
pub(super) struct Part<'a> {
    pub(super) catalog: &'a Catalog<'a>,
    pub(super) file: FileId,
    lowered: Arc<Lowered>,
    at: BodyRef,
}

impl<'a> Part<'a> {
    pub(super) fn new(catalog: &'a Catalog<'a>, at: BodyRef) -> Part<'a> {
        Part { catalog, file: at.file, lowered: catalog.db.lowered(at.file), at }
    }

    pub(super) fn module(&self) -> &Module {
        &self.lowered.module
    }

    pub(super) fn body(&self) -> &Body {
        &self.lowered.module.bodies[self.at.body]
    }

    /// An expression as it is written.
    pub(super) fn expr(&self, expr: ExprId) -> String {
        self.catalog.written(self.file, self.lowered.map.expr(expr))
    }

    /// A statement as it is written.
    pub(super) fn stmt(&self, stmt: &Stmt) -> String {
        self.catalog.written(self.file, self.lowered.map.span(stmt.span))
    }

    //------ conditions

    /// When something holds that stands under a guard and says `when` itself; nothing if always.
    pub(super) fn when(&self, guard: Option<GuardId>, own: Option<ExprId>) -> Html {
        let mut parts: Vec<Html> = Vec::new();
        let guards: Vec<&GuardKind> = self.module().guards_of(guard).map(|it| &it.kind).collect();
        for kind in guards.into_iter().rev() {
            parts.push(match kind {
                GuardKind::When(cond) => Html::code(&self.expr(*cond)),
                GuardKind::Unless(cond) => Html::text("not ").then(Html::code(&self.expr(*cond))),
                GuardKind::Feature(name) => Html::code(&name.name),
                GuardKind::Arm { knob, patterns } => {
                    let values = patterns.iter().map(|it| Html::code(&self.expr(*it)));
                    Html::code(&knob.name).then(" is ").then(Html::join(values, " or "))
                }
                GuardKind::ElseArm { knob, patterns } => {
                    let values = patterns.iter().map(|it| Html::code(&self.expr(*it)));
                    Html::code(&knob.name).then(" is not ").then(Html::join(values, " or "))
                }
                GuardKind::For { name, list } => Html::text("for each ")
                    .then(Html::code(&name.name))
                    .then(" of ")
                    .then(Html::code(&self.expr(*list))),
            });
        }
        parts.extend(own.map(|it| Html::code(&self.expr(it))));
        Html::join(parts, " and ")
    }

    /// What holds if a feature is on, or a knob has one value; with the value, if it is a knob's.
    pub(super) fn brought_by(&self, option: &str) -> Vec<(Option<String>, Html)> {
        let mut found = Vec::new();
        for stmt in &self.body().stmts {
            let guards = self.module().guards_of(stmt.guard);
            for guard in guards {
                match &guard.kind {
                    GuardKind::Feature(name) if name.name == option => {
                        found.push((None, self.linked(stmt)));
                    }
                    GuardKind::Arm { knob, patterns } if knob.name == option => {
                        for pattern in patterns {
                            found.push((Some(self.expr(*pattern)), self.linked(stmt)));
                        }
                    }
                    GuardKind::ElseArm { knob, .. } if knob.name == option => {
                        found.push((Some("else".to_owned()), self.linked(stmt)));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    //------ statements

    /// A statement as code, in which the package that it names is a link.
    pub(super) fn linked(&self, stmt: &Stmt) -> Html {
        let dep = match &stmt.kind {
            StmtKind::Dep(dep) | StmtKind::Export { dep, .. } => dep.spec.package_name(),
            _ => None,
        };
        Html::tag("code", self.with_link(&self.stmt(stmt), dep))
    }

    /// A text in which the first mention of a package is a link to it.
    pub(super) fn with_link(&self, text: &str, package: Option<&Name>) -> Html {
        let found = package.and_then(|name| {
            let at = word(text, name)?;
            Some((name, at, self.catalog.package(name)?))
        });
        match found {
            Some((name, at, href)) => Html::text(&text[..at])
                .then(Html::link(&href, name.as_str()))
                .then(&text[at + name.len()..]),
            None => Html::text(text),
        }
    }
}

/// Where a name stands in a text as a word of its own.
fn word(text: &str, name: &str) -> Option<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(name)
        .map(|it| it.0)
        .find(|at| !text[..*at].ends_with(is_name) && !text[at + name.len()..].starts_with(is_name))
}
