//! Notes above a file's header and packages' blocks: how many options are set there.

use std::collections::BTreeMap;

use text_size::TextRange;

use crate::database::{Database, FileId};
use crate::module::{ModuleKind, Name, StmtKind};

/// A note above a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lens {
    /// What it is about.
    pub range: TextRange,
    /// The package whose settings are counted.
    pub package: Name,
    /// How many options of it are set.
    pub options: usize,
}

/// Returns the notes of a file of settings; what they lead to is found when they are shown.
#[must_use]
pub fn lenses(db: &Database, file: FileId) -> Vec<Lens> {
    let lowered = db.lowered(file);
    let module = &lowered.module;
    let (Some(kind), Some(root)) = (module.kind, module.root) else { return Vec::new() };
    let settings = module.bodies[root].stmts.iter().filter_map(|it| match &it.kind {
        StmtKind::Setting(setting) => Some(setting),
        _ => None,
    });
    match kind {
        ModuleKind::Override => {
            let Some(name) = &module.name else { return Vec::new() };
            let mut options: Vec<&Name> =
                settings.filter_map(|it| it.path.first()).map(|it| &it.name).collect();
            options.sort();
            options.dedup();
            vec![Lens {
                range: lowered.map.span(name.span),
                package: name.name.clone(),
                options: options.len(),
            }]
        }
        ModuleKind::Overlay | ModuleKind::Project => {
            // Where each package is named first, with its options.
            let mut packages: BTreeMap<&Name, (TextRange, Vec<&Name>)> = BTreeMap::new();
            for setting in settings {
                let [package, option, ..] = &*setting.path else { continue };
                if db.package(&package.name).is_none() {
                    continue;
                }
                let range = lowered.map.span(package.span);
                let entry = packages.entry(&package.name).or_insert((range, Vec::new()));
                entry.0 = if range.start() < entry.0.start() { range } else { entry.0 };
                entry.1.push(&option.name);
            }
            let mut lenses: Vec<Lens> = packages
                .into_iter()
                .map(|(package, (range, mut options))| {
                    options.sort();
                    options.dedup();
                    Lens { range, package: package.clone(), options: options.len() }
                })
                .collect();
            lenses.sort_by_key(|it| it.range.start());
            lenses
        }
        ModuleKind::Recipe | ModuleKind::Module | ModuleKind::Interface => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let file = fixture.cursor.file;
        let lines: Vec<String> = lenses(&fixture.db, file)
            .iter()
            .map(|it| format!("{}: {} {}\n", fixture.show(file, it.range), it.package, it.options))
            .collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn options_are_counted_once() {
        let recipe =
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nfeature f = on\nknob k: Int = 1\n";
        check(
            &format!(
                "{recipe}//- /my.kiln\noverride a\nf = off\nk = 2\nargs += [\"a\"]\nargs += [\"b\"]$0\n"
            ),
            expect![[r#"
                /my.kiln:1 `a`: a 3
            "#]],
        );
        check(
            &format!(
                "{recipe}//- /project.kiln\nproject\na {{ f = off; k = 2 }}\ntoolchain.link = static$0\n"
            ),
            expect![[r#"
                /project.kiln:2 `a`: a 2
            "#]],
        );
    }
}
