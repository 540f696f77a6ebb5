//! Arguments that come to nothing, because a setting below them replaces all.

use super::Checker;
use crate::diagnostic::Code;
use crate::module::{Body, ExprId, GuardId, Setting, SettingOp, StmtKind};

/// How many of the arguments that are dropped are shown.
const SHOWN_MAX: usize = 3;

impl<'a> Checker<'a> {
    /// Warns of `args = …` below `arg …` in one body: what the features above add is lost.
    pub(super) fn dropped_args(&mut self, body: &'a Body) {
        let module = self.module();
        let mut args: Vec<(crate::module::SpanId, Option<GuardId>)> = Vec::new();
        for stmt in &body.stmts {
            match &stmt.kind {
                StmtKind::Arg { .. } => args.push((stmt.span, stmt.guard)),
                StmtKind::Setting(setting) if !args.is_empty() && self.replaces_args(setting) => {
                    // Under another condition, the two may never meet.
                    let dropped: Vec<_> = args
                        .iter()
                        .filter(|it| module.is_within(setting.guard, it.1))
                        .map(|it| it.0)
                        .collect();
                    self.drops(setting, &dropped);
                }
                _ => {}
            }
        }
    }

    fn drops(&mut self, setting: &Setting, dropped: &[crate::module::SpanId]) {
        if dropped.is_empty() {
            return;
        }
        let message = match dropped {
            [_] => "this replaces what `arg` adds above, which so has no effect".to_owned(),
            _ => format!("this replaces what `arg` adds above in {} places", dropped.len()),
        };
        let mut diagnostic = self.at_span(Code::NoEffect, setting.span, message);
        for span in dropped.iter().take(SHOWN_MAX) {
            diagnostic = diagnostic.label(self.file, self.span(*span), "this is lost");
        }
        let (whole, value) = (self.span(setting.span), self.range(setting.value));
        let text = self.db.text(self.file);
        let head = text_size::TextRange::new(whole.start(), value.start().max(whole.start()));
        if let Some(at) = text[head].rfind('=') {
            let sign = text_size::TextRange::at(
                whole.start() + text_size::TextSize::new(at as u32),
                text_size::TextSize::new(1),
            );
            diagnostic = diagnostic.fix_at("write `+=`", self.file, sign, "+=");
        }
        let diagnostic = diagnostic
            .help("`args += …` adds to them; `args = …` above all `arg` is what they are added to");
        self.report(diagnostic);
    }

    /// Whether a setting gives `args` a value that has nothing to do with the one before.
    fn replaces_args(&self, setting: &Setting) -> bool {
        let is_args = match &*setting.path {
            [name] => name.name == "args",
            [of, name] => of.name == "steps" && name.name == "args",
            _ => false,
        };
        is_args && setting.op == SettingOp::Set && !self.reads_prev(setting.value)
    }

    /// Whether a value is made from the one before.
    pub(super) fn reads_prev(&self, value: ExprId) -> bool {
        super::reads_prev(self.module(), &self.res, value)
    }
}
