//! What an editor writes between the words: types of lets, and what a setting adds to.

use text_size::{TextRange, TextSize};

use super::Facts;
use super::describe::written;
use crate::database::{Database, FileId};
use crate::module::{ModuleKind, OptionKind, SettingOp, StmtKind};
use crate::types::Ty;

/// A text that is shown at a place and is not in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Where it is shown.
    pub offset: TextSize,
    /// The text.
    pub text: String,
    /// What it is.
    pub kind: HintKind,
    /// More about it, as Markdown.
    pub doc: String,
}

/// What a hint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintKind {
    /// A type, behind a name.
    Type,
    /// A value, behind a statement.
    Value,
}

/// How long a hint may be, in characters.
const TEXT_MAX: usize = 48;

/// Returns the hints in a part of a file, in order.
#[must_use]
pub fn hints(db: &Database, file: FileId, within: TextRange, facts: &dyn Facts) -> Vec<Hint> {
    let checked = db.checked(file);
    let lowered = checked.schema.env.lowered.clone();
    let module = &lowered.module;
    let mut hints = Vec::new();
    for body in module.bodies.values() {
        for decl in &body.options {
            let (OptionKind::Let, None, Some(value)) = (decl.kind, decl.ty, decl.default) else {
                continue;
            };
            let ty = &checked.types[value.index()];
            let offset = lowered.map.span(decl.ident.span).end();
            if *ty == Ty::Error || !within.contains_inclusive(offset) {
                continue;
            }
            hints.push(Hint {
                offset,
                text: format!(": {}", short(&ty.to_string())),
                kind: HintKind::Type,
                doc: String::new(),
            });
        }
        for stmt in &body.stmts {
            let StmtKind::Setting(setting) = &stmt.kind else { continue };
            let end = lowered.map.expr(setting.value).end();
            if setting.op == SettingOp::Set || !within.contains_inclusive(end) {
                continue;
            }
            let names: Vec<_> = setting.path.iter().map(|it| it.name.clone()).collect();
            let (package, path) = match (module.kind, &module.name) {
                (Some(ModuleKind::Override), Some(name)) => (name.name.clone(), &names[..]),
                (Some(ModuleKind::Overlay | ModuleKind::Project), _) => match names.split_first() {
                    Some((first, rest)) => (first.clone(), rest),
                    None => continue,
                },
                _ => continue,
            };
            let [option] = path else { continue };
            let Some(schema) = db.package(&package).map(|it| db.schema(it)) else { continue };
            let Some(option) = schema.table.get(option) else { continue };
            let default =
                option.default.map(|it| written(db, option.at.file, it)).unwrap_or_default();
            let (text, doc) = match facts.option(&package, &option.name) {
                Some(effective) => (format!("= {}", short(&effective.value)), effective.markdown()),
                // That it starts from nothing is what everybody expects.
                None if matches!(default.as_str(), "" | "[]" | "{}") => continue,
                None => (format!("default {}", short(&default)), String::new()),
            };
            hints.push(Hint { offset: end, text: format!("  {text}"), kind: HintKind::Value, doc });
        }
    }
    hints.sort_by_key(|it| it.offset);
    hints
}

fn short(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::NoFacts;
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let file = fixture.cursor.file;
        let mut text = fixture.db.text(file).to_string();
        let whole = TextRange::up_to(TextSize::of(&*text));
        for hint in hints(&fixture.db, file, whole, &NoFacts).iter().rev() {
            text.insert_str(usize::from(hint.offset), &format!("«{}»", hint.text));
        }
        expected.assert_eq(&text);
    }

    const RECIPE: &str = "//- /recipes/dpdk.kiln
recipe dpdk
version = 24.11
enum Driver { mlx5, ice, qat; group nvidia { mlx5 } }
knob drivers: Set<Driver> = all - {..nvidia, qat}
knob ports: Int = 32
let short = version.up_to(2)
let names = [\"a\"]
let typed: Int = 2
";

    #[test]
    fn types_of_lets_and_what_a_setting_adds_to() {
        check(
            RECIPE,
            expect![[r#"
                recipe dpdk
                version = 24.11
                enum Driver { mlx5, ice, qat; group nvidia { mlx5 } }
                knob drivers: Set<Driver> = all - {..nvidia, qat}
                knob ports: Int = 32
                let short«: Version» = version.up_to(2)
                let names«: List<String>» = ["a"]
                let typed: Int = 2
            "#]],
        );
        check(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\ndrivers += mlx5\nports = 64\n$0"),
            expect![[r#"
                override dpdk
                drivers += mlx5«  default all - {..nvidia, qat}»
                ports = 64
            "#]],
        );
    }
}
