//! What a file publishes, as it is written.

use crate::database::{Database, FileId};
use crate::module::StmtKind;

/// Returns the specs behind `publish` in a file, in its order, each in one line: `curl[static] >= 8`.
#[must_use]
pub fn published_specs(db: &Database, file: FileId) -> Vec<String> {
    let env = db.env(file);
    let module = env.module();
    let text = db.text(file);
    let mut specs = Vec::new();
    for stmt in module.root.map(|it| &module.bodies[it].stmts).into_iter().flatten() {
        let StmtKind::Publish(wants) = &stmt.kind else { continue };
        let end = usize::from(db.span(file, stmt.span).end());
        let starts: Vec<usize> =
            wants.iter().map(|it| db.span(file, it.spec.span).start().into()).collect();
        for (at, start) in starts.iter().enumerate() {
            // Of a wish only its spec has a place; what follows up to the next one is its version.
            let end = starts.get(at + 1).copied().unwrap_or(end);
            let lines = text.get(*start..end).unwrap_or("").lines();
            let words: Vec<&str> = lines
                .map(|it| it.split_once(" //").map_or(it, |it| it.0))
                .flat_map(str::split_whitespace)
                .collect();
            specs.push(words.join(" ").trim_end_matches(',').trim_end().to_owned());
        }
    }
    specs.retain(|it| !it.is_empty());
    specs
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::MemoryWorld;

    fn check(text: &str, expected: Expect) {
        let mut world = MemoryWorld::new();
        world.insert("/r/curl.kiln".to_owned(), text);
        let db = Database::new(Arc::new(world), vec!["/r".to_owned()]);
        let file = db.file("/r/curl.kiln");
        expected.assert_eq(&published_specs(&db, file).join("\n"));
    }

    #[test]
    fn specs_stand_in_one_line_each() {
        check(
            "recipe curl\npublish curl, curl[static,\n    ~ldap] >= 8, // the old one\n    curl == 7.*\nwhen platform.os == linux { publish curl as second }\n",
            expect![[r#"
                curl
                curl[static, ~ldap] >= 8
                curl == 7.*
                curl as second"#]],
        );
        check("recipe curl\npublish\n", expect![""]);
    }
}
