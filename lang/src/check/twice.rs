//! What one body of a recipe gives a value twice.

use text_size::TextRange;

use super::Checker;
use crate::database::FileId;
use crate::diagnostic::Diagnostic;
use crate::module::{Body, ExprId, Name, Setting, SettingOp, SpanId, StmtKind};

/// How long values are that a message repeats.
const VALUE_CHARS_MAX: usize = 40;

/// How many settings are compared with each other; of more, those that are alike are sorted together.
const COMPARED_MAX: usize = 8;

impl<'a> Checker<'a> {
    /// Reports two `=` for one thing in one body, under the same condition: one of them never counts.
    ///
    /// Under another condition, in a mixin or for a version, `=` is meant to go over what stands above.
    pub(super) fn said_twice(&mut self, body: &'a Body) {
        let mut settings: Vec<&'a Setting> = body
            .stmts
            .iter()
            .filter_map(|it| match &it.kind {
                StmtKind::Setting(setting) if setting.op == SettingOp::Set => Some(setting),
                _ => None,
            })
            .collect();
        // Most bodies set few things, and none of them twice.
        let is_same = |a: &&Setting, b: &&Setting| a.guard == b.guard && names(a).eq(names(b));
        let is_again = |at: usize| settings[..at].iter().any(|it| is_same(it, &settings[at]));
        if settings.len() <= COMPARED_MAX && !(0..settings.len()).any(is_again) {
            return;
        }
        settings.sort_by(|a, b| (a.guard.cmp(&b.guard)).then_with(|| names(a).cmp(names(b))));
        for same in settings.chunk_by(is_same).filter(|it| it.len() > 1) {
            let mut anew = same.to_vec();
            anew.retain(|it| !self.reads_prev(it.value));
            for two in anew.windows(2) {
                self.set_twice(two[0], two[1]);
            }
        }
    }

    fn set_twice(&mut self, first: &Setting, setting: &Setting) {
        let name = names(setting).map(|it| it.as_str()).collect::<Vec<_>>().join(".");
        let (one, other) = (self.source_of(first.value), self.source_of(setting.value));
        let diagnostic = if one == other {
            Diagnostic::said_twice(self.place(first.span), self.place(setting.span))
                .help("remove one of them")
        } else {
            let what = set_to_both(&one, &other);
            let help = match &*name {
                "version" => "several versions stand in `versions { … }`, newest first",
                _ => "remove one of them; what holds under a condition stands in `when … { … }`",
            };
            let (first, second) = (self.place(first.span), self.place(setting.span));
            Diagnostic::contradiction(&format!("settings of `{name}`"), &what, first, second)
                .help(help)
        };
        self.report(diagnostic);
    }

    pub(super) fn place(&self, span: SpanId) -> (FileId, TextRange) {
        (self.file, self.span(span))
    }

    pub(super) fn source_of(&self, value: ExprId) -> String {
        self.db.text(self.file)[self.range(value)].to_owned()
    }
}

/// What a setting is of.
fn names(of: &Setting) -> impl Iterator<Item = &Name> {
    of.path.iter().map(|it| &it.name)
}

/// What two `=` say against each other, if their values are short enough to repeat.
pub(super) fn set_to_both(one: &str, other: &str) -> String {
    let is_short = |it: &str| it.len() <= VALUE_CHARS_MAX && !it.contains('\n');
    match is_short(one) && is_short(other) {
        false => "both give it a value".to_owned(),
        true => format!("it is set to `{one}` and to `{other}`"),
    }
}
