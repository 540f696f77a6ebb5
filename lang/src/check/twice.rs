//! What one body of a recipe gives a value twice.

use std::collections::BTreeMap;

use super::Checker;
use crate::diagnostic::Code;
use crate::module::{Body, ExprId, GuardId, Setting, SettingOp, StmtKind};

/// How long values are that a message repeats.
const VALUE_CHARS_MAX: usize = 40;

impl<'a> Checker<'a> {
    /// Reports two `=` for one thing in one body, under the same condition: one of them never counts.
    ///
    /// Under another condition, in a mixin or for a version, `=` is meant to go over what stands above.
    pub(super) fn said_twice(&mut self, body: &'a Body) {
        let mut seen: BTreeMap<(String, Option<GuardId>), &'a Setting> = BTreeMap::new();
        for stmt in &body.stmts {
            let StmtKind::Setting(setting) = &stmt.kind else { continue };
            if setting.op != SettingOp::Set || self.reads_prev(setting.value) {
                continue;
            }
            let names: Vec<&str> = setting.path.iter().map(|it| it.name.as_str()).collect();
            let name = names.join(".");
            let Some(first) = seen.insert((name.clone(), setting.guard), setting) else { continue };
            let (one, other) = (self.source_of(first.value), self.source_of(setting.value));
            let diagnostic = if one == other {
                self.at_span(Code::RedundantSetting, setting.span, "this is said twice")
                    .here("the second time")
                    .label(self.file, self.span(first.span), "the first time")
                    .help("remove one of them")
            } else {
                let is_short = |it: &str| it.len() <= VALUE_CHARS_MAX && !it.contains('\n');
                let what = match is_short(&one) && is_short(&other) {
                    false => "both give it a value".to_owned(),
                    true => format!("it is set to `{one}` and to `{other}`"),
                };
                let message = format!("two settings of `{name}` contradict each other: {what}");
                let help = match &*name {
                    "version" => "several versions stand in `versions { … }`, newest first",
                    _ => {
                        "remove one of them; what holds under a condition stands in `when … { … }`"
                    }
                };
                self.at_span(Code::ContradictingSettings, setting.span, message)
                    .here("the second one")
                    .label(self.file, self.span(first.span), "the first one")
                    .help(help)
            };
            self.report(diagnostic);
        }
    }

    fn source_of(&self, value: ExprId) -> String {
        self.db.text(self.file)[self.range(value)].to_owned()
    }
}
