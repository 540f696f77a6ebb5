//! What can be folded: blocks, lists, long strings, comments.

use text_size::TextRange;

use crate::database::{Database, FileId};
use crate::syntax::SyntaxKind::*;

/// Something that can be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// From the end of the first line to the end of the last.
    pub range: TextRange,
    /// What it is.
    pub kind: FoldKind,
}

/// What can be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoldKind {
    /// Lines of comments or documentation.
    Comment,
    /// Between brackets, or a long string.
    Region,
}

/// Returns what can be folded in a file.
#[must_use]
pub fn folds(db: &Database, file: FileId) -> Vec<Fold> {
    let text = db.text(file);
    let root = db.parse(file).syntax();
    let mut folds = Vec::new();
    let lines = |range: TextRange| {
        text.get(std::ops::Range::<usize>::from(range)).is_some_and(|it| it.contains('\n'))
    };
    for element in root.descendants_with_tokens() {
        let range = element.text_range();
        match element.kind() {
            BLOCK | ENUM_BODY | GROUP_BODY | RECORD_BODY | EXPORT_LIST | SET_LIT | LIST_LIT
            | ARG_LIST | SPEC_ITEMS | STRING_LIT | MATCH | VERSIONS | PAREN
                if element.as_node().is_some() =>
            {
                let range = element.as_node().map_or(range, crate::syntax::range_of);
                if lines(range) {
                    folds.push(Fold { range, kind: FoldKind::Region });
                }
            }
            _ => {}
        }
    }
    folds.extend(comments(&root));
    folds
}

/// Runs of comments on lines of their own.
fn comments(root: &crate::syntax::SyntaxNode) -> Vec<Fold> {
    let mut folds = Vec::new();
    let mut run: Option<(TextRange, usize)> = None;
    let mut end = |run: &mut Option<(TextRange, usize)>| {
        if let Some((range, count)) = run.take()
            && count > 1
        {
            folds.push(Fold { range, kind: FoldKind::Comment });
        }
    };
    for token in root.descendants_with_tokens().filter_map(|it| it.into_token()) {
        match token.kind() {
            COMMENT | DOC | INNER_DOC => {
                run = Some(match run.take() {
                    Some((range, count)) => (range.cover(token.text_range()), count + 1),
                    None => (token.text_range(), 1),
                });
            }
            // One newline leads to the next line of the same comment.
            WHITESPACE if token.text().matches('\n').count() <= 1 => {}
            _ => end(&mut run),
        }
    }
    end(&mut run);
    folds
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let file = fixture.cursor.file;
        let text = fixture.db.text(file);
        let line = |at: text_size::TextSize| text[..usize::from(at)].matches('\n').count() + 1;
        let lines: Vec<String> = folds(&fixture.db, file)
            .iter()
            .map(|it| {
                format!("{}-{} {:?}\n", line(it.range.start()), line(it.range.end()), it.kind)
            })
            .collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn blocks_lists_strings_and_comments() {
        check(
            "//- /a.kiln
recipe a
// one
// two

// alone
args = [
    \"a\",
]
feature f = on {
    step x = sh\"\"\"
        make
        \"\"\"
}
",
            expect![[r#"
                6-8 Region
                9-13 Region
                10-12 Region
                2-3 Comment
            "#]],
        );
    }
}
