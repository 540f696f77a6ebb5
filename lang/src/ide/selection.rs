//! What is selected when a selection grows: the word, what it is in, and so on to the file.

use text_size::TextRange;

use super::FilePosition;
use crate::database::Database;
use crate::syntax::SyntaxKind::*;
use crate::syntax::range_of;

/// Returns the ranges around a position, the smallest first, each within the next.
#[must_use]
pub fn selections(db: &Database, position: FilePosition) -> Vec<TextRange> {
    let position = position.in_text(db);
    let root = db.parse(position.file).syntax();
    let tokens = root.token_at_offset(position.offset);
    let Some(token) = tokens.max_by_key(|it| match it.kind() {
        IDENT | INT | VERSION | STRING_TEXT => 2,
        WHITESPACE => 0,
        _ => 1,
    }) else {
        return vec![root.text_range()];
    };
    let mut ranges: Vec<TextRange> = Vec::new();
    let mut push = |range: TextRange| {
        let grows = ranges.last().is_none_or(|it| range.contains_range(*it) && range != *it);
        if grows && !range.is_empty() {
            ranges.push(range);
        }
    };
    if token.kind() != WHITESPACE {
        push(token.text_range());
    }
    for node in token.parent_ancestors() {
        push(range_of(&node));
        push(node.text_range());
    }
    if ranges.is_empty() {
        ranges.push(root.text_range());
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let lines: Vec<String> = selections(&fixture.db, fixture.position())
            .into_iter()
            .map(|it| format!("{:?}\n", fixture.show_text(fixture.cursor.file, it)))
            .collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn a_selection_grows_by_what_belongs_together() {
        check(
            "//- /a.kiln\noverride a\nx = {b, ..c$0}\n",
            expect![[r#"
                "c"
                "..c"
                "{b, ..c}"
                "x = {b, ..c}"
                "override a\nx = {b, ..c}\n"
            "#]],
        );
        check("//- /a.kiln\n$0", expect!["\"\"\n"]);
    }
}
